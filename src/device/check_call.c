/* SPDX-License-Identifier: MIT */
/* Holds a call against its primitive's contract in soma/device.h: number of views, ranks, shapes, strides, dtypes,
 * parameters. */
#include "device/device.h"

#include "device/calls.h"
#include <stdio.h>

/* ------------------------------------------------------------------------------------- what the contract allows */

enum {
    F = 1 << 0, /* float32, or float64 on the reference device */
    I = 1 << 1, /* int32 */
    U = 1 << 2, /* uint8 */
    ANY = F | I | U,
    OPTIONAL = 1 << 3,
    STRIDED = 1 << 4,   /* any strides */
    BROADCAST = 1 << 5, /* contiguous, with strides of 0 for repeated dimensions */
    OUT = 1 << 6,       /* written */
    UPDATED = 1 << 7    /* read and written */
};

typedef soma_status shape_check(const soma_call *call);
static shape_check check_fill, check_copy, check_gather, check_gemm, check_unary, check_unary_grad,
    check_bias_unary_grad, check_binary, check_reduce, check_softmax, check_softmax_grad, check_dropout, check_loss,
    check_loss_grad, check_metric, check_optimizer;

static const struct contract {
    shape_check *check;
    struct {
        const char *name;
        unsigned flags;
    } view[SOMA_CALL_MAX_VIEWS];
} contracts[SOMA_PRIMITIVE_COUNT] = {
    [SOMA_PRIMITIVE_FILL] = {check_fill, {{"out", F | OUT}}},
    [SOMA_PRIMITIVE_COPY] = {check_copy, {{"in", ANY | STRIDED}, {"out", ANY | STRIDED | OUT}}},
    [SOMA_PRIMITIVE_GATHER] = {check_gather, {{"table", ANY}, {"index", I | OPTIONAL}, {"out", F | I | OUT}}},
    [SOMA_PRIMITIVE_GEMM] = {check_gemm, {{"a", F}, {"b", F}, {"bias", F | OPTIONAL}, {"c", F | OUT}}},
    [SOMA_PRIMITIVE_UNARY] = {check_unary, {{"x", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_UNARY_GRAD] = {check_unary_grad, {{"dy", F}, {"x or y", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_BIAS_UNARY_GRAD] = {check_bias_unary_grad,
                                        {{"dy", F}, {"x or y", F}, {"out", F | OUT}, {"dbias", F | OUT}}},
    [SOMA_PRIMITIVE_BINARY] = {check_binary, {{"a", F}, {"b", F | BROADCAST}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_REDUCE] = {check_reduce, {{"x", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_SOFTMAX] = {check_softmax, {{"x", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_SOFTMAX_GRAD] = {check_softmax_grad, {{"dy", F}, {"y", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_DROPOUT] = {check_dropout, {{"x", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_LOSS] = {check_loss,
                             {{"prediction", F},
                              {"target", F | I},
                              {"weight", F | OPTIONAL},
                              {"class_weight", F | OPTIONAL},
                              {"loss", F | OUT}}},
    [SOMA_PRIMITIVE_LOSS_GRAD] = {check_loss_grad,
                                  {{"prediction", F},
                                   {"target", F | I},
                                   {"weight", F | OPTIONAL},
                                   {"class_weight", F | OPTIONAL},
                                   {"dloss", F},
                                   {"out", F | OUT}}},
    [SOMA_PRIMITIVE_METRIC] = {check_metric,
                               {{"prediction", F}, {"target", F | I | OPTIONAL}, {"accumulator", F | UPDATED}}},
    [SOMA_PRIMITIVE_OPTIMIZER] = {check_optimizer,
                                  {{"parameter", F | UPDATED},
                                   {"gradient", F},
                                   {"state1", F | OPTIONAL | UPDATED},
                                   {"state2", F | OPTIONAL | UPDATED},
                                   {"norm", F | OPTIONAL}}},
};

static const uint32_t view_counts[SOMA_PRIMITIVE_COUNT] = {
#define X(name, views) [SOMA_PRIMITIVE_##name] = views,
    SOMA_PRIMITIVE_LIST(X)
#undef X
};

/* ---------------------------------------------------------------------------------------------------- messages */

/* Every message begins with the primitive's name. */
static soma_status __attribute__((format(printf, 3, 4)))
refuse(const soma_call *call, soma_status status, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return soma_error(status, "%s: %s", soma_primitive_name(call->primitive), text);
}

#define SHAPE_TEXT_SIZE 128

/* "[32, 10]", into a buffer of SHAPE_TEXT_SIZE. */
static const char *shape_text(char *text, const soma_view *view) {
    size_t length = 0;
    uint32_t rank = SOMA_MIN(view->rank, SOMA_MAX_RANK);
    for (uint32_t i = 0; i < rank; i++)
        length += (size_t)snprintf(text + length, SHAPE_TEXT_SIZE - length, "%s%zu", i ? ", " : "[", view->shape[i]);
    snprintf(text + length, SHAPE_TEXT_SIZE - length, rank ? "]" : "absent");
    return text;
}
#define SHAPE(view) shape_text((char[SHAPE_TEXT_SIZE]){0}, view)

/* ------------------------------------------------------------------------------------------------- single views */

static bool dtype_fits(soma_dtype dtype, unsigned flags) {
    switch (dtype) {
    case SOMA_F32:
    case SOMA_F64:
        return flags & F;
    case SOMA_I32:
        return flags & I;
    case SOMA_U8:
        return flags & U;
    default:
        return false;
    }
}

/* Whether the elements lie one after the other; with `broadcast`, a stride of 0 repeats a dimension. */
static bool is_contiguous(const soma_view *view, bool broadcast) {
    size_t stride = 1;
    for (uint32_t i = view->rank; i-- > 0;) {
        if (view->shape[i] == 1 || (broadcast && view->stride[i] == 0)) continue;
        if (view->stride[i] != stride) return false;
        stride *= view->shape[i];
    }
    return true;
}

static soma_status check_size(const soma_call *call, uint32_t index) {
    const soma_view *view = &call->view[index];
    size_t bytes = soma_dtype_size(view->dtype);
    for (uint32_t i = 0; i < view->rank; i++) {
        /* A dimension of 0 must not hide an overflow of the others: strides are made of them. */
        size_t extent = SOMA_MAX(view->shape[i], 1);
        if (!soma_multiply_size(bytes, extent, &bytes))
            return refuse(call, SOMA_INVALID_SHAPE, "%s %s is larger than memory can be",
                          soma_call_view_name(call, index), SHAPE(view));
    }
    return SOMA_OK;
}

static soma_status check_view(const soma_call *call, uint32_t index) {
    const soma_view *view = &call->view[index];
    const char *name = soma_call_view_name(call, index);
    unsigned flags = contracts[call->primitive].view[index].flags;
    if (view->rank == 0) return flags & OPTIONAL ? SOMA_OK : refuse(call, SOMA_INVALID_ARGUMENT, "%s is missing", name);
    if (view->rank > SOMA_MAX_RANK)
        return refuse(call, SOMA_INVALID_SHAPE, "%s has %u dimensions; %d are the most", name, view->rank,
                      SOMA_MAX_RANK);
    if (!dtype_fits(view->dtype, flags))
        return refuse(call, SOMA_INVALID_ARGUMENT, "%s is %s; %s%s%s is needed", name, soma_dtype_name(view->dtype),
                      flags & F ? "float32" : "", flags & I ? (flags & F ? " or int32" : "int32") : "",
                      flags & U ? " or uint8" : "");
    if (view->offset % soma_dtype_size(view->dtype))
        return refuse(call, SOMA_INVALID_ARGUMENT, "%s begins at byte %zu, between two elements of %s", name,
                      view->offset, soma_dtype_name(view->dtype));
    SOMA_TRY(check_size(call, index));
    if (!(flags & STRIDED) && !is_contiguous(view, flags & BROADCAST))
        return refuse(call, SOMA_INVALID_SHAPE, "%s %s is not contiguous", name, SHAPE(view));
    return SOMA_OK;
}

soma_status soma_call_check(const soma_call *call) {
    if ((unsigned)call->primitive >= SOMA_PRIMITIVE_COUNT)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no primitive %d", (int)call->primitive);
    if (call->view_count != view_counts[call->primitive])
        return refuse(call, SOMA_INVALID_ARGUMENT, "it has %u views; %u are needed", call->view_count,
                      view_counts[call->primitive]);
    for (uint32_t i = 0; i < call->view_count; i++) SOMA_TRY(check_view(call, i));
    return contracts[call->primitive].check(call);
}

bool soma_call_writes(const soma_call *call, uint32_t view) {
    return contracts[call->primitive].view[view].flags & (OUT | UPDATED) && soma_view_present(&call->view[view]);
}

bool soma_call_reads(const soma_call *call, uint32_t view) {
    unsigned flags = contracts[call->primitive].view[view].flags;
    bool accumulates = call->primitive == SOMA_PRIMITIVE_GEMM && flags & OUT && call->params.gemm.beta != 0.0f;
    return (!(flags & OUT) || accumulates) && soma_view_present(&call->view[view]);
}

const char *soma_call_view_name(const soma_call *call, uint32_t view) {
    return contracts[call->primitive].view[view].name;
}

/* ------------------------------------------------------------------------------------------- views among each other */

static bool same_shape(const soma_view *x, const soma_view *y) {
    if (x->rank != y->rank) return false;
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->shape[i] != y->shape[i]) return false;
    return true;
}

static soma_status need_same_shape(const soma_call *call, uint32_t x, uint32_t y) {
    if (same_shape(&call->view[x], &call->view[y])) return SOMA_OK;
    return refuse(call, SOMA_INVALID_SHAPE, "%s is %s but %s is %s; equal shapes are needed",
                  soma_call_view_name(call, x), SHAPE(&call->view[x]), soma_call_view_name(call, y),
                  SHAPE(&call->view[y]));
}

static soma_status need_rank(const soma_call *call, uint32_t index, uint32_t rank) {
    if (call->view[index].rank == rank) return SOMA_OK;
    return refuse(call, SOMA_INVALID_SHAPE, "%s is %s; %u dimensions are needed", soma_call_view_name(call, index),
                  SHAPE(&call->view[index]), rank);
}

/* The view has exactly these dimensions. */
static soma_status need_shape(const soma_call *call, uint32_t index, uint32_t rank, size_t first, size_t second) {
    const soma_view *view = &call->view[index];
    if (view->rank == rank && view->shape[0] == first && (rank < 2 || view->shape[1] == second)) return SOMA_OK;
    size_t shape[2] = {first, second};
    soma_view wanted = soma_view_of(NULL, 0, SOMA_F32, rank, shape);
    return refuse(call, SOMA_INVALID_SHAPE, "%s is %s; %s is needed", soma_call_view_name(call, index), SHAPE(view),
                  SHAPE(&wanted));
}

static soma_status need_function(const soma_call *call, soma_function function, float a, float b) {
    if ((unsigned)function >= SOMA_FUNCTION_COUNT)
        return refuse(call, SOMA_INVALID_ARGUMENT, "there is no function %d of one number", (int)function);
    if (function == SOMA_LEAKY_RELU && !(b < a))
        return refuse(call, SOMA_INVALID_ARGUMENT, "leaky_relu with a = %g and b = %g; b < a is needed", (double)a,
                      (double)b);
    if (function == SOMA_ELU && !(a >= 0.0f)) /* below 0 the output does not tell on which side of 0 the input was */
        return refuse(call, SOMA_INVALID_ARGUMENT, "elu with a = %g; a >= 0 is needed", (double)a);
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------- elementwise */

static soma_status check_fill(const soma_call *call) {
    (void)call;
    return SOMA_OK;
}

static soma_status need_no_scale(const soma_call *call, soma_dtype out, float scale, float shift) {
    if (out == SOMA_F32 || out == SOMA_F64 || (scale == 1.0f && shift == 0.0f)) return SOMA_OK;
    return refuse(call, SOMA_INVALID_ARGUMENT, "out is %s with scale %g and shift %g; it takes scale 1 and shift 0",
                  soma_dtype_name(out), (double)scale, (double)shift);
}

static soma_status check_copy(const soma_call *call) {
    SOMA_TRY(need_no_scale(call, call->view[1].dtype, call->params.copy.scale, call->params.copy.shift));
    return need_same_shape(call, 0, 1);
}

static soma_status check_gather(const soma_call *call) {
    const soma_view *table = &call->view[0], *index = &call->view[1], *out = &call->view[2];
    SOMA_TRY(need_rank(call, 0, 2));
    if (soma_view_present(index)) SOMA_TRY(need_rank(call, 1, 1));
    SOMA_TRY(need_rank(call, 2, 2));
    SOMA_TRY(need_shape(call, 2, 2, out->shape[0], table->shape[1]));
    return need_no_scale(call, out->dtype, call->params.gather.scale, call->params.gather.shift);
}

static soma_status check_unary(const soma_call *call) {
    SOMA_TRY(need_function(call, call->params.unary.function, call->params.unary.a, call->params.unary.b));
    return need_same_shape(call, 0, 1);
}

static soma_status check_unary_grad(const soma_call *call) {
    SOMA_TRY(need_function(call, call->params.unary.function, call->params.unary.a, call->params.unary.b));
    SOMA_TRY(need_same_shape(call, 0, 1));
    return need_same_shape(call, 0, 2);
}

static soma_status check_bias_unary_grad(const soma_call *call) {
    SOMA_TRY(need_rank(call, 0, 2));
    SOMA_TRY(check_unary_grad(call));
    return need_shape(call, 3, 1, call->view[0].shape[1], 0);
}

static soma_status check_binary(const soma_call *call) {
    if ((unsigned)call->params.binary.op >= SOMA_BINARY_COUNT)
        return refuse(call, SOMA_INVALID_ARGUMENT, "there is no operation %d", (int)call->params.binary.op);
    SOMA_TRY(need_same_shape(call, 0, 1));
    return need_same_shape(call, 0, 2);
}

static soma_status check_dropout(const soma_call *call) {
    float rate = call->params.dropout.rate;
    if (!(rate >= 0.0f && rate < 1.0f))
        return refuse(call, SOMA_INVALID_ARGUMENT, "the rate is %g; 0 <= rate < 1 is needed", (double)rate);
    return need_same_shape(call, 0, 1);
}

/* ---------------------------------------------------------------------------------------------- along an axis, gemm */

static soma_status check_gemm(const soma_call *call) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *a = &call->view[0], *b = &call->view[1];
    SOMA_TRY(need_function(call, params->function, params->a, params->b));
    SOMA_TRY(need_rank(call, 0, 2));
    SOMA_TRY(need_rank(call, 1, 2));
    SOMA_TRY(need_rank(call, 3, 2));
    size_t m = a->shape[params->transpose_a], k = a->shape[!params->transpose_a];
    size_t n = b->shape[!params->transpose_b];
    if (b->shape[params->transpose_b] != k)
        return refuse(call, SOMA_INVALID_SHAPE, "a is %s%s and b is %s%s: the inner dimensions %zu and %zu differ",
                      SHAPE(a), params->transpose_a ? " transposed" : "", SHAPE(b),
                      params->transpose_b ? " transposed" : "", k, b->shape[params->transpose_b]);
    SOMA_TRY(need_shape(call, 3, 2, m, n));
    return soma_view_present(&call->view[2]) ? need_shape(call, 2, 1, n, 0) : SOMA_OK;
}

static soma_status check_reduce(const soma_call *call) {
    if ((unsigned)call->params.reduce.op >= SOMA_REDUCTION_COUNT)
        return refuse(call, SOMA_INVALID_ARGUMENT, "there is no reduction %d", (int)call->params.reduce.op);
    SOMA_TRY(need_rank(call, 0, 3));
    return need_shape(call, 1, 2, call->view[0].shape[0], call->view[0].shape[2]);
}

static soma_status check_softmax(const soma_call *call) {
    SOMA_TRY(need_rank(call, 0, 3));
    return need_same_shape(call, 0, 1);
}

static soma_status check_softmax_grad(const soma_call *call) {
    SOMA_TRY(check_softmax(call));
    return need_same_shape(call, 0, 2);
}

/* ------------------------------------------------------------------------------------------------------- training */

/* Class numbers [n], where they are allowed, or rows like the prediction's [n, k]. */
static soma_status need_target(const soma_call *call, bool class_numbers) {
    const soma_view *prediction = &call->view[0], *target = &call->view[1];
    if (target->dtype == SOMA_I32) {
        if (!class_numbers)
            return refuse(call, SOMA_INVALID_ARGUMENT, "target holds class numbers; rows of float32 are needed");
        return need_shape(call, 1, 1, prediction->shape[0], 0);
    }
    return need_same_shape(call, 0, 1);
}

static soma_status check_loss_views(const soma_call *call) {
    const soma_loss_params *params = &call->params.loss;
    if ((unsigned)params->kind >= SOMA_LOSS_COUNT)
        return refuse(call, SOMA_INVALID_ARGUMENT, "there is no loss %d", (int)params->kind);
    bool categorical =
        params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
    bool binary = params->kind == SOMA_LOSS_BINARY_CROSSENTROPY || params->kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS;
    if (params->kind == SOMA_LOSS_HUBER && !(params->delta > 0.0f))
        return refuse(call, SOMA_INVALID_ARGUMENT, "huber with delta = %g; delta > 0 is needed", (double)params->delta);
    SOMA_TRY(need_rank(call, 0, 2));
    SOMA_TRY(need_target(call, categorical));
    size_t n = call->view[0].shape[0], k = call->view[0].shape[1];
    if (soma_view_present(&call->view[2])) SOMA_TRY(need_shape(call, 2, 1, n, 0));
    if (!soma_view_present(&call->view[3])) return SOMA_OK;
    if (!categorical && !binary)
        return refuse(call, SOMA_INVALID_ARGUMENT, "class_weight is given; only cross-entropies take it");
    return need_shape(call, 3, 1, categorical ? k : 2, 0);
}

static soma_status check_loss(const soma_call *call) {
    SOMA_TRY(check_loss_views(call));
    return need_shape(call, 4, 1, call->view[0].shape[0], 0);
}

static soma_status check_loss_grad(const soma_call *call) {
    SOMA_TRY(check_loss_views(call));
    SOMA_TRY(need_shape(call, 4, 1, call->view[0].shape[0], 0));
    return need_same_shape(call, 0, 5);
}

static soma_status check_metric(const soma_call *call) {
    const soma_metric_params *params = &call->params.metric;
    const soma_view *accumulator = &call->view[2];
    if ((unsigned)params->kind >= SOMA_METRIC_COUNT)
        return refuse(call, SOMA_INVALID_ARGUMENT, "there is no metric %d", (int)params->kind);
    SOMA_TRY(need_rank(call, 2, 2));
    SOMA_TRY(need_shape(call, 2, 2, accumulator->shape[0], 2));
    if (params->slot >= accumulator->shape[0])
        return refuse(call, SOMA_INVALID_ARGUMENT, "slot %u of the accumulator %s", params->slot, SHAPE(accumulator));
    if (params->kind == SOMA_METRIC_SUM) return SOMA_OK;
    if (!soma_view_present(&call->view[1])) return refuse(call, SOMA_INVALID_ARGUMENT, "target is missing");
    if (params->kind == SOMA_METRIC_TOP_K_ACCURACY && params->k == 0)
        return refuse(call, SOMA_INVALID_ARGUMENT, "top_k_accuracy with k = 0; 1 or more is needed");
    SOMA_TRY(need_rank(call, 0, 2));
    return need_target(call,
                       params->kind == SOMA_METRIC_CATEGORICAL_ACCURACY || params->kind == SOMA_METRIC_TOP_K_ACCURACY);
}

static soma_status check_optimizer(const soma_call *call) {
    static const uint32_t states[SOMA_OPTIMIZER_COUNT] = {
#define X(name, count) [SOMA_##name] = count,
        SOMA_OPTIMIZER_LIST(X)
#undef X
    };
    const soma_optimizer_params *params = &call->params.optimizer;
    if ((unsigned)params->kind >= SOMA_OPTIMIZER_COUNT)
        return refuse(call, SOMA_INVALID_ARGUMENT, "there is no optimizer %d", (int)params->kind);
    SOMA_TRY(need_rank(call, 0, 1));
    SOMA_TRY(need_same_shape(call, 0, 1));
    for (uint32_t i = 0; i < states[params->kind]; i++) {
        if (!soma_view_present(&call->view[2 + i]))
            return refuse(call, SOMA_INVALID_ARGUMENT, "%s is missing", soma_call_view_name(call, 2 + i));
        SOMA_TRY(need_same_shape(call, 0, 2 + i));
    }
    if (params->decay_count > call->view[0].shape[0])
        return refuse(call, SOMA_INVALID_ARGUMENT, "decay_count is %zu of %zu parameters", params->decay_count,
                      call->view[0].shape[0]);
    if (params->clip_norm > 0.0f && !soma_view_present(&call->view[4]))
        return refuse(call, SOMA_INVALID_ARGUMENT, "clip_norm is given without the norm");
    return soma_view_present(&call->view[4]) ? need_shape(call, 4, 1, 1, 0) : SOMA_OK;
}
