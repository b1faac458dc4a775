/* SPDX-License-Identifier: MIT */
/* Reductions over several axes at once: values, files, and where gradients use them. On the float64 device. */
#include "expect.h"
#include "graph/rewrites.h"
#include "host_device.h"
#include "host_network.h"
#include "io/model/json.h"
#include "suite.h"

#include <math.h>

enum { BATCH = 3, COUNT = BATCH * 2 * 5 * 4 };

static const size_t full[4] = {BATCH, 2, 5, 4};

/* What a reduction over `count` axes from `axis` on is, by its definition. */
static double expected(const double *x, soma_reduction op, uint32_t axis, uint32_t count, size_t result) {
    double sum = 0, squares = 0, most = -INFINITY, least = INFINITY;
    size_t number = 0;
    for (size_t i = 0; i < COUNT; i++) {
        size_t index[4], rest = i, target = 0;
        for (uint32_t j = 4; j-- > 0; rest /= full[j]) index[j] = rest % full[j];
        for (uint32_t j = 0; j < 4; j++)
            if (j < axis || j >= axis + count) target = target * full[j] + index[j];
        if (target != result) continue;
        sum += x[i];
        squares += x[i] * x[i];
        most = fmax(most, x[i]);
        least = fmin(least, x[i]);
        number++;
    }
    const double values[SOMA_REDUCTION_COUNT] = {[SOMA_REDUCE_SUM] = sum,
                                                 [SOMA_REDUCE_MEAN] = sum / (double)number,
                                                 [SOMA_REDUCE_MAX] = most,
                                                 [SOMA_REDUCE_MIN] = least,
                                                 [SOMA_REDUCE_SUM_SQUARES] = squares};
    return values[op];
}

static const struct {
    uint32_t axis, count;
    const char *shape;
    size_t results;
} ranges[] = {
    {0, 1, "[2, 5, 4]", 40}, {0, 2, "[5, 4]", 20},        {0, 3, "[4]", 4},
    {0, 4, "[]", 1},         {1, 1, "[batch, 5, 4]", 60}, {1, 2, "[batch, 4]", 12},
    {1, 3, "[batch]", 3},    {2, 2, "[batch, 2]", 6},     {3, 1, "[batch, 2, 5]", 30},
};

START_TEST(several_axes_are_reduced_as_one) {
    soma_reduction op = (soma_reduction)(_i % SOMA_REDUCTION_COUNT);
    size_t range = (size_t)_i / SOMA_REDUCTION_COUNT;
    soma_device device;
    soma_executor *executor;
    soma_plan *plan;
    soma_graph graph;
    soma_step_values step = {0};
    soma_plan_figures figures;
    double x[COUNT], y[COUNT];
    char text[SOMA_SHAPE_TEXT];
    soma_graph_init(&graph);
    soma_tensor *in = add_input(&graph, "[batch, 2, 5, 4]"), *out;
    expect_ok(soma_graph_reduce_axes(&graph, in, op, ranges[range].axis, ranges[range].count, &out));
    ck_assert_str_eq(soma_tensor_shape_text(out, text), ranges[range].shape);
    out->kept = true;
    host_device_open(&device);
    expect_ok(soma_executor_create(&device, SOMA_F64, 0, 0, &executor));
    expect_ok(soma_plan_create(executor, &graph, BATCH, SOMA_SGD, &plan));
    soma_plan_get_figures(plan, &figures);
    ck_assert_uint_eq(figures.calls, 2); /* one gathers the input */
    write_random_inputs(plan, &graph);
    read_double(plan, in, x);
    expect_ok(soma_plan_run(plan, &step));
    read_double(plan, out, y);
    for (size_t i = 0; i < ranges[range].results; i++) {
        double right = expected(x, op, ranges[range].axis, ranges[range].count, i);
        ck_assert_msg(fabs(y[i] - right) <= 1e-13 * (1 + fabs(right)), "op %d, range %zu, element %zu: %g, not %g",
                      (int)op, range, i, y[i], right);
    }
    soma_plan_destroy(plan);
    soma_executor_destroy(executor);
    soma_graph_clear(&graph);
}
END_TEST

/* A file names the number of axes where there are several; one from before has none, and means one. */
START_TEST(files_without_a_number_of_axes_mean_one) {
    static const size_t shape[3] = {2, 5, 4};
    soma_network *network, *loaded;
    soma_tensor *y;
    char *text;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, "x", 3, shape);
    soma_reduce(x, SOMA_REDUCE_MEAN, 0);
    expect_ok(soma_model_encode(network, &text));
    ck_assert_ptr_null(strstr(text, "\"axes\""));
    expect_ok(soma_model_decode("text", text, strlen(text), &loaded));
    ck_assert_uint_eq(soma_network_output(loaded, 0)->attributes.reduce.count, 1);
    soma_network_destroy(loaded);
    soma_free(text);
    expect_ok(soma_graph_reduce_axes(&network->graph, x, SOMA_REDUCE_MEAN, 1, 2, &y));
    expect_ok(soma_network_add_output(network, y));
    expect_ok(soma_model_encode(network, &text));
    ck_assert_ptr_nonnull(strstr(text, "\"axes\""));
    expect_ok(soma_model_decode("text", text, strlen(text), &loaded));
    y = soma_network_output(loaded, 0);
    ck_assert(y->attributes.reduce.count == 2 && y->batched && y->rank == 1 && y->shape[0] == 4);
    soma_network_destroy(loaded);
    soma_free(text);
    soma_network_destroy(network);
}
END_TEST

#ifdef SOMA_HAVE_TRAINING
/* The gradient of what was broadcast: one sum for each run of axes, the batch among them. */
static const struct {
    const char *x, *y;
    uint32_t sums;
} broadcasts[] = {
    {"[batch, 2, 5, 4]", "[4]", 1},
    {"[batch, 2, 5, 4]", "[1]", 1},
    {"[batch, 2, 5, 4]", "[2, 1, 4]", 2},
    {"[batch, 2, 5, 4]", "[1, 5, 1]", 2},
    {"[batch, 2, 5, 4]", "[batch, 1, 1, 4]", 1},
    {"[2, 5, 4]", "[5, 4]", 1},
    {"[batch, 4]", "[batch, 4]", 0},
};

START_TEST(gradients_of_broadcasts_are_sums_of_runs_of_axes) {
    soma_graph graph;
    soma_graph_init(&graph);
    soma_tensor *x = add_input(&graph, broadcasts[_i].x), *y = add_input(&graph, broadcasts[_i].y), *sum, *dy,
                *gradient;
    soma_tensor *seed = add_input(&graph, broadcasts[_i].x);
    expect_ok(soma_graph_binary(&graph, x, y, SOMA_BINARY_ADD, &sum));
    dy = seed;
    expect_ok(soma_graph_differentiate(&graph, &sum, &dy, 1, &y, 1, &gradient));
    ck_assert(soma_tensor_same_shape(gradient, y));
    ck_assert_uint_eq(count_op(&graph, SOMA_OP_REDUCE), broadcasts[_i].sums);
    soma_graph_clear(&graph);
}
END_TEST
#endif

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, several_axes_are_reduced_as_one, 0, SOMA_REDUCTION_COUNT * (int)SOMA_COUNT_OF(ranges));
    tcase_add_test(cases, files_without_a_number_of_axes_mean_one);
#ifdef SOMA_HAVE_TRAINING
    tcase_add_loop_test(cases, gradients_of_broadcasts_are_sums_of_runs_of_axes, 0, SOMA_COUNT_OF(broadcasts));
#endif
}

int main(void) {
    return run_suite("reduce", add_tests);
}
