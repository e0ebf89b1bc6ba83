// One measurement: which connections send when, and when the window opens and closes.
// Does not print: load.cpp does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cpu_watch.hpp"
#include "load_connection.hpp"
#include "net.hpp"
#include "tally.hpp"

namespace weir::bench {

struct load_settings {
    /// closed: each connection sends again when answered; paced: `rate` requests per second whatever happens;
    /// reconnect: as closed, with a new connection for each request; held: one stream each, kept open.
    std::string mode = "closed";
    int port = 0;
    bool tls = false;
    bool resume = false;
    int connections = 1;
    double rate = 0;
    int count = 0;            // closed: this many requests in all, then the end, whatever the window says; 0: no bound
    double ramp_seconds = 0;  // over which the connections start
    double warmup_seconds = 1;
    double window_seconds = 5;
    double drain_seconds = 10;
    std::string watched;  // process ids whose CPU time is read at the edges of the window
    std::string model = "bench-unary";
    bool stream = false;
    std::string path = "/v1/chat/completions";
    int body_size = 1024;
    bool chunked_body = false;
    bool by_text = false;  // answers are translated: their texts are checked, not their bytes
};

class load_run {
public:
    explicit load_run(load_settings settings);
    ~load_run();

    /// Returns when the window has closed and the last answer has come (held: when every stream stands).
    void run();
    /// Waits until standard input ends, with the streams open; counts the ones that broke meanwhile.
    void hold();
    [[nodiscard]] std::string report() const;
    [[nodiscard]] bool faulty() const;

private:
    enum class stage { warming, measuring, draining };

    void turn(std::int64_t deadline_ns);
    void begin_next(load_connection* connection);
    void start(load_connection* connection, std::int64_t due_ns);
    [[nodiscard]] bool all_started() const;
    void start_due(std::int64_t now);
    void move_stage(std::int64_t now);
    [[nodiscard]] std::int64_t next_deadline() const;
    [[nodiscard]] std::int64_t ramp_due(std::size_t index) const;
    [[nodiscard]] std::int64_t paced_due() const;
    [[nodiscard]] std::size_t count_busy() const;
    [[nodiscard]] std::size_t count_held() const;

    load_settings settings_;
    tally counts_;
    cpu_watch watch_;
    poller poller_;
    SSL_CTX* tls_ = nullptr;
    std::string request_;
    std::vector<std::unique_ptr<load_connection>> connections_;
    std::vector<load_connection*> idle_;
    stage stage_ = stage::warming;
    std::size_t ramped_ = 0;
    int started_ = 0;
    std::uint64_t paced_sent_ = 0;
    std::int64_t started_ns_ = 0;
    std::int64_t opened_ns_ = 0;
    std::int64_t closed_ns_ = 0;
    std::int64_t cpu_opened_ns_ = 0;
    tally seen_;  // the counts when the window closed
    std::int64_t cpu_spent_ns_ = 0;
};

}  // namespace weir::bench
