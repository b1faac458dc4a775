/* SPDX-License-Identifier: MIT */
/* Gaps in tables, from the text to what a network sees; figures by hand. */
#include "expect.h"
#include "host_network.h"
#include "io/csv/csv.h"
#include "io/preprocessing/data.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static void expect_inputs(const soma_dataset *dataset, const float *expected, size_t count) {
    soma_dataset_info info;
    float values[16];
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.samples * info.input_shape[0][0], count);
    expect_ok(soma_dataset_read_input(dataset, 0, 0, info.samples, values));
    for (size_t i = 0; i < count; i++) ck_assert_float_eq(values[i], expected[i]);
}

static soma_status parse_missing(const char *text, soma_missing missing, bool skip_label, soma_dataset **dataset) {
    const soma_csv_roles roles = {.missing = missing};
    const soma_csv_options options = {.roles = &roles, .skip_label = skip_label};
    return soma_csv_parse("t.csv", text, strlen(text), &options, dataset);
}

#define GAPS "p,q,y\n1,,a\n?,4,b\n5,6,a\n7,NA,b\n0, ,b\n"

/* Medians by hand: of 1, 5, 7, 0 and of 4, 6. */
START_TEST(gaps_are_filled) {
    static const struct {
        soma_missing missing;
        double fill[2];
        float filled[10];
    } ways[] = {{SOMA_MISSING_MEDIAN, {3, 5}, {1, 5, 3, 4, 5, 6, 7, 5, 0, 5}},
                {SOMA_MISSING_MEAN, {3.25, 5}, {1, 5, 3.25f, 4, 5, 6, 7, 5, 0, 5}},
                {SOMA_MISSING_ZERO, {0, 0}, {1, 0, 0, 4, 5, 6, 7, 0, 0, 0}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(ways); i++) {
        soma_dataset *dataset, *unlabelled;
        soma_network *network = network_of_text(2, "dense 2 softmax"), *other = network_of_text(2, "dense 2 softmax");
        expect_ok(parse_missing(GAPS, ways[i].missing, false, &dataset));
        ck_assert_ptr_nonnull(strstr(soma_dataset_note(dataset), "gaps in \"p\" (1), \"q\" (3)"));
        expect_ok(parse_missing(GAPS, ways[i].missing, true, &unlabelled));
        expect_error(soma_network_apply_preprocessing(other, unlabelled), SOMA_NOT_FINITE, "sample 0", "\"q\"",
                     "learnt none");
        soma_dataset_destroy(unlabelled);
        expect_ok(soma_network_fit_preprocessing(network, dataset, false));
        for (int j = 0; j < 2; j++) ck_assert_double_eq(network->columns.column[j].fill, ways[i].fill[j]);
        expect_ok(soma_network_apply_preprocessing(network, dataset));
        expect_inputs(dataset, ways[i].filled, 10);
        soma_dataset_destroy(dataset);
        soma_network_destroy(other);
        soma_network_destroy(network);
    }
}
END_TEST

START_TEST(rows_with_gaps_are_left_out) {
    soma_dataset *dataset;
    expect_ok(parse_missing(GAPS, SOMA_MISSING_DROP, false, &dataset));
    expect_inputs(dataset, (float[]){5, 6}, 2);
    ck_assert_ptr_nonnull(strstr(soma_dataset_note(dataset), "4 of 5 rows are left out"));
    soma_dataset_destroy(dataset);
    expect_error(parse_missing("p,q,y\n1,,a\n,1,b\n", SOMA_MISSING_DROP, false, &dataset), SOMA_INVALID_FILE,
                 "2 rows has gaps");
    ck_assert_ptr_null(dataset);
    expect_error(parse_missing(GAPS, SOMA_MISSING_DROP, true, &dataset), SOMA_INVALID_FILE, "line 2, column 2",
                 "is no number");
}
END_TEST

START_TEST(refuses_bad_gaps) {
    soma_dataset *dataset;
    expect_error(parse_missing(GAPS, SOMA_MISSING_ERROR, false, &dataset), SOMA_INVALID_FILE, "line 2, column 2",
                 "is no number");
    expect_error(parse_missing("p,q,y\n1,,a\n2,,b\n", SOMA_MISSING_MEAN, false, &dataset), SOMA_INVALID_FILE,
                 "column 2", "\"q\"", "no value in any of the 2 rows");
    expect_error(parse_missing(GAPS, (soma_missing)6, false, &dataset), SOMA_INVALID_ARGUMENT, "missing is 6",
                 "0 to 5");
    expect_error(parse_missing("p,q,y\n1,inf,a\n", SOMA_MISSING_MEAN, false, &dataset), SOMA_INVALID_FILE,
                 "line 2, column 2", "\"inf\"");
    expect_ok(parse_missing("2,2,u,v\n1,,0\n3,4,1\n", SOMA_MISSING_MEAN, false, &dataset)); /* a promise */
    ck_assert_str_eq(soma_dataset_class_name(dataset, 1), "v");
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(words_are_categories) {
    const soma_csv_roles roles = {.missing = SOMA_MISSING_MEDIAN, .max_categories = 3}, few = {.max_categories = 2};
    const char *text = "c,p,y\nx,1,a\ny,2,b\n,3,a\nz,4,b\n", *other = "p,c,y\n9,z,a\n8,w,b\n";
    const char *words = "p,c,y\n9,z,a\none,x,b\n";
    soma_dataset *dataset, *plain;
    soma_network *network = network_of_text(4, "dense 2 softmax");
    expect_ok(soma_csv_parse("t.csv", text, strlen(text), &(soma_csv_options){.roles = &roles}, &dataset));
    expect_inputs(dataset, (float[]){1, 0, 0, 1, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 1, 4}, 16);
    expect_ok(soma_network_fit_preprocessing(network, dataset, true));
    for (int i = 0; i < 3; i++) ck_assert(network->preprocessing.mean[i] == 0 && network->preprocessing.scale[i] == 1);
    ck_assert(network->preprocessing.mean[3] == 2.5);
    soma_dataset_destroy(dataset);
    expect_ok(soma_csv_parse("o.csv", other, strlen(other), &(soma_csv_options){.network = network}, &dataset));
    expect_inputs(dataset, (float[]){0, 0, 1, 9, 0, 0, 0, 8}, 8);
    ck_assert_ptr_nonnull(strstr(soma_dataset_note(dataset), "1 words that the model does not know"));
    soma_dataset_destroy(dataset);
    /* What the model knows as numbers stays so, whatever may have categories. */
    expect_error(soma_csv_parse("w.csv", words, strlen(words), &(soma_csv_options){.network = network, .roles = &roles},
                                &dataset),
                 SOMA_INVALID_FILE, "line 3, column 1", "\"one\"", "is no number");
    expect_ok(soma_csv_parse("o.csv", other, strlen(other), &(soma_csv_options){.roles = &roles}, &plain));
    expect_error(soma_dataset_match(plain, network), SOMA_INVALID_ARGUMENT, "\"c\"", "2 categories", "3 in the model");
    soma_dataset_destroy(plain);
    expect_error(soma_csv_parse("t.csv", text, strlen(text), &(soma_csv_options){.roles = &few}, &dataset),
                 SOMA_INVALID_FILE, "line 5, column 1", "\"z\"", "2 different");
    soma_network_destroy(network);
}
END_TEST

/* FNV-1a by Python: of "u" and "v" modulo 3 it is 1, of "w" 0. */
START_TEST(other_forms_of_columns) {
    const soma_csv_roles roles = {
        .missing = SOMA_MISSING_MEAN, .max_categories = 2, .buckets = 3, .dates = SOMA_DATES_NUMBER, .indicator = 1};
    const char *text = "w,t,d,y\nu,yes,1970-01-02,a\nv,,1970-01-04T12:00,b\nw,no,1970-01-03,b\n,T,1970-01-01,a\n";
    const float expected[] = {0, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 2.0f / 3, 1, 3.5f,
                              1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 1,        0, 0};
    soma_csv_options options = {.roles = &roles};
    soma_dataset *dataset, *plain;
    soma_network *network = network_of_text(7, "dense 2 softmax");
    float values[28];
    expect_ok(soma_csv_parse("t.csv", text, strlen(text), &options, &dataset));
    expect_ok(soma_network_fit_preprocessing(network, dataset, true));
    for (int i = 0; i < 6; i++) ck_assert(network->preprocessing.mean[i] == 0 && network->preprocessing.scale[i] == 1);
    ck_assert(network->preprocessing.mean[6] == 1.625);
    soma_dataset_destroy(dataset);
    options = (soma_csv_options){.network = network};
    expect_ok(soma_csv_parse("t.csv", text, strlen(text), &options, &dataset));
    network->preprocessing.mean[6] = 0, network->preprocessing.scale[6] = 1;
    expect_ok(soma_network_apply_preprocessing(network, dataset));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 4, values));
    for (int i = 0; i < 28; i++) ck_assert_msg(values[i] == expected[i], "%d: %g", i, (double)values[i]);
    soma_dataset_destroy(dataset);
    const soma_csv_roles others[] = {{.missing = SOMA_MISSING_MEAN, .max_categories = 3, .dates = 1, .indicator = 1},
                                     {.missing = SOMA_MISSING_MEAN, .max_categories = 2, .buckets = 4, .dates = 1},
                                     {.missing = SOMA_MISSING_MEAN, .max_categories = 2, .buckets = 3, .dates = 1}};
    const char *const said[] = {"hashed words in the model", "4 categories in the table and 3", "in the model alone"};
    for (int i = 0; i < 3; i++) {
        options = (soma_csv_options){.roles = &others[i]};
        expect_ok(soma_csv_parse("t.csv", text, strlen(text), &options, &plain));
        expect_error(soma_dataset_match(plain, network), SOMA_INVALID_ARGUMENT, "\"w\"", said[i]);
        soma_dataset_destroy(plain);
    }
    soma_network_destroy(network);
}
END_TEST

/* What a later version may write, or a file that is damaged has. */
START_TEST(refuses_bad_descriptions) {
    static const struct {
        const char *column, *said;
    } cases[] = {{"\"kind\":\"category\"", "\"categories\", an array"},
                 {"\"kind\":\"category\",\"categories\":[]", "1 to 4096"},
                 {"\"kind\":\"category\",\"categories\":[\"a\",\"a\"]", "each another one"},
                 {"\"categories\":[\"a\"]", "\"kind\" category"},
                 {"\"kind\":\"category\",\"encoding\":\"hash\"", "\"buckets\", a number"},
                 {"\"kind\":\"category\",\"encoding\":\"hash\",\"buckets\":4097", "1 to 4096"},
                 {"\"kind\":\"category\",\"encoding\":\"embedding\",\"buckets\":7", "\"encoding\" embedding"},
                 {"\"kind\":\"date\",\"encoding\":\"hash\"", "\"kind\" date and \"encoding\" hash"},
                 {"\"kind\":\"truth\",\"encoding\":\"cycle\"", "\"kind\" truth"},
                 {"\"kind\":\"text\"", "\"kind\" text"},
                 {"\"kind\":\"number\",\"encoding\":\"log\"", "\"encoding\" log"},
                 {"\"indicator\":1", "must be true or false"},
                 {"\"indicator\":true", "has 2 values, the network takes 1"},
                 {"\"kind\":\"date\",\"encoding\":\"cycle\"", "has 7 values"},
                 {"\"kind\":\"truth\",\"missing\":\"mean\"", "\"fill\""}};
    for (size_t i = 0; i < SOMA_COUNT_OF(cases); i++) {
        char text[256];
        soma_network *network = network_of_text(1, "dense 2 softmax");
        snprintf(text, sizeof text, "{\"format\":1,\"columns\":[{\"role\":\"feature\",%s}]}", cases[i].column);
        expect_error(soma_data_of_text(text, network), SOMA_INVALID_FILE, "soma.data", cases[i].said);
        soma_network_destroy(network);
    }
}
END_TEST

START_TEST(refuses_bad_forms) {
    static const char *const text = "w,d,y\nu,1970-01-02,a\nv,1970-01-03,b\n";
    static const struct {
        soma_csv_roles roles;
        soma_status status;
        const char *words[2];
    } cases[] = {{{.max_categories = 2, .dates = 3}, SOMA_INVALID_ARGUMENT, {"dates is 3", "0 to 2"}},
                 {{.max_categories = 2, .buckets = 4097}, SOMA_INVALID_ARGUMENT, {"buckets is 4097", "0 to 4096"}},
                 {{.max_categories = 1, .dates = 1}, SOMA_INVALID_FILE, {"line 3, column 1", "\"v\""}},
                 {{.dates = 1}, SOMA_INVALID_FILE, {"line 2, column 1", "\"u\" is no number"}},
                 {{.dates = 0}, SOMA_INVALID_FILE, {"line 2, column 1", "\"u\" is no number"}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(cases); i++) {
        soma_dataset *dataset;
        const soma_csv_options options = {.roles = &cases[i].roles};
        expect_error(soma_csv_parse("t.csv", text, strlen(text), &options, &dataset), cases[i].status,
                     cases[i].words[0], cases[i].words[1]);
    }
}
END_TEST

/* What was taken from the values of a column goes with it. */
START_TEST(offsets_follow_their_columns) {
    const char *text = "p,t,y\n1,1700000001,a\n2,1700000002,b\n", *other = "t,p,y\n1700000001,1,a\n1700000002,2,b\n";
    soma_dataset *dataset, *reordered;
    soma_network *network = network_of_text(2, "dense 2 softmax");
    float some[4], others[4];
    expect_ok(soma_csv_parse("t.csv", text, strlen(text), NULL, &dataset));
    expect_ok(soma_network_fit_preprocessing(network, dataset, true));
    expect_ok(soma_csv_parse("o.csv", other, strlen(other), NULL, &reordered));
    expect_ok(soma_network_apply_preprocessing(network, dataset));
    expect_ok(soma_network_apply_preprocessing(network, reordered));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 2, some));
    expect_ok(soma_dataset_read_input(reordered, 0, 0, 2, others));
    for (int i = 0; i < 4; i++) ck_assert_float_eq_tol(some[i], others[i], 1e-6f);
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(reordered);
    soma_network_destroy(network);
}
END_TEST

/* A table that was read by other texts is not the network's; one that is read for it is. */
START_TEST(texts_of_gaps_are_kept) {
    const soma_csv_roles roles = {.missing = SOMA_MISSING_MEAN, .gaps = "-,?"}, usual = {.missing = SOMA_MISSING_MEAN},
                         same = {.missing = SOMA_MISSING_MEAN, .gaps = "?,-"};
    const char *text = "p,q,y\n1,-,a\n3,4,b\n?,8,a\n", *whole = "p,q,y\n1,2,a\n3,4,b\n";
    const float expected[] = {1, 6, 3, 4, 2, 8};
    soma_dataset *dataset, *other;
    soma_network *network = network_of_text(2, "dense 2 softmax");
    float values[6];
    expect_ok(soma_csv_parse("t.csv", text, strlen(text), &(soma_csv_options){.roles = &roles}, &dataset));
    expect_ok(soma_network_fit_preprocessing(network, dataset, false));
    soma_dataset_destroy(dataset);
    expect_ok(soma_csv_parse("t.csv", text, strlen(text), &(soma_csv_options){.network = network}, &dataset));
    expect_ok(soma_network_apply_preprocessing(network, dataset));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 3, values));
    for (int i = 0; i < 6; i++) ck_assert_msg(values[i] == expected[i], "%d: %g", i, (double)values[i]);
    soma_dataset_destroy(dataset);
    expect_ok(soma_csv_parse("o.csv", whole, strlen(whole), &(soma_csv_options){.roles = &usual}, &other));
    expect_error(soma_dataset_match(other, network), SOMA_INVALID_ARGUMENT, "?, NA, N/A, NaN, null", "\"-\", \"?\"",
                 "soma_csv_options.network");
    soma_dataset_destroy(other);
    expect_ok(soma_csv_parse("o.csv", whole, strlen(whole), &(soma_csv_options){.roles = &same}, &other));
    expect_ok(soma_dataset_match(other, network));
    soma_dataset_destroy(other);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, texts_of_gaps_are_kept);
    tcase_add_test(cases, words_are_categories);
    tcase_add_test(cases, other_forms_of_columns);
    tcase_add_test(cases, refuses_bad_forms);
    tcase_add_test(cases, refuses_bad_descriptions);
    tcase_add_test(cases, offsets_follow_their_columns);
    tcase_add_test(cases, gaps_are_filled);
    tcase_add_test(cases, rows_with_gaps_are_left_out);
    tcase_add_test(cases, refuses_bad_gaps);
}

int main(void) {
    return run_suite("gaps", add_tests);
}
