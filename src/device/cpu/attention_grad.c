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

/* A row of scores, and one of dy v, become weights and what comes back to the scores, times scale. */
static void weigh(float *scores, float *slopes, size_t count, size_t seen, const float *added, float total,
                  float with_y, float scale) {
    if (added) {
        SOMA_INDEPENDENT
        for (size_t j = 0; j < seen; j++) scores[j] += added[j];
    }
    SOMA_INDEPENDENT
    for (size_t j = 0; j < seen; j++) {
        const float weight = EXP(scores[j] - total);
        scores[j] = weight;
        slopes[j] = weight * (slopes[j] - with_y) * scale;
    }
    for (size_t j = seen; j < count; j++) scores[j] = slopes[j] = 0.0f;
}

static void weigh_block(const work *w, const head_rows *head) {
    const soma_attention_params *params = &w->call->params.attention;
    const soma_attention_size *size = w->size;
    const size_t keys = w->keys.end - w->keys.begin, first = w->queries.begin, queries = w->queries.end - first;
    gemm_multiply_packed(w->weights, queries, keys, size->width, attention_from(head->q, first), true, w->keys_across,
                         size->width, params->scale, 0.0f);
    gemm_multiply_packed(w->slopes, queries, keys, size->value_width, attention_from(head->dy, first), true,
                         w->values_across, size->value_width, 1.0f, 0.0f);
    for (size_t i = 0; i < queries; i++) {
        const float with_y = soma_row_dot(attention_from(head->dy, first + i).at, attention_from(head->y, first + i).at,
                                          size->value_width);
        const float *added = head->added.at ? attention_from(head->added, first + i).at + w->keys.begin : w->hidden;
        weigh(attention_from(w->weights, i).at, attention_from(w->slopes, i).at, keys,
              soma_attention_sees(params, first + i, w->keys.begin, keys), added, head->total[first + i], with_y,
              params->scale);
    }
}

static void add_block(const work *w, const head_rows *head) {
    const soma_attention_size *size = w->size;
    const size_t keys = w->keys.end - w->keys.begin, first = w->queries.begin, queries = w->queries.end - first;
    weigh_block(w, head);
    gemm_pack_rows(attention_from(head->q, first).at, head->q.stride, queries, size->width, w->queries_along);
    gemm_pack_rows(attention_from(head->dy, first).at, head->dy.stride, queries, size->value_width, w->dy_along);
    gemm_multiply_packed(attention_from(w->dv, w->keys.begin), keys, size->value_width, queries, w->weights, false,
                         w->dy_along, queries, 1.0f, 1.0f);
    gemm_multiply_packed(attention_from(w->dk, w->keys.begin), keys, size->width, queries, w->slopes, false,
                         w->queries_along, queries, 1.0f, 1.0f);
    gemm_multiply_packed(attention_from(head->dq, first), queries, size->width, keys, w->slopes, true, w->keys_along,
                         keys, 1.0f, 1.0f);
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
    for (size_t begin = 0; begin < size->keys; begin += KEYS) {
        w.keys = (soma_range){begin, SOMA_MIN(begin + KEYS, size->keys)};
        pack_block(&w);
        for (size_t i = 0; i < size->group; i++) {
            const head_rows head = head_rows_of(&w, first + i);
            for (size_t step = 0; step < size->steps; step += QUERIES) {
                w.queries = (soma_range){step, SOMA_MIN(step + QUERIES, size->steps)};
                if (!call->params.attention.causal || w.queries.end > begin) add_block(&w, &head);
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
