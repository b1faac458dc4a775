/* SPDX-License-Identifier: MIT */
/* Learning-rate schedules: the rate as a function of the step. */
#include "nn/network.h"

#include <math.h>

/* What is left of the learning rate at step t after the warm-up, before the floor. */
static double schedule_share(const soma_schedule *schedule, double t, double length, double plateau_factor) {
    double period = (double)schedule->period;
    if (schedule->kind == SOMA_SCHEDULE_PLATEAU) return plateau_factor;
    if (schedule->kind == SOMA_SCHEDULE_COSINE) {
        if (schedule->period == 0) period = length;
        double done = t < period ? t / period : 1.0;
        return schedule->floor + (1.0 - schedule->floor) * 0.5 * (1.0 + cos(acos(-1.0) * done));
    }
    if (schedule->kind == SOMA_SCHEDULE_STEP) return pow(schedule->factor, floor(t / period));
    if (schedule->kind == SOMA_SCHEDULE_EXPONENTIAL) return pow(schedule->factor, t / period);
    return 1.0;
}

float soma_schedule_rate(const soma_optimizer *resolved, uint64_t t, uint64_t total, float plateau_factor) {
    const soma_schedule *schedule = &resolved->schedule;
    double rate = resolved->learning_rate;
    /* The first step already gets a share of the rate: at rate 0 it would be made for nothing. */
    if (t < schedule->warmup) return (float)(rate * (double)(t + 1) / (double)schedule->warmup);

    bool needs_period = schedule->kind == SOMA_SCHEDULE_STEP || schedule->kind == SOMA_SCHEDULE_EXPONENTIAL;
    bool needs_length = schedule->kind == SOMA_SCHEDULE_COSINE && schedule->period == 0;
    if ((needs_period && schedule->period == 0) || (needs_length && total == 0)) return resolved->learning_rate;
    uint64_t length = total > schedule->warmup ? total - schedule->warmup : 0;
    double share = schedule_share(schedule, (double)(t - schedule->warmup), (double)length, plateau_factor);
    return (float)(rate * SOMA_MAX(share, (double)schedule->floor));
}
