/* SPDX-License-Identifier: MIT */
/*
 * TreeEnsemble, which ai.onnx.ml has since version 5 in the place of its older ops: nodes and leaves lie in lists of
 * their own, trees begin at roots, and a node may ask for one of several numbers. It is written as an older
 * TreeEnsembleRegressor, and read as that.
 */
#include "base/size.h"
#include "io/onnx/classes.h"
#include "io/onnx/trees.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { MEMBER = 6, MOST_NODES = 1 << 24 };

/* The file's lists. */
typedef struct ensemble {
    soma_onnx_node *node;
    size_t nodes, leaves, roots, members;
    const int64_t *feature, *next[2], *is_leaf[2], *target, *root, *missing;
    const double *mode, *split, *weight, *member;
    size_t *first_member; /* [nodes]: of those that ask for one of several */
} ensemble;

/* A node or a leaf on the way: numbers of the older op's. */
typedef struct older {
    size_t count, leaves, most;
    int64_t *tree, *id, *feature, *next[2], *missing, *leaf_tree, *leaf_id, *leaf_target;
    double *split, *weight;
    ProtobufCBinaryData *mode;
} older;

/* ------------------------------------------------------------------------------------------------------ what is there
 */

static soma_status get_numbers(soma_onnx_node *node, const char *name, size_t least, const double **values,
                               size_t *count) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    *values = NULL;
    *count = 0;
    if (attribute) SOMA_TRY(soma_onnx_get_tensor_numbers(node, attribute, values, count));
    if (*count >= least) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s has %zu elements, %zu are needed", name, *count, least);
}

/* Sets of numbers lie one after the other, each with a NaN behind it. */
static soma_status find_members(ensemble *all) {
    size_t at = 0;
    for (size_t i = 0; i < all->nodes; i++) {
        if (all->mode[i] != MEMBER) continue;
        all->first_member[i] = at;
        while (at < all->members && !isnan(all->member[at])) at++;
        if (at == all->first_member[i]) return soma_error(SOMA_INVALID_FILE, "node %zu asks for one of no numbers", i);
        at++;
    }
    return SOMA_OK;
}

static soma_status read_lists(soma_onnx_node *node, ensemble *all) {
    const Soma__Onnx__AttributeProto *features = soma_onnx_attribute(node, "nodes_featureids");
    const Soma__Onnx__AttributeProto *targets = soma_onnx_attribute(node, "leaf_targetids");
    const Soma__Onnx__AttributeProto *roots = soma_onnx_attribute(node, "tree_roots");
    const Soma__Onnx__AttributeProto *missing = soma_onnx_attribute(node, "nodes_missing_value_tracks_true");
    size_t unused;
    all->nodes = features ? features->n_ints : 0;
    all->leaves = targets ? targets->n_ints : 0;
    all->roots = roots ? roots->n_ints : 0;
    if (!all->nodes || !all->leaves || !all->roots)
        return soma_error(SOMA_INVALID_FILE, "%zu nodes, %zu leaves and %zu trees; one of each is needed at least",
                          all->nodes, all->leaves, all->roots);
    all->feature = features->ints;
    all->target = targets->ints;
    all->root = roots->ints;
    if (missing && missing->n_ints) SOMA_TRY(soma_onnx_tree_list(node, missing->name, all->nodes, &all->missing));
    SOMA_TRY(soma_onnx_tree_list(node, "nodes_truenodeids", all->nodes, &all->next[0]));
    SOMA_TRY(soma_onnx_tree_list(node, "nodes_falsenodeids", all->nodes, &all->next[1]));
    SOMA_TRY(soma_onnx_tree_list(node, "nodes_trueleafs", all->nodes, &all->is_leaf[0]));
    SOMA_TRY(soma_onnx_tree_list(node, "nodes_falseleafs", all->nodes, &all->is_leaf[1]));
    SOMA_TRY(get_numbers(node, "nodes_modes", all->nodes, &all->mode, &unused));
    SOMA_TRY(get_numbers(node, "nodes_splits", all->nodes, &all->split, &unused));
    SOMA_TRY(get_numbers(node, "leaf_weights", all->leaves, &all->weight, &unused));
    return get_numbers(node, "membership_values", 0, &all->member, &all->members);
}

/* ------------------------------------------------------------------------------------------------- as the older op */

static ProtobufCBinaryData mode_name(double mode) {
    static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT",  "BRANCH_GTE", "BRANCH_GT",
                                        "BRANCH_EQ",  "BRANCH_NEQ", "LEAF"};
    const char *name = names[(size_t)mode];
    return (ProtobufCBinaryData){strlen(name), (uint8_t *)(uintptr_t)name};
}

/* A question, whose place is its number in its tree. */
static size_t add_question(older *to, int64_t tree, int64_t feature, double mode, double split, bool missing) {
    const size_t at = to->count++;
    to->tree[at] = tree;
    to->id[at] = (int64_t)at;
    to->feature[at] = feature;
    to->mode[at] = mode_name(mode);
    to->split[at] = (double)(float)split; /* as what it is compared with: both are of one type, rounded to float32 */
    to->missing[at] = missing;
    to->next[0][at] = to->next[1][at] = 0;
    return at;
}

static size_t add_leaf(const ensemble *all, older *to, int64_t tree, size_t leaf) {
    const size_t at = add_question(to, tree, 0, MEMBER, 0, false); /* the name there is that of a leaf */
    to->leaf_tree[to->leaves] = tree;
    to->leaf_id[to->leaves] = (int64_t)at;
    to->leaf_target[to->leaves] = all->target[leaf];
    to->weight[to->leaves++] = all->weight[leaf];
    return at;
}

/* One question, or as many as there are numbers to be one of: the first that is so leads on. *last: the one that leads
 * to what comes where none is. */
static size_t add_node(const ensemble *all, older *to, int64_t tree, size_t i, size_t *last) {
    const bool missing = all->missing && all->missing[i] != 0;
    if (all->mode[i] != MEMBER)
        return *last = add_question(to, tree, all->feature[i], all->mode[i], all->split[i], missing);
    size_t first = 0;
    for (size_t m = all->first_member[i]; m < all->members && !isnan(all->member[m]); m++) {
        const size_t at = add_question(to, tree, all->feature[i], 4, all->member[m], missing);
        if (m == all->first_member[i])
            first = at;
        else
            to->next[1][*last] = (int64_t)at;
        *last = at;
    }
    return first;
}

/* What is still to be added of a tree: a node of the file, and the questions that lead to it: `first` to `last` by
 * their way `way`. */
typedef struct waiting {
    size_t node, first, last;
    unsigned way;
} waiting;

static soma_status check_target(const ensemble *all, size_t i, unsigned way) {
    const int64_t to = all->next[way][i];
    const size_t count = all->is_leaf[way][i] ? all->leaves : all->nodes;
    return to >= 0 && (uint64_t)to < count ? SOMA_OK
                                           : soma_error(SOMA_INVALID_FILE, "node %zu goes on at %s %" PRId64 " of %zu",
                                                        i, all->is_leaf[way][i] ? "leaf" : "node", to, count);
}

static void lead(older *to, const waiting *one, size_t at) {
    for (size_t i = one->way == 0 ? one->first : one->last; i <= one->last; i++) to->next[one->way][i] = (int64_t)at;
}

static soma_status add_tree(const ensemble *all, older *to, size_t tree, waiting *stack, bool *seen) {
    size_t waits = 0, last = 0, root = (size_t)all->root[tree];
    if (all->root[tree] < 0 || root >= all->nodes)
        return soma_error(SOMA_INVALID_FILE, "tree %zu begins at node %" PRId64 " of %zu", tree, all->root[tree],
                          all->nodes);
    stack[waits++] = (waiting){.node = root, .way = 2};
    while (waits > 0) {
        const waiting one = stack[--waits];
        const size_t i = one.node;
        if (seen[i])
            return soma_error(SOMA_UNSUPPORTED, "two ways lead to node %zu; trees are known whose nodes have one each",
                              i);
        seen[i] = true;
        const size_t at = add_node(all, to, (int64_t)tree, i, &last);
        if (one.way < 2) lead(to, &one, at);
        for (unsigned way = 0; way < 2; way++) {
            const waiting next = {(size_t)all->next[way][i], at, last, way};
            SOMA_TRY(check_target(all, i, way));
            if (all->is_leaf[way][i])
                lead(to, &next, add_leaf(all, to, (int64_t)tree, next.node));
            else
                stack[waits++] = next;
        }
    }
    return SOMA_OK;
}

/* The attributes of the older op, and what lies behind them. */
static soma_status read_as_older(soma_onnx_node *node, const older *all) {
    enum { LISTS = 13 };
    struct {
        Soma__Onnx__AttributeProto of[LISTS];
    } made; /* the fields of protobuf-c's struct leave gaps, which clang-tidy would have us close in an array */
    Soma__Onnx__AttributeProto *const attribute = made.of, *attributes[LISTS + 2];
    Soma__Onnx__TensorProto split = SOMA__ONNX__TENSOR_PROTO__INIT, weight = SOMA__ONNX__TENSOR_PROTO__INIT;
    static const char *const transforms[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
    static const char *const sums[] = {"AVERAGE", "SUM", "MIN", "MAX"};
    const struct {
        const char *name;
        const int64_t *values;
        size_t count;
    } lists[] = {
        {"nodes_treeids", all->tree, all->count},         {"nodes_nodeids", all->id, all->count},
        {"nodes_featureids", all->feature, all->count},   {"nodes_truenodeids", all->next[0], all->count},
        {"nodes_falsenodeids", all->next[1], all->count}, {"nodes_missing_value_tracks_true", all->missing, all->count},
        {"target_treeids", all->leaf_tree, all->leaves},  {"target_nodeids", all->leaf_id, all->leaves},
        {"target_ids", all->leaf_target, all->leaves}};
    Soma__Onnx__NodeProto proto = *node->proto;
    int64_t transform, sum, split_count = (int64_t)all->count, weight_count = (int64_t)all->leaves;
    size_t n = 0;
    SOMA_TRY(soma_onnx_get_integer(node, "post_transform", 0, &transform));
    SOMA_TRY(soma_onnx_get_integer(node, "aggregate_function", 1, &sum));
    if (sum < 0 || sum >= (int64_t)SOMA_COUNT_OF(sums) || transform < 0 ||
        transform >= (int64_t)SOMA_COUNT_OF(transforms))
        return soma_error(SOMA_UNSUPPORTED,
                          "aggregate_function is %" PRId64 ", post_transform %" PRId64
                          "; averages (0), sums (1), least (2) and largest (3) are known, and 0 to 4",
                          sum, transform);
    for (; n < LISTS; n++) {
        soma__onnx__attribute_proto__init(&attribute[n]);
        attributes[n] = &attribute[n];
        if (n < SOMA_COUNT_OF(lists)) {
            attribute[n].name = (char *)(uintptr_t)lists[n].name;
            attribute[n].ints = (int64_t *)(uintptr_t)lists[n].values;
            attribute[n].n_ints = lists[n].count;
        }
    }
    n = SOMA_COUNT_OF(lists);
    const char *texts[] = {transforms[transform], sums[sum]}, *names[] = {"post_transform", "aggregate_function"};
    for (size_t i = 0; i < 2; i++, n++) {
        attribute[n].name = (char *)(uintptr_t)names[i];
        attribute[n].has_s = true;
        attribute[n].s = (ProtobufCBinaryData){strlen(texts[i]), (uint8_t *)(uintptr_t)texts[i]};
    }
    attribute[n].name = (char *)(uintptr_t) "nodes_modes";
    attribute[n].strings = all->mode;
    attribute[n++].n_strings = all->count;
    split.has_data_type = weight.has_data_type = true;
    split.data_type = weight.data_type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE;
    split.dims = &split_count;
    weight.dims = &weight_count;
    split.n_dims = weight.n_dims = 1;
    split.double_data = all->split;
    weight.double_data = all->weight;
    split.n_double_data = all->count;
    weight.n_double_data = all->leaves;
    Soma__Onnx__AttributeProto tensors[2];
    for (size_t i = 0; i < 2; i++) {
        soma__onnx__attribute_proto__init(&tensors[i]);
        tensors[i].name = (char *)(uintptr_t)(i ? "target_weights_as_tensor" : "nodes_values_as_tensor");
        tensors[i].t = i ? &weight : &split;
        attributes[n++] = &tensors[i];
    }
    Soma__Onnx__AttributeProto targets = SOMA__ONNX__ATTRIBUTE_PROTO__INIT;
    const Soma__Onnx__AttributeProto *given = soma_onnx_attribute(node, "n_targets");
    targets.name = (char *)(uintptr_t) "n_targets";
    targets.has_i = true;
    targets.i = given && given->has_i ? given->i : 1;
    attributes[n++] = &targets;
    proto.attribute = attributes;
    proto.n_attribute = n;
    const Soma__Onnx__NodeProto *own = node->proto;
    node->proto = &proto;
    soma_status status = soma_onnx_row_TreeEnsembleRegressor.rule(node);
    node->proto = own;
    return status;
}

/* Room for as many questions and leaves as there can be: each node is asked once, in as many questions as it has
 * numbers, and leads to two. */
static soma_status make_room(soma_onnx_node *node, const ensemble *all, older *to) {
    double *numbers = NULL;
    to->most = 3 * all->nodes + all->members;
    if (to->most > MOST_NODES)
        return soma_error(SOMA_UNSUPPORTED, "%zu nodes; at most %d are counted in float32", to->most, MOST_NODES);
    int64_t **const lists[] = {&to->tree,      &to->id,      &to->feature, &to->next[0],    &to->next[1],
                               &to->leaf_tree, &to->leaf_id, &to->missing, &to->leaf_target};
    for (size_t i = 0; i < SOMA_COUNT_OF(lists); i++) {
        SOMA_TRY(soma_onnx_make(node, to->most, &numbers));
        *lists[i] = (int64_t *)(void *)numbers;
    }
    SOMA_TRY(soma_onnx_make(node, to->most, &to->split));
    SOMA_TRY(soma_onnx_make(node, to->most, &to->weight));
    SOMA_TRY(soma_onnx_make(node, 2 * to->most, &numbers)); /* a text is two words */
    to->mode = (ProtobufCBinaryData *)(void *)numbers;
    return SOMA_OK;
}

static soma_status add_trees(ensemble *all, older *to) {
    waiting *stack = soma_calloc(2 * all->nodes + 2, sizeof *stack);
    bool *seen = soma_calloc(all->nodes, sizeof *seen);
    all->first_member = soma_calloc(all->nodes, sizeof *all->first_member);
    soma_status status = stack && seen && all->first_member
                             ? find_members(all)
                             : soma_out_of_memory(all->nodes * sizeof *stack, "the nodes of trees");
    for (size_t i = 0; i < all->roots && status == SOMA_OK; i++) status = add_tree(all, to, i, stack, seen);
    soma_free(stack);
    soma_free(seen);
    soma_free(all->first_member);
    return status;
}

static soma_status import_ensemble(soma_onnx_node *node) {
    ensemble all = {.node = node};
    older to = {.count = 0};
    SOMA_TRY(read_lists(node, &all));
    for (size_t i = 0; i < all.nodes; i++)
        if (!(all.mode[i] >= 0 && all.mode[i] <= MEMBER))
            return soma_error(SOMA_INVALID_FILE, "the mode of node %zu is %g; 0 to %d are known", i, all.mode[i],
                              MEMBER);
    SOMA_TRY(soma_onnx_take_made(node->importer, all.nodes, 2 * sizeof(waiting) + 16, node->output.name));
    SOMA_TRY(make_room(node, &all, &to));
    SOMA_TRY(add_trees(&all, &to));
    return read_as_older(node, &to);
}

SOMA_ONNX_OP(TreeEnsemble, 5, 1, 1,
             "aggregate_function leaf_targetids leaf_weights membership_values n_targets nodes_falseleafs "
             "nodes_falsenodeids nodes_featureids nodes_hitrates nodes_missing_value_tracks_true nodes_modes "
             "nodes_splits nodes_trueleafs nodes_truenodeids post_transform tree_roots",
             import_ensemble, 0, .domain = SOMA_ONNX_ML);
