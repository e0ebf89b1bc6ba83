// What the mock provider keeps between calls: uploaded files, batches over them, stored responses. In memory, until it
// ends. Batches are answered the first time that they are asked about. Private to mock/.
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
    /// Keeps what POST /v1/responses answered, whole or as a stream, for GET, DELETE and cancel.
    void remember(const asked& request, const answer& said);

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
    void finish(json::object& batch);
    const file& keep_file(const std::string& id, std::string name, std::string purpose, std::string content);

    std::mutex mutex_;
    std::map<std::string, file> files_;
    std::map<std::string, json::object> batches_;
    std::map<std::string, json::object> responses_;
};

}  // namespace weir::mock
