/* SPDX-License-Identifier: MIT */
/* Stands in for jpeg.c where there is no libjpeg-turbo. */
#include "io/image/image.h"

soma_status soma_jpeg_decode(const char *name, const uint8_t *data, size_t size, soma_picture *picture) {
    (void)data, (void)size, (void)picture;
    return soma_error(SOMA_UNSUPPORTED, "%s: JPEG needs soma built with libjpeg-turbo; this one is not", name);
}
