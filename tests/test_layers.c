/* SPDX-License-Identifier: MIT */
/* Builders: what each makes, and that the first error is kept. What they refuse is in test_layer_errors.c. */
#include "one_network.h"

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
static soma_tensor *make_embedding(void) {
    return soma_embedding(input(SHAPE(2, 3)), 7, 4, &(soma_embedding_options){.name = "words"});
}
static soma_tensor *make_rnn(void) {
    return soma_rnn(input(SHAPE(5, 3)), 4, &(soma_recurrent_options){.function = SOMA_RELU, .no_bias = true});
}
static soma_tensor *make_lstm(void) {
    return soma_lstm(input(SHAPE(5, 3)), 4, &(soma_recurrent_options){.name = "memory", .last = true});
}
static soma_tensor *make_gru(void) {
    return soma_gru(input(SHAPE(5, 3)), 4, &(soma_recurrent_options){.bidirectional = true});
}
static soma_tensor *make_attention(void) {
    return soma_attention(input(SHAPE(5, 6)), 3, NULL);
}
static soma_tensor *make_attention_context(void) {
    return soma_attention(
        input(SHAPE(5, 6)), 4,
        &(soma_attention_options){
            .name = "decoder", .key_heads = 2, .head_width = 5, .no_bias = true, .context = input(SHAPE(7, 3))});
}
static soma_tensor *make_transformer(void) {
    return soma_transformer(input(SHAPE(5, 6)), 2, NULL);
}
static soma_tensor *make_transformer_swiglu(void) {
    return soma_transformer(input(SHAPE(5, 6)), 2,
                            &(soma_transformer_options){
                                .key_heads = 1, .post_norm = true, .rms_norm = true, .swiglu = true, .no_bias = true});
}
static soma_tensor *make_positions(void) {
    return soma_positions(input(SHAPE(2, 3)), NULL);
}
static soma_tensor *make_prelu(void) {
    return soma_prelu(input(SHAPE(2, 3)), 0.25f);
}
static soma_tensor *make_batchnorm(void) {
    return soma_batchnorm(input(SHAPE(2, 3)), NULL);
}
static soma_tensor *make_layernorm(void) {
    return soma_layernorm(input(SHAPE(2, 3)), &(soma_normalize_options){.name = "norm", .no_offset = true});
}
static soma_tensor *make_groupnorm(void) {
    return soma_groupnorm(input(SHAPE(2, 6)), 3, NULL);
}
static soma_tensor *make_instancenorm(void) {
    return soma_instancenorm(input(SHAPE(2, 3)), &(soma_normalize_options){.no_scale = true, .no_offset = true});
}
static soma_tensor *make_rmsnorm(void) {
    return soma_rmsnorm(input(SHAPE(2, 3)), NULL);
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
static soma_tensor *make_conv(void) {
    return soma_conv(input(SHAPE(6, 7, 4)), 8, &(soma_conv_options){.kernel = {3, 3}, .stride = {2}, .groups = 2});
}
static soma_tensor *make_conv_same(void) {
    return soma_conv(input(SHAPE(6, 7)), 8,
                     &(soma_conv_options){.name = "edges",
                                          .kernel = {3, 5},
                                          .stride = {2, 3},
                                          .padding = SOMA_PADDING_SAME,
                                          .no_bias = true,
                                          .activation = SOMA_RELU});
}
static soma_tensor *make_conv_explicit(void) {
    return soma_conv(
        input(SHAPE(9, 2)), 3,
        &(soma_conv_options){
            .kernel = {5}, .dilation = {3}, .padding = SOMA_PADDING_EXPLICIT, .before = {4}, .after = {2}});
}
static soma_tensor *make_depthwise(void) {
    return soma_depthwise(input(SHAPE(6, 7, 4)), &(soma_conv_options){.kernel = {3, 3}, .multiplier = 2});
}
static soma_tensor *make_separable(void) {
    return soma_separable(input(SHAPE(6, 7, 4)), 5, &(soma_conv_options){.kernel = {3, 3}});
}
static soma_tensor *make_conv_transpose(void) {
    return soma_conv_transpose(
        input(SHAPE(3, 4, 2)), 5,
        &(soma_conv_options){.kernel = {3, 3}, .stride = {2, 2}, .output_padding = {0, 1}, .no_bias = true});
}
static soma_tensor *make_max_pool(void) {
    return soma_max_pool(input(SHAPE(6, 7, 4)), &(soma_pool_options){.size = {2, 3}, .stride = {0, 2}});
}
static soma_tensor *make_average_pool(void) {
    return soma_average_pool(input(SHAPE(6, 2)), &(soma_pool_options){.name = "mean",
                                                                      .size = {3},
                                                                      .stride = {2},
                                                                      .padding = SOMA_PADDING_EXPLICIT,
                                                                      .before = {1},
                                                                      .after = {1},
                                                                      .ceil_mode = true,
                                                                      .count_padding = true});
}
static soma_tensor *make_adaptive_pool(void) {
    return soma_adaptive_average_pool(input(SHAPE(6, 7, 4)), 2, (size_t[]){2, 3});
}
static soma_tensor *make_global_average_pool(void) {
    return soma_global_average_pool(input(SHAPE(3, 4, 5, 2)));
}
static soma_tensor *make_global_max_pool(void) {
    return soma_global_max_pool(input(SHAPE(4, 2)));
}
static soma_tensor *make_upsample(void) {
    return soma_upsample(input(SHAPE(3, 4, 2)), 2, (size_t[]){2, 3}, SOMA_INTERPOLATE_NEAREST);
}
static soma_tensor *make_zero_pad(void) {
    return soma_pad(input(SHAPE(3, 4, 2)), 2, (size_t[]){1, 0}, (size_t[]){2, 5}, SOMA_PAD_ZERO);
}
static soma_tensor *make_crop(void) {
    return soma_crop(input(SHAPE(3, 4, 2)), 2, (size_t[]){1, 0}, (size_t[]){1, 2});
}
static soma_tensor *make_spatial_dropout(void) {
    return soma_spatial_dropout(input(SHAPE(3, 4, 2)), 0.5f);
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
    {make_embedding, "words", "embedding", "[batch, 2, 3, 4]", 28},
    {make_rnn, "rnn_1", "rnn", "[batch, 5, 4]", 28},
    {make_lstm, "memory", "lstm", "[batch, 4]", 128},
    {make_gru, "gru_1", "gru", "[batch, 5, 8]", 216},
    {make_attention, "attention_1", "attention", "[batch, 5, 6]", 4 * 42},
    {make_attention_context, "decoder", "attention", "[batch, 5, 6]", 6 * 20 + 2 * 3 * 10 + 20 * 6},
    {make_transformer, "add_2", "add", "[batch, 5, 6]", 4 * 42 + 2 * 12 + 7 * 24 + 25 * 6},
    {make_transformer_swiglu, "rmsnorm_2", "rmsnorm", "[batch, 5, 6]", 2 * 36 + 2 * 18 + 2 * 6 + 3 * 6 * 16},
    {make_positions, "positions_1", "positions", "[batch, 2, 3]", 6},
    {make_prelu, "prelu_1", "prelu", "[batch, 2, 3]", 3},
    {make_batchnorm, "batchnorm_1", "batchnorm", "[batch, 2, 3]", 12},
    {make_layernorm, "norm", "layernorm", "[batch, 2, 3]", 3},
    {make_groupnorm, "groupnorm_1", "groupnorm", "[batch, 2, 6]", 12},
    {make_instancenorm, "instancenorm_1", "instancenorm", "[batch, 2, 3]", 0},
    {make_rmsnorm, "rmsnorm_1", "rmsnorm", "[batch, 2, 3]", 3},
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
    {make_conv, "conv_1", "conv", "[batch, 2, 5, 8]", 3 * 3 * 2 * 8 + 8},
    {make_conv_same, "edges", "conv", "[batch, 3, 3, 8]", 3 * 5 * 1 * 8},
    {make_conv_explicit, "conv_1", "conv", "[batch, 3, 3]", 5 * 2 * 3 + 3},
    {make_depthwise, "depthwise_1", "depthwise", "[batch, 4, 5, 8]", 3 * 3 * 8 + 8},
    {make_separable, "separable_1", "separable", "[batch, 4, 5, 5]", 3 * 3 * 4 + 4 * 5 + 5},
    {make_conv_transpose, "convtranspose_1", "convtranspose", "[batch, 7, 10, 5]", 3 * 3 * 5 * 2},
    {make_global_average_pool, "globalavgpool_1", "globalavgpool", "[batch, 2]", 0},
    {make_max_pool, "maxpool_1", "maxpool", "[batch, 3, 3, 4]", 0},
    {make_average_pool, "mean", "avgpool", "[batch, 4, 2]", 0},
    {make_adaptive_pool, "adaptiveavgpool_1", "adaptiveavgpool", "[batch, 2, 3, 4]", 0},
    {make_global_max_pool, "globalmaxpool_1", "globalmaxpool", "[batch, 2]", 0},
    {make_upsample, "upsample_1", "upsample", "[batch, 6, 12, 2]", 0},
    {make_zero_pad, "zeropad_1", "zeropad", "[batch, 6, 9, 2]", 0},
    {make_crop, "crop_1", "crop", "[batch, 1, 2, 2]", 0},
    {make_spatial_dropout, "spatialdropout_1", "spatialdropout", "[batch, 3, 4, 2]", 0},
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
    ck_assert_ptr_null(soma_conv(NULL, 3, NULL));
    ck_assert_ptr_null(soma_depthwise(NULL, NULL));
    ck_assert_ptr_null(soma_separable(NULL, 3, NULL));
    ck_assert_ptr_null(soma_conv_transpose(NULL, 3, NULL));
    ck_assert_ptr_null(soma_max_pool(NULL, NULL));
    ck_assert_ptr_null(soma_average_pool(NULL, NULL));
    ck_assert_ptr_null(soma_adaptive_average_pool(NULL, 1, NULL));
    ck_assert_ptr_null(soma_global_average_pool(NULL));
    ck_assert_ptr_null(soma_global_max_pool(NULL));
    ck_assert_ptr_null(soma_upsample(NULL, 1, NULL, SOMA_INTERPOLATE_NEAREST));
    ck_assert_ptr_null(soma_pad(NULL, 1, NULL, NULL, SOMA_PAD_ZERO));
    ck_assert_ptr_null(soma_crop(NULL, 1, NULL, NULL));
    ck_assert_ptr_null(soma_spatial_dropout(NULL, 0.5f));
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
    soma_tensor *x = soma_dropout(soma_spatial_dropout(soma_dropout(input(SHAPE(3, 2)), 0.1f), 0.5f), 0.2f);
    soma_tensor *product = x->input[0];
    ck_assert_uint_eq(product->input[0]->attributes.dropout.stream, 0);
    ck_assert_uint_eq(product->input[1]->attributes.dropout.stream, 1);
    ck_assert_uint_eq(x->attributes.dropout.stream, 2);
}
END_TEST

/* A filter reads kernel x channels / groups elements, and each of those is read by kernel x filters / groups. */
START_TEST(fans_count_the_kernel_and_the_group) {
    const soma_conv_options options = {.kernel = {3, 5}, .groups = 2};
    soma_tensor *x = input(SHAPE(8, 8, 4));
    soma_conv(x, 6, &options);
    soma_conv_transpose(x, 6, &options);
    soma_depthwise(x, &(soma_conv_options){.kernel = {3, 5}, .multiplier = 2});
    soma_separable(x, 6, &(soma_conv_options){.kernel = {3, 5}, .multiplier = 2});
    static const struct {
        const char *name;
        size_t in, out;
    } weights[] = {{"conv_1.weight", 15 * 2, 15 * 3},
                   {"convtranspose_1.weight", 15 * 2, 15 * 3},
                   {"depthwise_1.weight", 15, 15 * 2},
                   {"separable_1.depthwise", 15, 15 * 2},
                   {"separable_1.pointwise", 8, 6}};
    expect_ok(soma_network_status(network));
    for (size_t i = 0; i < SOMA_COUNT_OF(weights); i++)
        for (size_t j = 0; j < network->parameter_count; j++) {
            const soma_parameter *parameter = &network->parameters[j];
            if (strcmp(soma_tensor_name(parameter->tensor), weights[i].name) != 0) continue;
            ck_assert_uint_eq(parameter->fan_in, weights[i].in);
            ck_assert_uint_eq(parameter->fan_out, weights[i].out);
        }
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, builders_make_layers, 0, SOMA_COUNT_OF(builders));
    tcase_add_test(cases, null_goes_through);
    tcase_add_test(cases, the_first_error_is_kept_and_nothing_is_added_after_it);
    tcase_add_loop_test(cases, tensors_of_two_networks_do_not_mix, 0, 2);
    tcase_add_test(cases, dropout_layers_have_numbers_of_their_own);
    tcase_add_test(cases, fans_count_the_kernel_and_the_group);
}

int main(void) {
    return run_suite("layers", add_tests);
}
