/* SPDX-License-Identifier: MIT */
/* Tokenizers: numbers and texts as PyPI's `tokenizers` gives them, what is learnt of a text, what is refused. */
#include "data/tokenizer/tokenizer.h"
#include "expect.h"
#include "io/tokenizer/tokenizer.h"
#include "nn/network.h"
#include "suite.h"
#include "temporary.h"

#include <stdio.h>
#include <string.h>

static soma_tokenizer *load(const char *name) {
    char path[1024];
    soma_tokenizer *tokenizer;
    snprintf(path, sizeof path, "%s/%s", TOKENIZERS, name);
    expect_ok(soma_tokenizer_load(path, &tokenizer));
    return tokenizer;
}

/* The texts of the numbers, one behind the other. */
static size_t decode(const soma_tokenizer *tokenizer, const int32_t *numbers, size_t count, char *all) {
    size_t at = 0, length;
    for (size_t i = 0; i < count; i++) {
        char piece[SOMA_TOKEN_BYTES];
        expect_ok(soma_tokenizer_decode(tokenizer, (size_t)numbers[i], i == 0, piece, &length));
        memcpy(all + at, piece, length);
        at += length;
    }
    return at;
}

/* By tokenizers 0.23.3: encode(text, add_special_tokens=False).ids, and what decode() makes of them; -1 is the end. */
static const struct {
    const char *file, *text, *decoded;
    int32_t numbers[80];
} vectors[] = {
    {"gpt2",
     "It is a truth, isn't it\077  1234 \012\012 x",
     "It is a truth, isn't it\077  1234 \012\012 x",
     {285, 266, 258, 283, 11, 266, 77, 6, 83, 256, 83, 30, 220, 220, 16, 17, 18, 19, 220, 198, 198, 220, 87, -1}},
    {"gpt2",
     "Gr\303\266\303\237e na\303\257ve \320\277\321\200\320\270\320\262\320\265\321\202 e\314\201 "
     "\344\275\240\345\245\275 \304\260",
     "Gr\303\266\303\237e na\303\257ve \320\277\321\200\320\270\320\262\320\265\321\202 e\314\201 "
     "\344\275\240\345\245\275 \304\260",
     {284, 127, 114, 127, 253, 68,  220, 77,  287, 107, 273, 276, 123, 275, 274, 140, 110, 140,
      113, 141, 224, 220, 68,  136, 223, 220, 160, 121, 254, 161, 98,  121, 220, 128, 108, -1}},
    {"gpt2",
     "that<|end|> man <pad>  in [MASK]want\011a ##wife",
     "that<|end|> man <pad>  in [MASK]want\011a ##wife",
     {257, 267, 290, 281, 220, 27,  79, 64,  67, 29, 220, 265, 220, 58, 44, 32,
      50,  42,  60,  86,  278, 197, 64, 220, 2,  2,  86,  72,  69,  68, -1}},
    {"gpt2",
     " unacknowledgeduniversallypossession",
     " unacknowledgeduniversallypossession",
     {220, 272, 64, 289, 77, 78, 86, 75, 268, 70, 268, 272, 72, 273, 81,
      82,  286, 75, 88,  79, 78, 82, 82, 68,  82, 270, 78,  77, -1}},
    {"llama",
     "It is a truth, isn't it\077  1234 \012\012 x",
     "It is a truth, isn't it\077  1234 \012\012 x",
     {284, 299, 316, 287, 279, 277, 280, 296, 289, 316, 274, 42,  288, 270,
      279, 66,  284, 284, 52,  53,  54,  55,  284, 13,  13,  284, 123, -1}},
    {"llama",
     "Gr\303\266\303\237e na\303\257ve \320\277\321\200\320\270\320\262\320\265\321\202 e\314\201 "
     "\344\275\240\345\245\275 \304\260",
     "Gr\303\266\303\237e na\303\257ve \320\277\321\200\320\270\320\262\320\265\321\202 e\314\201 "
     "\344\275\240\345\245\275 \304\260",
     {284, 74,  277, 198, 185, 198, 162, 291, 274, 262, 198, 178, 281, 291, 211, 194, 212, 131, 211, 187, 211,
      181, 211, 184, 212, 133, 284, 266, 207, 132, 284, 231, 192, 163, 232, 168, 192, 284, 199, 179, -1}},
    {"llama",
     "that<|end|> man <pad>  in [MASK]want\011a ##wife",
     "that<|end|> man <pad>  in [MASK]want\011a ##wife",
     {284, 296, 302, 63, 127, 266, 274, 265, 127, 65, 284, 322, 63, 276, 262, 265, 65,  284, 284, 293,
      94,  80,  68,  86, 78,  96,  282, 301, 279, 12, 262, 284, 38, 38,  282, 270, 267, 266, -1}},
    {"llama",
     " unacknowledgeduniversallypossession",
     " unacknowledgeduniversallypossession",
     {284, 284, 297, 262, 305, 323, 282, 320, 315, 297, 317, 307, 278, 300, 319, 328, 278, 308, 295, 275, 274, -1}},
    {"bert",
     "It is a truth, isn't it\077  1234 \012\012 x",
     "it is a truth, isn [UNK] t it [UNK] [UNK] [UNK]",
     {67, 65, 5, 81, 3, 65, 43, 1, 22, 67, 1, 1, 1, -1}},
    {"bert",
     "Gr\303\266\303\237e na\303\257ve \320\277\321\200\320\270\320\262\320\265\321\202 e\314\201 "
     "\344\275\240\345\245\275 \304\260",
     "gro\303\237e naive \320\277\321\200\320\270\320\262\320\265\321\202 e \344\275\240 \345\245\275 i",
     {85, 109, 42, 88, 80, 94, 52, 55, 56, 57, 9, 35, 36, 13, -1}},
    {"bert",
     "that<|end|> man <pad>  in [MASK]want\011a ##wife",
     "that [UNK] [UNK] end [UNK] [UNK] man [UNK] pad [UNK] in [MASK] want a [UNK] [UNK] wife",
     {77, 1, 1, 9, 43, 51, 1, 1, 68, 1, 19, 41, 51, 1, 64, 2, 79, 5, 1, 1, 92, 107, -1}},
    {"bert", " unacknowledgeduniversallypossession", "[UNK]", {1, -1}},
    {"metaspace",
     "It is a truth, isn't it\077  1234 \012\012 x",
     "It is a truth, isn<unk>t it<unk>  <unk><unk><unk><unk> <unk><unk> <unk>",
     {37, 66, 51, 42, 64, 1, 51, 17, 0, 22, 40, 22, 0, 37, 37, 0, 0, 0, 0, 37, 0, 0, 37, 0, -1}},
    {"metaspace",
     "Gr\303\266\303\237e na\303\257ve \320\277\321\200\320\270\320\262\320\265\321\202 e\314\201 "
     "\344\275\240\345\245\275 \304\260",
     "Gr\303\266\303\237e na\303\257ve \320\277\321\200\320\270\320\262\320\265\321\202 <unk> \344\275\240\345\245\275 "
     "<unk>",
     {37, 65, 29, 27, 9, 37, 84, 24, 9, 37, 34, 35, 32, 30, 31, 36, 37, 0, 37, 38, 39, 37, 0, -1}},
    {"metaspace",
     "that<|end|> man <pad>  in [MASK]want\011a ##wife",
     "that<unk><unk>end<unk><unk> man<pad>in <unk><unk><unk><unk><unk><unk>want<unk>a <unk><unk>wife",
     {61, 0, 0, 9, 17, 8, 0, 0, 62, 90, 13, 17, 37, 0, 0, 0, 0, 0, 0, 25, 59, 0, 5, 37, 0, 0, 25, 13, 10, 9, -1}},
    {"metaspace",
     " unacknowledgeduniversallypossession",
     "unacknowledgeduniversallypossession",
     {37, 57, 5, 70, 83, 25, 82, 78, 57, 79, 72, 21, 67, 81, 89, 21, 73, 55, 87, -1}},
    {"metaspace", "i\314\210 i\314\205\314\210", "\303\257 i<unk><unk>", {37, 28, 40, 0, 0, -1}},
};

START_TEST(numbers_are_those_of_the_package) {
    soma_tokenizer *tokenizer = load(vectors[_i].file);
    int32_t *numbers;
    size_t count, wanted = 0;
    char all[512];
    while (vectors[_i].numbers[wanted] >= 0) wanted++;
    expect_ok(soma_tokenizer_encode(tokenizer, vectors[_i].text, strlen(vectors[_i].text), &numbers, &count));
    ck_assert_uint_eq(count, wanted);
    for (size_t i = 0; i < count; i++) ck_assert_msg(numbers[i] == vectors[_i].numbers[i], "%zu: %d", i, numbers[i]);
    ck_assert_uint_eq(decode(tokenizer, numbers, count, all), strlen(vectors[_i].decoded));
    ck_assert_mem_eq(all, vectors[_i].decoded, strlen(vectors[_i].decoded));
    soma_free(numbers);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

static const char odd_text[] = "a\xff\xc3 \xe2\x82\xac\xed\xa0\x80\xf0\x9f\x98\x80\xf0\x9f z\xc3\xa9";

/* Vocabularies with a token for each byte keep what is not UTF-8. */
START_TEST(nothing_is_lost) {
    soma_tokenizer *tokenizer = load(_i ? "llama" : "gpt2");
    int32_t *numbers;
    size_t count;
    char all[512];
    expect_ok(soma_tokenizer_encode(tokenizer, odd_text, strlen(odd_text), &numbers, &count));
    ck_assert_uint_eq(decode(tokenizer, numbers, count, all), strlen(odd_text));
    ck_assert_mem_eq(all, odd_text, strlen(odd_text));
    soma_free(numbers);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

/* Words are "ab", " ab", " abab" and " xy", three times. "ab" stands 1 + 2 + 2 times; then come, with 3 each, " "
 * before "ab", which is merged, and " x" and "xy", of which "xy" has the lower numbers; then " " before "xy". */
START_TEST(pairs_are_learnt_by_how_often_they_stand) {
    static const char text[] = "ab ab ab abab xy xy xy";
    static const char *const learnt[] = {"ab", "xy",
                                         "\xc4\xa0"
                                         "ab",
                                         "\xc4\xa0"
                                         "xy"};
    soma_tokenizer *tokenizer, *again;
    const char *path = temporary_file("book.txt", text, strlen(text));
    expect_ok(soma_tokenizer_train(path, &(soma_tokenizer_options){.vocabulary = 300}, &tokenizer));
    ck_assert_uint_eq(soma_tokenizer_size(tokenizer), 260);
    for (size_t i = 0; i < SOMA_COUNT_OF(learnt); i++) ck_assert_str_eq(tokenizer->tokens[256 + i].text, learnt[i]);
    const char *file = temporary_path("tokenizer.json");
    expect_ok(soma_tokenizer_save(tokenizer, file));
    expect_ok(soma_tokenizer_load(file, &again));
    int32_t *numbers;
    size_t count;
    expect_ok(soma_tokenizer_encode(again, text, strlen(text), &numbers, &count));
    static const int32_t wanted[] = {256, 258, 258, 258, 256, 259, 259, 259};
    ck_assert_uint_eq(count, SOMA_COUNT_OF(wanted));
    for (size_t i = 0; i < count; i++) ck_assert_int_eq(numbers[i], wanted[i]);
    soma_free(numbers);
    soma_tokenizer_destroy(tokenizer);
    soma_tokenizer_destroy(again);
    expect_error(soma_tokenizer_train(path, &(soma_tokenizer_options){.vocabulary = 255}, &tokenizer),
                 SOMA_INVALID_ARGUMENT, "255 tokens", "from 256");
}
END_TEST

/* A network keeps its tokenizer, in its file, too, and needs a row for each token. */
START_TEST(networks_keep_it) {
    static const char text[] = "It is a truth universally acknowledged, that a single man";
    soma_tokenizer *tokenizer = load("gpt2");
    const char *book = temporary_file("book.txt", text, strlen(text)), *path = temporary_path("model.safetensors");
    soma_dataset *train;
    soma_network *network, *small, *again;
    const size_t window = 2;
    expect_ok(soma_dataset_from_text(
        book, &(soma_text_options){.tokens = SOMA_TOKENS_TOKENIZER, .tokenizer = tokenizer, .window = 2}, &train, NULL,
        NULL));
    ck_assert_uint_eq(soma_dataset_token_count(train), soma_tokenizer_size(tokenizer));
    soma_tokenizer_destroy(tokenizer);
    expect_ok(soma_network_create(&small));
    ck_assert_ptr_nonnull(soma_layers(soma_input(small, NULL, 1, &window), "embedding 290 2; dense 291 softmax"));
    expect_error(soma_network_fit_preprocessing(small, train, false), SOMA_INVALID_SHAPE, "291 tokens", "rows for 290");
    expect_ok(soma_network_create(&network));
    ck_assert_ptr_nonnull(soma_layers(soma_input(network, NULL, 1, &window), "embedding 400 2; dense 400 softmax"));
    expect_ok(soma_network_fit_preprocessing(network, train, false));
    soma_dataset_destroy(train);
    expect_ok(soma_save(network, path));
    soma_network_destroy(network);
    expect_ok(soma_load(path, &again));
    ck_assert_uint_eq(soma_network_token_count(again), 291);
    int32_t *numbers, *others;
    size_t count, other_count;
    tokenizer = load("gpt2");
    expect_ok(soma_tokenizer_encode(tokenizer, text, strlen(text), &numbers, &count));
    expect_ok(soma_network_encode(again, text, strlen(text), &others, &other_count));
    ck_assert_uint_eq(count, other_count);
    ck_assert_mem_eq(numbers, others, count * sizeof *numbers);
    expect_error(soma_network_set_tokens(small, SOMA_TOKENS_TOKENIZER, tokenizer), SOMA_INVALID_SHAPE, "291 tokens",
                 "rows for 290");
    soma_free(numbers);
    soma_free(others);
    soma_tokenizer_destroy(tokenizer);
    soma_network_destroy(small);
    soma_network_destroy(again);
}
END_TEST

#define MODEL(text)  "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[]}," text "}"
#define PIECES(text) "{\"model\":{\"type\":\"WordPiece\",\"unk_token\":\"?\",\"vocab\":{\"?\":0}," text "}}"
#define PAIRS(text)  "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2}," text "}}"

static const struct {
    const char *text;
    soma_status status;
    const char *words[2];
} bad[] = {
    {"{", SOMA_INVALID_FILE, {"not valid JSON", "byte 1"}},
    {"[]", SOMA_INVALID_FILE, {"an object is expected", NULL}},
    {"{}", SOMA_INVALID_FILE, {"\"model\" must be an object", NULL}},
    {"{\"model\":{\"type\":\"Unigram\",\"vocab\":[]}}", SOMA_UNSUPPORTED, {"\"Unigram\"", "BPE, WordPiece"}},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":[]}}", SOMA_INVALID_FILE, {"\"vocab\"", "an object of tokens"}},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{}}}", SOMA_INVALID_FILE, {"there are no tokens", NULL}},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1}}}", SOMA_INVALID_FILE, {"token \"a\"", "from 0 to 16777215"}},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":9000000}}}", SOMA_INVALID_FILE, {"up to 9000000", "1 tokens"}},
    {"{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1,\"b\":1},\"merges\":[]}}",
     SOMA_INVALID_FILE,
     {"two tokens have the number 1", NULL}},
    {PAIRS("\"merges\":{}"), SOMA_INVALID_FILE, {"\"merges\"", "an array"}},
    {PAIRS("\"merges\":[\"a b\",\"ab\"]"), SOMA_INVALID_FILE, {"merge 2", "[\"a\", \"b\"] or \"a b\""}},
    {PAIRS("\"merges\":[[\"b\",\"a\"]]"), SOMA_INVALID_FILE, {"merge 1 is of \"b\" and \"a\"", "not all in"}},
    {PAIRS("\"merges\":[],\"unk_token\":\"?\""), SOMA_INVALID_FILE, {"\"unk_token\"", "a token of its vocabulary"}},
    {PAIRS("\"merges\":[],\"dropout\":0.1"), SOMA_UNSUPPORTED, {"\"dropout\"", "not known"}},
    {PAIRS("\"merges\":[],\"end_of_word_suffix\":\"</w>\""), SOMA_UNSUPPORTED, {"\"end_of_word_suffix\"", NULL}},
    {PAIRS("\"merges\":[],\"byte_fallback\":true"), SOMA_UNSUPPORTED, {"\"byte_fallback\"", "<0x00>"}},
    {PIECES("\"max_input_chars_per_word\":0"), SOMA_INVALID_FILE, {"\"max_input_chars_per_word\"", "from 1"}},
    {"{\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"a\":0}}}", SOMA_INVALID_FILE, {"WordPiece", "\"unk_token\""}},
    {MODEL("\"normalizer\":{\"type\":\"NFKC\"}"), SOMA_UNSUPPORTED, {"normalizer \"NFKC\"", "Lowercase, NFD, NFC"}},
    {MODEL("\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Precompiled\"}]}"),
     SOMA_UNSUPPORTED,
     {"normalizer \"Precompiled\"", NULL}},
    {MODEL("\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"a+\"},\"content\":\"\"}"),
     SOMA_UNSUPPORTED,
     {"Replace by a regular expression", NULL}},
    {MODEL("\"pre_tokenizer\":{\"type\":\"Whitespaces\"}"), SOMA_UNSUPPORTED, {"pre-tokenizer \"Whitespaces\"", NULL}},
    {MODEL("\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"a+\"},\"behavior\":\"Isolated\"}"),
     SOMA_UNSUPPORTED,
     {"regular expression \"a+\"", "Llama 3"}},
    {MODEL("\"pre_tokenizer\":{\"type\":\"Punctuation\",\"behavior\":\"Gone\"}"),
     SOMA_INVALID_FILE,
     {"\"behavior\" of Punctuation", "Isolated"}},
    {MODEL("\"pre_tokenizer\":{\"type\":\"Metaspace\",\"replacement\":\"_\"}"),
     SOMA_UNSUPPORTED,
     {"\"replacement\" of Metaspace", "U+2581"}},
    {MODEL("\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":\"Digits\"}]"
           "}"),
     SOMA_UNSUPPORTED,
     {"ByteLevel must be the last", NULL}},
    {MODEL("\"decoder\":{\"type\":\"CTC\"}"), SOMA_UNSUPPORTED, {"decoder \"CTC\"", "WordPiece"}},
    {MODEL("\"decoder\":7"), SOMA_INVALID_FILE, {"the decoder must be null", NULL}},
    {MODEL("\"added_tokens\":{\"<s>\":3}"), SOMA_INVALID_FILE, {"added_tokens", "must be an array"}},
    {MODEL("\"added_tokens\":[{\"id\":1,\"content\":\"a\"}]"), SOMA_INVALID_FILE, {"has the number 1", "it has 0"}},
    {MODEL("\"added_tokens\":[{\"id\":3,\"content\":\"c\",\"single_word\":true}]"),
     SOMA_UNSUPPORTED,
     {"added token \"c\"", "\"single_word\""}},
};

START_TEST(bad_files_are_refused) {
    soma_tokenizer *tokenizer;
    const char *path = temporary_file("tokenizer.json", bad[_i].text, strlen(bad[_i].text));
    expect_error(soma_tokenizer_load(path, &tokenizer), bad[_i].status, "tokenizer.json", bad[_i].words[0]);
    if (bad[_i].words[1]) ck_assert_ptr_nonnull(strstr(soma_last_error(), bad[_i].words[1]));
    ck_assert_ptr_null(tokenizer);
}
END_TEST

#define REPLACED(in) "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"" in "\"}"
#define TENFOLD      REPLACED("aaaaaaaaaa")

/* Steps that multiply what the one before has made. */
START_TEST(what_grows_without_measure_is_refused) {
    static const char text[] =
        MODEL("\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[" TENFOLD "," TENFOLD "," TENFOLD "," TENFOLD
              "]},\"decoder\":{\"type\":\"Sequence\",\"decoders\":[" TENFOLD "," TENFOLD "," TENFOLD "," TENFOLD
              "," TENFOLD "]}");
    soma_tokenizer *tokenizer;
    int32_t *numbers, number = 0;
    size_t count;
    char token[SOMA_TOKEN_BYTES];
    expect_ok(soma_tokenizer_parse(text, strlen(text), &tokenizer));
    expect_error(soma_tokenizer_encode(tokenizer, "a", 1, &numbers, &count), SOMA_UNSUPPORTED,
                 "more than 1088 characters", NULL);
    expect_error(soma_tokenizer_decode(tokenizer, number, true, token, &count), SOMA_UNSUPPORTED,
                 "more than 16384 characters", NULL);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

/* Of a vocabulary without a token for it, and without one for what is unknown. */
START_TEST(what_has_no_token_is_named) {
    soma_tokenizer *tokenizer;
    int32_t *numbers;
    size_t count;
    static const char text[] = PAIRS("\"merges\":[\"a b\"]");
    expect_ok(soma_tokenizer_parse(text, strlen(text), &tokenizer));
    expect_ok(soma_tokenizer_encode(tokenizer, "aba", 3, &numbers, &count));
    ck_assert(count == 2 && numbers[0] == 2 && numbers[1] == 0);
    soma_free(numbers);
    expect_error(soma_tokenizer_encode(tokenizer, "abc", 3, &numbers, &count), SOMA_INVALID_ARGUMENT,
                 "no token for \"c\"", NULL);
    ck_assert(!numbers && !count);
    soma_tokenizer_destroy(tokenizer);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_unchecked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_loop_test(cases, numbers_are_those_of_the_package, 0, SOMA_COUNT_OF(vectors));
    tcase_add_loop_test(cases, nothing_is_lost, 0, 2);
    tcase_add_test(cases, pairs_are_learnt_by_how_often_they_stand);
    tcase_add_test(cases, networks_keep_it);
    tcase_add_loop_test(cases, bad_files_are_refused, 0, SOMA_COUNT_OF(bad));
    tcase_add_test(cases, what_grows_without_measure_is_refused);
    tcase_add_test(cases, what_has_no_token_is_named);
}

int main(void) {
    return run_suite("tokenizer", add_tests);
}
