/* SPDX-License-Identifier: MIT */
/* The losses written out from the formulas in soma/primitive_params.h, with error bounds. */
#include "device/conformance/loss_row.h"

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
    case SOMA_LOSS_QUANTILE: {
        soma_bounded d = subtract(t, p), delta = exact((double)r->call->params.loss.delta);
        return multiply(d.value < 0.0 ? subtract(delta, ONE) : delta, d);
    }
    case SOMA_LOSS_BINARY_FOCAL: {
        logit of = logit_of(r, p, t);
        return multiply(of.balance, multiply(focused(r, of.miss), of.loss));
    }
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

/* (max - p) + ln sum: of large logits the difference comes first, or nothing is left of the logarithm. */
static soma_bounded logits_term(const soma_softmax_bound *softmax, double p) {
    return add(subtract(exact(softmax->largest), exact(p)), soma_bounded_log(softmax->sum));
}

static soma_bounded categorical(const row *r) {
    bool logits = r->call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
    soma_softmax_bound softmax = row_softmax(r);
    soma_bounded_sum sum = {0};
    for (size_t j = 0; j < r->width; j++) {
        if (!counts(r, j) || (logits && target(r, j) == 0.0)) continue;
        soma_bounded term = logits ? logits_term(&softmax, prediction(r, j))
                                   : soma_bounded_negate(soma_bounded_log(floored(exact(prediction(r, j)))));
        soma_bounded_sum_add(&sum, multiply(exact(target(r, j)), term));
    }
    return soma_bounded_sum_result(&sum);
}

static soma_bounded categorical_focal(const row *r) {
    soma_bounded_sum sum = {0};
    for (size_t j = 0; j < r->width; j++) {
        soma_bounded share = categorical_share(r, j), l = exact(prediction(r, j));
        if (is_nothing(share)) continue;
        soma_bounded term = soma_bounded_negate(multiply(focused(r, miss_of_logarithm(l)), l));
        soma_bounded_sum_add(&sum, multiply(share, term));
    }
    return soma_bounded_sum_result(&sum);
}

static soma_bounded row_loss(const row *r) {
    soma_loss_kind kind = r->call->params.loss.kind;
    if (kind == SOMA_LOSS_CATEGORICAL_FOCAL) return categorical_focal(r);
    return soma_loss_is_categorical(kind) ? categorical(r) : element_mean(r);
}

void soma_loss_bound(const soma_call *before, soma_bounded *expected) {
    for (size_t i = 0; i < before->view[0].shape[0]; i++) {
        row r = row_of(before, i);
        soma_bounded loss = row_loss(&r), weight = row_weight(&r);
        expected[i] = r.outside ? exact(NAN) : is_nothing(weight) ? weight : multiply(weight, loss);
    }
}
