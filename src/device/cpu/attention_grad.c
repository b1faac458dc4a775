/* SPDX-License-Identifier: MIT */
/*
 * ATTENTION_GRAD. A task has all that a head of keys is concerned with: it goes through blocks of keys, and for each
 * through blocks of the queries that see them, of all heads that share the keys. A block's weights are made again from
 * the totals; what follows from them is added to the gradients of keys and values, and of queries, in the order of the
 * blocks. So no two tasks add to the same numbers.
 */
#include "device/cpu/attention.h"

/* Of a block: the weights and their gradients fit the L1 cache, or nearly so. */
#define KEYS    64
#define QUERIES 60

typedef struct attention_plan {
    soma_attention_size size;
    size_t scratch; /* floats of one thread */
} attention_plan;

/* The rows of a head. */
typedef struct head_rows {
    attention_rows dy, q, y, dq, added; /* added: to the scores, if it is not NULL */
    const float *total;
} head_rows;

/* A block of keys, with the task's scratch memory. */
typedef struct work {
    const soma_call *call;
    const soma_attention_size *size;
    size_t sample;
    soma_range keys, queries;
    attention_rows k, v, dk, dv;
    float *keys_across, *values_across, *keys_along; /* the block's keys and values, packed by columns and by rows */
    float *queries_along, *dy_along;
    attention_rows weights, slopes;
    float *hidden_room;
    const float *hidden; /* of the block's keys; NULL: all are seen */
} work;

static work work_of(const soma_call *call, const attention_plan *p, size_t task, uint32_t thread) {
    const soma_attention_size *size = &p->size;
    const size_t head = task % size->key_heads;
    work w = {.call = call, .size = size, .sample = task / size->key_heads};
    w.k = attention_rows_of(&call->view[ATTENTION_GRAD_K], w.sample, head, size->key_heads);
    w.v = attention_rows_of(&call->view[ATTENTION_GRAD_V], w.sample, head, size->key_heads);
    w.dk = attention_rows_of(&call->view[ATTENTION_GRAD_DK], w.sample, head, size->key_heads);
    w.dv = attention_rows_of(&call->view[ATTENTION_GRAD_DV], w.sample, head, size->key_heads);
    w.keys_across = (float *)soma_cpu_workspace(call) + thread * p->scratch;
    w.values_across = w.keys_across + gemm_packed(size->width, KEYS);
    w.keys_along = w.values_across + gemm_packed(size->value_width, KEYS);
    w.queries_along = w.keys_along + gemm_packed(KEYS, size->width);
    w.dy_along = w.queries_along + gemm_packed(QUERIES, size->width);
    w.weights = (attention_rows){w.dy_along + gemm_packed(QUERIES, size->value_width), KEYS};
    w.slopes = (attention_rows){w.weights.at + QUERIES * KEYS, KEYS};
    w.hidden_room = w.slopes.at + QUERIES * KEYS;
    return w;
}

static head_rows head_rows_of(const work *w, size_t head) {
    const soma_call *call = w->call;
    const size_t heads = w->size->heads;
    return (head_rows){.dy = attention_rows_of(&call->view[ATTENTION_GRAD_DY], w->sample, head, heads),
                       .q = attention_rows_of(&call->view[ATTENTION_GRAD_Q], w->sample, head, heads),
                       .y = attention_rows_of(&call->view[ATTENTION_GRAD_Y], w->sample, head, heads),
                       .dq = attention_rows_of(&call->view[ATTENTION_GRAD_DQ], w->sample, head, heads),
                       .added = attention_added_of(&call->view[ATTENTION_GRAD_MASK], w->sample, head),
                       .total = soma_cpu_floats(&call->view[ATTENTION_GRAD_TOTAL]) +
                                (w->sample * heads + head) * w->size->steps};
}

static void clear_rows(attention_rows rows, size_t count, size_t width) {
    for (size_t i = 0; i < count; i++) memset(rows.at + i * rows.stride, 0, width * sizeof(float));
}

static void pack_block(work *w) {
    const soma_attention_size *size = w->size;
    const size_t count = w->keys.end - w->keys.begin;
    const float *k = attention_from(w->k, w->keys.begin).at, *v = attention_from(w->v, w->keys.begin).at;
    gemm_pack_columns(k, w->k.stride, size->width, count, w->keys_across);
    gemm_pack_columns(v, w->v.stride, size->value_width, count, w->values_across);
    gemm_pack_rows(k, w->k.stride, count, size->width, w->keys_along);
    const float *mask = attention_mask_of(&w->call->view[ATTENTION_GRAD_MASK], w->sample);
    w->hidden = attention_hide(mask, w->keys, w->hidden_room);
}

/* The zeros behind what a row sees reach so far that a tile of the products below meets no other numbers. */
static void clear_behind(float *row, size_t seen) {
    for (size_t j = seen; j < SOMA_MIN(seen + GEMM_ROWS, (size_t)KEYS); j++) row[j] = 0.0f;
}

/* A row of scores, and one of dy v, become weights and what comes back to the scores, times scale. In whole vectors:
 * what lies behind the row is scratch, too. */
static void weigh(float *scores, float *slopes, size_t seen, const float *added, float total, float with_y,
                  float scale) {
    const size_t whole = soma_round_up(seen, SOMA_LANES);
    if (added) {
        SOMA_INDEPENDENT
        for (size_t j = 0; j < seen; j++) scores[j] += added[j];
    }
    SOMA_INDEPENDENT
    for (size_t j = 0; j < whole; j++) {
        const float weight = EXP(scores[j] - total);
        scores[j] = weight;
        slopes[j] = weight * (slopes[j] - with_y) * scale;
    }
    clear_behind(scores, seen);
    clear_behind(slopes, seen);
}

static void weigh_row(const work *w, const head_rows *head, size_t query) {
    const soma_attention_params *params = &w->call->params.attention;
    const size_t at = query - w->queries.begin, keys = w->keys.end - w->keys.begin;
    const float *dy = attention_from(head->dy, query).at, *y = attention_from(head->y, query).at,
                *added = head->added.at ? attention_from(head->added, query).at + w->keys.begin : w->hidden;
    weigh(attention_from(w->weights, at).at, attention_from(w->slopes, at).at,
          soma_attention_sees(params, query, w->keys.begin, keys), added, head->total[query],
          soma_row_dot(dy, y, w->size->value_width), params->scale);
}

/* A tile of queries: weights and slopes of the keys that the last of them sees, and what they add to dq. */
static void add_queries(const work *w, const head_rows *head, soma_range tile) {
    const soma_attention_params *params = &w->call->params.attention;
    const soma_attention_size *size = w->size;
    const size_t keys = w->keys.end - w->keys.begin, number = tile.end - tile.begin, at = tile.begin - w->queries.begin,
                 seen = soma_attention_sees(params, tile.end - 1, w->keys.begin, keys);
    const attention_rows weights = attention_from(w->weights, at), slopes = attention_from(w->slopes, at);
    gemm_multiply_packed(weights, number, seen, size->width, attention_from(head->q, tile.begin), true, w->keys_across,
                         size->width, params->scale, 0.0f);
    gemm_multiply_packed(slopes, number, seen, size->value_width, attention_from(head->dy, tile.begin), true,
                         w->values_across, size->value_width, 1.0f, 0.0f);
    for (size_t query = tile.begin; query < tile.end; query++) weigh_row(w, head, query);
    gemm_multiply_packed(attention_from(head->dq, tile.begin), number, size->width, seen, slopes, true, w->keys_along,
                         keys, 1.0f, 1.0f);
}

/* A tile of keys: what the block's queries from the first that sees one of them on add to the rows of their gradient.
 */
static void add_keys(const work *w, attention_rows rows, size_t width, attention_rows weights, const float *packed) {
    const bool causal = w->call->params.attention.causal;
    const size_t keys = w->keys.end - w->keys.begin, queries = w->queries.end - w->queries.begin;
    for (size_t key = 0; key < keys; key += GEMM_ROWS) {
        const size_t first = causal ? SOMA_MAX(w->keys.begin + key, w->queries.begin) : w->queries.begin;
        if (first >= w->queries.end) break;
        const size_t at = first - w->queries.begin;
        const gemm_panels b = {packed + at * GEMM_COLUMNS, GEMM_COLUMNS, queries * GEMM_COLUMNS};
        const attention_rows a = {attention_from(weights, at).at + key, weights.stride};
        gemm_multiply_panels(attention_from(rows, w->keys.begin + key), SOMA_MIN(keys - key, (size_t)GEMM_ROWS), width,
                             queries - at, a, false, b, 1.0f, 1.0f);
    }
}

static void add_block(const work *w, const head_rows *head) {
    const soma_attention_size *size = w->size;
    const size_t first = w->queries.begin, end = w->queries.end;
    for (size_t at = first; at < end; at += GEMM_ROWS)
        add_queries(w, head, (soma_range){at, SOMA_MIN(at + GEMM_ROWS, end)});
    gemm_pack_rows(attention_from(head->q, first).at, head->q.stride, end - first, size->width, w->queries_along);
    gemm_pack_rows(attention_from(head->dy, first).at, head->dy.stride, end - first, size->value_width, w->dy_along);
    add_keys(w, w->dv, size->value_width, w->weights, w->dy_along);
    add_keys(w, w->dk, size->width, w->slopes, w->queries_along);
}

/* Queries of a block, of so many that go through blocks of keys: no small rest is left. */
static size_t block_of(size_t queries) {
    const size_t parts = soma_cpu_parts(queries, QUERIES);
    return SOMA_MIN(soma_round_up(soma_cpu_parts(queries, SOMA_MAX(parts, (size_t)1)), GEMM_ROWS), (size_t)QUERIES);
}

static void attention_grad_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const attention_plan *p = plan->detail;
    const soma_attention_size *size = &p->size;
    const size_t first = task % size->key_heads * size->group;
    work w = work_of(call, p, task, thread);
    clear_rows(w.dk, size->keys, size->width);
    clear_rows(w.dv, size->keys, size->value_width);
    for (size_t i = 0; i < size->group; i++) {
        const head_rows head = head_rows_of(&w, first + i);
        clear_rows(head.dq, size->steps, size->width);
    }
    memset(w.weights.at, 0, 2 * QUERIES * KEYS * sizeof(float));
    for (size_t begin = 0; begin < size->keys; begin += KEYS) {
        const size_t unseeing = call->params.attention.causal ? SOMA_MIN(begin, size->steps) : 0,
                     block = block_of(size->steps - unseeing);
        w.keys = (soma_range){begin, SOMA_MIN(begin + KEYS, size->keys)};
        pack_block(&w);
        for (size_t i = 0; i < size->group; i++) {
            const head_rows head = head_rows_of(&w, first + i);
            for (size_t step = unseeing; step < size->steps; step += block) {
                w.queries = (soma_range){step, SOMA_MIN(step + block, size->steps)};
                add_block(&w, &head);
            }
        }
    }
}

SOMA_CPU_PLANNER(attention_grad) {
    if (call->view[ATTENTION_GRAD_DY].dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    attention_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of attention's gradient");
    plan->detail = p;
    *p = (attention_plan){.size = soma_attention_size_of(call)};
    const soma_attention_size *size = &p->size;
    p->scratch = gemm_packed(size->width, KEYS) + gemm_packed(size->value_width, KEYS) +
                 gemm_packed(KEYS, size->width) + gemm_packed(QUERIES, size->width) +
                 gemm_packed(QUERIES, size->value_width) + 2 * QUERIES * KEYS + KEYS;
    p->scratch = soma_round_up(p->scratch, SOMA_CPU_ALIGNMENT / sizeof(float));
    plan->workspace = plan->threads * p->scratch * sizeof(float);
    plan->nanoseconds = attention_nanoseconds(call, *size, 2.5);
    soma_cpu_add_phase(plan, attention_grad_task, size->samples * size->key_heads);
    return SOMA_OK;
}
