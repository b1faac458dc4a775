/* SPDX-License-Identifier: MIT */
/* Standardisation against hand-computed figures, class renumbering, and that sets which share a storage do not notice.
 */
#include "data/dataset.h"
#include "data/preprocess.h"
#include "expect.h"
#include "io/preprocessing/data.h"
#include "train/match_data.h"

#include <math.h>
#include <stdlib.h>

static soma_dataset *from_floats(const float *values, size_t rows, size_t columns) {
    soma_array inputs = {.data = values, .dtype = SOMA_F32, .rank = 2, .shape = {rows, columns}};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    return dataset;
}

/* Columns: 1 to 4; 0.1 throughout; numbers near 1e8, where float32 knows multiples of 8 only. */
static const float table[4][3] = {{1, 0.1f, 1e8f}, {2, 0.1f, 1e8f + 8}, {3, 0.1f, 1e8f + 16}, {4, 0.1f, 1e8f + 24}};

START_TEST(statistics_of_a_known_table) {
    soma_dataset *dataset = from_floats(&table[0][0], 4, 3);
    double mean[3], deviation[3];
    ck_assert_uint_eq(soma_dataset_width(dataset), 3);
    expect_ok(soma_dataset_statistics(dataset, mean, deviation));
    ck_assert_double_eq(mean[0], 2.5);
    ck_assert_double_eq(deviation[0], sqrt(1.25));
    ck_assert_double_eq(mean[1], (double)0.1f);
    ck_assert_double_eq(deviation[1], 0);
    ck_assert_double_eq(mean[2], 1e8 + 12);
    ck_assert_double_eq(deviation[2], 8 * sqrt(1.25));
    soma_dataset_destroy(dataset);
}
END_TEST

/* Whatever the number and however many there are of it. */
START_TEST(constant_features_have_no_deviation) {
    enum { ROWS = 1001, COLUMNS = 6 };
    static const float constants[COLUMNS] = {0.1f, -1.0f / 3, 16777213, 1e-40f, -3.4028235e38f, 1e20f};
    static float values[ROWS][COLUMNS];
    for (int i = 0; i < ROWS; i++) memcpy(values[i], constants, sizeof constants);
    for (size_t rows = 1; rows <= ROWS; rows = rows * 3 + 1) {
        soma_dataset *dataset = from_floats(&values[0][0], rows, COLUMNS);
        double mean[COLUMNS], deviation[COLUMNS];
        expect_ok(soma_dataset_statistics(dataset, mean, deviation));
        for (int j = 0; j < COLUMNS; j++) {
            ck_assert_double_eq(mean[j], (double)constants[j]);
            ck_assert_double_eq(deviation[j], 0);
        }
        soma_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(statistics_are_of_this_data_set_alone) {
    soma_dataset *dataset = from_floats(&table[0][0], 4, 3), *first, *second;
    expect_ok(soma_dataset_split(dataset, 0.5, 1, &first, &second));
    double mean[3], deviation[3];
    expect_ok(soma_dataset_statistics(second, mean, deviation));
    double a = 1 + second->rows[0], b = 1 + second->rows[1];
    ck_assert_double_eq(mean[0], (a + b) / 2);
    ck_assert_double_eq(deviation[0], fabs(a - b) / 2);
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(standardizes_without_touching_others) {
    float values[4][3];
    memcpy(values, table, sizeof values);
    soma_dataset *dataset = from_floats(&values[0][0], 4, 3), *first, *second;
    double mean[3], deviation[3], scale[3];
    float seen[4 * 3];
    expect_ok(soma_dataset_statistics(dataset, mean, deviation));
    for (int j = 0; j < 3; j++) scale[j] = soma_scale_of_deviation(deviation[j]);
    expect_ok(soma_dataset_split(dataset, 0.5, 1, &first, &second));
    expect_ok(soma_dataset_standardize(second, mean, scale, 3));

    ck_assert_mem_eq(values, table, sizeof table);
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 4, seen));
    ck_assert_mem_eq(seen, table, sizeof table);
    expect_ok(soma_dataset_read_input(first, 0, 0, 2, seen));
    ck_assert_float_eq(seen[0], table[first->rows[0]][0]);

    expect_ok(soma_dataset_standardize(dataset, mean, scale, 3));
    ck_assert_mem_eq(values, table, sizeof table);
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 4, seen));
    for (int i = 0; i < 4; i++) {
        /* (i - 1.5) / sqrt(1.25), which is rounded to float32 once, at the end. */
        double exact = (i - 1.5) / sqrt(1.25);
        ck_assert_double_le(fabs((double)seen[3 * i] - exact), 1.01 * 0x1p-24 * fabs(exact));
        ck_assert_float_eq(seen[3 * i + 1], 0);
        ck_assert_double_le(fabs((double)seen[3 * i + 2] - exact), 1.01 * 0x1p-24 * fabs(exact));
    }
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
}
END_TEST

START_TEST(standardizes_bytes_as_the_network_sees_them) {
    static const uint8_t pixels[2][2] = {{0, 255}, {255, 255}}, labels[2] = {1, 0};
    soma_array inputs = {.data = pixels, .dtype = SOMA_U8, .rank = 2, .shape = {2, 2}};
    soma_array targets = {.data = labels, .dtype = SOMA_U8, .rank = 1, .shape = {2}};
    soma_dataset *dataset;
    double mean[2], deviation[2], scale[2];
    float seen[4], weights[2] = {1, 2};
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    expect_ok(soma_dataset_set_weights(dataset, weights, 2));
    expect_ok(soma_dataset_statistics(dataset, mean, deviation));
    ck_assert_double_eq(mean[0], 0.5);
    ck_assert_double_eq(deviation[0], 0.5);
    ck_assert_double_eq(deviation[1], 0);
    for (int j = 0; j < 2; j++) scale[j] = soma_scale_of_deviation(deviation[j]);
    expect_ok(soma_dataset_standardize(dataset, mean, scale, 2));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 2, seen));
    ck_assert_float_eq(seen[0], -1);
    ck_assert_float_eq(seen[2], 1);
    ck_assert_float_eq(seen[1], 0);
    ck_assert_int_eq(dataset->storage->input[0].dtype, SOMA_F32);
    ck_assert_int_eq(dataset->storage->target[0].dtype, SOMA_U8);
    ck_assert_float_eq(dataset->storage->weights[1], 2);
    int32_t classes[2];
    expect_ok(soma_dataset_read_classes(dataset, 0, 2, classes));
    ck_assert_int_eq(classes[0], 1);
    ck_assert_int_eq(classes[1], 0);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(several_inputs_are_one_row_of_features) {
    soma_array inputs[2] = {{.data = table, .dtype = SOMA_F32, .rank = 2, .shape = {2, 2}},
                            {.data = table[2], .dtype = SOMA_F32, .rank = 2, .shape = {2, 1}}};
    soma_dataset *dataset;
    double mean[3], deviation[3];
    float seen[2];
    expect_ok(soma_dataset_from_arrays(inputs, 2, NULL, 0, &dataset));
    ck_assert_uint_eq(soma_dataset_width(dataset), 3);
    expect_ok(soma_dataset_statistics(dataset, mean, deviation));
    ck_assert_double_eq(mean[2], (3.0 + (double)0.1f) / 2);
    static const double zero[3] = {0, 0, 0}, scale[3] = {1, 1, 10};
    expect_ok(soma_dataset_standardize(dataset, zero, scale, 3));
    expect_ok(soma_dataset_read_input(dataset, 1, 0, 2, seen));
    ck_assert_float_eq(seen[0], 30);
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 1, seen));
    ck_assert_float_eq(seen[0], 1);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(scales_that_float32_cannot_hold_are_0) {
    ck_assert_double_eq(soma_scale_of_deviation(0), 0);
    ck_assert_double_eq(soma_scale_of_deviation(4), 0.25);
    ck_assert_double_eq(soma_scale_of_deviation(1e-45), 0);
    ck_assert_double_eq(soma_scale_of_deviation((double)NAN), 0);
}
END_TEST

START_TEST(refuses_what_does_not_fit) {
    static const float holes[2][2] = {{1, 2}, {3, NAN}};
    double mean[2] = {0}, deviation[2], scale[2] = {1, 1};
    soma_dataset *dataset = from_floats(&holes[0][0], 2, 2);
    expect_error(soma_dataset_statistics(dataset, mean, deviation), SOMA_NOT_FINITE, "input 1", "sample 1", "feature 1",
                 "nan");
    mean[0] = 0;
    expect_error(soma_dataset_standardize(dataset, mean, scale, 1), SOMA_INVALID_SHAPE, "1 features", "have 2");
    scale[1] = INFINITY;
    expect_error(soma_dataset_standardize(dataset, mean, scale, 2), SOMA_INVALID_ARGUMENT, "feature 1", "scale inf");
    soma_dataset_destroy(dataset);
}
END_TEST

/* ----------------------------------------------------------------------------------------------------------- ranges */

/* Pictures of 1 x 4 values, one channel; `bytes`, or NULL for `values`. */
static soma_dataset *pictures(const uint8_t *bytes, const float *values) {
    soma_array inputs = {.data = bytes ? (const void *)bytes : values,
                         .dtype = bytes ? SOMA_U8 : SOMA_F32,
                         .rank = 4,
                         .shape = {1, 1, 4, 1}};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    return dataset;
}

static const uint8_t as_bytes[4] = {0, 1, 128, 255};
static const float as_numbers[4] = {0, 1, 128, 255}, as_fractions[4] = {0, 1 / 255.0f, 128 / 255.0f, 1},
                   standardised[4] = {-1.2f, -1.1f, 0.3f, 2}, halves[4] = {0, 0.5f, 64.25f, 127.5f};

/* What was learnt, what comes, and what the network is to see; NULL: it is refused, with both in the message. */
static const struct {
    const char *what;
    const uint8_t *bytes;
    const float *learnt;
    const uint8_t *given_bytes;
    const float *given;
    const float *seen;
} scales[] = {
    {"bytes for bytes", as_bytes, NULL, as_bytes, NULL, as_fractions},
    {"numbers for bytes", as_bytes, NULL, NULL, as_numbers, as_fractions},
    {"fractions for bytes", as_bytes, NULL, NULL, as_fractions, as_fractions},
    {"standardised values for bytes", as_bytes, NULL, NULL, standardised, NULL},
    {"halves for bytes", as_bytes, NULL, NULL, halves, NULL},
    {"bytes for numbers", NULL, as_numbers, as_bytes, NULL, as_numbers},
    {"numbers for numbers", NULL, as_numbers, NULL, as_numbers, as_numbers},
    {"fractions for numbers", NULL, as_numbers, NULL, as_fractions, NULL},
    {"bytes for fractions", NULL, as_fractions, as_bytes, NULL, as_fractions},
    {"numbers for fractions", NULL, as_fractions, NULL, as_numbers, NULL},
    {"fractions for fractions", NULL, as_fractions, NULL, as_fractions, as_fractions},
    {"bytes for standardised values", NULL, standardised, as_bytes, NULL, NULL},
};

START_TEST(pictures_are_the_same_in_any_scale) {
    soma_dataset *learnt = pictures(scales[_i].bytes, scales[_i].learnt),
                 *given = pictures(scales[_i].given_bytes, scales[_i].given);
    static const size_t shape[] = {1, 4, 1};
    soma_network *network, *loaded;
    char *text;
    expect_ok(soma_network_create(&network));
    expect_ok(soma_network_create(&loaded));
    soma_input(network, "picture", 3, shape);
    soma_input(loaded, "picture", 3, shape);
    expect_ok(soma_network_fit_preprocessing(network, learnt, false));
    expect_ok(soma_data_to_text(network, &text)); /* as a file keeps it */
    expect_ok(soma_data_of_text(text, loaded));
    soma_free(text);
    soma_status status = soma_network_apply_preprocessing(loaded, given);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
    if (!scales[_i].seen) {
        expect_error(status, SOMA_INVALID_ARGUMENT, "another scale",
                     scales[_i].bytes ? "bytes (0 to 255)" : "float32 from",
                     scales[_i].given_bytes ? "bytes (0 to 255)" : "float32 from");
    } else {
        float seen[4];
        expect_ok(status);
        expect_ok(soma_dataset_read_input(given, 0, 0, 1, seen));
        for (size_t i = 0; i < 4; i++)
            if (fabsf(seen[i] - scales[_i].seen[i]) > 1e-7f * scales[_i].seen[i])
                ck_abort_msg("%s: value %zu is %g", scales[_i].what, i, (double)seen[i]);
    }
    soma_dataset_destroy(learnt);
    soma_dataset_destroy(given);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ classes */

static soma_dataset *named(void) {
    static uint8_t labels[4] = {0, 1, 0, 2};
    static const char *const names[3] = {"virginica", "setosa", "versicolor"};
    soma_storage *storage = soma_storage_create();
    size_t shape = 3;
    storage->rows = 4;
    storage->input_count = storage->target_count = 1;
    soma_column_set(&storage->input[0], (void *)(uintptr_t)table, false, SOMA_F32, 1, &shape, 0);
    soma_column_set(&storage->target[0], labels, false, SOMA_U8, 0, NULL, 3);
    storage->class_names = soma_calloc(3, sizeof *storage->class_names);
    storage->class_name_count = 3;
    for (int i = 0; i < 3; i++) storage->class_names[i] = soma_strdup(names[i]);
    soma_dataset *dataset;
    expect_ok(soma_dataset_make(storage, &dataset));
    return dataset;
}

START_TEST(classes_follow_names) {
    static const char *const names[4] = {"setosa", "versicolor", "virginica", "another"};
    soma_dataset *dataset = named(), *first, *second;
    expect_ok(soma_dataset_split(dataset, 0.5, 1, &first, &second));
    expect_ok(soma_dataset_match_classes(dataset, names, 4));
    int32_t classes[4];
    static const int32_t expected[4] = {2, 0, 2, 1};
    expect_ok(soma_dataset_read_classes(dataset, 0, 4, classes));
    ck_assert_mem_eq(classes, expected, sizeof expected);
    ck_assert_uint_eq(dataset->storage->target[0].classes, 4);
    ck_assert_str_eq(soma_dataset_class_name(dataset, 3), "another");
    ck_assert_ptr_null(soma_dataset_class_name(dataset, 4));
    ck_assert_str_eq(soma_dataset_class_name(first, 0), "virginica");
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    expect_error(soma_dataset_match_classes(dataset, names, 2), SOMA_INVALID_ARGUMENT, "\"virginica\"",
                 "its classes are \"setosa\"", "\"setosa\"");
    expect_error(soma_dataset_match_classes(dataset, names, 0), SOMA_INVALID_ARGUMENT, "\"setosa\"",
                 "its classes are none");
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(classes_without_names_keep_their_numbers) {
    static const uint8_t labels[4] = {0, 1, 0, 2};
    static const char *const names[3] = {"a", "b", "c"};
    soma_array inputs = {.data = table, .dtype = SOMA_F32, .rank = 2, .shape = {4, 3}};
    soma_array targets = {.data = labels, .dtype = SOMA_U8, .rank = 1, .shape = {4}};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    expect_ok(soma_dataset_match_classes(dataset, names, 3));
    int32_t classes[4];
    expect_ok(soma_dataset_read_classes(dataset, 0, 4, classes));
    ck_assert_int_eq(classes[3], 2);
    expect_error(soma_dataset_match_classes(dataset, names, 2), SOMA_INVALID_ARGUMENT, "3 classes", "knows 2");
    soma_dataset_destroy(dataset);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("preprocess");
    TCase *cases = tcase_create("preprocess");
    suite_add_tcase(suite, cases);
    tcase_add_test(cases, statistics_of_a_known_table);
    tcase_add_test(cases, constant_features_have_no_deviation);
    tcase_add_test(cases, statistics_are_of_this_data_set_alone);
    tcase_add_test(cases, standardizes_without_touching_others);
    tcase_add_test(cases, standardizes_bytes_as_the_network_sees_them);
    tcase_add_test(cases, several_inputs_are_one_row_of_features);
    tcase_add_test(cases, scales_that_float32_cannot_hold_are_0);
    tcase_add_test(cases, refuses_what_does_not_fit);
    tcase_add_loop_test(cases, pictures_are_the_same_in_any_scale, 0, (int)SOMA_COUNT_OF(scales));
    tcase_add_test(cases, classes_follow_names);
    tcase_add_test(cases, classes_without_names_keep_their_numbers);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
