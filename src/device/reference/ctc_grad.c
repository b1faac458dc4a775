/* SPDX-License-Identifier: MIT */
/* CTC_GRAD: by the probability of each state at each step. */
#include "device/reference/ctc.h"

#include "base/base.h"

/* beta[i]: the logarithm of the probability of what is behind step t, from state i on. NULL as `next`: nothing is. */
static void go_back(const ctc_sample *s, size_t next_step, const double *next, double *beta) {
    const size_t states = ctc_states(s);
    for (size_t i = 0; i < states; i++) {
        beta[i] = !next && i + 2 >= states ? 0.0 : -INFINITY;
        for (size_t to = i; next && to < states && to <= i + 2; to++)
            if (to < i + 2 || ctc_may_skip_to(s, to))
                if (next[to] != -INFINITY) beta[i] = ctc_log_add(beta[i], next[to] + ctc_at(s, next_step, to));
    }
}

static void set_row(const ctc_sample *s, size_t step, double dloss, const double *alpha, const double *beta,
                    double total) {
    const size_t row = (s->index * s->steps + step) * s->classes;
    for (size_t k = 0; k < s->classes; k++) {
        double sum = 0.0;
        for (size_t i = 0; i < ctc_states(s); i++)
            if (ctc_class(s, i) == k) sum += exp(alpha[i] + beta[i] - total);
        soma_element_set(&s->call->view[4], row + k, -dloss * sum);
    }
}

static void set_all(const ctc_sample *s, double value) {
    const size_t count = s->steps * s->classes;
    for (size_t j = 0; j < count; j++) soma_element_set(&s->call->view[4], s->index * count + j, value);
}

static void grad_of(const ctc_sample *s, double *alpha, double *beta) {
    const size_t states = ctc_states(s);
    const double dloss = soma_element_get(&s->call->view[3], s->index);
    set_all(s, s->bad ? NAN : 0.0);
    if (s->bad || dloss == 0.0) return;
    const double total = soma_reference_ctc_forward(s, alpha);
    if (total == -INFINITY) return;
    double *now = beta, *next = NULL;
    for (size_t t = s->steps, next_step = 0; t-- > 0;) {
        if (!ctc_is_there(s, t)) continue;
        go_back(s, next_step, next, now);
        set_row(s, t, dloss, alpha + t * states, now, total);
        next = now;
        next_step = t;
        now = next == beta ? beta + states : beta;
    }
}

soma_status soma_reference_ctc_grad(const soma_call *call) {
    const size_t states = 2 * call->view[1].shape[1] + 1, numbers = (call->view[0].shape[1] + 2) * states;
    double *alpha = soma_malloc(numbers * sizeof *alpha);
    if (!alpha) return soma_out_of_memory(numbers * sizeof *alpha, "the gradient of CTC");
    for (size_t i = 0; i < call->view[0].shape[0]; i++) {
        ctc_sample s = ctc_sample_of(call, i);
        grad_of(&s, alpha + 2 * states, alpha);
    }
    soma_free(alpha);
    return SOMA_OK;
}
