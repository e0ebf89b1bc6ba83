#include "exchange/objects/object_keeper.hpp"

#include <utility>

#include "policy/keys/object_owner.hpp"

namespace weir::exchange {
namespace {

using namespace std::chrono_literals;

// With a database the index bridges the time until a row has been moved there; without one it is all there is.
constexpr std::size_t most_with_books = 20'000, most_without_books = 100'000;
constexpr std::size_t most_jobs = 10'000;
constexpr auto look_again_after = 300ms;  // a predecessor moves its rows that often, and a little more
constexpr auto look_at_books_every = 2s;  // for what a predecessor's last requests made
constexpr auto charge_again_after = 5s;

}  // namespace

object_keeper::object_keeper(settings how)
    : how_(std::move(how)),
      index_(how_.books ? most_with_books : most_without_books),
      charger_(current_, how_.books, how_.tell),
      asker_(current_,
             [this](const ledger::object_ref& of, std::vector<dialect::model_usage> usages, bool over) { reported(of, std::move(usages), over); }),
      jobs_(most_jobs),
      desk_([this] {
          while (auto next = jobs_.take()) (*next)();
      }) {}

object_keeper::~object_keeper() { stop(); }

void object_keeper::stop() {
    jobs_.end();  // what is due is done first
    asker_.stop();
    if (desk_.joinable()) desk_.join();
}

void object_keeper::use(std::shared_ptr<const pools::snapshot> s) {
    const bool first = current_.use(std::move(s));
    if (first && how_.books) jobs_.add(clock::now(), [this] { recall_owed(true); });
}

void object_keeper::leave_asking_to_successor() {
    if (how_.books) asker_.leave();  // without them it knows nothing of what was made here
}

void object_keeper::expire(core::wall_time now) {
    index_.forget_before(std::chrono::duration_cast<std::chrono::milliseconds>((now - policy::objects_kept).time_since_epoch()).count());
    if (how_.books) how_.books->forget(policy::objects_kept, now);
}

// ---- who made it

void object_keeper::owes(ledger::object_ref of) {
    of->owes = true;
    if (background_asker::asks_for(of->made)) asker_.ask_for(std::move(of));
}

std::shared_ptr<object_search> object_keeper::search(std::string id, policy::wait_queue::bell& whom, std::uint64_t ticket) {
    if (!how_.books) return nullptr;
    auto asked = std::make_shared<object_search>();
    jobs_.add(clock::now(), [this, asked, id = std::move(id), &whom, ticket] { look(asked, id, whom, ticket, sharing()); });
    return asked;
}

void object_keeper::look(const std::shared_ptr<object_search>& what, const std::string& id, policy::wait_queue::bell& whom, std::uint64_t ticket,
                         bool again) {
    what->found = index_.find(id);
    if (!what->found)
        if (auto known = how_.books->find(id)) what->found = index_.add(std::move(*known));
    if (!what->found && again) {
        jobs_.add(clock::now() + look_again_after, [this, what, id, &whom, ticket] { look(what, id, whom, ticket, false); });
        return;
    }
    what->done.store(true, std::memory_order_release);
    whom.ring(ticket);
}

// ---- usage that comes late

void object_keeper::recall_owed(bool again) {
    const auto owed = how_.books->owed(core::wall_clock::now() - policy::asked_for_at_most, background_asker::most_asked);
    for (const auto& each : owed)
        if (background_asker::asks_for(each)) asker_.ask_for(index_.add(each));
    // Once more than the other process lives: what it left behind when it was killed is moved after its end.
    const bool shared = sharing();
    if (shared || again) jobs_.add(clock::now() + look_at_books_every, [this, shared] { recall_owed(shared); });
}

std::shared_ptr<object_search> object_keeper::ask_first(ledger::object_ref of, policy::wait_queue::bell& whom, std::uint64_t ticket) {
    if (!background_asker::asks_for(of->made)) return nullptr;
    auto asked = std::make_shared<object_search>();
    const bool asks = asker_.ask_first(std::move(of), [asked, &whom, ticket] {
        asked->done.store(true, std::memory_order_release);
        whom.ring(ticket);
    });
    return asks ? asked : nullptr;
}

void object_keeper::reported(ledger::object_ref of, std::vector<dialect::model_usage> usages, bool over) {
    if (!of->owes) return;
    jobs_.add(clock::now(), [this, of = std::move(of), usages = std::move(usages), over] { charge(of, usages, over); });
}

void object_keeper::charge(const ledger::object_ref& of, const std::vector<dialect::model_usage>& usages, bool over) {
    if (charger_.charge(of, usages, over) == late_charger::outcome::try_again)
        jobs_.add(clock::now() + charge_again_after, [this, of, usages, over] { charge(of, usages, over); });
}

}  // namespace weir::exchange
