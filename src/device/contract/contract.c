/* SPDX-License-Identifier: MIT */
/* Holds a call against its primitive's contract in soma/primitives.h: number of views, ranks, shapes, strides, dtypes,
 * parameters. */
#include "device/contract/contract.h"

static const uint32_t view_counts[SOMA_PRIMITIVE_COUNT] = {
#define X(NAME, name, views, ...) [SOMA_PRIMITIVE_##NAME] = views,
    SOMA_PRIMITIVE_LIST(X)
#undef X
};

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
    unsigned flags = soma_contract_of(call)->view[index].flags;
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
    return soma_contract_of(call)->check(call);
}

bool soma_call_writes(const soma_call *call, uint32_t view) {
    return soma_contract_of(call)->view[view].flags & (OUT | UPDATED) && soma_view_present(&call->view[view]);
}

bool soma_call_accumulates(const soma_call *call) {
    if (call->primitive == SOMA_PRIMITIVE_GEMM) return call->params.gemm.beta != 0.0f;
    return call->primitive == SOMA_PRIMITIVE_CONV_WEIGHT_GRAD && call->params.conv.beta != 0.0f;
}

bool soma_call_is_product(const soma_call *call) {
    switch (call->primitive) {
    case SOMA_PRIMITIVE_GEMM:
    case SOMA_PRIMITIVE_CONV:
    case SOMA_PRIMITIVE_CONV_ADD:
    case SOMA_PRIMITIVE_CONV_DATA_GRAD:
    case SOMA_PRIMITIVE_CONV_WEIGHT_GRAD:
        return true;
    default:
        return false;
    }
}

bool soma_call_reads(const soma_call *call, uint32_t view) {
    unsigned flags = soma_contract_of(call)->view[view].flags;
    return (!(flags & OUT) || soma_call_accumulates(call)) && soma_view_present(&call->view[view]);
}

/* ------------------------------------------------------------------------------------------------- what it costs */

/* Elements in memory: one that a stride of 0 repeats counts once. */
static double element_count(const soma_view *view) {
    double count = soma_view_present(view);
    for (uint32_t i = 0; i < view->rank; i++)
        if (view->stride[i] || view->shape[i] == 0) count *= (double)view->shape[i];
    return count;
}

double soma_call_flops(const soma_call *call) {
    return soma_contract_of(call)->flops ? soma_contract_of(call)->flops(call) : 0.0;
}

double soma_call_bytes(const soma_call *call) {
    if (soma_contract_of(call)->bytes) return soma_contract_of(call)->bytes(call);
    double bytes = 0.0;
    for (uint32_t i = 0; i < call->view_count; i++) {
        double ways = soma_call_reads(call, i) + soma_call_writes(call, i);
        bytes += ways * element_count(&call->view[i]) * (double)soma_dtype_size(call->view[i].dtype);
    }
    return bytes;
}
