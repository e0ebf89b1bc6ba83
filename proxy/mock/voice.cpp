// Helpers of the dialect writers, and Boost.JSON's definitions (header-only use: once per program).
#include "mock/voice.hpp"

#include <boost/json/src.hpp>

namespace weir::mock {

std::string text_of(const saying& what) {
    std::string all;
    for (const auto& piece : what.pieces) all += piece;
    return all;
}

std::string thought_of(const saying& what) {
    std::string all;
    for (const auto& thought : what.thoughts) all += thought;
    return all;
}

std::vector<std::string> slices_of(const std::string& arguments) {
    constexpr std::size_t slice = 7;
    std::vector<std::string> out;
    for (std::size_t at = 0; at < arguments.size(); at += slice) out.push_back(arguments.substr(at, slice));
    return out;
}

event data_event(const json::value& data) { return {.bytes = "data: " + json::serialize(data) + "\n\n"}; }

event named_event(std::string_view name, const json::value& data) {
    return {.bytes = "event: " + std::string{name} + "\ndata: " + json::serialize(data) + "\n\n"};
}

std::uint64_t repeats_for(std::uint64_t bytes, const event& one) {
    return std::max<std::uint64_t>(1, (bytes + one.bytes.size() - 1) / one.bytes.size());
}

}  // namespace weir::mock
