/* SPDX-License-Identifier: MIT */
/* MIX. */
#include "device/reference/mix.h"

soma_status soma_reference_mix(const soma_call *call) {
    const soma_view *x = &call->view[0], *out = &call->view[1];
    const double share = (double)call->params.mix.share;
    const size_t columns = out->shape[1], count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) {
        const size_t row = i / columns, column = i % columns, other = mix_partner(call, row);
        soma_element_set(out, i,
                         share * mix_element(x, row, columns, column) +
                             (1.0 - share) * mix_element(x, other, columns, column));
    }
    return SOMA_OK;
}
