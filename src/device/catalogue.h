/* SPDX-License-Identifier: MIT */
/* What devices there are, in one list: all that the registered kinds enumerate, usable or passed over. */
#ifndef SOMA_DEVICE_CATALOGUE_H
#define SOMA_DEVICE_CATALOGUE_H

#include "device/device.h"

typedef struct soma_catalogue_entry {
    const soma_device_api *api;
    uint32_t index;
    soma_device_info info;
    bool usable;
    char reason[160]; /* why it was passed over */
    char selector[sizeof((soma_device *)0)->selector];
} soma_catalogue_entry;

typedef struct soma_catalogue {
    soma_catalogue_entry *entries;
    size_t count;
    bool failed; /* out of memory */
} soma_catalogue;

/* Adds the devices of one kind. A kind that can't even list its devices gets one entry, passed over with its error. */
soma_status soma_catalogue_add(soma_catalogue *catalogue, const soma_device_api *api);
/* Adds those of all registered kinds. Clear the catalogue on failure too. */
soma_status soma_catalogue_add_all(soma_catalogue *catalogue);
void soma_catalogue_clear(soma_catalogue *catalogue);

/*
 * Returns SOMA_NO_DEVICE, with what was asked for, the reason if there is one beyond the name ("" if not), every device
 * seen and every platform passed over as the detail.
 */
soma_status soma_catalogue_error(const soma_catalogue *catalogue, const char *name, const char *reason);

/* The word that opens a device: "cpu", "opencl:1". OpenCL's devices are numbered always, those of other kinds from the
 * second on. */
void soma_device_make_selector(char *selector, size_t size, const char *kind_name, uint32_t index,
                               soma_device_kind kind);

#endif
