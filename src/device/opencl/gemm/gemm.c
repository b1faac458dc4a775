/* SPDX-License-Identifier: MIT */
/* Matrix products: the table of kernels, the choice of one for a product, and how each shares out the result matrix. */
#include "device/opencl/gemm/gemm.h"
#include "device/opencl/gemm/clblast.h"
#include "kernels/columns.h"
#include "kernels/gemm_few.h"

#include <math.h>
#include <string.h>

/* A processor's groups per compute unit: enough that threads which finish early find more to do. */
#define GROUPS_PER_UNIT 2
/* Where a group would have fewer rows than this the inner dimension is cut instead, if there is this much for each of
 * its shares: for every block of rows a panel is packed again, and all of a transposed left operand comes by. */
#define LEAST_ROWS  32
#define LEAST_SHARE 2048

static soma_cl_gemm_size size_of(const soma_call *call) {
    const soma_view *a = &call->view[0], *c = &call->view[3];
    return (soma_cl_gemm_size){c->shape[0], c->shape[1], call->params.gemm.transpose_a ? a->shape[0] : a->shape[1]};
}

static void pass_dimensions(soma_cl_builder *builder, soma_cl_gemm_size size) {
    soma_cl_pass_size(builder, size.m);
    soma_cl_pass_size(builder, size.n);
    soma_cl_pass_size(builder, size.k);
}

static void pass_scales(soma_cl_builder *builder) {
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, SOMA_CL_LIVE(gemm.alpha));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, SOMA_CL_LIVE(gemm.beta));
}

static void pass_function(soma_cl_builder *builder) {
    soma_cl_pass_u32(builder, builder->call->params.gemm.function);
    soma_cl_pass_u32(builder, builder->call->view[2].rank != 0);
}

/* The function's parameters, and all operands but the result. */
static void pass_operands(soma_cl_builder *builder) {
    soma_cl_pass_float(builder, builder->call->params.gemm.a);
    soma_cl_pass_float(builder, builder->call->params.gemm.b);
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
}

/* What the inner dimension is cut into on a processor whose groups would have so many rows: elements of a share, 0 for
 * all. */
static size_t share_of(const soma_cl_builder *builder, soma_cl_gemm_size size, size_t rows, size_t wanted) {
    const bool more_to_do = builder->call->view[2].rank != 0 || builder->call->params.gemm.function != SOMA_IDENTITY;
    const size_t shares = SOMA_MIN(wanted, size.k / LEAST_SHARE);
    if (more_to_do || shares < 2 || rows >= LEAST_ROWS) return 0;
    return soma_round_up(soma_cl_pieces(size.k, shares), builder->device->style.depth);
}

/* As many groups as a processor wants, for work that every unit shares in. */
static size_t groups_of(const soma_cl_device *device) {
    return SOMA_MAX((size_t)device->info.compute_units, 1u) * GROUPS_PER_UNIT;
}

/* Whether there are so few rows that columns, which lie together, are rather read where they lie. */
static bool is_few(const soma_cl_builder *builder, soma_cl_gemm_size size) {
    const uint32_t width = builder->device->style.width;
    const bool once = size.m <= SOMA_GEMM_TOGETHER(width);
    return size.m <= SOMA_GEMM_FEW(width) && (once || size.k <= SOMA_GEMM_FEW_DEPTH) &&
           !builder->call->params.gemm.transpose_b;
}

static void write_few(soma_cl_builder *builder, soma_cl_gemm_size size) {
    const uint32_t width = builder->device->style.width;
    const size_t together = SOMA_GEMM_TOGETHER(width),
                 pieces = soma_cl_pieces(size.n, (size_t)width * SOMA_COLUMNS_TOGETHER),
                 wanted = soma_cl_pieces(groups_of(builder->device), pieces),
                 rows = soma_round_up(soma_cl_pieces(size.m, wanted), together);
    soma_cl_begin(builder, "gemm_vector.cl", "gemm_vector_few", " ");
    pass_dimensions(builder, size);
    soma_cl_pass_size(builder, 1);
    soma_cl_pass_rows(builder, rows, soma_round_up(size.m, together));
    soma_cl_pass_size(builder, 1);
    soma_cl_pass_size(builder, size.k);
    soma_cl_pass_u32(builder, builder->call->params.gemm.transpose_a);
    soma_cl_pass_u32(builder, false);
    pass_function(builder);
    pass_scales(builder);
    pass_operands(builder);
    soma_cl_pass_view(builder, 3);
    soma_cl_end(builder, 1, 1, pieces, soma_cl_pieces(size.m, rows));
}

/* How a processor's groups share out a product: panels of columns, and rows, of each. */
typedef struct vector_cut {
    size_t together, blocks, rows;
} vector_cut;

/* So many panels for each group, and as many blocks of rows as make enough groups. */
static vector_cut cut_by(const soma_cl_device *device, soma_cl_gemm_size size, size_t panels, size_t together,
                         size_t tile_rows) {
    const size_t blocks = soma_cl_pieces(panels, together), wanted = soma_cl_pieces(groups_of(device), blocks);
    return (vector_cut){together, blocks, soma_round_up(soma_cl_pieces(size.m, wanted), tile_rows)};
}

/* What all groups pack in all: each block of rows the right operand, and each block of columns the left one. */
static double packed_by(const vector_cut *cut, soma_cl_gemm_size size) {
    const double row_blocks = (double)soma_cl_pieces(size.m, cut->rows);
    return row_blocks * (double)size.n * (double)size.k + (double)cut->blocks * (double)size.m * (double)size.k;
}

static vector_cut cut_vector(const soma_cl_device *device, soma_cl_gemm_size size, bool narrow, bool transpose_b) {
    const size_t tile_rows = narrow ? device->style.narrow_rows : SOMA_GEMM_LAST_ROWS(device->style.width),
                 panel = (size_t)device->style.width * (narrow ? 1 : 2), panels = soma_cl_pieces(size.n, panel);
    if (!narrow && SOMA_GEMM_IN_PLACE(size.n, size.k, panel, transpose_b))
        return cut_by(device, size, panels, panels, tile_rows);
    vector_cut best = cut_by(device, size, panels, 1, tile_rows);
    for (size_t together = 2; together <= SOMA_MIN(panels, device->style.panels); together++) {
        const vector_cut cut = cut_by(device, size, panels, together, tile_rows);
        if (packed_by(&cut, size) < packed_by(&best, size)) best = cut;
    }
    return best;
}

/* The product, or what each of its shares of the inner dimension makes. */
static void write_panels(soma_cl_builder *builder, soma_cl_gemm_size size, const vector_cut *cut, size_t share,
                         size_t offset, size_t bytes) {
    const soma_gemm_params *params = &builder->call->params.gemm;
    const bool narrow = size.n <= builder->device->style.width;
    const size_t row_blocks = soma_cl_pieces(size.m, cut->rows), shares = share ? soma_cl_pieces(size.k, share) : 1;
    soma_cl_begin(builder, "gemm_vector.cl", narrow ? "gemm_vector_narrow" : "gemm_vector_wide", " ");
    pass_dimensions(builder, size);
    soma_cl_pass_size(builder, cut->together);
    if (share)
        soma_cl_pass_size(builder, cut->rows);
    else
        soma_cl_pass_rows(builder, cut->rows, soma_round_up(size.m, cut->rows));
    soma_cl_pass_size(builder, row_blocks);
    soma_cl_pass_size(builder, share ? share : size.k);
    soma_cl_pass_u32(builder, params->transpose_a);
    soma_cl_pass_u32(builder, params->transpose_b);
    pass_function(builder);
    if (share) {
        soma_cl_pass_float(builder, 1);
        soma_cl_pass_float(builder, 0);
    } else {
        pass_scales(builder);
    }
    pass_operands(builder);
    if (share)
        soma_cl_pass_scratch(builder, offset, bytes);
    else
        soma_cl_pass_view(builder, 3);
    soma_cl_end(builder, 1, 1, cut->blocks, row_blocks * shares);
}

static void write_vector(soma_cl_builder *builder, const soma_cl_gemm *gemm, soma_cl_gemm_size size) {
    (void)gemm;
    const soma_cl_device *device = builder->device;
    const bool narrow = size.n <= device->style.width;
    const size_t tile_rows = narrow ? device->style.narrow_rows : SOMA_GEMM_ROWS(device->style.width),
                 panels = soma_cl_pieces(size.n, (size_t)device->style.width * (narrow ? 1 : 2));
    vector_cut cut = cut_by(device, size, panels, 1, tile_rows);
    const size_t share = share_of(builder, size, cut.rows, soma_cl_pieces(groups_of(device), panels));
    if (!share) {
        if (is_few(builder, size)) {
            write_few(builder, size);
            return;
        }
        cut = cut_vector(device, size, narrow, builder->call->params.gemm.transpose_b);
        write_panels(builder, size, &cut, 0, 0, 0);
        return;
    }
    const size_t shares = soma_cl_pieces(size.k, share), bytes = shares * size.m * size.n * sizeof(float),
                 offset = soma_cl_reserve(builder, bytes);
    cut.rows = soma_round_up(size.m, tile_rows);
    write_panels(builder, size, &cut, share, offset, bytes);
    soma_cl_add_shares(builder, size.m * size.n, shares, offset, SOMA_CL_LIVE(gemm.alpha), SOMA_CL_LIVE(gemm.beta), 3);
}

/* For each piece: two loops that load elements, so many for each work-item, one that multiplies, and the loop over
 * pieces. */
static size_t tile_passes(const soma_cl_gemm *gemm, soma_cl_gemm_size size) {
    const size_t loads = soma_cl_pieces((size_t)gemm->each * gemm->depth, gemm->side);
    return soma_cl_pieces(size.k, gemm->depth) * (2 * (loads + 1) + gemm->depth + 2);
}

/* Two pieces, whose rows are one element longer than the tile. */
static size_t tile_bytes(const soma_cl_gemm *gemm) {
    return sizeof(float) * 2 * gemm->depth * ((size_t)gemm->each * gemm->side + 1);
}

static void write_tile(soma_cl_builder *builder, const soma_cl_gemm *gemm, soma_cl_gemm_size size) {
    const soma_gemm_params *params = &builder->call->params.gemm;
    const size_t tile = (size_t)gemm->each * gemm->side;
    soma_cl_expect_loops(builder, tile_passes(gemm, size));
    soma_cl_begin(builder, "gemm_tile.cl", "gemm_tile", "-DFIXED_FUNCTION=%d%s%s -DSIDE=%u -DDEPTH=%u -DEACH=%u",
                  (int)params->function, params->transpose_a ? " -DTRANSPOSE_A" : "",
                  params->transpose_b ? " -DTRANSPOSE_B" : "", gemm->side, gemm->depth, gemm->each);
    pass_dimensions(builder, size);
    pass_function(builder);
    pass_scales(builder);
    pass_operands(builder);
    soma_cl_pass_view(builder, 3);
    soma_cl_end(builder, gemm->side, gemm->side, soma_cl_pieces(size.n, tile), soma_cl_pieces(size.m, tile));
}

/* CLBlast computes alpha op(a) op(b) + beta c; bias and function are a launch of their own. */
static void write_clblast(soma_cl_builder *builder, const soma_cl_gemm *gemm, soma_cl_gemm_size size) {
    (void)gemm;
    const soma_gemm_params *params = &builder->call->params.gemm;
    const bool has_bias = builder->call->view[2].rank != 0;
    soma_cl_product_write(builder, size.m, size.n, size.k);
    if (!has_bias && params->function == SOMA_IDENTITY) return;
    const soma_cl_rows share = soma_cl_share_rows(builder->device, size.m, size.n);
    soma_cl_begin(builder, "gemm_finish.cl", "finish", "-DFIXED_FUNCTION=%d -DLANES=%u -DROWS=%u",
                  (int)params->function, share.lanes, share.rows);
    soma_cl_pass_size(builder, size.m);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, size.n);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_u32(builder, has_bias);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    soma_cl_pass_view(builder, 2);
    soma_cl_pass_view(builder, 3);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

/* ----------------------------------------------------------------------------------------------------- the table */

/* clang-format off: a table */
const soma_cl_gemm soma_cl_gemms[SOMA_CL_GEMM_COUNT] = {
    {.name = "soma vector", .on_vectors = true, .write = write_vector},
    {.name = "soma tile 16x16", .side = 16, .depth = 16, .each = 4, .write = write_tile},
    {.name = "soma tile 8x16",
     .side = 8,
     .depth = 16,
     .each = 4,
     .write = write_tile}, /* where groups of 256 are too large */
    {.name = "soma tile 16x8", .side = 16, .depth = 8, .each = 4, .write = write_tile},
    {.name = "soma tile 16x32", .side = 16, .depth = 32, .each = 4, .write = write_tile},
    {.name = "soma tile 8x32", .side = 8, .depth = 32, .each = 4, .write = write_tile},
    {.name = "soma tile 16x8 of 8x8", .side = 16, .depth = 8, .each = 8, .write = write_tile},
    {.name = "clblast", .by_clblast = true, .write = write_clblast},
};
/* clang-format on */

const soma_cl_gemm *soma_cl_gemm_named(const char *name) {
    for (size_t i = 0; i < SOMA_COUNT_OF(soma_cl_gemms); i++)
        if (strcmp(soma_cl_gemms[i].name, name) == 0) return &soma_cl_gemms[i];
    return NULL;
}

const soma_cl_gemm *soma_cl_clblast_gemm(void) {
    const soma_cl_gemm *gemm = soma_cl_gemms;
    while (!gemm->by_clblast) gemm++;
    return gemm;
}

bool soma_cl_gemm_fits(const soma_cl_device *device, const soma_cl_gemm *gemm) {
    if (gemm->by_clblast) return device->clblast_started;
    return gemm->on_vectors == soma_cl_works_on_vectors(device) &&
           (size_t)gemm->side * gemm->side <= device->largest_group && tile_bytes(gemm) <= device->local_memory;
}

const soma_cl_gemm *soma_cl_own_gemm(const soma_cl_device *device) {
    const soma_cl_gemm *last = NULL;
    for (size_t i = 0; i < SOMA_COUNT_OF(soma_cl_gemms); i++) {
        const soma_cl_gemm *gemm = &soma_cl_gemms[i];
        if (gemm->by_clblast || gemm->on_vectors != soma_cl_works_on_vectors(device)) continue;
        if (soma_cl_gemm_fits(device, gemm)) return gemm;
        last = gemm; /* one that is too large shows in a message of the driver's */
    }
    return last;
}

bool soma_cl_gemm_serves(const soma_cl_device *device, const soma_cl_gemm *gemm, soma_cl_gemm_size size) {
    if (!soma_cl_gemm_fits(device, gemm)) return false;
    if (gemm->by_clblast) return size.m > 0 && size.n > 0 && size.k > 0;
    return !gemm->depth || !device->loop_limit || tile_passes(gemm, size) <= device->loop_limit;
}

/* ---------------------------------------------------------------------------------------------------- the choice */

/* How far apart two sizes are, as factors of their dimensions: the square of it. */
static double distance(const soma_gemm_choice *choice, soma_cl_gemm_size size) {
    const double m = log2((double)size.m / (double)choice->m), n = log2((double)size.n / (double)choice->n),
                 k = log2((double)size.k / (double)choice->k);
    return m * m + n * n + k * k;
}

/* The kernel of the nearest shape that was measured; NULL where none was of this transposition. */
static const soma_cl_gemm *nearest(const soma_cl_device *device, const soma_gemm_params *params,
                                   soma_cl_gemm_size size) {
    const soma_gemm_choice *best = NULL;
    for (size_t i = 0; i < device->tuning.count; i++) {
        const soma_gemm_choice *choice = &device->tuning.choices[i];
        if (choice->transpose_a != params->transpose_a || choice->transpose_b != params->transpose_b) continue;
        if (!best || distance(choice, size) < distance(best, size)) best = choice;
    }
    return best ? soma_cl_gemm_named(best->kernel) : NULL;
}

/* What was asked for, or else was chosen, or else is the default, or else our own kernel: the first that can do it. */
static const soma_cl_gemm *choose(const soma_cl_device *device, const soma_gemm_params *params,
                                  soma_cl_gemm_size size) {
    const soma_cl_gemm *const wanted[] = {
        device->forced_gemm, size.k > 0 && !device->forced_gemm ? nearest(device, params, size) : NULL, device->gemm};
    for (size_t i = 0; i < SOMA_COUNT_OF(wanted); i++)
        if (wanted[i] && soma_cl_gemm_serves(device, wanted[i], size)) return wanted[i];
    return soma_cl_own_gemm(device);
}

void soma_cl_write_gemm(soma_cl_builder *builder) {
    const soma_cl_gemm_size size = size_of(builder->call);
    if (size.m == 0 || size.n == 0) return;
    const soma_cl_gemm *gemm = choose(builder->device, &builder->call->params.gemm, size);
    gemm->write(builder, gemm, size);
}
