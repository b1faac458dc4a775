/* SPDX-License-Identifier: MIT */
/* See board.h. */
#include "board.h"
#include "option_table.h"
#include <stdlib.h>
#include <string.h>

/* A table in Markdown of what the run was asked for. */
static soma_status write_options(soma_tensorboard *log, const struct settings *settings, const char *net) {
    char *text = NULL;
    if (asprintf(&text,
                 "| | |\n| --- | --- |\n| network | `%s` |\n| data | `%s` |\n| epochs | %llu |\n| batch | %llu |\n| "
                 "optimizer | %s |\n"
                 "| seed | %llu |\n",
                 net ? net : settings->load, settings->data, (unsigned long long)settings->epochs,
                 (unsigned long long)settings->batch, soma_name(SOMA_NAMES_OPTIMIZER, settings->optimizer),
                 (unsigned long long)settings->seed) < 0)
        return SOMA_OUT_OF_MEMORY;
    soma_status cause = soma_tensorboard_text(log, NULL, "soma train", 0, text);
    free(text);
    return cause;
}

/* For the page that compares runs. */
static soma_status write_hparams(soma_tensorboard *log, const struct settings *settings, const char *net,
                                 const soma_network *network) {
    const char *layers = net ? net : settings->load;
    const soma_hparam params[] = {{"network", layers ? layers : "", 0},
                                  {"optimizer", soma_name(SOMA_NAMES_OPTIMIZER, settings->optimizer), 0},
                                  {"learning rate", NULL, (double)soma_get_learning_rate(network)},
                                  {"batch", NULL, (double)settings->batch},
                                  {"epochs", NULL, (double)settings->epochs},
                                  {"seed", NULL, (double)settings->seed}};
    return soma_tensorboard_hparams(log, "train", params, sizeof params / sizeof *params);
}

exit_status board_open(const struct settings *settings, const char *net, const soma_network *network,
                       struct board *board) {
    *board = (struct board){0};
    if (!settings->tensorboard) return STATUS_DONE;
    soma_status cause = soma_tensorboard_open(settings->tensorboard, &board->log);
    if (cause == SOMA_OK) cause = soma_tensorboard_graph(board->log, network);
    if (cause == SOMA_OK) cause = write_options(board->log, settings, net);
    if (cause == SOMA_OK) cause = write_hparams(board->log, settings, net, network);
    if (cause == SOMA_OK) return STATUS_DONE;
    exit_status status = fail_from_library(cause, STATUS_FAILED, "--tensorboard");
    board_release(board);
    return status;
}

void board_stop(struct board *board, const char *why) {
    if (!board->problem) board->problem = strdup(why && *why ? why : "nothing more can be written");
}

void board_epoch(struct board *board, soma_network *network, const soma_epoch *epoch) {
    if (!board->log || board->problem) return;
    soma_status cause = soma_tensorboard_epoch(board->log, network, epoch);
    const char *detail = soma_last_error();
    if (cause != SOMA_OK) board_stop(board, detail && *detail ? detail : soma_status_text(cause));
    board_filters(board, network, epoch->epoch);
}

exit_status board_close(const struct settings *settings, struct board *board) {
    exit_status status = STATUS_DONE;
    if (board->log && !board->problem && soma_tensorboard_hparams_end(board->log, "train", true) != SOMA_OK)
        board->problem = strdup(soma_last_error());
    if (board->problem)
        status = fail(STATUS_FAILED, "--tensorboard: %s; nothing was written since", board->problem);
    else if (board->log)
        say("Wrote the run for TensorBoard: tensorboard --logdir %s\n", settings->tensorboard);
    board_release(board);
    return status;
}

void board_release(struct board *board) {
    free(board->problem);
    soma_tensorboard_close(board->log);
    *board = (struct board){0};
}
