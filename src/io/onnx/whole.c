/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic of whole numbers that are known when the model runs, as of positions that are counted. They are the
 * float32 that they are, which is exact up to 2^24; rules compute with them as with other numbers. Of types of 8 and 16
 * bits results are taken modulo 2 to their bits, as NumPy and onnxruntime have it.
 */
#include "io/onnx/family.h"
#include "io/onnx/quantize.h"

#include <string.h>

#define TYPE(name) SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* What only moves numbers takes those of any type, and leaves no more room than it finds. */
static bool moves(const soma_onnx_node *node) {
    return node->row->carries;
}

/* So many inputs, from the first on, are what the rule computes with; others, as axes are, stay what they are. */
static uint32_t count_of(const soma_onnx_node *node) {
    return SOMA_MIN(node->row->whole, node->input_count);
}

static bool is_whole(const soma_onnx_node *node) {
    bool runs = false;
    for (uint32_t i = 0; i < count_of(node); i++) runs |= node->input[i] && !node->input[i]->constant;
    return runs && node->input[0] && node->input[0]->integer;
}

/* What a type leaves no room for: products of 16 bits in float32, numbers below 0 that wrap far away. */
static soma_status check_type(const soma_onnx_node *node, int32_t type) {
    const char *op = node->row->name;
    const bool product = !strcmp(op, "Mul") || strstr(op, "Prod") || strstr(op, "Square");
    if (moves(node)) return SOMA_OK;
    const bool falls = !strcmp(op, "Sub") || !strcmp(op, "Neg");
    switch (type) {
    case TYPE(INT32):
    case TYPE(INT64):
        return SOMA_OK;
    case TYPE(INT8):
    case TYPE(UINT8):
        if (!strstr(op, "Prod")) return SOMA_OK;
        break;
    case TYPE(INT16):
    case TYPE(UINT16):
        if (!product) return SOMA_OK;
        break;
    case TYPE(UINT32):
    case TYPE(UINT64):
        if (!falls) return SOMA_OK;
        break;
    default:
        break;
    }
    return soma_error(SOMA_UNSUPPORTED, "%s of %s that are known only when the model runs; soma computes in float32",
                      op, soma_onnx_describe_type(type).text);
}

/* The size of the largest term that a number of the type gives to a sum; 0: of a type that is not narrow. */
static size_t largest_term(const char *op, int32_t type) {
    const bool squares = strstr(op, "Square");
    switch (type) {
    case TYPE(INT8):
        return squares ? 128 * 128 : 128;
    case TYPE(UINT8):
        return squares ? 255 * 255 : 255;
    case TYPE(INT16):
        return 32768;
    case TYPE(UINT16):
        return 65535;
    default:
        return 0;
    }
}

/* Of a batch that is not known one sample is counted. */
static size_t count_numbers(const soma_onnx_shape *shape) {
    size_t count = 1;
    for (uint32_t i = 0; i < shape->rank; i++) count *= SOMA_MAX(shape->dim[i], (size_t)1);
    return count;
}

static soma_status count_terms(soma_onnx_node *node, size_t *terms) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t given;
    uint32_t axis;
    size_t count;
    *terms = count_numbers(x) / count_numbers(&node->output.shape);
    if (strcmp(node->row->name, "CumSum") != 0) return SOMA_OK;
    SOMA_TRY(soma_onnx_integers(node, 1, &given, 1, &count));
    SOMA_TRY(soma_onnx_axis(node, given, x->rank, &axis));
    *terms = x->dim[axis];
    return SOMA_OK;
}

/* What a sum has been rounded to does not wrap to where the sum itself would. */
static soma_status check_sum(soma_onnx_node *node, int32_t type) {
    const char *op = node->row->name;
    const size_t largest = largest_term(op, type);
    size_t terms;
    if (largest == 0 || (!strstr(op, "Sum") && !strstr(op, "L1"))) return SOMA_OK;
    SOMA_TRY(count_terms(node, &terms));
    if (terms <= SOMA_ONNX_MOST_COUNTED / largest) return SOMA_OK;
    return soma_error(
        SOMA_UNSUPPORTED,
        "%s of %zu numbers of %s that are known only when the model runs; soma computes in float32, which "
        "is exact for %zu of them",
        op, terms, soma_onnx_describe_type(type).text, SOMA_ONNX_MOST_COUNTED / largest);
}

static soma_status apply(soma_onnx_node *node, soma_onnx_value *floats, uint32_t count) {
    soma_onnx_value *given[SOMA_MAX_INPUTS];
    const int32_t type = node->input[0]->elements.type;
    memcpy(given, node->input, node->input_count * sizeof *given);
    for (uint32_t i = 0; i < count; i++) {
        if (!given[i]) continue;
        if (!given[i]->integer || given[i]->elements.type != type)
            return soma_error(SOMA_INVALID_FILE, "%s and %s are of different types, %s and %s", given[0]->name,
                              given[i]->name, soma_onnx_describe_type(type).text,
                              soma_onnx_describe_type(soma_onnx_type_of(given[i])).text);
        floats[i] = soma_onnx_as_floats(given[i]);
        node->input[i] = &floats[i];
    }
    node->whole = true;
    soma_status status = soma_onnx_apply_in_front(node);
    node->whole = false;
    memcpy(node->input, given, node->input_count * sizeof *given);
    SOMA_TRY(status);
    soma_onnx_value *y = &node->output;
    if (!moves(node)) y->plain = NULL;
    y->integer = true;
    y->elements.type = type;
    return moves(node) ? SOMA_OK : soma_onnx_wrap(node, type, y->tensor, &y->tensor);
}

static soma_status apply_whole(soma_onnx_node *node) {
    const uint32_t count = count_of(node);
    SOMA_TRY(check_type(node, node->input[0]->elements.type));
    soma_onnx_value *floats = soma_calloc(count, sizeof *floats);
    if (!floats) return soma_out_of_memory(count * sizeof *floats, node->output.name);
    soma_status status = apply(node, floats, count);
    soma_free(floats);
    SOMA_TRY(status);
    return check_sum(node, node->input[0]->elements.type);
}

soma_status soma_onnx_apply_row(soma_onnx_node *node) {
    if (is_whole(node)) return apply_whole(node);
    soma_onnx_value *whole = node->input_count ? node->input[0] : NULL;
    if (!node->row->carries || !whole || !whole->integer || whole->constant) return soma_onnx_apply_in_front(node);
    soma_onnx_value floats = *whole;
    floats.integer = false;
    node->input[0] = &floats;
    soma_status status = soma_onnx_apply_in_front(node);
    node->input[0] = whole;
    if (node->output.integer) return status; /* of a type of its own, as places are */
    node->output.integer = true;
    node->output.elements.type = whole->elements.type;
    return status;
}
