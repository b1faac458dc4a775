/* SPDX-License-Identifier: MIT */
/* Dividing by chance, class by class. */
#include "base/random.h"
#include "data/split.h"

#include <math.h>
#include <stdlib.h>

/* A run of samples of one class in the shuffled order, and how many of them the second side gets. */
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

static void deal_shares(const draw *draws, const stratum *strata, size_t strata_count, uint8_t *sides) {
    for (size_t i = 0; i < strata_count; i++)
        for (size_t j = 0; j < strata[i].count; j++)
            sides[draws[strata[i].start + j].sample] = j < strata[i].taken ? SOMA_SIDE_SECOND : SOMA_SIDE_FIRST;
}

/* Dealt like cards, class after class: folds differ by one sample at most, in all and of every class. */
static void deal_folds(const draw *draws, size_t count, const soma_split_request *request, uint8_t *sides) {
    for (size_t i = 0; i < count; i++)
        sides[draws[i].sample] = i % request->folds == request->fold ? SOMA_SIDE_SECOND : SOMA_SIDE_FIRST;
}

soma_status soma_split_rows(const soma_dataset *dataset, const soma_split_request *request, uint8_t *sides) {
    size_t count = dataset->samples;
    int32_t *order = soma_realloc(NULL, count, sizeof *order);
    draw *draws = soma_realloc(NULL, count, sizeof *draws);
    stratum *strata = request->folds ? NULL : soma_realloc(NULL, count, sizeof *strata);
    soma_status status = SOMA_OK;
    if (!order || !draws || (!strata && !request->folds))
        status = soma_out_of_memory(count * (sizeof *order + sizeof *draws + sizeof *strata), "splitting a data set");
    if (status == SOMA_OK) draw_samples(dataset, request->seed, order, draws);
    if (status == SOMA_OK && request->folds) deal_folds(draws, count, request, sides);
    if (status == SOMA_OK && !request->folds)
        deal_shares(draws, strata, share_out(draws, count, request->fraction, request->wanted, strata), sides);
    soma_free(order);
    soma_free(draws);
    soma_free(strata);
    return status;
}
