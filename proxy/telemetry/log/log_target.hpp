// Where log lines go: a file, a pipe, a terminal. It is opened and written to without waiting for anybody who reads it.
#pragma once

#include <string>

#include "telemetry/byte_ring.hpp"

namespace weir::telemetry {

/// One that is not open takes nothing. For one thread at a time.
class log_target {
public:
    enum class outcome {
        idle,     ///< there was nothing to write
        wrote,    ///< all that there was
        blocked,  ///< who reads it does not keep up: later
        failed,   ///< fault() says why
    };

    log_target() = default;
    ~log_target();
    log_target(log_target&& other) noexcept;
    log_target& operator=(log_target&& other) noexcept;

    /// `where`: stdout, or a file's path, which is appended to and made with mode 0640. Not open when that fails: then errno says why.
    [[nodiscard]] static log_target open(const std::string& where);
    [[nodiscard]] bool is_open() const { return fd_ >= 0; }

    /// Writes what the ring holds, as far as that goes now. It may stop within a line: the rest stays in the ring.
    [[nodiscard]] outcome take(byte_ring& from);

    /// errno of the last write that failed.
    [[nodiscard]] int fault() const { return fault_; }

private:
    explicit log_target(int fd);
    [[nodiscard]] bool is_ready() const;

    int fd_ = -1;
    bool may_block_ = false;  ///< a pipe or terminal, whose reader may have stopped reading
    int fault_ = 0;
};

}  // namespace weir::telemetry
