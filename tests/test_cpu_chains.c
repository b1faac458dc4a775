/* SPDX-License-Identifier: MIT */
/* Phases that the cpu device does chunk by chunk together: the same bits as one call after the other, wherever results
 * lie, and no barrier between them. */
#include "base/random.h"
#include "device/calls.h"
#include "device/cpu/run.h"

#include "expect.h"

#include <stdlib.h>

/* Four chunks and a part. PART: floats that a tensor has for itself; FIGURES: those of columns, behind all tensors. */
enum { ROWS = 5000, COLUMNS = 16, COUNT = ROWS * COLUMNS, PART = COUNT + 32 * COLUMNS };
enum { X = PART, Y = 4 * PART, OTHER = 5 * PART, G = 6 * PART, DX = 7 * PART, FIGURES = 8 * PART, ALL = 9 * PART };
enum { CALLS = 6 };

static soma_view tensor(float *memory, size_t at) {
    return soma_view_of(memory + at, 0, SOMA_F32, 1, (size_t[]){COUNT});
}
static soma_view columns(float *memory, size_t at) {
    return soma_view_of(memory + at, 0, SOMA_F32, 4, (size_t[]){1, ROWS, COLUMNS, 1});
}
static soma_view figures(float *memory, size_t index) {
    return soma_view_of(memory + FIGURES + index * COLUMNS, 0, SOMA_F32, 1, (size_t[]){COLUMNS});
}
static soma_view figures_of_one(float *memory, size_t index) {
    return soma_view_of(memory + FIGURES + index * COLUMNS, 0, SOMA_F32, 2, (size_t[]){1, COLUMNS});
}

/* A residual's end, and the way back: normalisation, a sum at `sum`, its function in place; the function's gradient,
 * the normalisation's, and their sum in place. What is back is left out without training. */
static size_t make_calls(float *memory, size_t sum, soma_call call[CALLS]) {
    const soma_normalize_params params = {.epsilon = 1e-5f, .centered = true};
    const soma_normalize_views forward = {.x = columns(memory, X),
                                          .scale = figures(memory, 0),
                                          .offset = figures(memory, 1),
                                          .y = columns(memory, Y),
                                          .mean = figures_of_one(memory, 2),
                                          .inverse = figures_of_one(memory, 3)};
    const soma_unary_params relu = {.function = SOMA_RELU};
    size_t count = 0;
    call[count++] = soma_call_normalize(&forward, params);
    call[count++] = soma_call_binary(tensor(memory, Y), tensor(memory, OTHER), tensor(memory, sum), SOMA_BINARY_ADD);
    call[count++] = soma_call_unary(tensor(memory, sum), tensor(memory, sum), relu);
    if (!SOMA_HAS_TRAINING) return count;
    const soma_normalize_grad_views back = {.dy = columns(memory, G),
                                            .x = columns(memory, X),
                                            .scale = figures(memory, 0),
                                            .mean = figures_of_one(memory, 2),
                                            .inverse = figures_of_one(memory, 3),
                                            .dx = columns(memory, DX),
                                            .dscale = figures(memory, 4),
                                            .doffset = figures(memory, 5)};
    call[count++] = soma_call_unary_grad(tensor(memory, OTHER), tensor(memory, sum), tensor(memory, G), relu);
    call[count++] = soma_call_normalize_grad(&back, true);
    call[count++] = soma_call_binary(tensor(memory, DX), tensor(memory, G), tensor(memory, DX), SOMA_BINARY_ADD);
    return count;
}

/* All memory after the calls; as one list, or each as a list of its own. */
static float *run(const soma_cpu_isa *isa, size_t sum, uint32_t threads, bool together) {
    float *memory = soma_malloc_aligned(64, soma_round_up(ALL * sizeof(float), 64));
    ck_assert_ptr_nonnull(memory);
    soma_random random;
    soma_random_init(&random, 11, SOMA_STREAM_DATA);
    for (size_t i = 0; i < ALL; i++) memory[i] = soma_random_uniform(&random) * 2.0f - 1.0f;
    soma_call call[CALLS];
    size_t count = make_calls(memory, sum, call), workspace = 64;
    for (size_t i = 0; i < count; i++) {
        size_t bytes;
        expect_ok(soma_cpu_prepare(isa, threads, &call[i], &bytes));
        workspace = SOMA_MAX(workspace, bytes);
    }
    void *scratch = soma_malloc_aligned(64, soma_round_up(workspace, 64));
    soma_threads *team;
    expect_ok(soma_threads_create(threads, &team));
    for (size_t i = 0; i < count; i++) call[i].workspace = scratch;
    if (together)
        soma_cpu_run(team, call, count);
    else
        for (size_t i = 0; i < count; i++) soma_cpu_run(team, &call[i], 1);
    for (size_t i = 0; i < count; i++) soma_cpu_release(&call[i]);
    soma_threads_destroy(team);
    soma_free_aligned(scratch);
    return memory;
}

/* The sum beside everything, in the place of an addend, and over x or part of it: then a chunk of one call is another
 * chunk of the next, and they can't be done together. */
START_TEST(test_chunks_give_the_same_bits) {
    static const size_t sums[] = {2 * PART + 64, Y, OTHER, X, X + SOMA_CPU_CHUNK, X - SOMA_CPU_CHUNK, X - 64};
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++)
        for (size_t i = 0; i < SOMA_COUNT_OF(sums); i++) {
            float *apart = run(isa, sums[i], 1, false);
            for (uint32_t threads = 1; threads <= 3; threads++) {
                float *together = run(isa, sums[i], threads, true);
                ck_assert_msg(memcmp(apart, together, ALL * sizeof(float)) == 0, "%s, sums[%zu], %u threads", isa->name,
                              i, threads);
                soma_free_aligned(together);
            }
            soma_free_aligned(apart);
        }
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- the order */

enum { TASKS = 5, NOTED = 4 };
static size_t noted_call[NOTED * TASKS], noted_task[NOTED * TASKS], noted;

static void note(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    noted_call[noted] = call->params.unary.function;
    noted_task[noted++] = task;
}

/* Two calls in place, one whose result lies a chunk further on, and one that no chunk is said of. */
START_TEST(test_chunks_take_turns) {
    static float memory[2 * TASKS * SOMA_CPU_CHUNK];
    soma_cpu_plan plan[NOTED] = {{.phase_count = 0}};
    soma_call call[NOTED];
    soma_threads *team;
    expect_ok(soma_threads_create(1, &team));
    for (size_t i = 0; i < NOTED; i++) {
        size_t count = TASKS * SOMA_CPU_CHUNK;
        soma_view x = soma_view_of(memory, 0, SOMA_F32, 1, &count),
                  out = soma_view_of(memory + (i == 2 ? SOMA_CPU_CHUNK : 0), 0, SOMA_F32, 1, &count);
        call[i] = soma_call_unary(x, out, (soma_unary_params){.function = (soma_function)i});
        if (i == 3)
            soma_cpu_add_phase(&plan[i], note, TASKS);
        else
            soma_cpu_add_chunks(&plan[i], note, count, 3, 0);
        call[i].prepared = &plan[i];
    }
    noted = 0;
    soma_cpu_run(team, call, NOTED);
    soma_threads_destroy(team);
    ck_assert_uint_eq(noted, NOTED * TASKS);
    for (size_t i = 0; i < noted; i++) {
        bool in_turns = i < 2 * TASKS;
        ck_assert_uint_eq(noted_call[i], in_turns ? i % 2 : i / TASKS);
        ck_assert_uint_eq(noted_task[i], in_turns ? i / 2 : i % TASKS);
    }
}
END_TEST

/* What two tasks of a phase were done by: each of two threads has one where the list is shared. */
static uint32_t done_by[2];

static void sign_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)call, (void)plan;
    done_by[task] = thread;
}

/* Calls of 6 us each save 9 us by two threads: more than one barrier costs (3 us, and 1.5 to begin), less than three.
 */
START_TEST(test_a_chain_costs_one_barrier) {
    static float memory[2 * SOMA_CPU_CHUNK];
    const size_t count = 2 * SOMA_CPU_CHUNK;
    for (unsigned apart = 0; apart < 2; apart++) {
        soma_cpu_plan plan[3] = {{.phase_count = 0}};
        soma_call call[3];
        soma_threads *team;
        expect_ok(soma_threads_create(2, &team));
        for (size_t i = 0; i < 3; i++) {
            soma_view x = soma_view_of(memory, 0, SOMA_F32, 1, &count);
            call[i] = soma_call_unary(x, x, (soma_unary_params){.function = SOMA_RELU});
            plan[i].nanoseconds = 6000;
            if (apart)
                soma_cpu_add_phase(&plan[i], sign_task, 2);
            else
                soma_cpu_add_chunks(&plan[i], sign_task, count, 3, 0);
            call[i].prepared = &plan[i];
        }
        soma_cpu_run(team, call, 3);
        soma_threads_destroy(team);
        ck_assert_uint_eq(done_by[0], 0);
        ck_assert_uint_eq(done_by[1], apart ? 0 : 1);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu chains");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_chunks_give_the_same_bits);
    tcase_add_test(tests, test_chunks_take_turns);
    tcase_add_test(tests, test_a_chain_costs_one_barrier);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
