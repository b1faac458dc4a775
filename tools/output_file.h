/* SPDX-License-Identifier: MIT */
/* Files of results, which appear whole or not at all: soma_write_file() puts them where they belong. */
#ifndef SOMA_TOOLS_OUTPUT_FILE_H
#define SOMA_TOOLS_OUTPUT_FILE_H

#include "program.h"
#include <stdbool.h>

/*
 * Before long work: can a file be written at the path of this option (NULL: of an operand)? STATUS_FAILED with a
 * message if not. path NULL: nothing to ask. The second form is for texts and pictures, which may go to a pipe or a
 * device as well.
 */
exit_status output_file_try(const char *option, const char *path);
exit_status output_text_try(const char *option, const char *path);

/* Whether both paths name one file, which need not be there yet. */
bool output_is_same(const char *first, const char *second);
/* A pipe or a device, which takes a result once and as it comes. */
bool output_is_stream(const char *path);

struct output_text {
    FILE *stream;
    const char *option, *path; /* borrowed */
    char *text;                /* what ->stream has taken up so far; NULL where it is written straight */
    size_t size;
};

/* Then write to ->stream, and close; write errors come out in closing. */
exit_status output_text_open(const char *option, const char *path, struct output_text *output);
exit_status output_text_close(struct output_text *output);
/* In place of closing, where what was to be written could not be made: no file appears. */
void output_text_discard(struct output_text *output);

#endif
