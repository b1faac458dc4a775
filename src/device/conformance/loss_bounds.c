/* SPDX-License-Identifier: MIT */
/* The losses and their derivatives written out from the formulas in soma/device.h, with error bounds. */
#include "device/conformance/loss_bounds.h"

#include "device/conformance/functions.h"
#include "device/conformance/softmax.h"

#define add      soma_bounded_add
#define subtract soma_bounded_subtract
#define multiply soma_bounded_multiply
#define divide   soma_bounded_divide
#define exact    soma_exact
#define ONE      soma_exact(1.0)

static const double probability_floor = 1e-7;

/* One row of the batch. `class` is -1 where the target is a row of its own. */
typedef struct row {
    const soma_call *call;
    size_t index, width;
    bool by_class, outside;
    size_t class;
} row;

static row row_of(const soma_call *call, size_t index) {
    row r = {.call = call, .index = index, .width = call->view[0].shape[1]};
    r.by_class = call->view[1].dtype == SOMA_I32;
    if (!r.by_class) return r;
    double number = soma_element_get(&call->view[1], index);
    r.outside = !(number >= 0.0 && number < (double)r.width);
    r.class = r.outside ? 0 : (size_t)number;
    return r;
}

static double prediction(const row *r, size_t j) {
    return soma_element_get(&r->call->view[0], r->index * r->width + j);
}

static double target(const row *r, size_t j) {
    return r->by_class ? (double)(r->class == j) : soma_element_get(&r->call->view[1], r->index * r->width + j);
}

/* A class number means its one element; the others contribute nothing at all. */
static bool counts(const row *r, size_t j) {
    return !r->by_class || r->class == j;
}

static soma_bounded given(const row *r, uint32_t view, size_t index) {
    const soma_view *optional = &r->call->view[view];
    return soma_view_present(optional) ? exact(soma_element_get(optional, index)) : ONE;
}

static soma_bounded row_weight(const row *r) {
    soma_bounded weight = given(r, 2, r->index);
    if (!soma_loss_is_categorical(r->call->params.loss.kind) || !soma_view_present(&r->call->view[3])) return weight;
    if (r->by_class) return multiply(weight, given(r, 3, r->class));
    soma_bounded_sum sum = {0};
    for (size_t j = 0; j < r->width; j++) soma_bounded_sum_add(&sum, multiply(exact(target(r, j)), given(r, 3, j)));
    return multiply(weight, soma_bounded_sum_result(&sum));
}

/* t class_weight[1] + (1 - t) class_weight[0] */
static soma_bounded element_weight(const row *r, soma_bounded t) {
    if (!soma_view_present(&r->call->view[3])) return ONE;
    return add(multiply(t, given(r, 3, 1)), multiply(subtract(ONE, t), given(r, 3, 0)));
}

/* max(p, floor): where the floor holds, float32 has another one by its rounding. */
static soma_bounded floored(soma_bounded p) {
    return p.value < probability_floor ? soma_constant(probability_floor) : p;
}

/* -------------------------------------------------------------------------------------------------------- losses */

static soma_bounded binary(soma_bounded p, soma_bounded t) {
    soma_bounded first = multiply(t, soma_bounded_log(floored(p)));
    soma_bounded second = multiply(subtract(ONE, t), soma_bounded_log(floored(subtract(ONE, p))));
    return soma_bounded_negate(add(first, second));
}

static soma_bounded binary_logits(soma_bounded p, soma_bounded t) {
    soma_bounded rest = soma_bounded_log1p(soma_bounded_exp(soma_bounded_negate(soma_bounded_abs(p))));
    return add(subtract(soma_bounded_at_least(p, 0.0), multiply(p, t)), rest);
}

static soma_bounded huber(soma_bounded difference, soma_bounded delta) {
    soma_bounded size = soma_bounded_abs(difference);
    if (size.value <= delta.value) return multiply(exact(0.5), multiply(difference, difference));
    return multiply(delta, subtract(size, multiply(exact(0.5), delta)));
}

static soma_bounded element_loss(const row *r, size_t j) {
    soma_bounded p = exact(prediction(r, j)), t = exact(target(r, j)), difference = subtract(p, t);
    switch (r->call->params.loss.kind) {
    case SOMA_LOSS_BINARY_CROSSENTROPY:
        return binary(p, t);
    case SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS:
        return binary_logits(p, t);
    case SOMA_LOSS_MEAN_SQUARED_ERROR:
        return multiply(difference, difference);
    case SOMA_LOSS_MEAN_ABSOLUTE_ERROR:
        return soma_bounded_abs(difference);
    case SOMA_LOSS_HUBER:
        return huber(difference, exact((double)r->call->params.loss.delta));
    default:
        return exact(NAN);
    }
}

static soma_bounded element_mean(const row *r) {
    soma_bounded_sum sum = {0};
    for (size_t j = 0; j < r->width; j++)
        soma_bounded_sum_add(&sum, multiply(element_weight(r, exact(target(r, j))), element_loss(r, j)));
    return divide(soma_bounded_sum_result(&sum), exact((double)r->width));
}

static soma_softmax_bound row_softmax(const row *r) {
    return soma_softmax_bound_of(&r->call->view[0], r->index * r->width, 1, r->width);
}

/* max + ln sum - p: not written as softmax's logarithm is, the maximum's own size rounds here. */
static soma_bounded logits_term(const soma_softmax_bound *softmax, double p) {
    return subtract(add(exact(softmax->largest), soma_bounded_log(softmax->sum)), exact(p));
}

static soma_bounded categorical(const row *r) {
    bool logits = r->call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
    soma_softmax_bound softmax = row_softmax(r);
    soma_bounded_sum sum = {0};
    for (size_t j = 0; j < r->width; j++) {
        if (!counts(r, j)) continue;
        soma_bounded term = logits ? logits_term(&softmax, prediction(r, j))
                                   : soma_bounded_negate(soma_bounded_log(floored(exact(prediction(r, j)))));
        soma_bounded_sum_add(&sum, multiply(exact(target(r, j)), term));
    }
    return soma_bounded_sum_result(&sum);
}

void soma_loss_bound(const soma_call *before, soma_bounded *const *expected) {
    for (size_t i = 0; i < before->view[0].shape[0]; i++) {
        row r = row_of(before, i);
        soma_bounded loss = soma_loss_is_categorical(before->params.loss.kind) ? categorical(&r) : element_mean(&r);
        expected[4][i] = r.outside ? exact(NAN) : multiply(row_weight(&r), loss);
    }
}

/* --------------------------------------------------------------------------------------------------- derivatives */

/* (1 - t) / (1 - p) - t / p, each 0 where the floor holds */
static soma_bounded binary_derivative(soma_bounded p, soma_bounded t) {
    soma_bounded rest = subtract(ONE, p), first = exact(0.0), second = exact(0.0);
    if (!(rest.value < probability_floor)) first = divide(subtract(ONE, t), rest);
    if (!(p.value < probability_floor)) second = divide(t, p);
    return subtract(first, second);
}

static soma_bounded clamp(soma_bounded x, double limit) {
    return soma_bounded_at_least(soma_bounded_at_most(x, limit), -limit);
}

static soma_bounded sign(soma_bounded x) {
    return exact(x.value > 0.0 ? 1.0 : x.value < 0.0 ? -1.0 : x.value * 0.0);
}

static soma_bounded element_derivative(const row *r, size_t j) {
    soma_bounded p = exact(prediction(r, j)), t = exact(target(r, j)), difference = subtract(p, t);
    switch (r->call->params.loss.kind) {
    case SOMA_LOSS_BINARY_CROSSENTROPY:
        return binary_derivative(p, t);
    case SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS:
        return subtract(soma_bounded_sigmoid(p), t);
    case SOMA_LOSS_MEAN_SQUARED_ERROR:
        return multiply(exact(2.0), difference);
    case SOMA_LOSS_MEAN_ABSOLUTE_ERROR:
        return sign(difference);
    case SOMA_LOSS_HUBER:
        return clamp(difference, (double)r->call->params.loss.delta);
    default:
        return exact(NAN);
    }
}

static soma_bounded target_sum(const row *r) {
    soma_bounded_sum sum = {0};
    for (size_t j = 0; j < r->width; j++) soma_bounded_sum_add(&sum, exact(target(r, j)));
    return r->by_class ? ONE : soma_bounded_sum_result(&sum);
}

static soma_bounded categorical_derivative(const row *r, size_t j) {
    double p = prediction(r, j);
    if (!counts(r, j) || p < probability_floor) return exact(0.0);
    return soma_bounded_negate(divide(exact(target(r, j)), exact(p)));
}

void soma_loss_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    soma_loss_kind kind = before->params.loss.kind;
    for (size_t i = 0; i < before->view[0].shape[0]; i++) {
        row r = row_of(before, i);
        soma_bounded factor = multiply(given(&r, 4, i), row_weight(&r)), targets = target_sum(&r);
        soma_softmax_bound softmax = row_softmax(&r);
        for (size_t j = 0; j < r.width; j++) {
            soma_bounded t = exact(target(&r, j)), slope;
            if (kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY)
                slope = categorical_derivative(&r, j);
            else if (kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)
                slope = subtract(multiply(soma_softmax_bound_at(&softmax, prediction(&r, j)), targets), t);
            else /* of the mean */
                slope = divide(multiply(element_weight(&r, t), element_derivative(&r, j)), exact((double)r.width));
            expected[5][i * r.width + j] = r.outside ? exact(NAN) : multiply(factor, slope);
        }
    }
}
