/* SPDX-License-Identifier: MIT */
/* What the cpu device asks of the host: who the processor is, how much memory there is, memory itself. */
#ifndef SOMA_DEVICE_CPU_HOST_H
#define SOMA_DEVICE_CPU_HOST_H

#include "base/base.h"

#define SOMA_CPU_MAX_THREADS 1024

/* The processor's name, "AMD EPYC 9654 96-Core Processor", or the machine type where the system does not tell. */
void soma_host_processor(char *name, size_t size);

/* Bytes that this process may use: the machine's memory, or the limit of its control group; 0: unknown. */
uint64_t soma_host_memory(void);

/* Bytes of one core's L2 cache; 0: unknown. */
size_t soma_host_l2_cache(void);

/* At SOMA_CPU_ALIGNMENT; large blocks in large pages where the system has them and no application's allocator
 * makes them. NULL on failure. */
void *soma_host_alloc(size_t bytes);
void soma_host_free(void *memory);

#endif
