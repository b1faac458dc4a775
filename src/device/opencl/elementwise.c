/* SPDX-License-Identifier: MIT */
/* Primitives whose elements do not depend on each other: fill, unary, binary, dropout, optimizer. */
#include "device/opencl/launch.h"

#include "device/opencl/strided.h"
#define soma_u32         uint32_t
#define SOMA_MULHI(a, b) (soma_u32)(((uint64_t)(a) * (b)) >> 32)
#include "kernels/random.h"

static size_t count_of(const soma_cl_builder *builder, uint32_t view) {
    return soma_view_count(&builder->call->view[view]);
}

/* The first two arguments of elementwise kernels, and the launch that fits them. */
static void pass_share(soma_cl_builder *builder, size_t count) {
    soma_cl_pass_size(builder, count);
    soma_cl_pass_size(builder, soma_cl_chunk(builder->device, count));
}

static void end_share(soma_cl_builder *builder, size_t count) {
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_pieces(count, soma_cl_chunk(builder->device, count)),
                1);
}

void soma_cl_write_fill(soma_cl_builder *builder) {
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "elementwise.cl", "fill", " ");
    pass_share(builder, count);
    soma_cl_pass_float(builder, builder->call->params.fill.value);
    soma_cl_pass_view(builder, 0);
    end_share(builder, count);
}

void soma_cl_write_unary(soma_cl_builder *builder) {
    const soma_unary_params *params = &builder->call->params.unary;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "elementwise.cl", "unary", "-DFIXED_FUNCTION=%d", (int)params->function);
    pass_share(builder, count);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    end_share(builder, count);
}

void soma_cl_write_unary_grad(soma_cl_builder *builder) {
    const soma_unary_params *params = &builder->call->params.unary;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "elementwise.cl", "unary_grad", "-DFIXED_FUNCTION=%d", (int)params->function);
    pass_share(builder, count);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
    end_share(builder, count);
}

void soma_cl_write_binary(soma_cl_builder *builder) {
    static const char *const words[] = {
#define X(name) #name,
        SOMA_BINARY_LIST(X)
#undef X
    };
    const soma_call *call = builder->call;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_strided strided = soma_cl_collapse(&call->view[0], &call->view[1]);
    bool broadcast = !soma_cl_is_flat(&strided);
    soma_cl_begin(builder, "binary.cl", broadcast ? "binary_broadcast" : "binary", "-DOPERATION=%s",
                  words[call->params.binary.op]);
    pass_share(builder, count);
    if (broadcast) {
        soma_cl_pass_shape(builder, &strided);
        soma_cl_pass_strides(builder, strided.second);
    }
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
    end_share(builder, count);
}

void soma_cl_write_dropout(soma_cl_builder *builder) {
    const soma_dropout_params *params = &builder->call->params.dropout;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "dropout.cl", "dropout", " ");
    pass_share(builder, count);
    soma_cl_pass_u32(builder, SOMA_DROPOUT_THRESHOLD(params->rate));
    soma_cl_pass_float(builder, (float)(1.0 / (1.0 - (double)params->rate)));
    soma_cl_pass_u32(builder, params->stream);
    soma_cl_pass_u32(builder, (uint32_t)params->seed);
    soma_cl_pass_u32(builder, (uint32_t)(params->seed >> 32));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_U64, SOMA_CL_LIVE(dropout.step));
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    end_share(builder, count);
}

void soma_cl_write_optimizer(soma_cl_builder *builder) {
    static const size_t rates[] = {
        SOMA_CL_LIVE(optimizer.learning_rate),
        SOMA_CL_LIVE(optimizer.beta1),
        SOMA_CL_LIVE(optimizer.beta2),
        SOMA_CL_LIVE(optimizer.epsilon),
        SOMA_CL_LIVE(optimizer.correction1),
        SOMA_CL_LIVE(optimizer.correction2),
        SOMA_CL_LIVE(optimizer.l2),
        SOMA_CL_LIVE(optimizer.l1),
        SOMA_CL_LIVE(optimizer.decay),
        SOMA_CL_LIVE(optimizer.clip_value),
        SOMA_CL_LIVE(optimizer.clip_norm),
    };
    const soma_optimizer_params *params = &builder->call->params.optimizer;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "optimizer.cl", "optimizer", "-DFIXED_RULE=%d", (int)params->kind);
    pass_share(builder, count);
    soma_cl_pass_size(builder, params->decay_count);
    soma_cl_pass_u32(builder, params->kind);
    for (size_t i = 0; i < SOMA_COUNT_OF(rates); i++) soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, rates[i]);
    for (uint32_t view = 0; view < builder->call->view_count; view++) soma_cl_pass_view(builder, view);
    end_share(builder, count);
}
