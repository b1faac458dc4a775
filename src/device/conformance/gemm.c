/* SPDX-License-Identifier: MIT */
/* Cases of GEMM: four transpositions, odd sizes, every epilogue, NaN and infinities in each operand. */
#include "device/conformance/shapes.h"
#include "device/conformance/unary_bounds.h"
#include "device/functions.h"

/* ------------------------------------------------------------------------------------------------------- bound */

/*
 * An element is f(alpha sum_l a_l b_l + beta c + bias). The sum has k rounded products and k - 1 additions; scaling by
 * alpha, adding beta c (a rounded product) and the bias are at most three more roundings of any one term, whichever is
 * done first. So the error of f's argument is at most gamma_(k+3) (|alpha| sum_l |a_l b_l| + |beta c| + |bias|); f
 * carries it on.
 */
typedef struct product {
    double sum, absolute;
} product;

static product multiply(const soma_call *call, size_t i, size_t j) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *a = &call->view[0], *b = &call->view[1], *c = &call->view[3];
    size_t m = c->shape[0], n = c->shape[1], k = a->shape[!params->transpose_a];
    product result = {0.0, 0.0};
    for (size_t l = 0; l < k; l++) {
        double left = soma_element_get(a, params->transpose_a ? l * m + i : i * k + l);
        double right = soma_element_get(b, params->transpose_b ? j * k + l : l * n + j);
        result.sum += left * right;
        result.absolute += fabs(left * right);
    }
    return result;
}

static soma_bounded argument(const soma_call *call, size_t i, size_t j) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *bias = &call->view[2], *c = &call->view[3];
    size_t k = call->view[0].shape[!params->transpose_a];
    product dot = multiply(call, i, j);
    double value = (double)params->alpha * dot.sum, absolute = fabs((double)params->alpha) * dot.absolute;
    if (params->beta != 0.0f) {
        double old = (double)params->beta * soma_element_get(c, i * c->shape[1] + j);
        value += old;
        absolute += fabs(old);
    }
    if (soma_view_present(bias)) {
        value += soma_element_get(bias, j);
        absolute += fabs(soma_element_get(bias, j));
    }
    return soma_rounded(value, soma_gamma(k + 3) * absolute, 0.0);
}

static void gemm_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_gemm_params *params = &before->params.gemm;
    const soma_view *c = &before->view[3];
    for (size_t i = 0; i < c->shape[0]; i++)
        for (size_t j = 0; j < c->shape[1]; j++)
            expected[3][i * c->shape[1] + j] =
                soma_bounded_function(params->function, argument(before, i, j), (double)params->a, (double)params->b);
}

/* -------------------------------------------------------------------------------------------------------- table */

typedef struct gemm_size {
    size_t m, n, k;
} gemm_size;

/* Nothing, 1 x 1, primes round the widths of tiles and vectors, tall, flat, deep, and the sizes of real layers. */
static const gemm_size sizes[] = {
    {1, 1, 1},     {1, 7, 1},     {5, 1, 3},       {1, 1, 131},   {2, 3, 5},     {7, 13, 31},  {13, 7, 61},
    {31, 127, 13}, {61, 131, 7},  {127, 31, 131},  {131, 127, 2}, {1, 131, 127}, {131, 1, 61}, {257, 2, 3},
    {2, 257, 5},   {3, 5, 1031},  {33, 65, 257},   {16, 16, 16},  {8, 32, 64},   {64, 64, 64}, {32, 10, 32},
    {128, 10, 64}, {784, 32, 10}, {128, 128, 784}, {0, 5, 3},     {5, 0, 3},     {5, 3, 0},    {1, 1, 0},
    {0, 0, 0},     {17, 33, 100}, {133, 67, 1},    {19, 48, 37},
};

typedef struct gemm_mix {
    float alpha, beta;
    bool bias;
    soma_function function;
    float a, b;
} gemm_mix;

static const gemm_mix mixes[] = {
    {1.0f, 0.0f, false, SOMA_IDENTITY, 0, 0},       {1.0f, 0.0f, true, SOMA_RELU, 0, 0},
    {-0.5f, 1.0f, false, SOMA_IDENTITY, 0, 0},      {1.0f, 0.0f, true, SOMA_IDENTITY, 0, 0},
    {2.5f, -0.3f, true, SOMA_IDENTITY, 0, 0},       {1.0f, 1.0f, false, SOMA_IDENTITY, 0, 0},
    {0.75f, 0.5f, true, SOMA_LEAKY_RELU, 1, 0.01f},
};

static soma_call make_call(gemm_size s, bool transpose_a, bool transpose_b, const gemm_mix *mix) {
    soma_gemm_params params = {transpose_a, transpose_b, mix->alpha, mix->beta, mix->function, mix->a, mix->b};
    soma_view a = transpose_a ? SOMA_F32_VIEW(s.k, s.m) : SOMA_F32_VIEW(s.m, s.k);
    soma_view b = transpose_b ? SOMA_F32_VIEW(s.n, s.k) : SOMA_F32_VIEW(s.k, s.n);
    return soma_call_gemm(a, b, mix->bias ? SOMA_F32_VIEW(s.n) : soma_view_absent(), SOMA_F32_VIEW(s.m, s.n), params);
}

static void describe(soma_case *c, gemm_size s, bool transpose_a, bool transpose_b, const gemm_mix *mix,
                     const char *more) {
    soma_case_describe(c, ": m %zu n %zu k %zu, %c%c, alpha %g, beta %g%s, %s%s", s.m, s.n, s.k,
                       transpose_a ? 'T' : 'N', transpose_b ? 'T' : 'N', (double)mix->alpha, (double)mix->beta,
                       mix->bias ? ", bias" : "", soma_function_name(mix->function), more);
}

static void gemm_case(soma_suite *suite, gemm_size s, bool transpose_a, bool transpose_b, const gemm_mix *mix) {
    soma_call call = make_call(s, transpose_a, transpose_b, mix);
    soma_case c;
    soma_case_begin(suite, &c, &call, gemm_bound);
    /* alpha and beta are live: a later run may also begin, or cease, to read c. */
    c.run_count = s.m * s.n * s.k < 1000000 ? 3 : 1;
    c.run[1] = c.run[2] = call;
    c.run[1].params.gemm.alpha = mix->alpha * -0.6f;
    c.run[1].params.gemm.beta = mix->beta * 1.7f;
    c.run[2].params.gemm.beta = mix->beta == 0.0f ? 0.5f : 0.0f;
    describe(&c, s, transpose_a, transpose_b, mix, "");
    soma_case_run(suite, &c);
}

static void epilogue_case(soma_suite *suite, soma_function function, bool transpose_b) {
    static const gemm_size size = {31, 61, 13};
    bool takes_b = soma_function_get(function)->parameters > 1;
    const gemm_mix mix = {1.0f, 0.0f, true, function, 0.8f, takes_b ? 0.3f : 0.0f};
    soma_call call = make_call(size, false, transpose_b, &mix);
    soma_case c;
    soma_case_begin(suite, &c, &call, gemm_bound);
    if (function == SOMA_LOG || function == SOMA_SQRT)
        for (uint32_t i = 0; i < 3; i++) soma_case_uniform(suite, &c, i, 0.1, 2.0); /* else NaN hangs on a rounding */
    describe(&c, size, false, transpose_b, &mix, "");
    soma_case_run(suite, &c);
}

static const char *const operand_names[] = {" in a", " in b", " in bias", " in c"};

/* So many terms that a device may cut them into shares, for results too few to keep it busy. */
static void deep_cases(soma_suite *suite) {
    static const gemm_size deep[] = {{16, 32, 4100}, {3, 5, 6200}, {17, 35, 4096}};
    for (size_t i = 0; i < SOMA_COUNT_OF(deep); i++)
        for (size_t j = 0; j < 3; j++) gemm_case(suite, deep[i], j != 1, i == 1, &mixes[j]);
    gemm_case(suite, (gemm_size){4, 1, 4100}, false, false, &mixes[2]); /* a device of one unit would, too */
}

/* One NaN or infinity at a place of one operand: it must reach the elements that it belongs to, and no other. */
static void special_at(soma_suite *suite, gemm_size size, bool transpose_a, bool transpose_b, const gemm_mix *mix,
                       uint32_t operand, size_t at, float value) {
    soma_call call = make_call(size, transpose_a, transpose_b, mix);
    soma_case c;
    soma_case_begin(suite, &c, &call, gemm_bound);
    soma_case_poke(&c, operand, at, (double)value);
    c.garbage_is_finite = true;
    describe(&c, size, transpose_a, transpose_b, mix,
             isnan(value) ? ", NaN"
             : value > 0  ? ", infinity"
                          : ", -infinity");
    soma_case_describe(&c, "%s", operand_names[operand]);
    soma_case_run(suite, &c);
}

static void special_case(soma_suite *suite, bool transpose_a, bool transpose_b, uint32_t operand, float value) {
    static const gemm_size size = {13, 7, 31};
    const gemm_mix mix = {1.0f, operand == 3 ? 1.0f : 0.0f, true, SOMA_IDENTITY, 0, 0};
    const size_t count[] = {size.m * size.k, size.k * size.n, size.n, size.m * size.n};
    special_at(suite, size, transpose_a, transpose_b, &mix, operand, count[operand] / 2, value);
}

/* In the second row of the left operand, among the last of its terms. */
static void deep_special_case(soma_suite *suite, float value) {
    static const gemm_size size = {3, 1, 4100};
    special_at(suite, size, false, false, &mixes[0], 0, 2 * size.k - 100, value);
}

void soma_gemm_cases(soma_suite *suite) {
    for (int function = 0; function < SOMA_FUNCTION_COUNT; function++)
        epilogue_case(suite, (soma_function)function, function % 2);
    for (unsigned transpose = 0; transpose < 4; transpose++)
        for (size_t i = 0; i < SOMA_COUNT_OF(sizes); i++)
            gemm_case(suite, sizes[i], transpose & 1, transpose >> 1, &mixes[(i + transpose) % SOMA_COUNT_OF(mixes)]);
    for (unsigned transpose = 0; transpose < 4; transpose++)
        for (size_t i = 0; i < SOMA_COUNT_OF(mixes); i++)
            gemm_case(suite, (gemm_size){33, 65, 17}, transpose & 1, transpose >> 1, &mixes[i]);
    deep_cases(suite);
    for (size_t i = 0; i < SOMA_SPECIAL_COUNT; i++) deep_special_case(suite, soma_specials[i]);
    for (unsigned transpose = 0; transpose < 4; transpose++)
        for (uint32_t operand = 0; operand < SOMA_COUNT_OF(operand_names); operand++)
            for (size_t i = 0; i < SOMA_SPECIAL_COUNT; i++)
                special_case(suite, transpose & 1, transpose >> 1, operand, soma_specials[i]);
}

/* What a dense layer does in a step of training; the last is no layer's but shows the kernel. */
void soma_gemm_speeds(soma_suite *suite) {
    static const struct {
        const char *what;
        gemm_size size;
        bool transpose_a, transpose_b;
        size_t mix;
    } rows[] = {
        {"layer", {128, 128, 784}, false, false, 1},
        {"its inputs' gradient", {128, 784, 128}, false, true, 0},
        {"its weights' gradient", {784, 128, 128}, true, false, 0},
        {"square", {512, 512, 512}, false, false, 0},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        soma_call call = make_call(rows[i].size, rows[i].transpose_a, rows[i].transpose_b, &mixes[rows[i].mix]);
        soma_case c;
        soma_case_begin(suite, &c, &call, gemm_bound);
        soma_case_time(suite, &c, rows[i].what);
    }
}
