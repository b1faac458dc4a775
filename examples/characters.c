/* SPDX-License-Identifier: MIT */
/*
 * A character model: an LSTM learns what comes next in a text, is measured on the end of it, and writes on.
 *
 * Usage: characters TEXT [--device=NAME]
 */
#include <math.h>
#include <soma/soma.h>
#include <stdio.h>
#include <string.h>

enum { WINDOW = 32, MOST = 512, LENGTH = 200 };

/* Draws the next character by its probability, prints it, and keeps the end of the text in the window. */
static soma_status write_on(soma_network *network, size_t characters) {
    static float window[WINDOW], said[WINDOW * MOST];
    uint32_t state = 1;
    for (int i = 0; i < LENGTH; i++) {
        soma_status status = soma_run(network, window, 1, said);
        if (status != SOMA_OK) return status;
        const float *row = said + (WINDOW - 1) * characters;
        state = state * 1664525u + 1013904223u;
        double left = (state >> 8) * 0x1p-24;
        size_t next = 0, length;
        while (next + 1 < characters && (left -= (double)row[next]) >= 0) next++;
        memmove(window, window + 1, (WINDOW - 1) * sizeof *window);
        window[WINDOW - 1] = (float)next;
        char text[SOMA_TOKEN_BYTES];
        status = soma_network_decode(network, next, false, text, &length);
        if (status != SOMA_OK) return status;
        fwrite(text, 1, length, stdout);
    }
    putchar('\n');
    return SOMA_OK;
}

int main(int argc, char **argv) {
    const char *name = argc == 3 && strncmp(argv[2], "--device=", 9) == 0 ? argv[2] + 9 : "auto";
    const soma_text_options text = {.window = WINDOW, .test = 0.1};
    const soma_compile_options how = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.01f}};
    soma_device *device = NULL;
    soma_dataset *train = NULL, *test = NULL;
    soma_network *network = NULL;
    soma_metrics metrics;
    char net[96];
    if (argc < 2) return fprintf(stderr, "usage: characters TEXT [--device=NAME]\n"), 2;

    soma_status status = soma_dataset_from_text(argv[1], &text, &train, NULL, &test);
    const size_t characters = soma_dataset_token_count(train), window[] = {WINDOW};
    snprintf(net, sizeof net, "embedding %zu 16; lstm 64; dense %zu softmax", characters, characters);
    if (status == SOMA_OK) status = soma_device_open(name, NULL, &device);
    if (status == SOMA_OK) status = soma_network_create(&network);
    if (status == SOMA_OK) soma_layers(soma_input(network, NULL, 1, window), net);
    if (status == SOMA_OK) status = soma_network_fit_preprocessing(network, train, false);
    if (status == SOMA_OK) status = soma_compile(network, device, &how);
    if (status == SOMA_OK) status = soma_fit(network, train, &(soma_fit_options){.epochs = 12, .batch_size = 16}, NULL);
    if (status == SOMA_OK) status = soma_evaluate(network, test, 0, &metrics);
    if (status == SOMA_OK) status = characters <= MOST ? write_on(network, characters) : SOMA_UNSUPPORTED;

    if (status != SOMA_OK) fprintf(stderr, "%s\n", soma_last_error());
    /* Of as many characters as there are, or as good as so many that are equally likely. */
    const double perplexity = status == SOMA_OK ? exp(metrics.loss) : INFINITY;
    if (status == SOMA_OK) printf("%zu characters, perplexity %.2f\n", characters, perplexity);
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
    soma_network_destroy(network);
    soma_device_close(device);
    return status != SOMA_OK || perplexity > (double)characters / 4;
}
