#include "dialect/error_body.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace weir::dialect {
namespace {

using core::code;

/// RapidJSON's writer with string views.
class writer {
public:
    writer& open() { return out_.StartObject(), *this; }
    writer& close() { return out_.EndObject(), *this; }
    writer& open_list() { return out_.StartArray(), *this; }
    writer& close_list() { return out_.EndArray(), *this; }
    writer& key(std::string_view name) { return out_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())), *this; }
    writer& text(std::string_view value) { return out_.String(value.data(), static_cast<rapidjson::SizeType>(value.size())), *this; }
    writer& text(std::string_view name, std::string_view value) { return key(name).text(value); }
    writer& number(std::string_view name, int value) { return key(name), out_.Int(value), *this; }
    writer& null(std::string_view name) { return key(name), out_.Null(), *this; }
    [[nodiscard]] std::string take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

private:
    rapidjson::StringBuffer buffer_;
    rapidjson::Writer<rapidjson::StringBuffer> out_{buffer_};
};

std::string_view openai_type(const core::error& why) {
    switch (why.what) {
        case code::budget_exceeded: return "insufficient_quota";
        case code::model_not_found:
        case code::object_not_found: return "invalid_request_error";
        case code::overloaded:
        case code::draining:
        case code::no_healthy_upstream: return "overloaded_error";
        case code::upstream_timeout: return "timeout_error";
        default: break;
    }
    const int status = core::status_of(why.what);
    switch (status) {
        case 401: return "authentication_error";
        case 403: return "permission_error";
        case 404: return "not_found_error";
        case 429: return "rate_limit_error";
        default: return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

std::string_view anthropic_type(const core::error& why) {
    const int status = core::status_of(why.what);
    switch (status) {
        case 401: return "authentication_error";
        case 403: return "permission_error";
        case 404: return "not_found_error";
        case 413: return "request_too_large";
        case 429: return "rate_limit_error";
        case 408:
        case 504: return "timeout_error";
        case 503: return "overloaded_error";
        default: return status >= 500 ? "api_error" : "invalid_request_error";
    }
}

// google.rpc.Code names, by status.
std::string_view gemini_status(const core::error& why) {
    const int status = core::status_of(why.what);
    switch (status) {
        case 401: return "UNAUTHENTICATED";
        case 403: return "PERMISSION_DENIED";
        case 404: return "NOT_FOUND";
        case 408:
        case 504: return "DEADLINE_EXCEEDED";
        case 417: return "FAILED_PRECONDITION";
        case 429: return "RESOURCE_EXHAUSTED";
        case 501: return "UNIMPLEMENTED";
        case 502:
        case 503: return "UNAVAILABLE";
        default: return status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
    }
}

// What its message begins with, in quotes.
std::string_view field_at_fault(const core::error& why) {
    if (why.what != code::cannot_translate && why.what != code::previous_response_not_found) return {};
    const std::string_view text = why.message;
    const auto end = text.starts_with('\'') ? text.find('\'', 1) : std::string_view::npos;
    return end == std::string_view::npos ? std::string_view{} : text.substr(1, end - 1);
}

void write_openai(writer& out, const core::error& why) {
    out.open().key("error").open();
    out.text("message", why.message).text("type", openai_type(why));
    if (const auto field = field_at_fault(why); field.empty())
        out.null("param");
    else
        out.text("param", field);
    out.text("code", core::name_of(why.what));
    out.close().close();
}

void write_websocket(writer& out, endpoint e, const core::error& why) {
    const bool responses = e == endpoint::responses;
    out.open().text("type", "error");
    if (responses) out.number("status", core::status_of(why.what));
    out.key("error").open();
    out.text("type", openai_type(why)).text("code", core::name_of(why.what)).text("message", why.message).null("param");
    if (!responses) out.null("event_id");
    out.close().close();
}

void write_anthropic(writer& out, const core::error& why, std::string_view request_id) {
    out.open().text("type", "error").key("error").open();
    out.text("type", anthropic_type(why)).text("message", why.message).text("code", core::name_of(why.what));
    out.close().text("request_id", request_id).close();
}

void write_gemini(writer& out, const core::error& why) {
    out.open().key("error").open();
    out.number("code", core::status_of(why.what)).text("message", why.message).text("status", gemini_status(why));
    out.key("details").open_list().open();
    out.text("@type", "type.googleapis.com/google.rpc.ErrorInfo").text("reason", core::name_of(why.what)).text("domain", "weir").close();
    if (why.retry_after_s > 0) {
        out.open().text("@type", "type.googleapis.com/google.rpc.RetryInfo");
        out.text("retryDelay", std::to_string(why.retry_after_s) + "s").close();
    }
    out.close_list().close().close();
}

void write_responses_event(writer& out, const core::error& why) {
    out.open().text("type", "error").text("code", core::name_of(why.what)).text("message", why.message);
    out.null("param").number("sequence_number", 0).close();
}

}  // namespace

std::string write_error(kind k, const core::error& why, std::string_view request_id) {
    writer out;
    switch (k) {
        case kind::openai: write_openai(out, why); break;
        case kind::anthropic: write_anthropic(out, why, request_id); break;
        case kind::gemini: write_gemini(out, why); break;
    }
    return out.take();
}

std::string write_websocket_error(endpoint e, const core::error& why) {
    writer out;
    write_websocket(out, e, why);
    return out.take();
}

std::string write_error_event(endpoint e, const core::error& why, std::string_view request_id) {
    writer out;
    switch (e) {
        case endpoint::chat_completions:
        case endpoint::completions:
        case endpoint::images_generations:
        case endpoint::images_edits:
        case endpoint::images_variations:
        case endpoint::audio_transcriptions:
        case endpoint::audio_translations: write_openai(out, why); return "data: " + out.take() + "\n\n";
        case endpoint::responses: write_responses_event(out, why); return "event: error\ndata: " + out.take() + "\n\n";
        case endpoint::messages: write_anthropic(out, why, request_id); return "event: error\ndata: " + out.take() + "\n\n";
        default: return {};
    }
}

}  // namespace weir::dialect
