/* SPDX-License-Identifier: MIT */
/* Pictures, as --data names them: of which size and colours they are read, and reading them. */
#include "pictures.h"
#include <string.h>

/* As the network's own pictures were read; where that is not known, so that they fit its input. */
static soma_image_options options_of(const struct settings *settings, soma_network *network) {
    const struct shape *given = &settings->image_size;
    soma_image_options options = {.height = given->size[0],
                                  .width = given->size[given->rank > 1],
                                  .fit = (soma_image_fit)settings->image_fit,
                                  .grey = settings->grey};
    if (!network) return options;
    if (!soma_network_get_image_options(network, &options)) {
        size_t shape[SOMA_MAX_RANK];
        uint32_t rank = soma_tensor_shape(soma_network_input(network, 0), shape);
        if (rank == 2 || rank == 3)
            options = (soma_image_options){.height = shape[0], .width = shape[1], .grey = rank == 2 || shape[2] == 1};
    }
    /* What is said all the same, of a training that is resumed, is held against the network. */
    if (given->rank) {
        options.height = given->size[0];
        options.width = given->size[given->rank > 1];
    }
    options.grey |= settings->grey;
    if (option_given(settings, image_fit)) options.fit = (soma_image_fit)settings->image_fit;
    return options;
}

/* Pictures have their channels last. */
static exit_status refuse_order(const struct settings *settings, soma_network *network) {
    size_t shape[SOMA_MAX_RANK];
    if (!network || soma_network_get_image_options(network, NULL)) return STATUS_DONE;
    uint32_t rank = soma_tensor_shape(soma_network_input(network, 0), shape);
    if (rank != 3 || shape[2] == 1 || shape[2] == 3) return STATUS_DONE;
    return fail(STATUS_FILE,
                "%s: the model takes samples of %zu x %zu x %zu; pictures are height x width x 1 or 3. What has its "
                "channels first can be had from an NPY file",
                settings->data, shape[0], shape[1], shape[2]);
}

exit_status pictures_load(const struct settings *settings, soma_network *network, struct loaded *loaded) {
    const soma_image_options options = options_of(settings, network);
    exit_status status = refuse_order(settings, network);
    if (status != STATUS_DONE) return status;
    soma_status cause = soma_dataset_from_images(settings->data, &options, &loaded->train, &loaded->test);
    if (cause == SOMA_INVALID_ARGUMENT) return fail_from_library(cause, STATUS_USAGE, "--image-size");
    if (cause != SOMA_OK && strncmp(soma_last_error(), settings->data, strlen(settings->data)) == 0)
        return fail_from_library(cause, STATUS_FILE, NULL); /* the file is named already */
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, "%s", settings->data);
    if (!loaded->test) {
        loaded->whole = loaded->train;
        loaded->train = NULL;
    }
    return STATUS_DONE;
}

soma_image_options pictures_options(const struct settings *settings, soma_network *network,
                                    const soma_dataset *dataset) {
    soma_image_options options = options_of(settings, network);
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    options.height = info.input_shape[0][0];
    options.width = info.input_shape[0][1];
    return options;
}
