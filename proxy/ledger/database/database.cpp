#include "ledger/database/database.hpp"

#include <chrono>

#include "ledger/database/schema.hpp"

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

void database::close() {
    requests.release();
    objects.release();
    file.close();
}

}  // namespace weir::ledger
