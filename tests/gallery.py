# SPDX-License-Identifier: MIT
"""An example of a real model, on what tools/gallery makes for it to look at or listen to: what is said, written and played there is known.

Models are taken from the folder that SOMA_GALLERY names (`tools/gallery --fetch --into FOLDER` fills it), else from `gallery` in the build. Where they are
not there, nor what makes their input (espeak-ng, Pillow), the test is skipped and says so.

Usage: gallery.py PROGRAM      (examples/speech, words, sentences, file_type or melody)
"""
import importlib.machinery
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def tool():
    """tools/gallery as a module."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.join(ROOT, "tools"))
    loader = importlib.machinery.SourceFileLoader("gallery", os.path.join(ROOT, "tools", "gallery"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("gallery", loader))
    loader.exec_module(module)
    return module


gallery = tool()


def run(program, folder, given):
    words = gallery.command(program, folder, given)
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "SOMA_DEVICE": "cpu"})
    assert done.returncode == 0, f"{words}: {done.stderr.strip()}"
    return done.stdout.splitlines()


def stretches(lines):
    return [tuple(float(number) for number in re.match(r"([0-9.]+) s to ([0-9.]+) s", line).groups()) for line in lines]


def speech(program, folder, made):
    """Found within 0.2 s of where a sentence is louder than silence: a step takes 32 ms, and words begin and end softly."""
    path = os.path.join(made, "speech.wav")
    expected = gallery.make_speech(path)
    found = stretches(run(program, folder, [path]))
    assert len(found) == len(expected), f"{found}, expected {expected}"
    for ours, theirs in zip(found, expected):
        assert all(abs(a - b) <= 0.2 for a, b in zip(ours, theirs)), f"{found}, expected {expected}"
    silence = os.path.join(made, "silence.wav")
    gallery.write_sound(silence, 8000, [0.0] * 8000)
    assert run(program, folder, [silence]) == ["no speech"]


def words(program, folder, made):
    path = os.path.join(made, "words.png")
    expected = gallery.make_words(path)
    found = run(program, folder, [path])
    assert found == expected, f"{found}, expected {expected}"


def sentences(program, folder, _):
    """The one that says the same in other words comes first, far before the others."""
    found = [line.split(maxsplit=1) for line in run(program, folder, gallery.SENTENCES)]
    scores = [float(score) for score, _ in found]
    assert sorted(text for _, text in found) == sorted(gallery.SENTENCES[1:]), found
    assert scores == sorted(scores, reverse=True) and scores[0] > scores[1] + 0.2, found
    assert found[0][1] == gallery.PARAPHRASE, found


def write_model(path, size):
    """An ONNX file: y = Relu(x), [n, size]."""
    def field(number, value):
        if isinstance(value, int):
            data = b""
            while value > 127:
                data, value = data + bytes([value & 127 | 128]), value >> 7
            return bytes([number << 3]) + data + bytes([value])
        return bytes([number << 3 | 2]) + field(0, len(value))[1:] + value

    def tensor(name):
        shape = field(1, field(2, b"n")) + field(1, field(1, size))
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    graph = field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu")) + field(2, b"g") + field(11, tensor(b"x")) + field(12, tensor(b"y"))
    with open(path, "wb") as file:
        file.write(field(1, 8) + field(7, graph) + field(8, field(2, 13)))


def others_are_refused(program, made):
    """Models with wider inputs than the program's, or with more outputs than it has names for."""
    path = os.path.join(made, "other.onnx")
    for size in (60000, 2048):
        write_model(path, size)
        done = subprocess.run([program, path, __file__, __file__], capture_output=True, text=True, check=False, env={**os.environ, "SOMA_DEVICE": "cpu"})
        assert done.returncode == 1 and not done.stdout and "not the model that this program is for: 2048 numbers in" in done.stderr, done


def file_type(program, folder, made):
    sound = os.path.join(made, "sound.bin")
    gallery.write_sound(sound, 8000, [0.1, -0.1] * 4000)
    files = {os.path.join(ROOT, "README.md"): "markdown", __file__: "python", os.path.join(ROOT, "examples", "words.c"): "c", sound: "wav", program: "elf"}
    for path, expected in files.items():
        found = run(program, folder, [path])[0]
        assert re.fullmatch(rf"{re.escape(path)}: {expected} \([01]\.[0-9]+\)", found), f"{found}, expected {expected}"
    build = os.path.dirname(os.path.dirname(program))
    words = [sys.executable, os.path.join(ROOT, "tools", "gallery"), "file_type", "--into", folder, "--build", build, sound]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "SOMA_DEVICE": "cpu"})
    assert f"{sound}: wav" in done.stdout, done
    done = subprocess.run([*words[:3], "--build", made], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "there is no" in done.stderr and not os.path.exists(os.path.join(made, "gallery")), done  # nothing was fetched


def melody(program, folder, made):
    """The keys, and where they begin, to 0.05 s: four frames."""
    path, now, expected = os.path.join(made, "melody.wav"), gallery.LEAD, []
    for key, seconds in gallery.make_melody(path):
        if key is not None:
            expected.append((now, "C C# D D# E F F# G G# A A# B".split()[key % 12] + str(key // 12 - 1)))
        now += seconds
    lines = run(program, folder, [path])
    assert [line.split()[-1] for line in lines] == [name for _, name in expected], lines
    for (begin, _), (wanted, _) in zip(stretches(lines), expected):
        assert abs(begin - wanted) <= 0.05, f"{lines}, expected {expected}"


CHECKS = {"speech": speech, "words": words, "sentences": sentences, "file_type": file_type, "melody": melody}


def lacking(program, folder):
    """What the test of an example needs and is not there, as text."""
    example = os.path.basename(program)
    if not os.path.exists(program):
        return f"{program} is not built"
    if gallery.lacking(example, folder):
        return f"the models are not in {folder}; tools/gallery --fetch gets them"
    if example == "speech" and not shutil.which("espeak-ng"):
        return "espeak-ng is not installed"
    if example == "words":
        try:
            gallery.font_of(36)
        except ImportError:
            return "Pillow is not installed"
        except RuntimeError as error:
            return str(error)
    return ""


def main():
    program = os.path.abspath(sys.argv[1])
    example = os.path.basename(program)
    folder = os.environ.get("SOMA_GALLERY") or os.path.join(os.path.dirname(os.path.dirname(program)), "gallery")
    if example == "file_type" and os.path.exists(program):
        with tempfile.TemporaryDirectory() as made:
            others_are_refused(program, made)
    lack = lacking(program, folder)
    if lack:
        print(f"skipped: {lack}")
        return 77
    with tempfile.TemporaryDirectory() as made:
        CHECKS[example](program, folder, made)
    print(f"{example}: as expected")
    return 0


if __name__ == "__main__":
    sys.exit(main())
