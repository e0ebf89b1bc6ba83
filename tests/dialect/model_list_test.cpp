// The lists of models, in each dialect's shape, with and without prices.
#include "dialect/model_list.hpp"

#include <gtest/gtest.h>

namespace {

using namespace weir;
using namespace weir::dialect;

usage::model_price sonnet() {
    usage::model_price p;
    p.pattern = "claude-sonnet-4*";
    p.price = {.input = 3'000'000,
               .cached_input = 300'000,
               .cache_write = 3'750'000,
               .cache_write_1h = 6'000'000,
               .output = 15'000'000,
               .reasoning = 15'000'000,
               .audio_input = 3'000'000,
               .audio_output = 15'000'000,
               .image_output = 15'000'000};
    auto dear = p.price;
    dear.input = 6'000'000;
    dear.audio_input = 6'000'000;
    p.tiers = {{200000, dear}};
    return p;
}

usage::model_price by_request() {
    usage::model_price p;
    p.per_request = 40'000'000;
    return p;
}

constexpr const char* sonnet_prices =
    R"("weir":{"prices":{"unit":"USD per million tokens","input":3,"cached_input":0.3,"cache_write":3.75,"cache_write_1h":6,"output":15,)"
    R"("tiers":[{"above":200000,"input":6,"cached_input":0.3,"cache_write":3.75,"cache_write_1h":6,"output":15}]}})";

}  // namespace

TEST(ModelList, HasTheShapeOfEachDialect) {
    EXPECT_EQ(write_models(kind::openai, {{"a"}, {"b"}}), R"({"object":"list","data":[{"id":"a","object":"model","created":0,"owned_by":"weir"},)"
                                                          R"({"id":"b","object":"model","created":0,"owned_by":"weir"}]})");
    EXPECT_EQ(write_model(kind::openai, {"a\"b"}), R"({"id":"a\"b","object":"model","created":0,"owned_by":"weir"})");
    EXPECT_EQ(write_models(kind::openai, {}), R"({"object":"list","data":[]})");
    EXPECT_EQ(write_models(kind::anthropic, {{"a"}}), R"({"data":[{"type":"model","id":"a","display_name":"a","created_at":"1970-01-01T00:00:00Z"}],)"
                                                      R"("has_more":false,"first_id":"a","last_id":"a"})");
    EXPECT_EQ(write_models(kind::anthropic, {}), R"({"data":[],"has_more":false,"first_id":null,"last_id":null})");
    EXPECT_NE(write_models(kind::gemini, {{"a"}}).find(R"("models":[{"name":"models/a")"), std::string::npos);
}

TEST(ModelList, CarriesPricesBesideWhatTheDialectHas) {
    const auto price = sonnet();
    for (const kind k : {kind::openai, kind::anthropic, kind::gemini}) {
        const auto one = write_model(k, {"m", &price});
        EXPECT_NE(one.find(sonnet_prices), std::string::npos) << one;
        const auto list = write_models(k, {{"m", &price}, {"n"}});
        EXPECT_NE(list.find(one), std::string::npos) << "the same entry in the list: " << list;
        EXPECT_EQ(list.find("\"weir\":{"), list.rfind("\"weir\":{")) << "the other has no price: " << list;
    }
}

TEST(ModelList, SaysWhenARequestCostsByItself) {
    const auto price = by_request();
    EXPECT_NE(write_model(kind::openai, {"m", &price}).find(R"("input":0,"output":0,"per_request":0.04}})"), std::string::npos);
}

TEST(ModelList, WritesRatesWithEveryDigitAndNoMore) {
    EXPECT_EQ(per_million_string(2'500'000), "2.5");
    EXPECT_EQ(per_million_string(3625), "0.003625");
    EXPECT_EQ(per_million_string(0), "0");
    EXPECT_EQ(per_million_string(15'000'000), "15");
    EXPECT_EQ(per_million_string(9'223'372'036'854'775'807), "9223372036854.775807");
}
