/* SPDX-License-Identifier: MIT */
/* A normalisation that no op of ONNX's says, as what it is made of: sums, products and a square root. */
#include "io/onnx/family.h"

#include <string.h>

/* A NORMALIZE that is being written: what goes from node to node. */
typedef struct normalization {
    soma_onnx_exporter *exporter;
    const soma_tensor *tensor;
    soma_onnx_name value;
    uint32_t left; /* nodes still to come: the last gets the tensor's name */
} normalization;

static void step(normalization *n, const char *op, const char *with) {
    soma_onnx_exporter *exporter = n->exporter;
    soma_onnx_name out = soma_onnx_temporary(exporter);
    PUT(op, --n->left ? out.text : soma_onnx_name_of(exporter, n->tensor), n->value.text, with);
    n->value = out;
}

/* The square root of the variance and epsilon. */
static soma_onnx_name deviation(soma_onnx_exporter *exporter, const char *variance, float epsilon) {
    soma_onnx_name under = soma_onnx_temporary(exporter), root = soma_onnx_temporary(exporter);
    PUT("Add", under.text, variance, soma_onnx_number(exporter, epsilon).text);
    PUT("Sqrt", root.text, under.text, NULL);
    return root;
}

/* Reshaped to these dimensions and the batch before them. */
static void step_reshape(normalization *n, uint32_t rank, const int64_t *dim) {
    soma_onnx_exporter *exporter = n->exporter;
    int64_t shape[SOMA_MAX_RANK + 2] = {0}; /* 0 keeps the batch */
    for (uint32_t i = 0; i < rank; i++) shape[1 + i] = dim[i];
    soma_onnx_name out = soma_onnx_temporary(exporter);
    soma_onnx_put_reshaped(exporter, --n->left ? out.text : soma_onnx_name_of(exporter, n->tensor), n->value.text,
                           shape, 1 + (size_t)rank);
    n->value = out;
}

/* The last dimension is cut into its groups, and those before it, from the axis on, are one. */
static void step_cut(normalization *n) {
    const soma_tensor *x = n->tensor->input[0];
    uint32_t groups = n->tensor->attributes.normalize.groups, kept = n->tensor->attributes.normalize.axis - 1;
    int64_t dim[SOMA_MAX_RANK + 1], positions = 1;
    for (uint32_t i = 0; i < kept; i++) dim[i] = (int64_t)x->shape[i];
    for (uint32_t i = kept; i + 1 < x->rank; i++) positions *= (int64_t)x->shape[i];
    dim[kept] = positions;
    dim[kept + 1] = groups;
    dim[kept + 2] = (int64_t)(x->shape[x->rank - 1] / groups);
    step_reshape(n, kept + 3, dim);
}

static void step_back(normalization *n) {
    int64_t dim[SOMA_MAX_RANK];
    for (uint32_t i = 0; i < n->tensor->rank; i++) dim[i] = (int64_t)n->tensor->shape[i];
    step_reshape(n, n->tensor->rank, dim);
}

/* By the figures of the numbers themselves, over these axes. */
static void step_own_figures(normalization *n, const int64_t *axes, size_t count) {
    soma_onnx_exporter *exporter = n->exporter;
    const soma_normalize_params *params = &n->tensor->attributes.normalize.params;
    if (params->centered) {
        soma_onnx_name mean = soma_onnx_temporary(exporter);
        soma_onnx_put_mean(exporter, mean.text, n->value.text, axes, count);
        step(n, "Sub", mean.text);
    }
    soma_onnx_name square = soma_onnx_temporary(exporter), variance = soma_onnx_temporary(exporter);
    PUT("Mul", square.text, n->value.text, n->value.text);
    soma_onnx_put_mean(exporter, variance.text, square.text, axes, count);
    step(n, "Div", deviation(exporter, variance.text, params->epsilon).text);
}

/* From its axis on; where the last dimension was cut, without the one that says the group. */
static size_t list_axes(const soma_tensor *tensor, int64_t *axes) {
    uint32_t axis = tensor->attributes.normalize.axis;
    size_t count = 0;
    for (uint32_t i = axis; !tensor->attributes.normalize.groups && i <= tensor->rank; i++) axes[count++] = i;
    if (count) return count;
    axes[count++] = axis;
    axes[count++] = axis + 2;
    return count;
}

/* [channels] as the last dimensions of x, where those are more than one. */
static soma_onnx_name channels(normalization *n, const soma_tensor *vector) {
    soma_onnx_exporter *exporter = n->exporter;
    const soma_tensor *x = n->tensor->input[0];
    uint32_t first = n->tensor->attributes.normalize.axis;
    soma_onnx_name name;
    memcpy(name.text, soma_onnx_name_of(exporter, vector), sizeof name.text);
    if (n->tensor->attributes.normalize.groups || first >= x->rank) return name;
    int64_t shape[SOMA_MAX_RANK];
    for (uint32_t i = first - 1; i < x->rank; i++) shape[i - (first - 1)] = (int64_t)x->shape[i];
    name = soma_onnx_temporary(exporter);
    soma_onnx_put_reshaped(exporter, name.text, soma_onnx_name_of(exporter, vector), shape, x->rank - (first - 1));
    return name;
}

soma_status soma_onnx_put_normalize_parts(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    bool cut = tensor->attributes.normalize.groups > 0;
    bool centered = tensor->attributes.normalize.params.centered;
    uint32_t scaled = tensor->attributes.normalize.scaled, shifted = tensor->attributes.normalize.shifted;
    normalization n = {
        .exporter = exporter, .tensor = tensor, .left = (cut ? 2u : 0u) + (centered ? 2u : 1u) + scaled + shifted};
    memcpy(n.value.text, soma_onnx_name_of(exporter, tensor->input[0]), sizeof n.value.text);
    int64_t axes[SOMA_MAX_RANK + 1];
    if (cut) step_cut(&n);
    step_own_figures(&n, axes, list_axes(tensor, axes));
    if (cut) step_back(&n);
    if (scaled) step(&n, "Mul", channels(&n, tensor->input[1]).text);
    if (shifted) step(&n, "Add", channels(&n, tensor->input[1 + scaled]).text);
    return SOMA_OK;
}
