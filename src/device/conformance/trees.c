/* SPDX-License-Identifier: MIT */
/* Cases of TREES. */
#include "device/conformance/shapes.h"

enum { X, NODE, LEAF, ROOT, SUM };

/* What a table's number means: the nearest whole number that there can be, the least for NaN. */
static ptrdiff_t number_at(const soma_view *table, size_t position, double least, double most) {
    const double number = soma_element_get(table, position);
    if (!(number > least)) return (ptrdiff_t)least;
    return number >= most ? (ptrdiff_t)most : (ptrdiff_t)number;
}

/* The leaf that is reached from here, by so many questions at most; of a path that is too long the first. */
static size_t reached(const soma_call *call, size_t sample, const soma_view *table, size_t position, uint32_t left) {
    const soma_view *x = &call->view[X], *node = &call->view[NODE];
    const ptrdiff_t at = number_at(table, position, -(double)call->view[LEAF].shape[0], (double)node->shape[0] - 1);
    if (at < 0) return (size_t) - (at + 1);
    if (left == 0) return 0;
    const double asked = soma_element_get(node, 4 * (size_t)at);
    double feature = asked < 0 ? -asked - 1 : asked;
    feature = feature > 0 ? fmin(feature, (double)x->shape[1] - 1) : 0;
    const double value = soma_element_get(x, sample * x->shape[1] + (size_t)feature);
    bool yes = value <= soma_element_get(node, 4 * (size_t)at + 1);
    if (isnan(value)) yes = asked < 0;
    return reached(call, sample, node, 4 * (size_t)at + (yes ? 2 : 3), left - 1);
}

static void trees_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *leaf = &before->view[LEAF], *root = &before->view[ROOT], *out = &before->view[SUM];
    const size_t outputs = leaf->shape[1];
    for (size_t i = 0; i < out->shape[0]; i++)
        for (size_t j = 0; j < outputs; j++) {
            soma_bounded_sum sum = {0};
            for (size_t tree = 0; tree < root->shape[0]; tree++) {
                const size_t row = reached(before, i, root, tree, before->params.trees.depth);
                soma_bounded_sum_add(&sum, soma_given(leaf, row * outputs + j));
            }
            expected[SUM][i * outputs + j] = soma_bounded_sum_result(&sum);
        }
}

typedef struct trees_shape {
    size_t n, features, nodes, leaves, outputs, trees; /* nodes: of each tree */
    uint32_t depth;
} trees_shape;

static soma_call trees_call(const trees_shape *s) {
    return soma_call_trees(SOMA_F32_VIEW(s->n, s->features), SOMA_F32_VIEW(s->nodes * s->trees, 4),
                           SOMA_F32_VIEW(s->leaves, s->outputs), SOMA_F32_VIEW(s->trees),
                           SOMA_F32_VIEW(s->n, s->outputs), s->depth);
}

/* Each tree is a heap of its own; where that ends, there are leaves by chance. */
static double child(soma_suite *suite, const trees_shape *s, size_t tree, size_t inside) {
    if (inside < s->nodes) return (double)(tree * s->nodes + inside);
    return -1.0 - (double)soma_random_below(&suite->random, s->leaves);
}

static void plant(soma_suite *suite, soma_case *c, const trees_shape *s) {
    for (size_t tree = 0; tree < s->trees; tree++) {
        soma_case_poke(c, ROOT, tree, child(suite, s, tree, 0));
        for (size_t i = 0; i < s->nodes; i++) {
            const size_t row = 4 * (tree * s->nodes + i);
            const double feature = (double)soma_random_below(&suite->random, s->features);
            const bool missing = soma_random_below(&suite->random, 2) != 0;
            soma_case_poke(c, NODE, row, missing ? -1.0 - feature : feature);
            soma_case_poke(c, NODE, row + 2, child(suite, s, tree, 2 * i + 1));
            soma_case_poke(c, NODE, row + 3, child(suite, s, tree, 2 * i + 2));
        }
    }
}

static const float nonsense[] = {NAN, INFINITY, -INFINITY, 1e30f, -1e30f, 0.5f, -1.5f, -0.25f, 65536.0f};

/* What a case has beside proper trees and numbers: missing values, infinite ones at leaves, or tables without sense. */
typedef enum contents { PROPER, MISSING, INFINITE, NONSENSE, CONTENTS_COUNT } contents;

static void trees_case(soma_suite *suite, const trees_shape *s, contents what) {
    static const char *const words[] = {"", ", with NaN and infinities", ", with leaves of NaN and infinities",
                                        ", with tables without sense"};
    soma_call call = trees_call(s);
    soma_case c;
    soma_case_begin(suite, &c, &call, trees_bound);
    plant(suite, &c, s);
    if (what == MISSING) soma_case_sprinkle(suite, &c, X, 3, soma_specials, SOMA_SPECIAL_COUNT);
    if (what == INFINITE) soma_case_sprinkle(suite, &c, LEAF, 23, soma_specials, SOMA_SPECIAL_COUNT);
    if (what == NONSENSE) {
        soma_case_sprinkle(suite, &c, NODE, 5, nonsense, SOMA_COUNT_OF(nonsense));
        soma_case_sprinkle(suite, &c, ROOT, 5, nonsense, SOMA_COUNT_OF(nonsense));
    }
    c.garbage_is_finite = what == INFINITE;
    soma_case_describe(&c, ": x %s, %zu trees, node %s, leaf %s, depth %u%s", SHAPE(&call.view[X]), s->trees,
                       SHAPE(&call.view[NODE]), SHAPE(&call.view[LEAF]), s->depth, words[what]);
    soma_case_run(suite, &c);
}

void soma_trees_cases(soma_suite *suite) {
    static const trees_shape shapes[] = {
        {1, 1, 1, 2, 1, 1, 1},   {0, 3, 3, 4, 2, 2, 3},    {5, 3, 0, 4, 2, 3, 0},      {5, 3, 7, 8, 0, 3, 3},
        {7, 2, 3, 5, 3, 0, 2},   {31, 5, 7, 16, 3, 11, 3}, {67, 13, 31, 61, 1, 23, 5}, {257, 4, 15, 97, 10, 7, 4},
        {130, 7, 5, 9, 4, 3, 3}, {3, 64, 63, 31, 5, 5, 4}, {9, 3, 127, 128, 9, 2, 7},  {1, 31, 15, 64, 2, 131, 4},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++)
        for (int what = 0; what < CONTENTS_COUNT; what++) trees_case(suite, &shapes[i], (contents)what);
}

/* A random forest of usual size. */
void soma_trees_speeds(soma_suite *suite) {
    static const trees_shape forest = {1024, 30, 255, 4096, 3, 100, 8};
    soma_call call = trees_call(&forest);
    soma_case c;
    soma_case_begin(suite, &c, &call, trees_bound);
    plant(suite, &c, &forest);
    soma_case_time(suite, &c, "forest");
}
