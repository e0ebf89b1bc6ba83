#!/usr/bin/env python3
"""Compares weir's token counts with the reference, tiktoken, over many made-up documents.

    pip install tiktoken==0.14.0
    python3 differential.py COUNT_LINES --documents 1000000       random documents, each also in random slices
    python3 differential.py COUNT_LINES --code-points             every code point, in the places where its class matters
    python3 differential.py COUNT_LINES --sample OUT              writes the regression sample of count_test.cpp

COUNT_LINES is the program made from count_lines.cpp. The reference is built by hand (pattern and ranks), so nothing is
downloaded; broken UTF-8 is given to it as Python decodes it with errors="replace". Exit code 1 and the document on the
first difference. The same seed makes the same documents.
"""
import argparse
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

import tiktoken

RANKS = pathlib.Path(__file__).parents[2] / "third_party" / "tokens"
PATTERNS = {
    "cl100k_base": r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s""",
    "o200k_base": "|".join([
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""\p{N}{1,3}""",
        r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
        r"""\s*[\r\n]+""",
        r"""\s+(?!\S)""",
        r"""\s+""",
    ]),
}


def tokens_of(name: str) -> list:
    data = (RANKS / f"{name}.ranks").read_bytes()
    tokens, at = [], 0
    while at < len(data):
        tokens.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return tokens


def reference(name: str) -> tiktoken.Encoding:
    ranks = {token: rank for rank, token in enumerate(tokens_of(name))}
    return tiktoken.Encoding(name, pat_str=PATTERNS[name], mergeable_ranks=ranks, special_tokens={})


ENGLISH = ("the of and to in is you that it he was for on are as with his they at be this have from or one had by word "
           "but not what all were we when your can said there use an each which she do how their if will up other "
           "about out many then them these so some her would make like him into time has look two more write see "
           "tokenisation gateway streaming unbelievable antidisestablishmentarianism HTTP JSON McDonald iPhone").split()
CODE = ["if (", ") {\n", "}\n", "return ", "    ", "\t", "\t\t", "std::", "->", "=>", "!=", "==", "();\n", "//", "/*", "*/",
        "0x1F", "\"key\": ", "[]", "{}", "<div>", "</div>", "&amp;", "#include <", "def f(self):\n", "λ", "\\n", "'''",
        "<|endoftext|>", "<|start|>", "https://example.org/a/b?c=d&e=f%20g", "snake_case", "camelCase", "SHOUT_CASE"]
CONTRACTIONS = ["'s", "'S", "'t", "'T", "'re", "'RE", "'Re", "'ve", "'m", "'ll", "'LL", "'lL", "'d", "'\u017f", "\u2019s",
                "'", "''", "'r", "'l", "'v", "'rE", "'x", "'ss", "'st", "'\u212a"]
SPACES = [" ", "  ", "   ", "\n", "\r\n", "\n\n", "\t", "\r", "\u00a0", "\u3000", "\u2003", "\u0085", "\u2028", "\x0b", "\x0c",
          " \n ", "\n \n", "  \n", "\n  ", "\u200b", "\ufeff"]
MARKS = ["\u0301", "\u0308", "\u093e", "\u094d", "\u0651", "\ufe0f", "\u20e3", "\u0e31", "\U000e0101"]
EMOJI = ["😀", "👍🏽", "👨‍👩‍👧‍👦", "🇩🇪", "❤️", "1️⃣", "🏴\U000e0067\U000e0062\U000e007f", "✅", "→", "—", "…", "“", "”", "€", "½", "Ⅷ", "٣", "೧"]
SCRIPTS = [(0x41, 0x5B), (0x61, 0x7B), (0xC0, 0x250), (0x250, 0x300), (0x370, 0x400), (0x400, 0x530), (0x531, 0x590),
           (0x5D0, 0x5EB), (0x620, 0x660), (0x900, 0x980), (0x980, 0xA00), (0xB80, 0xC00), (0xE00, 0xE60),
           (0x10A0, 0x1100), (0x1100, 0x1200), (0x1200, 0x1380), (0x13A0, 0x1400), (0x1780, 0x1800), (0x1E00, 0x1F00),
           (0x1F00, 0x2000), (0x3041, 0x3097), (0x30A0, 0x3100), (0x4E00, 0x5200), (0x7000, 0x7400), (0xAC00, 0xB000),
           (0x1C80, 0x1CC0), (0x2C00, 0x2E00), (0xA640, 0xA800), (0x10400, 0x10480), (0x1D400, 0x1D800), (0x20000, 0x20400)]
CASED = ["A", "B", "É", "Ж", "ǅ", "a", "é", "ж", "ß", "ʰ", "あ", "中", "ª", "\u0301", "ˮ", "ا"]


class maker:
    def __init__(self, seed: int, token_texts: list):
        self.random = random.Random(seed)
        self.token_texts = token_texts
        self.parts = [self.words, self.words, self.code, self.digits, self.contraction, self.spaces, self.marks, self.emoji,
                      self.script, self.script, self.cased, self.any_character, self.tokens, self.tokens, self.repeat]

    def pick(self, of, most: int, between: str = "") -> str:
        return between.join(self.random.choice(of) for _ in range(self.random.randint(1, most)))

    def words(self) -> str:
        text = self.pick(ENGLISH, 8, " ")
        return self.random.choice([text, text + ". ", text.title(), text.upper(), " " + text, text + "\n"])

    def code(self) -> str: return self.pick(CODE, 6)
    def digits(self) -> str: return self.pick("0123456789", 9)
    def contraction(self) -> str: return self.random.choice(ENGLISH) + self.pick(CONTRACTIONS, 2)
    def spaces(self) -> str: return self.pick(SPACES, 5)
    def marks(self) -> str: return self.pick(MARKS + ["a", "E", "中", "!"], 5)
    def emoji(self) -> str: return self.pick(EMOJI, 4)
    def cased(self) -> str: return self.pick(CASED, 24)
    def tokens(self) -> str: return self.pick(self.token_texts, 4)

    def script(self) -> str:
        low, high = self.random.choice(SCRIPTS)
        return "".join(chr(self.random.randrange(low, high)) for _ in range(self.random.randint(1, 12)))

    def any_character(self) -> str:
        code_point = self.random.randrange(0x110000)
        return "\ufffd" if 0xD800 <= code_point < 0xE000 else chr(code_point)

    def repeat(self) -> str:
        unit = self.random.choice([self.cased()[:2], self.random.choice(SPACES), self.random.choice("!/=-_.*#'a中"),
                                   self.random.choice(self.token_texts)])
        return unit * self.random.choice([2, 3, 7, 16, 40, 130, 300])

    def document(self) -> bytes:
        most = self.random.choice([1, 2, 3, 3, 4, 6, 6, 12])
        data = "".join(self.random.choice(self.parts)() for _ in range(self.random.randint(1, most))).encode()
        if self.random.random() < 0.1:
            data = self.damage(data)
        return data

    def damage(self, data: bytes) -> bytes:
        broken = bytearray(data)
        for _ in range(self.random.randint(1, 4)):
            at = self.random.randint(0, len(broken))
            kind = self.random.randrange(4)
            if kind == 0:
                broken[at:at] = bytes([self.random.randrange(256)])
            elif kind == 1:
                broken[at:at] = self.random.choice([b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82",
                                                    b"\xf0\x9f\x98", b"\xff", b"\x80", b"\xf0\x80\x80", b"\xe0\x80"])
            elif kind == 2:
                del broken[at : at + 1]
            else:
                del broken[at:]
        return bytes(broken)


def code_point_documents():
    for code_point in range(0x110000):
        if not 0xD800 <= code_point < 0xE000:
            c = chr(code_point)
            yield f"A{c}b {c}{c}1{c}\n{c}'s{c} A{c}AA{c}! {c} !{c}/ \t{c}'{c}".encode()


def ours(program: str, name: str, documents: list, slices: int) -> list:
    with tempfile.TemporaryFile() as file:
        for document in documents:
            file.write(struct.pack("<I", len(document)) + document)
        file.seek(0)
        done = subprocess.run([program, name, str(slices)], stdin=file, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"{name}: {program} ended with {done.returncode}: {done.stderr!r}")
    return [int(line) for line in done.stdout.split()]


def compare(program: str, encodings: dict, documents: list, slices: int) -> int:
    texts = [document.decode("utf-8", "replace") for document in documents]
    tokens = 0
    for name, encoding in encodings.items():
        counts = ours(program, name, documents, slices)
        expected = [len(encoding.encode_ordinary(text)) for text in texts]
        if len(counts) != len(expected):
            sys.exit(f"{name}: {len(counts)} counts for {len(expected)} documents")
        for document, count, wanted in zip(documents, counts, expected):
            if count != wanted:
                sys.exit(f"{name}: {count}, the reference says {wanted}, for {document!r}")
        tokens += sum(expected)
    return tokens


def write_sample(path: str, encodings: dict, make: maker) -> None:
    """Records of: length, cl100k count, o200k count (32-bit little-endian each), then the bytes."""
    with open(path, "wb") as out:
        while out.tell() < 200_000:
            document = make.document()
            text = document.decode("utf-8", "replace")
            counts = [len(encoding.encode_ordinary(text)) for encoding in encodings.values()]
            out.write(struct.pack("<III", len(document), *counts) + document)


def batches(documents, size: int):
    batch = []
    for document in documents:
        batch.append(document)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def main() -> None:
    parse = argparse.ArgumentParser()
    parse.add_argument("program")
    parse.add_argument("--documents", type=int, default=0)
    parse.add_argument("--seed", type=int, default=1)
    parse.add_argument("--slices", type=int, default=12, help="feed the streams in pieces of up to so many bytes")
    parse.add_argument("--code-points", action="store_true")
    parse.add_argument("--sample")
    options = parse.parse_args()

    encodings = {name: reference(name) for name in PATTERNS}
    texts = [token.decode("utf-8", "ignore") for name in PATTERNS for token in tokens_of(name)]
    make = maker(options.seed, [text for text in texts if text])
    if options.sample:
        write_sample(options.sample, encodings, make)
    documents = code_point_documents() if options.code_points else (make.document() for _ in range(options.documents))
    seen = size = tokens = 0
    for batch in batches(documents, 20_000):
        tokens += compare(options.program, encodings, batch, options.slices)
        seen += len(batch)
        size += sum(map(len, batch))
        print(f"{seen} documents, {size} bytes, {tokens} tokens: equal", flush=True)


if __name__ == "__main__":
    main()
