// The objects of late, in memory: what a request with an object's id in its path looks into first. Written once per object, read by any worker;
// a lock is held for one look into a table, never for more. Bounded: the oldest are forgotten (the database still knows them, where there is one).
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ledger/made_object.hpp"

namespace weir::ledger {

struct kept_object {
    explicit kept_object(made_object what) : made(std::move(what)), owes(made.owes) {}
    made_object made;        ///< fixed, but for what is booked: that belongs to the one thread that charges
    std::atomic<bool> owes;  ///< usage is still to come
};

using object_ref = std::shared_ptr<kept_object>;

class object_index {
public:
    /// About `most` objects are kept.
    explicit object_index(std::size_t most) : most_per_shelf_(most / shelf_count + 1) {}

    /// The object that is known by this id then: an earlier one stays, whoever names it again. Not yet expired ones only.
    object_ref add(made_object what);
    /// Null: not known here.
    [[nodiscard]] object_ref find(std::string_view id) const;
    /// Those that were made before then, in milliseconds since the Unix epoch.
    void forget_before(std::int64_t time_ms);
    [[nodiscard]] std::size_t size() const;

private:
    static constexpr std::size_t shelf_count = 16;
    struct shelf {
        mutable std::mutex lock;
        std::unordered_map<std::string_view, object_ref> by_id;  ///< the keys are the objects' own ids
        std::deque<object_ref> in_order;
    };
    [[nodiscard]] shelf& shelf_of(std::string_view id) const { return shelves_[std::hash<std::string_view>{}(id) % shelf_count]; }

    std::size_t most_per_shelf_;
    mutable std::array<shelf, shelf_count> shelves_;
};

}  // namespace weir::ledger
