// How long an attempt may take in the phase that it is in, and what it is called when it took too long.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/clock.hpp"
#include "net/settings.hpp"
#include "record/request_record.hpp"

namespace weir::exchange {

class patience {
public:
    enum class phase : std::uint8_t {
        sending,      ///< the request goes out; each part of it that moves begins anew
        head,         ///< until the answer's head
        first_token,  ///< of a stream
        rest,         ///< between two parts of an answer
    };

    explicit patience(const net::timeouts& limits) : limits_(limits) {}

    /// A phase begins, or something moved in it.
    void in(phase what, core::time_point since) { phase_ = what, since_ = since; }
    [[nodiscard]] phase now() const { return phase_; }

    /// `total`: when the whole request is over.
    [[nodiscard]] core::time_point deadline(core::time_point total) const { return std::min(core::after(since_, limit()), total); }
    /// What the deadline that has passed is called.
    [[nodiscard]] record::failure missed(core::time_point now, core::time_point total) const {
        if (now >= total) return record::failure::timeout_total;
        switch (phase_) {
            case phase::head: return record::failure::timeout_first_byte;
            case phase::first_token: return record::failure::timeout_first_token;
            default: return record::failure::timeout_idle;
        }
    }

private:
    [[nodiscard]] core::duration limit() const {
        switch (phase_) {
            case phase::head: return limits_.first_byte;
            case phase::first_token: return limits_.first_token;
            default: return limits_.idle;
        }
    }

    const net::timeouts& limits_;
    core::time_point since_{};
    phase phase_ = phase::sending;
};

}  // namespace weir::exchange
