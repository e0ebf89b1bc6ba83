#include "probe/model_scout.hpp"

#include <signal.h>

#include <exception>

#include "pools/snapshot.hpp"
#include "probe/probe_reply.hpp"
#include "probe/probe_request.hpp"

namespace weir::probe {
namespace {

// Aggregators list thousands of models, each with a description.
constexpr std::size_t longest_list = 16 * 1024 * 1024;

std::optional<std::vector<std::string>> heard_from(const wire::call_answer& got) {
    if (got.how != wire::call_answer::end::answered || got.status != 200 || !got.whole) return std::nullopt;
    auto said = read_probe_reply(got.field("content-type"), got.body);
    if (!said.is_list) return std::nullopt;
    return std::move(said.models);
}

}  // namespace

model_scout::~model_scout() {
    for (auto& one : errands_) one.thread.join();
}

void model_scout::run(const std::vector<question>& questions, pools::served_models& into) {
    std::optional<std::vector<std::string>> heard;
    try {
        const wire::call_limits limits{.connect = longest, .total = longest, .body = longest_list};
        for (const auto& one : questions)
            if (heard = heard_from(wire::call(one.target, one.request, limits)); heard) break;
    } catch (const std::exception&) {
        // No descriptor or no memory for it: as if nobody had answered.
    }
    into.settle(std::move(heard), core::clock::now());
}

void model_scout::forget_ended() {
    for (auto it = errands_.begin(); it != errands_.end();) {
        if (!*it->done) {
            ++it;
            continue;
        }
        it->thread.join();
        it = errands_.erase(it);
    }
}

void model_scout::ask(const pools::pool_runtime& pool) {
    std::vector<question> questions;
    for (const auto& up : pool.upstreams) {
        const auto path = endpoint_path(pool.conf->dialect, up.conf->base_path, "/models");
        questions.push_back({up.target, write_probe(pool, up, {.path = path, .query = model_list_query(pool.conf->dialect), .purpose = "models"})});
    }
    const std::scoped_lock lock(mutex_);
    forget_ended();
    auto done = std::make_shared<std::atomic<bool>>(false);
    // Signals belong to the main thread; a new thread takes over what is blocked here.
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before);
    errands_.push_back({std::thread{[questions = std::move(questions), into = pool.served, done] {
                            run(questions, *into);
                            *done = true;
                        }},
                        done});
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace weir::probe
