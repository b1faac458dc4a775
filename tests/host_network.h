/* SPDX-License-Identifier: MIT */
/*
 * Graphs and networks on the float64 device of the test program: numbers go in and come out as double, so that what
 * should be equal can be held to 1e-12.
 */
#ifndef TESTS_HOST_NETWORK_H
#define TESTS_HOST_NETWORK_H

#include "train/step.h"

/* Reproducible numbers: uniform in [-1, 1), another sequence for each seed. */
void fill_random(unsigned seed, double *values, size_t count);

/* A new tensor of an op that makes one from nothing; "[batch, 3]" or "[3, 4]". */
soma_tensor *add_input(soma_graph *graph, const char *shape);
soma_tensor *add_unary(soma_graph *graph, soma_tensor *x, soma_function function);

/* The value of a tensor of the plan's graph after a run. */
void read_double(const soma_plan *plan, const soma_tensor *tensor, double *values);
void write_double(const soma_plan *plan, const soma_tensor *tensor, const double *values);
/* Random numbers, by its place among the inputs, into every float input. */
void write_random_inputs(soma_plan *plan, const soma_graph *graph);

/* How many tensors of an op a graph has. */
uint32_t count_op(const soma_graph *graph, soma_op op);

/* A network of one input [width] and the layers of a text, not compiled. */
soma_network *network_of_text(size_t width, const char *text);

/* The network's step graph for a mode, and its plan for a batch. Class numbers as targets for categorical losses. */
soma_step *step_of(soma_network *network, soma_mode mode);
soma_plan *plan_of(soma_network *network, soma_step *step, size_t batch);
/* Inputs, targets and class numbers, the same for every network of these shapes; then one run. */
void run_step(soma_network *network, soma_step *step, soma_plan *plan);

#endif
