/* SPDX-License-Identifier: MIT */
/* What the name of a file says of its kind. */
#ifndef SOMA_TOOLS_FILE_NAME_H
#define SOMA_TOOLS_FILE_NAME_H

#include <stdbool.h>
#include <string.h>

/* `ending` with its dot. */
static inline bool ends_in(const char *path, const char *ending) {
    size_t length = strlen(path), size = strlen(ending);
    return length >= size && strcmp(path + length - size, ending) == 0;
}

/* Also with .gz behind it. */
static inline bool ends_in_or_gzipped(const char *path, const char *ending) {
    size_t length = strlen(path), size = strlen(ending);
    if (ends_in(path, ".gz")) length -= 3;
    return length >= size && strncmp(path + length - size, ending, size) == 0;
}

#endif
