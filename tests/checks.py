# SPDX-License-Identifier: MIT
"""For tests that compare soma with packages that may not be there: what was right, what was wrong, what was left out."""
passed = failed = skipped = 0


def check(name, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    if not ok:
        print(f"failed: {name}: {detail}")


def skip(name, why):
    global skipped
    skipped += 1
    print(f"skipped: {name}: {why}")


def finish():
    """Prints the counts. The exit status: 77 where nothing was compared."""
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0 if passed else 77
