/* SPDX-License-Identifier: MIT */
/* Kernels of matrix products on OpenCL that were chosen by measurement: how choices serve, are kept, and are refused.
 */
#include "opencl_devices.h"

#include "device/opencl/gemm/clblast.h"
#include "device/opencl/gemm/gemm.h"
#include "suite.h"
#include "temporary.h"
#include <inttypes.h>
#include <sys/stat.h>

/* ------------------------------------------------------------------------------------------------------ warnings */

static struct {
    unsigned count;
    char text[8192]; /* all of them */
} warnings;

static void remember_warning(void *context, soma_log_level level, const char *message) {
    (void)context, (void)level;
    const size_t length = strlen(warnings.text);
    warnings.count++;
    snprintf(warnings.text + length, sizeof warnings.text - length, "%s\n", message);
}

static void forget_warnings(void) {
    memset(&warnings, 0, sizeof warnings);
}

static void expect_warning(const char *word) {
    ck_assert_msg(strstr(warnings.text, word), "no warning says \"%s\": %s", word, warnings.text);
}

/* --------------------------------------------------------------------------------------------------------- files */

static uint64_t fnv_1a(const char *text) {
    uint64_t hash = 14695981039346656037u;
    for (; *text; text++) hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

static bool has_tiles(void *state) {
    return !soma_cl_works_on_vectors(state);
}

/* Two kernels of the device's, the default first; one, where there is no other of our own. */
static const char *first_kernel(void *state) {
    return has_tiles(state) ? "soma tile 16x16" : "soma vector";
}

static const char *second_kernel(void *state) {
    return has_tiles(state) ? "soma tile 8x16" : "soma vector";
}

/* Whether the device's default is the first of these: not where CLBlast is, nor where groups of 256 are too large. */
static bool has_known_default(void *state) {
    return strcmp(((soma_cl_device *)state)->gemm->name, first_kernel(state)) == 0;
}

/* A file for this device, without the checksum. */
static void write_text(void *state, char *text, size_t size) {
    const soma_device_info *info = &((soma_cl_device *)state)->info;
    snprintf(text, size,
             "soma matrix products 1\ndevice %s\nplatform %s\ndriver %s\nunits %u\nwidth %u\nsoma %s\ndate "
             "2026-03-31T12:00:00Z\n"
             "NN 32 32 32 1500 1500 %s\nNN 512 512 512 20250 10000 %s\nTN 64 64 64 5 5 %s\n",
             info->name, info->platform, info->driver, info->compute_units, ((soma_cl_device *)state)->style.width,
             soma_version(), first_kernel(state), second_kernel(state), second_kernel(state));
}

static const char *file_of(void *state) {
    const char *file = ((soma_cl_device *)state)->tuning_file;
    ck_assert_ptr_nonnull(file);
    return file;
}

static void save(const char *path, const char *text, size_t size) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void save_with_checksum(const char *path, const char *text, uint64_t checksum) {
    char whole[8192];
    snprintf(whole, sizeof whole, "%schecksum %016" PRIx64 "\n", text, checksum);
    save(path, whole, strlen(whole));
}

/* ------------------------------------------------------------------------------------------------------- devices */

/* Each usable device whose default is known, opened with a cache directory of its own, which is empty before and after.
 */
static void with_each(void (*test)(uint32_t index, void *state)) {
    const found_devices found = find_devices();
    for (size_t i = 0; i < found.count; i++) {
        if (!is_tested(&found.entry[i])) continue;
        temporary_create();
        setenv("SOMA_CACHE_DIR", temporary_directory, 1);
        forget_warnings();
        void *state = open_device(found.entry[i].index);
        ck_assert_uint_eq(warnings.count, 0);
        if (has_known_default(state)) test(found.entry[i].index, state);
        soma_opencl_api.close(state);
        temporary_destroy();
    }
}

static soma_tuning tuning_of(void *state) {
    soma_tuning tuning;
    soma_opencl_api.tuning(state, &tuning);
    return tuning;
}

static void expect_default(void *state) {
    const soma_tuning tuning = tuning_of(state);
    soma_device_info info;
    soma_opencl_api.info(state, &info);
    ck_assert_uint_eq(tuning.count, 0);
    ck_assert_ptr_null(tuning.date);
    ck_assert_str_eq(tuning.default_kernel, first_kernel(state));
    ck_assert_str_eq(info.gemm, "soma.cl");
}

/* The side of the groups of the kernel that a product gets; 0: CLBlast does it. */
static size_t side_of(void *state, size_t m, size_t n, size_t k, bool ta, bool tb) {
    const soma_gemm_params params = {.transpose_a = ta, .transpose_b = tb, .alpha = 1};
    soma_call call =
        soma_call_gemm(matrix_view(NULL, ta ? k : m, ta ? m : k), matrix_view(NULL, tb ? n : k, tb ? k : n),
                       soma_view_absent(), matrix_view(NULL, m, n), params);
    size_t workspace = 0;
    expect_ok(soma_opencl_api.prepare(state, &call, &workspace));
    const soma_cl_prepared *prepared = call.prepared;
    const size_t side = prepared->product ? 0 : prepared->launch[0].local[0];
    soma_opencl_api.release(state, &call);
    return side;
}

/* -------------------------------------------------------------------------------------------------------- serving */

static void expect_choices(void *state) {
    const soma_tuning tuning = tuning_of(state);
    soma_device_info info;
    soma_opencl_api.info(state, &info);
    ck_assert_str_eq(info.gemm, "soma.cl, tuned");
    ck_assert_str_eq(tuning.default_kernel, first_kernel(state));
    ck_assert_str_eq(tuning.file, file_of(state));
    ck_assert_str_eq(tuning.date, "2026-03-31T12:00:00Z");
    ck_assert_uint_eq(tuning.count, 3);
    const soma_gemm_choice *choice = &tuning.choices[1];
    ck_assert(!choice->transpose_a && !choice->transpose_b);
    ck_assert(choice->m == 512 && choice->n == 512 && choice->k == 512);
    ck_assert_str_eq(choice->kernel, second_kernel(state));
    ck_assert_double_eq(choice->gflops, 20.25);
    ck_assert_double_eq(choice->default_gflops, 10);
    ck_assert(tuning.choices[2].transpose_a && !tuning.choices[2].transpose_b);
}

static void nearest_serves(uint32_t index, void *state) {
    char text[4096];
    write_text(state, text, sizeof text);
    save_with_checksum(file_of(state), text, fnv_1a(text));
    void *tuned = open_device(index);
    ck_assert_msg(warnings.count == 0, "%s", warnings.text);
    expect_choices(tuned);
    if (has_tiles(state)) {
        ck_assert_uint_eq(side_of(tuned, 32, 32, 32, false, false), 16);
        ck_assert_uint_eq(side_of(tuned, 1, 40, 300, false, false), 16);
        ck_assert_uint_eq(side_of(tuned, 512, 512, 512, false, false), 8);
        ck_assert_uint_eq(side_of(tuned, 200, 200, 200, false, false), 8); /* in factors it is nearer to 512 */
        ck_assert_uint_eq(side_of(tuned, 8, 2000, 2000, false, false), 8);
        ck_assert_uint_eq(side_of(tuned, 512, 512, 512, true, false), 8);
        ck_assert_uint_eq(side_of(tuned, 512, 512, 512, false, true), 16); /* nothing was measured */
        ck_assert_uint_eq(side_of(tuned, 64, 64, 64, true, true), 16);
        ck_assert_uint_eq(side_of(tuned, 512, 512, 0, false, false), 16);
        ck_assert_uint_eq(side_of(state, 512, 512, 512, false, false), 16); /* opened before */
    }
    soma_opencl_api.close(tuned);
}

START_TEST(the_choice_of_the_nearest_shape_serves) {
    with_each(nearest_serves);
}
END_TEST

/* Opened with a file that wants CLBlast for some shapes, on a device where our own kernel is the default. */
static void *open_with_clblast(uint32_t index, void *state) {
    char text[4096];
    write_text(state, text, sizeof text);
    char *line = strstr(text, "NN 512");
    snprintf(line, sizeof text - (size_t)(line - text), "NN 512 512 512 20250 10000 clblast\n");
    save_with_checksum(file_of(state), text, fnv_1a(text));
    void *tuned = open_device(index);
    if (!soma_cl_clblast_is_built_in()) {
        expect_warning("it wants CLBlast, which can't serve");
        expect_default(tuned);
        return tuned;
    }
    soma_device_info info;
    soma_opencl_api.info(tuned, &info);
    ck_assert_msg(warnings.count == 0, "%s", warnings.text);
    ck_assert_str_eq(info.gemm, "CLBlast and soma.cl, tuned");
    ck_assert_uint_eq(side_of(tuned, 512, 512, 512, false, false), 0);
    ck_assert_uint_ne(side_of(tuned, 32, 32, 32, false, false), 0);
    ck_assert_uint_ne(side_of(tuned, 512, 512, 0, false, false), 0); /* which CLBlast can't do */
    return tuned;
}

static void environment_counts_more(uint32_t index, void *state) {
    static const char *const settings[][2] = {{"SOMA_OPENCL_GEMM", "soma"}, {"SOMA_FAST", "0"}};
    char text[4096];
    write_text(state, text, sizeof text);
    save_with_checksum(file_of(state), text, fnv_1a(text));
    const soma_tune_options options = {0};
    for (size_t i = 0; i < SOMA_COUNT_OF(settings); i++) {
        setenv(settings[i][0], settings[i][1], 1);
        void *forced = open_device(index);
        unsetenv(settings[i][0]);
        ck_assert_uint_eq(tuning_of(forced).count, 0);
        if (has_tiles(forced)) ck_assert_uint_eq(side_of(forced, 512, 512, 512, false, false), 16);
        expect_error(soma_opencl_api.tune(forced, &options), SOMA_INVALID_STATE, settings[i][0]);
        soma_opencl_api.close(forced);
    }
    ck_assert_uint_eq(warnings.count, 0);
}

START_TEST(the_environment_counts_more_than_choices) {
    with_each(environment_counts_more);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ bad files */

typedef struct damage {
    const char *find, *put; /* the first of these is replaced */
    bool checksum_fits;
    const char *words[2];
} damage;

static const damage damages[] = {
    {"products 1", "products 2", true, {"line 1 is \"soma matrix products 2\"", "where \"soma matrix products 1\""}},
    {"device ", "device Other ", true, {"line 2 is \"device Other", "where \"device "}},
    {"platform ", "platform Other ", true, {"line 3 is", "where \"platform"}},
    {"driver ", "driver 99.", true, {"line 4 is \"driver 99.", "where \"driver "}},
    {"units ", "units 9", true, {"line 5 is \"units 9", "where \"units "}},
    {"width ", "width 9", true, {"line 6 is \"width 9", "where \"width "}},
    {"soma 0.", "soma 9.", true, {"line 7 is \"soma 9.", "where \"soma 0."}},
    {"date 2026-03", "date 2026-3", true, {"line 8 is", "where date and time"}},
    {"NN 32 ", "NX 32 ", true, {"line 9 is \"NX", "where a choice"}},
    {"NN 32 ", "TT 32 ", true, {"line 9 is \"TT", "where a choice"}},
    {"NN 32 ", "NN 032 ", true, {"line 9 is", "where a choice"}},
    {"NN 32 ", "NN 0 ", true, {"line 9 is", "where a choice"}},
    {"NN 32 ", "NN -32 ", true, {"line 9 is", "where a choice"}},
    {"NN 32 ", "NN 65537 ", true, {"line 9 is", "where a choice"}},
    {"NN 32 ", "NN  32 ", true, {"line 9 is", "where a choice"}},
    {" 1500 1500 ", " 1500 ", true, {"line 9 is", "where a choice"}},
    {" 1500 1500 ", " 1.5 1.5 ", true, {"line 9 is", "where a choice"}},
    {" 1500 1500 soma", " 1500 1500 soma turbo", true, {"line 9 names the kernel \"soma turbo", "does not have"}},
    {"20250", "20251", false, {"the checksum of line 12", "the lines before it"}},
    {"12:00:00Z\n", "12:00:00Z\nchecksum 0123456789abcdef\n", true, {"the checksum of line 9", ""}},
};

static void expect_ignored(uint32_t index, void *state, const char *const words[2]) {
    forget_warnings();
    void *opened = open_device(index);
    ck_assert_uint_eq(warnings.count, 1);
    expect_warning(file_of(state));
    expect_warning("are ignored");
    for (size_t i = 0; i < 2; i++) expect_warning(words[i]);
    expect_default(opened);
    if (has_tiles(opened)) ck_assert_uint_eq(side_of(opened, 512, 512, 512, false, false), 16);
    soma_opencl_api.close(opened);
}

static void damage_file(uint32_t index, void *state) {
    char good[4096], bad[4096];
    write_text(state, good, sizeof good);
    for (size_t i = 0; i < SOMA_COUNT_OF(damages); i++) {
        const damage *with = &damages[i];
        const char *at = strstr(good, with->find);
        ck_assert_ptr_nonnull(at);
        snprintf(bad, sizeof bad, "%.*s%s%s", (int)(at - good), good, with->put, at + strlen(with->find));
        save_with_checksum(file_of(state), bad, fnv_1a(with->checksum_fits ? bad : good));
        expect_ignored(index, state, with->words);
    }
}

START_TEST(a_damaged_file_is_ignored_as_a_whole) {
    with_each(damage_file);
}
END_TEST

static void cut_file(uint32_t index, void *state) {
    static const char *const short_words[] = {"it is cut short", ""}, *const after[] = {"the checksum of line 12", ""},
                             *const large[] = {"larger than 65536 bytes", ""},
                             *const none[] = {"it has no choices", ""}, *const directory[] = {"no ordinary file", ""};
    char text[4096], whole[8192];
    write_text(state, text, sizeof text);
    snprintf(whole, sizeof whole, "%schecksum %016" PRIx64 "\n", text, fnv_1a(text));
    const size_t lengths[] = {0, 1, 30, strlen(text) / 2, strlen(text) - 1, strlen(text), strlen(whole) - 1};
    for (size_t i = 0; i < SOMA_COUNT_OF(lengths); i++) {
        save(file_of(state), whole, lengths[i]);
        expect_ignored(index, state, short_words);
    }
    strcat(whole, "more\n");
    save(file_of(state), whole, strlen(whole));
    expect_ignored(index, state, after);
    *strstr(text, "NN 32") = 0;
    save_with_checksum(file_of(state), text, fnv_1a(text));
    expect_ignored(index, state, none);
    char *zeros = soma_calloc(65537, 1);
    save(file_of(state), zeros, 65537);
    soma_free(zeros);
    expect_ignored(index, state, large);
    remove(file_of(state));
    ck_assert_int_eq(mkdir(file_of(state), 0700), 0);
    expect_ignored(index, state, directory);
}

START_TEST(a_file_of_the_wrong_length_is_ignored) {
    with_each(cut_file);
}
END_TEST

/* A kernel that there is, for other devices. */
static void other_style(uint32_t index, void *state) {
    static const char *const words[] = {"can't serve on this device", ""};
    char text[4096];
    write_text(state, text, sizeof text);
    char *line = strstr(text, "NN 32");
    snprintf(line, sizeof text - (size_t)(line - text), "NN 32 32 32 9 9 %s\n",
             has_tiles(state) ? "soma vector" : "soma tile 16x16");
    save_with_checksum(file_of(state), text, fnv_1a(text));
    expect_ignored(index, state, words);
}

START_TEST(a_kernel_that_cannot_serve_makes_the_file_ignored) {
    with_each(other_style);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- tuning */

static const size_t tiny[] = {16};

typedef struct progress {
    size_t calls, last, total, stop_at;
    char shapes[256];
} progress;

static soma_status watch(void *context, size_t done, size_t total, const char *shape) {
    progress *seen = context;
    ck_assert_uint_eq(done, seen->calls);
    seen->calls++;
    seen->last = done;
    seen->total = total;
    strcat(strcat(seen->shapes, shape), ";");
    return done == seen->stop_at ? SOMA_STOPPED : SOMA_OK;
}

static size_t read_file(const char *path, char *text, size_t size) {
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    const size_t got = fread(text, 1, size, file);
    fclose(file);
    return got;
}

static void expect_same_choices(const soma_tuning *kept, const soma_tuning *made) {
    ck_assert_uint_eq(kept->count, made->count);
    ck_assert_str_eq(kept->date, made->date);
    for (size_t i = 0; i < made->count; i++) {
        const soma_gemm_choice *choice = &kept->choices[i];
        ck_assert_str_eq(choice->kernel, made->choices[i].kernel);
        ck_assert_double_gt(choice->gflops, 0);
        ck_assert_double_ge(choice->gflops, choice->default_gflops);
        ck_assert_double_eq_tol(choice->gflops, made->choices[i].gflops, 0.00051);
    }
}

static void tune_and_reopen(uint32_t index, void *state) {
    progress seen = {.stop_at = 99};
    const soma_tune_options options = {.sizes = tiny, .size_count = 1, .on_shape = watch, .context = &seen};
    expect_ok(soma_opencl_api.tune(state, &options));
    ck_assert_uint_eq(seen.total, 3);
    ck_assert_uint_eq(seen.calls, 3);
    ck_assert_str_eq(seen.shapes, "NN 16 x 16 x 16;NT 16 x 16 x 16;TN 16 x 16 x 16;");
    ck_assert_int_eq(temporary_count(), 1); /* the file, and no other one left behind */
    const soma_tuning made = tuning_of(state);
    ck_assert_uint_eq(made.count, 3);
    forget_warnings();
    void *again = open_device(index);
    ck_assert_msg(warnings.count == 0, "%s", warnings.text);
    const soma_tuning kept = tuning_of(again);
    expect_same_choices(&kept, &made);
    soma_opencl_api.close(again);
}

/* Stopped, or with too little memory for any shape. */
static void fail_to_tune(void *state) {
    char before[4096], after[4096];
    progress seen = {.stop_at = 1};
    soma_tune_options options = {.sizes = tiny, .size_count = 1, .on_shape = watch, .context = &seen};
    const size_t size = read_file(file_of(state), before, sizeof before);
    expect_error(soma_opencl_api.tune(state, &options), SOMA_STOPPED, "stopped after 1 of 3");
    ck_assert_uint_eq(seen.calls, 2);
    soma_cl_device *device = state;
    const uint64_t limit = device->memory_limit;
    device->memory_limit = 1 << 10;
    options.on_shape = NULL;
    expect_error(soma_opencl_api.tune(state, &options), SOMA_DEVICE_FAILED, "none of 3 shapes", "memory");
    device->memory_limit = limit;
    ck_assert_uint_eq(read_file(file_of(state), after, sizeof after), size);
    ck_assert_int_eq(memcmp(before, after, size), 0);
    ck_assert_int_eq(temporary_count(), 1);
    ck_assert_uint_eq(tuning_of(state).count, 3);
}

/* Kernels with groups of 8 x 8 compute another function than those of 16 x 16; that of CLBlast's bias does not build.
 */
static void tune_spoilt_kernels(void *state) {
    const soma_tune_options options = {.sizes = tiny, .size_count = 1};
    forget_warnings();
    setenv("SOMA_OPENCL_BUILD_OPTIONS", "-DFIXED_FUNCTION=(SIDE==8?FUNCTION_SQUARE:FUNCTION_RELU)", 1);
    expect_ok(soma_opencl_api.tune(state, &options));
    unsetenv("SOMA_OPENCL_BUILD_OPTIONS");
    expect_warning("the kernel soma tile 8x16 is left out: its product NN of 16 x 16 x 16 is wrong");
    expect_warning("the kernel soma tile 8x32 is left out: its product NN of 16 x 16 x 16 is wrong");
    if (soma_cl_clblast_is_built_in()) expect_warning("the kernel clblast is left out: a kernel does not build");
    ck_assert_ptr_null(strstr(warnings.text, "soma tile 16x"));
    const soma_tuning tuning = tuning_of(state);
    ck_assert_uint_eq(tuning.count, 3);
    for (size_t i = 0; i < 3; i++) ck_assert_ptr_nonnull(strstr(tuning.choices[i].kernel, "soma tile 16x"));
}

/* A kernel that is wrong for a later shape loses what it won before. */
static void tune_late_spoilt_kernels(void *state) {
    static const size_t two[] = {16, 48};
    const soma_tune_options options = {.sizes = two, .size_count = 2};
    forget_warnings();
    setenv("SOMA_OPENCL_BUILD_OPTIONS", "-DFIXED_FUNCTION=(SIDE==8&&n==48?FUNCTION_SQUARE:FUNCTION_RELU)", 1);
    expect_ok(soma_opencl_api.tune(state, &options));
    unsetenv("SOMA_OPENCL_BUILD_OPTIONS");
    expect_warning("the kernel soma tile 8x16 is left out: its product NN of 16 x 48 x 16 is wrong");
    const soma_tuning tuning = tuning_of(state);
    ck_assert_uint_eq(tuning.count, 24);
    for (size_t i = 0; i < tuning.count; i++) ck_assert_ptr_nonnull(strstr(tuning.choices[i].kernel, "soma tile 16x"));
}

static void forget_choices(void *state) {
    bool removed = false;
    expect_ok(soma_opencl_api.forget_tuning(state, &removed));
    ck_assert(removed);
    ck_assert_int_eq(temporary_count(), 0);
    expect_default(state);
    expect_ok(soma_opencl_api.forget_tuning(state, &removed));
    ck_assert(!removed);
    ck_assert_int_eq(mkdir(file_of(state), 0700), 0);
    expect_error(soma_opencl_api.forget_tuning(state, &removed), SOMA_IO, file_of(state), "cannot be removed");
    ck_assert(!removed);
    ck_assert_int_eq(rmdir(file_of(state)), 0);
}

/* All on one device, on which CLBlast is started but once: that takes seconds. */
static void tune_device(uint32_t index, void *state) {
    void *tuned = open_with_clblast(index, state);
    tune_and_reopen(index, tuned);
    fail_to_tune(tuned);
    tune_spoilt_kernels(tuned);
    tune_late_spoilt_kernels(tuned);
    forget_choices(tuned);
    soma_opencl_api.close(tuned);
}

START_TEST(choices_are_made_kept_and_forgotten) {
    with_each(tune_device);
}
END_TEST

static void keep_nowhere(uint32_t index, void *state) {
    static const char *const variables[] = {"SOMA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"};
    const soma_tune_options options = {.sizes = tiny, .size_count = 1};
    char *before[3];
    for (size_t i = 0; i < 3; i++) {
        before[i] = getenv(variables[i]) ? soma_strdup(getenv(variables[i])) : NULL;
        unsetenv(variables[i]);
    }
    void *opened = open_device(index);
    for (size_t i = 0; i < 3; i++) {
        if (before[i]) setenv(variables[i], before[i], 1);
        soma_free(before[i]);
    }
    ck_assert_ptr_null(tuning_of(opened).file);
    expect_error(soma_opencl_api.tune(opened, &options), SOMA_INVALID_STATE, "SOMA_CACHE_DIR", "XDG_CACHE_HOME",
                 "HOME");
    soma_opencl_api.close(opened);

    setenv("SOMA_CACHE_DIR", temporary_file("file", "x", 1), 1);
    opened = open_device(index);
    expect_error(soma_opencl_api.tune(opened, &options), SOMA_IO, getenv("SOMA_CACHE_DIR"), "SOMA_CACHE_DIR");
    expect_default(opened);
    soma_opencl_api.close(opened);
    ck_assert_uint_eq(warnings.count, 0);
    (void)state;
}

START_TEST(without_a_directory_tuning_is_refused) {
    with_each(keep_nowhere);
}
END_TEST

/* Files are read wherever a device is; "tiles": what takes time, too, on devices that have several kernels. */
static bool with_tiles;

static void add_tests(TCase *cases) {
    soma_log_set(remember_warning, NULL, SOMA_LOG_WARNING);
    tcase_add_test(cases, the_choice_of_the_nearest_shape_serves);
    tcase_add_test(cases, the_environment_counts_more_than_choices);
    tcase_add_test(cases, a_damaged_file_is_ignored_as_a_whole);
    tcase_add_test(cases, a_file_of_the_wrong_length_is_ignored);
    tcase_add_test(cases, a_kernel_that_cannot_serve_makes_the_file_ignored);
    tcase_add_test(cases, without_a_directory_tuning_is_refused);
    if (!with_tiles) return;
    tcase_add_test(cases, choices_are_made_kept_and_forgotten);
}

int main(int argc, char **argv) {
    const int skip = skip_without_device();
    unsetenv("SOMA_OPENCL_GEMM");
    with_tiles = argc > 1 && strcmp(argv[1], "tiles") == 0;
    return skip ? skip : run_suite("opencl tune", add_tests);
}
