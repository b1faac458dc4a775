/* SPDX-License-Identifier: MIT */
/* adaptiveavgpool: the mean of as many windows as asked for. */
#include "nn/layers/window.h"

#include <string.h>

/* Along dimensions whose sizes divide, a window is as long as its stride. */
static soma_status pool_even(soma_tensor *x, uint32_t rank, const size_t *sizes, soma_tensor **out) {
    soma_attributes attributes = {
        .pool = {.params = {.kind = SOMA_POOL_AVERAGE, .size = {1, 1, 1}, .dilation = {1, 1, 1}}}};
    soma_pool_params *params = &attributes.pool.params;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t at = 3 - rank + i;
        if (x->shape[i] % sizes[i]) continue;
        if (x->shape[i] / sizes[i] > UINT32_MAX)
            return soma_error(SOMA_INVALID_SHAPE, "windows of %zu positions are too large", x->shape[i] / sizes[i]);
        params->size[at] = (uint32_t)(x->shape[i] / sizes[i]);
    }
    memcpy(params->stride, params->size, sizeof params->stride);
    soma_tensor_spec spec = {.op = SOMA_OP_POOL, .input_count = 1, .input = &x, .attributes = attributes};
    return soma_graph_add(x->graph, &spec, out);
}

/* The mean over positions [start, end) of a dimension, which stays, with the size 1. */
static soma_status mean_of(soma_tensor *x, uint32_t dimension, size_t start, size_t end, soma_tensor **out) {
    soma_tensor kept = *x, *part;
    soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &x};
    spec.attributes.slice.axis = soma_layer_axis(x, dimension);
    spec.attributes.slice.start = start;
    spec.attributes.slice.length = end - start;
    kept.shape[dimension] = 1;
    SOMA_TRY(soma_graph_add(x->graph, &spec, &part));
    SOMA_TRY(soma_graph_reduce(x->graph, part, SOMA_REDUCE_MEAN, soma_layer_axis(x, dimension), &part));
    return soma_graph_reshape(x->graph, part, &kept, out);
}

/* Window q lies from floor(q in / out) to ceil((q + 1) in / out). */
static soma_status pool_uneven(soma_tensor *x, uint32_t dimension, size_t out_size, soma_tensor **out) {
    size_t in = x->shape[dimension];
    soma_tensor *part[SOMA_MAX_ADAPTIVE];
    if (out_size > SOMA_MAX_ADAPTIVE)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%zu windows over %zu positions, which they do not divide; at most %d are possible then",
                          out_size, in, SOMA_MAX_ADAPTIVE);
    for (size_t q = 0; q < out_size; q++) {
        size_t whole = in / out_size, rest = in % out_size; /* q in would overflow */
        size_t start = q * whole + q * rest / out_size;
        size_t end = (q + 1) * whole + ((q + 1) * rest + out_size - 1) / out_size;
        SOMA_TRY(mean_of(x, dimension, start, end, &part[q]));
    }
    soma_tensor_spec spec = {.op = SOMA_OP_CONCAT, .input_count = (uint32_t)out_size, .input = part};
    spec.attributes.concat.axis = soma_layer_axis(x, dimension);
    return soma_graph_add(x->graph, &spec, out);
}

static soma_status build(soma_tensor *x, uint32_t rank, const size_t *sizes, soma_tensor **out) {
    char text[SOMA_SHAPE_TEXT];
    if (!sizes) return soma_error(SOMA_INVALID_ARGUMENT, "the sizes are NULL");
    if (rank < 1 || rank > 3)
        return soma_error(SOMA_INVALID_ARGUMENT, "over %u dimensions, one to three are possible", rank);
    SOMA_TRY(soma_layer_channels(x, rank, &x));
    for (uint32_t i = 0; i < rank; i++)
        if (sizes[i] == 0)
            return soma_error(SOMA_INVALID_ARGUMENT, "0 windows along dimension %u of %s, at least 1 is needed", i,
                              soma_tensor_shape_text(x, text));
    uint32_t even = 0;
    for (uint32_t i = 0; i < rank; i++) even += x->shape[i] % sizes[i] == 0;
    *out = x;
    if (even) SOMA_TRY(pool_even(x, rank, sizes, out));
    for (uint32_t i = 0; i < rank; i++)
        if (x->shape[i] % sizes[i]) SOMA_TRY(pool_uneven(*out, i, sizes[i], out));
    return SOMA_OK;
}

soma_tensor *soma_adaptive_average_pool(soma_tensor *x, uint32_t rank, const size_t *sizes) {
    if (!x || !soma_layer_begin(soma_layer_network(x), "adaptiveavgpool", NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = build(x, rank, sizes, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

/* adaptiveavgpool SIZES */
static soma_status adaptiveavgpool_of_text(const soma_clause *clause, soma_tensor **x) {
    size_t sizes[3];
    uint32_t count, rank;
    SOMA_TRY(soma_clause_expect_words(clause, 2, "adaptiveavgpool SIZES"));
    SOMA_TRY(soma_clause_sizes(clause, clause->words[1], "the result", 1, sizes, &count));
    SOMA_TRY(soma_positions_of_text(clause, count, x, &rank));
    SOMA_TRY(soma_clause_sizes_of(clause, clause->words[1], "the result", 1, rank, sizes));
    *x = soma_adaptive_average_pool(*x, rank, sizes);
    return SOMA_OK;
}

SOMA_LAYER(adaptiveavgpool) = {.build = adaptiveavgpool_of_text,
                               .has_dimensions = true,
                               .words = "adaptiveavgpooling adaptiveaveragepool adaptiveaveragepooling"};
