/* SPDX-License-Identifier: MIT */
/* A network without its weights as JSON text: what soma_save() puts into a file's metadata. The form is described in
 * docs/models.md. */
#ifndef SOMA_IO_MODEL_JSON_H
#define SOMA_IO_MODEL_JSON_H

#include "nn/network.h"

/* The metadata key, and the number of the form. */
#define SOMA_MODEL_KEY "soma.network"
/* A checkpoint is a model file that has this in its metadata, too, and tensors of such names. */
#define SOMA_CHECKPOINT_KEY    "soma.checkpoint"
#define SOMA_CHECKPOINT_PREFIX "checkpoint/"
#define SOMA_MODEL_FORMAT      1

/* Free *text with soma_free(). */
soma_status soma_model_encode(const soma_network *network, char **text);
/* Builds the network; every tensor goes through the op table's shape rules. `name` stands for the file in messages. */
soma_status soma_model_decode(const char *name, const char *text, size_t length, soma_network **network);

#endif
