/* SPDX-License-Identifier: MIT */
/* A matrix product on memory of its own, by any kernel: to hold kernels against each other, and to time them. */
#ifndef SOMA_DEVICE_OPENCL_TRIAL_H
#define SOMA_DEVICE_OPENCL_TRIAL_H

#include "device/opencl/gemm/gemm.h"

typedef struct soma_cl_trial {
    soma_cl_device *device;
    soma_cl_gemm_size size;
    soma_gemm_params params;
    bool has_bias;
    void *memory[4];         /* a, b, bias, c */
    float *values;           /* of one of them */
    float *expected, *found; /* c */
} soma_cl_trial;

/* Bytes on the device. */
double soma_cl_trial_bytes(const soma_cl_trial *trial);

/* Allocates and fills memory, for a trial whose device, size, parameters and bias are set; end it after a failure too.
 */
soma_status soma_cl_trial_begin(soma_cl_trial *trial);
void soma_cl_trial_end(soma_cl_trial *trial);

/* How many bytes of workspace the kernel wants for it; needs no memory. */
soma_status soma_cl_trial_scratch(const soma_cl_trial *trial, const soma_cl_gemm *gemm, size_t *scratch);
/* The product as a call, prepared for this kernel, with its workspace. */
soma_status soma_cl_trial_prepare(const soma_cl_trial *trial, const soma_cl_gemm *gemm, soma_call *call);
/* Runs it and reads c, which held NaN before: with beta = 0 it must not be read. */
soma_status soma_cl_trial_compute(const soma_cl_trial *trial, soma_call *call, float *result);
void soma_cl_trial_release(const soma_cl_trial *trial, soma_call *call);

/* Whether `found` is `expected`: the values are such that no kernel has to round. */
bool soma_cl_trial_agrees(const soma_cl_trial *trial);

#endif
