#include "telemetry/otlp_answer.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace weir::telemetry {
namespace {

// Follows the document's events; only partialSuccess.rejectedSpans (rejectedLogRecords) of the outermost object counts.
struct finder : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, finder> {
    using size = rapidjson::SizeType;

    bool StartObject() { return enter(); }
    bool EndObject(size) { return leave(); }
    bool StartArray() { return enter(); }
    bool EndArray(size) { return leave(); }
    bool Key(const char* text, size n, bool) {
        const std::string_view key{text, n};
        if (depth_ == 1) in_partial_ = key == "partialSuccess";
        wanted_ = depth_ == 2 && in_partial_ && (key == "rejectedSpans" || key == "rejectedLogRecords");
        return true;
    }
    bool Int(int n) { return found(n); }
    bool Uint(unsigned n) { return found(n); }
    bool Int64(std::int64_t n) { return found(n); }
    // 64-bit numbers are strings in this encoding, and some write them as numbers.
    bool String(const char* text, size n, bool) {
        std::int64_t number = 0;
        const bool whole = n > 0 && std::from_chars(text, text + n, number).ptr == text + n;
        return found(whole ? number : 0);
    }
    bool Default() { return found(0); }

    std::int64_t rejected = 0;

private:
    bool enter() {
        ++depth_;
        wanted_ = false;
        return true;
    }
    bool leave() {
        --depth_;
        return true;
    }
    bool found(std::int64_t number) {
        if (wanted_) rejected = number;
        wanted_ = false;
        return true;
    }
    int depth_ = 0;
    bool in_partial_ = false, wanted_ = false;
};

}  // namespace

std::int64_t rejected_items(std::string_view answer) {
    finder into;
    rapidjson::MemoryStream bytes{answer.data(), answer.size()};
    rapidjson::Reader reader;
    const auto read = reader.Parse<rapidjson::kParseIterativeFlag>(bytes, into);
    return read.IsError() ? 0 : std::max<std::int64_t>(into.rejected, 0);
}

}  // namespace weir::telemetry
