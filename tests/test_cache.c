/* SPDX-License-Identifier: MIT */
/* Where files are kept that can be made again, and files that need not be there. */
#include "base/cache.h"
#include "base/file.h"
#include "expect.h"
#include "suite.h"
#include "temporary.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const variables[] = {"SOMA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"};

/* The path of "x" where the variables have these values, NULL for none. */
static void expect_path(const char *own, const char *caches, const char *home, const char *expected) {
    const char *const values[] = {own, caches, home};
    char *path = NULL, *before[3];
    for (size_t i = 0; i < 3; i++) {
        before[i] = getenv(variables[i]) ? soma_strdup(getenv(variables[i])) : NULL;
        unsetenv(variables[i]);
        if (values[i]) setenv(variables[i], values[i], 1);
    }
    expect_ok(soma_cache_path("x", &path));
    for (size_t i = 0; i < 3; i++) {
        unsetenv(variables[i]);
        if (before[i]) setenv(variables[i], before[i], 1);
        soma_free(before[i]);
    }
    if (expected)
        ck_assert_pstr_eq(path, expected);
    else
        ck_assert_ptr_null(path);
    soma_free(path);
}

START_TEST(the_first_variable_that_names_a_directory_counts) {
    expect_path("/own", "/caches", "/home/me", "/own/x");
    expect_path("own", NULL, NULL, "own/x");
    expect_path(NULL, "/caches", "/home/me", "/caches/soma/x");
    expect_path("", "/caches", "/home/me", "/caches/soma/x");
    expect_path(NULL, NULL, "/home/me", "/home/me/.cache/soma/x");
    expect_path(NULL, "", "/home/me", "/home/me/.cache/soma/x");
    expect_path(NULL, "caches", "/home/me", "/home/me/.cache/soma/x"); /* as the XDG base directories want it */
    expect_path(NULL, NULL, "me", NULL);
    expect_path("", "", "", NULL);
    expect_path(NULL, NULL, NULL, NULL);
}
END_TEST

static mode_t mode_of(const char *path) {
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    return about.st_mode & 07777;
}

START_TEST(directories_are_made_for_this_user_alone) {
    temporary_create();
    expect_ok(soma_cache_prepare(temporary_path("one/two/file")));
    ck_assert_uint_eq(mode_of(temporary_path("one")), 0700);
    ck_assert_uint_eq(mode_of(temporary_path("one/two")), 0700);
    expect_ok(soma_cache_prepare(temporary_path("one/two/file"))); /* there already */
    const char *file = temporary_file("file", "x", 1);
    expect_error(soma_cache_prepare(temporary_path("file/x")), SOMA_IO, file, "SOMA_CACHE_DIR");
    expect_error(soma_cache_prepare(temporary_path("file/one/x")), SOMA_IO, file, "SOMA_CACHE_DIR");
    rmdir(temporary_path("one/two"));
    temporary_destroy();
}
END_TEST

START_TEST(a_file_need_not_be_there) {
    soma_buffer buffer;
    bool there = true;
    temporary_create();
    expect_ok(soma_file_read_if_there(temporary_path("none"), 10, &buffer, &there));
    ck_assert(!there && !buffer.data);
    const char *file = temporary_file("file", "0123456789", 10);
    expect_ok(soma_file_read_if_there(temporary_path("file/below"), 10, &buffer, &there));
    ck_assert(!there);
    expect_ok(soma_file_read_if_there(file, 10, &buffer, &there));
    ck_assert(there && buffer.size == 10 && memcmp(buffer.data, "0123456789", 10) == 0);
    soma_free(buffer.data);
    expect_error(soma_file_read_if_there(file, 9, &buffer, &there), SOMA_INVALID_FILE, "larger than 9 bytes");
    expect_error(soma_file_read_if_there(temporary_directory, 9, &buffer, &there), SOMA_IO, "no ordinary file");
    const char *pipe = temporary_path("pipe");
    ck_assert_int_eq(mkfifo(pipe, 0600), 0); /* nobody writes into it */
    expect_error(soma_file_read_if_there(pipe, 9, &buffer, &there), SOMA_IO, "no ordinary file");
    const char *loop = temporary_path("loop");
    ck_assert_int_eq(symlink("loop", loop), 0);
    expect_error(soma_file_read_if_there(loop, 9, &buffer, &there), SOMA_IO, loop, strerror(ELOOP));
    temporary_destroy();
}
END_TEST

/* Published test vectors of 64-bit FNV-1a. */
START_TEST(the_hash_is_fnv_1a) {
    ck_assert(soma_cache_hash("", 0) == 0xcbf29ce484222325u);
    ck_assert(soma_cache_hash("a", 1) == 0xaf63dc4c8601ec8cu);
    ck_assert(soma_cache_hash("foobar", 6) == 0x85944171f73967e8u);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, the_first_variable_that_names_a_directory_counts);
    tcase_add_test(cases, directories_are_made_for_this_user_alone);
    tcase_add_test(cases, a_file_need_not_be_there);
    tcase_add_test(cases, the_hash_is_fnv_1a);
}

int main(void) {
    return run_suite("cache", add_tests);
}
