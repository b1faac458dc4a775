/* SPDX-License-Identifier: MIT */
/* JPEG, by libjpeg-turbo's TurboJPEG, which returns errors where libjpeg would leave by longjmp(). */
#include "io/image/image.h"

#include <string.h>
#include <turbojpeg.h>

static soma_status refuse(const char *name, tjhandle handle) {
    return soma_error(SOMA_INVALID_FILE, "%s: not readable as JPEG: %s", name, tjGetErrorStr2(handle));
}

/*
 * What the decoder gets over: bytes between the parts of a file spoil nothing; all else that it warns of, as of an end
 * that is missing, does. It tells of the first such thing alone, so the end is looked for.
 */
static bool is_harmless(tjhandle handle, const uint8_t *data, size_t size) {
    while (size > 2 && data[size - 1] == 0) size--; /* some programs fill up a block */
    return tjGetErrorCode(handle) == TJERR_WARNING && strstr(tjGetErrorStr2(handle), "extraneous bytes") && size >= 2 &&
           data[size - 2] == 0xff && data[size - 1] == 0xd9;
}

static soma_status decode(const char *name, tjhandle handle, const uint8_t *data, size_t size, soma_picture *picture) {
    int width = 0, height = 0, subsampling, colours = TJCS_RGB; /* a file of tables alone sets none */
    if (tjDecompressHeader3(handle, data, (unsigned long)size, &width, &height, &subsampling, &colours) != 0 &&
        !is_harmless(handle, data, size))
        return refuse(name, handle);
    if (width < 1 || height < 1) return soma_error(SOMA_INVALID_FILE, "%s: a JPEG file without a picture", name);
    if (colours == TJCS_CMYK || colours == TJCS_YCCK)
        return soma_error(SOMA_INVALID_FILE,
                          "%s: a JPEG in the colours of print (CMYK); red, green and blue, or grey are read", name);
    SOMA_TRY(soma_picture_make(name, (size_t)height, (size_t)width, 3, picture));
    if (tjDecompress2(handle, data, (unsigned long)size, picture->pixels, width, 0, height, TJPF_RGB,
                      TJFLAG_ACCURATEDCT) == 0)
        return SOMA_OK;
    if (!is_harmless(handle, data, size)) return refuse(name, handle);
    soma_log(SOMA_LOG_WARNING, "%s: %s", name, tjGetErrorStr2(handle));
    return SOMA_OK;
}

soma_status soma_jpeg_decode(const char *name, const uint8_t *data, size_t size, soma_picture *picture) {
    tjhandle handle = tjInitDecompress();
    if (!handle) return soma_error(SOMA_OUT_OF_MEMORY, "%s: a JPEG decoder cannot be made", name);
    soma_status status = decode(name, handle, data, size, picture);
    tjDestroy(handle);
    return status;
}
