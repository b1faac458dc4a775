/* SPDX-License-Identifier: MIT */
/* LOSS_GRAD. Losses that are a mean over elements come from kernels/losses.h, the categorical ones are here. */
#include "device/cpu/loss.h"
#include "kernels/losses.h"

/* Of a sample that does not count: its derivatives may be infinite. */
static void no_grad(size_t k, float *out) {
    for (size_t j = 0; j < k; j++) out[j] = 0.0f;
}

/* ------------------------------------------------------------------------------------------- means over elements */

typedef void element_grad(const loss_row *row, float factor, float *out);

#define X(NAME, loss, derivative)                                                                                      \
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

static element_grad *const element_grads[SOMA_LOSS_COUNT] = {
#define X(NAME, loss, derivative) [SOMA_LOSS_##NAME] = grad_##NAME,
    SOMA_ELEMENT_LOSS_TABLE(X)
#undef X
};

static void element_grads_of(const soma_call *call, soma_range rows, const float *dloss, float *out) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        float factor = dloss[i] * sample_weight(call, i) / (float)row.k;
        if (factor == 0.0f)
            no_grad(row.k, out + i * row.k);
        else
            element_grads[call->params.loss.kind](&row, factor, out + i * row.k);
    }
}

/* -------------------------------------------------------------------------------------------------- categorical */

static void probability_grad(const loss_row *row, float factor, float *out) {
    for (size_t j = 0; j < row->k; j++) {
        float p = row->p[j], t = row->t ? row->t[j] : (row->c >= row->k ? NOT_A_NUMBER : (row->c == j ? 1.0f : 0.0f));
        out[j] = factor * (p < SOMA_PROBABILITY_FLOOR ? 0.0f * t : -t / p);
    }
}

static void probability_grads(const soma_call *call, soma_range rows, const float *dloss, float *out) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        float factor = dloss[i] * sample_weight(call, i) * categorical_weight(&row);
        if (factor == 0.0f && class_is_known(&row))
            no_grad(row.k, out + i * row.k);
        else
            probability_grad(&row, factor, out + i * row.k);
    }
}

/* From e^(p - max) and their sum, factor (softmax(p) sum t - t). */
static void logits_grad(const loss_row *row, const float *e, float sum, float factor, float *out) {
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

/* loss: NULL where nobody wants the losses too. */
static void logits_grads(const soma_call *call, soma_range rows, const float *dloss, float *out, float *loss) {
    size_t k = call->view[0].shape[1], group = soma_group_size(k);
    for (size_t first = rows.begin; first < rows.end; first += group) {
        float max[SOMA_GROUP_ROWS], sum[SOMA_GROUP_ROWS], buffer[SOMA_GROUP_FLOATS];
        size_t count = SOMA_MIN(group, rows.end - first);
        float *e = count * k <= SOMA_GROUP_FLOATS ? buffer : out + first * k;
        soma_group_exp(soma_cpu_floats(&call->view[0]) + first * k, count, k, max, e);
        for (size_t i = 0; i < count; i++) {
            loss_row row = row_of(call, first + i);
            float factor = dloss[first + i] * sample_weight(call, first + i) * categorical_weight(&row);
            sum[i] = soma_row_sum(e + i * k, k);
            if (factor == 0.0f && class_is_known(&row))
                no_grad(k, out + (first + i) * k);
            else
                logits_grad(&row, e + i * k, sum[i], factor, out + (first + i) * k);
        }
        if (loss) logits_losses_of(call, (soma_range){first, first + count}, max, sum, loss);
    }
}

static void focal_grad(const loss_row *row, float factor, float *out) {
    const float focus = row->params->gamma, smoothing = row->params->smoothing, share = 1.0f / (float)row->k;
    const float *p = row->p, *t = row->t;
    if (t) {
        SOMA_INDEPENDENT
        for (size_t j = 0; j < row->k; j++) {
            float s = t[j] + smoothing * (share - t[j]);
            out[j] = s == 0.0f ? factor * 0.0f : factor * (s * SOMA_FOCAL_SLOPE(p[j]));
        }
        return;
    }
    const float even = smoothing * share;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < row->k; j++)
        out[j] = even == 0.0f ? factor * 0.0f : factor * (even * SOMA_FOCAL_SLOPE(p[j]));
    if (row->c < row->k) out[row->c] = factor * ((1.0f + smoothing * (share - 1.0f)) * SOMA_FOCAL_SLOPE(p[row->c]));
}

static void focal_grads(const soma_call *call, soma_range rows, const float *dloss, float *out) {
    for (size_t i = rows.begin; i < rows.end; i++) {
        loss_row row = row_of(call, i);
        float factor = dloss[i] * sample_weight(call, i) * categorical_weight(&row);
        if (!class_is_known(&row)) factor = NOT_A_NUMBER;
        if (factor == 0.0f)
            no_grad(row.k, out + i * row.k);
        else
            focal_grad(&row, factor, out + i * row.k);
    }
}

/* ------------------------------------------------------------------------------------------------------- tasks */

static void loss_grad_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *prediction = &call->view[0];
    soma_range rows = soma_cpu_part(task, prediction->shape[0], rows_per_task(prediction));
    const float *dloss = soma_cpu_floats(&call->view[4]);
    float *out = soma_cpu_floats(&call->view[5]);
    if (element_grads[call->params.loss.kind])
        element_grads_of(call, rows, dloss, out);
    else if (call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)
        logits_grads(call, rows, dloss, out, soma_cpu_optional(&call->view[6]));
    else if (call->params.loss.kind == SOMA_LOSS_CATEGORICAL_FOCAL)
        focal_grads(call, rows, dloss, out);
    else
        probability_grads(call, rows, dloss, out);
}

SOMA_CPU_PLANNER(loss_grad) {
    return plan_loss(call, plan, loss_grad_task);
}
