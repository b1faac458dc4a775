/* SPDX-License-Identifier: MIT */
/*
 * Where in a recording somebody speaks, by the model silero-vad: it hears 32 ms at a time, with a state that it carries
 * on.
 *
 * Usage: speech MODEL.onnx SOUND
 */
#include "model.h"
#include "sound.h"

#include <string.h>

enum { RATE = 16000, STEP = 512, BEFORE = 64, STATE = 2 * 128, QUIET = 4 };

int main(int argc, char **argv) {
    model hearing;
    size_t count = 0, begin = 0, end = 0, stretches = 0;
    float *sound = argc > 2 ? read_sound(argv[2], RATE, &count) : NULL;
    if (!sound) {
        if (argc <= 2) fprintf(stderr, "Usage: speech MODEL.onnx SOUND\n");
        return EXIT_FAILURE;
    }
    /* The file leaves shapes open, and takes the rate as an input: it has branches for two of them. */
    const soma_onnx_constant rate = {.name = "sr", .values = (const double[]){RATE}, .count = 1};
    const soma_onnx_input shapes[] = {{"input", (const size_t[]){1, BEFORE + STEP}, 2},
                                      {"state", (const size_t[]){2, 1, 128}, 3}};
    const soma_onnx_options options = {.constants = &rate, .constant_count = 1, .inputs = shapes, .input_count = 2};
    soma_status status = open_model(argv[1], &options, &hearing);
    if (status == SOMA_OK)
        expect_counts(argv[1], &hearing, 2, (const size_t[]){BEFORE + STEP, STATE}, 2, (const size_t[]){1, STATE});

    float heard[BEFORE + STEP] = {0}, state[2][STATE] = {{0}}, chance = 0;
    for (size_t at = 0, i = 0; at < count && status == SOMA_OK; at += STEP, i = 1 - i) {
        const size_t rest = count - at < STEP ? count - at : STEP; /* the last step ends in silence */
        memcpy(heard, heard + STEP, BEFORE * sizeof *heard);
        memset(heard + BEFORE, 0, STEP * sizeof *heard);
        memcpy(heard + BEFORE, sound + at, rest * sizeof *heard);
        const float *const inputs[] = {heard, state[i]};
        float *const outputs[] = {&chance, state[1 - i]};
        status = soma_session_run(hearing.session, 1, inputs, outputs);
        /* Speech begins where it is likely, and ends where it was unlikely for a while: words have pauses in them. */
        if (chance >= 0.5F && !end) begin = at;
        if (chance >= 0.5F || (end && chance >= 0.35F)) end = at + rest;
        if (end && (at + STEP >= end + QUIET * STEP || at + STEP >= count)) {
            printf("%.2f s to %.2f s\n", (double)begin / RATE, (double)end / RATE);
            end = 0;
            stretches++;
        }
    }
    if (status != SOMA_OK)
        fprintf(stderr, "speech: %s\n", soma_last_error());
    else if (!stretches)
        printf("no speech\n");
    close_model(&hearing);
    free(sound);
    return status == SOMA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
