/* SPDX-License-Identifier: MIT */
/* What rows are mixed of. */
#ifndef SOMA_DEVICE_REFERENCE_MIX_H
#define SOMA_DEVICE_REFERENCE_MIX_H

#include "device/reference/reference.h"

#include <math.h>

static inline size_t mix_partner(const soma_call *call, size_t row) {
    return (row + (size_t)call->params.mix.ahead) % call->view[1].shape[0];
}

/* An element of a row, or of the row that a class number stands for. */
static inline double mix_element(const soma_view *x, size_t row, size_t columns, size_t column) {
    if (x->dtype != SOMA_I32) return soma_element_get(x, row * columns + column);
    const double number = soma_element_get(x, row);
    if (!(number >= 0.0 && number < (double)columns)) return NAN;
    return number == (double)column ? 1.0 : 0.0;
}

#endif
