// What a request's body says, be it JSON or a multipart form: fields by name. Private to mock/.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "mock/answer.hpp"

namespace weir::mock {

namespace json = boost::json;

/// A member of an object; null when there is none or `from` is no object.
[[nodiscard]] const json::value* member(const json::value& from, std::string_view name);
[[nodiscard]] std::string string_member(const json::value& from, std::string_view name);
[[nodiscard]] std::int64_t number_member(const json::value& from, std::string_view name, std::int64_t otherwise);
[[nodiscard]] bool flag_member(const json::value& from, std::string_view name);

/// The path after the version, "/chat/completions".
[[nodiscard]] std::string_view endpoint_of(std::string_view target);

/// RFC 4648, 4.
[[nodiscard]] std::string base64(std::string_view bytes);

/// Views into the request that it was made from.
class request_body {
public:
    explicit request_body(const asked& request);

    [[nodiscard]] bool is_form() const { return is_form_; }
    /// The JSON object; null for forms and for what is not a JSON object.
    [[nodiscard]] const json::value& document() const { return document_; }
    [[nodiscard]] std::string text(std::string_view name) const;
    [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t otherwise) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    /// Of a form: the bytes and the name of the first file of that field, or of its `NAME[]`; "" when there is none.
    [[nodiscard]] std::string_view file(std::string_view name) const;
    [[nodiscard]] std::string file_name(std::string_view name) const;

private:
    struct part {
        std::string name;
        std::string file_name;
        std::string_view content;
    };
    [[nodiscard]] const part* find(std::string_view name) const;
    void read_form(std::string_view boundary, std::string_view body);

    bool is_form_ = false;
    json::value document_;
    std::vector<part> parts_;
};

}  // namespace weir::mock
