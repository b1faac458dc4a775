/* SPDX-License-Identifier: MIT */
/* NORMALIZE and its gradient. */
#include "base/number.h"
#include "graph/ops/op.h"

/* How x lies under the primitive: [outer, inner, groups, c]. */
typedef struct extents {
    size_t shape[4];
} extents;

/* Of a full shape, the batch counted. Without groups all dimensions from the axis on are one row of c. */
static extents extents_of(const soma_tensor *normalize, const size_t *shape, uint32_t rank) {
    uint32_t axis = normalize->attributes.normalize.axis, groups = normalize->attributes.normalize.groups;
    extents e = {{1, 1, groups ? groups : 1, 1}};
    for (uint32_t i = 0; i < axis; i++) e.shape[0] *= shape[i];
    for (uint32_t i = axis; i + 1 < rank; i++) e.shape[groups ? 1 : 3] *= shape[i];
    e.shape[3] *= shape[rank - 1] / (groups ? groups : 1);
    return e;
}

/* Numbers of scale and offset. */
static size_t channels_of(const soma_tensor *normalize, const soma_tensor *x) {
    size_t shape[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_full_shape(x, 1, shape);
    extents e = extents_of(normalize, shape, rank);
    return e.shape[2] * e.shape[3];
}

static soma_view view_of(const soma_lowering *lowering, const soma_tensor *normalize, const soma_tensor *x) {
    soma_view view = soma_lowering_view(lowering, x);
    extents e = extents_of(normalize, view.shape, view.rank);
    return soma_view_reshape(&view, 4, e.shape);
}

/* Mean or inverse, [outer, groups]; absent where nobody needs it. */
static soma_view figures_of(const soma_lowering *lowering, const soma_tensor *normalize, const soma_tensor *x,
                            const soma_tensor *figures) {
    if (!figures) return soma_view_absent();
    soma_view view = soma_lowering_flat(lowering, figures), whole = view_of(lowering, normalize, x);
    return soma_view_reshape(&view, 2, (const size_t[]){whole.shape[0], whole.shape[2]});
}

/* The inputs behind x, in their order; NULL for those that are not there. */
typedef struct inputs {
    soma_tensor *scale, *offset, *running_mean, *running_variance;
} inputs;

static inputs inputs_of(const soma_tensor *tensor) {
    uint32_t next = 1;
    inputs in = {NULL, NULL, NULL, NULL};
    if (tensor->attributes.normalize.scaled) in.scale = tensor->input[next++];
    if (tensor->attributes.normalize.shifted) in.offset = tensor->input[next++];
    if (tensor->attributes.normalize.running) {
        in.running_mean = tensor->input[next];
        in.running_variance = tensor->input[next + 1];
    }
    return in;
}

/* ---------------------------------------------------------------------------------------------------------- shape */

static soma_status check_vector(const soma_tensor *tensor, const soma_tensor *vector, const char *what, size_t count) {
    char text[SOMA_SHAPE_TEXT];
    if (!vector || (!vector->batched && vector->rank == 1 && vector->shape[0] == count)) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the %s must be [%zu], got %s", what, count,
                          soma_tensor_shape_text(vector, text));
}

static soma_status check_running(const soma_tensor *tensor, const inputs *in, size_t count) {
    if (!in->running_mean) return SOMA_OK;
    SOMA_TRY(check_vector(tensor, in->running_mean, "running mean", count));
    SOMA_TRY(check_vector(tensor, in->running_variance, "running variance", count));
    bool whole = tensor->attributes.normalize.axis == 0 && tensor->attributes.normalize.groups == count;
    if (whole && in->running_mean->op == SOMA_OP_PARAMETER && in->running_variance->op == SOMA_OP_PARAMETER)
        return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT,
                          "running figures are parameters, of a normalisation over the batch, channel by channel");
}

static soma_status check_inputs(const soma_tensor *tensor, const soma_tensor *x) {
    uint32_t expected = 1 + tensor->attributes.normalize.scaled + tensor->attributes.normalize.shifted +
                        2 * tensor->attributes.normalize.running;
    if (tensor->input_count != expected)
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "it has %u inputs, expected %u", tensor->input_count,
                              expected);
    inputs in = inputs_of(tensor);
    size_t channels = channels_of(tensor, x);
    SOMA_TRY(check_vector(tensor, in.scale, "scale", channels));
    SOMA_TRY(check_vector(tensor, in.offset, "offset", channels));
    return check_running(tensor, &in, channels);
}

static soma_status check_params(const soma_tensor *tensor) {
    const soma_normalize_params *params = &tensor->attributes.normalize.params;
    if (!(params->epsilon >= 0))
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "epsilon must be at least 0, got %g",
                              (double)params->epsilon);
    if (!(params->momentum >= 0 && params->momentum <= 1))
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "the momentum must be from 0 to 1, got %g",
                              (double)params->momentum);
    return SOMA_OK;
}

static soma_status shape_normalize(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    uint32_t groups = tensor->attributes.normalize.groups;
    char text[SOMA_SHAPE_TEXT];
    SOMA_TRY(check_params(tensor));
    if (!x->batched || x->rank < 1)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "it takes at least one dimension per sample, got %s",
                              soma_tensor_shape_text(x, text));
    SOMA_TRY(soma_op_check_axis(tensor, x, tensor->attributes.normalize.axis));
    if (groups && x->shape[x->rank - 1] % groups)
        return soma_op_refuse(
            tensor, SOMA_INVALID_SHAPE, "%u groups do not divide the %zu channels of %s; accepted: %s", groups,
            x->shape[x->rank - 1], soma_tensor_shape_text(x, text), soma_number_divisors(x->shape[x->rank - 1]).text);
    if (!groups && tensor->attributes.normalize.axis == 0)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "a normalisation of layers does not mix samples");
    SOMA_TRY(check_inputs(tensor, x));
    return soma_shape_like_first(tensor);
}

/* [outer, groups], as far as outer is of one sample. */
void soma_op_shape_figures(const soma_tensor *normalize, soma_tensor *figures) {
    uint32_t axis = normalize->attributes.normalize.axis, groups = normalize->attributes.normalize.groups;
    figures->batched = axis > 0;
    figures->rank = 0;
    for (uint32_t i = 1; i < axis; i++) figures->shape[figures->rank++] = normalize->shape[i - 1];
    figures->shape[figures->rank++] = groups ? groups : 1;
}

void soma_op_shape_channels(const soma_tensor *normalize_grad, soma_tensor *channels) {
    channels->batched = false;
    channels->rank = 1;
    channels->shape[0] = channels_of(normalize_grad, normalize_grad->input[1]);
}

/* ------------------------------------------------------------------------------------------------------- gradient */

/* Of figures that are given: 1 / sqrt(variance + epsilon), and that times the scale. */
static soma_status add_factor(soma_graph *graph, const soma_tensor *tensor, soma_tensor **inverse,
                              soma_tensor **factor) {
    inputs in = inputs_of(tensor);
    soma_tensor *epsilon, *half;
    SOMA_TRY(soma_op_constant_like(graph, in.running_variance, tensor->attributes.normalize.params.epsilon, &epsilon));
    SOMA_TRY(soma_op_constant_like(graph, in.running_variance, -0.5f, &half));
    SOMA_TRY(soma_graph_binary(graph, in.running_variance, epsilon, SOMA_BINARY_ADD, inverse));
    SOMA_TRY(soma_graph_binary(graph, *inverse, half, SOMA_BINARY_POWER, inverse));
    *factor = *inverse;
    return in.scale ? soma_graph_binary(graph, *inverse, in.scale, SOMA_BINARY_MULTIPLY, factor) : SOMA_OK;
}

soma_status soma_normalize_line(soma_graph *graph, const soma_tensor *normalize, soma_tensor *bias,
                                soma_tensor **factor, soma_tensor **shift) {
    inputs in = inputs_of(normalize);
    soma_tensor *inverse;
    SOMA_TRY(add_factor(graph, normalize, &inverse, factor));
    if (bias)
        SOMA_TRY(soma_graph_binary(graph, bias, in.running_mean, SOMA_BINARY_SUBTRACT, shift));
    else
        SOMA_TRY(soma_graph_copy(graph, in.running_mean, in.running_mean, -1, shift));
    SOMA_TRY(soma_graph_binary(graph, *shift, *factor, SOMA_BINARY_MULTIPLY, shift));
    return in.offset ? soma_graph_binary(graph, *shift, in.offset, SOMA_BINARY_ADD, shift) : SOMA_OK;
}

/* By figures that are given, each channel is scaled and shifted: y = (x - mean) inverse scale + offset. */
static soma_status gradient_given(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    inputs in = inputs_of(tensor);
    soma_tensor *inverse, *factor, *h;
    uint32_t next = 1;
    SOMA_TRY(add_factor(graph, tensor, &inverse, &factor));
    SOMA_TRY(soma_graph_binary(graph, dy, factor, SOMA_BINARY_MULTIPLY, &gradient[0]));
    if (in.scale) {
        SOMA_TRY(soma_graph_binary(graph, tensor->input[0], in.running_mean, SOMA_BINARY_SUBTRACT, &h));
        SOMA_TRY(soma_graph_binary(graph, h, inverse, SOMA_BINARY_MULTIPLY, &h));
        SOMA_TRY(soma_graph_binary(graph, h, dy, SOMA_BINARY_MULTIPLY, &h));
        SOMA_TRY(soma_op_sum_to(graph, h, in.scale, &gradient[next++]));
    }
    return in.offset ? soma_op_sum_to(graph, dy, in.offset, &gradient[next]) : SOMA_OK;
}

static soma_status gradient_normalize(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    if (tensor->attributes.normalize.params.given) return gradient_given(graph, tensor, dy, gradient);
    const soma_attributes none = {.fill = {0, false}};
    inputs in = inputs_of(tensor);
    soma_tensor *input[5] = {dy, tensor->input[0]}, *dx;
    uint32_t count = 2, next = 1;
    if (in.scale) input[count++] = in.scale;
    if (tensor->attributes.normalize.params.centered)
        SOMA_TRY(soma_op_add(graph, SOMA_OP_SECOND, &tensor, 1, none, &input[count++]));
    SOMA_TRY(soma_op_add(graph, SOMA_OP_THIRD, &tensor, 1, none, &input[count++]));
    SOMA_TRY(soma_op_add(graph, SOMA_OP_NORMALIZE_GRAD, input, count, tensor->attributes, &dx));
    gradient[0] = dx;
    if (in.scale) SOMA_TRY(soma_op_add(graph, SOMA_OP_SECOND, &dx, 1, none, &gradient[next++]));
    if (in.offset) SOMA_TRY(soma_op_add(graph, SOMA_OP_THIRD, &dx, 1, none, &gradient[next]));
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- lowering */

static soma_view vector_of(const soma_lowering *lowering, const soma_tensor *vector) {
    return vector ? soma_lowering_flat(lowering, vector) : soma_view_absent();
}

/* One number for each channel says nothing of how others are spread: with its variance, 0, for a figure, inference
 * would divide by next to nothing. */
static bool has_single_values(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view x = view_of(lowering, tensor, tensor->input[0]);
    return !tensor->attributes.normalize.params.given && x.shape[1] * x.shape[3] == 1;
}

static soma_status lower_normalize(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    inputs in = inputs_of(tensor);
    if (has_single_values(lowering, tensor)) in.running_mean = in.running_variance = NULL;
    soma_normalize_views views = {.x = view_of(lowering, tensor, x),
                                  .scale = vector_of(lowering, in.scale),
                                  .offset = vector_of(lowering, in.offset),
                                  .running_mean = vector_of(lowering, in.running_mean),
                                  .running_variance = vector_of(lowering, in.running_variance),
                                  .y = view_of(lowering, tensor, tensor),
                                  .mean = figures_of(lowering, tensor, x, lowering->second[tensor->id]),
                                  .inverse = figures_of(lowering, tensor, x, lowering->third[tensor->id])};
    return soma_lowering_push(lowering, tensor, soma_call_normalize(&views, tensor->attributes.normalize.params));
}

SOMA_OP(normalize) = {1, 5, shape_normalize, SOMA_GRADIENT(gradient_normalize), lower_normalize};

static soma_status lower_normalize_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[1];
    bool scaled = tensor->attributes.normalize.scaled, centered = tensor->attributes.normalize.params.centered;
    uint32_t mean = scaled ? 3 : 2, inverse = mean + (centered ? 1 : 0);
    soma_normalize_grad_views views = {.dy = view_of(lowering, tensor, tensor->input[0]),
                                       .x = view_of(lowering, tensor, x),
                                       .scale = vector_of(lowering, scaled ? tensor->input[2] : NULL),
                                       .mean = figures_of(lowering, tensor, x, centered ? tensor->input[mean] : NULL),
                                       .inverse = figures_of(lowering, tensor, x, tensor->input[inverse]),
                                       .dx = view_of(lowering, tensor, tensor),
                                       .dscale = vector_of(lowering, lowering->second[tensor->id]),
                                       .doffset = vector_of(lowering, lowering->third[tensor->id])};
    return soma_lowering_push(lowering, tensor, soma_call_normalize_grad(&views, centered));
}

SOMA_OP(normalize_grad) = {3, 5, soma_shape_like_first, NULL, SOMA_TRAINING_CALL(lower_normalize_grad)};
