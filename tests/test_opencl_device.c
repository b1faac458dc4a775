/* SPDX-License-Identifier: MIT */
/* The opencl device: what it lists, how it opens, its memory, and its errors. */
#include "opencl_devices.h"

#include "suite.h"
#include <inttypes.h>

/* ------------------------------------------------------------------------------------------------- what is there */

START_TEST(devices_are_numbered_without_gaps) {
    const found_devices found = find_devices();
    uint32_t next = 0;
    ck_assert_uint_gt(found.count, 0);
    for (size_t i = 0; i < found.count; i++) {
        const found_device *entry = &found.entry[i];
        if (!entry->usable) ck_assert_msg(entry->reason[0], "%s is passed over without a reason", entry->info.platform);
        ck_assert_msg(entry->info.platform[0], "entry %zu has no platform", i);
        if (entry->index == SOMA_NO_DEVICE_INDEX) continue; /* a platform without devices */
        ck_assert_uint_eq(entry->index, next++);
    }
}
END_TEST

START_TEST(figures_are_sensible) {
    const found_devices found = find_devices();
    for (size_t i = 0; i < found.count; i++) {
        const soma_device_info *info = &found.entry[i].info;
        ck_assert_uint_ge(info->alignment, 64);
        ck_assert_uint_eq(info->alignment & (info->alignment - 1), 0);
        if (!found.entry[i].usable) continue;
        ck_assert_uint_gt(info->memory, 0);
        ck_assert_uint_gt(info->compute_units, 0);
        ck_assert_uint_le(info->max_allocation, info->memory);
        ck_assert(info->kind != SOMA_DEVICE_CPU);
    }
}
END_TEST

static void opened_device_is_the_listed_one(void *state, const soma_device_info *info) {
    (void)state;
    const found_devices found = find_devices();
    bool listed = false;
    for (size_t i = 0; i < found.count; i++)
        listed |= found.entry[i].usable && strcmp(found.entry[i].info.name, info->name) == 0;
    ck_assert_msg(listed, "%s is not in the list", info->name);
    ck_assert_str_ne(info->gemm, "");
}

START_TEST(each_usable_device_opens) {
    with_each_device(opened_device_is_the_listed_one);
}
END_TEST

START_TEST(a_number_past_the_last_is_refused) {
    const soma_device_options options = {0};
    const found_devices found = find_devices();
    void *state = NULL;
    unsigned devices = 0; /* what has no name is a driver that has none */
    for (size_t i = 0; i < found.count; i++) devices += found.entry[i].info.name[0] != 0;
    char message[80];
    (void)snprintf(message, sizeof message, "there is no OpenCL device 1000; %u found", devices);
    expect_error(soma_opencl_api.open(1000, &options, &state), SOMA_NO_DEVICE, message);
    ck_assert_ptr_null(state);
}
END_TEST

/* Run in a process of its own, where the loader is told to look for drivers in an empty place. */
START_TEST(no_driver_is_not_an_error) {
    const found_devices found = find_devices();
    ck_assert_uint_eq(found.count, 1);
    ck_assert_uint_eq(found.usable, 0);
    ck_assert_str_eq(found.entry[0].info.name, "");
    ck_assert_ptr_nonnull(strstr(found.entry[0].reason, "no OpenCL driver is installed"));
    const soma_device_options options = {0};
    void *state = NULL;
    expect_error(soma_opencl_api.open(0, &options, &state), SOMA_NO_DEVICE, "no OpenCL device 0");
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- memory */

static void bytes_come_back(void *state, const soma_device_info *info) {
    (void)info;
    unsigned char bytes[1000], found[1000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 7);
    void *from = upload(state, bytes, sizeof bytes), *to = upload(state, bytes, sizeof bytes);
    expect_ok(soma_opencl_api.fill(state, to, 3, 0xEE, 501));
    expect_ok(soma_opencl_api.copy(state, to, 100, from, 700, 33));
    expect_ok(soma_opencl_api.read(state, to, 0, found, sizeof found));
    for (size_t i = 0; i < sizeof bytes; i++) {
        unsigned char expected = bytes[i];
        if (i >= 3 && i < 504) expected = 0xEE;
        if (i >= 100 && i < 133) expected = bytes[i + 600];
        ck_assert_msg(found[i] == expected, "byte %zu is %02x, expected %02x", i, found[i], expected);
    }
    soma_opencl_api.free(state, from);
    soma_opencl_api.free(state, to);
}

START_TEST(memory_is_written_filled_copied_read) {
    with_each_device(bytes_come_back);
}
END_TEST

static void ranges_are_checked(void *state, const soma_device_info *info) {
    (void)info;
    char bytes[64] = {0};
    void *memory = upload(state, bytes, sizeof bytes);
    expect_error(soma_opencl_api.write(state, memory, 1, bytes, 64), SOMA_INVALID_ARGUMENT, "64 bytes at offset 1");
    expect_error(soma_opencl_api.read(state, memory, 65, bytes, 0), SOMA_INVALID_ARGUMENT, "at offset 65");
    expect_error(soma_opencl_api.fill(state, memory, SIZE_MAX, 0, 2), SOMA_INVALID_ARGUMENT, "of a memory of 64 bytes");
    expect_error(soma_opencl_api.copy(state, memory, 32, memory, 0, 33), SOMA_INVALID_ARGUMENT, "copying to 33 bytes");
    soma_opencl_api.free(state, memory);
}

START_TEST(transfers_out_of_range_are_refused) {
    with_each_device(ranges_are_checked);
}
END_TEST

static void too_much_is_refused(void *state, const soma_device_info *info) {
    void *memory = NULL;
    expect_error(soma_opencl_api.alloc(state, (size_t)info->memory + 1, &memory), SOMA_OUT_OF_DEVICE_MEMORY,
                 "asked for", info->name);
    ck_assert_ptr_null(memory);
    if (info->max_allocation < info->memory)
        expect_error(soma_opencl_api.alloc(state, (size_t)info->max_allocation + 1, &memory), SOMA_OUT_OF_DEVICE_MEMORY,
                     "at most");
    ck_assert_ptr_null(memory);
}

START_TEST(more_memory_than_there_is_is_refused) {
    with_each_device(too_much_is_refused);
}
END_TEST

START_TEST(the_limit_of_the_options_holds_and_is_accounted) {
    const found_devices found = find_devices();
    for (size_t i = 0; i < found.count; i++) {
        if (!found.entry[i].usable) continue;
        const soma_device_options options = {.memory_limit = 1 << 20};
        void *state = NULL, *first = NULL, *second = NULL;
        expect_ok(soma_opencl_api.open(found.entry[i].index, &options, &state));
        expect_ok(soma_opencl_api.alloc(state, 1 << 19, &first));
        expect_error(soma_opencl_api.alloc(state, (1 << 19) + 1, &second), SOMA_OUT_OF_DEVICE_MEMORY,
                     "524288 bytes in use of 1048576");
        soma_opencl_api.free(state, first);
        expect_ok(soma_opencl_api.alloc(state, 1 << 20, &second));
        soma_opencl_api.free(state, second);
        soma_opencl_api.close(state);
    }
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- errors */

START_TEST(codes_have_names) {
    ck_assert_str_eq(soma_cl_error_name(CL_SUCCESS), "CL_SUCCESS");
    ck_assert_str_eq(soma_cl_error_name(-5), "CL_OUT_OF_RESOURCES");
    ck_assert_str_eq(soma_cl_error_name(-1001), "CL_PLATFORM_NOT_FOUND_KHR");
    ck_assert_str_eq(soma_cl_error_name(12345), "unknown OpenCL error");
    expect_ok(soma_cl_check(CL_SUCCESS, "nothing"));
    expect_error(soma_cl_check(CL_OUT_OF_RESOURCES, "step %d", 7), SOMA_DEVICE_FAILED,
                 "step 7: CL_OUT_OF_RESOURCES (-5)");
    expect_error(soma_cl_check(CL_MEM_OBJECT_ALLOCATION_FAILURE, "x"), SOMA_OUT_OF_DEVICE_MEMORY, "(-4)");
    expect_error(soma_cl_check(CL_OUT_OF_HOST_MEMORY, "x"), SOMA_OUT_OF_MEMORY, "(-6)");
}
END_TEST

/* The name of a parameter of many kernels becomes a number. */
static void build_fails(void *state, const soma_device_info *info) {
    soma_call call = soma_call_fill(vector_view(NULL, SOMA_F32, 10), 1);
    size_t workspace = 0;
    setenv("SOMA_OPENCL_BUILD_OPTIONS", "-Dchunk=1", 1);
    soma_status status = soma_opencl_api.prepare(state, &call, &workspace);
    unsetenv("SOMA_OPENCL_BUILD_OPTIONS");
    expect_error(status, SOMA_DEVICE_FAILED, "a kernel does not build", info->name, ".cl", "CL_BUILD_PROGRAM_FAILURE",
                 "error");
    ck_assert_ptr_null(call.prepared);
    expect_ok(soma_opencl_api.prepare(state, &call, &workspace)); /* the failure leaves nothing behind */
    soma_opencl_api.release(state, &call);
}

START_TEST(a_failing_build_shows_the_log) {
    with_each_device(build_fails);
}
END_TEST

static void float64_is_left_to_the_host(void *state, const soma_device_info *info) {
    (void)info;
    soma_call call = soma_call_fill(vector_view(NULL, SOMA_F64, 10), 1);
    size_t workspace = 7;
    ck_assert_int_eq(soma_opencl_api.prepare(state, &call, &workspace), SOMA_UNSUPPORTED);
    ck_assert_ptr_null(call.prepared);
}

START_TEST(float64_is_unsupported) {
    with_each_device(float64_is_left_to_the_host);
}
END_TEST

static void bad_runs_fail(void *state, const soma_device_info *info) {
    soma_call call = soma_call_fill(vector_view(NULL, SOMA_F32, 100), 1);
    expect_error(soma_opencl_api.run(state, &call, 1), SOMA_INVALID_STATE, "fill", "not prepared");
    prepare_call(state, &call);
    expect_error(soma_opencl_api.run(state, &call, 1), SOMA_INVALID_STATE, "without memory");
    call.view[0].memory = upload(state, NULL, 400);
    call.view[0].offset = info->alignment;
    expect_error(soma_opencl_api.run(state, &call, 1), SOMA_INVALID_ARGUMENT, "a view of 400 bytes at offset",
                 "memory of 400");
    call.view[0].offset = 0;
    expect_ok(soma_opencl_api.run(state, &call, 1));
    expect_ok(soma_opencl_api.sync(state));
    release_call(state, &call);
    soma_opencl_api.free(state, call.view[0].memory);
}

START_TEST(calls_on_missing_or_short_memory_fail) {
    with_each_device(bad_runs_fail);
}
END_TEST

/* What a kernel declares: kernels/conv_vector.cl and kernels/conv_weight_vector.cl. OpenCL demands 32 KiB. */
START_TEST(tiles_of_convolutions_fit_local_memory) {
    static const uint32_t widths[] = {1, 4, 8, 16};
    static const size_t kibibytes[] = {32, 40, 48, 64, 128, 256, 512};
    for (size_t i = 0; i < SOMA_COUNT_OF(widths); i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(kibibytes); j++) {
            soma_cl_style style = {.width = widths[i]};
            soma_cl_choose_tiles(&style, kibibytes[j] * 1024);
            const size_t columns = (size_t)2 * style.width * style.panels,
                         others = style.box + style.width + (size_t)2 * style.width * style.narrow_rows,
                         forward = style.depth * (columns + 1) + others,
                         back = style.positions * (columns + 1) + style.window + others;
            const soma_cl_style slim = soma_cl_slim_style(&style);
            ck_assert(slim.width <= style.width && slim.narrow_rows <= style.narrow_rows && slim.depth == style.depth);
            ck_assert_uint_ge(style.box, 256);
            /* And use it: whatever was halved would not fit twice. */
            const size_t most = kibibytes[j] * 1024 / sizeof(float), whole = (size_t)6 * 1024 * style.panels;
            ck_assert(style.box == whole || forward + style.box > most);
            ck_assert(style.panels == 4 || forward + style.depth * columns + 2 * whole - style.box > most);
            ck_assert(style.window == 256 || back + style.positions * (columns + 1) + style.window > most);
            ck_assert_msg(forward * sizeof(float) <= kibibytes[j] * 1024 && back * sizeof(float) <= kibibytes[j] * 1024,
                          "width %u of %zu KiB: %zu and %zu floats", style.width, kibibytes[j], forward, back);
        }
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, devices_are_numbered_without_gaps);
    tcase_add_test(cases, figures_are_sensible);
    tcase_add_test(cases, each_usable_device_opens);
    tcase_add_test(cases, a_number_past_the_last_is_refused);
    tcase_add_test(cases, memory_is_written_filled_copied_read);
    tcase_add_test(cases, transfers_out_of_range_are_refused);
    tcase_add_test(cases, more_memory_than_there_is_is_refused);
    tcase_add_test(cases, the_limit_of_the_options_holds_and_is_accounted);
    tcase_add_test(cases, tiles_of_convolutions_fit_local_memory);
    tcase_add_test(cases, codes_have_names);
    tcase_add_test(cases, a_failing_build_shows_the_log);
    tcase_add_test(cases, float64_is_unsupported);
    tcase_add_test(cases, calls_on_missing_or_short_memory_fail);
}

static void add_no_driver(TCase *cases) {
    tcase_add_test(cases, no_driver_is_not_an_error);
}

int main(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "no-driver") == 0) return run_suite("opencl without a driver", add_no_driver);
    return run_suite("opencl device", add_tests);
}
