/* SPDX-License-Identifier: MIT */
/*
 * Networks without memory: building, compiling, training, saving and loading are repeated, and each time one allocation
 * later fails, until all succeed. Every failure is told as one and loses nothing, and what failed succeeds when it is
 * tried again.
 */
#include "expect.h"
#include "failing_memory.h"
#include "host_device.h"
#include "suite.h"
#include "temporary.h"
#include "train/step.h"

static soma_device host;
static soma_device *cpu;

static void setup(void) {
    temporary_create();
    host_device_open(&host);
    expect_ok(soma_device_open("cpu", NULL, &cpu));
}

static void teardown(void) {
    soma_device_close(cpu);
    temporary_destroy();
}

/* -------------------------------------------------------------------------------------------------------- building */

static soma_status end_building(soma_network *network) {
    soma_status status = soma_network_status(network);
    allow_allocations();
    if (status == SOMA_OK) ck_assert_uint_ge(soma_network_layer_count(network), 3);
    soma_network_destroy(network);
    return status;
}

/* Every builder. */
static soma_status build_graph(void) {
    soma_network *network;
    size_t width = 4, image[2] = {2, 3};
    SOMA_TRY(soma_network_create(&network));
    soma_tensor *x = soma_input(network, "x", 1, &width);
    soma_tensor *y = soma_named(soma_dense(x, 6, SOMA_TANH), "hidden");
    soma_tensor *z = soma_dropout(soma_activation(soma_dense(x, 1, SOMA_IDENTITY), SOMA_ELU, NULL), 0.5f);
    soma_tensor *parts[] = {soma_subtract(z, y), soma_reshape(y, 1, (const size_t[]){6})};
    soma_tensor *joined = soma_reshape(soma_concat(parts, 2, 0), 2, (const size_t[]){4, 3});
    soma_output(soma_flatten(soma_log_softmax(joined, 1)));
    soma_output(soma_reduce(soma_softmax(soma_reshape(y, 2, image), 0), SOMA_REDUCE_MEAN, 1));
    return end_building(network);
}

static soma_status build_text(void) {
    soma_network *network;
    size_t image[2] = {2, 2};
    SOMA_TRY(soma_network_create(&network));
    soma_layers(
        soma_input(network, NULL, 2, image),
        "conv 2 2x2 pad same relu; residual(separable 2 1x2 pad same; spatialdropout 0.5 | conv 2 1x1); convtranspose "
        "1 2x2 stride 2; upsample 2; zeropad 1; crop 2; maxpool 2; adaptiveavgpool 2x1; globalmaxpool; dense 5 "
        "leaky_relu(1,0.1) uniform(0.5); "
        "dropout 0.5; dense 2 softmax");
    return end_building(network);
}

/* ------------------------------------------------------------------------------------------- compiling, training */

static soma_network *small_network(void) {
    soma_network *network;
    size_t width = 4;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 1, &width),
                "reshape 2 2 1; conv 2 2x2 pad same relu; maxpool 2 stride 1 pad same; spatialdropout 0.5; dense 5 "
                "relu; dropout 0.5; dense 2 softmax");
    expect_ok(soma_network_status(network));
    return network;
}

typedef soma_status operation(soma_network *network);

/* An operation on a network that was made with all the memory there is; what has failed must then succeed. */
static soma_status attempt(soma_network *network, operation *run, long suspended) {
    char detail[256] = "";
    resume_failures(suspended);
    soma_status status = run(network);
    allow_allocations();
    /* The memory of a device in host memory is that of the host. */
    if (status == SOMA_OUT_OF_DEVICE_MEMORY && allocation_failed()) status = SOMA_OUT_OF_MEMORY;
    if (status != SOMA_OK) {
        strncpy(detail, soma_last_error(), sizeof detail - 1);
        if (status == SOMA_OUT_OF_MEMORY) expect_ok(run(network));
    }
    soma_network_destroy(network);
    ck_assert_uint_eq(host.memory.allocated, 0);
    return status == SOMA_OK ? SOMA_OK : soma_error(status, "%s", detail);
}

static const float x[3][4] = {{1, 2, 3, 4}, {0, 1, 0, 1}, {-1, 0, 1, 0}};
static const int32_t classes[3] = {0, 1, 1};
static const soma_array inputs = {x, SOMA_F32, 2, {3, 4}}, targets = {classes, SOMA_I32, 1, {3}};
/* With a loss by name, so that compiling builds the step of training, too. */
static const soma_compile_options adam = {.optimizer = {.kind = SOMA_ADAM, .clip_norm = 1},
                                          .loss = {SOMA_CATEGORICAL_CROSSENTROPY}};

static soma_status compile_on_host(soma_network *network) {
    return soma_compile(network, &host, &adam);
}

static soma_status compile_on_cpu(soma_network *network) {
    return soma_compile(network, cpu, &adam);
}

static soma_status compile_twice(soma_network *network) {
    SOMA_TRY(soma_compile(network, &host, &adam));
    return soma_compile(network, cpu, &adam);
}

static soma_status train(soma_network *network) {
    return soma_train_on_batch(network, &inputs, &targets, NULL);
}

static soma_status step_by_hand(soma_network *network) {
    float gradient[12];
    SOMA_TRY(soma_backward(network, &inputs, &targets, NULL));
    SOMA_TRY(soma_get_gradient(network, soma_network_input(network, 0), gradient, 12));
    return soma_apply_gradients(network);
}

static soma_status predict(soma_network *network) {
    float y[6];
    return soma_run(network, &x[0][0], 3, y);
}

static soma_status summarize(soma_network *network) {
    char *text;
    soma_status status = soma_summary(network, 32, &text);
    long suspended = suspend_failures();
    ck_assert((status == SOMA_OK) == (text != NULL));
    resume_failures(suspended);
    soma_free(text);
    return status;
}

static soma_status rename_and_set(soma_network *network) {
    static const float bias[2] = {1, 2};
    return soma_set_parameter(network, soma_network_tensor(network, "dense_2.bias"), bias, 2);
}

/* There is a whole file, or none. */
static soma_status save(soma_network *network) {
    soma_status status = soma_save(network, temporary_path("model"));
    long suspended = suspend_failures();
    ck_assert_int_eq(temporary_count(), status == SOMA_OK ? 1 : 0);
    if (status == SOMA_OK) {
        soma_network *whole;
        expect_ok(soma_load(temporary_path("model"), &whole));
        soma_network_destroy(whole);
        remove(temporary_path("model"));
    }
    resume_failures(suspended);
    return status;
}

static soma_network *compiled(soma_device *device) {
    soma_network *network = small_network();
    expect_ok(soma_compile(network, device, &adam));
    return network;
}

#define ON(name, network, run)                                                                                         \
    static soma_status name(void) {                                                                                    \
        long suspended = suspend_failures();                                                                           \
        soma_network *made = network;                                                                                  \
        return attempt(made, run, suspended);                                                                          \
    }
ON(compiling_on_host, small_network(), compile_on_host)
ON(compiling_on_cpu, small_network(), compile_on_cpu)
ON(compiling_twice, small_network(), compile_twice)
ON(compiling_again, compiled(&host), compile_on_cpu)
ON(training_on_host, compiled(&host), train)
ON(training_on_cpu, compiled(cpu), train)
ON(stepping, compiled(&host), step_by_hand)
ON(predicting, compiled(&host), predict)
ON(summarizing, compiled(&host), summarize)
ON(setting, small_network(), rename_and_set)
ON(saving, small_network(), save)
ON(saving_compiled, compiled(&host), save)

/* ---------------------------------------------------------------------------------------------------------- loading */

static soma_status loading(void) {
    soma_network *network = NULL, *made;
    long suspended = suspend_failures();
    made = compiled(&host);
    made->preprocessing.class_names = soma_calloc(2, sizeof(char *));
    made->preprocessing.class_count = 2;
    for (int i = 0; i < 2; i++) made->preprocessing.class_names[i] = soma_strdup(i ? "yes" : "no");
    made->preprocessing.mean = soma_calloc(4, sizeof(double));
    made->preprocessing.scale = soma_calloc(4, sizeof(double));
    made->preprocessing.width = 4;
    expect_ok(soma_save(made, temporary_path("model")));
    soma_network_destroy(made);
    resume_failures(suspended);
    soma_status status = soma_load(temporary_path("model"), &network);
    allow_allocations();
    ck_assert((status == SOMA_OK) == (network != NULL));
    soma_network_destroy(network);
    return status;
}

static const struct {
    const char *what;
    soma_status (*run)(void);
    int least;
} operations[] = {
    {"building a graph", build_graph, 60},
    {"building from text", build_text, 25},
    {"compiling on the float64 device", compiling_on_host, 100},
    {"compiling on the processor", compiling_on_cpu, 100},
    {"compiling twice", compiling_twice, 150},
    {"compiling again", compiling_again, 100},
    {"training on the float64 device", training_on_host, 10},
    {"training on the processor", training_on_cpu, 10},
    {"stepping", stepping, 20},
    {"predicting", predicting, 5},
    {"summarizing", summarizing, 10},
    {"setting a parameter", setting, 1},
    {"saving", saving, 25},
    {"saving a compiled network", saving_compiled, 25},
    {"loading", loading, 50},
};

START_TEST(every_allocation_may_fail) {
    expect_every_failure_told(operations[_i].what, operations[_i].run, operations[_i].least);
}
END_TEST

/* Once bound, a step needs no memory: not of the host, where the next allocation would fail, nor of the device. */
START_TEST(a_bound_step_allocates_nothing) {
    static const soma_mode modes[] = {SOMA_MODE_TRAIN, SOMA_MODE_PREDICT, SOMA_MODE_BACKWARD};
    soma_network *network = compiled(cpu);
    for (size_t i = 0; i < SOMA_COUNT_OF(modes); i++) {
        soma_signature signature = soma_default_signature(network, modes[i]);
        soma_step *step;
        soma_plan *plan;
        soma_step_values values = soma_step_values_now(network, 0);
        expect_ok(soma_step_get(network, &signature, &step));
        expect_ok(soma_step_plan(network, step, 16, &plan));
        expect_ok(soma_plan_run(plan, &values));
        uint64_t allocated = cpu->memory.allocated;
        fail_allocation_after(0);
        soma_status status = SOMA_OK;
        for (int j = 0; j < 3 && status == SOMA_OK; j++) status = soma_plan_run(plan, &values);
        if (status == SOMA_OK) status = soma_device_sync(cpu);
        allow_allocations();
        expect_ok(status);
        ck_assert(!allocation_failed());
        ck_assert_uint_eq(cpu->memory.allocated, allocated);
    }
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, every_allocation_may_fail, 0, SOMA_COUNT_OF(operations));
    tcase_add_test(cases, a_bound_step_allocates_nothing);
}

int main(void) {
    count_memory();
    return run_suite("network, out of memory", add_tests);
}
