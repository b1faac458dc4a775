/* SPDX-License-Identifier: MIT */
/*
 * Prints how many floats the vectors of an OpenCL device's kernels have.
 *
 * Usage: opencl_width DEVICE          exit status 77: there is no such device
 */
#include "device/opencl/driver/opencl.h"

#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    const soma_device_options options = {0};
    soma_device *device;
    void *state;
    if (argc != 2) return 2;
    soma_status status = soma_device_open(argv[1], NULL, &device);
    if (status == SOMA_OK) {
        const char *index = strchr(soma_device_selector(device), ':') + 1;
        status = soma_opencl_api.open((uint32_t)strtoul(index, NULL, 10), &options, &state);
        soma_device_close(device);
    }
    if (status != SOMA_OK) {
        printf("skipped: %s\n", soma_last_error());
        return status == SOMA_NO_DEVICE ? 77 : EXIT_FAILURE;
    }
    printf("%u\n", (unsigned)((const soma_cl_device *)state)->style.width);
    soma_opencl_api.close(state);
    return EXIT_SUCCESS;
}
