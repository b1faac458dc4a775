/* SPDX-License-Identifier: MIT */
/*
 * Ensembles of decision trees. A file has a list of nodes of all trees, each with the numbers of the two that come
 * next, and a list of what leaves say. Here they become the tables of TREES, whose questions are all whether a feature
 * is at most a threshold: what is asked otherwise is turned over, or asked twice.
 */
#include "io/onnx/trees.h"
#include "base/size.h"
#include "io/onnx/classes.h"

#include <float.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- leaves */

/* How the attributes of what leaves say are called. */
typedef struct leaf_names {
    const char *trees, *nodes, *outputs, *weights;
} leaf_names;

/* What a node that is no leaf says nobody hears. */
static soma_status put_leaves(soma_onnx_node *node, const leaf_names *names, const double *weight, size_t count,
                              soma_onnx_forest *all) {
    const int64_t *tree = NULL, *id = NULL, *output = NULL;
    SOMA_TRY(soma_onnx_tree_list(node, names->trees, count, &tree));
    SOMA_TRY(soma_onnx_tree_list(node, names->nodes, count, &id));
    SOMA_TRY(soma_onnx_tree_list(node, names->outputs, count, &output));
    for (size_t i = 0; i < count; i++) {
        const soma_onnx_tree_node *one = soma_onnx_find_tree_node(all, tree[i], id[i]);
        if (!one)
            return soma_error(SOMA_INVALID_FILE,
                              "%s: element %zu is node %" PRId64 " of tree %" PRId64 ", which there is not",
                              names->nodes, i, id[i], tree[i]);
        if (!one->leaf) continue;
        const size_t place = one->target * all->outputs + (size_t)(all->single ? 0 : output[i]);
        all->leaf[place] += weight[i];
        if (all->spoken) all->spoken[place] = 1;
    }
    return SOMA_OK;
}

/* Whether some tree speaks of a class wherever a path ends in it. */
static bool is_always_spoken_of(const soma_onnx_forest *all, size_t output) {
    for (size_t i = 0, next; i < all->count; i = next) {
        bool always = true;
        for (next = i; next < all->count && all->node[next].tree == all->node[i].tree; next++)
            always &= !all->node[next].leaf || all->spoken[all->node[next].target * all->outputs + output] != 0;
        if (always) return true;
    }
    return false;
}

/* ONNX chooses among the classes that a sample's leaves speak of. Others have the score 0 here, which is the largest
 * where all of those are negative. */
static soma_status refuse_unspoken(const soma_onnx_forest *all) {
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
                                   bool classes, soma_onnx_forest *all) {
    const int64_t *output = NULL;
    bool same = true;
    SOMA_TRY(soma_onnx_tree_list(node, names->outputs, count, &output));
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

/* What a leaf says of an output that it does not name, where the least or largest number counts. */
static float silent(const soma_onnx_forest *all) {
    return all->combine == SOMA_BINARY_MAXIMUM ? -FLT_MAX : FLT_MAX;
}

static soma_status make_tables(soma_onnx_node *node, const leaf_names *names, bool classes, soma_onnx_forest *all) {
    const double *weight = NULL;
    size_t count = 0, elements;
    SOMA_TRY(soma_onnx_get_numbers(node, names->weights, &weight, &count));
    SOMA_TRY(look_at_outputs(node, names, weight, count, classes, all));
    if (!soma_multiply_size(all->leaves, all->outputs, &elements))
        return soma_error(SOMA_INVALID_FILE, "%zu leaves for %zu outputs each", all->leaves, all->outputs);
    SOMA_TRY(soma_onnx_make(node, elements, &all->leaf));
    memset(all->leaf, 0, elements * sizeof *all->leaf);
    SOMA_TRY(soma_onnx_put_questions(node, all));
    if (all->extreme || (classes && !all->single && !all->all_positive)) {
        SOMA_TRY(soma_onnx_make(node, elements, &all->spoken));
        memset(all->spoken, 0, elements * sizeof *all->spoken);
    }
    SOMA_TRY(put_leaves(node, names, weight, count, all));
    if (!all->extreme) return refuse_unspoken(all);
    for (size_t i = 0; i < elements; i++)
        if (all->spoken[i] == 0) all->leaf[i] = (double)silent(all);
    return SOMA_OK;
}

static soma_status read_forest(soma_onnx_node *node, size_t features, const leaf_names *names, bool classes,
                               soma_onnx_forest *all, size_t *order) {
    SOMA_TRY(soma_onnx_read_trees(node, features, all, order));
    return make_tables(node, names, classes, all);
}

/* ---------------------------------------------------------------------------------------------------------- import */

/* What the trees from number `first` on add up to, so many of them. */
static soma_status add_trees(soma_onnx_node *node, soma_tensor *const *tables, const soma_onnx_forest *all,
                             size_t first, size_t count, soma_tensor **y) {
    soma_tensor *input[4] = {tables[0], tables[1], tables[2]};
    SOMA_TRY(soma_onnx_add_numbers(node, ".roots", 1, &count, all->root + first, true, &input[3]));
    soma_tensor_spec spec = {.op = SOMA_OP_TREES, .input_count = 4, .input = input};
    spec.attributes.trees.depth = (uint32_t)all->depth;
    return soma_graph_add(soma_onnx_graph(node), &spec, y);
}

/* The least or largest of what they say; 0 for outputs that none of a sample's leaves names. */
static soma_status choose_among_trees(soma_onnx_node *node, soma_tensor *const *tables, const soma_onnx_forest *all,
                                      soma_tensor **y) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *one, *spoken;
    if (all->trees > SOMA_MOST_PIECES)
        return soma_error(SOMA_UNSUPPORTED, "the least or largest of %zu trees; of up to %d it is known", all->trees,
                          SOMA_MOST_PIECES);
    SOMA_TRY(add_trees(node, tables, all, 0, 1, y));
    for (size_t i = 1; i < all->trees; i++) {
        SOMA_TRY(add_trees(node, tables, all, i, 1, &one));
        SOMA_TRY(soma_graph_binary(graph, *y, one, all->combine, y));
    }
    SOMA_TRY(soma_onnx_with_number(node, *y, silent(all), SOMA_BINARY_EQUAL, &spoken));
    SOMA_TRY(soma_onnx_with_number(node, spoken, 0, SOMA_BINARY_EQUAL, &spoken));
    return soma_graph_binary(graph, *y, spoken, SOMA_BINARY_KEEP, y);
}

static soma_status combine_trees(soma_onnx_node *node, soma_tensor *x, const soma_onnx_forest *all, soma_tensor **y) {
    soma_tensor *tables[3] = {x};
    const size_t rows = SOMA_MAX(all->rows, (size_t)1);
    SOMA_TRY(soma_onnx_add_numbers(node, ".nodes", 2, (size_t[]){rows, 4}, all->table, true, &tables[1]));
    SOMA_TRY(
        soma_onnx_add_numbers(node, ".leaves", 2, (size_t[]){all->leaves, all->outputs}, all->leaf, true, &tables[2]));
    return all->extreme ? choose_among_trees(node, tables, all, y) : add_trees(node, tables, all, 0, all->trees, y);
}

/* all->outputs: how many there are, in the file's count. */
static soma_status import_forest(soma_onnx_node *node, const leaf_names *names, bool classes, soma_onnx_forest *all,
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
    return status == SOMA_OK ? combine_trees(node, x, all, y) : status;
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
    soma_onnx_forest all = {.count = 0};
    soma_tensor *y;
    int64_t targets;
    char how[16];
    SOMA_TRY(soma_onnx_get_integer(node, "n_targets", 1, &targets));
    if (targets < 1 || targets > (int64_t)SOMA_ONNX_MOST_LEAVES)
        return soma_error(SOMA_INVALID_FILE, "%" PRId64 " targets", targets);
    SOMA_TRY(soma_onnx_get_text(node, "aggregate_function", "SUM", how, sizeof how));
    const bool mean = strcmp(how, "AVERAGE") == 0, least = strcmp(how, "MIN") == 0;
    all.extreme = least || strcmp(how, "MAX") == 0;
    all.combine = least ? SOMA_BINARY_MINIMUM : SOMA_BINARY_MAXIMUM;
    if (!mean && !all.extreme && strcmp(how, "SUM") != 0)
        return soma_error(SOMA_UNSUPPORTED, "aggregate_function is %s; SUM, AVERAGE, MIN and MAX are known", how);
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
        soma_onnx_forest all = {.outputs = classes.count};
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
