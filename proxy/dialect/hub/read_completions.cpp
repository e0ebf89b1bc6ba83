// Requests to /v1/completions, which OpenAI had before chat: the prompt is what a user says. It knows no turns, no tools and no pictures.
#include "dialect/hub/reading.hpp"

namespace weir::dialect::hub {
namespace {

class completions_reader {
public:
    completions_reader(conversation& into, notes& told) : into_(into), told_(told) {}

    bool read(json::cursor body);

private:
    void member(std::string_view key, json::cursor& at);
    void prompt(json::cursor& at);
    void several_prompts(json::cursor& at);

    conversation& into_;
    notes& told_;
    raw_text prompt_;
};

bool completions_reader::read(json::cursor body) {
    into_.from = spoke::completions;
    const bool is_object = body.members([this](std::string_view key, json::cursor& at) { member(key, at); });
    if (!is_object) {
        told_.refuse("", "it is no JSON object");
        return false;
    }
    if (prompt_.blank()) told_.refuse("prompt", "there is nothing to go on from");
    into_.begin_turn(turn::role::user);
    into_.add(part::kind::text).text = prompt_;
    return true;
}

// How many tokens there are where nobody says so is left to the model: what OpenAI took then (16) was meant for models that go on for ever.
void completions_reader::member(std::string_view key, json::cursor& at) {
    if (key == "model") {
        into_.model = text_at(at);
    } else if (key == "prompt") {
        prompt(at);
    } else if (key == "stream") {
        into_.stream = boolean_at(at).value_or(false);
    } else if (key == "max_tokens") {
        into_.cap.tokens = integer_at(at);
        into_.cap.name = "max_tokens";
    } else if (key == "stop") {
        stop_texts_at(at, into_);
    } else if (key == "suffix") {
        const bool is_said = !at.is_null();
        if (is_said && written(at) != R"("")") told_.refuse(key, "it goes on from the prompt, and fills no gap");
    } else if (key == "echo") {
        if (boolean_at(at).value_or(false)) told_.refuse(key, "the prompt is not said again");
    } else if (key == "best_of") {
        if (integer_at(at).value_or(1) > 1) told_.refuse(key, "it gives one answer");
    } else {
        keep_setting(at, key, into_);
    }
}

void completions_reader::prompt(json::cursor& at) {
    if (at.peek() == '"') {
        prompt_ = text_at(at);
    } else if (at.peek() == '[') {
        several_prompts(at);
    } else {
        if (!at.is_null()) told_.refuse("prompt", "it must be a text");
        (void)at.skip();
    }
}

void completions_reader::several_prompts(json::cursor& at) {
    std::size_t texts = 0;
    bool other = false;
    at.elements([&](json::cursor& each) {
        if (each.peek() == '"') {
            ++texts;
            prompt_ = text_at(each);
        } else {
            other = true;
        }
    });
    if (other) told_.refuse("prompt", "tokens are those of another model: send the text");
    if (texts > 1) told_.refuse("prompt", "each prompt has an answer of its own: send them one by one");
}

}  // namespace

bool read_completions(json::cursor body, conversation& into, notes& told) {
    if (!completions_reader{into, told}.read(body)) return false;
    mend(into, told);
    return true;
}

}  // namespace weir::dialect::hub
