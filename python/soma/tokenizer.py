# SPDX-License-Identifier: MIT
"""Pieces of words as tokens: vocabularies that are learnt of a text, or those of others (docs/sequences.md)."""
from __future__ import annotations

import os
from collections.abc import Iterable

from . import _soma


class Tokenizer:
    """A tokenizer.json, of the kind BPE or WordPiece, as PyPI's `tokenizers` and Hugging Face's models have it.

    Tokenizer("tokenizer.json").encode("It was") gives the numbers that `tokenizers` gives, without special tokens around the text. It does not
    change, and may be used by several threads at once.
    """

    _tokenizer: _soma.Tokenizer

    def __init__(self, path: str | os.PathLike[str]):
        self._tokenizer = _soma.Tokenizer.load(path)

    @classmethod
    def learn(cls, path: str | os.PathLike[str], vocab_size: int = 4096, min_frequency: int = 2) -> Tokenizer:
        """Learns a vocabulary of a text file by byte-pair encoding over bytes: vocab_size tokens at most, the 256 bytes among them; a pair becomes one
        where it stands in the text at least min_frequency times. The same text gives the same vocabulary."""
        if vocab_size < 256 or min_frequency < 1:
            raise ValueError(f"vocab_size is {vocab_size}, min_frequency {min_frequency}; 256 and 1 are the least")
        made = cls.__new__(cls)
        made._tokenizer = _soma.Tokenizer.train(path, vocab_size, min_frequency)
        return made

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a tokenizer.json; the file is the old or the new one, whatever happens."""
        self._tokenizer.save(path)

    def encode(self, text: str | bytes) -> list[int]:
        """The numbers of a text. Bytes that are not UTF-8 are kept by vocabularies of bytes."""
        return self._tokenizer.encode(text.encode("utf-8", "surrogateescape") if isinstance(text, str) else bytes(memoryview(text)))

    def decode(self, ids: Iterable[int], errors: str = "replace") -> str:
        """The text of numbers; errors: what becomes of bytes that are not UTF-8, as of bytes.decode()."""
        return self.decode_bytes(ids).decode("utf-8", errors)

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The same as bytes: nothing is lost."""
        return b"".join(self._tokenizer.decode(int(number), place == 0) for place, number in enumerate(ids))

    @property
    def vocab_size(self) -> int:
        """How many numbers there are, from 0."""
        return len(self._tokenizer)

    def __len__(self) -> int:
        return len(self._tokenizer)

    def __repr__(self) -> str:
        return f"<soma.Tokenizer of {len(self)} tokens>"
