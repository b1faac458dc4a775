/* SPDX-License-Identifier: MIT */
/* What pictures in SVG share. */
#include "svg.h"
#include <stdbool.h>
#include <stdint.h>

/* Bytes of the well-formed UTF-8 character at `text`, 0 if it is none that XML allows. */
static size_t character_length(const char *text) {
    const unsigned char *byte = (const unsigned char *)text;
    if (byte[0] < 0x80) return byte[0] >= 0x20 && byte[0] != 0x7f;
    size_t length = byte[0] >= 0xc2 && byte[0] < 0xe0   ? 2
                    : (byte[0] & 0xf0) == 0xe0          ? 3
                    : byte[0] >= 0xf0 && byte[0] < 0xf5 ? 4
                                                        : 0;
    uint32_t code = byte[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80) return 0;
        code = code << 6 | (byte[i] & 0x3f);
    }
    bool allowed = length == 2 || (length == 3 && code >= 0x800 && (code < 0xd800 || code > 0xdfff) && code < 0xfffe) ||
                   (length == 4 && code >= 0x10000 && code <= 0x10ffff);
    return allowed ? length : 0;
}

void svg_begin(FILE *stream, int width, int height, const char *title) {
    fprintf(
        stream,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
        "font-family=\"system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif\" "
        "font-size=\"12\">\n<title>",
        width, height, width, height);
    svg_print_escaped(stream, title, 100);
    fputs("</title>\n", stream);
}

void svg_print_escaped(FILE *stream, const char *text, size_t most) {
    for (size_t count = 0; *text; count++) {
        if (count + 1 == most && text[character_length(text)]) {
            fputs("\xe2\x80\xa6", stream); /* an ellipsis stands for the rest */
            return;
        }
        size_t length = character_length(text);
        switch (*text) {
        case '&':
            fputs("&amp;", stream);
            break;
        case '<':
            fputs("&lt;", stream);
            break;
        case '>':
            fputs("&gt;", stream);
            break;
        case '"':
            fputs("&quot;", stream);
            break;
        default:
            if (length)
                fwrite(text, 1, length, stream);
            else
                fputc('?', stream);
        }
        text += length ? length : 1;
    }
}
