# SPDX-License-Identifier: MIT
"""Training that is killed at random moments: the last checkpoint always loads, nothing piles up beside it, and what was resumed
again and again ends with the bytes of a training that was never interrupted.

Usage: test_program_kill.py PROGRAM DEVICE [CLASS ...]
"""
import os
import random
import subprocess
import time

from program import DEVICE, PROGRAM, ProgramTest, main

KILLS = int(os.environ.get("KILLS", "200"))
NET = "dense 12 tanh; dropout 0.2; dense 10 softmax"


class Kill(ProgramTest):
    def command(self, *more):
        return [PROGRAM, "train", f"--device={DEVICE}", "--quiet", "--net", NET, "--epochs=8", "--optimizer=adam",
                "--schedule=plateau", "--early-stopping=5", "--restore-best", *more]

    def kill_after(self, seconds, command):
        """True if the command was killed; else it has ended well."""
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(seconds)
        process.kill()
        errors = process.communicate()[1]
        self.assertIn(process.returncode, (0, -9), errors)
        return process.returncode == -9

    def look_at_files(self):
        """The checkpoint loads, if there is one already; at most one temporary file lies beside it."""
        names = set(os.listdir(self.folder.name)) - {"whole", "checkpoint"}
        self.assertLessEqual(names, {".checkpoint.0.tmp"})
        if os.path.exists(self.path("checkpoint")):
            self.succeed("summary", "--model", self.path("checkpoint"))
        return len(names)

    def test_kill(self):
        moments = random.Random(1)
        self.succeed(*self.command(f"--save={self.path('whole')}")[1:])
        with open(self.path("whole"), "rb") as file:
            whole = file.read()
        kills = torn = trainings = 0
        checkpoint = self.path("checkpoint")
        while kills < KILLS:
            begun = os.path.exists(checkpoint)
            every = moments.choice([1, 5, 17])
            command = self.command(f"--checkpoint={checkpoint}", f"--every={every}", *([f"--resume={checkpoint}"] if begun else []))
            # Long enough to come some way: a checkpoint takes a few milliseconds where the disk is slow.
            if self.kill_after(moments.uniform(0, 0.15), command):
                kills += 1
                torn += self.look_at_files()
                continue
            self.assertEqual(self.finish(checkpoint), whole)
            trainings += 1
        if os.path.exists(checkpoint):
            self.assertEqual(self.finish(checkpoint), whole)
            trainings += 1
        print(f"{kills} kills, {torn} of them while a checkpoint was written, in {trainings} trainings")

    def finish(self, checkpoint):
        """The model that the rest of the training makes; its checkpoint goes."""
        self.succeed(*self.command(f"--resume={checkpoint}", f"--save={self.path('resumed')}")[1:])
        with open(self.path("resumed"), "rb") as file:
            resumed = file.read()
        for name in set(os.listdir(self.folder.name)) - {"whole"}:
            os.remove(self.path(name))
        return resumed


if __name__ == "__main__":
    main()
