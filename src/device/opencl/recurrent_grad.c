/* SPDX-License-Identifier: MIT */
/* RECURRENT_GRAD. */
#include "device/opencl/recurrent.h"

/* Pieces of the workspace, all of some bytes. */
typedef struct scratch {
    size_t turned, turned_bytes;     /* the weights, transposed */
    size_t direct, dcell, bytes;     /* of all units */
    size_t products, products_bytes; /* the gradients of the products with the state, where nobody wants them; else 0 */
} scratch;

static uint32_t bits_of(const soma_cl_builder *builder) {
    return recurrent_params_bits(&builder->call->params.recurrent) |
           recurrent_bit(builder, RECURRENT_GRAD_MASK, RECURRENT_HAS_MASK) |
           recurrent_bit(builder, RECURRENT_GRAD_STATE, RECURRENT_HAS_STATE) |
           recurrent_bit(builder, RECURRENT_GRAD_CELL, RECURRENT_HAS_CELL) |
           recurrent_bit(builder, RECURRENT_GRAD_DSTATE, RECURRENT_HAS_DSTATE) |
           recurrent_bit(builder, RECURRENT_GRAD_DCELL, RECURRENT_HAS_DCELL);
}

static void write_turned(soma_cl_builder *builder, const scratch *s) {
    const soma_view *weight = &builder->call->view[RECURRENT_GRAD_WEIGHT];
    const size_t count = s->turned_bytes / sizeof(float), chunk = soma_cl_chunk(builder->device, count);
    soma_cl_expect_loops(builder, chunk / builder->device->style.group);
    soma_cl_begin(builder, "recurrent_grad.cl", "recurrent_turn", " ");
    soma_cl_pass_size(builder, count);
    soma_cl_pass_size(builder, chunk);
    soma_cl_pass_size(builder, weight->shape[0]);
    soma_cl_pass_size(builder, weight->shape[1]);
    soma_cl_pass_view(builder, RECURRENT_GRAD_WEIGHT);
    soma_cl_pass_scratch(builder, s->turned, s->turned_bytes);
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_pieces(count, chunk), 1);
}

/* A launch that takes these views, and the first pieces of the workspace. */
static void write_step(soma_cl_builder *builder, const char *kernel, soma_recurrent_size size, const uint32_t *views,
                       size_t count, const scratch *s) {
    recurrent_begin(builder, "recurrent_grad.cl", kernel, size, bits_of(builder));
    for (size_t i = 0; i < count; i++)
        if (views[i] == RECURRENT_GRAD_DRECURRENT && s->products_bytes)
            soma_cl_pass_scratch(builder, s->products, s->products_bytes);
        else
            soma_cl_pass_view(builder, views[i]);
    soma_cl_pass_scratch(builder, s->turned, s->turned_bytes);
    soma_cl_pass_scratch(builder, s->direct, s->bytes);
    if (builder->call->params.recurrent.kind == SOMA_RECURRENT_LSTM) soma_cl_pass_scratch(builder, s->dcell, s->bytes);
    recurrent_end(builder, size,
                  soma_cl_works_on_vectors(builder->device) ? RECURRENT_SAMPLES_BACK : RECURRENT_SAMPLES);
}

static void write_steps(soma_cl_builder *builder, soma_recurrent_size size, const scratch *s) {
    static const uint32_t rnn[] = {RECURRENT_GRAD_DY, RECURRENT_GRAD_Y, RECURRENT_GRAD_MASK, RECURRENT_GRAD_DX,
                                   RECURRENT_GRAD_DSTATE};
    static const uint32_t lstm[] = {RECURRENT_GRAD_DY,     RECURRENT_GRAD_CELLS, RECURRENT_GRAD_GATES,
                                    RECURRENT_GRAD_MASK,   RECURRENT_GRAD_CELL,  RECURRENT_GRAD_DX,
                                    RECURRENT_GRAD_DSTATE, RECURRENT_GRAD_DCELL};
    static const uint32_t gru[] = {RECURRENT_GRAD_DY,         RECURRENT_GRAD_Y,     RECURRENT_GRAD_GATES,
                                   RECURRENT_GRAD_MASK,       RECURRENT_GRAD_STATE, RECURRENT_GRAD_DX,
                                   RECURRENT_GRAD_DRECURRENT, RECURRENT_GRAD_DSTATE};
    static const uint32_t reset[] = {RECURRENT_GRAD_Y, RECURRENT_GRAD_GATES, RECURRENT_GRAD_MASK, RECURRENT_GRAD_STATE,
                                     RECURRENT_GRAD_DX};
    const soma_recurrent_params *params = &builder->call->params.recurrent;
    if (params->kind == SOMA_RECURRENT_LSTM)
        write_step(builder, "recurrent_lstm_grad", size, lstm, SOMA_COUNT_OF(lstm), s);
    else if (params->kind == SOMA_RECURRENT_GRU)
        write_step(builder, "recurrent_gru_grad", size, gru, SOMA_COUNT_OF(gru), s);
    else
        write_step(builder, "recurrent_rnn_grad", size, rnn, SOMA_COUNT_OF(rnn), s);
    if (params->kind == SOMA_RECURRENT_GRU && params->reset_before)
        write_step(builder, "recurrent_gru_reset_grad", size, reset, SOMA_COUNT_OF(reset), s);
}

void soma_cl_write_recurrent_grad(soma_cl_builder *builder) {
    const soma_recurrent_size size = soma_recurrent_size_of(&builder->call->view[RECURRENT_GRAD_DY]);
    if (size.samples * size.units == 0) return;
    const size_t weights = soma_view_count(&builder->call->view[RECURRENT_GRAD_WEIGHT]);
    const size_t turned = soma_round_up(size.units, builder->device->style.width) * (weights / size.units);
    scratch s = {.turned_bytes = turned * sizeof(float), .bytes = size.samples * size.units * sizeof(float)};
    s.turned = soma_cl_reserve(builder, s.turned_bytes);
    s.direct = soma_cl_reserve(builder, s.bytes);
    if (builder->call->params.recurrent.kind == SOMA_RECURRENT_LSTM) s.dcell = soma_cl_reserve(builder, s.bytes);
    if (soma_recurrent_differs(&builder->call->params.recurrent) &&
        !builder->call->view[RECURRENT_GRAD_DRECURRENT].rank) {
        s.products_bytes = size.steps * size.samples * (weights / size.units) * sizeof(float);
        s.products = soma_cl_reserve(builder, s.products_bytes);
    }
    soma_cl_expect_loops(builder, weights / size.units + 64);
    write_turned(builder, &s);
    soma_cl_repeat(builder, size.steps + 1);
    write_steps(builder, size, &s);
}
