/* SPDX-License-Identifier: MIT */
/*
 * Faults on request: the Nth piece of memory that soma asks for, the Nth call by which it opens, reads, writes, syncs
 * or renames a file, or the Nth call of OpenCL fails, once. Calls of the C library and of OpenCL come here by the
 * linker's
 * --wrap, so that only soma's own count; memory comes here by soma_set_allocator().
 */
#ifndef TESTS_INJECT_FAULTS_H
#define TESTS_INJECT_FAULTS_H

#include <soma/soma.h>

typedef enum fault_kind { FAULT_MEMORY, FAULT_FILES, FAULT_OPENCL, FAULT_KINDS } fault_kind;
extern const char *const fault_kind_name[FAULT_KINDS];

/* Calls of this kind are going to be counted, and the one after `after` others fails; negative: none does. */
void fault_arm(fault_kind kind, long after);
/* Between these two; what is done beside, to make ready and to look at results, neither counts nor fails. */
void fault_go_on(void);
void fault_pause(void);
long fault_count(void);
/* The name of the call that failed; NULL while none has. */
const char *fault_struck(void);

/* For the wrappers: whether this call is to fail. */
bool fault_now(fault_kind kind, const char *call);

extern const soma_allocator fault_allocator;
/* What soma holds: pieces of memory, objects of OpenCL. */
long fault_memory_held(void);
long fault_objects_held(void);

#endif
