/* SPDX-License-Identifier: MIT */
/* The part of a checkpoint that is not tensors, as JSON text. The form is described in docs/models.md. */
#ifndef SOMA_IO_CHECKPOINT_JSON_H
#define SOMA_IO_CHECKPOINT_JSON_H

#include "io/model/json.h"
#include "train/checkpoint.h"

/* The metadata key, the number of the form, and what the names of tensors begin with that are no parameters. */
#define SOMA_CHECKPOINT_FORMAT 1

/* Free *text with soma_free(). */
soma_status soma_checkpoint_encode(const soma_checkpoint *checkpoint, char **text);

/*
 * Compares the checkpoint's network (its description as JSON text) and its run with what is there, and then takes state
 * and history. `path` stands for the file in messages. After an error there is no history to free.
 */
soma_status soma_checkpoint_decode(const char *path, const char *network, const char *text,
                                   soma_checkpoint *checkpoint);

#endif
