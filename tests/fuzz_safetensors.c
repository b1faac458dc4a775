/* SPDX-License-Identifier: MIT */
/* Fuzzes the headers of safetensors files. What is accepted must cover the file. */
#include "base/utf8.h"
#include "fuzz.h"
#include "io/bytes.h"
#include "io/safetensors/safetensors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    soma_safetensors *file;
    soma_status status = soma_safetensors_parse("file", data, size, size, &file);
    if (status != SOMA_OK) {
        REQUIRE(file == NULL && soma_last_error()[0] != 0);
        return 0;
    }
    uint64_t covered = 8 + soma_load_le64(data);
    for (size_t i = 0; i < soma_safetensors_count(file); i++) {
        soma_safetensors_info info = soma_safetensors_get(file, i);
        size_t count = 1, offset, found;
        for (uint32_t j = 0; j < info.rank; j++) count *= info.shape[j];
        REQUIRE(info.count == count && soma_utf8_check(info.name, strlen(info.name), &offset));
        REQUIRE(soma_safetensors_find(file, info.name, &found) && found == i);
        size_t bits = strtoul(info.dtype + strcspn(info.dtype, "0123456789"), NULL, 10); /* F6_E2M3, BF16; BOOL: 0 */
        REQUIRE(count * bits % 8 == 0);
        covered += bits ? count * bits / 8 : count;
    }
    REQUIRE(covered == size);
    soma_safetensors_metadata(file, "graph");
    soma_safetensors_close(file);
    return 0;
}
