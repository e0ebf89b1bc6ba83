// A walk over the parsed JSON: messages, prompts, inputs, system texts.
#include "cli/body_text.hpp"

#include <simdjson.h>

namespace weir::cli {
namespace {

namespace dom = simdjson::dom;
using simdjson::padded_string;

class walker {
public:
    walker(body_texts& into, const std::function<void(std::string_view)>& each) : into_(into), each_(each) {}

    void object(const dom::object& body) {
        for (const auto field : body) {
            std::string_view text;
            if (field.key == "model" && field.value.get(text) == simdjson::SUCCESS)
                into_.model = text;
            else if (field.key == "messages" || field.key == "contents")
                chat(field.value);
            else if (field.key == "input" || field.key == "prompt")
                prompt(field.value);
            else if (field.key == "system" || field.key == "instructions")
                content(field.value);
            else if (field.key == "systemInstruction" || field.key == "system_instruction")
                message(field.value);
            else if (field.key == "tools" || field.key == "functions" || field.key == "response_format")
                into_.other_content = true;
        }
    }

private:
    void say(std::string_view text) {
        each_(text);
        into_.is_request = true;
    }

    void chat(const dom::element& messages) {
        dom::array list;
        if (messages.get(list) != simdjson::SUCCESS) return;
        into_.is_request = true;
        for (const auto each : list) message(each);
    }

    /// Role, name and content each count; so OpenAI describes it.
    void message(const dom::element& one) {
        dom::object fields;
        if (one.get(fields) != simdjson::SUCCESS) return;
        ++into_.messages;
        for (const auto field : fields) {
            std::string_view text;
            if (field.key == "name") ++into_.names;
            if (field.key == "content" || field.key == "parts")
                content(field.value);
            else if (field.value.get(text) == simdjson::SUCCESS)
                say(text);
            else if (!field.value.is_null())
                into_.other_content = true;
        }
    }

    /// A text, or a list of parts of which some are text.
    void content(const dom::element& what) {
        std::string_view text;
        dom::array parts;
        if (what.get(text) == simdjson::SUCCESS) return say(text);
        if (what.get(parts) != simdjson::SUCCESS) return;
        for (const auto part : parts) {
            if (part["text"].get(text) == simdjson::SUCCESS)
                say(text);
            else if (part.get(text) == simdjson::SUCCESS)
                say(text);
            else
                into_.other_content = true;
        }
    }

    /// A text, texts, token numbers, or the Responses API's list of messages.
    void prompt(const dom::element& what) {
        dom::array list;
        if (what.get(list) != simdjson::SUCCESS) return content(what);
        into_.is_request = true;
        for (const auto each : list) {
            std::string_view text;
            if (each.get(text) == simdjson::SUCCESS)
                say(text);
            else if (each.is_object())
                message(each);
            else
                into_.other_content = true;
        }
    }

    body_texts& into_;
    const std::function<void(std::string_view)>& each_;
};

}  // namespace

body_texts read_body_texts(const std::string& bytes, const std::function<void(std::string_view)>& each) {
    body_texts out;
    dom::parser parser;
    dom::object body;
    const padded_string padded{bytes};
    if (parser.parse(padded).get(body) != simdjson::SUCCESS) return out;
    walker{out, each}.object(body);
    return out;
}

}  // namespace weir::cli
