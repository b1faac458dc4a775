/* SPDX-License-Identifier: MIT */
/* CTC, its gradient, and the edits between labels and what is decoded. */
#include "device/contract/contract.h"

/* prediction [n, steps, k], target [n, labels], mask [n, steps]. */
static soma_status check_labelling(const soma_call *call) {
    SOMA_TRY(soma_need_rank(call, 0, 3));
    SOMA_TRY(soma_need_rank(call, 1, 2));
    const soma_view *prediction = &call->view[0], *target = &call->view[1];
    if (target->shape[0] != prediction->shape[0])
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "target is %s, prediction %s; each sample needs labels",
                                SHAPE(target), SHAPE(prediction));
    if (call->params.ctc.blank >= prediction->shape[2])
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "blank is %u; prediction %s has %zu classes",
                                call->params.ctc.blank, SHAPE(prediction), prediction->shape[2]);
    if (!soma_view_present(&call->view[2])) return SOMA_OK;
    return soma_need_shape(call, 2, 2, prediction->shape[0], prediction->shape[1]);
}

static soma_status check_of_samples(const soma_call *call) {
    SOMA_TRY(check_labelling(call));
    return soma_need_shape(call, 3, 1, call->view[0].shape[0], 0);
}

static soma_status check_ctc_grad(const soma_call *call) {
    SOMA_TRY(check_of_samples(call));
    return soma_need_same_shape(call, 0, 4);
}

SOMA_CONTRACT(ctc) = {.check = check_of_samples,
                      .view = {{"prediction", F}, {"target", I}, {"mask", F | OPTIONAL}, {"loss", F | OUT}}};

SOMA_CONTRACT(ctc_grad) = {
    .check = check_ctc_grad,
    .view = {{"prediction", F}, {"target", I}, {"mask", F | OPTIONAL}, {"dloss", F}, {"out", F | OUT}}};

SOMA_CONTRACT(ctc_distance) = {.check = check_of_samples,
                               .view = {{"prediction", F}, {"target", I}, {"mask", F | OPTIONAL}, {"out", F | OUT}}};
