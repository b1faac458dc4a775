/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes networks from text. The first byte gives the number of dimensions of the input, the rest is the text. What is
 * accepted is a network whose layers fit each other; a small one is compiled, too.
 */
#include "fuzz.h"
#include "host_device.h"
#include "nn/network.h"

#include <string.h>

enum { MOST_ELEMENTS = 20000 }; /* of what is compiled */

static void require_sound_network(soma_network *network, soma_tensor *last) {
    size_t elements = 0;
    REQUIRE(last != NULL && soma_network_output(network, 0) == last && last->batched);
    for (size_t i = 0; i < soma_network_layer_count(network); i++) {
        soma_layer_info info;
        REQUIRE(soma_network_layer(network, i, &info) == SOMA_OK);
        REQUIRE(info.name && info.kind && info.rank >= 1 && info.rank <= 4);
        for (uint32_t j = 0; j < info.rank; j++) REQUIRE(info.shape[j] > 0);
        REQUIRE(soma_network_tensor(network, info.name) != NULL);
    }
    for (uint32_t i = 0; i < network->graph.count; i++) {
        size_t count = soma_tensor_count(network->graph.tensor[i]);
        elements += SOMA_MIN(count, (size_t)MOST_ELEMENTS);
    }
    if (elements >= MOST_ELEMENTS) return;
    static soma_device host; /* outlives the network */
    soma_compile_options options = {.loss = {SOMA_MEAN_SQUARED_ERROR}};
    host_device_open(&host);
    REQUIRE(soma_compile(network, &host, &options) == SOMA_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const size_t shape[4] = {2, 3, 2, 1};
    soma_network *network;
    char *text = malloc(size + 1);
    REQUIRE(text && soma_network_create(&network) == SOMA_OK);
    if (size) memcpy(text, data + 1, size - 1);
    text[size ? size - 1 : 0] = 0;
    soma_tensor *last = soma_layers(soma_input(network, NULL, size ? 1 + data[0] % 4 : 1, shape), text);
    soma_status status = soma_network_status(network);
    REQUIRE((status == SOMA_OK) == (last != NULL));
    if (status == SOMA_OK)
        require_sound_network(network, last);
    else
        REQUIRE((status == SOMA_INVALID_ARGUMENT || status == SOMA_INVALID_SHAPE) && soma_last_error()[0] != 0);
    soma_network_destroy(network);
    free(text);
    return 0;
}
