/* SPDX-License-Identifier: MIT */
/* CenterCropPad: the middle of a value, or the value in the middle of zeros. */
#include "io/onnx/compose.h"

static soma_status get_shape(soma_onnx_node *node, int64_t *wanted, uint32_t *axis, size_t *count) {
    const uint32_t rank = node->input[0]->shape.rank;
    int64_t axes[SOMA_ONNX_MAX_RANK];
    size_t axis_count;
    bool present;
    uint32_t seen = 0;
    SOMA_TRY(soma_onnx_integers(node, 1, wanted, SOMA_ONNX_MAX_RANK, count));
    SOMA_TRY(soma_onnx_get_integers(node, "axes", axes, SOMA_ONNX_MAX_RANK, &axis_count, &present));
    if (*count != (present ? axis_count : rank))
        return soma_error(SOMA_INVALID_FILE, "%zu sizes for %zu axes", *count, present ? axis_count : (size_t)rank);
    for (size_t i = 0; i < *count; i++) {
        SOMA_TRY(soma_onnx_axis(node, present ? axes[i] : (int64_t)i, rank, &axis[i]));
        if (seen >> axis[i] & 1 || wanted[i] < 1 || wanted[i] > INT32_MAX)
            return soma_error(SOMA_INVALID_FILE, "size %lld of axis %u; each axis may have one, of at least 1",
                              (long long)wanted[i], axis[i]);
        seen |= 1u << axis[i];
    }
    return SOMA_OK;
}

static soma_status import_center(soma_onnx_node *node) {
    soma_onnx_value y = *node->input[0], list;
    int64_t wanted[SOMA_ONNX_MAX_RANK], pads[2 * SOMA_ONNX_MAX_RANK] = {0};
    uint32_t axis[SOMA_ONNX_MAX_RANK];
    const uint32_t rank = y.shape.rank;
    size_t count;
    bool padded = false;
    SOMA_TRY(get_shape(node, wanted, axis, &count));
    for (size_t i = 0; i < count; i++) {
        const size_t size = y.shape.dim[axis[i]], target = (size_t)wanted[i];
        if (size > target) SOMA_TRY(soma_onnx_compose_part(node, &y, axis[i], (size - target) / 2, target, &y));
        if (size >= target) continue;
        padded = true;
        pads[axis[i]] = (int64_t)((target - size) / 2);
        pads[rank + axis[i]] = (int64_t)(target - size) - pads[axis[i]];
    }
    if (padded) {
        SOMA_TRY(soma_onnx_compose_list(node, pads, 2 * (size_t)rank, &list));
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Pad, NULL, &y, &y, &list));
    }
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_CARRIER(CenterCropPad, 18, 2, 2, "axes", import_center, 0);
