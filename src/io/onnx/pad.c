/* SPDX-License-Identifier: MIT */
/* A constant around a value, or what it goes on with. */
#include "base/utf8.h"
#include "io/onnx/family.h"

#include <inttypes.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

typedef struct amounts {
    int64_t before[SOMA_ONNX_MAX_RANK], after[SOMA_ONNX_MAX_RANK]; /* of each dimension */
    float value;
} amounts;

/* Attributes before opset 11, in opset 1 of other names; then inputs, from opset 18 on for chosen axes. */
static soma_status get_lists(soma_onnx_node *node, int64_t *pads, size_t *count, int64_t *axes, size_t *axis_count,
                             float *value) {
    bool present;
    *axis_count = 0;
    *value = 0;
    if (node->opset < 11) {
        SOMA_TRY(soma_onnx_get_float(node, "value", 0, value));
        return soma_onnx_get_integers(node, node->opset < 2 ? "paddings" : "pads", pads, 2 * SOMA_ONNX_MAX_RANK, count,
                                      &present);
    }
    SOMA_TRY(soma_onnx_integers(node, 1, pads, 2 * SOMA_ONNX_MAX_RANK, count));
    if (node->input_count > 3 && node->input[3])
        SOMA_TRY(soma_onnx_integers(node, 3, axes, SOMA_ONNX_MAX_RANK, axis_count));
    const soma_onnx_value *number = node->input_count > 2 ? node->input[2] : NULL;
    if (!number || soma_onnx_single(node, number, value)) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "%s must be one number, and a constant of the file", number->name);
}

static soma_status get_padding(soma_onnx_node *node, amounts *padding) {
    uint32_t rank = node->input[0]->shape.rank, axis = 0;
    int64_t pads[2 * SOMA_ONNX_MAX_RANK], axes[SOMA_ONNX_MAX_RANK];
    size_t count, axis_count;
    memset(padding, 0, sizeof *padding);
    SOMA_TRY(get_lists(node, pads, &count, axes, &axis_count, &padding->value));
    size_t dimensions = axis_count ? axis_count : rank;
    if (count != 2 * dimensions)
        return soma_error(SOMA_INVALID_FILE, "%zu pads; for %zu dimensions they are %zu", count, dimensions,
                          2 * dimensions);
    for (size_t i = 0; i < dimensions; i++) {
        SOMA_TRY(soma_onnx_axis(node, axis_count ? axes[i] : (int64_t)i, rank, &axis));
        padding->before[axis] = pads[i];
        padding->after[axis] = pads[dimensions + i];
    }
    return SOMA_OK;
}

typedef enum pad_mode { CONSTANT, EDGE, REFLECT, WRAP, MODES } pad_mode;

static soma_status get_mode(const soma_onnx_node *node, pad_mode *mode) {
    static const char *const names[MODES] = {"constant", "edge", "reflect", "wrap"};
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, "mode");
    *mode = CONSTANT;
    if (!attribute) return SOMA_OK;
    for (int i = 0; i < MODES; i++) {
        *mode = (pad_mode)i;
        if (soma_onnx_is_text(attribute, names[i])) return SOMA_OK;
    }
    soma_quoted found = soma_quote((const char *)(attribute->has_s ? attribute->s.data : NULL),
                                   attribute->has_s ? attribute->s.len : 0);
    return soma_error(SOMA_UNSUPPORTED, "attribute mode is %s; constant, edge, reflect and wrap are possible",
                      found.text);
}

/* Where in a dimension of so many places the padded one has its elements from. */
typedef struct dimension {
    pad_mode mode;
    int64_t size, before;
} dimension;

static size_t inside(const void *context, size_t i) {
    const dimension *of = context;
    int64_t at = (int64_t)i - of->before, period = 2 * (of->size - 1);
    switch (of->mode) {
    case EDGE:
        at = at < 0 ? 0 : SOMA_MIN(at, of->size - 1);
        break;
    case REFLECT:
        at = period ? (at % period + period) % period : 0;
        if (at >= of->size) at = period - at;
        break;
    default: /* WRAP */
        at = (at % of->size + of->size) % of->size;
    }
    return (size_t)at;
}

static bool is_pad(int64_t amount) {
    return amount >= -INT32_MAX && amount <= INT32_MAX;
}

/* Negative pads take elements away, of which one must be left. */
static soma_status check_pads(pad_mode mode, int64_t size, int64_t before, int64_t after) {
    bool possible = is_pad(before) && is_pad(after), cut = before < 0 || after < 0;
    if (possible && (!cut || (mode == CONSTANT && size + SOMA_MIN(before, 0) + SOMA_MIN(after, 0) > 0))) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "pads of %" PRId64 " and %" PRId64 " around %" PRId64 "; up to %d are possible, and in mode "
                      "constant negative ones that leave an element",
                      before, after, size, INT32_MAX);
}

/* What negative pads leave; the others are left to do. */
static soma_status crop(soma_tensor **x, uint32_t place, int64_t *before, int64_t *after) {
    soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = (soma_tensor *[]){*x}};
    if (*before >= 0 && *after >= 0) return SOMA_OK;
    spec.attributes.slice.axis = place + ((*x)->batched ? 1 : 0);
    spec.attributes.slice.start = (size_t)-SOMA_MIN(*before, 0);
    spec.attributes.slice.length = (*x)->shape[place] - spec.attributes.slice.start - (size_t)-SOMA_MIN(*after, 0);
    *before = SOMA_MAX(*before, 0);
    *after = SOMA_MAX(*after, 0);
    return soma_graph_add((*x)->graph, &spec, x);
}

static soma_status import_pad(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0];
    soma_onnx_shape out = x->shape;
    uint32_t order[SOMA_ONNX_MAX_RANK], axis;
    amounts padding;
    pad_mode mode;
    soma_tensor *tensor, *y, *cropped;
    soma_tensor_spec spec = {.op = SOMA_OP_PAD, .input_count = 1, .input = &cropped};
    bool pads = false;
    SOMA_TRY(get_mode(node, &mode));
    SOMA_TRY(get_padding(node, &padding));
    SOMA_TRY(soma_onnx_as_arranged(node, x, order, &tensor));
    y = tensor;
    spec.attributes.pad.value = padding.value;
    for (uint32_t i = 0; i < out.rank; i++) {
        int64_t before = padding.before[i], after = padding.after[i];
        if (before == 0 && after == 0) continue;
        SOMA_TRY(check_pads(mode, (int64_t)out.dim[i], before, after));
        SOMA_TRY(soma_onnx_arranged_axis(node, &x->shape, order, i, &axis));
        if (tensor->batched) axis--;
        const dimension of = {mode, (int64_t)out.dim[i], before};
        out.dim[i] = (size_t)((int64_t)out.dim[i] + before + after);
        SOMA_TRY(crop(&y, axis, &before, &after));
        pads |= before > 0 || after > 0;
        if (mode != CONSTANT) SOMA_TRY(soma_graph_pick(y, axis, out.dim[i], inside, &of, &y));
        spec.attributes.pad.before[axis] = (size_t)before;
        spec.attributes.pad.after[axis] = (size_t)after;
    }
    cropped = y;
    if (mode == CONSTANT && pads) SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return y == tensor ? soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0)
                       : soma_onnx_give_arranged(node, y, &out, order);
}

SOMA_ONNX_OP(Pad, 1, 1, 4, "mode pads paddings value", import_pad, 0);

/* ---------------------------------------------------------------------------------------------------------- export */

/* The pads became an input in opset 11. */
void soma_onnx_put_padded(soma_onnx_exporter *exporter, const char *out, const char *x, const int64_t *pads,
                          uint32_t rank, float value) {
    if (exporter->opset < 11) {
        size_t node = soma_onnx_begin_node(exporter, "Pad", out, (const char *[]){x, NULL});
        soma_onnx_put_attribute_integers(exporter, "pads", pads, (size_t)2 * rank);
        soma_onnx_put_attribute_float(exporter, "value", value);
        soma_onnx_end_node(exporter, node);
        return;
    }
    soma_onnx_name list = soma_onnx_list(exporter, pads, (size_t)2 * rank);
    soma_onnx_name number = soma_onnx_number(exporter, value);
    soma_onnx_end_node(exporter,
                       soma_onnx_begin_node(exporter, "Pad", out, (const char *[]){x, list.text, number.text, NULL}));
}

soma_status soma_onnx_export_pad(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t pads[2 * (SOMA_MAX_RANK + 1)] = {0};
    uint32_t batch = tensor->batched ? 1 : 0, rank = tensor->rank + batch;
    const char *x = soma_onnx_name_of(exporter, tensor->input[0]), *out = soma_onnx_name_of(exporter, tensor);
    for (uint32_t i = 0; i < tensor->rank; i++) {
        pads[batch + i] = (int64_t)tensor->attributes.pad.before[i];
        pads[rank + batch + i] = (int64_t)tensor->attributes.pad.after[i];
    }
    soma_onnx_put_padded(exporter, out, x, pads, rank, tensor->attributes.pad.value);
    return SOMA_OK;
}
