/* SPDX-License-Identifier: MIT */
/* ATTENTION: for a block of queries at a time the scores, the weights, and the sums of values. */
#include "device/opencl/attention.h"

/* The scores of a round have so many floats, unless the least block of one sample has more. */
#define BLOCK_FLOATS  ((size_t)4 << 20)
#define LEAST_QUERIES 64
/* Of kernels/attention_tile.cl. */
#define TILE_EACH  4
#define TILE_DEPTH 16
/* A processor's groups per compute unit. */
#define GROUPS_PER_UNIT 4
/* Loops over a row of scores. */
#define ROW_LOOPS 4

soma_cl_attention soma_cl_attention_of(const soma_call *call) {
    soma_cl_attention a = {.size = soma_attention_size_of(call)};
    const size_t row = SOMA_MAX(a.size.samples * a.size.heads * a.size.keys, (size_t)1);
    a.block = SOMA_MAX(BLOCK_FLOATS / row / LEAST_QUERIES, (size_t)1) * LEAST_QUERIES;
    a.block = SOMA_MAX(SOMA_MIN(a.block, a.size.steps), (size_t)1);
    const size_t each = SOMA_MAX(a.size.heads * a.size.keys * a.block, (size_t)1);
    a.share = SOMA_MAX(SOMA_MIN(BLOCK_FLOATS / each, a.size.samples), (size_t)1);
    a.blocks = SOMA_MAX(soma_cl_pieces(a.size.steps, a.block), (size_t)1);
    a.rounds = a.blocks * soma_cl_pieces(a.size.samples, a.share);
    a.bytes = a.share * each * sizeof(float);
    return a;
}

static void pass_sizes(soma_cl_builder *builder, const soma_cl_attention *a, size_t width) {
    soma_cl_pass_size(builder, a->size.samples);
    soma_cl_pass_size(builder, a->size.steps);
    soma_cl_pass_size(builder, a->size.keys);
    soma_cl_pass_size(builder, a->size.heads);
    soma_cl_pass_size(builder, a->size.key_heads);
    soma_cl_pass_size(builder, width);
    soma_cl_pass_size(builder, a->share);
    soma_cl_pass_size(builder, a->block);
    soma_cl_pass_size(builder, a->blocks);
    soma_cl_pass_round(builder);
    soma_cl_pass_u32(builder, builder->call->params.attention.causal);
}

static void pass_operand(soma_cl_builder *builder, const soma_cl_attention *a, soma_cl_operand operand) {
    if (operand.is_scores)
        soma_cl_pass_scratch(builder, operand.number, a->bytes);
    else
        soma_cl_pass_view(builder, (uint32_t)operand.number);
}

/* The numbers of a product. */
typedef struct extent {
    size_t count, rows, columns, depth; /* count: of heads, of queries or of keys */
} extent;

static extent extent_of(const soma_cl_attention *a, soma_cl_attention_kind kind, size_t width) {
    const size_t heads = a->share * a->size.heads, keys = a->size.keys;
    if (kind == SOMA_CL_ATTENTION_SCORES) return (extent){heads, a->block, keys, width};
    if (kind == SOMA_CL_ATTENTION_VALUES) return (extent){heads, a->block, width, keys};
    return (extent){a->share * a->size.key_heads, keys, width, a->block * a->size.group};
}

/* Begins the launch, up to what lies behind the sizes, and ends it by `end`. */
static void begin_tile(soma_cl_builder *builder, const soma_cl_attention *a, soma_cl_attention_kind kind, size_t width,
                       unsigned side, extent of) {
    const size_t items = (size_t)side * side, loads = soma_cl_pieces((size_t)TILE_EACH * side * TILE_DEPTH, items);
    soma_cl_expect_loops(builder,
                         (soma_cl_pieces(of.depth, TILE_DEPTH) + a->size.group) * (2 * (loads + 1) + TILE_DEPTH + 2));
    soma_cl_begin(builder, "attention_tile.cl", "attention_tile", "-DKIND=%d -DSIDE=%u -DDEPTH=%d", (int)kind, side,
                  TILE_DEPTH);
    pass_sizes(builder, a, width);
    soma_cl_pass_size(builder, soma_cl_pieces(of.rows, (size_t)TILE_EACH * side));
}

void soma_cl_launch_attention_product(soma_cl_builder *builder, const soma_cl_attention *a, soma_cl_attention_kind kind,
                                      size_t width, float alpha, soma_cl_operand left, soma_cl_operand right,
                                      soma_cl_operand result) {
    static const char *const names[] = {"attention_scores", "attention_values", "attention_back"};
    const soma_cl_device *device = builder->device;
    const extent of = extent_of(a, kind, width);
    if (of.count * of.rows * of.columns == 0) return;
    size_t local, groups0, groups1;
    if (soma_cl_works_on_vectors(device)) {
        const size_t panel = 2 * (size_t)device->style.width, wide_rows = device->style.wide_rows;
        const size_t wanted = SOMA_MAX((size_t)device->info.compute_units, (size_t)1) * GROUPS_PER_UNIT;
        local = 1;
        groups0 = soma_cl_pieces(of.columns, panel);
        const size_t parts = soma_cl_pieces(wanted, groups0 * of.count);
        const size_t rows = soma_round_up(soma_cl_pieces(of.rows, parts), wide_rows);
        groups1 = soma_cl_pieces(of.rows, rows) * of.count;
        soma_cl_begin(builder, "attention_vector.cl", names[kind], " ");
        pass_sizes(builder, a, width);
        soma_cl_pass_size(builder, rows);
        soma_cl_pass_size(builder, soma_cl_pieces(of.rows, rows));
    } else {
        const unsigned side = device->largest_group >= 256 ? 16 : 8;
        local = side;
        groups0 = soma_cl_pieces(of.columns, (size_t)TILE_EACH * side);
        groups1 = soma_cl_pieces(of.rows, (size_t)TILE_EACH * side) * of.count;
        begin_tile(builder, a, kind, width, side, of);
    }
    soma_cl_pass_float(builder, alpha);
    pass_operand(builder, a, left);
    pass_operand(builder, a, right);
    pass_operand(builder, a, result);
    soma_cl_end(builder, local, local, groups0, groups1);
}

soma_cl_rows soma_cl_begin_attention_rows(soma_cl_builder *builder, const soma_cl_attention *a, const char *kernel,
                                          uint32_t mask, uint32_t total) {
    const size_t rows = a->share * a->size.heads * a->block;
    const soma_cl_rows share = soma_cl_share_rows(builder->device, rows, a->size.keys);
    const soma_view *view = builder->call->view;
    soma_cl_expect_loops(builder, ROW_LOOPS * (a->size.keys / share.lanes + 1) + a->size.value_width);
    soma_cl_begin(builder, "attention.cl", kernel, "-DLANES=%u -DROWS=%u", share.lanes, share.rows);
    soma_cl_pass_size(builder, a->size.samples);
    soma_cl_pass_size(builder, a->size.steps);
    soma_cl_pass_size(builder, a->size.keys);
    soma_cl_pass_size(builder, a->size.heads);
    soma_cl_pass_size(builder, a->share);
    soma_cl_pass_size(builder, a->block);
    soma_cl_pass_size(builder, a->blocks);
    soma_cl_pass_round(builder);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_u32(builder, (view[mask].rank ? 1u : 0u) | (view[total].rank ? 2u : 0u) |
                                  (builder->call->params.attention.causal ? 4u : 0u) |
                                  (soma_attention_is_added(&view[mask]) ? 8u : 0u));
    soma_cl_pass_size(builder, view[mask].rank ? view[mask].stride[0] : 0);
    for (uint32_t i = 1; i < 3; i++)
        soma_cl_pass_size(builder, soma_attention_is_added(&view[mask]) ? view[mask].stride[i] : 0);
    return share;
}

void soma_cl_write_attention(soma_cl_builder *builder) {
    const soma_cl_attention a = soma_cl_attention_of(builder->call);
    if (a.size.samples * a.size.steps == 0) return;
    const soma_cl_operand scores = soma_cl_operand_scores(soma_cl_reserve(builder, a.bytes));
    soma_cl_repeat(builder, a.rounds);
    soma_cl_launch_attention_product(builder, &a, SOMA_CL_ATTENTION_SCORES, a.size.width,
                                     builder->call->params.attention.scale, soma_cl_operand_view(ATTENTION_Q),
                                     soma_cl_operand_view(ATTENTION_K), scores);
    const soma_cl_rows share =
        soma_cl_begin_attention_rows(builder, &a, "attention_weigh", ATTENTION_MASK, ATTENTION_TOTAL);
    soma_cl_pass_view(builder, ATTENTION_MASK);
    pass_operand(builder, &a, scores);
    soma_cl_pass_view(builder, ATTENTION_TOTAL);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
    soma_cl_launch_attention_product(builder, &a, SOMA_CL_ATTENTION_VALUES, a.size.value_width, 1.0f, scores,
                                     soma_cl_operand_view(ATTENTION_V), soma_cl_operand_view(ATTENTION_Y));
}
