/* SPDX-License-Identifier: MIT */
/*
 * Which sentences mean most nearly what the first one does, by the model MiniLM: it makes 384 numbers of each.
 *
 * Usage: sentences MODEL.onnx TOKENIZER.json SENTENCE SENTENCE...
 */
#include "model.h"
#include "sentence.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WIDTH = 384, SENTENCES = 32 };

/* The cosine of the angle between two embeddings. */
static double similarity(const float *a, const float *b) {
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < WIDTH; i++) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
    return ab / sqrt(aa * bb);
}

int main(int argc, char **argv) {
    model embedding;
    soma_tokenizer *tokenizer = NULL;
    static float tokens[SENTENCES][TOKENS], masks[SENTENCES][TOKENS], said[SENTENCES][WIDTH];
    const size_t count = argc > 3 ? (size_t)argc - 3 : 0;
    if (count < 2 || count > SENTENCES)
        return fprintf(stderr, "Usage: sentences MODEL.onnx TOKENIZER.json SENTENCE SENTENCE...\n"), EXIT_FAILURE;
    const char *const wanted = "461"; /* the mean over the tokens; outputs have numbers for names there */
    const soma_onnx_input shapes[] = {{"input_ids", (const size_t[]){0, TOKENS}, 2},
                                      {"attention_mask", (const size_t[]){0, TOKENS}, 2}};
    const soma_onnx_options options = {.inputs = shapes, .input_count = 2, .outputs = &wanted, .output_count = 1};
    soma_status status = open_model(argv[1], &options, &embedding);
    if (status == SOMA_OK) status = soma_tokenizer_load(argv[2], &tokenizer);
    for (size_t i = 0; i < count && status == SOMA_OK; i++)
        status = encode(tokenizer, argv[i + 3], tokens[i], masks[i]);
    if (status == SOMA_OK)
        status = soma_session_run(embedding.session, count, (const float *[]){*tokens, *masks}, (float *[]){*said});
    for (size_t rank = 1; rank < count && status == SOMA_OK; rank++) {
        size_t best = 0;
        for (size_t i = 1; i < count; i++)
            if (argv[i + 3] && (!best || similarity(said[0], said[i]) > similarity(said[0], said[best]))) best = i;
        printf("%.3f  %s\n", similarity(said[0], said[best]), argv[best + 3]);
        argv[best + 3] = NULL; /* told */
    }
    if (status != SOMA_OK) fprintf(stderr, "sentences: %s\n", soma_last_error());
    close_model(&embedding);
    soma_tokenizer_destroy(tokenizer);
    return status == SOMA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
