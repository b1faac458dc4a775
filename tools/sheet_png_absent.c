/* SPDX-License-Identifier: MIT */
/* In place of sheet_png.c where there is no libpng. */
#include "sheet.h"

bool sheet_has_png(void) {
    return false;
}

bool sheet_write_png(const struct sheet *sheet, FILE *stream, char problem[SHEET_PROBLEM_SIZE]) {
    (void)sheet, (void)stream;
    snprintf(problem, SHEET_PROBLEM_SIZE, "there is no libpng");
    return false;
}
