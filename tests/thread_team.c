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
    size_t count;
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

static soma_status start_sum(void *context, float *values, size_t count, void **sum) {
    member *m = context;
    m->team->values[m->communicator.rank] = values;
    m->count = count;
    *sum = m;
    return SOMA_OK;
}

static soma_status wait_for_sum(void *context, void *sum) {
    member *m = context;
    thread_team *team = m->team;
    float *total = calloc(m->count + 1, sizeof *total);
    if (sum != m || !total || !meet(team)) {
        free(total);
        return lost();
    }
    for (uint32_t i = 0; i < team->ranks; i++)
        for (size_t j = 0; j < m->count; j++) total[j] += team->values[i][j];
    bool whole = meet(team);
    memcpy(team->values[m->communicator.rank], total, m->count * sizeof *total);
    free(total);
    return whole ? SOMA_OK : lost();
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
    thread_team *team = ((member *)context)->team;
    (void)status;
    pthread_mutex_lock(&team->lock);
    team->aborted = true;
    snprintf(team->message, sizeof team->message, "%s", message);
    pthread_cond_broadcast(&team->moved);
    pthread_mutex_unlock(&team->lock);
}

static void *run_member(void *context) {
    member *m = context;
    m->function(m->context, &m->communicator);
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
                                                      .abort = give_up};
    }
    for (uint32_t i = 0; i < ranks; i++) pthread_create(&members[i].thread, NULL, run_member, &members[i]);
    for (uint32_t i = 0; i < ranks; i++) pthread_join(members[i].thread, NULL);
    pthread_cond_destroy(&team->moved);
    pthread_mutex_destroy(&team->lock);
}
