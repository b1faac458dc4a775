/* SPDX-License-Identifier: MIT */
/* Sessions and memories: one network in many threads, and networks on device memory. */
#include "base/base.h"
#include "device/device.h"
#include "fronts.h"
#include "reference.h"
#include "trainer.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>

enum { ROWS = 24, WIDTH = 4, CLASSES = 3, THREADS = 4, TURNS = 40 };

static const model_shape shape = {WIDTH, 16, CLASSES, true};
static const char *const fronts[FRONTS] = FRONTS_OF("2 2 1");
static float x[ROWS * WIDTH];
static int32_t labels[ROWS];

static soma_network *compiled(uint64_t seed) {
    fill_uniform(1, x, ROWS * WIDTH);
    fill_classes(2, labels, ROWS, CLASSES);
    soma_network *network = network_of(shape, seed);
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.optimizer.kind = SOMA_ADAM}));
    return network;
}

/* As it is before it is compiled, with layers of other kinds. */
static soma_network *network_with(int front, uint64_t seed) {
    const size_t width = WIDTH;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, seed);
    soma_dense(soma_layers(soma_input(network, NULL, 1, &width), fronts[front]), CLASSES, SOMA_SOFTMAX);
    return network;
}

static soma_network *compiled_with(int front, uint64_t seed) {
    soma_network *network = network_with(front, seed);
    fill_uniform(1, x, ROWS * WIDTH);
    fill_classes(2, labels, ROWS, CLASSES);
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.optimizer.kind = SOMA_ADAM}));
    return network;
}

static soma_session *session_of(soma_network *network, soma_device *device) {
    soma_session *session;
    expect_ok(soma_session_create(network, &(soma_session_options){.device = device}, &session));
    return session;
}

static soma_memory *memory_of(soma_device *device, const float *values, size_t count) {
    soma_memory *memory;
    expect_ok(soma_memory_create(device, count * sizeof *values, &memory));
    if (values) expect_ok(soma_memory_write(memory, 0, values, count * sizeof *values));
    return memory;
}

/* ------------------------------------------------------------------------------------------------------ one session */

/* Against float64, at several batch sizes, the weights being those of now and not of when the session was made. */
START_TEST(a_session_predicts_by_the_weights_of_the_network) {
    soma_network *network = compiled(3);
    soma_session *session = session_of(network, NULL);
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 3, .batch_size = 8}, NULL));
    model m;
    model_from(&m, shape, network);
    for (size_t batch = 1; batch <= ROWS; batch += 11) {
        float y[ROWS * CLASSES];
        expect_ok(soma_session_run(session, batch, (const float *[]){x}, (float *[]){y}));
        for (size_t i = 0; i < batch; i++) {
            double expected[CLASSES];
            model_predict(&m, x + i * WIDTH, expected);
            for (size_t j = 0; j < CLASSES; j++) ck_assert_double_eq_tol((double)y[i * CLASSES + j], expected[j], 1e-6);
        }
    }
    soma_session_destroy(session);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* Two networks one after the other, with nothing on the host between; then from the host again. */
START_TEST(networks_pass_memory_on) {
    const size_t width = CLASSES;
    soma_network *first = compiled_with(_i, 3), *second;
    expect_ok(soma_network_create(&second));
    soma_layers(soma_input(second, NULL, 1, &width), "dense 5 tanh; dense 2");
    expect_ok(soma_compile(second, test_device, NULL));
    float middle[ROWS * CLASSES], expected[ROWS * 2], found[ROWS * 2];
    expect_ok(soma_run(first, x, ROWS, middle));
    expect_ok(soma_run(second, middle, ROWS, expected));

    soma_session *one = session_of(first, NULL), *two = session_of(second, NULL);
    soma_memory *in = memory_of(test_device, x, ROWS * WIDTH), *between = memory_of(test_device, NULL, ROWS * CLASSES),
                *out = memory_of(test_device, NULL, ROWS * 2);
    for (int turn = 0; turn < 3; turn++) {
        expect_ok(soma_session_run_memory(one, ROWS, &in, &between));
        expect_ok(soma_session_run_memory(two, ROWS, &between, &out));
        expect_ok(soma_memory_read(out, 0, found, sizeof found));
        ck_assert_mem_eq(found, expected, sizeof found);
        memset(found, 0, sizeof found);
        expect_ok(soma_session_run(two, ROWS, (const float *[]){middle}, (float *[]){found}));
        ck_assert_mem_eq(found, expected, sizeof found);
    }
    /* What stays in the session is there to be read, and to be the input of another. */
    soma_memory *kept;
    expect_ok(soma_session_run_memory(one, ROWS, &in, NULL));
    expect_ok(soma_session_output(one, 0, &kept));
    ck_assert_uint_eq(soma_memory_bytes(kept), sizeof middle);
    expect_ok(soma_session_run_memory(two, ROWS, &kept, (soma_memory *[]){NULL}));
    soma_memory_destroy(kept);
    expect_ok(soma_session_output(two, 0, &kept));
    expect_ok(soma_memory_read(kept, 0, found, sizeof found));
    ck_assert_mem_eq(found, expected, sizeof found);
    soma_memory_destroy(kept);

    soma_memory_destroy(in);
    soma_memory_destroy(between);
    soma_memory_destroy(out);
    soma_session_destroy(one);
    soma_session_destroy(two);
    soma_network_destroy(first);
    soma_network_destroy(second);
}
END_TEST

/* Outputs: a layer, the same in another shape, the input itself, and something computed from the first. */
enum { ALIASES = 4 };
static const size_t alias_count[ALIASES] = {ROWS * 6, ROWS * 6, ROWS *WIDTH, ROWS * 2};

static soma_network *network_with_aliases(void) {
    const size_t width = WIDTH;
    soma_network *network;
    fill_uniform(1, x, ROWS * WIDTH);
    expect_ok(soma_network_create(&network));
    soma_tensor *in = soma_input(network, NULL, 1, &width);
    soma_tensor *hidden = soma_output(soma_dense(in, 6, SOMA_TANH));
    soma_output(soma_reshape(hidden, 2, (const size_t[]){2, 3}));
    soma_output(soma_reshape(in, 2, (const size_t[]){2, 2}));
    soma_output(soma_dense(hidden, 2, SOMA_IDENTITY));
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE, SOMA_LOSS_NONE, SOMA_LOSS_NONE, SOMA_LOSS_NONE}};
    expect_ok(soma_compile(network, test_device, &options));
    return network;
}

START_TEST(outputs_that_share_a_place_arrive_too) {
    soma_network *network = network_with_aliases();
    soma_session *session = session_of(network, NULL);
    float expected[ALIASES][ROWS * 6], found[ROWS * 6];
    float *host[ALIASES];
    for (size_t i = 0; i < ALIASES; i++) host[i] = expected[i];
    expect_ok(soma_session_run(session, ROWS, (const float *[]){x}, host));
    ck_assert_mem_eq(expected[0], expected[1], sizeof expected[0]);
    ck_assert_mem_eq(expected[2], x, sizeof x);
    soma_memory *in = memory_of(test_device, x, ROWS * WIDTH), *out[ALIASES];
    for (size_t i = 0; i < ALIASES; i++) out[i] = memory_of(test_device, NULL, alias_count[i]);
    /* Every choice of outputs, each after every other kind of loan. */
    for (unsigned choice = 0; choice < 1u << ALIASES; choice++) {
        soma_memory *wanted[ALIASES];
        for (size_t i = 0; i < ALIASES; i++) {
            memset(found, 0x7f, sizeof found);
            expect_ok(soma_memory_write(out[i], 0, found, alias_count[i] * sizeof *found));
            wanted[i] = choice & 1u << i ? out[i] : NULL;
        }
        expect_ok(soma_session_run_memory(session, ROWS, &in, wanted));
        for (size_t i = 0; i < ALIASES; i++) {
            if (!wanted[i]) continue;
            expect_ok(soma_memory_read(out[i], 0, found, alias_count[i] * sizeof *found));
            ck_assert_msg(memcmp(found, expected[i], alias_count[i] * sizeof *found) == 0, "choice %u, output %zu",
                          choice, i);
        }
    }
    for (size_t i = 0; i < ALIASES; i++) soma_memory_destroy(out[i]);
    soma_memory_destroy(in);
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- lifetimes */

static soma_device_api plain_api;
static size_t reads;

static soma_status counted_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    reads++;
    return plain_api.read(state, memory, offset, target, bytes);
}

/* Small outputs come by one read where the device's memory is not the host's; every choice of them, as each alone. */
START_TEST(outputs_that_lie_together_come_together) {
    soma_network *network = network_with_aliases();
    soma_session *session = session_of(network, NULL);
    const soma_device_api *device_api = test_device->api;
    float expected[ALIASES][ROWS * 6], found[ALIASES][ROWS * 6];
    for (size_t i = 0; i < ALIASES; i++) {
        float *alone[ALIASES] = {0};
        alone[i] = expected[i];
        expect_ok(soma_session_run(session, ROWS, (const float *[]){x}, alone));
    }
    plain_api = *device_api;
    soma_device_api api = plain_api;
    api.read = counted_read;
    test_device->api = &api;
    for (unsigned choice = 0; choice < 1u << ALIASES; choice++) {
        float *wanted[ALIASES];
        size_t count = 0;
        memset(found, 0x7f, sizeof found);
        for (size_t i = 0; i < ALIASES; i++) count += (wanted[i] = choice & 1u << i ? found[i] : NULL) != NULL;
        reads = 0;
        expect_ok(soma_session_run(session, ROWS, (const float *[]){x}, wanted));
        ck_assert_uint_eq(reads, test_device->info.kind == SOMA_DEVICE_CPU || count == 0 ? count : 1);
        for (size_t i = 0; i < ALIASES; i++)
            ck_assert_msg(!wanted[i] || memcmp(found[i], expected[i], alias_count[i] * sizeof **found) == 0,
                          "choice %u, output %zu", choice, i);
    }
    test_device->api = device_api;
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

START_TEST(the_last_user_frees_the_network) {
    soma_network *network = compiled(3);
    soma_session *one = session_of(network, NULL), *two = session_of(network, NULL);
    float expected[ROWS * CLASSES], found[ROWS * CLASSES];
    expect_ok(soma_run(network, x, ROWS, expected));
    expect_error(soma_compile(network, test_device, NULL), SOMA_INVALID_STATE, "2 sessions");
    soma_session_destroy(one);
    expect_error(soma_compile(network, test_device, NULL), SOMA_INVALID_STATE, "1 session ");
    expect_ok(soma_run(network, x, ROWS, found)); /* it is still compiled */
    soma_network_destroy(network);
    expect_ok(soma_session_run(two, ROWS, (const float *[]){x}, (float *[]){found}));
    ck_assert_mem_eq(found, expected, sizeof found);
    soma_session_destroy(two);
    soma_session_destroy(NULL);
    soma_device_memory memory;
    soma_device_get_memory(test_device, &memory);
    ck_assert_uint_eq(memory.allocated, 0);
}
END_TEST

START_TEST(bad_calls_are_refused) {
    soma_network *network = network_of(shape, 3);
    soma_session *session;
    soma_memory *memory;
    float y[ROWS * CLASSES];
    expect_error(soma_session_create(network, NULL, &session), SOMA_INVALID_STATE, "soma_session_create", "compile");
    ck_assert_ptr_null(session);
    soma_network_destroy(network);
    network = compiled(3);
    const soma_session_options later = {.reserved = {1}};
    expect_error(soma_session_create(network, &later, &session), SOMA_INVALID_ARGUMENT, "soma_session_options");
    session = session_of(network, NULL);
    expect_error(soma_session_output(session, 0, &memory), SOMA_INVALID_STATE, "first run");
    expect_error(soma_session_output(session, 1, &memory), SOMA_INVALID_ARGUMENT, "output 1");
    expect_error(soma_session_run(session, 0, (const float *[]){x}, (float *[]){y}), SOMA_INVALID_ARGUMENT, "batch");
    expect_error(soma_session_run(session, 1, NULL, (float *[]){y}), SOMA_INVALID_ARGUMENT, "inputs are NULL");
    expect_error(soma_session_run(session, 1, (const float *[]){NULL}, NULL), SOMA_INVALID_ARGUMENT, "input 0");
    soma_memory *in = memory_of(test_device, x, ROWS * WIDTH), *out = memory_of(test_device, NULL, 2);
    expect_error(soma_session_run_memory(session, ROWS, &in, &out), SOMA_INVALID_SHAPE, "288 bytes", "8");
    expect_error(soma_session_run_memory(session, 1, &in, &in), SOMA_INVALID_ARGUMENT, "same memory");
    expect_error(soma_session_run_memory(session, 1, (soma_memory *[]){NULL}, NULL), SOMA_INVALID_ARGUMENT, "input 0");
    soma_device *other = open_copying_device(NULL);
    soma_memory *foreign = memory_of(other, x, ROWS * WIDTH);
    expect_error(soma_session_run_memory(session, 1, &foreign, NULL), SOMA_INVALID_ARGUMENT, "copying");
    expect_error(soma_session_create(network, &(soma_session_options){.device = other}, &(soma_session *){NULL}),
                 SOMA_UNSUPPORTED, "can't reach");
    soma_memory_destroy(foreign);
    soma_device_close(other);
    expect_error(soma_memory_read(out, 4, y, 8), SOMA_INVALID_ARGUMENT, "8 bytes at offset 4", "8 bytes");
    expect_error(soma_memory_write(out, 9, y, 0), SOMA_INVALID_ARGUMENT, "offset 9");
    expect_error(soma_memory_create(test_device, 0, &memory), SOMA_INVALID_ARGUMENT, "0 bytes");
    expect_error(soma_memory_create(NULL, 1, &memory), SOMA_INVALID_ARGUMENT, "device is NULL");
    expect_error(soma_parameter_memory(network, soma_network_input(network, 0), &memory), SOMA_INVALID_ARGUMENT,
                 "not a parameter");
    soma_memory_destroy(in);
    soma_memory_destroy(out);
    soma_memory_destroy(NULL);
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

/* Numbers that name no row have a row of 0, of which a layer behind it makes what its bias gives. */
static void run_without_rows(const char *text, float expected, bool no_fusion) {
    const size_t steps = 3;
    const float numbers[] = {7, -1, 1}, halves[16] = {.5f, .5f, .5f, .5f, .5f, .5f, .5f, .5f};
    float y[6];
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 1, &steps), text);
    expect_ok(soma_network_status(network));
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.no_fusion = no_fusion}));
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        soma_tensor *parameter = soma_network_parameter(network, i);
        size_t dimensions[SOMA_MAX_RANK];
        if (soma_tensor_shape(parameter, dimensions) == 1)
            expect_ok(soma_set_parameter(network, parameter, halves, dimensions[0]));
    }
    soma_session *session = session_of(network, NULL);
    soma_memory *in = memory_of(test_device, numbers, 3), *out = memory_of(test_device, NULL, 6);
    expect_ok(soma_session_run_memory(session, 1, &in, &out));
    expect_ok(soma_memory_read(out, 0, y, sizeof y));
    for (size_t i = 0; i < 2; i++) expect_value((double)y[i], (double)expected, 1e-6, text);
    soma_memory_destroy(in);
    soma_memory_destroy(out);
    soma_session_destroy(session);
    soma_network_destroy(network);
}

START_TEST(numbers_without_a_row_have_a_row_of_0) {
    const double s = 1 / (1 + exp(-.5)), z = 1 / (1 + exp(-1.)); /* a GRU has two biases */
    run_without_rows("embedding 5 4; dense 2 sigmoid", (float)s, _i);
    run_without_rows("embedding 5 4; dense 2 relu", .5f, _i);
    run_without_rows("embedding 5 4; lstm 2", (float)(s * tanh(s * tanh(.5))), _i);
    run_without_rows("embedding 5 4; rnn 2", (float)tanh(.5), _i);
    run_without_rows("embedding 5 4; gru 2", (float)((1 - z) * tanh(.5 + z * .5)), _i);
}
END_TEST

/* What an application lends may begin anywhere in its buffer, but kernels want it aligned. */
START_TEST(lent_memory_must_be_aligned) {
    soma_network *network = compiled(3);
    soma_session *session = session_of(network, NULL);
    soma_device_info info;
    float expected[CLASSES], found[CLASSES], lent[2 * 1024] = {0};
    soma_device_get_info(test_device, &info);
    ck_assert_uint_le(info.alignment, sizeof lent / 4);
    expect_ok(soma_session_run(session, 1, (const float *[]){x}, (float *[]){expected}));
    const size_t offsets[] = {info.alignment, 4, info.alignment / 2, info.alignment + 4, info.alignment - 4};
    memcpy(lent + info.alignment / sizeof(float), x, WIDTH * sizeof(float));
    soma_memory *whole = memory_of(test_device, lent, sizeof lent / sizeof(float)), *in, *out;
    size_t start;
    void *handle = soma_memory_handle(whole, &start);
    for (size_t i = 0; i < SOMA_COUNT_OF(offsets); i++) {
        char text[32];
        snprintf(text, sizeof text, "begins at byte %zu", offsets[i]);
        expect_ok(soma_memory_lend(test_device, handle, offsets[i], WIDTH * sizeof(float), &in));
        expect_ok(soma_memory_lend(test_device, handle, offsets[i] + sizeof lent / 2, CLASSES * sizeof(float), &out));
        soma_memory *own_in = memory_of(test_device, x, WIDTH), *own_out = memory_of(test_device, NULL, CLASSES);
        if (i == 0) {
            expect_ok(soma_session_run_memory(session, 1, &in, &out));
            expect_ok(soma_memory_read(out, 0, found, sizeof found));
            ck_assert_mem_eq(found, expected, sizeof found);
        } else {
            expect_error(soma_session_run_memory(session, 1, &in, &own_out), SOMA_INVALID_ARGUMENT, text,
                         "multiple of");
            expect_error(soma_session_run_memory(session, 1, &own_in, &out), SOMA_INVALID_ARGUMENT, "multiple of");
        }
        soma_memory_destroy(own_in);
        soma_memory_destroy(own_out);
        soma_memory_destroy(in);
        soma_memory_destroy(out);
    }
    soma_memory_destroy(whole);
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- threads */

/* Check's assertions are for the main thread: others count. */
typedef struct job {
    pthread_t thread;
    soma_session *session;
    const float *expected;
    soma_network *network;
    uint64_t seed;
    int front;
    int failures;
} job;

static void *predict_many(void *argument) {
    job *mine = argument;
    for (size_t turn = 0; turn < TURNS; turn++) {
        size_t batch = turn % 2 ? ROWS : 1 + turn % ROWS;
        float y[ROWS * CLASSES];
        if (soma_session_run(mine->session, batch, (const float *[]){x}, (float *[]){y}) != SOMA_OK)
            mine->failures++;
        else if (batch == ROWS)
            mine->failures += memcmp(y, mine->expected, sizeof y) != 0;
    }
    return NULL;
}

static void run_jobs(job *jobs, size_t count, void *(*function)(void *)) {
    for (size_t i = 0; i < count; i++) ck_assert_int_eq(pthread_create(&jobs[i].thread, NULL, function, &jobs[i]), 0);
    for (size_t i = 0; i < count; i++) pthread_join(jobs[i].thread, NULL);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(jobs[i].failures == 0, "job %zu: %d failures", i, jobs[i].failures);
}

/* All sessions on one device, and, on a processor, each on its own. */
START_TEST(one_network_in_many_threads) {
    soma_network *network = compiled_with(_i / 2, 3);
    float expected[ROWS * CLASSES];
    job jobs[THREADS] = {0};
    soma_device *device[THREADS] = {NULL};
    soma_device_info info;
    soma_device_get_info(test_device, &info);
    const bool own = _i % 2;
    if (own && info.kind != SOMA_DEVICE_CPU) {
        soma_network_destroy(network);
        return;
    }
    expect_ok(soma_run(network, x, ROWS, expected));
    for (size_t i = 0; i < THREADS; i++) {
        if (own) expect_ok(soma_device_open("cpu", &(soma_device_options){.threads = 1 + (uint32_t)i % 2}, &device[i]));
        jobs[i] = (job){.session = session_of(network, device[i]), .expected = expected};
    }
    run_jobs(jobs, THREADS, predict_many);
    for (size_t i = 0; i < THREADS; i++) soma_session_destroy(jobs[i].session);
    for (size_t i = 0; i < THREADS; i++) soma_device_close(device[i]);
    soma_network_destroy(network);
}
END_TEST

static soma_status train(soma_network *network) {
    soma_array inputs = array_f32(x, ROWS, WIDTH), targets = array_i32(labels, ROWS);
    soma_dataset *dataset = NULL;
    soma_status status = soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset);
    const soma_fit_options options = {.epochs = 5, .batch_size = 7, .validation_split = 0.25};
    if (status == SOMA_OK) status = soma_fit(network, dataset, &options, NULL);
    soma_dataset_destroy(dataset);
    return status;
}

static void *train_one(void *argument) {
    job *mine = argument;
    mine->failures = train(mine->network) != SOMA_OK;
    return NULL;
}

/* Nothing of the one gets into the other: the bits are those of training alone. */
START_TEST(two_networks_train_on_one_device) {
    job jobs[2] = {{.network = compiled_with(_i, 3)}, {.network = compiled_with(FRONTS - 1 - _i, 4)}};
    run_jobs(jobs, 2, train_one);
    for (size_t i = 0; i < 2; i++) {
        soma_network *alone = compiled_with(i ? FRONTS - 1 - _i : _i, 3 + i);
        expect_ok(train(alone));
        expect_same_parameters(jobs[i].network, alone);
        soma_network_destroy(alone);
        soma_network_destroy(jobs[i].network);
    }
}
END_TEST

/* Opened, used and closed by each thread, beside the one that stays open. */
static void *use_own_device(void *argument) {
    job *mine = argument;
    for (int turn = 0; turn < 3; turn++) {
        soma_device *device = NULL;
        soma_network *network = network_with(mine->front, mine->seed);
        float y[ROWS * CLASSES];
        soma_status status = soma_device_open(test_device_name, NULL, &device);
        if (status == SOMA_OK) status = soma_compile(network, device, NULL);
        if (status == SOMA_OK) status = soma_run(network, x, ROWS, y);
        mine->failures += status != SOMA_OK || memcmp(y, mine->expected, sizeof y) != 0;
        soma_network_destroy(network);
        soma_device_close(device);
    }
    return NULL;
}

START_TEST(each_thread_has_a_device) {
    soma_network *network = compiled_with(_i, 5);
    float expected[ROWS * CLASSES];
    job jobs[3];
    expect_ok(soma_run(network, x, ROWS, expected));
    for (size_t i = 0; i < 3; i++) jobs[i] = (job){.expected = expected, .seed = 5, .front = _i};
    run_jobs(jobs, 3, use_own_device);
    soma_network_destroy(network);
}
END_TEST

/* The detail of an error is that of the thread. */
static void *open_nothing(void *argument) {
    job *mine = argument;
    char wanted[64];
    snprintf(wanted, sizeof wanted, "no-device-%llu", (unsigned long long)mine->seed);
    for (int turn = 0; turn < 20; turn++) {
        soma_device *device;
        mine->failures += soma_device_open(wanted, NULL, &device) != SOMA_NO_DEVICE;
        mine->failures += strstr(soma_last_error(), wanted) == NULL;
    }
    return NULL;
}

START_TEST(errors_belong_to_their_thread) {
    job jobs[THREADS];
    for (size_t i = 0; i < THREADS; i++) jobs[i] = (job){.seed = i};
    run_jobs(jobs, THREADS, open_nothing);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, networks_pass_memory_on, 0, FRONTS);
    tcase_add_test(cases, outputs_that_share_a_place_arrive_too);
    tcase_add_test(cases, outputs_that_lie_together_come_together);
    tcase_add_test(cases, the_last_user_frees_the_network);
    tcase_add_test(cases, bad_calls_are_refused);
    tcase_add_loop_test(cases, numbers_without_a_row_have_a_row_of_0, 0, 2);
    tcase_add_test(cases, lent_memory_must_be_aligned);
    tcase_add_loop_test(cases, one_network_in_many_threads, 0, 2 * FRONTS);
    tcase_add_loop_test(cases, each_thread_has_a_device, 0, FRONTS);
    tcase_add_test(cases, errors_belong_to_their_thread);
    if (SOMA_HAS_TRAINING) {
        tcase_add_test(cases, a_session_predicts_by_the_weights_of_the_network);
        tcase_add_loop_test(cases, two_networks_train_on_one_device, 0, FRONTS);
    }
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "session", add_tests);
}
