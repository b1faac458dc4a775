#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The program where there is no library that reads or writes JSON: what needs one is refused by name, what does not goes on.

Usage: test_program_without_jansson.py PROGRAM DEVICE
"""
import sys

sys.dont_write_bytecode = True
from program import USAGE, ProgramTest, main


class WithoutJansson(ProgramTest):
    def test_what_needs_it_is_refused(self):
        lines = self.write("run.jsonl", '{"epoch": 1, "loss": 2}\n')
        for arguments in (["watch", lines], ["devices", "--json"], ["search", "--space", "space.json", "--data", "iris.csv", "--results", self.path("results")]):
            self.refuse(USAGE, ["not built in", "jansson"], *arguments)

    def test_a_table_is_watched(self):
        self.assertIn("training 2", self.succeed("watch", self.write("run.csv", "epoch,loss\n1,3\n2,2\n")).stdout)


if __name__ == "__main__":
    main()
