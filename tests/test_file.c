/* SPDX-License-Identifier: MIT */
/* Reading with a limit, and writing that leaves the old file or the new one, whatever goes wrong. */
#include "base/file.h"
#include "expect.h"
#include "temporary.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

static void expect_content(const char *path, const char *text) {
    soma_buffer buffer;
    expect_ok(soma_file_read(path, 1 << 20, &buffer));
    ck_assert_uint_eq(buffer.size, strlen(text));
    ck_assert_mem_eq(buffer.data, text, buffer.size);
    soma_free(buffer.data);
}

START_TEST(reads_up_to_the_limit) {
    const char *path = temporary_file("ten", "0123456789", 10);
    soma_buffer buffer;
    expect_ok(soma_file_read(path, 10, &buffer));
    ck_assert_uint_eq(buffer.size, 10);
    ck_assert_mem_eq(buffer.data, "0123456789", 10);
    soma_free(buffer.data);
    expect_error(soma_file_read(path, 9, &buffer), SOMA_INVALID_FILE, path, "larger than 9 bytes");
    ck_assert_ptr_null(buffer.data);
    expect_content(temporary_file("nothing", "", 0), "");
}
END_TEST

START_TEST(says_why_it_cannot_read) {
    soma_buffer buffer;
    expect_error(soma_file_read(temporary_path("absent"), 10, &buffer), SOMA_IO, "/absent", "No such file");
    expect_error(soma_file_read(temporary_directory, 10, &buffer), SOMA_IO, temporary_directory, "is a directory",
                 "a file is wanted");
    expect_error(soma_file_read("", 10, &buffer), SOMA_IO, "No such file");
}
END_TEST

static void *fill_pipe(void *path) {
    char block[5000];
    int descriptor = open(path, O_WRONLY);
    for (int i = 0; i < 40; i++) {
        memset(block, 'a' + i % 26, sizeof block);
        if (write(descriptor, block, sizeof block) != (ssize_t)sizeof block) break;
    }
    close(descriptor);
    return NULL;
}

/* A pipe has no size: the memory grows. 40 * 5000 is more than what is taken at first. */
START_TEST(reads_pipes) {
    const char *path = temporary_path("pipe");
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    for (int limit = 200000; limit >= 199999; limit--) {
        pthread_t thread;
        soma_buffer buffer;
        signal(SIGPIPE, SIG_IGN);
        pthread_create(&thread, NULL, fill_pipe, (void *)(uintptr_t)path);
        soma_status status = soma_file_read(path, (size_t)limit, &buffer);
        pthread_join(thread, NULL);
        if (limit == 200000) {
            expect_ok(status);
            ck_assert_uint_eq(buffer.size, 200000);
            for (size_t i = 0; i < buffer.size; i++) ck_assert_int_eq(buffer.data[i], 'a' + (int)(i / 5000 % 26));
            soma_free(buffer.data);
        } else
            expect_error(status, SOMA_INVALID_FILE, "larger than 199999");
    }
}
END_TEST

START_TEST(writes_new_files) {
    mode_t mask = umask(027);
    const char *path = temporary_path("new");
    expect_ok(soma_file_write(path, "hello", 5));
    umask(mask);
    expect_content(path, "hello");
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_int_eq(about.st_mode & 07777, 0640);
    ck_assert_int_eq(temporary_count(), 1);
}
END_TEST

START_TEST(writes_in_the_current_directory) {
    char *before = getcwd(NULL, 0);
    ck_assert_int_eq(chdir(temporary_directory), 0);
    expect_ok(soma_file_write("bare", "name", 4));
    expect_content("bare", "name");
    ck_assert_int_eq(temporary_count(), 1);
    ck_assert_int_eq(chdir(before), 0);
    free(before);
}
END_TEST

START_TEST(replaces_a_file_and_keeps_its_permissions) {
    const char *path = temporary_file("old", "old content", 11);
    ck_assert_int_eq(chmod(path, 0604), 0);
    soma_file_writer writer;
    expect_ok(soma_file_begin(path, &writer));
    expect_ok(soma_file_append(&writer, "new ", 4));
    expect_content(path, "old content");
    expect_ok(soma_file_append(&writer, "content", 7));
    expect_ok(soma_file_append(&writer, NULL, 0));
    expect_ok(soma_file_commit(&writer));
    expect_content(path, "new content");
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_int_eq(about.st_mode & 07777, 0604);
    ck_assert_int_eq(temporary_count(), 1);
    soma_file_abandon(&writer);
    expect_content(path, "new content");
}
END_TEST

START_TEST(follows_symbolic_links) {
    const char *target = temporary_file("target", "old", 3), *link = temporary_path("link");
    ck_assert_int_eq(symlink("target", link), 0);
    expect_ok(soma_file_write(link, "new", 3));
    expect_content(target, "new");
    struct stat about;
    ck_assert_int_eq(lstat(link, &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
}
END_TEST

/* Through two links, the first of which holds a whole path. */
START_TEST(a_link_to_no_file_gets_one) {
    const char *target = temporary_path("not-yet"), *second = temporary_path("second"),
               *first = temporary_path("first");
    ck_assert_int_eq(symlink("not-yet", second), 0);
    ck_assert_int_eq(symlink(second, first), 0);
    expect_ok(soma_file_write(first, "new", 3));
    expect_content(target, "new");
    struct stat about;
    ck_assert_int_eq(lstat(first, &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
    ck_assert_int_eq(lstat(second, &about), 0);
    ck_assert(S_ISLNK(about.st_mode));
}
END_TEST

START_TEST(links_in_a_circle_are_refused) {
    const char *link = temporary_path("link");
    ck_assert_int_eq(symlink("link", link), 0);
    expect_error(soma_file_write(link, "new", 3), SOMA_IO, "cannot write");
}
END_TEST

START_TEST(abandoned_files_leave_no_trace) {
    const char *path = temporary_file("old", "old", 3);
    soma_file_writer writer;
    expect_ok(soma_file_begin(path, &writer));
    expect_ok(soma_file_append(&writer, "torn", 4));
    ck_assert_int_eq(temporary_count(), 2);
    soma_file_abandon(&writer);
    soma_file_abandon(&writer);
    ck_assert_int_eq(temporary_count(), 1);
    expect_content(path, "old");
}
END_TEST

/* What a killed process leaves behind is a temporary file that nobody has locked. */
START_TEST(stale_temporary_files_are_removed) {
    const char *path = temporary_file("old", "old", 3), *stale = temporary_file(".old.0.tmp", "torn, by a process", 18);
    struct stat about;
    ck_assert_int_eq(chmod(stale, 0600), 0);
    ck_assert_int_eq(unlink(path), 0);
    expect_ok(soma_file_write(path, "new", 3));
    expect_content(path, "new");
    ck_assert_int_eq(temporary_count(), 1);
    mode_t mask = umask(0);
    umask(mask);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 07777, 0666 & ~mask); /* not those of the one that was left */
}
END_TEST

START_TEST(several_may_write_to_one_path_at_a_time) {
    const char *path = temporary_path("shared");
    soma_file_writer first, second;
    expect_ok(soma_file_begin(path, &first));
    expect_ok(soma_file_begin(path, &second));
    ck_assert_int_eq(temporary_count(), 2);
    expect_ok(soma_file_append(&first, "first", 5));
    expect_ok(soma_file_append(&second, "second", 6));
    expect_ok(soma_file_commit(&first));
    expect_content(path, "first");
    expect_ok(soma_file_commit(&second));
    expect_content(path, "second");
    ck_assert_int_eq(temporary_count(), 1);
}
END_TEST

START_TEST(long_names_can_be_written) {
    char name[256];
    memset(name, 'n', 255);
    name[255] = 0;
    const char *path = temporary_path(name);
    expect_ok(soma_file_write(path, "content", 7));
    expect_content(path, "content");
}
END_TEST

/* A limit on the size of files stands in for a full disk: write() comes back short, then fails. */
START_TEST(a_failed_write_leaves_the_old_file) {
    const char *path = temporary_file("old", "old", 3);
    static char block[100000];
    struct rlimit before, limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 50000;
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    soma_status status = soma_file_write(path, block, sizeof block);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    expect_error(status, SOMA_IO, path, "cannot write", "too large");
    expect_content(path, "old");
    ck_assert_int_eq(temporary_count(), 1);
}
END_TEST

START_TEST(a_failed_rename_leaves_nothing) {
    const char *path = temporary_path("becomes a directory");
    soma_file_writer writer;
    expect_ok(soma_file_begin(path, &writer));
    ck_assert_int_eq(mkdir(path, 0700), 0);
    expect_error(soma_file_commit(&writer), SOMA_IO, path, "cannot put the new file in place", "directory");
    ck_assert_int_eq(temporary_count(), 1);
}
END_TEST

START_TEST(says_why_it_cannot_write) {
    expect_error(soma_file_write(temporary_directory, "", 0), SOMA_IO, temporary_directory, "is a directory");
    expect_error(soma_file_write("/dev/null", "", 0), SOMA_IO, "/dev/null", "no ordinary file", "wanted");
    expect_error(soma_file_write("", "", 0), SOMA_IO, "No such file");
    expect_error(soma_file_write(temporary_path("no/such/place"), "", 0), SOMA_IO, "no/such/place", "No such file");
    temporary_file("file", "", 0);
    expect_error(soma_file_write(temporary_path("file/below"), "", 0), SOMA_IO, "file/below", "Not a directory");
    if (geteuid() != 0) { /* root may write everywhere */
        const char *path = temporary_file("read only", "old", 3);
        ck_assert_int_eq(chmod(path, 0400), 0);
        expect_error(soma_file_write(path, "new", 3), SOMA_IO, path, "Permission denied");
        expect_content(path, "old");
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("file");
    TCase *cases = tcase_create("file");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, reads_up_to_the_limit);
    tcase_add_test(cases, says_why_it_cannot_read);
    tcase_add_test(cases, reads_pipes);
    tcase_add_test(cases, writes_new_files);
    tcase_add_test(cases, writes_in_the_current_directory);
    tcase_add_test(cases, replaces_a_file_and_keeps_its_permissions);
    tcase_add_test(cases, follows_symbolic_links);
    tcase_add_test(cases, a_link_to_no_file_gets_one);
    tcase_add_test(cases, links_in_a_circle_are_refused);
    tcase_add_test(cases, abandoned_files_leave_no_trace);
    tcase_add_test(cases, stale_temporary_files_are_removed);
    tcase_add_test(cases, several_may_write_to_one_path_at_a_time);
    tcase_add_test(cases, long_names_can_be_written);
    tcase_add_test(cases, a_failed_write_leaves_the_old_file);
    tcase_add_test(cases, a_failed_rename_leaves_nothing);
    tcase_add_test(cases, says_why_it_cannot_write);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
