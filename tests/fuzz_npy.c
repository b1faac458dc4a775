/* SPDX-License-Identifier: MIT */
/* Fuzzes NPY files: the first byte chooses the options, the next two the size of the inputs; the rest is targets. */
#include "fuzz.h"
#include "io/npy/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) return 0;
    size_t input_size = data[1] | (size_t)data[2] << 8;
    const soma_npy_options options = {.classes = data[0] & 0x3F, .regression = data[0] & 0x40};
    bool labelled = data[0] & 0x80;
    data += 3;
    size -= 3;
    if (input_size > size) input_size = size;
    soma_stream *inputs = NULL, *targets = NULL;
    soma_dataset *dataset = NULL;
    soma_status status = soma_stream_of_memory("inputs", data, input_size, &inputs);
    if (status == SOMA_OK && labelled)
        status = soma_stream_of_memory("targets", data + input_size, size - input_size, &targets);
    if (status == SOMA_OK) status = soma_npy_dataset(inputs, targets, &options, &dataset);
    soma_stream_close(inputs);
    soma_stream_close(targets);
    require_sound(status, dataset);
    return 0;
}
