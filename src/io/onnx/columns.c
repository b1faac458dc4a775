/* SPDX-License-Identifier: MIT */
/* Col2Im: adds up blocks where they lie in an image, as a transposed convolution does whose weights are 1 and 0. */
#include "io/onnx/compose.h"
#include "io/onnx/window.h"

typedef struct image {
    uint32_t rank;
    int64_t size[SOMA_ONNX_IMAGE_RANK], block[SOMA_ONNX_IMAGE_RANK];    /* of the image, of a block */
    int64_t count[SOMA_ONNX_IMAGE_RANK], missing[SOMA_ONNX_IMAGE_RANK]; /* of blocks; no block reaches so many */
    size_t elements, channels;                                          /* of a block's channel; of the image */
} image;

static soma_status read_image(soma_onnx_node *node, image *of, soma_onnx_window *window) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    size_t count, blocks, all = 1;
    SOMA_TRY(soma_onnx_integers(node, 1, of->size, SOMA_ONNX_IMAGE_RANK, &count));
    SOMA_TRY(soma_onnx_integers(node, 2, of->block, SOMA_ONNX_IMAGE_RANK, &blocks));
    if (x->rank != 3 || count != blocks || count == 0)
        return soma_error(SOMA_INVALID_FILE, "%u dimensions, %zu sizes of the image and %zu of blocks", x->rank, count,
                          blocks);
    of->rank = (uint32_t)count;
    of->elements = 1;
    size_t weight[SOMA_ONNX_IMAGE_RANK];
    for (uint32_t i = 0; i < of->rank; i++) {
        if (of->size[i] < 1 || of->size[i] > INT32_MAX || of->block[i] < 1 || of->block[i] > INT32_MAX ||
            !soma_multiply_size(of->elements, (size_t)of->block[i], &of->elements))
            return soma_error(SOMA_INVALID_FILE, "an image of %lld and blocks of %lld", (long long)of->size[i],
                              (long long)of->block[i]);
        weight[i] = (size_t)of->block[i];
    }
    SOMA_TRY(soma_onnx_get_window(node, of->rank, weight, window));
    for (uint32_t i = 0; i < of->rank; i++) {
        const int64_t room = of->size[i] + window->before[i] + window->after[i] - soma_onnx_reach(window, i);
        of->count[i] = room < 0 ? 0 : room / window->stride[i] + 1;
        of->missing[i] = room < 0 ? 0 : room % window->stride[i];
        if (!soma_multiply_size(all, (size_t)of->count[i], &all)) all = SIZE_MAX;
    }
    of->channels = x->dim[1] / of->elements;
    if (all == x->dim[2] && of->channels && of->channels * of->elements == x->dim[1]) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "%zu blocks of %zu elements; the image has %zu blocks, of a multiple of %zu",
                      x->dim[2], x->dim[1], all, of->elements);
}

/* [channels x elements, 1, block...]: each element at its own place. */
static soma_status make_weight(soma_onnx_node *node, const image *of, soma_onnx_value *weight) {
    size_t shape[2 + SOMA_ONNX_IMAGE_RANK] = {of->channels * of->elements, 1};
    double *numbers = NULL;
    for (uint32_t i = 0; i < of->rank; i++) shape[2 + i] = (size_t)of->block[i];
    SOMA_TRY(soma_onnx_make_table(node, shape[0], of->elements, &numbers));
    for (size_t i = 0; i < shape[0] * of->elements; i++)
        numbers[i] = i / of->elements % of->elements == i % of->elements;
    return soma_onnx_compose_numbers(node, ".places", 2 + of->rank, shape, numbers, weight);
}

/* What no block reaches at the end of a dimension are zeros. */
static soma_status import_columns(soma_onnx_node *node) {
    int64_t shape[2 + SOMA_ONNX_IMAGE_RANK], pads[2 * (2 + SOMA_ONNX_IMAGE_RANK)] = {0}, cut[2 * SOMA_ONNX_IMAGE_RANK];
    int64_t stride[SOMA_ONNX_IMAGE_RANK], dilation[SOMA_ONNX_IMAGE_RANK];
    soma_onnx_value x, weight, list, y;
    soma_onnx_window window;
    soma_onnx_made made;
    image of = {.rank = 0};
    bool padded = false;
    SOMA_TRY(read_image(node, &of, &window));
    shape[0] = 0;
    shape[1] = (int64_t)node->input[0]->shape.dim[1];
    for (uint32_t i = 0; i < of.rank; i++) {
        shape[2 + i] = of.count[i];
        stride[i] = window.stride[i];
        dilation[i] = window.dilation[i];
        cut[i] = window.before[i];
        cut[of.rank + i] = SOMA_MAX(window.after[i] - of.missing[i], (int64_t)0);
        pads[2 + of.rank + 2 + i] = SOMA_MAX(of.missing[i] - window.after[i], (int64_t)0);
        padded |= of.missing[i] > window.after[i];
    }
    SOMA_TRY(soma_onnx_compose_reshaped(node, node->input[0], shape, 2 + of.rank, &x));
    SOMA_TRY(make_weight(node, &of, &weight));
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "group", (int64_t)of.channels);
    soma_onnx_made_integers(&made, "strides", stride, of.rank);
    soma_onnx_made_integers(&made, "dilations", dilation, of.rank);
    soma_onnx_made_integers(&made, "pads", cut, 2 * (size_t)of.rank);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, ConvTranspose, &made, &y, &x, &weight));
    if (padded) {
        SOMA_TRY(soma_onnx_compose_list(node, pads, 2 * (2 + (size_t)of.rank), &list));
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Pad, NULL, &y, &y, &list));
    }
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(Col2Im, 18, 3, 3, "dilations pads strides", import_columns, 0);
