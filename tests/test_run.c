/* SPDX-License-Identifier: MIT */
/* Values between a plan and the host, and the search for the first one that is not finite. */
#include "expect.h"
#include "graph/plan_internal.h"
#include "graph/rewrites.h"
#include "host_device.h"
#include "host_network.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>

enum { BATCH = 3 };

/* One executor and one plan over a graph; 64 parameters. */
typedef struct planned {
    soma_device device;
    soma_executor *executor;
    soma_graph graph;
    soma_plan *plan;
} planned;

static void planned_begin(planned *p, soma_dtype real) {
    host_device_open(&p->device);
    expect_ok(soma_executor_create(&p->device, real, 64, 64, &p->executor));
    soma_graph_init(&p->graph);
}

static void planned_make(planned *p) {
    expect_ok(soma_plan_create(p->executor, &p->graph, BATCH, SOMA_SGD, &p->plan));
}

static void planned_end(planned *p) {
    soma_plan_destroy(p->plan);
    soma_graph_clear(&p->graph);
    soma_executor_destroy(p->executor);
    ck_assert_uint_eq(p->device.memory.allocated, 0);
}

static soma_tensor *add_class_input(soma_graph *graph) {
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .dtype = SOMA_I32, .batched = true};
    soma_tensor *tensor;
    expect_ok(soma_graph_add(graph, &spec, &tensor));
    return tensor;
}

static soma_tensor *add_parameter(soma_graph *graph, size_t count, size_t offset) {
    soma_tensor_spec spec = {.op = SOMA_OP_PARAMETER, .rank = 1, .shape = {count}, .name = "weights"};
    soma_tensor *tensor;
    expect_ok(soma_graph_add(graph, &spec, &tensor));
    tensor->place = SOMA_PLACE_PARAMETER;
    tensor->offset = offset;
    return tensor;
}

/* ----------------------------------------------------------------------------------------------------- conversions */

static const float floats[BATCH] = {0.5f, -2, 1e10f};
static const double doubles[BATCH] = {0.1, -2, 1e300};
static const uint8_t bytes[BATCH] = {0, 128, 255};
static const int32_t integers[BATCH] = {-1, 7, 16777217};

static const struct {
    soma_dtype real, from;
    const void *values;
    float scale, shift;
    double expected[BATCH];
} conversions[] = {
    {SOMA_F32, SOMA_F32, floats, 1, 0, {0.5, -2, 1e10f}},
    {SOMA_F32, SOMA_F32, floats, 2, 1, {2, -3, 2e10f}},
    {SOMA_F32, SOMA_U8, bytes, 1, 0, {0, 128, 255}},
    {SOMA_F32, SOMA_U8, bytes, 1.0f / 255, 0, {0, 128 * (1.0f / 255), 255 * (1.0f / 255)}},
    {SOMA_F32, SOMA_I32, integers, 1, 0, {-1, 7, 16777216}}, /* the nearest float32 */
    {SOMA_F64, SOMA_F32, floats, 1, 0, {0.5, -2, (double)1e10f}},
    {SOMA_F64, SOMA_F64, doubles, 1, 0, {0.1, -2, 1e300}},
    {SOMA_F64, SOMA_F64, doubles, 0.5f, 1, {1.05, 0, 5e299}},
    {SOMA_F64, SOMA_U8, bytes, 0.25f, -1, {-1, 31, 62.75}},
    {SOMA_F64, SOMA_I32, integers, 1, 0, {-1, 7, 16777217}},
};

START_TEST(inputs_are_converted) {
    planned p;
    double values[BATCH];
    float narrow[BATCH];
    planned_begin(&p, conversions[_i].real);
    soma_tensor *x = add_input(&p.graph, "[batch, 1]");
    planned_make(&p);
    expect_ok(soma_plan_write_input(p.plan, 0, conversions[_i].values, conversions[_i].from, conversions[_i].scale,
                                    conversions[_i].shift));
    if (conversions[_i].real == SOMA_F64) {
        read_double(p.plan, x, values);
        for (int i = 0; i < BATCH; i++) ck_assert(values[i] == conversions[_i].expected[i]);
    }
    expect_ok(soma_plan_read(p.plan, x, narrow, BATCH));
    for (int i = 0; i < BATCH; i++)
        ck_assert_msg(narrow[i] == (float)conversions[_i].expected[i], "case %d: %.9g, expected %.17g", _i,
                      (double)narrow[i], conversions[_i].expected[i]);
    planned_end(&p);
}
END_TEST

START_TEST(class_numbers_are_whole) {
    planned p;
    void *memory;
    size_t offset;
    planned_begin(&p, SOMA_F32);
    soma_tensor *classes = add_class_input(&p.graph);
    planned_make(&p);
    expect_ok(soma_plan_write_input(p.plan, 0, bytes, SOMA_U8, 1, 0));
    soma_plan_locate(p.plan, classes, &memory, &offset);
    const int32_t *written = (const int32_t *)(const void *)((const char *)memory + offset);
    ck_assert(written[0] == 0 && written[1] == 128 && written[2] == 255);
    expect_ok(soma_plan_write_input(p.plan, 0, integers, SOMA_I32, 1, 0));
    ck_assert(written[0] == -1 && written[2] == 16777217);
    expect_error(soma_plan_write_input(p.plan, 0, floats, SOMA_F32, 1, 0), SOMA_INVALID_ARGUMENT, "input #0",
                 "float32 cannot become int32");
    expect_error(soma_plan_write_input(p.plan, 0, doubles, SOMA_F64, 1, 0), SOMA_INVALID_ARGUMENT, "float64");
    planned_end(&p);
}
END_TEST

START_TEST(wrong_requests_are_refused) {
    planned p;
    float values[8];
    planned_begin(&p, SOMA_F32);
    soma_tensor *x = add_input(&p.graph, "[batch, 2]"), *classes = add_class_input(&p.graph);
    planned_make(&p);
    expect_error(soma_plan_write_input(p.plan, 2, floats, SOMA_F32, 1, 0), SOMA_INVALID_ARGUMENT, "no input number 2");
    expect_error(soma_plan_write_input(p.plan, 0, floats, SOMA_DTYPE_COUNT, 1, 0), SOMA_INVALID_ARGUMENT,
                 "unknown cannot become float32");
    expect_error(soma_plan_read(p.plan, x, values, 5), SOMA_INVALID_ARGUMENT, "input #0 has 6 values",
                 "batch of 3, asked for 5");
    expect_error(soma_plan_read(p.plan, classes, values, BATCH), SOMA_INVALID_ARGUMENT, "is int32");
    planned_end(&p);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ not finite */

/*
 * x, y inputs; w parameter [2]; e = exp(x) + w; both = concat(e, y); g = d relu(both), h its sum over the batch.
 * Every tensor but the inputs and w begins as NaN, since the device fills its memory with that.
 */
typedef struct suspects {
    planned p;
    soma_tensor *x, *y, *w, *exp, *sum, *both, *gradient, *bias;
} suspects;

static void suspects_begin(suspects *s) {
    planned_begin(&s->p, SOMA_F32);
    soma_graph *graph = &s->p.graph;
    s->x = add_input(graph, "[batch, 2]");
    s->y = add_input(graph, "[batch, 3]");
    s->w = add_parameter(graph, 2, 16);
    s->exp = add_unary(graph, s->x, SOMA_EXP);
    expect_ok(soma_graph_binary(graph, s->exp, s->w, SOMA_BINARY_ADD, &s->sum));
    soma_tensor *parts[] = {s->sum, s->y};
    soma_tensor_spec spec = {.op = SOMA_OP_CONCAT, .input_count = 2, .input = parts, .attributes = {.concat = {1}}};
    expect_ok(soma_graph_add(graph, &spec, &s->both));
    soma_tensor *gradient[] = {s->both, s->both};
    spec = (soma_tensor_spec){.op = SOMA_OP_UNARY_GRAD, .input_count = 2, .input = gradient};
    spec.attributes.unary.function = SOMA_RELU;
    expect_ok(soma_graph_add(graph, &spec, &s->gradient));
    expect_ok(soma_graph_reduce(graph, s->gradient, SOMA_REDUCE_SUM, 0, &s->bias));
    s->bias->kept = true;
    expect_ok(soma_graph_fuse(graph, SOMA_FUSE_ALL));
    ck_assert_int_eq(s->bias->op, SOMA_OP_SECOND);
    soma_tensor *ignored;
    spec = (soma_tensor_spec){.op = SOMA_OP_OPTIMIZER};
    expect_ok(soma_graph_add(graph, &spec, &ignored));
    expect_ok(soma_executor_reserve_training(s->p.executor, 0));
    planned_make(&s->p);
}

static const struct {
    const char *name;
    float x, y, w;
    size_t bad; /* member of suspects */
} suspect_cases[] = {
    {"all is well", 1, 1, 1, 0},
    {"a parameter", 1, 1, NAN, offsetof(suspects, w)},
    {"an infinite parameter", 1, 1, -INFINITY, offsetof(suspects, w)},
    {"an input", NAN, 1, 1, offsetof(suspects, x)},
    {"another input", 1, INFINITY, 1, offsetof(suspects, y)},
    {"an activation", 100, 1, 1, offsetof(suspects, exp)}, /* e^100 is no float32 */
    {"a sum", 88, 1, 3e38f, offsetof(suspects, sum)},
    {"the second result", 0, 3e38f, 1, offsetof(suspects, bias)}, /* 3 times 3e38 */
};

START_TEST(the_first_bad_tensor_is_found) {
    suspects s;
    const soma_tensor *bad;
    float x[BATCH * 2] = {0}, y[BATCH * 3], w[2] = {0}, after[2];
    soma_step_values values = {.optimizer = {.learning_rate = 1, .l2 = 1}};
    suspects_begin(&s);
    x[3] = suspect_cases[_i].x;
    w[1] = suspect_cases[_i].w;
    for (int i = 0; i < BATCH * 3; i++) y[i] = suspect_cases[_i].y;
    expect_ok(soma_plan_write_input(s.p.plan, 0, x, SOMA_F32, 1, 0));
    expect_ok(soma_plan_write_input(s.p.plan, 1, y, SOMA_F32, 1, 0));
    expect_ok(soma_executor_write(s.p.executor, s.p.executor->parameters, 16, w, 2));
    expect_ok(soma_plan_find_not_finite(s.p.plan, &values, &bad));
    const soma_tensor *expected = NULL;
    if (suspect_cases[_i].bad) memcpy(&expected, (const char *)&s + suspect_cases[_i].bad, sizeof expected);
    char label[2][SOMA_SHAPE_TEXT];
    ck_assert_msg(bad == expected, "%s: found %s, expected %s", suspect_cases[_i].name,
                  bad ? soma_tensor_label(bad, label[0]) : "none",
                  expected ? soma_tensor_label(expected, label[1]) : "none");
    /* It stops before the optimizer, which would have changed the weights. */
    expect_ok(soma_executor_read(s.p.executor, s.p.executor->parameters, 16, after, 2));
    ck_assert_mem_eq(after, w, sizeof w);
    planned_end(&s.p);
}
END_TEST

START_TEST(a_bad_input_is_found_in_what_was_fed) {
    suspects s;
    const soma_tensor *bad;
    float x[4][2] = {{0}}, y[4][3] = {{0}}, w[2] = {0};
    soma_feed feeds[2] = {{x, 0, SOMA_F32, 4, 1, 0, NULL, 0}, {y, 0, SOMA_F32, 4, 1, 0, NULL, 0}};
    soma_step_values values = {.start = 1};
    suspects_begin(&s);
    expect_ok(soma_executor_write(s.p.executor, s.p.executor->parameters, 16, w, 2));
    expect_ok(soma_plan_set_feeds(s.p.plan, feeds, 2));
    expect_ok(soma_plan_find_not_finite(s.p.plan, &values, &bad));
    ck_assert_ptr_null(bad);
    y[0][0] = NAN; /* no part of the batch */
    expect_ok(soma_plan_find_not_finite(s.p.plan, &values, &bad));
    ck_assert_ptr_null(bad);
    y[3][2] = NAN;
    expect_ok(soma_plan_find_not_finite(s.p.plan, &values, &bad));
    ck_assert_ptr_eq(bad, s.y);
    planned_end(&s.p);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, inputs_are_converted, 0, SOMA_COUNT_OF(conversions));
    tcase_add_test(cases, class_numbers_are_whole);
    tcase_add_test(cases, wrong_requests_are_refused);
    if (SOMA_HAS_TRAINING) {
        tcase_add_loop_test(cases, the_first_bad_tensor_is_found, 0, SOMA_COUNT_OF(suspect_cases));
        tcase_add_test(cases, a_bad_input_is_found_in_what_was_fed);
    }
}

int main(void) {
    return run_suite("run", add_tests);
}
