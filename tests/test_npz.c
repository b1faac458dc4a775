/* SPDX-License-Identifier: MIT */
/* NumPy's archives: what is written is read again, and what is damaged is refused with little memory. */
#include "base/file.h"
#include "data/dataset.h"
#include "expect.h"
#include "io/npy/npy.h"
#include "io/npy/npz.h"
#include "nn/network.h"
#include "peak_memory.h"
#include "temporary.h"

#include <stdio.h>
#include <zip.h>

static const float x_values[6] = {1, 2, 3, 4, 5, 6};
static const int32_t y_values[3] = {0, 2, 1};
static const soma_array x = {x_values, SOMA_F32, 2, {3, 2}}, y = {y_values, SOMA_I32, 1, {3}};

static soma_status read_memory(const void *bytes, size_t size, soma_dataset **train, soma_dataset **test) {
    static const soma_npy_options defaults;
    soma_zip *zip;
    *train = *test = NULL;
    SOMA_TRY(soma_zip_of_memory("a.npz", bytes, size, &zip));
    soma_status status = soma_npz_read(zip, &defaults, train, test);
    soma_zip_close(zip);
    return status;
}

/* An archive of these arrays, in memory. */
static soma_buffer archive_of(const char *const *names, const soma_array *arrays, size_t count) {
    soma_buffer buffer;
    const char *path = temporary_path("a.npz");
    expect_ok(soma_write_npz(path, names, arrays, count));
    expect_ok(soma_file_read(path, 1 << 20, &buffer));
    return buffer;
}

static soma_buffer small_archive(void) {
    return archive_of((const char *[]){"x", "y"}, (const soma_array[]){x, y}, 2);
}

START_TEST(what_is_written_is_read) {
    soma_dataset *train, *test;
    soma_buffer first = small_archive(), second = small_archive();
    ck_assert_uint_eq(first.size, second.size); /* the same contents, the same bytes */
    ck_assert_mem_eq(first.data, second.data, first.size);
    expect_ok(soma_dataset_from_npz(temporary_path("a.npz"), NULL, &train, &test));
    ck_assert_ptr_null(test);
    ck_assert_uint_eq(train->samples, 3);
    ck_assert_mem_eq(train->storage->input[0].data, x_values, sizeof x_values);
    ck_assert_mem_eq(train->storage->target[0].data, y_values, sizeof y_values);
    ck_assert_uint_eq(train->storage->target[0].classes, 3);
    soma_dataset_destroy(train);
    soma_free(first.data);
    soma_free(second.data);
    ck_assert_int_eq(temporary_count(), 1);
}
END_TEST

START_TEST(training_and_test_parts) {
    static const char *const names[] = {"Y_test", "x_train", "X_test", "y_train"};
    soma_dataset *train, *test;
    soma_buffer archive = archive_of(names, (const soma_array[]){y, x, x, y}, 4);
    expect_ok(read_memory(archive.data, archive.size, &train, &test));
    ck_assert_uint_eq(train->samples, 3);
    ck_assert_uint_eq(test->samples, 3);
    ck_assert_uint_eq(test->storage->target[0].classes, 3);
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
    soma_free(archive.data);
    archive = archive_of((const char *[]){"x"}, &x, 1); /* to predict from */
    expect_ok(read_memory(archive.data, archive.size, &train, &test));
    ck_assert_uint_eq(train->storage->target_count, 0);
    soma_dataset_destroy(train);
    soma_free(archive.data);
}
END_TEST

/* An archive with one deflated (or otherwise packed) file of zeros, `size` bytes after an NPY header for them. */
static const char *packed_file(const char *name, int method, size_t header_size, size_t size) {
    const char *path = temporary_path(name);
    soma_text header;
    size_t bytes;
    expect_ok(soma_npy_header("x", SOMA_U8, 2, (const size_t[]){header_size, 1}, &header, &bytes));
    uint8_t *content = calloc(1, header.length + size);
    memcpy(content, header.data, header.length);
    zip_t *archive = zip_open(path, ZIP_CREATE | ZIP_TRUNCATE, NULL);
    zip_int64_t index = zip_file_add(archive, "x.npy", zip_source_buffer(archive, content, header.length + size, 0), 0);
    ck_assert_int_eq(index, 0);
    ck_assert_int_eq(zip_set_file_compression(archive, 0, method, 0), 0);
    ck_assert_int_eq(zip_close(archive), 0);
    free(content);
    soma_free(header.data);
    return path;
}

START_TEST(deflated_arrays) {
    soma_dataset *train, *test;
    expect_ok(soma_dataset_from_npz(packed_file("b.npz", ZIP_CM_DEFLATE, 100000, 100000), NULL, &train, &test));
    ck_assert_uint_eq(train->samples, 100000);
    soma_dataset_destroy(train);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ bad files */

static void expect_refused(const void *bytes, size_t size, const char *const *words, const char *what) {
    soma_dataset *train, *test;
    peak_memory_start();
    soma_status status = read_memory(bytes, size, &train, &test);
    expect_little_memory(size, what);
    expect_error_words(status, SOMA_INVALID_FILE, words, what);
    ck_assert(!train && !test);
}

/* The first place at which these four bytes stand; ZIP marks its parts so. */
static uint8_t *find_mark(const soma_buffer *archive, const char *mark, size_t which) {
    for (size_t i = 0; i + 4 <= archive->size; i++)
        if (memcmp(archive->data + i, mark, 4) == 0 && which-- == 0) return archive->data + i;
    ck_abort_msg("no mark");
    return NULL;
}

#define LOCAL   "PK\3\4"
#define CENTRAL "PK\1\2"
#define END     "PK\5\6"

/* One byte of the archive of x and y is another: `offset` bytes after a mark. */
static const struct {
    const char *what, *mark;
    size_t which, offset;
    uint8_t value;
    const char *words[4];
} damages[] = {
    {"local mark", LOCAL, 0, 0, 'Q', {"a.npz", "ZIP archive"}},
    {"local method", LOCAL, 0, 8, 8, {"a.npz", "inconsistent"}},
    {"local size", LOCAL, 0, 22, 1, {"a.npz", "inconsistent"}},
    {"local checksum", LOCAL, 0, 14, 1, {"a.npz", "inconsistent"}},
    {"local length of name", LOCAL, 0, 26, 200, {"a.npz", "ZIP archive"}},
    {"local name", LOCAL, 0, 30, 'z', {"a.npz", "inconsistent"}},
    {"content", LOCAL, 0, 30 + 5 + 128, 9, {"a.npz: \"x.npy\": offset ", "CRC"}},
    {"content of the second", LOCAL, 1, 30 + 5 + 128, 1, {"a.npz: \"y.npy\": offset ", "CRC"}},
    {"NPY magic", LOCAL, 0, 30 + 5, 'n', {"a.npz: \"x.npy\"", "offset 0", "NUMPY"}},
    {"central mark", CENTRAL, 0, 0, 'Q', {"a.npz", "ZIP archive"}},
    {"central method", CENTRAL, 0, 10, 12, {"a.npz", "inconsistent"}},
    {"central size", CENTRAL, 0, 24, 1, {"a.npz", "inconsistent"}},
    {"central packed size", CENTRAL, 0, 20, 1, {"a.npz", "inconsistent"}},
    {"central offset", CENTRAL, 1, 42, 3, {"a.npz", "ZIP archive"}},
    {"central encryption", CENTRAL, 0, 8, 1, {"a.npz"}},
    {"central length of name", CENTRAL, 0, 28, 255, {"a.npz", "ZIP archive"}},
    {"central length of comment", CENTRAL, 1, 32, 255, {"a.npz", "ZIP archive"}},
    {"number of entries", END, 0, 10, 255, {"a.npz", "ZIP archive"}},
    {"size of the directory", END, 0, 14, 255, {"a.npz", "ZIP archive"}},
    {"offset of the directory", END, 0, 19, 255, {"a.npz", "ZIP archive"}},
    {"number of this disk", END, 0, 4, 1, {"a.npz", "ZIP archive"}},
    {"end mark", END, 0, 0, 'Q', {"a.npz", "ZIP archive"}},
};

START_TEST(damaged_archives_are_refused) {
    soma_buffer archive = small_archive();
    find_mark(&archive, damages[_i].mark, damages[_i].which)[damages[_i].offset] = damages[_i].value;
    expect_refused(archive.data, archive.size, damages[_i].words, damages[_i].what);
    soma_free(archive.data);
}
END_TEST

START_TEST(cut_archives_are_refused) {
    soma_buffer archive = small_archive();
    for (size_t size = 0; size < archive.size; size++)
        expect_refused(archive.data, size, (const char *[]){"a.npz", NULL}, "cut");
    soma_free(archive.data);
}
END_TEST

START_TEST(other_contents_are_refused) {
    soma_buffer archive = archive_of((const char *[]){"a", "b"}, (const soma_array[]){x, y}, 2);
    expect_refused(archive.data, archive.size, (const char *[]){"\"a.npy\", \"b.npy\"", "wanted", NULL}, "names");
    soma_free(archive.data);
    archive = archive_of((const char *[]){"x", "X"}, (const soma_array[]){x, x}, 2);
    expect_refused(archive.data, archive.size, (const char *[]){"has 2 arrays called x", NULL}, "two of a name");
    soma_free(archive.data);
    const soma_array two = {y_values, SOMA_I32, 1, {2}}, flat = {x_values, SOMA_F32, 1, {3}};
    archive = archive_of((const char *[]){"x", "y"}, (const soma_array[]){x, two}, 2);
    expect_refused(archive.data, archive.size, (const char *[]){"y.npy\": 2 targets for the 3 samples", NULL}, "count");
    soma_free(archive.data);
    archive = archive_of((const char *[]){"x_train", "x_test"}, (const soma_array[]){x, flat}, 2);
    expect_refused(archive.data, archive.size, (const char *[]){"x_train and x_test differ in shape", NULL}, "shapes");
    soma_free(archive.data);
}
END_TEST

/* Small archives that promise, or unpack to, 100 million bytes. */
START_TEST(bombs_are_refused) {
    static const struct {
        size_t promised, packed;
        const char *words[3];
    } bombs[] = {{3, 100000000, {"x.npy\": offset 128", "100000000 follow"}},
                 {1000000000, 100000000, {"1000000000 bytes", "100000000 follow"}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(bombs); i++) {
        soma_buffer archive;
        const char *path = packed_file("bomb.npz", ZIP_CM_DEFLATE, bombs[i].promised, bombs[i].packed);
        expect_ok(soma_file_read(path, 1 << 20, &archive));
        expect_refused(archive.data, archive.size, bombs[i].words, "a bomb");
        soma_free(archive.data);
    }
    /* Whose checksum is wrong, at the very end. */
    soma_buffer archive;
    expect_ok(soma_file_read(packed_file("bomb.npz", ZIP_CM_DEFLATE, 50000000, 50000000), 1 << 20, &archive));
    find_mark(&archive, LOCAL, 0)[14] ^= 1;
    find_mark(&archive, CENTRAL, 0)[16] ^= 1;
    expect_refused(archive.data, archive.size, (const char *[]){"x.npy", "CRC", NULL}, "a wrong checksum");
    soma_free(archive.data);
}
END_TEST

/* Eight names are enough to see what it is; dots tell of more. */
START_TEST(the_names_of_an_archive_of_others_are_listed) {
    static const char *const names[] = {"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8", "a9"};
    static const char *const lists[] = {"\"a7.npy\", \"a8.npy\"; arrays", "\"a7.npy\", \"a8.npy\", ...; arrays"};
    soma_array arrays[SOMA_COUNT_OF(names)];
    for (size_t i = 0; i < SOMA_COUNT_OF(names); i++) arrays[i] = x;
    for (size_t more = 0; more < 2; more++) {
        soma_buffer archive = archive_of(names, arrays, 8 + more);
        expect_refused(archive.data, archive.size, (const char *[]){lists[more], NULL}, "other names");
        soma_free(archive.data);
    }
}
END_TEST

START_TEST(arrays_have_their_names) {
    soma_arrays *arrays;
    soma_buffer archive = archive_of((const char *[]){"x", "xx"}, (const soma_array[]){x, y}, 2);
    expect_ok(soma_read_arrays(temporary_path("a.npz"), &arrays));
    ck_assert_uint_eq(soma_arrays_count(arrays), 2);
    ck_assert_str_eq(soma_arrays_name(arrays, 0), "x");
    ck_assert_str_eq(soma_arrays_name(arrays, 1), "xx");
    ck_assert_ptr_null(soma_arrays_name(arrays, 2));
    ck_assert_mem_eq(soma_arrays_get(arrays, 1)->data, y_values, sizeof y_values);
    soma_arrays_destroy(arrays);
    soma_free(archive.data);
    archive = archive_of((const char *[]){"x", "z"}, (const soma_array[]){x, y}, 2);
    find_mark(&archive, LOCAL, 1)[30] = find_mark(&archive, CENTRAL, 1)[46] = 'x';
    expect_refused(archive.data, archive.size, (const char *[]){"a.npz", "exists", NULL}, "two of a name");
    soma_free(archive.data);
}
END_TEST

START_TEST(words_have_their_letters) {
    const char *const words[] = {"Oslo", "", "\xC5\x81\xC3\xB3z\xC5\xBA", "\xF0\x9F\x98\x80"};
    const soma_array given = {words, SOMA_STRING, 2, {2, 2}};
    soma_arrays *arrays;
    expect_ok(soma_write_npz(temporary_path("w.npz"), (const char *[]){"w", "x"}, (const soma_array[]){given, x}, 2));
    expect_ok(soma_read_arrays(temporary_path("w.npz"), &arrays));
    const soma_array *found = soma_arrays_get(arrays, 0);
    ck_assert_int_eq((int)found->dtype, (int)SOMA_STRING);
    ck_assert(found->rank == 2 && found->shape[0] == 2 && found->shape[1] == 2);
    for (size_t i = 0; i < 4; i++) ck_assert_str_eq(((const char *const *)found->data)[i], words[i]);
    soma_arrays_destroy(arrays);
    const char *const broken[] = {"\xFF"};
    expect_error(soma_write_npy(temporary_path("w.npy"), &(soma_array){broken, SOMA_STRING, 1, {1}}),
                 SOMA_INVALID_ARGUMENT, "w.npy", "element 0", "\\xff");
}
END_TEST

/* Files as NumPy writes them, and as it never would. */
START_TEST(files_of_words_are_read_by_their_bytes) {
    static const struct {
        const char *type, *order, *shape;
        uint32_t characters[8];
        size_t count;
        const char *first, *last, *refused;
    } files[] = {
        {"<U2", "False", "(2,)", {'a', 0x142, 'b', 0}, 4, "a\xC5\x82", "b", NULL},
        {">U2", "False", "(2,)", {(uint32_t)'a' << 24, 0x42010000, (uint32_t)'b' << 24, 0}, 4, "a\xC5\x82", "b", NULL},
        {"<U1", "True", "(2, 3)", {'a', 'd', 'b', 'e', 'c', 'f'}, 6, "abcdef", NULL, NULL},
        {"<U1", "False", "(0,)", {0}, 0, NULL, NULL, NULL},
        {"<U1", "False", "(2,)", {'a', 0xD800}, 2, NULL, NULL, "U+D800"},
        {"<U1", "False", "(1,)", {0x110000}, 1, NULL, NULL, "U+110000"},
        {"<U2", "False", "(1,)", {0, 'a'}, 2, NULL, NULL, "U+0061 after U+0000"},
        {"<U0", "False", "(99999999999,)", {0}, 0, NULL, NULL, "<U0"},
        {"<U99999999", "False", "(1,)", {0}, 1, NULL, NULL, "<U99999999"},
        {"<U1x", "False", "(1,)", {'a'}, 1, NULL, NULL, "<U1x"},
        {"<U/", "False", "(1,)", {'a'}, 1, NULL, NULL, "<U/"},
        {"<U:", "False", "(1,)", {'a'}, 1, NULL, NULL, "<U:"},
        {"|U1", "False", "(1,)", {0}, 1, NULL, NULL, "|U1"},
        {"*U1", "False", "(1,)", {'a'}, 1, NULL, NULL, "\\x00U1"}, /* "*" stands for a byte of 0 */
        {"<U2", "False", "(4,)", {'a'}, 1, NULL, NULL, "32 bytes"},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(files); i++) {
        char bytes[256] = "\x93NUMPY\x01";
        soma_arrays *arrays;
        const int length = snprintf(bytes + 10, 200, "{'descr': '%s', 'fortran_order': %s, 'shape': %s}\n",
                                    files[i].type, files[i].order, files[i].shape);
        char *none = memchr(bytes + 10, '*', (size_t)length);
        if (none) *none = 0;
        bytes[8] = (char)length;
        memcpy(bytes + 10 + length, files[i].characters, files[i].count * 4); /* hosts of tests are little-endian */
        expect_ok(soma_file_write(temporary_path("u.npy"), bytes, 10 + (size_t)length + files[i].count * 4));
        soma_status status = soma_read_arrays(temporary_path("u.npy"), &arrays);
        if (files[i].refused) {
            expect_error(status, SOMA_INVALID_FILE, "u.npy", files[i].refused);
            continue;
        }
        expect_ok(status);
        const char *const *words = soma_arrays_get(arrays, 0)->data;
        if (files[i].last) {
            ck_assert_str_eq(words[0], files[i].first);
            ck_assert_str_eq(words[1], files[i].last);
        } else if (files[i].first)
            for (size_t k = 0; k < files[i].count; k++) ck_assert_int_eq(words[k][0], files[i].first[k]);
        soma_arrays_destroy(arrays);
    }
}
END_TEST

/* An archive of so many empty arrays: they are refused before one is read, so that they need be no arrays. */
START_TEST(more_arrays_than_anyone_has_are_refused) {
    const char *path = temporary_path("many.npz");
    const size_t count = SOMA_MAX_FILE_TENSORS + 1;
    soma_arrays *arrays;
    zip_t *zip = zip_open(path, ZIP_CREATE, NULL);
    ck_assert_ptr_nonnull(zip);
    for (size_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "a%zu.npy", i);
        const zip_int64_t index = zip_file_add(zip, name, zip_source_buffer(zip, "", 0, 0), 0);
        ck_assert_int_ge(index, 0);
        ck_assert_int_eq(zip_set_file_compression(zip, (zip_uint64_t)index, ZIP_CM_STORE, 0), 0);
    }
    ck_assert_int_eq(zip_close(zip), 0);
    expect_error(soma_read_arrays(path, &arrays), SOMA_UNSUPPORTED, "many.npz", "16385 arrays", "at most 16384");
    ck_assert_ptr_null(arrays);
}
END_TEST

START_TEST(refuses_what_it_cannot_write) {
    const soma_array huge = {x_values, SOMA_F32, 6, {1}};
    expect_error(soma_write_npz(temporary_path("no/such/place"), (const char *[]){"x"}, &x, 1), SOMA_IO,
                 "No such file");
    expect_error(soma_write_npz(temporary_path("a.npz"), (const char *[]){"x"}, &huge, 1), SOMA_INVALID_ARGUMENT,
                 "6 dimensions");
    expect_error(soma_write_npz(temporary_path("a.npz"), (const char *[]){"x", "x"}, (const soma_array[]){x, x}, 2),
                 SOMA_INVALID_ARGUMENT, "exists");
    ck_assert_int_eq(temporary_count(), 0);
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("npz");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, what_is_written_is_read);
    tcase_add_test(cases, training_and_test_parts);
    tcase_add_test(cases, deflated_arrays);
    tcase_add_loop_test(cases, damaged_archives_are_refused, 0, (int)SOMA_COUNT_OF(damages));
    tcase_add_test(cases, cut_archives_are_refused);
    tcase_add_test(cases, other_contents_are_refused);
    tcase_add_test(cases, bombs_are_refused);
    tcase_add_test(cases, the_names_of_an_archive_of_others_are_listed);
    tcase_add_test(cases, arrays_have_their_names);
    tcase_add_test(cases, words_have_their_letters);
    tcase_add_test(cases, files_of_words_are_read_by_their_bytes);
    tcase_add_test(cases, more_arrays_than_anyone_has_are_refused);
    tcase_add_test(cases, refuses_what_it_cannot_write);
    Suite *suite = suite_create("npz");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* a leak checker looks at the process that ends */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
