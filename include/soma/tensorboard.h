/* SPDX-License-Identifier: MIT */
/*
 * soma/tensorboard.h - the course of training as event files, which TensorBoard shows while it goes on.
 *
 *   soma_tensorboard_open("runs/first", &board);
 *   soma_tensorboard_graph(board, network);
 *   soma_fit_options options = {.epochs = 30, .on_epoch = soma_tensorboard_epoch, .context = board};
 *   soma_fit(network, dataset, &options, NULL);
 *   soma_tensorboard_close(board);                       then: tensorboard --logdir runs
 *
 * Each call appends one event and hands it to the system before it returns, so that a program that is killed loses
 * nothing of what it has written. The form is TensorFlow's: records with masked CRC-32C, one "Event" message in each.
 * `run` is a directory within that of the log, of letters, digits, '_', '-' and '.', as "train" and "validation", whose
 * curves TensorBoard draws into one chart; NULL: the log's own. `tag` names a chart; a '/' in it makes groups.
 *
 * A log is for one thread at a time.
 */
#ifndef SOMA_TENSORBOARD_H
#define SOMA_TENSORBOARD_H

#include <soma/soma.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct soma_tensorboard soma_tensorboard;

/* Makes the directory, and those above it, where they are not there. Files are made with the first event of each run,
 * under names that no other process takes; what earlier runs left there stays. */
SOMA_API soma_status soma_tensorboard_open(const char *directory, soma_tensorboard **board);
/* NULL is accepted. */
SOMA_API void soma_tensorboard_close(soma_tensorboard *board);

/* One number, of step or epoch `step`; rounded to float32, as TensorBoard keeps it. */
SOMA_API soma_status soma_tensorboard_scalar(soma_tensorboard *board, const char *run, const char *tag, int64_t step,
                                             double value);
/* How values[count] are distributed: 30 bins of one width between least and largest. What is not finite is left out;
 * where nothing else is there, no event is written. */
SOMA_API soma_status soma_tensorboard_histogram(soma_tensorboard *board, const char *run, const char *tag, int64_t step,
                                                const float *values, size_t count);
/* Text, in Markdown; UTF-8. */
SOMA_API soma_status soma_tensorboard_text(soma_tensorboard *board, const char *run, const char *tag, int64_t step,
                                           const char *text);
/* A picture: a whole PNG file in memory. SOMA_INVALID_ARGUMENT: it does not begin as one. */
SOMA_API soma_status soma_tensorboard_png(soma_tensorboard *board, const char *run, const char *tag, int64_t step,
                                          const void *png, size_t size);
/* What a run was asked for, by which TensorBoard's page HPARAMS compares runs: text, or where that is NULL a number. */
typedef struct soma_hparam {
    const char *name, *text;
    double number;
} soma_hparam;
/* Once for each run; `params` are borrowed for the call. */
SOMA_API soma_status soma_tensorboard_hparams(soma_tensorboard *board, const char *run, const soma_hparam *params,
                                              size_t count);
/* How that run ended, so that the page does not take it for one that goes on. */
SOMA_API soma_status soma_tensorboard_hparams_end(soma_tensorboard *board, const char *run, bool succeeded);
/* What runs draw a hyperparameter from: one of `values`, all of them texts or all of them numbers, whose names are not
 * read; or, with count 0, numbers from `least` to `most`. */
typedef struct soma_hparam_domain {
    const char *name;
    const soma_hparam *values;
    size_t count;
    double least, most;
} soma_hparam_domain;
/*
 * Of all runs below the log's directory, once: what they draw their hyperparameters from, and by the tags of which
 * numbers, in their own runs, they are compared. Borrowed for the call. The runs may be logs of their own, as
 * soma_tensorboard_open("search/trial-1", ...) beside the experiment in "search".
 */
SOMA_API soma_status soma_tensorboard_experiment(soma_tensorboard *board, const soma_hparam_domain *params,
                                                 size_t count, const char *const *metrics, size_t metric_count);
/* The network's layers as a graph, with the shapes that flow between them. */
SOMA_API soma_status soma_tensorboard_graph(soma_tensorboard *board, const soma_network *network);

/*
 * For soma_fit_options.on_epoch, with the log as its context: loss, metrics and learning rate as epoch_loss,
 * epoch_accuracy, ..., epoch_learning_rate, in the runs train and validation; seconds as epoch_seconds; and the
 * distribution of every parameter under its name, and of the last step's gradient of it under gradient/ and its name,
 * where there is one (soma_get_gradient()); without a network (NULL) no distributions. The step is the epoch, from 1.
 */
SOMA_API soma_status soma_tensorboard_epoch(void *board, soma_network *network, const soma_epoch *epoch);

/*
 * Of each number in the event files of a directory and of those below it: `run` is the path of its directory within the
 * first ("" for that itself), `tag` its chart. Both are lent until the function returns. What it returns other than
 * SOMA_OK ends the reading.
 */
typedef soma_status soma_tensorboard_reader(void *context, const char *run, const char *tag, int64_t step,
                                            double value);
/*
 * Reads what soma or others wrote there, also while they still write: run by run, in the order of the files' names and
 * as it stands in them. SOMA_IO: the directory or a file cannot be read. SOMA_INVALID_FILE: a record is damaged; one
 * that ends with the file is not, it is not whole yet.
 */
SOMA_API soma_status soma_tensorboard_read(const char *directory, soma_tensorboard_reader *read, void *context);

#ifdef __cplusplus
}
#endif

#endif
