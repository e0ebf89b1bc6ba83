// A sound journal that was cut somewhere and had bits flipped: nothing that was not written is ever handed out, nothing settled
// comes twice, and what stands before the first damage is all there.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "ledger/journal_format.hpp"

using namespace weir::ledger;

namespace {

constexpr std::size_t settled_rows = 24, open_rows = 12;
constexpr sequence first_open = 1000;

row made_row(sequence seq) {
    static const std::string names(longest_string, 'n');
    row r;
    r.seq = seq;
    r.time_ms = static_cast<std::int64_t>(1'700'000'000'000 + seq);
    // Long enough now and then that a slot's image must be cut.
    r.request_id = std::string_view{names}.substr(0, 1 + seq * 37 % longest_string);
    r.key = "team";
    r.model = "gpt-4o";
    r.status = 200;
    r.usage.output = static_cast<std::int64_t>(seq * 3);
    r.cost = static_cast<std::int64_t>(seq * 1000);
    return r;
}

bool same(const row& a, const row& b) {
    return a.seq == b.seq && a.time_ms == b.time_ms && b.request_id.starts_with(a.request_id) && a.key == b.key && a.model == b.model &&
           a.status == b.status && a.usage == b.usage;
}

struct sound_journal {
    std::string bytes;
    std::vector<std::size_t> frame_end;  // of each settled row
};

// A block of settled rows, one of open ones of which each has been updated up to twice, or both.
enum class kind { settled, open, both };

sound_journal make_journal(kind of) {
    sound_journal made;
    made.bytes.assign(2 * block_size, '\0');
    write_block_header(made.bytes.data(), block_kind::settled);
    std::size_t at = block_header_size;
    for (sequence seq = 1; seq <= settled_rows; ++seq) {
        at += write_frame(made.bytes.data() + at, made_row(seq));
        made.frame_end.push_back(at);
    }
    char* const open = made.bytes.data() + block_size;
    write_block_header(open, block_kind::open);
    for (std::size_t i = 0; i < open_rows; ++i) {
        char* const slot = open + first_slot + i * slot_size;
        write_slot(slot, made_row(first_open + i));
        for (std::size_t turn = 0; turn < i % 3; ++turn) (void)update_slot(slot, [](row& r) { r.cost += 7; });
    }
    // Alone and without the zeros behind its content a block is read a hundred times faster, and is a journal that was cut there.
    if (of == kind::settled) made.bytes.resize(at + 512);
    if (of == kind::open) {
        made.bytes = made.bytes.substr(block_size, first_slot + (open_rows + 1) * slot_size);
        made.frame_end.clear();
    }
    return made;
}

const sound_journal& journal_for(std::uint8_t choice) {
    static const sound_journal settled = make_journal(kind::settled), open = make_journal(kind::open), both = make_journal(kind::both);
    return choice % 32 == 31 ? both : choice % 2 == 0 ? settled : open;
}

}  // namespace

// A byte that chooses the journal, three for where to cut it (none: FF FF FF), then three for each flipped bit: its byte, in 21 bits, and which.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 4) return 0;
    const auto& sound = journal_for(data[0]);
    const auto number = [&](std::size_t at) { return std::size_t{data[at]} | std::size_t{data[at + 1]} << 8 | std::size_t{data[at + 2]} << 16; };
    std::string file = sound.bytes;
    if (const auto cut = number(1); cut < file.size()) file.resize(cut);
    std::size_t first_damage = file.size();
    for (std::size_t at = 4; at + 3 <= size && !file.empty(); at += 3) {
        const auto where = (number(at) >> 3) % file.size();
        file[where] = static_cast<char>(file[where] ^ (1 << (number(at) & 7)));
        first_damage = std::min(first_damage, where);
    }

    std::set<sequence> settled;
    const auto seen_settled = [&](const row& r) {
        if (r.seq == 0 || r.seq > settled_rows || !same(r, made_row(r.seq)) || r.cost != made_row(r.seq).cost) std::abort();
        if (!settled.insert(r.seq).second) std::abort();
    };
    const auto seen_open = [](const row& r) {
        // Of an open request an older state may be all that is left.
        if (r.seq < first_open || r.seq >= first_open + open_rows || !same(r, made_row(r.seq))) std::abort();
        const auto more = r.cost - made_row(r.seq).cost;
        if (more != 0 && more != 7 && more != 14) std::abort();
    };
    const auto found = scan(file, seen_settled, seen_open);
    if (found.settled != settled.size()) std::abort();
    for (sequence seq = 1; seq <= sound.frame_end.size(); ++seq)
        if (sound.frame_end[seq - 1] <= first_damage && !settled.contains(seq)) std::abort();
    return 0;
}
