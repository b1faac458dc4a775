/* SPDX-License-Identifier: MIT */
/*
 * What each pre-tokenizer of a tokenizer.json makes of a text, in pieces: those of pre_tokenize_str() of PyPI's
 * tokenizers 0.23.3, with | between them.
 */
#include "base/base.h"
#include "data/tokenizer/tokenizer.h"
#include "expect.h"
#include "suite.h"
#include "temporary.h"

#include <stdint.h>
#include <stdio.h>
#include <uchar.h>

#define MIXED U"I'm SURE it's HE'LL'Ve x'\u017fy 'TIS don'T   go12345 a1b\r\n\r\n  \u00bd\u00b2\u2167 --!\?\n \n\tend  "
#define MARKS U"a-b--c (d.) 12x3 \u4f60\u597d\u3002 _e f_ $5 ^"
#define PLUS  U"\u00a0nbsp \u3000wide e\u0301t \u0967\u0968 \u00bd4\u00b25"
#define CL100K(digits, rest)                                                                                           \
    "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]\?\\\\p{" \
    "L}+|\\\\p{N}" digits                                                                                              \
    "| \?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(\?!\\\\S)|\\\\s+\"},\"behavior\":" rest "}"

static const struct {
    const char *splitter;
    const char32_t *text, *pieces;
} cases[] = {
    {CL100K("{1,3}", "\"Isolated\",\"invert\":false"), MIXED,
     U"I|'m| SURE| it|'s| HE|'LL|'Ve| x|'\u017f|y| '|TIS| don|'T|  | go|123|45| a|1|b|\r\n\r\n| | |\u00bd\u00b2\u2167| "
     U"--!\?\n| \n|\tend|  "},
    {CL100K("", "\"Isolated\",\"invert\":false"), MIXED,
     U"I|'m| SURE| it|'s| HE|'LL|'Ve| x|'\u017f|y| '|TIS| don|'T|  | go|1|2|3|4|5| a|1|b|\r\n\r\n| | "
     U"|\u00bd|\u00b2|\u2167| --!\?\n| \n|\tend|  "},
    {CL100K("{1,3}", "\"Isolated\",\"invert\":false"), PLUS,
     U"\u00a0nbsp| |\u3000wide| e|\u0301t| |\u0967\u0968| |\u00bd4\u00b2|5"},
    {CL100K("", "\"Isolated\",\"invert\":false"), PLUS,
     U"\u00a0nbsp| |\u3000wide| e|\u0301t| |\u0967|\u0968| |\u00bd|4|\u00b2|5"},
    {CL100K("", "\"Removed\",\"invert\":true"), U"ab 12 'D\n", U"ab| |1|2| '|D|\n"},
    {"{\"type\":\"Whitespace\"}", MIXED,
     U"I|'|m|SURE|it|'|s|HE|'|LL|'|Ve|x|'|\u017fy|'|TIS|don|'|T|go12345|a1b|\u00bd\u00b2|\u2167|--!\?|end"},
    {"{\"type\":\"WhitespaceSplit\"}", MIXED,
     U"I'm|SURE|it's|HE'LL'Ve|x'\u017fy|'TIS|don'T|go12345|a1b|\u00bd\u00b2\u2167|--!\?|end"},
    {"{\"type\":\"BertPreTokenizer\"}", MIXED,
     U"I|'|m|SURE|it|'|s|HE|'|LL|'|Ve|x|'|\u017fy|'|TIS|don|'|T|go12345|a1b|\u00bd\u00b2\u2167|-|-|!|\?|end"},
    {"{\"type\":\"Whitespace\"}", MARKS, U"a|-|b|--|c|(|d|.)|12x3|\u4f60\u597d|\u3002|_e|f_|$|5|^"},
    {"{\"type\":\"WhitespaceSplit\"}", MARKS, U"a-b--c|(d.)|12x3|\u4f60\u597d\u3002|_e|f_|$5|^"},
    {"{\"type\":\"BertPreTokenizer\"}", MARKS, U"a|-|b|-|-|c|(|d|.|)|12x3|\u4f60\u597d|\u3002|_|e|f|_|$|5|^"},
    {"{\"type\":\"Whitespace\"}", PLUS, U"nbsp|wide|e\u0301t|\u0967\u0968|\u00bd|4|\u00b2|5"},
    {"{\"type\":\"WhitespaceSplit\"}", PLUS, U"nbsp|wide|e\u0301t|\u0967\u0968|\u00bd4\u00b25"},
    {"{\"type\":\"BertPreTokenizer\"}", PLUS, U"nbsp|wide|e\u0301t|\u0967\u0968|\u00bd4\u00b25"},
    {"{\"type\":\"Digits\",\"individual_digits\":true}", U"12a\u0967\u0968 \u00bd345b6",
     U"1|2|a|\u0967|\u0968| |\u00bd|3|4|5|b|6"},
    {"{\"type\":\"Digits\",\"individual_digits\":false}", U"12a\u0967\u0968 \u00bd345b6",
     U"12|a|\u0967\u0968| |\u00bd345|b|6"},
    {"{\"type\":\"Punctuation\",\"behavior\":\"Removed\"}", MARKS, U"a|b|c |d| 12x3 \u4f60\u597d| |e f| |5 "},
    {"{\"type\":\"Punctuation\",\"behavior\":\"Isolated\"}", MARKS,
     U"a|-|b|-|-|c |(|d|.|)| 12x3 \u4f60\u597d|\u3002| |_|e f|_| |$|5 |^"},
    {"{\"type\":\"Punctuation\",\"behavior\":\"MergedWithPrevious\"}", MARKS,
     U"a-|b-|-|c (|d.|)| 12x3 \u4f60\u597d\u3002| _|e f_| $|5 ^"},
    {"{\"type\":\"Punctuation\",\"behavior\":\"MergedWithNext\"}", MARKS,
     U"a|-b|-|-c |(d|.|) 12x3 \u4f60\u597d|\u3002 |_e f|_ |$5 |^"},
    {"{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"}", MARKS,
     U"a|-|b|--|c |(|d|.)| 12x3 \u4f60\u597d|\u3002| |_|e f|_| |$|5 |^"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"always\",\"split\":true}",
     U"ab  c \u2581d ", U"\u2581ab|\u2581|\u2581c|\u2581|\u2581d|\u2581"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"always\",\"split\":false}",
     U"ab  c \u2581d ", U"\u2581ab\u2581\u2581c\u2581\u2581d\u2581"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"first\",\"split\":true}",
     U"ab  c \u2581d ", U"\u2581ab|\u2581|\u2581c|\u2581|\u2581d|\u2581"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"first\",\"split\":false}",
     U"ab  c \u2581d ", U"\u2581ab\u2581\u2581c\u2581\u2581d\u2581"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"never\",\"split\":true}",
     U"ab  c \u2581d ", U"ab|\u2581|\u2581c|\u2581|\u2581d|\u2581"},
    {"{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"never\",\"split\":false}",
     U"ab  c \u2581d ", U"ab\u2581\u2581c\u2581\u2581d\u2581"},
    {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"},{\"type\":\"Metaspace\",\"replacement\":"
     "\"\\u2581\",\"prepend_scheme\":\"first\",\"split\":true},{\"type\":\"Digits\",\"individual_digits\":true}]}",
     U"ab c12 \u2581d", U"\u2581ab|c|1|2|\u2581d"},
    {"{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"WhitespaceSplit\"},{\"type\":\"Metaspace\",\"replacement\":"
     "\"\\u2581\",\"prepend_scheme\":\"always\",\"split\":true}]}",
     U"ab c \u2581d", U"\u2581ab|\u2581c|\u2581d"},
};

typedef struct found {
    char32_t text[256];
    size_t length;
} found;

static soma_status collect(void *context, const uint32_t *word, size_t count) {
    found *all = context;
    ck_assert_uint_le(all->length + count + 1, SOMA_COUNT_OF(all->text));
    if (all->length) all->text[all->length++] = U'|';
    for (size_t i = 0; i < count; i++) all->text[all->length++] = word[i];
    return SOMA_OK;
}

START_TEST(pieces_are_those_of_the_package) {
    char file[2048];
    soma_tokenizer *tokenizer;
    found all = {.length = 0};
    size_t count = 0, wanted = 0;
    const int length = snprintf(file, sizeof file,
                                "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]},\"pre_tokenizer\":%s}",
                                cases[_i].splitter);
    expect_ok(soma_tokenizer_load(temporary_file("tokenizer.json", file, (size_t)length), &tokenizer));
    while (cases[_i].text[count]) count++;
    while (cases[_i].pieces[wanted]) wanted++;
    expect_ok(soma_split(tokenizer, cases[_i].text, count, true, collect, &all));
    for (size_t i = 0; i < SOMA_MIN(all.length, wanted); i++)
        ck_assert_msg(all.text[i] == cases[_i].pieces[i], "%s: character %zu of the pieces is U+%04x, expected U+%04x",
                      cases[_i].splitter, i, (unsigned)all.text[i], (unsigned)cases[_i].pieces[i]);
    ck_assert_uint_eq(all.length, wanted);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

static void add(TCase *tests) {
    tcase_add_checked_fixture(tests, temporary_create, temporary_destroy);
    tcase_add_loop_test(tests, pieces_are_those_of_the_package, 0, (int)SOMA_COUNT_OF(cases));
}

int main(void) {
    return run_suite("tokenizer, splitting", add);
}
