// A conf that an importer made, held against weir's own reader: no fault, no warning, and where each model goes.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "config/load.hpp"
#include "policy/made_names.hpp"
#include "policy/route_table.hpp"

namespace weir::test {

/// Variables that are addresses by their names are addresses.
inline std::optional<std::string> any_variable(std::string_view name) {
    for (const auto* word : {"BASE", "URL", "ENDPOINT", "HOST"})
        if (name.find(word) != std::string_view::npos) return "https://" + std::string{name.size() % 2 ? "one" : "two"} + ".example";
    return "a-long-secret-of-" + std::string{name};
}

class checked {
public:
    explicit checked(const std::string& conf) : text_(conf) {
        auto loaded = config::load_text(conf, "/nowhere/weir.yaml", any_variable);
        for (const auto& fault : loaded.faults) ADD_FAILURE() << config::to_string(fault) << "\n" << conf;
        conf_ = std::move(loaded.value);
    }

    [[nodiscard]] const config::conf& operator*() const { return *conf_; }
    [[nodiscard]] const config::conf* operator->() const { return conf_.get(); }
    explicit operator bool() const { return conf_ != nullptr; }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool says(std::string_view what) const { return text_.find(what) != std::string::npos; }

    /// `pool: upstream=model, upstream=model; pool: …` in the order in which they are asked; `-` where no route leads.
    [[nodiscard]] std::string way_of(std::string_view model) const {
        std::vector<std::string> names;
        for (const auto& pool : conf_->pools) names.push_back(pool.name);
        const policy::route_table table{conf_->routes, names};
        const auto* const route = table.find(model);
        if (route == nullptr) return "-";
        std::string out;
        policy::made_names made;
        for (std::size_t i = 0; i < route->size(); ++i) {
            const auto to = route->at(i, model, made);
            out += (i == 0 ? "" : "; ") + names[to.pool] + (to.larger_context ? " (larger)" : "") + ":";
            for (const auto& each : conf_->pools[to.pool].upstreams) {
                out += (&each == &conf_->pools[to.pool].upstreams.front() ? " " : ", ") + each.name;
                if (each.weight != 1) out += "*" + std::to_string(each.weight);
                out += "=" + std::string{each.rename.of(to.model, made)};
            }
        }
        return out;
    }

    [[nodiscard]] const config::upstream_conf& upstream(std::string_view name) const {
        for (const auto& pool : conf_->pools)
            for (const auto& each : pool.upstreams)
                if (each.name == name) return each;
        ADD_FAILURE() << "no upstream " << name << "\n" << text_;
        return conf_->pools.front().upstreams.front();
    }

private:
    std::string text_;
    std::shared_ptr<const config::conf> conf_;
};

inline std::string content_of(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

}  // namespace weir::test
