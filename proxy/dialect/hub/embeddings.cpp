#include "dialect/hub/embeddings.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <optional>
#include <vector>

#include "dialect/hub/raw_text.hpp"
#include "dialect/hub/reading.hpp"

namespace weir::dialect::hub {
namespace {

constexpr const char* other_tokens = "tokens are those of another model: send the text";

/// What is to be embedded, and how; texts as they stand between quotes.
struct wanted {
    std::vector<std::string> inputs;
    std::optional<std::int64_t> dimensions;
};

// --- OpenAI's request ---

void read_inputs(json::cursor& at, wanted& into, notes& told) {
    if (at.peek() == '"') {
        into.inputs.emplace_back(text_at(at).json);
        return;
    }
    const bool is_list = at.elements([&](json::cursor& each) {
        if (each.peek() == '"')
            into.inputs.emplace_back(text_at(each).json);
        else
            told.refuse("input", each.is_number() || each.peek() == '[' ? other_tokens : "each of it must be a text");
    });
    if (!is_list) told.refuse("input", "it must be a text or a list of texts");
}

bool read_openai(json::cursor body, wanted& into, embeddings_form& form, notes& told) {
    const bool is_object = body.members([&](std::string_view name, json::cursor& value) {
        if (value.is_null() || name == "model" || name == "user") return;
        if (name == "input") return read_inputs(value, into, told);
        if (name == "dimensions") {
            into.dimensions = integer_at(value);
        } else if (name == "encoding_format") {
            const auto format = text_at(value);
            form.base64 = format.is("base64");
            if (!form.base64 && !format.is("float")) told.refuse(name, "it is neither float nor base64");
        } else {
            told.drop(name);
        }
    });
    return is_object;
}

// --- Gemini's ---

std::string text_of_parts(json::cursor& content, notes& told) {
    std::string text;
    // Text alone may stand there, too.
    if (content.peek() == '"') return std::string{text_at(content).json};
    content.members([&](std::string_view name, json::cursor& value) {
        if (name != "parts") return;
        value.elements([&](json::cursor& part) {
            part.members([&](std::string_view kind, json::cursor& of) {
                if (kind == "text")
                    text += text_at(of).json;
                else if (kind == "inlineData" || kind == "inline_data" || kind == "fileData" || kind == "file_data")
                    told.refuse("content", "only text can be embedded there");
            });
        });
    });
    return text;
}

void take_dimensions(wanted& into, std::optional<std::int64_t> said, bool first, notes& told) {
    if (!first && said != into.dimensions) told.refuse("requests", "each of them must ask for the same outputDimensionality");
    into.dimensions = said;
}

void read_one(json::cursor& request, wanted& into, notes& told) {
    std::optional<std::int64_t> dimensions;
    std::string text;
    const bool first = into.inputs.empty();
    request.members([&](std::string_view name, json::cursor& value) {
        if (value.is_null() || name == "model" || name == "requests") return;
        if (name == "content")
            text = text_of_parts(value, told);
        else if (name == "outputDimensionality" || name == "output_dimensionality")
            dimensions = integer_at(value);
        else
            told.drop(name);
    });
    into.inputs.push_back(std::move(text));
    take_dimensions(into, dimensions, first, told);
}

bool read_gemini_embeddings(json::cursor body, bool single, wanted& into, notes& told) {
    if (body.peek() != '{') return false;
    if (single) {
        read_one(body, into, told);
        return true;
    }
    bool is_batch = false;
    body.members([&](std::string_view name, json::cursor& value) {
        if (name == "requests") is_batch = value.elements([&](json::cursor& each) { read_one(each, into, told); });
    });
    if (!is_batch) told.refuse("requests", "it must be a list of requests");
    return true;
}

// --- What is asked for in the other dialect ---

void write_for_gemini(const wanted& what, std::string_view model, std::string& out) {
    json_writer json{out};
    json.open('{');
    json.open_member("requests", '[');
    for (const auto& text : what.inputs) {
        json.open('{');
        json.plain_member("model", "models/" + std::string{model});
        json.open_member("content", '{');
        json.open_member("parts", '[');
        json.open('{');
        json.text_member("text", raw_text{text});
        json.close('}');
        json.close(']');
        json.close('}');
        if (what.dimensions) json.member("outputDimensionality", std::to_string(*what.dimensions));
        json.close('}');
    }
    json.close(']');
    json.close('}');
}

void write_for_openai(const wanted& what, std::string_view model, bool single, std::string& out) {
    json_writer json{out};
    json.open('{');
    json.plain_member("model", model);
    if (single) {
        json.text_member("input", raw_text{what.inputs.front()});
    } else {
        json.open_member("input", '[');
        for (const auto& text : what.inputs) json.text(raw_text{text});
        json.close(']');
    }
    json.plain_member("encoding_format", "float");
    if (what.dimensions) json.member("dimensions", std::to_string(*what.dimensions));
    json.close('}');
}

// --- Answers ---

/// The vectors of an answer, each as the JSON list that it stands as, in the order of the inputs.
struct answered {
    std::vector<std::string_view> vectors;
    std::optional<std::int64_t> input;
};

std::optional<std::string_view> vector_at(json::cursor& at) {
    if (at.peek() != '[') return std::nullopt;
    return written(at);
}

std::optional<std::string_view> values_of(json::cursor& embedding) {
    std::optional<std::string_view> out;
    embedding.members([&](std::string_view name, json::cursor& value) {
        if (name == "values") out = vector_at(value);
    });
    return out;
}

bool read_from_gemini(json::cursor body, answered& into) {
    bool whole = true;
    const auto take = [&](json::cursor& embedding) {
        const auto values = values_of(embedding);
        whole &= values.has_value();
        if (values) into.vectors.push_back(*values);
    };
    body.members([&](std::string_view name, json::cursor& value) {
        if (name == "embedding") take(value);
        if (name == "embeddings") value.elements(take);
        if (name == "usageMetadata")
            value.members([&](std::string_view what, json::cursor& count) {
                if (what == "promptTokenCount") into.input = integer_at(count);
            });
    });
    return whole && !into.vectors.empty() && body.why() == json::fault::none;
}

bool read_from_openai(json::cursor body, answered& into) {
    struct numbered {
        std::int64_t index;
        std::string_view vector;
    };
    std::vector<numbered> found;
    bool whole = true;
    const auto take = [&](json::cursor& one) {
        std::optional<std::string_view> vector;
        auto index = static_cast<std::int64_t>(found.size());
        one.members([&](std::string_view name, json::cursor& value) {
            if (name == "embedding") vector = vector_at(value);
            if (name == "index") index = integer_at(value).value_or(index);
        });
        whole &= vector.has_value();
        if (vector) found.push_back({index, *vector});
    };
    body.members([&](std::string_view name, json::cursor& value) {
        if (name == "data") value.elements(take);
        if (name == "usage")
            value.members([&](std::string_view what, json::cursor& count) {
                if (what == "prompt_tokens") into.input = integer_at(count);
            });
    });
    // Gemini's clients go by the order.
    std::sort(found.begin(), found.end(), [](const numbered& a, const numbered& b) { return a.index < b.index; });
    for (const auto& each : found) into.vectors.push_back(each.vector);
    return whole && !found.empty() && body.why() == json::fault::none;
}

/// A JSON list of numbers as what OpenAI's SDKs ask for: IEEE 754 single precision, little-endian, in base64 (RFC 4648 section 4).
std::string base64_of(std::string_view list) {
    std::string bytes;
    for (std::size_t at = 1; at < list.size();) {
        const auto end = std::min(list.find_first_of(",]", at), list.size());
        auto first = list.data() + at;
        const auto* const last = list.data() + end;
        while (first < last && (*first == ' ' || *first == '\n' || *first == '\t' || *first == '\r')) ++first;
        double value = 0;
        if (first < last) {
            (void)std::from_chars(first, last, value);
            const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(value));
            for (unsigned shift = 0; shift < 32; shift += 8) bytes += static_cast<char>((bits >> shift) & 0xff);
        }
        at = end + 1;
    }
    std::string out((bytes.size() + 2) / 3 * 4 + 1, '\0');
    const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
    out.resize(static_cast<std::size_t>(size));
    return out;
}

void write_for_openai_client(const answered& what, const embeddings_form& form, std::int64_t input, std::string& out) {
    json_writer json{out};
    json.open('{');
    json.plain_member("object", "list");
    json.open_member("data", '[');
    for (std::size_t i = 0; i < what.vectors.size(); ++i) {
        json.open('{');
        json.plain_member("object", "embedding");
        json.member("index", std::to_string(i));
        if (form.base64)
            json.plain_member("embedding", base64_of(what.vectors[i]));
        else
            json.member("embedding", what.vectors[i]);
        json.close('}');
    }
    json.close(']');
    json.plain_member("model", form.model);
    json.open_member("usage", '{');
    json.member("prompt_tokens", std::to_string(input));
    json.member("total_tokens", std::to_string(input));
    json.close('}');
    json.close('}');
}

void write_for_gemini_client(const answered& what, const embeddings_form& form, std::int64_t input, std::string& out) {
    json_writer json{out};
    const auto values = [&](std::string_view vector) {
        json.open('{');
        json.member("values", vector);
        json.close('}');
    };
    json.open('{');
    if (form.single) {
        json.key("embedding");
        values(what.vectors.front());
    } else {
        json.open_member("embeddings", '[');
        for (const auto vector : what.vectors) values(vector);
        json.close(']');
    }
    json.open_member("usageMetadata", '{');
    json.member("promptTokenCount", std::to_string(input));
    json.close('}');
    json.close('}');
}

}  // namespace

bool write_embeddings_request(spoke from, json::cursor body, std::string_view model, embeddings_form& form, std::string& out, notes& told) {
    wanted what;
    const bool is_one = from == spoke::gemini ? read_gemini_embeddings(body, form.single, what, told) : read_openai(body, what, form, told);
    if (!is_one) told.refuse(from == spoke::gemini ? "content" : "input", "the body is no request for embeddings");
    if (what.inputs.empty() && !told.refused()) told.refuse(from == spoke::gemini ? "requests" : "input", "there is nothing to embed");
    if (told.refused()) return false;
    if (from == spoke::gemini)
        write_for_openai(what, model, form.single, out);
    else
        write_for_gemini(what, model, out);
    return true;
}

bool write_embeddings_answer(spoke client, json::cursor body, const embeddings_form& form, std::string& out) {
    answered what;
    if (!(client == spoke::gemini ? read_from_openai(body, what) : read_from_gemini(body, what))) return false;
    const auto input = what.input.value_or(form.estimated_input);
    if (client == spoke::gemini)
        write_for_gemini_client(what, form, input, out);
    else
        write_for_openai_client(what, form, input, out);
    return true;
}

}  // namespace weir::dialect::hub
