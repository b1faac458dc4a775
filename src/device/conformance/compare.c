/* SPDX-License-Identifier: MIT */
/* Holds what a device computed against the reference, within the bound of the case. */
#include "device/conformance/suite.h"

#include <stdio.h>
#include <string.h>

typedef struct outputs {
    soma_bounded *expected[SOMA_CALL_MAX_VIEWS]; /* by the case's bound function */
    double *reference[SOMA_CALL_MAX_VIEWS];      /* by the reference */
} outputs;

static void outputs_free(outputs *these) {
    for (uint32_t i = 0; i < SOMA_CALL_MAX_VIEWS; i++) {
        soma_free(these->expected[i]);
        soma_free(these->reference[i]);
    }
}

static soma_status outputs_make(const soma_call *call, outputs *these) {
    memset(these, 0, sizeof *these);
    for (uint32_t i = 0; i < call->view_count; i++) {
        if (!soma_call_writes(call, i)) continue;
        size_t count = soma_view_count(&call->view[i]);
        these->expected[i] = soma_calloc(count, sizeof(soma_bounded));
        these->reference[i] = soma_calloc(count, sizeof(double));
        if (!these->expected[i] || !these->reference[i])
            return soma_out_of_memory(count * sizeof(soma_bounded), "the expected results of a case");
    }
    return SOMA_OK;
}

static soma_status run_reference(const soma_call *before, outputs *these) {
    soma_call call = *before;
    for (uint32_t i = 0; i < call.view_count; i++) {
        if (!these->reference[i]) continue;
        const soma_view *view = &before->view[i];
        size_t count = soma_view_count(view);
        call.view[i] = soma_view_of(these->reference[i], 0, SOMA_F64, view->rank, view->shape);
        for (size_t j = 0; j < count; j++)
            these->reference[i][j] = soma_element_get(view, soma_element_position(view, j));
    }
    return soma_reference_run(&call);
}

/* A metric's result is its total: how a device shares it out between the sum and its compensation is its own business.
 */
static double found_at(const soma_call *after, uint32_t view, size_t index) {
    const soma_view *found = &after->view[view];
    double value = soma_element_get(found, soma_element_position(found, index));
    if (after->primitive != SOMA_PRIMITIVE_METRIC || index / 2 != after->params.metric.slot) return value;
    return index % 2 ? 0.0 : value - soma_element_get(found, index + 1);
}

static double reference_at(const soma_call *call, const outputs *these, uint32_t view, size_t index) {
    const double *reference = these->reference[view];
    if (call->primitive == SOMA_PRIMITIVE_METRIC && index / 2 == call->params.metric.slot)
        return index % 2 ? 0.0 : reference[index] - reference[index + 1];
    /* The reference ran in float64; what goes into an integer is truncated. */
    soma_dtype dtype = call->view[view].dtype;
    if (dtype == SOMA_F32) return reference[index];
    return soma_truncate(reference[index], dtype == SOMA_U8 ? 0.0 : INT32_MIN,
                         dtype == SOMA_U8 ? UINT8_MAX : INT32_MAX);
}

/* "[3, 0]" for an element of a view. */
static const char *index_text(char *text, size_t size, const soma_view *view, size_t index) {
    size_t part[SOMA_MAX_RANK] = {0}, length = 0;
    for (uint32_t i = view->rank; i-- > 0;) {
        part[i] = index % view->shape[i];
        index /= view->shape[i];
    }
    for (uint32_t i = 0; i < view->rank; i++)
        length += (size_t)snprintf(text + length, size - length, "%s%zu", i ? ", " : "[", part[i]);
    snprintf(text + length, size - length, "]");
    return text;
}

/* Where the formulas written out for the bounds give another value than the reference, one of the two is wrong. They
   differ by float64's rounding only, of which the float32 error bound is a multiple of 2^29. */
static bool agree(double reference, soma_bounded expected) {
    if (isnan(reference)) return isnan(expected.value);
    if (isinf(reference)) return reference == expected.value;
    return fabs(reference - expected.value) <= 1e-6 * expected.error + 1e-12 * fabs(reference) + 1e-300;
}

/* Error over bound, past 1 for a wrong value. */
static double judge(double found, double reference, soma_bounded expected) {
    if (isnan(reference)) return isnan(found) ? 0.0 : INFINITY;
    bool overflows = fabs(reference) > (double)FLT_MAX;
    if (overflows || isinf(reference)) return isinf(found) && signbit(found) == signbit(reference) ? 0.0 : INFINITY;
    if (!isfinite(found) || !isfinite(expected.error)) return INFINITY;
    double error = fabs(found - reference);
    return error == 0.0 ? 0.0 : error / expected.error;
}

static void note(soma_suite *suite, double ratio, double error, double bound) {
    if (ratio < suite->worst_ratio || (ratio == suite->worst_ratio && suite->result.bound >= bound)) return;
    suite->worst_ratio = ratio;
    suite->result.worst_error = error;
    suite->result.bound = bound;
}

static bool compare_view(soma_suite *suite, const soma_case *c, const soma_call *after, const outputs *these,
                         uint32_t view) {
    char at[SHAPE_TEXT_SIZE];
    const char *name = soma_call_view_name(after, view);
    size_t count = soma_view_count(&after->view[view]);
    for (size_t i = 0; i < count; i++) {
        double found = found_at(after, view, i), reference = reference_at(after, these, view, i);
        soma_bounded expected = these->expected[view][i];
        double ratio =
            c->any_not_finite && !isfinite(reference) && !isfinite(found) ? 0.0 : judge(found, reference, expected);
        if (isfinite(reference) && isfinite(found)) note(suite, ratio, fabs(found - reference), expected.error);
        if (!agree(reference, expected)) {
            soma_suite_fail(
                suite, c->text, "the suite is wrong: %s%s is %.9g by the reference, %.9g +- %.3g by the bound", name,
                index_text(at, sizeof at, &after->view[view], i), reference, expected.value, expected.error);
            return false;
        }
        if (ratio <= 1.0) continue;
        soma_suite_fail(suite, c->text, "%s%s is %.9g, must be %.9g +- %.3g", name,
                        index_text(at, sizeof at, &after->view[view], i), found, reference, expected.error);
        return false;
    }
    return true;
}

bool soma_case_compare(soma_suite *suite, const soma_case *c, const soma_call *before, const soma_call *after) {
    outputs these;
    bool right = true;
    soma_status status = outputs_make(before, &these);
    if (status == SOMA_OK) status = run_reference(before, &these);
    if (status == SOMA_OK) {
        c->bound(before, these.expected);
        for (uint32_t i = 0; i < before->view_count && right; i++)
            if (these.expected[i]) right = compare_view(suite, c, after, &these, i);
    } else
        suite->status = status;
    outputs_free(&these);
    return right && status == SOMA_OK;
}
