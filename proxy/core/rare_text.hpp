// A text that most objects never have: a pointer instead of a string where thousands of objects stand in memory for a long time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::core {

class rare_text {
public:
    rare_text& operator=(std::string_view text) {
        if (text.empty())
            clear();
        else
            edit() = text;
        return *this;
    }
    [[nodiscard]] std::string_view view() const { return text_ ? std::string_view{*text_} : std::string_view{}; }
    operator std::string_view() const { return view(); }
    [[nodiscard]] bool empty() const { return view().empty(); }
    void clear() { text_.reset(); }
    /// What is there, to be changed in place.
    [[nodiscard]] std::string& edit() {
        if (!text_) text_ = std::make_unique<std::string>();
        return *text_;
    }
    /// Hands the text out and is empty.
    [[nodiscard]] std::string take() {
        const auto mine = std::move(text_);
        return mine ? std::move(*mine) : std::string{};
    }

private:
    std::unique_ptr<std::string> text_;
};

}  // namespace weir::core
