/* SPDX-License-Identifier: MIT */
/* The reference itself: against values worked out by hand or by closed forms. All in float64. */
#include "reference.h"

/* ---------------------------------------------------------------------------------------------------- data movement */

START_TEST(fill_sets_every_element) {
    double out[4] = {9, 9, 9, 9};
    run(soma_call_fill(F64(out, 3), 2.5f));
    EXPECT_VALUES(out, EXACTLY, 2.5, 2.5, 2.5, 9);
}
END_TEST

START_TEST(copy_follows_strides) {
    double in[6] = {1, 2, 3, 4, 5, 6}, out[6];
    soma_view to = F64(out, 2, 3); /* [2, 3] laid out by columns: the transpose in memory */
    to.stride[0] = 1;
    to.stride[1] = 2;
    run(soma_call_copy(F64(in, 2, 3), to, 1.0f, 0.0f));
    EXPECT_VALUES(out, EXACTLY, 1, 4, 2, 5, 3, 6);
    run(soma_call_copy(F64(in, 2, 3), F64(out, 2, 3), -2.0f, 0.5f));
    EXPECT_VALUES(out, EXACTLY, -1.5, -3.5, -5.5, -7.5, -9.5, -11.5);
}
END_TEST

START_TEST(copy_converts_and_truncates) {
    double in[6] = {0.0, 1.9, -1.9, 254.99, 300.0, NAN};
    uint8_t bytes[6];
    int32_t whole[6];
    size_t six = 6;
    run(soma_call_copy(F64(in, 6), soma_view_of(bytes, 0, SOMA_U8, 1, &six), 1.0f, 0.0f));
    const uint8_t expected_bytes[] = {0, 1, 0, 254, 255, 0};
    run(soma_call_copy(F64(in, 6), soma_view_of(whole, 0, SOMA_I32, 1, &six), 1.0f, 0.0f));
    const int32_t expected_whole[] = {0, 1, -1, 254, 300, 0};
    for (size_t i = 0; i < six; i++) {
        ck_assert_uint_eq(bytes[i], expected_bytes[i]);
        ck_assert_int_eq(whole[i], expected_whole[i]);
    }
}
END_TEST

START_TEST(gather_takes_rows) {
    double table[6] = {1, 2, 3, 4, 5, 6}, out[8];
    int32_t index[5] = {2, 0, -1, 1, 3};
    soma_view rows = soma_view_of(index, 0, SOMA_I32, 1, (size_t[]){5});
    run(soma_call_gather(F64(table, 3, 2), rows, F64(out, 4, 2), 0, 1.0f, 0.0f));
    EXPECT_VALUES(out, EXACTLY, 5, 6, 1, 2, 0, 0, 3, 4);
    run(soma_call_gather(F64(table, 3, 2), rows, F64(out, 4, 2), 1, 2.0f, 1.0f));
    EXPECT_VALUES(out, EXACTLY, 3, 5, 0, 0, 7, 9, 0, 0);
    run(soma_call_gather(F64(table, 3, 2), NONE, F64(out, 2, 2), 2, 1.0f, 0.0f));
    EXPECT_VALUES(out, EXACTLY, 5, 6, 0, 0);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- functions */

/* Digits from the functions' definitions, evaluated to 17 places with arbitrary precision. */
static const struct {
    soma_function function;
    double a, b, x, y;
} known_values[] = {
    {SOMA_IDENTITY, 0, 0, -1.25, -1.25},
    {SOMA_LINEAR, 2.5, 0, -1.5, -3.75},
    {SOMA_SIGMOID, 0, 0, 0.0, 0.5},
    {SOMA_SIGMOID, 0, 0, 1.0, 0.73105857863000487},
    {SOMA_SIGMOID, 0, 0, -1.0, 0.26894142136999512},
    {SOMA_TANH, 0, 0, 0.5, 0.46211715726000975},
    {SOMA_STEP, 0, 0, -0.1, 0.0},
    {SOMA_STEP, 0, 0, 0.0, 1.0},
    {SOMA_STEP, 0, 0, 0.1, 1.0},
    {SOMA_RELU, 0, 0, -2.0, 0.0},
    {SOMA_RELU, 0, 0, 2.0, 2.0},
    {SOMA_LEAKY_RELU, 1.5, 0.25, -2.0, -0.5},
    {SOMA_LEAKY_RELU, 1.5, 0.25, 2.0, 3.0},
    {SOMA_ELU, 1.5, 0, -1.0, -0.94818083824283652},
    {SOMA_ELU, 1.5, 0, 2.0, 2.0},
    {SOMA_SELU, 0, 0, 1.0, 1.0507009873554805},
    {SOMA_SELU, 0, 0, -1.0, -1.1113307378125628},
    {SOMA_SOFTPLUS, 0, 0, 0.0, 0.69314718055994531},
    {SOMA_SOFTPLUS, 0, 0, 1.0, 1.3132616875182228},
    {SOMA_SOFTPLUS, 0, 0, -800.0, 0.0},
    {SOMA_SOFTPLUS, 0, 0, 800.0, 800.0},
    {SOMA_GELU, 0, 0, 1.0, 0.84134474606854295},
    {SOMA_GELU, 0, 0, -1.0, -0.15865525393145705},
    {SOMA_SILU, 0, 0, 1.0, 0.73105857863000487},
    {SOMA_SILU, 0, 0, -2.0, -0.23840584404423517},
    {SOMA_HARD_SIGMOID, 0.25, 0.5, 1.0, 0.75},
    {SOMA_HARD_SIGMOID, 0.25, 0.5, 3.0, 1.0},
    {SOMA_HARD_SIGMOID, 0.25, 0.5, -3.0, 0.0},
    {SOMA_EXP, 0, 0, 1.0, 2.7182818284590452},
    {SOMA_LOG, 0, 0, 2.0, 0.69314718055994531},
    {SOMA_LOG, 0, 0, 0.0, -INFINITY},
    {SOMA_LOG, 0, 0, -1.0, NAN},
    {SOMA_SQRT, 0, 0, 2.0, 1.4142135623730951},
    {SOMA_ABS, 0, 0, -3.0, 3.0},
    {SOMA_SQUARE, 0, 0, -3.0, 9.0},
    {SOMA_MISH, 0, 0, -4.0, -0.072591740792025358},
    {SOMA_MISH, 0, 0, 2.0, 1.9439589595339945},
    {SOMA_MISH, 0, 0, -1000.0, 0.0},
    {SOMA_MISH, 0, 0, 1000.0, 1000.0},
    {SOMA_HARD_SWISH, 0, 0, -4.0, 0.0},
    {SOMA_HARD_SWISH, 0, 0, -1.5, -0.375},
    {SOMA_HARD_SWISH, 0, 0, 2.0, 1.6666666666666667},
    {SOMA_HARD_SWISH, 0, 0, 7.0, 7.0},
    {SOMA_HARD_SWISH, 0, 0, INFINITY, INFINITY},
    {SOMA_HARD_SWISH, 0, 0, -INFINITY, NAN}, /* times 0 */
    {SOMA_RELU6, 0, 0, -1.5, 0.0},
    {SOMA_RELU6, 0, 0, 2.0, 2.0},
    {SOMA_RELU6, 0, 0, 7.0, 6.0},
    {SOMA_SOFTSIGN, 0, 0, -1.5, -0.6},
    {SOMA_SOFTSIGN, 0, 0, 7.0, 0.875},
    {SOMA_CELU, 2, 0, -4.0, -1.7293294335267746},
    {SOMA_CELU, 2, 0, 2.0, 2.0},
    {SOMA_ERF, 0, 0, -1.5, -0.96610514647531073},
    {SOMA_ERF, 0, 0, 2.0, 0.99532226501895273},
    {SOMA_RECIPROCAL, 0, 0, -1.5, -0.66666666666666667},
    {SOMA_RECIPROCAL, 0, 0, 7.0, 0.14285714285714286},
    {SOMA_RECIPROCAL, 0, 0, 0.0, INFINITY},
    {SOMA_SIGN, 0, 0, -2.5, -1.0},
    {SOMA_SIGN, 0, 0, 0.0, 0.0},
    {SOMA_SIGN, 0, 0, 0.25, 1.0},
    {SOMA_FLOOR, 0, 0, -1.5, -2.0},
    {SOMA_FLOOR, 0, 0, 1.75, 1.0},
    {SOMA_CEIL, 0, 0, -1.5, -1.0},
    {SOMA_CEIL, 0, 0, 1.25, 2.0},
    {SOMA_ROUND, 0, 0, 0.5, 0.0},
    {SOMA_ROUND, 0, 0, 1.5, 2.0},
    {SOMA_ROUND, 0, 0, -2.5, -2.0},
    {SOMA_ROUND, 0, 0, 2.625, 3.0},
    {SOMA_SIN, 0, 0, 1.0, 0.84147098480789651},
    {SOMA_SIN, 0, 0, -100.0, 0.50636564110975879},
    {SOMA_COS, 0, 0, 1.0, 0.54030230586813972},
    {SOMA_COS, 0, 0, 100.0, 0.86231887228768393},
    {SOMA_TAN, 0, 0, 1.0, 1.5574077246549022},
    {SOMA_TAN, 0, 0, -2.0, 2.185039863261519},
    {SOMA_ASIN, 0, 0, 0.5, 0.52359877559829887},
    {SOMA_ASIN, 0, 0, -1.0, -1.5707963267948966},
    {SOMA_ACOS, 0, 0, 0.5, 1.0471975511965977},
    {SOMA_ACOS, 0, 0, -1.0, 3.1415926535897932},
    {SOMA_ATAN, 0, 0, 1.0, 0.78539816339744831},
    {SOMA_ATAN, 0, 0, -3.0, -1.2490457723982544},
    {SOMA_SINH, 0, 0, 1.0, 1.1752011936438015},
    {SOMA_SINH, 0, 0, -3.0, -10.017874927409902},
    {SOMA_COSH, 0, 0, 1.0, 1.5430806348152438},
    {SOMA_COSH, 0, 0, -3.0, 10.067661995777766},
    {SOMA_ASINH, 0, 0, 1.0, 0.88137358701954303},
    {SOMA_ASINH, 0, 0, -3.0, -1.8184464592320668},
    {SOMA_ACOSH, 0, 0, 1.0, 0.0},
    {SOMA_ACOSH, 0, 0, 3.0, 1.7627471740390861},
    {SOMA_ATANH, 0, 0, 0.5, 0.54930614433405485},
    {SOMA_ATANH, 0, 0, -0.75, -0.97295507452765665},
    {SOMA_ACOSH, 0, 0, 0.5, NAN},
    {SOMA_ASIN, 0, 0, 1.5, NAN},
    {SOMA_ATANH, 0, 0, 1.0, INFINITY},
    {SOMA_THRESHOLDED_RELU, 1.5, 0, 1.5, 0.0},
    {SOMA_THRESHOLDED_RELU, 1.5, 0, 1.75, 1.75},
    {SOMA_THRESHOLDED_RELU, -1, 0, -0.5, -0.5},
    {SOMA_SHRINK, 1.5, 0.25, -2.0, -1.75},
    {SOMA_SHRINK, 1.5, 0.25, 1.5, 0.0},
    {SOMA_SHRINK, 1.5, 0.25, 2.0, 1.75},
};

START_TEST(functions_have_their_known_values) {
    bool known[SOMA_FUNCTION_COUNT] = {false};
    for (size_t i = 0; i < SOMA_COUNT_OF(known_values); i++) {
        double y = apply(known_values[i].function, known_values[i].x, known_values[i].a, known_values[i].b);
        expect_values(&y, &known_values[i].y, 1, ROUNDING, soma_function_name(known_values[i].function));
        known[known_values[i].function] = true;
    }
    for (int f = 0; f < SOMA_FUNCTION_COUNT; f++) ck_assert_msg(known[f], "%s", soma_function_name((soma_function)f));
}
END_TEST

START_TEST(functions_pass_nan_on) {
    for (int f = 0; f < SOMA_FUNCTION_COUNT; f++)
        ck_assert_msg(isnan(apply((soma_function)f, NAN, 1.0, 0.5)), "%s", soma_function_name((soma_function)f));
}
END_TEST

static double combine(soma_binary op, double a, double b) {
    double out;
    run(soma_call_binary(F64(&a, 1), F64(&b, 1), F64(&out, 1), op));
    return out;
}

START_TEST(binary_operations) {
    const double found[] = {combine(SOMA_BINARY_ADD, 3, -2),          combine(SOMA_BINARY_SUBTRACT, 3, -2),
                            combine(SOMA_BINARY_MULTIPLY, 3, -2),     combine(SOMA_BINARY_DIVIDE, 3, -2),
                            combine(SOMA_BINARY_MAXIMUM, 3, -2),      combine(SOMA_BINARY_MINIMUM, 3, -2),
                            combine(SOMA_BINARY_GREATER, 3, -2),      combine(SOMA_BINARY_GREATER, 3, 3),
                            combine(SOMA_BINARY_GREATER, NAN, 3),     combine(SOMA_BINARY_GREATER_EQUAL, 3, 3),
                            combine(SOMA_BINARY_GREATER_EQUAL, 2, 3), combine(SOMA_BINARY_POWER, 3, -2),
                            combine(SOMA_BINARY_MAXIMUM, NAN, 1),     combine(SOMA_BINARY_MAXIMUM, 1, NAN),
                            combine(SOMA_BINARY_MINIMUM, NAN, 1),     combine(SOMA_BINARY_MINIMUM, 1, NAN),
                            combine(SOMA_BINARY_EQUAL, 3, 3),         combine(SOMA_BINARY_EQUAL, 3, -3),
                            combine(SOMA_BINARY_EQUAL, NAN, NAN),     combine(SOMA_BINARY_REMAINDER, -7, 3),
                            combine(SOMA_BINARY_REMAINDER, 7, -3),    combine(SOMA_BINARY_REMAINDER, 5.5, 1.25),
                            combine(SOMA_BINARY_REMAINDER, 2, 0),     combine(SOMA_BINARY_KEEP, 3, -2),
                            combine(SOMA_BINARY_KEEP, INFINITY, 0),   combine(SOMA_BINARY_KEEP, NAN, 0),
                            combine(SOMA_BINARY_KEEP, NAN, 1)};
    EXPECT_VALUES(found, ROUNDING, 1, 5, -6, -1.5, 3, -2, 1, 0, 0, 1, 0, 1.0 / 9.0, NAN, NAN, NAN, NAN, 1, 0, 0, -1, 1,
                  0.5, NAN, 3, 0, 0, NAN);
}
END_TEST

START_TEST(binary_broadcasts) {
    double a[6] = {1, 2, 3, 4, 5, 6}, row[3] = {10, 20, 30}, column[2] = {10, 20}, out[6];
    soma_view b = F64(row, 2, 3);
    b.stride[0] = 0;
    run(soma_call_binary(F64(a, 2, 3), b, F64(out, 2, 3), SOMA_BINARY_ADD));
    EXPECT_VALUES(out, EXACTLY, 11, 22, 33, 14, 25, 36);
    b = F64(column, 2, 3);
    b.stride[0] = 1;
    b.stride[1] = 0;
    run(soma_call_binary(F64(a, 2, 3), b, F64(out, 2, 3), SOMA_BINARY_SUBTRACT));
    EXPECT_VALUES(out, EXACTLY, -9, -8, -7, -16, -15, -14);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ sums */

START_TEST(gemm_multiplies_in_all_transpositions) {
    double a[6] = {1, 2, 3, 4, 5, 6}, a_t[6] = {1, 4, 2, 5, 3, 6};       /* [2, 3] */
    double b[6] = {7, 8, 9, 10, 11, 12}, b_t[6] = {7, 9, 11, 8, 10, 12}; /* [3, 2] */
    for (int i = 0; i < 4; i++) {
        bool transpose_a = i & 1, transpose_b = i & 2;
        double c[4] = {NAN, NAN, NAN, NAN};
        soma_gemm_params params = {.transpose_a = transpose_a, .transpose_b = transpose_b, .alpha = 1.0f};
        run(soma_call_gemm(transpose_a ? F64(a_t, 3, 2) : F64(a, 2, 3), transpose_b ? F64(b_t, 2, 3) : F64(b, 3, 2),
                           NONE, F64(c, 2, 2), params));
        EXPECT_VALUES(c, EXACTLY, 58, 64, 139, 154);
    }
}
END_TEST

START_TEST(gemm_has_an_epilogue) {
    double a[2] = {1, 2}, b[4] = {1, -3, 2, -4}, bias[2] = {0.5, 1}, c[2] = {10, 20};
    soma_gemm_params params = {.alpha = 2.0f, .beta = -0.5f, .function = SOMA_LEAKY_RELU, .a = 1.0f, .b = 0.25f};
    run(soma_call_gemm(F64(a, 1, 2), F64(b, 2, 2), F64(bias, 2), F64(c, 1, 2), params));
    /* 2 * 5 - 5 + 0.5, and 2 * -11 - 10 + 1 = -31 */
    EXPECT_VALUES(c, EXACTLY, 5.5, -7.75);
}
END_TEST

START_TEST(gemm_without_inner_dimension) {
    double none[1], bias[2] = {1, 2}, c[4] = {1, 2, 3, 4};
    soma_gemm_params params = {.alpha = 5.0f, .beta = 2.0f};
    run(soma_call_gemm(F64(none, 2, 0), F64(none, 0, 2), F64(bias, 2), F64(c, 2, 2), params));
    EXPECT_VALUES(c, EXACTLY, 3, 6, 7, 10);
}
END_TEST

START_TEST(reduce_along_the_middle) {
    double x[12] = {1, -2, 3, 4, 5, 6, -7, 8, 9, 10, 11, -12}, out[4]; /* [2, 3, 2] */
    run(soma_call_reduce(F64(x, 2, 3, 2), F64(out, 2, 2), SOMA_REDUCE_SUM));
    EXPECT_VALUES(out, EXACTLY, 9, 8, 13, 6);
    run(soma_call_reduce(F64(x, 2, 3, 2), F64(out, 2, 2), SOMA_REDUCE_MEAN));
    EXPECT_VALUES(out, ROUNDING, 3, 8.0 / 3.0, 13.0 / 3.0, 2);
    run(soma_call_reduce(F64(x, 2, 3, 2), F64(out, 2, 2), SOMA_REDUCE_MAX));
    EXPECT_VALUES(out, EXACTLY, 5, 6, 11, 10);
    run(soma_call_reduce(F64(x, 2, 3, 2), F64(out, 2, 2), SOMA_REDUCE_MIN));
    EXPECT_VALUES(out, EXACTLY, 1, -2, -7, -12);
    run(soma_call_reduce(F64(x, 2, 3, 2), F64(out, 2, 2), SOMA_REDUCE_SUM_SQUARES));
    EXPECT_VALUES(out, EXACTLY, 35, 56, 251, 308);
    x[2] = NAN;
    run(soma_call_reduce(F64(x, 2, 3, 2), F64(out, 2, 2), SOMA_REDUCE_MAX));
    EXPECT_VALUES(out, EXACTLY, NAN, 6, 11, 10);
}
END_TEST

START_TEST(reduce_over_nothing) {
    double none[1], out[1];
    const double expected[] = {0, NAN, -INFINITY, INFINITY, 0};
    for (int op = 0; op < SOMA_REDUCTION_COUNT; op++) {
        run(soma_call_reduce(F64(none, 1, 0, 1), F64(out, 1, 1), (soma_reduction)op));
        expect_values(out, &expected[op], 1, EXACTLY, "empty axis");
    }
}
END_TEST

static soma_conv_params conv_params(uint32_t stride, uint32_t dilation, int32_t before, uint32_t groups) {
    return (soma_conv_params){.stride = {1, stride, stride},
                              .dilation = {1, dilation, dilation},
                              .before = {0, before, before},
                              .groups = groups,
                              .alpha = 1};
}

/* Numbers from 1 to 9 as a picture, and a kernel of 1 to 4, by hand. */
START_TEST(conv_by_hand) {
    double x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, w[4] = {1, 2, 3, 4}, bias = -40, y[16];
    soma_view picture = F64(x, 1, 1, 3, 3, 1), kernel = F64(w, 1, 2, 2, 1, 1);
    run(soma_call_conv(picture, kernel, NONE, F64(y, 1, 1, 2, 2, 1), conv_params(1, 1, 0, 1)));
    expect_values(y, (double[]){37, 47, 67, 77}, 4, EXACTLY, "plain");
    run(soma_call_conv(picture, kernel, NONE, F64(y, 1, 1, 2, 2, 1), conv_params(2, 1, 1, 1)));
    expect_values(y, (double[]){4, 18, 36, 77}, 4, EXACTLY, "stride 2, padding 1");
    run(soma_call_conv(picture, kernel, NONE, F64(y, 1, 1, 1, 1, 1), conv_params(1, 2, 0, 1)));
    expect_values(y, (double[]){64}, 1, EXACTLY, "dilation 2");
    run(soma_call_conv(picture, kernel, NONE, F64(y, 1, 1, 1, 2, 1), conv_params(1, 1, -1, 1)));
    expect_values(y, (double[]){77, 5 + 3 * 8 + 0 + 6 * 2 + 9 * 4}, 1, EXACTLY, "begun inside");
    soma_conv_params relu = conv_params(1, 1, 0, 1);
    relu.function = SOMA_RELU;
    run(soma_call_conv(picture, kernel, F64(&bias, 1), F64(y, 1, 1, 2, 2, 1), relu));
    expect_values(y, (double[]){0, 7, 27, 37}, 4, EXACTLY, "bias and relu");
    double addend[4] = {2, -8, -20, -38};
    run(soma_call_conv_add(picture, kernel, F64(&bias, 1), F64(addend, 1, 1, 2, 2, 1), F64(y, 1, 1, 2, 2, 1), relu));
    expect_values(y, (double[]){0, 0, 7, 0}, 4, EXACTLY, "addend, bias and relu");
    double pair[2] = {1, 2}, mixed[4] = {3, 4, 5, 6}, each[2] = {10, 100};
    run(soma_call_conv(F64(pair, 1, 1, 1, 1, 2), F64(mixed, 1, 1, 1, 2, 2), NONE, F64(y, 1, 1, 1, 1, 2),
                       conv_params(1, 1, 0, 1)));
    expect_values(y, (double[]){13, 16}, 2, EXACTLY, "channels");
    run(soma_call_conv(F64(pair, 1, 1, 1, 1, 2), F64(each, 1, 1, 1, 1, 2), NONE, F64(y, 1, 1, 1, 1, 2),
                       conv_params(1, 1, 0, 2)));
    expect_values(y, (double[]){10, 200}, 2, EXACTLY, "groups");
}
END_TEST

/* Transposed: each number of a 2 x 2 picture puts the kernel, so many times, two places further. */
START_TEST(conv_data_grad_by_hand) {
    double x[4] = {1, 2, 3, 5}, w[4] = {1, 2, 3, 4}, bias = 0.5, y[16];
    run(soma_call_conv_data_grad(F64(x, 1, 1, 2, 2, 1), F64(w, 1, 2, 2, 1, 1), F64(&bias, 1), F64(y, 1, 1, 4, 4, 1),
                                 conv_params(2, 1, 0, 1)));
    expect_values(y, (double[]){1.5, 2.5, 2.5, 4.5, 3.5, 4.5, 6.5, 8.5, 3.5, 6.5, 5.5, 10.5, 9.5, 12.5, 15.5, 20.5}, 16,
                  EXACTLY, "stride 2");
    run(soma_call_conv_data_grad(F64(x, 1, 1, 2, 2, 1), F64(w, 1, 2, 2, 1, 1), NONE, F64(y, 1, 1, 3, 3, 1),
                                 conv_params(1, 1, 0, 1)));
    expect_values(y, (double[]){1, 4, 4, 6, 21, 18, 9, 27, 20}, 9, EXACTLY, "stride 1");
}
END_TEST

static soma_pool_params window(soma_pool_kind kind, uint32_t size, uint32_t stride, int32_t padding) {
    return (soma_pool_params){.kind = kind,
                              .size = {1, size, size},
                              .stride = {1, stride, stride},
                              .dilation = {1, 1, 1},
                              .before = {0, padding, padding},
                              .after = {0, padding, padding}};
}

START_TEST(largest_of_windows) {
    double x[12] = {1, 9, 2, 8, /**/ 7, -3, 4, 6, /**/ -1, -2, -3, -4}, y[12];
    soma_view picture = F64(x, 1, 1, 3, 4, 1);
    soma_pool_params params = window(SOMA_POOL_MAX, 2, 2, 0);
    run(soma_call_pool(picture, F64(y, 1, 1, 1, 2, 1), params));
    EXPECT_VALUES(y, EXACTLY, 9, 8);
    run(soma_call_pool(picture, F64(y, 1, 1, 2, 2, 1), params)); /* a last row that ends outside */
    EXPECT_VALUES(y, EXACTLY, 9, 8, -1, -3);
    params = window(SOMA_POOL_MAX, 2, 1, 1); /* what is padded is less than any number */
    run(soma_call_pool(F64(x + 8, 1, 1, 1, 4, 1), F64(y, 1, 1, 2, 5, 1), params));
    EXPECT_VALUES(y, EXACTLY, -1, -1, -2, -3, -4, -1, -1, -2, -3, -4);
    params = window(SOMA_POOL_MAX, 2, 1, 0);
    params.dilation[2] = 2;
    run(soma_call_pool(picture, F64(y, 1, 1, 2, 2, 1), params));
    EXPECT_VALUES(y, EXACTLY, 7, 9, 7, 6);
    params = window(SOMA_POOL_MAX, 1, 3, 1);
    run(soma_call_pool(F64(x, 1, 1, 2, 2, 1), F64(y, 1, 1, 2, 2, 1), params));
    EXPECT_VALUES(y, EXACTLY, -INFINITY, -INFINITY, -INFINITY, -INFINITY); /* in the padding alone */
    x[1] = NAN;
    run(soma_call_pool(F64(x, 2, 2, 1, 1, 3), F64(y, 2, 1, 1, 1, 3),
                       (soma_pool_params){.size = {2, 1, 1}, .stride = {2, 1, 1}, .dilation = {1, 1, 1}}));
    EXPECT_VALUES(y, EXACTLY, 8, NAN, 2, 4, 6, -1); /* along the depth, each channel by itself */
}
END_TEST

/* What counts: 9 of a window of 3x3 at the corner of a picture padded by 1, or the 4 that lie inside. */
START_TEST(averages_of_windows) {
    double x[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, y[9];
    soma_view picture = F64(x, 1, 1, 3, 3, 1);
    soma_pool_params params = window(SOMA_POOL_AVERAGE, 2, 1, 0);
    run(soma_call_pool(picture, F64(y, 1, 1, 2, 2, 1), params));
    EXPECT_VALUES(y, EXACTLY, 3, 4, 6, 7);
    params = window(SOMA_POOL_AVERAGE, 3, 2, 1);
    run(soma_call_pool(picture, F64(y, 1, 1, 2, 2, 1), params));
    EXPECT_VALUES(y, EXACTLY, 3, 4, 6, 7);
    params.count_padding = true;
    run(soma_call_pool(picture, F64(y, 1, 1, 2, 2, 1), params));
    EXPECT_VALUES(y, ROUNDING, 12 / 9.0, 16 / 9.0, 24 / 9.0, 28 / 9.0);
    /* A last window that ends past the padding: of 3 x 3 places, 2 x 2 lie before its end. */
    params = window(SOMA_POOL_AVERAGE, 3, 3, 0);
    params.count_padding = true;
    params.after[1] = params.after[2] = 2;
    run(soma_call_pool(picture, F64(y, 1, 1, 2, 2, 1), params));
    EXPECT_VALUES(y, ROUNDING, 5, 0, 0, 0);
    params.before[1] = params.before[2] = params.after[1] = params.after[2] = 1;
    run(soma_call_pool(picture, F64(y, 1, 1, 2, 2, 1), params));
    EXPECT_VALUES(y, ROUNDING, 12 / 9.0, 9 / 6.0, 15 / 6.0, 9 / 4.0);
    params.count_padding = false;
    run(soma_call_pool(picture, F64(y, 1, 1, 2, 2, 1), params));
    EXPECT_VALUES(y, ROUNDING, 3, 4.5, 7.5, 9);
    run(soma_call_pool(F64(x, 1, 1, 0, 3, 1), F64(y, 1, 1, 1, 1, 1), params)); /* nothing inside */
    EXPECT_VALUES(y, EXACTLY, 0);
}
END_TEST

START_TEST(softmax_has_its_known_values) {
    double x[6] = {1, 1001, 2, 1002, 3, 1003}, out[6]; /* [1, 3, 2]: the second line is the first one shifted */
    const double p1 = 0.090030573170380462, p2 = 0.24472847105479764, p3 = 0.66524095577482189;
    run(soma_call_softmax(F64(x, 1, 3, 2), F64(out, 1, 3, 2), false));
    EXPECT_VALUES(out, ROUNDING, p1, p1, p2, p2, p3, p3);
    const double ln_sum = 0.40760596444438013; /* ln(1 + e^-1 + e^-2) */
    run(soma_call_softmax(F64(x, 1, 3, 2), F64(out, 1, 3, 2), true));
    EXPECT_VALUES(out, ROUNDING, -2 - ln_sum, -2 - ln_sum, -1 - ln_sum, -1 - ln_sum, -ln_sum, -ln_sum);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reference");
    TCase *tests = tcase_create("reference");
    tcase_add_test(tests, fill_sets_every_element);
    tcase_add_test(tests, copy_follows_strides);
    tcase_add_test(tests, copy_converts_and_truncates);
    tcase_add_test(tests, gather_takes_rows);
    tcase_add_test(tests, functions_have_their_known_values);
    tcase_add_test(tests, functions_pass_nan_on);
    tcase_add_test(tests, binary_operations);
    tcase_add_test(tests, binary_broadcasts);
    tcase_add_test(tests, gemm_multiplies_in_all_transpositions);
    tcase_add_test(tests, gemm_has_an_epilogue);
    tcase_add_test(tests, gemm_without_inner_dimension);
    tcase_add_test(tests, reduce_along_the_middle);
    tcase_add_test(tests, reduce_over_nothing);
    tcase_add_test(tests, softmax_has_its_known_values);
    tcase_add_test(tests, largest_of_windows);
    tcase_add_test(tests, averages_of_windows);
    tcase_add_test(tests, conv_by_hand);
    tcase_add_test(tests, conv_data_grad_by_hand);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
