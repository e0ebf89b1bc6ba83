// posix_spawn, two pipes, two reader threads.
#include "support/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace weir::test {
namespace {

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (auto& text : texts) out.push_back(text.data());
    out.push_back(nullptr);
    return out;
}

}  // namespace

process::process(std::vector<std::string> command, std::string folder, std::vector<std::string> environment) {
    int out[2], err[2];
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("no pipes");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, err[1], 2);
    if (!folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
    for (char** each = environ; *each != nullptr; ++each) environment.emplace_back(*each);
    auto arguments = pointers_to(command);
    auto variables = pointers_to(environment);
    const int failed = posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), variables.data());
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    close(err[1]);
    if (failed != 0) pid_ = -1;
    out_reader_ = std::thread{[this, from = out[0]] { collect(from, out_); }};
    err_reader_ = std::thread{[this, from = err[0]] { collect(from, err_); }};
    if (failed != 0) {
        out_reader_.join();
        err_reader_.join();
        throw std::runtime_error("cannot run " + command[0]);
    }
}

process::~process() {
    if (running()) {
        kill(pid_, SIGKILL);
        (void)wait();
    }
    out_reader_.join();
    err_reader_.join();
}

void process::collect(int from, std::string& into) {
    char space[4096];
    for (ssize_t size = 1; size > 0;) {
        size = read(from, space, sizeof space);
        const std::lock_guard lock{mutex_};
        if (size > 0) into.append(space, static_cast<std::size_t>(size));
        changed_.notify_all();
    }
    close(from);
}

void process::signal(int number) const {
    if (pid_ > 0 && !code_) kill(pid_, number);
}

std::optional<int> process::wait(milliseconds limit) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!code_) {
        int status = 0;
        if (waitpid(pid_, &status, WNOHANG) == pid_)
            code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        else if (std::chrono::steady_clock::now() >= until)
            return std::nullopt;
        else
            std::this_thread::sleep_for(milliseconds{2});
    }
    return code_;
}

bool process::running() { return !wait(milliseconds{0}); }

std::string process::out() const {
    const std::lock_guard lock{mutex_};
    return out_;
}

std::string process::err() const {
    const std::lock_guard lock{mutex_};
    return err_;
}

bool process::wait_err(const std::function<bool(const std::string&)>& enough, milliseconds limit) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, limit, [&] { return enough(err_); });
}

long process::status_field(const char* name) const {
    std::ifstream in{"/proc/" + std::to_string(pid_) + "/status"};
    for (std::string line; std::getline(in, line);)
        if (line.starts_with(name)) return std::strtol(line.c_str() + line.find(':') + 1, nullptr, 10);
    return 0;
}

long process::resident_kib() const { return status_field("VmRSS"); }
long process::peak_resident_kib() const { return status_field("VmHWM"); }

}  // namespace weir::test
