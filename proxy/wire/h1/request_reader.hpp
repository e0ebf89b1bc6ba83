// The requests that come on a client's connection: heads are found in what was read, bodies are taken out of their framing.
#pragma once

#include <cstdint>
#include <memory>

#include "http/chunk_scanner.hpp"
#include "wire/client_stream.hpp"
#include "wire/head_scratch.hpp"

namespace weir::wire::h1 {

class request_reader : public client_stream {
public:
    request_reader(net::reactor& loop, head_scratch& scratch) : client_stream(loop), scratch_(scratch) {}

    net::socket& socket() { return socket_; }
    /// For a read of a head. A body that is here already is read with it: room is made by what has come, not by what is announced.
    void make_room();
    /// Looks for a head in the input. `limit` bounds it.
    [[nodiscard]] http::parse_result parse(std::size_t limit, http::unsaid_length unsaid = http::unsaid_length::refused);

    [[nodiscard]] http::request_head& head() override;
    void head_moved() override { scratch_.owner = nullptr; }
    [[nodiscard]] bool readable() const override { return socket_.readable(); }
    [[nodiscard]] net::io_result read(char* to, std::size_t size) override { return socket_.read(to, size); }
    [[nodiscard]] net::io_result read_more(std::size_t most = ~std::size_t{0}) override;
    [[nodiscard]] body_piece next_piece(std::uint64_t largest) override;
    void note_request_size(std::uint64_t bytes) override { last_request_ = bytes <= read_at_once ? static_cast<std::uint32_t>(bytes) : 0; }
    void leave_input(std::size_t body) override;

protected:
    net::socket socket_;
    head_scratch& scratch_;

private:
    static constexpr std::uint32_t read_at_once = 128 * 1024;

    /// A body that comes in chunks.
    struct chunked_body {
        http::chunk_scanner scanner;
        std::size_t walked = 0;  ///< bytes of the input behind the head
    };

    std::unique_ptr<chunked_body> chunked_;
    std::uint32_t last_request_ = 0;  ///< bytes; 0: larger than read_at_once, or unknown
};

}  // namespace weir::wire::h1
