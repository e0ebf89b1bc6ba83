#include "app/books.hpp"

#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "telemetry/event_log.hpp"

namespace weir::app {

void books::open(bool beside_predecessor) {
    open_responses();
    const auto& state = now_.conf().state;
    if (state.ledger.empty()) return;
    ledger::options how;
    how.path = state.ledger;
    how.beside_predecessor = beside_predecessor;
    how.on_fault = [](std::string_view what) { telemetry::log(telemetry::level::error, what); };
    std::string error;
    ledger_ = ledger::ledger::open(std::move(how), error);
    if (!ledger_) throw std::runtime_error("cannot open the ledger: " + error);
    if (const auto& r = ledger_->recovered(); r.recovered > 0)
        telemetry::log(telemetry::level::warn,
                       std::to_string(r.recovered) + " requests that were in flight when weir ended were settled from their last progress");
    if (ledger_->retain(state.keep, core::wall_clock::now()) > 0) ledger_->compact();
}

void books::open_responses() {
    const auto& wanted = now_.conf().responses_store;
    if (!wanted) return;
    ledger::responses_store::options how;
    how.path = wanted->path;
    how.ttl = wanted->ttl;
    how.on_fault = [](std::string_view what) { telemetry::log(telemetry::level::error, what); };
    std::string error;
    responses_ = ledger::responses_store::open(std::move(how), error);
    if (!responses_) throw std::runtime_error("cannot open the store of responses: " + error);
}

void books::join_fleet(const std::shared_ptr<const policy::key_ring>& keys) {
    constexpr auto first_answer_within = std::chrono::seconds{1};
    const auto& shared = now_.conf().state.shared;
    if (!shared) return;
    std::random_device entropy;
    const auto fresh = static_cast<std::int64_t>((std::uint64_t{entropy()} << 31U) ^ entropy());
    fleet::identity who{std::to_string(ledger_ ? ledger_->kept().identity(fresh) : fresh), std::to_string(ledger_ ? ledger_->instance() : 0), 0};
    if (ledger_) who.weirs_remembered = weirs_remembered_ = static_cast<int>(ledger_->kept().number("weirs"));
    fleet_ = std::make_unique<fleet::fleet>(*shared, who, [](std::string_view what) { telemetry::log(telemetry::level::warn, what); });
    if (ledger_) fleet_->alone_in_family(ledger_->alone());
    fleet_->use(keys);
    fleet_->start(first_answer_within);
}

void books::follow(const std::shared_ptr<const policy::key_ring>& keys, const std::shared_ptr<const policy::key_ring>& before) {
    if (ledger_ && !follower_)
        follower_ = std::make_unique<spend_follower>(*ledger_, [this](bool alone) {
            if (fleet_) fleet_->alone_in_family(alone);
        });
    if (follower_) follower_->begin(keys, before);
    if (fleet_) fleet_->use(keys);
}

void books::recall_habits(const pools::snapshot& s) {
    using policy::model_habits;
    if (!ledger_) return;
    for (const auto& kept : ledger_->kept().models()) {
        auto* of = s.habits_of(kept.name);
        if (!of) continue;
        const auto& n = kept.numbers;
        of->output_factor.restore(n[0], n[1], model_habits::factor_bounds);
        of->tokens_per_byte.restore(n[2], n[3], model_habits::byte_bounds);
        of->answer_tokens.restore(n[4], n[5], model_habits::answer_bounds);
    }
}

void books::keep_habits() {
    const auto s = now_.snapshot();
    if (!ledger_ || !s) return;
    std::vector<ledger::kept_model> models;
    for (const auto& [label, of] : s->habits) {
        const auto& [factor, per_byte, answer] = std::tie(of->output_factor, of->tokens_per_byte, of->answer_tokens);
        if (factor.samples() + per_byte.samples() + answer.samples() == 0) continue;
        models.push_back({label, {factor.value(), factor.samples(), per_byte.value(), per_byte.samples(), answer.value(), answer.samples()}});
    }
    if (!models.empty()) (void)ledger_->kept().keep_models(models);
}

// Rows that are older than state.keep.
void books::expire() {
    if (ledger_->retain(now_.snapshot()->conf->state.keep, core::wall_clock::now()) > 0) ledger_->compact();
}

void books::keep_house(housekeeper& who) {
    if (responses_) who.every(std::chrono::minutes{10}, [this] { responses_->expire(); });
    if (!ledger_) return;
    who.every(std::chrono::seconds{10}, [this] { keep_habits(); });
    who.every(std::chrono::hours{1}, [this] { expire(); });
    if (follower_) watch_.every(std::chrono::milliseconds{500}, [this] { follower_->look(); });
    if (fleet_) watch_.every(std::chrono::seconds{2}, [this] { remember_weirs(); });
    watch_.start();
}

// For the next start, should it not reach the store.
void books::remember_weirs() {
    if (!fleet_ || !ledger_) return;
    const int weirs = fleet_->now().weirs_to_remember;
    if (weirs > 0 && weirs != weirs_remembered_ && ledger_->kept().keep("weirs", weirs)) weirs_remembered_ = weirs;
}

void books::leave_fleet() {
    watch_.stop();
    remember_weirs();
    fleet_.reset();
}

std::optional<admin::ledger_facts> books::facts() const {
    if (!ledger_) return std::nullopt;
    return admin::ledger_facts{!ledger_->failing(), ledger_->journals().lost(), ledger_->journals().bytes()};
}

}  // namespace weir::app
