/* SPDX-License-Identifier: MIT */
/* Networks as the command line describes them: from --net, from a file, and what they are compiled with. */
#ifndef SOMA_TOOLS_MODEL_H
#define SOMA_TOOLS_MODEL_H

#include "options.h"
#include "report.h"

/* Compile options and the memory they point into. */
typedef struct model_options {
    soma_compile_options compile;
    float *class_weights;
} model_options;

/* A network for samples of this shape; masked: with a second input that says which steps there are. */
exit_status model_build(const struct settings *settings, const struct shape *input, bool masked, const char *net,
                        soma_network **network);

/* From a file, with the outputs of --outputs. */
exit_status model_load(const struct settings *settings, const char *path, soma_network **network);
/* The names in --outputs, whose copy `text` is cut up for them. */
exit_status model_split_outputs(const struct settings *settings, char *text, const char **names, size_t *count);
/* The same, where a file that cannot be loaded is no failure: *cause says what the library said. */
exit_status model_try(const struct settings *settings, const char *path, soma_network **network, soma_status *cause);

/* The loss of its first output, once it is compiled or loaded. */
soma_loss model_loss(const soma_network *network);
/* Losses by which a network tells classes apart; by the others it learns numbers. */
bool model_is_classifier(const soma_network *network);
/* Losses by which each unit says whether something holds. */
bool model_is_binary(soma_loss loss);
/* ... of several labels, where the output has as many units. */
bool model_has_labels(const soma_network *network);
/* Whether its labels are classes: by --loss, else by the loss it was trained with; where neither is known, as of an
 * ONNX model, by whether it has several outputs. */
bool model_wants_classes(soma_network *network, const struct settings *settings);

/*
 * What the command line says about loss, metrics and optimizer, over what the network's file says if it came from one.
 * `dataset` is needed for --class-weights and --positive-weights alone, and may be NULL. Release also after failure.
 */
exit_status model_options_fill(const struct settings *settings, soma_network *network, const soma_dataset *dataset,
                               model_options *options);
/* How many values the network is to have for each of the target: --quantile. */
size_t model_quantile_count(const struct settings *settings);
void model_options_release(model_options *options);

/*
 * The network of --model, or of --net and --input where the command has those, or *network where there is one already,
 * compiled on the device of --device.
 * Destroy the network and close the device also after failure. With `measure`, the device auto is the one on which the
 * network trains quickest.
 */
exit_status model_open(const struct settings *settings, bool measure, soma_network **network, soma_device **device);

/* The columns of the table that it learnt from, if it was one: a line, and "columns" in the object. */
void model_report_columns(const soma_network *network, report *object);

/* What a unit of the output is called where several columns of a table are the labels; NULL: it has no such name. */
const char *model_label_name(const soma_network *network, size_t unit);

/* How the pictures were read that it learnt from, and how they are changed by chance in training, as far as it keeps
 * either: a line of each, and "pictures" and "augmentation" in the object. */
void model_report_pictures(const soma_network *network, report *object);

/* "64-128-10": sizes of the input and of the layers that have parameters, into text. */
void model_describe(soma_network *network, char *text, size_t size);

#endif
