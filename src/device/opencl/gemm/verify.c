/* SPDX-License-Identifier: MIT */
/* Decides whether CLBlast can be trusted with a device's matrix products: some of its versions are wrong on some
 * devices. */
#include "device/opencl/gemm/clblast.h"
#include "device/opencl/gemm/trial.h"

#include <pthread.h>
#include <stdio.h>

/*
 * One product for each of CLBlast's two ways: small ones are computed directly, large ones by way of padded copies.
 * Which sizes are large depends on the device; of the larger sizes the first that needs scratch memory is taken.
 */
#define SMALL_SIZE 53
static const size_t large_sizes[] = {192, 448, 1088};

static soma_cl_trial square(soma_cl_device *device, size_t size) {
    return (soma_cl_trial){.device = device, .size = {size, size, size}, .params = {.transpose_b = true, .alpha = 1}};
}

/* The product by this kernel, into result. */
static soma_status compute(const soma_cl_trial *trial, const soma_cl_gemm *gemm, float *result) {
    soma_call call;
    SOMA_TRY(soma_cl_trial_prepare(trial, gemm, &call));
    soma_status status = soma_cl_trial_compute(trial, &call, result);
    soma_cl_trial_release(trial, &call);
    return status;
}

static soma_status try_size(soma_cl_device *device, size_t size, bool *good) {
    soma_cl_trial trial = square(device, size);
    soma_status status = soma_cl_trial_begin(&trial);
    if (status == SOMA_OK) status = compute(&trial, soma_cl_own_gemm(device), trial.expected);
    if (status == SOMA_OK) status = compute(&trial, soma_cl_clblast_gemm(), trial.found);
    if (status == SOMA_OK) *good = soma_cl_trial_agrees(&trial);
    soma_cl_trial_end(&trial);
    return status;
}

/* The smallest of the large sizes that CLBlast wants scratch memory for; 0: none. */
static size_t find_large_size(soma_cl_device *device) {
    for (size_t i = 0; i < SOMA_COUNT_OF(large_sizes); i++) {
        const soma_cl_trial trial = square(device, large_sizes[i]);
        size_t scratch = 0;
        if (soma_cl_trial_scratch(&trial, soma_cl_clblast_gemm(), &scratch) != SOMA_OK) return 0;
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

/* False, with the reason, where it can't be trusted; it is marked as started while that is found out. */
static bool start(soma_cl_device *device, char *reason, size_t size) {
    if (!soma_cl_clblast_load(reason, size)) return false;
    users++;
    device->clblast_started = true;
    bool good = true;
    soma_status status = try_sizes(device, &good);
    if (status != SOMA_OK)
        snprintf(reason, size, "%s", soma_last_error());
    else if (!good)
        snprintf(reason, size, "its products are wrong on %s", device->info.name);
    if (status == SOMA_OK && good) return true;
    device->clblast_started = false;
    forget();
    return false;
}

bool soma_cl_clblast_start(soma_cl_device *device, char *reason, size_t size) {
    if (device->clblast_started) return true;
    /* Under the lock: two threads that have CLBlast compile the same kernel at once make it fail. */
    pthread_mutex_lock(&lock);
    const bool started = start(device, reason, size);
    pthread_mutex_unlock(&lock);
    return started;
}

void soma_cl_clblast_stop(soma_cl_device *device) {
    if (!device->clblast_started || device->driver_is_gone) return;
    device->clblast_started = false;
    pthread_mutex_lock(&lock);
    forget();
    pthread_mutex_unlock(&lock);
}
