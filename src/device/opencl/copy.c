/* SPDX-License-Identifier: MIT */
/* FILL, COPY, GATHER. */
#include "device/opencl/elementwise.h"
#include "device/opencl/strided.h"

#include <stdio.h>

void soma_cl_write_fill(soma_cl_builder *builder) {
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "copy_fill.cl", "fill", " ");
    pass_share(builder, count);
    soma_cl_pass_float(builder, builder->call->params.fill.value);
    soma_cl_pass_view(builder, 0);
    end_share(builder, count);
}

/* Element types as OpenCL C calls them; NULL: not computed with here. */
static const char *type_word(soma_dtype dtype) {
    switch (dtype) {
    case SOMA_F32:
        return "float";
    case SOMA_U8:
        return "uchar";
    case SOMA_I32:
        return "int";
    default:
        return NULL;
    }
}

static bool types(soma_cl_builder *builder, soma_dtype in, soma_dtype out, const char **in_word,
                  const char **out_word) {
    *in_word = type_word(in);
    *out_word = type_word(out);
    if (*in_word && *out_word) return true;
    builder->status =
        soma_error(SOMA_UNSUPPORTED, "no %s from %s to %s on OpenCL", soma_primitive_name(builder->call->primitive),
                   soma_dtype_name(in), soma_dtype_name(out));
    return false;
}

/* Values that need no arithmetic go over exactly: an integer need not pass through a float. */
static bool is_exact(float scale, float shift) {
    return scale == 1 && shift == 0;
}

static void end_chunks(soma_cl_builder *builder, size_t count, size_t chunk) {
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_pieces(count, chunk), 1);
}

void soma_cl_write_copy(soma_cl_builder *builder) {
    const soma_view *in = &builder->call->view[0], *out = &builder->call->view[1];
    const soma_copy_params *params = &builder->call->params.copy;
    const char *in_word, *out_word;
    size_t count = soma_view_count(out), chunk = soma_cl_chunk(builder->device, count);
    if (!types(builder, in->dtype, out->dtype, &in_word, &out_word) || count == 0) return;
    soma_cl_strided strided = soma_cl_collapse(in, out);
    const bool exact = is_exact(params->scale, params->shift);
    char kernel[32];
    snprintf(kernel, sizeof kernel, "copy_%s_%s", in_word, out_word);
    soma_cl_begin(builder, "copy.cl", kernel, "-DIN=%s -DOUT=%s%s", in_word, out_word, exact ? " -DEXACT" : "");
    soma_cl_pass_size(builder, count);
    soma_cl_pass_size(builder, chunk);
    soma_cl_pass_shape(builder, &strided);
    soma_cl_pass_strides(builder, strided.first);
    soma_cl_pass_strides(builder, strided.second);
    soma_cl_pass_skew(builder, 0);
    soma_cl_pass_skew(builder, 1);
    soma_cl_pass_float(builder, params->scale);
    soma_cl_pass_float(builder, params->shift);
    soma_cl_pass_u32(builder, exact);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    end_chunks(builder, count, chunk);
}

void soma_cl_write_gather(soma_cl_builder *builder) {
    const soma_view *table = &builder->call->view[0], *index = &builder->call->view[1], *out = &builder->call->view[2];
    const soma_gather_params *params = &builder->call->params.gather;
    const char *in_word, *out_word;
    size_t count = soma_view_count(out), chunk = soma_cl_chunk(builder->device, count);
    if (!types(builder, table->dtype, out->dtype, &in_word, &out_word) || count == 0) return;
    char kernel[32];
    snprintf(kernel, sizeof kernel, "gather_%s_%s", in_word, out_word);
    soma_cl_begin(builder, "copy_gather.cl", kernel, "-DIN=%s -DOUT=%s", in_word, out_word);
    soma_cl_pass_size(builder, count);
    soma_cl_pass_size(builder, chunk);
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_SIZE, SOMA_CL_LIVE(gather.start));
    soma_cl_pass_size(builder, table->shape[0]);
    soma_cl_pass_size(builder, count / out->shape[0]);
    soma_cl_pass_float(builder, params->scale);
    soma_cl_pass_float(builder, params->shift);
    soma_cl_pass_u32(builder, is_exact(params->scale, params->shift));
    soma_cl_pass_u32(builder, index->rank != 0);
    soma_cl_pass_size(builder, soma_view_count(index));
    soma_cl_pass_view(builder, 1);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 2);
    end_chunks(builder, count, chunk);
}
