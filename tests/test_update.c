/* SPDX-License-Identifier: MIT */
/* Updates in products: where they may be, and where not. That they train the same is in test_fuse.c. */
#include "expect.h"
#include "graph/rewrites.h"
#include "host_network.h"
#include "suite.h"

/* What else there is in a graph with one weight matrix w [4, 3] and its gradient x^T dy. */
typedef enum company {
    NOBODY,
    EARLIER_USE_OF_W,
    LATER_USE_OF_W,
    LATER_USE_OF_W_RESHAPED,
    USE_OF_THE_GRADIENT,
    SECOND_WEIGHTS_WITHOUT_A_PRODUCT,
    A_BIAS
} company;

static const struct {
    company company;
    bool updated;
} updates[] = {{NOBODY, true},
               {EARLIER_USE_OF_W, true},
               {LATER_USE_OF_W, false},
               {LATER_USE_OF_W_RESHAPED, false},
               {USE_OF_THE_GRADIENT, false},
               {SECOND_WEIGHTS_WITHOUT_A_PRODUCT, false},
               {A_BIAS, true}};

static soma_tensor *add_parameter(soma_graph *graph, size_t rows, size_t columns, size_t offset) {
    soma_tensor_spec spec = {.op = SOMA_OP_PARAMETER, .rank = 2, .shape = {rows, columns}};
    soma_tensor *tensor;
    expect_ok(soma_graph_add(graph, &spec, &tensor));
    tensor->place = SOMA_PLACE_PARAMETER;
    tensor->offset = offset;
    return tensor;
}

static void put_gradient(soma_tensor *gradient, size_t offset) {
    gradient->place = SOMA_PLACE_GRADIENT;
    gradient->offset = offset;
}

START_TEST(weights_are_updated_in_products_where_nothing_needs_the_old_ones) {
    enum { DECAYED = 64 };
    company with = updates[_i].company;
    soma_graph graph;
    soma_graph_init(&graph);
    soma_tensor *x = add_input(&graph, "[batch, 4]"), *dy = add_input(&graph, "[batch, 3]"), *gradient, *other;
    soma_tensor *w = add_parameter(&graph, 4, 3, 0), flat = {.rank = 1, .shape = {12}}, *reshaped;
    expect_ok(soma_graph_reshape(&graph, w, &flat, &reshaped));
    if (with == EARLIER_USE_OF_W) add_unary(&graph, w, SOMA_TANH);
    expect_ok(soma_graph_gemm(&graph, x, dy, NULL, true, false, &gradient));
    put_gradient(gradient, 0);
    if (with == LATER_USE_OF_W) add_unary(&graph, w, SOMA_TANH);
    if (with == LATER_USE_OF_W_RESHAPED) add_unary(&graph, reshaped, SOMA_TANH);
    if (with == USE_OF_THE_GRADIENT) add_unary(&graph, gradient, SOMA_TANH);
    if (with == SECOND_WEIGHTS_WITHOUT_A_PRODUCT) {
        add_parameter(&graph, 4, 3, 16);
        put_gradient(add_unary(&graph, w, SOMA_TANH), 16);
    }
    if (with == A_BIAS) {
        expect_ok(soma_graph_reduce(&graph, dy, SOMA_REDUCE_SUM, 0, &other));
        put_gradient(other, DECAYED);
    }
    soma_tensor_spec spec = {.op = SOMA_OP_OPTIMIZER};
    soma_tensor *optimizer;
    expect_ok(soma_graph_add(&graph, &spec, &optimizer));
    soma_graph_update_in_products(&graph, DECAYED);
    ck_assert_msg((gradient->place == SOMA_PLACE_PARAMETER) == updates[_i].updated, "case %d", _i);
    ck_assert_uint_eq(optimizer->attributes.optimizer.start, updates[_i].updated ? DECAYED : 0);
    ck_assert(gradient->attributes.gemm.beta == (updates[_i].updated ? 1 : 0));
    if (with == A_BIAS) ck_assert_int_eq(other->place, SOMA_PLACE_GRADIENT);
    soma_graph_clear(&graph);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, weights_are_updated_in_products_where_nothing_needs_the_old_ones, 0,
                        SOMA_COUNT_OF(updates));
}

int main(void) {
    return run_suite("update", add_tests);
}
