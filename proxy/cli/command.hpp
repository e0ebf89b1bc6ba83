// The list of commands, as run() registers them: each adds itself with its options, its help and an example. Private to
// cli/.
// CLI11 consists of headers, and whoever includes it compiles all of it: only commands.cpp does.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/load.hpp"

namespace CLI {
class App;
}

namespace weir::cli {

/// What the chosen command does; returns the exit code.
using action = std::function<int()>;

/// `-c` and `--env-file` of a command.
struct conf_choice {
    std::string file;  ///< empty: conf/weir.yaml below the working directory, else /etc/weir/weir.yaml
    std::string env_file = {};

    [[nodiscard]] config::conf_source source() const;
    /// The conf with all that it needs; its faults are printed. Null when it is not usable.
    [[nodiscard]] std::shared_ptr<const config::conf> load() const;
    /// For who needs none of its secrets: variables may be missing, and warnings are not of interest.
    [[nodiscard]] std::shared_ptr<const config::conf> load_without_secrets() const;
};
inline constexpr int fine = 0;
inline constexpr int at_fault = 1;
inline constexpr int wrong_usage = 2;

/// One command's words on the command line. What an option is read into must live until the command has run.
class command {
public:
    command(CLI::App& words, action& chosen) : words_(words), chosen_(chosen) {}

    /// `names`: "-c,--conf". What `into` holds is the default; the help shows it unless it is empty. `value`: what the help calls the value.
    void option(const std::string& names, std::string& into, const std::string& help, const std::string& value = {});
    /// `-c` and `--env-file`.
    void conf(conf_choice& into, const std::string& help = "the conf file");
    /// May stand there several times.
    void options(const std::string& names, std::vector<std::string>& into, const std::string& help, const std::string& value);
    /// Its values are separated by commas.
    void list(const std::string& names, std::vector<std::string>& into, const std::string& help, const std::string& value);
    void flag(const std::string& names, bool& into, const std::string& help);
    /// What stands there without a name.
    void argument(const std::string& name, std::string& into, const std::string& help);
    void optional_argument(const std::string& name, std::string& into, const std::string& help);
    /// The end of the help, with an example.
    void footer(const std::string& text);
    void runs(action what);

private:
    CLI::App& words_;
    action& chosen_;
};

/// Where commands are added; run() owns what it refers to.
class command_list {
public:
    command_list(CLI::App& root, action& chosen) : root_(root), chosen_(chosen) {}
    command add(const std::string& name, const std::string& help);

private:
    CLI::App& root_;
    action& chosen_;
};

void add_serve(command_list& all);
void add_check(command_list& all);
void add_conf(command_list& all);
void add_explain(command_list& all);
void add_translate(command_list& all);
void add_spend(command_list& all);
void add_count(command_list& all);
void add_doctor(command_list& all);
void add_health(command_list& all);
void add_top(command_list& all);
void add_diff(command_list& all);
void add_demo(command_list& all);
void add_import(command_list& all);
void add_setup(command_list& all);

/// `weir` without a command serves.
[[nodiscard]] int serve_conf(const conf_choice& from);

}  // namespace weir::cli
