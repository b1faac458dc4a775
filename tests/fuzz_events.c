/* SPDX-License-Identifier: MIT */
/* Fuzzes the events in files for TensorBoard. */
#include "fuzz.h"
#include "io/tensorboard/events.h"

#include <string.h>

static soma_status look(void *context, const char *run, const char *tag, int64_t step, double value) {
    size_t *count = context;
    (void)step, (void)value;
    REQUIRE(strcmp(run, "run") == 0 && *tag);
    return ++*count == 1000 ? SOMA_STOPPED : SOMA_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    size_t count = 0;
    soma_status status = SOMA_OK;
    bool event = soma_event_read_scalars(data, size, "run", look, &count, &status);
    REQUIRE(status == SOMA_OK || (event && count == 1000));
    REQUIRE(count <= size / 4); /* a tag of one character and a number take more */
    return 0;
}
