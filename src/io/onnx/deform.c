/* SPDX-License-Identifier: MIT */
/* DeformConv: a convolution whose taps lie where the model finds them, between the positions of an image (Dai et al.
 * 2017; with a mask, Zhu et al. 2019). */
#include "io/onnx/compose.h"
#include "io/onnx/window.h"

typedef struct deformed {
    soma_onnx_window window;
    size_t size[2], taps, points; /* of the result; of the kernel; positions of the result */
    int64_t groups, offsets;      /* of channels that the filters share, and of those that move together */
} deformed;

static soma_status get_sizes(soma_onnx_node *node, deformed *of) {
    const soma_onnx_shape *x = &node->input[0]->shape, *weight = &node->input[1]->shape;
    const soma_onnx_shape *offset = &node->input[2]->shape;
    const soma_onnx_value *mask = soma_onnx_optional(node, 4);
    SOMA_TRY(soma_onnx_get_integer(node, "group", 1, &of->groups));
    SOMA_TRY(soma_onnx_get_integer(node, "offset_group", 1, &of->offsets));
    if (x->rank != 4 || weight->rank != 4 || offset->rank != 4 || (mask && mask->shape.rank != 4) || !x->batched ||
        !offset->batched || weight->batched || of->groups < 1 || of->offsets < 1 || of->offsets > (int64_t)x->dim[1] ||
        x->dim[1] % (size_t)of->offsets)
        return soma_error(
            SOMA_UNSUPPORTED,
            "an image of %u dimensions, a weight of %u and offsets of %u, in %lld groups; all have 4, image "
            "and offsets depend on inputs, and %zu channels are a multiple of the groups",
            x->rank, weight->rank, offset->rank, (long long)of->offsets, x->rank > 1 ? x->dim[1] : 0);
    SOMA_TRY(soma_onnx_get_window(node, 2, weight->dim + 2, &of->window));
    of->taps = of->window.kernel[0] * of->window.kernel[1];
    of->points = 1;
    for (uint32_t i = 0; i < 2; i++) {
        const int64_t room =
            (int64_t)x->dim[2 + i] + of->window.before[i] + of->window.after[i] - soma_onnx_reach(&of->window, i);
        of->size[i] = room < 0 ? 0 : (size_t)(room / of->window.stride[i]) + 1;
        if (of->size[i] == 0 || of->size[i] != offset->dim[2 + i])
            return soma_error(SOMA_INVALID_SHAPE, "offsets of %zu positions where the result has %zu",
                              offset->dim[2 + i], of->size[i]);
        if (!soma_multiply_size(of->points, of->size[i], &of->points)) of->points = SIZE_MAX;
    }
    if (of->taps > INT32_MAX || of->points > INT32_MAX / of->taps ||
        offset->dim[1] != 2 * of->taps * (size_t)of->offsets ||
        (mask && mask->shape.dim[1] != of->taps * (size_t)of->offsets))
        return soma_error(SOMA_INVALID_SHAPE, "%zu offsets for %zu taps in %lld groups, at %zu positions",
                          offset->dim[1], of->taps, (long long)of->offsets, of->points);
    return SOMA_OK;
}

/* Where the taps lie before they are moved: [1, points x taps, 1]. */
static soma_status make_base(soma_onnx_node *node, const deformed *of, uint32_t axis, soma_onnx_value *base) {
    const size_t count = of->points * of->taps, width = of->window.kernel[1];
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make_table(node, of->points, of->taps, &numbers));
    for (size_t i = 0; i < count; i++) {
        const size_t tap = i % of->taps, point = i / of->taps;
        const size_t at = axis ? point % of->size[1] : point / of->size[1], k = axis ? tap % width : tap / width;
        numbers[i] = (double)at * of->window.stride[axis] + (double)k * of->window.dilation[axis] -
                     (double)of->window.before[axis];
    }
    return soma_onnx_compose_numbers(node, axis ? ".columns" : ".rows", 3, (size_t[]){1, count, 1}, numbers, base);
}

/* Of channels [taps x parts] of a group one part of each tap: [batch, points x taps, 1]. */
static soma_status get_part(soma_onnx_node *node, const deformed *of, soma_onnx_value *x, size_t group, size_t parts,
                            size_t part, soma_onnx_value *out) {
    const int64_t taps = (int64_t)of->taps, points = (int64_t)of->points;
    SOMA_TRY(soma_onnx_compose_part(node, x, 1, group * of->taps * parts, of->taps * parts, out));
    SOMA_TRY(soma_onnx_compose_reshaped(node, out, (const int64_t[]){0, taps, (int64_t)parts, points}, 4, out));
    SOMA_TRY(soma_onnx_compose_part(node, out, 2, part, 1, out));
    SOMA_TRY(soma_onnx_compose_reshaped(node, out, (const int64_t[]){0, taps, points}, 3, out));
    SOMA_TRY(soma_onnx_compose_turned(node, out, (const int64_t[]){0, 2, 1}, out));
    return soma_onnx_compose_reshaped(node, out, (const int64_t[]){0, points * taps, 1}, 3, out);
}

/* What the taps see of the channels of a group: [batch, points x taps, channels]. */
static soma_status see(soma_onnx_node *node, const deformed *of, size_t group, soma_onnx_value *y) {
    soma_onnx_value *x = node->input[0], *mask = soma_onnx_optional(node, 4), channels, at[2], part;
    const size_t width = x->shape.dim[1] / (size_t)of->offsets;
    SOMA_TRY(soma_onnx_compose_part(node, x, 1, group * width, width, &channels));
    for (uint32_t axis = 0; axis < 2; axis++) {
        SOMA_TRY(make_base(node, of, axis, &part));
        SOMA_TRY(get_part(node, of, node->input[2], group, 2, axis, &at[axis]));
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Add, NULL, &at[axis], &at[axis], &part));
    }
    SOMA_TRY(soma_onnx_sample_linearly(node, &channels, at, y));
    if (!mask) return SOMA_OK;
    SOMA_TRY(get_part(node, of, mask, group, 1, 0, &part));
    return SOMA_ONNX_COMPOSE(node, Mul, NULL, y, y, &part);
}

/* The taps of a point are beside each other: so many positions of a convolution that goes on by as many. */
static soma_status import_deformed(soma_onnx_node *node) {
    const soma_onnx_shape w = node->input[1]->shape;
    soma_onnx_value y, more, weight, *inputs[] = {&y, &weight, soma_onnx_optional(node, 3)};
    deformed of = {.taps = 0};
    soma_onnx_made made;
    SOMA_TRY(get_sizes(node, &of));
    const int64_t taps = (int64_t)of.taps;
    for (size_t i = 0; i < (size_t)of.offsets; i++) {
        SOMA_TRY(see(node, &of, i, i ? &more : &y));
        soma_onnx_begin_made(&made);
        soma_onnx_made_integer(&made, "axis", 2);
        if (i) SOMA_TRY(SOMA_ONNX_COMPOSE(node, Concat, &made, &y, &y, &more));
    }
    SOMA_TRY(soma_onnx_compose_turned(node, &y, (const int64_t[]){0, 2, 1}, &y));
    SOMA_TRY(soma_onnx_compose_reshaped(node, node->input[1],
                                        (const int64_t[]){(int64_t)w.dim[0], (int64_t)w.dim[1], taps}, 3, &weight));
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "group", of.groups);
    soma_onnx_made_integers(&made, "strides", &taps, 1);
    SOMA_TRY(soma_onnx_compose(node, &soma_onnx_row_Conv, &made, inputs, inputs[2] ? 3 : 2, &y));
    SOMA_TRY(soma_onnx_compose_reshaped(
        node, &y, (const int64_t[]){0, (int64_t)w.dim[0], (int64_t)of.size[0], (int64_t)of.size[1]}, 4, &y));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(DeformConv, 19, 3, 5, "dilations group kernel_shape offset_group pads strides", import_deformed, 0);
