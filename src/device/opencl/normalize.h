/* SPDX-License-Identifier: MIT */
/* How NORMALIZE and its gradient are cut into launches; see kernels/normalize.cl. */
#ifndef SOMA_DEVICE_OPENCL_NORMALIZE_H
#define SOMA_DEVICE_OPENCL_NORMALIZE_H

#include "device/opencl/reduce.h"
#include "kernels/normalize.h"

typedef struct normalize_shape {
    size_t outer, inner, groups, c, columns;
    size_t pieces, length; /* of the rows of one outer */
} normalize_shape;

/* Floats of a piece on a processor, and its rows at least: it stays in a core's own cache while its columns are gone
 * through, a vector of them after the other. */
#define NORMALIZE_PIECE ((size_t)32 * 1024)
#define NORMALIZE_ROWS  ((size_t)64)

static inline normalize_shape normalize_shape_of(const soma_cl_builder *builder) {
    const size_t *x = builder->call->view[0].shape;
    normalize_shape s = {.outer = x[0], .inner = x[1], .groups = x[2], .c = x[3], .columns = x[2] * x[3]};
    size_t items = soma_cl_reducing_items(builder->device, s.outer, s.columns);
    s.length = SOMA_MAX(soma_cl_pieces(s.inner, soma_cl_axis_pieces(builder->device, items, s.inner)), (size_t)1);
    if (soma_cl_works_on_vectors(builder->device) && s.columns > builder->device->style.width)
        s.length = SOMA_MIN(s.length, SOMA_MAX(NORMALIZE_PIECE / s.columns, NORMALIZE_ROWS));
    s.pieces = SOMA_MAX(soma_cl_pieces(s.inner, s.length), (size_t)1); /* no rows have figures too */
    return s;
}

static inline bool normalize_is_rows(const normalize_shape *s) {
    return s->inner == 1 && s->c > 1;
}

static inline bool normalize_has(const soma_cl_builder *builder, uint32_t view) {
    return builder->call->view[view].rank != 0;
}

static inline uint32_t normalize_flag(const soma_cl_builder *builder, uint32_t view, uint32_t flag) {
    return normalize_has(builder, view) ? flag : 0;
}

/* Ends a launch in which a work-item handles neighbouring columns of one of so many pieces. */
static inline void normalize_end_columns(soma_cl_builder *builder, const normalize_shape *s, size_t pieces) {
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_wide_column_groups(builder->device, s->columns),
                pieces);
}

#endif
