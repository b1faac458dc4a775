/* SPDX-License-Identifier: MIT */
/* What LOSS and LOSS_GRAD must give, with error bounds. */
#ifndef SOMA_DEVICE_CONFORMANCE_LOSS_BOUNDS_H
#define SOMA_DEVICE_CONFORMANCE_LOSS_BOUNDS_H

#include "device/conformance/suite.h"

void soma_loss_bound(const soma_call *before, soma_bounded *const *expected);
void soma_loss_grad_bound(const soma_call *before, soma_bounded *const *expected);

static inline bool soma_loss_is_categorical(soma_loss_kind kind) {
    return kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
}

static inline bool soma_loss_is_binary(soma_loss_kind kind) {
    return kind == SOMA_LOSS_BINARY_CROSSENTROPY || kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS;
}

#endif
