// Command-line flags of the bench tools: `--name value` and `--name`. Does not know which names exist until asked.
#pragma once

#include <map>
#include <string>

namespace weir::bench {

class options {
public:
    options(int count, char** words);

    [[nodiscard]] bool has(const std::string& name);
    [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise);
    /// Exits with 2 when the value is not a number.
    [[nodiscard]] double number(const std::string& name, double otherwise);
    [[nodiscard]] int integer(const std::string& name, int otherwise);
    /// Exits with 2 when a flag was given that nobody asked for.
    void refuse_unknown() const;

private:
    std::map<std::string, std::string> given_;
    std::map<std::string, bool> asked_;
};

}  // namespace weir::bench
