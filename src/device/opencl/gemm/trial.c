/* SPDX-License-Identifier: MIT */
/* A matrix product on memory of its own, by any kernel. */
#include "device/opencl/gemm/trial.h"

#include <math.h>

static soma_view matrix(void *memory, size_t rows, size_t columns) {
    return (soma_view){.memory = memory, .rank = 2, .shape = {rows, columns}, .stride = {columns, 1}};
}

static soma_call product(const soma_cl_trial *trial) {
    const soma_cl_gemm_size size = trial->size;
    const bool ta = trial->params.transpose_a, tb = trial->params.transpose_b;
    soma_call call = {.primitive = SOMA_PRIMITIVE_GEMM, .view_count = 4, .params.gemm = trial->params};
    call.view[0] = matrix(trial->memory[0], ta ? size.k : size.m, ta ? size.m : size.k);
    call.view[1] = matrix(trial->memory[1], tb ? size.n : size.k, tb ? size.k : size.n);
    if (trial->has_bias)
        call.view[2] = (soma_view){.memory = trial->memory[2], .rank = 1, .shape = {size.n}, .stride = {1}};
    call.view[3] = matrix(trial->memory[3], size.m, size.n);
    return call;
}

static size_t count_of(const soma_cl_trial *trial, uint32_t memory) {
    const soma_cl_gemm_size size = trial->size;
    const size_t counts[] = {size.m * size.k, size.k * size.n, size.n, size.m * size.n};
    return counts[memory];
}

double soma_cl_trial_bytes(const soma_cl_trial *trial) {
    double bytes = 0;
    for (uint32_t memory = 0; memory < 4; memory++) bytes += (double)(count_of(trial, memory) * sizeof(float));
    return bytes;
}

/*
 * The largest values, whole numbers, with which every sum along k, and a bias on top, is below 2^24: then float32 has
 * all of them exactly, in whatever order they are added, and two kernels must agree to the last bit.
 */
static uint32_t largest_value(size_t k) {
    return (uint32_t)sqrtf(0x1p23f / (float)SOMA_MAX(k, (size_t)1));
}

soma_status soma_cl_trial_begin(soma_cl_trial *trial) {
    size_t most = 0;
    const uint32_t largest = largest_value(trial->size.k), values = 2 * largest + 1;
    uint32_t state = 1;
    for (uint32_t memory = 0; memory < 4; memory++) most = SOMA_MAX(most, count_of(trial, memory));
    trial->values = soma_calloc(most, sizeof(float));
    trial->expected = soma_calloc(count_of(trial, 3), sizeof(float));
    trial->found = soma_calloc(count_of(trial, 3), sizeof(float));
    if (!trial->values || !trial->expected || !trial->found)
        return soma_out_of_memory(3 * most * sizeof(float), "a trial of a matrix product");
    for (uint32_t memory = 0; memory < 4; memory++) {
        const size_t count = count_of(trial, memory);
        SOMA_TRY(soma_cl_alloc(trial->device, count * sizeof(float), &trial->memory[memory]));
        for (size_t i = 0; i < count; i++) {
            state = state * 1664525u + 1013904223u;
            trial->values[i] = (float)((state >> 8) % values) - (float)largest;
        }
        SOMA_TRY(soma_cl_write(trial->device, trial->memory[memory], 0, trial->values, count * sizeof(float)));
    }
    return SOMA_OK;
}

void soma_cl_trial_end(soma_cl_trial *trial) {
    for (uint32_t memory = 0; memory < 4; memory++) soma_cl_free(trial->device, trial->memory[memory]);
    soma_free(trial->values);
    soma_free(trial->expected);
    soma_free(trial->found);
}

static soma_status prepare(const soma_cl_trial *trial, const soma_cl_gemm *gemm, soma_call *call, size_t *scratch) {
    *call = product(trial);
    trial->device->forced_gemm = gemm;
    soma_status status = soma_cl_prepare(trial->device, call, scratch);
    trial->device->forced_gemm = NULL;
    return status;
}

soma_status soma_cl_trial_scratch(const soma_cl_trial *trial, const soma_cl_gemm *gemm, size_t *scratch) {
    soma_call call;
    SOMA_TRY(prepare(trial, gemm, &call, scratch));
    soma_cl_release(trial->device, &call);
    return SOMA_OK;
}

soma_status soma_cl_trial_prepare(const soma_cl_trial *trial, const soma_cl_gemm *gemm, soma_call *call) {
    size_t scratch = 0;
    soma_status status = prepare(trial, gemm, call, &scratch);
    if (status == SOMA_OK && scratch) status = soma_cl_alloc(trial->device, scratch, &call->workspace);
    if (status != SOMA_OK) soma_cl_trial_release(trial, call);
    return status;
}

soma_status soma_cl_trial_compute(const soma_cl_trial *trial, soma_call *call, float *result) {
    const size_t count = count_of(trial, 3);
    for (size_t i = 0; i < count; i++) result[i] = NAN;
    SOMA_TRY(soma_cl_write(trial->device, trial->memory[3], 0, result, count * sizeof(float)));
    SOMA_TRY(soma_cl_run(trial->device, call, 1));
    return soma_cl_read(trial->device, trial->memory[3], 0, result, count * sizeof(float));
}

void soma_cl_trial_release(const soma_cl_trial *trial, soma_call *call) {
    soma_cl_release(trial->device, call);
    soma_cl_free(trial->device, call->workspace);
    call->workspace = NULL;
}

bool soma_cl_trial_agrees(const soma_cl_trial *trial) {
    for (size_t i = 0; i < count_of(trial, 3); i++)
        if (!(trial->found[i] == trial->expected[i])) return false; /* NaN, too */
    return true;
}
