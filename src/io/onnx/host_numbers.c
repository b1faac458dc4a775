/* SPDX-License-Identifier: MIT */
/* What ops on the host read, sort and count; see host.h. */
#include "io/onnx/family.h"
#include "io/onnx/host.h"

#include <math.h>
#include <string.h>

static soma_status read_all(soma_onnx_node *node, uint32_t input, const double **numbers, size_t *count) {
    const soma_onnx_value *value = node->input[input];
    soma_onnx_reader reader;
    double *made = NULL;
    *count = soma_onnx_count(&value->shape, 0, value->shape.rank);
    if (soma_onnx_is_words(value))
        return soma_error(SOMA_UNSUPPORTED, "%s holds words; numbers are taken", value->name);
    if (value->elements.open) return soma_onnx_unknown_batch(value->name);
    SOMA_TRY(soma_onnx_make(node, *count, &made));
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &value->elements, &reader));
    for (size_t i = 0; i < *count; i++) made[i] = soma_onnx_read(&reader, i);
    soma_onnx_reader_close(&reader);
    *numbers = made;
    return SOMA_OK;
}

soma_status soma_onnx_numbers_of(soma_onnx_node *node, uint32_t input, const double **numbers, size_t *count) {
    const soma_onnx_value *value = node->input[input];
    SOMA_TRY(read_all(node, input, numbers, count));
    for (size_t i = 0; value->integer && i < *count; i++)
        SOMA_TRY(soma_onnx_check_whole(value->name, i, (*numbers)[i], value->elements.type));
    return SOMA_OK;
}

/* A bound, mostly, that may be as large as its type has it. */
soma_status soma_onnx_number_of(soma_onnx_node *node, uint32_t input, double otherwise, double *number) {
    const double *numbers = NULL;
    size_t count;
    *number = otherwise;
    if (input >= node->input_count || !node->input[input]) return SOMA_OK;
    SOMA_TRY(read_all(node, input, &numbers, &count));
    if (count != 1)
        return soma_error(SOMA_INVALID_FILE, "%s has %zu elements; it must have one", node->input[input]->name, count);
    *number = numbers[0];
    return SOMA_OK;
}

bool soma_onnx_all_known(const soma_onnx_node *node) {
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i] && !soma_onnx_is_known(node->input[i])) return false;
    return true;
}

soma_status soma_onnx_open_result(void) {
    return soma_error(SOMA_UNSUPPORTED, "the shape of its result depends on numbers, and a network knows all shapes "
                                        "beforehand; " SOMA_ONNX_ACCEPTED);
}

soma_status soma_onnx_on_host(const char *what) {
    return soma_error(SOMA_UNSUPPORTED, "%s on the host, not by a network; " SOMA_ONNX_ACCEPTED, what);
}

soma_status soma_onnx_take_steps(soma_onnx_node *node, double steps, const char *what) {
    node->importer->steps += steps;
    if (node->importer->steps <= 0x1p32) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "more than %.0f %s; up to so many are in a run", 0x1p32, what);
}

/* Merges runs of 1, 2, 4, ... */
soma_status soma_onnx_sort(size_t *things, size_t count, soma_onnx_before *before, const void *context) {
    size_t *other = soma_malloc(SOMA_MAX(count, (size_t)1) * sizeof *other), *from = things, *to = other;
    if (!other) return soma_out_of_memory(count * sizeof *other, "numbers in order");
    for (size_t run = 1; run < count; run *= 2) {
        for (size_t first = 0; first < count; first += 2 * run) {
            const size_t middle = SOMA_MIN(first + run, count), end = SOMA_MIN(first + 2 * run, count);
            size_t a = first, b = middle;
            for (size_t i = first; i < end; i++)
                to[i] = b == end || (a < middle && !before(context, from[b], from[a])) ? from[a++] : from[b++];
        }
        size_t *done = to;
        to = from;
        from = done;
    }
    if (from != things) memcpy(things, from, count * sizeof *things);
    soma_free(other);
    return SOMA_OK;
}
