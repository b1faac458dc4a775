/* SPDX-License-Identifier: MIT */
/*
 * Opening devices: one, or several by a list of their names. Of several the first is what the caller gets, and it has
 * the others, for soma_fit(): all that shares a batch out lies there. A device's own interface knows memory and calls,
 * and no samples: it could not tell which views of a call go along the batch.
 */
#include "device/catalogue.h"

#include "base/threads.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SEPARATORS ", \t"

/* The names in a list, one by one: each in its own memory. */
typedef struct names {
    char **name;
    size_t count;
} names;

static soma_status add_name(names *list, const char *name, size_t length) {
    char **longer = soma_realloc(list->name, list->count + 1, sizeof *longer);
    if (longer) list->name = longer;
    char *copy = longer ? soma_calloc(length + 1, 1) : NULL;
    if (!copy) return soma_out_of_memory(length + 1, "the names of devices");
    memcpy(copy, name, length);
    list->name[list->count++] = copy;
    return SOMA_OK;
}

static void clear_names(names *list) {
    for (size_t i = 0; i < list->count; i++) soma_free(list->name[i]);
    soma_free(list->name);
    *list = (names){0};
}

/* --------------------------------------------------------------------------------------------------- what is a list */

static const char *name_or_default(const char *name) {
    if (name && strcasecmp(name, "auto") != 0) return name;
    const char *wanted = getenv("SOMA_DEVICE");
    return wanted && *wanted ? wanted : "auto";
}

static bool is_starred(const char *name) {
    const size_t length = strlen(name);
    return length > 1 && name[length - 1] == '*';
}

/* "opencl:1", or "gpu*" and "opencl*", all of them. */
static bool may_stand_in_list(char *name) {
    const size_t last = strlen(name) - 1;
    if (!is_starred(name)) return soma_device_is_selector(name);
    name[last] = 0;
    const bool is_kind = !strchr(name, ':') && soma_device_is_selector(name);
    name[last] = '*';
    return is_kind;
}

/* The parts of a text that commas divide. */
static soma_status split(const char *text, names *parts) {
    while (*text) {
        const size_t length = strcspn(text, ",");
        const size_t before = SOMA_MIN(strspn(text, " \t"), length);
        size_t end = length;
        while (end > before && strchr(SEPARATORS, text[end - 1])) end--;
        SOMA_TRY(add_name(parts, text + before, end - before));
        text += length;
        if (*text == ',' && !text[1]) SOMA_TRY(add_name(parts, "", 0));
        text += *text == ',';
    }
    return SOMA_OK;
}

/* Names of makers have commas, too: a list has nothing in it but selectors. */
static bool is_list(const names *parts) {
    bool all = parts->count > 1 || (parts->count == 1 && is_starred(parts->name[0]));
    for (size_t i = 0; all && i < parts->count; i++) all = *parts->name[i] && may_stand_in_list(parts->name[i]);
    return all;
}

/* ------------------------------------------------------------------------------------------------------- all of them
 */

static bool is_of(const soma_catalogue_entry *entry, const char *kind, size_t length) {
    if (!entry->usable) return false;
    if (length == 3 && strncasecmp(kind, "gpu", length) == 0) return entry->info.kind == SOMA_DEVICE_GPU;
    return strlen(entry->api->name) == length && strncasecmp(entry->api->name, kind, length) == 0;
}

static soma_status add_all_of(const char *starred, names *found) {
    soma_catalogue catalogue = {0};
    const size_t before = found->count;
    soma_status status = soma_catalogue_add_all(&catalogue);
    for (size_t i = 0; status == SOMA_OK && i < catalogue.count; i++) {
        const soma_catalogue_entry *entry = &catalogue.entries[i];
        if (is_of(entry, starred, strlen(starred) - 1))
            status = add_name(found, entry->selector, strlen(entry->selector));
    }
    if (status == SOMA_OK && found->count == before) status = soma_catalogue_error(&catalogue, starred, "");
    soma_catalogue_clear(&catalogue);
    return status;
}

static soma_status expand(const names *parts, names *found) {
    for (size_t i = 0; i < parts->count; i++)
        SOMA_TRY(is_starred(parts->name[i]) ? add_all_of(parts->name[i], found)
                                            : add_name(found, parts->name[i], strlen(parts->name[i])));
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------------- opening
 */

/* What was opened last has a place, and the count of it, too, already. */
static soma_status check_parts(soma_device *const *part, size_t count) {
    const soma_device *last = part[count - 1];
    for (size_t i = 0; i + 1 < count && last->info.kind != SOMA_DEVICE_CPU; i++)
        if (strcmp(part[i]->selector, last->selector) == 0)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "%s (%s) is twice among the devices that are to train together; each of them once is "
                              "possible, and \"gpu*\" means all GPUs",
                              last->selector, last->info.name);
    return SOMA_OK;
}

/* Devices of the processor share its cores, unless somebody says how many threads each is to have. */
static soma_device_options options_of_part(const soma_device_options *options, const names *list) {
    soma_device_options used = options ? *options : (soma_device_options){0};
    uint32_t processors = 0;
    for (size_t i = 0; i < list->count; i++) processors += strncasecmp(list->name[i], "cpu", 3) == 0;
    if (used.threads == 0 && processors > 1) used.threads = SOMA_MAX(soma_threads_available() / processors, 1);
    return used;
}

static soma_status open_parts(const names *list, const soma_device_options *options, soma_device **part) {
    const soma_device_options used = options_of_part(options, list);
    for (size_t i = 0; i < list->count; i++) {
        SOMA_TRY(soma_device_open_one(list->name[i], &used, &part[i]));
        SOMA_TRY(check_parts(part, i + 1));
    }
    return SOMA_OK;
}

static char *join(soma_device *const *part, size_t count) {
    soma_text text = {0};
    for (size_t i = 0; i < count; i++) soma_text_append(&text, "%s%s", i ? "," : "", part[i]->selector);
    if (!text.failed) return text.data;
    soma_free(text.data);
    return NULL;
}

/* The same layout of the weights on all. */
static void agree_on_alignment(soma_device *const *part, size_t count) {
    uint32_t alignment = 0;
    for (size_t i = 0; i < count; i++) alignment = SOMA_MAX(alignment, part[i]->info.alignment);
    for (size_t i = 0; i < count; i++) part[i]->info.alignment = alignment;
}

/* The first takes the others over. */
static soma_status bind(soma_device *const *part, size_t count) {
    soma_device *first = part[0];
    if (count == 1) return SOMA_OK;
    soma_device **others = soma_calloc(count - 1, sizeof *others);
    char *list = others ? join(part, count) : NULL;
    if (!list) {
        soma_free(others);
        return soma_out_of_memory(count * sizeof *others, "a device of several");
    }
    memcpy(others, part + 1, (count - 1) * sizeof *others);
    agree_on_alignment(part, count);
    for (size_t i = 1; i < count; i++) part[i]->is_other = true;
    first->others = others;
    first->other_count = (uint32_t)(count - 1);
    first->list = list;
    return SOMA_OK;
}

static soma_status open_list(const names *list, const soma_device_options *options, soma_device **device) {
    soma_device **part = soma_calloc(list->count, sizeof *part);
    if (!part) return soma_out_of_memory(list->count * sizeof *part, "a device of several");
    soma_status status = open_parts(list, options, part);
    if (status == SOMA_OK) status = bind(part, list->count);
    if (status == SOMA_OK)
        *device = part[0];
    else
        for (size_t i = 0; i < list->count && part[i]; i++) soma_device_close_one(part[i]);
    soma_free(part);
    return status;
}

soma_status soma_device_open(const char *name, const soma_device_options *options, soma_device **device) {
    if (!device) return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_open: no place for the device was given");
    *device = NULL;
    name = name_or_default(name);
    names parts = {0}, list = {0};
    soma_status status = split(name, &parts);
    if (status == SOMA_OK && is_list(&parts)) {
        status = expand(&parts, &list);
        if (status == SOMA_OK) status = open_list(&list, options, device);
    } else if (status == SOMA_OK) {
        status = soma_device_open_one(name, options, device);
    }
    clear_names(&parts);
    clear_names(&list);
    return status;
}

/* ----------------------------------------------------------------------------------------------------------- joining
 */

static soma_status check_joined(soma_device *const *devices, uint32_t number) {
    soma_device *device = devices[number];
    soma_device_memory memory;
    if (!device) return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_join: device %u of them is NULL", number);
    SOMA_TRY(soma_device_check_process(device));
    for (uint32_t i = 0; i < number; i++)
        if (devices[i] == device)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "soma_device_join: devices %u and %u are the same, %s (%s); each may be there once", i,
                              number, device->selector, device->info.name);
    if (device->other_count || device->is_other)
        return soma_error(SOMA_INVALID_STATE,
                          "soma_device_join: device %u, %s, is %s; a device that is alone is needed", number,
                          soma_device_selector(device), device->is_other ? "a part of another" : "made of several");
    soma_device_get_memory(device, &memory);
    if (memory.allocated)
        return soma_error(SOMA_INVALID_STATE,
                          "soma_device_join: device %u, %s, has %llu bytes in use; join devices before networks are "
                          "compiled for them",
                          number, device->selector, (unsigned long long)memory.allocated);
    return SOMA_OK;
}

soma_status soma_device_join(soma_device *const *devices, uint32_t count, soma_device **joined) {
    if (!joined) return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_join: no place for the device was given");
    *joined = NULL;
    if (!devices || count == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_join: no devices were given; at least one is needed");
    for (uint32_t i = 0; i < count; i++) SOMA_TRY(check_joined(devices, i));
    SOMA_TRY(bind(devices, count));
    *joined = devices[0];
    return SOMA_OK;
}

void soma_device_close(soma_device *device) {
    if (!device) return;
    for (uint32_t i = 0; i < device->other_count; i++) soma_device_close_one(device->others[i]);
    soma_free(device->others);
    soma_free(device->list);
    soma_device_close_one(device);
}

soma_device *soma_device_part(soma_device *device, uint32_t part) {
    if (part == 0) return device;
    return part <= device->other_count ? device->others[part - 1] : NULL;
}
