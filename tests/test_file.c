/* SPDX-License-Identifier: MIT */
/* Reading with a limit, and writing that leaves the old file or the new one, whatever goes wrong. */
#include "base/file.h"
#include "base/utf8.h"
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

/* Every length that a name may have, of letters of one byte and of two: the temporary name is no longer. */
START_TEST(long_names_can_be_written) {
    for (int length = 20; length <= 256; length += length < 240 ? 11 : 1) {
        char name[257] = {0};
        for (int wide = 0; wide < 2; wide++) {
            memset(name, 'n', (size_t)length);
            for (int i = length % 2; wide && i < length; i += 2) memcpy(name + i, "\xc3\xa9", 2);
            const char *path = temporary_path(name);
            if (length > 255) {
                expect_error(soma_file_check(path), SOMA_IO, "name too long");
                expect_error(soma_file_write(path, "content", 7), SOMA_IO, "name too long");
                continue;
            }
            soma_file_writer writer;
            expect_ok(soma_file_check(path));
            expect_ok(soma_file_begin(path, &writer));
            const char *temporary = strrchr(writer.temporary, '/') + 1;
            ck_assert(length < 32 || strlen(temporary) <= (size_t)length);
            ck_assert(soma_utf8_check(temporary, strlen(temporary), &(size_t){0}));
            expect_ok(soma_file_append(&writer, "content", 7));
            expect_ok(soma_file_commit(&writer));
            expect_content(path, "content");
            ck_assert_int_eq(temporary_count(), 1);
            ck_assert_int_eq(unlink(path), 0);
        }
    }
}
END_TEST

/* Where a path is as long as it may be, too: 4095 bytes. */
START_TEST(long_paths_can_be_written) {
    enum { LONGEST = 4095, NAME = 40, DIRECTORY = 200 };
    char path[LONGEST + 2];
    size_t length = (size_t)snprintf(path, sizeof path, "%s", temporary_directory), base = length;
    while (length < LONGEST - NAME - 1) {
        size_t room = LONGEST - NAME - 1 - length, part = room > 2 * DIRECTORY ? DIRECTORY : room / 2 + 1;
        path[length] = '/';
        memset(path + length + 1, 'd', part - 1);
        path[length += part] = 0;
        ck_assert_int_eq(mkdir(path, 0700), 0);
    }
    path[length] = '/';
    memset(path + length + 1, 'n', NAME);
    path[LONGEST] = 0;
    expect_ok(soma_file_check(path));
    expect_ok(soma_file_write(path, "content", 7));
    expect_content(path, "content");
    ck_assert_int_eq(unlink(path), 0);
    /* A short name in a long directory: there is no room for a temporary one, which is told beforehand. */
    memset(path + length + 1, 'd', NAME - 4);
    path[LONGEST - 3] = 0;
    ck_assert_int_eq(mkdir(path, 0700), 0);
    memcpy(path + LONGEST - 3, "/nn", 4);
    expect_error(soma_file_check(path), SOMA_IO, "name too long");
    expect_error(soma_file_write(path, "content", 7), SOMA_IO, "name too long");
    length = LONGEST - 3;
    while (length > base) {
        path[length] = 0;
        ck_assert_int_eq(rmdir(path), 0);
        length = (size_t)(strrchr(path, '/') - path);
    }
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

/* What is refused is refused beforehand in the same words, and asking makes nothing. */
static void expect_unwritable(const char *path, const char *reason) {
    int before = temporary_count();
    expect_error(soma_file_check(path), SOMA_IO, path, reason);
    ck_assert_int_eq(temporary_count(), before);
    expect_error(soma_file_write(path, "new", 3), SOMA_IO, path, reason);
    ck_assert_int_eq(temporary_count(), before);
}

START_TEST(says_why_it_cannot_write) {
    expect_unwritable(temporary_directory, "is a directory");
    expect_unwritable("/dev/null", "no ordinary file; a new file or an ordinary one to replace is wanted");
    expect_unwritable("", "No such file");
    expect_unwritable(temporary_path("no/such/place"), "No such file");
    temporary_file("file", "", 0);
    expect_unwritable(temporary_path("file/below"), "Not a directory");
    ck_assert_int_eq(symlink("no/such/place", temporary_path("dangling")), 0);
    expect_error(soma_file_check(temporary_path("dangling")), SOMA_IO, "no/such/place", "No such file");
    expect_error(soma_file_write(temporary_path("dangling"), "new", 3), SOMA_IO, "no/such/place", "No such file");
    ck_assert_int_eq(symlink("circle", temporary_path("circle")), 0);
    expect_unwritable(temporary_path("circle"), "cannot write");
    if (geteuid() != 0) { /* root may write everywhere */
        const char *path = temporary_file("read only", "old", 3);
        ck_assert_int_eq(chmod(path, 0400), 0);
        expect_unwritable(path, "Permission denied");
        expect_content(path, "old");
        ck_assert_int_eq(chmod(temporary_directory, 0500), 0);
        expect_unwritable(temporary_path("new"), "Permission denied");
        ck_assert_int_eq(chmod(temporary_directory, 0700), 0);
    }
}
END_TEST

/* A new file, one to replace, and links to either. */
START_TEST(what_can_be_written_is_told_beforehand) {
    const char *names[] = {"new", "old", "to-new", "to-old"};
    temporary_file("old", "old", 3);
    ck_assert_int_eq(symlink("new", temporary_path("to-new")), 0);
    ck_assert_int_eq(symlink("old", temporary_path("to-old")), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) expect_ok(soma_file_check(temporary_path(names[i])));
    ck_assert_int_eq(temporary_count(), 3);
    expect_content(temporary_path("old"), "old");
}
END_TEST

/* The public forms. */
START_TEST(applications_write_whole_files) {
    const char *path = temporary_path("result");
    expect_ok(soma_check_writable(path));
    expect_ok(soma_write_file(path, "text", 4));
    expect_content(path, "text");
    expect_ok(soma_write_file(path, NULL, 0));
    expect_content(path, "");
    expect_error(soma_check_writable(temporary_directory), SOMA_IO, "is a directory");
    expect_error(soma_write_file(temporary_directory, "text", 4), SOMA_IO, "is a directory");
    expect_error(soma_check_writable(NULL), SOMA_INVALID_ARGUMENT, "path is NULL");
    expect_error(soma_write_file(NULL, "text", 4), SOMA_INVALID_ARGUMENT, "path is NULL");
    expect_error(soma_write_file(path, NULL, 4), SOMA_INVALID_ARGUMENT, "data is NULL");
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
    tcase_add_test(cases, long_paths_can_be_written);
    tcase_add_test(cases, a_failed_write_leaves_the_old_file);
    tcase_add_test(cases, a_failed_rename_leaves_nothing);
    tcase_add_test(cases, says_why_it_cannot_write);
    tcase_add_test(cases, what_can_be_written_is_told_beforehand);
    tcase_add_test(cases, applications_write_whole_files);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
