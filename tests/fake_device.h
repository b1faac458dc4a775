/* SPDX-License-Identifier: MIT */
/* For tests of the device core: a kind with made-up devices of every sort, the test plugins, a log that is kept. */
#ifndef SOMA_TESTS_FAKE_DEVICE_H
#define SOMA_TESTS_FAKE_DEVICE_H

#include <soma/soma.h>

/* "fake": 0 an OpenCL processor, 1 a small GPU, 2 a large one, 3 a larger one that is not usable, 4 an accelerator.
   Memory of one of them is the host's; the driver refuses 1024 bytes. */
#define FAKE_COUNT 5
extern soma_device_api fake_api;
extern bool fake_is_hidden[FAKE_COUNT]; /* not listed */

/* The environment variable holds the plugin's path. */
void load_plugin(const char *variable);
soma_device *open_plugin(const char *variable, const char *name, const soma_device_options *options);

/* A receiver for soma_log_set(): the lines, one after the other. */
extern char log_lines[4096];
void keep_log(void *context, soma_log_level level, const char *message);
size_t count_in(const char *text, const char *piece);

void expect_contains(const char *text, const char *piece);

#endif
