/* SPDX-License-Identifier: MIT */
/* Devices: registration, loading, names, memory accounting, and the fallback under a list of calls. */
#include "device/device.h"

#include "device/calls.h"
#include "expect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each test runs in a process of its own, so what one registers does not show in another. */

/* -------------------------------------------------------------------------------------- a kind with made-up devices */

static const struct {
    const char *name, *platform;
    soma_device_kind kind;
    uint32_t compute_units;
    uint64_t memory;
    bool usable;
} fakes[] = {
    {"Fake Processor", "Paper", SOMA_DEVICE_OPENCL_CPU, 64, UINT64_C(1) << 40, true},
    {"Fake Small Graphics", "Paper", SOMA_DEVICE_GPU, 8, UINT64_C(1) << 30, true},
    {"Fake Large Graphics", "Paper", SOMA_DEVICE_GPU, 1 << 20, UINT64_C(1) << 50, true},
    {"Fake Broken Graphics", "Cardboard", SOMA_DEVICE_GPU, 1 << 21, UINT64_C(1) << 50, false},
    {"Fake Accelerator", "Paper", SOMA_DEVICE_ACCELERATOR, 1 << 20, UINT64_C(1) << 50, true},
};
static bool fake_is_hidden[SOMA_COUNT_OF(fakes)];

static void fake_describe(uint32_t index, soma_device_info *info) {
    memset(info, 0, sizeof *info);
    snprintf(info->name, sizeof info->name, "%s", fakes[index].name);
    snprintf(info->platform, sizeof info->platform, "%s", fakes[index].platform);
    info->kind = fakes[index].kind;
    info->compute_units = fakes[index].compute_units;
    info->memory = fakes[index].memory;
    info->max_allocation = 4096;
    info->alignment = 64;
}

static soma_status fake_enumerate(soma_device_visitor *visitor, void *context) {
    for (uint32_t i = 0; i < SOMA_COUNT_OF(fakes); i++) {
        soma_device_info info;
        fake_describe(i, &info);
        if (!fake_is_hidden[i]) visitor(context, i, &info, fakes[i].usable, fakes[i].usable ? NULL : "it is torn");
    }
    return SOMA_OK;
}

static soma_status fake_open(uint32_t index, const soma_device_options *options, void **state) {
    ck_assert_ptr_nonnull(options);
    *state = (void *)(uintptr_t)(index + 1);
    return SOMA_OK;
}

static void fake_close(void *state) {
    (void)state;
}
static void fake_info(void *state, soma_device_info *info) {
    fake_describe((uint32_t)(uintptr_t)state - 1, info);
}

static soma_status fake_alloc(void *state, size_t bytes, void **memory) {
    (void)state;
    if (bytes == 1024) return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "the driver says no");
    *memory = malloc(bytes);
    return SOMA_OK;
}

static void fake_free(void *state, void *memory) {
    (void)state;
    free(memory);
}

static soma_status fake_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    (void)state;
    memcpy((char *)memory + offset, source, bytes);
    return SOMA_OK;
}

static soma_status fake_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    (void)state;
    memcpy(target, (char *)memory + offset, bytes);
    return SOMA_OK;
}

static soma_status fake_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    (void)state;
    memcpy((char *)to + to_offset, (char *)from + from_offset, bytes);
    return SOMA_OK;
}

static soma_status fake_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    (void)state;
    memset((char *)memory + offset, byte, bytes);
    return SOMA_OK;
}

static soma_device_api fake_api = {
    .abi = SOMA_DEVICE_ABI,
    .size = sizeof(soma_device_api),
    .name = "fake",
    .enumerate = fake_enumerate,
    .open = fake_open,
    .close = fake_close,
    .info = fake_info,
    .alloc = fake_alloc,
    .free = fake_free,
    .write = fake_write,
    .read = fake_read,
    .copy = fake_copy,
    .fill = fake_fill,
};

static void assert_contains(const char *text, const char *piece) {
    ck_assert_msg(strstr(text, piece) != NULL, "\"%s\" is missing in: %s", piece, text);
}

/* The log's lines, one after the other. */
static char log_lines[4096];
static void keep_log(void *context, soma_log_level level, const char *message) {
    (void)context;
    (void)level;
    size_t length = strlen(log_lines);
    snprintf(log_lines + length, sizeof log_lines - length, "%s\n", message);
}

static size_t count_in(const char *text, const char *piece) {
    size_t count = 0;
    for (; (text = strstr(text, piece)); text += strlen(piece)) count++;
    return count;
}

/* ----------------------------------------------------------------------------------------------------- registration */

START_TEST(register_refuses_another_abi) {
    soma_device_api api = fake_api;
    api.abi = SOMA_DEVICE_ABI + 1;
    expect_error(soma_device_register(&api), SOMA_ABI_MISMATCH, "version 2");
    api = fake_api;
    api.size = sizeof api - 8;
    expect_error(soma_device_register(&api), SOMA_ABI_MISMATCH, "bytes");
    expect_error(soma_device_register(NULL), SOMA_INVALID_ARGUMENT, "no soma_device_api");
}
END_TEST

#define FOR_EACH_MANDATORY_SLOT(X)                                                                                     \
    X(enumerate) X(open) X(close) X(info) X(alloc) X(free) X(write) X(read) X(copy) X(fill)

START_TEST(register_names_a_missing_slot){
#define X(slot)                                                                                                        \
    {                                                                                                                  \
        soma_device_api api = fake_api;                                                                                \
        api.slot = NULL;                                                                                               \
        expect_error(soma_device_register(&api), SOMA_INVALID_ARGUMENT, "slot " #slot);                                \
    }
    FOR_EACH_MANDATORY_SLOT(X)
#undef X
} END_TEST

    static soma_status fake_prepare(void *state, soma_call *call, size_t *workspace) {
    (void)state;
    (void)call;
    (void)workspace;
    return SOMA_UNSUPPORTED;
}

START_TEST(register_wants_run_beside_prepare) {
    soma_device_api api = fake_api;
    api.prepare = fake_prepare;
    expect_error(soma_device_register(&api), SOMA_INVALID_ARGUMENT, "slot run");
}
END_TEST

START_TEST(register_refuses_names_that_cannot_select) {
    const char *const bad[] = {NULL, "", "a:b", "gpu", "GPU", "auto"};
    for (size_t i = 0; i < SOMA_COUNT_OF(bad); i++) {
        soma_device_api api = fake_api;
        api.name = bad[i];
        expect_error(soma_device_register(&api), SOMA_INVALID_ARGUMENT, "name");
    }
}
END_TEST

START_TEST(register_refuses_a_taken_name) {
    expect_ok(soma_device_register(&fake_api));
    expect_ok(soma_device_register(&fake_api)); /* the same struct again changes nothing */
    soma_device_api other = fake_api;
    other.name = "FAKE";
    expect_error(soma_device_register(&other), SOMA_INVALID_ARGUMENT, "taken");
    other.name = "cpu";
    const soma_device_api *first = soma_registry_get(0);
    if (strcmp(first->name, "cpu") == 0) expect_error(soma_device_register(&other), SOMA_INVALID_ARGUMENT, "taken");
}
END_TEST

START_TEST(load_refuses_what_is_no_plugin) {
    expect_error(soma_device_load(NULL), SOMA_INVALID_ARGUMENT, "no path");
    expect_error(soma_device_load(""), SOMA_INVALID_ARGUMENT, "no path");
    expect_error(soma_device_load("/nowhere/device.so"), SOMA_NO_DEVICE, "/nowhere/device.so");
    expect_error(soma_device_load("/proc/self/status"), SOMA_NO_DEVICE, "/proc/self/status");
    expect_error(soma_device_load("libm.so.6"), SOMA_NO_DEVICE, "soma_device_plugin");
}
END_TEST

static void load_plugin(const char *variable) {
    const char *path = getenv(variable);
    ck_assert_msg(path != NULL, "%s must name the plugin", variable);
    expect_ok(soma_device_load(path));
}

static soma_device *open_plugin(const char *variable, const char *name, const soma_device_options *options) {
    soma_device *device;
    load_plugin(variable);
    expect_ok(soma_device_open(name, options, &device));
    return device;
}

START_TEST(load_makes_a_plugin_known) {
    load_plugin("SOMA_REFERENCE_PLUGIN");
    load_plugin("SOMA_REFERENCE_PLUGIN");
    soma_device *device;
    expect_ok(soma_device_open("reference", NULL, &device));
    ck_assert_str_eq(soma_device_selector(device), "reference");
    soma_device_info info;
    soma_device_get_info(device, &info);
    ck_assert_str_eq(info.platform, "plugin");
    soma_device_close(device);
    soma_device_close(NULL);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ names */

static void assert_opens(const char *name, const char *selector) {
    soma_device *device;
    soma_status status = soma_device_open(name, NULL, &device);
    ck_assert_msg(status == SOMA_OK, "\"%s\": %s", name ? name : "NULL", soma_last_error());
    ck_assert_msg(strcmp(soma_device_selector(device), selector) == 0, "\"%s\" opened %s instead of %s",
                  name ? name : "NULL", soma_device_selector(device), selector);
    soma_device_close(device);
}

START_TEST(open_finds_kinds_numbers_and_pieces) {
    expect_ok(soma_device_register(&fake_api));
    unsetenv("SOMA_DEVICE");
    assert_opens("fake", "fake:0");
    assert_opens("FAKE:1", "fake:1");
    assert_opens("fake:4", "fake:4");
    assert_opens("small graph", "fake:1");
    assert_opens("fake accelerator", "fake:4");
    assert_opens("PAPER", "fake:2"); /* the best of several */
    assert_opens("gpu", "fake:2");
    assert_opens("GPU", "fake:2");
    assert_opens("auto", "fake:2");
    assert_opens(NULL, "fake:2");
    setenv("SOMA_DEVICE", "fake:1", 1);
    assert_opens(NULL, "fake:1");
    assert_opens("auto", "fake:1");
    assert_opens("fake:0", "fake:0");
    setenv("SOMA_DEVICE", "Auto", 1);
    assert_opens(NULL, "fake:2");
}
END_TEST

static bool machine_has_accelerator;
static void look_for_accelerator(void *context, const char *selector, const soma_device_info *info, bool usable,
                                 const char *reason) {
    (void)context;
    (void)selector;
    (void)reason;
    bool counts = info->kind == SOMA_DEVICE_GPU || info->kind == SOMA_DEVICE_ACCELERATOR;
    if (usable && counts) machine_has_accelerator = true;
}

START_TEST(open_gpu_takes_what_is_nearest_and_says_so) {
    expect_ok(soma_device_list(look_for_accelerator, NULL));
    if (machine_has_accelerator) return; /* a real one would be taken before the made-up ones */
    expect_ok(soma_device_register(&fake_api));
    soma_log_set(keep_log, NULL, SOMA_LOG_INFO);
    fake_is_hidden[1] = fake_is_hidden[2] = true;
    assert_opens("gpu", "fake:4");
    assert_contains(log_lines, "no GPU found; using the accelerator fake:4 (Fake Accelerator, Paper)");
    log_lines[0] = 0;
    fake_is_hidden[4] = true;
    assert_opens("gpu", "fake:0");
    assert_contains(log_lines, "no GPU found; using OpenCL on the processor fake:0");
    ck_assert_uint_eq(count_in(log_lines, "\n"), 1);
}
END_TEST

START_TEST(open_lists_the_devices_where_a_name_fits_none) {
    expect_ok(soma_device_register(&fake_api));
    const char *const bad[] = {"granite",   "",        "fake:5",           "fake:3",        "fake:",
                               "fake:-1",   "fake:1x", "fake:99999999999", "torn graphics", "broken graphics",
                               "granite:0", "cpu:77"};
    for (size_t i = 0; i < SOMA_COUNT_OF(bad); i++) {
        soma_device *device = (soma_device *)&fake_api;
        expect_error(soma_device_open(bad[i], NULL, &device), SOMA_NO_DEVICE, bad[i]);
        ck_assert_ptr_null(device);
        assert_contains(soma_last_error(), "fake:2     Fake Large Graphics (Paper)");
        assert_contains(soma_last_error(), "Fake Broken Graphics (Cardboard): it is torn");
    }
    soma_device *device;
    expect_error(soma_device_open("fake:3", NULL, &device), SOMA_NO_DEVICE, "\"fake:3\": it is torn");
    expect_error(soma_device_open("cpu", NULL, NULL), SOMA_INVALID_ARGUMENT, "soma_device_open");
    expect_error(soma_device_list(NULL, NULL), SOMA_INVALID_ARGUMENT, "soma_device_list");
}
END_TEST

static soma_status failing_enumerate(soma_device_visitor *visitor, void *context) {
    (void)visitor;
    (void)context;
    return soma_error(SOMA_DEVICE_FAILED, "no driver answers");
}

START_TEST(open_survives_a_kind_that_cannot_list) {
    fake_api.enumerate = failing_enumerate;
    expect_ok(soma_device_register(&fake_api));
    soma_device *device;
    expect_error(soma_device_open("granite", NULL, &device), SOMA_NO_DEVICE, "fake: no driver answers");
    expect_error(soma_device_open("fake", NULL, &device), SOMA_NO_DEVICE, "\"fake\": no driver answers");
}
END_TEST

/* ----------------------------------------------------------------------------------------------------------- memory */

static void assert_memory(const soma_device *device, uint64_t allocated, uint64_t peak) {
    soma_device_memory memory;
    soma_device_get_memory(device, &memory);
    ck_assert_uint_eq(memory.allocated, allocated);
    ck_assert_uint_eq(memory.peak, peak);
}

START_TEST(memory_is_counted) {
    soma_device *device = open_plugin("SOMA_REFERENCE_PLUGIN", "reference", NULL);
    void *first, *second;
    expect_ok(soma_device_alloc(device, 1000, "first", &first));
    expect_ok(soma_device_alloc(device, 24, "second", &second));
    assert_memory(device, 1024, 1024);
    soma_device_free(device, first, 1000);
    assert_memory(device, 24, 1024);
    soma_device_free(device, second, 24);
    soma_device_free(device, NULL, 24);
    assert_memory(device, 0, 1024);
    soma_device_close(device);
}
END_TEST

START_TEST(memory_limit_is_kept) {
    soma_device_options options = {.memory_limit = 1000};
    soma_device *device = open_plugin("SOMA_REFERENCE_PLUGIN", "reference", &options);
    void *first, *second;
    expect_ok(soma_device_alloc(device, 600, "first", &first));
    expect_error(soma_device_alloc(device, 401, "the weights", &second), SOMA_OUT_OF_DEVICE_MEMORY,
                 "the weights needs 401 bytes on device reference");
    assert_contains(soma_last_error(), "600 bytes are in use of 1000, the limit set for it");
    ck_assert_ptr_null(second);
    expect_error(soma_device_alloc(device, SIZE_MAX, "all", &second), SOMA_OUT_OF_DEVICE_MEMORY, "all");
    expect_ok(soma_device_alloc(device, 400, "second", &second));
    assert_memory(device, 1000, 1000);
    soma_device_free(device, first, 600);
    soma_device_free(device, second, 400);
    soma_device_close(device);
}
END_TEST

START_TEST(memory_limit_comes_from_the_environment_too) {
    soma_device_options options = {.memory_limit = 1000};
    setenv("SOMA_MEMORY_LIMIT", "500", 1);
    soma_device *device = open_plugin("SOMA_REFERENCE_PLUGIN", "reference", &options);
    void *memory;
    expect_error(soma_device_alloc(device, 501, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY, "of 500");
    soma_device_close(device);
    setenv("SOMA_MEMORY_LIMIT", "5000", 1);
    expect_ok(soma_device_open("reference", &options, &device));
    expect_error(soma_device_alloc(device, 1001, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY, "of 1000");
    soma_device_close(device);
    const char *const bad[] = {"many", "-1", "12kB", "0", "99999999999999999999999", " 5"};
    for (size_t i = 0; i < SOMA_COUNT_OF(bad); i++) {
        setenv("SOMA_MEMORY_LIMIT", bad[i], 1);
        expect_error(soma_device_open("reference", NULL, &device), SOMA_INVALID_ARGUMENT, bad[i]);
    }
}
END_TEST

START_TEST(memory_of_the_device_and_its_driver_are_kept) {
    expect_ok(soma_device_register(&fake_api));
    soma_device *device;
    void *memory;
    expect_ok(soma_device_open("fake:1", NULL, &device));
    expect_error(soma_device_alloc(device, 4097, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY,
                 "at most 4096 bytes at once");
    expect_error(soma_device_alloc(device, ((size_t)1 << 30) + 1, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY,
                 "0 bytes are in use of 1073741824");
    expect_error(
        soma_device_alloc(device, 1024, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY,
        "it needs 1024 bytes on device fake:1 (Fake Small Graphics), where 0 bytes are in use: the driver says no");
    assert_memory(device, 0, 0);
    expect_error(soma_device_wrap(device, "x", 1, &memory), SOMA_UNSUPPORTED, "fake:1");
    soma_device_close(device);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- fallback */

/* The reference plugin, but it does not do UNARY, and counts what it is given. */
static soma_device_api partial_api;
static const soma_device_api *whole_api;
static size_t lists_run, calls_run;

static soma_status partial_prepare(void *state, soma_call *call, size_t *workspace) {
    if (call->primitive == SOMA_PRIMITIVE_UNARY) {
        *workspace = 1 << 20; /* must be forgotten */
        return soma_error(SOMA_UNSUPPORTED, "no unary here");
    }
    return whole_api->prepare(state, call, workspace);
}

static soma_status partial_run(void *state, soma_call *calls, size_t count) {
    lists_run++;
    calls_run += count;
    return whole_api->run(state, calls, count);
}

static soma_device *open_partial(void) {
    load_plugin("SOMA_REFERENCE_PLUGIN");
    for (size_t i = 0; (whole_api = soma_registry_get(i)); i++)
        if (strcmp(whole_api->name, "reference") == 0) break;
    ck_assert_ptr_nonnull(whole_api);
    partial_api = *whole_api;
    partial_api.name = "partial";
    partial_api.prepare = partial_prepare;
    partial_api.run = partial_run;
    soma_device *device;
    expect_ok(soma_device_register(&partial_api));
    expect_ok(soma_device_open("partial", NULL, &device));
    return device;
}

#define COUNT 5

START_TEST(fallback_keeps_the_order_of_a_list) {
    soma_log_set(keep_log, NULL, SOMA_LOG_INFO);
    soma_device *device = open_partial();
    void *memory, *scratch;
    expect_ok(soma_device_alloc(device, 1024, "values", &memory));
    expect_ok(soma_device_alloc(device, 1024, "scratch", &scratch));
    soma_view x = soma_view_of(memory, 0, SOMA_F32, 1, (size_t[]){COUNT});
    soma_view y = soma_view_of(memory, 256, SOMA_F32, 1, (size_t[]){COUNT});
    soma_unary_params square = {.function = SOMA_SQUARE};
    soma_call calls[] = {
        soma_call_fill(x, 3.0f),                       /* 3 */
        soma_call_binary(x, x, y, SOMA_BINARY_ADD),    /* 6 */
        soma_call_unary(y, x, square),                 /* 36 */
        soma_call_unary(x, y, square),                 /* 1296 */
        soma_call_binary(y, x, x, SOMA_BINARY_DIVIDE), /* 36 */
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(calls); i++) {
        size_t workspace;
        expect_ok(soma_device_prepare(device, &calls[i], &workspace));
        bool unary = calls[i].primitive == SOMA_PRIMITIVE_UNARY;
        ck_assert(calls[i].fallback == unary);
        ck_assert_uint_eq(workspace, unary ? 0 : 64);
        calls[i].workspace = scratch;
    }
    expect_ok(soma_device_run(device, calls, SOMA_COUNT_OF(calls)));
    expect_ok(soma_device_sync(device));
    float found[COUNT];
    expect_ok(soma_device_read(device, memory, 0, found, sizeof found));
    for (size_t i = 0; i < COUNT; i++) ck_assert_float_eq(found[i], 36.0f);
    ck_assert_uint_eq(lists_run, 2);
    ck_assert_uint_eq(calls_run, 3);
    ck_assert_uint_eq(count_in(log_lines, "does not do unary"), 1);
    for (size_t i = 0; i < SOMA_COUNT_OF(calls); i++) soma_device_release(device, &calls[i]);
    soma_device_free(device, memory, 1024);
    soma_device_free(device, scratch, 1024);
    log_lines[0] = 0;
    soma_device_close(device);
    ck_assert_str_eq(log_lines, ""); /* nothing was left allocated */
}
END_TEST

START_TEST(fallback_leaves_gaps_alone) {
    soma_device *device = open_plugin("SOMA_MINIMAL_PLUGIN", "minimal", NULL);
    void *memory;
    const float before[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    expect_ok(soma_device_alloc(device, sizeof before, "values", &memory));
    expect_ok(soma_device_write(device, memory, 0, before, sizeof before));
    /* Elements 0, 1, 2 go to 3, 5, 7. */
    soma_view in = soma_view_of(memory, 0, SOMA_F32, 1, (size_t[]){3});
    soma_view out = soma_view_of(memory, 12, SOMA_F32, 1, (size_t[]){3});
    out.stride[0] = 2;
    soma_call call = soma_call_copy(in, out, 10.0f, 0.5f);
    size_t workspace;
    expect_ok(soma_device_prepare(device, &call, &workspace));
    ck_assert(call.fallback);
    expect_ok(soma_device_run(device, &call, 1));
    float found[8];
    const float expected[8] = {0, 1, 2, 0.5f, 4, 10.5f, 6, 20.5f};
    expect_ok(soma_device_read(device, memory, 0, found, sizeof found));
    for (size_t i = 0; i < 8; i++) ck_assert_float_eq(found[i], expected[i]);
    soma_device_release(device, &call);
    soma_device_free(device, memory, sizeof before);
    soma_device_close(device);
}
END_TEST

START_TEST(prepare_refuses_a_wrong_call) {
    soma_device *device = open_plugin("SOMA_REFERENCE_PLUGIN", "reference", NULL);
    soma_call call = soma_call_fill(soma_view_absent(), 1.0f);
    size_t workspace;
    expect_error(soma_device_prepare(device, &call, &workspace), SOMA_INVALID_ARGUMENT, "fill: out is missing");
    soma_device_release(device, &call);
    soma_device_close(device);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ names */

START_TEST(names_are_those_of_the_tables) {
    ck_assert_str_eq(soma_primitive_name(SOMA_PRIMITIVE_GEMM), "gemm");
    ck_assert_str_eq(soma_primitive_name(SOMA_PRIMITIVE_BIAS_UNARY_GRAD), "bias_unary_grad");
    ck_assert_str_eq(soma_primitive_name(SOMA_PRIMITIVE_COUNT), "unknown primitive");
    ck_assert_str_eq(soma_function_name(SOMA_LEAKY_RELU), "leaky_relu");
    ck_assert_str_eq(soma_function_name(SOMA_SQUARE), "square");
    ck_assert_str_eq(soma_function_name(SOMA_SOFTMAX), "softmax");
    ck_assert_ptr_null(soma_function_name(SOMA_FUNCTION_COUNT));
    for (int i = 0; i < SOMA_FUNCTION_COUNT; i++) ck_assert(soma_function_name((soma_function)i)[0] != 0);
    ck_assert(soma_function_grad_uses_output(SOMA_SIGMOID));
    ck_assert(!soma_function_grad_uses_output(SOMA_GELU));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("device");
    TCase *tests = tcase_create("device");
    tcase_add_test(tests, register_refuses_another_abi);
    tcase_add_test(tests, register_names_a_missing_slot);
    tcase_add_test(tests, register_wants_run_beside_prepare);
    tcase_add_test(tests, register_refuses_names_that_cannot_select);
    tcase_add_test(tests, register_refuses_a_taken_name);
    tcase_add_test(tests, load_refuses_what_is_no_plugin);
    tcase_add_test(tests, load_makes_a_plugin_known);
    tcase_add_test(tests, open_finds_kinds_numbers_and_pieces);
    tcase_add_test(tests, open_gpu_takes_what_is_nearest_and_says_so);
    tcase_add_test(tests, open_lists_the_devices_where_a_name_fits_none);
    tcase_add_test(tests, open_survives_a_kind_that_cannot_list);
    tcase_add_test(tests, memory_is_counted);
    tcase_add_test(tests, memory_limit_is_kept);
    tcase_add_test(tests, memory_limit_comes_from_the_environment_too);
    tcase_add_test(tests, memory_of_the_device_and_its_driver_are_kept);
    tcase_add_test(tests, fallback_keeps_the_order_of_a_list);
    tcase_add_test(tests, fallback_leaves_gaps_alone);
    tcase_add_test(tests, prepare_refuses_a_wrong_call);
    tcase_add_test(tests, names_are_those_of_the_tables);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
