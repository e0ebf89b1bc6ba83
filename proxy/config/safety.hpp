// What a conf may say and hardly means: open doors, secrets in the clear, settings that undo each other. Warnings only.
#pragma once

#include "config/sections.hpp"

namespace weir::config {

/// Whether only this machine reaches HOST:PORT or unix:/path.
[[nodiscard]] bool is_this_machine(std::string_view address);
/// Whether other machines surely reach a listen address: any of the network's, or a wildcard. Of a name nobody knows.
[[nodiscard]] bool is_open(std::string_view listen_address);
/// Whether a host is somewhere on the internet: neither this machine nor a name or address of a network of one's own.
[[nodiscard]] bool is_public(std::string_view host);

/// Called once an upstream is read; `url` is where its URL stands.
void warn_of_upstream(const upstream_conf& upstream, const value& url);
/// `written`: where `dialect` stands, if it does.
void warn_of_dialect(const pool_conf& pool, const value& at, const std::optional<value>& written);
/// Somebody else on this machine can read it.
void warn_of_key_file(const value& at, const std::string& path);

/// Across all sections.
void check_safety(const conf& what, const mentions& seen);

}  // namespace weir::config
