/* SPDX-License-Identifier: MIT */
/* What is true or false, as 1 or 0: comparisons, logic, choices, and remainders, all of which whole numbers have too.
 */
#include "io/onnx/family.h"

#include <float.h>
#include <math.h>

/* ---------------------------------------------------------------------------------------------------------- import */

enum { BOOL = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BOOL };

typedef enum relation {
    IS_GREATER,
    IS_GREATER_EQUAL,
    IS_LESS,
    IS_LESS_EQUAL,
    IS_EQUAL,
    IS_AND,
    IS_OR,
    IS_XOR
} relation;

/* An input as an operand, whole numbers included: a constant of these becomes a tensor here. */
static soma_status get_operand(soma_onnx_node *node, uint32_t input, soma_onnx_value *operand) {
    soma_onnx_value *value = node->input[input];
    soma_tensor *unused;
    if (value->integer) SOMA_TRY(soma_onnx_tensor_of_any(node, value, &unused));
    *operand = *value;
    operand->integer = false;
    return SOMA_OK;
}

/* The result is what was combined, of this type. */
static soma_status give(soma_onnx_node *node, const soma_onnx_value *value, int32_t type) {
    node->output.integer = soma_onnx_is_integer(type);
    if (node->output.integer) node->output.elements.type = type;
    return soma_onnx_give_like(node, value->tensor, value);
}

static soma_status combine(soma_onnx_node *node, soma_onnx_value *a, soma_onnx_value *b, soma_binary op,
                           soma_onnx_value *out) {
    return soma_onnx_combine(node, a, &a->shape, b, &b->shape, op, out);
}

/* 1 where x is 0, else 0. */
static soma_status negate(soma_onnx_node *node, soma_onnx_value *x) {
    soma_tensor *zero;
    SOMA_TRY(soma_onnx_fill(node, 0, &zero));
    return soma_graph_binary(soma_onnx_graph(node), x->tensor, zero, SOMA_BINARY_EQUAL, &x->tensor);
}

/* ---------------------------------------------------------------------------------------------- comparisons, logic */

static double greater(double a, double b) {
    return a > b;
}
static double greater_equal(double a, double b) {
    return a >= b;
}
static double less(double a, double b) {
    return a < b;
}
static double less_equal(double a, double b) {
    return a <= b;
}
static double equal(double a, double b) {
    return a == b;
}
static double both(double a, double b) {
    return a != 0 && b != 0;
}
static double either(double a, double b) {
    return a != 0 || b != 0;
}
static double one(double a, double b) {
    return (a != 0) != (b != 0);
}

static soma_onnx_pair *const of_numbers[] = {
    [IS_GREATER] = greater, [IS_GREATER_EQUAL] = greater_equal,
    [IS_LESS] = less,       [IS_LESS_EQUAL] = less_equal,
    [IS_EQUAL] = equal,     [IS_AND] = both,
    [IS_OR] = either,       [IS_XOR] = one,
};

/* A size that is not known (NaN) is at least 1: it differs from what is less, and can be compared with nothing else. */
static double equal_size(double a, double b) {
    if (isnan(a) || isnan(b)) return a < 1 || b < 1 ? 0 : (double)NAN;
    return a == b;
}
static double unknown_or_greater(double a, double b) {
    return isnan(a) || isnan(b) ? (double)NAN : a > b;
}
static double unknown_or_greater_equal(double a, double b) {
    return isnan(a) || isnan(b) ? (double)NAN : a >= b;
}
static double unknown_or_less(double a, double b) {
    return unknown_or_greater(b, a);
}
static double unknown_or_less_equal(double a, double b) {
    return unknown_or_greater_equal(b, a);
}

static soma_onnx_pair *const of_sizes[] = {
    [IS_GREATER] = unknown_or_greater,
    [IS_GREATER_EQUAL] = unknown_or_greater_equal,
    [IS_LESS] = unknown_or_less,
    [IS_LESS_EQUAL] = unknown_or_less_equal,
    [IS_EQUAL] = equal_size,
    [IS_AND] = both,
    [IS_OR] = either,
    [IS_XOR] = one,
};

static soma_status import_relation(soma_onnx_node *node) {
    static const soma_binary ops[] = {
        [IS_GREATER] = SOMA_BINARY_GREATER, [IS_GREATER_EQUAL] = SOMA_BINARY_GREATER_EQUAL,
        [IS_LESS] = SOMA_BINARY_GREATER,    [IS_LESS_EQUAL] = SOMA_BINARY_GREATER_EQUAL,
        [IS_EQUAL] = SOMA_BINARY_EQUAL,     [IS_AND] = SOMA_BINARY_MINIMUM,
        [IS_OR] = SOMA_BINARY_MAXIMUM,      [IS_XOR] = SOMA_BINARY_EQUAL};
    relation asked = (relation)node->row->parameter;
    soma_onnx_value a, b, y;
    soma_onnx_shape b_shape = node->input[1]->shape;
    if (node->opset >= 7 && soma_onnx_can_fold(node))
        return soma_onnx_fold_pairs(node, (node->input[0]->integer ? of_sizes : of_numbers)[asked], BOOL);
    SOMA_TRY(soma_onnx_align_second(node, &b_shape));
    SOMA_TRY(get_operand(node, 0, &a));
    SOMA_TRY(get_operand(node, 1, &b));
    if (asked == IS_LESS || asked == IS_LESS_EQUAL)
        SOMA_TRY(soma_onnx_combine(node, &b, &b_shape, &a, &a.shape, ops[asked], &y));
    else
        SOMA_TRY(soma_onnx_combine(node, &a, &a.shape, &b, &b_shape, ops[asked], &y));
    if (asked == IS_XOR) SOMA_TRY(negate(node, &y));
    return give(node, &y, BOOL);
}

#define RELATION(op, since, attributes, which)                                                                         \
    SOMA_ONNX_OP(op, since, 2, 2, attributes, import_relation, which, .place = SOMA_ONNX_BROADCAST)
RELATION(And, 1, "axis broadcast", IS_AND);
RELATION(Equal, 1, "axis broadcast", IS_EQUAL);
RELATION(Greater, 1, "axis broadcast", IS_GREATER);
RELATION(GreaterOrEqual, 12, "", IS_GREATER_EQUAL);
RELATION(Less, 1, "axis broadcast", IS_LESS);
RELATION(LessOrEqual, 12, "", IS_LESS_EQUAL);
RELATION(Or, 1, "axis broadcast", IS_OR);
RELATION(Xor, 1, "axis broadcast", IS_XOR);

/* ------------------------------------------------------------------------------------------------------ of one value
 */

/* The input as it lies, to be made into truth. */
static soma_status begin_truth(soma_onnx_node *node, soma_onnx_value *y) {
    SOMA_TRY(get_operand(node, 0, y));
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, y->tensor ? y : node->input[0], &y->tensor));
    y->layout = node->input[0]->layout;
    return SOMA_OK;
}

/* Of truth that is known. */
static soma_status fold_not(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    soma_onnx_reader reader;
    double *numbers = NULL;
    SOMA_TRY(soma_onnx_make(node, x->elements.count, &numbers));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &x->elements, &reader));
    for (size_t i = 0; i < x->elements.count; i++) numbers[i] = soma_onnx_read(&reader, i) == 0;
    soma_onnx_reader_close(&reader);
    return soma_onnx_give_numbers(node, BOOL, &x->shape, false, numbers);
}

static soma_status import_not(soma_onnx_node *node) {
    soma_onnx_value y;
    if (soma_onnx_can_fold(node)) return fold_not(node);
    SOMA_TRY(begin_truth(node, &y));
    SOMA_TRY(negate(node, &y));
    return give(node, &y, BOOL);
}

SOMA_ONNX_OP(Not, 1, 1, 1, "", import_not, 0, .place = SOMA_ONNX_MOVED);

/* NaN alone differs from itself. */
static soma_status import_is_nan(soma_onnx_node *node) {
    soma_onnx_value y;
    SOMA_TRY(begin_truth(node, &y));
    SOMA_TRY(soma_graph_binary(soma_onnx_graph(node), y.tensor, y.tensor, SOMA_BINARY_EQUAL, &y.tensor));
    SOMA_TRY(negate(node, &y));
    return give(node, &y, BOOL);
}

SOMA_ONNX_OP(IsNaN, 9, 1, 1, "", import_is_nan, 0);

/* What is larger than the largest number. */
static soma_status import_is_inf(soma_onnx_node *node) {
    soma_onnx_value y;
    soma_tensor *largest;
    int64_t below, above;
    SOMA_TRY(soma_onnx_get_integer(node, "detect_negative", 1, &below));
    SOMA_TRY(soma_onnx_get_integer(node, "detect_positive", 1, &above));
    SOMA_TRY(begin_truth(node, &y));
    if (below && above) SOMA_TRY(soma_onnx_function(node, y.tensor, SOMA_ABS, 0, 0, &y.tensor));
    if (below && !above) SOMA_TRY(soma_onnx_function(node, y.tensor, SOMA_LINEAR, -1, 0, &y.tensor));
    if (!below && !above) SOMA_TRY(soma_onnx_function(node, y.tensor, SOMA_TANH, 0, 0, &y.tensor));
    SOMA_TRY(soma_onnx_fill(node, FLT_MAX, &largest));
    SOMA_TRY(soma_graph_binary(soma_onnx_graph(node), y.tensor, largest, SOMA_BINARY_GREATER, &y.tensor));
    return give(node, &y, BOOL);
}

SOMA_ONNX_OP(IsInf, 10, 1, 1, "detect_negative detect_positive", import_is_inf, 0);

/* ------------------------------------------------------------------------------------------------------------ choice
 */

/* x where the condition holds, and what it may be elsewhere does not matter; and so y. */
static soma_status import_where(soma_onnx_node *node) {
    soma_onnx_value which, otherwise, x, y;
    if (soma_onnx_can_fold(node)) return soma_onnx_fold_choice(node);
    int32_t type = soma_onnx_type_of(node->input[1]);
    SOMA_TRY(get_operand(node, 0, &which));
    SOMA_TRY(get_operand(node, 1, &x));
    SOMA_TRY(get_operand(node, 2, &y));
    SOMA_TRY(combine(node, &x, &which, SOMA_BINARY_KEEP, &x));
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, which.tensor ? &which : node->input[0], &which.tensor));
    otherwise = which;
    otherwise.constant = false;
    otherwise.plain = NULL;
    SOMA_TRY(negate(node, &otherwise));
    SOMA_TRY(combine(node, &y, &otherwise, SOMA_BINARY_KEEP, &y));
    SOMA_TRY(combine(node, &x, &y, SOMA_BINARY_ADD, &y));
    return give(node, &y, type);
}

SOMA_ONNX_OP(Where, 9, 3, 3, "", import_where, 0, .place = SOMA_ONNX_BROADCAST);

/* --------------------------------------------------------------------------------------------------------- remainder
 */

/* Of the sign of the divisor, as Python has it. */
static double modulo(double a, double b) {
    return fmod(fmod(a, b) + b, b);
}

static soma_status import_mod(soma_onnx_node *node) {
    soma_onnx_value a, b, y;
    int64_t as_in_c;
    int32_t type = soma_onnx_type_of(node->input[0]);
    SOMA_TRY(soma_onnx_get_integer(node, "fmod", 0, &as_in_c));
    if (!as_in_c && !node->input[0]->integer)
        return soma_error(SOMA_INVALID_FILE, "of numbers that are not whole, attribute fmod must be 1");
    if (soma_onnx_can_fold(node)) return soma_onnx_fold_pairs(node, as_in_c ? fmod : modulo, type);
    for (uint32_t i = 0; i < 2 && node->input[0]->integer; i++) SOMA_TRY(soma_onnx_check_counted(node, i, true, true));
    SOMA_TRY(get_operand(node, 0, &a));
    SOMA_TRY(get_operand(node, 1, &b));
    SOMA_TRY(combine(node, &a, &b, SOMA_BINARY_REMAINDER, &y));
    if (!as_in_c) {
        SOMA_TRY(combine(node, &y, &b, SOMA_BINARY_ADD, &y));
        SOMA_TRY(combine(node, &y, &b, SOMA_BINARY_REMAINDER, &y));
    }
    return give(node, &y, type);
}

SOMA_ONNX_OP(Mod, 10, 2, 2, "fmod", import_mod, 0);
