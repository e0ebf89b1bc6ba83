// Reads and checks a conf file with everything it names: one immutable value, or every fault at its place.
// It opens no connection and keeps nothing between loads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/conf.hpp"
#include "config/environment.hpp"
#include "config/fault.hpp"

namespace weir::config {

struct loaded {
    std::shared_ptr<const conf> value;  ///< null if there is any error; warnings alone do not stop
    std::vector<fault> faults;          ///< in the order of the file, then those of the price file
};

/// The name of a conf that comes by standard input; its relative paths are the working directory's.
inline constexpr const char* from_stdin = "-";

/// A conf and where its variables come from.
struct conf_source {
    std::string file;           ///< or `from_stdin`
    std::string env_file = {};  ///< empty: weir.env beside the conf, where there is one
};

/// Reads the conf, its certificates and its price file. What the process's environment lacks comes from the file of variables, which is read
/// each time. `seen_by`: what stands between the conf and its variables.
[[nodiscard]] loaded load(const conf_source& from, missing_variables missing = missing_variables::are_faults,
                          const std::function<environment(environment)>& seen_by = {});

/// The same with other variables.
[[nodiscard]] loaded load(const std::string& path, const environment& env);

/// The same for a text that would stand at `path`; the file itself is not looked at.
[[nodiscard]] loaded load_text(std::string_view text, const std::string& path, const environment& env);

/// The conf that holds, as YAML (reference/dump.hpp), and what load() has to say of it.
struct dumped {
    std::string text;  ///< empty if there is any error
    std::vector<fault> faults;
};
[[nodiscard]] dumped dump(const conf_source& from);
[[nodiscard]] dumped dump(const std::string& path, const environment& env);

/// What is known of models without a conf.
[[nodiscard]] const dialect::hub::capability_book& shipped_capabilities();

/// The rows of a price file alone, with the faults of its text.
struct loaded_prices {
    std::vector<usage::model_price> rows;
    std::vector<fault> faults;
};
[[nodiscard]] loaded_prices load_prices_text(std::string_view text, const std::string& path);

}  // namespace weir::config
