#include "mock/responder.hpp"

#include <string>
#include <utility>

#include "mock/strict/rules.hpp"

namespace weir::mock {
namespace {

using check = std::optional<refusal> (*)(const received&, const options&, const script&);

std::optional<refusal> key_is_known(const received& what, const options& settings, const script&) {
    if (settings.api_key.empty() || credential_of(what) == settings.api_key) return std::nullopt;
    return refusal{401, "Incorrect API key provided"};
}

std::optional<refusal> keeps_to_the_rules(const received& what, const options&, const script& how) {
    if (!how.strict) return std::nullopt;
    if (auto why = strict::fault_of(what)) return refusal{400, std::move(*why)};
    return std::nullopt;
}

// The first refusal is the one that is told. What one dialect's providers refuse is a check in a file of its own.
constexpr check checks[] = {
    key_is_known,        // before anything is said of the request
    keeps_to_the_rules,  // of its dialect, as the vendor has them
};

}  // namespace

std::optional<refusal> refusal_of(const received& what, const options& settings, const script& how) {
    for (const auto refuses : checks)
        if (auto why = refuses(what, settings, how)) return why;
    return std::nullopt;
}

answer responder::answer_for(const received& what, const script& how) {
    const auto type = what.header("content-type");
    const asked request{what.method, what.target, type, what.body};
    if (!settings_.stateful) return answer_to(request, how, settings_.models, what.serial);
    auto kept = shelf_.answer_to(request, what.serial);
    auto said = kept ? std::move(*kept) : answer_to(request, how, settings_.models, what.serial);
    shelf_.remember(request, said);
    return said;
}

reply responder::reply_to(const received& what, script how, std::minstd_rand& random) {
    how.strict = how.strict || settings_.strict;
    auto said = answer_for(what, how);
    if (how.status == 0) {
        if (const auto why = refusal_of(what, settings_, how)) {
            how.status = why->status;
            how.body = error_body(what.target, why->status, why->message);
        }
    }
    if (how.status >= 400) said.failure = error_body(what.target, how.status, "the mock provider was told to fail");
    how.headers.emplace_back("x-request-id", "req_mock" + std::to_string(what.serial));
    how.headers.emplace_back("x-mock-name", settings_.name);
    auto plan = wire_of(said, how, settings_.timing, what.method == "HEAD", random);
    const int status = how.status != 0 ? how.status : said.status;
    return {status, std::move(said), std::move(how), std::move(plan)};
}

}  // namespace weir::mock
