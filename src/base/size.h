/* SPDX-License-Identifier: MIT */
#ifndef SOMA_BASE_SIZE_H
#define SOMA_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A number of a file as a size; false where it is negative, or too large for the addresses of this machine. */
static inline bool soma_size_of(int64_t number, size_t *size) {
    return !__builtin_add_overflow(number, 0, size);
}

#endif
