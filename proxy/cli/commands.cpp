// Registers the commands and turns CLI11's outcomes into exit codes.
#include "cli/commands.hpp"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "cli/command.hpp"
#include "core/version.hpp"
#include "net/tls_memory.hpp"

namespace weir::cli {
namespace {

/// Help and version are answers, everything else that stops parsing is wrong usage.
int said(const CLI::App& root, const CLI::ParseError& why) {
    const int code = root.exit(why, std::cout, std::cerr);
    return code == 0 ? fine : wrong_usage;
}

}  // namespace

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
        return "weir: " + std::string{why.what()} + "\nsee: " + app->get_name() + " --help\n";
    });

    std::string conf_file = default_conf;
    root.add_option("-c,--conf", conf_file, "the conf file")->type_name("FILE")->capture_default_str();
    action chosen = [&] { return serve_conf(conf_file); };
    add_serve(root, chosen);
    add_check(root, chosen);
    add_explain(root, chosen);
    add_spend(root, chosen);
    add_count(root, chosen);
    add_doctor(root, chosen);
    add_health(root, chosen);
    add_top(root, chosen);
    add_diff(root, chosen);
    add_demo(root, chosen);

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
