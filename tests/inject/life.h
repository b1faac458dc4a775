/* SPDX-License-Identifier: MIT */
/*
 * All that a program does with soma, from opening a device to closing it: reads a table, builds, trains with
 * checkpoints, is stopped, resumes with data that are streamed, saves, loads, predicts. Where a step fails it is tried
 * once more, and must then succeed; the end is the same as without a failure.
 */
#ifndef TESTS_INJECT_LIFE_H
#define TESTS_INJECT_LIFE_H

/* Goes through it in a directory that is there. The first time sets what all others are held against. What is found
 * ends the process, by life_fault(). */
void life_live(const char *device, const char *directory);

/* Tells what is wrong, and ends the process: after it nothing could be relied on. */
void life_fault(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
