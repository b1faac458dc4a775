/* SPDX-License-Identifier: MIT */
/* Logs for TensorBoard: checksums and records against published values, directories, what is refused. What is in the
 * events is looked at by tensorboard_test.py. */
#include "expect.h"
#include "io/bytes.h"
#include "io/tensorboard/records.h"
#include "temporary.h"

#include <fcntl.h>
#include <math.h>
#include <soma/tensorboard.h>
#include <sys/stat.h>

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

START_TEST(what_is_wrong_is_said) {
    soma_tensorboard *board = NULL;
    expect_error(soma_tensorboard_open("", &board), SOMA_INVALID_ARGUMENT, "no name");
    expect_error(soma_tensorboard_open("x", NULL), SOMA_INVALID_ARGUMENT, "NULL");
    fclose(fopen(temporary_path("file"), "w"));
    expect_error(soma_tensorboard_open(temporary_path("file/below"), &board), SOMA_IO, "file/below", "directory");
    ck_assert_ptr_null(board);
    expect_ok(soma_tensorboard_open(temporary_directory, &board));
    expect_error(soma_tensorboard_scalar(NULL, NULL, "loss", 0, 0), SOMA_INVALID_ARGUMENT, "NULL");
    expect_error(soma_tensorboard_scalar(board, "../up", "loss", 0, 0), SOMA_INVALID_ARGUMENT, "../up", "letters");
    expect_error(soma_tensorboard_scalar(board, "..", "loss", 0, 0), SOMA_INVALID_ARGUMENT, "letters");
    expect_error(soma_tensorboard_scalar(board, NULL, NULL, 0, 0), SOMA_INVALID_ARGUMENT, "tag is NULL");
    expect_error(soma_tensorboard_scalar(board, NULL, "\xff", 0, 0), SOMA_INVALID_ARGUMENT, "tag is no UTF-8");
    expect_error(soma_tensorboard_text(board, NULL, "t", 0, NULL), SOMA_INVALID_ARGUMENT, "text is NULL");
    expect_error(soma_tensorboard_histogram(board, NULL, "w", 0, NULL, 1), SOMA_INVALID_ARGUMENT, "w", "NULL");
    expect_error(soma_tensorboard_png(board, NULL, "p", 0, "GIF89a", 6), SOMA_INVALID_ARGUMENT, "PNG");
    expect_error(soma_tensorboard_graph(board, NULL), SOMA_INVALID_ARGUMENT, "NULL");
    expect_error(soma_tensorboard_epoch(board, NULL, NULL), SOMA_INVALID_ARGUMENT, "NULL");
    soma_tensorboard_close(board);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tensorboard");
    TCase *cases = tcase_create("tensorboard");
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, checksums_are_castagnolis);
    tcase_add_test(cases, a_record_has_its_length_and_checksums);
    tcase_add_test(cases, directories_and_files_are_made);
    tcase_add_test(cases, what_is_wrong_is_said);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
