/* SPDX-License-Identifier: MIT */
/* A team of threads: parallel regions, a barrier, a shared loop. */
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#define CACHE_LINE 128 /* two lines, since processors fetch them in pairs */

/*
 * A waiting thread spins SPINS times, some 3 microseconds: a barrier takes 0.25. Then it offers its core to others
 * YIELDS times; where there are none, that goes on for about 200 microseconds, longer than a caller needs between two
 * steps, and where the team has fewer cores than threads, the one that is waited for gets on. Then it sleeps.
 *
 * Where other programs want the cores, a thread that offers its own gets it back when all of them have had theirs, long
 * after what it waits for, while one that sleeps gets it as soon as it is woken. A yield that took longer than LOST
 * seconds tells, and the next CROWDED waits of the team end in sleep without one.
 */
#define SPINS   100
#define YIELDS  500
#define LOST    200e-6
#define CROWDED 200

/* A number that only grows; threads wait until it has another value than the one they saw. */
typedef struct gate {
    _Atomic uint32_t value;
    _Atomic uint32_t sleepers;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
} gate;

typedef struct loop_part {
    _Alignas(CACHE_LINE) _Atomic size_t taken; /* indices of this thread's part that were handed out */
} loop_part;

typedef struct worker {
    soma_threads *team;
    uint32_t thread;
    pthread_t handle;
} worker;

struct soma_threads {
    _Alignas(CACHE_LINE) gate start; /* a region begins */
    _Alignas(CACHE_LINE) gate pass;  /* a barrier opens */
    _Alignas(CACHE_LINE) _Atomic uint32_t arrived;
    _Alignas(CACHE_LINE) _Atomic int crowded;            /* so many waits more, or one less where two end at a time */
    _Alignas(CACHE_LINE) soma_thread_function *function; /* NULL: the team is dissolved */
    void *context;
    uint32_t count, started;
    worker *workers;
    loop_part *parts;
};

uint32_t soma_threads_available(void) {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return (uint32_t)CPU_COUNT(&set);
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (uint32_t)online : 1;
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static void gate_init(gate *g) {
    atomic_init(&g->value, 0);
    atomic_init(&g->sleepers, 0);
    pthread_mutex_init(&g->mutex, NULL);
    pthread_cond_init(&g->changed, NULL);
}

static void gate_destroy(gate *g) {
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->mutex);
}

static void gate_advance(gate *g) {
    /* Sequentially consistent, as the sleeper's two operations are: either it sees the new value or we see the sleeper.
     */
    atomic_fetch_add(&g->value, 1);
    if (atomic_load(&g->sleepers) == 0) return;
    pthread_mutex_lock(&g->mutex);
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->mutex);
}

/* Whether others had this thread's core when it was offered to them. */
static bool yield_was_taken(void) {
    double before = soma_seconds();
    sched_yield();
    return soma_seconds() - before > LOST;
}

static bool has_changed(gate *g, uint32_t seen) {
    return atomic_load_explicit(&g->value, memory_order_acquire) != seen;
}

static void gate_wait(soma_threads *threads, gate *g, uint32_t seen) {
    for (int i = 0; i < SPINS; i++) {
        if (has_changed(g, seen)) return;
        relax();
    }
    const int crowded = atomic_load_explicit(&threads->crowded, memory_order_relaxed);
    if (crowded > 0) atomic_store_explicit(&threads->crowded, crowded - 1, memory_order_relaxed);
    for (int i = 0; crowded == 0 && i < YIELDS; i++) {
        if (has_changed(g, seen)) return;
        if (!yield_was_taken()) continue;
        atomic_store_explicit(&threads->crowded, CROWDED, memory_order_relaxed);
        break;
    }
    pthread_mutex_lock(&g->mutex);
    atomic_fetch_add(&g->sleepers, 1);
    while (atomic_load(&g->value) == seen) pthread_cond_wait(&g->changed, &g->mutex);
    atomic_fetch_sub(&g->sleepers, 1);
    pthread_mutex_unlock(&g->mutex);
}

/* A counter that nobody took from is not written, so that it stays in the caches of all. */
static void rewind_loop(soma_threads *threads) {
    for (uint32_t i = 0; i < threads->count; i++)
        if (atomic_load_explicit(&threads->parts[i].taken, memory_order_relaxed) != 0)
            atomic_store_explicit(&threads->parts[i].taken, 0, memory_order_relaxed);
}

void soma_threads_barrier(soma_threads *threads) {
    uint32_t seen = atomic_load_explicit(&threads->pass.value, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&threads->arrived, 1, memory_order_acq_rel) + 1 < threads->count) {
        gate_wait(threads, &threads->pass, seen);
        return;
    }
    atomic_store_explicit(&threads->arrived, 0, memory_order_relaxed);
    rewind_loop(threads);
    gate_advance(&threads->pass);
}

static size_t part_begin(const soma_threads *threads, uint32_t thread, size_t count) {
    size_t each = count / threads->count, rest = count % threads->count; /* the first `rest` parts have one more */
    return each * thread + SOMA_MIN((size_t)thread, rest);
}

bool soma_threads_next(soma_threads *threads, uint32_t thread, size_t count, size_t *index) {
    for (uint32_t i = 0; i < threads->count; i++) {
        uint32_t owner = (thread + i) % threads->count;
        size_t begin = part_begin(threads, owner, count), size = part_begin(threads, owner + 1, count) - begin;
        if (atomic_load_explicit(&threads->parts[owner].taken, memory_order_relaxed) >= size) continue;
        size_t taken = atomic_fetch_add_explicit(&threads->parts[owner].taken, 1, memory_order_relaxed);
        if (taken >= size) continue;
        *index = begin + taken;
        return true;
    }
    return false;
}

static void *work(void *argument) {
    const worker *self = argument;
    soma_threads *team = self->team;
    for (uint32_t seen = 0;; seen++) {
        gate_wait(team, &team->start, seen);
        if (!team->function) return NULL;
        team->function(team->context, self->thread);
        soma_threads_barrier(team);
    }
}

void soma_threads_run(soma_threads *threads, soma_thread_function *function, void *context) {
    threads->function = function;
    threads->context = context;
    if (threads->count == 1) {
        rewind_loop(threads);
        function(context, 0);
        return;
    }
    gate_advance(&threads->start);
    function(context, 0);
    soma_threads_barrier(threads);
}

uint32_t soma_threads_count(const soma_threads *threads) {
    return threads->count;
}

static void free_team(soma_threads *threads) {
    soma_free(threads->workers);
    soma_free_aligned(threads->parts);
    soma_free_aligned(threads);
}

void soma_threads_destroy(soma_threads *threads) {
    if (!threads) return;
    threads->function = NULL;
    gate_advance(&threads->start);
    for (uint32_t i = 0; i < threads->started; i++) pthread_join(threads->workers[i].handle, NULL);
    gate_destroy(&threads->start);
    gate_destroy(&threads->pass);
    free_team(threads);
}

/* The mutexes and conditions stay as they are: to destroy one waits for those who are in it, who are not here. */
void soma_threads_abandon(soma_threads *threads) {
    free_team(threads);
}

static soma_status start_workers(soma_threads *threads) {
    for (uint32_t i = 0; i + 1 < threads->count; i++) {
        worker *w = &threads->workers[i];
        w->team = threads;
        w->thread = i + 1;
        if (pthread_create(&w->handle, NULL, work, w) != 0)
            return soma_error(SOMA_OUT_OF_MEMORY, "thread %u of %u could not be started", i + 2, threads->count);
        threads->started++;
    }
    return SOMA_OK;
}

soma_status soma_threads_create(uint32_t count, soma_threads **result) {
    *result = NULL;
    if (count == 0) return soma_error(SOMA_INVALID_ARGUMENT, "a team of 0 threads; at least 1 is needed");
    soma_threads *threads = soma_malloc_aligned(CACHE_LINE, sizeof *threads);
    if (!threads) return soma_out_of_memory(sizeof *threads, "a team of threads");
    *threads = (soma_threads){.count = count};
    gate_init(&threads->start);
    gate_init(&threads->pass);
    atomic_init(&threads->arrived, 0);
    atomic_init(&threads->crowded, 0);
    threads->workers = soma_calloc(count, sizeof *threads->workers);
    threads->parts = soma_malloc_aligned(CACHE_LINE, count * sizeof *threads->parts);
    soma_status status =
        threads->workers && threads->parts ? SOMA_OK : soma_out_of_memory(count * sizeof(worker), "a team of threads");
    if (status == SOMA_OK) {
        for (uint32_t i = 0; i < count; i++) atomic_init(&threads->parts[i].taken, 0);
        status = start_workers(threads);
    }
    if (status == SOMA_OK) {
        *result = threads;
        return SOMA_OK;
    }
    soma_threads_destroy(threads);
    return status;
}
