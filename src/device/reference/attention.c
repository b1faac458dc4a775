/* SPDX-License-Identifier: MIT */
/* ATTENTION. */
#include "device/reference/attention.h"

/* weight: of each key, 0 of those that are not seen. */
static void weigh(const query *at, double *weight, double *total) {
    double top = -INFINITY, sum = 0.0;
    bool any = false;
    for (size_t key = 0; key < at->size.keys; key++) {
        if (!sees(at, key)) continue;
        any = true;
        weight[key] = score(at, key);
        top = fmax(top, weight[key]);
    }
    for (size_t key = 0; key < at->size.keys; key++) {
        weight[key] = sees(at, key) ? exp(weight[key] - top) : 0.0;
        sum += weight[key];
    }
    for (size_t key = 0; any && key < at->size.keys; key++) weight[key] /= sum;
    *total = any ? top + log(sum) : INFINITY;
}

static void answer(const query *at, double *weight) {
    const soma_view *v = &at->call->view[ATTENTION_V], *y = &at->call->view[ATTENTION_Y],
                    *totals = &at->call->view[ATTENTION_TOTAL];
    const size_t width = at->size.value_width;
    double total;
    weigh(at, weight, &total);
    for (size_t i = 0; i < width; i++) {
        double sum = 0.0;
        for (size_t key = 0; key < at->size.keys; key++)
            if (sees(at, key)) sum += weight[key] * soma_element_get(v, at_key(at, key, width, i));
        soma_element_set(y, at_query(at, width, i), sum);
    }
    if (soma_view_present(totals)) soma_element_set(totals, at_total(at), total);
}

soma_status soma_reference_attention(const soma_call *call) {
    query at = {.call = call, .size = soma_attention_size_of(call), .q = ATTENTION_Q, .mask = ATTENTION_MASK};
    double *weight = soma_calloc(at.size.keys + 1, sizeof *weight);
    if (!weight) return soma_out_of_memory((at.size.keys + 1) * sizeof *weight, "attention on the host");
    for (at.sample = 0; at.sample < at.size.samples; at.sample++)
        for (at.head = 0; at.head < at.size.heads; at.head++)
            for (at.step = 0; at.step < at.size.steps; at.step++) answer(&at, weight);
    soma_free(weight);
    return SOMA_OK;
}
