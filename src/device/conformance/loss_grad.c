/* SPDX-License-Identifier: MIT */
/* Cases of LOSS_GRAD: the derivatives of the losses written out from the formulas in soma/primitive_params.h, with
 * error bounds.
 */
#include "device/conformance/loss_row.h"

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

/* w m^gamma (gamma (1 - 2 s) u d / m b + u - s), with m the probability of not having s */
static soma_bounded binary_focal_derivative(const row *r, soma_bounded p, soma_bounded t) {
    logit of = logit_of(r, p, t);
    soma_bounded slope = subtract(of.up, of.share), gamma = exact((double)params_of(r)->gamma);
    if (of.miss.value > 0.0) {
        soma_bounded side = multiply(gamma, subtract(ONE, multiply(exact(2.0), of.share)));
        soma_bounded pull = multiply(multiply(side, divide(multiply(of.up, of.down), of.miss)), of.loss);
        slope = add(pull, slope);
    }
    return multiply(of.balance, multiply(focused(r, of.miss), slope));
}

/* m^gamma (gamma e^l l / m - 1), m = 1 - e^l */
static soma_bounded focal_derivative(const row *r, size_t j) {
    soma_bounded share = categorical_share(r, j), l = exact(prediction(r, j)), miss = miss_of_logarithm(l);
    if (is_nothing(share)) return exact(0.0);
    soma_bounded power = focused(r, miss), gamma = exact((double)params_of(r)->gamma);
    if (!(miss.value > 0.0)) return multiply(share, soma_bounded_negate(power));
    soma_bounded pull = divide(multiply(gamma, multiply(soma_bounded_exp(l), l)), miss);
    return multiply(share, multiply(power, subtract(pull, ONE)));
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
    case SOMA_LOSS_QUANTILE: {
        soma_bounded delta = exact((double)r->call->params.loss.delta);
        if (difference.value > 0.0) return subtract(ONE, delta);
        return difference.value < 0.0 ? soma_bounded_negate(delta) : difference;
    }
    case SOMA_LOSS_BINARY_FOCAL:
        return binary_focal_derivative(r, p, t);
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

static void loss_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    soma_loss_kind kind = before->params.loss.kind;
    if (soma_view_present(&before->view[6])) soma_loss_bound(before, expected[6]);
    for (size_t i = 0; i < before->view[0].shape[0]; i++) {
        row r = row_of(before, i);
        soma_bounded factor = multiply(given(&r, 4, i), row_weight(&r)), targets = target_sum(&r);
        soma_softmax_bound softmax = row_softmax(&r);
        for (size_t j = 0; j < r.width; j++) {
            soma_bounded t = exact(target(&r, j)), slope;
            if (kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY)
                slope = categorical_derivative(&r, j);
            else if (kind == SOMA_LOSS_CATEGORICAL_FOCAL)
                slope = focal_derivative(&r, j);
            else if (kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)
                slope = subtract(multiply(soma_softmax_bound_at(&softmax, prediction(&r, j)), targets), t);
            else /* of the mean */
                slope = divide(multiply(element_weight(&r, t), element_derivative(&r, j)), exact((double)r.width));
            expected[5][i * r.width + j] = r.outside            ? exact(NAN)
                                           : is_nothing(factor) ? factor
                                                                : multiply(factor, slope);
        }
    }
}

void soma_loss_grad_cases(soma_suite *suite) {
    soma_loss_table(suite, loss_grad_bound, true);
}

void soma_loss_grad_speeds(soma_suite *suite) {
    soma_loss_speed_table(suite, loss_grad_bound, true);
}
