// What the ledger's tests share: a folder that goes away, records with known numbers, and the rows as they stand.
#pragma once

#include <sqlite3.h>
#include <stdlib.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "ledger/ledger.hpp"
#include "record/request_record.hpp"

namespace weir::ledger_test {

class folder {
public:
    folder() {
        std::string name = (std::filesystem::temp_directory_path() / "weir-ledger-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    ~folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    folder(const folder&) = delete;
    folder& operator=(const folder&) = delete;
    [[nodiscard]] std::string ledger() const { return path_ + "/ledger.db"; }
    [[nodiscard]] std::vector<std::string> names_with(const std::string& part) const {
        std::vector<std::string> found;
        for (const auto& each : std::filesystem::directory_iterator(path_))
            if (each.path().filename().string().find(part) != std::string::npos) found.push_back(each.path().string());
        return found;
    }

private:
    std::string path_;
};

inline record::request_record record_of(std::string_view request_id, usage::nanousd cost, core::wall_time time = {}) {
    record::request_record r;
    r.time = time;
    r.request_id = request_id;
    r.key = "dify";
    r.endpoint = "/v1/chat/completions";
    r.model = "gpt-4o";
    r.served_model = "gpt-4o-2024-11-20";
    r.route = "gpt-*";
    r.pool = "openai";
    r.upstream = "openai-main";
    r.status = 200;
    r.attempt_count = 1;
    r.usage.input = 10;
    r.usage.output = 3;
    r.cost = cost;
    r.duration_us = 1'500'000;
    r.first_token_ms = 12;
    return r;
}

struct stored {
    std::int64_t cost = 0;
    bool recovered = false;
    std::int64_t output = 0;
    int times = 0;
};

/// The rows of the database alone, by request id.
inline std::map<std::string, stored> rows_of(const std::string& path) {
    std::map<std::string, stored> rows;
    sqlite3* db = nullptr;
    sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr);
    {
        ledger::statement all(db, "SELECT request_id, cost_nanousd, recovered, output_tokens FROM requests");
        while (all.step() == SQLITE_ROW) {
            stored& s = rows[all.text(0)];
            s.cost = all.integer(1);
            s.recovered = all.integer(2) != 0;
            s.output = all.integer(3);
            ++s.times;
        }
    }
    sqlite3_close_v2(db);
    return rows;
}

/// A ledger that moves rows only when told to.
inline ledger::options quiet_options(const folder& in, std::vector<std::string>* faults = nullptr) {
    ledger::options how;
    how.path = in.ledger();
    how.interval = std::chrono::hours(1);
    if (faults != nullptr) how.on_fault = [faults](std::string_view message) { faults->emplace_back(message); };
    return how;
}

}  // namespace weir::ledger_test
