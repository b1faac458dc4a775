/* SPDX-License-Identifier: MIT */
/* --profile: where the time of a step goes, call by call. */
#ifndef SOMA_TOOLS_PROFILE_H
#define SOMA_TOOLS_PROFILE_H

#include "program.h"
#include "report.h"

struct profile_row {
    char primitive[32], tensor[64], shapes[128];
    bool native;
    double microseconds;
    double flops, bytes;
    double gflops, gigabytes; /* each second; gflops is NaN of what is no matrix product */
    double of_peak, of_copy;  /* as in soma_profile_row */
};

struct profile {
    struct profile_row *rows;
    size_t count, capacity;
    double microseconds; /* all rows together */
    bool out_of_memory;
};

/* Times each call of a step and prints the table. Reports its own errors. */
exit_status profile_take(soma_network *network, size_t batch, bool training, struct profile *profile);
/* As the array `profile` of the object; nothing of a profile that was not taken. */
void profile_report(report *object, const struct profile *profile);
void profile_release(struct profile *profile);

#endif
