// What requests made at their providers, in the ledger's file: whose it is, and whether its usage is still to come.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/database/connection.hpp"
#include "ledger/made_object.hpp"
#include "ledger/row.hpp"

namespace weir::ledger {

/// What changes of an object when late usage is charged; only where `booked_before` still holds and usage is due.
struct object_booking {
    std::string_view id;
    usage::nanousd booked_before = 0, booked_after = 0;
    bool still_owed = false;
};

class object_table {
public:
    explicit object_table(connection& in) : file_(in) {}

    /// Once the schema is there.
    [[nodiscard]] verdict prepare(std::string& why);
    /// Before the file is closed.
    void release() { add_ = {}; }

    /// The objects that these rows name, inside the transaction that inserts the rows. Whose id it is stays as it was first said: a later
    /// request cannot take an object over.
    [[nodiscard]] verdict add(std::span<const row> rows, std::string& why);

    /// `out` stays empty where nobody made it, or that was forgotten.
    [[nodiscard]] verdict find(std::string_view id, std::optional<made_object>& out, std::string& why);

    /// Puts those made since then (milliseconds since the Unix epoch) whose usage is still to come behind `out`, the oldest first.
    [[nodiscard]] verdict owed(std::int64_t since_ms, std::int64_t most, std::vector<made_object>& out, std::string& why);

    /// Inside a transaction. `due`: it was, and is changed.
    [[nodiscard]] verdict book(const object_booking& what, bool& due, std::string& why);

    /// Deletes at most `most` that were made before then; `deleted` says how many.
    [[nodiscard]] verdict forget(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why);

private:
    connection& file_;
    statement add_;
};

}  // namespace weir::ledger
