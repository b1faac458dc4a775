/* SPDX-License-Identifier: MIT */
/* Decides whether CLBlast can be trusted with a device's matrix products: some of its versions are wrong on some
 * devices. */
#include "device/opencl/clblast.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

/*
 * One product for each of CLBlast's two ways: small ones are computed directly, large ones by way of padded copies.
 * Which sizes are large depends on the device; of the larger sizes the first that needs scratch memory is taken.
 */
#define SMALL_SIZE 53
static const size_t large_sizes[] = {192, 448, 1088};

typedef struct trial {
    soma_cl_device *device;
    size_t size; /* of the square matrices */
    float *values, *expected, *found;
    void *memory[3], *workspace; /* a, b, c */
} trial;

static soma_view square(const trial *with, uint32_t memory) {
    const size_t size = with->size;
    return (soma_view){.memory = with->memory[memory], .rank = 2, .shape = {size, size}, .stride = {size, 1}};
}

static soma_call product(const trial *with) {
    soma_call call = {.primitive = SOMA_PRIMITIVE_GEMM, .view_count = 4};
    call.view[0] = square(with, 0);
    call.view[1] = square(with, 1);
    call.view[3] = square(with, 2);
    call.params.gemm = (soma_gemm_params){.transpose_b = true, .alpha = 1};
    return call;
}

/* The product by the kernels that `by` names, into result. C holds NaN before: with beta = 0 it must not be read. */
static soma_status compute(trial *with, soma_cl_gemm by, float *result) {
    soma_cl_device *device = with->device;
    const size_t bytes = with->size * with->size * sizeof(float);
    for (size_t i = 0; i < with->size * with->size; i++) result[i] = NAN;
    SOMA_TRY(soma_cl_write(device, with->memory[2], 0, result, bytes));
    const soma_cl_gemm usual = device->gemm;
    size_t scratch = 0;
    soma_call call = product(with);
    device->gemm = by;
    soma_status status = soma_cl_prepare(device, &call, &scratch);
    device->gemm = usual;
    if (status == SOMA_OK && scratch) status = soma_cl_alloc(device, scratch, &with->workspace);
    call.workspace = with->workspace;
    if (status == SOMA_OK) status = soma_cl_run(device, &call, 1);
    if (status == SOMA_OK) status = soma_cl_read(device, with->memory[2], 0, result, bytes);
    soma_cl_release(device, &call);
    soma_cl_free(device, with->workspace);
    with->workspace = NULL;
    return status;
}

/* Sums of `size` products below 1 in two orders differ by less than this. */
static bool agree(const trial *with) {
    const float bound = 2 * (float)with->size * (float)with->size * FLT_EPSILON;
    for (size_t i = 0; i < with->size * with->size; i++)
        if (!(fabsf(with->found[i] - with->expected[i]) <= bound)) return false;
    return true;
}

static soma_status hold(trial *with, bool *good) {
    const size_t count = with->size * with->size;
    uint32_t state = 1;
    with->values = soma_calloc(count, sizeof(float));
    with->expected = soma_calloc(count, sizeof(float));
    with->found = soma_calloc(count, sizeof(float));
    if (!with->values || !with->expected || !with->found)
        return soma_out_of_memory(3 * count * sizeof(float), "a trial of CLBlast");
    for (uint32_t memory = 0; memory < 3; memory++) {
        SOMA_TRY(soma_cl_alloc(with->device, count * sizeof(float), &with->memory[memory]));
        for (size_t i = 0; i < count; i++) {
            state = state * 1664525u + 1013904223u;
            with->values[i] = (float)(state >> 8) * 0x1p-23f - 1.0f;
        }
        SOMA_TRY(soma_cl_write(with->device, with->memory[memory], 0, with->values, count * sizeof(float)));
    }
    SOMA_TRY(compute(with, SOMA_CL_GEMM_OWN, with->expected));
    SOMA_TRY(compute(with, SOMA_CL_GEMM_CLBLAST, with->found));
    *good = agree(with);
    return SOMA_OK;
}

static soma_status try_size(soma_cl_device *device, size_t size, bool *good) {
    trial with = {.device = device, .size = size};
    soma_status status = hold(&with, good);
    for (uint32_t memory = 0; memory < 3; memory++) soma_cl_free(device, with.memory[memory]);
    soma_free(with.values);
    soma_free(with.expected);
    soma_free(with.found);
    return status;
}

/* The smallest of the large sizes that CLBlast wants scratch memory for; 0: none. */
static size_t find_large_size(soma_cl_device *device) {
    size_t scratch = 0;
    for (size_t i = 0; i < SOMA_COUNT_OF(large_sizes); i++) {
        const trial with = {.device = device, .size = large_sizes[i]};
        soma_call call = product(&with);
        if (soma_cl_prepare(device, &call, &scratch) != SOMA_OK) return 0;
        soma_cl_release(device, &call);
        if (scratch > 0) return large_sizes[i];
    }
    return 0;
}

static soma_status try_sizes(soma_cl_device *device, bool *good) {
    SOMA_TRY(try_size(device, SMALL_SIZE, good));
    const size_t large = find_large_size(device);
    return *good && large ? try_size(device, large, good) : SOMA_OK;
}

/* CLBlast keeps compiled kernels, and with them contexts, until it is told to forget: when the last device that uses it
 * closes. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static size_t users;

static void forget(void) {
    if (--users == 0) soma_cl_clblast_forget();
}

bool soma_cl_clblast_start(soma_cl_device *device, char *reason, size_t size) {
    /* Under the lock: two threads that have CLBlast compile the same kernel at once make it fail. */
    pthread_mutex_lock(&lock);
    if (!soma_cl_clblast_load(reason, size)) {
        pthread_mutex_unlock(&lock);
        return false;
    }
    users++;
    const soma_cl_gemm usual = device->gemm;
    device->gemm = SOMA_CL_GEMM_CLBLAST;
    bool good = true;
    soma_status status = try_sizes(device, &good);
    device->gemm = usual;
    if (status != SOMA_OK)
        snprintf(reason, size, "%s", soma_last_error());
    else if (!good)
        snprintf(reason, size, "its products are wrong on %s", device->info.name);
    good = good && status == SOMA_OK;
    if (!good) forget();
    pthread_mutex_unlock(&lock);
    return good;
}

void soma_cl_clblast_stop(void) {
    pthread_mutex_lock(&lock);
    forget();
    pthread_mutex_unlock(&lock);
}
