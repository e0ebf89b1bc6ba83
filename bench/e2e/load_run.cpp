// The loop: start what is due, wait for readiness, send again where an answer came; window edges in between.
#include "load_run.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "clock.hpp"
#include "script.hpp"
#include "tls.hpp"

namespace weir::bench {
namespace {

constexpr std::uint64_t too_many_errors = 200;

int on_session(SSL* ssl, SSL_SESSION* session) {
    auto* connection = static_cast<load_connection*>(SSL_get_app_data(ssl));
    if (connection == nullptr) return 0;
    connection->keep_session(session);
    return 1;
}

std::int64_t nanoseconds(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

std::string in_chunks(const std::string& body) {
    std::string text;
    for (std::size_t at = 0; at < body.size(); at += 4096) {
        const std::size_t size = std::min<std::size_t>(4096, body.size() - at);
        char size_line[20];
        std::snprintf(size_line, sizeof size_line, "%zx\r\n", size);
        text.append(size_line).append(body, at, size).append("\r\n");
    }
    return text + "0\r\n\r\n";
}

}  // namespace

load_run::load_run(load_settings settings) : settings_(std::move(settings)), watch_(settings_.watched) {
    const bool messages = settings_.path.find("/messages") != std::string::npos;
    const std::string body = request_body(settings_.model, settings_.stream, messages, static_cast<std::size_t>(std::max(settings_.body_size, 0)));
    request_ = request_head(settings_.path, body.size(), settings_.chunked_body) + (settings_.chunked_body ? in_chunks(body) : body);
    digest seen;
    seen.add(body.data(), body.size());
    const order expected = read_order(body);
    answer_check check(expected, unary_answer(seen.value()), stream_end(expected.events, expected.usage), counts_);
    if (settings_.by_text) check.by_text();
    if (settings_.tls) tls_ = client_tls(settings_.resume ? on_session : nullptr);
    for (int at = 0; at < settings_.connections; ++at)
        connections_.push_back(std::make_unique<load_connection>(settings_.port, tls_, settings_.resume, request_, check, counts_));
}

load_run::~load_run() {
    connections_.clear();
    SSL_CTX_free(tls_);
}

std::int64_t load_run::ramp_due(std::size_t index) const {
    const double share = static_cast<double>(index) / static_cast<double>(connections_.size());
    return started_ns_ + nanoseconds(settings_.ramp_seconds * share);
}

std::int64_t load_run::paced_due() const { return started_ns_ + nanoseconds(static_cast<double>(paced_sent_) / settings_.rate); }

void load_run::run() {
    started_ns_ = now_ns();
    if (settings_.mode == "paced") {
        for (auto& connection : connections_) idle_.push_back(connection.get());
        ramped_ = connections_.size();
    }
    const std::int64_t give_up =
        started_ns_ + nanoseconds(settings_.ramp_seconds + settings_.warmup_seconds + settings_.window_seconds + settings_.drain_seconds);
    for (;;) {
        const std::int64_t now = now_ns();
        move_stage(now);
        start_due(now);
        if (now > give_up || counts_.error_count() > too_many_errors) break;
        if (settings_.mode == "held" && count_held() == connections_.size()) return;
        if (all_started() && count_busy() == 0) return;
        if (stage_ == stage::draining && count_busy() == 0) return;
        turn(std::min(next_deadline(), give_up + 1'000'000));
    }
    if (const std::size_t unfinished = count_busy(); unfinished != 0) counts_.errors["unfinished"] += unfinished;
    if (stage_ != stage::draining) counts_.errors["gave_up"] += 1;
}

void load_run::move_stage(std::int64_t now) {
    if (stage_ == stage::warming && now >= started_ns_ + nanoseconds(settings_.ramp_seconds + settings_.warmup_seconds)) {
        stage_ = stage::measuring;
        counts_.open_window();
        cpu_opened_ns_ = watch_.spent_ns();
        opened_ns_ = now_ns();
    } else if (stage_ == stage::measuring && now >= opened_ns_ + nanoseconds(settings_.window_seconds)) {
        stage_ = stage::draining;
        closed_ns_ = now_ns();
        cpu_spent_ns_ = watch_.spent_ns() - cpu_opened_ns_;
        seen_ = counts_;
    }
}

void load_run::start_due(std::int64_t now) {
    if (stage_ == stage::draining) return;
    for (; ramped_ < connections_.size() && ramp_due(ramped_) <= now; ++ramped_) start(connections_[ramped_].get(), now);
    if (settings_.mode != "paced") return;
    // Due times stand even when no connection is free: what waits here counts as latency.
    for (; !idle_.empty() && paced_due() <= now; ++paced_sent_) {
        load_connection* free = idle_.back();
        idle_.pop_back();
        start(free, paced_due());
    }
}

std::int64_t load_run::next_deadline() const {
    if (stage_ == stage::draining) return now_ns() + 50'000'000;
    std::int64_t due = stage_ == stage::warming ? started_ns_ + nanoseconds(settings_.ramp_seconds + settings_.warmup_seconds)
                                                : opened_ns_ + nanoseconds(settings_.window_seconds);
    if (ramped_ < connections_.size()) due = std::min(due, ramp_due(ramped_));
    if (settings_.mode == "paced" && !idle_.empty()) due = std::min(due, paced_due());
    return due;
}

void load_run::turn(std::int64_t deadline_ns) {
    for (const epoll_event& event : poller_.wait(deadline_ns)) {
        auto* connection = static_cast<load_connection*>(event.data.ptr);
        if (connection != nullptr && connection->on_ready(poller_) != load_connection::news::none) begin_next(connection);
    }
}

void load_run::begin_next(load_connection* connection) {
    if (settings_.mode == "held") return;
    if (settings_.mode == "reconnect") connection->hang_up();
    if (settings_.mode == "paced")
        idle_.push_back(connection);
    else if (stage_ != stage::draining)
        start(connection, now_ns());
}

void load_run::start(load_connection* connection, std::int64_t due_ns) {
    if (all_started()) return;
    ++started_;
    connection->start(poller_, due_ns);
}

bool load_run::all_started() const { return settings_.count != 0 && started_ >= settings_.count; }

std::size_t load_run::count_busy() const {
    return static_cast<std::size_t>(std::ranges::count_if(connections_, [](const auto& one) { return one->busy(); }));
}

std::size_t load_run::count_held() const {
    return static_cast<std::size_t>(std::ranges::count_if(connections_, [](const auto& one) { return one->held(); }));
}

void load_run::hold() {
    poller_.watch_readable(STDIN_FILENO, nullptr);
    char ignored[256];
    for (bool told_to_end = false; !told_to_end;) {
        for (const epoll_event& event : poller_.wait(-1)) {
            if (event.data.ptr == nullptr)
                told_to_end = read(STDIN_FILENO, ignored, sizeof ignored) <= 0;
            else
                static_cast<void>(static_cast<load_connection*>(event.data.ptr)->on_ready(poller_));
        }
    }
    if (const std::size_t broken = connections_.size() - count_held(); broken != 0) counts_.errors["broken"] += broken;
}

std::string load_run::report() const {
    if (closed_ns_ == 0) return counts_.json(static_cast<double>(now_ns() - started_ns_) / 1e9, 0);
    tally all = seen_;
    all.errors = counts_.errors;
    all.all_requests = counts_.all_requests;
    all.all_events = counts_.all_events;
    return all.json(static_cast<double>(closed_ns_ - opened_ns_) / 1e9, cpu_spent_ns_);
}

bool load_run::faulty() const { return counts_.error_count() != 0; }

}  // namespace weir::bench
