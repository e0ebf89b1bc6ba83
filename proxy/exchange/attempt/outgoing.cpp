#include "exchange/attempt/outgoing.hpp"

#include <algorithm>
#include <array>
#include <iterator>

#include "dialect/credentials.hpp"
#include "dialect/endpoint_traits.hpp"
#include "dialect/forwarded_query.hpp"
#include "dialect/hub/cut_envelopes.hpp"
#include "exchange/sent_request.hpp"
#include "exchange/translation/unlisted_models.hpp"
#include "http/head_writer.hpp"

namespace weir::exchange {
namespace {

using http::field_id;

// More edits than this are made in a copy of the body instead of by gathering its pieces.
constexpr std::size_t gathered_edits = 6;

bool is_set_by_conf(const pools::upstream_runtime& to, std::string_view name) {
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

/// Which of a client's fields cross, and how.
class field_filter {
public:
    struct what {
        bool json = false;           ///< the body was read as JSON
        bool drops_coding = false;   ///< the body goes as what it means
        bool drops_state = false;    ///< of a trace that does not go on
        bool plain_answers = false;  ///< what cannot be read cannot be metered
        bool swaps = false;          ///< the client's credential ends here
        bool tunnel = false;
        bool foreign = false;  ///< what means something to its own provider alone stays here
    };
    field_filter(const http::request_head& h, const pools::upstream_runtime& to, std::string_view secret, const what& is)
        : head_(h), to_(to), secret_(secret), is_(is), connection_names_(http::names_fields(h.connection)) {}

    /// Afterwards typed() says whether the body's type was among them.
    [[nodiscard]] bool crosses(const http::field& f) {
        switch (f.id) {
            case field_id::host:
            case field_id::content_length:
            case field_id::expect:
            case field_id::x_request_id:
            case field_id::traceparent:
            case field_id::via: return false;
            case field_id::content_type:
                if (is_.foreign || (is_.json && is_default_type(f.value))) return false;
                typed_ = true;
                break;
            case field_id::max_forwards:
                if (head_.method == "OPTIONS") return false;  // written anew, one less
                break;
            case field_id::content_encoding:
                if (is_.drops_coding) return false;
                break;
            case field_id::tracestate:
                if (is_.drops_state) return false;
                break;
            case field_id::accept_encoding:
                if (is_.plain_answers) return false;
                break;
            default: break;
        }
        if (http::is_hop_by_hop(f.id) || (is_.swaps && dialect::is_credential(f.id))) return false;
        if (connection_names_ && http::named_by_connection(head_.connection, f.name)) return false;
        return !is_set_by_conf(to_, f.name);
    }
    /// Of a field without an id: it goes on as it is, not at all, or (`may_name_key`) without the key that is among its words.
    enum class verdict : std::uint8_t { goes, stays, may_name_key };
    [[nodiscard]] bool typed() const { return typed_; }
    [[nodiscard]] bool is_foreign() const { return is_.foreign; }
    [[nodiscard]] verdict judge(const http::field& f) const {
        const bool of_websocket = f.name.size() > 14 && (f.name[0] | 0x20) == 's' && (f.name[4] | 0x20) == 'w';  // sec-websocket-…
        const bool may_name_key = of_websocket && is_.swaps && http::iequals(f.name, "sec-websocket-protocol");
        if (http::is_treacherous(f.name) || (!may_name_key && repeats_secret(f.value, secret_))) return verdict::stays;
        if (of_websocket && is_.tunnel && http::iequals(f.name, "sec-websocket-extensions"))
            return verdict::stays;  // compressed messages cannot be read
        return may_name_key ? verdict::may_name_key : verdict::goes;
    }

private:
    const http::request_head& head_;
    const pools::upstream_runtime& to_;
    std::string_view secret_;
    what is_;
    bool connection_names_;
    bool typed_ = false;
};

void copy_fields(http::head_writer& head, const http::request_head& h, field_filter& filter) {
    const bool foreign = filter.is_foreign();
    for (const auto& f : h.fields) {
        if (!filter.crosses(f)) continue;
        if (f.id != field_id::other) {
            head.copy(f);
            continue;
        }
        switch (filter.judge(f)) {
            case field_filter::verdict::goes:
                if (!foreign || !is_of_one_dialect(f.name)) head.copy(f);
                break;
            case field_filter::verdict::stays: break;
            case field_filter::verdict::may_name_key:
                if (const auto rest = dialect::subprotocols_without_key(f.value); !rest.empty()) head.add(f.name, std::string_view{rest});
                break;
        }
    }
    head.flush();
}

// Who passed it on so far, and weir (RFC 9110 section 7.6.3).
void write_via(std::string& lines, const http::request_head& h) {
    lines += "via: ";
    for (const auto& f : h.fields)
        if (f.id == field_id::via && !f.value.empty()) lines.append(f.value).append(", ");
    lines += "1.1 weir\r\n";
}

const record::translation& cut_from(dialect::hub::spoke of) {
    using dialect::hub::spoke;
    static const std::array<record::translation, dialect::hub::spokes> all = [] {
        std::array<record::translation, dialect::hub::spokes> out;
        for (const auto s : {spoke::chat, spoke::responses, spoke::messages, spoke::gemini})
            out[static_cast<std::size_t>(s)].changed = dialect::hub::name_of_turns(s);
        return out;
    }();
    return all[static_cast<std::size_t>(of)];
}

}  // namespace

outgoing::outgoing(const asked& what, const request_body& body, const place& to, const config::conf& by)
    : asked_(what),
      body_(body),
      pool_(to.pool),
      model_(to.model),
      rules_(rules_of(to)),
      collects_(!what.tunnel() && is_collected(*to.pool->conf, what.target, what.facts)) {
    const bool is_read = what.target.body == dialect::body_form::json || what.target.body == dialect::body_form::multipart;
    if (!is_read || !what.understood) {
        if (what.tunnel()) (void)is_native(to, by);
        return;
    }
    if (rules_ || (what.route && !what.route->rules().empty())) [[unlikely]]
        apply_conf(what);
    const bool is_usual = is_at_home(*to.pool->conf, what) && !facts().thinks_with_functions;
    if (refused_ || (!is_usual && !is_native(to, by))) return;
    const auto wish = wishes_for(*to.pool->conf, facts(), to.model, collects_, what.caller ? what.caller->settings().max_output_tokens : 0);
    edits_ = dialect::plan_edits(what.target.id, facts(), wish);
    if (by.pools.size() > 1) cut_envelopes();
    // Whatever the conf makes of a request, a client sees the usage where it asked for it itself.
    const bool by_weir = ruled_ ? !what.facts.asks_usage && (wish.include_usage || (facts().asks_usage && facts().stream)) : wish.include_usage;
    hides_usage_ = by_weir && !collects_ && dialect::reports_usage_when_asked(what.target.id);
}

void outgoing::apply_conf(const asked& what) {
    static const core::body_rules none{};
    ruled_ = apply_rules(what, body_.bytes(), rules_ ? *rules_ : none);
    if (ruled_ && ruled_->refused) refused_ = std::make_unique<const core::error>(ruled_->refused);
}

void outgoing::count_memory(const shared_memory& of) {
    const bool fits = (!ruled_ || ruled_->held.hold(ruled_->text.capacity(), of)) && (!translated_ || translated_->count_memory(of));
    if (fits || refused()) return;
    refused_ = std::make_unique<const core::error>(
        core::error{core::code::overloaded, "too many request bodies are being held (limits.buffered_bodies); try again soon", 1});
}

std::unique_ptr<record::translation> outgoing::said() const {
    auto out = std::make_unique<record::translation>(translated_ ? translated_->said() : record::translation{});
    const auto add = [](std::string& to, const std::string& first) {
        if (!first.empty()) to = to.empty() ? first : first + ", " + to;
    };
    if (cuts_) add(out->changed, cuts_->changed);
    if (ruled_) add(out->dropped, ruled_->dropped);
    if (ruled_) add(out->changed, ruled_->changed);
    return out;
}

// A conversation that another family went on with comes home: what weir put into it for that is no provider's.
void outgoing::cut_envelopes() {
    const auto from = dialect::hub::spoke_of(asked_.target.id);
    if (!from || *from == dialect::hub::spoke::completions || !is_json() || !dialect::hub::may_hold_envelopes(text())) return;
    auto cuts = dialect::hub::cut_envelopes(*from, text());
    if (cuts.empty()) return;
    cuts_ = &cut_from(*from);
    edits_.insert(edits_.end(), std::make_move_iterator(cuts.begin()), std::make_move_iterator(cuts.end()));
    std::sort(edits_.begin(), edits_.end(), [](const auto& a, const auto& b) { return a.at.begin < b.at.begin; });
}

bool outgoing::is_native(const place& to, const config::conf& by) {
    const auto how = service_of(to, asked_, facts(), by);
    const bool collects = collects_;
    if (how.is == service::as::refused) refused_ = std::make_unique<const core::error>(not_served(*to.pool->conf, asked_));
    if (how.is == service::as::translated) translate(how, to, by);
    // What cannot be said where it would be served better goes as it came, and its provider says what becomes of it.
    if (how.home && translated_->refused()) {
        translated_.reset();
        collects_ = collects;
        return true;
    }
    return how.is == service::as::native;
}

void outgoing::translate(const service& how, const place& to, const config::conf& by) {
    const auto most = asked_.caller ? asked_.caller->settings().max_output_tokens : 0;
    number_ = static_cast<std::size_t>(to.pool->conf - by.pools.data());
    if (how.about == service::matter::conversation) note_unlisted(to.model, by);
    translated_ = std::make_unique<translated_request>(how, asked_, text(), to, by, translated_request::settings{collects_, most, facts().choices});
    collects_ = collects_ && !translated_->refused();
}

std::uint64_t outgoing::sent_size() const {
    if (translated_) return translated_->body().size();
    return sends_encoded() ? body_.as_sent().size() : dialect::edited_size(ruled_ ? ruled_->text.size() : body_.size(), edits_);
}

dialect::endpoint outgoing::speaks() const {
    if (translated_) return translated_->target().id;
    const auto asked = asked_.target.id;
    return collects_ && asked == dialect::endpoint::gemini_generate ? dialect::endpoint::gemini_stream_generate : asked;
}

bool outgoing::has_terminator() const { return dialect::traits_of(speaks()).end == dialect::stream_end::own; }

void outgoing::write_path(std::string& out, const http::request_head& h, const pools::upstream_runtime& to, bool swaps_credential) const {
    if (translated_) {
        out = translated_->path_at(*to.conf);
        return;
    }
    const auto& target = asked_.target;
    const bool renames = !asked_.path_model.empty() && model_ != asked_.facts.model;
    const bool to_stream = speaks() != target.id;
    out = path_sent(*pool_->conf, *to.conf, target, renames ? model_ : std::string_view{}, collects_);
    if (h.query.empty() && !to_stream) return;
    const dialect::query_filter filter{swaps_credential, swaps_credential ? dialect::find_credential(h) : std::string_view{}, to_stream};
    if (renames && target.id == dialect::endpoint::realtime)
        dialect::append_forwarded_query(out, dialect::rename_in_query(h.query, model_), filter);
    else
        dialect::append_forwarded_query(out, h.query, filter);
}

// A client's own key is meant for the place that its model is asked for first, and no other provider than that gets it.
bool outgoing::passes_credential(const pools::upstream_runtime& to, bool has_keys) const {
    if (has_keys || !to.credential_name.empty() || asked_.route->pool_of(0) != number_) return false;
    return std::none_of(to.conf->headers.begin(), to.conf->headers.end(), [](const auto& h) {
        return http::iequals(h.first, "authorization") || http::iequals(h.first, "x-api-key") || http::iequals(h.first, "x-goog-api-key") ||
               http::iequals(h.first, "api-key");
    });
}

void outgoing::write_head(wire::request_out& out, const http::request_head& h, const pools::upstream_runtime& to, const envelope& with) const {
    // With keys configured the client's credential is weir's own; with an own upstream key it is replaced.
    const bool foreign = translated_ && !translated_->how().home;
    const bool swap = with.has_keys || !to.credential_name.empty() || foreign;
    const bool plain_answers = asked_.understood || with.reads_answer;
    out.method = h.method;
    write_path(out.path, h, to, swap);
    out.authority = to.authority;
    out.upgrades = asked_.tunnel();
    out.length.reset();
    if (body_.is_kept() || body_.uploading() || h.method == "POST" || h.method == "PUT" || h.method == "PATCH") out.length = sent_size();

    http::head_writer head{out.lines};
    field_filter filter{h,
                        to,
                        with.has_keys ? dialect::find_credential(h) : std::string_view{},
                        {.json = is_json(),
                         .drops_coding = body_.has_coding() && !sends_encoded(),
                         .drops_state = !with.continues_trace || foreign,
                         .plain_answers = plain_answers,
                         .swaps = swap,
                         .tunnel = asked_.tunnel(),
                         .foreign = foreign}};
    copy_fields(head, h, filter);
    // What the conf says of a field goes out alone.
    const auto add = [&](std::string_view name, std::string_view value) {
        if (to.conf->headers.empty() || !is_set_by_conf(to, name)) head.add(name, value);
    };
    if (!filter.typed() && is_json()) add("content-type", "application/json");
    if (h.method == "OPTIONS")
        if (const auto hops = http::hops_left(h); hops && *hops > 0) head.add("max-forwards", static_cast<std::uint64_t>(*hops - 1));
    if (plain_answers) add("accept-encoding", "identity");
    if (!to.credential_name.empty()) head.add(to.credential_name, to.credential_value.reveal());
    for (const auto& [name, value] : to.conf->headers) head.add(name, value.reveal());
    if (translated_)
        for (const auto& [name, value] : translated_->fields(h, foreign && passes_credential(to, with.has_keys))) add(name, value);
    char traceparent[core::traceparent_size];
    core::write_traceparent(traceparent, with.trace);
    // A client's trace does not go to another provider than the one that the client knows.
    if (!foreign || !with.continues_trace) add("traceparent", {traceparent, sizeof traceparent});
    add("x-request-id", with.request_id);
    // The same for every try, so that an upstream that knows it does the work once.
    const bool makes = !asked_.reads_only() && dialect::makes_something(asked_.target, asked_.facts);
    if (pool_->conf->idempotency && makes && h.fields.value_of("idempotency-key").empty()) add("idempotency-key", with.request_id);
    write_via(out.lines, h);
}

void outgoing::add_body(net::gather& out, std::string& copied) const {
    if (translated_) return out.add(translated_->body());
    if (sends_encoded()) return out.add(body_.as_sent());
    const auto whole = text();
    std::size_t at = 0;
    if (edits_.size() > gathered_edits) {
        for (const auto& e : edits_) {
            copied.append(whole.data() + at, e.at.begin - at).append(e.with);
            at = e.at.end;
        }
        copied.append(whole.data() + at, whole.size() - at);
        return out.add(copied);
    }
    for (const auto& e : edits_) {
        out.add({whole.data() + at, e.at.begin - at});
        out.add(e.with);
        at = e.at.end;
    }
    if (body_.is_kept()) out.add({whole.data() + at, whole.size() - at});
}

}  // namespace weir::exchange
