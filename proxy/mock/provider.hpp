// A pretend LLM provider: a real HTTP/1.1 server, plain or TLS, that answers like OpenAI, Anthropic and Gemini do, and
// misbehaves when a script tells it to. It keeps books of what it was asked and what it said, so that a proxy's books
// can be compared. It does not do HTTP/2, and it understands nothing it is told.
//
// Scripts, the first that exists counts:
//   1. the request header `x-mock: cut=event:3,ending=reset`
//   2. the model name after `mock:`, as in "model": "mock:status=429,header.retry-after=2"
//   3. once()      4. on()      5. always()
// The keys of the textual form stand in mock/script.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mock/answer.hpp"
#include "mock/script.hpp"
#include "mock/wire.hpp"

namespace weir::mock {

struct tls_options {
    std::string certificate;  ///< PEM text of the chain
    std::string private_key;  ///< PEM text
    std::string client_ca;    ///< PEM text; not empty: a client certificate is required
};

struct options {
    std::string name = "mock";            ///< for humans; also the response header `x-mock-name`
    std::string address = "127.0.0.1:0";  ///< HOST:PORT, [V6]:PORT
    std::optional<tls_options> tls = {};
    mock::timing timing = {};
    std::vector<std::string> models = {"gpt-4o", "gpt-4o-mini", "text-embedding-3-small"};
    std::string api_key = {};  ///< not empty: every other credential gets a 401
    /// Keeps files, batches and responses, refuses what is wrong with them, and speaks OpenAI's realtime events on
    /// WebSockets. false: hears whatever comes at these endpoints, and a WebSocket gives every byte back as it was.
    bool stateful = false;
    int threads = 1;
    std::size_t keep_calls = 100000;  ///< the oldest are forgotten beyond it
};

enum class outcome : std::uint8_t {
    running,
    finished,  ///< everything was written
    cut,       ///< ended early because the script said so
    aborted,   ///< the other side left before the end
};

/// One request, as the provider saw it, and what became of it.
struct call {
    std::uint64_t serial = 0;
    std::uint64_t connection = 0;  ///< requests on one connection share it
    std::chrono::steady_clock::time_point arrived{};
    std::chrono::steady_clock::time_point ended{};
    std::string method;
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers;  ///< as received, in order
    std::string raw_head;                                      ///< exact bytes up to the blank line
    std::string body;                                          ///< without chunk lines
    std::string model;
    bool tls = false;
    bool tls_resumed = false;
    std::string server_name;  ///< SNI
    int status = 0;
    bool stream = false;
    std::string answered;          ///< the body meant to be sent, without framing; a repeated event stands once
    std::uint64_t bytes_sent = 0;  ///< on the wire, heads and framing included, TLS not
    std::uint64_t events_sent = 0;
    mock::usage usage;  ///< of the whole answer, also when it was cut
    mock::outcome outcome = outcome::running;
    bool spoke_while_idle = false;  ///< the script's idle_bytes are on the wire

    /// The value of the first header of that name (any case), "" when it is not there.
    [[nodiscard]] std::string header(std::string_view name) const;
};

/// What happens to new connections.
enum class door : std::uint8_t {
    open,
    reset,   ///< accepted, then RST
    close,   ///< accepted, then FIN
    silent,  ///< accepted, never read (a TLS handshake never finishes)
};

class provider {
public:
    explicit provider(options settings = {});
    ~provider();
    provider(const provider&) = delete;
    provider& operator=(const provider&) = delete;

    /// Binds and runs its threads. Throws std::runtime_error (address in use, bad certificate). Again after stop(): on
    /// the same port.
    void start();
    /// Ends every connection and joins the threads. While stopped, connecting is refused.
    void stop();

    [[nodiscard]] int port() const;
    /// `http://127.0.0.1:PORT` or `https://…`, without a path.
    [[nodiscard]] std::string url() const;
    [[nodiscard]] const std::string& name() const;

    void once(script how, std::string path_contains = {});  ///< the next fitting request; GETs (health checks) only with `path_contains`
    using chooser = std::function<std::optional<script>(const call&)>;
    void on(chooser choose);  ///< asked for each request; runs on the provider's threads
    void always(script how);
    void set_door(door how);

    [[nodiscard]] std::vector<call> calls() const;
    [[nodiscard]] std::size_t call_count() const;     ///< so far, forgotten ones too
    [[nodiscard]] std::uint64_t connections() const;  ///< accepted so far
    [[nodiscard]] std::uint64_t open_connections() const;
    void forget();  ///< empties the books and the queue of once()
    /// Waits until `enough` says so about the books; false after `limit`.
    bool wait_for(const std::function<bool(const std::vector<call>&)>& enough, milliseconds limit = milliseconds{5000}) const;

private:
    class server;
    std::unique_ptr<server> server_;
};

}  // namespace weir::mock
