// Which bytes of a request body change, and into what. It does not change them: the writer sends the pieces in between.
#include <algorithm>
#include <limits>

#include "dialect/json/json_text.hpp"
#include "dialect/request.hpp"

namespace weir::dialect {
namespace {

constexpr std::string_view usage_member = "\"include_usage\":true";

// New first members of the top-level object, gathered into one insertion.
class insertion {
public:
    explicit insertion(const request_facts& facts) : facts_(facts) {}
    void member(std::string_view text) {
        if (!text_.empty()) text_ += ',';
        text_ += text;
    }
    void add_to(std::vector<edit>& edits) {
        if (text_.empty()) return;
        if (!facts_.empty_object) text_ += ',';
        edits.push_back({{facts_.first_member, facts_.first_member}, std::move(text_)});
    }

private:
    const request_facts& facts_;
    std::string text_;
};

// Gemini's bodies write the model's resource name.
std::string model_text(endpoint e, const request_facts& facts, std::string_view model) {
    if (facts.multipart) return std::string{model};
    return json::quoted(dialect_of(e) == kind::gemini ? "models/" + std::string{model} : std::string{model});
}

void plan_model(endpoint e, const request_facts& facts, std::string_view model, std::vector<edit>& edits, insertion& front) {
    if (model.empty() || model == facts.model) return;
    if (!facts.model_at.empty()) {
        edits.push_back({facts.model_at, model_text(e, facts, model)});
    } else if (!facts.multipart && dialect_of(e) != kind::gemini) {
        front.member("\"model\":" + json::quoted(model));
    }
}

bool takes_stream_options(endpoint e) { return e == endpoint::chat_completions || e == endpoint::completions; }

void plan_stream(endpoint e, const request_facts& facts, std::vector<edit>& edits, insertion& front) {
    if (facts.stream || facts.multipart || dialect_of(e) == kind::gemini) return;
    if (facts.stream_at.empty()) {
        front.member("\"stream\":true");
    } else {
        edits.push_back({facts.stream_at, "true"});
    }
}

void plan_usage(const request_facts& facts, std::vector<edit>& edits, insertion& front) {
    if (facts.asks_usage) return;
    if (facts.stream_options_at.empty()) {
        front.member("\"stream_options\":{" + std::string{usage_member} + "}");
    } else if (facts.stream_options_null || facts.stream_options_empty) {
        edits.push_back({facts.stream_options_at, "{" + std::string{usage_member} + "}"});
    } else if (facts.include_usage_at.empty()) {
        const std::size_t inside = facts.stream_options_at.begin + 1;
        edits.push_back({{inside, inside}, std::string{usage_member} + ","});
    } else {
        edits.push_back({facts.include_usage_at, "true"});
    }
}

std::string_view limit_of(endpoint e) {
    switch (e) {
        case endpoint::chat_completions: return "max_completion_tokens";
        case endpoint::completions:
        case endpoint::messages: return "max_tokens";
        case endpoint::responses: return "max_output_tokens";
        case endpoint::gemini_generate:
        case endpoint::gemini_stream_generate: return "maxOutputTokens";
        default: return {};
    }
}

void insert_limit(endpoint e, const request_facts& facts, const std::string& cap, std::vector<edit>& edits, insertion& front) {
    const std::string member = "\"" + std::string{limit_of(e)} + "\":" + cap;
    if (!facts.max_output_null_at.empty()) {
        edits.push_back({facts.max_output_null_at, cap});
    } else if (dialect_of(e) != kind::gemini) {
        front.member(member);
    } else if (facts.generation_config_at.empty()) {
        front.member("\"generationConfig\":{" + member + "}");
    } else if (facts.generation_config_null || facts.generation_config_empty) {
        edits.push_back({facts.generation_config_at, "{" + member + "}"});
    } else {
        const std::size_t inside = facts.generation_config_at.begin + 1;
        edits.push_back({{inside, inside}, member + ","});
    }
}

void plan_limit(endpoint e, const request_facts& facts, std::int64_t cap, std::vector<edit>& edits, insertion& front) {
    if (cap <= 0 || limit_of(e).empty() || facts.multipart) return;
    const std::string text = std::to_string(cap);
    if (facts.max_output_at.empty()) return insert_limit(e, facts, text, edits, front);
    for (std::size_t i = 0; i < facts.max_output_at.size(); ++i) {
        const std::int64_t asked = i < facts.max_output_values.size() ? facts.max_output_values[i] : facts.max_output.value_or(0);
        if (asked > cap) edits.push_back({facts.max_output_at[i], text});
    }
}

}  // namespace

std::vector<edit> plan_edits(endpoint e, const request_facts& facts, const wishes& what) {
    std::vector<edit> edits;
    insertion front{facts};
    plan_model(e, facts, what.model, edits, front);
    if (what.stream) plan_stream(e, facts, edits, front);
    if (what.include_usage && (facts.stream || what.stream) && takes_stream_options(e) && !facts.multipart) plan_usage(facts, edits, front);
    plan_limit(e, facts, what.max_output, edits, front);
    front.add_to(edits);
    std::sort(edits.begin(), edits.end(), [](const edit& a, const edit& b) { return a.at.begin < b.at.begin; });
    return edits;
}

std::size_t edited_size(std::size_t body_size, const std::vector<edit>& edits) {
    for (const edit& one : edits) body_size = body_size - (one.at.end - one.at.begin) + one.with.size();
    return body_size;
}

}  // namespace weir::dialect
