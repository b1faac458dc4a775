/* SPDX-License-Identifier: MIT */
/* One step of an optimizer over flat buffers. */
#include "opencl.h"
#include "optimizer_rule.h"

/* 0 of 0 and NaN of NaN. */
static real sign_of(real w) { return w > R(0.0) ? R(1.0) : (w < R(0.0) ? R(-1.0) : w); }

/* Without clip_norm the norm is not read. States that the rule has not are not touched. */
KERNEL(GROUP, 1)
void optimizer(ARGUMENTS(ulong count, ulong chunk, ulong decay_count, uint rule, float learning_rate, float beta1, float beta2,
               float epsilon, float correction1, float correction2, float l2, float l1, float decay, float clip_value,
               float clip_norm, global float *parameter, const global float *gradient, global float *state1,
               global float *state2, const global float *norm)) {
    const rates with = {learning_rate, beta1, beta2, epsilon, correction1, correction2};
    const uint states = states_of(RULE);
    float scale = 1.0f, share = 1.0f, length = 1.0f; /* (scale g) share is g of length 1 */
    if (clip_norm > 0.0f && !(norm[0] <= clip_norm * norm[1])) {
        scale = norm[1];
        share = 1.0f / norm[0];
        length = clip_norm;
    }
    FOR_EACH_VECTOR(i, part, count, chunk) {
        real w = load_part(parameter + i, part, 0.0f), g = load_part(gradient + i, part, 0.0f);
        real m = R(0.0), v = R(0.0);
        if (states > 0) m = load_part(state1 + i, part, 0.0f);
        if (states > 1) v = load_part(state2 + i, part, 0.0f);
        g = g * scale * share * length;
        if (clip_value > 0.0f) g = g > clip_value ? (real)(clip_value) : (g < -clip_value ? (real)(-clip_value) : g);
        const integers decaying = ELEMENT_NUMBERS < (integers)((int)min((ulong)WIDTH, decay_count - min(decay_count, i)));
        g = decaying ? g + (l2 * w + l1 * sign_of(w)) : g;
        update_vector(RULE, &w, g, &m, &v, with, decaying ? (real)(decay) : R(0.0));
        store_part(w, parameter + i, part);
        if (states > 0) store_part(m, state1 + i, part);
        if (states > 1) store_part(v, state2 + i, part);
    }
}
