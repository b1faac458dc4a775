/* SPDX-License-Identifier: MIT */
/* Pictures, as --data names them. */
#ifndef SOMA_TOOLS_PICTURES_H
#define SOMA_TOOLS_PICTURES_H

#include "source.h"

/* As a network has read its own, or so that they fit its input, or for NULL as the command line says. */
exit_status pictures_load(const struct settings *settings, soma_network *network, struct loaded *loaded);

/* How pictures were read, of which this data set is, with the size that they have. network: as above. */
soma_image_options pictures_options(const struct settings *settings, soma_network *network,
                                    const soma_dataset *dataset);

#endif
