/* SPDX-License-Identifier: MIT */
/* Files that appear whole or not at all: written beside the target, synced, renamed. */
#ifndef SOMA_TOOLS_OUTPUT_FILE_H
#define SOMA_TOOLS_OUTPUT_FILE_H

#include "program.h"

/*
 * Before long work: can a file be written at the path of this option? STATUS_FAILED with a message if not. path NULL:
 * nothing to ask.
 */
exit_status output_file_try(const char *option, const char *path);

struct output_file {
    FILE *stream;
    const char *option, *path; /* borrowed */
    char *target, *temporary;  /* NULL where it is written straight */
};

/* Opens the temporary file. Then write to ->stream, and close; write errors come out in closing. */
exit_status output_file_open(const char *option, const char *path, struct output_file *file);
exit_status output_file_close(struct output_file *file);

#endif
