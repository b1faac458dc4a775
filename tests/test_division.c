/* SPDX-License-Identifier: MIT */
/* Dividing data sets: by groups, by time, into folds; and what a network keeps of it. Expected values are counted by
 * hand. */
#include "data/dataset.h"
#include "expect.h"
#include "io/csv/csv.h"
#include "io/preprocessing/data.h"

#include <math.h>
#include <stdlib.h>

enum { MOST = 240 };

/* Sample i has the one feature i, so that parts show which samples they have. classes NULL: none. */
static float numbers[MOST];

static soma_dataset *numbered(size_t samples, const int32_t *classes) {
    const soma_array inputs = {numbers, SOMA_F32, 2, {samples, 1}}, targets = {classes, SOMA_I32, 1, {samples}};
    soma_dataset *dataset;
    for (size_t i = 0; i < MOST; i++) numbers[i] = (float)i;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, classes ? &targets : NULL, classes != NULL, &dataset));
    return dataset;
}

static size_t count_of(const soma_dataset *dataset) {
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    return info.samples;
}

/* Adds 1 to seen[i] for each sample i of the part, which keep their order. */
static void mark(const soma_dataset *part, int *seen) {
    float values[MOST];
    expect_ok(soma_dataset_read_input(part, 0, 0, count_of(part), values));
    for (size_t i = 0; i < count_of(part); i++) {
        seen[(size_t)values[i]]++;
        if (i) ck_assert_float_lt(values[i - 1], values[i]);
    }
}

static void destroy(soma_dataset *first, soma_dataset *second) {
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
}

/* ------------------------------------------------------------------------------------------------------- groups */

START_TEST(no_group_is_on_both_sides) {
    int64_t groups[MOST];
    for (int i = 0; i < MOST; i++) groups[i] = (int64_t)(i * 7919 % 31) * 1000000007 - 5; /* 31 of 7 or 8, mixed */
    soma_dataset *dataset = numbered(MOST, NULL), *first, *second;
    expect_ok(soma_dataset_set_groups(dataset, groups, MOST));
    for (uint64_t seed = 0; seed < 20; seed++) {
        int in_first[MOST] = {0}, in_second[MOST] = {0};
        expect_ok(soma_dataset_divide(dataset, 0.25, SOMA_BY_GROUPS, seed, &first, &second));
        /* 60 are wanted: groups are taken while that brings it nearer, so it is missed by half a group at most. */
        ck_assert_uint_ge(count_of(second), 56);
        ck_assert_uint_le(count_of(second), 64);
        mark(first, in_first), mark(second, in_second);
        for (int i = 0; i < MOST; i++) {
            ck_assert_int_eq(in_first[i] + in_second[i], 1);
            for (int j = 0; j < i; j++) ck_assert(groups[i] != groups[j] || in_second[i] == in_second[j]);
        }
        destroy(first, second);
    }
    soma_dataset_destroy(dataset);
}
END_TEST

/* The same groups under other numbers give the same parts, and other seeds give others. */
START_TEST(groups_are_drawn_by_seed_and_not_by_number) {
    int64_t groups[2][MOST];
    int seen[3][MOST] = {{0}};
    for (int i = 0; i < MOST; i++) groups[0][i] = i / 6, groups[1][i] = -(i / 6) * 11;
    soma_dataset *dataset = numbered(MOST, NULL), *first, *second;
    for (int i = 0; i < 3; i++) {
        expect_ok(soma_dataset_set_groups(dataset, groups[i % 2], MOST));
        expect_ok(soma_dataset_divide(dataset, 0.2, SOMA_BY_GROUPS, i == 2, &first, &second));
        ck_assert_uint_eq(count_of(second), 48); /* 8 groups of 6: exact */
        mark(second, seen[i]);
        destroy(first, second);
    }
    ck_assert_mem_eq(seen[0], seen[1], sizeof seen[0]);
    ck_assert_mem_ne(seen[0], seen[2], sizeof seen[0]);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Groups of arrays by their numbers; a part of a data set has no others than those of its own samples. */
START_TEST(groups_in_common) {
    static const int64_t groups[8] = {5, 5, -3, -3, 9, 9, 9, 1}, others[4] = {9, 2, -3, 5};
    soma_dataset *dataset = numbered(8, NULL), *other = numbered(4, NULL), *first, *second;
    size_t shared;
    expect_error(soma_dataset_count_shared_groups(dataset, other, &shared), SOMA_INVALID_STATE, "have no groups");
    expect_ok(soma_dataset_set_groups(dataset, groups, 8));
    expect_error(soma_dataset_count_shared_groups(dataset, other, &shared), SOMA_INVALID_STATE, "the other");
    expect_ok(soma_dataset_set_groups(other, others, 4));
    expect_ok(soma_dataset_count_shared_groups(dataset, other, &shared));
    ck_assert_uint_eq(shared, 3);
    expect_ok(soma_dataset_count_shared_groups(other, dataset, &shared));
    ck_assert_uint_eq(shared, 7);
    for (uint64_t seed = 0; seed < 5; seed++) {
        expect_ok(soma_dataset_divide(dataset, 0.4, SOMA_BY_GROUPS, seed, &first, &second));
        expect_ok(soma_dataset_count_shared_groups(first, second, &shared));
        ck_assert_uint_eq(shared, 0);
        expect_ok(soma_dataset_count_shared_groups(dataset, second, &shared));
        ck_assert_uint_eq(shared, count_of(second));
        destroy(first, second);
    }
    expect_error(soma_dataset_count_shared_groups(dataset, NULL, &shared), SOMA_INVALID_ARGUMENT, "NULL");
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(other);
}
END_TEST

/* A network keeps which groups it has learnt from, through text, and adds to them; by number or by a table's text. */
START_TEST(a_network_knows_its_groups) {
    static const int64_t groups[4] = {5, 5, -3, 7}, others[4] = {9, 7, -3, -3};
    soma_dataset *first = numbered(4, NULL), *second = numbered(4, NULL), *table;
    const soma_csv_roles roles = {.group = "g"};
    const soma_csv_options options = {.roles = &roles};
    soma_network *network, *other;
    size_t known = 9;
    char *text;
    expect_ok(soma_network_create(&network));
    expect_ok(soma_network_create(&other));
    expect_ok(soma_network_count_known_groups(network, first, &known)); /* nothing is known, and none are needed */
    ck_assert_uint_eq(known, 0);
    expect_error(soma_network_add_groups(network, first), SOMA_INVALID_STATE, "no groups");
    expect_ok(soma_dataset_set_groups(first, groups, 4));
    expect_ok(soma_network_add_groups(network, first));
    expect_error(soma_network_count_known_groups(network, second, &known), SOMA_INVALID_STATE, "no groups");
    expect_ok(soma_dataset_set_groups(second, others, 4));
    expect_ok(soma_network_count_known_groups(network, second, &known));
    ck_assert_uint_eq(known, 3);
    expect_ok(soma_data_to_text(network, &text));
    expect_ok(soma_data_of_text(text, other));
    soma_free(text);
    expect_ok(soma_network_add_groups(other, second));
    expect_ok(soma_network_count_known_groups(other, second, &known));
    ck_assert_uint_eq(known, 4);
    expect_ok(soma_network_count_known_groups(other, first, &known));
    ck_assert_uint_eq(known, 4);
    const char *rows = "g,x,y\n5,1,0\n9,2,1\n05,3,0\nten,4,1\n";
    expect_ok(soma_csv_parse("t.csv", rows, strlen(rows), &options, &table));
    expect_ok(soma_network_count_known_groups(network, table, &known));
    ck_assert_uint_eq(known, 1); /* "05" is another text */
    expect_ok(soma_network_set_division(network, NULL));
    expect_ok(soma_network_count_known_groups(network, second, &known));
    ck_assert_uint_eq(known, 0);
    expect_error(soma_network_add_groups(NULL, first), SOMA_INVALID_ARGUMENT, "network is NULL");
    expect_error(soma_network_count_known_groups(network, NULL, &known), SOMA_INVALID_ARGUMENT, "data set is NULL");
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    soma_dataset_destroy(table);
    soma_network_destroy(network);
    soma_network_destroy(other);
}
END_TEST

static soma_dataset *samples_from(int first, int count) {
    static float values[5000 * 2]; /* the data set borrows them */
    soma_dataset *dataset;
    ck_assert_int_le(count, 5000);
    for (int i = 0; i < count; i++) {
        values[2 * i] = (float)(first + i);
        values[2 * i + 1] = 1.0f / (float)(first + i + 1);
    }
    const soma_array inputs = {values, SOMA_F32, 2, {(size_t)count, 2}};
    const soma_array targets = {values, SOMA_F32, 2, {(size_t)count, 2}};
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    return dataset;
}

static size_t known_of(const soma_network *network, int first, int count) {
    soma_dataset *dataset = samples_from(first, count);
    size_t known = 99999;
    expect_ok(soma_network_count_known_samples(network, dataset, &known));
    soma_dataset_destroy(dataset);
    return known;
}

static void learn_from(soma_network *network, int first, int count) {
    soma_dataset *dataset = samples_from(first, count);
    expect_ok(soma_network_add_samples(network, dataset));
    soma_dataset_destroy(dataset);
}

/* All samples up to 512, through text too; of more about how many, within four deviations of what chance finds. */
START_TEST(a_network_knows_its_samples) {
    soma_network *network, *other;
    char *text;
    expect_ok(soma_network_create(&network));
    expect_ok(soma_network_create(&other));
    ck_assert_uint_eq(known_of(network, 0, 10), 0);
    learn_from(network, 0, 300);
    learn_from(network, 200, 200);
    ck_assert_uint_eq(known_of(network, 0, 400), 400);
    ck_assert_uint_eq(known_of(network, 390, 20), 10);
    ck_assert_uint_eq(known_of(network, 400, 500), 0);
    expect_ok(soma_data_to_text(network, &text));
    expect_ok(soma_data_of_text(text, other));
    soma_free(text);
    ck_assert_uint_eq(known_of(other, 390, 20), 10);
    expect_ok(soma_network_set_division(other, NULL));
    ck_assert_uint_eq(known_of(other, 390, 20), 0);
    learn_from(network, 0, 5000);
    ck_assert_uint_eq(known_of(network, 3000, 1000), 1000);
    ck_assert_uint_eq(known_of(network, 5000, 1000), 0);
    const size_t half = known_of(network, 4500, 1000); /* about 102 are looked for, by a chance of 512 in 5000 */
    ck_assert(half > 300 && half < 700);
    size_t sure = 0; /* where about 5 are looked for they stand for themselves: together they are those that are kept */
    for (int i = 0; i < 5000; i += 50) sure += known_of(network, i, 50);
    ck_assert_uint_eq(sure, 512);
    expect_error(soma_network_add_samples(network, NULL), SOMA_INVALID_ARGUMENT, "data set is NULL");
    expect_error(soma_network_count_known_samples(NULL, NULL, NULL), SOMA_INVALID_ARGUMENT, "network is NULL");
    soma_network_destroy(network);
    soma_network_destroy(other);
}
END_TEST

/* Of more groups than are kept, those that are kept do not depend on what was learnt from first. */
START_TEST(many_groups_are_known_in_part) {
    enum { MANY = 100000 };
    int64_t *groups = malloc(MANY * sizeof *groups);
    float *samples = calloc(MANY, sizeof *samples);
    const soma_array inputs = {samples, SOMA_F32, 2, {MANY, 1}};
    soma_dataset *dataset;
    size_t known[2];
    ck_assert(groups && samples);
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    for (int turn = 0; turn < 2; turn++) {
        soma_network *network;
        expect_ok(soma_network_create(&network));
        for (int part = 0; part < 2; part++) {
            for (int i = 0; i < MANY; i++) groups[i] = (part + turn) % 2 * MANY + i;
            expect_ok(soma_dataset_set_groups(dataset, groups, MANY));
            expect_ok(soma_network_add_groups(network, dataset));
        }
        expect_ok(soma_network_count_known_groups(network, dataset, &known[turn]));
        soma_network_destroy(network);
    }
    ck_assert_uint_eq(known[0] + known[1], 65536); /* each is counted by one of the two */
    ck_assert(known[0] > 30000 && known[1] > 30000);
    soma_dataset_destroy(dataset);
    free(groups);
    free(samples);
}
END_TEST

/* However unequal the groups are, each side has one. */
START_TEST(neither_side_of_groups_stays_empty) {
    static const int64_t groups[10] = {1, 1, 1, 1, 2, 1, 1, 1, 1, 1};
    soma_dataset *dataset = numbered(10, NULL), *first, *second;
    expect_ok(soma_dataset_set_groups(dataset, groups, 10));
    for (uint64_t seed = 0; seed < 8; seed++)
        for (int i = 1; i < 10; i++) {
            expect_ok(soma_dataset_divide(dataset, i / 10.0, SOMA_BY_GROUPS, seed, &first, &second));
            /* 1 or 9 samples: what is nearer to i, or, at 5, either of them. */
            if (i != 5) ck_assert_uint_eq(count_of(second), i < 5 ? 1 : 9);
            ck_assert_uint_eq(count_of(first) + count_of(second), 10);
            destroy(first, second);
        }
    static const int64_t two[4] = {7, 7, 8, 8};
    soma_dataset *halves = numbered(4, NULL);
    expect_ok(soma_dataset_set_groups(halves, two, 4));
    expect_ok(soma_dataset_divide(halves, 0.25, SOMA_BY_GROUPS, 0, &first, &second));
    ck_assert_uint_eq(count_of(second), 2);
    destroy(first, second);
    soma_dataset_destroy(halves);
    soma_dataset_destroy(dataset);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- time */

START_TEST(the_second_part_is_the_latest) {
    double times[10] = {5, -3, 1e300, 2, 0.5, -7, 8, 9, 1, 3}; /* sorted: -7 -3 .5 1 2 3 5 8 9 1e300 */
    static const int expected[10] = {0, 0, 1, 0, 0, 0, 0, 1, 0, 0};
    soma_dataset *dataset = numbered(10, NULL), *first, *second;
    int seen[MOST] = {0};
    expect_ok(soma_dataset_set_times(dataset, times, 10));
    expect_ok(soma_dataset_divide(dataset, 0.2, SOMA_BY_TIME, 1, &first, &second));
    mark(second, seen);
    ck_assert_mem_eq(seen, expected, sizeof expected);
    ck_assert_uint_eq(count_of(first), 8);
    /* Validation: the latest of the rest, of times that went along: 5 and 8. */
    soma_dataset *train, *validation;
    int held[MOST] = {0};
    expect_ok(soma_dataset_divide(first, 0.25, SOMA_BY_TIME, 1, &train, &validation));
    mark(validation, held);
    ck_assert_uint_eq(count_of(validation), 2);
    ck_assert_int_eq(held[0] + held[6], 2);
    destroy(train, validation), destroy(first, second);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Days of three samples each: the cut is between days, at the nearest place; of two as near, the later. */
START_TEST(samples_of_one_time_stay_together) {
    static const struct {
        double fraction;
        size_t second;
    } cases[] = {{1 / 12.0, 3}, {2 / 12.0, 3}, {3 / 12.0, 3}, {4 / 12.0, 3},
                 {5 / 12.0, 6}, {7 / 12.0, 6}, {11 / 12.0, 9}};
    static const double times[12] = {4, 3, 2, 1, 1, 2, 3, 4, 4, 1, 2, 3};
    soma_dataset *dataset = numbered(12, NULL), *first, *second;
    expect_ok(soma_dataset_set_times(dataset, times, 12));
    for (size_t i = 0; i < SOMA_COUNT_OF(cases); i++) {
        int seen[MOST] = {0};
        expect_ok(soma_dataset_divide(dataset, cases[i].fraction, SOMA_BY_TIME, 0, &first, &second));
        ck_assert_uint_eq(count_of(second), cases[i].second);
        mark(second, seen);
        for (int j = 0; j < 12; j++) ck_assert_int_eq(seen[j], times[j] > 4 - (double)cases[i].second / 3);
        destroy(first, second);
    }
    /* One long day between two short ones: 6 of 12 are wanted, the places are 2 and 11. */
    static const double uneven[12] = {1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3};
    expect_ok(soma_dataset_set_times(dataset, uneven, 12));
    expect_ok(soma_dataset_divide(dataset, 0.5, SOMA_BY_TIME, 0, &first, &second));
    ck_assert_uint_eq(count_of(second), 10);
    destroy(first, second);
    soma_dataset_destroy(dataset);
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- folds */

/* 103 samples of three classes, 61, 31 and 11, in 5 folds: each sample is in one fold; a fold has 20 or 21, and of the
 * classes 12 or 13, 6 or 7, 2 or 3. */
START_TEST(folds_are_stratified_and_disjoint) {
    int32_t classes[103];
    int seen[MOST] = {0}, other[MOST] = {0};
    for (int i = 0; i < 103; i++) classes[i] = i * 13 % 103 < 61 ? 0 : i * 13 % 103 < 92 ? 1 : 2;
    soma_dataset *dataset = numbered(103, classes), *first, *second;
    for (size_t fold = 0; fold < 5; fold++) {
        int32_t found[MOST];
        size_t count[3] = {0};
        expect_ok(soma_dataset_fold(dataset, 5, fold, SOMA_BY_ROWS, 3, &first, &second));
        ck_assert_uint_eq(count_of(first) + count_of(second), 103);
        ck_assert_uint_ge(count_of(second), 20);
        ck_assert_uint_le(count_of(second), 21);
        expect_ok(soma_dataset_read_classes(second, 0, count_of(second), found));
        for (size_t i = 0; i < count_of(second); i++) count[found[i]]++;
        ck_assert(count[0] == 12 || count[0] == 13);
        ck_assert(count[1] == 6 || count[1] == 7);
        ck_assert(count[2] == 2 || count[2] == 3);
        int both[MOST] = {0};
        mark(first, both), mark(second, both), mark(second, seen);
        for (int i = 0; i < 103; i++) ck_assert_int_eq(both[i], 1);
        if (fold == 0) mark(second, other);
        destroy(first, second);
    }
    for (int i = 0; i < 103; i++) ck_assert_int_eq(seen[i], 1);
    int again[MOST] = {0};
    expect_ok(soma_dataset_fold(dataset, 5, 0, SOMA_BY_ROWS, 4, &first, &second));
    mark(second, again);
    ck_assert_mem_ne(other, again, sizeof again); /* of another seed */
    destroy(first, second);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Groups of 9, 6, 5, 4, 3, 2 and 1 in 3 folds of 30 samples: the largest first, each to the smallest fold, gives 9 + 2,
 * 6 + 3 + 1, 5 + 4. */
START_TEST(folds_keep_groups_together) {
    static const int size[7] = {3, 9, 1, 5, 2, 6, 4};
    int64_t groups[30];
    int seen[MOST] = {0}, sizes[3] = {0};
    for (int group = 0, i = 0; group < 7; group++)
        for (int j = 0; j < size[group]; j++) groups[i++] = group;
    soma_dataset *dataset = numbered(30, NULL), *first, *second;
    expect_ok(soma_dataset_set_groups(dataset, groups, 30));
    for (size_t fold = 0; fold < 3; fold++) {
        int here[MOST] = {0};
        expect_ok(soma_dataset_fold(dataset, 3, fold, SOMA_BY_GROUPS, fold, &first, &second)); /* sizes: any seed */
        destroy(first, second);
        expect_ok(soma_dataset_fold(dataset, 3, fold, SOMA_BY_GROUPS, 7, &first, &second));
        sizes[fold] = (int)count_of(second);
        mark(second, here), mark(second, seen);
        for (int i = 1; i < 30; i++) ck_assert(groups[i] != groups[i - 1] || here[i] == here[i - 1]);
        destroy(first, second);
    }
    for (int i = 0; i < 30; i++) ck_assert_int_eq(seen[i], 1);
    ck_assert_int_eq(sizes[0], 11);
    ck_assert_int_eq(sizes[1], 10);
    ck_assert_int_eq(sizes[2], 9);
    soma_dataset_destroy(dataset);
}
END_TEST

/* 12 moments in 3 folds: parts of 3; fold i is tested on part i + 1 after training on all before it, and nothing later
 * is seen. */
START_TEST(folds_by_time_go_forward) {
    double times[12];
    for (int i = 0; i < 12; i++) times[i] = (double)(i * 5 % 12); /* each of 0 to 11, mixed */
    soma_dataset *dataset = numbered(12, NULL), *first, *second;
    expect_ok(soma_dataset_set_times(dataset, times, 12));
    for (size_t fold = 0; fold < 3; fold++) {
        int trained[MOST] = {0}, tested[MOST] = {0};
        expect_ok(soma_dataset_fold(dataset, 3, fold, SOMA_BY_TIME, 0, &first, &second));
        mark(first, trained), mark(second, tested);
        for (int i = 0; i < 12; i++) {
            double begin = 3 * (double)(fold + 1);
            ck_assert_int_eq(trained[i], times[i] < begin);
            ck_assert_int_eq(tested[i], times[i] >= begin && times[i] < begin + 3);
        }
        destroy(first, second);
    }
    static const double days[12] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 3};
    expect_ok(soma_dataset_set_times(dataset, days, 12));
    expect_error(soma_dataset_fold(dataset, 3, 0, SOMA_BY_TIME, 0, &first, &second), SOMA_INVALID_ARGUMENT, "3 folds",
                 "one time", "fewer");
    ck_assert_ptr_null(first);
    soma_dataset_destroy(dataset);
}
END_TEST

/* ----------------------------------------------------------------------------------------------------- refusals */

START_TEST(refuses_what_cannot_be_divided) {
    soma_dataset *dataset = numbered(4, NULL), *first, *second;
    static const int64_t same[4] = {3, 3, 3, 3};
    static const double now[4] = {2.5, 2.5, 2.5, 2.5}, never[4] = {0, 1, NAN, 3};
    expect_error(soma_dataset_divide(dataset, 0.5, SOMA_BY_GROUPS, 0, &first, &second), SOMA_INVALID_STATE, "no groups",
                 "set_groups");
    expect_error(soma_dataset_divide(dataset, 0.5, SOMA_BY_TIME, 0, &first, &second), SOMA_INVALID_STATE, "no times",
                 "set_times");
    expect_ok(soma_dataset_set_groups(dataset, same, 4));
    expect_ok(soma_dataset_set_times(dataset, now, 4));
    expect_error(soma_dataset_divide(dataset, 0.5, SOMA_BY_GROUPS, 0, &first, &second), SOMA_INVALID_ARGUMENT,
                 "one group", "two");
    expect_error(soma_dataset_divide(dataset, 0.5, SOMA_BY_TIME, 0, &first, &second), SOMA_INVALID_ARGUMENT, "2.5",
                 "two times");
    expect_error(soma_dataset_fold(dataset, 2, 0, SOMA_BY_GROUPS, 0, &first, &second), SOMA_INVALID_ARGUMENT, "2 folds",
                 "1 group");
    expect_error(soma_dataset_divide(dataset, 0.5, (soma_division_by)7, 0, &first, &second), SOMA_INVALID_ARGUMENT, "7",
                 "rows, groups, time");
    expect_error(soma_dataset_fold(dataset, 1, 0, SOMA_BY_ROWS, 0, &first, &second), SOMA_INVALID_ARGUMENT, "1 folds");
    expect_error(soma_dataset_fold(dataset, 5, 0, SOMA_BY_ROWS, 0, &first, &second), SOMA_INVALID_ARGUMENT, "5 folds",
                 "4 samples");
    expect_error(soma_dataset_fold(dataset, 3, 3, SOMA_BY_ROWS, 0, &first, &second), SOMA_INVALID_ARGUMENT,
                 "fold 3 of 3");
    expect_error(soma_dataset_set_groups(dataset, same, 3), SOMA_INVALID_ARGUMENT, "3 groups", "4 samples");
    expect_error(soma_dataset_set_times(dataset, now, 5), SOMA_INVALID_ARGUMENT, "5 times", "4 samples");
    expect_error(soma_dataset_set_times(dataset, never, 4), SOMA_INVALID_ARGUMENT, "sample 2", "finite");
    expect_error(soma_dataset_divide(NULL, 0.5, SOMA_BY_ROWS, 0, &first, &second), SOMA_INVALID_ARGUMENT, "NULL");
    expect_error(soma_dataset_fold(NULL, 2, 0, SOMA_BY_ROWS, 0, &first, &second), SOMA_INVALID_ARGUMENT, "NULL");
    soma_dataset_destroy(dataset);
}
END_TEST

/* Groups that are set on a part are that part's alone. */
START_TEST(groups_belong_to_their_data_set) {
    static const int64_t halves[8] = {0, 0, 0, 0, 1, 1, 1, 1}, pairs[4] = {5, 5, 6, 6};
    soma_dataset *dataset = numbered(8, NULL), *first, *second, *inner, *outer;
    int before[MOST] = {0}, after[MOST] = {0};
    expect_ok(soma_dataset_set_groups(dataset, halves, 8));
    expect_ok(soma_dataset_divide(dataset, 0.5, SOMA_BY_GROUPS, 0, &first, &second));
    mark(second, before);
    expect_error(soma_dataset_divide(second, 0.5, SOMA_BY_GROUPS, 0, &outer, &inner), SOMA_INVALID_ARGUMENT,
                 "one group");
    expect_ok(soma_dataset_set_groups(second, pairs, 4));
    mark(second, after);
    ck_assert_mem_eq(before, after, sizeof after);
    expect_ok(soma_dataset_divide(second, 0.5, SOMA_BY_GROUPS, 0, &outer, &inner));
    ck_assert_uint_eq(count_of(inner), 2);
    ck_assert_int_eq(dataset->storage->groups[7], 1);
    destroy(outer, inner), destroy(first, second);
    soma_dataset_destroy(dataset);
}
END_TEST

/* ------------------------------------------------------------------------------------------------- fingerprints */

START_TEST(a_fingerprint_tells_data_apart) {
    static const int32_t classes[4] = {0, 1, 0, 1}, others[4] = {0, 1, 1, 1};
    soma_dataset *dataset = numbered(4, classes), *same = numbered(4, classes), *labels = numbered(4, others);
    soma_dataset *longer = numbered(5, NULL), *shorter = numbered(4, NULL);
    const uint64_t fingerprint = soma_dataset_fingerprint(dataset, 0);
    ck_assert_uint_ne(fingerprint, 0);
    ck_assert_uint_eq(soma_dataset_fingerprint(dataset, 4), fingerprint);
    ck_assert_uint_eq(soma_dataset_fingerprint(same, 0), fingerprint);
    ck_assert_uint_ne(soma_dataset_fingerprint(labels, 0), fingerprint);
    ck_assert_uint_ne(soma_dataset_fingerprint(longer, 0), soma_dataset_fingerprint(shorter, 0));
    ck_assert_uint_eq(soma_dataset_fingerprint(longer, 4), soma_dataset_fingerprint(shorter, 0));
    ck_assert_uint_eq(soma_dataset_fingerprint(dataset, 5), 0);
    ck_assert_uint_eq(soma_dataset_fingerprint(NULL, 0), 0);
    destroy(dataset, same), destroy(longer, shorter);
    soma_dataset_destroy(labels);
}
END_TEST

START_TEST(a_network_keeps_a_division) {
    char column[] = "patient";
    const soma_division wanted = {.by = SOMA_BY_GROUPS,
                                  .test = 0.2,
                                  .validation = 0.1,
                                  .seed = UINT64_MAX,
                                  .samples = 150,
                                  .fingerprint = INT64_MAX,
                                  .column = column};
    soma_division found;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    ck_assert(!soma_network_get_division(network, &found));
    expect_ok(soma_network_set_division(network, &wanted));
    column[0] = 'P'; /* a copy is kept */
    ck_assert(soma_network_get_division(network, &found));
    ck_assert_str_eq(found.column, "patient");
    ck_assert_uint_eq(found.seed, UINT64_MAX);
    ck_assert_double_eq(found.test, 0.2);
    expect_ok(soma_network_set_division(network, &found)); /* its own */
    ck_assert(soma_network_get_division(network, &found) && found.by == SOMA_BY_GROUPS);
    ck_assert_str_eq(found.column, "patient");
    soma_division bad = wanted;
    bad.test = 1;
    expect_error(soma_network_set_division(network, &bad), SOMA_INVALID_ARGUMENT, "fractions", "below 1");
    bad = wanted, bad.samples = 0;
    expect_error(soma_network_set_division(network, &bad), SOMA_INVALID_ARGUMENT, "0 samples");
    bad = wanted, bad.by = (soma_division_by)9;
    expect_error(soma_network_set_division(network, &bad), SOMA_INVALID_ARGUMENT, "9", "rows, groups, time");
    bad = wanted, bad.column = "\xff";
    expect_error(soma_network_set_division(network, &bad), SOMA_INVALID_ARGUMENT, "UTF-8");
    bad = wanted, bad.test_samples = 3;
    expect_error(soma_network_set_division(network, &bad), SOMA_INVALID_ARGUMENT, "a file to test on of 3 samples");
    bad = wanted, bad.validation_fingerprint = 3;
    expect_error(soma_network_set_division(network, &bad), SOMA_INVALID_ARGUMENT, "a file for validation of 0 samples");
    expect_error(soma_network_set_division(NULL, &wanted), SOMA_INVALID_ARGUMENT, "NULL");
    ck_assert(soma_network_get_division(network, NULL));
    expect_ok(soma_network_set_division(network, NULL));
    ck_assert(!soma_network_get_division(network, NULL));
    soma_network_destroy(network);
}
END_TEST

/* Rows change places with what is in them: inputs, classes by their names, whatever their numbers. */
START_TEST(a_fingerprint_of_rows_in_any_order) {
    static const char *const tables[] = {"p,q,y\n1,2,a\n3,4,b\n1,2,a\n5,6,c\n",
                                         "p,q,y\n5,6,c\n3,4,b\n1,2,a\n1,2,a\n", /* the same */
                                         "p,q,y\n1,2,a\n3,4,b\n3,4,b\n5,6,c\n",
                                         "p,q,y\n1,2,a\n3,4,b\n1,2,c\n5,6,a\n",
                                         "p,q,y\n1700000000,2,a\n1700000001,4,b\n",
                                         "p,q,y\n1700000001,4,b\n1700000000,2,a\n", /* the same */
                                         "p,q,y\n1700000100,2,a\n1700000101,4,b\n", /* of the same differences */
                                         "p,q,y\n1700000001,2,a\n1700000000,4,b\n", /* the same as float32 */
                                         "p,q,y\n1,2,a\n3,4,b\n5,6,c\n",
                                         "p,q,y\n2,1,a\n4,3,b\n2,1,a\n6,5,c\n"};
    uint64_t found[SOMA_COUNT_OF(tables)];
    for (size_t i = 0; i < SOMA_COUNT_OF(tables); i++) {
        soma_dataset *dataset;
        expect_ok(soma_csv_parse("t.csv", tables[i], strlen(tables[i]), NULL, &dataset));
        found[i] = soma_dataset_rows_fingerprint(dataset);
        ck_assert(found[i] != 0 && found[i] <= INT64_MAX);
        for (size_t j = 0; j < i; j++) ck_assert((found[i] == found[j]) == ((i == 1 && j == 0) || (i == 5 && j == 4)));
        soma_dataset_destroy(dataset);
    }
    ck_assert_uint_eq(soma_dataset_rows_fingerprint(NULL), 0);
}
END_TEST

/* What files keep: there and back, and whatever else may stand there. */
START_TEST(a_division_goes_through_text) {
    const soma_division wanted = {.by = SOMA_BY_TIME,
                                  .test = 0.1,
                                  .validation = 1.0 / 3,
                                  .seed = UINT64_MAX,
                                  .samples = 12345,
                                  .fingerprint = INT64_MAX,
                                  .column = "the \"day\"",
                                  .validation_samples = INT32_MAX,
                                  .validation_fingerprint = 1,
                                  .test_samples = 7,
                                  .test_fingerprint = INT64_MAX - 1,
                                  .rows_fingerprint = INT64_MAX - 2};
    soma_division found;
    soma_network *network, *other;
    char *text;
    expect_ok(soma_network_create(&network));
    expect_ok(soma_network_create(&other));
    expect_ok(soma_data_to_text(network, &text));
    ck_assert_ptr_null(text);
    expect_ok(soma_data_of_text(NULL, other));
    expect_ok(soma_network_set_division(network, &wanted));
    expect_ok(soma_data_to_text(network, &text));
    expect_ok(soma_data_of_text(text, other));
    ck_assert(soma_network_get_division(other, &found));
    ck_assert_int_eq(found.by, SOMA_BY_TIME);
    ck_assert_double_eq(found.test, 0.1);
    ck_assert_double_eq(found.validation, 1.0 / 3);
    ck_assert(found.seed == UINT64_MAX && found.samples == 12345 && found.fingerprint == INT64_MAX);
    ck_assert_str_eq(found.column, "the \"day\"");
    ck_assert(found.validation_samples == INT32_MAX && found.validation_fingerprint == 1);
    ck_assert_uint_eq(found.rows_fingerprint, INT64_MAX - 2);
    ck_assert(found.test_samples == 7 && found.test_fingerprint == INT64_MAX - 1);
    soma_free(text);
    soma_network_destroy(network);
    soma_network_destroy(other);
}
END_TEST

#define DIVISION(by, test, seed, samples, fingerprint)                                                                 \
    "{\"format\":1,\"division\":{\"by\":" by ",\"test\":" test ",\"validation\":0,\"seed\":" seed                      \
    ",\"samples\":" samples ",\"fingerprint\":" fingerprint "}}"

#define FURTHER(more)                                                                                                  \
    "{\"format\":1,\"division\":{\"by\":\"rows\",\"test\":0.5,\"validation\":0,\"seed\":\"1\",\"samples\":5,"          \
    "\"fingerprint\":\"7\"," more "}}"

static const struct {
    const char *text, *word;
} malformed[] = {
    {"", "JSON"},
    {"[]", "format"},
    {"{\"format\":2}", "format 2"},
    {"{\"format\":0}", "format"},
    {"{\"format\":1,\"division\":[]}", "by"},
    {DIVISION("\"chance\"", "0.2", "\"0\"", "5", "\"7\""), "rows, groups or time"},
    {DIVISION("\"rows\"", "\"0.2\"", "\"0\"", "5", "\"7\""), "numbers"},
    {DIVISION("\"rows\"", "1", "\"0\"", "5", "\"7\""), "below 1"},
    {DIVISION("\"rows\"", "-0.5", "\"0\"", "5", "\"7\""), "below 1"},
    {DIVISION("\"rows\"", "0.2", "0", "5", "\"7\""), "digits"},
    {DIVISION("\"rows\"", "0.2", "\"-1\"", "5", "\"7\""), "digits"},
    {DIVISION("\"rows\"", "0.2", "\"18446744073709551616\"", "5", "\"7\""), "digits"},
    {DIVISION("\"rows\"", "0.2", "\"0\"", "0", "\"7\""), "samples"},
    {DIVISION("\"rows\"", "0.2", "\"0\"", "2147483648", "\"7\""), "samples"},
    {DIVISION("\"rows\"", "0.2", "\"0\"", "5", "\"0\""), "fingerprint"},
    {DIVISION("\"rows\"", "0.2", "\"0\"", "5", "\"9223372036854775808\""), "fingerprint"},
    {FURTHER("\"rows_fingerprint\":7"), "\"rows_fingerprint\""},
    {FURTHER("\"rows_fingerprint\":\"7x\""), "\"rows_fingerprint\""},
    {FURTHER("\"validation_file\":{\"samples\":0,\"fingerprint\":\"7\"}"), "\"validation_file\""},
    {FURTHER("\"test_file\":{\"samples\":1,\"fingerprint\":7}"), "\"test_file\""},
    {"{\"format\":1,\"samples\":[1]}", "digits"},
    {"{\"format\":1,\"groups\":{}}", "digits"},
    {"{\"format\":1,\"groups\":[1]}", "digits"},
    {"{\"format\":1,\"groups\":[\"1\",\"x\"]}", "digits"},
    {"{\"format\":1,\"values\":{}}", "array"},
    {"{\"format\":1,\"values\":[{},{},{},{},{},{},{},{},{}]}", "at most 8"},
    {"{\"format\":1,\"values\":[1]}", "objects"},
    {"{\"format\":1,\"values\":[{\"type\":\"int8\"}]}", "uint8 or float32"},
    {"{\"format\":1,\"values\":[{\"type\":\"float32\",\"minimum\":1,\"maximum\":0,\"whole\":true}]}", "not less"},
    {"{\"format\":1,\"values\":[{\"type\":\"float32\",\"minimum\":1,\"maximum\":1e39,\"whole\":true}]}", "\"maximum\""},
    {"{\"format\":1,\"values\":[{\"type\":\"float32\",\"minimum\":1,\"maximum\":2}]}", "whole"},
};

/* Keys of what is not known would say that there is none of it. */
START_TEST(what_is_not_known_is_not_written) {
    static const char *const absent[] = {"column",  "rows_fingerprint", "validation_file", "test_file",
                                         "groups",  "\"samples\":[",    "\"samples\": [",  "values",
                                         "columns", "series",           "window"};
    soma_network *network;
    char *text;
    expect_ok(soma_network_create(&network));
    expect_ok(soma_data_to_text(network, &text));
    ck_assert_ptr_null(text);
    expect_ok(soma_data_of_text(DIVISION("\"rows\"", "0.2", "\"0\"", "5", "\"7\""), network));
    expect_ok(soma_data_to_text(network, &text));
    ck_assert_ptr_nonnull(strstr(text, "\"fingerprint\""));
    for (size_t i = 0; i < SOMA_COUNT_OF(absent); i++)
        ck_assert_msg(!strstr(text, absent[i]), "%s is in %s", absent[i], text);
    soma_free(text);
    soma_network_destroy(network);
}
END_TEST

START_TEST(refuses_malformed_text) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    expect_error(soma_data_of_text(malformed[_i].text, network), SOMA_INVALID_FILE, "soma.data", malformed[_i].word);
    ck_assert(!soma_network_get_division(network, NULL));
    expect_ok(soma_data_of_text("{\"format\":1,\"later\":[1,2]}", network)); /* keys of later versions */
    expect_ok(soma_data_of_text(DIVISION("\"rows\"", "0.2", "\"0\"", "5", "\"7\""), network));
    soma_network_destroy(network);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("division");
    TCase *cases = tcase_create("division");
    suite_add_tcase(suite, cases);
    tcase_add_test(cases, no_group_is_on_both_sides);
    tcase_add_test(cases, groups_are_drawn_by_seed_and_not_by_number);
    tcase_add_test(cases, groups_in_common);
    tcase_add_test(cases, a_network_knows_its_groups);
    tcase_add_test(cases, a_network_knows_its_samples);
    tcase_add_test(cases, many_groups_are_known_in_part);
    tcase_add_test(cases, neither_side_of_groups_stays_empty);
    tcase_add_test(cases, the_second_part_is_the_latest);
    tcase_add_test(cases, samples_of_one_time_stay_together);
    tcase_add_test(cases, folds_are_stratified_and_disjoint);
    tcase_add_test(cases, folds_keep_groups_together);
    tcase_add_test(cases, folds_by_time_go_forward);
    tcase_add_test(cases, refuses_what_cannot_be_divided);
    tcase_add_test(cases, groups_belong_to_their_data_set);
    tcase_add_test(cases, a_fingerprint_tells_data_apart);
    tcase_add_test(cases, a_network_keeps_a_division);
    tcase_add_test(cases, a_division_goes_through_text);
    tcase_add_test(cases, a_fingerprint_of_rows_in_any_order);
    tcase_add_test(cases, what_is_not_known_is_not_written);
    tcase_add_loop_test(cases, refuses_malformed_text, 0, (int)SOMA_COUNT_OF(malformed));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
