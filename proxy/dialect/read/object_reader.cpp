#include "dialect/read/object_reader.hpp"

#include <algorithm>
#include <array>

#include "dialect/json/json_index.hpp"
#include "dialect/read/usage_report.hpp"

namespace weir::dialect {
namespace {

enum meaning : std::uint8_t { names_it, says_status, names_model, reports_usage };

struct wish {
    member_path path;
    meaning means;
};

using wishes_of = std::vector<wish>;

member_path at(std::string_view a) { return {{a}, 1, false}; }
member_path at(std::string_view a, std::string_view b) { return {{a, b}, 2, false}; }
member_path at(std::string_view a, std::string_view b, std::string_view c) { return {{a, b, c}, 3, false}; }
member_path anywhere(std::string_view name) { return {{name}, 1, true}; }

wishes_of wishes_for(object_kind kind, answer_form form, bool made) {
    if (form == answer_form::events && kind == object_kind::response)
        return {{at("response", "id"), names_it},
                {at("response", "status"), says_status},
                {at("response", "model"), names_model},
                {at("response", "usage"), reports_usage}};
    switch (kind) {
        case object_kind::deferred:
            if (made) return {{at("request_id"), names_it}};
            return {{at("model"), names_model}, {at("usage"), reports_usage}};
        case object_kind::gemini_batch:
            if (made) return {{at("name"), names_it}};
            return {{anywhere("modelVersion"), names_model}, {anywhere("usageMetadata"), reports_usage}};
        case object_kind::message_batch:
            if (form == answer_form::lines)
                return {{at("result", "message", "model"), names_model}, {at("result", "message", "usage"), reports_usage}};
            return {{at("id"), names_it}, {at("processing_status"), says_status}};
        case object_kind::video:
            // Aggregators call a task what OpenAI calls a video.
            return {{at("id"), names_it},        {at("task_id"), names_it},  {at("data", "task_id"), names_it}, {at("data", "id"), names_it},
                    {at("status"), says_status}, {at("model"), names_model}, {at("usage"), reports_usage}};
        default: return {{at("id"), names_it}, {at("status"), says_status}, {at("model"), names_model}, {at("usage"), reports_usage}};
    }
}

bool is_over(std::string_view status) {
    constexpr std::array words{"completed", "failed", "cancelled", "canceled", "incomplete", "expired"};
    return std::find(words.begin(), words.end(), status) != words.end();
}

}  // namespace

object_reader::object_reader(object_kind kind, answer_form form, bool made) : kind_(kind), form_(form), scan_({}) {
    for (const wish& each : wishes_for(kind, form, made)) {
        wanted_.push_back(each.path);
        meanings_.push_back(each.means);
    }
    scan_ = member_scan{wanted_};
}

void object_reader::feed(std::string_view bytes) {
    if (form_ == answer_form::events) return feed_events(bytes);
    scan_.feed(bytes, *this);
}

// Only the values of `data` fields are read; an empty line ends an event (WHATWG HTML, section 9.2.6).
void object_reader::feed_events(std::string_view bytes) {
    constexpr std::string_view data = "data:";
    while (!bytes.empty()) {
        const char c = bytes.front();
        if (c == '\n' || c == '\r') {
            bytes.remove_prefix(1);
            const bool second_half = c == '\n' && after_cr_;
            after_cr_ = c == '\r';
            if (second_half) continue;
            if (line_ == line::begins) scan_.reset();
            line_ = line::begins;
            continue;
        }
        after_cr_ = false;
        if (line_ == line::begins) {
            field_.clear();
            line_ = line::field;
        }
        if (line_ == line::field) {
            field_.push_back(c);
            bytes.remove_prefix(1);
            if (field_ == data)
                line_ = line::data;
            else if (!data.starts_with(field_))
                line_ = line::ignored;
            continue;
        }
        const auto rest = bytes.substr(0, bytes.find_first_of("\r\n"));
        if (line_ == line::data) scan_.feed(rest, *this);
        bytes.remove_prefix(rest.size());
    }
}

void object_reader::found(std::size_t which, std::string_view value) {
    const bool is_object = value.starts_with('{');
    switch (meanings_[which]) {
        case reports_usage:
            if (is_object) take_usage(value);
            return;
        case says_status: over_ = over_ || is_over(value); return;
        case names_model:
            model_.clear();
            if (!is_object && value.size() <= longest_object_id) (void)json::unescape(value, model_);
            return;
        default: break;
    }
    if (!id_.empty() || is_object || value.size() > longest_object_id) return;
    std::string id;
    if (!json::unescape(value, id)) return;
    constexpr std::string_view folder = "batches/";
    if (kind_ == object_kind::gemini_batch && id.starts_with(folder)) id.erase(0, folder.size());
    id_ = std::move(id);
}

void object_reader::take_usage(std::string_view object) {
    json::index& where = json::thread_index();
    if (where.build(object) != json::fault::none) return;
    json::cursor cursor{where};
    usage_report report;
    const endpoint form = form_of(kind_);
    if (!read_usage(dialect_of(form), cursor, report) || !cursor.at_end()) return;
    const auto counted = counts_of(form, report);
    if (kind_ == object_kind::gemini_batch && reported_)
        *reported_ += counted;  // one for each answer of the batch
    else
        reported_ = counted;
}

void object_reader::document_ended() {
    if (!reported_) return;
    if (form_ != answer_form::lines) {
        usages_.assign(1, {model_, *reported_});  // the last report counts
    } else {
        constexpr std::size_t most_models = 16;
        auto same = std::find_if(usages_.begin(), usages_.end(), [&](const model_usage& u) { return u.model == model_; });
        if (same == usages_.end() && usages_.size() < most_models) same = usages_.insert(usages_.end(), {model_, {}});
        if (same == usages_.end()) --same;
        same->used += *reported_;
    }
    reported_.reset();
    model_.clear();
}

void object_reader::end() {
    if (form_ == answer_form::json || form_ == answer_form::events) document_ended();
}

}  // namespace weir::dialect
