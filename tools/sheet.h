/* SPDX-License-Identifier: MIT */
/* A sheet: a heading, and pictures of one size in rows, perhaps with lines of text below each; written as SVG or PNG.
 */
#ifndef SOMA_TOOLS_SHEET_H
#define SOMA_TOOLS_SHEET_H

#include "picture.h"
#include "program.h"

enum {
    SHEET_SIDE = 64,        /* pixels that a picture has at most; larger ones are made smaller by whole factors */
    SHEET_LINES = 3,        /* below each picture, where there are any */
    SHEET_LINE_LENGTH = 22, /* characters that have room there */
    SHEET_HEADING_LENGTH = 120
};

/* Below a picture; what has no room on the left is cut. */
struct sheet_line {
    char left[300], right[16];
};

struct sheet {
    char heading[512];           /* the first SHEET_HEADING_LENGTH characters are shown */
    size_t count, across;        /* pictures; and how many of them belong together, side by side */
    struct picture picture;      /* as each comes */
    size_t height, width, lines; /* pixels, and lines below, of each on the sheet */
    unsigned char *pixels;       /* [count, height, width, 3] */
    struct sheet_line (*text)[SHEET_LINES];
};

/* Before any work: is the ending of the name one that can be written, and is the place? */
exit_status sheet_try(const char *option, const char *path);

/* Allocates pixels and text for heading, count, across, picture and lines, which are given; release also after failure.
 */
exit_status sheet_make(struct sheet *sheet);
void sheet_release(struct sheet *sheet);

/* Fills picture `index`: from `low` to `high`, black to white. What is no number is black; where low is high, all is
 * grey. */
void sheet_fill(struct sheet *sheet, size_t index, const float *values, double low, double high);

exit_status sheet_write(const char *option, const char *path, const struct sheet *sheet);

/* ------------------------------------------------------------------------------- for those that write it: a form each
 */

enum { SHEET_MARGIN = 12, SHEET_LINE_HEIGHT = 14, SHEET_LETTER_STEP = 6, SHEET_ASCENT = 10 };

/* Where things lie, in pixels of the sheet. */
struct sheet_layout {
    size_t scale, cell_width, cell_height, block_width, blocks_across, top, width, height;
};
struct sheet_layout sheet_layout(const struct sheet *sheet);
void sheet_place(const struct sheet *sheet, const struct sheet_layout *layout, size_t index, size_t *x, size_t *y);
/* How many characters of a line's left have room, and where its right begins. */
size_t sheet_room(const struct sheet_line *line);
size_t sheet_right(const struct sheet_line *line);
void sheet_write_svg(const struct sheet *sheet, FILE *stream);
/* sheet_png.c, or sheet_png_absent.c where there is no libpng. False: `problem` says why. */
#define SHEET_PROBLEM_SIZE 64
bool sheet_has_png(void);
bool sheet_write_png(const struct sheet *sheet, FILE *stream, char problem[SHEET_PROBLEM_SIZE]);

#endif
