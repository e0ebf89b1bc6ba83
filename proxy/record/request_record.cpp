#include "record/request_record.hpp"

namespace weir::record {

std::string_view name_of(failure f) {
    switch (f) {
        case failure::none: return "";
        case failure::connect: return "connect";
        case failure::tls: return "tls";
        case failure::reset: return "reset";
        case failure::timeout_connect: return "timeout_connect";
        case failure::timeout_first_byte: return "timeout_first_byte";
        case failure::timeout_first_token: return "timeout_first_token";
        case failure::timeout_idle: return "timeout_idle";
        case failure::timeout_total: return "timeout_total";
        case failure::status: return "status";
        case failure::invalid: return "invalid";
        case failure::overtaken: return "overtaken";
    }
    return "";
}

}  // namespace weir::record
