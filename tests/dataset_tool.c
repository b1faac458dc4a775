/* SPDX-License-Identifier: MIT */
/* Loads a data set and writes it out plainly: our half of dataset_interop.py and npy_interop.py. */
#include "data/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int fail(void) {
    fprintf(stderr, "%s\n", soma_last_error());
    return EXIT_FAILURE;
}

/* The first line says samples, width, dtype and classes; then a line of class names; then inputs and targets as they
 * are in memory. */
static int print(soma_dataset *dataset) {
    const soma_column *input = &dataset->storage->input[0], *target = &dataset->storage->target[0];
    printf("%zu %zu %s %zu\n", dataset->samples, input->width, soma_dtype_name(input->dtype), target->classes);
    for (size_t i = 0; soma_dataset_class_name(dataset, i); i++)
        printf("%s%s", i ? "," : "", soma_dataset_class_name(dataset, i));
    printf("\n");
    fwrite(input->data, soma_dtype_size(input->dtype), dataset->samples * input->width, stdout);
    int32_t *classes = calloc(dataset->samples, sizeof *classes);
    if (!classes || (target->classes && soma_dataset_read_classes(dataset, 0, dataset->samples, classes) != SOMA_OK))
        return fail();
    if (target->classes) fwrite(classes, sizeof *classes, dataset->samples, stdout);
    free(classes);
    soma_dataset_destroy(dataset);
    return EXIT_SUCCESS;
}

int main(int count, char **arguments) {
    soma_dataset *dataset, *test = NULL;
    soma_status status = SOMA_INVALID_ARGUMENT;
    if (count == 4 && strcmp(arguments[1], "idx") == 0)
        status = soma_dataset_from_idx(arguments[2], arguments[3], 0, &dataset);
    else if (count == 3 && strcmp(arguments[1], "csv") == 0)
        status = soma_dataset_from_csv(arguments[2], NULL, &dataset);
    else if (count == 4 && strcmp(arguments[1], "npy") == 0)
        status = soma_dataset_from_npy(arguments[2], arguments[3], NULL, &dataset);
    else if (count == 4 && strcmp(arguments[1], "npz") == 0)
        status = soma_dataset_from_npz(arguments[2], NULL, &dataset, &test);
    else if (count == 3 && strcmp(arguments[1], "digits") == 0)
        status = soma_dataset_digits(&dataset, &test);
    else {
        fprintf(stderr, "usage: dataset_tool idx IMAGES LABELS | csv TABLE | npy INPUTS TARGETS | npz FILE PART | "
                        "digits PART, which is train or test\n");
        return 2;
    }
    if (status == SOMA_OK && test) {
        bool wanted = strcmp(arguments[count - 1], "test") == 0;
        soma_dataset_destroy(wanted ? dataset : test);
        dataset = wanted ? test : dataset;
    }
    return status == SOMA_OK ? print(dataset) : fail();
}
