// Whole answers: usage, model and error of one JSON document.
#include "dialect/json/json_index.hpp"
#include "dialect/read/answer.hpp"
#include "dialect/read/stream_access.hpp"

namespace weir::dialect {
namespace {

class reading {
public:
    reading(endpoint e, unary_facts& out) : endpoint_(e), out_(out) {}

    // Gemini streams without SSE are one array of answers, of which the last report counts.
    bool run(json::cursor at) {
        if (at.peek() == '[' && dialect_of(endpoint_) == kind::gemini) {
            const bool sound = at.elements([this](json::cursor& one) { one.peek() == '{' ? document(one) : one.skip(); });
            return sound && at.at_end();
        }
        if (at.peek() != '{') return at.skip() && at.at_end();
        return document(at) && at.at_end();
    }

private:
    bool document(json::cursor& at) {
        const json::cursor whole = at;
        bool detail = false, identified = false, is_error_object = false;
        const bool sound = at.members([&](std::string_view key, json::cursor& value) {
            if (key == usage_key()) {
                usage_report report;
                if (!read_usage(dialect_of(endpoint_), value, report)) return;
                out_.has_usage = true;
                out_.beyond_tokens |= report.beyond_tokens;
                out_.usage = counts_of(endpoint_, report);
            } else if (key == "service_tier") {
                json::raw_string raw;
                out_.beyond_tokens |= value.string(raw) && is_special_tier(raw.text);
            } else if (key == "output" || key == "candidates") {
                value.elements([this](json::cursor& one) { look_for_tools(one); });
            } else if (key == "model" || key == "modelVersion") {
                json::raw_string raw;
                if (out_.served_model.empty() && value.string(raw)) json::unescape(raw.text, out_.served_model);
            } else if (key == "error") {
                if (!value.is_null() && value.peek() != 'f') take_error(value);
            } else if (key == "detail") {
                detail = value.peek() == '"';
            } else if (key == "id") {
                identified = true;
            } else if (key == "object" || key == "type") {
                json::raw_string raw;
                is_error_object |= value.string(raw) && raw.text == "error";
            }
        });
        if (!sound || out_.error) return sound;
        if (is_error_object) take_error_from(whole, "message");
        if (detail && !identified) take_error_from(whole, "detail");
        return true;
    }

    // One of the Responses API's items, or one of Gemini's candidates.
    void look_for_tools(json::cursor& one) {
        one.members([this](std::string_view key, json::cursor& at) {
            json::raw_string raw;
            if (key == "type") out_.beyond_tokens |= at.string(raw) && is_hosted_call(raw.text);
            if (key == "groundingMetadata") out_.beyond_tokens |= has_searched(at);
        });
    }

    [[nodiscard]] std::string_view usage_key() const { return dialect_of(endpoint_) == kind::gemini ? "usageMetadata" : "usage"; }

    void take_error(json::cursor& value) {
        error_text found;
        read_error(dialect_of(endpoint_), value, found);
        keep(std::move(found));
    }

    // Errors without the `error` member: Mistral's and older vLLM's ("object": "error"), FastAPI's ("detail": "...").
    void take_error_from(json::cursor document, std::string_view message_key) {
        error_text found;
        json::cursor again = document;
        read_error(dialect_of(endpoint_), again, found);
        document.members([&](std::string_view key, json::cursor& value) {
            json::raw_string raw;
            if (key != message_key || !value.string(raw)) return;
            found.message.clear();
            json::unescape(raw.text, found.message);
        });
        keep(std::move(found));
    }

    void keep(error_text&& found) {
        out_.error = true;
        out_.error_code = std::move(found.code);
        out_.error_message = shortened(std::move(found.message));
    }

    endpoint endpoint_;
    unary_facts& out_;
};

}  // namespace

unary_facts read_unary(endpoint e, const char* body, std::size_t size) {
    unary_facts out;
    json::index& where = json::thread_index();
    if (where.build({body, size}) != json::fault::none) return out;
    if (!reading{e, out}.run(json::cursor{where})) return {};
    out.json = true;
    return out;
}

}  // namespace weir::dialect
