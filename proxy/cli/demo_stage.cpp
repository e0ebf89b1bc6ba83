// Sets the stage in the order providers, files, gateway; takes it down the other way round.
#include "cli/demo_stage.hpp"

#include <fstream>
#include <stdexcept>
#include <system_error>

#include "cli/demo_talk.hpp"
#include "config/load.hpp"
#include "net/resolver.hpp"
#include "net/tls_context.hpp"

namespace weir::cli {
namespace {

constexpr const char* price_text =
    "# USD per million tokens\n"
    "models:\n"
    "  gpt-4o: {input: 2.50, cached_input: 1.25, output: 10.00}\n"
    "  gpt-4o-mini: {input: 0.15, cached_input: 0.075, output: 0.60}\n";

std::string upstream_line(const mock::provider& provider, int weight) {
    return "      - {name: " + provider.name() + ", url: \"" + provider.url() + "/v1\", weight: " + std::to_string(weight) +
           ", api_key: " + demo_stage::provider_key + ", tls: {ca: ca.pem, server_name: localhost}}\n";
}

}  // namespace

temporary_folder::temporary_folder() {
    auto pattern = (std::filesystem::temp_directory_path() / "weir-demo-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + pattern);
    path_ = pattern;
}

temporary_folder::~temporary_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

void temporary_folder::write(const std::string& name, const std::string& text) const {
    std::ofstream out{path_ / name, std::ios::binary};
    out << text;
    out.close();
    if (!out) throw std::runtime_error("cannot write " + (path_ / name).string());
    std::filesystem::permissions(path_ / name, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

demo_stage::demo_stage(const mock::timing& pace) {
    start_provider(north_, "north", pace);
    start_provider(south_, "south", pace);
    write_files();
    const auto file = (folder_.path() / "weir.yaml").string();
    const auto loaded = config::load(file, config::process_environment());
    if (!loaded.value) throw std::runtime_error(loaded.faults.empty() ? "the conf is not usable" : config::to_string(loaded.faults.front()));
    conf_ = loaded.value;
    gateway_ = std::make_unique<app::gateway>(conf_);
    gateway_->start();
}

demo_stage::~demo_stage() {
    if (gateway_) gateway_->drain_and_stop();
}

void demo_stage::start_provider(std::unique_ptr<mock::provider>& into, const char* name, const mock::timing& pace) {
    const auto made = authority_.issue({.common_name = name});
    mock::options options;
    options.name = name;
    options.tls = mock::tls_options{made.pem, made.private_key, ""};
    options.timing = pace;
    options.api_key = provider_key;
    into = std::make_unique<mock::provider>(std::move(options));
    into->on([](const mock::call& what) { return demo_answer(what.body); });
    into->start();
}

void demo_stage::write_files() {
    const auto own = authority_.issue({.common_name = "weir"});
    folder_.write("ca.pem", authority_.pem());
    folder_.write("cert.pem", own.pem);
    folder_.write("key.pem", own.private_key);
    folder_.write("prices.yaml", price_text);
    conf_text_ =
        "listeners:\n"
        "  - address: 127.0.0.1:0\n"
        "    tls: {certificate: cert.pem, private_key: key.pem}\n"
        "admin: {address: \"127.0.0.1:0\"}\n"
        "pools:\n"
        "  demo:\n"
        "    balance: weighted_round_robin\n"
        "    upstreams:\n" +
        upstream_line(*north_, 2) + upstream_line(*south_, 1) +
        "keys:\n"
        "  - {name: demo, secret: " +
        client_key +
        "}\n"
        "prices: prices.yaml\n"
        "state: {ledger: ledger.db}\n"
        "log: {access: access.log, level: error}\n";
    folder_.write("weir.yaml", conf_text_);
}

std::string demo_stage::address() const {
    const auto all = gateway_->addresses();
    if (all.empty()) throw std::runtime_error("the gateway listens nowhere");
    return all.front();
}

std::string demo_stage::admin_address() const { return gateway_->admin_address(); }

std::shared_ptr<const net::upstream_target> demo_stage::as_called() const {
    auto to = std::make_shared<net::upstream_target>();
    to->name = std::make_shared<net::resolved_name>(net::parse_address(address()).value());
    to->tls = true;
    to->server_name = "localhost";
    to->context = net::make_client_context({.ca = (folder_.path() / "ca.pem").string(), .server_name = {}, .verify = true});
    return to;
}

}  // namespace weir::cli
