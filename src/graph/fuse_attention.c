/* SPDX-License-Identifier: MIT */
/*
 * Attention that is written as what it is made of, as exporters do: a product of queries and keys, factors, masks that
 * are added or that choose, a softmax, and a product with the values. It becomes one ATTENTION, which keeps neither
 * scores nor weights; what turned heads and steps around before and after that is nothing but another shape.
 */
#include "graph/rewrites.h"

#include <math.h>
#include <string.h>

/* Masks, and ops between the softmax and the product; no sensible graph has as many. */
#define MOST_MASKS 4
#define MOST_DEPTH 12
/* What a mask that chooses may have in the place of a score: added to one, it is the sum. So a query that sees no key
 * has equal weights, whether the numbers are chosen or added. */
#define LEAST_HIDING (-1e30)

typedef struct search {
    soma_graph *graph;
    uint32_t count;       /* of tensors that were there before */
    const uint32_t *uses; /* how many tensors use each of them */
    const bool *needed;   /* whether a gradient goes through each of them; NULL: through none */
} search;

/* What attention is made of. */
typedef struct parts {
    soma_tensor *query, *key, *value; /* [.., steps, w], [.., w, keys], [.., keys, u] */
    soma_tensor *mask[MOST_MASKS];    /* added to the scores */
    uint32_t masks;
    double scale;
} parts;

/* ------------------------------------------------------------------------------------------------------- numbers */

/* The number that a tensor has everywhere, repeated or not. */
static bool is_number(const soma_tensor *tensor, double *number) {
    while ((tensor->op == SOMA_OP_COPY && tensor->attributes.copy.scale == 1) || tensor->op == SOMA_OP_RESHAPE)
        tensor = tensor->input[0];
    return soma_tensor_is_number(tensor, number);
}

static bool is_binary(const soma_tensor *tensor, soma_binary op) {
    return tensor->op == SOMA_OP_BINARY && tensor->attributes.binary.op == op;
}

/* Whether both have one shape, but for dimensions of 1 in front. */
static bool fits(const soma_tensor *x, const soma_tensor *y) {
    const uint32_t rank = SOMA_MAX(x->rank, y->rank);
    bool same = x->batched == y->batched;
    for (uint32_t i = 0; same && i < rank; i++)
        same = (i < x->rank ? x->shape[x->rank - 1 - i] : 1) == (i < y->rank ? y->shape[y->rank - 1 - i] : 1);
    return same;
}

/* What it is but for such dimensions. */
static soma_tensor *unshaped(soma_tensor *tensor) {
    while (tensor->op == SOMA_OP_RESHAPE && fits(tensor, tensor->input[0])) tensor = tensor->input[0];
    return tensor;
}

/* Whether it is 1 where `truth` is 0, else 0. */
static bool is_negation(const soma_tensor *tensor, soma_tensor *truth) {
    double number;
    return is_binary(tensor, SOMA_BINARY_EQUAL) && unshaped(tensor->input[0]) == unshaped(truth) &&
           fits(tensor->input[0], truth) && is_number(tensor->input[1], &number) && number == 0;
}

/* Whether it is a sum of what is kept where a condition holds, and of what is kept elsewhere. */
static bool is_choice(const soma_tensor *tensor) {
    if (!is_binary(tensor, SOMA_BINARY_ADD)) return false;
    const soma_tensor *a = unshaped(tensor->input[0]), *b = unshaped(tensor->input[1]);
    if (!is_binary(a, SOMA_BINARY_KEEP) || !is_binary(b, SOMA_BINARY_KEEP)) return false;
    const soma_tensor *where_a = unshaped(a->input[1]), *where_b = unshaped(b->input[1]);
    return is_negation(where_a, b->input[1]) || is_negation(where_b, a->input[1]);
}

/* -------------------------------------------------------------------------------------------------------- finding */

static bool is_used(const search *s, const soma_tensor *tensor, uint32_t times) {
    return tensor->id < s->count && s->uses[tensor->id] == times;
}

static bool same_matrices(const soma_tensor *x, const soma_tensor *y) {
    return x->batched == y->batched && x->rank >= 2 && y->rank >= 2 && x->shape[x->rank - 1] == y->shape[y->rank - 1] &&
           x->shape[x->rank - 2] == y->shape[y->rank - 2];
}

/* A mask for scores of that shape: it tells the keys apart, and nobody wants its gradient. Repeated it need not be. */
static bool take_mask(const search *s, parts *p, soma_tensor *mask, const soma_tensor *scores) {
    while (mask->op == SOMA_OP_COPY && mask->attributes.copy.scale == 1 && mask->input[0]->rank > 0 &&
           mask->input[0]->shape[mask->input[0]->rank - 1] == scores->shape[scores->rank - 1])
        mask = mask->input[0];
    if (mask->dtype != SOMA_F32 || mask->rank == 0 || mask->rank > scores->rank || p->masks == MOST_MASKS ||
        mask->shape[mask->rank - 1] != scores->shape[scores->rank - 1] || p->scale != 1 || mask->id >= s->count ||
        (s->needed && s->needed[mask->id]))
        return false;
    p->mask[p->masks++] = mask;
    return true;
}

static bool take_scores(const search *s, parts *p, soma_tensor *x, uint32_t depth);

/* Whether it can be added. Two such numbers, of this mask and of one that it chooses of, would be another sum, and
 * gradients would go through the scores of a query that sees no key; infinite ones leave nothing of either. */
static bool hides(const search *s, double number, const soma_tensor *scores, uint32_t masks) {
    return isinf(number) ? number < 0 : number <= LEAST_HIDING && masks == 1 && !s->needed[scores->id];
}

/* Scores where a condition holds, elsewhere next to nothing. */
static bool take_choice(const search *s, parts *p, const soma_tensor *x, uint32_t depth) {
    for (uint32_t i = 0; i < 2; i++) {
        soma_tensor *chosen = x->input[i], *hiding = x->input[1 - i];
        double number;
        parts tried = *p;
        if (chosen->op != SOMA_OP_BINARY || !is_number(unshaped(hiding)->input[0], &number) ||
            !soma_tensor_same_shape(chosen->input[0], x) || !is_used(s, chosen, 1) ||
            !take_mask(s, &tried, hiding, x) || !take_scores(s, &tried, chosen->input[0], depth + 1) ||
            !hides(s, number, x, tried.masks - p->masks))
            continue;
        *p = tried;
        return true;
    }
    return false;
}

static bool take_sum(const search *s, parts *p, const soma_tensor *x, uint32_t depth) {
    for (uint32_t i = 0; i < 2; i++) {
        parts tried = *p;
        if (!soma_tensor_same_shape(x->input[i], x) || !take_mask(s, &tried, x->input[1 - i], x) ||
            !take_scores(s, &tried, x->input[i], depth + 1))
            continue;
        *p = tried;
        return true;
    }
    return false;
}

/* From what the softmax takes to the product of queries and keys. */
static bool take_scores(const search *s, parts *p, soma_tensor *x, uint32_t depth) {
    float factor;
    if (depth == MOST_DEPTH || !is_used(s, x, 1)) return false;
    if (x->op == SOMA_OP_MATMUL) {
        p->query = x->input[0];
        p->key = x->input[1];
        return !x->attributes.matmul.scaled && !x->attributes.matmul.layout.rank;
    }
    if (x->op == SOMA_OP_RESHAPE) return same_matrices(x, x->input[0]) && take_scores(s, p, x->input[0], depth + 1);
    if (soma_tensor_is_scaled(x, &factor)) {
        p->scale *= (double)factor;
        return take_scores(s, p, x->input[0], depth + 1);
    }
    if (is_choice(x)) return take_choice(s, p, x, depth);
    return is_binary(x, SOMA_BINARY_ADD) && take_sum(s, p, x, depth);
}

/* Weights, of which 0 was made where they are no numbers since a query sees no key: as ATTENTION does. */
static soma_tensor *unguarded(const search *s, soma_tensor *x) {
    double number;
    if (!is_choice(x) || !is_used(s, x, 1)) return x;
    for (uint32_t i = 0; i < 2; i++) {
        soma_tensor *chosen = x->input[i];
        const soma_tensor *zero = unshaped(x->input[1 - i]), *differs = unshaped(zero->input[1]);
        if (chosen->op == SOMA_OP_BINARY && is_number(zero->input[0], &number) && number == 0 &&
            is_binary(differs, SOMA_BINARY_EQUAL) && is_negation(differs, differs->input[0]) &&
            is_binary(differs->input[0], SOMA_BINARY_EQUAL) && differs->input[0]->input[0] == chosen->input[0] &&
            differs->input[0]->input[1] == chosen->input[0])
            return chosen->input[0];
    }
    return x;
}

static bool take_weights(const search *s, parts *p, soma_tensor *x) {
    soma_tensor *plain = unguarded(s, x);
    while (plain->op == SOMA_OP_RESHAPE && is_used(s, plain, 1) && same_matrices(plain, plain->input[0]))
        plain = plain->input[0];
    const uint32_t times =
        plain == x || x->op == SOMA_OP_RESHAPE ? 1 : 3; /* the guard asks twice whether it is itself */
    return plain->op == SOMA_OP_SOFTMAX && !plain->attributes.softmax.log && is_used(s, plain, times) &&
           plain->attributes.softmax.axis + 1 == soma_tensor_full_rank(plain) && take_scores(s, p, plain->input[0], 0);
}

/* Factors of queries and keys are those of the scores. */
static void take_factors(parts *p, soma_tensor **operand) {
    float factor;
    while (soma_tensor_is_scaled(*operand, &factor) && (*operand)->input[0]->batched) {
        p->scale *= (double)factor;
        *operand = (*operand)->input[0];
    }
}

/* ------------------------------------------------------------------------------------------------------- building */

/* All dimensions before those of matrices, as one. */
static size_t lead_of(const soma_tensor *x) {
    size_t lead = 1;
    for (uint32_t i = 0; i + 2 < x->rank; i++) lead *= x->shape[i];
    return lead;
}

/* Heads are all dimensions before those of the matrices, of which x has all; or each 1: then 1. 0: neither. */
static uint32_t heads_of(const soma_tensor *x, const soma_tensor *result) {
    size_t heads = 1;
    bool all = x->batched && x->rank == result->rank, one = all;
    for (uint32_t i = 0; all && i + 2 < x->rank; i++) {
        heads *= x->shape[i];
        one &= x->shape[i] == 1;
        if (x->shape[i] != result->shape[i] && x->shape[i] != 1) return 0;
        all &= x->shape[i] == result->shape[i];
    }
    return all && heads <= UINT32_MAX ? (uint32_t)heads : one ? 1 : 0;
}

/* [.., steps, width], or with `across` [.., width, steps], as [steps, heads width]: where it came from, if it lies so
 * there. */
static soma_status rows_of(soma_graph *graph, soma_tensor *x, bool across, soma_tensor **rows) {
    const uint32_t rank = soma_tensor_full_rank(x), steps = across ? rank - 1 : rank - 2;
    uint32_t axis[SOMA_MAX_RANK] = {0};
    for (uint32_t i = 2; i + 1 < rank; i++) axis[i] = i - 1;
    axis[1] = steps;
    axis[rank - 1] = across ? rank - 2 : rank - 1;
    soma_tensor *turned, like = {.batched = true, .rank = 2, .shape = {x->shape[steps - 1]}};
    like.shape[1] = soma_tensor_count(x) / like.shape[0];
    SOMA_TRY(soma_graph_transpose(graph, x, axis, &turned));
    return soma_graph_reshape(graph, soma_tensor_unmoved(turned), &like, rows);
}

/* Whether a mask is the same for all heads, has one for each, or can be repeated so that it has. */
static bool fits_heads(const soma_tensor *mask, const soma_tensor *result) {
    const size_t lead = lead_of(mask);
    bool fits = mask->rank == result->rank;
    for (uint32_t i = 0; fits && i + 2 < mask->rank; i++)
        fits = mask->shape[i] == 1 || mask->shape[i] == result->shape[i];
    return fits || lead == 1 || lead == lead_of(result);
}

/* A mask as [heads or 1, steps or 1, keys]. */
static soma_status shape_mask(soma_graph *graph, soma_tensor *mask, const soma_tensor *result, size_t keys,
                              soma_tensor **shaped) {
    soma_tensor like = {.batched = mask->batched, .rank = 3, .shape = {lead_of(mask), 1, keys}};
    if (mask->rank > 1) like.shape[1] = mask->shape[mask->rank - 2];
    if (like.shape[0] != 1 && like.shape[0] != lead_of(result)) {
        soma_tensor wide = *mask;
        memcpy(wide.shape, result->shape, (wide.rank - 2) * sizeof *wide.shape);
        SOMA_TRY(soma_graph_copy(graph, mask, &wide, 1, &mask));
        like.shape[0] = lead_of(result);
    }
    return soma_graph_reshape(graph, mask, &like, shaped);
}

static soma_status add_masks(soma_graph *graph, const parts *p, const soma_tensor *result, size_t keys,
                             soma_tensor **mask) {
    *mask = NULL;
    for (uint32_t i = 0; i < p->masks; i++) {
        soma_tensor *shaped;
        SOMA_TRY(shape_mask(graph, p->mask[i], result, keys, &shaped));
        if (*mask) SOMA_TRY(soma_graph_binary(graph, *mask, shaped, SOMA_BINARY_ADD, &shaped));
        *mask = shaped;
    }
    return SOMA_OK;
}

/* The result is the attention's, [steps, heads u], in the order of the product that it was. */
static soma_status give_result(soma_graph *graph, soma_tensor *result, soma_tensor *y) {
    const uint32_t lead = result->rank - 2;
    soma_tensor like = {.batched = true, .rank = result->rank, .shape = {result->shape[lead]}};
    soma_attributes order = {.transpose = {{0}}};
    for (uint32_t i = 0; i < lead; i++) {
        like.shape[i + 1] = result->shape[i];
        order.transpose.axis[i + 1] = i + 2;
    }
    like.shape[lead + 1] = result->shape[lead + 1];
    order.transpose.axis[lead + 1] = 1;
    order.transpose.axis[lead + 2] = lead + 2;
    SOMA_TRY(soma_graph_reshape(graph, y, &like, &y));
    SOMA_TRY(soma_tensor_set_inputs(result, &y, 1));
    result->op = SOMA_OP_TRANSPOSE;
    result->attributes = order;
    return SOMA_OK;
}

static soma_status build(soma_graph *graph, const parts *p, uint32_t heads, uint32_t key_heads, soma_tensor *result) {
    const size_t keys = p->value->shape[p->value->rank - 2];
    soma_tensor *input[4], *y;
    SOMA_TRY(rows_of(graph, p->query, false, &input[0]));
    SOMA_TRY(rows_of(graph, p->key, true, &input[1]));
    SOMA_TRY(rows_of(graph, p->value, false, &input[2]));
    SOMA_TRY(add_masks(graph, p, result, keys, &input[3]));
    const soma_attention_params params = {.heads = heads, .key_heads = key_heads, .scale = (float)p->scale};
    const soma_tensor_spec spec = {.op = SOMA_OP_ATTENTION,
                                   .input_count = input[3] ? 4 : 3,
                                   .input = input,
                                   .attributes = {.attention = {params, input[3] != NULL}}};
    SOMA_TRY(soma_graph_add(graph, &spec, &y));
    return give_result(graph, result, y);
}

static soma_status fuse(const search *s, soma_tensor *result, bool *found) {
    soma_graph *graph = s->graph;
    parts p = {.value = result->input[1], .scale = 1};
    if (result->attributes.matmul.scaled || result->attributes.matmul.layout.rank || !result->batched ||
        !take_weights(s, &p, result->input[0]))
        return SOMA_OK;
    take_factors(&p, &p.query);
    take_factors(&p, &p.key);
    const uint32_t heads = heads_of(p.query, result), key_heads = heads_of(p.key, result);
    if (heads != lead_of(result) || !key_heads || key_heads != heads_of(p.value, result) || !isfinite((float)p.scale))
        return SOMA_OK;
    for (uint32_t i = 0; i < p.masks; i++)
        if (!fits_heads(p.mask[i], result)) return SOMA_OK;
    const uint32_t first = graph->count;
    uint32_t place = 0;
    *found = true;
    SOMA_TRY(build(graph, &p, heads, key_heads, result));
    while (graph->tensor[place] != result) place++;
    for (uint32_t i = first; i < graph->count; i++) {
        graph->tensor[i]->layer = result->layer;
        soma_graph_move(graph, graph->tensor[i], place + i - first);
    }
    return SOMA_OK;
}

/* What is turned to and fro lies as it did. */
static soma_status undo_turns(soma_graph *graph) {
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if (tensor->op != SOMA_OP_TRANSPOSE || tensor->place != SOMA_PLACE_ARENA) continue;
        soma_tensor *unmoved = soma_tensor_unmoved(tensor);
        if (unmoved == tensor) continue;
        SOMA_TRY(soma_tensor_set_inputs(tensor, &unmoved, 1));
        tensor->op = SOMA_OP_RESHAPE;
        tensor->attributes = (soma_attributes){.copy = {1}};
    }
    return SOMA_OK;
}

static soma_status fuse_all(const search *s, soma_tensor *const *all) {
    bool found = false;
    for (uint32_t i = 0; i < s->count; i++)
        if (all[i]->op == SOMA_OP_MATMUL) SOMA_TRY(fuse(s, all[i], &found));
    if (found) SOMA_TRY(undo_turns(s->graph));
    for (uint32_t i = 0; i < s->graph->count; i++) s->graph->tensor[i]->id = i;
    return SOMA_OK;
}

/* Whether each tensor depends on one that is wanted. */
static bool *find_needed(const soma_graph *graph, soma_tensor *const *wanted, size_t count) {
    bool *needed = soma_calloc(graph->count, sizeof *needed);
    for (size_t i = 0; needed && i < count; i++) needed[wanted[i]->id] = true;
    for (uint32_t i = 0; needed && i < graph->count; i++)
        for (uint32_t j = 0; j < graph->tensor[i]->input_count; j++)
            needed[i] |= needed[graph->tensor[i]->input[j]->id];
    return needed;
}

uint32_t *soma_graph_count_uses(const soma_graph *graph) {
    uint32_t *uses = soma_calloc(graph->count, sizeof *uses);
    for (uint32_t i = 0; uses && i < graph->count; i++) {
        const soma_tensor *tensor = graph->tensor[i];
        if (tensor->kept || tensor->place != SOMA_PLACE_ARENA) uses[i]++;
        for (uint32_t j = 0; j < tensor->input_count; j++) uses[tensor->input[j]->id]++;
    }
    return uses;
}

soma_status soma_graph_fuse_attention(soma_graph *graph, soma_tensor *const *wanted, size_t count) {
    uint32_t *uses = soma_graph_count_uses(graph);
    bool *needed = find_needed(graph, wanted, count);
    soma_tensor **all = soma_calloc(graph->count, sizeof *all); /* their places change */
    const search s = {.graph = graph, .count = graph->count, .uses = uses, .needed = needed};
    soma_status status;
    if (uses && needed && all) {
        memcpy(all, graph->tensor, graph->count * sizeof *all);
        status = fuse_all(&s, all);
    } else
        status = soma_out_of_memory(graph->count * sizeof *all, "the rewrites");
    soma_free(uses);
    soma_free(needed);
    soma_free(all);
    return status;
}
