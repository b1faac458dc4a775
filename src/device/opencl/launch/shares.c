/* SPDX-License-Identifier: MIT */
/* How work is shared out among groups of work-items. It depends on the shapes and the device alone, so sums repeat bit
 * by bit. */
#include "device/opencl/launch/launch.h"

/* A processor's groups: enough for each thread to get several, but none smaller than what a launch costs. */
#define GROUPS_PER_UNIT 4
#define LEAST_CHUNK     512
#define LARGEST_CHUNK   16384
/* Elements per work-item where many share a group. */
#define ELEMENTS_PER_ITEM 4
/* Work-items that keep one compute unit of a GPU busy. */
#define ITEMS_PER_UNIT 1024
/* Rows are worth cutting into pieces of this length at least. */
#define LEAST_PIECE 64
/* ... and not left longer than this, so that the error of a sum stays small. */
#define LONGEST_PIECE 8192
/* Up to this length a work-item of a GPU has a row to itself. */
#define SHORT_ROW 32

static size_t units(const soma_cl_device *device) {
    return SOMA_MAX(device->info.compute_units, 1u);
}

size_t soma_cl_chunk(const soma_cl_device *device, size_t count) {
    if (device->style.group > 1) {
        bool plenty = count > units(device) * ITEMS_PER_UNIT * ELEMENTS_PER_ITEM;
        /* Dropout's work-items take four elements at a time, so a chunk has at least four for each. */
        return (size_t)device->style.group * ELEMENTS_PER_ITEM * (plenty ? 4 : 1);
    }
    size_t share = soma_cl_pieces(count, units(device) * GROUPS_PER_UNIT);
    share = SOMA_MIN(SOMA_MAX(share, LEAST_CHUNK), LARGEST_CHUNK);
    return soma_round_up(share, 64);
}

soma_cl_rows soma_cl_share_rows(const soma_cl_device *device, size_t rows, size_t length) {
    soma_cl_rows share = {1, 1, 1, rows};
    if (device->style.group == 1) {
        size_t chunk = soma_cl_chunk(device, rows * SOMA_MAX(length, 1u));
        share.rows_per_group = SOMA_MAX(chunk / SOMA_MAX(length, 1u), 1u);
    } else if (length <= SHORT_ROW) {
        share.rows = device->style.group;
        share.rows_per_group = share.rows;
    } else {
        share.lanes = device->style.group;
    }
    share.groups = soma_cl_pieces(rows, share.rows_per_group);
    return share;
}

size_t soma_cl_axis_pieces(const soma_cl_device *device, size_t items, size_t axis) {
    size_t wanted = device->style.group == 1 ? units(device) * GROUPS_PER_UNIT : units(device) * ITEMS_PER_UNIT;
    size_t most = SOMA_MAX(axis / LEAST_PIECE, 1u), least = SOMA_MAX(soma_cl_pieces(axis, LONGEST_PIECE), 1u);
    return SOMA_MIN(SOMA_MAX(soma_cl_pieces(wanted, SOMA_MAX(items, 1u)), least), most);
}

void soma_cl_add_shares(soma_cl_builder *builder, size_t count, size_t shares, size_t offset, size_t alpha, size_t beta,
                        uint32_t view) {
    const size_t chunk = soma_cl_chunk(builder->device, count);
    soma_cl_expect_loops(builder, shares * 32);
    soma_cl_begin(builder, "shares.cl", "add_shares", " ");
    soma_cl_pass_size(builder, count);
    soma_cl_pass_size(builder, chunk);
    soma_cl_pass_u32(builder, (uint32_t)shares);
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, alpha);
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, beta);
    soma_cl_pass_scratch(builder, offset, shares * count * sizeof(float));
    soma_cl_pass_view(builder, view);
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_pieces(count, chunk), 1);
}
