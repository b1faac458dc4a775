/* SPDX-License-Identifier: MIT */
/* How much classes and labels count in training: --class-weights and --positive-weights. */
#ifndef SOMA_TOOLS_CLASS_WEIGHTS_H
#define SOMA_TOOLS_CLASS_WEIGHTS_H

#include "model.h"

/* Into options->class_weights, where one of the options is given; they are the options' own. */
exit_status class_weights_set(const struct settings *settings, const soma_network *network, const soma_dataset *dataset,
                              model_options *options);

#endif
