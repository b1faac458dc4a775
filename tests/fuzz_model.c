/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes the JSON form of networks. What is accepted must be written again as it was understood; a small network must
 * be fit to be compiled, or say why not, and compute.
 */
#include "fuzz.h"
#include "host_device.h"
#include "io/model/json.h"
#include "train/step.h"

#include <string.h>

enum { MOST_ELEMENTS = 4096 }; /* of what is run */

static bool is_small(const soma_network *network) {
    size_t elements = 0;
    if (network->graph.count > 200) return false;
    for (uint32_t i = 0; i < network->graph.count; i++) {
        size_t count = soma_tensor_count(network->graph.tensor[i]);
        elements += SOMA_MIN(count, (size_t)MOST_ELEMENTS);
    }
    return elements < MOST_ELEMENTS;
}

/* All steps that its options allow, once. */
static void run(soma_network *network, soma_mode mode) {
    soma_signature signature = soma_default_signature(network, mode);
    soma_step_values values = soma_step_values_now(network, 0);
    soma_step *step;
    soma_plan *plan;
    REQUIRE(soma_step_get(network, &signature, &step) == SOMA_OK);
    if (soma_step_plan(network, step, 3, &plan) != SOMA_OK) return; /* a loss may not go with its target */
    float zeros[3 * MOST_ELEMENTS] = {0};
    for (size_t i = 0; i < network->input_count; i++)
        REQUIRE(soma_plan_write_input(plan, i, zeros, SOMA_F32, 1, 0) == SOMA_OK);
    REQUIRE(soma_plan_run(plan, &values) == SOMA_OK);
}

static void compile_and_run(soma_network *network) {
    static soma_device host; /* outlives the network */
    soma_compile_options options;
    bool given = soma_network_get_compile_options(network, &options) == SOMA_OK;
    host_device_open(&host);
    soma_status status = soma_compile(network, &host, given ? &options : NULL);
    REQUIRE(status != SOMA_INTERNAL && status != SOMA_OUT_OF_MEMORY);
    if (status != SOMA_OK) return;
    run(network, SOMA_MODE_PREDICT);
    if (!soma_can_train(network)) return;
    run(network, SOMA_MODE_TRAIN);
    run(network, SOMA_MODE_BACKWARD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    soma_network *network, *again;
    char *text, *text_again;
    soma_status status = soma_model_decode("file", (const char *)data, size, &network);
    if (status != SOMA_OK) {
        REQUIRE(status == SOMA_INVALID_FILE && network == NULL && soma_last_error()[0] != 0);
        return 0;
    }
    REQUIRE(soma_network_status(network) == SOMA_OK && soma_network_output(network, 0) != NULL);
    REQUIRE(soma_model_encode(network, &text) == SOMA_OK);
    REQUIRE(soma_model_decode("again", text, strlen(text), &again) == SOMA_OK);
    REQUIRE(soma_model_encode(again, &text_again) == SOMA_OK);
    REQUIRE(strcmp(text, text_again) == 0);
    if (is_small(network)) compile_and_run(network);
    soma_network_destroy(network);
    soma_network_destroy(again);
    soma_free(text);
    soma_free(text_again);
    return 0;
}
