#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/mutate on lines and on a tiny tree: what its rules make of code, which tests it runs, and that it goes on where it was ended.

Usage: mutate_test.py tools/mutate
"""
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = sys.argv.pop(1)
loader = importlib.machinery.SourceFileLoader("mutate", SCRIPT)
sys.dont_write_bytecode = True
mutate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutate", loader))
loader.exec_module(mutate)


def faults_of(text, name="src/a.c"):
    return list(mutate.Source(name, text).faults())


def changes(text, rule):
    return sorted(fault["after"] for fault in faults_of(text) if fault["rule"] == rule)


class Rules(unittest.TestCase):
    def test_each_rule(self):
        for rule, line, expected in [
            ("relation", "    if (a < b) return c;", ["if (a <= b) return c;"]),
            ("relation", "    x = a >= b && c->d != e;", ["x = a > b && c->d != e;", "x = a >= b && c->d == e;"]),
            ("relation", "    p->x = y << 3;", []),
            ("logic", "    x = a && b || c;", ["x = a && b && c;", "x = a || b || c;"]),
            ("sum", "    x = a + b - 1;", ["x = a + b + 1;", "x = a - b - 1;"]),
            ("off by one", "    x = n - 1;", ["x = n;"]),
            ("off by one", "    x = n + 16;", []),
            ("negation", "    if (!done && a != b) go();", ["if (done && a != b) go();"]),
            ("constant", "    x[0] = 7u;", ["x[0] = (7u + 1);", "x[1] = 7u;"]),
            ("constant", "    x = 0.5f * y1;", ["x = (0.5f * 2 + 1) * y1;"]),
            ("constant", "    return true;", ["return false;"]),
            ("arguments", "    copy(to, from, n);", ["copy(from, to, n);"]),
            ("arguments", "    copy(to, to, n);", []),
            ("arguments", "static void copy(int a, int b) {", []),
            ("statement", "    go(x);", [";"]),
            ("statement", "    count++;", [";"]),
            ("statement", "    int x = 3;", []),  # nothing would know x
            ("statement", "    return x;", []),
            ("statement", "    if (a) go(x);", ["if (a) ;"]),
            ("return", "    if (a) return x;", ["if (a) ;"]),
            ("early return", "static bool is_odd(int x) {", ["static bool is_odd(int x) { return true;"]),
            ("early return", "void go(void) {", ["void go(void) { return;"]),
        ]:
            with self.subTest(rule=rule, line=line):
                self.assertEqual(changes(line, rule), expected)

    def test_a_statement_is_whole(self):
        self.assertEqual(changes("    x = y +\n        go(z);", "statement"), [])
        self.assertEqual(changes("    if (a)\n        go(z);", "statement"), [";"])
        self.assertEqual(changes("    if (a) go(x);\n    else stay();", "statement"), [])

    def test_comments_and_texts_stay(self):
        for line in ['    /* if (a < b) go(1, 2); */', '    // a < b', '#include "a + b"', '#if A > 1']:
            self.assertEqual(faults_of(line), [], line)
        self.assertEqual(changes('    say("a < b, %d", c < d);', "relation"), ['say("a < b, %d", c <= d);'])
        self.assertEqual(faults_of("/* one\n    if (a < b) go();\n*/"), [])

    def test_macros_are_code(self):
        self.assertEqual(changes("#define MORE(a, b) ((a) > (b))", "relation"), ["#define MORE(a, b) ((a) >= (b))"])
        self.assertEqual(changes("#define SIZE 16", "constant"), ["#define SIZE (16 + 1)"])
        text = "#define GO(x)    \\\n    do {         \\\n        go(x);   \\\n    } while (0)"
        self.assertIn((";", [(2, "        ;   \\")]), [(fault["after"], fault["edits"]) for fault in faults_of(text)])

    def test_a_lock_goes_with_its_unlock(self):
        text = "void f(void) {\n    my_lock(&m);\n    x++;\n    my_unlock(&m);\n}\nvoid g(void) {\n    my_unlock(&m);\n}"
        locks = [fault for fault in faults_of(text) if fault["rule"] == "lock"]
        self.assertEqual([fault["edits"] for fault in locks], [[(1, "    (void)(&m);"), (3, "    (void)(&m);")]])
        self.assertNotIn(";", [fault["after"] for fault in faults_of(text) if "lock" in fault["before"]])

    def test_numbers_of_cases_are_arbitrary(self):
        line = "    x = a < 3;"
        self.assertIn("constant", [fault["rule"] for fault in faults_of(line)])
        rules = [fault["rule"] for fault in faults_of(line, "src/device/conformance/a.c")]
        self.assertEqual(rules.count("constant"), 0)
        self.assertEqual(rules.count("relation"), 1)

    def test_each_fault_changes_the_text(self):
        text = Path(__file__).parent.parent.joinpath("src/base/random.c").read_text()
        faults = faults_of(text)
        self.assertGreater(len(faults), 50)
        for fault in faults:
            self.assertNotEqual(mutate.planted(text, fault), text, fault)

    def test_numbers_of_tables_can_be_read(self):
        after = {fault["after"] for fault in faults_of("{0x9F, 0x1fadU, 7},")}
        self.assertEqual(after, {"{0xA0, 0x1fadU, 7},", "{0x9F, 0x1faeU, 7},", "{0x9F, 0x1fadU, (7 + 1)},"})

    def test_the_seed_decides(self):
        faults = faults_of(Path(__file__).parent.parent.joinpath("src/base/random.c").read_text())
        one, same, other = (list(mutate.draw(faults, seed)) for seed in (1, 1, 2))
        self.assertEqual(one, same)
        self.assertNotEqual(one, other)
        self.assertEqual(sorted(map(repr, one)), sorted(map(repr, faults)))  # each once

    def test_equivalent_faults_have_a_reason(self):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "list.txt"
            self.assertEqual(mutate.read_equivalent(path), set())
            path.write_text("# what it is\n\nsrc/a.c\n  a < b\n  a <= b\n  because of this\n\nsrc/b.c\n  x\n  y\n  because\n of that\n")
            with self.assertRaises(SystemExit):
                mutate.read_equivalent(path)
            path.write_text("# what it is\n\nsrc/a.c\n  a < b\n  a <= b\n  because of this\n")
            self.assertEqual(mutate.read_equivalent(path), {("src/a.c", "a < b", "a <= b")})

    def test_rows_of_the_list_are_faults_of_the_tree(self):
        root = Path(__file__).parent.parent
        known = mutate.read_equivalent(root / "tests" / "equivalent_mutants.txt")
        self.assertGreater(len(known), 10)
        mutate.check_equivalent(root, known)
        for wrong in ("src/base/random.c", "x < 1", "x <= 1"), ("src/no_such_file.c", "x < 1", "x <= 1"):
            with self.assertRaises(SystemExit):
                mutate.check_equivalent(root, known | {wrong})


class Names(unittest.TestCase):
    def test_shared_libraries(self):
        for name, shared in (("src/libsoma.so.0.1.0", True), ("tests/stub.so", True), ("src/libsoma.so.0.1.0.p/base_date.c.o", False),
                             ("src/libsoma.a", False), ("tools/soma", False)):
            self.assertEqual(mutate.is_shared_library(name), shared, name)

    def test_words_of_a_file_are_tags(self):
        self.assertEqual(mutate.tags_of("src/device/cpu/conv/conv_weight_grad.c").split(), ["conv", "conv_weight_grad", "weight"])
        self.assertIn("loss", mutate.tags_of("kernels/losses.h").split())
        self.assertEqual(mutate.words_of("src/io/c/places.c"), {"c", "place"})
        self.assertEqual(mutate.words_of("c-file data"), {"c", "file", "data"})


@unittest.skipUnless(shutil.which("ninja"), "Ninja is not installed")
class Links(unittest.TestCase):
    def test_what_a_long_command_has_in_a_file_is_made_again(self):
        """So it is with an archive of hundreds of objects."""
        with tempfile.TemporaryDirectory() as directory:
            build = Path(directory)
            (build / "one.c").touch()
            (build / "build.ninja").write_text("""
rule make
  command = echo made >> $out
rule pack
  command = : @$out.rsp && echo made >> $out
  rspfile = $out.rsp
  rspfile_content = $in
rule link
  command = : $in && echo made >> $out
build one.o: make one.c
build all.a: pack one.o
build program: link all.a
""")
            subprocess.run(["ninja", "-C", directory], check=True, stdout=subprocess.DEVNULL)
            linker = mutate.Linker(build)
            linker.read()
            linker.change(["one.o"])
            self.assertTrue(linker.make_all(["program"]))
            self.assertEqual((build / "program").read_text(), "made\nmade\n")


class Limits(unittest.TestCase):
    """How a test ends that takes too long: by what it uses of the processor, not by a clock."""

    @staticmethod
    def run_code(code, limit, asleep=60):
        entry = {"name": "some", "cmd": [sys.executable, "-c", code], "suite": [], "env": {}, "workdir": None, "depends": []}
        test = mutate.Test(entry, Path("/"), {})
        return test.run(limit, asleep=asleep), test

    def test_its_own_end(self):
        for status in 0, 3, mutate.SKIPPED:
            self.assertEqual(self.run_code(f"raise SystemExit({status})", 60)[0], status)
        self.assertEqual(self.run_code("import os; os.abort()", 60)[0], -6)

    def test_the_processor_is_what_counts(self):
        status, test = self.run_code("while True: pass", 1)
        self.assertEqual(status, mutate.LATE)
        self.assertLess(test.used, 30)
        # Far longer by the clock than the limit, and hardly any work.
        status, test = self.run_code("import time\nfor i in range(40): time.sleep(0.1)", 3)
        self.assertEqual(status, 0)
        self.assertGreater(test.taken, 3.9)
        self.assertLess(test.used, 3)

    def test_what_it_starts_counts(self):
        code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'while True: pass'], check=True)"
        self.assertNotIn(self.run_code(code, 1)[0], (0, mutate.UNDECIDED))

    def test_who_waits_for_ever(self):
        status, test = self.run_code("import signal; signal.pause()", 60, asleep=2)
        self.assertEqual(status, mutate.LATE)
        self.assertLess(test.used, 30)


# 24 bytes, for which there is as much room in a piece of memory of 23.
SHORT = """#include <stdlib.h>
#include <string.h>
int keep(int x) {
    char *all = malloc(23 + 1);
    if (!all) return 0;
    memset(all, 1, 24);
    x += x * all[x % 24];
    free(all);
    return x;
}
"""

# One more than there are is looked at, and what is there has no say.
LOOKED_AT = """#include <stdlib.h>
int keep(int x) {
    int *all = malloc(4 * sizeof *all), found = 0;
    if (!all) return 0;
    all[0] = all[1] = all[2] = 0;
    all[3] = x;
    for (int i = 0; i < 4; i++) found |= all[i] == x;
    free(all);
    return found * (x + x);
}
"""

# Two threads count together; a machine with one processor hardly loses one of so few.
TOGETHER = """#include <pthread.h>
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int count;
void *add(void *unused) {
    for (int i = 0; i < 3; i++) {
        pthread_mutex_lock(&mutex);
        count++;
        pthread_mutex_unlock(&mutex);
    }
    return unused;
}
int total(void) {
    return count;
}
"""

TINY = {
    "meson.build": """project('tiny', 'c')
near = static_library('near', 'src/near.c', 'src/far.c')
test('near', executable('near', 'tests/near.c', link_with: near))
test('far', executable('far', 'tests/far.c', link_with: near))
test('never', executable('never', 'tests/never.c'))
test('keep', executable('keep', 'tests/keep.c', 'src/keep.c'))
test('broken', executable('broken', 'tests/broken.c'))
test('together', executable('together', 'tests/together.c', 'src/together.c', dependencies: dependency('threads')), suite: 'threads')
test('kernel', executable('kernel', 'tests/kernel.c', 'src/driver.c'), args: files('kernels/half.h'))
""",
    "src/near.c": """#include "wide.h"
int limit(int x) {
    if (x < 10) return x;
    return 10;
}
int steps(int n) {
    int i = 0;
    while (i < n)
        i++;
    return i;
}
int unused(int x) {
    return x + 5;
}
""",
    "src/wide.h": """static inline int twice(int x) {
    return x + x;
}
#define GUARDED(m) my_lock(m); my_unlock(m)
""",
    "kernels/half.h": """static int half(int x) __attribute__((noinline));
static int half(int x) {
    return x / 2;
}
""",
    "src/driver.c": """#include <stdio.h>
#include <string.h>
static int clCreateProgramWithSource(const char *text) {
    return !strstr(text, "int half(int x) {\\n    return x / 2;\\n");
}
int build(const char *path) {
    char text[1000] = "";
    FILE *file = fopen(path, "r");
    fread(text, 1, 999, file);
    fclose(file);
    return clCreateProgramWithSource(text);
}
""",
    "tests/kernel.c": """int build(const char *path);
int main(int argc, char **argv) {
    return build(argv[argc - 1]) != 0;
}
""",
    "src/keep.c": """#include "../kernels/half.h"
#include <stdlib.h>
void discard(void *kept) __attribute__((noipa));
int keep(int x) {
    int *kept = malloc(sizeof *kept);
    if (!kept) return 0;
    *kept = x;
    if (half(x) > 1000) return 0;
    x = *kept * 2;
    free(kept);
    kept = malloc(sizeof *kept);
    discard(kept);
    return x;
}
void discard(void *kept) {
    free(kept);
}
""",
    "tests/keep.c": """int keep(int x);
int main(void) {
    int wrong = 0;
    for (int i = 0; i < 100; i++)
        wrong += keep(i) != 2 * i;
    return wrong;
}
""",
    "src/together.c": TOGETHER,
    "tests/together.c": """#include <pthread.h>
void *add(void *unused);
int total(void);
int main(void) {
    pthread_t one, other;
    pthread_create(&one, NULL, add, NULL);
    pthread_create(&other, NULL, add, NULL);
    pthread_join(one, NULL);
    pthread_join(other, NULL);
    return total() > 6;
}
""",
    "src/absent.c": """void nothing(void) {
}
""",
    "src/far.c": """#include "wide.h"
int sign(int x) {
    return x > 0;
}
""",
    "tests/log.h": """#include <stdio.h>
#include <stdlib.h>
static void say(const char *name) {
    FILE *log = fopen(getenv("TINY_LOG"), "a");
    fprintf(log, "%s\\n", name);
    fclose(log);
}
""",
    "tests/near.c": """#include "log.h"
int limit(int x);
int steps(int n);
int main(void) {
    say("near");
    return limit(3) != 3 || limit(30) != 10 || steps(4) != 4;
}
""",
    "tests/far.c": """#include "log.h"
int sign(int x);
int main(void) {
    say("far");
    return sign(2) != 1; /* of 0 nothing is known */
}
""",
    "tests/broken.c": "int main(void) {\n    return 1;\n}\n",
    "tests/never.c": "int main(void) {\n    return 77;\n}\n",
    "tests/equivalent_mutants.txt": """src/near.c
    if (x < 10) return x;
    if (x <= 10) return x;
    because 10 is 10 either way
""",
}


class Tree(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.root = Path(cls.directory.name).resolve()
        for name, text in TINY.items():
            (cls.root / name).parent.mkdir(exist_ok=True)
            (cls.root / name).write_text(text)
        cls.log = cls.root / "build-log"
        cls.mapped = cls.mutate("--map")

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    @classmethod
    def mutate(cls, *arguments):
        return subprocess.run([sys.executable, SCRIPT, f"--root={cls.root}", "--setup=", "--patience=2", *arguments], capture_output=True, text=True,
                              env={**os.environ, "TINY_LOG": str(cls.log), "CCACHE_DISABLE": "1"})

    def plant(self, *arguments, status=1):
        self.log.write_text("")
        done = self.mutate(*arguments)
        self.assertIn(done.returncode, (0, 1) if status is None else (status,), done.stdout + done.stderr)
        return done.stdout

    def results(self, seed):
        return json.loads((self.root / f"build-mutate/faults-{seed}.json").read_text())["results"]

    def outcomes(self, seed):
        return {(result["fault"]["rule"], result["fault"]["after"]): result["outcome"] for result in self.results(seed)}

    def test_map(self):
        self.assertEqual(self.mapped.returncode, 0, self.mapped.stdout + self.mapped.stderr)
        self.assertIn("never: can't run here", self.mapped.stdout)
        tests = json.loads((self.root / "build-mutate/map.json").read_text())["tests"]
        self.assertEqual({name: [file for file in test["lines"] if file.startswith("src/")] for name, test in tests.items()},
                         {"near": ["src/near.c"], "far": ["src/far.c"], "keep": ["src/keep.c"], "kernel": ["src/driver.c"],
                          "together": ["src/together.c"]})
        self.assertEqual(tests["far"]["lines"]["src/far.c"], [2, 3])
        self.assertLessEqual({2, 3, 6, 8, 10}, set(tests["near"]["lines"]["src/near.c"]))
        self.assertGreaterEqual(set(range(2, 12)), set(tests["near"]["lines"]["src/near.c"]))

    def test_a_map_of_what_is_needed(self):
        done = self.mutate("--map", "--seed=9", "--count=1", "--directory=build-other", "src/far.c")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        kept = json.loads((self.root / "build-other/map.json").read_text())
        self.assertEqual(kept["files"], ["src/driver.c", "src/far.c"])  # and what compiles kernels
        self.assertEqual({name: list(test["lines"]) for name, test in kept["tests"].items()},
                         {"near": [], "far": ["src/far.c"], "keep": [], "kernel": ["src/driver.c"], "together": []})
        self.log.write_text("")
        self.mutate("--seed=9", "--count=1", "--directory=build-other", "src/far.c")
        self.assertEqual(set(self.log.read_text().split()), {"far"})
        # Of a test that the map does not have yet, the name has to do.
        self.mutate("--map", "--seed=9", "--count=1", "--tests=near", "--directory=build-partial", "src/far.c")
        self.log.write_text("")
        self.mutate("--seed=9", "--count=1", "--directory=build-partial", "src/far.c")
        self.assertEqual(set(self.log.read_text().split()), {"far"})

    def test_outcomes_and_the_tests_that_were_run(self):
        output = self.plant("--seed=1", "--count=1000", "src/far.c")
        self.assertEqual(self.outcomes(1), {("relation", "return x >= 0;"): "survived",
                                            ("constant", "return x > 1;"): "survived",
                                            ("early return", "int sign(int x) { return 0;"): "noticed"})
        self.assertEqual(set(self.log.read_text().split()), {"far"})  # the other reaches nothing of it
        self.assertIn("src/far.c:3: relation\n    - return x > 0;\n    + return x >= 0;\n    survived", output)
        self.assertIn("1 of 3 faults noticed, 33.3 %", output)
        # A test that is better notices them, without a new map.
        better = TINY["tests/far.c"].replace("sign(2) != 1", "sign(2) != 1 || sign(1) != 1 || sign(0) != 0")
        (self.root / "tests/far.c").write_text(better)
        output = self.plant("--seed=1", "--count=1000", "--again", "src/far.c", status=0)
        self.assertIn("3 of 3 faults noticed, 100.0 %", output)
        (self.root / "tests/far.c").write_text(TINY["tests/far.c"])

    def test_without_a_map(self):
        output = self.plant("--seed=4", "--count=1000", "--no-map", "src/far.c")
        self.assertEqual(self.outcomes(4), {("relation", "return x >= 0;"): "survived",
                                            ("constant", "return x > 1;"): "survived",
                                            ("early return", "int sign(int x) { return 0;"): "noticed"})
        # The test of that name comes first; one that fails anyhow tells nothing, and is asked once.
        self.assertEqual({result["test"] for result in self.results(4) if result["outcome"] == "noticed"}, {"far"})
        self.assertEqual(self.log.read_text().split()[0], "far")
        self.assertEqual(output.count("broken: left out, for it fails without a fault"), 1)
        self.assertIn("survived: 6 of 6 tests tried", output)
        output = self.plant("--seed=5", "--count=1000", "--no-map", "--enough=0", "src/far.c")
        self.assertEqual(self.log.read_text(), "")
        self.assertIn("survived: 0 of 7 tests tried", output)

    def test_what_was_guessed_is_learnt(self):
        """How long a test takes."""
        self.plant("--seed=14", "--count=1000", "--no-map", "--directory=build-learnt", "src/far.c")
        times = json.loads((self.root / "build-learnt/times.json").read_text())
        self.assertIn("far", times)
        self.assertLess(max(times["far"]), 30)
        self.assertNotIn("broken", times)

    def need_sanitizer(self, name):
        library = subprocess.run(["gcc", f"-print-file-name=lib{name}.so"], capture_output=True, text=True).stdout.strip()
        if not os.path.isabs(library):
            self.skipTest(f"no lib{name}")

    def test_leaks_are_noticed(self):
        self.need_sanitizer("asan")
        self.mutate("--seed=7", "--count=1000", "--no-map", "src/keep.c")
        frees = {result["outcome"] for result in self.results(7) if result["fault"]["before"] in ("free(kept);", "void discard(void *kept) {")}
        self.assertEqual(frees, {"noticed"})
        self.assertIn("void discard(void *kept) { return;", [result["fault"]["after"] for result in self.results(7)])

    def test_what_is_outside_of_memory_is_noticed(self):
        """Written there, or only read."""
        self.need_sanitizer("asan")
        for seed, text, change in ((12, SHORT, ("off by one", "char *all = malloc(23);")),
                                   (13, LOOKED_AT, ("relation", "for (int i = 0; i <= 4; i++) found |= all[i] == x;"))):
            (self.root / "src/keep.c").write_text(text)
            self.plant(f"--seed={seed}", "--count=1000", "--no-map", "src/keep.c", status=None)
            (self.root / "src/keep.c").write_text(TINY["src/keep.c"])
            self.assertEqual(self.outcomes(seed)[change], "noticed")

    def test_a_lock_that_is_not_taken_is_noticed(self):
        """By the race that it leaves, in a build without a sanitizer."""
        self.need_sanitizer("tsan")
        self.plant("--seed=15", "--count=1000", "--no-map", "src/together.c", status=None)
        self.assertEqual(self.outcomes(15)["lock", "(void)(&mutex);"], "noticed")

    def test_some_are_left_for_later(self):
        output = self.plant("--seed=6", "--count=1000", "--most-objects=1", "--no-locks", "src/wide.h", status=0)
        self.assertIn("left out: 2 objects are compiled of it", output)
        self.assertIn("left out: a lock", output)
        self.assertIn("0 of 0 faults noticed", output)
        self.plant("--seed=6", "--count=1000", "--again", "src/wide.h", status=0)
        self.assertEqual(set(self.outcomes(6).values()), {"same code"})  # for nobody calls any of it

    def test_going_on(self):
        self.plant("--seed=2", "--count=4", "src/near.c")
        first = self.results(2)
        # What an interrupted one may have left.
        (self.root / "build-mutate/tree/src/near.c").write_text("#error a fault that was not taken back\n")
        output = self.plant("--seed=2", "--count=1000", "src/near.c")
        self.assertEqual(self.results(2)[:len(first)], first)
        self.assertTrue(output.startswith("5 of 1000"), output)
        self.assertEqual((self.root / "src/near.c").read_text(), TINY["src/near.c"])
        outcomes = self.outcomes(2)
        self.assertEqual(outcomes["relation", "if (x <= 10) return x;"], "equivalent")
        self.assertEqual(outcomes["relation", "while (i <= n)"], "noticed")
        self.assertEqual(outcomes["statement", ";"], "noticed by time")
        self.assertEqual(outcomes["sum", "return x - 5;"], "not reached")
        again = self.plant("--seed=2", "--count=1000", "src/near.c")  # nothing is left to do
        self.assertNotIn("of 1000", again)
        self.assertEqual(self.log.read_text(), "")
        # Other sources are other faults.
        (self.root / "src/near.c").write_text(TINY["src/near.c"] + "\n")
        done = self.mutate("--seed=2", "--count=1000", "src/near.c")
        self.assertEqual(done.returncode, 2)
        self.assertIn("--restart", done.stderr)
        (self.root / "src/near.c").write_text(TINY["src/near.c"])

    def test_what_no_test_can_see_is_left_out(self):
        text = TINY["src/keep.c"].replace("if (!kept) return 0;", "if (!kept) return soma_out_of_memory(4);\n    nanoseconds = 2.5;")
        (self.root / "src/keep.c").write_text("static double nanoseconds;\nstatic int soma_out_of_memory(int size) { return size; }\n" + text)
        self.plant("--seed=11", "--count=1000", "--no-map", "--enough=0", "src/keep.c", status=None)
        (self.root / "src/keep.c").write_text(TINY["src/keep.c"])
        left = sorted(result["fault"]["before"] for result in self.results(11) if result["outcome"] == "left out")
        self.assertEqual(left, ["if (!kept) return soma_out_of_memory(4);", "nanoseconds = 2.5;", "nanoseconds = 2.5;"])

    def test_what_is_not_built_here_is_passed_over(self):
        output = self.plant("--seed=3", "--count=1000", "src/absent.c", status=0)
        self.assertIn("0 of 0 faults noticed, 0.0 %; 1 passed over", output)

    def test_kernels_are_noticed_by_what_compiles_them(self):
        # The test that reaches the line, in a source that includes the header, is content with any half.
        self.plant("--seed=8", "--count=1000", "kernels/half.h", status=0)
        self.assertEqual({(result["outcome"], result["test"]) for result in self.results(8)}, {("noticed", "kernel")})

    def test_several_can_work(self):
        self.plant("--seed=10", "--count=1000", "src/near.c")
        every = [result["fault"] for result in self.results(10)]
        self.plant("--seed=10", "--count=1000", f"--skip={len(every) - 2}", "src/near.c", status=None)
        self.assertEqual([result["fault"] for result in self.results(f"10-{len(every) - 2}")], every[-2:])

    def test_list_plants_nothing(self):
        self.assertIn("src/far.c:3: relation", self.plant("--list", "--count=1000", "src/far.c", status=0))
        self.assertEqual(self.log.read_text(), "")


if __name__ == "__main__":
    if not shutil.which("gcov") or not shutil.which("meson"):
        print("skipped: gcov and meson are needed")
        sys.exit(77)
    unittest.main()
