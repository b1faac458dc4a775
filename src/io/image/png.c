/* SPDX-License-Identifier: MIT */
/* PNG, by libpng. */
#include "io/image/image.h"

#include <png.h>

/* Its simplified interface: no longjmp() through our frames. Transparency is taken out afterwards, as what lies under
 * it is wanted as it is. */
soma_status soma_png_decode(const char *name, const uint8_t *data, size_t size, soma_picture *picture) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    if (!png_image_begin_read_from_memory(&image, data, size)) {
        soma_status status = soma_error(SOMA_INVALID_FILE, "%s: not readable as PNG: %s", name, image.message);
        png_image_free(&image);
        return status;
    }
    image.format = PNG_FORMAT_RGBA;
    image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB; /* where a file of 16 bits says nothing else */
    soma_status status = soma_picture_make(name, image.height, image.width, 4, picture);
    if (status == SOMA_OK && !png_image_finish_read(&image, NULL, picture->pixels, 0, NULL))
        status = soma_error(SOMA_INVALID_FILE, "%s: not readable as PNG: %s", name, image.message);
    png_image_free(&image);
    if (status != SOMA_OK) return status;
    size_t count = picture->height * picture->width;
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < 3; c++) picture->pixels[3 * i + c] = picture->pixels[4 * i + c];
    picture->channels = 3;
    return SOMA_OK;
}
