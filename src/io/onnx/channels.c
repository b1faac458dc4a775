/* SPDX-License-Identifier: MIT */
/*
 * Images in the file: ONNX's ops for them want channels first, the network's tensors have them last. What such an op
 * makes is written channels first, and in the network's order only if something asks for that; functions between two
 * such ops follow. So no transpositions stand between them.
 */
#include "io/onnx/export.h"

#include <string.h>

/* Channels to the front, or to the end: of a batch and `rank` more dimensions. */
static void set_order(uint32_t rank, bool to_front, int64_t *order) {
    order[0] = 0;
    for (uint32_t i = 1; i <= rank; i++) order[i] = to_front ? (i == 1 ? rank : i - 1) : (i == rank ? 1 : i + 1);
}

static void put_turned(soma_onnx_exporter *exporter, const soma_tensor *tensor, bool to_front, const char *x,
                       const char *out) {
    int64_t order[SOMA_MAX_RANK + 1];
    set_order(tensor->rank, to_front, order);
    size_t node = soma_onnx_begin_node(exporter, "Transpose", out, (const char *[]){x, NULL});
    soma_onnx_put_attribute_integers(exporter, "perm", order, tensor->rank + 1);
    soma_onnx_end_node(exporter, node);
}

const char *soma_onnx_name_of(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    if (exporter->only_first[tensor->id]) {
        exporter->only_first[tensor->id] = false;
        put_turned(exporter, tensor, false, exporter->first[tensor->id], exporter->name[tensor->id]);
    }
    return exporter->name[tensor->id];
}

const char *soma_onnx_first_of(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    char *first = exporter->first[tensor->id];
    if (!*first) {
        soma_onnx_name name = soma_onnx_temporary(exporter);
        put_turned(exporter, tensor, true, soma_onnx_name_of(exporter, tensor), name.text);
        memcpy(first, name.text, sizeof name.text);
    }
    return first;
}

void soma_onnx_made_first(soma_onnx_exporter *exporter, const soma_tensor *tensor, const char *name) {
    memmove(exporter->first[tensor->id], name, strlen(name) + 1);
    exporter->only_first[tensor->id] = true;
}

void soma_onnx_put_with_axis(soma_onnx_exporter *exporter, const char *op, const soma_tensor *tensor, uint32_t axis) {
    const char *input[SOMA_MAX_INPUTS + 1] = {NULL};
    for (uint32_t i = 0; i < tensor->input_count; i++) input[i] = soma_onnx_name_of(exporter, tensor->input[i]);
    size_t node = soma_onnx_begin_node(exporter, op, soma_onnx_name_of(exporter, tensor), input);
    soma_onnx_put_attribute_integer(exporter, "axis", axis);
    soma_onnx_end_node(exporter, node);
}

/* ------------------------------------------------------------------------------------------------- what follows along
 */

/* Whether it does the same to each element, and one of those that it takes is there channels first alone. */
static bool follows(const soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    bool any = false;
    if (tensor->op != SOMA_OP_UNARY && tensor->op != SOMA_OP_BINARY && tensor->op != SOMA_OP_DROPOUT) return false;
    for (uint32_t i = 0; i < tensor->input_count; i++) {
        const soma_tensor *x = tensor->input[i];
        if (!soma_tensor_same_shape(x, tensor)) return false;
        any |= exporter->only_first[x->id];
    }
    return any;
}

soma_status soma_onnx_put_elementwise(soma_onnx_exporter *exporter, const soma_tensor *tensor,
                                      soma_onnx_export_rule *rule) {
    soma_onnx_name kept[3], out;
    bool last[2] = {false, false};
    if (!follows(exporter, tensor)) return rule(exporter, tensor);
    out = soma_onnx_temporary(exporter);
    for (uint32_t i = 0; i < tensor->input_count; i++) soma_onnx_first_of(exporter, tensor->input[i]);
    /* The rule asks for names, and gets those of the others. */
    for (uint32_t i = 0; i <= tensor->input_count; i++) {
        const soma_tensor *x = i < tensor->input_count ? tensor->input[i] : tensor;
        memcpy(kept[i].text, exporter->name[x->id], sizeof kept[i].text);
    }
    for (uint32_t i = 0; i < tensor->input_count; i++) {
        uint32_t id = tensor->input[i]->id;
        last[i] = exporter->only_first[id];
        exporter->only_first[id] = false;
        memcpy(exporter->name[id], exporter->first[id], sizeof kept[i].text);
    }
    memcpy(exporter->name[tensor->id], out.text, sizeof out.text);
    soma_status status = rule(exporter, tensor);
    for (uint32_t i = tensor->input_count + 1; i-- > 0;) {
        const soma_tensor *x = i < tensor->input_count ? tensor->input[i] : tensor;
        memcpy(exporter->name[x->id], kept[i].text, sizeof kept[i].text);
        if (i < tensor->input_count) exporter->only_first[x->id] |= last[i];
    }
    soma_onnx_made_first(exporter, tensor, out.text);
    return status;
}

static bool moves_channels(const soma_tensor *transpose, bool to_front) {
    int64_t order[SOMA_MAX_RANK + 1];
    set_order(transpose->rank, to_front, order);
    bool same = transpose->batched && transpose->rank > 1;
    for (uint32_t i = 0; same && i <= transpose->rank; i++) same = transpose->attributes.transpose.axis[i] == order[i];
    return same;
}

bool soma_onnx_put_as_channels(soma_onnx_exporter *exporter, const soma_tensor *transpose) {
    const soma_tensor *x = transpose->input[0];
    if (moves_channels(transpose, true) && *exporter->first[x->id]) /* of two dimensions both are the same */
        PUT("Identity", soma_onnx_name_of(exporter, transpose), exporter->first[x->id], NULL);
    else if (moves_channels(transpose, false))
        soma_onnx_made_first(exporter, transpose, soma_onnx_name_of(exporter, x));
    else
        return false;
    return true;
}

bool soma_onnx_put_reshaped_first(soma_onnx_exporter *exporter, const soma_tensor *reshape) {
    const soma_tensor *x = reshape->input[0];
    int64_t shape[SOMA_MAX_RANK + 1] = {0};
    bool image = x->batched && reshape->batched && x->rank > 1 && reshape->rank > 1;
    if (!image || !exporter->only_first[x->id] || x->shape[x->rank - 1] != reshape->shape[reshape->rank - 1])
        return false;
    shape[1] = (int64_t)reshape->shape[reshape->rank - 1];
    for (uint32_t i = 0; i + 1 < reshape->rank; i++) shape[2 + i] = (int64_t)reshape->shape[i];
    soma_onnx_name out = soma_onnx_temporary(exporter);
    soma_onnx_put_reshaped(exporter, out.text, soma_onnx_first_of(exporter, x), shape, reshape->rank + 1);
    soma_onnx_made_first(exporter, reshape, out.text);
    return true;
}

/* ------------------------------------------------------------------------------------------------------- weights */

static bool is_weight_of(const soma_tensor *tensor, uint32_t input) {
    return input == 1 && (tensor->op == SOMA_OP_CONV || tensor->op == SOMA_OP_CONV_TRANSPOSE);
}

bool soma_onnx_is_conv_weight(const soma_onnx_exporter *exporter, const soma_tensor *parameter) {
    const soma_graph *graph = &exporter->network->graph;
    bool any = false;
    for (uint32_t i = 0; i < graph->count; i++) {
        const soma_tensor *user = graph->tensor[i];
        for (uint32_t j = 0; exporter->needed[i] && j < user->input_count; j++) {
            if (user->input[j] != parameter) continue;
            if (!is_weight_of(user, j)) return false;
            any = true;
        }
    }
    return any && parameter->op == SOMA_OP_PARAMETER;
}

/* [kernel..., C, O] as [O, C, kernel...]. */
void soma_onnx_put_conv_weight(soma_onnx_exporter *exporter, const char *name, const soma_tensor *weight,
                               const float *values, float *turned) {
    size_t shape[SOMA_MAX_RANK], rank = weight->rank, c = weight->shape[rank - 2], o = weight->shape[rank - 1];
    size_t positions = soma_tensor_count(weight) / SOMA_MAX(c * o, (size_t)1);
    shape[0] = o;
    shape[1] = c;
    for (size_t i = 2; i < rank; i++) shape[i] = weight->shape[i - 2];
    for (size_t k = 0; k < positions; k++)
        for (size_t i = 0; i < c; i++)
            for (size_t j = 0; j < o; j++) turned[(j * c + i) * positions + k] = values[(k * c + i) * o + j];
    soma_onnx_put_tensor(exporter, GRAPH_INITIALIZER, name, weight->rank, shape, turned);
}
