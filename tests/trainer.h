/* SPDX-License-Identifier: MIT */
/*
 * For tests of the trainer: the device under test, small data sets, and an independent trainer in float64 that knows
 * nothing of soma: a network of one or two dense layers, its gradients and update rules written down by hand.
 */
#ifndef TESTS_TRAINER_H
#define TESTS_TRAINER_H

#include "expect.h"
#include <check.h>
#include <stdlib.h>

/* The device that the program's argument names ("cpu" without one), open while the tests run. */
extern soma_device *test_device;
extern const char *test_device_name;

/* Runs the test cases that `add` puts in. Exit status 77, with the reason printed, where there is no such device. */
int run_trainer_tests(int argc, char **argv, const char *name, void (*add)(TCase *cases));

/* The same device opened again under these options, but without use of host memory in place; NULL options: defaults. */
soma_device *open_copying_device(const soma_device_options *options);

/* Reproducible numbers: uniform in [-1, 1), another sequence for each seed. */
void fill_uniform(unsigned seed, float *values, size_t count);
/* Class numbers in [0, classes). */
void fill_classes(unsigned seed, int32_t *values, size_t count, size_t classes);

soma_array array_f32(const float *values, size_t rows, size_t width);
soma_array array_i32(const int32_t *values, size_t rows);
soma_array array_u8(const uint8_t *values, size_t rows, size_t width);
soma_dataset *dataset_of(soma_array inputs, soma_array targets);

/* The network that `model` describes, not compiled. */
typedef struct model_shape {
    size_t inputs, hidden, outputs; /* hidden 0: a single layer. Hidden units are tanh */
    bool softmax;                   /* softmax and categorical cross-entropy; else identity and mean squared error */
} model_shape;
soma_network *network_of(model_shape shape, uint64_t seed);
/* All parameters one after the other, as in model_t; returns their number. */
size_t read_parameters(soma_network *network, float *values);
/* The same bits in both networks' parameters. */
void expect_same_parameters(soma_network *a, soma_network *b);
void expect_parameters(soma_network *network, const float *values, size_t count);

/* ---------------------------------------------------------------------------------------------- float64 trainer */

enum { MODEL_MOST = 512 };

typedef struct model {
    model_shape shape;
    size_t count;
    /* W1 [inputs, hidden], b1 [hidden], W2 [hidden, outputs], b2 [outputs]; without hidden units W2, b2 alone */
    double w[MODEL_MOST], gradient[MODEL_MOST], m[MODEL_MOST], v[MODEL_MOST];
    const double *class_weight; /* [outputs] or NULL */
    unsigned t;                 /* steps made */
} model;

/* A sample's data; weight is that of its loss. */
typedef struct sample {
    const float *x, *target;
    int32_t class_number;
    double weight;
} sample;

/* Takes the network's weights. */
void model_from(model *m, model_shape shape, soma_network *network);
/* Outputs (after softmax) into y[outputs]. */
void model_predict(const model *m, const float *x, double *y);
/* The sample's weighted loss. */
double model_loss(const model *m, const sample *s);
/* Gradient of the mean loss over the samples into m->gradient; returns the sum of their losses. */
double model_backward(model *m, const sample *samples, size_t count);
/* Clips and decays m->gradient and makes one step. Every field counts as it is: no defaults. */
void model_step(model *m, const soma_optimizer *optimizer, double learning_rate);

/* Largest difference between the network's parameters and the model's. */
double parameter_difference(soma_network *network, const model *m);

#endif
