#include "cli/terminal_text.hpp"

#include <clocale>
#include <cwchar>
#include <vector>

namespace weir::cli {
namespace {

constexpr std::string_view ellipsis = "…";

struct character {
    std::string text;
    std::size_t width = 1;
};

/// What characters are is asked of the C library, in UTF-8 whatever the environment says.
class in_utf8 {
public:
    in_utf8() : before_(::uselocale(shared())) {}
    ~in_utf8() { ::uselocale(before_); }
    in_utf8(const in_utf8&) = delete;
    in_utf8& operator=(const in_utf8&) = delete;

private:
    static locale_t shared() {
        static const locale_t made = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
        return made == nullptr ? LC_GLOBAL_LOCALE : made;
    }
    locale_t before_;
};

std::vector<character> characters_of(std::string_view text) {
    const in_utf8 locale;
    std::vector<character> out;
    while (!text.empty()) {
        wchar_t wide = 0;
        std::mbstate_t state{};
        auto size = std::mbrtowc(&wide, text.data(), text.size(), &state);
        const bool sound = size != 0 && size <= text.size();
        if (!sound) size = 1;
        const int width = sound ? ::wcwidth(wide) : -1;
        const auto piece = width < 0 ? std::string{"?"} : std::string{text.substr(0, size)};
        out.push_back({piece, width < 0 ? 1 : static_cast<std::size_t>(width)});
        text.remove_prefix(size);
    }
    return out;
}

std::size_t columns_of(const std::vector<character>& all) {
    std::size_t out = 0;
    for (const auto& each : all) out += each.width;
    return out;
}

}  // namespace

std::size_t columns_of(std::string_view text) { return columns_of(characters_of(text)); }

std::string in_columns(std::string_view text, std::size_t width, bool right) {
    const auto all = characters_of(text);
    auto whole = columns_of(all);
    std::string out;
    if (whole <= width) {
        for (const auto& each : all) out += each.text;
    } else if (width > 0) {
        // The end tells more than the middle: -us from -eu, one date from another.
        const auto front = (width - 1) / 2, back = width - 1 - front;
        std::size_t used = 0, at = 0;
        for (; at < all.size() && used + all[at].width <= front; ++at) {
            out += all[at].text;
            used += all[at].width;
        }
        std::string end;
        std::size_t used_behind = 0;
        for (auto i = all.size(); i > at && used_behind + all[i - 1].width <= back; --i) {
            end.insert(0, all[i - 1].text);
            used_behind += all[i - 1].width;
        }
        out.append(ellipsis).append(end);
        whole = used + 1 + used_behind;
    }
    const std::string fill(width > whole ? width - whole : 0, ' ');
    return right ? fill + out : out + fill;
}

}  // namespace weir::cli
