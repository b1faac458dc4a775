/* SPDX-License-Identifier: MIT */
/* Writes sheets as PNG, by libpng's simplified interface. */
#include "letters.h"
#include "sheet.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

bool sheet_has_png(void) {
    return true;
}

static void draw_letter(unsigned char *canvas, size_t width, size_t left, size_t top, char letter) {
    for (size_t y = 0; y < LETTER_HEIGHT; y++)
        for (size_t x = 0; x < LETTER_WIDTH; x++)
            if (letter_has_ink(letter, y, x)) memset(canvas + 3 * ((top + y) * width + left + x), 0, 3);
}

/* A letter for each character, though it have several bytes; '~' in place of the last that has room, and all after it.
 */
static void draw_text(unsigned char *canvas, size_t width, size_t left, size_t top, const char *text, size_t most) {
    top += SHEET_ASCENT - LETTER_BASE;
    for (size_t count = 0; *text && count < most; count++) {
        const char *next = text + 1;
        while ((*next & 0xc0) == 0x80) next++;
        bool cut = count + 1 == most && *next;
        draw_letter(canvas, width, left + count * SHEET_LETTER_STEP, top, cut ? '~' : *text);
        text = next;
    }
}

static void draw_picture(unsigned char *canvas, const struct sheet *sheet, const struct sheet_layout *layout,
                         size_t index) {
    size_t left, top, scale = layout->scale;
    sheet_place(sheet, layout, index, &left, &top);
    const unsigned char *pixels = sheet->pixels + 3 * index * sheet->height * sheet->width;
    for (size_t y = 0; y < sheet->height * scale; y++)
        for (size_t x = 0; x < sheet->width * scale; x++)
            memcpy(canvas + 3 * ((top + y) * layout->width + left + x),
                   pixels + 3 * (y / scale * sheet->width + x / scale), 3);
    top += sheet->height * scale;
    for (size_t i = 0; i < sheet->lines; i++, top += SHEET_LINE_HEIGHT) {
        const struct sheet_line *line = &sheet->text[index][i];
        draw_text(canvas, layout->width, left, top, line->left, sheet_room(line));
        draw_text(canvas, layout->width, left + sheet_right(line), top, line->right, SHEET_LINE_LENGTH);
    }
}

bool sheet_write_png(const struct sheet *sheet, FILE *stream, char problem[SHEET_PROBLEM_SIZE]) {
    struct sheet_layout layout = sheet_layout(sheet);
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)layout.width,
                       .height = (png_uint_32)layout.height,
                       .format = PNG_FORMAT_RGB};
    unsigned char *canvas = malloc(3 * layout.width * layout.height);
    snprintf(problem, SHEET_PROBLEM_SIZE, "out of memory");
    if (!canvas) return false;
    memset(canvas, 255, 3 * layout.width * layout.height);
    draw_text(canvas, layout.width, SHEET_MARGIN, SHEET_MARGIN, sheet->heading, SHEET_HEADING_LENGTH);
    for (size_t i = 0; i < sheet->count; i++) draw_picture(canvas, sheet, &layout, i);
    bool written = png_image_write_to_stdio(&image, stream, 0, canvas, 0, NULL);
    snprintf(problem, SHEET_PROBLEM_SIZE, "%s", image.message);
    png_image_free(&image);
    free(canvas);
    return written;
}
