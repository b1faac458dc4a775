/* SPDX-License-Identifier: MIT */
/* Dividing by time: what is tested on comes after what was trained on. */
#include "data/split.h"

#include <stdlib.h>

typedef struct moment {
    double time;
    int32_t sample;
} moment;

static int compare_moments(const void *left, const void *right) {
    const moment *a = left, *b = right;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return a->sample < b->sample ? -1 : 1;
}

/* Whether the samples before place i are of earlier times than the others. */
static bool is_cut(const moment *moments, size_t count, size_t i) {
    return i == 0 || i == count || moments[i - 1].time < moments[i].time;
}

/* The place nearest to `wanted` where samples of one time stay together, the later of two that are as near; 0 and
 * `count` are none. Where there is none, 0. */
static size_t nearest_cut(const moment *moments, size_t count, size_t wanted) {
    for (size_t step = 0; step < count; step++) {
        if (wanted + step < count && is_cut(moments, count, wanted + step) && wanted + step > 0) return wanted + step;
        if (wanted > step && wanted - step < count && is_cut(moments, count, wanted - step)) return wanted - step;
    }
    return 0;
}

static soma_status divide(const moment *moments, size_t count, size_t wanted, size_t *begin) {
    *begin = nearest_cut(moments, count, count - wanted);
    if (*begin) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "all %zu samples are of one time, %.17g; a division by time needs at least two times", count,
                      moments[0].time);
}

/* Of folds + 1 blocks, one after the other in time: fold i is block i + 1, and what comes before it is trained on. */
static soma_status find_fold(const moment *moments, size_t count, const soma_split_request *request, size_t *begin,
                             size_t *end) {
    size_t blocks = request->folds + 1, before = 0;
    for (size_t i = 1; i <= blocks; i++) {
        size_t place = (size_t)((double)count * (double)i / (double)blocks + 0.5);
        size_t cut = i == blocks ? count : nearest_cut(moments, count, place);
        if (cut <= before)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "%zu folds by time, each after another, of %zu samples: block %zu of %zu would be empty, "
                              "as samples of one time stay together; fewer folds would do",
                              request->folds, count, i, blocks);
        if (i == request->fold + 1) *begin = cut;
        if (i == request->fold + 2) *end = cut;
        before = cut;
    }
    return SOMA_OK;
}

soma_status soma_split_time(const soma_dataset *dataset, const soma_split_request *request, uint8_t *sides) {
    size_t count = dataset->samples, begin = 0, end = count;
    moment *moments = soma_realloc(NULL, count, sizeof *moments);
    if (!moments) return soma_out_of_memory(count * sizeof *moments, "dividing a data set by time");
    for (size_t i = 0; i < count; i++)
        moments[i] = (moment){dataset->storage->times[soma_dataset_row(dataset, i)], (int32_t)i};
    qsort(moments, count, sizeof *moments, compare_moments);
    soma_status status = request->folds ? find_fold(moments, count, request, &begin, &end)
                                        : divide(moments, count, request->wanted, &begin);
    for (size_t i = 0; status == SOMA_OK && i < count; i++)
        sides[moments[i].sample] = i < begin ? SOMA_SIDE_FIRST : i < end ? SOMA_SIDE_SECOND : SOMA_SIDE_NONE;
    soma_free(moments);
    return status;
}
