/* SPDX-License-Identifier: MIT */
/* Strided views: their shapes for the kernels. */
#include "device/opencl/strided.h"

soma_cl_strided soma_cl_collapse(const soma_view *first, const soma_view *second) {
    soma_cl_strided result;
    for (uint32_t i = 0; i < SOMA_MAX_RANK; i++) {
        result.shape[i] = 1;
        result.first[i] = result.second[i] = 0;
    }
    uint32_t to = SOMA_MAX_RANK; /* the dimension filled last */
    for (uint32_t from = first->rank; from-- > 0;) {
        size_t extent = first->shape[from];
        if (extent == 1) continue;
        if (to < SOMA_MAX_RANK && first->stride[from] == result.first[to] * result.shape[to] &&
            second->stride[from] == result.second[to] * result.shape[to]) {
            result.shape[to] *= extent;
            continue;
        }
        to--;
        result.shape[to] = extent;
        result.first[to] = first->stride[from];
        result.second[to] = second->stride[from];
    }
    if (to == SOMA_MAX_RANK) result.first[to - 1] = result.second[to - 1] = 1; /* one element */
    return result;
}

bool soma_cl_is_flat(const soma_cl_strided *strided) {
    for (uint32_t i = 0; i + 1 < SOMA_MAX_RANK; i++)
        if (strided->shape[i] != 1) return false;
    return strided->first[SOMA_MAX_RANK - 1] == 1 && strided->second[SOMA_MAX_RANK - 1] == 1;
}

void soma_cl_pass_shape(soma_cl_builder *builder, const soma_cl_strided *strided) {
    for (uint32_t i = 1; i < SOMA_MAX_RANK; i++) soma_cl_pass_size(builder, strided->shape[i]);
}

void soma_cl_pass_strides(soma_cl_builder *builder, const size_t *strides) {
    for (uint32_t i = 0; i < SOMA_MAX_RANK; i++) soma_cl_pass_size(builder, strides[i]);
}
