#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""OpenCL drivers that end the process, or never answer, when they are asked for their devices. STUB_DRIVERS holds the paths of two
stubs (see stub_driver.c), separated by ':'.

Usage: test_program_drivers.py PROGRAM cpu [CLASS ...]
"""
import os
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from program import DONE, NO_DEVICE, PROGRAM, ProgramTest, main, run

STUBS = os.environ["STUB_DRIVERS"].split(":")
POCL = "/etc/OpenCL/vendors/pocl.icd"
REASON = "it cannot stand that"
PROBE = "soma-probe-open"  # Linux keeps 15 characters of a program's name


class DriverTest(ProgramTest):
    """Each test has drivers, a cache directory and a log of its own."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("vendors"))
        self.stubs = []
        for number, stub in enumerate(STUBS):
            self.stubs.append(shutil.copy2(stub, self.path(f"stub{number}.so")))
        self.install(0)

    def install(self, number):
        self.write(f"vendors/stub{number}.icd", self.stubs[number] + "\n")

    def install_pocl(self):
        """A driver that works."""
        if not os.path.exists(POCL):
            self.skipTest("PoCL is not installed")
        found = run("devices", "--device=opencl:0", environment={"OCL_ICD_VENDORS": POCL, "OCL_ICD_FILENAMES": ""})
        if found.returncode != DONE:
            self.skipTest("PoCL finds no device here: " + found.stderr)
        shutil.copy(POCL, self.path("vendors"))

    def environment(self, behaviour, **more):
        return {"OCL_ICD_VENDORS": self.path("vendors"), "OCL_ICD_FILENAMES": "", "STUB_DRIVER": behaviour,
                "STUB_LOG": self.path("log"), "SOMA_CACHE_DIR": self.path("cache"), "SOMA_OPENCL_PROBE": "", **more}

    def askers(self):
        """The programs that have asked a stub for its devices since the last look."""
        if not os.path.exists(self.path("log")):
            return []
        with open(self.path("log"), encoding="utf-8") as file:
            names = file.read().split()
        os.remove(self.path("log"))
        return names

    def cached(self):
        return [os.path.join(self.path("cache"), name) for name in os.listdir(self.path("cache")) if name.startswith("opencl-drivers-")]

    def expect_passed_over(self, environment, *words, platforms=("Stub",)):
        """soma devices goes on, and says why each of these platforms is passed over."""
        listed = self.json("devices", environment=environment)
        self.assertEqual(listed["devices"][0]["device"], "cpu")
        reasons = {row["platform"]: row["reason"] for row in listed["passed_over"]}
        for platform in platforms:
            self.assertIn(platform, reasons)
            for word in words:
                self.assertIn(word, reasons[platform])
        return listed


class Failing(DriverTest):
    def test_every_way_to_end_the_process(self):
        for behaviour, words in {"abort": ["SIGABRT", REASON], "crash": ["SIGSEGV", REASON], "exit": ["exit status 3", REASON]}.items():
            with self.subTest(behaviour):
                self.expect_passed_over(self.environment(behaviour, SOMA_CACHE_DIR=self.path(behaviour)), *words)

    def test_the_others_serve(self):
        self.install_pocl()
        environment = self.environment("abort")
        listed = self.expect_passed_over(environment, "SIGABRT")
        self.assertEqual([row["device"] for row in listed["devices"]], ["cpu", "opencl:0"])
        for device in ("auto", "gpu", "opencl:0"):
            trained = self.json("train", "--epochs=1", f"--device={device}", environment=environment)
            self.assertIn(trained["device"], ["cpu", "opencl:0"] if device == "auto" else ["opencl:0"])

    def test_two_that_fail(self):
        self.install_pocl()
        self.install(1)
        listed = self.expect_passed_over(self.environment("abort"), "SIGABRT", platforms=("Stub", "Second stub"))
        self.assertEqual([row["device"] for row in listed["devices"]], ["cpu", "opencl:0"])

    def test_none_that_serves(self):
        environment = self.environment("abort")
        self.assertEqual(self.json("train", "--epochs=1", environment=environment)["device"], "cpu")
        for device in ("gpu", "opencl:0", "opencl"):
            self.refuse(NO_DEVICE, ["Stub", "SIGABRT", REASON], "train", f"--device={device}", environment=environment)

    def test_one_that_never_answers(self):
        self.install_pocl()
        environment = self.environment("hang", SOMA_OPENCL_PROBE="1")
        start = time.monotonic()
        listed = self.expect_passed_over(environment, "did not answer within 1 s")
        self.assertEqual([row["device"] for row in listed["devices"]], ["cpu", "opencl:0"])
        for device in ("auto", "gpu", "opencl:0"):
            self.json("train", "--epochs=1", f"--device={device}", environment=environment)
        self.assertEqual(self.askers(), [PROBE])
        self.assertLess(time.monotonic() - start, 60)
        os.remove(self.path("vendors/pocl.icd"))
        self.refuse(NO_DEVICE, ["Stub", "did not answer within 1 s"], "train", "--device=opencl:0", environment=environment)

    def test_one_that_fails_when_it_is_loaded(self):
        self.install_pocl()
        for behaviour, word in {"load-abort": "SIGABRT", "load-hang": "did not answer"}.items():
            environment = self.environment(behaviour, SOMA_OPENCL_PROBE="1", SOMA_CACHE_DIR=self.path(behaviour))
            self.expect_passed_over(environment, "asked for its platforms", word, platforms=("OpenCL",))
            self.assertEqual(self.json("train", "--epochs=1", environment=environment)["device"], "cpu")
            self.refuse(NO_DEVICE, [word], "train", "--device=opencl:0", environment=environment)

    def test_it_can_be_left_out(self):
        result = run("devices", environment=self.environment("abort", SOMA_OPENCL_PROBE="off"))
        self.assertEqual(result.returncode, -signal.SIGABRT)
        self.assertEqual(self.askers(), [os.path.basename(PROGRAM)])

    def test_a_setting_that_makes_no_sense(self):
        for setting in ("no", "0", "601", "1s", "-1"):
            environment = self.environment("abort", SOMA_OPENCL_PROBE=setting)
            self.refuse(NO_DEVICE, ["SOMA_OPENCL_PROBE", f'"{setting}"', "off", "1 to 600"], "train", "--device=opencl:0", environment=environment)


# What is not there. A program that the address sanitizer watches ends without /proc, where it looks for leaks and for its own options.
MISSING = [["/sys"], ["/sys", "/dev"], *([] if "ASAN_OPTIONS" in os.environ else [["/sys", "/dev", "/proc"]])]


class Bare(DriverTest):
    """In a system without what drivers count on: a chroot into which nobody mounted anything."""

    def bare(self, *arguments, missing, environment):
        """Runs the program with these directories empty, in a mount namespace of its own."""
        directory = os.path.dirname(PROGRAM)
        script = " && ".join([f"mount -t tmpfs none {place}" for place in missing] + ['exec "$@"'])
        options = ["--mount"] if os.geteuid() == 0 else ["--map-root-user", "--mount"]
        if not shutil.which("unshare") or subprocess.run(["unshare", *options, "mount", "-t", "tmpfs", "none", "/sys"], check=False,
                                                         capture_output=True).returncode:
            self.skipTest("no mount namespace can be made here")
        # Without /proc the loader does not know where a program lies, nor the libraries beside it.
        libraries = os.path.join(directory, "..", "src") + ":" + os.environ.get("LD_LIBRARY_PATH", "")
        return subprocess.run(["unshare", *options, "sh", "-c", script, "sh", PROGRAM, *arguments], capture_output=True, text=True, timeout=100,
                              check=False, env={**os.environ, **environment, "LD_LIBRARY_PATH": libraries})

    def test_drivers_are_tried_there_too(self):
        for missing in MISSING:
            with self.subTest(missing):
                environment = self.environment("abort", SOMA_CACHE_DIR=self.path("".join(missing).replace("/", "-")))
                result = self.bare("devices", missing=missing, environment=environment)
                self.assertEqual(result.returncode, DONE, result.stderr)
                self.assertIn("Stub: asked for its devices, it ended the process (SIGABRT)", result.stdout)

    def test_the_drivers_of_this_machine(self):
        environment = {"SOMA_CACHE_DIR": self.path("cache"), "SOMA_OPENCL_PROBE": ""}
        for missing in MISSING:
            for arguments in (["devices"], ["train", "--epochs=1", "--quiet"]):
                with self.subTest(f"{missing} {arguments}"):
                    result = self.bare(*arguments, missing=missing, environment=environment)
                    self.assertEqual(result.returncode, DONE, result.stderr)


class Remembering(DriverTest):
    """What was found out is kept, as long as nothing changes."""

    def test_one_that_answers_is_tried_once(self):
        environment = self.environment("")
        name = os.path.basename(PROGRAM)
        self.expect_passed_over(environment, "no device")
        self.assertEqual(self.askers(), [PROBE, name])
        self.expect_passed_over(environment, "no device")
        self.assertEqual(self.askers(), [name])

    def test_one_that_fails_is_tried_once(self):
        environment = self.environment("abort")
        for expected in ([PROBE], []):
            self.expect_passed_over(environment, "SIGABRT")
            self.assertEqual(self.askers(), expected)

    def test_a_platform_is_known_by_its_name_maker_and_version(self):
        self.expect_passed_over(self.environment("abort"), "SIGABRT")
        path, = self.cached()
        with open(path, encoding="utf-8") as file:
            self.assertIn("Stub, Tests, OpenCL 1.2 stub", file.read())

    def test_another_driver_is_tried_again(self):
        environment = self.environment("")
        self.expect_passed_over(environment, "no device")
        self.askers()
        changes = {"the driver's file": lambda: os.utime(self.stubs[0], (1, 1)),
                   "the file that names it": lambda: os.utime(self.path("vendors/stub0.icd"), (1, 1)),
                   "one driver more": lambda: self.install(1),
                   "the environment": lambda: environment.update(POCL_DEBUG="0")}
        for what, change in changes.items():
            with self.subTest(what):
                change()
                self.expect_passed_over(environment, "no device")
                self.assertIn(PROBE, self.askers())
                self.expect_passed_over(environment, "no device")
                self.assertNotIn(PROBE, self.askers())

    def test_a_driver_that_was_not_there_before(self):
        """The file that names it was, and has not changed."""
        self.install(1)
        os.rename(self.stubs[1], self.path("away"))
        self.expect_passed_over(self.environment(""), "no device")
        os.rename(self.path("away"), self.stubs[1])
        self.askers()
        environment = self.environment("abort")
        self.expect_passed_over(environment, "SIGABRT", platforms=("Stub", "Second stub"))
        self.assertEqual(set(self.askers()), {PROBE})

    def test_a_reason_holds_for_some_minutes(self):
        environment = self.environment("abort")
        self.expect_passed_over(environment, "SIGABRT")
        path, = self.cached()
        for age, expected in {500: [], 700: [PROBE], -500: [PROBE]}.items():
            self.askers()
            self.rewrite(path, int(time.time()) - age)
            self.expect_passed_over(environment, "SIGABRT")
            self.assertEqual(self.askers(), expected, f"{age} seconds old")

    def rewrite(self, path, tried):
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        lines = [f"tried {tried}" if line.startswith("tried ") else line for line in lines[:-2]]
        text = "\n".join(lines) + "\n"
        total = 0xcbf29ce484222325  # 64-bit FNV-1a
        for byte in text.encode():
            total = (total ^ byte) * 0x100000001b3 & (1 << 64) - 1
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"{text}sum {total:016x}\n")

    def test_a_damaged_file_is_not_believed(self):
        environment = self.environment("abort")
        self.expect_passed_over(environment, "SIGABRT")
        path, = self.cached()
        with open(path, "rb") as file:
            good = file.read()
        bad = [b"", good[:-1], good[:100], good.replace(b"SIGABRT", b"SIGSEGV"), good.replace(b"\n", b"\0", 1), good + b"\n", good + good,
               b"x" * 200000]
        for content in bad:
            self.askers()
            self.write(path, content)
            self.expect_passed_over(environment, "SIGABRT")
            self.assertEqual(self.askers(), [PROBE])
            with open(path, "rb") as file:
                self.assertIn(b"SIGABRT", file.read())

    def test_without_a_place_to_keep_it(self):
        for more in ({"SOMA_CACHE_DIR": "", "XDG_CACHE_HOME": "", "HOME": ""}, {"SOMA_CACHE_DIR": "/proc/nowhere"}):
            environment = self.environment("abort", **more)
            for _ in range(2):
                self.expect_passed_over(environment, "SIGABRT")
                self.assertEqual(self.askers(), [PROBE])

    def test_several_processes_at_once(self):
        environment = {**os.environ, **self.environment("abort")}
        running = [subprocess.Popen([PROGRAM, "devices", "--json"], env=environment, stdout=subprocess.PIPE, text=True) for _ in range(6)]
        for process in running:
            output, _ = process.communicate(timeout=100)
            self.assertEqual(process.returncode, DONE)
            self.assertIn("SIGABRT", output)
        self.assertEqual(len(os.listdir(self.path("cache"))), 1)
        self.askers()
        self.expect_passed_over(environment, "SIGABRT")
        self.assertEqual(self.askers(), [])


class Order(DriverTest):
    """Numbers do not depend on the order in which a directory or a loader gives the drivers."""

    def test_gpus_come_first(self):
        self.install_pocl()
        self.install(1)
        for sort in ({}, {"OCL_ICD_PLATFORM_SORT": "none"}, {"OCL_ICD_PLATFORM_SORT": "devices"}):
            listed = self.json("devices", environment=self.environment("", STUB_GPUS="2", **sort))
            numbers = {row["device"]: row["platform"] for row in listed["devices"] + listed["passed_over"]}
            self.assertEqual(len(numbers), 6)
            self.assertEqual({numbers[f"opencl:{i}"] for i in range(4)}, {"Stub", "Second stub"})
            self.assertEqual(numbers["opencl:0"], numbers["opencl:1"])
            self.assertEqual(numbers["opencl:4"], "Portable Computing Language")


class Versions(DriverTest):
    """OpenCL 1.2 is needed, and what comes after it will do."""

    def reason(self, version):
        self.install(1)
        listed = self.json("devices", environment=self.environment("", STUB_GPUS="1", STUB_VERSION=version))
        return listed["passed_over"][0]["reason"]

    def test_older_ones_are_passed_over_by_their_version(self):
        for version in ("OpenCL 1.0 stub", "OpenCL 1.1 stub", "OpenCL 0.9 stub", "OpenCL", "1.2 stub"):
            with self.subTest(version):
                self.assertEqual(self.reason(version), f'it speaks "{version}"; OpenCL 1.2 is needed')

    def test_those_that_will_do_are_judged_by_what_they_have(self):
        for version in ("OpenCL 1.2 stub", "OpenCL 2.0 stub", "OpenCL 2.1 stub", "OpenCL 3.0 stub"):
            with self.subTest(version):
                self.assertIn("it has 1 bytes of memory", self.reason(version))


class Probing(DriverTest):
    """The program that asks."""

    def test_without_it_drivers_are_asked_right_away(self):
        for program in (self.path("nowhere"), "/bin/true", "/bin/cat", self.write("text", "no program")):
            environment = self.environment("", SOMA_OPENCL_PROBE_PROGRAM=program)
            self.expect_passed_over(environment, "no device")
            self.assertEqual(self.askers(), [os.path.basename(PROGRAM)])
            self.assertFalse(os.path.exists(self.path("cache")))

    def test_the_device_cpu_needs_none(self):
        self.json("train", "--epochs=1", "--device=cpu", environment=self.environment("abort"))
        self.assertEqual(self.askers(), [])


if __name__ == "__main__":
    main()
