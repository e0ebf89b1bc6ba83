// What the mock provider keeps between calls: uploaded files, batches over them, stored and background responses, videos,
// batches of messages. In memory, until it ends. Batches are answered the first time that they are asked about; background
// responses and videos are in progress at the first look and done at the second. Private to mock/.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "mock/request_body.hpp"

namespace weir::mock {

class shelf {
public:
    /// The answer about something kept; none when the request's endpoint keeps nothing. `serial` makes ids unique.
    [[nodiscard]] std::optional<answer> answer_to(const asked& request, std::uint64_t serial);
    /// Keeps what POST /v1/responses answered, whole or as a stream, for GET, DELETE and cancel. A background response is
    /// answered by `said` as queued only.
    void remember(const asked& request, answer& said);

private:
    struct file {
        json::object about;
        std::string content;
    };

    answer files(const asked& request, std::string_view rest, std::uint64_t serial);
    answer upload(const asked& request, std::uint64_t serial);
    answer batches(const asked& request, std::string_view rest, std::uint64_t serial);
    answer open_batch(const asked& request, std::uint64_t serial);
    answer responses(const asked& request, std::string_view rest);
    answer videos(const asked& request, std::string_view rest, std::uint64_t serial);
    answer message_batches(const asked& request, std::string_view rest, std::uint64_t serial);
    void finish(json::object& batch);
    const file& keep_file(const std::string& id, std::string name, std::string purpose, std::string content);

    std::mutex mutex_;
    std::map<std::string, file> files_;
    std::map<std::string, json::object> batches_;
    struct job {
        json::object now, done;
        int looks = 0;
        [[nodiscard]] const json::object& look();
    };
    std::map<std::string, job> responses_;
    std::map<std::string, job> videos_;
    struct message_batch {
        json::object about;
        std::string results;
    };
    std::map<std::string, message_batch> message_batches_;
};

}  // namespace weir::mock
