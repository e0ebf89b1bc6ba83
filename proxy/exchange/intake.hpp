// What a request asks for and whether it may: read from its head and body against one conf, in the order in which the first refusal is the one that
// the client sees. The server and `weir explain` decide here, so that they cannot differ. It reads no socket and waits for nothing.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.hpp"
#include "exchange/asked.hpp"
#include "http/head.hpp"
#include "policy/keys/key_ring.hpp"
#include "policy/web_guard.hpp"
#include "pools/snapshot.hpp"
#include "record/request_record.hpp"

namespace weir::exchange {

/// The body as it was understood; 64 readable bytes stand behind it.
struct read_body {
    const char* data;
    std::size_t size;
};

class intake {
public:
    /// Everything it finds out goes to `what` and `told`.
    intake(const pools::snapshot& by, asked& what, record::request_record& told) : by_(by), asked_(what), told_(told) {}

    /// Method and path. The head's other fields are not judged yet.
    void classify(const http::request_head& h);
    /// What can be said before anybody asks who is calling. `hosts`: the rules of the listener where it came in.
    [[nodiscard]] core::error check_head(const http::request_head& h, const policy::host_rules& hosts);
    /// Whose key is it? `address`: the client's, as text.
    [[nodiscard]] core::error check_caller(const http::request_head& h, std::string_view address);
    /// May that key call the endpoint?
    [[nodiscard]] core::error check_rights(const http::request_head& h);
    /// Is the body that is announced larger than limits.request_body?
    [[nodiscard]] core::error check_size(const http::request_head& h) const;

    /// What the body says. An upload that is not kept says nothing: `body.data` is null then.
    [[nodiscard]] core::error understand(const http::request_head& h, read_body body);
    /// `made_in`: the pool where the object was made that the request is about; empty: about none.
    [[nodiscard]] core::error find_route(std::string_view made_in);

    /// What the caller's key is asked for. `body_size` in bytes.
    [[nodiscard]] policy::ask need(std::size_t body_size) const;

private:
    [[nodiscard]] core::error check_web(const http::request_head& h, const policy::host_rules& hosts) const;
    [[nodiscard]] core::error check_unnamed_tunnel();
    [[nodiscard]] const policy::route* take_route_of_query();
    [[nodiscard]] const policy::route* route_without_model(std::string_view made_in) const;
    void note_origin(const http::request_head& h);
    [[nodiscard]] const config::conf& conf() const { return *by_.conf; }

    const pools::snapshot& by_;
    asked& asked_;
    record::request_record& told_;
};

/// How many places of the route may serve this request: what goes through a tunnel at /v1/responses cannot get another model's name.
[[nodiscard]] std::size_t candidates(const asked& what);

/// What only looks, counts or passes unread has no price; a tunnel at /v1/responses names its models later.
[[nodiscard]] bool must_be_priced(const asked& what);

/// For who pays by a budget, a place where the request would cost nothing that weir knows of.
[[nodiscard]] bool passes_over(asked& what, std::size_t candidate, const config::conf& conf);

}  // namespace weir::exchange
