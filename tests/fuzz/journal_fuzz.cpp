// A journal file of any content: reading it never crashes, never hangs, and hands out only rows that encode again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "ledger/journal_format.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weir::ledger;
    std::string file(reinterpret_cast<const char*>(data), size);
    const auto check = [](const row& r) {
        static char bytes[largest_encoded_row];
        row again;
        if (r.seq == 0 || !decode({bytes, encode(r, bytes, sizeof bytes)}, again)) std::abort();
    };
    scan(file, check, check);
    // The same bytes as the content of whole blocks.
    for (const block_kind kind : {block_kind::settled, block_kind::open}) {
        std::string block(block_header_size, '\0');
        block += file.substr(0, block_size - block_header_size);
        write_block_header(block.data(), kind);
        scan(block, check, check);
    }
    row r;
    if (decode(file, r)) check((r.seq = 1, r));
    return 0;
}
