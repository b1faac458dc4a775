/* SPDX-License-Identifier: MIT */
/*
 * A stream that is fed in pieces: a recurrent layer goes on from the state that the piece before has left, and says
 * what it would say of all at once.
 *
 * Usage: stream [--device=NAME]
 */
#include <math.h>
#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 60, PIECE = 12, UNITS = 8, FEATURES = 2 };

/* So many steps at a time: the state after each, and, for the next piece, the last one again. Weights depend on the
 * seed alone, so both networks have the same; others would be loaded into both. */
static soma_status make_network(soma_device *device, size_t steps, soma_network **network) {
    soma_tensor *state = NULL;
    soma_recurrent_options options = {.final_state = &state};
    soma_status status = soma_network_create(network);
    if (status != SOMA_OK) return status;
    soma_tensor *x = soma_input(*network, "x", 2, (const size_t[]){steps, FEATURES});
    options.state = soma_input(*network, "before", 1, (const size_t[]){UNITS});
    soma_tensor *y = soma_gru(x, UNITS, &options);
    soma_output(y);
    if (y) soma_output(soma_named(state, "after"));
    return soma_compile(*network, device, NULL);
}

/* In so many pieces of `steps`: y[STEPS][UNITS]. */
static soma_status run(soma_device *device, size_t steps, const float *x, float *y) {
    float state[2][UNITS] = {{0}}; /* before a piece and after it, in turn */
    soma_network *network = NULL;
    soma_session *session = NULL;
    soma_status status = make_network(device, steps, &network);
    if (status == SOMA_OK) status = soma_session_create(network, NULL, &session);
    for (size_t step = 0, i = 0; step < STEPS && status == SOMA_OK; step += steps, i = 1 - i) {
        const float *const inputs[] = {x + step * FEATURES, state[i]};
        float *const outputs[] = {y + step * UNITS, state[1 - i]};
        status = soma_session_run(session, 1, inputs, outputs);
    }
    soma_session_destroy(session);
    soma_network_destroy(network);
    return status;
}

int main(int argc, char **argv) {
    const char *device_name = argc > 1 && strncmp(argv[1], "--device=", 9) == 0 ? argv[1] + 9 : NULL;
    static float x[STEPS * FEATURES], at_once[STEPS * UNITS], in_pieces[STEPS * UNITS];
    soma_device *device = NULL;
    double largest = 0, difference = 0;
    for (int i = 0; i < STEPS * FEATURES; i++) x[i] = (float)sin(0.7 * i);
    soma_status status = soma_device_open(device_name, NULL, &device);
    if (status == SOMA_OK) status = run(device, STEPS, x, at_once);
    if (status == SOMA_OK) status = run(device, PIECE, x, in_pieces);
    soma_device_close(device);
    if (status != SOMA_OK) {
        fprintf(stderr, "stream: %s\n", soma_last_error());
        return EXIT_FAILURE;
    }
    for (int i = 0; i < STEPS * UNITS; i++) {
        largest = fmax(largest, fabs((double)at_once[i]));
        difference = fmax(difference, fabs((double)at_once[i] - (double)in_pieces[i]));
    }
    printf("%d steps at once and in pieces of %d: states up to %.3f, the largest difference is %.1e\n", STEPS, PIECE,
           largest, difference);
    return largest > 0.1 && difference < 1e-5 ? EXIT_SUCCESS : EXIT_FAILURE;
}
