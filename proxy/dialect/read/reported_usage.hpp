// What one answer has said of its usage so far. It does not find the reports (the readers do) nor decide when one is final (exchange/ does).
#pragma once

#include "dialect/read/usage_report.hpp"
#include "usage/counts.hpp"

namespace weir::dialect {

class reported_usage {
public:
    /// A report in place of the one before; its parts are what it says, and 0 where it says nothing.
    void take(endpoint e, const usage_report& report) {
        has_report_ = true;
        counts_ = counts_of(e, report);
        beyond_tokens_ |= report.beyond_tokens;
    }
    /// The answer said elsewhere that more is charged than tokens: a later report does not take it back.
    void add_beyond_tokens() { beyond_tokens_ = true; }

    [[nodiscard]] bool has_report() const { return has_report_; }
    [[nodiscard]] const usage::counts& counts() const { return counts_; }  ///< of the last report; all 0 before
    [[nodiscard]] bool beyond_tokens() const { return beyond_tokens_; }    ///< as usage_report has it

private:
    usage::counts counts_;
    bool has_report_ = false, beyond_tokens_ = false;
};

}  // namespace weir::dialect
