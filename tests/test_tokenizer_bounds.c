/* SPDX-License-Identifier: MIT */
/* What tokenizers need stays within bounds, whatever the text and the file: memory, and how much is looked at. What is
 * quadratic would not end before the test's time does. */
#include "data/tokenizer/tokenizer.h"
#include "expect.h"
#include "io/tokenizer/tokenizer.h"
#include "peak_memory.h"
#include "suite.h"
#include "temporary.h"

#include <stdio.h>

enum { MARKS = 400000, ADDED = 20000, PLACES = 1000000, BOOK = 8 << 20 };

/* Half of them of the class 230, then half of the class 220, which go before those (Unicode 15, D109). */
START_TEST(many_marks_are_ordered) {
    static const uint32_t above[] = {0x300, 0x301, 0x302}, below[] = {0x316, 0x323};
    soma_tokenizer *tokenizer = soma_tokenizer_make(1);
    soma_characters text = {.at = NULL};
    tokenizer->normalizers.step[0].kind = SOMA_NORMALIZE_NFD;
    tokenizer->normalizers.count = 1;
    expect_ok(soma_characters_add(&text, 'e'));
    for (size_t i = 0; i < MARKS / 2; i++) expect_ok(soma_characters_add(&text, above[i % 3]));
    for (size_t i = 0; i < MARKS / 2; i++) expect_ok(soma_characters_add(&text, below[i % 2]));
    expect_ok(soma_normalize(tokenizer, &text));
    ck_assert_uint_eq(text.count, 1 + MARKS);
    ck_assert_uint_eq(text.at[0], 'e');
    for (size_t i = 0; i < MARKS / 2; i++) {
        ck_assert_uint_eq(text.at[1 + i], below[i % 2]);
        ck_assert_uint_eq(text.at[1 + MARKS / 2 + i], above[i % 3]);
    }
    soma_free(text.at);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

static soma_tokenizer *parse(const char *text) {
    soma_tokenizer *tokenizer;
    expect_ok(soma_tokenizer_parse(text, strlen(text), &tokenizer));
    return tokenizer;
}

/* All begin as the text does at every place. */
START_TEST(many_added_tokens_are_found) {
    char *file = malloc(ADDED * 64 + 256), *text = malloc(PLACES + 16), *to = file;
    to += sprintf(to, "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"<\":0},\"merges\":[]},\"added_tokens\":[");
    for (int i = 0; i < ADDED; i++) to += sprintf(to, "%s{\"id\":%d,\"content\":\"<<%05d>\"}", i ? "," : "", 1 + i, i);
    strcpy(to, "]}");
    soma_tokenizer *tokenizer = parse(file);
    memset(text, '<', PLACES);
    strcpy(text + PLACES, "12345>");
    int32_t *numbers;
    size_t count;
    expect_ok(soma_tokenizer_encode(tokenizer, text, PLACES + 6, &numbers, &count));
    ck_assert_uint_eq(count, PLACES - 1);
    for (size_t i = 0; i + 1 < count; i++) ck_assert_int_eq(numbers[i], 0);
    ck_assert_int_eq(numbers[count - 1], 12346);
    soma_free(numbers);
    soma_tokenizer_destroy(tokenizer);
    free(file);
    free(text);
}
END_TEST

/* The longest, of equal ones the first; one that goes on in another way than the text hides no shorter one. */
START_TEST(the_longest_added_token_is_taken) {
    static const struct {
        const char *text;
        int32_t numbers[5];
    } cases[] = {
        {"<ab>", {2, -1}},  {"<a", {1, -1}}, {"<abc>", {1, 6, 7, 8, -1}}, {"<<a", {0, 1, -1}}, {"<abcde>", {5, 8, -1}},
        {"<abcd", {4, -1}}, {"b", {6, -1}},
    };
    soma_tokenizer *tokenizer = parse(
        "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"<\":0,\"b\":6,\"c\":7,\">\":8},\"merges\":[]},\"added_tokens\":["
        "{\"id\":1,\"content\":\"<a\"},{\"id\":2,\"content\":\"<ab>\"},{\"id\":5,\"content\":\"<abcde\"},"
        "{\"id\":4,\"content\":\"<abcd\"},{\"id\":3,\"content\":\"<abcd\"}]}");
    for (size_t i = 0; i < SOMA_COUNT_OF(cases); i++) {
        int32_t *numbers;
        size_t count;
        expect_ok(soma_tokenizer_encode(tokenizer, cases[i].text, strlen(cases[i].text), &numbers, &count));
        for (size_t j = 0; j < count; j++)
            ck_assert_msg(numbers[j] == cases[i].numbers[j], "%s: number %zu is %d", cases[i].text, j, numbers[j]);
        ck_assert_msg(cases[i].numbers[count] == -1, "%s: %zu numbers", cases[i].text, count);
        soma_free(numbers);
    }
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- memory */

/* By each of the expressions a new word begins behind such a line: as many times the numbers of one. */
static const char line[] = "It is a truth, isn't it?  1234\n";
enum { LINE = sizeof line - 1 };

static char *make_book(size_t *length) {
    char *book = malloc(BOOK);
    *length = BOOK / LINE * LINE;
    for (size_t i = 0; i < *length; i += LINE) memcpy(book + i, line, LINE);
    return book;
}

static soma_tokenizer *load(const char *name) {
    char path[1024];
    soma_tokenizer *tokenizer;
    snprintf(path, sizeof path, "%s/%s", TOKENIZERS, name);
    expect_ok(soma_tokenizer_load(path, &tokenizer));
    return tokenizer;
}

/* Beside the numbers, 4 bytes of each, which grow twofold, what the characters of a block need. */
START_TEST(a_book_is_encoded_in_blocks) {
    soma_tokenizer *tokenizer = load(_i ? "bert" : "gpt2");
    int32_t *numbers, *once;
    size_t length, count, each;
    char *book = make_book(&length);
    expect_ok(soma_tokenizer_encode(tokenizer, line, LINE, &once, &each));
    peak_memory_start();
    expect_ok(soma_tokenizer_encode(tokenizer, book, length, &numbers, &count));
    const size_t peak = peak_memory(), most = 3 * sizeof *numbers * count + ((size_t)20 << 20);
    ck_assert_msg(peak <= most, "%zu bytes of memory, %zu are allowed", peak, most);
    ck_assert_uint_eq(count, length / LINE * each);
    for (size_t i = 0; i < count; i += each) ck_assert_mem_eq(numbers + i, once, each * sizeof *once);
    soma_free(numbers);
    soma_free(once);
    free(book);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

/* The file, and what a block needs. */
START_TEST(a_book_is_learnt_in_blocks) {
    soma_tokenizer *tokenizer;
    size_t length;
    char *book = make_book(&length);
    const char *path = temporary_file("book.txt", book, length);
    free(book);
    peak_memory_start();
    expect_ok(soma_tokenizer_train(path, &(soma_tokenizer_options){.vocabulary = 280}, &tokenizer));
    const size_t peak = peak_memory(), most = length + ((size_t)12 << 20);
    ck_assert_msg(peak <= most, "%zu bytes of memory, %zu are allowed", peak, most);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_unchecked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, many_marks_are_ordered);
    tcase_add_test(cases, many_added_tokens_are_found);
    tcase_add_test(cases, the_longest_added_token_is_taken);
    tcase_add_loop_test(cases, a_book_is_encoded_in_blocks, 0, 2);
    tcase_add_test(cases, a_book_is_learnt_in_blocks);
}

int main(void) {
    return run_suite("tokenizer-bounds", add_tests);
}
