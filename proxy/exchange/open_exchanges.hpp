// What a worker is serving, and what went wrong lately, for operators. On the worker's thread.
#pragma once

#include <deque>
#include <string_view>
#include <vector>

#include "core/linked_list.hpp"
#include "exchange/open_request.hpp"
#include "record/request_record.hpp"

namespace weir::exchange {

class exchange;

class open_exchanges {
public:
    void add(exchange& e);
    void remove(exchange& e);
    void note_error(const record::request_record& what);

    [[nodiscard]] std::vector<open_request> described() const;
    /// Newest last.
    [[nodiscard]] const std::deque<recent_error>& errors() const { return errors_; }
    /// Ends the request with this id as a drain that is over would. False: it is not here.
    bool end(std::string_view request_id);

private:
    core::linked_list<exchange> open_;
    std::deque<recent_error> errors_;
};

}  // namespace weir::exchange
