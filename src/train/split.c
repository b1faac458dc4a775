/* SPDX-License-Identifier: MIT */
/* Splitting a data set in two, by chance and class by class. */
#include "base/random.h"
#include "train/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A run of samples of one class in the shuffled order, and how many of them the second part gets. */
typedef struct stratum {
    size_t start, count, taken;
    double remainder; /* of the exact share, what rounding down has cut off */
} stratum;

typedef struct draw {
    int32_t class_number;
    int32_t order; /* place in the shuffled order: makes the sort stable */
    int32_t sample;
} draw;

static int compare_draws(const void *left, const void *right) {
    const draw *a = left, *b = right;
    if (a->class_number != b->class_number) return a->class_number < b->class_number ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

static int compare_remainders(const void *left, const void *right) {
    const stratum *a = left, *b = right;
    if (a->remainder != b->remainder) return a->remainder > b->remainder ? -1 : 1;
    return a->start < b->start ? -1 : 1;
}

static int compare_rows(const void *left, const void *right) {
    int32_t a = *(const int32_t *)left, b = *(const int32_t *)right;
    return (a > b) - (a < b);
}

/* The samples in random order, the classes (if there are any) one after the other. */
static void draw_samples(const soma_dataset *dataset, uint64_t seed, int32_t *order, draw *draws) {
    const soma_column *target = &dataset->storage->target[0];
    soma_random random;
    soma_random_init(&random, seed, SOMA_STREAM_SPLIT);
    for (size_t i = 0; i < dataset->samples; i++) order[i] = (int32_t)i;
    soma_random_shuffle(&random, order, dataset->samples);
    for (size_t i = 0; i < dataset->samples; i++) {
        int32_t class_number =
            target->classes ? soma_column_class(target, soma_dataset_row(dataset, (size_t)order[i])) : 0;
        draws[i] = (draw){class_number, (int32_t)i, order[i]};
    }
    qsort(draws, dataset->samples, sizeof *draws, compare_draws);
}

/*
 * Shares `wanted` samples out among the classes in proportion to their size, by largest remainders: each class gets its
 * exact share rounded down or up, and the sum is `wanted`. Returns the number of strata.
 */
static size_t share_out(const draw *draws, size_t count, double fraction, size_t wanted, stratum *strata) {
    size_t strata_count = 0, given = 0;
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || draws[i].class_number != draws[i - 1].class_number)
            strata[strata_count++] = (stratum){.start = i};
        strata[strata_count - 1].count++;
    }
    for (size_t i = 0; i < strata_count; i++) {
        double share = (double)strata[i].count * fraction;
        strata[i].taken = (size_t)share;
        strata[i].remainder = share - floor(share);
        given += strata[i].taken;
    }
    qsort(strata, strata_count, sizeof *strata, compare_remainders);
    for (size_t i = 0; given < wanted && i < strata_count; i++, given++) strata[i].taken++;
    return strata_count;
}

/* Rows of both parts, each in the order of the storage. */
static void deal(const soma_dataset *dataset, const draw *draws, const stratum *strata, size_t strata_count,
                 int32_t *first, int32_t *second) {
    size_t first_count = 0, second_count = 0;
    for (size_t i = 0; i < strata_count; i++)
        for (size_t j = 0; j < strata[i].count; j++) {
            int32_t row = (int32_t)soma_dataset_row(dataset, (size_t)draws[strata[i].start + j].sample);
            if (j < strata[i].taken)
                second[second_count++] = row;
            else
                first[first_count++] = row;
        }
    qsort(first, first_count, sizeof *first, compare_rows);
    qsort(second, second_count, sizeof *second, compare_rows);
}

/* Allocates and fills the two lists of rows; on failure both are NULL. */
static soma_status split_rows(const soma_dataset *dataset, double fraction, uint64_t seed, size_t wanted,
                              int32_t **first, int32_t **second) {
    size_t count = dataset->samples;
    int32_t *order = soma_realloc(NULL, count, sizeof *order);
    draw *draws = soma_realloc(NULL, count, sizeof *draws);
    stratum *strata = soma_realloc(NULL, count, sizeof *strata);
    *first = soma_realloc(NULL, count - wanted, sizeof **first);
    *second = soma_realloc(NULL, wanted, sizeof **second);
    soma_status status = SOMA_OK;
    if (!order || !draws || !strata || !*first || !*second) {
        status = soma_out_of_memory(count * (sizeof *order + sizeof *draws + sizeof *strata), "splitting a data set");
        soma_free(*first);
        soma_free(*second);
        *first = *second = NULL;
    } else {
        draw_samples(dataset, seed, order, draws);
        size_t strata_count = share_out(draws, count, fraction, wanted, strata);
        deal(dataset, draws, strata, strata_count, *first, *second);
    }
    soma_free(order);
    soma_free(draws);
    soma_free(strata);
    return status;
}

soma_status soma_dataset_split(soma_dataset *dataset, double fraction, uint64_t seed, soma_dataset **first,
                               soma_dataset **second) {
    if (!dataset || !first || !second)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_split: an argument is NULL");
    *first = *second = NULL;
    if (!(fraction > 0 && fraction < 1))
        return soma_error(SOMA_INVALID_ARGUMENT, "split fraction %g; it must lie between 0 and 1, both excluded",
                          fraction);
    size_t wanted = (size_t)llround((double)dataset->samples * fraction);
    if (wanted == 0 || wanted == dataset->samples)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "a fraction of %g of %zu samples leaves one part empty; each needs at least one", fraction,
                          dataset->samples);
    int32_t *first_rows, *second_rows;
    SOMA_TRY(split_rows(dataset, fraction, seed, wanted, &first_rows, &second_rows));
    soma_status status = soma_dataset_view(dataset->storage, first_rows, dataset->samples - wanted, first);
    if (status != SOMA_OK) {
        soma_free(second_rows);
        return status;
    }
    status = soma_dataset_view(dataset->storage, second_rows, wanted, second);
    if (status != SOMA_OK) {
        soma_dataset_destroy(*first);
        *first = NULL;
    }
    return status;
}
