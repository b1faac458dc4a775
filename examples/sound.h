/* SPDX-License-Identifier: MIT */
/*
 * What the examples that hear something read sound files with: libsndfile, and libsamplerate for the rate.
 */
#ifndef SOMA_EXAMPLES_SOUND_H
#define SOMA_EXAMPLES_SOUND_H

#include <samplerate.h>
#include <sndfile.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { SOUND_BLOCK = 4096 };

/* All frames, as the mean of their channels, and how many: how many there are need not stand in the file. NULL: no
 * memory. */
static float *read_frames(SNDFILE *file, size_t channels, size_t *count) {
    float *sound = malloc(sizeof *sound), *block = malloc(SOUND_BLOCK * channels * sizeof *block);
    sf_count_t got = 0;
    *count = 0;
    while (sound && block && (got = sf_readf_float(file, block, SOUND_BLOCK)) > 0) {
        float *longer = realloc(sound, (*count + (size_t)got) * sizeof *sound);
        if (!longer) free(sound);
        sound = longer;
        for (size_t i = 0; sound && i < (size_t)got; i++) {
            float sum = 0;
            for (size_t c = 0; c < channels; c++) sum += block[i * channels + c];
            sound[*count + i] = sum / (float)channels;
        }
        *count += (size_t)got;
    }
    const bool well = sound && block;
    free(block);
    if (well) return sound;
    free(sound);
    return NULL;
}

/* A whole file as one channel, the mean of those that it has, of `rate` samples a second: *count of them, to be freed
 * with free(). NULL, and said on stderr: it cannot be read. */
static float *read_sound(const char *path, int rate, size_t *count) {
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, sf_strerror(NULL));
        return NULL;
    }
    size_t frames;
    float *read = read_frames(file, (size_t)info.channels, &frames), *sound = NULL;
    sf_close(file);
    const double ratio = (double)rate / info.samplerate;
    const size_t room = (size_t)((double)frames * ratio) + 1;
    if (read) sound = malloc(room * sizeof *sound);
    SRC_DATA data = {.data_in = read,
                     .data_out = sound,
                     .input_frames = (long)frames,
                     .output_frames = (long)room,
                     .src_ratio = ratio};
    const int error = sound && frames ? src_simple(&data, SRC_SINC_MEDIUM_QUALITY, 1) : 0;
    *count = error ? 0 : (size_t)data.output_frames_gen;
    if (!sound || !*count)
        fprintf(stderr, "%s: %s\n", path,
                !sound  ? "no memory"
                : error ? src_strerror(error)
                        : "there is no sound in it");
    free(read);
    if (sound && *count) return sound;
    free(sound);
    return NULL;
}

#endif
