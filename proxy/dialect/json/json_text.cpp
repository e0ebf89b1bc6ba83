#include "dialect/json/json_text.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace weir::dialect::json {

std::string quoted(std::string_view text) {
    rapidjson::StringBuffer out;
    rapidjson::Writer<rapidjson::StringBuffer> writer{out};
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
    return {out.GetString(), out.GetSize()};
}

}  // namespace weir::dialect::json
