/* SPDX-License-Identifier: MIT */
/* Cases of DROPOUT: every rate, and counters that are wider than 32 bits. */
#include "device/conformance/shapes.h"
#include "device/reference/reference.h"

static void dropout_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_dropout_params *params = &before->params.dropout;
    const soma_view *x = &before->view[0];
    soma_bounded kept_share = soma_bounded_subtract(soma_exact(1.0), soma_exact((double)params->rate));
    size_t count = soma_view_count(x);
    for (size_t i = 0; i < count; i++) {
        expected[1][i] =
            soma_dropout_keeps(params, i) ? soma_bounded_divide(soma_given(x, i), kept_share) : soma_exact(0.0);
    }
}

/* The second run begins at number `start`. */
static void dropout_case(soma_suite *suite, soma_view shape, soma_dropout_params params, uint64_t start, bool special) {
    soma_call call = soma_call_dropout(shape, shape, params);
    soma_case c;
    soma_case_begin(suite, &c, &call, dropout_bound);
    soma_case_nonzero(suite, &c, 0, 0.5, 2.0); /* so that a 0 is one that was dropped */
    if (special) soma_case_sprinkle(suite, &c, 0, 3, soma_specials, SOMA_SPECIAL_COUNT);
    c.garbage_is_finite = special;
    c.run_count = 2; /* `step` and `start` are live */
    c.run[1] = call;
    c.run[1].params.dropout.step = params.step * 3 + 1;
    c.run[1].params.dropout.start = start;
    soma_case_describe(&c, ": %s, rate %g, stream %u, seed %llx, step %llx, then from number %llu%s", SHAPE(&shape),
                       (double)params.rate, params.stream, (unsigned long long)params.seed,
                       (unsigned long long)params.step, (unsigned long long)start,
                       special ? ", with NaN and infinities" : "");
    soma_case_run(suite, &c);
}

void soma_dropout_cases(soma_suite *suite) {
    const float rates[] = {0.0f, 0.2f, 0.5f, 0.9f, 0.999f};
    const soma_dropout_params plain = {.rate = 0.3f, .stream = 5, .seed = 1, .step = 1};
    const soma_dropout_params wide = {
        .rate = 0.5f, .stream = 0xFFFFFFF1u, .seed = UINT64_C(0x9E3779B97F4A7C15), .step = UINT64_C(0x123456789A)};
    for (size_t i = 0; i < SOMA_FLAT_SHAPE_COUNT; i++)
        dropout_case(suite, soma_flat_view(i), plain, 4 * (UINT64_C(1) << 31) + i, false);
    for (size_t i = 0; i < SOMA_COUNT_OF(rates); i++) {
        soma_dropout_params params = wide;
        params.rate = rates[i];
        dropout_case(suite, SOMA_F32_VIEW(61, 7), params, i, false);
        dropout_case(suite, SOMA_F32_VIEW(61, 7), params, 427 * i, true);
    }
}

void soma_dropout_speeds(soma_suite *suite) {
    soma_view shape = SOMA_F32_VIEW(SOMA_TIMED_COUNT);
    soma_call call = soma_call_dropout(shape, shape, (soma_dropout_params){.rate = 0.5f, .seed = 1, .step = 1});
    soma_case c;
    soma_case_begin(suite, &c, &call, dropout_bound);
    soma_case_time(suite, &c, "dropout");
}
