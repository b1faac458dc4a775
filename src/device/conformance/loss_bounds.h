/* SPDX-License-Identifier: MIT */
/* What LOSS must give, with error bounds, and the cases that LOSS and LOSS_GRAD have in common. */
#ifndef SOMA_DEVICE_CONFORMANCE_LOSS_BOUNDS_H
#define SOMA_DEVICE_CONFORMANCE_LOSS_BOUNDS_H

#include "device/conformance/suite.h"

/* The loss of each sample. */
void soma_loss_bound(const soma_call *before, soma_bounded *expected);

/* The cases of LOSS, or of LOSS_GRAD, whose bound is its own. */
void soma_loss_table(soma_suite *suite, soma_case_bound *bound, bool gradient);
void soma_loss_speed_table(soma_suite *suite, soma_case_bound *bound, bool gradient);

static inline bool soma_loss_is_categorical(soma_loss_kind kind) {
    return kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS ||
           kind == SOMA_LOSS_CATEGORICAL_FOCAL;
}

static inline bool soma_loss_is_binary(soma_loss_kind kind) {
    return kind == SOMA_LOSS_BINARY_CROSSENTROPY || kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS ||
           kind == SOMA_LOSS_BINARY_FOCAL;
}

static inline bool soma_loss_is_focal(soma_loss_kind kind) {
    return kind == SOMA_LOSS_CATEGORICAL_FOCAL || kind == SOMA_LOSS_BINARY_FOCAL;
}

#endif
