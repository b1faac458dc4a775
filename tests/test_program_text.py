#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Text: soma train on a book, soma evaluate, and soma generate.

Usage: test_program_text.py PROGRAM DEVICE [CLASS ...]
"""
import json
import math
import os
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from program import BAD_FILE, DEVICE, DONE, FAILED, PROGRAM, USAGE, ProgramTest, main, read_safetensors, run

NET = "embedding 12 16; dense 9 softmax"


class Text(ProgramTest):
    """After each letter comes the next of eight, so that a network of one step learns it all."""

    def setUp(self):
        super().setUp()
        self.book = self.path("book.txt")
        with open(self.book, "w", encoding="utf-8") as file:
            file.write("abcdéfgh" * 300)

    def learn(self):
        model = self.path("book.safetensors")
        report = self.json("train", "--data", self.book, "--net", NET, "--window=8", "--epochs=12", "--lr=0.05", "--save", model, f"--device={DEVICE}")
        return model, report

    def generate(self, *arguments):
        done = subprocess.run([PROGRAM, "generate", f"--device={DEVICE}", *arguments], capture_output=True, check=False)
        self.assertEqual(done.returncode, DONE, done.stderr)
        return done.stdout.decode()

    def test_a_book_is_learnt_and_gone_on_with(self):
        model, report = self.learn()
        self.assertGreater(report["test_accuracy"], 0.99)
        self.assertLess(report["test_perplexity"], 1.2)
        self.assertEqual(self.generate("--model", model, "--prompt=gh", "--length=20", "--temperature=0"), "ghabcdéfghabcdéfghabcd\n")
        self.assertEqual(self.generate("--model", model, "--prompt=c", "--length=9", "--top-k=1", "--seed=5"), "cdéfghabcd\n")
        wild = [self.generate("--model", model, "--prompt=a", "--length=80", "--temperature=9", "--seed", seed) for seed in ("1", "1", "2")]
        self.assertEqual(wild[0], wild[1])
        self.assertNotEqual(wild[0], wild[2])
        self.assertEqual(self.generate("--model", model, "--prompt=a", "--length=8", "--temperature=9", "--top-p=0.01"), "abcdéfgha\n")
        said = self.json("generate", "--model", model, "--prompt=d", "--length=3", "--temperature=0", f"--device={DEVICE}")
        self.assertEqual((said["text"], said["tokens"]), ("défg", 3))
        whole = self.json("evaluate", "--model", model, "--data", self.book, f"--device={DEVICE}")
        self.assertEqual(whole["samples"], (8 * 300 - 1) // 8)
        self.assertGreater(whole["accuracy"], 0.99)

    def change(self, model, change):
        """A copy of the model whose header and numbers are changed."""
        with open(model, "rb") as source:
            content = source.read()
        length = struct.unpack("<Q", content[:8])[0]
        header, numbers = json.loads(content[8:8 + length]), bytearray(content[8 + length:])
        change(header, numbers)
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        path = self.path("changed.safetensors")
        with open(path, "wb") as target:
            target.write(struct.pack("<Q", len(text)) + text + numbers)
        return path

    def test_what_cannot_go_on_says_whose_fault_it_is(self):
        """A model that goes on with nothing is a file that is not accepted (4); numbers that become none are a failure (1)."""
        model, _ = self.learn()

        def spoil(header, numbers):
            numbers[:] = struct.pack("<f", math.nan) * (len(numbers) // 4)

        spoilt = run("generate", "--model", self.change(model, spoil), "--prompt=a", f"--device={DEVICE}")
        self.assertEqual((spoilt.returncode, spoilt.stdout.strip()), (FAILED, "a"))
        self.assertIn("are not finite", spoilt.stderr)
        self.write("table.csv", "".join(f"{x / 8},{x % 2}\n" for x in range(64)))
        table = self.path("table.safetensors")
        self.json("train", "--data", self.path("table.csv"), "--label=2", "--net=dense 9; dense 2 softmax", "--epochs=1", "--save", table, f"--device={DEVICE}")
        tokens = json.loads(read_safetensors(model)[0]["soma.network"])["preprocessing"]["tokens"]

        def know_a_text(header, numbers):
            network = json.loads(header["__metadata__"]["soma.network"])
            network["preprocessing"] = {"classes": [], "tokens": tokens}
            header["__metadata__"]["soma.network"] = json.dumps(network)

        self.refuse(BAD_FILE, ["--model", "what generates takes"], "generate", "--model", self.change(table, know_a_text), "--prompt=a", f"--device={DEVICE}")
        self.refuse(BAD_FILE, ["learnt of no text"], "generate", "--model", table, "--prompt=a", f"--device={DEVICE}")
        self.refuse(USAGE, ["--prompt"], "generate", "--model", model, "--prompt=", f"--device={DEVICE}")

    def test_a_transformer_finds_what_stands_before(self):
        """What comes after "ab" is told by what came after the "ab" before. Windows begin at each of the nine letters."""
        with open(self.book, "w", encoding="utf-8") as file:
            file.write("abcabdabe" * 250)
        model = self.path("gpt.safetensors")
        net = "embedding 8 16; positions; transformer heads 2 causal hidden 32; layernorm; dense 6 softmax"
        self.json("train", "--data", self.book, "--net", net, "--window=13", "--epochs=20", "--lr=0.01", "--save", model, f"--device={DEVICE}")
        self.assertEqual(self.generate("--model", model, "--prompt=abcabdabe", "--length=30", "--temperature=0"), "abcabdabe" * 4 + "abc\n")

    def test_pieces_of_words_are_learnt_and_kept(self):
        with open(self.book, "w", encoding="utf-8") as file:
            file.write("one two three four " * 300)
        vocabulary, model = self.path("tokenizer.json"), self.path("book.safetensors")
        made = self.json("tokenizer", "--data", self.book, "--vocabulary=280", "--save", vocabulary)
        self.assertLessEqual(made["tokens"], 280)
        net = f"embedding {made['tokens']} 16; dense {made['tokens']} softmax"
        report = self.json("train", "--data", self.book, "--tokens", vocabulary, "--net", net, "--window=8", "--epochs=40", "--lr=0.05", "--save", model,
                           f"--device={DEVICE}")
        self.assertGreater(report["test_accuracy"], 0.9)
        self.assertEqual(self.generate("--model", model, "--prompt=one", "--length=4", "--temperature=0"), "one two three four one\n")
        whole = self.json("evaluate", "--model", model, "--data", self.book, f"--device={DEVICE}")
        self.assertGreater(whole["accuracy"], 0.9)
        self.refuse(USAGE, ["--tokens", "book.safetensors", "keeps the tokens"], "generate", "--model", model, "--tokens", vocabulary)
        self.refuse(BAD_FILE, [f"{made['tokens']} tokens", "rows for 100"], "train", "--data", self.book, "--tokens", vocabulary,
                    "--net=embedding 100 2; dense 400 softmax")
        self.refuse(USAGE, ["--save is missing"], "tokenizer", "--data", self.book)
        self.refuse(USAGE, ["--data is missing"], "tokenizer", "--save", vocabulary)
        self.refuse(BAD_FILE, ["--tokens", "book.txt", "JSON"], "train", "--data", self.book, "--tokens", self.book)

    def test_a_training_goes_on_in_the_middle_of_a_book(self):
        """Killed after a few steps of an epoch of 48, at whatever moment: what it ends with is the same to the bit."""
        whole, parts, checkpoint = self.path("whole.safetensors"), self.path("parts.safetensors"), self.path("run.ckpt")
        common = ["train", "--quiet", "--data", self.book, f"--device={DEVICE}", "--epochs=3", "--validation=0.2", "--seed=3", "--batch=4"]
        net = ["--net=embedding 12 8; lstm 16; dense 9 softmax", "--window=8"]
        self.succeed(*common, *net, "--save", whole)
        with subprocess.Popen([PROGRAM, *common, *net, "--checkpoint", checkpoint, "--every=7"], stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and not os.path.exists(checkpoint):
                time.sleep(0.001)
            process.kill()
        self.succeed(*common, "--resume", checkpoint, "--save", parts)
        with open(whole, "rb") as a, open(parts, "rb") as b:
            self.assertEqual(a.read(), b.read())

    def test_state_is_carried_from_token_to_token(self):
        """A recurrent network that goes step by step says what it says of a window at once; one that goes both ways is run on windows."""
        for layer in "lstm 24", "gru 24 layers 2", "lstm 12 bidirectional":
            model = self.path("book.safetensors")
            self.succeed("train", "--quiet", "--data", self.book, f"--net=embedding 12 8; {layer}; dense 9 softmax", "--window=16", "--epochs=8", "--lr=0.02", "--save", model,
                         f"--device={DEVICE}")
            if "bidirectional" not in layer:
                self.assertEqual(self.generate("--model", model, "--prompt=abcd", "--length=40", "--temperature=0"), ("abcdéfgh" * 6)[:44] + "\n")
            else:
                self.assertEqual(len(self.generate("--model", model, "--prompt=abcd", "--length=40")), 45)

    def test_keys_and_values_are_kept(self):
        """Causal attention takes a step for each token, up to as many as the network has steps; then the window moves on. Either way what comes next is what it says of the end of the text."""
        model = self.path("book.safetensors")
        for blocks in "positions; transformer heads 2 causal; layernorm", "transformer heads 4 kvheads 2 causal rotary; lstm 8":
            self.succeed("train", "--quiet", "--data", self.book, f"--net=embedding 9 8; {blocks}; dense 9 softmax", "--window=8", "--epochs=2", "--lr=0.01", "--save", model,
                         f"--device={DEVICE}")
            text = "ab"
            for _ in range(11):
                text = self.generate("--model", model, "--prompt", text, "--length=1", "--temperature=0").rstrip("\n")
            self.assertEqual(self.generate("--model", model, "--prompt=ab", "--length=11", "--temperature=0"), text + "\n")

    def test_what_does_not_go_with_texts_is_said(self):
        other = self.path("book.csv")
        os.rename(self.book, other)
        chosen = run("train", "--data", other, "--text", "--epochs=1", f"--device={DEVICE}")
        self.assertEqual(chosen.returncode, DONE, chosen.stderr)
        self.assertIn("embedding 9 64; lstm 128; dense 9 softmax", chosen.stdout)
        os.rename(other, self.book)
        self.refuse(BAD_FILE, ["book.txt", "9 tokens", "rows for 5"], "train", "--data", self.book, "--net=embedding 5 2; dense 9 softmax")
        self.refuse(USAGE, ["--folds", "text"], "train", "--data", self.book, "--net", NET, "--folds=3")
        self.refuse(USAGE, ["--window is for texts", "digits"], "train", "--window=8")
        self.refuse(BAD_FILE, ["192 of its 2400 characters are held out for validation", "need 501"], "train", "--data", self.book, "--net", NET,
                    "--window=500")
        self.refuse(USAGE, ["--tokens", "words", "characters", "bytes"], "train", "--data", self.book, "--tokens=words")


if __name__ == "__main__":
    main()
