/* SPDX-License-Identifier: MIT */
/* Builders: what each makes, what it refuses and says, and that the first error is kept. */
#include "expect.h"
#include "nn/network.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>

static soma_network *network; /* of the test at hand */

static void setup(void) {
    expect_ok(soma_network_create(&network));
}

static void teardown(void) {
    soma_network_destroy(network);
}

#define SHAPE(...)                                                                                                     \
    (sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)), (size_t[]) {                                                   \
        __VA_ARGS__                                                                                                    \
    }

static soma_tensor *input(uint32_t rank, const size_t *shape) {
    return soma_input(network, NULL, rank, shape);
}

/* --------------------------------------------------------------------------------------------------- what they make */

static soma_tensor *make_input(void) {
    return soma_input(network, "pixels", SHAPE(2, 3, 4, 5));
}
static soma_tensor *make_dense(void) {
    return soma_dense(input(SHAPE(7)), 5, SOMA_RELU);
}
static soma_tensor *make_dense_default(void) {
    return soma_dense_with(input(SHAPE(7)), 5, NULL);
}
static soma_tensor *make_dense_named(void) {
    return soma_dense_with(input(SHAPE(7)), 5, &(soma_dense_options){.name = "head", .no_bias = true});
}
static soma_tensor *make_dense_softmax(void) {
    return soma_dense(input(SHAPE(7)), 5, SOMA_SOFTMAX);
}
static soma_tensor *make_activation(void) {
    return soma_activation(input(SHAPE(2, 3)), SOMA_GELU, NULL);
}
static soma_tensor *make_softmax_activation(void) {
    return soma_activation(input(SHAPE(2, 3)), SOMA_SOFTMAX, NULL);
}
static soma_tensor *make_softmax(void) {
    return soma_softmax(input(SHAPE(2, 3)), 0);
}
static soma_tensor *make_log_softmax(void) {
    return soma_log_softmax(input(SHAPE(2, 3)), 1);
}
static soma_tensor *make_dropout(void) {
    return soma_dropout(input(SHAPE(2, 3)), 0.5f);
}
static soma_tensor *make_flatten(void) {
    return soma_flatten(input(SHAPE(2, 3, 4)));
}
static soma_tensor *make_reshape(void) {
    return soma_reshape(input(SHAPE(2, 3, 4)), SHAPE(4, 6));
}
static soma_tensor *make_add(void) {
    return soma_add(input(SHAPE(3, 4)), input(SHAPE(4)));
}
static soma_tensor *make_subtract(void) {
    return soma_subtract(input(SHAPE(4)), input(SHAPE(3, 4)));
}
static soma_tensor *make_multiply(void) {
    return soma_multiply(input(SHAPE(3, 1)), input(SHAPE(1, 4)));
}
static soma_tensor *make_divide(void) {
    return soma_divide(input(SHAPE(4)), input(SHAPE(4)));
}
static soma_tensor *make_maximum(void) {
    return soma_maximum(input(SHAPE(4)), input(SHAPE(4)));
}
static soma_tensor *make_minimum(void) {
    return soma_minimum(input(SHAPE(4)), input(SHAPE(4)));
}
static soma_tensor *make_concat(void) {
    soma_tensor *parts[] = {input(SHAPE(2, 3)), input(SHAPE(2, 5)), input(SHAPE(2, 1))};
    return soma_concat(parts, 3, 1);
}
static soma_tensor *make_concat_of_one(void) {
    soma_tensor *part = input(SHAPE(2, 3));
    return soma_concat(&part, 1, 0);
}
static soma_tensor *make_sum(void) {
    return soma_reduce(input(SHAPE(2, 3, 4)), SOMA_REDUCE_SUM, 1);
}
static soma_tensor *make_mean(void) {
    return soma_reduce(input(SHAPE(2, 3)), SOMA_REDUCE_MEAN, 0);
}
static soma_tensor *make_named(void) {
    return soma_named(soma_dense(input(SHAPE(7)), 5, SOMA_RELU), "hidden");
}
/* Parameters are tensors too: weights as numbers. */
static soma_tensor *make_with_weights(void) {
    soma_tensor *h = soma_dense(input(SHAPE(7)), 5, SOMA_RELU);
    return soma_add(h, soma_reduce(soma_network_tensor(network, "dense_1.weight"), SOMA_REDUCE_MAX, 0));
}

static const struct {
    soma_tensor *(*make)(void);
    const char *name, *kind, *shape;
    size_t parameters; /* of all layers */
} builders[] = {
    {make_input, "pixels", "input", "[batch, 2, 3, 4, 5]", 0},
    {make_dense, "dense_1", "dense", "[batch, 5]", 40},
    {make_dense_default, "dense_1", "dense", "[batch, 5]", 40},
    {make_dense_named, "head", "dense", "[batch, 5]", 35},
    {make_dense_softmax, "dense_1", "dense", "[batch, 5]", 40},
    {make_activation, "gelu_1", "gelu", "[batch, 2, 3]", 0},
    {make_softmax_activation, "softmax_1", "softmax", "[batch, 2, 3]", 0},
    {make_softmax, "softmax_1", "softmax", "[batch, 2, 3]", 0},
    {make_log_softmax, "log_softmax_1", "log_softmax", "[batch, 2, 3]", 0},
    {make_dropout, "dropout_1", "dropout", "[batch, 2, 3]", 0},
    {make_flatten, "flatten_1", "flatten", "[batch, 24]", 0},
    {make_reshape, "reshape_1", "reshape", "[batch, 4, 6]", 0},
    {make_add, "add_1", "add", "[batch, 3, 4]", 0},
    {make_subtract, "subtract_1", "subtract", "[batch, 3, 4]", 0},
    {make_multiply, "multiply_1", "multiply", "[batch, 3, 4]", 0},
    {make_divide, "divide_1", "divide", "[batch, 4]", 0},
    {make_maximum, "maximum_1", "maximum", "[batch, 4]", 0},
    {make_minimum, "minimum_1", "minimum", "[batch, 4]", 0},
    {make_concat, "concat_1", "concat", "[batch, 2, 9]", 0},
    {make_concat_of_one, "concat_1", "concat", "[batch, 2, 3]", 0},
    {make_sum, "sum_1", "sum", "[batch, 2, 4]", 0},
    {make_mean, "mean_1", "mean", "[batch, 3]", 0},
    {make_named, "hidden", "dense", "[batch, 5]", 40},
    {make_with_weights, "add_1", "add", "[batch, 5]", 40},
};

START_TEST(builders_make_layers) {
    soma_tensor *out = builders[_i].make();
    expect_ok(soma_network_status(network));
    ck_assert_str_eq(soma_tensor_name(out), builders[_i].name);
    char text[SOMA_SHAPE_TEXT];
    ck_assert_str_eq(soma_tensor_shape_text(out, text), builders[_i].shape);
    soma_layer_info info;
    size_t parameters = 0, layers = soma_network_layer_count(network);
    for (size_t i = 0; i < layers; i++) {
        expect_ok(soma_network_layer(network, i, &info));
        parameters += info.parameters;
    }
    ck_assert_str_eq(info.kind, builders[_i].kind);
    ck_assert_uint_eq(info.rank, out->rank);
    ck_assert_mem_eq(info.shape, out->shape, out->rank * sizeof *info.shape);
    ck_assert_uint_eq(parameters, builders[_i].parameters);
    ck_assert_ptr_eq(soma_network_output(network, 0), out); /* the last one made */
    ck_assert_ptr_eq(soma_network_tensor(network, builders[_i].name), out);
    for (uint32_t i = 0; i < network->graph.count; i++) ck_assert_uint_ge(network->graph.tensor[i]->layer, 1);
    ck_assert_uint_eq(out->layer, layers);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ what they refuse */

static soma_tensor *bad_input_rank_0(void) {
    return soma_input(network, "x", 0, NULL);
}
static soma_tensor *bad_input_rank_5(void) {
    return soma_input(network, "x", SHAPE(1, 2, 3, 4, 5));
}
static soma_tensor *bad_input_null(void) {
    return soma_input(network, "x", 2, NULL);
}
static soma_tensor *bad_input_zero(void) {
    return soma_input(network, "x", SHAPE(3, 0));
}
static soma_tensor *bad_input_huge(void) {
    return soma_input(network, "x", SHAPE(SIZE_MAX, SIZE_MAX));
}
static soma_tensor *bad_input_name(void) {
    return soma_input(network, "", SHAPE(3));
}
static soma_tensor *bad_dense_units(void) {
    return soma_dense(input(SHAPE(3)), 0, SOMA_RELU);
}
static soma_tensor *bad_dense_rank(void) {
    return soma_dense(input(SHAPE(28, 28)), 10, SOMA_RELU);
}
static soma_tensor *bad_dense_huge(void) {
    return soma_dense(input(SHAPE(1000)), SIZE_MAX / 2, SOMA_RELU);
}
static soma_tensor *bad_dense_function(void) {
    return soma_dense(input(SHAPE(3)), 2, (soma_function)40);
}
static soma_tensor *bad_dense_slopes(void) {
    return soma_dense_with(input(SHAPE(3)), 2,
                           &(soma_dense_options){.activation = SOMA_LEAKY_RELU, .function = {true, 0.1f, 0.2f}});
}
static soma_tensor *bad_dense_initializer(void) {
    return soma_dense_with(input(SHAPE(3)), 2, &(soma_dense_options){.weight_initializer = SOMA_INIT_COUNT});
}
static soma_tensor *bad_dense_bias_initializer(void) {
    return soma_dense_with(input(SHAPE(3)), 2, &(soma_dense_options){.bias_initializer = (soma_initializer)-1});
}
static soma_tensor *bad_dense_scale(void) {
    return soma_dense_with(input(SHAPE(3)), 2, &(soma_dense_options){.weight_scale = NAN});
}
static soma_tensor *bad_dense_bias_scale(void) {
    return soma_dense_with(input(SHAPE(3)), 2, &(soma_dense_options){.bias_scale = INFINITY});
}
static soma_tensor *bad_dense_weights(void) { /* weights have no batch */
    soma_dense(input(SHAPE(3)), 2, SOMA_RELU);
    return soma_dense(soma_network_tensor(network, "dense_1.bias"), 2, SOMA_RELU);
}
static soma_tensor *bad_activation(void) {
    return soma_activation(input(SHAPE(3)), SOMA_FUNCTION_COUNT, NULL);
}
static soma_tensor *bad_activation_parameters(void) {
    return soma_activation(input(SHAPE(3)), SOMA_LINEAR, &(soma_activation_options){true, NAN, 0});
}
static soma_tensor *bad_softmax_axis(void) {
    return soma_softmax(input(SHAPE(3)), 1);
}
static soma_tensor *bad_softmax_last_axis(void) {
    return soma_softmax(input(SHAPE(3)), UINT32_MAX);
}
static soma_tensor *bad_dropout(void) {
    return soma_dropout(input(SHAPE(3)), 1);
}
static soma_tensor *bad_reshape_count(void) {
    return soma_reshape(input(SHAPE(3, 4)), SHAPE(5));
}
static soma_tensor *bad_reshape_rank(void) {
    return soma_reshape(input(SHAPE(3, 4)), SHAPE(1, 1, 3, 2, 2));
}
static soma_tensor *bad_reshape_null(void) {
    return soma_reshape(input(SHAPE(3, 4)), 1, NULL);
}
static soma_tensor *bad_add(void) {
    soma_tensor *x = input(SHAPE(3)), *y = input(SHAPE(4));
    return soma_add(x, y);
}
static soma_tensor *bad_concat(void) {
    soma_tensor *parts[] = {input(SHAPE(2, 3)), input(SHAPE(4, 3))};
    return soma_concat(parts, 2, 1);
}
static soma_tensor *bad_concat_axis(void) {
    soma_tensor *parts[] = {input(SHAPE(3)), input(SHAPE(3))};
    return soma_concat(parts, 2, UINT32_MAX);
}
static soma_tensor *bad_concat_many(void) {
    soma_tensor *parts[65];
    parts[0] = input(SHAPE(3));
    for (int i = 1; i < 65; i++) parts[i] = parts[0];
    return soma_concat(parts, 65, 0);
}
static soma_tensor *bad_reduce_last(void) {
    return soma_reduce(input(SHAPE(3)), SOMA_REDUCE_SUM, 0);
}
static soma_tensor *bad_reduce_axis(void) {
    return soma_reduce(input(SHAPE(3, 4)), SOMA_REDUCE_SUM, 2);
}
static soma_tensor *bad_reduce_batch(void) { /* one more than UINT32_MAX is 0, the batch */
    return soma_reduce(input(SHAPE(3, 4)), SOMA_REDUCE_SUM, UINT32_MAX);
}
static soma_tensor *bad_reduce_op(void) {
    return soma_reduce(input(SHAPE(3, 4)), SOMA_REDUCTION_COUNT, 0);
}
static soma_tensor *bad_name_taken(void) {
    soma_tensor *x = soma_named(input(SHAPE(3)), "x");
    return soma_named(soma_dense(x, 2, SOMA_RELU), "x");
}
static soma_tensor *bad_name_empty(void) {
    return soma_named(input(SHAPE(3)), "");
}
static soma_tensor *bad_name_null(void) {
    return soma_named(input(SHAPE(3)), NULL);
}
static soma_tensor *bad_layer_name(void) {
    return soma_dense_with(soma_input(network, "twin", SHAPE(3)), 2, &(soma_dense_options){.name = "twin"});
}
static soma_tensor *bad_layer_name_of_tensor(void) {
    soma_tensor *x = soma_named(input(SHAPE(3)), "twin");
    return soma_dense_with(x, 2, &(soma_dense_options){.name = "twin"});
}
static soma_tensor *bad_output_twice(void) {
    return soma_output(soma_output(input(SHAPE(3))));
}
static soma_tensor *bad_output_weights(void) {
    soma_dense(input(SHAPE(3)), 2, SOMA_RELU);
    return soma_output(soma_network_tensor(network, "dense_1.weight"));
}
static soma_tensor *bad_many_inputs(void) {
    for (int i = 0; i < SOMA_MAX_OUTPUTS; i++) input(SHAPE(3));
    return input(SHAPE(3));
}
static soma_tensor *bad_many_outputs(void) {
    soma_tensor *x = input(SHAPE(3));
    for (int i = 0; i < SOMA_MAX_OUTPUTS; i++) soma_output(soma_dense(x, 2, SOMA_RELU));
    return soma_output(soma_dense(x, 2, SOMA_RELU));
}

static const struct {
    soma_tensor *(*make)(void);
    soma_status status;
    const char *words[3];
} refusals[] = {
    {bad_input_rank_0, SOMA_INVALID_SHAPE, {"layer x: ", "0 dimensions", "1 to 4"}},
    {bad_input_rank_5, SOMA_INVALID_SHAPE, {"layer x: ", "5 dimensions", "1 to 4"}},
    {bad_input_null, SOMA_INVALID_ARGUMENT, {"layer x: ", "NULL"}},
    {bad_input_zero, SOMA_INVALID_SHAPE, {"layer x: ", "dimension 1 is 0"}},
    {bad_input_huge, SOMA_INVALID_SHAPE, {"layer x: ", "more elements than memory"}},
    {bad_input_name, SOMA_INVALID_ARGUMENT, {"name is empty"}},
    {bad_dense_units, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "0 units"}},
    {bad_dense_rank, SOMA_INVALID_SHAPE, {"layer dense_1: ", "[batch, 28, 28]", "flatten"}},
    {bad_dense_huge, SOMA_INVALID_SHAPE, {"layer dense_1: ", "more elements than memory"}},
    {bad_dense_function, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "40 is not a function"}},
    {bad_dense_slopes, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "b < a", "b = 0.2"}},
    {bad_dense_initializer, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "weight", "no initializer number 11"}},
    {bad_dense_bias_initializer, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "bias", "no initializer number -1"}},
    {bad_dense_scale, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "weight", "nan"}},
    {bad_dense_bias_scale, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "bias", "inf"}},
    {bad_dense_weights, SOMA_INVALID_SHAPE, {"layer dense_2: ", "got [2]"}},
    {bad_activation, SOMA_INVALID_ARGUMENT, {"layer activation_1: ", "18 is not a function"}},
    {bad_activation_parameters, SOMA_INVALID_ARGUMENT, {"layer linear_1: ", "finite"}},
    {bad_softmax_axis, SOMA_INVALID_SHAPE, {"layer softmax_1: ", "[batch, 3] has no dimension 1"}},
    {bad_softmax_last_axis, SOMA_INVALID_SHAPE, {"layer softmax_1: ", "has no dimension"}},
    {bad_dropout, SOMA_INVALID_ARGUMENT, {"layer dropout_1: ", "less than 1"}},
    {bad_reshape_count, SOMA_INVALID_SHAPE, {"layer reshape_1: ", "12 elements", "[batch, 5] has 5"}},
    {bad_reshape_rank, SOMA_INVALID_SHAPE, {"layer reshape_1: ", "5 dimensions"}},
    {bad_reshape_null, SOMA_INVALID_ARGUMENT, {"layer reshape_1: ", "NULL"}},
    {bad_add, SOMA_INVALID_SHAPE, {"layer add_1: ", "input_1 [batch, 3]", "input_2 [batch, 4]"}},
    {bad_concat, SOMA_INVALID_SHAPE, {"layer concat_1: ", "[batch, 2, 3] and [batch, 4, 3]", "more than dimension 1"}},
    {bad_concat_axis, SOMA_INVALID_SHAPE, {"layer concat_1: ", "has no dimension"}},
    {bad_concat_many, SOMA_INVALID_ARGUMENT, {"layer concat_1: ", "1 to 64 inputs, got 65"}},
    {bad_reduce_last, SOMA_INVALID_SHAPE, {"layer sum_1: ", "[batch, 3]", "none would be left"}},
    {bad_reduce_axis, SOMA_INVALID_SHAPE, {"layer sum_1: ", "no dimension 2"}},
    {bad_reduce_batch, SOMA_INVALID_SHAPE, {"layer sum_1: ", "no dimension"}},
    {bad_reduce_op, SOMA_INVALID_ARGUMENT, {"layer reduce_1: ", "no reduction number 5"}},
    {bad_name_taken, SOMA_INVALID_ARGUMENT, {"there is a tensor \"x\" already"}},
    {bad_name_empty, SOMA_INVALID_ARGUMENT, {"input_1", "name is empty"}},
    {bad_name_null, SOMA_INVALID_ARGUMENT, {"input_1", "name is empty"}},
    {bad_layer_name, SOMA_INVALID_ARGUMENT, {"there is a layer \"twin\" already"}},
    {bad_layer_name_of_tensor, SOMA_INVALID_ARGUMENT, {"there is a tensor \"twin\" already"}},
    {bad_output_twice, SOMA_INVALID_ARGUMENT, {"input_1 is an output already"}},
    {bad_output_weights, SOMA_INVALID_ARGUMENT, {"dense_1.weight", "same for every sample"}},
    {bad_many_inputs, SOMA_INVALID_ARGUMENT, {"layer input_9: ", "more than 8 inputs"}},
    {bad_many_outputs, SOMA_INVALID_ARGUMENT, {"more than 8 outputs"}},
};

START_TEST(builders_refuse_what_cannot_be) {
    char label[32];
    snprintf(label, sizeof label, "refusal %d", _i);
    ck_assert_msg(refusals[_i].make() == NULL, "%s", label);
    const char *words[4] = {refusals[_i].words[0], refusals[_i].words[1], refusals[_i].words[2], NULL};
    expect_error_words(soma_network_status(network), refusals[_i].status, words, label);
    ck_assert_msg(strncmp(soma_last_error(), words[0], strlen(words[0])) == 0 || strncmp(words[0], "layer", 5) != 0,
                  "%s: %s", label, soma_last_error()); /* the layer's name stands at the beginning, once */
}
END_TEST

START_TEST(null_goes_through) {
    soma_tensor *x = input(SHAPE(3)), *parts[] = {x, NULL};
    ck_assert_ptr_null(soma_input(NULL, "x", SHAPE(3)));
    ck_assert_ptr_null(soma_dense(NULL, 3, SOMA_RELU));
    ck_assert_ptr_null(soma_dense_with(NULL, 3, NULL));
    ck_assert_ptr_null(soma_activation(NULL, SOMA_RELU, NULL));
    ck_assert_ptr_null(soma_softmax(NULL, 0));
    ck_assert_ptr_null(soma_log_softmax(NULL, 0));
    ck_assert_ptr_null(soma_dropout(NULL, 0.5f));
    ck_assert_ptr_null(soma_flatten(NULL));
    ck_assert_ptr_null(soma_reshape(NULL, SHAPE(3)));
    ck_assert_ptr_null(soma_add(NULL, x));
    ck_assert_ptr_null(soma_subtract(x, NULL));
    ck_assert_ptr_null(soma_multiply(NULL, NULL));
    ck_assert_ptr_null(soma_divide(NULL, x));
    ck_assert_ptr_null(soma_maximum(x, NULL));
    ck_assert_ptr_null(soma_minimum(x, NULL));
    ck_assert_ptr_null(soma_concat(parts, 2, 0));
    ck_assert_ptr_null(soma_concat(parts + 1, 1, 0));
    ck_assert_ptr_null(soma_concat(NULL, 2, 0));
    ck_assert_ptr_null(soma_concat(parts, 0, 0));
    ck_assert_ptr_null(soma_reduce(NULL, SOMA_REDUCE_SUM, 0));
    ck_assert_ptr_null(soma_named(NULL, "x"));
    ck_assert_ptr_null(soma_output(NULL));
    expect_ok(soma_network_status(network)); /* NULL is the error of somebody before, who has told it */
    ck_assert_uint_eq(soma_network_layer_count(network), 1);
    soma_network_destroy(NULL);
}
END_TEST

START_TEST(the_first_error_is_kept_and_nothing_is_added_after_it) {
    soma_tensor *x = input(SHAPE(4, 4));
    soma_tensor *y = soma_dropout(soma_dense(soma_dense(x, 3, SOMA_RELU), 2, SOMA_RELU), 5);
    ck_assert_ptr_null(y);
    size_t layers = soma_network_layer_count(network);
    ck_assert_ptr_null(soma_dropout(x, 7)); /* a good tensor, a second error */
    ck_assert_ptr_null(soma_flatten(x));    /* nothing wrong with it, but too late */
    ck_assert_ptr_null(soma_input(network, "late", SHAPE(3)));
    ck_assert_ptr_null(soma_named(x, ""));
    ck_assert_ptr_null(soma_layers(x, "nonsense"));
    ck_assert_ptr_null(soma_output(soma_output(x)));
    ck_assert_uint_eq(soma_network_layer_count(network), layers);
    for (int i = 0; i < 2; i++) {
        soma_error(SOMA_IO, "something else"); /* the thread's detail is not where it is kept */
        expect_error(soma_network_status(network), SOMA_INVALID_SHAPE, "layer dense_1: ", "[batch, 4, 4]");
    }
}
END_TEST

START_TEST(tensors_of_two_networks_do_not_mix) {
    soma_network *other;
    expect_ok(soma_network_create(&other));
    soma_tensor *x = input(SHAPE(3)), *y = soma_input(other, NULL, SHAPE(3)), *parts[] = {x, y};
    ck_assert_ptr_null(_i ? soma_concat(parts, 2, 0) : soma_add(x, y));
    expect_error(soma_network_status(network), SOMA_INVALID_ARGUMENT, _i ? "concat" : "add", "different networks");
    expect_ok(soma_network_status(other));
    soma_network_destroy(other);
}
END_TEST

START_TEST(dropout_layers_have_numbers_of_their_own) {
    soma_tensor *x = soma_dropout(soma_dropout(input(SHAPE(3)), 0.1f), 0.2f);
    ck_assert_uint_eq(x->input[0]->attributes.dropout.stream, 0);
    ck_assert_uint_eq(x->attributes.dropout.stream, 1);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, builders_make_layers, 0, SOMA_COUNT_OF(builders));
    tcase_add_loop_test(cases, builders_refuse_what_cannot_be, 0, SOMA_COUNT_OF(refusals));
    tcase_add_test(cases, null_goes_through);
    tcase_add_test(cases, the_first_error_is_kept_and_nothing_is_added_after_it);
    tcase_add_loop_test(cases, tensors_of_two_networks_do_not_mix, 0, 2);
    tcase_add_test(cases, dropout_layers_have_numbers_of_their_own);
}

int main(void) {
    return run_suite("layers", add_tests);
}
