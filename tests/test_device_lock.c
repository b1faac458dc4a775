/* SPDX-License-Identifier: MIT */
/*
 * A device is used by one thread at a time, whatever it is asked for: authors of devices rely on it. The device here
 * stays in each of its functions for a while, and notices whoever comes in meanwhile.
 */
#include "device/calls.h"
#include "device/device.h"
#include "expect.h"
#include "suite.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 12, BYTES = 64 };

/* ------------------------------------------------------------------------------------------------------ the device */

static atomic_int inside, met, visits;

static soma_status stay(void) {
    visits++;
    if (atomic_fetch_add(&inside, 1)) met++;
    usleep(50); /* the others get a turn */
    atomic_fetch_sub(&inside, 1);
    return SOMA_OK;
}

static soma_status list_one(soma_device_visitor *visitor, void *context) {
    const soma_device_info info = {.name = "Narrow", .platform = "Paper", .alignment = 64};
    visitor(context, 0, &info, true, NULL);
    return SOMA_OK;
}

static soma_status open_it(uint32_t index, const soma_device_options *options, void **state) {
    (void)index, (void)options;
    *state = &inside;
    return SOMA_OK;
}

static void close_it(void *state) {
    (void)state;
}

static void tell(void *state, soma_device_info *info) {
    (void)state;
    *info = (soma_device_info){.name = "Narrow", .platform = "Paper", .alignment = 64};
}

static soma_status take(void *state, size_t bytes, void **memory) {
    (void)state;
    *memory = malloc(bytes);
    return stay();
}

static void give_back(void *state, void *memory) {
    (void)state;
    free(memory);
    stay();
}

static soma_status write_it(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    (void)state, (void)memory, (void)offset, (void)source, (void)bytes;
    return stay();
}

static soma_status read_it(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    (void)state, (void)memory, (void)offset, (void)target, (void)bytes;
    return stay();
}

static soma_status copy_it(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    (void)state, (void)to, (void)to_offset, (void)from, (void)from_offset, (void)bytes;
    return stay();
}

static soma_status fill_it(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    (void)state, (void)memory, (void)offset, (void)byte, (void)bytes;
    return stay();
}

static soma_status wrap_it(void *state, const void *host, size_t bytes, void **memory) {
    (void)state, (void)host;
    return take(state, bytes, memory);
}

static soma_status prepare_it(void *state, soma_call *call, size_t *workspace) {
    *workspace = 0;
    call->prepared = state;
    return stay();
}

static soma_status run_it(void *state, soma_call *calls, size_t count) {
    (void)state, (void)calls, (void)count;
    return stay();
}

static void release_it(void *state, soma_call *call) {
    (void)state, (void)call;
    stay();
}

static soma_status wait_for_it(void *state) {
    (void)state;
    return stay();
}

static soma_status measure_it(void *state, double *gflops) {
    (void)state;
    *gflops = 1;
    return stay();
}

static soma_status arrange_it(void *state, soma_call *calls, size_t count, size_t runs) {
    (void)state, (void)calls, (void)count, (void)runs;
    return stay();
}

static soma_status tune_it(void *state, const soma_tune_options *options) {
    (void)state, (void)options;
    return stay();
}

static void tell_tuning(void *state, soma_tuning *tuning) {
    (void)state, (void)tuning;
    stay();
}

static soma_status forget_it(void *state, bool *removed) {
    (void)state;
    *removed = true;
    return stay();
}

static soma_status stage_it(void *state, size_t bytes, void **stage, void **place) {
    soma_status status = take(state, bytes, stage);
    *place = *stage;
    return status;
}

static soma_status send_it(void *state, void *stage, void *memory, size_t bytes) {
    (void)state, (void)stage, (void)memory, (void)bytes;
    return stay();
}

static soma_status await_it(void *state, void *stage) {
    (void)state, (void)stage;
    return stay();
}

static const soma_device_api narrow = {
    .abi = SOMA_DEVICE_ABI,
    .size = sizeof(soma_device_api),
    .name = "narrow",
    .enumerate = list_one,
    .open = open_it,
    .close = close_it,
    .info = tell,
    .alloc = take,
    .free = give_back,
    .write = write_it,
    .read = read_it,
    .copy = copy_it,
    .fill = fill_it,
    .wrap = wrap_it,
    .prepare = prepare_it,
    .run = run_it,
    .release = release_it,
    .sync = wait_for_it,
    .peak = measure_it,
    .arrange = arrange_it,
    .tune = tune_it,
    .tuning = tell_tuning,
    .forget_tuning = forget_it,
    .stage = stage_it,
    .send = send_it,
    .await = await_it,
    .unstage = give_back,
};

/* ------------------------------------------------------------------------------------------------- what is asked of it
 */

/* What a thread has of its own, made beforehand. */
typedef struct asker {
    pthread_t thread;
    soma_device *device;
    void *memory;
    void *memories[ROUNDS];
    soma_call call;
    bool failed;
    soma_status (*ask)(struct asker *client, int round);
} asker;

static char host[BYTES];

static soma_status ask_alloc(asker *client, int round) {
    return soma_device_alloc(client->device, BYTES, "it", &client->memories[round]);
}
static soma_status ask_free(asker *client, int round) {
    soma_device_free(client->device, client->memories[round], BYTES);
    return SOMA_OK;
}
static soma_status ask_wrap(asker *client, int round) {
    return soma_device_wrap(client->device, host, BYTES, &client->memories[round]);
}
static soma_status ask_unwrap(asker *client, int round) {
    soma_device_free(client->device, client->memories[round], 0);
    return SOMA_OK;
}
static soma_status ask_write(asker *client, int round) {
    (void)round;
    return soma_device_write(client->device, client->memory, 0, host, BYTES);
}
static soma_status ask_read(asker *client, int round) {
    char target[BYTES];
    (void)round;
    return soma_device_read(client->device, client->memory, 0, target, BYTES);
}
static soma_status ask_copy(asker *client, int round) {
    (void)round;
    return soma_device_copy(client->device, client->memory, 0, client->memory, BYTES / 2, BYTES / 2);
}
static soma_status ask_fill(asker *client, int round) {
    (void)round;
    return soma_device_fill(client->device, client->memory, 0, 1, BYTES);
}
static soma_status ask_prepare(asker *client, int round) {
    size_t workspace;
    (void)round;
    return soma_device_prepare(client->device, &client->call, &workspace);
}
static soma_status ask_arrange(asker *client, int round) {
    (void)round;
    return soma_device_arrange(client->device, &client->call, 1, 10);
}
static soma_status ask_run(asker *client, int round) {
    (void)round;
    return soma_device_run(client->device, &client->call, 1);
}
static soma_status ask_release(asker *client, int round) {
    (void)round;
    client->call.prepared = &inside; /* again */
    soma_device_release(client->device, &client->call);
    return SOMA_OK;
}
static soma_status ask_sync(asker *client, int round) {
    (void)round;
    return soma_device_sync(client->device);
}
static soma_status ask_peak(asker *client, int round) {
    double gflops;
    (void)round;
    return soma_device_peak(client->device, &gflops);
}
static soma_status ask_tune(asker *client, int round) {
    (void)round;
    return soma_device_tune(client->device, NULL);
}
static soma_status ask_tuning(asker *client, int round) {
    soma_tuning tuning;
    (void)round;
    return soma_device_get_tuning(client->device, &tuning);
}
static soma_status ask_forget(asker *client, int round) {
    (void)round;
    return soma_device_forget_tuning(client->device, NULL);
}

static soma_status ask_stage(asker *client, int round) {
    void *place;
    return soma_device_stage(client->device, BYTES, "it", &client->memories[round], &place);
}
static soma_status ask_send(asker *client, int round) {
    return soma_device_send(client->device, client->memories[round], client->memory, BYTES);
}
static soma_status ask_await(asker *client, int round) {
    return soma_device_await(client->device, client->memories[round]);
}
static soma_status ask_unstage(asker *client, int round) {
    soma_device_unstage(client->device, client->memories[round], BYTES);
    return SOMA_OK;
}

/* In this order: what one row makes, a later one uses. */
static const struct {
    const char *name;
    soma_status (*ask)(asker *client, int round);
} questions[] = {
    {"alloc", ask_alloc},
    {"free", ask_free},
    {"wrap", ask_wrap},
    {"free what is wrapped", ask_unwrap},
    {"write", ask_write},
    {"read", ask_read},
    {"copy", ask_copy},
    {"fill", ask_fill},
    {"prepare", ask_prepare},
    {"arrange", ask_arrange},
    {"run", ask_run},
    {"release", ask_release},
    {"sync", ask_sync},
    {"peak", ask_peak},
    {"tune", ask_tune},
    {"tuning", ask_tuning},
    {"forget_tuning", ask_forget},
    {"stage", ask_stage},
    {"send", ask_send},
    {"await", ask_await},
    {"unstage", ask_unstage},
};

static void *ask_again_and_again(void *context) {
    asker *client = context;
    for (int round = 0; round < ROUNDS; round++) client->failed |= client->ask(client, round) != SOMA_OK;
    return NULL;
}

static void expect_one_at_a_time(asker clients[THREADS], size_t question) {
    const char *name = questions[question].name;
    met = visits = 0;
    for (int i = 0; i < THREADS; i++) {
        clients[i].ask = questions[question].ask;
        ck_assert_int_eq(pthread_create(&clients[i].thread, NULL, ask_again_and_again, &clients[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(clients[i].thread, NULL);
    for (int i = 0; i < THREADS; i++) ck_assert_msg(!clients[i].failed, "%s failed", name);
    ck_assert_msg(visits == THREADS * ROUNDS, "%s came to the device %d times instead of %d", name, visits,
                  THREADS * ROUNDS);
    ck_assert_msg(met == 0, "%s: %d of %d times there was another thread in the device", name, met, visits);
}

START_TEST(one_thread_at_a_time) {
    const size_t count = BYTES / sizeof(float);
    asker clients[THREADS] = {0};
    soma_device *device;
    soma_device_memory memory;
    expect_ok(soma_device_register(&narrow));
    expect_ok(soma_device_open("narrow", NULL, &device));
    for (int i = 0; i < THREADS; i++) {
        clients[i].device = device;
        expect_ok(soma_device_alloc(device, BYTES, "it", &clients[i].memory));
        clients[i].call = soma_call_fill(soma_view_of(clients[i].memory, 0, SOMA_F32, 1, &count), 0);
    }
    for (size_t i = 0; i < SOMA_COUNT_OF(questions); i++) expect_one_at_a_time(clients, i);
    for (int i = 0; i < THREADS; i++) soma_device_free(device, clients[i].memory, BYTES);
    soma_device_get_memory(device, &memory);
    ck_assert_uint_eq(memory.allocated, 0);
    soma_device_close(device);
}
END_TEST

/* ----------------------------------------------------------------------------------------------- its own figures */

static void number_a_memory(soma_device *device) {
    soma_memory *memory;
    expect_ok(soma_memory_lend(device, device, 0, 4, &memory));
    soma_memory_destroy(memory);
}

static void read_memory(soma_device *device) {
    soma_device_memory memory;
    soma_device_get_memory(device, &memory);
}

static void read_info(soma_device *device) {
    soma_device_info info;
    soma_device_get_info(device, &info);
}

static void (*const figures[])(soma_device *device) = {number_a_memory, read_memory, read_info};

typedef struct reader {
    soma_device *device;
    void (*function)(soma_device *device);
    atomic_bool done;
} reader;

static void *read_figure(void *opaque) {
    reader *one = opaque;
    one->function(one->device);
    one->done = true;
    return NULL;
}

/* Who holds the lock has them to himself. */
START_TEST(figures_wait_for_the_lock) {
    reader one = {.function = figures[_i]};
    pthread_t thread;
    expect_ok(soma_device_register(&narrow));
    expect_ok(soma_device_open("narrow", NULL, &one.device));
    soma_device_lock(one.device);
    ck_assert_int_eq(pthread_create(&thread, NULL, read_figure, &one), 0);
    usleep(50000); /* who does not wait is done long since */
    bool early = one.done;
    soma_device_unlock(one.device);
    pthread_join(thread, NULL);
    ck_assert(!early && one.done);
    soma_device_close(one.device);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, one_thread_at_a_time);
    tcase_add_loop_test(cases, figures_wait_for_the_lock, 0, SOMA_COUNT_OF(figures));
}

int main(void) {
    return run_suite("device-lock", add_tests);
}
