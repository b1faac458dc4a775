/* SPDX-License-Identifier: MIT */
/* How the pictures were read that a network learnt from. */
#include "nn/network.h"

soma_status soma_check_image_options(const soma_image_options *options) {
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_image_options"));
    if ((options->height == 0) != (options->width == 0))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "pictures of %zu x %zu pixels; both numbers are needed, or none for the pictures' own",
                          options->height, options->width);
    size_t most = (size_t)1 << 20;
    if (options->height > most || options->width > most)
        return soma_error(SOMA_INVALID_ARGUMENT, "pictures of %zu x %zu pixels; up to %zu x %zu are possible",
                          options->height, options->width, most, most);
    if ((unsigned)options->fit > SOMA_FIT_PAD)
        return soma_error(SOMA_INVALID_ARGUMENT, "%d is no way to fit pictures", (int)options->fit);
    return SOMA_OK;
}

soma_status soma_network_set_image_options(soma_network *network, const soma_image_options *options) {
    if (!network) return soma_error(SOMA_INVALID_ARGUMENT, "soma_network_set_image_options: the network is NULL");
    if (!options) {
        network->image = (soma_image_options){0};
        network->has_image = false;
        return SOMA_OK;
    }
    SOMA_TRY(soma_check_image_options(options));
    if (options->height == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "a network's pictures have a size; 0 x 0 pixels are none");
    network->image = *options;
    network->has_image = true;
    return SOMA_OK;
}

bool soma_network_get_image_options(const soma_network *network, soma_image_options *options) {
    if (!network || !network->has_image) return false;
    if (options) *options = network->image;
    return true;
}
