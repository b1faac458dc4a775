/* SPDX-License-Identifier: MIT */
/* Prepares calls: hands each to the file of its primitive. */
#include "device/opencl/launch/launch.h"

static soma_cl_writer *const writers[SOMA_PRIMITIVE_COUNT] = {
#define X(NAME, name, views, when) [SOMA_PRIMITIVE_##NAME] = SOMA_WHEN_##when(soma_cl_write_##name),
    SOMA_PRIMITIVE_LIST(X)
#undef X
};

/* float64 is the reference's alone: many OpenCL devices do not have it. */
static bool has_float64(const soma_call *call) {
    for (uint32_t i = 0; i < call->view_count; i++)
        if (call->view[i].rank && call->view[i].dtype == SOMA_F64) return true;
    return false;
}

soma_status soma_cl_prepare(void *state, soma_call *call, size_t *workspace) {
    *workspace = 0;
    if ((unsigned)call->primitive >= SOMA_PRIMITIVE_COUNT || has_float64(call))
        return soma_error(SOMA_UNSUPPORTED, "%s is not done on OpenCL for these element types",
                          soma_primitive_name(call->primitive));
    if (!writers[call->primitive])
        return soma_error(SOMA_UNSUPPORTED, "%s: %s", soma_primitive_name(call->primitive), SOMA_WITHOUT_TRAINING);
    soma_cl_prepared *prepared = soma_calloc(1, sizeof *prepared);
    if (!prepared) return soma_out_of_memory(sizeof *prepared, "a prepared call");
    call->prepared = prepared;
    soma_cl_builder builder = {.device = state, .call = call, .prepared = prepared};
    writers[call->primitive](&builder);
    if (builder.status != SOMA_OK) {
        soma_cl_release(state, call);
        return builder.status;
    }
    *workspace = builder.scratch;
    return SOMA_OK;
}
