/* SPDX-License-Identifier: MIT */
/* Building a step graph: shared by step.c, step_copy.c, step_loss.c and step_training.c. */
#ifndef SOMA_TRAIN_STEP_BUILD_H
#define SOMA_TRAIN_STEP_BUILD_H

#include "train/step.h"

/* What a step graph is built with. */
typedef struct soma_step_builder {
    soma_network *network;
    soma_compiled *compiled;
    soma_step *step;
    soma_graph *graph; /* begins with a copy of the network's: its tensors have the same numbers */
    soma_tensor *target[SOMA_MAX_ENDS], *loss[SOMA_MAX_ENDS];
    soma_tensor *weight;
    soma_tensor *step_weight[SOMA_MAX_ENDS]; /* of outputs that are masked: 0 for steps that there are not */
    soma_tensor **stand_in; /* for the network's tensors by their numbers, where they are not the copies; or NULL */
} soma_step_builder;

static inline bool soma_mode_is_forward(soma_mode mode) {
    return mode == SOMA_MODE_PREDICT || mode == SOMA_MODE_EVALUATE || mode == SOMA_MODE_OUTCOMES;
}

/* step_copy.c: the network's graph, as the mode computes it; and the copy of one of its tensors in that. */
soma_status soma_step_copy_network(soma_step_builder *build);
soma_tensor *soma_step_copy_of(const soma_step_builder *build, const soma_tensor *tensor);

/* step_loss.c: targets and weights as inputs, and the losses and metrics of them. */
soma_status soma_step_add_losses(soma_step_builder *build);
/* step_training.c: gradients and the optimizer, as the mode asks for, behind the losses. */
soma_status soma_step_add_training(soma_step_builder *build);
/* The rewrite of what it has added. */
soma_status soma_step_fuse_training(soma_step_builder *build);
/* What has been asked for of the pictures that the first input takes. */
soma_status soma_step_augment(soma_step_builder *build);

#endif
