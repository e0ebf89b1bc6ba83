// From what the client asked to what an upstream is asked: path and query. Only bytes that must change do.
#include <algorithm>

#include "dialect/endpoint.hpp"
#include "dialect/percent_encoding.hpp"

namespace weir::dialect {
namespace {

bool ends_with_version(std::string_view base) {
    const std::string_view last = base.substr(base.rfind('/') + 1);
    return last.size() >= 2 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9';
}

std::string_view default_version(kind k) { return k == kind::gemini ? "/v1beta" : "/v1"; }

// Calls f(whole, name) for each `name=value` of a query.
template <class F>
void each_parameter(std::string_view query, F&& f) {
    std::size_t from = 0;
    while (from <= query.size()) {
        const std::size_t to = std::min(query.find('&', from), query.size());
        const std::string_view one = query.substr(from, to - from);
        f(one, one.substr(0, one.find('=')));
        from = to + 1;
    }
}

}  // namespace

std::string upstream_path(kind upstream_dialect, std::string_view base_path, const target& what) {
    while (base_path.ends_with('/')) base_path.remove_suffix(1);
    const std::string_view version = what.version.empty() ? default_version(upstream_dialect) : std::string_view{what.version};
    const bool has_version = upstream_dialect == kind::openai ? !base_path.empty() : ends_with_version(base_path);
    // Who serves OpenAI's endpoints below /v1 has Gemini's beside them, not below them.
    constexpr std::string_view v1 = "/v1";
    const bool beside = upstream_dialect == kind::openai && what.dialect == kind::gemini && version != v1 && base_path.ends_with(v1);
    if (beside) base_path.remove_suffix(v1.size());
    std::string out{base_path};
    if (!has_version || beside) out += version;
    out += what.suffix;
    return out;
}

void rename_in_path(target& what, std::string_view model) {
    constexpr std::string_view models = "/models/";
    const std::size_t colon = what.suffix.rfind(':');
    if (what.dialect != kind::gemini || !what.suffix.starts_with(models) || colon == std::string::npos) return;
    what.suffix.replace(models.size(), colon - models.size(), encode_percent(model, "/:@"));
}

std::string rename_in_query(std::string_view query, std::string_view model) {
    std::string out;
    bool first = true;
    each_parameter(query, [&](std::string_view one, std::string_view name) {
        if (!first) out += '&';
        first = false;
        if (name == "model") {
            out += "model=" + encode_percent(model, "/:@");
        } else {
            out += one;
        }
    });
    return out;
}

}  // namespace weir::dialect
