/* SPDX-License-Identifier: MIT */
/* Opens the device that --device names, and loads the plug-ins that bring more. */
#ifndef SOMA_TOOLS_SESSION_H
#define SOMA_TOOLS_SESSION_H

#include "options.h"

/* Loads the shared objects that SOMA_PLUGINS names, separated by ':'. */
exit_status session_load_plugins(void);

/* The device of --device; "auto" means what the library makes of it. */
exit_status session_open(const struct settings *settings, soma_device **device);

/* Where the device is made of several: says that what follows is done on the first. */
void session_warn_of_several(soma_device *device);

/* Whether --device can be a list of several, as far as its text tells: names of makers have commas, too. */
bool session_may_be_several(const struct settings *settings);
/* Whether it was one, now that the device is open: of two or more, or of all of a kind, however many there are. */
bool session_is_several(const struct settings *settings, soma_device *device);

/* As session_open(), but "auto" measures: a few training steps of this network on every device, whose times are
 * printed. */
exit_status session_choose(const struct settings *settings, soma_network *network, const soma_compile_options *options,
                           size_t batch, soma_device **device);

#endif
