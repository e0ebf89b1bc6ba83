// A walk over the parsed JSON: messages, prompts, inputs, system texts, tools; contents of answers.
#include "dialect/prompt_text.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>

namespace weir::dialect {
namespace {

namespace dom = simdjson::dom;
using simdjson::padded_string;

class walker {
public:
    walker(prompt_texts& into, const text_receiver& each) : into_(into), each_(each) {}

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
            else if (field.key == "tools" || field.key == "functions")
                tools(field.value);
            else if (field.key == "response_format")
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

    /// OpenAI's two ways ({"function": {…}} and flat), Anthropic's (`input_schema`), Gemini's (`functionDeclarations`).
    void tools(const dom::element& what) {
        dom::array list;
        if (what.get(list) != simdjson::SUCCESS) return;
        for (const auto tool : list) {
            dom::element inner;
            if (tool["function"].get(inner) == simdjson::SUCCESS)
                function(inner);
            else if (tool["functionDeclarations"].get(inner) == simdjson::SUCCESS || tool["function_declarations"].get(inner) == simdjson::SUCCESS)
                tools(inner);
            else if (tool["name"].get(inner) == simdjson::SUCCESS)
                function(tool);
            else
                into_.other_content = true;  // a tool of the provider's own
        }
    }

    void function(const dom::element& what) {
        ++into_.functions;
        each_(text_of(what, "name") + ":" + without_stop(text_of(what, "description")));
        dom::object properties;
        const bool has_some = what["parameters"]["properties"].get(properties) == simdjson::SUCCESS ||
                              what["input_schema"]["properties"].get(properties) == simdjson::SUCCESS;
        if (!has_some || properties.size() == 0) return;
        ++into_.functions_with_parameters;
        for (const auto field : properties) parameter(field.key, field.value);
    }

    void parameter(std::string_view name, const dom::element& what) {
        ++into_.parameters;
        each_(std::string{name} + ":" + text_of(what, "type") + ":" + without_stop(text_of(what, "description")));
        dom::array choices;
        if (what["enum"].get(choices) != simdjson::SUCCESS) return;
        ++into_.choice_lists;
        for (const auto each : choices) {
            std::string_view text;
            ++into_.choices;
            if (each.get(text) == simdjson::SUCCESS) each_(text);
        }
    }

    static std::string text_of(const dom::element& what, std::string_view key) {
        std::string_view text;
        return what[key].get(text) == simdjson::SUCCESS ? std::string{text} : std::string{};
    }
    static std::string without_stop(std::string text) {
        if (text.ends_with('.')) text.pop_back();
        return text;
    }

    prompt_texts& into_;
    const text_receiver& each_;
};

// Everywhere below these members of an answer …
constexpr std::array<std::string_view, 4> answer_roots = {"choices", "content", "output", "candidates"};
// … these hold what the model wrote.
constexpr std::array<std::string_view, 8> written = {"content",   "text",     "reasoning_content", "reasoning",
                                                     "arguments", "thinking", "refusal",           "transcript"};

void say_written(const dom::element& what, const text_receiver& each) {
    dom::array list;
    dom::object fields;
    std::string_view text;
    if (what.get(list) == simdjson::SUCCESS) {
        for (const auto one : list) say_written(one, each);
    } else if (what.get(fields) == simdjson::SUCCESS) {
        for (const auto field : fields) {
            if (is_written(field.key) && field.value.get(text) == simdjson::SUCCESS)
                each(text);
            else
                say_written(field.value, each);
        }
    }
}

bool parsed(dom::parser& parser, const padded_string& body, dom::object& out) { return parser.parse(body).get(out) == simdjson::SUCCESS; }

}  // namespace

bool is_answer_root(std::string_view member) { return std::find(answer_roots.begin(), answer_roots.end(), member) != answer_roots.end(); }
bool is_written(std::string_view member) { return std::find(written.begin(), written.end(), member) != written.end(); }

prompt_texts read_prompt_texts(std::string_view body, const text_receiver& each) {
    prompt_texts out;
    dom::parser parser;
    dom::object fields;
    const padded_string padded{body};
    if (parsed(parser, padded, fields)) walker{out, each}.object(fields);
    return out;
}

bool read_answer_texts(std::string_view body, const text_receiver& each) {
    dom::parser parser;
    dom::object fields;
    const padded_string padded{body};
    if (!parsed(parser, padded, fields)) return false;
    for (const auto field : fields) {
        std::string_view text;
        if (is_answer_root(field.key))
            say_written(field.value, each);
        else if (field.key == "text" && field.value.get(text) == simdjson::SUCCESS)
            each(text);  // a transcript
    }
    return true;
}

}  // namespace weir::dialect
