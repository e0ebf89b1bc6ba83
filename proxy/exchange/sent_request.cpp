#include "exchange/sent_request.hpp"

#include <vector>

#include "core/shown_text.hpp"
#include "dialect/collect/collector.hpp"

namespace weir::exchange {
namespace {

std::string quoted_list(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& n : names) {
        if (!out.empty()) out += ", ";
        out += "'" + n + "'";
    }
    return out;
}

}  // namespace

core::error agree_on_model(std::string_view path_model, dialect::request_facts& facts) {
    if (path_model.empty()) return {};
    constexpr std::string_view prefix = "models/";
    const auto in_body = std::string_view{facts.model};
    const bool prefixed = in_body.starts_with(prefix) && in_body.substr(prefix.size()) == path_model;
    if (!in_body.empty() && in_body != path_model && !prefixed)
        return {core::code::bad_request, "the body names another model than the path: '" + std::string{core::shown(facts.model)} + "'"};
    facts.model = path_model;
    return {};
}

core::error no_route(const policy::route_table& routes, std::string_view model) {
    if (model.empty()) return {core::code::model_not_found, "no route takes requests without a model; add a route for \"*\""};
    auto names = routes.nearest(model, 3);
    std::string message = "no route for the model '" + std::string{core::shown(model)} + "'";
    if (!names.empty()) message += "; did you mean " + quoted_list(names) + "?";
    return {core::code::model_not_found, std::move(message)};
}

bool is_collected(const config::pool_conf& pool, const dialect::target& target, const dialect::request_facts& facts) {
    return pool.collect && target.id != dialect::endpoint::other && dialect::can_collect(target, facts);
}

dialect::wishes wishes_for(const config::pool_conf& pool, const dialect::request_facts& facts, std::string_view model, bool collected,
                           std::int64_t max_output) {
    dialect::wishes wish;
    wish.model = model == facts.model ? std::string_view{} : model;
    wish.stream = collected;
    wish.include_usage = pool.ask_usage && (facts.stream || collected) && !facts.asks_usage;
    wish.max_output = max_output;
    return wish;
}

std::string path_sent(const config::pool_conf& pool, const config::upstream_conf& to, const dialect::target& target, std::string_view renamed,
                      bool collected) {
    const bool to_stream = collected && target.id == dialect::endpoint::gemini_generate;
    if (renamed.empty() && !to_stream) return dialect::upstream_path(pool.dialect, to.base_path, target);
    auto asked = target;
    if (!renamed.empty()) dialect::rename_in_path(asked, renamed);
    if (to_stream) dialect::stream_in_path(asked);
    return dialect::upstream_path(pool.dialect, to.base_path, asked);
}

bool is_foreign(const config::pool_conf& pool, const dialect::target& target) {
    return target.id != dialect::endpoint::other && target.dialect != pool.dialect;
}

std::string foreign_hint(const config::pool_conf& pool, const dialect::target& target) {
    const std::string asked{dialect::name_of(target.dialect)}, spoken{dialect::name_of(pool.dialect)};
    return "this endpoint is of dialect " + asked + ", and the pool '" + pool.name + "' has dialect: " + spoken +
           "; send this model to a pool with dialect: " + asked + ", or use an endpoint of dialect " + spoken;
}

}  // namespace weir::exchange
