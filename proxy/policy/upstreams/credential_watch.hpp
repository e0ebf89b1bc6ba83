// What an upstream's refusals since its last success add up to: is it its credential (or its account's money), or the requests of one client?
// It keeps who was refused, and whether weir itself was. Under its owner's mutex; it knows no time.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "policy/asker.hpp"

namespace weir::policy {

/// The different askers that got one kind of refusal in a row, without a success in between. Three are enough to remember.
class refusals_in_a_row {
public:
    /// Once more of the same asker adds nothing.
    void add(const asker& who) {
        for (const auto& each : seen())
            if (each == who) return;
        if (count_ < all_.size())
            all_[count_++] = who;
        else if (one_key() && all_.front().key != who.key)
            all_.back() = who;  // that it is not one key's is worth more than a third model
    }
    void forget() { count_ = 0; }
    /// Different askers, at most three.
    [[nodiscard]] std::size_t size() const { return count_; }
    /// Whether they asked for more than one model.
    [[nodiscard]] bool several_models() const {
        return std::any_of(seen().begin(), seen().end(), [&](const asker& each) { return each.model != all_.front().model; });
    }
    /// The only key that was refused; 0: several were, or there are no keys.
    [[nodiscard]] std::uint32_t only_key() const { return one_key() ? all_.front().key : 0; }

private:
    [[nodiscard]] std::span<const asker> seen() const { return {all_.data(), count_}; }
    [[nodiscard]] bool one_key() const {
        return std::all_of(seen().begin(), seen().end(), [&](const asker& each) { return each.key == all_.front().key; });
    }

    std::array<asker, 3> all_{};
    std::size_t count_ = 0;
};

class credential_watch {
public:
    /// A request of this asker was answered 401, or what means the same.
    void refused(const asker& who) { requests_.add(who); }
    /// So was weir's own question.
    void refused_itself() { itself_ = suspects(); }
    /// Of these askers' requests one was answered well.
    void forget() {
        requests_.forget();
        itself_ = false;
    }

    /// A request was refused, and none answered well since.
    [[nodiscard]] bool suspects() const { return requests_.size() > 0; }
    /// Whether that is the credential's fault.
    [[nodiscard]] bool is_sure() const { return itself_ || requests_.size() >= 3; }
    /// As refusals_in_a_row::only_key().
    [[nodiscard]] std::uint32_t only_key() const { return requests_.only_key(); }

private:
    refusals_in_a_row requests_;
    bool itself_ = false;
};

}  // namespace weir::policy
