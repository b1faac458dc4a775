/* SPDX-License-Identifier: MIT */
/* Columns of tables held against each other: which are missing, and what is said of many. */
#include "data/columns.h"
#include "expect.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(soma_columns *columns, const char *name, soma_column_role role) {
    expect_ok(soma_columns_add(columns, name, role));
    columns->named = true;
}

/* As many whole names as there is room for, and the number of the others. */
START_TEST(a_long_list_ends_in_a_number) {
    static const size_t lengths[] = {1, 9, 23, 36};
    const size_t characters = lengths[_i], quoted = characters + 2;
    for (size_t count = 1; count < 200; count += count < 30 ? 1 : 31) {
        soma_columns columns = {.count = 0};
        char name[80], text[SOMA_COLUMN_LIST + 1], *at = text;
        for (size_t i = 0; i < count; i++) {
            memset(name, 'a' + (char)(i % 26), characters);
            name[characters] = 0;
            add(&columns, name, SOMA_COLUMN_FEATURE);
        }
        text[SOMA_COLUMN_LIST] = '!';
        ck_assert_ptr_eq(soma_columns_list(&columns, SOMA_COLUMN_FEATURE, NULL, text), text);
        ck_assert_int_eq(text[SOMA_COLUMN_LIST], '!');
        ck_assert_uint_lt(strlen(text), SOMA_COLUMN_LIST);
        size_t named = 0;
        for (; *at == '"' || *at == ','; named++) {
            at += named ? 2 : 0;
            ck_assert_int_eq(at[0], '"');
            for (size_t i = 1; i <= characters; i++) ck_assert_int_eq(at[i], 'a' + (int)(named % 26));
            ck_assert_int_eq(at[characters + 1], '"');
            at += quoted;
        }
        if (named < count) {
            ck_assert_uint_eq(strtoul(at + strlen(" and "), &at, 10), count - named);
            ck_assert_str_eq(at, " more");
            ck_assert_uint_gt(named * (quoted + 2) + quoted + 24 + 2, SOMA_COLUMN_LIST); /* one more had no room */
        } else {
            ck_assert_str_eq(at, "");
        }
        soma_columns_clear(&columns);
    }
}
END_TEST

/* A column that is there for something else is missing as well. */
START_TEST(what_is_missing_is_named) {
    soma_columns known = {.count = 0}, found = {.count = 0};
    size_t place[3];
    add(&known, "a", SOMA_COLUMN_FEATURE);
    add(&known, "b", SOMA_COLUMN_FEATURE);
    add(&known, "c", SOMA_COLUMN_FEATURE);
    add(&known, "y", SOMA_COLUMN_LABEL);
    add(&found, "c", SOMA_COLUMN_FEATURE);
    add(&found, "b", SOMA_COLUMN_LABEL);
    expect_error(soma_columns_match(&known, &found, place), SOMA_INVALID_ARGUMENT, "no columns \"a\", \"b\", which",
                 "trained on; its columns besides the label are \"c\"");
    found.column[1].name[0] = 'y';
    add(&found, "b", SOMA_COLUMN_FEATURE);
    expect_error(soma_columns_match(&known, &found, place), SOMA_INVALID_ARGUMENT, "no column \"a\", which",
                 "\"c\", \"b\"");
    add(&found, "A", SOMA_COLUMN_FEATURE);
    expect_error(soma_columns_match(&known, &found, place), SOMA_INVALID_ARGUMENT,
                 "no column \"a\", which the model was trained on; there is \"A\", which is another name", "");
    add(&found, "a", SOMA_COLUMN_FEATURE);
    expect_ok(soma_columns_match(&known, &found, place));
    ck_assert(place[0] == 3 && place[1] == 1 && place[2] == 0); /* c, b, A, a */
    soma_columns_clear(&known);
    soma_columns_clear(&found);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, a_long_list_ends_in_a_number, 0, 4);
    tcase_add_test(cases, what_is_missing_is_named);
}

int main(void) {
    return run_suite("data_columns", add_tests);
}
