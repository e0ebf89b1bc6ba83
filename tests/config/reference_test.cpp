// The tables of the conf are what its reader goes by: every key says what it is for, every default is the one that holds, every example loads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/fixtures.hpp"
#include "config/places.hpp"
#include "config/reference/explain.hpp"
#include "config/reference/tables.hpp"

namespace {

using namespace weir::config;
using testing::HasSubstr;

/// Every section with its place; each once.
std::vector<std::pair<const key_table*, std::string>> sections_of(const key_table& root, const std::string& first = {}) {
    std::vector<std::pair<const key_table*, std::string>> all{{&root, first}};
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto [table, place] = all[i];
        for (const key& each : table->keys)
            if (each.below != nullptr) all.emplace_back(each.below, place_below(place, each));
    }
    return all;
}

}  // namespace

TEST(ConfTables, SayOfEachKeyWhatItIsForAndWhatHoldsWithoutIt) {
    for (const auto* root : {&tables::conf, &tables::price_file, &tables::models_file})
        for (const auto& [table, place] : sections_of(*root))
            for (const key& each : table->keys) {
                const std::string name = place + "." + std::string{each.name};
                EXPECT_TRUE(each.meaning.ends_with('.')) << name;
                EXPECT_EQ(1, int{each.required} + int{!each.fallback.empty()} + int{!each.absent.empty()}) << name;
                EXPECT_EQ(each.is == shape::section, each.below != nullptr) << name;
                EXPECT_TRUE(!each.example.empty() || each.is == shape::section) << name << " has no example";
                EXPECT_LT(each.meaning.size(), 220u) << name;
            }
}

TEST(ConfTables, KnowEachNameOnceInItsSection) {
    for (const auto& [table, place] : sections_of(tables::conf)) {
        std::set<std::string_view> seen;
        for (const key& each : table->keys) EXPECT_TRUE(seen.insert(each.name).second) << place << "." << each.name;
    }
}

TEST(ConfReference, NamesEveryKeyWithItsDefault) {
    const std::string text = conf_reference();
    std::set<const key_table*> seen;
    const std::pair<const key_table*, const char*> files[] = {
        {&tables::conf, ""}, {&tables::price_file, "prices.yaml"}, {&tables::models_file, "models.yaml"}};
    for (const auto& [root, first] : files)
        for (const auto& [table, place] : sections_of(*root, first)) {
            for (const key& each : table->keys) EXPECT_THAT(text, HasSubstr("**`" + std::string{each.name} + "`**"));
            if (table == root || !seen.insert(table).second) continue;
            // What stands in two places is explained where a reader comes by it first.
            const std::string shown = table == &tables::upstream_tls ? "pools.NAME.upstreams[].tls" : place;
            EXPECT_THAT(text, HasSubstr("### `" + shown + "`\n"));
        }
    EXPECT_THAT(text, HasSubstr("`default: 32KiB`"));
    EXPECT_THAT(text, HasSubstr("`default: 120s`"));
}

TEST(ConfSchema, IsJsonAndNamesEveryKey) {
    simdjson::dom::parser parser;
    const simdjson::dom::element schema = parser.parse(conf_schema());
    EXPECT_EQ(schema["$schema"].get_string().value(), "https://json-schema.org/draft/2020-12/schema");
    const auto names_all = [](const simdjson::dom::element& section, const key_table& table) {
        const simdjson::dom::object properties = section["properties"];
        return properties.size() == table.keys.size() &&
               std::all_of(table.keys.begin(), table.keys.end(), [&](const key& each) { return properties[each.name].error() == simdjson::SUCCESS; });
    };
    EXPECT_TRUE(names_all(schema, tables::conf));
    const simdjson::dom::object sections = schema["$defs"];
    for (const auto& [table, place] : sections_of(tables::conf)) {
        const key_table& keys = *table;
        EXPECT_TRUE(place.empty() || std::any_of(sections.begin(), sections.end(), [&](const auto& each) { return names_all(each.value, keys); }))
            << place;
    }
}

namespace {

/// `key: example` at its place, in one line.
std::string at_place(const key& of, std::string place) {
    std::string text = std::string{of.name} + ": " + std::string{of.example};
    while (!place.empty()) {
        const auto dot = place.rfind('.');
        const std::string name = place.substr(dot == std::string::npos ? 0 : dot + 1);
        const bool list = name.ends_with("[]");
        text = (list ? name.substr(0, name.size() - 2) + ": [{" : name + ": {") + text + (list ? "}]" : "}");
        place.resize(dot == std::string::npos ? 0 : dot);
    }
    return text;
}

}  // namespace

// What else lacks in such a conf is of no concern here; files that examples name are not there.
TEST(ConfTables, HaveExamplesThatAreRead) {
    const environment everything = [](std::string_view) { return std::optional<std::string>{"redis-or-any-secret"}; };
    for (const auto& [table, place] : sections_of(tables::conf))
        for (const key& each : table->keys) {
            if (each.example.empty() || each.is == shape::path) continue;
            // In braces, a reference needs quotes.
            std::string text = at_place(each, place);
            if (each.example.starts_with("${")) text.replace(text.find("${"), each.example.size(), '"' + std::string{each.example} + '"');
            for (const fault& found : load_text(text, "weir.yaml", everything).faults)
                EXPECT_FALSE(!found.warning && found.message.starts_with(std::string{each.name} + ":") && !found.message.ends_with("is not a pool"))
                    << text << "\n"
                    << to_string(found);
        }
}

// What users read without a weir at hand is what it would print.
TEST(ConfReference, StandsInTheFilesOfTheProject) {
    const auto file = [](const char* name) { return test::file_text_of(std::string{WEIR_SOURCE_DIR} + name); };
    EXPECT_EQ(file("/conf/REFERENCE.md"), conf_reference()) << "weir conf reference > conf/REFERENCE.md";
    EXPECT_EQ(file("/conf/weir.schema.json"), conf_schema()) << "weir conf schema > conf/weir.schema.json";
}
