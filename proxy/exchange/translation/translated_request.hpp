// A request as an upstream of another dialect gets it: another path, another body, and what that leaves out.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "dialect/hub/answer/answer_event.hpp"
#include "dialect/hub/embeddings.hpp"
#include "dialect/hub/notes.hpp"
#include "exchange/memory_share.hpp"
#include "exchange/place.hpp"
#include "exchange/translation/service.hpp"
#include "http/head.hpp"
#include "record/request_record.hpp"

namespace weir::exchange {

class translated_request {
public:
    struct settings {
        bool as_stream = false;       ///< it is asked for as one, whatever the client wants
        std::int64_t max_output = 0;  ///< the key's limit, in tokens; 0: none
        int choices = 1;              ///< that the body asks for
    };

    /// `body`: the client's, followed by 64 readable bytes.
    translated_request(const service& how, const asked& what, std::string_view body, const place& to, const config::conf& by, const settings& with);

    /// It counts as a body that is held, beside the client's own. False: there is no room for it.
    [[nodiscard]] bool count_memory(const shared_memory& of) { return memory_.hold(body_.capacity(), of); }
    /// It has no place there: the error says which field, and why.
    [[nodiscard]] const core::error& refused() const { return refused_; }
    [[nodiscard]] const dialect::target& target() const { return target_; }
    [[nodiscard]] std::string_view body() const { return body_; }
    /// Path and query that are asked for there.
    [[nodiscard]] std::string path_at(const config::upstream_conf& to) const;
    [[nodiscard]] const service& how() const { return how_; }
    [[nodiscard]] const record::translation& said() const { return said_; }
    /// The client gets to see what was thought.
    [[nodiscard]] bool shows_reasoning() const { return shows_reasoning_; }
    /// Whose account is asked.
    [[nodiscard]] std::uint32_t scope() const { return scope_; }
    /// Of embeddings: how the answer is to look.
    [[nodiscard]] const dialect::hub::embeddings_form& form() const { return form_; }
    /// Tools that are called otherwise there.
    [[nodiscard]] const std::vector<dialect::hub::tool_form>& tools() const { return tools_; }
    /// Of responses: what its answer says again of it.
    [[nodiscard]] const std::string& answered_settings() const { return answered_settings_; }
    /// Fields that its upstream wants beside those that it gets from every client. `passes_credential`: the client's own goes along, in the form that
    /// is usual there.
    [[nodiscard]] std::vector<std::pair<std::string_view, std::string>> fields(const http::request_head& h, bool passes_credential) const;

private:
    void write(const asked& what, std::string_view body, const place& to, const config::conf& by, const settings& with);
    void write_embeddings(const asked& what, std::string_view model, const config::pool_conf& pool, dialect::hub::notes& told);
    void note_refusal(const dialect::hub::notes& told, const config::pool_conf& pool);

    service how_;
    const config::translation_conf* conf_;
    dialect::target target_;
    std::string body_;
    std::uint32_t scope_ = 0;
    bool shows_reasoning_ = false, binds_ = false;
    std::vector<dialect::hub::tool_form> tools_;
    std::string answered_settings_;
    dialect::hub::embeddings_form form_;
    record::translation said_;
    core::error refused_;
    memory_share memory_;
};

/// What the conf says of translations for `to`.
[[nodiscard]] dialect::hub::target_settings settings_for(const place& to, const config::conf& by);

/// A field that means something to its own provider alone.
[[nodiscard]] bool is_of_one_dialect(std::string_view name);

}  // namespace weir::exchange
