/* SPDX-License-Identifier: MIT */
/* Tables in long form, whose rows are steps of sequences; all by hand. */
#include "data/dataset.h"
#include "expect.h"
#include "io/csv/csv.h"
#include "io/preprocessing/data.h"
#include "nn/network.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

/* Two sequences whose rows are mixed, at times that are not in order. */
#define TABLE "id,t,p,q,y\na,2,1,10,u\nb,1,2,20,v\na,1,3,30,u\nb,3,4,40,v\na,3,5,50,u\n"

static soma_status parse(const char *text, soma_csv_options options, const soma_csv_roles *roles,
                         soma_dataset **dataset) {
    options.roles = roles;
    return soma_csv_parse("t.csv", text, strlen(text), &options, dataset);
}

static void expect_values(const soma_dataset *dataset, size_t input, const float *expected, size_t count) {
    float values[64];
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_le(count, 64);
    expect_ok(soma_dataset_read_input(dataset, input, 0, info.samples, values));
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(values[i] == expected[i], "value %zu is %g, not %g", i, (double)values[i], (double)expected[i]);
}

START_TEST(rows_become_sequences) {
    static const struct {
        const char *time, *ignore;
        float values[12];
        double times[2];
    } orders[] = {{NULL, "t", {1, 10, 3, 30, 5, 50, 2, 20, 4, 40, 0, 0}, {0, 0}},
                  {"t", NULL, {3, 30, 1, 10, 5, 50, 2, 20, 4, 40, 0, 0}, {3, 3}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(orders); i++) {
        const soma_csv_sequences sequences = {.column = "id"};
        const soma_csv_roles roles = {.time = orders[i].time, .ignore = orders[i].ignore, .sequences = &sequences};
        soma_dataset *dataset;
        soma_dataset_info info;
        int32_t classes[2];
        expect_ok(parse(TABLE, (soma_csv_options){.header = 0}, &roles, &dataset));
        soma_dataset_get_info(dataset, &info);
        ck_assert(info.samples == 2 && info.inputs == 2 && info.masked && info.targets == 1 && info.classes == 2);
        ck_assert(info.input_rank[0] == 2 && info.input_shape[0][0] == 3 && info.input_shape[0][1] == 2);
        ck_assert(info.input_rank[1] == 1 && info.input_shape[1][0] == 3);
        expect_values(dataset, 0, orders[i].values, 12);
        expect_values(dataset, 1, (const float[]){1, 1, 1, 1, 1, 0}, 6);
        expect_ok(soma_dataset_read_classes(dataset, 0, 2, classes));
        ck_assert(classes[0] == 0 && classes[1] == 1);
        ck_assert_str_eq(soma_dataset_class_name(dataset, 1), "v");
        ck_assert_str_eq(soma_dataset_id_name(dataset), "id");
        ck_assert_str_eq(soma_dataset_id(dataset, 0), "a");
        ck_assert_str_eq(soma_dataset_id(dataset, 1), "b");
        for (size_t j = 0; orders[i].time && j < 2; j++)
            ck_assert_double_eq(dataset->storage->times[j], orders[i].times[j]);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

/* By number, without names; weights and groups are of a sequence; more steps than there are. */
START_TEST(a_sequence_has_what_its_rows_have) {
    const soma_csv_sequences sequences = {.column = "1", .steps = 4};
    const soma_csv_roles roles = {.group = "2", .weight = "3", .sequences = &sequences};
    soma_dataset *dataset;
    expect_ok(parse("7,g,2,1.5,3\n8,h,1,2.5,4\n7,g,2,3.5,3\n9,g,1,4.5,5\n",
                    (soma_csv_options){.header = -1, .regression = true}, &roles, &dataset));
    expect_values(dataset, 0, (const float[]){1.5f, 3.5f, 0, 0, 2.5f, 0, 0, 0, 4.5f, 0, 0, 0}, 12);
    expect_values(dataset, 1, (const float[]){1, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, 12);
    float targets[3];
    expect_ok(soma_dataset_read_target(dataset, 0, 0, 3, targets));
    ck_assert(targets[0] == 3 && targets[1] == 4 && targets[2] == 5);
    const soma_storage *storage = dataset->storage;
    ck_assert(storage->weights[0] == 2 && storage->weights[1] == 1 && storage->weights[2] == 1);
    ck_assert(storage->groups[0] == storage->groups[2] && storage->groups[0] != storage->groups[1]);
    ck_assert_uint_ne(soma_dataset_group_key(dataset, 0), soma_dataset_group_key(dataset, 1));
    ck_assert_str_eq(soma_dataset_id(dataset, 2), "9");
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(steps_have_labels_of_their_own) {
    const soma_csv_sequences sequences = {.column = "id", .label_per_step = true};
    const soma_csv_roles roles = {.sequences = &sequences};
    soma_dataset *dataset;
    soma_dataset_info info;
    float targets[8];
    expect_ok(parse("id,p,y\na,1,0\na,2,3\nb,3,1\na,4,3\nb,5,0\n", (soma_csv_options){.header = 0}, &roles, &dataset));
    soma_dataset_get_info(dataset, &info);
    ck_assert(info.target_rank[0] == 1 && info.target_shape[0][0] == 3 && info.classes == 0);
    expect_ok(soma_dataset_read_target(dataset, 0, 0, 2, targets));
    const float classes[] = {0, 3, 3, 1, 0, 0};
    for (size_t i = 0; i < 6; i++) ck_assert_float_eq(targets[i], classes[i]);
    soma_dataset_destroy(dataset);
    expect_ok(parse("id,p,y,z\na,1,0.5,1\nb,2,3,2\nb,4,3,7\n", (soma_csv_options){.label = "y,z", .regression = true},
                    &roles, &dataset));
    soma_dataset_get_info(dataset, &info);
    ck_assert(info.target_rank[0] == 2 && info.target_shape[0][0] == 2 && info.target_shape[0][1] == 2);
    expect_ok(soma_dataset_read_target(dataset, 0, 0, 2, targets));
    const float numbers[] = {0.5f, 1, 0, 0, 3, 2, 3, 7};
    for (size_t i = 0; i < 8; i++) ck_assert_float_eq(targets[i], numbers[i]);
    soma_dataset_destroy(dataset);
    expect_ok(parse("id,p,y\na,1,sit\na,2,run\n", (soma_csv_options){.header = 0}, &roles, &dataset));
    expect_ok(soma_dataset_read_target(dataset, 0, 0, 1, targets));
    ck_assert(targets[0] == 0 && targets[1] == 1);
    ck_assert_str_eq(soma_dataset_class_name(dataset, 0), "sit");
    ck_assert_str_eq(soma_dataset_class_name(dataset, 1), "run");
    soma_dataset_destroy(dataset);
}
END_TEST

/* Whole numbers are classes where they come again in sequences, not in the rows of one. */
START_TEST(labels_are_counted_by_sequences) {
    char text[4096] = "id,p,y\n";
    for (int i = 0; i < 24; i++)
        for (int j = 0; j < 3; j++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "s%d,%d,%d\n", i, j, 100 + 7 * i);
    const soma_csv_sequences sequences = {.column = "id"};
    const soma_csv_roles roles = {.sequences = &sequences};
    soma_dataset *dataset;
    soma_dataset_info info;
    expect_ok(parse(text, (soma_csv_options){.header = 0}, &roles, &dataset));
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.classes, 0);
    ck_assert_ptr_nonnull(strstr(soma_dataset_note(dataset), "24 different ones in 24 sequences"));
    soma_dataset_destroy(dataset);
}
END_TEST

static const struct {
    const char *text;
    soma_csv_roles roles;
    soma_csv_sequences sequences;
    soma_status status;
    const char *words[4];
} refusals[] = {
    {"id,p,y\na,1,u\nb,2,v\n\"a\",3,v\n",
     {.group = NULL},
     {.column = "id"},
     SOMA_INVALID_FILE,
     {"t.csv: line 4, column 3 (\"y\")", "\"v\", but line 2", "sequence \"a\"", "--label-per-step"}},
    {"id,g,p,y\na,1,1,u\na,2,2,u\n",
     {.group = "g"},
     {.column = "id"},
     SOMA_INVALID_FILE,
     {"line 3, column 2 (\"g\")", "the group is \"2\"", "line 2", "never divided"}},
    {"id,w,p,y\na,1,1,u\na,2,2,u\n",
     {.weight = "w"},
     {.column = "id"},
     SOMA_INVALID_FILE,
     {"line 3, column 2 (\"w\")", "the weight is \"2\"", "has \"1\"", "all its rows"}},
    {"id,t,p,y\na,1,1,u\nb,1,2,v\na,1,2,u\n",
     {.time = "t"},
     {.column = "id"},
     SOMA_INVALID_FILE,
     {"line 4, column 2 (\"t\")", "the time is \"1\", but line 2", "\"a\"", "a time of its own"}},
    {"id,p,y\na,1,u\n,2,v\n",
     {.group = NULL},
     {.column = "id"},
     SOMA_INVALID_FILE,
     {"line 3, column 1 (\"id\")", "\"\" is no sequence", "every row"}},
    {"id,p,y\na,1,u\na,2,u\nb,2,v\na,5,u\n",
     {.group = NULL},
     {.column = "id", .steps = 2},
     SOMA_INVALID_FILE,
     {"line 5, column 1 (\"id\"): \"a\"", "3 steps", "samples have 2", "--sequence-steps"}},
    {"id,p,y\na,1,u\na,?,u\nb,?,v\n",
     {.missing = SOMA_MISSING_LAST},
     {.column = "id"},
     SOMA_INVALID_FILE,
     {"line 4, column 2 (\"p\")", "\"?\" is a gap in the first step", "--missing", "median"}},
    {"id,p,y\na,1,u\n", {.group = NULL}, {.column = "who"}, SOMA_INVALID_ARGUMENT, {"no column is called \"who\""}},
    {"id,p,y\na,1,u\n", {.id = "p"}, {.column = "id"}, SOMA_INVALID_ARGUMENT, {"column 2 (\"p\")", "say one of them"}},
    {"id,p,y\na,1,u\n", {.group = NULL}, {.column = "y"}, SOMA_INVALID_ARGUMENT, {"column 3 (\"y\") is both", "label"}},
    {"id,p,y\na,1,u\n", {.ignore = "id"}, {.column = "id"}, SOMA_INVALID_ARGUMENT, {"to be ignored"}},
};

START_TEST(what_does_not_fit_is_said_with_its_line) {
    soma_csv_roles roles = refusals[_i].roles;
    soma_dataset *dataset;
    roles.sequences = &refusals[_i].sequences;
    const char *words[5] = {NULL};
    memcpy(words, refusals[_i].words, sizeof refusals[_i].words);
    expect_error_words(parse(refusals[_i].text, (soma_csv_options){.header = 0}, &roles, &dataset), refusals[_i].status,
                       words, refusals[_i].text);
    ck_assert_ptr_null(dataset);
}
END_TEST

/* One of 30,000 rows among as many of one row each: filled up they would be 30,000 times what they are. */
START_TEST(what_is_filled_up_is_bounded) {
    enum { ROWS = 30000 };
    soma_text text = {.length = 0};
    soma_text_append(&text, "id,p,y\n");
    for (int i = 0; i < ROWS; i++) soma_text_append(&text, "long,1,0\ns%d,2,1\n", i);
    const soma_csv_sequences sequences = {.column = "id"};
    const soma_csv_roles roles = {.sequences = &sequences};
    soma_dataset *dataset;
    expect_error(parse(text.data, (soma_csv_options){.header = 0}, &roles, &dataset), SOMA_INVALID_FILE,
                 "30001 sequences", "30000 steps each", "\"long\"", "leave it out");
    soma_free(text.data);
}
END_TEST

/* 3001 sequences of 3000 steps are 72 MB of inputs and mask; eight labels of each step are four times that. */
START_TEST(labels_of_steps_are_bounded_too) {
    enum { ROWS = 3000 };
    soma_text text = {.length = 0};
    soma_text_append(&text, "id,p,a,b,c,d,e,f,g,h\n");
    for (int i = 0; i < ROWS; i++) soma_text_append(&text, "long,1,0,1,2,3,4,5,6,7\ns%d,2,0,1,2,3,4,5,6,7\n", i);
    const soma_csv_sequences sequences = {.column = "id", .label_per_step = true};
    const soma_csv_roles roles = {.sequences = &sequences};
    soma_dataset *dataset;
    expect_error(parse(text.data, (soma_csv_options){.label = "a,b,c,d,e,f,g,h", .regression = true}, &roles, &dataset),
                 SOMA_INVALID_FILE, "3001 sequences", "3000 steps each", "\"long\"");
    soma_free(text.data);
}
END_TEST

/* No sequence is too long here. */
START_TEST(many_steps_that_are_wanted_are_the_cause) {
    const soma_csv_sequences sequences = {.column = "id", .steps = 100000000};
    const soma_csv_roles roles = {.sequences = &sequences};
    soma_dataset *dataset;
    expect_error(parse(TABLE, (soma_csv_options){.header = 0}, &roles, &dataset), SOMA_INVALID_FILE,
                 "100000000 steps each", "has 3", "take fewer steps (--sequence-steps)");
}
END_TEST

/* ---------------------------------------------------------------------------------------------- what a model keeps */

#define NET "lstm 2 last; dense 2 softmax"

static soma_network *network_of(const soma_dataset *dataset, const char *net) {
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 2, info.input_shape[0]);
    soma_layers(soma_mask(x, soma_input(network, "mask", 1, info.input_shape[1])), net);
    expect_ok(soma_network_status(network));
    return network;
}

/* Medians of the steps that there are, by hand: of p 2, 4, 9 and of q 1, 7; the row of a has a word less. */
START_TEST(a_network_knows_its_sequences) {
    const soma_csv_sequences sequences = {.column = "id"};
    const soma_csv_roles roles = {
        .sequences = &sequences, .missing = SOMA_MISSING_MEDIAN, .max_categories = 4, .indicator = 1};
    const soma_csv_options options = {.header = 0};
    soma_dataset *dataset, *other;
    char *text;
    expect_ok(parse("id,p,k,q,y\na,2,red,1,u\na,,blue,7,u\nb,4,red,,v\na,9,red,1,u\n", options, &roles, &dataset));
    soma_network *network = network_of(dataset, NET), *again = network_of(dataset, NET);
    expect_ok(soma_network_fit_preprocessing(network, dataset, false));
    expect_ok(soma_data_to_text(network, &text));
    ck_assert_ptr_nonnull(strstr(text, "\"sequence\""));
    expect_ok(soma_data_of_text(text, again));
    soma_free(text);
    ck_assert(soma_columns_are_of_steps(&again->columns) && !again->columns.step_labels);
    /* p, its indicator, red, blue, q, its indicator */
    const float seen[] = {2, 0, 1, 0, 1, 0, /**/ 4, 1, 0, 1, 7, 0, /**/ 9, 0, 1, 0, 1, 0,
                          4, 0, 1, 0, 1, 1, /**/ 0, 0, 0, 0, 0, 0, /**/ 0, 0, 0, 0, 0, 0};
    expect_ok(soma_network_apply_preprocessing(network, dataset));
    expect_values(dataset, 0, seen, 36);
    soma_dataset_destroy(dataset);
    /* By name, in another order, without the label; nobody says that there are sequences. */
    const soma_csv_options later = {.network = again, .skip_label = 1};
    expect_ok(parse("k,q,note,id,p\nblue,5,,z,\nred,,,z,3\n", later, NULL, &other));
    expect_ok(soma_network_apply_preprocessing(again, other));
    expect_values(other, 0, (const float[]){4, 1, 0, 1, 5, 0, 3, 0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0}, 18);
    expect_values(other, 1, (const float[]){1, 1, 0}, 3);
    ck_assert_str_eq(soma_dataset_id(other, 0), "z");
    soma_dataset_destroy(other);
    expect_error(parse("k,q,p,y\nred,1,2,u\n", (soma_csv_options){.network = again}, NULL, &other),
                 SOMA_INVALID_ARGUMENT, "no column \"id\"", "--sequence-column");
    expect_error(parse("id,k,q,p,y\na,red,1,2,u\na,red,1,2,u\na,red,1,2,u\na,red,1,2,u\n",
                       (soma_csv_options){.network = again}, NULL, &other),
                 SOMA_INVALID_FILE, "line 5", "4 steps", "samples have 3");
    const soma_csv_sequences steps = {.column = "id", .label_per_step = true}, longer = {.column = "id", .steps = 9};
    const soma_csv_roles of_steps = {.sequences = &steps}, of_more = {.sequences = &longer};
    expect_error(parse("id,k,q,p,y\na,red,1,2,u\n", (soma_csv_options){.network = again}, &of_steps, &other),
                 SOMA_INVALID_ARGUMENT, "the model learnt one of each sequence");
    expect_error(parse("id,k,q,p,y\na,red,1,2,u\n", (soma_csv_options){.network = again}, &of_more, &other),
                 SOMA_INVALID_ARGUMENT, "samples of 9 steps", "takes 3");
    soma_network_destroy(network);
    soma_network_destroy(again);
}
END_TEST

/* Of numbers that lie close together far from 0 a table keeps differences; both move where columns are put in the order
 * of the network, of rows and of steps. */
START_TEST(close_numbers_move_with_their_columns) {
    static const double wanted[2][12] = {
        {1700000001, 8, 1700000003, 9, 1700000002, 7},
        {1700000001, 8, 1700000003, 9, /**/ 1700000002, 7},
    };
    const soma_csv_sequences by_id = {.column = "id"};
    const soma_csv_roles roles = {.sequences = _i ? &by_id : NULL, .ignore = _i ? NULL : "id"};
    const soma_csv_options options = {.header = 0};
    soma_dataset *dataset, *other;
    soma_network *network;
    expect_ok(parse("id,p,q,y\na,1,2,u\na,3,4,u\nb,5,6,v\n", options, &roles, &dataset));
    if (_i)
        network = network_of(dataset, "lstm 2; dense 2 softmax");
    else {
        expect_ok(soma_network_create(&network));
        soma_layers(soma_input(network, NULL, 1, &(size_t){2}), "dense 2 softmax");
    }
    expect_ok(soma_network_fit_preprocessing(network, dataset, false));
    const char *text = "id,q,note,p,y\na,8,5,1700000001,u\na,9,5,1700000003,u\nb,7,5,1700000002,v\n";
    expect_ok(parse(text, options, &roles, &other));
    expect_ok(soma_dataset_match(other, network));
    const soma_column *x = &other->storage->input[0];
    ck_assert(x->offset && x->width == (_i ? 4 : 2) && other->storage->rows == (_i ? 2 : 3));
    for (size_t i = 0; i < 6; i++)
        ck_assert_double_eq((double)((const float *)x->data)[i] + x->offset[i % x->width], wanted[_i][i]);
    soma_dataset_destroy(other);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* Of O, 2 and 1 it knows 1 as number 2. */
START_TEST(numbers_are_names_to_a_network_that_knows_some) {
    const soma_csv_sequences sequences = {.column = "id", .label_per_step = true};
    const soma_csv_roles roles = {.sequences = &sequences};
    const char *numbers = "id,p,y\nz,3,2\nz,4,1.0\n";
    soma_dataset *dataset, *other;
    float targets[3];
    expect_ok(parse("id,p,y\na,1,O\na,2,2\na,3,1\n", (soma_csv_options){.header = 0}, &roles, &dataset));
    soma_network *network = network_of(dataset, "lstm 2; dense 3 softmax");
    expect_ok(soma_network_fit_preprocessing(network, dataset, false));
    expect_ok(parse(numbers, (soma_csv_options){.network = network}, NULL, &other));
    expect_ok(soma_dataset_match(other, network));
    expect_ok(soma_dataset_read_target(other, 0, 0, 1, targets));
    ck_assert(targets[0] == 1 && targets[1] == 2 && targets[2] == 0);
    expect_ok(soma_dataset_match(other, network));
    soma_dataset_destroy(other);
    expect_ok(parse(numbers, (soma_csv_options){.header = 0}, &roles, &other)); /* for itself: the numbers 2 and 1 */
    expect_error(soma_dataset_match(other, network), SOMA_INVALID_ARGUMENT, "\"O\", \"2\", \"1\"",
                 "soma_csv_options.network");
    soma_dataset_destroy(other);
    expect_ok(parse("id,p,y\nz,3,0\n", (soma_csv_options){.network = network}, NULL, &other));
    expect_error(soma_dataset_match(other, network), SOMA_INVALID_ARGUMENT, "\"0\"", "does not know");
    soma_dataset_destroy(other);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* In the order of the file the steps would be other sequences. */
START_TEST(a_network_that_learnt_their_order_wants_the_times) {
    const soma_csv_sequences sequences = {.column = "id"};
    const soma_csv_roles roles = {.time = "t", .sequences = &sequences}, by_another = {.time = "at"};
    soma_dataset *dataset, *other;
    expect_ok(parse(TABLE, (soma_csv_options){.header = 0}, &roles, &dataset));
    soma_network *network = network_of(dataset, NET);
    expect_ok(soma_network_fit_preprocessing(network, dataset, false));
    soma_dataset_destroy(dataset);
    const soma_csv_options later = {.network = network, .skip_label = 1};
    expect_error(parse("id,p,q\nz,1,10\nz,3,30\n", later, NULL, &other), SOMA_INVALID_ARGUMENT, "no column \"t\"",
                 "--time-column");
    expect_ok(parse("id,t,p,q\nz,2,1,10\nz,1,3,30\n", later, NULL, &other));
    expect_values(other, 0, (const float[]){3, 30, 1, 10, 0, 0}, 6);
    soma_dataset_destroy(other);
    expect_ok(parse("id,at,p,q\nz,2,1,10\nz,1,3,30\n", later, &by_another, &other));
    expect_values(other, 0, (const float[]){3, 30, 1, 10, 0, 0}, 6);
    soma_dataset_destroy(other);
    soma_network_destroy(network);
}
END_TEST

/* Means and deviations of the steps that there are, of seconds since 1970, which float32 takes for one another. */
START_TEST(close_numbers_stay_apart) {
    const soma_csv_sequences sequences = {.column = "id"};
    const soma_csv_roles roles = {.sequences = &sequences};
    soma_dataset *dataset;
    float values[6];
    expect_ok(parse("id,p,y\na,1700000000,u\na,1700000001,u\nb,1700000002,v\na,1700000005,u\n",
                    (soma_csv_options){.header = 0}, &roles, &dataset));
    soma_network *network = network_of(dataset, NET);
    expect_ok(soma_network_fit_preprocessing(network, dataset, true));
    ck_assert_double_eq(network->preprocessing.mean[0], 1700000002.0);
    expect_ok(soma_network_apply_preprocessing(network, dataset));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 2, values));
    const double deviation = 1.8708286933869707; /* sqrt((4 + 1 + 0 + 9) / 4) */
    ck_assert_float_eq_tol(values[0], (float)(-2 / deviation), 1e-6f);
    ck_assert_float_eq_tol(values[1], (float)(-1 / deviation), 1e-6f);
    ck_assert_float_eq_tol(values[2], (float)(3 / deviation), 1e-6f);
    ck_assert_float_eq_tol(values[3], 0, 1e-6f);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(the_value_before_fills_a_gap) {
    const soma_csv_sequences sequences = {.column = "id"};
    const soma_csv_roles roles = {.sequences = &sequences, .missing = SOMA_MISSING_LAST};
    soma_dataset *dataset;
    expect_ok(
        parse("id,p,y\na,1,u\nb,5,v\na,,u\na,?,u\na,3,u\nb,NA,v\n", (soma_csv_options){.header = 0}, &roles, &dataset));
    expect_values(dataset, 0, (const float[]){1, 1, 1, 3, 5, 5, 0, 0}, 8);
    soma_dataset_destroy(dataset);
    /* What is dropped is a step; of a sequence that is nothing else nothing is left. */
    const soma_csv_roles drop = {.sequences = &sequences, .missing = SOMA_MISSING_DROP};
    expect_ok(parse("id,p,y\na,1,u\nb,?,v\na,,u\na,3,u\n", (soma_csv_options){.header = 0}, &drop, &dataset));
    expect_values(dataset, 0, (const float[]){1, 3}, 2);
    ck_assert_str_eq(soma_dataset_id(dataset, 0), "a");
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(options_are_checked) {
    const soma_csv_sequences none = {.steps = 3}, used = {.column = "id", .reserved = {0, 1}};
    soma_dataset *dataset;
    soma_csv_roles roles = {.sequences = &none};
    const soma_csv_options options = {.roles = &roles};
    expect_error(soma_dataset_from_csv("t.csv", &options, &dataset), SOMA_INVALID_ARGUMENT, "column is NULL");
    roles.sequences = &used;
    expect_error(soma_dataset_from_csv("t.csv", &options, &dataset), SOMA_INVALID_ARGUMENT, "soma_csv_sequences");
}
END_TEST

static void add(TCase *cases) {
    tcase_add_test(cases, rows_become_sequences);
    tcase_add_test(cases, a_sequence_has_what_its_rows_have);
    tcase_add_test(cases, steps_have_labels_of_their_own);
    tcase_add_test(cases, labels_are_counted_by_sequences);
    tcase_add_loop_test(cases, what_does_not_fit_is_said_with_its_line, 0, (int)SOMA_COUNT_OF(refusals));
    tcase_add_test(cases, what_is_filled_up_is_bounded);
    tcase_add_test(cases, labels_of_steps_are_bounded_too);
    tcase_add_test(cases, many_steps_that_are_wanted_are_the_cause);
    tcase_add_test(cases, a_network_knows_its_sequences);
    tcase_add_test(cases, numbers_are_names_to_a_network_that_knows_some);
    tcase_add_test(cases, a_network_that_learnt_their_order_wants_the_times);
    tcase_add_test(cases, close_numbers_stay_apart);
    tcase_add_loop_test(cases, close_numbers_move_with_their_columns, 0, 2);
    tcase_add_test(cases, the_value_before_fills_a_gap);
    tcase_add_test(cases, options_are_checked);
}

int main(void) {
    return run_suite("csv sequences", add);
}
