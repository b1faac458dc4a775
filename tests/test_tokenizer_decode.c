/* SPDX-License-Identifier: MIT */
/* What each decoder of a tokenizer.json makes of a token, alone and behind "z": by decode() of PyPI's tokenizers
 * 0.23.3. */
#include "base/base.h"
#include "data/tokenizer/tokenizer.h"
#include "expect.h"
#include "io/tokenizer/tokenizer.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define CLEANS             "{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}"
#define JOINS              "{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":false}"
#define SPACES(how)        "{\"type\":\"Metaspace\",\"replacement\":\"\\u2581\",\"prepend_scheme\":\"" how "\",\"split\":true}"
#define BYTES              "{\"type\":\"ByteFallback\"}"
#define REPLACED(from, to) "{\"type\":\"Replace\",\"pattern\":{\"String\":\"" from "\"},\"content\":\"" to "\"}"
#define IN_TURN(steps)     "{\"type\":\"Sequence\",\"decoders\":[" steps "]}"
#define TWICE              REPLACED("ab", "c") "," REPLACED("cc", "")
#define STRIP(what, most)  "{\"type\":\"Strip\",\"content\":\"" what "\",\"start\":" most ",\"stop\":0}"
#define LLAMA              REPLACED("\\u2581", " ") "," BYTES ",{\"type\":\"Fuse\"}," STRIP(" ", "1")

static const struct {
    const char *decoder, *token, *alone, *behind;
} cases[] = {
    {BYTES, "<0x41>", "A", "zA"},
    {BYTES, "<0x4G>", "<0x4G>", "z<0x4G>"},
    {BYTES, "<0xG4>", "<0xG4>", "z<0xG4>"},
    {BYTES, "<0x4f>", "O", "zO"},
    {BYTES, "<0x6B>", "k", "zk"},
    {BYTES, "<0x6b>", "k", "zk"},
    {BYTES, "<0x+5>", "\005", "z\005"},
    {BYTES, "<0x5+>", "<0x5+>", "z<0x5+>"},
    {BYTES, "<0X41>", "<0X41>", "z<0X41>"},
    {BYTES, "<0x41x", "<0x41x", "z<0x41x"},
    {BYTES, "x0x41>", "x0x41>", "zx0x41>"},
    {BYTES, "<1x41>", "<1x41>", "z<1x41>"},
    {BYTES, "<0x411>", "<0x411>", "z<0x411>"},
    {BYTES, "<0x41", "<0x41", "z<0x41"},
    {BYTES, "<0x4\305\221>", "<0x4\305\221>", "z<0x4\305\221>"},
    {BYTES, "<0x\305\2214>", "<0x\305\2214>", "z<0x\305\2214>"},
    {CLEANS, "##ed", "##ed", "zed"},
    {CLEANS, "#ed", "#ed", "z #ed"},
    {CLEANS, "a##ed", "a##ed", "z a##ed"},
    {CLEANS, "##", "##", "z"},
    {CLEANS, "##a##b", "##a##b", "za##b"},
    {CLEANS, ".", ".", "z."},
    {CLEANS, "\?", "\?", "z\?"},
    {CLEANS, "!", "!", "z!"},
    {CLEANS, ",", ",", "z,"},
    {CLEANS, "'", "'", "z '"},
    {CLEANS, "n't", "n't", "zn't"},
    {CLEANS, "'m", "'m", "z'm"},
    {CLEANS, "'s", "'s", "z's"},
    {CLEANS, "'ve", "'ve", "z've"},
    {CLEANS, "'re", "'re", "z're"},
    {CLEANS, "do not", "do not", "z don't"},
    {JOINS, "##ed", "##ed", "zed"},
    {JOINS, ".", ".", "z ."},
    {JOINS, "n't", "n't", "z n't"},
    {SPACES("always"), "\342\226\201ab", "ab", "z ab"},
    {SPACES("always"), "ab\342\226\201", "ab", "zab "},
    {SPACES("always"), "\342\226\201\342\226\201a", "a", "z  a"},
    {SPACES("always"), "a\342\226\201b", "ab", "za b"},
    {SPACES("never"), "\342\226\201ab", " ab", "z ab"},
    {SPACES("never"), "ab\342\226\201", "ab ", "zab "},
    {SPACES("never"), "\342\226\201\342\226\201a", "  a", "z  a"},
    {SPACES("never"), "a\342\226\201b", "a b", "za b"},
    {SPACES("first"), "\342\226\201ab", "ab", "z ab"},
    {SPACES("first"), "ab\342\226\201", "ab", "zab "},
    {SPACES("first"), "\342\226\201\342\226\201a", "a", "z  a"},
    {SPACES("first"), "a\342\226\201b", "ab", "za b"},
    {IN_TURN(TWICE), "abab", "", "z"},
    {IN_TURN(TWICE), "aab", "ac", "zac"},
    {IN_TURN(TWICE), "abb", "cb", "zcb"},
    {IN_TURN(TWICE), "ba", "ba", "zba"},
    {IN_TURN(TWICE), "a", "a", "za"},
    {IN_TURN(TWICE), "ababab", "c", "zc"},
    {STRIP("_", "2"), "_a", "a", "za"},
    {STRIP("_", "2"), "__a", "a", "za"},
    {STRIP("_", "2"), "___a", "_a", "z_a"},
    {STRIP("_", "2"), "a_", "a_", "za_"},
    {STRIP("_", "2"), "_", "", "z"},
    {IN_TURN(LLAMA), "\342\226\201a", "a", "z a"},
    {IN_TURN(LLAMA), "\342\226\201\342\226\201a", " a", "z  a"},
    {IN_TURN(LLAMA), "<0x20>", "", "z "},
    {IN_TURN(LLAMA), "<0x41>", "A", "zA"},
};

static soma_tokenizer *tokenizer_of(const char *token, const char *decoder) {
    char text[2 * SOMA_TOKEN_BYTES];
    soma_tokenizer *tokenizer;
    const int length = snprintf(
        text, sizeof text, "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"z\":0,\"%s\":1},\"merges\":[]},\"decoder\":%s}",
        token, decoder);
    expect_ok(soma_tokenizer_parse(text, (size_t)length, &tokenizer));
    return tokenizer;
}

static void expect_text(const soma_tokenizer *tokenizer, size_t number, bool first, const char *wanted) {
    char text[SOMA_TOKEN_BYTES];
    size_t length;
    expect_ok(soma_tokenizer_decode(tokenizer, number, first, text, &length));
    ck_assert_msg(length == strlen(wanted) && memcmp(text, wanted, length) == 0, "case %s: '%.*s', expected '%s'",
                  tokenizer->tokens[1].text, (int)length, text, wanted);
}

START_TEST(texts_are_those_of_the_package) {
    soma_tokenizer *tokenizer = tokenizer_of(cases[_i].token, cases[_i].decoder);
    ck_assert_int_eq(cases[_i].behind[0], 'z');
    expect_text(tokenizer, 1, true, cases[_i].alone);
    expect_text(tokenizer, 0, true, "z");
    expect_text(tokenizer, 1, false, cases[_i].behind + 1);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

/* As much as there is room for, and a byte more: the last character of the token becomes two. */
START_TEST(a_text_has_so_many_bytes_at_most) {
    char token[SOMA_TOKEN_BYTES + 1], text[SOMA_TOKEN_BYTES];
    size_t length;
    for (size_t count = SOMA_TOKEN_BYTES - 1; count <= SOMA_TOKEN_BYTES; count++) {
        memset(token, 'x', count - 1);
        memcpy(token + count - 1, "y", 2);
        soma_tokenizer *tokenizer = tokenizer_of(token, REPLACED("y", "xx"));
        if (count == SOMA_TOKEN_BYTES) {
            expect_error(soma_tokenizer_decode(tokenizer, 1, true, text, &length), SOMA_UNSUPPORTED, "token 1",
                         "longer than 1024 bytes");
        } else {
            expect_ok(soma_tokenizer_decode(tokenizer, 1, true, text, &length));
            ck_assert_uint_eq(length, SOMA_TOKEN_BYTES);
        }
        soma_tokenizer_destroy(tokenizer);
    }
}
END_TEST

static void add_tests(TCase *tests) {
    tcase_add_loop_test(tests, texts_are_those_of_the_package, 0, (int)SOMA_COUNT_OF(cases));
    tcase_add_test(tests, a_text_has_so_many_bytes_at_most);
}

int main(void) {
    return run_suite("tokenizer-decode", add_tests);
}
