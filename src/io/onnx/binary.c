/* SPDX-License-Identifier: MIT */
/* Two operands, broadcast as NumPy does, and what is made of that: ops of any number of operands, bounds. */
#include "io/onnx/family.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* The value's dimensions in the result's reading: those before the batch, which must be 1, go. */
static soma_status strip(const soma_onnx_node *node, soma_onnx_shape *shape, uint32_t rank) {
    if (node->importer->whole) return SOMA_OK;
    if (shape->batched) return shape->rank == rank ? SOMA_OK : soma_onnx_mixes(node);
    if (shape->rank < rank) return SOMA_OK;
    if (shape->rank > rank || shape->dim[0] != 1) return soma_onnx_mixes(node);
    shape->rank--;
    memmove(shape->dim, shape->dim + 1, shape->rank * sizeof *shape->dim);
    return SOMA_OK;
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

/* Elements of a sample. */
static size_t elements(const soma_onnx_node *node, const soma_onnx_shape *shape) {
    return soma_onnx_count(shape, soma_onnx_first(node->importer, shape), shape->rank);
}

/* An operand: a value, and the shape in which it is read. */
typedef struct operand {
    soma_onnx_value *value;
    soma_onnx_shape shape;
} operand;

/* In more dimensions than a tensor has. */
static soma_status in_merged_order(soma_onnx_node *node, operand *a, operand *b, soma_binary op, soma_onnx_value *out) {
    soma_tensor like[3], *x, *y;
    if (!soma_onnx_merge(node, &a->shape, &b->shape, &out->shape, like))
        return soma_error(SOMA_UNSUPPORTED,
                          "broadcasting in %u dimensions, which are more than a tensor has although those that are "
                          "broadcast alike are taken as one",
                          out->shape.rank);
    SOMA_TRY(soma_onnx_tensor(node, a->value, &x));
    SOMA_TRY(soma_onnx_tensor(node, b->value, &y));
    SOMA_TRY(soma_graph_reshape(x->graph, x, &like[0], &x));
    SOMA_TRY(soma_graph_reshape(y->graph, y, &like[1], &y));
    SOMA_TRY(soma_graph_binary(soma_onnx_graph(node), x, y, op, &out->tensor));
    return soma_onnx_reshaped(node, out->tensor, &out->shape, &out->tensor);
}

static soma_status in_plain_order(soma_onnx_node *node, operand *a, operand *b, soma_binary op, soma_onnx_value *out) {
    bool plain =
        same_dimensions(&a->shape, &b->shape) || elements(node, &a->shape) == 1 || elements(node, &b->shape) == 1;
    soma_tensor *x, *y;
    if (!plain && (!soma_onnx_is_exact(node->importer, &a->shape) || !soma_onnx_is_exact(node->importer, &b->shape)))
        return in_merged_order(node, a, b, op, out);
    SOMA_TRY(soma_onnx_tensor(node, a->value, &x));
    SOMA_TRY(soma_onnx_tensor(node, b->value, &y));
    SOMA_TRY(soma_onnx_reshaped(node, x, &a->shape, &x));
    SOMA_TRY(soma_onnx_reshaped(node, y, &b->shape, &y));
    SOMA_TRY(soma_graph_binary(soma_onnx_graph(node), x, y, op, &out->tensor));
    return soma_onnx_reshaped(node, out->tensor, &out->shape, &out->tensor);
}

/* Dimensions of 1 before those of a sample, so that there are as many as in the result. */
static void pad(const soma_onnx_node *node, soma_onnx_shape *shape, uint32_t rank) {
    uint32_t first = soma_onnx_first(node->importer, shape), missing = rank - (shape->rank - first);
    memmove(shape->dim + first + missing, shape->dim + first, (shape->rank - first) * sizeof *shape->dim);
    for (uint32_t i = 0; i < missing; i++) shape->dim[first + i] = 1;
    shape->rank += missing;
}

/* As the one that is not in ONNX's order lies, or the larger of them. Else, and where that is no order of the
 * dimensions, in ONNX's. */
static soma_status in_any_order(soma_onnx_node *node, operand *a, operand *b, soma_binary op, soma_onnx_value *out) {
    uint32_t order[SOMA_ONNX_MAX_RANK], rank = out->shape.rank - soma_onnx_first(node->importer, &out->shape);
    bool first =
        a->value->layout.rank && (b->value->layout.rank == 0 || elements(node, &a->shape) >= elements(node, &b->shape));
    operand p = *a, q = *b;
    soma_tensor *x, *y;
    if (a->value->layout.rank == 0 && b->value->layout.rank == 0) return in_plain_order(node, a, b, op, out);
    pad(node, &p.shape, rank);
    pad(node, &q.shape, rank);
    if (!soma_onnx_order(node, first ? a->value : b->value, first ? &p.shape : &q.shape, order))
        return in_plain_order(node, a, b, op, out);
    SOMA_TRY(soma_onnx_arranged(node, p.value, &p.shape, order, &x));
    SOMA_TRY(soma_onnx_arranged(node, q.value, &q.shape, order, &y));
    SOMA_TRY(soma_graph_binary(soma_onnx_graph(node), x, y, op, &out->tensor));
    return soma_onnx_layout_of(node, &out->shape, order, &out->layout)
               ? SOMA_OK
               : soma_onnx_reshaped(node, out->tensor, &out->shape, &out->tensor);
}

/* The other operand is one number: this one lies as it may. */
static soma_status with_number(soma_onnx_node *node, operand *a, operand *b, bool number_first, soma_binary op,
                               soma_onnx_value *out) {
    operand *many = number_first ? b : a, *one = number_first ? a : b;
    soma_tensor *x, *y, single = {.batched = one->shape.batched, .rank = 1, .shape = {1}};
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, many->value, &x));
    SOMA_TRY(soma_onnx_tensor(node, one->value, &y));
    if (!soma_tensor_same_shape(y, &single)) SOMA_TRY(soma_graph_reshape(y->graph, y, &single, &y));
    SOMA_TRY(soma_graph_binary(soma_onnx_graph(node), number_first ? y : x, number_first ? x : y, op, &out->tensor));
    out->layout = many->value->layout;
    return SOMA_OK;
}

soma_status soma_onnx_combine(soma_onnx_node *node, soma_onnx_value *a, const soma_onnx_shape *a_shape,
                              soma_onnx_value *b, const soma_onnx_shape *b_shape, soma_binary op,
                              soma_onnx_value *out) {
    operand p = {a, *a_shape}, q = {b, *b_shape};
    soma_onnx_value result = {.name = node->output.name};
    SOMA_TRY(broadcast(node, &p.shape, &q.shape, &result.shape));
    if (result.shape.batched) {
        SOMA_TRY(strip(node, &p.shape, result.shape.rank));
        SOMA_TRY(strip(node, &q.shape, result.shape.rank));
    }
    if (a->layout.rank && elements(node, &q.shape) == 1 && a_shape->batched == result.shape.batched)
        SOMA_TRY(with_number(node, &p, &q, false, op, &result));
    else if (b->layout.rank && elements(node, &p.shape) == 1 && b_shape->batched == result.shape.batched)
        SOMA_TRY(with_number(node, &p, &q, true, op, &result));
    else
        SOMA_TRY(in_any_order(node, &p, &q, op, &result));
    *out = result;
    return SOMA_OK;
}

/* A number that is not trained, as an operand. */
static soma_status make_number(soma_onnx_node *node, float number, soma_onnx_value *value) {
    *value = (soma_onnx_value){.name = node->output.name};
    return soma_onnx_fill(node, number, &value->tensor);
}

/* The result is what was combined. */
static soma_status give(soma_onnx_node *node, const soma_onnx_value *value) {
    return soma_onnx_give_like(node, value->tensor, value);
}

soma_status soma_onnx_align_second(const soma_onnx_node *node, soma_onnx_shape *b_shape) {
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
    return SOMA_OK;
}

/* Those that shapes are computed by. Before opset 7 nothing is broadcast unless that is asked for. */
static bool folds(const soma_onnx_node *node) {
    return node->opset >= 7 && soma_onnx_can_fold(node);
}

/* Of whole numbers: what the remainder leaves divides without one, so that but rounding is to be undone. */
static soma_status divide_whole(soma_onnx_node *node) {
    soma_onnx_value *a = node->input[0], *b = node->input[1], rest, y;
    SOMA_TRY(soma_onnx_combine(node, a, &a->shape, b, &b->shape, SOMA_BINARY_REMAINDER, &rest));
    SOMA_TRY(soma_onnx_combine(node, a, &a->shape, &rest, &rest.shape, SOMA_BINARY_SUBTRACT, &y));
    SOMA_TRY(soma_onnx_combine(node, &y, &y.shape, b, &b->shape, SOMA_BINARY_DIVIDE, &y));
    SOMA_TRY(soma_onnx_function(node, y.tensor, SOMA_ROUND, 0, 0, &y.tensor));
    return give(node, &y);
}

static soma_status import_binary(soma_onnx_node *node) {
    soma_binary op = (soma_binary)node->row->parameter;
    soma_onnx_value y;
    soma_onnx_shape b_shape = node->input[1]->shape;
    if (folds(node)) return soma_onnx_fold_binary(node);
    for (uint32_t i = 0; i < 2 && node->whole; i++) SOMA_TRY(soma_onnx_check_counted(node, i, true, true));
    if (node->whole && op == SOMA_BINARY_DIVIDE && node->opset >= 7) return divide_whole(node);
    SOMA_TRY(soma_onnx_align_second(node, &b_shape));
    SOMA_TRY(soma_onnx_combine(node, node->input[0], &node->input[0]->shape, node->input[1], &b_shape, op, &y));
    return give(node, &y);
}

#define BINARY(op, since, attributes, parameter)                                                                       \
    SOMA_ONNX_OP(op, since, 2, 2, attributes, import_binary, parameter, .place = SOMA_ONNX_BROADCAST, .whole = 2)
BINARY(Add, 1, "axis broadcast consumed_inputs", SOMA_BINARY_ADD);
BINARY(Div, 1, "axis broadcast consumed_inputs", SOMA_BINARY_DIVIDE);
BINARY(Mul, 1, "axis broadcast consumed_inputs", SOMA_BINARY_MULTIPLY);
BINARY(Sub, 1, "axis broadcast consumed_inputs", SOMA_BINARY_SUBTRACT);

/* The exponent may be whole numbers; one that is a single number is not trained. */
static soma_status import_pow(soma_onnx_node *node) {
    soma_onnx_value exponents = *node->input[1], y;
    soma_onnx_shape b_shape = exponents.shape;
    soma_tensor *unused;
    float exponent;
    if (node->input[0]->integer && folds(node)) return soma_onnx_fold_power(node);
    bool single = soma_onnx_single(node, node->input[1], &exponent);
    if (single && exponent == 2 && b_shape.rank <= node->input[0]->shape.rank)
        return soma_onnx_give_function(node, SOMA_SQUARE, 0, 0);
    SOMA_TRY(soma_onnx_align_second(node, &b_shape));
    if (single)
        SOMA_TRY(make_number(node, exponent, &exponents));
    else {
        SOMA_TRY(soma_onnx_tensor_of_any(node, node->input[1], &unused));
        exponents = *node->input[1];
        exponents.integer = false;
    }
    SOMA_TRY(
        soma_onnx_combine(node, node->input[0], &node->input[0]->shape, &exponents, &b_shape, SOMA_BINARY_POWER, &y));
    return give(node, &y);
}

SOMA_ONNX_OP(Pow, 1, 2, 2, "axis broadcast", import_pow, SOMA_BINARY_POWER, .place = SOMA_ONNX_BROADCAST);

/* NaN is the size of a batch that is not known: it stays in the result, which is refused for it. */
static double larger(double a, double b) {
    return a > b || isnan(a) ? a : b;
}

static double smaller(double a, double b) {
    return a < b || isnan(a) ? a : b;
}

/* Whether all are constants of one type of whole numbers, as shapes and positions are. */
static bool are_counted(const soma_onnx_node *node) {
    for (uint32_t i = 0; i < node->input_count; i++) {
        const soma_onnx_value *x = node->input[i];
        if (!x || !x->constant || !x->integer || x->elements.type != node->input[0]->elements.type) return false;
    }
    return true;
}

/* Max and Min of whole numbers that are known: each of these with what the ones before it have left. */
static soma_status fold_counted(soma_onnx_node *node) {
    soma_onnx_value *first = node->input[0], *second = node->input[1], so_far;
    soma_onnx_pair *f = node->row == &soma_onnx_row_Max ? larger : smaller;
    if (node->input_count == 1) return soma_onnx_pass(node, first);
    soma_status status = soma_onnx_fold_pairs(node, f, first->elements.type);
    for (uint32_t i = 2; i < node->input_count && status == SOMA_OK; i++) {
        so_far = node->output;
        node->input[0] = &so_far;
        node->input[1] = node->input[i];
        status = soma_onnx_fold_pairs(node, f, first->elements.type);
    }
    node->input[0] = first;
    node->input[1] = second;
    return status;
}

/* Sum, Max, Min, Mean of any number of values. */
static soma_status import_fold(soma_onnx_node *node) {
    soma_onnx_value *total = node->input[0], so_far;
    for (uint32_t i = 0; i < node->input_count && node->whole; i++)
        SOMA_TRY(soma_onnx_check_counted(node, i, node->row != &soma_onnx_row_Max, node->row != &soma_onnx_row_Min));
    if ((node->row == &soma_onnx_row_Max || node->row == &soma_onnx_row_Min) && are_counted(node))
        return fold_counted(node);
    if (node->input_count == 1) return soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0);
    for (uint32_t i = 1; i < node->input_count; i++) {
        SOMA_TRY(soma_onnx_combine(node, total, &total->shape, node->input[i], &node->input[i]->shape,
                                   (soma_binary)node->row->parameter, &so_far));
        total = &so_far;
    }
    if (node->row == &soma_onnx_row_Mean)
        SOMA_TRY(
            soma_onnx_function(node, total->tensor, SOMA_LINEAR, 1.0f / (float)node->input_count, 0, &total->tensor));
    return give(node, total);
}

#define FOLD(op, parameter, takes)                                                                                     \
    SOMA_ONNX_OP(op, 1, 1, SOMA_MAX_INPUTS, "consumed_inputs", import_fold, parameter, .place = SOMA_ONNX_BROADCAST,   \
                 .whole = (takes))
FOLD(Max, SOMA_BINARY_MAXIMUM, SOMA_MAX_INPUTS);
FOLD(Mean, SOMA_BINARY_ADD, 0);
FOLD(Min, SOMA_BINARY_MINIMUM, SOMA_MAX_INPUTS);
FOLD(Sum, SOMA_BINARY_ADD, SOMA_MAX_INPUTS);

/* One bound of Clip, if there is one; a number of the file is not trained. */
static soma_status bound(soma_onnx_node *node, uint32_t input, const char *attribute, float none, soma_binary op,
                         soma_onnx_value *x) {
    float number;
    soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL, limit;
    if (node->opset < 11) {
        SOMA_TRY(soma_onnx_get_float(node, attribute, none, &number));
        if (number == none) return SOMA_OK;
        value = &limit;
        SOMA_TRY(make_number(node, number, &limit));
    } else if (!value)
        return SOMA_OK;
    else if (!value->integer && soma_onnx_single(node, value, &number)) {
        value = &limit;
        SOMA_TRY(make_number(node, number, &limit));
    }
    return soma_onnx_combine(node, x, &x->shape, value, &value->shape, op, x);
}

/* Of whole numbers that are known: no less than the one bound, then no more than the other. */
static soma_status clip_counted(soma_onnx_node *node) {
    soma_onnx_value *given[2] = {node->input[0], node->input_count > 1 ? node->input[1] : NULL}, so_far = *given[0];
    const char *name = node->output.name;
    soma_status status = soma_onnx_pass(node, given[0]);
    for (uint32_t i = 1; i < node->input_count && status == SOMA_OK; i++) {
        if (!node->input[i]) continue;
        node->input[0] = &so_far;
        node->input[1] = node->input[i];
        node->output = (soma_onnx_value){.name = name};
        status = soma_onnx_fold_pairs(node, i == 1 ? larger : smaller, given[0]->elements.type);
        so_far = node->output;
    }
    node->input[0] = given[0];
    if (node->input_count > 1) node->input[1] = given[1];
    return status;
}

static soma_status import_clip(soma_onnx_node *node) {
    soma_onnx_value y = *node->input[0];
    soma_tensor *x;
    if (node->input[0]->integer && node->opset >= 11 && folds(node)) return clip_counted(node);
    for (uint32_t i = 1; i < node->input_count && node->whole; i++)
        if (node->input[i]) SOMA_TRY(soma_onnx_check_counted(node, i, i == 2, i == 1));
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, node->input[0], &x)); /* so that a constant is made but once */
    y = *node->input[0];
    SOMA_TRY(bound(node, 1, "min", -FLT_MAX, SOMA_BINARY_MAXIMUM, &y));
    SOMA_TRY(bound(node, 2, "max", FLT_MAX, SOMA_BINARY_MINIMUM, &y));
    return y.tensor == x ? soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0) : give(node, &y);
}

SOMA_ONNX_OP(Clip, 1, 1, 3, "min max consumed_inputs", import_clip, 0, .place = SOMA_ONNX_MOVED, .whole = 3);

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
        memcpy(out.text, soma_onnx_name_of(exporter, x), sizeof out.text);
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

void soma_onnx_put_comparison(soma_onnx_exporter *exporter, const char *op, int64_t since, const char *out,
                              const char *a, const char *b) {
    soma_onnx_name truth = soma_onnx_temporary(exporter);
    soma_onnx_need_opset(exporter, since);
    PUT(op, truth.text, a, b);
    size_t node = soma_onnx_begin_node(exporter, "Cast", out, (const char *[]){truth.text, NULL});
    soma_onnx_put_attribute_integer(exporter, "to", 1); /* FLOAT */
    soma_onnx_end_node(exporter, node);
}

/* x - trunc(x / y) y for numbers of any kind. */
static void put_remainder(soma_onnx_exporter *exporter, const char *out, const char *a, const char *b) {
    soma_onnx_need_opset(exporter, 10);
    size_t node = soma_onnx_begin_node(exporter, "Mod", out, (const char *[]){a, b, NULL});
    soma_onnx_put_attribute_integer(exporter, "fmod", 1);
    soma_onnx_end_node(exporter, node);
}

/* a where b is not 0, else 0. */
static void put_keep(soma_onnx_exporter *exporter, const char *out, const char *a, const char *b) {
    soma_onnx_name truth = soma_onnx_temporary(exporter), zero = soma_onnx_number(exporter, 0);
    soma_onnx_need_opset(exporter, 9);
    size_t node = soma_onnx_begin_node(exporter, "Cast", truth.text, (const char *[]){b, NULL});
    soma_onnx_put_attribute_integer(exporter, "to", 9); /* BOOL */
    soma_onnx_end_node(exporter, node);
    soma_onnx_end_node(exporter,
                       soma_onnx_begin_node(exporter, "Where", out, (const char *[]){truth.text, a, zero.text, NULL}));
}

soma_status soma_onnx_export_binary(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    static const soma_onnx_row *const rows[SOMA_BINARY_COUNT] = {
        [SOMA_BINARY_ADD] = &soma_onnx_row_Add,      [SOMA_BINARY_SUBTRACT] = &soma_onnx_row_Sub,
        [SOMA_BINARY_MULTIPLY] = &soma_onnx_row_Mul, [SOMA_BINARY_DIVIDE] = &soma_onnx_row_Div,
        [SOMA_BINARY_MAXIMUM] = &soma_onnx_row_Max,  [SOMA_BINARY_MINIMUM] = &soma_onnx_row_Min,
        [SOMA_BINARY_POWER] = &soma_onnx_row_Pow};
    soma_binary op = tensor->attributes.binary.op;
    if (op == SOMA_BINARY_MAXIMUM || op == SOMA_BINARY_MINIMUM) soma_onnx_need_opset(exporter, SOMA_ONNX_FOLD_OPSET);
    soma_onnx_name a = soma_onnx_aligned(exporter, soma_onnx_operand(tensor, 0), tensor);
    soma_onnx_name b = soma_onnx_aligned(exporter, soma_onnx_operand(tensor, 1), tensor);
    const char *out = soma_onnx_name_of(exporter, tensor);
    switch (op) {
    case SOMA_BINARY_EQUAL: /* of numbers that are not whole */
        return soma_onnx_put_comparison(exporter, "Equal", 11, out, a.text, b.text), SOMA_OK;
    case SOMA_BINARY_GREATER:
        return soma_onnx_put_comparison(exporter, "Greater", 7, out, a.text, b.text), SOMA_OK;
    case SOMA_BINARY_GREATER_EQUAL:
        return soma_onnx_put_comparison(exporter, "GreaterOrEqual", 12, out, a.text, b.text), SOMA_OK;
    case SOMA_BINARY_REMAINDER:
        return put_remainder(exporter, out, a.text, b.text), SOMA_OK;
    case SOMA_BINARY_KEEP:
        return put_keep(exporter, out, a.text, b.text), SOMA_OK;
    default:
        return PUT(rows[op]->name, out, a.text, b.text), SOMA_OK;
    }
}
