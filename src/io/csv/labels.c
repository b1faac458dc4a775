/* SPDX-License-Identifier: MIT */
/* Class numbers out of a table's labels. */
#include "base/number.h"
#include "base/utf8.h"
#include "io/csv/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whole numbers that are more, or of which each comes less than twice, are hardly classes. */
enum { MOST_NUMBERS = 100, FEW_ROWS = 20 };

typedef struct survey {
    bool words;
    size_t numbers;
    const soma_word *placeholder, *fraction; /* the first of its kind */
} survey;

/* One distinct label: its class's name, and its value where it is a number. */
typedef struct distinct_label {
    char name[48];
    bool number;
    double value;
    size_t text; /* its number among the labels */
} distinct_label;

void soma_csv_classes_clear(soma_csv_classes *classes) {
    for (size_t i = 0; classes->names && i < classes->count; i++) soma_free(classes->names[i]);
    soma_free(classes->names);
    *classes = (soma_csv_classes){.count = 0};
}

static soma_status refuse(const char *name, const soma_csv_layout *layout, const soma_word *label, const char *why) {
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu, column %zu%s: label %s %s", name, label->line,
                      layout->label + 1, soma_csv_name_column(layout, layout->label).text,
                      soma_quote(label->text, strlen(label->text)).text, why);
}

static survey look_at(const soma_csv_layout *layout, const soma_words *labels) {
    survey found = {0};
    for (size_t i = 0; i < labels->count; i++) {
        const soma_word *label = &labels->words[i];
        float value;
        if (!soma_number_parse(label->text, layout->c_locale, &value)) {
            found.words = true;
            if (!found.placeholder && soma_number_is_placeholder(label->text)) found.placeholder = label;
            continue;
        }
        found.numbers++;
        if (!found.fraction && !(isfinite(value) && floorf(value) == value)) found.fraction = label;
    }
    return found;
}

/* ---------------------------------------------------------------------------------------------------------- classes */

/* The name of a number's class: the same for all ways to write it, as far as float64 tells numbers apart. */
static void name_number(double value, const char *text, locale_t c_locale, char name[48]) {
    if (floor(value) == value && fabs(value) < 0x1p53) {
        snprintf(name, 48, "%.0f", value == 0 ? 0.0 : value); /* of -0 too */
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(name, 48, "%s", soma_number_write(value, digits).text);
        if (soma_number_double(name, c_locale) == value) return;
    }
    snprintf(name, 48, "%.47s", text);
}

static int by_value(const void *a, const void *b) {
    const distinct_label *x = a, *y = b;
    return x->value < y->value ? -1 : x->value > y->value ? 1 : x->text < y->text ? -1 : x->text > y->text;
}

/* In the order of the classes, those of one class beside each other. */
static distinct_label *list_labels(const soma_csv_layout *layout, const soma_words *labels, bool by_number) {
    distinct_label *list = soma_calloc(labels->count, sizeof *list);
    for (size_t i = 0; list && i < labels->count; i++) {
        float value;
        const char *text = labels->words[i].text;
        list[i].text = i;
        list[i].number = by_number && soma_number_parse(text, layout->c_locale, &value);
        if (!list[i].number) continue;
        list[i].value = soma_number_double(text, layout->c_locale);
        name_number(list[i].value, text, layout->c_locale, list[i].name);
    }
    if (list && by_number) qsort(list, labels->count, sizeof *list, by_value);
    return list;
}

static soma_status name_classes(const distinct_label *list, const soma_words *labels, int32_t *number,
                                soma_csv_classes *out) {
    out->names = soma_calloc(labels->count, sizeof *out->names);
    if (!out->names) return soma_out_of_memory(labels->count * sizeof *out->names, "class names");
    for (size_t i = 0; i < labels->count; i++) {
        bool same = i > 0 && list[i].number && strcmp(list[i].name, list[i - 1].name) == 0;
        if (!same) {
            const char *name = list[i].number ? list[i].name : labels->words[list[i].text].text;
            if (!(out->names[out->count] = soma_strdup(name)))
                return soma_out_of_memory(strlen(name) + 1, "a class name");
            out->count++;
        }
        number[list[i].text] = (int32_t)out->count - 1;
    }
    return SOMA_OK;
}

/*
 * Whole numbers from 0 on, below a hundred, are class numbers already, whatever others a table has or lacks; so that
 * two tables that nothing but a network's units holds together have the same ones. The names are all numbers up to
 * there.
 */
static size_t own_numbers(const distinct_label *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!list[i].number || !(list[i].value >= 0 && list[i].value < MOST_NUMBERS) ||
            floor(list[i].value) != list[i].value)
            return 0;
    return (size_t)list[count - 1].value + 1;
}

static soma_status name_numbers(const distinct_label *list, size_t count, size_t classes, int32_t *number,
                                soma_csv_classes *out) {
    char name[24];
    out->names = soma_calloc(classes, sizeof *out->names);
    if (!out->names) return soma_out_of_memory(classes * sizeof *out->names, "class names");
    for (; out->count < classes; out->count++) {
        snprintf(name, sizeof name, "%zu", out->count);
        if (!(out->names[out->count] = soma_strdup(name))) return soma_out_of_memory(sizeof name, "a class name");
    }
    for (size_t i = 0; i < count; i++) number[list[i].text] = (int32_t)list[i].value;
    return SOMA_OK;
}

static soma_status make_classes(const soma_csv_layout *layout, const soma_words *labels, bool by_number, int32_t *texts,
                                size_t rows, soma_csv_classes *classes) {
    distinct_label *list = list_labels(layout, labels, by_number);
    int32_t *number = soma_realloc(NULL, labels->count, sizeof *number);
    soma_status status = SOMA_OK;
    if (!list || !number) status = soma_out_of_memory(labels->count * (sizeof *list + sizeof *number), "class names");
    size_t own = status == SOMA_OK ? own_numbers(list, labels->count) : 0;
    if (own)
        status = name_numbers(list, labels->count, own, number, classes);
    else if (status == SOMA_OK)
        status = name_classes(list, labels, number, classes);
    for (size_t row = 0; status == SOMA_OK && row < rows; row++) texts[row] = number[texts[row]];
    soma_free(list);
    soma_free(number);
    return status;
}

/* The first line names the classes, and labels are their numbers from 0 on. */
static soma_status use_promise(const char *name, const soma_csv_layout *layout, const soma_words *labels,
                               int32_t *texts, size_t rows, soma_csv_classes *classes) {
    int32_t *number = soma_realloc(NULL, labels->count, sizeof *number);
    soma_status status = number ? SOMA_OK : soma_out_of_memory(labels->count * sizeof *number, name);
    for (size_t i = 0; status == SOMA_OK && i < labels->count; i++) {
        float value = -1;
        soma_number_parse(labels->words[i].text, layout->c_locale, &value);
        if (soma_number_is_index(value, (float)layout->classes.count))
            number[i] = (int32_t)value;
        else
            status = refuse(name, layout, &labels->words[i],
                            "is no number of a class that the first line names; they count from 0" SOMA_CSV_NO_PROMISE);
    }
    for (size_t row = 0; status == SOMA_OK && row < rows; row++) texts[row] = number[texts[row]];
    soma_free(number);
    if (status != SOMA_OK) return status;
    classes->names = soma_calloc(layout->classes.count, sizeof *classes->names);
    if (!classes->names) return soma_out_of_memory(layout->classes.count * sizeof *classes->names, "class names");
    for (; classes->count < layout->classes.count; classes->count++)
        if (!(classes->names[classes->count] = soma_strdup(layout->classes.words[classes->count].text)))
            return soma_out_of_memory(64, "a class name");
    return SOMA_OK;
}

/* Few whole numbers that come again are classes; of a few rows, or sequences, it is not known yet whether they do. */
static bool are_classes(const survey *found, const soma_words *labels, size_t rows) {
    return !found->fraction && labels->count <= MOST_NUMBERS && (rows < FEW_ROWS || rows >= 2 * labels->count);
}

soma_status soma_csv_number_labels(const char *name, soma_csv_layout *layout, const soma_words *labels, bool must,
                                   int32_t *texts, size_t rows, soma_csv_classes *classes) {
    if (layout->promised) return use_promise(name, layout, labels, texts, rows, classes);
    survey found = look_at(layout, labels);
    const bool of_sequences = layout->sequences && !layout->kept.step_labels;
    const size_t samples = of_sequences ? layout->sequences : rows;
    if (found.numbers && found.words && found.placeholder)
        return refuse(name, layout, found.placeholder, "is no number, but others are; every row needs a label");
    if (found.words || must || are_classes(&found, labels, samples))
        return make_classes(layout, labels, !found.words, texts, rows, classes);
    if (found.fraction)
        soma_text_append(&layout->note,
                         "%s%s: the labels are taken for numbers to predict, as %s of line %zu is not whole; "
                         "--classification takes them for classes",
                         layout->note.data ? "\n" : "", name,
                         soma_quote(found.fraction->text, strlen(found.fraction->text)).text, found.fraction->line);
    else
        soma_text_append(
            &layout->note,
            "%s%s: the labels are taken for numbers to predict, as there are %zu different ones in %zu %s; "
            "--classification takes them for classes",
            layout->note.data ? "\n" : "", name, labels->count, samples, of_sequences ? "sequences" : "rows");
    return SOMA_OK;
}
