/* SPDX-License-Identifier: MIT */
/* Ctrl-C and SIGTERM. */
#include "interrupt.h"
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;
static bool heeds_interrupt; /* Ctrl-C counts */

/* From now on either signal ends the program at once. */
static void note(int number) {
    (void)number;
    came = 1;
    if (heeds_interrupt) signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

void interrupt_setup(void) {
    struct sigaction inherited;
    heeds_interrupt = sigaction(SIGINT, NULL, &inherited) == 0 && inherited.sa_handler != SIG_IGN;
}

void interrupt_watch(void) {
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    /* Each waits for the other's handler: a second signal that comes with the first is a second one, too. */
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGTERM, &action, NULL);
    /* A driver's compiler may have put a handler of its own in the place of either. */
    if (!heeds_interrupt) action.sa_handler = SIG_IGN;
    sigaction(SIGINT, &action, NULL);
}

bool interrupt_came(void) {
    return came != 0;
}
