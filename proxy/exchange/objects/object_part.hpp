// What one request has to do with an object that its provider keeps: whose is the one that it names, where was it made, what did this answer make,
// and what does it say of its cost. Nearly every request has to do with none, and costs a pointer.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "exchange/objects/exchange_object.hpp"
#include "http/head.hpp"
#include "net/task.hpp"
#include "policy/upstreams/balancer.hpp"
#include "pools/worker_view.hpp"

namespace weir::exchange {

struct answer;
struct object_search;
struct request;

class object_part {
public:
    /// The request's head is classified; later its body is understood.
    void note_head(request& of, const http::request_head& h);
    void note_body(request& of);

    [[nodiscard]] bool is_there() const { return it_ != nullptr; }
    [[nodiscard]] const exchange_object* details() const { return it_.get(); }
    /// What it has to do with the store of responses; null: nothing.
    [[nodiscard]] stored_turn* turn() const { return it_ ? it_->turn.get() : nullptr; }
    stored_turn& take_turn(std::unique_ptr<stored_turn> what) { return *(it_->turn = std::move(what)); }
    /// Whose is the object that the path names? Waits for the database where it must. Other keys' objects are not there.
    [[nodiscard]] net::task<core::error> find(request& of);
    /// The pool where it was made; empty: nobody knows, or there is none.
    [[nodiscard]] std::string_view made_in() const { return it_ && it_->known ? std::string_view{it_->known->made.pool} : std::string_view{}; }
    /// The upstream where it was made, if it can be asked: another one of the pool may be another account.
    [[nodiscard]] policy::picked pick_maker(request& of, pools::pool_view& pool) const;
    /// What such a request costs was charged when the object was made, or is charged to its maker.
    [[nodiscard]] bool is_free() const { return it_ && !it_->asked.makes; }

    /// Weir looks into the answer: it must be plain.
    [[nodiscard]] bool reads_answer() const { return it_ && it_->reads_answer(); }
    /// An answer begins, the one that the client will see if any. `collected`: it is passed on as a document.
    void begin(const answer& in, bool collected);
    /// What the client will see of it. Once it has named its object, that is known even if weir dies before the answer's end.
    void feed(request& of, const answer& in, std::string_view bytes);
    /// With the request's own account, which the row and the object share. `ended`: all of the answer is here.
    void settle(request& of, bool ended);

private:
    [[nodiscard]] net::task<void> await(request& of, std::shared_ptr<object_search> search, core::time_point until);
    [[nodiscard]] core::error judge(const request& of) const;
    void keep(request& of);
    void report(request& of, bool ended);
    [[nodiscard]] bool owes(const request& of) const;

    std::unique_ptr<exchange_object> it_;  ///< null: the request has to do with none
};

}  // namespace weir::exchange
