/* SPDX-License-Identifier: MIT */
/* A network one step after the other, which carries its state. */
#ifndef SOMA_TOOLS_STEPPER_H
#define SOMA_TOOLS_STEPPER_H

#include "program.h"

struct stepper;

/* *stepper NULL: the network looks at several steps at once. */
exit_status stepper_open(soma_network *network, soma_device *device, struct stepper **stepper);
/* How many steps it goes: SIZE_MAX without end. */
size_t stepper_steps(const struct stepper *stepper);
/* The next token, and what the network says after it: output, of one step. */
exit_status stepper_step(struct stepper *stepper, int32_t token, float *output);
void stepper_close(struct stepper *stepper); /* NULL is accepted */

#endif
