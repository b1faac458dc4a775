/* SPDX-License-Identifier: MIT */
/* RECURRENT. */
#include "device/opencl/recurrent.h"

static uint32_t bits_of(const soma_cl_builder *builder) {
    return recurrent_params_bits(&builder->call->params.recurrent) |
           recurrent_bit(builder, RECURRENT_BIAS, RECURRENT_HAS_BIAS) |
           recurrent_bit(builder, RECURRENT_MASK, RECURRENT_HAS_MASK) |
           recurrent_bit(builder, RECURRENT_STATE, RECURRENT_HAS_STATE) |
           recurrent_bit(builder, RECURRENT_CELL, RECURRENT_HAS_CELL) |
           recurrent_bit(builder, RECURRENT_CELLS, RECURRENT_HAS_CELLS) |
           recurrent_bit(builder, RECURRENT_GATES, RECURRENT_HAS_GATES);
}

/* Where a processor's packed weights are in the workspace; 0 bytes: they are read where they lie. */
typedef struct packed_weights {
    size_t offset, bytes;
} packed_weights;

/* For one sample, or a few, they are not read often enough; and a single sample's steps go into a list of calls. */
static packed_weights pack_weights(soma_cl_builder *builder, soma_recurrent_size size) {
    const soma_cl_device *device = builder->device;
    const soma_view *weight = &builder->call->view[RECURRENT_WEIGHT];
    const size_t gates = weight->shape[1] / size.units, width = device->style.width,
                 vectors = soma_cl_pieces(size.units, width) * size.units * gates,
                 chunk = soma_cl_pieces(soma_cl_chunk(device, vectors * width), width);
    packed_weights packed = {.bytes = vectors * width * sizeof(float)};
    if (!soma_cl_works_on_vectors(device) || size.samples <= RECURRENT_SAMPLES || size.steps < 2)
        return (packed_weights){0};
    packed.offset = soma_cl_reserve(builder, packed.bytes);
    soma_cl_begin(builder, "recurrent.cl", "recurrent_pack", " ");
    soma_cl_pass_size(builder, vectors);
    soma_cl_pass_size(builder, chunk);
    soma_cl_pass_size(builder, size.units);
    soma_cl_pass_size(builder, gates);
    soma_cl_pass_view(builder, RECURRENT_WEIGHT);
    soma_cl_pass_scratch(builder, packed.offset, packed.bytes);
    soma_cl_end(builder, 1, 1, soma_cl_pieces(vectors, chunk), 1);
    return packed;
}

static void begin_step(soma_cl_builder *builder, const char *kernel, soma_recurrent_size size, packed_weights packed) {
    static const uint32_t views[] = {RECURRENT_X, RECURRENT_WEIGHT, RECURRENT_BIAS, RECURRENT_MASK, RECURRENT_STATE};
    recurrent_begin(builder, "recurrent.cl", kernel, size,
                    bits_of(builder) | (packed.bytes ? RECURRENT_IS_PACKED : 0u));
    for (size_t i = 0; i < SOMA_COUNT_OF(views); i++)
        if (views[i] == RECURRENT_WEIGHT && packed.bytes)
            soma_cl_pass_scratch(builder, packed.offset, packed.bytes);
        else
            soma_cl_pass_view(builder, views[i]);
}

static void write_lstm(soma_cl_builder *builder, soma_recurrent_size size, packed_weights packed) {
    const bool wanted = builder->call->view[RECURRENT_CELLS].rank;
    const size_t bytes = size.samples * size.units * sizeof(float),
                 spare = wanted ? 0 : soma_cl_reserve(builder, bytes);
    begin_step(builder, "recurrent_lstm", size, packed);
    soma_cl_pass_view(builder, RECURRENT_CELL);
    soma_cl_pass_view(builder, RECURRENT_Y);
    if (wanted)
        soma_cl_pass_view(builder, RECURRENT_CELLS);
    else
        soma_cl_pass_scratch(builder, spare, bytes);
    soma_cl_pass_view(builder, RECURRENT_GATES);
    recurrent_end(builder, size, RECURRENT_SAMPLES);
}

static void write_gru(soma_cl_builder *builder, soma_recurrent_size size, packed_weights packed) {
    static const char *const parts[] = {"recurrent_gru_reset", "recurrent_gru_candidate"};
    const bool before = builder->call->params.recurrent.reset_before;
    const size_t bytes = size.samples * size.units * sizeof(float);
    const size_t update = before ? soma_cl_reserve(builder, bytes) : 0;
    const size_t reset = before ? soma_cl_reserve(builder, bytes) : 0;
    for (size_t i = 0; i < (before ? SOMA_COUNT_OF(parts) : 1); i++) {
        begin_step(builder, before ? parts[i] : "recurrent_gru", size, packed);
        soma_cl_pass_view(builder, RECURRENT_Y);
        soma_cl_pass_view(builder, RECURRENT_GATES);
        if (before) soma_cl_pass_scratch(builder, update, bytes);
        if (before) soma_cl_pass_scratch(builder, reset, bytes);
        recurrent_end(builder, size, RECURRENT_SAMPLES);
    }
}

void soma_cl_write_recurrent(soma_cl_builder *builder) {
    const soma_recurrent_size size = soma_recurrent_size_of(&builder->call->view[RECURRENT_Y]);
    if (soma_view_count(&builder->call->view[RECURRENT_Y]) == 0) return;
    soma_cl_expect_loops(builder, size.units + 64);
    const packed_weights packed = pack_weights(builder, size);
    soma_cl_repeat(builder, size.steps);
    switch (builder->call->params.recurrent.kind) {
    case SOMA_RECURRENT_LSTM:
        write_lstm(builder, size, packed);
        break;
    case SOMA_RECURRENT_GRU:
        write_gru(builder, size, packed);
        break;
    default:
        begin_step(builder, "recurrent_rnn", size, packed);
        soma_cl_pass_view(builder, RECURRENT_Y);
        recurrent_end(builder, size, RECURRENT_SAMPLES);
    }
}
