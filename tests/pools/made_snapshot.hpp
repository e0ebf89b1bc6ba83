// Snapshots made from the text of a conf, as a load of the file would make them. Nothing is served from them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "config/load.hpp"
#include "pools/snapshot.hpp"

namespace weir::test {

/// A conf from its text; a listener and no ledger are added. Throws std::runtime_error with its faults.
inline std::shared_ptr<const config::conf> made_conf(const std::string& text) {
    const std::string all = "listeners: [{address: 127.0.0.1:0}]\nstate: {ledger: off}\n" + text;
    const auto loaded = config::load_text(all, "/nowhere/weir.yaml", [](std::string_view) { return std::nullopt; });
    std::string faults;
    for (const auto& f : loaded.faults) faults += config::to_string(f) + "\n";
    if (!loaded.value) throw std::runtime_error(faults);
    return loaded.value;
}

inline std::shared_ptr<const pools::snapshot> made_snapshot(const std::string& text, net::resolver& names, const pools::snapshot* before = nullptr) {
    return pools::make_snapshot(made_conf(text), names, before);
}

}  // namespace weir::test
