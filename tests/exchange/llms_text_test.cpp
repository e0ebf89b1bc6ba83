// What coding agents are told.
#include "exchange/own/llms_text.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir;
using namespace weir::exchange;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST(LlmsText, NamesBaseUrlEndpointsAndModelsOfEachDialectThatIsSpoken) {
    weir::exchange::llms_view view;
    view.origin = "https://weir.example";
    view.keys = true;
    view.models = {{"gpt-4o", dialect::kind::openai}, {"gpt-5*", dialect::kind::openai}, {"claude-x", dialect::kind::anthropic}};
    const auto text = write_llms_text(view);
    EXPECT_TRUE(text.starts_with("# weir\n\n> ")) << "a title and a summary, as readers of llms.txt expect";
    EXPECT_TRUE(has(text, "`https://weir.example/v1`\n"));
    EXPECT_TRUE(has(text, "`https://weir.example`\n"));
    EXPECT_TRUE(has(text, "/v1/chat/completions"));
    EXPECT_TRUE(has(text, "/v1/messages"));
    EXPECT_FALSE(has(text, "v1beta")) << "nothing of Gemini is served";
    EXPECT_TRUE(has(text, "- `gpt-4o`\n"));
    EXPECT_TRUE(has(text, "- any name that matches `gpt-5*`\n"));
    EXPECT_LT(text.find("`gpt-4o`"), text.find("## Anthropic"));
    EXPECT_GT(text.find("`claude-x`"), text.find("## Anthropic"));
    EXPECT_TRUE(has(text, "Send the key that you were given"));
    EXPECT_TRUE(has(text, "\n## Clients\n\n- Codex CLI: `base_url = \"https://weir.example/v1\"`"));
    EXPECT_TRUE(has(text, "- Claude Code: `ANTHROPIC_BASE_URL=https://weir.example` and "));
    view.keys = false;
    EXPECT_TRUE(has(write_llms_text(view), "No key of its own is asked for"));
}

TEST(LlmsText, NamesPricesWhereItIsGivenThem) {
    usage::model_price price;
    price.price.input = 2'500'000;
    price.price.output = 10'000'000;
    price.tiers = {{200000, price.price}};
    const weir::exchange::llms_view view{.origin = "http://h", .keys = false, .models = {{"m", dialect::kind::gemini, &price}}};
    EXPECT_TRUE(
        has(write_llms_text(view), "- `m`: 2.5 USD per million input tokens, 10 per million output tokens; more for prompts above 200000 tokens\n"));
}
