/* SPDX-License-Identifier: MIT */
/* Texts as data. */
#ifndef SOMA_TOOLS_TEXT_H
#define SOMA_TOOLS_TEXT_H

#include "source.h"

/* For training its end is held out; for a network that is there it is read whole, in that network's tokens. */
exit_status text_load(const struct settings *settings, const soma_network *network, struct loaded *loaded);
/* Those of --tokens, where it is given, to a network that keeps none. */
exit_status text_give_tokens(const struct settings *settings, soma_network *network);
/* What says nothing of a text, or of what is none. */
exit_status text_refuse(const struct settings *settings, enum source source);

#endif
