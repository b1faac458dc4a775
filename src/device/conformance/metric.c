/* SPDX-License-Identifier: MIT */
/* Cases of METRIC: what is counted, ties, and the compensation that keeps a long run's total exact. */
#include "device/conformance/shapes.h"

#define PREDICTION  0
#define TARGET      1
#define ACCUMULATOR 2
#define WEIGHT      3

static const char *const kind_names[SOMA_METRIC_COUNT] = {
#define X(name) #name,
    SOMA_METRIC_LIST(X)
#undef X
};

/* ------------------------------------------------------------------------------------------------------- bound */

static double prediction(const soma_call *call, size_t i, size_t j) {
    return soma_element_get(&call->view[PREDICTION], i * call->view[PREDICTION].shape[1] + j);
}

/* The class of a target: its number, or the first largest of its row; -1 for a number outside. */
static int64_t class_of(const soma_call *call, size_t i) {
    const soma_view *target = &call->view[TARGET];
    size_t width = call->view[PREDICTION].shape[1], best = 0;
    if (target->dtype == SOMA_I32) {
        double number = soma_element_get(target, i);
        return number >= 0.0 && number < (double)width ? (int64_t)number : -1;
    }
    for (size_t j = 1; j < width; j++)
        if (soma_element_get(target, i * width + j) > soma_element_get(target, i * width + best)) best = j;
    return (int64_t)best;
}

/*
 * 1 where fewer than k predictions beat the target's; those that equal it and come first count too where `first` is
 * set. No comparison with NaN is true: so one is never the first largest, but where it comes first, and then always.
 */
static double among_first(const soma_call *call, size_t i, uint32_t k, bool first) {
    int64_t class = class_of(call, i);
    uint32_t better = 0;
    for (size_t j = 0; class >= 0 && j < call->view[PREDICTION].shape[1]; j++) {
        double other = prediction(call, i, j), own = prediction(call, i, (size_t) class);
        bool nan_decides = first && (isnan(own) || isnan(prediction(call, i, 0)));
        better += nan_decides ? class != 0 : other > own || (first && other == own && (int64_t)j < class);
    }
    return class >= 0 && better < k ? 1.0 : 0.0;
}

static soma_bounded element_mean(const soma_call *call, size_t i) {
    const soma_metric_params *params = &call->params.metric;
    size_t width = call->view[PREDICTION].shape[1];
    soma_bounded_sum sum = {0};
    for (size_t j = 0; j < width; j++) {
        double p = prediction(call, i, j), t = soma_element_get(&call->view[TARGET], i * width + j);
        soma_bounded difference = soma_bounded_subtract(soma_exact(p), soma_exact(t));
        bool right = (p > (double)params->threshold) == (t > 0.5);
        soma_bounded_sum_add(&sum, params->kind == SOMA_METRIC_ABSOLUTE_ERROR ? soma_bounded_abs(difference)
                                                                              : soma_exact(right ? 1.0 : 0.0));
    }
    return soma_bounded_divide(soma_bounded_sum_result(&sum), soma_exact((double)width));
}

static soma_bounded plain_term(const soma_call *call, size_t i) {
    switch (call->params.metric.kind) {
    case SOMA_METRIC_SUM:
        return soma_given(&call->view[PREDICTION], i);
    case SOMA_METRIC_CATEGORICAL_ACCURACY:
        return soma_exact(among_first(call, i, 1, true));
    case SOMA_METRIC_TOP_K_ACCURACY:
        return soma_exact(among_first(call, i, call->params.metric.k, false));
    default:
        return element_mean(call, i);
    }
}

/* A row that weighs 0 adds 0, whatever it holds. */
static soma_bounded term(const soma_call *call, size_t i) {
    if (!soma_view_present(&call->view[WEIGHT])) return plain_term(call, i);
    soma_bounded weight = soma_given(&call->view[WEIGHT], i);
    return weight.value == 0.0 ? soma_exact(0.0) : soma_bounded_multiply(weight, plain_term(call, i));
}

/*
 * The batch's sum s has the bound of a sum. Kahan's step adds s to the total without rounding it to the total's size:
 * it rounds s minus the old compensation, and keeps what the addition lost, itself rounded, as the new one. Where s is
 * larger than the total, what it lost is known to within a rounding of s. In all less than 3 ulp of |s| and the
 * compensation; nothing of the total's own size.
 */
static void metric_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *accumulator = &before->view[ACCUMULATOR];
    soma_metric_kind kind = before->params.metric.kind;
    size_t count =
        kind == SOMA_METRIC_SUM ? soma_view_count(&before->view[PREDICTION]) : before->view[PREDICTION].shape[0];
    size_t slot = before->params.metric.slot;
    soma_bounded_sum sum = {0};
    for (size_t i = 0; i < count; i++) soma_bounded_sum_add(&sum, term(before, i));
    for (size_t i = 0; i < soma_view_count(accumulator); i++) expected[ACCUMULATOR][i] = soma_given(accumulator, i);
    soma_bounded batch = soma_bounded_sum_result(&sum);
    double old = soma_element_get(accumulator, 2 * slot), compensation = soma_element_get(accumulator, 2 * slot + 1);
    soma_bounded *total = &expected[ACCUMULATOR][2 * slot];
    total[0].value = old - compensation + batch.value;
    total[0].error = batch.error + 3.0 * SOMA_ULP * (fabs(batch.value) + batch.error + fabs(compensation));
    if (!isfinite(total[0].value)) total[0] = soma_exact(total[0].value);
    total[1] = soma_exact(0.0);
}

/* -------------------------------------------------------------------------------------------------------- table */

typedef struct metric_form {
    soma_metric_kind kind;
    bool class_numbers;
    uint32_t k;
    size_t n, width, slots;
    uint32_t slot;
    bool weighted;
} metric_form;

static soma_call make_call(const metric_form *form) {
    soma_view shape = SOMA_F32_VIEW(form->n, form->width);
    soma_view target = form->class_numbers ? SOMA_SHAPED(SOMA_I32, form->n) : shape;
    if (form->kind == SOMA_METRIC_SUM) target = soma_view_absent();
    soma_metric_params params = {form->kind, form->slot, form->k, 0.3f};
    return soma_call_metric(shape, target, SOMA_F32_VIEW(form->slots, 2),
                            form->weighted ? SOMA_F32_VIEW(form->n) : soma_view_absent(), params);
}

/* Few different values, so that many are equal. */
static void set_views(soma_suite *suite, soma_case *c, const metric_form *form) {
    static const float nothing[] = {0.0f};
    const float outside[] = {-1.0f, (float)form->width, (float)INT32_MIN, 2147483520.0f};
    bool ranks = form->kind == SOMA_METRIC_CATEGORICAL_ACCURACY || form->kind == SOMA_METRIC_TOP_K_ACCURACY;
    if (ranks) soma_case_whole(suite, c, PREDICTION, -3, 3);
    if (form->class_numbers) {
        soma_case_whole(suite, c, TARGET, 0, (int32_t)form->width - 1);
        soma_case_sprinkle(suite, c, TARGET, 11, outside, SOMA_COUNT_OF(outside));
    } else if (ranks)
        soma_case_whole(suite, c, TARGET, 0, 2);
    else
        soma_case_uniform(suite, c, TARGET, 0.0, 1.0);
    soma_case_uniform(suite, c, WEIGHT, 0.1, 3.0);
    soma_case_sprinkle(suite, c, WEIGHT, 3, nothing, 1);
    soma_case_describe(c, ": %s of %s, targets %s%s", kind_names[form->kind], SHAPE(&c->call.view[PREDICTION]),
                       form->class_numbers ? "class numbers" : "rows", form->weighted ? ", weights" : "");
    if (form->kind == SOMA_METRIC_TOP_K_ACCURACY) soma_case_describe(c, ", k %u", form->k);
    soma_case_describe(c, ", slot %u of %zu", form->slot, form->slots);
}

static void metric_case(soma_suite *suite, const metric_form *form, double total, float special) {
    soma_call call = make_call(form);
    soma_case c;
    soma_case_begin(suite, &c, &call, metric_bound);
    set_views(suite, &c, form);
    /* The batch again and again, as an epoch does. */
    c.run_count = SOMA_CASE_MAX_RUNS;
    for (uint32_t i = 0; i < c.run_count; i++) c.run[i] = call;
    soma_case_poke(&c, ACCUMULATOR, 2 * form->slot, total);
    soma_case_poke(&c, ACCUMULATOR, 2 * form->slot + 1, total * 0x1p-26);
    if (special != 0.0f) soma_case_poke(&c, PREDICTION, c.positions[PREDICTION] / 2, (double)special);
    c.garbage_is_finite = true;
    soma_case_describe(&c, ", from %g", total);
    if (special != 0.0f) soma_case_describe(&c, ", with %g", (double)special);
    soma_case_run(suite, &c);
}

/* NaN and infinities here and there, several in a row among them. */
static void special_ranks_case(soma_suite *suite, const metric_form *form) {
    soma_call call = make_call(form);
    soma_case c;
    soma_case_begin(suite, &c, &call, metric_bound);
    set_views(suite, &c, form);
    soma_case_sprinkle(suite, &c, PREDICTION, 3, soma_specials, SOMA_SPECIAL_COUNT);
    soma_case_describe(&c, ", predictions NaN and infinite");
    soma_case_run(suite, &c);
}

void soma_metric_cases(soma_suite *suite) {
    static const size_t shapes[][2] = {{0, 3},   {1, 1},    {5, 1},   {1, 10},   {7, 3},    {31, 10},
                                       {61, 13}, {128, 10}, {257, 2}, {1000, 7}, {3, 1031}, {4099, 1}};
    static const soma_metric_kind kinds[] = {SOMA_METRIC_SUM,
                                             SOMA_METRIC_CATEGORICAL_ACCURACY,
                                             SOMA_METRIC_CATEGORICAL_ACCURACY,
                                             SOMA_METRIC_TOP_K_ACCURACY,
                                             SOMA_METRIC_TOP_K_ACCURACY,
                                             SOMA_METRIC_BINARY_ACCURACY,
                                             SOMA_METRIC_ABSOLUTE_ERROR};
    for (size_t i = 0; i < SOMA_COUNT_OF(kinds); i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(shapes); j++) {
            bool ranks = kinds[i] == SOMA_METRIC_CATEGORICAL_ACCURACY || kinds[i] == SOMA_METRIC_TOP_K_ACCURACY;
            bool classes = ranks && i % 2;
            metric_form form = {kinds[i],     classes,   (uint32_t)(1 + j % 5), shapes[j][0],
                                shapes[j][1], 1 + j % 4, (uint32_t)(j % 4),     false};
            metric_case(suite, &form, 0.0, 0.0f);
            metric_case(suite, &form, 16777216.0, 0.0f); /* where float32 alone can add no 1 any more */
            if (ranks) special_ranks_case(suite, &form);
            form.weighted = kinds[i] != SOMA_METRIC_SUM;
            if (form.weighted) metric_case(suite, &form, 0.0, 0.0f);
            if (ranks) special_ranks_case(suite, &form);
            form.weighted = false;
            if (kinds[i] != SOMA_METRIC_SUM && kinds[i] != SOMA_METRIC_ABSOLUTE_ERROR) continue;
            if (form.n == 0) continue;
            for (size_t k = 0; k < SOMA_SPECIAL_COUNT; k++) metric_case(suite, &form, 3.0, soma_specials[k]);
            metric_case(suite, &form, 3.0, 3e38f); /* a sum overflows in the second run */
            metric_case(suite, &form, 3.0, -3e38f);
        }
}

void soma_metric_speeds(soma_suite *suite) {
    static const metric_form form = {.kind = SOMA_METRIC_CATEGORICAL_ACCURACY,
                                     .class_numbers = true,
                                     .n = SOMA_TIMED_ROWS,
                                     .width = SOMA_TIMED_COLUMNS,
                                     .slots = 1};
    soma_call call = make_call(&form);
    soma_case c;
    soma_case_begin(suite, &c, &call, metric_bound);
    soma_case_whole(suite, &c, TARGET, 0, SOMA_TIMED_COLUMNS - 1);
    soma_case_time(suite, &c, "accuracy");
}
