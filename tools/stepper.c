/* SPDX-License-Identifier: MIT */
/* See stepper.h. */
#include "stepper.h"

#include <soma/stream.h>
#include <stdlib.h>
#include <string.h>

struct stepper {
    soma_network *network;
    soma_session *session;
    size_t count;         /* inputs, and outputs: the token and what is said, then the states */
    const float **inputs; /* [count] */
    float **outputs;      /* [count] */
    float *states;        /* of before and after the step, in turn */
    size_t window, steps;
    float token;
};

/* Places for the states, two of each, which begin as 0. */
static exit_status make_room(struct stepper *stepper) {
    size_t values = 1;
    for (size_t i = 1; i < stepper->count; i++) values += soma_tensor_count(soma_network_input(stepper->network, i));
    stepper->inputs = calloc(stepper->count, sizeof *stepper->inputs);
    stepper->outputs = calloc(stepper->count, sizeof *stepper->outputs);
    stepper->states = calloc(2 * values, sizeof *stepper->states);
    if (!stepper->inputs || !stepper->outputs || !stepper->states) return fail(STATUS_FAILED, "out of memory");
    for (size_t i = 1; i < stepper->count; i++)
        if (strcmp(soma_tensor_name(soma_network_input(stepper->network, i)), "step") == 0)
            stepper->steps = stepper->window;
    float *place = stepper->states;
    stepper->inputs[0] = &stepper->token;
    for (size_t i = 1; i < stepper->count; i++) {
        const size_t width = soma_tensor_count(soma_network_input(stepper->network, i));
        stepper->inputs[i] = place;
        stepper->outputs[i] = place + width;
        place += 2 * width;
    }
    return STATUS_DONE;
}

exit_status stepper_open(soma_network *network, soma_device *device, struct stepper **stepper) {
    soma_network *stream;
    *stepper = NULL;
    soma_status cause = soma_network_stream(network, &stream);
    if (cause == SOMA_UNSUPPORTED) return STATUS_DONE;
    struct stepper *made = cause == SOMA_OK ? calloc(1, sizeof *made) : NULL;
    if (cause == SOMA_OK && !made) {
        soma_network_destroy(stream);
        return fail(STATUS_FAILED, "out of memory");
    }
    if (cause == SOMA_OK) {
        made->network = stream;
        made->steps = SIZE_MAX;
        made->window = soma_tensor_count(soma_network_input(network, 0));
        made->count = soma_network_input_count(stream);
        soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
        for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options.loss[i] = SOMA_LOSS_NONE;
        cause = soma_compile(stream, device, &options);
    }
    if (cause == SOMA_OK) cause = soma_session_create(stream, NULL, &made->session);
    exit_status status = cause == SOMA_OK ? make_room(made) : fail_from_library(cause, STATUS_FAILED, NULL);
    if (status == STATUS_DONE)
        *stepper = made;
    else
        stepper_close(made);
    return status;
}

/* Positions and caches have as many places as the network has steps. */
size_t stepper_steps(const struct stepper *stepper) {
    return stepper->steps;
}

exit_status stepper_step(struct stepper *stepper, int32_t token, float *output) {
    stepper->token = (float)token;
    stepper->outputs[0] = output;
    soma_status cause = soma_session_run(stepper->session, 1, stepper->inputs, stepper->outputs);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    for (size_t i = 1; i < stepper->count; i++) {
        float *after = stepper->outputs[i];
        stepper->outputs[i] = (float *)stepper->inputs[i];
        stepper->inputs[i] = after;
    }
    return STATUS_DONE;
}

void stepper_close(struct stepper *stepper) {
    if (!stepper) return;
    soma_session_destroy(stepper->session);
    soma_network_destroy(stepper->network);
    free(stepper->inputs);
    free(stepper->outputs);
    free(stepper->states);
    free(stepper);
}
