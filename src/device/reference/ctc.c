/* SPDX-License-Identifier: MIT */
/* CTC (Graves, Fernandez, Gomez & Schmidhuber 2006, "Connectionist Temporal Classification", section 4.1). */
#include "device/reference/ctc.h"

#include "base/base.h"

double soma_reference_ctc_forward(const ctc_sample *s, double *alpha) {
    const size_t states = ctc_states(s);
    const double *before = NULL;
    for (size_t t = 0; t < s->steps; t++) {
        double *now = alpha + t * states;
        if (!ctc_is_there(s, t)) continue;
        for (size_t i = 0; i < states; i++) {
            double sum = before ? before[i] : i < 2 ? 0.0 : -INFINITY;
            if (before && i > 0) sum = ctc_log_add(sum, before[i - 1]);
            if (before && ctc_may_skip_to(s, i)) sum = ctc_log_add(sum, before[i - 2]);
            now[i] = sum == -INFINITY ? sum : sum + ctc_at(s, t, i);
        }
        before = now;
    }
    if (!before) return s->labels ? -INFINITY : 0.0;
    return states > 1 ? ctc_log_add(before[states - 1], before[states - 2]) : before[0];
}

soma_status soma_reference_ctc(const soma_call *call) {
    const size_t numbers = call->view[0].shape[1] * (2 * call->view[1].shape[1] + 1);
    double *alpha = soma_malloc((numbers + 1) * sizeof *alpha);
    if (!alpha) return soma_out_of_memory((numbers + 1) * sizeof *alpha, "CTC");
    for (size_t i = 0; i < call->view[0].shape[0]; i++) {
        ctc_sample s = ctc_sample_of(call, i);
        soma_element_set(&call->view[3], i, s.bad ? NAN : 0.0 - soma_reference_ctc_forward(&s, alpha));
    }
    soma_free(alpha);
    return SOMA_OK;
}
