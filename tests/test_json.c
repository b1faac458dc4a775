/* SPDX-License-Identifier: MIT */
/* JSON: what RFC 8259 allows, what it does not, and what soma refuses beyond it; the writer; comparing. */
#include "base/number.h"
#include "expect.h"
#include "io/json/json.h"
#include "peak_memory.h"

#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static soma_json *parsed(const char *text, size_t length) {
    soma_json_fault fault = {0};
    soma_json *value = NULL;
    soma_status status = soma_json_parse("text", text, length, &fault, &value);
    if (status != SOMA_OK) ck_abort_msg("%s: %s at %zu", text, fault.what ? fault.what : "?", fault.offset);
    return value;
}

/* The value as text in one form, to be held against what is expected: [kind count ...]. */
static void show(const soma_json *value, char *text, size_t size) {
    const size_t length = strlen(text);
    text += length;
    size -= length;
    switch ((soma_json_kind)value->kind) {
    case SOMA_JSON_NULL:
        snprintf(text, size, "null ");
        break;
    case SOMA_JSON_TRUTH:
        snprintf(text, size, "%s ", value->is.truth ? "true" : "false");
        break;
    case SOMA_JSON_INTEGER:
        snprintf(text, size, "i%" PRId64 " ", value->is.integer);
        break;
    case SOMA_JSON_REAL:
        snprintf(text, size, "r%a ", value->is.real);
        break;
    case SOMA_JSON_STRING:
        snprintf(text, size, "s%u<%s> ", value->count, value->is.text);
        break;
    case SOMA_JSON_ARRAY:
        snprintf(text, size, "a%u( ", value->count);
        SOMA_JSON_EACH(element, value) show(element, text, size);
        strncat(text, ") ", size - strlen(text) - 1);
        break;
    case SOMA_JSON_OBJECT:
        snprintf(text, size, "o%u( ", value->count);
        SOMA_JSON_EACH_PAIR(key, value) {
            show(key, text, size);
            show(key + 1, text, size);
        }
        strncat(text, ") ", size - strlen(text) - 1);
        break;
    }
}

static const struct {
    const char *text, *shown;
} good[] = {
    {"null", "null "},
    {" \t\r\n true \n", "true "},
    {"false", "false "},
    {"0", "i0 "},
    {"-0", "i0 "},
    {"-17", "i-17 "},
    {"9223372036854775807", "i9223372036854775807 "},
    {"-9223372036854775808", "i-9223372036854775808 "},
    {"1.5", "r0x1.8p+0 "},
    {"-0.0", "r-0x0p+0 "},
    {"1e3", "r0x1.f4p+9 "},
    {"1E+3", "r0x1.f4p+9 "},
    {"25e-2", "r0x1p-2 "},
    {"0e0", "r0x0p+0 "},
    {"1e-400", "r0x0p+0 "},
    {"1.7976931348623157e308", "r0x1.fffffffffffffp+1023 "},
    {"4.9406564584124654e-324", "r0x0.0000000000001p-1022 "},
    {"\"\"", "s0<> "},
    {"\"a\"", "s1<a> "},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "s8<\"\\/\b\f\n\r\t> "},
    {"\"\\u0041\\u00e9\\u20ac\\uD834\\udd1E\\u007f\"", "s11<A\xc3\xa9\xe2\x82\xac\xf0\x9d\x84\x9e\x7f> "},
    {"\"\xc3\xa9\xe2\x82\xac\xf4\x8f\xbf\xbf\"", "s9<\xc3\xa9\xe2\x82\xac\xf4\x8f\xbf\xbf> "},
    {"\"\\uffff\\u0800\"", "s6<\xef\xbf\xbf\xe0\xa0\x80> "},
    {"[]", "a0( ) "},
    {" [ 1 , [ ] , {} ] ", "a3( i1 a0( ) o0( ) ) "},
    {"{}", "o0( ) "},
    {"{\"a\":1,\"b\":[2,{\"c\":null}],\"\":\"x\"}", "o3( s1<a> i1 s1<b> a2( i2 o1( s1<c> null ) ) s0<> s1<x> ) "},
    {"{\"a\":{\"a\":{\"a\":1}}}", "o1( s1<a> o1( s1<a> o1( s1<a> i1 ) ) ) "}, /* once in each object */
};

START_TEST(what_is_allowed_is_understood) {
    char shown[512] = "";
    soma_json *value = parsed(good[_i].text, strlen(good[_i].text));
    show(value, shown, sizeof shown);
    ck_assert_str_eq(shown, good[_i].shown);
    soma_free(value);
}
END_TEST

#define TEXT(text) text, sizeof(text) - 1
static const struct {
    const char *text;
    size_t length, offset;
    const char *what;
} bad[] = {
    {TEXT(""), 0, "value"},
    {TEXT(" "), 1, "value"},
    {TEXT("\xef\xbb\xbf{}"), 0, "value"},
    {TEXT("nul"), 0, "value"},
    {TEXT("True"), 0, "value"},
    {TEXT("NaN"), 0, "value"},
    {TEXT("-Infinity"), 1, "value"},
    {TEXT("{} x"), 3, "follows"},
    {TEXT("1 2"), 2, "follows"},
    {TEXT("{}\0"), 2, "follows"},
    {TEXT("nulls"), 4, "follows"},
    {TEXT("01"), 1, "follows"},
    {TEXT("-"), 1, "value"},
    {TEXT("+1"), 0, "value"},
    {TEXT(".5"), 0, "value"},
    {TEXT("1."), 2, "digit"},
    {TEXT("1.e3"), 2, "digit"},
    {TEXT("1e"), 2, "digit"},
    {TEXT("1e+"), 3, "digit"},
    {TEXT("0x10"), 1, "follows"},
    {TEXT("9223372036854775808"), 19, "64 bits"},
    {TEXT("-9223372036854775809"), 20, "64 bits"},
    {TEXT("1e309"), 5, "double"},
    {TEXT("-1e999999999999999999999"), 24, "double"},
    {TEXT("\""), 1, "no end"},
    {TEXT("\"a"), 2, "no end"},
    {TEXT("'a'"), 0, "value"},
    {TEXT("\"\n\""), 1, "control"},
    {TEXT("\"\0\""), 1, "control"},
    {TEXT("\"\x1f\""), 1, "control"},
    {TEXT("\"\\"), 2, "escape"},
    {TEXT("\"\\x41\""), 2, "escape"},
    {TEXT("\"\\\0\""), 2, "escape"},
    {TEXT("\"\\U0041\""), 2, "escape"},
    {TEXT("\"\\u004\""), 6, "hexadecimal"},
    {TEXT("\"\\u00g0\""), 5, "hexadecimal"},
    {TEXT("\"\\u0000\""), 7, "zero"},
    {TEXT("\"\\ud834\""), 7, "surrogate"},
    {TEXT("\"\\ud834x\""), 7, "surrogate"},
    {TEXT("\"\\ud834\\n\""), 8, "surrogate"},
    {TEXT("\"\\ud834\\u0041\""), 13, "surrogate"},
    {TEXT("\"\\ud834\\ud834\""), 13, "surrogate"},
    {TEXT("\"\\udd1e\""), 7, "surrogate"},
    {TEXT("\"\xff\""), 1, "UTF-8"},
    {TEXT("\"\xc3\""), 1, "UTF-8"},
    {TEXT("\"\xc0\x80\""), 1, "UTF-8"},         /* longer than need be */
    {TEXT("\"\xed\xa0\x80\""), 1, "UTF-8"},     /* a surrogate */
    {TEXT("\"\xf4\x90\x80\x80\""), 1, "UTF-8"}, /* past the last character */
    {TEXT("\"\xe2\x82"), 1, "UTF-8"},
    {TEXT("[1,]"), 3, "value"},
    {TEXT("[,1]"), 1, "value"},
    {TEXT("[1 2]"), 3, "\"]\""},
    {TEXT("[1"), 2, "\"]\""},
    {TEXT("["), 1, "value"},
    {TEXT("]"), 0, "value"},
    {TEXT("[1}"), 2, "\"]\""},
    {TEXT("{\"a\":1,}"), 7, "string"},
    {TEXT("{\"a\"}"), 4, "\":\""},
    {TEXT("{\"a\" 1}"), 5, "\":\""},
    {TEXT("{\"a\":}"), 5, "value"},
    {TEXT("{\"a\":1"), 6, "\"}\""},
    {TEXT("{a:1}"), 1, "string"},
    {TEXT("{1:1}"), 1, "string"},
    {TEXT("{\"a\":1]"), 6, "\"}\""},
    {TEXT("// c\n1"), 0, "value"},
    {TEXT("{\"a\":1,\"a\":2}"), 8, "duplicate"},
    {TEXT("[{\"x\":{\"a\":1,\"b\":2,\"\\u0061\":3}}]"), 20, "duplicate"},
};

START_TEST(what_is_not_is_refused) {
    soma_json_fault fault = {0};
    soma_json *value;
    ck_assert_int_eq(soma_json_parse("text", bad[_i].text, bad[_i].length, &fault, &value), SOMA_INVALID_FILE);
    ck_assert_ptr_null(value);
    ck_assert_msg(strstr(fault.what, bad[_i].what) && fault.offset == bad[_i].offset, "%s: %s at %zu; %s at %zu",
                  bad[_i].text, fault.what, fault.offset, bad[_i].what, bad[_i].offset);
}
END_TEST

/* The bytes behind a text are none of the reader's: the address sanitizer sees to that, as the text has no end there.
 */
START_TEST(a_text_cut_anywhere_is_refused) {
    static const char text[] = "{\"a\\u00e9\\ud834\\udd1e\\n\":[true,false,null,-1.5e-3,12],\"\xe2\x82\xac\":{}}";
    for (size_t length = 0; length < sizeof text - 1; length++) {
        char *part = soma_malloc(length);
        soma_json_fault fault;
        soma_json *value;
        memcpy(part, text, length);
        ck_assert_int_eq(soma_json_parse("text", part, length, &fault, &value), SOMA_INVALID_FILE);
        ck_assert_uint_le(fault.offset, length);
        soma_free(part);
    }
    soma_free(parsed(text, sizeof text - 1));
}
END_TEST

START_TEST(loops_look_once_at_what_they_go_through) {
    soma_json *value = parsed("[1,2,3]", 7), *object = parsed("{\"a\":1,\"b\":2}", 13);
    const soma_json *list = value, *pairs = object;
    size_t elements = 0, keys = 0;
    SOMA_JSON_EACH(element, list) {
        list = NULL;
        ck_assert_uint_le(++elements, 3);
    }
    SOMA_JSON_EACH_PAIR(key, pairs) {
        pairs = NULL;
        ck_assert_uint_le(++keys, 2);
    }
    ck_assert_uint_eq(elements, 3);
    ck_assert_uint_eq(keys, 2);
    soma_free(value);
    soma_free(object);
}
END_TEST

START_TEST(levels_are_limited) {
    enum { MOST = 200000 };
    char *text = soma_malloc(2 * MOST);
    ck_assert_ptr_nonnull(text);
    soma_json_fault fault;
    soma_json *value;
    memset(text, '[', SOMA_JSON_MAX_DEPTH);
    memset(text + SOMA_JSON_MAX_DEPTH, ']', SOMA_JSON_MAX_DEPTH);
    soma_free(parsed(text, 2 * SOMA_JSON_MAX_DEPTH));
    memset(text, '[', MOST);
    memset(text + MOST, ']', MOST);
    peak_memory_start();
    ck_assert_int_eq(soma_json_parse("text", text, 2 * MOST, &fault, &value), SOMA_INVALID_FILE);
    ck_assert_uint_eq(fault.offset, SOMA_JSON_MAX_DEPTH);
    ck_assert_uint_lt(peak_memory(), 4096);
    soma_free(text);
}
END_TEST

/* A piece repeated, whose value costs the most for its length. */
static const char *const costly[] = {"0,", "[],", "\"\",", "{},", "{\"\":0},"};

START_TEST(memory_is_bounded_by_the_text) {
    enum { TIMES = 200000 };
    const size_t each = strlen(costly[_i]), length = TIMES * each + 3;
    char *text = soma_malloc(length);
    ck_assert_ptr_nonnull(text);
    text[0] = '[';
    for (size_t i = 0; i < TIMES; i++) memcpy(text + 1 + i * each, costly[_i], each);
    memcpy(text + length - 2, "0]", 2);
    peak_memory_start();
    soma_json *value = parsed(text, length);
    expect_little_memory(length, costly[_i]);
    ck_assert_uint_eq(soma_json_count(value), TIMES + 1);
    soma_free(value);
    text[length - 1] = ' '; /* what is refused takes none */
    soma_json_fault fault;
    peak_memory_start();
    ck_assert_int_eq(soma_json_parse("text", text, length, &fault, &value), SOMA_INVALID_FILE);
    ck_assert_uint_lt(peak_memory(), 4096);
    soma_free(text);
}
END_TEST

/* Far from quadratic: some 10^11 comparisons would take minutes. */
START_TEST(many_keys_are_compared_quickly) {
    enum { KEYS = 500000 };
    soma_json_writer writer = {.follows = false};
    char key[16], *text;
    soma_json_fault fault;
    soma_json *value;
    soma_json_open_object(&writer, NULL);
    for (int i = 0; i < KEYS; i++) {
        snprintf(key, sizeof key, "k%d", i);
        soma_json_write_integer(&writer, key, i);
    }
    soma_json_write_integer(&writer, "k77", 1);
    soma_json_close_object(&writer);
    expect_ok(soma_json_finish(&writer, "text", &text));
    ck_assert_int_eq(soma_json_parse("text", text, strlen(text), &fault, &value), SOMA_INVALID_FILE);
    ck_assert_uint_eq(fault.offset, strlen(text) - strlen("k77\":1}"));
    soma_free(text);
}
END_TEST

START_TEST(what_is_not_there_is_nothing) {
    double number = 7;
    int64_t integer = 7;
    soma_json *value = parsed("{\"a\":[1,2.5],\"b\":\"x\"}", 21);
    const soma_json *list = soma_json_get(value, "a"), *text = soma_json_get(value, "b");
    ck_assert_ptr_null(soma_json_get(value, "c"));
    ck_assert_ptr_null(soma_json_get(list, "a"));
    ck_assert_ptr_null(soma_json_get(NULL, "a"));
    ck_assert_uint_eq(soma_json_count(NULL) + soma_json_count(text), 0);
    ck_assert_ptr_null(soma_json_string(list));
    ck_assert(!soma_json_number(text, &number) && !soma_json_number(NULL, &number) && number == 7);
    ck_assert(!soma_json_integer(soma_json_after(list + 1), &integer) && integer == 7); /* 2.5 */
    ck_assert(soma_json_number(list + 1, &number) && number == 1);
    SOMA_JSON_EACH(element, text) ck_abort_msg("kind %u in a string", element->kind);
    SOMA_JSON_EACH_PAIR(key, list) ck_abort_msg("kind %u in a list", key->kind);
    SOMA_JSON_EACH(element, NULL) ck_abort_msg("kind %u in nothing", element->kind);
    soma_free(value);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- writing */

static char *written(void) {
    soma_json_writer writer = {.follows = false};
    char *text;
    soma_json_open_object(&writer, NULL);
    soma_json_write_text(&writer, "quote \" and \\", "a/b\n\x01\x1f\x7f\xc3\xa9");
    soma_json_open_array(&writer, "list");
    soma_json_write_real(&writer, NULL, 0.1);
    soma_json_write_real(&writer, NULL, -3);
    soma_json_write_real(&writer, NULL, 1e300);
    soma_json_write_integer(&writer, NULL, INT64_MIN);
    soma_json_open_array(&writer, NULL);
    soma_json_close_array(&writer);
    soma_json_close_array(&writer);
    soma_json_write_truth(&writer, "yes", true);
    soma_json_open_object(&writer, "empty");
    soma_json_close_object(&writer);
    soma_json_write_truth(&writer, "no", false);
    soma_json_close_object(&writer);
    expect_ok(soma_json_finish(&writer, "text", &text));
    return text;
}

static const char expected_text[] =
    "{\"quote \\\" and \\\\\":\"a/b\\n\\u0001\\u001f\x7f\xc3\xa9\",\"list\":[0.10000000000000001,-3.0,"
    "1.0000000000000001e+300,-9223372036854775808,[]],\"yes\":true,\"empty\":{},\"no\":false}";

START_TEST(the_writer_writes_it) {
    char *text = written();
    ck_assert_str_eq(text, expected_text);
    soma_free(parsed(text, strlen(text)));
    soma_free(text);
}
END_TEST

START_TEST(doubles_come_back_to_the_bit) {
    static const double values[] = {0.1,       1.0 / 3,
                                    DBL_MAX,   DBL_MIN,
                                    0x1p-1074, 123456789012345680.0,
                                    1e22,      1e23,
                                    -0.0,      3.0e-5,
                                    5e-324,    2.2250738585072011e-308,
                                    -1.5e-9,   0.30000001,
                                    1e16,      4503599627370497.5};
    for (size_t i = 0; i < SOMA_COUNT_OF(values); i++) {
        soma_json_writer writer = {.follows = false};
        char *text;
        soma_json_write_real(&writer, NULL, values[i]);
        expect_ok(soma_json_finish(&writer, "text", &text));
        soma_json *value = parsed(text, strlen(text));
        ck_assert_uint_eq(value->kind, SOMA_JSON_REAL);
        ck_assert_mem_eq(&value->is.real, &values[i], sizeof(double));
        soma_free(value);
        soma_free(text);
    }
}
END_TEST

/* A program's locale may have a comma for a point. */
START_TEST(locales_do_not_matter) {
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE", "ps_AF.UTF-8"};
    bool found = false;
    for (size_t i = 0; i < SOMA_COUNT_OF(commas); i++) {
        if (!setlocale(LC_ALL, commas[i])) continue;
        found = true;
        char *text = written();
        soma_json *value = parsed("[1.5]", 5);
        setlocale(LC_ALL, "C");
        ck_assert_str_eq(text, expected_text);
        ck_assert_double_eq(value[1].is.real, 1.5);
        soma_free(value);
        soma_free(text);
    }
    if (!found) printf("no locale with a comma is installed here: not tested with one\n");
}
END_TEST

/* -------------------------------------------------------------------------------------------------- comparing */

#ifdef SOMA_HAVE_TRAINING
static const struct {
    const char *here, *file, *detail; /* NULL: equal */
} pairs[] = {
    {"{\"a\":1,\"b\":[true,null,\"x\",1.5]}", "{\"b\":[true,null,\"x\",1.5],\"a\":1}", NULL},
    {"{\"version\":1,\"a\":2}", "{\"a\":2,\"version\":3}", NULL},
    {"{\"a\":2}", "{\"a\":2,\"version\":3}", NULL},
    {"{\"in\":{\"version\":1}}", "{\"in\":{\"version\":2}}", "it.in.version is 1 here, 2 in the file"},
    {"{\"a\":1}", "{\"a\":2}", "it.a is 1 here, 2 in the file"},
    {"{\"a\":1}", "{\"a\":1.0}", "it.a is 1 here, 1.0 in the file"},
    {"{\"a\":\"x\"}", "{\"a\":\"y\"}", "it.a is \"x\" here, \"y\" in the file"},
    {"{\"a\":true}", "{}", "it.a is true here, missing in the file"},
    {"{}", "{\"a\":null}", "it.\"a\" is missing here, null in the file"},
    {"[1,[2]]", "[1,[2,3]]", "it[1] is a list of 1 here, a list of 2 in the file"},
    {"[{\"name\":\"w\",\"n\":1}]", "[{\"name\":\"w\",\"n\":2}]", "it[\"w\"].n is 1 here, 2 in the file"},
    {"{\"a\":{}}", "{\"a\":[]}", "it.a is there here, a list of 0 in the file"},
    {"[0.25]", "[0.5]", "it[0] is 0.25 here, 0.5 in the file"},
};

START_TEST(differences_are_told) {
    soma_json *here = parsed(pairs[_i].here, strlen(pairs[_i].here)),
              *file = parsed(pairs[_i].file, strlen(pairs[_i].file));
    soma_status status = soma_json_compare("it", here, file, "version");
    if (pairs[_i].detail)
        expect_error(status, SOMA_INVALID_ARGUMENT, pairs[_i].detail);
    else
        expect_ok(status);
    soma_free(here);
    soma_free(file);
}
END_TEST
#endif

int main(void) {
    Suite *suite = suite_create("json");
    TCase *cases = tcase_create("json");
    suite_add_tcase(suite, cases);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, what_is_allowed_is_understood, 0, SOMA_COUNT_OF(good));
    tcase_add_loop_test(cases, what_is_not_is_refused, 0, SOMA_COUNT_OF(bad));
    tcase_add_test(cases, a_text_cut_anywhere_is_refused);
    tcase_add_test(cases, loops_look_once_at_what_they_go_through);
    tcase_add_test(cases, levels_are_limited);
    tcase_add_loop_test(cases, memory_is_bounded_by_the_text, 0, SOMA_COUNT_OF(costly));
    tcase_add_test(cases, many_keys_are_compared_quickly);
    tcase_add_test(cases, what_is_not_there_is_nothing);
    tcase_add_test(cases, the_writer_writes_it);
    tcase_add_test(cases, doubles_come_back_to_the_bit);
    tcase_add_test(cases, locales_do_not_matter);
#ifdef SOMA_HAVE_TRAINING
    tcase_add_loop_test(cases, differences_are_told, 0, SOMA_COUNT_OF(pairs));
#endif
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
