/* SPDX-License-Identifier: MIT */
/* Pictures: what a decoder gives, how they come to a size, and folders of them as data sets. */
#include "base/file.h"
#include "data/dataset.h"
#include "expect.h"
#include "host_network.h"
#include "io/image/image.h"
#include "peak_memory.h"
#include "suite.h"
#include "temporary.h"

#include <png.h>
#include <sys/stat.h>
#include <turbojpeg.h>

#define RGB(...)                                                                                                       \
    (const uint8_t[]) {                                                                                                \
        __VA_ARGS__                                                                                                    \
    }

static void write_png(const char *path, uint32_t format, uint32_t height, uint32_t width, const void *pixels) {
    png_image image = {.version = PNG_IMAGE_VERSION, .format = format, .height = height, .width = width};
    ck_assert_msg(png_image_write_to_file(&image, path, 0, pixels, 0, NULL), "%s: %s", path, image.message);
}

static soma_buffer jpeg_of(int format, int subsampling, int height, int width, const uint8_t *pixels) {
    tjhandle handle = tjInitCompress();
    unsigned char *data = NULL;
    unsigned long size = 0;
    ck_assert_int_eq(tjCompress2(handle, pixels, width, 0, height, format, &data, &size, subsampling, 100, 0), 0);
    soma_buffer buffer = {soma_malloc(size), size};
    memcpy(buffer.data, data, size);
    tjFree(data);
    tjDestroy(handle);
    return buffer;
}

static void expect_pixels(const uint8_t *found, const uint8_t *expected, size_t count, int tolerance) {
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(abs((int)found[i] - (int)expected[i]) <= tolerance, "byte %zu is %u, expected %u", i, found[i],
                      expected[i]);
}

static soma_picture read_picture(const char *path, bool grey) {
    soma_picture picture;
    expect_ok(soma_picture_read(path, grey, &picture));
    return picture;
}

/* ------------------------------------------------------------------------------------------------------ decoding */

static const uint8_t two_by_three[18] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 255, 255, 255, 0, 0, 0};

START_TEST(png_of_colours) {
    const char *path = temporary_path("a.png");
    write_png(path, PNG_FORMAT_RGB, 2, 3, two_by_three);
    soma_picture picture = read_picture(path, false);
    ck_assert(picture.height == 2 && picture.width == 3 && picture.channels == 3);
    expect_pixels(picture.pixels, two_by_three, 18, 0);
    soma_free(picture.pixels);
    picture = read_picture(path, true);
    ck_assert(picture.height == 2 && picture.width == 3 && picture.channels == 1);
    /* 0.299 R + 0.587 G + 0.114 B: 76.2, 149.7, 29.1, 18.2, 255, 0 */
    expect_pixels(picture.pixels, RGB(76, 150, 29, 18, 255, 0), 6, 0);
    soma_free(picture.pixels);
}
END_TEST

START_TEST(png_of_other_kinds) {
    const char *path = temporary_path("b.png");
    write_png(path, PNG_FORMAT_GRAY, 1, 3, RGB(0, 77, 255));
    soma_picture picture = read_picture(path, false);
    expect_pixels(picture.pixels, RGB(0, 0, 0, 77, 77, 77, 255, 255, 255), 9, 0);
    soma_free(picture.pixels);
    picture = read_picture(path, true);
    expect_pixels(picture.pixels, RGB(0, 77, 255), 3, 0);
    soma_free(picture.pixels);
    write_png(path, PNG_FORMAT_RGBA, 1, 2, RGB(200, 100, 50, 128, 1, 2, 3, 255)); /* what is half transparent stays */
    picture = read_picture(path, false);
    expect_pixels(picture.pixels, RGB(200, 100, 50, 1, 2, 3), 6, 0);
    soma_free(picture.pixels);
}
END_TEST

static void make_flat(uint8_t *pixels, size_t count, const uint8_t *colour) {
    for (size_t i = 0; i < count; i++) memcpy(pixels + 3 * i, colour, 3);
}

START_TEST(jpeg_is_near_the_colour) {
    uint8_t pixels[16 * 24 * 3];
    soma_picture picture;
    make_flat(pixels, 16 * 24, RGB(200, 60, 90));
    soma_buffer file = jpeg_of(TJPF_RGB, TJSAMP_420, 16, 24, pixels);
    expect_ok(soma_picture_decode("a.jpg", file.data, file.size, false, &picture));
    ck_assert(picture.height == 16 && picture.width == 24 && picture.channels == 3);
    expect_pixels(picture.pixels, pixels, sizeof pixels, 2); /* the colours of JPEG are rounded */
    soma_free(picture.pixels);
    soma_free(file.data);
}
END_TEST

START_TEST(what_is_no_picture_is_refused) {
    uint8_t pixels[16 * 16 * 4] = {0};
    soma_picture picture;
    soma_buffer jpeg = jpeg_of(TJPF_RGB, TJSAMP_444, 16, 16, pixels);
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * i); /* so that the end of it matters */
    soma_buffer cmyk = jpeg_of(TJPF_CMYK, TJSAMP_444, 16, 16, pixels),
                noise = jpeg_of(TJPF_RGB, TJSAMP_444, 16, 16, pixels);
    expect_error(soma_picture_decode("a.jpg", jpeg.data, 20, false, &picture), SOMA_INVALID_FILE, "a.jpg", "JPEG");
    expect_error(soma_picture_decode("b.jpg", noise.data, noise.size - 100, false, &picture), SOMA_INVALID_FILE,
                 "b.jpg", "JPEG");
    expect_error(soma_picture_decode("c.jpg", cmyk.data, cmyk.size, false, &picture), SOMA_INVALID_FILE, "c.jpg",
                 "CMYK");
    expect_error(soma_picture_decode("d.gif", (const uint8_t *)"GIF89a..", 8, false, &picture), SOMA_INVALID_FILE,
                 "d.gif", "no PNG or JPEG");
    expect_error(soma_picture_decode("e.png", NULL, 0, false, &picture), SOMA_INVALID_FILE, "e.png");
    ck_assert_ptr_null(picture.pixels);
    const char *path = temporary_path("c.png");
    soma_buffer png;
    write_png(path, PNG_FORMAT_RGB, 2, 3, two_by_three);
    expect_ok(soma_file_read(path, 1 << 20, &png));
    for (size_t size = 0; size < png.size - 12; size++) /* without the end of its pixels */
        ck_assert_int_eq(soma_picture_decode("f.png", png.data, size, false, &picture), SOMA_INVALID_FILE);
    for (size_t size = png.size - 12; size < png.size; size++) { /* the last chunk, IEND, says nothing */
        expect_ok(soma_picture_decode("f.png", png.data, size, false, &picture));
        expect_pixels(picture.pixels, two_by_three, 18, 0);
        soma_free(picture.pixels);
    }
    expect_error(soma_picture_read(temporary_path("none.png"), false, &picture), SOMA_IO, "none.png");
    soma_free(jpeg.data);
    soma_free(cmyk.data);
    soma_free(noise.data);
    soma_free(png.data);
}
END_TEST

/* A file that is cut off and closed again has an end, but no whole picture; a few bytes too many between two parts of
 * one are no harm. */
START_TEST(jpeg_that_is_not_in_order) {
    uint8_t pixels[16 * 16 * 3];
    soma_picture picture;
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)(i * i);
    soma_buffer file = jpeg_of(TJPF_RGB, TJSAMP_444, 16, 16, pixels);
    uint8_t *changed = soma_malloc(file.size + 3);
    memcpy(changed, file.data, file.size);
    changed[file.size / 2] = 0xff;
    changed[file.size / 2 + 1] = 0xd9;
    expect_error(soma_picture_decode("a.jpg", changed, file.size / 2 + 2, false, &picture), SOMA_INVALID_FILE, "a.jpg");
    /* Behind the first part, APP0: marker, two bytes of length, and what they count. */
    size_t at = 4 + ((size_t)file.data[4] << 8 | file.data[5]);
    memcpy(changed, file.data, at);
    memcpy(changed + at, "abc", 3);
    memcpy(changed + at + 3, file.data + at, file.size - at);
    expect_ok(soma_picture_decode("b.jpg", changed, file.size + 3, false, &picture));
    soma_free(picture.pixels);
    expect_error(soma_picture_decode("c.jpg", changed, file.size - 50, false, &picture), SOMA_INVALID_FILE, "c.jpg");
    soma_free(changed);
    soma_free(file.data);
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- scaling */

static soma_picture grey(size_t height, size_t width, const uint8_t *pixels) {
    return (soma_picture){height, width, 1, (uint8_t *)(uintptr_t)pixels};
}

static void expect_fit(soma_picture picture, soma_image_fit fit, size_t height, size_t width, const uint8_t *expected) {
    uint8_t pixels[64];
    memset(pixels, 0x55, sizeof pixels);
    expect_ok(soma_picture_fit(&picture, fit, height, width, pixels));
    expect_pixels(pixels, expected, height * width, 0);
    ck_assert_uint_eq(pixels[height * width], 0x55);
}

/* A triangle of radius 2: weights of 1, 3, 3 and 1, and 3, 3 and 1 at the ends: (3 * 0 + 3 * 80 + 160) / 7 and
 * (80 + 3 * 160 + 3 * 240 + 240) / 8. */
START_TEST(smaller_is_an_average) {
    soma_picture line = grey(1, 8, RGB(0, 80, 160, 240, 240, 160, 80, 0));
    expect_fit(line, SOMA_FIT_STRETCH, 1, 4, RGB(57, 190, 190, 57));
}
END_TEST

START_TEST(larger_is_bilinear) {
    soma_picture pair = grey(1, 2, RGB(0, 200));
    expect_fit(pair, SOMA_FIT_STRETCH, 1, 4, RGB(0, 50, 150, 200)); /* centres at -0.25, 0.25, 0.75, 1.25 */
    expect_fit(pair, SOMA_FIT_STRETCH, 3, 2, RGB(0, 200, 0, 200, 0, 200));
}
END_TEST

START_TEST(proportions_are_cropped_or_padded) {
    soma_picture wide = grey(2, 6, RGB(1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16));
    expect_fit(wide, SOMA_FIT_CROP, 2, 2, RGB(3, 4, 13, 14));
    expect_fit(wide, SOMA_FIT_PAD, 4, 6,
               RGB(0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 0, 0, 0, 0, 0, 0));
    soma_picture tall = grey(4, 2, RGB(1, 2, 3, 4, 5, 6, 7, 8));
    expect_fit(tall, SOMA_FIT_CROP, 2, 2, RGB(3, 4, 5, 6));
    expect_fit(tall, SOMA_FIT_PAD, 4, 4, RGB(0, 1, 2, 0, 0, 3, 4, 0, 0, 5, 6, 0, 0, 7, 8, 0));
    expect_fit(tall, SOMA_FIT_CROP, 4, 2, RGB(1, 2, 3, 4, 5, 6, 7, 8));
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- folders */

static void make_directory(const char *name) {
    ck_assert_int_eq(mkdir(temporary_path(name), 0777), 0);
}

static void flat_png(const char *name, uint32_t height, uint32_t width, uint8_t level) {
    uint8_t pixels[64 * 3];
    make_flat(pixels, height * width, (const uint8_t[]){level, level, level});
    write_png(temporary_path(name), PNG_FORMAT_RGB, height, width, pixels);
}

static void touch(const char *name) {
    expect_ok(soma_file_write(temporary_path(name), "x", 1));
}

/* Two classes, one of which is written in capitals and has other things beside its pictures. */
static void make_classes(void) {
    make_directory("set");
    make_directory("set/dog");
    make_directory("set/Cat");
    flat_png("set/dog/b.png", 2, 3, 20);
    flat_png("set/dog/a.PNG", 2, 3, 10);
    flat_png("set/Cat/x.png", 2, 3, 30);
    touch("set/dog/.hidden.png");
    touch("set/dog/notes.txt");
    touch("set/README");
    make_directory("set/.git");
    make_directory("set/dog/c.png");
}

static void expect_levels(const soma_dataset *dataset, size_t count, const uint8_t *levels, const int32_t *classes) {
    const soma_column *input = &dataset->storage->input[0], *target = &dataset->storage->target[0];
    ck_assert_uint_eq(dataset->samples, count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(((const uint8_t *)input->data)[i * input->width], levels[i]);
        if (classes) ck_assert_int_eq(soma_column_class(target, i), classes[i]);
    }
}

START_TEST(folders_are_classes) {
    soma_dataset *train, *test;
    soma_dataset_info info;
    make_classes();
    expect_ok(soma_dataset_from_images(temporary_path("set"), NULL, &train, &test));
    ck_assert_ptr_null(test);
    soma_dataset_get_info(train, &info);
    ck_assert(info.input_rank[0] == 3 && info.input_shape[0][0] == 2 && info.input_shape[0][1] == 3 &&
              info.input_shape[0][2] == 3 && info.classes == 2);
    expect_levels(train, 3, RGB(30, 10, 20), (const int32_t[]){0, 1, 1});
    ck_assert_str_eq(soma_dataset_class_name(train, 0), "Cat");
    ck_assert_str_eq(soma_dataset_class_name(train, 1), "dog");
    soma_dataset_destroy(train);
    const soma_image_options four = {.height = 4, .width = 4, .grey = true};
    expect_ok(soma_dataset_from_images(temporary_path("set"), &four, &train, &test));
    soma_dataset_get_info(train, &info);
    ck_assert(info.input_shape[0][0] == 4 && info.input_shape[0][1] == 4 && info.input_shape[0][2] == 1);
    expect_levels(train, 3, RGB(30, 10, 20), (const int32_t[]){0, 1, 1});
    soma_dataset_destroy(train);
}
END_TEST

/* Room for all pictures is taken once, before there are any: while they are read there is no second copy, or more. */
START_TEST(memory_is_taken_once) {
    enum { PICTURES = 40, SIDE = 128 };
    const soma_image_options options = {.height = SIDE, .width = SIDE};
    const size_t bytes = (size_t)PICTURES * SIDE * SIDE * 3;
    soma_dataset *train, *test;
    char name[64];
    make_directory("many");
    for (int i = 0; i < PICTURES; i++) {
        snprintf(name, sizeof name, "many/%c", i % 3 + 'a');
        if (i < 3) make_directory(name);
        snprintf(name, sizeof name, "many/%c/%d.png", i % 3 + 'a', i);
        flat_png(name, 2, 2, 1);
    }
    peak_memory_start();
    expect_ok(soma_dataset_from_images(temporary_path("many"), &options, &train, &test));
    const size_t most = peak_memory();
    ck_assert_msg(most == 0 || most >= bytes, "%zu bytes of memory, the pictures alone have %zu", most, bytes);
    ck_assert_uint_le(most, bytes + bytes / 4);
    ck_assert_uint_eq(train->samples, PICTURES);
    soma_dataset_destroy(train);
}
END_TEST

START_TEST(train_and_test_folders) {
    soma_dataset *train, *test;
    make_directory("parts");
    make_directory("parts/train");
    make_directory("parts/train/a");
    make_directory("parts/train/b");
    flat_png("parts/train/a/1.png", 2, 2, 1);
    flat_png("parts/train/b/1.png", 2, 2, 2);
    expect_ok(soma_dataset_from_images(temporary_path("parts"), NULL, &train, &test));
    ck_assert_ptr_null(test);
    soma_dataset_destroy(train);
    make_directory("parts/test");
    make_directory("parts/test/b");
    flat_png("parts/test/b/1.png", 4, 4, 3); /* comes to the size of the others */
    expect_ok(soma_dataset_from_images(temporary_path("parts"), NULL, &train, &test));
    expect_levels(train, 2, RGB(1, 2), (const int32_t[]){0, 1});
    expect_levels(test, 1, RGB(3), (const int32_t[]){1});
    ck_assert_uint_eq(test->storage->input[0].width, 12);
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
    make_directory("parts/test/zebra");
    flat_png("parts/test/zebra/1.png", 2, 2, 3);
    expect_error(soma_dataset_from_images(temporary_path("parts"), NULL, &train, &test), SOMA_INVALID_FILE,
                 "parts/test/zebra", "\"a\" to \"b\"");
    ck_assert(!train && !test);
}
END_TEST

START_TEST(pictures_alone_have_no_classes) {
    soma_dataset *train, *test;
    soma_dataset_info info;
    make_directory("flat");
    flat_png("flat/2.png", 2, 2, 2);
    flat_png("flat/1.png", 2, 2, 1);
    expect_ok(soma_dataset_from_images(temporary_path("flat"), NULL, &train, &test));
    soma_dataset_get_info(train, &info);
    ck_assert_uint_eq(info.targets, 0);
    expect_levels(train, 2, RGB(1, 2), NULL);
    soma_dataset_destroy(train);
    expect_ok(soma_dataset_from_images(temporary_path("flat/2.png"), NULL, &train, &test));
    expect_levels(train, 1, RGB(2), NULL);
    soma_dataset_destroy(train);
}
END_TEST

START_TEST(folders_that_do_not_serve) {
    soma_dataset *train, *test;
    make_directory("odd");
    make_directory("odd/a");
    make_directory("odd/b");
    flat_png("odd/a/1.png", 2, 2, 1);
    expect_error(soma_dataset_from_images(temporary_path("odd"), NULL, &train, &test), SOMA_INVALID_FILE, "odd/b",
                 "no picture");
    flat_png("odd/b/1.png", 2, 3, 1);
    expect_error(soma_dataset_from_images(temporary_path("odd"), NULL, &train, &test), SOMA_INVALID_FILE,
                 "odd/b/1.png has 2 x 3", "odd/a/1.png has 2 x 2", "--image-size");
    touch("odd/b/2.png");
    expect_error(
        soma_dataset_from_images(temporary_path("odd"), &(soma_image_options){.height = 2, .width = 2}, &train, &test),
        SOMA_INVALID_FILE, "odd/b/2.png");
    expect_error(soma_dataset_from_images(temporary_path("nowhere"), NULL, &train, &test), SOMA_IO, "nowhere");
    expect_error(soma_dataset_from_images(temporary_path("odd"), &(soma_image_options){.height = 2}, &train, &test),
                 SOMA_INVALID_ARGUMENT, "2 x 0");
    expect_error(
        soma_dataset_from_images(temporary_path("odd"), &(soma_image_options){.fit = (soma_image_fit)7}, &train, &test),
        SOMA_INVALID_ARGUMENT, "7");
    make_directory("pipes");
    ck_assert_int_eq(mkfifo(temporary_path("pipes/a.png"), 0666), 0);
    expect_error(soma_dataset_from_images(temporary_path("pipes"), NULL, &train, &test), SOMA_IO, "pipes/a.png");
    expect_error(soma_dataset_from_images(temporary_path("pipes/a.png"), NULL, &train, &test), SOMA_IO, "pipes/a.png");
    make_directory("links");
    ck_assert_int_eq(symlink("nothing", temporary_path("links/a.png")), 0);
    expect_error(soma_dataset_from_images(temporary_path("links"), NULL, &train, &test), SOMA_IO, "links/a.png");
    make_directory("empty");
    make_directory("empty/train");
    make_directory("empty/test");
    make_directory("empty/train/a");
    flat_png("empty/train/a/1.png", 2, 2, 1);
    expect_error(soma_dataset_from_images(temporary_path("empty"), NULL, &train, &test), SOMA_INVALID_FILE,
                 "empty/test", "folders");
    expect_error(soma_dataset_from_images(NULL, NULL, &train, &test), SOMA_INVALID_ARGUMENT, "NULL");
}
END_TEST

/* -------------------------------------------------------------------------------------------------- in the model */

START_TEST(a_network_keeps_how_pictures_were_read) {
    soma_network *network = network_of_text(4, "dense 2 softmax"), *again;
    const soma_image_options options = {.height = 20, .width = 30, .fit = SOMA_FIT_PAD, .grey = true};
    soma_image_options found = {0};
    ck_assert(!soma_network_get_image_options(network, &found));
    expect_error(soma_network_set_image_options(network, &(soma_image_options){.grey = true}), SOMA_INVALID_ARGUMENT,
                 "0 x 0");
    expect_ok(soma_network_set_image_options(network, &options));
    expect_ok(soma_save(network, temporary_path("m.soma")));
    expect_ok(soma_load(temporary_path("m.soma"), &again));
    ck_assert(soma_network_get_image_options(again, &found));
    ck_assert(found.height == 20 && found.width == 30 && found.fit == SOMA_FIT_PAD && found.grey);
    expect_ok(soma_network_set_image_options(again, NULL));
    ck_assert(!soma_network_get_image_options(again, NULL));
    soma_network_destroy(network);
    soma_network_destroy(again);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, png_of_colours);
    tcase_add_test(cases, png_of_other_kinds);
    tcase_add_test(cases, jpeg_is_near_the_colour);
    tcase_add_test(cases, what_is_no_picture_is_refused);
    tcase_add_test(cases, jpeg_that_is_not_in_order);
    tcase_add_test(cases, smaller_is_an_average);
    tcase_add_test(cases, larger_is_bilinear);
    tcase_add_test(cases, proportions_are_cropped_or_padded);
    tcase_add_test(cases, folders_are_classes);
    tcase_add_test(cases, memory_is_taken_once);
    tcase_add_test(cases, train_and_test_folders);
    tcase_add_test(cases, pictures_alone_have_no_classes);
    tcase_add_test(cases, folders_that_do_not_serve);
    tcase_add_test(cases, a_network_keeps_how_pictures_were_read);
}

int main(void) {
    return run_suite("images", add_tests);
}
