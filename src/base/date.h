/* SPDX-License-Identifier: MIT */
/* Dates and times as ISO 8601 writes them. */
#ifndef SOMA_BASE_DATE_H
#define SOMA_BASE_DATE_H

#include <stdbool.h>

/*
 * Seconds since 1970-01-01T00:00:00Z of "2024-02-29", or with a time behind a T or a blank: "2024-02-29T23:59:59.5",
 * seconds and fraction or not, and perhaps a zone, "Z" or "+02:00"; without one it is taken for UTC. False where the
 * text is anything else, or no day that there is.
 */
bool soma_date_parse(const char *text, double *seconds);

/* Sine and cosine of where a moment lies in its year (in whole days), in the week that begins on Monday (likewise), and
 * in its day. */
#define SOMA_CYCLE_PARTS 6
void soma_date_cycle(double seconds, float parts[SOMA_CYCLE_PARTS]);

#endif
