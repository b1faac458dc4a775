/* SPDX-License-Identifier: MIT */
/*
 * Every OpenCL kernel on small shapes, against the reference. The conformance suite does this thoroughly; this is what
 * an OpenCL simulator, which looks for races, stray accesses and uninitialised reads, can get through in a minute.
 */
#include "device/device.h"
#include "opencl_devices.h"

#include "base/random.h"
#include "kernels/recurrent_call.h"
#include "suite.h"
#include <math.h>

static void *state;
static soma_random random_source;
/* Of functions and operations that one kernel does alike, every so many-th is run: a simulator is slow. */
static int every = 1;
/* Real numbers are whole ones, of which many are equal. */
static bool few_values;

/* Contents of a view that suit every primitive: class numbers and rows below 3, probabilities. */
static void make_contents(const soma_view *view, unsigned char *bytes) {
    const size_t count = soma_view_count(view);
    for (size_t i = 0; i < count; i++) {
        const int32_t number = (int32_t)soma_random_below(&random_source, 3);
        const float real = few_values ? (float)number : 0.01f + 0.98f * soma_random_uniform(&random_source);
        if (view->dtype == SOMA_F32)
            memcpy(bytes + i * sizeof real, &real, sizeof real);
        else if (view->dtype == SOMA_I32)
            memcpy(bytes + i * sizeof number, &number, sizeof number);
        else
            bytes[i] = (unsigned char)number;
    }
}

static void compare(const soma_call *call, uint32_t view, const unsigned char *found, const unsigned char *expected) {
    const soma_view *shown = &call->view[view];
    const size_t count = soma_view_count(shown);
    if (shown->dtype != SOMA_F32) {
        ck_assert_msg(memcmp(found, expected, count * soma_dtype_size(shown->dtype)) == 0, "%s: view %u differs",
                      soma_primitive_name(call->primitive), view);
        return;
    }
    /* A metric's total is the difference of two numbers, which may split it as they like. */
    const bool pairs = call->primitive == SOMA_PRIMITIVE_METRIC && view == 2;
    for (size_t i = 0; i < count; i += pairs ? 2 : 1) {
        float x, y, correction[2] = {0, 0};
        memcpy(&x, found + i * sizeof x, sizeof x);
        memcpy(&y, expected + i * sizeof y, sizeof y);
        if (pairs) {
            memcpy(&correction[0], found + (i + 1) * sizeof x, sizeof x);
            memcpy(&correction[1], expected + (i + 1) * sizeof y, sizeof y);
        }
        x -= correction[0];
        y -= correction[1];
        /* Sums of at most a few hundred numbers of the order of 1: the suite has the exact bounds. */
        ck_assert_msg(x == y || fabsf(x - y) <= 1e-4f * (1 + fabsf(y)) || (isnan(x) && isnan(y)),
                      "%s: element %zu of view %u is %g, expected %g", soma_primitive_name(call->primitive), i, view,
                      (double)x, (double)y);
    }
}

/* Runs a call whose views are contiguous and have no memory yet. */
static void check_call(soma_call call) {
    if (!soma_reference_has(call.primitive)) return; /* of a soma without training */
    soma_call expected = call;
    unsigned char *host[SOMA_CALL_MAX_VIEWS] = {NULL}, *found = NULL;
    for (uint32_t i = 0; i < call.view_count; i++) {
        const size_t bytes = soma_view_count(&call.view[i]) * soma_dtype_size(call.view[i].dtype);
        if (bytes == 0) continue;
        host[i] = soma_malloc(bytes);
        ck_assert_ptr_nonnull(host[i]);
        make_contents(&call.view[i], host[i]);
        call.view[i].memory = upload(state, host[i], bytes);
        expected.view[i].memory = host[i];
    }
    prepare_call(state, &call);
    expect_ok(soma_opencl_api.run(state, &call, 1));
    expect_ok(soma_reference_run(&expected));
    for (uint32_t i = 0; i < call.view_count; i++) {
        if (!host[i]) continue;
        const size_t bytes = soma_view_count(&call.view[i]) * soma_dtype_size(call.view[i].dtype);
        found = soma_malloc(bytes);
        ck_assert_ptr_nonnull(found);
        expect_ok(soma_opencl_api.read(state, call.view[i].memory, 0, found, bytes));
        compare(&call, i, found, host[i]);
        soma_free(found);
    }
    release_call(state, &call);
    for (uint32_t i = 0; i < call.view_count; i++) {
        if (host[i]) soma_opencl_api.free(state, call.view[i].memory);
        soma_free(host[i]);
    }
}

static soma_view shaped(uint32_t rank, size_t first, size_t second, size_t third) {
    const size_t shape[3] = {first, second, third};
    return soma_view_of(NULL, 0, SOMA_F32, rank, shape);
}

static soma_view typed(soma_view view, soma_dtype dtype) {
    view.dtype = dtype;
    return view;
}

START_TEST(elementwise_kernels) {
    const soma_view x = shaped(1, 37, 0, 0), rows = shaped(2, 70, 19, 0), bias = shaped(1, 19, 0, 0);
    check_call(soma_call_fill(x, 3));
    for (int f = 0; f < SOMA_FUNCTION_COUNT; f += every) {
        const soma_unary_params params = {(soma_function)f, 1, 0.5f};
        check_call(soma_call_unary(x, x, params));
        check_call(soma_call_unary_grad(x, x, x, params));
        if (f < SOMA_SIGMOID) check_call(soma_call_bias_unary_grad(rows, rows, rows, bias, params));
    }
    for (int op = 0; op < SOMA_BINARY_COUNT; op += every) check_call(soma_call_binary(x, x, x, (soma_binary)op));
    check_call(soma_call_dropout(x, x, (soma_dropout_params){.rate = 0.3f, .seed = 7}));
}
END_TEST

START_TEST(broadcasts_and_copies) {
    const soma_dtype types[] = {SOMA_F32, SOMA_U8, SOMA_I32};
    const soma_view x = shaped(3, 3, 5, 21);
    soma_view repeated = x;
    repeated.stride[1] = 0;
    repeated.stride[0] = 21;
    check_call(soma_call_binary(x, repeated, x, SOMA_BINARY_ADD));
    repeated.stride[2] = 0;
    repeated.stride[0] = 1;
    check_call(soma_call_binary(x, repeated, x, SOMA_BINARY_ADD));
    for (size_t from = 0; from < SOMA_COUNT_OF(types); from++)
        for (size_t to = 0; to < SOMA_COUNT_OF(types); to++) {
            check_call(soma_call_copy(typed(x, types[from]), typed(x, types[to]), 1, 0));
            if (types[to] == SOMA_U8) continue;
            check_call(soma_call_gather(typed(shaped(2, 3, 17, 0), types[from]), typed(shaped(1, 6, 0, 0), SOMA_I32),
                                        typed(shaped(2, 5, 17, 0), types[to]), 1, 1, 0));
        }
    check_call(
        soma_call_gather(typed(shaped(2, 9, 3, 0), SOMA_U8), soma_view_absent(), shaped(2, 4, 3, 0), 2, 0.5f, 1));
}
END_TEST

START_TEST(products) {
    for (unsigned variant = 0; variant < 8; variant++) {
        const soma_gemm_params params = {.transpose_a = variant & 1,
                                         .transpose_b = variant & 2,
                                         .alpha = 1,
                                         .beta = variant & 4 ? 0.5f : 0,
                                         .function = SOMA_RELU};
        const size_t m = 19, k = 21, n = variant & 4 ? 35 : 9;
        check_call(soma_call_gemm(shaped(2, variant & 1 ? k : m, variant & 1 ? m : k, 0),
                                  shaped(2, variant & 2 ? n : k, variant & 2 ? k : n, 0),
                                  variant & 4 ? shaped(1, n, 0, 0) : soma_view_absent(), shaped(2, m, n, 0), params));
    }
}
END_TEST

static soma_view image(size_t count, size_t height, size_t width, size_t channels) {
    const size_t shape[] = {count, 1, height, width, channels};
    return soma_view_of(NULL, 0, SOMA_F32, SOMA_COUNT_OF(shape), shape);
}

/* A convolution of 3 x 2 weights and both its gradients. */
static void check_conv(soma_conv_params params, size_t height, size_t width, size_t channels, size_t filters) {
    const soma_view x = image(2, height, width, channels), y = image(2, 4, 5, filters);
    const soma_view weight = soma_view_of(NULL, 0, SOMA_F32, 5, (size_t[]){1, 3, 2, channels / params.groups, filters});
    params.function = SOMA_RELU;
    check_call(soma_call_conv(x, weight, shaped(1, filters, 0, 0), y, params));
    check_call(soma_call_conv_add(x, weight, shaped(1, filters, 0, 0), y, y, params));
    check_call(soma_call_conv_data_grad(y, weight, soma_view_absent(), x, params));
    params.alpha = 0.7f;
    params.beta = 0.5f;
    check_call(soma_call_conv_weight_grad(x, y, weight, params));
}

START_TEST(convolutions) {
    soma_conv_params params = {.stride = {1, 1, 1}, .dilation = {1, 1, 1}, .before = {0, 1, 1}, .groups = 1};
    check_conv(params, 4, 4, 3, 5);
    check_conv(params, 4, 4, 3, 35);
    params.groups = 2;
    check_conv(params, 4, 4, 6, 4);
    params.groups = 19; /* a filter for each channel */
    check_conv(params, 4, 4, 19, 19);
    params = (soma_conv_params){.stride = {1, 2, 3}, .dilation = {1, 2, 1}, .before = {0, 3, 1}, .groups = 1};
    check_conv(params, 7, 13, 3, 5);
    params.groups = 3;
    check_conv(params, 7, 13, 3, 3);
}
END_TEST

START_TEST(reductions_and_softmax) {
    for (int op = 0; op < SOMA_REDUCTION_COUNT; op++) {
        check_call(soma_call_reduce(shaped(3, 3, 40, 1), shaped(2, 3, 1, 0), (soma_reduction)op));
        check_call(soma_call_reduce(shaped(3, 1, 700, 1), shaped(2, 1, 1, 0), (soma_reduction)op));
        check_call(soma_call_reduce(shaped(3, 2, 200, 18), shaped(2, 2, 18, 0), (soma_reduction)op));
    }
    for (int logarithm = 0; logarithm < 2; logarithm++)
        for (size_t inner = 1; inner < 20; inner += 17) {
            const soma_view x = shaped(3, 2, 40, inner);
            check_call(soma_call_softmax(x, x, logarithm));
            check_call(soma_call_softmax_grad(x, x, x, logarithm));
        }
    const soma_view few = shaped(3, 5, 7, 1); /* rows that a work-item has to itself */
    check_call(soma_call_softmax(few, few, false));
}
END_TEST

START_TEST(losses) {
    for (int kind = 0; kind < SOMA_LOSS_COUNT; kind++)
        for (size_t columns = 3; columns < 50; columns += 40)
            for (unsigned variant = 0; variant < 4; variant += columns < 40 ? 1 : (unsigned)every) {
                const bool categorical =
                    kind <= SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS || kind == SOMA_LOSS_CATEGORICAL_FOCAL;
                const bool weighted = variant & 1, by_class = categorical && variant & 2;
                const bool class_weighted =
                    weighted && (kind <= SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS || kind >= SOMA_LOSS_CATEGORICAL_FOCAL);
                const soma_view x = shaped(2, 5, columns, 0), sample = shaped(1, 5, 0, 0), absent = soma_view_absent();
                const soma_view classes = shaped(1, categorical ? columns : 2, 0, 0);
                const soma_view target = by_class ? typed(sample, SOMA_I32) : x;
                const soma_loss_params params = {.kind = (soma_loss_kind)kind, .delta = 0.5f, .gamma = 2.0f};
                check_call(soma_call_loss(x, target, weighted ? sample : absent, class_weighted ? classes : absent,
                                          sample, params));
                check_call(soma_call_loss_grad(x, target, weighted ? sample : absent, class_weighted ? classes : absent,
                                               sample, x, absent, params));
                if (kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS)
                    check_call(soma_call_loss_grad(x, target, weighted ? sample : absent,
                                                   class_weighted ? classes : absent, sample, x, sample, params));
            }
}
END_TEST

START_TEST(metrics) {
    for (int kind = 0; kind < SOMA_METRIC_COUNT; kind++)
        for (unsigned by_class = 0; by_class < 2; by_class++) {
            const bool ranked = kind == SOMA_METRIC_CATEGORICAL_ACCURACY || kind == SOMA_METRIC_TOP_K_ACCURACY;
            if (by_class && !ranked) continue;
            const soma_metric_params params = {(soma_metric_kind)kind, 1, 2, 0.5f};
            const soma_view x = shaped(2, 140, 5, 0), large = shaped(2, 140, 120, 0), accumulator = shaped(2, 2, 2, 0);
            const soma_view numbers = typed(shaped(1, 140, 0, 0), SOMA_I32);
            check_call(soma_call_metric(x, by_class ? numbers : x, accumulator, soma_view_absent(), params));
            if (kind != SOMA_METRIC_SUM)
                check_call(soma_call_metric(x, by_class ? numbers : x, accumulator, shaped(1, 140, 0, 0), params));
            check_call(soma_call_metric(large, by_class ? numbers : large, accumulator,
                                        kind == SOMA_METRIC_SUM ? soma_view_absent() : shaped(1, 140, 0, 0), params));
        }
}
END_TEST

START_TEST(optimizers) {
    for (int kind = 0; kind < SOMA_OPTIMIZER_COUNT; kind += every) {
        const soma_view x = shaped(1, 37, 0, 0);
        soma_optimizer_params params = {.kind = (soma_optimizer_kind)kind,
                                        .decay_count = 20,
                                        .learning_rate = 0.1f,
                                        .beta1 = 0.9f,
                                        .beta2 = 0.99f,
                                        .epsilon = 1e-3f,
                                        .correction1 = 0.5f,
                                        .correction2 = 0.5f};
        check_call(soma_call_optimizer(x, x, x, x, soma_view_absent(), params));
        params.l2 = params.l1 = params.decay = 0.1f;
        params.clip_value = params.clip_norm = 0.5f;
        check_call(soma_call_optimizer(x, x, x, x, shaped(1, 2, 0, 0), params));
    }
}
END_TEST

START_TEST(norms) {
    for (size_t count = 0; count < 2000; count = 3 * count + 1)
        check_call(soma_call_norm(shaped(1, count, 0, 0), shaped(1, 2, 0, 0)));
}
END_TEST

START_TEST(augmentations) {
    for (size_t channels = 1; channels < 4; channels += 2) {
        const size_t shape[] = {3, 5, 6, channels};
        const soma_view x = soma_view_of(NULL, 0, SOMA_F32, 4, shape);
        check_call(soma_call_augment(x, x, (soma_augment_params){.shift = {2, 2}, .flip = true, .cutout = 2}));
        check_call(soma_call_augment(x, x, (soma_augment_params){.rotate = 0.3f, .brightness = 0.2f}));
    }
}
END_TEST

START_TEST(mixtures) {
    const soma_mix_params params = {.share = 0.3f, .ahead = 2};
    for (size_t columns = 1; columns < 40; columns = 3 * columns + 1) {
        const soma_view rows = shaped(2, 5, columns, 0);
        check_call(soma_call_mix(rows, rows, params));
        if (columns > 3) check_call(soma_call_mix(typed(shaped(1, 5, 0, 0), SOMA_I32), rows, params));
    }
}
END_TEST

/* Windows that overlap, leave gaps, reach out; each with fewer and with more channels than a vector has. */
START_TEST(pools) {
    static const struct {
        uint32_t size, stride, dilation;
        int32_t padding;
        size_t out[2];
    } rows[] = {{2, 2, 1, 0, {3, 2}}, {3, 2, 1, 1, {3, 3}}, {2, 3, 2, 1, {3, 2}}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++)
        for (size_t channels = 1; channels < 40; channels = 5 * channels + 1) {
            soma_pool_params params = {.kind = SOMA_POOL_MAX,
                                       .size = {1, rows[i].size, rows[i].size},
                                       .stride = {1, rows[i].stride, rows[i].stride},
                                       .dilation = {1, rows[i].dilation, rows[i].dilation},
                                       .before = {0, rows[i].padding, rows[i].padding},
                                       .after = {0, rows[i].padding, rows[i].padding}};
            const size_t in_shape[] = {2, 1, 6, 5, channels},
                         out_shape[] = {2, 1, rows[i].out[0], rows[i].out[1], channels};
            const soma_view x = soma_view_of(NULL, 0, SOMA_F32, 5, in_shape),
                            y = soma_view_of(NULL, 0, SOMA_F32, 5, out_shape);
            check_call(soma_call_pool(x, y, params));
            few_values = true; /* so that elements are a window's y, whatever that is */
            check_call(soma_call_pool_grad(y, x, y, x, params));
            few_values = false;
            params.kind = SOMA_POOL_AVERAGE;
            params.count_padding = i == 1;
            check_call(soma_call_pool(x, y, params));
            check_call(soma_call_pool_grad(y, soma_view_absent(), soma_view_absent(), x, params));
        }
}
END_TEST

static void check_normalize(const size_t *shape, bool centered, bool channels, bool given) {
    const soma_view x = soma_view_of(NULL, 0, SOMA_F32, 4, shape), none = soma_view_absent();
    const soma_view figures = shaped(2, shape[0], shape[2], 0);
    const soma_view each = channels ? shaped(1, shape[2] * shape[3], 0, 0) : none;
    const bool runs = centered && shape[0] == 1 && shape[3] == 1;
    const soma_normalize_views views = {.x = x,
                                        .scale = each,
                                        .offset = each,
                                        .running_mean = runs ? shaped(1, shape[2], 0, 0) : none,
                                        .running_variance = runs ? shaped(1, shape[2], 0, 0) : none,
                                        .y = x,
                                        .mean = figures,
                                        .inverse = figures};
    const soma_normalize_grad_views gradient = {.dy = x,
                                                .x = x,
                                                .scale = each,
                                                .mean = centered ? figures : none,
                                                .inverse = figures,
                                                .dx = x,
                                                .dscale = each,
                                                .doffset = each};
    check_call(soma_call_normalize(
        &views,
        (soma_normalize_params){
            .epsilon = 0.5f, .momentum = 0.75f, .centered = centered, .given = given && runs, .function = SOMA_RELU}));
    check_call(soma_call_normalize_grad(&gradient, centered));
}

START_TEST(normalisations) {
    static const size_t shapes[][4] = {{1, 19, 5, 1},  {1, 200, 17, 1}, {7, 1, 1, 5}, {3, 1, 1, 130}, {2, 3, 2, 4},
                                       {2, 150, 3, 2}, {3, 5, 1, 3},    {1, 0, 3, 1}, {0, 1, 1, 3},   {3, 1, 4, 1}};
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) {
        check_normalize(shapes[i], true, true, false);
        check_normalize(shapes[i], true, false, true);
        check_normalize(shapes[i], false, true, false);
    }
}
END_TEST

static void check_recurrent(soma_recurrent_params params, size_t n, size_t steps, size_t units, bool all) {
    const size_t columns = soma_recurrent_gates(params.kind) * units, kept = soma_recurrent_kept(params.kind) * units;
    const soma_view none = soma_view_absent(), y = shaped(3, n, steps, units), x = shaped(3, n, steps, columns);
    const soma_view first = shaped(2, n, units, 0), gates = kept ? shaped(3, n, steps, kept) : none;
    const bool lstm = params.kind == SOMA_RECURRENT_LSTM;
    const soma_recurrent_views views = {.x = x,
                                        .weight = shaped(2, units, columns, 0),
                                        .bias = all ? shaped(1, columns, 0, 0) : none,
                                        .mask = all ? shaped(2, n, steps, 0) : none,
                                        .state = all ? first : none,
                                        .cell = all && lstm ? first : none,
                                        .y = y,
                                        .cells = all && lstm ? y : none,
                                        .gates = all ? gates : none};
    const soma_recurrent_grad_views gradient = {.dy = y,
                                                .weight = views.weight,
                                                .y = y,
                                                .cells = lstm ? y : none,
                                                .gates = gates,
                                                .mask = views.mask,
                                                .state = views.state,
                                                .cell = views.cell,
                                                .dx = x,
                                                .drecurrent = all && soma_recurrent_differs(&params) ? x : none,
                                                .dstate = views.state,
                                                .dcell = views.cell};
    check_call(soma_call_recurrent(&views, params));
    check_call(soma_call_recurrent_grad(&gradient, params));
}

START_TEST(recurrent_layers) {
    static const soma_recurrent_params kinds[] = {{.kind = SOMA_RECURRENT_RNN, .function = SOMA_TANH},
                                                  {.kind = SOMA_RECURRENT_LSTM},
                                                  {.kind = SOMA_RECURRENT_GRU},
                                                  {.kind = SOMA_RECURRENT_GRU, .reset_before = true}};
    for (size_t i = 0; i < SOMA_COUNT_OF(kinds); i++) {
        soma_recurrent_params params = kinds[i];
        check_recurrent(params, 5, 2, 3, true);
        params.reverse = true;
        check_recurrent(params, 1, 2, 17, false);
        few_values = true; /* a mask with 0s, and small numbers of other kinds */
        check_recurrent(params, 2, 3, 2, true);
        few_values = false;
    }
}
END_TEST

static void check_attention(size_t n, size_t steps, size_t keys, soma_attention_params params, bool masked) {
    const size_t width = 3, values = 5;
    const soma_view q = shaped(3, n, steps, params.heads * width), y = shaped(3, n, steps, params.heads * values);
    const soma_view k = shaped(3, n, keys, params.key_heads * width), v = shaped(3, n, keys, params.key_heads * values);
    const soma_view mask = masked ? shaped(2, n, keys, 0) : soma_view_absent(),
                    total = shaped(3, n, params.heads, steps);
    const soma_attention_views views = {.q = q, .k = k, .v = v, .mask = mask, .y = y, .total = total};
    const soma_attention_grad_views gradient = {
        .dy = y, .q = q, .k = k, .v = v, .mask = mask, .y = y, .total = total, .dq = q, .dk = k, .dv = v};
    check_call(soma_call_attention(&views, params));
    check_call(soma_call_attention_grad(&gradient, params));
}

START_TEST(attentions) {
    const soma_attention_params one = {.heads = 1, .key_heads = 1, .scale = 0.5f},
                                grouped = {.heads = 4, .key_heads = 2, .scale = 0.5f, .causal = true},
                                shared = {.heads = 2, .key_heads = 1, .scale = 0.5f, .causal = true};
    check_attention(2, 5, 7, one, false);
    check_attention(1, 9, 9, grouped, false);
    few_values = true; /* a mask with 0s */
    check_attention(2, 3, 4, shared, true);
    few_values = false;
}
END_TEST

START_TEST(products_of_matrices) {
    soma_view heads = shaped(3, 2, 7, 5), repeated = shaped(3, 2, 5, 9);
    check_call(soma_call_matmul(shaped(3, 2, 7, 5), shaped(3, 2, 5, 9), shaped(3, 2, 7, 9), 0.5f));
    heads.stride[0] = 5, heads.stride[1] = 10; /* [7, 2, 5] */
    repeated.stride[0] = 0;
    check_call(soma_call_matmul(heads, repeated, shaped(3, 2, 7, 9), 1));
    heads = shaped(3, 2, 5, 7);
    heads.stride[1] = 1, heads.stride[2] = 5;
    check_call(soma_call_matmul(shaped(3, 2, 3, 5), heads, shaped(3, 2, 3, 7), -1));
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, elementwise_kernels);
    tcase_add_test(cases, broadcasts_and_copies);
    tcase_add_test(cases, products);
    tcase_add_test(cases, convolutions);
    tcase_add_test(cases, reductions_and_softmax);
    tcase_add_test(cases, losses);
    tcase_add_test(cases, metrics);
    tcase_add_test(cases, optimizers);
    tcase_add_test(cases, norms);
    tcase_add_test(cases, pools);
    tcase_add_test(cases, augmentations);
    tcase_add_test(cases, mixtures);
    tcase_add_test(cases, normalisations);
    tcase_add_test(cases, recurrent_layers);
    tcase_add_test(cases, attentions);
    tcase_add_test(cases, products_of_matrices);
}

/* On the first usable device: a simulator offers one. An argument: how much to leave out. */
int main(int argc, char **argv) {
    const int skip = skip_without_device();
    if (skip) return skip;
    const found_devices found = find_devices();
    if (argc > 1) every = atoi(argv[1]);
    size_t i = 0;
    while (!is_tested(&found.entry[i])) i++;
    state = open_device(found.entry[i].index);
    soma_random_init(&random_source, 1, 1);
    const int result = run_suite("opencl kernels", add_tests);
    soma_opencl_api.close(state);
    return result;
}
