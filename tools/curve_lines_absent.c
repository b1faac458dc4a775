/* SPDX-License-Identifier: MIT */
/* Stands in for the reader of lines of JSON where there is no library that reads it. */
#include "curve_lines.h"

exit_status curve_lines_read(const char *path, size_t row, const char *line, struct curves *curves) {
    (void)row, (void)line, (void)curves;
    return fail(
        STATUS_USAGE,
        "%s: reading lines of JSON is not built in: the program was built without the jansson library; a table, "
        "as --history writes under any other ending, is read",
        path);
}
