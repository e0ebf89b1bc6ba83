// One request and its answer, from its head to its record: the story. What each chapter needs stands in a file of its own.
#pragma once

#include <memory>
#include <string_view>

#include "core/error.hpp"
#include "exchange/answer/answer.hpp"
#include "exchange/intake.hpp"
#include "exchange/open_request.hpp"
#include "exchange/request.hpp"
#include "net/task.hpp"
#include "policy/keys/key_ring.hpp"

namespace weir::exchange {

class exchange {
public:
    /// Of the request whose head stands in the client's input.
    exchange(home& at, wire::client_stream& client, peer& from);
    ~exchange();
    exchange(const exchange&) = delete;
    exchange& operator=(const exchange&) = delete;
    static void* operator new(std::size_t size) { return net::allocate_frame(size); }
    static void operator delete(void* p, std::size_t size) noexcept { net::release_frame(p, size); }

    [[nodiscard]] net::task<void> run();

    // For the worker.
    [[nodiscard]] open_request describe() const;
    [[nodiscard]] std::string_view request_id() const { return of_.told.record.request_id; }
    /// An operator ends it (ended_by_operator), or the end of draining (shutdown): who has no answer yet gets an error, a stream the dialect's
    /// error event and a cut.
    void end_now(core::code why);
    exchange* next = nullptr;
    exchange* previous = nullptr;

private:
    /// The key may, but this weir holds no lease of a shared budget now: the admission and its request, to be tried again.
    struct lacking_lease {
        policy::admission admitted;
        policy::ask what;
    };

    // admission.cpp
    [[nodiscard]] net::task<bool> admitted();
    void begin();
    [[nodiscard]] core::error check_head();
    [[nodiscard]] net::task<core::error> take_body(core::error refusal);
    [[nodiscard]] net::task<bool> answered_itself(core::error& refusal);
    [[nodiscard]] core::error admit(std::unique_ptr<lacking_lease>& lacking);
    [[nodiscard]] net::task<core::error> wait_for_lease(std::unique_ptr<lacking_lease> lacking);
    [[nodiscard]] intake make_intake() { return intake{*of_.view->shared, of_.what, of_.told.record}; }

    void publish();

    request of_;
    std::unique_ptr<answer> answer_;  ///< that is passed on, or was waited for when the client left
};

}  // namespace weir::exchange
