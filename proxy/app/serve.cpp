#include "app/serve.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>

#include "app/file_watch.hpp"
#include "app/gateway.hpp"
#include "app/service_manager.hpp"
#include "config/load.hpp"
#include "core/version.hpp"
#include "net/inherited_sockets.hpp"
#include "telemetry/event_log.hpp"

namespace weir::app {
namespace {

using std::chrono::milliseconds;
using telemetry::level;

constexpr auto watch_interval = milliseconds{1000};
constexpr auto successor_patience = std::chrono::seconds{60};

void print_faults(const std::vector<config::fault>& faults) {
    for (const auto& f : faults) std::cerr << config::to_string(f) << '\n';
}

std::string announce(const gateway& g, const config::conf& conf) {
    const auto addresses = g.addresses();
    std::string all;
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        const bool tls = conf.listeners[i].tls.has_value();
        const bool is_unix = addresses[i].starts_with("unix:");
        const auto shown = (is_unix ? "" : tls ? "https://" : "http://") + addresses[i];
        std::cerr << "weir " << core::version << ": listening on " << shown << '\n';
        all += (all.empty() ? "" : ", ") + shown;
    }
    const auto admin = g.admin_address();
    std::cerr << "weir " << core::version << ": admin on " << (admin.starts_with("unix:") ? "" : "http://") << admin << std::endl;
    return "serving on " + all;
}

// Where this program was started from. Read at the start: once a package manager has put a new file there, the link names one that is gone.
std::string own_program() {
    std::error_code ignored;
    return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

// Keys and prompts are in this memory: nothing of it goes to a file when the process dies, and no other process of the same user may read it.
void keep_memory_private() {
    const char* const wish = std::getenv("WEIR_CORE_DUMPS");
    if (wish && std::string_view{wish} == "allow") return;
    const rlimit none{0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

class control {
public:
    control(serve_options options, net::inherited_sockets given, sigset_t signals)
        : options_(std::move(options)), given_(std::move(given)), signals_(signals) {}
    ~control();
    control(const control&) = delete;
    control& operator=(const control&) = delete;

    int run();

private:
    enum class next : std::uint8_t { go_on, end };

    bool start();
    [[nodiscard]] std::vector<std::string> successor_words() const;
    [[nodiscard]] int pause_ms() const;
    [[nodiscard]] next on_signal(int number);
    void reload(std::string_view why);
    void begin_upgrade();
    [[nodiscard]] next look_after_successor(bool readable);
    void give_up_successor(const std::string& why);
    void beat();
    int drain();

    serve_options options_;
    net::inherited_sockets given_;
    sigset_t signals_;
    int signal_fd_ = -1;
    const std::string program_ = own_program();
    service_manager manager_ = service_manager::from_environment();
    std::unique_ptr<gateway> gateway_;
    std::string status_;
    bool watching_ = false;
    file_watch watch_;
    std::optional<net::successor> successor_;
    core::time_point successor_due_{}, beat_due_{};
};

control::~control() {
    if (signal_fd_ >= 0) close(signal_fd_);
    if (successor_) close(successor_->ready_fd);
}

std::vector<std::string> control::successor_words() const {
    std::vector<std::string> words{"serve", "-c", options_.conf.file};
    if (!options_.conf.env_file.empty()) words.insert(words.end(), {"--env-file", options_.conf.env_file});
    return words;
}

bool control::start() {
    auto loaded = config::load(options_.conf);
    print_faults(loaded.faults);
    if (!loaded.value) return false;
    telemetry::set_level(loaded.value->log.level);
    signal_fd_ = signalfd(-1, &signals_, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signal_fd_ < 0) throw std::system_error(errno, std::generic_category(), "cannot take signals");
    watching_ = loaded.value->watch;
    watch_.use(loaded.value->files);
    const int ready = given_.ready_fd();
    gateway_ = std::make_unique<gateway>(loaded.value, std::move(given_));
    gateway_->start();
    status_ = announce(*gateway_, *loaded.value);
    manager_.ready(status_);
    if (ready >= 0) {
        const char serving = 1;
        (void)!::write(ready, &serving, 1);
        close(ready);
    }
    return true;
}

int control::run() {
    if (!start()) return 1;
    for (;;) {
        pollfd events[2] = {{signal_fd_, POLLIN, 0}, {successor_ ? successor_->ready_fd : -1, POLLIN, 0}};
        (void)::poll(events, 2, pause_ms());
        signalfd_siginfo got{};
        while (::read(signal_fd_, &got, sizeof got) == static_cast<ssize_t>(sizeof got))
            if (on_signal(static_cast<int>(got.ssi_signo)) == next::end) {
                if (successor_) give_up_successor("told to stop");
                return drain();
            }
        if (successor_ && look_after_successor(events[1].revents != 0) == next::end) return drain();
        if (watching_ && watch_.settled_change()) reload("its files changed");
        beat();
    }
}

int control::pause_ms() const {
    milliseconds pause{-1};
    const auto at_most = [&](milliseconds limit) { pause = pause.count() < 0 ? limit : std::min(pause, limit); };
    if (watching_) at_most(watch_interval);
    if (const auto every = manager_.watchdog()) at_most(std::chrono::duration_cast<milliseconds>(*every) + milliseconds{1});
    if (successor_) at_most(milliseconds{1000});
    return static_cast<int>(pause.count());
}

control::next control::on_signal(int number) {
    switch (number) {
        case SIGHUP: reload("told to"); return next::go_on;
        case SIGUSR1: gateway_->reopen_logs(); return next::go_on;
        case SIGUSR2: begin_upgrade(); return next::go_on;
        case SIGTERM:
        case SIGINT: return next::end;
        default: return next::go_on;
    }
}

void control::reload(std::string_view why) {
    manager_.reloading();
    auto loaded = config::load(options_.conf);
    print_faults(loaded.faults);
    gateway_->reopen_logs();
    const auto keep_old = [&](const std::string& what) {
        gateway_->reload_failed();
        telemetry::log(level::error, "reload failed: " + what + "; the old conf stays in use");
        manager_.ready("the last reload failed; the conf before it is in use; " + status_);
    };
    if (!loaded.value) return keep_old(options_.conf.file + " has faults");
    try {
        telemetry::set_level(loaded.value->log.level);
        gateway_->reload(loaded.value);
    } catch (const std::exception& e) {
        return keep_old(e.what());
    }
    watching_ = loaded.value->watch;
    watch_.use(loaded.value->files);
    telemetry::log(level::info, "reloaded " + options_.conf.file + " (" + std::string{why} + ")");
    status_ = announce(*gateway_, *loaded.value);
    manager_.ready(status_);
}

// The same program, perhaps another version of it by now, with our sockets. We serve until it says that it does.
void control::begin_upgrade() {
    if (successor_) return telemetry::log(level::warn, "a successor is starting already");
    const auto note = gateway_->begin_hand_over();
    try {
        successor_ = net::start_successor(program_, successor_words(), gateway_->sockets(), note);
        successor_due_ = core::clock::now() + successor_patience;
        telemetry::log(level::info, "handing over to " + program_ + " (pid " + std::to_string(successor_->pid) + ")");
    } catch (const std::exception& e) {
        gateway_->keep_on();
        telemetry::log(level::error, std::string{"upgrade failed: "} + e.what() + "; this weir goes on");
    }
}

control::next control::look_after_successor(bool readable) {
    if (readable) {
        char said = 0;
        if (::read(successor_->ready_fd, &said, 1) != 1) {
            give_up_successor("the new weir ended before it served");
            return next::go_on;
        }
        manager_.main_process(successor_->pid);
        gateway_->hand_over();
        telemetry::log(level::info, "handed over to pid " + std::to_string(successor_->pid));
        return next::end;
    }
    if (core::clock::now() >= successor_due_) give_up_successor("the new weir did not come up in time");
    return next::go_on;
}

void control::give_up_successor(const std::string& why) {
    ::kill(successor_->pid, SIGKILL);
    int status = 0;
    (void)::waitpid(successor_->pid, &status, 0);
    close(successor_->ready_fd);
    successor_.reset();
    gateway_->keep_on();
    telemetry::log(level::error, "upgrade failed: " + why + "; this weir goes on");
}

void control::beat() {
    const auto every = manager_.watchdog();
    const auto now = core::clock::now();
    if (!every || now < beat_due_) return;
    beat_due_ = now + *every;
    // A worker that hangs must make the manager restart us, so it is not enough that this thread lives.
    if (gateway_->workers_turn()) manager_.alive();
}

int control::drain() {
    const bool stopping = !successor_;
    if (stopping) manager_.stopping();
    telemetry::log(level::info, "draining; a second signal ends what still runs");
    gateway_->drain_and_stop([this] {
        if (!successor_) beat();
        signalfd_siginfo got{};
        bool told = false;
        while (::read(signal_fd_, &got, sizeof got) == static_cast<ssize_t>(sizeof got))
            told = told || got.ssi_signo == SIGTERM || got.ssi_signo == SIGINT;
        return told;
    });
    return 0;
}

}  // namespace

int serve(const serve_options& options) {
    // Before any thread runs: they inherit the mask, and the environment must not change under them.
    keep_memory_private();
    sigset_t signals;
    sigemptyset(&signals);
    for (const int s : {SIGHUP, SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) sigaddset(&signals, s);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    auto given = net::inherited_sockets::from_environment();
    try {
        return control{options, std::move(given), signals}.run();
    } catch (const std::exception& e) {
        std::cerr << "weir: " << e.what() << '\n';
        return 1;
    }
}

}  // namespace weir::app
