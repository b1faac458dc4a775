/* SPDX-License-Identifier: MIT */
/* DROPOUT. */
#include "device/reference/reference.h"

typedef uint32_t soma_u32;
#define SOMA_MULHI(a, b) ((uint32_t)(((uint64_t)(a) * (uint64_t)(b)) >> 32))
#include "kernels/random.h"

bool soma_dropout_keeps(const soma_dropout_params *params, size_t index) {
    const uint64_t number = params->start + index;
    uint32_t word[4] = {(uint32_t)(number / 4), (uint32_t)params->step, (uint32_t)(params->step >> 32), params->stream};
    soma_philox(word, (uint32_t)params->seed, (uint32_t)(params->seed >> 32));
    return word[number % 4] >= SOMA_DROPOUT_THRESHOLD(params->rate);
}

soma_status soma_reference_dropout(const soma_call *call) {
    const soma_view *x = &call->view[0], *out = &call->view[1];
    const soma_dropout_params *params = &call->params.dropout;
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) {
        double kept = soma_element_get(x, i) / (1.0 - (double)params->rate);
        soma_element_set(out, i, soma_dropout_keeps(params, i) ? kept : 0.0);
    }
    return SOMA_OK;
}
