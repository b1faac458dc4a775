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
#define QUERIES 132

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
    w.packed_values = w.packed_keys + gemm_packed(p->size.width, KEYS);
    w.scores = w.packed_values + gemm_packed(KEYS, p->size.value_width);
    w.hidden_room = w.scores + GEMM_ROWS * KEYS;
    w.top = w.hidden_room + KEYS;
    w.sum = w.top + p->size.group * QUERIES;
    memset(w.scores, 0, GEMM_ROWS * KEYS * sizeof(float));
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

/* A row of scores, of which `seen` count, with what is added to them, becomes weights; y, which is summed so far, is
 * scaled to go with them. NULL: nothing is. What lies behind the row up to `whole` may be written. */
static void soften(float *scores, size_t count, size_t seen, size_t whole, const float *added, float *top, float *sum,
                   float *y, size_t width) {
    if (added) {
        SOMA_INDEPENDENT
        for (size_t j = 0; j < seen; j++) scores[j] += added[j];
    }
    const float before = *top, highest = soma_row_max(scores, seen), now = highest > before ? highest : before;
    const float base = now == -__builtin_inff() ? 0.0f : now, factor = EXP(before - base);
    SOMA_INDEPENDENT
    for (size_t j = 0; j < whole; j++) scores[j] = EXP(scores[j] - base);
    for (size_t j = seen; j < count; j++) scores[j] = 0.0f;
    if (y && factor != 1.0f) soma_row_multiply(y, factor, y, width);
    *sum = *sum * factor + soma_row_sum(scores, seen);
    *top = now;
}

/* Of a head's queries: what they are, what is added to their scores, and what comes of them. */
typedef struct head_rows {
    attention_rows q, added, y;
} head_rows;

/* A tile of queries, and the block of keys. */
static void multiply_tile(const work *w, size_t head, soma_range rows, const head_rows *of) {
    const soma_attention_params *params = &w->call->params.attention;
    const soma_attention_size *size = &w->plan->size;
    const size_t number = rows.end - rows.begin, all = w->keys.end - w->keys.begin,
                 count = soma_attention_sees(params, rows.end - 1, w->keys.begin, all);
    const bool first = w->keys.begin == 0;
    if (count == 0) return;
    const attention_rows scores = {w->scores, KEYS};
    gemm_multiply_packed(scores, number, count, size->width, attention_from(of->q, rows.begin), true, w->packed_keys,
                         size->width, params->scale, 0.0f);
    for (size_t i = 0; i < number; i++) {
        const size_t step = rows.begin + i, at = head * QUERIES + step - w->queries.begin;
        const float *added = of->added.at ? attention_from(of->added, step).at + w->keys.begin : w->hidden;
        const size_t seen = soma_attention_sees(params, step, w->keys.begin, count);
        soften(attention_from(scores, i).at, count, seen, soma_round_up(seen, SOMA_LANES), added, &w->top[at],
               &w->sum[at], first ? NULL : attention_from(of->y, step).at, size->value_width);
    }
    gemm_multiply_packed(attention_from(of->y, rows.begin), number, size->value_width, count, scores, true,
                         w->packed_values, all, 1.0f, first ? 0.0f : 1.0f);
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
            const head_rows of = {attention_rows_of(&call->view[ATTENTION_Q], w.sample, number, size->heads),
                                  attention_added_of(&call->view[ATTENTION_MASK], w.sample, number),
                                  attention_rows_of(&call->view[ATTENTION_Y], w.sample, number, size->heads)};
            for (size_t step = w.queries.begin; step < w.queries.end; step += GEMM_ROWS)
                multiply_tile(&w, head, (soma_range){step, SOMA_MIN(step + GEMM_ROWS, w.queries.end)}, &of);
        }
    }
    for (size_t head = 0; head < size->group; head++) {
        const attention_rows y =
            attention_rows_of(&call->view[ATTENTION_Y], w.sample, w.key_head * size->group + head, size->heads);
        for (size_t step = w.queries.begin; step < w.queries.end; step++) finish_row(&w, head, step, y);
    }
}

/* ------------------------------------------------------------------------------------------------- a query or two
 *
 * As a text has that is made step by step: packing would take longer than the products. A task is a head of a sample.
 */
#define FEW 4

/* Behind the last key that the mask leaves nothing is looked at. */
static size_t count_seen(const soma_call *call, const float *mask, size_t step, size_t keys) {
    size_t seen = soma_attention_sees(&call->params.attention, step, 0, keys);
    while (mask && seen > 0 && mask[seen - 1] == 0.0f) seen--;
    return seen;
}

static void score_keys(const float *q, attention_rows k, const float *mask, size_t seen, size_t width, float scale,
                       float *scores) {
    for (size_t key = 0; key < seen; key++)
        scores[key] =
            mask && mask[key] == 0.0f ? -__builtin_inff() : scale * soma_row_dot(q, attention_from(k, key).at, width);
}

/* y = factor sum of the values by their weights */
static void add_values(const float *weights, attention_rows v, size_t seen, size_t width, float factor, float *y) {
    for (size_t i = 0; i < width; i += SOMA_LANES) {
        const size_t lanes = SOMA_MIN(width - i, (size_t)SOMA_LANES);
        soma_vector sum = {0};
        for (size_t key = 0; key < seen; key++)
            sum += weights[key] * soma_load_lanes(attention_from(v, key).at + i, lanes);
        soma_store_lanes(y + i, sum * factor, lanes);
    }
}

static void few_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const attention_plan *p = plan->detail;
    const soma_attention_size *size = &p->size;
    const size_t sample = task / size->heads, head = task % size->heads, key_head = head / size->group;
    const attention_rows q = attention_rows_of(&call->view[ATTENTION_Q], sample, head, size->heads),
                         k = attention_rows_of(&call->view[ATTENTION_K], sample, key_head, size->key_heads),
                         v = attention_rows_of(&call->view[ATTENTION_V], sample, key_head, size->key_heads),
                         y = attention_rows_of(&call->view[ATTENTION_Y], sample, head, size->heads),
                         added = attention_added_of(&call->view[ATTENTION_MASK], sample, head);
    const float *mask = attention_mask_of(&call->view[ATTENTION_MASK], sample);
    float *scores = (float *)soma_cpu_workspace(call) + thread * p->scratch,
          *total = soma_cpu_optional(&call->view[ATTENTION_TOTAL]);
    for (size_t step = 0; step < size->steps; step++) {
        const size_t seen = count_seen(call, mask, step, size->keys);
        float top = -__builtin_inff(), sum = 0.0f;
        score_keys(attention_from(q, step).at, k, mask, seen, size->width, call->params.attention.scale, scores);
        soften(scores, seen, seen, seen, added.at ? attention_from(added, step).at : NULL, &top, &sum, NULL, 0);
        add_values(scores, v, seen, size->value_width, sum == 0.0f ? 0.0f : 1.0f / sum, attention_from(y, step).at);
        if (total) total[task * size->steps + step] = sum == 0.0f ? __builtin_inff() : top + LOG(sum);
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
    const bool few = size->steps <= FEW;
    const size_t blocks = gemm_packed(size->width, KEYS) + gemm_packed(KEYS, size->value_width) +
                          (GEMM_ROWS + 1) * KEYS + 2 * size->group * QUERIES;
    p->parts = soma_cpu_parts(size->steps, QUERIES);
    p->scratch = soma_round_up(few ? size->keys : blocks, SOMA_CPU_ALIGNMENT / sizeof(float));
    plan->workspace = plan->threads * p->scratch * sizeof(float);
    plan->nanoseconds = attention_nanoseconds(call, *size, 1.0);
    if (few)
        soma_cpu_add_phase(plan, few_task, size->steps ? size->samples * size->heads : 0);
    else
        soma_cpu_add_phase(plan, attention_task, size->samples * size->key_heads * p->parts);
    return SOMA_OK;
}
