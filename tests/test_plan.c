/* SPDX-License-Identifier: MIT */
/* Plans: constants, the shared arena, feeds, workspace, figures; nothing is allocated while they run. */
#include "expect.h"
#include "graph/plan_internal.h"
#include "host_device.h"
#include "host_network.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>

/* The host device, with what it is asked for counted, and things made to fail. */
static struct {
    int allocations, prepared, released;
    size_t workspace;             /* what a matrix product asks for */
    soma_primitive failing;       /* prepare refuses this one; SOMA_PRIMITIVE_COUNT: none */
    const void *workspace_at_run; /* of the last product that was run */
    size_t workspace_offset_at_run;
} seen;

static soma_device_api counting_api;
static const soma_device_api *host_api;

static soma_status counting_alloc(void *state, size_t bytes, void **memory) {
    seen.allocations++;
    return host_api->alloc(state, bytes, memory);
}

static soma_status counting_prepare(void *state, soma_call *call, size_t *workspace) {
    (void)state;
    if (call->primitive == seen.failing) return soma_error(SOMA_DEVICE_FAILED, "its kernel does not build");
    seen.prepared++;
    *workspace = call->primitive == SOMA_PRIMITIVE_GEMM ? seen.workspace : 0;
    call->prepared = &seen;
    return SOMA_OK;
}

static void counting_release(void *state, soma_call *call) {
    (void)state, (void)call;
    seen.released++;
}

static soma_status counting_run(void *state, soma_call *calls, size_t count) {
    for (size_t i = 0; i < count; i++) {
        ck_assert_ptr_eq(calls[i].prepared, &seen);
        if (calls[i].primitive != SOMA_PRIMITIVE_GEMM) continue;
        seen.workspace_at_run = calls[i].workspace;
        seen.workspace_offset_at_run = calls[i].workspace_offset;
    }
    return host_api->run(state, calls, count);
}

static void counting_device_open(soma_device *device) {
    host_device_open(device);
    host_api = device->api;
    counting_api = *host_api;
    counting_api.alloc = counting_alloc;
    counting_api.prepare = counting_prepare;
    counting_api.release = counting_release;
    counting_api.run = counting_run;
    device->api = &counting_api;
    memset(&seen, 0, sizeof seen);
    seen.failing = SOMA_PRIMITIVE_COUNT;
}

/*
 * sum = x tanh(x) + c with the constant c = 3 / batch, product = sum w with the parameter w [4, 2], and class numbers
 * that nothing looks at.
 */
typedef struct small {
    soma_device device;
    soma_executor *executor;
    soma_graph graph;
    soma_tensor *x, *classes, *w, *constant, *sum, *product;
} small;

static soma_tensor *add_given(soma_graph *graph, soma_tensor_spec spec) {
    soma_tensor *tensor;
    expect_ok(soma_graph_add(graph, &spec, &tensor));
    return tensor;
}

static void small_open(small *s) {
    counting_device_open(&s->device);
    expect_ok(soma_executor_create(&s->device, SOMA_F64, 8, 8, &s->executor));
    soma_graph_init(&s->graph);
    s->x = add_input(&s->graph, "[batch, 4]");
    s->classes = add_given(&s->graph, (soma_tensor_spec){.op = SOMA_OP_INPUT, .dtype = SOMA_I32, .batched = true});
    s->w = add_given(&s->graph, (soma_tensor_spec){.op = SOMA_OP_PARAMETER, .rank = 2, .shape = {4, 2}});
    s->w->place = SOMA_PLACE_PARAMETER;
    s->constant = add_given(
        &s->graph, (soma_tensor_spec){.op = SOMA_OP_FILL, .attributes = {.fill = {3, true}}, .rank = 1, .shape = {4}});
    soma_tensor *tanh = add_unary(&s->graph, s->x, SOMA_TANH), *product;
    expect_ok(soma_graph_binary(&s->graph, s->x, tanh, SOMA_BINARY_MULTIPLY, &product));
    expect_ok(soma_graph_binary(&s->graph, product, s->constant, SOMA_BINARY_ADD, &s->sum));
    expect_ok(soma_graph_gemm(&s->graph, s->sum, s->w, NULL, false, false, &s->product));
    s->sum->kept = s->product->kept = true;
}

static soma_plan *small_plan(small *s, size_t batch) {
    soma_plan *plan;
    expect_ok(soma_plan_create(s->executor, &s->graph, batch, SOMA_SGD, &plan));
    return plan;
}

static void small_close(small *s) {
    soma_graph_clear(&s->graph);
    soma_executor_destroy(s->executor);
    ck_assert_uint_eq(s->device.memory.allocated, 0);
    ck_assert_int_eq(seen.prepared, seen.released);
}

static void expect_sum(const small *s, soma_plan *plan, const double *x) {
    size_t batch = soma_plan_batch(plan);
    double *sum = calloc(batch * 4, sizeof *sum);
    read_double(plan, s->sum, sum);
    for (size_t i = 0; i < batch * 4; i++) {
        double expected = x[i] * tanh(x[i]) + (double)(3.0f / (float)batch);
        ck_assert_msg(fabs(sum[i] - expected) <= 4e-16 * fabs(expected), "element %zu is %.17g, expected %.17g", i,
                      sum[i], expected);
    }
    free(sum);
}

static void run_and_check(const small *s, soma_plan *plan, unsigned seed) {
    size_t batch = soma_plan_batch(plan);
    soma_step_values values = {0};
    double *x = calloc(batch * 4, sizeof *x);
    fill_random(seed, x, batch * 4);
    expect_ok(soma_plan_bind(plan));
    write_double(plan, s->x, x);
    expect_ok(soma_plan_run(plan, &values));
    expect_sum(s, plan, x);
    free(x);
}

/* ------------------------------------------------------------------------------------------------ arena, constants */

START_TEST(plans_of_several_batch_sizes_share_one_arena) {
    small s;
    small_open(&s);
    soma_plan *few = small_plan(&s, 3), *many;
    run_and_check(&s, few, 1);
    size_t small_arena = s.executor->arena_bytes;
    uint64_t generation = s.executor->generation;
    many = small_plan(&s, 50);
    run_and_check(&s, many, 2); /* moves the arena */
    ck_assert_uint_gt(s.executor->arena_bytes, small_arena);
    ck_assert_uint_gt(s.executor->generation, generation);
    run_and_check(&s, few, 3); /* binds again; its constants are intact */
    run_and_check(&s, many, 4);
    generation = s.executor->generation;
    run_and_check(&s, few, 5);
    ck_assert_uint_eq(s.executor->generation, generation);
    soma_plan_figures figures[2];
    soma_plan_get_figures(few, &figures[0]);
    soma_plan_get_figures(many, &figures[1]);
    ck_assert_uint_eq(s.executor->arena_bytes, figures[1].activation_bytes + figures[1].workspace_bytes);
    ck_assert_uint_eq(figures[0].constant_bytes, 64); /* 4 doubles, aligned */
    soma_plan_destroy(few);
    run_and_check(&s, many, 6);
    soma_plan_destroy(many);
    small_close(&s);
}
END_TEST

/* A chain of functions needs the place of two tensors; one that is kept gets a place of its own. */
START_TEST(kept_tensors_survive_to_the_end) {
    soma_device device;
    soma_executor *executor;
    soma_graph graph;
    soma_plan *plan;
    soma_step_values values = {0};
    double x[16], kept[16];
    counting_device_open(&device);
    expect_ok(soma_executor_create(&device, SOMA_F64, 0, 0, &executor));
    soma_graph_init(&graph);
    soma_tensor *input = add_input(&graph, "[batch, 4]"), *early = add_unary(&graph, input, SOMA_EXP), *last = early;
    early->kept = true;
    for (int i = 0; i < 5; i++) last = add_unary(&graph, last, SOMA_TANH);
    last->kept = true;
    expect_ok(soma_plan_create(executor, &graph, 4, SOMA_SGD, &plan));
    expect_ok(soma_plan_bind(plan));
    fill_random(1, x, 16);
    write_double(plan, input, x);
    expect_ok(soma_plan_run(plan, &values));
    read_double(plan, early, kept);
    for (int i = 0; i < 16; i++) ck_assert(fabs(kept[i] - exp(x[i])) < 1e-14);
    ck_assert_uint_eq(plan->arena_bytes, 3 * 16 * sizeof(double));
    soma_plan_destroy(plan);
    soma_graph_clear(&graph);
    soma_executor_destroy(executor);
}
END_TEST

/* Rows of all samples' own tables are counted in float32, which knows 2^24 whole numbers: 4 tables of 2^22 rows. */
START_TEST(tables_of_samples_have_rows_that_float32_can_count) {
    soma_device device;
    soma_executor *executor;
    soma_graph graph;
    soma_plan *plan;
    soma_tensor *input[2], *rows;
    counting_device_open(&device);
    expect_ok(soma_executor_create(&device, SOMA_F64, 0, 0, &executor));
    soma_graph_init(&graph);
    const soma_tensor_spec table = {.op = SOMA_OP_INPUT,
                                    .dtype = SOMA_F32,
                                    .batched = true,
                                    .rank = 2,
                                    .shape = {1 << 22, 1}},
                           index = {.op = SOMA_OP_INPUT, .dtype = SOMA_I32, .batched = true, .rank = 1, .shape = {3}},
                           gather = {.op = SOMA_OP_GATHER, .input = input, .input_count = 2};
    expect_ok(soma_graph_add(&graph, &table, &input[0]));
    expect_ok(soma_graph_add(&graph, &index, &input[1]));
    expect_ok(soma_graph_add(&graph, &gather, &rows));
    rows->kept = true;
    expect_ok(soma_plan_create(executor, &graph, 4, SOMA_SGD, &plan));
    soma_plan_destroy(plan);
    static const char *const words[] = {"5 samples", "4194304 rows", "at most 4 samples", NULL};
    expect_error_words(soma_plan_create(executor, &graph, 5, SOMA_SGD, &plan), SOMA_UNSUPPORTED, words, "5 tables");
    soma_graph_clear(&graph);
    soma_executor_destroy(executor);
}
END_TEST

/* The arena of a chain of five functions of 512 numbers a sample, on a device of that kind. */
static size_t arena_of_chain(soma_device_kind kind, uint32_t compute_units, size_t batch) {
    soma_device device;
    soma_executor *executor;
    soma_graph graph;
    soma_plan *plan;
    counting_device_open(&device);
    device.info.kind = kind;
    device.info.compute_units = compute_units;
    expect_ok(soma_executor_create(&device, SOMA_F64, 0, 0, &executor));
    soma_graph_init(&graph);
    soma_tensor *last = add_input(&graph, "[batch, 512]");
    for (int i = 0; i < 5; i++) last = add_unary(&graph, last, SOMA_TANH);
    last->kept = true;
    expect_ok(soma_plan_create(executor, &graph, batch, SOMA_SGD, &plan));
    size_t bytes = plan->arena_bytes;
    soma_plan_destroy(plan);
    soma_graph_clear(&graph);
    soma_executor_destroy(executor);
    return bytes;
}

/* Several threads of a processor have places of their own for each small activation, which go from core to core else;
 * for what fits one cache, or none, for one thread and on other devices two places will do. */
START_TEST(small_activations_of_several_threads_have_places_of_their_own) {
    const size_t sample = 512 * sizeof(double);
    ck_assert_uint_eq(arena_of_chain(SOMA_DEVICE_CPU, 2, 4), 6 * 4 * sample);
    ck_assert_uint_eq(arena_of_chain(SOMA_DEVICE_CPU, 1, 4), 2 * 4 * sample);
    ck_assert_uint_eq(arena_of_chain(SOMA_DEVICE_CPU, 2, 1), 2 * sample);
    ck_assert_uint_eq(arena_of_chain(SOMA_DEVICE_CPU, 2, 48), 2 * 48 * sample);
    ck_assert_uint_eq(arena_of_chain(SOMA_DEVICE_GPU, 2, 4), 2 * 4 * sample);
}
END_TEST

/* From 256 KiB on, on processors. */
START_TEST(large_activations_are_set_apart) {
    const size_t sample = 512 * sizeof(double);
    ck_assert_uint_eq(arena_of_chain(SOMA_DEVICE_CPU, 2, 63), 2 * 63 * sample);
    ck_assert_uint_eq(arena_of_chain(SOMA_DEVICE_CPU, 2, 64), 2 * (64 * sample + 384));
    ck_assert_uint_eq(arena_of_chain(SOMA_DEVICE_GPU, 2, 64), 2 * 64 * sample);
}
END_TEST

START_TEST(running_allocates_and_prepares_nothing) {
    small s;
    soma_step_values values = {0};
    small_open(&s);
    soma_plan *plan = small_plan(&s, 6);
    expect_ok(soma_plan_bind(plan));
    int allocations = seen.allocations, prepared = seen.prepared;
    ck_assert_int_gt(allocations, 0);
    for (values.step = 0; values.step < 10; values.step++) expect_ok(soma_plan_run(plan, &values));
    ck_assert_int_eq(seen.allocations, allocations);
    ck_assert_int_eq(seen.prepared, prepared);
    soma_plan_destroy(plan);
    small_close(&s);
}
END_TEST

START_TEST(workspace_lies_behind_the_tensors) {
    small s;
    soma_plan_figures figures;
    small_open(&s);
    seen.workspace = 1000;
    soma_plan *plan = small_plan(&s, 3);
    run_and_check(&s, plan, 1);
    soma_plan_get_figures(plan, &figures);
    ck_assert_uint_eq(figures.workspace_bytes, 1000);
    ck_assert_ptr_eq(seen.workspace_at_run, s.executor->arena);
    ck_assert_uint_eq(seen.workspace_offset_at_run, figures.activation_bytes);
    ck_assert_uint_ge(s.executor->arena_bytes, figures.activation_bytes + 1000);
    soma_plan_destroy(plan);
    small_close(&s);
}
END_TEST

/* A device that was tuned meanwhile may want more workspace for a call that it prepares again. */
START_TEST(workspace_may_grow_when_a_call_is_prepared_again) {
    small s;
    small_open(&s);
    soma_plan *plan = small_plan(&s, 3);
    run_and_check(&s, plan, 1);
    void *lent;
    seen.workspace = 1000;
    expect_ok(soma_device_alloc(&s.device, 3 * 2 * sizeof(double), "a result", &lent));
    expect_ok(soma_plan_lend(plan, s.product, lent, 0, 1));
    soma_step_values values = {0};
    expect_ok(soma_plan_run(plan, &values)); /* nobody binds it before */
    ck_assert_uint_ge(s.executor->arena_bytes, seen.workspace_offset_at_run + 1000);
    seen.workspace = 5000;
    expect_ok(soma_executor_reserve_arena(s.executor, s.executor->arena_bytes + 1)); /* it moves */
    run_and_check(&s, plan, 3);
    ck_assert_uint_ge(s.executor->arena_bytes, seen.workspace_offset_at_run + 5000);
    soma_plan_destroy(plan);
    soma_device_free(&s.device, lent, 3 * 2 * sizeof(double));
    small_close(&s);
}
END_TEST

START_TEST(figures_count_what_the_plan_does) {
    small s;
    soma_plan_figures figures;
    small_open(&s);
    soma_plan *plan = small_plan(&s, 8);
    soma_plan_get_figures(plan, &figures);
    /* Two gathers that wait for feeds are no part of a step without them. */
    size_t count;
    soma_call *calls = soma_plan_calls(plan, &count);
    ck_assert_uint_eq(count, 4); /* tanh, multiply, add, product; the constant is made once */
    static const soma_primitive primitives[] = {SOMA_PRIMITIVE_UNARY, SOMA_PRIMITIVE_BINARY, SOMA_PRIMITIVE_BINARY,
                                                SOMA_PRIMITIVE_GEMM};
    for (size_t i = 0; i < count; i++) ck_assert_int_eq(calls[i].primitive, primitives[i]);
    ck_assert_ptr_eq(soma_plan_call_tensor(plan, 3), s.product);
    ck_assert(figures.product_flops == 2.0 * 8 * 2 * 4);
    /* At the product of x and tanh(x) all three are there, [8, 4] doubles each; all else finds room in what is free. */
    ck_assert_uint_eq(figures.activation_bytes, 3 * 256);
    ck_assert_uint_eq(soma_plan_batch(plan), 8);
    soma_plan_destroy(plan);
    small_close(&s);
}
END_TEST

/* ----------------------------------------------------------------------------------------------------------- feeds */

/* A data set of 9 rows, u8, and an order of its rows. */
static const uint8_t table[9][4] = {{0, 1, 2, 3},     {10, 11, 12, 13}, {20, 21, 22, 23},
                                    {30, 31, 32, 33}, {40, 41, 42, 43}, {50, 51, 52, 53},
                                    {60, 61, 62, 63}, {70, 71, 72, 73}, {80, 81, 82, 83}};
static const int32_t order[9] = {8, 6, 4, 2, 0, 7, 5, 3, 1};

static const uint8_t labels[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8};

/* The batch is these rows of the table, as 0.5 value - 1. */
static void expect_rows(const small *s, soma_plan *plan, const int *rows) {
    double x[3 * 4];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 4; j++) x[i * 4 + j] = 0.5 * table[rows[i]][j] - 1;
    expect_sum(s, plan, x);
}

static void feed_table(soma_feed *feeds, const int32_t *index) {
    feeds[0] = (soma_feed){(void *)(uintptr_t)table, 0, SOMA_U8, 9, 0.5f, -1, (void *)(uintptr_t)index, index ? 9 : 0};
    feeds[1] = (soma_feed){(void *)(uintptr_t)labels, 0, SOMA_U8, 9, 1, 0, (void *)(uintptr_t)index, index ? 9 : 0};
}

START_TEST(feeds_gather_rows) {
    small s;
    small_open(&s);
    soma_plan *plan = small_plan(&s, 3);
    soma_feed feeds[2];
    soma_step_values values = {.start = 3};
    feed_table(feeds, order);
    expect_ok(soma_plan_set_feeds(plan, feeds, 2));
    expect_ok(soma_plan_run(plan, &values));
    expect_rows(&s, plan, (const int[]){2, 0, 7});
    values.start = 0; /* changes from run to run */
    expect_ok(soma_plan_run(plan, &values));
    expect_rows(&s, plan, (const int[]){8, 6, 4});
    int prepared = seen.prepared;
    expect_ok(soma_plan_set_feeds(plan, feeds, 2)); /* nothing new */
    ck_assert_int_eq(seen.prepared, prepared);
    feed_table(feeds, NULL);
    expect_ok(soma_plan_set_feeds(plan, feeds, 2));
    ck_assert_int_eq(seen.prepared, prepared + 2); /* the gathers alone */
    values.start = 4;
    expect_ok(soma_plan_run(plan, &values));
    expect_rows(&s, plan, (const int[]){4, 5, 6});
    for (int i = 0; i < 2; i++) { /* the same without their first two rows */
        feeds[i].offset = i == 0 ? 2 * sizeof table[0] : 2;
        feeds[i].rows -= 2;
    }
    expect_ok(soma_plan_set_feeds(plan, feeds, 2));
    values.start = 1;
    expect_ok(soma_plan_run(plan, &values));
    expect_rows(&s, plan, (const int[]){3, 4, 5});
    expect_ok(soma_plan_set_feeds(plan, NULL, 0));
    run_and_check(&s, plan, 1); /* written by the host again */
    soma_plan_destroy(plan);
    small_close(&s);
}
END_TEST

START_TEST(feeds_survive_a_move_of_the_arena) {
    small s;
    small_open(&s);
    soma_plan *plan = small_plan(&s, 3), *larger = small_plan(&s, 100);
    soma_feed feeds[2];
    soma_step_values values = {.start = 6};
    feed_table(feeds, order);
    expect_ok(soma_plan_set_feeds(plan, feeds, 2)); /* before it was ever bound */
    run_and_check(&s, larger, 1);
    expect_ok(soma_plan_run(plan, &values));
    expect_rows(&s, plan, (const int[]){5, 3, 1});
    soma_plan_destroy(larger);
    larger = small_plan(&s, 200);
    run_and_check(&s, larger, 2);
    expect_ok(soma_plan_run(plan, &values));
    expect_rows(&s, plan, (const int[]){5, 3, 1});
    soma_plan_destroy(larger);
    soma_plan_destroy(plan);
    small_close(&s);
}
END_TEST

START_TEST(feeds_must_fit) {
    small s;
    small_open(&s);
    soma_plan *plan = small_plan(&s, 3);
    soma_feed feeds[2];
    feed_table(feeds, order);
    expect_error(soma_plan_set_feeds(plan, feeds, 1), SOMA_INVALID_ARGUMENT, "2 inputs, got 1");
    feeds[1].scale = 0.5f; /* class numbers are taken as they are */
    expect_error(soma_plan_set_feeds(plan, feeds, 2), SOMA_INVALID_ARGUMENT, "gather", "int32");
    run_and_check(&s, plan, 1); /* as if nothing had been fed */
    soma_plan_destroy(plan);
    small_close(&s);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ what fails */

START_TEST(a_call_that_cannot_be_prepared_names_its_tensor) {
    small s;
    soma_plan *plan;
    small_open(&s);
    s.product->name = soma_strdup("logits");
    uint64_t before = s.device.memory.allocated;
    seen.failing = SOMA_PRIMITIVE_GEMM;
    expect_error(soma_plan_create(s.executor, &s.graph, 3, SOMA_SGD, &plan), SOMA_DEVICE_FAILED,
                 "logits: ", "does not build");
    ck_assert_ptr_null(plan);
    ck_assert_uint_eq(s.device.memory.allocated, before);
    small_close(&s);
}
END_TEST

START_TEST(too_little_memory_is_an_error_until_there_is_more) {
    small s;
    small_open(&s);
    soma_plan *plan = small_plan(&s, 30), *fits = small_plan(&s, 2);
    soma_step_values values = {0};
    run_and_check(&s, fits, 1);
    s.device.memory_limit = s.device.memory.allocated + 64;
    expect_error(soma_plan_run(plan, &values), SOMA_OUT_OF_DEVICE_MEMORY, "activations needs", "bytes");
    run_and_check(&s, fits, 2); /* the arena was given back for the larger one: it is made anew */
    s.device.memory_limit = 0;
    run_and_check(&s, plan, 3);
    run_and_check(&s, fits, 4);
    soma_plan_destroy(plan);
    soma_plan_destroy(fits);
    small_close(&s);
}
END_TEST

static const struct {
    size_t batch;
    soma_status status;
    const char *words[2];
} batches[] = {
    {0, SOMA_INVALID_ARGUMENT, {"batch size is 0"}},
    {SIZE_MAX, SOMA_OUT_OF_DEVICE_MEMORY, {"[batch, 4]", "more elements"}},
    {SIZE_MAX / 32, SOMA_OUT_OF_DEVICE_MEMORY, {"[batch, 4]", "more elements"}},   /* the rounded size is no size_t */
    {SIZE_MAX / 32 - 2, SOMA_OUT_OF_DEVICE_MEMORY, {"more bytes than any memory"}} /* nor are three of them */
};

START_TEST(impossible_batches_are_refused) {
    small s;
    soma_plan *plan;
    small_open(&s);
    const char *words[] = {batches[_i].words[0], batches[_i].words[1], NULL};
    const soma_device_kind kinds[] = {SOMA_DEVICE_CPU, SOMA_DEVICE_GPU}; /* the first sets large tensors apart */
    for (size_t i = 0; i < SOMA_COUNT_OF(kinds); i++) {
        s.device.info.kind = kinds[i];
        expect_error_words(soma_plan_create(s.executor, &s.graph, batches[_i].batch, SOMA_SGD, &plan),
                           batches[_i].status, words, "create");
    }
    small_close(&s);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, plans_of_several_batch_sizes_share_one_arena);
    tcase_add_test(cases, kept_tensors_survive_to_the_end);
    tcase_add_test(cases, tables_of_samples_have_rows_that_float32_can_count);
    tcase_add_test(cases, small_activations_of_several_threads_have_places_of_their_own);
    tcase_add_test(cases, large_activations_are_set_apart);
    tcase_add_test(cases, running_allocates_and_prepares_nothing);
    tcase_add_test(cases, workspace_lies_behind_the_tensors);
    tcase_add_test(cases, workspace_may_grow_when_a_call_is_prepared_again);
    tcase_add_test(cases, figures_count_what_the_plan_does);
    tcase_add_test(cases, feeds_gather_rows);
    tcase_add_test(cases, feeds_survive_a_move_of_the_arena);
    tcase_add_test(cases, feeds_must_fit);
    tcase_add_test(cases, a_call_that_cannot_be_prepared_names_its_tensor);
    tcase_add_test(cases, too_little_memory_is_an_error_until_there_is_more);
    tcase_add_loop_test(cases, impossible_batches_are_refused, 0, SOMA_COUNT_OF(batches));
}

int main(void) {
    return run_suite("plan", add_tests);
}
