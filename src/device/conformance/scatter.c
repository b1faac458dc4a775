/* SPDX-License-Identifier: MIT */
/* Cases of SCATTER. */
#include "device/conformance/shapes.h"

static void scatter_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0], *index = &before->view[1], *out = &before->view[2];
    const size_t steps = x->shape[1], rows = out->shape[1], width = x->shape[2], count = soma_view_count(out);
    for (size_t e = 0; e < count; e++) {
        const size_t sample = e / width / rows;
        const double step = (double)(e / width % rows) - soma_element_get(index, sample);
        expected[2][e] = step < 0 || step >= (double)steps
                             ? soma_given(out, e)
                             : soma_given(x, (sample * steps + (size_t)step) * width + e % width);
    }
}

typedef struct scatter_shape {
    size_t samples, steps, rows, width;
} scatter_shape;

static soma_call scatter_call(const scatter_shape *s) {
    return soma_call_scatter(SOMA_F32_VIEW(s->samples, s->steps, s->width), SOMA_SHAPED(SOMA_I32, s->samples),
                             SOMA_F32_VIEW(s->samples, s->rows, s->width));
}

static void scatter_case(soma_suite *suite, const scatter_shape *s, bool special) {
    soma_call call = scatter_call(s);
    const float outside[] = {-1.0f, (float)s->rows, (float)INT32_MIN, 2147483520.0f};
    soma_case c;
    soma_case_begin(suite, &c, &call, scatter_bound);
    if (s->rows) soma_case_whole(suite, &c, 1, 0, (int32_t)s->rows - 1);
    if (s->samples > 3) soma_case_sprinkle(suite, &c, 1, 3, outside, SOMA_COUNT_OF(outside));
    if (special) {
        soma_case_sprinkle(suite, &c, 0, 7, soma_specials, SOMA_SPECIAL_COUNT);
        soma_case_sprinkle(suite, &c, 2, 11, soma_specials, SOMA_SPECIAL_COUNT);
    }
    soma_case_describe(&c, ": x %s, tables %s%s", SHAPE(&call.view[0]), SHAPE(&call.view[2]),
                       special ? ", with NaN and infinities" : "");
    soma_case_run(suite, &c);
}

void soma_scatter_cases(soma_suite *suite) {
    static const scatter_shape shapes[] = {
        {1, 1, 1, 1},    {1, 1, 128, 128}, {5, 1, 7, 3}, {13, 3, 5, 17}, {4, 9, 6, 31}, {67, 2, 11, 64},
        {2, 1, 3, 4099}, {31, 4, 4, 1},    {0, 1, 3, 2}, {3, 0, 3, 2},   {3, 1, 0, 2},  {3, 1, 3, 0},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++)
        for (int special = 0; special < 2; special++) scatter_case(suite, &shapes[i], special);
}

/* Keys of a prompt, of as many sequences as a batch has. */
void soma_scatter_speeds(soma_suite *suite) {
    const scatter_shape shape = {16, 128, 256, 128};
    soma_call call = scatter_call(&shape);
    soma_case c;
    soma_case_begin(suite, &c, &call, scatter_bound);
    soma_case_whole(suite, &c, 1, 0, (int32_t)(shape.rows - shape.steps));
    soma_case_time(suite, &c, "keys of a prompt");
}
