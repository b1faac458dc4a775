/* SPDX-License-Identifier: MIT */
/* Fills sheets of pictures, and lays them out. */
#include "sheet.h"
#include "file_name.h"
#include "output_file.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* About as large as a picture is shown, but its pixels no larger than MOST_SCALE. GAP: within what belongs together. */
enum { SHOWN_SIDE = 96, MOST_SCALE = 16, GAP = 3 };

/* By how much a picture is made smaller; a side that is short stays at least one pixel. */
static size_t factor_of(const struct sheet *sheet, size_t side) {
    size_t larger = sheet->picture.height > sheet->picture.width ? sheet->picture.height : sheet->picture.width;
    size_t factor = (larger + SHEET_SIDE - 1) / SHEET_SIDE;
    return factor < side ? factor : side;
}

static size_t parts(size_t side, size_t factor) {
    return (side + factor - 1) / factor;
}

exit_status sheet_make(struct sheet *sheet) {
    const struct picture *picture = &sheet->picture;
    size_t count = sheet->count ? sheet->count : 1;
    sheet->height = parts(picture->height, factor_of(sheet, picture->height));
    sheet->width = parts(picture->width, factor_of(sheet, picture->width));
    sheet->pixels = calloc(count * sheet->height * sheet->width, 3);
    sheet->text = calloc(count, sizeof *sheet->text);
    if (sheet->pixels && sheet->text) return STATUS_DONE;
    return fail(STATUS_FAILED, "out of memory for %zu pictures of %zu x %zu", count, sheet->height, sheet->width);
}

void sheet_release(struct sheet *sheet) {
    free(sheet->pixels);
    free(sheet->text);
}

static unsigned char shade(double value, double low, double high) {
    double share = low < high ? (value - low) / (high - low) : 0.5;
    return share > 0 ? (unsigned char)lround(255 * (share < 1 ? share : 1)) : 0;
}

void sheet_fill(struct sheet *sheet, size_t index, const float *values, double low, double high) {
    const struct picture *picture = &sheet->picture;
    size_t down = factor_of(sheet, picture->height), across = factor_of(sheet, picture->width);
    size_t count = sheet->height * sheet->width;
    unsigned char *pixel = sheet->pixels + 3 * index * count;
    for (size_t i = 0; i < count; i++, pixel += 3)
        for (size_t c = 0; c < 3; c++) {
            size_t channel = picture->channels == 3 ? c : 0;
            pixel[c] = shade(picture_mean(picture, values, i / sheet->width * down, i % sheet->width * across, channel,
                                          down, across),
                             low, high);
        }
}

/* -------------------------------------------------------------------------------------------------------- layout */

static size_t count_characters(const char *text) {
    size_t count = 0;
    for (; *text; text++) count += (*text & 0xc0) != 0x80;
    return count;
}

/* As many blocks side by side as make the sheet about as wide as it is high. */
struct sheet_layout sheet_layout(const struct sheet *sheet) {
    struct sheet_layout layout = {.scale = 1, .blocks_across = 1};
    size_t larger = sheet->height > sheet->width ? sheet->height : sheet->width, heading, blocks, rows;
    while (layout.scale < MOST_SCALE && (layout.scale + 1) * larger <= SHOWN_SIDE) layout.scale++;
    size_t text_width = sheet->lines ? (size_t)SHEET_LINE_LENGTH * SHEET_LETTER_STEP : 0;
    size_t width = sheet->width * layout.scale;
    layout.cell_width = (width > text_width ? width : text_width) + GAP;
    layout.cell_height = sheet->height * layout.scale + sheet->lines * SHEET_LINE_HEIGHT + SHEET_MARGIN;
    layout.block_width = sheet->across * layout.cell_width - GAP + SHEET_MARGIN;
    blocks = parts(sheet->count, sheet->across);
    while (layout.blocks_across < blocks &&
           layout.blocks_across * layout.block_width < parts(blocks, layout.blocks_across) * layout.cell_height)
        layout.blocks_across++;
    rows = parts(blocks, layout.blocks_across);
    layout.top = 2 * SHEET_MARGIN + SHEET_LINE_HEIGHT;
    layout.width = layout.blocks_across * layout.block_width + SHEET_MARGIN;
    layout.height = layout.top + rows * layout.cell_height;
    heading = count_characters(sheet->heading);
    if (heading > SHEET_HEADING_LENGTH) heading = SHEET_HEADING_LENGTH;
    heading = heading * SHEET_LETTER_STEP + 2 * SHEET_MARGIN;
    if (layout.width < heading) layout.width = heading;
    return layout;
}

void sheet_place(const struct sheet *sheet, const struct sheet_layout *layout, size_t index, size_t *x, size_t *y) {
    size_t block = index / sheet->across;
    *x =
        SHEET_MARGIN + block % layout->blocks_across * layout->block_width + index % sheet->across * layout->cell_width;
    *y = layout->top + block / layout->blocks_across * layout->cell_height;
}

size_t sheet_room(const struct sheet_line *line) {
    return SHEET_LINE_LENGTH - (*line->right ? strlen(line->right) + 1 : 0);
}

size_t sheet_right(const struct sheet_line *line) {
    return (SHEET_LINE_LENGTH - strlen(line->right)) * SHEET_LETTER_STEP;
}

/* --------------------------------------------------------------------------------------------------------- files */

exit_status sheet_try(const char *option, const char *path) {
    bool png = ends_in(path, ".png");
    if (png && !sheet_has_png())
        return fail(
            STATUS_USAGE,
            "--%s: %s: this soma was built without libpng and writes no PNG; accepted: a name that ends in .svg",
            option, path);
    if (!png && !ends_in(path, ".svg"))
        return fail(STATUS_USAGE, "--%s: '%s' has no known form; accepted: a name that ends in .svg%s", option, path,
                    sheet_has_png() ? " or .png" : "");
    return output_text_try(option, path);
}

exit_status sheet_write(const char *option, const char *path, const struct sheet *sheet) {
    struct output_text file;
    char problem[SHEET_PROBLEM_SIZE];
    exit_status status = output_text_open(option, path, &file);
    if (status != STATUS_DONE) return status;
    if (ends_in(path, ".svg")) {
        sheet_write_svg(sheet, file.stream);
    } else if (!sheet_write_png(sheet, file.stream, problem)) {
        output_text_discard(&file);
        return fail(STATUS_FAILED, "--%s: %s: cannot write: %s", option, path, problem);
    }
    return output_text_close(&file);
}
