/* SPDX-License-Identifier: MIT */
/*
 * What the runner of the ONNX backend's vectors takes for right: noise of rounding where terms cancel out, and nothing
 * else. The vectors that are installed show only that it passes what is right.
 */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/file.h"
#include "onnx_model.h"
#include "onnx_vector.h"
#include "temporary.h"

#include <math.h>
#include <sys/stat.h>

static const double TURN = 6.283185307179586476925286766559;

enum { LENGTH = 10, COUNT = 2 * LENGTH };

static soma_device *device;
static double input[COUNT], expected[COUNT];

/* 1, 11, ... 91 with imaginary parts of 0, as the suite's own vectors have it, and their inverse transform. */
static void make_numbers(void) {
    for (size_t n = 0; n < LENGTH; n++) input[2 * n] = 1 + 10 * (double)n;
    for (size_t k = 0; k < LENGTH; k++) {
        double sum[2] = {0, 0};
        for (size_t n = 0; n < LENGTH; n++) {
            const double angle = TURN * (double)(n * k % LENGTH) / LENGTH;
            sum[0] += input[2 * n] * cos(angle) - input[2 * n + 1] * sin(angle);
            sum[1] += input[2 * n] * sin(angle) + input[2 * n + 1] * cos(angle);
        }
        for (size_t part = 0; part < 2; part++) expected[2 * k + part] = sum[part] / LENGTH;
    }
}

static void put_inverse(void) {
    size_t one = soma_onnx_begin_node(&made, "DFT", "y", (const char *const[]){"x", NULL});
    soma_onnx_put_attribute_integer(&made, "axis", 1);
    soma_onnx_put_attribute_integer(&made, "inverse", 1);
    soma_onnx_end_node(&made, one);
}

static void put_opposite(void) {
    node("Neg", "x", NULL, "y");
}

static void write_tensor(const char *name, const double *values) {
    int64_t dim[] = {1, LENGTH, 2};
    float floats[COUNT];
    uint8_t bytes[512];
    Soma__Onnx__TensorProto tensor = SOMA__ONNX__TENSOR_PROTO__INIT;
    for (size_t i = 0; i < COUNT; i++) floats[i] = (float)values[i];
    tensor.n_dims = 3;
    tensor.dims = dim;
    tensor.has_data_type = 1;
    tensor.data_type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor.n_float_data = COUNT;
    tensor.float_data = floats;
    ck_assert_uint_le(soma__onnx__tensor_proto__get_packed_size(&tensor), sizeof bytes);
    expect_ok(soma_file_write(temporary_path(name), bytes, soma__onnx__tensor_proto__pack(&tensor, bytes)));
}

/* What the runner says of a vector with this model; empty: it is right. */
static const char *verdict(void (*body)(void), const double *outputs) {
    static char text[1024];
    onnx_make(body, 9, 19, SHAPE(1, LENGTH, 2));
    expect_ok(soma_file_write(temporary_path("model.onnx"), W->data, W->size));
    mkdir(temporary_path("test_data_set_0"), 0700);
    write_tensor("test_data_set_0/input_0.pb", input);
    write_tensor("test_data_set_0/output_0.pb", outputs);
    expect_ok(onnx_vector_run(temporary_directory, "", false, device, text, sizeof text));
    if (!*text) expect_ok(onnx_vector_run_session(temporary_directory, device, text, sizeof text));
    unlink(temporary_path("test_data_set_0/input_0.pb"));
    unlink(temporary_path("test_data_set_0/output_0.pb"));
    rmdir(temporary_path("test_data_set_0"));
    return text;
}

/* The imaginary parts of the mean and of the highest frequency are 0 but for rounding: NumPy 2 has 1.9e-7 there. */
START_TEST(noise_of_cancelled_terms_is_right) {
    double noisy[COUNT];
    for (size_t i = 0; i < COUNT; i++) noisy[i] = expected[i] + (i % 2 ? 2e-7 : -2e-7);
    ck_assert_str_eq(verdict(put_inverse, expected), "");
    ck_assert_str_eq(verdict(put_inverse, noisy), "");
}
END_TEST

/* Of the smallest of its terms, 1/10, a thousandth part. */
START_TEST(less_than_a_term_is_wrong) {
    for (size_t i = 0; i < COUNT; i++) {
        double wrong[COUNT];
        memcpy(wrong, expected, sizeof wrong);
        wrong[i] += 1e-3 * fabs(expected[i]) + 1e-3;
        ck_assert_msg(strstr(verdict(put_inverse, wrong), "element"), "element %zu", i);
    }
}
END_TEST

START_TEST(where_nothing_is_summed_up_nothing_is_allowed) {
    double opposite[COUNT], noisy[COUNT];
    for (size_t i = 0; i < COUNT; i++) opposite[i] = -input[i];
    memcpy(noisy, opposite, sizeof noisy);
    ck_assert_str_eq(verdict(put_opposite, opposite), "");
    noisy[3] = 2e-7; /* 0 is expected */
    ck_assert_ptr_nonnull(strstr(verdict(put_opposite, noisy), "element 3"));
}
END_TEST

int main(void) {
    if (soma_device_open("cpu", NULL, &device) != SOMA_OK) return 1;
    make_numbers();
    TCase *all = tcase_create("onnx_vector_bound");
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_test(all, noise_of_cancelled_terms_is_right);
    tcase_add_test(all, less_than_a_term_is_wrong);
    tcase_add_test(all, where_nothing_is_summed_up_nothing_is_allowed);
    Suite *suite = suite_create("onnx_vector_bound");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
