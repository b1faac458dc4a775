/* SPDX-License-Identifier: MIT */
/* What losses and their gradients share: the rows of a batch, their weights, the cut into tasks. */
#ifndef SOMA_DEVICE_CPU_LOSS_H
#define SOMA_DEVICE_CPU_LOSS_H

#include "device/cpu/rows.h"

#define NOT_A_NUMBER __builtin_nanf("")

/* The views of a row, whichever call they come from; NULL where absent. */
typedef struct loss_row {
    const float *p; /* prediction [k] */
    const float *t; /* target [k]; NULL: a class number */
    size_t c;       /* the class; >= k: not a class */
    const float *class_weight;
    size_t k;
    const soma_loss_params *params;
} loss_row;

static inline loss_row row_of(const soma_call *call, size_t i) {
    const soma_view *target = &call->view[1];
    loss_row row = {.k = call->view[0].shape[1], .params = &call->params.loss};
    row.p = soma_cpu_floats(&call->view[0]) + i * row.k;
    row.class_weight = soma_cpu_optional(&call->view[3]);
    if (target->dtype == SOMA_I32)
        row.c = (size_t)(ptrdiff_t)((const int32_t *)soma_cpu_data(target))[i]; /* a negative one becomes huge */
    else
        row.t = soma_cpu_floats(target) + i * row.k;
    return row;
}

static inline bool class_is_known(const loss_row *row) {
    return row->t || row->c < row->k;
}

static inline float sample_weight(const soma_call *call, size_t i) {
    const float *weight = soma_cpu_optional(&call->view[2]);
    return weight ? weight[i] : 1.0f;
}

/*
 * What a class weight of two makes of a target t. The two weights are read beforehand, whether there are any or not: a
 * loop that may have to read them does not become vector code.
 */
#define ELEMENT_WEIGHT (weighted ? t * positive + (1.0f - t) * negative : 1.0f)
#define LOOK_AT(row)                                                                                                   \
    const float *prediction = row->p, *target = row->t;                                                                \
    const bool weighted = row->class_weight != NULL;                                                                   \
    const float negative = weighted ? row->class_weight[0] : 1.0f, positive = weighted ? row->class_weight[1] : 1.0f;  \
    const float delta = row->params->delta, focus = row->params->gamma, smoothing = row->params->smoothing;            \
    const float when_one = row->params->when_one, when_zero = row->params->when_zero;                                  \
    (void)delta, (void)focus, (void)smoothing, (void)when_one, (void)when_zero

static inline float categorical_weight(const loss_row *row) {
    if (!row->class_weight) return 1.0f;
    if (!row->t) return row->c < row->k ? row->class_weight[row->c] : NOT_A_NUMBER;
    return soma_row_dot(row->t, row->class_weight, row->k);
}

/* 0 of what does not count, which may be infinite. */
static inline float weighted_loss(float weight, float loss) {
    return weight == 0.0f ? 0.0f : weight * loss;
}

/* sum_j t_j (log_sum - (p_j - max)), where the difference may overflow */
SOMA_ROW_SUM(logits_sum, SOMA_ARGUMENTS(const float *p, const float *t, float max, float log_sum),
             t[i] == 0.0f ? 0.0f : t[i] * ((max - p[i]) + log_sum))

/* The losses of a group of rows of logits, given the maximum of each and the sum of e^(p - max), which becomes its
 * logarithm. */
static inline void logits_losses_of(const soma_call *call, soma_range rows, const float *max, float *sum, float *loss) {
    size_t count = rows.end - rows.begin;
    SOMA_INDEPENDENT
    for (size_t i = 0; i < count; i++) sum[i] = LOG(sum[i]);
    for (size_t i = 0; i < count; i++) {
        loss_row row = row_of(call, rows.begin + i);
        float l = NOT_A_NUMBER;
        if (row.t)
            l = logits_sum(row.p, row.t, max[i], sum[i], row.k);
        else if (row.c < row.k)
            l = (max[i] - row.p[row.c]) + sum[i];
        loss[rows.begin + i] = class_is_known(&row)
                                   ? weighted_loss(sample_weight(call, rows.begin + i) * categorical_weight(&row), l)
                                   : NOT_A_NUMBER;
    }
}

static inline size_t rows_per_task(const soma_view *prediction) {
    return SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / 4 / SOMA_MAX((size_t)1, prediction->shape[1]));
}

static inline soma_status plan_loss(const soma_call *call, soma_cpu_plan *plan, soma_cpu_task *run) {
    const soma_view *prediction = &call->view[0];
    if ((unsigned)call->params.loss.kind >= SOMA_LOSS_COUNT || prediction->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    soma_cpu_add_phase(plan, run, soma_cpu_parts(prediction->shape[0], rows_per_task(prediction)));
    plan->nanoseconds = 0.6 * (double)soma_view_count(prediction) + 10.0 * (double)prediction->shape[0];
    return SOMA_OK;
}

#endif
