/* SPDX-License-Identifier: MIT */
/* Two operands, broadcast as NumPy does, and what is made of that: ops of any number of operands, bounds. */
#include "io/onnx/family.h"

#include <float.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* The value's dimensions in the result's reading: those before the batch, which must be 1, go. */
static soma_status strip(soma_onnx_node *node, soma_tensor **x, soma_onnx_shape *shape, uint32_t rank) {
    const soma_onnx_importer *importer = node->importer;
    if (importer->whole) return SOMA_OK;
    if (shape->batched) return shape->rank == rank ? SOMA_OK : soma_onnx_mixes(node);
    if (shape->rank < rank) return SOMA_OK;
    if (shape->rank > rank || shape->dim[0] != 1) return soma_onnx_mixes(node);
    shape->rank--;
    memmove(shape->dim, shape->dim + 1, shape->rank * sizeof *shape->dim);
    return soma_onnx_reshaped(node, *x, shape, x);
}

static soma_status broadcast(const soma_onnx_node *node, const soma_onnx_shape *a, const soma_onnx_shape *b,
                             soma_onnx_shape *out) {
    *out = (soma_onnx_shape){.batched = a->batched || b->batched, .rank = SOMA_MAX(a->rank, b->rank)};
    for (uint32_t i = 0; i < out->rank; i++) { /* from the last dimension to the first */
        size_t p = i < a->rank ? a->dim[a->rank - 1 - i] : 1, q = i < b->rank ? b->dim[b->rank - 1 - i] : 1;
        if (p != q && p != 1 && q != 1 && (p == 0 || q == 0)) return soma_onnx_mixes(node); /* a batch of any size */
        if (p != q && p != 1 && q != 1)
            return soma_error(SOMA_INVALID_SHAPE, "dimensions of %zu and %zu cannot be broadcast", p, q);
        out->dim[out->rank - 1 - i] = p == 1 ? q : p;
    }
    return SOMA_OK;
}

static bool same_dimensions(const soma_onnx_shape *a, const soma_onnx_shape *b) {
    return a->rank == b->rank && memcmp(a->dim, b->dim, a->rank * sizeof *a->dim) == 0;
}

soma_status soma_onnx_combine(soma_onnx_node *node, soma_tensor *a, const soma_onnx_shape *a_shape, soma_tensor *b,
                              const soma_onnx_shape *b_shape, soma_binary op, soma_tensor **out,
                              soma_onnx_shape *out_shape) {
    const soma_onnx_importer *importer = node->importer;
    soma_onnx_shape p = *a_shape, q = *b_shape;
    SOMA_TRY(broadcast(node, &p, &q, out_shape));
    if (out_shape->batched) {
        SOMA_TRY(strip(node, &a, &p, out_shape->rank));
        SOMA_TRY(strip(node, &b, &q, out_shape->rank));
    }
    bool plain = same_dimensions(&p, &q) || soma_tensor_count(a) == 1 || soma_tensor_count(b) == 1;
    if (!plain && (!soma_onnx_is_exact(importer, &p) || !soma_onnx_is_exact(importer, &q)))
        return soma_error(SOMA_UNSUPPORTED, "broadcasting in %u dimensions", out_shape->rank);
    SOMA_TRY(soma_graph_binary(soma_onnx_graph(node), a, b, op, out));
    return soma_onnx_reshaped(node, *out, out_shape, out);
}

/* Before opset 7 broadcasting was asked for by an attribute, and `axis` said where the second operand begins. */
static soma_status align_second(soma_onnx_node *node, soma_tensor **b, soma_onnx_shape *b_shape) {
    const soma_onnx_shape *a_shape = &node->input[0]->shape;
    int64_t asked, axis;
    if (node->opset >= 7) return SOMA_OK;
    SOMA_TRY(soma_onnx_get_integer(node, "broadcast", 0, &asked));
    if (!asked)
        return same_dimensions(a_shape, b_shape)
                   ? SOMA_OK
                   : soma_error(SOMA_INVALID_FILE, "the operands differ in shape, and nothing asks for broadcasting");
    SOMA_TRY(soma_onnx_get_integer(node, "axis", (int64_t)a_shape->rank - b_shape->rank, &axis));
    if (axis < 0 || axis + b_shape->rank > a_shape->rank)
        return soma_error(SOMA_INVALID_FILE, "the second operand does not lie within the first from its axis on");
    while (axis + b_shape->rank < a_shape->rank) b_shape->dim[b_shape->rank++] = 1;
    return soma_onnx_reshaped(node, *b, b_shape, b);
}

/* Those that shapes are computed by. Before opset 7 nothing is broadcast unless that is asked for. */
static bool folds(const soma_onnx_node *node) {
    soma_binary op = (soma_binary)node->row->parameter;
    bool arithmetic =
        op == SOMA_BINARY_ADD || op == SOMA_BINARY_SUBTRACT || op == SOMA_BINARY_MULTIPLY || op == SOMA_BINARY_DIVIDE;
    return arithmetic && node->opset >= 7 && soma_onnx_can_fold(node);
}

static soma_status import_binary(soma_onnx_node *node) {
    soma_binary op = (soma_binary)node->row->parameter;
    soma_tensor *a, *b, *y;
    soma_onnx_shape b_shape = node->input[1]->shape, shape;
    if (folds(node)) return soma_onnx_fold_binary(node);
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &a));
    SOMA_TRY(soma_onnx_tensor(node, node->input[1], &b));
    SOMA_TRY(align_second(node, &b, &b_shape));
    SOMA_TRY(soma_onnx_combine(node, a, &node->input[0]->shape, b, &b_shape, op, &y, &shape));
    node->output.integer = op == SOMA_BINARY_GREATER || op == SOMA_BINARY_GREATER_EQUAL;
    if (node->output.integer) node->output.elements.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
    return soma_onnx_give(node, y, &shape);
}

#define BINARY(op, since, attributes, parameter) SOMA_ONNX_OP(op, since, 2, 2, attributes, import_binary, parameter)
BINARY(Add, 1, "axis broadcast consumed_inputs", SOMA_BINARY_ADD);
BINARY(Div, 1, "axis broadcast consumed_inputs", SOMA_BINARY_DIVIDE);
BINARY(Greater, 1, "axis broadcast", SOMA_BINARY_GREATER);
BINARY(GreaterOrEqual, 12, "", SOMA_BINARY_GREATER_EQUAL);
BINARY(Mul, 1, "axis broadcast consumed_inputs", SOMA_BINARY_MULTIPLY);
BINARY(Sub, 1, "axis broadcast consumed_inputs", SOMA_BINARY_SUBTRACT);

/* The exponent may be whole numbers; one that is a single number is not trained. */
static soma_status import_pow(soma_onnx_node *node) {
    soma_tensor *a, *b, *y;
    soma_onnx_shape b_shape = node->input[1]->shape, shape;
    float exponent;
    bool single = soma_onnx_single(node, node->input[1], &exponent);
    if (single && exponent == 2 && b_shape.rank <= node->input[0]->shape.rank)
        return soma_onnx_give_function(node, SOMA_SQUARE, 0, 0);
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &a));
    SOMA_TRY(single ? soma_onnx_fill(node, exponent, &b) : soma_onnx_tensor_of_any(node, node->input[1], &b));
    SOMA_TRY(align_second(node, &b, &b_shape));
    SOMA_TRY(soma_onnx_combine(node, a, &node->input[0]->shape, b, &b_shape, SOMA_BINARY_POWER, &y, &shape));
    return soma_onnx_give(node, y, &shape);
}

SOMA_ONNX_OP(Pow, 1, 2, 2, "axis broadcast", import_pow, SOMA_BINARY_POWER);

/* Sum, Max, Min of any number of values. */
static soma_status import_fold(soma_onnx_node *node) {
    soma_tensor *total, *next;
    soma_onnx_shape shape = node->input[0]->shape;
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &total));
    if (node->input_count == 1) return soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0);
    for (uint32_t i = 1; i < node->input_count; i++) {
        soma_onnx_shape so_far = shape;
        SOMA_TRY(soma_onnx_tensor(node, node->input[i], &next));
        SOMA_TRY(soma_onnx_combine(node, total, &so_far, next, &node->input[i]->shape,
                                   (soma_binary)node->row->parameter, &total, &shape));
    }
    return soma_onnx_give(node, total, &shape);
}

#define FOLD(op, parameter) SOMA_ONNX_OP(op, 1, 1, SOMA_MAX_INPUTS, "consumed_inputs", import_fold, parameter)
FOLD(Max, SOMA_BINARY_MAXIMUM);
FOLD(Min, SOMA_BINARY_MINIMUM);
FOLD(Sum, SOMA_BINARY_ADD);

/* One bound of Clip; a number of the file is not trained. */
static soma_status bound(soma_onnx_node *node, uint32_t input, const char *attribute, float none, soma_binary op,
                         soma_tensor **x, soma_onnx_shape *shape) {
    soma_tensor *limit;
    soma_onnx_shape single = {.rank = 0}, so_far = *shape;
    float number;
    soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL;
    if (node->opset < 11) {
        SOMA_TRY(soma_onnx_get_float(node, attribute, none, &number));
        if (number == none) return SOMA_OK;
        SOMA_TRY(soma_onnx_fill(node, number, &limit));
    } else if (!value)
        return SOMA_OK;
    else if (!value->integer && soma_onnx_single(node, value, &number))
        SOMA_TRY(soma_onnx_fill(node, number, &limit));
    else {
        SOMA_TRY(soma_onnx_tensor(node, value, &limit));
        single = value->shape;
    }
    return soma_onnx_combine(node, *x, &so_far, limit, &single, op, x, shape);
}

static soma_status import_clip(soma_onnx_node *node) {
    soma_onnx_shape shape = node->input[0]->shape;
    soma_tensor *x, *y;
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    y = x;
    SOMA_TRY(bound(node, 1, "min", -FLT_MAX, SOMA_BINARY_MAXIMUM, &y, &shape));
    SOMA_TRY(bound(node, 2, "max", FLT_MAX, SOMA_BINARY_MINIMUM, &y, &shape));
    return y == x ? soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0) : soma_onnx_give(node, y, &shape);
}

SOMA_ONNX_OP(Clip, 1, 1, 3, "min max consumed_inputs", import_clip, 0);

/* ---------------------------------------------------------------------------------------------------------- export */

const soma_tensor *soma_onnx_operand(const soma_tensor *binary, uint32_t index) {
    const soma_tensor *x = binary->input[index], *other = binary->input[1 - index];
    bool repeated = x->op == SOMA_OP_COPY && x->attributes.copy.scale == 1;
    return repeated && soma_tensor_same_shape(other, binary) ? x->input[0] : x;
}

/* ONNX aligns dimensions from the last; of two batches the smaller sample needs dimensions of 1 after its batch. */
soma_onnx_name soma_onnx_aligned(soma_onnx_exporter *exporter, const soma_tensor *x, const soma_tensor *result) {
    soma_onnx_name out;
    int64_t shape[SOMA_MAX_RANK + 1] = {0};
    if (!x->batched || x->rank == result->rank) {
        memcpy(out.text, exporter->name[x->id], sizeof out.text);
        return out;
    }
    for (uint32_t i = 0; i < result->rank; i++) {
        uint32_t missing = result->rank - x->rank;
        shape[i + 1] = i < missing ? 1 : (int64_t)x->shape[i - missing];
    }
    out = soma_onnx_temporary(exporter);
    soma_onnx_put_reshaped(exporter, out.text, soma_onnx_name_of(exporter, x), shape, result->rank + 1);
    return out;
}

/* 1 where the comparison holds, else 0. */
void soma_onnx_put_comparison(soma_onnx_exporter *exporter, const soma_onnx_row *row, const char *out, const char *a,
                              const char *b) {
    soma_onnx_name truth = soma_onnx_temporary(exporter);
    soma_onnx_need_opset(exporter, row->since);
    PUT(row->name, truth.text, a, b);
    size_t node = soma_onnx_begin_node(exporter, "Cast", out, (const char *[]){truth.text, NULL});
    soma_onnx_put_attribute_integer(exporter, "to", 1); /* FLOAT */
    soma_onnx_end_node(exporter, node);
}

soma_status soma_onnx_export_binary(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    static const soma_onnx_row *const rows[SOMA_BINARY_COUNT] = {
        [SOMA_BINARY_ADD] = &soma_onnx_row_Add,         [SOMA_BINARY_SUBTRACT] = &soma_onnx_row_Sub,
        [SOMA_BINARY_MULTIPLY] = &soma_onnx_row_Mul,    [SOMA_BINARY_DIVIDE] = &soma_onnx_row_Div,
        [SOMA_BINARY_MAXIMUM] = &soma_onnx_row_Max,     [SOMA_BINARY_MINIMUM] = &soma_onnx_row_Min,
        [SOMA_BINARY_GREATER] = &soma_onnx_row_Greater, [SOMA_BINARY_GREATER_EQUAL] = &soma_onnx_row_GreaterOrEqual,
        [SOMA_BINARY_POWER] = &soma_onnx_row_Pow};
    soma_binary op = tensor->attributes.binary.op;
    if (op == SOMA_BINARY_MAXIMUM || op == SOMA_BINARY_MINIMUM) soma_onnx_need_opset(exporter, SOMA_ONNX_FOLD_OPSET);
    soma_onnx_name a = soma_onnx_aligned(exporter, soma_onnx_operand(tensor, 0), tensor);
    soma_onnx_name b = soma_onnx_aligned(exporter, soma_onnx_operand(tensor, 1), tensor);
    if (op == SOMA_BINARY_GREATER || op == SOMA_BINARY_GREATER_EQUAL)
        soma_onnx_put_comparison(exporter, rows[op], soma_onnx_name_of(exporter, tensor), a.text, b.text);
    else
        PUT(rows[op]->name, soma_onnx_name_of(exporter, tensor), a.text, b.text);
    return SOMA_OK;
}
