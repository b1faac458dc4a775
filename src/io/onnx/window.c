/* SPDX-License-Identifier: MIT */
/* What convolutions and pools share: a window over positions, and the images that it goes over. */
#include "io/onnx/window.h"

#include <inttypes.h>

static soma_status get_list(const soma_onnx_node *node, const char *name, uint32_t rank, size_t each, int64_t otherwise,
                            int64_t *values) {
    size_t count;
    bool present;
    SOMA_TRY(soma_onnx_get_integers(node, name, values, 2 * SOMA_ONNX_MAX_RANK, &count, &present));
    for (size_t i = 0; !present && i < rank * each; i++) values[i] = otherwise;
    if (!present || count == rank * each) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s has %zu numbers; for %u dimensions of positions it needs %zu", name, count,
                      rank, rank * each);
}

static soma_status check_range(const char *name, const int64_t *values, size_t count, int64_t least) {
    for (size_t i = 0; i < count; i++)
        if (values[i] < least || values[i] > INT32_MAX)
            return soma_error(SOMA_INVALID_FILE, "%s has %" PRId64 "; %" PRId64 " to %d are possible", name, values[i],
                              least, INT32_MAX);
    return SOMA_OK;
}

static soma_status get_numbers(const soma_onnx_node *node, const char *name, uint32_t rank, uint32_t *out) {
    int64_t values[2 * SOMA_ONNX_MAX_RANK];
    SOMA_TRY(get_list(node, name, rank, 1, 1, values));
    SOMA_TRY(check_range(name, values, rank, 1));
    for (uint32_t i = 0; i < rank; i++) out[i] = (uint32_t)values[i];
    return SOMA_OK;
}

/* Without the attribute it is what the weight has, or an error. */
static soma_status get_kernel(const soma_onnx_node *node, const size_t *weight, soma_onnx_window *window) {
    int64_t values[2 * SOMA_ONNX_MAX_RANK];
    bool given = soma_onnx_attribute(node, "kernel_shape") != NULL;
    if (!given && !weight) return soma_error(SOMA_INVALID_FILE, "attribute kernel_shape is missing");
    SOMA_TRY(get_list(node, "kernel_shape", window->rank, 1, 1, values));
    if (given) SOMA_TRY(check_range("kernel_shape", values, window->rank, 1));
    for (uint32_t i = 0; i < window->rank; i++) {
        window->kernel[i] = given || !weight ? (size_t)values[i] : weight[i];
        if (weight && window->kernel[i] != weight[i])
            return soma_error(SOMA_INVALID_FILE, "kernel_shape has %zu where the weight has %zu", window->kernel[i],
                              weight[i]);
        if (window->kernel[i] == 0 || window->kernel[i] > INT32_MAX)
            return soma_error(SOMA_INVALID_FILE, "the kernel has %zu positions in dimension %u", window->kernel[i], i);
    }
    return SOMA_OK;
}

static soma_status get_padding(const soma_onnx_node *node, soma_onnx_window *window) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, "auto_pad");
    static const char *const names[] = {"NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"};
    int64_t values[2 * SOMA_ONNX_MAX_RANK];
    window->padding = SOMA_ONNX_PADDING_GIVEN;
    for (size_t i = 0; attribute && i < SOMA_COUNT_OF(names); i++) {
        if (soma_onnx_is_text(attribute, names[i])) {
            window->padding = (soma_onnx_padding)i;
            attribute = NULL;
        }
    }
    if (attribute)
        return soma_error(SOMA_INVALID_FILE, "attribute auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER");
    SOMA_TRY(get_list(node, "pads", window->rank, 2, 0, values));
    SOMA_TRY(check_range("pads", values, (size_t)2 * window->rank, 0));
    for (uint32_t i = 0; i < window->rank; i++) {
        bool given = window->padding == SOMA_ONNX_PADDING_GIVEN;
        window->before[i] = given ? values[i] : 0;
        window->after[i] = given ? values[window->rank + i] : 0;
    }
    return SOMA_OK;
}

soma_status soma_onnx_get_window(const soma_onnx_node *node, uint32_t rank, const size_t *weight,
                                 soma_onnx_window *window) {
    *window = (soma_onnx_window){.rank = rank};
    SOMA_TRY(get_kernel(node, weight, window));
    SOMA_TRY(get_numbers(node, "strides", rank, window->stride));
    SOMA_TRY(get_numbers(node, "dilations", rank, window->dilation));
    return get_padding(node, window);
}

int64_t soma_onnx_reach(const soma_onnx_window *window, uint32_t dimension) {
    return (int64_t)window->dilation[dimension] * ((int64_t)window->kernel[dimension] - 1) + 1;
}

void soma_onnx_share_padding(soma_onnx_window *window, uint32_t dimension, int64_t padding) {
    int64_t less = padding / 2, more = padding - less;
    bool upper = window->padding == SOMA_ONNX_PADDING_SAME_UPPER;
    if (padding < 0) { /* as much is added, which is always behind */
        more = 0;
        less = padding;
        upper = false;
    }
    window->before[dimension] = upper ? less : more;
    window->after[dimension] = upper ? more : less;
}

void soma_onnx_pad_same(soma_onnx_window *window, const size_t *size) {
    if (window->padding != SOMA_ONNX_PADDING_SAME_UPPER && window->padding != SOMA_ONNX_PADDING_SAME_LOWER) return;
    for (uint32_t i = 0; i < window->rank; i++) {
        int64_t count = ((int64_t)size[i] - 1) / window->stride[i] + 1;
        int64_t padding = (count - 1) * window->stride[i] + soma_onnx_reach(window, i) - (int64_t)size[i];
        soma_onnx_share_padding(window, i, SOMA_MAX(padding, (int64_t)0));
    }
}

/* ---------------------------------------------------------------------------------------------------------- images */

/* What is the same for every sample, as first states of a loop are, where a sample has all of the model's batch. */
static soma_status repeat_for_samples(soma_onnx_node *node, soma_onnx_value *x) {
    soma_tensor *tensor, like;
    if (!node->importer->whole)
        return soma_error(SOMA_UNSUPPORTED, "%s does not depend on an input: it is the same for every sample", x->name);
    SOMA_TRY(soma_onnx_tensor_of_any(node, x, &tensor));
    *x = (soma_onnx_value){.defined = true, .name = x->name, .shape = x->shape};
    x->shape.batched = true;
    SOMA_TRY(soma_onnx_canonical(node->importer, &x->shape, &like));
    return soma_graph_copy(tensor->graph, tensor, &like, 1, &x->tensor);
}

soma_status soma_onnx_get_image(soma_onnx_node *node, soma_onnx_image *image) {
    soma_onnx_value repeated = *node->input[0], *x = node->input[0]->shape.batched ? node->input[0] : &repeated;
    if (!x->shape.batched) SOMA_TRY(repeat_for_samples(node, x));
    const soma_onnx_shape *shape = &x->shape;
    uint32_t first = soma_onnx_first(node->importer, shape), kept = 1 - first;
    if (shape->rank < 3 || shape->rank - 2 + kept > SOMA_ONNX_IMAGE_RANK)
        return soma_error(SOMA_UNSUPPORTED,
                          "%u dimensions; a batch, channels, and one to three dimensions of positions are possible%s",
                          shape->rank, kept ? " (two, where a sample has the batch in it)" : "");
    *image = (soma_onnx_image){.shape = *shape, .rank = shape->rank - 2, .kept = kept, .channels = shape->dim[1]};
    uint32_t count = 0;
    if (kept) image->order[count++] = 0;
    for (uint32_t i = 0; i < image->rank; i++) {
        image->size[i] = shape->dim[2 + i];
        image->order[count++] = 2 + i - first;
    }
    image->order[count] = 1 - first;
    return soma_onnx_arranged(node, x, shape, image->order, &image->tensor);
}

/* Of the tensor, which has positions where the image has them. */
soma_status soma_onnx_give_image(soma_onnx_node *node, const soma_onnx_image *image, soma_tensor *tensor) {
    soma_onnx_shape shape = image->shape;
    shape.dim[1] = tensor->shape[tensor->rank - 1];
    for (uint32_t i = 0; i < image->rank; i++) shape.dim[2 + i] = tensor->shape[image->kept + i];
    return soma_onnx_give_arranged(node, tensor, &shape, image->order);
}
