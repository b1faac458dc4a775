/* SPDX-License-Identifier: MIT */
/* Ctrl-C and SIGTERM. */
#include "interrupt.h"
#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;

static void note(int number) {
    (void)number;
    came = 1;
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

void interrupt_watch(void) {
    struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART};
    struct sigaction inherited;
    sigemptyset(&action.sa_mask);
    /* A shell starts background jobs with Ctrl-C ignored: they keep to that. */
    if (sigaction(SIGINT, NULL, &inherited) == 0 && inherited.sa_handler != SIG_IGN) sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool interrupt_came(void) {
    return came != 0;
}
