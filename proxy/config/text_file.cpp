// Files and raw bytes. It knows no YAML beyond "no tabs in the indentation".
#include "config/text_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace weir::config {

namespace {

class descriptor {
public:
    explicit descriptor(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) {}
    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;
    ~descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }

private:
    int fd_;
};

std::string because(const char* what) { return std::string{what} + " (" + std::strerror(errno) + ")"; }

/// The length of the valid UTF-8 sequence at the start, 0 for none (RFC 3629: no overlong forms, no surrogates).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto follows = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) { return byte(i) >= low && byte(i) <= high; };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        const unsigned low = first == 0xE0 ? 0xA0 : 0x80, high = first == 0xED ? 0x9F : 0xBF;
        return follows(1, low, high) && follows(2) ? 3 : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        const unsigned low = first == 0xF0 ? 0x90 : 0x80, high = first == 0xF4 ? 0x8F : 0xBF;
        return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
    }
    return 0;
}

bool is_forbidden_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\r' && c != '\n') || c == 0x7f; }

using report = std::function<void(position, std::string)>;

/// One line without its end; false when no YAML reader should see it.
bool check_line(std::string_view line, int number, const report& on_fault) {
    const std::size_t content = line.find_first_not_of(" \t\r");
    const std::size_t tab = line.find('\t');
    const bool means_something = content != std::string_view::npos && line[content] != '#';
    if (means_something && tab < content) on_fault({number, static_cast<int>(tab) + 1}, "a tab in the indentation: YAML allows only spaces there");
    for (std::size_t at = 0; at < line.size();) {
        const position here{number, static_cast<int>(at) + 1};
        if (is_forbidden_control(line[at])) return on_fault(here, "a control character: the file is not text"), false;
        const std::size_t length = sequence_length(line.substr(at));
        if (length == 0) return on_fault(here, "not valid UTF-8: save the file as UTF-8"), false;
        at += length;
    }
    return true;
}

}  // namespace

file_text read_file(const std::string& path, std::size_t limit, bool streams) {
    struct stat info{};
    if (::stat(path.c_str(), &info) != 0) return {std::nullopt, because("cannot be opened")};
    if (S_ISDIR(info.st_mode)) return {std::nullopt, "is a directory"};
    if (!S_ISREG(info.st_mode) && !(streams && (S_ISFIFO(info.st_mode) || S_ISCHR(info.st_mode)))) return {std::nullopt, "is not a regular file"};
    const descriptor file{path};
    if (file.get() < 0) return {std::nullopt, because("cannot be opened")};
    std::string text;
    std::array<char, 16384> chunk;
    while (true) {
        const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return {std::nullopt, because("cannot be read")};
        if (got == 0) return {std::move(text), {}};
        text.append(chunk.data(), static_cast<std::size_t>(got));
        if (text.size() > limit) return {std::nullopt, "is too large (more than " + std::to_string(limit) + " bytes)"};
    }
}

bool check_text(std::string_view text, const report& on_fault) {
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    int number = 1;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (!check_line(text.substr(0, end), number++, on_fault)) return false;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return true;
}

}  // namespace weir::config
