#include "setup/instructions.hpp"

#include <algorithm>
#include <array>

#include "core/glob.hpp"

namespace weir::setup {
namespace {

constexpr std::size_t most_models = 12;
constexpr std::string_view no_model = "MODEL";

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) text.replace(at, what.size(), with);
}

/// The named one first, then the others that talk; not more than a person reads.
std::vector<std::string> shown_models(const gateway& at, const std::string& model) {
    std::vector<std::string> out{model};
    for (const auto& each : at.models)
        if (out.size() < most_models && each != model && talks(each)) out.push_back(each);
    return out;
}

std::string joined(const std::vector<std::string>& all, std::string_view between) {
    std::string out;
    for (const auto& each : all) out.append(out.empty() ? "" : between).append(each);
    return out;
}

/// Lines with {each} stand there once for each model.
std::string repeated(std::string_view text, const std::vector<std::string>& models) {
    std::string out;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string line{text.substr(0, end)};
        const bool has_break = end < text.size();
        text.remove_prefix(std::min(end + 1, text.size()));
        const bool is_each = line.find("{each}") != std::string::npos;
        for (std::size_t i = 0; i < (is_each ? models.size() : 1); ++i) {
            std::string one = line;
            if (is_each) replace_all(one, "{each}", models[i]);
            out += one + (has_break ? "\n" : "");
        }
    }
    return out;
}

}  // namespace

bool talks(std::string_view model) {
    constexpr std::array<std::string_view, 18> others{"embed",  "whisper",  "tts",     "dall-e",      "image",      "moderation",
                                                      "rerank", "realtime", "audio",   "transcribe",  "sora",       "veo-",
                                                      "imagen", "davinci",  "babbage", "-instruct-0", "search-api", "computer-use"};
    return !core::is_glob(model) && std::none_of(others.begin(), others.end(), [&](auto word) { return model.find(word) != std::string_view::npos; });
}

std::string model_for(const client& what, const std::vector<std::string>& models) {
    for (const auto& pattern : what.prefers)
        for (const auto& model : models)
            if (talks(model) && core::glob_match(pattern, model)) return model;
    const auto first = std::find_if(models.begin(), models.end(), talks);
    return first == models.end() ? std::string{no_model} : *first;
}

std::string filled(std::string_view text, const gateway& at, const std::string& model) {
    const auto models = shown_models(at, model);
    auto out = repeated(text, models);
    std::string map;
    for (const auto& each : models) map += (map.empty() ? "\"" : ", \"") + each + "\": {}";
    // What is put in is not looked at again: names of models have no braces, and origins neither.
    replace_all(out, "{origin}", at.origin);
    replace_all(out, "{v1}", at.origin + "/v1");
    replace_all(out, "{models_map}", map);
    replace_all(out, "{models}", joined(models, ","));
    replace_all(out, "{model}", model);
    replace_all(out, "{key}", at.key);
    return out;
}

std::string instructions(const client& what, const gateway& at, const std::string& model) {
    const auto named = model.empty() ? model_for(what, at.models) : model;
    std::string out = what.title + " at " + at.origin + " (" + (what.tried.empty() ? "not tried" : "tried: " + what.tried) + ")\n";
    for (const auto& each : what.steps) {
        out += "\n# " + each.where + "\n" + filled(each.text, at, named);
        if (!out.ends_with('\n')) out += '\n';
    }
    if (!what.note.empty()) out += "\n" + filled(what.note, at, named) + "\n";
    return out;
}

}  // namespace weir::setup
