/* SPDX-License-Identifier: MIT */
/* What --data was found to be, and what came of it before it is divided. */
#ifndef SOMA_TOOLS_SOURCE_H
#define SOMA_TOOLS_SOURCE_H

#include "options.h"

enum source {
    SOURCE_DIGITS,
    SOURCE_DIRECTORY,
    SOURCE_IDX,
    SOURCE_NPY,
    SOURCE_NPZ,
    SOURCE_IMAGES,
    SOURCE_TABLE,
    SOURCE_TEXT,
    SOURCE_SERIES /* a table whose rows follow each other in time */
};

/* A file as loaded, not divided, or the two sets of a source that comes divided. */
struct loaded {
    enum source source;
    soma_dataset *whole, *train, *test;
    soma_dataset *validation; /* of a text or a series, which is divided as it is read */
};

enum source source_of(const struct settings *settings);
/* A pipe, a terminal: what is read of it is gone. */
bool source_is_stream(const char *path);

#endif
