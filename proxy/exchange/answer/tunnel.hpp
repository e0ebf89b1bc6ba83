// A WebSocket tunnel: after the upstream has switched protocols, bytes go both ways untouched, each way held back by its receiver. What they say is
// read beside their way (tunnel_watch.hpp) and counted; only an upstream's 101 to a client that asked opens a tunnel (CVE-2026-2833).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "exchange/answer/answer.hpp"
#include "exchange/answer/tunnel_watch.hpp"
#include "exchange/request.hpp"
#include "http/websocket.hpp"
#include "net/task.hpp"

namespace weir::exchange {

class tunnel {
public:
    tunnel(request& of, answer& in);
    ~tunnel();
    tunnel(const tunnel&) = delete;
    tunnel& operator=(const tunnel&) = delete;

    [[nodiscard]] net::task<void> run();

private:
    enum class ended : std::uint8_t { no, closed, by_client, by_upstream, idle, total, budget, unpriced, drained, aborted };
    /// From the client.
    enum class hearing : std::uint8_t {
        all,
        nothing,  ///< it said goodbye, and nothing more comes from it
        bill,     ///< likewise, and the upstream is read until its response is accounted for
    };
    /// What is said at the end, and by whose doing.
    struct farewell {
        core::error error;  ///< in a message of its own
        std::string_view reason;
        http::close_code code = http::close_code::going_away;
    };

    [[nodiscard]] net::task<bool> open();
    [[nodiscard]] net::task<void> close();
    void move_bytes(bool& moved);
    void move_up(bool& moved);
    void move_down(bool& moved);
    [[nodiscard]] std::size_t hear_upstream(std::string_view fresh);
    void client_fell_silent();
    void look_at_ends();
    [[nodiscard]] ended reason_to_end() const;
    [[nodiscard]] core::time_point deadline() const;
    [[nodiscard]] bool goodbye_said() const { return watch_.client().closed() || watch_.server().closed(); }
    [[nodiscard]] farewell note_end();
    [[nodiscard]] farewell refuse(core::code why, std::string_view reason, std::string message);
    [[nodiscard]] std::string last_words(const farewell& of);
    void say_goodbye_to_upstream();

    // what it costs
    [[nodiscard]] bool names_models() const { return of_.what.target.id == dialect::endpoint::responses; }
    void name_model(std::string_view model);
    [[nodiscard]] bool count_response(const dialect::realtime_facts& said);
    void settle_account();

    request& of_;
    answer& in_;
    tunnel_watch watch_;
    telemetry::gauge& streams_;
    core::time_point quiet_since_{};
    core::time_point closing_by_ = core::never;
    ended how_ = ended::no;
    hearing hearing_ = hearing::all;
    bool fault_told_ = false;
};

/// Until both sides have said goodbye, or somebody ends it.
[[nodiscard]] net::task<void> tunnel_through(request& of, answer& in);

}  // namespace weir::exchange
