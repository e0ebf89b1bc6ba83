#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "dialect/request.hpp"

using namespace weir;
using namespace weir::dialect;
using core::code;

namespace {

constexpr const char* type = "multipart/form-data; boundary=XX";

std::string field(std::string_view name, std::string_view value, std::string_view boundary = "XX") {
    return "--" + std::string{boundary} + "\r\nContent-Disposition: form-data; name=\"" + std::string{name} + "\"\r\n\r\n" + std::string{value} +
           "\r\n";
}

std::string file(std::string_view content) {
    return "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\nContent-Type: "
           "audio/wav\r\n\r\n" +
           std::string{content} + "\r\n";
}

core::error look(std::string_view body, request_facts& out, const char* content_type = type) {
    const std::vector<char> exact(body.begin(), body.end());
    return inspect_multipart(content_type, {exact.data(), exact.size()}, out);
}

}  // namespace

TEST(Multipart, FindsTheModelWhereverItStands) {
    const std::string audio = "RIFF\r\n--X\r\n--XXY\r\n\0binary--XX";
    for (const std::string& body : {field("model", "whisper-1") + file(audio) + field("stream", "true") + "--XX--\r\n",
                                    file(audio) + field("stream", "true") + field("model", "whisper-1") + "--XX--",
                                    field("stream", "True") + field("model", "whisper-1") + file(audio) + "--XX--\r\n"}) {
        request_facts facts;
        const core::error why = look(body, facts);
        ASSERT_FALSE(why) << why.message;
        EXPECT_EQ(facts.model, "whisper-1");
        EXPECT_EQ(body.substr(facts.model_at.begin, facts.model_at.end - facts.model_at.begin), "whisper-1");
        EXPECT_TRUE(facts.stream);
        EXPECT_TRUE(facts.multipart);
    }
}

TEST(Multipart, TakesARequestWithoutModel) {
    request_facts facts;
    EXPECT_FALSE(look(field("prompt", "x") + field("stream", "false") + "--XX--", facts));
    EXPECT_EQ(facts.model, "");
    EXPECT_FALSE(facts.stream);
}

TEST(Multipart, UnderstandsTheBoundarysForms) {
    request_facts facts;
    const std::string plain = field("model", "m", "a b;c") + "--a b;c--";
    EXPECT_FALSE(look(plain, facts, "Multipart/Form-Data; charset=utf-8; Boundary=\"a b;c\""));
    EXPECT_EQ(facts.model, "m");
    for (const char* bad_type :
         {"multipart/form-data", "multipart/form-data; boundary=", "multipart/mixed; boundary=XX", "application/json", "",
          "multipart/form-data; boundary=XX; boundary=YY", "multipart/form-data; boundary=\"XX", "multipart/form-data boundary=XX"}) {
        EXPECT_EQ(look(field("model", "m") + "--XX--", facts, bad_type).what, code::bad_request) << bad_type;
    }
}

TEST(Multipart, RefusesWhatAnotherParserCouldReadDifferently) {
    const std::string end = "--XX--\r\n";
    const std::string model_lf = "--XX\nContent-Disposition: form-data; name=\"model\"\n\nevil\n";
    for (const std::string& body : {
             field("model", "a") + field("model", "b") + end,
             field("model", "a") + field("stream", "true") + field("stream", "false") + end,
             file("x\n" + model_lf) + end,
             "preamble\r\n" + field("model", "a") + end,
             field("model", "a") + end + field("model", "b"),
             field("model", "") + end,
             field("model", "a\r\nb") + end,
             std::string{"--XX\r\nContent-Disposition: form-data; name=\"model\"; filename=\"x\"\r\n\r\na\r\n"} + end,
             std::string{"--XX\r\nContent-Disposition: form-data; name*=utf-8''model\r\n\r\na\r\n"} + end,
             std::string{"--XX\r\nContent-Disposition: form-data; name=\"x\"; name=\"model\"\r\n\r\na\r\n"} + end,
             std::string{"--XX\r\nContent-Disposition: form-data; name=\"x\"\r\nContent-Disposition: form-data; "
                         "name=\"model\"\r\n\r\na\r\n"} +
                 end,
             std::string{"--XX\r\nContent-Disposition: form-data; name=\"model\"\r\nContent-Transfer-Encoding: "
                         "base64\r\n\r\nYQ==\r\n"} +
                 end,
             std::string{"--XX\r\nContent-Disposition: form-data; name=\"x\"\r\n folded: y\r\n\r\na\r\n"} + end,
             std::string{"--XX\r\nContent-Type: text/plain\r\n\r\na\r\n"} + end,
             std::string{"--XX\r\n\r\na\r\n"} + end,
         }) {
        request_facts facts;
        EXPECT_EQ(look(body, facts).what, code::bad_request) << body;
    }
}

TEST(Multipart, ReadsQuotedAndBareNamesAlike) {
    for (const char* head : {"name=model", "name=\"mo\\del\"", "NAME=\"model\"", " name = \"model\" ", "x=\"a;b\"; name=model"}) {
        request_facts facts;
        const core::error why = look("--XX\r\ncontent-disposition:form-data;" + std::string{head} + "\r\n\r\na\r\n--XX--", facts);
        ASSERT_FALSE(why) << head << ": " << why.message;
        EXPECT_EQ(facts.model, "a") << head;
    }
}

TEST(Multipart, RefusesEveryTruncation) {
    const std::string body = field("model", "m") + file("x\r\ny") + field("stream", "1") + "--XX--";
    request_facts facts;
    ASSERT_FALSE(look(body, facts));
    for (std::size_t size = 0; size < body.size(); ++size) EXPECT_EQ(look(body.substr(0, size), facts).what, code::bad_request) << size;
}

// Go and others put a value together from name*, name*0, name*1 …, so that such a part can be `model` for them alone.
TEST(Multipart, RefusesExtendedNamesOfEveryKind) {
    for (const char* name : {"name*=utf-8''model", "name*0=\"model\"", "name*0=mod; name*1=el", "NAME*0*=utf-8''model",
                             "name=\"x\"; name*0=\"model\"", "name*0=\"model\"; name=\"x\"", "name=x; name*=utf-8''model", "name=x; name*9=y"}) {
        request_facts facts;
        const std::string body =
            "--XX\r\nContent-Disposition: form-data; " + std::string{name} + "\r\n\r\ndear\r\n" + field("model", "cheap") + "--XX--\r\n";
        EXPECT_EQ(look(body, facts).what, code::bad_request) << name;
    }
    request_facts facts;
    const std::string as_file = "--XX\r\nContent-Disposition: form-data; name=\"model\"; filename*0=\"a\"\r\n\r\ncheap\r\n--XX--\r\n";
    EXPECT_EQ(look(as_file, facts).what, code::bad_request) << "a file for those who put filename*0 together";
    EXPECT_FALSE(look(
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''a.wav\r\n\r\nx\r\n" + field("model", "m") + "--XX--\r\n", facts));
}

// Each picture has its price, in a form too.
TEST(Multipart, CountsThePicturesThatAFormAsksFor) {
    const auto form = [](const std::string& n) {
        return "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ndall-e-2\r\n--b\r\nContent-Disposition: form-data; name=\"n\"\r\n\r\n" +
               n + "\r\n--b--\r\n";
    };
    weir::dialect::request_facts ten;
    EXPECT_FALSE(weir::dialect::inspect_multipart("multipart/form-data; boundary=b", form("10"), ten));
    EXPECT_EQ(ten.choices, 10);
    for (const std::string wrong : {"", "0", "-1", "1e3", "2.5", "ten", "99999999999"}) {
        weir::dialect::request_facts facts;
        EXPECT_TRUE(weir::dialect::inspect_multipart("multipart/form-data; boundary=b", form(wrong), facts)) << wrong;
    }
}
