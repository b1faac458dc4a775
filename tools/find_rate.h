/* SPDX-License-Identifier: MIT */
/* soma train --find-lr: the loss over rising learning rates, as a picture and a suggestion. */
#ifndef SOMA_TOOLS_FIND_RATE_H
#define SOMA_TOOLS_FIND_RATE_H

#include "train_result.h"

/* Before long work: what does not go with it, and whether the picture can be written. */
exit_status find_rate_check(const struct settings *settings);
/* In place of training. */
exit_status find_rate(const struct training *training);

#endif
