#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The powers of five in src/base/decimal_powers.h, against whole numbers of any length.

Usage: decimal_powers_test.py HEADER
"""
import re
import sys


def power(q):
    """The first 128 bits of 5^q, as the algorithm's author has them: above 1, and far below it, cut off; between rounded up."""
    if q >= 0:
        whole = 5**q
        surplus = whole.bit_length() - 128
        return whole >> surplus if surplus > 0 else whole << -surplus
    below = 5**-q
    return (1 << below.bit_length() + 127) // below + (q >= -27)


text = open(sys.argv[1]).read()
rows = re.findall(r"\{0x([0-9A-F]{16}), 0x([0-9A-F]{16})\}, /\* (-?\d+) \*/", text)
bounds = [int(re.search(rf"define SOMA_DECIMAL_{end}_POWER \(?(-?\d+)", text)[1]) for end in ("MIN", "MAX")]
if [int(q) for _, _, q in rows] != list(range(bounds[0], bounds[1] + 1)):
    sys.exit(f"the table goes from {rows[0][2]} to {rows[-1][2]} in {len(rows)} rows; {bounds[0]} to {bounds[1]} are promised")
wrong = [q for high, low, q in rows if int(high + low, 16) != power(int(q))]
if wrong:
    sys.exit(f"not the first 128 bits of 5 to the power of {', '.join(wrong)}")
