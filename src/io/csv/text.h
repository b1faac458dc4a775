/* SPDX-License-Identifier: MIT */
/* The whole text of a table: mapped from a plain file, or inflated. */
#ifndef SOMA_IO_CSV_TEXT_H
#define SOMA_IO_CSV_TEXT_H

#include "base/base.h"

typedef struct soma_csv_text {
    const char *data;
    size_t size;
    void *mapping; /* of `size` bytes, or NULL */
    char *memory;  /* or NULL */
} soma_csv_text;

/* Close the text also after a failure. */
soma_status soma_csv_open(const char *path, soma_csv_text *text);
void soma_csv_close(soma_csv_text *text);

#endif
