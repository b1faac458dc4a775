/* SPDX-License-Identifier: MIT */
/* Where the largest element of each of MaxPool's windows lies: its second output; see unpool.h. */
#include "io/onnx/classes.h"
#include "io/onnx/family.h"
#include "io/onnx/inside.h"
#include "io/onnx/unpool.h"

#include <math.h>
#include <string.h>

/* Along each dimension a window has a few tensors for each of its positions. */
enum { MOST_POSITIONS = 64 };

/* A pool while its places are found, a dimension at a time, the last one first: so of equal elements the first counts.
 */
typedef struct finding {
    soma_onnx_node *node;
    const soma_onnx_image *image;
    const soma_onnx_window *window;
    soma_tensor *largest; /* of the dimensions so far */
    soma_tensor *place;   /* of it, counted from the window's first position; NULL: it is 0 */
    size_t out[SOMA_ONNX_IMAGE_RANK];
    size_t unit[SOMA_ONNX_IMAGE_RANK]; /* what a step along a dimension counts */
} finding;

static soma_status pad(soma_tensor *x, uint32_t dimension, size_t before, size_t after, float value, soma_tensor **y) {
    soma_tensor_spec spec = {.op = SOMA_OP_PAD, .input_count = 1, .input = &x};
    spec.attributes.pad.value = value;
    spec.attributes.pad.before[dimension] = before;
    spec.attributes.pad.after[dimension] = after;
    if (before || after) return soma_graph_add(x->graph, &spec, y);
    *y = x;
    return SOMA_OK;
}

/* Around the dimension so much that all windows lie inside. */
static soma_status widen(const finding *f, uint32_t i, float value, soma_tensor **x) {
    const size_t size = f->image->size[i], before = (size_t)f->window->before[i];
    const size_t reach = (f->out[i] - 1) * f->window->stride[i] + (size_t)soma_onnx_reach(f->window, i);
    return pad(*x, f->image->kept + i, before, reach > size + before ? reach - size - before : 0, value, x);
}

/* Of each window along a dimension the position of this number: pools of one element, which leave out what is between.
 */
static soma_status take(const finding *f, uint32_t i, size_t position, soma_tensor *x, soma_tensor **y) {
    const uint32_t axis = f->image->kept + i, batch = x->batched ? 1 : 0, rank = f->image->kept + f->image->rank;
    const size_t length = (f->out[i] - 1) * f->window->stride[i] + 1;
    soma_tensor *piece;
    soma_tensor_spec spec = {.op = SOMA_OP_POOL, .input_count = 1, .input = &piece};
    soma_pool_params *params = &spec.attributes.pool.params;
    SOMA_TRY(soma_onnx_slice_axis(x, axis + batch, position * f->window->dilation[i], length, &piece));
    *y = piece;
    params->kind = SOMA_POOL_MAX;
    for (uint32_t k = 0; k < SOMA_ONNX_IMAGE_RANK; k++) params->size[k] = params->stride[k] = params->dilation[k] = 1;
    params->stride[SOMA_ONNX_IMAGE_RANK - rank + axis] = f->window->stride[i];
    return f->window->stride[i] == 1 ? SOMA_OK : soma_graph_add(x->graph, &spec, y);
}

/* 1 where `other` counts for more: it is larger, or the first that is NaN. */
static soma_status exceeds(soma_tensor *other, soma_tensor *largest, soma_tensor **y) {
    soma_tensor *number, *at_least;
    SOMA_TRY(soma_graph_binary(other->graph, largest, largest, SOMA_BINARY_EQUAL, &number));
    SOMA_TRY(soma_graph_binary(other->graph, largest, other, SOMA_BINARY_GREATER_EQUAL, &at_least));
    return soma_graph_binary(other->graph, number, at_least, SOMA_BINARY_GREATER, y);
}

/* place = other + step where it exceeds; NULL for what is 0 everywhere. */
static soma_status choose(const finding *f, soma_tensor *exceeding, soma_tensor *other, float step,
                          soma_tensor **place) {
    soma_graph *graph = exceeding->graph;
    soma_tensor *stays, *number, *taken = exceeding;
    if (other) {
        SOMA_TRY(soma_onnx_fill(f->node, step, &number));
        SOMA_TRY(soma_graph_binary(graph, other, number, SOMA_BINARY_ADD, &other));
        SOMA_TRY(soma_graph_binary(graph, other, exceeding, SOMA_BINARY_KEEP, &taken));
    } else
        SOMA_TRY(soma_onnx_function(f->node, exceeding, SOMA_LINEAR, step, 0, &taken));
    if (!*place) return *place = taken, SOMA_OK;
    SOMA_TRY(soma_onnx_fill(f->node, 0, &number));
    SOMA_TRY(soma_graph_binary(graph, exceeding, number, SOMA_BINARY_EQUAL, &stays));
    SOMA_TRY(soma_graph_binary(graph, *place, stays, SOMA_BINARY_KEEP, place));
    return soma_graph_binary(graph, *place, taken, SOMA_BINARY_ADD, place);
}

static soma_status go_along(finding *f, uint32_t i) {
    soma_tensor *x = f->largest, *places = f->place, *other, *exceeding, *from = NULL;
    SOMA_TRY(widen(f, i, -INFINITY, &x));
    if (places) SOMA_TRY(widen(f, i, 0, &places));
    for (size_t k = 0; k < f->window->kernel[i]; k++) {
        SOMA_TRY(take(f, i, k, x, &other));
        if (places) SOMA_TRY(take(f, i, k, places, &from));
        if (k == 0) {
            f->largest = other;
            f->place = from;
            continue;
        }
        SOMA_TRY(exceeds(other, f->largest, &exceeding));
        SOMA_TRY(choose(f, exceeding, from, (float)(k * f->window->dilation[i] * f->unit[i]), &f->place));
        SOMA_TRY(soma_graph_binary(x->graph, f->largest, other, SOMA_BINARY_MAXIMUM, &f->largest));
    }
    return SOMA_OK;
}

/* A step of numbers along one dimension of the tensor, as many as it has there. */
static soma_status add_steps(finding *f, uint32_t dimension, size_t count, double first, double step) {
    size_t shape[SOMA_MAX_RANK] = {1, 1, 1, 1, 1};
    double *numbers = NULL;
    soma_tensor *steps;
    shape[dimension] = count;
    SOMA_TRY(soma_onnx_make(f->node, count, &numbers));
    for (size_t i = 0; i < count; i++) numbers[i] = first + (double)i * step;
    SOMA_TRY(soma_onnx_add_numbers(f->node, ".places", f->largest->rank, shape, numbers, true, &steps));
    if (!f->place) return soma_graph_copy(steps->graph, steps, f->largest, 1, &f->place);
    return soma_graph_binary(steps->graph, f->place, steps, SOMA_BINARY_ADD, &f->place);
}

/* Places in the image of a channel. */
static soma_status find_places(finding *f) {
    const soma_onnx_image *image = f->image;
    f->largest = image->tensor;
    for (uint32_t i = image->rank; i-- > 0;) SOMA_TRY(go_along(f, i));
    for (uint32_t i = 0; i < image->rank; i++)
        SOMA_TRY(add_steps(f, image->kept + i, f->out[i], -(double)f->window->before[i] * (double)f->unit[i],
                           (double)(f->window->stride[i] * f->unit[i])));
    return SOMA_OK;
}

static bool is_output(const Soma__Onnx__GraphProto *graph, const char *name) {
    for (size_t i = 0; i < graph->n_output; i++)
        if (graph->output[i]->name && strcmp(graph->output[i]->name, name) == 0) return true;
    return false;
}

static bool is_unpool(const Soma__Onnx__NodeProto *node) {
    return soma_onnx_find_row(node->domain, node->op_type ? node->op_type : "") == &soma_onnx_row_MaxUnpool;
}

/* Whether a graph, or one inside of it, has the name for something else than the second input of a MaxUnpool. */
static bool has_other_use(const Soma__Onnx__GraphProto *graph, const char *name) {
    if (is_output(graph, name)) return true;
    for (size_t i = 0; i < graph->n_node; i++) {
        const Soma__Onnx__NodeProto *node = graph->node[i];
        for (size_t k = 0; k < node->n_input; k++)
            if (strcmp(node->input[k], name) == 0 && !(k == 1 && is_unpool(node))) return true;
        for (size_t k = 0; k < node->n_attribute; k++)
            if (node->attribute[k]->g && has_other_use(node->attribute[k]->g, name)) return true;
    }
    return false;
}

/* Where samples are read one by one: what lies before each. */
static soma_status add_samples(finding *f, size_t elements) {
    soma_graph *graph = soma_onnx_graph(f->node);
    soma_tensor *ordinal, like = {.batched = true, .rank = f->largest->rank, .shape = {1, 1, 1, 1, 1}};
    const soma_tensor_spec spec = {.op = SOMA_OP_ORDINAL, .input_count = 1, .input = &f->largest};
    SOMA_TRY(soma_graph_add(graph, &spec, &ordinal));
    SOMA_TRY(soma_onnx_function(f->node, ordinal, SOMA_LINEAR, (float)elements, 0, &ordinal));
    SOMA_TRY(soma_graph_reshape(graph, ordinal, &like, &ordinal));
    return soma_graph_binary(graph, f->place, ordinal, SOMA_BINARY_ADD, &f->place);
}

/* What lies before the image of a channel: the channels before it, and the images before those. */
static soma_status add_channels(finding *f, size_t positions) {
    const soma_onnx_image *image = f->image;
    const size_t images = image->kept ? image->shape.dim[0] : f->node->importer->batch;
    size_t all;
    if (!soma_multiply_size(positions, image->channels, &all) || !soma_multiply_size(all, images, &all) ||
        all > SOMA_ONNX_MOST_COUNTED)
        return soma_error(SOMA_UNSUPPORTED,
                          "places of the largest among more than %zu elements, which float32 does not count",
                          SOMA_ONNX_MOST_COUNTED);
    SOMA_TRY(add_steps(f, f->largest->rank - 1, image->channels, 0, (double)positions));
    return image->kept ? add_steps(f, 0, images, 0, (double)(positions * image->channels))
                       : add_samples(f, positions * image->channels);
}

soma_status soma_onnx_give_places(soma_onnx_node *node, const soma_onnx_image *image, const soma_onnx_window *window,
                                  const soma_tensor *pooled) {
    finding f = {.node = node, .image = image, .window = window};
    const bool inside = node->importer->frame || node->importer->inside;
    const bool unpooled = !inside && !has_other_use(node->importer->file->model->graph, node->output.name);
    soma_onnx_pooled *kept;
    void *memory = NULL;
    int64_t columns;
    size_t positions = 1;
    SOMA_TRY(soma_onnx_get_integer(node, "storage_order", 0, &columns));
    if (!image->kept && !unpooled && node->importer->batch == 0)
        return soma_error(SOMA_UNSUPPORTED,
                          "places are counted through all samples: give the shapes of the inputs, the "
                          "batch included (--input, soma_onnx_options.inputs)");
    for (uint32_t k = 0; k < image->rank; k++) {
        const uint32_t i = columns ? k : image->rank - 1 - k;
        f.out[i] = pooled->shape[image->kept + i];
        f.unit[i] = positions;
        if (window->kernel[i] > MOST_POSITIONS)
            return soma_error(SOMA_UNSUPPORTED, "places in windows of %zu positions along a dimension; up to %d",
                              window->kernel[i], MOST_POSITIONS);
        if (!soma_multiply_size(positions, image->size[i], &positions) || positions > SOMA_ONNX_MOST_COUNTED)
            return soma_error(SOMA_UNSUPPORTED, "places among more than %zu positions", SOMA_ONNX_MOST_COUNTED);
    }
    SOMA_TRY(find_places(&f));
    SOMA_TRY(soma_onnx_keep(node->importer, sizeof *kept, node->output.name, &memory));
    kept = memory;
    *kept = (soma_onnx_pooled){.window = *window, .image = *image, .place = f.place};
    if (!unpooled) SOMA_TRY(add_channels(&f, positions));
    node->output.integer = true;
    node->output.elements.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    if (!columns) node->output.pooled = kept;
    return soma_onnx_give_image(node, image, f.place);
}
