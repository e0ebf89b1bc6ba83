// What was learned of each model, in the ledger's file.
#pragma once

#include <string>
#include <vector>

#include "ledger/database/connection.hpp"
#include "ledger/kept_models.hpp"

namespace weir::ledger {

class model_table {
public:
    explicit model_table(connection& in) : file_(in) {}

    /// Keeps all of `models` or, where that does not work, none. Others stay as they are. Outside a transaction.
    [[nodiscard]] verdict keep(const std::vector<kept_model>& models, std::string& why);

    /// Puts all that are kept behind `out`, in no particular order.
    [[nodiscard]] verdict all(std::vector<kept_model>& out, std::string& why);

private:
    connection& file_;
};

}  // namespace weir::ledger
