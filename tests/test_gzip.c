/* SPDX-License-Identifier: MIT */
/* Streams of bytes, gzipped or not, through gzip files made by another implementation and by hand. */
#include "expect.h"
#include "io/stream.h"
#include "temporary.h"

/* What Python's gzip module makes of "soma soma soma soma\n", with a file name in the header. */
static const uint8_t packed[] = {0x1f, 0x8b, 0x08, 0x08, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff,
                                 0x6e, 0x00, 0x2b, 0xce, 0xcf, 0x4d, 0x54, 0x28, 0x46, 0x21,
                                 0xb8, 0x00, 0xbe, 0xee, 0x41, 0xff, 0x14, 0x00, 0x00, 0x00};
static const char text[] = "soma soma soma soma\n";
enum { TEXT_SIZE = sizeof text - 1 };

/* Reads all of the stream and its end. */
static soma_status read_whole(soma_stream *stream, uint8_t *target, size_t size, size_t *got) {
    SOMA_TRY(soma_stream_read(stream, target, size, got));
    return soma_stream_finish(stream);
}

static soma_status read_memory(const void *memory, size_t size, uint8_t *target, size_t room, size_t *got) {
    soma_stream *stream;
    SOMA_TRY(soma_stream_of_memory("file.gz", memory, size, &stream));
    soma_status status = read_whole(stream, target, room, got);
    soma_stream_close(stream);
    return status;
}

START_TEST(reads_plain_bytes) {
    static const char *const contents[] = {"", "a", "ab", "\x1F", "\x1Fz", "plain text"};
    for (size_t i = 0; i < SOMA_COUNT_OF(contents); i++) {
        uint8_t target[100];
        size_t got, size = strlen(contents[i]);
        soma_stream *stream;
        expect_ok(read_memory(contents[i], size, target, sizeof target, &got));
        ck_assert_uint_eq(got, size);
        ck_assert_mem_eq(target, contents[i], size);
        expect_ok(soma_stream_open(temporary_file("plain", contents[i], size), &stream));
        ck_assert(!soma_stream_gzipped(stream));
        ck_assert_uint_eq(soma_stream_capacity(stream), size);
        for (size_t j = 0; j < size; j++) { /* one by one, over the two that were looked at */
            expect_ok(soma_stream_read(stream, target, 1, &got));
            ck_assert_uint_eq(got, 1);
            ck_assert_int_eq(target[0], (uint8_t)contents[i][j]);
            ck_assert_uint_eq(soma_stream_offset(stream), j + 1);
        }
        expect_ok(soma_stream_finish(stream));
        soma_stream_close(stream);
    }
    soma_stream_close(NULL);
}
END_TEST

START_TEST(says_why_it_cannot_open) {
    soma_stream *stream;
    uint8_t target[4];
    size_t got;
    expect_error(soma_stream_open(temporary_path("absent"), &stream), SOMA_IO, "/absent", "No such file");
    expect_error(soma_stream_open(temporary_directory, &stream), SOMA_IO, temporary_directory, "is a directory");
    ck_assert_ptr_null(stream);
    expect_error(read_memory("longer", 6, target, 4, &got), SOMA_INVALID_FILE, "file.gz: offset 4",
                 "nothing may follow");
}
END_TEST

#ifdef SOMA_HAVE_ZLIB

#include <zlib.h>

/* Gzips; returns the size. */
static size_t pack(const void *data, size_t size, int level, uint8_t *target, size_t room) {
    z_stream zlib = {0};
    ck_assert_int_eq(deflateInit2(&zlib, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    zlib.next_in = (Bytef *)(uintptr_t)data;
    zlib.avail_in = (uInt)size;
    zlib.next_out = target;
    zlib.avail_out = (uInt)room;
    ck_assert_int_eq(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    deflateEnd(&zlib);
    return room - zlib.avail_out;
}

START_TEST(reads_what_another_gzip_made) {
    uint8_t target[100];
    size_t got;
    expect_ok(read_memory(packed, sizeof packed, target, sizeof target, &got));
    ck_assert_uint_eq(got, TEXT_SIZE);
    ck_assert_mem_eq(target, text, TEXT_SIZE);
    soma_stream *stream;
    expect_ok(soma_stream_open(temporary_file("file.gz", packed, sizeof packed), &stream));
    ck_assert(soma_stream_gzipped(stream));
    for (size_t j = 0; j < TEXT_SIZE; j++) {
        expect_ok(soma_stream_read(stream, target, 1, &got));
        ck_assert_int_eq(target[0], text[j]);
    }
    expect_ok(soma_stream_finish(stream));
    expect_ok(soma_stream_finish(stream));
    soma_stream_close(stream);
}
END_TEST

START_TEST(reads_several_members) {
    uint8_t twice[2 * sizeof packed + 100], target[100];
    size_t size = 0, got;
    memcpy(twice, packed, sizeof packed);
    size = sizeof packed;
    size += pack("", 0, 9, twice + size, sizeof twice - size); /* an empty one in between */
    memcpy(twice + size, packed, sizeof packed);
    size += sizeof packed;
    expect_ok(read_memory(twice, size, target, sizeof target, &got));
    ck_assert_uint_eq(got, 2 * TEXT_SIZE);
    ck_assert_mem_eq(target + TEXT_SIZE, text, TEXT_SIZE);
}
END_TEST

/* More than all buffers hold, hard to compress, in odd pieces; and what compresses best keeps to the ratio. */
START_TEST(reads_large_files) {
    enum { SIZE = 3000000, ROOM = SIZE + 10000 };
    uint8_t *data = malloc(SIZE), *target = malloc(SIZE), *gzipped = malloc(ROOM);
    uint32_t state = 1;
    for (size_t i = 0; i < SIZE; i++) data[i] = (uint8_t)((state = state * 1664525u + 1013904223u) >> 24);
    for (int zeros = 0; zeros < 2; zeros++) {
        if (zeros) memset(data, 0, SIZE);
        size_t size = pack(data, SIZE, 9, gzipped, ROOM), got, done = 0;
        soma_stream *stream;
        expect_ok(soma_stream_of_memory("large", gzipped, size, &stream));
        ck_assert_uint_ge(soma_stream_capacity(stream), SIZE);
        for (size_t part = 1; done < SIZE; done += got, part = part * 3 + 1)
            expect_ok(soma_stream_read(stream, target + done, SOMA_MIN(part, SIZE - done), &got));
        expect_ok(soma_stream_finish(stream));
        ck_assert_mem_eq(data, target, SIZE);
        soma_stream_close(stream);
    }
    free(data);
    free(target);
    free(gzipped);
}
END_TEST

/* Any file cut anywhere after its first two bytes is an error, wherever the cut falls. */
START_TEST(refuses_every_cut) {
    for (size_t size = 2; size < sizeof packed; size++) {
        uint8_t target[100];
        size_t got;
        expect_error(read_memory(packed, size, target, sizeof target, &got), SOMA_INVALID_FILE,
                     "file.gz: compressed offset ", "cut short");
    }
}
END_TEST

/* One changed bit anywhere is noticed, save in those parts of the header that say nothing about the content. */
START_TEST(refuses_every_changed_bit) {
    for (size_t i = 8 * 2; i < 8 * sizeof packed; i++) {
        uint8_t damaged[sizeof packed], target[200];
        size_t got = 0;
        memcpy(damaged, packed, sizeof packed);
        damaged[i / 8] ^= (uint8_t)(1 << i % 8);
        bool in_time_or_system = i / 8 >= 4 && i / 8 < 10, in_name = i / 8 == 10, text_flag = i == 8 * 3;
        soma_status status = read_memory(damaged, sizeof damaged, target, sizeof target, &got);
        if (in_time_or_system || in_name || text_flag)
            ck_assert(status == SOMA_OK && got == TEXT_SIZE && memcmp(target, text, got) == 0);
        else
            expect_error(status, SOMA_INVALID_FILE, "file.gz: compressed offset ");
    }
}
END_TEST

START_TEST(refuses_what_follows) {
    uint8_t longer[sizeof packed + 3], target[100];
    size_t got;
    memcpy(longer, packed, sizeof packed);
    memcpy(longer + sizeof packed, "\x1F\x8A.", 3);
    for (size_t more = 1; more <= 3; more++)
        expect_error(read_memory(longer, sizeof packed + more, target, sizeof target, &got), SOMA_INVALID_FILE,
                     "file.gz: compressed offset 30", "the file goes on", "nothing may follow");
    longer[sizeof packed + 1] = 0x8B;
    expect_error(read_memory(longer, sizeof longer, target, sizeof target, &got), SOMA_INVALID_FILE,
                 "compressed offset 33", "file.gz");
}
END_TEST

enum { BUFFER = 65536 }; /* compressed bytes that are held at a time, from the start of the file on */

/* A member of exactly this size, by blocks of stored bytes; returns behind it. *content gets what is in it. */
static uint8_t *make_member(uint8_t *at, size_t size, uint8_t **content) {
    size_t blocks = (size - 18) / (5 + 65000) + 1, left = size - 18 - 5 * blocks;
    uLong checksum = crc32(0, Z_NULL, 0);
    uint32_t length = (uint32_t)left;
    memcpy(at, "\x1F\x8B\x08\0\0\0\0\0\0\xFF", 10);
    at += 10;
    for (; blocks; blocks--) {
        uint16_t part = (uint16_t)SOMA_MIN(left, 65000);
        *at++ = blocks == 1;
        for (int i = 0; i < 4; i++) *at++ = (uint8_t)((i < 2 ? part : ~part) >> 8 * (i % 2));
        for (uint16_t i = 0; i < part; i++) *at++ = *(*content)++ = (uint8_t)(i * 31 + 7);
        checksum = crc32(checksum, at - part, part);
        left -= part;
    }
    for (int i = 0; i < 4; i++) *at++ = (uint8_t)(checksum >> 8 * i);
    for (int i = 0; i < 4; i++) *at++ = (uint8_t)(length >> 8 * i);
    return at;
}

/* Around every edge of the buffer: a member alone, another behind it, and what is no member. */
START_TEST(members_that_end_at_the_edge_of_the_buffer) {
    enum { MOST = 3 * BUFFER };
    uint8_t *file = malloc(MOST), *expected = malloc(MOST), *target = malloc(MOST);
    size_t got, size = (size_t)BUFFER * (size_t)(1 + _i % 2) + (size_t)(_i / 2) - 12;
    uint8_t *end = expected, *behind = make_member(file, size, &end);
    ck_assert_uint_eq((size_t)(behind - file), size);
    expect_ok(read_memory(file, size, target, MOST, &got));
    ck_assert_uint_eq(got, (size_t)(end - expected));
    ck_assert_mem_eq(target, expected, got);
    const size_t inside = got;
    for (size_t cut = 1; cut <= 9; cut++)
        expect_error(read_memory(file, size - cut, target, MOST, &got), SOMA_INVALID_FILE, "cut short");
    for (size_t more = 1; more <= 2; more++) {
        memcpy(behind, more == 1 ? "\x1F" : "zz", more);
        char offset[64];
        snprintf(offset, sizeof offset, "compressed offset %zu: ", size);
        expect_error(read_memory(file, size + more, target, MOST, &got), SOMA_INVALID_FILE, offset,
                     "nothing may follow");
    }
    uint8_t *last = make_member(behind, 30, &end);
    expect_ok(read_memory(file, (size_t)(last - file), target, MOST, &got));
    ck_assert_uint_eq(got, (size_t)(end - expected));
    ck_assert_mem_eq(target, expected, got);
    /* To the last byte of the first member and no further: the checksum behind it is for the next call. */
    soma_stream *stream;
    expect_ok(soma_stream_open(temporary_file("two.gz", file, (size_t)(last - file)), &stream));
    expect_ok(soma_stream_read(stream, target, inside, &got));
    ck_assert_uint_eq(got, inside);
    expect_ok(soma_stream_read(stream, target + inside, MOST - inside, &got));
    ck_assert_uint_eq(got, (size_t)(end - expected) - inside);
    ck_assert_mem_eq(target, expected, inside + got);
    expect_ok(soma_stream_finish(stream));
    soma_stream_close(stream);
    free(file);
    free(expected);
    free(target);
}
END_TEST

/* A reader that wants four bytes gets four, and no more than a buffer is inflated for him. */
START_TEST(bombs_do_not_go_off) {
    enum { SIZE = 50000000 };
    uint8_t *zeros = calloc(SIZE, 1), *gzipped = malloc(SIZE / 100), target[4];
    size_t size = pack(zeros, SIZE, 9, gzipped, SIZE / 100), got;
    free(zeros);
    expect_error(read_memory(gzipped, size, target, 4, &got), SOMA_INVALID_FILE, "offset 4", "nothing may follow");
    free(gzipped);
}
END_TEST

#else

START_TEST(says_that_it_needs_zlib) {
    uint8_t target[100];
    size_t got;
    expect_error(read_memory(packed, sizeof packed, target, sizeof target, &got), SOMA_UNSUPPORTED,
                 "file.gz: ", "without zlib", "gunzip");
}
END_TEST

#endif

int main(void) {
    Suite *suite = suite_create("gzip");
    TCase *cases = tcase_create("gzip");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, reads_plain_bytes);
    tcase_add_test(cases, says_why_it_cannot_open);
#ifdef SOMA_HAVE_ZLIB
    tcase_add_test(cases, reads_what_another_gzip_made);
    tcase_add_test(cases, reads_several_members);
    tcase_add_test(cases, reads_large_files);
    tcase_add_test(cases, refuses_every_cut);
    tcase_add_test(cases, refuses_every_changed_bit);
    tcase_add_test(cases, refuses_what_follows);
    tcase_add_loop_test(cases, members_that_end_at_the_edge_of_the_buffer, 0, 2 * 24);
    tcase_add_test(cases, bombs_do_not_go_off);
#else
    tcase_add_test(cases, says_that_it_needs_zlib);
#endif
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
