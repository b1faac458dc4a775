/* SPDX-License-Identifier: MIT */
/* Fuzzes NPZ archives. */
#include "fuzz.h"
#include "io/npy/npz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const soma_npy_options defaults;
    soma_zip *zip = NULL;
    soma_dataset *train = NULL, *test = NULL;
    soma_status status = soma_zip_of_memory("archive", data, size, &zip);
    if (status == SOMA_OK) status = soma_npz_read(zip, &defaults, &train, &test);
    soma_zip_close(zip);
    REQUIRE(status == SOMA_OK || (!train && !test));
    require_sound(status, train);
    if (test) require_sound(status, test);
    return 0;
}
