/* SPDX-License-Identifier: MIT */
/* The nodes of trees: which leads where, and what each asks as questions of TREES; see trees.c. */
#include "io/onnx/classes.h"
#include "io/onnx/trees.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DEPTH = 1 << 16 };
enum { LEQ, LT, GTE, GT, EQ, NEQ, LEAF }; /* modes */

/* --------------------------------------------------------------------------------------------------- what is there */

/* A list of so many whole numbers. */
soma_status soma_onnx_tree_list(const soma_onnx_node *node, const char *name, size_t count, const int64_t **values) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    const size_t found = attribute ? attribute->n_ints : 0;
    if (found != count) return soma_error(SOMA_INVALID_FILE, "%s has %zu elements, %zu are needed", name, found, count);
    *values = attribute ? attribute->ints : NULL;
    return SOMA_OK;
}

static soma_status get_mode(const Soma__Onnx__AttributeProto *modes, size_t i, int *found) {
    static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE", "BRANCH_GT",
                                        "BRANCH_EQ",  "BRANCH_NEQ", "LEAF"};
    const ProtobufCBinaryData *text = &modes->strings[i];
    for (size_t j = 0; j < SOMA_COUNT_OF(names); j++)
        if (text->len == strlen(names[j]) && memcmp(text->data, names[j], text->len) == 0)
            return *found = (int)j, SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "the mode of node %zu is none of BRANCH_LEQ, BRANCH_LT, BRANCH_GTE, BRANCH_GT, "
                      "BRANCH_EQ, BRANCH_NEQ and LEAF",
                      i);
}

static int compare(const void *left, const void *right) {
    const soma_onnx_tree_node *a = left, *b = right;
    if (a->tree != b->tree) return a->tree < b->tree ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

soma_onnx_tree_node *soma_onnx_find_tree_node(const soma_onnx_forest *all, int64_t tree, int64_t id) {
    const soma_onnx_tree_node key = {.tree = tree, .id = id};
    return bsearch(&key, all->node, all->count, sizeof key, compare);
}

static soma_status read_nodes(soma_onnx_node *node, size_t features, soma_onnx_forest *all) {
    const Soma__Onnx__AttributeProto *ids = soma_onnx_attribute(node, "nodes_nodeids");
    const Soma__Onnx__AttributeProto *modes = soma_onnx_attribute(node, "nodes_modes");
    const Soma__Onnx__AttributeProto *missing = soma_onnx_attribute(node, "nodes_missing_value_tracks_true");
    const int64_t *trees = NULL, *feature = NULL;
    const double *threshold = NULL;
    size_t thresholds = 0;
    SOMA_TRY(soma_onnx_tree_list(node, "nodes_treeids", all->count, &trees));
    SOMA_TRY(soma_onnx_tree_list(node, "nodes_featureids", all->count, &feature));
    SOMA_TRY(soma_onnx_get_numbers(node, "nodes_values", &threshold, &thresholds));
    if (thresholds != all->count || !modes || modes->n_strings != all->count ||
        (missing && missing->n_ints && missing->n_ints != all->count))
        return soma_error(
            SOMA_INVALID_FILE,
            "there are %zu nodes; nodes_values, nodes_modes and nodes_missing_value_tracks_true must have "
            "as many elements",
            all->count);
    for (size_t i = 0; i < all->count; i++) {
        soma_onnx_tree_node *one = &all->node[i];
        *one = (soma_onnx_tree_node){.tree = trees[i], .id = ids->ints[i], .number = i, .feature = feature[i]};
        one->threshold = threshold[i];
        one->missing = missing && missing->n_ints && missing->ints[i] != 0;
        SOMA_TRY(get_mode(modes, i, &one->mode));
        one->leaf = one->mode == LEAF;
        if (!one->leaf && (one->feature < 0 || (uint64_t)one->feature >= features))
            return soma_error(SOMA_INVALID_FILE, "node %zu asks for feature %" PRId64 " of %zu", i, one->feature,
                              features);
    }
    qsort(all->node, all->count, sizeof *all->node, compare);
    for (size_t i = 1; i < all->count; i++)
        if (compare(&all->node[i - 1], &all->node[i]) == 0)
            return soma_error(SOMA_INVALID_FILE, "tree %" PRId64 " has two nodes %" PRId64, all->node[i].tree,
                              all->node[i].id);
    return SOMA_OK;
}

static soma_status link_nodes(soma_onnx_node *node, soma_onnx_forest *all) {
    const int64_t *next[2] = {NULL, NULL};
    SOMA_TRY(soma_onnx_tree_list(node, "nodes_truenodeids", all->count, &next[0]));
    SOMA_TRY(soma_onnx_tree_list(node, "nodes_falsenodeids", all->count, &next[1]));
    for (size_t i = 0; i < all->count; i++) {
        soma_onnx_tree_node *one = &all->node[i];
        for (unsigned j = 0; !one->leaf && j < 2; j++) {
            const int64_t id = next[j][one->number];
            soma_onnx_tree_node *other = soma_onnx_find_tree_node(all, one->tree, id);
            if (!other)
                return soma_error(SOMA_INVALID_FILE,
                                  "node %" PRId64 " of tree %" PRId64 " goes on at node %" PRId64
                                  ", which the tree does not have",
                                  one->id, one->tree, id);
            one->next[j] = (size_t)(other - all->node);
            other->above++;
        }
    }
    return SOMA_OK;
}

/* From the roots down, a node after all that lead to it: where a path comes back to where it was, that never happens.
 */
static soma_status measure(soma_onnx_forest *all, size_t *order) {
    size_t ready = 0;
    for (size_t i = 0; i < all->count; i++)
        if ((all->node[i].root = all->node[i].above == 0)) order[ready++] = i;
    for (size_t i = 0; i < ready; i++) {
        const soma_onnx_tree_node *one = &all->node[order[i]];
        const size_t questions = one->mode == EQ || one->mode == NEQ ? 2 : 1;
        for (unsigned j = 0; !one->leaf && j < 2; j++) {
            soma_onnx_tree_node *other = &all->node[one->next[j]];
            other->depth = SOMA_MAX(other->depth, one->depth + questions);
            all->depth = SOMA_MAX(all->depth, other->depth);
            if (--other->above == 0) order[ready++] = one->next[j];
        }
    }
    if (ready < all->count)
        return soma_error(SOMA_INVALID_FILE, "%zu of %zu nodes lie on paths that never end", all->count - ready,
                          all->count);
    if (all->depth > MOST_DEPTH)
        return soma_error(SOMA_UNSUPPORTED, "a tree asks %zu questions one after the other; at most %d are possible",
                          all->depth, MOST_DEPTH);
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- tables */

/* What is below it, so that x < t is x <= that. Next to 0 it is no subnormal number, for devices that take those for 0;
 * below -infinity there is nothing, and nothing is at most NaN. */
static double below(double threshold) {
    const float rounded = (float)threshold;
    if (isnan(rounded) || (double)rounded < threshold) return (double)rounded;
    if (isinf(rounded) && rounded < 0) return NAN;
    if (rounded == 0.0f) return (double)-FLT_MIN;
    return (double)nextafterf(rounded, -INFINITY);
}

/* The largest float32 that is not above: x <= t is x <= that for every float32 x. */
static double at_most(double threshold) {
    const float rounded = (float)threshold;
    return (double)rounded > threshold ? (double)nextafterf(rounded, -INFINITY) : (double)rounded;
}

static double number_of(const soma_onnx_forest *all, size_t place) {
    const soma_onnx_tree_node *one = &all->node[place];
    return one->leaf ? -1.0 - (double)one->target : (double)one->target;
}

static void put_row(soma_onnx_forest *all, size_t row, const soma_onnx_tree_node *one, bool missing, double threshold,
                    double yes, double no) {
    double *to = all->table + 4 * row;
    to[0] = missing ? -1.0 - (double)one->feature : (double)one->feature;
    to[1] = threshold;
    to[2] = yes;
    to[3] = no;
}

/* Whether NaN goes the first way is asked of the question as it is put. */
static void put_question(soma_onnx_forest *all, const soma_onnx_tree_node *one) {
    const double yes = number_of(all, one->next[0]), no = number_of(all, one->next[1]);
    const double second = (double)one->target + 1, threshold = one->threshold;
    switch (one->mode) {
    case LEQ:
        put_row(all, one->target, one, one->missing, at_most(threshold), yes, no);
        break;
    case LT:
        put_row(all, one->target, one, one->missing, below(threshold), yes, no);
        break;
    case GTE:
        put_row(all, one->target, one, !one->missing, below(threshold), no, yes);
        break;
    case GT:
        put_row(all, one->target, one, !one->missing, at_most(threshold), no, yes);
        break;
    case EQ:
        put_row(all, one->target, one, one->missing, at_most(threshold), second, no);
        put_row(all, one->target + 1, one, false, below(threshold), no, yes);
        break;
    default: /* NEQ: NaN is not equal */
        put_row(all, one->target, one, false, at_most(threshold), second, yes);
        put_row(all, one->target + 1, one, false, below(threshold), yes, no);
    }
}

static soma_status count_rows(soma_onnx_forest *all) {
    for (size_t i = 0; i < all->count; i++) {
        soma_onnx_tree_node *one = &all->node[i];
        all->trees += i == 0 || one->tree != one[-1].tree;
        one->target = one->leaf ? all->leaves++ : all->rows;
        if (!one->leaf) all->rows += one->mode == EQ || one->mode == NEQ ? 2 : 1;
    }
    if (all->rows > SOMA_ONNX_MOST_LEAVES || all->leaves > SOMA_ONNX_MOST_LEAVES)
        return soma_error(SOMA_UNSUPPORTED, "%zu questions and %zu leaves; at most %zu of each are counted in float32",
                          all->rows, all->leaves, SOMA_ONNX_MOST_LEAVES);
    return SOMA_OK;
}

/* Nothing leads to a root; each tree has one, or there were a path that never ends. */
static soma_status put_roots(soma_onnx_forest *all) {
    const soma_onnx_tree_node *last = NULL;
    size_t tree = 0;
    for (size_t i = 0; i < all->count; i++) {
        const soma_onnx_tree_node *one = &all->node[i];
        if (!one->root) continue;
        if (last && last->tree == one->tree)
            return soma_error(SOMA_INVALID_FILE, "tree %" PRId64 " has two roots, nodes %" PRId64 " and %" PRId64,
                              one->tree, last->id, one->id);
        all->root[tree++] = number_of(all, i);
        last = one;
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------- all */

soma_status soma_onnx_read_trees(soma_onnx_node *node, size_t features, soma_onnx_forest *all, size_t *order) {
    SOMA_TRY(read_nodes(node, features, all));
    SOMA_TRY(link_nodes(node, all));
    SOMA_TRY(measure(all, order));
    return count_rows(all);
}

soma_status soma_onnx_put_questions(soma_onnx_node *node, soma_onnx_forest *all) {
    const size_t numbers = 4 * SOMA_MAX(all->rows, (size_t)1);
    SOMA_TRY(soma_onnx_make(node, numbers, &all->table));
    memset(all->table, 0, numbers * sizeof *all->table);
    for (size_t i = 0; i < all->count; i++)
        if (!all->node[i].leaf) put_question(all, &all->node[i]);
    SOMA_TRY(soma_onnx_make(node, all->trees, &all->root));
    return put_roots(all);
}
