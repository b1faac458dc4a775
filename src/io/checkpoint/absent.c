/* SPDX-License-Identifier: MIT */
/* Stands in for the checkpoints where there is no JSON library. */
#include "train/checkpoint.h"

static soma_status unsupported(const char *path) {
    return soma_error(SOMA_UNSUPPORTED,
                      "%s: checkpoints need soma built with the JSON library jansson; this one is not", path);
}

soma_status soma_checkpoint_try(const char *path) {
    return unsupported(path);
}

soma_status soma_checkpoint_write(const char *path, const soma_checkpoint *checkpoint) {
    (void)checkpoint;
    return unsupported(path);
}

soma_status soma_checkpoint_read(const char *path, soma_checkpoint *checkpoint) {
    (void)checkpoint;
    return unsupported(path);
}
