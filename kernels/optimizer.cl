/* SPDX-License-Identifier: MIT */
/*
 * One step of an optimizer over flat buffers. The build options give RULE, the row of optimizers.h, and STATES, how many states it has;
 * CLIP_NORM where the gradient's norm is given.
 */
#include "opencl.h"
#include "optimizers.h"

#define P(field) field
#define DECAY decays
#define RULE_ROW(name, states, rule)                                                                                   \
    static void step_##name(real *w_, real g, real *m_, real *v_, RATE_ARGUMENTS, real decays) {                       \
        real w = *w_, m = *m_, v = *v_;                                                                                \
        rule;                                                                                                          \
        *w_ = w, *m_ = m, *v_ = v;                                                                                     \
    }
#define RATE_ARGUMENTS                                                                                                 \
    float learning_rate, float beta1, float beta2, float epsilon, float correction1, float correction2
SOMA_OPTIMIZER_TABLE(RULE_ROW)

/* 0 of 0 and NaN of NaN. */
static real sign_of(real w) { return w > R(0.0) ? R(1.0) : (w < R(0.0) ? R(-1.0) : w); }

KERNEL(GROUP, 1)
void optimizer(ulong count, ulong chunk, ulong decay_count, RATE_ARGUMENTS, float l2, float l1, float decay,
               float clip_value, float clip_norm, global float *parameter, const global float *gradient
#if STATES > 0
               , global float *state1
#endif
#if STATES > 1
               , global float *state2
#endif
#ifdef CLIP_NORM
               , const global float *norm
#endif
) {
    float scale = 1.0f;
#ifdef CLIP_NORM
    if (clip_norm > 0.0f) {
        const float ratio = clip_norm / sqrt(norm[0]);
        scale = ratio < 1.0f ? ratio : 1.0f;
    }
#endif
    FOR_EACH_VECTOR(i, part, count, chunk) {
        real w = load_part(parameter + i, part, 0.0f), g = load_part(gradient + i, part, 0.0f);
        real m = R(0.0), v = R(0.0);
#if STATES > 0
        m = load_part(state1 + i, part, 0.0f);
#endif
#if STATES > 1
        v = load_part(state2 + i, part, 0.0f);
#endif
        g *= scale;
        if (clip_value > 0.0f) g = g > clip_value ? (real)(clip_value) : (g < -clip_value ? (real)(-clip_value) : g);
        const integers decaying = element_numbers() < (integers)((int)min((ulong)WIDTH, decay_count - min(decay_count, i)));
        g = decaying ? g + (l2 * w + l1 * sign_of(w)) : g;
        const real decays = decaying ? (real)(decay) : R(0.0);
        PASTE(step_, RULE)(&w, g, &m, &v, learning_rate, beta1, beta2, epsilon, correction1, correction2, decays);
        store_part(w, parameter + i, part);
#if STATES > 0
        store_part(m, state1 + i, part);
#endif
#if STATES > 1
        store_part(v, state2 + i, part);
#endif
    }
}
