/* SPDX-License-Identifier: MIT */
/* Cases of PUT. */
#include "device/conformance/shapes.h"

static soma_bounded combine(soma_binary op, soma_bounded there, soma_bounded x) {
    switch (op) {
    case SOMA_BINARY_MULTIPLY:
        return soma_bounded_multiply(there, x);
    case SOMA_BINARY_MAXIMUM:
        return isnan(there.value) || there.value > x.value ? there : x;
    case SOMA_BINARY_MINIMUM:
        return isnan(there.value) || there.value < x.value ? there : x;
    default:
        return soma_bounded_add(there, x);
    }
}

static void put_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0], *index = &before->view[1], *out = &before->view[2];
    const size_t steps = x->shape[1], rows = out->shape[1], width = x->shape[2], count = soma_view_count(out);
    for (size_t e = 0; e < count; e++) {
        const size_t sample = e / width / rows, row = e / width % rows;
        soma_bounded there = soma_given(out, e);
        for (size_t i = sample * steps; i < (sample + 1) * steps; i++)
            if (soma_element_get(index, i) == (double)row) {
                const soma_bounded number = soma_given(x, i * width + e % width);
                there = before->params.put.combines ? combine(before->params.put.op, there, number) : number;
            }
        expected[2][e] = there;
    }
}

typedef struct put_shape {
    size_t samples, steps, rows, width;
} put_shape;

static soma_call put_call(const put_shape *s, soma_put_params params) {
    return soma_call_put(SOMA_F32_VIEW(s->samples, s->steps, s->width), SOMA_SHAPED(SOMA_I32, s->samples, s->steps),
                         SOMA_F32_VIEW(s->samples, s->rows, s->width), params);
}

static void put_case(soma_suite *suite, const put_shape *s, soma_put_params params, bool special) {
    static const char *const names[] = {
        [SOMA_BINARY_ADD] = "added",
        [SOMA_BINARY_MULTIPLY] = "multiplied",
        [SOMA_BINARY_MAXIMUM] = "the larger",
        [SOMA_BINARY_MINIMUM] = "the smaller",
    };
    soma_call call = put_call(s, params);
    const float outside[] = {-1.0f, (float)s->rows, (float)INT32_MIN, 2147483520.0f};
    soma_case c;
    soma_case_begin(suite, &c, &call, put_bound);
    if (s->rows) soma_case_whole(suite, &c, 1, 0, (int32_t)s->rows - 1);
    if (s->samples * s->steps > 3) soma_case_sprinkle(suite, &c, 1, 5, outside, SOMA_COUNT_OF(outside));
    if (special) {
        soma_case_sprinkle(suite, &c, 0, 17, soma_specials, SOMA_SPECIAL_COUNT);
        soma_case_sprinkle(suite, &c, 2, 31, soma_specials, SOMA_SPECIAL_COUNT);
    }
    soma_case_describe(&c, ": x %s, tables %s, %s%s", SHAPE(&call.view[0]), SHAPE(&call.view[2]),
                       params.combines ? names[params.op] : "replaced", special ? ", with NaN and infinities" : "");
    soma_case_run(suite, &c);
}

void soma_put_cases(soma_suite *suite) {
    static const put_shape shapes[] = {
        {1, 1, 1, 1},     {1, 9, 2, 128},  {5, 7, 3, 1},  {13, 3, 5, 17},    {4, 131, 67, 3},
        {2, 257, 31, 64}, {1, 3, 3, 4099}, {3, 67, 1, 5}, {1, 500, 1031, 1}, {1, 1031, 257, 2},
        {0, 1, 3, 2},     {3, 0, 3, 2},    {3, 1, 0, 2},  {3, 1, 3, 0},
    };
    static const soma_put_params ways[] = {
        {false, SOMA_BINARY_ADD},    {true, SOMA_BINARY_ADD},     {true, SOMA_BINARY_MULTIPLY},
        {true, SOMA_BINARY_MAXIMUM}, {true, SOMA_BINARY_MINIMUM},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(ways); j++)
            for (int special = 0; special < 2; special++) put_case(suite, &shapes[i], ways[j], special);
}

/* Messages along the edges of a graph, added up by the points that they come to. */
void soma_put_speeds(soma_suite *suite) {
    const put_shape shape = {1, 4096, 1024, 64};
    soma_call call = put_call(&shape, (soma_put_params){true, SOMA_BINARY_ADD});
    soma_case c;
    soma_case_begin(suite, &c, &call, put_bound);
    soma_case_whole(suite, &c, 1, 0, (int32_t)shape.rows - 1);
    soma_case_time(suite, &c, "edges of a graph");
}
