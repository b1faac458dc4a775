/* SPDX-License-Identifier: MIT */
/*
 * Lists of calls whose launches the threads of a processor share: products large enough for that, between small calls
 * that one thread does. All is in whole numbers that float32 holds, so what is expected is known exactly, whichever
 * thread did what.
 */
#include "opencl_devices.h"

#include "device/opencl/launch/list.h"
#include "suite.h"
#include <string.h>

/* x is gathered, y = x w, u = x^T y, and s = s + the sum of the losses of the first column of y. */
enum { CALLS = 5, ROWS = 96, INNER = 160, COLUMNS = 80, TABLE = 11, INDICES = 200, RUNS = 300 };

typedef struct job {
    void *table, *index, *w, *x, *y, *u, *sums, *total;
    soma_call call[CALLS];
} job;

static float table_at(size_t row, size_t column) {
    return (float)((row * 5 + column * 3) % 7) - 3;
}

static int32_t index_at(size_t i) {
    return (int32_t)(i * i % TABLE);
}

static float w_at(size_t row, size_t column) {
    return (float)((row + column * column) % 5) - 2;
}

static void make_job(job *j, void *state) {
    static float table[TABLE * INNER], w[INNER * COLUMNS];
    static int32_t index[INDICES];
    for (size_t i = 0; i < SOMA_COUNT_OF(table); i++) table[i] = table_at(i / INNER, i % INNER);
    for (size_t i = 0; i < SOMA_COUNT_OF(w); i++) w[i] = w_at(i / COLUMNS, i % COLUMNS);
    for (size_t i = 0; i < INDICES; i++) index[i] = index_at(i);
    j->table = upload(state, table, sizeof table);
    j->index = upload(state, index, sizeof index);
    j->w = upload(state, w, sizeof w);
    j->x = upload(state, NULL, ROWS * INNER * sizeof(float));
    j->y = upload(state, NULL, ROWS * COLUMNS * sizeof(float));
    j->u = upload(state, NULL, INNER * COLUMNS * sizeof(float));
    j->sums = upload(state, NULL, COLUMNS * sizeof(float));
    j->total = upload(state, (float[2]){0, 0}, 2 * sizeof(float));
    const soma_view x = matrix_view(j->x, ROWS, INNER), y = matrix_view(j->y, ROWS, COLUMNS);
    const size_t cube[3] = {1, ROWS, COLUMNS}, flat[2] = {1, COLUMNS};
    j->call[0] =
        soma_call_gather(matrix_view(j->table, TABLE, INNER), vector_view(j->index, SOMA_I32, INDICES), x, 0, 1, 0);
    j->call[1] = soma_call_gemm(x, matrix_view(j->w, INNER, COLUMNS), soma_view_absent(), y,
                                (soma_gemm_params){.alpha = 1, .function = SOMA_IDENTITY});
    j->call[2] = soma_call_reduce(soma_view_of(j->y, 0, SOMA_F32, 3, cube), soma_view_of(j->sums, 0, SOMA_F32, 2, flat),
                                  SOMA_REDUCE_SUM);
    j->call[3] = soma_call_metric(matrix_view(j->sums, COLUMNS, 1), soma_view_absent(), matrix_view(j->total, 1, 2),
                                  soma_view_absent(), (soma_metric_params){.kind = SOMA_METRIC_SUM});
    j->call[4] = soma_call_gemm(x, y, soma_view_absent(), matrix_view(j->u, INNER, COLUMNS),
                                (soma_gemm_params){.alpha = 1, .transpose_a = true, .function = SOMA_IDENTITY});
    for (size_t i = 0; i < CALLS; i++) prepare_call(state, &j->call[i]);
}

static void free_job(void *state, job *j) {
    for (size_t i = 0; i < CALLS; i++) release_call(state, &j->call[i]);
    void *const memories[] = {j->table, j->index, j->w, j->x, j->y, j->u, j->sums, j->total};
    for (size_t i = 0; i < SOMA_COUNT_OF(memories); i++) soma_opencl_api.free(state, memories[i]);
}

/* What a run makes that gathers from `start` on; returns what it adds to the total. */
static double expected_of(size_t start, float *y, float *u) {
    double sum = 0;
    for (size_t i = 0; i < ROWS; i++)
        for (size_t c = 0; c < COLUMNS; c++) {
            float total = 0;
            for (size_t k = 0; k < INNER; k++) total += table_at((size_t)index_at(start + i), k) * w_at(k, c);
            y[i * COLUMNS + c] = total;
            sum += (double)total;
        }
    for (size_t k = 0; k < INNER; k++)
        for (size_t c = 0; c < COLUMNS; c++) {
            float total = 0;
            for (size_t i = 0; i < ROWS; i++) total += table_at((size_t)index_at(start + i), k) * y[i * COLUMNS + c];
            u[k * COLUMNS + c] = total;
        }
    return sum;
}

static void expect_equal(const float *found, const float *expected, size_t count, const char *what, const char *name,
                         size_t run) {
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(found[i] == expected[i], "%s: run %zu: %s[%zu] is %g, expected %g", name, run, what, i,
                      (double)found[i], (double)expected[i]);
}

static void run_and_check(void *state, job *j, const soma_device_info *info) {
    static float y[ROWS * COLUMNS], u[INNER * COLUMNS], expected_y[ROWS * COLUMNS], expected_u[INNER * COLUMNS];
    double total = 0;
    float found[2];
    for (size_t run = 0; run < RUNS; run++) {
        const size_t start = run * 7 % (INDICES - ROWS);
        j->call[0].params.gather.start = start;
        expect_ok(soma_opencl_api.run(state, j->call, CALLS));
        const bool checked = run % 10 == 9;
        if (!checked && run > 20) { /* many lists one behind the other, without a wait */
            static double sums[INDICES];
            if (sums[start] == 0) sums[start] = expected_of(start, expected_y, expected_u);
            total += sums[start];
            continue;
        }
        total += expected_of(start, expected_y, expected_u);
        expect_ok(soma_opencl_api.read(state, j->y, 0, y, sizeof y));
        expect_ok(soma_opencl_api.read(state, j->u, 0, u, sizeof u));
        expect_ok(soma_opencl_api.read(state, j->total, 0, found, sizeof found));
        expect_equal(y, expected_y, SOMA_COUNT_OF(y), "y", info->name, run);
        expect_equal(u, expected_u, SOMA_COUNT_OF(u), "u", info->name, run);
        ck_assert_msg((double)found[0] == total, "%s: run %zu: the total is %g, expected %g", info->name, run,
                      (double)found[0], total);
    }
}

static void share_products(void *state, const soma_device_info *info) {
    const soma_cl_device *device = state;
    const bool lists = device->lists[false];
    job j;
    make_job(&j, state);
    expect_ok(soma_opencl_api.arrange(state, j.call, CALLS, SIZE_MAX));
    ck_assert_msg(device->lists[false] == lists, "%s: the kernel of lists does not build", info->name);
    const soma_cl_list *list = ((soma_cl_prepared *)j.call[0].prepared)->list;
    for (size_t i = 0; lists && i < CALLS; i++)
        ck_assert_msg(list && ((soma_cl_prepared *)j.call[i].prepared)->list == list, "%s: call %zu is not in the list",
                      info->name, i);
    ck_assert_msg(!lists || (list->groups > 1) == (info->compute_units > 1), "%s: %zu groups for %u threads",
                  info->name, list->groups, info->compute_units);
    run_and_check(state, &j, info);
    ck_assert_msg(device->lists[false] == lists, "%s: the kernel of lists does not run", info->name);
    free_job(state, &j);
}

START_TEST(threads_share_large_launches_of_a_list) {
    with_each_device(share_products);
}
END_TEST

/*
 * The gradient of ReLU behind a layer of a usual size, and its sums by columns: enough to be shared. In whole numbers,
 * so that sums are the same in any order.
 */
enum { BATCH = 128, UNITS = 128 };

static float gradient_at(size_t i) {
    return (float)((i * 11 + i / UNITS) % 9) - 4;
}

static bool is_positive_at(size_t i) {
    return (i * 7 + i / UNITS) % 5 < 3;
}

static void share_gradient(void *state, const soma_device_info *info) {
    const soma_cl_device *device = state;
    static float y[BATCH * UNITS], dy[BATCH * UNITS], dx[BATCH * UNITS], sums[UNITS];
    static float expected_dx[BATCH * UNITS], expected_sums[UNITS];
    memset(expected_sums, 0, sizeof expected_sums);
    for (size_t i = 0; i < SOMA_COUNT_OF(y); i++) {
        y[i] = is_positive_at(i) ? 1 : 0;
        dy[i] = gradient_at(i);
        expected_dx[i] = is_positive_at(i) ? dy[i] : 0;
        expected_sums[i % UNITS] += expected_dx[i];
    }
    void *const memory[] = {upload(state, dy, sizeof dy), upload(state, y, sizeof y), upload(state, NULL, sizeof dx),
                            upload(state, NULL, sizeof sums)};
    soma_call call =
        soma_call_bias_unary_grad(matrix_view(memory[0], BATCH, UNITS), matrix_view(memory[1], BATCH, UNITS),
                                  matrix_view(memory[2], BATCH, UNITS), vector_view(memory[3], SOMA_F32, UNITS),
                                  (soma_unary_params){.function = SOMA_RELU});
    prepare_call(state, &call);
    expect_ok(soma_opencl_api.arrange(state, &call, 1, SIZE_MAX));
    const soma_cl_list *list = ((soma_cl_prepared *)call.prepared)->list;
    /* Where one thread alone is there its launch is one, and no list. */
    ck_assert_msg(!device->lists[false] || info->compute_units == 1 || (list && list->groups > 1),
                  "%s: the gradient is not shared", info->name);
    for (size_t run = 0; run < RUNS; run++) expect_ok(soma_opencl_api.run(state, &call, 1));
    expect_ok(soma_opencl_api.read(state, memory[2], 0, dx, sizeof dx));
    expect_ok(soma_opencl_api.read(state, memory[3], 0, sums, sizeof sums));
    expect_equal(dx, expected_dx, SOMA_COUNT_OF(dx), "dx", info->name, RUNS);
    expect_equal(sums, expected_sums, SOMA_COUNT_OF(sums), "sums", info->name, RUNS);
    release_call(state, &call);
    for (size_t i = 0; i < SOMA_COUNT_OF(memory); i++) soma_opencl_api.free(state, memory[i]);
}

START_TEST(threads_share_a_functions_gradient) {
    with_each_device(share_gradient);
}
END_TEST

/* Two small calls: sharing would cost more than it saves. */
static void add_alone(void *state, const soma_device_info *info) {
    const soma_cl_device *device = state;
    float x[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    void *memory = upload(state, x, sizeof x);
    const soma_view view = vector_view(memory, SOMA_F32, 8);
    soma_call calls[2] = {soma_call_binary(view, view, view, SOMA_BINARY_ADD),
                          soma_call_binary(view, view, view, SOMA_BINARY_MULTIPLY)};
    for (size_t i = 0; i < 2; i++) prepare_call(state, &calls[i]);
    expect_ok(soma_opencl_api.arrange(state, calls, 2, SIZE_MAX));
    const soma_cl_list *list = ((soma_cl_prepared *)calls[0].prepared)->list;
    ck_assert_msg(!device->lists[false] || (list && list->groups == 1), "%s: small calls are shared", info->name);
    expect_ok(soma_opencl_api.run(state, calls, 2));
    float found[8];
    expect_ok(soma_opencl_api.read(state, memory, 0, found, sizeof found));
    for (int i = 0; i < 8; i++)
        ck_assert_msg(found[i] == 4 * x[i] * x[i], "%s: (2 * %g)^2 is %g", info->name, (double)x[i], (double)found[i]);
    for (size_t i = 0; i < 2; i++) release_call(state, &calls[i]);
    soma_opencl_api.free(state, memory);
}

START_TEST(one_thread_does_small_calls) {
    with_each_device(add_alone);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, threads_share_large_launches_of_a_list);
    if (SOMA_HAS_TRAINING) tcase_add_test(cases, threads_share_a_functions_gradient);
    tcase_add_test(cases, one_thread_does_small_calls);
}

int main(void) {
    const int skip = skip_without_device();
    return skip ? skip : run_suite("opencl share", add_tests);
}
