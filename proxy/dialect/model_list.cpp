#include "dialect/model_list.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string_view>

#include "usage/money.hpp"

namespace weir::dialect {
namespace {

class writer {
public:
    void open() { out_.StartObject(); }
    void open(std::string_view name) { key(name), out_.StartObject(); }
    void close() { out_.EndObject(); }
    void open_list(std::string_view name) { key(name), out_.StartArray(); }
    void close_list() { out_.EndArray(); }
    void item(std::string_view text) { out_.String(text.data(), static_cast<rapidjson::SizeType>(text.size())); }
    void text(std::string_view name, std::string_view value) { key(name), item(value); }
    void null(std::string_view name) { key(name), out_.Null(); }
    void boolean(std::string_view name, bool value) { key(name), out_.Bool(value); }
    void integer(std::string_view name, std::int64_t value) { key(name), out_.Int64(value); }
    /// A number as written: decimals pass through no float.
    void number(std::string_view name, std::string_view digits) { key(name), out_.RawValue(digits.data(), digits.size(), rapidjson::kNumberType); }
    [[nodiscard]] std::string take() const { return {buffer_.GetString(), buffer_.GetSize()}; }

private:
    void key(std::string_view name) { out_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size())); }

    rapidjson::StringBuffer buffer_;
    rapidjson::Writer<rapidjson::StringBuffer> out_{buffer_};
};

void write_rates(writer& out, const usage::rates& r) {
    const auto add = [&](std::string_view name, usage::picousd rate) { out.number(name, per_million_string(rate)); };
    const auto add_unless = [&](std::string_view name, usage::picousd rate, usage::picousd usual) {
        if (rate != usual) add(name, rate);
    };
    add("input", r.input);
    add_unless("cached_input", r.cached_input, r.input);
    add_unless("cache_write", r.cache_write, r.input);
    add_unless("cache_write_1h", r.cache_write_1h, r.cache_write);
    add("output", r.output);
    add_unless("reasoning", r.reasoning, r.output);
    add_unless("audio_input", r.audio_input, r.input);
    add_unless("audio_output", r.audio_output, r.output);
    add_unless("image_output", r.image_output, r.output);
}

void write_prices(writer& out, const usage::model_price& price) {
    out.open("weir");
    out.open("prices");
    out.text("unit", "USD per million tokens");
    write_rates(out, price.price);
    if (price.per_request != 0) out.number("per_request", usage::usd_string(price.per_request));
    if (!price.tiers.empty()) {
        out.open_list("tiers");
        for (const auto& tier : price.tiers) {
            out.open();
            out.integer("above", tier.above);
            write_rates(out, tier.price);
            out.close();
        }
        out.close_list();
    }
    out.close();
    out.close();
}

// No provider's date is known for a list that weir answers: the epoch, which SDKs can parse.
void write_names(writer& out, kind k, std::string_view model) {
    switch (k) {
        case kind::openai:
            out.text("id", model);
            out.text("object", "model");
            out.integer("created", 0);
            out.text("owned_by", "weir");
            break;
        case kind::anthropic:
            out.text("type", "model");
            out.text("id", model);
            out.text("display_name", model);
            out.text("created_at", "1970-01-01T00:00:00Z");
            break;
        case kind::gemini:
            out.text("name", "models/" + std::string{model});
            out.text("displayName", model);
            out.open_list("supportedGenerationMethods");
            for (const std::string_view method : {"generateContent", "streamGenerateContent", "countTokens", "embedContent"}) out.item(method);
            out.close_list();
            break;
    }
}

void write_entry(writer& out, kind k, const model_entry& model) {
    out.open();
    write_names(out, k, model.name);
    if (model.price) write_prices(out, *model.price);
    out.close();
}

}  // namespace

// A million tokens at so many pico-dollars each cost as many micro-dollars.
std::string per_million_string(usage::picousd rate) {
    constexpr usage::picousd micro = 1'000'000;
    constexpr std::size_t digits = 6;
    std::string text = std::to_string(rate / micro);
    std::string fraction = std::to_string(rate % micro);
    fraction.insert(0, digits - fraction.size(), '0');
    fraction.erase(fraction.find_last_not_of('0') + 1);
    if (!fraction.empty()) text.append(".").append(fraction);
    return text;
}

std::string write_model(kind k, const model_entry& model) {
    writer out;
    write_entry(out, k, model);
    return out.take();
}

std::string write_models(kind k, const std::vector<model_entry>& models) {
    writer out;
    out.open();
    if (k == kind::openai) out.text("object", "list");
    out.open_list(k == kind::gemini ? "models" : "data");
    for (const auto& one : models) write_entry(out, k, one);
    out.close_list();
    if (k == kind::anthropic) {
        out.boolean("has_more", false);
        if (models.empty()) {
            out.null("first_id");
            out.null("last_id");
        } else {
            out.text("first_id", models.front().name);
            out.text("last_id", models.back().name);
        }
    }
    out.close();
    return out.take();
}

}  // namespace weir::dialect
