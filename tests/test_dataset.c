/* SPDX-License-Identifier: MIT */
/* Data sets from arrays: what they hold, what they refuse, splits, sample weights. */
#include "data/dataset.h"
#include "expect.h"

#include <math.h>
#include <stdlib.h>

#define SAMPLES 10

static const float features[SAMPLES][2] = {{0, 1},   {2, 3},   {4, 5},   {6, 7},   {8, 9},
                                           {10, 11}, {12, 13}, {14, 15}, {16, 17}, {18, 19}};
/* Six of class 0, three of class 1, one of class 2. */
static const int32_t labels[SAMPLES] = {0, 1, 0, 2, 0, 0, 1, 0, 1, 0};

static soma_array array_2d(const void *data, soma_dtype dtype, size_t rows, size_t columns) {
    return (soma_array){.data = data, .dtype = dtype, .rank = 2, .shape = {rows, columns}};
}

static soma_array array_1d(const void *data, soma_dtype dtype, size_t rows) {
    return (soma_array){.data = data, .dtype = dtype, .rank = 1, .shape = {rows}};
}

static soma_dataset *labelled(void) {
    soma_array inputs = array_2d(features, SOMA_F32, SAMPLES, 2), targets = array_1d(labels, SOMA_I32, SAMPLES);
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    return dataset;
}

START_TEST(holds_what_it_was_given) {
    soma_dataset *dataset = labelled();
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.samples, SAMPLES);
    ck_assert_uint_eq(info.inputs, 1);
    ck_assert_uint_eq(info.targets, 1);
    ck_assert_uint_eq(info.input_rank[0], 1);
    ck_assert_uint_eq(info.input_shape[0][0], 2);
    ck_assert_uint_eq(info.target_rank[0], 0);
    ck_assert_uint_eq(info.classes, 3);
    ck_assert(!info.weighted);
    ck_assert_ptr_null(soma_dataset_class_name(dataset, 0));
    float values[2 * 3];
    expect_ok(soma_dataset_read_input(dataset, 0, 4, 3, values));
    for (int i = 0; i < 6; i++) ck_assert_float_eq(values[i], (float)(8 + i));
    int32_t classes[SAMPLES];
    expect_ok(soma_dataset_read_classes(dataset, 0, SAMPLES, classes));
    ck_assert_mem_eq(classes, labels, sizeof labels);
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(NULL);
}
END_TEST

/* Of half of the samples: inputs stay where they are, and are there as long as the copy. */
START_TEST(targets_are_copied_alone) {
    enum { HALF = SAMPLES / 2 };
    soma_dataset *dataset = labelled(), *part, *rest, *copy;
    int32_t classes[2][HALF];
    size_t row[HALF];
    float values[HALF][2];
    expect_ok(soma_dataset_split(dataset, 0.5, 1, &part, &rest));
    for (size_t i = 0; i < HALF; i++) row[i] = soma_dataset_row(part, i);
    expect_ok(soma_dataset_with_own_targets(part, &copy));
    ck_assert_ptr_eq(copy->storage->input[0].data, dataset->storage->input[0].data);
    ck_assert_ptr_ne(copy->storage->target[0].data, dataset->storage->target[0].data);
    ((int32_t *)copy->storage->target[0].data)[soma_dataset_row(copy, 2)] = 2;
    expect_ok(soma_dataset_read_classes(part, 0, HALF, classes[0]));
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(part);
    soma_dataset_destroy(rest);
    expect_ok(soma_dataset_read_classes(copy, 0, HALF, classes[1]));
    expect_ok(soma_dataset_read_input(copy, 0, 0, HALF, values[0]));
    for (size_t i = 0; i < HALF; i++) {
        ck_assert_int_eq(classes[0][i], labels[row[i]]);
        ck_assert_int_eq(classes[1][i], i == 2 ? 2 : labels[row[i]]);
        ck_assert_mem_eq(values[i], features[row[i]], sizeof values[i]);
    }
    soma_dataset_destroy(copy);
}
END_TEST

START_TEST(bytes_stay_bytes_and_are_seen_scaled) {
    static const uint8_t pixels[2][3] = {{0, 51, 255}, {1, 128, 254}}, classes[2] = {7, 0};
    soma_array inputs = array_2d(pixels, SOMA_U8, 2, 3), targets = array_1d(classes, SOMA_U8, 2);
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    ck_assert_ptr_eq(dataset->storage->input[0].data, pixels);
    ck_assert_int_eq(dataset->storage->input[0].dtype, SOMA_U8);
    float seen[6];
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 2, seen));
    static const double value[6] = {0, 51, 255, 1, 128, 254};
    /* 1/255 and the product are rounded once each. */
    for (int i = 0; i < 6; i++) ck_assert_double_le(fabs((double)seen[i] - value[i] / 255), value[i] / 255 * 0x1p-23);
    int32_t read[2];
    expect_ok(soma_dataset_read_classes(dataset, 0, 2, read));
    ck_assert_int_eq(read[0], 7);
    ck_assert_int_eq(read[1], 0);
    ck_assert_uint_eq(dataset->storage->target[0].classes, 8);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(numbers_without_a_second_dimension_are_samples_of_one) {
    soma_array inputs = array_1d(features, SOMA_F32, SAMPLES), targets = array_1d(features, SOMA_F32, SAMPLES);
    soma_dataset *dataset;
    soma_dataset_info info;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.input_rank[0], 1);
    ck_assert_uint_eq(info.input_shape[0][0], 1);
    ck_assert_uint_eq(info.target_rank[0], 1);
    ck_assert_uint_eq(info.classes, 0);
    int32_t none;
    expect_error(soma_dataset_read_classes(dataset, 0, 1, &none), SOMA_INVALID_STATE, "no class numbers");
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(several_inputs_and_targets) {
    soma_array inputs[2] = {array_2d(features, SOMA_F32, 5, 4), array_2d(features, SOMA_F32, 5, 1)};
    soma_array targets[2] = {array_2d(features, SOMA_F32, 5, 2), array_1d(labels, SOMA_I32, 5)};
    soma_dataset *dataset;
    soma_dataset_info info;
    expect_ok(soma_dataset_from_arrays(inputs, 2, targets, 2, &dataset));
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.inputs, 2);
    ck_assert_uint_eq(info.input_shape[1][0], 1);
    ck_assert_uint_eq(info.target_rank[1], 0);
    ck_assert_uint_eq(info.classes, 0);
    ck_assert_uint_eq(dataset->storage->target[1].classes, 3);
    soma_dataset_destroy(dataset);
}
END_TEST

/* ----------------------------------------------------------------------------------------------- what is refused */

typedef struct bad_arrays {
    const char *what;
    soma_array input, target;
    size_t input_count, target_count;
    soma_status status;
    const char *words[6];
} bad_arrays;

static const int32_t negative[SAMPLES] = {0, 1, -3};

static const bad_arrays bad[] = {
    {"no inputs", {0}, {0}, 0, 0, SOMA_INVALID_ARGUMENT, {"0 inputs", "1 to 8"}},
    {"too many inputs",
     {features, SOMA_F32, 2, {SAMPLES, 2}},
     {0},
     9,
     0,
     SOMA_INVALID_ARGUMENT,
     {"9 inputs", "1 to 8"}},
    {"too many targets",
     {features, SOMA_F32, 2, {SAMPLES, 2}},
     {0},
     1,
     9,
     SOMA_INVALID_ARGUMENT,
     {"9 targets", "0 to 8"}},
    {"no data", {NULL, SOMA_F32, 2, {SAMPLES, 2}}, {0}, 1, 0, SOMA_INVALID_ARGUMENT, {"input 1", "NULL"}},
    {"no target data",
     {features, SOMA_F32, 2, {SAMPLES, 2}},
     {NULL, SOMA_I32, 1, {SAMPLES}},
     1,
     1,
     SOMA_INVALID_ARGUMENT,
     {"target 1", "NULL"}},
    {"rank 0", {features, SOMA_F32, 0, {0}}, {0}, 1, 0, SOMA_INVALID_SHAPE, {"input 1", "0 dimensions", "1 to 5"}},
    {"rank 6",
     {features, SOMA_F32, 6, {1, 1, 1, 1, 1}},
     {0},
     1,
     0,
     SOMA_INVALID_SHAPE,
     {"input 1", "6 dimensions", "1 to 5"}},
    {"float64",
     {features, SOMA_F64, 2, {5, 2}},
     {0},
     1,
     0,
     SOMA_INVALID_ARGUMENT,
     {"input 1", "float64", "float32 or uint8"}},
    {"int32 inputs",
     {labels, SOMA_I32, 2, {5, 2}},
     {0},
     1,
     0,
     SOMA_INVALID_ARGUMENT,
     {"input 1", "int32", "float32 or uint8"}},
    {"no such dtype", {labels, (soma_dtype)77, 2, {5, 2}}, {0}, 1, 0, SOMA_INVALID_ARGUMENT, {"input 1", "unknown"}},
    {"no samples", {features, SOMA_F32, 2, {0, 2}}, {0}, 1, 0, SOMA_INVALID_ARGUMENT, {"no samples", "at least one"}},
    {"a dimension of 0",
     {features, SOMA_F32, 2, {SAMPLES, 0}},
     {0},
     1,
     0,
     SOMA_INVALID_SHAPE,
     {"input 1", "dimension 0", "at least 1"}},
    {"too many samples",
     {features, SOMA_F32, 2, {(size_t)1 << 31, 1}},
     {0},
     1,
     0,
     SOMA_INVALID_ARGUMENT,
     {"2147483648", "2147483647"}},
    {"a width that overflows",
     {features, SOMA_F32, 3, {1, SIZE_MAX / 2, 4}},
     {0},
     1,
     0,
     SOMA_INVALID_SHAPE,
     {"input 1", "more elements than memory"}},
    {"bytes that overflow",
     {features, SOMA_F32, 2, {1 << 30, SIZE_MAX >> 31}},
     {0},
     1,
     0,
     SOMA_INVALID_SHAPE,
     {"input 1", "more elements than memory"}},
    {"fewer targets",
     {features, SOMA_F32, 2, {SAMPLES, 2}},
     {labels, SOMA_I32, 1, {SAMPLES - 1}},
     1,
     1,
     SOMA_INVALID_SHAPE,
     {"target 1", "9 samples", "has 10"}},
    {"class numbers of steps without steps",
     {features, SOMA_F32, 2, {5, 2}},
     {labels, SOMA_I32, 2, {5, 0}},
     1,
     1,
     SOMA_INVALID_SHAPE,
     {"target 1", "dimension 0 of a sample is 0", "at least 1"}},
    {"a negative class number",
     {features, SOMA_F32, 2, {SAMPLES, 2}},
     {negative, SOMA_I32, 1, {SAMPLES}},
     1,
     1,
     SOMA_INVALID_ARGUMENT,
     {"target 1", "sample 2", "-3", "0 to 1"}},
    {"float64 targets",
     {features, SOMA_F32, 2, {5, 2}},
     {features, SOMA_F64, 2, {5, 1}},
     1,
     1,
     SOMA_INVALID_ARGUMENT,
     {"target 1", "float64", "float32 or class numbers"}},
    {"a target of rank 6",
     {features, SOMA_F32, 2, {5, 2}},
     {features, SOMA_F32, 6, {5, 1, 1, 1, 1}},
     1,
     1,
     SOMA_INVALID_SHAPE,
     {"target 1", "6 dimensions"}},
    {"an empty target",
     {features, SOMA_F32, 2, {5, 2}},
     {features, SOMA_F32, 2, {5, 0}},
     1,
     1,
     SOMA_INVALID_SHAPE,
     {"target 1", "dimension 0"}},
};

START_TEST(refuses_bad_arrays) {
    const bad_arrays *one = &bad[_i];
    soma_array inputs[9], targets[9];
    for (int i = 0; i < 9; i++) inputs[i] = one->input, targets[i] = one->target;
    soma_dataset *dataset = (soma_dataset *)1;
    soma_status status = soma_dataset_from_arrays(inputs, one->input_count, targets, one->target_count, &dataset);
    expect_error_words(status, one->status, one->words, one->what);
    ck_assert_ptr_null(dataset);
}
END_TEST

START_TEST(refuses_bad_questions) {
    soma_dataset *dataset = labelled();
    float values[2];
    int32_t class_number;
    expect_error(soma_dataset_read_input(dataset, 1, 0, 1, values), SOMA_INVALID_ARGUMENT, "input 1", "has 1");
    expect_error(soma_dataset_read_input(dataset, 0, SAMPLES, 1, values), SOMA_INVALID_ARGUMENT, "10 to 11", "has 10");
    expect_error(soma_dataset_read_input(dataset, 0, 1, SIZE_MAX, values), SOMA_INVALID_ARGUMENT, "has 10");
    expect_error(soma_dataset_read_classes(dataset, SIZE_MAX, 1, &class_number), SOMA_INVALID_ARGUMENT, "has 10");
    expect_error(soma_dataset_read_input(NULL, 0, 0, 1, values), SOMA_INVALID_ARGUMENT, "dataset is NULL");
    expect_error(soma_dataset_read_input(dataset, 0, 0, 1, NULL), SOMA_INVALID_ARGUMENT, "values is NULL");
    soma_dataset_destroy(dataset);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- splits */

START_TEST(split_shares_out_each_class) {
    soma_dataset *dataset = labelled(), *first, *second;
    expect_ok(soma_dataset_split(dataset, 0.3, 7, &first, &second));
    /* Exact shares 1.8, 0.9 and 0.3 of 3 samples: 1, 0 and 0, and the two that are left go to the largest remainders.
     */
    int32_t classes[3], count[3] = {0};
    ck_assert_uint_eq(second->samples, 3);
    expect_ok(soma_dataset_read_classes(second, 0, 3, classes));
    for (int i = 0; i < 3; i++) count[classes[i]]++;
    ck_assert_int_eq(count[0], 2);
    ck_assert_int_eq(count[1], 1);
    ck_assert_int_eq(count[2], 0);
    soma_dataset_destroy(dataset); /* the parts keep the storage */
    bool seen[SAMPLES] = {false};
    for (size_t i = 0; i < SAMPLES; i++) {
        const soma_dataset *part = i < 7 ? first : second;
        float values[2];
        expect_ok(soma_dataset_read_input(part, 0, i < 7 ? i : i - 7, 1, values));
        ck_assert(!seen[(int)values[0] / 2]);
        seen[(int)values[0] / 2] = true;
        if (i != 0 && i != 7) ck_assert_int_lt(part->rows[i < 7 ? i - 1 : i - 8], part->rows[i < 7 ? i : i - 7]);
    }
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
}
END_TEST

/* Exact shares 2.25, 3.25 and 2.5 of 8 samples: 2, 3 and 2, and the one that is left goes to the last class, whose
 * remainder is the largest, and not to the first. */
START_TEST(split_gives_to_the_largest_remainder) {
    enum { COUNT = 32 };
    static const int32_t expected[3] = {2, 3, 3};
    float values[COUNT] = {0};
    int32_t classes[COUNT], taken[8], count[3] = {0};
    for (int i = 0; i < COUNT; i++) classes[i] = i < 9 ? 0 : i < 22 ? 1 : 2;
    const soma_array inputs = {values, SOMA_F32, 2, {COUNT, 1}}, targets = {classes, SOMA_I32, 1, {COUNT}};
    soma_dataset *dataset, *first, *second;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    expect_ok(soma_dataset_split(dataset, 0.25, 7, &first, &second));
    ck_assert_uint_eq(second->samples, 8);
    expect_ok(soma_dataset_read_classes(second, 0, 8, taken));
    for (int i = 0; i < 8; i++) count[taken[i]]++;
    for (int i = 0; i < 3; i++) ck_assert_int_eq(count[i], expected[i]);
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(split_depends_on_the_seed_alone) {
    enum { COUNT = 1000 };
    static float values[COUNT];
    soma_array inputs = array_1d(values, SOMA_F32, COUNT);
    soma_dataset *dataset, *first[3], *second[3];
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    for (int i = 0; i < 3; i++) expect_ok(soma_dataset_split(dataset, 0.25, i == 2 ? 6 : 5, &first[i], &second[i]));
    ck_assert_uint_eq(first[0]->samples, 750);
    ck_assert_mem_eq(first[0]->rows, first[1]->rows, 750 * sizeof(int32_t));
    ck_assert_mem_eq(second[0]->rows, second[1]->rows, 250 * sizeof(int32_t));
    ck_assert_mem_ne(second[0]->rows, second[2]->rows, 250 * sizeof(int32_t));
    /* Drawn at random: in each half of the rows about half of the 250, within five standard deviations (sqrt(1000)/2 *
     * 0.43). */
    int low = 0;
    for (int i = 0; i < 250; i++) low += second[0]->rows[i] < COUNT / 2;
    ck_assert_int_ge(low, 125 - 35);
    ck_assert_int_le(low, 125 + 35);
    for (int i = 0; i < 3; i++) soma_dataset_destroy(first[i]), soma_dataset_destroy(second[i]);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(split_of_a_split) {
    soma_dataset *dataset = labelled(), *first, *second, *inner, *outer;
    expect_ok(soma_dataset_split(dataset, 0.5, 1, &first, &second));
    expect_ok(soma_dataset_split(second, 0.4, 2, &outer, &inner));
    ck_assert_uint_eq(outer->samples, 3);
    ck_assert_uint_eq(inner->samples, 2);
    for (size_t i = 0; i < inner->samples; i++) {
        bool found = false;
        for (size_t j = 0; j < second->samples; j++) found |= second->rows[j] == inner->rows[i];
        ck_assert(found);
    }
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    soma_dataset_destroy(outer);
    soma_dataset_destroy(inner);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(refuses_bad_splits) {
    soma_dataset *dataset = labelled(), *first, *second;
    static const double fraction[] = {0, 1, -0.5, 1.5, NAN, INFINITY};
    for (size_t i = 0; i < SOMA_COUNT_OF(fraction); i++)
        expect_error(soma_dataset_split(dataset, fraction[i], 0, &first, &second), SOMA_INVALID_ARGUMENT, "fraction",
                     "between 0 and 1");
    expect_error(soma_dataset_split(dataset, 0.01, 0, &first, &second), SOMA_INVALID_ARGUMENT, "0.01", "10 samples",
                 "empty");
    expect_error(soma_dataset_split(dataset, 0.99, 0, &first, &second), SOMA_INVALID_ARGUMENT, "empty");
    expect_error(soma_dataset_split(NULL, 0.5, 0, &first, &second), SOMA_INVALID_ARGUMENT, "NULL");
    ck_assert_ptr_null(first);
    soma_dataset_destroy(dataset);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ weights */

START_TEST(weights_stay_with_their_data_set) {
    soma_dataset *dataset = labelled(), *first, *second;
    float weights[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) weights[i] = (float)i;
    expect_ok(soma_dataset_set_weights(dataset, weights, SAMPLES));
    ck_assert_ptr_eq(dataset->storage->input[0].data, features); /* nothing was copied but the weights */
    expect_ok(soma_dataset_split(dataset, 0.5, 3, &first, &second));
    for (size_t i = 0; i < 5; i++)
        ck_assert_float_eq(second->storage->weights[soma_dataset_row(second, i)], (float)second->rows[i]);

    float before[10], after[10];
    expect_ok(soma_dataset_read_input(second, 0, 0, 5, before));
    static const float other[5] = {100, 101, 102, 103, 104};
    expect_ok(soma_dataset_set_weights(second, other, 5));
    expect_ok(soma_dataset_read_input(second, 0, 0, 5, after));
    ck_assert_mem_eq(before, after, sizeof before);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_float_eq(second->storage->weights[soma_dataset_row(second, i)], other[i]);
        ck_assert_float_eq(first->storage->weights[soma_dataset_row(first, i)], (float)first->rows[i]);
    }
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(refuses_bad_weights) {
    soma_dataset *dataset = labelled();
    float weights[SAMPLES] = {0};
    static const float wrong[] = {-1, NAN, INFINITY};
    expect_error(soma_dataset_set_weights(dataset, weights, SAMPLES - 1), SOMA_INVALID_ARGUMENT, "9 weights",
                 "10 samples");
    for (size_t i = 0; i < SOMA_COUNT_OF(wrong); i++) {
        weights[4] = wrong[i];
        expect_error(soma_dataset_set_weights(dataset, weights, SAMPLES), SOMA_INVALID_ARGUMENT, "sample 4",
                     "not negative");
    }
    expect_error(soma_dataset_set_weights(dataset, NULL, SAMPLES), SOMA_INVALID_ARGUMENT, "weights is NULL");
    const float nothing[SAMPLES] = {0};
    expect_error(soma_dataset_set_weights(dataset, nothing, SAMPLES), SOMA_INVALID_ARGUMENT, "all 0");
    soma_dataset_destroy(dataset);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("dataset");
    TCase *cases = tcase_create("dataset");
    suite_add_tcase(suite, cases);
    tcase_add_test(cases, holds_what_it_was_given);
    tcase_add_test(cases, targets_are_copied_alone);
    tcase_add_test(cases, bytes_stay_bytes_and_are_seen_scaled);
    tcase_add_test(cases, numbers_without_a_second_dimension_are_samples_of_one);
    tcase_add_test(cases, several_inputs_and_targets);
    tcase_add_loop_test(cases, refuses_bad_arrays, 0, (int)SOMA_COUNT_OF(bad));
    tcase_add_test(cases, refuses_bad_questions);
    tcase_add_test(cases, split_shares_out_each_class);
    tcase_add_test(cases, split_gives_to_the_largest_remainder);
    tcase_add_test(cases, split_depends_on_the_seed_alone);
    tcase_add_test(cases, split_of_a_split);
    tcase_add_test(cases, refuses_bad_splits);
    tcase_add_test(cases, weights_stay_with_their_data_set);
    tcase_add_test(cases, refuses_bad_weights);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
