/* SPDX-License-Identifier: MIT */
/* Pictures: decoding, scaling, and folders of them as data sets. */
#ifndef SOMA_IO_IMAGE_IMAGE_H
#define SOMA_IO_IMAGE_IMAGE_H

#include "base/base.h"
#include <soma/soma.h>

/* Rows from the top, channels last: 3 (red, green, blue) or 1 (grey). */
typedef struct soma_picture {
    size_t height, width, channels;
    uint8_t *pixels; /* free with soma_free() */
} soma_picture;

/* Whether a file's name says that it is a picture. */
bool soma_is_picture_name(const char *path);

/*
 * A PNG or JPEG file. Transparency is left out, 16 bits become 8. Grey is the luma of Rec. 601, 0.299 R + 0.587 G +
 * 0.114 B. SOMA_UNSUPPORTED: soma was built without the library that reads it.
 */
soma_status soma_picture_read(const char *path, bool grey, soma_picture *picture);
/* The same of a file in memory; `name` is for messages. Accepts whatever is in it. */
soma_status soma_picture_decode(const char *name, const uint8_t *data, size_t size, bool grey, soma_picture *picture);

/* The decoders; pixels are red, green, blue. What is no such file is refused. */
soma_status soma_png_decode(const char *name, const uint8_t *data, size_t size, soma_picture *picture);
soma_status soma_jpeg_decode(const char *name, const uint8_t *data, size_t size, soma_picture *picture);
/* Room for a picture's pixels. Refuses what is larger than pictures are. */
soma_status soma_picture_make(const char *name, size_t height, size_t width, size_t channels, soma_picture *picture);

/*
 * To height x width, into pixels[height, width, channels]: stretched; or the middle of it, as much as has these
 * proportions; or all of it, with black beside it. Scaled with a triangle as wide as an output pixel, or as an input
 * pixel where those are larger: so bilinear where it grows, and an average where it shrinks.
 */
soma_status soma_picture_fit(const soma_picture *picture, soma_image_fit fit, size_t height, size_t width,
                             uint8_t *pixels);

/* Names in a directory, in order of their bytes, without those that begin with a point. Free it with
 * soma_folder_clear(). */
typedef struct soma_folder {
    char **names;
    size_t count, capacity;
} soma_folder;
/* directories: those that are directories; else those of files whose names are pictures'. */
soma_status soma_folder_list(const char *path, bool directories, soma_folder *folder);
void soma_folder_clear(soma_folder *folder);

#endif
