/* SPDX-License-Identifier: MIT */
/* --distributed: several processes that train one network. */
#ifndef SOMA_TOOLS_DISTRIBUTED_H
#define SOMA_TOOLS_DISTRIBUTED_H

#include "mpi_module.h"
#include "options.h"

struct distributed {
    const mpi_module *module;              /* NULL: not asked for */
    const soma_communicator *communicator; /* NULL: alone */
};

/* Joins the other processes where that was asked for. All but the first are quiet from then on, and write no files. */
exit_status distributed_begin(struct settings *settings, struct distributed *distributed);
/* Whether this is another process than the first. */
bool distributed_follows(const struct distributed *distributed);
/* Leaves the others. Where this process has failed before all knew of it, they are ended. Returns status. */
exit_status distributed_end(struct distributed *distributed, exit_status status, bool known);

#endif
