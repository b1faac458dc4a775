/* SPDX-License-Identifier: MIT */
/*
 * A plan: a graph as a flat list of calls for one batch size, with every tensor placed in memory. The executor owns the
 * memory that plans share: flat parameter, gradient and state buffers, accumulators, and one arena as large as the
 * largest plan needs.
 */
#ifndef SOMA_GRAPH_PLAN_H
#define SOMA_GRAPH_PLAN_H

#include "device/device.h"
#include "graph/graph.h"

#define SOMA_ACCUMULATOR_SLOTS 16

typedef struct soma_executor {
    soma_device *device;
    soma_dtype real;        /* SOMA_F32; SOMA_F64 on a float64 device, for checking gradients */
    size_t parameter_count; /* elements of the flat buffers, each tensor aligned for the device */
    size_t decay_count;     /* weights come first: elements before this decay */
    size_t trained_count;   /* behind these the optimizer leaves all alone, and there are neither gradients nor states;
                               parameter_count unless it is set before training is planned */
    uint32_t state_count;
    void *parameters, *gradients, *state[2]; /* gradients and states NULL until training is first planned */
    const struct soma_executor *source;      /* whose the parameters are; NULL: its own */
    uint64_t changes;                        /* of its own parameters so far */
    struct soma_settled *settled;            /* what plans have made of parameters, see settled.c */
    void *norm;                              /* what NORM makes of the gradient */
    void *accumulators;                      /* [SOMA_ACCUMULATOR_SLOTS, 2] */
    void *arena;
    size_t arena_bytes;
    uint64_t generation; /* goes up when memory moved: plans bind again before they run */
} soma_executor;

/* Memory of one executor: parameters and accumulators at once (all zero), the rest by soma_executor_reserve(). */
soma_status soma_executor_create(soma_device *device, soma_dtype real, size_t parameter_count, size_t decay_count,
                                 soma_executor **executor);
/* The same with parameters that are not yet anything: all of them are to be written, and what lies between them. */
soma_status soma_executor_create_blank(soma_device *device, soma_dtype real, size_t parameter_count, size_t decay_count,
                                       soma_executor **executor);
/* An executor for running forward, on a device that reaches `source`'s parameters: it uses those, and has nothing else
 * until an arena is reserved. `source` must outlive it. */
soma_status soma_executor_share(const soma_executor *source, soma_device *device, soma_executor **executor);
void soma_executor_destroy(soma_executor *executor);
/* Numbers that this kind of optimizer keeps per parameter. */
uint32_t soma_optimizer_states(soma_optimizer_kind kind);
/* Gradients and optimizer states (zeroed when new). */
soma_status soma_executor_reserve_training(soma_executor *executor, uint32_t state_count);
/* Makes the arena at least this large; plans bind again when it moves. */
soma_status soma_executor_reserve_arena(soma_executor *executor, size_t bytes);
/* Bytes of one element of the flat buffers, and the alignment of tensors in them, in elements. */
size_t soma_executor_element(const soma_executor *executor);
size_t soma_executor_alignment(const soma_device *device, soma_dtype real);
/* Bytes of a tensor's value in a plan for this batch. */
size_t soma_executor_tensor_bytes(const soma_executor *executor, size_t batch, const soma_tensor *tensor);

/* To be told before parameters get other values by what is not a plan or soma_executor_write(). */
void soma_executor_parameters_change(soma_executor *executor);

/* Flat-buffer access: `count` float32 values at `offset` elements, converted where real is F64. */
soma_status soma_executor_write(soma_executor *executor, void *buffer, size_t offset, const float *values,
                                size_t count);
soma_status soma_executor_read(soma_executor *executor, void *buffer, size_t offset, float *values, size_t count);

/* Accumulators: zero them (enqueued), and read the totals (waits for the device). */
soma_status soma_executor_clear_accumulators(soma_executor *executor);
soma_status soma_executor_read_accumulators(soma_executor *executor, double totals[SOMA_ACCUMULATOR_SLOTS]);

/* Where a plan's inputs come from, when rows are gathered that lie on the device, of a data set or of a batch: one per
 * INPUT tensor of the graph, in order. */
typedef struct soma_feed {
    void *table;   /* device memory, [rows, width of the input] */
    size_t offset; /* of the table, in bytes */
    soma_dtype dtype;
    size_t rows;
    float scale, shift;
    void *index; /* device memory, i32 [index_count], or NULL for consecutive rows */
    size_t index_count;
} soma_feed;

/* What changes from step to step. */
typedef struct soma_step_values {
    size_t start;                    /* first row (of the index) of the batch, for feeds */
    uint64_t step;                   /* dropout */
    size_t first;                    /* the number within its batch of the first sample: others may have those before */
    soma_mix_params mix;             /* `ahead` may be more than there are samples */
    soma_optimizer_params optimizer; /* kind and decay_count are ignored: the graph has them */
    double rate_share;               /* what the schedule leaves of learning rates, for OPTIMIZERs with their own */
} soma_step_values;

typedef struct soma_plan soma_plan;

typedef struct soma_plan_figures {
    size_t activation_bytes; /* tensors in the arena */
    size_t workspace_bytes;
    size_t constant_bytes; /* tensors that are not made in each run, and what stays from run to run */
    uint32_t calls;        /* of a run */
    double product_flops;  /* of matrix products and convolutions */
} soma_plan_figures;

/* Lowers the graph (borrowed, must outlive the plan) for one batch size, asks the device about every call, and places
   the tensors. optimizer is the kind used by an OPTIMIZER tensor. */
soma_status soma_plan_create(soma_executor *executor, const soma_graph *graph, size_t batch,
                             soma_optimizer_kind optimizer, soma_plan **plan);
void soma_plan_destroy(soma_plan *plan);
size_t soma_plan_batch(const soma_plan *plan);
void soma_plan_get_figures(const soma_plan *plan, soma_plan_figures *figures);

/* Gather the inputs from these feeds on every run (borrowed device memory); NULL: the inputs are written by
 * soma_plan_write_input(). */
soma_status soma_plan_set_feeds(soma_plan *plan, const soma_feed *feeds, size_t count);

/* Host to input number `input` (in the order of INPUT tensors): the whole batch; u8 and f32 arrive as scale * value +
 * shift, i32 as it is. */
soma_status soma_plan_write_input(soma_plan *plan, size_t input, const void *values, soma_dtype dtype, float scale,
                                  float shift);
/* INPUT tensor number `input`; NULL past the last. */
const soma_tensor *soma_plan_input(const soma_plan *plan, size_t input);
/*
 * Keeps a tensor's value, of an input or a kept tensor, in this memory of the caller's from now on, not in the arena;
 * NULL: in the arena again. What shares the tensor's memory goes along. `serial` tells memories apart that come to have
 * the same address one after the other.
 */
soma_status soma_plan_lend(soma_plan *plan, const soma_tensor *tensor, void *memory, size_t offset, uint64_t serial);
/* Memory and byte offset of a tensor's value, of a bound plan. */
void soma_plan_locate(const soma_plan *plan, const soma_tensor *tensor, void **memory, size_t *offset);
/* A kept tensor's value (or an input's) as float32; waits for the device. `tensor` is of the plan's graph. */
soma_status soma_plan_read(soma_plan *plan, const soma_tensor *tensor, float *values, size_t count);
/* The same of several, but of those whose values[i] is NULL, each with so many numbers as the plan's batch takes. What
 * lies close together comes with one wait. */
soma_status soma_plan_read_several(soma_plan *plan, soma_tensor *const *tensors, float *const *values, size_t count);

/*
 * Where a run is interrupted: behind the calls that make the tensors up to number after[i] of the graph, for each i in
 * turn. The function may read and write what they have made; what it returns other than SOMA_OK ends the run.
 */
typedef struct soma_pauses {
    const uint32_t *after; /* ascending */
    size_t count;
    soma_status (*function)(void *context, soma_plan *plan, size_t pause);
    void *context;
} soma_pauses;

/* How many runs are to come, so that the device makes ready for them; SIZE_MAX, as at first: nobody knows. */
void soma_plan_expect(soma_plan *plan, size_t runs);
/* Enqueues one run; the first one binds the plan if that has not happened, and lets the device make ready for more.
 * Afterwards: no allocation, compilation, copy from the host, or wait (unless a call falls back). */
soma_status soma_plan_run(soma_plan *plan, const soma_step_values *values);
/* The same with pauses; NULL: without. */
soma_status soma_plan_run_in_parts(soma_plan *plan, const soma_step_values *values, const soma_pauses *pauses);
/* In a pause: a tensor's value as float32, to the host or from there. */
soma_status soma_plan_exchange(soma_plan *plan, const soma_tensor *tensor, float *values, bool to_device);

/*
 * Runs call by call and looks at each result: *bad is the first tensor (parameters and inputs included) with a NaN or
 * infinity, NULL if there is none. Slow; for finding where training went wrong. Stops before the optimizer; weights
 * that are updated inside products have changed.
 */
soma_status soma_plan_find_not_finite(soma_plan *plan, const soma_step_values *values, const soma_tensor **bad);

/* The calls of the plan, for profiles and for timing its GEMMs alone. */
soma_call *soma_plan_calls(soma_plan *plan, size_t *count);
/* The tensor that call number `index` of those computes. */
const soma_tensor *soma_plan_call_tensor(const soma_plan *plan, size_t index);
/* Binds the plan to memory if that has not happened. */
soma_status soma_plan_bind(soma_plan *plan);

#endif
