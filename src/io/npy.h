/* SPDX-License-Identifier: MIT */
/* NumPy's array files. */
#ifndef SOMA_IO_NPY_H
#define SOMA_IO_NPY_H

#include "base/base.h"

/*
 * Writes a row-major array as NPY, version 1.0, in the host's byte order, which the file names. rank 0 is a single
 * number. Atomic, see io/file.h.
 */
soma_status soma_npy_write(const char *path, soma_dtype dtype, uint32_t rank, const size_t *shape, const void *data);

#endif
