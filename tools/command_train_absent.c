/* SPDX-License-Identifier: MIT */
/* Stands in for soma train and soma search where the library was built without training. */
#include "program.h"

exit_status command_train(const struct settings *settings) {
    (void)settings;
    return fail(STATUS_USAGE, "this soma was built without training (-Dtraining=false); it only runs models");
}

exit_status command_search(const struct settings *settings) {
    return command_train(settings);
}
