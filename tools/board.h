/* SPDX-License-Identifier: MIT */
/* --tensorboard: what training does, for TensorBoard. */
#ifndef SOMA_TOOLS_BOARD_H
#define SOMA_TOOLS_BOARD_H

#include "data.h"
#include <soma/tensorboard.h>

struct board {
    soma_tensorboard *log; /* NULL: none is wanted */
    char *problem;         /* why nothing is written any more */
    uint32_t drawn;        /* the last epoch whose filters were */
};

/* Before training: makes the directory, and writes network and options. Nothing happens without the option. */
exit_status board_open(const struct settings *settings, const char *net, const soma_network *network,
                       struct board *board);
/* What cannot be written does not end the training: board_close() tells it, when what was learnt is saved. */
void board_epoch(struct board *board, soma_network *network, const soma_epoch *epoch);
/* For that: nothing is written after it. `why` is copied. */
void board_stop(struct board *board, const char *why);
/* A part of board_epoch(): after epochs 1, 2, 4, 8 and so on, where the program writes PNG. */
void board_filters(struct board *board, soma_network *network, uint32_t epoch);
/* After training: the filters that came of it, and of pictures of classes those that are mistaken, of the test samples
 * or, without such, of those for validation. */
void board_result(const struct settings *settings, struct board *board, soma_network *network, const struct data *data,
                  const soma_history *history);
exit_status board_close(const struct settings *settings, struct board *board);
/* In any case at the end. */
void board_release(struct board *board);

#endif
