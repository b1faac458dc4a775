/* SPDX-License-Identifier: MIT */
/* How the program tells which kernels multiply matrices on a device. */
#ifndef SOMA_TOOLS_TUNING_H
#define SOMA_TOOLS_TUNING_H

#include "report.h"
#include <soma/soma.h>

/* A line for each shape that was measured, and what it comes to. */
void tuning_say_table(const soma_tuning *tuning);
/* The same in few lines: for each transposition the kernel of most shapes, and the shapes that have another. */
void tuning_say_compact(const soma_tuning *tuning);
/* default_kernel, file, date, choices. */
void tuning_report(report *object, const soma_tuning *tuning);

#endif
