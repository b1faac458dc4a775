/* SPDX-License-Identifier: MIT */
/* Cases of NORM: numbers of every size, alone and together. */
#include "device/conformance/shapes.h"

/* norm[1], written out from soma/primitives.h. */
static double factor_of(const soma_view *x) {
    double largest = 0.0;
    for (size_t i = 0; i < soma_view_count(x); i++) largest = fmax(largest, fabs(soma_element_get(x, i)));
    return largest < 0x1p-40 ? 0x1p88 : largest < 0x1p48 ? 1.0 : 0x1p-80;
}

/* Below the smallest normal float32 a number may be taken for 0. */
static soma_bounded scaled(double x, double factor) {
    return (soma_bounded){factor * x, fabs(x) < (double)FLT_MIN ? factor * fabs(x) : 0.0};
}

static void norm_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0];
    double factor = factor_of(x);
    soma_bounded_sum sum = {0};
    for (size_t i = 0; i < soma_view_count(x); i++) {
        soma_bounded element = scaled(soma_element_get(x, i), factor);
        soma_bounded_sum_add(&sum, soma_bounded_multiply(element, element));
    }
    expected[1][0] = soma_bounded_sqrt(soma_bounded_sum_result(&sum));
    expected[1][1] = soma_exact(factor);
}

/* Numbers up to `size`; one in `rest_one_in` of them, 0 for none, is one of `rest`. */
static void norm_case(soma_suite *suite, size_t count, double size, uint32_t rest_one_in, const float *rest,
                      size_t rest_count, const char *text) {
    soma_call call = soma_call_norm(SOMA_F32_VIEW(count), SOMA_F32_VIEW(2));
    soma_case c;
    soma_case_begin(suite, &c, &call, norm_bound);
    soma_case_uniform(suite, &c, 0, -size, size);
    if (rest_one_in) soma_case_sprinkle(suite, &c, 0, rest_one_in, rest, rest_count);
    c.garbage_is_finite = rest_one_in > 0;
    soma_case_describe(&c, ": %zu numbers up to %g%s", count, size, text);
    soma_case_run(suite, &c);
}

void soma_norm_cases(soma_suite *suite) {
    static const size_t counts[] = {0, 1, 2, 3, 7, 31, 127, 131, 1000, 4099, 16385, 65537, 200003};
    /* The least and the largest of each factor, and what would overflow or vanish when squared. */
    static const double sizes[] = {0x1p-149, 0x1p-130, 1e-37, 1e-30, 1e-19, 0x1p-41, 0x1.1p-40, 1e-3, 0x1.fffffep47,
                                   0x1p48,   1e15,     1e19,  1e20,  1e30,  1e38,    FLT_MAX,   0.0};
    static const float large[] = {1e19f, -1e25f, 3e38f, -FLT_MAX}, small[] = {1e-20f, -1e-30f, 1e-38f, 1e-44f, 0.0f};
    static const float whole[] = {FLT_MAX, -FLT_MAX}, nan[] = {NAN}, infinite[] = {INFINITY, -INFINITY},
                       both[] = {NAN, INFINITY};
    for (size_t i = 0; i < SOMA_COUNT_OF(counts); i++) norm_case(suite, counts[i], 2.0, 0, NULL, 0, "");
    for (size_t i = 0; i < SOMA_COUNT_OF(sizes); i++) {
        norm_case(suite, 1, sizes[i], 0, NULL, 0, "");
        norm_case(suite, 1031, sizes[i], 0, NULL, 0, "");
        norm_case(suite, 65537, sizes[i], 0, NULL, 0, "");
    }
    norm_case(suite, 4099, 2.0, 50, large, SOMA_COUNT_OF(large), ", with large ones");
    norm_case(suite, 4099, 1e-30, 50, large, SOMA_COUNT_OF(large), ", with large ones");
    norm_case(suite, 4099, 2.0, 2, small, SOMA_COUNT_OF(small), ", with small ones");
    norm_case(suite, 4099, 1e-20, 2, small, SOMA_COUNT_OF(small), ", with small ones");
    norm_case(suite, 65537, FLT_MAX, 1, whole, SOMA_COUNT_OF(whole), ", all as large as float32 has them");
    norm_case(suite, 1031, 2.0, 500, nan, 1, ", with NaN");
    norm_case(suite, 1031, 2.0, 500, infinite, 2, ", with infinities");
    norm_case(suite, 1031, 2.0, 300, both, 2, ", with NaN and infinities");
}

void soma_norm_speeds(soma_suite *suite) {
    soma_call call = soma_call_norm(SOMA_F32_VIEW(SOMA_TIMED_COUNT), SOMA_F32_VIEW(2));
    soma_case c;
    soma_case_begin(suite, &c, &call, norm_bound);
    soma_case_time(suite, &c, "norm");
}
