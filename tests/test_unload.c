/* SPDX-License-Identifier: MIT */
/*
 * Loads the shared library, uses it and unloads it, a hundred times over: nothing stays behind.
 *
 * Usage: test_unload LIBRARY     (under GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0, since what
 * the C library's allocator keeps for the next request counts as in use)
 */
#include <dirent.h>
#include <dlfcn.h>
#include <malloc.h>
#include <soma/soma.h>
#include <stdio.h>
#include <string.h>

enum { WARM_UP = 10, TIMES = 100, SKIP = 77 };

/* POSIX's way round ISO C, which has no conversion from an object pointer to a function pointer. */
#define FIND(library, function)                                                                                        \
    do {                                                                                                               \
        *(void **)&function = dlsym(library, "soma_" #function);                                                       \
        if (!function) return 0;                                                                                       \
    } while (0)

/* One network trained by a callback-free loop; 0 where anything fails. */
static int use(void *library) {
    soma_status (*device_open)(const char *, const soma_device_options *, soma_device **);
    void (*device_close)(soma_device *);
    soma_status (*network_create)(soma_network **);
    void (*network_destroy)(soma_network *);
    soma_tensor *(*input)(soma_network *, const char *, uint32_t, const size_t *);
    soma_tensor *(*layers)(soma_tensor *, const char *);
    soma_status (*compile)(soma_network *, soma_device *, const soma_compile_options *);
    soma_status (*run)(soma_network *, const float *, size_t, float *);
    FIND(library, device_open);
    FIND(library, device_close);
    FIND(library, network_create);
    FIND(library, network_destroy);
    FIND(library, input);
    FIND(library, layers);
    FIND(library, compile);
    FIND(library, run);
    const soma_device_options threads = {.threads = 2};
    const size_t shape[] = {2};
    const float x[] = {1, 2};
    float y[3] = {0};
    soma_device *device = NULL;
    soma_network *network = NULL;
    int good = device_open("cpu", &threads, &device) == SOMA_OK && network_create(&network) == SOMA_OK &&
               layers(input(network, NULL, 1, shape), "dense 64 relu; dense 3 softmax") &&
               compile(network, device, NULL) == SOMA_OK && run(network, x, 1, y) == SOMA_OK;
    network_destroy(network);
    device_close(device);
    return good && y[0] + y[1] + y[2] > 0.999f && y[0] + y[1] + y[2] < 1.001f;
}

typedef struct state {
    size_t mappings, files, heap;
} state;

static size_t count_lines(const char *path) {
    FILE *file = fopen(path, "r");
    size_t lines = 0;
    for (int c; file && (c = fgetc(file)) != EOF;) lines += c == '\n';
    if (file) fclose(file);
    return lines;
}

static size_t count_entries(const char *path) {
    DIR *directory = opendir(path);
    size_t entries = 0;
    while (directory && readdir(directory)) entries++;
    if (directory) closedir(directory);
    return entries;
}

static state look(void) {
    return (state){count_lines("/proc/self/maps"), count_entries("/proc/self/fd"), mallinfo2().uordblks};
}

int main(int argc, char **argv) {
    state first = {0};
    if (argc != 2) return 2;
    if (count_lines("/proc/self/maps") == 0) {
        printf("skipped: there is no /proc to look at\n");
        return SKIP;
    }
    for (int i = 0; i < WARM_UP + TIMES; i++) {
        if (i == WARM_UP) first = look();
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            printf("%s\n", dlerror());
            return 1;
        }
        if (!use(library)) {
            printf("round %d: it does not work\n", i);
            return 1;
        }
        dlclose(library);
        if (dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD)) {
            printf("round %d: it is still loaded\n", i);
            return 1;
        }
    }
    const state last = look();
    printf("after %d rounds: %zu mappings (%zu before), %zu open files (%zu), %zu bytes of heap (%zu)\n", TIMES,
           last.mappings, first.mappings, last.files, first.files, last.heap, first.heap);
    return last.mappings <= first.mappings && last.files <= first.files && last.heap <= first.heap ? 0 : 1;
}
