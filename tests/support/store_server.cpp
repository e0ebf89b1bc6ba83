#include "support/store_server.hpp"

#include <csignal>
#include <filesystem>
#include <stdexcept>

#include "support/gateway_process.hpp"
#include "support/raw_client.hpp"

namespace weir::test {
namespace {

std::string server_program() {
    for (const char* path : {"/usr/bin/redis-server", "/usr/bin/valkey-server", "/usr/local/bin/redis-server"})
        if (std::filesystem::exists(path)) return path;
    throw std::runtime_error("no redis-server: install the packages of deploy/packages.sh");
}

}  // namespace

store_server::store_server(std::vector<std::string> more) : more_(std::move(more)), port_(unused_port()) { start(); }

void store_server::start() {
    std::vector<std::string> command = {
        server_program(),       "--port", std::to_string(port_), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir",
        folder_.path().string()};
    command.insert(command.end(), more_.begin(), more_.end());
    process_ = std::make_unique<process>(std::move(command), folder_.path().string());
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (std::chrono::steady_clock::now() < until && process_->running()) {
        const auto said = say("PING");
        if (said == "PONG" || said.starts_with("NOAUTH")) return;
        std::this_thread::sleep_for(milliseconds{10});
    }
    throw std::runtime_error("redis-server did not come up:\n" + process_->out() + process_->err());
}

void store_server::kill() {
    process_->signal(SIGKILL);
    (void)process_->wait();
    process_.reset();
}

void store_server::freeze() const { process_->signal(SIGSTOP); }
void store_server::thaw() const { process_->signal(SIGCONT); }

std::string store_server::say(const std::string& command) const {
    raw_client client{"127.0.0.1:" + std::to_string(port_)};
    if (!client.connected() || !client.send(command + "\r\n")) return {};
    std::string said = client.read_raw(milliseconds{1000});
    while (said.ends_with('\n') || said.ends_with('\r')) said.pop_back();
    return said.empty() ? said : said.substr(1);
}

}  // namespace weir::test
