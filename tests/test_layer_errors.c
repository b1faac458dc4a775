/* SPDX-License-Identifier: MIT */
/* What builders refuse, and what they say then. */
#include "one_network.h"

#include <math.h>
#include <stdio.h>

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
static soma_tensor *bad_dense_every_step(void) {
    return soma_dense_with(input(SHAPE(28, 28)), 10, &(soma_dense_options){.every_step = 2});
}
static soma_tensor *bad_lstm_units(void) {
    return soma_lstm(input(SHAPE(5, 3)), 0, NULL);
}
static soma_tensor *bad_lstm_rank(void) {
    return soma_lstm(input(SHAPE(5)), 4, NULL);
}
static soma_tensor *bad_lstm_reset(void) {
    return soma_lstm(input(SHAPE(5, 3)), 4, &(soma_recurrent_options){.reset_before = true});
}
static soma_tensor *bad_lstm_truncate(void) {
    return soma_lstm(input(SHAPE(5, 3)), 4, &(soma_recurrent_options){.truncate = (uint64_t)UINT32_MAX + 1});
}
static soma_tensor *bad_lstm_pieces(void) {
    return soma_lstm(input(SHAPE(2049, 3)), 4, &(soma_recurrent_options){.truncate = 2});
}
static soma_tensor *bad_truncated_mask(void) {
    soma_tensor *x = input(SHAPE(5, 3)), *mask = soma_input(network, "mask", SHAPE(5));
    return soma_lstm(x, 4, &(soma_recurrent_options){.truncate = 2, .last = true, .mask = mask});
}
static soma_tensor *bad_truncated_final(void) {
    soma_tensor *x = input(SHAPE(5, 3)), *mask = soma_input(network, "mask", SHAPE(5)), *state;
    return soma_gru(x, 4, &(soma_recurrent_options){.truncate = 2, .mask = mask, .final_state = &state});
}
static soma_tensor *bad_lstm_function(void) {
    return soma_lstm(input(SHAPE(5, 3)), 4, &(soma_recurrent_options){.function = SOMA_RELU});
}
static soma_tensor *bad_rnn_function(void) {
    return soma_rnn(input(SHAPE(5, 3)), 4, &(soma_recurrent_options){.function = SOMA_GELU});
}
static soma_tensor *bad_gru_cell(void) {
    soma_tensor *x = input(SHAPE(5, 3));
    return soma_gru(x, 3, &(soma_recurrent_options){.cell = x});
}
static soma_tensor *bad_gru_state(void) {
    soma_tensor *x = input(SHAPE(5, 3));
    return soma_gru(x, 3, &(soma_recurrent_options){.state = x});
}
static soma_tensor *bad_gru_mask(void) {
    soma_tensor *x = input(SHAPE(5, 3));
    return soma_gru(x, 3, &(soma_recurrent_options){.mask = x});
}
static soma_tensor *bad_gru_both_ways(void) {
    return soma_gru(input(SHAPE(5, 3)), 3, &(soma_recurrent_options){.bidirectional = true, .reverse = true});
}
static soma_tensor *bad_attention_heads(void) {
    return soma_attention(input(SHAPE(5, 6)), 4, NULL);
}
static soma_tensor *bad_attention_no_heads(void) {
    return soma_attention(input(SHAPE(5, 6)), 0, NULL);
}
static soma_tensor *bad_attention_rank(void) {
    return soma_attention(input(SHAPE(6)), 2, NULL);
}
static soma_tensor *bad_attention_key_heads(void) {
    return soma_attention(input(SHAPE(5, 6)), 6, &(soma_attention_options){.key_heads = 4});
}
static soma_tensor *bad_attention_rotary(void) {
    return soma_attention(input(SHAPE(5, 6)), 2, &(soma_attention_options){.rotary = true});
}
/* 2^25 numbers are possible, and these are twice as many. */
static soma_tensor *bad_attention_rotary_steps(void) {
    return soma_attention(input(SHAPE(1048576, 64)), 1, &(soma_attention_options){.rotary = true});
}
static soma_tensor *bad_attention_context(void) {
    return soma_attention(input(SHAPE(5, 6)), 2, &(soma_attention_options){.context = input(SHAPE(4))});
}
static soma_tensor *bad_attention_causal_context(void) {
    return soma_attention(input(SHAPE(5, 6)), 2,
                          &(soma_attention_options){.causal = true, .context = input(SHAPE(5, 6))});
}
static soma_tensor *bad_attention_rotary_context(void) {
    return soma_attention(input(SHAPE(5, 4)), 2,
                          &(soma_attention_options){.rotary = true, .context = input(SHAPE(5, 4))});
}
static soma_tensor *bad_attention_mask(void) {
    return soma_attention(input(SHAPE(5, 6)), 2, &(soma_attention_options){.mask = input(SHAPE(4))});
}
static soma_tensor *bad_transformer_rank(void) {
    return soma_transformer(input(SHAPE(2, 5, 6)), 2, NULL);
}
static soma_tensor *bad_transformer_dropout(void) {
    return soma_transformer(input(SHAPE(5, 6)), 2, &(soma_transformer_options){.dropout = 1});
}
static soma_tensor *bad_transformer_function(void) {
    return soma_transformer(input(SHAPE(5, 6)), 2, &(soma_transformer_options){.swiglu = true, .function = SOMA_RELU});
}
static soma_tensor *bad_transformer_heads(void) {
    return soma_transformer(input(SHAPE(5, 6)), 5, NULL);
}
static soma_tensor *bad_embedding_vocabulary(void) {
    return soma_embedding(input(SHAPE(5)), 0, 4, NULL);
}
static soma_tensor *bad_embedding_large(void) {
    return soma_embedding(input(SHAPE(5)), SOMA_MOST_IDS + 1, 4, NULL);
}
static soma_tensor *bad_embedding_width(void) {
    return soma_embedding(input(SHAPE(5)), 4, 0, NULL);
}
static soma_tensor *bad_embedding_padding(void) {
    return soma_embedding(input(SHAPE(5)), 4, 3, &(soma_embedding_options){.padded = 1, .padding = 4});
}
static soma_tensor *bad_embedding_rank(void) {
    return soma_embedding(input(SHAPE(2, 2, 2, 2)), 4, 3, NULL);
}
static soma_tensor *bad_positions_rank(void) {
    return soma_positions(input(SHAPE(5)), NULL);
}
static soma_tensor *bad_positions_kind(void) {
    return soma_positions(input(SHAPE(5, 2)), &(soma_positions_options){.kind = (soma_positions_kind)2});
}
static soma_tensor *bad_positions_waves(void) {
    return soma_positions(input(SHAPE(5, 2)),
                          &(soma_positions_options){.kind = SOMA_POSITIONS_SINUSOIDAL, .initializer = SOMA_INIT_ZEROS});
}
static soma_tensor *bad_dense_huge(void) {
    return soma_dense(input(SHAPE(1000)), SIZE_MAX / 2, SOMA_RELU);
}
static soma_tensor *bad_dense_function(void) {
    return soma_dense(input(SHAPE(3)), 2, (soma_function)99);
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
/* A convolution with the kernel 3x3, and one thing wrong with it. */
static soma_tensor *bad_conv(soma_conv_options options) {
    options.kernel[0] = options.kernel[1] = 3;
    return soma_conv(input(SHAPE(6, 7, 4)), 8, &options);
}
static soma_tensor *bad_conv_null(void) {
    return soma_conv(input(SHAPE(6, 7, 4)), 8, NULL);
}
static soma_tensor *bad_conv_gap(void) {
    return soma_conv(input(SHAPE(6, 7, 4)), 8, &(soma_conv_options){.kernel = {3, 0, 3}});
}
static soma_tensor *bad_conv_stride_too_many(void) {
    return bad_conv((soma_conv_options){.stride = {1, 1, 2}});
}
static soma_tensor *bad_conv_filters(void) {
    return soma_conv(input(SHAPE(6, 7, 4)), 0, &(soma_conv_options){.kernel = {3, 3}});
}
static soma_tensor *bad_conv_rank(void) {
    return soma_conv(input(SHAPE(6)), 8, &(soma_conv_options){.kernel = {3, 3}});
}
static soma_tensor *bad_conv_rank_of_many(void) {
    return soma_conv(input(SHAPE(2, 6, 7, 4)), 8, &(soma_conv_options){.kernel = {3, 3}});
}
static soma_tensor *bad_conv_kernel(void) {
    return soma_conv(input(SHAPE(6, 7, 4)), 8, &(soma_conv_options){.kernel = {3, 8}});
}
static soma_tensor *bad_conv_kernel_huge(void) {
    return soma_conv(input(SHAPE(6, 7, 4)), 8, &(soma_conv_options){.kernel = {3, (size_t)INT32_MAX + 1}});
}
static soma_tensor *bad_conv_dilation(void) {
    return bad_conv((soma_conv_options){.dilation = {1, 4}});
}
static soma_tensor *bad_conv_reach(void) {
    return bad_conv((soma_conv_options){.dilation = {1, INT32_MAX}});
}
static soma_tensor *bad_conv_stride(void) {
    return bad_conv((soma_conv_options){.stride = {SIZE_MAX, 1}});
}
static soma_tensor *bad_conv_padding(void) {
    return bad_conv((soma_conv_options){.padding = (soma_padding)3});
}
static soma_tensor *bad_conv_before(void) {
    return bad_conv((soma_conv_options){.padding = SOMA_PADDING_EXPLICIT, .before = {SIZE_MAX}});
}
static soma_tensor *bad_conv_groups(void) {
    return bad_conv((soma_conv_options){.groups = 3});
}
static soma_tensor *bad_conv_multiplier(void) {
    return bad_conv((soma_conv_options){.multiplier = 3});
}
static soma_tensor *bad_conv_output_padding(void) {
    return bad_conv((soma_conv_options){.output_padding = {1}});
}
static soma_tensor *bad_conv_initializer(void) {
    return bad_conv((soma_conv_options){.weight_initializer = SOMA_INIT_COUNT});
}
static soma_tensor *bad_conv_reserved(void) {
    return bad_conv((soma_conv_options){.reserved = {[3] = 1}});
}
static soma_tensor *bad_conv_weights(void) { /* weights have no batch */
    soma_conv(input(SHAPE(6, 7, 4)), 8, &(soma_conv_options){.kernel = {3, 3}});
    return soma_conv(soma_network_tensor(network, "conv_1.weight"), 8, &(soma_conv_options){.kernel = {1, 1, 1}});
}
static soma_tensor *bad_depthwise_groups(void) {
    return soma_depthwise(input(SHAPE(6, 7, 4)), &(soma_conv_options){.kernel = {3, 3}, .groups = 2});
}
static soma_tensor *bad_depthwise_multiplier(void) {
    return soma_depthwise(input(SHAPE(6, 7, 4)), &(soma_conv_options){.kernel = {3, 3}, .multiplier = SIZE_MAX});
}
static soma_tensor *bad_separable_filters(void) {
    return soma_separable(input(SHAPE(6, 7, 4)), 0, &(soma_conv_options){.kernel = {3, 3}});
}
static soma_tensor *bad_conv_transpose_output_padding(void) {
    return soma_conv_transpose(input(SHAPE(6, 7, 4)), 8,
                               &(soma_conv_options){.kernel = {3, 3}, .stride = {2, 2}, .output_padding = {1, 2}});
}
static soma_tensor *bad_conv_transpose_same(void) {
    return soma_conv_transpose(
        input(SHAPE(6, 7, 4)), 8,
        &(soma_conv_options){
            .kernel = {3, 3}, .stride = {2, 2}, .padding = SOMA_PADDING_SAME, .output_padding = {1, 0}});
}
static soma_tensor *bad_conv_transpose_padding(void) {
    return soma_conv_transpose(
        input(SHAPE(1, 7, 4)), 8,
        &(soma_conv_options){.kernel = {3, 3}, .padding = SOMA_PADDING_EXPLICIT, .before = {2, 0}, .after = {1, 0}});
}
static soma_tensor *bad_pool_null(void) {
    return soma_max_pool(input(SHAPE(6, 7, 4)), NULL);
}
static soma_tensor *bad_pool_gap(void) {
    return soma_max_pool(input(SHAPE(6, 7, 4)), &(soma_pool_options){.size = {2}, .stride = {1, 1}});
}
static soma_tensor *bad_pool_rank(void) {
    return soma_average_pool(input(SHAPE(6)), &(soma_pool_options){.size = {2, 2}});
}
static soma_tensor *bad_pool_size(void) {
    return soma_average_pool(input(SHAPE(6, 7, 4)), &(soma_pool_options){.size = {7, 2}});
}
static soma_tensor *bad_pool_size_huge(void) {
    return soma_average_pool(input(SHAPE(6, 4)), &(soma_pool_options){.size = {SIZE_MAX}});
}
static soma_tensor *bad_pool_stride(void) {
    return soma_max_pool(input(SHAPE(6, 4)), &(soma_pool_options){.size = {2}, .stride = {1 << 30}});
}
static soma_tensor *bad_pool_dilation(void) {
    return soma_max_pool(input(SHAPE(6, 4)), &(soma_pool_options){.size = {3}, .dilation = {3}});
}
static soma_tensor *bad_pool_padding(void) {
    return soma_max_pool(
        input(SHAPE(6, 4)),
        &(soma_pool_options){.size = {3}, .padding = SOMA_PADDING_EXPLICIT, .before = {0}, .after = {3}});
}
static soma_tensor *bad_pool_count(void) {
    return soma_max_pool(input(SHAPE(6, 4)), &(soma_pool_options){.size = {2}, .count_padding = true});
}
static soma_tensor *bad_pool_reserved(void) {
    return soma_max_pool(input(SHAPE(6, 4)), &(soma_pool_options){.size = {2}, .reserved = {[7] = 1}});
}
static soma_tensor *bad_adaptive_pool_null(void) {
    return soma_adaptive_average_pool(input(SHAPE(6, 4)), 1, NULL);
}
static soma_tensor *bad_adaptive_pool_rank(void) {
    return soma_adaptive_average_pool(input(SHAPE(6, 4)), 4, (size_t[]){1, 1, 1, 1});
}
static soma_tensor *bad_adaptive_pool_size(void) {
    return soma_adaptive_average_pool(input(SHAPE(6, 7, 4)), 2, (size_t[]){1, 0});
}
static soma_tensor *bad_adaptive_pool_many(void) {
    return soma_adaptive_average_pool(input(SHAPE(100, 4)), 1, (size_t[]){65});
}
static soma_tensor *bad_global_pool(void) {
    return soma_global_average_pool(input(SHAPE(6)));
}
static soma_tensor *bad_upsample_factor(void) {
    return soma_upsample(input(SHAPE(6, 7, 4)), 2, (size_t[]){2, 0}, SOMA_INTERPOLATE_NEAREST);
}
static soma_tensor *bad_upsample_huge(void) {
    return soma_upsample(input(SHAPE(6, 7, 4)), 1, (size_t[]){SIZE_MAX}, SOMA_INTERPOLATE_NEAREST);
}
static soma_tensor *bad_upsample_rank(void) {
    return soma_upsample(input(SHAPE(6, 7, 4)), 3, (size_t[]){2, 2, 2}, SOMA_INTERPOLATE_NEAREST);
}
static soma_tensor *bad_upsample_null(void) {
    return soma_upsample(input(SHAPE(6, 7, 4)), 2, NULL, SOMA_INTERPOLATE_NEAREST);
}
static soma_tensor *bad_upsample_interpolation(void) {
    return soma_upsample(input(SHAPE(6, 7, 4)), 1, (size_t[]){2}, (soma_interpolation)2);
}
static soma_tensor *bad_upsample_between(void) {
    return soma_upsample(input(SHAPE(6, 7, 4)), 2, (size_t[]){64, 65}, SOMA_INTERPOLATE_LINEAR);
}
static soma_tensor *bad_pad_null(void) {
    return soma_pad(input(SHAPE(6, 7, 4)), 2, (size_t[]){1, 1}, NULL, SOMA_PAD_ZERO);
}
static soma_tensor *bad_pad_huge(void) {
    return soma_pad(input(SHAPE(6, 7, 4)), 1, (size_t[]){0}, (size_t[]){SIZE_MAX}, SOMA_PAD_ZERO);
}
static soma_tensor *bad_pad_rank(void) {
    return soma_pad(input(SHAPE(6)), 1, (size_t[]){0}, (size_t[]){1}, SOMA_PAD_ZERO);
}
static soma_tensor *bad_pad_mode(void) {
    return soma_pad(input(SHAPE(6, 7, 4)), 1, (size_t[]){0}, (size_t[]){1}, (soma_pad_mode)3);
}
static soma_tensor *bad_pad_reflect(void) {
    return soma_pad(input(SHAPE(6, 7, 4)), 2, (size_t[]){1, 7}, (size_t[]){1, 0}, SOMA_PAD_REFLECT);
}
static soma_tensor *bad_pad_edge(void) {
    return soma_pad(input(SHAPE(6, 7, 4)), 2, (size_t[]){1, 0}, (size_t[]){1, SIZE_MAX}, SOMA_PAD_EDGE);
}
static soma_tensor *bad_crop(void) {
    return soma_crop(input(SHAPE(6, 7, 4)), 2, (size_t[]){1, 3}, (size_t[]){0, 4});
}
static soma_tensor *bad_crop_huge(void) {
    return soma_crop(input(SHAPE(6, 7, 4)), 1, (size_t[]){SIZE_MAX}, (size_t[]){2});
}
static soma_tensor *bad_spatial_dropout(void) {
    return soma_spatial_dropout(input(SHAPE(6, 7, 4)), 1);
}
static soma_tensor *bad_spatial_dropout_rank(void) {
    return soma_spatial_dropout(input(SHAPE(6)), 0.5f);
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
static soma_tensor *bad_name_not_utf8(void) {
    return soma_named(input(SHAPE(3)), "caf\xe9");
}
static soma_tensor *bad_layer_name_not_utf8(void) {
    return soma_dense_with(input(SHAPE(3)), 2, &(soma_dense_options){.name = "\xff\xfe"});
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
    for (int i = 0; i < SOMA_MAX_ENDS; i++) input(SHAPE(3));
    return input(SHAPE(3));
}
static soma_tensor *bad_many_outputs(void) {
    soma_tensor *x = input(SHAPE(3));
    for (int i = 0; i < SOMA_MAX_ENDS; i++) soma_output(soma_dense(x, 2, SOMA_RELU));
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
    {bad_dense_every_step, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "every_step is 2", "0 and 1"}},
    {bad_attention_heads, SOMA_INVALID_SHAPE, {"layer attention_1: ", "6 features", "4 heads"}},
    {bad_attention_no_heads, SOMA_INVALID_ARGUMENT, {"layer attention_1: ", "0 heads"}},
    {bad_attention_rank, SOMA_INVALID_SHAPE, {"layer attention_1: ", "[batch, 6]", "steps of features"}},
    {bad_attention_key_heads, SOMA_INVALID_ARGUMENT, {"layer attention_1: ", "6 heads", "4 heads of keys"}},
    {bad_attention_rotary, SOMA_INVALID_SHAPE, {"layer attention_1: ", "there are 3", "even"}},
    {bad_attention_context, SOMA_INVALID_SHAPE, {"layer attention_1: ", "context", "[batch, 4]"}},
    {bad_attention_causal_context, SOMA_INVALID_ARGUMENT, {"layer attention_1: ", "causal", "context"}},
    {bad_attention_rotary_steps,
     SOMA_INVALID_SHAPE,
     {"layer attention_1: ", "1048576 steps and heads 64 wide", "524288 steps are possible"}},
    {bad_attention_rotary_context, SOMA_INVALID_ARGUMENT, {"layer attention_1: ", "rotary", "context"}},
    {bad_attention_mask, SOMA_INVALID_SHAPE, {"layer attention_1: ", "mask must be [batch, 5]", "[batch, 4]"}},
    {bad_transformer_rank, SOMA_INVALID_SHAPE, {"transformer: ", "[batch, 2, 5, 6]"}},
    {bad_transformer_dropout, SOMA_INVALID_ARGUMENT, {"transformer: ", "dropout", "got 1"}},
    {bad_transformer_function, SOMA_INVALID_ARGUMENT, {"transformer: ", "swiglu", "relu"}},
    {bad_transformer_heads, SOMA_INVALID_SHAPE, {"layer attention_1: ", "6 features", "5 heads"}},
    {bad_lstm_units, SOMA_INVALID_ARGUMENT, {"layer lstm_1: ", "0 units"}},
    {bad_lstm_rank, SOMA_INVALID_SHAPE, {"layer lstm_1: ", "[batch, 5]", "steps of features"}},
    {bad_lstm_pieces, SOMA_UNSUPPORTED, {"lstm_1", "truncate 2 makes 1025 pieces of 2049", "truncate 3 or more"}},
    {bad_truncated_mask, SOMA_UNSUPPORTED, {"layer lstm_1: ", "truncate with last", "mask"}},
    {bad_truncated_final, SOMA_UNSUPPORTED, {"layer gru_1: ", "truncate with final_state", "mask"}},
    {bad_lstm_truncate, SOMA_INVALID_ARGUMENT, {"layer lstm_1: ", "4294967296 steps", "at most 4294967295"}},
    {bad_lstm_reset, SOMA_INVALID_ARGUMENT, {"layer lstm_1: ", "reset_before", "only a gru"}},
    {bad_lstm_function, SOMA_INVALID_ARGUMENT, {"layer lstm_1: ", "relu", "only that of an rnn"}},
    {bad_rnn_function, SOMA_INVALID_ARGUMENT, {"layer rnn_1: ", "tanh or relu", "gelu"}},
    {bad_gru_cell, SOMA_INVALID_ARGUMENT, {"layer gru_1: ", "cell", "only an lstm"}},
    {bad_gru_state, SOMA_INVALID_SHAPE, {"layer gru_1: ", "first state must be [batch, 3]", "[batch, 5, 3]"}},
    {bad_gru_mask, SOMA_INVALID_SHAPE, {"layer gru_1: ", "mask must be [batch, 5]", "[batch, 5, 3]"}},
    {bad_gru_both_ways, SOMA_INVALID_ARGUMENT, {"layer gru_1: ", "bidirectional", "one layer for each direction"}},
    {bad_embedding_vocabulary, SOMA_INVALID_ARGUMENT, {"layer embedding_1: ", "a vocabulary of 0", "1 to 16777216"}},
    {bad_embedding_large, SOMA_INVALID_ARGUMENT, {"layer embedding_1: ", "16777217", "1 to 16777216"}},
    {bad_embedding_width, SOMA_INVALID_ARGUMENT, {"layer embedding_1: ", "a width of 0"}},
    {bad_embedding_padding, SOMA_INVALID_ARGUMENT, {"layer embedding_1: ", "number 4 of a vocabulary of 4", "0 to 3"}},
    {bad_embedding_rank, SOMA_INVALID_SHAPE, {"layer embedding_1: ", "[batch, 2, 2, 2, 2]", "5 dimensions"}},
    {bad_positions_rank, SOMA_INVALID_SHAPE, {"layer positions_1: ", "[batch, 5]", "steps and features"}},
    {bad_positions_kind, SOMA_INVALID_ARGUMENT, {"layer positions_1: ", "number 2"}},
    {bad_positions_waves, SOMA_INVALID_ARGUMENT, {"layer positions_1: ", "no initializer"}},
    {bad_dense_huge, SOMA_INVALID_SHAPE, {"layer dense_1: ", "more elements than memory"}},
    {bad_dense_function, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "99 is not a function"}},
    {bad_dense_slopes, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "b < a", "b = 0.2"}},
    {bad_dense_initializer, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "weight", "no initializer number 12"}},
    {bad_dense_bias_initializer, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "bias", "no initializer number -1"}},
    {bad_dense_scale, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "weight", "nan"}},
    {bad_dense_bias_scale, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "bias", "inf"}},
    {bad_dense_weights, SOMA_INVALID_SHAPE, {"layer dense_2: ", "got [2]"}},
    {bad_activation, SOMA_INVALID_ARGUMENT, {"layer activation_1: ", "is not a function of one number"}},
    {bad_activation_parameters, SOMA_INVALID_ARGUMENT, {"layer linear_1: ", "finite"}},
    {bad_softmax_axis, SOMA_INVALID_SHAPE, {"layer softmax_1: ", "[batch, 3] has no dimension 1"}},
    {bad_softmax_last_axis, SOMA_INVALID_SHAPE, {"layer softmax_1: ", "has no dimension"}},
    {bad_dropout, SOMA_INVALID_ARGUMENT, {"layer dropout_1: ", "less than 1"}},
    {bad_reshape_count, SOMA_INVALID_SHAPE, {"layer reshape_1: ", "12 elements", "[batch, 5] has 5"}},
    {bad_reshape_rank, SOMA_INVALID_SHAPE, {"layer reshape_1: ", "5 dimensions"}},
    {bad_reshape_null, SOMA_INVALID_ARGUMENT, {"layer reshape_1: ", "NULL"}},
    {bad_conv_null, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "the kernel has no sizes"}},
    {bad_conv_gap, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "the kernel has 1 size", "a dimension 2"}},
    {bad_conv_stride_too_many, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "the kernel has 2 sizes", "a dimension 2"}},
    {bad_conv_filters, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "0 filters"}},
    {bad_conv_rank, SOMA_INVALID_SHAPE, {"layer conv_1: ", "[height, width, channels]", "got [batch, 6]"}},
    {bad_conv_rank_of_many, SOMA_INVALID_SHAPE, {"layer conv_1: ", "over 2 dimensions", "got [batch, 2, 6, 7, 4]"}},
    {bad_conv_kernel, SOMA_INVALID_SHAPE, {"layer conv_1: ", "reaches over 8 positions of dimension 1", "has 7"}},
    {bad_conv_kernel_huge, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "the size of dimension 1 is 2147483648"}},
    {bad_conv_dilation, SOMA_INVALID_SHAPE, {"layer conv_1: ", "reaches over 9 positions", "[batch, 6, 7, 4] has 7"}},
    {bad_conv_reach, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "3 positions with a dilation of 2147483647"}},
    {bad_conv_stride,
     SOMA_INVALID_ARGUMENT,
     {"layer conv_1: ", "the stride of dimension 0 is " BY_WIDTH("18446744073709551615", "4294967295")}},
    {bad_conv_padding, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "no padding number 3"}},
    {bad_conv_before, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "the padding before of dimension 0"}},
    {bad_conv_groups,
     SOMA_INVALID_SHAPE,
     {"layer conv_1: ", "3 groups do not divide 4 channels and 8 filters; accepted: 1, 2, 4"}},
    {bad_conv_multiplier, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "a multiplier of 3"}},
    {bad_conv_output_padding, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "an output padding of 1", "transposed"}},
    {bad_conv_initializer, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "weight: there is no initializer"}},
    {bad_conv_reserved, SOMA_INVALID_ARGUMENT, {"layer conv_1: ", "soma_conv_options"}},
    {bad_conv_weights, SOMA_INVALID_SHAPE, {"layer conv_2: ", "got [3, 3, 4, 8]"}},
    {bad_depthwise_groups, SOMA_INVALID_ARGUMENT, {"layer depthwise_1: ", "2 groups"}},
    {bad_depthwise_multiplier, SOMA_INVALID_SHAPE, {"layer depthwise_1: ", "for each of 4 channels"}},
    {bad_separable_filters, SOMA_INVALID_ARGUMENT, {"layer separable_1: ", "0 filters"}},
    {bad_conv_transpose_output_padding,
     SOMA_INVALID_ARGUMENT,
     {"layer convtranspose_1: ", "an output padding of 2", "the stride (2)"}},
    {bad_conv_transpose_same, SOMA_INVALID_ARGUMENT, {"layer convtranspose_1: ", "an output padding of 1", "\"same\""}},
    {bad_conv_transpose_padding,
     SOMA_INVALID_SHAPE,
     {"layer convtranspose_1: ", "dimension 0 of [batch, 1, 7, 4] becomes 3 positions, and 0 without the padding"}},
    {bad_pool_null, SOMA_INVALID_ARGUMENT, {"layer maxpool_1: ", "the window has no sizes"}},
    {bad_pool_gap, SOMA_INVALID_ARGUMENT, {"layer maxpool_1: ", "the window has 1 size", "a dimension 1"}},
    {bad_pool_rank, SOMA_INVALID_SHAPE, {"layer avgpool_1: ", "[height, width, channels]", "got [batch, 6]"}},
    {bad_pool_size, SOMA_INVALID_SHAPE, {"layer avgpool_1: ", "reaches over 7 positions of dimension 0", "has 6"}},
    {bad_pool_size_huge, SOMA_INVALID_ARGUMENT, {"layer avgpool_1: ", "the size of dimension 0"}},
    {bad_pool_stride, SOMA_INVALID_ARGUMENT, {"layer maxpool_1: ", "stride 1073741824", "1073741823"}},
    {bad_pool_dilation, SOMA_INVALID_SHAPE, {"layer maxpool_1: ", "reaches over 7 positions", "has 6"}},
    {bad_pool_padding, SOMA_INVALID_ARGUMENT, {"layer maxpool_1: ", "a padding of 0 and 3", "(3)"}},
    {bad_pool_count, SOMA_INVALID_ARGUMENT, {"layer maxpool_1: ", "an average alone"}},
    {bad_pool_reserved, SOMA_INVALID_ARGUMENT, {"layer maxpool_1: ", "soma_pool_options"}},
    {bad_adaptive_pool_null, SOMA_INVALID_ARGUMENT, {"layer adaptiveavgpool_1: ", "NULL"}},
    {bad_adaptive_pool_rank, SOMA_INVALID_ARGUMENT, {"layer adaptiveavgpool_1: ", "over 4 dimensions"}},
    {bad_adaptive_pool_size, SOMA_INVALID_ARGUMENT, {"layer adaptiveavgpool_1: ", "0 windows along dimension 1"}},
    {bad_adaptive_pool_many,
     SOMA_INVALID_ARGUMENT,
     {"layer adaptiveavgpool_1: ", "65 windows over 100 positions", "64"}},
    {bad_global_pool, SOMA_INVALID_SHAPE, {"layer globalavgpool_1: ", "got [batch, 6]"}},
    {bad_upsample_factor, SOMA_INVALID_ARGUMENT, {"layer upsample_1: ", "the factor of dimension 1 is 0"}},
    {bad_upsample_huge, SOMA_INVALID_SHAPE, {"layer upsample_1: ", "[batch, 6, 7, 4] times"}},
    {bad_upsample_rank, SOMA_INVALID_SHAPE, {"layer upsample_1: ", "over 3 dimensions", "got [batch, 6, 7, 4]"}},
    {bad_upsample_null, SOMA_INVALID_ARGUMENT, {"layer upsample_1: ", "NULL"}},
    {bad_upsample_interpolation, SOMA_INVALID_ARGUMENT, {"layer upsample_1: ", "no interpolation number 2"}},
    {bad_upsample_between, SOMA_INVALID_ARGUMENT, {"layer upsample_1: ", "the factor of dimension 1 is 65"}},
    {bad_pad_null, SOMA_INVALID_ARGUMENT, {"layer zeropad_1: ", "NULL"}},
    {bad_pad_huge, SOMA_INVALID_SHAPE, {"layer zeropad_1: ", "around dimension 1"}},
    {bad_pad_rank, SOMA_INVALID_SHAPE, {"layer zeropad_1: ", "got [batch, 6]"}},
    {bad_pad_mode, SOMA_INVALID_ARGUMENT, {"layer pad_1: ", "no way to pad number 3"}},
    {bad_pad_reflect, SOMA_INVALID_SHAPE, {"layer reflectpad_1: ", "dimension 1 of [batch, 6, 7, 4] has 7 positions"}},
    {bad_pad_edge, SOMA_INVALID_ARGUMENT, {"layer edgepad_1: ", "around dimension 1; at most 30"}},
    {bad_crop, SOMA_INVALID_SHAPE, {"layer crop_1: ", "3 before and 4 after leave nothing of dimension 1"}},
    {bad_crop_huge, SOMA_INVALID_SHAPE, {"layer crop_1: ", "leave nothing of dimension 1 of"}},
    {bad_spatial_dropout, SOMA_INVALID_ARGUMENT, {"layer spatialdropout_1: ", "less than 1"}},
    {bad_spatial_dropout_rank, SOMA_INVALID_SHAPE, {"layer spatialdropout_1: ", "got [batch, 6]"}},
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
    {bad_name_not_utf8, SOMA_INVALID_ARGUMENT, {"input_1", "\"caf\\xe9\" is not UTF-8"}},
    {bad_layer_name_not_utf8, SOMA_INVALID_ARGUMENT, {"\"\\xff\\xfe\" is not UTF-8"}},
    {bad_layer_name, SOMA_INVALID_ARGUMENT, {"there is a layer \"twin\" already"}},
    {bad_layer_name_of_tensor, SOMA_INVALID_ARGUMENT, {"there is a tensor \"twin\" already"}},
    {bad_output_twice, SOMA_INVALID_ARGUMENT, {"input_1 is an output already"}},
    {bad_output_weights, SOMA_INVALID_ARGUMENT, {"dense_1.weight", "same for every sample"}},
    {bad_many_inputs, SOMA_INVALID_ARGUMENT, {"layer input_65: ", "more than 64 inputs"}},
    {bad_many_outputs, SOMA_INVALID_ARGUMENT, {"more than 64 outputs"}},
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

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, builders_refuse_what_cannot_be, 0, SOMA_COUNT_OF(refusals));
}

int main(void) {
    return run_suite("layer errors", add_tests);
}
