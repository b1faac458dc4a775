/* SPDX-License-Identifier: MIT */
/* NonMaxSuppression: of boxes that overlap the one with the highest score. */
#include "io/onnx/family.h"
#include "io/onnx/host.h"

#include <inttypes.h>
#include <string.h>

/* Pairs of boxes that all ops of a model compare in a run, at most: some 20 seconds. */
#define MOST_PAIRS ((uint64_t)1 << 32)

/* ---------------------------------------------------------------------------------------------------------- import */

typedef struct box {
    float least[2], most[2];
} box;

typedef struct suppression {
    const double *boxes, *scores; /* [batches, count, 4], [batches, classes, count] */
    size_t batches, classes, count;
    size_t most;      /* of a class */
    float overlap;    /* above which the lower one goes */
    float threshold;  /* a score must be above it */
    bool limited;     /* there is one */
    bool by_center;   /* boxes are centers and sizes, not corners */
    size_t *order;    /* [count] */
    size_t *kept;     /* [count] */
    const double *of; /* the scores of the class */
    uint64_t *pairs;  /* that were compared so far */
} suppression;

static box box_at(const suppression *s, size_t batch, size_t i) {
    const double *at = s->boxes + (batch * s->count + i) * 4;
    const float a = (float)at[0], b = (float)at[1], c = (float)at[2], d = (float)at[3];
    if (s->by_center) return (box){{a - c / 2, b - d / 2}, {a + c / 2, b + d / 2}};
    return (box){{SOMA_MIN(a, c), SOMA_MIN(b, d)}, {SOMA_MAX(a, c), SOMA_MAX(b, d)}};
}

static float area(const box *x) {
    return (x->most[0] - x->least[0]) * (x->most[1] - x->least[1]);
}

/* Whether what both cover is more than so much of what either does. */
static bool overlap(const box *a, const box *b, float limit) {
    box both;
    for (unsigned i = 0; i < 2; i++) {
        both.least[i] = SOMA_MAX(a->least[i], b->least[i]);
        both.most[i] = SOMA_MIN(a->most[i], b->most[i]);
        if (!(both.most[i] > both.least[i])) return false;
    }
    const float common = area(&both), either = area(a) + area(b) - common;
    if (!(common > 0 && area(a) > 0 && area(b) > 0 && either > 0)) return false;
    return common / either > limit;
}

static bool scores_more(const void *context, size_t a, size_t b) {
    const double *score = ((const suppression *)context)->of;
    return score[a] > score[b];
}

/* Those that are kept of one class, in the order of their scores; *kept: how many. */
static soma_status suppress(suppression *s, size_t batch, size_t class, size_t *kept) {
    size_t candidates = 0;
    s->of = s->scores + (batch * s->classes + class) * s->count;
    *kept = 0;
    for (size_t i = 0; i < s->count; i++)
        if (!s->limited || (float)s->of[i] > s->threshold) s->order[candidates++] = i;
    SOMA_TRY(soma_onnx_sort(s->order, candidates, scores_more, s));
    for (size_t i = 0; i < candidates && *kept < s->most; i++) {
        const box next = box_at(s, batch, s->order[i]);
        size_t k = 0;
        for (; k < *kept; k++) {
            const box higher = box_at(s, batch, s->kept[k]);
            if (overlap(&next, &higher, s->overlap)) break;
        }
        *s->pairs += k;
        if (*s->pairs > MOST_PAIRS)
            return soma_error(SOMA_UNSUPPORTED,
                              "more than %" PRIu64 " pairs of boxes to compare; up to so many are in a run",
                              MOST_PAIRS);
        if (k == *kept) s->kept[(*kept)++] = s->order[i];
    }
    return SOMA_OK;
}

/* A list of [batch, class, place] that grows. */
typedef struct list {
    double *at;
    size_t count, capacity;
} list;

static soma_status append(soma_onnx_node *node, list *found, size_t batch, size_t class, const suppression *s,
                          size_t kept) {
    if (found->count + kept > found->capacity) {
        double *grown = NULL;
        found->capacity = SOMA_MAX(2 * found->capacity, found->count + kept);
        SOMA_TRY(soma_onnx_make(node, 3 * found->capacity, &grown));
        if (found->count) memcpy(grown, found->at, 3 * found->count * sizeof *grown);
        found->at = grown;
    }
    for (size_t i = 0; i < kept; i++) {
        double *to = found->at + 3 * found->count++;
        to[0] = (double)batch;
        to[1] = (double)class;
        to[2] = (double)s->kept[i];
    }
    return SOMA_OK;
}

static soma_status suppress_all(soma_onnx_node *node, suppression *s, list *found) {
    SOMA_TRY(soma_onnx_make(node, 0, &found->at));
    for (size_t batch = 0; batch < s->batches; batch++)
        for (size_t class = 0; class < s->classes; class ++) {
            size_t kept;
            SOMA_TRY(suppress(s, batch, class, &kept));
            SOMA_TRY(append(node, found, batch, class, s, kept));
        }
    return SOMA_OK;
}

static soma_status check_shapes(const soma_onnx_node *node) {
    const soma_onnx_shape *boxes = &node->input[0]->shape, *scores = &node->input[1]->shape;
    if (boxes->rank == 3 && scores->rank == 3 && boxes->dim[2] == 4 && boxes->dim[0] == scores->dim[0] &&
        boxes->dim[1] == scores->dim[2])
        return SOMA_OK;
    return soma_error(
        SOMA_INVALID_SHAPE,
        "%s and %s have %u and %u dimensions; [batches, boxes, 4] and [batches, classes, boxes] are taken",
        node->input[0]->name, node->input[1]->name, boxes->rank, scores->rank);
}

static soma_status import_suppression(soma_onnx_node *node) {
    suppression s = {.pairs = &node->importer->pairs};
    int64_t by_center;
    double most, overlap_limit, threshold;
    size_t count;
    list found = {.at = NULL};
    if (!node->importer->host) return soma_onnx_open_result();
    SOMA_TRY(check_shapes(node));
    SOMA_TRY(soma_onnx_get_integer(node, "center_point_box", 0, &by_center));
    SOMA_TRY(soma_onnx_number_of(node, 2, 0, &most));
    SOMA_TRY(soma_onnx_number_of(node, 3, 0, &overlap_limit));
    SOMA_TRY(soma_onnx_number_of(node, 4, 0, &threshold));
    if (!(overlap_limit >= 0 && overlap_limit <= 1))
        return soma_error(SOMA_INVALID_FILE, "iou_threshold is %.9g; it must be from 0 to 1", overlap_limit);
    SOMA_TRY(soma_onnx_numbers_of(node, 0, &s.boxes, &count));
    SOMA_TRY(soma_onnx_numbers_of(node, 1, &s.scores, &count));
    const soma_onnx_shape *scores = &node->input[1]->shape;
    s.batches = scores->dim[0];
    s.classes = scores->dim[1];
    s.count = scores->dim[2];
    s.most = most > 0 ? (size_t)SOMA_MIN(most, (double)s.count) : 0;
    s.overlap = (float)overlap_limit;
    s.threshold = (float)threshold;
    s.limited = node->input_count > 4 && node->input[4];
    s.by_center = by_center != 0;
    s.order = soma_calloc(2 * s.count + 1, sizeof *s.order);
    if (!s.order) return soma_out_of_memory(2 * s.count * sizeof *s.order, node->output.name);
    s.kept = s.order + s.count;
    soma_status status = suppress_all(node, &s, &found);
    soma_free(s.order);
    SOMA_TRY(status);
    return soma_onnx_give_numbers(node, SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
                                  &(soma_onnx_shape){.rank = 2, .dim = {found.count, 3}}, false, found.at);
}

SOMA_ONNX_OP(NonMaxSuppression, 10, 2, 5, "center_point_box", import_suppression, 0, .place = SOMA_ONNX_ANYWHERE);
