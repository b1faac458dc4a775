/* SPDX-License-Identifier: MIT */
/* Memory from the application: all of it, aligned as asked, and all given back. */
#include "base/base.h"
#include "base/pages.h"
#include "device/cpu/cpu.h"
#include "device/cpu/host.h"
#include "expect.h"
#include "suite.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Each kind of memory has its own mark before it, so that a wrong way of freeing is seen. */
typedef struct mark {
    void *start;
    size_t kind;
} mark;
enum { PLAIN = 0x50, ALIGNED = 0xa1 };

static atomic_int made, freed, wrong, left;
static _Atomic size_t most_alignment;

static void *give(void *context, size_t kind, size_t alignment, size_t bytes) {
    wrong += context != &made;
    if (left >= 0 && left-- == 0) {
        left = 0;
        return NULL;
    }
    char *start = malloc(bytes + alignment + sizeof(mark));
    char *memory = (char *)(((uintptr_t)start + sizeof(mark) + alignment - 1) / alignment * alignment);
    const mark written = {start, kind};
    memcpy(memory - sizeof written, &written, sizeof written);
    made++;
    return memory;
}

static void *allocate(void *context, size_t bytes) {
    return give(context, PLAIN, 16, bytes);
}

static void *allocate_aligned(void *context, size_t alignment, size_t bytes) {
    wrong += alignment == 0 || (alignment & (alignment - 1)) != 0;
    most_alignment = SOMA_MAX(most_alignment, alignment);
    return give(context, ALIGNED, SOMA_MAX(alignment, 16), bytes);
}

static mark mark_of(const void *memory) {
    mark found;
    memcpy(&found, (const char *)memory - sizeof found, sizeof found);
    return found;
}

static void take(void *context, size_t kind, void *memory) {
    const mark found = mark_of(memory);
    wrong += context != &made || found.kind != kind;
    freed++;
    free(found.start);
}

static void release(void *context, void *memory) {
    take(context, PLAIN, memory);
}

static void release_aligned(void *context, void *memory) {
    take(context, ALIGNED, memory);
}

/* The size of the old block is not known here: this one keeps it within what both hold. */
static void *reallocate(void *context, void *memory, size_t bytes) {
    mark found = mark_of(memory);
    size_t before = (size_t)((char *)memory - (char *)found.start);
    wrong += context != &made || found.kind != PLAIN;
    char *start = realloc(found.start, bytes + 16 + sizeof found);
    if (!start) return NULL;
    /* realloc() keeps a multiple of 16, so the distance stays. */
    found.start = start;
    memcpy(start + before - sizeof found, &found, sizeof found);
    return start + before;
}

static const soma_allocator counting = {
    .context = &made,
    .allocate = allocate,
    .reallocate = reallocate,
    .release = release,
    .allocate_aligned = allocate_aligned,
    .release_aligned = release_aligned,
};

static soma_status train(void) {
    const float x[] = {0, 0, 0, 1, 1, 0, 1, 1}, t[] = {0, 1, 1, 0};
    const soma_array inputs = {.data = x, .dtype = SOMA_F32, .rank = 2, .shape = {4, 2}};
    const soma_array targets = {.data = t, .dtype = SOMA_F32, .rank = 2, .shape = {4, 1}};
    const size_t shape[] = {2};
    soma_device *device = NULL;
    soma_network *network = NULL;
    soma_dataset *dataset = NULL;
    soma_history history = {0};
    char *text = NULL;
    soma_status status = soma_device_open("cpu", &(soma_device_options){.threads = 2}, &device);
    if (!status) status = soma_network_create(&network);
    if (!status) soma_layers(soma_input(network, NULL, 1, shape), "dense 4 tanh; dense 1 sigmoid");
    if (!status) status = soma_compile(network, device, &(soma_compile_options){.optimizer.kind = SOMA_ADAM});
    if (!status) status = soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset);
    if (!status) status = soma_fit(network, dataset, &(soma_fit_options){.epochs = 3}, &history);
    if (!status) status = soma_summary(network, 4, &text);
    soma_free(text);
    soma_history_clear(&history);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    soma_device_close(device);
    return status;
}

START_TEST(all_memory_comes_from_the_application_and_goes_back) {
    left = -1;
    expect_ok(soma_set_allocator(&counting));
    expect_ok(train());
    ck_assert_int_gt(made, 100);
    ck_assert_int_eq(made, freed);
    ck_assert_int_eq(wrong, 0);
    expect_ok(soma_set_allocator(NULL));
    const int before = made;
    expect_ok(train());
    ck_assert_int_eq(made, before);
}
END_TEST

/* Whichever allocation is the last: an error, and everything is given back. */
START_TEST(an_allocator_may_fail) {
    expect_ok(soma_set_allocator(&counting));
    for (int most = 0;; most += 7) {
        left = most;
        soma_status status = train();
        ck_assert_int_eq(made, freed);
        if (status == SOMA_OK) break;
        ck_assert_msg(status == SOMA_OUT_OF_MEMORY || status == SOMA_OUT_OF_DEVICE_MEMORY, "%s: %s",
                      soma_status_name(status), soma_last_error());
    }
    left = -1;
    ck_assert_int_eq(wrong, 0);
    expect_ok(soma_set_allocator(NULL));
}
END_TEST

START_TEST(it_changes_while_nothing_is_held) {
    soma_device *device;
    soma_allocator incomplete = counting;
    incomplete.release_aligned = NULL;
    expect_error(soma_set_allocator(&incomplete), SOMA_INVALID_ARGUMENT, "NULL");
    soma_allocator later = counting;
    later.reserved[2] = 1;
    expect_error(soma_set_allocator(&later), SOMA_INVALID_ARGUMENT, "soma_allocator");
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_error(soma_set_allocator(&counting), SOMA_INVALID_STATE, "soma holds");
    soma_device_close(device);
    expect_ok(soma_set_allocator(&counting));
    expect_ok(soma_set_allocator(NULL));
}
END_TEST

/* Whether the system was told to have large pages for where this is: VmFlags of Linux. Elsewhere nobody knows. */
static bool expects_large_pages(const void *memory) {
    FILE *file = fopen("/proc/self/smaps", "r");
    char line[512];
    uintptr_t from, to;
    bool here = false, large = false;
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " ", &from, &to) == 2)
            here = (uintptr_t)memory >= from && (uintptr_t)memory < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            large |= strstr(line, " hg") != NULL;
    }
    if (file) fclose(file);
    return large;
}

/* How many of the pages that lie in this memory whole have been given to it, of how many. */
static size_t pages_there(char *memory, size_t bytes, size_t page, size_t *all) {
    const uintptr_t from = ((uintptr_t)memory + page - 1) / page * page, to = ((uintptr_t)memory + bytes) / page * page;
    unsigned char there[1024];
    size_t count = 0;
    *all = (to - from) / page;
    ck_assert_uint_le(*all, sizeof there);
    ck_assert_int_eq(mincore(memory + (from - (uintptr_t)memory), to - from, there), 0);
    for (size_t i = 0; i < *all; i++) count += there[i] & 1;
    return count;
}

/* All at once, where the system can be asked for that, instead of one by one as they are touched. */
START_TEST(pages_that_are_expected_are_there) {
#ifdef MADV_POPULATE_WRITE
    const size_t bytes = (size_t)1 << 20, page = (size_t)sysconf(_SC_PAGESIZE);
    size_t all;
    char *probe = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(probe != MAP_FAILED);
    const bool can = madvise(probe, bytes, MADV_POPULATE_WRITE) == 0 && page >= 4096;
    munmap(probe, bytes);
    char *memory = soma_malloc(bytes);
    ck_assert_ptr_nonnull(memory);
    soma_expect_all_pages(memory, bytes);
    if (can) {
        const size_t there = pages_there(memory, bytes, page, &all);
        ck_assert_uint_eq(there, all);
    }
    soma_free(memory);
#endif
}
END_TEST

/* It may be shared with others, locked, or counted by the application. Some systems say of pages that nobody has
 * touched that they are there: on these nothing is told by that. */
START_TEST(pages_of_an_application_are_its_own) {
    const size_t bytes = (size_t)8 << 20;
    char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(memory != MAP_FAILED);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), some = (size_t)1 << 20;
    size_t all;
    const bool told = pages_there(memory, some, page, &all) == 0;
    expect_ok(soma_set_allocator(&counting));
    soma_expect_all_pages(memory, bytes);
    ck_assert(!expects_large_pages(memory + bytes / 2));
    if (told) {
        const size_t there = pages_there(memory, some, page, &all);
        ck_assert_uint_eq(there, 0);
    }
    munmap(memory, bytes);
    most_alignment = 0;
    memory = soma_host_alloc(bytes);
    ck_assert_ptr_nonnull(memory);
    ck_assert_uint_eq(most_alignment, SOMA_CPU_ALIGNMENT);
    ck_assert(!expects_large_pages(memory + bytes / 2));
    soma_host_free(memory);
    expect_ok(soma_set_allocator(NULL));
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, all_memory_comes_from_the_application_and_goes_back);
    tcase_add_test(cases, an_allocator_may_fail);
    tcase_add_test(cases, it_changes_while_nothing_is_held);
    tcase_add_test(cases, pages_that_are_expected_are_there);
    tcase_add_test(cases, pages_of_an_application_are_its_own);
}

int main(void) {
    return run_suite("allocator", add_tests);
}
