/* SPDX-License-Identifier: MIT */
/* ONNX's Unsqueeze needs to be told where: by an attribute up to opset 12, then by an input. */
#include "base/file.h"
#include "expect.h"
#include "onnx_model.h"
#include "suite.h"
#include "temporary.h"

static bool given;
static int64_t opset;

static void put(void) {
    integers("axes", 1, (const int64_t[]){1});
    size_t one =
        soma_onnx_begin_node(&made, "Unsqueeze", "y", (const char *[]){"x", given && opset > 12 ? "axes" : NULL, NULL});
    if (given && opset <= 12) soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){1}, 1);
    soma_onnx_end_node(&made, one);
}

static soma_status load(soma_network **network) {
    make(put, 8, opset); /* x [?, 4] */
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    return soma_load_onnx(temporary_path("m.onnx"), NULL, network);
}

START_TEST(axes_are_needed) {
    soma_network *network;
    opset = _i;
    given = true;
    expect_ok(load(&network));
    const soma_tensor *y = soma_network_output(network, 0);
    ck_assert(y->rank == 2 && y->shape[0] == 1 && y->shape[1] == 4);
    soma_network_destroy(network);
    given = false;
    expect_error(load(&network), SOMA_INVALID_FILE, "node 0, \"y\" (Unsqueeze", "axes are missing");
}
END_TEST

static void add(TCase *tests) {
    tcase_add_unchecked_fixture(tests, temporary_create, temporary_destroy);
    tcase_add_loop_test(tests, axes_are_needed, 11, 15);
}

int main(void) {
    return run_suite("onnx, Unsqueeze", add);
}
