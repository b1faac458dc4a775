/* SPDX-License-Identifier: MIT */
/*
 * ATTENTION. A task has some queries of all heads that share keys, and goes through these in blocks: it packs a block's
 * keys and values, and takes each tile of queries through it. A row's weights are relative to the largest score so far;
 * where a block has a larger one, what was summed before is scaled down (Milakov & Gimelshein 2018; Dao et al. 2022).
 * So the memory that it needs does not grow with the number of keys.
 */
#include "device/cpu/attention.h"

/* Keys of a block, queries of a task. */
#define KEYS    256
#define QUERIES 120

typedef struct attention_plan {
    soma_attention_size size;
    size_t parts;   /* of the queries */
    size_t scratch; /* floats of one thread */
} attention_plan;

/* What a task works on, with its scratch memory. */
typedef struct work {
    const soma_call *call;
    const attention_plan *plan;
    size_t sample, key_head;
    soma_range queries, keys;
    float *packed_keys, *packed_values, *scores, *hidden_room;
    float *top, *sum;    /* [group, QUERIES]: a row's largest score, and the sum of its weights */
    const float *hidden; /* of the block's keys; NULL: all are seen */
} work;

static work work_of(const soma_call *call, const attention_plan *p, size_t task, uint32_t thread) {
    float *scratch = (float *)soma_cpu_workspace(call) + thread * p->scratch;
    work w = {.call = call, .plan = p};
    w.queries = soma_cpu_part(task % p->parts, p->size.steps, QUERIES);
    w.key_head = task / p->parts % p->size.key_heads;
    w.sample = task / p->parts / p->size.key_heads;
    w.packed_keys = scratch;
    w.packed_values = w.packed_keys + attention_packed(p->size.width, KEYS);
    w.scores = w.packed_values + attention_packed(KEYS, p->size.value_width);
    w.hidden_room = w.scores + GEMM_ROWS * KEYS;
    w.top = w.hidden_room + KEYS;
    w.sum = w.top + p->size.group * QUERIES;
    for (size_t i = 0; i < p->size.group * QUERIES; i++) {
        w.top[i] = -__builtin_inff();
        w.sum[i] = 0.0f;
    }
    return w;
}

static void pack_block(work *w) {
    const soma_attention_size *size = &w->plan->size;
    const size_t count = w->keys.end - w->keys.begin;
    const attention_rows k = attention_rows_of(&w->call->view[ATTENTION_K], w->sample, w->key_head, size->key_heads),
                         v = attention_rows_of(&w->call->view[ATTENTION_V], w->sample, w->key_head, size->key_heads);
    gemm_pack_columns(attention_from(k, w->keys.begin).at, k.stride, size->width, count, w->packed_keys);
    gemm_pack_rows(attention_from(v, w->keys.begin).at, v.stride, count, size->value_width, w->packed_values);
    w->hidden = attention_hide(attention_mask_of(&w->call->view[ATTENTION_MASK], w->sample), w->keys, w->hidden_room);
}

/* A row of scores, of which `seen` count, becomes weights; y, which is summed so far, is scaled to go with them. NULL:
 * nothing is. */
static void soften(float *scores, size_t count, size_t seen, const float *hidden, float *top, float *sum, float *y,
                   size_t width) {
    if (hidden) {
        SOMA_INDEPENDENT
        for (size_t j = 0; j < seen; j++) scores[j] += hidden[j];
    }
    const float before = *top, highest = soma_row_max(scores, seen), now = highest > before ? highest : before;
    const float base = now == -__builtin_inff() ? 0.0f : now, factor = EXP(before - base);
    soma_row_add(scores, -base, scores, seen);
    soma_row_exp(scores, scores, seen);
    for (size_t j = seen; j < count; j++) scores[j] = 0.0f;
    if (y && factor != 1.0f) soma_row_multiply(y, factor, y, width);
    *sum = *sum * factor + soma_row_sum(scores, seen);
    *top = now;
}

/* A tile of queries, and the block of keys. */
static void multiply_tile(const work *w, size_t head, soma_range rows, attention_rows q, attention_rows y) {
    const soma_attention_params *params = &w->call->params.attention;
    const soma_attention_size *size = &w->plan->size;
    const size_t number = rows.end - rows.begin, all = w->keys.end - w->keys.begin,
                 count = soma_attention_sees(params, rows.end - 1, w->keys.begin, all);
    const bool first = w->keys.begin == 0;
    if (count == 0) return;
    const attention_rows scores = {w->scores, KEYS};
    attention_multiply(scores, number, count, size->width, attention_from(q, rows.begin), true, w->packed_keys,
                       size->width, params->scale, 0.0f);
    for (size_t i = 0; i < number; i++) {
        const size_t step = rows.begin + i, at = head * QUERIES + step - w->queries.begin;
        soften(attention_from(scores, i).at, count, soma_attention_sees(params, step, w->keys.begin, count), w->hidden,
               &w->top[at], &w->sum[at], first ? NULL : attention_from(y, step).at, size->value_width);
    }
    attention_multiply(attention_from(y, rows.begin), number, size->value_width, count, scores, true, w->packed_values,
                       all, 1.0f, first ? 0.0f : 1.0f);
}

static void finish_row(const work *w, size_t head, size_t step, attention_rows y) {
    const soma_attention_size *size = &w->plan->size;
    const size_t at = head * QUERIES + step - w->queries.begin,
                 number = (w->sample * size->heads + w->key_head * size->group + head) * size->steps + step;
    float *total = soma_cpu_optional(&w->call->view[ATTENTION_TOTAL]), *row = attention_from(y, step).at;
    if (w->sum[at] == 0.0f)
        memset(row, 0, size->value_width * sizeof *row);
    else
        soma_row_multiply(row, 1.0f / w->sum[at], row, size->value_width);
    if (total) total[number] = w->sum[at] == 0.0f ? __builtin_inff() : w->top[at] + LOG(w->sum[at]);
}

static void attention_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const attention_plan *p = plan->detail;
    const soma_attention_size *size = &p->size;
    work w = work_of(call, p, task, thread);
    for (size_t begin = 0; begin < size->keys; begin += KEYS) {
        if (call->params.attention.causal && begin >= w.queries.end) break;
        w.keys = (soma_range){begin, SOMA_MIN(begin + KEYS, size->keys)};
        pack_block(&w);
        for (size_t head = 0; head < size->group; head++) {
            const size_t number = w.key_head * size->group + head;
            const attention_rows q = attention_rows_of(&call->view[ATTENTION_Q], w.sample, number, size->heads),
                                 y = attention_rows_of(&call->view[ATTENTION_Y], w.sample, number, size->heads);
            for (size_t step = w.queries.begin; step < w.queries.end; step += GEMM_ROWS)
                multiply_tile(&w, head, (soma_range){step, SOMA_MIN(step + GEMM_ROWS, w.queries.end)}, q, y);
        }
    }
    for (size_t head = 0; head < size->group; head++) {
        const attention_rows y =
            attention_rows_of(&call->view[ATTENTION_Y], w.sample, w.key_head * size->group + head, size->heads);
        for (size_t step = w.queries.begin; step < w.queries.end; step++) finish_row(&w, head, step, y);
    }
}

SOMA_CPU_PLANNER(attention) {
    const soma_view *y = &call->view[ATTENTION_Y];
    if (y->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    attention_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of attention");
    plan->detail = p;
    *p = (attention_plan){.size = soma_attention_size_of(call)};
    const soma_attention_size *size = &p->size;
    p->parts = soma_cpu_parts(size->steps, QUERIES);
    p->scratch = soma_round_up(attention_packed(size->width, KEYS) + attention_packed(KEYS, size->value_width) +
                                   (GEMM_ROWS + 1) * KEYS + 2 * size->group * QUERIES,
                               SOMA_CPU_ALIGNMENT / sizeof(float));
    plan->workspace = plan->threads * p->scratch * sizeof(float);
    plan->nanoseconds = attention_nanoseconds(call, *size, 1.0);
    soma_cpu_add_phase(plan, attention_task, size->samples * size->key_heads * p->parts);
    return SOMA_OK;
}
