#include "ledger/database/database.hpp"

#include <chrono>
#include <filesystem>
#include <system_error>

#include "ledger/database/schema.hpp"
#include "ledger/ledger_files.hpp"

namespace weir::ledger {
namespace {

using namespace std::chrono_literals;

constexpr auto opening_patience = 5000ms;  // a predecessor may be busy with it
constexpr auto usual_patience = 1000ms;    // who keeps it locked for longer refuses us

}  // namespace

verdict database::open(const std::string& path, std::string& why) {
    close();
    verdict v = file.open(path, why);
    if (v != verdict::fine) return v;
    file.wait_for_others(opening_patience);
    v = check_file(file, why);
    if (v == verdict::fine) v = file.run("PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", why);
    if (v == verdict::fine) v = make_schema(file, why);
    if (v == verdict::fine) v = requests.prepare(why);
    if (v == verdict::fine) v = objects.prepare(why);
    file.wait_for_others(usual_patience);
    return v;
}

verdict database::begin_anew(std::string& why, const fault_reports& faults) {
    const std::string path = file.path();
    close();
    const std::string aside = path + ".corrupt-" + stamp_now();
    for (const char* suffix : {"", "-wal", "-shm"}) {
        std::error_code ignored;
        std::filesystem::rename(path + suffix, aside + suffix, ignored);
    }
    faults.report(why + "; the damaged file is kept as " + aside + " and a new ledger is begun");
    return open(path, why);
}

void database::close() {
    requests.release();
    objects.release();
    file.close();
}

}  // namespace weir::ledger
