// One function per kind of media.
#include "mock/media.hpp"

#include <algorithm>

#include "mock/voice.hpp"

namespace weir::mock {
namespace {

constexpr std::int64_t image_tokens = 272;      // what a small square of low quality takes
constexpr std::int64_t tokens_per_second = 10;  // of sound
constexpr std::string_view heard = "The water runs over the weir and does not stop.";

/// The smallest PNG there is: one grey pixel.
constexpr std::string_view pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg==";

json::object image_frame(const request_body& body, std::string_view image) {
    const auto or_else = [&](const char* name, const char* otherwise) {
        const auto given = body.text(name);
        return given.empty() || given == "auto" ? std::string{otherwise} : given;
    };
    return {{"b64_json", image},
            {"created_at", 1700000000},
            {"size", or_else("size", "1024x1024")},
            {"quality", or_else("quality", "low")},
            {"background", or_else("background", "opaque")},
            {"output_format", or_else("output_format", "png")}};
}

answer images(std::string_view kind, const request_body& body, std::string_view image) {
    answer out;
    const auto count = std::clamp<std::int64_t>(body.number("n", 1), 1, 10);
    out.usage.prompt = std::max<std::int64_t>(1, tokens_of(body.text("prompt")));
    const std::int64_t given = body.is_form() ? image_tokens : 0;
    out.usage.prompt += given;
    out.usage.completion = image_tokens * count;
    const json::value usage = {{"input_tokens", out.usage.prompt},
                               {"input_tokens_details", {{"image_tokens", given}, {"text_tokens", out.usage.prompt - given}}},
                               {"output_tokens", out.usage.completion},
                               {"total_tokens", out.usage.prompt + out.usage.completion}};
    if (!body.flag("stream")) {
        json::array data;
        for (std::int64_t i = 0; i < count; ++i) data.push_back(json::object{{"b64_json", image}});
        out.events.push_back({.bytes = json::serialize(json::value{{"created", 1700000000}, {"data", data}, {"usage", usage}})});
        return out;
    }
    out.stream = true;
    out.content_type = "text/event-stream; charset=utf-8";
    for (std::int64_t i = 0; i < std::clamp<std::int64_t>(body.number("partial_images", 0), 0, 3); ++i) {
        auto frame = image_frame(body, image);
        frame["type"] = std::string{kind} + ".partial_image";
        frame["partial_image_index"] = i;
        out.events.push_back(named_event(std::string{kind} + ".partial_image", frame));
    }
    auto frame = image_frame(body, image);
    frame["type"] = std::string{kind} + ".completed";
    frame["usage"] = usage;
    out.events.push_back(named_event(std::string{kind} + ".completed", frame));
    out.events.back().terminator = true;
    return out;
}

answer speech(const request_body& body) {
    answer out;
    std::string sound;
    for (int i = 0; i < 32 * 1024; ++i) sound += static_cast<char>((i * 31) ^ (i >> 3));
    if (body.text("stream_format") != "sse") {
        const auto format = body.text("response_format");
        out.content_type = format.empty() || format == "mp3" ? "audio/mpeg" : format == "opus" ? "audio/ogg" : "audio/" + format;
        out.events.push_back({.bytes = std::move(sound)});
        return out;
    }
    out.stream = true;
    out.content_type = "text/event-stream; charset=utf-8";
    constexpr std::size_t slice = 4096;
    for (std::size_t at = 0; at < sound.size(); at += slice)
        out.events.push_back(data_event({{"type", "speech.audio.delta"}, {"audio", base64(std::string_view{sound}.substr(at, slice))}}));
    out.usage.prompt = std::max<std::int64_t>(1, tokens_of(body.text("input")));
    out.usage.completion = tokens_per_second * 3;
    out.events.push_back(data_event({{"type", "speech.audio.done"},
                                     {"usage",
                                      {{"input_tokens", out.usage.prompt},
                                       {"output_tokens", out.usage.completion},
                                       {"total_tokens", out.usage.prompt + out.usage.completion}}}}));
    out.events.back().terminator = true;
    return out;
}

json::value transcript_usage(const usage& used) {
    return {{"type", "tokens"},
            {"input_tokens", used.prompt},
            {"input_token_details", {{"text_tokens", 0}, {"audio_tokens", used.prompt}}},
            {"output_tokens", used.completion},
            {"total_tokens", used.prompt + used.completion}};
}

answer transcript_stream(const std::string& text, const usage& used) {
    answer out;
    out.stream = true;
    out.usage = used;
    out.content_type = "text/event-stream; charset=utf-8";
    for (const auto& word : words_of(text)) out.events.push_back(data_event({{"type", "transcript.text.delta"}, {"delta", word}}));
    out.events.push_back(data_event({{"type", "transcript.text.done"}, {"text", text}, {"usage", transcript_usage(used)}}));
    out.events.back().terminator = true;
    return out;
}

answer transcript(const request_body& body, const script& how, const char* task) {
    const auto text = how.text.value_or(std::string{heard});
    // As if it were 16 kHz of 16 bit.
    const auto seconds = 1 + static_cast<std::int64_t>(body.file("file").size()) / 32000;
    answer out;
    out.usage.prompt = seconds * tokens_per_second;
    out.usage.completion = tokens_of(text);
    if (body.flag("stream")) return transcript_stream(text, out.usage);
    const auto format = body.text("response_format");
    if (format == "text" || format == "srt" || format == "vtt") {
        const std::string start = format == "srt" ? "1\n00:00:00,000 --> 00:00:03,000\n" : "WEBVTT\n\n00:00.000 --> 00:03.000\n";
        out.content_type = "text/plain; charset=utf-8";
        out.events.push_back({.bytes = (format == "text" ? "" : start) + text + "\n"});
        return out;
    }
    json::object said = {{"text", text}};
    if (format == "verbose_json") {
        said["task"] = task;
        said["language"] = "english";
        said["duration"] = static_cast<double>(seconds);
        said["segments"] = json::array{json::object{{"id", 0}, {"start", 0.0}, {"end", 3.0}, {"text", text}}};
        said["usage"] = {{"type", "duration"}, {"seconds", seconds}};
    } else {
        said["usage"] = transcript_usage(out.usage);
    }
    out.events.push_back({.bytes = json::serialize(said)});
    return out;
}

}  // namespace

std::optional<answer> media_answer(std::string_view endpoint, const request_body& body, const script& how) {
    if (endpoint == "/audio/speech") return speech(body);
    if (endpoint == "/images/generations") return images("image_generation", body, pixel);
    if (body.file("file").empty() && body.file("image").empty()) return std::nullopt;
    if (endpoint == "/audio/transcriptions") return transcript(body, how, "transcribe");
    if (endpoint == "/audio/translations") return transcript(body, how, "translate");
    if (endpoint != "/images/edits" && endpoint != "/images/variations") return std::nullopt;
    return images("image_edit", body, base64(body.file("image")));
}

}  // namespace weir::mock
