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

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mock/call.hpp"
#include "mock/options.hpp"
#include "mock/script.hpp"

namespace weir::mock {

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
