/* SPDX-License-Identifier: MIT */
/* Lists the devices of all kinds, for name resolution, for soma_device_list(), and for the error when a name fits none.
 */
#include "device/catalogue.h"

#include <stdio.h>
#include <string.h>

void soma_device_make_selector(char *selector, size_t size, const char *kind_name, uint32_t index,
                               soma_device_kind kind) {
    bool numbered = kind != SOMA_DEVICE_CPU && kind != SOMA_DEVICE_OTHER;
    if ((index == 0 && !numbered) || index == SOMA_NO_DEVICE_INDEX)
        snprintf(selector, size, "%s", kind_name);
    else
        snprintf(selector, size, "%s:%u", kind_name, index);
}

static soma_catalogue_entry *append(soma_catalogue *catalogue, const soma_device_api *api) {
    soma_catalogue_entry *grown = soma_realloc(catalogue->entries, catalogue->count + 1, sizeof *catalogue->entries);
    if (!grown) {
        catalogue->failed = true;
        return NULL;
    }
    catalogue->entries = grown;
    soma_catalogue_entry *entry = &grown[catalogue->count++];
    memset(entry, 0, sizeof *entry);
    entry->api = api;
    return entry;
}

typedef struct visit {
    soma_catalogue *catalogue;
    const soma_device_api *api;
} visit;

static void visit_device(void *context, uint32_t index, const soma_device_info *info, bool usable, const char *reason) {
    visit *this_visit = context;
    soma_catalogue_entry *entry = append(this_visit->catalogue, this_visit->api);
    if (!entry) return;
    entry->index = index;
    entry->info = *info;
    entry->usable = usable;
    snprintf(entry->reason, sizeof entry->reason, "%s", reason ? reason : usable ? "" : "no reason given");
    if (index != SOMA_NO_DEVICE_INDEX)
        soma_device_make_selector(entry->selector, sizeof entry->selector, entry->api->name, index, info->kind);
}

soma_status soma_catalogue_add(soma_catalogue *catalogue, const soma_device_api *api) {
    visit this_visit = {catalogue, api};
    if (api->enumerate(visit_device, &this_visit) != SOMA_OK) {
        soma_catalogue_entry *entry = append(catalogue, api);
        if (entry) {
            snprintf(entry->info.name, sizeof entry->info.name, "%s", api->name);
            snprintf(entry->selector, sizeof entry->selector, "%s", api->name);
            snprintf(entry->reason, sizeof entry->reason, "%s", soma_last_error());
        }
    }
    if (catalogue->failed)
        return soma_out_of_memory((catalogue->count + 1) * sizeof *catalogue->entries, "the list of devices");
    return SOMA_OK;
}

soma_status soma_catalogue_add_all(soma_catalogue *catalogue) {
    const soma_device_api *api;
    for (size_t i = 0; (api = soma_registry_get(i)); i++) SOMA_TRY(soma_catalogue_add(catalogue, api));
    return SOMA_OK;
}

void soma_catalogue_clear(soma_catalogue *catalogue) {
    soma_free(catalogue->entries);
    memset(catalogue, 0, sizeof *catalogue);
}

static void describe(soma_text *text, const soma_catalogue *catalogue, bool usable) {
    for (size_t i = 0; i < catalogue->count; i++) {
        const soma_catalogue_entry *entry = &catalogue->entries[i];
        if (entry->usable != usable) continue;
        soma_text_append(text, "\n  %-10s %s", usable ? entry->selector : entry->api->name,
                         *entry->info.name ? entry->info.name : entry->info.platform);
        if (*entry->info.name && *entry->info.platform) soma_text_append(text, " (%s)", entry->info.platform);
        if (!usable) soma_text_append(text, ": %s", entry->reason);
    }
}

static size_t count_usable(const soma_catalogue *catalogue) {
    size_t count = 0;
    for (size_t i = 0; i < catalogue->count; i++) count += catalogue->entries[i].usable;
    return count;
}

soma_status soma_catalogue_error(const soma_catalogue *catalogue, const char *name, const char *reason) {
    soma_text text = {0};
    size_t usable = count_usable(catalogue);
    soma_text_append(&text, "no device fits \"%s\"", name);
    if (*reason) soma_text_append(&text, ": %s", reason);
    soma_text_append(&text, usable ? "\ndevices:" : "\nthere is no usable device");
    describe(&text, catalogue, true);
    if (usable < catalogue->count) soma_text_append(&text, "\npassed over:");
    describe(&text, catalogue, false);
    if (text.data)
        soma_error(SOMA_NO_DEVICE, "%s", text.data);
    else
        soma_error(SOMA_NO_DEVICE, "no device fits \"%s\"", name);
    soma_free(text.data);
    return SOMA_NO_DEVICE;
}

soma_status soma_device_list(soma_device_list_function *function, void *context) {
    if (!function) return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_list: no function was given");
    soma_catalogue catalogue = {0};
    soma_status status = soma_catalogue_add_all(&catalogue);
    for (size_t i = 0; status == SOMA_OK && i < catalogue.count; i++) {
        const soma_catalogue_entry *entry = &catalogue.entries[i];
        function(context, entry->selector, &entry->info, entry->usable, entry->reason);
    }
    soma_catalogue_clear(&catalogue);
    return status;
}
