/* SPDX-License-Identifier: MIT */
/*
 * What a call costs, against figures computed by hand; and the timing of the conformance suite and of a network's
 * calls, on a device whose speed is known because it sleeps.
 */
#include "device/conformance/suite.h"
#include "expect.h"
#include "suite.h"

#include <stdlib.h>
#include <time.h>

/* --------------------------------------------------------------------------------------------------------- costs */

static soma_view view(soma_dtype dtype, size_t rows, size_t columns) {
    return soma_view_of(NULL, 0, dtype, columns ? 2 : 1, (size_t[]){rows, columns});
}
#define F32(rows, columns) view(SOMA_F32, rows, columns)

static void assert_cost(const char *what, soma_call call, double flops, double bytes) {
    ck_assert_msg(soma_call_check(&call) == SOMA_OK, "%s: %s", what, soma_last_error());
    ck_assert_msg(soma_call_flops(&call) == flops, "%s: %g operations, not %g", what, soma_call_flops(&call), flops);
    ck_assert_msg(soma_call_bytes(&call) == bytes, "%s: %g bytes, not %g", what, soma_call_bytes(&call), bytes);
}

START_TEST(products_cost_two_operations_a_term) {
    soma_gemm_params plain = {.alpha = 1}, added = {.alpha = 1, .beta = 1};
    soma_gemm_params turned = {.alpha = 1, .transpose_a = true, .transpose_b = true};
    soma_view none = soma_view_absent();
    /* [3, 5] by [5, 7]: 3 * 7 sums of 5 terms. */
    assert_cost("product", soma_call_gemm(F32(3, 5), F32(5, 7), none, F32(3, 7), plain), 210, 4 * (15 + 35 + 21));
    assert_cost("bias", soma_call_gemm(F32(3, 5), F32(5, 7), F32(7, 0), F32(3, 7), plain), 210, 4 * (15 + 35 + 7 + 21));
    assert_cost("onto c", soma_call_gemm(F32(3, 5), F32(5, 7), none, F32(3, 7), added), 210, 4 * (15 + 35 + 2 * 21));
    assert_cost("transposed", soma_call_gemm(F32(5, 3), F32(7, 5), none, F32(3, 7), turned), 210, 4 * (15 + 35 + 21));
}
END_TEST

START_TEST(other_calls_cost_bytes) {
    soma_view repeated = F32(3, 5);
    repeated.stride[0] = 0; /* one row of 5 for all */
    assert_cost("fill", soma_call_fill(F32(3, 5), 1), 0, 4 * 15);
    assert_cost("copy", soma_call_copy(view(SOMA_U8, 3, 5), F32(3, 5), 1, 0), 0, 15 + 4 * 15);
    assert_cost("a row copied", soma_call_copy(repeated, F32(3, 5), 1, 0), 0, 4 * 5 + 4 * 15);
    assert_cost("unary", soma_call_unary(F32(3, 5), F32(3, 5), (soma_unary_params){SOMA_RELU, 0, 0}), 0, 4 * 30);
    assert_cost("binary", soma_call_binary(F32(3, 5), F32(3, 5), F32(3, 5), SOMA_BINARY_ADD), 0, 4 * 45);
    assert_cost("a row added", soma_call_binary(F32(3, 5), repeated, F32(3, 5), SOMA_BINARY_ADD), 0, 4 * 35);
    soma_view x = soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){2, 3, 5});
    assert_cost("reduce", soma_call_reduce(x, F32(2, 5), SOMA_REDUCE_SUM), 0, 4 * (30 + 10));
    assert_cost("softmax", soma_call_softmax(x, x, false), 0, 4 * 60);
    soma_view rows = soma_view_of(NULL, 0, SOMA_F32, 4, (size_t[]){1, 3, 5, 1});
    soma_normalize_views batch = {
        .x = rows, .running_mean = F32(5, 0), .running_variance = F32(5, 0), .y = rows, .mean = F32(1, 5)};
    assert_cost("normalize", soma_call_normalize(&batch, (soma_normalize_params){.centered = true}), 0,
                4 * (30 + 2 * 2 * 5 + 5));
    soma_view steps = soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){2, 3, 5});
    /* Of 2 samples at 3 steps: 5 units, each of 5 numbers of the state. */
    assert_cost("recurrent",
                soma_call_recurrent(&(soma_recurrent_views){.x = steps, .weight = F32(5, 5), .y = steps},
                                    (soma_recurrent_params){.function = SOMA_TANH}),
                2 * 2 * 3 * 25, 4 * (2 * 30 + 25));
    /* Of 2 samples 3 queries of 5 numbers with as many keys, and values of as many; where they see no key behind them,
     * 6 of 9. */
    soma_attention_views heads = {.q = steps, .k = steps, .v = steps, .y = steps};
    soma_attention_params attention = {.heads = 1, .key_heads = 1, .scale = 1};
    assert_cost("attention", soma_call_attention(&heads, attention), 2 * 2 * 9 * 10, 4 * 4 * 30);
    attention.causal = true;
    assert_cost("causal attention", soma_call_attention(&heads, attention), 2 * 2 * 6 * 10, 4 * 4 * 30);
    soma_view across = soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){2, 5, 4});
    soma_view product = soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){2, 3, 4});
    assert_cost("two products of matrices", soma_call_matmul(x, across, product, 1), 2 * 2 * 60,
                4 * 2 * (15 + 20 + 12));
    assert_cost("nothing", soma_call_fill(F32(0, 5), 1), 0, 0);
}
END_TEST

START_TEST(gathers_cost_what_a_batch_takes) {
    soma_view table = view(SOMA_U8, 1000, 5), index = view(SOMA_I32, 2000, 0), none = soma_view_absent();
    /* 3 rows of 5 bytes, read and written as floats; an index for each. */
    assert_cost("gather", soma_call_gather(table, index, F32(3, 5), 0, 1, 0), 0, 15 + 4 * 15 + 4 * 3);
    /* The same three rows into tables of 9. */
    assert_cost("scatter",
                soma_call_scatter(soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){3, 1, 5}), view(SOMA_I32, 3, 0),
                                  soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){3, 9, 5})),
                0, 2 * 4 * 15 + 4 * 3);
    /* Three of them into two tables, and then added to what is there, which is read, too. */
    const soma_view rows = soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){2, 3, 5}), places = view(SOMA_I32, 2, 3),
                    tables = soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){2, 9, 5});
    assert_cost("put", soma_call_put(rows, places, tables, (soma_put_params){.op = SOMA_BINARY_ADD}), 0,
                2 * 4 * 30 + 4 * 6);
    assert_cost("added", soma_call_put(rows, places, tables, (soma_put_params){true, SOMA_BINARY_ADD}), 0,
                3 * 4 * 30 + 4 * 6);
    assert_cost("in order", soma_call_gather(table, none, F32(3, 5), 0, 1, 0), 0, 15 + 4 * 15);
}
END_TEST

START_TEST(calls_of_training_cost_bytes) {
    soma_view none = soma_view_absent(), classes = view(SOMA_I32, 3, 0);
    soma_unary_params relu = {SOMA_RELU, 0, 0};
    soma_loss_params logits = {.kind = SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS};
    soma_metric_params accuracy = {.kind = SOMA_METRIC_CATEGORICAL_ACCURACY};
    assert_cost("unary_grad", soma_call_unary_grad(F32(3, 5), F32(3, 5), F32(3, 5), relu), 0, 4 * 45);
    assert_cost("bias_unary_grad", soma_call_bias_unary_grad(F32(3, 5), F32(3, 5), F32(3, 5), F32(5, 0), relu), 0,
                4 * (45 + 5));
    soma_view x = soma_view_of(NULL, 0, SOMA_F32, 3, (size_t[]){2, 3, 5});
    assert_cost("softmax_grad", soma_call_softmax_grad(x, x, x, false), 0, 4 * 90);
    assert_cost("dropout", soma_call_dropout(F32(3, 5), F32(3, 5), (soma_dropout_params){.rate = 0.5f}), 0, 4 * 30);
    assert_cost("loss", soma_call_loss(F32(3, 5), classes, F32(3, 0), none, F32(3, 0), logits), 0,
                4 * (15 + 3 + 3 + 3));
    assert_cost("loss_grad",
                soma_call_loss_grad(F32(3, 5), classes, none, none, F32(3, 0), F32(3, 5), F32(3, 0), logits), 0,
                4 * (15 + 3 + 3 + 15 + 3));
    soma_view rows = soma_view_of(NULL, 0, SOMA_F32, 4, (size_t[]){1, 3, 5, 1});
    soma_normalize_grad_views batch = {.dy = rows, .x = rows, .mean = F32(1, 5), .inverse = F32(1, 5), .dx = rows};
    assert_cost("normalize_grad", soma_call_normalize_grad(&batch, true), 0, 4 * (45 + 2 * 5));
    assert_cost("norm", soma_call_norm(F32(15, 0), F32(2, 0)), 0, 4 * (15 + 2));
    assert_cost("metric", soma_call_metric(F32(3, 5), classes, F32(1, 2), soma_view_absent(), accuracy), 0,
                4 * (15 + 3 + 2 * 2));
    /* Parameter and both states are read and written, the gradient is read. */
    soma_optimizer_params adam = {.kind = SOMA_ADAM, .learning_rate = 0.1f};
    assert_cost("optimizer", soma_call_optimizer(F32(9, 0), F32(9, 0), F32(9, 0), F32(9, 0), none, adam), 0,
                4 * (3 * 2 * 9 + 9));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ a sleeping device */

#define CALL_MICROSECONDS      5000 /* that a call takes at least */
#define SLOW_COPY_MICROSECONDS 75000
#define PEAK                   8.0 /* 1e9 operations a second */
#define LARGE                  5e5 /* bytes of a call that is timed, at least */
static bool has_peak, copy_is_slow;
static double
    late; /* microseconds that a sleep took longer than asked at most: a loaded machine may wake whenever it likes */

static double now_in_microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

static void sleep_for(long microseconds) {
    const struct timespec time = {.tv_nsec = microseconds * 1000};
    const double began = now_in_microseconds();
    nanosleep(&time, NULL);
    late = fmax(late, now_in_microseconds() - began - (double)microseconds);
}

static void describe(soma_device_info *info) {
    *info = (soma_device_info){.name = "sleeper", .platform = "host", .kind = SOMA_DEVICE_OTHER, .alignment = 64};
}

static soma_status sleeper_enumerate(soma_device_visitor *visitor, void *context) {
    soma_device_info info;
    describe(&info);
    visitor(context, 0, &info, true, NULL);
    return SOMA_OK;
}

static soma_status sleeper_open(uint32_t index, const soma_device_options *options, void **state) {
    (void)index, (void)options;
    *state = &has_peak;
    return SOMA_OK;
}

static void sleeper_close(void *state) {
    (void)state;
}

static void sleeper_info(void *state, soma_device_info *info) {
    (void)state;
    describe(info);
}

static soma_status sleeper_alloc(void *state, size_t bytes, void **memory) {
    (void)state;
    *memory = malloc(bytes);
    return *memory ? SOMA_OK : SOMA_OUT_OF_DEVICE_MEMORY;
}

static void sleeper_free(void *state, void *memory) {
    (void)state;
    free(memory);
}

static soma_status sleeper_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    (void)state;
    memcpy((char *)memory + offset, source, bytes);
    return SOMA_OK;
}

static soma_status sleeper_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    (void)state;
    memcpy(target, (char *)memory + offset, bytes);
    return SOMA_OK;
}

static soma_status sleeper_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    (void)state;
    if (bytes >= 4096) sleep_for(copy_is_slow ? SLOW_COPY_MICROSECONDS : CALL_MICROSECONDS / 5);
    memcpy((char *)to + to_offset, (char *)from + from_offset, bytes);
    return SOMA_OK;
}

static soma_status sleeper_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    (void)state;
    memset((char *)memory + offset, byte, bytes);
    return SOMA_OK;
}

/* Softmax is left to the host. */
static soma_status sleeper_prepare(void *state, soma_call *call, size_t *workspace) {
    (void)state;
    *workspace = 0;
    return call->primitive == SOMA_PRIMITIVE_SOFTMAX ? SOMA_UNSUPPORTED : SOMA_OK;
}

/* Nothing is computed: it is the time that is looked at. */
static soma_status sleeper_run(void *state, soma_call *calls, size_t count) {
    (void)state;
    for (size_t i = 0; i < count; i++)
        if (soma_call_bytes(&calls[i]) >= LARGE) sleep_for(CALL_MICROSECONDS);
    return SOMA_OK;
}

static void sleeper_release(void *state, soma_call *call) {
    (void)state, (void)call;
}

static soma_status sleeper_peak(void *state, double *gflops) {
    (void)state;
    *gflops = PEAK;
    return has_peak ? SOMA_OK : SOMA_UNSUPPORTED;
}

static const soma_device_api sleeper_api = {
    .abi = SOMA_DEVICE_ABI,
    .size = sizeof(soma_device_api),
    .name = "sleeper",
    .enumerate = sleeper_enumerate,
    .open = sleeper_open,
    .close = sleeper_close,
    .info = sleeper_info,
    .alloc = sleeper_alloc,
    .free = sleeper_free,
    .write = sleeper_write,
    .read = sleeper_read,
    .copy = sleeper_copy,
    .fill = sleeper_fill,
    .prepare = sleeper_prepare,
    .run = sleeper_run,
    .release = sleeper_release,
    .peak = sleeper_peak,
};

/* -------------------------------------------------------------------------------------------------------- timing */

typedef struct times {
    soma_check_speed last;
    size_t timed;
    bool seen[SOMA_PRIMITIVE_COUNT];
} times;

static bool computes_products(const char *primitive) {
    return !strcmp(primitive, "gemm") || !strncmp(primitive, "conv", strlen("conv")) ||
           !strncmp(primitive, "recurrent", strlen("recurrent")) ||
           !strncmp(primitive, "attention", strlen("attention")) || !strcmp(primitive, "matmul");
}

static void keep_speed(void *context, const soma_check_speed *speed) {
    times *kept = context;
    kept->timed++;
    kept->last = *speed;
    for (uint32_t i = 0; i < SOMA_PRIMITIVE_COUNT; i++)
        kept->seen[i] |= !strcmp(speed->primitive, soma_primitive_name((soma_primitive)i));
    ck_assert_msg(*speed->what && *speed->shapes, "%s", speed->primitive);
    const bool products = computes_products(speed->primitive), host = !strcmp(speed->primitive, "softmax");
    ck_assert_msg(speed->native == !host && (speed->flops > 0) == products, "%s", speed->primitive);
    ck_assert_msg(speed->bytes >= LARGE, "%s: %g bytes", speed->primitive, speed->bytes);
    if (host) return;
    /* No quicker than it is, but for what was late when memory was put back, which is taken off; and not off by a
     * factor either. */
    ck_assert_msg(speed->microseconds >= CALL_MICROSECONDS - late &&
                      speed->microseconds < 20 * CALL_MICROSECONDS + late,
                  "%s: %g us, late by %g us", speed->primitive, speed->microseconds, late);
    if (products && has_peak)
        ck_assert_double_eq_tol(speed->share, speed->flops / (speed->microseconds * 1e-6) / (PEAK * 1e9), 1e-12);
    else if (products)
        ck_assert(isnan(speed->share));
    else { /* the slot copies in a fifth of the call's time; or, where it is slow, the primitive in as much */
        double copy = speed->share * speed->microseconds;
        ck_assert_msg(copy > (copy_is_slow ? 0.99 : 0.19) * CALL_MICROSECONDS && copy < SLOW_COPY_MICROSECONDS + late,
                      "%s: a copy in %g us", speed->primitive, copy);
    }
}

static void close_device(soma_device *device) {
    soma_device_memory memory;
    soma_device_get_memory(device, &memory);
    ck_assert_uint_eq(memory.allocated, 0);
    soma_device_close(device);
}

static void time_rows(bool (*is_wanted)(soma_primitive row), times *kept) {
    soma_device *device;
    *kept = (times){0};
    const soma_timing timing = {.on_speed = keep_speed, .context = kept, .peak = has_peak ? PEAK : (double)NAN};
    expect_ok(soma_device_register(&sleeper_api));
    expect_ok(soma_device_open("sleeper", NULL, &device));
    for (uint32_t i = 0; i < SOMA_PRIMITIVE_COUNT; i++)
        if (is_wanted((soma_primitive)i)) expect_ok(soma_suite_time(device, i, &timing));
    close_device(device);
}

/* What has a peak, and some of the others. */
static bool is_product_or_unary(soma_primitive row) {
    return soma_reference_has(row) && (row == SOMA_PRIMITIVE_UNARY || computes_products(soma_primitive_name(row)));
}

START_TEST(products_are_held_against_the_peak) {
    times kept;
    has_peak = true;
    copy_is_slow = false;
    time_rows(is_product_or_unary, &kept);
    for (uint32_t i = 0; i < SOMA_PRIMITIVE_COUNT; i++)
        ck_assert(kept.seen[i] == is_product_or_unary((soma_primitive)i));
}
END_TEST

static bool is_unary(soma_primitive row) {
    return row == SOMA_PRIMITIVE_UNARY;
}

START_TEST(the_better_copy_is_the_measure) {
    times kept;
    has_peak = false;
    copy_is_slow = true;
    time_rows(is_unary, &kept);
    ck_assert_uint_gt(kept.timed, 0);
}
END_TEST

/* The peak is measured once, by the device; where it can't, that is no error. */
START_TEST(every_primitive_is_timed_where_there_is_no_peak) {
    soma_device *device;
    times kept = {0};
    const soma_check_options options = {.on_speed = keep_speed};
    has_peak = false;
    copy_is_slow = false;
    expect_ok(soma_device_register(&sleeper_api));
    expect_ok(soma_device_open("sleeper", NULL, &device));
    /* Its results are wrong, which does not end the timing. */
    expect_error(soma_device_check_with(device, &options, NULL, &kept), SOMA_DEVICE_FAILED, "sleeper");
    for (uint32_t i = 0; i < SOMA_PRIMITIVE_COUNT; i++)
        ck_assert_msg(kept.seen[i] == soma_reference_has((soma_primitive)i), "%s",
                      soma_primitive_name((soma_primitive)i));
    close_device(device);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ profiles */

enum { BATCH = 16, CONV = 0, DENSE = 1, ROWS = 2 };
typedef struct rows {
    soma_profile_row row[ROWS];
    size_t count;
} rows;

static void keep_row(void *context, const soma_profile_row *row) {
    rows *kept = context;
    ck_assert_uint_lt(kept->count, ROWS);
    kept->row[kept->count++] = *row;
}

static rows profile(void) {
    soma_network *network;
    soma_device *device;
    rows kept = {.count = 0};
    expect_ok(soma_device_register(&sleeper_api));
    expect_ok(soma_device_open("sleeper", NULL, &device));
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 3, (size_t[]){64, 64, 3});
    ck_assert_ptr_nonnull(soma_layers(x, "conv 8 3x3 stride 2; flatten; dense 32"));
    expect_ok(soma_compile(network, device, NULL));
    expect_ok(soma_bench_profile(network, BATCH, false, keep_row, &kept));
    soma_network_destroy(network);
    soma_device_close(device);
    return kept;
}

/* Places of the result 31 x 31, each of 27 terms; and then 16 rows of as many terms as the result has elements. */
START_TEST(profiles_hold_calls_against_the_device) {
    static const double flops[ROWS] = {2.0 * BATCH * 31 * 31 * 8 * 27, 2.0 * BATCH * 31 * 31 * 8 * 32};
    static const double bytes[ROWS] = {4.0 * (BATCH * 64 * 64 * 3 + 27 * 8 + 8 + BATCH * 31 * 31 * 8),
                                       4.0 * (BATCH * 31 * 31 * 8 + 31 * 31 * 8 * 32 + 32 + BATCH * 32)};
    has_peak = _i;
    copy_is_slow = false;
    rows kept = profile();
    ck_assert_uint_eq(kept.count, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        const soma_profile_row *row = &kept.row[i];
        ck_assert_double_eq(row->flops, flops[i]);
        ck_assert_double_eq(row->bytes, bytes[i]);
        if (has_peak)
            ck_assert_double_eq_tol(row->of_peak, flops[i] / (row->microseconds * 1e-6) / (PEAK * 1e9), 1e-12);
        if (!has_peak) ck_assert(isnan(row->of_peak));
        /* A copy takes a fifth of the call's time. */
        double copy = row->of_copy * row->microseconds;
        ck_assert_msg(copy > 0.19 * CALL_MICROSECONDS && copy < 4 * CALL_MICROSECONDS + late, "a copy in %g us", copy);
        ck_assert(row->microseconds >= CALL_MICROSECONDS && row->microseconds < 20 * CALL_MICROSECONDS + late);
    }
}
END_TEST

START_TEST(unknown_options_are_refused) {
    soma_device *device;
    const soma_check_options unknown = {.reserved = {1}};
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_error(soma_device_check_with(device, &unknown, NULL, NULL), SOMA_INVALID_ARGUMENT, "soma_check_options");
    expect_error(soma_device_check_with(NULL, NULL, NULL, NULL), SOMA_INVALID_ARGUMENT, "no device");
    soma_device_close(device);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, products_cost_two_operations_a_term);
    tcase_add_test(cases, other_calls_cost_bytes);
    tcase_add_test(cases, gathers_cost_what_a_batch_takes);
    tcase_add_test(cases, calls_of_training_cost_bytes);
    tcase_add_test(cases, products_are_held_against_the_peak);
    tcase_add_test(cases, the_better_copy_is_the_measure);
    tcase_add_test(cases, every_primitive_is_timed_where_there_is_no_peak);
    tcase_add_loop_test(cases, profiles_hold_calls_against_the_device, 0, 2);
    tcase_add_test(cases, unknown_options_are_refused);
}

int main(void) {
    return run_suite("check_time", add_tests);
}
