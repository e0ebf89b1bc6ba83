// Names of models that are put together while one request is served. They stay where they are until that is over, so that others may look at them.
#pragma once

#include <forward_list>
#include <string>
#include <string_view>

namespace weir::policy {

class made_names {
public:
    /// The three in a row. Asked for again, it is the same one.
    [[nodiscard]] std::string_view keep(std::string_view before, std::string_view middle, std::string_view after) {
        for (const auto& name : names_)
            if (is(name, before, middle, after)) return name;
        auto& made = names_.emplace_front();
        made.reserve(before.size() + middle.size() + after.size());
        return made.append(before).append(middle).append(after);
    }

private:
    [[nodiscard]] static bool is(std::string_view name, std::string_view before, std::string_view middle, std::string_view after) {
        return name.size() == before.size() + middle.size() + after.size() && name.starts_with(before) && name.ends_with(after) &&
               name.substr(before.size(), middle.size()) == middle;
    }

    std::forward_list<std::string> names_;
};

}  // namespace weir::policy
