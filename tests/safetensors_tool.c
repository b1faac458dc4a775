/* SPDX-License-Identifier: MIT */
/* Writes a known safetensors file, or prints what one holds: our half of safetensors_interop.py. */
#include "io/safetensors/safetensors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(void) {
    fprintf(stderr, "%s\n", soma_last_error());
    return EXIT_FAILURE;
}

/* Value i of a tensor is (i - 5) / 8, as the other half knows. */
static int write_known(const char *path) {
    enum { COUNT = 3 * 4 * 5 };
    float values[COUNT];
    for (int i = 0; i < COUNT; i++) values[i] = (float)(i - 5) / 8;
    const soma_safetensors_source tensors[] = {{"dense_1.weight", 3, {3, 4, 5}, values},
                                               {"dense_1.bias", 1, {7}, values},
                                               {"scalar", 0, {0}, values},
                                               {"empty", 2, {0, 3}, values},
                                               {"W\xC3\xA4rme", 2, {1, 9}, values}};
    const soma_safetensors_pair metadata[] = {{"format", "soma"}, {"graph", "{\"layers\": [\"\xE2\x88\x91\"]}"}};
    return soma_safetensors_write(path, tensors, 5, metadata, 2) == SOMA_OK ? EXIT_SUCCESS : fail();
}

/* A line per tensor: name, dtype, dimensions, values where they are real numbers, all separated by tabs. */
static int print(const char *path) {
    soma_safetensors *file;
    if (soma_safetensors_open(path, &file) != SOMA_OK) return fail();
    for (size_t i = 0; i < soma_safetensors_count(file); i++) {
        soma_safetensors_info info = soma_safetensors_get(file, i);
        printf("%s\t%s\t", info.name, info.dtype);
        for (uint32_t j = 0; j < info.rank; j++) printf("%s%zu", j ? " " : "", info.shape[j]);
        printf("\t");
        if (soma_safetensors_is_real(&info)) {
            float *values = calloc(info.count + 1, sizeof *values);
            if (!values || soma_safetensors_read(file, i, values, info.count) != SOMA_OK) return fail();
            for (size_t j = 0; j < info.count; j++) printf("%s%a", j ? " " : "", (double)values[j]);
            free(values);
        }
        printf("\n");
    }
    const char *note = soma_safetensors_metadata(file, "note");
    printf("%s\n", note ? note : "");
    soma_safetensors_close(file);
    return EXIT_SUCCESS;
}

int main(int count, char **arguments) {
    if (count == 3 && strcmp(arguments[1], "write") == 0) return write_known(arguments[2]);
    if (count == 3 && strcmp(arguments[1], "print") == 0) return print(arguments[2]);
    fprintf(stderr, "usage: safetensors_tool write|print FILE\n");
    return 2;
}
