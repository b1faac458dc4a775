/* SPDX-License-Identifier: MIT */
/*
 * Functions that are written as several ops, as exporters have those that are younger than the opset: products of x and
 * a function of it. They become one op, which a product or convolution takes into its epilogue. And what is added to
 * each row of a product, or to each channel of a convolution, becomes its bias.
 */
#include "graph/rewrites.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------- numbers */

bool soma_tensor_is_number(const soma_tensor *tensor, double *number) {
    const soma_tensor *root = soma_tensor_root(tensor);
    *number = (double)root->attributes.fill.value;
    return root->op == SOMA_OP_FILL && !root->attributes.fill.per_batch;
}

bool soma_tensor_is_scaled(const soma_tensor *tensor, float *factor) {
    const soma_attributes *attributes = &tensor->attributes;
    double number;
    switch (tensor->op) {
    case SOMA_OP_COPY:
        *factor = attributes->copy.scale;
        return soma_tensor_same_shape(tensor, tensor->input[0]) && isfinite(*factor);
    case SOMA_OP_UNARY:
        *factor = attributes->unary.a;
        return attributes->unary.function == SOMA_LINEAR && attributes->unary.b == 0 && isfinite(*factor);
    case SOMA_OP_BINARY:
        if (!soma_tensor_is_number(tensor->input[1], &number) || tensor->input[0]->batched != tensor->batched)
            return false;
        *factor = (float)(attributes->binary.op == SOMA_BINARY_DIVIDE ? 1 / number : number);
        return (attributes->binary.op == SOMA_BINARY_DIVIDE || attributes->binary.op == SOMA_BINARY_MULTIPLY) &&
               isfinite(*factor);
    default:
        return false;
    }
}

/* Numbers of files are rounded to float32, some of them in between. */
static bool is_near(double number, double wanted) {
    return fabs(number - wanted) <= 1e-6 * fabs(wanted);
}

/* The other operand of `op` with this number; NULL if the tensor is nothing of the kind. */
static const soma_tensor *other_than(const soma_tensor *tensor, soma_binary op, double wanted) {
    double number;
    if (tensor->op == SOMA_OP_UNARY && op == SOMA_BINARY_ADD && tensor->attributes.unary.function == SOMA_LINEAR)
        return tensor->attributes.unary.a == 1 && (double)tensor->attributes.unary.b == wanted ? tensor->input[0]
                                                                                               : NULL;
    if (tensor->op != SOMA_OP_BINARY || tensor->attributes.binary.op != op) return NULL;
    for (uint32_t i = 0; i < 2; i++)
        if (soma_tensor_is_number(tensor->input[1 - i], &number) && number == wanted &&
            soma_tensor_same_shape(tensor->input[i], tensor))
            return tensor->input[i];
    return NULL;
}

/* -------------------------------------------------------------------------------------------- functions by products */

/* factor times all terms. */
typedef struct factors {
    double factor;
    uint32_t count;
    soma_tensor *term[2];
} factors;

/* Products of products; no formula has as many. */
#define MOST_DEPTH 8

static bool multiply_out(soma_tensor *tensor, factors *p, uint32_t depth) {
    float factor;
    if (depth == MOST_DEPTH) return false;
    if (soma_tensor_is_scaled(tensor, &factor)) {
        /* The number itself, where it is a divisor: its inverse was rounded. */
        double number = (double)factor;
        if (tensor->op == SOMA_OP_BINARY && tensor->attributes.binary.op == SOMA_BINARY_DIVIDE) {
            (void)soma_tensor_is_number(tensor->input[1], &number);
            number = 1 / number;
        }
        p->factor *= number;
        return multiply_out(tensor->input[0], p, depth + 1);
    }
    if (tensor->op == SOMA_OP_BINARY && tensor->attributes.binary.op == SOMA_BINARY_MULTIPLY &&
        soma_tensor_same_shape(tensor->input[0], tensor->input[1]))
        return multiply_out(tensor->input[0], p, depth + 1) && multiply_out(tensor->input[1], p, depth + 1);
    if (p->count == 2) return false;
    p->term[p->count++] = tensor;
    return true;
}

static bool is_function(const soma_tensor *tensor, soma_function function) {
    return tensor->op == SOMA_OP_UNARY && tensor->attributes.unary.function == function;
}

/* max(0, min(6, x + 3)) */
static bool is_ramp(const soma_tensor *tensor, const soma_tensor *x) {
    const soma_tensor *inner = NULL;
    if (is_function(tensor, SOMA_RELU6)) inner = tensor->input[0];
    const soma_tensor *bounded = other_than(tensor, SOMA_BINARY_MINIMUM, 6);
    if (bounded)
        inner = is_function(bounded, SOMA_RELU) ? bounded->input[0] : other_than(bounded, SOMA_BINARY_MAXIMUM, 0);
    bounded = other_than(tensor, SOMA_BINARY_MAXIMUM, 0);
    if (bounded) inner = other_than(bounded, SOMA_BINARY_MINIMUM, 6);
    return inner && other_than(inner, SOMA_BINARY_ADD, 3) == x;
}

/* 1 + erf(x / sqrt 2) */
static bool is_normal(const soma_tensor *tensor, const soma_tensor *x) {
    const soma_tensor *erf = other_than(tensor, SOMA_BINARY_ADD, 1);
    factors inner = {.factor = 1};
    return erf && is_function(erf, SOMA_ERF) && multiply_out(erf->input[0], &inner, 0) && inner.count == 1 &&
           inner.term[0] == x && is_near(inner.factor, sqrt(0.5));
}

/* The function that x times `other` times the factor is; IDENTITY: none. */
static soma_function function_of(const soma_tensor *x, const soma_tensor *other, double factor) {
    const soma_unary_params *params = &other->attributes.unary;
    if (factor == 1 && is_function(other, SOMA_SIGMOID) && other->input[0] == x) return SOMA_SILU;
    if (factor == 1 && is_function(other, SOMA_HARD_SIGMOID) && other->input[0] == x &&
        is_near((double)params->a, 1.0 / 6) && params->b == 0.5f)
        return SOMA_HARD_SWISH;
    if (factor == 1 && is_function(other, SOMA_TANH) && is_function(other->input[0], SOMA_SOFTPLUS) &&
        other->input[0]->input[0] == x)
        return SOMA_MISH;
    if (is_near(factor, 1.0 / 6) && is_ramp(other, x)) return SOMA_HARD_SWISH;
    return is_near(factor, 0.5) && is_normal(other, x) ? SOMA_GELU : SOMA_IDENTITY;
}

static soma_status become_function(soma_tensor *tensor, const uint32_t *uses) {
    factors p = {.factor = 1};
    float unused;
    const bool multiplies = tensor->op == SOMA_OP_BINARY && tensor->attributes.binary.op == SOMA_BINARY_MULTIPLY;
    if ((!multiplies && !soma_tensor_is_scaled(tensor, &unused)) || !multiply_out(tensor, &p, 0) || p.count != 2)
        return SOMA_OK;
    for (uint32_t i = 0; i < 2; i++) {
        soma_tensor *x = p.term[i];
        const soma_tensor *other = p.term[1 - i];
        if (uses[other->id] != 1 || !soma_tensor_same_shape(x, tensor)) continue; /* a gradient may want it */
        const soma_function function = function_of(x, other, p.factor);
        if (function == SOMA_IDENTITY) continue;
        SOMA_TRY(soma_tensor_set_inputs(tensor, &x, 1));
        tensor->op = SOMA_OP_UNARY;
        tensor->attributes.unary = (soma_unary_params){.function = function};
        return SOMA_OK;
    }
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------------- biases */

static bool is_row_of(const soma_tensor *x, const soma_tensor *product) {
    return !x->batched && x->rank > 0 && soma_tensor_count(x) == x->shape[x->rank - 1] &&
           x->shape[x->rank - 1] == product->shape[product->rank - 1];
}

static bool takes_bias(const soma_tensor *product, const uint32_t *uses) {
    const bool is_gemm = product->op == SOMA_OP_GEMM;
    if ((!is_gemm && product->op != SOMA_OP_CONV) || product->input_count > 2 || uses[product->id] != 1) return false;
    if (is_gemm) return product->attributes.gemm.function == SOMA_IDENTITY && product->attributes.gemm.beta == 0;
    return product->attributes.conv.params.function == SOMA_IDENTITY;
}

/* A sum of a product and a row for all rows; a row that has another shape is given its own. */
static soma_status become_biased(soma_graph *graph, soma_tensor *sum, const uint32_t *uses) {
    if (sum->op != SOMA_OP_BINARY || sum->attributes.binary.op != SOMA_BINARY_ADD) return SOMA_OK;
    soma_tensor *product = sum->input[0], *row = sum->input[1];
    if (!takes_bias(product, uses) || !is_row_of(row, product) || !soma_tensor_same_shape(sum, product)) return SOMA_OK;
    if (row->rank > 1) {
        const soma_tensor like = {.rank = 1, .shape = {row->shape[row->rank - 1]}};
        SOMA_TRY(soma_graph_reshape(graph, row, &like, &row));
        uint32_t place = 0;
        while (graph->tensor[place] != sum) place++;
        soma_graph_move(graph, row, place);
    }
    soma_tensor *input[] = {product->input[0], product->input[1], row};
    SOMA_TRY(soma_tensor_set_inputs(sum, input, 3));
    sum->op = product->op;
    sum->attributes = product->attributes;
    return SOMA_OK;
}

soma_status soma_graph_fuse_formulas(soma_graph *graph, unsigned which, const uint32_t *uses) {
    const uint32_t count = graph->count; /* reshaped rows come behind */
    soma_status status = SOMA_OK;
    soma_tensor **all = soma_calloc(count, sizeof *all); /* their places change */
    if (!all) return soma_out_of_memory(count * sizeof *all, "the rewrites");
    memcpy(all, graph->tensor, count * sizeof *all);
    for (uint32_t i = 0; status == SOMA_OK && i < count; i++) {
        if (which & SOMA_FUSE_FORMULA) status = become_function(all[i], uses);
        if (status == SOMA_OK && which & SOMA_FUSE_BIAS) status = become_biased(graph, all[i], uses);
    }
    soma_free(all);
    return status;
}
