/* SPDX-License-Identifier: MIT */
/* Letters of pictures: each can be told from every other. */
#include "suite.h"

#include "tools/letters.h"

static bool are_alike(char a, char b) {
    for (size_t row = 0; row < LETTER_HEIGHT; row++)
        for (size_t column = 0; column < LETTER_WIDTH; column++)
            if (letter_has_ink(a, row, column) != letter_has_ink(b, row, column)) return false;
    return true;
}

/* With the space, which has no ink. */
START_TEST(each_looks_like_no_other) {
    for (char a = ' '; a <= '~'; a++)
        for (char b = ' '; b < a; b++) ck_assert_msg(!are_alike(a, b), "%c looks like %c", a, b);
    for (size_t row = 0; row < LETTER_HEIGHT; row++)
        for (size_t column = 0; column < LETTER_WIDTH; column++) ck_assert(!letter_has_ink(' ', row, column));
}
END_TEST

/* A plus, an underscore and an L, as anybody would draw them: a place among the bands that is off by one shows here. */
START_TEST(known_ones) {
    for (size_t row = 0; row < LETTER_HEIGHT; row++)
        for (size_t column = 0; column < LETTER_WIDTH; column++) {
            bool plus = row >= 1 && row <= 5 && (column == 2 || row == 3);
            ck_assert_int_eq(letter_has_ink('+', row, column), plus);
            ck_assert_int_eq(letter_has_ink('_', row, column), row == LETTER_HEIGHT - 1);
            bool l = row < LETTER_BASE && (column == 0 || row == LETTER_BASE - 1);
            ck_assert_int_eq(letter_has_ink('L', row, column), l);
        }
}
END_TEST

START_TEST(others_are_question_marks) {
    ck_assert(are_alike('\n', '?'));
    ck_assert(are_alike('\x7f', '?'));
    ck_assert(are_alike((char)0xc3, '?'));
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, each_looks_like_no_other);
    tcase_add_test(cases, known_ones);
    tcase_add_test(cases, others_are_question_marks);
}

int main(void) {
    return run_suite("letters", add_tests);
}
