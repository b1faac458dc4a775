/* SPDX-License-Identifier: MIT */
/* TREES by hand: every way through a small ensemble, and tables that a path must not leave. */
#include "reference.h"

/* Two trees: x0 <= 1 ? (x1 <= 2 ? 10 : 20) : 30, and x1 <= 0 ? 1 : 2; missing values of x1 are small in the first. */
static double node[3][4] = {{0, 1, 1, -3}, {-2, 2, -1, -2}, {1, 0, -4, -5}};
static double leaf[5][2] = {{10, 0}, {20, 0.5}, {30, 0}, {1, 0}, {2, 0.25}};
static double root[2] = {0, 2};

static void expect_sums(const double *x, uint32_t depth, double first, double second) {
    double found[2];
    run(soma_call_trees(F64((double *)x, 1, 2), F64(&node[0][0], 3, 4), F64(&leaf[0][0], 5, 2), F64(root, 2),
                        F64(found, 1, 2), depth));
    expect_value(found[0], first, 0, "first");
    expect_value(found[1], second, 0, "second");
}

START_TEST(every_leaf_is_reached) {
    expect_sums((double[]){1, 2}, 2, 10 + 2, 0 + 0.25); /* what is equal is at most */
    expect_sums((double[]){1, 2.5}, 2, 20 + 2, 0.5 + 0.25);
    expect_sums((double[]){1.5, 0}, 2, 30 + 1, 0);
    expect_sums((double[]){-INFINITY, INFINITY}, 2, 20 + 2, 0.5 + 0.25);
}
END_TEST

START_TEST(missing_values_go_where_the_node_says) {
    expect_sums((double[]){NAN, 0}, 2, 30 + 1, 0);
    expect_sums((double[]){0, NAN}, 2, 10 + 2, 0.25);
}
END_TEST

/* After one question the first tree's path is not at its end: it is taken for the first leaf. */
START_TEST(a_path_ends_after_so_many_nodes) {
    expect_sums((double[]){1, 2.5}, 1, 10 + 2, 0.25);
    expect_sums((double[]){1.5, 2.5}, 1, 30 + 2, 0.25);
    expect_sums((double[]){1.5, 2.5}, 0, 10 + 10, 0);
}
END_TEST

/* The nearest that there can be; of NaN the least, of a number with a fraction what is in front of that. */
START_TEST(numbers_without_sense_stay_in_the_tables) {
    double next[] = {1e30, -1e30, NAN, -2.75, -0.5}, expected[] = {10, 2, 2, 20, 10}, x[] = {0}, found;
    double leaves[] = {10, 20, 30, 1, 2};
    for (size_t i = 0; i < SOMA_COUNT_OF(next); i++) {
        double loop[4] = {1e9, 0, next[i], 0}, first = 0;
        run(soma_call_trees(F64(x, 1, 1), F64(loop, 1, 4), F64(leaves, 5, 1), F64(&first, 1), F64(&found, 1, 1), 7));
        expect_value(found, expected[i], 0, "next");
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trees");
    TCase *tests = tcase_create("trees");
    tcase_add_test(tests, every_leaf_is_reached);
    tcase_add_test(tests, missing_values_go_where_the_node_says);
    tcase_add_test(tests, a_path_ends_after_so_many_nodes);
    tcase_add_test(tests, numbers_without_sense_stay_in_the_tables);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
