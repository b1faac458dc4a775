/* SPDX-License-Identifier: MIT */
/* Prints the options of a command from the table. */
#include "option_table.h"
#include <string.h>

#define INDENT 26 /* column where the explanations begin */
#define WIDTH  80

/* Prints text broken between words, the first line from `column` on, the others from INDENT. */
static void print_wrapped(FILE *stream, const char *text, int column) {
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (column > INDENT && column + 1 + length > WIDTH) {
            fprintf(stream, "\n%*s", INDENT, "");
            column = INDENT;
        } else if (column > INDENT) {
            fputc(' ', stream);
            column++;
        }
        fprintf(stream, "%.*s", length, text);
        column += length;
        text += length + strspn(text + length, " ");
    }
    fputc('\n', stream);
}

static void explain(const option_row *row, char *text, size_t size) {
    char words[CHOICE_LIST_SIZE];
    size_t length = (size_t)snprintf(text, size, "%s", row->help);
    if (row->choices)
        length += (size_t)snprintf(text + length, size - length, ": %s",
                                   choice_list(row->choices, NULL, NULL, SIZE_MAX, words));
    if (row->fallback) snprintf(text + length, size - length, " (default %s)", row->fallback);
}

void options_print_help(enum command command, FILE *stream) {
    const char *group = NULL, *printed = NULL;
    for (size_t i = 0; i < option_count; i++) {
        const option_row *row = &option_table[i];
        if (row->group) group = row->group;
        if (!(row->commands >> command & 1u)) continue;
        if (group != printed) fprintf(stream, "\n%s\n", group);
        printed = group;
        char text[512 + CHOICE_LIST_SIZE];
        int column = fprintf(stream, "  ");
        if (row->letter) column += fprintf(stream, "-%c, ", row->letter);
        column += fprintf(stream, "--%s%s%s", row->name, row->argument ? "=" : "", row->argument ? row->argument : "");
        if (column > INDENT - 1) fprintf(stream, "\n"), column = 0;
        fprintf(stream, "%*s", INDENT - column, "");
        explain(row, text, sizeof text);
        print_wrapped(stream, text, INDENT);
    }
}
