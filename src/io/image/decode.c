/* SPDX-License-Identifier: MIT */
/* Which decoder a picture is for, and what both of them need. */
#include "base/file.h"
#include "io/image/image.h"

#include <string.h>
#include <strings.h>

/* Of a file: more than cameras make. */
#define MOST_BYTES ((size_t)1 << 30)

bool soma_is_picture_name(const char *path) {
    static const char *const endings[] = {".png", ".jpg", ".jpeg"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < SOMA_COUNT_OF(endings); i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

/* Red, green and blue to luma, in place. */
static void make_grey(soma_picture *picture) {
    size_t count = picture->height * picture->width;
    const uint8_t *from = picture->pixels;
    for (size_t i = 0; i < count; i++, from += 3)
        picture->pixels[i] = (uint8_t)((299u * from[0] + 587u * from[1] + 114u * from[2] + 500u) / 1000u);
    picture->channels = 1;
}

soma_status soma_picture_decode(const char *name, const uint8_t *data, size_t size, bool grey, soma_picture *picture) {
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'}, jpeg[] = {0xff, 0xd8, 0xff};
    *picture = (soma_picture){.pixels = NULL};
    soma_status status;
    if (size >= sizeof png && memcmp(data, png, sizeof png) == 0)
        status = soma_png_decode(name, data, size, picture);
    else if (size >= sizeof jpeg && memcmp(data, jpeg, sizeof jpeg) == 0)
        status = soma_jpeg_decode(name, data, size, picture);
    else
        status = soma_error(SOMA_INVALID_FILE, "%s: is no PNG or JPEG picture", name);
    if (status != SOMA_OK) {
        soma_free(picture->pixels);
        *picture = (soma_picture){.pixels = NULL};
    } else if (grey) {
        make_grey(picture);
    }
    return status;
}

soma_status soma_picture_read(const char *path, bool grey, soma_picture *picture) {
    soma_buffer file;
    *picture = (soma_picture){.pixels = NULL};
    SOMA_TRY(soma_file_read(path, MOST_BYTES, &file));
    soma_status status = soma_picture_decode(path, file.data, file.size, grey, picture);
    soma_free(file.data);
    return status;
}
