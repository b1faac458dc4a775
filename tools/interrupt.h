/* SPDX-License-Identifier: MIT */
/*
 * Signals that ask training to end: Ctrl-C, SIGTERM, SIGHUP of a terminal that goes, and SIGPIPE of a reader that has.
 * A second Ctrl-C or SIGTERM ends the program at once.
 */
#ifndef SOMA_TOOLS_INTERRUPT_H
#define SOMA_TOOLS_INTERRUPT_H

#include <stdbool.h>

/*
 * First of all in main(): what is ignored then stays so. A shell starts background jobs with Ctrl-C ignored, nohup with
 * SIGHUP.
 */
void interrupt_setup(void);
void interrupt_watch(void);
bool interrupt_came(void);

#endif
