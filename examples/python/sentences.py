# SPDX-License-Identifier: MIT
"""Which sentences mean most nearly what the first one does: a model of others, with their vocabulary. `tools/gallery --fetch sentences` brings both.

Usage: python examples/python/sentences.py
"""
# %% Tokens of each sentence, filled up to the longest; the mask says how many there are.
import os
from pathlib import Path

import numpy as np

import soma

folder = Path(os.environ.get("SOMA_GALLERY") or "build/gallery")
sentences = ["A man is playing a guitar on the street.", "The cat sleeps on the sofa all day.", "Interest rates were raised by the central bank.",
             "Someone makes music outdoors.", "She ordered a pizza with extra cheese."]
tokenizer = soma.Tokenizer(folder / "tokenizer.json")
tokens = [tokenizer.encode(f"[CLS]{text}[SEP]") for text in sentences]
mask = np.arange(max(map(len, tokens))) < np.array([[len(row)] for row in tokens])
ids = np.zeros(mask.shape, np.int64)
ids[mask] = np.concatenate(tokens)

# %% The model has a vector for each sentence as its output "461", whatever the number and length of sentences.
network = soma.onnx.load(folder / "minilm.onnx", outputs=["461"], inputs={"input_ids": ids.shape, "attention_mask": mask.shape})
vectors, = soma.Session(network).run(None, {"input_ids": ids, "attention_mask": mask.astype(np.int64)})
vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
scores = vectors @ vectors[0]
for i in np.argsort(-scores)[1:]:
    print(f"{scores[i]:.3f}  {sentences[i]}")
