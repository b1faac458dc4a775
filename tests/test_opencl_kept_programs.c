/* SPDX-License-Identifier: MIT */
/*
 * Programs that are kept in the cache directory for later processes, with a driver of the test's own (the linker puts
 * the functions below in its place): it knows what it has made, and what may not be handed to it.
 */
#include "expect.h"
#include "failing_memory.h"
#include "suite.h"
#include "temporary.h"

#include "base/file.h"
#include "device/opencl/driver/program.h"

#include <sys/stat.h>
#include <sys/wait.h>

/* ----------------------------------------------------------------------------------------------------- the driver */

enum { SMALLEST = 100, DIFFERENCE = 50 };

/* What a program is to this driver: a number that its source and its options give. */
struct _cl_program {
    uint64_t number;
    bool from_binary, built;
};

static struct {
    double seconds; /* that building from source takes */
    cl_int take, taken, build_binary, tell_devices, tell_size, tell_binary;
    size_t devices, place; /* of the context; which of them is the one at hand */
    bool gives_nothing;    /* a binary of 0 bytes */
    const char *version;
} driver;

static struct {
    int sources, binaries, strange; /* programs made of source; of a binary; of a binary that is none */
    long held;                      /* programs that are not released */
    char options[1024];             /* of the last one that was built */
} seen;

static double now = 1000;
static char the_device, another_device;

/* Check's assertions take memory, which may be what is to fail. */
static void require(bool truth) {
    if (!truth) abort();
}

static void reset(void) {
    memset(&driver, 0, sizeof driver);
    memset(&seen, 0, sizeof seen);
    driver.seconds = 3;
    driver.devices = 1;
    driver.version = "OpenCL 3.0 (Build 0)";
}

static uint64_t hash(uint64_t number, const char *text) {
    for (; *text; text++) number = (number ^ (unsigned char)*text) * 0x100000001b3u;
    return number;
}

static size_t size_of(uint64_t number) {
    return SMALLEST + number % DIFFERENCE;
}

/* A binary: the number, and bytes that follow from it, some of them 0. */
static void fill_binary(uint64_t number, uint8_t *bytes) {
    memcpy(bytes, &number, sizeof number);
    for (size_t i = sizeof number; i < size_of(number); i++) bytes[i] = (uint8_t)(number >> i % 57);
}

double __wrap_soma_seconds(void);
double __wrap_soma_seconds(void) {
    return now;
}

static cl_program make(uint64_t number, bool from_binary, cl_int *code) {
    const long suspended = suspend_failures();
    struct _cl_program *program = malloc(sizeof *program);
    resume_failures(suspended);
    require(program != NULL);
    *program = (struct _cl_program){number, from_binary, false};
    seen.held++;
    *code = CL_SUCCESS;
    return program;
}

cl_program __wrap_clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                            const size_t *lengths, cl_int *code);
cl_program __wrap_clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                            const size_t *lengths, cl_int *code) {
    uint64_t number = 1;
    (void)context, (void)lengths;
    for (cl_uint i = 0; i < count; i++) number = hash(number, texts[i]);
    seen.sources++;
    return make(number, false, code);
}

cl_program __wrap_clCreateProgramWithBinary(cl_context context, cl_uint count, const cl_device_id *devices,
                                            const size_t *lengths, const unsigned char **binaries, cl_int *status,
                                            cl_int *code);
cl_program __wrap_clCreateProgramWithBinary(cl_context context, cl_uint count, const cl_device_id *devices,
                                            const size_t *lengths, const unsigned char **binaries, cl_int *status,
                                            cl_int *code) {
    uint8_t expected[SMALLEST + DIFFERENCE];
    uint64_t number = 0;
    (void)context, (void)devices;
    require(count == 1);
    if (lengths[0] >= sizeof number) memcpy(&number, binaries[0], sizeof number);
    fill_binary(number, expected);
    const bool strange = lengths[0] != size_of(number) || memcmp(binaries[0], expected, lengths[0]) != 0;
    seen.strange += strange;
    seen.binaries++;
    *status = driver.taken;
    *code = driver.take;
    return driver.take == CL_SUCCESS ? make(number, true, code) : NULL;
}

cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices, const char *options,
                             void(CL_CALLBACK *notify)(cl_program, void *), void *data);
cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices, const char *options,
                             void(CL_CALLBACK *notify)(cl_program, void *), void *data) {
    (void)count, (void)devices, (void)notify, (void)data;
    snprintf(seen.options, sizeof seen.options, "%s", options);
    if (program->from_binary && driver.build_binary != CL_SUCCESS) return driver.build_binary;
    if (!program->from_binary) {
        program->number = hash(program->number, options);
        now += driver.seconds;
    }
    program->built = true;
    return CL_SUCCESS;
}

cl_int __wrap_clGetProgramInfo(cl_program program, cl_program_info what, size_t room, void *value, size_t *size);
cl_int __wrap_clGetProgramInfo(cl_program program, cl_program_info what, size_t room, void *value, size_t *size) {
    require(program->built);
    if (what == CL_PROGRAM_DEVICES) {
        if (size) *size = driver.devices * sizeof(cl_device_id);
        if (room < driver.devices * sizeof(cl_device_id)) return CL_INVALID_VALUE;
        for (size_t i = 0; i < driver.devices; i++)
            ((cl_device_id *)value)[i] = (cl_device_id)(void *)(i == driver.place ? &the_device : &another_device);
        return driver.tell_devices;
    }
    if (what == CL_PROGRAM_BINARY_SIZES) {
        require(room == driver.devices * sizeof(size_t));
        memset(value, 0, room);
        ((size_t *)value)[driver.place] = driver.gives_nothing ? 0 : size_of(program->number);
        return driver.tell_size;
    }
    require(what == CL_PROGRAM_BINARIES && room == driver.devices * sizeof(uint8_t *));
    for (size_t i = 0; i < driver.devices; i++) require((((uint8_t **)value)[i] != NULL) == (i == driver.place));
    if (driver.tell_binary == CL_SUCCESS) fill_binary(program->number, ((uint8_t **)value)[driver.place]);
    return driver.tell_binary;
}

cl_int __wrap_clReleaseProgram(cl_program program);
cl_int __wrap_clReleaseProgram(cl_program program) {
    free(program);
    seen.held--;
    return CL_SUCCESS;
}

cl_int __wrap_clGetProgramBuildInfo(cl_program program, cl_device_id id, cl_program_build_info what, size_t room,
                                    void *value, size_t *size);
cl_int __wrap_clGetProgramBuildInfo(cl_program program, cl_device_id id, cl_program_build_info what, size_t room,
                                    void *value, size_t *size) {
    (void)program, (void)id, (void)what, (void)room, (void)value;
    if (size) *size = 0;
    return CL_SUCCESS;
}

cl_int __wrap_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t room, void *value, size_t *size);
cl_int __wrap_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t room, void *value, size_t *size) {
    (void)id, (void)size;
    require(what == CL_DEVICE_VERSION);
    snprintf(value, room, "%s", driver.version);
    return CL_SUCCESS;
}

cl_kernel __wrap_clCreateKernel(cl_program program, const char *name, cl_int *code);
cl_kernel __wrap_clCreateKernel(cl_program program, const char *name, cl_int *code) {
    require(program->built && name);
    *code = CL_SUCCESS;
    return (cl_kernel)(void *)program;
}

/* ----------------------------------------------------------------------------------------------------- the device */

static const char *cache;

static soma_cl_device open_device(void) {
    soma_cl_device device = {.id = (cl_device_id)(void *)&the_device, .style = {.width = 1, .group = 64}};
    snprintf(device.info.name, sizeof device.info.name, "a device");
    snprintf(device.info.platform, sizeof device.info.platform, "a platform");
    snprintf(device.info.driver, sizeof device.info.driver, "1.0");
    device.info.kind = SOMA_DEVICE_OPENCL_CPU;
    return device;
}

/* A life of a process: the number of the program that it comes to. */
static uint64_t live(const soma_cl_device *like, const char *source, const char *options) {
    soma_cl_device device = *like;
    cl_kernel kernel = NULL;
    expect_ok(soma_cl_create_kernel(&device, &device.style, source, "kernel", options, &kernel));
    const uint64_t number = ((cl_program)(void *)kernel)->number;
    soma_cl_free_programs(&device);
    ck_assert_int_eq(seen.held, 0);
    return number;
}

static void begin(void) {
    reset();
    temporary_create();
    cache = temporary_path("cache");
    ck_assert_int_eq(setenv("SOMA_CACHE_DIR", cache, 1), 0);
}

static void end(void) {
    ck_assert_int_eq(seen.strange, 0);
    temporary_destroy();
}

/* The one file that is kept. */
static const char *the_file(void) {
    static char path[4096];
    char folder[1024];
    size_t count = 0;
    snprintf(folder, sizeof folder, "%s/opencl-programs", temporary_path("cache"));
    DIR *directory = opendir(folder);
    for (const struct dirent *entry; directory && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        count++;
    }
    if (directory) closedir(directory);
    ck_assert_uint_le(count, 1);
    return count ? path : NULL;
}

/* ------------------------------------------------------------------------------------------------------ the tests */

START_TEST(what_was_built_once_is_built_no_more) {
    begin();
    const soma_cl_device device = open_device();
    const uint64_t number = live(&device, "softmax.cl", "-DROWS=3");
    ck_assert(seen.sources == 1 && seen.binaries == 0);
    char options[sizeof seen.options];
    memcpy(options, seen.options, sizeof options);
    ck_assert_ptr_nonnull(strstr(options, "-DROWS=3"));
    ck_assert_ptr_nonnull(the_file());
    ck_assert(live(&device, "softmax.cl", "-DROWS=3") == number);
    ck_assert(seen.sources == 1 && seen.binaries == 1);
    ck_assert_str_eq(seen.options, options);
    end();
}
END_TEST

START_TEST(others_are_built) {
    begin();
    const soma_cl_device device = open_device();
    soma_cl_device wider = device, namesake = device;
    const uint64_t number = live(&device, "softmax.cl", "-DROWS=3");
    wider.style.width = 4;
    snprintf(namesake.info.name, sizeof namesake.info.name, "another");
    ck_assert(live(&device, "softmax.cl", "-DROWS=4") != number);
    ck_assert(live(&device, "unary.cl", "-DROWS=3") != number);
    ck_assert(live(&wider, "softmax.cl", "-DROWS=3") != number);
    live(&namesake, "softmax.cl", "-DROWS=3");
    ck_assert(seen.sources == 5 && seen.binaries == 0);
    /* What drivers read may choose what they make. */
    ck_assert_int_eq(setenv("CL_CONFIG_TRY", "1", 1), 0);
    live(&device, "softmax.cl", "-DROWS=3");
    ck_assert_int_eq(unsetenv("CL_CONFIG_TRY"), 0);
    ck_assert(seen.sources == 6 && seen.binaries == 0);
    ck_assert(live(&device, "softmax.cl", "-DROWS=3") == number);
    ck_assert(seen.sources == 6 && seen.binaries == 1);
    /* By which way a driver was loaded makes no difference: what it is tells its version. */
    ck_assert_int_eq(setenv("LD_SOMETHING", "/elsewhere", 1), 0);
    ck_assert(live(&device, "softmax.cl", "-DROWS=3") == number);
    ck_assert_int_eq(unsetenv("LD_SOMETHING"), 0);
    ck_assert(seen.sources == 6 && seen.binaries == 2);
    end();
}
END_TEST

/* The new takes the place of the old, so that the directory does not grow with each version. */
START_TEST(another_version_is_built_and_kept_instead) {
    begin();
    const soma_cl_device device = open_device();
    soma_cl_device newer = device, elsewhere = device;
    snprintf(newer.info.driver, sizeof newer.info.driver, "1.1");
    snprintf(elsewhere.info.vendor, sizeof elsewhere.info.vendor, "somebody");
    const soma_cl_device *devices[] = {&device, &newer, &elsewhere, &device};
    for (int i = 0; i < 4; i++) {
        live(devices[i], "softmax.cl", "");
        ck_assert_int_eq(seen.sources, i + 1);
        live(devices[i], "softmax.cl", "");
        ck_assert(seen.sources == i + 1 && seen.binaries == i + 1);
        ck_assert_ptr_nonnull(the_file());
    }
    driver.version = "OpenCL 3.1";
    live(&device, "softmax.cl", "");
    ck_assert_int_eq(seen.sources, 5);
    end();
}
END_TEST

START_TEST(other_sources_are_built) {
    begin();
    soma_cl_device device = open_device();
    const soma_cl_built old = {"x.cl -O", "-O", {"int head;", "int x;"}},
                        same = {"x.cl -O", "-O", {"int head;", "int x;"}};
    const soma_cl_built newer = {"x.cl -O", "-O", {"int head;", "int y;"}},
                        moved = {"x.cl -O", "-O", {"int head;i", "nt x;"}};
    cl_int code;
    ck_assert_ptr_null(soma_cl_recall_program(&device, &old));
    cl_program program = make(7, false, &code);
    program->built = true;
    soma_cl_keep_program(&device, &old, 1, program);
    clReleaseProgram(program);
    ck_assert_ptr_null(soma_cl_recall_program(&device, &newer));
    ck_assert_ptr_null(soma_cl_recall_program(&device, &moved));
    program = soma_cl_recall_program(&device, &same);
    ck_assert(program && program->number == 7 && program->built);
    clReleaseProgram(program);
    soma_cl_free_programs(&device);
    end();
}
END_TEST

/* The driver never sees a byte of what is not whole; then it builds, and that is kept. */
START_TEST(a_damaged_file_is_not_believed) {
    begin();
    const soma_cl_device device = open_device();
    const uint64_t number = live(&device, "softmax.cl", "");
    char path[4096];
    snprintf(path, sizeof path, "%s", the_file());
    soma_buffer whole;
    expect_ok(soma_file_read(path, 1 << 20, &whole));
    int builds = 1;
    for (size_t i = 0; i < 2 * whole.size; i += 11) {
        uint8_t *damaged = malloc(whole.size);
        ck_assert_ptr_nonnull(damaged);
        memcpy(damaged, whole.data, whole.size);
        damaged[i % whole.size] ^= i % 2 ? 1 : 128;
        expect_ok(soma_file_write(path, damaged, i < whole.size ? whole.size : i - whole.size)); /* changed; cut */
        free(damaged);
        ck_assert(live(&device, "softmax.cl", "") == number);
        ck_assert_int_eq(seen.sources, ++builds);
        ck_assert_int_eq(seen.binaries, 0);
    }
    uint8_t *longer = calloc(whole.size + 1, 1);
    ck_assert_ptr_nonnull(longer);
    memcpy(longer, whole.data, whole.size);
    expect_ok(soma_file_write(path, longer, whole.size + 1));
    free(longer);
    live(&device, "softmax.cl", "");
    ck_assert(seen.sources == ++builds && seen.binaries == 0);
    live(&device, "softmax.cl", "");
    ck_assert(seen.sources == builds && seen.binaries == 1);
    soma_free(whole.data);
    end();
}
END_TEST

START_TEST(a_driver_may_refuse_what_it_has_made) {
    begin();
    const soma_cl_device device = open_device();
    const uint64_t number = live(&device, "softmax.cl", "");
    cl_int *const refusals[] = {&driver.take, &driver.taken, &driver.build_binary};
    for (int i = 0; i < 3; i++) {
        *refusals[i] = CL_INVALID_BINARY;
        ck_assert(live(&device, "softmax.cl", "") == number);
        ck_assert(seen.sources == i + 2 && seen.binaries == i + 1);
        *refusals[i] = CL_SUCCESS;
    }
    end();
}
END_TEST

START_TEST(a_driver_may_give_nothing_to_keep) {
    begin();
    const soma_cl_device device = open_device();
    driver.gives_nothing = true;
    live(&device, "softmax.cl", "");
    driver.gives_nothing = false;
    cl_int *const refusals[] = {&driver.tell_devices, &driver.tell_size, &driver.tell_binary};
    for (int i = 0; i < 3; i++) {
        *refusals[i] = CL_OUT_OF_HOST_MEMORY;
        live(&device, "softmax.cl", "");
        *refusals[i] = CL_SUCCESS;
    }
    ck_assert(seen.sources == 4 && seen.binaries == 0);
    ck_assert_ptr_null(the_file());
    end();
}
END_TEST

/* As an application's, of sub-devices. One of another place than there are, or of more than are counted, is not kept.
 */
START_TEST(a_context_may_have_several_devices) {
    begin();
    const soma_cl_device device = open_device();
    const size_t rows[][2] = {{3, 2}, {64, 63}, {3, 3}, {65, 0}}; /* devices, place */
    for (int i = 0; i < 4; i++) {
        char options[24];
        snprintf(options, sizeof options, "-DROW=%d", i);
        driver.devices = rows[i][0], driver.place = rows[i][1];
        seen.sources = seen.binaries = 0;
        const uint64_t number = live(&device, "softmax.cl", options);
        ck_assert(live(&device, "softmax.cl", options) == number);
        ck_assert(seen.sources == 1 + (i > 1) && seen.binaries == (i < 2));
    }
    end();
}
END_TEST

START_TEST(what_the_driver_keeps_or_is_soon_built_is_not_kept) {
    begin();
    soma_cl_device device = open_device();
    driver.seconds = 0.001;
    live(&device, "softmax.cl", "");
    ck_assert_ptr_null(the_file());
    driver.seconds = 1;
    device.compiles_on_use = true;
    live(&device, "softmax.cl", "");
    ck_assert_ptr_null(the_file());
    device.compiles_on_use = false;
    live(&device, "softmax.cl", "");
    ck_assert_ptr_nonnull(the_file());
    device.compiles_on_use = true;
    live(&device, "softmax.cl", "");
    ck_assert(seen.sources == 4 && seen.binaries == 0);
    end();
}
END_TEST

START_TEST(a_directory_that_cannot_be_written_is_no_error) {
    begin();
    const soma_cl_device device = open_device();
    temporary_file("cache", "a file", 6);
    live(&device, "softmax.cl", "");
    ck_assert_int_eq(setenv("SOMA_CACHE_DIR", "/proc/none", 1), 0); /* where even root makes none */
    live(&device, "softmax.cl", "");
    ck_assert_int_eq(unsetenv("SOMA_CACHE_DIR"), 0);
    ck_assert_int_eq(unsetenv("XDG_CACHE_HOME"), 0);
    ck_assert_int_eq(unsetenv("HOME"), 0);
    live(&device, "softmax.cl", "");
    ck_assert(seen.sources == 3 && seen.binaries == 0);
    end();
}
END_TEST

/* What is kept can be read from a directory that is somebody else's to write. */
START_TEST(what_cannot_be_written_can_be_read) {
    begin();
    const soma_cl_device device = open_device();
    live(&device, "softmax.cl", "");
    ck_assert_int_eq(chmod(the_file(), 0400), 0);
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/opencl-programs", cache);
    ck_assert_int_eq(chmod(folder, 0500), 0);
    live(&device, "softmax.cl", "");
    ck_assert(seen.sources == 1 && seen.binaries == 1);
    ck_assert_int_eq(chmod(folder, 0700), 0);
    end();
}
END_TEST

/* Processes that write what others read: each has the old file or the new one. Versions take turns, so that all write.
 */
START_TEST(processes_do_not_disturb_each_other) {
    enum { PROCESSES = 4, LIVES = 20 };
    begin();
    pid_t children[PROCESSES];
    for (int i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        ck_assert_int_ge(children[i], 0);
        if (children[i] > 0) continue;
        for (int life = 0; life < LIVES; life++) {
            soma_cl_device device = open_device();
            snprintf(device.info.driver, sizeof device.info.driver, "1.%d", (life + i) % 2);
            cl_kernel kernel = NULL;
            if (soma_cl_create_kernel(&device, &device.style, "softmax.cl", "kernel", "", &kernel) != SOMA_OK) _exit(1);
            soma_cl_free_programs(&device);
            if (seen.strange || seen.held) _exit(2);
        }
        _exit(seen.sources + seen.binaries == LIVES ? 0 : 3);
    }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        ck_assert_int_eq(waitpid(children[i], &status, 0), children[i]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "process %d ended with %d", i, status);
    }
    ck_assert_ptr_nonnull(the_file());
    const soma_cl_device device = open_device();
    live(&device, "softmax.cl", "");
    end();
}
END_TEST

static soma_cl_device short_of_memory;
static soma_status live_short_of_memory(void) {
    soma_cl_device device = short_of_memory;
    cl_kernel kernel = NULL;
    soma_status status = soma_cl_create_kernel(&device, &device.style, "softmax.cl", "kernel", "", &kernel);
    soma_cl_free_programs(&device);
    return status;
}

START_TEST(memory_may_run_out) {
    begin();
    short_of_memory = open_device();
    live(&short_of_memory, "softmax.cl", "");
    expect_every_failure_told("taking what is kept", live_short_of_memory, 4);
    driver.build_binary = CL_INVALID_BINARY; /* so it is built and written each time */
    expect_every_failure_told("keeping what is built", live_short_of_memory, 8);
    ck_assert_int_eq(seen.held, 0);
    driver.build_binary = CL_SUCCESS;
    const int before = seen.binaries, built = seen.sources;
    live(&short_of_memory, "softmax.cl", "");
    ck_assert(seen.binaries == before + 1 && seen.sources == built);
    end();
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, memory_may_run_out); /* counts memory from its beginning */
    tcase_add_test(cases, what_was_built_once_is_built_no_more);
    tcase_add_test(cases, others_are_built);
    tcase_add_test(cases, another_version_is_built_and_kept_instead);
    tcase_add_test(cases, other_sources_are_built);
    tcase_add_test(cases, a_damaged_file_is_not_believed);
    tcase_add_test(cases, a_driver_may_refuse_what_it_has_made);
    tcase_add_test(cases, a_driver_may_give_nothing_to_keep);
    tcase_add_test(cases, a_context_may_have_several_devices);
    tcase_add_test(cases, what_the_driver_keeps_or_is_soon_built_is_not_kept);
    tcase_add_test(cases, what_cannot_be_written_can_be_read);
    tcase_add_test(cases, processes_do_not_disturb_each_other);
    tcase_add_test(cases, a_directory_that_cannot_be_written_is_no_error); /* forgets variables */
}

int main(void) {
    count_memory();
    return run_suite("opencl_kept_programs", add_tests);
}
