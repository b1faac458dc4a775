/* SPDX-License-Identifier: MIT */
/*
 * What the examples that hear something read sound files with: libsndfile, and libsamplerate for the rate.
 */
#ifndef SOMA_EXAMPLES_SOUND_H
#define SOMA_EXAMPLES_SOUND_H

#include <samplerate.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>

/* A whole file as one channel, the mean of those that it has, of `rate` samples a second: *count of them, to be freed
 * with free(). NULL, and said on stderr: it cannot be read. */
static float *read_sound(const char *path, int rate, size_t *count) {
    SF_INFO info = {0};
    SNDFILE *file = sf_open(path, SFM_READ, &info);
    if (!file) {
        fprintf(stderr, "%s: %s\n", path, sf_strerror(NULL));
        return NULL;
    }
    const double ratio = (double)rate / info.samplerate;
    const size_t channels = (size_t)info.channels, room = (size_t)((double)info.frames * ratio) + 1;
    float *read = malloc(((size_t)info.frames * channels + 1) * sizeof *read), *sound = malloc(room * sizeof *sound);
    if (read && sound) {
        const sf_count_t frames = sf_readf_float(file, read, info.frames);
        for (size_t i = 0; i < (size_t)frames; i++) {
            float sum = 0;
            for (size_t c = 0; c < channels; c++) sum += read[i * channels + c];
            read[i] = sum / (float)channels;
        }
        SRC_DATA data = {.data_in = read,
                         .data_out = sound,
                         .input_frames = frames,
                         .output_frames = (long)room,
                         .src_ratio = ratio};
        const int error = src_simple(&data, SRC_SINC_MEDIUM_QUALITY, 1);
        if (error) fprintf(stderr, "%s: %s\n", path, src_strerror(error));
        *count = error ? 0 : (size_t)data.output_frames_gen;
    }
    sf_close(file);
    free(read);
    if (sound && *count) return sound;
    free(sound);
    return NULL;
}

#endif
