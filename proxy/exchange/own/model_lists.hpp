// What a caller may call, as weir's own answers say it: GET /v1/models, /v1/models/{id}, /llms.txt. Of a snapshot and a key alone: it asks no
// upstream.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/read/answer.hpp"
#include "policy/keys/key.hpp"
#include "pools/snapshot.hpp"

namespace weir::exchange {

class model_lists {
public:
    /// `caller`: null where no keys are asked for.
    model_lists(const pools::snapshot& from, const policy::key* caller) : from_(from), caller_(caller) {}

    /// Every model that the caller may call, as the body of GET /v1/models in this dialect.
    [[nodiscard]] std::string all(dialect::kind as) const;
    /// The body of GET /v1/models/{id}; empty: this caller is not served that model.
    [[nodiscard]] std::string one(dialect::kind as, const std::string& model) const;
    /// `origin`: where the client reached weir, as in "https://weir.example".
    [[nodiscard]] std::string llms_text(std::string origin) const;
    /// The operator wrote it: in a route, or with a price.
    [[nodiscard]] bool is_written(const std::string& model) const;

    [[nodiscard]] std::vector<std::string> callable() const;
    [[nodiscard]] std::vector<std::string> patterns() const;

private:
    [[nodiscard]] const usage::model_price* shown_price(std::string_view model) const;
    [[nodiscard]] bool is_served_unlisted(const std::string& model) const;

    const pools::snapshot& from_;
    const policy::key* caller_;
};

}  // namespace weir::exchange
