/* SPDX-License-Identifier: MIT */
/* Threads that wait for each other at barriers, and read each other's memory between two of them. */
#include "thread_team.h"

#include <soma/device.h> /* soma_error */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct member {
    thread_team *team;
    soma_communicator communicator;
    rank_function *function;
    void *context;
    size_t sums, most; /* that have been begun, and how many at once so far */
    size_t calls[TEAM_FUNCTIONS];
    pthread_t thread;
} member;

/* Waits for all; false where one has aborted. */
static bool meet(thread_team *team) {
    pthread_mutex_lock(&team->lock);
    uint64_t round = team->round;
    if (++team->arrived == team->ranks) {
        team->arrived = 0;
        team->round++;
        pthread_cond_broadcast(&team->moved);
    }
    while (round == team->round && !team->aborted) pthread_cond_wait(&team->moved, &team->lock);
    bool whole = !team->aborted;
    pthread_mutex_unlock(&team->lock);
    return whole;
}

static soma_status lost(void) {
    return soma_error(SOMA_IO, "another rank has given up");
}

/* Counts a call. It is to fail: the last rank fails in it, and the others don't know. */
static bool fails(member *m, team_function function) {
    thread_team *team = m->team;
    m->calls[function]++;
    if (m->communicator.rank + 1 != team->ranks || function != team->failing) return false;
    if (m->calls[function] != team->fails_at) return false;
    team->sums_left_at_failure = m->sums;
    return true;
}

static soma_status cut(void) {
    return soma_error(SOMA_IO, "the wire is cut");
}

/* Of floats, or of bfloat16. */
typedef struct sum_begun {
    void *values;
    size_t count, size;
} sum_begun;

static soma_status begin_sum(member *m, void *values, size_t count, size_t size, void **sum) {
    if (fails(m, TEAM_START)) return cut();
    sum_begun *begun = malloc(sizeof *begun);
    if (!begun) return soma_error(SOMA_OUT_OF_MEMORY, "no memory for a sum");
    *begun = (sum_begun){values, count, size};
    *sum = begun;
    m->sums++;
    m->most = m->sums > m->most ? m->sums : m->most;
    m->team->sums_at_once = m->most > m->team->sums_at_once ? m->most : m->team->sums_at_once;
    return SOMA_OK;
}

static soma_status start_sum(void *context, float *values, size_t count, void **sum) {
    return begin_sum(context, values, count, sizeof *values, sum);
}

static soma_status start_sum_bf16(void *context, uint16_t *values, size_t count, void **sum) {
    return begin_sum(context, values, count, sizeof *values, sum);
}

/* In the order of the ranks. */
static void add_up(const thread_team *team, const sum_begun *sum, void *total) {
    memcpy(total, team->values[0], sum->count * sum->size);
    for (uint32_t i = 1; i < team->ranks; i++) {
        if (sum->size == sizeof(uint16_t)) soma_add_bf16(total, team->values[i], sum->count);
        for (size_t j = 0; sum->size == sizeof(float) && j < sum->count; j++)
            ((float *)total)[j] += ((const float *)team->values[i])[j];
    }
}

static soma_status wait_for_sum(void *context, void *sum) {
    member *m = context;
    thread_team *team = m->team;
    sum_begun begun = *(sum_begun *)sum;
    free(sum);
    m->sums--;
    if (fails(m, TEAM_WAIT)) return cut();
    void *total = calloc(begun.count + 1, begun.size);
    team->values[m->communicator.rank] = begun.values;
    if (!total || !meet(team)) {
        free(total);
        return lost();
    }
    add_up(team, &begun, total);
    bool whole = meet(team);
    memcpy(begun.values, total, begun.count * begun.size);
    free(total);
    return whole ? SOMA_OK : lost();
}

static soma_status progress(void *context) {
    member *m = context;
    m->team->progressed = true;
    return fails(m, TEAM_PROGRESS) ? cut() : SOMA_OK;
}

static soma_status broadcast(void *context, void *bytes, size_t size, uint32_t root) {
    member *m = context;
    thread_team *team = m->team;
    if (m->communicator.rank == root) {
        bool last = root + 1 == team->ranks;
        if (last && team->other_version && size > 24 && strcmp(bytes, soma_version()) == 0)
            snprintf(bytes, 24, "%s", team->other_version);
        team->sent = bytes;
    }
    if (!meet(team)) return lost();
    if (m->communicator.rank != root) memcpy(bytes, team->sent, size);
    return meet(team) ? SOMA_OK : lost();
}

static void give_up(void *context, soma_status status, const char *message) {
    member *m = context;
    thread_team *team = m->team;
    (void)status;
    team->aborts[m->communicator.rank]++;
    pthread_mutex_lock(&team->lock);
    team->aborted = true;
    snprintf(team->message, sizeof team->message, "%s", message);
    pthread_cond_broadcast(&team->moved);
    pthread_mutex_unlock(&team->lock);
}

static void *run_member(void *context) {
    member *m = context;
    m->function(m->context, &m->communicator);
    m->team->sums_left += m->sums;
    return NULL;
}

void run_team(thread_team *team, uint32_t ranks, rank_function *function, void *context) {
    member members[TEAM_MOST];
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->moved, NULL);
    team->ranks = ranks;
    for (uint32_t i = 0; i < ranks; i++) {
        members[i] = (member){.team = team, .function = function, .context = context};
        members[i].communicator = (soma_communicator){.abi = SOMA_COMMUNICATOR_ABI,
                                                      .size = sizeof(soma_communicator),
                                                      .rank = i,
                                                      .ranks = ranks,
                                                      .context = &members[i],
                                                      .start_sum = start_sum,
                                                      .wait = wait_for_sum,
                                                      .broadcast = broadcast,
                                                      .progress = progress,
                                                      .start_sum_bf16 = start_sum_bf16,
                                                      .abort = give_up};
    }
    for (uint32_t i = 0; i < ranks; i++) pthread_create(&members[i].thread, NULL, run_member, &members[i]);
    for (uint32_t i = 0; i < ranks; i++) pthread_join(members[i].thread, NULL);
    pthread_cond_destroy(&team->moved);
    pthread_mutex_destroy(&team->lock);
}
