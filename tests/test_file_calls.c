/* SPDX-License-Identifier: MIT */
/*
 * The system calls by which files are read and written: interrupted at every turn, short, failing; and in which order
 * a new file reaches the disk. The linker puts these wrappers round them.
 */
#include "base/file.h"
#include "expect.h"
#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>

/* ------------------------------------------------------------------------------------------------------ wrappers */

static struct {
    bool interrupted; /* every other call is, and the rest transfer a few bytes at most */
    unsigned calls;
    char order[64]; /* of what brings a file to the disk: f, d: fsync of a file, a directory; r: rename */
    const char *fails;
    int reason; /* the first call of this kind that `order` would have fails with this errno */
} watched;

static bool interrupts(void) {
    if (!watched.interrupted || watched.calls++ % 2) return false;
    errno = EINTR;
    return true;
}

static size_t part_of(size_t size) {
    return watched.interrupted ? SOMA_MIN(size, (size_t)7) : size;
}

/* Takes note of it; false: it is to fail. */
static bool note(char kind) {
    size_t length = strlen(watched.order);
    if (length + 1 < sizeof watched.order) watched.order[length] = kind;
    if (!watched.fails || *watched.fails != kind) return true;
    watched.fails = NULL;
    errno = watched.reason;
    return false;
}

ssize_t __real_read(int descriptor, void *data, size_t size);
ssize_t __wrap_read(int descriptor, void *data, size_t size);
ssize_t __wrap_read(int descriptor, void *data, size_t size) {
    return interrupts() ? -1 : __real_read(descriptor, data, part_of(size));
}

ssize_t __real_write(int descriptor, const void *data, size_t size);
ssize_t __wrap_write(int descriptor, const void *data, size_t size);
ssize_t __wrap_write(int descriptor, const void *data, size_t size) {
    return interrupts() ? -1 : __real_write(descriptor, data, part_of(size));
}

ssize_t __real_pread64(int descriptor, void *data, size_t size, off_t offset);
ssize_t __wrap_pread64(int descriptor, void *data, size_t size, off_t offset);
ssize_t __wrap_pread64(int descriptor, void *data, size_t size, off_t offset) {
    return interrupts() ? -1 : __real_pread64(descriptor, data, part_of(size), offset);
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    /* Nothing but the end of a pipe waits in opening. */
    bool waits = !(flags & (O_CREAT | O_DIRECTORY | O_NONBLOCK));
    return waits && interrupts() ? -1 : __real_open64(path, flags, mode);
}

int __real_fsync(int descriptor);
int __wrap_fsync(int descriptor);
int __wrap_fsync(int descriptor) {
    struct stat about;
    if (interrupts()) return -1;
    ck_assert_int_eq(fstat(descriptor, &about), 0);
    return note(S_ISDIR(about.st_mode) ? 'd' : 'f') ? __real_fsync(descriptor) : -1;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to) {
    return note('r') ? __real_rename(from, to) : -1;
}

static void unwatch(void) {
    memset(&watched, 0, sizeof watched);
}

/* --------------------------------------------------------------------------------------------------------- tests */

enum { SIZE = 1000 };

static uint8_t content[SIZE];

static void expect_content(const char *path) {
    soma_buffer buffer;
    expect_ok(soma_file_read(path, SIZE, &buffer));
    ck_assert_uint_eq(buffer.size, SIZE);
    ck_assert_mem_eq(buffer.data, content, SIZE);
    soma_free(buffer.data);
}

START_TEST(interrupted_calls_are_made_again) {
    const char *path = temporary_path("file");
    uint8_t part[300] = {0};
    int descriptor;
    uint64_t size;
    size_t got;
    watched.interrupted = true;
    expect_ok(soma_file_write(path, content, SIZE));
    ck_assert_str_eq(watched.order, "frd");
    expect_content(path);
    watched.calls = 0; /* the next is interrupted */
    expect_ok(soma_file_open(path, &descriptor, &size));
    ck_assert_uint_eq(size, SIZE);
    ck_assert(soma_file_read_at(descriptor, 600, part, sizeof part, &got));
    ck_assert_uint_eq(got, sizeof part);
    ck_assert_mem_eq(part, content + 600, sizeof part);
    ck_assert(soma_file_read_at(descriptor, 900, part, sizeof part, &got)); /* ends before */
    ck_assert_uint_eq(got, 100);
    ck_assert_mem_eq(part, content + 900, 100);
    close(descriptor);
    unwatch();
    expect_content(path);
}
END_TEST

/* First the content, then the name, then the directory that has the name: else a power failure could leave the new name
 * with no content, or bring back the old file after all was said to be done. */
START_TEST(a_file_is_on_the_disk_before_its_name) {
    const char *path = temporary_path("file");
    for (int i = 0; i < 2; i++) { /* a new one, and one that is replaced */
        expect_ok(soma_file_write(path, content, SIZE));
        ck_assert_str_eq(watched.order, "frd");
        unwatch();
    }
    float value = 1;
    const soma_array array = {.data = &value, .dtype = SOMA_F32, .rank = 1, .shape = {1}};
    expect_ok(soma_write_npy(temporary_path("array.npy"), &array));
    ck_assert_str_eq(watched.order, "frd");
}
END_TEST

/* The old file is there after a failure of what comes before its replacement, and nothing is beside it. */
START_TEST(a_failure_on_the_way_to_the_disk_is_told) {
    static const struct {
        const char *fails, *words;
        bool replaced;
    } cases[] = {{"f", "cannot bring it to the disk", false},
                 {"r", "cannot put the new file in place", false},
                 {"d", "its directory cannot be synced", true}};
    const char *path = temporary_path("file");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unwatch();
        expect_ok(soma_file_write(path, content, SIZE));
        watched.fails = cases[i].fails;
        watched.reason = EIO;
        expect_error(soma_file_write(path, "new", 3), SOMA_IO, path, cases[i].words, "Input/output error");
        soma_buffer buffer;
        expect_ok(soma_file_read(path, SIZE, &buffer));
        ck_assert_uint_eq(buffer.size, cases[i].replaced ? 3 : SIZE);
        soma_free(buffer.data);
        ck_assert_int_eq(temporary_count(), 1);
    }
}
END_TEST

/* A pipe, or a file system that cannot sync a directory. */
START_TEST(what_cannot_be_synced_is_written_all_the_same) {
    const char *path = temporary_path("file");
    for (const char *kind = "fd"; *kind; kind++) {
        unwatch();
        watched.fails = kind;
        watched.reason = EINVAL;
        expect_ok(soma_file_write(path, content, SIZE));
        ck_assert_str_eq(watched.order, "frd");
        expect_content(path);
    }
}
END_TEST

static void set_up(void) {
    temporary_create();
    for (size_t i = 0; i < SIZE; i++) content[i] = (uint8_t)(i * 7 + i / 256);
}

static void tear_down(void) {
    unwatch();
    temporary_destroy();
}

int main(void) {
    Suite *suite = suite_create("file-calls");
    TCase *cases = tcase_create("file-calls");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, interrupted_calls_are_made_again);
    tcase_add_test(cases, a_file_is_on_the_disk_before_its_name);
    tcase_add_test(cases, a_failure_on_the_way_to_the_disk_is_told);
    tcase_add_test(cases, what_cannot_be_synced_is_written_all_the_same);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
