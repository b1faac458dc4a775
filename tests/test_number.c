/* SPDX-License-Identifier: MIT */
/* Decimal numbers: the nearest float32 whatever the length, as the C library finds it, and what is no number. */
#include "base/number.h"
#include "expect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static locale_t c_locale;

static void expect_value(const char *text, float expected) {
    float value;
    if (!soma_number_parse(text, c_locale, &value)) ck_abort_msg("%s is taken for no number", text);
    if (memcmp(&value, &expected, sizeof value) != 0)
        ck_abort_msg("%s is read as %a, expected %a", text, (double)value, (double)expected);
}

START_TEST(known_numbers) {
    expect_value("0", 0);
    expect_value("-0", -0.0f);
    expect_value("+7", 7);
    expect_value("007.50", 7.5f);
    expect_value(".5", 0.5f);
    expect_value("5.", 5);
    expect_value("1e3", 1000);
    expect_value("1E+03", 1000);
    expect_value("25e-2", 0.25f);
    expect_value("16777216", 16777216.0f);
    expect_value("16777217", 16777216.0f); /* halfway: to the even one */
    expect_value("16777219", 16777220.0f);
    expect_value("3.4028235e38", 0x1.fffffep127f);
    expect_value("3.4028236e38", INFINITY);
    expect_value("-1e39", -INFINITY);
    expect_value("1e-45", 0x1p-149f);
    expect_value("1e-46", 0);
    expect_value("1e99999999999999999999", INFINITY);
    expect_value("1e4294967297", INFINITY); /* 2^32 + 1 */
    expect_value("1e-4294967297", 0);
    expect_value("0e99999999999999999999", 0);
    expect_value("-1e-99999999999999999999", -0.0f);
    expect_value("0.1", 0x1.99999ap-4f);
    /* Halfway between two floats but for the last digit: rounding to float64 first would lose it. */
    expect_value("1.000000059604644775390625", 1);
    expect_value("1.0000000596046447753906250000000001", 0x1.000002p0f);
}
END_TEST

/* Against strtof of the C library, over short and long numbers. */
START_TEST(all_kinds_of_numbers) {
    uint64_t state = 88172645463325252u;
    for (int i = 0; i < 300000; i++) {
        char text[64];
        state ^= state << 13, state ^= state >> 7, state ^= state << 17; /* xorshift */
        int digits = 1 + (int)(state % 12), point = (int)(state >> 8) % (digits + 1),
            exponent = (int)(state >> 16 & 31) - 16, length = 0;
        uint64_t value = state >> 20;
        if (state >> 60 & 1) text[length++] = '-';
        for (int j = 0; j < digits; j++, value /= 10) {
            if (j == point) text[length++] = '.';
            text[length++] = (char)('0' + value % 10);
        }
        text[length] = 0;
        if (state >> 61 & 1) snprintf(text + length, sizeof text - (size_t)length, "e%d", exponent);
        expect_value(text, strtof(text, NULL));
    }
}
END_TEST

START_TEST(what_is_no_number) {
    static const char *const texts[] = {"",    " ",    "+",        "-",     ".",     "-.",    "e5",
                                        ".e5", "1e",   "1e+",      "1e-",   "1.2.3", "--1",   "+-1",
                                        "1 ",  " 1",   "1,5",      "0x10",  "1f",    "nan",   "NaN",
                                        "inf", "-inf", "infinity", "1e5.5", "1e5e5", "1_000", "\xD9\xA1"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        float value;
        if (soma_number_parse(texts[i], c_locale, &value)) ck_abort_msg("\"%s\" is taken for a number", texts[i]);
    }
}
END_TEST

START_TEST(divisors) {
    ck_assert_str_eq(soma_number_divisors(1).text, "1");
    ck_assert_str_eq(soma_number_divisors(8).text, "1, 2, 4, 8");
    ck_assert_str_eq(soma_number_divisors(36).text, "1, 2, 3, 4, 6, 9, 12, 18, 36");
    ck_assert_str_eq(soma_number_divisors(60).text, "1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60");
    ck_assert_str_eq(soma_number_divisors(120).text, "1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, ...");
    ck_assert_str_eq(soma_number_divisors(2147483647).text, "1, 2147483647"); /* a prime */
}
END_TEST

START_TEST(indices) {
    ck_assert(soma_number_is_index(0, 10));
    ck_assert(soma_number_is_index(-0.0f, 10));
    ck_assert(soma_number_is_index(9, 10));
    ck_assert(!soma_number_is_index(10, 10));
    ck_assert(!soma_number_is_index(0.5f, 10));
    ck_assert(!soma_number_is_index(-1, 10));
    ck_assert(!soma_number_is_index(INFINITY, 10));
    ck_assert(!soma_number_is_index(NAN, 10));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("number");
    TCase *cases = tcase_create("number");
    suite_add_tcase(suite, cases);
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    tcase_add_test(cases, known_numbers);
    tcase_add_test(cases, all_kinds_of_numbers);
    tcase_add_test(cases, what_is_no_number);
    tcase_add_test(cases, indices);
    tcase_add_test(cases, divisors);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    freelocale(c_locale);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
