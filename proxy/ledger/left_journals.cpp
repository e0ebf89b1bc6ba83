#include "ledger/left_journals.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <unordered_set>
#include <utility>

#include "ledger/journal_format.hpp"
#include "ledger/ledger_files.hpp"
#include "ledger/sequence_numbers.hpp"

namespace weir::ledger {

left_journals::left_journals(std::vector<std::string> files) : files_(std::move(files)), damaged_(files_.size(), 0) {
    contents_.reserve(files_.size());
    std::vector<row> open;
    std::unordered_set<sequence> known;
    for (std::size_t i = 0; i < files_.size(); ++i) {
        contents_.push_back(read_file(files_[i]));
        const auto add_to = [&known](std::vector<row>& rows) {
            return [&known, &rows](const row& r) {
                if (known.insert(r.seq).second) rows.push_back(r);
            };
        };
        const scan_result seen = scan(contents_[i], add_to(fresh_), [&](const row& r) { open.push_back(r); }, add_to(moved_));
        damaged_[i] = seen.damaged;
        found_.damaged += seen.damaged;
    }
    found_.settled = fresh_.size() + moved_.size();
    for (row& r : open) {
        if (!known.insert(r.seq).second) continue;
        r.recovered = true;
        r.estimated = !r.usage.empty();  // the last progress is weir's own count
        fresh_.push_back(r);
        ++found_.recovered;
    }
    for (const sequence seq : known) newest_instance_ = std::max(newest_instance_, instance_of(seq));
}

std::vector<row> left_journals::rows(std::int64_t deleted_before_ms) const {
    std::vector<row> all = fresh_;
    std::copy_if(moved_.begin(), moved_.end(), std::back_inserter(all), [&](const row& r) { return r.time_ms >= deleted_before_ms; });
    return all;
}

void left_journals::put_away(const std::string& ledger, const fault_reports& faults) const {
    for (std::size_t i = 0; i < files_.size(); ++i) {
        std::error_code ignored;
        if (damaged_[i] == 0) {
            std::filesystem::remove(files_[i], ignored);
            continue;
        }
        const std::string aside = files_[i] + ".damaged-" + stamp_now();
        std::filesystem::rename(files_[i], aside, ignored);
        std::string words = "ledger " + ledger + ": ";
        words.append(std::to_string(damaged_[i])).append(" damaged places in ").append(files_[i]);
        faults.report(words.append("; what could be read is settled, the file is kept as ").append(aside));
    }
}

}  // namespace weir::ledger
