/* SPDX-License-Identifier: MIT */
/* Tables: what is a row, a header, a label, and every way in which a table may be wrong. */
#include "data/dataset.h"
#include "data/preprocess.h"
#include "expect.h"
#include "io/csv/csv.h"
#include "peak_memory.h"
#include "temporary.h"

#include <locale.h>
#include <math.h>

static soma_dataset *parse(const char *text, const soma_csv_options *options) {
    soma_dataset *dataset;
    soma_status status = soma_csv_parse("table.csv", text, strlen(text), options, &dataset);
    if (status != SOMA_OK) ck_abort_msg("%s: %s", text, soma_last_error());
    return dataset;
}

/* -------------------------------------------------------------------------------------------------- good tables */

#define ANY -1

typedef struct good_table {
    const char *what, *text;
    soma_csv_options options;
    size_t rows, features, classes;
    float first_input[4];
    int32_t labels[4];
    const char *names[3];
} good_table;

static const good_table good[] = {
    {"plain", "1,2,0\n3,4,1\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"no end of line at the end", "1,2,0\n3,4,1", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"\\r\\n", "1,2,0\r\n3,4,1\r\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"empty lines at the end", "1,2,0\n3,4,1\n\n\r\n\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"a byte order mark",
     "\xEF\xBB\xBF"
     "1,2,0\n3,4,1\n",
     {0},
     2,
     2,
     2,
     {1, 2},
     {0, 1},
     {NULL}},
    {"a byte order mark and a header",
     "\xEF\xBB\xBF"
     "a,b,c\n3,4,1\n",
     {.label = "a"},
     1,
     2,
     4,
     {4, 1},
     {3},
     {NULL}},
    {"spaces", " 1 ,\t2 , 0\n 3, 4 ,1 \n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"quotes", "\"1\",\"2\",\"0\"\n \"3\" ,4,\"1\"\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"signs and exponents", "-1.5e2,+.25,2.\n1E-1,0,1\n", {.regression = true}, 2, 2, 0, {-150, 0.25f}, {ANY}, {NULL}},
    {"semicolons", "1;2;0\n3;4;1\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"tabs", "1\t2\t0\n3\t4\t1\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"semicolons before tabs", "1;\t2;0\n3;4;1\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"a separator of one's own", "1|2|0\n3|4|1\n", {.separator = '|'}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"a space for a separator", "1 2 0\n3 4 1\n", {.separator = ' '}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"a quoted comma does not decide", "\"a,b\";c;d\n3;4;1\n", {0}, 1, 2, 2, {3, 4}, {1}, {NULL}},
    {"a header is seen", "width,height,label\n3,4,1\n", {0}, 1, 2, 2, {3, 4}, {1}, {NULL}},
    {"a header of which one is a word", "1,two,3\n3,4,1\n", {0}, 1, 2, 2, {3, 4}, {1}, {NULL}},
    {"a header seen by the label alone", "0,1,label\n3,4,1\n", {0}, 1, 2, 2, {3, 4}, {1}, {NULL}},
    {"no header because the label may be a word", "0,1,cat\n3,4,dog\n", {0}, 2, 2, 2, {0, 1}, {0, 1}, {"cat", "dog"}},
    {"a header by command", "1,2,3\n3,4,1\n", {.header = 1}, 1, 2, 2, {3, 4}, {1}, {NULL}},
    {"a header with a line in it", "\"a\nb\",c,label\n3,4,1\n", {0}, 1, 2, 2, {3, 4}, {1}, {NULL}},
    {"a label by name", "kind,a,b\nx,1,2\ny,3,4\n", {.label = "kind"}, 2, 2, 2, {1, 2}, {0, 1}, {"x", "y"}},
    {"a label by a quoted name",
     "\"the \"\"kind\"\"\",a,b\nx,1,2\ny,3,4\n",
     {.label = "the \"kind\""},
     2,
     2,
     2,
     {1, 2},
     {0, 1},
     {"x", "y"}},
    {"a label by number", "x,1,2\ny,3,4\n", {.label = "1"}, 2, 2, 2, {1, 2}, {0, 1}, {"x", "y"}},
    {"the label in the middle", "5,x,1\n6,y,3\n", {.label = "2"}, 2, 2, 2, {5, 1}, {0, 1}, {"x", "y"}},
    {"the last by number", "1,2,x\n3,4,y\n", {.label = "-1"}, 2, 2, 2, {1, 2}, {0, 1}, {"x", "y"}},
    {"no label", "1,2,3\n4,5,6\n", {.label = "none"}, 2, 3, 0, {1, 2, 3}, {ANY}, {NULL}},
    {"one column without a label", "1\n2\n3\n", {.label = "none"}, 3, 1, 0, {1}, {ANY}, {NULL}},
    {"names in order of appearance", "1,b\n2,a\n3,b\n4,c\n", {0}, 4, 1, 3, {1}, {0, 1, 0, 2}, {"b", "a", "c"}},
    {"numbers are their own class", "1,2\n2,0\n3,2\n4,5\n", {0}, 4, 1, 6, {1}, {2, 0, 2, 5}, {"0", "1", "2"}},
    {"one number written in several ways", "1,1\n2,1.0\n3,01\n4,1e0\n", {0}, 4, 1, 2, {1}, {1, 1, 1, 1}, {"0", "1"}},
    {"negative whole numbers go up", "1,1\n2,-1.0\n3,+1\n4,-1\n", {0}, 4, 1, 2, {1}, {1, 0, 1, 0}, {"-1", "1"}},
    {"large whole numbers", "1,2000\n2,1e3\n3,2000\n4,-0\n", {0}, 4, 1, 3, {1}, {2, 1, 2, 0}, {"0", "1000", "2000"}},
    {"fractions that have to be classes",
     "1,0.5\n2,.25\n3,5e-1\n",
     {.roles = &(const soma_csv_roles){.classification = 1}},
     3,
     1,
     2,
     {1},
     {1, 0, 1},
     {"0.25", "0.5"}},
    {"numbers among words are names", "1,7up\n2,cola\n3,7\n", {0}, 3, 1, 3, {1}, {0, 1, 2}, {"7up", "cola", "7"}},
    {"NA among words is a name", "1,NZ\n2,NA\n", {0}, 2, 1, 2, {1}, {0, 1}, {"NZ", "NA"}},
    {"labels with spaces and quotes",
     "1, two words \n2,\"a \"\"b\"\", c\"\n",
     {0},
     2,
     1,
     2,
     {1},
     {0, 1},
     {"two words", "a \"b\", c"}},
    {"labels beyond ASCII",
     "1,K\xC3\xA4se\n2,\xE2\x82\xAC\n",
     {0},
     2,
     1,
     2,
     {1},
     {0, 1},
     {"K\xC3\xA4se", "\xE2\x82\xAC"}},
    {"a promise", "3,2,red,green\n1,2,0\n3,4,1\n5,6,0\n", {0}, 3, 2, 2, {1, 2}, {0, 1, 0}, {"red", "green"}},
    {"a promise of more classes than there are",
     "1,2,red,green,blue\n1,2,1\n",
     {0},
     1,
     2,
     3,
     {1, 2},
     {1},
     {"red", "green", "blue"}},
    {"a promise, not looked for", "3,2,red\n1,2,0\n", {.header = 1}, 1, 2, 1, {1, 2}, {0}, {NULL}},
    {"a promise, without the label",
     "2,2,red,green\n1,2,0\n3,4,1\n",
     {.label = "none"},
     2,
     2,
     0,
     {1, 2},
     {ANY},
     {NULL}},
    {"a promise, label by number",
     "2,2,red,green\n1,2,0\n3,4,1\n",
     {.label = "3"},
     2,
     2,
     2,
     {1, 2},
     {0, 1},
     {"red", "green"}},
    {"a promise after empty lines",
     "\n\n2,2,red,green\n1,2,0\n3,4,1\n\n",
     {0},
     2,
     2,
     2,
     {1, 2},
     {0, 1},
     {"red", "green"}},
    {"a promise that could be a row, and is kept",
     "2,3,1,b\n1,2,3,0\n4,5,6,1\n",
     {0},
     2,
     3,
     2,
     {1, 2, 3},
     {0, 1},
     {"1", "b"}},
    {"the same with fewer rows is a row", "2,3,1,b\n1,2,3,a\n", {0}, 2, 3, 2, {2, 3, 1}, {0, 1}, {"b", "a"}},
    {"the same with more rows is a row", "1,3,1,b\n1,2,3,a\n4,5,6,b\n", {0}, 3, 3, 2, {1, 3, 1}, {0, 1, 0}, {"b", "a"}},
    {"as many rows, but labels that are words",
     "2,3,1,b\n1,2,3,a\n4,5,6,b\n",
     {0},
     3,
     3,
     2,
     {2, 3, 1},
     {0, 1, 0},
     {"b", "a"}},
    {"a row by its label in the middle",
     "5,4,yes,3,4\n1,2,no,3,4\n",
     {.label = "3"},
     2,
     4,
     2,
     {5, 4, 3, 4},
     {0, 1},
     {"yes", "no"}},
    {"a row by its label, though the last column would keep the promise",
     "2,4,yes,3,4\n1,2,no,3,0\n5,6,yes,1,2\n",
     {.label = "3"},
     3,
     4,
     2,
     {2, 4, 3, 4},
     {0, 1, 0},
     {"yes", "no"}},
    {"a row that could promise itself", "1,3,7,yes\n4,3,7,no\n", {0}, 2, 3, 2, {1, 3, 7}, {0, 1}, {"yes", "no"}},
    {"a row that could promise, quoted",
     "\"1\",\"3\",7,\"yes\"\n4,3,7,no\n",
     {0},
     2,
     3,
     2,
     {1, 3, 7},
     {0, 1},
     {"yes", "no"}},
    {"a row that could promise, and nothing behind it", "1,3,7,yes\n", {0}, 1, 3, 1, {1, 3, 7}, {0}, {"yes"}},
    {"a promise of numbers to predict",
     "2,3,1,b\n1,2,3,0.5\n4,5,6,-7\n",
     {.regression = true},
     2,
     3,
     0,
     {1, 2, 3},
     {ANY},
     {NULL}},
    {"empty lines at the start", "\n\n1,2,0\n3,4,1\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"empty lines with \\r\\n", "\r\n\r\n1,2,0\r\n3,4,1\r\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"lines of blanks at both ends", "  \n \t\n1,2,0\n3,4,1\n \n\t", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"an empty line behind a byte order mark",
     "\xEF\xBB\xBF\n"
     "1,2,0\n3,4,1\n",
     {0},
     2,
     2,
     2,
     {1, 2},
     {0, 1},
     {NULL}},
    {"a header after an empty line", "\nwidth,height,label\n3,4,1\n", {0}, 1, 2, 2, {3, 4}, {1}, {NULL}},
    {"a header by command after an empty line", "\n1,2,3\n3,4,1\n", {.header = 1}, 1, 2, 2, {3, 4}, {1}, {NULL}},
    {"a label by name after an empty line", "\nkind,a\nx,1\n", {.label = "kind"}, 1, 1, 1, {1}, {0}, {"x"}},
    {"the separator is of the first line that has something",
     "\n\n1;2;0\n3;4;1\n",
     {0},
     2,
     2,
     2,
     {1, 2},
     {0, 1},
     {NULL}},
    {"tabs after a line of tabs", "\t\t\n1\t2\t0\n3\t4\t1\n", {0}, 2, 2, 2, {1, 2}, {0, 1}, {NULL}},
    {"a promise whose labels are absent, and skipped",
     "2,3,1,b\n1,2,3,?\n4,5,6,\n",
     {.skip_label = true},
     2,
     3,
     0,
     {1, 2, 3},
     {ANY},
     {NULL}},
    {"the same of one row less", "2,3,1,b\n1,2,3,?\n", {.skip_label = true}, 2, 3, 0, {2, 3, 1}, {ANY}, {NULL}},
    {"the same of one row more", "1,3,1,b\n1,2,3,?\n4,5,6,\n", {.skip_label = true}, 3, 3, 0, {1, 3, 1}, {ANY}, {NULL}},
    {"the same with a number that is no class",
     "2,3,1,b\n1,2,3,?\n4,5,6,-1\n",
     {.skip_label = true},
     3,
     3,
     0,
     {2, 3, 1},
     {ANY},
     {NULL}},
    {"the same with words", "2,3,1,b\n1,2,3,?\n4,5,6,b\n", {.skip_label = true}, 3, 3, 0, {2, 3, 1}, {ANY}, {NULL}},
    {"skipped labels", "1,2,\n3,4,?\n5,6,x\n7,8\t,1.5\n", {.skip_label = true}, 4, 2, 0, {1, 2}, {ANY}, {NULL}},
    {"a skipped label by name",
     "kind,a,b\n,1,2\n?,3,4\n",
     {.skip_label = true, .label = "kind"},
     2,
     2,
     0,
     {1, 2},
     {ANY},
     {NULL}},
    {"a skipped label by number", ",1,2\n?,3,4\n", {.skip_label = true, .label = "1"}, 2, 2, 0, {1, 2}, {ANY}, {NULL}},
    {"skipped numbers", "1,2,\n3,4,\n", {.skip_label = true, .regression = true}, 2, 2, 0, {1, 2}, {ANY}, {NULL}},
    {"skipped labels of a promise",
     "2,2,red,green\n1,2,?\n3,4,\n",
     {.skip_label = true},
     2,
     2,
     0,
     {1, 2},
     {ANY},
     {NULL}},
    {"no label to skip", "1,2,3\n4,5,6\n", {.skip_label = true, .label = "none"}, 2, 3, 0, {1, 2, 3}, {ANY}, {NULL}},
    {"no promise: the second line does not fit", "150,4,a,b\n1,2,3,0\n", {0}, 1, 3, 1, {1, 2, 3}, {0}, {NULL}},
};

START_TEST(reads_good_tables) {
    const good_table *one = &good[_i];
    soma_dataset *dataset = parse(one->text, &one->options);
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    if (info.samples != one->rows || info.input_shape[0][0] != one->features || info.classes != one->classes)
        ck_abort_msg("%s: %zu rows, %zu features, %zu classes", one->what, info.samples, info.input_shape[0][0],
                     info.classes);
    float values[SOMA_COUNT_OF(one->first_input)];
    ck_assert_uint_le(one->features, SOMA_COUNT_OF(values));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 1, values));
    for (size_t i = 0; i < one->features; i++)
        if (values[i] != one->first_input[i]) ck_abort_msg("%s: feature %zu is %g", one->what, i, (double)values[i]);
    if (one->classes) {
        int32_t labels[4];
        expect_ok(soma_dataset_read_classes(dataset, 0, one->rows, labels));
        for (size_t i = 0; i < one->rows; i++)
            if (labels[i] != one->labels[i]) ck_abort_msg("%s: label %zu is %d", one->what, i, labels[i]);
    }
    for (size_t i = 0; i < 3; i++) {
        const char *name = soma_dataset_class_name(dataset, i), *expected = one->names[i];
        char number[24]; /* of classes that are numbers, where the case does not say more */
        snprintf(number, sizeof number, "%zu", i);
        if (!one->names[0] && i < one->classes) expected = number;
        if ((name == NULL) != (expected == NULL) || (name && strcmp(name, expected) != 0))
            ck_abort_msg("%s: class %zu is called %s", one->what, i, name ? name : "(nothing)");
    }
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(regression_keeps_numbers) {
    static const soma_csv_options options = {.regression = true, .label = "y"};
    soma_dataset *dataset = parse("x,y\n1,2.5\n2,-7\n", &options);
    const soma_column *target = &dataset->storage->target[0];
    ck_assert_int_eq(target->dtype, SOMA_F32);
    ck_assert_uint_eq(target->width, 1);
    ck_assert_float_eq(((float *)target->data)[0], 2.5f);
    ck_assert_float_eq(((float *)target->data)[1], -7);
    soma_dataset_destroy(dataset);
}
END_TEST

/* More fields and rows than first allocations hold; a label per row that is new. */
START_TEST(reads_large_tables) {
    enum { ROWS = 3000, COLUMNS = 300 };
    char *text = malloc(ROWS * COLUMNS * 8), *end = text;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j <= COLUMNS; j++)
            end += j < COLUMNS ? sprintf(end, "%d,", i + j) : sprintf(end, "name %d\n", i);
    soma_dataset *dataset;
    expect_ok(soma_csv_parse("large.csv", text, (size_t)(end - text), NULL, &dataset));
    float values[COLUMNS];
    ck_assert_uint_eq(dataset->samples, ROWS);
    ck_assert_uint_eq(dataset->storage->target[0].classes, ROWS);
    expect_ok(soma_dataset_read_input(dataset, 0, ROWS - 1, 1, values));
    for (int j = 0; j < COLUMNS; j++) ck_assert_float_eq(values[j], (float)(ROWS - 1 + j));
    ck_assert_str_eq(soma_dataset_class_name(dataset, 1234), "name 1234");
    soma_dataset_destroy(dataset);
    free(text);
}
END_TEST

/* ------------------------------------------------------------------------------------------------- float32 */

/* 200 numbers each, all different, which float32 would take for one another. */
typedef struct column_of_numbers {
    const char *what;
    void (*write)(int row, char *text, size_t size);
    double expected; /* the deviation, by the formula of evenly spaced numbers: step * sqrt((n^2 - 1) / 12) */
} column_of_numbers;

#define WRITER(name, ...)                                                                                              \
    static void name(int row, char *text, size_t size) {                                                               \
        snprintf(text, size, __VA_ARGS__);                                                                             \
    }
WRITER(seconds, "%d", 1700000000 + row)
WRITER(nanoseconds, "%lld", 1700000000000000000LL + row)
WRITER(large_identities, "%lld", 9007199254740993LL + 2 * row)
WRITER(largest_identities, "%llu", 9999999999999999000ULL + (unsigned)row)
WRITER(negative, "-%d", 2000000000 + row)
WRITER(negative_nanoseconds, "-%lld", 1700000000000000000LL + row)
WRITER(around_a_thousand_million, "1000000000.%03d", row)
WRITER(below_a_thousand_million, "999999999.%03d", row)
WRITER(fractions, "0.5000000%03d", row)
WRITER(exponents, "1.7%03de12", row)
WRITER(quoted, "\"%d\"", 1700000000 + row)

static const column_of_numbers close_numbers[] = {
    {"seconds", seconds, 1},
    {"nanoseconds", nanoseconds, 1},
    {"large identities", large_identities, 2},
    {"the largest identities", largest_identities, 1},
    {"negative", negative, 1},
    {"negative nanoseconds", negative_nanoseconds, 1},
    {"around 1e9", around_a_thousand_million, 1e-3},
    {"below 1e9", below_a_thousand_million, 1e-3},
    {"fractions", fractions, 1e-10},
    {"exponents", exponents, 1e8},
    {"quoted", quoted, 1},
};

static int compare_floats(const void *a, const void *b) {
    float left = *(const float *)a, right = *(const float *)b;
    return (left > right) - (left < right);
}

/* Standardised, as a network would see them: evenly spaced, whatever the numbers begin with. */
START_TEST(keeps_close_numbers_apart) {
    enum { ROWS = 200 };
    const column_of_numbers *one = &close_numbers[_i];
    char text[ROWS * 40] = "t,small\n", *end = text + strlen(text);
    for (int row = 0; row < ROWS; row++) {
        char number[32];
        one->write(row, number, sizeof number);
        end += sprintf(end, "%s,%d\n", number, row);
    }
    soma_dataset *dataset = parse(text, &(soma_csv_options){.label = "none"});
    double mean[2], deviation[2], scale[2], unit = sqrt((ROWS * ROWS - 1) / 12.0);
    expect_ok(soma_dataset_statistics(dataset, mean, deviation));
    if (fabs(deviation[0] - one->expected * unit) > 1e-5 * one->expected * unit)
        ck_abort_msg("%s: deviation %.10g, expected %.10g", one->what, deviation[0], one->expected * unit);
    ck_assert_double_eq(mean[1], 99.5);
    for (int i = 0; i < 2; i++) scale[i] = soma_scale_of_deviation(deviation[i]);
    expect_ok(soma_dataset_standardize(dataset, mean, scale, 2));
    float seen[ROWS][2], sorted[ROWS];
    expect_ok(soma_dataset_read_input(dataset, 0, 0, ROWS, &seen[0][0]));
    for (int row = 0; row < ROWS; row++) {
        /* The mean is a float64, too: of numbers beyond 2^53 it has no fraction, and what is standardised is shifted.
         */
        double expected = row / unit, found = fabs((double)seen[row][0] - (double)seen[0][0]);
        sorted[row] = seen[row][0];
        if (fabs(found - expected) > 2e-4)
            ck_abort_msg("%s: row %d is %g from the first, expected %g", one->what, row, found, expected);
    }
    qsort(sorted, ROWS, sizeof *sorted, compare_floats);
    for (int row = 1; row < ROWS; row++) ck_assert_msg(sorted[row] > sorted[row - 1], "%s: two are one", one->what);
    soma_dataset_destroy(dataset);
}
END_TEST

/* One far away among them: the median is what the others are near to. */
START_TEST(keeps_close_numbers_apart_beside_a_distant_one) {
    char text[8000] = "t\n0\n", *end = text + strlen(text);
    for (int row = 0; row < 200; row++) end += sprintf(end, "%d\n", 1700000000 + row);
    soma_dataset *dataset = parse(text, &(soma_csv_options){.label = "none"});
    const soma_column *column = &dataset->storage->input[0];
    ck_assert_ptr_nonnull(column->offset);
    for (int row = 0; row < 201; row++) {
        double value = (double)((const float *)column->data)[row] + column->offset[0];
        ck_assert_double_le(fabs(value - (row ? 1700000000 + row - 1 : 0)), row ? 0 : 64);
    }
    soma_dataset_destroy(dataset);
}
END_TEST

/* What float32 holds has no offset: the numbers stand as they were read. */
START_TEST(plain_numbers_have_no_offset) {
    static const char *const texts[] = {"1\n2\n3\n",        "0.1\n0.2\n",   "16777216\n-16777216\n",
                                        "1e30\n1e-30\n0\n", "7.25\n7.25\n", "255\n254.5\n"};
    for (size_t i = 0; i < SOMA_COUNT_OF(texts); i++) {
        soma_dataset *dataset = parse(texts[i], &(soma_csv_options){.label = "none"});
        ck_assert_msg(!dataset->storage->input[0].offset, "%s", texts[i]);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

/* What is read back is value and offset in one float32; so is a constant, which nothing tells apart. */
START_TEST(reads_back_what_has_an_offset) {
    soma_dataset *dataset = parse("1700000001,0\n1700000002,1\n", NULL);
    float value;
    ck_assert_ptr_nonnull(dataset->storage->input[0].offset);
    expect_ok(soma_dataset_read_input(dataset, 0, 1, 1, &value));
    ck_assert_float_eq(value, 1700000002.0f);
    soma_dataset_destroy(dataset);
    dataset = parse("1700000001\n1700000001\n", &(soma_csv_options){.label = "none"});
    double mean, deviation;
    expect_ok(soma_dataset_statistics(dataset, &mean, &deviation));
    ck_assert_double_eq(mean, 1700000001);
    ck_assert_double_eq(deviation, 0);
    soma_dataset_destroy(dataset);
}
END_TEST

static char told[256];

static void keep_message(void *context, soma_log_level level, const char *message) {
    (void)context;
    (void)level;
    snprintf(told, sizeof told, "%s", message);
}

/* Numbers whose differences need more digits than float32 has, whatever is taken from them. */
START_TEST(tells_of_numbers_that_float32_takes_for_one) {
    char text[20000] = "wide,fine\n", *end = text + strlen(text);
    for (int row = 0; row < 200; row++) end += sprintf(end, "%d,%d\n", row % 2 ? row : 2000000000 + row, row);
    soma_log_set(keep_message, NULL, SOMA_LOG_WARNING);
    soma_dataset *dataset = parse(text, &(soma_csv_options){.label = "none"});
    soma_log_set(NULL, NULL, SOMA_LOG_WARNING);
    ck_assert_msg(strstr(told, "table.csv: column 1 (\"wide\"): of 200 different numbers") != NULL, "%s", told);
    soma_dataset_destroy(dataset);
}
END_TEST

/* ---------------------------------------------------------------------------------------------- many parts */

/* A table that is divided among threads: every row at its place, line ends in quotes, names in order of appearance. */
START_TEST(reads_tables_in_parts) {
    enum { ROWS = 260000 };
    char *text = malloc(ROWS * 40), *end = text;
    for (int i = 0; i < ROWS; i++)
        end += sprintf(end, i % 2 ? "%d,%d.5,name %d\n" : "%d,\"%d.5\",\"a \"\"\n\n%d\"\r\n", i, -i, i / 4000);
    ck_assert_int_gt((int)(end - text), 5 << 20);
    soma_dataset *dataset;
    expect_ok(soma_csv_parse("large.csv", text, (size_t)(end - text), NULL, &dataset));
    ck_assert_uint_eq(dataset->samples, ROWS);
    ck_assert_uint_eq(dataset->storage->target[0].classes, 2 * (ROWS / 4000));
    const float *values = dataset->storage->input[0].data;
    const int32_t *labels = dataset->storage->target[0].data;
    for (int i = 0; i < ROWS; i++) {
        ck_assert_float_eq(values[2 * i], (float)i);
        ck_assert_float_eq(values[2 * i + 1], i ? -(float)i - 0.5f : 0.5f);
        char name[32];
        snprintf(name, sizeof name, i % 2 ? "name %d" : "a \"\n\n%d", i / 4000);
        ck_assert_str_eq(soma_dataset_class_name(dataset, (size_t)labels[i]), name);
    }
    soma_dataset_destroy(dataset);
    /* The first fault is told, whichever thread has come upon one; lines in quotes count. */
    char *late = strchr(strstr(text + (end - text) * 3 / 4, ",name "), '\n'),
         *early = strchr(strstr(text + (end - text) / 3, ",name "), '\n');
    memcpy(late + 1, "x", 1);
    size_t line = 1;
    for (const char *at = text; at <= late; at++) line += *at == '\n';
    char expected[64];
    snprintf(expected, sizeof expected, "large.csv: line %zu, column 1", line);
    expect_error(soma_csv_parse("large.csv", text, (size_t)(end - text), NULL, &dataset), SOMA_INVALID_FILE, expected);
    early[1] = ',';
    line = 1;
    for (const char *at = text; at <= early; at++) line += *at == '\n';
    snprintf(expected, sizeof expected, "large.csv: line %zu", line);
    expect_error(soma_csv_parse("large.csv", text, (size_t)(end - text), NULL, &dataset), SOMA_INVALID_FILE, expected);
    free(text);
}
END_TEST

/* Close numbers beside plain ones and gaps, in a text of many parts. */
START_TEST(reads_close_numbers_in_parts) {
    enum { ROWS = 200000 };
    static const soma_csv_roles roles = {.missing = SOMA_MISSING_MEAN};
    char *text = malloc(ROWS * 40), *end = text;
    for (int i = 0; i < ROWS; i++)
        if (i % 1000 == 7)
            end += sprintf(end, ",%d.25,\"%d\n\"\n", i, i % 3);
        else
            end += sprintf(end, "%lld,%d.25,%d\n", 1700000000000LL + i, i, i % 3);
    ck_assert_int_gt((int)(end - text), 4 << 20);
    soma_dataset *dataset;
    expect_ok(soma_csv_parse("close.csv", text, (size_t)(end - text), &(soma_csv_options){.roles = &roles}, &dataset));
    const soma_column *column = &dataset->storage->input[0];
    const float *values = column->data;
    ck_assert_uint_eq(dataset->samples, ROWS);
    ck_assert_ptr_nonnull(column->offset);
    for (int i = 0; i < ROWS; i++) {
        bool gap = i % 1000 == 7;
        double close = (double)values[2 * i] + column->offset[0];
        ck_assert_msg(gap ? isnan(close) : close == 1700000000000.0 + i, "row %d: %.0f", i, close);
        ck_assert_float_eq(values[2 * i + 1], (float)i + 0.25f);
    }
    soma_dataset_destroy(dataset);
    free(text);
}
END_TEST

/* The last record goes on through all that would have been further parts, and has no line's end. */
START_TEST(reads_a_long_last_record) {
    enum { LENGTH = 3 << 20 };
    char *text = malloc(LENGTH + 64), *end = text + sprintf(text, "v,y\n1,a\n2,b\n3,");
    memset(end, 'c', LENGTH);
    end += LENGTH;
    for (int quoted = 0; quoted < 2; quoted++) {
        soma_dataset *dataset;
        if (quoted) {
            end[-1] = text[strlen("v,y\n1,a\n2,b\n3,")] = '"';
            memset(end - LENGTH / 2, '\n', LENGTH / 4);
        }
        expect_ok(soma_csv_parse("long.csv", text, (size_t)(end - text), NULL, &dataset));
        ck_assert_uint_eq(dataset->samples, 3);
        ck_assert_uint_eq(strlen(soma_dataset_class_name(dataset, 2)), LENGTH - 2 * (size_t)quoted);
        ck_assert_float_eq(((const float *)dataset->storage->input[0].data)[2], 3);
        soma_dataset_destroy(dataset);
    }
    free(text);
}
END_TEST

/* As much memory as the numbers take, and a little: the text is not copied. */
START_TEST(takes_little_more_memory_than_the_numbers) {
    enum { ROWS = 200000, COLUMNS = 10 };
    char *text = malloc(ROWS * COLUMNS * 12), *end = text;
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < COLUMNS; j++)
            end += sprintf(end, "%d.%03d%c", i % 97, (i * 31 + j) % 1000, j < COLUMNS - 1 ? ',' : '\n');
    const char *path = temporary_file("numbers.csv", text, (size_t)(end - text));
    free(text);
    soma_dataset *dataset;
    peak_memory_start();
    expect_ok(soma_dataset_from_csv(path, &(soma_csv_options){.label = "none"}, &dataset));
    size_t peak = peak_memory(), numbers = ROWS * COLUMNS * sizeof(float);
    ck_assert_msg(peak <= numbers + numbers / 5, "%zu bytes of memory for %zu of numbers", peak, numbers);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(the_locale_changes_nothing) {
    static const char *const locales[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "fr_FR.utf8"};
    bool found = false;
    for (size_t i = 0; i < SOMA_COUNT_OF(locales) && !found; i++) found = setlocale(LC_ALL, locales[i]) != NULL;
    if (!found) printf("skipped: no locale with a decimal comma is installed\n");
    soma_dataset *dataset = parse("1.25,3.141592653589793,0\n", NULL);
    float values[2];
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 1, values));
    ck_assert_float_eq(values[0], 1.25f);
    ck_assert_float_eq(values[1], 3.14159274f);
    soma_dataset_destroy(dataset);
    setlocale(LC_ALL, "C");
}
END_TEST

/* --------------------------------------------------------------------------------------------------- bad tables */

typedef struct bad_table {
    const char *what, *text;
    size_t size; /* 0: up to the first zero byte */
    soma_csv_options options;
    soma_status status;
    const char *words[6];
} bad_table;

static const bad_table bad[] = {
    {"empty", "", 0, {0}, SOMA_INVALID_FILE, {"line 1", "empty", "at least one row"}},
    {"empty lines alone", "\n\n\r\n", 0, {0}, SOMA_INVALID_FILE, {"line 1", "empty", "at least one row"}},
    {"a byte order mark alone", "\xEF\xBB\xBF", 0, {0}, SOMA_INVALID_FILE, {"line 1", "empty"}},
    {"a header alone", "a,b,c\n", 0, {0}, SOMA_INVALID_FILE, {"line 2", "no rows", "at least one"}},
    {"a header alone, by command", "1,2,3", 0, {.header = 1}, SOMA_INVALID_FILE, {"no rows", "at least one"}},
    {"a short row", "1,2,0\n3,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2", "2 fields", "3 are wanted"}},
    {"a long row", "1,2,0\n3,4,1,5\n", 0, {0}, SOMA_INVALID_FILE, {"line 2", "more than 3 fields", "3 are wanted"}},
    {"a separator too many", "1,2,0\n3,4,1,\n", 0, {0}, SOMA_INVALID_FILE, {"line 2", "more than 3 fields"}},
    {"rows longer than the header", "a,b\n1,2,3\n", 0, {0}, SOMA_INVALID_FILE, {"line 2", "more than 2 fields"}},
    {"an empty line between", "1,2,0\n\n3,4,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2", "empty", "3 fields"}},
    {"a line of spaces", "1,2,0\n  \n3,4,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2", "empty", "3 fields"}},
    {"a word", "1,2,0\n3,four,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 2", "\"four\"", "no number", "-1.5e3"}},
    {"a word under a name",
     "a,b,c\n3,four,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 2, column 2 (\"b\")", "\"four\"", "no number"}},
    {"nothing", "1,2,0\n3,,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 2", "\"\"", "no number"}},
    {"nothing between tabs", "1\t2\t0\n3\t\t1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 2", "\"\"", "no number"}},
    {"nothing between spaces",
     "1 2 0\n3  1\n",
     0,
     {.separator = ' '},
     SOMA_INVALID_FILE,
     {"line 2, column 2", "\"\"", "no number"}},
    {"nothing in the first line",
     "1,,0\n3,4,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 1, column 2", "\"\"", "no number"}},
    {"nan in the first line",
     "1,NaN,0\n3,4,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 1, column 2", "\"NaN\"", "no number"}},
    {"inf", "1,2,0\n3,-inf,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 2", "\"-inf\"", "no number"}},
    {"infinity", "1,2,0\nInfinity,3,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 1", "\"Infinity\"", "no number"}},
    {"a question mark", "1,?,0\n3,4,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 1, column 2", "\"?\"", "no number"}},
    {"too large",
     "1,2,0\n3,1e39,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 2, column 2", "\"1e39\"", "too large", "3.4e38"}},
    {"hexadecimal", "1,2,0\n3,0x10,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 2", "\"0x10\"", "no number"}},
    {"a decimal comma", "1;2;0\n3;4,5;1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 2", "\"4,5\"", "with a point"}},
    {"two numbers in a field",
     "1,2,0\n3,4 5,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 2, column 2", "\"4 5\"", "no number"}},
    {"a sign alone", "1,2,0\n3,-,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 2", "\"-\"", "no number"}},
    {"an exponent alone", "1,2,0\n3,4e,1\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 2", "\"4e\"", "no number"}},
    {"an open quote", "1,2,0\n3,\"4,1\n5,6,0\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 2", "never closed"}},
    {"a quote inside",
     "1,2,0\n3,4\"4,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 2, column 2", "a quote inside a field", "doubled"}},
    {"text behind a quote",
     "1,2,0\n3,\"4\"5,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 2, column 2", "behind a closing quote", "separator"}},
    {"a lone carriage return",
     "1,2,0\r3,4,1\r",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 1, column 3", "carriage return", "\\r\\n"}},
    {"a zero byte", "1,2,0\n3,\0004,1\n", 12, {0}, SOMA_INVALID_FILE, {"line 2", "offset 8", "zero byte"}},
    {"a zero byte behind an empty line",
     "\n1,\0004,1\n",
     8,
     {0},
     SOMA_INVALID_FILE,
     {"line 2", "offset 3", "zero byte"}},
    {"Latin-1 behind empty lines", "\n\n1,caf\xE9\n", 0, {0}, SOMA_INVALID_FILE, {"line 3", "offset 7", "\\xe9"}},
    {"UTF-16",
     "\xFF\xFE"
     "1\0,\0",
     6,
     {0},
     SOMA_INVALID_FILE,
     {"offset 0", "UTF-16", "UTF-8 is wanted"}},
    {"UTF-16, the other way", "\xFE\xFF\0001\0,", 6, {0}, SOMA_INVALID_FILE, {"offset 0", "UTF-16"}},
    {"Latin-1", "1,2,caf\xE9\n", 0, {0}, SOMA_INVALID_FILE, {"line 1", "offset 7", "\\xe9", "UTF-8 is wanted"}},
    {"a name twice", "a,b,a\n1,2,0\n", 0, {0}, SOMA_INVALID_FILE, {"line 1, column 3", "\"a\"", "column 1", "differ"}},
    {"two columns without a name", "a,,\n1,2,0\n", 0, {0}, SOMA_INVALID_FILE, {"line 1, column 3", "\"\"", "column 2"}},
    {"the label alone", "label\n1\n", 0, {0}, SOMA_INVALID_FILE, {"line 1", "only column", "one feature"}},
    {"no label", "1,2,0\n3,4,\n", 0, {0}, SOMA_INVALID_FILE, {"line 2, column 3", "no label", "every row"}},
    {"a missing label among numbers",
     "1,2,0\n3,4,?\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 2", "\"?\"", "no number, but others are"}},
    {"a label that is no number to predict",
     "1,2,0.5\n3,4,much\n",
     0,
     {.regression = true},
     SOMA_INVALID_FILE,
     {"line 2, column 3", "\"much\"", "no number"}},
    {"an unknown name",
     "a,b,c\n1,2,0\n",
     0,
     {.label = "d"},
     SOMA_INVALID_ARGUMENT,
     {"line 1", "\"d\"", "\"a\", \"b\", \"c\""}},
    {"an unknown name of many",
     "a,b,c,d,e,f,g,h,i\n1,2,3,4,5,6,7,8,0\n",
     0,
     {.label = "x"},
     SOMA_INVALID_ARGUMENT,
     {"\"x\"", "\"h\", ..."}},
    {"a name without a header",
     "1,2,0\n3,4,1\n",
     0,
     {.label = "species"},
     SOMA_INVALID_ARGUMENT,
     {"\"species\"", "\"1\", \"2\", \"0\""}},
    {"a name, and no header by command",
     "a,b\n1,2\n",
     0,
     {.label = "a", .header = -1},
     SOMA_INVALID_ARGUMENT,
     {"\"a\" is a name", "no header", "1 to 2"}},
    {"a column past the last", "1,2,0\n", 0, {.label = "4"}, SOMA_INVALID_ARGUMENT, {"label column 4", "1 to 3"}},
    {"column -2",
     "1,2,0\n",
     0,
     {.label = "-2"},
     SOMA_INVALID_ARGUMENT,
     {"label column -2", "1 to 3", "-1 for the last"}},
    {"a header by command that is none",
     "a,b\nc,1\n",
     0,
     {.header = -1},
     SOMA_INVALID_FILE,
     {"line 1, column 1", "\"a\"", "no number"}},
    {"a promise of too many rows",
     "3,2,red,green\n1,2,0\n3,4,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 1 promises 3 rows", "there are 2", "--no-header", "--header"}},
    {"a promise of too few rows",
     "1,2,red,green\n1,2,0\n3,4,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 1 promises 1 rows", "there are 2", "--no-header", "--header"}},
    {"a promise after empty lines that is not kept",
     "\r\n\n3,2,red,green\n1,2,0\n3,4,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 3 promises 3 rows", "there are 2", "--no-header"}},
    {"what could be a row, but for a number under the word",
     "9,3,1,b\n1,2,3,0\n4,5,6,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 1 promises 9 rows", "there are 2", "--no-header"}},
    {"a promise of numbers to predict that is not kept",
     "9,3,1,b\n1,2,3,x\n",
     0,
     {.regression = true},
     SOMA_INVALID_FILE,
     {"line 2, column 4", "\"x\" is no number"}},
    {"a promise of more classes than a row has fields left",
     "3,2,red,7\n1,2,?\n",
     0,
     {.skip_label = true},
     SOMA_INVALID_FILE,
     {"line 1 promises 3 rows", "there are 1", "--no-header"}},
    {"a promise with a row too short",
     "2,2,red,green\n1,2,0\n3,4\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 3: 2 fields; 3 are wanted", "--no-header"}},
    {"names of columns that look like a promise",
     "9,2,size,kind,x\n1,2,0\n3,4,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 1 promises 9 rows", "names the columns", "--header"}},
    {"a row above numbers, taken for names",
     "7,7,yes\n1,2,0\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 1, column 2", "\"7\" is named in column 1", "--no-header"}},
    {"a word in the third row after empty lines and a quoted line end",
     "\n\n\"a\nb\",c,label\n1,2,0\n1,2,1\n3,four,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 7, column 2 (\"c\")", "\"four\""}},
    {"a field with two line ends",
     "1,2,\"x\r\n\ny\"\n3,4,z\n5,six,z\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 5, column 2", "\"six\""}},
    {"a line end in the field itself",
     "1,2,x\n3,\"\n\n4 5\",z\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 2, column 2", "no number"}},
    {"a line end and a doubled quote",
     "1,2,\"x\n\"\"\n\"\"y\"\n3,4\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 4: 2 fields; 3 are wanted"}},
    {"a label behind line ends in labels",
     "1,\"0\"\n2,\"\n1\"\n3,?\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 4, column 2: label \"?\""}},
    {"skipped labels in a ragged table",
     "1,2,\n3,4\n",
     0,
     {.skip_label = true},
     SOMA_INVALID_FILE,
     {"line 2: 2 fields; 3 are wanted"}},
    {"a feature missing beside skipped labels",
     "1,2,\n3,?,0\n",
     0,
     {.skip_label = true},
     SOMA_INVALID_FILE,
     {"line 2, column 2", "\"?\" is no number"}},
    {"a promise with a class too many",
     "2,2,red,green\n1,2,0\n3,4,2\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 3", "label \"2\"", "first line names"}},
    {"a promise with a class by name",
     "2,2,red,green\n1,2,0\n3,4,red\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 3", "label \"red\"", "count from 0"}},
    {"a promise with a class twice",
     "2,2,red,red\n1,2,0\n3,4,1\n",
     0,
     {0},
     SOMA_INVALID_FILE,
     {"line 1, column 4", "\"red\"", "column 3"}},
    {"a promise with another label",
     "2,2,red,green\n1,2,0\n3,4,1\n",
     0,
     {.label = "1"},
     SOMA_INVALID_ARGUMENT,
     {"label column \"1\"", "the last column", "--no-header"}},
    {"a quote for a separator", "1,2\n", 0, {.separator = '"'}, SOMA_INVALID_ARGUMENT, {"separator", "is wanted"}},
    {"a digit for a separator", "1,2\n", 0, {.separator = '5'}, SOMA_INVALID_ARGUMENT, {"separator \"5\""}},
    {"a letter for a separator", "1,2\n", 0, {.separator = 'e'}, SOMA_INVALID_ARGUMENT, {"separator \"e\""}},
    {"half a character for a separator",
     "1,2\n",
     0,
     {.separator = (char)0xC3},
     SOMA_INVALID_ARGUMENT,
     {"separator \"\\xc3\""}},
};

START_TEST(refuses_bad_tables) {
    const bad_table *one = &bad[_i];
    size_t size = one->size ? one->size : strlen(one->text);
    soma_dataset *dataset = (soma_dataset *)1;
    soma_status status = soma_csv_parse("table.csv", one->text, size, &one->options, &dataset);
    expect_error_words(status, one->status, one->words, one->what);
    expect_error_words(status, one->status, (const char *const[]){"table.csv: ", NULL}, one->what);
    ck_assert_ptr_null(dataset);
    dataset = (soma_dataset *)1;
    const char *path = temporary_file("table.csv", one->text, size);
    peak_memory_start();
    status = soma_dataset_from_csv(path, &one->options, &dataset);
    if (one->status == SOMA_INVALID_FILE) expect_little_memory(size, one->what);
    expect_error_words(status, one->status, one->words, one->what);
    ck_assert_ptr_null(dataset);
}
END_TEST

/* Behind rows that are read many numbers at a time. */
START_TEST(refuses_bad_rows_late) {
    static const struct {
        const char *row, *words[3];
    } late[] = {{"1,2,3\n", {"line 42: 3 fields", "4 are wanted"}},
                {"1\n", {"line 42: 1 fields", "4 are wanted"}},
                {"\n1,2,3,1\n", {"line 42: empty"}},
                {"1,2,3,4,1\n", {"line 42: more than 4 fields"}},
                {"1,2,3,4\n1,2,3\n", {"line 43: 3 fields"}},
                {"1,,3,1\n", {"line 42, column 2", "gap"}},
                {"1,2,x,1\n", {"line 42, column 3", "\"x\""}},
                {"1,2,1.2.3,1\n", {"line 42, column 3", "\"1.2.3\""}},
                {"1,2,-,1\n", {"line 42, column 3", "\"-\""}},
                {"1,2,.,1\n", {"line 42, column 3", "\".\""}},
                {"-1,1e39,3,1\n", {"line 42, column 2", "too large"}},
                {"1,2,3,\n", {"line 42, column 4", "no label"}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(late); i++) {
        char text[4096], *end = text;
        soma_dataset *dataset;
        for (int row = 0; row < 41; row++) end += sprintf(end, "%d,-%d.5,0.12345678901234567,%d\n", row, row, row % 2);
        end += sprintf(end, "%s", late[i].row);
        for (int row = 0; row < 41; row++) end += sprintf(end, "%d,-%d.5,0.12345678901234567,%d\n", row, row, row % 2);
        soma_status status = soma_csv_parse("late.csv", text, (size_t)(end - text), NULL, &dataset);
        expect_error_words(status, SOMA_INVALID_FILE, late[i].words, late[i].row);
    }
}
END_TEST

START_TEST(refuses_too_many_labels) {
    enum { ROWS = 65537 };
    char *text = malloc(ROWS * 16), *end = text;
    for (int i = 0; i < ROWS; i++) end += sprintf(end, "1,id%d\n", i);
    soma_dataset *dataset;
    expect_error(soma_csv_parse("ids.csv", text, (size_t)(end - text), NULL, &dataset), SOMA_INVALID_FILE,
                 "ids.csv: line 65537, column 2", "\"id65536\"", "65536 are different already");
    end[-1] = 0;
    expect_ok(soma_csv_parse("ids.csv", text, (size_t)(strrchr(text, '\n') - text), NULL, &dataset));
    ck_assert_uint_eq(dataset->storage->target[0].classes, 65536);
    soma_dataset_destroy(dataset);
    free(text);
}
END_TEST

/* What is quoted in a message is cut short and cannot disturb a terminal. */
START_TEST(messages_are_fit_to_print) {
    char text[2000] = "1,2\n1,\x1B[2J\x07";
    soma_dataset *dataset;
    static const soma_csv_options none = {.label = "none"};
    memset(text + strlen(text), 'x', 1500);
    expect_error(soma_csv_parse("t", text, strlen(text), &none, &dataset), SOMA_INVALID_FILE, "\"\\x1b[2J\\x07xxx",
                 "xxx...\"");
    ck_assert_uint_lt(strlen(soma_last_error()), 300);
}
END_TEST

START_TEST(refuses_paths_that_are_no_files) {
    soma_dataset *dataset;
    expect_error(soma_dataset_from_csv(temporary_path("absent"), NULL, &dataset), SOMA_IO, "/absent", "No such file");
    expect_error(soma_dataset_from_csv(temporary_directory, NULL, &dataset), SOMA_IO, temporary_directory,
                 "is a directory");
    expect_error(soma_dataset_from_csv(NULL, NULL, &dataset), SOMA_INVALID_ARGUMENT, "path is NULL");
    expect_error(soma_dataset_from_csv("x", NULL, NULL), SOMA_INVALID_ARGUMENT, "dataset is NULL");
    const char *path = temporary_file("empty", "", 0);
    expect_error(soma_dataset_from_csv(path, NULL, &dataset), SOMA_INVALID_FILE, path, "empty");
}
END_TEST

#ifdef SOMA_HAVE_ZLIB
#include <zlib.h>

/* Whether this process has the file mapped into its memory still; false where a system does not tell. */
static bool is_mapped(const char *path) {
    char line[4096];
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && fgets(line, sizeof line, maps)) found |= strstr(line, path) != NULL;
    if (maps) fclose(maps);
    return found;
}

START_TEST(reads_gzipped_tables) {
    enum { ROWS = 20000 };
    const char *path = temporary_path("table.csv.gz");
    gzFile file = gzopen(path, "wb");
    for (int i = 0; i < ROWS; i++) gzprintf(file, "%d,%d,%d\n", i, i * i % 1000, i % 3);
    ck_assert_int_eq(gzclose(file), Z_OK);
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_csv(path, NULL, &dataset));
    float values[2];
    ck_assert_uint_eq(dataset->samples, ROWS);
    expect_ok(soma_dataset_read_input(dataset, 0, ROWS - 1, 1, values));
    ck_assert_float_eq(values[0], ROWS - 1);
    ck_assert(!is_mapped(path)); /* as it was to see what is in it */
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(refuses_gzip_bombs) {
    static char block[1 << 16];
    const char *path = temporary_path("bomb.csv.gz");
    memset(block, '1', sizeof block);
    gzFile file = gzopen(path, "wb9");
    for (int i = 0; i < 1600; i++) ck_assert_int_eq(gzwrite(file, block, sizeof block), (int)sizeof block);
    ck_assert_int_eq(gzclose(file), Z_OK);
    soma_dataset *dataset;
    expect_error(soma_dataset_from_csv(path, NULL, &dataset), SOMA_INVALID_FILE, path, "more than 256 times",
                 "decompress it first");
}
END_TEST
#endif

int main(void) {
    Suite *suite = suite_create("csv");
    TCase *cases = tcase_create("csv");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, reads_good_tables, 0, (int)SOMA_COUNT_OF(good));
    tcase_add_test(cases, regression_keeps_numbers);
    tcase_add_test(cases, reads_large_tables);
    tcase_add_loop_test(cases, keeps_close_numbers_apart, 0, (int)SOMA_COUNT_OF(close_numbers));
    tcase_add_test(cases, keeps_close_numbers_apart_beside_a_distant_one);
    tcase_add_test(cases, plain_numbers_have_no_offset);
    tcase_add_test(cases, reads_back_what_has_an_offset);
    tcase_add_test(cases, tells_of_numbers_that_float32_takes_for_one);
    tcase_add_test(cases, reads_tables_in_parts);
    tcase_add_test(cases, reads_close_numbers_in_parts);
    tcase_add_test(cases, reads_a_long_last_record);
    tcase_add_test(cases, takes_little_more_memory_than_the_numbers);
    tcase_add_test(cases, the_locale_changes_nothing);
    tcase_add_loop_test(cases, refuses_bad_tables, 0, (int)SOMA_COUNT_OF(bad));
    tcase_add_test(cases, refuses_bad_rows_late);
    tcase_add_test(cases, refuses_too_many_labels);
    tcase_add_test(cases, messages_are_fit_to_print);
    tcase_add_test(cases, refuses_paths_that_are_no_files);
#ifdef SOMA_HAVE_ZLIB
    tcase_add_test(cases, reads_gzipped_tables);
    tcase_add_test(cases, refuses_gzip_bombs);
#endif
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
