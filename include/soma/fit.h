/* SPDX-License-Identifier: MIT */
/*
 * soma/fit.h - training, evaluation, prediction, sessions, and what they cost.
 *
 * Part of soma/soma.h, which says what holds for every call.
 */
#ifndef SOMA_FIT_H
#define SOMA_FIT_H

#include <soma/dataset.h>
#include <soma/metrics.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct soma_metrics {
    /* Mean over the samples, regularisation not included. Where `weighted` is set: sum of weight times loss, divided by
     * the number of samples, not by the sum of the weights. */
    double loss;
    double metric[SOMA_MAX_METRICS]; /* never weighted */
    uint32_t metric_count;
    bool weighted;                             /* the samples have weights or, in training, the classes */
    const char *metric_name[SOMA_MAX_METRICS]; /* "accuracy", "top_5_accuracy", ...; static or owned by the network */
    uint64_t reserved[4];                      /* zero */
} soma_metrics;

typedef struct soma_epoch {
    uint32_t epoch; /* from 1 */
    soma_metrics train, validation;
    bool has_validation;
    double seconds;       /* wall time of the epoch, validation included */
    double learning_rate; /* of its last step */
    uint64_t reserved[4]; /* zero */
} soma_epoch;

typedef struct soma_progress {
    uint32_t epoch, epochs;           /* from 1 */
    size_t batch, batches;            /* from 1 */
    size_t samples, samples_in_epoch; /* seen in this epoch, and in all */
    double seconds;                   /* since the epoch began */
    bool streamed;                    /* the samples come to the device batch by batch: see soma_fit() */
    uint64_t reserved[3];             /* zero */
} soma_progress;

/*
 * Called after each batch. Return SOMA_OK to go on, SOMA_STOPPED to end training after this batch or epoch; anything
 * else ends it with that status. In a batch callback, soma_fit_metrics() gives the epoch's running figures; it waits
 * for the device, so ask rarely.
 */
typedef soma_status soma_batch_function(void *context, soma_network *network, const soma_progress *progress);
/* Called after each epoch; the same may be returned. *epoch belongs to the fit. */
typedef soma_status soma_epoch_function(void *context, soma_network *network, const soma_epoch *epoch);
/* Loss and metrics of the epoch so far, into *metrics: within a callback of soma_fit() alone (SOMA_INVALID_STATE). */
SOMA_API soma_status soma_fit_metrics(soma_network *network, soma_metrics *metrics);

/* Of the validation, or of training without one. */
typedef enum soma_monitor { SOMA_MONITOR_LOSS, SOMA_MONITOR_METRIC } soma_monitor;

/* As what gradients go from rank to rank. */
typedef enum soma_wire { SOMA_WIRE_F32, SOMA_WIRE_BF16 } soma_wire;

typedef struct soma_fit_options {
    uint32_t epochs;   /* 0: 1 */
    size_t batch_size; /* 0: 32 */
    bool no_shuffle;
    double validation_split;  /* fraction of the samples held out, drawn by the network's seed */
    soma_dataset *validation; /* or a set of its own */
    uint32_t early_stopping;  /* stop after this many epochs without improvement; 0: never */
    float min_delta;          /* what counts as improvement */
    soma_monitor monitor;
    bool restore_best; /* at the end, and when training is stopped, put back the weights of the best epoch */
    soma_batch_function *on_batch;
    soma_epoch_function *on_epoch;
    void *context;
    /*
     * A file that is written again and again, each time whole or not at all: after every `checkpoint_every` steps (0:
     * after every epoch), each time after the callback, and when training ends or is stopped. NULL: none. It is a model
     * file too, of the weights at that moment.
     */
    const char *checkpoint;
    uint64_t checkpoint_every;
    /*
     * Go on from such a file, as if training had never ended: on the same device, to the same bits. The network must
     * be of the same description and seed, compiled with the same options, and data, batch size and the options above
     * must be the same, but for `epochs`, early_stopping and min_delta, which may change; else SOMA_INVALID_ARGUMENT,
     * with a detail that says what differs. The network is then unchanged.
     */
    const char *resume;
    /*
     * Train together with other processes or threads: see soma/communicator.h. Each rank computes its share of every
     * batch of batch_size samples, and all make the same step by the sum of their gradients. All give the same data and
     * options; the callbacks are called on all, soma_fit_metrics() has the rank's own figures there, and rank 0 alone
     * writes the checkpoint. NULL: alone.
     */
    const struct soma_communicator *communicator;
    /*
     * Repeatable, whatever the number of ranks, one without a communicator included: each batch is computed in so many
     * shards, by whomever, and their gradients are added up by a fixed tree. On devices of one kind all bits are the
     * same. batchnorm normalises each shard by itself. At most 1024; 16 suit many. 0: as is quickest.
     */
    uint64_t shards;
    /*
     * Of several ranks, but not of shards. Gradients are summed in buckets of so many bytes, each as soon as the
     * backward pass has made it, while that goes on; 0: 1 MiB, SIZE_MAX: all at once. What is sent: SOMA_WIRE_BF16
     * halves it, and rounds each gradient, and each sum of two, to 8 bits. sync_batchnorm 1: batchnorm goes by mean and
     * variance of all ranks' samples, as one rank would, which takes two sums more for each forward and backward; a
     * share of one sample will do then, which is refused otherwise where there are no positions beside it.
     */
    size_t bucket_bytes;
    uint32_t wire; /* soma_wire */
    uint32_t sync_batchnorm;
    /*
     * After which epochs is validated, where there is something to validate on: so many numbers, from 1, each larger
     * than the one before. The others count for nothing where the validation decides: early_stopping, restore_best, and
     * the schedule that waits for improvement. NULL: after each.
     */
    const uint32_t *validation_epochs;
    uint64_t validation_epoch_count;
    uint64_t reserved[7]; /* zero */
} soma_fit_options;

typedef struct soma_history {
    soma_epoch *epochs; /* one per finished epoch */
    uint32_t count;
    uint32_t best;              /* index of the best one by the monitor */
    uint32_t restored;          /* 1: the weights are those of the best epoch */
    uint32_t checkpoint_failed; /* 1: the error is that a checkpoint could not be written */
    uint64_t steps;             /* those and the seconds from before a resume count */
    double seconds;
    uint64_t reserved[4]; /* zero */
} soma_history;

/*
 * Trains. history may be NULL; else free it with soma_history_clear(). On SOMA_NOT_FINITE the detail names the epoch,
 * batch and layer where the first infinity or NaN appeared, and the weights are those of the end of the last good
 * epoch, or of the checkpoint from which this one was resumed. On SOMA_STOPPED weights and history are good; an epoch
 * that was not finished counts in the weights, but not in the history. Where a checkpoint cannot be written, training
 * ends there: weights and history are as good as on SOMA_STOPPED, the old file is kept, the detail names it, and
 * history->checkpoint_failed tells this error from all others. Fits continue each other: the optimizer's state,
 * the schedule and the random numbers of shuffling and dropout go on where the last fit ended, until the network is
 * compiled again.
 *
 * Samples stay in the host's memory, and lie on the device, too, where there is room beside the network for all of
 * them (soma_device_options.data_memory). Else each batch is brought there while the step before it runs, through
 * room for three batches, or as the last resort before its own step; all these ways give the same bits. So do
 * soma_evaluate() and soma_predict().
 */
SOMA_API soma_status soma_fit(soma_network *network, soma_dataset *dataset, const soma_fit_options *options,
                              soma_history *history);
/* soma_fit_options.shards of the last fit that made a step, of this process or the one that saved the network: it can
 * be repeated to the bit by any number of ranks. 0: it was not repeatable, or there was none. */
SOMA_API uint64_t soma_network_shards(const soma_network *network);
/* Frees what a fit has put into it, and zeroes it. NULL is accepted. */
SOMA_API void soma_history_clear(soma_history *history);

/* Loss and metrics over a data set; batch_size 0: 256. */
SOMA_API soma_status soma_evaluate(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                   soma_metrics *metrics);

/*
 * The same, and in the same pass what is predicted beside what is true, for soma_report_make() (see soma/metrics.h): of
 * the first output, as probabilities where its loss is a cross-entropy, with its targets, the weights of the samples
 * and the network's thresholds. Binary cross-entropy of several units is of labels. Free it with soma_outcomes_clear();
 * metrics may be NULL. SOMA_INVALID_ARGUMENT: targets that are no classes, where the loss tells classes apart.
 */
SOMA_API soma_status soma_evaluate_outcomes(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                            soma_metrics *metrics, soma_outcomes *outcomes);
/* Frees what soma_evaluate_outcomes() has put into it, and zeroes it. NULL is accepted. */
SOMA_API void soma_outcomes_clear(soma_outcomes *outcomes);

/*
 * Above which probability a label holds: one for each unit of the first output, from 0 to 1, or for a single unit that
 * tells two classes apart, the second. Saved with the network; thresholds NULL and count 0: forgets them, 1/2 each. The
 * accuracy that soma_evaluate() gives knows them where they are all the same. SOMA_INVALID_SHAPE: another number.
 * SOMA_INVALID_STATE: within a fit.
 */
SOMA_API soma_status soma_network_set_thresholds(soma_network *network, const float *thresholds, size_t count);
/* Those, one for each unit of the first output; NULL: 1/2 each. They belong to the network. */
SOMA_API const float *soma_network_thresholds(const soma_network *network);

/* Output `output` for every sample: values[samples * its count], in order. */
SOMA_API soma_status soma_predict(soma_network *network, soma_dataset *dataset, size_t output, size_t batch_size,
                                  float *values);
/* The most probable class of each sample (of a single unit: what is above its threshold, 1/2 by default, gives 1).
 * SOMA_INVALID_STATE: several units with a binary cross-entropy are labels, of which any number may hold. */
SOMA_API soma_status soma_predict_classes(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                          int32_t *classes);
/* Which labels hold: labels[samples * units of the first output], 1 where its probability is above its threshold (see
 * soma_network_set_thresholds()), else 0. SOMA_INVALID_STATE where the loss is no binary cross-entropy. */
SOMA_API soma_status soma_predict_labels(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                         uint8_t *labels);
/*
 * labels[samples, steps of the first output]. With the loss SOMA_CTC decoded greedily, -1 behind the last; of [steps,
 * classes] and a categorical cross-entropy the likeliest of each step, -1 where a mask says that there is none.
 * SOMA_INVALID_STATE otherwise. batch_size 0: 256.
 */
SOMA_API soma_status soma_predict_sequences(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                            int32_t *labels);
/* Straight from and to host memory, f32, for one batch: x[batch * input count] of the one input, y[batch * output
 * count] of the one output. */
SOMA_API soma_status soma_run(soma_network *network, const float *x, size_t batch, float *y);

/*
 * One network in several threads: each has a session, with activations of its own over the weights of the network. A
 * session runs the network forward, as soma_predict() does. The network must be compiled. While it has sessions it may
 * be used by one more thread, but not compiled again (SOMA_INVALID_STATE), and while one of them runs its weights must
 * not change. It is freed when it and all its sessions are destroyed, in any order; the devices must outlive them.
 *
 * Sessions on one device take turns. On processors, sessions run at the same time where each has a device of its own:
 * open "cpu" several times, with as many threads as each session is to have.
 */
typedef struct soma_session soma_session;
typedef struct soma_session_options {
    soma_device *device;  /* NULL: the network's. Another one must reach the network's memory: both are "cpu" */
    uint64_t reserved[8]; /* zero */
} soma_session_options;
/* options: NULL for the defaults. Destroy it with soma_session_destroy(). SOMA_INVALID_STATE where the network is not
 * compiled. */
SOMA_API soma_status soma_session_create(soma_network *network, const soma_session_options *options,
                                         soma_session **session);
/* NULL is accepted. Memory of soma_session_output() must be gone before. */
SOMA_API void soma_session_destroy(soma_session *session);

/* From and to host memory: inputs[i], of the network's input number i, has batch * its count values; outputs likewise;
 * a NULL among the outputs is left out. */
SOMA_API soma_status soma_session_run(soma_session *session, size_t batch, const float *const *inputs,
                                      float *const *outputs);

/*
 * From and to host memory, with arrays of the types and shapes that the model declares (soma_network_input_info(),
 * soma_network_output_info()): inputs[i] for the network's input number i, all with the same number of samples;
 * outputs[i] has room for the output's elements, as many samples of them, and NULL leaves it out. Where a model counts
 * no samples, arrays may have one dimension more in front that does.
 *
 * Devices compute in float32: numbers of other types are converted on the way in and on the way out, where float16 is
 * rounded to the nearest. SOMA_INVALID_ARGUMENT names a type or shape that is another one, and where a whole number
 * stands that is beyond 2^24 either way, or a float64 beyond float32. SOMA_UNSUPPORTED names where a whole number comes
 * out that is beyond 2^24, which may have been rounded, or beyond its type, or none.
 */
SOMA_API soma_status soma_session_run_arrays(soma_session *session, const soma_array *inputs, void *const *outputs);

/*
 * From and to memory of the session's device, without a copy: the network reads the inputs and writes the outputs where
 * they are (an output that is an input, or another output, in another shape is copied on the device). They must not
 * overlap. May return before it is done: what is asked of the device later comes after it. A NULL among the outputs, or
 * NULL for all: the value stays in the session, see soma_session_output(). Running on the memories of the last run
 * again costs least. Numbers are not looked at there, as soma_session_run() does: of one that is no row of its table
 * (embeddings, the steps of soma/stream.h) the row is 0, and nothing is put anywhere.
 */
SOMA_API soma_status soma_session_run_memory(soma_session *session, size_t batch, soma_memory *const *inputs,
                                             soma_memory *const *outputs);

/*
 * Where the last run has left an output: memory for reading alone, which the next run overwrites, and which a run with
 * another batch size may free. Destroy it before that, and before the session.
 */
SOMA_API soma_status soma_session_output(soma_session *session, size_t index, soma_memory **memory);
/* Where a parameter of a compiled network is, likewise for reading: until the network is compiled again or destroyed.
 */
SOMA_API soma_status soma_parameter_memory(soma_network *network, const soma_tensor *parameter, soma_memory **memory);

/*
 * For a loop of your own: makes one step on a batch, and gives its loss and metrics (metrics may be NULL: then nothing
 * is waited for). An array for each input and each output that has a loss, their first dimension the batch.
 * SOMA_INVALID_STATE where the network is not compiled, or within a fit.
 */
SOMA_API soma_status soma_train_on_batch(soma_network *network, const soma_array *inputs, const soma_array *targets,
                                         soma_metrics *metrics);
/* Loss and gradients without a step, of the inputs too; arguments and errors as above. Running figures move as in a
 * step. */
SOMA_API soma_status soma_backward(soma_network *network, const soma_array *inputs, const soma_array *targets,
                                   soma_metrics *metrics);
/* The step by the gradients of the last soma_backward(); SOMA_INVALID_STATE without one. */
SOMA_API soma_status soma_apply_gradients(soma_network *network);
/* The rate that the schedule scales from the next step on: finite and at least 0. */
SOMA_API soma_status soma_set_learning_rate(soma_network *network, float learning_rate);
/* The rate of the last step, or what was set since; 0 where the network is not compiled. */
SOMA_API float soma_get_learning_rate(const soma_network *network);
/*
 * Which learning rate? Makes steps of training, in batches drawn as by soma_fit(), at rates that rise evenly on a
 * logarithmic scale, and notes the loss of each batch before its step (Smith 2017, "Cyclical Learning Rates for
 * Training Neural Networks"). Ends early where the smoothed loss has become four times its least, or no number.
 * Weights, optimizer and counters are afterwards what they were. options: NULL for the defaults. Rates of their own
 * rise in proportion to the optimizer's.
 */
typedef struct soma_rate_range_options {
    float from, to;       /* 0: 1e-7, 10 */
    uint32_t steps;       /* 0: 100; 10 at least */
    size_t batch_size;    /* 0: 32 */
    float smoothing;      /* share of the mean so far that a loss leaves; 0: 0.9, negative: 0 */
    uint64_t reserved[6]; /* zero */
} soma_rate_range_options;
typedef struct soma_rate_range_point {
    double learning_rate, loss, smoothed;
} soma_rate_range_point;
typedef struct soma_rate_range {
    soma_rate_range_point *points; /* as far as the smoothed loss is a number */
    uint32_t count;
    bool diverged;        /* the loss rose so far that the search ended */
    double suggestion;    /* where the smoothed loss falls most steeply over the rate's logarithm; 0: it never falls */
    uint64_t reserved[4]; /* zero */
} soma_rate_range;
/* Free *range with soma_rate_range_clear(). Errors as of soma_fit(). */
SOMA_API soma_status soma_find_learning_rate(soma_network *network, soma_dataset *dataset,
                                             const soma_rate_range_options *options, soma_rate_range *range);
/* Frees what a search has put into it, and zeroes it. NULL is accepted. */
SOMA_API void soma_rate_range_clear(soma_rate_range *range);

/* Waits until the device has done all that was asked of it. */
SOMA_API soma_status soma_synchronize(soma_network *network);

/*
 * The mean time of one step, over `steps` steps of this batch size on random data in the device's memory, each batch
 * gathered as in soma_fit(): enqueued one after the other, and waited for once, at the end. training: whole training
 * steps, else the forward pass. One more step is made before, untimed; with 0 steps that one is all, and it is timed.
 * Weights and optimizer are afterwards what they were.
 */
SOMA_API soma_status soma_bench_steps(soma_network *network, size_t batch_size, bool training, size_t steps,
                                      double *microseconds);
/* Likewise of the matrix products and convolutions of such a step alone: what the step would take if all else were
 * free. 0 if it has none. */
SOMA_API soma_status soma_bench_gemms(soma_network *network, size_t batch_size, bool training, size_t steps,
                                      double *microseconds);

/* One call of a step, timed alone: repeated with nothing else between, so that its data is as near as it can be. */
typedef struct soma_profile_row {
    const char *primitive, *tensor; /* what it does, and the tensor it makes */
    const char *shapes;             /* of its operands */
    bool native;                    /* false: executed by the fallback */
    double microseconds;
    double flops; /* of matrix products; 0 of all else */
    double bytes; /* that it reads and writes at least: an operand that it updates counts twice */
    /*
     * How near the call comes to what the device can do: the time that it could not go below, over the time that it
     * took. The larger of the two says what holds the call up, and how much could be gained.
     */
    double of_peak;       /* for its flops at soma_device_peak(); NaN where it has none, or the device measures none */
    double of_copy;       /* that a copy within the device's memory takes which moves as many bytes; NaN where there is
                             no memory left for it */
    uint64_t reserved[2]; /* zero */
} soma_profile_row;
/* The row is valid during the call. */
typedef void soma_profile_function(void *context, const soma_profile_row *row);
/* Reports every call of a step, in order; the gathers of the inputs are not among them. */
SOMA_API soma_status soma_bench_profile(soma_network *network, size_t batch_size, bool training,
                                        soma_profile_function *function, void *context);

#ifdef __cplusplus
}
#endif
#endif
