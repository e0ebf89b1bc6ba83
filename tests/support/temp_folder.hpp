// A folder that goes away with the test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace weir::test {

class temp_folder {
public:
    temp_folder();
    ~temp_folder();
    temp_folder(const temp_folder&) = delete;
    temp_folder& operator=(const temp_folder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }
    /// Writes (over) a file and gives its path.
    std::string write(std::string_view name, std::string_view text) const;
    [[nodiscard]] std::string read(std::string_view name) const;  ///< "" when it is not there

private:
    std::filesystem::path path_;
};

}  // namespace weir::test
