// A request as one pool's upstreams get it: a head whose start line, Host, lengths, credentials and tracing are written anew while the client's other
// fields are copied, and the body with the few values that change. It sends nothing.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/trace_context.hpp"
#include "dialect/request.hpp"
#include "exchange/asked.hpp"
#include "exchange/attempt/ruled_body.hpp"
#include "exchange/place.hpp"
#include "exchange/request/request_body.hpp"
#include "exchange/translation/translated_request.hpp"
#include "http/head.hpp"
#include "net/gather.hpp"
#include "wire/upstream_stream.hpp"

namespace weir::exchange {

class outgoing {
public:
    /// What of the request's own the head repeats.
    struct envelope {
        std::string_view request_id;
        core::trace_context trace;
        bool continues_trace = false;  ///< the client's own, so that its tracestate goes along
        bool has_keys = false;         ///< the client's credential is weir's own, and ends here
        bool reads_answer = false;     ///< weir looks into the answer: it must be plain
    };

    /// For an upstream of `to.pool` that knows the model as `to.model`, and for those that get the same.
    outgoing(const asked& what, const request_body& body, const place& to, const config::conf& by);
    [[nodiscard]] bool is_for(const place& to) const {
        return pool_ == to.pool && model_ == to.model && rules_ == rules_of(to) && (!translated_ || translated_->how().turned == asked_.turned);
    }

    /// The pool cannot serve it; null: it can.
    [[nodiscard]] const core::error* refused() const {
        if (translated_ && translated_->refused()) return &translated_->refused();
        return refused_.get();
    }
    /// What becomes of it where another dialect is spoken; null: it goes as it came.
    [[nodiscard]] const translated_request* translated() const { return translated_.get(); }
    /// What was written anew counts as bodies that are held, beside the client's own. Where there is no room for it, it is refused.
    void count_memory(const shared_memory& of);
    /// What weir had put into it, and took out again; null: nothing.
    [[nodiscard]] const record::translation* cuts() const { return cuts_; }
    /// The conf changes it, or it is translated.
    [[nodiscard]] bool is_rewritten() const { return ruled_ || translated_; }
    /// Of one that is rewritten: what the client is told of it.
    [[nodiscard]] std::unique_ptr<record::translation> said() const;
    /// The endpoint that is spoken there.
    [[nodiscard]] dialect::endpoint speaks() const;
    /// A stream is asked for, although the client wants one document.
    [[nodiscard]] bool collects() const { return collects_; }
    /// weir asks for the stream's usage, and the client did not: it is taken out of what the client gets.
    [[nodiscard]] bool hides_usage() const { return hides_usage_; }
    /// A stream that is cut short can be told from one that ended.
    [[nodiscard]] bool has_terminator() const;

    /// `h`: the client's head.
    void write_head(wire::request_out& out, const http::request_head& h, const pools::upstream_runtime& to, const envelope& with) const;
    /// The body as pieces of memory that stay where they are; `copied` where there are too many of them.
    void add_body(net::gather& out, std::string& copied) const;

private:
    [[nodiscard]] bool sends_encoded() const { return body_.has_coding() && !body_.as_sent().empty() && edits_.empty() && !translated_ && !ruled_; }
    [[nodiscard]] std::uint64_t sent_size() const;
    void cut_envelopes();
    void apply_conf(const asked& what);
    [[nodiscard]] bool is_native(const place& to, const config::conf& by);
    [[nodiscard]] bool passes_credential(const pools::upstream_runtime& to, bool has_keys) const;
    /// What the upstream itself changes; null: nothing.
    [[nodiscard]] static const core::body_rules* rules_of(const place& to) {
        return to.to && !to.to->conf->rules.empty() ? &to.to->conf->rules : nullptr;
    }
    /// The client's, or what the conf's rules made of it.
    [[nodiscard]] std::string_view text() const { return ruled_ ? std::string_view{ruled_->text} : body_.bytes(); }
    [[nodiscard]] const dialect::request_facts& facts() const { return ruled_ ? ruled_->facts : asked_.facts; }
    void translate(const service& how, const place& to, const config::conf& by);
    [[nodiscard]] bool is_json() const { return body_.is_kept() && asked_.target.body == dialect::body_form::json; }
    void write_path(std::string& out, const http::request_head& h, const pools::upstream_runtime& to, bool swaps_credential) const;

    const asked& asked_;
    const request_body& body_;
    const pools::pool_runtime* pool_;
    std::string_view model_;         ///< the snapshot's or the request's
    const core::body_rules* rules_;  ///< likewise; null: none of the upstream's own
    std::unique_ptr<ruled_body> ruled_;
    std::vector<dialect::edit> edits_;  ///< of text()
    std::unique_ptr<translated_request> translated_;
    std::unique_ptr<const core::error> refused_;
    const record::translation* cuts_ = nullptr;
    std::size_t number_ = 0;  ///< of the pool in the conf, where it is translated
    bool collects_ = false;
    bool hides_usage_ = false;
};

}  // namespace weir::exchange
