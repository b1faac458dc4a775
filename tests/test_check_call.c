/* SPDX-License-Identifier: MIT */
/* A call that breaks its primitive's contract is refused, with the primitive, the view and what is wrong with it. */
#include "device/calls.h"
#include "device/device.h"

#include "expect.h"
#include <stdlib.h>

#define VIEW(dtype, ...)                                                                                               \
    soma_view_of(NULL, 0, dtype, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), (size_t[]){__VA_ARGS__})
#define F32(...) VIEW(SOMA_F32, __VA_ARGS__)
#define I32(...) VIEW(SOMA_I32, __VA_ARGS__)
#define U8(...)  VIEW(SOMA_U8, __VA_ARGS__)
#define NONE     soma_view_absent()

static void expect_good(soma_call call) {
    expect_ok(soma_call_check(&call));
}

#define EXPECT_BAD(status, call, ...)                                                                                  \
    do {                                                                                                               \
        soma_call bad_ = (call);                                                                                       \
        expect_error(soma_call_check(&bad_), status, soma_primitive_name(bad_.primitive), __VA_ARGS__);                \
    } while (0)
#define BAD_SHAPE(call, ...)    EXPECT_BAD(SOMA_INVALID_SHAPE, call, __VA_ARGS__)
#define BAD_ARGUMENT(call, ...) EXPECT_BAD(SOMA_INVALID_ARGUMENT, call, __VA_ARGS__)

START_TEST(calls_have_the_primitives_views) {
    soma_call call = soma_call_make((soma_primitive)77, 1);
    expect_error(soma_call_check(&call), SOMA_INVALID_ARGUMENT, "77");
    call = soma_call_make(SOMA_PRIMITIVE_GEMM, 3);
    expect_error(soma_call_check(&call), SOMA_INVALID_ARGUMENT, "gemm", "3 views", "4");
}
END_TEST

static soma_view with_stride(soma_view view, uint32_t dimension, size_t stride) {
    view.stride[dimension] = stride;
    return view;
}

static soma_view with_offset(soma_view view, size_t offset) {
    view.offset = offset;
    return view;
}

START_TEST(views_are_well_formed) {
    expect_good(soma_call_fill(F32(2, 3), 0.0f));
    expect_good(soma_call_fill(VIEW(SOMA_F64, 2, 3), 0.0f));
    expect_good(soma_call_fill(with_stride(F32(1, 3), 0, 99), 0.0f)); /* of a dimension of 1, no matter */
    BAD_ARGUMENT(soma_call_fill(NONE, 0.0f), "out is missing");
    BAD_ARGUMENT(soma_call_fill(I32(3), 0.0f), "out is int32", "float32");
    BAD_ARGUMENT(soma_call_fill(VIEW((soma_dtype)9, 3), 0.0f), "unknown");
    BAD_ARGUMENT(soma_call_fill(with_offset(F32(3), 6), 0.0f), "byte 6");
    BAD_SHAPE(soma_call_fill(with_stride(F32(2, 3), 0, 4), 0.0f), "out [2, 3] is not contiguous");
    BAD_SHAPE(soma_call_fill(with_stride(F32(2, 3), 0, 0), 0.0f), "not contiguous");
    BAD_SHAPE(soma_call_fill(F32(SIZE_MAX / 2, 2), 0.0f), "larger than memory");
    BAD_SHAPE(soma_call_fill(F32(0, SIZE_MAX / 2, 3), 0.0f), "larger than memory");
    soma_view deep = F32(1, 1, 1, 1, 1);
    deep.rank = 6;
    BAD_SHAPE(soma_call_fill(deep, 0.0f), "6 dimensions", "5");
}
END_TEST

START_TEST(copy_and_gather) {
    expect_good(soma_call_copy(with_stride(U8(3, 4), 0, 9), with_stride(F32(3, 4), 1, 0), 2.0f, 1.0f));
    BAD_SHAPE(soma_call_copy(F32(3, 4), F32(4, 3), 1.0f, 0.0f), "in is [3, 4]", "out is [4, 3]");
    BAD_SHAPE(soma_call_copy(F32(12), F32(4, 3), 1.0f, 0.0f), "equal shapes");
    BAD_ARGUMENT(soma_call_copy(F32(3), I32(3), 2.0f, 0.0f), "scale 2", "int32");
    BAD_ARGUMENT(soma_call_copy(F32(3), U8(3), 1.0f, 0.5f), "shift 0.5", "uint8");
    expect_good(soma_call_gather(U8(9, 4), I32(20), F32(5, 4), 0, 0.5f, 0.0f));
    BAD_SHAPE(soma_call_gather(U8(9, 4), I32(20), F32(5, 3), 0, 1.0f, 0.0f), "out is [5, 3]", "[5, 4]");
    BAD_SHAPE(soma_call_gather(U8(9), I32(20), F32(5, 3), 0, 1.0f, 0.0f), "table is [9]", "2 dimensions");
    BAD_SHAPE(soma_call_gather(U8(9, 3), I32(4, 5), F32(5, 3), 0, 1.0f, 0.0f), "index is [4, 5]");
    BAD_ARGUMENT(soma_call_gather(U8(9, 3), F32(20), F32(5, 3), 0, 1.0f, 0.0f), "index is float32", "int32 is needed");
    BAD_ARGUMENT(soma_call_gather(I32(9, 3), NONE, I32(5, 3), 0, 0.5f, 0.0f), "scale 0.5");
}
END_TEST

START_TEST(gemm_dimensions_fit) {
    soma_gemm_params plain = {.alpha = 1.0f}, both = {.alpha = 1.0f, .transpose_a = true, .transpose_b = true};
    expect_good(soma_call_gemm(F32(2, 3), F32(3, 4), F32(4), F32(2, 4), plain));
    expect_good(soma_call_gemm(F32(3, 2), F32(4, 3), NONE, F32(2, 4), both));
    expect_good(soma_call_gemm(F32(2, 0), F32(0, 4), NONE, F32(2, 4), plain));
    BAD_SHAPE(soma_call_gemm(F32(2, 3), F32(5, 4), NONE, F32(2, 4), plain), "a is [2, 3]", "b is [5, 4]", "3 and 5");
    BAD_SHAPE(soma_call_gemm(F32(3, 2), F32(4, 9), NONE, F32(2, 4), both), "transposed", "3 and 9");
    BAD_SHAPE(soma_call_gemm(F32(2, 3), F32(3, 4), NONE, F32(4, 2), plain), "c is [4, 2]", "[2, 4]");
    BAD_SHAPE(soma_call_gemm(F32(2, 3), F32(3, 4), F32(2), F32(2, 4), plain), "bias is [2]", "[4]");
    BAD_SHAPE(soma_call_gemm(F32(2, 3, 1), F32(3, 4), NONE, F32(2, 4), plain), "a is [2, 3, 1]", "2 dimensions");
    BAD_ARGUMENT(soma_call_gemm(I32(2, 3), F32(3, 4), NONE, F32(2, 4), plain), "a is int32");
    plain.function = SOMA_SOFTMAX;
    BAD_ARGUMENT(soma_call_gemm(F32(2, 3), F32(3, 4), NONE, F32(2, 4), plain), "function 64");
}
END_TEST

START_TEST(functions_and_their_parameters) {
    soma_unary_params relu = {.function = SOMA_RELU}, leaky = {SOMA_LEAKY_RELU, 0.5f, 0.5f},
                      elu = {SOMA_ELU, -1.0f, 0.0f};
    expect_good(soma_call_unary(F32(2, 3), F32(2, 3), relu));
    BAD_SHAPE(soma_call_unary(F32(2, 3), F32(3, 2), relu), "x is [2, 3]", "out is [3, 2]");
    BAD_ARGUMENT(soma_call_unary(F32(3), F32(3), leaky), "leaky_relu", "b < a");
    BAD_ARGUMENT(soma_call_unary(F32(3), F32(3), elu), "elu", "a >= 0");
    expect_good(soma_call_unary_grad(F32(3), F32(3), F32(3), relu));
    BAD_SHAPE(soma_call_unary_grad(F32(3), F32(4), F32(3), relu), "x or y is [4]");
    BAD_SHAPE(soma_call_unary_grad(F32(3), F32(3), F32(4), relu), "out is [4]");
    expect_good(soma_call_bias_unary_grad(F32(5, 3), F32(5, 3), F32(5, 3), F32(3), relu));
    BAD_SHAPE(soma_call_bias_unary_grad(F32(5, 3), F32(5, 3), F32(5, 3), F32(5), relu), "dbias is [5]", "[3]");
    BAD_SHAPE(soma_call_bias_unary_grad(F32(15), F32(15), F32(15), F32(15), relu), "2 dimensions");
}
END_TEST

START_TEST(elementwise_and_axes) {
    soma_view row = with_stride(F32(4, 3), 0, 0);
    expect_good(soma_call_binary(F32(4, 3), row, F32(4, 3), SOMA_BINARY_ADD));
    BAD_SHAPE(soma_call_binary(row, F32(4, 3), F32(4, 3), SOMA_BINARY_ADD), "a [4, 3] is not contiguous");
    BAD_SHAPE(soma_call_binary(F32(4, 3), with_stride(row, 0, 2), F32(4, 3), SOMA_BINARY_ADD), "b [4, 3]");
    BAD_SHAPE(soma_call_binary(F32(4, 3), F32(3), F32(4, 3), SOMA_BINARY_ADD), "b is [3]");
    BAD_ARGUMENT(soma_call_binary(F32(3), F32(3), F32(3), SOMA_BINARY_COUNT), "operation");
    expect_good(soma_call_reduce(F32(4, 3, 2), F32(4, 2), SOMA_REDUCE_SUM));
    BAD_SHAPE(soma_call_reduce(F32(4, 3, 2), F32(4, 3), SOMA_REDUCE_SUM), "out is [4, 3]", "[4, 2]");
    BAD_SHAPE(soma_call_reduce(F32(4, 3), F32(4, 3), SOMA_REDUCE_SUM), "3 dimensions");
    BAD_ARGUMENT(soma_call_reduce(F32(4, 3, 2), F32(4, 2), SOMA_REDUCTION_COUNT), "reduction");
    expect_good(soma_call_softmax(F32(4, 3, 2), F32(4, 3, 2), false));
    BAD_SHAPE(soma_call_softmax(F32(4, 3), F32(4, 3), false), "3 dimensions");
    BAD_SHAPE(soma_call_softmax_grad(F32(4, 3, 2), F32(4, 3, 2), F32(4, 2, 3), true), "out is [4, 2, 3]");
    for (int i = 0; i < 3; i++) {
        soma_dropout_params params = {.rate = (const float[]){1.0f, -0.1f, __builtin_nanf("")}[i]};
        BAD_ARGUMENT(soma_call_dropout(F32(3), F32(3), params), "0 <= rate < 1");
    }
    BAD_SHAPE(soma_call_dropout(F32(3), F32(4), (soma_dropout_params){.rate = 0.5f}), "out is [4]");
}
END_TEST

static soma_call loss(soma_loss_kind kind, soma_view target, soma_view weight, soma_view class_weight,
                      soma_view result) {
    return soma_call_loss(F32(5, 3), target, weight, class_weight, result,
                          (soma_loss_params){.kind = kind, .delta = 1.0f});
}

START_TEST(losses_take_their_targets) {
    expect_good(loss(SOMA_LOSS_CATEGORICAL_CROSSENTROPY, I32(5), F32(5), F32(3), F32(5)));
    expect_good(loss(SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, F32(5, 3), NONE, NONE, F32(5)));
    expect_good(loss(SOMA_LOSS_BINARY_CROSSENTROPY, F32(5, 3), NONE, F32(2), F32(5)));
    BAD_SHAPE(loss(SOMA_LOSS_CATEGORICAL_CROSSENTROPY, I32(3), NONE, NONE, F32(5)), "target is [3]", "[5]");
    BAD_SHAPE(loss(SOMA_LOSS_MEAN_SQUARED_ERROR, F32(5), NONE, NONE, F32(5)), "prediction is [5, 3]", "target is [5]");
    BAD_ARGUMENT(loss(SOMA_LOSS_MEAN_SQUARED_ERROR, I32(5), NONE, NONE, F32(5)), "class numbers");
    BAD_ARGUMENT(loss(SOMA_LOSS_HUBER, F32(5, 3), NONE, F32(3), F32(5)), "class_weight", "cross-entropies");
    BAD_SHAPE(loss(SOMA_LOSS_BINARY_CROSSENTROPY, F32(5, 3), NONE, F32(3), F32(5)), "class_weight is [3]", "[2]");
    BAD_SHAPE(loss(SOMA_LOSS_CATEGORICAL_CROSSENTROPY, I32(5), F32(3), NONE, F32(5)), "weight is [3]");
    BAD_SHAPE(loss(SOMA_LOSS_CATEGORICAL_CROSSENTROPY, I32(5), NONE, NONE, F32(5, 3)), "loss is [5, 3]");
    BAD_ARGUMENT(loss(SOMA_LOSS_COUNT, F32(5, 3), NONE, NONE, F32(5)), "no loss");
    soma_loss_params huber = {.kind = SOMA_LOSS_HUBER}, quantile = {.kind = SOMA_LOSS_QUANTILE, .delta = 1.0f};
    soma_loss_params focal = {.kind = SOMA_LOSS_CATEGORICAL_FOCAL, .smoothing = 1.0f};
    BAD_ARGUMENT(soma_call_loss(F32(5, 3), F32(5, 3), NONE, NONE, F32(5), quantile), "0 < delta < 1");
    BAD_ARGUMENT(soma_call_loss(F32(5, 3), I32(5), NONE, NONE, F32(5), focal), "smoothing < 1");
    focal = (soma_loss_params){.kind = SOMA_LOSS_BINARY_FOCAL, .gamma = -1.0f};
    BAD_ARGUMENT(soma_call_loss(F32(5, 3), F32(5, 3), NONE, NONE, F32(5), focal), "gamma = -1");
    focal = (soma_loss_params){.kind = SOMA_LOSS_BINARY_FOCAL, .when_one = 1.0f, .when_zero = -1.0f};
    BAD_ARGUMENT(soma_call_loss(F32(5, 3), F32(5, 3), NONE, NONE, F32(5), focal), "weights 1 and -1");
    focal.when_zero = 1.0f;
    BAD_ARGUMENT(soma_call_loss(F32(5, 3), I32(5), NONE, NONE, F32(5), focal), "class numbers");
    BAD_ARGUMENT(soma_call_loss(F32(5, 3), F32(5, 3), NONE, NONE, F32(5), huber), "delta > 0");
    huber.delta = 1.0f;
    expect_good(soma_call_loss_grad(F32(5, 3), F32(5, 3), NONE, NONE, F32(5), F32(5, 3), NONE, huber));
    BAD_SHAPE(soma_call_loss_grad(F32(5, 3), F32(5, 3), NONE, NONE, F32(3), F32(5, 3), NONE, huber), "dloss is [3]");
    BAD_SHAPE(soma_call_loss_grad(F32(5, 3), F32(5, 3), NONE, NONE, F32(5), F32(5), NONE, huber), "out is [5]");
    const soma_loss_params logits = {.kind = SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS};
    expect_good(soma_call_loss_grad(F32(5, 3), F32(5, 3), NONE, NONE, F32(5), F32(5, 3), F32(5), logits));
    BAD_SHAPE(soma_call_loss_grad(F32(5, 3), F32(5, 3), NONE, NONE, F32(5), F32(5, 3), F32(4), logits), "loss is [4]");
    BAD_ARGUMENT(soma_call_loss_grad(F32(5, 3), F32(5, 3), NONE, NONE, F32(5), F32(5, 3), F32(5), huber),
                 "loss is given");
}
END_TEST

START_TEST(metrics_have_a_slot) {
    soma_metric_params sum = {.kind = SOMA_METRIC_SUM, .slot = 1}, top = {.kind = SOMA_METRIC_TOP_K_ACCURACY};
    expect_good(soma_call_metric(F32(5), NONE, F32(2, 2), NONE, sum));
    BAD_ARGUMENT(soma_call_metric(F32(5), NONE, F32(1, 2), NONE, sum), "slot 1", "[1, 2]");
    BAD_SHAPE(soma_call_metric(F32(5), NONE, F32(2, 3), NONE, sum), "accumulator is [2, 3]");
    BAD_ARGUMENT(soma_call_metric(F32(5), NONE, F32(2, 2), F32(5), sum), "takes none");
    BAD_ARGUMENT(soma_call_metric(F32(5, 3), I32(5), F32(2, 2), NONE, top), "k = 0");
    top.k = 1;
    expect_good(soma_call_metric(F32(5, 3), I32(5), F32(2, 2), NONE, top));
    BAD_ARGUMENT(soma_call_metric(F32(5, 3), NONE, F32(2, 2), NONE, top), "target is missing");
    top.kind = SOMA_METRIC_BINARY_ACCURACY;
    BAD_ARGUMENT(soma_call_metric(F32(5, 3), I32(5), F32(2, 2), NONE, top), "class numbers");
    top.kind = SOMA_METRIC_COUNT;
    BAD_ARGUMENT(soma_call_metric(F32(5, 3), I32(5), F32(2, 2), NONE, top), "no metric");
}
END_TEST

START_TEST(optimizers_have_their_states) {
    soma_optimizer_params adam = {.kind = SOMA_ADAM, .decay_count = 7};
    expect_good(soma_call_optimizer(F32(7), F32(7), F32(7), F32(7), NONE, adam));
    BAD_ARGUMENT(soma_call_optimizer(F32(7), F32(7), F32(7), NONE, NONE, adam), "state2 is missing");
    BAD_SHAPE(soma_call_optimizer(F32(7), F32(7), F32(7), F32(8), NONE, adam), "state2 is [8]");
    BAD_SHAPE(soma_call_optimizer(F32(7), F32(8), F32(7), F32(7), NONE, adam), "gradient is [8]");
    BAD_SHAPE(soma_call_optimizer(F32(7, 1), F32(7, 1), NONE, NONE, NONE, adam), "1 dimensions");
    adam.decay_count = 8;
    BAD_ARGUMENT(soma_call_optimizer(F32(7), F32(7), F32(7), F32(7), NONE, adam), "decay_count is 8 of 7");
    adam.decay_count = 0;
    adam.clip_norm = 1.0f;
    BAD_ARGUMENT(soma_call_optimizer(F32(7), F32(7), F32(7), F32(7), NONE, adam), "without the norm");
    BAD_SHAPE(soma_call_optimizer(F32(7), F32(7), F32(7), F32(7), F32(1), adam), "norm is [1]");
    expect_good(soma_call_optimizer(F32(7), F32(7), F32(7), F32(7), F32(2), adam));
    adam.kind = SOMA_OPTIMIZER_COUNT;
    BAD_ARGUMENT(soma_call_optimizer(F32(7), F32(7), F32(7), F32(7), NONE, adam), "no optimizer");
}
END_TEST

START_TEST(rows_are_moved_by_rules_that_leave_others) {
    soma_optimizer_rows_params with = {{.kind = SOMA_SGD}, -1};
    expect_good(soma_call_optimizer_rows(F32(7, 2), I32(7), F32(5, 2), F32(5, 2), NONE, with));
    BAD_SHAPE(soma_call_optimizer_rows(F32(7, 2), I32(6), F32(5, 2), F32(5, 2), NONE, with), "index is [6]");
    BAD_SHAPE(soma_call_optimizer_rows(F32(7, 2), I32(7), F32(5, 3), F32(5, 3), NONE, with), "parameter is [5, 3]");
    BAD_SHAPE(soma_call_optimizer_rows(F32(7, 2), I32(7), F32(5, 2), F32(4, 2), NONE, with), "gradient is [4, 2]");
    with.optimizer.kind = SOMA_ADAGRAD;
    BAD_ARGUMENT(soma_call_optimizer_rows(F32(7, 2), I32(7), F32(5, 2), F32(5, 2), NONE, with), "state1 is missing");
    BAD_SHAPE(soma_call_optimizer_rows(F32(7, 2), I32(7), F32(5, 2), F32(5, 2), F32(5, 1), with), "state1 is [5, 1]");
    with.optimizer.kind = SOMA_ADAM;
    BAD_ARGUMENT(soma_call_optimizer_rows(F32(7, 2), I32(7), F32(5, 2), F32(5, 2), F32(5, 2), with), "sgd and adagrad");
}
END_TEST

START_TEST(norms_are_pairs) {
    expect_good(soma_call_norm(F32(7), F32(2)));
    BAD_SHAPE(soma_call_norm(F32(7, 1), F32(2)), "x is [7, 1]");
    BAD_SHAPE(soma_call_norm(F32(7), F32(1)), "norm is [1]");
}
END_TEST

START_TEST(convolutions_fit) {
    soma_conv_params params = {.stride = {1, 2, 1}, .dilation = {1, 1, 1}, .groups = 1}, wrong = params;
    const soma_view x = F32(2, 1, 8, 9, 4), w = F32(1, 3, 3, 4, 6), y = F32(2, 1, 5, 7, 6);
    expect_good(soma_call_conv(x, w, F32(6), y, params));
    expect_good(soma_call_conv_add(x, w, F32(6), y, y, params));
    expect_good(soma_call_conv_add(x, w, NONE, y, y, params));
    BAD_ARGUMENT(soma_call_conv_add(x, w, NONE, NONE, y, params), "addend is missing");
    BAD_SHAPE(soma_call_conv_add(x, w, NONE, F32(2, 1, 5, 7, 1), y, params), "addend is [2, 1, 5, 7, 1]",
              "y is [2, 1, 5, 7, 6]");
    BAD_SHAPE(soma_call_conv_add(x, w, F32(4), y, y, params), "bias is [4]", "[6]");
    expect_good(soma_call_conv_data_grad(y, w, F32(4), x, params));
    expect_good(soma_call_conv_weight_grad(x, y, w, params));
    BAD_SHAPE(soma_call_conv(F32(2, 8, 9, 4), w, NONE, y, params), "x is [2, 8, 9, 4]", "5 dimensions");
    BAD_SHAPE(soma_call_conv(x, w, NONE, F32(3, 1, 5, 7, 6), params), "y is [3, 1, 5, 7, 6]", "as many images");
    BAD_SHAPE(soma_call_conv(x, F32(1, 3, 3, 2, 6), NONE, y, params), "weight is [1, 3, 3, 2, 6]", "1 groups");
    BAD_SHAPE(soma_call_conv(x, w, NONE, F32(2, 1, 5, 7, 8), params), "y is [2, 1, 5, 7, 8]", "filters");
    BAD_SHAPE(soma_call_conv(x, w, F32(4), y, params), "bias is [4]", "[6]");
    BAD_SHAPE(soma_call_conv_data_grad(y, w, F32(6), x, params), "bias is [6]", "[4]");
    BAD_SHAPE(soma_call_conv_weight_grad(x, y, F32(1, 3, 3, 4, 5), params), "dweight is [1, 3, 3, 4, 5]");
    wrong.stride[1] = 0;
    BAD_ARGUMENT(soma_call_conv(x, w, NONE, y, wrong), "stride[1] is 0");
    wrong = params;
    wrong.dilation[2] = 1u << 31;
    BAD_ARGUMENT(soma_call_conv(x, w, NONE, y, wrong), "dilation[2] is 2147483648");
    wrong = params;
    wrong.groups = 0;
    BAD_ARGUMENT(soma_call_conv_weight_grad(x, y, w, wrong), "groups is 0");
    wrong.groups = 4;
    expect_good(soma_call_conv(x, F32(1, 3, 3, 1, 8), NONE, F32(2, 1, 5, 7, 8), wrong));
    BAD_SHAPE(soma_call_conv(x, F32(1, 3, 3, 1, 6), NONE, y, wrong), "multiple of the groups (4)");
    wrong = params;
    wrong.function = SOMA_SOFTMAX;
    BAD_ARGUMENT(soma_call_conv(x, w, NONE, y, wrong), "function 64");
}
END_TEST

static soma_pool_params pool_params(soma_pool_kind kind) {
    return (soma_pool_params){.kind = kind, .size = {1, 2, 2}, .stride = {1, 2, 2}, .dilation = {1, 1, 1}};
}

START_TEST(pools_fit) {
    const soma_view x = F32(2, 1, 8, 9, 4), y = F32(2, 1, 4, 4, 4);
    soma_pool_params largest = pool_params(SOMA_POOL_MAX), average = pool_params(SOMA_POOL_AVERAGE), wrong = largest;
    expect_good(soma_call_pool(x, y, largest));
    expect_good(soma_call_pool(x, F32(2, 3, 7, 0, 4), average)); /* any size: what is read outside does not count */
    expect_good(soma_call_pool_grad(y, x, y, x, largest));
    expect_good(soma_call_pool_grad(y, NONE, NONE, x, average));
    BAD_SHAPE(soma_call_pool(F32(2, 8, 9, 4), y, largest), "x is [2, 8, 9, 4]", "5 dimensions");
    BAD_SHAPE(soma_call_pool(x, F32(2, 1, 4, 4, 3), largest), "y is [2, 1, 4, 4, 3]", "channels");
    BAD_SHAPE(soma_call_pool(x, F32(1, 1, 4, 4, 4), largest), "y is [1, 1, 4, 4, 4]", "samples");
    BAD_ARGUMENT(soma_call_pool_grad(y, NONE, y, x, largest), "x is missing");
    BAD_ARGUMENT(soma_call_pool_grad(y, x, NONE, x, largest), "y is missing");
    BAD_ARGUMENT(soma_call_pool_grad(y, x, y, x, average), "neither x nor y");
    BAD_SHAPE(soma_call_pool_grad(y, F32(2, 1, 9, 8, 4), y, x, largest), "x is [2, 1, 9, 8, 4]", "equal shapes");
    BAD_SHAPE(soma_call_pool_grad(y, x, F32(2, 1, 2, 8, 4), x, largest), "y is [2, 1, 2, 8, 4]", "equal shapes");
    wrong.size[2] = 0;
    BAD_ARGUMENT(soma_call_pool(x, y, wrong), "size[2] is 0", "1 to 1073741823");
    wrong = largest;
    wrong.stride[1] = 1u << 30;
    BAD_ARGUMENT(soma_call_pool(x, y, wrong), "stride[1] is 1073741824");
    wrong = largest;
    wrong.dilation[0] = 0;
    BAD_ARGUMENT(soma_call_pool(x, y, wrong), "dilation[0] is 0");
    wrong = largest;
    wrong.before[0] = -1;
    BAD_ARGUMENT(soma_call_pool(x, y, wrong), "before[0] is -1", "0 to");
    wrong = largest;
    wrong.after[2] = INT32_MIN;
    BAD_ARGUMENT(soma_call_pool(x, y, wrong), "after[2] is -2147483648");
    wrong = largest;
    wrong.stride[1] = 400000000;
    BAD_SHAPE(soma_call_pool(x, y, wrong), "past 1073741824 places in dimension 2");
    wrong = largest;
    wrong.dilation[2] = (1u << 30) - 1;
    wrong.size[2] = 2; /* the second place is the last that there may be */
    expect_good(soma_call_pool(x, F32(2, 1, 4, 1, 4), wrong));
    wrong.size[2] = 3;
    BAD_SHAPE(soma_call_pool(x, F32(2, 1, 4, 1, 4), wrong), "in dimension 3");
    wrong = largest;
    wrong.kind = SOMA_POOL_KIND_COUNT;
    BAD_ARGUMENT(soma_call_pool(x, y, wrong), "no pooling 2");
}
END_TEST

static soma_call normalize(soma_view x, soma_view scale, soma_view running_mean, soma_view running_variance,
                           soma_view mean, soma_normalize_params params) {
    soma_normalize_views views = {.x = x,
                                  .scale = scale,
                                  .running_mean = running_mean,
                                  .running_variance = running_variance,
                                  .y = x,
                                  .mean = mean};
    return soma_call_normalize(&views, params);
}

START_TEST(normalisations_fit) {
    soma_normalize_params params = {.epsilon = 1e-5f, .momentum = 0.9f, .centered = true}, wrong = params;
    const soma_view x = F32(2, 3, 4, 5), batch = F32(1, 3, 4, 1);
    expect_good(normalize(x, F32(20), NONE, NONE, F32(2, 4), params));
    expect_good(normalize(batch, NONE, F32(4), F32(4), NONE, params));
    BAD_SHAPE(normalize(F32(2, 3, 20), F32(20), NONE, NONE, NONE, params), "x is [2, 3, 20]", "4 dimensions");
    BAD_SHAPE(normalize(x, F32(4), NONE, NONE, NONE, params), "scale is [4]", "[20]");
    BAD_SHAPE(normalize(x, NONE, NONE, NONE, F32(2, 5), params), "mean is [2, 5]", "[2, 4]");
    BAD_SHAPE(normalize(x, NONE, F32(4), F32(4), NONE, params), "x is [2, 3, 4, 5]", "running figures are for [1, any");
    BAD_SHAPE(normalize(batch, NONE, F32(4), F32(3), NONE, params), "running_variance is [3]");
    BAD_ARGUMENT(normalize(batch, NONE, F32(4), NONE, NONE, params), "running_mean is there without running_variance");
    wrong.given = true;
    expect_good(normalize(batch, NONE, F32(4), F32(4), NONE, wrong));
    BAD_ARGUMENT(normalize(batch, NONE, NONE, NONE, NONE, wrong), "running_mean is missing");
    wrong = params;
    wrong.epsilon = -1e-5f;
    BAD_ARGUMENT(normalize(x, NONE, NONE, NONE, NONE, wrong), "epsilon is -1e-05", "at least 0");
    wrong = params;
    wrong.momentum = NAN;
    BAD_ARGUMENT(normalize(x, NONE, NONE, NONE, NONE, wrong), "momentum is nan", "from 0 to 1");
    wrong = params;
    wrong.centered = false;
    expect_good(normalize(x, NONE, NONE, NONE, NONE, wrong));
    BAD_SHAPE(normalize(batch, NONE, F32(4), F32(4), NONE, wrong), "not centered");
    wrong.function = SOMA_FUNCTION_COUNT;
    BAD_ARGUMENT(normalize(x, NONE, NONE, NONE, NONE, wrong), "no function");
}
END_TEST

START_TEST(gradients_of_normalisations_fit) {
    const soma_view x = F32(2, 3, 4, 5);
    soma_normalize_grad_views good = {.dy = x, .x = x, .mean = F32(2, 4), .inverse = F32(2, 4), .dx = x}, wrong = good;
    expect_good(soma_call_normalize_grad(&good, true));
    wrong.mean = NONE;
    expect_good(soma_call_normalize_grad(&wrong, false));
    BAD_ARGUMENT(soma_call_normalize_grad(&wrong, true), "mean is missing");
    wrong = good;
    wrong.inverse = F32(4);
    BAD_SHAPE(soma_call_normalize_grad(&wrong, true), "inverse is [4]");
    wrong = good;
    wrong.doffset = F32(20);
    expect_good(soma_call_normalize_grad(&wrong, true));
    wrong.dscale = F32(4);
    BAD_SHAPE(soma_call_normalize_grad(&wrong, true), "dscale is [4]", "[20]");
    wrong = good;
    wrong.dx = F32(2, 3, 5, 4);
    BAD_SHAPE(soma_call_normalize_grad(&wrong, true), "dx is [2, 3, 5, 4]");
}
END_TEST

START_TEST(augmentations_are_of_pictures) {
    const soma_view x = F32(2, 8, 9, 3);
    expect_good(soma_call_augment(x, x, (soma_augment_params){.shift = {65535, 0}, .rotate = 3.14f, .brightness = 1}));
    BAD_SHAPE(soma_call_augment(F32(2, 8, 9), x, (soma_augment_params){.flip = true}), "x is [2, 8, 9]",
              "4 dimensions");
    BAD_SHAPE(soma_call_augment(x, F32(2, 9, 8, 3), (soma_augment_params){.flip = true}), "out is [2, 9, 8, 3]");
    BAD_SHAPE(soma_call_augment(F32(1, 65536, 1, 1), F32(1, 65536, 1, 1), (soma_augment_params){.flip = true}),
              "65535 x 65535");
    BAD_ARGUMENT(soma_call_augment(x, x, (soma_augment_params){.shift = {65536, 0}}), "shift 65536");
    BAD_ARGUMENT(soma_call_augment(x, x, (soma_augment_params){.cutout = 65536}), "cutout 65536");
    BAD_ARGUMENT(soma_call_augment(x, x, (soma_augment_params){.rotate = -0.1f}), "rotate is -0.1");
    BAD_ARGUMENT(soma_call_augment(x, x, (soma_augment_params){.rotate = 3.2f}), "rotate is 3.2");
    BAD_ARGUMENT(soma_call_augment(x, x, (soma_augment_params){.brightness = 1.5f}), "brightness is 1.5");
}
END_TEST

START_TEST(rows_are_mixed_with_rows) {
    const soma_mix_params half = {.share = 0.5f, .ahead = 1};
    expect_good(soma_call_mix(F32(3, 5), F32(3, 5), half));
    expect_good(soma_call_mix(I32(3), F32(3, 5), half));
    expect_good(soma_call_mix(F32(0, 5), F32(0, 5), (soma_mix_params){.share = 1}));
    BAD_SHAPE(soma_call_mix(F32(3, 4), F32(3, 5), half), "out is [3, 5]", "[3, 4]");
    BAD_SHAPE(soma_call_mix(F32(3, 5, 1), F32(3, 5, 1), half), "out is [3, 5, 1]", "2 dimensions");
    BAD_SHAPE(soma_call_mix(I32(4), F32(3, 5), half), "x is [4]", "[3]");
    BAD_ARGUMENT(soma_call_mix(F32(3, 5), F32(3, 5), (soma_mix_params){.share = 1.5f}), "share is 1.5");
    BAD_ARGUMENT(soma_call_mix(F32(3, 5), F32(3, 5), (soma_mix_params){.share = NAN}), "share is nan");
    BAD_ARGUMENT(soma_call_mix(F32(3, 5), F32(3, 5), (soma_mix_params){.share = 1, .ahead = 3}), "3 rows ahead",
                 "[3, 5]");
}
END_TEST

START_TEST(recurrent_layers_fit) {
    const soma_view x = F32(2, 3, 16), y = F32(2, 3, 4), weight = F32(4, 16), state = F32(2, 4);
    const soma_recurrent_params lstm = {.kind = SOMA_RECURRENT_LSTM};
    const soma_recurrent_views good = {.x = x, .weight = weight, .y = y, .cells = y};
    soma_recurrent_views wrong = good;
    expect_good(soma_call_recurrent(&good, lstm));
    wrong.bias = F32(16), wrong.mask = F32(2, 3), wrong.state = wrong.cell = state, wrong.gates = x;
    expect_good(soma_call_recurrent(&wrong, lstm));
    wrong.mask = F32(3, 2);
    BAD_SHAPE(soma_call_recurrent(&wrong, lstm), "mask is [3, 2]", "[2, 3]");
    wrong = good, wrong.x = F32(2, 3, 12);
    BAD_SHAPE(soma_call_recurrent(&wrong, lstm), "x is [2, 3, 12]", "[2, 3, 16]");
    wrong = good, wrong.weight = F32(16, 4);
    BAD_SHAPE(soma_call_recurrent(&wrong, lstm), "weight is [16, 4]", "[4, 16]");
    wrong = good, wrong.bias = F32(4);
    BAD_SHAPE(soma_call_recurrent(&wrong, lstm), "bias is [4]", "[16]");
    wrong = good, wrong.state = F32(3, 4);
    BAD_SHAPE(soma_call_recurrent(&wrong, lstm), "state is [3, 4]", "[2, 4]");
    wrong = good, wrong.cell = F32(2, 5);
    BAD_SHAPE(soma_call_recurrent(&wrong, lstm), "cell is [2, 5]", "[2, 4]");
    wrong = good, wrong.gates = y;
    BAD_SHAPE(soma_call_recurrent(&wrong, lstm), "gates is [2, 3, 4]", "[2, 3, 16]");
    wrong = good, wrong.y = F32(2, 12);
    BAD_SHAPE(soma_call_recurrent(&wrong, lstm), "y is [2, 12]", "3 dimensions");
    wrong = good, wrong.cells = NONE;
    expect_good(soma_call_recurrent(&wrong, lstm));
    soma_recurrent_views rnn = {.x = y, .weight = F32(4, 4), .y = y};
    soma_recurrent_params params = {.kind = SOMA_RECURRENT_RNN, .function = SOMA_RELU};
    expect_good(soma_call_recurrent(&rnn, params));
    rnn.cells = y;
    BAD_ARGUMENT(soma_call_recurrent(&rnn, params), "cells is there", "only an LSTM");
    rnn.cells = NONE, rnn.gates = x;
    BAD_ARGUMENT(soma_call_recurrent(&rnn, params), "gates is there", "RNN");
    rnn.gates = NONE, params.function = SOMA_GELU;
    BAD_ARGUMENT(soma_call_recurrent(&rnn, params), "gelu", "tanh or relu");
    params.kind = SOMA_RECURRENT_KIND_COUNT;
    BAD_ARGUMENT(soma_call_recurrent(&rnn, params), "no recurrent layer 3");
}
END_TEST

START_TEST(gradients_of_recurrent_layers_fit) {
    const soma_view y = F32(2, 3, 4), dx = F32(2, 3, 12);
    const soma_recurrent_params after = {.kind = SOMA_RECURRENT_GRU};
    const soma_recurrent_params before = {.kind = SOMA_RECURRENT_GRU, .reset_before = true};
    const soma_recurrent_grad_views good = {
        .dy = y, .weight = F32(4, 12), .y = y, .gates = F32(2, 3, 16), .dx = dx, .drecurrent = dx, .dstate = F32(2, 4)};
    soma_recurrent_grad_views wrong = good;
    expect_good(soma_call_recurrent_grad(&good, after));
    BAD_ARGUMENT(soma_call_recurrent_grad(&good, before), "drecurrent is there", "dx again");
    wrong.drecurrent = NONE;
    expect_good(soma_call_recurrent_grad(&wrong, before));
    expect_good(soma_call_recurrent_grad(&wrong, after));
    wrong = good, wrong.gates = NONE;
    BAD_ARGUMENT(soma_call_recurrent_grad(&wrong, after), "gates is missing");
    wrong = good, wrong.gates = dx;
    BAD_SHAPE(soma_call_recurrent_grad(&wrong, after), "gates is [2, 3, 12]", "[2, 3, 16]");
    wrong = good, wrong.y = F32(2, 4, 3);
    BAD_SHAPE(soma_call_recurrent_grad(&wrong, after), "y is [2, 4, 3]", "equal shapes");
    wrong = good, wrong.dy = wrong.y = F32(6, 4);
    BAD_SHAPE(soma_call_recurrent_grad(&wrong, after), "dy is [6, 4]", "3 dimensions");
    wrong = good, wrong.dstate = F32(4, 2);
    BAD_SHAPE(soma_call_recurrent_grad(&wrong, after), "dstate is [4, 2]", "[2, 4]");
    wrong = good, wrong.dcell = F32(2, 4);
    BAD_ARGUMENT(soma_call_recurrent_grad(&wrong, after), "dcell is there", "only an LSTM");
    wrong = good, wrong.dx = y;
    BAD_SHAPE(soma_call_recurrent_grad(&wrong, after), "dx is [2, 3, 4]", "[2, 3, 12]");
    wrong = good, wrong.mask = F32(2, 4);
    BAD_SHAPE(soma_call_recurrent_grad(&wrong, after), "mask is [2, 4]", "[2, 3]");
}
END_TEST

START_TEST(heads_of_attention_fit) {
    const soma_attention_views good = {.q = F32(2, 3, 8), .k = F32(2, 5, 4), .v = F32(2, 5, 6), .y = F32(2, 3, 12)};
    const soma_attention_params params = {.heads = 4, .key_heads = 2, .scale = 1};
    soma_attention_params other = params;
    soma_attention_views wrong = good;
    expect_good(soma_call_attention(&good, params));
    wrong.mask = F32(2, 5), wrong.total = F32(2, 4, 3);
    expect_good(soma_call_attention(&wrong, params));
    wrong.mask = F32(2, 3);
    BAD_SHAPE(soma_call_attention(&wrong, params), "mask is [2, 3]", "[2, 5]");
    wrong = good, wrong.total = F32(2, 3, 4);
    BAD_SHAPE(soma_call_attention(&wrong, params), "total is [2, 3, 4]", "[2, 4, 3]");
    wrong = good, wrong.y = F32(2, 3, 6);
    BAD_SHAPE(soma_call_attention(&wrong, params), "y is [2, 3, 6]", "[2, 3, 12]");
    wrong = good, wrong.k = F32(2, 5, 8);
    BAD_SHAPE(soma_call_attention(&wrong, params), "k is [2, 5, 8]", "[2, 5, 4]");
    wrong = good, wrong.v = F32(2, 4, 6);
    BAD_SHAPE(soma_call_attention(&wrong, params), "k is [2, 5, 4]", "[2, 4, 4]");
    wrong = good, wrong.v = F32(2, 5, 5);
    BAD_SHAPE(soma_call_attention(&wrong, params), "v [2, 5, 5]", "do not divide");
    wrong = good, wrong.q = F32(2, 8);
    BAD_SHAPE(soma_call_attention(&wrong, params), "q is [2, 8]", "3 dimensions");
    other.heads = 3;
    BAD_ARGUMENT(soma_call_attention(&good, other), "3 heads with keys of 2", "multiple");
    other = params, other.key_heads = 0;
    BAD_ARGUMENT(soma_call_attention(&good, other), "keys of 0", "at least one");
    other = params, other.scale = NAN;
    BAD_ARGUMENT(soma_call_attention(&good, other), "scale is nan", "finite");
}
END_TEST

START_TEST(gradients_of_attention_fit) {
    const soma_attention_params params = {.heads = 4, .key_heads = 2, .scale = 1};
    const soma_view q = F32(2, 3, 8), k = F32(2, 5, 4), v = F32(2, 5, 6), y = F32(2, 3, 12);
    const soma_attention_grad_views good = {
        .dy = y, .q = q, .k = k, .v = v, .y = y, .total = F32(2, 4, 3), .dq = q, .dk = k, .dv = v};
    soma_attention_grad_views wrong = good;
    expect_good(soma_call_attention_grad(&good, params));
    wrong.dk = v;
    BAD_SHAPE(soma_call_attention_grad(&wrong, params), "dk is [2, 5, 6]", "equal shapes");
    wrong = good, wrong.dy = q;
    BAD_SHAPE(soma_call_attention_grad(&wrong, params), "dy is [2, 3, 8]", "equal shapes");
    wrong = good, wrong.total = F32(2, 3, 4);
    BAD_SHAPE(soma_call_attention_grad(&wrong, params), "total is [2, 3, 4]", "[2, 4, 3]");
}
END_TEST

START_TEST(rows_fit_their_tables) {
    expect_good(soma_call_scatter(F32(2, 3, 8), I32(2), F32(2, 5, 8)));
    BAD_SHAPE(soma_call_scatter(F32(2, 3, 8), I32(3), F32(2, 5, 8)), "index is [3]", "[2]");
    BAD_SHAPE(soma_call_scatter(F32(2, 3, 8), I32(2), F32(2, 5, 7)), "out is [2, 5, 7]", "[2, rows, 8]");
    BAD_SHAPE(soma_call_scatter(F32(2, 3, 8), I32(2), F32(1, 5, 8)), "out is [1, 5, 8]", "[2, rows, 8]");
}
END_TEST

START_TEST(rows_fit_their_places) {
    const soma_put_params replaced = {false, SOMA_BINARY_ADD}, added = {true, SOMA_BINARY_ADD},
                          divided = {true, SOMA_BINARY_DIVIDE}, no_product = {false, SOMA_BINARY_MULTIPLY};
    expect_good(soma_call_put(F32(2, 3, 8), I32(2, 3), F32(2, 5, 8), replaced));
    expect_good(soma_call_put(F32(2, 3, 8), I32(2, 3), F32(2, 5, 8), added));
    BAD_SHAPE(soma_call_put(F32(2, 3, 8), I32(2), F32(2, 5, 8), added), "index is [2]", "[2, 3]");
    BAD_SHAPE(soma_call_put(F32(2, 3, 8), I32(3, 3), F32(2, 5, 8), added), "index is [3, 3]", "[2, 3]");
    BAD_SHAPE(soma_call_put(F32(2, 3, 8), I32(2, 3), F32(2, 5, 7), added), "out is [2, 5, 7]", "[2, rows, 8]");
    BAD_SHAPE(soma_call_put(F32(2, 3, 8), I32(2, 3), F32(1, 5, 8), added), "out is [1, 5, 8]", "[2, rows, 8]");
    BAD_ARGUMENT(soma_call_put(F32(2, 3, 8), I32(2, 3), F32(2, 5, 8), divided), "operation 3", "combine");
    BAD_ARGUMENT(soma_call_put(F32(2, 3, 8), I32(2, 3), F32(2, 5, 8), no_product), "operation 2", "stands for none");
}
END_TEST

START_TEST(labels_fit_their_steps) {
    expect_good(soma_call_ctc(F32(2, 5, 4), I32(2, 3), NONE, F32(2), 3));
    expect_good(soma_call_ctc_grad(F32(2, 5, 4), I32(2, 3), F32(2, 5), F32(2), F32(2, 5, 4), 0));
    BAD_SHAPE(soma_call_ctc(F32(2, 5, 4), I32(3, 3), NONE, F32(2), 3), "target is [3, 3]", "needs labels");
    BAD_SHAPE(soma_call_ctc_distance(F32(2, 5, 4), I32(2, 3), F32(2, 4), F32(2), 3), "mask is [2, 4]");
    BAD_SHAPE(soma_call_ctc(F32(2, 5, 4), I32(2, 3), NONE, F32(3), 3), "loss is [3]");
    BAD_SHAPE(soma_call_ctc_grad(F32(2, 5, 4), I32(2, 3), NONE, F32(2), F32(2, 5, 3), 0), "equal shapes");
    BAD_ARGUMENT(soma_call_ctc(F32(2, 5, 4), I32(2, 3), NONE, F32(2), 4), "blank is 4", "4 classes");
}
END_TEST

START_TEST(trees_have_nodes_leaves_and_roots) {
    expect_good(soma_call_trees(F32(2, 5), F32(7, 4), F32(8, 3), F32(3), F32(2, 3), 3));
    expect_good(soma_call_trees(F32(2, 5), F32(0, 4), F32(1, 3), F32(0), F32(2, 3), 0));
    BAD_SHAPE(soma_call_trees(F32(2, 5), F32(7, 5), F32(8, 3), F32(3), F32(2, 3), 3), "node is [7, 5]", "[7, 4]");
    BAD_SHAPE(soma_call_trees(F32(2, 5), F32(7, 4), F32(8, 3), F32(3), F32(2, 4), 3), "out is [2, 4]", "[2, 3]");
    BAD_SHAPE(soma_call_trees(F32(2, 5), F32(7, 4), F32(8, 3), F32(3, 1), F32(2, 3), 3), "root is [3, 1]");
    BAD_SHAPE(soma_call_trees(F32(2, 5), F32(7, 4), F32(0, 3), F32(3), F32(2, 3), 3), "leaf [0, 3]", "a leaf");
    BAD_SHAPE(soma_call_trees(F32(2, 0), F32(7, 4), F32(8, 3), F32(3), F32(2, 3), 3), "x is [2, 0]", "a feature");
}
END_TEST

START_TEST(products_of_matrices_fit) {
    const soma_view a = F32(2, 3, 5), b = F32(2, 5, 4), c = F32(2, 3, 4);
    soma_view turned = b, wrong = c;
    expect_good(soma_call_matmul(a, b, c, 0.5f));
    expect_good(soma_call_matmul(F32(3, 5), F32(5, 4), F32(3, 4), 1));
    turned.stride[1] = 1, turned.stride[2] = 5;
    expect_good(soma_call_matmul(a, turned, c, 1));
    turned.stride[0] = 0; /* the same for both */
    expect_good(soma_call_matmul(a, turned, c, 1));
    turned.stride[1] = 2;
    BAD_SHAPE(soma_call_matmul(a, turned, c, 1), "b [2, 5, 4] has strides of 2 and 5", "1 is needed");
    wrong.stride[1] = 1, wrong.stride[2] = 3;
    BAD_SHAPE(soma_call_matmul(a, b, wrong, 1), "c [2, 3, 4] has strides of 1 and 3", "of c of the last");
    BAD_SHAPE(soma_call_matmul(a, F32(2, 4, 4), c, 1), "b is [2, 4, 4]", "do not fit");
    BAD_SHAPE(soma_call_matmul(a, F32(1, 5, 4), c, 1), "b is [1, 5, 4]", "do not fit");
    BAD_SHAPE(soma_call_matmul(a, b, F32(2, 4, 4), 1), "c is [2, 4, 4]", "do not fit");
    BAD_SHAPE(soma_call_matmul(a, F32(5, 4), c, 1), "b is [5, 4]", "3 dimensions");
    BAD_SHAPE(soma_call_matmul(F32(5), F32(5), F32(5), 1), "c is [5]", "2 dimensions");
    BAD_ARGUMENT(soma_call_matmul(a, b, c, INFINITY), "scale is inf", "finite");
}
END_TEST

/* What the fallback and the conformance suite know of a call. */
START_TEST(roles_of_views) {
    soma_gemm_params params = {.alpha = 1.0f};
    soma_call call = soma_call_gemm(F32(2, 3), F32(3, 4), NONE, F32(2, 4), params);
    ck_assert(soma_call_reads(&call, 0) && !soma_call_writes(&call, 0));
    ck_assert(!soma_call_reads(&call, 2) && !soma_call_writes(&call, 2));
    ck_assert(!soma_call_reads(&call, 3) && soma_call_writes(&call, 3));
    call.params.gemm.beta = 1.0f;
    ck_assert(soma_call_reads(&call, 3) && soma_call_writes(&call, 3));
    ck_assert_str_eq(soma_call_view_name(&call, 3), "c");
    call = soma_call_optimizer(F32(7), F32(7), F32(7), F32(7), NONE, (soma_optimizer_params){.kind = SOMA_ADAM});
    ck_assert(soma_call_reads(&call, 0) && soma_call_writes(&call, 0));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("check_call");
    TCase *tests = tcase_create("check_call");
    tcase_add_test(tests, calls_have_the_primitives_views);
    tcase_add_test(tests, views_are_well_formed);
    tcase_add_test(tests, copy_and_gather);
    tcase_add_test(tests, gemm_dimensions_fit);
    tcase_add_test(tests, functions_and_their_parameters);
    tcase_add_test(tests, elementwise_and_axes);
    tcase_add_test(tests, losses_take_their_targets);
    tcase_add_test(tests, metrics_have_a_slot);
    tcase_add_test(tests, optimizers_have_their_states);
    tcase_add_test(tests, rows_are_moved_by_rules_that_leave_others);
    tcase_add_test(tests, norms_are_pairs);
    tcase_add_test(tests, convolutions_fit);
    tcase_add_test(tests, augmentations_are_of_pictures);
    tcase_add_test(tests, rows_are_mixed_with_rows);
    tcase_add_test(tests, pools_fit);
    tcase_add_test(tests, normalisations_fit);
    tcase_add_test(tests, gradients_of_normalisations_fit);
    tcase_add_test(tests, recurrent_layers_fit);
    tcase_add_test(tests, gradients_of_recurrent_layers_fit);
    tcase_add_test(tests, heads_of_attention_fit);
    tcase_add_test(tests, gradients_of_attention_fit);
    tcase_add_test(tests, products_of_matrices_fit);
    tcase_add_test(tests, labels_fit_their_steps);
    tcase_add_test(tests, rows_fit_their_tables);
    tcase_add_test(tests, rows_fit_their_places);
    tcase_add_test(tests, trees_have_nodes_leaves_and_roots);
    tcase_add_test(tests, roles_of_views);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
