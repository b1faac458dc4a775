/* SPDX-License-Identifier: MIT */
/* The reference for what only training needs: gradients, dropout and the optimizer step. */
#include "device/reference/line.h"
#include "device/reference/sample.h"

typedef uint32_t soma_u32;
#define SOMA_MULHI(a, b) ((uint32_t)(((uint64_t)(a) * (uint64_t)(b)) >> 32))
#include "kernels/functions.h"
#include "kernels/losses.h"
#include "kernels/optimizers.h"
#include "kernels/random.h"

/* --------------------------------------------------------------------------------------- gradients of functions */

static double function_derivative(soma_function function, double v, double a, double b) {
    switch ((int)function) {
#define X(name, from_output, f, derivative)                                                                            \
    case SOMA_##name:                                                                                                  \
        return derivative;
        SOMA_FUNCTION_TABLE(X)
#undef X
    default:
        return NAN;
    }
}

static double unary_grad_element(const soma_call *call, size_t i) {
    const soma_unary_params *params = &call->params.unary;
    double value = soma_element_get(&call->view[1], i);
    return soma_element_get(&call->view[0], i) *
           function_derivative(params->function, value, (double)params->a, (double)params->b);
}

soma_status soma_reference_unary_grad(const soma_call *call) {
    const soma_view *out = &call->view[2];
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) soma_element_set(out, i, unary_grad_element(call, i));
    return SOMA_OK;
}

soma_status soma_reference_bias_unary_grad(const soma_call *call) {
    const soma_view *out = &call->view[2], *dbias = &call->view[3];
    size_t rows = out->shape[0], columns = out->shape[1];
    for (size_t j = 0; j < columns; j++) {
        double sum = 0.0;
        for (size_t i = 0; i < rows; i++) {
            double value = unary_grad_element(call, i * columns + j);
            soma_element_set(out, i * columns + j, value);
            sum += value;
        }
        soma_element_set(dbias, j, sum);
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------ gradient of softmax */

static void softmax_grad_line(const soma_call *call, line along) {
    const soma_view *dy = &call->view[0], *y = &call->view[1], *out = &call->view[2];
    bool logarithm = call->params.softmax.log;
    double sum = 0.0;
    for (size_t i = 0; i < along.count; i++)
        sum += logarithm ? line_get(dy, along, i) : line_get(dy, along, i) * line_get(y, along, i);
    for (size_t i = 0; i < along.count; i++) {
        double slope = line_get(dy, along, i), value = line_get(y, along, i);
        soma_element_set(out, along.first + i * along.step,
                         logarithm ? slope - exp(value) * sum : value * (slope - sum));
    }
}

soma_status soma_reference_softmax_grad(const soma_call *call) {
    const soma_view *dy = &call->view[0];
    size_t lines = dy->shape[0] * dy->shape[2];
    for (size_t i = 0; i < lines; i++) softmax_grad_line(call, line_of(dy, i));
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- dropout */

bool soma_dropout_keeps(const soma_dropout_params *params, size_t index) {
    uint32_t word[4] = {(uint32_t)(index / 4), (uint32_t)params->step, (uint32_t)(params->step >> 32), params->stream};
    soma_philox(word, (uint32_t)params->seed, (uint32_t)(params->seed >> 32));
    return word[index % 4] >= SOMA_DROPOUT_THRESHOLD(params->rate);
}

soma_status soma_reference_dropout(const soma_call *call) {
    const soma_view *x = &call->view[0], *out = &call->view[1];
    const soma_dropout_params *params = &call->params.dropout;
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) {
        double kept = soma_element_get(x, i) / (1.0 - (double)params->rate);
        soma_element_set(out, i, soma_dropout_keeps(params, i) ? kept : 0.0);
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------ gradients of losses */

static double element_derivative(soma_loss_kind kind, double p, double t, double delta) {
    switch ((int)kind) {
#define X(name, loss, derivative)                                                                                      \
    case SOMA_LOSS_##name:                                                                                             \
        return derivative;
        SOMA_ELEMENT_LOSS_TABLE(X)
#undef X
    default:
        return NAN;
    }
}

/* d/dp_j of -sum_j t_j ln max(p_j, floor) */
static double probability_derivative(const sample *s, size_t j) {
    double t = target_at(s, j), p = prediction_at(s, j);
    if (has_class_number(s) && t == 0.0) return 0.0;
    return p < SOMA_PROBABILITY_FLOOR ? 0.0 : -t / p;
}

/* d/dp_j of sum_j t_j (ln sum_l e^p_l - p_j): softmax(p)_j sum_l t_l - t_j */
static void logits_grad(const sample *s, double factor) {
    double largest = largest_prediction(s), exponentials = exponential_sum(s, largest), targets = 0.0;
    for (size_t j = 0; j < s->width; j++) targets += target_at(s, j);
    for (size_t j = 0; j < s->width; j++) {
        double softmax = exp(prediction_at(s, j) - largest) / exponentials;
        soma_element_set(&s->call->view[5], s->first + j, factor * (softmax * targets - target_at(s, j)));
    }
}

static void loss_grad_row(const sample *s, double factor) {
    const soma_loss_params *params = &s->call->params.loss;
    for (size_t j = 0; j < s->width; j++) {
        double t = target_at(s, j), value = NAN;
        if (class_is_outside(s))
            value = NAN;
        else if (params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY)
            value = factor * probability_derivative(s, j);
        else
            value = factor * element_weight(s, t) / (double)s->width *
                    element_derivative(params->kind, prediction_at(s, j), t, (double)params->delta);
        soma_element_set(&s->call->view[5], s->first + j, value);
    }
}

soma_status soma_reference_loss_grad(const soma_call *call) {
    size_t count = call->view[0].shape[0];
    for (size_t i = 0; i < count; i++) {
        sample s = sample_of(call, i);
        double factor = soma_element_get(&call->view[4], i) * sample_weight(&s);
        if (soma_view_present(&call->view[6])) soma_element_set(&call->view[6], i, soma_reference_loss_of(&s));
        if (call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS && !class_is_outside(&s))
            logits_grad(&s, factor);
        else
            loss_grad_row(&s, factor);
    }
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------- optimizer */

/* The gradient of one parameter after clipping and decay, see soma_optimizer_params. */
static double ready_gradient(const soma_call *call, size_t i, double w) {
    const soma_optimizer_params *params = &call->params.optimizer;
    double g = soma_element_get(&call->view[1], i);
    if (params->clip_norm > 0.0f) {
        double scale = (double)params->clip_norm / sqrt(soma_element_get(&call->view[4], 0));
        if (scale < 1.0) g *= scale;
    }
    double most = (double)params->clip_value;
    if (most > 0.0) g = g > most ? most : g < -most ? -most : g;
    if (i < params->decay_count) {
        double sign = w > 0.0 ? 1.0 : w < 0.0 ? -1.0 : w * 0.0;
        g += (double)params->l2 * w + (double)params->l1 * sign;
    }
    return g;
}

#define P(field) ((double)params->field)
#define DECAY    decay

soma_status soma_reference_optimizer(const soma_call *call) {
    const soma_optimizer_params *params = &call->params.optimizer;
    const soma_view *parameter = &call->view[0], *state1 = &call->view[2], *state2 = &call->view[3];
    for (size_t i = 0; i < parameter->shape[0]; i++) {
        double w = soma_element_get(parameter, i), g = ready_gradient(call, i, w);
        double m = soma_view_present(state1) ? soma_element_get(state1, i) : 0.0;
        double v = soma_view_present(state2) ? soma_element_get(state2, i) : 0.0;
        double decay = i < params->decay_count ? (double)params->decay : 0.0;
        switch (params->kind) {
#define X(name, states, ...)                                                                                           \
    case SOMA_##name:                                                                                                  \
        __VA_ARGS__;                                                                                                   \
        break;
            SOMA_OPTIMIZER_TABLE(X)
#undef X
        case SOMA_OPTIMIZER_COUNT:
            break;
        }
        soma_element_set(parameter, i, w);
        if (soma_view_present(state1)) soma_element_set(state1, i, m);
        if (soma_view_present(state2)) soma_element_set(state2, i, v);
    }
    return SOMA_OK;
}
