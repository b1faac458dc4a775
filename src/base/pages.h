/* SPDX-License-Identifier: MIT */
/* Memory page by page: that will be written, and that has served. */
#ifndef SOMA_BASE_PAGES_H
#define SOMA_BASE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* Those of Linux on most machines; on others this is no more than a hint. */
#define SOMA_LARGE_PAGE ((size_t)2 << 20)

/* Whether the system may be asked for what it does with pages of memory of soma_malloc() and its like: not where an
 * application's allocator makes it, which may share, lock or count them. */
bool soma_may_advise_pages(void);

/* All of this memory will be written soon: where there is much of it, the system may have larger pages for it.
 * Memory of soma_malloc(); where an application's allocator made it, nothing is done. */
void soma_expect_all_pages(void *memory, size_t bytes);

/*
 * Gives the whole pages within memory of soma_malloc() and its like back to the system, where that is possible: what
 * was in them is lost, the memory is there until it is freed as ever, and may be written again. False: nothing is lost.
 */
bool soma_give_back_pages(void *memory, size_t bytes);

#endif
