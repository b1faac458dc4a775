/* SPDX-License-Identifier: MIT */
/* Dividing by groups, each as a whole: what is known of a patient, a customer or a day must not be on both sides. */
#include "base/random.h"
#include "data/split.h"

#include <stdlib.h>

typedef struct member {
    int64_t group;
    int32_t sample;
} member;

/* The samples of a group are a run of the sorted members; the first of them gives the group its place, so that nothing
 * depends on how groups are numbered. */
typedef struct group {
    size_t start, count;
    int32_t first; /* sample; then, shuffled: place in the shuffled order */
    size_t side;   /* or fold */
} group;

static int compare_members(const void *left, const void *right) {
    const member *a = left, *b = right;
    if (a->group != b->group) return a->group < b->group ? -1 : 1;
    return a->sample < b->sample ? -1 : 1;
}

static int compare_places(const void *left, const void *right) {
    return ((const group *)left)->first < ((const group *)right)->first ? -1 : 1;
}

static int compare_sizes(const void *left, const void *right) {
    const group *a = left, *b = right;
    if (a->count != b->count) return a->count > b->count ? -1 : 1;
    return compare_places(left, right);
}

static size_t find_groups(const soma_dataset *dataset, member *members, group *groups) {
    size_t count = 0;
    for (size_t i = 0; i < dataset->samples; i++)
        members[i] = (member){dataset->storage->groups[soma_dataset_row(dataset, i)], (int32_t)i};
    qsort(members, dataset->samples, sizeof *members, compare_members);
    for (size_t i = 0; i < dataset->samples; i++) {
        if (i == 0 || members[i].group != members[i - 1].group)
            groups[count++] = (group){.start = i, .first = members[i].sample};
        groups[count - 1].count++;
    }
    return count;
}

static void shuffle_groups(group *groups, size_t count, uint64_t seed, int32_t *order) {
    soma_random random;
    soma_random_init(&random, seed, SOMA_STREAM_SPLIT);
    qsort(groups, count, sizeof *groups, compare_places);
    for (size_t i = 0; i < count; i++) order[i] = (int32_t)i;
    soma_random_shuffle(&random, order, count);
    for (size_t i = 0; i < count; i++) groups[order[i]].first = (int32_t)i;
    qsort(groups, count, sizeof *groups, compare_places);
}

static size_t distance(size_t a, size_t b) {
    return a > b ? a - b : b - a;
}

/* In the shuffled order, each group that brings the second side nearer to its size; neither side stays empty. */
static void choose_groups(group *groups, size_t count, size_t samples, size_t wanted) {
    size_t taken = 0, smallest = 0;
    for (size_t i = 0; i < count; i++) {
        if (groups[i].count < groups[smallest].count) smallest = i;
        if (distance(taken + groups[i].count, wanted) >= distance(taken, wanted)) continue;
        groups[i].side = SOMA_SIDE_SECOND;
        taken += groups[i].count;
    }
    if (taken == 0) groups[smallest].side = SOMA_SIDE_SECOND;
    if (taken == samples) groups[smallest].side = SOMA_SIDE_FIRST;
}

/* The largest first, each to the fold that has the fewest samples. sizes[folds] is zero. */
static void deal_groups(group *groups, size_t count, size_t folds, size_t *sizes) {
    qsort(groups, count, sizeof *groups, compare_sizes);
    for (size_t i = 0; i < count; i++) {
        size_t least = 0;
        for (size_t j = 1; j < folds; j++)
            if (sizes[j] < sizes[least]) least = j;
        groups[i].side = least;
        sizes[least] += groups[i].count;
    }
}

static soma_status check_groups(size_t count, size_t folds) {
    if (count >= 2 && count >= folds) return SOMA_OK;
    if (folds)
        return soma_error(SOMA_INVALID_ARGUMENT, "%zu folds of samples of %zu group%s; each fold needs at least one",
                          folds, count, count == 1 ? "" : "s");
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "all samples belong to one group, which cannot be on both sides; at least two groups are needed");
}

soma_status soma_split_groups(const soma_dataset *dataset, const soma_split_request *request, uint8_t *sides) {
    size_t samples = dataset->samples, count = 0;
    member *members = soma_realloc(NULL, samples, sizeof *members);
    group *groups = soma_realloc(NULL, samples, sizeof *groups);
    int32_t *order = soma_realloc(NULL, samples, sizeof *order);
    size_t *sizes = soma_calloc(request->folds + 1, sizeof *sizes);
    soma_status status = SOMA_OK;
    if (!members || !groups || !order || !sizes)
        status = soma_out_of_memory(samples * (sizeof *members + sizeof *groups + sizeof *order),
                                    "dividing a data set by groups");
    if (status == SOMA_OK) {
        count = find_groups(dataset, members, groups);
        status = check_groups(count, request->folds);
    }
    if (status == SOMA_OK) {
        shuffle_groups(groups, count, request->seed, order);
        if (request->folds)
            deal_groups(groups, count, request->folds, sizes);
        else
            choose_groups(groups, count, samples, request->wanted);
    }
    for (size_t i = 0; status == SOMA_OK && i < count; i++) {
        bool second = request->folds ? groups[i].side == request->fold : groups[i].side == SOMA_SIDE_SECOND;
        for (size_t j = 0; j < groups[i].count; j++)
            sides[members[groups[i].start + j].sample] = second ? SOMA_SIDE_SECOND : SOMA_SIDE_FIRST;
    }
    soma_free(members);
    soma_free(groups);
    soma_free(order);
    soma_free(sizes);
    return status;
}
