/* SPDX-License-Identifier: MIT */
/* Writes sheets as SVG. */
#include "sheet.h"
#include "svg.h"
#include <stdlib.h>

static const char style[] = "<style>.ground{fill:#ffffff}.text{fill:#1d2530}\n"
                            "@media (prefers-color-scheme: dark){.ground{fill:#10151c}.text{fill:#e7ebf1}}</style>\n";

/* Pixels of one colour that follow each other in a row. */
struct run {
    uint32_t colour;
    unsigned char y, x, length;
};

_Static_assert(SHEET_SIDE <= 255, "a run's place and length are bytes");

static int compare(const void *left, const void *right) {
    const struct run *a = left, *b = right;
    if (a->colour != b->colour) return a->colour < b->colour ? -1 : 1;
    return a->y != b->y ? a->y - b->y : a->x - b->x;
}

static size_t find_runs(const struct sheet *sheet, size_t index, struct run *runs) {
    size_t count = 0;
    const unsigned char *pixel = sheet->pixels + 3 * index * sheet->height * sheet->width;
    for (size_t y = 0; y < sheet->height; y++)
        for (size_t x = 0; x < sheet->width; x++, pixel += 3) {
            uint32_t colour = (uint32_t)pixel[0] << 16 | (uint32_t)pixel[1] << 8 | pixel[2];
            if (x > 0 && runs[count - 1].colour == colour)
                runs[count - 1].length++;
            else
                runs[count++] = (struct run){colour, (unsigned char)y, (unsigned char)x, 1};
        }
    return count;
}

/* A path for each colour: a quarter of what a rectangle for each pixel takes. Lines lie half a pixel below their y. */
static void draw_pixels(FILE *stream, const struct sheet *sheet, size_t index) {
    struct run runs[SHEET_SIDE * SHEET_SIDE];
    size_t count = find_runs(sheet, index, runs);
    qsort(runs, count, sizeof *runs, compare);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || runs[i].colour != runs[i - 1].colour)
            fprintf(stream, "%s<path stroke=\"#%06x\" d=\"", i ? "\"/>\n" : "", (unsigned)runs[i].colour);
        fprintf(stream, "M%u %uh%u", runs[i].x, runs[i].y, runs[i].length);
    }
    fputs("\"/>\n", stream);
}

static void draw_text(FILE *stream, size_t x, size_t y, const char *text, size_t most) {
    fprintf(stream, "<text class=\"text\" x=\"%zu\" y=\"%zu\">", x, y);
    svg_print_escaped(stream, text, most);
    fputs("</text>\n", stream);
}

/* The lines are there once more in full, for whoever points at the picture. */
static void write_title(FILE *stream, const struct sheet_line *lines, size_t count) {
    fputs("<title>", stream);
    for (size_t i = 0; i < count; i++) {
        if (i) fputs(", ", stream);
        svg_print_escaped(stream, lines[i].left, sizeof lines[i].left);
        if (*lines[i].right) fprintf(stream, " %s", lines[i].right);
    }
    fputs("</title>\n", stream);
}

static void draw_picture(FILE *stream, const struct sheet *sheet, const struct sheet_layout *layout, size_t index) {
    size_t x, y;
    const struct sheet_line *lines = sheet->text[index];
    sheet_place(sheet, layout, index, &x, &y);
    fprintf(stream,
            "<g class=\"picture\" shape-rendering=\"crispEdges\" transform=\"translate(%zu %zu) scale(%zu) "
            "translate(0 .5)\">\n",
            x, y, layout->scale);
    if (sheet->lines) write_title(stream, lines, sheet->lines);
    draw_pixels(stream, sheet, index);
    fputs("</g>\n", stream);
    y += sheet->height * layout->scale + SHEET_ASCENT;
    for (size_t i = 0; i < sheet->lines; i++, y += SHEET_LINE_HEIGHT) {
        draw_text(stream, x, y, lines[i].left, sheet_room(&lines[i]));
        if (*lines[i].right) draw_text(stream, x + sheet_right(&lines[i]), y, lines[i].right, SHEET_LINE_LENGTH);
    }
}

void sheet_write_svg(const struct sheet *sheet, FILE *stream) {
    struct sheet_layout layout = sheet_layout(sheet);
    fprintf(stream,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%zu\" height=\"%zu\" "
            "viewBox=\"0 0 %zu %zu\" font-family=\"monospace\" font-size=\"10\">\n<title>",
            layout.width, layout.height, layout.width, layout.height);
    svg_print_escaped(stream, sheet->heading, sizeof sheet->heading);
    fprintf(stream, "</title>\n%s<rect class=\"ground\" width=\"%zu\" height=\"%zu\"/>\n", style, layout.width,
            layout.height);
    draw_text(stream, SHEET_MARGIN, SHEET_MARGIN + SHEET_ASCENT, sheet->heading, SHEET_HEADING_LENGTH);
    for (size_t i = 0; i < sheet->count; i++) draw_picture(stream, sheet, &layout, i);
    fputs("</svg>\n", stream);
}
