/* SPDX-License-Identifier: MIT */
/*
 * Resize beside what ONNX's text says, computed here in float64 as it is written there: the place of each element, the
 * coefficients of its neighbours by the ratio between them, and neighbours outside as the element at the edge.
 */
#include "base/file.h"
#include "expect.h"
#include "onnx_model.h"
#include "temporary.h"

#include <math.h>
#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 2, CHANNELS = 2, HEIGHT = 5, WIDTH = 7, AXES = 2, MOST = 64 };

static soma_device *device;

typedef struct resizing {
    const char *mode, *places, *policy;
    float scale[AXES]; /* or, where that is 0, */
    int64_t size[AXES];
    float cubic; /* 0: as it is where nothing is said */
    int antialias, exclude_outside;
    int axis;            /* the first one; 0: the height */
    float roi[2 * AXES]; /* of tf_crop_and_resize, */
    float outside;       /* and what is outside there */
} resizing;

static const resizing cases[] = {
    {.mode = "cubic", .places = "half_pixel", .scale = {0.8f, 0.8f}},
    {.mode = "cubic", .places = "half_pixel", .scale = {2, 3}},
    {.mode = "cubic", .places = "align_corners", .size = {9, 10}},
    {.mode = "cubic", .places = "asymmetric", .scale = {2, 1.5f}, .cubic = -0.5f, .exclude_outside = 1},
    {.mode = "cubic", .places = "asymmetric", .size = {HEIGHT, 3}},
    {.mode = "cubic", .places = "pytorch_half_pixel", .size = {1, 3}},
    {.mode = "cubic", .places = "half_pixel", .scale = {0.6f, 0.6f}, .antialias = 1},
    {.mode = "cubic", .places = "half_pixel", .size = {2, 3}, .cubic = -0.5f, .antialias = 1},
    {.mode = "cubic",
     .places = "half_pixel",
     .scale = {0.4f, 1.9f},
     .cubic = -0.5f,
     .antialias = 1,
     .exclude_outside = 1},
    {.mode = "cubic", .places = "half_pixel_symmetric", .scale = {0.55f, 1.3f}},
    {.mode = "linear", .places = "half_pixel", .scale = {0.6f, 0.6f}, .antialias = 1},
    {.mode = "linear", .places = "half_pixel", .size = {2, 20}, .antialias = 1, .exclude_outside = 1},
    {.mode = "linear", .places = "half_pixel", .scale = {2, 3}},
    {.mode = "linear", .places = "half_pixel", .scale = {0.7f, 2.6f}},
    {.mode = "linear", .places = "half_pixel_symmetric", .scale = {0.55f, 2.2f}},
    {.mode = "linear", .places = "half_pixel", .size = {3, 5000}},
    {.mode = "linear", .places = "half_pixel", .scale = {2, 2.5f}},
    {.mode = "linear", .places = "half_pixel", .size = {2, 8}},
    {.mode = "linear", .places = "align_corners", .size = {9, 13}},
    {.mode = "linear", .places = "asymmetric", .size = {3, 14}},
    {.mode = "linear", .places = "asymmetric", .scale = {0.5f, 1.5f}},
    {.mode = "linear", .places = "tf_half_pixel_for_nn", .size = {8, 5}},
    {.mode = "linear", .places = "pytorch_half_pixel", .size = {1, 9}},
    {.mode = "nearest", .places = "half_pixel_symmetric", .scale = {0.55f, 2.2f}},
    {.mode = "linear", .places = "tf_crop_and_resize", .size = {3, 3}, .roi = {0.4f, 0.6f, 0.6f, 0.8f}, .outside = 10},
    {.mode = "linear", .places = "tf_crop_and_resize", .size = {4, 1}, .roi = {-0.3f, 0.1f, 1.2f, 0.4f}, .outside = 10},
    {.mode = "cubic", .places = "tf_crop_and_resize", .scale = {1, 2}, .roi = {0, -0.2f, 1, 1.3f}, .outside = 10},
    {.mode = "nearest", .places = "tf_crop_and_resize", .size = {6, 4}, .roi = {0.1f, 0.3f, 1.4f, 0.9f}, .outside = 10},
    {.mode = "linear",
     .places = "tf_crop_and_resize",
     .size = {4, 3},
     .roi = {-0.3f, 0.1f, 1.2f, 1.4f},
     .outside = -INFINITY},
    {.mode = "cubic",
     .places = "tf_crop_and_resize",
     .size = {4, 3},
     .roi = {1.3f, 0.1f, -0.2f, 1.4f},
     .outside = INFINITY},
    {.mode = "nearest",
     .places = "tf_crop_and_resize",
     .size = {4, 3},
     .roi = {-0.3f, 0.1f, 1.2f, 1.4f},
     .outside = -INFINITY},
    {.mode = "linear",
     .places = "tf_crop_and_resize",
     .size = {4, 3},
     .roi = {0.2f, 1.1f, 0.6f, 1.4f},
     .outside = -INFINITY},
    {.mode = "cubic",
     .places = "tf_crop_and_resize",
     .size = {2, 3},
     .roi = {1e38f, -0.3f, 2e38f, -0.1f},
     .outside = 10},
    {.mode = "linear", .places = "half_pixel", .policy = "not_larger", .size = {8, 8}},
    {.mode = "cubic", .places = "half_pixel", .policy = "not_smaller", .size = {8, 8}},
    {.mode = "nearest", .places = "asymmetric", .policy = "not_larger", .size = {8, 9}},
};

/* ------------------------------------------------------------------------------------------------------------ model */

static const resizing *one;

static void put_texts(const char *name, const char *text) {
    if (text) soma_onnx_put_attribute_text(&made, name, text);
}

static void put_resize(void) {
    const bool scaled = one->scale[0] > 0, crops = strcmp(one->places, "tf_crop_and_resize") == 0;
    if (scaled)
        floats("scales", SHAPE(AXES), one->scale);
    else
        integers("sizes", AXES, one->size);
    if (crops) floats("roi", SHAPE(2 * AXES), one->roi);
    size_t begun = soma_onnx_begin_node(
        &made, "Resize", "y",
        (const char *[]){"x", crops ? "roi" : "", scaled ? "scales" : "", scaled ? NULL : "sizes", NULL});
    put_texts("mode", one->mode);
    put_texts("coordinate_transformation_mode", one->places);
    put_texts("keep_aspect_ratio_policy", one->policy);
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){one->axis ? one->axis : 2, 3}, AXES);
    if (one->cubic < 0) soma_onnx_put_attribute_float(&made, "cubic_coeff_a", one->cubic);
    if (one->antialias) soma_onnx_put_attribute_integer(&made, "antialias", 1);
    if (one->exclude_outside) soma_onnx_put_attribute_integer(&made, "exclude_outside", 1);
    if (crops) soma_onnx_put_attribute_float(&made, "extrapolation_value", one->outside);
    soma_onnx_end_node(&made, begun);
}

static soma_status load_of(int64_t channels, int64_t height, int64_t width, soma_network **network) {
    const char *path = temporary_path("m.onnx");
    onnx_make(put_resize, 9, 19, SHAPE(OPEN, channels, height, width));
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_load_onnx(path, NULL, network);
}

static soma_status load(soma_network **network) {
    return load_of(CHANNELS, HEIGHT, WIDTH, network);
}

/* Of one image. */
static void run(soma_network *network, const float *x, float *y) {
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    expect_ok(soma_compile(network, device, &options));
    expect_ok(soma_run(network, x, 1, y));
    soma_network_destroy(network);
}

/* ----------------------------------------------------------------------------------------------- as ONNX's text says
 */

static const int extent[AXES] = {HEIGHT, WIDTH};

/* The scale of an axis and its new size. */
static int size_of(int axis, double *scale) {
    const double own[AXES] = {(double)one->size[0] / HEIGHT, (double)one->size[1] / WIDTH};
    *scale = one->scale[0] > 0 ? (double)one->scale[axis] : own[axis];
    if (one->scale[0] > 0) return (int)floorf((float)extent[axis] * one->scale[axis]);
    if (!one->policy) return (int)one->size[axis];
    *scale = strcmp(one->policy, "not_larger") == 0 ? fmin(own[0], own[1]) : fmax(own[0], own[1]);
    return (int)floor(*scale * extent[axis] + 0.5);
}

static double place_of(int axis, double scale, int size, int i) {
    const double from = extent[axis], begin = (double)one->roi[axis], end = (double)one->roi[AXES + axis];
    if (strcmp(one->places, "align_corners") == 0) return i * (from - 1) / (size - 1);
    if (strcmp(one->places, "asymmetric") == 0) return i / scale;
    if (strcmp(one->places, "tf_half_pixel_for_nn") == 0) return (i + 0.5) / scale;
    if (strcmp(one->places, "pytorch_half_pixel") == 0) return size > 1 ? (i + 0.5) / scale - 0.5 : 0;
    if (strcmp(one->places, "half_pixel_symmetric") == 0) {
        const double adjustment = size / (scale * from), center = from / 2;
        return center * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    if (strcmp(one->places, "tf_crop_and_resize") == 0)
        return size > 1 ? begin * (from - 1) + i * (end - begin) * (from - 1) / (size - 1)
                        : 0.5 * (begin + end) * (from - 1);
    return (i + 0.5) / scale - 0.5;
}

/* Of the neighbours from the returned distance to the one before the place on, `*count` of them. */
static int coefficients(double ratio, double scale, double *coefficient, int *count) {
    const double a = one->cubic < 0 ? (double)one->cubic : -0.75;
    const bool cubic = strcmp(one->mode, "cubic") == 0;
    if (strcmp(one->mode, "nearest") == 0) {
        *count = 2;
        coefficient[0] = ratio <= 0.5;
        coefficient[1] = ratio > 0.5;
        return 0;
    }
    if (!one->antialias && !cubic) {
        *count = 2;
        coefficient[0] = 1 - ratio;
        coefficient[1] = ratio;
        return 0;
    }
    if (!one->antialias) {
        const double r = ratio, s = 1 - ratio;
        *count = 4;
        coefficient[0] = ((a * (r + 1) - 5 * a) * (r + 1) + 8 * a) * (r + 1) - 4 * a;
        coefficient[1] = ((a + 2) * r - (a + 3)) * r * r + 1;
        coefficient[2] = ((a + 2) * s - (a + 3)) * s * s + 1;
        coefficient[3] = ((a * (s + 1) - 5 * a) * (s + 1) + 8 * a) * (s + 1) - 4 * a;
        return -1;
    }
    const double narrow = fmin(scale, 1);
    const int first = (int)floor(-(cubic ? 2 : 1) / narrow) + 1;
    double sum = 0;
    *count = 2 - 2 * first;
    for (int j = 0; j < *count; j++) {
        const double x = fabs(narrow * (first + j - ratio));
        if (!cubic)
            coefficient[j] = fmax(1 - x, 0);
        else if (x <= 1)
            coefficient[j] = (a + 2) * x * x * x - (a + 3) * x * x + 1;
        else
            coefficient[j] = x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
        sum += coefficient[j];
    }
    for (int j = 0; j < *count; j++) coefficient[j] /= sum;
    return first;
}

/* What element i takes of each of the axis; false: it lies outside. */
static bool weigh(int axis, int i, double *weight) {
    double scale, coefficient[MOST], sum = 0;
    const int size = size_of(axis, &scale), from = extent[axis];
    const double at = place_of(axis, scale, size, i), before = floor(at);
    int count;
    const bool crops = strcmp(one->places, "tf_crop_and_resize") == 0;
    for (int j = 0; j < from; j++) weight[j] = 0;
    if (crops && (at < -1e-12 || at > from - 1 + 1e-12)) return false;
    const int first = coefficients(at - before, scale, coefficient, &count) + (int)before;
    for (int j = 0; j < count; j++) {
        const bool inside = first + j >= 0 && first + j < from;
        if (one->exclude_outside && !inside) coefficient[j] = 0;
        sum += coefficient[j];
    }
    for (int j = 0; j < count; j++) {
        const int place = first + j < 0 ? 0 : first + j >= from ? from - 1 : first + j;
        weight[place] += coefficient[j] / (one->exclude_outside ? sum : 1);
    }
    return true;
}

/* An element without a weight counts as nothing, whatever it is. */
static double sum_of(const double *down, const double *across, const float *x) {
    double sum = 0;
    for (int j = 0; j < HEIGHT * WIDTH; j++) {
        const double weight = down[j / WIDTH] * across[j % WIDTH];
        if (fabs(weight) > 1e-12) sum += weight * (double)x[j];
    }
    return sum;
}

static void expect_as_written(const float *x, const char *what) {
    soma_network *network;
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    double scale, down[HEIGHT], across[WIDTH];
    const int height = size_of(0, &scale), width = size_of(1, &scale), images = BATCH * CHANNELS;
    float *y = calloc((size_t)images * (size_t)height * (size_t)width, sizeof *y);
    expect_ok(load(&network));
    expect_ok(soma_compile(network, device, &options));
    ck_assert_uint_eq(soma_tensor_count(soma_network_output(network, 0)), (size_t)(CHANNELS * height * width));
    expect_ok(soma_run(network, x, BATCH, y));
    for (int i = 0; i < images * height * width; i++) {
        const bool inside = weigh(0, i / width % height, down), also = weigh(1, i % width, across);
        double expected = (double)one->outside;
        if (inside && also) expected = sum_of(down, across, x + i / (height * width) * HEIGHT * WIDTH);
        /* Sums of at most 7 products, twice, and rounded weights, whose sizes add up to less than 1.6 along an axis. */
        ck_assert_msg((double)y[i] == expected || fabs((double)y[i] - expected) <= 4e-6 ||
                          (isnan(y[i]) && isnan(expected)),
                      "%s: value %d is %.9g, expected %.9g", what, i, (double)y[i], expected);
    }
    soma_network_destroy(network);
    free(y);
}

static void fill(float *x) {
    for (int i = 0; i < BATCH * CHANNELS * HEIGHT * WIDTH; i++) x[i] = (float)((i * 37 + 11) % 101 - 50) / 50;
}

START_TEST(results_are_those_of_the_text) {
    char what[16];
    float x[BATCH * CHANNELS * HEIGHT * WIDTH];
    one = &cases[_i];
    fill(x);
    snprintf(what, sizeof what, "case %d", _i);
    expect_as_written(x, what);
}
END_TEST

/* Linearly, and of the nearest; what is resized with a table lets them go further. */
START_TEST(what_is_no_number_stays_where_it_is) {
    char what[16];
    float x[BATCH * CHANNELS * HEIGHT * WIDTH];
    one = &cases[_i];
    if (strcmp(one->mode, "cubic") == 0 || one->antialias || one->size[1] > 4096) return;
    fill(x);
    x[2] = NAN;
    x[WIDTH + 5] = INFINITY;
    x[4 * WIDTH + 6] = INFINITY;
    x[3 * WIDTH] = -INFINITY;
    x[(2 * HEIGHT + 2) * WIDTH + 3] = -INFINITY;
    x[(2 * HEIGHT + 2) * WIDTH + 4] = INFINITY;
    snprintf(what, sizeof what, "case %d", _i);
    expect_as_written(x, what);
}
END_TEST

/* Of a ramp, each place is where it lies. What would take a table of more memory than a file may. */
START_TEST(long_signals_are_resized) {
    enum { MOST_LONG = 60000 };
    static const struct { int from, size; } lengths[] = {{40000, MOST_LONG}, {50000, 50001}, {50000, 20000}};
    static float x[MOST_LONG], y[MOST_LONG];
    const int from = lengths[_i].from, size = lengths[_i].size;
    const resizing rules = {.mode = "linear", .places = "half_pixel", .size = {1, size}};
    soma_network *network;
    for (int i = 0; i < from; i++) x[i] = (float)i;
    one = &rules;
    expect_ok(load_of(1, 1, from, &network));
    run(network, x, y);
    for (int i = 0; i < size; i++) {
        const double at = fmin(fmax((i + 0.5) * from / size - 0.5, 0), from - 1);
        ck_assert_msg(fabs((double)y[i] - at) <= 4 * 0x1p-24 * from, "%d is %.9g, expected %.9g", i, (double)y[i], at);
    }
}
END_TEST

/* By hand: at half the size place i lies at 2 i + 1/2, and the triangle of twice the width is 1, 3, 3, 1 eighths around
 * it, of which at the edges what lies outside counts as the edge, or is left out. */
START_TEST(antialias_is_as_by_hand) {
    static const resizing halves[] = {
        {.mode = "linear", .places = "half_pixel", .scale = {1, 0.5f}, .antialias = 1},
        {.mode = "linear", .places = "half_pixel", .scale = {1, 0.5f}, .antialias = 1, .exclude_outside = 1},
    };
    const double expected[2][3] = {{0.625, 2.5, 4.5}, {5.0 / 7, 2.5, 4.5}};
    soma_network *network;
    float x[CHANNELS * HEIGHT * WIDTH], y[CHANNELS * HEIGHT * 3];
    for (int i = 0; i < (int)SOMA_COUNT_OF(x); i++) x[i] = (float)(i % WIDTH);
    one = &halves[_i];
    expect_ok(load(&network));
    run(network, x, y);
    for (int i = 0; i < (int)SOMA_COUNT_OF(y); i++)
        ck_assert_msg(fabs((double)y[i] - expected[_i][i % 3]) <= 1e-6, "value %d is %.9g, expected %.9g", i,
                      (double)y[i], expected[_i][i % 3]);
}
END_TEST

/* At a common scale of 1/2 the only row lies at 1, where neither the triangle nor the cubic has any weight for row 0;
 * the columns lie at 1 and 3. */
START_TEST(what_no_element_reaches_is_the_nearest) {
    static const resizing rules = {
        .places = "tf_half_pixel_for_nn", .policy = "not_larger", .size = {1, 2}, .exclude_outside = 1};
    static const char *const modes[] = {"linear", "cubic"};
    resizing halves = rules;
    soma_network *network;
    float y[2];
    halves.mode = modes[_i];
    one = &halves;
    expect_ok(load_of(1, 1, 4, &network));
    run(network, (const float[]){1, 2, 3, 4}, y);
    ck_assert_msg(y[0] == 2 && y[1] == 4, "%g, %g", (double)y[0], (double)y[1]);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- refusals */

static const struct {
    resizing resizing;
    soma_status status;
    const char *words;
} refused[] = {
    {{.mode = "spline", .places = "half_pixel", .scale = {2, 2}},
     SOMA_UNSUPPORTED,
     "attribute mode is \"spline\", which is not known"},
    {{.mode = "cubic", .places = "quarter_pixel", .scale = {2, 2}},
     SOMA_UNSUPPORTED,
     "attribute coordinate_transformation_mode is \"quarter_pixel\", which is not known"},
    {{.mode = "cubic", .places = "half_pixel", .policy = "crop", .size = {2, 2}},
     SOMA_UNSUPPORTED,
     "attribute keep_aspect_ratio_policy is \"crop\", which is not known"},
    {{.mode = "cubic", .places = "half_pixel", .scale = {2, 2}, .cubic = -INFINITY},
     SOMA_INVALID_FILE,
     "attribute cubic_coeff_a is -inf, which is no number"},
    {{.mode = "linear", .places = "tf_crop_and_resize", .size = {2, 2}, .roi = {0, INFINITY, 1, 1}},
     SOMA_INVALID_FILE,
     "roi of dimension 3 is inf to 1; numbers are needed"},
    {{.mode = "cubic", .places = "half_pixel", .size = {2, 0}}, SOMA_INVALID_FILE, "dimension 3 of 7 would become 0"},
    {{.mode = "nearest", .places = "half_pixel", .scale = {2, 2}, .axis = -1},
     SOMA_INVALID_FILE,
     "attribute axes names dimension 3 twice"},
};

/* By a scale of 7/10 the fourth place is 3.5 / 0.7 - 0.5 = 4.5, of which the lower neighbour is taken: 0.7 is a little
 * less in float32, and the place a little more in float64. */
START_TEST(the_nearest_is_that_of_places_in_float32) {
    static const resizing scaled = {.mode = "nearest", .places = "half_pixel", .scale = {1, 0.7f}};
    static const float x[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, expected[7] = {0, 2, 3, 4, 6, 7, 9};
    soma_network *network;
    float y[7];
    one = &scaled;
    expect_ok(load_of(1, 1, 10, &network));
    run(network, x, y);
    for (size_t i = 0; i < 7; i++) ck_assert_float_eq(y[i], expected[i]);
}
END_TEST

START_TEST(what_makes_no_sense_is_refused) {
    soma_network *network;
    one = &refused[_i].resizing;
    expect_error(load(&network), refused[_i].status, "node 0", refused[_i].words);
    ck_assert_ptr_null(network);
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return printf("skipped: %s\n", soma_last_error()), 77;
    TCase *tcase = tcase_create("onnx, resize");
    tcase_add_unchecked_fixture(tcase, temporary_create, temporary_destroy);
    tcase_add_loop_test(tcase, results_are_those_of_the_text, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(tcase, what_is_no_number_stays_where_it_is, 0, sizeof cases / sizeof *cases);
    tcase_add_loop_test(tcase, long_signals_are_resized, 0, 3);
    tcase_add_loop_test(tcase, antialias_is_as_by_hand, 0, 2);
    tcase_add_loop_test(tcase, what_no_element_reaches_is_the_nearest, 0, 2);
    tcase_add_test(tcase, the_nearest_is_that_of_places_in_float32);
    tcase_add_loop_test(tcase, what_makes_no_sense_is_refused, 0, sizeof refused / sizeof *refused);
    Suite *suite = suite_create("onnx, resize");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
