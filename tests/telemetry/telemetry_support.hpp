// What telemetry's tests share: a record with known numbers, and reading the text format back.
#pragma once

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>

#include "record/request_record.hpp"

namespace weir::telemetry_test {

inline record::request_record sample_record() {
    record::request_record r;
    r.time = core::wall_time(std::chrono::milliseconds(1'767'225'600'007));  // 2026-01-01T00:00:00.007Z
    r.request_id = "0190-abc";
    r.client = "10.0.0.7";
    r.listener = "127.0.0.1:8080";
    r.key = "dify";
    r.endpoint = "/v1/chat/completions";
    r.model = "gpt-4o-mini";
    r.model_label = "gpt-4o*";
    r.served_model = "gpt-4o-2024-11-20";
    r.route = "gpt-4o*";
    r.pool = "openai";
    r.upstream = "openai-b";
    r.status = 200;
    r.stream = true;
    r.has_usage = true;
    r.attempts[0] = {.pool = "openai", .upstream = "openai-a", .why = record::failure::timeout_connect, .ms = 5000};
    r.attempts[1] = {.pool = "openai", .upstream = "openai-b", .status = 200, .ms = 812};
    r.attempt_count = 2;
    r.first_token_ms = 312;
    r.first_token_us = 312'000;
    r.duration_us = 5'900'000;
    r.overhead_us = 40;
    r.bytes_in = 400;
    r.bytes_out = 9000;
    r.usage.input = 100;
    r.usage.cached_input = 20;
    r.usage.output = 30;
    r.usage.reasoning = 7;
    r.cost = 1'500'001;
    return r;
}

/// Every sample of the text format: "name{labels}" -> value.
inline std::map<std::string, double> samples_of(const std::string& text) {
    std::map<std::string, double> samples;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == '#') continue;
        const auto space = line.rfind(' ');
        samples[line.substr(0, space)] = std::strtod(line.c_str() + space + 1, nullptr);
    }
    return samples;
}

}  // namespace weir::telemetry_test
