#include "net/resolver.hpp"

#include <netdb.h>

#include <cstring>

namespace weir::net {
namespace {

// Each gets its share of the time to connect: with more of them no share would do.
constexpr std::size_t most_addresses = 32;

resolved_name::list look_up(const std::string& host, const std::string& port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    resolved_name::list list;
    if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return list;
    for (const auto* at = found; at && list.size() < most_addresses; at = at->ai_next) {
        if (at->ai_addrlen > sizeof(sockaddr_storage)) continue;
        address a;
        std::memcpy(&a.storage, at->ai_addr, at->ai_addrlen);
        a.size = at->ai_addrlen;
        list.push_back(a);
    }
    freeaddrinfo(found);
    return list;
}

}  // namespace

void resolved_name::publish(list found) {
    failed_.store(found.empty(), std::memory_order_relaxed);
    if (found.empty()) return;
    std::atomic_store(&list_, std::make_shared<const list>(std::move(found)));
}

resolver::resolver(settings s) : settings_(s) {
    for (int i = 0; i < settings_.threads; ++i) threads_.emplace_back([this] { run(); });
}

resolver::~resolver() {
    {
        const std::scoped_lock lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    for (auto& t : threads_) t.join();
}

std::shared_ptr<resolved_name> resolver::watch(const std::string& host, const std::string& port) {
    const std::scoped_lock lock(mutex_);
    const auto key = host + "|" + port;
    if (auto known = names_[key].lock()) return known;
    auto name = std::make_shared<resolved_name>();
    name->host_ = host;
    name->port_ = port;
    if (auto a = literal(host, static_cast<std::uint16_t>(std::stoi(port)))) {
        name->publish({*a});
        return name;
    }
    names_[key] = name;
    changed_.notify_all();
    return name;
}

void resolver::run() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
        const auto now = core::clock::now();
        std::shared_ptr<resolved_name> next;
        // Names that somebody wants to be looked at again are found by looking, so that asking takes no lock.
        auto wake = now + (names_.empty() ? std::chrono::milliseconds{std::chrono::hours{1}} : settings_.retry);
        for (auto it = names_.begin(); it != names_.end();) {
            auto name = it->second.lock();
            if (!name) {
                it = names_.erase(it);
                continue;
            }
            ++it;
            if (name->busy_) continue;
            if (name->wanted_.exchange(false, std::memory_order_relaxed)) name->due_ = now;
            if (name->due_ <= now)
                next = name;
            else
                wake = std::min(wake, name->due_);
        }
        if (!next) {
            changed_.wait_until(lock, wake);
            continue;
        }
        next->busy_ = true;
        lock.unlock();
        auto found = look_up(next->host_, next->port_);
        const bool ok = !found.empty();
        next->publish(std::move(found));
        lock.lock();
        next->busy_ = false;
        next->due_ = core::clock::now() + (ok ? settings_.refresh : settings_.retry);
    }
}

}  // namespace weir::net
