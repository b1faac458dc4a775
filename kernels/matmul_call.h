/* SPDX-License-Identifier: MIT */
/* MATMUL, for C: its sizes, and where its matrices begin, for the host and all devices. */
#ifndef SOMA_KERNELS_MATMUL_CALL_H
#define SOMA_KERNELS_MATMUL_CALL_H

#include <soma/device.h>

enum { MATMUL_A, MATMUL_B, MATMUL_C };

/* count: of matrices; each product is of [m, k] and [k, n]. */
typedef struct soma_matmul_size {
    size_t count, m, n, k;
} soma_matmul_size;

/* Of a call whose views have been checked. */
static inline soma_matmul_size soma_matmul_size_of(const soma_call *call) {
    const soma_view *a = &call->view[MATMUL_A], *c = &call->view[MATMUL_C];
    soma_matmul_size size = {1, c->shape[c->rank - 2], c->shape[c->rank - 1], a->shape[a->rank - 1]};
    for (uint32_t i = 0; i + 2 < c->rank; i++) size.count *= c->shape[i];
    return size;
}

/* Where matrix number `number` of a view begins, in elements. */
static inline size_t soma_matmul_place(const soma_view *view, size_t number) {
    size_t at = 0;
    for (uint32_t i = view->rank - 2; i-- > 0; number /= view->shape[i])
        at += number % view->shape[i] * view->stride[i];
    return at;
}

/* The distance of rows, and of columns: whatever it is, that of a dimension of 1 serves as well as another. */
static inline size_t soma_matmul_row(const soma_view *view) {
    return view->stride[view->rank - 2];
}
static inline size_t soma_matmul_column(const soma_view *view) {
    return view->stride[view->rank - 1];
}

/* Whether the elements of a row lie one after the other; else, in a view that was checked, those of a column do. */
static inline bool soma_matmul_is_by_row(const soma_view *view) {
    return soma_matmul_column(view) == 1 || view->shape[view->rank - 1] <= 1;
}

#endif
