/* SPDX-License-Identifier: MIT */
/*
 * The words in a picture, by three models of rapidocr: where lines are, which are upside down, what they say.
 *
 * Usage: words FOLDER PICTURE
 */
#include "model.h"
#include "picture.h"

#include <stdio.h>

/* What a model says of pictures x[shape], which is freed: [pictures, said[]], to be freed; NULL: it failed. */
static float *ask(const char *folder, const char *name, float *x, const size_t shape[4], size_t said[SOMA_MAX_RANK]) {
    const soma_onnx_input input = {"x", shape, 4};
    char path[1024];
    model asked;
    float *y = NULL;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (open_model(path, &(soma_onnx_options){.inputs = &input, .input_count = 1}, &asked) == SOMA_OK && x) {
        const soma_tensor *output = soma_network_output(asked.network, 0);
        soma_tensor_shape(output, said);
        y = malloc(shape[0] * soma_tensor_count(output) * sizeof *y);
        if (y && soma_session_run(asked.session, shape[0], (const float *[]){x}, &y) != SOMA_OK) free(y), y = NULL;
    }
    close_model(&asked);
    free(x);
    return y;
}

int main(int argc, char **argv) {
    static char characters[1 << 17], path[1024];
    picture page = {NULL, 0, 0};
    box *lines = NULL;
    float *map = NULL, *turned = NULL, *text = NULL;
    size_t said[SOMA_MAX_RANK], count = 0;
    snprintf(path, sizeof path, "%s/characters.txt", argc > 1 ? argv[1] : ".");
    FILE *file = argc > 2 ? fopen(path, "r") : NULL;
    if (!file)
        return fprintf(stderr, "Usage: words FOLDER PICTURE; models and characters.txt are in it\n"), EXIT_FAILURE;
    characters[fread(characters, 1, sizeof characters - 1, file)] = 0;
    fclose(file);
    if (read_picture(argv[2], &page) == SOMA_OK) {
        const size_t whole[] = {1, 3, (page.height + 31) / 32 * 32, (page.width + 31) / 32 * 32};
        const box all = {0, 0, (double)whole[3], (double)whole[2]};
        map = ask(argv[1], "det.onnx", cut_boxes(&page, &all, 1, NULL, whole[2], whole[3]), whole, said);
        count = map ? find_boxes(map, whole[2], whole[3], &lines) : 0;
    }
    if (count) {
        const size_t small[] = {count, 3, 48, 192}, large[] = {count, 3, 48, (size_t)(48 * longest_box(lines, count))};
        turned = ask(argv[1], "cls.onnx", cut_boxes(&page, lines, count, NULL, 48, small[3]), small, said);
        text = ask(argv[1], "rec.onnx", cut_boxes(&page, lines, count, turned, 48, large[3]), large, said);
    }
    for (size_t i = 0; i < count && text; i++) print_line(characters, text + i * said[0] * said[1], said);
    const bool well = map && (text || !count);
    if (!well) fprintf(stderr, "words: %s\n", soma_last_error());
    free(page.pixels), free(lines), free(map), free(turned), free(text);
    return well ? EXIT_SUCCESS : EXIT_FAILURE;
}
