/* SPDX-License-Identifier: MIT */
/* METRIC: sums over the samples of a batch, in float64, added to the accumulator with Kahan's compensation. */
#include "device/cpu/rows.h"

/* What is counted: rows of the prediction, or its elements for SUM. */
typedef struct metric_rows {
    const float *p, *t; /* t NULL: class numbers */
    const int32_t *classes;
    const float *weight; /* NULL: none */
    size_t k;
} metric_rows;

/* The first x[j] that no other is greater than; comparisons with NaN are false, so a NaN at the beginning stays. */
static size_t first_largest(const float *x, size_t k) {
    if (k == 0 || x[0] != x[0]) return 0;
    float max = soma_row_max(x, k);
    size_t j = 0;
    while (j + SOMA_LANES <= k && !soma_mask_any(*(const soma_vector *)(x + j) == max)) j += SOMA_LANES;
    while (x[j] != max) j++;
    return j;
}

/* Whether x[c] is that one; c < k. */
static bool is_first_largest(const float *x, size_t k, size_t c) {
    soma_vector own = soma_vector_of(x[c]);
    soma_mask beaten = {0};
    if (x[c] != x[c] || x[0] != x[0]) return c == 0;
    for (size_t j = 0; j < k; j += SOMA_LANES) {
        size_t lanes = SOMA_MIN(k - j, (size_t)SOMA_LANES);
        soma_vector other = soma_vector_fill(soma_load_lanes(x + j, lanes), lanes, __builtin_nanf(""));
        beaten |= other > own;
        /* Of equal ones the first counts: those in lanes before c's. */
        int32_t before = (int32_t)SOMA_MIN(c - SOMA_MIN(c, j), (size_t)SOMA_LANES);
        beaten |= (other == own) & (soma_lane_numbers() < before);
    }
    return !soma_mask_any(beaten);
}

/* k where a class number is not a class. */
static size_t target_class(const metric_rows *m, size_t i) {
    if (m->t) return first_largest(m->t + i * m->k, m->k);
    size_t c = (size_t)(ptrdiff_t)m->classes[i];
    return SOMA_MIN(c, m->k);
}

static double top_k(const float *p, size_t k, size_t target, uint32_t limit) {
    if (target >= k) return 0.0;
    size_t greater = 0;
    for (size_t j = 0; j < k; j++) greater += p[j] > p[target];
    return greater < limit ? 1.0 : 0.0;
}

static double binary_accuracy(const float *p, const float *t, size_t k, float threshold) {
    size_t right = 0;
    for (size_t j = 0; j < k; j++) right += (p[j] > threshold) == (t[j] > 0.5f);
    return (double)right / (double)k;
}

static double absolute_error(const float *p, const float *t, size_t k) {
    double sum = 0.0;
    for (size_t j = 0; j < k; j++) sum += fabs((double)p[j] - (double)t[j]);
    return sum / (double)k;
}

static double metric_of_row(const soma_metric_params *params, const metric_rows *m, size_t i) {
    const float *p = m->p + i * m->k, *t = m->t ? m->t + i * m->k : NULL;
    switch (params->kind) {
    case SOMA_METRIC_CATEGORICAL_ACCURACY: {
        size_t target = target_class(m, i);
        return m->k == 0 || (target < m->k && is_first_largest(p, m->k, target)) ? 1.0 : 0.0;
    }
    case SOMA_METRIC_TOP_K_ACCURACY:
        return top_k(p, m->k, target_class(m, i), params->k);
    case SOMA_METRIC_BINARY_ACCURACY:
        return binary_accuracy(p, t, m->k, params->threshold);
    case SOMA_METRIC_ABSOLUTE_ERROR:
        return absolute_error(p, t, m->k);
    default:
        return 0.0;
    }
}

static double weighted_metric_of_row(const soma_metric_params *params, const metric_rows *m, size_t i) {
    if (!m->weight) return metric_of_row(params, m, i);
    return m->weight[i] == 0.0f ? 0.0 : (double)m->weight[i] * metric_of_row(params, m, i);
}

static double sum_of(const float *x, soma_range range) {
    double part[4] = {0.0};
    for (size_t i = range.begin; i < range.end; i++) part[i % 4] += (double)x[i];
    return (part[0] + part[1]) + (part[2] + part[3]);
}

static double metric_of_range(const soma_call *call, soma_range range) {
    const soma_view *prediction = &call->view[0], *target = &call->view[1];
    const soma_metric_params *params = &call->params.metric;
    metric_rows m = {.p = soma_cpu_floats(prediction)};
    if (params->kind == SOMA_METRIC_SUM) return sum_of(m.p, range);
    m.k = prediction->shape[1];
    if (target->dtype == SOMA_I32)
        m.classes = soma_cpu_data(target);
    else
        m.t = soma_cpu_floats(target);
    m.weight = soma_cpu_optional(&call->view[3]);
    double sum = 0.0;
    for (size_t i = range.begin; i < range.end; i++) sum += weighted_metric_of_row(params, &m, i);
    return sum;
}

static void accumulate(const soma_call *call, double sum) {
    float *slot = soma_cpu_floats(&call->view[2]) + 2 * (size_t)call->params.metric.slot;
    float corrected = (float)sum - slot[1], total = slot[0] + corrected, lost = (total - slot[0]) - corrected;
    slot[1] = ABS(lost) < __builtin_inff() ? lost : 0.0f;
    slot[0] = total;
}

/* ------------------------------------------------------------------------------------------------------- tasks */

typedef struct metric_plan {
    size_t count, part, parts; /* of rows or elements */
} metric_plan;

static void metric_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const metric_plan *p = plan->detail;
    double sum = metric_of_range(call, soma_cpu_part(task, p->count, p->part));
    if (p->parts == 1)
        accumulate(call, sum);
    else
        ((double *)soma_cpu_workspace(call))[task] = sum;
}

static void join_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)task, (void)thread;
    const metric_plan *p = plan->detail;
    const double *part = soma_cpu_workspace(call);
    double sum = 0.0;
    for (size_t i = 0; i < p->parts; i++) sum += part[i];
    accumulate(call, sum);
}

SOMA_CPU_PLANNER(metric) {
    const soma_view *prediction = &call->view[0];
    soma_metric_kind kind = call->params.metric.kind;
    if ((unsigned)kind >= SOMA_METRIC_COUNT || prediction->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    metric_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a metric");
    plan->detail = p;
    size_t elements = soma_view_count(prediction);
    bool by_row = kind != SOMA_METRIC_SUM;
    p->count = by_row ? prediction->shape[0] : elements;
    p->part = by_row ? SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / SOMA_MAX((size_t)1, prediction->shape[1])) : SOMA_CPU_CHUNK;
    p->parts = soma_cpu_parts(p->count, p->part);
    soma_cpu_add_phase(plan, metric_task, p->parts);
    if (p->parts > 1) {
        soma_cpu_add_phase(plan, join_task, 1);
        plan->workspace = p->parts * sizeof(double);
    }
    plan->nanoseconds = 0.2 * (double)elements;
    return SOMA_OK;
}
