/* SPDX-License-Identifier: MIT */
/* Names of enumerations: every value has one, and finds back to its value. */
#include "base/base.h"
#include "device/functions.h"
#include "expect.h"
#include "suite.h"

static const struct {
    soma_names which;
    int count; /* values from 0 on */
    const char *first, *last;
} enumerations[] = {
    {SOMA_NAMES_FUNCTION, SOMA_FUNCTION_COUNT, "identity", "reciprocal"},
    {SOMA_NAMES_LOSS, SOMA_LOSS_NONE + 1, "default", "none"},
    {SOMA_NAMES_OPTIMIZER, SOMA_OPTIMIZER_COUNT, "sgd", "adamw"},
    {SOMA_NAMES_SCHEDULE, SOMA_SCHEDULE_PLATEAU + 1, "constant", "plateau"},
    {SOMA_NAMES_METRIC, SOMA_METRIC_NONE + 1, "default", "none"},
    {SOMA_NAMES_INITIALIZER, SOMA_INIT_COUNT, "default", "lecun_normal"},
    {SOMA_NAMES_BINARY, SOMA_BINARY_COUNT, "add", "power"},
    {SOMA_NAMES_REDUCTION, SOMA_REDUCTION_COUNT, "sum", "sum_squares"},
};

START_TEST(names_and_values_find_each_other) {
    soma_names which = enumerations[_i].which;
    int value, count = enumerations[_i].count;
    for (int i = 0; i < count; i++) {
        const char *name = soma_name(which, i);
        ck_assert_msg(name != NULL && *name != 0, "enumeration %d has no name for %d", (int)which, i);
        ck_assert(soma_value_of_name(which, name, strlen(name), &value));
        ck_assert_msg(value == i, "%s is %d and %d", name, i, value); /* no two alike */
    }
    ck_assert_str_eq(soma_name(which, 0), enumerations[_i].first);
    ck_assert_str_eq(soma_name(which, count - 1), enumerations[_i].last);
    ck_assert_ptr_null(soma_name(which, -1));
    ck_assert_ptr_null(soma_name(which, count));
}
END_TEST

START_TEST(softmax_stands_apart) {
    int value = 0;
    ck_assert_str_eq(soma_name(SOMA_NAMES_FUNCTION, SOMA_SOFTMAX), "softmax");
    ck_assert(soma_value_of_name(SOMA_NAMES_FUNCTION, "softmax", 7, &value));
    ck_assert_int_eq(value, SOMA_SOFTMAX);
}
END_TEST

START_TEST(only_whole_names_count) {
    int value = 77;
    ck_assert(soma_value_of_name(SOMA_NAMES_FUNCTION, "relu(1)", 4, &value)); /* so much of the text */
    ck_assert_int_eq(value, SOMA_RELU);
    value = 77;
    ck_assert(!soma_value_of_name(SOMA_NAMES_FUNCTION, "relu", 3, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_FUNCTION, "relu ", 5, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_FUNCTION, "ReLU", 4, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_LOSS, "relu", 4, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_LOSS, "", 0, &value));
    ck_assert(!soma_value_of_name((soma_names)99, "sum", 3, &value));
    ck_assert(!soma_value_of_name((soma_names)-1, "sum", 3, &value));
    ck_assert_ptr_null(soma_name((soma_names)99, 0));
    ck_assert_int_eq(value, 77);
}
END_TEST

/* The words of a row find it, and stand in no other row. */
START_TEST(functions_have_other_names) {
    uint32_t words = 0;
    for (int i = 0; i < SOMA_FUNCTION_COUNT; i++)
        for (const char *word = soma_function_get((soma_function)i)->words; *word; words++) {
            size_t length = strcspn(word, " ");
            int value = -1;
            ck_assert(soma_value_of_name(SOMA_NAMES_FUNCTION, word, length, &value));
            ck_assert_msg(value == i, "%s", word);
            word += length + strspn(word + length, " ");
        }
    ck_assert_uint_gt(words, 5);
    int value = 77;
    ck_assert(!soma_value_of_name(SOMA_NAMES_FUNCTION, "hard_silu hardsilu", 18, &value));
    ck_assert(!soma_value_of_name(SOMA_NAMES_FUNCTION, "", 0, &value));
    ck_assert_int_eq(value, 77);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, names_and_values_find_each_other, 0, SOMA_COUNT_OF(enumerations));
    tcase_add_test(cases, softmax_stands_apart);
    tcase_add_test(cases, only_whole_names_count);
    tcase_add_test(cases, functions_have_other_names);
}

int main(void) {
    return run_suite("names", add_tests);
}
