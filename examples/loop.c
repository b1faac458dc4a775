/* SPDX-License-Identifier: MIT */
/*
 * A training loop written by hand: draws its own batches, sets its own learning rate, looks at the loss when it likes.
 *
 * Usage: loop [--device=NAME]
 *
 * The data are two spirals, wound into each other: a point belongs to the one or the other.
 */
#include <math.h>
#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 1024, BATCH = 64, STEPS = 3000, LOOK_EVERY = 500 };

typedef struct point {
    float x, y;
} point;

/* A small generator of our own, so that the example gives the same figures everywhere. */
static float uniform(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-24f;
}

static void draw_spirals(uint32_t *state, point *points, int32_t *classes) {
    for (int i = 0; i < POINTS; i++) {
        const float along = uniform(state);
        const float angle = 9.0f * along + (i % 2 ? 3.14159265f : 0.0f);
        const float radius = 0.1f + 0.9f * along;
        points[i].x = radius * cosf(angle) + 0.02f * (uniform(state) - 0.5f);
        points[i].y = radius * sinf(angle) + 0.02f * (uniform(state) - 0.5f);
        classes[i] = i % 2;
    }
}

/* A linear rise over the first 100 steps, then half a cosine down to nothing. */
static float learning_rate_at(int step) {
    const float peak = 0.01f;
    if (step < 100) return peak * (float)(step + 1) / 100.0f;
    return 0.5f * peak * (1.0f + cosf(3.14159265f * (float)(step - 100) / (float)(STEPS - 100)));
}

static soma_status train(soma_network *network, const point *points, const int32_t *classes, uint32_t *state) {
    point batch_points[BATCH];
    int32_t batch_classes[BATCH];
    const soma_array x = {.data = batch_points, .dtype = SOMA_F32, .rank = 2, .shape = {BATCH, 2}};
    const soma_array y = {.data = batch_classes, .dtype = SOMA_I32, .rank = 1, .shape = {BATCH}};

    for (int step = 0; step < STEPS; step++) {
        for (int i = 0; i < BATCH; i++) {
            const int row = (int)(uniform(state) * POINTS);
            batch_points[i] = points[row];
            batch_classes[i] = classes[row];
        }
        /* Without metrics the call does not wait for the device, so they are asked for only where they are shown. */
        soma_metrics metrics;
        const bool look = step % LOOK_EVERY == LOOK_EVERY - 1;
        soma_status status = soma_set_learning_rate(network, learning_rate_at(step));
        if (status == SOMA_OK) status = soma_train_on_batch(network, &x, &y, look ? &metrics : NULL);
        if (status != SOMA_OK) return status;
        if (look)
            printf("step %4d  learning rate %.5f  loss %.4f  accuracy %.3f\n", step + 1,
                   (double)soma_get_learning_rate(network), metrics.loss, metrics.metric[0]);
    }
    return SOMA_OK;
}

static soma_status count_right(soma_network *network, const point *points, const int32_t *classes, int *right) {
    static float answers[POINTS][2];
    const soma_status status = soma_run(network, &points[0].x, POINTS, &answers[0][0]);
    *right = 0;
    for (int i = 0; status == SOMA_OK && i < POINTS; i++) *right += (answers[i][1] > answers[i][0]) == classes[i];
    return status;
}

int main(int argc, char **argv) {
    const char *device_name = argc > 1 && strncmp(argv[1], "--device=", 9) == 0 ? argv[1] + 9 : NULL;
    static point points[POINTS], unseen_points[POINTS];
    static int32_t classes[POINTS], unseen_classes[POINTS];
    uint32_t state = 1;
    draw_spirals(&state, points, classes);
    draw_spirals(&state, unseen_points, unseen_classes);

    soma_device *device = NULL;
    soma_network *network = NULL;
    soma_status status = soma_device_open(device_name, NULL, &device);
    if (status == SOMA_OK) status = soma_network_create(&network);
    if (status == SOMA_OK) {
        soma_tensor *x = soma_input(network, NULL, 1, (const size_t[]){2});
        soma_layers(x, "dense 64 relu; dense 64 relu; dense 2 softmax");
        status = soma_compile(network, device, &(soma_compile_options){.optimizer = {.kind = SOMA_ADAM}});
    }
    int right = 0;
    if (status == SOMA_OK) status = train(network, points, classes, &state);
    if (status == SOMA_OK) status = count_right(network, unseen_points, unseen_classes, &right);

    if (status == SOMA_OK)
        printf("%d of %d unseen points right\n", right, POINTS);
    else
        fprintf(stderr, "%s\n", soma_last_error());
    soma_network_destroy(network);
    soma_device_close(device);
    return status == SOMA_OK && right > POINTS * 95 / 100 ? EXIT_SUCCESS : EXIT_FAILURE;
}
