#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Debian packages: each file that is installed goes into one of them, what pkg-config looks for comes with the headers, and their version is the
project's.

Usage: debian_test.py SOURCE_DIRECTORY BUILD_DIRECTORY
"""
import fnmatch
import json
import re
import sys
import unittest
from pathlib import Path

SOURCE, BUILD = Path(sys.argv[1]), Path(sys.argv[2])
DEBIAN = SOURCE / "debian"
# Where Debian has what pkg-config knows by another name.
PACKAGES = {"OpenCL": "ocl-icd-opencl-dev", "clblast": "libclblast-dev", "libpng": "libpng-dev", "libprotobuf-c": "libprotobuf-c-dev",
            "libturbojpeg": "libturbojpeg0-dev", "libzip": "libzip-dev", "zlib": "zlib1g-dev"}


def information(name):
    return json.loads((BUILD / "meson-info" / f"intro-{name}.json").read_text(encoding="utf-8"))


def places():
    """Where Debian's build puts what this one installs."""
    options = {option["name"]: option["value"] for option in information("buildoptions")}
    prefix = Path(options["prefix"])
    for place in information("installed").values():
        place = Path(place).relative_to(prefix)
        for option, instead in (("libexecdir", "lib/triplet/soma"), ("libdir", "lib/triplet"), ("mandir", "share/man"), ("includedir", "include"),
                                ("datadir", "share"), ("bindir", "bin")):
            if place.is_relative_to(options[option]):
                place = instead / place.relative_to(options[option])
                break
        yield f"usr/{place}"


class Packages(unittest.TestCase):
    def test_each_file_is_in_one(self):
        packages = {file.stem: file.read_text(encoding="utf-8").split() for file in DEBIAN.glob("*.install")}
        self.assertEqual(len(packages), 4)
        for place in sorted(places()):
            if "/python3" in place:
                continue  # where Debian's Python has its modules, only its build knows
            among = [name for name, patterns in packages.items()
                     if any(fnmatch.fnmatch(place, pattern) or fnmatch.fnmatch(place, f"{pattern}/*") for pattern in patterns)]
            self.assertEqual(len(among), 1, f"{place} goes into {among}")

    def test_headers_bring_what_pkg_config_looks_for(self):
        about = re.search(r"^Package: libsoma-dev$.*?^Depends:(.*?)^\S", (DEBIAN / "control").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        depends = {entry.split()[0] for entry in about[1].split(",") if entry.strip()}
        wanted = re.findall(r"^Requires(?:\.private)?:(.*)", (BUILD / "meson-private" / "soma.pc").read_text(encoding="utf-8"), re.MULTILINE)
        names = {entry.split()[0] for line in wanted for entry in line.split(",") if entry.strip()}
        self.assertEqual({PACKAGES[name] for name in names} - depends, set())

    def test_the_version_is_the_projects(self):
        first = (DEBIAN / "changelog").read_text(encoding="utf-8").splitlines()[0]
        self.assertTrue(first.startswith(f"soma ({information('projectinfo')['version']}-"), first)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
