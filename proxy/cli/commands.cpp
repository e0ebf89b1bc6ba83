// Registers the commands, says to CLI11 what they take, and turns its outcomes into exit codes.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <utility>

#include "cli/command.hpp"
#include "config/fault.hpp"
#include "config/suggest.hpp"
#include "core/version.hpp"
#include "net/tls_memory.hpp"

namespace weir::cli {
namespace {

/// `; did you mean 'serve'?` for a word that no command has; nothing where none is near.
std::string near_miss(const CLI::App& root) {
    const auto left = root.remaining(true);
    if (left.empty()) return {};
    const auto chosen = root.get_subcommands();
    std::vector<std::string> known;
    if (left.front().starts_with("--")) {
        const CLI::App& at = chosen.empty() ? root : *chosen.front();
        for (const auto* option : at.get_options())
            for (const auto& name : option->get_lnames()) known.push_back("--" + name);
    } else if (chosen.empty()) {
        for (const auto* each : root.get_subcommands([](const CLI::App*) { return true; })) known.push_back(each->get_name());
    }
    return config::did_you_mean(config::nearest(left.front(), known));
}

/// Help and version are answers, everything else that stops parsing is wrong usage.
int said(const CLI::App& root, const CLI::ParseError& why) {
    const int code = root.exit(why, std::cout, std::cerr);
    return code == 0 ? fine : wrong_usage;
}

template <class T>
CLI::Option* add(CLI::App& words, const std::string& names, T& into, const std::string& help, const std::string& value) {
    auto* const option = words.add_option(names, into, help);
    if (!value.empty()) option->type_name(value);
    return option;
}

}  // namespace

void command::option(const std::string& names, std::string& into, const std::string& help, const std::string& value) {
    auto* const option = add(words_, names, into, help, value);
    if (!into.empty()) option->capture_default_str();
}

void command::options(const std::string& names, std::vector<std::string>& into, const std::string& help, const std::string& value) {
    add(words_, names, into, help, value)->take_all();
}

void command::list(const std::string& names, std::vector<std::string>& into, const std::string& help, const std::string& value) {
    add(words_, names, into, help, value)->delimiter(',');
}

void command::conf(conf_choice& into, const std::string& help) {
    add(words_, "-c,--conf", into.file, help + "; default: conf/weir.yaml, else /etc/weir/weir.yaml", "FILE");
    add(words_, "--env-file", into.env_file, "variables for ${NAME} that the environment lacks; default: weir.env beside the conf", "FILE");
}

void command::flag(const std::string& names, bool& into, const std::string& help) { words_.add_flag(names, into, help); }

void command::argument(const std::string& name, std::string& into, const std::string& help) { words_.add_option(name, into, help)->required(); }

void command::optional_argument(const std::string& name, std::string& into, const std::string& help) { words_.add_option(name, into, help); }

void command::footer(const std::string& text) { words_.footer(text); }

void command::runs(action what) {
    words_.callback([&chosen = chosen_, what = std::move(what)] { chosen = what; });
}

command command_list::add(const std::string& name, const std::string& help) { return {*root_.add_subcommand(name, help), chosen_}; }

int run(int argc, char** argv) {
    net::keep_tls_buffers_apart();  // before anything uses OpenSSL
    CLI::App root{
        "weir: a gateway between applications and LLM providers. It passes the bytes on untouched and knows what they "
        "cost.",
        "weir"};
    root.set_version_flag("--version", "weir " + std::string{core::version}, "print the version");
    root.footer("Without a command weir serves.\nExample:\n  weir check -c conf/weir.yaml && weir -c conf/weir.yaml");
    root.require_subcommand(0, 1);
    root.failure_message([](const CLI::App* app, const CLI::Error& why) {
        return "weir: " + std::string{why.what()} + near_miss(*app) + "\nsee: " + app->get_name() + " --help\n";
    });

    conf_choice from;
    action chosen = [&] { return serve_conf(from); };
    command{root, chosen}.conf(from);
    command_list all{root, chosen};
    add_serve(all);
    add_check(all);
    add_conf(all);
    add_explain(all);
    add_translate(all);
    add_spend(all);
    add_count(all);
    add_doctor(all);
    add_health(all);
    add_top(all);
    add_diff(all);
    add_demo(all);
    add_import(all);
    add_setup(all);

    try {
        root.parse(argc, argv);
    } catch (const CLI::ParseError& why) {
        return said(root, why);
    }
    try {
        return chosen();
    } catch (const std::exception& failed) {
        std::cerr << "weir: " << failed.what() << '\n';
        return at_fault;
    }
}

}  // namespace weir::cli
