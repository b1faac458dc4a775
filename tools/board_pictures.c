/* SPDX-License-Identifier: MIT */
/*
 * Pictures for TensorBoard: filters, as they become what they are, and in the end the samples that are taken for
 * another class.
 */
#include "board.h"
#include "filters.h"
#include "mistakes.h"
#include <stdlib.h>

enum { MOST_MISTAKES = 25 };

static void put(struct board *board, const char *run, const char *tag, int64_t step, const struct sheet *sheet) {
    char *png = NULL, problem[SHEET_PROBLEM_SIZE] = "out of memory";
    size_t size = 0;
    FILE *stream = open_memstream(&png, &size);
    bool written = stream && sheet_write_png(sheet, stream, problem);
    if (stream) written = fclose(stream) == 0 && written;
    if (!written)
        board_stop(board, problem);
    else if (soma_tensorboard_png(board->log, run, tag, step, png, size) != SOMA_OK)
        board_stop(board, soma_last_error());
    free(png);
}

static void put_filters(struct board *board, soma_network *network, uint32_t epoch, const char *title) {
    struct sheet sheet = {0};
    if (filters_draw(network, title, &sheet) != STATUS_DONE)
        board_stop(board, "the filters could not be drawn");
    else if (sheet.count)
        put(board, "train", "filters", epoch, &sheet);
    sheet_release(&sheet);
}

/* TensorBoard shows ten pictures of a chart: with each twice as late as the one before, they are of the whole course.
 */
void board_filters(struct board *board, soma_network *network, uint32_t epoch) {
    char title[32];
    if (!sheet_has_png() || board->problem || (epoch & (epoch - 1))) return;
    snprintf(title, sizeof title, "epoch %u", epoch);
    put_filters(board, network, epoch, title);
    board->drawn = epoch;
}

static void put_mistakes(struct board *board, soma_network *network, soma_dataset *dataset, const char *data,
                         const char *tag, uint32_t epoch) {
    struct sheet sheet = {0};
    if (!mistakes_can_be_drawn(network, dataset)) return;
    if (mistakes_draw(network, dataset, data, MOST_MISTAKES, &sheet) != STATUS_DONE)
        board_stop(board, "the mistakes could not be drawn");
    else
        put(board, NULL, tag, epoch, &sheet);
    sheet_release(&sheet);
}

void board_result(const struct settings *settings, struct board *board, soma_network *network, const struct data *data,
                  const soma_history *history) {
    if (!board->log || board->problem || !history->count || !sheet_has_png()) return;
    const uint32_t last = history->epochs[history->count - 1].epoch, best = history->epochs[history->best].epoch;
    char title[64];
    const bool restored = history->restored && best != last;
    snprintf(title, sizeof title, "epoch %u", last);
    if (restored) snprintf(title, sizeof title, "epoch %u, weights of epoch %u", last, best);
    if (board->drawn != last || restored) put_filters(board, network, last, title);
    if (board->problem) return;
    if (data->test)
        put_mistakes(board, network, data->test, settings->test_data ? settings->test_data : settings->data,
                     "mistakes/test", last);
    else if (data->validation)
        put_mistakes(board, network, data->validation,
                     settings->validation_data ? settings->validation_data : settings->data, "mistakes/validation",
                     last);
}
