/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite on the device that the first argument names. The environment variable SOMA_PLUGIN, if set, is a
 * plugin to load first. Skips (status 77) where there is no such device.
 */
#include "device/conformance/suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static soma_device *device;

START_TEST(row_conforms) {
    if (!soma_suite_has((uint32_t)_i)) return; /* of a soma without training */
    soma_check_result result;
    double begin = soma_seconds();
    soma_status status = soma_suite_check(device, (uint32_t)_i, false, &result);
    ck_assert_msg(status == SOMA_OK, "%s: %s", soma_status_name(status), soma_last_error());
    printf("%-16s %-8s %5u cases  %5.2f s  worst error %-9.3g bound %-9.3g %s\n", result.primitive,
           result.native ? "native" : "fallback", result.cases, soma_seconds() - begin, result.worst_error,
           result.bound, result.passed ? "ok" : "FAILED");
    ck_assert_uint_gt(result.cases, 0);
    ck_assert_msg(result.passed, "%s: %u of %u cases fail; %s", result.primitive, result.failures, result.cases,
                  result.detail);
}
END_TEST

/* ----------------------------------------------------------------------------------------------- what it can't know */

#define F64(...) SOMA_SHAPED(SOMA_F64, __VA_ARGS__)

static size_t float64_calls(soma_call *calls) {
    const soma_view x = F64(7, 5), rows = F64(7), columns = F64(5), cube = F64(7, 5, 1), none = soma_view_absent();
    const soma_view labels = SOMA_SHAPED(SOMA_I32, 7, 3);
    const soma_view classes = SOMA_SHAPED(SOMA_I32, 7), images = F64(7, 1, 1, 1, 5), filters = F64(1, 1, 1, 5, 5);
    const soma_view layers = F64(7, 1, 1, 5);
    const soma_unary_params relu = {SOMA_RELU, 0, 0};
    const soma_loss_params loss = {.kind = SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS};
    const soma_optimizer_params adam = {.kind = SOMA_ADAM, .learning_rate = 0.1f};
    const soma_view pictures = F64(2, 3, 5, 1);
    const soma_conv_params conv = {.stride = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1, .alpha = 1};
    const soma_pool_params pool = {.size = {1, 1, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    const soma_recurrent_params rnn = {.kind = SOMA_RECURRENT_RNN, .function = SOMA_TANH};
    const soma_view steps = F64(1, 7, 5), weight = F64(5, 5);
    const soma_attention_params attention = {.heads = 1, .key_heads = 1, .scale = 1};
    const soma_attention_grad_views heads = {.dy = steps,
                                             .q = steps,
                                             .k = steps,
                                             .v = steps,
                                             .y = steps,
                                             .total = F64(1, 1, 7),
                                             .dq = steps,
                                             .dk = steps,
                                             .dv = steps};
    const soma_call all[] = {
        soma_call_fill(x, 1),
        soma_call_copy(x, x, 1, 0),
        soma_call_gather(x, none, F64(3, 5), 0, 1, 0),
        soma_call_gather_grad(x, classes, F64(3, 5), -1),
        soma_call_scatter(F64(7, 1, 5), classes, F64(7, 3, 5)),
        soma_call_put(F64(7, 3, 5), labels, F64(7, 3, 5), (soma_put_params){.op = SOMA_BINARY_ADD}),
        soma_call_gemm(x, F64(5, 5), columns, x, (soma_gemm_params){.alpha = 1}),
        soma_call_unary(x, x, relu),
        soma_call_binary(x, x, x, SOMA_BINARY_ADD),
        soma_call_reduce(cube, F64(7, 1), SOMA_REDUCE_SUM),
        soma_call_softmax(cube, cube, false),
        soma_call_loss(x, classes, none, none, rows, loss),
        soma_call_metric(x, classes, F64(1, 2), none, (soma_metric_params){.kind = SOMA_METRIC_CATEGORICAL_ACCURACY}),
        soma_call_ctc(F64(7, 5, 5), labels, none, rows, 0),
        soma_call_ctc_grad(F64(7, 5, 5), labels, none, rows, F64(7, 5, 5), 0),
        soma_call_ctc_distance(F64(7, 5, 5), labels, none, rows, 0),
        soma_call_trees(x, F64(2, 4), x, columns, x, 1),
        soma_call_unary_grad(x, x, x, relu),
        soma_call_bias_unary_grad(x, x, x, columns, relu),
        soma_call_softmax_grad(cube, cube, cube, false),
        soma_call_dropout(x, x, (soma_dropout_params){.rate = 0.5f}),
        soma_call_loss_grad(x, classes, none, none, rows, x, none, loss),
        soma_call_norm(rows, F64(2)),
        soma_call_optimizer(rows, rows, rows, rows, none, adam),
        soma_call_optimizer_rows(x, classes, F64(3, 5), F64(3, 5), none, (soma_optimizer_rows_params){.skip = -1}),
        soma_call_conv(images, filters, columns, images, conv),
        soma_call_conv_add(images, filters, columns, images, images, conv),
        soma_call_conv_data_grad(images, filters, columns, images, conv),
        soma_call_conv_weight_grad(images, images, filters, conv),
        soma_call_pool(images, images, pool),
        soma_call_pool_grad(images, images, images, images, pool),
        soma_call_augment(pictures, pictures, (soma_augment_params){.flip = true}),
        soma_call_mix(x, x, (soma_mix_params){.share = 0.5f, .ahead = 1}),
        soma_call_normalize(&(soma_normalize_views){.x = layers, .y = layers},
                            (soma_normalize_params){.centered = true}),
        soma_call_attention(&(soma_attention_views){.q = steps, .k = steps, .v = steps, .y = steps}, attention),
        soma_call_attention_grad(&heads, attention),
        soma_call_matmul(weight, weight, weight, 1),
        soma_call_recurrent(&(soma_recurrent_views){.x = steps, .weight = weight, .y = steps}, rnn),
        soma_call_recurrent_grad(&(soma_recurrent_grad_views){.dy = steps, .weight = weight, .y = steps, .dx = steps},
                                 rnn),
        soma_call_normalize_grad(
            &(soma_normalize_grad_views){.dy = layers, .x = layers, .inverse = F64(7, 1), .dx = layers}, false),
    };
    memcpy(calls, all, sizeof all);
    return SOMA_COUNT_OF(all);
}

/* Only the reference computes in float64, though others may move such numbers; a device that took them for float32
 * would give nonsense. */
START_TEST(float64_is_left_to_the_host) {
    soma_call calls[SOMA_PRIMITIVE_COUNT];
    bool had[SOMA_PRIMITIVE_COUNT] = {false};
    size_t count = float64_calls(calls);
    for (size_t i = 0; i < count; i++) {
        size_t workspace;
        const char *name = soma_primitive_name(calls[i].primitive);
        had[calls[i].primitive] = true;
        if (!soma_suite_has(calls[i].primitive)) continue; /* of a soma without training */
        soma_status status = soma_device_prepare(device, &calls[i], &workspace);
        ck_assert_msg(status == SOMA_OK, "%s: %s", name, soma_last_error());
        bool moves = calls[i].primitive == SOMA_PRIMITIVE_COPY || calls[i].primitive == SOMA_PRIMITIVE_GATHER;
        ck_assert_msg(calls[i].fallback || moves || !strcmp(device->api->name, "reference"), "%s takes float64", name);
        soma_device_release(device, &calls[i]);
    }
    for (size_t i = 0; i < SOMA_PRIMITIVE_COUNT; i++)
        ck_assert_msg(had[i], "%s is not among them", soma_primitive_name((soma_primitive)i));
}
END_TEST

/* CK_INCLUDE_TAGS runs the rows of a primitive, conv_data_grad say, by its whole name or by a word of it, as conv or
 * data. */
static void tag(TCase *row, const char *name) {
    char tags[200];
    snprintf(tags, sizeof tags, "%s %s", name, name);
    for (char *c = tags + strlen(name); *c; c++)
        if (*c == '_') *c = ' ';
    tcase_set_tags(row, tags);
}

static int run_suite(void) {
    Suite *suite = suite_create("conformance");
    TCase *rows = tcase_create("rows");
    tcase_add_test(rows, float64_is_left_to_the_host);
    suite_add_tcase(suite, rows);
    for (int i = 0; i < SOMA_CHECK_COUNT; i++) {
        const char *name = i < SOMA_PRIMITIVE_COUNT ? soma_primitive_name((soma_primitive)i) : "memory list";
        TCase *row = tcase_create(name);
        tag(row, name);
        tcase_add_loop_test(row, row_conforms, i, i + 1);
        suite_add_tcase(suite, row);
    }
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* an OpenCL device does not survive a fork */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: test_conformance DEVICE\n");
        return 2;
    }
    const char *plugin = getenv("SOMA_PLUGIN");
    if (plugin && soma_device_load(plugin) != SOMA_OK) {
        fprintf(stderr, "%s\n", soma_last_error());
        return EXIT_FAILURE;
    }
    soma_status status = soma_device_open(argv[1], NULL, &device);
    if (status == SOMA_NO_DEVICE) {
        printf("skipped: %s\n", soma_last_error());
        return 77;
    }
    if (status != SOMA_OK) {
        fprintf(stderr, "%s\n", soma_last_error());
        return EXIT_FAILURE;
    }
    soma_device_info info;
    soma_device_get_info(device, &info);
    printf("%s: %s (%s)\n", soma_device_selector(device), info.name, info.platform);
    int result = run_suite();
    soma_device_close(device);
    return result;
}
