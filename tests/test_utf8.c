/* SPDX-License-Identifier: MIT */
/* UTF-8 as the Unicode Standard defines it (version 15, table 3-7), and text in messages. */
#include "base/base.h"
#include "base/utf8.h"
#include "expect.h"
#include "suite.h"

static const struct {
    const char *text;
    int bad; /* where it stops being UTF-8; -1: nowhere */
} checks[] = {
    {"", -1},
    {"plain", -1},
    {"\x7f", -1},
    {"\xc2\x80", -1},         /* U+0080, the first of two bytes */
    {"\xdf\xbf", -1},         /* U+07FF, the last */
    {"\xe0\xa0\x80", -1},     /* U+0800 */
    {"\xed\x9f\xbf", -1},     /* U+D7FF, before the surrogates */
    {"\xee\x80\x80", -1},     /* U+E000, after them */
    {"\xef\xbf\xbf", -1},     /* U+FFFF */
    {"\xf0\x90\x80\x80", -1}, /* U+10000 */
    {"\xf4\x8f\xbf\xbf", -1}, /* U+10FFFF, the last of all */
    {"a\x80", 1},             /* a continuation alone */
    {"\xc0\x80", 0},          /* overlong U+0000 */
    {"\xc1\xbf", 0},          /* overlong U+007F */
    {"\xe0\x9f\xbf", 0},      /* overlong U+07FF */
    {"\xed\xa0\x80", 0},      /* U+D800 */
    {"\xed\xbf\xbf", 0},      /* U+DFFF */
    {"\xf0\x8f\xbf\xbf", 0},  /* overlong U+FFFF */
    {"\xf4\x90\x80\x80", 0},  /* U+110000 */
    {"\xf5\x80\x80\x80", 0},
    {"\xff", 0},
    {"ab\xc3", 2}, /* cut */
    {"ab\xe2\x82", 2},
    {"ab\xf0\x9f\x98", 2},
    {"\xc3(", 0},
    {"\xe2\x82(", 0},
    {"\xf0\x9f\x98(", 0},
    {"\xc3\xa9\xc3", 2},
};

START_TEST(utf8_is_told_from_other_bytes) {
    size_t offset = 99;
    bool good = soma_utf8_check(checks[_i].text, strlen(checks[_i].text), &offset);
    ck_assert_int_eq(good, checks[_i].bad < 0);
    if (!good) ck_assert_uint_eq(offset, checks[_i].bad);
    if (good && *checks[_i].text)
        ck_assert_uint_eq(soma_utf8_length(checks[_i].text, strlen(checks[_i].text)),
                          (unsigned char)*checks[_i].text < 0x80 ? 1 : strlen(checks[_i].text));
}
END_TEST

static const struct {
    const char *text, *quoted;
} quotes[] = {
    {"", "\"\""},
    {"word", "\"word\""},
    {"caf\xc3\xa9", "\"caf\xc3\xa9\""},
    {"\n\t\x1b\x7f", "\"\\x0a\\x09\\x1b\\x7f\""},
    {"a\xff\xc3", "\"a\\xff\\xc3\""},
    {"012345678901234567890123456789012345678901234567890123456",
     "\"012345678901234567890123456789012345678901234567890123456\""},
};

START_TEST(text_is_fit_for_messages) {
    ck_assert_str_eq(soma_quote(quotes[_i].text, strlen(quotes[_i].text)).text, quotes[_i].quoted);
}
END_TEST

START_TEST(long_text_is_cut_between_characters) {
    char text[201];
    size_t offset;
    for (int width = 1; width <= 4; width++) {
        static const char *const characters[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
        for (int i = 0; i + width <= 200; i += width) memcpy(text + i, characters[width - 1], (size_t)width);
        size_t length = 200 - 200 % (size_t)width;
        soma_quoted quoted = soma_quote(text, length);
        size_t end = strlen(quoted.text);
        ck_assert(end >= 55 && end < sizeof quoted.text);
        ck_assert_str_eq(quoted.text + end - 4, "...\"");
        ck_assert(soma_utf8_check(quoted.text, end, &offset));
    }
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, utf8_is_told_from_other_bytes, 0, SOMA_COUNT_OF(checks));
    tcase_add_loop_test(cases, text_is_fit_for_messages, 0, SOMA_COUNT_OF(quotes));
    tcase_add_test(cases, long_text_is_cut_between_characters);
}

int main(void) {
    return run_suite("utf8", add_tests);
}
