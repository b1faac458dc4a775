/* SPDX-License-Identifier: MIT */
/* CTC_DISTANCE: greedy decoding, and the edits from that to the labels (Levenshtein 1966). */
#include "device/reference/ctc.h"

#include "base/base.h"

static size_t best_class(const ctc_sample *s, size_t step) {
    const size_t row = (s->index * s->steps + step) * s->classes;
    size_t best = 0;
    for (size_t k = 1; k < s->classes; k++)
        if (soma_element_get(&s->call->view[0], row + k) > soma_element_get(&s->call->view[0], row + best)) best = k;
    return best;
}

/* edits[j]: from what is decoded so far to the first j labels. */
static void add_label(const ctc_sample *s, size_t label, double *edits) {
    double diagonal = edits[0]++;
    for (size_t j = 1; j <= s->labels; j++) {
        double other = diagonal + ((double)label == ctc_label(s, j - 1) ? 0.0 : 1.0);
        diagonal = edits[j];
        edits[j] = fmin(other, fmin(edits[j], edits[j - 1]) + 1.0);
    }
}

soma_status soma_reference_ctc_distance(const soma_call *call) {
    const size_t numbers = call->view[1].shape[1] + 1;
    double *edits = soma_malloc(numbers * sizeof *edits);
    if (!edits) return soma_out_of_memory(numbers * sizeof *edits, "the distance of labels");
    for (size_t i = 0; i < call->view[0].shape[0]; i++) {
        ctc_sample s = ctc_sample_of(call, i);
        size_t last = call->params.ctc.blank;
        for (size_t j = 0; j <= s.labels; j++) edits[j] = (double)j;
        for (size_t t = 0; t < s.steps; t++) {
            if (!ctc_is_there(&s, t)) continue;
            size_t best = best_class(&s, t);
            if (best != last && best != call->params.ctc.blank) add_label(&s, best, edits);
            last = best;
        }
        soma_element_set(&call->view[3], i, edits[s.labels]);
    }
    soma_free(edits);
    return SOMA_OK;
}
