/* SPDX-License-Identifier: MIT */
/* ONNX ops that work element by element, and those that only pass values on. */
#include "io/onnx/import.h"

#include <float.h>
#include <math.h>
#include <string.h>

static soma_status function(soma_onnx_node *node, soma_tensor *x, soma_function name, float a, float b,
                            soma_tensor **out) {
    return soma_graph_unary(soma_onnx_graph(node), x, (soma_unary_params){name, a, b}, out);
}

/* f(x) for the first input, in its shape. */
static soma_status give_function(soma_onnx_node *node, soma_function name, float a, float b) {
    soma_tensor *x, *y;
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    SOMA_TRY(function(node, x, name, a, b, &y));
    return soma_onnx_give(node, y, &node->input[0]->shape);
}

/* -------------------------------------------------------------------------------------------- functions of one number
 */

/* x for x > 0, else alpha x: the table's row wants the slope of the left to be the smaller one. */
static soma_status leaky_relu(soma_onnx_node *node, float alpha) {
    soma_tensor *x, *y;
    if (alpha < 1) return give_function(node, SOMA_LEAKY_RELU, 1, alpha);
    if (alpha == 1) return give_function(node, SOMA_IDENTITY, 0, 0);
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    SOMA_TRY(function(node, x, SOMA_LINEAR, -1, 0, &y));
    SOMA_TRY(function(node, y, SOMA_LEAKY_RELU, alpha, 1, &y));
    SOMA_TRY(function(node, y, SOMA_LINEAR, -1, 0, &y));
    return soma_onnx_give(node, y, &node->input[0]->shape);
}

soma_status soma_onnx_unary(soma_onnx_node *node) {
    soma_function name = (soma_function)node->row->parameter;
    float alpha = 0, beta = 0;
    switch (name) {
    case SOMA_LEAKY_RELU:
        SOMA_TRY(soma_onnx_get_float(node, "alpha", 0.01f, &alpha));
        return leaky_relu(node, alpha);
    case SOMA_ELU:
        SOMA_TRY(soma_onnx_get_float(node, "alpha", 1, &alpha));
        break;
    case SOMA_HARD_SIGMOID:
        SOMA_TRY(soma_onnx_get_float(node, "alpha", 0.2f, &alpha));
        SOMA_TRY(soma_onnx_get_float(node, "beta", 0.5f, &beta));
        break;
    case SOMA_LINEAR: /* Neg */
        alpha = -1;
        break;
    default:
        break;
    }
    return give_function(node, name, alpha, beta);
}

/* gamma x for x > 0, else gamma alpha (e^x - 1). */
soma_status soma_onnx_selu(soma_onnx_node *node) {
    const float usual_alpha = (float)1.6732632423543772, usual_gamma = (float)1.0507009873554805;
    const float first_alpha = 1.6732f, first_gamma = 1.0507f; /* the defaults of opset 1 */
    float alpha, gamma;
    soma_tensor *x, *y;
    SOMA_TRY(soma_onnx_get_float(node, "alpha", node->opset < 6 ? first_alpha : usual_alpha, &alpha));
    SOMA_TRY(soma_onnx_get_float(node, "gamma", node->opset < 6 ? first_gamma : usual_gamma, &gamma));
    if (alpha == usual_alpha && gamma == usual_gamma) return give_function(node, SOMA_SELU, 0, 0);
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    SOMA_TRY(function(node, x, SOMA_ELU, alpha, 0, &y));
    SOMA_TRY(function(node, y, SOMA_LINEAR, gamma, 0, &y));
    return soma_onnx_give(node, y, &node->input[0]->shape);
}

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
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    SOMA_TRY(function(node, x, SOMA_SQUARE, 0, 0, &y));
    SOMA_TRY(function(node, y, SOMA_LINEAR, 0.044715f, 0, &y));
    SOMA_TRY(with_number(node, y, 1, SOMA_BINARY_ADD, &y));
    SOMA_TRY(soma_graph_binary(graph, y, x, SOMA_BINARY_MULTIPLY, &y));
    SOMA_TRY(function(node, y, SOMA_LINEAR, 0.7978845608028654f, 0, &y));
    SOMA_TRY(function(node, y, SOMA_TANH, 0, 0, &y));
    SOMA_TRY(with_number(node, y, 1, SOMA_BINARY_ADD, &y));
    SOMA_TRY(soma_graph_binary(graph, y, x, SOMA_BINARY_MULTIPLY, &y));
    SOMA_TRY(function(node, y, SOMA_LINEAR, 0.5f, 0, &y));
    return soma_onnx_give(node, y, &node->input[0]->shape);
}

static bool is_text(const Soma__Onnx__AttributeProto *attribute, const char *text) {
    return attribute->has_s && attribute->s.len == strlen(text) && memcmp(attribute->s.data, text, strlen(text)) == 0;
}

soma_status soma_onnx_gelu(soma_onnx_node *node) {
    const Soma__Onnx__AttributeProto *approximate = soma_onnx_attribute(node, "approximate");
    if (!approximate || is_text(approximate, "none")) return give_function(node, SOMA_GELU, 0, 0);
    if (is_text(approximate, "tanh")) return gelu_by_tanh(node);
    return soma_error(SOMA_INVALID_FILE, "attribute approximate must be \"none\" or \"tanh\"");
}

/* --------------------------------------------------------------------------------------------------- two and more */

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

static soma_status broadcast(const soma_onnx_shape *a, const soma_onnx_shape *b, soma_onnx_shape *out) {
    *out = (soma_onnx_shape){.batched = a->batched || b->batched, .rank = SOMA_MAX(a->rank, b->rank)};
    for (uint32_t i = 0; i < out->rank; i++) { /* from the last dimension to the first */
        size_t p = i < a->rank ? a->dim[a->rank - 1 - i] : 1, q = i < b->rank ? b->dim[b->rank - 1 - i] : 1;
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
    SOMA_TRY(broadcast(&p, &q, out_shape));
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

soma_status soma_onnx_binary(soma_onnx_node *node) {
    soma_binary op = (soma_binary)node->row->parameter;
    soma_tensor *a, *b, *y;
    soma_onnx_shape b_shape = node->input[1]->shape, shape;
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &a));
    SOMA_TRY(soma_onnx_tensor(node, node->input[1], &b));
    SOMA_TRY(align_second(node, &b, &b_shape));
    SOMA_TRY(soma_onnx_combine(node, a, &node->input[0]->shape, b, &b_shape, op, &y, &shape));
    node->output.integer = op == SOMA_BINARY_GREATER || op == SOMA_BINARY_GREATER_EQUAL;
    return soma_onnx_give(node, y, &shape);
}

/* The exponent may be whole numbers; one that is a single number is not trained. */
soma_status soma_onnx_pow(soma_onnx_node *node) {
    soma_tensor *a, *b, *y;
    soma_onnx_shape b_shape = node->input[1]->shape, shape;
    float exponent;
    bool single = soma_onnx_single(node, node->input[1], &exponent);
    if (single && exponent == 2 && b_shape.rank <= node->input[0]->shape.rank)
        return give_function(node, SOMA_SQUARE, 0, 0);
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &a));
    SOMA_TRY(single ? soma_onnx_fill(node, exponent, &b) : soma_onnx_tensor_of_any(node, node->input[1], &b));
    SOMA_TRY(align_second(node, &b, &b_shape));
    SOMA_TRY(soma_onnx_combine(node, a, &node->input[0]->shape, b, &b_shape, SOMA_BINARY_POWER, &y, &shape));
    return soma_onnx_give(node, y, &shape);
}

/* Sum, Max, Min of any number of values. */
soma_status soma_onnx_fold(soma_onnx_node *node) {
    soma_tensor *total, *next;
    soma_onnx_shape shape = node->input[0]->shape;
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &total));
    if (node->input_count == 1) return give_function(node, SOMA_IDENTITY, 0, 0);
    for (uint32_t i = 1; i < node->input_count; i++) {
        soma_onnx_shape so_far = shape;
        SOMA_TRY(soma_onnx_tensor(node, node->input[i], &next));
        SOMA_TRY(soma_onnx_combine(node, total, &so_far, next, &node->input[i]->shape,
                                   (soma_binary)node->row->parameter, &total, &shape));
    }
    return soma_onnx_give(node, total, &shape);
}

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

soma_status soma_onnx_clip(soma_onnx_node *node) {
    soma_onnx_shape shape = node->input[0]->shape;
    soma_tensor *x, *y;
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    y = x;
    SOMA_TRY(bound(node, 1, "min", -FLT_MAX, SOMA_BINARY_MAXIMUM, &y, &shape));
    SOMA_TRY(bound(node, 2, "max", FLT_MAX, SOMA_BINARY_MINIMUM, &y, &shape));
    return y == x ? give_function(node, SOMA_IDENTITY, 0, 0) : soma_onnx_give(node, y, &shape);
}

/* ------------------------------------------------------------------------------------------------------- passing on */

/* An initializer goes through a tensor, so that both names mean one parameter. */
soma_status soma_onnx_identity(soma_onnx_node *node) {
    if (node->input[0]->trained && !node->input[0]->integer) return give_function(node, SOMA_IDENTITY, 0, 0);
    return soma_onnx_pass(node, node->input[0]);
}

/* The number of an optional input that must be known now. */
static soma_status get_number(soma_onnx_node *node, uint32_t input, float otherwise, float *number) {
    const soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL;
    *number = otherwise;
    if (!value || soma_onnx_single(node, value, number)) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "%s must be one number, and a constant of the file", value->name);
}

/* Active in training alone, as in soma. */
soma_status soma_onnx_dropout(soma_onnx_node *node) {
    float ratio, training;
    soma_tensor *x, *y;
    if (node->opset < 12)
        SOMA_TRY(soma_onnx_get_float(node, "ratio", 0.5f, &ratio));
    else
        SOMA_TRY(get_number(node, 1, 0.5f, &ratio));
    SOMA_TRY(get_number(node, 2, 0, &training));
    if (training != 0 && ratio != 0)
        return soma_error(SOMA_UNSUPPORTED, "drops out at every run, by random numbers of its own; soma drops out in "
                                            "training alone");
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    soma_network *network = node->importer->network;
    soma_tensor_spec spec = {.op = SOMA_OP_DROPOUT, .input_count = 1, .input = &x};
    spec.attributes.dropout.rate = ratio;
    spec.attributes.dropout.stream = network->dropout_count++;
    SOMA_TRY(soma_graph_add(&network->graph, &spec, &y));
    return soma_onnx_give(node, y, &node->input[0]->shape);
}

static soma_status cast_target(const soma_onnx_node *node, int32_t *type) {
    static const char *const names[] = {"UNDEFINED", "FLOAT",  "UINT8", "INT8",    "UINT16", "INT16",  "INT32",
                                        "INT64",     "STRING", "BOOL",  "FLOAT16", "DOUBLE", "UINT32", "UINT64"};
    const Soma__Onnx__AttributeProto *to = soma_onnx_attribute(node, "to");
    *type = to && to->has_i && to->i >= 0 && to->i < 1000 ? (int32_t)to->i : 0;
    for (size_t i = 0; node->opset < 6 && to && to->has_s && i < SOMA_COUNT_OF(names); i++)
        if (is_text(to, names[i])) *type = (int32_t)i;
    return *type ? SOMA_OK : soma_error(SOMA_INVALID_FILE, "attribute to must be the number of a type");
}

/* Whole numbers become floats as they are; float and double are both float32 here. Rounding to a type that soma does
 * not compute with is refused. */
soma_status soma_onnx_cast(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    int32_t type;
    SOMA_TRY(cast_target(node, &type));
    bool wide =
        type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT || type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
    /* Whole numbers are held as they are; a narrower type would wrap them, bool would make ones of them. */
    bool whole =
        type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 || type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT32;
    if (!wide && !(x->integer && whole))
        return soma_error(SOMA_UNSUPPORTED, "a cast from %s to %s; soma computes in float32",
                          x->integer ? "whole numbers" : "float", soma_onnx_type_name(type));
    if (wide && !x->integer) return soma_onnx_identity(node);
    SOMA_TRY(soma_onnx_pass(node, x));
    node->output.integer = !wide;
    return SOMA_OK;
}

soma_status soma_onnx_literal(soma_onnx_node *node) {
    soma_onnx_value *output = &node->output;
    soma_onnx_elements *elements = &output->elements;
    const Soma__Onnx__AttributeProto *value = node->proto->n_attribute == 1 ? node->proto->attribute[0] : NULL;
    const char *name = value && value->name ? value->name : "";
    output->constant = true;
    if (strcmp(name, "value") == 0 && value->t) {
        SOMA_TRY(soma_onnx_elements_of(node->importer->file, value->t, elements));
    } else if (strcmp(name, "value_float") == 0 || strcmp(name, "value_floats") == 0) {
        bool list = name[strlen(name) - 1] == 's';
        *elements = (soma_onnx_elements){.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, .rank = list};
        elements->count = elements->dim[0] = list ? value->n_floats : 1;
        elements->floats = list ? value->floats : &value->f;
    } else if (strcmp(name, "value_int") == 0 || strcmp(name, "value_ints") == 0) {
        bool list = name[strlen(name) - 1] == 's';
        *elements = (soma_onnx_elements){.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64, .rank = list};
        elements->count = elements->dim[0] = list ? value->n_ints : 1;
        elements->integers = list ? value->ints : &value->i;
    } else
        return soma_error(SOMA_UNSUPPORTED, "a constant must have one value, of numbers that are all there");
    output->integer = soma_onnx_is_integer(elements->type);
    output->shape.rank = elements->rank;
    memcpy(output->shape.dim, elements->dim, sizeof output->shape.dim);
    return SOMA_OK;
}
