/* SPDX-License-Identifier: MIT */
/* Functions of one number. */
#include "device/functions.h"
#include "io/onnx/family.h"

#include <math.h>
#include <string.h>

static soma_onnx_rule import_function;

/* The parts of a row's last column. */
#define OP(op, since, a, b)         op
#define SINCE(op, since, a, b)      since
#define ATTRIBUTES(op, since, a, b) a " " b " consumed_inputs"

/* Until opset 6 they had consumed_inputs, and meant the same: so 1, or a later one than 6. */
#define FIRST(since) (1 + ((since) > 6) * ((since)-1))

#define ROW(op, first, words, function)                                                                                \
    {                                                                                                                  \
        .name = op, .since = first, .least = 1, .most = 1, .attributes = words, .rule = import_function,               \
        .parameter = function, .place = SOMA_ONNX_MOVED,                                                               \
        .whole = (function) == SOMA_ABS || (function) == SOMA_SIGN || (function) == SOMA_RELU                          \
    }

const soma_onnx_row soma_onnx_functions[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, kinks, parameters, a, b, needs, initializer, words, onnx)            \
    [SOMA_##NAME] = ROW(OP onnx, FIRST(SINCE onnx), ATTRIBUTES onnx, SOMA_##NAME),
    SOMA_FUNCTION_TABLE(X)
#undef X
};

/* ---------------------------------------------------------------------------------------------------------- import */

/* x for x > 0, else alpha x, of which the table's row wants alpha to be the smaller slope. */
static soma_status steep_leaky_relu(soma_onnx_node *node, float alpha) {
    soma_tensor *x, *y;
    if (alpha == 1) return soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0);
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_LINEAR, -1, 0, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_LEAKY_RELU, alpha, 1, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, -1, 0, &y));
    return soma_onnx_give_like(node, y, node->input[0]);
}

/* SOMA_LINEAR is the opposite. */
static double of_whole(soma_function function, double x) {
    switch (function) {
    case SOMA_ABS:
        return fabs(x);
    case SOMA_SIGN:
        return (x > 0) - (x < 0);
    case SOMA_RELU:
        return x > 0 ? x : 0;
    default:
        return 0 - x;
    }
}

/* Of whole numbers that are known, as exporters have them among sizes and positions. That int32 has no opposite of its
 * least number makes that its own, as in NumPy and onnxruntime. */
static soma_status fold_whole(soma_onnx_node *node, soma_function function) {
    const soma_onnx_value *x = node->input[0];
    const size_t count = x->elements.equal ? SOMA_MIN(x->elements.count, (size_t)1) : x->elements.count;
    const bool narrow = soma_onnx_type_of(x) == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
    soma_onnx_reader reader;
    double *numbers = NULL;
    if (x->elements.open) return soma_onnx_unknown_batch(node->output.name);
    SOMA_TRY(soma_onnx_make(node, count, &numbers));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &x->elements, &reader));
    for (size_t i = 0; i < count; i++) {
        numbers[i] = of_whole(function, soma_onnx_read(&reader, i));
        if (narrow && numbers[i] > INT32_MAX) numbers[i] = INT32_MIN;
    }
    soma_onnx_reader_close(&reader);
    return soma_onnx_give_numbers(node, soma_onnx_type_of(x), &x->shape, x->elements.equal, numbers);
}

static soma_status import_function(soma_onnx_node *node) {
    soma_function function = (soma_function)node->row->parameter;
    const soma_function_row *row = soma_function_get(function);
    float a = row->a, b = row->b;
    if (*row->onnx.a) SOMA_TRY(soma_onnx_get_float(node, row->onnx.a, row->a, &a));
    if (*row->onnx.b) SOMA_TRY(soma_onnx_get_float(node, row->onnx.b, row->b, &b));
    if (node->row->whole && node->input[0]->integer && soma_onnx_is_known(node->input[0]))
        return fold_whole(node, function);
    if (function == SOMA_LEAKY_RELU && !(b < a)) return steep_leaky_relu(node, b);
    return soma_onnx_give_function(node, function, a, b);
}

static soma_status import_neg(soma_onnx_node *node) {
    if (node->input[0]->integer && soma_onnx_is_known(node->input[0])) return fold_whole(node, SOMA_LINEAR);
    return soma_onnx_give_function(node, SOMA_LINEAR, -1, 0);
}

SOMA_ONNX_OP(Neg, 1, 1, 1, "consumed_inputs", import_neg, 0, .place = SOMA_ONNX_MOVED, .whole = 1);

static soma_status import_identity(soma_onnx_node *node) {
    return soma_onnx_pass_on(node);
}

SOMA_ONNX_OP(Identity, 1, 1, 1, "", import_identity, 0, .place = SOMA_ONNX_MOVED);

/* gamma x for x > 0, else gamma alpha (e^x - 1). */
static soma_status import_selu(soma_onnx_node *node) {
    const float usual_alpha = (float)1.6732632423543772, usual_gamma = (float)1.0507009873554805;
    const float first_alpha = 1.6732f, first_gamma = 1.0507f; /* the defaults of opset 1 */
    float alpha, gamma;
    soma_tensor *x, *y;
    SOMA_TRY(soma_onnx_get_float(node, "alpha", node->opset < 6 ? first_alpha : usual_alpha, &alpha));
    SOMA_TRY(soma_onnx_get_float(node, "gamma", node->opset < 6 ? first_gamma : usual_gamma, &gamma));
    if (alpha == usual_alpha && gamma == usual_gamma) return soma_onnx_give_function(node, SOMA_SELU, 0, 0);
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_ELU, alpha, 0, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, gamma, 0, &y));
    return soma_onnx_give_like(node, y, node->input[0]);
}

SOMA_ONNX_OP(Selu, 1, 1, 1, "alpha gamma consumed_inputs", import_selu, 0, .place = SOMA_ONNX_MOVED);

/* x op a number. */
static soma_status with_number(soma_onnx_node *node, soma_tensor *x, float number, soma_binary op, soma_tensor **out) {
    soma_tensor *fill;
    SOMA_TRY(soma_onnx_fill(node, number, &fill));
    return soma_graph_binary(soma_onnx_graph(node), x, fill, op, out);
}

/* x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2 */
static soma_status gelu_by_tanh(soma_onnx_node *node) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *x, *y;
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_SQUARE, 0, 0, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, 0.044715f, 0, &y));
    SOMA_TRY(with_number(node, y, 1, SOMA_BINARY_ADD, &y));
    SOMA_TRY(soma_graph_binary(graph, y, x, SOMA_BINARY_MULTIPLY, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, 0.7978845608028654f, 0, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_TANH, 0, 0, &y));
    SOMA_TRY(with_number(node, y, 1, SOMA_BINARY_ADD, &y));
    SOMA_TRY(soma_graph_binary(graph, y, x, SOMA_BINARY_MULTIPLY, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, 0.5f, 0, &y));
    return soma_onnx_give_like(node, y, node->input[0]);
}

static soma_status import_gelu(soma_onnx_node *node) {
    const Soma__Onnx__AttributeProto *approximate = soma_onnx_attribute(node, "approximate");
    if (!approximate || soma_onnx_is_text(approximate, "none")) return soma_onnx_give_function(node, SOMA_GELU, 0, 0);
    if (soma_onnx_is_text(approximate, "tanh")) return gelu_by_tanh(node);
    return soma_error(SOMA_INVALID_FILE, "attribute approximate must be \"none\" or \"tanh\"");
}

SOMA_ONNX_OP(Gelu, 20, 1, 1, "approximate", import_gelu, 0, .place = SOMA_ONNX_MOVED);

/* x sigmoid(alpha x) */
static soma_status import_swish(soma_onnx_node *node) {
    soma_tensor *x, *y;
    float alpha;
    SOMA_TRY(soma_onnx_get_float(node, "alpha", node->row->parameter ? 1.702f : 1, &alpha));
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_LINEAR, alpha, 0, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_SIGMOID, 0, 0, &y));
    SOMA_TRY(soma_graph_binary(x->graph, x, y, SOMA_BINARY_MULTIPLY, &y));
    return soma_onnx_give_like(node, y, node->input[0]);
}

SOMA_ONNX_OP(Swish, 24, 1, 1, "alpha", import_swish, false, .place = SOMA_ONNX_MOVED);
SOMA_ONNX_OP(QuickGelu, 1, 1, 1, "alpha", import_swish, true, .place = SOMA_ONNX_MOVED, .domain = SOMA_ONNX_MICROSOFT);

/* ---------------------------------------------------------------------------------------------------------- export */

void soma_onnx_put_scaled(soma_onnx_exporter *exporter, const char *out, const char *x, float factor) {
    if (factor == -1) {
        PUT("Neg", out, x, NULL);
        return;
    }
    soma_onnx_name number = soma_onnx_number(exporter, factor);
    PUT("Mul", out, x, number.text);
}

/* a x for x > 0, else b x. */
static void put_leaky_relu(soma_onnx_exporter *exporter, const char *out, const char *x, float a, float b) {
    soma_onnx_name right = soma_onnx_temporary(exporter), left = soma_onnx_temporary(exporter);
    soma_onnx_name scaled[2] = {soma_onnx_temporary(exporter), soma_onnx_temporary(exporter)};
    soma_onnx_name negative = soma_onnx_temporary(exporter);
    PUT("Relu", right.text, x, NULL);
    PUT("Neg", negative.text, x, NULL);
    PUT("Relu", left.text, negative.text, NULL);
    soma_onnx_put_scaled(exporter, scaled[0].text, right.text, a);
    soma_onnx_put_scaled(exporter, scaled[1].text, left.text, b);
    PUT("Sub", out, scaled[0].text, scaled[1].text);
}

/* min(6, max(0, x)) */
static void put_relu6(soma_onnx_exporter *exporter, const char *out, const char *x) {
    soma_onnx_name right = soma_onnx_temporary(exporter), six = soma_onnx_number(exporter, 6);
    PUT("Relu", right.text, x, NULL);
    soma_onnx_need_opset(exporter, SOMA_ONNX_FOLD_OPSET);
    PUT("Min", out, right.text, six.text);
}

/* x (1 + erf(x / sqrt 2)) / 2 */
static void put_gelu(soma_onnx_exporter *exporter, const char *out, const char *x) {
    const soma_onnx_name scaled = soma_onnx_temporary(exporter), share = soma_onnx_temporary(exporter);
    const soma_onnx_name sum = soma_onnx_temporary(exporter), doubled = soma_onnx_temporary(exporter);
    soma_onnx_put_scaled(exporter, scaled.text, x, 0.70710678f);
    soma_onnx_need_opset(exporter, soma_function_get(SOMA_ERF)->onnx.since);
    PUT("Erf", share.text, scaled.text, NULL);
    const soma_onnx_name one = soma_onnx_number(exporter, 1);
    PUT("Add", sum.text, share.text, one.text);
    PUT("Mul", doubled.text, x, sum.text);
    soma_onnx_put_scaled(exporter, out, doubled.text, 0.5f);
}

/* Whether the function is an op of ONNX, with these parameters: one without an attribute has its default there. */
static bool has_op(const soma_function_row *row, const soma_unary_params *params) {
    return *row->onnx.op && (row->parameters < 1 || *row->onnx.a || params->a == row->a) &&
           (row->parameters < 2 || *row->onnx.b || params->b == row->b);
}

static void put_function(soma_onnx_exporter *exporter, const soma_function_row *row, const char *out, const char *x,
                         const soma_unary_params *params) {
    soma_onnx_need_opset(exporter, row->onnx.since);
    size_t node = soma_onnx_begin_node(exporter, row->onnx.op, out, (const char *[]){x, NULL});
    if (*row->onnx.a) soma_onnx_put_attribute_float(exporter, row->onnx.a, params->a);
    if (*row->onnx.b) soma_onnx_put_attribute_float(exporter, row->onnx.b, params->b);
    soma_onnx_end_node(exporter, node);
}

soma_status soma_onnx_export_unary(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_unary_params *params = &tensor->attributes.unary;
    const soma_function_row *row = soma_function_get(params->function);
    const char *x = soma_onnx_name_of(exporter, tensor->input[0]), *out = soma_onnx_name_of(exporter, tensor);
    const bool composed = params->function == SOMA_GELU && !soma_onnx_may_need(exporter, row->onnx.since);
    if (has_op(row, params) && !composed) return put_function(exporter, row, out, x, params), SOMA_OK;
    soma_onnx_name other;
    switch (params->function) {
    case SOMA_LINEAR:
        return soma_onnx_put_scaled(exporter, out, x, params->a), SOMA_OK;
    case SOMA_LEAKY_RELU:
        return put_leaky_relu(exporter, out, x, params->a, params->b), SOMA_OK;
    case SOMA_SQUARE:
        return PUT("Mul", out, x, x), SOMA_OK;
    case SOMA_SILU:
        other = soma_onnx_temporary(exporter);
        PUT("Sigmoid", other.text, x, NULL);
        return PUT("Mul", out, x, other.text), SOMA_OK;
    case SOMA_STEP:
        other = soma_onnx_number(exporter, 0);
        return soma_onnx_put_comparison(exporter, "GreaterOrEqual", 12, out, x, other.text), SOMA_OK;
    case SOMA_GELU:
        return put_gelu(exporter, out, x), SOMA_OK;
    case SOMA_RELU6:
        return put_relu6(exporter, out, x), SOMA_OK;
    default:
        return soma_error(SOMA_INTERNAL, "the function %s has no ONNX form", soma_function_name(params->function));
    }
}
