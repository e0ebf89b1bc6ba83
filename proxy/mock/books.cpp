// Keeping and finding calls and scripts, each under one lock.
#include "mock/books.hpp"

#include <algorithm>
#include <chrono>

namespace weir::mock {

std::shared_ptr<call> books::open_call() {
    auto made = std::make_shared<call>();
    made->arrived = std::chrono::steady_clock::now();
    const std::lock_guard lock{mutex_};
    made->serial = ++serial_;
    calls_.push_back(made);
    if (calls_.size() > keep_) {
        calls_.pop_front();
        ++forgotten_;
    }
    return made;
}

void books::cut_running() {
    {
        const std::lock_guard lock{mutex_};
        for (const auto& each : calls_)
            if (each->outcome == outcome::running) each->outcome = outcome::cut;
    }
    changed_.notify_all();
}

void books::once(script how, std::string path_contains) {
    const std::lock_guard lock{mutex_};
    queue_.push_back({std::move(how), std::move(path_contains)});
}

void books::on(provider::chooser choose) {
    const std::lock_guard lock{mutex_};
    choose_ = std::move(choose);
}

void books::always(script how) {
    const std::lock_guard lock{mutex_};
    always_ = std::move(how);
}

std::optional<script> books::take_queued(const received& what, bool early_only) {
    const std::lock_guard lock{mutex_};
    for (auto it = queue_.begin(); it != queue_.end(); ++it) {
        const bool fits =
            it->path_contains.empty() ? what.method != "GET" && what.method != "HEAD" : what.target.find(it->path_contains) != std::string::npos;
        if (!fits || (early_only && !it->how.early)) continue;
        auto how = std::move(it->how);
        queue_.erase(it);
        return how;
    }
    return std::nullopt;
}

script books::script_for(const call& what, std::string& fault) {
    constexpr std::string_view in_model = "mock:";
    fault.clear();
    if (const auto text = what.header("x-mock"); !text.empty()) return read_script(text, fault).value_or(script{});
    if (what.model.starts_with(in_model)) return read_script(what.model.substr(in_model.size()), fault).value_or(script{});
    if (auto how = take_queued(what, false)) return std::move(*how);
    provider::chooser choose;
    script always;
    {
        const std::lock_guard lock{mutex_};
        choose = choose_;
        always = always_;
    }
    if (choose)
        if (auto how = choose(what)) return std::move(*how);
    return always;
}

std::vector<call> books::calls() const {
    const std::lock_guard lock{mutex_};
    std::vector<call> out;
    out.reserve(calls_.size());
    for (const auto& each : calls_) out.push_back(*each);
    return out;
}

std::size_t books::call_count() const {
    const std::lock_guard lock{mutex_};
    return forgotten_ + calls_.size();
}

void books::forget() {
    const std::lock_guard lock{mutex_};
    calls_.clear();
    forgotten_ = 0;
    queue_.clear();
}

bool books::wait_for(const std::function<bool(const std::vector<call>&)>& enough, milliseconds limit) const {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (true) {
        const auto seen = calls();
        if (enough(seen)) return true;
        if (std::chrono::steady_clock::now() >= until) return false;
        std::unique_lock lock{mutex_};
        changed_.wait_until(lock, std::min(until, std::chrono::steady_clock::now() + milliseconds{20}));
    }
}

}  // namespace weir::mock
