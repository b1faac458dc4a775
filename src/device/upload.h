/* SPDX-License-Identifier: MIT */
/*
 * Values that go to the device again and again, as the batches of a data set do that does not fit there: the next of
 * them are written on the host, and sent, while the device works on those before.
 */
#ifndef SOMA_DEVICE_UPLOAD_H
#define SOMA_DEVICE_UPLOAD_H

#include "device/device.h"

enum { SOMA_UPLOAD_STAGES = 2 };

typedef struct soma_upload {
    soma_device *device;
    size_t bytes;
    void *memory;     /* on the device, where calls find what was sent last */
    size_t allocated; /* bytes of the device's memory for it; 0: it is the host's, used in place */
    /* What the next values are written into: stages of the device in turn, or one piece of memory. */
    void *stage[SOMA_UPLOAD_STAGES];
    void *host[SOMA_UPLOAD_STAGES];
    uint32_t next;
} soma_upload;

/* Bytes of the device's memory that an upload of so many takes at most. */
size_t soma_upload_room(size_t bytes);
/* `what` it is for, in errors. On failure nothing is left. */
soma_status soma_upload_open(soma_device *device, size_t bytes, const char *what, soma_upload *upload);
/* The host's memory to write the next values into, once it is free. */
soma_status soma_upload_begin(soma_upload *upload, void **host);
/* Behind all that was enqueued before, what was written is in upload->memory. */
soma_status soma_upload_send(soma_upload *upload);
/* All zero is accepted. */
void soma_upload_close(soma_upload *upload);

#endif
