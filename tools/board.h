/* SPDX-License-Identifier: MIT */
/* --tensorboard: what training does, for TensorBoard. */
#ifndef SOMA_TOOLS_BOARD_H
#define SOMA_TOOLS_BOARD_H

#include "options.h"
#include <soma/tensorboard.h>

struct board {
    soma_tensorboard *log; /* NULL: none is wanted */
    char *problem;         /* why nothing is written any more */
};

/* Before training: makes the directory, and writes network and options. Nothing happens without the option. */
exit_status board_open(const struct settings *settings, const char *net, const soma_network *network,
                       struct board *board);
/* What cannot be written does not end the training: board_close() tells it, when what was learnt is saved. */
void board_epoch(struct board *board, soma_network *network, const soma_epoch *epoch);
exit_status board_close(const struct settings *settings, struct board *board);
/* In any case at the end. */
void board_release(struct board *board);

#endif
