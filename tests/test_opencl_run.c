/* SPDX-License-Identifier: MIT */
/* Running prepared calls on OpenCL: live parameters, order, views inside a memory, work in place, the same bits each
 * time. */
#include "opencl_devices.h"

#include "base/random.h"
#include "device/opencl/launch/launch.h"
#include "device/opencl/strided.h"
#include "suite.h"
#include <math.h>

static void run_and_read(void *state, soma_call *call, void *memory, float *values, size_t count) {
    expect_ok(soma_opencl_api.run(state, call, 1));
    expect_ok(soma_opencl_api.read(state, memory, 0, values, count * sizeof *values));
}

/* --------------------------------------------------------------------------------------------------- views together */

/* Element by element, which takes no strides, only where both views have no gap and the same order. */
START_TEST(views_without_gaps_are_flat) {
    const size_t shape[3] = {4, 3, 2}, one[3] = {1, 1, 1};
    const soma_view whole = soma_view_of(NULL, 0, SOMA_F32, 3, shape), single = soma_view_of(NULL, 0, SOMA_F32, 3, one);
    soma_view gap = whole, turned = whole;
    gap.stride[0] = 7;
    turned.stride[1] = 1;
    turned.stride[2] = 3;
    const struct {
        const soma_view *first, *second;
        bool flat;
    } cases[] = {{&whole, &whole, true}, {&single, &single, true}, {&whole, &gap, false},
                 {&gap, &whole, false},  {&whole, &turned, false}, {&turned, &whole, false}};
    for (size_t i = 0; i < SOMA_COUNT_OF(cases); i++) {
        const soma_cl_strided together = soma_cl_collapse(cases[i].first, cases[i].second);
        ck_assert_msg(soma_cl_is_flat(&together) == cases[i].flat, "case %zu", i);
    }
}
END_TEST

/* ----------------------------------------------------------------------------------------------- live parameters */

static void move_start(void *state, const soma_device_info *info) {
    const int32_t rows[8] = {3, 1, 4, 1, 5, 9, 2, 6};
    float table[10], out[2];
    for (int i = 0; i < 10; i++) table[i] = (float)i * 10;
    void *memory[3] = {upload(state, table, sizeof table), upload(state, rows, sizeof rows),
                       upload(state, NULL, sizeof out)};
    soma_call call = soma_call_gather(matrix_view(memory[0], 10, 1), vector_view(memory[1], SOMA_I32, 8),
                                      matrix_view(memory[2], 2, 1), 0, 1, 0);
    prepare_call(state, &call);
    for (size_t start = 0; start <= 6; start += 2) {
        call.params.gather.start = start;
        run_and_read(state, &call, memory[2], out, 2);
        ck_assert_msg(out[0] == (float)rows[start] * 10 && out[1] == (float)rows[start + 1] * 10,
                      "%s: from %zu on: %g and %g", info->name, start, (double)out[0], (double)out[1]);
    }
    release_call(state, &call);
    for (size_t i = 0; i < 3; i++) soma_opencl_api.free(state, memory[i]);
}

START_TEST(start_of_gather_is_live) {
    with_each_device(move_start);
}
END_TEST

/* Powers of two and small integers: every step is exact. */
static void change_rate(void *state, const soma_device_info *info) {
    float parameter[3] = {8, 16, -8}, out[3];
    const float gradient[3] = {1, 2, -4};
    void *memory[2] = {upload(state, parameter, sizeof parameter), upload(state, gradient, sizeof gradient)};
    const soma_view absent = soma_view_absent();
    soma_call call =
        soma_call_optimizer(vector_view(memory[0], SOMA_F32, 3), vector_view(memory[1], SOMA_F32, 3), absent, absent,
                            absent, (soma_optimizer_params){.kind = SOMA_SGD, .learning_rate = 1});
    prepare_call(state, &call);
    static const float rates[] = {1, 0.5f, 0.5f, 0, 2};
    for (size_t r = 0; r < SOMA_COUNT_OF(rates); r++) {
        call.params.optimizer.learning_rate = rates[r];
        run_and_read(state, &call, memory[0], out, 3);
        for (size_t i = 0; i < 3; i++) {
            parameter[i] -= rates[r] * gradient[i];
            ck_assert_msg(out[i] == parameter[i], "%s: step %zu: parameter %zu is %g, expected %g", info->name, r, i,
                          (double)out[i], (double)parameter[i]);
        }
    }
    release_call(state, &call);
    for (size_t i = 0; i < 2; i++) soma_opencl_api.free(state, memory[i]);
}

START_TEST(learning_rate_is_live) {
    with_each_device(change_rate);
}
END_TEST

static void change_step(void *state, const soma_device_info *info) {
    enum { COUNT = 1000 };
    float ones[COUNT], first[COUNT], second[COUNT];
    for (size_t i = 0; i < COUNT; i++) ones[i] = 1;
    void *x = upload(state, ones, sizeof ones), *out = upload(state, NULL, sizeof ones);
    soma_call call = soma_call_dropout(vector_view(x, SOMA_F32, COUNT), vector_view(out, SOMA_F32, COUNT),
                                       (soma_dropout_params){.rate = 0.5f, .seed = 1});
    prepare_call(state, &call);
    run_and_read(state, &call, out, first, COUNT);
    call.params.dropout.step = UINT64_C(1) << 32; /* differs in the high word alone */
    run_and_read(state, &call, out, second, COUNT);
    ck_assert_msg(memcmp(first, second, sizeof first) != 0, "%s: another step drops the same elements", info->name);
    call.params.dropout.step = 0;
    run_and_read(state, &call, out, second, COUNT);
    ck_assert_msg(memcmp(first, second, sizeof first) == 0, "%s: the same step drops other elements", info->name);
    release_call(state, &call);
    soma_opencl_api.free(state, x);
    soma_opencl_api.free(state, out);
}

START_TEST(step_of_dropout_is_live) {
    with_each_device(change_step);
}
END_TEST

/* ---------------------------------------------------------------------------------------------- lists and memory */

/* x += y in place, thousands of times in one list and many lists without a wait. */
static void add_often(void *state, const soma_device_info *info) {
    enum { CALLS = 500, LISTS = 10, COUNT = 37 };
    float zeros[COUNT] = {0}, ones[COUNT], found[COUNT];
    for (size_t i = 0; i < COUNT; i++) ones[i] = 1;
    void *x = upload(state, zeros, sizeof zeros), *y = upload(state, ones, sizeof ones);
    soma_call *calls = soma_calloc(CALLS, sizeof *calls);
    ck_assert_ptr_nonnull(calls);
    const soma_view sum = vector_view(x, SOMA_F32, COUNT);
    for (size_t i = 0; i < CALLS; i++) {
        calls[i] = soma_call_binary(sum, vector_view(y, SOMA_F32, COUNT), sum, SOMA_BINARY_ADD);
        prepare_call(state, &calls[i]);
    }
    for (size_t list = 0; list < LISTS; list++) expect_ok(soma_opencl_api.run(state, calls, CALLS));
    expect_ok(soma_opencl_api.read(state, x, 0, found, sizeof found));
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_msg(found[i] == CALLS * LISTS, "%s: element %zu is %g", info->name, i, (double)found[i]);
    for (size_t i = 0; i < CALLS; i++) release_call(state, &calls[i]);
    soma_free(calls);
    soma_opencl_api.free(state, x);
    soma_opencl_api.free(state, y);
}

START_TEST(calls_run_in_order) {
    with_each_device(add_often);
}
END_TEST

/* From one place of a memory to another of the same; then a slice that is not aligned. */
static void use_offsets(void *state, const soma_device_info *info) {
    const size_t step = info->alignment / sizeof(float), count = 3 * step;
    float *values = soma_calloc(count, sizeof *values), *found = soma_calloc(count, sizeof *found);
    ck_assert(values && found);
    for (size_t i = 0; i < count; i++) values[i] = (float)i;
    void *memory = upload(state, values, count * sizeof *values);
    soma_view from = vector_view(memory, SOMA_F32, 10), to = from;
    from.offset = 2 * (size_t)info->alignment;
    to.offset = info->alignment;
    soma_call square = soma_call_unary(from, to, (soma_unary_params){SOMA_SQUARE, 0, 0});
    from.offset = 5 * sizeof(float);
    to.offset = 2 * (size_t)info->alignment + 3 * sizeof(float);
    soma_call slice = soma_call_copy(from, to, 1, 0);
    soma_call calls[2] = {square, slice};
    for (size_t i = 0; i < 2; i++) prepare_call(state, &calls[i]);
    expect_ok(soma_opencl_api.run(state, calls, 2));
    expect_ok(soma_opencl_api.read(state, memory, 0, found, count * sizeof *found));
    for (size_t i = 0; i < count; i++) {
        float expected = values[i];
        if (i >= step && i < step + 10) expected = values[i + step] * values[i + step];
        if (i >= 2 * step + 3 && i < 2 * step + 13) expected = values[i - (2 * step + 3) + 5];
        ck_assert_msg(found[i] == expected, "%s: element %zu is %g, expected %g", info->name, i, (double)found[i],
                      (double)expected);
    }
    for (size_t i = 0; i < 2; i++) release_call(state, &calls[i]);
    soma_opencl_api.free(state, memory);
    soma_free(values);
    soma_free(found);
}

START_TEST(views_lie_anywhere_in_a_memory) {
    with_each_device(use_offsets);
}
END_TEST

static void run_nothing(void *state, const soma_device_info *info) {
    (void)info;
    soma_call call = soma_call_unary(vector_view(NULL, SOMA_F32, 0), vector_view(NULL, SOMA_F32, 0),
                                     (soma_unary_params){SOMA_RELU, 0, 0});
    prepare_call(state, &call);
    expect_ok(soma_opencl_api.run(state, &call, 1));
    expect_ok(soma_opencl_api.sync(state));
    release_call(state, &call);
}

START_TEST(calls_without_elements_need_no_memory) {
    with_each_device(run_nothing);
}
END_TEST

/* Host memory without a copy, at an odd address, where the device can: the values come from there, even those written
 * later. */
static void gather_from_host(void *state, const soma_device_info *info) {
    static unsigned char host[65];
    unsigned char *table = host + 1;
    for (int i = 0; i < 64; i++) table[i] = (unsigned char)i;
    void *memory = NULL;
    const soma_status status = soma_opencl_api.wrap(state, table, 64, &memory);
    if (status == SOMA_UNSUPPORTED) return;
    expect_ok(status);
    float found[64];
    void *out = upload(state, NULL, sizeof found);
    soma_call call = soma_call_gather(matrix_view(memory, 4, 16), soma_view_absent(), matrix_view(out, 4, 16), 0, 2, 0);
    call.view[0].dtype = SOMA_U8;
    prepare_call(state, &call);
    for (int round = 0; round < 2; round++) {
        run_and_read(state, &call, out, found, 64);
        for (int i = 0; i < 64; i++)
            ck_assert_msg(found[i] == 2 * (float)table[i], "%s: element %d is %g", info->name, i, (double)found[i]);
        table[5] = 200;
    }
    release_call(state, &call);
    soma_opencl_api.free(state, memory);
    soma_opencl_api.free(state, out);
}

START_TEST(host_memory_is_used_without_a_copy) {
    with_each_device(gather_from_host);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- sums */

/* 2^24 + 1 is no float32: only compensation adds ones to 2^24. */
static void add_ones(void *state, const soma_device_info *info) {
    const float one = 1, start[2] = {16777216, 0};
    float found[2];
    void *x = upload(state, &one, sizeof one), *accumulator = upload(state, start, sizeof start);
    soma_call call = soma_call_metric(vector_view(x, SOMA_F32, 1), soma_view_absent(), matrix_view(accumulator, 1, 2),
                                      soma_view_absent(), (soma_metric_params){.kind = SOMA_METRIC_SUM});
    prepare_call(state, &call);
    for (size_t i = 0; i < 1000; i++) expect_ok(soma_opencl_api.run(state, &call, 1));
    expect_ok(soma_opencl_api.read(state, accumulator, 0, found, sizeof found));
    ck_assert_msg((double)found[0] - (double)found[1] == 16778216.0, "%s: the sum is %.10g - %g", info->name,
                  (double)found[0], (double)found[1]);
    release_call(state, &call);
    soma_opencl_api.free(state, x);
    soma_opencl_api.free(state, accumulator);
}

START_TEST(metrics_add_with_compensation) {
    with_each_device(add_ones);
}
END_TEST

/* A sum over so many elements that several groups share it: the same bits each time, and next to the float64 sum. */
static void repeat_sum(void *state, const soma_device_info *info) {
    const size_t count = 300007, shape[3] = {1, count, 1};
    float *values = soma_calloc(count, sizeof *values), first, again;
    ck_assert_ptr_nonnull(values);
    soma_random random;
    soma_random_init(&random, 5, 1);
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        values[i] = soma_random_uniform(&random);
        sum += (double)values[i];
    }
    void *x = upload(state, values, count * sizeof *values), *out = upload(state, NULL, sizeof first);
    soma_call call = soma_call_reduce(soma_view_of(x, 0, SOMA_F32, 3, shape), matrix_view(out, 1, 1), SOMA_REDUCE_SUM);
    prepare_call(state, &call);
    run_and_read(state, &call, out, &first, 1);
    /* No lane adds more than 8192 numbers one after the other; what comes after are trees. */
    ck_assert_msg(fabs((double)first - sum) <= sum * 8300 * 0x1p-24, "%s: the sum is %.9g, expected %.9g", info->name,
                  (double)first, sum);
    for (size_t i = 0; i < 20; i++) {
        run_and_read(state, &call, out, &again, 1);
        ck_assert_msg(memcmp(&first, &again, sizeof first) == 0, "%s: %.9g, then %.9g", info->name, (double)first,
                      (double)again);
    }
    release_call(state, &call);
    soma_opencl_api.free(state, x);
    soma_opencl_api.free(state, out);
    soma_free(values);
}

START_TEST(sums_repeat_bit_by_bit) {
    with_each_device(repeat_sum);
}
END_TEST

/* llvmpipe breaks off long loops without a word: such calls are left to the host there, and right elsewhere. */
static void multiply_long_rows(void *state, const soma_device_info *info) {
    const size_t k = 200000;
    float *ones = soma_calloc(k, sizeof *ones), found;
    ck_assert_ptr_nonnull(ones);
    for (size_t i = 0; i < k; i++) ones[i] = 1;
    void *a = upload(state, ones, k * sizeof *ones), *c = upload(state, NULL, sizeof found);
    soma_call call = soma_call_gemm(matrix_view(a, 1, k), matrix_view(a, k, 1), soma_view_absent(),
                                    matrix_view(c, 1, 1), (soma_gemm_params){.alpha = 1});
    size_t workspace = 0;
    const soma_status status = soma_opencl_api.prepare(state, &call, &workspace);
    if (status != SOMA_UNSUPPORTED) {
        expect_ok(status);
        call.workspace =
            workspace ? upload(state, NULL, workspace) : NULL; /* of a product that is cut along its terms */
        run_and_read(state, &call, c, &found, 1);
        if (workspace) soma_opencl_api.free(state, call.workspace);
        ck_assert_msg(found == (float)k, "%s: %zu ones make %g", info->name, k, (double)found);
    }
    soma_opencl_api.release(state, &call);
    soma_opencl_api.free(state, a);
    soma_opencl_api.free(state, c);
    soma_free(ones);
}

START_TEST(long_sums_are_whole_or_refused) {
    with_each_device(multiply_long_rows);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ calls that repeat */

/* Rows are gathered, multiplied by a matrix with bias and function, and summed up; and some columns of the products,
 * from one on that is not aligned, are picked, multiplied by their sums, and by themselves; twice over, with memory of
 * their own. */
enum { CHAIN = 7, ROWS = 5, INNER = 7, COLUMNS = 19, INDICES = 50, PICKED = 9, FIRST_PICKED = 3 };
typedef struct chain {
    void *state, *rows, *product, *sums, *accumulator, *picked;
    soma_call call[CHAIN];
} chain;

static void make_chain(chain *c, void *state, void *const *shared) {
    c->state = state;
    c->rows = upload(state, NULL, ROWS * INNER * sizeof(float));
    c->product = upload(state, NULL, ROWS * COLUMNS * sizeof(float));
    c->sums = upload(state, NULL, COLUMNS * sizeof(float));
    c->accumulator = upload(state, (float[2]){0, 0}, 2 * sizeof(float));
    c->picked = upload(state, NULL, ROWS * PICKED * sizeof(float));
    const soma_view product = matrix_view(c->product, ROWS, COLUMNS), picked = matrix_view(c->picked, ROWS, PICKED);
    soma_view columns = picked, repeated = picked;
    columns.memory = c->product;
    columns.offset = FIRST_PICKED * sizeof(float);
    columns.stride[0] = COLUMNS;
    repeated.memory = c->sums;
    repeated.stride[0] = 0;
    const size_t cube[3] = {1, ROWS, COLUMNS}, flat[2] = {1, COLUMNS};
    c->call[0] = soma_call_gather(matrix_view(shared[0], 10, INNER), vector_view(shared[1], SOMA_I32, INDICES),
                                  matrix_view(c->rows, ROWS, INNER), 0, 1, 0);
    c->call[1] = soma_call_gemm(matrix_view(c->rows, ROWS, INNER), matrix_view(shared[2], INNER, COLUMNS),
                                vector_view(shared[3], SOMA_F32, COLUMNS), product,
                                (soma_gemm_params){.alpha = 1, .function = SOMA_TANH});
    c->call[2] = soma_call_reduce(soma_view_of(c->product, 0, SOMA_F32, 3, cube),
                                  soma_view_of(c->sums, 0, SOMA_F32, 2, flat), SOMA_REDUCE_SUM);
    c->call[3] =
        soma_call_metric(matrix_view(c->sums, COLUMNS, 1), soma_view_absent(), matrix_view(c->accumulator, 1, 2),
                         soma_view_absent(), (soma_metric_params){.kind = SOMA_METRIC_SUM});
    c->call[4] = soma_call_copy(columns, picked, 1, 0);
    c->call[5] = soma_call_binary(picked, repeated, picked, SOMA_BINARY_MULTIPLY);
    c->call[6] = soma_call_binary(picked, picked, picked, SOMA_BINARY_MULTIPLY); /* no strides: another kernel */
    for (int i = 0; i < CHAIN; i++) prepare_call(state, &c->call[i]);
}

static void free_chain(chain *c) {
    for (int i = 0; i < CHAIN; i++) release_call(c->state, &c->call[i]);
    void *const memories[] = {c->rows, c->product, c->sums, c->accumulator, c->picked};
    for (size_t i = 0; i < SOMA_COUNT_OF(memories); i++) soma_opencl_api.free(c->state, memories[i]);
}

static void expect_same(const chain *together, const chain *alone, const soma_device_info *info, size_t run) {
    enum { COUNT = ROWS * COLUMNS + 2 + ROWS * PICKED };
    float found[COUNT], expected[COUNT];
    const chain *chains[2] = {together, alone};
    for (int i = 0; i < 2; i++) {
        float *to = i ? expected : found;
        expect_ok(soma_opencl_api.read(chains[i]->state, chains[i]->product, 0, to, ROWS * COLUMNS * sizeof *to));
        expect_ok(
            soma_opencl_api.read(chains[i]->state, chains[i]->accumulator, 0, to + ROWS * COLUMNS, 2 * sizeof *to));
        expect_ok(soma_opencl_api.read(chains[i]->state, chains[i]->picked, 0, to + ROWS * COLUMNS + 2,
                                       ROWS * PICKED * sizeof *to));
    }
    ck_assert_msg(memcmp(found, expected, sizeof found) == 0, "%s: run %zu in a list differs from calls one by one",
                  info->name, run);
}

/* Runs the chain in one list and call by call, from another row on and with another factor each time. */
static void run_both(chain *together, chain *alone, const soma_device_info *info, size_t first, size_t runs) {
    for (size_t run = first; run < first + runs; run++) {
        for (int i = 0; i < 2; i++) {
            chain *c = i ? alone : together;
            c->call[0].params.gather.start = run % (INDICES - ROWS);
            c->call[1].params.gemm.alpha = 1 + (float)run / 64;
        }
        expect_ok(soma_opencl_api.run(together->state, together->call, CHAIN));
        for (int i = 0; i < CHAIN; i++) expect_ok(soma_opencl_api.run(alone->state, &alone->call[i], 1));
        expect_same(together, alone, info, run);
    }
}

static void repeat_calls(void *state, const soma_device_info *info) {
    float table[10 * INNER], matrix[INNER * COLUMNS], bias[COLUMNS];
    int32_t index[INDICES];
    soma_random random;
    soma_random_init(&random, 1, 0);
    for (size_t i = 0; i < SOMA_COUNT_OF(table); i++) table[i] = soma_random_uniform(&random);
    for (size_t i = 0; i < SOMA_COUNT_OF(matrix); i++) matrix[i] = soma_random_uniform(&random) - 0.5f;
    for (size_t i = 0; i < SOMA_COUNT_OF(bias); i++) bias[i] = soma_random_uniform(&random) - 0.5f;
    for (size_t i = 0; i < INDICES; i++) index[i] = (int32_t)soma_random_below(&random, 10);
    void *shared[] = {upload(state, table, sizeof table), upload(state, index, sizeof index),
                      upload(state, matrix, sizeof matrix), upload(state, bias, sizeof bias)};
    chain together, alone;
    const soma_cl_device *device = state;
    const bool lists = device->lists[false];
    make_chain(&together, state, shared);
    make_chain(&alone, state, shared);
    run_both(&together, &alone, info, 0, 3);
    expect_ok(soma_opencl_api.arrange(state, together.call, CHAIN, SIZE_MAX));
    /* Where it does not build, nothing else would say so: the calls are run one by one. */
    ck_assert_msg(device->lists[false] == lists, "%s: the kernel of lists does not build", info->name);
    for (int i = 0; lists && i < CHAIN; i++) {
        const soma_cl_prepared *first = together.call[0].prepared, *prepared = together.call[i].prepared;
        ck_assert_msg(first->list && prepared->list == first->list, "%s: call %d is not in the list", info->name, i);
    }
    run_both(&together, &alone, info, 3, 30);
    /* A part of the calls that have run together so far, and then again all. */
    expect_ok(soma_opencl_api.run(state, together.call, 2));
    run_both(&together, &alone, info, 30, 5);
    /* One of them is another call now. */
    release_call(state, &together.call[2]);
    prepare_call(state, &together.call[2]);
    run_both(&together, &alone, info, 35, 3);
    expect_ok(soma_opencl_api.arrange(state, together.call, CHAIN, SIZE_MAX));
    run_both(&together, &alone, info, 38, 30);
    free_chain(&together);
    free_chain(&alone);
    for (size_t i = 0; i < SOMA_COUNT_OF(shared); i++) soma_opencl_api.free(state, shared[i]);
}

START_TEST(lists_of_calls_repeat_bit_by_bit) {
    with_each_device(repeat_calls);
}
END_TEST

/* Rows 2, 0, 2 and 1 of a table of three were taken. Two calls in a list: of all rows, and without row 2. */
static void sum_rows(void *state, const soma_device_info *info) {
    enum { TABLE = 3, WIDE = 2, POSITIONS = 4, CALLS = 2 };
    static const int32_t index[POSITIONS] = {2, 0, 2, 1};
    static const float dy[POSITIONS * WIDE] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const float expected[CALLS][TABLE * WIDE] = {{3, 4, 7, 8, 6, 8}, {3, 4, 7, 8, 0, 0}};
    void *given = upload(state, dy, sizeof dy), *rows = upload(state, index, sizeof index), *table[CALLS];
    soma_call calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        table[i] = upload(state, NULL, sizeof expected[i]);
        calls[i] = soma_call_gather_grad(matrix_view(given, POSITIONS, WIDE), vector_view(rows, SOMA_I32, POSITIONS),
                                         matrix_view(table[i], TABLE, WIDE), i ? 2 : -1);
        prepare_call(state, &calls[i]);
    }
    for (int arranged = 0; arranged < 2; arranged++) {
        float found[TABLE * WIDE];
        if (arranged) expect_ok(soma_opencl_api.arrange(state, calls, CALLS, SIZE_MAX));
        expect_ok(soma_opencl_api.run(state, calls, CALLS));
        for (int i = 0; i < CALLS; i++) {
            expect_ok(soma_opencl_api.read(state, table[i], 0, found, sizeof found));
            ck_assert_msg(memcmp(found, expected[i], sizeof found) == 0, "%s: call %d%s: the last row is %g, %g",
                          info->name, i, arranged ? " in a list" : "", (double)found[4], (double)found[5]);
            expect_ok(soma_opencl_api.write(state, table[i], 0, dy, sizeof found));
        }
    }
    for (int i = 0; i < CALLS; i++) {
        release_call(state, &calls[i]);
        soma_opencl_api.free(state, table[i]);
    }
    soma_opencl_api.free(state, given);
    soma_opencl_api.free(state, rows);
}

START_TEST(rows_are_summed_in_lists_too) {
    with_each_device(sum_rows);
}
END_TEST

/* Two convolutions 1x1 of what is given, the second of what the first makes: in one list where nothing trains beside
 * them, with the same bits as one by one. */
static void convolve(void *state, const soma_device_info *info) {
    enum { PLACES = 5, CHANNELS = 24, CALLS = 2 };
    const size_t image[5] = {1, 1, 1, PLACES, CHANNELS}, filters[5] = {1, 1, 1, CHANNELS, CHANNELS};
    const soma_conv_params params = {.stride = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1, .alpha = 1};
    float values[CHANNELS * CHANNELS], expected[PLACES * CHANNELS], found[PLACES * CHANNELS];
    for (int i = 0; i < CHANNELS * CHANNELS; i++) values[i] = (float)(i % 7) / 8 - 0.375f;
    const soma_view weight = soma_view_of(upload(state, values, sizeof values), 0, SOMA_F32, 5, filters);
    soma_view y[CALLS + 1];
    for (int i = 0; i <= CALLS; i++)
        y[i] = soma_view_of(upload(state, i ? NULL : values, sizeof found), 0, SOMA_F32, 5, image);
    soma_call calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        calls[i] = soma_call_conv(y[i], weight, soma_view_absent(), y[i + 1], params);
        prepare_call(state, &calls[i]);
    }
    expect_ok(soma_opencl_api.run(state, calls, CALLS));
    expect_ok(soma_opencl_api.read(state, y[CALLS].memory, 0, expected, sizeof expected));
    expect_ok(soma_opencl_api.fill(state, y[CALLS].memory, 0, 0xff, sizeof found));
    const soma_cl_device *device = state;
    const bool lists = device->lists[true];
    expect_ok(soma_opencl_api.arrange(state, calls, CALLS, SIZE_MAX));
    const soma_cl_prepared *first = calls[0].prepared, *second = calls[1].prepared;
    ck_assert_msg(device->lists[true] == lists, "%s: the kernel of lists with layers does not build", info->name);
    ck_assert_msg(!lists || (first->list && first->list == second->list), "%s: convolutions are not in one list",
                  info->name);
    expect_ok(soma_opencl_api.run(state, calls, CALLS));
    expect_ok(soma_opencl_api.read(state, y[CALLS].memory, 0, found, sizeof found));
    ck_assert_msg(memcmp(found, expected, sizeof found) == 0, "%s: in a list %g, alone %g", info->name,
                  (double)found[0], (double)expected[0]);
    ck_assert_msg(device->lists[true] == lists, "%s: the kernel of lists with layers does not run", info->name);
    for (int i = 0; i < CALLS; i++) release_call(state, &calls[i]);
    for (int i = 0; i <= CALLS; i++) soma_opencl_api.free(state, y[i].memory);
    soma_opencl_api.free(state, weight.memory);
}

START_TEST(convolutions_share_a_list) {
    with_each_device(convolve);
}
END_TEST

/* A convolution between calls of which the usual kernel of lists does two and two, on a device where the one with
 * layers does not build. */
static void do_without_layers(void *state, const soma_device_info *info) {
    enum { COUNT = 24, CALLS = 5, MIDDLE = 2 };
    soma_cl_device *device = state;
    const size_t image[5] = {1, 1, 1, 1, COUNT}, filters[5] = {1, 1, 1, COUNT, COUNT};
    const soma_conv_params params = {.stride = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1, .alpha = 1};
    float values[COUNT * COUNT], expected[COUNT], found[COUNT];
    for (int i = 0; i < COUNT * COUNT; i++) values[i] = (float)(i % 7) / 8 - 0.375f;
    void *memory[CALLS + 1], *weight = upload(state, values, sizeof values);
    for (int i = 0; i <= CALLS; i++) memory[i] = upload(state, i ? NULL : values, sizeof found);
    soma_call calls[CALLS];
    for (int i = 0; i < CALLS; i++) {
        const soma_view x = vector_view(memory[i], SOMA_F32, COUNT), y = vector_view(memory[i + 1], SOMA_F32, COUNT);
        calls[i] = i == MIDDLE ? soma_call_conv(soma_view_of(memory[i], 0, SOMA_F32, 5, image),
                                                soma_view_of(weight, 0, SOMA_F32, 5, filters), soma_view_absent(),
                                                soma_view_of(memory[i + 1], 0, SOMA_F32, 5, image), params)
                               : soma_call_binary(x, x, y, SOMA_BINARY_ADD);
        prepare_call(state, &calls[i]);
    }
    expect_ok(soma_opencl_api.run(state, calls, CALLS));
    expect_ok(soma_opencl_api.read(state, memory[CALLS], 0, expected, sizeof expected));
    const bool lists = device->lists[false];
    device->lists[true] = false;
    expect_ok(soma_opencl_api.arrange(state, calls, CALLS, SIZE_MAX));
    for (int i = 0; i < CALLS; i++) {
        const soma_cl_prepared *prepared = calls[i].prepared;
        ck_assert_msg((prepared->list != NULL) == (lists && i != MIDDLE), "%s: call %d is%s in a list", info->name, i,
                      prepared->list ? "" : " not");
    }
    expect_ok(soma_opencl_api.fill(state, memory[CALLS], 0, 0xff, sizeof found));
    expect_ok(soma_opencl_api.run(state, calls, CALLS));
    expect_ok(soma_opencl_api.read(state, memory[CALLS], 0, found, sizeof found));
    ck_assert_msg(memcmp(found, expected, sizeof found) == 0, "%s: in lists %g, alone %g", info->name, (double)found[0],
                  (double)expected[0]);
    for (int i = 0; i < CALLS; i++) release_call(state, &calls[i]);
    for (int i = 0; i <= CALLS; i++) soma_opencl_api.free(state, memory[i]);
    soma_opencl_api.free(state, weight);
}

START_TEST(usual_lists_need_none_with_layers) {
    with_each_device(do_without_layers);
}
END_TEST

/* With no more columns than a vector has: in a list too, where there are no shorter vectors for them. */
static void list_narrow(void *state, const soma_device_info *info) {
    const soma_cl_device *device = state;
    if (!device->lists[true]) return;
    const size_t columns = device->style.width, image[5] = {1, 1, 1, 5, columns},
                 filters[5] = {1, 1, 1, columns, columns};
    const soma_conv_params params = {.stride = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1, .alpha = 1};
    const soma_view x = soma_view_of(NULL, 0, SOMA_F32, 5, image);
    soma_call call = soma_call_conv(x, soma_view_of(NULL, 0, SOMA_F32, 5, filters), soma_view_absent(), x, params);
    size_t workspace = 0;
    expect_ok(soma_opencl_api.prepare(state, &call, &workspace));
    const soma_cl_prepared *prepared = call.prepared;
    ck_assert_msg(prepared->launch[0].listed >= 0, "%s: a convolution of %zu columns is in no list", info->name,
                  columns);
    soma_opencl_api.release(state, &call);
}

START_TEST(narrow_convolutions_are_listed) {
    with_each_device(list_narrow);
}
END_TEST

/* From one place whose value is another each time, more often than there is room for copies of it. */
static void write_often(void *state, const soma_device_info *info) {
    enum { WRITES = 40000 };
    int32_t *found = soma_calloc(WRITES, sizeof *found), value;
    ck_assert_ptr_nonnull(found);
    void *memory = upload(state, NULL, WRITES * sizeof *found);
    for (value = 0; value < WRITES; value++)
        expect_ok(soma_opencl_api.write(state, memory, (size_t)value * sizeof value, &value, sizeof value));
    expect_ok(soma_opencl_api.read(state, memory, 0, found, WRITES * sizeof *found));
    for (int32_t i = 0; i < WRITES; i++)
        ck_assert_msg(found[i] == i, "%s: number %d is %d", info->name, (int)i, (int)found[i]);
    soma_opencl_api.free(state, memory);
    soma_free(found);
}

START_TEST(what_was_written_may_change_at_once) {
    with_each_device(write_often);
}
END_TEST

/* -------------------------------------------------------------------------------------------------- sharing out */

/* One small image back through a filter for each channel by a large stride: each of its 256 places is a class. */
static void expect_groups(void *state, const soma_device_info *info) {
    const size_t result[5] = {1, 1, 16, 16, 4}, source[5] = {1, 1, 1, 1, 4}, weight[5] = {1, 16, 16, 1, 4};
    const soma_conv_params params = {.stride = {1, 16, 16}, .dilation = {1, 1, 1}, .groups = 4, .alpha = 1};
    soma_call call =
        soma_call_conv_data_grad(soma_view_of(NULL, 0, SOMA_F32, 5, source), soma_view_of(NULL, 0, SOMA_F32, 5, weight),
                                 soma_view_absent(), soma_view_of(NULL, 0, SOMA_F32, 5, result), params);
    size_t workspace = 0;
    expect_ok(soma_opencl_api.prepare(state, &call, &workspace));
    const soma_cl_launch *launch = &((const soma_cl_prepared *)call.prepared)->launch[0];
    ck_assert_uint_ge(launch->global[1] / launch->local[1], SOMA_MIN(info->compute_units, 256));
    soma_opencl_api.release(state, &call);
}

START_TEST(large_strides_leave_work_for_every_unit) {
    with_each_device(expect_groups);
}
END_TEST

/* The limit itself can be made: one pass more is left to the host, with both numbers and who breaks off. */
START_TEST(a_device_is_given_all_passes_that_it_makes) {
    static soma_cl_device device = {.loop_limit = 10};
    const soma_call call = soma_call_make(SOMA_PRIMITIVE_GEMM, 0);
    soma_cl_builder builder = {.device = &device, .call = &call};
    snprintf(device.info.name, sizeof device.info.name, "short of breath");
    soma_cl_expect_loops(&builder, 10);
    ck_assert_int_eq(builder.status, SOMA_OK);
    soma_cl_expect_loops(&builder, 11);
    ck_assert_int_eq(builder.status, SOMA_UNSUPPORTED);
    ck_assert_str_eq(soma_last_error(), "gemm needs 11 passes through loops; short of breath breaks off after 10");
    device.loop_limit = 0; /* none */
    builder.status = SOMA_OK;
    soma_cl_expect_loops(&builder, SIZE_MAX);
    ck_assert_int_eq(builder.status, SOMA_OK);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, a_device_is_given_all_passes_that_it_makes);
    tcase_add_test(cases, large_strides_leave_work_for_every_unit);
    tcase_add_test(cases, views_without_gaps_are_flat);
    tcase_add_test(cases, start_of_gather_is_live);
    tcase_add_test(cases, calls_run_in_order);
    tcase_add_test(cases, views_lie_anywhere_in_a_memory);
    tcase_add_test(cases, calls_without_elements_need_no_memory);
    tcase_add_test(cases, host_memory_is_used_without_a_copy);
    tcase_add_test(cases, metrics_add_with_compensation);
    tcase_add_test(cases, sums_repeat_bit_by_bit);
    tcase_add_test(cases, lists_of_calls_repeat_bit_by_bit);
    tcase_add_test(cases, convolutions_share_a_list);
    tcase_add_test(cases, usual_lists_need_none_with_layers);
    tcase_add_test(cases, narrow_convolutions_are_listed);
    tcase_add_test(cases, what_was_written_may_change_at_once);
    tcase_add_test(cases, long_sums_are_whole_or_refused);
    if (SOMA_HAS_TRAINING) {
        tcase_add_test(cases, learning_rate_is_live);
        tcase_add_test(cases, step_of_dropout_is_live);
        tcase_add_test(cases, rows_are_summed_in_lists_too);
    }
}

int main(void) {
    const int skip = skip_without_device();
    return skip ? skip : run_suite("opencl run", add_tests);
}
