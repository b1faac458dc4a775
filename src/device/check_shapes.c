/* SPDX-License-Identifier: MIT */
/* Holds the views of a call against each other, and its parameters against the contract in soma/device.h. */
#include "device/check_call.h"

#include "device/calls.h"

/* ------------------------------------------------------------------------------------------- views among each other */

static bool same_shape(const soma_view *x, const soma_view *y) {
    if (x->rank != y->rank) return false;
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->shape[i] != y->shape[i]) return false;
    return true;
}

static soma_status need_same_shape(const soma_call *call, uint32_t x, uint32_t y) {
    if (same_shape(&call->view[x], &call->view[y])) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s but %s is %s; equal shapes are needed",
                            soma_call_view_name(call, x), SHAPE(&call->view[x]), soma_call_view_name(call, y),
                            SHAPE(&call->view[y]));
}

static soma_status need_rank(const soma_call *call, uint32_t index, uint32_t rank) {
    if (call->view[index].rank == rank) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s; %u dimensions are needed",
                            soma_call_view_name(call, index), SHAPE(&call->view[index]), rank);
}

/* The view has exactly these dimensions. */
static soma_status need_shape(const soma_call *call, uint32_t index, uint32_t rank, size_t first, size_t second) {
    const soma_view *view = &call->view[index];
    if (view->rank == rank && view->shape[0] == first && (rank < 2 || view->shape[1] == second)) return SOMA_OK;
    size_t shape[2] = {first, second};
    soma_view wanted = soma_view_of(NULL, 0, SOMA_F32, rank, shape);
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s; %s is needed", soma_call_view_name(call, index),
                            SHAPE(view), SHAPE(&wanted));
}

static soma_status need_function(const soma_call *call, soma_function function, float a, float b) {
    if ((unsigned)function >= SOMA_FUNCTION_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no function %d of one number", (int)function);
    if (function == SOMA_LEAKY_RELU && !(b < a))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "leaky_relu with a = %g and b = %g; b < a is needed",
                                (double)a, (double)b);
    if (function == SOMA_ELU && !(a >= 0.0f)) /* below 0 the output does not tell on which side of 0 the input was */
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "elu with a = %g; a >= 0 is needed", (double)a);
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------- elementwise */

soma_status soma_check_fill(const soma_call *call) {
    (void)call;
    return SOMA_OK;
}

static soma_status need_no_scale(const soma_call *call, soma_dtype out, float scale, float shift) {
    if (out == SOMA_F32 || out == SOMA_F64 || (scale == 1.0f && shift == 0.0f)) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                            "out is %s with scale %g and shift %g; it takes scale 1 and shift 0", soma_dtype_name(out),
                            (double)scale, (double)shift);
}

soma_status soma_check_copy(const soma_call *call) {
    SOMA_TRY(need_no_scale(call, call->view[1].dtype, call->params.copy.scale, call->params.copy.shift));
    return need_same_shape(call, 0, 1);
}

soma_status soma_check_gather(const soma_call *call) {
    const soma_view *table = &call->view[0], *index = &call->view[1], *out = &call->view[2];
    SOMA_TRY(need_rank(call, 0, 2));
    if (soma_view_present(index)) SOMA_TRY(need_rank(call, 1, 1));
    SOMA_TRY(need_rank(call, 2, 2));
    SOMA_TRY(need_shape(call, 2, 2, out->shape[0], table->shape[1]));
    return need_no_scale(call, out->dtype, call->params.gather.scale, call->params.gather.shift);
}

soma_status soma_check_unary(const soma_call *call) {
    SOMA_TRY(need_function(call, call->params.unary.function, call->params.unary.a, call->params.unary.b));
    return need_same_shape(call, 0, 1);
}

soma_status soma_check_unary_grad(const soma_call *call) {
    SOMA_TRY(need_function(call, call->params.unary.function, call->params.unary.a, call->params.unary.b));
    SOMA_TRY(need_same_shape(call, 0, 1));
    return need_same_shape(call, 0, 2);
}

soma_status soma_check_bias_unary_grad(const soma_call *call) {
    SOMA_TRY(need_rank(call, 0, 2));
    SOMA_TRY(soma_check_unary_grad(call));
    return need_shape(call, 3, 1, call->view[0].shape[1], 0);
}

soma_status soma_check_binary(const soma_call *call) {
    if ((unsigned)call->params.binary.op >= SOMA_BINARY_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no operation %d", (int)call->params.binary.op);
    SOMA_TRY(need_same_shape(call, 0, 1));
    return need_same_shape(call, 0, 2);
}

soma_status soma_check_dropout(const soma_call *call) {
    float rate = call->params.dropout.rate;
    if (!(rate >= 0.0f && rate < 1.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "the rate is %g; 0 <= rate < 1 is needed", (double)rate);
    return need_same_shape(call, 0, 1);
}

/* ---------------------------------------------------------------------------------------------- along an axis, gemm */

soma_status soma_check_gemm(const soma_call *call) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *a = &call->view[0], *b = &call->view[1];
    SOMA_TRY(need_function(call, params->function, params->a, params->b));
    SOMA_TRY(need_rank(call, 0, 2));
    SOMA_TRY(need_rank(call, 1, 2));
    SOMA_TRY(need_rank(call, 3, 2));
    size_t m = a->shape[params->transpose_a], k = a->shape[!params->transpose_a];
    size_t n = b->shape[!params->transpose_b];
    if (b->shape[params->transpose_b] != k)
        return soma_call_refuse(call, SOMA_INVALID_SHAPE,
                                "a is %s%s and b is %s%s: the inner dimensions %zu and %zu differ", SHAPE(a),
                                params->transpose_a ? " transposed" : "", SHAPE(b),
                                params->transpose_b ? " transposed" : "", k, b->shape[params->transpose_b]);
    SOMA_TRY(need_shape(call, 3, 2, m, n));
    return soma_view_present(&call->view[2]) ? need_shape(call, 2, 1, n, 0) : SOMA_OK;
}

soma_status soma_check_reduce(const soma_call *call) {
    if ((unsigned)call->params.reduce.op >= SOMA_REDUCTION_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no reduction %d", (int)call->params.reduce.op);
    SOMA_TRY(need_rank(call, 0, 3));
    return need_shape(call, 1, 2, call->view[0].shape[0], call->view[0].shape[2]);
}

soma_status soma_check_softmax(const soma_call *call) {
    SOMA_TRY(need_rank(call, 0, 3));
    return need_same_shape(call, 0, 1);
}

soma_status soma_check_softmax_grad(const soma_call *call) {
    SOMA_TRY(soma_check_softmax(call));
    return need_same_shape(call, 0, 2);
}

/* ------------------------------------------------------------------------------------------------------- training */

/* Class numbers [n], where they are allowed, or rows like the prediction's [n, k]. */
static soma_status need_target(const soma_call *call, bool class_numbers) {
    const soma_view *prediction = &call->view[0], *target = &call->view[1];
    if (target->dtype == SOMA_I32) {
        if (!class_numbers)
            return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                                    "target holds class numbers; rows of float32 are needed");
        return need_shape(call, 1, 1, prediction->shape[0], 0);
    }
    return need_same_shape(call, 0, 1);
}

static soma_status check_loss_views(const soma_call *call) {
    const soma_loss_params *params = &call->params.loss;
    if ((unsigned)params->kind >= SOMA_LOSS_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no loss %d", (int)params->kind);
    bool categorical =
        params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
    bool binary = params->kind == SOMA_LOSS_BINARY_CROSSENTROPY || params->kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS;
    if (params->kind == SOMA_LOSS_HUBER && !(params->delta > 0.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "huber with delta = %g; delta > 0 is needed",
                                (double)params->delta);
    SOMA_TRY(need_rank(call, 0, 2));
    SOMA_TRY(need_target(call, categorical));
    size_t n = call->view[0].shape[0], k = call->view[0].shape[1];
    if (soma_view_present(&call->view[2])) SOMA_TRY(need_shape(call, 2, 1, n, 0));
    if (!soma_view_present(&call->view[3])) return SOMA_OK;
    if (!categorical && !binary)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "class_weight is given; only cross-entropies take it");
    return need_shape(call, 3, 1, categorical ? k : 2, 0);
}

soma_status soma_check_loss(const soma_call *call) {
    SOMA_TRY(check_loss_views(call));
    return need_shape(call, 4, 1, call->view[0].shape[0], 0);
}

soma_status soma_check_loss_grad(const soma_call *call) {
    SOMA_TRY(check_loss_views(call));
    size_t n = call->view[0].shape[0];
    SOMA_TRY(need_shape(call, 4, 1, n, 0));
    SOMA_TRY(need_same_shape(call, 0, 5));
    if (!soma_view_present(&call->view[6])) return SOMA_OK;
    if (call->params.loss.kind != SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                                "loss is given; only the categorical cross-entropy of logits takes it");
    return need_shape(call, 6, 1, n, 0);
}

soma_status soma_check_metric(const soma_call *call) {
    const soma_metric_params *params = &call->params.metric;
    const soma_view *accumulator = &call->view[2];
    if ((unsigned)params->kind >= SOMA_METRIC_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no metric %d", (int)params->kind);
    SOMA_TRY(need_rank(call, 2, 2));
    SOMA_TRY(need_shape(call, 2, 2, accumulator->shape[0], 2));
    if (params->slot >= accumulator->shape[0])
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "slot %u of the accumulator %s", params->slot,
                                SHAPE(accumulator));
    if (params->kind == SOMA_METRIC_SUM) return SOMA_OK;
    if (!soma_view_present(&call->view[1])) return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "target is missing");
    if (params->kind == SOMA_METRIC_TOP_K_ACCURACY && params->k == 0)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "top_k_accuracy with k = 0; 1 or more is needed");
    SOMA_TRY(need_rank(call, 0, 2));
    return need_target(call,
                       params->kind == SOMA_METRIC_CATEGORICAL_ACCURACY || params->kind == SOMA_METRIC_TOP_K_ACCURACY);
}

soma_status soma_check_optimizer(const soma_call *call) {
    static const uint32_t states[SOMA_OPTIMIZER_COUNT] = {
#define X(name, count) [SOMA_##name] = count,
        SOMA_OPTIMIZER_LIST(X)
#undef X
    };
    const soma_optimizer_params *params = &call->params.optimizer;
    if ((unsigned)params->kind >= SOMA_OPTIMIZER_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no optimizer %d", (int)params->kind);
    SOMA_TRY(need_rank(call, 0, 1));
    SOMA_TRY(need_same_shape(call, 0, 1));
    for (uint32_t i = 0; i < states[params->kind]; i++) {
        if (!soma_view_present(&call->view[2 + i]))
            return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s is missing", soma_call_view_name(call, 2 + i));
        SOMA_TRY(need_same_shape(call, 0, 2 + i));
    }
    if (params->decay_count > call->view[0].shape[0])
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "decay_count is %zu of %zu parameters",
                                params->decay_count, call->view[0].shape[0]);
    if (params->clip_norm > 0.0f && !soma_view_present(&call->view[4]))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "clip_norm is given without the norm");
    return soma_view_present(&call->view[4]) ? need_shape(call, 4, 1, 1, 0) : SOMA_OK;
}
