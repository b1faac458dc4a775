/* SPDX-License-Identifier: MIT */
/* See onnx_vector_bound.h. */
#include "onnx_vector_bound.h"

#include <math.h>
#include <string.h>

/* Those of the suite's own runner. */
#define RELATIVE 1e-3
#define ABSOLUTE 1e-7

#define ROUNDING 0x1p-24 /* of one operation in float32, relative to its result */

/* A sum that each output is: of so many numbers of the first input, each times a factor of at most `factor`. */
typedef struct sum {
    size_t terms;
    double factor;
} sum;

static bool get_attribute(const Soma__Onnx__NodeProto *node, const char *name, int64_t *value) {
    for (size_t i = 0; i < node->n_attribute; i++)
        if (strcmp(node->attribute[i]->name, name) == 0) return *value = node->attribute[i]->i, true;
    return false;
}

/* One number that is an input of the node and of the graph. */
static bool get_input(const onnx_vector_place *place, const Soma__Onnx__NodeProto *node, size_t input, unsigned set,
                      int64_t *value) {
    onnx_vector_tensor tensor;
    for (size_t i = 0; input < node->n_input && i < place->input_count; i++) {
        if (strcmp(place->input_name[i], node->input[input]) != 0) continue;
        if (!onnx_vector_read(place, set, "input", i, &tensor)) return false;
        const bool is_one = tensor.elements.count == 1;
        if (is_one) *value = (int64_t)tensor.values[0];
        onnx_vector_clear(&tensor);
        return is_one;
    }
    return false;
}

/* All numbers along an axis, in real and imaginary parts, times cosines and sines. */
static sum of_transform(const onnx_vector_place *place, const Soma__Onnx__NodeProto *node, unsigned set,
                        const soma_onnx_elements *x, const soma_onnx_elements *y) {
    int64_t axis = place->file->opset < 20 ? 1 : -2, inverse = 0;
    if (!get_attribute(node, "axis", &axis)) get_input(place, node, 2, set, &axis);
    get_attribute(node, "inverse", &inverse);
    if (axis < 0) axis += x->rank;
    if (axis < 0 || axis + 1 >= x->rank) return (sum){0, 0};
    return (sum){x->dim[axis] * x->dim[x->rank - 1], inverse ? 1 / (double)y->dim[axis] : 1};
}

/* The same of frames, under a window of at most 1. A frame has no more samples than twice the frequencies. */
static sum of_frames(const onnx_vector_place *place, const Soma__Onnx__NodeProto *node, unsigned set,
                     const soma_onnx_elements *x, const soma_onnx_elements *y) {
    (void)place, (void)node, (void)set;
    return (sum){2 * y->dim[2] * (x->rank > 2 ? x->dim[2] : 1), 1};
}

static const struct {
    const char *op;
    sum (*get)(const onnx_vector_place *place, const Soma__Onnx__NodeProto *node, unsigned set,
               const soma_onnx_elements *x, const soma_onnx_elements *y);
} sums[] = {{"DFT", of_transform}, {"STFT", of_frames}};

/*
 * n terms of at most t in all, added up in any order: each is rounded as a factor and as a product, and no more than
 * n - 1 times in a sum. What is expected was computed in float32, too, by NumPy 2 at least.
 */
static double bound_of(sum of, const onnx_vector_tensor *x) {
    double largest = 0;
    for (size_t i = 0; i < x->elements.count; i++)
        if (isfinite(x->values[i])) largest = fmax(largest, fabs(x->values[i]));
    return 2 * (double)(of.terms + 1) * ROUNDING * (double)of.terms * of.factor * largest;
}

double onnx_vector_bound(const onnx_vector_place *place, unsigned set) {
    const Soma__Onnx__GraphProto *graph = place->file->model->graph;
    onnx_vector_tensor x, y;
    double bound = 0;
    for (size_t i = 0; graph->n_node == 1 && i < sizeof sums / sizeof *sums; i++) {
        if (strcmp(graph->node[0]->op_type, sums[i].op) != 0) continue;
        if (!onnx_vector_read(place, set, "input", 0, &x)) break;
        if (onnx_vector_read(place, set, "output", 0, &y)) {
            bound = bound_of(sums[i].get(place, graph->node[0], set, &x.elements, &y.elements), &x);
            onnx_vector_clear(&y);
        }
        onnx_vector_clear(&x);
    }
    return bound;
}

bool onnx_vector_is_near(double found, double expected, double bound) {
    if (isnan(found) || isnan(expected)) return isnan(found) && isnan(expected);
    if (isinf(expected)) return found == expected;
    return fabs(found - expected) <= ABSOLUTE + RELATIVE * fabs(expected) + bound;
}
