// What net/ can be told: listeners, client limits, upstream connections. Defaults are the contract's.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::net {

using namespace std::chrono_literals;
using milliseconds = std::chrono::milliseconds;

struct tls_server_settings {
    std::string certificate;          ///< path of a PEM chain (absolute after loading)
    std::string private_key;          ///< path of a PEM key
    std::string client_ca;            ///< not empty: mutual TLS is required
    std::string min_version = "1.2";  ///< "1.2" or "1.3"
    bool operator==(const tls_server_settings&) const = default;
};

struct listener_settings {
    std::string address;  ///< HOST:PORT, [V6]:PORT or unix:/path
    std::optional<tls_server_settings> tls;
    std::vector<std::string> trusted_proxies;  ///< CIDR blocks: X-Forwarded-For and PROXY headers from these count
    std::vector<std::string> hosts;            ///< names that it may be called by, in lower case and without port, beside loopback ones
    bool proxy_protocol = false;               ///< every connection begins with a PROXY header, version 1 or 2
    bool operator==(const listener_settings&) const = default;
};

struct limits {
    std::size_t request_head = 32 * 1024;
    std::size_t request_body = 64ull << 20;
    std::size_t buffered_bodies = 1ull << 30;
    std::size_t event = 4ull << 20;       ///< one SSE event
    std::size_t collected = 64ull << 20;  ///< one answer that is put together from a stream
    int connections = 20000;
    milliseconds event_loop_delay = 1s;  ///< events may wait so long before requests are refused; 0: for ever
    milliseconds head_timeout = 10s;
    milliseconds body_timeout = 30s;
    milliseconds keepalive_timeout = 75s;
    milliseconds drain_timeout = 10min;
    bool normalize_paths = true;
};

struct tls_client_settings {
    std::string ca;           ///< path; empty: the system's trust store
    std::string server_name;  ///< empty: the URL's host
    bool verify = true;
    bool operator==(const tls_client_settings&) const = default;
};

/// Limits by phase of one upstream attempt; 0: none.
struct timeouts {
    milliseconds connect = 5s;        ///< name, TCP and TLS
    milliseconds first_byte = 120s;   ///< request sent to response head
    milliseconds first_token = 300s;  ///< request sent to first content
    milliseconds idle = 120s;         ///< between two events or reads
    milliseconds total = 60min;
};

struct keepalive {
    int idle = 256;  ///< idle connections kept per upstream
    milliseconds timeout = 50s;
};

}  // namespace weir::net
