/* SPDX-License-Identifier: MIT */
/* Room for a picture. */
#include "io/image/image.h"

/* More than cameras make, and little enough for a damaged header to be found out. */
#define MOST_PIXELS ((size_t)1 << 28)

soma_status soma_picture_make(const char *name, size_t height, size_t width, size_t channels, soma_picture *picture) {
    size_t count, bytes;
    *picture = (soma_picture){.height = height, .width = width, .channels = channels};
    if (height == 0 || width == 0)
        return soma_error(SOMA_INVALID_FILE, "%s: a picture of %zu x %zu pixels", name, height, width);
    if (!soma_multiply_size(height, width, &count) || count > MOST_PIXELS ||
        !soma_multiply_size(count, channels, &bytes))
        return soma_error(SOMA_INVALID_FILE, "%s: a picture of %zu x %zu pixels; at most %zu in all are read", name,
                          height, width, MOST_PIXELS);
    picture->pixels = soma_malloc(bytes);
    return picture->pixels ? SOMA_OK : soma_out_of_memory(bytes, name);
}
