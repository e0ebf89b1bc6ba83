#include "ledger/ledger_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "ledger/journal_format.hpp"
#include "ledger/unix_time.hpp"

namespace weir::ledger {
namespace {

namespace fs = std::filesystem;

}  // namespace

std::string lock_path(const std::string& ledger, std::size_t slot) { return ledger + (slot == 0 ? "" : "." + std::to_string(slot)) + ".lock"; }

std::string journal_path(const std::string& ledger, std::size_t worker, std::size_t slot) {
    return ledger + ".w" + std::to_string(worker) + (slot == 0 ? "" : "." + std::to_string(slot)) + ".journal";
}

std::size_t slot_of(const std::string& journal) {
    const std::string stem = fs::path(journal).stem().string();
    const auto dot = stem.rfind('.');
    if (dot == std::string::npos || dot + 1 == stem.size()) return 0;
    std::size_t slot = 0;
    for (const char c : stem.substr(dot + 1)) {
        if (c < '0' || c > '9' || slot > slots) return 0;
        slot = slot * 10 + static_cast<std::size_t>(c - '0');
    }
    return slot;
}

std::vector<std::string> journal_files(const std::string& path) {
    const fs::path ledger(path);
    const fs::path folder = ledger.has_parent_path() ? ledger.parent_path() : fs::path(".");
    const std::string prefix = ledger.filename().string() + ".w";
    std::vector<std::string> found;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name.starts_with(prefix) && name.ends_with(".journal")) found.push_back(it->path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string read_file(const std::string& path) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::string bytes;
    std::string piece(block_size, '\0');
    for (;;) {
        const ssize_t n = ::read(fd, piece.data(), piece.size());
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        bytes.append(piece, 0, static_cast<std::size_t>(n));
    }
    ::close(fd);
    return bytes;
}

std::string stamp_now() { return std::to_string(unix_ms(core::wall_clock::now())); }

}  // namespace weir::ledger
