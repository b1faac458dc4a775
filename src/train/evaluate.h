/* SPDX-License-Identifier: MIT */
/* Loss and metrics over a data set, once or many times. */
#ifndef SOMA_TRAIN_EVALUATE_H
#define SOMA_TRAIN_EVALUATE_H

#include "train/pass.h"

enum { SOMA_EVALUATE_BATCH = 256 };

/*
 * Runs a pass of SOMA_MODE_EVALUATE or SOMA_MODE_OUTCOMES. The state of training is not disturbed: neither the
 * optimizer nor the dropout counter move, and the figures of a fit's running epoch stay. The pass is left detached.
 */
soma_status soma_evaluate_pass(soma_pass *pass, soma_metrics *metrics);

#endif
