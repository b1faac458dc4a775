/* SPDX-License-Identifier: MIT */
/* Matrix products on OpenCL: every variant against float64, live parameters, and the same bits each time. */
#include "opencl_devices.h"

#include "base/random.h"
#include "device/opencl/gemm/gemm.h"
#include "suite.h"
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

/* One product: op(a) is m x k, op(b) k x n; the host's copies. */
typedef struct product {
    size_t m, n, k;
    soma_gemm_params params;
    bool has_bias;
    float *a, *b, *bias, *before, *after;
    void *memory[4];
} product;

static float *random_values(soma_random *random, size_t count) {
    float *values = soma_calloc(count + 1, sizeof *values); /* one more: there is no memory of 0 bytes */
    ck_assert_ptr_nonnull(values);
    for (size_t i = 0; i < count; i++) values[i] = 2 * soma_random_uniform(random) - 1;
    return values;
}

static product make_product(size_t m, size_t n, size_t k, soma_gemm_params params, bool has_bias) {
    soma_random random;
    soma_random_init(&random, m * 1000003 + n * 1009 + k, 1);
    return (product){m,
                     n,
                     k,
                     params,
                     has_bias,
                     random_values(&random, m * k),
                     random_values(&random, k * n),
                     random_values(&random, n),
                     random_values(&random, m * n),
                     random_values(&random, m * n),
                     {NULL}};
}

static void free_product(product *p) {
    float *const values[] = {p->a, p->b, p->bias, p->before, p->after};
    for (size_t i = 0; i < SOMA_COUNT_OF(values); i++) soma_free(values[i]);
}

static soma_call upload_product(void *state, product *p) {
    p->memory[0] = upload(state, p->a, (p->m * p->k + 1) * sizeof(float));
    p->memory[1] = upload(state, p->b, (p->k * p->n + 1) * sizeof(float));
    p->memory[2] = upload(state, p->bias, p->n * sizeof(float));
    p->memory[3] = upload(state, p->before, p->m * p->n * sizeof(float));
    const bool ta = p->params.transpose_a, tb = p->params.transpose_b;
    return soma_call_gemm(matrix_view(p->memory[0], ta ? p->k : p->m, ta ? p->m : p->k),
                          matrix_view(p->memory[1], tb ? p->n : p->k, tb ? p->k : p->n),
                          p->has_bias ? vector_view(p->memory[2], SOMA_F32, p->n) : soma_view_absent(),
                          matrix_view(p->memory[3], p->m, p->n), p->params);
}

static void free_memory(void *state, product *p) {
    for (size_t i = 0; i < 4; i++) soma_opencl_api.free(state, p->memory[i]);
}

/*
 * c[i, j] in float64, and the bound for float32: each of the k products and sums, and the few operations after them, is
 * off by a relative epsilon at most, of a value no larger than the sum of magnitudes; relu does not enlarge an error.
 */
static double exact(const product *p, size_t i, size_t j, double *bound) {
    const soma_gemm_params *params = &p->params;
    double sum = 0, magnitude = 0;
    for (size_t l = 0; l < p->k; l++) {
        const double x = (double)p->a[params->transpose_a ? l * p->m + i : i * p->k + l] *
                         (double)p->b[params->transpose_b ? j * p->k + l : l * p->n + j];
        sum += x;
        magnitude += fabs(x);
    }
    double result = (double)params->alpha * sum;
    magnitude *= fabs((double)params->alpha);
    if (params->beta != 0) {
        const double kept = (double)params->beta * (double)p->before[i * p->n + j];
        result += kept;
        magnitude += fabs(kept);
    }
    if (p->has_bias) {
        result += (double)p->bias[j];
        magnitude += fabs((double)p->bias[j]);
    }
    *bound = magnitude * (double)(p->k + 4) * (double)FLT_EPSILON;
    return params->function == SOMA_RELU && result < 0 ? 0 : result;
}

static void compare(const product *p, const soma_device_info *info) {
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            double bound, expected = exact(p, i, j, &bound);
            double found = (double)p->after[i * p->n + j];
            ck_assert_msg(
                fabs(found - expected) <= bound,
                "%s, %zu x %zu x %zu, transposed %d %d, beta %g, bias %d: c[%zu, %zu] is %.9g, expected %.9g +- %.3g",
                info->name, p->m, p->n, p->k, p->params.transpose_a, p->params.transpose_b, (double)p->params.beta,
                p->has_bias, i, j, found, expected, bound);
        }
}

static void read_result(void *state, product *p) {
    expect_ok(soma_opencl_api.read(state, p->memory[3], 0, p->after, p->m * p->n * sizeof(float)));
}

static void check_product(void *state, const soma_device_info *info, product *p) {
    soma_call call = upload_product(state, p);
    prepare_call(state, &call);
    expect_ok(soma_opencl_api.run(state, &call, 1));
    read_result(state, p);
    compare(p, info);
    release_call(state, &call);
    free_memory(state, p);
    free_product(p);
}

/* Around the sizes at which kernels change their ways: vectors, tiles, panels, pieces of the inner dimension. The last
 * have right operands that are read where they lie, and last tiles of few rows. */
static const size_t shapes[][3] = {
    {1, 1, 1},      {1, 10, 64},     {7, 1, 33},      {3, 17, 5},    {8, 32, 16},     {9, 33, 17},
    {12, 16, 512},  {13, 15, 513},   {64, 10, 100},   {65, 65, 31},  {31, 100, 0},    {128, 48, 70},
    {5, 160, 1025}, {130, 129, 127}, {101, 200, 530}, {45, 64, 300}, {151, 256, 515},
};

static void check_variant(void *state, const soma_device_info *info, size_t shape, unsigned variant) {
    const bool plain = variant & 4;
    const soma_gemm_params params = {.transpose_a = variant & 1,
                                     .transpose_b = variant & 2,
                                     .alpha = plain ? 1 : 0.75f,
                                     .beta = plain ? 0 : -0.5f,
                                     .function = variant & 8 ? SOMA_RELU : SOMA_IDENTITY};
    product p = make_product(shapes[shape][0], shapes[shape][1], shapes[shape][2], params, variant & 8);
    check_product(state, info, &p);
}

static void check_variants(void *state, const soma_device_info *info) {
    for (size_t s = 0; s < SOMA_COUNT_OF(shapes); s++)
        for (unsigned variant = 0; variant < 16; variant++) check_variant(state, info, s, variant);
}

START_TEST(products_are_right) {
    with_each_device(check_variants);
}
END_TEST

/*
 * Many equal terms, of which one sum in float32 gets ever further off. Pieces of 512 terms, by sums of the magnitude of
 * the result at most: an element is off by one epsilon, half a FLT_EPSILON, for each term of a piece, for each piece,
 * and for the few operations after them. With a bias, for then the terms are not shared among groups.
 */
static void add_many_terms(void *state, const soma_device_info *info) {
    if (!soma_cl_works_on_vectors(state)) return;
    for (size_t m = 1; m <= 2; m++) {
        product p = make_product(m, 3, (size_t)1 << 18, (soma_gemm_params){.alpha = 1}, true);
        for (size_t i = 0; i < m * p.k; i++) p.a[i] = 0.1f;
        for (size_t i = 0; i < p.k * p.n; i++) p.b[i] = 1;
        for (size_t i = 0; i < p.n; i++) p.bias[i] = 0;
        soma_call call = upload_product(state, &p);
        prepare_call(state, &call);
        expect_ok(soma_opencl_api.run(state, &call, 1));
        read_result(state, &p);
        const double expected = (double)p.k * (double)0.1f,
                     bound = expected * (512 + (double)p.k / 512 + 8) * (double)FLT_EPSILON / 2;
        for (size_t i = 0; i < m * p.n; i++)
            ck_assert_msg(fabs((double)p.after[i] - expected) <= bound,
                          "%s: element %zu of %zu rows is %.9g, expected %.9g +- %.3g", info->name, i, m,
                          (double)p.after[i], expected, bound);
        release_call(state, &call);
        free_memory(state, &p);
        free_product(&p);
    }
}

START_TEST(deep_products_keep_their_digits) {
    if (getenv("SOMA_OPENCL_GEMM")) return; /* CLBlast adds as it does */
    with_each_device(add_many_terms);
}
END_TEST

/*
 * Every kernel that may be chosen for the device: with no operand transposed and all that comes after a product, and
 * with both transposed and nothing more.
 */
static void check_each_kernel(void *state, const soma_device_info *info) {
    soma_cl_device *device = state;
    for (size_t i = 0; i < SOMA_CL_GEMM_COUNT; i++) {
        if (!soma_cl_gemm_fits(device, &soma_cl_gemms[i]) || &soma_cl_gemms[i] == device->gemm) continue;
        device->forced_gemm = &soma_cl_gemms[i];
        for (size_t s = 0; s < SOMA_COUNT_OF(shapes); s++) {
            check_variant(state, info, s, 8);
            check_variant(state, info, s, 7);
        }
    }
    device->forced_gemm = NULL;
}

START_TEST(products_are_right_by_every_kernel) {
    if (getenv("SOMA_OPENCL_GEMM")) return; /* devices take long to open where that is CLBlast */
    with_each_device(check_each_kernel);
}
END_TEST

static void change_alpha_and_beta(void *state, const soma_device_info *info) {
    product p = make_product(33, 40, 50, (soma_gemm_params){.alpha = 1}, false);
    soma_call call = upload_product(state, &p);
    prepare_call(state, &call);
    static const float settings[][2] = {{1, 0}, {-2, 1}, {0.5f, 0.25f}, {1, 0}};
    for (size_t i = 0; i < SOMA_COUNT_OF(settings); i++) {
        p.params.alpha = call.params.gemm.alpha = settings[i][0];
        p.params.beta = call.params.gemm.beta = settings[i][1];
        expect_ok(soma_opencl_api.run(state, &call, 1));
        read_result(state, &p);
        compare(&p, info);
        memcpy(p.before, p.after, p.m * p.n * sizeof(float));
    }
    release_call(state, &call);
    free_memory(state, &p);
    free_product(&p);
}

START_TEST(alpha_and_beta_are_live) {
    with_each_device(change_alpha_and_beta);
}
END_TEST

static void repeat(void *state, const soma_device_info *info) {
    product p = make_product(100, 77, 700, (soma_gemm_params){.alpha = 1, .transpose_b = true}, true);
    soma_call call = upload_product(state, &p);
    prepare_call(state, &call);
    expect_ok(soma_opencl_api.run(state, &call, 1));
    read_result(state, &p);
    memcpy(p.before, p.after, p.m * p.n * sizeof(float));
    for (unsigned i = 0; i < 20; i++) {
        expect_ok(soma_opencl_api.run(state, &call, 1));
        read_result(state, &p);
        ck_assert_msg(memcmp(p.before, p.after, p.m * p.n * sizeof(float)) == 0, "%s: run %u differs", info->name, i);
    }
    release_call(state, &call);
    free_memory(state, &p);
    free_product(&p);
}

START_TEST(products_repeat_bit_by_bit) {
    with_each_device(repeat);
}
END_TEST

/* With beta = 0 what c holds does not matter, not even a NaN. */
static void overwrite_nan(void *state, const soma_device_info *info) {
    product p = make_product(20, 30, 40, (soma_gemm_params){.alpha = 1}, false);
    for (size_t i = 0; i < p.m * p.n; i++) p.before[i] = NAN;
    check_product(state, info, &p);
}

START_TEST(without_beta_the_result_is_not_read) {
    with_each_device(overwrite_nan);
}
END_TEST

/* ----------------------------------------------------------------------------------------------------------- threads
 */

enum { THREADS = 3, ROUNDS = 2 };

/* Whether each opening succeeded: threads other than that of the test must not end a test. */
typedef struct opener {
    pthread_t thread;
    uint32_t index;
    bool opened;
} opener;

static void *open_and_close(void *argument) {
    opener *self = argument;
    const soma_device_options options = {0};
    self->opened = true;
    for (int round = 0; round < ROUNDS; round++) {
        void *state = NULL;
        self->opened &= soma_opencl_api.open(self->index, &options, &state) == SOMA_OK;
        if (state) soma_opencl_api.close(state);
    }
    return NULL;
}

/* CLBlast tries itself out where a device opens and is told to forget where the last one closes; that it is counted
 * under a lock the thread sanitizer sees, too. */
START_TEST(clblast_serves_devices_that_open_at_a_time) {
    const found_devices found = find_devices();
    opener self[THREADS];
    for (size_t i = 0; i < found.count; i++) {
        if (!is_tested(&found.entry[i])) continue;
        for (size_t t = 0; t < THREADS; t++) {
            self[t] = (opener){.index = found.entry[i].index};
            ck_assert_int_eq(pthread_create(&self[t].thread, NULL, open_and_close, &self[t]), 0);
        }
        for (size_t t = 0; t < THREADS; t++) ck_assert_int_eq(pthread_join(self[t].thread, NULL), 0);
        for (size_t t = 0; t < THREADS; t++) ck_assert_msg(self[t].opened, "%s did not open", found.entry[i].info.name);
    }
}
END_TEST

static void add_threads(TCase *cases) {
    tcase_add_test(cases, clblast_serves_devices_that_open_at_a_time);
}

static void add_products(TCase *cases) {
    tcase_add_test(cases, products_are_right);
    tcase_add_test(cases, deep_products_keep_their_digits);
}

static void add_tests(TCase *cases) {
    add_products(cases);
    tcase_add_test(cases, products_are_right_by_every_kernel);
    tcase_add_test(cases, alpha_and_beta_are_live);
    tcase_add_test(cases, products_repeat_bit_by_bit);
    tcase_add_test(cases, without_beta_the_result_is_not_read);
}

/* "products": these alone, where each test would compile its kernels anew. "threads": devices that open at a time. */
int main(int argc, char **argv) {
    const int skip = skip_without_device();
    if (skip) return skip;
    if (argc == 1) return run_suite("opencl gemm", add_tests);
    return run_suite("opencl gemm", strcmp(argv[1], "threads") == 0 ? add_threads : add_products);
}
