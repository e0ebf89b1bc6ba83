#!/usr/bin/env python3
"""Writes char_class_table.cpp, the two-stage table behind char_class.hpp.

    pip install unicodedata2==16.0.0 && python3 char_class_table.py > ../char_class_table.cpp

Unicode 16.0.0, the version of the regular expressions inside the reference tokenizer (tiktoken 0.14.0): a code point
that a later version assigns must be split here as it is split there. The differential test compares every code point.
"""
import sys

import unicodedata2

# In the order of the one-hot bits in char_class.hpp.
UPPER, LOWER, LETTER, MARK, NUMBER, SPACE, NEWLINE, OTHER = range(8)
BLOCK = 128
TABLED = 0x40000
SPACES = {*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}


def class_of(code_point: int) -> int:
    if code_point in (0x0A, 0x0D):
        return NEWLINE
    if code_point in SPACES:
        return SPACE
    category = unicodedata2.category(chr(code_point))
    if category in ("Lu", "Lt"):
        return UPPER
    if category == "Ll":
        return LOWER
    return {"L": LETTER, "M": MARK, "N": NUMBER}.get(category[0], OTHER)


def rows(values: list, per_row: int) -> str:
    lines = [", ".join(values[i : i + per_row]) for i in range(0, len(values), per_row)]
    return ",\n".join("    " + line for line in lines)


def main() -> None:
    if unicodedata2.unidata_version != "16.0.0":
        sys.exit(f"needs Unicode 16.0.0, not {unicodedata2.unidata_version}")
    for code_point in range(TABLED, 0x110000):  # what char_class.hpp says in code instead of in the table
        expected = MARK if 0xE0100 <= code_point <= 0xE01EF else OTHER
        assert class_of(code_point) == expected, hex(code_point)
    blocks: dict = {}
    index = []
    for start in range(0, TABLED, BLOCK):
        block = tuple(class_of(code_point) for code_point in range(start, start + BLOCK))
        index.append(str(blocks.setdefault(block, len(blocks))))
    assert len(blocks) <= 256
    words = []
    for block in blocks:
        for at in range(0, BLOCK, 16):
            words.append("0x%016x" % sum(value << (4 * i) for i, value in enumerate(block[at : at + 16])))
    ascii_bits = ["0x%02x" % (1 << class_of(code_point)) for code_point in range(128)]
    print(f"""// Classes of the code points below U+40000 of Unicode {unicodedata2.unidata_version}, as char_class.hpp reads them.
// Written by embed/char_class_table.py: change that, not this.
#include "token/char_class.hpp"

namespace weir::token::detail {{

// clang-format off
const std::uint8_t ascii_classes[128] = {{
{rows(ascii_bits, 16)}}};

const std::uint8_t class_block_of[{len(index)}] = {{
{rows(index, 20)}}};

// Sixteen code points to a word, four bits each, the first in the lowest bits.
const std::uint64_t class_blocks[{len(blocks)} * {BLOCK // 16}] = {{
{rows(words, 5)}}};
// clang-format on

}}  // namespace weir::token::detail""")


if __name__ == "__main__":
    main()
