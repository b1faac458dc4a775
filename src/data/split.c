/* SPDX-License-Identifier: MIT */
/* Dividing a data set in two: by rows, by groups, by time; a fraction, or one of several folds. */
#include "data/split.h"

#include <math.h>

/* The samples of one side, in their order. */
static soma_status make_side(const soma_dataset *dataset, const uint8_t *sides, uint8_t side, soma_dataset **part) {
    size_t count = 0, place = 0;
    for (size_t i = 0; i < dataset->samples; i++) count += sides[i] == side;
    int32_t *rows = soma_realloc(NULL, count, sizeof *rows);
    if (!rows) return soma_out_of_memory(count * sizeof *rows, "splitting a data set");
    for (size_t i = 0; i < dataset->samples; i++)
        if (sides[i] == side) rows[place++] = (int32_t)soma_dataset_row(dataset, i);
    return soma_dataset_view(dataset->storage, rows, count, part);
}

static soma_status find_sides(const soma_dataset *dataset, soma_division_by by, const soma_split_request *request,
                              uint8_t *sides) {
    switch (by) {
    case SOMA_BY_ROWS:
        return soma_split_rows(dataset, request, sides);
    case SOMA_BY_GROUPS:
        if (dataset->storage->groups) return soma_split_groups(dataset, request, sides);
        return soma_error(SOMA_INVALID_STATE, "the samples have no groups; soma_dataset_set_groups() gives them some");
    case SOMA_BY_TIME:
        if (dataset->storage->times) return soma_split_time(dataset, request, sides);
        return soma_error(SOMA_INVALID_STATE, "the samples have no times; soma_dataset_set_times() gives them some");
    }
    return soma_error(SOMA_INVALID_ARGUMENT, "%d is no way to divide a data set; accepted: by rows, groups, time",
                      (int)by);
}

static soma_status split(const soma_dataset *dataset, soma_division_by by, const soma_split_request *request,
                         soma_dataset **first, soma_dataset **second) {
    uint8_t *sides = soma_realloc(NULL, dataset->samples, sizeof *sides);
    if (!sides) return soma_out_of_memory(dataset->samples, "splitting a data set");
    soma_status status = find_sides(dataset, by, request, sides);
    if (status == SOMA_OK) status = make_side(dataset, sides, SOMA_SIDE_FIRST, first);
    if (status == SOMA_OK) status = make_side(dataset, sides, SOMA_SIDE_SECOND, second);
    if (status != SOMA_OK) {
        soma_dataset_destroy(*first);
        *first = NULL;
    }
    soma_free(sides);
    return status;
}

soma_status soma_dataset_divide(const soma_dataset *dataset, double fraction, soma_division_by by, uint64_t seed,
                                soma_dataset **first, soma_dataset **second) {
    if (!dataset || !first || !second)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_divide: an argument is NULL");
    *first = *second = NULL;
    if (!(fraction > 0 && fraction < 1))
        return soma_error(SOMA_INVALID_ARGUMENT, "split fraction %g; it must lie between 0 and 1, both excluded",
                          fraction);
    size_t wanted = (size_t)llround((double)dataset->samples * fraction);
    if (wanted == 0 || wanted == dataset->samples)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "a fraction of %g of %zu samples leaves one part empty; each needs at least one", fraction,
                          dataset->samples);
    const soma_split_request request = {.fraction = fraction, .wanted = wanted, .seed = seed};
    return split(dataset, by, &request, first, second);
}

soma_status soma_dataset_split(soma_dataset *dataset, double fraction, uint64_t seed, soma_dataset **first,
                               soma_dataset **second) {
    if (!dataset || !first || !second)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_split: an argument is NULL");
    return soma_dataset_divide(dataset, fraction, SOMA_BY_ROWS, seed, first, second);
}

soma_status soma_dataset_fold(const soma_dataset *dataset, size_t folds, size_t fold, soma_division_by by,
                              uint64_t seed, soma_dataset **first, soma_dataset **second) {
    if (!dataset || !first || !second)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_fold: an argument is NULL");
    *first = *second = NULL;
    if (folds < 2 || folds > dataset->samples)
        return soma_error(SOMA_INVALID_ARGUMENT, "%zu folds of %zu samples; there may be 2, up to one for each sample",
                          folds, dataset->samples);
    if (fold >= folds)
        return soma_error(SOMA_INVALID_ARGUMENT, "fold %zu of %zu, which are numbered from 0", fold, folds);
    const soma_split_request request = {.folds = folds, .fold = fold, .seed = seed};
    return split(dataset, by, &request, first, second);
}
