/* SPDX-License-Identifier: MIT */
/* The kinds of devices that this process knows: those in the tree, those registered, those loaded from shared objects.
 */
#include "device/device.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

static const soma_device_api *const tree[] = {
    &soma_cpu_api,
#ifdef SOMA_HAVE_OPENCL
    &soma_opencl_api,
#endif
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const soma_device_api **registered;
static size_t registered_count;

/* Under the lock. */
static const soma_device_api *get(size_t index) {
    if (index < SOMA_COUNT_OF(tree)) return tree[index];
    index -= SOMA_COUNT_OF(tree);
    return index < registered_count ? registered[index] : NULL;
}

const soma_device_api *soma_registry_get(size_t index) {
    pthread_mutex_lock(&lock);
    const soma_device_api *api = get(index);
    pthread_mutex_unlock(&lock);
    return api;
}

/* Words with a meaning of their own in soma_device_open(), and what would not survive "name:2" or a list of names. */
static bool name_is_good(const char *name) {
    return *name && !strpbrk(name, ":,*") && strcasecmp(name, "gpu") != 0 && strcasecmp(name, "auto") != 0;
}

static const char *missing_slot(const soma_device_api *api) {
    const struct {
        bool present;
        const char *name;
    } slots[] = {
        {api->enumerate, "enumerate"},
        {api->open, "open"},
        {api->close, "close"},
        {api->info, "info"},
        {api->alloc, "alloc"},
        {api->free, "free"},
        {api->write, "write"},
        {api->read, "read"},
        {api->copy, "copy"},
        {api->fill, "fill"},
        {!api->prepare || api->run, "run (which prepare needs)"},
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(slots); i++)
        if (!slots[i].present) return slots[i].name;
    return NULL;
}

soma_status soma_registry_check(const soma_device_api *api) {
    if (!api) return soma_error(SOMA_INVALID_ARGUMENT, "registering a device: no soma_device_api was given");
    if (api->abi != SOMA_DEVICE_ABI)
        return soma_error(SOMA_ABI_MISMATCH,
                          "registering a device: it was built for version %u of the device interface, "
                          "this library has version %d",
                          api->abi, SOMA_DEVICE_ABI);
    if (api->size < SOMA_DEVICE_API_LEAST_SIZE)
        return soma_error(SOMA_ABI_MISMATCH,
                          "registering a device: its struct has %u bytes, this library expects %zu at least", api->size,
                          SOMA_DEVICE_API_LEAST_SIZE);
    if (!api->name || !name_is_good(api->name))
        return soma_error(
            SOMA_INVALID_ARGUMENT,
            "registering a device: the name \"%s\" can't select it; a word without ':', ',' and '*' that is "
            "not \"gpu\" or \"auto\" is needed",
            api->name ? api->name : "");
    const char *slot = missing_slot(api);
    if (slot)
        return soma_error(SOMA_INVALID_ARGUMENT, "registering device \"%s\": the mandatory slot %s is empty", api->name,
                          slot);
    return SOMA_OK;
}

/* Under the lock. */
static soma_status append(const soma_device_api *api) {
    const soma_device_api *other;
    for (size_t i = 0; (other = get(i)); i++) {
        if (other == api) return SOMA_OK;
        if (strcasecmp(other->name, api->name) == 0)
            return soma_error(SOMA_INVALID_ARGUMENT, "registering device \"%s\": the name is taken", api->name);
    }
    const soma_device_api **grown = soma_realloc(registered, registered_count + 1, sizeof *registered);
    if (!grown) return soma_out_of_memory((registered_count + 1) * sizeof *registered, "the list of devices");
    registered = grown;
    registered[registered_count++] = api;
    return SOMA_OK;
}

/* When the library is unloaded. */
__attribute__((destructor)) static void forget_registered(void) {
    soma_free(registered);
    registered = NULL;
    registered_count = 0;
}

soma_status soma_device_register(const soma_device_api *api) {
    SOMA_TRY(soma_registry_check(api));
    pthread_mutex_lock(&lock);
    soma_status status = append(api);
    pthread_mutex_unlock(&lock);
    return status;
}

soma_status soma_device_load(const char *path) {
    if (!path || !*path) return soma_error(SOMA_INVALID_ARGUMENT, "loading a device: no path was given");
    void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!object) return soma_error(SOMA_NO_DEVICE, "loading device %s: %s", path, dlerror());
    /* POSIX's way round ISO C, which has no conversion from an object pointer to a function pointer. */
    soma_device_plugin_function *plugin;
    *(void **)&plugin = dlsym(object, SOMA_DEVICE_PLUGIN_SYMBOL);
    soma_status status = plugin ? soma_device_register(plugin())
                                : soma_error(SOMA_NO_DEVICE, "it has no function " SOMA_DEVICE_PLUGIN_SYMBOL "()");
    if (status == SOMA_OK) return SOMA_OK; /* the object stays loaded: its code is in the registry */
    soma_error_prefix(status, "loading device %s: ", path);
    dlclose(object);
    return status;
}
