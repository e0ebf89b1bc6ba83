// A translated stream says what the translated document of the same answer says, wherever its bytes and its pieces are cut.
#include <string>
#include <vector>

#include "dialect/hub/streamed.hpp"
#include "dialect/read/sse_fields.hpp"
#include "http/sse_scanner.hpp"

namespace {

using namespace weir::dialect::hub;
using namespace weir::dialect::hub::test;
namespace json = weir::dialect::json;

using kind = answer_event::kind;

/// One thing of an answer, in no dialect: texts are the content of JSON strings.
struct said_part {
    part::kind of;
    std::string text, id, name, signature;
    std::string url;  ///< that the whole text goes by
};

/// Where a piece may end: not inside an escape.
std::vector<std::size_t> places_in(const std::string& text) {
    std::vector<std::size_t> out;
    for (std::size_t at = 0; at < text.size();) {
        const auto byte = static_cast<unsigned char>(text[at]);
        at += byte == '\\' ? json::escape_length(std::string_view{text}.substr(at)) : byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
        out.push_back(at);
    }
    return out;
}

carrier::family family_of(spoke of) {
    constexpr carrier::family all[] = {carrier::family::chat, carrier::family::openai, carrier::family::anthropic, carrier::family::gemini};
    return all[static_cast<std::size_t>(of)];
}

/// Tells an answer as the dialect's own model would, its texts in pieces that end at every `step`th place; 0: whole.
void tell(const std::vector<said_part>& parts, spoke of, std::size_t step, answer_listener& to) {
    answer_event e;
    e.is = kind::begin;
    to.hear(e);
    std::uint32_t block = 0, chars = 0;
    bool called = false;
    for (const auto& each : parts) {
        e = {};
        e.is = kind::open;
        e.of = each.of;
        e.block = block++;
        e.id = raw_text{each.id};
        e.name = raw_text{each.name};
        called = called || each.of == part::kind::call;
        to.hear(e);
        e.is = each.of == part::kind::call ? kind::arguments : kind::text;
        std::size_t begin = 0, number = 0;
        for (const auto at : places_in(each.text)) {
            if (at != each.text.size() && (step == 0 || ++number % step != 0)) continue;
            e.text = raw_text{std::string_view{each.text}.substr(begin, at - begin)};
            begin = at;
            to.hear(e);
        }
        const auto size = static_cast<std::uint32_t>(places_in(each.text).size());
        if (!each.url.empty()) {
            auto cites = e;
            cites.is = kind::citation;
            cites.text = raw_text{each.url};
            cites.name = raw_text{std::string_view{"T"}};
            cites.from = chars;
            cites.to = chars + size;
            to.hear(cites);
        }
        if (each.of == part::kind::text) chars += size;
        e.text = {};
        if (!each.signature.empty() || (of == spoke::chat && each.of == part::kind::reasoning)) {
            e.is = kind::signature;
            e.opaque = {family_of(of), raw_text{each.signature}, 0};
            to.hear(e);
        }
        e.is = kind::close;
        to.hear(e);
    }
    e = {};
    e.is = kind::usage;
    e.used = {.input = 5, .cached_input = 3, .output = 4, .reasoning = 2};
    to.hear(e);
    e.is = kind::finish;
    e.why = called ? finish::calls : finish::end;
    to.hear(e);
}

std::string stream_of(const std::vector<said_part>& parts, spoke of, std::size_t step) {
    std::string out;
    const auto write = write_stream_of(of, names_for_tests());
    write->into(&out);
    tell(parts, of, step, *write);
    write->end();
    return out;
}

std::string document_of(const std::vector<said_part>& parts, spoke of) {
    document_writer out{of, names_for_tests()};
    tell(parts, of, 0, out);
    return out.take();
}

/// The bytes of a stream as they come, in pieces of `size`, through to another dialect.
std::string through(const std::string& stream, std::size_t size, spoke from, spoke to) {
    std::string out, window, joined;
    const auto read = read_stream_of(from);
    const auto write = write_stream_of(to, names_for_tests());
    write->into(&out);
    weir::http::sse_scanner ends;
    for (std::size_t at = 0; at < stream.size(); at += size) {
        window += stream.substr(at, size);
        for (auto whole = ends.find(window); whole > 0; whole = ends.find(window)) {
            const auto fields = weir::dialect::read_fields(std::string_view{window}.substr(0, whole), joined);
            if (fields.has_data) read_event(*read, std::string{fields.data}, *write);
            window.erase(0, whole);
        }
    }
    read->end(*write);
    write->end();
    return out;
}

/// A whole answer of its own dialect as the same: as its client reads it.
std::string read_again(spoke of, const std::string& document) { return translated_answer(of, of, document); }

const std::vector<std::vector<said_part>> answers{{{part::kind::text, R"(a \"b\" \u00e9é \ud83d\ude00 你\n)", "", "", "", ""}},
                                                  {{part::kind::reasoning, "hm, \\\\ so", "", "", "U2ln", ""},
                                                   {part::kind::text, "two", "", "", "", ""},
                                                   {part::kind::call, R"({\"x\":[1.50,\"}\\\"\"],\"y\":{}})", "call_abcdefghijk", "f", "", ""},
                                                   {part::kind::call, R"({})", "call_lmnopqrstuv", "g", "", ""}},
                                                  {{part::kind::text, "by é", "", "", "", "https://a/b"}},
                                                  {{part::kind::call, "{}", "call_abcdefghijk", "f", "", ""}}};

}  // namespace

TEST(HubEquality, AStreamSaysWhatTheDocumentSays) {
    for (const auto& answer : answers)
        for (const auto from : every_dialect) {
            const auto document = document_of(answer, from);
            for (const auto to : every_dialect) {
                const auto whole = read_again(to, translated_answer(from, to, document));
                for (const std::size_t step : {0, 1, 2, 3, 5}) {
                    const auto got = through(stream_of(answer, from, step), 1, from, to);
                    EXPECT_EQ(collected(to, got), whole)
                        << "from " << static_cast<int>(from) << " to " << static_cast<int>(to) << " by " << step << "\n"
                        << got;
                    if (to == spoke::messages) expect_whole_blocks(got);
                }
            }
        }
}

TEST(HubEquality, EveryCutOfTheBytesGivesTheSameStream) {
    for (const auto& answer : answers)
        for (const auto from : every_dialect) {
            const auto stream = stream_of(answer, from, 3);
            for (const auto to : every_dialect) {
                const auto expected = through(stream, stream.size(), from, to);
                for (std::size_t size = 1; size < stream.size(); size = size < 80 ? size + 1 : size * 2)
                    ASSERT_EQ(through(stream, size, from, to), expected)
                        << "from " << static_cast<int>(from) << " to " << static_cast<int>(to) << " by " << size;
            }
        }
}
