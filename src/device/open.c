/* SPDX-License-Identifier: MIT */
/* From a name to an open device. */
#include "device/catalogue.h"

#include "base/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* -------------------------------------------------------------------------------------------------- opening one */

/* The limit that tests and users set from outside; the smaller of both holds. */
static soma_status limit_from_environment(uint64_t *limit) {
    const char *text = getenv("SOMA_MEMORY_LIMIT");
    if (!text || !*text) return SOMA_OK;
    char *end;
    errno = 0;
    unsigned long long bytes = strtoull(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9' || bytes == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "SOMA_MEMORY_LIMIT is \"%s\"; a number of bytes, 1 or more, is needed",
                          text);
    if (*limit == 0 || bytes < *limit) *limit = bytes;
    return SOMA_OK;
}

static soma_status resolve_options(const soma_device_options *options, soma_device_options *used) {
    *used = options ? *options : (soma_device_options){0};
    SOMA_TRY(SOMA_CHECK_RESERVED(used, "soma_device_options"));
    SOMA_TRY(soma_process_watch());
    return limit_from_environment(&used->memory_limit);
}

/* Fills in the rest of a device whose state is there. */
static void finish(soma_device *device, const soma_device_api *api, uint32_t index,
                   const soma_device_options *options) {
    device->api = api;
    api->info(device->state, &device->info);
    device->memory_limit = options->memory_limit;
    device->data_memory = options->data_memory;
    device->process = soma_process();
    pthread_mutex_init(&device->lock, NULL);
    soma_device_make_selector(device->selector, sizeof device->selector, api->name, index, device->info.kind);
    soma_log(SOMA_LOG_DEBUG, "device %s: %s, %s", device->selector, device->info.name, device->info.platform);
}

static soma_status open_index(const soma_device_api *api, uint32_t index, const soma_device_options *options,
                              soma_device **result) {
    soma_device_options used;
    SOMA_TRY(resolve_options(options, &used));
    soma_device *device = soma_calloc(1, sizeof *device);
    if (!device) return soma_out_of_memory(sizeof *device, "a device");
    soma_status status = api->open(index, &used, &device->state);
    if (status != SOMA_OK) {
        soma_free(device);
        return status;
    }
    finish(device, api, index, &used);
    *result = device;
    return SOMA_OK;
}

soma_status soma_device_adopt(const soma_device_api *api, void *state, uint32_t index,
                              const soma_device_options *options, soma_device **device) {
    if (!device) return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_adopt: no place for the device was given");
    *device = NULL;
    soma_device_options used;
    SOMA_TRY(soma_registry_check(api));
    SOMA_TRY(resolve_options(options, &used));
    *device = soma_calloc(1, sizeof **device);
    if (!*device) return soma_out_of_memory(sizeof **device, "a device");
    (*device)->state = state;
    finish(*device, api, index, &used);
    return SOMA_OK;
}

void *soma_device_state(const soma_device *device, const soma_device_api *api) {
    return device && device->api == api ? device->state : NULL;
}

void soma_device_close_one(soma_device *device) {
    if (soma_device_can_free(device)) device->api->close(device->state);
    /* In a child the lock may be held, by a thread that is not there. */
    if (soma_device_check_process(device) == SOMA_OK) pthread_mutex_destroy(&device->lock);
    soma_free(device);
}

/* --------------------------------------------------------------------------------------------- choosing an entry */

typedef bool entry_test(const soma_catalogue_entry *entry, const void *wanted);

static bool has_kind(const soma_catalogue_entry *entry, const void *wanted) {
    return entry->info.kind == *(const soma_device_kind *)wanted;
}

static bool has_in_name(const soma_catalogue_entry *entry, const void *wanted) {
    /* PoCL calls its platform by its long name only. */
    const char *piece = strcasecmp(wanted, "pocl") == 0 ? "Portable Computing Language" : wanted;
    const soma_device_info *info = &entry->info;
    if (!*piece) return false;
    return strcasestr(info->name, piece) || strcasestr(info->platform, piece) || strcasestr(info->vendor, piece);
}

/* Ranks kinds: a GPU before an accelerator before a processor. */
static int kind_rank(soma_device_kind kind) {
    static const int rank[] = {[SOMA_DEVICE_GPU] = 4,
                               [SOMA_DEVICE_ACCELERATOR] = 3,
                               [SOMA_DEVICE_OTHER] = 2,
                               [SOMA_DEVICE_OPENCL_CPU] = 1,
                               [SOMA_DEVICE_CPU] = 0};
    return (unsigned)kind < SOMA_COUNT_OF(rank) ? rank[kind] : 0;
}

/* Compute units of different makers can't be compared, but more of them with more memory is a fair guess at the bigger
 * card. */
static double size_rank(const soma_device_info *info) {
    return (double)info->compute_units * (double)info->memory;
}

static bool is_better(const soma_catalogue_entry *entry, const soma_catalogue_entry *than) {
    int rank = kind_rank(entry->info.kind) - kind_rank(than->info.kind);
    return rank != 0 ? rank > 0 : size_rank(&entry->info) > size_rank(&than->info);
}

/* The best usable entry that passes the test; the first of equals; NULL if there is none. */
static const soma_catalogue_entry *find_best(const soma_catalogue *catalogue, entry_test *test, const void *wanted) {
    const soma_catalogue_entry *best = NULL;
    for (size_t i = 0; i < catalogue->count; i++) {
        const soma_catalogue_entry *entry = &catalogue->entries[i];
        if (entry->usable && test(entry, wanted) && (!best || is_better(entry, best))) best = entry;
    }
    return best;
}

static const soma_catalogue_entry *find_kind(const soma_catalogue *catalogue, soma_device_kind kind) {
    return find_best(catalogue, has_kind, &kind);
}

/* "gpu": a GPU, or what comes nearest to one. */
static const soma_catalogue_entry *find_gpu(const soma_catalogue *catalogue) {
    const soma_catalogue_entry *entry = find_kind(catalogue, SOMA_DEVICE_GPU);
    if (entry) return entry;
    entry = find_kind(catalogue, SOMA_DEVICE_ACCELERATOR);
    if (!entry) entry = find_kind(catalogue, SOMA_DEVICE_OPENCL_CPU);
    if (entry)
        soma_log(SOMA_LOG_WARNING, "no GPU found; using %s %s (%s, %s) instead",
                 entry->info.kind == SOMA_DEVICE_ACCELERATOR ? "the accelerator" : "OpenCL on the processor",
                 entry->selector, entry->info.name, entry->info.platform);
    return entry;
}

/* ------------------------------------------------------------------------------------------------- kinds by name */

/* Splits "opencl:2"; false if `name` does not have the form WORD or WORD:NUMBER of a registered kind. */
static bool parse_kind(const char *name, const soma_device_api **api, bool *numbered, uint32_t *index) {
    const char *colon = strchr(name, ':');
    size_t length = colon ? (size_t)(colon - name) : strlen(name);
    *numbered = colon != NULL;
    *index = 0;
    if (colon) {
        char *end;
        errno = 0;
        unsigned long number = strtoul(colon + 1, &end, 10);
        if (errno || *end || colon[1] < '0' || colon[1] > '9' || number > UINT32_MAX) return false;
        *index = (uint32_t)number;
    }
    for (size_t i = 0; (*api = soma_registry_get(i)); i++)
        if (strlen((*api)->name) == length && strncasecmp((*api)->name, name, length) == 0) return true;
    return false;
}

/* The numbered device of a kind, else the first that is usable; NULL and the reason if there is none. */
static const soma_catalogue_entry *find_in_kind(const soma_catalogue *catalogue, bool numbered, uint32_t index,
                                                const char **reason) {
    *reason = "there is no such device";
    for (size_t i = 0; i < catalogue->count; i++) {
        const soma_catalogue_entry *entry = &catalogue->entries[i];
        if (numbered && entry->index != index) continue;
        if (entry->usable) return entry;
        *reason = entry->reason;
    }
    return NULL;
}

/* Opens a device of a kind. Other kinds are listed only for the message where there is no such device: that saves time.
 */
static soma_status open_kind(const char *name, const soma_device_api *api, bool numbered, uint32_t index,
                             const soma_device_options *options, soma_device **device) {
    soma_catalogue kind = {0}, all = {0};
    soma_status status = soma_catalogue_add(&kind, api);
    if (status == SOMA_OK) {
        const char *reason;
        const soma_catalogue_entry *entry = find_in_kind(&kind, numbered, index, &reason);
        if (entry)
            status = open_index(api, entry->index, options, device);
        else if ((status = soma_catalogue_add_all(&all)) == SOMA_OK)
            status = soma_catalogue_error(&all, name, reason);
    }
    soma_catalogue_clear(&kind);
    soma_catalogue_clear(&all);
    return status;
}

/* --------------------------------------------------------------------------------------------------------- names */

/* Nothing else was asked for: a GPU if there is one, else the processor. */
static const soma_catalogue_entry *find_auto(const soma_catalogue *catalogue) {
    const soma_catalogue_entry *entry = find_kind(catalogue, SOMA_DEVICE_GPU);
    return entry ? entry : find_kind(catalogue, SOMA_DEVICE_CPU);
}

/* White space is a piece of many a name, but nobody means it. */
static bool is_blank(const char *name) {
    return name[strspn(name, " \t")] == 0;
}

static soma_status open_listed(const char *name, const soma_device_options *options, soma_device **device) {
    soma_catalogue catalogue = {0};
    soma_status status = soma_catalogue_add_all(&catalogue);
    if (status == SOMA_OK) {
        const soma_catalogue_entry *entry = strcasecmp(name, "auto") == 0  ? find_auto(&catalogue)
                                            : strcasecmp(name, "gpu") == 0 ? find_gpu(&catalogue)
                                            : is_blank(name)               ? NULL
                                                                           : find_best(&catalogue, has_in_name, name);
        status =
            entry ? open_index(entry->api, entry->index, options, device) : soma_catalogue_error(&catalogue, name, "");
    }
    soma_catalogue_clear(&catalogue);
    return status;
}

soma_status soma_device_open_one(const char *name, const soma_device_options *options, soma_device **device) {
    const soma_device_api *api;
    bool numbered;
    uint32_t index;
    if (parse_kind(name, &api, &numbered, &index)) return open_kind(name, api, numbered, index, options, device);
    return open_listed(name, options, device);
}

bool soma_device_is_selector(const char *name) {
    const soma_device_api *api;
    bool numbered;
    uint32_t index;
    return strcasecmp(name, "gpu") == 0 || parse_kind(name, &api, &numbered, &index);
}
