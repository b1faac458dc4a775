/* SPDX-License-Identifier: MIT */
/*
 * What only training needs of the reference: each gradient against central differences of its own forward function,
 * dropout against published random numbers, optimizers against steps worked out by hand. All in float64.
 */
#include "reference.h"

#include "base/random.h"

/* ---------------------------------------------------------------------------------------- gradients of functions */

static double derivative(soma_function function, double x, double a, double b, double dy) {
    double v = soma_function_grad_uses_output(function) ? apply(function, x, a, b) : x, out;
    run(soma_call_unary_grad(F64(&dy, 1), F64(&v, 1), F64(&out, 1), (soma_unary_params){function, (float)a, (float)b}));
    return out;
}

/* A central difference of step h is off by h^2 f'''/6 and by rounding of about 1e-16 |f| / h. */
#define STEP                 1e-5
#define DIFFERENCE_TOLERANCE 1e-8

START_TEST(derivatives_are_those_of_the_functions) {
    const double points[] = {-3.1, -1.7, -0.6, -0.05, 0.05, 0.4, 1.3, 2.9};
    for (int f = 0; f < SOMA_FUNCTION_COUNT; f++)
        for (size_t i = 0; i < SOMA_COUNT_OF(points); i++) {
            soma_function function = (soma_function)f;
            double x = points[i], a = 0.75, b = 0.125; /* float32 has these as they are */
            if ((function == SOMA_LOG || function == SOMA_SQRT) && x < 0.1) continue;
            /* Four values, since two leave an error of the square of the step, which the reciprocal near 0 shows. */
            double near = apply(function, x + STEP, a, b) - apply(function, x - STEP, a, b),
                   far = apply(function, x + 2 * STEP, a, b) - apply(function, x - 2 * STEP, a, b),
                   expected = (8 * near - far) / (12 * STEP);
            if (isnan(expected)) continue; /* the function has no value there */
            double found = derivative(function, x, a, b, 1.0);
            expect_values(&found, &expected, 1, DIFFERENCE_TOLERANCE, soma_function_name(function));
            ck_assert_double_eq(derivative(function, x, a, b, -3.0), -3.0 * found);
        }
}
END_TEST

START_TEST(derivatives_at_edges_are_as_documented) {
    ck_assert_double_eq(derivative(SOMA_RELU, 0.0, 0, 0, 1.0), 0.0);
    ck_assert_double_eq(derivative(SOMA_LEAKY_RELU, 0.0, 1.0, 0.25, 1.0), 0.25);
    ck_assert_double_eq(derivative(SOMA_ABS, 0.0, 0, 0, 1.0), 0.0);
    ck_assert_double_eq(derivative(SOMA_STEP, 0.0, 0, 0, 1.0), 0.0);
    ck_assert_double_eq(derivative(SOMA_ELU, 0.0, 0.5, 0, 1.0), 0.5);
    ck_assert(isnan(derivative(SOMA_RELU, NAN, 0, 0, 1.0)));
}
END_TEST

START_TEST(bias_gradient_sums_columns) {
    double dy[6] = {1, 2, 3, 4, 5, 6}, y[6] = {0, 1, 1, 1, 0, 1}, out[6], dbias[3];
    run(soma_call_bias_unary_grad(F64(dy, 2, 3), F64(y, 2, 3), F64(out, 2, 3), F64(dbias, 3),
                                  (soma_unary_params){.function = SOMA_RELU}));
    EXPECT_VALUES(out, EXACTLY, 0, 2, 3, 4, 0, 6);
    EXPECT_VALUES(dbias, EXACTLY, 4, 2, 9);
}
END_TEST

/* ------------------------------------------------------------------------------------------ gradient of softmax */

/* The gradient of sum_i dy_i softmax(x)_i. */
START_TEST(softmax_gradient_is_that_of_softmax) {
    double dy[5] = {0.3, -1.1, 0.7, 2.0, -0.4}, y[5], out[5];
    for (int logarithm = 0; logarithm < 2; logarithm++) {
        double x[5] = {0.1, -0.8, 1.9, 0.0, 0.6};
        run(soma_call_softmax(F64(x, 1, 5, 1), F64(y, 1, 5, 1), logarithm));
        run(soma_call_softmax_grad(F64(dy, 1, 5, 1), F64(y, 1, 5, 1), F64(out, 1, 5, 1), logarithm));
        for (size_t i = 0; i < 5; i++) {
            double sum[2] = {0, 0}, at = x[i];
            for (int side = 0; side < 2; side++) {
                x[i] = at + (side ? STEP : -STEP);
                run(soma_call_softmax(F64(x, 1, 5, 1), F64(y, 1, 5, 1), logarithm));
                for (size_t j = 0; j < 5; j++) sum[side] += dy[j] * y[j];
            }
            x[i] = at;
            double expected = (sum[1] - sum[0]) / (2.0 * STEP);
            expect_values(&out[i], &expected, 1, DIFFERENCE_TOLERANCE, logarithm ? "log softmax" : "softmax");
        }
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------- gradients of convolution
 */

static double dot(const double *x, const double *y, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += x[i] * y[i];
    return sum;
}

/* Convolution is linear in the image and in the weights: <conv(x, w), dy> = <x, data_grad(dy, w)> =
 * <w, weight_grad(x, dy)>. */
START_TEST(gradients_of_conv_are_its_transposes) {
    enum { X = 2 * 2 * 5 * 6 * 6, W = 2 * 3 * 2 * 3 * 4, Y = 2 * 2 * 3 * 4 * 4 };
    static double x[X], w[W], y[Y], dy[Y], dx[X], dw[W];
    soma_random random;
    soma_random_init(&random, 7, SOMA_STREAM_DATA);
    soma_conv_params params = {
        .stride = {1, 2, 1}, .dilation = {1, 1, 2}, .before = {1, 1, 0}, .groups = 2, .alpha = 1};
    for (size_t i = 0; i < X; i++) x[i] = (double)soma_random_uniform(&random) - 0.5;
    for (size_t i = 0; i < W; i++) w[i] = (double)soma_random_uniform(&random) - 0.5;
    for (size_t i = 0; i < Y; i++) dy[i] = (double)soma_random_uniform(&random) - 0.5;
    soma_view image = F64(x, 2, 2, 5, 6, 6), weight = F64(w, 2, 3, 2, 3, 4), gradient = F64(dy, 2, 2, 3, 4, 4);
    run(soma_call_conv(image, weight, NONE, F64(y, 2, 2, 3, 4, 4), params));
    run(soma_call_conv_data_grad(gradient, weight, NONE, F64(dx, 2, 2, 5, 6, 6), params));
    run(soma_call_conv_weight_grad(image, gradient, F64(dw, 2, 3, 2, 3, 4), params));
    expect_value(dot(x, dx, X), dot(y, dy, Y), ROUNDING, "the data's");
    expect_value(dot(w, dw, W), dot(y, dy, Y), ROUNDING, "the weights'");
    params.alpha = -2;
    params.beta = 0.5f;
    double before = dw[7];
    run(soma_call_conv_weight_grad(image, gradient, F64(dw, 2, 3, 2, 3, 4), params));
    expect_value(dw[7], -1.5 * before, ROUNDING, "alpha and beta");
}
END_TEST

/* ------------------------------------------------------------------------------------------- gradients of pooling */

/* Of windows of 2 by 2, one step apart, over a picture of 3 by 3. */
START_TEST(gradient_of_the_largest_goes_to_the_first) {
    double x[9] = {1, 5, 5, 2, 5, 0, 7, NAN, NAN}, y[4] = {5, 5, NAN, NAN}, dy[4] = {1, 10, 100, 1000}, dx[9];
    soma_pool_params params = {.kind = SOMA_POOL_MAX, .size = {1, 2, 2}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    soma_view picture = F64(x, 1, 1, 3, 3, 1), result = F64(y, 1, 1, 2, 2, 1);
    run(soma_call_pool(picture, result, params));
    EXPECT_VALUES(y, EXACTLY, 5, 5, NAN, NAN);
    run(soma_call_pool_grad(F64(dy, 1, 1, 2, 2, 1), picture, result, F64(dx, 1, 1, 3, 3, 1), params));
    EXPECT_VALUES(dx, EXACTLY, 0, 11, 0, 0, 0, 0, 0, 1100, 0);
    x[7] = x[8] = 7;
    run(soma_call_pool(picture, result, params));
    run(soma_call_pool_grad(F64(dy, 1, 1, 2, 2, 1), picture, result, F64(dx, 1, 1, 3, 3, 1), params));
    EXPECT_VALUES(dx, EXACTLY, 0, 11, 0, 0, 0, 0, 100, 1000, 0);
}
END_TEST

/* Averaging is linear: <pool(x), dy> = <x, pool_grad(dy)>, of whatever numbers. */
START_TEST(gradient_of_averages_is_their_transpose) {
    enum { X = 2 * 3 * 5 * 6 * 2, Y = 2 * 2 * 3 * 4 * 2 };
    static double x[X], y[Y], dy[Y], dx[X];
    soma_random random;
    soma_random_init(&random, 7, SOMA_STREAM_DATA);
    for (size_t i = 0; i < X; i++) x[i] = (double)soma_random_uniform(&random) - 0.5;
    for (size_t i = 0; i < Y; i++) dy[i] = (double)soma_random_uniform(&random) - 0.5;
    for (int count_padding = 0; count_padding < 2; count_padding++) {
        soma_pool_params params = {.kind = SOMA_POOL_AVERAGE,
                                   .size = {2, 3, 2},
                                   .stride = {1, 2, 2},
                                   .dilation = {1, 1, 2},
                                   .before = {0, 1, 1},
                                   .after = {0, 1, 1},
                                   .count_padding = count_padding};
        run(soma_call_pool(F64(x, 2, 3, 5, 6, 2), F64(y, 2, 2, 3, 4, 2), params));
        run(soma_call_pool_grad(F64(dy, 2, 2, 3, 4, 2), NONE, NONE, F64(dx, 2, 3, 5, 6, 2), params));
        expect_value(dot(x, dx, X), dot(y, dy, Y), ROUNDING, "<x, dx>");
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------- gradients of losses */

#define ROWS    3
#define COLUMNS 4

typedef struct loss_data {
    double p[ROWS * COLUMNS], t[ROWS * COLUMNS], weight[ROWS], class_weight[COLUMNS], dloss[ROWS];
    int32_t numbers[ROWS];
} loss_data;

/* sum_i dloss_i loss_i, whose derivative LOSS_GRAD is. */
static double weighted_loss(loss_data *data, soma_view target, soma_view class_weight, soma_loss_params params) {
    double loss[ROWS], sum = 0.0;
    run(soma_call_loss(F64(data->p, ROWS, COLUMNS), target, F64(data->weight, ROWS), class_weight, F64(loss, ROWS),
                       params));
    for (size_t i = 0; i < ROWS; i++) sum += data->dloss[i] * loss[i];
    return sum;
}

static void check_loss_gradient(loss_data *data, soma_view target, soma_view class_weight, soma_loss_kind kind) {
    double out[ROWS * COLUMNS];
    soma_loss_params params = {kind, 0.25f, 1.75f, 0.125f, 0.5f, 1.5f};
    run(soma_call_loss_grad(F64(data->p, ROWS, COLUMNS), target, F64(data->weight, ROWS), class_weight,
                            F64(data->dloss, ROWS), F64(out, ROWS, COLUMNS), NONE, params));
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        double at = data->p[i];
        data->p[i] = at + STEP;
        double above = weighted_loss(data, target, class_weight, params);
        data->p[i] = at - STEP;
        double below = weighted_loss(data, target, class_weight, params);
        data->p[i] = at;
        ck_assert_msg(fabs(out[i] - (above - below) / (2 * STEP)) < 1e-6,
                      "loss %d, element %zu: %.12g, by differences %.12g", (int)kind, i, out[i],
                      (above - below) / (2 * STEP));
    }
}

START_TEST(loss_gradients_are_those_of_the_losses) {
    loss_data data = {
        .p = {0.11, 0.52, 0.93, 0.34, 0.25, 0.66, 0.17, 0.88, 0.79, 0.31, 0.42, 0.05},
        .t = {0.2, 0.7, 0.1, 0.4, 1.0, 0.0, 0.3, 0.5, 0.05, 0.9, 0.8, 0.15}, /* rows do not add up to 1 */
        .weight = {0.5, 2.0, 1.5},
        .class_weight = {0.7, 1.9, 1.2, 0.4},
        .dloss = {1.0, -0.5, 3.0},
        .numbers = {3, 0, 2},
    };
    soma_view rows = F64(data.t, ROWS, COLUMNS);
    for (int kind = 0; kind < SOMA_LOSS_COUNT; kind++) {
        bool binary = kind == SOMA_LOSS_BINARY_CROSSENTROPY || kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS ||
                      kind == SOMA_LOSS_BINARY_FOCAL;
        bool categorical = kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY ||
                           kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS || kind == SOMA_LOSS_CATEGORICAL_FOCAL;
        double sign = kind == SOMA_LOSS_CATEGORICAL_FOCAL ? -1.0 : 1.0; /* logarithms of probabilities */
        for (size_t i = 0; i < ROWS * COLUMNS; i++) data.p[i] = sign * fabs(data.p[i]);
        check_loss_gradient(&data, rows, NONE, (soma_loss_kind)kind);
        if (binary) check_loss_gradient(&data, rows, F64(data.class_weight, 2), (soma_loss_kind)kind);
        if (!categorical) continue;
        check_loss_gradient(&data, rows, F64(data.class_weight, COLUMNS), (soma_loss_kind)kind);
        check_loss_gradient(&data, classes(data.numbers, ROWS), NONE, (soma_loss_kind)kind);
        check_loss_gradient(&data, classes(data.numbers, ROWS), F64(data.class_weight, COLUMNS), (soma_loss_kind)kind);
    }
}
END_TEST

START_TEST(loss_gradients_vanish_below_the_floor) {
    double p[2] = {1e-9, 1.0}, t[2] = {1, 0}, dloss[1] = {1}, out[2];
    for (int kind = 0; kind < SOMA_LOSS_COUNT; kind++) {
        if (kind != SOMA_LOSS_CATEGORICAL_CROSSENTROPY && kind != SOMA_LOSS_BINARY_CROSSENTROPY) continue;
        run(soma_call_loss_grad(F64(p, 1, 2), F64(t, 1, 2), NONE, NONE, F64(dloss, 1), F64(out, 1, 2), NONE,
                                (soma_loss_params){.kind = (soma_loss_kind)kind}));
        ck_assert_double_eq(out[0], 0.0);
        ck_assert_double_eq(out[1], 0.0);
    }
}
END_TEST

START_TEST(gradients_of_class_numbers_outside_are_nan) {
    double p[4] = {0.5, 0.5, 0.5, 0.5}, dloss[2] = {1, 1}, out[4];
    int32_t numbers[2] = {2, -1};
    for (int kind = 0; kind < 2; kind++) {
        soma_loss_params params = {.kind = (soma_loss_kind)kind};
        run(soma_call_loss_grad(F64(p, 2, 2), classes(numbers, 2), NONE, NONE, F64(dloss, 2), F64(out, 2, 2), NONE,
                                params));
        ck_assert(isnan(out[0]) && isnan(out[3]));
    }
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- dropout */

/*
 * Philox4x32-10's published test vectors (Random123, kat_vectors): counter and key of zeros, and of the digits of pi.
 * An element is kept where its word reaches rate 2^32; float32 has 24 bits of that, so the rates that end just below
 * and just above a word's first 24 bits tell.
 */
START_TEST(dropout_has_the_published_random_numbers) {
    static const struct {
        uint64_t seed, step;
        uint32_t stream, counter, word[4];
    } vectors[] = {
        {0, 0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {UINT64_C(0x299f31d0a4093822),
         UINT64_C(0x13198a2e85a308d3),
         0x03707344,
         0x243f6a88,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(vectors); i++)
        for (size_t j = 0; j < 4; j++) {
            soma_dropout_params params = {
                .stream = vectors[i].stream, .seed = vectors[i].seed, .step = vectors[i].step};
            uint32_t bits = vectors[i].word[j] >> 8;
            params.rate = (float)bits * 0x1p-24f;
            ck_assert(soma_dropout_keeps(&params, (size_t)vectors[i].counter * 4 + j));
            params.rate = (float)(bits + 1) * 0x1p-24f;
            ck_assert(!soma_dropout_keeps(&params, (size_t)vectors[i].counter * 4 + j));
        }
}
END_TEST

/* A word that is the threshold itself is kept: one whose last 8 bits are 0, so that float32 can hold the rate that it
 * is. */
START_TEST(dropout_keeps_the_threshold) {
    soma_random random;
    uint32_t word;
    soma_random_init(&random, 1, 2);
    do word = soma_random_u32(&random);
    while (word & 0xFF);
    soma_dropout_params params = {.rate = (float)(word >> 8) * 0x1p-24f, .stream = 2, .seed = 1};
    ck_assert(soma_dropout_keeps(&params, (size_t)random.counter - 1));
}
END_TEST

START_TEST(dropout_scales_what_it_keeps) {
    double x[4] = {3, 3, 3, -3}, out[4];
    run(soma_call_dropout(F64(x, 4), F64(out, 4),
                          (soma_dropout_params){.rate = 0.625f})); /* words 66.., e1.., bc.., 9b.. */
    EXPECT_VALUES(out, EXACTLY, 0, 8, 8, 0);
    run(soma_call_dropout(F64(x, 4), F64(out, 4), (soma_dropout_params){.rate = 0.0f}));
    EXPECT_VALUES(out, EXACTLY, 3, 3, 3, -3);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ optimizers */

/* One parameter, taken through steps with gradients of its own. */
typedef struct walker {
    double w, m, v;
} walker;

/* norm: of the whole gradient, of which this parameter has a part. */
static void walk(walker *self, soma_optimizer_params params, double gradient, double norm) {
    double pair[] = {norm, 1};
    static const uint32_t states[] = {
#define X(name, count) count,
        SOMA_OPTIMIZER_LIST(X)
#undef X
    };
    run(soma_call_optimizer(F64(&self->w, 1), F64(&gradient, 1), states[params.kind] > 0 ? F64(&self->m, 1) : NONE,
                            states[params.kind] > 1 ? F64(&self->v, 1) : NONE, F64(pair, 2), params));
}

/* All of the options are numbers that float32 has as they are. */
static soma_optimizer_params plain(soma_optimizer_kind kind) {
    return (soma_optimizer_params){.kind = kind,
                                   .decay_count = 1,
                                   .learning_rate = 0.5f,
                                   .beta1 = 0.75f,
                                   .beta2 = 0.875f,
                                   .epsilon = 0.25f,
                                   .correction1 = 0.25f,
                                   .correction2 = 0.125f};
}

/* w after a gradient of 2 and then one of -1, from w = 1. */
static double after_two_steps(soma_optimizer_params params) {
    walker self = {1.0, 0.0, 0.0};
    walk(&self, params, 2.0, 0.0);
    params.correction1 = 1.0f - 0.75f * 0.75f;
    params.correction2 = 1.0f - 0.875f * 0.875f;
    walk(&self, params, -1.0, 0.0);
    return self.w;
}

START_TEST(optimizers_make_steps_worked_out_by_hand) {
    expect_value(after_two_steps(plain(SOMA_SGD)), 1 - 0.5 * 2 + 0.5, ROUNDING, "sgd");
    /* m: 2, then 1.5 - 1 = 0.5 */
    expect_value(after_two_steps(plain(SOMA_MOMENTUM)), 1 - 0.5 * 2 - 0.5 * 0.5, ROUNDING, "momentum");
    /* g + beta m: 2 + 1.5, then -1 + 0.375 */
    expect_value(after_two_steps(plain(SOMA_NESTEROV)), 1 - 0.5 * 3.5 + 0.5 * 0.625, ROUNDING, "nesterov");
    /* mean square: 0.5, then 0.4375 + 0.125 = 0.5625 */
    expect_value(after_two_steps(plain(SOMA_RMSPROP)), 1 - 1 / (sqrt(0.5) + 0.25) + 0.5 / (0.75 + 0.25), ROUNDING,
                 "rmsprop");
    /* sum of squares: 4, then 5 */
    expect_value(after_two_steps(plain(SOMA_ADAGRAD)), 1 - 1 / 2.25 + 0.5 / (sqrt(5) + 0.25), ROUNDING, "adagrad");
    /* m: 0.5, then 0.375 - 0.25 = 0.125; v: 0.5, then 0.5625; corrected: 2 and 4, then 0.125 / 0.4375 and 0.5625 /
     * 0.234375 */
    double adam = 1 - 0.5 * 2 / (2 + 0.25);
    expect_value(after_two_steps(plain(SOMA_ADAM)), adam - 0.5 * (0.125 / 0.4375) / (sqrt(2.4) + 0.25), ROUNDING,
                 "adam");
    soma_optimizer_params adamw = plain(SOMA_ADAMW);
    adamw.decay = 0.125f;
    adam = 1 - 0.5 * 0.125 - 0.5 * 2 / (2 + 0.25);
    adam -= 0.5 * 0.125 * adam + 0.5 * (0.125 / 0.4375) / (sqrt(2.4) + 0.25);
    expect_value(after_two_steps(adamw), adam, ROUNDING, "adamw");
}
END_TEST

static double sgd_step(double w, double gradient, double norm, soma_optimizer_params params) {
    walker self = {w, 0, 0};
    walk(&self, params, gradient, norm);
    return self.w;
}

START_TEST(gradients_are_clipped_and_decayed_in_order) {
    soma_optimizer_params params = plain(SOMA_SGD);
    params.learning_rate = 1.0f;
    params.clip_value = 0.5f;
    expect_value(sgd_step(0, 3, 0, params), -0.5, 0, "clip by value");
    expect_value(sgd_step(0, -3, 0, params), 0.5, 0, "clip by value");
    params.clip_norm = 2.0f; /* the norm is 4: the gradient halves ... */
    params.clip_value = 1.0f;
    expect_value(sgd_step(0, 0.5, 4, params), -0.25, 0, "clip by norm");
    expect_value(sgd_step(0, 8, 4, params), -1, 0, "by norm, then by value");
    expect_value(sgd_step(0, 0.5, 1, params), -0.5, 0, "a norm below the clip"); /* ... but never grows */
    expect_value(sgd_step(0, 0.5, 0, params), -0.5, 0, "a norm of 0");
    params.l2 = 0.5f;
    params.l1 = 0.125f; /* after the clips */
    expect_value(sgd_step(4, 8, 4, params), 4 - (1 + 2 + 0.125), 0, "decay of a positive weight");
    expect_value(sgd_step(-4, 8, 4, params), -4 - (1 - 2 - 0.125), 0, "decay of a negative weight");
    expect_value(sgd_step(0, 8, 4, params), -1, 0, "decay of 0");
    params.decay_count = 0;
    expect_value(sgd_step(4, 8, 4, params), 3, 0, "no decay past decay_count");
}
END_TEST

/* norm[0] and norm[1] of x. */
static void expect_norm(double *x, size_t count, double scaled, double factor, const char *what) {
    double norm[2];
    run(soma_call_norm(F64(x, count), F64(norm, 2)));
    expect_value(norm[0] / scaled, 1, ROUNDING, what);
    expect_value(norm[1], factor, 0, what);
}

START_TEST(norms_neither_overflow_nor_vanish) {
    double norm[2], nothing[] = {0, 0};
    expect_norm((double[]){3, -4}, 2, 5, 1, "3, 4, 5");
    expect_norm((double[]){-3e38, 4e38}, 2, 5e38 * 0x1p-80, 0x1p-80, "past float32");
    expect_norm((double[]){3e300, 4e300}, 2, 5e300 * 0x1p-80, 0x1p-80, "whose squares float64 has not");
    expect_norm((double[]){3e-44, 4e-44}, 2, 5e-44 * 0x1p88, 0x1p88, "below the normal numbers of float32");
    expect_norm((double[]){3e-300, 4e-300}, 2, 5e-300 * 0x1p88, 0x1p88, "whose squares float64 has not either");
    expect_norm((double[]){0x1p-41, 0x1.fffffep-41}, 1, 0x1p47, 0x1p88, "below 2^-40");
    expect_norm((double[]){0x1p-40}, 1, 0x1p-40, 1, "2^-40");
    expect_norm((double[]){0x1.fffffep47}, 1, 0x1.fffffep47, 1, "below 2^48");
    expect_norm((double[]){-0x1p48}, 1, 0x1p-32, 0x1p-80, "2^48");
    run(soma_call_norm(F64(nothing, 2), F64(norm, 2)));
    EXPECT_VALUES(norm, EXACTLY, 0, 0x1p88);
    run(soma_call_norm(F64(nothing, 0), F64(norm, 2)));
    EXPECT_VALUES(norm, EXACTLY, 0, 0x1p88);
    run(soma_call_norm(F64(((double[]){1, NAN, 1e30}), 3), F64(norm, 2)));
    EXPECT_VALUES(norm, EXACTLY, NAN, 0x1p-80);
    run(soma_call_norm(F64(((double[]){1, -INFINITY}), 2), F64(norm, 2)));
    EXPECT_VALUES(norm, EXACTLY, INFINITY, 0x1p-80);
}
END_TEST

/* Gradients of the sizes that NORM scales, clipped to a length of 2. */
START_TEST(gradients_of_any_size_are_clipped) {
    static const double sizes[] = {4, 1e20, 3e38, 1e300, 1e-20};
    soma_optimizer_params params = plain(SOMA_SGD);
    params.learning_rate = 1.0f;
    for (size_t i = 0; i < SOMA_COUNT_OF(sizes); i++) {
        double w[] = {0, 0}, gradient[] = {0.6 * sizes[i], -0.8 * sizes[i]}, norm[2];
        params.clip_norm = sizes[i] > 1 ? 2 : 0x1p-80f;
        run(soma_call_norm(F64(gradient, 2), F64(norm, 2)));
        run(soma_call_optimizer(F64(w, 2), F64(gradient, 2), NONE, NONE, F64(norm, 2), params));
        expect_value(w[0] / (double)params.clip_norm, -0.6, ROUNDING, "the first");
        expect_value(w[1] / (double)params.clip_norm, 0.8, ROUNDING, "the second");
    }
    double w[] = {0, 0}, gradient[] = {1, 1}, norm[] = {NAN, 1};
    run(soma_call_optimizer(F64(w, 2), F64(gradient, 2), NONE, NONE, F64(norm, 2), params));
    EXPECT_VALUES(w, EXACTLY, NAN, NAN);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reference of training");
    TCase *tests = tcase_create("training");
    tcase_add_test(tests, derivatives_are_those_of_the_functions);
    tcase_add_test(tests, derivatives_at_edges_are_as_documented);
    tcase_add_test(tests, bias_gradient_sums_columns);
    tcase_add_test(tests, softmax_gradient_is_that_of_softmax);
    tcase_add_test(tests, gradients_of_conv_are_its_transposes);
    tcase_add_test(tests, gradient_of_the_largest_goes_to_the_first);
    tcase_add_test(tests, gradient_of_averages_is_their_transpose);
    tcase_add_test(tests, loss_gradients_are_those_of_the_losses);
    tcase_add_test(tests, loss_gradients_vanish_below_the_floor);
    tcase_add_test(tests, gradients_of_class_numbers_outside_are_nan);
    tcase_add_test(tests, dropout_has_the_published_random_numbers);
    tcase_add_test(tests, dropout_keeps_the_threshold);
    tcase_add_test(tests, dropout_scales_what_it_keeps);
    tcase_add_test(tests, optimizers_make_steps_worked_out_by_hand);
    tcase_add_test(tests, gradients_are_clipped_and_decayed_in_order);
    tcase_add_test(tests, norms_neither_overflow_nor_vanish);
    tcase_add_test(tests, gradients_of_any_size_are_clipped);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
