// What a fleet can be told: where its store is, how much is leased at once, what to do without it. Defaults are the contract's.
#pragma once

#include <string>

#include "core/secret.hpp"
#include "policy/keys/fleet_share.hpp"

namespace weir::fleet {

/// Where a Redis or Valkey server is, and who asks.
struct store_address {
    bool tls = false;
    std::string host;  ///< without brackets; empty with `unix_path`
    std::string port = "6379";
    std::string unix_path;
    std::string user;       ///< empty: the server's default user
    core::secret password;  ///< empty: none is asked for
    int database = 0;
    std::string shown;  ///< without credentials: safe to show
};

struct settings {
    store_address store;
    int slice_percent = 1;  ///< of each limit; the worst overshoot is a slice for each weir
    policy::on_store_failure on_failure = policy::on_store_failure::local;
    int weirs = 0;  ///< that may share the limits at most; 0: not said
};

/// Who a weir is to the others. The processes of one ledger, one after another or for a while beside each other, are one family.
struct identity {
    std::string family;        ///< the same after a restart, and of no other ledger
    std::string member;        ///< this process within it
    int weirs_remembered = 0;  ///< how many shared the limits in an earlier life; 0: not known
};

}  // namespace weir::fleet
