#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/simulate-ranks: times that follow from its model by hand.

Usage: simulate_ranks_test.py TOOL
"""
import importlib.machinery
import importlib.util
import sys

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("simulate_ranks", sys.argv[1])
tool = importlib.util.module_from_spec(importlib.util.spec_from_loader("simulate_ranks", loader))
loader.exec_module(tool)


def near(found, expected):
    assert abs(found - expected) < 1e-9 * abs(expected), (found, expected)


# 4 MB, 4 ranks, 1 GB/s, 1 ms: 2 * 3/4 * 4 ms, and 4 messages by halves, which are fewer than the ring's 6.
near(tool.sum_seconds(4e6, 4, 1e9, 1e-3), 6e-3 + 4e-3)
near(tool.sum_seconds(4e6, 2, 1e9, 1e-3), 4e-3 + 2e-3)
assert tool.sum_seconds(4e6, 1, 1e9, 1e-3) == 0
# One layer is there when the step is done: 12 ms, then its sum.
near(tool.efficiency(12e-3, [1.0], 2, 1e9, 0, 1), 12 / 16)
# Two of the same size: the first is there after 8 ms and summed at 10, the second after 12, and at 14.
near(tool.efficiency(12e-3, [0.5, 0.5], 2, 1e9, 0, 1), 12 / 14)
# Slower: the first is done at 16, the second waits for it: 24.
near(tool.efficiency(12e-3, [0.5, 0.5], 2, 0.25e9, 0, 1), 12 / 24)
# In one bucket both wait for the end.
near(tool.efficiency(12e-3, [0.5, 0.5], 2, 1e9, 0, 1e9), 12 / 16)
assert tool.efficiency(12e-3, [1.0], 1, 1e9, 1, 1) == 1
print("7 times by hand")
