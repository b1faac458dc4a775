/* SPDX-License-Identifier: MIT */
/* What each thread of the cpu device makes of a convolution: as many images as the other, all passes of each. */
#include "device/calls.h"
#include "device/cpu/run.h"

#include "expect.h"

#include <math.h>
#include <stdlib.h>

enum { IMAGES = 64, THREADS = 2 };

static float *ones(size_t count) {
    float *out = soma_malloc_aligned(64, soma_round_up(count * sizeof(float), 64));
    ck_assert_ptr_nonnull(out);
    for (size_t i = 0; i < count; i++) out[i] = 1.0f;
    return out;
}

/* The images of which all is written by the first half of the last phase's tasks; of no other may anything be. */
static size_t images_of_first_thread(const soma_cpu_isa *isa, size_t from, size_t to, size_t channels, size_t filters,
                                     bool back) {
    const uint32_t stride = back ? 2 : 1;
    const soma_conv_params params = {.stride = {1, stride, stride},
                                     .dilation = {1, 1, 1},
                                     .before = {0, 1, 1},
                                     .groups = 1,
                                     .function = SOMA_IDENTITY};
    const size_t source_shape[] = {IMAGES, 1, from, from, channels}, result_shape[] = {IMAGES, 1, to, to, filters},
                 weight_shape[] = {1, 3, 3, back ? filters : channels, back ? channels : filters};
    const size_t of_image = to * to * filters;
    float *source = ones(IMAGES * from * from * channels), *weight = ones(9 * channels * filters),
          *result = ones(IMAGES * of_image);
    const soma_view x = soma_view_of(source, 0, SOMA_F32, 5, source_shape),
                    w = soma_view_of(weight, 0, SOMA_F32, 5, weight_shape),
                    y = soma_view_of(result, 0, SOMA_F32, 5, result_shape), none = {.rank = 0};
    soma_call call = back ? soma_call_conv_data_grad(x, w, none, y, params) : soma_call_conv(x, w, none, y, params);
    size_t bytes, images = 0, written = 0;
    expect_ok(soma_cpu_prepare(isa, THREADS, &call, &bytes));
    call.workspace = soma_malloc_aligned(64, soma_round_up(bytes + 64, 64));
    for (size_t i = 0; i < IMAGES * of_image; i++) result[i] = NAN;
    const soma_cpu_plan *plan = call.prepared;
    for (uint32_t i = 0; i < plan->phase_count; i++) {
        const soma_cpu_phase *phase = &plan->phase[i];
        const size_t tasks = i + 1 < plan->phase_count ? phase->tasks : phase->tasks / THREADS;
        for (size_t task = 0; task < tasks; task++) phase->run(&call, plan, task, 0);
    }
    for (size_t image = 0; image < IMAGES; image++) {
        size_t count = 0;
        for (size_t i = 0; i < of_image; i++) count += !isnan(result[image * of_image + i]);
        written += count;
        images += count == of_image;
    }
    ck_assert_uint_eq(written, images * of_image);
    soma_free_aligned(call.workspace);
    soma_cpu_release(&call);
    soma_free_aligned(source);
    soma_free_aligned(weight);
    soma_free_aligned(result);
    return images;
}

/* The sizes are those of residual networks for pictures of 32 x 32. */
START_TEST(test_threads_have_equal_shares) {
    const soma_cpu_isa *isa;
    for (size_t number = 0; (isa = soma_cpu_isa_get(number)); number++) {
        ck_assert_uint_eq(images_of_first_thread(isa, 32, 32, 16, 16, false), IMAGES / THREADS);
        ck_assert_uint_eq(images_of_first_thread(isa, 16, 16, 32, 32, false), IMAGES / THREADS);
        ck_assert_uint_eq(images_of_first_thread(isa, 8, 8, 64, 64, false), IMAGES / THREADS);
        if (!SOMA_HAS_TRAINING) continue;
        ck_assert_uint_eq(images_of_first_thread(isa, 16, 32, 32, 16, true), IMAGES / THREADS);
        ck_assert_uint_eq(images_of_first_thread(isa, 8, 16, 64, 32, true), IMAGES / THREADS);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu conv shares");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_threads_have_equal_shares);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
