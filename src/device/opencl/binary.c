/* SPDX-License-Identifier: MIT */
/* BINARY. */
#include "device/opencl/elementwise.h"
#include "device/opencl/strided.h"

void soma_cl_write_binary(soma_cl_builder *builder) {
    const soma_call *call = builder->call;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_strided strided = soma_cl_collapse(&call->view[0], &call->view[1]);
    bool broadcast = !soma_cl_is_flat(&strided);
    soma_cl_begin(builder, "binary.cl", broadcast ? "binary_broadcast" : "binary", "-DFIXED_OPERATION=%d",
                  (int)call->params.binary.op);
    pass_share(builder, count);
    soma_cl_pass_u32(builder, call->params.binary.op);
    if (broadcast) {
        soma_cl_pass_shape(builder, &strided);
        soma_cl_pass_strides(builder, strided.second);
    }
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
    end_share(builder, count);
}
