#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-29 with tokenizers 0.23.3 (PyPI, the latest).
#
# The parts of one tokenizer go by different versions of Unicode. Punctuation and BertPreTokenizer know the punctuation of Unicode 8 (2015), StripAccents and
# BertNormalizer the marks of that time or little later: U+2E43, a dash of 2016, stays within its word, and U+0898, a mark of 2021, on its letter. Split and
# Replace by \p{P} and \p{Mn}, and so ByteLevel's \p{L}, go by a table of 2024 or later. So a pre-tokenizer that is written as a regular expression, for
# speed or for another runtime, gives other tokens than the named one of which it says the same, and who rebuilds one (from ICU, Python's unicodedata or
# Rust's char) needs both tables.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check tokenizers==0.23.3
cat >see.py <<'P'
import tokenizers
from tokenizers import Regex, normalizers, pre_tokenizers

print("tokenizers", tokenizers.__version__)
by_name, by_expression = pre_tokenizers.Punctuation(), pre_tokenizers.Split(Regex(r"\p{P}"), "isolated")
strip, replace = normalizers.StripAccents(), normalizers.Replace(Regex(r"\p{Mn}"), "")
seen = []
for character in "\u2e2e", "\u2e43":  # of Unicode 6.1 and 9
    pieces = [[piece for piece, _ in splitter.pre_tokenize_str(f"a{character}b")] for splitter in (by_name, by_expression)]
    print(f"U+{ord(character):04X}: Punctuation {ascii(pieces[0])}, Split by \\p{{P}} {ascii(pieces[1])}")
    seen.append(pieces[0] == pieces[1])
for character in "\u0301", "\u0898":  # of Unicode 1.1 and 14
    texts = [normalizer.normalize_str(f"a{character}b") for normalizer in (strip, replace)]
    print(f"U+{ord(character):04X}: StripAccents {ascii(texts[0])}, Replace of \\p{{Mn}} {ascii(texts[1])}")
    seen.append(texts[0] == texts[1])
letter = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str("a\u1c89")  # a letter of Unicode 16
print(f"U+1C89: ByteLevel takes it for a letter: {len(letter) == 1}")
if seen != [True, False, True, False] or len(letter) != 1:
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
