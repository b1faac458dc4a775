/* SPDX-License-Identifier: MIT */
/* Class numbers out of a table's labels. */
#include "base/number.h"
#include "base/utf8.h"
#include "io/csv/table.h"

#include <math.h>
#include <string.h>

typedef struct survey {
    bool words, numbers, negative;
    const soma_word *placeholder, *fraction; /* the first of its kind */
} survey;

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
        found.numbers = true;
        found.negative |= value < 0;
        if (!found.fraction && !(isfinite(value) && floorf(value) == value)) found.fraction = label;
    }
    return found;
}

static soma_status refuse(const char *name, const soma_word *label, const char *why) {
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu: label %s %s", name, label->line,
                      soma_quote(label->text, strlen(label->text)).text, why);
}

/* Each label is its own class number, below `limit`. */
static soma_status use_numbers(const char *name, const soma_csv_layout *layout, const soma_words *labels, float limit,
                               const char *wanted, int32_t *texts, size_t rows, size_t *classes) {
    int32_t *number = soma_realloc(NULL, labels->count, sizeof *number);
    if (!number) return soma_out_of_memory(labels->count * sizeof *number, name);
    soma_status status = SOMA_OK;
    *classes = 0;
    for (size_t i = 0; status == SOMA_OK && i < labels->count; i++) {
        float value = -1;
        soma_number_parse(labels->words[i].text, layout->c_locale, &value);
        if (!soma_number_is_index(value, limit)) {
            status = refuse(name, &labels->words[i], wanted);
            break;
        }
        number[i] = (int32_t)value;
        *classes = SOMA_MAX(*classes, (size_t)value + 1);
    }
    for (size_t row = 0; status == SOMA_OK && row < rows; row++) texts[row] = number[texts[row]];
    soma_free(number);
    return status;
}

soma_status soma_csv_number_labels(const char *name, const soma_csv_layout *layout, const soma_words *labels,
                                   int32_t *texts, size_t rows, size_t *classes, bool *names) {
    *names = layout->promised;
    if (layout->promised) {
        SOMA_TRY(use_numbers(name, layout, labels, (float)layout->classes.count,
                             "is no number of a class that the first line names; they count from 0" SOMA_CSV_NO_PROMISE,
                             texts, rows, classes));
        *classes = layout->classes.count;
        return SOMA_OK;
    }
    survey found = look_at(layout, labels);
    if (found.numbers && found.words && found.placeholder)
        return refuse(name, found.placeholder, "is no number, but others are; every row needs a label");
    if (!found.words && found.fraction)
        return refuse(name, found.fraction,
                      "is no class number; 0, 1, 2, ... or names are wanted, or regression to be chosen");
    if (!found.words && !found.negative)
        return use_numbers(name, layout, labels, SOMA_CSV_MAX_CLASSES,
                           "is too large for a class number; 0 to 65535 are wanted, or regression to be chosen", texts,
                           rows, classes);
    *names = true;
    *classes = labels->count; /* numbered as they came: as the texts are */
    return SOMA_OK;
}
