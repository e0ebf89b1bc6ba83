// Where log lines go, ring by ring: what stops halfway goes on there, and nothing waits.
#include "telemetry/log/log_target.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>

#include "telemetry/log/ring_drain.hpp"

using namespace weir::telemetry;
using outcome = log_target::outcome;

namespace {

/// A pipe that holds 4096 bytes, and the target at its other end.
class small_pipe {
public:
    small_pipe() {
        int ends[2];
        EXPECT_EQ(::pipe(ends), 0);
        EXPECT_GE(::fcntl(ends[1], F_SETPIPE_SZ, 4096), 0);
        reader_ = ends[0];
        target = log_target::open("/dev/fd/" + std::to_string(ends[1]));
        EXPECT_TRUE(target.is_open());
        ::close(ends[1]);
    }
    ~small_pipe() { hang_up(); }
    small_pipe(const small_pipe&) = delete;
    small_pipe& operator=(const small_pipe&) = delete;

    void hang_up() {
        if (reader_ >= 0) ::close(reader_);
        reader_ = -1;
    }
    /// What is in it, at most `most` bytes.
    std::string read(std::size_t most = 1 << 16) const {
        std::string text(most, '\0');
        const auto n = ::read(reader_, text.data(), most);
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }

    log_target target;

private:
    int reader_ = -1;
};

TEST(LogTarget, WritesWhatIsThere) {
    small_pipe pipe;
    byte_ring ring{1024};
    EXPECT_EQ(pipe.target.take(ring), outcome::idle);
    ASSERT_TRUE(ring.push("one\n"));
    ASSERT_TRUE(ring.push("two\n"));
    EXPECT_EQ(pipe.target.take(ring), outcome::wrote);
    EXPECT_EQ(pipe.read(), "one\ntwo\n");
    EXPECT_TRUE(ring.empty());
}

TEST(LogTarget, DoesNotWaitForItsReader) {
    small_pipe pipe;
    byte_ring ring{1 << 14};
    const std::string text(10'000, 'x');
    ASSERT_TRUE(ring.push(text));
    EXPECT_EQ(pipe.target.take(ring), outcome::blocked);
    EXPECT_FALSE(ring.empty());
    std::string got = pipe.read();
    for (int i = 0; i < 10 && pipe.target.take(ring) != outcome::idle; ++i) got += pipe.read();
    EXPECT_EQ(got, text);
}

TEST(LogTarget, SaysWhyItFails) {
    errno = 0;
    EXPECT_FALSE(log_target::open("/nonexistent/access.log").is_open());
    EXPECT_EQ(errno, ENOENT);
    small_pipe pipe;
    pipe.hang_up();
    const auto was = ::signal(SIGPIPE, SIG_IGN);
    byte_ring ring{64};
    ASSERT_TRUE(ring.push("line\n"));
    EXPECT_EQ(pipe.target.take(ring), outcome::failed);
    EXPECT_EQ(pipe.target.fault(), EPIPE);
    EXPECT_FALSE(ring.empty()) << "another target may take it";
    ::signal(SIGPIPE, was);
}

TEST(LogTarget, ClosesWhatItIsReplacedBy) {
    small_pipe old, fresh;
    old.target = std::move(fresh.target);
    EXPECT_FALSE(fresh.target.is_open());
    EXPECT_EQ(old.read(), "") << "the old pipe has no writer any more";
    byte_ring ring{64};
    ASSERT_TRUE(ring.push("line\n"));
    EXPECT_EQ(old.target.take(ring), outcome::wrote);
    EXPECT_EQ(fresh.read(), "line\n");
}

TEST(RingDrain, GoesOnWhereAWriteStopped) {
    small_pipe pipe;
    byte_ring a{1 << 14}, b{1 << 14};
    ring_drain rings;
    rings.add(a);
    rings.add(b);
    EXPECT_EQ(rings.drain(pipe.target), outcome::idle);
    ASSERT_TRUE(a.push("a\n"));
    const std::string line = std::string(6'000, 'b') + "\n";
    ASSERT_TRUE(b.push(line));
    EXPECT_EQ(rings.drain(pipe.target), outcome::blocked) << "within a line of b";
    ASSERT_TRUE(a.push("A\n"));
    std::string got = pipe.read();
    auto last = rings.drain(pipe.target);
    got += pipe.read();
    for (int i = 0; i < 10 && last == outcome::blocked; ++i) {
        last = rings.drain(pipe.target);
        got += pipe.read();
    }
    EXPECT_EQ(last, outcome::wrote);
    EXPECT_EQ(got, "a\n" + line + "A\n") << "no line stands in another";
}

TEST(RingDrain, StopsAtAFault) {
    auto full = log_target::open("/dev/full");
    byte_ring a{64}, b{64};
    ring_drain rings;
    rings.add(a);
    rings.add(b);
    ASSERT_TRUE(b.push("line\n"));
    EXPECT_EQ(rings.drain(full), outcome::failed);
    EXPECT_EQ(full.fault(), ENOSPC);
}

}  // namespace
