// Finds the top-level `usage` (or `usageMetadata`) object in a JSON answer too large to hold, fed in arbitrary slices. It checks no grammar; what
// is not an answer as its dialect has it reports nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dialect/endpoint.hpp"
#include "dialect/read/reported_usage.hpp"

namespace weir::dialect {

/// Keeps at most 8 KiB.
class usage_finder {
public:
    explicit usage_finder(endpoint e) : endpoint_(e) {}
    void feed(std::string_view bytes);
    /// After the last byte: whether a usage object was found; fills `out`.
    [[nodiscard]] bool result(usage::counts& out) const;
    [[nodiscard]] bool beyond_tokens() const { return usage_.beyond_tokens(); }
    /// The model that the answer names, as far as it has come.
    [[nodiscard]] const std::string& served_model() const { return model_; }

private:
    enum class document : std::uint8_t { ahead, open, over };
    enum class string_part : std::uint8_t { outside, inside, escaped };
    /// What the value is that comes next, or is at hand.
    enum class member : std::uint8_t { other, usage, model, service_tier };
    /// Of the object that may be the report.
    enum class capture : std::uint8_t { off, on, too_large };

    void step(char c);
    void inside_string(char c);
    void string_ended();
    void name_ended();
    void start_document(char c);
    void open(char c);
    void close();
    void keep(char c);
    void read_captured();
    [[nodiscard]] member member_of(std::string_view name) const;
    [[nodiscard]] bool among_members() const { return depth_ == member_depth_ && capture_ == capture::off; }

    std::uint64_t depth_ = 0;
    std::uint64_t member_depth_ = 1;  ///< 2 where the document is an array of answers (Gemini without SSE)
    document document_ = document::ahead;
    string_part at_ = string_part::outside;
    member member_ = member::other;
    capture capture_ = capture::off;
    endpoint endpoint_;
    std::string text_;      ///< the last string among the members, raw, cut at 96 bytes
    std::string captured_;  ///< the object that is being captured
    std::string model_;
    reported_usage usage_;
};

}  // namespace weir::dialect
