/* SPDX-License-Identifier: MIT */
/* REDUCE. */
#include "device/reference/line.h"

static double line_sum(const soma_view *x, line along, bool squares) {
    double sum = 0.0;
    for (size_t i = 0; i < along.count; i++) {
        double value = line_get(x, along, i);
        sum += squares ? value * value : value;
    }
    return sum;
}

static double reduce_line(soma_reduction op, const soma_view *x, line along) {
    switch (op) {
    case SOMA_REDUCE_SUM:
        return line_sum(x, along, false);
    case SOMA_REDUCE_MEAN:
        return line_sum(x, along, false) / (double)along.count;
    case SOMA_REDUCE_MAX:
        return line_extreme(x, along, true);
    case SOMA_REDUCE_MIN:
        return line_extreme(x, along, false);
    case SOMA_REDUCE_SUM_SQUARES:
        return line_sum(x, along, true);
    case SOMA_REDUCTION_COUNT:
        break;
    }
    return NAN;
}

soma_status soma_reference_reduce(const soma_call *call) {
    const soma_view *x = &call->view[0], *out = &call->view[1];
    size_t lines = soma_view_count(out);
    for (size_t i = 0; i < lines; i++) soma_element_set(out, i, reduce_line(call->params.reduce.op, x, line_of(x, i)));
    return SOMA_OK;
}
