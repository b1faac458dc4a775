/* SPDX-License-Identifier: MIT */
/*
 * Ops of onnxruntime's own, which its optimiser puts in the place of several of ONNX's (docs/ContribOperators.md of
 * onnxruntime). Here each is what it stands for again, by the rules of ONNX's own.
 */
#include "io/onnx/compose.h"

/* ---------------------------------------------------------------------------------------------------------- import */

/* x + b where there is one. */
static soma_status add(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *b, soma_onnx_value *sum) {
    if (!b) return *sum = *x, SOMA_OK;
    return SOMA_ONNX_COMPOSE(node, Add, NULL, sum, x, b);
}

static soma_status import_gelu(soma_onnx_node *node) {
    soma_onnx_value sum, y;
    soma_onnx_made made;
    soma_onnx_begin_made(&made);
    soma_onnx_made_text(&made, "approximate", node->row->parameter ? "tanh" : "none");
    SOMA_TRY(add(node, node->input[0], soma_onnx_optional(node, 1), &sum));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Gelu, &made, &y, &sum));
    return soma_onnx_pass(node, &y);
}

const soma_onnx_row soma_onnx_row_MicrosoftGelu = {.name = "Gelu",
                                                   .since = 1,
                                                   .least = 1,
                                                   .most = 1,
                                                   .attributes = "",
                                                   .rule = import_gelu,
                                                   .place = SOMA_ONNX_ANYWHERE,
                                                   .domain = SOMA_ONNX_MICROSOFT};
SOMA_ONNX_OP(BiasGelu, 1, 2, 2, "", import_gelu, false, .place = SOMA_ONNX_ANYWHERE, .domain = SOMA_ONNX_MICROSOFT);
SOMA_ONNX_OP(FastGelu, 1, 1, 2, "", import_gelu, true, .place = SOMA_ONNX_ANYWHERE, .domain = SOMA_ONNX_MICROSOFT);

/* Normalised rows of input + skip + bias; the fourth output is the sum. */
static soma_status import_skip(soma_onnx_node *node) {
    const bool centred = node->row->parameter != 0;
    soma_onnx_value sum, y, *gamma = node->input[2];
    soma_onnx_made made;
    float epsilon;
    /* The mean and the inverse of the deviation, of training. */
    if (node->number == 1 || node->number == 2) return node->output.missing = true, SOMA_OK;
    SOMA_TRY(soma_onnx_get_float(node, "epsilon", 1e-12f, &epsilon)); /* ONNX's own take 1e-5 */
    soma_onnx_begin_made(&made);
    soma_onnx_made_float(&made, "epsilon", epsilon);
    if (soma_onnx_count(&node->input[0]->shape, 1, node->input[0]->shape.rank) !=
        soma_onnx_count(&node->input[1]->shape, 1, node->input[1]->shape.rank))
        return soma_error(SOMA_UNSUPPORTED, "%s and %s have different shapes", node->input[0]->name,
                          node->input[1]->name);
    SOMA_TRY(add(node, node->input[0], node->input[1], &sum));
    SOMA_TRY(add(node, &sum, soma_onnx_optional(node, centred ? 4 : 3), &sum));
    if (node->number == 3) return soma_onnx_pass(node, &sum);
    soma_onnx_value *beta = centred ? soma_onnx_optional(node, 3) : NULL;
    if (beta)
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, LayerNormalization, &made, &y, &sum, gamma, beta));
    else if (centred)
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, LayerNormalization, &made, &y, &sum, gamma));
    else
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, RMSNormalization, &made, &y, &sum, gamma));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_SEVERAL(SkipLayerNormalization, 1, 3, 5, "epsilon", import_skip, true, .place = SOMA_ONNX_ANYWHERE,
                  .domain = SOMA_ONNX_MICROSOFT);
SOMA_ONNX_SEVERAL(SkipSimplifiedLayerNormalization, 1, 3, 4, "epsilon", import_skip, false, .place = SOMA_ONNX_ANYWHERE,
                  .domain = SOMA_ONNX_MICROSOFT);

/* ------------------------------------------------------------------------------------- products and convolutions */

/* The last two dimensions change places. */
static soma_status turn(soma_onnx_node *node, const char *asked, soma_onnx_value *x, soma_onnx_value *y) {
    const uint32_t rank = x->shape.rank;
    int64_t turned, order[SOMA_ONNX_MAX_RANK];
    *y = *x;
    SOMA_TRY(soma_onnx_get_integer(node, asked, 0, &turned));
    if (!turned || rank < 2) return SOMA_OK;
    for (uint32_t i = 0; i < rank; i++) order[i] = i + 2 < rank ? i : 2 * rank - 3 - i;
    return soma_onnx_compose_turned(node, x, order, y);
}

/* alpha a b, of matrices that may be turned before. */
static soma_status import_fused_matmul(soma_onnx_node *node) {
    static const char *const others[] = {"transBatchA", "transBatchB"};
    soma_onnx_value a, b, y;
    float alpha;
    for (int i = 0; i < 2; i++) {
        int64_t other;
        SOMA_TRY(soma_onnx_get_integer(node, others[i], 0, &other));
        if (other) return soma_error(SOMA_UNSUPPORTED, "attribute %s is not 0", others[i]);
    }
    SOMA_TRY(soma_onnx_get_float(node, "alpha", 1, &alpha));
    SOMA_TRY(turn(node, "transA", node->input[0], &a));
    SOMA_TRY(turn(node, "transB", node->input[1], &b));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, MatMul, NULL, &y, &a, &b));
    if (alpha == 1) return soma_onnx_pass(node, &y);
    soma_onnx_value factor = {.constant = true, .name = node->output.name};
    factor.elements = (soma_onnx_elements){
        .type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, .count = 1, .made = true, .floats = &alpha};
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Mul, NULL, &y, &y, &factor));
    return soma_onnx_pass(node, &y);
}

SOMA_ONNX_OP(FusedMatMul, 1, 2, 2, "alpha transA transB transBatchA transBatchB", import_fused_matmul, 0,
             .place = SOMA_ONNX_ANYWHERE, .domain = SOMA_ONNX_MICROSOFT);

/* What the attributes activation and activation_params say is done to y. */
static soma_status activate(soma_onnx_node *node, soma_onnx_value *y) {
    const Soma__Onnx__AttributeProto *params = soma_onnx_attribute(node, "activation_params");
    const Soma__Onnx__AttributeProto *given = soma_onnx_attribute(node, "activation");
    static const struct {
        const char *name;
        soma_function function;
        size_t params;
    } known[] = {{"Relu", SOMA_RELU, 0},
                 {"Sigmoid", SOMA_SIGMOID, 0},
                 {"Tanh", SOMA_TANH, 0},
                 {"LeakyRelu", SOMA_LEAKY_RELU, 1},
                 {"HardSigmoid", SOMA_HARD_SIGMOID, 2},
                 {"Clip", SOMA_LINEAR, 2}};
    const float *numbers = params ? params->floats : NULL;
    size_t at = 0;
    soma_tensor *x;
    if (!given) return soma_onnx_pass(node, y);
    while (at < SOMA_COUNT_OF(known) && !soma_onnx_is_text(given, known[at].name)) at++;
    if (at == SOMA_COUNT_OF(known))
        return soma_error(SOMA_UNSUPPORTED,
                          "activation is none of Relu, Sigmoid, Tanh, LeakyRelu, HardSigmoid and Clip");
    if ((params ? params->n_floats : 0) != known[at].params)
        return soma_error(SOMA_INVALID_FILE, "activation_params has %zu numbers; %s takes %zu",
                          params ? params->n_floats : 0, known[at].name, known[at].params);
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, y, &x));
    if (at + 1 == SOMA_COUNT_OF(known)) {
        static const soma_binary ops[] = {SOMA_BINARY_MAXIMUM, SOMA_BINARY_MINIMUM};
        for (int i = 0; i < 2; i++) {
            soma_tensor *bound;
            SOMA_TRY(soma_onnx_fill(node, numbers[i], &bound));
            SOMA_TRY(soma_graph_binary(x->graph, x, bound, ops[i], &x));
        }
    } else if (known[at].function == SOMA_LEAKY_RELU) {
        if (!(numbers[0] < 1))
            return soma_error(SOMA_UNSUPPORTED, "a LeakyRelu with a slope of %g; below 1 is known", (double)numbers[0]);
        SOMA_TRY(soma_onnx_function(node, x, SOMA_LEAKY_RELU, 1, numbers[0], &x));
    } else
        SOMA_TRY(
            soma_onnx_function(node, x, known[at].function, numbers ? numbers[0] : 0, numbers ? numbers[1] : 0, &x));
    const soma_onnx_value like = *y;
    return soma_onnx_give_like(node, x, &like);
}

/* A convolution, what is added to it, and a function of that. */
static soma_status import_fused_conv(soma_onnx_node *node) {
    soma_onnx_value y;
    if (node->input_count > 2 && node->input[2])
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Conv, NULL, &y, node->input[0], node->input[1], node->input[2]));
    else
        SOMA_TRY(SOMA_ONNX_COMPOSE(node, Conv, NULL, &y, node->input[0], node->input[1]));
    SOMA_TRY(add(node, &y, soma_onnx_optional(node, 3), &y));
    return activate(node, &y);
}

SOMA_ONNX_OP(FusedConv, 1, 2, 4, "activation activation_params auto_pad dilations group kernel_shape pads strides",
             import_fused_conv, 0, .place = SOMA_ONNX_ANYWHERE, .domain = SOMA_ONNX_MICROSOFT);
