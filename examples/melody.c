/* SPDX-License-Identifier: MIT */
/*
 * The notes of a melody, by the model basic-pitch: for each 12 ms it says how likely each of the 88 keys of a piano
 * sounds.
 *
 * Usage: melody MODEL.onnx SOUND
 */
#include "model.h"
#include "sound.h"

/* A window of sound is 172 frames, of which the first and the last 15 know too little of what is around them. */
enum { RATE = 22050, HOP = 256, WINDOW = 43844, FRAMES = 172, KEYS = 88, EDGE = 15, LEAST = 6 };

static void tell(int key, double begin, double end) {
    static const char *const names[] = {"A", "A#", "B", "C", "C#", "D", "D#", "E", "F", "F#", "G", "G#"};
    if ((end - begin) * RATE >= LEAST * HOP)
        printf("%.2f s to %.2f s: %s%d\n", begin, end, names[key % 12], (key + 9) / 12);
}

int main(int argc, char **argv) {
    model hearing;
    size_t count = 0;
    float *sound = argc > 2 ? read_sound(argv[2], RATE, &count) : NULL;
    if (!sound) {
        if (argc <= 2) fprintf(stderr, "Usage: melody MODEL.onnx SOUND\n");
        return EXIT_FAILURE;
    }
    const char *const wanted[] = {"StatefulPartitionedCall:1", "StatefulPartitionedCall:2"};
    const soma_onnx_options options = {.outputs = wanted, .output_count = 2}; /* notes, and where they begin */
    soma_status status = open_model(argv[1], &options, &hearing);
    if (status == SOMA_OK)
        expect_counts(argv[1], &hearing, 1, (const size_t[]){WINDOW}, 2,
                      (const size_t[]){FRAMES * KEYS, FRAMES * KEYS});
    static float window[WINDOW], notes[FRAMES][KEYS], onsets[FRAMES][KEYS];
    int sounding = -1;
    double begin = 0, now = 0;
    for (size_t at = 0; at < count && status == SOMA_OK; at += WINDOW - 2 * EDGE * HOP) {
        for (size_t i = 0; i < WINDOW; i++)
            window[i] = at + i >= EDGE * HOP && at + i - EDGE * HOP < count ? sound[at + i - EDGE * HOP] : 0;
        status = soma_session_run(hearing.session, 1, (const float *[]){window}, (float *[]){*notes, *onsets});
        for (size_t frame = EDGE; frame < FRAMES - EDGE && status == SOMA_OK; frame++) {
            int best = 0;
            for (int key = 1; key < KEYS; key++)
                if (notes[frame][key] > notes[frame][best]) best = key;
            now = ((double)at + (double)(frame - EDGE) * HOP) / RATE;
            if (notes[frame][best] < 0.4F) best = -1;
            const bool struck = best >= 0 && onsets[frame][best] >= 0.5F && onsets[frame - 1][best] < 0.5F;
            if (best == sounding && !(struck && (now - begin) * RATE > LEAST * HOP)) continue;
            if (sounding >= 0) tell(sounding, begin, now);
            sounding = best;
            begin = now;
        }
    }
    if (sounding >= 0) tell(sounding, begin, now);
    if (status != SOMA_OK) fprintf(stderr, "melody: %s\n", soma_last_error());
    close_model(&hearing);
    free(sound);
    return status == SOMA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
