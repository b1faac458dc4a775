# SPDX-License-Identifier: MIT
"""soma.Tokenizer, and where it is installed, PyPI's package `tokenizers` beside it."""
import pytest

import soma

TEXT = "the cat sat on the mat; the bat sat on the hat. Größe \N{SNOWMAN}\n" * 20


@pytest.fixture
def learnt(tmp_path):
    (tmp_path / "book.txt").write_text(TEXT, encoding="utf-8")
    return soma.Tokenizer.learn(tmp_path / "book.txt", vocab_size=280)


def test_bytes_come_first_then_the_most_frequent_pairs(learnt):
    assert len(learnt) == learnt.vocab_size == 280
    # The numbers of bytes are GPT-2's, in which printable ones come first: of these "!" is 0. " the" is what stands there most.
    assert learnt.encode("!") == [0] and len(learnt.encode(" the")) == 1
    assert learnt.encode("") == []
    assert "280" in repr(learnt)


@pytest.mark.parametrize("text", [TEXT, "", "no such words 123", b"\xff\x00bytes\xc3", "lone \udcff surrogate"])
def test_what_is_encoded_comes_back(learnt, text):
    numbers = learnt.encode(text)
    assert all(0 <= number < len(learnt) for number in numbers)
    expected = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    assert learnt.decode_bytes(numbers) == expected
    assert learnt.decode(numbers, errors="surrogateescape") == expected.decode("utf-8", "surrogateescape")


def test_a_file_has_all_of_it(learnt, tmp_path):
    learnt.save(tmp_path / "tokenizer.json")
    again = soma.Tokenizer(tmp_path / "tokenizer.json")
    assert again.encode(TEXT) == learnt.encode(TEXT) and len(again) == len(learnt)


def test_the_package_tokenizers_gives_the_same_numbers(learnt, tmp_path):
    tokenizers = pytest.importorskip("tokenizers")
    learnt.save(tmp_path / "tokenizer.json")
    other = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in (TEXT, "a hat  on\tthe cat's mat 123"):
        assert learnt.encode(text) == other.encode(text, add_special_tokens=False).ids
        assert learnt.decode(learnt.encode(text)) == other.decode(other.encode(text).ids)


def test_what_is_wrong_is_said(learnt, tmp_path):
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    with pytest.raises(soma.InvalidFileError, match="bad.json"):
        soma.Tokenizer(tmp_path / "bad.json")
    with pytest.raises(OSError, match="absent.json"):
        soma.Tokenizer(tmp_path / "absent.json")
    with pytest.raises(ValueError, match="vocab_size is 200"):
        soma.Tokenizer.learn(tmp_path / "book.txt", vocab_size=200)
    with pytest.raises(ValueError, match="-1"):
        learnt.decode([-1])
    with pytest.raises(ValueError):
        learnt.decode([len(learnt)])
    with pytest.raises(TypeError):
        learnt.encode(7)


def test_a_network_learns_of_its_numbers(learnt):
    numbers = learnt.encode(TEXT)
    windows = [numbers[i:i + 9] for i in range(0, len(numbers) - 9, 8)]
    network = soma.Network([soma.Embedding(len(learnt), 8), soma.GRU(16, return_sequences=True), soma.Dense(len(learnt), activation="softmax")], device="cpu")
    history = network.fit([window[:-1] for window in windows], [window[1:] for window in windows], epochs=3, verbose=0)
    assert history["loss"][-1] < history["loss"][0]
