/* SPDX-License-Identifier: MIT */
/* Comparing two JSON values, to say where they differ. */
#ifndef SOMA_IO_JSON_COMPARE_H
#define SOMA_IO_JSON_COMPARE_H

#include "base/base.h"

#include <jansson.h>

/*
 * SOMA_OK if they are equal; else SOMA_INVALID_ARGUMENT, with a detail that names the first place where they differ,
 * beginning with `name`, and both values: "network.training.optimizer.kind is "adam" here, "sgd" in the file".
 */
soma_status soma_json_compare(const char *name, const json_t *here, const json_t *file);

#endif
