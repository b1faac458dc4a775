/* SPDX-License-Identifier: MIT */
/* What soma data says of a table. */
#ifndef SOMA_TOOLS_TABLE_REPORT_H
#define SOMA_TOOLS_TABLE_REPORT_H

#include "report.h"
#include <soma/table.h>

/* report: NULL where no JSON is wanted. */
void table_report(const char *path, const soma_table_profile *profile, report *object);

/* "setosa 50, versicolor 50", and that they are out of balance; count: of classes, names may be NULL. */
typedef const char *class_name(const void *context, size_t index);
void classes_report(const uint64_t *rows, size_t count, class_name *name, const void *context, report *object);

#endif
