/* SPDX-License-Identifier: MIT */
/* Networks from text. A network is described, for the comparison, by its layers: "kind shape parameters; ...". */
#include "expect.h"
#include "nn/network.h"
#include "suite.h"

#include <locale.h>
#include <stdio.h>

/* ------------------------------------------------------------------------------------------------------ good texts */

static const struct {
    const char *text, *layers;
    uint32_t rank;
    size_t input[4];
} good[] = {
    {"dense 10 softmax", "dense [batch, 10] 50", 1, {4}},
    {"dense 128 relu; dropout 0.2; dense 10 softmax",
     "dense [batch, 128] 640; dropout [batch, 128] 0; dense [batch, 10] 1290",
     1,
     {4}},
    {"dense 3", "dense [batch, 3] 15", 1, {4}},
    {"dense 3;", "dense [batch, 3] 15", 1, {4}},
    {"dense 3 L2(1e-4) relu l1(0); dense 2", "dense [batch, 3] 15; dense [batch, 2] 8", 1, {4}},
    {"  dense\t3  ;\n dense 2\r\n", "dense [batch, 3] 15; dense [batch, 2] 8", 1, {4}},
    {"dense 3;dense 2", "dense [batch, 3] 15; dense [batch, 2] 8", 1, {4}},
    {"dense 3 nobias", "dense [batch, 3] 12", 1, {4}},
    {"dense 3 tanh nobias he_normal", "dense [batch, 3] 12", 1, {4}},
    {"dense 3 he_normal nobias tanh", "dense [batch, 3] 12", 1, {4}},
    {"dense 3 uniform(0.1)", "dense [batch, 3] 15", 1, {4}},
    {"dense 3 constant(-2)", "dense [batch, 3] 15", 1, {4}},
    {"dense 3 zeros", "dense [batch, 3] 15", 1, {4}},
    {"dense 0100", "dense [batch, 100] 500", 1, {4}},
    {"dense 16777217", "dense [batch, 16777217] 50331651", 1, {2}}, /* no float32 */
    {"dense 3 leaky_relu(1,0.01)", "dense [batch, 3] 15", 1, {4}},
    {"dense 3 leaky_relu( 1 , 0.01 )", "dense [batch, 3] 15", 1, {4}},
    {"dense 3 leaky_relu(0.5)", "dense [batch, 3] 15", 1, {4}},
    {"flatten; dense 2", "flatten [batch, 12] 0; dense [batch, 2] 26", 2, {3, 4}},
    {"dense 2", "flatten [batch, 12] 0; dense [batch, 2] 26", 2, {3, 4}},
    {"dense 2 everystep", "dense [batch, 3, 2] 10", 2, {3, 4}},
    {"dense 2 nobias Every_Step relu; dense 1",
     "dense [batch, 3, 5, 2] 8; flatten [batch, 30] 0; dense [batch, 1] 31",
     3,
     {3, 5, 4}},
    {"dense 2 everystep", "dense [batch, 2] 10", 1, {4}},
    {"reshape 2 6", "reshape [batch, 2, 6] 0", 2, {3, 4}},
    {"reshape 1 2 3 2; flatten", "reshape [batch, 1, 2, 3, 2] 0; flatten [batch, 12] 0", 2, {3, 4}},
    {"relu", "relu [batch, 3, 4] 0", 2, {3, 4}},
    {"embedding 9 5 padding 0 uniform(0.1); dense 3", "embedding [batch, 4, 5] 45; dense [batch, 4, 3] 18", 1, {4}},
    {"embedding 9 5; layernorm; dropout 0.1; residual(dense 8 relu; dense 5); tanh; dense 2 softmax",
     "embedding [batch, 4, 5] 45; layernorm [batch, 4, 5] 10; dropout [batch, 4, 5] 0; dense [batch, 4, 8] 48; dense "
     "[batch, 4, 5] 45; residual [batch, 4, 5] 0; tanh [batch, 4, 5] 0; dense [batch, 4, 2] 12",
     1,
     {4}},
    {"embedding 9 5; positions; positions sinusoidal; dense 3",
     "embedding [batch, 4, 5] 45; positions [batch, 4, 5] 20; positions [batch, 4, 5] 20; dense [batch, 4, 3] 18",
     1,
     {4}},
    {"positions normal(0.1); dense 3", "positions [batch, 4, 5] 20; dense [batch, 4, 3] 18", 2, {4, 5}},
    {"embedding 9 5; flatten; dense 3",
     "embedding [batch, 4, 5] 45; flatten [batch, 20] 0; dense [batch, 3] 63",
     1,
     {4}},
    {"embedding 9 6; conv 2 3; dense 3",
     "embedding [batch, 4, 6] 54; conv [batch, 2, 2] 38; flatten [batch, 4] 0; dense [batch, 3] 15",
     1,
     {4}},
    {"embedding 9 5; lstm 4; dense 3",
     "embedding [batch, 4, 5] 45; lstm [batch, 4, 4] 160; dense [batch, 4, 3] 15",
     1,
     {4}},
    {"embedding 9 4; attention heads 2 kvheads 1 width 2 causal rotary nobias glorot_normal; dense 3",
     "embedding [batch, 4, 4] 36; attention [batch, 4, 4] 64; dense [batch, 4, 3] 15",
     1,
     {4}},
    {"MultiHeadAttention num_heads 2 key_dim 3; dense 3",
     "attention [batch, 5, 4] 118; dense [batch, 5, 3] 15",
     2,
     {5, 4}},
    {"transformer heads 2 hidden 3 dropout 0.1; dense 2",
     "layernorm [batch, 5, 4] 8; attention [batch, 5, 4] 80; dropout [batch, 5, 4] 0; add [batch, 5, 4] 0; layernorm "
     "[batch, 5, 4] 8; dense [batch, 5, 3] 15; dense [batch, 5, 4] 16; dropout [batch, 5, 4] 0; add [batch, 5, 4] 0; "
     "dense [batch, 5, 2] 10",
     2,
     {5, 4}},
    {"transformer heads 2 kvheads 1 causal rotary postnorm rmsnorm swiglu nobias",
     "attention [batch, 5, 4] 68; add [batch, 5, 4] 0; rmsnorm [batch, 5, 4] 4; dense [batch, 5, 16] 64; dense [batch, "
     "5, 16] 64; multiply [batch, 5, 16] 0; dense [batch, 5, 4] 64; add [batch, 5, 4] 0; rmsnorm [batch, 5, 4] 4",
     2,
     {5, 4}},
    {"gru 4 bidirectional last he_normal; dense 3", "gru [batch, 8] 216; dense [batch, 3] 27", 2, {5, 3}},
    {"lstm 4 truncate 2 last", "lstm [batch, 4] 128", 2, {5, 3}},
    {"gru 4 reset before nobias; SimpleRNN 2 relu reverse", "gru [batch, 5, 4] 84; rnn [batch, 5, 2] 14", 2, {5, 3}},
    {"relu; sigmoid;tanh ; softmax",
     "relu [batch, 4] 0; sigmoid [batch, 4] 0; tanh [batch, 4] 0; softmax [batch, 4] 0",
     1,
     {4}},
    {"elu(0.5)", "elu [batch, 4] 0", 1, {4}},
    {"linear(-3)", "linear [batch, 4] 0", 1, {4}},
    {"hard_sigmoid(0.25,0.5)", "hard_sigmoid [batch, 4] 0", 1, {4}},
    {"step; identity; gelu; silu; selu; softplus; exp; log; sqrt; abs; square",
     "step [batch, 4] 0; identity [batch, 4] 0; gelu [batch, 4] 0; silu [batch, 4] 0; selu [batch, 4] 0; "
     "softplus [batch, 4] 0; exp [batch, 4] 0; log [batch, 4] 0; sqrt [batch, 4] 0; abs [batch, 4] 0; "
     "square [batch, 4] 0",
     1,
     {4}},
    {"Dense 10; DropOut 0.5; FLATTEN; p_relu(0.5)",
     "dense [batch, 10] 50; dropout [batch, 10] 0; flatten [batch, 10] 0; prelu [batch, 10] 10",
     1,
     {4}},
    {"conv 32 3X3; relu", "conv [batch, 26, 26, 32] 320; relu [batch, 26, 26, 32] 0", 2, {28, 28}},
    {"conv 32 3x3; relu", "conv [batch, 26, 26, 32] 320; relu [batch, 26, 26, 32] 0", 2, {28, 28}},
    {"conv 32 3x3 stride 2 dilation 2 groups 4 pad same nobias he_normal relu",
     "conv [batch, 4, 3, 32] 576",
     3,
     {8, 6, 8}},
    {"conv 32 3x3 relu he_normal nobias padding 1x2 groups 4 dilation_rate 2x1 strides 1x2",
     "conv [batch, 6, 4, 32] 576",
     3,
     {8, 6, 8}},
    {"conv 2 3 pad 1,2", "conv [batch, 10, 2] 8", 1, {9}},
    {"conv1d 2 3", "conv [batch, 7, 2] 8", 1, {9}},
    {"Conv2D 2 3 pad SAME", "conv [batch, 9, 5, 2] 20", 2, {9, 5}},
    {"convolution3d 2 2", "conv [batch, 1, 2, 3, 2] 18", 3, {2, 3, 4}},
    {"conv 2 2x1x3 pad 0,1,2,3,4,5", "conv [batch, 2, 8, 11, 2] 14", 3, {2, 3, 4}},
    {"depthwise 3x3 multiplier 2 pad valid", "depthwise [batch, 4, 5, 4] 40", 3, {6, 7, 2}},
    {"DepthwiseConv2D 3 depth_multiplier 2", "depthwise [batch, 4, 5, 4] 40", 3, {6, 7, 2}},
    {"separable 5 3x3 relu", "separable [batch, 4, 5, 5] 33", 3, {6, 7, 2}},
    {"SeparableConv2D 5 3", "separable [batch, 4, 5, 5] 33", 3, {6, 7, 2}},
    {"convtranspose 5 4x4 stride 2", "convtranspose [batch, 8, 10, 5] 165", 3, {3, 4, 2}},
    {"Conv2DTranspose 5 4 strides 2 pad same", "convtranspose [batch, 6, 8, 5] 165", 3, {3, 4, 2}},
    {"convtranspose 5 3x3 stride 2 pad 1 output_padding 1x0", "convtranspose [batch, 6, 7, 5] 95", 3, {3, 4, 2}},
    {"maxpool 2", "maxpool [batch, 3, 4, 2] 0", 3, {6, 8, 2}},
    {"maxpool 2", "maxpool [batch, 3, 8] 0", 2, {6, 8}},
    {"maxpool 2x2", "maxpool [batch, 3, 4, 1] 0", 2, {6, 8}},
    {"MaxPooling2D 3 strides 2 padding same", "maxpool [batch, 3, 4, 2] 0", 3, {6, 8, 2}},
    {"maxpool 3 stride 2 ceil", "maxpool [batch, 3, 4, 2] 0", 3, {6, 8, 2}},
    {"avgpool 3x2 countpad ceil dilation 2x1 pad 1,2,0,1 stride 1", "avgpool [batch, 5, 8, 2] 0", 3, {6, 8, 2}},
    {"AveragePooling1D 2; AvgPool2D 2", "avgpool [batch, 3, 8] 0; avgpool [batch, 1, 4, 1] 0", 2, {6, 8}},
    {"maxpool 2", "maxpool [batch, 1, 2, 3, 1] 0", 4, {2, 4, 6, 1}},
    {"AdaptiveAvgPool2D 2", "adaptiveavgpool [batch, 2, 2, 2] 0", 3, {6, 7, 2}},
    {"adaptiveavgpool 1x5", "adaptiveavgpool [batch, 1, 5, 2] 0", 3, {6, 7, 2}},
    {"globalavgpool; dense 2", "globalavgpool [batch, 2] 0; dense [batch, 2] 6", 3, {3, 4, 2}},
    {"GlobalMaxPooling1D", "globalmaxpool [batch, 2] 0", 2, {4, 2}},
    {"GlobalAveragePooling2D", "globalavgpool [batch, 1] 0", 2, {4, 2}},
    {"upsample 2", "upsample [batch, 6, 8, 2] 0", 3, {3, 4, 2}},
    {"upsample 3x1 bilinear", "upsample [batch, 9, 4, 2] 0", 3, {3, 4, 2}},
    {"UpSampling2D 2x1 nearest", "upsample [batch, 6, 4, 1] 0", 2, {3, 4}},
    {"zeropad 1,2,3,4", "zeropad [batch, 6, 11, 2] 0", 3, {3, 4, 2}},
    {"zeropad 1,2,3,4", "zeropad [batch, 6, 11, 1] 0", 2, {3, 4}},
    {"ZeroPadding1D 1", "zeropad [batch, 5, 4] 0", 2, {3, 4}},
    {"zeropad 1", "zeropad [batch, 5, 4] 0", 2, {3, 4}},
    {"ReflectionPad2D 1,2,2,0", "reflectpad [batch, 6, 6, 2] 0", 3, {3, 4, 2}},
    {"edgepad 5", "edgepad [batch, 13, 14, 2] 0", 3, {3, 4, 2}},
    {"crop 1x2", "crop [batch, 1, 1, 2] 0", 3, {3, 5, 2}},
    {"Cropping2D 1,0,0,2", "crop [batch, 2, 3, 2] 0", 3, {3, 5, 2}},
    {"SpatialDropout2D 0.5", "spatialdropout [batch, 3, 5, 2] 0", 3, {3, 5, 2}},
    {"residual(conv 2 3x3 pad same nobias; relu); relu",
     "conv [batch, 3, 5, 2] 36; relu [batch, 3, 5, 2] 0; residual [batch, 3, 5, 2] 0; relu [batch, 3, 5, 2] 0",
     3,
     {3, 5, 2}},
    {"residual( conv 4 3x3 stride 2 pad 1 | conv 4 1x1 stride 2 nobias; tanh );",
     "conv [batch, 2, 3, 4] 76; conv [batch, 2, 3, 4] 8; tanh [batch, 2, 3, 4] 0; residual [batch, 2, 3, 4] 0",
     3,
     {3, 5, 2}},
    {"residual (residual(leaky_relu(1,0.1));elu(0.5)|residual(relu|identity))",
     "leaky_relu [batch, 4] 0; residual [batch, 4] 0; elu [batch, 4] 0; relu [batch, 4] 0; identity [batch, 4] 0; "
     "residual [batch, 4] 0; residual [batch, 4] 0",
     1,
     {4}},
    {"dropout 0", "dropout [batch, 4] 0", 1, {4}},
    {"dropout .5", "dropout [batch, 4] 0", 1, {4}},
};

static soma_network *network_with_input(uint32_t rank, const size_t *shape, soma_tensor **x) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    *x = soma_input(network, NULL, rank, shape);
    ck_assert_ptr_nonnull(*x);
    return network;
}

static void describe(const soma_network *network, soma_text *text) {
    for (size_t i = 1; i < soma_network_layer_count(network); i++) { /* after the input */
        soma_layer_info info;
        char shape[SOMA_SHAPE_TEXT];
        expect_ok(soma_network_layer(network, i, &info));
        soma_text_append(text, "%s%s %s %zu", i > 1 ? "; " : "", info.kind,
                         soma_tensor_shape_text(network->layers[i].output, shape), info.parameters);
    }
}

START_TEST(good_texts_make_layers) {
    soma_tensor *x;
    soma_network *network = network_with_input(good[_i].rank, good[_i].input, &x);
    soma_tensor *last = soma_layers(x, good[_i].text);
    expect_ok(soma_network_status(network));
    soma_text text = {.data = NULL};
    describe(network, &text);
    ck_assert_str_eq(text.data, good[_i].layers);
    ck_assert_ptr_eq(last, soma_network_output(network, 0));
    soma_free(text.data);
    soma_network_destroy(network);
}
END_TEST

START_TEST(options_reach_the_layers) {
    size_t shape = 4;
    soma_tensor *x;
    soma_network *network = network_with_input(1, &shape, &x);
    x = soma_layers(x, "dense 3 leaky_relu(0.5,-1) uniform(0.25); dense 2 leaky_relu(0.75); dropout 0.3; elu(2); "
                       "hard_sigmoid(0.1); dense 2 tanh; dense 2 selu; dense 2 relu");
    expect_ok(soma_network_status(network));
    const soma_unary_params *function = &soma_network_tensor(network, "dense_1")->attributes.unary;
    ck_assert(function->function == SOMA_LEAKY_RELU && function->a == 0.5f && function->b == -1);
    ck_assert_int_eq(network->parameters[0].initializer, SOMA_INIT_UNIFORM);
    ck_assert(network->parameters[0].scale == 0.25f);
    ck_assert_int_eq(network->parameters[1].initializer, SOMA_INIT_ZEROS);
    function = &soma_network_tensor(network, "dense_2")->attributes.unary;
    ck_assert(function->a == 0.75f && function->b == 0.01f); /* what is not given has its default */
    ck_assert(soma_network_tensor(network, "dropout_1")->attributes.dropout.rate == 0.3f);
    ck_assert(soma_network_tensor(network, "elu_1")->attributes.unary.a == 2);
    function = &soma_network_tensor(network, "hard_sigmoid_1")->attributes.unary;
    ck_assert(function->a == 0.1f && function->b == 0.5f);
    ck_assert_int_eq(network->parameters[2].initializer, SOMA_INIT_HE_UNIFORM);
    ck_assert_int_eq(network->parameters[4].initializer, SOMA_INIT_GLOROT_UNIFORM);
    ck_assert_int_eq(network->parameters[6].initializer, SOMA_INIT_LECUN_NORMAL);
    ck_assert_int_eq(network->parameters[8].initializer, SOMA_INIT_HE_UNIFORM);
    soma_network_destroy(network);
}
END_TEST

/* What is last in an input of two or three dimensions may be channels or not, where nothing says it; then the log does.
 * `warnings` is what it must say, once. */
static const struct {
    const char *text, *layers, *warnings[2];
    uint32_t rank;
    size_t input[3];
} readings[] = {
    {"maxpool 2",
     "maxpool [batch, 4, 8] 0",
     {"layer 1, \"maxpool\": the last dimension of [batch, 8, 8] is taken for channels; "
      "maxpool1d says that it is, maxpool2d that there are none"},
     2,
     {8, 8}},
    {"MaxPooling1D 2", "maxpool [batch, 4, 8] 0", {NULL}, 2, {8, 8}},
    {"maxpool2d 2", "maxpool [batch, 4, 4, 1] 0", {NULL}, 2, {8, 8}},
    {"maxpool 2x2", "maxpool [batch, 4, 4, 1] 0", {NULL}, 2, {8, 8}},
    {"maxpool 2", "maxpool [batch, 4, 4, 1] 0", {NULL}, 3, {8, 8, 1}},
    {"maxpool 2", "maxpool [batch, 4, 4, 3] 0", {NULL}, 3, {8, 8, 3}},
    {"maxpool 2",
     "maxpool [batch, 4, 4, 8] 0",
     {"maxpool2d says that it is, maxpool3d that there are none"},
     3,
     {8, 8, 8}},
    {"maxpool 2", "maxpool [batch, 4, 3] 0", {NULL}, 2, {8, 3}},
    {"conv 8 5; maxpool 2", "conv [batch, 4, 8] 328; maxpool [batch, 2, 8] 0", {NULL}, 2, {8, 8}},
    {"avgpool 2", "avgpool [batch, 4, 8] 0", {"layer 1, \"avgpool\"", "avgpool2d"}, 2, {8, 8}},
    {"adaptiveavgpool 2", "adaptiveavgpool [batch, 2, 8] 0", {"\"adaptiveavgpool\"", "adaptiveavgpool2d"}, 2, {8, 8}},
    {"upsample 2", "upsample [batch, 16, 8] 0", {"\"upsample\"", "upsample2d"}, 2, {8, 8}},
    {"zeropad 1", "zeropad [batch, 10, 8] 0", {"\"zeropad\"", "zeropad2d"}, 2, {8, 8}},
    {"zeropad 1,1", "zeropad [batch, 10, 8] 0", {"\"zeropad\"", "zeropad2d"}, 2, {8, 8}},
    {"reflectpad 1", "reflectpad [batch, 10, 8] 0", {"\"reflectpad\"", "reflectpad2d"}, 2, {8, 8}},
    {"edgepad 1", "edgepad [batch, 10, 8] 0", {"\"edgepad\"", "edgepad2d"}, 2, {8, 8}},
    {"crop 1", "crop [batch, 6, 8] 0", {"\"crop\"", "crop2d"}, 2, {8, 8}},
    {"globalavgpool", "globalavgpool [batch, 8] 0", {"\"globalavgpool\"", "globalavgpool2d"}, 2, {8, 8}},
    {"globalmaxpool", "globalmaxpool [batch, 8] 0", {"\"globalmaxpool\"", "globalmaxpool2d"}, 2, {8, 8}},
    {"spatialdropout 0.5", "spatialdropout [batch, 8, 8] 0", {"\"spatialdropout\"", "spatialdropout2d"}, 2, {8, 8}},
    {"SpatialDropout2D 0.5", "spatialdropout [batch, 8, 8, 1] 0", {NULL}, 2, {8, 8}},
    {"instancenorm(1e-3)", "instancenorm [batch, 8, 8] 16", {"\"instancenorm\"", "instancenorm2d"}, 2, {8, 8}},
    {"InstanceNorm2d", "instancenorm [batch, 8, 8, 1] 2", {NULL}, 2, {8, 8}},
    {"BatchNorm2d", "batchnorm [batch, 8, 8, 1] 4", {NULL}, 2, {8, 8}},
    {"BatchNorm1d", "batchnorm [batch, 8, 8] 32", {NULL}, 2, {8, 8}},
    {"relu; batchnorm; maxpool 2; maxpool 2",
     "relu [batch, 8, 8] 0; batchnorm [batch, 8, 8] 32; maxpool [batch, 4, 8] 0; maxpool [batch, 2, 8] 0",
     {"layer 3, \"maxpool\""},
     2,
     {8, 8}},
    {"reshape 8 8; maxpool 2", "reshape [batch, 8, 8] 0; maxpool [batch, 4, 8] 0", {"layer 2, \"maxpool\""}, 1, {64}},
    {"upsample1d 2; maxpool 2", "upsample [batch, 16, 8] 0; maxpool [batch, 8, 8] 0", {NULL}, 2, {8, 8}},
};

static char warning[1024];
static size_t warnings;

static void keep_warning(void *context, soma_log_level level, const char *message) {
    (void)context;
    if (level < SOMA_LOG_WARNING) return;
    warnings++;
    snprintf(warning, sizeof warning, "%s", message);
}

START_TEST(what_is_guessed_is_told) {
    soma_tensor *x;
    soma_network *network = network_with_input(readings[_i].rank, readings[_i].input, &x);
    warnings = 0;
    soma_log_set(keep_warning, NULL, SOMA_LOG_WARNING);
    soma_layers(x, readings[_i].text);
    soma_log_set(NULL, NULL, SOMA_LOG_INFO);
    expect_ok(soma_network_status(network));
    soma_text text = {.data = NULL};
    describe(network, &text);
    ck_assert_str_eq(text.data, readings[_i].layers);
    soma_free(text.data);
    ck_assert_uint_eq(warnings, readings[_i].warnings[0] ? 1 : 0);
    for (size_t i = 0; i < 2 && readings[_i].warnings[i]; i++)
        ck_assert_msg(strstr(warning, readings[_i].warnings[i]), "%s: %s", readings[_i].text, warning);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- bad texts */

static const struct {
    const char *text, *words[3];
} bad[] = {
    {"", {"no layers", "for example"}},
    {NULL, {"no layers"}},
    {" \n", {"no layers"}},
    {";", {"layer 1 is empty"}},
    {"relu;;relu", {"layer 2 is empty", "one ';'"}},
    {"relu; ;", {"layer 2 is empty"}},
    {"dense", {"layer 1, \"dense\"", "how many units"}},
    {"lstm 4 truncate", {"layer 1, \"truncate\"", "how many steps"}},
    {"lstm 4 truncate 0", {"layer 1, \"0\"", "the number of steps"}},
    {"gru 4 truncate 2 truncate 3", {"layer 1, \"3\"", "a second time"}},
    {"attention", {"layer 1, \"attention\"", "how many heads", "attention heads 4"}},
    {"attention causal heads", {"layer 1, \"heads\"", "the number of heads is missing"}},
    {"attention heads 2 heads 2", {"layer 1, \"heads\"", "a second time"}},
    {"attention heads 2 causal causal", {"layer 1, \"causal\"", "a second time"}},
    {"attention heads 2 relu", {"layer 1, \"relu\"", "expected heads, kvheads, width, causal, rotary, nobias"}},
    {"attention heads 0", {"layer 1, \"0\"", "the number of heads"}},
    {"transformer causal", {"layer 1, \"transformer\"", "how many heads"}},
    {"transformer heads 2 dropout", {"layer 1, \"dropout\"", "the rate", "is missing"}},
    {"transformer heads 2 dropout 1", {"layer 1, \"1\"", "less than 1"}},
    {"transformer heads 2 hidden 8 hidden 8", {"layer 1, \"hidden\"", "a second time"}},
    {"transformer heads 2 tanh", {"layer 1, \"tanh\"", "expected heads", "postnorm"}},
    {"relu; dense", {"layer 2, \"dense\""}},
    {"dense x", {"\"x\"", "the number of units must be a whole number from 1"}},
    {"dense 0", {"\"0\"", "whole number"}},
    {"dense -5", {"\"-5\"", "whole number"}},
    {"dense 1.5", {"\"1.5\"", "whole number"}},
    {"dense 1e10", {"\"1e10\"", "1000000000"}},
    {"dense 1e2", {"\"1e2\"", "whole number"}},
    {"dense 1000000001", {"whole number"}},
    {"dense 0x10", {"\"0x10\"", "whole number"}},
    {"dense nan", {"\"nan\"", "whole number"}},
    {"dense 99999999999999999999999999", {"whole number"}},
    {BY_WIDTH("dense 1000000000; dense 1000000000", "dense 10000000; dense 10000000"),
     {"layer dense_2", "more elements than memory"}},
    {"dens 10", {"\"dens\"", "expected dense"}},
    {"dense 10 rely", {"\"rely\"", "expected an activation (identity, linear", "he_uniform"}},
    {"dense 10 relu tanh", {"\"tanh\"", "a second activation"}},
    {"dense 10 nobias nobias", {"a second nobias"}},
    {"dense 10 everystep every_step", {"a second everystep"}},
    {"dense 10 zeros zeros", {"a second initializer"}},
    {"dense 10 relu(1)", {"\"relu(1)\"", "relu takes 0 parameters, got 1"}},
    {"dense 10 softmax(1)", {"softmax takes 0 parameters, got 1"}},
    {"dense 10 elu(1,2)", {"elu takes 1 parameter, got 2"}},
    {"dense 10 elu()", {"parameter 1, \"\", is not a number"}},
    {"dense 10 leaky_relu(1,)", {"parameter 2, \"\", is not a number"}},
    {"dense 10 leaky_relu(1;2)", {"\"1;2\", is not a number"}},
    {"dense 10 leaky_relu(1,2,3)", {"at most two parameters"}},
    {"dense 10 leaky_relu(0.01,1)", {"layer dense_1", "leaky_relu needs b < a"}},
    {"dense 10 leaky_relu(1,1)", {"leaky_relu needs b < a"}},
    {"dense 10 elu(-1)", {"elu needs a >= 0"}},
    {"dense 10 elu(1e39)", {"\"1e39\", is not a number"}},
    {"dense 10 elu(inf)", {"\"inf\", is not a number"}},
    {"dense 10 elu(1", {"\"elu(1\"", "end with the parenthesis"}},
    {"dense 10 elu(1; dense 3", {"\"elu(1; dense 3\"", "end with the parenthesis"}},
    {"dense 10 elu(1)x", {"end with the parenthesis"}},
    {"dense 10 elu 1", {"\"1\"", "expected an activation"}},
    {"dense 10 (1)", {"\"(1)\"", "expected an activation"}},
    {"dense 10 he_uniform(2)", {"he_uniform takes 0 parameters, got 1"}},
    {"dense 10 uniform(1,2)", {"uniform takes 1 parameter, got 2"}},
    {"dense 10 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15", {"more than 16 words"}},
    {"Conv2d(1, 32, 3)", {"\"Conv2d(1, 32, 3)\"", "without parentheses", "conv 32 3x3 relu"}},
    {"nn.Linear(10, 5)", {"\"nn.Linear(10, 5)\"", "without parentheses"}},
    {"torch.nn.ReLU()", {"without parentheses"}},
    {"relu()", {"without parentheses"}},
    {"maxpool(2)", {"without parentheses"}},
    {"conv 4 3x3 same", {"\"same\"", "is \"pad\" missing before it?"}},
    {"maxpool1d 2 stride=2", {"\"stride=2\"", "a blank is wanted in place of the '='"}},
    {"dropout", {"1 word, expected \"dropout RATE\""}},
    {"dropout 0.2 0.3", {"3 words, expected \"dropout RATE\""}},
    {"dropout 1", {"\"1\"", "at least 0 and less than 1"}},
    {"dropout -0.1", {"\"-0.1\"", "at least 0"}},
    {"dropout half", {"\"half\"", "at least 0"}},
    {"dropout 0,5", {"\"0,5\""}},
    {"dropout 0.99999999999", {"\"0.99999999999\"", "less than 1"}}, /* 1 in float32 */
    {"flatten 2", {"2 words, expected \"flatten\""}},
    {"relu 2", {"2 words, expected \"ACTIVATION\""}},
    {"relu softmax", {"\"softmax\"", "expected \"ACTIVATION\" and no more words", "is a ';' missing before it?"}},
    {"relu relux", {"2 words, expected \"ACTIVATION\""}},
    {"flatten dense 10", {"\"dense\"", "expected \"flatten\"", "is a ';' missing before it?"}},
    {"dense 3 l2", {"layer 1, \"l2\"", "l2(X)", "l2(0.0001)"}},
    {"dense 3 l1()", {"layer 1, \"l1()\"", "l1(X)", "at least 0"}},
    {"dense 3 l2(-1)", {"layer 1, \"l2(-1)\"", "at least 0"}},
    {"dense 3 l2(inf)", {"layer 1, \"l2(inf)\"", "l2(X)"}},
    {"dense 3 l2(0.1", {"layer 1, \"l2(0.1\"", "accepted: l2(X)"}},
    {"dense 3 l2(", {"layer 1, \"l2(\"", "accepted: l2(X)"}},
    {"dense 3 l2(0.1)x", {"layer 1, \"l2(0.1)x\"", "accepted: l2(X)"}},
    {"dense 3 l2(1e-60)", {"layer 1, \"l2(1e-60)\"", "float32"}}, /* 0 in float32 */
    {"dense 3 l1(0.0001E-45)", {"layer 1, \"l1(0.0001E-45)\"", "float32"}},
    {"dense 3 l2(0.1,0.2)", {"layer 1, \"l2(0.1,0.2)\"", "l2(X)"}},
    {"dense 3 l2(1) l2(2)", {"layer 1, \"l2(2)\"", "twice"}},
    {"dense 3; relu l2(1)", {"layer 2, \"l2(1)\"", "no weights that decay"}},
    {"dense 3 relu dense 2", {"\"dense\"", "expected an activation", "is a ';' missing before it?"}},
    {"maxpool1d 2 Elu(0.5)", {"\"Elu(0.5)\"", "expected stride", "is a ';' missing before it?"}},
    {"dense dense 3", {"\"dense\"", "the number of units", "is a ';' missing before it?"}},
    {"reshape", {"expected 1 to 4 dimensions"}},
    {"reshape 1 2 3 4 5", {"expected 1 to 4 dimensions"}},
    {"reshape 0", {"a dimension must be a whole number"}},
    {"reshape 5", {"layer reshape_1", "4 elements per sample"}},
    {"conv", {"\"conv\"", "how many filters", "conv 32 3x3"}},
    {"conv 3", {"how many filters, and which kernel"}},
    {"conv 0 3x3", {"\"0\"", "the number of filters must be"}},
    {"conv 3 3x", {"\"3x\"", "the kernel must be one to three whole numbers from 1"}},
    {"conv 3 3x0", {"\"3x0\"", "the kernel must be"}},
    {"conv 3 3x3x3x3", {"\"3x3x3x3\"", "one to three"}},
    {"conv 3 3*3", {"\"3*3\"", "the kernel must be"}},
    {"conv 3 3y3", {"\"3y3\"", "the kernel must be"}},
    {"conv 3 3x3", {"layer conv_1", "[height, width, channels]", "got [batch, 4]"}},
    {"conv2d 3 3x3x3", {"\"3x3x3\"", "the kernel names 3 dimensions, the layer works over 2"}},
    {"conv 3 3 3", {"\"3\"", "a kernel's sizes are one word; write 3x3"}},
    {"Conv 3 3 x 5", {"\"x\"", "write 3x5"}},
    {"depthwise 3 3", {"\"3\"", "write 3x3"}},
    {"depthwise 8 3x3", {"\"8\"", "depthwise takes no number of filters; write depthwise 3x3"}},
    {"reshape 2 2 1; conv 3 2",
     {"layer 2, \"2\"", "one dimension, [time, channels] per sample, got [batch, 2, 2, 1]", "write 2x2"}},
    {"reshape 1 2 2 1; conv 3 2", {"layer 2, \"2\"", "write 2x2x2"}},
    {"reshape 2 2 1; depthwise 2", {"layer 2, \"2\"", "write 2x2"}},
    {"conv 3 3 stride", {"\"stride\"", "a value is to follow"}},
    {"conv 3 3 stride 0", {"\"0\"", "the stride must be"}},
    {"conv 3 3 stride 2x2", {"\"2x2\"", "the stride names 2 dimensions, the layer works over 1"}},
    {"conv 3 3 stride 2 strides 2", {"\"strides\"", "a second stride"}},
    {"conv 3 3 pad full", {"\"full\"", "if not valid or same, must be N or BEFORE,AFTER, whole numbers from 0"}},
    {"conv2d 3 3 pad full", {"if not valid or same, must be N, NxN or TOP,BOTTOM,LEFT,RIGHT, whole numbers from 0"}},
    {"reshape 2 2 1; maxpool 2 pad 1x",
     {"if not valid or same, must be N, NxN or TOP,BOTTOM,LEFT,RIGHT, whole numbers from 0"}},
    {"reshape 2 2 1; zeropad full", {"\"full\"", "must be N, NxN or TOP,BOTTOM,LEFT,RIGHT, whole numbers from 0"}},
    {"reshape 2 2 1; crop 1,1", {"\"1,1\"", "must be N, NxN or TOP,BOTTOM,LEFT,RIGHT, whole numbers from 0"}},
    {"conv 3 3 pad 1,2,3", {"\"1,2,3\"", "BEFORE,AFTER"}},
    {"conv 3 3 pad 1, 2", {"\"1,\"", "BEFORE,AFTER"}},
    {"conv 3 3 pad 1,2,3,4,5,6,7", {"BEFORE,AFTER"}},
    {"conv2d 3 3 pad 1,2", {"TOP,BOTTOM,LEFT,RIGHT"}},
    {"conv 3 3 nobias nobias", {"a second nobias"}},
    {"conv 3 3 relu tanh", {"\"tanh\"", "a second activation"}},
    {"conv 3 3 zeros zeros", {"a second initializer"}},
    {"conv 3 3 dense", {"\"dense\"", "expected stride, dilation, groups, pad, nobias, an activation", "he_uniform"}},
    {"depthwise 3 dense", {"expected stride, dilation, pad, multiplier, nobias, an activation"}},
    {"separable 3 3 dense", {"expected stride, dilation, pad, multiplier, nobias, an activation"}},
    {"convtranspose 3 3 dense", {"expected stride, dilation, groups, pad, output_padding, nobias, an activation"}},
    {"conv 3 5", {"layer conv_1", "reaches over 5 positions of dimension 0", "has 4"}},
    {"conv 3 3 groups 3", {"layer conv_1", "3 groups do not divide 1 channels and 3 filters"}},
    {"conv 3 3 multiplier 3", {"layer conv_1", "a multiplier of 3"}},
    {"depthwise", {"which kernel", "depthwise 3x3"}},
    {"depthwise 3 groups 1", {"layer depthwise_1", "1 groups"}},
    {"convtranspose 3 3 output_padding 1", {"layer convtranspose_1", "an output padding of 1"}},
    {"dense2d 3", {"\"dense2d\"", "expected dense"}},
    {"conv4d 3 3", {"\"conv4d\"", "expected dense"}},
    {"maxpool", {"\"maxpool\"", "how large a window", "maxpool 2"}},
    {"avgpool", {"avgpool 2"}},
    {"maxpool1d 0", {"\"0\"", "the window must be one to three whole numbers from 1"}},
    {"maxpool 2", {"\"maxpool\"", "positions and, last, channels", "[batch, 4]"}},
    {"maxpool2d 2x2x2", {"\"maxpool2d\"", "names 2 dimensions, the sizes are for 3"}},
    {"maxpool1d 2 countpad", {"\"countpad\"", "expected stride, dilation, pad or ceil"}},
    {"avgpool1d 2 relu", {"\"relu\"", "expected stride, dilation, pad, ceil or countpad"}},
    {"avgpool1d 2 ceil ceil_mode", {"\"ceil_mode\"", "a second ceil"}},
    {"avgpool1d 2 stride", {"\"stride\"", "a value is to follow"}},
    {"avgpool1d 2 stride 0", {"\"0\"", "the stride must be"}},
    {"avgpool1d 2 pad 2", {"layer avgpool_1", "a padding of 2 and 2", "(2)"}},
    {"avgpool1d 5", {"layer avgpool_1", "reaches over 5 positions of dimension 0", "has 4"}},
    {"adaptiveavgpool", {"1 word, expected \"adaptiveavgpool SIZES\""}},
    {"adaptiveavgpool1d 65", {"layer adaptiveavgpool_1", "65 windows over 4 positions", "at most 64"}},
    {"globalavgpool 2", {"2 words, expected \"globalavgpool\""}},
    {"globalavgpool", {"\"globalavgpool\"", "positions and, last, channels", "[batch, 4]"}},
    {"globalavgpool2d", {"layer 1, \"globalavgpool2d\"", "[height, width, channels]"}},
    {"upsample", {"1 word, expected \"upsample FACTOR\""}},
    {"upsample1d 0", {"\"0\"", "the factor must be"}},
    {"upsample1d 2 cubic", {"\"cubic\"", "nearest or bilinear"}},
    {"upsample2d 2x2x2", {"\"upsample2d\"", "names 2 dimensions, the sizes are for 3"}},
    {"zeropad1d -1", {"\"-1\"", "what is at the sides must be"}},
    {"crop 1x1x1x1", {"layer 1", "crop", "sizes for 4 dimensions"}},
    {"crop 1,1,1,1,1,1,1,1", {"layer 1", "crop", "sizes for 4 dimensions"}},
    {"zeropad xxxxx", {"layer 1", "zeropad", "sizes for 6 dimensions"}},
    {"crop1d 2", {"layer crop_1", "2 before and 2 after leave nothing of dimension 0"}},
    {"spatialdropout 1", {"\"1\"", "less than 1"}},
    {"residual", {"\"residual\"", "residual(LAYERS)"}},
    {"residual relu", {"residual(LAYERS)"}},
    {"residual()", {"\"residual()\"", "the residual has no layers"}},
    {"residual(relu|)", {"the shortcut has no layers"}},
    {"residual(relu|relu|relu)", {"\"|\"", "a second '|'"}},
    {"residual(relu", {"layer 1, \"residual(relu\": its '(' has no ')'"}},
    {"residual(relu (", {"its '(' has no ')'"}},
    {"residual(relu) relu", {"layer 1, \"relu\": the residual ends before it; is a ';' missing between?"}},
    {"residual (relu)relu", {"layer 1, \"relu\": the residual ends before it; is a ';' missing between?"}},
    {"residual(elu(1)) elu(1)", {"layer 1, \"elu(1)\": the residual ends before it; is a ';' missing between?"}},
    {"residual(residual(relu) relu)", {"layer 1, residual, layer 1, \"relu\"", "is a ';' missing between?"}},
    {"residual(relu))", {"layer 1, \")\": more ')' than '('"}},
    {"residual(relu;;relu)", {"layer 1, residual, layer 2 is empty"}},
    {"relu; residual(relu; relu | elu(1); reluu)", {"layer 2, shortcut, layer 2, \"reluu\"", "expected dense"}},
    {"residual(residual(dense))", {"layer 1, residual, layer 1, residual, layer 1, \"dense\"", "how many units"}},
    {"residual(dense 3)", {"layer residual_1", "give [batch, 3], the input gives [batch, 4]", "shortcut"}},
    {"residual(dense 3 | dense 2)", {"its layers give [batch, 3], the shortcut gives [batch, 2]"}},
    {"residual(dropout 2)", {"layer 1, residual, layer 1, \"2\""}},
    {"residual(residual(residual(residual(residual(residual(residual(residual(residual(residual(residual(residual("
     "residual(residual(residual(residual(residual(residual(relu))))))))))))))))))",
     {"layer 1, residual, layer 1 (16 times), ", "more than 16 layers within each other"}},
    {"residual(residual(residual(reluu)))", {"layer 1, residual, layer 1 (3 times), \"reluu\""}},
    {"relu; residual(relu; residual(residual(residual(relu | reluu))))",
     {"layer 2, residual, layer 2, residual, layer 1, residual, layer 1, shortcut, layer 1, \"reluu\""}},
    {"nobias", {"expected dense"}},
    {"\xff\xfe", {"\"\\xff\\xfe\"", "expected dense"}},
    {"dense\x01 3", {"\"dense\\x01\"", "expected dense"}},
    {"))((", {"end with the parenthesis"}},
};

START_TEST(bad_texts_say_what_is_wrong) {
    size_t shape = 4;
    soma_tensor *x;
    soma_network *network = network_with_input(1, &shape, &x);
    ck_assert_ptr_null(soma_layers(x, bad[_i].text));
    soma_status status = soma_network_status(network);
    ck_assert_msg(status == SOMA_INVALID_ARGUMENT || status == SOMA_INVALID_SHAPE, "\"%s\": %s", bad[_i].text,
                  soma_status_name(status));
    const char *words[4] = {bad[_i].words[0], bad[_i].words[1], bad[_i].words[2], NULL};
    expect_error_words(status, status, words, bad[_i].text ? bad[_i].text : "NULL");
    soma_network_destroy(network);
}
END_TEST

START_TEST(the_locale_does_not_matter) {
    static const char *const with_a_comma[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "ru_RU.UTF-8", "pt_BR.UTF-8"};
    size_t i = 0, shape = 4;
    while (i < SOMA_COUNT_OF(with_a_comma) && !setlocale(LC_NUMERIC, with_a_comma[i])) i++;
    if (i == SOMA_COUNT_OF(with_a_comma)) {
        printf("skipped: no locale with a decimal comma is installed here\n");
        return;
    }
    soma_tensor *x;
    soma_network *network = network_with_input(1, &shape, &x);
    soma_layers(x, "dropout 0.5; elu(0.25)");
    expect_ok(soma_network_status(network));
    ck_assert(soma_network_tensor(network, "dropout_1")->attributes.dropout.rate == 0.5f);
    ck_assert(soma_network_tensor(network, "elu_1")->attributes.unary.a == 0.25f);
    soma_network_destroy(network);
    setlocale(LC_NUMERIC, "C");
}
END_TEST

/* The message fits whatever is asked for. */
START_TEST(a_long_word_does_not_bury_the_message) {
    static char text[100001];
    size_t shape = 4;
    soma_tensor *x;
    memset(text, 'q', sizeof text - 1);
    soma_network *network = network_with_input(1, &shape, &x);
    ck_assert_ptr_null(soma_layers(x, text));
    expect_error(soma_network_status(network), SOMA_INVALID_ARGUMENT, "expected dense", "qqqq");
    ck_assert_uint_lt(strlen(soma_last_error()), 1500);
    soma_network_destroy(network);
}
END_TEST

START_TEST(null_goes_through) {
    ck_assert_ptr_null(soma_layers(NULL, "dense 10"));
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, good_texts_make_layers, 0, SOMA_COUNT_OF(good));
    tcase_add_test(cases, options_reach_the_layers);
    tcase_add_loop_test(cases, what_is_guessed_is_told, 0, SOMA_COUNT_OF(readings));
    tcase_add_loop_test(cases, bad_texts_say_what_is_wrong, 0, SOMA_COUNT_OF(bad));
    tcase_add_test(cases, a_long_word_does_not_bury_the_message);
    tcase_add_test(cases, the_locale_does_not_matter);
    tcase_add_test(cases, null_goes_through);
}

int main(void) {
    return run_suite("text", add_tests);
}
