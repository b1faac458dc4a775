/* SPDX-License-Identifier: MIT */
/* CTC_DISTANCE. */
#include "device/opencl/ctc.h"

void soma_cl_write_ctc_distance(soma_cl_builder *builder) {
    const soma_call *call = builder->call;
    const size_t samples = call->view[0].shape[0], most = call->view[1].shape[1], group = builder->device->style.group;
    const size_t bytes = samples * (most + 1) * sizeof(float);
    if (samples == 0) return;
    const size_t scratch = soma_cl_reserve(builder, bytes);
    soma_cl_expect_loops(builder, call->view[0].shape[1] * (call->view[0].shape[2] + most + 1) + 2 * most);
    ctc_begin(builder, "ctc.cl", "ctc_distance");
    soma_cl_pass_scratch(builder, scratch, bytes);
    soma_cl_pass_view(builder, 3);
    soma_cl_end(builder, group, 1, soma_cl_pieces(samples, group), 1);
}
