/* SPDX-License-Identifier: MIT */
/* Recurrent layers of the cpu device, of more units than conformance has, in every instruction set of this machine:
 * with any number of threads to the same bits, within scratch memory, and beside the reference in float64. */
#include "base/random.h"
#include "device/calls.h"
#include "device/cpu/run.h"
#include "device/reference/reference.h"
#include "kernels/recurrent_call.h"

#include "expect.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Panels of a thread, of which there are rounds; samples of several tasks, of one; as many as make a tile, and fewer.
 */
typedef struct size {
    size_t samples, steps, units;
} size;
static const size sizes[] = {{3, 3, 140}, {33, 3, 70}, {1, 5, 300}, {70, 2, 17}, {150, 2, 33}};

static const struct {
    const char *name;
    soma_recurrent_params params;
} kinds[] = {{"rnn", {SOMA_RECURRENT_RNN, SOMA_TANH, false, false}},
             {"rnn of relu, backwards", {SOMA_RECURRENT_RNN, SOMA_RELU, false, true}},
             {"lstm", {SOMA_RECURRENT_LSTM, SOMA_TANH, false, false}},
             {"gru", {SOMA_RECURRENT_GRU, SOMA_TANH, false, false}},
             {"gru, reset before", {SOMA_RECURRENT_GRU, SOMA_TANH, true, true}}};

enum { ROOM = 16, GUARD = 64 };

/* A call with what it reads and writes, of which `out` are those that it writes. */
typedef struct layer {
    soma_call call;
    float *memory[ROOM];
    size_t count[ROOM], views;
    bool out[ROOM];
} layer;

static soma_view add(layer *l, soma_random *random, float scale, bool out, size_t a, size_t b, size_t c) {
    const size_t shape[] = {a, b, c}, i = l->views++;
    const uint32_t rank = c ? 3 : b ? 2 : 1;
    l->count[i] = a * (b ? b : 1) * (c ? c : 1);
    l->out[i] = out;
    l->memory[i] = soma_malloc_aligned(64, soma_round_up(l->count[i] * sizeof(float) + 64, 64));
    ck_assert_ptr_nonnull(l->memory[i]);
    for (size_t e = 0; e < l->count[i]; e++) l->memory[i][e] = scale * (2.0f * soma_random_uniform(random) - 1.0f);
    return soma_view_of(l->memory[i], 0, SOMA_F32, rank, shape);
}

static void free_layer(layer *l) {
    for (size_t i = 0; i < l->views; i++) soma_free_aligned(l->memory[i]);
}

/* Of all optional ones those are left out that this kind has not. */
static layer make_forward(const size *s, soma_recurrent_params params, soma_random *random) {
    layer l = {.views = 0};
    const size_t gates = soma_recurrent_gates(params.kind), kept = soma_recurrent_kept(params.kind);
    const float scale = 1.0f / sqrtf((float)s->units);
    soma_recurrent_views v = {.mask = soma_view_absent(), .cell = soma_view_absent(), .cells = soma_view_absent()};
    v.gates = soma_view_absent();
    v.x = add(&l, random, 2, false, s->samples, s->steps, gates * s->units);
    v.weight = add(&l, random, scale, false, s->units, gates * s->units, 0);
    v.bias = add(&l, random, 1, false, gates * s->units, 0, 0);
    v.state = add(&l, random, 1, false, s->samples, s->units, 0);
    if (params.kind == SOMA_RECURRENT_LSTM) v.cell = add(&l, random, 1, false, s->samples, s->units, 0);
    v.y = add(&l, random, 1, true, s->samples, s->steps, s->units);
    if (params.kind == SOMA_RECURRENT_LSTM) v.cells = add(&l, random, 1, true, s->samples, s->steps, s->units);
    if (kept) v.gates = add(&l, random, 1, true, s->samples, s->steps, kept * s->units);
    l.call = soma_call_recurrent(&v, params);
    return l;
}

/* Of what the reference has made of the layer. */
static layer make_backward(const size *s, const layer *forward, soma_recurrent_params params, soma_random *random) {
    layer l = {.views = 0};
    const size_t gates = soma_recurrent_gates(params.kind);
    soma_recurrent_views f;
    memcpy(&f, forward->call.view, sizeof f);
    soma_recurrent_grad_views v = {.weight = f.weight, .y = f.y, .cells = f.cells, .gates = f.gates, .mask = f.mask};
    v.state = f.state, v.cell = f.cell;
    v.drecurrent = v.dcell = soma_view_absent();
    v.dy = add(&l, random, 1, false, s->samples, s->steps, s->units);
    v.dx = add(&l, random, 1, true, s->samples, s->steps, gates * s->units);
    if (soma_recurrent_differs(&params))
        v.drecurrent = add(&l, random, 1, true, s->samples, s->steps, gates * s->units);
    v.dstate = add(&l, random, 1, true, s->samples, s->units, 0);
    if (params.kind == SOMA_RECURRENT_LSTM) v.dcell = add(&l, random, 1, true, s->samples, s->units, 0);
    l.call = soma_call_recurrent_grad(&v, params);
    return l;
}

static void run(layer *l, const soma_cpu_isa *isa, uint32_t threads) {
    size_t workspace;
    soma_threads *team;
    soma_call call = l->call;
    for (size_t i = 0; i < l->views; i++)
        for (size_t e = 0; l->out[i] && e < l->count[i]; e++) l->memory[i][e] = NAN;
    expect_ok(soma_threads_create(threads, &team));
    expect_ok(soma_cpu_prepare(isa, threads, &call, &workspace));
    unsigned char *scratch = soma_malloc_aligned(64, soma_round_up(workspace + GUARD, 64));
    memset(scratch, 0xff, workspace); /* NaN */
    memset(scratch + workspace, 0x5a, GUARD);
    call.workspace = scratch;
    soma_cpu_run(team, &call, 1);
    soma_cpu_release(&call);
    for (size_t i = 0; i < GUARD; i++) ck_assert_uint_eq(scratch[workspace + i], 0x5a);
    soma_free_aligned(scratch);
    soma_threads_destroy(team);
}

static float *copy_of(const layer *l, size_t i) {
    float *copy = malloc(l->count[i] * sizeof *copy + 1);
    ck_assert_ptr_nonnull(copy);
    return memcpy(copy, l->memory[i], l->count[i] * sizeof *copy);
}

/* A step sums `units` products of numbers up to 1 by weights of which a column's make up to sqrt(units), and some more,
 * each rounded; functions of the gates do not enlarge that, and each step has it of all before: eight sums of a step,
 * those of the gates, the cell, and their gradients. */
static double bound_of(const size *s, double value) {
    return 8.0 * (double)s->steps * ((double)s->units + 8.0) * (double)(FLT_EPSILON / 2) * sqrt((double)s->units) *
           (1.0 + fabs(value));
}

/* `reference` of the layer's call has just been run. */
static void check(layer *l, const size *s, const char *kind, const char *which) {
    const soma_cpu_isa *isa;
    float *expected[ROOM], *alone[ROOM];
    for (size_t i = 0; i < l->views; i++) expected[i] = copy_of(l, i);
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++) {
        run(l, isa, 1);
        for (size_t i = 0; i < l->views; i++) {
            alone[i] = copy_of(l, i);
            for (size_t e = 0; e < l->count[i]; e++)
                if (!(fabs((double)alone[i][e] - (double)expected[i][e]) <= bound_of(s, (double)expected[i][e])))
                    ck_abort_msg("%s, %s%s of %zu units: view %zu [%zu] is %.9g, expected %.9g", isa->name, kind, which,
                                 s->units, i, e, (double)alone[i][e], (double)expected[i][e]);
        }
        for (uint32_t threads = 2; threads <= 5; threads += threads == 3 ? 2 : 1) {
            run(l, isa, threads);
            for (size_t i = 0; i < l->views; i++)
                if (memcmp(alone[i], l->memory[i], l->count[i] * sizeof(float)) != 0)
                    ck_abort_msg("%s, %s%s of %zu units, %zu samples: view %zu is another with %u threads", isa->name,
                                 kind, which, s->units, s->samples, i, threads);
        }
        for (size_t i = 0; i < l->views; i++) free(alone[i]);
    }
    for (size_t i = 0; i < l->views; i++) {
        memcpy(l->memory[i], expected[i], l->count[i] * sizeof(float)); /* what the gradient is made of */
        free(expected[i]);
    }
}

START_TEST(thread_count_does_not_matter) {
    const size *s = &sizes[_i];
    for (size_t k = 0; k < SOMA_COUNT_OF(kinds); k++) {
        soma_random random;
        soma_random_init(&random, 1 + k, SOMA_STREAM_DATA);
        layer forward = make_forward(s, kinds[k].params, &random);
        soma_reference_recurrent(&forward.call);
        check(&forward, s, kinds[k].name, "");
        layer backward = make_backward(s, &forward, kinds[k].params, &random);
        soma_reference_recurrent_grad(&backward.call);
        check(&backward, s, kinds[k].name, ", its gradient");
        free_layer(&backward);
        free_layer(&forward);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu recurrent");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, thread_count_does_not_matter, 0, (int)SOMA_COUNT_OF(sizes));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
