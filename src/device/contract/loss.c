/* SPDX-License-Identifier: MIT */
/* LOSS and its gradient. */
#include "device/contract/contract.h"

#include <float.h>

static bool is_amount(float value) {
    return value >= 0.0f && value <= FLT_MAX;
}

static soma_status check_focus(const soma_call *call) {
    const soma_loss_params *params = &call->params.loss;
    if (params->kind != SOMA_LOSS_CATEGORICAL_FOCAL && params->kind != SOMA_LOSS_BINARY_FOCAL) return SOMA_OK;
    if (!is_amount(params->gamma) || !(params->smoothing >= 0.0f && params->smoothing < 1.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                                "focal with gamma = %g, smoothing = %g; gamma >= 0 and 0 <= smoothing < 1 are needed",
                                (double)params->gamma, (double)params->smoothing);
    if (params->kind == SOMA_LOSS_CATEGORICAL_FOCAL || (is_amount(params->when_one) && is_amount(params->when_zero)))
        return SOMA_OK;
    return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "focal with weights %g and %g of targets; both must be >= 0",
                            (double)params->when_one, (double)params->when_zero);
}

static soma_status check_loss_views(const soma_call *call) {
    const soma_loss_params *params = &call->params.loss;
    if ((unsigned)params->kind >= SOMA_LOSS_COUNT)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "there is no loss %d", (int)params->kind);
    bool categorical = params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY ||
                       params->kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS ||
                       params->kind == SOMA_LOSS_CATEGORICAL_FOCAL;
    bool binary = params->kind == SOMA_LOSS_BINARY_CROSSENTROPY ||
                  params->kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS || params->kind == SOMA_LOSS_BINARY_FOCAL;
    SOMA_TRY(check_focus(call));
    if (params->kind == SOMA_LOSS_HUBER && !(params->delta > 0.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "huber with delta = %g; delta > 0 is needed",
                                (double)params->delta);
    if (params->kind == SOMA_LOSS_QUANTILE && !(params->delta > 0.0f && params->delta < 1.0f))
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT, "quantile with delta = %g; 0 < delta < 1 is needed",
                                (double)params->delta);
    SOMA_TRY(soma_need_rank(call, 0, 2));
    SOMA_TRY(soma_need_target(call, categorical));
    size_t n = call->view[0].shape[0], k = call->view[0].shape[1];
    if (soma_view_present(&call->view[2])) SOMA_TRY(soma_need_shape(call, 2, 1, n, 0));
    if (!soma_view_present(&call->view[3])) return SOMA_OK;
    if (!categorical && !binary)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                                "class_weight is given; only cross-entropies and focal losses take it");
    return soma_need_shape(call, 3, 1, categorical ? k : 2, 0);
}

static soma_status check_loss(const soma_call *call) {
    SOMA_TRY(check_loss_views(call));
    return soma_need_shape(call, 4, 1, call->view[0].shape[0], 0);
}

SOMA_CONTRACT(loss) = {.check = check_loss,
                       .view = {{"prediction", F},
                                {"target", F | I},
                                {"weight", F | OPTIONAL},
                                {"class_weight", F | OPTIONAL},
                                {"loss", F | OUT}}};

static soma_status check_loss_grad(const soma_call *call) {
    SOMA_TRY(check_loss_views(call));
    size_t n = call->view[0].shape[0];
    SOMA_TRY(soma_need_shape(call, 4, 1, n, 0));
    SOMA_TRY(soma_need_same_shape(call, 0, 5));
    if (!soma_view_present(&call->view[6])) return SOMA_OK;
    if (call->params.loss.kind != SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)
        return soma_call_refuse(call, SOMA_INVALID_ARGUMENT,
                                "loss is given; only the categorical cross-entropy of logits takes it");
    return soma_need_shape(call, 6, 1, n, 0);
}

SOMA_CONTRACT(loss_grad) = {.check = check_loss_grad,
                            .view = {{"prediction", F},
                                     {"target", F | I},
                                     {"weight", F | OPTIONAL},
                                     {"class_weight", F | OPTIONAL},
                                     {"dloss", F},
                                     {"out", F | OUT},
                                     {"loss", F | OPTIONAL | OUT}}};
