// What an upstream gets: a head whose start line, Host, lengths, credentials and tracing are written anew while the client's other fields are
// copied, and the body with its edits.
#include <algorithm>

#include "dialect/collector.hpp"
#include "dialect/credentials.hpp"
#include "dialect/forwarded_query.hpp"
#include "exchange/exchange_runner.hpp"
#include "exchange/sent_request.hpp"
#include "http/head_writer.hpp"

namespace weir::exchange {
namespace {

// More edits than this are made in a copy of the body instead of by gathering its pieces.
constexpr std::size_t gathered_edits = 6;

bool is_ours(const pools::upstream_runtime& to, std::string_view name) {
    if (http::same_for_all(name, to.credential_name)) return true;
    return std::any_of(to.conf->headers.begin(), to.conf->headers.end(), [&](const auto& h) { return http::same_for_all(h.first, name); });
}

// A body that was read as JSON is called so: what curl and fetch() say by themselves is a form's or a text's type, and servers believe it.
bool is_default_type(std::string_view type) {
    auto what = type.substr(0, type.find(';'));
    while (what.ends_with(' ') || what.ends_with('\t')) what.remove_suffix(1);
    return what.empty() || http::iequals(what, "application/x-www-form-urlencoded") || http::iequals(what, "text/plain");
}

// A client's key for weir, in whatever field it stands.
bool repeats_secret(std::string_view value, std::string_view secret) {
    constexpr std::size_t shortest = 8;
    return secret.size() >= shortest && value.size() >= secret.size() && value.find(secret) != std::string_view::npos;
}

}  // namespace

void exchange_runner::write_upstream_head(std::string& out, const pools::upstream_runtime& to, std::size_t attempt) {
    using http::field_id;
    const auto& h = head();
    const auto& target = asked_.target;
    const auto& facts = asked_.facts;
    bool traced = false;
    const auto trace = told_.trace_for(home_, h.fields.value_of(field_id::traceparent), attempt, traced);
    // With keys configured the client's credential is weir's own; with an own upstream key it is replaced.
    const bool swap = view_->shared->has_keys() || !to.credential_name.empty();
    const auto secret = view_->shared->has_keys() ? dialect::find_credential(h) : std::string_view{};
    http::head_writer head{out};
    out.append(h.method).append(1, ' ');
    const bool renames = !asked_.path_model.empty() && told_.record.served_model != facts.model;
    const bool to_stream = collecting_ && target.id == dialect::endpoint::gemini_generate;
    out += path_sent(*pool_->conf, *to.conf, target, renames ? told_.record.served_model : std::string_view{}, collecting_ != nullptr);
    if (!h.query.empty() || to_stream) {
        const dialect::query_filter filter{swap, swap ? dialect::find_credential(h) : std::string_view{}, to_stream};
        if (renames && target.id == dialect::endpoint::realtime)
            dialect::append_forwarded_query(out, dialect::rename_in_query(h.query, told_.record.served_model), filter);
        else
            dialect::append_forwarded_query(out, h.query, filter);
    }
    out.append(" HTTP/1.1\r\n");
    head.add("host", to.authority);
    std::string_view via;
    const bool connection_names = http::names_fields(h.connection);
    const bool json = body_.is_kept() && target.body == dialect::body_form::json;
    bool typed = false;
    for (const auto& f : h.fields) {
        switch (f.id) {
            case field_id::host:
            case field_id::content_length:
            case field_id::expect:
            case field_id::x_request_id:
            case field_id::traceparent: continue;
            case field_id::via: via = f.value; continue;
            case field_id::content_type:
                if (json && is_default_type(f.value)) continue;
                typed = true;
                break;
            case field_id::max_forwards:
                if (h.method == "OPTIONS") continue;  // below, one less
                break;
            case field_id::content_encoding:
                if (body_.has_coding() && !sends_encoded()) continue;  // a value in it changes: it goes as what it means
                break;
            case field_id::tracestate:
                if (!traced) continue;  // of a trace that does not go on
                break;
            // What cannot be read cannot be metered: ask for plain answers.
            case field_id::accept_encoding:
                if (asked_.understood || reads_object()) continue;
                break;
            default: break;
        }
        if (http::is_hop_by_hop(f.id) || (swap && dialect::is_credential(f.id))) continue;
        if (connection_names && http::named_by_connection(h.connection, f.name)) continue;
        if (is_ours(to, f.name)) continue;
        if (f.id == field_id::other) {
            const bool of_websocket = f.name.size() > 14 && (f.name[0] | 0x20) == 's' && (f.name[4] | 0x20) == 'w';  // sec-websocket-…
            const bool may_name_key = of_websocket && swap && http::iequals(f.name, "sec-websocket-protocol");
            if (http::is_treacherous(f.name) || (!may_name_key && repeats_secret(f.value, secret))) continue;
            if (of_websocket && asked_.tunnel() && http::iequals(f.name, "sec-websocket-extensions"))
                continue;  // compressed messages could not be read
            if (may_name_key) {
                if (const auto rest = dialect::subprotocols_without_key(f.value); !rest.empty()) head.add(f.name, std::string_view{rest});
                continue;
            }
        }
        head.copy(f);
    }
    if (json && !typed) head.add("content-type", std::string_view{"application/json"});
    if (h.method == "OPTIONS")
        if (const auto hops = http::hops_left(h); hops && *hops > 0) head.add("max-forwards", static_cast<std::uint64_t>(*hops - 1));
    if (asked_.understood || reads_object()) head.add("accept-encoding", std::string_view{"identity"});
    if (!to.credential_name.empty()) head.add(to.credential_name, to.credential_value.reveal());
    for (const auto& [name, value] : to.conf->headers) head.add(name, value.reveal());
    char traceparent[core::traceparent_size];
    core::write_traceparent(traceparent, trace);
    head.add("traceparent", std::string_view{traceparent, sizeof traceparent});
    head.add("x-request-id", told_.record.request_id);
    // The same for every try, so that an upstream that knows it does the work once.
    if (pool_->conf->idempotency && !asked_.reads_only() && dialect::makes_something(target, facts) && h.fields.value_of("idempotency-key").empty())
        head.add("idempotency-key", told_.record.request_id);
    if (via.empty()) {
        head.add("via", std::string_view{"1.1 weir"});
    } else {
        head.flush();
        out.append("via: ").append(via).append(", 1.1 weir\r\n");
    }
    if (asked_.tunnel()) {
        head.add("connection", std::string_view{"upgrade"});
        head.add("upgrade", std::string_view{"websocket"});
    }
    if (body_.is_kept() || body_.uploading() || h.method == "POST" || h.method == "PUT" || h.method == "PATCH")
        head.add("content-length", sends_encoded() ? body_.as_sent().size() : dialect::edited_size(body_.size(), edits_));
    head.end();
}

// The head and the body with its edits, as pieces of memory that stay where they are; `copied` where there are too many of them.
void exchange_runner::compose_request(net::gather& out, std::string_view head, std::string& copied) {
    out.clear();
    out.add(head);
    if (sends_encoded()) return out.add(body_.as_sent());
    if (edits_.size() > gathered_edits) {
        std::size_t at = 0;
        for (const auto& e : edits_) {
            copied.append(body_.data() + at, e.at.begin - at).append(e.with);
            at = e.at.end;
        }
        copied.append(body_.data() + at, body_.size() - at);
        out.add(copied);
    } else {
        std::size_t at = 0;
        for (const auto& e : edits_) {
            out.add({body_.data() + at, e.at.begin - at});
            out.add(e.with);
            at = e.at.end;
        }
        if (body_.is_kept()) out.add({body_.data() + at, body_.size() - at});
    }
}

}  // namespace weir::exchange
