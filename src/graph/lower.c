/* SPDX-License-Identifier: MIT */
/* Lowering rules: the call, or calls, that compute a tensor; those of training are in lower_training.c. */
#include "graph/lowering.h"
#include "graph/rules.h"

const char soma_sites[SOMA_SITE_COUNT];

/* ----------------------------------------------------------------------------------------------------------- views */

static soma_dtype dtype_of(const soma_lowering *lowering, const soma_tensor *tensor) {
    return tensor->dtype == SOMA_F32 ? lowering->executor->real : tensor->dtype;
}

soma_view soma_lowering_view(const soma_lowering *lowering, const soma_tensor *tensor) {
    size_t shape[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_full_shape(tensor, lowering->batch, shape);
    return soma_view_of((void *)tensor, 0, dtype_of(lowering, tensor), rank, shape);
}

soma_view soma_lowering_flat(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = soma_lowering_view(lowering, tensor);
    return soma_view_flat(&view);
}

soma_view soma_lowering_rows(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = soma_lowering_view(lowering, tensor);
    size_t shape[2] = {tensor->batched ? lowering->batch : 1, soma_tensor_count(tensor)};
    return soma_view_reshape(&view, 2, shape);
}

soma_view soma_lowering_axis(const soma_lowering *lowering, const soma_tensor *tensor, uint32_t axis) {
    soma_view view = soma_lowering_view(lowering, tensor);
    size_t shape[3] = {1, view.shape[axis], 1};
    for (uint32_t i = 0; i < axis; i++) shape[0] *= view.shape[i];
    for (uint32_t i = axis + 1; i < view.rank; i++) shape[2] *= view.shape[i];
    return soma_view_reshape(&view, 3, shape);
}

soma_view soma_lowering_site(const soma_lowering *lowering, soma_site_kind site, uint32_t rank, const size_t *shape) {
    return soma_view_of((void *)&soma_sites[site], 0, lowering->executor->real, rank, shape);
}

soma_view soma_lowering_optional(const soma_lowering *lowering, bool present, const soma_tensor *tensor) {
    return present ? soma_lowering_flat(lowering, tensor) : soma_view_absent();
}

soma_view soma_lowering_target(const soma_lowering *lowering, const soma_tensor *target) {
    return target->dtype == SOMA_I32 ? soma_lowering_flat(lowering, target) : soma_lowering_rows(lowering, target);
}

/* The matrix that a product sees: all dimensions but the last are rows. */
static soma_view matrix_view(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = soma_lowering_view(lowering, tensor);
    size_t columns = view.shape[view.rank - 1], shape[2] = {soma_view_count(&view) / columns, columns};
    return soma_view_reshape(&view, 2, shape);
}

/* x repeated to the shape of `out`: strides of 0 where it has 1 or nothing. */
static soma_view broadcast_view(const soma_lowering *lowering, const soma_tensor *x, const soma_tensor *out) {
    soma_view from = soma_lowering_view(lowering, x), to = soma_lowering_view(lowering, out);
    uint32_t batch = out->batched ? 1 : 0, shift = batch + out->rank - x->rank;
    for (uint32_t i = 0; i < to.rank; i++) to.stride[i] = 0;
    if (x->batched) to.stride[0] = from.stride[0];
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->shape[i] != 1) to.stride[shift + i] = from.stride[i + (x->batched ? 1 : 0)];
    to.memory = from.memory;
    to.dtype = from.dtype;
    return to;
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
    return soma_lowering_push(lowering, tensor, soma_call_fill(soma_lowering_flat(lowering, tensor), value));
}

soma_status soma_lower_copy(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    bool plain = soma_tensor_same_shape(x, tensor);
    soma_view from = plain ? soma_lowering_flat(lowering, x) : broadcast_view(lowering, x, tensor);
    soma_view to = plain ? soma_lowering_flat(lowering, tensor) : soma_lowering_view(lowering, tensor);
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, to, tensor->attributes.copy.scale, 0));
}

soma_status soma_lower_gemm(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view bias = tensor->input_count > 2 ? soma_lowering_view(lowering, tensor->input[2]) : soma_view_absent();
    return soma_lowering_push(lowering, tensor,
                              soma_call_gemm(matrix_view(lowering, tensor->input[0]),
                                             matrix_view(lowering, tensor->input[1]), bias,
                                             matrix_view(lowering, tensor), tensor->attributes.gemm));
}

soma_status soma_lower_unary(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_unary(soma_lowering_flat(lowering, tensor->input[0]),
                                              soma_lowering_flat(lowering, tensor), tensor->attributes.unary));
}

soma_status soma_lower_binary(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *a = tensor->input[0], *b = tensor->input[1];
    soma_binary op = tensor->attributes.binary.op;
    if (soma_tensor_same_shape(a, b))
        return soma_lowering_push(lowering, tensor,
                                  soma_call_binary(soma_lowering_flat(lowering, a), soma_lowering_flat(lowering, b),
                                                   soma_lowering_flat(lowering, tensor), op));
    return soma_lowering_push(lowering, tensor,
                              soma_call_binary(soma_lowering_view(lowering, a), broadcast_view(lowering, b, tensor),
                                               soma_lowering_view(lowering, tensor), op));
}

soma_status soma_lower_reduce(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view x = soma_lowering_axis(lowering, tensor->input[0], tensor->attributes.reduce.axis),
              out = soma_lowering_view(lowering, tensor);
    size_t shape[2] = {x.shape[0], x.shape[2]};
    return soma_lowering_push(lowering, tensor,
                              soma_call_reduce(x, soma_view_reshape(&out, 2, shape), tensor->attributes.reduce.op));
}

soma_status soma_lower_transpose(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view x = soma_lowering_view(lowering, tensor->input[0]), from = x;
    for (uint32_t i = 0; i < x.rank; i++) {
        from.shape[i] = x.shape[tensor->attributes.transpose.axis[i]];
        from.stride[i] = x.stride[tensor->attributes.transpose.axis[i]];
    }
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, soma_lowering_view(lowering, tensor), 1, 0));
}

soma_status soma_lower_concat(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.concat.axis;
    soma_view whole = soma_lowering_view(lowering, tensor);
    size_t start = 0, element = soma_dtype_size(whole.dtype);
    for (uint32_t i = 0; i < tensor->input_count; i++) {
        soma_view from = soma_lowering_view(lowering, tensor->input[i]), to = whole;
        to.shape[axis] = from.shape[axis];
        to.offset = start * whole.stride[axis] * element;
        start += from.shape[axis];
        SOMA_TRY(soma_lowering_push(lowering, tensor, soma_call_copy(from, to, 1, 0)));
    }
    return SOMA_OK;
}

soma_status soma_lower_slice(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.slice.axis;
    soma_view from = soma_lowering_view(lowering, tensor->input[0]), to = soma_lowering_view(lowering, tensor);
    from.offset = tensor->attributes.slice.start * from.stride[axis] * soma_dtype_size(from.dtype);
    from.shape[axis] = to.shape[axis];
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, to, 1, 0));
}

soma_status soma_lower_softmax(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.softmax.axis;
    return soma_lowering_push(lowering, tensor,
                              soma_call_softmax(soma_lowering_axis(lowering, tensor->input[0], axis),
                                                soma_lowering_axis(lowering, tensor, axis),
                                                tensor->attributes.softmax.log));
}

soma_status soma_lower_loss(soma_lowering *lowering, const soma_tensor *tensor) {
    bool weighted = tensor->attributes.loss.weighted, class_weighted = tensor->attributes.loss.class_weighted;
    return soma_lowering_push(
        lowering, tensor,
        soma_call_loss(
            soma_lowering_rows(lowering, tensor->input[0]), soma_lowering_target(lowering, tensor->input[1]),
            soma_lowering_optional(lowering, weighted, weighted ? tensor->input[2] : NULL),
            soma_lowering_optional(lowering, class_weighted, class_weighted ? tensor->input[2 + weighted] : NULL),
            soma_lowering_flat(lowering, tensor), tensor->attributes.loss.params));
}

soma_status soma_lower_metric(soma_lowering *lowering, const soma_tensor *tensor) {
    size_t shape[2] = {SOMA_ACCUMULATOR_SLOTS, 2};
    soma_view target = tensor->input_count > 1 ? soma_lowering_target(lowering, tensor->input[1]) : soma_view_absent();
    return soma_lowering_push(lowering, tensor,
                              soma_call_metric(soma_lowering_rows(lowering, tensor->input[0]), target,
                                               soma_lowering_site(lowering, SOMA_SITE_ACCUMULATORS, 2, shape),
                                               tensor->attributes.metric));
}
