/* SPDX-License-Identifier: MIT */
/* MaxUnpool: elements at the places that MaxPool found the largest at; see unpool.h. */
#include "io/onnx/unpool.h"
#include "io/onnx/classes.h"
#include "io/onnx/compose.h"
#include "io/onnx/host.h"

#include <inttypes.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* Of what the pool's windows have: elements and places, [positions..., channels]. */
typedef struct spreading {
    soma_onnx_node *node;
    const soma_onnx_pooled *pooled;
    soma_tensor *numbers; /* of the positions of the result: 0, 1, ... */
} spreading;

/* Along a dimension each position of the image gets what the window has that it lies in, and is number `back` before
 * the last of such; `none` where there is no such window. */
static soma_status spread_along(const spreading *s, uint32_t i, size_t back, float none, soma_tensor **x) {
    const soma_onnx_window *window = &s->pooled->window;
    const uint32_t axis = s->pooled->image.kept + i, batch = (*x)->batched ? 1 : 0;
    const size_t stride = window->stride[i], count = (*x)->shape[axis], size = s->pooled->image.size[i];
    const size_t before = (size_t)window->before[i], wanted = (size + before + stride - 1) / stride;
    soma_tensor whole = **x, rows = {.batched = (*x)->batched, .rank = 4, .shape = {1, 0, 1, 1}};
    soma_tensor *given = *x;
    soma_tensor_spec spec = {.op = SOMA_OP_PAD, .input_count = 1, .input = &given};
    spec.attributes.pad.value = none;
    spec.attributes.pad.before[axis] = back;
    spec.attributes.pad.after[axis] = wanted > count + back ? wanted - count - back : 0;
    if (back || spec.attributes.pad.after[axis]) SOMA_TRY(soma_graph_add((*x)->graph, &spec, x));
    SOMA_TRY(soma_onnx_slice_axis(*x, axis + batch, 0, wanted, x));
    for (uint32_t k = 0; k < whole.rank; k++)
        if (k != axis) rows.shape[k < axis ? 0 : 3] *= whole.shape[k];
    rows.shape[1] = wanted;
    SOMA_TRY(soma_graph_reshape((*x)->graph, *x, &rows, x));
    rows.shape[2] = stride;
    SOMA_TRY(soma_graph_copy((*x)->graph, *x, &rows, 1, x));
    whole.shape[axis] = wanted * stride;
    SOMA_TRY(soma_graph_reshape((*x)->graph, *x, &whole, x));
    return soma_onnx_slice_axis(*x, axis + batch, before, size, x);
}

/* How many windows a position lies in, at most, along a dimension. */
static size_t overlap(const soma_onnx_window *window, uint32_t i) {
    return (window->kernel[i] + window->stride[i] - 1) / window->stride[i];
}

/* y, where it is not NULL, with what one of the windows of each position has for it in its place. */
static soma_status put(const spreading *s, soma_tensor *x, soma_tensor *place, const size_t *back, soma_tensor **y) {
    soma_tensor *here, *none;
    for (uint32_t i = 0; i < s->pooled->image.rank; i++) {
        SOMA_TRY(spread_along(s, i, back[i], 0, &x));
        SOMA_TRY(spread_along(s, i, back[i], -1, &place));
    }
    SOMA_TRY(soma_graph_binary(x->graph, place, s->numbers, SOMA_BINARY_EQUAL, &here));
    SOMA_TRY(soma_graph_binary(x->graph, x, here, SOMA_BINARY_KEEP, &x));
    if (!*y) return *y = x, SOMA_OK;
    SOMA_TRY(soma_onnx_fill(s->node, 0, &none));
    SOMA_TRY(soma_graph_binary(x->graph, here, none, SOMA_BINARY_EQUAL, &here));
    SOMA_TRY(soma_graph_binary(x->graph, *y, here, SOMA_BINARY_KEEP, y));
    return soma_graph_binary(x->graph, *y, x, SOMA_BINARY_ADD, y);
}

/* The positions of the image of a channel, numbered. */
static soma_status number_positions(spreading *s) {
    const soma_onnx_image *image = &s->pooled->image;
    size_t shape[SOMA_MAX_RANK] = {1, 1, 1, 1, 1}, count = 1;
    double *numbers = NULL;
    for (uint32_t i = 0; i < image->rank; i++) count *= shape[image->kept + i] = image->size[i];
    SOMA_TRY(soma_onnx_make(s->node, count, &numbers));
    for (size_t i = 0; i < count; i++) numbers[i] = (double)i;
    return soma_onnx_add_numbers(s->node, ".positions", image->kept + image->rank + 1, shape, numbers, true,
                                 &s->numbers);
}

/* Where several windows have an element for a position the last of these counts, as where they are put one by one. */
soma_status soma_onnx_unpool(soma_onnx_node *node, soma_tensor *x, const soma_onnx_pooled *pooled, soma_tensor **y) {
    enum { MOST = 64 };
    spreading s = {.node = node, .pooled = pooled};
    size_t back[SOMA_ONNX_IMAGE_RANK] = {0}, windows = 1;
    for (uint32_t i = 0; i < pooled->image.rank; i++) {
        if (pooled->window.dilation[i] != 1 || windows > MOST / overlap(&pooled->window, i))
            return soma_error(SOMA_UNSUPPORTED,
                              "places of windows with gaps, or of which more than %d lie over a position", MOST);
        windows *= overlap(&pooled->window, i);
    }
    SOMA_TRY(number_positions(&s));
    *y = NULL;
    for (size_t number = windows; number-- > 0;) { /* the last of the windows is none back, and comes last */
        size_t rest = number;
        for (uint32_t i = pooled->image.rank; i-- > 0; rest /= overlap(&pooled->window, i))
            back[i] = rest % overlap(&pooled->window, i);
        SOMA_TRY(put(&s, x, pooled->place, back, y));
    }
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- MaxUnpool */

/* The third input, or what windows of the result would leave: batch and channels are those of x. */
static soma_status get_shape(soma_onnx_node *node, soma_onnx_shape *out) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    const uint32_t rank = x->rank - 2;
    int64_t given[SOMA_ONNX_MAX_RANK];
    soma_onnx_window window;
    size_t count;
    *out = *x;
    if (x->rank < 3 || rank > SOMA_ONNX_IMAGE_RANK)
        return soma_error(SOMA_UNSUPPORTED,
                          "%u dimensions; a batch, channels, and one to three of positions are "
                          "possible",
                          x->rank);
    SOMA_TRY(soma_onnx_get_window(node, rank, NULL, &window));
    for (uint32_t i = 0; i < rank; i++) {
        const int64_t windows = (int64_t)SOMA_MIN(x->dim[2 + i], (size_t)INT32_MAX);
        const int64_t size =
            (windows - 1) * window.stride[i] + (int64_t)window.kernel[i] - window.before[i] - window.after[i];
        if ((size_t)windows != x->dim[2 + i] || size < 1 || size > INT32_MAX)
            return soma_error(SOMA_INVALID_SHAPE, "dimension %u of the result would be %" PRId64, 2 + i, size);
        out->dim[2 + i] = (size_t)size;
    }
    if (!soma_onnx_optional(node, 2)) return SOMA_OK;
    uint32_t open;
    SOMA_TRY(soma_onnx_sizes(node, 2, given, SOMA_ONNX_MAX_RANK, &count, &open));
    if (count != x->rank || open & ~1u || (!(open & 1) && x->dim[0] && given[0] != (int64_t)x->dim[0]) ||
        given[1] != (int64_t)x->dim[1])
        return soma_error(SOMA_INVALID_SHAPE,
                          "output_shape has %zu numbers; of these the first two must be the batch "
                          "and channels of %s",
                          count, node->input[0]->name);
    for (uint32_t i = 0; i < rank; i++) {
        if (given[2 + i] < (int64_t)out->dim[2 + i] || given[2 + i] > INT32_MAX)
            return soma_error(SOMA_INVALID_SHAPE,
                              "dimension %u of output_shape is %" PRId64 "; at least %zu are needed", 2 + i,
                              given[2 + i], out->dim[2 + i]);
        out->dim[2 + i] = (size_t)given[2 + i];
    }
    return SOMA_OK;
}

/* Of places that come from anywhere. */
static soma_status put_on_host(soma_onnx_node *node, const soma_onnx_shape *out) {
    const double *x, *place;
    double *y = NULL;
    size_t count, places, all = 1;
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &x, &count));
    SOMA_TRY(soma_onnx_numbers_of(node, 1, &place, &places));
    if (places != count)
        return soma_error(SOMA_INVALID_SHAPE, "%s has %zu places for %zu elements", node->input[1]->name, places,
                          count);
    for (uint32_t i = 0; i < out->rank; i++)
        if (!soma_multiply_size(all, out->dim[i], &all))
            return soma_error(SOMA_INVALID_SHAPE, "output_shape is too large");
    SOMA_TRY(soma_onnx_make(node, all, &y));
    for (size_t i = 0; i < all; i++) y[i] = 0;
    for (size_t i = 0; i < count; i++) {
        if (!(place[i] >= 0 && place[i] < (double)all))
            return soma_error(SOMA_INVALID_ARGUMENT, "%s, element %zu, is %.17g; the result has %zu elements",
                              node->input[1]->name, i, place[i], all);
        y[(size_t)place[i]] = x[i];
    }
    return soma_onnx_give_numbers(node, soma_onnx_type_of(node->input[0]), out, false, y);
}

static soma_status import_unpool(soma_onnx_node *node) {
    const soma_onnx_pooled *pooled = node->input[1]->pooled;
    soma_onnx_shape out;
    soma_onnx_image image;
    soma_tensor *y;
    SOMA_TRY(get_shape(node, &out));
    if (node->importer->host) return put_on_host(node, &out);
    if (!pooled) return soma_onnx_on_host("elements are put at places that no MaxPool gives");
    SOMA_TRY(soma_onnx_get_image(node, &image));
    if (image.rank != pooled->image.rank || image.kept != pooled->image.kept ||
        !soma_tensor_same_shape(image.tensor, pooled->place))
        return soma_error(SOMA_INVALID_SHAPE, "%s has places for elements of another shape than that of %s",
                          node->input[1]->name, node->input[0]->name);
    for (uint32_t i = 0; i < image.rank; i++)
        if (out.dim[2 + i] != pooled->image.size[i])
            return soma_error(
                SOMA_INVALID_SHAPE,
                "dimension %u of the result is %zu, and %s counts in images where it is %zu; output_shape "
                "must say so",
                2 + i, out.dim[2 + i], node->input[1]->name, pooled->image.size[i]);
    SOMA_TRY(soma_onnx_unpool(node, image.tensor, pooled, &y));
    return soma_onnx_give_image(node, &image, y);
}

SOMA_ONNX_OP(MaxUnpool, 9, 2, 3, "kernel_shape pads strides", import_unpool, 0);
