/* SPDX-License-Identifier: MIT */
/*
 * inject DEVICE KIND FIRST STEP: lives through all that a program does with soma (life.h), each time with another call
 * of the kind failing: number FIRST, FIRST + STEP, and so on to the last. tools/inject runs it, and starts it again
 * where it ended early. It prints "count N", then for each number "try N CALL" once the call has failed, and "good N"
 * or "bad N reason"; exit status 77: there is no such device.
 */
#include "faults.h"
#include "life.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECONDS = 100 }; /* for one life, on a busy machine under a sanitizer */

static long number;
static char directory[] = "/tmp/soma-inject-XXXXXX";

void life_fault(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("bad %ld %s: ", number, fault_struck() ? fault_struck() : "nothing failed");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    _exit(EXIT_FAILURE);
}

static int open_files(void) {
    int count = 0;
    DIR *open = opendir("/proc/self/fd");
    while (open && readdir(open)) count++;
    if (open) closedir(open);
    return count;
}

static void clear_directory(void) {
    DIR *open = opendir(directory);
    char path[512];
    for (const struct dirent *entry; open && (entry = readdir(open));) {
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        unlink(path);
    }
    if (open) closedir(open);
    rmdir(directory);
}

static void live(const char *device, fault_kind kind, long at) {
    number = at;
    alarm(SECONDS);
    fault_arm(kind, at);
    life_live(device, directory);
    alarm(0);
}

static fault_kind kind_of(const char *name) {
    for (int i = 0; i < FAULT_KINDS; i++)
        if (strcmp(name, fault_kind_name[i]) == 0) return (fault_kind)i;
    return FAULT_KINDS;
}

static bool there_is(const char *device) {
    soma_device *opened = NULL;
    if (soma_device_open(device, NULL, &opened) != SOMA_OK) printf("skipped: %s\n", soma_last_error());
    soma_device_close(opened);
    return opened != NULL;
}

int main(int argc, char **argv) {
    const fault_kind kind = argc == 5 ? kind_of(argv[2]) : FAULT_KINDS;
    const long first = argc == 5 ? strtol(argv[3], NULL, 10) : -1, step = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
    if (kind == FAULT_KINDS || first < 0 || step < 1) {
        fprintf(stderr, "usage: inject DEVICE memory|files|opencl FIRST STEP\n");
        return 2;
    }
    if (soma_set_allocator(&fault_allocator) != SOMA_OK || !mkdtemp(directory)) return 1;
    if (!there_is(argv[1])) return 77;
    live(argv[1], kind, -1); /* what all others are held against */
    live(argv[1], kind, -1); /* what is there from the second time on is no loss */
    const long count = fault_count();
    const int files = open_files();
    printf("count %ld\n", count);
    for (long i = first; i < count; i += step) {
        printf("try %ld\n", i);
        fflush(stdout);
        live(argv[1], kind, i);
        if (open_files() > files) life_fault("%d open files are lost", open_files() - files);
        printf("good %ld %s\n", i, fault_struck() ? fault_struck() : "not reached");
        fflush(stdout);
    }
    clear_directory();
    return 0;
}
