// Numbers kept by name in the ledger's file. What they mean is the business of who keeps them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/database/connection.hpp"

namespace weir::ledger {

class number_table {
public:
    explicit number_table(connection& in) : file_(in) {}

    /// The next number of an instance: greater than any that this ledger had, at least `at_least`.
    [[nodiscard]] verdict next_instance(std::int64_t at_least, std::int64_t& out, std::string& why);

    /// The number kept under `name`; `first` is kept when there is none yet.
    [[nodiscard]] verdict find(std::string_view name, std::int64_t first, std::int64_t& out, std::string& why);

    /// Keeps `value` under `name`, whatever was there.
    [[nodiscard]] verdict keep(std::string_view name, std::int64_t value, std::string& why);

private:
    connection& file_;
};

}  // namespace weir::ledger
