#include "dialect/request.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "dialect/encoded_media.hpp"
#include "dialect/json/folded_name.hpp"
#include "dialect/json/json_index.hpp"
#include "dialect/read/usage_report.hpp"
#include "dialect/wrong_schema.hpp"

namespace weir::dialect {
namespace {

using core::code;
using core::error;

error bad(std::string message) { return {code::bad_request, std::move(message)}; }

error bad_json(json::fault why) { return bad("the body " + std::string{json::words_of(why)}); }

bool is_read(endpoint e) {
    switch (e) {
        case endpoint::realtime:
        case endpoint::files:
        case endpoint::batches:
        case endpoint::fine_tuning:
        case endpoint::uploads:
        case endpoint::models:
        case endpoint::llms_txt:
        case endpoint::other: return false;
        default: return true;
    }
}

bool needs_model(endpoint e) {
    switch (e) {
        case endpoint::chat_completions:
        case endpoint::completions:
        case endpoint::responses:
        case endpoint::responses_input_tokens:
        case endpoint::embeddings:
        case endpoint::rerank:
        case endpoint::audio_transcriptions:
        case endpoint::audio_translations:
        case endpoint::audio_speech:
        case endpoint::messages:
        case endpoint::messages_count_tokens: return true;
        default: return false;  // a default model, or the path has it
    }
}

bool is_gemini(endpoint e) { return dialect_of(e) == kind::gemini; }

// The members that limit the output of `e`: first as weir would write it, then what servers understand too. llama.cpp lets `n_predict` win.
using limit_names = std::array<std::string_view, 3>;
limit_names limits_of(endpoint e) {
    switch (e) {
        case endpoint::chat_completions: return {"max_completion_tokens", "max_tokens", "n_predict"};
        case endpoint::completions: return {"max_tokens", "n_predict"};
        case endpoint::messages: return {"max_tokens"};
        case endpoint::responses: return {"max_output_tokens"};
        case endpoint::gemini_generate:
        case endpoint::gemini_stream_generate: return {"maxOutputTokens", "max_output_tokens"};
        default: return {};
    }
}

/// One reading of one body. Each member that weir relies on may stand once: with two, the upstream might read the other
/// one.
class reading {
public:
    reading(endpoint e, const json::index& where, request_facts& out) : endpoint_(e), where_(where), limits_(limits_of(e)), out_(out) {}

    error run() {
        json::cursor at{where_};
        if (at.peek() != '{') return bad("the body must be a JSON object, for example {\"model\": \"gpt-4o\"}");
        out_.first_member = at.offset() + 1;
        out_.empty_object = true;
        const bool whole = at.members([this](std::string_view key, json::cursor& value) {
            out_.empty_object = false;
            if (error_) return;
            if (const auto meant = name_in_disguise(key, limits_); !meant.empty())
                error_ = bad("`" + std::string{key} + "` in the body is written as `" + std::string{meant} +
                             "` by some servers and not by others: write `" + std::string{meant} + "`");
            else
                member(key, value);
        });
        if (!whole) return bad_json(at.why());
        if (!at.at_end()) return bad_json(json::fault::trailing);
        if (!where_.escapes_are_legal()) return bad("the body has an escape in a string that JSON does not know");
        return error_ ? error_ : verdict();
    }

private:
    enum seen_bit : unsigned {
        model_bit = 1,
        stream_bit = 2,
        options_bit = 4,
        config_bit = 8,
        n_bit = 16,
        best_of_bit = 32,
        first_limit_bit = 64  // and one for each further name
    };

    void member(std::string_view key, json::cursor& value) {
        switch (key.size()) {
            case 1:
                if (key == "n" && takes_choices() && once(n_bit, key)) read_choices(value);
                return;
            case 5:
                if (key == "model" && once(model_bit, key)) read_model(value);
                if (key == "input") shape_.input = !value.is_null();
                if (key == "tools" && endpoint_ == endpoint::chat_completions) tools_ = value;
                if (key == "audio" && endpoint_ == endpoint::chat_completions) out_.only_unary |= !value.is_null();
                return;
            case 6:
                if (key == "stream" && once(stream_bit, key)) read_stream(value);
                if (key == "prompt") shape_.prompt = !value.is_null();
                if (key == "system") shape_.system = !value.is_null();
                return;
            case 7:
                if (key == "best_of" && endpoint_ == endpoint::completions && once(best_of_bit, key)) read_best_of(value);
                return;
            case 8:
                if (key == "messages") read_messages(value);
                if (key == "contents") shape_.contents = !value.is_null();
                if (key == "deferred" && endpoint_ == endpoint::chat_completions) {
                    out_.deferred = value.peek() == 't';
                    out_.only_unary |= out_.deferred;
                }
                return;
            case 10:
                if (key == "background" && endpoint_ == endpoint::responses) {
                    out_.background = value.peek() == 't';
                    out_.only_unary |= out_.background;
                }
                break;
            case 12:
                if (key == "service_tier") read_tier(value);
                break;
            case 16:
                if (key == "reasoning_effort" && endpoint_ == endpoint::chat_completions) read_effort(value);
                break;
            case 18:
                if (key == "web_search_options") out_.searches |= !value.is_null();
                break;
            case 14:
                if (key == "stream_options" && once(options_bit, key)) read_stream_options(value);
                break;
            default: break;
        }
        if (is_gemini(endpoint_)) {
            if ((key == "generationConfig" || key == "generation_config") && once(config_bit, "generationConfig")) read_generation_config(value);
        } else {
            read_limit_if_named(key, value);
        }
    }

    [[nodiscard]] bool takes_choices() const {
        return endpoint_ == endpoint::chat_completions || endpoint_ == endpoint::completions || endpoint_ == endpoint::images_generations ||
               endpoint_ == endpoint::images_edits || endpoint_ == endpoint::images_variations;
    }

    bool once(unsigned bit, std::string_view name) {
        if ((seen_ & bit) != 0) {
            error_ = bad("`" + std::string{name} + "` stands twice in the body: write it once");
            return false;
        }
        seen_ |= bit;
        return true;
    }

    [[nodiscard]] static range read_raw(json::cursor& value) {
        const std::size_t begin = value.offset();
        if (!value.skip()) return {};
        return {begin, value.end_of_last()};
    }

    void read_model(json::cursor& value) {
        if (value.is_null()) {
            out_.model_at = read_raw(value);
            return;
        }
        const std::size_t begin = value.offset();
        json::raw_string raw;
        if (!value.string(raw)) {
            error_ = bad("`model` must be a string, for example {\"model\": \"gpt-4o\"}");
            return;
        }
        out_.model_at = {begin, value.end_of_last()};
        if (!json::unescape(raw.text, out_.model)) error_ = bad("`model` has an escape that means no character");
        if (is_gemini(endpoint_) && out_.model.starts_with("models/")) out_.model.erase(0, std::string_view{"models/"}.size());
    }

    void read_stream(json::cursor& value) {
        const std::size_t begin = value.offset();
        if (value.is_null()) {
            out_.stream_at = read_raw(value);
        } else if (value.boolean(out_.stream)) {
            out_.stream_at = {begin, value.end_of_last()};
        } else if (value.why() == json::fault::none) {
            error_ = bad("`stream` must be true or false");
        }
    }

    void read_tier(json::cursor& value) {
        json::cursor look = value;
        json::raw_string name;
        out_.special_tier |= look.string(name) && is_special_tier(name.text);
    }

    void read_effort(json::cursor& value) {
        json::cursor look = value;
        json::raw_string word;
        thinks_ = look.string(word) && word.text != "none";
    }

    // Looked at where an effort is said alone.
    [[nodiscard]] static bool offers_functions(json::cursor tools) {
        bool found = false;
        if (tools.peek() != '[') return false;
        tools.elements([&found](json::cursor& tool) {
            if (found || tool.peek() != '{') return;
            tool.members([&found](std::string_view key, json::cursor& type) {
                json::raw_string text;
                if (key == "type" && type.peek() == '"' && type.string(text)) found |= text.text == "function";
            });
        });
        return found;
    }

    void read_best_of(json::cursor& value) {
        json::cursor look = value;
        std::int64_t number = 0;
        out_.only_unary |= look.integer(number) && number > 1;
        read_choices(value);
    }

    void read_choices(json::cursor& value) {
        std::int64_t number = 0;
        if (value.is_null()) return;
        if (!value.integer(number)) {
            if (value.why() == json::fault::none) error_ = bad("`n` and `best_of` must be numbers");
            return;
        }
        out_.choices = std::max(out_.choices, static_cast<int>(std::clamp<std::int64_t>(number, 1, std::numeric_limits<int>::max())));
    }

    void read_messages(json::cursor& value) {
        shape_.messages = !value.is_null();
        if (endpoint_ != endpoint::messages && endpoint_ != endpoint::messages_count_tokens) return;
        bool first = true;
        value.elements([&](json::cursor& message) {
            if (!std::exchange(first, false)) return;
            message.members([&](std::string_view key, json::cursor& role) {
                json::raw_string text;
                if (key == "role" && role.string(text)) shape_.first_role_is_system = text.text == "system" || text.text == "developer";
            });
        });
    }

    void read_stream_options(json::cursor& value) {
        const std::size_t begin = value.offset();
        out_.stream_options_null = value.is_null();
        if (!value.is_null() && value.peek() != '{') {
            error_ = bad("`stream_options` must be an object, for example {\"include_usage\": true}");
            return;
        }
        out_.stream_options_empty = true;
        bool twice = false;
        const auto option = [&](std::string_view key, json::cursor& at) {
            constexpr std::string_view name = "include_usage";
            out_.stream_options_empty = false;
            if (key != name && folds_to(key, name) && !error_)
                error_ = bad("`" + std::string{key} + "` in stream_options must be written `include_usage`");
            if (key != name) return;
            twice = !out_.include_usage_at.empty();
            out_.asks_usage = at.peek() == 't';
            out_.include_usage_at = read_raw(at);
        };
        if (!(out_.stream_options_null ? value.skip() : value.members(option))) return;
        out_.stream_options_at = {begin, value.end_of_last()};
        if (twice) error_ = bad("`include_usage` stands twice in the body: write it once");
    }

    void read_generation_config(json::cursor& value) {
        const std::size_t begin = value.offset();
        out_.generation_config_null = value.is_null();
        if (!value.is_null() && value.peek() != '{') {
            error_ = bad("`generationConfig` must be an object, for example {\"maxOutputTokens\": 1024}");
            return;
        }
        out_.generation_config_empty = true;
        const auto setting = [&](std::string_view key, json::cursor& at) {
            out_.generation_config_empty = false;
            if (error_) return;
            if (const auto meant = name_in_disguise(key, limits_); !meant.empty()) {
                error_ = bad("`" + std::string{key} + "` in generationConfig must be written `" + std::string{meant} + "`");
                return;
            }
            read_limit_if_named(key, at);
            if ((key == "candidateCount" || key == "candidate_count") && once(n_bit, "candidateCount")) read_choices(at);
        };
        if (!(out_.generation_config_null ? value.skip() : value.members(setting))) return;
        out_.generation_config_at = {begin, value.end_of_last()};
    }

    void read_limit_if_named(std::string_view key, json::cursor& value) {
        const auto named = std::find(limits_.begin(), limits_.end(), key);
        if (key.empty() || named == limits_.end() || !once(first_limit_bit << (named - limits_.begin()), key)) return;
        const std::size_t begin = value.offset();
        std::int64_t limit = 0;
        if (value.is_null()) {
            const range at = read_raw(value);
            if (named == limits_.begin()) out_.max_output_null_at = at;
            return;
        }
        if (!value.integer(limit)) {
            if (value.why() == json::fault::none) error_ = bad("`" + std::string{key} + "` must be a number");
            return;
        }
        if (limit < 0) limit = std::numeric_limits<std::int64_t>::max();
        out_.max_output_at.push_back({begin, value.end_of_last()});
        out_.max_output_values.push_back(limit);
        out_.max_output = std::min(limit, out_.max_output.value_or(limit));
    }

    error verdict() const {
        out_.thinks_with_functions = thinks_ && tools_ && offers_functions(*tools_);
        if (error wrong = find_wrong_schema(endpoint_, shape_)) return wrong;
        // A stored prompt template may name the model.
        const bool optional =
            (endpoint_ == endpoint::responses || endpoint_ == endpoint::responses_input_tokens) && shape_.prompt && out_.model_at.empty();
        if (out_.model.empty() && needs_model(endpoint_) && !optional)
            return bad("`model` is missing: name one in the request body, for example {\"model\": \"" + std::string{example_model()} + "\"}");
        return {};
    }

    [[nodiscard]] std::string_view example_model() const {
        if (dialect_of(endpoint_) == kind::anthropic) return "claude-sonnet-4-5";
        if (endpoint_ == endpoint::audio_transcriptions || endpoint_ == endpoint::audio_translations) return "whisper-1";
        return endpoint_ == endpoint::embeddings ? "text-embedding-3-small" : "gpt-4o";
    }

    endpoint endpoint_;
    const json::index& where_;
    limit_names limits_;
    request_facts& out_;
    shape shape_;
    unsigned seen_ = 0;
    std::optional<json::cursor> tools_;  ///< the value of `tools`
    bool thinks_ = false;                ///< an effort other than none is said
    error error_;
};

}  // namespace

error check_form(endpoint e, const request_facts& form) {
    if (!form.model.empty() || !needs_model(e)) return {};
    return bad("`model` is missing: send it as a field of the form, for example model=whisper-1");
}

error inspect(endpoint e, const char* body, std::size_t size, request_facts& out) {
    out = {};
    if (!is_read(e)) return {};
    json::index& where = json::thread_index();
    if (const json::fault why = where.build({body, size}); why != json::fault::none) {
        if (why == json::fault::empty) return bad("the body is empty: a JSON object is due, for example {\"model\": \"gpt-4o\"}");
        return bad_json(why);
    }
    out.media_bytes = encoded_media_bytes(where);
    return reading{e, where, out}.run();
}

}  // namespace weir::dialect
