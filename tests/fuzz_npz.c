/* SPDX-License-Identifier: MIT */
/* Fuzzes NPZ archives, as data sets and as arrays. */
#include "fuzz.h"
#include "io/npy/arrays.h"
#include "io/npy/npz.h"
#include <stdio.h>

/* All elements are there, and their types are known. */
static void require_arrays(soma_status status, soma_arrays *arrays) {
    REQUIRE((status == SOMA_OK) == (arrays != NULL));
    static char text[16]; /* so that they are read */
    unsigned sum = 0;
    for (size_t i = 0; i < soma_arrays_count(arrays); i++) {
        const soma_array *array = soma_arrays_get(arrays, i);
        REQUIRE(soma_dtype_size(array->dtype) && soma_arrays_name(arrays, i));
        sum += sum_elements(array);
    }
    REQUIRE(snprintf(text, sizeof text, "%u", sum) > 0);
    soma_arrays_destroy(arrays);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const soma_npy_options defaults;
    soma_zip *zip = NULL;
    soma_dataset *train = NULL, *test = NULL;
    soma_status status = soma_zip_of_memory("archive", data, size, &zip);
    if (status == SOMA_OK) status = soma_npz_read(zip, &defaults, &train, &test);
    if (zip) {
        soma_arrays *arrays = NULL;
        const soma_status read = soma_arrays_of_zip(zip, &arrays);
        require_arrays(read, arrays);
    }
    soma_zip_close(zip);
    REQUIRE(status == SOMA_OK || (!train && !test));
    require_sound(status, train);
    if (test) require_sound(status, test);
    return 0;
}
