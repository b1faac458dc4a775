/* SPDX-License-Identifier: MIT */
/* Tables of numbers as comma-separated values: the parts that need no path. */
#ifndef SOMA_IO_CSV_H
#define SOMA_IO_CSV_H

#include "base/base.h"
#include <soma/soma.h>

/* As soma_dataset_from_csv(), from text in memory; `name` stands for the path in messages. */
soma_status soma_csv_parse(const char *name, const char *text, size_t size, const soma_csv_options *options,
                           soma_dataset **dataset);

#endif
