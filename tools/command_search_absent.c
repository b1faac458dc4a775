/* SPDX-License-Identifier: MIT */
/* Stands in for soma search where there is no library that reads its space. */
#include "program.h"

exit_status command_search(const struct settings *settings) {
    (void)settings;
    return fail(STATUS_USAGE,
                "searching is not built in: the program was built without the jansson library, which reads "
                "--space");
}
