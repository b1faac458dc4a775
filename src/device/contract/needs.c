/* SPDX-License-Identifier: MIT */
/* What the contracts of the primitives have in common: views held against each other, and the words for what does not
 * fit. */
#include "device/contract/contract.h"

#include <stdio.h>

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

/* ------------------------------------------------------------------------------------------- views among each other */

static bool same_shape(const soma_view *x, const soma_view *y) {
    if (x->rank != y->rank) return false;
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->shape[i] != y->shape[i]) return false;
    return true;
}

soma_status soma_need_same_shape(const soma_call *call, uint32_t x, uint32_t y) {
    if (same_shape(&call->view[x], &call->view[y])) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s but %s is %s; equal shapes are needed",
                            soma_call_view_name(call, x), SHAPE(&call->view[x]), soma_call_view_name(call, y),
                            SHAPE(&call->view[y]));
}

soma_status soma_need_rank(const soma_call *call, uint32_t index, uint32_t rank) {
    if (call->view[index].rank == rank) return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s; %u dimensions are needed",
                            soma_call_view_name(call, index), SHAPE(&call->view[index]), rank);
}

/* The view has exactly these dimensions. */
soma_status soma_need_shape(const soma_call *call, uint32_t index, uint32_t rank, size_t first, size_t second) {
    const soma_view *view = &call->view[index];
    if (view->rank == rank && view->shape[0] == first && (rank < 2 || view->shape[1] == second)) return SOMA_OK;
    size_t shape[2] = {first, second};
    soma_view wanted = soma_view_of(NULL, 0, SOMA_F32, rank, shape);
    return soma_call_refuse(call, SOMA_INVALID_SHAPE, "%s is %s; %s is needed", soma_call_view_name(call, index),
                            SHAPE(view), SHAPE(&wanted));
}

/* Class numbers [n], where they are allowed, or rows like the prediction's [n, k]. */
soma_status soma_need_target(const soma_call *call, bool class_numbers) {
    const soma_view *prediction = &call->view[0], *target = &call->view[1];
    if (target->dtype == SOMA_I32) {
        if (!class_numbers)
            return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                                    "target holds class numbers; rows of float32 are needed");
        return soma_need_shape(call, 1, 1, prediction->shape[0], 0);
    }
    return soma_need_same_shape(call, 0, 1);
}
