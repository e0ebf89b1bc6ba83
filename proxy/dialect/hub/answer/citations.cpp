#include "dialect/hub/answer/citations.hpp"

#include <algorithm>

#include "dialect/hub/reading.hpp"

namespace weir::dialect::hub {
namespace {

using kind = answer_event::kind;

constexpr std::size_t pair = 12;                         ///< two escapes for one character
constexpr std::size_t most_runs = std::size_t{1} << 16;  ///< behind them places are a guess

std::uint32_t width_of(unsigned char first) { return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4; }

std::uint32_t index_at(json::cursor& at) { return static_cast<std::uint32_t>(std::clamp<std::int64_t>(integer_at(at).value_or(0), 0, 0xFFFFFFFF)); }

void tell(const answer_event& said, answer_listener& to) {
    if (!said.text.empty()) to.hear(said);
}

// The addresses, by their numbers.
std::vector<answer_event> chunks_of(json::cursor at, std::uint32_t block) {
    std::vector<answer_event> out;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key != "groundingChunks") return;
        value.elements([&](json::cursor& each) {
            auto& made = out.emplace_back();
            made.is = kind::citation;
            made.block = block;
            each.members([&](std::string_view from, json::cursor& of) {
                if (from != "web" && from != "retrievedContext") return;
                made.text = look_for_text(of, "uri");
                made.name = look_for_text(of, "title");
            });
        });
    });
    return out;
}

void segment_at(json::cursor& at, const text_measure& text, answer_event& into) {
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "startIndex") into.from = text.chars_at(index_at(value));
        if (key == "endIndex") into.to = text.chars_at(index_at(value));
    });
}

}  // namespace

void text_measure::add(std::uint32_t width, std::uint32_t times) {
    if ((runs_.empty() || runs_.back().width != width) && runs_.size() < most_runs) runs_.push_back({chars_, bytes_, width});
    chars_ += times;
    bytes_ += width * times;
}

void text_measure::add(raw_text piece) {
    auto rest = piece.json;
    const auto is_plain = [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\\'; };
    while (!rest.empty()) {
        // Most texts are ASCII, or long stretches of it.
        if (const auto end = std::find_if_not(rest.begin(), rest.end(), is_plain); end != rest.begin()) {
            const auto plain = static_cast<std::size_t>(end - rest.begin());
            add(1, static_cast<std::uint32_t>(plain));
            rest.remove_prefix(plain);
            continue;
        }
        if (rest.front() != '\\') {
            const auto width = width_of(static_cast<unsigned char>(rest.front()));
            add(width);
            rest.remove_prefix(std::min<std::size_t>(width, rest.size()));
            continue;
        }
        auto size = std::max<std::size_t>(json::escape_length(rest), 1);
        std::string meant;
        const bool half = !json::unescape(rest.substr(0, size), meant) && rest.size() >= pair;
        if (std::string both; half && json::unescape(rest.substr(0, pair), both)) {
            meant = both;
            size = pair;
        }
        add(meant.empty() ? 1 : width_of(static_cast<unsigned char>(meant.front())));
        rest.remove_prefix(size);
    }
}

std::uint32_t text_measure::chars_at(std::uint32_t byte) const {
    byte = std::min(byte, bytes_);
    const auto behind = std::upper_bound(runs_.begin(), runs_.end(), byte, [](std::uint32_t at, const run& each) { return at < each.bytes; });
    if (behind == runs_.begin()) return 0;
    const auto& in = *(behind - 1);
    return in.chars + (byte - in.bytes) / in.width;
}

std::uint32_t text_measure::bytes_at(std::uint32_t character) const {
    character = std::min(character, chars_);
    const auto behind = std::upper_bound(runs_.begin(), runs_.end(), character, [](std::uint32_t at, const run& each) { return at < each.chars; });
    if (behind == runs_.begin()) return 0;
    const auto& in = *(behind - 1);
    return in.bytes + (character - in.chars) * in.width;
}

std::uint32_t chars_in(raw_text text) {
    text_measure all;
    all.add(text);
    return all.chars();
}

bool read_annotation(json::cursor at, answer_event& into) {
    into.is = kind::citation;
    const auto read = [&](std::string_view key, json::cursor& value) {
        if (key == "url") into.text = text_at(value);
        if (key == "title") into.name = text_at(value);
        if (key == "start_index") into.from = index_at(value);
        if (key == "end_index") into.to = index_at(value);
    };
    if (!look_for_text(at, "type").is("url_citation")) return false;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "url_citation")
            value.members(read);
        else
            read(key, value);
    });
    return !into.text.empty();
}

bool read_citation_of_messages(json::cursor at, answer_event& into) {
    into.is = kind::citation;
    const bool found = look_for_text(at, "type").is("search_result_location");
    at.members([&](std::string_view key, json::cursor& value) {
        if (value.peek() != '"') return;
        if (key == "url" || (found && key == "source")) into.text = text_at(value);
        if (key == "title" || key == "document_title") into.name = text_at(value);
        if (key == "file_id") into.id = text_at(value);
    });
    const bool address = into.text.json.starts_with("http://") || into.text.json.starts_with("https://");
    if (!address) into.text = {};
    return address || !into.id.empty();
}

void append_for_chat(std::string& to, const kept_citation& of, int index) {
    to += '{';
    if (index >= 0) to.append("\"index\":").append(std::to_string(index)).append(1, ',');
    to.append(R"("type":"url_citation","url_citation":{"start_index":)").append(std::to_string(of.from));
    to.append(R"(,"end_index":)").append(std::to_string(of.to));
    to.append(R"(,"url":")").append(of.url).append(R"(","title":")").append(of.title).append("\"}}");
}

void append_for_responses(std::string& to, const kept_citation& of, std::uint32_t start) {
    if (!of.file.empty()) {
        to.append(R"({"type":"file_citation","file_id":")").append(of.file).append(R"(","filename":")").append(of.title);
        to.append(R"(","index":)").append(std::to_string(of.to - std::min(start, of.to))).append(1, '}');
        return;
    }
    to.append(R"({"type":"url_citation","start_index":)").append(std::to_string(of.from - std::min(start, of.from)));
    to.append(R"(,"end_index":)").append(std::to_string(of.to - std::min(start, of.to)));
    to.append(R"(,"url":")").append(of.url).append(R"(","title":")").append(of.title).append("\"}");
}

void tell_grounding(json::cursor at, const text_measure& text, std::uint32_t block, answer_listener& to) {
    auto chunks = chunks_of(at, block);
    bool any = false;
    at.members([&](std::string_view key, json::cursor& value) {
        if (key == "groundingSupports") {
            value.elements([&](json::cursor& each) {
                answer_event span;
                std::vector<std::uint32_t> which;
                each.members([&](std::string_view name, json::cursor& of) {
                    if (name == "segment") segment_at(of, text, span);
                    if (name == "groundingChunkIndices") of.elements([&](json::cursor& one) { which.push_back(index_at(one)); });
                });
                for (const auto number : which) {
                    if (number >= chunks.size()) continue;
                    auto said = chunks[number];
                    said.from = span.from;
                    said.to = span.to;
                    any = true;
                    tell(said, to);
                }
            });
        }
        if (key != "citationSources" && key != "citations") return;
        value.elements([&](json::cursor& each) {
            answer_event said;
            said.is = kind::citation;
            said.block = block;
            said.text = look_for_text(each, "uri");
            said.name = look_for_text(each, "title");
            segment_at(each, text, said);
            tell(said, to);
        });
    });
    // Nobody said for which stretch: they stand behind all of it.
    for (auto& each : chunks) {
        each.from = each.to = text.chars();
        if (!any) tell(each, to);
    }
}

void append_grounding(std::string& to, const std::vector<kept_citation>& all, const text_measure& text) {
    std::vector<std::string_view> urls;
    std::string chunks, supports;
    for (const auto& each : all) {
        const auto known = std::find(urls.begin(), urls.end(), each.url);
        const auto number = static_cast<std::size_t>(known - urls.begin());
        if (known == urls.end()) {
            chunks.append(urls.empty() ? "" : ",").append(R"({"web":{"uri":")").append(each.url);
            chunks.append(R"(","title":")").append(each.title).append("\"}}");
            urls.emplace_back(each.url);
        }
        supports.append(supports.empty() ? "" : ",").append(R"({"segment":{"startIndex":)").append(std::to_string(text.bytes_at(each.from)));
        supports.append(R"(,"endIndex":)").append(std::to_string(text.bytes_at(each.to)));
        supports.append(R"(},"groundingChunkIndices":[)").append(std::to_string(number)).append("]}");
    }
    to.append(R"({"groundingChunks":[)").append(chunks).append(R"(],"groundingSupports":[)").append(supports).append("]}");
}

}  // namespace weir::dialect::hub
