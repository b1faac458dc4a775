/* SPDX-License-Identifier: MIT */
/* Optimizers: defaults and ranges, and three steps of each against the update rules written out in double. */
#include "device/calls.h"
#include "expect.h"
#include "host_device.h"
#include "nn/network.h"
#include "suite.h"

#include <math.h>

/* -------------------------------------------------------------------------------------------- defaults and ranges */

/* As soma.h promises them. */
static const soma_optimizer defaults[SOMA_OPTIMIZER_COUNT] = {
    [SOMA_SGD] = {.learning_rate = 0.01f},
    [SOMA_MOMENTUM] = {.learning_rate = 0.01f, .momentum = 0.9f},
    [SOMA_NESTEROV] = {.learning_rate = 0.01f, .momentum = 0.9f},
    [SOMA_RMSPROP] = {.learning_rate = 0.001f, .rho = 0.9f, .epsilon = 1e-7f},
    [SOMA_ADAGRAD] = {.learning_rate = 0.01f, .epsilon = 1e-10f},
    [SOMA_ADAM] = {.learning_rate = 0.001f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-7f},
    [SOMA_ADAMW] = {.learning_rate = 0.001f, .beta1 = 0.9f, .beta2 = 0.999f, .epsilon = 1e-7f, .decay = 0.01f},
};

START_TEST(zero_means_the_default) {
    soma_optimizer given = {.kind = (soma_optimizer_kind)_i}, resolved;
    const soma_optimizer *expected = &defaults[_i];
    expect_ok(soma_optimizer_resolve(&given, &resolved));
    ck_assert_int_eq(resolved.kind, _i);
    ck_assert(resolved.learning_rate == expected->learning_rate);
    /* Where the header gives a default, it is there; the fields that a kind does not use may hold anything. */
    if (expected->momentum > 0) ck_assert(resolved.momentum == expected->momentum);
    if (expected->rho > 0) ck_assert(resolved.rho == expected->rho);
    if (expected->beta1 > 0) ck_assert(resolved.beta1 == expected->beta1 && resolved.beta2 == expected->beta2);
    if (expected->epsilon > 0) ck_assert(resolved.epsilon == expected->epsilon);
    ck_assert(resolved.decay == expected->decay);
    ck_assert(resolved.l1 == 0 && resolved.l2 == 0 && resolved.clip_norm == 0 && resolved.clip_value == 0);
    ck_assert_uint_eq(resolved.schedule.patience, 5);
    ck_assert(resolved.schedule.factor == 0.1f);
}
END_TEST

START_TEST(what_is_given_is_kept_and_negative_means_zero) {
    soma_optimizer given = {.kind = SOMA_ADAMW,
                            .learning_rate = 0.25f,
                            .momentum = 0.5f,
                            .beta1 = -1,
                            .beta2 = 0.75f,
                            .epsilon = 0.5f,
                            .decay = -1,
                            .l2 = 2,
                            .l1 = 3,
                            .clip_value = 4,
                            .clip_norm = 5,
                            .schedule = {.kind = SOMA_SCHEDULE_EXPONENTIAL, .period = 7}},
                   resolved;
    expect_ok(soma_optimizer_resolve(&given, &resolved));
    ck_assert(resolved.learning_rate == 0.25f && resolved.beta1 == 0 && resolved.beta2 == 0.75f);
    ck_assert(resolved.epsilon == 0.5f && resolved.decay == 0 && resolved.l2 == 2 && resolved.l1 == 3);
    ck_assert(resolved.clip_value == 4 && resolved.clip_norm == 5);
    ck_assert(resolved.schedule.factor == 0.96f && resolved.schedule.period == 7);
    given.learning_rate = -1;
    expect_ok(soma_optimizer_resolve(&given, &resolved));
    ck_assert(resolved.learning_rate == 0);
}
END_TEST

static const struct {
    soma_optimizer optimizer;
    const char *words[2];
} bad[] = {
    {{.kind = SOMA_OPTIMIZER_COUNT}, {"no kind 7"}},
    {{.kind = (soma_optimizer_kind)-1}, {"no kind -1"}},
    {{.learning_rate = NAN}, {"the learning rate is nan", "finite"}},
    {{.learning_rate = INFINITY}, {"the learning rate is inf", "finite"}},
    {{.kind = SOMA_MOMENTUM, .momentum = 1}, {"momentum is 1", "less than 1"}},
    {{.kind = SOMA_NESTEROV, .momentum = NAN}, {"momentum is nan", "less than 1"}},
    {{.kind = SOMA_ADAM, .beta1 = 1}, {"beta1 is 1", "less than 1"}},
    {{.kind = SOMA_ADAM, .beta2 = 1.5f}, {"beta2 is 1.5", "less than 1"}},
    {{.kind = SOMA_RMSPROP, .rho = 1}, {"rho is 1", "less than 1"}},
    {{.kind = SOMA_ADAM, .epsilon = INFINITY}, {"epsilon is inf", "finite"}},
    {{.kind = SOMA_ADAM, .epsilon = -1}, {"epsilon is 0", "greater for adam"}},
    {{.kind = SOMA_RMSPROP, .epsilon = -1}, {"epsilon is 0", "greater for rmsprop"}},
    {{.l2 = INFINITY}, {"l2 is inf", "finite"}},
    {{.l1 = NAN}, {"l1 is nan", "finite"}},
    {{.kind = SOMA_ADAMW, .decay = NAN}, {"decay is nan", "finite"}},
    {{.clip_value = NAN}, {"clip_value is nan", "finite"}},
    {{.clip_norm = INFINITY}, {"clip_norm is inf", "finite"}},
    {{.schedule = {.kind = (soma_schedule_kind)5}}, {"no schedule 5"}},
    {{.schedule = {.kind = SOMA_SCHEDULE_STEP}}, {"schedule step needs a period"}},
    {{.schedule = {.kind = SOMA_SCHEDULE_EXPONENTIAL}}, {"schedule exponential needs a period"}},
    {{.schedule = {.factor = INFINITY}}, {"factor is inf", "finite"}},
    {{.schedule = {.floor = 1}}, {"floor is 1", "less than 1"}},
    {{.schedule = {.floor = -0.5f}}, {"floor is -0.5", "at least 0"}},
    {{.schedule = {.floor = NAN}}, {"floor is nan", "at least 0"}},
    {{.schedule = {.min_delta = NAN}}, {"min_delta is nan", "finite"}},
};

START_TEST(what_is_out_of_range_is_refused) {
    soma_optimizer resolved;
    const char *words[] = {"optimizer", bad[_i].words[0], bad[_i].words[1], NULL};
    expect_error_words(soma_optimizer_resolve(&bad[_i].optimizer, &resolved), SOMA_INVALID_ARGUMENT, words,
                       bad[_i].words[0]);
}
END_TEST

/* ------------------------------------------------------------------------------------- three steps, by hand in double
 */

enum { COUNT = 6, DECAYED = 4, STEPS = 3 }; /* the last two parameters stand for biases: they do not decay */

/* The rules as their papers have them, from the options alone. */
static void step_by_hand(const soma_optimizer *o, int t, double rate, double *w, const double *gradient, double *m,
                         double *v) {
    double norm = 0;
    for (int i = 0; i < COUNT; i++) norm += gradient[i] * gradient[i];
    norm = sqrt(norm);
    for (int i = 0; i < COUNT; i++) {
        double g = gradient[i], old = w[i];
        if (o->clip_norm > 0 && norm > (double)o->clip_norm) g *= (double)o->clip_norm / norm;
        if (o->clip_value > 0) g = fmax(-(double)o->clip_value, fmin((double)o->clip_value, g));
        if (i < DECAYED) g += (double)o->l2 * old + (double)o->l1 * (double)((old > 0) - (old < 0));
        double mu = (double)o->momentum, b1 = (double)o->beta1, b2 = (double)o->beta2, rho = (double)o->rho;
        double epsilon = (double)o->epsilon;
        switch ((int)o->kind) {
        case SOMA_SGD:
            w[i] = old - rate * g;
            break;
        case SOMA_MOMENTUM:
            m[i] = mu * m[i] + g;
            w[i] = old - rate * m[i];
            break;
        case SOMA_NESTEROV: /* the gradient is taken where the momentum will have carried the weights */
            m[i] = mu * m[i] + g;
            w[i] = old - rate * (g + mu * m[i]);
            break;
        case SOMA_RMSPROP:
            m[i] = rho * m[i] + (1 - rho) * g * g;
            w[i] = old - rate * g / (sqrt(m[i]) + epsilon);
            break;
        case SOMA_ADAGRAD:
            m[i] = m[i] + g * g;
            w[i] = old - rate * g / (sqrt(m[i]) + epsilon);
            break;
        default:
            if (o->kind == SOMA_ADAMW && i < DECAYED) old -= rate * (double)o->decay * old;
            m[i] = b1 * m[i] + (1 - b1) * g;
            v[i] = b2 * v[i] + (1 - b2) * g * g;
            w[i] = old - rate * (m[i] / (1 - pow(b1, t))) / (sqrt(v[i] / (1 - pow(b2, t))) + epsilon);
        }
    }
}

/* What goes with each kind. */
static const soma_optimizer variants[] = {
    {.learning_rate = 0.1f},
    {.learning_rate = 0.1f, .l2 = 0.5f, .l1 = 0.25f},
    {.learning_rate = 0.1f, .clip_value = 0.5f},
    {.learning_rate = 0.1f, .clip_norm = 1},
    {.learning_rate = 0.1f, .clip_norm = 1000}, /* longer than any gradient here: nothing happens */
    {.learning_rate = 0.1f, .l2 = 0.125f, .l1 = 0.5f, .clip_value = 0.25f, .clip_norm = 2, .decay = 0.5f},
    {.learning_rate = 0.1f, .momentum = 0.5f, .beta1 = 0.25f, .beta2 = 0.75f, .rho = 0.625f, .epsilon = 0.125f},
    {.learning_rate = 0.1f, .decay = -1, .momentum = -1, .beta1 = -1, .rho = -1, .epsilon = 0.5f},
};

static const double gradients[STEPS][COUNT] = {
    {0.5, -2, 0.25, 3, -0.125, 1},
    {-0.75, 1, 0.0625, -3, 0.5, -2},
    {0, 0, 0, 0, 0, 0}, /* the states alone move the weights */
};

/* The step's numbers are float32: each is off by a relative 2^-24 at most, the corrections 1 - beta^t by 2^-24 of them.
 */
#define TOLERANCE 4e-7

static void run_steps(const soma_optimizer *optimizer, soma_device *device, double *w, double *m, double *v) {
    size_t count = COUNT, two = 2;
    double gradient[COUNT], norm[2];
    uint32_t states = soma_optimizer_states(optimizer->kind);
    soma_view absent = soma_view_absent();
    soma_call call = soma_call_optimizer(
        soma_view_of(w, 0, SOMA_F64, 1, &count), soma_view_of(gradient, 0, SOMA_F64, 1, &count),
        states > 0 ? soma_view_of(m, 0, SOMA_F64, 1, &count) : absent,
        states > 1 ? soma_view_of(v, 0, SOMA_F64, 1, &count) : absent, soma_view_of(norm, 0, SOMA_F64, 1, &two),
        (soma_optimizer_params){.kind = optimizer->kind, .decay_count = DECAYED});
    size_t workspace;
    expect_ok(soma_device_prepare(device, &call, &workspace));
    for (int t = 1; t <= STEPS; t++) {
        double squares = 0;
        for (int i = 0; i < COUNT; i++) gradient[i] = gradients[t - 1][i], squares += gradient[i] * gradient[i];
        norm[0] = sqrt(squares);
        norm[1] = 1;
        soma_optimizer_params params = soma_optimizer_step(optimizer, (uint64_t)t, optimizer->learning_rate);
        params.decay_count = DECAYED;
        call.params.optimizer = params;
        expect_ok(soma_device_run(device, &call, 1));
    }
    soma_device_release(device, &call);
}

START_TEST(three_steps_follow_the_rules) {
    static const double start[COUNT] = {1, -1, 0, 0.5, 2, -0.5};
    soma_optimizer_kind kind = (soma_optimizer_kind)(_i / (int)SOMA_COUNT_OF(variants));
    size_t variant = (size_t)_i % SOMA_COUNT_OF(variants);
    soma_optimizer given = variants[variant], optimizer;
    soma_device device;
    double w[COUNT], m[COUNT] = {0}, v[COUNT] = {0}, w_hand[COUNT], m_hand[COUNT] = {0}, v_hand[COUNT] = {0};
    given.kind = kind;
    expect_ok(soma_optimizer_resolve(&given, &optimizer));
    host_device_open(&device);
    memcpy(w, start, sizeof w);
    memcpy(w_hand, start, sizeof w);
    run_steps(&optimizer, &device, w, m, v);
    for (int t = 1; t <= STEPS; t++)
        step_by_hand(&optimizer, t, (double)optimizer.learning_rate, w_hand, gradients[t - 1], m_hand, v_hand);
    for (int i = 0; i < COUNT; i++) {
        ck_assert_msg(fabs(w[i] - w_hand[i]) <= TOLERANCE * (fabs(w_hand[i]) + 1),
                      "%s, variant %zu: w[%d] %.17g, by hand %.17g", soma_name(SOMA_NAMES_OPTIMIZER, (int)kind),
                      variant, i, w[i], w_hand[i]);
        ck_assert(fabs(m[i] - m_hand[i]) <= TOLERANCE * (fabs(m_hand[i]) + 1));
        ck_assert(fabs(v[i] - v_hand[i]) <= TOLERANCE * (fabs(v_hand[i]) + 1));
        if (i >= DECAYED && optimizer.decay > 0 && kind == SOMA_ADAMW) ck_assert(w_hand[i] != start[i]);
    }
}
END_TEST

START_TEST(corrections_follow_the_step) {
    soma_optimizer optimizer;
    expect_ok(soma_optimizer_resolve(&(soma_optimizer){.kind = SOMA_ADAM}, &optimizer));
    static const uint64_t steps[] = {1, 2, 10, 1000, 100000, UINT64_MAX};
    for (size_t i = 0; i < SOMA_COUNT_OF(steps); i++) {
        soma_optimizer_params params = soma_optimizer_step(&optimizer, steps[i], 0.5f);
        double b1 = 1 - pow((double)0.9f, (double)steps[i]), b2 = 1 - pow((double)0.999f, (double)steps[i]);
        ck_assert(fabs((double)params.correction1 - b1) <= 0x1p-24 * b1);
        ck_assert(fabs((double)params.correction2 - b2) <= 0x1p-24 * b2);
        ck_assert(params.learning_rate == 0.5f && params.kind == SOMA_ADAM);
    }
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, zero_means_the_default, 0, SOMA_OPTIMIZER_COUNT);
    tcase_add_test(cases, what_is_given_is_kept_and_negative_means_zero);
    tcase_add_loop_test(cases, what_is_out_of_range_is_refused, 0, SOMA_COUNT_OF(bad));
    tcase_add_loop_test(cases, three_steps_follow_the_rules, 0, SOMA_OPTIMIZER_COUNT * SOMA_COUNT_OF(variants));
    tcase_add_test(cases, corrections_follow_the_step);
}

int main(void) {
    return run_suite("optimizer", add_tests);
}
