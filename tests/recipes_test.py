#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes for Homebrew, vcpkg and Conan, as far as they can be checked without these: their form, soma's version, and that each option that they set is one.

Usage: recipes_test.py ROOT VERSION
"""
import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

root, version = Path(sys.argv[1]), sys.argv[2]
recipes = {path: path.read_text(encoding="utf-8") for path in
           (root / "packaging" / name for name in ("homebrew/soma.rb", "vcpkg/soma/vcpkg.json", "vcpkg/soma/portfile.cmake", "conan/conanfile.py"))}
options = set(re.findall(r"^option\('(\w+)'", (root / "meson_options.txt").read_text(encoding="utf-8"), re.MULTILINE))
wrong = []
for path, text in recipes.items():
    if version not in text:
        wrong.append(f"{path}: it is not of version {version}")
    if path.suffix != ".json" and "Untried" not in text:
        wrong.append(f"{path}: it does not say that nobody has tried it")
    wrong += [f"{path}: -D{name} is no option of soma" for name in re.findall(r"-D(\w+)=", text) if name not in options]

homebrew, manifest, port, conan = recipes
described = json.loads(recipes[manifest])
features = set(described["features"])
if not set(described["default-features"]) <= features:
    wrong.append(f"{manifest}: a default feature is none")
pairs = re.search(r"IN ITEMS (.*)\)", recipes[port])[1].split()
wrong += [f"{port}: {pair}" for pair in pairs if pair.split(":")[0] not in features or pair.split(":")[1] not in options]
if recipes[port].count("(") != recipes[port].count(")") or recipes[port].count("if(") - recipes[port].count("endif(") * 2 != 0:
    wrong.append(f"{port}: something is not closed")

tree = ast.parse(recipes[conan])
table = ast.literal_eval(next(node.value for node in tree.body if isinstance(node, ast.Assign) and node.targets[0].id == "FEATURES"))
wrong += [f"{conan}: {option} is no option of soma" for option, _ in table.values() if option not in options]
for name in re.findall(r'\|= \{(.*?)\}', recipes[conan]):
    wrong += [f"{conan}: {option} is no option of soma" for option in re.findall(r'"(\w+)":', name) if option not in options]
if shutil.which("ruby"):
    result = subprocess.run(["ruby", "-c", homebrew], capture_output=True, text=True, check=False)
    if result.returncode:
        wrong.append(result.stderr)
elif len(re.findall(r"^\s*(class|def|on_linux do|test do)\b", recipes[homebrew], re.MULTILINE)) != len(re.findall(r"^\s*end$", recipes[homebrew], re.MULTILINE)):
    wrong.append(f"{homebrew}: something has no end")
for line in wrong:
    print(line)
print(f"{len(recipes)} recipes, {len(wrong)} offences")
sys.exit(1 if wrong else 0)
