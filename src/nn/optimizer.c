/* SPDX-License-Identifier: MIT */
/* Optimizers on the host side: defaults, checks, and the numbers of one step. The update rules are in
 * kernels/optimizers.h. */
#include "nn/network.h"

#include <math.h>

static const struct {
    float learning_rate, beta1, beta2, epsilon, decay; /* defaults; 0: not used */
} optimizer_table[SOMA_OPTIMIZER_COUNT] = {
    [SOMA_SGD] = {0.01f, 0, 0, 0, 0},
    [SOMA_MOMENTUM] = {0.01f, 0.9f, 0, 0, 0},
    [SOMA_NESTEROV] = {0.01f, 0.9f, 0, 0, 0},
    [SOMA_RMSPROP] = {0.001f, 0, 0.9f, 1e-7f, 0},
    [SOMA_ADAGRAD] = {0.01f, 0, 0, 1e-10f, 0},
    [SOMA_ADAM] = {0.001f, 0.9f, 0.999f, 1e-7f, 0},
    [SOMA_ADAMW] = {0.001f, 0.9f, 0.999f, 1e-7f, 0.01f},
};

/* Zero means the default, a negative value means zero. */
static float value_or(float given, float standard) {
    return given == 0 ? standard : given < 0 ? 0 : given;
}

/* A coefficient must be a number in [least, most). */
static soma_status check_range(const char *name, float value, float least, float most) {
    if (value >= least && value < most) return SOMA_OK;
    if (isinf(most))
        return soma_error(SOMA_INVALID_ARGUMENT, "optimizer: %s is %g, it must be a finite number of at least %g", name,
                          (double)value, (double)least);
    return soma_error(SOMA_INVALID_ARGUMENT, "optimizer: %s is %g, it must be at least %g and less than %g", name,
                      (double)value, (double)least, (double)most);
}

/* What divides by a mean square must not divide by 0 where a gradient was always 0. */
static soma_status check_epsilon(const soma_optimizer *optimizer) {
    if (optimizer_table[optimizer->kind].epsilon == 0 || optimizer->epsilon > 0) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "optimizer: epsilon is 0, it must be greater for %s",
                      soma_name(SOMA_NAMES_OPTIMIZER, (int)optimizer->kind));
}

static soma_status check_schedule(const soma_schedule *schedule) {
    bool needs_period = schedule->kind == SOMA_SCHEDULE_STEP || schedule->kind == SOMA_SCHEDULE_EXPONENTIAL;
    if (needs_period && schedule->period == 0)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "optimizer: the schedule %s needs a period, the number of steps over which the rate falls",
                          soma_name(SOMA_NAMES_SCHEDULE, (int)schedule->kind));
    SOMA_TRY(check_range("the schedule's factor", schedule->factor, 0, INFINITY));
    SOMA_TRY(check_range("the schedule's floor", schedule->floor, 0, 1));
    return check_range("the schedule's min_delta", schedule->min_delta, 0, INFINITY);
}

static soma_status check(const soma_optimizer *optimizer) {
    const struct {
        const char *name;
        float value, most;
    } rows[] = {
        {"the learning rate", optimizer->learning_rate, INFINITY},
        {"momentum", optimizer->momentum, 1},
        {"beta1", optimizer->beta1, 1},
        {"beta2", optimizer->beta2, 1},
        {"rho", optimizer->rho, 1},
        {"epsilon", optimizer->epsilon, INFINITY},
        {"l2", optimizer->l2, INFINITY},
        {"l1", optimizer->l1, INFINITY},
        {"decay", optimizer->decay, INFINITY},
        {"clip_value", optimizer->clip_value, INFINITY},
        {"clip_norm", optimizer->clip_norm, INFINITY},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++)
        SOMA_TRY(check_range(rows[i].name, rows[i].value, 0, rows[i].most));
    SOMA_TRY(check_epsilon(optimizer));
    return check_schedule(&optimizer->schedule);
}

soma_status soma_optimizer_resolve(const soma_optimizer *given, soma_optimizer *resolved) {
    SOMA_TRY(SOMA_CHECK_RESERVED(given, "soma_optimizer"));
    SOMA_TRY(SOMA_CHECK_RESERVED(&given->schedule, "soma_schedule"));
    if ((unsigned)given->kind >= SOMA_OPTIMIZER_COUNT)
        return soma_error(SOMA_INVALID_ARGUMENT, "optimizer: there is no kind %d", (int)given->kind);
    if ((unsigned)given->schedule.kind > SOMA_SCHEDULE_PLATEAU)
        return soma_error(SOMA_INVALID_ARGUMENT, "optimizer: there is no schedule %d", (int)given->schedule.kind);
    soma_optimizer_kind kind = given->kind;
    *resolved = *given;
    resolved->learning_rate = value_or(given->learning_rate, optimizer_table[kind].learning_rate);
    resolved->momentum = value_or(given->momentum, optimizer_table[kind].beta1);
    resolved->beta1 = value_or(given->beta1, optimizer_table[kind].beta1);
    resolved->beta2 = value_or(given->beta2, optimizer_table[kind].beta2);
    resolved->rho = value_or(given->rho, optimizer_table[kind].beta2);
    resolved->epsilon = value_or(given->epsilon, optimizer_table[kind].epsilon);
    resolved->decay = value_or(given->decay, optimizer_table[kind].decay);
    resolved->l2 = value_or(given->l2, 0);
    resolved->l1 = value_or(given->l1, 0);
    resolved->clip_value = value_or(given->clip_value, 0);
    resolved->clip_norm = value_or(given->clip_norm, 0);
    soma_schedule *schedule = &resolved->schedule;
    schedule->factor = value_or(schedule->factor, schedule->kind == SOMA_SCHEDULE_EXPONENTIAL ? 0.96f : 0.1f);
    if (schedule->patience == 0) schedule->patience = 5;
    return check(resolved);
}

soma_optimizer_params soma_optimizer_step(const soma_optimizer *resolved, uint64_t t, float learning_rate) {
    bool momentum = resolved->kind == SOMA_MOMENTUM || resolved->kind == SOMA_NESTEROV;
    soma_optimizer_params params = {
        .kind = resolved->kind,
        .learning_rate = learning_rate,
        .beta1 = momentum ? resolved->momentum : resolved->beta1,
        .beta2 = resolved->kind == SOMA_RMSPROP ? resolved->rho : resolved->beta2,
        .epsilon = resolved->epsilon,
        .l2 = resolved->l2,
        .l1 = resolved->l1,
        .decay = resolved->decay,
        .clip_value = resolved->clip_value,
        .clip_norm = resolved->clip_norm,
    };
    params.correction1 = (float)(1 - pow((double)params.beta1, (double)t));
    params.correction2 = (float)(1 - pow((double)params.beta2, (double)t));
    return params;
}
