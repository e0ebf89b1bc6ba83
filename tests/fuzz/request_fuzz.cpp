// Request bodies and paths: whatever is accepted must stay legal and mean the same after weir's own edits.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>

#include "dialect/endpoint_rights.hpp"
#include "dialect/request.hpp"

using namespace weir::dialect;

namespace {

std::string edited(std::string_view body, const std::vector<edit>& edits) {
    std::string out;
    std::size_t from = 0;
    for (const edit& one : edits) {
        if (one.at.begin < from || one.at.end > body.size()) std::abort();
        out += body.substr(from, one.at.begin - from);
        out += one.with;
        from = one.at.end;
    }
    out += body.substr(from);
    if (out.size() != edited_size(body.size(), edits)) std::abort();
    return out;
}

void try_body(endpoint e, std::string_view body) {
    request_facts facts;
    if (inspect(e, body.data(), body.size(), facts)) return;
    if (facts.media_bytes > body.size()) std::abort();
    const wishes what{.model = "renamed", .include_usage = true, .max_output = 77};
    const std::string out = edited(body, plan_edits(e, facts, what));
    request_facts after;
    if (inspect(e, out.data(), out.size(), after)) std::abort();
    if (after.stream != facts.stream || !plan_edits(e, after, what).empty()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data + 1), size - 1};
    constexpr endpoint tried[] = {endpoint::chat_completions, endpoint::completions,     endpoint::responses,  endpoint::embeddings,
                                  endpoint::messages,         endpoint::gemini_generate, endpoint::moderations};
    try_body(tried[data[0] % std::size(tried)], text);
    const target what = classify(data[0] % 2 != 0 ? "POST" : "GET", text.substr(0, text.find('\n')), "model=a", data[0] % 4 < 2);
    if (!what.refusal && right_for(what, "POST").word.empty()) std::abort();
    if (!what.refusal && (what.suffix.empty() || upstream_path(what.dialect, "/base", what).front() != '/')) std::abort();
    return 0;
}
