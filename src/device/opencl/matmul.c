/* SPDX-License-Identifier: MIT */
/* MATMUL: all products in one launch. */
#include "device/opencl/launch/launch.h"
#include "kernels/matmul_call.h"

/* Of kernels/matmul_tile.cl. */
#define TILE_EACH  4
#define TILE_DEPTH 16
/* A processor's groups per compute unit. */
#define GROUPS_PER_UNIT 4
/* Dimensions before those of the matrices. */
#define LEADING (SOMA_MAX_RANK - 2)

/* Their strides, the innermost last; 0 of those that are not there. */
static void pass_leading(soma_cl_builder *builder, const soma_view *view) {
    for (uint32_t i = 0; i < LEADING; i++)
        soma_cl_pass_size(builder, i + view->rank < SOMA_MAX_RANK ? 0 : view->stride[i + view->rank - SOMA_MAX_RANK]);
}

static void pass_sizes(soma_cl_builder *builder, soma_matmul_size size) {
    const soma_view *view = builder->call->view, *c = &view[MATMUL_C];
    soma_cl_pass_size(builder, size.m);
    soma_cl_pass_size(builder, size.n);
    soma_cl_pass_size(builder, size.k);
    for (uint32_t i = 1; i < LEADING; i++)
        soma_cl_pass_size(builder, i + c->rank < SOMA_MAX_RANK ? 1 : c->shape[i + c->rank - SOMA_MAX_RANK]);
    for (uint32_t i = MATMUL_A; i <= MATMUL_B; i++) {
        const bool by_row = soma_matmul_is_by_row(&view[i]);
        pass_leading(builder, &view[i]);
        /* One of the two is 1, of a dimension of 1 it is made that. */
        soma_cl_pass_size(builder, by_row ? soma_matmul_row(&view[i]) : 1);
        soma_cl_pass_size(builder, by_row ? 1 : soma_matmul_column(&view[i]));
    }
    pass_leading(builder, c);
    soma_cl_pass_size(builder, soma_matmul_row(c));
}

static void begin_vector(soma_cl_builder *builder, soma_matmul_size size, size_t groups0, size_t *groups1) {
    const soma_cl_device *device = builder->device;
    const size_t wanted = SOMA_MAX((size_t)device->info.compute_units, (size_t)1) * GROUPS_PER_UNIT;
    const size_t parts = soma_cl_pieces(wanted, groups0 * size.count);
    const size_t rows = soma_round_up(soma_cl_pieces(size.m, parts), device->style.wide_rows);
    *groups1 = soma_cl_pieces(size.m, rows) * size.count;
    soma_cl_begin(builder, "matmul_vector.cl", "matmul_vector", " ");
    pass_sizes(builder, size);
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, soma_cl_pieces(size.m, rows));
    soma_cl_pass_u32(builder, soma_matmul_is_by_row(&builder->call->view[MATMUL_B]));
}

static void begin_tile(soma_cl_builder *builder, soma_matmul_size size, unsigned side) {
    const soma_view *view = builder->call->view;
    const size_t items = (size_t)side * side, loads = soma_cl_pieces((size_t)TILE_EACH * side * TILE_DEPTH, items);
    soma_cl_expect_loops(builder, (soma_cl_pieces(size.k, TILE_DEPTH) + 1) * (2 * (loads + 1) + TILE_DEPTH + 2));
    soma_cl_begin(builder, "matmul_tile.cl", "matmul_tile", "-DSIDE=%u -DDEPTH=%d -DLEFT_BY_ROW=%d -DRIGHT_BY_ROW=%d",
                  side, TILE_DEPTH, soma_matmul_is_by_row(&view[MATMUL_A]), soma_matmul_is_by_row(&view[MATMUL_B]));
    pass_sizes(builder, size);
    soma_cl_pass_size(builder, soma_cl_pieces(size.m, (size_t)TILE_EACH * side));
}

void soma_cl_write_matmul(soma_cl_builder *builder) {
    const soma_cl_device *device = builder->device;
    const soma_matmul_size size = soma_matmul_size_of(builder->call);
    size_t local, groups0, groups1;
    if (size.count * size.m * size.n == 0) return;
    if (soma_cl_works_on_vectors(device)) {
        local = 1;
        groups0 = soma_cl_pieces(size.n, 2 * (size_t)device->style.width);
        begin_vector(builder, size, groups0, &groups1);
    } else {
        const unsigned side = device->largest_group >= 256 ? 16 : 8;
        local = side;
        groups0 = soma_cl_pieces(size.n, (size_t)TILE_EACH * side);
        groups1 = soma_cl_pieces(size.m, (size_t)TILE_EACH * side) * size.count;
        begin_tile(builder, size, side);
    }
    soma_cl_pass_float(builder, builder->call->params.matmul.scale);
    for (uint32_t i = MATMUL_A; i <= MATMUL_C; i++) soma_cl_pass_view(builder, i);
    soma_cl_end(builder, local, local, groups0, groups1);
}
