/* SPDX-License-Identifier: MIT */
/* One line of a terminal that shows how much of something is done. */
#include "bar.h"
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDEST 32

struct bar bar_start(FILE *stream) {
    struct bar bar = {0};
    if (message_is_quiet()) return bar;
    bar.stream = stream;
    bar.terminal = isatty(fileno(stream));
    bar.color = message_uses_color(stream);
    bar.unicode = message_uses_unicode();
    return bar;
}

static int columns_of(FILE *stream) {
    struct winsize size;
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

static void print_repeated(FILE *stream, const char *piece, int count) {
    while (count-- > 0) fputs(piece, stream);
}

static void print_bar(const struct bar *bar, int width, double done) {
    int full = (int)(width * done + 0.5);
    if (bar->color) fputs("\033[32m", bar->stream);
    print_repeated(bar->stream, bar->unicode ? "\xe2\x94\x81" : "=", full);
    if (bar->color) fputs("\033[0;2m", bar->stream);
    print_repeated(bar->stream, bar->unicode ? "\xe2\x94\x81" : ".", bar->color || !bar->unicode ? width - full : 0);
    if (bar->color) fputs("\033[0m", bar->stream);
    if (bar->unicode && !bar->color) fprintf(bar->stream, "%*s", width - full, "");
}

void bar_draw(const struct bar *bar, const char *head, double done, const char *tail) {
    if (!bar->stream || !bar->terminal) return;
    int columns = columns_of(bar->stream) - 1;
    int room = columns - (int)strlen(head) - (int)strlen(tail);
    fprintf(bar->stream, "\r\033[K%s", head);
    if (room >= 5) print_bar(bar, room < WIDEST ? room : WIDEST, done);
    int shown = columns - (int)strlen(head);
    fprintf(bar->stream, "%.*s", shown > 0 ? shown : 0, tail);
    fflush(bar->stream);
}

void bar_clear(const struct bar *bar) {
    if (!bar->stream || !bar->terminal) return;
    fputs("\r\033[K", bar->stream);
    fflush(bar->stream);
}
