/* SPDX-License-Identifier: MIT */
/* Series of numbers: windows and what follows them, gaps, what is held out, and what a network keeps of them. */
#include "data/dataset.h"
#include "data/series.h"
#include "expect.h"
#include "io/preprocessing/data.h"
#include "nn/network.h"
#include "temporary.h"

#include <math.h>

enum { MOST = 96 };

static soma_dataset *table_of(const float *values, size_t rows, size_t columns, const double *times) {
    soma_dataset *table;
    const soma_array array = {values, SOMA_F32, 2, {rows, columns}};
    expect_ok(soma_dataset_from_arrays(&array, 1, NULL, 0, &table));
    if (times) expect_ok(soma_dataset_set_times(table, times, rows));
    return table;
}

static void destroy_parts(soma_dataset **parts) {
    for (size_t i = 0; i < 3; i++) soma_dataset_destroy(parts[i]);
}

static soma_status cut(const soma_dataset *table, const soma_series_options *options, soma_dataset **parts) {
    return soma_dataset_from_series(table, options, &parts[0], &parts[1], &parts[2]);
}

static void expect_floats(const float *found, const float *wanted, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(found[i] == wanted[i] || (isnan(found[i]) && isnan(wanted[i])), "%s %zu: %g, not %g", what, i,
                      (double)found[i], (double)wanted[i]);
}

static void expect_samples(const soma_dataset *dataset, size_t samples, const float *inputs, const float *targets) {
    float found[MOST];
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.samples, samples);
    ck_assert_uint_eq(info.input_rank[0], 2);
    expect_ok(soma_dataset_read_input(dataset, 0, 0, samples, found));
    expect_floats(found, inputs, samples * info.input_shape[0][0] * info.input_shape[0][1], "input");
    expect_ok(soma_dataset_read_target(dataset, 0, 0, samples, found));
    expect_floats(found, targets, samples * info.target_shape[0][0], "target");
}

/* Of ten rows the last two are tested on, and of the eight before them the last two watch the training; their windows
 * begin before that, their targets do not. */
START_TEST(what_follows_a_window_lies_in_its_part) {
    float values[20];
    for (int i = 0; i < 20; i++) values[i] = (float)(i % 2 ? 100 + i / 2 : i / 2);
    static const float train[] = {0, 100, 1, 101, 2, 102, 1, 101, 2, 102, 3, 103};
    static const float after[] = {103, 104, 104, 105};
    static const float held[] = {3, 103, 4, 104, 5, 105}, held_after[] = {106, 107};
    static const float last[] = {5, 105, 6, 106, 7, 107}, last_after[] = {108, 109};
    soma_dataset *table = table_of(values, 10, 2, NULL), *parts[3];
    expect_ok(cut(table, &(soma_series_options){.window = 3, .horizon = 2, .validation = 0.25, .test = 0.2}, parts));
    expect_samples(parts[0], 2, train, after);
    expect_samples(parts[1], 1, held, held_after);
    expect_samples(parts[2], 1, last, last_after);
    destroy_parts(parts);
    /* Both columns, and only every second window: rows 0 to 2 and 2 to 4. */
    static const float seen[] = {0, 100, 1, 101, 2, 102, 2, 102, 3, 103, 4, 104, 4, 104, 5, 105, 6, 106},
                       both[] = {3, 103, 5, 105, 7, 107};
    expect_ok(cut(table, &(soma_series_options){.window = 3, .step = 2, .label = "1:2", .test = 0.2}, parts));
    expect_samples(parts[0], 3, seen, both);
    ck_assert_uint_eq(soma_dataset_series_row(parts[0], 1), 5);
    destroy_parts(parts);
    /* Behind a step that is longer than the table there is nothing. */
    static const float first[] = {103};
    expect_ok(cut(table, &(soma_series_options){.window = 3, .step = SIZE_MAX}, parts));
    expect_samples(parts[0], 1, (const float[]){0, 100, 1, 101, 2, 102}, first);
    destroy_parts(parts);
    soma_dataset_destroy(table);
}
END_TEST

/* The last value; of a season that of the same time in the last one that is known whole. */
START_TEST(naive_forecasts) {
    float values[12], found[4];
    for (int i = 0; i < 12; i++) values[i] = (float)i;
    static const float naive[] = {6, 6, 6, 6}, seasonal[] = {4, 5, 6, 4}, far[] = {NAN, 0, 1, 2};
    soma_dataset *table = table_of(values, 12, 1, NULL), *train;
    expect_ok(soma_dataset_from_series(table, &(soma_series_options){.window = 2, .horizon = 4}, &train, NULL, NULL));
    ck_assert_uint_eq(soma_dataset_series_row(train, 5), 7);
    expect_ok(soma_dataset_read_naive(train, 0, 5, 1, found));
    expect_floats(found, naive, 4, "naive");
    expect_ok(soma_dataset_read_naive(train, 3, 5, 1, found));
    expect_floats(found, seasonal, 4, "seasonal");
    expect_ok(soma_dataset_read_naive(train, 8, 5, 1, found));
    expect_floats(found, far, 4, "of a long season");
    expect_ok(soma_dataset_read_past(train, 5, 3, found));
    expect_floats(found, &values[4], 3, "past");
    expect_error(soma_dataset_read_past(train, 0, 3, found), SOMA_INVALID_ARGUMENT, "3 steps before sample 0",
                 "which has 2");
    expect_error(soma_dataset_read_naive(table, 0, 0, 1, found), SOMA_INVALID_STATE, "no series");
    soma_dataset_destroy(train);
    soma_dataset_destroy(table);
}
END_TEST

/* Of a season of 3 steps the same time is known from the fourth row of a stretch on. */
START_TEST(no_naive_forecast_reaches_across_a_gap_in_time) {
    static const float values[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, seasonal[] = {NAN, NAN, 0, 1, NAN, NAN, 5, 6};
    static const float last[] = {0, 1, 2, 3, 5, 6, 7, 8};
    static const double times[] = {0, 1, 2, 3, 4, 8, 9, 10, 11, 12};
    soma_dataset *table = table_of(values, 10, 1, times), *train;
    float found[8];
    expect_ok(soma_dataset_from_series(table, &(soma_series_options){.window = 1}, &train, NULL, NULL));
    expect_ok(soma_dataset_read_naive(train, 3, 0, 8, found));
    expect_floats(found, seasonal, 8, "seasonal");
    expect_ok(soma_dataset_read_naive(train, 0, 0, 8, found));
    expect_floats(found, last, 8, "naive");
    soma_dataset_destroy(train);
    soma_dataset_destroy(table);
}
END_TEST

/* Rows come by their times; none of a window lies across a step of 3, where the usual one is 1. */
START_TEST(no_window_lies_across_a_gap_in_time) {
    static const float values[] = {6, 0, 1, 2, 3, 4, 5, 7};
    static const double times[] = {9, 0, 1, 2, 3, 4, 8, 10};
    static const float inputs[] = {0, 1, 1, 2, 2, 3, 5, 6}, targets[] = {2, 3, 4, 7};
    soma_dataset *table = table_of(values, 8, 1, times), *parts[3];
    /* Of 7 steps the usual one is the sixth of them in order: 1. */
    expect_ok(cut(table, &(soma_series_options){.window = 2}, parts));
    expect_samples(parts[0], 4, inputs, targets);
    ck_assert_ptr_nonnull(strstr(soma_dataset_note(parts[0]), "in the order of time"));
    ck_assert_ptr_nonnull(strstr(soma_dataset_note(parts[0]), "gaps in time: 1, the longest of 4 steps before row 6"));
    destroy_parts(parts);
    static const double twice[] = {9, 0, 1, 2, 3, 4, 8, 9};
    expect_ok(soma_dataset_set_times(table, twice, 8));
    expect_error(cut(table, &(soma_series_options){.window = 2}, parts), SOMA_INVALID_ARGUMENT, "rows 1 and 8",
                 "one time, 9");
    soma_dataset_destroy(table);
}
END_TEST

/* A value that is not there is the one before it, but as what is forecast it is none; before the first there is none.
 */
START_TEST(gaps_are_the_last_value_before) {
    static const float values[] = {NAN, 1, 5, 2, NAN, 3, 6, 4, 7, NAN, 8, 6};
    static const float late[] = {7, 4, 8, 6};
    soma_dataset *table = table_of(values, 6, 2, NULL), *parts[3];
    /* Of four windows the first begins before there is a value, and what follows the third is not there. */
    static const float inputs[] = {5, 2, 5, 3, 6, 4, 7, 4}, targets[] = {4, 6};
    expect_ok(cut(table, &(soma_series_options){.window = 2}, parts));
    expect_samples(parts[0], 2, inputs, targets);
    ck_assert_ptr_nonnull(strstr(soma_dataset_note(parts[0]), "2 windows of the first part are left out"));
    destroy_parts(parts);
    soma_dataset *ahead;
    float found[4];
    expect_ok(soma_dataset_from_series(table, &(soma_series_options){.window = 2, .ahead = 1}, &ahead, NULL, NULL));
    expect_ok(soma_dataset_read_input(ahead, 0, 0, 1, found));
    expect_floats(found, late, 4, "the end");
    soma_dataset_destroy(ahead);
    soma_dataset_destroy(table);
}
END_TEST

/* Steps 1 and 3 have means 2 and 6, and deviations 1 and 3: of both together 4, and the root of 4 + (1 + 9) / 2. */
START_TEST(steps_are_scaled_alike) {
    double mean[] = {2, 10, 6, 10}, deviation[] = {1, 0, 3, 0};
    soma_series_pool(2, 2, mean, deviation);
    ck_assert(mean[0] == 4 && mean[2] == 4 && mean[1] == 10 && mean[3] == 10);
    ck_assert_double_eq_tol(deviation[0], 3, 1e-12);
    ck_assert_double_eq_tol(deviation[2], 3, 1e-12);
    ck_assert(deviation[1] == 0 && deviation[3] == 0);
}
END_TEST

static const char text[] =
    "day,level,rain,wind\n1,10,0,n\n2,11,1,s\n3,,0,n\n4,13,2,n\n5,12,1,s\n6,15,0,s\n7,16,1,n\n8,14,3,"
    "s\n9,13,1,n\n10,12,2,s\n";

static soma_dataset *read_table(const char *bytes, const soma_network *network) {
    soma_dataset *table;
    const soma_csv_roles roles = {.time = network ? NULL : "day",
                                  .missing = network ? SOMA_MISSING_ERROR : SOMA_MISSING_LAST,
                                  .max_categories = network ? 0 : 4};
    const soma_csv_options options = {.label = "none", .roles = &roles, .network = network};
    const char *path = temporary_file("river.csv", bytes, strlen(bytes));
    expect_ok(soma_dataset_from_csv(path, &options, &table));
    return table;
}

static soma_network *network_of(const soma_dataset *train) {
    soma_network *network;
    soma_dataset_info info;
    soma_dataset_get_info(train, &info);
    expect_ok(soma_network_create(&network));
    ck_assert_ptr_nonnull(soma_layers(soma_input(network, NULL, 2, info.input_shape[0]), "lstm 2 last; dense 2"));
    expect_ok(soma_network_fit_preprocessing(network, train, true));
    return network;
}

/* A file gives it all back: another table, in another order, is read by it, and scaled by the same figures. */
START_TEST(a_network_keeps_its_series) {
    soma_dataset *table = read_table(text, NULL), *parts[3], *again[3];
    soma_series_info info;
    const char *path = temporary_path("model.safetensors");
    const soma_series_options options = {
        .window = 2, .horizon = 1, .season = 7, .label = "level,rain", .validation = 0.25, .test = 0.2};
    expect_ok(cut(table, &options, parts));
    soma_network *network = network_of(parts[0]), *loaded;
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &loaded));
    ck_assert(soma_network_get_series(loaded, &info));
    ck_assert(info.window == 2 && info.horizon == 1 && info.targets == 2 && info.season == 7);
    ck_assert(info.trained == 6 && info.validated == 8);
    ck_assert_str_eq(soma_network_series_target(loaded, 1), "rain");
    ck_assert_ptr_null(soma_network_series_target(loaded, 2));
    /* Level, rain, and two winds for each of two steps: what is a word is not scaled. */
    ck_assert_uint_eq(loaded->preprocessing.width, 8);
    for (size_t i = 0; i < 4; i++) {
        ck_assert(loaded->preprocessing.mean[i] == loaded->preprocessing.mean[i + 4]);
        ck_assert(loaded->preprocessing.scale[i] == loaded->preprocessing.scale[i + 4]);
        ck_assert((loaded->preprocessing.scale[i] == 1) == (i >= 2));
    }
    static const char other[] = "wind,rain,day,level\nn,5,9,20\ns,6,11,22\nn,7,10,21\ns,8,12,23\nn,9,7,19\nn,9,8,18\n";
    soma_dataset *more = read_table(other, loaded);
    /* What was tested on comes after day 8: here that are days 9 to 12. */
    expect_ok(cut(more, &(soma_series_options){.network = loaded, .as_learnt = 1}, again));
    static const float test_targets[] = {20, 5, 21, 7, 22, 6, 23, 8};
    float found[8];
    soma_dataset_info shape;
    soma_dataset_get_info(again[2], &shape);
    ck_assert_uint_eq(shape.samples, 4);
    expect_ok(soma_dataset_read_target(again[2], 0, 0, 4, found));
    expect_floats(found, test_targets, 8, "target");
    ck_assert(!again[0] && !again[1]);
    expect_ok(soma_network_apply_preprocessing(loaded, again[2]));
    expect_ok(soma_dataset_read_input(again[2], 0, 0, 1, found));
    const double level = (19 - loaded->preprocessing.mean[0]) * loaded->preprocessing.scale[0];
    ck_assert_double_eq_tol((double)found[0], level, 1e-5);
    destroy_parts(again);
    expect_error(cut(more, &(soma_series_options){.network = loaded, .window = 3}, again), SOMA_INVALID_ARGUMENT,
                 "window of 3", "learnt one of 2");
    expect_error(cut(more, &(soma_series_options){.network = loaded, .label = "rain"}, again), SOMA_INVALID_ARGUMENT,
                 "other columns");
    soma_dataset_destroy(more);
    destroy_parts(parts);
    soma_dataset_destroy(table);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
}
END_TEST

START_TEST(what_is_no_series_is_refused) {
    soma_dataset *table = read_table(text, NULL), *parts[3];
    soma_network *network;
    expect_error(cut(table, &(soma_series_options){.window = SIZE_MAX}, parts), SOMA_INVALID_FILE, "10 rows");
    expect_error(cut(table, &(soma_series_options){.window = 2, .horizon = SIZE_MAX}, parts), SOMA_INVALID_FILE,
                 "10 rows");
    expect_error(cut(table, &(soma_series_options){.window = 2, .season = (size_t)1 << 31}, parts),
                 SOMA_INVALID_ARGUMENT, "season of 2147483648");
    expect_error(cut(table, &(soma_series_options){.horizon = 1}, parts), SOMA_INVALID_ARGUMENT, "window", "0 steps");
    expect_error(cut(table, &(soma_series_options){.window = 9, .test = 0.2}, parts), SOMA_INVALID_FILE,
                 "8 of the 10 rows are to train on", "window of 9 rows");
    expect_error(cut(table, &(soma_series_options){.window = 2, .horizon = 3, .test = 0.2}, parts), SOMA_INVALID_FILE,
                 "2 of the 10 rows are held out to test on", "the 3 that follow");
    expect_error(cut(table, &(soma_series_options){.window = 2, .label = "wind"}, parts), SOMA_INVALID_ARGUMENT, "wind",
                 "words");
    expect_error(cut(table, &(soma_series_options){.window = 2, .label = "day"}, parts), SOMA_INVALID_ARGUMENT, "day",
                 "none of the columns that the network sees");
    expect_error(cut(table, &(soma_series_options){.window = 2, .label = "snow"}, parts), SOMA_INVALID_ARGUMENT, "snow",
                 "\"level\"");
    expect_error(cut(table, &(soma_series_options){.window = 2, .test = 1}, parts), SOMA_INVALID_ARGUMENT,
                 "1 to test on");
    expect_ok(soma_network_create(&network));
    expect_error(cut(table, &(soma_series_options){.network = network}, parts), SOMA_INVALID_ARGUMENT,
                 "learnt of no series");
    expect_error(soma_dataset_from_series(NULL, NULL, &parts[0], NULL, NULL), SOMA_INVALID_ARGUMENT, "table is NULL");
    soma_network_destroy(network);
    soma_dataset_destroy(table);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ sequences of a
 * length
 */

enum { STEPS = 5, FEATURES = 2, LENGTH = 3 };

static const char net[] = "gru 3 layers 2; dropout 0.1; dense 4 tanh; lstm 3 layers 2 dropout 0.1 bidirectional last; "
                          "dense 2";

/* What a new network, the same each time, says of the sample. */
static void say(const float *sample, size_t steps, const int32_t *length, float *said) {
    const soma_array array = {sample, SOMA_F32, 3, {1, steps, FEATURES}};
    soma_network *network;
    soma_device *device;
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&array, 1, NULL, 0, &dataset));
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 2, array.shape + 1);
    if (length) {
        expect_ok(soma_dataset_set_lengths(dataset, length, 1));
        x = soma_mask(x, soma_input(network, "mask", 1, &steps));
    } else
        x->is_sequence = true; /* as those of the other are, for the layer that works on each */
    ck_assert_ptr_nonnull(soma_layers(x, net));
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(soma_compile(network, device, NULL));
    expect_ok(soma_predict(network, dataset, 0, 1, said));
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    soma_device_close(device);
}

/* Layers over each other, both ways, and with others between them: what a sequence is filled up with does not count. */
START_TEST(what_a_sequence_is_filled_up_with_does_not_count) {
    static const float sample[STEPS * FEATURES] = {.3f, -1, .7f, 2, -.5f, .1f, 9, NAN, INFINITY, -8};
    const int32_t length = LENGTH;
    float wanted[2], found[2];
    say(sample, LENGTH, NULL, wanted);
    say(sample, STEPS, &length, found);
    for (int i = 0; i < 2; i++) ck_assert_double_eq_tol((double)found[i], (double)wanted[i], 1e-6);
    ck_assert(fabsf(wanted[0]) > 1e-4f);
}
END_TEST

/* Of steps 1, 3 and 5, in two samples, mean and deviation, the same at each step; the mask stays as it is. */
START_TEST(steps_that_are_not_there_have_no_say_in_figures) {
    static const float samples[] = {1, 3, 99, 5, 77, 99};
    static const int32_t lengths[] = {2, 1}, bad[] = {2, 0}, long_ones[] = {4, 1};
    const soma_array array = {samples, SOMA_F32, 3, {2, 3, 1}};
    const size_t shape[] = {3, 1}, steps = 3;
    soma_dataset *dataset;
    soma_network *network;
    soma_dataset_info info;
    float found[6];
    expect_ok(soma_dataset_from_arrays(&array, 1, NULL, 0, &dataset));
    expect_error(soma_dataset_set_lengths(dataset, bad, 2), SOMA_INVALID_ARGUMENT, "length 0 of sample 1", "1 to 3");
    expect_error(soma_dataset_set_lengths(dataset, long_ones, 2), SOMA_INVALID_ARGUMENT, "length 4 of sample 0");
    expect_error(soma_dataset_set_lengths(dataset, lengths, 1), SOMA_INVALID_ARGUMENT, "1 lengths for 2 samples");
    expect_ok(soma_dataset_set_lengths(dataset, lengths, 2));
    expect_error(soma_dataset_set_lengths(dataset, lengths, 2), SOMA_INVALID_SHAPE, "2 inputs");
    soma_dataset_get_info(dataset, &info);
    ck_assert(info.masked && info.inputs == 2 && info.input_shape[1][0] == 3);
    static const float kept[] = {1, 3, 0, 5, 0, 0}, mask[] = {1, 1, 0, 1, 0, 0};
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 2, found));
    expect_floats(found, kept, 6, "value");
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 2, shape);
    ck_assert_ptr_nonnull(soma_layers(soma_mask(x, soma_input(network, "mask", 1, &steps)), "lstm 2 last; dense 1"));
    expect_ok(soma_network_fit_preprocessing(network, dataset, true));
    for (int i = 0; i < 3; i++) {
        ck_assert_double_eq_tol(network->preprocessing.mean[i], 3, 1e-6);
        ck_assert_double_eq_tol(network->preprocessing.scale[i], 1 / sqrt(8.0 / 3), 1e-6);
    }
    expect_ok(soma_network_apply_preprocessing(network, dataset));
    expect_ok(soma_dataset_read_input(dataset, 1, 0, 2, found));
    expect_floats(found, mask, 6, "mask");
    static const float infinite[] = {1, 3, 99, 5, INFINITY, 99};
    static const int32_t both[] = {2, 2};
    const soma_array bad_array = {infinite, SOMA_F32, 3, {2, 3, 1}};
    soma_dataset *bad_values;
    expect_ok(soma_dataset_from_arrays(&bad_array, 1, NULL, 0, &bad_values));
    expect_ok(soma_dataset_set_lengths(bad_values, both, 2));
    expect_error(soma_network_fit_preprocessing(network, bad_values, true), SOMA_NOT_FINITE,
                 "sample 1, feature 1 is inf");
    soma_dataset_destroy(bad_values);
    const size_t four = 4;
    ck_assert_ptr_null(soma_mask(x, soma_input(network, "longer", 1, &four)));
    expect_error(soma_network_status(network), SOMA_INVALID_SHAPE,
                 "[batch, 4] is no mask of the steps of [batch, 3, 1]");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

/* What an output of each step is trained on: as many targets, of the steps that there are and behind them what must not
 * count. */
typedef struct step_loss {
    const char *layer;
    soma_compile_options compile;
    size_t width;                   /* of a target of numbers; 0: a class number */
    const float *target, *of_steps; /* [SEQUENCES, STEPS, width], and those of the steps that there are */
} step_loss;

enum { SEQUENCES = 3, THERE = 7 };
static const int32_t step_lengths[SEQUENCES] = {STEPS, 1, 1};
static const float class_targets[SEQUENCES * STEPS] = {0, 2, 1, 1, 0, /**/ 2, -100, NAN, 7, 1e9f, /**/ 1, 3, 3, 3, 3};
static const float class_of_steps[THERE] = {0, 2, 1, 1, 0, 2, 1};
static const float number_targets[SEQUENCES * STEPS * 2] = {
    1, 0, 0, 1, 1, 1, 0, 0, 1, 0, /**/ 0, 1, NAN, NAN, 9, 9, INFINITY, 9, 9, 9, /**/ 1, 1, 9, 9, 9, 9, 9, 9, 9, 9};
static const float number_of_steps[THERE * 2] = {1, 0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 1};
static const float of_classes[] = {1, 2, 0.5f}, of_ones[] = {1, 3};

static const step_loss step_losses[] = {
    {"dense 3 softmax", {.metrics = {SOMA_ACCURACY, SOMA_PERPLEXITY}}, 0, class_targets, class_of_steps},
    {"dense 3",
     {.loss = {SOMA_CATEGORICAL_CROSSENTROPY_LOGITS},
      .metrics = {SOMA_TOP_K},
      .top_k = 2,
      .class_weight = of_classes,
      .class_weight_count = 3},
     0,
     class_targets,
     class_of_steps},
    {"dense 3 softmax", {.loss = {SOMA_FOCAL}, .label_smoothing = 0.1f}, 0, class_targets, class_of_steps},
    {"dense 2", {.metrics = {SOMA_MAE}}, 2, number_targets, number_of_steps},
    {"dense 2", {.loss = {SOMA_HUBER}}, 2, number_targets, number_of_steps},
    {"dense 4", {.loss = {SOMA_QUANTILE}, .quantiles = {0.2f, 0.9f}}, 2, number_targets, number_of_steps},
    {"dense 2 sigmoid", {.class_weight = of_ones, .class_weight_count = 2}, 2, number_targets, number_of_steps},
    {"dense 2", {.loss = {SOMA_BINARY_CROSSENTROPY_LOGITS}}, 2, number_targets, number_of_steps},
};

static soma_dataset *step_dataset(const float *x, const float *y, size_t width, const size_t *steps, size_t samples) {
    const soma_array inputs = {x, SOMA_F32, steps ? 3 : 2, {samples, steps ? *steps : FEATURES, FEATURES}};
    soma_array targets = {.data = y, .dtype = SOMA_F32, .rank = 2, .shape = {samples, steps ? *steps : width, width}};
    static int32_t classes[THERE]; /* the data set looks at them */
    for (size_t i = 0; !steps && !width && i < samples; i++) classes[i] = (int32_t)y[i];
    if (steps && width) targets.rank = 3;
    if (!steps && !width) targets = (soma_array){.data = classes, .dtype = SOMA_I32, .rank = 1, .shape = {samples}};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    return dataset;
}

static soma_network *step_network(soma_device *device, const step_loss *of, const size_t *steps) {
    const size_t shape[] = {steps ? *steps : FEATURES, FEATURES};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, steps ? 2 : 1, shape);
    if (steps) x = soma_mask(x, soma_input(network, "mask", 1, steps));
    ck_assert_ptr_nonnull(soma_layers(x, of->layer));
    expect_ok(soma_compile(network, device, &of->compile));
    return network;
}

static void expect_near(double found, double wanted, const char *what, const char *layer) {
    ck_assert_msg(fabs(found - wanted) <= 1e-5 * (1 + fabs(wanted)), "%s of %s: %g, not %g", what, layer, found,
                  wanted);
}

static void expect_same_metrics(const soma_metrics *found, const soma_metrics *wanted, const char *layer) {
    expect_near(found->loss, wanted->loss, "loss", layer);
    ck_assert_uint_eq(found->metric_count, wanted->metric_count);
    for (uint32_t i = 0; i < wanted->metric_count; i++)
        expect_near(found->metric[i], wanted->metric[i], wanted->metric_name[i], layer);
}

static void expect_same_weights(soma_network *found, soma_network *wanted, const char *layer) {
    float a[16], b[16];
    for (size_t i = 0; i < soma_network_parameter_count(wanted); i++) {
        const size_t count = soma_tensor_count(soma_network_parameter(wanted, i));
        expect_ok(soma_get_parameter(found, soma_network_parameter(found, i), a, count));
        expect_ok(soma_get_parameter(wanted, soma_network_parameter(wanted, i), b, count));
        for (size_t j = 0; j < count; j++) expect_near((double)a[j], (double)b[j], "a weight", layer);
    }
}

/* What a layer makes of each step by itself is what it makes of as many samples: the steps that there are, and they
 * alone, must have the same loss and metrics, and the same weights after training. */
static void compare_with_samples(soma_device *device, const step_loss *of) {
    const size_t steps = STEPS;
    float x[SEQUENCES * STEPS * FEATURES], there[THERE * FEATURES];
    for (size_t i = 0; i < SOMA_COUNT_OF(x); i++) x[i] = (float)((i * 7 + 3) % 11) / 4 - 1;
    for (size_t i = 0, n = 0; i < SEQUENCES; i++)
        for (size_t j = 0; j < (size_t)step_lengths[i] * FEATURES; j++) there[n++] = x[i * STEPS * FEATURES + j];
    soma_dataset *masked = step_dataset(x, of->target, of->width, &steps, SEQUENCES);
    soma_dataset *plain = step_dataset(there, of->of_steps, of->width, NULL, THERE);
    expect_ok(soma_dataset_set_lengths(masked, step_lengths, SEQUENCES));
    soma_network *network = step_network(device, of, &steps), *other = step_network(device, of, NULL);
    soma_metrics found, wanted;
    expect_ok(soma_evaluate(other, plain, 0, &wanted));
    expect_ok(soma_evaluate(network, masked, 2, &found));
    expect_same_metrics(&found, &wanted, of->layer);
    if (SOMA_HAS_TRAINING) {
        const soma_fit_options fit = {.epochs = 3, .batch_size = THERE};
        expect_ok(soma_fit(network, masked, &fit, NULL));
        expect_ok(soma_fit(other, plain, &fit, NULL));
        expect_same_weights(network, other, of->layer);
        float before[16], after[16];
        soma_tensor *bias = soma_network_parameter(other, 1);
        expect_ok(soma_get_parameter(other, bias, after, soma_tensor_count(bias)));
        for (size_t i = 0; i < soma_tensor_count(bias); i++) before[i] = 0;
        ck_assert_msg(memcmp(before, after, soma_tensor_count(bias) * sizeof *after) != 0, "nothing was learnt");
    }
    soma_network_destroy(network);
    soma_network_destroy(other);
    soma_dataset_destroy(masked);
    soma_dataset_destroy(plain);
}

START_TEST(steps_that_are_not_there_are_not_trained_on) {
    static const char *const devices[] = {"cpu", "opencl:0"};
    soma_device *device;
    soma_status status = soma_device_open(devices[_i], NULL, &device);
    if (status != SOMA_OK && _i > 0) return;
    expect_ok(status);
    for (size_t i = 0; i < SOMA_COUNT_OF(step_losses); i += _i ? 3 : 1) /* kernels take long to compile */
        compare_with_samples(device, &step_losses[i]);
    soma_device_close(device);
}
END_TEST

/* Of the arrays of a batch, too: the second is the mask, and what is behind it moves nothing. */
START_TEST(steps_that_are_not_there_have_no_gradient) {
    static const size_t steps = 3;
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, mask[] = {1, 1, 0, 1, 0, 0};
    static const float y[] = {1, 0, 0, 1, 0, 1};
    const soma_array inputs[] = {{x, SOMA_F32, 3, {2, 3, 2}}, {mask, SOMA_F32, 2, {2, 3}}};
    const soma_array target = {y, SOMA_F32, 3, {2, 3, 1}};
    static const step_loss of = {"gru 2; dense 1", {.loss = {SOMA_MEAN_SQUARED_ERROR}}, 1, NULL, NULL};
    float said[6], slope[12];
    soma_metrics metrics;
    soma_device *device;
    soma_dataset *dataset;
    expect_ok(soma_device_open("cpu", NULL, &device));
    soma_network *network = step_network(device, &of, &steps);
    expect_ok(soma_dataset_from_arrays(inputs, 2, &target, 1, &dataset));
    expect_ok(soma_predict(network, dataset, 0, 0, said));
    expect_ok(soma_backward(network, inputs, &target, &metrics));
    double wanted = 0;
    for (size_t i = 0; i < 6; i++) wanted += mask[i] > 0 ? pow((double)said[i] - (double)y[i], 2) / 3 : 0;
    expect_near(metrics.loss, wanted, "loss", of.layer);
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), slope, 12));
    for (size_t i = 0; i < 12; i++) ck_assert_msg((slope[i] != 0) == (mask[i / 2] > 0), "%zu: %g", i, (double)slope[i]);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

static const struct {
    const char *net, *word;
} bad_piles[] = {
    {"lstm 4 layers", "how many, as in \"layers 2\""},
    {"gru 4 layers 0", "the number of layers"},
    {"gru 4 layers 2 layers 2", "a second time"},
    {"rnn 4 layers 2 dropout 1", "less than 1"},
    {"rnn 4 layers 2 dropout", "the rate, as in \"dropout 0.2\""},
    {"lstm 4 dropout 0.2", "between layers"},
    {"lstm 4 layers 1 dropout 0.2", "between layers"},
};

START_TEST(piles_of_layers) {
    const size_t shape[] = {STEPS, FEATURES};
    soma_network *network;
    soma_layer_info last;
    expect_ok(soma_network_create(&network));
    ck_assert_ptr_nonnull(soma_layers(soma_input(network, NULL, 2, shape), "lstm 3 layers 3 dropout 0.2 last"));
    ck_assert_uint_eq(soma_network_layer_count(network), 6); /* the input, three, and what is between them */
    expect_ok(soma_network_layer(network, 5, &last));
    ck_assert_str_eq(last.name, "lstm_3");
    ck_assert_uint_eq(soma_network_output(network, 0)->rank, 1);
    soma_network_destroy(network);
    /* So does its mask. */
    const char *masked = temporary_path("masked.safetensors");
    const size_t steps = STEPS;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 2, shape);
    ck_assert_ptr_nonnull(soma_layers(soma_mask(x, soma_input(network, "mask", 1, &steps)), "gru 3; dense 2"));
    expect_ok(soma_save(network, masked));
    soma_network_destroy(network);
    expect_ok(soma_load(masked, &network));
    ck_assert_ptr_eq(soma_network_output(network, 0)->mask, network->inputs[1]);
    soma_network_destroy(network);
    /* A sequence stays one in a file, of two ways, too; and the recurrent weights begin as they were told. */
    const char *path = temporary_path("both.safetensors");
    expect_ok(soma_network_create(&network));
    ck_assert_ptr_nonnull(soma_layers(soma_input(network, NULL, 2, shape), "gru 3 bidirectional orthogonal"));
    ck_assert_int_eq(network->parameters[1].initializer, SOMA_INIT_ORTHOGONAL);
    ck_assert_int_eq(network->parameters[0].initializer, SOMA_INIT_GLOROT_UNIFORM);
    expect_ok(soma_save(network, path));
    soma_network_destroy(network);
    expect_ok(soma_load(path, &network));
    soma_tensor *more = soma_layers(soma_network_output(network, 0), "dense 2");
    ck_assert(more && more->rank == 2 && more->shape[0] == STEPS && more->shape[1] == 2);
    soma_network_destroy(network);
    for (size_t i = 0; i < SOMA_COUNT_OF(bad_piles); i++) {
        expect_ok(soma_network_create(&network));
        ck_assert_ptr_null(soma_layers(soma_input(network, NULL, 2, shape), bad_piles[i].net));
        expect_error(soma_network_status(network), SOMA_INVALID_ARGUMENT, bad_piles[i].word);
        soma_network_destroy(network);
    }
}
END_TEST

#define SERIES(window, horizon, targets, more)                                                                         \
    "{\"format\":1,\"series\":{\"window\":" window ",\"horizon\":" horizon ",\"targets\":" targets                     \
    ",\"train_rows\":9,\"validation_rows\":9" more "}}"

/* Of a network that takes [3, 2]. */
static const struct {
    const char *text, *word;
} malformed[] = {
    {"{\"format\":1,\"series\":[]}", "\"window\""},
    {SERIES("0", "1", "[0]", ""), "\"window\""},
    {SERIES("3", "-1", "[0]", ""), "\"horizon\""},
    {SERIES("4", "1", "[0]", ""), "4 steps, the network takes 6"},
    {SERIES("3", "1", "[]", ""), "1 to 2 numbers"},
    {SERIES("3", "1", "[0,1,1]", ""), "1 to 2 numbers"},
    {SERIES("3", "1", "[2]", ""), "below 2"},
    {SERIES("3", "1", "[1,0]", ""), "rise"},
    {SERIES("3", "1", "[0]", ",\"season\":0"), "season"},
    {SERIES("3", "1", "[0]", ",\"train_time\":1"), "validation_time"},
    {SERIES("3", "1", "[0]", ",\"train_time\":2,\"validation_time\":1"), "comes after"},
    {"{\"format\":1,\"series\":{\"window\":3,\"horizon\":1,\"targets\":[0],\"train_rows\":9,\"validation_rows\":8}}",
     "comes after"},
};

START_TEST(refuses_malformed_text) {
    static const size_t shape[] = {3, 2};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    ck_assert_ptr_nonnull(soma_layers(soma_input(network, NULL, 2, shape), "flatten; dense 1"));
    expect_error(soma_data_of_text(malformed[_i].text, network), SOMA_INVALID_FILE, "soma.data", malformed[_i].word);
    expect_ok(soma_data_of_text(SERIES("3", "1", "[0,1]", ",\"season\":7"), network));
    soma_network_destroy(network);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("series");
    TCase *cases = tcase_create("series");
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_set_timeout(cases, 60); /* kernels are compiled */
    tcase_add_test(cases, what_follows_a_window_lies_in_its_part);
    tcase_add_test(cases, naive_forecasts);
    tcase_add_test(cases, no_naive_forecast_reaches_across_a_gap_in_time);
    tcase_add_test(cases, no_window_lies_across_a_gap_in_time);
    tcase_add_test(cases, gaps_are_the_last_value_before);
    tcase_add_test(cases, steps_are_scaled_alike);
    tcase_add_test(cases, a_network_keeps_its_series);
    tcase_add_test(cases, what_is_no_series_is_refused);
    tcase_add_test(cases, what_a_sequence_is_filled_up_with_does_not_count);
    tcase_add_test(cases, steps_that_are_not_there_have_no_say_in_figures);
    tcase_add_loop_test(cases, steps_that_are_not_there_are_not_trained_on, 0, 2);
    if (SOMA_HAS_TRAINING) tcase_add_test(cases, steps_that_are_not_there_have_no_gradient);
    tcase_add_test(cases, piles_of_layers);
    tcase_add_loop_test(cases, refuses_malformed_text, 0, (int)SOMA_COUNT_OF(malformed));
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
