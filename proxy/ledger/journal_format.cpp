#include "ledger/journal_format.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>

namespace weir::ledger {
namespace {

constexpr std::uint32_t frame_magic = 0x33696577;                 // "wei3"
constexpr std::uint64_t format_magic = 0x0300'6c6e'726a'7277ULL;  // with the format's version in its top byte

struct block_header {
    std::uint64_t magic;
    std::uint32_t kind;
    std::uint32_t moved;  // frames before this offset are in the database; no part of the sum, since it changes
    std::uint64_t sum;
};
static_assert(offsetof(block_header, moved) == 12);
static_assert(sizeof(block_header) <= block_header_size);

struct image_header {
    std::uint64_t version;
    std::uint64_t sum;
    std::uint32_t size;
    std::uint32_t reserved;
};
constexpr std::size_t image_capacity = image_size - sizeof(image_header);
static_assert(image_capacity >= smallest_capacity && image_size % 8 == 0);

template <class T>
T load(const char* from) {
    T value;
    std::memcpy(&value, from, sizeof value);
    return value;
}

std::uint64_t sum_of(const block_header& h) { return checksum("weir", h.magic ^ h.kind); }

std::uint64_t image_seed(std::uint64_t seq, std::uint64_t version) { return seq ^ version * 0x9e37'79b9'7f4a'7c15ULL; }

char* image_at(char* slot, std::size_t which) { return slot + 16 + which * image_size; }

void write_image(char* slot, std::uint64_t version, const row& what) {
    char* const at = image_at(slot, version % 2);
    image_header h{version, 0, 0, 0};
    h.size = static_cast<std::uint32_t>(encode(what, at + sizeof h, image_capacity));
    h.sum = checksum({at + sizeof h, h.size}, image_seed(what.seq, version));
    std::memcpy(at, &h, sizeof h);
}

// The version of the newest valid image and its row; 0: none.
std::uint64_t newest_image(std::string_view slot, row& out) {
    const auto seq = load<std::uint64_t>(slot.data());
    std::uint64_t newest = 0;
    for (std::size_t which = 0; which < 2; ++which) {
        const std::string_view image = slot.substr(16 + which * image_size, image_size);
        const auto h = load<image_header>(image.data());
        if (h.version <= newest || h.size > image_capacity || h.version % 2 != which) continue;
        const std::string_view payload = image.substr(sizeof h, h.size);
        row candidate;
        if (checksum(payload, image_seed(seq, h.version)) != h.sum || !decode(payload, candidate)) continue;
        candidate.seq = seq;
        out = candidate;
        newest = h.version;
    }
    return newest;
}

// Everything before these bytes is written before they are, as any later reader of the mapping sees it: kill -9 takes
// away the process, never stores that were made.
void publish_word(char* at, std::uint32_t value) {
    std::atomic_ref<std::uint32_t>(*reinterpret_cast<std::uint32_t*>(at)).store(value, std::memory_order_release);
}
void publish_word(char* at, std::uint64_t value) {
    std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(at)).store(value, std::memory_order_release);
}

// One past the last byte that is not zero.
std::size_t content_end(std::string_view bytes) {
    std::size_t end = bytes.size();
    while (end > 0 && bytes[end - 1] == 0) --end;
    return end;
}

// What write_frame() leaves when the process dies before its last store; the word as read_frame() would read it.
bool is_unsized_frame(std::uint64_t word) {
    std::uint32_t halves[2];
    std::memcpy(halves, &word, sizeof word);
    return halves[0] == 0 && halves[1] == frame_magic;
}

void scan_frames(std::string_view block, scan_result& found, const std::function<void(const row&)>& settled,
                 const std::function<void(const row&)>& moved) {
    const auto mark = moved ? load<block_header>(block.data()).moved : 0;
    const std::size_t end = content_end(block);
    // A zero word where a frame would start is the end of what was written. What stands behind it is the rest of a block
    // that was being zeroed: harmless repetitions, and no damage. Nor is a frame damage whose size was not written when the process was killed, as
    // long as it is the last: its request is in its slot still.
    bool complain = true, unfinished = false;
    for (std::size_t at = block_header_size; at < end;) {
        row r;
        if (const std::size_t size = read_frame(block.substr(at), r); size > 0) {
            ++found.settled;
            if (at < mark)
                moved(r);
            else
                settled(r);
            found.damaged += unfinished;
            unfinished = false;
            complain = true;
            at += size;
            continue;
        }
        const auto word = at + 8 <= block.size() ? load<std::uint64_t>(block.data() + at) : ~std::uint64_t{0};
        if (complain && is_unsized_frame(word))
            unfinished = true;
        else if (complain && word != 0)
            ++found.damaged;
        complain = false;
        at += 8;  // after damage the next whole frame starts at some multiple of 8
    }
}

void scan_slots(std::string_view block, scan_result& found, const std::function<void(const row&)>& open) {
    for (std::size_t at = first_slot; at + slot_size <= block.size(); at += slot_size) {
        const std::string_view slot = block.substr(at, slot_size);
        row r;
        if (load<std::uint64_t>(slot.data()) == 0) continue;
        if (!read_slot(slot, r)) {
            ++found.damaged;
            continue;
        }
        ++found.open;
        open(r);
    }
}

}  // namespace

void write_block_header(char* block, block_kind kind) {
    block_header h{format_magic, static_cast<std::uint32_t>(kind), 0, 0};
    h.sum = sum_of(h);
    std::memcpy(block, &h, sizeof h);
}

void mark_moved(char* block, std::uint32_t offset) { publish_word(block + offsetof(block_header, moved), offset); }

block_kind read_block_header(std::string_view block) {
    if (block.size() < sizeof(block_header)) return block_kind::unknown;
    const auto h = load<block_header>(block.data());
    if (h.magic != format_magic || h.sum != sum_of(h)) return block_kind::unknown;
    const auto kind = static_cast<block_kind>(h.kind);
    return kind == block_kind::settled || kind == block_kind::open ? kind : block_kind::unknown;
}

std::size_t write_frame(char* out, const row& what) {
    frame_header h{0, frame_magic, what.seq, 0};
    const std::size_t size = encode(what, out + sizeof h, largest_encoded_row);
    h.sum = checksum({out + sizeof h, size}, what.seq);
    std::memcpy(out + 4, reinterpret_cast<const char*>(&h) + 4, sizeof h - 4);
    publish_word(out, static_cast<std::uint32_t>(size));
    return sizeof h + (size + 7) / 8 * 8;
}

std::size_t read_frame(std::string_view bytes, row& out) {
    if (bytes.size() < sizeof(frame_header)) return 0;
    const auto h = load<frame_header>(bytes.data());
    if (h.magic != frame_magic || h.size == 0 || h.size > largest_encoded_row || h.seq == 0) return 0;
    if (h.size > bytes.size() - sizeof h) return 0;
    const std::string_view payload = bytes.substr(sizeof h, h.size);
    if (checksum(payload, h.seq) != h.sum || !decode(payload, out)) return 0;
    out.seq = h.seq;
    return sizeof h + (h.size + 7) / 8 * 8;
}

void write_slot(char* slot, const row& what) {
    std::memset(image_at(slot, 0), 0, sizeof(image_header));
    write_image(slot, 1, what);
    publish_word(slot, what.seq);
}

bool update_slot(char* slot, const std::function<void(row&)>& change) {
    row r;
    const std::uint64_t version = newest_image({slot, slot_size}, r);
    if (version == 0) return false;
    change(r);
    write_image(slot, version + 1, r);
    return true;
}

void free_slot(char* slot) { publish_word(slot, std::uint64_t{0}); }

bool read_slot(std::string_view slot, row& out) {
    return slot.size() >= slot_size && load<std::uint64_t>(slot.data()) != 0 && newest_image(slot, out) != 0;
}

scan_result scan(std::string_view file, const std::function<void(const row&)>& settled, const std::function<void(const row&)>& open,
                 const std::function<void(const row&)>& moved) {
    scan_result found;
    for (std::size_t at = 0; at < file.size(); at += block_size) {
        const std::string_view block = file.substr(at, block_size);
        const block_kind kind = read_block_header(block);
        // Nothing was ever written there, except perhaps half of the header.
        if (kind == block_kind::unknown && content_end(block) <= block_header_size) continue;
        if (kind == block_kind::settled) scan_frames(block, found, settled, moved);
        if (kind == block_kind::open) scan_slots(block, found, open);
        if (kind != block_kind::unknown) continue;
        // The header is lost; the checksums of what it held are not.
        ++found.damaged;
        scan_result salvaged;
        scan_frames(block, salvaged, settled, {});
        if (salvaged.settled == 0) scan_slots(block, salvaged, open);
        found.settled += salvaged.settled;
        found.open += salvaged.open;
    }
    return found;
}

}  // namespace weir::ledger
