// One request and its answer: runs the plan with real parts. It reads the body, asks dialect/ what it means and policy/ what to do, talks to
// upstreams, relays, and says once what happened. Decisions are not made here.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/rare_text.hpp"
#include "core/shown_text.hpp"
#include "dialect/answer.hpp"
#include "dialect/endpoint.hpp"
#include "dialect/endpoint_traits.hpp"
#include "dialect/realtime.hpp"
#include "dialect/request.hpp"
#include "exchange/account.hpp"
#include "exchange/answers/local_reply.hpp"
#include "exchange/asked.hpp"
#include "exchange/chronicle.hpp"
#include "exchange/collecting.hpp"
#include "exchange/hedge.hpp"
#include "exchange/home.hpp"
#include "exchange/intake.hpp"
#include "exchange/meter/answer_meter.hpp"
#include "exchange/meter/meter.hpp"
#include "exchange/objects/exchange_object.hpp"
#include "exchange/peer.hpp"
#include "exchange/plan.hpp"
#include "exchange/request/request_body.hpp"
#include "exchange/stop_order.hpp"
#include "exchange/stopwatch.hpp"
#include "http/sse_scanner.hpp"
#include "policy/retry.hpp"
#include "policy/tried_set.hpp"
#include "record/request_record.hpp"
#include "wire/h1/client_line.hpp"
#include "wire/h1/unframer.hpp"

namespace weir::exchange {

struct object_search;

/// What the connection may do after an exchange.
enum class after : std::uint8_t {
    keep_alive,
    close,  ///< in an orderly way
    cut,    ///< the answer is incomplete: end the connection where it is
    abort,  ///< likewise, where only a reset shows that it is incomplete
};

class exchange_runner {
public:
    /// The request's head stands in the first `head_size` bytes of the client's input.
    exchange_runner(home& at, wire::h1::client_line& client, peer& from, std::size_t head_size);
    ~exchange_runner();
    exchange_runner(const exchange_runner&) = delete;
    exchange_runner& operator=(const exchange_runner&) = delete;
    static void* operator new(std::size_t size) { return net::allocate_frame(size); }
    static void operator delete(void* p, std::size_t size) noexcept { net::release_frame(p, size); }

    [[nodiscard]] net::task<after> run();

    // For the worker.
    [[nodiscard]] open_request describe() const;
    [[nodiscard]] std::string_view request_id() const { return told_.record.request_id; }
    /// An operator ends it (ended_by_operator), or the end of draining (shutdown): who has no answer yet gets an error, a stream the dialect's
    /// error event and a cut.
    void end_now(core::code why);
    exchange_runner* next = nullptr;
    exchange_runner* previous = nullptr;

private:
    enum class relayed : std::uint8_t { complete, client_gone, broken };
    enum class held : std::uint8_t { ready, broken, client_gone };
    enum class tried : std::uint8_t { finished, failed, overtaken, answered };
    enum class relaying : std::uint8_t { nothing, events, body };
    /// Where an attempt went: what it leaves behind is told with its own place, not with the next one's.
    struct place {
        const pools::pool_runtime* pool = nullptr;
        const pools::upstream_runtime* to = nullptr;
        std::string_view model;  ///< as it was asked for there
    };
    /// What the answer at hand is charged by.
    enum class charged : std::uint8_t {
        nothing,      ///< no good answer to a POST, or one that costs nothing
        as_counted,   ///< its report, else weir's count
        if_reported,  ///< weir does not read the endpoint: a report, else nobody knows
    };
    /// An upstream's error answer that is passed on should no other attempt be possible.
    struct kept_answer {
        place from;
        std::string head;
        net::buffer body;
    };
    /// How far the request of the attempt at hand has come.
    enum class request_state : std::uint8_t {
        not_whole,
        whole,    ///< its upstream may have read it, and charges for it
        unread,   ///< whole, and the kept connection that it went into was closed before a byte came: it is not charged, and may be under way all the
                  ///< same
        settled,  ///< whole, and what it costs is accounted for
    };
    /// For whom the answer is read.
    enum class reading_for : std::uint8_t {
        client,
        bill,        ///< the client left; the rest is read for its usage only
        connection,  ///< all was said, and only the transfer's end is missing: with it the connection can be used again
        nobody,      ///< the client left, and nothing of the rest is wanted
    };
    /// How a stream stands after a batch of events.
    struct batch_end {
        bool complete = false;                        ///< all that the upstream has to say was said
        bool last = false;                            ///< nothing follows
        core::code cut = core::code::none;            ///< why it is cut here
        record::failure why = record::failure::none;  ///< with stream_interrupted
    };

    /// An admission that lacks a lease, and what it was about.
    struct lacking_lease {
        policy::admission admitted;
        policy::ask what;
    };

    // --- exchange_request.cpp: what is asked ---
    http::request_head& head();
    [[nodiscard]] net::task<bool> admitted();
    [[nodiscard]] net::task<core::error> take_body(core::error refusal);
    [[nodiscard]] net::task<bool> answered_itself(core::error& refusal);
    [[nodiscard]] bool asks_weir_itself() const;
    void begin();
    [[nodiscard]] intake intake_of_this();
    [[nodiscard]] core::error check_head();
    [[nodiscard]] core::error understand();
    [[nodiscard]] core::error admit(std::unique_ptr<lacking_lease>& lacking);

    // --- exchange_lease.cpp: a shared budget ---
    [[nodiscard]] net::task<core::error> wait_for_lease(std::unique_ptr<lacking_lease> lacking);
    // --- exchange_objects.cpp: what providers keep ---
    void note_object(const http::request_head& h);
    [[nodiscard]] net::task<void> await_object(std::shared_ptr<object_search> search, core::time_point until);
    [[nodiscard]] net::task<core::error> find_object();
    [[nodiscard]] core::error judge_object() const;
    [[nodiscard]] policy::picked pick_maker(pools::pool_view& pool);
    [[nodiscard]] bool reads_object() const;
    void read_object_from(bool fine, bool encoded, std::string_view type);
    void feed_object(std::string_view bytes);
    void keep_object();
    [[nodiscard]] bool object_owes() const;
    void settle_object();
    void end_object();
    [[nodiscard]] bool is_free() const;

    // --- exchange_lists.cpp: what the caller may call ---
    [[nodiscard]] net::task<void> learn_served_models();
    [[nodiscard]] std::string own_origin();

    // --- exchange_upload.cpp: the request's body (request/request_body.hpp) ---
    /// Of a body that dialect/ is to read; identity: there is nothing to undo.
    [[nodiscard]] http::content_coding coding_of_body();
    [[nodiscard]] bool sends_encoded() const { return body_.has_coding() && edits_.empty(); }
    [[nodiscard]] bool may_stream_upload();
    [[nodiscard]] bool can_send_again() const { return !body_.uploading() || body_.uploading()->taken == 0; }
    [[nodiscard]] net::task<record::failure> send_upload();
    [[nodiscard]] net::task<record::failure> await_upload(core::time_point moved_at);

    // --- exchange_attempt.cpp: upstreams ---
    [[nodiscard]] net::task<void> attempts();
    [[nodiscard]] place here() const { return {pool_, to_, told_.record.served_model}; }
    void stand_at(const place& where);
    void keep_answer();
    void restore_answer();
    [[nodiscard]] bool is_repeatable();
    [[nodiscard]] bool may_be_repeated(const policy::attempt_failure& failure);
    void try_here_again();
    [[nodiscard]] policy::picked pick_at_once(pools::pool_view& pool);
    [[nodiscard]] net::task<policy::picked> wait_in_line(pools::pool_view& pool);
    [[nodiscard]] tried none_usable(const policy::picked& none);
    [[nodiscard]] net::task<tried> attempt();
    [[nodiscard]] net::task<tried> converse(pools::pool_view& pool, std::size_t index);
    [[nodiscard]] net::task<tried> follow_answer();
    policy::judgement tell_upstream(const struct failed_attempt& what, record::failure why, const pools::upstream_runtime& to,
                                    policy::upstream_state::lease& lease);
    void plan_next(exchange::advice what, record::failure why);
    void move_to_larger_context();
    void rest_upstream(const struct failed_attempt& what, const pools::upstream_runtime& to, const policy::asker& who, policy::rest how);
    [[nodiscard]] bool first_refusal_stands() const;
    [[nodiscard]] net::task<net::dial_result> connect(net::upstream_connections& from, core::time_point deadline);
    [[nodiscard]] net::task<record::failure> send_request(const pools::upstream_runtime& to);
    [[nodiscard]] net::task<record::failure> read_response_head();
    [[nodiscard]] tried fail(record::failure why, std::string detail);
    [[nodiscard]] tried fail_here(const std::string& lacking);
    [[nodiscard]] tried fail_status(std::string_view provider_code, std::string_view message, bool in_band);
    void conclude_failure(record::failure why, const struct failed_attempt& what);
    [[nodiscard]] core::time_point ask_again_at(const pools::pool_view& pool, const policy::picked& what);
    [[nodiscard]] net::task<bool> back_off(core::time_point not_before);
    void prepare_edits(std::string_view model);
    void release_connection(bool reusable);
    void release_upstream(bool reusable);

    // --- exchange_hedge.cpp: two attempts at once ---
    [[nodiscard]] beginning waits_for() const;
    [[nodiscard]] bool may_hedge() const;
    [[nodiscard]] policy::first_token_times& usual_times();
    void began_in_time(core::duration took);
    void arm_hedge(pools::pool_view& pool);
    [[nodiscard]] bool make_second_call(pools::pool_view& pool, second_call& call);
    [[nodiscard]] bool overtaken() const { return hedge_ && hedge_->ahead(); }
    [[nodiscard]] net::task<tried> await_hedge();
    [[nodiscard]] net::task<tried> take_over();
    void lose_attempt();
    void end_hedge();

    // --- upstream_head.cpp ---
    /// `attempt`: which of the record's.
    void write_upstream_head(std::string& out, const pools::upstream_runtime& to, std::size_t attempt);
    void compose_request(net::gather& out, std::string_view head, std::string& copied);

    // --- exchange_hold.cpp, exchange_relay.cpp: the answer ---
    void forget_answer();
    void start_answer(const http::response_head& answer);
    [[nodiscard]] bool has_terminator() const;
    [[nodiscard]] net::task<held> hold_body(std::size_t limit);
    void note_form(std::string_view type, bool fine);
    void read_along();
    [[nodiscard]] tried judge_held();
    [[nodiscard]] net::task<held> hold_events();
    [[nodiscard]] net::task<relayed> relay_body();
    [[nodiscard]] net::task<relayed> relay_events();
    [[nodiscard]] net::task<record::failure> read_more(core::time_point deadline);
    [[nodiscard]] bool decode();
    void read_new_events();
    void keep_event(std::size_t size, const dialect::event_facts& facts);
    void note_event(const dialect::event_facts& facts);
    void add_usage();
    void write_client_head(bool chunked, bool has_length, std::uint64_t length);
    [[nodiscard]] bool send_heartbeat();
    [[nodiscard]] core::time_point heartbeat_due() const;
    [[nodiscard]] batch_end judge_batch(record::failure broken) const;
    void account_for_stream(const batch_end& end);
    void note_terminator();
    void note_cut();
    void compose_events(net::gather& out, const batch_end& end);
    void compose_body(net::gather& out, bool last, record::failure broken);
    [[nodiscard]] net::task<bool> send_to_client(net::gather& out);
    void note_too_slow();
    [[nodiscard]] net::task<void> send_rest(std::unique_ptr<net::gather> out);
    void break_stream(const batch_end& end, net::gather& out);
    void note_failed_end();
    [[nodiscard]] bool budget_allows();
    [[nodiscard]] bool keep_reading_for_the_bill();
    [[nodiscard]] bool drained_enough() const;
    void note_progress();
    void end_with_error_event(const core::error& why, net::gather& out);
    [[nodiscard]] bool holds_on() const;
    void give_up_answer();

    // --- exchange_charge.cpp: what an attempt without an answer costs ---
    [[nodiscard]] bool is_owed() const;
    [[nodiscard]] bool costs_something() const;
    [[nodiscard]] usage::counts prompt_estimate() const;
    [[nodiscard]] usage::counts seen_usage() const;
    [[nodiscard]] const usage::model_price* price_of_answer() const;
    void charge_given_up();
    [[nodiscard]] core::time_point answer_deadline() const;
    [[nodiscard]] record::failure phase_failure() const;

    // --- exchange_collect.cpp: one answer out of a stream ---
    void choose_collecting();
    void stop_collecting();
    [[nodiscard]] bool count_collected();
    [[nodiscard]] bool undo_coding();
    void drop_collected();
    void collect_new_events();
    [[nodiscard]] record::failure judge_collected(bool complete);
    [[nodiscard]] net::task<held> collect_answer();
    [[nodiscard]] bool answer_collected();
    [[nodiscard]] tried conclude_collecting();
    [[nodiscard]] std::string_view heartbeat_bytes() const;
    void end_with_error_body(std::string_view body, net::gather& out);

    // --- exchange_tunnel.cpp ---
    struct tunnel;
    [[nodiscard]] net::task<void> relay_tunnel();
    void move_bytes(tunnel& t, bool& moved);
    [[nodiscard]] std::size_t hear_upstream(tunnel& t, std::string_view fresh);
    void name_model(std::string_view model);
    [[nodiscard]] bool count_response(const dialect::realtime_facts& said);
    [[nodiscard]] bool may_go_on(const dialect::realtime_facts& said) const;
    [[nodiscard]] static bool goodbye_said(const tunnel& t);
    void look_at_ends(tunnel& t);
    [[nodiscard]] core::time_point tunnel_deadline(const tunnel& t) const;
    [[nodiscard]] net::task<void> end_tunnel(tunnel& t);

    // --- exchange_finish.cpp: replies and the record ---
    [[nodiscard]] net::task<void> reply(core::error why);
    [[nodiscard]] local_reply new_reply(std::string_view body);
    [[nodiscard]] net::task<void> deliver(const local_reply& answer);
    [[nodiscard]] net::task<void> reply_with(int status, std::string body, std::string_view content_type = "application/json");
    void settle();
    [[nodiscard]] answered_request answered() const;
    [[nodiscard]] bill count_stream() const;
    void take_bill(const bill& due);
    [[nodiscard]] bool is_priced() const;
    void learn_from_report();
    void publish();
    [[nodiscard]] bool client_gone();
    [[nodiscard]] bool abandoned();
    /// While it is dialled: the client left, somebody ends the request, or the second attempt is ahead.
    [[nodiscard]] bool wants_no_connection() const;
    [[nodiscard]] bool stopped() const { return order_.given(); }

    [[nodiscard]] core::time_point now() { return home_.loop.now(); }
    [[nodiscard]] const config::conf& conf() const { return *view_->shared->conf; }
    [[nodiscard]] stopwatch::awaiter sleep_until(core::time_point deadline) { return told_.watch.sleep_until(deadline); }

    home& home_;
    wire::h1::client_line& client_;
    peer& peer_;
    std::shared_ptr<pools::worker_view> view_;

    // The request.
    chronicle told_;
    asked asked_;
    stop_order order_;
    request_body body_;
    std::vector<dialect::edit> edits_;
    std::string_view edited_for_;              ///< the model (the snapshot's or asked_.facts') that edits_ were made for
    std::unique_ptr<exchange_object> object_;  ///< null: the request has to do with none
    bool edits_made_ = false;
    bool asked_usage_ = false;  ///< weir added include_usage

    // The attempts.
    exchange::plan plan_{0};
    exchange::step next_ = exchange::step::answer;
    policy::tried_set tried_;
    policy::pick_for wanted_;  ///< in the pool at hand
    policy::upstream_state::lease lease_;
    std::unique_ptr<net::upstream_connection> upstream_;
    net::upstream_connections* connections_ = nullptr;
    const pools::pool_runtime* pool_ = nullptr;
    const pools::upstream_runtime* to_ = nullptr;
    core::error last_error_;
    place failed_at_;                       ///< the attempt that last_error_ tells of
    int kept_status_ = 0;                   ///< not 0: an error answer that is passed on should no other attempt be possible
    core::time_point pause_asked_until_{};  ///< by the last answer's Retry-After
    std::unique_ptr<kept_answer> kept_;
    core::time_point total_deadline_ = core::never, sent_at_{}, attempt_began_{};
    core::time_point last_event_at_{};
    core::rare_text detail_;  ///< of the last failure, for the answer
    core::rare_text retry_after_, retry_after_ms_;
    std::unique_ptr<hedge> hedge_;  ///< of a pool that makes second attempts, until the first token
    request_state sent_ = request_state::not_whole;
    std::uint8_t attempt_at_ = 0;  ///< the attempt at hand, of the record's
    std::uint8_t interim_ = 0;

    // The answer.
    net::buffer up_;                      ///< [0, decoded_) payload, then bytes that are not decoded yet
    std::size_t decoded_ = 0, seen_ = 0;  ///< payload; payload that was read as whole events
    std::size_t kept_size_ = 0;           ///< of these the bytes that go to the client, moved to the front: what weir asked for itself is left out
    std::string client_head_;
    wire::h1::unframer framing_;
    http::sse_scanner sse_;
    dialect::stream_reader reader_;
    bool other_model_ = false;  ///< a unary answer named another model than the one that was asked for
    bool head_sent_ = false, upstream_keeps_ = false, event_mode_ = false;
    bool metered_ = false;        ///< JSON that usage is read from
    bool beyond_tokens_ = false;  ///< the answer tells of more than tokens at their usual price
    charged charged_ = charged::nothing;
    answer_form form_ = answer_form::bytes;
    http::content_coding coding_ = http::content_coding::identity;  ///< of the answer
    bool content_seen_ = false, error_seen_ = false;
    bool client_chunked_ = false;
    record::failure last_failure_ = record::failure::none;
    core::rare_text error_event_;
    std::array<char, 20> size_line_{};
    after after_ = after::close;
    bool early_head_ = false;   ///< weir sent a head of its own so that heartbeats could go out
    bool over_budget_ = false;  ///< the event at seen_ was the last that the key could pay
    reading_for reading_for_ = reading_for::client;
    bool gone_ = false;
    relaying relay_ = relaying::nothing;     ///< what the attempts led to: an answer is committed and ready to be passed on
    std::unique_ptr<answer_meter> passing_;  ///< of an answer that is passed on without being held whole
    std::unique_ptr<meter> meter_;
    std::unique_ptr<collecting> collecting_;  ///< this attempt asks for a stream although the client did not
    core::time_point last_sent_{};            ///< when the client last got bytes, for heartbeats
    std::int64_t drain_until_ = 0;            ///< tokens of output
    telemetry::histogram_ref inter_token_;
    telemetry::gauge* active_streams_ = nullptr;

    account money_;
};

}  // namespace weir::exchange
