/* SPDX-License-Identifier: MIT */
/*
 * What each normalizer of a tokenizer.json makes of a text: that of normalize_str() of PyPI's tokenizers 0.23.3.
 */
#include "base/base.h"
#include "data/tokenizer/tokenizer.h"
#include "expect.h"
#include "suite.h"
#include "temporary.h"

#include <stdint.h>
#include <stdio.h>
#include <uchar.h>

#define BERT(clean, chinese, accents)                                                                                  \
    "{\"type\":\"BertNormalizer\",\"clean_text\":" clean ",\"handle_chinese_chars\":" chinese                          \
    ",\"strip_accents\":" accents ",\"lowercase\":false}"
#define CHINESE             BERT("false", "true", "false")
#define STRIP(left, right)  "{\"type\":\"Strip\",\"strip_left\":" left ",\"strip_right\":" right "}"
#define REPLACE(what, with) "{\"type\":\"Replace\",\"pattern\":{\"String\":\"" what "\"},\"content\":\"" with "\"}"
#define ACCENTS             U"e\u0301 \u00e9 \u0903 \u20dd"

static const struct {
    const char *normalizer;
    const char32_t *text, *made;
} cases[] = {
    /* The characters at each end of what counts as Chinese, and those beside them. */
    {CHINESE, U"\u4dff\u4e00\u9fff\ua000", U"\u4dff \u4e00  \u9fff \ua000"},
    {CHINESE, U"\u33ff\u3400\u4dbf\u4dc0", U"\u33ff \u3400  \u4dbf \u4dc0"},
    {CHINESE, U"\U0001ffff\U00020000\U0002a6df\U0002a6e0", U"\U0001ffff \U00020000  \U0002a6df \U0002a6e0"},
    {CHINESE, U"\U0002a6ff\U0002a700\U0002b73f", U"\U0002a6ff \U0002a700  \U0002b73f "},
    {CHINESE, U"\U0002b740\U0002b81f\U0002b820", U" \U0002b740  \U0002b81f \U0002b820"},
    {CHINESE, U"\U0002b91f\U0002b920\U0002ceaf\U0002ceb0", U"\U0002b91f \U0002b920  \U0002ceaf \U0002ceb0"},
    {CHINESE, U"\uf8ff\uf900\ufaff\ufb00", U"\uf8ff \uf900  \ufaff \ufb00"},
    {CHINESE, U"\U0002f7ff\U0002f800\U0002fa1f\U0002fa20", U"\U0002f7ff \U0002f800  \U0002fa1f \U0002fa20"},
    {BERT("true", "false", "false"), U"b\ufffdc\t\u00a0d\u200be\x7f\ne", U"bc  de e"},
    {BERT("false", "false", "true"), ACCENTS, U"e e \u0903 \u20dd"},
    {"{\"type\":\"StripAccents\"}", ACCENTS, U"e \u00e9  "},
    {"{\"type\":\"Lowercase\"}", U"\u0130I\u00c9\u03a3", U"i\u0307i\u00e9\u03c3"},
    {STRIP("true", "false"), U"  a b \u3000", U"a b \u3000"},
    {STRIP("false", "true"), U"  a b \u3000", U"  a b"},
    {STRIP("true", "true"), U"   ", U""},
    {"{\"type\":\"Prepend\",\"prepend\":\"ab\"}", U"", U""},
    {"{\"type\":\"Prepend\",\"prepend\":\"ab\"}", U"c", U"abc"},
    {REPLACE("aa", "b"), U"aaaaa a", U"bba a"},
    {REPLACE("ab", ""), U"ab a abb", U" a b"},
    {"{\"type\":\"NFD\"}", U"\u1e69 \uac01 a\u0315\u0300\u05aeb",
     U"s\u0323\u0307 \u1100\u1161\u11a8 a\u05ae\u0300\u0315b"},
    /* 16 marks of one character, and 18. */
    {"{\"type\":\"NFD\"}",
     U"a\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323b",
     U"a\u0323\u0323\u0323\u0323\u0323\u0323\u0323\u0323\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301b"},
    {"{\"type\":\"NFD\"}",
     U"a\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323\u0301\u0323b",
     U"a\u0323\u0323\u0323\u0323\u0323\u0323\u0323\u0323\u0323\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301b"},
    {"{\"type\":\"NFC\"}", U"s\u0323\u0307 s\u0307\u0323 \u1100\u1161\u11a8 ", U"\u1e69 \u1e69 \uac01 "},
    {"{\"type\":\"NFC\"}", U"a\u0327\u0301 a\u0301\u0301 \u0300e\u0301 \u0958",
     U"\u00e1\u0327 \u00e1\u0301 \u0300\u00e9 \u0915\u093c"},
};

START_TEST(texts_are_those_of_the_package) {
    char file[512];
    soma_tokenizer *tokenizer;
    soma_characters text = {.at = NULL};
    const char32_t *made = cases[_i].made;
    const int length = snprintf(file, sizeof file,
                                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"normalizer\":%s}",
                                cases[_i].normalizer);
    expect_ok(soma_tokenizer_load(temporary_file("tokenizer.json", file, (size_t)length), &tokenizer));
    for (const char32_t *from = cases[_i].text; *from; from++) expect_ok(soma_characters_add(&text, *from));
    expect_ok(soma_normalize(tokenizer, &text));
    for (size_t i = 0; i < text.count; i++)
        ck_assert_msg(text.at[i] == made[i], "%s: character %zu is U+%04x, expected U+%04x", cases[_i].normalizer, i,
                      (unsigned)text.at[i], (unsigned)made[i]);
    ck_assert_uint_eq(made[text.count], 0);
    soma_free(text.at);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_checked_fixture(tests, temporary_create, temporary_destroy);
    tcase_add_loop_test(tests, texts_are_those_of_the_package, 0, (int)SOMA_COUNT_OF(cases));
}

int main(void) {
    return run_suite("tokenizer, normalizing", add);
}
