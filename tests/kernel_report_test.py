#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Shows that tools/kernel-report --check can fail: kernels made for it have a stack, spill, or let too few work-items live, and their figures
are known beforehand.

usage: kernel_report_test.py KERNEL_REPORT
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

KERNEL_REPORT = sys.argv.pop(1)
HEAD = "kernel __attribute__((reqd_work_group_size(64, 1, 1))) void "
FINE = HEAD + "fine(global float *x) { x[get_global_id(0)] += 1; }"
# The place of what is written is not known before, and there is too much of it for AMD's registers, in which places can be counted.
STACK = HEAD + """stack(global float *x, global uint *to) {
    float kept[256] = {0};
    for (uint i = 0; i < 1000; i++) kept[to[i] % 256] += x[i];
    for (uint i = 0; i < 256; i++) x[i * 64 + get_local_id(0)] = kept[to[i] % 256];
}"""
# 32 KiB of local memory, and in the loop two words of it for each three multiply-adds.
LOCAL = HEAD + """local_memory(global float *x, uint count) {
    local float left[4096], right[4096];
    for (uint i = get_local_id(0); i < 4096; i += 64) left[i] = x[i], right[i] = x[4096 + i];
    barrier(CLK_LOCAL_MEM_FENCE);
    float a = 0, b = 0, c = 0;
#pragma unroll 1
    for (uint i = 0; i < count; i++) {
        const float l = left[i * 64 + get_local_id(0)], r = right[i * 65 + get_local_id(0)];
        a = fma(l, r, a), b = fma(l, 3.0f, b), c = fma(r, 5.0f, c);
    }
    x[get_global_id(0)] = a + b * c;
}"""


class Report(unittest.TestCase):
    def report(self, source, kernel, *arguments, said="", environment=None):
        """Exit status, output and complaints for a program of one kernel, of which the device's compiler says something."""
        with tempfile.TemporaryDirectory() as name:
            program = Path(name) / "program"
            program.write_text(f"#!/bin/sh\ncat >$1/a.cl <<'END'\n{source}\nEND\n"
                               f"echo 'made for a device: {kernel} of a.cl -cl-std=CL1.2 -DSIZE=1 '\necho '{said}'\n", encoding="utf-8")
            program.chmod(0o755)
            done = subprocess.run([sys.executable, KERNEL_REPORT, *arguments, str(program)], capture_output=True, text=True, check=False,
                                  env=environment)
        if done.returncode == 77:
            self.skipTest(done.stdout)
        return done

    def figures(self, source, kernel, target):
        """The columns of the table for a kernel, by name."""
        done = self.report(source, kernel, f"--target={target}")
        self.assertEqual(done.returncode, 0, done.stderr)
        lines = [line.replace(" %", "%").split() for line in done.stdout.splitlines()]
        names = next(line for line in lines if "stack" in line and line[0] != "skipped:")  # what is skipped is said before
        rows = [dict(zip(names, line)) for line in lines if line[:2] == [target, kernel]]
        self.assertEqual(len(rows), 1, done.stdout)
        return rows[0]

    def test_nothing_to_say(self):
        done = self.report(FINE, "fine", "--check", "--target=gfx906", "--target=gfx90a", "--target=gfx1030")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_one_of_each_maker_in_turn(self):
        done = self.report(FINE, "fine", "--turn", "--target=gfx906", "--target=gfx90a", "--target=gfx1030")
        rows = [line.split() for line in done.stdout.splitlines() if line.startswith("gfx")]
        self.assertEqual((done.returncode, len(rows)), (0, 1), done.stdout)

    def test_stack(self):
        for target in ("gfx906", "gfx90a", "gfx1030"):
            done = self.report(STACK, "stack", "--check", f"--target={target}")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, rf"stack on {target} with no options has a stack of \d+ bytes")
            self.assertGreaterEqual(int(self.figures(STACK, "stack", target)["stack"]), 1024)

    def test_stack_of_nvidia(self):
        self.assertEqual(self.figures(STACK, "stack", "sm_80")["stack"], "1024")  # with or without ptxas

    def test_local_memory(self):
        # Two groups of a wave in 64 KiB: of 4 units with 10 waves each, two waves.
        for target, live in (("gfx906", "5%"), ("gfx90a", "6%"), ("gfx1030", "12%")):
            row = self.figures(LOCAL, "local_memory", target)
            self.assertEqual((row["local"], row["loads"], row["stack"], row["live"]), ("32768", "0.67", "0", live))
        done = self.report(LOCAL, "local_memory", "--check", "--target=gfx906")
        self.assertEqual(done.returncode, 1)
        self.assertIn("local_memory on gfx906 with no options lets 5 % of the work-items live", done.stderr)

    def test_warnings(self):
        for target in ("gfx906", "sm_80"):
            done = self.report(FINE.replace("{", "{ if (x = 0) return;"), "fine", "--check", f"--target={target}")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, r"^a\.cl:1:\d+: warning: using the result of an assignment as a condition")

    def test_warnings_without_a_target(self):
        clang = shutil.which("clang")
        if not clang:
            self.skipTest("there is no clang")
        with tempfile.TemporaryDirectory() as name:
            # One that made no libclc.
            other = Path(name) / "clang"
            other.write_text(f'#!/bin/sh\n[ "$*" = --version ] && exit\nexec {clang} "$@"\n', encoding="utf-8")
            other.chmod(0o755)
            (Path(name) / "cat").symlink_to(shutil.which("cat"))
            environment = dict(os.environ, PATH=name)
            done = self.report(FINE, "fine", "--check", environment=environment)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("1 programs, compiled for x86-64 alone", done.stdout)
            done = self.report(FINE.replace("{", "{ if (x = 0) return;"), "fine", "--check", environment=environment)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^a\.cl:1:\d+: warning: using the result of an assignment as a condition")

    def test_warnings_of_the_device(self):
        done = self.report(FINE, "fine", "--check", "--target=gfx906", said="build log of a device: a.cl:1:1: warning: so it is")
        self.assertEqual(done.returncode, 1)
        self.assertIn("a.cl:1:1: warning: so it is", done.stderr)
        self.assertEqual(self.report(FINE, "fine", "--target=gfx906", said="build log of a device: a.cl:1:1: warning: so it is").returncode, 0)

    def test_what_is_not_there(self):
        done = self.report(FINE, "other", "--target=gfx906")
        self.assertEqual(done.returncode, 1)
        self.assertIn("lacks some of the kernels other", done.stderr)
        done = self.report("kernel void broken(", "broken", "--target=gfx906")
        self.assertEqual(done.returncode, 1)
        self.assertIn("error:", done.stderr)


unittest.main()
