/* SPDX-License-Identifier: MIT */
/* Models that take texts: StringNormalizer, Tokenizer, TfIdfVectorizer, StringConcat, and words of LabelEncoder. What
 * is expected was computed by onnxruntime 1.32, or is worked out by hand. */
#include "base/file.h"
#include "expect_array.h"
#include "io/onnx/pattern.h"
#include "onnx_model.h"
#include "temporary.h"

#include <soma/onnx.h>
#include <stdio.h>
#include <string.h>

enum { INT64 = 7, STRING = 8, BOOL = 9 };

static soma_device *device;

#define INPUTS(...)                                                                                                    \
    (const char *[]) {                                                                                                 \
        __VA_ARGS__, NULL                                                                                              \
    }
#define WORDS(...)                                                                                                     \
    (const char *const[]) {                                                                                            \
        __VA_ARGS__                                                                                                    \
    }

static size_t begin(const char *domain, const char *op, const char *const *inputs, const char *out) {
    const size_t one = soma_onnx_begin_node(&made, op, out, inputs);
    if (domain) soma_protobuf_put_text(W, 7, domain); /* NodeProto.domain */
    return one;
}

static soma_status open_with(void (*body)(void), const soma_onnx_options *options, soma_onnx_session **session) {
    const char *path = temporary_path("m.onnx");
    onnx_make_graph(body, 8, 20);
    import_domain("ai.onnx.ml", 2);
    import_domain("com.microsoft", 1);
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_onnx_session_create(path, options, device, session);
}

static soma_onnx_session *open_model(void (*body)(void)) {
    soma_onnx_session *session;
    expect_ok(open_with(body, NULL, &session));
    return session;
}

/* But for what is rounded otherwise. */
static void expect_near(const soma_array *found, size_t rank, const int64_t *shape, const float *values) {
    size_t count = 1;
    expect_shape(found, SOMA_F32, rank, shape);
    for (size_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    for (size_t i = 0; i < count; i++) ck_assert_float_eq_tol(((const float *)found->data)[i], values[i], 1e-6f);
}

static void expect_words(const soma_array *found, size_t rank, const int64_t *shape, const char *const *words) {
    size_t count = 1;
    expect_shape(found, SOMA_STRING, rank, shape);
    for (size_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    for (size_t i = 0; i < count; i++) ck_assert_str_eq(((const char *const *)found->data)[i], words[i]);
}

/* ------------------------------------------------------------------------------------------------------ expressions */

/* All matches of an expression, each followed by a bar; empty ones are passed over. */
static const char *matches(const char *expression, const char *text) {
    static char found[256];
    soma_onnx_pattern *pattern;
    size_t from = 0, start, end, at = 0;
    expect_ok(soma_onnx_pattern_create(expression, strlen(expression), &pattern));
    while (from <= strlen(text) && soma_onnx_pattern_find(pattern, text, strlen(text), from, &start, &end)) {
        for (size_t i = start; i < end; i++) found[at++] = text[i];
        if (end > start) found[at++] = '|';
        from = end > start ? end : start + 1;
    }
    found[at] = 0;
    soma_onnx_pattern_destroy(pattern);
    return found;
}

/* As RE2 has them with longest_match, which is how onnxruntime's Tokenizer asks it. */
START_TEST(expressions_match) {
    static const struct {
        const char *expression, *text, *found;
    } rows[] = {
        {"a|ab", "abab", "ab|ab|"},
        {"a+?", "aaa", "aaa|"},
        {"\\w+", "h\xC3\xA9llo w\xC3\xB6rld_1", "h|llo|w|rld_1|"},
        {"\\b\\w\\w+\\b", "a bc d ef", "bc|ef|"},
        {"x*", "ab", ""},
        {"^a", "aab", "a|"},
        {"a$", "aab", ""},
        {"(?i)abc", "AbC abd", "AbC|"},
        {"[^ ,]+", "a b,c", "a|b|c|"},
        {"[a-c\\d-]+", "ab-1xc", "ab-1|c|"},
        {"[]a]+", "]a[", "]a|"},
        {"a{2}", "aaaaa", "aa|aa|"},
        {"a{2,}", "a aaa", "aaa|"},
        {"(ab){1,2}c?", "ababab abc", "abab|ab|abc|"},
        {"a{,2}", "aa{,2}", "a{,2}|"},
        {"(?:x|(?P<n>yy))+z", "xyyxz yz", "xyyxz|"},
        {".", "a\nb", "a|b|"},
        {"\\D+\\.\\S", "a.b1", "a.b|"},
        {"(|a)+", "aa", "aa|"},
        {"\xC3\xA9+", "e\xC3\xA9\xC3\xA9", "\xC3\xA9\xC3\xA9|"},
        {"\\Ba", "aa", "a|"},
        {"((a*)*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", ""},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++)
        ck_assert_str_eq(matches(rows[i].expression, rows[i].text), rows[i].found);
}
END_TEST

START_TEST(expressions_that_are_wrong_are_refused) {
    static const struct {
        const char *expression, *message;
    } rows[] = {
        {"(a", "no )"},
        {"a)", "no ("},
        {"[a", "no ]"},
        {"*a", "nothing to be repeated"},
        {"a**", "repeated"},
        {"a{2}{3}", "repeated"},
        {"x|{2}", "nothing to be repeated"},
        {"[b-a]", "before it"},
        {"\\p{L}", "not known"},
        {"(?u)a", "group"},
        {"a{1001}", "1000"},
        {"a{3,2}", "1000"},
        {"\\", "backslash"},
        {"[[:alpha:]]", "[: :]"},
        {"\xFF", "UTF-8"},
        {"((((a{99}){99}){99}){99}){99}", "too large"},
        {"((((((){999}){999}){999}){999}){999}){999}", "too large"},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        soma_onnx_pattern *pattern;
        soma_status status = soma_onnx_pattern_create(rows[i].expression, strlen(rows[i].expression), &pattern);
        ck_assert_msg(status == SOMA_UNSUPPORTED || status == SOMA_INVALID_FILE, "%s is taken", rows[i].expression);
        ck_assert_ptr_null(pattern);
        ck_assert_msg(strstr(soma_last_error(), rows[i].message), "%s: %s", rows[i].expression, soma_last_error());
    }
}
END_TEST

/* As many alternatives as fit, and groups in groups as far as they are followed. */
START_TEST(expressions_of_many_parts) {
    char expression[8192] = "";
    for (int i = 0; i < 1000; i++) sprintf(expression + strlen(expression), "%sa%db", i ? "|" : "", i);
    ck_assert_str_eq(matches(expression, "a0b a1000b a999b,a50b"), "a0b|a999b|a50b|");
    for (int depth = 150; depth <= 250; depth += 100) {
        memset(expression, '(', (size_t)depth);
        memset(expression + depth, ')', (size_t)depth);
        expression[2 * depth] = 0;
        soma_onnx_pattern *pattern;
        soma_status status = soma_onnx_pattern_create(expression, strlen(expression), &pattern);
        ck_assert_int_eq(status, depth < 200 ? SOMA_OK : SOMA_UNSUPPORTED);
        soma_onnx_pattern_destroy(pattern);
    }
}
END_TEST

/* 1000 times a thousand members of a [ ], or letters of a name, are more than such an expression is worth. */
START_TEST(what_is_read_again_and_again_is_refused) {
    char expression[1200];
    for (int named = 0; named < 2; named++) {
        soma_onnx_pattern *pattern;
        size_t at = (size_t)snprintf(expression, sizeof expression, named ? "(?P<" : "[");
        memset(expression + at, 'a', 1000);
        strcpy(expression + at + 1000, named ? ">b){999}" : "]{999}");
        expect_error(soma_onnx_pattern_create(expression, strlen(expression), &pattern), SOMA_UNSUPPORTED, "too large");
        ck_assert_ptr_null(pattern);
    }
}
END_TEST

/* -----------------------------------------------------------------------------------------------------
 * StringNormalizer
 */

static const char *letters;
static bool exact;
static const char *const *stopwords;
static size_t stopword_count;

static void normalizer(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN));
    const size_t one = begin(NULL, "StringNormalizer", INPUTS("x"), "y");
    if (letters) soma_onnx_put_attribute_text(&made, "case_change_action", letters);
    if (exact) soma_onnx_put_attribute_integer(&made, "is_case_sensitive", 1);
    if (stopword_count) soma_onnx_put_attribute_texts(&made, "stopwords", stopwords, stopword_count);
    soma_onnx_end_node(&made, one);
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN));
}

START_TEST(letters_are_changed_and_words_left_out) {
    static const char *const stop[] = {"The"};
    static const struct {
        const char *letters;
        bool exact;
        size_t stopwords, count, left;
        const char *x[4], *y[4];
    } rows[] = {
        {"LOWER",
         false,
         1,
         3,
         1,
         {"\xC3\x89"
          "a",
          "THE", "the"},
         {"\xC3\xA9"
          "a"}},
        {"LOWER",
         true,
         1,
         4,
         3,
         {"\xC3\x89"
          "a",
          "THE", "the", "The"},
         {"\xC3\xA9"
          "a",
          "the", "the"}},
        {NULL,
         false,
         1,
         3,
         1,
         {"\xC3\x89"
          "a",
          "THE", "the"},
         {"\xC3\x89"
          "a"}},
        {"NONE", false, 1, 1, 1, {"the"}, {""}},
        {"UPPER",
         false,
         0,
         3,
         3,
         {"stra\xC3\x9F"
          "e \xC5\x89",
          "\xEF\xAC\x81", "\xC4\xB0i"},
         {"STRA\xC3\x9F"
          "E \xC5\x89",
          "\xEF\xAC\x81", "\xC4\xB0I"}},
        {"LOWER", false, 0, 3, 3, {"\xC4\xB0I", "\xE1\xBA\x9E", "\xCE\xA3"}, {"ii", "\xC3\x9F", "\xCF\x83"}},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        soma_array y;
        letters = rows[i].letters;
        exact = rows[i].exact;
        stopwords = stop;
        stopword_count = rows[i].stopwords;
        soma_onnx_session *session = open_model(normalizer);
        expect_ok(soma_onnx_session_run(session, &(soma_array){rows[i].x, SOMA_STRING, 1, {rows[i].count}}, &y));
        expect_words(&y, SHAPE((int64_t)rows[i].left), rows[i].y);
        soma_onnx_session_destroy(session);
    }
    letters = "TITLE";
    soma_onnx_session *session = open_model(normalizer);
    soma_array y;
    expect_error(soma_onnx_session_run(session, &(soma_array){WORDS("a"), SOMA_STRING, 1, {1}}, &y), SOMA_INVALID_FILE,
                 "node 0", "StringNormalizer", "NONE, LOWER or UPPER");
    soma_onnx_session_destroy(session);
    letters = NULL;
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------
 * Tokenizer
 */

static const char *expression, *separators[2];
static size_t separator_count;
static int64_t mark, least = 1;

static void tokenizer(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN));
    const size_t one = begin("com.microsoft", "Tokenizer", INPUTS("x"), "y");
    if (expression) soma_onnx_put_attribute_text(&made, "tokenexp", expression);
    if (separator_count) soma_onnx_put_attribute_texts(&made, "separators", separators, separator_count);
    soma_onnx_put_attribute_text(&made, "pad_value", "#");
    soma_onnx_put_attribute_integer(&made, "mark", mark);
    soma_onnx_put_attribute_integer(&made, "mincharnum", least);
    soma_onnx_end_node(&made, one);
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN, OPEN));
}

START_TEST(texts_are_cut) {
    static const struct {
        const char *expression, *separators[2];
        size_t separator_count;
        int64_t mark, least;
        size_t rows, columns;
        const char *x[2], *y[12];
    } rows[] = {
        {"\\w+", {NULL}, 0, 0, 1, 2, 2, {"a b", "c"}, {"a", "b", "c", "#"}},
        {"\\w+", {NULL}, 0, 1, 1, 2, 4, {"a b", "c"}, {"\x02", "a", "b", "\x03", "\x02", "c", "\x03", "#"}},
        {"\\w+", {NULL}, 0, 0, 2, 1, 2, {"a bb ccc"}, {"bb", "ccc"}},
        {".", {NULL}, 0, 0, 1, 1, 3, {"a\nb"}, {"a", "\n", "b"}},
        {NULL, {""}, 1, 0, 1, 2, 4, {"a\xC3\xA9 b", ""}, {"a", "\xC3\xA9", " ", "b", "#", "#", "#", "#"}},
        {NULL, {" ", ","}, 2, 0, 1, 2, 4, {"a b,c  d", ",x,"}, {"a", "b", "c", "d", "x", "#", "#", "#"}},
        {NULL, {"-", "--"}, 2, 0, 1, 1, 3, {"a--b-c"}, {"a", "b", "c"}},
        {NULL, {" "}, 1, 1, 2, 1, 3, {"a b,c"}, {"\x02", "b,c", "\x03"}},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        soma_array y;
        expression = rows[i].expression;
        memcpy(separators, rows[i].separators, sizeof separators);
        separator_count = rows[i].separator_count;
        mark = rows[i].mark;
        least = rows[i].least;
        soma_onnx_session *session = open_model(tokenizer);
        expect_ok(soma_onnx_session_run(session, &(soma_array){rows[i].x, SOMA_STRING, 1, {rows[i].rows}}, &y));
        expect_words(&y, SHAPE((int64_t)rows[i].rows, (int64_t)rows[i].columns), rows[i].y);
        soma_onnx_session_destroy(session);
    }
    mark = 0;
    least = 1;
}
END_TEST

enum { MANY = 200000 };

static void many_separators(void) {
    static const char *many[MANY];
    for (size_t i = 0; i < MANY; i++) many[i] = "bbbbbbbb";
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN));
    const size_t one = begin("com.microsoft", "Tokenizer", INPUTS("x"), "y");
    soma_onnx_put_attribute_texts(&made, "separators", many, MANY);
    soma_onnx_put_attribute_integer(&made, "mincharnum", 1);
    soma_onnx_end_node(&made, one);
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN, OPEN));
}

/* An expression that looks at all the rest of a text for each of its characters; words of one letter that take more
 * than their text. */
START_TEST(texts_are_cut_in_bounded_time_and_memory) {
    static char text[MANY + 1];
    const char *const x = text;
    const soma_array given = {&x, SOMA_STRING, 1, {1}};
    soma_onnx_session *session = open_model(many_separators);
    soma_array y;
    memset(text, 'a', MANY);
    expect_error(soma_onnx_session_run(session, &given, &y), SOMA_UNSUPPORTED, "200000 separators; up to 100");
    soma_onnx_session_destroy(session);
    separator_count = 0;
    expression = "a|a.*c";
    session = open_model(tokenizer);
    expect_error(soma_onnx_session_run(session, &given, &y), SOMA_UNSUPPORTED, "comparisons with texts");
    soma_onnx_session_destroy(session);
    expression = "a";
    expect_ok(open_with(tokenizer, &(soma_onnx_options){.memory_limit = 20 * MANY}, &session));
    expect_error(soma_onnx_session_run(session, &given, &y), SOMA_UNSUPPORTED, "memory_limit");
    soma_onnx_session_destroy(session);
    expression = "(.{999}){30}";
    expect_ok(open_with(tokenizer, &(soma_onnx_options){.memory_limit = 1 << 20}, &session));
    expect_error(soma_onnx_session_run(session, &(soma_array){WORDS("a"), SOMA_STRING, 1, {1}}, &y), SOMA_UNSUPPORTED,
                 "memory_limit");
    soma_onnx_session_destroy(session);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------
 * TfIdfVectorizer
 */

static const char *mode = "TF";
static bool weighted;
static int64_t shortest = 1, longest = 2, skips;

static void put_floats(const char *name, const float *values, size_t count) {
    size_t one = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, name);
    for (size_t i = 0; i < count; i++) soma_protobuf_put_float(W, 7, values[i]);
    soma_protobuf_put_integer(W, 20, 6);
    soma_protobuf_close(W, one);
}

static void put_vectorizer(const char *input, const char *out, bool of_words) {
    const size_t one = begin(NULL, "TfIdfVectorizer", INPUTS(input), out);
    if (mode) soma_onnx_put_attribute_text(&made, "mode", mode);
    soma_onnx_put_attribute_integer(&made, "min_gram_length", shortest);
    soma_onnx_put_attribute_integer(&made, "max_gram_length", longest);
    soma_onnx_put_attribute_integer(&made, "max_skip_count", skips);
    soma_onnx_put_attribute_integers(&made, "ngram_counts", (const int64_t[]){0, 3}, 2);
    soma_onnx_put_attribute_integers(&made, "ngram_indexes", (const int64_t[]){2, 0, 1, 3}, 4);
    if (of_words)
        soma_onnx_put_attribute_texts(&made, "pool_strings", WORDS("a", "b", "c", "a", "b"), 5);
    else
        soma_onnx_put_attribute_integers(&made, "pool_int64s", (const int64_t[]){1, 2, 3, 1, 2}, 5);
    if (weighted) put_floats("weights", (const float[]){10, 20, 30, 40}, 4);
    soma_onnx_end_node(&made, one);
}

static void vectorizer(void) {
    put_typed_value(GRAPH_INPUT, "x", INT64, SHAPE(OPEN));
    put_vectorizer("x", "y", false);
    put_value(GRAPH_OUTPUT, "y", SHAPE(4));
}

START_TEST(runs_are_counted) {
    static const struct {
        const char *mode;
        bool weighted;
        int64_t shortest, skips;
        float y[4];
    } rows[] = {
        {"TF", false, 1, 0, {2, 1, 3, 2}},       {"IDF", true, 1, 0, {20, 30, 10, 40}},
        {"TFIDF", true, 1, 0, {40, 30, 30, 80}}, {"TFIDF", false, 1, 0, {2, 1, 3, 2}},
        {"TF", true, 1, 2, {2, 1, 3, 3}},        {"TF", false, 2, 0, {0, 0, 0, 2}},
    };
    const int64_t x[] = {1, 2, 1, 2, 3, 1, 9};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        soma_array y;
        mode = rows[i].mode;
        weighted = rows[i].weighted;
        shortest = rows[i].shortest;
        skips = rows[i].skips;
        soma_onnx_session *session = open_model(vectorizer);
        expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_I64, 1, {7}}, &y));
        expect_near(&y, SHAPE(4), rows[i].y);
        soma_onnx_session_destroy(session);
    }
    for (int wrong = 0; wrong < 2; wrong++) {
        soma_array y;
        mode = wrong ? "FT" : NULL;
        soma_onnx_session *session = open_model(vectorizer);
        expect_error(soma_onnx_session_run(session, &(soma_array){x, SOMA_I64, 1, {7}}, &y), SOMA_INVALID_FILE,
                     "TF, IDF or TFIDF");
        soma_onnx_session_destroy(session);
    }
    mode = "TF";
    weighted = false;
    shortest = 1;
    skips = 0;
}
END_TEST

/* Of lengths that the list has none of nothing is counted, however many they are. */
START_TEST(runs_of_the_list_alone_take_time) {
    static int64_t x[MANY];
    soma_array y;
    for (size_t i = 0; i < MANY; i++) x[i] = (int64_t)(i % 2) + 1;
    longest = INT64_MAX;
    soma_onnx_session *session = open_model(vectorizer);
    expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_I64, 1, {MANY}}, &y));
    expect_near(&y, SHAPE(4), (const float[]){MANY / 2, 0, MANY / 2, MANY / 2});
    soma_onnx_session_destroy(session);
    skips = INT64_MAX;
    session = open_model(vectorizer);
    expect_error(soma_onnx_session_run(session, &(soma_array){x, SOMA_I64, 1, {MANY}}, &y), SOMA_UNSUPPORTED,
                 "items of runs");
    soma_onnx_session_destroy(session);
    longest = 2;
    skips = 0;
}
END_TEST

/* As skl2onnx writes a CountVectorizer and a linear model: the network comes behind, on the device. */
static void pipeline(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 1));
    integers("flat", 1, (const int64_t[]){-1});
    floats("w", 2, (const int64_t[]){4, 1}, (const float[]){1, 10, 100, 1000});
    soma_onnx_end_node(&made, begin(NULL, "Reshape", INPUTS("x", "flat"), "rows"));
    size_t one = begin(NULL, "StringNormalizer", INPUTS("rows"), "small");
    soma_onnx_put_attribute_text(&made, "case_change_action", "LOWER");
    soma_onnx_end_node(&made, one);
    one = begin("com.microsoft", "Tokenizer", INPUTS("small"), "words");
    soma_onnx_put_attribute_text(&made, "tokenexp", "[a-z]+");
    soma_onnx_put_attribute_text(&made, "pad_value", "#");
    soma_onnx_put_attribute_integer(&made, "mark", 0);
    soma_onnx_put_attribute_integer(&made, "mincharnum", 1);
    soma_onnx_end_node(&made, one);
    soma_onnx_end_node(&made, begin(NULL, "Flatten", INPUTS("words"), "flattened"));
    put_vectorizer("flattened", "counts", true);
    soma_onnx_end_node(&made, begin(NULL, "MatMul", INPUTS("counts", "w"), "y"));
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 1));
}

START_TEST(a_network_comes_behind_texts) {
    soma_onnx_session *session = open_model(pipeline);
    soma_network *network;
    soma_value_info info;
    soma_array y;
    ck_assert_uint_eq(soma_onnx_session_input_count(session), 1);
    expect_ok(soma_onnx_session_input_info(session, 0, &info));
    ck_assert_str_eq(info.name, "x");
    for (int again = 0; again < 2; again++) {
        expect_ok(soma_onnx_session_run(session,
                                        &(soma_array){WORDS("A b, a-B", "c?", "nothing"), SOMA_STRING, 2, {3, 1}}, &y));
        /* a twice, b twice, "a b" twice: columns 2, 0 and 3 */
        expect_near(&y, SHAPE(3, 1), (const float[]){2202, 10, 0});
        expect_ok(soma_onnx_session_run(session, &(soma_array){WORDS("b"), SOMA_STRING, 2, {1, 1}}, &y));
        expect_near(&y, SHAPE(1, 1), (const float[]){1});
    }
    expect_ok(soma_onnx_session_run(session, &(soma_array){WORDS("?"), SOMA_STRING, 2, {1, 1}}, &y));
    expect_near(&y, SHAPE(1, 1), (const float[]){0});
    soma_onnx_session_destroy(session);
    expect_error(soma_load_onnx(temporary_path("m.onnx"), NULL, &network), SOMA_UNSUPPORTED, "soma predict --raw");
    expect_ok(open_with(pipeline, &(soma_onnx_options){.memory_limit = 1000}, &session));
    expect_error(
        soma_onnx_session_run(
            session, &(soma_array){WORDS("b c d e f g h i j k l m n o p q r s t u v w"), SOMA_STRING, 2, {1, 1}}, &y),
        SOMA_UNSUPPORTED, "memory_limit");
    soma_onnx_session_destroy(session);
}
END_TEST

/* --------------------------------------------------------------------------------------------- words made of words */

static void put_imputer(const char *filling) {
    integers("zero", 1, (const int64_t[]){0});
    size_t one = begin("ai.onnx.ml", "LabelEncoder", INPUTS("zero"), filling);
    soma_onnx_put_attribute_integers(&made, "keys_int64s", (const int64_t[]){0}, 1);
    soma_onnx_put_attribute_texts(&made, "values_strings", WORDS("Oslo"), 1);
    soma_onnx_put_attribute_text(&made, "default_string", "Oslo");
    soma_onnx_end_node(&made, one);
    one = begin("ai.onnx.ml", "LabelEncoder", INPUTS("x"), "missing");
    soma_onnx_put_attribute_texts(&made, "keys_strings", WORDS("nan"), 1);
    soma_onnx_put_attribute_integers(&made, "values_int64s", (const int64_t[]){1}, 1);
    soma_onnx_put_attribute_integer(&made, "default_int64", 0);
    soma_onnx_end_node(&made, one);
    one = begin(NULL, "Cast", INPUTS("missing"), "is_missing");
    soma_onnx_put_attribute_integer(&made, "to", BOOL);
    soma_onnx_end_node(&made, one);
}

/* As skl2onnx writes a SimpleImputer of words. */
static void imputer(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 1));
    put_imputer("filling");
    soma_onnx_end_node(&made, begin(NULL, "Where", INPUTS("is_missing", "filling", "x"), "y"));
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN, 1));
}

/* The same with a word that is made of constants. */
static void twice_imputer(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 1));
    put_imputer("halves");
    soma_onnx_end_node(&made, begin(NULL, "StringConcat", INPUTS("halves", "halves"), "filling"));
    soma_onnx_end_node(&made, begin(NULL, "Where", INPUTS("is_missing", "filling", "x"), "y"));
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN, 1));
}

START_TEST(words_of_constants_are_made_in_each_run) {
    soma_onnx_session *session = open_model(twice_imputer);
    soma_array y;
    for (int again = 0; again < 2; again++) {
        expect_ok(
            soma_onnx_session_run(session, &(soma_array){WORDS("Rome", "nan", "Bern"), SOMA_STRING, 2, {3, 1}}, &y));
        expect_words(&y, SHAPE(3, 1), WORDS("Rome", "OsloOslo", "Bern"));
    }
    soma_onnx_session_destroy(session);
}
END_TEST

START_TEST(words_are_chosen_and_come_out) {
    soma_onnx_session *session = open_model(imputer);
    soma_array y;
    expect_ok(
        soma_onnx_session_run(session, &(soma_array){WORDS("nan", "Rome", "", "Rome"), SOMA_STRING, 2, {4, 1}}, &y));
    expect_words(&y, SHAPE(4, 1), WORDS("Oslo", "Rome", "", "Rome"));
    soma_onnx_session_destroy(session);
}
END_TEST

/* The specification's default_string where the attribute is not there; of equal keys the first counts. */
static void relabelled(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 1));
    const size_t one = begin("ai.onnx.ml", "LabelEncoder", INPUTS("x"), "y");
    soma_onnx_put_attribute_texts(&made, "keys_strings", WORDS("b", "a", "b"), 3);
    soma_onnx_put_attribute_texts(&made, "values_strings", WORDS("B", "A", "C"), 3);
    soma_onnx_end_node(&made, one);
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN, 1));
}

START_TEST(words_that_are_no_keys_have_one_for_all) {
    soma_onnx_session *session = open_model(relabelled);
    for (int again = 0; again < 2; again++) {
        soma_array y;
        expect_ok(soma_onnx_session_run(session, &(soma_array){WORDS("x", "a", "z", "b"), SOMA_STRING, 2, {4, 1}}, &y));
        expect_words(&y, SHAPE(4, 1), WORDS("_Unused", "A", "_Unused", "B"));
    }
    soma_onnx_session_destroy(session);
}
END_TEST

static void identity(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 1));
    soma_onnx_end_node(&made, begin(NULL, "Identity", INPUTS("x"), "y"));
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN, 1));
}

START_TEST(words_that_were_only_moved_come_out) {
    soma_onnx_session *session = open_model(identity);
    soma_array y;
    expect_ok(soma_onnx_session_run(session, &(soma_array){WORDS("b", "a", "b"), SOMA_STRING, 2, {3, 1}}, &y));
    expect_words(&y, SHAPE(3, 1), WORDS("b", "a", "b"));
    soma_onnx_session_destroy(session);
}
END_TEST

static void repeated(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(2));
    integers("places", 4, (const int64_t[]){1, 0, 1, 1});
    soma_onnx_end_node(&made, begin(NULL, "Gather", INPUTS("x", "places"), "y"));
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN));
}

/* A model may make millions of a word, which may be long. */
START_TEST(a_word_that_comes_out_often_takes_memory_once) {
    soma_onnx_session *session = open_model(repeated);
    soma_array y;
    expect_ok(soma_onnx_session_run(session, &(soma_array){WORDS("b", "a"), SOMA_STRING, 1, {2}}, &y));
    expect_words(&y, SHAPE(4), WORDS("a", "b", "a", "a"));
    const char *const *found = y.data;
    ck_assert_ptr_eq(found[0], found[2]);
    ck_assert_ptr_eq(found[0], found[3]);
    soma_onnx_session_destroy(session);
}
END_TEST

static void concat(void) {
    put_typed_value(GRAPH_INPUT, "a", STRING, SHAPE(OPEN, 1));
    put_typed_value(GRAPH_INPUT, "b", STRING, SHAPE(OPEN));
    soma_onnx_end_node(&made, begin(NULL, "StringConcat", INPUTS("a", "b"), "y"));
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN, OPEN));
}

START_TEST(texts_are_joined) {
    soma_onnx_session *session = open_model(concat);
    soma_array y;
    expect_ok(soma_onnx_session_run(
        session,
        (const soma_array[]){{WORDS("x", "y"), SOMA_STRING, 2, {2, 1}}, {WORDS("1", "", "3"), SOMA_STRING, 1, {3}}},
        &y));
    expect_words(&y, SHAPE(2, 3), WORDS("x1", "x", "x3", "y1", "y", "y3"));
    soma_onnx_session_destroy(session);
}
END_TEST

static void put_joining_branch(const char *name) {
    const size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, name);
    const size_t graph = soma_protobuf_open(W, 6);
    soma_onnx_end_node(&made, begin(NULL, "StringConcat", INPUTS("a", "b"), "joined"));
    put_typed_value(GRAPH_OUTPUT, "joined", STRING, SHAPE(OPEN, OPEN));
    soma_protobuf_close(W, graph);
    soma_protobuf_put_integer(W, 20, 5); /* a graph */
    soma_protobuf_close(W, attribute);
}

/* Twice the elements of the result are as many as size_t has numbers. */
static void joined_beyond_memory(void) {
    put_typed_value(GRAPH_INPUT, "a", STRING, SHAPE((int64_t)1 << 32, 1));
    put_typed_value(GRAPH_INPUT, "b", STRING, SHAPE(1, (int64_t)1 << 31));
    bytes("true", BOOL, SHAPE(1), (const int8_t[]){1});
    const size_t one = begin(NULL, "If", INPUTS("true"), "y");
    put_joining_branch("then_branch");
    put_joining_branch("else_branch");
    soma_onnx_end_node(&made, one);
    put_typed_value(GRAPH_OUTPUT, "y", STRING, SHAPE(OPEN, OPEN));
}

START_TEST(texts_that_are_not_there_are_not_counted) {
    soma_onnx_session *session;
    expect_error(open_with(joined_beyond_memory, NULL, &session), SOMA_UNSUPPORTED, "StringConcat", "texts");
    ck_assert_ptr_null(session);
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return printf("skipped: %s\n", soma_last_error()), 77;
    TCase *all = tcase_create("onnx_texts");
    tcase_set_timeout(all, 120);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_test(all, expressions_match);
    tcase_add_test(all, expressions_that_are_wrong_are_refused);
    tcase_add_test(all, expressions_of_many_parts);
    tcase_add_test(all, what_is_read_again_and_again_is_refused);
    tcase_add_test(all, letters_are_changed_and_words_left_out);
    tcase_add_test(all, texts_are_cut);
    tcase_add_test(all, runs_are_counted);
    tcase_add_test(all, a_network_comes_behind_texts);
    tcase_add_test(all, words_are_chosen_and_come_out);
    tcase_add_test(all, words_that_were_only_moved_come_out);
    tcase_add_test(all, a_word_that_comes_out_often_takes_memory_once);
    tcase_add_test(all, words_of_constants_are_made_in_each_run);
    tcase_add_test(all, texts_are_joined);
    tcase_add_test(all, texts_that_are_not_there_are_not_counted);
    tcase_add_test(all, words_that_are_no_keys_have_one_for_all);
    /* These take seconds, all of them on the host: with one device. */
    if (strcmp(argv[1], "cpu") == 0) {
        tcase_add_test(all, texts_are_cut_in_bounded_time_and_memory);
        tcase_add_test(all, runs_of_the_list_alone_take_time);
    }
    Suite *suite = suite_create("onnx_texts");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
