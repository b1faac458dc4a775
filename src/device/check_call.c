/* SPDX-License-Identifier: MIT */
/* Holds a call against its primitive's contract in soma/device.h: number of views, ranks, shapes, strides, dtypes,
 * parameters. */
#include "device/check_call.h"

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

static const struct contract {
    soma_shape_check *check;
    struct {
        const char *name;
        unsigned flags;
    } view[SOMA_CALL_MAX_VIEWS];
} contracts[SOMA_PRIMITIVE_COUNT] = {
    [SOMA_PRIMITIVE_FILL] = {soma_check_fill, {{"out", F | OUT}}},
    [SOMA_PRIMITIVE_COPY] = {soma_check_copy, {{"in", ANY | STRIDED}, {"out", ANY | STRIDED | OUT}}},
    [SOMA_PRIMITIVE_GATHER] = {soma_check_gather, {{"table", ANY}, {"index", I | OPTIONAL}, {"out", F | I | OUT}}},
    [SOMA_PRIMITIVE_GEMM] = {soma_check_gemm, {{"a", F}, {"b", F}, {"bias", F | OPTIONAL}, {"c", F | OUT}}},
    [SOMA_PRIMITIVE_UNARY] = {soma_check_unary, {{"x", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_UNARY_GRAD] = {soma_check_unary_grad, {{"dy", F}, {"x or y", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_BIAS_UNARY_GRAD] = {soma_check_bias_unary_grad,
                                        {{"dy", F}, {"x or y", F}, {"out", F | OUT}, {"dbias", F | OUT}}},
    [SOMA_PRIMITIVE_BINARY] = {soma_check_binary, {{"a", F}, {"b", F | BROADCAST}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_REDUCE] = {soma_check_reduce, {{"x", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_SOFTMAX] = {soma_check_softmax, {{"x", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_SOFTMAX_GRAD] = {soma_check_softmax_grad, {{"dy", F}, {"y", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_DROPOUT] = {soma_check_dropout, {{"x", F}, {"out", F | OUT}}},
    [SOMA_PRIMITIVE_LOSS] = {soma_check_loss,
                             {{"prediction", F},
                              {"target", F | I},
                              {"weight", F | OPTIONAL},
                              {"class_weight", F | OPTIONAL},
                              {"loss", F | OUT}}},
    [SOMA_PRIMITIVE_LOSS_GRAD] = {soma_check_loss_grad,
                                  {{"prediction", F},
                                   {"target", F | I},
                                   {"weight", F | OPTIONAL},
                                   {"class_weight", F | OPTIONAL},
                                   {"dloss", F},
                                   {"out", F | OUT},
                                   {"loss", F | OPTIONAL | OUT}}},
    [SOMA_PRIMITIVE_METRIC] = {soma_check_metric,
                               {{"prediction", F}, {"target", F | I | OPTIONAL}, {"accumulator", F | UPDATED}}},
    [SOMA_PRIMITIVE_OPTIMIZER] = {soma_check_optimizer,
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

soma_status soma_call_refuse(const soma_call *call, soma_status status, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return soma_error(status, "%s: %s", soma_primitive_name(call->primitive), text);
}

const char *soma_call_shape_text(char *text, const soma_view *view) {
    size_t length = 0;
    uint32_t rank = SOMA_MIN(view->rank, SOMA_MAX_RANK);
    for (uint32_t i = 0; i < rank; i++)
        length += (size_t)snprintf(text + length, SHAPE_TEXT_SIZE - length, "%s%zu", i ? ", " : "[", view->shape[i]);
    snprintf(text + length, SHAPE_TEXT_SIZE - length, rank ? "]" : "absent");
    return text;
}

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
            return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s %s is larger than memory can be",
                                    soma_call_view_name(call, index), SHAPE(view));
    }
    return SOMA_OK;
}

static soma_status check_view(const soma_call *call, uint32_t index) {
    const soma_view *view = &call->view[index];
    const char *name = soma_call_view_name(call, index);
    unsigned flags = contracts[call->primitive].view[index].flags;
    if (view->rank == 0)
        return flags & OPTIONAL ? SOMA_OK : soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s is missing", name);
    if (view->rank > SOMA_MAX_RANK)
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s has %u dimensions; %d are the most", name, view->rank,
                                SOMA_MAX_RANK);
    if (!dtype_fits(view->dtype, flags))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s is %s; %s%s%s is needed", name,
                                soma_dtype_name(view->dtype), flags & F ? "float32" : "",
                                flags & I ? (flags & F ? " or int32" : "int32") : "", flags & U ? " or uint8" : "");
    if (view->offset % soma_dtype_size(view->dtype))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "%s begins at byte %zu, between two elements of %s", name,
                                view->offset, soma_dtype_name(view->dtype));
    SOMA_TRY(check_size(call, index));
    if (!(flags & STRIDED) && !is_contiguous(view, flags & BROADCAST))
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s %s is not contiguous", name, SHAPE(view));
    return SOMA_OK;
}

soma_status soma_call_check(const soma_call *call) {
    if ((unsigned)call->primitive >= SOMA_PRIMITIVE_COUNT)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no primitive %d", (int)call->primitive);
    if (call->view_count != view_counts[call->primitive])
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "it has %u views; %u are needed", call->view_count,
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
