/* SPDX-License-Identifier: MIT */
/* The team of threads: regions, the barrier, the shared loop. */
#include "base/threads.h"

#include "expect.h"

#include <sched.h>
#include <stdatomic.h>
#include <time.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif

#define MAX_THREADS 9 /* more than most machines have cores to spare for a test */
#define INDICES     1000

static _Atomic uint32_t offers;       /* of cores to others */
static _Atomic bool others_take_them; /* for a while: as on a machine with more to do than cores */

/* Goes before the C library's. */
int sched_yield(void) {
    offers++;
    if (others_take_them) return nanosleep(&(struct timespec){.tv_nsec = 1000 * 1000}, NULL);
#ifdef SYS_sched_yield
    return (int)syscall(SYS_sched_yield);
#else
    return 0;
#endif
}

typedef struct shared {
    soma_threads *threads;
    uint32_t count;
    _Atomic uint32_t entered[MAX_THREADS];
    _Atomic uint32_t taken[INDICES];
    uint32_t owner[INDICES];     /* of an index, written by who took it */
    uint32_t plain[MAX_THREADS]; /* not atomic: the barrier must order it */
    _Atomic uint32_t mistakes;
} shared;

static void with_team(uint32_t count, void (*body)(shared *)) {
    static shared s;
    memset(&s, 0, sizeof s);
    s.count = count;
    expect_ok(soma_threads_create(count, &s.threads));
    ck_assert_uint_eq(soma_threads_count(s.threads), count);
    body(&s);
    soma_threads_destroy(s.threads);
    ck_assert_uint_eq(s.mistakes, 0);
}

static void enter(void *context, uint32_t thread) {
    shared *s = context;
    s->entered[thread]++;
}

static void enter_often(shared *s) {
    for (uint32_t i = 1; i <= 1000; i++) {
        soma_threads_run(s->threads, enter, s);
        for (uint32_t t = 0; t < s->count; t++) ck_assert_uint_eq(s->entered[t], i);
    }
}

START_TEST(test_every_thread_runs_once) {
    with_team((uint32_t)_i, enter_often);
}
END_TEST

/* Pauses long enough for the others to have gone to sleep. */
static void enter_after_sleep(shared *s) {
    for (uint32_t i = 1; i <= 5; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 20 * 1000 * 1000}, NULL);
        soma_threads_run(s->threads, enter, s);
        for (uint32_t t = 0; t < s->count; t++) ck_assert_uint_eq(s->entered[t], i);
    }
}

START_TEST(test_wakes_sleepers) {
    with_team((uint32_t)_i, enter_after_sleep);
}
END_TEST

static void last_is_late(void *context, uint32_t thread) {
    const shared *s = context;
    if (thread + 1 == s->count) nanosleep(&(struct timespec){.tv_nsec = 200 * 1000}, NULL);
}

static void wait_often(shared *s) {
    for (int i = 0; i < 30; i++) soma_threads_run(s->threads, last_is_late, s);
}

/* Who was without its core for long sleeps from then on: it is woken before what others still have to do is done. */
START_TEST(test_offers_no_core_that_others_take) {
    offers = 0;
    others_take_them = true;
    with_team((uint32_t)_i, wait_often);
    others_take_them = false;
    ck_assert_uint_le(offers, (uint32_t)_i);
}
END_TEST

static void write_and_read(void *context, uint32_t thread) {
    shared *s = context;
    for (uint32_t round = 1; round <= 200; round++) {
        s->plain[thread] = round;
        soma_threads_barrier(s->threads);
        for (uint32_t t = 0; t < s->count; t++) s->mistakes += s->plain[t] != round;
        soma_threads_barrier(s->threads);
    }
}

static void write_and_read_often(shared *s) {
    for (int i = 0; i < 10; i++) {
        memset(s->plain, 0, sizeof s->plain);
        soma_threads_run(s->threads, write_and_read, s);
    }
}

START_TEST(test_barrier_orders_memory) {
    with_team((uint32_t)_i, write_and_read_often);
}
END_TEST

/* Loops of all lengths, one after another, with a barrier between. */
static void loop(void *context, uint32_t thread) {
    shared *s = context;
    for (size_t length = 0; length <= INDICES; length = length * 3 / 2 + 1) {
        size_t index;
        while (soma_threads_next(s->threads, thread, length, &index)) {
            s->mistakes += index >= length;
            if (index < INDICES) s->taken[index]++;
        }
        soma_threads_barrier(s->threads);
        if (thread == 0)
            for (size_t i = 0; i < INDICES; i++) s->mistakes += atomic_exchange(&s->taken[i], 0) != (i < length);
        soma_threads_barrier(s->threads);
    }
}

static void loop_often(shared *s) {
    for (int i = 0; i < 20; i++) soma_threads_run(s->threads, loop, s);
}

START_TEST(test_loop_gives_each_index_once) {
    with_team((uint32_t)_i, loop_often);
}
END_TEST

/* One thread comes late to a loop: the others do its part too. */
static void loop_without_last(void *context, uint32_t thread) {
    shared *s = context;
    size_t index;
    if (thread + 1 < s->count)
        while (soma_threads_next(s->threads, thread, INDICES, &index)) s->taken[index]++;
    soma_threads_barrier(s->threads);
}

static void steal(shared *s) {
    soma_threads_run(s->threads, loop_without_last, s);
    for (size_t i = 0; i < INDICES; i++) ck_assert_uint_eq(s->taken[i], 1);
}

START_TEST(test_loop_leaves_nothing_to_a_late_thread) {
    with_team((uint32_t)_i, steal);
}
END_TEST

/* The first index that a thread is given is that of its own part. */
static void take_first(void *context, uint32_t thread) {
    shared *s = context;
    size_t index;
    if (!soma_threads_next(s->threads, thread, s->count, &index)) s->mistakes++;
    s->owner[thread] = (uint32_t)index;
}

static void take_own(shared *s) {
    soma_threads_run(s->threads, take_first, s);
    for (uint32_t t = 0; t < s->count; t++) ck_assert_uint_eq(s->owner[t], t);
}

START_TEST(test_loop_begins_with_the_own_part) {
    with_team((uint32_t)_i, take_own);
}
END_TEST

START_TEST(test_bad_counts) {
    soma_threads *threads;
    expect_error(soma_threads_create(0, &threads), SOMA_INVALID_ARGUMENT, "0 threads");
    ck_assert_ptr_null(threads);
    soma_threads_destroy(NULL);
    ck_assert_uint_ge(soma_threads_available(), 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("threads");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, test_every_thread_runs_once, 1, 5);
    tcase_add_loop_test(tests, test_wakes_sleepers, 1, MAX_THREADS + 1);
    tcase_add_loop_test(tests, test_offers_no_core_that_others_take, 2, 4);
    tcase_add_loop_test(tests, test_barrier_orders_memory, 1, 5);
    tcase_add_loop_test(tests, test_loop_gives_each_index_once, 1, MAX_THREADS + 1);
    tcase_add_loop_test(tests, test_loop_leaves_nothing_to_a_late_thread, 2, MAX_THREADS + 1);
    tcase_add_loop_test(tests, test_loop_begins_with_the_own_part, 1, MAX_THREADS + 1);
    tcase_add_test(tests, test_bad_counts);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
