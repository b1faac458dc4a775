/* SPDX-License-Identifier: MIT */
/* TREES. */
#include "device/opencl/launch/launch.h"

/* Groups of a processor, whose work-items walk over many samples. */
enum { LEAST_ITEMS = 8, GROUPS_PER_UNIT = 4 };

void soma_cl_write_trees(soma_cl_builder *builder) {
    const soma_view *view = builder->call->view;
    const size_t outputs = view[2].shape[1], trees = view[3].shape[0], group = builder->device->style.group;
    const size_t items = view[0].shape[0] * soma_cl_pieces(outputs, 4);
    const uint32_t depth = builder->call->params.trees.depth;
    if (items == 0) return;
    const size_t groups = SOMA_MAX((size_t)builder->device->info.compute_units, (size_t)1) * GROUPS_PER_UNIT;
    const size_t own = group > 1 ? group : SOMA_MAX(soma_cl_pieces(items, groups), (size_t)LEAST_ITEMS);
    soma_cl_expect_loops(builder, soma_cl_pieces(own, group) * (trees * ((size_t)depth + 1) + 1));
    soma_cl_begin(builder, "trees.cl", "trees", " ");
    soma_cl_pass_size(builder, items);
    soma_cl_pass_size(builder, own);
    soma_cl_pass_size(builder, view[0].shape[1]);
    soma_cl_pass_size(builder, view[1].shape[0]);
    soma_cl_pass_size(builder, view[2].shape[0]);
    soma_cl_pass_size(builder, outputs);
    soma_cl_pass_size(builder, trees);
    soma_cl_pass_u32(builder, depth);
    for (uint32_t i = 0; i < 5; i++) soma_cl_pass_view(builder, i);
    soma_cl_end(builder, group, 1, soma_cl_pieces(items, own), 1);
}
