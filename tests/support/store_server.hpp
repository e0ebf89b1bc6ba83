// A real Redis (or Valkey) server on a port of the system's choice, without persistence; it can be stopped, frozen and started
// again on the same port.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/process.hpp"
#include "support/temp_folder.hpp"

namespace weir::test {

class store_server {
public:
    /// Starts it and waits until it answers. Throws std::runtime_error when there is no server program or it does not come up.
    /// `more`: further arguments, such as {"--requirepass", "x"}.
    explicit store_server(std::vector<std::string> more = {});

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_) + "/0"; }

    void start();
    void kill();          ///< at once; what it held is lost
    void freeze() const;  ///< it keeps its connections and says nothing more
    void thaw() const;
    /// One command by hand; what the server says, without its first sign.
    [[nodiscard]] std::string say(const std::string& command) const;

private:
    temp_folder folder_;
    std::vector<std::string> more_;
    int port_;
    std::unique_ptr<process> process_;
};

}  // namespace weir::test
