/* SPDX-License-Identifier: MIT */
/* Help for tests of the trainer, and training in float64 by hand. */
#include "trainer.h"

#include "device/device.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

soma_device *test_device;
const char *test_device_name;

int run_trainer_tests(int argc, char **argv, const char *name, void (*add)(TCase *cases)) {
    test_device_name = argc > 1 ? argv[1] : "cpu";
    if (soma_device_open(test_device_name, NULL, &test_device) != SOMA_OK) {
        printf("skipped: there is no device \"%s\" here: %s\n", test_device_name, soma_last_error());
        return 77;
    }
    TCase *cases = tcase_create(name);
    tcase_set_timeout(cases, 300);
    add(cases);
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* OpenCL does not survive a fork */
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(test_device);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

soma_device *open_copying_device(const soma_device_options *options) {
    static soma_device_api api;
    if (!api.abi) {
        api = *test_device->api;
        api.name = "copying";
        api.wrap = NULL;
        expect_ok(soma_device_register(&api));
    }
    const char *number = strchr(soma_device_selector(test_device), ':');
    char selector[64];
    snprintf(selector, sizeof selector, "copying%s", number ? number : "");
    soma_device *device;
    expect_ok(soma_device_open(selector, options, &device));
    return device;
}

/* ------------------------------------------------------------------------------------------------------- data */

static unsigned next_random(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

void fill_uniform(unsigned seed, float *values, size_t count) {
    unsigned state = seed * 2654435761u + 1;
    for (size_t i = 0; i < count; i++) values[i] = (float)next_random(&state) * 0x1p-23f - 1.0f;
}

void fill_classes(unsigned seed, int32_t *values, size_t count, size_t classes) {
    unsigned state = seed * 2654435761u + 1;
    for (size_t i = 0; i < count; i++) values[i] = (int32_t)(next_random(&state) % classes);
}

soma_array array_f32(const float *values, size_t rows, size_t width) {
    return (soma_array){values, SOMA_F32, 2, {rows, width}};
}

soma_array array_i32(const int32_t *values, size_t rows) {
    return (soma_array){values, SOMA_I32, 1, {rows}};
}

soma_array array_u8(const uint8_t *values, size_t rows, size_t width) {
    return (soma_array){values, SOMA_U8, 2, {rows, width}};
}

soma_dataset *dataset_of(soma_array inputs, soma_array targets) {
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    return dataset;
}

soma_network *network_of(model_shape shape, uint64_t seed) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, seed);
    soma_tensor *x = soma_input(network, NULL, 1, &shape.inputs);
    if (shape.hidden) x = soma_dense(x, shape.hidden, SOMA_TANH);
    soma_dense(x, shape.outputs, shape.softmax ? SOMA_SOFTMAX : SOMA_IDENTITY);
    expect_ok(soma_network_status(network));
    return network;
}

size_t read_parameters(soma_network *network, float *values) {
    size_t total = 0;
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        const soma_tensor *tensor = soma_network_parameter(network, i);
        expect_ok(soma_get_parameter(network, tensor, values + total, soma_tensor_count(tensor)));
        total += soma_tensor_count(tensor);
    }
    return total;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static size_t total_of_parameters(soma_network *network) {
    size_t total = 0;
    for (size_t i = 0; i < soma_network_parameter_count(network); i++)
        total += soma_tensor_count(soma_network_parameter(network, i));
    return total;
}

void expect_parameters(soma_network *network, const float *values, size_t count) {
    ck_assert_uint_eq(total_of_parameters(network), count);
    float *found = calloc(count + 1, sizeof *found);
    ck_assert_uint_eq(read_parameters(network, found), count);
    for (size_t i = 0; i < count; i++)
        if (bits_of(found[i]) != bits_of(values[i]))
            ck_abort_msg("parameter %zu is %.9g, expected %.9g bit for bit", i, (double)found[i], (double)values[i]);
    free(found);
}

void expect_same_parameters(soma_network *a, soma_network *b) {
    const size_t count = total_of_parameters(a);
    float *values = calloc(count + 1, sizeof *values);
    ck_assert_uint_eq(read_parameters(a, values), count);
    expect_parameters(b, values, count);
    free(values);
}

/* ---------------------------------------------------------------------------------------------- float64 trainer */

/* Where the second layer's weights begin, and the width of what it sees. */
static size_t second_layer(const model *m) {
    return m->shape.hidden * (m->shape.inputs + 1);
}
static size_t second_width(const model *m) {
    return m->shape.hidden ? m->shape.hidden : m->shape.inputs;
}

void model_from(model *m, model_shape shape, soma_network *network) {
    memset(m, 0, sizeof *m);
    m->shape = shape;
    m->count = second_layer(m) + (second_width(m) + 1) * shape.outputs;
    ck_assert_uint_le(m->count, MODEL_MOST);
    float values[MODEL_MOST];
    ck_assert_uint_eq(read_parameters(network, values), m->count);
    for (size_t i = 0; i < m->count; i++) m->w[i] = (double)values[i];
}

static void affine(const double *x, size_t in, const double *w, size_t out, double *y) {
    for (size_t j = 0; j < out; j++) {
        y[j] = w[in * out + j];
        for (size_t i = 0; i < in; i++) y[j] += x[i] * w[i * out + j];
    }
}

/* What the second layer sees, and its output before softmax. */
static void forward(const model *m, const float *x, double *seen, double *logits) {
    double input[64];
    for (size_t i = 0; i < m->shape.inputs; i++) input[i] = (double)x[i];
    if (m->shape.hidden) {
        affine(input, m->shape.inputs, m->w, m->shape.hidden, seen);
        for (size_t j = 0; j < m->shape.hidden; j++) seen[j] = tanh(seen[j]);
    } else
        memcpy(seen, input, m->shape.inputs * sizeof *seen);
    affine(seen, second_width(m), m->w + second_layer(m), m->shape.outputs, logits);
}

static void softmax(double *y, size_t count) {
    double sum = 0;
    for (size_t j = 0; j < count; j++) sum += exp(y[j]);
    for (size_t j = 0; j < count; j++) y[j] = exp(y[j]) / sum;
}

void model_predict(const model *m, const float *x, double *y) {
    double seen[64];
    forward(m, x, seen, y);
    if (m->shape.softmax) softmax(y, m->shape.outputs);
}

static double weight_of(const model *m, const sample *s) {
    return s->weight * (m->class_weight && m->shape.softmax ? m->class_weight[s->class_number] : 1.0);
}

double model_loss(const model *m, const sample *s) {
    double y[64], loss = 0;
    model_predict(m, s->x, y);
    if (m->shape.softmax) return -weight_of(m, s) * log(y[s->class_number]);
    for (size_t j = 0; j < m->shape.outputs; j++) loss += pow(y[j] - (double)s->target[j], 2);
    return weight_of(m, s) * loss / (double)m->shape.outputs;
}

static void add_gradient(model *m, const sample *s, double scale) {
    size_t outputs = m->shape.outputs, width = second_width(m), hidden = m->shape.hidden;
    double seen[64], dy[64];
    const double *w2 = m->w + second_layer(m);
    double *g2 = m->gradient + second_layer(m);
    forward(m, s->x, seen, dy);
    if (m->shape.softmax) softmax(dy, outputs);
    for (size_t j = 0; j < outputs; j++) {
        if (m->shape.softmax)
            dy[j] -= (size_t)s->class_number == j;
        else
            dy[j] = 2 * (dy[j] - (double)s->target[j]) / (double)outputs;
        dy[j] *= scale * weight_of(m, s);
        g2[width * outputs + j] += dy[j];
        for (size_t i = 0; i < width; i++) g2[i * outputs + j] += seen[i] * dy[j];
    }
    for (size_t i = 0; i < hidden; i++) {
        double dh = 0;
        for (size_t j = 0; j < outputs; j++) dh += w2[i * outputs + j] * dy[j];
        dh *= 1 - seen[i] * seen[i];
        m->gradient[m->shape.inputs * hidden + i] += dh;
        for (size_t k = 0; k < m->shape.inputs; k++) m->gradient[k * hidden + i] += (double)s->x[k] * dh;
    }
}

double model_backward(model *m, const sample *samples, size_t count) {
    double loss = 0;
    memset(m->gradient, 0, sizeof m->gradient);
    for (size_t i = 0; i < count; i++) {
        loss += model_loss(m, &samples[i]);
        add_gradient(m, &samples[i], 1.0 / (double)count);
    }
    return loss;
}

static bool is_bias(const model *m, size_t i) {
    size_t second = second_layer(m);
    if (i < second) return i >= m->shape.inputs * m->shape.hidden;
    return i - second >= second_width(m) * m->shape.outputs;
}

/* The textbook rules, one element. */
static double update(model *m, size_t i, double g, const soma_optimizer *o, double rate) {
    double beta1 = (double)o->beta1, beta2 = (double)o->beta2, epsilon = (double)o->epsilon;
    double momentum = (double)o->momentum, rho = (double)o->rho;
    switch (o->kind) {
    case SOMA_SGD:
        return rate * g;
    case SOMA_MOMENTUM:
        m->m[i] = momentum * m->m[i] + g;
        return rate * m->m[i];
    case SOMA_NESTEROV:
        m->m[i] = momentum * m->m[i] + g;
        return rate * (g + momentum * m->m[i]);
    case SOMA_RMSPROP:
        m->v[i] = rho * m->v[i] + (1 - rho) * g * g;
        return rate * g / (sqrt(m->v[i]) + epsilon);
    case SOMA_ADAGRAD:
        m->v[i] += g * g;
        return rate * g / (sqrt(m->v[i]) + epsilon);
    default:
        m->m[i] = beta1 * m->m[i] + (1 - beta1) * g;
        m->v[i] = beta2 * m->v[i] + (1 - beta2) * g * g;
        return rate * (m->m[i] / (1 - pow(beta1, m->t))) / (sqrt(m->v[i] / (1 - pow(beta2, m->t))) + epsilon);
    }
}

void model_step(model *m, const soma_optimizer *o, double rate) {
    double norm = 0, scale = 1;
    for (size_t i = 0; i < m->count; i++) norm += m->gradient[i] * m->gradient[i];
    if (o->clip_norm > 0 && sqrt(norm) > (double)o->clip_norm) scale = (double)o->clip_norm / sqrt(norm);
    m->t++;
    for (size_t i = 0; i < m->count; i++) {
        double g = m->gradient[i] * scale, decayed = 0;
        if (o->clip_value > 0) g = fmin(fmax(g, -(double)o->clip_value), (double)o->clip_value);
        if (!is_bias(m, i)) {
            g += (double)o->l2 * m->w[i] + (double)o->l1 * (m->w[i] > 0 ? 1 : m->w[i] < 0 ? -1 : 0);
            if (o->kind == SOMA_ADAMW) decayed = rate * (double)o->decay * m->w[i];
        }
        m->w[i] -= decayed + update(m, i, g, o, rate);
    }
}

double parameter_difference(soma_network *network, const model *m) {
    float values[MODEL_MOST];
    double worst = 0;
    ck_assert_uint_eq(read_parameters(network, values), m->count);
    for (size_t i = 0; i < m->count; i++) {
        double difference = fabs((double)values[i] - m->w[i]);
        if (!(difference <= worst)) worst = difference; /* a NaN is the worst of all */
    }
    return worst;
}
