#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds soma's tokenizers against PyPI's `tokenizers`: the same vocabulary of a text, the same numbers and texts by it, for kinds as GPT-2, Llama, Qwen and
BERT have them, on several languages. Exits with 77 (skipped) where the package is not installed.

Usage: tokenizer_interop.py SOMA TOKENIZER_TOOL
"""
import json
import os
import random
import subprocess
import sys
import tempfile

try:
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
except ImportError:
    print("skipped: PyPI's tokenizers is not installed")
    sys.exit(77)

SOMA, TOOL = sys.argv[1:3]
# No character here is newer than the oldest of the tables that the package has.
SENTENCES = [
    "The quick brown fox doesn't jump over 13 lazy dogs; they'll've gone by 3:45pm!! “Quoted” — dash…  two spaces\n\n\tTab\r\nCRLF   end ",
    "Größe, Übermut und Ärger: Straße 12, 3½ Stück – „Anführung“. ", "i\u0308 i\u0305\u0308 a\u0305\u0301e\u0301 o\u0323\u0308 ", "L'été, c'est déjà l'hiver ; où êtes-vous ? naïve façade. ",
    "Привет, мир! Ещё 25 слов, ёжик — это зверь. ", "Ελληνικά: ΌΣΟ ΣΟΦΟΣ κι ΑΣ, άνθρωπος. ",
    "中文分词测试,今天天气很好。 日本語のテキスト、カタカナと漢字。한국어 문장입니다 각. ", "हिन्दी में लिखा हुआ पाठ, क़लम। ", "العربية: نصٌّ مُشَكَّل ١٢٣. ",
    "עברית עם נִקּוּד. ", "ภาษาไทยไม่มีเว้นวรรค ", "İstanbul'da IŞIK ığdır ǅ ﬁ ſ'ſ 'S 'LL I'M ",
    "😀👩‍👩‍👧 emoji ❤️ ½ Ⅷ ① ² x² \u200b\u200d\u00a0nbsp\u3000 e\u0301 a\u0308\u0323 \ufeff ", "def f(x):\n    return x+1  # code\n\n\n    if x==100000: pass ",
    "[MASK] [CLS]<s></s> <|end|>  <|end|>▁meta ▁▁ a▁b ## ##ing embeddings unaffable ", "  ", "\n", "x" * 150 + " ",
]
QWEN = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LLAMA3 = QWEN.replace(r"\p{N}|", r"\p{N}{1,3}|")
failures = 0


def text_of(seed):
    chance = random.Random(seed)
    return "".join(chance.choice(SENTENCES) for _ in range(60)) + "".join(SENTENCES)


def trained(model, trainer, normalizer=None, splitter=None, decoder=None, added=()):
    tokenizer = Tokenizer(model)
    if normalizer:
        tokenizer.normalizer = normalizer
    if splitter:
        tokenizer.pre_tokenizer = splitter
    if decoder:
        tokenizer.decoder = decoder
    tokenizer.train_from_iterator([text_of(0)], trainer)
    tokenizer.add_tokens(list(added))
    return tokenizer


def bpe(size=600, special=(), **options):
    return models.BPE(**options), trainers.BpeTrainer(vocab_size=size, show_progress=False, special_tokens=list(special),
                                                      limit_alphabet=400 if special else None)


def byte_level(splitter, **options):
    trainer = trainers.BpeTrainer(vocab_size=600, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    return trained(models.BPE(**options), trainer, None, splitter, decoders.ByteLevel(), [AddedToken("<|end|>", special=True, normalized=False)])


def word_piece(normalizer, splitter, **options):
    special = ["[PAD]", "[UNK]", "[CLS]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=500, show_progress=False, special_tokens=special, limit_alphabet=150)
    return trained(models.WordPiece(unk_token="[UNK]", **options), trainer, normalizer, splitter, decoders.WordPiece(),
                   [AddedToken("[MASK]", lstrip=True, special=True, normalized=False)])


def llama():
    special = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    model, trainer = bpe(900, special, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    made = trained(model, trainer, normalizer, None, decoder)
    text = json.loads(made.to_str())
    text["added_tokens"] = [token for token in text["added_tokens"] if not token["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(text))


def kinds():
    level, sequence = pre_tokenizers.ByteLevel, pre_tokenizers.Sequence
    yield "gpt-2", byte_level(level(add_prefix_space=False))
    yield "a space before", byte_level(level(add_prefix_space=True), ignore_merges=True)
    for name, pattern in (("llama 3", LLAMA3), ("qwen", QWEN)):
        yield name, byte_level(sequence([pre_tokenizers.Split(Regex(pattern), "isolated"), level(add_prefix_space=False, use_regex=False)]))
    yield "digits", byte_level(sequence([pre_tokenizers.Digits(individual_digits=True), level(add_prefix_space=False)]))
    yield "llama", llama()
    for scheme in ("always", "first", "never"):
        for split in (True, False):
            model, trainer = bpe(700, ["<unk>", "<s>"], unk_token="<unk>", fuse_unk=split)
            yield f"metaspace {scheme} {split}", trained(model, trainer, normalizers.NFC(), pre_tokenizers.Metaspace(prepend_scheme=scheme, split=split),
                                                         decoders.Metaspace(prepend_scheme=scheme), [AddedToken("<|end|>", lstrip=True, rstrip=True)])
    yield "bert", word_piece(normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer())
    yield "bert cased", word_piece(normalizers.BertNormalizer(lowercase=False, strip_accents=False), pre_tokenizers.BertPreTokenizer())
    accents = normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Strip()])
    yield "accents", word_piece(accents, pre_tokenizers.Whitespace(), max_input_chars_per_word=20)
    for behavior in ("removed", "isolated", "merged_with_previous", "merged_with_next", "contiguous"):
        splitter = sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation(behavior), pre_tokenizers.Digits()])
        yield "punctuation " + behavior, word_piece(normalizers.NFD(), splitter)


def expect(same, *what):
    global failures
    if not same:
        failures += 1
        print("FAILED", *what)


def compare(name, tokenizer, directory):
    path, book = os.path.join(directory, "tokenizer.json"), os.path.join(directory, "book.txt")
    tokenizer.save(path)
    for part, text in enumerate([text_of(1), *SENTENCES]):
        with open(book, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        done = subprocess.run([TOOL, path, book], capture_output=True, check=False)
        numbers, _, decoded = done.stdout.partition(b"\n")
        wanted = tokenizer.encode(text, add_special_tokens=False).ids
        found = [int(number) for number in numbers.split()]
        place = next((i for i, pair in enumerate(zip(found, wanted)) if pair[0] != pair[1]), min(len(found), len(wanted)))
        expect(done.returncode == 0 and found == wanted, f"{name}, text {part}: {done.stderr.decode()} at {place} {found[place:place + 5]} for "
               f"{wanted[place:place + 5]}: {[tokenizer.id_to_token(i) for i in wanted[max(place - 3, 0):place + 3]]}")
        same = tokenizer.decode(wanted, skip_special_tokens=False)
        expect(decoded.decode("utf-8", "replace") == same, f"{name}, text {part}: decoded {decoded.decode('utf-8', 'replace')[:200]!r} for {same[:200]!r}")


def compare_learnt(directory):
    """The vocabulary that soma learns is that which the package learns of the same text, and is read by it."""
    path, book = os.path.join(directory, "learnt.json"), os.path.join(directory, "book.txt")
    with open(book, "w", encoding="utf-8", newline="") as file:
        file.write(text_of(2))
    subprocess.run([SOMA, "tokenizer", "--data", book, "--vocabulary=700", "--save", path, "--quiet"], check=True)
    trainer = trainers.BpeTrainer(vocab_size=700, min_frequency=2, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    theirs = Tokenizer(models.BPE())
    theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    theirs.train_from_iterator([text_of(2)], trainer)
    made = Tokenizer.from_file(path)
    expect(made.get_vocab() == theirs.get_vocab(), "another vocabulary is learnt")
    expect(json.loads(made.to_str())["model"]["merges"] == json.loads(theirs.to_str())["model"]["merges"], "other merges are learnt")
    expect(made.decode(made.encode(text_of(3)).ids) == text_of(3), "the text does not come back")
    compare("learnt", made, directory)


with tempfile.TemporaryDirectory() as temporary:
    compare_learnt(temporary)
    for kind, one in kinds():
        compare(kind, one, temporary)
sys.exit(failures != 0)
