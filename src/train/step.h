/* SPDX-License-Identifier: MIT */
/*
 * A compiled network: its executor, and a step graph and plans for each way of running it. Step graphs are made when
 * first asked for, since they depend on the data: class numbers or rows as targets, weights or none.
 */
#ifndef SOMA_TRAIN_STEP_H
#define SOMA_TRAIN_STEP_H

#include "nn/network.h"

typedef enum soma_mode {
    SOMA_MODE_PREDICT,   /* outputs */
    SOMA_MODE_EVALUATE,  /* loss and metrics */
    SOMA_MODE_OUTCOMES,  /* both: outputs, loss and metrics */
    SOMA_MODE_TRAIN,     /* loss, metrics, gradients, optimizer step */
    SOMA_MODE_GRADIENTS, /* of TRAIN, all but the step, which APPLY makes by the sum of several ranks' gradients */
    SOMA_MODE_BACKWARD,  /* loss, metrics, gradients of parameters and inputs; dropout active; no step */
    SOMA_MODE_APPLY      /* the optimizer's step alone, on the gradients that are there; batch size 1 */
} soma_mode;

/* What a step graph depends on. Targets only matter for the modes that have a loss. */
typedef struct soma_signature {
    soma_mode mode;
    bool weighted;
    bool synchronised;                /* GRADIENTS: batchnorm goes by the samples of all ranks */
    soma_dtype target[SOMA_MAX_ENDS]; /* I32: class numbers, F32: rows */
    size_t labels[SOMA_MAX_ENDS];     /* CTC: how many a sample has at most */
    double label_mean;                /* of the first output: how many a sample has; the graph is the same */
} soma_signature;

/* A step graph. INPUT tensors in order: the network's inputs, one target per output that has a loss, the weights if
 * weighted, then those of the steps of each such output that is masked. */
typedef struct soma_step {
    soma_signature signature;
    soma_executor *executor; /* its plans run on */
    soma_graph graph;
    const soma_graph *planned;                  /* what its plans are of: `graph`, or that of the step that it shares */
    soma_tensor *output[SOMA_MAX_ENDS];         /* PREDICT, OUTCOMES */
    soma_tensor *input_gradient[SOMA_MAX_ENDS]; /* BACKWARD */
    soma_plan *plans[8];                        /* by batch size, most recently used first */
    size_t plan_count;
    struct soma_step *next;
} soma_step;

/* Accumulator slots: the loss (sum over samples, weighted, of all outputs), then the metrics. */
enum { SOMA_SLOT_LOSS = 0, SOMA_SLOT_METRIC = SOMA_MAX_OUTPUTS };

typedef struct soma_compiled {
    soma_device *device;
    size_t tensor_count, parameter_count, output_count; /* of the network when it was compiled */
    soma_executor *executor;
    bool lent;                /* the host's values are copies, which may be lost with the device */
    soma_optimizer optimizer; /* resolved */
    soma_loss_kind loss[SOMA_MAX_ENDS];
    bool trained_on[SOMA_MAX_ENDS]; /* false: SOMA_LOSS_NONE, or ... */
    bool is_ctc[SOMA_MAX_ENDS];     /* then `loss` is none of its values */
    bool lacks_loss[SOMA_MAX_ENDS]; /* none was named, and none goes with the output */
    bool from_input[SOMA_MAX_ENDS]; /* the loss takes the input of the output's softmax or sigmoid */
    float loss_weight[SOMA_MAX_ENDS];
    float huber_delta;
    bool standardized[SOMA_MAX_ENDS];            /* the output is rescaled: learnt is what it is rescaled from */
    float standard_delta;                        /* huber_delta in the units of that */
    soma_loss_params loss_params[SOMA_MAX_ENDS]; /* but for the kind */
    float quantiles[SOMA_MAX_QUANTILES];
    size_t quantile_count;
    size_t class_weight_count, class_weight_offset; /* they lie behind the parameters in the flat buffer */
    bool label_weights;                             /* they are two for each label, of zeros and of ones */
    soma_metric_params metric[SOMA_MAX_METRICS];
    soma_metric meaning[SOMA_MAX_METRICS]; /* of each: sums are of several things */
    char metric_name[SOMA_MAX_METRICS][32];
    uint32_t metric_count;
    bool fuse;
    uint64_t step;       /* optimizer steps made so far; the next is step + 1 */
    float learning_rate; /* in force; schedules change it */
    float plateau_factor;
    soma_step *steps;
    soma_step *predict;       /* one of them, of inference: sessions have it, too */
    soma_step *last_backward; /* of soma_backward(), while its gradients are there: for soma_get_gradient() */
    soma_plan *last_plan;
    struct soma_fit *fit; /* the running soma_fit(), for soma_fit_metrics(); defined by fit.c */
} soma_compiled;

/* objective.c: what the options say of an output, SOMA_LOSS_NONE of those that they have no place for. */
soma_loss soma_asked_loss(const soma_compile_options *options, size_t output);
/* The loss that is meant, where DEFAULT stands for one that suits the output, or for NONE if none does. */
soma_loss soma_resolve_loss(soma_loss loss, const soma_tensor *output);
/* objective.c: losses, class weights and metrics from the options. */
soma_status soma_choose_objective(const soma_network *network, soma_compiled *compiled,
                                  const soma_compile_options *options);

/* SOMA_INVALID_STATE where all parameters are frozen (names the function). */
soma_status soma_require_trained(const soma_network *network, const char *function);

/* thresholds.c: of a unit, as a probability or as the logit of it; and of all, where they are the same, else 1/2. */
float soma_threshold_of_unit(const soma_network *network, size_t unit, bool logits);
float soma_threshold_of_metric(const soma_network *network, bool logits);

/* For what needs a loss: refuses outputs that lack one. */
soma_status soma_require_losses(const soma_network *network);

/* The step for a signature, and its plan for a batch size: cached. SOMA_INVALID_SHAPE and the like name the output. */
soma_status soma_step_get(soma_network *network, const soma_signature *signature, soma_step **step);
soma_status soma_step_plan(soma_network *network, soma_step *step, size_t batch, soma_plan **plan);

/* Another step of a graph that is there, for another executor: that step must outlive it. */
soma_status soma_step_share(const soma_step *step, soma_executor *executor, soma_step **shared);
void soma_step_free(soma_step *step);
/* Only when no session is open, which has the graph of `predict`; the others leave that alone. */
void soma_steps_clear(soma_compiled *compiled);
void soma_steps_drop_metrics(soma_compiled *compiled); /* those that have metrics */
/* Frees what compile made, the weights on the device included; soma_network_decompile() brings those back first. */
void soma_network_discard(soma_network *network);

/* Class numbers for categorical losses, rows for the others; no weights. */
soma_signature soma_default_signature(const soma_network *network, soma_mode mode);
static inline bool soma_loss_is_categorical(soma_loss_kind kind) {
    return kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS ||
           kind == SOMA_LOSS_CATEGORICAL_FOCAL;
}
bool soma_loss_is_binary(soma_loss_kind kind);
/* What the loss of an output is computed of, a sigmoid's or its input: as the metrics beside it are. */
static inline bool soma_loss_kind_takes_binary_logits(soma_loss_kind kind) {
    return kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS || kind == SOMA_LOSS_BINARY_FOCAL;
}
/* Of the two losses that take the logits of labels or of one unit, as an output is then. */
static inline bool soma_loss_is_of_binary_logits(soma_loss loss) {
    return loss == SOMA_BINARY_CROSSENTROPY_LOGITS || loss == SOMA_BINARY_FOCAL_LOGITS;
}
/* The output with the shape that its targets have, where they are no class numbers: several quantiles are of one
 * target. To be looked at alone. */
static inline soma_tensor soma_target_like(const soma_network *network, size_t output) {
    const soma_compiled *compiled = network->compiled;
    soma_tensor like = *soma_network_output(network, output);
    if (compiled->trained_on[output] && compiled->loss[output] == SOMA_LOSS_QUANTILE)
        like.shape[like.rank - 1] /= compiled->quantile_count;
    return like;
}
/* masked.c: which input says what steps of an output there are, so that its loss counts those alone. False: none does.
 */
bool soma_mask_of_output(const soma_network *network, size_t output, size_t *input);
/* The blank of an output with the loss CTC. */
static inline uint32_t soma_blank_of(const soma_tensor *output) {
    return (uint32_t)output->shape[output->rank - 1] - 1;
}
/* soma_compile() with another number type, for checks in float64. */
soma_status soma_compile_as(soma_network *network, soma_device *device, const soma_compile_options *options,
                            soma_dtype real);
/* The same for a trial: the host's values are copies, whose loss does the network no harm. */
soma_status soma_compile_lent(soma_network *network, soma_device *device, const soma_compile_options *options);

/* Whether steps of training move the weights within the products that would make their gradients: then there are none.
 */
bool soma_updates_in_products(const soma_network *network);
/* Values for running a plan now: dropout seed and step, optimizer parameters of the next step at the rate in force. */
soma_step_values soma_step_values_now(const soma_network *network, size_t start);
/* TRAIN, or its first half: samples are augmented and mixed. */
static inline bool soma_mode_is_of_fit(soma_mode mode) {
    return mode == SOMA_MODE_TRAIN || mode == SOMA_MODE_GRADIENTS;
}

/* Whether the losses of a step have weights: of samples, or of classes, which are for training alone. */
bool soma_step_is_weighted(const soma_compiled *compiled, const soma_signature *signature);

/* The totals of the accumulators, and those in them, as means over `samples`; `signature` is that of the step which
 * made them. */
void soma_step_make_metrics(const soma_network *network, const soma_signature *signature, const double *totals,
                            size_t samples, soma_metrics *metrics);
soma_status soma_step_read_metrics(soma_network *network, const soma_signature *signature, size_t samples,
                                   soma_metrics *metrics);

/* SOMA_INVALID_STATE if the network is not compiled as it is now (names the function). */
soma_status soma_require_compiled(const soma_network *network, const char *function);
/* SOMA_INVALID_STATE in a callback of soma_fit(), where `function` would disturb the training that is under way. */
soma_status soma_require_no_fit(const soma_network *network, const char *function);
/* It has a loss, and this soma has training. Builds the step of training, to see that it has gradients. */
bool soma_can_train(soma_network *network);

/* parameters.c: whether a tensor is a parameter of so many values; if so, which. */
soma_status soma_check_parameter(const soma_network *network, const soma_tensor *tensor, size_t count,
                                 soma_parameter **parameter);

#endif
