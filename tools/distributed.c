/* SPDX-License-Identifier: MIT */
/* Finds the module for the MPI that has started the program, and loads it. */
#include "distributed.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The MPIs that there are modules for, and what their starters leave in the environment. */
static const struct {
    const char *file, *name, *ranks;
} kinds[] = {{"soma-mpi-openmpi.so", "Open MPI", "OMPI_COMM_WORLD_SIZE"}, {"soma-mpi-mpich.so", "MPICH", "PMI_SIZE"}};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* --------------------------------------------------------------------------------------------------------- finding */

/* Where modules are, as seen from the program: beside it before it is installed, then in the library directory. */
static const char *const places[] = {".", "../" SOMA_LIBDIR "/soma"};

/* The module's path in one of the places; the installed one where nobody says where the program is. */
static void module_path(size_t place, const char *file, char *path, size_t size) {
    char program[3072];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    char *slash = NULL;
    if (length > 0) {
        program[length] = '\0';
        slash = strrchr(program, '/');
    }
    if (slash) {
        *slash = '\0';
        snprintf(path, size, "%s/%s/%s", program, places[place], file);
    } else
        snprintf(path, size, "%s/soma/%s", SOMA_PREFIX "/" SOMA_LIBDIR, file);
}

/* NULL where there is none; *broken: there is one that cannot be loaded, which has been told. */
static const mpi_module *load(const char *file, bool *broken) {
    char path[4096];
    for (size_t i = 0; i < sizeof places / sizeof *places && !*broken; i++) {
        module_path(i, file, path, sizeof path);
        if (access(path, F_OK) != 0) continue;
        /* Open MPI's own modules want to see its symbols. */
        void *library = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
        void *symbol = library ? dlsym(library, MPI_MODULE_SYMBOL) : NULL;
        mpi_module_function *entry;
        memcpy(&entry, &symbol, sizeof entry);
        if (entry && entry()->abi == MPI_MODULE_ABI) return entry();
        *broken = true;
        fail(STATUS_DEVICE, "--distributed mpi: %s", library ? "the module is of another version of soma" : dlerror());
    }
    return NULL;
}

/* Which kind has started the program; KINDS where none says so. */
static size_t starter(void) {
    size_t i = 0;
    while (i < KINDS && !getenv(kinds[i].ranks)) i++;
    return i;
}

static exit_status find_module(const mpi_module **module) {
    size_t by = starter();
    bool broken = false;
    *module = NULL;
    for (size_t i = 0; i < KINDS && !*module && !broken; i++)
        if (by == KINDS || by == i) *module = load(kinds[i].file, &broken);
    if (*module) return STATUS_DONE;
    if (broken) return STATUS_DEVICE;
    char path[4096];
    module_path(1, by == KINDS ? "soma-mpi-openmpi.so or soma-mpi-mpich.so" : kinds[by].file, path, sizeof path);
    return fail(STATUS_USAGE,
                "--distributed mpi: there is no module for %s, which would be %s; it is built with soma where that MPI "
                "is found (-Dmpi=enabled)",
                by == KINDS ? "Open MPI or MPICH" : kinds[by].name, path);
}

/* --------------------------------------------------------------------------------------------------------- joining */

static void tell(soma_status status, const char *message) {
    fail_for(status, STATUS_FAILED, "%s", message);
}

/* A module of another MPI than the starter's sees one process alone, again and again. */
static exit_status check_ranks(const struct distributed *distributed) {
    size_t by = starter();
    const char *expected = by < KINDS ? getenv(kinds[by].ranks) : NULL;
    uint32_t ranks = distributed->communicator->ranks;
    if (!expected || strtoul(expected, NULL, 10) == ranks) return STATUS_DONE;
    return fail(STATUS_USAGE,
                "--distributed mpi: %s processes were started, and %s sees %" PRIu32
                " of them; the module must be of the MPI whose mpirun is used",
                expected, distributed->module->name, ranks);
}

/* What the first does for all: it speaks, and writes. The checkpoint's name stays, for all take part in writing it. */
static void follow(struct settings *settings, uint32_t rank) {
    static char word[32];
    snprintf(word, sizeof word, "train: rank %" PRIu32, rank);
    settings->save = settings->history = settings->plot = settings->tensorboard = NULL;
    settings->json = settings->profile = false;
    settings->quiet = true;
    message_setup(word, false, true);
}

static exit_status refuse_others(const struct settings *settings) {
    const char *other = settings->folds ? "--folds" : settings->seeds > 1 ? "--seeds" : "--find-lr";
    if (!settings->folds && settings->seeds <= 1 && !settings->find_rate) return STATUS_DONE;
    return fail(STATUS_USAGE, "--distributed does not go with %s; accepted: one training by all processes", other);
}

exit_status distributed_begin(struct settings *settings, struct distributed *distributed) {
    if (!settings->distributed) return STATUS_DONE;
    exit_status status = refuse_others(settings);
    if (status == STATUS_DONE) status = find_module(&distributed->module);
    if (status != STATUS_DONE) return status;
    distributed->communicator = distributed->module->begin(tell);
    if (!distributed->communicator) {
        const char *name = distributed->module->name;
        distributed->module = NULL;
        return fail(STATUS_FAILED, "--distributed mpi: %s cannot be started", name);
    }
    if (distributed_follows(distributed)) follow(settings, distributed->communicator->rank);
    return check_ranks(distributed);
}

bool distributed_follows(const struct distributed *distributed) {
    return distributed->communicator && distributed->communicator->rank > 0;
}

exit_status distributed_end(struct distributed *distributed, exit_status status, bool known) {
    const mpi_module *module = distributed->module;
    *distributed = (struct distributed){.module = NULL};
    if (!module) return status;
    fflush(NULL);
    if (status == STATUS_DONE || status == STATUS_INTERRUPTED || known)
        module->end();
    else
        module->abort(status);
    return status;
}
