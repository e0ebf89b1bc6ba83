// JSON written in order, for the admin endpoints. Names come from confs and clients, so they need not be valid UTF-8; the JSON is.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/clock.hpp"
#include "telemetry/log_line.hpp"
#include "telemetry/text.hpp"

namespace weir::admin {

class json_text {
public:
    void open_object() { writer_.StartObject(); }
    void open_object(std::string_view name) { key(name), writer_.StartObject(); }
    void close_object() { writer_.EndObject(); }
    void open_array(std::string_view name) { key(name), writer_.StartArray(); }
    void close_array() { writer_.EndArray(); }
    /// A value that is JSON already.
    void add_json(std::string_view name, const std::string& json) {
        key(name);
        writer_.RawValue(json.data(), json.size(), rapidjson::kObjectType);
    }
    void add_or_null(std::string_view name, std::string_view value) {
        if (value.empty())
            add_null(name);
        else
            add(name, value);
    }
    void add_time(std::string_view name, core::wall_time when) {
        char stamp[telemetry::timestamp_size];
        telemetry::write_timestamp(stamp, when);
        add(name, std::string_view{stamp, sizeof stamp});
    }
    void add(std::string_view name, std::string_view value) { key(name), text(value); }
    void add(std::string_view name, const char* value) { add(name, std::string_view{value}); }
    void add(std::string_view name, bool value) { key(name), writer_.Bool(value); }
    void add(std::string_view name, std::int64_t value) { key(name), writer_.Int64(value); }
    void add(std::string_view name, int value) { add(name, std::int64_t{value}); }
    void add(std::string_view name, double value) { key(name), writer_.Double(value); }
    void add_null(std::string_view name) { key(name), writer_.Null(); }
    void add_list(std::string_view name, const std::vector<std::string>& values) {
        open_array(name);
        for (const auto& v : values) text(v);
        close_array();
    }
    void add_map(std::string_view name, const std::map<std::string, std::string>& values) {
        open_object(name);
        for (const auto& [k, v] : values) add(k, v);
        close_object();
    }
    [[nodiscard]] std::string take() const { return {out_.GetString(), out_.GetSize()}; }

private:
    void key(std::string_view name) {
        const auto clean = valid(name);
        writer_.Key(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
    }
    void text(std::string_view value) {
        const auto clean = valid(value);
        writer_.String(clean.data(), static_cast<rapidjson::SizeType>(clean.size()));
    }
    static std::string valid(std::string_view text) {
        std::string out;
        out.reserve(text.size());
        while (!text.empty()) {
            const auto n = telemetry::utf8_length(text);
            out += n == 0 ? std::string_view{"\xef\xbf\xbd"} : text.substr(0, n);
            text.remove_prefix(n == 0 ? 1 : n);
        }
        return out;
    }

    rapidjson::StringBuffer out_;
    rapidjson::Writer<rapidjson::StringBuffer> writer_{out_};
};

}  // namespace weir::admin
