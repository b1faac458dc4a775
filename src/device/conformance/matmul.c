/* SPDX-License-Identifier: MIT */
/* Cases of MATMUL: odd sizes, none, matrices that lie as heads of attention do, that are turned, or repeated. */
#include "device/conformance/shapes.h"
#include "kernels/matmul_call.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------------- bound */

/* As of GEMM: k rounded products, k - 1 additions, and the scale. */
static soma_bounded element(const soma_call *call, size_t number, size_t i, size_t j, size_t k) {
    const soma_view *a = &call->view[MATMUL_A], *b = &call->view[MATMUL_B];
    const size_t left = soma_matmul_place(a, number) + i * soma_matmul_row(a),
                 right = soma_matmul_place(b, number) + j * soma_matmul_column(b);
    const double scale = (double)call->params.matmul.scale;
    double sum = 0.0, absolute = 0.0;
    for (size_t l = 0; l < k; l++) {
        const double product =
            soma_element_get(a, left + l * soma_matmul_column(a)) * soma_element_get(b, right + l * soma_matmul_row(b));
        sum += product;
        absolute += fabs(product);
    }
    return soma_rounded(scale * sum, soma_gamma(k + 1) * fabs(scale) * absolute, 0.0);
}

static void matmul_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_matmul_size size = soma_matmul_size_of(before);
    for (size_t number = 0, at = 0; number < size.count; number++)
        for (size_t i = 0; i < size.m; i++)
            for (size_t j = 0; j < size.n; j++, at++) expected[MATMUL_C][at] = element(before, number, i, j, size.k);
}

/* ------------------------------------------------------------------------------------------------------- table */

/* outer x inner matrices. */
typedef struct matmul_size {
    size_t outer, inner, m, n, k;
} matmul_size;

static const matmul_size sizes[] = {
    {1, 1, 1, 1, 1},   {2, 3, 5, 7, 3},    {1, 4, 13, 13, 32},  {2, 2, 31, 17, 61},  {1, 3, 1, 131, 13},
    {3, 1, 131, 1, 7}, {1, 2, 67, 70, 31}, {2, 1, 33, 65, 257}, {1, 1, 7, 3, 1031},  {1, 2, 130, 129, 66},
    {2, 5, 25, 64, 1}, {0, 3, 2, 2, 2},    {2, 0, 2, 2, 2},     {2, 2, 0, 3, 4},     {2, 2, 3, 0, 4},
    {2, 2, 3, 4, 0},   {1, 2, 2, 33, 5},   {1, 1, 24, 96, 40},  {1, 1, 25, 96, 600},
};

/* How a view's matrices lie. */
typedef enum layout {
    PLAIN,        /* [outer, inner, rows, columns] */
    TURNED,       /* [outer, inner, columns, rows] */
    HEADS,        /* [outer, rows, inner, columns] */
    HEADS_TURNED, /* [outer, columns, inner, rows] */
    REPEATED,     /* [rows, columns], for all */
    SHARED        /* [outer, rows, columns], for all inner */
} layout;

static const struct {
    layout a, b, c;
    float scale;
} mixes[] = {
    {PLAIN, PLAIN, PLAIN, 1.0f},        {PLAIN, TURNED, PLAIN, 0.125f}, {TURNED, PLAIN, PLAIN, -1.5f},
    {HEADS, HEADS_TURNED, PLAIN, 0.5f}, {PLAIN, HEADS, HEADS, 1.0f},    {PLAIN, REPEATED, PLAIN, 1.0f},
    {SHARED, PLAIN, HEADS, 2.0f},
};

static soma_view laid_out(layout how, const matmul_size *s, size_t rows, size_t columns) {
    soma_view view = SOMA_F32_VIEW(s->outer, s->inner, rows, columns);
    const size_t strides[][4] = {
        [PLAIN] = {s->inner * rows * columns, rows * columns, columns, 1},
        [TURNED] = {s->inner * rows * columns, rows * columns, 1, rows},
        [HEADS] = {rows * s->inner * columns, columns, s->inner * columns, 1},
        [HEADS_TURNED] = {columns * s->inner * rows, rows, 1, s->inner * rows},
        [REPEATED] = {0, 0, columns, 1},
        [SHARED] = {rows * columns, 0, columns, 1},
    };
    memcpy(view.stride, strides[how], sizeof strides[how]);
    return view;
}

static soma_call make_call(const matmul_size *s, size_t mix) {
    return soma_call_matmul(laid_out(mixes[mix].a, s, s->m, s->k), laid_out(mixes[mix].b, s, s->k, s->n),
                            laid_out(mixes[mix].c, s, s->m, s->n), mixes[mix].scale);
}

static void begin_case(soma_suite *suite, soma_case *c, const matmul_size *s, size_t mix) {
    const soma_call call = make_call(s, mix);
    soma_case_begin(suite, c, &call, matmul_bound);
    soma_case_describe(c, ": %zu x %zu of m %zu n %zu k %zu, layouts %d %d %d, scale %g", s->outer, s->inner, s->m,
                       s->n, s->k, (int)mixes[mix].a, (int)mixes[mix].b, (int)mixes[mix].c, (double)mixes[mix].scale);
}

/* A NaN or infinity is in the results of its row, or column, and in no other. */
static void special_case(soma_suite *suite, size_t mix, uint32_t operand, float value) {
    static const matmul_size size = {2, 2, 13, 7, 31};
    soma_case c;
    begin_case(suite, &c, &size, mix);
    soma_case_poke(&c, operand, c.positions[operand] / 2, (double)value);
    c.garbage_is_finite = true;
    soma_case_describe(&c, ", %g in %c", (double)value, operand == MATMUL_A ? 'a' : 'b');
    soma_case_run(suite, &c);
}

/* Without dimensions before the matrices', and with as many as there can be. */
static void rank_cases(soma_suite *suite) {
    const soma_call calls[] = {
        soma_call_matmul(SOMA_F32_VIEW(5, 3), SOMA_F32_VIEW(3, 17), SOMA_F32_VIEW(5, 17), 1.0f),
        soma_call_matmul(SOMA_F32_VIEW(4, 5, 3), SOMA_F32_VIEW(4, 3, 7), SOMA_F32_VIEW(4, 5, 7), 1.0f),
        soma_call_matmul(SOMA_F32_VIEW(2, 3, 2, 5, 3), SOMA_F32_VIEW(2, 3, 2, 3, 17), SOMA_F32_VIEW(2, 3, 2, 5, 17),
                         1.0f),
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(calls); i++) {
        soma_case c;
        soma_case_begin(suite, &c, &calls[i], matmul_bound);
        soma_case_describe(&c, ": %u dimensions", calls[i].view[0].rank);
        soma_case_run(suite, &c);
    }
}

void soma_matmul_cases(soma_suite *suite) {
    for (size_t i = 0; i < SOMA_COUNT_OF(sizes); i++)
        for (size_t mix = i % 2; mix < SOMA_COUNT_OF(mixes); mix += 2) {
            soma_case c;
            begin_case(suite, &c, &sizes[i], mix);
            soma_case_run(suite, &c);
        }
    rank_cases(suite);
    for (size_t mix = 0; mix < SOMA_COUNT_OF(mixes); mix++)
        for (uint32_t operand = MATMUL_A; operand <= MATMUL_B; operand++)
            special_case(suite, mix, operand, soma_specials[mix % SOMA_SPECIAL_COUNT]);
}

/* As attention has them: scores, and values. */
void soma_matmul_speeds(soma_suite *suite) {
    static const matmul_size scores = {16, 4, 128, 128, 32}, values = {16, 4, 128, 32, 128};
    soma_case c;
    begin_case(suite, &c, &scores, 3);
    soma_case_time(suite, &c, "scores");
    begin_case(suite, &c, &values, 4);
    soma_case_time(suite, &c, "values");
}
