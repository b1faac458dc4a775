/* SPDX-License-Identifier: MIT */
/* A program that knows nothing of the source tree: built against the installed library, in C and in C++. */
#include <soma/device.h>
#include <soma/soma.h>
#include <stdio.h>
#include <string.h>

static int headers_and_library_agree(void) {
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", SOMA_VERSION_MAJOR, SOMA_VERSION_MINOR, SOMA_VERSION_PATCH);
    if (strcmp(version, soma_version()) == 0) return 1;
    fprintf(stderr, "headers are of version %s, the library is %s\n", version, soma_version());
    return 0;
}

/* y = 2 x + 1 by a dense layer of one unit whose parameters are set by hand. */
static soma_status run(soma_network *network, soma_device *device, float *y) {
    const size_t shape[] = {1};
    const float weight = 2.0f, bias = 1.0f, x = 3.0f;
    soma_dense(soma_input(network, NULL, 1, shape), 1, SOMA_IDENTITY);
    soma_status status = soma_compile(network, device, NULL);
    if (status == SOMA_OK) status = soma_set_parameter(network, soma_network_parameter(network, 0), &weight, 1);
    if (status == SOMA_OK) status = soma_set_parameter(network, soma_network_parameter(network, 1), &bias, 1);
    if (status == SOMA_OK) status = soma_run(network, &x, 1, y);
    return status;
}

int main(void) {
    soma_device *device = NULL;
    soma_network *network = NULL;
    float y = 0;
    soma_status status = soma_device_open("cpu", NULL, &device);
    if (status == SOMA_OK) status = soma_network_create(&network);
    if (status == SOMA_OK) status = run(network, device, &y);
    if (status != SOMA_OK) fprintf(stderr, "%s\n", soma_last_error());
    soma_network_destroy(network);
    soma_device_close(device);
    if (status != SOMA_OK || !headers_and_library_agree()) return 1;
    printf("%s %g\n", soma_version(), (double)y);
    return y == 7.0f ? 0 : 1;
}
