/* SPDX-License-Identifier: MIT */
/* What the cpu device asks of the host. */
#include "device/cpu/host.h"
#include "base/pages.h"
#include "device/cpu/cpu.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

void soma_host_processor(char *name, size_t size) {
    struct utsname system;
    snprintf(name, size, "%s", uname(&system) == 0 ? system.machine : "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (!file) return;
    char line[256];
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(name, size, "%s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    fclose(file);
}

size_t soma_host_l2_cache(void) {
#ifdef _SC_LEVEL2_CACHE_SIZE
    /* Asked once: a virtual machine takes microseconds to answer. */
    static _Atomic long known = -1;
    long bytes = atomic_load_explicit(&known, memory_order_relaxed);
    if (bytes < 0) {
        bytes = SOMA_MAX(sysconf(_SC_LEVEL2_CACHE_SIZE), 0L);
        atomic_store_explicit(&known, bytes, memory_order_relaxed);
    }
    return (size_t)bytes;
#else
    return 0;
#endif
}

/* The limit of the control group; 0: none. Version 2 writes "max" for none, version 1 a huge number. */
static uint64_t control_group_limit(void) {
    static const char *const paths[] = {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"};
    for (size_t i = 0; i < SOMA_COUNT_OF(paths); i++) {
        FILE *file = fopen(paths[i], "r");
        if (!file) continue;
        unsigned long long limit = 0;
        int read = fscanf(file, "%llu", &limit);
        fclose(file);
        if (read == 1) return limit;
    }
    return 0;
}

uint64_t soma_host_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t memory = pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0;
    uint64_t limit = control_group_limit();
    return limit && (limit < memory || !memory) ? limit : memory;
}

void *soma_host_alloc(size_t bytes) {
    const bool large = bytes >= SOMA_LARGE_PAGE && soma_may_advise_pages();
    void *memory = soma_malloc_aligned(large ? SOMA_LARGE_PAGE : SOMA_CPU_ALIGNMENT, bytes);
#ifdef MADV_HUGEPAGE
    if (memory && large) madvise(memory, bytes / SOMA_LARGE_PAGE * SOMA_LARGE_PAGE, MADV_HUGEPAGE);
#endif
    return memory;
}

void soma_host_free(void *memory) {
    soma_free_aligned(memory);
}
