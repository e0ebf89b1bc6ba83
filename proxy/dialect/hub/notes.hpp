// What a translation leaves out, alters or cannot do: for the answer's headers, the log, and whoever looks for another upstream.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::dialect::hub {

class notes {
public:
    struct refusal {
        std::string field;  ///< the client's path; for `param`
        std::string why;
    };

    /// `strict`: what the client said and would lose or see altered is refused.
    explicit notes(bool strict = false) : strict_(strict) {}

    /// Something that the client said is not sent on.
    void drop(std::string_view field, std::string_view why = "it has no such thing");
    /// Something that the client said is sent in another form or with another value.
    void change(std::string_view field, std::string_view why = "it takes another value");
    /// Something is added because the upstream requires it: said, and never a reason to refuse.
    void add(std::string_view field);
    /// The first is kept.
    void refuse(std::string_view field, std::string_view why);

    [[nodiscard]] const std::optional<refusal>& refused() const { return refused_; }
    /// For x-weir-dropped and x-weir-changed: each field once, separated by ", ".
    [[nodiscard]] std::string dropped() const;
    [[nodiscard]] std::string changed() const;

private:
    bool strict_;
    std::vector<std::string> dropped_, changed_;
    std::optional<refusal> refused_;
};

}  // namespace weir::dialect::hub
