/* SPDX-License-Identifier: MIT */
/* Where the time of a step goes: each of its calls, timed alone. */
#include "train/measure.h"

#include <stdio.h>
#include <string.h>

/* A call is repeated until that much time has gone by, so that the clock's grain and the start of a list do not count.
 */
#define ENOUGH_SECONDS 0.02

static double flops_of(const soma_call *call) {
    if (call->primitive != SOMA_PRIMITIVE_GEMM) return 0;
    const soma_view *a = &call->view[0], *c = &call->view[3];
    return 2.0 * (double)soma_view_count(c) * (double)a->shape[call->params.gemm.transpose_a ? 0 : 1];
}

static double bytes_of(const soma_call *call) {
    double bytes = 0;
    for (uint32_t i = 0; i < call->view_count; i++)
        bytes += (double)(soma_view_count(&call->view[i]) * soma_dtype_size(call->view[i].dtype));
    if (call->primitive == SOMA_PRIMITIVE_GATHER) /* of the table and the index only what a batch takes */
        bytes = (double)(soma_view_count(&call->view[2]) *
                         (soma_dtype_size(call->view[0].dtype) + soma_dtype_size(call->view[2].dtype)));
    return bytes;
}

/* "128x784, 784x128, 128, 128x128": the views that are there. */
static void describe_shapes(const soma_call *call, char *text, size_t size) {
    size_t length = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < call->view_count; i++)
        for (uint32_t j = 0; j < call->view[i].rank && length + 1 < size; j++) {
            int more = snprintf(text + length, size - length, "%s%zu",
                                j        ? "x"
                                : length ? ", "
                                         : "",
                                call->view[i].shape[j]);
            length += SOMA_MIN((size_t)more, size - length - 1);
        }
}

static soma_status time_call(soma_device *device, soma_call *call, double *microseconds) {
    double seconds = 0;
    size_t repeats = 1;
    while (seconds < ENOUGH_SECONDS) {
        SOMA_TRY(soma_device_sync(device));
        double began = soma_seconds();
        for (size_t i = 0; i < repeats; i++) SOMA_TRY(soma_device_run(device, call, 1));
        SOMA_TRY(soma_device_sync(device));
        seconds = soma_seconds() - began;
        *microseconds = seconds * 1e6 / (double)repeats;
        repeats *= 4;
    }
    return SOMA_OK;
}

static soma_status profile_calls(soma_bench *bench, soma_profile_function *function, void *context) {
    double seconds;
    size_t count;
    SOMA_TRY(soma_bench_time(bench, 1, &seconds)); /* binds the plan */
    soma_call *calls = soma_plan_calls(bench->pass.full, &count);
    for (size_t i = 0; i < count; i++) {
        char label[SOMA_SHAPE_TEXT], shapes[128];
        soma_profile_row row = {.primitive = soma_primitive_name(calls[i].primitive),
                                .tensor = soma_tensor_label(soma_plan_call_tensor(bench->pass.full, i), label),
                                .shapes = shapes,
                                .native = !calls[i].fallback,
                                .flops = flops_of(&calls[i]),
                                .bytes = bytes_of(&calls[i])};
        describe_shapes(&calls[i], shapes, sizeof shapes);
        SOMA_TRY(time_call(bench->network->compiled->device, &calls[i], &row.microseconds));
        function(context, &row);
    }
    return SOMA_OK;
}

soma_status soma_bench_profile(soma_network *network, size_t batch_size, bool training, soma_profile_function *function,
                               void *context) {
    if (!function) return soma_error(SOMA_INVALID_ARGUMENT, "soma_bench_profile: no function to report to");
    soma_bench bench;
    SOMA_TRY(soma_bench_open(network, batch_size, training, SIZE_MAX, &bench));
    soma_status status = profile_calls(&bench, function, context);
    soma_status closed = soma_bench_close(&bench);
    return status == SOMA_OK ? closed : status;
}
