/* SPDX-License-Identifier: MIT */
/* Signals that ask training to end. */
#include "interrupt.h"
#include <signal.h>
#include <stddef.h>

/* Ctrl-C; a wish of the system; the terminal has gone; whoever read the output has. */
static const int requests[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE};
enum { REQUESTS = sizeof requests / sizeof *requests };

static volatile sig_atomic_t came;
static bool heeded[REQUESTS];

/*
 * After one of Ctrl-C or SIGTERM the next ends the program at once. A terminal that goes tells it through the system,
 * the shell, and a service manager beside its SIGTERM, and a reader that has gone tells it at every line: neither is
 * anybody's second wish.
 */
static bool insists(int number) {
    return number == SIGINT || number == SIGTERM;
}

static void note(int number) {
    came = 1;
    if (!insists(number)) signal(number, SIG_IGN);
    for (size_t i = 0; insists(number) && i < REQUESTS; i++)
        if (heeded[i] && insists(requests[i])) signal(requests[i], SIG_DFL);
}

void interrupt_setup(void) {
    for (size_t i = 0; i < REQUESTS; i++) {
        struct sigaction inherited;
        heeded[i] = sigaction(requests[i], NULL, &inherited) == 0 && inherited.sa_handler != SIG_IGN;
    }
    signal(SIGXFSZ, SIG_IGN); /* then writing beyond the limit on a file's size is an error like that on a full disk */
}

void interrupt_watch(void) {
    struct sigaction action = {.sa_flags = SA_RESTART};
    /* Each waits for the other's handler: a second signal that comes with the first is a second one, too. */
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < REQUESTS; i++) sigaddset(&action.sa_mask, requests[i]);
    for (size_t i = 0; i < REQUESTS; i++) {
        /* A driver's compiler may have put a handler of its own in the place of any. */
        action.sa_handler = heeded[i] ? note : SIG_IGN;
        sigaction(requests[i], &action, NULL);
    }
}

bool interrupt_came(void) {
    return came != 0;
}
