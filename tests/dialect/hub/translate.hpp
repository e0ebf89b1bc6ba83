// One request through a reader and a writer, for tests.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>

#include "dialect/hub/reading.hpp"
#include "dialect/hub/tool_names.hpp"
#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub::test {

struct translated {
    std::string body, dropped, changed, refused;
};

inline translated translate(spoke from, spoke to, std::string_view body, target_settings with = {}, bool strict = false) {
    constexpr std::array readers{&read_chat, &read_responses, &read_messages, &read_gemini, &read_completions};
    constexpr std::array writers{&write_chat, &write_responses, &write_messages, &write_gemini};
    json::index where;
    EXPECT_EQ(where.build(body), json::fault::none) << body;
    conversation c;
    notes told{strict};
    EXPECT_TRUE(readers[static_cast<std::size_t>(from)](json::cursor{where}, c, told));
    translated out;
    with.model = "m";
    fit_names(c, to);
    writers[static_cast<std::size_t>(to)](c, with, out.body, told);
    json::index again;
    EXPECT_EQ(again.build(out.body), json::fault::none) << out.body;
    json::cursor whole{again};
    EXPECT_TRUE(whole.skip() && whole.at_end()) << out.body;
    out.dropped = told.dropped();
    out.changed = told.changed();
    if (told.refused()) out.refused = told.refused()->field + ": " + told.refused()->why;
    return out;
}

inline bool has(const translated& in, std::string_view text) { return in.body.find(text) != std::string::npos; }

}  // namespace weir::dialect::hub::test
