// What answers say of objects: the same in every slicing.
#include "dialect/read/object_reader.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace weir;
using namespace weir::dialect;

namespace {

struct row {
    const char* name;
    object_kind kind;
    answer_form form;
    bool made;
    std::string body;
    std::string wanted;  ///< "ID over|open MODEL=input/output,…"
};

std::string said_by(const object_reader& reader) {
    std::string out = reader.id() + (reader.over() ? " over" : " open");
    for (const auto& u : reader.usages()) out += " " + u.model + "=" + std::to_string(u.used.prompt()) + "/" + std::to_string(u.used.completion());
    return out;
}

// In pieces of `size` bytes, the first one shorter by `less`.
std::string read_in_pieces(const row& r, std::size_t size, std::size_t less) {
    object_reader reader{r.kind, r.form, r.made};
    std::string_view left = r.body;
    std::size_t next = size - less;
    while (!left.empty()) {
        const std::string piece{left.substr(0, next)};  // memory of its own: nothing may look beyond it
        reader.feed(piece);
        left.remove_prefix(piece.size());
        next = size;
    }
    reader.end();
    return said_by(reader);
}

const row rows[] = {
    {"queued response", object_kind::response, answer_form::json, true,
     R"({"id":"resp_1","object":"response","status":"queued","usage":null,"model":"m"})", "resp_1 open"},
    {"id behind the rest", object_kind::response, answer_form::json, true,
     R"({"output":[{"id":"msg_1","content":[{"text":"\"id\":\"no\"}"}]}],"metadata":{"id":"no"},"status":"completed","id":"resp_2"})", "resp_2 over"},
    {"id with escapes", object_kind::response, answer_form::json, true, R"({"i\u0064":"resp\u005f3"})", "resp_3 open"},
    {"the first id stays", object_kind::response, answer_form::json, true, R"({"id":"a","id":"b"})", "a open"},
    {"no id", object_kind::response, answer_form::json, true, R"({"id":null,"error":{"id":"x"}})", " open"},
    {"an id that is too long", object_kind::response, answer_form::json, true, R"({"id":")" + std::string(300, 'x') + R"("})", " open"},
    {"completed response", object_kind::response, answer_form::json, false,
     R"({"id":"resp_1","status":"completed","model":"gpt-5","output":[{"usage":{"input_tokens":99}}],"usage":{"input_tokens":12,"output_tokens":34}})",
     "resp_1 over gpt-5=12/34"},
    {"failed response", object_kind::response, answer_form::json, false, R"({"id":"r","status":"failed","usage":null})", "r over"},
    {"created and cut", object_kind::response, answer_form::events, true,
     "event: response.created\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_4\",\"status\":\"in_progress\",\"usage\":null}}\n\n"
     "event: response.output_text.delta\ndata: {\"type\":\"response.output_text.delta\",\"item_id\":\"no\",\"delta\":\"data: {\"",
     "resp_4 open"},
    {"resumed to its end, CRLF, no space", object_kind::response, answer_form::events, false,
     ": hello\r\n\r\nevent: x\r\ndata:{\"type\":\"response.output_item.done\",\"item\":{\"id\":\"no\",\"usage\":{\"input_tokens\":1}}}\r\n\r\n"
     "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_5\",\"model\":\"m\",\"status\":\"completed\",\"usage\":"
     "{\"input_tokens\":3,\"output_tokens\":4}}}\r\n\r\n",
     "resp_5 over m=3/4"},
    {"several data lines in one event", object_kind::response, answer_form::events, false,
     "data: {\"response\":{\"id\":\"r\",\ndata: \"usage\":{\"input_tokens\":1,\ndata: \"output_tokens\":2}}}\n\n", "r open =1/2"},
    {"an event that was cut ends with it", object_kind::response, answer_form::events, false,
     "data: {\"response\":{\"id\":\"r\",\n\ndata: {\"response\":{\"usage\":{\"input_tokens\":1}}}\n\n", "r open =1/0"},
    {"video", object_kind::video, answer_form::json, true, R"({"id":"video_1","status":"queued"})", "video_1 open"},
    {"task", object_kind::video, answer_form::json, true, R"({"code":0,"data":{"task_id":"t-1"}})", "t-1 open"},
    {"batch", object_kind::batch, answer_form::json, true, R"({"id":"batch_1","status":"validating"})", "batch_1 open"},
    {"batch with usage", object_kind::batch, answer_form::json, false,
     R"({"id":"batch_1","status":"completed","model":"m","usage":{"input_tokens":5,"output_tokens":6}})", "batch_1 over m=5/6"},
    {"message batch", object_kind::message_batch, answer_form::json, true, R"({"id":"msgbatch_1","processing_status":"in_progress"})",
     "msgbatch_1 open"},
    {"results", object_kind::message_batch, answer_form::lines, false,
     R"({"custom_id":"1","result":{"type":"succeeded","message":{"id":"x","model":"claude-a","usage":{"input_tokens":1,"output_tokens":2}}}})"
     "\n"
     R"({"custom_id":"2","result":{"type":"errored","error":{"usage":{"input_tokens":7}}}})"
     "\n"
     R"({"custom_id":"3","result":{"type":"succeeded","message":{"model":"claude-b","usage":{"input_tokens":10,"output_tokens":20}}}})"
     "\n"
     R"({"custom_id":"4","result":{"type":"succeeded","message":{"usage":{"output_tokens":200,"input_tokens":100},"model":"claude-a"}}})",
     " open claude-a=101/202 claude-b=10/20"},
    {"gemini batch", object_kind::gemini_batch, answer_form::json, true, R"({"name":"batches/abc","metadata":{"name":"batches/no"}})", "abc open"},
    {"gemini batch, done", object_kind::gemini_batch, answer_form::json, false,
     R"({"name":"batches/abc","response":{"inlinedResponses":{"inlinedResponses":[{"response":{"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":2}}},)"
     R"({"response":{"modelVersion":"g","usageMetadata":{"promptTokenCount":10,"candidatesTokenCount":20}}}]}}})",
     " open g=11/22"},
    {"deferred", object_kind::deferred, answer_form::json, true, R"({"request_id":"d-1"})", "d-1 open"},
    {"deferred, done", object_kind::deferred, answer_form::json, false,
     R"({"id":"c","model":"grok","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}})", " open grok=3/4"},
    {"no JSON", object_kind::response, answer_form::json, true, "upstream error: \"id\":\"x\"", " open"},
    {"an array", object_kind::response, answer_form::json, true, R"([{"id":"x"},"id","y"])", " open"},
};

}  // namespace

TEST(ObjectReader, ReadsTheSameInEverySlicing) {
    for (const row& r : rows) {
        ASSERT_EQ(read_in_pieces(r, r.body.size() + 1, 0), r.wanted) << r.name;
        for (std::size_t cut = 1; cut < r.body.size(); ++cut)
            ASSERT_EQ(read_in_pieces(r, r.body.size(), r.body.size() - cut), r.wanted) << r.name << " cut at " << cut;
        for (const std::size_t size : {1, 2, 3, 7, 64}) ASSERT_EQ(read_in_pieces(r, size, 0), r.wanted) << r.name << " in pieces of " << size;
    }
}

// Nesting and length cost no memory, and lead to nothing wrong.
TEST(ObjectReader, KeepsOnlyWhatItIsAskedFor) {
    object_reader reader{object_kind::response, answer_form::json, true};
    const std::string deep(100'000, '['), text(1'000'000, 'x');
    reader.feed("{\"output\":" + deep + "\"id\":\"no\"" + std::string(deep.size(), ']') + ",\"t\":\"" + text + "\",\"" + text +
                "\":1,\"id\":\"yes\"}");
    reader.end();
    EXPECT_EQ(reader.id(), "yes");
}
