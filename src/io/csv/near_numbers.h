/* SPDX-License-Identifier: MIT */
/* Fields that are no numbers, but were meant for some. */
#ifndef SOMA_IO_CSV_NEAR_NUMBERS_H
#define SOMA_IO_CSV_NEAR_NUMBERS_H

#include <stdbool.h>

/* A number, or a date, in another way of writing: with points, commas or blanks between digits, a percent sign or a
 * currency, day.month.year. It is no category. */
bool soma_csv_is_like_number(const char *text);

/* "is no number; ...": and what would be one in its place. name: of the column, NULL where it has none. */
const char *soma_csv_why_no_number(const char *text, const char *name);

#endif
