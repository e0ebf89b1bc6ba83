// What a request asks for (intake.hpp), with real parts: the head as it came, the clock, the caller's key.
#include "exchange/exchange_runner.hpp"
#include "exchange/intake.hpp"

namespace weir::exchange {

http::request_head& exchange_runner::head() {
    auto& scratch = home_.space.request;
    if (home_.space.request_owner == this) return scratch;
    // Another exchange used the scratch space meanwhile; these bytes have been parsed before, so this cannot fail.
    (void)http::parse_request_head(client_.input().view().substr(0, body_.head_size()), body_.head_size() + 1, scratch);
    home_.space.request_owner = this;
    return scratch;
}

void exchange_runner::begin() {
    const auto& h = home_.space.request;
    home_.space.request_owner = this;
    told_.begin(home_, h);
    told_.record.client = peer_.real_client(h.fields);
    told_.record.listener = peer_.listener().name;
    told_.record.bytes_in = body_.head_size();
    body_.set_unread(h.body != http::framing::none);
    intake_of_this().classify(h);
    note_object(h);
    if (conf().tracing) told_.start_trace(home_, h, conf().tracing->sample_percent);
}

intake exchange_runner::intake_of_this() { return intake{*view_->shared, asked_, told_.record}; }

core::error exchange_runner::check_head() {
    if (home_.loop.overloaded()) return {core::code::overloaded, "weir has more to do than it can (limits.event_loop_delay); try again soon", 1};
    auto in = intake_of_this();
    const auto& h = head();
    if (auto why = in.check_head(h, peer_.listener().hosts)) return why;
    if (asked_.is == asked::kind::preflight) return {};
    if (auto why = in.check_caller(h, told_.record.client)) return why;
    if (auto why = in.check_rights(h)) return why;
    return in.check_size(h);
}

core::error exchange_runner::understand() {
    if (auto why = intake_of_this().understand(head(), {body_.data(), body_.size()})) return why;
    if (asked_.facts.deferred && !object_ && home_.objects) {
        object_ = std::make_unique<exchange_object>();
        object_->asked = {.kind = dialect::object_kind::deferred, .makes = true, .id = {}, .lines = false};
    }
    return {};
}

core::error exchange_runner::admit(std::unique_ptr<lacking_lease>& lacking) {
    if (conf().state.refuse_on_failure && home_.ledger.fails())
        return {core::code::overloaded,
                "the ledger cannot be written now, and state.on_failure says to refuse requests until it can: tell the "
                "gateway's operator",
                5};
    const auto* keys = view_->shared->keys.get();
    if (!keys || !asked_.caller) return {};
    const auto what = intake_of_this().need(body_.size());
    auto admitted = keys->admit(asked_.caller, what, now(), core::wall_clock::now());
    if (admitted.lacking) {
        lacking = std::make_unique<lacking_lease>(lacking_lease{std::move(admitted), what});
        return {};
    }
    if (admitted.refused) return std::move(admitted.refused);
    money_.hold(std::move(admitted.held));
    return {};
}

}  // namespace weir::exchange
