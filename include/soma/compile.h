/* SPDX-License-Identifier: MIT */
/*
 * soma/compile.h - what a network is trained for and how: loss, metrics, optimizer; and the device it goes to.
 *
 * Part of soma/soma.h, which says what holds for every call.
 */
#ifndef SOMA_COMPILE_H
#define SOMA_COMPILE_H

#include <soma/network.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Losses of the last output layer; see soma_loss_kind in soma/primitive_params.h for the formulas. */
typedef enum soma_loss {
    SOMA_LOSS_DEFAULT,             /* by the output: softmax: categorical cross-entropy; sigmoid: binary; else
                                      mean squared error. A softmax over several dimensions or of one unit: none,
                                      so that it predicts; training and evaluation then ask for one */
    SOMA_CATEGORICAL_CROSSENTROPY, /* of probabilities; after a softmax layer computed from its input, so
                                      without log(0) */
    SOMA_CATEGORICAL_CROSSENTROPY_LOGITS,
    SOMA_BINARY_CROSSENTROPY, /* of probabilities; after a sigmoid computed from its input */
    SOMA_BINARY_CROSSENTROPY_LOGITS,
    SOMA_MEAN_SQUARED_ERROR,
    SOMA_MEAN_ABSOLUTE_ERROR,
    SOMA_HUBER,
    SOMA_QUANTILE,          /* pinball; `quantiles` of the compile options */
    SOMA_FOCAL,             /* by the output: softmax: categorical; sigmoid: binary */
    SOMA_CATEGORICAL_FOCAL, /* of a softmax layer, computed from its input */
    SOMA_CATEGORICAL_FOCAL_LOGITS,
    SOMA_BINARY_FOCAL, /* of a sigmoid, computed from its input */
    SOMA_BINARY_FOCAL_LOGITS,
    SOMA_LOSS_NONE, /* this output is not trained on */
    /* Of an output [steps, classes + 1]: labels without a step each (Graves et al. 2006). The last unit is the blank.
     * Of a softmax layer, computed from its input; any other output is taken for logits. Targets are [labels], whole
     * numbers from 0 on, each a unit's, and -1 behind the last. A sample whose labels have no room in its steps is
     * refused. */
    SOMA_CTC
} soma_loss;

typedef enum soma_schedule_kind {
    SOMA_SCHEDULE_CONSTANT,
    SOMA_SCHEDULE_STEP,        /* lr * factor^floor(step / period) */
    SOMA_SCHEDULE_EXPONENTIAL, /* lr * factor^(step / period) */
    SOMA_SCHEDULE_COSINE,      /* from lr to lr * floor over `period` steps:
                                  lr (floor + (1 - floor)(1 + cos(pi step / period)) / 2) */
    SOMA_SCHEDULE_PLATEAU      /* lr * factor each time the monitored loss has not fallen by min_delta for `patience`
                                  epochs */
} soma_schedule_kind;

typedef struct soma_schedule {
    soma_schedule_kind kind;
    uint64_t warmup; /* steps over which the rate first rises linearly from 0 (lr / warmup at the first step, lr at the
                        last); before every kind, whose own steps count from its end */
    uint64_t period; /* steps; COSINE 0: the whole of fit, each time anew (a loop of one's own: constant) */
    float factor;    /* 0: 0.1 (PLATEAU, STEP), 0.96 (EXPONENTIAL) */
    float floor;     /* the rate never falls below lr * floor */
    uint32_t patience; /* PLATEAU; 0: 5 epochs */
    float min_delta;
    uint64_t reserved[4]; /* zero */
} soma_schedule;

/* Zero means default. Where 0 itself is wanted for a coefficient, give a negative value. */
typedef struct soma_optimizer {
    soma_optimizer_kind kind; /* SGD by default */
    float learning_rate;      /* 0: 0.01 (SGD, MOMENTUM, NESTEROV, ADAGRAD), 0.001 (RMSPROP, ADAM, ADAMW) */
    float momentum;           /* MOMENTUM, NESTEROV; 0: 0.9 */
    float beta1, beta2;       /* ADAM, ADAMW; 0: 0.9 and 0.999 */
    float rho;                /* RMSPROP; 0: 0.9 */
    float epsilon;            /* 0: 1e-7 (RMSPROP, ADAM, ADAMW), 1e-10 (ADAGRAD) */
    float l2, l1;             /* added to the gradient: l2 w + l1 sign(w); weights only, not biases */
    float decay;              /* ADAMW: decoupled; 0: 0.01 */
    float clip_value;         /* clamp each element of the gradient; 0: no */
    float clip_norm;          /* scale the whole gradient to this 2-norm at most; 0: no */
    soma_schedule schedule;
    uint64_t reserved[8]; /* zero */
} soma_optimizer;

typedef enum soma_metric {
    SOMA_METRIC_DEFAULT, /* what fits the loss: accuracy, binary accuracy or mean absolute error */
    SOMA_ACCURACY,
    SOMA_TOP_K, /* `top_k` of the compile options; 0: 5 */
    SOMA_BINARY_ACCURACY,
    SOMA_MAE,
    SOMA_METRIC_NONE,
    SOMA_PERPLEXITY, /* e^loss, of a categorical cross-entropy: of so many equally likely classes it is that of chance
                      */
    /* With CTC: edits from what is decoded greedily to the labels, by the number of labels, over all samples. ACCURACY
     * is the share of samples that are decoded without one. */
    SOMA_LABEL_ERROR_RATE
} soma_metric;

/* Inputs, and outputs, that a network may have. */
#define SOMA_MAX_ENDS 64
/* Of those, and of a data set's arrays, so many are trained on: the first; later outputs have no loss. */
#define SOMA_MAX_OUTPUTS   8
#define SOMA_MAX_METRICS   4
#define SOMA_MAX_QUANTILES 8

typedef struct soma_compile_options {
    soma_loss loss[SOMA_MAX_OUTPUTS];    /* one per output; those behind have SOMA_LOSS_NONE */
    float loss_weight[SOMA_MAX_OUTPUTS]; /* 0: 1 */
    float huber_delta;                   /* 0: 1 */
    soma_optimizer optimizer;
    soma_metric metrics[SOMA_MAX_METRICS]; /* of the first output; the first is DEFAULT */
    uint32_t top_k;
    /* Of the first output, for training alone: one per class, or two for binary cross-entropy, of zeros and of
     * ones, or these two for each label; not all 0; copied; NULL: 1 each. Evaluation, validation included, is without
     * them. */
    const float *class_weight;
    size_t class_weight_count;
    bool no_fusion; /* build the plain plan: for tests */
    /* In [0, 1): cross-entropies and focal losses take targets that are so much nearer to the mean of all classes (of a
     * binary one 1/2), from logits, or of a softmax or sigmoid layer. */
    float label_smoothing;
    float focal_gamma; /* 0: 2; negative: 0 */
    float focal_alpha; /* binary: ones count alpha, zeros 1 - alpha; 0: both count 1. Classes have class_weight */
    /*
     * QUANTILE: levels in (0, 1); the first 0 ends them, none: 0.5. With k of them the output has k values for each of
     * the target: all of its values at the first level, then at the second, ...; the loss is their mean.
     */
    float quantiles[SOMA_MAX_QUANTILES];
    uint64_t reserved[11]; /* zero */
} soma_compile_options;

/*
 * Checks the network, places its parameters on the device and initialises those that have no values yet. A network
 * can be compiled again, on another device too: its weights go along. It must be, where layers or outputs were added,
 * before it is used. The device must outlive the network or the next compile. SOMA_NO_GRADIENT names an op on the way
 * from a loss to the weights that has no gradient; where no loss is named, the network can be run all the same, and it
 * is training that fails so. Weights that a failing device took and cannot give back are lost: all later calls say so.
 */
SOMA_API soma_status soma_compile(soma_network *network, soma_device *device, const soma_compile_options *options);

/* Is told of each device that was tried: the median of a step in microseconds, below 0 where it failed. */
typedef void soma_choose_function(void *context, const char *selector, const soma_device_info *info, double step_us);
/*
 * Times a few training steps of this network (of inference where it has no loss), with random data of this batch size,
 * on every usable device, and opens the quickest. Honours SOMA_DEVICE: what it names is opened without a trial.
 * batch_size 0: 32. `function` may be NULL. The network keeps its weights and is left not compiled. Close *device with
 * soma_device_close(). SOMA_NO_DEVICE: there is none; where none can train the network, the error of the last. What is
 * wrong with the network itself (SOMA_INVALID_ARGUMENT, SOMA_INVALID_SHAPE, SOMA_NO_GRADIENT) is said at the first.
 */
SOMA_API soma_status soma_choose_device(soma_network *network, const soma_compile_options *options, size_t batch_size,
                                        soma_choose_function *function, void *context, soma_device **device);

/* A parameter's value into host memory, float32, row-major; `count` must be its count (SOMA_INVALID_SHAPE). */
SOMA_API soma_status soma_get_parameter(soma_network *network, const soma_tensor *parameter, float *values,
                                        size_t count);
/* The other way, with the same rule. Before compile or after it. */
SOMA_API soma_status soma_set_parameter(soma_network *network, soma_tensor *parameter, const float *values,
                                        size_t count);
/* Gradient of the last soma_backward() with respect to a parameter, or to an input: then count = batch * its count. In
 * the callbacks of soma_fit() that of the last step with respect to a parameter, the sum of all ranks', but not of
 * plain sgd, which makes its steps without, nor of an embedding of which only the rows that were seen are moved
 * (SOMA_INVALID_STATE). SOMA_INVALID_ARGUMENT for a running figure, which is
 * not trained and has none. */
SOMA_API soma_status soma_get_gradient(soma_network *network, const soma_tensor *tensor, float *values, size_t count);

/* Lines of text for people: layers, shapes, parameters, and the memory planned for this batch size. Free with
 * soma_free(). */
SOMA_API soma_status soma_summary(soma_network *network, size_t batch_size, char **text);

/*
 * The same as numbers. Memory in bytes, 0 before compile: what the device has in use (soma_device_memory) for steps of
 * training with this batch size, or of inference where the network has no loss; as allocated, within 5 %. Beside it
 * come the data that soma_fit() and the like keep on the device, the application's own, and what the driver takes for
 * itself.
 */
typedef struct soma_network_figures {
    size_t layers, parameters; /* parameters: scalars */
    uint64_t parameter_bytes, gradient_bytes, optimizer_bytes, activation_bytes, workspace_bytes, total_bytes;
    double flops_per_step;      /* multiply and add counted as two, matrix products and convolutions
                                   only, one step of training */
    double flops_per_inference; /* likewise, forward only, for the batch */
    uint32_t calls_per_step, calls_per_inference;
    uint64_t running;     /* of the parameters, those that are not trained: batchnorm's running figures */
    uint64_t frozen;      /* and those of the others that are frozen */
    uint64_t reserved[6]; /* zero */
} soma_network_figures;
/* For batches of so many samples, at least 1; into *figures. */
SOMA_API soma_status soma_network_get_figures(soma_network *network, size_t batch_size, soma_network_figures *figures);

/* One layer, for programs that print their own summary. Strings belong to the network. */
typedef struct soma_layer_info {
    const char *name, *kind;
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK]; /* of its output, per sample */
    size_t parameters;
    uint64_t frozen;      /* of them, those that are frozen, running figures included */
    float learning_rate;  /* of its own, of one of them at least; 0: none */
    float l2, l1;         /* likewise, in place of the optimizer's */
    bool has_l2, has_l1;  /* whether there is one, be it 0 */
    uint64_t reserved[1]; /* zero */
} soma_layer_info;
/* How many layers there are. */
SOMA_API size_t soma_network_layer_count(const soma_network *network);
/* One of them, in the order in which they were made, into *info. SOMA_INVALID_ARGUMENT past the last. */
SOMA_API soma_status soma_network_layer(const soma_network *network, size_t index, soma_layer_info *info);

#ifdef __cplusplus
}
#endif
#endif
