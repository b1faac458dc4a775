/* SPDX-License-Identifier: MIT */
/* LOSS. Losses that are a mean over elements come from kernels/losses.h, the categorical ones are here. */
#include "device/cpu/loss.h"
#include "kernels/losses.h"

/* ------------------------------------------------------------------------------------------- means over elements */

typedef float element_sum(const loss_row *row);

#define X(NAME, loss, derivative)                                                                                      \
    static float sum_##NAME(const loss_row *row) {                                                                     \
        LOOK_AT(row);                                                                                                  \
        float terms[SOMA_ROW_TERMS], sum = 0.0f;                                                                       \
        for (size_t at = 0; at < row->k; at += SOMA_ROW_TERMS) {                                                       \
            size_t part = SOMA_MIN(row->k - at, (size_t)SOMA_ROW_TERMS);                                               \
            SOMA_INDEPENDENT                                                                                           \
            for (size_t i = 0; i < part; i++) {                                                                        \
                float p = prediction[at + i], t = target[at + i];                                                      \
                terms[i] = (loss)*ELEMENT_WEIGHT;                                                                      \
            }                                                                                                          \
            sum += soma_row_sum(terms, part);                                                                          \
        }                                                                                                              \
        return sum;                                                                                                    \
    }
SOMA_ELEMENT_LOSS_TABLE(X)
#undef X

static element_sum *const element_losses[SOMA_LOSS_COUNT] = {
#define X(NAME, loss, derivative) [SOMA_LOSS_##NAME] = sum_##NAME,
    SOMA_ELEMENT_LOSS_TABLE(X)
#undef X
};

static bool is_element_loss(const soma_call *call) {
    return element_losses[call->params.loss.kind] != NULL;
}

static void element_losses_of(const soma_call *call, soma_range rows, float *loss) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        loss[i] = weighted_loss(sample_weight(call, i), element_losses[call->params.loss.kind](&row) / (float)row.k);
    }
}

/* -------------------------------------------------------------------------------------------------- categorical */

SOMA_ROW_SUM(negative_log_sum, SOMA_ARGUMENTS(const float *p, const float *t), -t[i] * LOG(SOMA_FLOORED(p[i])))

static float probability_loss(const loss_row *row) {
    if (row->t) return negative_log_sum(row->p, row->t, row->k);
    return row->c < row->k ? -LOG(SOMA_FLOORED(row->p[row->c])) : NOT_A_NUMBER;
}

SOMA_ROW_SUM(exp_sum, SOMA_ARGUMENTS(const float *p, float max), EXP(p[i] - max))

/* The maximum of each row of a group, and the sum of e^(p - max). */
static void sums_of_powers(const float *p, size_t rows, size_t k, float *max, float *sum) {
    float e[SOMA_GROUP_FLOATS];
    if (rows * k <= SOMA_GROUP_FLOATS) {
        soma_group_exp(p, rows, k, max, e);
        for (size_t i = 0; i < rows; i++) sum[i] = soma_row_sum(e + i * k, k);
    } else {
        *max = soma_row_max(p, k);
        *sum = exp_sum(p, *max, k);
    }
}

static void logits_losses(const soma_call *call, soma_range rows, float *loss) {
    size_t k = call->view[0].shape[1], group = soma_group_size(k);
    for (size_t first = rows.begin; first < rows.end; first += group) {
        float max[SOMA_GROUP_ROWS], sum[SOMA_GROUP_ROWS];
        size_t count = SOMA_MIN(group, rows.end - first);
        sums_of_powers(soma_cpu_floats(&call->view[0]) + first * k, count, k, max, sum);
        logits_losses_of(call, (soma_range){first, first + count}, max, sum, loss);
    }
}

static void probability_losses(const soma_call *call, soma_range rows, float *loss) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        loss[i] = class_is_known(&row)
                      ? weighted_loss(sample_weight(call, i) * categorical_weight(&row), probability_loss(&row))
                      : NOT_A_NUMBER;
    }
}

/* What smoothing adds to a target t: smoothing (share - t), with the share 1/k. */
SOMA_ROW_SUM(focal_sum, SOMA_ARGUMENTS(const float *p, const float *t, float focus, float smoothing, float share),
             t[i] + smoothing * (share - t[i]) == 0.0f ? 0.0f
                                                       : (t[i] + smoothing * (share - t[i])) * SOMA_FOCAL_LOSS(p[i]))
SOMA_ROW_SUM(even_focal_sum, SOMA_ARGUMENTS(const float *p, float focus), SOMA_FOCAL_LOSS(p[i]))

static float focal_loss(const loss_row *row) {
    const float focus = row->params->gamma, smoothing = row->params->smoothing, share = 1.0f / (float)row->k;
    if (row->t) return focal_sum(row->p, row->t, focus, smoothing, share, row->k);
    if (row->c >= row->k) return NOT_A_NUMBER;
    float even = smoothing > 0.0f ? smoothing * share * even_focal_sum(row->p, focus, row->k) : 0.0f;
    return even + (1.0f - smoothing) * SOMA_FOCAL_LOSS(row->p[row->c]);
}

static void focal_losses(const soma_call *call, soma_range rows, float *loss) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        loss[i] = class_is_known(&row)
                      ? weighted_loss(sample_weight(call, i) * categorical_weight(&row), focal_loss(&row))
                      : NOT_A_NUMBER;
    }
}

/* ------------------------------------------------------------------------------------------------------- tasks */

static void loss_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *prediction = &call->view[0];
    soma_range rows = soma_cpu_part(task, prediction->shape[0], rows_per_task(prediction));
    float *loss = soma_cpu_floats(&call->view[4]);
    if (is_element_loss(call))
        element_losses_of(call, rows, loss);
    else if (call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)
        logits_losses(call, rows, loss);
    else if (call->params.loss.kind == SOMA_LOSS_CATEGORICAL_FOCAL)
        focal_losses(call, rows, loss);
    else
        probability_losses(call, rows, loss);
}

SOMA_CPU_PLANNER(loss) {
    return plan_loss(call, plan, loss_task);
}
