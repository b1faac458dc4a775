/* SPDX-License-Identifier: MIT */
/*
 * A batch normalisation that is folded into the product before it: its values in inference, held against the formula in
 * float64, and that they are those of the parameters as they are now; so of what is made of parameters alone. Additions
 * that join the convolution before them.
 * Usage: test_fold DEVICE
 */
#include "nn/network.h"
#include "train/step.h"
#include "trainer.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HEIGHT = 5, BREADTH = 4, DEPTH = 6, PIXELS = HEIGHT * BREADTH, SAMPLE = PIXELS * DEPTH };
enum { BATCH = 3, MOST_WEIGHTS = 1024, MOST_FILTERS = 16 };

/* Of windows that keep the picture's size, padded by half of them. */
static const struct fold_case {
    const char *layers, *name;
    size_t window, groups, filters; /* window 0: a dense layer */
    bool bias, relu, scaled, shifted, transposed;
} cases[] = {
    {"conv 5 3x3 pad 1 nobias; batchnorm; relu", "conv_1", 3, 1, 5, false, true, true, true, false},
    {"conv 4 3x3 pad 1; batchnorm noscale", "conv_1", 3, 1, 4, true, false, false, true, false},
    {"conv 6 3x3 pad 1 groups 3; batchnorm nooffset; relu", "conv_1", 3, 3, 6, true, true, true, false, false},
    {"conv 16 1x1 nobias; batchnorm; relu", "conv_1", 1, 1, 16, false, true, true, true, false},
    {"depthwise 3x3 pad 1 nobias; batchnorm; relu", "depthwise_1", 3, 6, 6, false, true, true, true, false},
    {"convtranspose 5 3x3 pad 1; batchnorm; relu", "convtranspose_1", 3, 1, 5, true, true, true, true, true},
    {"convtranspose 4 3x3 pad 1 groups 2; batchnorm noscale", "convtranspose_1", 3, 2, 4, true, false, false, true,
     true},
    {"dense 7; batchnorm; relu", "dense_1", 0, 1, 7, true, true, true, true, false},
};

/* ----------------------------------------------------------------------------------------------------- the formula */

typedef struct figures {
    float weight[MOST_WEIGHTS], bias[MOST_FILTERS], scale[MOST_FILTERS], offset[MOST_FILTERS], mean[MOST_FILTERS],
        variance[MOST_FILTERS];
} figures;

static soma_tensor *parameter_of(soma_network *network, const char *layer, const char *what) {
    char name[64];
    snprintf(name, sizeof name, "%s.%s", layer, what);
    soma_tensor *tensor = soma_network_tensor(network, name);
    ck_assert_msg(tensor, "no tensor %s", name);
    return tensor;
}

static void get(soma_network *network, const char *layer, const char *what, bool present, float absent, float *values,
                size_t count) {
    for (size_t i = 0; i < count; i++) values[i] = absent;
    if (present) expect_ok(soma_get_parameter(network, parameter_of(network, layer, what), values, count));
}

static size_t pixels_of(const struct fold_case *c) {
    return c->window ? PIXELS : 1;
}

/* Products in a sum. */
static size_t terms_of(const struct fold_case *c) {
    return c->window ? c->window * c->window * (DEPTH / c->groups) : SAMPLE;
}

static size_t weights_of(const struct fold_case *c) {
    return terms_of(c) * c->filters;
}

static void read_figures(const struct fold_case *c, soma_network *network, figures *f) {
    get(network, c->name, "weight", true, 0, f->weight, weights_of(c));
    get(network, c->name, "bias", c->bias, 0, f->bias, c->filters);
    get(network, "batchnorm_1", "weight", c->scaled, 1, f->scale, c->filters);
    get(network, "batchnorm_1", "bias", c->shifted, 0, f->offset, c->filters);
    get(network, "batchnorm_1", "running_mean", true, 0, f->mean, c->filters);
    get(network, "batchnorm_1", "running_var", true, 0, f->variance, c->filters);
}

/* Where weight number `term` of a filter lies; of a transposed convolution the filters of a group come before its
 * channels. */
static size_t place_of(const struct fold_case *c, size_t filter, size_t term) {
    if (!c->transposed) return term * c->filters + filter;
    const size_t depth = DEPTH / c->groups, each = c->filters / c->groups;
    return (term / depth * each + filter % each) * DEPTH + filter / each * depth + term % depth;
}

/* What weight number `term` of a filter is multiplied by: 0 outside the picture. */
static double input_at(const struct fold_case *c, const float *picture, int pixel, size_t filter, size_t term) {
    if (!c->window) return (double)picture[term];
    const size_t depth = DEPTH / c->groups, first = filter / (c->filters / c->groups) * depth;
    const int half = (int)c->window / 2, last = (int)(c->window * c->window) - 1;
    const int k = c->transposed ? last - (int)(term / depth) : (int)(term / depth);
    const int row = pixel / BREADTH + k / (int)c->window - half, column = pixel % BREADTH + k % (int)c->window - half;
    if (row < 0 || row >= HEIGHT || column < 0 || column >= BREADTH) return 0;
    return (double)picture[(size_t)(row * BREADTH + column) * DEPTH + first + term % depth];
}

/*
 * Folded or not, a result is a sum of K products, a bias and an offset. The factor takes a sum, a power (OpenCL allows
 * it 16 units in the last place) and a product, the weight with it one rounding more, the sum at most K, bias and
 * offset one each: K + 24 roundings, of numbers that are no larger than the sum of all terms' sizes. relu adds none.
 */
static void expect_values(const struct fold_case *c, soma_network *network, const float *x, size_t samples,
                          const float *y, const char *when) {
    figures f;
    read_figures(c, network, &f);
    const size_t terms = terms_of(c), pixels = pixels_of(c);
    for (size_t i = 0; i < samples * pixels * c->filters; i++) {
        size_t filter = i % c->filters, pixel = i / c->filters % pixels, row = i / c->filters / pixels;
        double size = 0, sum = 0;
        for (size_t k = 0; k < terms; k++) {
            double term =
                input_at(c, x + row * SAMPLE, (int)pixel, filter, k) * (double)f.weight[place_of(c, filter, k)];
            sum += term;
            size += fabs(term);
        }
        double factor = (double)f.scale[filter] / sqrt((double)f.variance[filter] + 1e-5);
        double bias = (double)f.bias[filter], mean = (double)f.mean[filter], offset = (double)f.offset[filter];
        double expected = (sum + bias - mean) * factor + offset;
        double bound =
            (terms + 24) * (double)FLT_EPSILON * ((size + fabs(bias) + fabs(mean)) * fabs(factor) + fabs(offset));
        if (c->relu) expected = fmax(expected, 0);
        ck_assert_msg(fabs((double)y[i] - expected) <= bound, "%s, %s: element %zu is %.9g, expected %.9g (%.2g)",
                      c->layers, when, i, (double)y[i], expected, bound);
    }
}

/* ------------------------------------------------------------------------------------------------------- networks */

static float x[BATCH * SAMPLE];

static soma_network *network_of_case(const struct fold_case *c, bool no_fusion) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 5);
    soma_layers(soma_input(network, NULL, 3, (const size_t[]){HEIGHT, BREADTH, DEPTH}), c->layers);
    soma_compile_options options = {.optimizer.learning_rate = 0.1f, .no_fusion = no_fusion};
    expect_ok(soma_compile(network, test_device, &options));
    fill_uniform(1, x, BATCH * SAMPLE);
    return network;
}

/* From 0.5 to 1.5, so that variances can be. */
static void change(soma_network *network, const char *layer, const char *what, size_t count, unsigned seed) {
    float values[MOST_WEIGHTS];
    fill_uniform(seed, values, count);
    for (size_t i = 0; i < count; i++) values[i] = 1 + values[i] / 2;
    expect_ok(soma_set_parameter(network, parameter_of(network, layer, what), values, count));
}

/* By the network itself and by a session, of one and of a batch: each has plans of its own. */
static void expect_now(const struct fold_case *c, soma_network *network, soma_session *session, const char *when) {
    static float y[BATCH * PIXELS * MOST_FILTERS];
    for (size_t samples = 1; samples <= BATCH; samples += BATCH - 1) {
        memset(y, 0x7f, sizeof y);
        expect_ok(soma_run(network, x, samples, y));
        expect_values(c, network, x, samples, y, when);
        memset(y, 0x7f, sizeof y);
        expect_ok(soma_session_run(session, samples, (const float *[]){x}, (float *[]){y}));
        expect_values(c, network, x, samples, y, when);
    }
}

START_TEST(folded_normalisations_have_their_values) {
    const struct fold_case *c = &cases[_i];
    for (int no_fusion = 0; no_fusion < 2; no_fusion++) {
        soma_network *network = network_of_case(c, no_fusion);
        soma_network_figures known;
        soma_session *session;
        expect_ok(soma_session_create(network, NULL, &session));
        expect_ok(soma_network_get_figures(network, BATCH, &known));
        if (no_fusion)
            ck_assert_uint_gt(known.calls_per_inference, 2);
        else
            ck_assert_uint_eq(known.calls_per_inference, 2); /* gathers the pictures, and all the rest */
        expect_now(c, network, session, "at first");
        change(network, c->name, "weight", weights_of(c), 2);
        expect_now(c, network, session, "other weights");
        if (c->bias) change(network, c->name, "bias", c->filters, 3);
        expect_now(c, network, session, "another bias");
        if (c->scaled) change(network, "batchnorm_1", "weight", c->filters, 4);
        expect_now(c, network, session, "another scale");
        if (c->shifted) change(network, "batchnorm_1", "bias", c->filters, 5);
        expect_now(c, network, session, "another offset");
        change(network, "batchnorm_1", "running_mean", c->filters, 6);
        expect_now(c, network, session, "another mean");
        change(network, "batchnorm_1", "running_var", c->filters, 7);
        expect_now(c, network, session, "another variance");
        soma_session_destroy(session);
        soma_network_destroy(network);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- additions */

static const struct {
    const char *layers;
    uint32_t calls; /* of an inference: one gathers the pictures */
} residuals[] = {
    {"conv 6 3x3 pad 1 relu; residual(conv 6 3x3 pad 1 nobias; batchnorm; relu; conv 6 3x3 pad 1 nobias; batchnorm); "
     "relu",
     4},
    {"residual(depthwise 3x3 pad 1); tanh", 2},
    {"residual(conv 8 3x3 stride 2 pad 1 relu | conv 8 1x1 stride 2 nobias; batchnorm); relu", 3},
    {"residual(conv 6 3x3 pad 1 groups 2; residual(conv 6 3x3 pad 1)); relu", 5}, /* a sum does not join a sum */
    {"residual(conv 6 1x1 relu; conv 6 1x1); relu", 5},                           /* products */
};

static uint32_t run_residual(const char *layers, bool no_fusion, float *y) {
    const struct fold_case c = {.layers = layers};
    soma_network *network = network_of_case(&c, no_fusion);
    soma_network_figures known;
    expect_ok(soma_network_get_figures(network, BATCH, &known));
    expect_ok(soma_run(network, x, BATCH, y));
    soma_network_destroy(network);
    return known.calls_per_inference;
}

/* At most three sums of up to 55 terms, of sizes about 1, one made of the other: each way is off by no more than some
 * 200 roundings. */
START_TEST(additions_join_convolutions) {
    static float plain[BATCH * PIXELS * MOST_FILTERS], joined[BATCH * PIXELS * MOST_FILTERS];
    float largest = 0;
    memset(plain, 0, sizeof plain);
    memset(joined, 0, sizeof joined);
    ck_assert(soma_device_combines(test_device, SOMA_PRIMITIVE_CONV_ADD));
    ck_assert_uint_gt(run_residual(residuals[_i].layers, true, plain), residuals[_i].calls);
    ck_assert_uint_eq(run_residual(residuals[_i].layers, false, joined), residuals[_i].calls);
    for (size_t i = 0; i < SOMA_COUNT_OF(plain); i++) {
        ck_assert_float_eq_tol(joined[i], plain[i], 400 * FLT_EPSILON * (1 + fabsf(plain[i])));
        largest = fmaxf(largest, fabsf(plain[i]));
    }
    ck_assert_float_gt(largest, 0.1f);
}
END_TEST

/* --------------------------------------------------------------------------------------------------- made of weights
 */

enum { LONG = 6, BROAD = 5 };

/* x W + bias + the sums of the columns of W + W, of which two ops have W alone. */
static soma_network *network_of_weights(bool no_fusion, uint32_t *calls) {
    soma_network *network;
    soma_network_figures known;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 5);
    soma_tensor *y = soma_dense(soma_input(network, NULL, 1, (const size_t[]){LONG}), BROAD, SOMA_IDENTITY);
    soma_tensor *w = soma_network_tensor(network, "dense_1.weight");
    soma_add(y, soma_reduce(soma_add(w, w), SOMA_REDUCE_SUM, 0));
    soma_compile_options options = {.optimizer.learning_rate = 0.1f, .no_fusion = no_fusion};
    expect_ok(soma_compile(network, test_device, &options));
    expect_ok(soma_network_get_figures(network, BATCH, &known));
    *calls = known.calls_per_inference;
    return network;
}

/* Of two sums of LONG terms, one of them of products, with a bias: no more roundings than twice the terms. */
static void expect_of_weights(soma_network *network, soma_session *session, const char *when) {
    float w[LONG * BROAD], bias[BROAD], y[2][BATCH * BROAD];
    get(network, "dense_1", "weight", true, 0, w, LONG * BROAD);
    get(network, "dense_1", "bias", true, 0, bias, BROAD);
    for (size_t samples = 1; samples <= BATCH; samples += BATCH - 1) {
        expect_ok(soma_run(network, x, samples, y[0]));
        expect_ok(soma_session_run(session, samples, (const float *[]){x}, (float *[]){y[1]}));
        for (size_t i = 0; i < samples * BROAD; i++) {
            double expected = (double)bias[i % BROAD], size = fabs(expected);
            for (size_t k = 0; k < LONG; k++) {
                const double term = ((double)x[i / BROAD * LONG + k] + 2) * (double)w[k * BROAD + i % BROAD];
                expected += term;
                size += (fabs((double)x[i / BROAD * LONG + k]) + 2) * fabs((double)w[k * BROAD + i % BROAD]);
            }
            for (int by = 0; by < 2; by++)
                ck_assert_msg(fabs((double)y[by][i] - expected) <= 2 * LONG * (double)FLT_EPSILON * size,
                              "%s, by the %s: element %zu is %.9g, expected %.9g", when, by ? "session" : "network", i,
                              (double)y[by][i], expected);
        }
    }
}

START_TEST(what_is_made_of_weights_is_theirs_now) {
    uint32_t plain, calls;
    fill_uniform(1, x, BATCH * SAMPLE);
    soma_network_destroy(network_of_weights(true, &plain));
    soma_network *network = network_of_weights(false, &calls);
    ck_assert_uint_eq(calls + 2, plain);
    soma_session *session;
    expect_ok(soma_session_create(network, NULL, &session));
    expect_of_weights(network, session, "at first");
    change(network, "dense_1", "weight", LONG * BROAD, 2);
    expect_of_weights(network, session, "other weights");
    float target[BATCH * BROAD] = {0};
    soma_array input = array_f32(x, BATCH, LONG), targets = array_f32(target, BATCH, BROAD);
    for (int step = 0; SOMA_HAS_TRAINING && step < 2; step++) {
        expect_ok(soma_train_on_batch(network, &input, &targets, NULL));
        expect_of_weights(network, session, "after a step");
    }
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- training */

typedef struct data {
    float target[BATCH * PIXELS * MOST_FILTERS], opposite[BATCH * PIXELS * MOST_FILTERS];
    soma_array input, targets, opposites;
} data;

static void make_data(const struct fold_case *c, data *d) {
    size_t count = BATCH * pixels_of(c) * c->filters;
    fill_uniform(8, d->target, count);
    for (size_t i = 0; i < count; i++) d->opposite[i] = -d->target[i];
    d->input = (soma_array){x, SOMA_F32, 4, {BATCH, HEIGHT, BREADTH, DEPTH}};
    d->targets = c->window ? (soma_array){d->target, SOMA_F32, 4, {BATCH, HEIGHT, BREADTH, c->filters}}
                           : array_f32(d->target, BATCH, c->filters);
    d->opposites = d->targets;
    d->opposites.data = d->opposite;
}

START_TEST(steps_are_seen_at_once) {
    const struct fold_case *c = &cases[_i];
    static data d;
    soma_network *network = network_of_case(c, false);
    soma_session *session;
    make_data(c, &d);
    expect_ok(soma_session_create(network, NULL, &session));
    for (int step = 0; step < 3; step++) {
        expect_now(c, network, session, "before a step");
        expect_ok(soma_train_on_batch(network, &d.input, &d.targets, NULL));
    }
    expect_now(c, network, session, "after the last step");
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

/* The session makes its folded weights of each epoch. */
static soma_status run_session(void *context, soma_network *network, const soma_epoch *epoch) {
    static float y[BATCH * PIXELS * MOST_FILTERS];
    (void)network, (void)epoch;
    return soma_session_run(context, BATCH, (const float *[]){x}, (float *[]){y});
}

/* What is validated against is the opposite of what is learnt: the first epoch is the best, and comes back. */
START_TEST(restored_weights_are_seen_at_once) {
    const struct fold_case *c = &cases[_i];
    static data d;
    soma_network *network = network_of_case(c, false);
    soma_session *session;
    soma_history history;
    make_data(c, &d);
    expect_ok(soma_session_create(network, NULL, &session));
    soma_dataset *dataset = dataset_of(d.input, d.targets), *opposite = dataset_of(d.input, d.opposites);
    soma_fit_options options = {.epochs = 4,
                                .batch_size = 2,
                                .validation = opposite,
                                .restore_best = true,
                                .on_epoch = run_session,
                                .context = session};
    expect_ok(soma_fit(network, dataset, &options, &history));
    ck_assert_uint_eq(history.restored, 1);
    ck_assert_uint_lt(history.best, 3);
    expect_now(c, network, session, "after weights came back");
    soma_history_clear(&history);
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(opposite);
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *tests) {
    tcase_add_loop_test(tests, folded_normalisations_have_their_values, 0, SOMA_COUNT_OF(cases));
    tcase_add_loop_test(tests, additions_join_convolutions, 0, SOMA_COUNT_OF(residuals));
    tcase_add_test(tests, what_is_made_of_weights_is_theirs_now);
    if (!SOMA_HAS_TRAINING) return;
    tcase_add_loop_test(tests, steps_are_seen_at_once, 0, SOMA_COUNT_OF(cases));
    tcase_add_loop_test(tests, restored_weights_are_seen_at_once, 0, SOMA_COUNT_OF(cases));
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "fold", add_tests);
}
