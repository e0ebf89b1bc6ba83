// How faults read. It knows no conf key.
#include "config/fault.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

namespace weir::config {

namespace {

constexpr std::size_t longest_quote = 80;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::string printable(std::string_view text) {
    std::string shown{text.substr(0, longest_quote)};
    std::replace_if(shown.begin(), shown.end(), is_control, '?');
    if (shown.size() == text.size()) return shown;
    // A cut inside a UTF-8 sequence would leave half a character on a terminal.
    while (!shown.empty() && (static_cast<unsigned char>(shown.back()) & 0xC0) == 0x80) shown.pop_back();
    if (!shown.empty() && static_cast<unsigned char>(shown.back()) >= 0xC0) shown.pop_back();
    return shown + "...";
}

}  // namespace

std::string to_string(const fault& what) {
    return what.file + ":" + std::to_string(what.line) + ":" + std::to_string(what.column) + (what.warning ? ": warning: " : ": error: ") +
           what.message;
}

void fault_list::add(std::string_view file, position at, bool warning, std::string message) {
    has_error_ = has_error_ || !warning;
    if (full()) return;
    // What many share (an alias, `defaults`) is read many times, and wrong once.
    const auto same = [&](const fault& f) { return f.line == at.line && f.column == at.column && f.file == file && f.message == message; };
    if (std::any_of(faults_.begin(), faults_.end(), same)) return;
    if (faults_.size() == most) message = "there are more faults; they show once these are mended";
    faults_.push_back({std::string{file}, at.line, at.column, warning, std::move(message)});
}

std::vector<fault> fault_list::sorted(std::string_view first_file) const {
    std::vector<std::string_view> files{first_file};
    const auto rank = [&](const fault& f) {
        const auto at = std::find(files.begin(), files.end(), f.file);
        return at - files.begin();
    };
    for (const fault& f : faults_)
        if (rank(f) == static_cast<std::ptrdiff_t>(files.size())) files.push_back(f.file);
    std::vector<std::size_t> order(faults_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const fault &l = faults_[a], &r = faults_[b];
        return std::make_tuple(rank(l), l.line, l.column, a) < std::make_tuple(rank(r), r.line, r.column, b);
    });
    std::vector<fault> result;
    result.reserve(order.size());
    for (const std::size_t i : order) result.push_back(faults_[i]);
    return result;
}

std::string in_quotes(std::string_view text) { return "'" + printable(text) + "'"; }

std::string did_you_mean(std::string_view suggestion) {
    if (suggestion.empty()) return {};
    return "; did you mean " + in_quotes(suggestion) + "?";
}

}  // namespace weir::config
