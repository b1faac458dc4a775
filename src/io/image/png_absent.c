/* SPDX-License-Identifier: MIT */
/* Stands in for png.c where there is no libpng. */
#include "io/image/image.h"

soma_status soma_png_decode(const char *name, const uint8_t *data, size_t size, soma_picture *picture) {
    (void)data, (void)size, (void)picture;
    return soma_error(SOMA_UNSUPPORTED, "%s: PNG needs soma built with libpng; this one is not", name);
}
