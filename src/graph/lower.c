/* SPDX-License-Identifier: MIT */
/* Lowering rules: the call, or calls, that compute a tensor. */
#include "base/random.h"
#include "graph/lowering.h"
#include "graph/rules.h"

const char soma_sites[SOMA_SITE_COUNT];

/* ----------------------------------------------------------------------------------------------------------- views */

static soma_dtype dtype_of(const soma_lowering *lowering, const soma_tensor *tensor) {
    return tensor->dtype == SOMA_F32 ? lowering->executor->real : tensor->dtype;
}

/* The tensor in its own shape. */
static soma_view view_of(const soma_lowering *lowering, const soma_tensor *tensor) {
    size_t shape[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_full_shape(tensor, lowering->batch, shape);
    return soma_view_of((void *)tensor, 0, dtype_of(lowering, tensor), rank, shape);
}

static soma_view flat_view(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = view_of(lowering, tensor);
    return soma_view_flat(&view);
}

/* [samples, everything else]; a tensor without a batch is one row. */
static soma_view rows_view(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = view_of(lowering, tensor);
    size_t shape[2] = {tensor->batched ? lowering->batch : 1, soma_tensor_count(tensor)};
    return soma_view_reshape(&view, 2, shape);
}

/* The matrix that a product sees: all dimensions but the last are rows. */
static soma_view matrix_view(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = view_of(lowering, tensor);
    size_t columns = view.shape[view.rank - 1], shape[2] = {soma_view_count(&view) / columns, columns};
    return soma_view_reshape(&view, 2, shape);
}

/* [outer, axis, inner] */
static soma_view axis_view(const soma_lowering *lowering, const soma_tensor *tensor, uint32_t axis) {
    soma_view view = view_of(lowering, tensor);
    size_t shape[3] = {1, view.shape[axis], 1};
    for (uint32_t i = 0; i < axis; i++) shape[0] *= view.shape[i];
    for (uint32_t i = axis + 1; i < view.rank; i++) shape[2] *= view.shape[i];
    return soma_view_reshape(&view, 3, shape);
}

static soma_view site_view(const soma_lowering *lowering, soma_site_kind site, uint32_t rank, const size_t *shape) {
    return soma_view_of((void *)&soma_sites[site], 0, lowering->executor->real, rank, shape);
}

/* A flat buffer of the executor from an element on. */
static soma_view flat_buffer(const soma_lowering *lowering, soma_site_kind site, size_t start) {
    size_t count = lowering->executor->parameter_count - start;
    soma_view view = site_view(lowering, site, 1, &count);
    view.offset = start * soma_executor_element(lowering->executor);
    return view;
}

/* x repeated to the shape of `out`: strides of 0 where it has 1 or nothing. */
static soma_view broadcast_view(const soma_lowering *lowering, const soma_tensor *x, const soma_tensor *out) {
    soma_view from = view_of(lowering, x), to = view_of(lowering, out);
    uint32_t batch = out->batched ? 1 : 0, shift = batch + out->rank - x->rank;
    for (uint32_t i = 0; i < to.rank; i++) to.stride[i] = 0;
    if (x->batched) to.stride[0] = from.stride[0];
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->shape[i] != 1) to.stride[shift + i] = from.stride[i + (x->batched ? 1 : 0)];
    to.memory = from.memory;
    to.dtype = from.dtype;
    return to;
}

static soma_view optional_view(const soma_lowering *lowering, bool present, const soma_tensor *tensor) {
    return present ? flat_view(lowering, tensor) : soma_view_absent();
}

/* ----------------------------------------------------------------------------------------------------------- calls */

soma_status soma_lowering_push(soma_lowering *lowering, const soma_tensor *origin, soma_call call) {
    if (lowering->count == lowering->capacity) {
        size_t capacity = lowering->capacity ? 2 * lowering->capacity : 32;
        soma_call *calls = soma_realloc(lowering->calls, capacity, sizeof *calls);
        if (calls) lowering->calls = calls;
        const soma_tensor **origins = soma_realloc(lowering->origin, capacity, sizeof *origins);
        if (origins) lowering->origin = origins;
        if (!calls || !origins) return soma_out_of_memory(capacity * sizeof *calls, "the list of calls");
        lowering->capacity = capacity;
    }
    lowering->calls[lowering->count] = call;
    lowering->origin[lowering->count++] = origin;
    return SOMA_OK;
}

soma_status soma_lower_fill(soma_lowering *lowering, const soma_tensor *tensor) {
    float value = tensor->attributes.fill.value;
    if (tensor->attributes.fill.per_batch) value /= (float)lowering->batch;
    return soma_lowering_push(lowering, tensor, soma_call_fill(flat_view(lowering, tensor), value));
}

soma_status soma_lower_copy(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    bool plain = soma_tensor_same_shape(x, tensor);
    soma_view from = plain ? flat_view(lowering, x) : broadcast_view(lowering, x, tensor);
    soma_view to = plain ? flat_view(lowering, tensor) : view_of(lowering, tensor);
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, to, tensor->attributes.copy.scale, 0));
}

soma_status soma_lower_gemm(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view bias = tensor->input_count > 2 ? view_of(lowering, tensor->input[2]) : soma_view_absent();
    return soma_lowering_push(lowering, tensor,
                              soma_call_gemm(matrix_view(lowering, tensor->input[0]),
                                             matrix_view(lowering, tensor->input[1]), bias,
                                             matrix_view(lowering, tensor), tensor->attributes.gemm));
}

soma_status soma_lower_unary(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(
        lowering, tensor,
        soma_call_unary(flat_view(lowering, tensor->input[0]), flat_view(lowering, tensor), tensor->attributes.unary));
}

soma_status soma_lower_unary_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_unary_grad(flat_view(lowering, tensor->input[0]),
                                                   flat_view(lowering, tensor->input[1]), flat_view(lowering, tensor),
                                                   tensor->attributes.unary));
}

soma_status soma_lower_bias_unary_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(
        lowering, tensor,
        soma_call_bias_unary_grad(rows_view(lowering, tensor->input[0]), rows_view(lowering, tensor->input[1]),
                                  rows_view(lowering, tensor), flat_view(lowering, lowering->second[tensor->id]),
                                  tensor->attributes.unary));
}

soma_status soma_lower_binary(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *a = tensor->input[0], *b = tensor->input[1];
    soma_binary op = tensor->attributes.binary.op;
    if (soma_tensor_same_shape(a, b))
        return soma_lowering_push(
            lowering, tensor,
            soma_call_binary(flat_view(lowering, a), flat_view(lowering, b), flat_view(lowering, tensor), op));
    return soma_lowering_push(
        lowering, tensor,
        soma_call_binary(view_of(lowering, a), broadcast_view(lowering, b, tensor), view_of(lowering, tensor), op));
}

soma_status soma_lower_reduce(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view x = axis_view(lowering, tensor->input[0], tensor->attributes.reduce.axis),
              out = view_of(lowering, tensor);
    size_t shape[2] = {x.shape[0], x.shape[2]};
    return soma_lowering_push(lowering, tensor,
                              soma_call_reduce(x, soma_view_reshape(&out, 2, shape), tensor->attributes.reduce.op));
}

soma_status soma_lower_transpose(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view x = view_of(lowering, tensor->input[0]), from = x;
    for (uint32_t i = 0; i < x.rank; i++) {
        from.shape[i] = x.shape[tensor->attributes.transpose.axis[i]];
        from.stride[i] = x.stride[tensor->attributes.transpose.axis[i]];
    }
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, view_of(lowering, tensor), 1, 0));
}

soma_status soma_lower_concat(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.concat.axis;
    soma_view whole = view_of(lowering, tensor);
    size_t start = 0, element = soma_dtype_size(whole.dtype);
    for (uint32_t i = 0; i < tensor->input_count; i++) {
        soma_view from = view_of(lowering, tensor->input[i]), to = whole;
        to.shape[axis] = from.shape[axis];
        to.offset = start * whole.stride[axis] * element;
        start += from.shape[axis];
        SOMA_TRY(soma_lowering_push(lowering, tensor, soma_call_copy(from, to, 1, 0)));
    }
    return SOMA_OK;
}

soma_status soma_lower_slice(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.slice.axis;
    soma_view from = view_of(lowering, tensor->input[0]), to = view_of(lowering, tensor);
    from.offset = tensor->attributes.slice.start * from.stride[axis] * soma_dtype_size(from.dtype);
    from.shape[axis] = to.shape[axis];
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, to, 1, 0));
}

soma_status soma_lower_softmax(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.softmax.axis;
    return soma_lowering_push(lowering, tensor,
                              soma_call_softmax(axis_view(lowering, tensor->input[0], axis),
                                                axis_view(lowering, tensor, axis), tensor->attributes.softmax.log));
}

soma_status soma_lower_softmax_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.softmax.axis;
    return soma_lowering_push(
        lowering, tensor,
        soma_call_softmax_grad(axis_view(lowering, tensor->input[0], axis), axis_view(lowering, tensor->input[1], axis),
                               axis_view(lowering, tensor, axis), tensor->attributes.softmax.log));
}

soma_status soma_lower_dropout(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_dropout_params params = tensor->attributes.dropout;
    params.stream += SOMA_STREAM_DROPOUT; /* the seed serves shuffling and initial weights too */
    return soma_lowering_push(
        lowering, tensor,
        soma_call_dropout(flat_view(lowering, tensor->input[0]), flat_view(lowering, tensor), params));
}

/* Class numbers are a vector, target rows a matrix like the predictions. */
static soma_view target_view(const soma_lowering *lowering, const soma_tensor *target) {
    return target->dtype == SOMA_I32 ? flat_view(lowering, target) : rows_view(lowering, target);
}

soma_status soma_lower_loss(soma_lowering *lowering, const soma_tensor *tensor) {
    bool weighted = tensor->attributes.loss.weighted, class_weighted = tensor->attributes.loss.class_weighted;
    return soma_lowering_push(
        lowering, tensor,
        soma_call_loss(rows_view(lowering, tensor->input[0]), target_view(lowering, tensor->input[1]),
                       optional_view(lowering, weighted, weighted ? tensor->input[2] : NULL),
                       optional_view(lowering, class_weighted, class_weighted ? tensor->input[2 + weighted] : NULL),
                       flat_view(lowering, tensor), tensor->attributes.loss.params));
}

soma_status soma_lower_loss_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    bool weighted = tensor->attributes.loss.weighted, class_weighted = tensor->attributes.loss.class_weighted;
    const soma_tensor *dloss = tensor->input[tensor->input_count - 1];
    return soma_lowering_push(
        lowering, tensor,
        soma_call_loss_grad(
            rows_view(lowering, tensor->input[0]), target_view(lowering, tensor->input[1]),
            optional_view(lowering, weighted, weighted ? tensor->input[2] : NULL),
            optional_view(lowering, class_weighted, class_weighted ? tensor->input[2 + weighted] : NULL),
            flat_view(lowering, dloss), rows_view(lowering, tensor), tensor->attributes.loss.params));
}

soma_status soma_lower_metric(soma_lowering *lowering, const soma_tensor *tensor) {
    size_t shape[2] = {SOMA_ACCUMULATOR_SLOTS, 2};
    soma_view target = tensor->input_count > 1 ? target_view(lowering, tensor->input[1]) : soma_view_absent();
    return soma_lowering_push(lowering, tensor,
                              soma_call_metric(rows_view(lowering, tensor->input[0]), target,
                                               site_view(lowering, SOMA_SITE_ACCUMULATORS, 2, shape),
                                               tensor->attributes.metric));
}

soma_status soma_lower_norm(soma_lowering *lowering, const soma_tensor *tensor) {
    size_t from[3] = {1, lowering->executor->parameter_count, 1}, to[2] = {1, 1};
    return soma_lowering_push(lowering, tensor,
                              soma_call_reduce(site_view(lowering, SOMA_SITE_GRADIENTS, 3, from),
                                               site_view(lowering, SOMA_SITE_NORM, 2, to), SOMA_REDUCE_SUM_SQUARES));
}

soma_status soma_lower_optimizer(soma_lowering *lowering, const soma_tensor *tensor) {
    size_t one = 1, start = tensor->attributes.optimizer.start, decay_count = lowering->executor->decay_count;
    if (start == lowering->executor->parameter_count) return SOMA_OK;
    uint32_t states = soma_optimizer_states(lowering->optimizer);
    soma_view absent = soma_view_absent();
    soma_optimizer_params params = {.kind = lowering->optimizer,
                                    .decay_count = decay_count - SOMA_MIN(start, decay_count)};
    return soma_lowering_push(
        lowering, tensor,
        soma_call_optimizer(flat_buffer(lowering, SOMA_SITE_PARAMETERS, start),
                            flat_buffer(lowering, SOMA_SITE_GRADIENTS, start),
                            states > 0 ? flat_buffer(lowering, SOMA_SITE_STATE1, start) : absent,
                            states > 1 ? flat_buffer(lowering, SOMA_SITE_STATE2, start) : absent,
                            tensor->input_count ? site_view(lowering, SOMA_SITE_NORM, 1, &one) : absent, params));
}
