/* SPDX-License-Identifier: MIT */
/* Logs for TensorBoard: checksums and records against published values, directories, what is refused. What is in the
 * events is looked at by tensorboard_test.py. */
#include "expect.h"
#include "io/bytes.h"
#include "io/tensorboard/records.h"
#include "temporary.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <soma/tensorboard.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The name of the machine as a test wants it, in place of the C library's; NULL: there is none. Where there is no room
 * for all of it the function may fail, or cut it off without an end. Not static: with _FORTIFY_SOURCE the C library
 * declares the function inline, and such a one may not use what is static. */
extern const char *test_machine;
const char *test_machine = "machine";
int gethostname(char *name, size_t size) {
    const size_t whole = test_machine ? strlen(test_machine) + 1 : 0;
    if (!test_machine || (whole > size && whole <= 65)) return -1;
    memcpy(name, test_machine, SOMA_MIN(whole, size));
    return 0;
}

/* RFC 3720, appendix B.4, and the usual check of nine digits. */
START_TEST(checksums_are_castagnolis) {
    uint8_t zeros[32] = {0}, ones[32], rising[32];
    memset(ones, 0xff, sizeof ones);
    for (size_t i = 0; i < sizeof rising; i++) rising[i] = (uint8_t)i;
    ck_assert_uint_eq(soma_crc32c("123456789", 9), 0xe3069283);
    ck_assert_uint_eq(soma_crc32c(zeros, 32), 0x8a9136aa);
    ck_assert_uint_eq(soma_crc32c(ones, 32), 0x62a8ab43);
    ck_assert_uint_eq(soma_crc32c(rising, 32), 0x46dd794e);
    ck_assert_uint_eq(soma_crc32c("", 0), 0);
    /* 0xe3069283 turned right by 15 bits is 0x2507c60d; that and 0xa282ead8 is 0xc78ab0e5. */
    ck_assert_uint_eq(soma_crc32c_masked("123456789", 9), 0xc78ab0e5);
}
END_TEST

START_TEST(a_record_has_its_length_and_checksums) {
    uint8_t read_back[64];
    const char *path = temporary_path("record");
    int descriptor = open(path, O_RDWR | O_CREAT, 0600);
    ck_assert_int_ge(descriptor, 0);
    expect_ok(soma_record_append(path, descriptor, "123456789", 9));
    expect_ok(soma_record_append(path, descriptor, "", 0));
    ck_assert_int_eq(pread(descriptor, read_back, sizeof read_back, 0), 12 + 9 + 4 + 12 + 4);
    ck_assert_uint_eq(soma_load_le64(read_back), 9);
    ck_assert_uint_eq(soma_load_le32(read_back + 8), soma_crc32c_masked("\t\0\0\0\0\0\0\0", 8));
    ck_assert_mem_eq(read_back + 12, "123456789", 9);
    ck_assert_uint_eq(soma_load_le32(read_back + 21), 0xc78ab0e5);
    ck_assert_uint_eq(soma_load_le64(read_back + 25), 0);
    close(descriptor);
    expect_error(soma_record_append("there", -1, "1", 1), SOMA_IO, "there", "cannot write");
}
END_TEST

START_TEST(directories_and_files_are_made) {
    soma_tensorboard *first, *second;
    struct stat about;
    expect_ok(soma_tensorboard_open(temporary_path("a/b/c"), &first));
    expect_ok(soma_tensorboard_open(temporary_path("a/b/c"), &second)); /* there already */
    ck_assert_int_eq(stat(temporary_path("a/b/c"), &about), 0);
    expect_ok(soma_tensorboard_scalar(first, "train", "loss", 1, 0.5));
    expect_ok(soma_tensorboard_scalar(second, "train", "loss", 1, 0.25)); /* into a file of its own */
    expect_ok(soma_tensorboard_scalar(first, NULL, "loss", 1, 0.5));
    expect_ok(soma_tensorboard_histogram(first, "train", "w", 1, (const float[]){NAN, INFINITY}, 2)); /* nothing */
    soma_tensorboard_close(first);
    soma_tensorboard_close(second);
    soma_tensorboard_close(NULL);
    DIR *directory = opendir(temporary_path("a/b/c/train"));
    size_t files = 0;
    while (readdir(directory)) files++;
    closedir(directory);
    ck_assert_uint_eq(files, 2 + 2);
}
END_TEST

/* A name that no file can have is none; the longest that Linux has stands whole. */
START_TEST(files_are_named_after_machine_and_process) {
    static const char longest[] = "0123456789012345678901234567890123456789012345678901234567890123";
    static const char more[] = "01234567890123456789012345678901234567890123456789012345678901234567";
    static const char cut_off[] = "01234567890123456789012345678901234567890123456789012345678901234";
    static const char *const names[][2] = {{"box", "box"},      {longest, longest}, {more, cut_off},
                                           {NULL, "localhost"}, {"", "localhost"},  {"a/b", "localhost"}};
    soma_tensorboard *board;
    char run[16], host[80];
    expect_ok(soma_tensorboard_open(temporary_path("named"), &board));
    for (size_t i = 0; i < SOMA_COUNT_OF(names); i++) {
        long long seconds;
        long process;
        int number = -1;
        snprintf(run, sizeof run, "named/r%zu", i);
        test_machine = names[i][0];
        expect_ok(soma_tensorboard_scalar(board, run + strlen("named/"), "loss", 1, 0.5));
        DIR *directory = opendir(temporary_path(run));
        struct dirent *entry;
        while ((entry = readdir(directory)) && *entry->d_name == '.') {
        }
        ck_assert_ptr_nonnull(entry);
        ck_assert_msg(
            sscanf(entry->d_name, "events.out.tfevents.%lld.%79[^.].%ld.%d", &seconds, host, &process, &number) == 4 &&
                number == 0 && process == (long)getpid(),
            "%s", entry->d_name);
        ck_assert_str_eq(host, names[i][1]);
        closedir(directory);
    }
    test_machine = "machine";
    soma_tensorboard_close(board);
}
END_TEST

/* 0 is a number of a file like any other, where standard input is closed; and all go back. */
START_TEST(descriptors_are_given_back) {
    soma_tensorboard *board;
    struct rlimit limit;
    const int input = dup(0), next = dup(0);
    close(next);
    expect_ok(soma_tensorboard_open(temporary_path("descriptors"), &board));
    getrlimit(RLIMIT_NOFILE, &limit);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){0, limit.rlim_max});
    soma_status status = soma_tensorboard_scalar(board, "r", "loss", 1, 0.5);
    setrlimit(RLIMIT_NOFILE, &limit);
    expect_error(status, SOMA_IO, "descriptors/r/events.out", "cannot be made", "Too many open files");
    close(0);
    errno = 0;
    expect_ok(soma_tensorboard_scalar(board, "s", "loss", 1, 0.5));
    expect_ok(soma_tensorboard_scalar(board, "r", "loss", 1, 0.5));
    soma_tensorboard_close(board);
    ck_assert_int_eq(dup(input), 0);
    const int now_next = dup(0);
    ck_assert_int_eq(now_next, next);
    close(now_next);
    close(input);
}
END_TEST

START_TEST(what_is_wrong_is_said) {
    soma_tensorboard *board = NULL;
    char run[102] = "";
    expect_error(soma_tensorboard_open("", &board), SOMA_INVALID_ARGUMENT, "no name");
    expect_error(soma_tensorboard_open("x", NULL), SOMA_INVALID_ARGUMENT, "NULL");
    fclose(fopen(temporary_path("file"), "w"));
    expect_error(soma_tensorboard_open(temporary_path("file/below"), &board), SOMA_IO, "file/below", "directory");
    ck_assert_ptr_null(board);
    expect_ok(soma_tensorboard_open(temporary_directory, &board));
    expect_error(soma_tensorboard_scalar(NULL, NULL, "loss", 0, 0), SOMA_INVALID_ARGUMENT, "NULL");
    expect_error(soma_tensorboard_scalar(board, "../up", "loss", 0, 0), SOMA_INVALID_ARGUMENT, "../up", "letters");
    expect_error(soma_tensorboard_scalar(board, "..", "loss", 0, 0), SOMA_INVALID_ARGUMENT, "letters");
    expect_error(soma_tensorboard_scalar(board, ".", "loss", 0, 0), SOMA_INVALID_ARGUMENT, "letters");
    expect_error(soma_tensorboard_scalar(board, memset(run, 'r', 101), "loss", 0, 0), SOMA_INVALID_ARGUMENT, "letters");
    expect_ok(soma_tensorboard_scalar(board, run + 1, "loss", 0, 0)); /* 100 may be */
    expect_error(soma_tensorboard_scalar(board, NULL, NULL, 0, 0), SOMA_INVALID_ARGUMENT, "tag is NULL");
    expect_error(soma_tensorboard_scalar(board, NULL, "\xff", 0, 0), SOMA_INVALID_ARGUMENT, "tag is no UTF-8");
    expect_error(soma_tensorboard_text(board, NULL, "t", 0, NULL), SOMA_INVALID_ARGUMENT, "text is NULL");
    expect_error(soma_tensorboard_histogram(board, NULL, "w", 0, NULL, 1), SOMA_INVALID_ARGUMENT, "w", "NULL");
    expect_error(soma_tensorboard_hparams(board, NULL, NULL, 1), SOMA_INVALID_ARGUMENT, "params are NULL");
    expect_error(soma_tensorboard_hparams(board, NULL, &(soma_hparam){"\xff", NULL, 1}, 1), SOMA_INVALID_ARGUMENT,
                 "name of a hyperparameter");
    expect_error(soma_tensorboard_hparams_end(NULL, NULL, true), SOMA_INVALID_ARGUMENT, "NULL");
    expect_error(soma_tensorboard_experiment(board, NULL, 1, NULL, 0), SOMA_INVALID_ARGUMENT, "params are NULL");
    expect_error(soma_tensorboard_experiment(board, NULL, 0, NULL, 1), SOMA_INVALID_ARGUMENT, "metrics are NULL");
    expect_error(
        soma_tensorboard_experiment(board, &(soma_hparam_domain){.name = "lr", .least = 2, .most = 1}, 1, NULL, 0),
        SOMA_INVALID_ARGUMENT, "lr", "from 2 to 1");
    expect_error(soma_tensorboard_experiment(board, &(soma_hparam_domain){.name = "lr", .count = 1}, 1, NULL, 0),
                 SOMA_INVALID_ARGUMENT, "values of lr are NULL");
    expect_error(soma_tensorboard_png(board, NULL, "p", 0, "GIF89a", 6), SOMA_INVALID_ARGUMENT, "PNG");
    expect_error(soma_tensorboard_graph(board, NULL), SOMA_INVALID_ARGUMENT, "NULL");
    expect_error(soma_tensorboard_epoch(board, NULL, NULL), SOMA_INVALID_ARGUMENT, "epoch is NULL");
    soma_tensorboard_close(board);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- reading */

typedef struct number {
    char run[32], tag[32];
    int64_t step;
    double value;
} number;

typedef struct numbers {
    number list[16];
    size_t count, stop_at; /* 0: never */
} numbers;

static soma_status keep_number(void *context, const char *run, const char *tag, int64_t step, double value) {
    numbers *all = context;
    ck_assert_uint_lt(all->count, 16);
    number *next = &all->list[all->count++];
    snprintf(next->run, sizeof next->run, "%s", run);
    snprintf(next->tag, sizeof next->tag, "%s", tag);
    next->step = step;
    next->value = value;
    return all->count == all->stop_at ? SOMA_STOPPED : SOMA_OK;
}

START_TEST(what_is_written_is_read) {
    soma_tensorboard *board;
    numbers all = {.count = 0}, two = {.stop_at = 2};
    expect_ok(soma_tensorboard_open(temporary_path("runs"), &board));
    expect_ok(soma_tensorboard_scalar(board, NULL, "own", -3, 1e300)); /* infinite in float32 */
    expect_ok(soma_tensorboard_scalar(board, "train", "loss", 1, 0.5));
    expect_ok(soma_tensorboard_histogram(board, "train", "w", 1, (const float[]){1, 2}, 2));
    expect_ok(soma_tensorboard_text(board, "train", "options", 1, "none"));
    expect_ok(soma_tensorboard_scalar(board, "train", "loss", INT64_MAX, (double)NAN));
    soma_tensorboard_close(board);
    /* The run of a run, as others have them. */
    expect_ok(soma_tensorboard_open(temporary_path("runs/train/late"), &board));
    expect_ok(soma_tensorboard_scalar(board, NULL, "loss", 2, -0.25));
    soma_tensorboard_close(board);
    fclose(fopen(temporary_path("runs/train/notes.txt"), "w"));

    expect_ok(soma_tensorboard_read(temporary_path("runs"), keep_number, &all));
    ck_assert_uint_eq(all.count, 4);
    ck_assert_str_eq(all.list[0].run, "");
    ck_assert_str_eq(all.list[0].tag, "own");
    ck_assert_int_eq(all.list[0].step, -3);
    ck_assert_double_infinite(all.list[0].value);
    ck_assert_str_eq(all.list[1].run, "train");
    ck_assert_double_eq(all.list[1].value, 0.5);
    ck_assert_int_eq(all.list[2].step, INT64_MAX);
    ck_assert_double_nan(all.list[2].value);
    ck_assert_str_eq(all.list[3].run, "train/late");
    ck_assert_double_eq(all.list[3].value, -0.25);
    ck_assert_int_eq(soma_tensorboard_read(temporary_path("runs"), keep_number, &two), SOMA_STOPPED);
    ck_assert_uint_eq(two.count, 2);
    expect_error(soma_tensorboard_read(NULL, keep_number, &all), SOMA_INVALID_ARGUMENT, "directory is NULL");
    expect_error(soma_tensorboard_read("x", NULL, &all), SOMA_INVALID_ARGUMENT, "read is NULL");
    expect_error(soma_tensorboard_read(temporary_path("none"), keep_number, &all), SOMA_IO, "none", "directory");
}
END_TEST

/* Fields by the schema's numbers: tag 1, value 2, tensor 8 with type 1, content 4, floats 5, doubles 6. */
#define TENSOR(...)                                                                                                    \
    "\x0a\x01"                                                                                                         \
    "t"                                                                                                                \
    "\x42" __VA_ARGS__
static const struct {
    const char *what, *value; /* of a summary, which stands in its event at once */
    size_t size;
    int found; /* -1: it is no event */
    double expected;
} values[] = {
    {"a number", "\x0a\x01t\x15\x00\x00\x80\x3f", 8, 1, 1},
    {"floats, packed", TENSOR("\x08\x08\x01\x2a\x04\x00\x00\x80\x3f"), 13, 1, 1},
    {"floats, one by one", TENSOR("\x07\x08\x01\x2d\x00\x00\x80\x3f"), 12, 1, 1},
    {"doubles", TENSOR("\x0c\x08\x02\x32\x08\x00\x00\x00\x00\x00\x00\x00\x40"), 17, 1, 2},
    {"content of a float", TENSOR("\x08\x08\x01\x22\x04\x00\x00\x80\x3f"), 13, 1, 1},
    {"content of a double", TENSOR("\x0c\x08\x02\x22\x08\x00\x00\x00\x00\x00\x00\x00\x40"), 17, 1, 2},
    {"two floats", TENSOR("\x0c\x08\x01\x22\x08\x00\x00\x80\x3f\x00\x00\x80\x3f"), 17, 0, 0},
    {"no tag", "\x15\x00\x00\x80\x3f", 5, 0, 0},
    {"a tag of half a character", "\x0a\x01\xc3\x15\x00\x00\x80\x3f", 8, -1, 0},
    {"a tag with a zero byte", "\x0a\x01\x00\x15\x00\x00\x80\x3f", 8, -1, 0},
    {"a number cut short", "\x0a\x01t\x15\x00\x00", 6, -1, 0},
    {"a length beyond the end", "\x0a\x09t", 3, -1, 0},
    {"a group", "\x0b", 1, -1, 0},
    {"a number that does not end", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 11, -1, 0},
};

START_TEST(numbers_are_found_wherever_they_stand) {
    uint8_t event[64] = {0x10, 5, 0x2a, (uint8_t)(values[_i].size + 2), 0x0a, (uint8_t)values[_i].size};
    numbers all = {.count = 0};
    memcpy(event + 6, values[_i].value, values[_i].size);
    const char *path = temporary_path("events.out.tfevents.1");
    int descriptor = open(path, O_WRONLY | O_CREAT, 0600);
    expect_ok(soma_record_append(path, descriptor, event, 6 + values[_i].size));
    close(descriptor);
    soma_status status = soma_tensorboard_read(temporary_directory, keep_number, &all);
    if (values[_i].found < 0) {
        expect_error(status, SOMA_INVALID_FILE, "tfevents.1", "offset 12", "no event");
        return;
    }
    expect_ok(status);
    ck_assert_msg(all.count == (size_t)values[_i].found, "%s: %zu", values[_i].what, all.count);
    if (!all.count) return;
    ck_assert_int_eq(all.list[0].step, 5);
    ck_assert_msg(all.list[0].value == values[_i].expected, "%s: %g", values[_i].what, all.list[0].value);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tensorboard");
    TCase *cases = tcase_create("tensorboard");
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, checksums_are_castagnolis);
    tcase_add_test(cases, a_record_has_its_length_and_checksums);
    tcase_add_test(cases, directories_and_files_are_made);
    tcase_add_test(cases, files_are_named_after_machine_and_process);
    tcase_add_test(cases, descriptors_are_given_back);
    tcase_add_test(cases, what_is_wrong_is_said);
    tcase_add_test(cases, what_is_written_is_read);
    tcase_add_loop_test(cases, numbers_are_found_wherever_they_stand, 0, (int)SOMA_COUNT_OF(values));
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
