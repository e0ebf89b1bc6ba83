// The JSON of conversations that are kept.
#include "exchange/translation/stored_turn.hpp"

#include <gtest/gtest.h>

using namespace weir;

namespace {

ledger::stored_response stored(std::string input, std::string output) {
    ledger::stored_response out;
    out.id = "resp_1";
    out.input = std::move(input);
    out.document = R"({"id":"resp_1","object":"response","output":[)" + output + R"(],"store":true})";
    return out;
}

}  // namespace

TEST(StoredTurn, SaysWhatARequestHasToDoWithIt) {
    const auto plain = exchange::read_turn(R"({"model":"m","input":"q"})");
    EXPECT_TRUE(plain.is_kept);
    EXPECT_EQ(plain.previous, "");
    EXPECT_EQ(plain.input, R"("q")");
    const auto full = exchange::read_turn(R"({"store":false, "previous_response_id" : "resp_1","input":[ {"a":1} ]})");
    EXPECT_FALSE(full.is_kept);
    EXPECT_EQ(full.previous, "resp_1");
    EXPECT_EQ(full.input, R"([ {"a":1} ])");
    EXPECT_TRUE(exchange::read_turn(R"({"store":null,"previous_response_id":null})").is_kept);
    EXPECT_EQ(exchange::read_turn("{broken").input, "");
    EXPECT_EQ(exchange::read_turn("").input, "");
}

TEST(StoredTurn, GoesOnWithWhatWasSaidBefore) {
    const auto from = stored(R"({"role":"user","content":"q"})", R"({"type":"message","role":"assistant","content":[]})");
    EXPECT_EQ(exchange::continued(R"({"model":"m", "input":"r","previous_response_id":"resp_1","stream":true})", from),
              R"({"model":"m","stream":true,"input":[{"role":"user","content":"q"},{"type":"message","role":"assistant","content":[]},)"
              R"({"type":"message","role":"user","content":"r"}]})");
    EXPECT_EQ(exchange::continued(R"({"previous_response_id":"resp_1","input":[{"type":"function_call_output"},1]})", stored("", "")),
              R"({"input":[{"type":"function_call_output"},1]})");
    EXPECT_EQ(exchange::continued(R"({"previous_response_id":"resp_1"})", stored("1", "2")), R"({"input":[1,2]})");
    EXPECT_EQ(exchange::continued(R"({"previous_response_id":"resp_1","input":null})", stored("1", "")), R"({"input":[1]})");
}

TEST(StoredTurn, KeepsTheItemsOfTheWholeConversation) {
    EXPECT_EQ(exchange::items_of(R"("a \"b\" \u00fc")"), R"({"type":"message","role":"user","content":"a \"b\" \u00fc"})");
    EXPECT_EQ(exchange::items_of(R"([{"a":[1, 2]} , "x"])"), R"({"a":[1, 2]},"x")");
    EXPECT_EQ(exchange::items_of("[]"), "");
    EXPECT_EQ(exchange::items_of("null"), "");
}

TEST(StoredTurn, FindsTheResponseThatEndedWell) {
    const std::string whole = R"({"id":"resp_1","object":"response","status":"completed","output":[]})";
    EXPECT_EQ(exchange::ended_response(whole), whole);
    EXPECT_EQ(exchange::ended_response(R"({"id":"resp_1","object":"response","status":"failed"})"), "");
    EXPECT_EQ(exchange::ended_response(R"({"error":{"message":"no"}})"), "");
    const std::string delta = "event: response.output_text.delta\ndata: {\"delta\":\"\\nevent: response.completed\\n\"}\n\n";
    const auto last = [&](const std::string& type) {
        return delta + "event: response." + type + "\ndata: {\"type\":\"response." + type + "\",\"sequence_number\":3,\"response\":" + whole +
               "}\n\n";
    };
    EXPECT_EQ(exchange::ended_response(last("completed")), whole);
    EXPECT_EQ(exchange::ended_response(last("incomplete")), whole);
    EXPECT_EQ(exchange::ended_response(last("failed")), "");
    EXPECT_EQ(exchange::ended_response(delta), "");
    EXPECT_EQ(exchange::ended_response(""), "");
}

TEST(StoredTurn, ListsItemsAsTheProviderDoes) {
    const auto of = stored(R"({"role":"user","content":"q"},{"type":"message","id":"msg_a","status":"completed","role":"assistant","content":"a"},)"
                           R"({"type":"function_call_output","call_id":"c","output":"o"})",
                           "");
    EXPECT_EQ(
        exchange::list_of_items(of, "order=asc"),
        R"({"object":"list","data":[{"id":"item_resp_1_0","type":"message","status":"completed","role":"user","content":[{"type":"input_text","text":"q"}]},)"
        R"({"id":"msg_a","type":"message","status":"completed","role":"assistant","content":[{"type":"output_text","text":"a","annotations":[]}]},)"
        R"({"id":"item_resp_1_2","type":"function_call_output","call_id":"c","output":"o"}],"first_id":"item_resp_1_0","last_id":"item_resp_1_2","has_more":false})");
    const auto newest = exchange::list_of_items(of, "limit=1");
    EXPECT_TRUE(newest.starts_with(R"({"object":"list","data":[{"id":"item_resp_1_2")")) << newest;
    EXPECT_TRUE(newest.ends_with(R"("first_id":"item_resp_1_2","last_id":"item_resp_1_2","has_more":true})")) << newest;
    const auto next = exchange::list_of_items(of, "limit=1&after=item_resp_1_2");
    EXPECT_TRUE(next.ends_with(R"("first_id":"msg_a","last_id":"msg_a","has_more":true})")) << next;
    EXPECT_EQ(exchange::list_of_items(of, "after=item_resp_1_0"), R"({"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false})");
    EXPECT_EQ(exchange::list_of_items(stored("", ""), "limit=x&order=up"),
              R"({"object":"list","data":[],"first_id":null,"last_id":null,"has_more":false})");
}
