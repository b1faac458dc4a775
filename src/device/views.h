/* SPDX-License-Identifier: MIT */
/* Views of tensors in device memory: made, absent, and under another shape. */
#ifndef SOMA_DEVICE_VIEWS_H
#define SOMA_DEVICE_VIEWS_H

#include <soma/device.h>
#include <string.h>

/* A contiguous view of `rank` dimensions. */
static inline soma_view soma_view_of(void *memory, size_t offset, soma_dtype dtype, uint32_t rank,
                                     const size_t *shape) {
    soma_view view;
    memset(&view, 0, sizeof view);
    view.memory = memory;
    view.offset = offset;
    view.dtype = dtype;
    view.rank = rank;
    size_t stride = 1;
    for (uint32_t i = rank; i-- > 0;) {
        view.shape[i] = shape[i];
        view.stride[i] = stride;
        stride *= shape[i];
    }
    return view;
}

static inline soma_view soma_view_absent(void) {
    soma_view view;
    memset(&view, 0, sizeof view);
    return view;
}

static inline bool soma_view_present(const soma_view *view) {
    return view->rank != 0;
}

/* The same elements under another contiguous shape. */
static inline soma_view soma_view_reshape(const soma_view *view, uint32_t rank, const size_t *shape) {
    return soma_view_of(view->memory, view->offset, view->dtype, rank, shape);
}

static inline soma_view soma_view_flat(const soma_view *view) {
    size_t count = soma_view_count(view);
    return soma_view_reshape(view, 1, &count);
}

#endif
