/* SPDX-License-Identifier: MIT */
/* Planning calls, and working through a list of them on a team of threads. */
#ifndef SOMA_DEVICE_CPU_RUN_H
#define SOMA_DEVICE_CPU_RUN_H

#include "base/threads.h"
#include "device/cpu/isa.h"

/* Makes call->prepared, a soma_cpu_plan; workspace in bytes. */
soma_status soma_cpu_prepare(const soma_cpu_isa *isa, uint32_t threads, soma_call *call, size_t *workspace);
void soma_cpu_release(soma_call *call);
/* All calls are prepared. */
void soma_cpu_run(soma_threads *threads, const soma_call *calls, size_t count);

#endif
