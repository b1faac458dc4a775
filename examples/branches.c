/* SPDX-License-Identifier: MIT */
/*
 * A network that is no stack: two inputs, branches that join by concat, multiply and add, two outputs with a loss each.
 *
 * Usage: branches [--device=NAME]
 *
 * From two vectors it learns their scalar product (a number) and whether it is positive (a probability).
 */
#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4096, WIDTH = 4, HIDDEN = 32 };

/* Arrays of one data set; rows correspond. */
typedef struct pairs {
    float a[ROWS][WIDTH], b[ROWS][WIDTH];
    float product[ROWS][1], positive[ROWS][1];
} pairs;

/* A small generator of our own, so that the example gives the same figures everywhere. */
static float uniform(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-23f - 1.0f;
}

static void draw_pairs(uint32_t *state, pairs *set) {
    for (int row = 0; row < ROWS; row++) {
        float product = 0;
        for (int i = 0; i < WIDTH; i++) {
            set->a[row][i] = uniform(state);
            set->b[row][i] = uniform(state);
            product += set->a[row][i] * set->b[row][i];
        }
        set->product[row][0] = product;
        set->positive[row][0] = product > 0 ? 1.0f : 0.0f;
    }
}

static soma_status make_dataset(const pairs *set, soma_dataset **dataset) {
    const soma_array inputs[] = {{.data = set->a, .dtype = SOMA_F32, .rank = 2, .shape = {ROWS, WIDTH}},
                                 {.data = set->b, .dtype = SOMA_F32, .rank = 2, .shape = {ROWS, WIDTH}}};
    const soma_array targets[] = {{.data = set->product, .dtype = SOMA_F32, .rank = 2, .shape = {ROWS, 1}},
                                  {.data = set->positive, .dtype = SOMA_F32, .rank = 2, .shape = {ROWS, 1}}};
    return soma_dataset_from_arrays(inputs, 2, targets, 2, dataset);
}

/* Builders accept what an earlier one failed to make, so nothing is checked here: soma_compile() reports the first
 * error. */
static void build(soma_network *network) {
    soma_tensor *a = soma_input(network, "a", 1, (const size_t[]){WIDTH});
    soma_tensor *b = soma_input(network, "b", 1, (const size_t[]){WIDTH});
    soma_tensor *left = soma_dense(a, HIDDEN, SOMA_IDENTITY);
    soma_tensor *right = soma_dense(b, HIDDEN, SOMA_IDENTITY);
    soma_tensor *joined = soma_concat((soma_tensor *const[]){left, right, soma_multiply(left, right)}, 3, 0);
    soma_tensor *trunk = soma_dense(joined, 2 * HIDDEN, SOMA_RELU);
    trunk = soma_add(trunk, soma_dense(trunk, 2 * HIDDEN, SOMA_RELU)); /* a residual connection */
    soma_output(soma_named(soma_dense(trunk, 1, SOMA_IDENTITY), "product"));
    soma_output(soma_named(soma_dense(trunk, 1, SOMA_SIGMOID), "positive"));
}

static soma_status train(soma_network *network, soma_device *device, const pairs *seen) {
    soma_dataset *dataset = NULL;
    const soma_compile_options compile = {
        .loss = {SOMA_MEAN_SQUARED_ERROR, SOMA_BINARY_CROSSENTROPY},
        .loss_weight = {1.0f, 0.5f},
        .optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.003f, .schedule = {.kind = SOMA_SCHEDULE_COSINE}}};
    build(network);
    soma_status status = soma_compile(network, device, &compile);
    if (status == SOMA_OK) status = make_dataset(seen, &dataset);
    if (status == SOMA_OK)
        status = soma_fit(network, dataset, &(soma_fit_options){.epochs = 40, .batch_size = 64}, NULL);
    soma_dataset_destroy(dataset);
    return status;
}

/* Mean absolute error of the first output, share of right answers of the second. */
static soma_status judge(soma_network *network, const pairs *unseen, double *error, double *right) {
    static float product[ROWS], positive[ROWS];
    soma_dataset *dataset = NULL;
    soma_status status = make_dataset(unseen, &dataset);
    if (status == SOMA_OK) status = soma_predict(network, dataset, 0, 0, product);
    if (status == SOMA_OK) status = soma_predict(network, dataset, 1, 0, positive);
    soma_dataset_destroy(dataset);
    *error = *right = 0;
    for (int row = 0; status == SOMA_OK && row < ROWS; row++) {
        const float difference = product[row] - unseen->product[row][0];
        *error += (difference < 0 ? -difference : difference) / ROWS;
        *right += ((positive[row] > 0.5f) == (unseen->positive[row][0] > 0.5f)) / (double)ROWS;
    }
    return status;
}

int main(int argc, char **argv) {
    const char *device_name = argc > 1 && strncmp(argv[1], "--device=", 9) == 0 ? argv[1] + 9 : NULL;
    static pairs seen, unseen;
    uint32_t state = 1;
    draw_pairs(&state, &seen);
    draw_pairs(&state, &unseen);

    soma_device *device = NULL;
    soma_network *network = NULL;
    double error = 0, right = 0;
    soma_status status = soma_device_open(device_name, NULL, &device);
    if (status == SOMA_OK) status = soma_network_create(&network);
    if (status == SOMA_OK) status = train(network, device, &seen);
    if (status == SOMA_OK) status = judge(network, &unseen, &error, &right);

    if (status == SOMA_OK)
        printf("unseen pairs: product off by %.4f on average, sign right in %.2f %%\n", error, 100 * right);
    else
        fprintf(stderr, "%s\n", soma_last_error());
    soma_network_destroy(network);
    soma_device_close(device);
    return status == SOMA_OK && error < 0.05 && right > 0.95 ? EXIT_SUCCESS : EXIT_FAILURE;
}
