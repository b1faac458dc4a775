/* SPDX-License-Identifier: MIT */
/* Reads one option's value into its field of the settings, strictly: the whole text, within the row's bounds. */
#ifndef SOMA_TOOLS_OPTION_VALUE_H
#define SOMA_TOOLS_OPTION_VALUE_H

#include "option_table.h"

/* STATUS_USAGE, with a message that names the option, the value found and what is accepted. */
exit_status option_read_value(const option_row *row, const char *text, struct settings *settings);

/* The whole text as a finite decimal number; false if it is none. */
bool number_parse(const char *text, double *value);

/* The whole text as positive sizes joined by x, at most `most` of them; false if it is none, and *value stays. */
bool shape_parse(const char *text, size_t most, struct shape *value);

#endif
