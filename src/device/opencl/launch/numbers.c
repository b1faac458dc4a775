/* SPDX-License-Identifier: MIT */
/* Soma's enumerations as the kernels know them. */
#include "device/opencl/driver/program.h"
#include "device/opencl/launch/launch.h"
#include "kernels/listed.h"

#include "kernels/losses.h"
#include "kernels/optimizers.h"
#include <string.h>

static const struct {
    const char *name;
    int value;
} numbers[] = {
#define X(name, ...) {"FUNCTION_" #name, SOMA_##name},
    SOMA_FUNCTION_TABLE(X)
#undef X
#define X(name, ...) {"LOSS_" #name, SOMA_LOSS_##name},
        SOMA_ELEMENT_LOSS_TABLE(X)
#undef X
#define X(name, ...) {"OPTIMIZER_" #name, SOMA_##name},
            SOMA_OPTIMIZER_TABLE(X)
#undef X
#define X(name) {"METRIC_" #name, SOMA_METRIC_##name},
                SOMA_METRIC_LIST(X)
#undef X
#define X(name) {"REDUCE_" #name, SOMA_REDUCE_##name},
                    SOMA_REDUCTION_LIST(X)
#undef X
#define X(name) {"BINARY_" #name, SOMA_BINARY_##name},
                        SOMA_BINARY_LIST(X)
#undef X
};

void soma_cl_append_numbers(soma_text *text) {
    for (size_t i = 0; i < SOMA_COUNT_OF(numbers); i++)
        soma_text_append(text, "#define %s %d\n", numbers[i].name, numbers[i].value);
}

/* The kernels that a list can do. */
#define X(name) #name,
static const char *const listed_names[] = {SOMA_LISTED_TABLE(X) SOMA_LISTED_TRAINING(X) SOMA_LISTED_LAYERS(X)};
#undef X

int soma_cl_listed_number(const char *kernel) {
    for (int i = 0; i < (int)SOMA_COUNT_OF(listed_names); i++)
        if (strcmp(listed_names[i], kernel) == 0) return i;
    return -1;
}
