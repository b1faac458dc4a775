/* SPDX-License-Identifier: MIT */
/* IDX files: hand-made ones, bad ones of each kind, MNIST's naming, the digits that come with soma, and MNIST where it
 * is at hand. */
#include "data/dataset.h"
#include "expect.h"
#include "io/idx/idx.h"
#include "peak_memory.h"
#include "temporary.h"

#include <sys/stat.h>

/* The bytes of an IDX header. */
#define MAGIC(type, rank) 0, 0, type, rank
#define DIMENSION(n)      (uint8_t)((n) >> 24), (uint8_t)((n) >> 16), (uint8_t)((n) >> 8), (uint8_t)(n)
#define BYTES(...)        (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static const uint8_t two_images[] = {MAGIC(8, 3), DIMENSION(2), DIMENSION(2), DIMENSION(3), 0,   1,   2,  3, 4,
                                     5,           250,          251,          252,          253, 254, 255};
static const uint8_t two_labels[] = {MAGIC(8, 1), DIMENSION(2), 7, 0};

static soma_status read_memory(const uint8_t *images, size_t image_size, const uint8_t *labels, size_t label_size,
                               size_t classes, soma_dataset **dataset) {
    soma_stream *image_stream = NULL, *label_stream = NULL;
    soma_status status = soma_stream_of_memory("images", images, image_size, &image_stream);
    if (status == SOMA_OK && labels) status = soma_stream_of_memory("labels", labels, label_size, &label_stream);
    if (status == SOMA_OK) status = soma_idx_read(image_stream, label_stream, classes, dataset);
    soma_stream_close(image_stream);
    soma_stream_close(label_stream);
    return status;
}

/* -------------------------------------------------------------------------------------------------- good files */

START_TEST(reads_bytes_and_labels) {
    soma_dataset *dataset;
    soma_dataset_info info;
    expect_ok(read_memory(two_images, sizeof two_images, two_labels, sizeof two_labels, 0, &dataset));
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.samples, 2);
    ck_assert_uint_eq(info.input_rank[0], 3); /* a grey picture: a channel dimension of 1 */
    ck_assert_uint_eq(info.input_shape[0][0], 2);
    ck_assert_uint_eq(info.input_shape[0][1], 3);
    ck_assert_uint_eq(info.input_shape[0][2], 1);
    ck_assert_uint_eq(info.classes, 8);
    const soma_column *input = &dataset->storage->input[0];
    ck_assert_int_eq(input->dtype, SOMA_U8);
    ck_assert_mem_eq(input->data, two_images + 16, 12);
    ck_assert_float_eq(input->scale, 1.0f / 255);
    ck_assert_float_eq(dataset->storage->target[0].scale, 1); /* bytes, but no pixels */
    int32_t classes[2];
    expect_ok(soma_dataset_read_classes(dataset, 0, 2, classes));
    ck_assert_int_eq(classes[0], 7);
    ck_assert_int_eq(classes[1], 0);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(reads_images_alone_and_a_given_number_of_classes) {
    soma_dataset *dataset;
    expect_ok(read_memory(two_images, sizeof two_images, NULL, 0, 0, &dataset));
    ck_assert_uint_eq(dataset->storage->target_count, 0);
    soma_dataset_destroy(dataset);
    expect_ok(read_memory(two_images, sizeof two_images, two_labels, sizeof two_labels, 10, &dataset));
    ck_assert_uint_eq(dataset->storage->target[0].classes, 10);
    soma_dataset_destroy(dataset);
}
END_TEST

/* 1.5f is 3FC00000, -2.0f is C0000000; 300 is 0x12C. */
START_TEST(reads_big_endian_numbers) {
    static const uint8_t images[] = {MAGIC(13, 2), DIMENSION(2), DIMENSION(1), 0x3F, 0xC0, 0, 0, 0xC0, 0, 0, 0};
    static const uint8_t labels[] = {MAGIC(12, 1), DIMENSION(2), 0, 0, 1, 0x2C, 0, 0, 0, 2};
    soma_dataset *dataset;
    float values[2];
    int32_t classes[2];
    expect_ok(read_memory(images, sizeof images, labels, sizeof labels, 0, &dataset));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 2, values));
    ck_assert_float_eq(values[0], 1.5f);
    ck_assert_float_eq(values[1], -2.0f);
    expect_ok(soma_dataset_read_classes(dataset, 0, 2, classes));
    ck_assert_int_eq(classes[0], 300);
    ck_assert_int_eq(classes[1], 2);
    ck_assert_uint_eq(dataset->storage->target[0].classes, 301);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Numbers in two dimensions may be a sequence, bytes in one are no picture. */
START_TEST(other_samples_keep_their_dimensions) {
    static const uint8_t numbers[] = {MAGIC(13, 3), DIMENSION(1), DIMENSION(1), DIMENSION(2), 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t bytes[] = {MAGIC(8, 2), DIMENSION(1), DIMENSION(2), 0, 0};
    const struct {
        const uint8_t *data;
        size_t size;
        uint32_t rank;
    } files[] = {{numbers, sizeof numbers, 2}, {bytes, sizeof bytes, 1}};
    for (size_t i = 0; i < SOMA_COUNT_OF(files); i++) {
        soma_dataset *dataset;
        soma_dataset_info info;
        expect_ok(read_memory(files[i].data, files[i].size, NULL, 0, 0, &dataset));
        soma_dataset_get_info(dataset, &info);
        ck_assert_uint_eq(info.input_rank[0], files[i].rank);
        ck_assert_uint_eq(info.input_shape[0][files[i].rank - 1], 2);
        soma_dataset_destroy(dataset);
    }
}
END_TEST

START_TEST(reads_four_dimensions_per_sample) {
    static const uint8_t images[] = {
        MAGIC(8, 5), DIMENSION(1), DIMENSION(2), DIMENSION(1), DIMENSION(2), DIMENSION(1), 1, 2, 3, 4};
    soma_dataset *dataset;
    soma_dataset_info info;
    expect_ok(read_memory(images, sizeof images, NULL, 0, 0, &dataset));
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.input_rank[0], 4);
    ck_assert_uint_eq(info.input_shape[0][2], 2);
    soma_dataset_destroy(dataset);
}
END_TEST

/* --------------------------------------------------------------------------------------------------- bad files */

typedef struct bad_file {
    const char *what;
    const uint8_t *bytes;
    size_t size;
    size_t classes;
    const char *words[6];
} bad_file;

static const bad_file bad_images[] = {
    {"empty", (const uint8_t *)"", 0, 0, {"images: 0 bytes", "begins with 4 bytes"}},
    {"cut in the magic number", BYTES(0, 0, 8), 0, {"images: 3 bytes", "begins with 4 bytes"}},
    {"a wrong magic number",
     BYTES(0x89, 'P', 'N', 'G', 0, 0, 0, 0),
     0,
     {"images: offset 0", "0x89504e47", "0x08", "0x0d", "2 to 5"}},
    {"little-endian", BYTES(3, 8, 0, 0, 1, 0, 0, 0), 0, {"images: offset 0", "0x03080000"}},
    {"a first byte that is not zero",
     BYTES(1, 0, 8, 2, DIMENSION(1), DIMENSION(1), 1),
     0,
     {"images: offset 0", "0x01000802"}},
    {"a second byte that is not zero",
     BYTES(0, 1, 8, 2, DIMENSION(1), DIMENSION(1), 1),
     0,
     {"images: offset 0", "0x00010802"}},
    {"signed bytes",
     BYTES(MAGIC(9, 3), DIMENSION(1), DIMENSION(1), DIMENSION(1), 1),
     0,
     {"images: offset 0", "0x00000903"}},
    {"float64",
     BYTES(MAGIC(14, 3), DIMENSION(1), DIMENSION(1), DIMENSION(1), 0, 0, 0, 0, 0, 0, 0, 0),
     0,
     {"0x00000e03", "float32"}},
    {"labels for images",
     BYTES(MAGIC(8, 1), DIMENSION(1), 1),
     0,
     {"images: offset 0", "0x00000801", "2 to 5 dimensions"}},
    {"no dimensions", BYTES(MAGIC(8, 0), 1), 0, {"0x00000800", "2 to 5 dimensions"}},
    {"too many dimensions",
     BYTES(MAGIC(8, 6), DIMENSION(1), DIMENSION(1), DIMENSION(1), DIMENSION(1), DIMENSION(1), DIMENSION(1), 1),
     0,
     {"0x00000806", "2 to 5 dimensions"}},
    {"cut in the header",
     BYTES(MAGIC(8, 3), DIMENSION(2), 0, 0),
     0,
     {"images: offset 10", "within its header", "3 dimensions"}},
    {"no samples",
     BYTES(MAGIC(8, 2), DIMENSION(0), DIMENSION(3)),
     0,
     {"images: offset 4", "dimension 0 is 0", "at least 1"}},
    {"no width",
     BYTES(MAGIC(8, 3), DIMENSION(1), DIMENSION(2), DIMENSION(0)),
     0,
     {"images: offset 12", "dimension 2 is 0"}},
    {"too many samples",
     BYTES(MAGIC(8, 2), DIMENSION(0x80000000u), DIMENSION(1), 0),
     0,
     {"images: offset 4", "2147483648 samples", "at most 2147483647"}},
    {"dimensions that overflow",
     BYTES(MAGIC(8, 5), DIMENSION(0x7FFFFFFF), DIMENSION(0xFFFFFFFF), DIMENSION(0xFFFFFFFF), DIMENSION(1), DIMENSION(1),
           0),
     0,
     {"images: offset 4", "2147483647 samples", "more elements than memory"}},
    {"bytes that overflow",
     BYTES(MAGIC(13, 3), DIMENSION(0x40000000), DIMENSION(0xFFFFFFFF), DIMENSION(1), 0),
     0,
     {"images: offset 4", BY_WIDTH("promises 1073741824 samples", "1073741824 samples of more elements than memory"),
      BY_WIDTH("the file has 1", "that fit into memory")}},
    {"huge promises",
     BYTES(MAGIC(8, 3), DIMENSION(60000), DIMENSION(28000), DIMENSION(28000), 1, 2, 3),
     0,
     {"images: offset 4", "60000 samples", BY_WIDTH("47040000000000 bytes", "more elements than memory"),
      BY_WIDTH("the file has 3", "that fit into memory"), BY_WIDTH("cut short", "60000")}},
    {"cut in the data",
     BYTES(MAGIC(8, 2), DIMENSION(2), DIMENSION(2), 1, 2, 3),
     0,
     {"images: offset 4", "in 4 bytes", "the file has 3", "cut short"}},
    {"no data",
     BYTES(MAGIC(8, 2), DIMENSION(2), DIMENSION(2)),
     0,
     {"images: offset 4", "in 4 bytes", "the file has 0"}},
    {"too much data",
     BYTES(MAGIC(8, 2), DIMENSION(2), DIMENSION(2), 1, 2, 3, 4, 5),
     0,
     {"images: offset 4", "in 4 bytes", "the file has 5", "too long"}},
    {"an infinity",
     BYTES(MAGIC(13, 2), DIMENSION(2), DIMENSION(2), 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0x80, 0, 0, 0, 0, 0, 0),
     0,
     {"images: offset 20", "-inf", "sample 1", "finite"}},
    {"a NaN",
     BYTES(MAGIC(13, 2), DIMENSION(1), DIMENSION(2), 0, 0, 0, 0, 0x7F, 0xC0, 0, 0),
     0,
     {"images: offset 16", "nan", "sample 0", "finite"}},
};

START_TEST(refuses_bad_images) {
    const bad_file *one = &bad_images[_i];
    soma_dataset *dataset = (soma_dataset *)1;
    soma_status status = read_memory(one->bytes, one->size, two_labels, sizeof two_labels, 0, &dataset);
    expect_error_words(status, SOMA_INVALID_FILE, one->words, one->what);
    ck_assert_ptr_null(dataset);
    const char *images = temporary_file("images", one->bytes, one->size);
    peak_memory_start();
    status = soma_dataset_from_idx(images, NULL, 0, &dataset);
    expect_little_memory(one->size, one->what);
    expect_error_words(status, SOMA_INVALID_FILE, one->words, one->what);
    ck_assert_ptr_null(dataset);
}
END_TEST

static const bad_file bad_labels[] = {
    {"empty", (const uint8_t *)"", 0, 0, {"labels: 0 bytes"}},
    {"images for labels",
     BYTES(MAGIC(8, 3), DIMENSION(2), DIMENSION(1), DIMENSION(1), 1, 2),
     0,
     {"labels: offset 0", "0x00000803", "1 dimension"}},
    {"float32", BYTES(MAGIC(13, 1), DIMENSION(1), 0, 0, 0, 0), 0, {"labels: offset 0", "0x00000d01", "int32"}},
    {"int16", BYTES(MAGIC(11, 1), DIMENSION(2), 0, 1, 0, 2), 0, {"labels: offset 0", "0x00000b01"}},
    {"too few", BYTES(MAGIC(8, 1), DIMENSION(1), 1), 0, {"labels: 1 labels", "2 images of images", "each needs one"}},
    {"too many", BYTES(MAGIC(8, 1), DIMENSION(3), 1, 2, 3), 0, {"labels: 3 labels", "2 images of images"}},
    {"a header that lies",
     BYTES(MAGIC(8, 1), DIMENSION(200), 1, 2),
     0,
     {"labels: offset 4", "200 samples", "the file has 2", "cut short"}},
    {"out of range",
     BYTES(MAGIC(8, 1), DIMENSION(2), 9, 10),
     10,
     {"labels: offset 9", "label 10 of sample 1", "0 to 9"}},
    {"out of range for one class",
     BYTES(MAGIC(8, 1), DIMENSION(2), 0, 1),
     1,
     {"labels: offset 9", "label 1 of sample 1", "0 to 0"}},
    {"negative",
     BYTES(MAGIC(12, 1), DIMENSION(2), 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFE),
     0,
     {"labels: offset 12", "label -2 of sample 1", "0 to 2147483646"}},
    {"too large to count",
     BYTES(MAGIC(12, 1), DIMENSION(2), 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0),
     0,
     {"labels: offset 8", "label 2147483647 of sample 0"}},
    {"cut",
     BYTES(MAGIC(12, 1), DIMENSION(2), 0, 0, 0, 0, 0, 0),
     0,
     {"labels: offset 4", "in 8 bytes", "the file has 6"}},
};

START_TEST(refuses_bad_labels) {
    const bad_file *one = &bad_labels[_i];
    soma_dataset *dataset = (soma_dataset *)1;
    soma_status status = read_memory(two_images, sizeof two_images, one->bytes, one->size, one->classes, &dataset);
    expect_error_words(status, SOMA_INVALID_FILE, one->words, one->what);
    ck_assert_ptr_null(dataset);
}
END_TEST

START_TEST(refuses_paths_that_are_no_files) {
    const char *images = temporary_file("images", two_images, sizeof two_images);
    soma_dataset *dataset;
    expect_error(soma_dataset_from_idx(temporary_path("absent"), NULL, 0, &dataset), SOMA_IO, "/absent",
                 "No such file");
    expect_error(soma_dataset_from_idx(images, temporary_path("absent"), 0, &dataset), SOMA_IO, "/absent",
                 "No such file");
    expect_error(soma_dataset_from_idx(temporary_directory, NULL, 0, &dataset), SOMA_IO, temporary_directory,
                 "is a directory");
    expect_error(soma_dataset_from_idx(NULL, NULL, 0, &dataset), SOMA_INVALID_ARGUMENT, "images is NULL");
    expect_error(soma_dataset_from_idx(images, NULL, 0, NULL), SOMA_INVALID_ARGUMENT, "dataset is NULL");
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ gzipped */

#ifdef SOMA_HAVE_ZLIB
#include <zlib.h>

static const char *gzipped_file(const char *name, const void *start, size_t start_size, size_t zeros) {
    static const uint8_t block[65536];
    const char *path = temporary_path(name);
    gzFile file = gzopen(path, "wb9");
    ck_assert_int_eq(gzwrite(file, start, (unsigned)start_size), (int)start_size);
    for (size_t part; zeros; zeros -= part) {
        part = SOMA_MIN(zeros, sizeof block);
        ck_assert_int_eq(gzwrite(file, block, (unsigned)part), (int)part);
    }
    ck_assert_int_eq(gzclose(file), Z_OK);
    return path;
}

START_TEST(reads_gzipped_files) {
    soma_dataset *dataset;
    const char *images = gzipped_file("images.gz", two_images, sizeof two_images, 0);
    const char *labels = gzipped_file("labels.gz", two_labels, sizeof two_labels, 0);
    expect_ok(soma_dataset_from_idx(images, labels, 0, &dataset));
    ck_assert_mem_eq(dataset->storage->input[0].data, two_images + 16, 12);
    soma_dataset_destroy(dataset);
}
END_TEST

/* 100 MB of zeros behind a header that promises 12 bytes; a header that promises more than any gzip file of this size
 * can hold. */
START_TEST(refuses_gzip_bombs) {
    static const uint8_t liar[] = {MAGIC(8, 3), DIMENSION(2147483647), DIMENSION(1000), DIMENSION(1000)};
    soma_dataset *dataset;
    const char *path = gzipped_file("bomb.gz", two_images, sizeof two_images, 100000000);
    expect_error(soma_dataset_from_idx(path, NULL, 0, &dataset), SOMA_INVALID_FILE, path, "offset 28",
                 "nothing may follow");
    path = gzipped_file("liar.gz", liar, sizeof liar, 5000);
    expect_error(soma_dataset_from_idx(path, NULL, 0, &dataset), SOMA_INVALID_FILE, path, "offset 4",
                 BY_WIDTH("2147483647000000 bytes", "2147483647 samples of more elements than memory"),
                 BY_WIDTH("inflates to at most", "that fit into memory"), BY_WIDTH("cut short", path));
}
END_TEST

START_TEST(refuses_cut_gzip_content) {
    soma_dataset *dataset;
    const char *path = gzipped_file("short.gz", two_images, sizeof two_images - 3, 0);
    expect_error(soma_dataset_from_idx(path, NULL, 0, &dataset), SOMA_INVALID_FILE, path, "offset 25", "9 of 12 bytes",
                 "2 samples");
    path = gzipped_file("whole.gz", two_images, sizeof two_images, 0);
    struct stat about;
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_int_eq(truncate(path, about.st_size - 1), 0);
    expect_error(soma_dataset_from_idx(path, NULL, 0, &dataset), SOMA_INVALID_FILE, path, "compressed offset ",
                 "cut short");
}
END_TEST
#endif

/* -------------------------------------------------------------------------------------------------- directories */

static void write_directory(const uint8_t *test_images, size_t size) {
    temporary_file("train-images-idx3-ubyte", two_images, sizeof two_images);
    temporary_file("train-labels-idx1-ubyte", two_labels, sizeof two_labels);
    temporary_file("t10k-images-idx3-ubyte", test_images, size);
    temporary_file("t10k-labels-idx1-ubyte", two_labels, sizeof two_labels);
}

START_TEST(reads_a_directory) {
    soma_dataset *train, *test;
    write_directory(two_images, sizeof two_images);
    expect_ok(soma_dataset_from_directory(temporary_directory, &train, &test));
    ck_assert_uint_eq(train->samples, 2);
    ck_assert_uint_eq(test->storage->target[0].classes, 8);
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
}
END_TEST

START_TEST(refuses_bad_directories) {
    soma_dataset *train, *test;
    expect_error(soma_dataset_from_directory(temporary_path("absent"), &train, &test), SOMA_IO, "/absent",
                 "No such file");
    expect_error(soma_dataset_from_directory(temporary_directory, &train, &test), SOMA_IO, temporary_directory,
                 "has no train-images-idx3-ubyte or train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte");
    static const uint8_t narrow[] = {MAGIC(8, 3), DIMENSION(2), DIMENSION(1), DIMENSION(3), 0, 1, 2, 3, 4, 5};
    write_directory(narrow, sizeof narrow);
    expect_error(soma_dataset_from_directory(temporary_directory, &train, &test), SOMA_INVALID_FILE,
                 temporary_directory, "6 elements", "3 in 3", "same shape");
    ck_assert_ptr_null(train);
    ck_assert_ptr_null(test);
    static const uint8_t eight[] = {MAGIC(8, 1), DIMENSION(2), 8, 0};
    const char *labels = temporary_file("t10k-labels-idx1-ubyte", eight, sizeof eight);
    expect_error(soma_dataset_from_directory(temporary_directory, &train, &test), SOMA_INVALID_FILE, labels, "label 8",
                 "0 to 7");
    expect_error(soma_dataset_from_directory(labels, &train, &test), SOMA_IO, labels, "is no directory");
    ck_assert_int_eq(remove(labels), 0);
    expect_error(soma_dataset_from_directory(temporary_directory, &train, &test), SOMA_IO,
                 "has no t10k-labels-idx1-ubyte or");
    expect_error(soma_dataset_from_directory(NULL, &train, &test), SOMA_INVALID_ARGUMENT, "NULL");
}
END_TEST

#ifdef SOMA_HAVE_ZLIB
static void expect_counts(const soma_dataset *dataset, const int *expected) {
    int32_t *classes = malloc(dataset->samples * sizeof *classes);
    int count[10] = {0};
    ck_assert_uint_eq(dataset->storage->target[0].classes, 10);
    expect_ok(soma_dataset_read_classes(dataset, 0, dataset->samples, classes));
    for (size_t i = 0; i < dataset->samples; i++) count[classes[i]]++;
    for (int i = 0; i < 10; i++) ck_assert_int_eq(count[i], expected[i]);
    free(classes);
}

/* The table has 178, 182, 177, 183, 181, 182, 181, 179, 174 and 180 of each digit (UCI); a fifth of them, rounded, is
 * for testing. */
START_TEST(finds_the_digits) {
    static const int train_counts[10] = {142, 146, 141, 147, 144, 146, 145, 143, 139, 144};
    static const int test_counts[10] = {36, 36, 36, 36, 37, 36, 36, 36, 35, 36};
    soma_dataset *train, *test;
    unsetenv("SOMA_DATA_DIR");
    expect_ok(soma_dataset_digits(&train, &test));
    ck_assert_uint_eq(train->samples, 1437);
    ck_assert_uint_eq(test->samples, 360);
    expect_counts(train, train_counts);
    expect_counts(test, test_counts);
    const uint8_t *pixels = test->storage->input[0].data; /* row 0 of the table: a zero, 0,0,5,13,9,1,0,0 ... */
    static const uint8_t first_line[8] = {0, 0, 75, 195, 135, 15, 0, 0};
    ck_assert_mem_eq(pixels, first_line, 8);
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
}
END_TEST

/* How often each digit occurs in MNIST is widely published. */
START_TEST(reads_mnist) {
    static const int train_counts[10] = {5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949};
    static const int test_counts[10] = {980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009};
    const char *data = getenv("SOMA_DATA");
    char path[512];
    soma_dataset *train, *test;
    snprintf(path, sizeof path, "%s/mnist", data);
    expect_ok(soma_dataset_from_directory(path, &train, &test));
    ck_assert_uint_eq(train->samples, 60000);
    ck_assert_uint_eq(train->storage->input[0].width, 784);
    expect_counts(train, train_counts);
    expect_counts(test, test_counts);
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
}
END_TEST
#endif

START_TEST(digits_come_from_where_one_says) {
    soma_dataset *train, *test;
    const char *digits = temporary_path("digits");
    setenv("SOMA_DATA_DIR", temporary_directory, 1);
    expect_error(soma_dataset_digits(&train, &test), SOMA_IO, digits, "SOMA_DATA_DIR");
    ck_assert_int_eq(mkdir(digits, 0700), 0);
    write_directory(two_images, sizeof two_images);
    static const char *const names[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                                        "t10k-labels-idx1-ubyte"};
    for (int i = 0; i < 4; i++) {
        char moved[512];
        snprintf(moved, sizeof moved, "%s/%s", digits, names[i]);
        ck_assert_int_eq(rename(temporary_path(names[i]), moved), 0);
    }
    expect_ok(soma_dataset_digits(&train, &test));
    ck_assert_uint_eq(train->samples, 2);
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
    for (int i = 0; i < 4; i++) {
        char moved[512];
        snprintf(moved, sizeof moved, "%s/%s", digits, names[i]);
        remove(moved);
    }
    unsetenv("SOMA_DATA_DIR");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("idx");
    TCase *cases = tcase_create("idx");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, reads_bytes_and_labels);
    tcase_add_test(cases, reads_images_alone_and_a_given_number_of_classes);
    tcase_add_test(cases, reads_big_endian_numbers);
    tcase_add_test(cases, other_samples_keep_their_dimensions);
    tcase_add_test(cases, reads_four_dimensions_per_sample);
    tcase_add_loop_test(cases, refuses_bad_images, 0, (int)SOMA_COUNT_OF(bad_images));
    tcase_add_loop_test(cases, refuses_bad_labels, 0, (int)SOMA_COUNT_OF(bad_labels));
    tcase_add_test(cases, refuses_paths_that_are_no_files);
    tcase_add_test(cases, reads_a_directory);
    tcase_add_test(cases, refuses_bad_directories);
    tcase_add_test(cases, digits_come_from_where_one_says);
#ifdef SOMA_HAVE_ZLIB
    tcase_add_test(cases, reads_gzipped_files);
    tcase_add_test(cases, refuses_gzip_bombs);
    tcase_add_test(cases, refuses_cut_gzip_content);
    tcase_add_test(cases, finds_the_digits);
    if (getenv("SOMA_DATA"))
        tcase_add_test(cases, reads_mnist);
    else
        printf("skipped: MNIST (SOMA_DATA does not say where it is)\n");
#else
    printf("skipped: gzipped files (built without zlib)\n");
#endif
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
