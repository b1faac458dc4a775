/* SPDX-License-Identifier: MIT */
/* What the examples read sound files with, on files that libsndfile writes. */
#include "../examples/sound.h"
#include "suite.h"
#include "temporary.h"

enum { FRAMES = 10000, RATE = 16000, STREAMED = 21 };

/* Two channels, of which the second is the first's negative and a constant more: their mean is half of that. */
static const char *write_file(const char *name, int format, sf_count_t frames) {
    static float values[2 * FRAMES];
    SF_INFO info = {.samplerate = RATE, .channels = 2, .format = format | SF_FORMAT_PCM_16};
    const char *path = temporary_path(name);
    SNDFILE *file = sf_open(path, SFM_WRITE, &info);
    ck_assert_ptr_nonnull(file);
    for (int i = 0; i < FRAMES; i++) {
        values[2 * i] = (float)(i % 100) / 256;
        values[2 * i + 1] = 0.25F - values[2 * i];
    }
    ck_assert_int_eq(sf_writef_float(file, values, frames), frames);
    ck_assert_int_eq(sf_close(file), 0);
    return path;
}

/* All of the frames; a filter is right but at the ends, and 16 bits are exact to 2^-15. */
static void expect_all(const char *path) {
    size_t count = 0;
    float *sound = read_sound(path, RATE, &count);
    ck_assert_ptr_nonnull(sound);
    ck_assert_uint_le(count, FRAMES + 1);
    ck_assert_uint_ge(count, FRAMES - 1);
    for (size_t i = 200; i + 200 < count; i++) ck_assert_float_eq_tol(sound[i], 0.125F, 0.001F);
    free(sound);
}

START_TEST(channels_are_mixed) {
    expect_all(write_file("sound.wav", SF_FORMAT_WAV, FRAMES));
}
END_TEST

/* A FLAC that was streamed does not say how many frames it has: 36 bits of 0 in its first block. */
START_TEST(files_that_do_not_know_their_length_are_read) {
    const char *path = write_file("sound.flac", SF_FORMAT_FLAC, FRAMES);
    FILE *file = fopen(path, "r+b");
    unsigned char bits[5];
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, STREAMED, SEEK_SET), 0);
    ck_assert_uint_eq(fread(bits, 1, sizeof bits, file), sizeof bits);
    ck_assert_uint_eq((bits[3] << 8) + bits[4], FRAMES);
    memset(bits + 1, 0, sizeof bits - 1);
    bits[0] &= 0xf0;
    ck_assert_int_eq(fseek(file, STREAMED, SEEK_SET), 0);
    ck_assert_uint_eq(fwrite(bits, 1, sizeof bits, file), sizeof bits);
    ck_assert_int_eq(fclose(file), 0);
    expect_all(path);
}
END_TEST

START_TEST(files_without_sound_are_refused) {
    size_t count;
    char said[256] = "";
    const char *path = write_file("empty.wav", SF_FORMAT_WAV, 0), *log = temporary_path("log");
    fflush(stderr);
    const int before = dup(STDERR_FILENO);
    ck_assert_ptr_nonnull(freopen(log, "w", stderr));
    float *sound = read_sound(path, RATE, &count);
    fflush(stderr);
    ck_assert_int_ge(dup2(before, STDERR_FILENO), 0);
    close(before);
    FILE *file = fopen(log, "r");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(said, sizeof said, file));
    fclose(file);
    ck_assert_ptr_null(sound);
    ck_assert_ptr_nonnull(strstr(said, "empty.wav: there is no sound in it"));
}
END_TEST

static void add(TCase *cases) {
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, channels_are_mixed);
    tcase_add_test(cases, files_that_do_not_know_their_length_are_read);
    tcase_add_test(cases, files_without_sound_are_refused);
}

int main(void) {
    return run_suite("sound", add);
}
