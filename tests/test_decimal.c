/* SPDX-License-Identifier: MIT */
/* Numbers in text as float64: the nearest one whatever the length, as the C library finds it; where they end; and what
 * float64 is short of. */
#include "base/base.h"
#include "base/decimal.h"
#include "expect.h"
#include "io/csv/reader.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 88172645463325252u;

static uint64_t next_random(void) { /* xorshift */
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state;
}

/* At the very end of its memory, so that a read beyond it is seen by a sanitizer. */
static soma_decimal scan(const char *text) {
    size_t length = strlen(text);
    char *copy = malloc(length);
    memcpy(copy, text, length);
    const char *at = copy;
    soma_decimal number = {-1, -1};
    bool found = soma_decimal_scan(&at, copy + length, &number);
    ptrdiff_t read = at - copy;
    free(copy);
    if (!found || read != (ptrdiff_t)length) ck_abort_msg("%.40s: found %d, %td characters of it", text, found, read);
    return number;
}

static void expect_value(const char *text, double expected) {
    double value = scan(text).value;
    if (memcmp(&value, &expected, sizeof value) != 0)
        ck_abort_msg("%.60s is read as %a, expected %a", text, value, expected);
}

START_TEST(known_numbers) {
    expect_value("0", 0);
    expect_value("-0", -0.0);
    expect_value("+7", 7);
    expect_value("007.50", 7.5);
    expect_value(".5", 0.5);
    expect_value("5.", 5);
    expect_value("1E+03", 1000);
    expect_value("25e-2", 0.25);
    expect_value("0.1", 0x1.999999999999ap-4);
    expect_value("9007199254740993", 9007199254740992.0); /* 2^53 + 1: halfway, to the even one */
    expect_value("9007199254740993.00000000000000000000000000000000000000001", 9007199254740994.0);
    expect_value("9007199254740995", 9007199254740996.0);
    expect_value("4503599627370496.5", 4503599627370496.0);
    expect_value("4503599627370497.5", 4503599627370498.0);
    expect_value("18446744073709551615", 0x1p64);
    expect_value("18446744073709551616", 0x1p64);
    expect_value("1.7976931348623157e308", 0x1.fffffffffffffp1023);
    expect_value("1.7976931348623159e308", INFINITY);
    expect_value("-1e309", -INFINITY);
    expect_value("4.9406564584124654e-324", 0x1p-1074);
    expect_value("2.4703282292062327e-324", 0);
    expect_value("2.2250738585072011e-308", 0x0.fffffffffffffp-1022); /* where others have looped for ever */
    expect_value("1e23", 0x1.52d02c7e14af6p76);
    expect_value("1e99999999999999999999", INFINITY);
    expect_value("1e-99999999999999999999", 0);
    expect_value("-0e99999999999999999999", -0.0);
    expect_value("0.000000000000000000000000000000000000001", 1e-39);
    expect_value("1000000000000000000000000000000000000000", 1e39);
}
END_TEST

/* Digits without end: those that decide come last. */
START_TEST(long_numbers) {
    char text[3000] = "1.00000000000000011102230246251565404236316680908203125"; /* 1 + 2^-53: halfway */
    expect_value(text, 1);
    size_t length = strlen(text);
    memset(text + length, '0', 2000);
    text[length + 2000] = 0;
    expect_value(text, 1);
    strcat(text, "1");
    expect_value(text, 0x1.0000000000001p0);
    memset(text, '9', 2500);
    strcpy(text + 2500, "e-2500");
    expect_value(text, 1);
    memset(text, '0', 2500);
    memcpy(text, "0.", 2);
    strcpy(text + 2500, "25e2499");
    expect_value(text, 2.5);
}
END_TEST

/* Against the C library, with as many digits and such exponents as the quick ways take, and more. */
START_TEST(all_kinds_of_numbers) {
    for (int i = 0; i < 600000; i++) {
        char text[96];
        uint64_t choice = next_random(), value = next_random();
        int digits = 1 + (int)(choice % 22), point = (int)(choice >> 8) % (digits + 1), length = 0,
            exponent = (int)(choice >> 16 & 255) - 128;
        if (choice >> 60 & 1) text[length++] = '-';
        for (int j = 0; j < digits; j++, value = value < 10 ? next_random() : value / 10) {
            if (j == point) text[length++] = '.';
            text[length++] = (char)('0' + value % 10);
        }
        text[length] = 0;
        if (choice >> 61 & 1) snprintf(text + length, sizeof text - (size_t)length, "e%d", exponent);
        expect_value(text, strtod(text, NULL));
    }
}
END_TEST

/* What programs write, and read again to the same bits. */
START_TEST(numbers_as_written) {
    static const char *const forms[] = {"%.17g", "%.16e", "%.18e", "%.25e"};
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = next_random();
        char text[64];
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        if (i & 1) value = fmod(value, 1e6);
        snprintf(text, sizeof text, forms[i % 4], value);
        expect_value(text, value);
    }
}
END_TEST

/* Whole numbers just beside, and just at, the middle between two float64. */
START_TEST(halfway) {
    for (int i = 0; i < 100000; i++) {
        unsigned shift = 1 + (unsigned)(next_random() % 10);
        uint64_t whole = (next_random() >> 11 | (uint64_t)1 << 52) << shift,
                 middle = whole + ((uint64_t)1 << (shift - 1));
        for (int beside = -1; beside <= 1; beside++) {
            char text[32];
            snprintf(text, sizeof text, "%" PRIu64, middle + (uint64_t)(int64_t)beside);
            expect_value(text, strtod(text, NULL));
        }
    }
}
END_TEST

START_TEST(rests) {
    static const struct {
        const char *text;
        double value, rest;
    } known[] = {{"9007199254740992", 9007199254740992.0, 0},
                 {"9007199254740993", 9007199254740992.0, 1},
                 {"-9007199254740993", -9007199254740992.0, -1},
                 {"9007199254740995", 9007199254740996.0, -1},
                 {"1700000000000000001", 1700000000000000000.0, 1},
                 {"9999999999999999999", 1e19, -1},
                 {"9007199254740993.0", 9007199254740992.0, 0},       /* not written as a whole number */
                 {"12345678901234567890", 12345678901234567168.0, 0}, /* of 20 digits */
                 {"1e17", 1e17, 0}};
    for (size_t i = 0; i < SOMA_COUNT_OF(known); i++) {
        soma_decimal number = scan(known[i].text);
        if (number.value != known[i].value || number.rest != known[i].rest)
            ck_abort_msg("%s: %.17g and %g", known[i].text, number.value, number.rest);
    }
}
END_TEST

START_TEST(where_numbers_end) {
    static const struct {
        const char *text;
        int length; /* 0: none begins */
    } known[] = {{"", 0},
                 {" 1", 0},
                 {"+", 0},
                 {"-", 0},
                 {".", 0},
                 {"-.", 0},
                 {"e5", 0},
                 {".e5", 0},
                 {"1e", 0},
                 {"1e+", 0},
                 {"1e-", 0},
                 {"nan", 0},
                 {"inf", 0},
                 {"--1", 0},
                 {"1.2.3", 3},
                 {"1 ", 1},
                 {"1,5", 1},
                 {"0x10", 1},
                 {"1f", 1},
                 {"1_000", 1},
                 {"1e5e5", 3},
                 {"1;2", 1},
                 {"12345678901/", 11},
                 {"12345678:", 8},
                 {"1234567\x80", 7},
                 {"\xD9\xA1", 0}};
    for (size_t i = 0; i < SOMA_COUNT_OF(known); i++) {
        const char *at = known[i].text;
        soma_decimal number;
        bool found = soma_decimal_scan(&at, at + strlen(at), &number);
        if (found != (known[i].length > 0) || at - known[i].text != known[i].length)
            ck_abort_msg("\"%s\": %d, %td characters", known[i].text, found, at - known[i].text);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------- rows of numbers */

enum { FIELDS = 120, LONGEST_FIELD = 40 };

typedef struct row_text {
    char text[FIELDS * LONGEST_FIELD + 200];
    size_t size, begin;                /* the fields begin there, behind a line of another kind */
    size_t at[FIELDS], length[FIELDS]; /* of each field */
    bool plain[FIELDS];                /* a number that is to be read at once, wherever it has room */
} row_text;

/* Up to 22 digits, perhaps with a sign, a point or an exponent. */
static bool write_number(char *text, size_t *length) {
    const uint64_t choice = next_random();
    const int digits = 1 + (int)(choice >> 4 & 7 ? choice % 19 : choice % 22),
              point = (int)(choice >> 8 & 0xFFFF) % digits;
    const bool has_point = choice >> 62 & 1, has_exponent = (choice >> 50 & 15) == 0;
    if (choice >> 60 & 1) text[(*length)++] = choice >> 59 & 1 ? '+' : '-';
    for (int i = 0; i < digits; i++) {
        if (i == point && has_point) text[(*length)++] = '.';
        text[(*length)++] = (char)('0' + next_random() % 10);
    }
    text[*length] = 0;
    if (has_exponent) *length += (size_t)sprintf(text + *length, "e%d", (int)(choice >> 40 & 63) - 32);
    return !has_exponent && digits < 20 && (has_point || fabs(strtod(text, NULL)) < 0x1p53);
}

static void write_row_text(row_text *row) {
    static const char *const others[] = {"",
                                         " 1",
                                         "1 ",
                                         "-",
                                         "+",
                                         ".",
                                         "-.",
                                         "1.2.3",
                                         "--1",
                                         "+-1",
                                         "1e5",
                                         "\"7\"",
                                         "nan",
                                         "x",
                                         "1:",
                                         "1/2",
                                         "12a4",
                                         "1..2",
                                         "\t7",
                                         "123456789/",
                                         ".12345678.",
                                         "1234567890123456.x",
                                         "9007199254740993",
                                         "12345678901234567890",
                                         "123456789012345678901234567890",
                                         "0.1234567890123456789012"};
    row->size = row->begin = (size_t)sprintf(
        row->text, "%.*s\n", (int)(next_random() % 100),
        "a line of names, whose length is another one each time, so that fields begin anywhere in what is looked at");
    for (int i = 0; i < FIELDS; i++) {
        char *text = row->text + row->size;
        row->at[i] = row->size;
        row->length[i] = 0;
        row->plain[i] = false;
        if (next_random() % 8 == 0) {
            const char *other = others[next_random() % SOMA_COUNT_OF(others)];
            row->length[i] = (size_t)sprintf(text, "%s", other);
        } else {
            row->plain[i] = write_number(text, &row->length[i]);
        }
        row->size += row->length[i];
        row->text[row->size++] = next_random() % 8 ? ',' : '\n';
    }
}

static void expect_same_place(const soma_csv_reader *left, const soma_csv_reader *right, const char *field) {
    if (left->position != right->position || left->line != right->line || left->column != right->column ||
        left->field_line != right->field_line || left->ends_record != right->ends_record)
        ck_abort_msg("%.40s: offset %zu, line %zu, column %zu; one by one offset %zu, line %zu, column %zu", field,
                     left->position, left->line, left->column, right->position, right->line, right->column);
}

/* What is read at once is what is there, and leaves the reader where one field after the other would; what is not, is
 * none of the plain ones. */
START_TEST(rows_of_numbers) {
    static row_text row;
    size_t most = 0;
    for (int round = 0; round < 2000; round++) {
        write_row_text(&row);
        char *copy = malloc(row.size); /* of which a sanitizer sees the end */
        memcpy(copy, row.text, row.size);
        soma_csv_reader reader, one_by_one;
        expect_ok(soma_csv_begin(&reader, "row", copy, row.size, ','));
        soma_csv_return(&reader, row.begin, 2);
        reader.ends_record = true;
        one_by_one = reader;
        for (size_t i = 0; i < FIELDS;) {
            double numbers[9];
            const size_t asked = SOMA_MIN(1 + next_random() % SOMA_COUNT_OF(numbers), FIELDS - i),
                         read = soma_csv_next_numbers(&reader, asked, numbers), first = i;
            ck_assert_uint_le(read, asked);
            most = SOMA_MAX(most, read);
            for (; i < first + read; i++) {
                char *end, *field = row.text + row.at[i];
                const double expected = strtod(field, &end);
                if (end != field + row.length[i] || memcmp(&expected, &numbers[i - first], sizeof expected) != 0)
                    ck_abort_msg("%.*s is read as %.17g", (int)row.length[i], field, numbers[i - first]);
                expect_ok(soma_csv_next(&one_by_one));
            }
            if (read == 0) {
                const bool room = row.at[i] >= 64 && row.at[i] + row.length[i] + 64 < row.size;
                if (row.plain[i] && room) ck_abort_msg("%.40s is not read", row.text + row.at[i]);
                expect_ok(soma_csv_next(&one_by_one));
                expect_ok(soma_csv_next(&reader));
                i++;
            }
            expect_same_place(&reader, &one_by_one, row.text + row.at[i - 1]);
        }
        ck_assert(reader.position == row.size);
        soma_csv_clear(&reader);
        soma_csv_clear(&one_by_one);
        free(copy);
    }
    ck_assert_uint_eq(most, 9);
}
END_TEST

START_TEST(the_locale_changes_nothing) {
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
    bool found = false;
    for (size_t i = 0; i < SOMA_COUNT_OF(locales) && !found; i++) found = setlocale(LC_ALL, locales[i]) != NULL;
    if (!found) printf("skipped: no locale with a decimal comma is installed\n");
    expect_value("3.14159265358979323846264338327950288", 0x1.921fb54442d18p1);
    expect_value("1.5e-320", 0x0.0000000000bdcp-1022);
    setlocale(LC_ALL, "C");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("decimal");
    TCase *cases = tcase_create("decimal");
    suite_add_tcase(suite, cases);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, known_numbers);
    tcase_add_test(cases, long_numbers);
    tcase_add_test(cases, all_kinds_of_numbers);
    tcase_add_test(cases, numbers_as_written);
    tcase_add_test(cases, halfway);
    tcase_add_test(cases, rests);
    tcase_add_test(cases, where_numbers_end);
    tcase_add_test(cases, rows_of_numbers);
    tcase_add_test(cases, the_locale_changes_nothing);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
