/* SPDX-License-Identifier: MIT */
/* LOSS and LOSS_GRAD. Losses that are a mean over elements come from kernels/losses.h, the categorical ones are here.
 */
#include "device/cpu/rows.h"
#include "kernels/losses.h"

#define NOT_A_NUMBER __builtin_nanf("")

/* The views of a row, whichever call they come from; NULL where absent. */
typedef struct loss_row {
    const float *p; /* prediction [k] */
    const float *t; /* target [k]; NULL: a class number */
    size_t c;       /* the class; >= k: not a class */
    const float *class_weight;
    size_t k;
    float delta;
} loss_row;

static loss_row row_of(const soma_call *call, size_t i) {
    const soma_view *target = &call->view[1];
    loss_row row = {.k = call->view[0].shape[1], .delta = call->params.loss.delta};
    row.p = soma_cpu_floats(&call->view[0]) + i * row.k;
    row.class_weight = soma_cpu_optional(&call->view[3]);
    if (target->dtype == SOMA_I32)
        row.c = (size_t)(ptrdiff_t)((const int32_t *)soma_cpu_data(target))[i]; /* a negative one becomes huge */
    else
        row.t = soma_cpu_floats(target) + i * row.k;
    return row;
}

static float sample_weight(const soma_call *call, size_t i) {
    const float *weight = soma_cpu_optional(&call->view[2]);
    return weight ? weight[i] : 1.0f;
}

/* ------------------------------------------------------------------------------------------- means over elements */

typedef float element_sum(const loss_row *row);
typedef void element_grad(const loss_row *row, float factor, float *out);

/*
 * What a class weight of two makes of a target t. The two weights are read beforehand, whether there are any or not: a
 * loop that may have to read them does not become vector code.
 */
#define ELEMENT_WEIGHT (weighted ? t * positive + (1.0f - t) * negative : 1.0f)
#define LOOK_AT(row)                                                                                                   \
    const float *prediction = row->p, *target = row->t, delta = row->delta;                                            \
    const bool weighted = row->class_weight != NULL;                                                                   \
    const float negative = weighted ? row->class_weight[0] : 1.0f, positive = weighted ? row->class_weight[1] : 1.0f;  \
    (void)delta

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
    }                                                                                                                  \
    static void grad_##NAME(const loss_row *row, float factor, float *out) {                                           \
        LOOK_AT(row);                                                                                                  \
        SOMA_INDEPENDENT                                                                                               \
        for (size_t i = 0; i < row->k; i++) {                                                                          \
            float p = prediction[i], t = target[i];                                                                    \
            out[i] = factor * (derivative)*ELEMENT_WEIGHT;                                                             \
        }                                                                                                              \
    }
SOMA_ELEMENT_LOSS_TABLE(X)
#undef X

static const struct {
    element_sum *sum;
    element_grad *grad;
} element_losses[SOMA_LOSS_COUNT] = {
#define X(NAME, loss, derivative) [SOMA_LOSS_##NAME] = {sum_##NAME, grad_##NAME},
    SOMA_ELEMENT_LOSS_TABLE(X)
#undef X
};

static bool is_element_loss(const soma_call *call) {
    return element_losses[call->params.loss.kind].sum != NULL;
}

static void element_losses_of(const soma_call *call, soma_range rows, float *loss) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        loss[i] = sample_weight(call, i) * element_losses[call->params.loss.kind].sum(&row) / (float)row.k;
    }
}

static void element_grads_of(const soma_call *call, soma_range rows, const float *dloss, float *out) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        float factor = dloss[i] * sample_weight(call, i) / (float)row.k;
        element_losses[call->params.loss.kind].grad(&row, factor, out + i * row.k);
    }
}

/* -------------------------------------------------------------------------------------------------- categorical */

static float categorical_weight(const loss_row *row) {
    if (!row->class_weight) return 1.0f;
    if (!row->t) return row->c < row->k ? row->class_weight[row->c] : NOT_A_NUMBER;
    return soma_row_dot(row->t, row->class_weight, row->k);
}

SOMA_ROW_SUM(negative_log_sum, SOMA_ARGUMENTS(const float *p, const float *t), -t[i] * LOG(SOMA_FLOORED(p[i])))

static float probability_loss(const loss_row *row) {
    if (row->t) return negative_log_sum(row->p, row->t, row->k);
    return row->c < row->k ? -LOG(SOMA_FLOORED(row->p[row->c])) : NOT_A_NUMBER;
}

static void probability_grad(const loss_row *row, float factor, float *out) {
    for (size_t j = 0; j < row->k; j++) {
        float p = row->p[j], t = row->t ? row->t[j] : (row->c >= row->k ? NOT_A_NUMBER : (row->c == j ? 1.0f : 0.0f));
        out[j] = factor * (p < SOMA_PROBABILITY_FLOOR ? 0.0f * t : -t / p);
    }
}

SOMA_ROW_SUM(exp_sum, SOMA_ARGUMENTS(const float *p, float max), EXP(p[i] - max))

/* sum_j t_j (log_sum - (p_j - max)) */
SOMA_ROW_SUM(logits_sum, SOMA_ARGUMENTS(const float *p, const float *t, float max, float log_sum),
             t[i] * ((max - p[i]) + log_sum))

/* The maximum of each row of a group, and the logarithm of the sum of e^(p - max). */
static void log_sums(const float *p, size_t rows, size_t k, float *max, float *log_sum) {
    float e[SOMA_GROUP_FLOATS];
    if (rows * k <= SOMA_GROUP_FLOATS) {
        soma_group_exp(p, rows, k, max, e);
        for (size_t i = 0; i < rows; i++) log_sum[i] = soma_row_sum(e + i * k, k);
    } else {
        *max = soma_row_max(p, k);
        *log_sum = exp_sum(p, *max, k);
    }
    SOMA_INDEPENDENT
    for (size_t i = 0; i < rows; i++) log_sum[i] = LOG(log_sum[i]);
}

static void logits_losses(const soma_call *call, soma_range rows, float *loss) {
    size_t k = call->view[0].shape[1], group = soma_group_size(k);
    for (size_t first = rows.begin; first < rows.end; first += group) {
        float max[SOMA_GROUP_ROWS], log_sum[SOMA_GROUP_ROWS];
        size_t count = SOMA_MIN(group, rows.end - first);
        log_sums(soma_cpu_floats(&call->view[0]) + first * k, count, k, max, log_sum);
        for (size_t i = 0; i < count; i++) {
            loss_row row = row_of(call, first + i);
            float l = NOT_A_NUMBER;
            if (row.t)
                l = logits_sum(row.p, row.t, max[i], log_sum[i], k);
            else if (row.c < k)
                l = (max[i] - row.p[row.c]) + log_sum[i];
            loss[first + i] = sample_weight(call, first + i) * categorical_weight(&row) * l;
        }
    }
}

static void probability_losses(const soma_call *call, soma_range rows, float *loss) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        loss[i] = sample_weight(call, i) * categorical_weight(&row) * probability_loss(&row);
    }
}

static void probability_grads(const soma_call *call, soma_range rows, const float *dloss, float *out) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        probability_grad(&row, dloss[i] * sample_weight(call, i) * categorical_weight(&row), out + i * row.k);
    }
}

/* From e^(p - max), factor (softmax(p) sum t - t). */
static void logits_grad(const loss_row *row, const float *e, float factor, float *out) {
    float sum = soma_row_sum(e, row->k);
    if (row->t) {
        float scale = soma_row_sum(row->t, row->k) / sum;
        SOMA_INDEPENDENT
        for (size_t j = 0; j < row->k; j++) out[j] = factor * (e[j] * scale - row->t[j]);
    } else {
        bool known = row->c < row->k;
        float own = known ? e[row->c] : 0.0f, scale = known ? factor / sum : NOT_A_NUMBER;
        soma_row_multiply(e, scale, out, row->k);
        if (known) out[row->c] = own * scale - factor;
    }
}

static void logits_grads(const soma_call *call, soma_range rows, const float *dloss, float *out) {
    size_t k = call->view[0].shape[1], group = soma_group_size(k);
    for (size_t first = rows.begin; first < rows.end; first += group) {
        float max[SOMA_GROUP_ROWS], buffer[SOMA_GROUP_FLOATS];
        size_t count = SOMA_MIN(group, rows.end - first);
        float *e = count * k <= SOMA_GROUP_FLOATS ? buffer : out + first * k;
        soma_group_exp(soma_cpu_floats(&call->view[0]) + first * k, count, k, max, e);
        for (size_t i = 0; i < count; i++) {
            loss_row row = row_of(call, first + i);
            float factor = dloss[first + i] * sample_weight(call, first + i) * categorical_weight(&row);
            logits_grad(&row, e + i * k, factor, out + (first + i) * k);
        }
    }
}

/* ------------------------------------------------------------------------------------------------------- tasks */

static size_t rows_per_task(const soma_view *prediction) {
    return SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / 4 / SOMA_MAX((size_t)1, prediction->shape[1]));
}

static void loss_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *prediction = &call->view[0];
    soma_range rows = soma_cpu_part(task, prediction->shape[0], rows_per_task(prediction));
    float *loss = soma_cpu_floats(&call->view[4]);
    if (is_element_loss(call))
        element_losses_of(call, rows, loss);
    else if (call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)
        logits_losses(call, rows, loss);
    else
        probability_losses(call, rows, loss);
}

static void loss_grad_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *prediction = &call->view[0];
    soma_range rows = soma_cpu_part(task, prediction->shape[0], rows_per_task(prediction));
    const float *dloss = soma_cpu_floats(&call->view[4]);
    float *out = soma_cpu_floats(&call->view[5]);
    if (is_element_loss(call))
        element_grads_of(call, rows, dloss, out);
    else if (call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)
        logits_grads(call, rows, dloss, out);
    else
        probability_grads(call, rows, dloss, out);
}

static soma_status plan_loss(const soma_call *call, soma_cpu_plan *plan, soma_cpu_task *run) {
    const soma_view *prediction = &call->view[0];
    if ((unsigned)call->params.loss.kind >= SOMA_LOSS_COUNT || prediction->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    soma_cpu_add_phase(plan, run, soma_cpu_parts(prediction->shape[0], rows_per_task(prediction)));
    plan->nanoseconds = 0.6 * (double)soma_view_count(prediction) + 10.0 * (double)prediction->shape[0];
    return SOMA_OK;
}

SOMA_CPU_PLANNER(loss) {
    return plan_loss(call, plan, loss_task);
}
SOMA_CPU_PLANNER(loss_grad) {
    return plan_loss(call, plan, loss_grad_task);
}
