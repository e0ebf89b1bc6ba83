#include "app/file_watch.hpp"

#include <sys/stat.h>

#include <utility>

namespace weir::app {

void file_watch::use(std::vector<std::string> files) {
    files_ = std::move(files);
    known_ = last_ = look();
}

bool file_watch::settled_change() {
    const auto before = std::exchange(last_, look());
    if (last_ == known_ || last_ != before) return false;
    known_ = last_;
    return true;
}

std::string file_watch::look() const {
    std::string out;
    for (const auto& file : files_) {
        struct stat info{};
        if (::stat(file.c_str(), &info) != 0) {
            out += "gone;";
            continue;
        }
        for (const auto part : {static_cast<long long>(info.st_dev), static_cast<long long>(info.st_ino), static_cast<long long>(info.st_size),
                                static_cast<long long>(info.st_mtim.tv_sec), static_cast<long long>(info.st_mtim.tv_nsec)})
            out += std::to_string(part) + ",";
        out += ";";
    }
    return out;
}

}  // namespace weir::app
