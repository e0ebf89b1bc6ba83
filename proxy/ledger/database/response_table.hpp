// The file of stored responses: its schema, and its rows. It does not know for how long they are kept. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/database/connection.hpp"
#include "ledger/fault_reports.hpp"
#include "ledger/stored_response.hpp"

namespace weir::ledger {

class response_table {
public:
    /// Opens or makes the file, which nobody else on the machine may read. Not `fine`: nothing can be asked of it, and `why` says what is wrong.
    [[nodiscard]] verdict open(const std::string& path, std::string& why);
    /// Keeps the damaged file under another name and begins a new one in its place. Told to `faults`.
    [[nodiscard]] verdict begin_anew(std::string& why, const fault_reports& faults);

    /// One whose id is there already changes nothing.
    [[nodiscard]] verdict add(const stored_response& what, std::string& why);
    /// Null where there is none of this id, or it was made before then (milliseconds since the Unix epoch).
    [[nodiscard]] verdict find(std::string_view id, std::int64_t not_before_ms, stored_ref& out, std::string& why);
    [[nodiscard]] verdict remove(std::string_view id, std::string& why);
    /// Deletes at most `most` that were made before then; `deleted` says how many.
    [[nodiscard]] verdict forget(std::int64_t before_ms, std::int64_t most, std::int64_t& deleted, std::string& why);
    /// Gives free space back to the disk; `more`: call again.
    [[nodiscard]] verdict compact(bool& more, std::string& why) { return file_.compact(more, why); }

private:
    [[nodiscard]] verdict check(std::string& why);

    connection file_{"responses_store"};
};

}  // namespace weir::ledger
