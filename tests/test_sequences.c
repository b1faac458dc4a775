/* SPDX-License-Identifier: MIT */
/* Which tensors of a graph are sequences, and the mask of which of their inputs is theirs: what is computed of each
 * step by itself leaves steps what they are, and whether they are there. */
#include "expect.h"
#include "graph/graph.h"
#include "suite.h"

enum { MOST_INPUTS = 4, NO_MASK = -1 };

/* What an input is. */
typedef enum kind { ABSENT, PLAIN, SEQUENCE, MASKED } kind;

typedef struct given {
    kind kind;
    size_t shape[3]; /* of a sample; up to a 0 */
} given;

#define INPUT(kind, ...)                                                                                               \
    {                                                                                                                  \
        kind, {                                                                                                        \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }
#define AXIS(field, number)                                                                                            \
    {                                                                                                                  \
        .field = {.axis = number }                                                                                     \
    }
#define ADDED                                                                                                          \
    {                                                                                                                  \
        .binary = {.op = SOMA_BINARY_ADD }                                                                             \
    }
#define ALONE                                                                                                          \
    {                                                                                                                  \
        .attention = {.params = {.heads = 1, .key_heads = 1, .scale = 1.0f} }                                          \
    }
#define ITS_OWN                                                                                                        \
    {                                                                                                                  \
        .attention = {.params = {.heads = 1, .key_heads = 1, .scale = 1.0f}, .masked = true }                          \
    }

static const struct {
    const char *what;
    soma_op op;
    given input[MOST_INPUTS];
    soma_attributes attributes;
    bool is_sequence;
    int mask; /* that of which input */
} rows[] = {
    {"a function of steps", SOMA_OP_UNARY, {INPUT(MASKED, 5, 3)}, {.unary = {.function = SOMA_RELU}}, true, 0},
    {"a function of steps all of which are there",
     SOMA_OP_UNARY,
     {INPUT(SEQUENCE, 5, 3)},
     {.unary = {.function = SOMA_RELU}},
     true,
     NO_MASK},
    {"a function of what is no sequence",
     SOMA_OP_UNARY,
     {INPUT(PLAIN, 5, 3)},
     {.unary = {.function = SOMA_RELU}},
     false,
     NO_MASK},
    {"masked steps and others", SOMA_OP_BINARY, {INPUT(MASKED, 5, 3), INPUT(SEQUENCE, 5, 3)}, ADDED, true, 0},
    {"steps and masked ones", SOMA_OP_BINARY, {INPUT(SEQUENCE, 5, 3), INPUT(MASKED, 5, 3)}, ADDED, true, 1},
    {"numbers and masked steps", SOMA_OP_BINARY, {INPUT(PLAIN, 5, 3), INPUT(MASKED, 5, 3)}, ADDED, true, 1},
    {"masks of both", SOMA_OP_BINARY, {INPUT(MASKED, 5, 3), INPUT(MASKED, 5, 3)}, ADDED, true, 0},
    {"a masked step for all", SOMA_OP_BINARY, {INPUT(SEQUENCE, 5, 3), INPUT(MASKED, 1, 3)}, ADDED, true, NO_MASK},
    {"masked steps, and one for all", SOMA_OP_BINARY, {INPUT(MASKED, 5, 3), INPUT(MASKED, 1, 3)}, ADDED, true, 0},
    {"a step for all numbers", SOMA_OP_BINARY, {INPUT(PLAIN, 5, 3), INPUT(MASKED, 1, 3)}, ADDED, false, NO_MASK},
    {"steps for each row", SOMA_OP_BINARY, {INPUT(PLAIN, 3, 3), INPUT(MASKED, 3)}, ADDED, false, NO_MASK},
    {"features beside each other",
     SOMA_OP_CONCAT,
     {INPUT(SEQUENCE, 5, 3), INPUT(MASKED, 5, 2)},
     AXIS(concat, 2),
     true,
     1},
    {"steps behind each other",
     SOMA_OP_CONCAT,
     {INPUT(MASKED, 5, 3), INPUT(MASKED, 4, 3)},
     AXIS(concat, 1),
     false,
     NO_MASK},
    {"the sum over steps",
     SOMA_OP_REDUCE,
     {INPUT(MASKED, 5, 3)},
     {.reduce = {.op = SOMA_REDUCE_SUM, .axis = 1, .count = 1}},
     false,
     NO_MASK},
    {"attention of masked queries",
     SOMA_OP_ATTENTION,
     {INPUT(MASKED, 5, 3), INPUT(PLAIN, 4, 3), INPUT(PLAIN, 4, 3)},
     ALONE,
     true,
     0},
    {"attention to masked keys",
     SOMA_OP_ATTENTION,
     {INPUT(SEQUENCE, 5, 3), INPUT(MASKED, 4, 3), INPUT(MASKED, 4, 3)},
     ALONE,
     true,
     NO_MASK},
    {"attention to others, whose mask is given",
     SOMA_OP_ATTENTION,
     {INPUT(SEQUENCE, 4, 3), INPUT(PLAIN, 4, 3), INPUT(PLAIN, 4, 3), INPUT(PLAIN, 4)},
     ITS_OWN,
     true,
     NO_MASK},
};

static soma_tensor *add_input(soma_graph *graph, const given *from) {
    soma_tensor *tensor, *mask;
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .dtype = SOMA_F32, .batched = true};
    for (; spec.rank < 3 && from->shape[spec.rank]; spec.rank++) spec.shape[spec.rank] = from->shape[spec.rank];
    expect_ok(soma_graph_add(graph, &spec, &tensor));
    tensor->is_sequence = from->kind == SEQUENCE || from->kind == MASKED;
    if (from->kind != MASKED) return tensor;
    spec.rank = 1;
    expect_ok(soma_graph_add(graph, &spec, &mask));
    tensor->mask = mask;
    return tensor;
}

START_TEST(steps_stay_what_they_are) {
    soma_graph graph;
    soma_graph_init(&graph);
    soma_tensor *inputs[MOST_INPUTS], *out;
    soma_tensor_spec spec = {.op = rows[_i].op, .input = inputs, .attributes = rows[_i].attributes};
    for (; spec.input_count < MOST_INPUTS && rows[_i].input[spec.input_count].kind; spec.input_count++)
        inputs[spec.input_count] = add_input(&graph, &rows[_i].input[spec.input_count]);
    expect_ok(soma_graph_add(&graph, &spec, &out));
    ck_assert_msg(out->is_sequence == rows[_i].is_sequence, "%s: %s a sequence", rows[_i].what,
                  out->is_sequence ? "is" : "is not");
    const soma_tensor *mask = rows[_i].mask == NO_MASK ? NULL : inputs[rows[_i].mask]->mask;
    ck_assert_msg(out->mask == mask, "%s: its mask is %s", rows[_i].what, out->mask ? "another" : "missing");
    soma_graph_clear(&graph);
}
END_TEST

/* Keys out of the same numbers as the queries, each by a product of its own: the mask of the keys is that of the
 * queries, too. */
START_TEST(a_mask_of_keys_is_that_of_queries_out_of_the_same_numbers) {
    static const given numbers = INPUT(SEQUENCE, 4, 3), steps = INPUT(PLAIN, 4), other = INPUT(SEQUENCE, 4, 3);
    for (int same = 0; same < 2; same++) {
        soma_graph graph;
        soma_graph_init(&graph);
        soma_tensor *x = add_input(&graph, &numbers), *from = same ? x : add_input(&graph, &other), *weight, *input[4];
        const soma_tensor_spec of_weight = {.op = SOMA_OP_PARAMETER, .dtype = SOMA_F32, .rank = 2, .shape = {3, 3}};
        for (int i = 0; i < 3; i++) {
            expect_ok(soma_graph_add(&graph, &of_weight, &weight));
            soma_tensor *factors[] = {i ? from : x, weight};
            const soma_tensor_spec product = {
                .op = SOMA_OP_GEMM, .input = factors, .input_count = 2, .attributes = {.gemm = {.alpha = 1.0f}}};
            expect_ok(soma_graph_add(&graph, &product, &input[i]));
        }
        input[3] = add_input(&graph, &steps);
        soma_tensor *out;
        const soma_tensor_spec attention = {
            .op = SOMA_OP_ATTENTION, .input = input, .input_count = 4, .attributes = ITS_OWN};
        expect_ok(soma_graph_add(&graph, &attention, &out));
        ck_assert_ptr_eq(out->mask, same ? input[3] : NULL);
        soma_graph_clear(&graph);
    }
}
END_TEST

/* The mask of a recurrent layer out of a file is an input of it, behind its weights. */
START_TEST(a_recurrent_layer_has_the_mask_that_it_is_given) {
    static const given numbers = INPUT(PLAIN, 4, 3), steps = INPUT(PLAIN, 4);
    for (int biased = 0; biased < 2; biased++) {
        soma_graph graph;
        soma_graph_init(&graph);
        soma_tensor *input[4] = {add_input(&graph, &numbers)}, *out;
        uint32_t count = 1;
        const soma_tensor_spec weight = {.op = SOMA_OP_PARAMETER, .dtype = SOMA_F32, .rank = 2, .shape = {3, 3}},
                               bias = {.op = SOMA_OP_PARAMETER, .dtype = SOMA_F32, .rank = 1, .shape = {3}};
        expect_ok(soma_graph_add(&graph, &weight, &input[count++]));
        if (biased) expect_ok(soma_graph_add(&graph, &bias, &input[count++]));
        soma_tensor *mask = input[count++] = add_input(&graph, &steps);
        const soma_tensor_spec recurrent = {
            .op = SOMA_OP_RECURRENT,
            .input = input,
            .input_count = count,
            .attributes = {.recurrent = {.params = {.kind = SOMA_RECURRENT_RNN, .function = SOMA_TANH},
                                         .biased = biased,
                                         .masked = true}}};
        expect_ok(soma_graph_add(&graph, &recurrent, &out));
        ck_assert(out->is_sequence);
        ck_assert_ptr_eq(out->mask, mask);
        soma_graph_clear(&graph);
    }
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, steps_stay_what_they_are, 0, SOMA_COUNT_OF(rows));
    tcase_add_test(cases, a_mask_of_keys_is_that_of_queries_out_of_the_same_numbers);
    tcase_add_test(cases, a_recurrent_layer_has_the_mask_that_it_is_given);
}

int main(void) {
    return run_suite("sequences", add_tests);
}
