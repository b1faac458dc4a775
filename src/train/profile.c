/* SPDX-License-Identifier: MIT */
/* Where the time of a step goes: each of its calls, timed alone, and how near it comes to what the device can do. */
#include "train/measure.h"

#include <math.h>

/* What calls are held against. Many calls of a step move as many bytes as another. */
typedef struct device_limits {
    double peak; /* 1e9 operations a second; NaN where the device measures none */
    struct copy_time {
        double bytes, microseconds;
    } * copies; /* one for each number of bytes that came up */
    size_t copy_count;
} device_limits;

static soma_status open_limits(soma_device *device, size_t most_copies, device_limits *limits) {
    limits->copies = soma_calloc(SOMA_MAX(most_copies, 1), sizeof *limits->copies);
    if (!limits->copies) return soma_out_of_memory(most_copies * sizeof *limits->copies, "a profile");
    return soma_device_peak_or_nan(device, &limits->peak);
}

/* NaN where the device has no memory left for a copy. */
static soma_status time_copy(soma_device *device, device_limits *limits, double bytes, double *microseconds) {
    for (size_t i = 0; i < limits->copy_count; i++) {
        *microseconds = limits->copies[i].microseconds;
        if (limits->copies[i].bytes == bytes) return SOMA_OK;
    }
    soma_status status = soma_device_copy_time(device, bytes, microseconds);
    if (status == SOMA_OUT_OF_DEVICE_MEMORY) *microseconds = NAN;
    if (status != SOMA_OK && status != SOMA_OUT_OF_DEVICE_MEMORY) return status;
    limits->copies[limits->copy_count++] = (struct copy_time){bytes, *microseconds};
    return SOMA_OK;
}

static soma_status hold_against(soma_device *device, device_limits *limits, soma_profile_row *row) {
    double copy;
    SOMA_TRY(time_copy(device, limits, row->bytes, &copy));
    row->of_peak = row->flops > 0 ? row->flops / limits->peak * 1e-3 / row->microseconds : NAN;
    row->of_copy = copy / row->microseconds;
    return SOMA_OK;
}

static soma_status profile_calls(soma_bench *bench, device_limits *limits, soma_profile_function *function,
                                 void *context) {
    soma_device *device = bench->network->compiled->device;
    double seconds;
    size_t count;
    SOMA_TRY(soma_bench_time(bench, 1, &seconds)); /* binds the plan */
    soma_call *calls = soma_plan_calls(soma_pass_plan(&bench->pass, 0), &count);
    SOMA_TRY(open_limits(device, count, limits));
    for (size_t i = 0; i < count; i++) {
        char label[SOMA_SHAPE_TEXT], shapes[128];
        soma_profile_row row = {.primitive = soma_primitive_name(calls[i].primitive),
                                .tensor =
                                    soma_tensor_label(soma_plan_call_tensor(soma_pass_plan(&bench->pass, 0), i), label),
                                .shapes = shapes,
                                .native = !calls[i].fallback,
                                .flops = soma_call_flops(&calls[i]),
                                .bytes = soma_call_bytes(&calls[i])};
        soma_call_shapes(&calls[i], shapes, sizeof shapes);
        SOMA_TRY(soma_call_time(device, &calls[i], &row.microseconds));
        SOMA_TRY(hold_against(device, limits, &row));
        function(context, &row);
    }
    return SOMA_OK;
}

soma_status soma_bench_profile(soma_network *network, size_t batch_size, bool training, soma_profile_function *function,
                               void *context) {
    if (!function) return soma_error(SOMA_INVALID_ARGUMENT, "soma_bench_profile: no function to report to");
    soma_bench bench;
    device_limits limits = {0};
    SOMA_TRY(soma_bench_open(network, batch_size, training, SIZE_MAX, &bench));
    soma_status status = profile_calls(&bench, &limits, function, context);
    soma_status closed = soma_bench_close(&bench);
    soma_free(limits.copies);
    return status == SOMA_OK ? closed : status;
}
