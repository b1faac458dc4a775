/* SPDX-License-Identifier: MIT */
/* The network that soma train takes where neither --net nor a model names one. */
#ifndef SOMA_TOOLS_DEFAULT_NET_H
#define SOMA_TOOLS_DEFAULT_NET_H

#include "data.h"

/*
 * The text of a network for the data and --loss, in a static buffer. Data and options that no such network can serve
 * are refused here, in terms of data and options: of its layers the user knows nothing.
 */
exit_status default_net(const struct settings *settings, const struct data *data, const char **net);

#endif
