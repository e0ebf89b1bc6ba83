// The list of commands, as run() registers them: each adds itself with its options, its help and an example. Private to
// cli/.
#pragma once

#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace weir::cli {

/// What the chosen command does; returns the exit code.
using action = std::function<int()>;

inline constexpr const char* default_conf = "conf/weir.yaml";
inline constexpr int fine = 0;
inline constexpr int at_fault = 1;
inline constexpr int wrong_usage = 2;

void add_serve(CLI::App& root, action& chosen);
void add_check(CLI::App& root, action& chosen);
void add_explain(CLI::App& root, action& chosen);
void add_spend(CLI::App& root, action& chosen);
void add_count(CLI::App& root, action& chosen);
void add_doctor(CLI::App& root, action& chosen);
void add_health(CLI::App& root, action& chosen);
void add_top(CLI::App& root, action& chosen);
void add_diff(CLI::App& root, action& chosen);
void add_demo(CLI::App& root, action& chosen);

/// `weir` without a command serves.
[[nodiscard]] int serve_conf(const std::string& conf_file);

}  // namespace weir::cli
