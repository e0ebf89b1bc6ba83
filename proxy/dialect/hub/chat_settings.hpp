// What a request to /v1/chat/completions says besides its turns.
#pragma once

#include <algorithm>
#include <vector>

#include "dialect/hub/writing.hpp"

namespace weir::dialect::hub {

/// The tools, and how they are chosen.
class chat_tools : public request_part {
public:
    using request_part::request_part;
    void tools();
    void choice();
    [[nodiscard]] bool calls_functions() const {
        return std::any_of(sent_.begin(), sent_.end(), [](const tool* t) { return t->is == tool::kind::function; });
    }

private:
    void one_tool(const tool& t);
    void named_tool(raw_text name);

    std::vector<const tool*> sent_;
};

/// Settings that have a form of their own.
class chat_options : public request_part {
public:
    using request_part::request_part;
    void limit();
    void format();
    void effort(bool calls_functions);
    void stops();
};

}  // namespace weir::dialect::hub
