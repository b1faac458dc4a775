/* SPDX-License-Identifier: MIT */
/* The IDX format: the parts that need no path. */
#ifndef SOMA_IO_IDX_H
#define SOMA_IO_IDX_H

#include "io/stream.h"
#include <soma/soma.h>

/* As soma_dataset_from_idx(), from streams; labels may be NULL. */
soma_status soma_idx_read(soma_stream *images, soma_stream *labels, size_t classes, soma_dataset **dataset);

#endif
