/* SPDX-License-Identifier: MIT */
/*
 * Attention that is written as products and a softmax: the rewrite gives what these give, and their gradients, and
 * leaves alone what is none. On the float64 device; sums may be taken in another order, so results agree to 1e-12.
 */
#include "expect.h"
#include "graph/rewrites.h"
#include "host_device.h"
#include "host_network.h"
#include "suite.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { BATCH = 3, STEPS = 5, KEYS = 7, HEADS = 2, WIDTH = 4, VALUES = 3, MOST = 1024 };

/* ---------------------------------------------------------------------------------------------------------- graphs */

/* What one graph has of its own. */
typedef struct how {
    const char *name;
    uint32_t fused; /* attentions that it becomes */
    bool divided, halves, shared_keys, one_head, used_twice, guarded, across_queries, late_factor;
    const char *mask[2];  /* shapes of what is added to the scores */
    const char *truth;    /* shape of what says where scores stay */
    float hiding;         /* what they are elsewhere */
    float threshold;      /* truth: numbers of [-1, 1) that are larger */
    bool truth_is_hiding; /* the other way round */
    bool forward_only;    /* where gradients are wanted it stays as it is */
    bool wanted_mask;     /* the gradient is with respect to the mask, too */
} how;

static const how graphs[] = {
    {.name = "plain", .fused = 1},
    {.name = "scores divided", .fused = 1, .divided = true},
    {.name = "factors of queries and keys", .fused = 1, .halves = true},
    {.name = "keys that heads share", .fused = 1, .shared_keys = true},
    {.name = "no dimension of heads", .fused = 1, .one_head = true, .divided = true},
    {.name = "mask of keys", .fused = 1, .divided = true, .mask = {"[batch, 1, 1, 7]"}},
    {.name = "mask of keys, the same for all samples", .fused = 1, .mask = {"[7]"}},
    {.name = "mask of steps and keys", .fused = 1, .halves = true, .mask = {"[5, 7]"}},
    {.name = "mask of heads", .fused = 1, .mask = {"[2, 1, 7]"}},
    {.name = "mask of all", .fused = 1, .divided = true, .mask = {"[batch, 2, 5, 7]"}},
    {.name = "two masks", .fused = 1, .divided = true, .mask = {"[1, 5, 7]", "[batch, 1, 1, 7]"}},
    {.name = "choice", .fused = 1, .truth = "[batch, 1, 1, 7]", .hiding = -INFINITY, .threshold = -0.25f},
    {.name = "choice of a large number",
     .fused = 1,
     .truth = "[5, 7]",
     .hiding = -1e30f,
     .threshold = -0.5f,
     .forward_only = true},
    {.name = "nothing is seen, a large number",
     .fused = 1,
     .truth = "[batch, 1, 1, 7]",
     .hiding = -FLT_MAX,
     .threshold = 2,
     .forward_only = true},
    {.name = "nothing is seen, a number that scores change", .truth = "[5, 7]", .hiding = -1e9f, .threshold = 2},
    {.name = "choice of masked scores",
     .fused = 1,
     .mask = {"[5, 7]"},
     .truth = "[batch, 1, 1, 7]",
     .hiding = -INFINITY,
     .threshold = -0.5f},
    {.name = "choice of masked scores, a large number",
     .mask = {"[5, 7]"},
     .truth = "[batch, 1, 1, 7]",
     .hiding = -1e30f,
     .threshold = -0.5f},
    {.name = "choice, the other way round",
     .fused = 1,
     .divided = true,
     .truth = "[batch, 2, 5, 7]",
     .hiding = -INFINITY,
     .threshold = 0.5f,
     .truth_is_hiding = true},
    {.name = "nothing is seen",
     .fused = 1,
     .guarded = true,
     .truth = "[batch, 1, 1, 7]",
     .hiding = -INFINITY,
     .threshold = 2},
    {.name = "guarded", .fused = 1, .guarded = true, .mask = {"[5, 7]"}},
    {.name = "weights used twice", .used_twice = true},
    {.name = "softmax over queries", .across_queries = true},
    {.name = "factor behind the mask", .mask = {"[5, 7]"}, .late_factor = true},
    {.name = "mask that is the same for all keys", .mask = {"[batch, 1, 5, 1]"}},
    {.name = "choice of a number that hides nothing", .truth = "[5, 7]", .hiding = -3, .threshold = -0.5f},
    {.name = "mask whose gradient is wanted", .mask = {"[batch, 2, 5, 7]"}, .wanted_mask = true},
};
enum { GRAPHS = SOMA_COUNT_OF(graphs), FORWARD_GRAPHS = GRAPHS - 1 };

/* A graph that was built: what it takes, and gives. */
typedef struct built {
    soma_tensor *wanted[4], *result;
    size_t count; /* of wanted */
} built;

static soma_tensor *binary(soma_graph *graph, soma_tensor *a, soma_tensor *b, soma_binary op) {
    soma_tensor *out;
    expect_ok(soma_graph_binary(graph, a, b, op, &out));
    return out;
}

static soma_tensor *number(soma_graph *graph, float value) {
    const soma_tensor_spec spec = {.op = SOMA_OP_FILL, .attributes = {.fill = {value, false}}};
    soma_tensor *out;
    expect_ok(soma_graph_add(graph, &spec, &out));
    return out;
}

static soma_tensor *turn(soma_graph *graph, soma_tensor *x, const uint32_t *axis) {
    soma_tensor *out;
    expect_ok(soma_graph_transpose(graph, x, axis, &out));
    return out;
}

/* [steps, heads width] as [heads, steps, width], or [heads, width, steps]. */
static soma_tensor *apart(soma_graph *graph, soma_tensor *x, size_t heads, bool across) {
    const soma_tensor like = {.batched = true, .rank = 3, .shape = {x->shape[0], heads, x->shape[1] / heads}};
    soma_tensor *out;
    expect_ok(soma_graph_reshape(graph, x, &like, &out));
    return turn(graph, out, across ? (const uint32_t[]){0, 2, 3, 1} : (const uint32_t[]){0, 2, 1, 3});
}

static soma_tensor *matmul(soma_graph *graph, soma_tensor *a, soma_tensor *b) {
    soma_tensor *out;
    expect_ok(soma_graph_matmul(graph, a, b, &out));
    return out;
}

static soma_tensor *softmax(soma_graph *graph, soma_tensor *x, uint32_t axis) {
    soma_tensor_spec spec = {.op = SOMA_OP_SOFTMAX, .input_count = 1, .input = &x};
    spec.attributes.softmax.axis = axis;
    soma_tensor *out;
    expect_ok(soma_graph_add(graph, &spec, &out));
    return out;
}

/* As ONNX's Where is read. */
static soma_tensor *choose(soma_graph *graph, soma_tensor *truth, soma_tensor *x, soma_tensor *otherwise) {
    soma_tensor *untrue = binary(graph, truth, number(graph, 0), SOMA_BINARY_EQUAL);
    return binary(graph, binary(graph, x, truth, SOMA_BINARY_KEEP), binary(graph, otherwise, untrue, SOMA_BINARY_KEEP),
                  SOMA_BINARY_ADD);
}

static soma_tensor *mask_scores(soma_graph *graph, const how *h, soma_tensor *scores, built *made) {
    for (int i = 0; i < 2 && h->mask[i]; i++) {
        soma_tensor *mask = add_input(graph, h->mask[i]);
        if (h->wanted_mask) made->wanted[made->count++] = mask;
        scores = binary(graph, scores, mask, SOMA_BINARY_ADD);
    }
    if (!h->truth) return scores;
    soma_tensor *truth = binary(graph, add_input(graph, h->truth), number(graph, h->threshold), SOMA_BINARY_GREATER);
    soma_tensor *hidden = number(graph, h->hiding);
    return h->truth_is_hiding ? choose(graph, truth, hidden, scores) : choose(graph, truth, scores, hidden);
}

static soma_tensor *guard(soma_graph *graph, soma_tensor *weights) {
    soma_tensor *differs =
        binary(graph, binary(graph, weights, weights, SOMA_BINARY_EQUAL), number(graph, 0), SOMA_BINARY_EQUAL);
    return choose(graph, differs, number(graph, 0), weights);
}

static built build(soma_graph *graph, const how *h) {
    const size_t key_heads = h->shared_keys ? 1 : HEADS;
    soma_tensor *q = add_input(graph, "[batch, 5, 8]"),
                *k = add_input(graph, h->shared_keys ? "[batch, 7, 4]" : "[batch, 7, 8]"),
                *v = add_input(graph, h->shared_keys ? "[batch, 7, 3]" : "[batch, 7, 6]"), *scores, *y;
    built made = {.wanted = {q, k, v}, .count = 3};
    if (h->halves) {
        q = binary(graph, q, number(graph, 0.5f), SOMA_BINARY_MULTIPLY);
        k = binary(graph, k, number(graph, 0.25f), SOMA_BINARY_MULTIPLY);
    }
    if (h->one_head) {
        scores = matmul(graph, q, turn(graph, k, (const uint32_t[]){0, 2, 1}));
    } else {
        scores = matmul(graph, apart(graph, q, HEADS, false), apart(graph, k, key_heads, true));
        v = apart(graph, v, key_heads, false);
    }
    if (h->divided) scores = binary(graph, scores, number(graph, 2), SOMA_BINARY_DIVIDE);
    scores = mask_scores(graph, h, scores, &made);
    if (h->late_factor) scores = binary(graph, scores, number(graph, 2), SOMA_BINARY_MULTIPLY);
    soma_tensor *weights = softmax(graph, scores, soma_tensor_full_rank(scores) - (h->across_queries ? 2 : 1));
    y = matmul(graph, h->guarded ? guard(graph, weights) : weights, v);
    if (!h->one_head) {
        const soma_tensor like = {.batched = true, .rank = 2, .shape = {STEPS, HEADS * VALUES}};
        expect_ok(soma_graph_reshape(graph, turn(graph, y, (const uint32_t[]){0, 2, 1, 3}), &like, &y));
    }
    made.result = add_unary(graph, y, SOMA_TANH);
    made.result->kept = true;
    if (h->used_twice) weights->kept = true;
    return made;
}

/* ----------------------------------------------------------------------------------------------------------- values */

/* Runs the graph; the values of some of its tensors one after the other. Returns how many. */
static size_t values_of(soma_graph *graph, soma_tensor *const *tensor, size_t tensors, double *values) {
    soma_device device;
    soma_executor *executor;
    soma_plan *plan;
    soma_step_values step = {0};
    size_t count = 0;
    host_device_open(&device);
    expect_ok(soma_executor_create(&device, SOMA_F64, 1, 0, &executor));
    expect_ok(soma_plan_create(executor, graph, BATCH, SOMA_SGD, &plan));
    write_random_inputs(plan, graph);
    expect_ok(soma_plan_run(plan, &step));
    for (size_t i = 0; i < tensors; i++) {
        ck_assert_uint_le(count + soma_tensor_full_count(tensor[i], BATCH), MOST);
        read_double(plan, tensor[i], values + count);
        count += soma_tensor_full_count(tensor[i], BATCH);
    }
    soma_plan_destroy(plan);
    soma_executor_destroy(executor);
    return count;
}

/* Found with the rewrite, expected without. */
static void expect_same(const double *found, const double *expected, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabs(found[i] - expected[i]) <= 1e-12 * (1 + fabs(expected[i])),
                      "%s: element %zu is %.17g, and %.17g without", what, i, found[i], expected[i]);
}

/* Nothing is left of what it was made of, nor of what turned it. */
static void expect_fused(const soma_graph *graph, const how *h) {
    ck_assert_msg(count_op(graph, SOMA_OP_ATTENTION) == h->fused, "%s: %u attentions, expected %u", h->name,
                  count_op(graph, SOMA_OP_ATTENTION), h->fused);
    if (!h->fused) return;
    const soma_op gone[] = {SOMA_OP_MATMUL, SOMA_OP_SOFTMAX, SOMA_OP_TRANSPOSE};
    for (size_t i = 0; i < SOMA_COUNT_OF(gone); i++)
        ck_assert_msg(count_op(graph, gone[i]) == 0, "%s: there still is a %s", h->name, soma_op_name(gone[i]));
}

START_TEST(attention_that_is_written_out_computes_the_same) {
    const how *h = &graphs[_i];
    double plain[MOST], fused[MOST];
    soma_graph graph;
    soma_graph_init(&graph);
    soma_tensor *result = build(&graph, h).result;
    const size_t count = values_of(&graph, &result, 1, plain);
    expect_ok(soma_graph_fuse(&graph, SOMA_FUSE_ALL & ~(unsigned)SOMA_FUSE_ATTENTION));
    ck_assert_uint_eq(count_op(&graph, SOMA_OP_ATTENTION), 0); /* it can be switched off */
    soma_graph_clear(&graph);
    soma_graph_init(&graph);
    result = build(&graph, h).result;
    expect_ok(soma_graph_fuse(&graph, SOMA_FUSE_ATTENTION));
    expect_fused(&graph, h);
    ck_assert_uint_eq(values_of(&graph, &result, 1, fused), count);
    expect_same(fused, plain, count, h->name);
    if (h->guarded && h->threshold > 1)
        for (size_t i = 0; i < count; i++) ck_assert_double_eq(fused[i], 0);
    soma_graph_clear(&graph);
}
END_TEST

#ifdef SOMA_HAVE_TRAINING
static uint32_t fused_in_training(const how *h) {
    return h->forward_only ? 0 : h->fused;
}

/* With respect to queries, keys and values, of an objective that weighs the results by chance. */
static size_t gradients_of(const how *h, bool fuse, double *values) {
    soma_graph graph;
    soma_tensor *gradient[4];
    soma_graph_init(&graph);
    const built made = build(&graph, h);
    soma_tensor *seed = add_input(&graph, h->one_head ? "[batch, 5, 6]" : "[batch, 5, 6]");
    if (fuse) {
        expect_ok(soma_graph_fuse_attention(&graph, made.wanted, made.count));
        ck_assert_uint_eq(count_op(&graph, SOMA_OP_ATTENTION), fused_in_training(h));
    }
    expect_ok(soma_graph_differentiate(&graph, &made.result, &seed, 1, made.wanted, made.count, gradient));
    for (size_t i = 0; i < made.count; i++) gradient[i]->kept = true;
    soma_graph_prune(&graph);
    if (fuse) ck_assert_uint_eq(count_op(&graph, SOMA_OP_ATTENTION_GRAD), fused_in_training(h));
    const size_t count = values_of(&graph, gradient, made.count, values);
    soma_graph_clear(&graph);
    return count;
}

START_TEST(gradients_of_attention_that_is_written_out_are_the_same) {
    const how *h = &graphs[_i];
    double plain[MOST], fused[MOST];
    if (h->guarded && h->threshold > 1) return; /* without the rewrite they are no numbers */
    const size_t count = gradients_of(h, false, plain);
    ck_assert_uint_eq(gradients_of(h, true, fused), count);
    expect_same(fused, plain, count, h->name);
}
END_TEST
#endif

/* ---------------------------------------------------------------------------------------------------------- devices */

#ifdef SOMA_HAVE_TRAINING
static bool combines_gradients;

static bool combines(void *state, soma_primitive primitive) {
    (void)state;
    return primitive == SOMA_PRIMITIVE_ATTENTION || (combines_gradients && primitive == SOMA_PRIMITIVE_ATTENTION_GRAD);
}

/* Attention of steps to steps, written out behind three products that are trained. */
static soma_network *network_with_attention(void) {
    const size_t shape[] = {STEPS, WIDTH};
    soma_network *network;
    soma_tensor *part[3];
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 2, shape);
    x->is_sequence = true;
    for (int i = 0; i < 3; i++) part[i] = soma_layers(x, "dense 4");
    expect_ok(soma_network_status(network));
    soma_graph *graph = &network->graph;
    expect_ok(soma_network_begin_layer(network, "attention", NULL));
    soma_tensor *scores = matmul(graph, part[0], turn(graph, part[1], (const uint32_t[]){0, 2, 1}));
    scores = binary(graph, scores, number(graph, 2), SOMA_BINARY_DIVIDE);
    soma_tensor *y = matmul(graph, softmax(graph, scores, 2), part[2]);
    expect_ok(soma_network_end_layer(network, y));
    expect_ok(soma_network_add_output(network, y));
    return network;
}

/* In a step of training both are made or none: what is written out has a gradient that is. */
START_TEST(a_device_is_asked_for_the_gradient_too) {
    combines_gradients = _i;
    soma_device device;
    host_device_open(&device);
    soma_device_api api = *device.api;
    api.combines = combines;
    device.api = &api;
    soma_network *network = network_with_attention();
    expect_ok(soma_compile(network, &device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    const soma_graph *forward = &step_of(network, SOMA_MODE_PREDICT)->graph;
    ck_assert_uint_eq(count_op(forward, SOMA_OP_ATTENTION), 1);
    const soma_graph *training = &step_of(network, SOMA_MODE_TRAIN)->graph;
    ck_assert_uint_eq(count_op(training, SOMA_OP_ATTENTION), combines_gradients);
    ck_assert_uint_eq(count_op(training, SOMA_OP_ATTENTION_GRAD), combines_gradients);
    ck_assert_uint_eq(count_op(training, SOMA_OP_SOFTMAX), !combines_gradients);
    soma_network_destroy(network);
}
END_TEST
#endif

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, attention_that_is_written_out_computes_the_same, 0, FORWARD_GRAPHS);
#ifdef SOMA_HAVE_TRAINING
    tcase_add_loop_test(cases, gradients_of_attention_that_is_written_out_are_the_same, 0, GRAPHS);
    tcase_add_loop_test(cases, a_device_is_asked_for_the_gradient_too, 0, 2);
#endif
}

int main(void) {
    return run_suite("fuse_attention", add_tests);
}
