/* SPDX-License-Identifier: MIT */
/* Cases of GATHER_GRAD. */
#include "device/conformance/shapes.h"

static void gather_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *dy = &before->view[0], *index = &before->view[1], *dtable = &before->view[2];
    const size_t width = dtable->shape[1], count = soma_view_count(dtable);
    for (size_t e = 0; e < count; e++) {
        const size_t row = e / width, column = e % width;
        soma_bounded_sum sum = {0};
        for (size_t i = 0; i < dy->shape[0]; i++)
            if (soma_element_get(index, i) == (double)row && before->params.gather_grad.skip != (int64_t)row)
                soma_bounded_sum_add(&sum, soma_given(dy, i * width + column));
        expected[2][e] = soma_bounded_sum_result(&sum);
    }
}

typedef struct gather_grad_shape {
    size_t rows, width, positions;
} gather_grad_shape;

static void gather_grad_case(soma_suite *suite, const gather_grad_shape *s, int64_t skip, bool special) {
    soma_call call = soma_call_gather_grad(SOMA_F32_VIEW(s->positions, s->width), SOMA_SHAPED(SOMA_I32, s->positions),
                                           SOMA_F32_VIEW(s->rows, s->width), skip);
    const float outside[] = {-1.0f, (float)s->rows, (float)INT32_MIN, 2147483520.0f};
    soma_case c;
    soma_case_begin(suite, &c, &call, gather_grad_bound);
    if (s->rows) soma_case_whole(suite, &c, 1, 0, (int32_t)s->rows - 1);
    if (s->positions > 3) soma_case_sprinkle(suite, &c, 1, 5, outside, SOMA_COUNT_OF(outside));
    if (special) soma_case_sprinkle(suite, &c, 0, 97, soma_specials, SOMA_SPECIAL_COUNT);
    c.garbage_is_finite = special;
    soma_case_describe(&c, ": dy %s, table %s, without row %lld%s", SHAPE(&call.view[0]), SHAPE(&call.view[2]),
                       (long long)skip, special ? ", with NaN and infinities" : "");
    soma_case_run(suite, &c);
}

void soma_gather_grad_cases(soma_suite *suite) {
    static const gather_grad_shape shapes[] = {
        {1, 1, 1},   {1, 1, 31}, {2, 3, 5}, {13, 7, 31}, {96, 64, 131}, {3, 131, 257}, {257, 5, 64},
        {31, 61, 1}, {5, 3, 0},  {0, 5, 3}, {7, 0, 4},   {3, 1, 4099},  {1, 257, 67},  {1031, 2, 500},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) {
        const int64_t skips[] = {-1, 0, (int64_t)shapes[i].rows - 1};
        for (size_t j = 0; j < SOMA_COUNT_OF(skips); j++)
            for (int special = 0; special < 2; special++) gather_grad_case(suite, &shapes[i], skips[j], special);
    }
}

/* The characters of a batch of texts. */
void soma_gather_grad_speeds(soma_suite *suite) {
    enum { VOCABULARY = 96, WIDTH = 64, POSITIONS = 32 * 64 };
    soma_call call = soma_call_gather_grad(SOMA_F32_VIEW(POSITIONS, WIDTH), SOMA_SHAPED(SOMA_I32, POSITIONS),
                                           SOMA_F32_VIEW(VOCABULARY, WIDTH), -1);
    soma_case c;
    soma_case_begin(suite, &c, &call, gather_grad_bound);
    soma_case_whole(suite, &c, 1, 0, VOCABULARY - 1);
    soma_case_time(suite, &c, "characters");
}
