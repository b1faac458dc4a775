/* SPDX-License-Identifier: MIT */
/* Rotary positions (Su et al. 2021, "RoFormer"): features of queries and keys are turned, in pairs, by angles that grow
 * with the step, so that products of the two tell how far apart they stand. */
#include "nn/layers/layer.h"

#include <math.h>

#define LONGEST 10000.0 /* that of the paper: its wavelengths go up to 2 pi times as many steps */
/* Numbers of a table, of which there are two for each layer: 262,144 steps of heads 128 wide. */
#define MOST_NUMBERS ((size_t)1 << 25)

/* Of [steps, 1, width]: cosines, and sines of which the first of a pair has the negative one. Features i and
 * i + width / 2 are a pair, as in LLaMA and GPT-NeoX. */
static void set_waves(float *cosines, float *sines, size_t steps, size_t width) {
    const size_t pairs = width / 2;
    for (size_t pair = 0; pair < pairs; pair++) {
        const double rate = pow(LONGEST, -2.0 * (double)pair / (double)width);
        for (size_t p = 0; p < steps; p++) {
            const size_t first = p * width + pair, second = first + pairs;
            const double angle = (double)p * rate;
            cosines[first] = cosines[second] = (float)cos(angle);
            sines[second] = (float)sin(angle);
            sines[first] = -sines[second];
        }
    }
}

static soma_status add_table(soma_network *network, const char *role, size_t steps, size_t width, soma_tensor **table) {
    const size_t shape[] = {steps, 1, width};
    /* It stands with the biases, which do not decay. */
    const soma_parameter description = {
        .initializer = SOMA_INIT_ZEROS, .fan_in = steps, .fan_out = width, .is_bias = true, .is_frozen = true};
    SOMA_TRY(soma_layer_add_parameter(network, role, &description, 3, shape, table));
    float *values = soma_calloc(steps * width, sizeof *values);
    if (!values) return soma_out_of_memory(steps * width * sizeof *values, "rotary positions");
    soma_network_find_parameter(network, *table)->values = values;
    return SOMA_OK;
}

soma_status soma_layer_add_rotary_tables(soma_network *network, size_t steps, size_t width,
                                         soma_rotary_tables *tables) {
    if (width % 2)
        return soma_error(SOMA_INVALID_SHAPE,
                          "rotary positions turn pairs of a head's features, of which there are %zu; an even number is "
                          "needed",
                          width);
    if (width && steps > MOST_NUMBERS / width)
        return soma_error(
            SOMA_INVALID_SHAPE,
            "rotary positions of %zu steps and heads %zu wide want more than the %zu numbers that a table "
            "may have; %zu steps are possible",
            steps, width, MOST_NUMBERS, MOST_NUMBERS / width);
    SOMA_TRY(add_table(network, "rotary_cosines", steps, width, &tables->cosines));
    SOMA_TRY(add_table(network, "rotary_sines", steps, width, &tables->sines));
    set_waves(soma_network_find_parameter(network, tables->cosines)->values,
              soma_network_find_parameter(network, tables->sines)->values, steps, width);
    return SOMA_OK;
}

static soma_status add_half(soma_tensor *x, size_t start, soma_tensor **out) {
    const size_t length = x->shape[2] / 2;
    soma_tensor_spec spec = {
        .op = SOMA_OP_SLICE, .input_count = 1, .input = &x, .attributes = {.slice = {3, start, length}}};
    return soma_graph_add(x->graph, &spec, out);
}

/* x cos + (x with the halves of each head exchanged) sin. */
soma_status soma_layer_add_rotary(soma_tensor *x, const soma_rotary_tables *tables, soma_tensor **out) {
    soma_graph *graph = x->graph;
    soma_tensor shape = *x, *heads, *half[2], *turned;
    const size_t width = tables->cosines->shape[2];
    shape.rank = 3;
    shape.shape[1] = x->shape[1] / width;
    shape.shape[2] = width;
    SOMA_TRY(soma_graph_reshape(graph, x, &shape, &heads));
    SOMA_TRY(add_half(heads, width / 2, &half[0]));
    SOMA_TRY(add_half(heads, 0, &half[1]));
    SOMA_TRY(soma_graph_join(half, 2, 3, &turned));
    SOMA_TRY(soma_graph_binary(graph, heads, tables->cosines, SOMA_BINARY_MULTIPLY, &heads));
    SOMA_TRY(soma_graph_binary(graph, turned, tables->sines, SOMA_BINARY_MULTIPLY, &turned));
    SOMA_TRY(soma_graph_binary(graph, heads, turned, SOMA_BINARY_ADD, &heads));
    SOMA_TRY(soma_graph_reshape(graph, heads, x, out));
    (*out)->is_sequence = x->is_sequence;
    (*out)->mask = x->mask;
    return SOMA_OK;
}
