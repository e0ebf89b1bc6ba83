// One question to the admin address of a running weir, for the commands that ask it something: TCP or a unix socket, one connection each, nothing
// kept.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace weir::cli {

struct admin_answer {
    int status = 0;
    std::string body;
    std::string fault;  ///< why there is no whole answer, in words; empty: there is one
};

/// GETs `path`. `address` as in admin.address of a conf; one that listens on every interface is asked on the loopback one. `token`: sent as
/// `Authorization: Bearer` when it is not empty. `patience` limits the whole call.
[[nodiscard]] admin_answer admin_call(const std::string& address, std::string_view path, std::string_view token = {},
                                      std::chrono::milliseconds patience = std::chrono::seconds{5});

}  // namespace weir::cli
