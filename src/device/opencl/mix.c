/* SPDX-License-Identifier: MIT */
/* MIX. */
#include "device/opencl/elementwise.h"

void soma_cl_write_mix(soma_cl_builder *builder) {
    const bool classes = builder->call->view[0].dtype == SOMA_I32;
    const size_t count = count_of(builder, 1);
    if (count == 0) return;
    soma_cl_begin(builder, "mix.cl", classes ? "mix_classes" : "mix_rows", " ");
    pass_share(builder, count);
    soma_cl_pass_size(builder, builder->call->view[1].shape[1]);
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, SOMA_CL_LIVE(mix.share));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_U64, SOMA_CL_LIVE(mix.ahead));
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    end_share(builder, count);
}
