/* SPDX-License-Identifier: MIT */
/* What ATTENTION and its gradient share: products of pieces of their operands by the tiles of GEMM. */
#ifndef SOMA_DEVICE_CPU_ATTENTION_H
#define SOMA_DEVICE_CPU_ATTENTION_H

#include "device/cpu/gemm/product.h"
#include "device/cpu/rows.h"
#include "kernels/attention_call.h"

/* Of the mathematics of a weight, beside the products. */
#define ATTENTION_WEIGHT_NANOSECONDS (4.0 / SOMA_LANES)

/* Rows of a head in memory. */
typedef gemm_matrix attention_rows;

static inline attention_rows attention_rows_of(const soma_view *view, size_t sample, size_t head, size_t heads) {
    const size_t stride = view->shape[2], width = stride / heads;
    return (attention_rows){soma_cpu_floats(view) + sample * view->shape[1] * stride + head * width, stride};
}

/* Some rows from `first` on. */
static inline attention_rows attention_from(attention_rows rows, size_t first) {
    return (attention_rows){rows.at + first * rows.stride, rows.stride};
}

/* What is added to the scores of some keys: 0, or -infinity where the mask is 0. NULL without a mask. */
static inline const float *attention_hide(const float *mask, soma_range keys, float *hidden) {
    if (!mask) return NULL;
    for (size_t key = keys.begin; key < keys.end; key++)
        hidden[key - keys.begin] = mask[key] == 0.0f ? -__builtin_inff() : 0.0f;
    return hidden;
}

/* Which keys of a sample are seen; NULL: all. */
static inline const float *attention_mask_of(const soma_view *view, size_t sample) {
    return view->rank == 2 ? soma_cpu_floats(view) + sample * view->stride[0] : NULL;
}

/* What is added to the scores of a head, a row for each query, which may be the same; NULL: nothing. */
static inline attention_rows attention_added_of(const soma_view *view, size_t sample, size_t head) {
    if (!soma_attention_is_added(view)) return (attention_rows){NULL, 0};
    return (attention_rows){soma_cpu_floats(view) + sample * view->stride[0] + head * view->stride[1], view->stride[2]};
}

static inline double attention_nanoseconds(const soma_call *call, soma_attention_size size, double products) {
    const double pairs = (double)size.samples * (double)size.heads * (double)size.steps * (double)size.keys;
    const double each = 0.3 / SOMA_LANES * products * (double)(size.width + size.value_width);
    return pairs * (each + ATTENTION_WEIGHT_NANOSECONDS) * (call->params.attention.causal ? 0.5 : 1.0);
}

#endif
