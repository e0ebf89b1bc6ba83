// Asks each upstream of a conf what a first request would find out, and names the mistake and its fix.
// It generates nothing: it reads the list of models, and at most sends an empty object where a prompt would go.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pools/snapshot.hpp"
#include "probe/probe_reply.hpp"
#include "probe/probe_request.hpp"
#include "wire/one_call.hpp"

namespace weir::probe {

struct diagnosis {
    bool ok = true;
    std::string text;  ///< `ok …`, or `FAULT: what; fix`: one line, without a credential
};

class doctor {
public:
    /// Where a credential was written, for messages: "the environment variable X"; empty when that is not known.
    using origin = std::function<std::string(const core::secret&)>;

    /// Both outlive it.
    doctor(const pools::snapshot& s, origin written_in);

    /// Blocks: a few probes one after the other, each at most `longest_probe`.
    [[nodiscard]] diagnosis examine(const pools::pool_runtime& pool, const pools::upstream_runtime& up) const;

    static constexpr auto longest_probe = std::chrono::seconds{10};

private:
    class visit;
    const pools::snapshot& snapshot_;
    origin written_in_;
};

/// The exact model names that the conf's routes send to a pool, each once: neither globs nor what only clients know.
[[nodiscard]] std::vector<std::string> models_sent_to(const config::conf& conf, std::string_view pool);

/// Why there was no answer, and what to do about it: "unknown host 'x'; check …".
[[nodiscard]] std::string why_unanswered(const wire::call_answer& a, const config::upstream_conf& up, const wire::call_limits& limits);

}  // namespace weir::probe
