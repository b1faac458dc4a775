/* SPDX-License-Identifier: MIT */
/* Loops of a C file. */
#include "io/c/writer.h"

static const char *const indices[2 * SOMA_MAX_RANK] = {"i", "j", "k", "l", "m", "n", "o", "p", "q", "r"};

void soma_c_put_indent(soma_c_writer *writer, unsigned depth) {
    PUT("%*s", (int)(4 * (depth + 1)), "");
}

const char *soma_c_index_type(const soma_c_writer *writer) {
    return writer->wide ? "long" : "int";
}

void soma_c_put_loop(soma_c_writer *writer, unsigned depth, const char *index, size_t count) {
    soma_c_put_indent(writer, depth);
    PUT("for (%s %s = 0; %s < %zu; %s++) {\n", soma_c_index_type(writer), index, index, count, index);
}

void soma_c_end_loops(soma_c_writer *writer, unsigned depth, unsigned end) {
    while (depth-- > end) {
        soma_c_put_indent(writer, depth);
        PUT("}\n");
    }
}

soma_c_loops soma_c_loops_of(uint32_t first, uint32_t rank, const size_t *shape, const size_t *const *stride,
                             uint32_t count) {
    soma_c_loops loops = {.first = first};
    for (uint32_t i = 0; i < rank; i++) {
        if (shape[i] == 1) continue;
        bool joined = loops.rank > 0;
        for (uint32_t v = 0; v < count; v++)
            joined = joined && loops.stride[v][loops.rank - 1] == stride[v][i] * shape[i];
        if (!joined) loops.shape[loops.rank++] = 1;
        loops.shape[loops.rank - 1] *= shape[i];
        for (uint32_t v = 0; v < count; v++) loops.stride[v][loops.rank - 1] = stride[v][i];
    }
    return loops;
}

unsigned soma_c_put_loops(soma_c_writer *writer, const soma_c_loops *loops) {
    for (uint32_t i = 0; i < loops->rank; i++)
        soma_c_put_loop(writer, loops->first + i, indices[loops->first + i], loops->shape[i]);
    return loops->first + loops->rank;
}

static size_t add_terms(const soma_c_loops *loops, uint32_t which, soma_c_expression *out, size_t length) {
    for (uint32_t i = 0; loops && i < loops->rank; i++) {
        const size_t stride = loops->stride[which][i], room = sizeof out->text - length;
        const char *plus = length ? " + " : "", *index = indices[loops->first + i];
        if (stride == 1) length += (size_t)snprintf(out->text + length, room, "%s%s", plus, index);
        if (stride > 1) length += (size_t)snprintf(out->text + length, room, "%s%s * %zu", plus, index, stride);
    }
    return length;
}

soma_c_expression soma_c_place(const soma_c_loops *outer, const soma_c_loops *inner, uint32_t which) {
    soma_c_expression out = {""};
    if (add_terms(inner, which, &out, add_terms(outer, which, &out, 0)) == 0) snprintf(out.text, sizeof out.text, "0");
    return out;
}
