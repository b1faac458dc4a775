/* SPDX-License-Identifier: MIT */
/* The samples that a network is most wrong about, as a picture. */
#ifndef SOMA_TOOLS_MISTAKES_H
#define SOMA_TOOLS_MISTAKES_H

#include "options.h"
#include "report.h"

/* Before the work: can the file be written? And, once they are loaded: are these pictures of classes? */
exit_status mistakes_try(const struct settings *settings);
exit_status mistakes_check(const struct settings *settings, const soma_network *network, const soma_dataset *dataset);

/* Writes what --mistakes wants of them. */
exit_status mistakes_write(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                           const soma_outcomes *outcomes, report *object);

#endif
