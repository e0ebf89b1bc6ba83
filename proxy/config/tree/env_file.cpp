#include "config/tree/env_file.hpp"

#include <openssl/crypto.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "config/text_file.hpp"

namespace weir::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

void skip_blanks(std::string_view text, std::size_t& at) {
    while (at < text.size() && is_blank(text[at])) ++at;
}

// POSIX, XBD 8.1.
bool begins_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_in_name(char c) { return begins_name(c) || (c >= '0' && c <= '9'); }

class line_reader {
public:
    line_reader(std::string_view line, int number, const std::function<void(position, std::string)>& on_fault)
        : line_(line), number_(number), on_fault_(on_fault) {}

    void read(variables& into) {
        skip_blanks(line_, at_);
        if (at_ == line_.size() || line_[at_] == '#') return;
        constexpr std::string_view word = "export ";
        if (line_.substr(at_).starts_with(word)) at_ += word.size();
        skip_blanks(line_, at_);
        const auto start = at_;
        while (at_ < line_.size() && is_in_name(line_[at_])) ++at_;
        const auto name = line_.substr(start, at_ - start);
        if (name.empty() || !begins_name(name.front()) || at_ == line_.size() || line_[at_] != '=')
            return complain(start, "expected NAME=value, without blanks around the '='");
        ++at_;
        if (auto value = this->value()) into.insert_or_assign(std::string{name}, core::secret{std::move(*value)});
    }

private:
    void complain(std::size_t at, const char* what) { on_fault_({number_, static_cast<int>(at) + 1}, what); }

    std::optional<std::string> value() {
        skip_blanks(line_, at_);
        const char first = at_ < line_.size() ? line_[at_] : '\0';
        return first == '"' || first == '\'' ? in_quotes_of(first) : bare();
    }

    std::optional<std::string> in_quotes_of(char quote) {
        const auto start = at_++;
        std::string out;
        for (; at_ < line_.size() && line_[at_] != quote; ++at_) {
            const bool escaped = quote == '"' && line_[at_] == '\\' && at_ + 1 < line_.size();
            if (escaped) ++at_;
            out += escaped && line_[at_] == 'n' ? '\n' : line_[at_];
        }
        if (at_ == line_.size()) {
            complain(start, "the quote that opens here is not closed in this line");
            return std::nullopt;
        }
        ++at_;
        skip_blanks(line_, at_);
        if (at_ == line_.size() || line_[at_] == '#') return out;
        complain(at_, "something stands behind the closing quote");
        return std::nullopt;
    }

    std::string bare() const {
        std::string_view rest = line_.substr(at_);
        for (std::size_t i = 0; i < rest.size(); ++i)
            if (rest[i] == '#' && (i == 0 || is_blank(rest[i - 1]))) rest = rest.substr(0, i);
        while (!rest.empty() && is_blank(rest.back())) rest.remove_suffix(1);
        return std::string{rest};
    }

    std::string_view line_;
    int number_;
    const std::function<void(position, std::string)>& on_fault_;
    std::size_t at_ = 0;
};

}  // namespace

variables parse_env_file(std::string_view text, const std::function<void(position, std::string)>& on_fault) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    variables out;
    for (int number = 1; !text.empty(); ++number) {
        const auto end = std::min(text.find('\n'), text.size());
        line_reader{text.substr(0, end), number, on_fault}.read(out);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

bool env_file::usable() const {
    return std::all_of(faults.begin(), faults.end(), [](const fault& f) { return f.warning; });
}

environment env_file::environment_or(missing_variables missing) const {
    return [own = process_environment(), file = values, missing](std::string_view name) -> std::optional<std::string> {
        if (auto value = own(name)) return value;
        if (const auto found = file->find(name); found != file->end()) return std::string{found->second.reveal()};
        return missing == missing_variables::are_placeholders ? std::optional<std::string>{"missing"} : std::nullopt;
    };
}

env_file read_env_file(const std::string& named, const std::filesystem::path& beside) {
    env_file out;
    out.path = named.empty() ? (beside / "weir.env").string() : named;
    std::error_code ignored;
    if (named.empty() && !std::filesystem::exists(out.path, ignored)) {
        out.path.clear();
        return out;
    }
    const auto complain = [&](position at, std::string message, bool warning) {
        out.faults.push_back({out.path, at.line, at.column, warning, std::move(message)});
    };
    file_text file = read_file(out.path, largest_included, true);
    if (!file.text) {
        complain({}, "the file of variables " + file.problem, false);
        return out;
    }
    out.values =
        std::make_shared<variables>(parse_env_file(*file.text, [&](position at, std::string message) { complain(at, std::move(message), false); }));
    OPENSSL_cleanse(file.text->data(), file.text->size());
    struct stat info{};
    if (::stat(out.path.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0)
        complain({}, "everybody on this machine can read the secrets here: chmod o= it", true);
    return out;
}

}  // namespace weir::config
