/* SPDX-License-Identifier: MIT */
/* Classes of a data set by the names that a network knows. Each change makes a storage of its own, so that sets which
 * share the old one do not notice. */
#include "base/number.h"
#include "base/utf8.h"
#include "data/preprocess.h"
#include "train/match_data.h"

#include <stdio.h>
#include <string.h>

enum { UNKNOWN = -1, MOST_CLASSES = 65536 };

const char *soma_class_list(const char *const *names, size_t count, char text[SOMA_CLASS_LIST]) {
    size_t length = 0, i = 0;
    *text = 0;
    for (; i < count; i++) {
        soma_quoted name = soma_quote(names[i], strlen(names[i]));
        if (length + strlen(name.text) + 24 > SOMA_CLASS_LIST) break;
        length += (size_t)snprintf(text + length, SOMA_CLASS_LIST - length, "%s%s", i ? ", " : "", name.text);
    }
    if (i < count) snprintf(text + length, SOMA_CLASS_LIST - length, " and %zu more", count - i);
    return text;
}

/* "1.0" and "1" are one class; files of earlier versions have names as tables wrote them. */
static bool same_class(const char *a, const char *b, locale_t c_locale) {
    float x, y;
    if (strcmp(a, b) == 0) return true;
    return c_locale != (locale_t)0 && soma_number_parse(a, c_locale, &x) && soma_number_parse(b, c_locale, &y) &&
           soma_number_double(a, c_locale) == soma_number_double(b, c_locale);
}

/* new_number[i] is the place of the data set's class i among the names, or UNKNOWN; returns whether all are known. */
static bool find_classes(const soma_storage *storage, const char *const *names, size_t count, int32_t *new_number) {
    bool known = true;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    for (size_t i = 0; i < storage->class_name_count; i++) {
        size_t tried = 0, place = i; /* most are found where they are */
        while (tried < count && !same_class(names[place % count], storage->class_names[i], c_locale)) tried++, place++;
        new_number[i] = tried == count ? UNKNOWN : (int32_t)(place % count);
        known &= tried < count;
    }
    if (c_locale != (locale_t)0) freelocale(c_locale);
    return known;
}

/* Each step has a class, so that the target has numbers [steps]. */
static bool is_of_steps(const soma_storage *storage) {
    return storage->class_names && storage->target_count && storage->target[0].classes == 0;
}

static void mark_steps(const soma_dataset *dataset, bool *occurs) {
    const soma_column *target = &dataset->storage->target[0], *mask = &dataset->storage->input[1];
    for (size_t i = 0; i < dataset->samples; i++)
        for (size_t j = 0, at = soma_dataset_row(dataset, i) * target->width; j < target->width; j++, at++)
            if (soma_column_number(mask, at) != 0) occurs[(size_t)soma_column_number(target, at)] = true;
}

/* A class may be in the list of names, as of a part of a table, without a sample that is of it. */
static void mark_samples(const soma_dataset *dataset, bool *occurs) {
    for (size_t i = 0; i < dataset->samples; i++)
        occurs[soma_column_class(&dataset->storage->target[0], soma_dataset_row(dataset, i))] = true;
}

static soma_status refuse(const soma_storage *storage, size_t number, const char *const *names, size_t count) {
    char known[SOMA_CLASS_LIST], found[SOMA_CLASS_LIST];
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "the data set has a class %s, which the network does not know; its classes are %s, those of "
                      "the data set %s",
                      soma_quote(storage->class_names[number], strlen(storage->class_names[number])).text,
                      count ? soma_class_list(names, count, known) : "none",
                      soma_class_list((const char *const *)storage->class_names, storage->class_name_count, found));
}

/* Those that no sample of this data set is of do not matter. */
static soma_status refuse_unknown(const soma_dataset *dataset, const char *const *names, size_t count,
                                  const int32_t *new_number) {
    const soma_storage *storage = dataset->storage;
    bool *occurs = soma_calloc(storage->class_name_count, sizeof *occurs);
    soma_status status = SOMA_OK;
    if (!occurs) return soma_out_of_memory(storage->class_name_count * sizeof *occurs, "class numbers");
    if (is_of_steps(storage))
        mark_steps(dataset, occurs);
    else
        mark_samples(dataset, occurs);
    for (size_t i = 0; status == SOMA_OK && i < storage->class_name_count; i++)
        if (new_number[i] == UNKNOWN && occurs[i]) status = refuse(storage, i, names, count);
    soma_free(occurs);
    return status;
}

static void forget_class_names(soma_storage *storage) {
    for (size_t i = 0; i < storage->class_name_count; i++) soma_free(storage->class_names[i]);
    soma_free(storage->class_names);
    storage->class_names = NULL;
    storage->class_name_count = 0;
}

static soma_status replace_class_names(soma_storage *storage, const char *const *names, size_t count) {
    char **copies = soma_calloc(count, sizeof *copies);
    if (!copies) return soma_out_of_memory(count * sizeof *copies, "class names");
    forget_class_names(storage);
    storage->class_names = copies;
    storage->class_name_count = count;
    for (size_t i = 0; i < count; i++)
        if (!(copies[i] = soma_strdup(names[i]))) return soma_out_of_memory(strlen(names[i]) + 1, "a class name");
    return SOMA_OK;
}

/* Steps that there are not have a 0, which stays one. */
static soma_status renumber_steps(soma_storage *storage, const int32_t *new_number) {
    soma_column *target = &storage->target[0];
    const soma_column *mask = &storage->input[1];
    size_t bytes = 0;
    float *numbers =
        soma_column_bytes(target, storage->rows, &bytes) ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes) : NULL;
    if (!numbers) return soma_out_of_memory(bytes, "class numbers");
    for (size_t i = 0; i < storage->rows * target->width; i++)
        numbers[i] = soma_column_number(mask, i) == 0 ? 0.0f : (float)new_number[(size_t)soma_column_number(target, i)];
    if (target->owned) soma_free_aligned(target->data);
    target->data = numbers;
    target->owned = true;
    return SOMA_OK;
}

static soma_status renumber(soma_storage *storage, const int32_t *new_number, size_t classes) {
    soma_column *target = &storage->target[0];
    if (is_of_steps(storage)) return renumber_steps(storage, new_number);
    size_t bytes;
    int32_t *numbers = soma_multiply_size(storage->rows, sizeof *numbers, &bytes)
                           ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes)
                           : NULL;
    if (!numbers) return soma_out_of_memory(storage->rows * sizeof *numbers, "class numbers");
    for (size_t row = 0; row < storage->rows; row++) numbers[row] = new_number[soma_column_class(target, row)];
    if (target->owned) soma_free_aligned(target->data);
    soma_column_set(target, numbers, true, SOMA_I32, 0, NULL, classes);
    return SOMA_OK;
}

/* The data set with new numbers; names NULL: without names. */
static soma_status give_numbers(soma_dataset *dataset, const int32_t *new_number, const char *const *names,
                                size_t classes) {
    soma_storage *own = NULL;
    soma_status status = soma_dataset_copy_storage(dataset, false, &own);
    if (status == SOMA_OK) status = renumber(own, new_number, classes);
    if (status == SOMA_OK && names)
        status = replace_class_names(own, names, classes);
    else if (status == SOMA_OK)
        forget_class_names(own);
    if (status == SOMA_OK)
        soma_dataset_replace_storage(dataset, own);
    else
        soma_storage_release(own);
    return status;
}

static bool same_names(const soma_storage *storage, const char *const *names, size_t count) {
    bool same = storage->class_name_count == count;
    for (size_t i = 0; same && i < count; i++) same = strcmp(storage->class_names[i], names[i]) == 0;
    return same;
}

soma_status soma_dataset_match_classes(soma_dataset *dataset, const char *const *names, size_t count) {
    const soma_storage *storage = dataset->storage;
    size_t classes = is_of_steps(storage) ? storage->class_name_count : storage->target[0].classes;
    char known[SOMA_CLASS_LIST];
    if (classes == 0) return SOMA_OK;
    if (!storage->class_names) {
        if (classes <= count) return SOMA_OK;
        return soma_error(SOMA_INVALID_ARGUMENT, "the data set has %zu classes; the network knows %zu: %s", classes,
                          count, soma_class_list(names, count, known));
    }
    if (same_names(storage, names, count)) return SOMA_OK;
    int32_t *new_number = soma_realloc(NULL, classes, sizeof *new_number);
    if (!new_number) return soma_out_of_memory(classes * sizeof *new_number, "class numbers");
    soma_status status = SOMA_OK;
    if (!find_classes(storage, names, count, new_number)) status = refuse_unknown(dataset, names, count, new_number);
    if (status == SOMA_OK) status = give_numbers(dataset, new_number, names, count);
    soma_free(new_number);
    return status;
}

/* ---------------------------------------------------------------------------------------------------------- numbers */

static bool number_of_name(const char *name, locale_t c_locale, int32_t *number) {
    float value;
    if (!soma_number_parse(name, c_locale, &value) || !soma_number_is_index(value, MOST_CLASSES)) return false;
    *number = (int32_t)value;
    return true;
}

static soma_status find_numbers(const soma_storage *storage, locale_t c_locale, int32_t *new_number, size_t *classes) {
    char found[SOMA_CLASS_LIST];
    *classes = 0;
    for (size_t i = 0; i < storage->class_name_count; i++) {
        if (!number_of_name(storage->class_names[i], c_locale, &new_number[i]))
            return soma_error(
                SOMA_INVALID_ARGUMENT,
                "the data set has classes called %s; the network knows its classes by number, 0, 1, ... "
                "alone, so that it cannot be known which is which",
                soma_class_list((const char *const *)storage->class_names, storage->class_name_count, found));
        *classes = SOMA_MAX(*classes, (size_t)new_number[i] + 1);
    }
    return SOMA_OK;
}

soma_status soma_dataset_match_numbers(soma_dataset *dataset) {
    const soma_storage *storage = dataset->storage;
    size_t classes = storage->class_name_count;
    if (!storage->class_names) return SOMA_OK;
    int32_t *new_number = soma_realloc(NULL, classes, sizeof *new_number);
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    soma_status status = SOMA_OK;
    if (!new_number || c_locale == (locale_t)0)
        status = soma_out_of_memory(classes * sizeof *new_number, "class numbers");
    if (status == SOMA_OK) status = find_numbers(storage, c_locale, new_number, &classes);
    if (status == SOMA_OK) status = give_numbers(dataset, new_number, NULL, classes);
    if (c_locale != (locale_t)0) freelocale(c_locale);
    soma_free(new_number);
    return status;
}

/* --------------------------------------------------------------------------------------------------------- left out */

static soma_status keep_known(soma_dataset *dataset, const int32_t *new_number, size_t *left_out) {
    const soma_column *target = &dataset->storage->target[0];
    int32_t *rows = soma_realloc(NULL, dataset->samples, sizeof *rows);
    size_t kept = 0;
    if (!rows) return soma_out_of_memory(dataset->samples * sizeof *rows, "a data set");
    for (size_t i = 0; i < dataset->samples; i++) {
        size_t row = soma_dataset_row(dataset, i);
        if (new_number[soma_column_class(target, row)] != UNKNOWN) rows[kept++] = (int32_t)row;
    }
    if (kept == 0) {
        soma_free(rows);
        return soma_error(SOMA_INVALID_ARGUMENT, "the data set has no sample of a class that the network knows");
    }
    *left_out = dataset->samples - kept;
    soma_free(dataset->rows);
    dataset->rows = rows;
    dataset->samples = kept;
    return SOMA_OK;
}

soma_status soma_dataset_leave_out_unknown(soma_dataset *dataset, const soma_network *network, size_t *left_out) {
    if (!dataset || !network || !left_out)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_leave_out_unknown: %s is NULL",
                          !dataset  ? "dataset"
                          : network ? "left_out"
                                    : "network");
    const soma_storage *storage = dataset->storage;
    const soma_preprocessing *known = &network->preprocessing;
    *left_out = 0;
    /* A sequence of which some steps are known is refused as a whole later. */
    if (!storage->class_names || !known->class_count || is_of_steps(storage)) return SOMA_OK;
    int32_t *new_number = soma_realloc(NULL, storage->class_name_count, sizeof *new_number);
    if (!new_number) return soma_out_of_memory(storage->class_name_count * sizeof *new_number, "class numbers");
    soma_status status = SOMA_OK;
    if (!find_classes(storage, (const char *const *)known->class_names, known->class_count, new_number))
        status = keep_known(dataset, new_number, left_out);
    soma_free(new_number);
    return status;
}
