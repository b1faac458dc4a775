/* SPDX-License-Identifier: MIT */
/*
 * Ensembles of decision trees. A file has a list of nodes of all trees, each with the numbers of the two that come
 * next, and a list of what leaves say. Here they become the tables of TREES, whose questions are all whether a feature
 * is at most a threshold: what is asked otherwise is turned over, or asked twice.
 */
#include "base/size.h"
#include "io/onnx/classes.h"
#include "io/onnx/family.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_COUNTED ((size_t)1 << 24) /* nodes and leaves, numbers of which are float32 */
enum { MOST_DEPTH = 1 << 16 };

typedef enum mode { LEQ, LT, GTE, GT, EQ, NEQ, LEAF } mode;

typedef struct tree_node {
    int64_t tree, id;
    size_t number;  /* in the file */
    size_t next[2]; /* places in this list: where it is so, and where not */
    size_t above;   /* nodes that lead here */
    size_t depth;   /* questions up to here, at most */
    int64_t feature;
    double threshold;
    mode mode;
    bool missing; /* NaN goes where it is so */
    bool root;
    size_t target; /* row of its table */
} tree_node;

typedef struct forest {
    tree_node *node; /* by tree and number */
    size_t count, trees, rows, leaves, outputs, depth;
    double *table, *leaf, *root;
    double *spoken;            /* as leaf: not 0 where a leaf speaks of an output; NULL: it makes no difference */
    bool all_positive, single; /* of two classes all leaves speak of one */
} forest;

/* --------------------------------------------------------------------------------------------------- what is there */

/* A list of so many whole numbers. */
static soma_status get_list(const soma_onnx_node *node, const char *name, size_t count, const int64_t **values) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    const size_t found = attribute ? attribute->n_ints : 0;
    if (found != count) return soma_error(SOMA_INVALID_FILE, "%s has %zu elements, %zu are needed", name, found, count);
    *values = attribute ? attribute->ints : NULL;
    return SOMA_OK;
}

static soma_status get_mode(const Soma__Onnx__AttributeProto *modes, size_t i, mode *found) {
    static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE", "BRANCH_GT",
                                        "BRANCH_EQ",  "BRANCH_NEQ", "LEAF"};
    const ProtobufCBinaryData *text = &modes->strings[i];
    for (size_t j = 0; j < SOMA_COUNT_OF(names); j++)
        if (text->len == strlen(names[j]) && memcmp(text->data, names[j], text->len) == 0)
            return *found = (mode)j, SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "the mode of node %zu is none of BRANCH_LEQ, BRANCH_LT, BRANCH_GTE, BRANCH_GT, "
                      "BRANCH_EQ, BRANCH_NEQ and LEAF",
                      i);
}

static int compare(const void *left, const void *right) {
    const tree_node *a = left, *b = right;
    if (a->tree != b->tree) return a->tree < b->tree ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static tree_node *find_node(const forest *all, int64_t tree, int64_t id) {
    const tree_node key = {.tree = tree, .id = id};
    return bsearch(&key, all->node, all->count, sizeof key, compare);
}

static soma_status read_nodes(soma_onnx_node *node, size_t features, forest *all) {
    const Soma__Onnx__AttributeProto *ids = soma_onnx_attribute(node, "nodes_nodeids");
    const Soma__Onnx__AttributeProto *modes = soma_onnx_attribute(node, "nodes_modes");
    const Soma__Onnx__AttributeProto *missing = soma_onnx_attribute(node, "nodes_missing_value_tracks_true");
    const int64_t *trees = NULL, *feature = NULL;
    const double *threshold = NULL;
    size_t thresholds = 0;
    SOMA_TRY(get_list(node, "nodes_treeids", all->count, &trees));
    SOMA_TRY(get_list(node, "nodes_featureids", all->count, &feature));
    SOMA_TRY(soma_onnx_get_numbers(node, "nodes_values", &threshold, &thresholds));
    if (thresholds != all->count || !modes || modes->n_strings != all->count ||
        (missing && missing->n_ints && missing->n_ints != all->count))
        return soma_error(
            SOMA_INVALID_FILE,
            "there are %zu nodes; nodes_values, nodes_modes and nodes_missing_value_tracks_true must have "
            "as many elements",
            all->count);
    for (size_t i = 0; i < all->count; i++) {
        tree_node *one = &all->node[i];
        *one = (tree_node){.tree = trees[i], .id = ids->ints[i], .number = i, .feature = feature[i]};
        one->threshold = threshold[i];
        one->missing = missing && missing->n_ints && missing->ints[i] != 0;
        SOMA_TRY(get_mode(modes, i, &one->mode));
        if (one->mode != LEAF && (one->feature < 0 || (uint64_t)one->feature >= features))
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

static soma_status link_nodes(soma_onnx_node *node, forest *all) {
    const int64_t *next[2] = {NULL, NULL};
    SOMA_TRY(get_list(node, "nodes_truenodeids", all->count, &next[0]));
    SOMA_TRY(get_list(node, "nodes_falsenodeids", all->count, &next[1]));
    for (size_t i = 0; i < all->count; i++) {
        tree_node *one = &all->node[i];
        for (unsigned j = 0; one->mode != LEAF && j < 2; j++) {
            const int64_t id = next[j][one->number];
            tree_node *other = find_node(all, one->tree, id);
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
static soma_status measure(forest *all, size_t *order) {
    size_t ready = 0;
    for (size_t i = 0; i < all->count; i++)
        if ((all->node[i].root = all->node[i].above == 0)) order[ready++] = i;
    for (size_t i = 0; i < ready; i++) {
        const tree_node *one = &all->node[order[i]];
        const size_t questions = one->mode == EQ || one->mode == NEQ ? 2 : 1;
        for (unsigned j = 0; one->mode != LEAF && j < 2; j++) {
            tree_node *other = &all->node[one->next[j]];
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

static double number_of(const forest *all, size_t place) {
    const tree_node *one = &all->node[place];
    return one->mode == LEAF ? -1.0 - (double)one->target : (double)one->target;
}

static void put_row(forest *all, size_t row, const tree_node *one, bool missing, double threshold, double yes,
                    double no) {
    double *to = all->table + 4 * row;
    to[0] = missing ? -1.0 - (double)one->feature : (double)one->feature;
    to[1] = threshold;
    to[2] = yes;
    to[3] = no;
}

/* Whether NaN goes the first way is asked of the question as it is put. */
static void put_question(forest *all, const tree_node *one) {
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

static soma_status count_rows(forest *all) {
    for (size_t i = 0; i < all->count; i++) {
        tree_node *one = &all->node[i];
        all->trees += i == 0 || one->tree != one[-1].tree;
        one->target = one->mode == LEAF ? all->leaves++ : all->rows;
        if (one->mode != LEAF) all->rows += one->mode == EQ || one->mode == NEQ ? 2 : 1;
    }
    if (all->rows > MOST_COUNTED || all->leaves > MOST_COUNTED)
        return soma_error(SOMA_UNSUPPORTED, "%zu questions and %zu leaves; at most %zu of each are counted in float32",
                          all->rows, all->leaves, MOST_COUNTED);
    return SOMA_OK;
}

/* Nothing leads to a root; each tree has one, or there were a path that never ends. */
static soma_status put_roots(forest *all) {
    const tree_node *last = NULL;
    size_t tree = 0;
    for (size_t i = 0; i < all->count; i++) {
        const tree_node *one = &all->node[i];
        if (!one->root) continue;
        if (last && last->tree == one->tree)
            return soma_error(SOMA_INVALID_FILE, "tree %" PRId64 " has two roots, nodes %" PRId64 " and %" PRId64,
                              one->tree, last->id, one->id);
        all->root[tree++] = number_of(all, i);
        last = one;
    }
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------------------- leaves */

/* How the attributes of what leaves say are called. */
typedef struct leaf_names {
    const char *trees, *nodes, *outputs, *weights;
} leaf_names;

/* What a node that is no leaf says nobody hears. */
static soma_status put_leaves(soma_onnx_node *node, const leaf_names *names, const double *weight, size_t count,
                              forest *all) {
    const int64_t *tree = NULL, *id = NULL, *output = NULL;
    SOMA_TRY(get_list(node, names->trees, count, &tree));
    SOMA_TRY(get_list(node, names->nodes, count, &id));
    SOMA_TRY(get_list(node, names->outputs, count, &output));
    for (size_t i = 0; i < count; i++) {
        const tree_node *one = find_node(all, tree[i], id[i]);
        if (!one)
            return soma_error(SOMA_INVALID_FILE,
                              "%s: element %zu is node %" PRId64 " of tree %" PRId64 ", which there is not",
                              names->nodes, i, id[i], tree[i]);
        if (one->mode != LEAF) continue;
        const size_t place = one->target * all->outputs + (size_t)(all->single ? 0 : output[i]);
        all->leaf[place] += weight[i];
        if (all->spoken) all->spoken[place] = 1;
    }
    return SOMA_OK;
}

/* Whether some tree speaks of a class wherever a path ends in it. */
static bool is_always_spoken_of(const forest *all, size_t output) {
    for (size_t i = 0, next; i < all->count; i = next) {
        bool always = true;
        for (next = i; next < all->count && all->node[next].tree == all->node[i].tree; next++)
            always &= all->node[next].mode != LEAF || all->spoken[all->node[next].target * all->outputs + output] != 0;
        if (always) return true;
    }
    return false;
}

/* ONNX chooses among the classes that a sample's leaves speak of. Others have the score 0 here, which is the largest
 * where all of those are negative. */
static soma_status refuse_unspoken(const forest *all) {
    for (size_t output = 0; all->spoken && output < all->outputs; output++)
        if (!is_always_spoken_of(all, output))
            return soma_error(SOMA_UNSUPPORTED,
                              "there are negative weights, and samples of whose leaves none speaks of class %zu; known "
                              "are positive weights, or a tree for each class all of whose leaves speak of it",
                              output);
    return SOMA_OK;
}

/* Whether of two classes all leaves speak of one, whose score then tells them apart. */
static soma_status look_at_outputs(soma_onnx_node *node, const leaf_names *names, const double *weight, size_t count,
                                   bool classes, forest *all) {
    const int64_t *output = NULL;
    bool same = true;
    SOMA_TRY(get_list(node, names->outputs, count, &output));
    all->all_positive = true;
    for (size_t i = 0; i < count; i++) {
        if (output[i] < 0 || (uint64_t)output[i] >= all->outputs)
            return soma_error(SOMA_INVALID_FILE, "%s: element %zu is %" PRId64 "; there are %zu outputs",
                              names->outputs, i, output[i], all->outputs);
        same &= output[i] == output[0];
        all->all_positive &= weight[i] >= 0;
    }
    all->single = classes && all->outputs == 2 && same;
    if (all->single && count && output[0] != 0)
        return soma_error(SOMA_UNSUPPORTED,
                          "leaves speak of the second of two classes alone; of the first alone, or of both, are known");
    if (all->single) all->outputs = 1;
    return SOMA_OK;
}

static soma_status make_tables(soma_onnx_node *node, const leaf_names *names, bool classes, forest *all) {
    const double *weight = NULL;
    size_t count = 0, elements;
    SOMA_TRY(soma_onnx_get_numbers(node, names->weights, &weight, &count));
    SOMA_TRY(look_at_outputs(node, names, weight, count, classes, all));
    SOMA_TRY(count_rows(all));
    if (!soma_multiply_size(all->leaves, all->outputs, &elements))
        return soma_error(SOMA_INVALID_FILE, "%zu leaves for %zu outputs each", all->leaves, all->outputs);
    SOMA_TRY(soma_onnx_make(node, elements, &all->leaf));
    memset(all->leaf, 0, elements * sizeof *all->leaf);
    SOMA_TRY(soma_onnx_make(node, 4 * SOMA_MAX(all->rows, (size_t)1), &all->table));
    memset(all->table, 0, 4 * SOMA_MAX(all->rows, (size_t)1) * sizeof *all->table);
    for (size_t i = 0; i < all->count; i++)
        if (all->node[i].mode != LEAF) put_question(all, &all->node[i]);
    SOMA_TRY(soma_onnx_make(node, all->trees, &all->root));
    SOMA_TRY(put_roots(all));
    if (classes && !all->single && !all->all_positive) {
        SOMA_TRY(soma_onnx_make(node, elements, &all->spoken));
        memset(all->spoken, 0, elements * sizeof *all->spoken);
    }
    SOMA_TRY(put_leaves(node, names, weight, count, all));
    return refuse_unspoken(all);
}

static soma_status read_forest(soma_onnx_node *node, size_t features, const leaf_names *names, bool classes,
                               forest *all, size_t *order) {
    SOMA_TRY(read_nodes(node, features, all));
    SOMA_TRY(link_nodes(node, all));
    SOMA_TRY(measure(all, order));
    return make_tables(node, names, classes, all);
}

/* ---------------------------------------------------------------------------------------------------------- import */

/* What the trees add up to. */
static soma_status add_trees(soma_onnx_node *node, soma_tensor *x, const forest *all, soma_tensor **y) {
    soma_tensor *input[4] = {x};
    const size_t rows = SOMA_MAX(all->rows, (size_t)1);
    SOMA_TRY(soma_onnx_add_numbers(node, ".nodes", 2, (size_t[]){rows, 4}, all->table, true, &input[1]));
    SOMA_TRY(
        soma_onnx_add_numbers(node, ".leaves", 2, (size_t[]){all->leaves, all->outputs}, all->leaf, true, &input[2]));
    SOMA_TRY(soma_onnx_add_numbers(node, ".roots", 1, &all->trees, all->root, true, &input[3]));
    soma_tensor_spec spec = {.op = SOMA_OP_TREES, .input_count = 4, .input = input};
    spec.attributes.trees.depth = (uint32_t)all->depth;
    return soma_graph_add(soma_onnx_graph(node), &spec, y);
}

/* all->outputs: how many there are, in the file's count. */
static soma_status import_forest(soma_onnx_node *node, const leaf_names *names, bool classes, forest *all,
                                 soma_tensor **y) {
    const Soma__Onnx__AttributeProto *ids = soma_onnx_attribute(node, "nodes_nodeids");
    soma_tensor *x = NULL;
    size_t features = 0;
    SOMA_TRY(soma_onnx_rows(node, &x, &features));
    all->count = ids ? ids->n_ints : 0;
    if (!all->count) return soma_error(SOMA_INVALID_FILE, "the trees have no nodes");
    SOMA_TRY(soma_onnx_take_made(node->importer, all->count, sizeof *all->node + sizeof(size_t), node->output.name));
    all->node = soma_calloc(all->count, sizeof *all->node);
    size_t *order = soma_calloc(all->count, sizeof *order);
    soma_status status = all->node && order ? read_forest(node, features, names, classes, all, order)
                                            : soma_out_of_memory(all->count * sizeof *all->node, "the nodes of trees");
    soma_free(all->node);
    soma_free(order);
    return status == SOMA_OK ? add_trees(node, x, all, y) : status;
}

/* x with the base values, as many as there are outputs, or one for all. */
static soma_status add_base(soma_onnx_node *node, size_t outputs, soma_tensor **x) {
    const double *base;
    size_t count;
    soma_tensor *values;
    SOMA_TRY(soma_onnx_get_numbers(node, "base_values", &base, &count));
    if (count == 0) return SOMA_OK;
    if (count == 1 && outputs == 1) return soma_onnx_with_number(node, *x, (float)base[0], SOMA_BINARY_ADD, x);
    if (count != outputs)
        return soma_error(SOMA_UNSUPPORTED, "%zu base values for %zu outputs; one for each is taken", count, outputs);
    SOMA_TRY(soma_onnx_add_numbers(node, ".base", 1, &count, base, true, &values));
    return soma_graph_binary(soma_onnx_graph(node), *x, values, SOMA_BINARY_ADD, x);
}

#define NODE_ATTRIBUTES                                                                                                \
    "base_values base_values_as_tensor nodes_falsenodeids nodes_featureids nodes_hitrates nodes_hitrates_as_tensor "   \
    "nodes_missing_value_tracks_true nodes_modes nodes_nodeids nodes_treeids nodes_truenodeids nodes_values "          \
    "nodes_values_as_tensor post_transform "

static soma_status import_regressor(soma_onnx_node *node) {
    static const leaf_names names = {"target_treeids", "target_nodeids", "target_ids", "target_weights"};
    soma_onnx_shape out = node->input[0]->shape;
    forest all = {.count = 0};
    soma_tensor *y;
    int64_t targets;
    char how[16];
    SOMA_TRY(soma_onnx_get_integer(node, "n_targets", 1, &targets));
    if (targets < 1 || targets > (int64_t)MOST_COUNTED)
        return soma_error(SOMA_INVALID_FILE, "%" PRId64 " targets", targets);
    SOMA_TRY(soma_onnx_get_text(node, "aggregate_function", "SUM", how, sizeof how));
    const bool mean = strcmp(how, "AVERAGE") == 0;
    if (!mean && strcmp(how, "SUM") != 0)
        return soma_error(SOMA_UNSUPPORTED, "aggregate_function is %s; SUM and AVERAGE are known", how);
    all.outputs = (size_t)targets;
    SOMA_TRY(import_forest(node, &names, false, &all, &y));
    if (mean) SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, 1.0f / (float)all.trees, 0, &y));
    SOMA_TRY(add_base(node, (size_t)targets, &y));
    SOMA_TRY(soma_onnx_transform_scores(node, y, &y));
    out.dim[1] = (size_t)targets;
    return soma_onnx_give(node, y, &out);
}

SOMA_ONNX_OP(TreeEnsembleRegressor, 1, 1, 1,
             NODE_ATTRIBUTES "aggregate_function n_targets target_ids target_nodeids target_treeids target_weights "
                             "target_weights_as_tensor",
             import_regressor, 0, .domain = SOMA_ONNX_ML);

static soma_status import_classifier(soma_onnx_node *node) {
    static const leaf_names names = {"class_treeids", "class_nodeids", "class_ids", "class_weights"};
    soma_onnx_classes classes;
    SOMA_TRY(soma_onnx_get_classes(node, "classlabels_int64s", "classlabels_strings", &classes));
    if (!node->kept[0]) {
        forest all = {.outputs = classes.count};
        soma_tensor *y = NULL;
        SOMA_TRY(import_forest(node, &names, true, &all, &y));
        SOMA_TRY(add_base(node, all.outputs, &y));
        node->kept[0] = y;
        node->kind = !all.single ? SOMA_ONNX_SCORES : all.all_positive ? SOMA_ONNX_PROBABILITY : SOMA_ONNX_MARGIN;
    }
    return soma_onnx_give_classes(node, node->kept[0], (soma_onnx_score_kind)node->kind,
                                  node->kind == SOMA_ONNX_PROBABILITY ? 0.5f : 0, &classes);
}

SOMA_ONNX_SEVERAL(TreeEnsembleClassifier, 1, 1, 1,
                  NODE_ATTRIBUTES "class_ids class_nodeids class_treeids class_weights class_weights_as_tensor "
                                  "classlabels_int64s classlabels_strings",
                  import_classifier, 0, .domain = SOMA_ONNX_ML);
