/* SPDX-License-Identifier: MIT */
/* What the fuzzers have in common. Each feeds one parser; an input that was interesting once stays in tests/corpus/. */
#ifndef SOMA_TESTS_FUZZ_H
#define SOMA_TESTS_FUZZ_H

#include "base/utf8.h"

#include <soma/soma.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is. */
#define REQUIRE(condition)                                                                                             \
    do {                                                                                                               \
        if (!(condition)) abort();                                                                                     \
    } while (0)

/* A failure has a detail and gives nothing; a data set can be asked everything. */
static inline void require_sound(soma_status status, soma_dataset *dataset) {
    if (status != SOMA_OK) {
        REQUIRE(dataset == NULL && soma_last_error()[0] != 0);
        return;
    }
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    size_t width = 1;
    for (uint32_t i = 0; i < info.input_rank[0]; i++) width *= info.input_shape[0][i];
    float *values = malloc(width * sizeof *values);
    int32_t class_number;
    REQUIRE(values && info.samples > 0 && info.inputs == 1 + info.masked);
    for (size_t i = 0; i < info.samples; i++) {
        REQUIRE(soma_dataset_read_input(dataset, 0, i, 1, values) == SOMA_OK);
        if (info.classes == 0) continue;
        REQUIRE(soma_dataset_read_classes(dataset, i, 1, &class_number) == SOMA_OK);
        REQUIRE(class_number >= 0 && (size_t)class_number < info.classes);
    }
    free(values);
    soma_dataset *first, *second;
    if (info.samples > 1 && soma_dataset_split(dataset, 0.5, 1, &first, &second) == SOMA_OK) {
        soma_dataset_destroy(first);
        soma_dataset_destroy(second);
    }
    soma_dataset_destroy(dataset);
}

/* All elements can be read; words are UTF-8 to their ends. Of the bytes the sum. */
static inline unsigned sum_elements(const soma_array *array) {
    size_t count = 1, offset;
    unsigned sum = 0;
    for (uint32_t i = 0; i < array->rank; i++) count *= array->shape[i];
    if (array->dtype != SOMA_STRING) {
        count *= soma_dtype_size(array->dtype);
        for (size_t i = 0; i < count; i++) sum += ((const uint8_t *)array->data)[i];
        return sum;
    }
    for (size_t i = 0; i < count; i++) {
        const char *word = ((const char *const *)array->data)[i];
        REQUIRE(word && soma_utf8_check(word, strlen(word), &offset));
        for (; *word; word++) sum += (uint8_t)*word;
    }
    return sum;
}

#endif
