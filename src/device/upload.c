/* SPDX-License-Identifier: MIT */
/*
 * Uploads. Where a device can send beside its work there are two stages: one is on its way while the other is written.
 * One that uses the host's memory in place needs no copy at all. On any other, what is sent waits for the device, but
 * has been written meanwhile.
 */
#include "device/upload.h"

#include <string.h>

size_t soma_upload_room(size_t bytes) {
    size_t room;
    return soma_multiply_size(bytes, 1 + SOMA_UPLOAD_STAGES, &room) ? room : SIZE_MAX;
}

static bool has_stages(const soma_upload *upload) {
    return upload->stage[0] != NULL;
}

static soma_status make_memory(soma_upload *upload, const char *what) {
    SOMA_TRY(soma_device_alloc(upload->device, upload->bytes, what, &upload->memory));
    upload->allocated = upload->bytes;
    return SOMA_OK;
}

static soma_status make_stages(soma_upload *upload, const char *what) {
    for (size_t i = 0; i < SOMA_UPLOAD_STAGES; i++)
        SOMA_TRY(soma_device_stage(upload->device, upload->bytes, what, &upload->stage[i], &upload->host[i]));
    return make_memory(upload, what);
}

static soma_status make_plain(soma_upload *upload, const char *what) {
    upload->host[0] = soma_malloc_aligned(upload->device->info.alignment, upload->bytes);
    if (!upload->host[0]) return soma_out_of_memory(upload->bytes, what);
    soma_status status = soma_device_wrap(upload->device, upload->host[0], upload->bytes, &upload->memory);
    return status == SOMA_UNSUPPORTED ? make_memory(upload, what) : status;
}

soma_status soma_upload_open(soma_device *device, size_t bytes, const char *what, soma_upload *upload) {
    *upload = (soma_upload){.device = device, .bytes = bytes};
    soma_status status = soma_device_stages(device) ? make_stages(upload, what) : make_plain(upload, what);
    if (status != SOMA_OK) soma_upload_close(upload);
    return status;
}

soma_status soma_upload_begin(soma_upload *upload, void **host) {
    *host = upload->host[upload->next];
    if (has_stages(upload)) return soma_device_await(upload->device, upload->stage[upload->next]);
    return upload->allocated ? SOMA_OK : soma_device_sync(upload->device); /* calls may be reading it */
}

soma_status soma_upload_send(soma_upload *upload) {
    if (!has_stages(upload)) {
        if (!upload->allocated) return SOMA_OK;
        return soma_device_write(upload->device, upload->memory, 0, upload->host[0], upload->bytes);
    }
    SOMA_TRY(soma_device_send(upload->device, upload->stage[upload->next], upload->memory, upload->bytes));
    upload->next = (upload->next + 1) % SOMA_UPLOAD_STAGES;
    return SOMA_OK;
}

void soma_upload_close(soma_upload *upload) {
    if (!upload->device) return;
    const bool plain = !has_stages(upload);
    /* Calls may be reading the host's memory. What failed before is told by whoever asks for its results. */
    if (plain && upload->memory && !upload->allocated) (void)soma_device_sync(upload->device);
    for (size_t i = 0; i < SOMA_UPLOAD_STAGES; i++)
        soma_device_unstage(upload->device, upload->stage[i], upload->bytes);
    soma_device_free(upload->device, upload->memory, upload->allocated);
    if (plain) soma_free_aligned(upload->host[0]);
    memset(upload, 0, sizeof *upload);
}
