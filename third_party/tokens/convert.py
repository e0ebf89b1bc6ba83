#!/usr/bin/env python3
"""Turns OpenAI's .tiktoken rank files into the compact .ranks files kept here.

    python3 convert.py FOLDER_WITH_TIKTOKEN_FILES [OUTPUT_FOLDER]

A .tiktoken file holds one "base64(token) rank" per line, ranks counting up from 0. A .ranks file holds the same tokens
in the same order, each as one length byte followed by the token's bytes: less than half the size, and nothing to parse.
The output depends on the input alone; the input must have the SHA-256 that openai/tiktoken pins.
"""
import base64
import hashlib
import pathlib
import sys

PINNED_SHA256 = {
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}


def compact(name: str, text: bytes) -> bytes:
    found = hashlib.sha256(text).hexdigest()
    if found != PINNED_SHA256[name]:
        sys.exit(f"{name}: SHA-256 is {found}, not {PINNED_SHA256[name]}")
    out = bytearray()
    for expected_rank, line in enumerate(text.splitlines()):
        encoded, rank = line.split()
        token = base64.b64decode(encoded, validate=True)
        if int(rank) != expected_rank or not 1 <= len(token) <= 255:
            sys.exit(f"{name}: line {expected_rank + 1} is out of order or out of range")
        out.append(len(token))
        out += token
    return bytes(out)


def main() -> None:
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(sys.argv[2]) if len(sys.argv) == 3 else pathlib.Path(__file__).parent
    for name in PINNED_SHA256:
        ranks = compact(name, (source / f"{name}.tiktoken").read_bytes())
        (target / f"{name}.ranks").write_bytes(ranks)
        print(f"{name}.ranks: {len(ranks)} bytes, SHA-256 {hashlib.sha256(ranks).hexdigest()}")


if __name__ == "__main__":
    main()
