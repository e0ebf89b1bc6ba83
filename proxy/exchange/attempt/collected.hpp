// A stream for a client that asked for none (`collect: on`), put together. It counts its memory; when a stream is complete it is not asked.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "dialect/collect/collector.hpp"
#include "exchange/memory_share.hpp"
#include "http/content_decoder.hpp"
#include "net/buffer.hpp"

namespace weir::exchange {

class collected {
public:
    /// `largest`: document, in bytes. `coding`: that the stream came with.
    collected(dialect::endpoint asked, std::size_t largest, http::content_coding coding)
        : parts_(dialect::make_collector(asked, largest)), decoder_(http::content_decoder::of(coding)) {}

    /// Undoes the coding of what is in the window. False: it is broken, or an event is larger than `largest_event`; fault() says.
    [[nodiscard]] bool undo_coding(net::buffer& window, std::size_t largest_event);
    /// Events that were not taken yet, followed by 64 readable bytes.
    [[nodiscard]] std::string_view plain(const net::buffer& window) const { return decoder_ ? std::string_view{plain_} : window.view(); }
    /// So many bytes of them are done with.
    void drop(std::size_t bytes, net::buffer& window);

    [[nodiscard]] bool take(std::string_view event) { return parts_->take(event); }
    [[nodiscard]] bool write(std::string& document) { return parts_->write(document); }
    /// Why no document can be made of it; empty: it can.
    [[nodiscard]] std::string_view fault() const { return fault_.empty() ? std::string_view{parts_->why()} : fault_; }
    [[nodiscard]] bool too_large() const { return parts_->too_large(); }
    /// False: no more memory for it may be taken.
    [[nodiscard]] bool count_memory(const shared_memory& of);

private:
    std::unique_ptr<dialect::collector> parts_;
    memory_share memory_;
    std::unique_ptr<http::content_decoder> decoder_;
    std::string plain_;
    std::string_view fault_;
};

}  // namespace weir::exchange
