/* SPDX-License-Identifier: MIT */
/* CTC_GRAD. */
#include "device/opencl/ctc.h"

void soma_cl_write_ctc_grad(soma_cl_builder *builder) {
    const soma_call *call = builder->call;
    const size_t samples = call->view[0].shape[0], steps = call->view[0].shape[1], most = call->view[1].shape[1];
    const size_t group = builder->device->style.group, states = ctc_states(call);
    const size_t bytes = samples * (steps + 2) * states * sizeof(float);
    if (samples == 0 || steps == 0) return;
    const size_t scratch = soma_cl_reserve(builder, bytes);
    const size_t each = 3 * (soma_cl_pieces(states, group) + 1) + soma_cl_pieces(most + 1, group) * (most + 2) + 2;
    soma_cl_expect_loops(builder, steps * each + soma_cl_pieces(steps * call->view[0].shape[2], group) + most);
    ctc_begin(builder, "ctc_grad.cl", "ctc_grad");
    soma_cl_pass_view(builder, 3);
    soma_cl_pass_scratch(builder, scratch, bytes);
    soma_cl_pass_view(builder, 4);
    soma_cl_end(builder, group, 1, samples, 1);
}
