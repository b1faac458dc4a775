/* SPDX-License-Identifier: MIT */
/* Columns of a table that say by what it is divided; dates. Times were computed by Python's datetime. */
#include "base/date.h"
#include "data/dataset.h"
#include "expect.h"
#include "io/csv/csv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(dates_are_seconds) {
    static const struct {
        const char *text;
        double seconds;
    } dates[] = {{"1970-01-01", 0},
                 {"2024-02-29", 1709164800},
                 {"2024-02-29T23:59:59.5", 1709251199.5},
                 {"2000-02-29 12:30", 951827400},
                 {"1969-12-31", -86400},
                 {"1900-03-01", -2203891200},
                 {"0001-01-01", -62135596800},
                 {"9999-12-31", 253402214400},
                 {"2000-01-01T00:00:00Z", 946684800},
                 {"2000-01-01T00:00:00+02:00", 946677600},
                 {"2024-02-29T12:30:00-0330", 1709222400}};
    for (size_t i = 0; i < SOMA_COUNT_OF(dates); i++) {
        double seconds = -1;
        ck_assert_msg(soma_date_parse(dates[i].text, &seconds), "%s", dates[i].text);
        ck_assert_double_eq(seconds, dates[i].seconds);
    }
    static const char *const none[] = {"",
                                       "2024",
                                       "2023-02-29",
                                       "1900-02-29",
                                       "2024-13-01",
                                       "2024-00-01",
                                       "2024-04-31",
                                       "2024-01-00",
                                       "24-01-01",
                                       "2024-1-1",
                                       "2024/01/01",
                                       "2024-01-01T",
                                       "2024-01-01T24:00",
                                       "2024-01-01T12:60",
                                       "2024-01-01x",
                                       "2024-01-01T12:00:00.",
                                       "2024-01-01T12:00+",
                                       "2024-01-01T12:00+25",
                                       "2024-01-01T12:00ZZ",
                                       "20240101"};
    double seconds;
    for (size_t i = 0; i < SOMA_COUNT_OF(none); i++) ck_assert_msg(!soma_date_parse(none[i], &seconds), "%s", none[i]);
}
END_TEST

/* Sine and cosine by hand where they are simple; of the rest by Python's math. */
START_TEST(dates_go_round) {
    static const struct {
        double seconds;
        float parts[SOMA_CYCLE_PARTS];
    } dates[] = {
        {0, {0, 1, 0.43388374f, -0.90096887f, 0, 1}},            /* a Thursday */
        {1719856800, {0.017166329f, -0.99985264f, 0, 1, -1, 0}}, /* 2024-07-01T18:00, a Monday, day 182 of 366 */
        {-43200, {-0.017213356f, 0.99985184f, 0.97492791f, -0.22252093f, 0, -1}}, /* 1969-12-31T12:00, a Wednesday */
        {1709164800, {0.8483512f, 0.5294339f, 0.43388374f, -0.90096887f, 0, 1}}}; /* 2024-02-29, day 59 of 366 */
    for (size_t i = 0; i < SOMA_COUNT_OF(dates); i++) {
        float parts[SOMA_CYCLE_PARTS];
        soma_date_cycle(dates[i].seconds, parts);
        for (int j = 0; j < SOMA_CYCLE_PARTS; j++)
            ck_assert_msg(fabsf(parts[j] - dates[i].parts[j]) < 1e-6f, "%g, part %d: %.9g", dates[i].seconds, j,
                          (double)parts[j]);
    }
}
END_TEST

/* The year begins where the circle does, exactly, and ends before that. */
START_TEST(years_begin_where_the_circle_does) {
    for (int year = 1901; year < 2100; year++) {
        char text[32];
        double seconds;
        float parts[SOMA_CYCLE_PARTS];
        snprintf(text, sizeof text, "%04d-01-01", year);
        ck_assert(soma_date_parse(text, &seconds));
        soma_date_cycle(seconds, parts);
        ck_assert_msg(parts[0] == 0 && parts[1] == 1, "%s: %.9g, %.9g", text, (double)parts[0], (double)parts[1]);
        soma_date_cycle(seconds - 86400, parts);
        ck_assert_msg(parts[0] < -0.01f && parts[1] > 0.99f, "before %s: %.9g, %.9g", text, (double)parts[0],
                      (double)parts[1]);
    }
}
END_TEST

static soma_status parse(const char *text, const soma_csv_options *options, soma_dataset **dataset) {
    return soma_csv_parse("t.csv", text, strlen(text), options, dataset);
}

static void expect_inputs(const soma_dataset *dataset, size_t columns, const float *expected) {
    soma_dataset_info info;
    float values[16];
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.input_shape[0][0], columns);
    expect_ok(soma_dataset_read_input(dataset, 0, 0, info.samples, values));
    for (size_t i = 0; i < info.samples * columns; i++) ck_assert_float_eq(values[i], expected[i]);
}

static const float features[6] = {1, 2, 3, 4, 5, 6};

/* In any place, by name and by number, with a header and without; they are words or numbers, and no features. */
START_TEST(groups_are_read_and_are_no_features) {
    static const struct {
        const char *text, *column;
    } tables[] = {{"who,p,q,y\nann,1,2,a\nbob,3,4,b\nann,5,6,a\n", "who"},
                  {"who,p,q,y\nann,1,2,a\nbob,3,4,b\nann,5,6,a\n", "1"},
                  {"ann,1,2,a\nbob,3,4,b\nann,5,6,a\n", "1"},
                  {"p;who;q;y\n1;7;2;a\n3;\"x;y\";4;b\n5;7;6;a\n", "who"},
                  {"1,2,7,a\n3,4,-8.5,b\n5,6,7,a", "3"}};
    for (size_t i = 0; i < SOMA_COUNT_OF(tables); i++) {
        const soma_csv_roles roles = {.group = tables[i].column};
        const soma_csv_options options = {.roles = &roles};
        soma_dataset *dataset;
        expect_ok(parse(tables[i].text, &options, &dataset));
        expect_inputs(dataset, 2, features);
        const int64_t *groups = dataset->storage->groups;
        ck_assert(groups[0] == groups[2] && groups[0] != groups[1]);
        ck_assert_ptr_null(dataset->storage->times);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(times_are_numbers_or_dates) {
    static const struct {
        const char *text;
        double times[3];
    } tables[] = {
        {"t,p,q,y\n1700000000,1,2,0\n1700000001,3,4,1\n-1.5,5,6,1\n", {1700000000, 1700000001, -1.5}},
        {"t,p,q,y\n2024-02-29,1,2,0\n1970-01-01T00:00:01,3,4,1\n1969-12-31,5,6,1\n", {1709164800, 1, -86400}}};
    const soma_csv_roles roles = {.time = "t"};
    const soma_csv_options options = {.roles = &roles};
    for (size_t i = 0; i < SOMA_COUNT_OF(tables); i++) {
        soma_dataset *dataset;
        expect_ok(parse(tables[i].text, &options, &dataset));
        expect_inputs(dataset, 2, features);
        for (int j = 0; j < 3; j++) ck_assert_double_eq(dataset->storage->times[j], tables[i].times[j]);
        ck_assert_ptr_null(dataset->storage->groups);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

/* A table to predict from need not have it; where it has, it is no feature either. */
START_TEST(columns_that_need_not_be_there) {
    static const char *const tables[] = {"p,q,y\n1,2,a\n3,4,b\n5,6,a\n",
                                         "p,who,q,y\n1,ann,2,a\n3,bob,4,b\n5,ann,6,a\n"};
    const soma_csv_roles roles = {.group = "who", .optional = true};
    const soma_csv_options options = {.roles = &roles};
    for (int i = 0; i < 2; i++) {
        soma_dataset *dataset;
        expect_ok(parse(tables[i], &options, &dataset));
        expect_inputs(dataset, 2, features);
        ck_assert((dataset->storage->groups != NULL) == (i == 1));
        soma_dataset_destroy(dataset);
    }
}
END_TEST

/* Each way to say that p and q are the features. */
START_TEST(features_by_list) {
    static const char *const with_names =
        "who,p,\"a,b\",q,x1,x2,y\nann,1,u,2,7,7,a\nbob,3,v,4,7,7,b\nann,5,w,6,7,7,a\n";
    static const char *const without = "ann,1,u,2,7,7,a\nbob,3,v,4,7,7,b\nann,5,w,6,7,7,a\n";
    static const struct {
        const char *columns, *ignore;
        bool numbers;
    } lists[] = {{"p,q", NULL, false},
                 {"2,4", NULL, true},
                 {" q , 2:2", NULL, false},
                 {"\"p\",\"q\"", NULL, false},
                 {NULL, "who,\"a,b\",x?", false},
                 {NULL, "1,3,5:6", true},
                 {NULL, "who,\"a,b\":\"a,b\",x1:\"x2\"", false},
                 {"?,y", NULL, false},
                 {"1:4", "1,3", true}};
    for (size_t i = 0; i < 2 * SOMA_COUNT_OF(lists); i++) {
        bool named = i % 2 == 0;
        const soma_csv_roles roles = {.columns = lists[i / 2].columns, .ignore = lists[i / 2].ignore};
        const soma_csv_options options = {.roles = &roles, .header = named ? 1 : -1};
        soma_dataset *dataset;
        if (!named && !lists[i / 2].numbers) continue;
        expect_ok(parse(named ? with_names : without, &options, &dataset));
        expect_inputs(dataset, 2, features);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

static void expect_targets(const soma_dataset *dataset, size_t labels, const float *expected) {
    float values[16];
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.classes, 0);
    ck_assert_uint_eq(info.target_rank[0], 1);
    ck_assert_uint_eq(info.target_shape[0][0], labels);
    expect_ok(soma_dataset_read_target(dataset, 0, 0, info.samples, values));
    for (size_t i = 0; i < info.samples * labels; i++) ck_assert_float_eq(values[i], expected[i]);
}

/* In the order of the table, however they are listed; a list of one is one label. */
START_TEST(several_labels) {
    static const float two[] = {0, 1, 1, 0, 1, 1};
    static const struct {
        const char *text, *label;
    } tables[] = {{"u,p,\"v,w\",q\n0,1,1,2\n1,3,0,4\n1,5,1,6\n", "u,\"v,w\""},
                  {"u,p,\"v,w\",q\n0,1,1,2\n1,3,0,4\n1,5,1,6\n", "3,1"},
                  {"0,1,1,2\n1,3,0,4\n1,5,1,6\n", "1,3"},
                  {"p,q,u1,u2\n1,2,0,1\n3,4,1,0\n5,6,1,1\n", "u*"},
                  {"p,q,u1,u2\n1,2,0,1\n3,4,1,0\n5,6,1,1\n", "u1:u2"}};
    for (size_t i = 0; i < 2 * SOMA_COUNT_OF(tables); i++) {
        const soma_csv_roles roles = {.classification = i % 2};
        const soma_csv_options options = {.label = tables[i / 2].label, .roles = &roles};
        soma_dataset *dataset;
        expect_ok(parse(tables[i / 2].text, &options, &dataset));
        expect_inputs(dataset, 2, features);
        expect_targets(dataset, 2, two);
        soma_dataset_destroy(dataset);
    }
    soma_dataset *dataset;
    soma_dataset_info info;
    expect_ok(parse("\"a,b\",p,q\nx,1,2\ny,3,4\nx,5,6\n", &(soma_csv_options){.label = "a,b"}, &dataset));
    expect_inputs(dataset, 2, features);
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.classes, 2);
    soma_dataset_destroy(dataset);
    const soma_csv_roles roles = {.classification = 1};
    expect_error(parse("p,u,v\n1,0,1\n2,1,0.5\n", &(soma_csv_options){.label = "u,v", .roles = &roles}, &dataset),
                 SOMA_INVALID_FILE, "line 3, column 3", "0.5 says not", "0 or 1");
    expect_error(parse("p,u,v\n1,0,1\n2,1,\n", &(soma_csv_options){.label = "u,v"}, &dataset), SOMA_INVALID_FILE,
                 "line 3, column 3", "is no number", "");
    expect_error(parse("p,u,v\n1,0,1\n", &(soma_csv_options){.label = "u,x"}, &dataset), SOMA_INVALID_ARGUMENT,
                 "label: \"x\"", "fits no column", "\"p\", \"u\", \"v\"");
}
END_TEST

/* Lines within quotes are no rows: labels of a table of several parts come closer together, with their rows. */
START_TEST(several_labels_of_many_rows) {
    enum { ROWS = 60000 };
    soma_text text = {.length = 0};
    soma_text_append(&text, "what,p,u,v\n");
    for (int i = 0; i < ROWS; i++) soma_text_append(&text, "\"two\nlines\",%d,%d,%d\n", i, i + 1, 2 * i);
    ck_assert(!text.failed);
    const soma_csv_roles roles = {.ignore = "what"};
    soma_dataset *dataset;
    float *values = malloc(3 * ROWS * sizeof *values);
    expect_ok(parse(text.data, &(soma_csv_options){.label = "u,v", .roles = &roles}, &dataset));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, ROWS, values));
    expect_ok(soma_dataset_read_target(dataset, 0, 0, ROWS, values + ROWS));
    for (int i = 0; i < ROWS; i++) {
        ck_assert_float_eq(values[i], (float)i);
        ck_assert_float_eq(values[ROWS + 2 * i], (float)(i + 1));
        ck_assert_float_eq(values[ROWS + 2 * i + 1], (float)(2 * i));
    }
    free(values);
    free(text.data);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Both stay with their rows, whichever part of the table they come into. */
START_TEST(weights_and_identities) {
    static const char *const tables[] = {"id,p,q,much,y\n a ,1,2,0,a\n\"b, \"\"c\"\"\",3,4,2.5,b\n,5,6,1e-3,a\n",
                                         " a ,1,2,0,a\n\"b, \"\"c\"\"\",3,4,2.5,b\n,5,6,1e-3,a\n"};
    static const char *const ids[] = {"a", "b, \"c\"", ""};
    static const float weights[] = {0, 2.5f, 1e-3f};
    for (int i = 0; i < 2; i++) {
        const soma_csv_roles roles = {.id = "1", .weight = "4"};
        const soma_csv_options options = {.roles = &roles};
        soma_dataset *dataset, *part[2];
        soma_storage *copy;
        expect_ok(parse(tables[i], &options, &dataset));
        expect_inputs(dataset, 2, features);
        ck_assert_str_eq(soma_dataset_id_name(dataset), i ? "" : "id");
        for (size_t j = 0; j < 3; j++) {
            ck_assert_str_eq(soma_dataset_id(dataset, j), ids[j]);
            ck_assert_float_eq(dataset->storage->weights[j], weights[j]);
        }
        ck_assert_ptr_null(soma_dataset_id(dataset, 3));
        expect_ok(soma_dataset_divide(dataset, 0.34, SOMA_BY_ROWS, 3, &part[0], &part[1]));
        expect_ok(soma_dataset_copy_storage(part[0], true, &copy));
        soma_dataset_replace_storage(part[0], copy);
        for (size_t j = 0; j < 2; j++) {
            float values[2];
            expect_ok(soma_dataset_read_input(part[0], 0, j, 1, values));
            ck_assert_str_eq(soma_dataset_id(part[0], j), ids[((size_t)values[0] - 1) / 2]);
        }
        soma_dataset_destroy(part[0]);
        soma_dataset_destroy(part[1]);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(refuses_bad_roles) {
    static const struct {
        const char *text;
        soma_csv_roles roles;
        int header;
        soma_status status;
        const char *words[3];
    } cases[] = {
        {"p,q,y\n1,2,a\n", {.group = "who"}, 0, SOMA_INVALID_ARGUMENT, {"line 1", "\"who\"", "\"p\", \"q\""}},
        {"1,2,a\n", {.group = "who"}, -1, SOMA_INVALID_ARGUMENT, {"\"who\"", "no header", "1 to 3"}},
        {"p,q,y\n1,2,a\n", {.time = "4"}, 0, SOMA_INVALID_ARGUMENT, {"column 4", "1 to 3", ""}},
        {"p,q,y\n1,2,a\n",
         {.group = "y"},
         0,
         SOMA_INVALID_ARGUMENT,
         {"column 3 (\"y\")", "label and the groups", "last"}},
        {"p,q,y\n1,2,a\n",
         {.group = "q", .time = "q"},
         0,
         SOMA_INVALID_ARGUMENT,
         {"column 2", "groups and the times", ""}},
        {"p,q,y\n1,2,a\n3,,b\n", {.group = "q"}, 0, SOMA_INVALID_FILE, {"line 3, column 2 (\"q\")", "no group", ""}},
        {"p,q,y\n1,2,a\n3,soon,b\n",
         {.time = "q"},
         0,
         SOMA_INVALID_FILE,
         {"line 3, column 2 (\"q\")", "\"soon\"", "2024-02-29"}},
        {"p,q,y\n1,2024-01-01,a\n3,7,b\n", {.time = "q"}, 0, SOMA_INVALID_FILE, {"line 3", "\"7\"", "dates"}},
        {"p,q,y\n1,7,a\n3,2024-01-01,b\n", {.time = "q"}, 0, SOMA_INVALID_FILE, {"line 3", "is a date", "numbers"}},
        {"p,q,y\n1,1e999,a\n", {.time = "q"}, 0, SOMA_INVALID_FILE, {"line 2", "no time", ""}},
        {"p,q,y\n1,2,a\n", {.columns = "p,r"}, 0, SOMA_INVALID_ARGUMENT, {"columns: \"r\"", "fits no", "\"p\", \"q\""}},
        {"p,q,y\n1,2,a\n", {.columns = "q:p"}, 0, SOMA_INVALID_ARGUMENT, {"\"q:p\"", "backwards", ""}},
        {"1,2,a\n", {.ignore = "4"}, 0, SOMA_INVALID_ARGUMENT, {"ignore: \"4\"", "fits no", "1 to 3"}},
        {"p,q,y\n1,2,a\n", {.columns = "\"p"}, 0, SOMA_INVALID_ARGUMENT, {"no quote at its end", "", ""}},
        {"p,q,y\n1,2,a\n", {.columns = "\"p\"q"}, 0, SOMA_INVALID_ARGUMENT, {"fits no column", "", ""}},
        {"p,q,y\n1,2,a\n", {.columns = "p,"}, 0, SOMA_INVALID_ARGUMENT, {"is empty", "", ""}},
        {"p,q,y\n1,2,a\n", {.ignore = "y"}, 0, SOMA_INVALID_ARGUMENT, {"column 3", "the label", "ignored"}},
        {"p,q,y\n1,2,a\n", {.ignore = "p,q"}, 0, SOMA_INVALID_FILE, {"at least one feature", "", ""}},
        {"p,q,y\n1,2,a\n", {.weight = "q", .id = "q"}, 0, SOMA_INVALID_ARGUMENT, {"weights", "identities", ""}},
        {"p,q,y\n1,-2,a\n", {.weight = "q"}, 0, SOMA_INVALID_FILE, {"line 2, column 2 (\"q\")", "\"-2\"", "no weight"}},
        {"p,q,y\n1,0,a\n2,0,b\n", {.weight = "q"}, 0, SOMA_INVALID_FILE, {"column 2", "all 0", ""}},
        {"q,y\n1,a\n", {.time = "q"}, 0, SOMA_INVALID_FILE, {"line 1", "at least one feature", ""}},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(cases); i++) {
        const soma_csv_options options = {.roles = &cases[i].roles, .header = cases[i].header};
        soma_dataset *dataset;
        expect_error(parse(cases[i].text, &options, &dataset), cases[i].status, cases[i].words[0], cases[i].words[1],
                     cases[i].words[2]);
        ck_assert_ptr_null(dataset);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("csv roles");
    TCase *cases = tcase_create("csv roles");
    suite_add_tcase(suite, cases);
    tcase_add_test(cases, dates_are_seconds);
    tcase_add_test(cases, dates_go_round);
    tcase_add_test(cases, years_begin_where_the_circle_does);
    tcase_add_test(cases, groups_are_read_and_are_no_features);
    tcase_add_test(cases, times_are_numbers_or_dates);
    tcase_add_test(cases, columns_that_need_not_be_there);
    tcase_add_test(cases, features_by_list);
    tcase_add_test(cases, several_labels);
    tcase_add_test(cases, several_labels_of_many_rows);
    tcase_add_test(cases, weights_and_identities);
    tcase_add_test(cases, refuses_bad_roles);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
