/* SPDX-License-Identifier: MIT */
/* The cpu device as a whole: opening, memory of others, and results that do not depend on the number of threads. */
#include "base/random.h"
#include "device/calls.h"
#include "device/cpu/cpu.h"
#include "device/cpu/run.h"

#include "expect.h"

#include <math.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern const soma_device_api soma_cpu_api;

static void *open_device(uint32_t threads) {
    void *state;
    expect_ok(soma_cpu_api.open(0, &(soma_device_options){.threads = threads}, &state));
    return state;
}

/* -------------------------------------------------------------------------------------------------------- life */

START_TEST(test_threads_are_chosen) {
    soma_device_info info;
    unsetenv("SOMA_THREADS");
    void *state = open_device(3);
    soma_cpu_api.info(state, &info);
    ck_assert_uint_eq(info.compute_units, 3);
    soma_cpu_api.close(state);
    setenv("SOMA_THREADS", "2", 1);
    state = open_device(3);
    soma_cpu_api.info(state, &info);
    ck_assert_uint_eq(info.compute_units, 2);
    soma_cpu_api.close(state);
    unsetenv("SOMA_THREADS");
    state = open_device(0);
    soma_cpu_api.info(state, &info);
    ck_assert_uint_eq(info.compute_units, soma_threads_available());
    ck_assert_int_eq(info.kind, SOMA_DEVICE_CPU);
    ck_assert_uint_ge(info.alignment, 64);
    ck_assert_uint_gt(info.memory, 0);
    ck_assert_str_eq(info.name, "cpu");
    ck_assert_str_eq(info.platform, "host");
    ck_assert_str_ne(info.vendor, "");
    soma_cpu_api.close(state);
}
END_TEST

/* "model name      : Some Processor", where the system says so. */
START_TEST(test_the_processor_is_named) {
    soma_device_info info;
    char line[256], expected[256] = "";
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && !*expected && fgets(line, sizeof line, file)) sscanf(line, "model name : %255[^\n]", expected);
    if (file) fclose(file);
    void *state = open_device(1);
    soma_cpu_api.info(state, &info);
    soma_cpu_api.close(state);
    if (*expected) ck_assert_int_eq(strncmp(info.vendor, expected, sizeof info.vendor - 1), 0);
    ck_assert_int_ne(info.vendor[0], ' ');
}
END_TEST

START_TEST(test_bad_settings) {
    static const char *const bad[] = {"0", "-1", "two", "2x", "99999999999", "1.5"};
    void *state;
    for (size_t i = 0; i < SOMA_COUNT_OF(bad); i++) {
        setenv("SOMA_THREADS", bad[i], 1);
        expect_error(soma_cpu_api.open(0, &(soma_device_options){0}, &state), SOMA_INVALID_ARGUMENT, "SOMA_THREADS",
                     bad[i]);
        ck_assert_ptr_null(state);
    }
    unsetenv("SOMA_THREADS");
    expect_error(soma_cpu_api.open(0, &(soma_device_options){.threads = 1000000}, &state), SOMA_INVALID_ARGUMENT,
                 "1000000 threads");
    setenv("SOMA_ISA", "mmx", 1);
    expect_error(soma_cpu_api.open(0, &(soma_device_options){0}, &state), SOMA_INVALID_ARGUMENT, "SOMA_ISA=mmx",
                 "generic");
    unsetenv("SOMA_ISA");
    expect_error(soma_cpu_api.open(1, &(soma_device_options){0}, &state), SOMA_NO_DEVICE, "cpu:1");
}
END_TEST

/* The instruction set that SOMA_ISA names is the one that multiplies. */
START_TEST(test_instruction_sets) {
    const soma_cpu_isa *isa;
    for (size_t i = 0; (isa = soma_cpu_isa_get(i)); i++) {
        setenv("SOMA_ISA", isa->name, 1);
        void *state = open_device(1);
        soma_device_info info;
        soma_cpu_api.info(state, &info);
        ck_assert_ptr_nonnull(strstr(info.gemm, isa->name));
        soma_cpu_api.close(state);
    }
    unsetenv("SOMA_ISA");
}
END_TEST

typedef struct seen {
    uint32_t devices;
    bool usable;
    char reason[200];
} seen;

static void see(void *context, uint32_t index, const soma_device_info *info, bool usable, const char *reason) {
    seen *s = context;
    ck_assert_uint_eq(index, 0);
    ck_assert_str_eq(info->name, "cpu");
    s->devices++;
    s->usable = usable;
    strncpy(s->reason, reason ? reason : "", sizeof s->reason - 1);
}

START_TEST(test_enumerate) {
    seen s = {0};
    expect_ok(soma_cpu_api.enumerate(see, &s));
    ck_assert_uint_eq(s.devices, 1);
    ck_assert(s.usable);
    setenv("SOMA_THREADS", "none", 1);
    expect_ok(soma_cpu_api.enumerate(see, &s));
    ck_assert(!s.usable);
    ck_assert_ptr_nonnull(strstr(s.reason, "SOMA_THREADS=none"));
    unsetenv("SOMA_THREADS");
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ memory */

START_TEST(test_wrapped_memory_is_not_freed) {
    void *state = open_device(1), *handle[40], *own;
    static float lent[40][16];
    for (size_t i = 0; i < 40; i++) {
        expect_ok(soma_cpu_api.wrap(state, lent[i], sizeof lent[i], &handle[i]));
        ck_assert_ptr_eq(handle[i], lent[i]); /* handles are plain pointers */
    }
    expect_ok(soma_cpu_api.alloc(state, 1000, &own));
    ck_assert_uint_eq((uintptr_t)own % 64, 0);
    /* The same memory twice, and memory of the device's own: each free takes back one. */
    void *again, *of_own;
    expect_ok(soma_cpu_api.wrap(state, lent[7], sizeof lent[7], &again));
    expect_ok(soma_cpu_api.wrap(state, own, 1000, &of_own));
    for (size_t i = 0; i < 40; i++) soma_cpu_api.free(state, handle[i]);
    soma_cpu_api.free(state, again);
    soma_cpu_api.free(state, of_own);
    memset(own, 1, 1000);
    soma_cpu_api.free(state, own);
    soma_cpu_api.close(state);
}
END_TEST

/* The address sanitizer, where it is built in, shall refuse what is impossible as the system does, and not end the
 * program. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "allocator_may_return_null=1";
}

START_TEST(test_large_and_impossible_allocations) {
    void *state = open_device(1), *memory;
    expect_ok(soma_cpu_api.alloc(state, (size_t)32 << 20, &memory));
    memset(memory, 0, (size_t)32 << 20);
    soma_cpu_api.free(state, memory);
    expect_error(soma_cpu_api.alloc(state, SIZE_MAX / 2, &memory), SOMA_OUT_OF_DEVICE_MEMORY, "bytes");
    soma_cpu_api.close(state);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ threads */

/* Calls that cut their work into many tasks, with partial results where they reduce; each writes a buffer of its own.
 */
#define ROWS    1700
#define COLUMNS 130
#define COUNT   (ROWS * COLUMNS)
#define CALLS   29

typedef struct work {
    float *x, *y, *out[CALLS], *extra[CALLS];
    int32_t *classes;
    soma_call call[CALLS];
} work;

static float *floats(size_t count) {
    float *values = soma_malloc_aligned(64, count * sizeof *values);
    ck_assert_ptr_nonnull(values);
    memset(values, 0, count * sizeof *values);
    return values;
}

static soma_view view(void *memory, size_t a, size_t b, size_t c) {
    uint32_t rank = c ? 3 : (b ? 2 : 1);
    return soma_view_of(memory, 0, SOMA_F32, rank, (size_t[]){a, b, c});
}

/* Forward and, with any numbers for the figures, back. */
static void make_normalize_calls(work *w, size_t call, const size_t *shape) {
    const soma_normalize_params params = {.epsilon = 1e-5f, .centered = true};
    soma_normalize_views views = {.x = soma_view_of(w->x, 0, SOMA_F32, 4, shape),
                                  .y = soma_view_of(w->out[call], 0, SOMA_F32, 4, shape),
                                  .mean = view(w->extra[call], shape[0], shape[2], 0)};
    soma_normalize_grad_views gradient = {.dy = views.x,
                                          .x = soma_view_of(w->y, 0, SOMA_F32, 4, shape),
                                          .mean = view(w->x, shape[0], shape[2], 0),
                                          .inverse = view(w->y, shape[0], shape[2], 0),
                                          .dx = soma_view_of(w->out[call + 1], 0, SOMA_F32, 4, shape),
                                          .dscale = view(w->extra[call + 1], COLUMNS, 0, 0),
                                          .doffset = view(w->extra[call + 1] + 64 * 3, COLUMNS, 0, 0)};
    w->call[call] = soma_call_normalize(&views, params);
    w->call[call + 1] = soma_call_normalize_grad(&gradient, true);
}

/* 17 sequences of 10 steps, with 65 units; weights that are small enough. Back with any numbers for what is kept. */
static void make_recurrent_calls(work *w, size_t call, soma_recurrent_params params) {
    enum { SAMPLES = 17, LENGTH = 10, UNITS = 65, SEQUENCE = SAMPLES * LENGTH * UNITS };
    const bool lstm = params.kind == SOMA_RECURRENT_LSTM;
    const size_t columns = (lstm ? 4 : 3) * UNITS;
    const soma_view none = soma_view_absent(), y = view(w->out[call], SAMPLES, LENGTH, UNITS);
    const soma_view weight = view(w->y, UNITS, columns, 0);
    const soma_recurrent_views views = {
        .x = view(w->x, SAMPLES, LENGTH, columns),
        .weight = weight,
        .y = y,
        .cells = lstm ? view(w->extra[call], SAMPLES, LENGTH, UNITS) : none,
        .gates = view(w->extra[call] + soma_round_up(SEQUENCE, 16), SAMPLES, LENGTH, 4 * (size_t)UNITS)};
    const soma_recurrent_grad_views gradient = {.dy = view(w->x, SAMPLES, LENGTH, UNITS),
                                                .weight = weight,
                                                .y = view(w->y, SAMPLES, LENGTH, UNITS),
                                                .cells = lstm ? view(w->x, SAMPLES, LENGTH, UNITS) : none,
                                                .gates = view(w->y, SAMPLES, LENGTH, 4 * (size_t)UNITS),
                                                .dx = view(w->out[call + 1], SAMPLES, LENGTH, columns),
                                                .dstate = view(w->extra[call + 1], SAMPLES, UNITS, 0)};
    w->call[call] = soma_call_recurrent(&views, params);
    w->call[call + 1] = soma_call_recurrent_grad(&gradient, params);
}

/* Two samples of 140 queries, which are several blocks, of 4 heads with the keys of 2. */
static void make_attention_calls(work *w, size_t call) {
    enum { SAMPLES = 2, LENGTH = 140, HEADS = 4, KEY_HEADS = 2, WIDTH = 5 };
    const soma_attention_params params = {.heads = HEADS, .key_heads = KEY_HEADS, .scale = 0.4f, .causal = true};
    const size_t queries = (size_t)HEADS * WIDTH, keys = (size_t)KEY_HEADS * WIDTH;
    const soma_view k = view(w->y, SAMPLES, LENGTH, keys), q = view(w->x, SAMPLES, LENGTH, queries);
    const size_t each = soma_round_up(SAMPLES * LENGTH * keys, 16);
    const soma_attention_views views = {.q = q,
                                        .k = k,
                                        .v = k,
                                        .y = view(w->out[call], SAMPLES, LENGTH, queries),
                                        .total = view(w->extra[call], SAMPLES, HEADS, LENGTH)};
    const soma_attention_grad_views gradient = {.dy = q,
                                                .q = q,
                                                .k = k,
                                                .v = k,
                                                .y = view(w->y, SAMPLES, LENGTH, queries),
                                                .total = view(w->x, SAMPLES, HEADS, LENGTH),
                                                .dq = view(w->out[call + 1], SAMPLES, LENGTH, queries),
                                                .dk = view(w->extra[call + 1], SAMPLES, LENGTH, keys),
                                                .dv = view(w->extra[call + 1] + each, SAMPLES, LENGTH, keys)};
    w->call[call] = soma_call_attention(&views, params);
    w->call[call + 1] = soma_call_attention_grad(&gradient, params);
}

/* Of 8 matrices, all rows of a in their order and b turned. */
static void make_matmul_call(work *w, size_t call) {
    enum { OUTER = 2, INNER = 4, M = 130, K = 150, N = 110 };
    const soma_view a = soma_view_of(w->x, 0, SOMA_F32, 4, (size_t[]){OUTER, INNER, M, K});
    soma_view b = soma_view_of(w->y, 0, SOMA_F32, 4, (size_t[]){OUTER, INNER, K, N});
    b.stride[2] = 1, b.stride[3] = K;
    w->call[call] =
        soma_call_matmul(a, b, soma_view_of(w->out[call], 0, SOMA_F32, 4, (size_t[]){OUTER, INNER, M, N}), 0.5f);
}

static void make_calls(work *w) {
    const soma_view none = soma_view_absent(), x = view(w->x, ROWS, COLUMNS, 0), y = view(w->y, ROWS, COLUMNS, 0);
    const soma_view target = soma_view_of(w->classes, 0, SOMA_I32, 1, (size_t[]){ROWS});
    const soma_unary_params gelu = {.function = SOMA_GELU};
    const soma_loss_params logits = {.kind = SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS};
    soma_view broadcast = view(w->y, ROWS, COLUMNS, 0), turned = view(w->x, COLUMNS, ROWS, 0);
    broadcast.stride[0] = 0;
    turned.stride[0] = 1;
    turned.stride[1] = COLUMNS;
    float **out = w->out;
    w->call[0] = soma_call_reduce(view(w->x, 1, COUNT, 1), view(out[0], 1, 1, 0), SOMA_REDUCE_SUM_SQUARES);
    w->call[1] = soma_call_reduce(view(w->x, 1, ROWS, COLUMNS), view(out[1], 1, COLUMNS, 0), SOMA_REDUCE_MEAN);
    w->call[2] = soma_call_reduce(view(w->x, ROWS, COLUMNS, 1), view(out[2], ROWS, 1, 0), SOMA_REDUCE_SUM);
    w->call[3] =
        soma_call_bias_unary_grad(x, y, view(out[3], ROWS, COLUMNS, 0), view(w->extra[3], COLUMNS, 0, 0), gelu);
    w->call[4] = soma_call_metric(view(w->x, COUNT, 0, 0), none, view(out[4], 1, 2, 0), none,
                                  (soma_metric_params){.kind = SOMA_METRIC_SUM});
    w->call[5] = soma_call_metric(x, target, view(out[5], 1, 2, 0), none,
                                  (soma_metric_params){.kind = SOMA_METRIC_TOP_K_ACCURACY, .k = 5});
    w->call[6] = soma_call_loss(x, target, none, none, view(out[6], ROWS, 0, 0), logits);
    w->call[7] = soma_call_loss_grad(x, target, none, none, view(w->y, ROWS, 0, 0), view(out[7], ROWS, COLUMNS, 0),
                                     view(w->extra[7], ROWS, 0, 0), logits);
    w->call[8] = soma_call_softmax(view(w->x, ROWS, COLUMNS, 1), view(out[8], ROWS, COLUMNS, 1), true);
    w->call[9] = soma_call_softmax(view(w->x, 1, ROWS, COLUMNS), view(out[9], 1, ROWS, COLUMNS), false);
    w->call[10] = soma_call_dropout(x, view(out[10], ROWS, COLUMNS, 0),
                                    (soma_dropout_params){.rate = 0.3f, .seed = 5, .step = 6});
    w->call[11] = soma_call_binary(x, broadcast, view(out[11], ROWS, COLUMNS, 0), SOMA_BINARY_DIVIDE);
    w->call[12] = soma_call_copy(turned, view(out[12], COLUMNS, ROWS, 0), 2.0f, 1.0f);
    w->call[13] = soma_call_optimizer(
        view(out[13], COUNT, 0, 0), view(w->x, COUNT, 0, 0), view(w->extra[13], COUNT, 0, 0), none, none,
        (soma_optimizer_params){
            .kind = SOMA_MOMENTUM, .decay_count = COUNT / 3, .learning_rate = 0.1f, .beta1 = 0.9f, .l2 = 0.1f});
    w->call[14] = soma_call_norm(view(w->x, COUNT, 0, 0), view(out[14], 2, 0, 0));
    make_normalize_calls(w, 15, (const size_t[]){1, ROWS, COLUMNS, 1}); /* a batch */
    make_normalize_calls(w, 17, (const size_t[]){ROWS, 1, 1, COLUMNS}); /* layers */
    make_recurrent_calls(w, 19, (soma_recurrent_params){.kind = SOMA_RECURRENT_LSTM});
    make_attention_calls(w, 23);
    make_matmul_call(w, 25);
    /* Few elements, which would be one task if they did not follow what the threads wrote. */
    w->call[26] = soma_call_binary(view(w->x, 12000, 0, 0), view(w->y, 12000, 0, 0), view(out[26], 12000, 0, 0),
                                   SOMA_BINARY_SUBTRACT);
    make_normalize_calls(w, 27, (const size_t[]){120, 1, 1, COLUMNS});
    make_recurrent_calls(w, 21, (soma_recurrent_params){.kind = SOMA_RECURRENT_GRU, .reset_before = true});
}

static work *make_work(void) {
    work *w = soma_calloc(1, sizeof *w);
    soma_random random;
    soma_random_init(&random, 9, SOMA_STREAM_DATA);
    w->x = floats(COUNT);
    w->y = floats(COUNT);
    w->classes = (int32_t *)floats(ROWS);
    for (size_t i = 0; i < COUNT; i++) w->x[i] = soma_random_normal(&random);
    for (size_t i = 0; i < COUNT; i++) w->y[i] = soma_random_normal(&random);
    for (size_t i = 0; i < ROWS; i++) w->classes[i] = (int32_t)soma_random_below(&random, COLUMNS);
    for (size_t i = 0; i < CALLS; i++) {
        w->out[i] = floats(COUNT);
        w->extra[i] = floats(COUNT);
    }
    make_calls(w);
    return w;
}

static void run_work(work *w, const soma_cpu_isa *isa, uint32_t threads) {
    soma_threads *team;
    expect_ok(soma_threads_create(threads, &team));
    size_t workspace = 1;
    for (size_t i = 0; i < CALLS; i++) {
        size_t bytes;
        memset(w->out[i], 0, COUNT * sizeof(float));
        memset(w->extra[i], 0, COUNT * sizeof(float));
        expect_ok(soma_cpu_prepare(isa, threads, &w->call[i], &bytes));
        workspace = SOMA_MAX(workspace, bytes);
    }
    void *scratch = soma_malloc_aligned(64, workspace);
    for (size_t i = 0; i < CALLS; i++) w->call[i].workspace = scratch;
    soma_cpu_run(team, w->call, CALLS);
    for (size_t i = 0; i < CALLS; i++) soma_cpu_release(&w->call[i]);
    soma_free_aligned(scratch);
    soma_threads_destroy(team);
}

static void free_work(work *w) {
    for (size_t i = 0; i < CALLS; i++) {
        soma_free_aligned(w->out[i]);
        soma_free_aligned(w->extra[i]);
    }
    soma_free_aligned(w->classes);
    soma_free_aligned(w->x);
    soma_free_aligned(w->y);
    soma_free(w);
}

START_TEST(test_thread_count_does_not_matter) {
    static const uint32_t counts[] = {2, 3, 7};
    work *alone = make_work(), *shared = make_work();
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++) {
        run_work(alone, isa, 1);
        for (size_t t = 0; t < SOMA_COUNT_OF(counts); t++) {
            run_work(shared, isa, counts[t]);
            for (size_t i = 0; i < CALLS; i++)
                if (memcmp(alone->out[i], shared->out[i], COUNT * sizeof(float)) != 0 ||
                    memcmp(alone->extra[i], shared->extra[i], COUNT * sizeof(float)) != 0)
                    ck_abort_msg("%s: call %zu, %s, differs with %u threads", isa->name, i,
                                 soma_primitive_name(alone->call[i].primitive), counts[t]);
        }
    }
    free_work(alone);
    free_work(shared);
}
END_TEST

/* ----------------------------------------------------------------------------------------------- sharing the work */

enum { TEAM = 3 };
static atomic_bool has_worked[TEAM];
static double waiting_ends;

static bool all_have_worked(void) {
    return has_worked[0] && has_worked[1] && has_worked[2];
}

/* Waits for the others, so that no thread can be quick enough to do all of it. */
static void wait_for_others(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)call, (void)plan, (void)task;
    has_worked[thread] = true;
    while (!all_have_worked() && soma_seconds() < waiting_ends) sched_yield();
}

static void note_thread(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)call, (void)plan, (void)task;
    has_worked[thread] = true;
}

static void run_tasks(uint32_t threads, soma_cpu_task *run, size_t tasks, double nanoseconds) {
    soma_threads *team;
    soma_cpu_plan plan = {.phase_count = 1, .phase = {{.run = run, .tasks = tasks}}, .nanoseconds = nanoseconds};
    const soma_call call = {.prepared = &plan};
    for (size_t i = 0; i < TEAM; i++) has_worked[i] = false;
    waiting_ends = soma_seconds() + 20;
    expect_ok(soma_threads_create(threads, &team));
    soma_cpu_run(team, &call, 1);
    soma_threads_destroy(team);
}

START_TEST(test_long_work_is_shared_and_short_work_is_not) {
    run_tasks(TEAM, wait_for_others, 12, 1e9); /* a second */
    ck_assert(all_have_worked());
    run_tasks(TEAM, note_thread, 12, 100); /* less than it takes to wake a thread */
    ck_assert(has_worked[0] && !has_worked[1] && !has_worked[2]);
    run_tasks(TEAM, note_thread, 1, 1e9); /* nothing to share */
    ck_assert(has_worked[0] && !has_worked[1] && !has_worked[2]);
    run_tasks(1, note_thread, 12, 1e9);
    ck_assert(has_worked[0] && !has_worked[1] && !has_worked[2]);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu device");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_threads_are_chosen);
    tcase_add_test(tests, test_the_processor_is_named);
    tcase_add_test(tests, test_bad_settings);
    tcase_add_test(tests, test_instruction_sets);
    tcase_add_test(tests, test_enumerate);
    tcase_add_test(tests, test_wrapped_memory_is_not_freed);
    tcase_add_test(tests, test_large_and_impossible_allocations);
    tcase_add_test(tests, test_long_work_is_shared_and_short_work_is_not);
    if (SOMA_HAS_TRAINING) tcase_add_test(tests, test_thread_count_does_not_matter);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
