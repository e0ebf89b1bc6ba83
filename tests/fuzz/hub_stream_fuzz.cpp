// Answers of every dialect as clients of every other one get them, streams and documents: whatever comes, whole events of sound JSON go out, the same
// however often they are passed on in between, and nothing behind the end.
#include <cstdlib>
#include <string>

#include "dialect/hub/spokes.hpp"
#include "dialect/read/sse_fields.hpp"
#include "exchange/translation/translated_answer.hpp"
#include "fuzz/json_document.hpp"
#include "http/sse_scanner.hpp"

using namespace weir;
using namespace weir::dialect;

namespace {

struct setting {
    hub::spoke from, to;
    std::size_t often;  ///< after so many events what was written is passed on
    bool breaks, usage, thoughts;
};

exchange::translated_answer answer_for(const setting& by, bool streams) {
    exchange::service how;
    how.is = exchange::service::as::translated;
    how.from = by.from;
    how.to = by.to;
    hub::answer_names names;
    names.id = "id_1";
    names.model = "m";
    names.include_usage = by.usage;
    names.show_reasoning = by.thoughts;
    return {how, {}, names, streams};
}

bool is_end(hub::spoke client, const sse_fields& event) {
    switch (client) {
        case hub::spoke::completions:
        case hub::spoke::chat: return event.data == "[DONE]" || event.data.starts_with("{\"error\"");
        case hub::spoke::responses:
            return event.name == "response.completed" || event.name == "response.failed" || event.name == "response.incomplete" ||
                   event.name == "error";
        case hub::spoke::messages: return event.name == "message_stop" || event.name == "error";
        case hub::spoke::gemini: return false;
    }
    return false;
}

// Whole events, each sound, and none behind the last.
void check(hub::spoke client, std::string_view written) {
    http::sse_scanner scanner;
    std::string joined;
    bool over = false;
    while (const std::size_t size = scanner.find(written)) {
        const auto event = read_fields(written.substr(0, size), joined);
        if (over || !event.has_data) std::abort();
        if (event.data != "[DONE]" && !fuzz::is_document(event.data)) std::abort();
        over = is_end(client, event);
        written.remove_prefix(size);
    }
    if (!written.empty()) std::abort();
}

std::string as_stream(const setting& by, std::string_view stream, std::size_t often) {
    auto answer = answer_for(by, true);
    http::sse_scanner scanner;
    std::string out, event;
    std::size_t taken = 0;
    const auto pass = [&] {
        out += answer.passing();
        answer.passed();
    };
    while (const std::size_t size = scanner.find(stream)) {
        event.assign(stream.substr(0, size));
        event.append(64, '\0');
        answer.take({event.data(), size});
        if (often > 0 && ++taken % often == 0) pass();
        stream.remove_prefix(size);
    }
    if (by.breaks)
        answer.break_off({core::code::stream_interrupted, "it broke"});
    else
        answer.finish();
    pass();
    // Whoever is told to end twice, or of more, says nothing.
    answer.finish();
    answer.break_off({core::code::stream_interrupted, "it broke"});
    if (!event.empty()) answer.take({event.data(), event.size() - 64});
    if (!answer.passing().empty()) std::abort();
    return out;
}

void as_document(const setting& by, std::string_view text) {
    const std::string padded = std::string{text}.append(64, '\0');
    auto whole = answer_for(by, false);
    if (whole.take_document({padded.data(), text.size()}) && !fuzz::is_document(whole.passing())) std::abort();
    auto streamed = answer_for(by, true);
    if (streamed.take_document({padded.data(), text.size()})) check(by.from, streamed.passing());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    setting by;
    by.to = static_cast<hub::spoke>(data[0] % hub::upstream_spokes);
    by.often = data[1] % 8 + 1U;
    by.breaks = (data[1] & 8) != 0;
    by.usage = (data[1] & 16) != 0;
    by.thoughts = (data[1] & 32) != 0;
    const std::string_view text{reinterpret_cast<const char*>(data + 2), size - 2};
    for (std::size_t client = 0; client < hub::spokes; ++client) {
        by.from = static_cast<hub::spoke>(client);
        if (by.from == by.to) continue;
        const auto written = as_stream(by, text, 0);
        check(by.from, written);
        if (written != as_stream(by, text, by.often)) std::abort();
        as_document(by, text);
    }
    return 0;
}
