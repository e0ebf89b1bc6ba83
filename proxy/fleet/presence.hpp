// How many weirs share the limits: those that the store has heard of lately, and what is assumed where it cannot be asked.
#pragma once

#include <string>

#include "core/clock.hpp"
#include "fleet/pace.hpp"
#include "fleet/settings.hpp"
#include "fleet/store.hpp"

namespace weir::fleet {

/// For one thread.
class presence {
public:
    presence(const settings& how, const identity& who);

    /// Tells the store that this one is there, and asks how many are; once a second where `what` is due. False: it cannot be reached.
    [[nodiscard]] bool ask(store& at, asking what, core::time_point now);
    /// Tells the store that this one is gone.
    void leave(store& at) const;
    /// The store knows of so many.
    void note(int weirs, core::time_point now);

    [[nodiscard]] int weirs() const { return weirs_; }  ///< that asked lately, this one included; 0: never known
    [[nodiscard]] int most() const { return most_; }    ///< of the last hour; 0: never known

    /// How many may share a limit while the store cannot be asked: see policy::sharers.
    [[nodiscard]] int sharers() const;
    /// Whether that is known from somewhere: the store, the conf or an earlier life.
    [[nodiscard]] bool is_known() const { return weirs_ > 0 || said_ > 0 || remembered_ > 0; }

private:
    std::string family_;
    int said_;        ///< in the conf
    int remembered_;  ///< of an earlier life
    int slice_percent_;
    std::string script_;  ///< its SHA-1
    int weirs_ = 0, most_ = 0;
    core::time_point most_at_{}, asked_at_{};
};

}  // namespace weir::fleet
