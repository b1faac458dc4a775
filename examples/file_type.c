/* SPDX-License-Identifier: MIT */
/*
 * What is in a file, whatever its name says, by the model magika: it looks at the first and the last 1024 bytes.
 *
 * Usage: file_type MODEL.onnx LABELS.txt FILE
 */
#include "model.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 1024, BLOCK = 4096, NOTHING = 256, LABELS = 214 };

/* The first and the last bytes, without spaces around them, and NOTHING where the file has none. */
static bool read_parts(const char *path, float parts[2 * PART]) {
    unsigned char block[BLOCK];
    FILE *file = fopen(path, "rb");
    if (!file) return false;
    for (size_t i = 0; i < 2 * PART; i++) parts[i] = NOTHING;
    size_t begin = 0, end = fread(block, 1, BLOCK, file);
    while (begin < end && isspace(block[begin])) begin++;
    for (size_t i = 0; i < PART && begin + i < end; i++) parts[i] = block[begin + i];
    if (end == BLOCK && fseek(file, -BLOCK, SEEK_END) == 0) end = fread(block, 1, BLOCK, file);
    while (end > 0 && isspace(block[end - 1])) end--;
    for (size_t i = 0; i < PART && i < end; i++) parts[2 * PART - 1 - i] = block[end - 1 - i];
    const bool well = !ferror(file);
    fclose(file);
    return well;
}

int main(int argc, char **argv) {
    model magika;
    float parts[2 * PART], scores[LABELS] = {0};
    char label[64] = "?";
    FILE *labels = argc > 3 ? fopen(argv[2], "r") : NULL;
    if (!labels || !read_parts(argv[3], parts)) {
        fprintf(stderr, "Usage: file_type MODEL.onnx LABELS.txt FILE, of files that can be read\n");
        return EXIT_FAILURE;
    }
    soma_status status = open_model(argv[1], NULL, &magika);
    if (status == SOMA_OK) {
        expect_counts(argv[1], &magika, 1, (const size_t[]){2 * PART}, 1, (const size_t[]){LABELS});
        status = soma_session_run(magika.session, 1, (const float *[]){parts}, (float *[]){scores});
    }
    size_t best = 0;
    for (size_t i = 1; i < LABELS; i++)
        if (scores[i] > scores[best]) best = i;
    for (size_t i = 0; i <= best && fgets(label, sizeof label, labels); i++) label[strcspn(label, "\n")] = 0;
    if (status == SOMA_OK)
        printf("%s: %s (%.3f)\n", argv[3], label, (double)scores[best]);
    else
        fprintf(stderr, "file_type: %s\n", soma_last_error());
    close_model(&magika);
    fclose(labels);
    return status == SOMA_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
