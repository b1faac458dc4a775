/* SPDX-License-Identifier: MIT */
/* The cpu device's matrix product in every instruction set of this machine, against a float64 loop. */
#include "base/random.h"
#include "device/calls.h"
#include "device/cpu/run.h"

#include "expect.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* A product with all that it needs; c has a guard of GUARD words at both ends, scratch memory one behind it. */
#define GUARD 32
typedef struct product {
    size_t m, n, k;
    soma_gemm_params params;
    bool with_bias;
    float *a, *b, *bias, *c, *start; /* start: what c holds before */
    double *sum, *size;              /* of a's row and b's column: the sum of their terms, and of their magnitudes */
} product;

static float *random_floats(soma_random *random, size_t count) {
    float *values = soma_malloc_aligned(64, soma_round_up(count * sizeof(float), 64));
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < count; i++) values[i] = soma_random_uniform(random) * 2.0f - 1.0f;
    return values;
}

/* What is not added must not be read. */
static void set_beta(product *p, float beta) {
    soma_random random;
    soma_random_init(&random, p->m + p->n, SOMA_STREAM_DATA);
    p->params.beta = beta;
    for (size_t i = 0; i < p->m * p->n; i++)
        p->start[GUARD + i] = beta == 0.0f ? NAN : soma_random_uniform(&random) * 2.0f - 1.0f;
}

static product make_product(size_t m, size_t n, size_t k, soma_gemm_params params, bool with_bias) {
    product p = {.m = m, .n = n, .k = k, .params = params, .with_bias = with_bias};
    soma_random random;
    soma_random_init(&random, m * 1000003 + n * 1009 + k, SOMA_STREAM_DATA);
    p.a = random_floats(&random, m * k);
    p.b = random_floats(&random, k * n);
    p.bias = random_floats(&random, n);
    p.c = random_floats(&random, m * n + 2 * GUARD);
    p.start = random_floats(&random, m * n + 2 * GUARD);
    set_beta(&p, params.beta);
    return p;
}

static void free_product(product *p) {
    soma_free_aligned(p->a);
    soma_free_aligned(p->b);
    soma_free_aligned(p->bias);
    soma_free_aligned(p->c);
    soma_free_aligned(p->start);
    soma_free(p->sum);
    soma_free(p->size);
}

static soma_call call_of(const product *p) {
    bool ta = p->params.transpose_a, tb = p->params.transpose_b;
    soma_view a = soma_view_of(p->a, 0, SOMA_F32, 2, (size_t[]){ta ? p->k : p->m, ta ? p->m : p->k});
    soma_view b = soma_view_of(p->b, 0, SOMA_F32, 2, (size_t[]){tb ? p->n : p->k, tb ? p->k : p->n});
    soma_view bias = p->with_bias ? soma_view_of(p->bias, 0, SOMA_F32, 1, &p->n) : soma_view_absent();
    soma_view c = soma_view_of(p->c, GUARD * sizeof(float), SOMA_F32, 2, (size_t[]){p->m, p->n});
    return soma_call_gemm(a, b, bias, c, p->params);
}

/* Runs the product `times` times in one list. */
static void run_product(const product *p, const soma_cpu_isa *isa, uint32_t threads, size_t times) {
    soma_threads *team;
    expect_ok(soma_threads_create(threads, &team));
    soma_call calls[4];
    ck_assert_uint_le(times, 4);
    size_t workspace = 0;
    for (size_t i = 0; i < times; i++) {
        calls[i] = call_of(p);
        expect_ok(soma_cpu_prepare(isa, threads, &calls[i], &workspace));
    }
    const size_t guard = GUARD * sizeof(float);
    char *scratch = soma_malloc_aligned(64, workspace + guard);
    memset(scratch, 0xff, workspace); /* NaN */
    memcpy(scratch + workspace, p->start, guard);
    for (size_t i = 0; i < times; i++) calls[i].workspace = scratch;
    memcpy(p->c, p->start, (p->m * p->n + 2 * GUARD) * sizeof(float));
    soma_cpu_run(team, calls, times);
    for (size_t i = 0; i < times; i++) soma_cpu_release(&calls[i]);
    ck_assert_mem_eq(scratch + workspace, p->start, guard);
    soma_free_aligned(scratch);
    soma_threads_destroy(team);
}

static double a_at(const product *p, size_t i, size_t k) {
    return p->a[p->params.transpose_a ? k * p->m + i : i * p->k + k];
}
static double b_at(const product *p, size_t k, size_t j) {
    return p->b[p->params.transpose_b ? j * p->k + k : k * p->n + j];
}

/* The sums, once for all instruction sets and epilogues of a product. */
static void add_terms(product *p) {
    const size_t count = SOMA_MAX(p->m * p->n, (size_t)1);
    p->sum = soma_calloc(count, sizeof *p->sum);
    p->size = soma_calloc(count, sizeof *p->size);
    ck_assert(p->sum && p->size);
    for (size_t i = 0; i < p->m; i++)
        for (size_t k = 0; k < p->k; k++) {
            const double a = a_at(p, i, k);
            for (size_t j = 0; j < p->n; j++) {
                const double term = a * b_at(p, k, j);
                p->sum[i * p->n + j] += term;
                p->size[i * p->n + j] += fabs(term);
            }
        }
}

/* c before the function, and the error that k products, their sum, and the epilogue may bring. */
static double expected(const product *p, size_t i, size_t j, double *bound) {
    double alpha = p->params.alpha, beta = p->params.beta, c = p->start[GUARD + i * p->n + j],
           bias = p->with_bias ? p->bias[j] : 0.0;
    double rest = beta == 0.0 ? 0.0 : beta * c;
    double size = fabs(alpha) * p->size[i * p->n + j] + fabs(rest) + fabs(bias);
    *bound = ((double)p->k + 5.0) * (FLT_EPSILON / 2) * size;
    return alpha * p->sum[i * p->n + j] + rest + bias;
}

static void check_product(const product *p, const soma_cpu_isa *isa) {
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            double bound, value = expected(p, i, j, &bound), found = p->c[GUARD + i * p->n + j];
            if (p->params.function == SOMA_RELU) value = value > 0.0 ? value : 0.0; /* the error does not grow */
            if (!(fabs(found - value) <= bound))
                ck_abort_msg("%s, %zu x %zu x %zu, transposed %d %d, alpha %g, beta %g: c[%zu, %zu] is %.9g, expected "
                             "%.9g +- %g",
                             isa->name, p->m, p->n, p->k, p->params.transpose_a, p->params.transpose_b, p->params.alpha,
                             p->params.beta, i, j, found, value, bound);
        }
    for (size_t i = 0; i < GUARD; i++) {
        ck_assert_mem_eq(&p->c[i], &p->start[i], sizeof(float));
        ck_assert_mem_eq(&p->c[GUARD + p->m * p->n + i], &p->start[GUARD + p->m * p->n + i], sizeof(float));
    }
}

static const size_t shapes[][3] = {
    {1, 1, 1},      {1, 1, 0},      {5, 7, 0},      {0, 3, 4},       {3, 0, 4},        {1, 10, 784},   {2, 3, 5},
    {7, 1, 31},     {13, 17, 19},   {12, 32, 64},   {24, 64, 16},    {11, 31, 33},     {25, 33, 2},    {128, 10, 128},
    {128, 128, 10}, {32, 10, 32},   {97, 101, 103}, {128, 128, 784}, {31, 47, 1031},   {1, 300, 600},  {2, 500, 129},
    {3, 257, 40},   {4, 389, 77},   {5, 300, 600},  {300, 1, 600},   {150, 200, 1100}, {64, 1000, 96}, {512, 97, 260},
    {31, 97, 1024}, {64, 144, 129}, {50, 80, 65},   {37, 83, 1},     {300, 140, 1},    {90, 77, 2},
};

START_TEST(test_against_float64) {
    const soma_cpu_isa *isa;
    for (size_t s = 0; s < SOMA_COUNT_OF(shapes); s++)
        for (int transposed = 0; transposed < 4; transposed++) {
            soma_gemm_params params = {.transpose_a = transposed & 1, .transpose_b = transposed & 2};
            product p = make_product(shapes[s][0], shapes[s][1], shapes[s][2], params, false);
            add_terms(&p);
            for (int epilogue = 0; epilogue < 4; epilogue++) {
                const bool relu = epilogue & 1, updates = epilogue & 2;
                p.with_bias = !updates;
                p.params.alpha = relu ? -0.75f : 1.0f;
                p.params.function = relu ? SOMA_RELU : SOMA_IDENTITY;
                set_beta(&p, updates ? (relu ? 0.5f : 1.0f) : 0.0f);
                for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++) {
                    run_product(&p, isa, 1, 1);
                    check_product(&p, isa);
                }
            }
            free_product(&p);
        }
}
END_TEST

START_TEST(test_thread_count_does_not_matter) {
    static const size_t sizes[][3] = {{128, 128, 784}, {333, 217, 129}, {784, 128, 128}, {1000, 10, 300},
                                      {60, 1500, 700}, {5, 2000, 400},  {3, 2000, 100},  {1024, 140, 600},
                                      {300, 500, 1},   {512, 600, 260}, {128, 120, 150}, {1, 128, 9300},
                                      {3, 70, 6200}};
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++)
        for (size_t s = 0; s < SOMA_COUNT_OF(sizes); s++)
            for (int variant = 0; variant < 4; variant++) {
                soma_gemm_params params = {.transpose_a = variant & 1,
                                           .transpose_b = variant & 2,
                                           .alpha = 1.0f,
                                           .function = variant & 1 ? SOMA_IDENTITY : SOMA_TANH};
                product p = make_product(sizes[s][0], sizes[s][1], sizes[s][2], params, true);
                size_t bytes = p.m * p.n * sizeof(float);
                run_product(&p, isa, 1, 1);
                float *alone = soma_malloc(bytes);
                memcpy(alone, p.c + GUARD, bytes);
                for (uint32_t threads = 2; threads <= 3; threads++) {
                    run_product(&p, isa, threads, 4);
                    ck_assert_mem_eq(p.c + GUARD, alone, bytes);
                }
                soma_free(alone);
                free_product(&p);
            }
}
END_TEST

/*
 * c = alpha sum + beta c has several ways of being rounded, and all tiles want the same, whatever their heights, which
 * follow the number of threads. Rows and columns that are no whole tiles; few rows and few terms, too.
 */
START_TEST(test_thread_count_does_not_matter_to_update) {
    static const size_t sizes[][3] = {{32, 32, 132}, {32, 32, 8},  {25, 33, 40},  {300, 61, 129}, {61, 300, 700},
                                      {4, 1500, 70}, {3, 800, 50}, {300, 200, 1}, {150, 301, 2},  {1, 128, 9300}};
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++)
        for (size_t s = 0; s < SOMA_COUNT_OF(sizes); s++)
            for (int variant = 0; variant < 8; variant++) {
                soma_gemm_params params = {.transpose_a = variant & 1,
                                           .transpose_b = variant & 2,
                                           .alpha = -0.05f,
                                           .beta = variant & 4 ? 1.0f : 0.3f};
                product p = make_product(sizes[s][0], sizes[s][1], sizes[s][2], params, false);
                size_t bytes = p.m * p.n * sizeof(float);
                run_product(&p, isa, 1, 1);
                float *alone = soma_malloc(bytes);
                memcpy(alone, p.c + GUARD, bytes);
                for (uint32_t threads = 2; threads <= 5; threads++) {
                    run_product(&p, isa, threads, 1);
                    for (size_t i = 0; i < p.m * p.n; i++)
                        if (memcmp(&p.c[GUARD + i], &alone[i], sizeof(float)) != 0)
                            ck_abort_msg("%s, %zu x %zu x %zu, transposed %d %d, beta %g: c[%zu, %zu] is %.9g by %u "
                                         "threads, %.9g by one",
                                         isa->name, p.m, p.n, p.k, params.transpose_a, params.transpose_b,
                                         (double)params.beta, i / p.n, i % p.n, (double)p.c[GUARD + i],
                                         (unsigned)threads, (double)alone[i]);
                }
                soma_free(alone);
                free_product(&p);
            }
}
END_TEST

/*
 * Products of two factors that are stored by terms, with many of them, which threads share out: all that goes into c,
 * with a last piece of rows and columns that is no whole tile, and so many terms that the shares take two rounds.
 */
START_TEST(test_shares_of_terms) {
    static const size_t sizes[][3] = {{128, 120, 2100}, {250, 260, 9001}};
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++)
        for (size_t s = 0; s < SOMA_COUNT_OF(sizes); s++)
            for (int variant = 0; variant < 3; variant++) {
                soma_gemm_params params = {.transpose_a = true,
                                           .alpha = variant ? -0.75f : 1.0f,
                                           .beta = variant ? 0.5f : 0.0f,
                                           .function = variant == 1   ? SOMA_RELU
                                                       : variant == 2 ? SOMA_TANH
                                                                      : SOMA_IDENTITY};
                product p = make_product(sizes[s][0], sizes[s][1], sizes[s][2], params, variant != 0);
                size_t bytes = p.m * p.n * sizeof(float);
                run_product(&p, isa, 1, 1);
                float *alone = soma_malloc(bytes);
                memcpy(alone, p.c + GUARD, bytes);
                for (uint32_t threads = 2; threads <= 3; threads++) {
                    run_product(&p, isa, threads, 1);
                    ck_assert_mem_eq(p.c + GUARD, alone, bytes);
                }
                if (variant < 2 && p.k < 5000) {
                    if (!p.sum) add_terms(&p);
                    check_product(&p, isa);
                }
                soma_free(alone);
                free_product(&p);
            }
}
END_TEST

/*
 * Rows of c alone, some at a time, are products of few rows: their tiles are others than those of all rows, and an
 * element is the same sum in the same order all the same.
 */
START_TEST(test_tile_does_not_matter) {
    static const size_t sizes[][3] = {{96, 144, 77}, {75, 121, 40}, {200, 336, 700}, {50, 48, 129}, {64, 97, 33}};
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++)
        for (size_t s = 0; s < SOMA_COUNT_OF(sizes); s++)
            for (int variant = 0; variant < 4; variant++) {
                soma_gemm_params params = {.transpose_b = variant & 1,
                                           .alpha = -0.05f,
                                           .beta = variant & 2 ? 0.3f : 0.0f,
                                           .function = variant & 1 ? SOMA_RELU : SOMA_IDENTITY};
                product p = make_product(sizes[s][0], sizes[s][1], sizes[s][2], params, true), few = p;
                run_product(&p, isa, 1, 1);
                float *all = soma_malloc(p.m * p.n * sizeof(float));
                memcpy(all, p.c + GUARD, p.m * p.n * sizeof(float));
                few.m = 11;
                for (size_t row = 0; row + few.m <= p.m; row += few.m) {
                    few.a = p.a + row * p.k;
                    few.start = p.start + row * p.n;
                    run_product(&few, isa, 1, 1);
                    ck_assert_mem_eq(few.c + GUARD, all + row * p.n, few.m * p.n * sizeof(float));
                }
                soma_free(all);
                free_product(&p);
            }
}
END_TEST

/* One NaN or infinity in a spoils its row, in b its column, and nothing else. */
START_TEST(test_not_finite) {
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++) {
        product p = make_product(37, 45, 50, (soma_gemm_params){.alpha = 1.0f}, false);
        p.a[11 * p.k + 7] = NAN;
        p.b[20 * p.n + 33] = INFINITY;
        run_product(&p, isa, 2, 1);
        for (size_t i = 0; i < p.m; i++)
            for (size_t j = 0; j < p.n; j++) {
                float c = p.c[GUARD + i * p.n + j];
                ck_assert_int_eq(isnan(c) != 0, i == 11);
                if (i != 11) ck_assert_int_eq(isinf(c) != 0, j == 33);
            }
        free_product(&p);
    }
}
END_TEST

/*
 * Many equal terms, of which one sum in float32 gets ever further off. Pieces of 512 terms, by sums of the magnitude of
 * the result at most: an element is off by one epsilon, half a FLT_EPSILON, for each term of a piece, for each piece,
 * and for the few additions of lanes.
 */
START_TEST(test_deep_sums) {
    const size_t k = (size_t)1 << 18;
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++)
        for (unsigned variant = 0; variant < 4; variant++) {
            product p = make_product(variant & 1 ? 3 : 1, 5, k,
                                     (soma_gemm_params){.alpha = 1.0f, .transpose_b = variant & 2}, false);
            for (size_t i = 0; i < p.m * k; i++) p.a[i] = 0.1f;
            for (size_t i = 0; i < k * p.n; i++) p.b[i] = 1.0f;
            run_product(&p, isa, 1, 1);
            const double expected = (double)k * (double)0.1f,
                         bound = expected * (512.0 + (double)k / 512 + 8) * (double)FLT_EPSILON / 2;
            for (size_t i = 0; i < p.m * p.n; i++)
                ck_assert_msg(fabs((double)p.c[GUARD + i] - expected) <= bound,
                              "%s, %zu rows, transposed %d: %.9g, expected %.9g +- %.3g", isa->name, p.m,
                              p.params.transpose_b, (double)p.c[GUARD + i], expected, bound);
            free_product(&p);
        }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu gemm");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_against_float64);
    tcase_add_test(tests, test_thread_count_does_not_matter);
    tcase_add_test(tests, test_thread_count_does_not_matter_to_update);
    tcase_add_test(tests, test_shares_of_terms);
    tcase_add_test(tests, test_tile_does_not_matter);
    tcase_add_test(tests, test_not_finite);
    tcase_add_test(tests, test_deep_sums);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
