// One streaming chat completion as a client sees it: events in, text out.
#include "cli/demo_talk.hpp"

#include <chrono>

#include "cli/demo_stage.hpp"
#include "dialect/read/answer.hpp"
#include "wire/one_call.hpp"

namespace weir::cli {
namespace {

constexpr std::size_t padding = 64;  // what dialect::stream_reader may read past an event

constexpr auto longest_talk = std::chrono::seconds{30};
constexpr std::size_t longest_answer = 1 << 20;

wire::call_request request_for(const question& what) {
    return {.method = "POST",
            .path = "/v1/chat/completions",
            .authority = "localhost",
            .lines = core::secret{"authorization: Bearer " + std::string{demo_stage::client_key} + "\r\ncontent-type: application/json\r\n"},
            .body = std::string{R"({"model":")"} + what.model + R"(","stream":true,"stream_options":{"include_usage":true},)" +
                    R"("messages":[{"role":"user","content":")" + what.asks + R"("}]})"};
}

/// Splits what arrives into events and reads each.
class listener : public dialect::text_sink {
public:
    explicit listener(const std::function<void(std::string_view)>& say) : say_(say) {}

    void hear(std::string_view bytes) {
        pending_ += bytes;
        for (auto end = pending_.find("\n\n"); end != std::string::npos; end = pending_.find("\n\n")) {
            std::string event = pending_.substr(0, end + 2);
            const auto size = event.size();
            event.append(padding, '\0');
            reader.read(std::string_view{event}.substr(0, size), this);
            pending_.erase(0, end + 2);
        }
    }

    void text(std::uint32_t, std::string_view piece) override {
        if (piece.empty()) return;
        if (heard.empty()) first = std::chrono::steady_clock::now();
        heard += piece;
        say_(piece);
    }

    dialect::stream_reader reader{dialect::endpoint::chat_completions};
    std::string heard;
    std::chrono::steady_clock::time_point first{};

private:
    const std::function<void(std::string_view)>& say_;
    std::string pending_;
};

std::string fault_of(const wire::call_answer& got, const listener& heard, const question& what) {
    if (got.how == wire::call_answer::end::not_connected) return "the gateway cannot be reached: " + got.dialled.detail;
    if (got.how != wire::call_answer::end::answered) return got.why.empty() ? "the gateway gave no answer" : got.why;
    if (got.status != 200) return "status " + std::to_string(got.status) + ": " + got.body;
    if (!got.whole || !heard.reader.terminated()) return "the stream did not end as it should";
    if (heard.heard != what.answer) return "the text is not what the provider said";
    if (!heard.reader.has_usage()) return "no usage came";
    return {};
}

}  // namespace

const std::vector<question>& demo_questions() {
    static const std::vector<question> all = {
        {"gpt-4o", "What is a weir?", "A low dam across a stream: it regulates the level and measures the flow, and the water never stops."},
        {"gpt-4o-mini", "And what do you do with my tokens?", "I pass them on as they arrive, byte for byte, and count each of them on the way."},
        {"gpt-4o", "Does that work in other languages?", "Natürlich. 当然可以。 Ja, og emoji også 🌊 — bytes are bytes."},
        {"gpt-4o", "What happens when a provider fails?",
         "Before the first byte has reached you the request moves to another one and you never notice. After it, the "
         "stream ends with "
         "an error, never with a false full stop."},
        {"gpt-4o-mini", "Who pays?", "Every request is priced and written to a ledger before its last byte leaves."},
        {"gpt-4o", "Where do I begin?", "With a conf file of five lines: one listener, and one pool with one upstream."},
    };
    return all;
}

std::optional<mock::script> demo_answer(std::string_view request_body) {
    for (const auto& each : demo_questions())
        if (request_body.find(each.asks) != std::string_view::npos) {
            mock::script how;
            how.text = each.answer;
            return how;
        }
    return std::nullopt;
}

talk_result talk(const demo_stage& stage, const question& what, const std::function<void(std::string_view)>& say) {
    listener heard{say};
    const auto asked = std::chrono::steady_clock::now();
    const auto got = wire::call(stage.as_called(), request_for(what), {.connect = longest_talk, .total = longest_talk, .body = longest_answer},
                                nullptr, [&](std::string_view bytes) { heard.hear(bytes); });
    talk_result out;
    out.fault = fault_of(got, heard, what);
    out.text = heard.heard;
    out.body = got.body;
    out.upstream = got.field("x-weir-upstream");
    out.used = heard.reader.usage();
    if (!heard.heard.empty()) out.first_token_ms = std::chrono::duration<double, std::milli>(heard.first - asked).count();
    return out;
}

}  // namespace weir::cli
