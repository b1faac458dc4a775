/* SPDX-License-Identifier: MIT */
/*
 * TREES. A task owns some samples. Of a few dozen of them one tree after the other is gone through, so that it is in a
 * cache; and in it a handful at once, whose ways through memory need not wait for each other.
 */
#include "device/cpu/kernels.h"

enum { BLOCK = 64, AT_ONCE = 8 };

typedef struct forest {
    const float *node, *leaf, *root;
    size_t features, outputs, trees;
    float last_feature, least, most; /* of what comes next: -leaves, nodes - 1 */
    uint32_t depth;
} forest;

/* A whole number of a table: the nearest that there can be, the least for NaN. */
static int32_t within(float value, float least, float most) {
    const float some = value > least ? value : least;
    return (int32_t)(some < most ? some : most);
}

static int32_t next(const forest *all, const float *x, int32_t at) {
    const float *node = all->node + 4 * (size_t)at;
    const bool missing = node[0] < 0.0f;
    const float value = x[within(missing ? -1.0f - node[0] : node[0], 0.0f, all->last_feature)];
    const bool yes = value <= node[1] || (missing && isnan(value));
    return within(yes ? node[2] : node[3], all->least, all->most);
}

/* Where the paths of some samples end: at[sample] < 0 for a leaf. */
static void follow(const forest *all, const float *x, size_t samples, int32_t root, int32_t *at) {
    for (size_t i = 0; i < samples; i++) at[i] = root;
    for (uint32_t depth = 0; depth < all->depth; depth++) {
        bool on = false;
        for (size_t i = 0; i < samples; i++) {
            if (at[i] < 0) continue;
            at[i] = next(all, x + i * all->features, at[i]);
            on = true;
        }
        if (!on) break;
    }
}

static void add_leaf(const forest *all, int32_t at, float *out) {
    const float *leaf = all->leaf + (at >= 0 ? 0 : (size_t)(-1 - at)) * all->outputs;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < all->outputs; j++) out[j] += leaf[j];
}

static void add_tree(const forest *all, size_t tree, const float *x, size_t samples, float *out) {
    const int32_t root = within(all->root[tree], all->least, all->most);
    int32_t at[AT_ONCE];
    for (size_t i = 0; i < samples; i += AT_ONCE) {
        const size_t some = SOMA_MIN((size_t)AT_ONCE, samples - i);
        follow(all, x + i * all->features, some, root, at);
        for (size_t j = 0; j < some; j++) add_leaf(all, at[j], out + (i + j) * all->outputs);
    }
}

static void trees_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const forest all = {.node = soma_cpu_floats(&call->view[1]),
                        .leaf = soma_cpu_floats(&call->view[2]),
                        .root = soma_cpu_floats(&call->view[3]),
                        .features = call->view[0].shape[1],
                        .outputs = call->view[2].shape[1],
                        .trees = call->view[3].shape[0],
                        .last_feature = (float)(call->view[0].shape[1] - 1),
                        .least = -(float)call->view[2].shape[0],
                        .most = (float)call->view[1].shape[0] - 1.0f,
                        .depth = call->params.trees.depth};
    const float *x = soma_cpu_floats(&call->view[0]);
    float *out = soma_cpu_floats(&call->view[4]);
    const soma_range own = soma_cpu_even_part(task, call->view[0].shape[0], plan->phase[0].tasks);
    for (size_t i = own.begin; i < own.end; i += BLOCK) {
        const size_t samples = SOMA_MIN((size_t)BLOCK, own.end - i);
        memset(out + i * all.outputs, 0, samples * all.outputs * sizeof *out);
        for (size_t tree = 0; tree < all.trees; tree++)
            add_tree(&all, tree, x + i * all.features, samples, out + i * all.outputs);
    }
}

SOMA_CPU_PLANNER(trees) {
    const soma_view *out = &call->view[4];
    const double paths = (double)out->shape[0] * (double)call->view[3].shape[0];
    for (uint32_t i = 0; i < call->view_count; i++)
        if (call->view[i].dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    plan->nanoseconds = paths * (2.0 * call->params.trees.depth + 0.3 * (double)out->shape[1]) + 10.0;
    if (soma_view_count(out)) soma_cpu_add_phase(plan, trees_task, SOMA_MIN(soma_cpu_tasks(plan), out->shape[0]));
    return SOMA_OK;
}
