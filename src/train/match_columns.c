/* SPDX-License-Identifier: MIT */
/* Columns of a data set in the order in which a network learnt them. */
#include "base/utf8.h"
#include "data/preprocess.h"
#include "train/match_data.h"

#include <string.h>

static bool in_order(const size_t *place, size_t features) {
    for (size_t i = 0; i < features; i++)
        if (place[i] != i) return false;
    return true;
}

/* x'[i] = x[place[i]] of every row, or step. What the network does not know is left out. */
static soma_status take_features(soma_storage *own, const size_t *place, size_t features) {
    soma_column *input = &own->input[0];
    const size_t steps = input->rank == 2 ? input->shape[0] : 1, width = input->width / steps;
    const size_t shape[] = {steps, features};
    size_t bytes;
    const float *from = input->data;
    float *values = soma_multiply_size(own->rows * steps * sizeof *values, features, &bytes)
                        ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes)
                        : NULL;
    if (!values)
        return soma_out_of_memory(own->rows * steps * features * sizeof *values, "a data set in another order");
    for (size_t row = 0; row < own->rows * steps; row++)
        for (size_t i = 0; i < features; i++) values[row * features + i] = from[row * width + place[i]];
    double *offset = NULL;
    if (input->offset && !(offset = soma_realloc(NULL, steps * features, sizeof *offset))) {
        soma_free_aligned(values);
        return soma_out_of_memory(steps * features * sizeof *offset, "a data set in another order");
    }
    for (size_t i = 0; offset && i < steps * features; i++)
        offset[i] = input->offset[i / features * width + place[i % features]];
    if (input->owned) soma_free_aligned(input->data);
    soma_free(input->offset);
    soma_column_set(input, values, true, SOMA_F32, input->rank, input->rank == 2 ? shape : &features, 0);
    input->offset = offset;
    return SOMA_OK;
}

/* The labels' names where both have some: two tables of the same features need not be of the same question. */
static soma_status check_labels(const soma_columns *known, const soma_columns *found) {
    const size_t learnt = soma_columns_with(known, SOMA_COLUMN_LABEL),
                 are = soma_columns_with(found, SOMA_COLUMN_LABEL);
    char is[SOMA_COLUMN_LIST], was[SOMA_COLUMN_LIST];
    bool same = learnt == are;
    if (!known->named || !found->named || !learnt || !are) return SOMA_OK;
    for (size_t i = 0, j = 0; same; i++, j++) {
        while (i < known->count && known->column[i].role != SOMA_COLUMN_LABEL) i++;
        while (j < found->count && found->column[j].role != SOMA_COLUMN_LABEL) j++;
        if (i == known->count) return SOMA_OK;
        same = strcmp(known->column[i].name, found->column[j].name) == 0;
    }
    return soma_error(SOMA_INVALID_ARGUMENT, "the label of the table is %s, the model learnt %s",
                      soma_columns_list(found, SOMA_COLUMN_LABEL, NULL, is),
                      soma_columns_list(known, SOMA_COLUMN_LABEL, NULL, was));
}

/* What was a gap to one may be a category to the other. */
static soma_status check_gaps(const soma_columns *known, const soma_columns *found) {
    char is[SOMA_GAP_TEXT_LIST], was[SOMA_GAP_TEXT_LIST];
    if (soma_gap_texts_equal(&known->gaps, &found->gaps)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "gaps of the table are %s, the model learnt %s; the table is to be read for the network "
                      "(soma_csv_options.network)",
                      soma_gap_texts_list(&found->gaps, is), soma_gap_texts_list(&known->gaps, was));
}

static soma_status reorder(soma_dataset *dataset, const soma_columns *known, const size_t *place, size_t features) {
    soma_storage *own = NULL;
    soma_status status = soma_dataset_copy_storage(dataset, false, &own);
    if (status == SOMA_OK) status = take_features(own, place, features);
    if (status == SOMA_OK) {
        soma_columns_clear(&own->columns);
        status = soma_columns_copy(known, &own->columns);
    }
    if (status == SOMA_OK)
        soma_dataset_replace_storage(dataset, own);
    else
        soma_storage_release(own);
    return status;
}

/* The first category that is another one in the table. */
static const char *other_category(const soma_table_column *a, const soma_table_column *b) {
    for (size_t i = 0; i < a->category_count; i++)
        if (strcmp(a->categories[i], b->categories[i]) != 0) return b->categories[i];
    return NULL;
}

static soma_status check_form(const soma_table_column *known, const soma_table_column *found) {
    char text[160];
    const char *difference = soma_table_column_difference(known, found, text);
    const char *other = difference ? NULL : other_category(known, found);
    if (!difference && !other) return SOMA_OK;
    if (other) difference = "has other categories in the table than in the model, or in another order";
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "column %s %s; the table is to be read for the network (soma_csv_options.network)",
                      soma_quote(known->name, strlen(known->name)).text, difference);
}

/* From the places of features to those of their inputs. */
static soma_status place_inputs(const soma_columns *known, const soma_columns *found, const size_t *place,
                                size_t *inputs) {
    for (size_t feature = 0; feature < soma_columns_with(known, SOMA_COLUMN_FEATURE); feature++) {
        size_t at = soma_columns_feature(found, place[feature]), before = 0;
        const soma_table_column *column = &known->column[soma_columns_feature(known, feature)];
        SOMA_TRY(check_form(column, &found->column[at]));
        for (size_t i = 0; i < at; i++)
            if (found->column[i].role == SOMA_COLUMN_FEATURE) before += soma_table_column_width(&found->column[i]);
        for (size_t i = 0; i < soma_table_column_width(column); i++) *inputs++ = before + i;
    }
    return SOMA_OK;
}

static soma_status match_columns(soma_dataset *dataset, const soma_columns *known) {
    const soma_columns *found = &dataset->storage->columns;
    if (known->count == 0 || found->count == 0) return SOMA_OK;
    if (soma_columns_are_of_steps(known) != soma_columns_are_of_steps(found))
        return soma_error(SOMA_INVALID_ARGUMENT, "rows of the table are %s; the model learnt of rows that are %s",
                          soma_columns_are_of_steps(found) ? "steps of sequences" : "samples each",
                          soma_columns_are_of_steps(known) ? "steps of sequences" : "samples each");
    SOMA_TRY(check_labels(known, found));
    SOMA_TRY(check_gaps(known, found));
    size_t features = soma_columns_with(known, SOMA_COLUMN_FEATURE);
    size_t inputs = soma_columns_inputs(known);
    size_t *place = soma_realloc(NULL, features + inputs, sizeof *place);
    if (!place) return soma_out_of_memory((features + inputs) * sizeof *place, "columns of a table");
    soma_status status = soma_columns_match(known, found, place);
    if (status == SOMA_OK) status = place_inputs(known, found, place, place + features);
    if (status == SOMA_OK && !(in_order(place + features, inputs) && soma_columns_inputs(found) == inputs))
        status = reorder(dataset, known, place + features, inputs);
    soma_free(place);
    return status;
}

/* A table that was read for itself may have taken what a network knows by name for numbers of classes. */
static soma_status check_steps(const soma_storage *storage, const soma_preprocessing *known) {
    char names[SOMA_CLASS_LIST];
    if (!storage->columns.step_labels || storage->class_names || !known->class_count) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "labels of the table's steps are numbers; the model learnt classes by their names, %s; the table "
                      "is to be read for the network (soma_csv_options.network)",
                      soma_class_list((const char *const *)known->class_names, known->class_count, names));
}

soma_status soma_dataset_match(soma_dataset *dataset, const soma_network *network) {
    if (!dataset || !network)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_match: %s is NULL", dataset ? "network" : "dataset");
    const soma_preprocessing *known = &network->preprocessing;
    SOMA_TRY(match_columns(dataset, &network->columns));
    const soma_storage *storage = dataset->storage;
    if (storage->target_count == 0) return SOMA_OK;
    SOMA_TRY(check_steps(storage, known));
    /* Steps have numbers of classes, whose names are there where they are words. */
    if (storage->target[0].classes == 0 && !storage->class_names) return SOMA_OK;
    if (!known->class_count) return soma_dataset_match_numbers(dataset);
    return soma_dataset_match_classes(dataset, (const char *const *)known->class_names, known->class_count);
}
