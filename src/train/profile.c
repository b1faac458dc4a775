/* SPDX-License-Identifier: MIT */
/* Where the time of a step goes: each of its calls, timed alone. */
#include "train/measure.h"

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
                                .flops = soma_call_flops(&calls[i]),
                                .bytes = soma_call_bytes(&calls[i])};
        soma_call_shapes(&calls[i], shapes, sizeof shapes);
        SOMA_TRY(soma_call_time(bench->network->compiled->device, &calls[i], &row.microseconds));
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
