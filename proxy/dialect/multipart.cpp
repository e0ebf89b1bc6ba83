// Finds the fields `model` and `stream` in a multipart/form-data body (RFC 7578, RFC 2046 section 5.1), in place.
// It is strict where parsers differ: what two of them could read as two different models is refused.
#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "dialect/lower_case.hpp"
#include "dialect/request.hpp"

namespace weir::dialect {
namespace {

using core::code;
using core::error;

error bad(std::string_view what) { return {code::bad_request, "the multipart body " + std::string{what}}; }

bool same_word(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

struct parameter {
    std::string_view name;
    std::string value;
};

// Takes `; name=value` or `; name="value"` off the front of `rest`. None at the end; `sound` turns false on what is no
// parameter.
std::optional<parameter> next_parameter(std::string_view& rest, bool& sound) {
    rest = trimmed(rest);
    if (rest.empty()) return std::nullopt;
    sound = rest.front() == ';';
    if (!sound) return std::nullopt;
    rest = trimmed(rest.substr(1));
    if (rest.empty()) return std::nullopt;
    const std::size_t equals = rest.find_first_of("=;");
    sound = equals != std::string_view::npos && rest[equals] == '=';
    if (!sound) return std::nullopt;
    parameter out{trimmed(rest.substr(0, equals)), {}};
    rest = trimmed(rest.substr(equals + 1));
    if (rest.empty() || rest.front() != '"') {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        out.value = trimmed(rest.substr(0, end));
        rest.remove_prefix(end);
        return out;
    }
    for (std::size_t i = 1; i < rest.size(); ++i) {
        if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return out;
        }
        if (rest[i] == '\\' && i + 1 < rest.size()) ++i;
        out.value.push_back(rest[i]);
    }
    sound = false;
    return std::nullopt;
}

error read_boundary(std::string_view content_type, std::string& out) {
    const std::size_t semicolon = content_type.find(';');
    if (!same_word(trimmed(content_type.substr(0, semicolon)), "multipart/form-data"))
        return {code::bad_request, "Content-Type must be multipart/form-data with a boundary"};
    std::string_view rest = semicolon == std::string_view::npos ? std::string_view{} : content_type.substr(semicolon);
    bool sound = true;
    int found = 0;
    while (auto one = next_parameter(rest, sound)) {
        if (!same_word(one->name, "boundary")) continue;
        out = std::move(one->value);
        ++found;
    }
    if (!sound || found != 1 || out.empty() || out.size() > 70 || out.find_first_of("\r\n") != std::string::npos)
        return {code::bad_request, "Content-Type must name one boundary of 1 to 70 characters"};
    return {};
}

// `name*`, `name*0`, `name*0*`: RFC 2231 and RFC 8187 write a value so that is long or not ASCII, and some parsers put it together.
bool is_extended(std::string_view name, std::string_view of) {
    return name.size() > of.size() && name[of.size()] == '*' && same_word(name.substr(0, of.size()), of);
}

struct part_head {
    std::string name;
    bool has_name = false;
    bool is_file = false;
    bool encoded = false;  ///< Content-Transfer-Encoding other than the identity ones
};

error read_disposition(std::string_view value, part_head& out) {
    const std::size_t semicolon = value.find(';');
    if (!same_word(trimmed(value.substr(0, semicolon)), "form-data")) return bad("has a part that is no form-data");
    std::string_view rest = semicolon == std::string_view::npos ? std::string_view{} : value.substr(semicolon);
    bool sound = true;
    while (auto one = next_parameter(rest, sound)) {
        if (same_word(one->name, "name")) {
            if (out.has_name) return bad("names a part twice");
            out.has_name = true;
            out.name = std::move(one->value);
        } else if (is_extended(one->name, "name")) {
            return bad("has a part with name*: write name=\"...\"");
        } else if (same_word(one->name, "filename") || is_extended(one->name, "filename")) {
            out.is_file = true;
        }
    }
    return sound ? error{} : bad("has a Content-Disposition that cannot be read");
}

error read_head(std::string_view head, part_head& out) {
    bool disposition = false;
    while (!head.empty()) {
        const std::size_t end = std::min(head.find("\r\n"), head.size());
        const std::string_view line = head.substr(0, end);
        head.remove_prefix(std::min(head.size(), end + 2));
        const std::size_t colon = line.find(':');
        if (line.find_first_of("\r\n") != std::string_view::npos) return bad("has a line end other than CR LF in a part's head");
        if (colon == std::string_view::npos || line.front() == ' ' || line.front() == '\t') return bad("has a part with a broken head");
        const std::string_view name = trimmed(line.substr(0, colon)), value = trimmed(line.substr(colon + 1));
        if (same_word(name, "content-disposition")) {
            if (std::exchange(disposition, true)) return bad("has a part with two Content-Disposition lines");
            if (error why = read_disposition(value, out)) return why;
        } else if (same_word(name, "content-transfer-encoding")) {
            out.encoded = !same_word(value, "7bit") && !same_word(value, "8bit") && !same_word(value, "binary");
        }
    }
    return disposition && out.has_name ? error{} : bad("has a part without a name");
}

bool means_true(std::string_view value) { return same_word(value, "true") || value == "1" || same_word(value, "yes") || same_word(value, "on"); }

// How many pictures: each has its price.
error take_choices(const part_head& head, std::string_view value, request_facts& out) {
    int n = 0;
    const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), n);
    if (head.is_file || head.encoded || fault != std::errc{} || end != value.data() + value.size() || n < 1)
        return bad("has an `n` that is no whole number above 0");
    out.choices = std::max(out.choices, n);
    return {};
}

error take_field(const part_head& head, std::string_view value, std::size_t at, bool& seen_stream, request_facts& out) {
    const bool model = head.name == "model";
    if (head.name == "n") return take_choices(head, value, out);
    if (!model && head.name != "stream") return {};
    if (head.is_file || head.encoded) return bad("has `" + head.name + "` as a file or encoded: send it as a plain field");
    if (value.size() > 1024 || value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos)
        return bad("has a `" + head.name + "` that is no plain value");
    if (model) {
        if (!out.model_at.empty()) return bad("has `model` twice: write it once");
        if (value.empty()) return bad("has an empty `model`");
        out.model = value;
        out.model_at = {at, at + value.size()};
        return {};
    }
    if (std::exchange(seen_stream, true)) return bad("has `stream` twice: write it once");
    out.stream = means_true(value);
    return {};
}

// Walks the parts. Offsets are of `body`.
class walk {
public:
    walk(std::string_view body, std::string_view boundary) : body_(body), line_("--" + std::string{boundary}) {}

    error run(request_facts& out) {
        if (body_.starts_with("\r\n")) at_ = 2;
        if (!body_.substr(at_).starts_with(line_)) return bad("does not start with the boundary that Content-Type names");
        at_ += line_.size();
        bool last = false, seen_stream = false;
        if (error why = finish_line(last)) return why;
        while (!last) {
            const std::size_t head_end = body_.substr(at_).starts_with("\r\n") ? at_ : body_.find("\r\n\r\n", at_);
            if (head_end == std::string_view::npos) return bad("ends inside a part's head");
            part_head head;
            if (error why = read_head(body_.substr(at_, head_end - at_), head)) return why;
            const std::size_t begin = head_end + 4;
            if (head_end == at_ || begin > body_.size()) return bad("has a part without a head");
            std::size_t end = 0;
            if (error why = find_end(begin, end)) return why;
            if (head.is_file) out.media_bytes += end - begin;
            if (error why = take_field(head, body_.substr(begin, end - begin), begin, seen_stream, out)) return why;
            if (error why = finish_line(last)) return why;
        }
        return {};
    }

private:
    // The part's end is the CR LF before the next boundary line. A boundary after a bare LF ends a part for some
    // parsers only.
    error find_end(std::size_t begin, std::size_t& end) {
        std::size_t from = begin;
        for (;;) {
            const std::size_t found = body_.find(line_, from);
            if (found == std::string_view::npos) return bad("ends before its last boundary");
            from = found + 1;
            const bool line_start = (found == begin || body_[found - 1] == '\n') && is_delimiter(found + line_.size());
            if (!line_start) continue;
            if (found < begin + 2 || body_[found - 2] != '\r') return bad("has a boundary after a line end other than CR LF");
            end = found - 2;
            at_ = found + line_.size();
            return {};
        }
    }

    [[nodiscard]] bool is_delimiter(std::size_t after) const {
        const std::string_view rest = body_.substr(after);
        if (rest.starts_with("--")) return true;
        const std::size_t text = rest.find_first_not_of(" \t");
        return text == std::string_view::npos || rest[text] == '\r' || rest[text] == '\n';
    }

    // Behind the boundary: `--` and the end, or the rest of its line.
    error finish_line(bool& last) {
        if (body_.substr(at_).starts_with("--")) {
            const std::string_view after = body_.substr(at_ + 2);
            if (after.find_first_not_of("\r\n \t") != std::string_view::npos) return bad("goes on after its last boundary");
            last = true;
            return {};
        }
        while (at_ < body_.size() && (body_[at_] == ' ' || body_[at_] == '\t')) ++at_;
        if (!body_.substr(at_).starts_with("\r\n")) return bad("is cut or has a boundary line that does not end with CR LF");
        at_ += 2;
        return {};
    }

    std::string_view body_;
    std::string line_;
    std::size_t at_ = 0;
};

}  // namespace

error inspect_multipart(std::string_view content_type, std::string_view body, request_facts& out) {
    out = {};
    out.multipart = true;
    std::string boundary;
    if (error why = read_boundary(content_type, boundary)) return why;
    return walk{body, boundary}.run(out);
}

}  // namespace weir::dialect
