/* SPDX-License-Identifier: MIT */
/* Fuzzes IDX files: the first byte chooses the number of classes, the next two the size of the images; the rest is
 * labels. */
#include "fuzz.h"
#include "io/idx/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) return 0;
    size_t classes = data[0] & 0x7F, image_size = data[1] | (size_t)data[2] << 8;
    bool labelled = data[0] & 0x80;
    data += 3;
    size -= 3;
    if (image_size > size) image_size = size;
    soma_stream *images = NULL, *labels = NULL;
    soma_dataset *dataset = NULL;
    soma_status status = soma_stream_of_memory("images", data, image_size, &images);
    if (status == SOMA_OK && labelled)
        status = soma_stream_of_memory("labels", data + image_size, size - image_size, &labels);
    if (status == SOMA_OK) status = soma_idx_read(images, labels, classes, &dataset);
    soma_stream_close(images);
    soma_stream_close(labels);
    require_sound(status, dataset);
    return 0;
}
