// What a listener accepts with; one per listener and conf, shared by the workers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/listener.hpp"
#include "net/tls_context.hpp"
#include "policy/ip_block.hpp"
#include "policy/web_guard.hpp"

namespace weir::pools {

struct listener_runtime {
    std::string name;  ///< the address as in the conf: the label of metrics
    std::shared_ptr<net::listening_socket> socket;
    std::vector<net::ssl_ctx> contexts;     ///< one per worker; empty: plain
    std::vector<policy::ip_block> trusted;  ///< proxies whose word about the client counts
    policy::host_rules hosts;               ///< where no keys are asked for: by which names it may be called
    bool proxy_protocol = false;            ///< every connection begins with a PROXY header
};

}  // namespace weir::pools
