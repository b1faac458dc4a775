/* SPDX-License-Identifier: MIT */
/* What the environment says to the whole library. */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

bool soma_fast_paths(void) {
    const char *text = getenv("SOMA_FAST");
    return !text || strcmp(text, "0") != 0;
}
