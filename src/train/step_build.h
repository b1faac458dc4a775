/* SPDX-License-Identifier: MIT */
/* Building a step graph: shared by step.c and step_training.c. */
#ifndef SOMA_TRAIN_STEP_BUILD_H
#define SOMA_TRAIN_STEP_BUILD_H

#include "train/step.h"

/* What a step graph is built with. */
typedef struct soma_step_builder {
    soma_network *network;
    soma_compiled *compiled;
    soma_step *step;
    soma_graph *graph; /* begins with a copy of the network's: its tensors have the same numbers */
    soma_tensor *target[SOMA_MAX_OUTPUTS], *loss[SOMA_MAX_OUTPUTS];
    soma_tensor *weight;
} soma_step_builder;

/* step_training.c: gradients and the optimizer, as the mode asks for, behind the losses. */
soma_status soma_step_add_training(soma_step_builder *build);
/* The rewrite of what it has added. */
/* What has been asked for of the pictures that the first input takes. */
soma_status soma_step_augment(soma_step_builder *build);
void soma_step_fuse_training(soma_step_builder *build);

#endif
