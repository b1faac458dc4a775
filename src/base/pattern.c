/* SPDX-License-Identifier: MIT */
/* See pattern.h. */
#include "base/pattern.h"

#include <stddef.h>

/* Where what follows a * does not fit, the * takes one more. */
bool soma_is_like(const char *pattern, const char *name) {
    const char *star = NULL, *taken = NULL;
    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            taken = name;
        } else if (*pattern == '?' || *pattern == *name) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++taken;
        } else
            return false;
    }
    while (*pattern == '*') pattern++;
    return *pattern == 0;
}
