/* SPDX-License-Identifier: MIT */
/* NumPy's array files, byte by byte as NumPy's own description of the format has them. */
#include "base/file.h"
#include "expect.h"
#include "io/npy/npy.h"
#include "temporary.h"

/* The elements are in the order of bytes of this machine, and the dictionary says which that is. */
static void expect_file(const char *path, const char *dictionary, const void *data, size_t size) {
    char expected[200];
    snprintf(expected, sizeof expected, "%s", dictionary);
    char *order = strchr(expected, '<');
    if (order && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__) *order = '>';
    soma_buffer buffer;
    expect_ok(soma_file_read(path, 1 << 20, &buffer));
    size_t header = buffer.data[8] + 256u * buffer.data[9], length = strlen(dictionary);
    ck_assert_mem_eq(buffer.data, "\x93NUMPY\x01\x00", 8);
    ck_assert_uint_eq((10 + header) % 64, 0);
    ck_assert_uint_eq(buffer.size, 10 + header + size);
    ck_assert_mem_eq(buffer.data + 10, expected, length);
    for (size_t i = length; i < header; i++) ck_assert_int_eq(buffer.data[10 + i], i + 1 < header ? ' ' : '\n');
    if (size) ck_assert_mem_eq(buffer.data + 10 + header, data, size);
    soma_free(buffer.data);
}

START_TEST(writes_the_format_to_the_letter) {
    static const float floats[6] = {1, 2, 3, 4, 5, 6};
    static const int32_t integers[3] = {-1, 0, 7};
    static const uint8_t bytes[4] = {1, 2, 3, 4};
    static const double one = 0.1;
    const char *path = temporary_path("array.npy");
    expect_ok(soma_npy_write(path, SOMA_F32, 2, (const size_t[]){2, 3}, floats));
    expect_file(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", floats, sizeof floats);
    expect_ok(soma_npy_write(path, SOMA_I32, 1, (const size_t[]){3}, integers));
    expect_file(path, "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }", integers, sizeof integers);
    expect_ok(soma_npy_write(path, SOMA_U8, 5, (const size_t[]){1, 2, 1, 2, 1}, bytes));
    expect_file(path, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2, 1, 2, 1), }", bytes, sizeof bytes);
    expect_ok(soma_npy_write(path, SOMA_F64, 0, NULL, &one));
    expect_file(path, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", &one, sizeof one);
    expect_ok(soma_npy_write(path, SOMA_F32, 2, (const size_t[]){0, 3}, NULL));
    expect_file(path, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 3), }", NULL, 0);
    ck_assert_int_eq(temporary_count(), 1);
}
END_TEST

/* Whatever the length of the dictionary, the elements begin at a multiple of 64: dictionaries of 64 lengths and more.
 */
START_TEST(elements_are_aligned) {
    const char *path = temporary_path("array.npy");
    size_t shape[5] = {0, 1, 1, 1, 1};
    for (int i = 0; i < 70; i++) {
        char dictionary[200];
        snprintf(dictionary, sizeof dictionary,
                 "{'descr': '<f4', 'fortran_order': False, 'shape': (%zu, %zu, %zu, %zu, %zu), }", shape[0], shape[1],
                 shape[2], shape[3], shape[4]);
        expect_ok(soma_npy_write(path, SOMA_F32, 5, shape, NULL));
        expect_file(path, dictionary, NULL, 0);
        shape[1 + i % 4] *= 10; /* one digit more */
    }
}
END_TEST

START_TEST(refuses_what_is_no_array) {
    const char *path = temporary_path("array.npy");
    static const size_t huge[] = {SIZE_MAX, 2, 1, 1, 1, 1};
    expect_error(soma_npy_write(path, SOMA_F32, 6, huge, ""), SOMA_INVALID_ARGUMENT, path, "6 dimensions", "up to 5");
    expect_error(soma_npy_write(path, SOMA_F32, 2, huge, ""), SOMA_INVALID_ARGUMENT, path, "memory can hold");
    expect_error(soma_npy_write(path, SOMA_DTYPE_COUNT, 0, NULL, ""), SOMA_INVALID_ARGUMENT, path, "unknown");
    expect_error(soma_npy_write(temporary_directory, SOMA_F32, 0, NULL, ""), SOMA_IO, temporary_directory,
                 "is a directory");
    ck_assert_int_eq(temporary_count(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("npy");
    TCase *cases = tcase_create("npy");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, writes_the_format_to_the_letter);
    tcase_add_test(cases, elements_are_aligned);
    tcase_add_test(cases, refuses_what_is_no_array);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
