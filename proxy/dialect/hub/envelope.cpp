#include "dialect/hub/envelope.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

namespace weir::dialect::hub {
namespace {

using family = carrier::family;
using holds = envelope::holds;

constexpr std::string_view mark = "weir1.", mark_in_base64 = "d2VpcjEu";
constexpr std::array<std::string_view, 5> families{"none", "anthropic", "openai", "gemini", "chat"};

constexpr std::size_t head_size = 1 + 4 + 4 + 4 + 8;

std::string base64_of(std::string_view bytes) {
    std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const auto n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(n));
    return out;
}

// In either alphabet, padded or not.
std::optional<std::string> bytes_of(std::string_view base64) {
    std::string in{base64};
    std::replace(in.begin(), in.end(), '-', '+');
    std::replace(in.begin(), in.end(), '_', '/');
    while (in.ends_with('=')) in.pop_back();
    const auto padding = (4 - in.size() % 4) % 4;
    if (padding == 3) return std::nullopt;
    in.append(padding, '=');
    std::string out(in.size() / 4 * 3 + 1, '\0');
    const auto n =
        EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(in.data()), static_cast<int>(in.size()));
    if (n < 0) return std::nullopt;
    out.resize(static_cast<std::size_t>(n) - padding);
    return out;
}

void append_number(std::string& out, std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

std::uint64_t take_number(std::string_view& from, int bytes) {
    std::uint64_t out = 0;
    for (int i = 0; i < bytes; ++i) out = out << 8 | static_cast<unsigned char>(from[static_cast<std::size_t>(i)]);
    from.remove_prefix(static_cast<std::size_t>(bytes));
    return out;
}

// Bytes of what a JSON string means, without making it.
std::size_t meant_size(std::string_view json) {
    if (json.find('\\') == std::string_view::npos) return json.size();
    return raw_text{json}.decoded().size();
}

// The longest beginning of a JSON string that means at most so many bytes.
std::size_t split_at(std::string_view json, std::size_t meant) {
    std::size_t at = 0;
    for (std::size_t seen = 0; at < json.size() && seen < meant;) {
        std::size_t step = 1;
        if (json[at] == '\\' && at + 1 < json.size()) {
            const bool wide = json[at + 1] == 'u';
            const bool pair = wide && at + 7 < json.size() && (json[at + 2] | 0x20) == 'd' && json[at + 6] == '\\';
            step = pair ? 12 : wide ? 6 : 2;
        }
        step = std::min(step, json.size() - at);
        seen += meant_size(json.substr(at, step));
        at += step;
    }
    return at;
}

}  // namespace

bool is_envelope(raw_text what) { return what.said && what.json.starts_with(mark); }

std::string seal(const envelope& what) {
    std::string payload;
    append_number(payload, static_cast<std::uint64_t>(what.is), 1);
    append_number(payload, what.what.scope, 4);
    append_number(payload, what.text_before, 4);
    append_number(payload, what.calls_before, 4);
    append_number(payload, what.thought, 8);
    payload += what.what.data.decoded();
    auto coded = base64_of(payload);
    std::replace(coded.begin(), coded.end(), '+', '-');
    std::replace(coded.begin(), coded.end(), '/', '_');
    while (coded.ends_with('=')) coded.pop_back();
    return std::string{mark}.append(families[static_cast<std::size_t>(what.what.of)]).append(1, '.').append(coded);
}

std::optional<envelope> unseal(raw_text from, arena& in) {
    if (!is_envelope(from)) return std::nullopt;
    auto rest = from.json.substr(mark.size());
    const auto dot = rest.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto of = std::find(families.begin(), families.end(), rest.substr(0, dot));
    const auto payload = bytes_of(rest.substr(dot + 1));
    if (of == families.end() || !payload || payload->size() < head_size) return std::nullopt;
    std::string_view left = *payload;
    envelope out;
    const auto kind = take_number(left, 1);
    if (kind > static_cast<std::uint64_t>(holds::of_text)) return std::nullopt;
    out.is = static_cast<holds>(kind);
    out.what.of = static_cast<family>(of - families.begin());
    out.what.scope = static_cast<std::uint32_t>(take_number(left, 4));
    out.text_before = static_cast<std::uint32_t>(take_number(left, 4));
    out.calls_before = static_cast<std::uint32_t>(take_number(left, 4));
    out.thought = take_number(left, 8);
    std::string data;
    append_escaped(data, left);
    out.what.data = raw_text{in.keep(std::move(data))};
    return out;
}

std::string as_base64(std::string_view what) { return base64_of(what); }

raw_text out_of_base64(raw_text what, arena& in) {
    if (!what.said || !what.json.starts_with(mark_in_base64)) return what;
    auto bytes = bytes_of(what.json);
    return bytes ? raw_text{in.keep(std::move(*bytes))} : what;
}

void text_hash::add(raw_text piece) {
    const auto mix = [this](std::string_view bytes) {
        constexpr std::uint64_t prime = 0x100000001b3U;
        for (const char c : bytes) value_ = (value_ ^ static_cast<unsigned char>(c)) * prime;
    };
    if (piece.json.find('\\') == std::string_view::npos) return mix(piece.json);
    mix(piece.decoded());
}

void sealer::heard_text(raw_text piece) { text_ += static_cast<std::uint32_t>(meant_size(piece.json)); }

std::string sealer::made(const carrier& what, holds is) {
    envelope out;
    out.what = what;
    out.what.scope = scope_;
    out.is = is;
    out.text_before = text_;
    out.calls_before = calls_;
    return seal(out);
}

std::string sealer::of_thought(const carrier& what) {
    envelope out;
    out.what = what;
    out.what.scope = scope_;
    // Claude signs thoughts of which it shows nothing as well.
    const bool signs = any_thought_ || (what.of == family::anthropic && !what.redacted);
    out.is = signs ? holds::thought : holds::redacted;
    out.text_before = text_;
    out.calls_before = calls_;
    out.thought = std::exchange(thought_, {}).value();
    any_thought_ = false;
    return seal(out);
}

std::uint32_t scope_named(std::string_view name) {
    text_hash hash;
    hash.add(raw_text{name});
    const auto folded = static_cast<std::uint32_t>(hash.value() ^ hash.value() >> 32);
    return folded == 0 ? 1 : folded;
}

// --- a request ---

namespace {

/// One turn of an assistant, put together anew.
class turn_opener {
public:
    turn_opener(conversation& of, std::vector<part>& into) : of_(of), into_(into) {}

    void open(const turn& t) {
        for (auto at = t.first; at < t.first + t.count; ++at) (of_.from == spoke::chat ? sort_out(of_.parts[at]) : in_place(of_.parts[at]));
        if (of_.from != spoke::chat) return;
        for (auto& each : thoughts_) place(std::move(each.first), each.second);
        say_until(~std::size_t{0});
        call_until(calls_.size());
    }

private:
    // What the client holds stands in the order in which it was said.
    void in_place(part p) {
        if (auto found = opened(p)) {
            if (found->is == holds::of_call) {
                for_next_call_ = found->what;
                return;
            }
            if (found->is == holds::of_text) return sign_last_text(found->what);
        }
        if (p.is == part::kind::call && for_next_call_.data.said) p.opaque = std::exchange(for_next_call_, {});
        into_.push_back(std::move(p));
    }

    // A client of chat holds thoughts, text and calls apart.
    void sort_out(part p) {
        if (auto found = opened(p)) return thoughts_.push_back({std::move(p), *found});
        if (p.is == part::kind::call) return calls_.push_back(std::move(p));
        if (p.is == part::kind::text) return texts_.push_back(std::move(p));
        into_.push_back(std::move(p));
    }

    void place(part p, const envelope& where) {
        if (where.is == holds::of_call) {
            if (where.calls_before < calls_.size()) calls_[where.calls_before].opaque = where.what;
            return;
        }
        say_until(where.text_before);
        if (where.is == holds::of_text) return sign_last_text(where.what);
        call_until(where.calls_before);
        into_.push_back(std::move(p));
    }

    void say_until(std::size_t meant) {
        while (next_text_ < texts_.size() && said_ < meant) {
            auto& text = texts_[next_text_];
            const auto size = meant_size(text.text.json);
            if (said_ + size <= meant) {
                said_ += size;
                into_.push_back(text);
                ++next_text_;
                continue;
            }
            const auto cut = split_at(text.text.json, meant - said_);
            auto first = text;
            first.text = raw_text{text.text.json.substr(0, cut)};
            text.text = raw_text{text.text.json.substr(cut)};
            said_ = meant;
            into_.push_back(std::move(first));
        }
    }
    void call_until(std::size_t n) {
        for (; next_call_ < std::min(n, calls_.size()); ++next_call_) into_.push_back(calls_[next_call_]);
    }

    void sign_last_text(const carrier& with) {
        if (!into_.empty() && into_.back().is == part::kind::text) into_.back().opaque = with;
    }

    /// Of a thought that came in an envelope; none: it did not, or belongs to nobody any more.
    std::optional<envelope> opened(part& p) {
        if (!p.opaque.data.said) return std::nullopt;
        const auto data = out_of_base64(p.opaque.data, of_.kept);
        if (!is_envelope(data)) return std::nullopt;
        auto found = unseal(data, of_.kept);
        text_hash hash;
        hash.add(p.text);
        const bool altered = found && found->is == holds::thought && found->thought != hash.value();
        p.opaque = found && !altered ? found->what : carrier{};
        if (!found || altered) return std::nullopt;
        p.redacted = found->is == holds::redacted;
        return found;
    }

    conversation& of_;
    std::vector<part>& into_;
    carrier for_next_call_;
    std::vector<std::pair<part, envelope>> thoughts_;
    std::vector<part> texts_, calls_;
    std::size_t next_text_ = 0, next_call_ = 0, said_ = 0;
};

bool may_hold_envelope(const part& p) {
    return p.opaque.data.said && (p.opaque.data.json.starts_with(mark) || p.opaque.data.json.starts_with(mark_in_base64));
}

}  // namespace

void open_envelopes(conversation& of) {
    if (std::none_of(of.parts.begin(), of.parts.end(), may_hold_envelope)) return;
    std::vector<part> made;
    made.reserve(of.parts.size());
    for (auto& t : of.turns) {
        const auto first = static_cast<std::uint32_t>(made.size());
        if (t.who == turn::role::assistant)
            turn_opener{of, made}.open(t);
        else
            made.insert(made.end(), of.parts.begin() + t.first, of.parts.begin() + t.first + t.count);
        t.first = first;
        t.count = static_cast<std::uint32_t>(made.size()) - first;
    }
    of.parts = std::move(made);
}

}  // namespace weir::dialect::hub
