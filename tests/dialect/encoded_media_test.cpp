// Which bytes of a request are no text.
#include "dialect/encoded_media.hpp"

#include <gtest/gtest.h>

#include <string>

#include "dialect/request.hpp"

namespace {

using namespace weir::dialect;

std::string base64(std::size_t size) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out.push_back(alphabet[(i * 7 + i / 13) % alphabet.size()]);
    return out;
}

std::size_t media_of(endpoint e, std::string body) {
    request_facts facts;
    const auto size = body.size();
    body.append(64, '\0');
    const auto why = inspect(e, body.data(), size, facts);
    EXPECT_FALSE(why) << why.message;
    return facts.media_bytes;
}

TEST(EncodedMedia, IsFoundInEachDialectsBody) {
    const auto data = base64(100'000);
    EXPECT_EQ(media_of(endpoint::chat_completions,
                       R"({"model":"m","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,)" + data +
                           R"("}},{"type":"text","text":"what is this?"}]}]})"),
              data.size() + 22);
    EXPECT_EQ(
        media_of(endpoint::chat_completions, R"({"model":"m","messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":")" +
                                                 data + R"(","format":"wav"}}]}]})"),
        data.size());
    EXPECT_EQ(media_of(endpoint::messages,
                       R"({"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","data":")" +
                           data + R"("  }}]}]})"),
              data.size());
    EXPECT_EQ(media_of(endpoint::gemini_generate, R"({"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":")" + data + R"("}}]}]})"),
              data.size());
}

TEST(EncodedMedia, IsNotSeenInTexts) {
    std::string prose, code, chinese;
    while (prose.size() < 50'000) prose += "A sentence as people write it, with words of some letters. ";
    while (code.size() < 50'000) code += "for(auto&x:y){z(x);}";
    while (chinese.size() < 50'000) chinese += "\xe4\xbd\xa0\xe5\xa5\xbd";
    for (const auto& text : {prose, code, chinese})
        EXPECT_EQ(media_of(endpoint::chat_completions, R"({"model":"m","messages":[{"role":"user","content":")" + text + R"("}]})"), 0U);
    EXPECT_EQ(media_of(endpoint::embeddings, R"({"model":"m","input":")" + base64(1000) + R"("})"), 0U) << "short ones change no estimate";
}

TEST(EncodedMedia, FilesOfAFormAreNoTextAndItsFieldsAre) {
    const std::string file(20'000, '\x01');
    const std::string body =
        "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"a.mp3\"\r\nContent-Type: audio/mpeg\r\n\r\n" +
        file + "\r\n--b--\r\n";
    request_facts facts;
    ASSERT_FALSE(inspect_multipart("multipart/form-data; boundary=b", body, facts));
    EXPECT_EQ(facts.media_bytes, file.size());
}

}  // namespace
