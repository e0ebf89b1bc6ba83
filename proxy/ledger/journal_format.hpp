// How a journal file lies on disk, and how one is read whatever state it is in.
//
//   file   = blocks of 256 KiB, each of one kind
//   settled block: header, then frames one after another, zeros to the end; filled once, zeroed when all of it is in the database
//   open block:    header, then slots of 592 bytes, one per request in flight: two images written in turn, the newer valid one counts
//
// Words are in host order: a journal is read by the machine that wrote it. It does no I/O (journal.hpp does).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "ledger/row.hpp"

namespace weir::ledger {

inline constexpr std::size_t block_size = 256 * 1024;
inline constexpr std::size_t block_header_size = 64;
inline constexpr std::size_t slot_size = 592;  // of every open stream: two images, in which a usual row fits uncut
inline constexpr std::size_t image_size = (slot_size - 16) / 2;
inline constexpr std::size_t first_slot = slot_size;  ///< offset in its block: slots are aligned
inline constexpr std::size_t slots_per_block = block_size / slot_size - 1;

enum class block_kind : std::uint32_t { unknown = 0, settled = 0x6c747465, open = 0x6e65706f };

void write_block_header(char* block, block_kind kind);
/// `unknown` unless the header is whole.
[[nodiscard]] block_kind read_block_header(std::string_view block);

/// Remembers in a settled block that its frames before `offset` are in the database.
void mark_moved(char* block, std::uint32_t offset);

/// A frame around one settled row; a multiple of 8 bytes.
struct frame_header {
    std::uint32_t size;  ///< of the payload; written last, so that a frame is there wholly or not at all
    std::uint32_t magic;
    std::uint64_t seq;
    std::uint64_t sum;
};
inline constexpr std::size_t largest_frame = sizeof(frame_header) + largest_encoded_row;

/// Writes a frame at `out`, which is zeroed and has `largest_frame` bytes; returns the bytes taken.
[[nodiscard]] std::size_t write_frame(char* out, const row& what);

/// The frame at the start of `bytes`: its whole length and `out` (views into `bytes`), or 0 when none is there or it is damaged.
[[nodiscard]] std::size_t read_frame(std::string_view bytes, row& out);

/// A slot: `seq`, then two images. `version` tells the newer one.
void write_slot(char* slot, const row& what);  ///< takes a free slot (seq 0) into use
/// Writes `change(the newest row)` as the next image. False when no image is valid.
bool update_slot(char* slot, const std::function<void(row&)>& change);
void free_slot(char* slot);
[[nodiscard]] bool read_slot(std::string_view slot, row& out);  ///< false: free or damaged

struct scan_result {
    std::size_t settled = 0;
    std::size_t open = 0;
    std::size_t damaged = 0;  ///< places with content that could not be read
};

/// Reads a whole journal file, also truncated or damaged: all frames whose checksum holds, all open slots.
/// `seq` may come twice (settled, and still in its slot): settled ones are handed out first for each block only, so the
/// receiver ignores an open row whose `seq` is settled.
/// `moved`: gets the settled rows that mark_moved() was called for, instead of `settled`.
scan_result scan(std::string_view file, const std::function<void(const row&)>& settled, const std::function<void(const row&)>& open,
                 const std::function<void(const row&)>& moved = {});

}  // namespace weir::ledger
