/* SPDX-License-Identifier: MIT */
/* Threads that wait for each other, and read each other's memory meanwhile. */
#include "train/thread_ranks.h"

#include <pthread.h>
#include <string.h>

/* A sum from when the first rank begins it until the last has waited for it. */
typedef struct sum {
    struct sum *next;
    uint64_t number; /* ranks begin their sums in the same order */
    size_t count, size;
    uint32_t begun, left; /* ranks that have begun it, and that have waited for it */
    bool adding, done;
    void *values[]; /* [ranks] */
} sum;

typedef struct member {
    soma_thread_ranks *team;
    soma_communicator communicator;
    uint64_t sums; /* begun so far */
} member;

struct soma_thread_ranks {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    uint32_t ranks, arrived;
    uint64_t round;
    const void *sent; /* by the root of a broadcast */
    bool aborted;
    soma_status status; /* and why */
    char *message;
    sum *sums;
    member member[];
};

static soma_status lost(const soma_thread_ranks *team) {
    return soma_error(team->status, "%s", team->message ? team->message : "another device has given up");
}

/* ------------------------------------------------------------------------------------------------------------- sums
 */

static sum *find_sum(const soma_thread_ranks *team, uint64_t number) {
    sum *s = team->sums;
    while (s && s->number != number) s = s->next;
    return s;
}

static sum *make_sum(soma_thread_ranks *team, uint64_t number, size_t count, size_t size) {
    sum *s = soma_calloc(1, sizeof *s + team->ranks * sizeof *s->values);
    if (!s) return NULL;
    s->number = number;
    s->count = count;
    s->size = size;
    s->next = team->sums;
    team->sums = s;
    return s;
}

static void free_sum(soma_thread_ranks *team, sum *s) {
    sum **at = &team->sums;
    while (*at != s) at = &(*at)->next;
    *at = s->next;
    soma_free(s);
}

/* In the order of the ranks, so many at a time that they stay in a cache until all have them. */
static void add_floats(const sum *s, uint32_t ranks) {
    enum { CHUNK = 4096 };
    for (size_t begin = 0; begin < s->count; begin += CHUNK) {
        const size_t count = SOMA_MIN((size_t)CHUNK, s->count - begin);
        float *total = (float *)s->values[0] + begin;
        for (uint32_t i = 1; i < ranks; i++) {
            const float *own = (const float *)s->values[i] + begin;
            for (size_t j = 0; j < count; j++) total[j] += own[j];
        }
        for (uint32_t i = 1; i < ranks; i++) memcpy((float *)s->values[i] + begin, total, count * sizeof *total);
    }
}

static void add_halves(const sum *s, uint32_t ranks) {
    for (uint32_t i = 1; i < ranks; i++) soma_add_bf16(s->values[0], s->values[i], s->count);
    for (uint32_t i = 1; i < ranks; i++) memcpy(s->values[i], s->values[0], s->count * sizeof(uint16_t));
}

static void add_up(soma_thread_ranks *team, sum *s) {
    s->adding = true;
    pthread_mutex_unlock(&team->lock);
    if (s->size == sizeof(float))
        add_floats(s, team->ranks);
    else
        add_halves(s, team->ranks);
    pthread_mutex_lock(&team->lock);
    s->adding = false;
    s->done = true;
    pthread_cond_broadcast(&team->moved);
}

static soma_status join_sum(member *m, void *values, size_t count, size_t size, void **result) {
    soma_thread_ranks *team = m->team;
    if (team->aborted) return lost(team);
    sum *s = find_sum(team, m->sums);
    if (!s) s = make_sum(team, m->sums, count, size);
    if (!s) return soma_out_of_memory(sizeof *s, "a sum of several devices");
    if (s->count != count || s->size != size)
        return soma_error(SOMA_INTERNAL, "rank %u adds up %zu numbers where others add up %zu", m->communicator.rank,
                          count, s->count);
    m->sums++;
    s->values[m->communicator.rank] = values;
    *result = s;
    if (++s->begun == team->ranks) add_up(team, s);
    return SOMA_OK;
}

static soma_status begin_sum(void *context, void *values, size_t count, size_t size, void **result) {
    member *m = context;
    pthread_mutex_lock(&m->team->lock);
    const soma_status status = join_sum(m, values, count, size, result);
    pthread_mutex_unlock(&m->team->lock);
    return status;
}

static soma_status start_sum(void *context, float *values, size_t count, void **result) {
    return begin_sum(context, values, count, sizeof *values, result);
}

static soma_status start_sum_bf16(void *context, uint16_t *values, size_t count, void **result) {
    return begin_sum(context, values, count, sizeof *values, result);
}

/* Somebody who is adding up touches the values of all, whoever has given up meanwhile. */
static soma_status wait_for_sum(void *context, void *begun) {
    soma_thread_ranks *team = ((member *)context)->team;
    sum *s = begun;
    pthread_mutex_lock(&team->lock);
    while (!s->done && (s->adding || !team->aborted)) pthread_cond_wait(&team->moved, &team->lock);
    const soma_status status = s->done ? SOMA_OK : lost(team);
    /* Of one that was given up nobody knows who is still to come: it stays until the end. */
    if (s->done && ++s->left == team->ranks) free_sum(team, s);
    pthread_mutex_unlock(&team->lock);
    return status;
}

/* -------------------------------------------------------------------------------------------------------- broadcasts
 */

/* Under the lock: waits until all are here; false where one has given up. */
static bool meet(soma_thread_ranks *team) {
    const uint64_t round = team->round;
    if (++team->arrived == team->ranks) {
        team->arrived = 0;
        team->round++;
        pthread_cond_broadcast(&team->moved);
    }
    while (round == team->round && !team->aborted) pthread_cond_wait(&team->moved, &team->lock);
    return round != team->round;
}

/* Between the first meeting and the second nobody writes what is sent, and it stays where it is. */
static soma_status broadcast(void *context, void *bytes, size_t size, uint32_t root) {
    const member *m = context;
    soma_thread_ranks *team = m->team;
    pthread_mutex_lock(&team->lock);
    if (m->communicator.rank == root) team->sent = bytes;
    bool whole = !team->aborted && meet(team);
    if (whole && m->communicator.rank != root) memcpy(bytes, team->sent, size);
    whole = whole && meet(team);
    const soma_status status = whole ? SOMA_OK : lost(team);
    pthread_mutex_unlock(&team->lock);
    return status;
}

/* ------------------------------------------------------------------------------------------------------------- ends
 */

void soma_thread_ranks_abort(soma_thread_ranks *team, soma_status status, const char *message) {
    pthread_mutex_lock(&team->lock);
    if (!team->aborted) {
        team->aborted = true;
        team->status = status;
        team->message = soma_strdup(message);
    }
    pthread_cond_broadcast(&team->moved);
    pthread_mutex_unlock(&team->lock);
}

static void give_up(void *context, soma_status status, const char *message) {
    soma_thread_ranks_abort(((member *)context)->team, status, message);
}

soma_status soma_thread_ranks_create(uint32_t ranks, soma_thread_ranks **result) {
    soma_thread_ranks *team = *result = soma_calloc(1, sizeof *team + ranks * sizeof *team->member);
    if (!team) return soma_out_of_memory(sizeof *team, "several devices that train together");
    pthread_mutex_init(&team->lock, NULL);
    pthread_cond_init(&team->moved, NULL);
    team->ranks = ranks;
    for (uint32_t i = 0; i < ranks; i++) {
        team->member[i].team = team;
        team->member[i].communicator = (soma_communicator){.abi = SOMA_COMMUNICATOR_ABI,
                                                           .size = sizeof(soma_communicator),
                                                           .rank = i,
                                                           .ranks = ranks,
                                                           .context = &team->member[i],
                                                           .start_sum = start_sum,
                                                           .wait = wait_for_sum,
                                                           .broadcast = broadcast,
                                                           .abort = give_up,
                                                           .start_sum_bf16 = start_sum_bf16};
    }
    return SOMA_OK;
}

void soma_thread_ranks_destroy(soma_thread_ranks *team) {
    if (!team) return;
    while (team->sums) free_sum(team, team->sums);
    soma_free(team->message);
    pthread_cond_destroy(&team->moved);
    pthread_mutex_destroy(&team->lock);
    soma_free(team);
}

const soma_communicator *soma_thread_ranks_get(soma_thread_ranks *team, uint32_t rank) {
    return &team->member[rank].communicator;
}
