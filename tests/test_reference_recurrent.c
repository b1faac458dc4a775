/* SPDX-License-Identifier: MIT */
/* The reference of RECURRENT against values of another implementation, its gradient against those and against
 * differences. In float64. */
#include "reference.h"

#include "base/random.h"
#include "kernels/recurrent_call.h"
#include <string.h>

enum { UNITS = 2, STEPS = 3, MOST = 4 * UNITS };

/*
 * One sample of three steps, with numbers that any program can make. The expected ones are PyTorch 2.15's in float64,
 * with the projections as the layer's input, whose weights are the identity.
 */
typedef struct example {
    size_t gates;
    double weight[UNITS * MOST], bias[MOST], x[STEPS * MOST], dy[STEPS * UNITS], state[UNITS], cell[UNITS];
    double y[STEPS * UNITS], cells[STEPS * UNITS], kept[STEPS * MOST];
    double dx[STEPS * MOST], drecurrent[STEPS * MOST], dstate[UNITS], dcell[UNITS];
} example;

static example example_of(size_t gates) {
    example e = {.gates = gates, .state = {0.5, -0.25}, .cell = {-0.5, 0.75}};
    const size_t columns = gates * UNITS;
    for (size_t j = 0; j < columns; j++) {
        for (size_t i = 0; i < UNITS; i++) e.weight[i * columns + j] = ((double)((i * 7 + j * 3) % 11) - 5.0) / 8.0;
        for (size_t t = 0; t < STEPS; t++) e.x[t * columns + j] = ((double)((t * 5 + j * 3) % 9) - 4.0) / 4.0;
        e.bias[j] = ((double)(j * 5 % 7) - 3.0) / 8.0;
    }
    for (size_t t = 0; t < STEPS; t++)
        for (size_t i = 0; i < UNITS; i++) e.dy[t * UNITS + i] = ((double)((t * 3 + i * 2) % 5) - 2.0) / 2.0;
    return e;
}

static void run_example(example *e, soma_recurrent_params params) {
    const size_t columns = e->gates * UNITS, kept = soma_recurrent_kept(params.kind) * UNITS;
    const bool lstm = params.kind == SOMA_RECURRENT_LSTM;
    const soma_recurrent_views forward = {.x = F64(e->x, 1, STEPS, columns),
                                          .weight = F64(e->weight, UNITS, columns),
                                          .bias = F64(e->bias, columns),
                                          .state = F64(e->state, 1, UNITS),
                                          .cell = lstm ? F64(e->cell, 1, UNITS) : NONE,
                                          .y = F64(e->y, 1, STEPS, UNITS),
                                          .cells = lstm ? F64(e->cells, 1, STEPS, UNITS) : NONE,
                                          .gates = kept ? F64(e->kept, 1, STEPS, kept) : NONE};
    run(soma_call_recurrent(&forward, params));
#ifdef SOMA_HAVE_TRAINING
    const soma_recurrent_grad_views back = {
        .dy = F64(e->dy, 1, STEPS, UNITS),
        .weight = forward.weight,
        .y = forward.y,
        .cells = forward.cells,
        .gates = forward.gates,
        .state = forward.state,
        .cell = forward.cell,
        .dx = F64(e->dx, 1, STEPS, columns),
        .drecurrent = soma_recurrent_differs(&params) ? F64(e->drecurrent, 1, STEPS, columns) : NONE,
        .dstate = F64(e->dstate, 1, UNITS),
        .dcell = lstm ? F64(e->dcell, 1, UNITS) : NONE};
    run(soma_call_recurrent_grad(&back, params));
#endif
}

#ifdef SOMA_HAVE_TRAINING
#define EXPECT_GRADIENTS EXPECT_VALUES
#else
#define EXPECT_GRADIENTS(...)
#endif

START_TEST(rnn_is_as_elsewhere) {
    example e = example_of(1);
    run_example(&e, (soma_recurrent_params){.kind = SOMA_RECURRENT_RNN, .function = SOMA_TANH});
    EXPECT_VALUES(e.y, ROUNDING, -0.94137553849728739, -0.27406158896076638, 0.37552893840872781, 0.86529795091991168,
                  -0.81554947934680355, 0.60241486362692975);
    EXPECT_GRADIENTS(e.dx, ROUNDING, -0.13986603402734471, -0.018129880197260265, 0.45097433379219309,
                     -0.21175324768315029, -0.16743952336857881, 0.31854816604067382);
    EXPECT_GRADIENTS(e.dstate, ROUNDING, 0.091948741316405513, -0.046297683630123841);
}
END_TEST

START_TEST(lstm_is_as_elsewhere) {
    example e = example_of(LSTM_GATES);
    run_example(&e, (soma_recurrent_params){.kind = SOMA_RECURRENT_LSTM});
    EXPECT_VALUES(e.y, ROUNDING, -0.097414550588831486, 0.18071218237816408, 0.15807226512016748, -0.080963244859390729,
                  0.082988159617039384, 0.14510091721637292);
    EXPECT_GRADIENTS(e.dx, ROUNDING, 0.0053116009114369395, -0.029147593133358869, 0.021992749782589312,
                     -0.028458927934140975, -0.027611800590805743, -0.051501668016802241, 0.069828489241434644,
                     0.028659503308808027, 0.032405927275911101, 0.041242950498511663, -0.011920235062534567,
                     -0.067918669141032006, 0.013039433823582051, -0.37463473531754066, 0.039898857124884425,
                     0.029122729460655784, -0.006407855776399872, 0.033924853734134154, -0.0096671584857146078,
                     -0.0048992512355030809, -0.029664281859091625, 0.049505829582630313, -0.028764743010346795,
                     0.041433295119078312);
    EXPECT_GRADIENTS(e.dstate, ROUNDING, 0.048099698145311634, -0.017177193756769463);
    EXPECT_GRADIENTS(e.dcell, ROUNDING, -0.12876976905288304, -0.051904509918521476);
}
END_TEST

START_TEST(gru_is_as_elsewhere) {
    example e = example_of(GRU_GATES);
    run_example(&e, (soma_recurrent_params){.kind = SOMA_RECURRENT_GRU});
    EXPECT_VALUES(e.y, ROUNDING, -0.11807654058684065, 0.18144086758157435, 0.35605091432567554, 0.055423081527666729,
                  0.19132942508537659, 0.32075944215670471);
    EXPECT_GRADIENTS(e.dx, ROUNDING, -0.057461818731637235, 0.13984397834077722, -0.0035689287191009952,
                     -0.013718953721277079, -0.50779786961588735, -0.31897970778062867, -0.13010337674105477,
                     -0.090161630179830476, 0.010048739393712834, -0.00093087492658402342, 0.087049671224224301,
                     -0.14138403003283531, -0.017176494170627162, -0.072801836177158435, -0.01820792667131791,
                     0.0012859468761257434, -0.38706496196476597, 0.13221602330441118);
    EXPECT_GRADIENTS(e.dstate, ROUNDING, 0.078573133389491165, -0.32151889503655179);
}
END_TEST

/* One unit, by hand: with all weights 0 but those of the candidate, z = r = 1/2, so n = tanh(1/2 r p) or tanh(r h). */
START_TEST(reset_gate_is_before_or_after) {
    double x[3] = {0, 0, 0}, weight[3] = {0, 0, 1}, bias[3] = {0, 0, 1}, state[1] = {0.5}, y[1];
    const soma_recurrent_views views = {.x = F64(x, 1, 1, 3),
                                        .weight = F64(weight, 1, 3),
                                        .bias = F64(bias, 3),
                                        .state = F64(state, 1, 1),
                                        .y = F64(y, 1, 1, 1)};
    soma_recurrent_params params = {.kind = SOMA_RECURRENT_GRU};
    run(soma_call_recurrent(&views, params));
    EXPECT_VALUES(y, ROUNDING, 0.5 * tanh(0.75) + 0.25); /* n = tanh(r (h + 1)) */
    params.reset_before = true;
    run(soma_call_recurrent(&views, params));
    EXPECT_VALUES(y, ROUNDING, 0.5 * tanh(1.25) + 0.25); /* n = tanh(r h + 1) */
}
END_TEST

/* An RNN that adds: y is the sum so far, of the steps that count, from the one end or the other. */
START_TEST(masks_leave_the_state_and_reverse_begins_at_the_end) {
    double x[4] = {1, 2, 4, 8}, weight[1] = {1}, mask[4] = {1, 0, 1, 0}, state[1] = {16}, y[4];
    soma_recurrent_views views = {.x = F64(x, 1, 4, 1), .weight = F64(weight, 1, 1), .y = F64(y, 1, 4, 1)};
    soma_recurrent_params params = {.kind = SOMA_RECURRENT_RNN, .function = SOMA_RELU};
    run(soma_call_recurrent(&views, params));
    EXPECT_VALUES(y, EXACTLY, 1, 3, 7, 15);
    views.mask = F64(mask, 1, 4);
    run(soma_call_recurrent(&views, params));
    EXPECT_VALUES(y, EXACTLY, 1, 1, 5, 5);
    views.state = F64(state, 1, 1);
    params.reverse = true;
    run(soma_call_recurrent(&views, params));
    EXPECT_VALUES(y, EXACTLY, 21, 20, 20, 16);
}
END_TEST

/* ------------------------------------------------------------------------------------------------- differences */

#ifdef SOMA_HAVE_TRAINING
enum { N = 2, T = 3, U = 3, COLUMNS = 4 * U };

typedef struct layer {
    soma_recurrent_params params;
    size_t columns;
    bool masked;
    double x[N * T * COLUMNS], weight[U * COLUMNS], bias[COLUMNS], mask[N * T], state[N * U], cell[N * U],
        dy[N * T * U];
    double y[N * T * U], cells[N * T * U], kept[N * T * COLUMNS];
} layer;

static soma_recurrent_views views_of(layer *l) {
    const bool lstm = l->params.kind == SOMA_RECURRENT_LSTM, keeps = l->params.kind != SOMA_RECURRENT_RNN;
    return (soma_recurrent_views){.x = F64(l->x, N, T, l->columns),
                                  .weight = F64(l->weight, U, l->columns),
                                  .bias = F64(l->bias, l->columns),
                                  .mask = l->masked ? F64(l->mask, N, T) : NONE,
                                  .state = F64(l->state, N, U),
                                  .cell = lstm ? F64(l->cell, N, U) : NONE,
                                  .y = F64(l->y, N, T, U),
                                  .cells = lstm ? F64(l->cells, N, T, U) : NONE,
                                  .gates = keeps ? F64(l->kept, N, T, 4 * U) : NONE};
}

static double forward(layer *l) {
    const soma_recurrent_views views = views_of(l);
    run(soma_call_recurrent(&views, l->params));
    double sum = 0.0;
    for (size_t i = 0; i < N * T * U; i++) sum += l->dy[i] * l->y[i];
    return sum;
}

static void expect_differences(layer *l, double *of, const double *gradient, size_t count, const char *what) {
    const double step = 1e-5;
    for (size_t i = 0; i < count; i++) {
        const double at = of[i];
        of[i] = at + step;
        const double above = forward(l);
        of[i] = at - step;
        const double below = forward(l);
        of[i] = at;
        expect_value(gradient[i], (above - below) / (2.0 * step), 1e-8, what);
    }
}

static void fill(soma_random *random, double *values, size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = 2.0 * (double)soma_random_uniform(random) - 1.0;
}

static const soma_recurrent_params kinds[] = {
    {.kind = SOMA_RECURRENT_RNN, .function = SOMA_TANH},
    {.kind = SOMA_RECURRENT_RNN, .function = SOMA_RELU, .reverse = true},
    {.kind = SOMA_RECURRENT_LSTM},
    {.kind = SOMA_RECURRENT_LSTM, .reverse = true},
    {.kind = SOMA_RECURRENT_GRU},
    {.kind = SOMA_RECURRENT_GRU, .reverse = true},
    {.kind = SOMA_RECURRENT_GRU, .reset_before = true},
    {.kind = SOMA_RECURRENT_GRU, .reset_before = true, .reverse = true},
};

START_TEST(gradients_are_those_of_the_steps) {
    soma_random random;
    soma_random_init(&random, (uint64_t)_i, SOMA_STREAM_DATA);
    layer l = {.params = kinds[_i / 2], .masked = _i % 2, .mask = {1, 0, 1, 1, 1, 0}};
    l.columns = soma_recurrent_gates(l.params.kind) * U;
    fill(&random, l.x, N * T * l.columns);
    fill(&random, l.weight, U * l.columns);
    fill(&random, l.bias, l.columns);
    fill(&random, l.state, N * U);
    fill(&random, l.cell, N * U);
    fill(&random, l.dy, N * T * U);
    forward(&l);
    double dx[N * T * COLUMNS], drecurrent[N * T * COLUMNS], dstate[N * U], dcell[N * U];
    const soma_recurrent_views views = views_of(&l);
    const bool lstm = l.params.kind == SOMA_RECURRENT_LSTM;
    const soma_recurrent_grad_views back = {
        .dy = F64(l.dy, N, T, U),
        .weight = views.weight,
        .y = views.y,
        .cells = views.cells,
        .gates = views.gates,
        .mask = views.mask,
        .state = views.state,
        .cell = views.cell,
        .dx = F64(dx, N, T, l.columns),
        .drecurrent = soma_recurrent_differs(&l.params) ? F64(drecurrent, N, T, l.columns) : NONE,
        .dstate = F64(dstate, N, U),
        .dcell = lstm ? F64(dcell, N, U) : NONE};
    run(soma_call_recurrent_grad(&back, l.params));
    const double *products = soma_recurrent_differs(&l.params) ? drecurrent : dx;
    double dbias[COLUMNS] = {0}; /* as layers make it: the sum of the products' gradients */
    for (size_t i = 0; i < N * T * l.columns; i++) dbias[i % l.columns] += products[i];
    expect_differences(&l, l.x, dx, N * T * l.columns, "dx");
    expect_differences(&l, l.bias, dbias, l.columns, "dbias");
    expect_differences(&l, l.state, dstate, N * U, "dstate");
    if (lstm) expect_differences(&l, l.cell, dcell, N * U, "dcell");
}
END_TEST
#endif

int main(void) {
    Suite *suite = suite_create("reference of recurrent layers");
    TCase *tests = tcase_create("recurrent");
    tcase_add_test(tests, rnn_is_as_elsewhere);
    tcase_add_test(tests, lstm_is_as_elsewhere);
    tcase_add_test(tests, gru_is_as_elsewhere);
    tcase_add_test(tests, reset_gate_is_before_or_after);
    tcase_add_test(tests, masks_leave_the_state_and_reverse_begins_at_the_end);
#ifdef SOMA_HAVE_TRAINING
    tcase_add_loop_test(tests, gradients_are_those_of_the_steps, 0, 2 * (int)SOMA_COUNT_OF(kinds));
#endif
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
