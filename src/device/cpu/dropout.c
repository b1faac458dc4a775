/* SPDX-License-Identifier: MIT */
/* DROPOUT: one block of four random words for each four elements. */
#include "device/cpu/kernels.h"

typedef uint32_t soma_u32;
#define SOMA_MULHI(a, b) ((uint32_t)(((uint64_t)(a) * (uint64_t)(b)) >> 32))
#include "kernels/random.h"

/* Blocks made at once: 16 lanes. */
#define BLOCKS 16

static void random_words(const soma_dropout_params *params, uint32_t first, uint32_t words[4 * BLOCKS]) {
    uint32_t word[4][BLOCKS];
    uint32_t key0 = (uint32_t)params->seed, key1 = (uint32_t)(params->seed >> 32);
    uint32_t low = (uint32_t)params->step, high = (uint32_t)(params->step >> 32), stream = params->stream;
    for (uint32_t l = 0; l < BLOCKS; l++) {
        uint32_t c[4] = {first + l, low, high, stream};
        soma_philox(c, key0, key1);
        for (int w = 0; w < 4; w++) word[w][l] = c[w];
    }
    for (int l = 0; l < BLOCKS; l++)
        for (int w = 0; w < 4; w++) words[4 * l + w] = word[w][l];
}

static void dropout_chunk(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_dropout_params *params = &call->params.dropout;
    soma_range range = soma_cpu_part(task, soma_view_count(&call->view[1]), SOMA_CPU_CHUNK);
    const float *x = soma_cpu_floats(&call->view[0]);
    float *out = soma_cpu_floats(&call->view[1]), keep = 1.0f - params->rate;
    uint32_t threshold = SOMA_DROPOUT_THRESHOLD(params->rate);
    for (size_t at = range.begin; at < range.end; at += 4 * BLOCKS) {
        uint32_t words[4 * BLOCKS];
        random_words(params, (uint32_t)(at / 4), words);
        size_t count = SOMA_MIN((size_t)4 * BLOCKS, range.end - at);
        SOMA_INDEPENDENT
        for (size_t i = 0; i < count; i++) out[at + i] = words[i] >= threshold ? x[at + i] / keep : 0.0f;
    }
}

SOMA_CPU_PLANNER(dropout) {
    if (call->view[1].dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    size_t count = soma_view_count(&call->view[1]);
    soma_cpu_add_phase(plan, dropout_chunk, soma_cpu_parts(count, SOMA_CPU_CHUNK));
    plan->nanoseconds = 1.5 * (double)count;
    return SOMA_OK;
}
