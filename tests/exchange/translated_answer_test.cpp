// Answers of one dialect as another's clients get them, where the bytes are not as usual.
#include "exchange/translation/translated_answer.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace weir;
using dialect::hub::spoke;
using exchange::service;
using exchange::translated_answer;

namespace {

translated_answer messages_of_chat(bool streams) {
    dialect::hub::answer_names names;
    names.id = "msg_1";
    names.model = "m";
    return {service{service::as::translated, service::matter::conversation, spoke::messages, spoke::chat}, {}, std::move(names), streams};
}

void take(translated_answer& by, const std::string& event) {
    const auto padded = event + std::string(64, '\0');
    by.take(std::string_view{padded}.substr(0, event.size()));
}

}  // namespace

TEST(TranslatedAnswer, ReadsEventsWhoseDataStandsInSeveralLines) {
    auto answer = messages_of_chat(true);
    const std::string text(300, 'a');
    take(answer, "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"" + text + "\"}}]}\n\n");
    EXPECT_NE(answer.passing().find("\"" + text + "\""), std::string_view::npos) << answer.passing();
}

TEST(TranslatedAnswer, SaysNothingOnceItIsOver) {
    auto answer = messages_of_chat(true);
    take(answer, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\n");
    answer.finish();
    EXPECT_NE(answer.passing().find("message_stop"), std::string_view::npos);
    answer.passed();
    answer.finish();
    answer.break_off({core::code::stream_interrupted, "it broke"});
    take(answer, "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"b\"}}]}\n\n");
    EXPECT_EQ(answer.passing(), "");
}

TEST(TranslatedAnswer, IsNoDocumentWithAnEscapeThatJsonDoesNotKnow) {
    auto answer = messages_of_chat(false);
    const std::string body = R"({"choices":[{"message":{"content":"\q"},"finish_reason":"stop"}]})";
    const auto padded = body + std::string(64, '\0');
    EXPECT_FALSE(answer.take_document(std::string_view{padded}.substr(0, body.size())));
}

TEST(TranslatedAnswer, ADocumentThatSaysThatItFailedBecomesNoStream) {
    for (const bool streams : {true, false}) {
        translated_answer answer{service{service::as::translated, service::matter::conversation, spoke::messages, spoke::responses},
                                 {},
                                 {.id = "msg_1", .model = "m"},
                                 streams};
        const std::string body = R"({"id":"r","status":"failed","output":[],"error":{"code":"server_error","message":"it broke"}})";
        const auto padded = body + std::string(64, '\0');
        EXPECT_FALSE(answer.take_document(std::string_view{padded}.substr(0, body.size())));
        EXPECT_EQ(answer.passing(), "");
    }
}
