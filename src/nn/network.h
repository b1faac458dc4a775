/* SPDX-License-Identifier: MIT */
/* A network: the forward graph, its layers and parameters, and, once compiled, its state on a device. */
#ifndef SOMA_NN_NETWORK_H
#define SOMA_NN_NETWORK_H

#include "data/columns.h"
#include "data/range.h"
#include "data/series.h"
#include "data/vocabulary.h"
#include "graph/graph.h"
#include "graph/plan.h"
#include "nn/known_keys.h"
#include <stdatomic.h>

typedef struct soma_layer {
    char *name, *kind;
    soma_tensor *output;
    size_t parameters; /* scalars */
} soma_layer;

/* What a parameter has in place of the optimizer's. */
typedef struct soma_own_decay {
    bool is_given;
    float value;
} soma_own_decay;

typedef struct soma_parameter {
    soma_tensor *tensor;
    soma_initializer initializer; /* resolved: never DEFAULT */
    float scale;
    size_t fan_in, fan_out;
    size_t ones_begin, ones_count; /* so many elements begin as 1, whatever the initialiser: a gate that is open */
    bool is_bias;
    size_t zero_row; /* 1 + the number of a row that begins as zeros; 0: none */
    bool is_running; /* a running figure: its layer moves it, and not the optimizer, for which it has no gradient */
    bool is_frozen;  /* stays as it is, and has no gradient; a running figure: its layer goes by it, as in inference */
    float rate;      /* a learning rate of its own; 0: the optimizer's */
    soma_own_decay l2, l1;
    float *values; /* host copy; the truth while the network is not compiled, then the device has it (NULL) */
} soma_parameter;

typedef struct soma_preprocessing {
    double *mean, *scale; /* [width], or NULL */
    size_t width;
    char **class_names;
    size_t class_count;
    soma_value_range range[SOMA_MAX_OUTPUTS]; /* of each input, as it was trained on */
} soma_preprocessing;

/* What soma_network_set_augmentation() has been asked for. */
typedef struct soma_augmentation {
    soma_augment_params pictures;
    float mixup; /* alpha; 0: none */
} soma_augmentation;
/* Whether pictures are changed. */
bool soma_augmentation_has_pictures(const soma_augmentation *augmentation);

/* How a file declares an input or an output. */
typedef struct soma_end {
    const soma_tensor *tensor;
    soma_dtype dtype;
    bool shaped; /* else its shape is the tensor's, with the samples in front */
    uint32_t rank, batch_axis;
    size_t shape[SOMA_MAX_RANK]; /* as in soma_value_info */
} soma_end;

struct soma_compiled; /* train/step.h */

struct soma_network {
    soma_graph graph;
    soma_layer *layers;
    size_t layer_count;
    soma_parameter *parameters;
    size_t parameter_count;
    soma_tensor **inputs, **outputs;
    size_t input_count, output_count;
    soma_end *ends; /* [end_count], of those inputs and outputs that a file declares otherwise than by their tensors */
    size_t end_count;
    uint32_t dropout_count;
    uint64_t seed;
    soma_status status; /* the first error of a builder */
    char *error;
    soma_preprocessing preprocessing;
    float *thresholds; /* of each unit of the first output, or NULL: 1/2 */
    size_t threshold_count;
    soma_vocabulary vocabulary; /* of the text that it was trained on */
    soma_columns columns;       /* of the table that it was trained on */
    soma_series series;         /* that it was trained on */
    soma_image_options image;   /* how its pictures were read */
    bool has_image;
    soma_division division;                      /* of the data it was trained on; no samples: not known */
    char *division_column;                       /* what division.column points to */
    soma_known_keys known_groups, known_samples; /* that it has learnt from */
    char *augmentation;                          /* as it was given, or NULL: none */
    soma_augmentation augment;
    uint64_t shards; /* into so many each batch of the last fit was divided, so that it is repeatable; 0: it is not */
    bool has_options;
    soma_compile_options options; /* last compiled with, or from the file */
    struct soma_compiled *compiled;
    _Atomic uint32_t users; /* itself, until it is destroyed, and its sessions; the last frees it */
};

/* What a file may hold. More would be no network that anyone made, and names are compared with each other, so that time
 * grows with the square. */
#define SOMA_MAX_FILE_TENSORS 16384

/* Names of layers and tensors are UTF-8 and not empty: they go into messages and files. */
soma_status soma_check_name(const char *name);
/* Records the first builder error (with the thread's error detail) and returns NULL. */
soma_tensor *soma_network_fail(soma_network *network, soma_status status);
soma_status soma_network_add_input(soma_network *network, soma_tensor *tensor);
soma_status soma_network_add_output(soma_network *network, soma_tensor *tensor);
/* ends.c: what a file declares, kept beside the network. */
soma_status soma_network_declare_end(soma_network *network, const soma_end *end);
/* A new parameter tensor, named "LAYER.ROLE". */
soma_status soma_network_add_parameter(soma_network *network, const soma_parameter *description, uint32_t rank,
                                       const size_t *shape, const char *name, soma_tensor **tensor);
/* Whether the optimizer moves it. */
static inline bool soma_parameter_is_trained(const soma_parameter *parameter) {
    return !parameter->is_running && !parameter->is_frozen;
}
/* Whether it goes by an l2 or l1 of its own, be it 0. */
static inline bool soma_parameter_decays_by_itself(const soma_parameter *parameter) {
    return parameter->l2.is_given || parameter->l1.is_given;
}
/* The parameter that a tensor is; NULL if it is none of this network. */
soma_parameter *soma_network_find_parameter(const soma_network *network, const soma_tensor *tensor);
/* Whether a NORMALIZE, of the network's graph or of a copy with the same ids, has running figures that stay. */
bool soma_normalize_is_frozen(const soma_network *network, const soma_tensor *normalize);
/* layers/rescale.c: an output that is x scale + offset, by frozen parameters; false for any other. Of the network's
 * graph, or of a copy with the same ids. */
typedef struct soma_rescaling {
    soma_tensor *x, *scale, *offset;
} soma_rescaling;
bool soma_output_is_rescaled(const soma_network *network, const soma_tensor *output, soma_rescaling *found);
/* The parameter is one of the running figures of a NORMALIZE. */
void soma_network_mark_running(soma_network *network, const soma_tensor *tensor);
/* Opens a layer of this kind; tensors made until the next one belong to it. name NULL: "kind_N". The name, which the
 * output gets too, must be new among layers and tensors. */
soma_status soma_network_begin_layer(soma_network *network, const char *kind, const char *name);
soma_status soma_network_end_layer(soma_network *network, soma_tensor *output);
/* A layer whose tensors are there already. */
soma_status soma_network_append_layer(soma_network *network, const char *kind, const char *name);
/* Frees the network, which must not be compiled. */
void soma_network_free_forward(soma_network *network);
/* Sizes and ways to fit that there are. */
soma_status soma_check_image_options(const soma_image_options *options);
void soma_preprocessing_clear(soma_preprocessing *preprocessing);
void soma_network_clear_division(soma_network *network);
/* The function's parameters where none are given, and the weights' initialiser that suits it. */
soma_activation_options soma_activation_defaults(soma_function function);
soma_initializer soma_initializer_for(soma_function activation);

/* Whether the text is one of these words, which blanks separate: the same letters and digits, in upper or lower case,
 * whatever underscores and hyphens are between them. NULL: no words. */
bool soma_name_is_one_of(const char *words, const char *text, size_t length);
/* "sgd, momentum, ...": the names of an enumeration's values, for messages; returns text. */
#define SOMA_NAME_LIST 512
const char *soma_name_list(soma_names which, char text[SOMA_NAME_LIST]);
/* mixup.c: what samples are mixed with in a step, `ahead` by any number; nothing where the network has no mixup. */
soma_mix_params soma_network_mix_at(const soma_network *network, uint64_t step);
/* Initial values of parameter number `index`, by its initialiser. */
soma_status soma_parameter_initialize(const soma_network *network, size_t index, float *values);
/* Frees what compile made; first brings the weights back to the host. */
soma_status soma_network_decompile(soma_network *network);

/* optimizer.c: options with every default filled in; the parameters of step t (from 1) at this rate. */
soma_status soma_optimizer_resolve(const soma_optimizer *given, soma_optimizer *resolved);
soma_optimizer_params soma_optimizer_step(const soma_optimizer *resolved, uint64_t t, float learning_rate);
/* schedule.c: the rate at step t (from 0) of `total` steps; plateau_factor is the product of the reductions so far (1
 * at first). */
float soma_schedule_rate(const soma_optimizer *resolved, uint64_t t, uint64_t total, float plateau_factor);

#endif
