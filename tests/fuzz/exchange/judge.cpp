#include "fuzz/exchange/judge.hpp"

#include <algorithm>
#include <array>

#include "fuzz/exchange/reference_http.hpp"

namespace weir::fuzz {
namespace {

constexpr std::size_t most_attempts = 3;

// From the first request on whose end is the fuzzer's word, what is a request and what is its body is anybody's guess.
std::size_t first_unknown(const scene& what) {
    const auto found = std::find_if(what.requests.begin(), what.requests.end(), [](const auto& r) { return r.reframed; });
    return static_cast<std::size_t>(found - what.requests.begin());
}

bool names_a_terminator(std::string_view body) {
    constexpr std::array<std::string_view, 7> ends{"[DONE]",       "message_stop", "response.completed", "response.failed", "response.incomplete",
                                                   "finishReason", "finish_reason"};
    return std::any_of(ends.begin(), ends.end(), [&](auto end) { return body.find(end) != std::string_view::npos; });
}

// --- towards the upstreams ---

std::string judge_request(const scene& what, const message& m, const given_answer& given) {
    if (m.value_of("via").empty() || m.value_of("x-request-id").empty()) return "a request reached an upstream without via or x-request-id";
    if (m.value_of("authorization").find(client_secret) != std::string_view::npos) return "the client's key reached an upstream";
    const auto unknown = first_unknown(what);
    const auto number = static_cast<std::size_t>(given.request);
    if (given.request < 0 || number >= what.requests.size())
        return unknown < what.requests.size() ? "" : "an upstream got a request that no client sent";
    if (number >= unknown) return "";
    const auto& asked = what.requests[number];
    if (asked.rewritten) return "";
    if (m.is != message::state::whole) return asked.renamed.starts_with(m.body) ? "" : "the beginning of a body is not what the client sent";
    if (m.body != asked.renamed && !(asked.odd_field && m.body == asked.body)) return "a body is not what the client sent";
    return "";
}

std::string judge_connection(const scene& what, const played& seen, const upstream_record& c) {
    std::string_view rest = c.got;
    const given_answer* before = nullptr;
    for (const auto index : c.answers) {
        const auto& given = seen.answers[index];
        const auto m = read_request(rest);
        if (m.is == message::state::broken) return std::string{"an upstream got something that is no request: "} + m.why;
        if (given.too_soon) return "a request was sent before the connection's last answer had come";
        if (before && !before->plan->reusable) return "a connection was used again after an answer whose end was in doubt";
        if (auto wrong = judge_request(what, m, given); !wrong.empty()) return wrong;
        before = &given;
        if (m.is != message::state::whole) return "";
        rest.remove_prefix(m.size);
    }
    const auto m = read_request(rest);
    return m.is == message::state::broken ? std::string{"an upstream got something that is no request: "} + m.why : "";
}

std::string judge_attempts(const scene& what, const played& seen) {
    for (std::size_t number = 0; number < first_unknown(what); ++number) {
        std::size_t attempts = 0;
        for (const auto& given : seen.answers) {
            if (given.request != static_cast<int>(number)) continue;
            if (given.client_had > number) return "a request was sent again after its answer had begun to go to the client";
            ++attempts;
        }
        // Each attempt may have met one connection that was closed while it was idle.
        if (attempts > 2 * most_attempts) return "a request was sent more often than its pool's retry.attempts";
    }
    return "";
}

// --- towards the client ---

// A broken stream ends with weir's own event, at an event's boundary.
bool ends_with_own_event(std::string_view got, std::size_t common) {
    const auto says = got.find("stream_interrupted", common);
    if (says == std::string_view::npos) return false;
    std::size_t begin = 0;
    for (const std::string_view blank : {"\n\n", "\r\r", "\r\n\r\n"}) {
        const auto at = got.rfind(blank, says);
        if (at != std::string_view::npos) begin = std::max(begin, at + blank.size());
    }
    return begin <= common;
}

// Where weir puts an answer together, or takes an event out of it: only its end can be compared.
std::string judge_rewritten(const message& m, const answer_plan& plan) {
    const bool whole = m.is == message::state::whole && !m.until_close;
    return whole && !plan.whole && !(plan.stream && names_a_terminator(plan.body)) ? "a broken answer was made to look complete" : "";
}

std::string judge_answer(const message& m, const given_answer& given, bool client_left) {
    const auto& plan = *given.plan;
    if (m.status() != plan.status) return "the client got another status than the upstream sent";
    const std::string_view sent = plan.body, got = m.body;
    const auto common = static_cast<std::size_t>(std::mismatch(got.begin(), got.end(), sent.begin(), sent.end()).first - got.begin());
    const bool whole = m.is == message::state::whole && !m.until_close;
    if (whole && common != got.size()) return "the client got a whole answer that is not the upstream's";
    if (whole && plan.whole && got.size() != sent.size()) return "the client got a whole answer that lacks the upstream's end";
    if (whole && !plan.whole && !(plan.stream && names_a_terminator(got))) return "a broken answer was made to look complete";
    if (!whole && common != got.size() && !(plan.stream && ends_with_own_event(got, common))) return "the client got bytes that nobody sent";
    const bool plain = plan.whole && plan.reusable && !plan.stream && !plan.odd_field && !plan.early && given.sent;
    if (!whole && plain && !client_left) return "an answer that came whole was not passed on whole";
    return "";
}

std::string judge_client(const scene& what, const played& seen) {
    std::string_view rest = seen.client_got;
    const auto unknown = first_unknown(what);
    for (std::size_t number = 0; !rest.empty();) {
        const auto m = read_answer(rest, true);
        if (m.is == message::state::broken) return std::string{"the client got something that is no answer: "} + m.why;
        if (!m.has_head) return seen.client_left ? "" : "the client got half a head";
        if (m.until_close && m.status() >= 200) return "the client got an answer whose end it cannot see";
        if (m.status() >= 200 && number >= what.requests.size() && unknown >= what.requests.size()) return "the client got an answer to nothing";
        // One mark is an upstream's answer; none is weir's own, more are the fuzzer's doing.
        if (m.count_of("x-fuzz-answer") == 1) {
            const auto mark = std::string{m.value_of("x-fuzz-answer")};
            const bool sound = mark.size() == 4 && mark.find_first_not_of("0123456789") == std::string::npos;
            const auto index = sound ? std::stoul(mark) : seen.answers.size();
            if (index >= seen.answers.size()) return "the client got an answer that no upstream gave";
            const auto& given = seen.answers[index];
            if (number < unknown && given.request != static_cast<int>(number)) return "the client got the answer to another request";
            const bool rewritten = number < what.requests.size() && what.requests[number].rewritten;
            auto wrong = rewritten ? judge_rewritten(m, *given.plan) : judge_answer(m, given, seen.client_left);
            if (!wrong.empty()) return wrong;
        }
        if (m.is != message::state::whole) return "";
        rest.remove_prefix(m.size);
        if (m.status() >= 200) ++number;
    }
    return "";
}

bool holds(std::string_view text, std::string_view secret) { return text.find(secret) != std::string_view::npos; }

}  // namespace

std::string judge(const scene& what, const played& seen, std::string_view input) {
    if (seen.connections_left != 0) return "a connection is still counted";
    if (seen.bodies_left != 0) return "a request's body is still counted";
    if (seen.leases_left != 0) return "a request is still counted as being at an upstream";
    // The fuzzer learns the secrets by watching comparisons.
    const bool told = holds(input, client_secret.substr(0, 12)) || holds(input, upstream_secret.substr(0, 12));
    for (const auto& c : seen.connections) {
        if (!told && holds(c.got, client_secret)) return "the client's key reached an upstream";
        if (auto wrong = judge_connection(what, seen, c); !wrong.empty()) return wrong;
    }
    if (!told && holds(seen.client_got, upstream_secret)) return "an upstream's key reached the client";
    if (auto wrong = judge_attempts(what, seen); !wrong.empty()) return wrong;
    return judge_client(what, seen);
}

}  // namespace weir::fuzz
