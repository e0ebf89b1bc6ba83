// Asks an upstream one thing and waits for the whole answer: dial, send, read head and body within limits.
// It keeps no connection and does not judge what was answered.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "core/secret.hpp"
#include "net/upstream.hpp"

namespace weir::probe {

struct probe_limits {
    std::chrono::milliseconds connect{5000};  ///< name, TCP and TLS
    std::chrono::milliseconds total{10000};
    std::size_t body = 256 * 1024;
};

struct probe_answer {
    enum class end : std::uint8_t { answered, not_connected, timed_out, closed, not_http };
    end how = end::closed;
    net::dial_result dialled;  ///< with not_connected
    std::string why;           ///< not_http: what is wrong with the answer
    int status = 0;
    std::string content_type, location, retry_after;
    std::string body;    ///< without framing, at most probe_limits::body
    bool whole = false;  ///< `body` is all there was
};

/// Ends a probe from another thread.
class probe_canceller {
public:
    /// The probe that runs, and each that begins later.
    void cancel();

private:
    friend class cancellable_probe;
    std::mutex lock_;
    std::function<void()> end_;
    bool cancelled_ = false;
};

/// Blocks the calling thread, at most for `limits.total`. Throws std::system_error when there is no event loop to be
/// had. `by`: may end it early; null: nobody does.
[[nodiscard]] probe_answer probe(std::shared_ptr<const net::upstream_target> target, const core::secret& request, const probe_limits& limits,
                                 probe_canceller* by = nullptr);

}  // namespace weir::probe
