/* SPDX-License-Identifier: MIT */
/* Small ONNX models whose values are known. */
#include "onnx_cases.h"

#include "base/file.h"
#include "expect.h"
#include "temporary.h"

#include <stdio.h>

static soma_device *device;
static const onnx_case *all_cases;
static int64_t opset_of_all;

START_TEST(models_give_what_is_worked_out) {
    const onnx_case *one = &all_cases[_i];
    soma_network *network;
    float found[MOST_VALUES];
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    const char *path = temporary_path("m.onnx");
    onnx_make(one->body, 8, opset_of_all, one->rank, one->shape);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_load_onnx(path, NULL, &network));
    for (int again = 0; again < 2; again++) {
        expect_ok(soma_compile(network, device, &options));
        ck_assert_uint_eq(one->samples * soma_tensor_count(soma_network_output(network, 0)), one->count);
        expect_ok(soma_run(network, one->x, one->samples, found));
        for (size_t i = 0; i < one->count; i++)
            ck_assert_msg(found[i] == one->y[i], "%s: value %zu is %.9g, expected %.9g", one->name, i, (double)found[i],
                          (double)one->y[i]);
        if (again) break;
        expect_ok(soma_save(network, temporary_path("m.safetensors")));
        soma_network_destroy(network);
        expect_ok(soma_load(temporary_path("m.safetensors"), &network));
    }
    soma_network_destroy(network);
}
END_TEST

int onnx_run_cases(int argc, char **argv, const char *suite_name, int64_t opset, const onnx_case *cases, size_t count) {
    if (argc != 2) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return printf("skipped: %s\n", soma_last_error()), 77;
    all_cases = cases;
    opset_of_all = opset;
    TCase *all = tcase_create(suite_name);
    tcase_set_timeout(all, 120);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, models_give_what_is_worked_out, 0, (int)count);
    Suite *suite = suite_create(suite_name);
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
