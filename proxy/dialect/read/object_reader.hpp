// Reads what an answer says of an object that a provider keeps: its id, how far it is, and the usage that it reports, whatever form the answer
// has. Fed with the answer's bytes in arbitrary slices; it keeps no more than single members.
// It does not know who pays (exchange/objects/object_keeper.hpp does).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/json/member_scan.hpp"
#include "dialect/object_path.hpp"
#include "usage/counts.hpp"

namespace weir::dialect {

/// What one model did for an object; a batch may have asked several.
struct model_usage {
    std::string model;  ///< as the provider calls it; may be empty
    usage::counts used;
};

enum class answer_form : std::uint8_t {
    json,
    lines,   ///< one document a line
    events,  ///< server-sent
};

class object_reader final : private member_scan::sink {
public:
    /// `made`: the answer is to the request that made it.
    object_reader(object_kind kind, answer_form form, bool made);
    object_reader(const object_reader&) = delete;
    object_reader& operator=(const object_reader&) = delete;

    void feed(std::string_view bytes);
    /// After the last byte.
    void end();

    [[nodiscard]] const std::string& id() const { return id_; }  ///< empty: none came, or one that is too long
    [[nodiscard]] const std::vector<model_usage>& usages() const { return usages_; }
    /// The provider says that it is over (`completed`, `failed`, …).
    [[nodiscard]] bool over() const { return over_; }

private:
    void found(std::size_t which, std::string_view value) override;
    void document_ended() override;
    void feed_events(std::string_view bytes);
    void take_usage(std::string_view object);

    object_kind kind_;
    answer_form form_;
    std::vector<member_path> wanted_;
    std::vector<std::uint8_t> meanings_;
    member_scan scan_;
    std::string id_, model_;
    std::optional<usage::counts> reported_;  ///< by the document at hand
    std::vector<model_usage> usages_;
    bool over_ = false;
    enum class line : std::uint8_t { begins, field, data, ignored } line_ = line::begins;
    std::string field_;
    bool after_cr_ = false;
};

}  // namespace weir::dialect
