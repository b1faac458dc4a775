/* SPDX-License-Identifier: MIT */
/* The reference of NORMALIZE against values worked out by hand, and its gradient against differences. In float64. */
#include "reference.h"

#include "base/random.h"
#include <string.h>

START_TEST(layers_are_normalised) {
    double x[4] = {1, 2, 3, 4}, scale[4] = {1, 2, 1, 2}, offset[4] = {0, 0, 1, 1}, y[4], mean[1], inverse[1];
    soma_normalize_views views = {.x = F64(x, 1, 1, 1, 4), .y = F64(y, 1, 1, 1, 4)};
    soma_normalize_params params = {.epsilon = 2.75f, .centered = true}; /* the variance is 1.25 */
    run(soma_call_normalize(&views, params));
    EXPECT_VALUES(y, EXACTLY, -0.75, -0.25, 0.25, 0.75);
    views.scale = F64(scale, 4);
    views.offset = F64(offset, 4);
    views.mean = F64(mean, 1, 1);
    views.inverse = F64(inverse, 1, 1);
    params.function = SOMA_RELU;
    run(soma_call_normalize(&views, params));
    EXPECT_VALUES(y, EXACTLY, 0, 0, 1.25, 2.5);
    EXPECT_VALUES(mean, EXACTLY, 2.5);
    EXPECT_VALUES(inverse, EXACTLY, 0.5);
}
END_TEST

START_TEST(root_mean_square_takes_no_mean_off) {
    double x[2] = {1, 7}, y[2], mean[1], inverse[1];
    soma_normalize_views views = {
        .x = F64(x, 1, 1, 1, 2), .y = F64(y, 1, 1, 1, 2), .mean = F64(mean, 1, 1), .inverse = F64(inverse, 1, 1)};
    run(soma_call_normalize(&views, (soma_normalize_params){.epsilon = 0}));
    EXPECT_VALUES(y, ROUNDING, 0.2, 1.4);
    EXPECT_VALUES(mean, EXACTLY, 0);
    EXPECT_VALUES(inverse, ROUNDING, 0.2);
}
END_TEST

/* Two rows of two groups of two: 1, 3, 5, 7 and 10, 30, 20, 40. */
START_TEST(groups_have_figures_of_their_own) {
    double x[8] = {1, 3, 10, 30, 5, 7, 20, 40}, y[8], mean[2], inverse[2];
    soma_normalize_views views = {
        .x = F64(x, 1, 2, 2, 2), .y = F64(y, 1, 2, 2, 2), .mean = F64(mean, 1, 2), .inverse = F64(inverse, 1, 2)};
    run(soma_call_normalize(&views, (soma_normalize_params){.centered = true}));
    const double a = sqrt(5), b = sqrt(125);
    EXPECT_VALUES(mean, EXACTLY, 4, 25);
    EXPECT_VALUES(inverse, ROUNDING, 1 / a, 1 / b);
    EXPECT_VALUES(y, ROUNDING, -3 / a, -1 / a, -15 / b, 5 / b, 1 / a, 3 / a, -5 / b, 15 / b);
}
END_TEST

/* The batch is 1, 3 and 10, 30: means 2 and 20, variances 1 and 100, of samples 2 and 200. */
START_TEST(batches_move_the_running_figures) {
    double x[4] = {1, 10, 3, 30}, y[4], mean[2] = {0, 0}, variance[2] = {1, 1};
    soma_normalize_views views = {.x = F64(x, 1, 2, 2, 1),
                                  .y = F64(y, 1, 2, 2, 1),
                                  .running_mean = F64(mean, 2),
                                  .running_variance = F64(variance, 2)};
    soma_normalize_params params = {.centered = true, .momentum = 0.75f};
    run(soma_call_normalize(&views, params));
    EXPECT_VALUES(y, ROUNDING, -1, -1, 1, 1);
    EXPECT_VALUES(mean, EXACTLY, 0.5, 5);
    EXPECT_VALUES(variance, ROUNDING, 1, 25.75);
    params.sample_variance = true;
    run(soma_call_normalize(&views, params));
    EXPECT_VALUES(mean, EXACTLY, 0.875, 8.75);
    EXPECT_VALUES(variance, ROUNDING, 1.25, 69.3125);
    double given_mean[2] = {1, 10}, given_variance[2] = {4, 25};
    views.running_mean = F64(given_mean, 2);
    views.running_variance = F64(given_variance, 2);
    params.given = true;
    run(soma_call_normalize(&views, params));
    EXPECT_VALUES(y, EXACTLY, 0, 0, 1, 4);
    EXPECT_VALUES(given_mean, EXACTLY, 1, 10);
    EXPECT_VALUES(given_variance, EXACTLY, 4, 25);
}
END_TEST

START_TEST(one_number_has_no_variance_and_none_changes_nothing) {
    double x[2] = {5, -7}, y[2] = {9, 9}, mean[2] = {1, 1}, variance[2] = {1, 1}, kept[2], inverse[2];
    soma_normalize_views views = {.x = F64(x, 1, 0, 2, 1),
                                  .y = F64(y, 1, 0, 2, 1),
                                  .running_mean = F64(mean, 2),
                                  .running_variance = F64(variance, 2),
                                  .mean = F64(kept, 1, 2),
                                  .inverse = F64(inverse, 1, 2)};
    const soma_normalize_params params = {
        .epsilon = 0.25f, .centered = true, .momentum = 0.5f, .sample_variance = true};
    run(soma_call_normalize(&views, params));
    EXPECT_VALUES(kept, EXACTLY, 0, 0);
    EXPECT_VALUES(inverse, EXACTLY, 2, 2);
    EXPECT_VALUES(mean, EXACTLY, 1, 1);
    EXPECT_VALUES(variance, EXACTLY, 1, 1);
    views.x = F64(x, 1, 1, 2, 1);
    views.y = F64(y, 1, 1, 2, 1);
    run(soma_call_normalize(&views, params));
    EXPECT_VALUES(y, EXACTLY, 0, 0);
    EXPECT_VALUES(mean, EXACTLY, 3, -3);
    EXPECT_VALUES(variance, EXACTLY, 0.5, 0.5);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ gradient */

#ifdef SOMA_HAVE_TRAINING

/* A central difference of step h is off by h^2 f'''/6 and by rounding of about 1e-16 |f| / h. */
#define STEP                 1e-5
#define DIFFERENCE_TOLERANCE 1e-8

enum { MOST = 64 };

typedef struct layer {
    size_t shape[4], count, channels, figures;
    soma_normalize_params params;
    double x[MOST], dy[MOST], scale[MOST], offset[MOST], y[MOST], mean[MOST], inverse[MOST];
} layer;

static soma_view whole(const layer *l, double *values) {
    return soma_view_of(values, 0, SOMA_F64, 4, l->shape);
}

static soma_view figures(const layer *l, double *values) {
    return F64(values, l->shape[0], l->shape[2]);
}

/* sum_i dy_i y_i */
static double forward(layer *l) {
    soma_normalize_views views = {.x = whole(l, l->x),
                                  .scale = F64(l->scale, l->channels),
                                  .offset = F64(l->offset, l->channels),
                                  .y = whole(l, l->y),
                                  .mean = figures(l, l->mean),
                                  .inverse = figures(l, l->inverse)};
    run(soma_call_normalize(&views, l->params));
    double sum = 0.0;
    for (size_t i = 0; i < l->count; i++) sum += l->dy[i] * l->y[i];
    return sum;
}

static void expect_differences(layer *l, double *of, const double *gradient, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++) {
        double at = of[i], side[2];
        for (int k = 0; k < 2; k++) {
            of[i] = at + (k ? STEP : -STEP);
            side[k] = forward(l);
        }
        of[i] = at;
        expect_value(gradient[i], (side[1] - side[0]) / (2.0 * STEP), DIFFERENCE_TOLERANCE, what);
    }
}

static void fill(soma_random *random, double *values, size_t count, double middle) {
    for (size_t i = 0; i < count; i++) values[i] = middle + 2.0 * (double)soma_random_uniform(random) - 1.0;
}

START_TEST(gradients_are_those_of_normalising) {
    static const size_t shapes[][4] = {{1, 7, 3, 1}, {5, 1, 1, 6}, {2, 3, 2, 4},
                                       {3, 4, 1, 2}, {2, 1, 3, 4}, {1, 1, 4, 1}};
    soma_random random;
    soma_random_init(&random, 5, SOMA_STREAM_DATA);
    for (size_t i = 0; i < 2 * SOMA_COUNT_OF(shapes); i++) {
        const size_t *shape = shapes[i / 2];
        layer l = {.params = {.epsilon = 0.125f, .centered = i % 2 == 0},
                   .count = shape[0] * shape[1] * shape[2] * shape[3],
                   .channels = shape[2] * shape[3],
                   .figures = shape[0] * shape[2]};
        double dx[MOST], dscale[MOST], doffset[MOST];
        memcpy(l.shape, shape, sizeof l.shape);
        fill(&random, l.x, l.count, 0.5);
        fill(&random, l.dy, l.count, 0.0);
        fill(&random, l.scale, l.channels, 1.0);
        fill(&random, l.offset, l.channels, 0.0);
        forward(&l);
        soma_normalize_grad_views views = {.dy = whole(&l, l.dy),
                                           .x = whole(&l, l.x),
                                           .scale = F64(l.scale, l.channels),
                                           .mean = l.params.centered ? figures(&l, l.mean) : NONE,
                                           .inverse = figures(&l, l.inverse),
                                           .dx = whole(&l, dx),
                                           .dscale = F64(dscale, l.channels),
                                           .doffset = F64(doffset, l.channels)};
        run(soma_call_normalize_grad(&views, l.params.centered));
        expect_differences(&l, l.x, dx, l.count, "dx");
        expect_differences(&l, l.scale, dscale, l.channels, "dscale");
        expect_differences(&l, l.offset, doffset, l.channels, "doffset");
    }
}
END_TEST

#endif

int main(void) {
    Suite *suite = suite_create("reference of normalising");
    TCase *tests = tcase_create("normalize");
    tcase_add_test(tests, layers_are_normalised);
    tcase_add_test(tests, root_mean_square_takes_no_mean_off);
    tcase_add_test(tests, groups_have_figures_of_their_own);
    tcase_add_test(tests, batches_move_the_running_figures);
    tcase_add_test(tests, one_number_has_no_variance_and_none_changes_nothing);
#ifdef SOMA_HAVE_TRAINING
    tcase_add_test(tests, gradients_are_those_of_normalising);
#endif
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
