/* SPDX-License-Identifier: MIT */
/* What is known of the drivers. */
#include "device/opencl/driver/probe.h"

#include <stdio.h>
#include <string.h>

static soma_cl_verdict *find(const soma_cl_verdicts *drivers, const char *identity) {
    for (size_t i = 0; i < drivers->count; i++)
        if (strcmp(drivers->platform[i].platform, identity) == 0) return (soma_cl_verdict *)&drivers->platform[i];
    return NULL;
}

bool soma_cl_knows_platform(const soma_cl_verdicts *drivers, const char *identity) {
    return find(drivers, identity) != NULL;
}

const char *soma_cl_reason_against(const soma_cl_verdicts *drivers, const char *identity) {
    const soma_cl_verdict *verdict = find(drivers, identity);
    return verdict && verdict->reason[0] ? verdict->reason : NULL;
}

void soma_cl_judge_platform(soma_cl_verdicts *drivers, const char *identity, const char *reason) {
    soma_cl_verdict *verdict = find(drivers, identity);
    if (!verdict) {
        if (drivers->count == SOMA_CL_MOST_PLATFORMS) return;
        verdict = &drivers->platform[drivers->count++];
        snprintf(verdict->platform, sizeof verdict->platform, "%s", identity);
        verdict->reason[0] = 0;
    }
    if (*reason) snprintf(verdict->reason, sizeof verdict->reason, "%s", reason);
}

bool soma_cl_any_platform_failed(const soma_cl_verdicts *drivers) {
    for (size_t i = 0; i < drivers->count; i++)
        if (drivers->platform[i].reason[0]) return true;
    return false;
}
