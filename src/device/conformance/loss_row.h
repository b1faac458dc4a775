/* SPDX-License-Identifier: MIT */
/* A row of a batch, as the bounds of losses and of their derivatives look at it. */
#ifndef SOMA_DEVICE_CONFORMANCE_LOSS_ROW_H
#define SOMA_DEVICE_CONFORMANCE_LOSS_ROW_H

#include "device/conformance/loss_bounds.h"
#include "device/conformance/softmax.h"
#include "device/conformance/unary_bounds.h"

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

static inline row row_of(const soma_call *call, size_t index) {
    row r = {.call = call, .index = index, .width = call->view[0].shape[1]};
    r.by_class = call->view[1].dtype == SOMA_I32;
    if (!r.by_class) return r;
    double number = soma_element_get(&call->view[1], index);
    r.outside = !(number >= 0.0 && number < (double)r.width);
    r.class = r.outside ? 0 : (size_t)number;
    return r;
}

static inline double prediction(const row *r, size_t j) {
    return soma_element_get(&r->call->view[0], r->index * r->width + j);
}

static inline double target(const row *r, size_t j) {
    return r->by_class ? (double)(r->class == j) : soma_element_get(&r->call->view[1], r->index * r->width + j);
}

/* A class number means its one element; the others contribute nothing at all. */
static inline bool counts(const row *r, size_t j) {
    return !r->by_class || r->class == j;
}

static inline soma_bounded given(const row *r, uint32_t view, size_t index) {
    const soma_view *optional = &r->call->view[view];
    return soma_view_present(optional) ? exact(soma_element_get(optional, index)) : ONE;
}

/* A factor without which nothing counts, whatever it is. */
static inline bool is_nothing(soma_bounded factor) {
    return factor.value == 0.0 && factor.error == 0.0;
}

static inline soma_bounded row_weight(const row *r) {
    soma_bounded weight = given(r, 2, r->index);
    if (!soma_loss_is_categorical(r->call->params.loss.kind) || !soma_view_present(&r->call->view[3])) return weight;
    if (r->by_class) return multiply(weight, given(r, 3, r->class));
    soma_bounded_sum sum = {0};
    for (size_t j = 0; j < r->width; j++) soma_bounded_sum_add(&sum, multiply(exact(target(r, j)), given(r, 3, j)));
    return multiply(weight, soma_bounded_sum_result(&sum));
}

/* t class_weight[1] + (1 - t) class_weight[0] */
static inline soma_bounded element_weight(const row *r, soma_bounded t) {
    if (!soma_view_present(&r->call->view[3])) return ONE;
    return add(multiply(t, given(r, 3, 1)), multiply(subtract(ONE, t), given(r, 3, 0)));
}

/* ------------------------------------------------------------------------------------------------------ focal losses
 */

static inline const soma_loss_params *params_of(const row *r) {
    return &r->call->params.loss;
}

/* t + smoothing (share - t) */
static inline soma_bounded smoothed(const row *r, soma_bounded t, soma_bounded share) {
    return add(t, multiply(exact((double)params_of(r)->smoothing), subtract(share, t)));
}

/* x^gamma of x >= 0 */
static inline soma_bounded focused(const row *r, soma_bounded x) {
    double gamma = (double)params_of(r)->gamma;
    if (x.value > 0.0) return soma_bounded_exp(multiply(exact(gamma), soma_bounded_log(x)));
    return add(x, exact(gamma > 0.0 ? 0.0 : 1.0));
}

static inline soma_bounded categorical_share(const row *r, size_t j) {
    return smoothed(r, exact(target(r, j)), divide(ONE, exact((double)r->width)));
}

/* 1 - e^l */
static inline soma_bounded miss_of_logarithm(soma_bounded l) {
    return soma_bounded_negate(soma_bounded_expm1(l));
}

/* What the focal loss of a logit is made of. */
typedef struct logit {
    soma_bounded up, down, share, miss, loss, balance;
} logit;

static inline logit logit_of(const row *r, soma_bounded p, soma_bounded t) {
    logit of = {.up = soma_bounded_sigmoid(p), .down = soma_bounded_sigmoid(soma_bounded_negate(p))};
    of.share = smoothed(r, t, exact(0.5));
    soma_bounded other = subtract(ONE, of.share);
    of.miss = add(multiply(of.up, other), multiply(of.down, of.share));
    soma_bounded rest = soma_bounded_log1p(soma_bounded_exp(soma_bounded_negate(soma_bounded_abs(p))));
    of.loss = add(subtract(soma_bounded_at_least(p, 0.0), multiply(p, of.share)), rest);
    of.balance = add(multiply(of.share, exact((double)params_of(r)->when_one)),
                     multiply(other, exact((double)params_of(r)->when_zero)));
    return of;
}

static inline soma_softmax_bound row_softmax(const row *r) {
    return soma_softmax_bound_of(&r->call->view[0], r->index * r->width, 1, r->width);
}

#endif
