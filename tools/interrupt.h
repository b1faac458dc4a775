/* SPDX-License-Identifier: MIT */
/* Ctrl-C and SIGTERM: the first asks training to end, the second ends the program at once. */
#ifndef SOMA_TOOLS_INTERRUPT_H
#define SOMA_TOOLS_INTERRUPT_H

#include <stdbool.h>

/* First of all in main(): a shell starts background jobs with Ctrl-C ignored, and they keep to that. */
void interrupt_setup(void);
void interrupt_watch(void);
bool interrupt_came(void);

#endif
