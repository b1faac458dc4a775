/* SPDX-License-Identifier: MIT */
/*
 * Layers of pooling against their definitions, place by place, and against values worked out by hand.
 * Usage: test_pool DEVICE
 */
#include "nn/network.h"
#include "trainer.h"

#include <math.h>
#include <stdio.h>

enum { BATCH = 3, MOST = 4096 };

static soma_network *network_for(const char *text, uint32_t rank, const size_t *shape) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, "x", rank, shape), text);
    if (soma_network_status(network) != SOMA_OK) ck_abort_msg("%s: %s", text, soma_last_error());
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    return network;
}

static soma_array array_of(const float *data, const soma_tensor *like, size_t batch) {
    soma_array array = {.data = data, .dtype = SOMA_F32, .rank = 1, .shape = {batch}};
    size_t shape[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_shape(like, shape);
    for (uint32_t i = 0; i < rank; i++) array.shape[array.rank++] = shape[i];
    return array;
}

static void predict(soma_network *network, const float *x, size_t batch, float *y) {
    soma_array array = array_of(x, soma_network_input(network, 0), batch);
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&array, 1, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, batch, y));
    soma_dataset_destroy(dataset);
}

/* ------------------------------------------------------------------------------------------------- the definition */

/* In three dimensions, of which a case with fewer has the last. */
typedef struct pool_case {
    const char *text;
    uint32_t rank;
    size_t shape[4]; /* of the input, as the network has it */
    int input[3], channels, size[3], stride[3], dilation[3], output[3], before[3];
    int after[3]; /* with count_padding: up to where the padding counts */
    bool average, count_padding;
} pool_case;

#define ONE                                                                                                            \
    { 1, 1, 1 }
/* clang-format off: a table */
static const pool_case cases[] = {
    {"maxpool 2", 3, {6, 8, 3}, {1, 6, 8}, 3, {1, 2, 2}, {1, 2, 2}, ONE, {1, 3, 4}, {0}, {0}, false, false},
    {"maxpool 2", 3, {7, 9, 3}, {1, 7, 9}, 3, {1, 2, 2}, {1, 2, 2}, ONE, {1, 3, 4}, {0}, {0}, false, false},
    {"maxpool 2 ceil", 3, {7, 9, 3}, {1, 7, 9}, 3, {1, 2, 2}, {1, 2, 2}, ONE, {1, 4, 5}, {0}, {0}, false, false},
    {"maxpool 3x2 stride 2x1",
     3,
     {7, 6, 2},
     {1, 7, 6},
     2,
     {1, 3, 2},
     {1, 2, 1},
     ONE,
     {1, 3, 5},
     {0},
     {0},
     false,
     false},
    {"maxpool 3 stride 2 pad 1",
     3,
     {7, 6, 17},
     {1, 7, 6},
     17,
     {1, 3, 3},
     {1, 2, 2},
     ONE,
     {1, 4, 3},
     {0, 1, 1},
     {0},
     false,
     false},
    {"maxpool 2 pad same", 3, {7, 6, 2}, {1, 7, 6}, 2, {1, 2, 2}, {1, 2, 2}, ONE, {1, 4, 3}, {0}, {0}, false, false},
    {"maxpool 3 stride 2 pad same",
     3,
     {7, 6, 2},
     {1, 7, 6},
     2,
     {1, 3, 3},
     {1, 2, 2},
     ONE,
     {1, 4, 3},
     {0, 1, 0},
     {0},
     false,
     false},
    {"maxpool 2 stride 1 dilation 3 pad 1,0,2,1",
     3,
     {6, 7, 2},
     {1, 6, 7},
     2,
     {1, 2, 2},
     ONE,
     {1, 3, 3},
     {1, 4, 7},
     {0, 1, 2},
     {0},
     false,
     false},
    {"maxpool 2x2", 2, {6, 7}, {1, 6, 7}, 1, {1, 2, 2}, {1, 2, 2}, ONE, {1, 3, 3}, {0}, {0}, false, false},
    {"MaxPooling2D 2", 2, {6, 7}, {1, 6, 7}, 1, {1, 2, 2}, {1, 2, 2}, ONE, {1, 3, 3}, {0}, {0}, false, false},
    {"maxpool 3 strides 2 padding 1,0",
     2,
     {12, 5},
     {1, 1, 12},
     5,
     {1, 1, 3},
     {1, 1, 2},
     ONE,
     {1, 1, 6},
     {0, 0, 1},
     {0},
     false,
     false},
    {"maxpool 2x1x3", 4, {4, 3, 6, 2}, {4, 3, 6}, 2, {2, 1, 3}, {2, 1, 3}, ONE, {2, 3, 2}, {0}, {0}, false, false},
    {"avgpool 2", 3, {6, 8, 3}, {1, 6, 8}, 3, {1, 2, 2}, {1, 2, 2}, ONE, {1, 3, 4}, {0}, {0}, true, false},
    {"avgpool 3 stride 2 pad 1",
     3,
     {7, 6, 2},
     {1, 7, 6},
     2,
     {1, 3, 3},
     {1, 2, 2},
     ONE,
     {1, 4, 3},
     {0, 1, 1},
     {0},
     true,
     false},
    {"avgpool 3 stride 2 pad 1 countpad",
     3,
     {7, 6, 2},
     {1, 7, 6},
     2,
     {1, 3, 3},
     {1, 2, 2},
     ONE,
     {1, 4, 3},
     {0, 1, 1},
     {0, 1, 1},
     true,
     true},
    /* Windows past the padding: of the last three places along the height two lie before its end, the last window along
     * the width would begin in the padding. */
    {"avgpool 3 stride 2 pad 1 ceil countpad",
     3,
     {6, 5, 2},
     {1, 6, 5},
     2,
     {1, 3, 3},
     {1, 2, 2},
     ONE,
     {1, 4, 3},
     {0, 1, 1},
     {0, 1, 1},
     true,
     true},
    {"avgpool 2 pad 1 stride 3 ceil countpad",
     3,
     {5, 6, 2},
     {1, 5, 6},
     2,
     {1, 2, 2},
     {1, 3, 3},
     ONE,
     {1, 2, 3},
     {0, 1, 1},
     {0, 1, 1},
     true,
     true},
    {"avgpool 2 stride 2 pad same ceil",
     3,
     {5, 6, 2},
     {1, 5, 6},
     2,
     {1, 2, 2},
     {1, 2, 2},
     ONE,
     {1, 3, 3},
     {0},
     {0, 1, 0},
     true,
     false},
    {"AveragePooling1D 3 strides 1 dilation 2 count_include_pad pad 2",
     2,
     {9, 5},
     {1, 1, 9},
     5,
     {1, 1, 3},
     ONE,
     {1, 1, 2},
     {1, 1, 9},
     {0, 0, 2},
     {0, 0, 2},
     true,
     true},
    {"avgpool 2", 4, {4, 3, 6, 2}, {4, 3, 6}, 2, {2, 2, 2}, {2, 2, 2}, ONE, {2, 1, 3}, {0}, {0}, true, false},
    {"adaptiveavgpool 2x3", 3, {6, 9, 2}, {1, 6, 9}, 2, {1, 3, 3}, {1, 3, 3}, ONE, {1, 2, 3}, {0}, {0}, true, false},
    {"adaptiveavgpool 3", 2, {6, 2}, {1, 1, 6}, 2, {1, 1, 2}, {1, 1, 2}, ONE, {1, 1, 3}, {0}, {0}, true, false},
};
/* clang-format on */

static const float *element(const pool_case *c, const float *x, const int *place) {
    for (int i = 0; i < 3; i++)
        if (place[i] < 0 || place[i] >= c->input[i]) return NULL;
    return x + ((place[0] * c->input[1] + place[1]) * c->input[2] + place[2]) * c->channels;
}

static bool counts(const pool_case *c, const int *place) {
    for (int i = 0; i < 3; i++) {
        int begin = c->count_padding ? -c->before[i] : 0, end = c->input[i] + (c->count_padding ? c->after[i] : 0);
        if (place[i] < begin || place[i] >= end) return false;
    }
    return true;
}

/* Of a sample x, the window q. */
static double pooled(const pool_case *c, const float *x, const int *q, int channel) {
    double largest = -INFINITY, sum = 0;
    int count = 0, k[3];
    for (k[0] = 0; k[0] < c->size[0]; k[0]++)
        for (k[1] = 0; k[1] < c->size[1]; k[1]++)
            for (k[2] = 0; k[2] < c->size[2]; k[2]++) {
                int place[3];
                for (int i = 0; i < 3; i++) place[i] = q[i] * c->stride[i] + k[i] * c->dilation[i] - c->before[i];
                const float *found = element(c, x, place);
                count += counts(c, place);
                if (!found) continue;
                sum += (double)found[channel];
                largest = fmax(largest, (double)found[channel]);
            }
    return c->average ? sum / count : largest;
}

START_TEST(windows_are_pooled_as_defined) {
    const pool_case *c = &cases[_i];
    static float x[MOST], y[MOST];
    soma_network *network = network_for(c->text, c->rank, c->shape);
    size_t count = soma_tensor_count(soma_network_input(network, 0)) * BATCH, next = 0;
    size_t results = soma_tensor_count(soma_network_output(network, 0));
    ck_assert_uint_le(count, MOST);
    ck_assert_msg(results == (size_t)(c->output[0] * c->output[1] * c->output[2] * c->channels), "%s: %zu results",
                  c->text, results);
    for (size_t i = 0; i < count; i++) x[i] = (float)(i * 7919 % 1009) / 100 - 5;
    predict(network, x, BATCH, y);
    for (size_t n = 0; n < BATCH; n++) {
        int q[3];
        for (q[0] = 0; q[0] < c->output[0]; q[0]++)
            for (q[1] = 0; q[1] < c->output[1]; q[1]++)
                for (q[2] = 0; q[2] < c->output[2]; q[2]++)
                    for (int channel = 0; channel < c->channels; channel++, next++) {
                        double expected = pooled(c, x + n * (count / BATCH), q, channel);
                        ck_assert_msg(fabs((double)y[next] - expected) < 1e-5, "%s: result %zu is %g, expected %g",
                                      c->text, next, (double)y[next], expected);
                    }
    }
    soma_network_destroy(network);
}
END_TEST

/* ---------------------------------------------------------------------------------------------- windows of nothing */

/* Along one dimension. */
typedef struct line {
    int size, window, stride, dilation, before, after;
} line;

static bool every_window_has_a_position(const line *l) {
    int reach = (l->window - 1) * l->dilation + 1;
    for (int start = -l->before; start + reach <= l->size + l->after; start += l->stride) {
        bool has = false;
        for (int i = 0; i < l->window; i++) {
            int place = start + i * l->dilation;
            has = has || (place >= 0 && place < l->size);
        }
        if (!has) return false;
    }
    return true;
}

static void expect_taken(const line *l, const char *kind, const char *more, bool taken) {
    const size_t shape[] = {(size_t)l->size, 1};
    char text[128];
    snprintf(text, sizeof text, "%s %d stride %d dilation %d pad %d,%d%s", kind, l->window, l->stride, l->dilation,
             l->before, l->after, more);
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, "x", 2, shape), text);
    soma_status status = soma_network_status(network);
    ck_assert_msg(status == (taken ? SOMA_OK : SOMA_INVALID_SHAPE), "%s over %d: %s", text, l->size,
                  soma_status_name(status));
    if (!taken) {
        ck_assert_msg(strstr(soma_last_error(), "meets none of the"), "%s: %s", text, soma_last_error());
        snprintf(text, sizeof text, "a window of %d, dilation %d,", l->window, l->dilation);
        ck_assert_msg(strstr(soma_last_error(), text), "%s: %s", text, soma_last_error());
        snprintf(text, sizeof text, "a padding of %d and %d", l->before, l->after);
        ck_assert_msg(strstr(soma_last_error(), text), "%s: %s", text, soma_last_error());
    }
    soma_network_destroy(network);
}

/* With dilation a window may step over all there is. Of none, there is no largest element, and no mean, unless padding
 * counts as zeros. */
START_TEST(windows_of_padding_alone_are_refused) {
    line l;
    size_t refused = 0;
    l.size = _i;
    for (l.window = 1; l.window <= 3; l.window++)
        for (l.dilation = 1; l.dilation <= 5; l.dilation++)
            for (l.stride = 1; l.stride <= 4; l.stride++)
                for (l.before = 0; l.before <= (l.window - 1) * l.dilation; l.before++)
                    for (l.after = 0; l.after <= (l.window - 1) * l.dilation; l.after++) {
                        if ((l.window - 1) * l.dilation + 1 > l.size + l.before + l.after) continue;
                        bool good = every_window_has_a_position(&l);
                        refused += !good;
                        expect_taken(&l, "maxpool", "", good);
                        expect_taken(&l, "avgpool", "", good);
                        expect_taken(&l, "avgpool", " countpad", true);
                    }
    ck_assert(refused > 0);
}
END_TEST

/* A file may ask for hundreds of millions of windows in front of what there is. Looking at each would take a second of
 * every layer. */
START_TEST(windows_in_front_of_all_are_not_looked_at_one_by_one) {
    enum { MANY = BY_WIDTH(100000000, 10000000) }; /* with 32 bits a tensor ends before 2^26 elements */
    static const line lines[] = {{4, 5 * MANY, 1, 1, 5 * MANY - 1, 5 * MANY - 1}, {MANY, 2, 1, 9 * MANY, 9 * MANY, 0}};
    for (int i = 0; i < 200; i++) {
        expect_taken(&lines[i % 2], "maxpool", "", true);
        expect_taken(&lines[i % 2], "avgpool", "", true);
    }
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- by hand */

/* What one sample of 1, 2, 3, ... gives. */
static const struct {
    const char *text;
    uint32_t rank;
    size_t shape[3];
    size_t count;
    float y[16];
} known[] = {
    {"maxpool 2", 2, {5, 1}, 2, {2, 4}},
    {"maxpool 2 ceil", 2, {5, 1}, 3, {2, 4, 5}},
    {"avgpool 2 ceil", 2, {5, 1}, 3, {1.5f, 3.5f, 5}},
    {"avgpool 3 stride 2 pad 1", 2, {5, 1}, 3, {1.5f, 3, 4.5f}},
    {"avgpool 3 stride 2 pad 1 countpad", 2, {5, 1}, 3, {1, 3, 3}},
    /* The last window has 6, one place of padding and one past it. */
    {"avgpool 3 stride 2 pad 1 ceil countpad", 2, {6, 1}, 4, {1, 3, 5, 3}},
    /* Floor and ceil alike: a fourth window would begin in the padding. */
    {"avgpool 2 stride 2 pad 0,1 ceil", 2, {6, 1}, 3, {1.5f, 3.5f, 5.5f}},
    {"maxpool 2x2 pad same", 2, {3, 3}, 4, {5, 6, 8, 9}},
    {"avgpool 2x2 pad same", 2, {3, 3}, 4, {3, 4.5f, 7.5f, 9}},
    {"avgpool 2x2 pad same countpad", 2, {3, 3}, 4, {3, 2.25f, 3.75f, 2.25f}},
    /* PyTorch's windows of 7 by 3: 0 to 2, 2 to 4, 4 to 6. */
    {"adaptiveavgpool 3", 2, {7, 1}, 3, {2, 4, 6}},
    /* ... of 5 by 3: 0 1, 1 2 3, 3 4; of 3 by 2: 0 1, 1 2. */
    {"adaptiveavgpool 3x2", 3, {5, 3, 1}, 6, {3, 4, 7.5f, 8.5f, 12, 13}},
    /* ... of 4 by 3: 0 1, 1 2, 2 3, beside a dimension that divides. */
    {"adaptiveavgpool 3x1", 3, {4, 2, 1}, 3, {2.5f, 4.5f, 6.5f}},
    /* ... more windows than positions. */
    {"adaptiveavgpool 5", 2, {3, 1}, 5, {1, 1.5f, 2, 2.5f, 3}},
    {"adaptiveavgpool 1", 2, {3, 2}, 2, {3, 4}},
    {"adaptiveavgpool 3", 2, {3, 2}, 6, {1, 2, 3, 4, 5, 6}},
};

START_TEST(known_values_come_out) {
    soma_network *network = network_for(known[_i].text, known[_i].rank, known[_i].shape);
    float x[16], y[16];
    for (size_t i = 0; i < SOMA_COUNT_OF(x); i++) x[i] = (float)(i + 1);
    ck_assert_msg(soma_tensor_count(soma_network_output(network, 0)) == known[_i].count, "%s: %zu results",
                  known[_i].text, soma_tensor_count(soma_network_output(network, 0)));
    predict(network, x, 1, y);
    for (size_t i = 0; i < known[_i].count; i++)
        ck_assert_msg(fabsf(y[i] - known[_i].y[i]) < 1e-5f, "%s: result %zu is %g, expected %g", known[_i].text, i,
                      (double)y[i], (double)known[_i].y[i]);
    soma_network_destroy(network);
}
END_TEST

/* The loss is the mean of y^2 over 2 windows, so dy = y: of equal elements the first has it. */
START_TEST(the_first_largest_has_the_gradient) {
    static const size_t shape[] = {5, 1};
    const float x[] = {3, 3, 1, -2, -2}, nothing[] = {0, 0}, expected[] = {3, 0, 1, 0, 0};
    soma_network *network = network_for("maxpool 2", 2, shape);
    soma_array inputs = array_of(x, soma_network_input(network, 0), 1),
               targets = array_of(nothing, soma_network_output(network, 0), 1);
    float gradient[5];
    expect_ok(soma_backward(network, &inputs, &targets, NULL));
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), gradient, 5));
    for (size_t i = 0; i < 5; i++) ck_assert_float_eq(gradient[i], expected[i]);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *tests) {
    tcase_add_loop_test(tests, windows_are_pooled_as_defined, 0, SOMA_COUNT_OF(cases));
    tcase_add_loop_test(tests, windows_of_padding_alone_are_refused, 1, 5);
    tcase_add_test(tests, windows_in_front_of_all_are_not_looked_at_one_by_one);
    tcase_add_loop_test(tests, known_values_come_out, 0, SOMA_COUNT_OF(known));
    tcase_add_test(tests, the_first_largest_has_the_gradient);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "pool", add_tests);
}
