/* SPDX-License-Identifier: MIT */
/* Making a case: its views, their contents, its text. */
#include "device/conformance/suite.h"

#include <stdio.h>
#include <string.h>

soma_view soma_view_shaped(soma_dtype dtype, uint32_t rank, const size_t *shape) {
    return soma_view_of(NULL, 0, dtype, rank, shape);
}

void soma_case_begin(soma_suite *suite, soma_case *c, const soma_call *call, soma_case_bound *bound) {
    memset(c, 0, sizeof *c);
    c->call = *call;
    c->bound = bound;
    c->run_count = 1;
    c->run[0] = *call;
    soma_random_init(&suite->random, ((uint64_t)call->primitive << 32) + suite->number, SOMA_STREAM_DATA);
    for (uint32_t i = 0; i < call->view_count; i++) {
        c->positions[i] = soma_view_positions(&call->view[i]);
        if (!soma_call_reads(call, i) || soma_suite_is_over(suite)) continue;
        c->data[i] = soma_calloc(c->positions[i], sizeof(double));
        if (!c->data[i]) {
            suite->status = soma_out_of_memory(c->positions[i] * sizeof(double), "a case of the conformance suite");
            c->positions[i] = 0;
        }
        if (call->view[i].dtype == SOMA_F32) soma_case_uniform(suite, c, i, -2.0, 2.0);
    }
    soma_case_describe(c, "case %u", suite->number);
}

void soma_case_describe(soma_case *c, const char *format, ...) {
    size_t length = strlen(c->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(c->text + length, sizeof c->text - length, format, arguments);
    va_end(arguments);
}

void soma_case_uniform(soma_suite *suite, soma_case *c, uint32_t view, double low, double high) {
    for (size_t i = 0; c->data[view] && i < c->positions[view]; i++)
        c->data[view][i] = low + (high - low) * (double)soma_random_uniform(&suite->random);
}

void soma_case_whole(soma_suite *suite, soma_case *c, uint32_t view, int32_t low, int32_t high) {
    uint64_t range = (uint64_t)((int64_t)high - low) + 1;
    for (size_t i = 0; c->data[view] && i < c->positions[view]; i++)
        c->data[view][i] = (double)(low + (int64_t)soma_random_below(&suite->random, range));
}

void soma_case_nonzero(soma_suite *suite, soma_case *c, uint32_t view, double low, double high) {
    soma_case_uniform(suite, c, view, low, high);
    for (size_t i = 0; c->data[view] && i < c->positions[view]; i++)
        if (soma_random_u32(&suite->random) & 1) c->data[view][i] = -c->data[view][i];
}

void soma_case_sprinkle(soma_suite *suite, soma_case *c, uint32_t view, uint32_t one_in, const float *values,
                        size_t count) {
    for (size_t i = 0; c->data[view] && i < c->positions[view]; i++)
        if (soma_random_below(&suite->random, one_in) == 0)
            c->data[view][i] = (double)values[soma_random_below(&suite->random, count)];
}

void soma_case_points(soma_case *c, uint32_t view, const float *values, size_t count) {
    for (size_t i = 0; i < count; i++) soma_case_poke(c, view, i, (double)values[i]);
}

void soma_case_poke(soma_case *c, uint32_t view, size_t position, double value) {
    if (c->data[view] && position < c->positions[view]) c->data[view][position] = value;
}

void soma_case_lay_over(soma_case *c, uint32_t output, uint32_t input) {
    c->over[output] = input + 1;
    soma_case_describe(c, ", %s over %s", soma_call_view_name(&c->call, output), soma_call_view_name(&c->call, input));
}
