/* SPDX-License-Identifier: MIT */
/* Attention: each query's mean of the values, by the likeness of it and their keys. */
#include "io/c/writer.h"
#include "kernels/attention_call.h"

/* The loop over the keys that a query sees. */
static void begin_keys(soma_c_writer *writer, const soma_call *call, const char *mask) {
    soma_c_put_loop(writer, 2, "key", soma_attention_size_of(call).keys);
    if (call->params.attention.causal) PUT("                if (key > step) break;\n");
    if (*mask) PUT("                if (%s[key] == 0.0f) continue;\n", mask);
}

/* "(step * 4 + head) * 8": where a head's numbers of a row begin. */
static soma_c_expression row_of(const char *step, size_t heads, size_t group, size_t width) {
    soma_c_expression out;
    if (group > 1)
        snprintf(out.text, sizeof out.text, "(%s * %zu + head / %zu) * %zu", step, heads, group, width);
    else
        snprintf(out.text, sizeof out.text, "(%s * %zu + head) * %zu", step, heads, width);
    return out;
}

soma_status soma_c_write_attention(soma_c_writer *writer, const soma_call *call) {
    const soma_attention_size size = soma_attention_size_of(call);
    soma_c_expression q, k, v, y, mask = {""};
    char left[4 * SOMA_C_NAME], right[4 * SOMA_C_NAME];
    if (call->view[ATTENTION_TOTAL].rank)
        return soma_error(SOMA_UNSUPPORTED, "attention whose totals are asked for; accepted is one of which nothing "
                                            "but its result is");
    if (soma_attention_is_added(&call->view[ATTENTION_MASK]))
        return soma_error(SOMA_UNSUPPORTED, "attention with a mask that is added to the scores; accepted is one that "
                                            "says which keys there are, [batch, keys]");
    SOMA_TRY(soma_c_view(writer, &call->view[ATTENTION_Q], "q", &q));
    SOMA_TRY(soma_c_view(writer, &call->view[ATTENTION_K], "k", &k));
    SOMA_TRY(soma_c_view(writer, &call->view[ATTENTION_V], "v", &v));
    if (call->view[ATTENTION_MASK].rank) SOMA_TRY(soma_c_view(writer, &call->view[ATTENTION_MASK], "mask", &mask));
    SOMA_TRY(soma_c_view(writer, &call->view[ATTENTION_Y], "y", &y));
    writer->scratch = size.keys;
    NOTE("attention of %zu heads over %zu keys; the largest score is taken off first, so that no power overflows",
         size.heads, size.keys);
    const soma_c_expression query = row_of("step", size.heads, 1, size.width);
    const soma_c_expression key = row_of("key", size.key_heads, size.group, size.width);
    const soma_c_expression value = row_of("key", size.key_heads, size.group, size.value_width);
    snprintf(left, sizeof left, "%.400s + %.100s", q.text, query.text);
    snprintf(right, sizeof right, "%.400s + %.100s", k.text, key.text);
    soma_c_put_loop(writer, 0, "head", size.heads);
    soma_c_put_loop(writer, 1, "step", size.steps);
    PUT("            float *out = %s + %s;\n", y.text, row_of("step", size.heads, 1, size.value_width).text);
    PUT("            float largest = -INFINITY, sum = 0.0f;\n");
    begin_keys(writer, call, mask.text);
    PUT("                scratch[key] = %s * %s;\n", soma_c_number(call->params.attention.scale).text,
        soma_c_dot(writer, left, right, size.width).text);
    PUT("                if (scratch[key] > largest) largest = scratch[key];\n");
    soma_c_end_loops(writer, 3, 2);
    soma_c_put_loop(writer, 2, "i", size.value_width);
    PUT("                out[i] = 0.0f;\n");
    soma_c_end_loops(writer, 3, 2);
    begin_keys(writer, call, mask.text);
    PUT("                const float weight = expf(scratch[key] - largest);\n");
    PUT("                sum += weight;\n");
    soma_c_put_loop(writer, 3, "i", size.value_width);
    PUT("                    out[i] += weight * %s[%s + i];\n", v.text, value.text);
    soma_c_end_loops(writer, 4, 2);
    PUT("            if (sum == 0.0f) continue;\n");
    soma_c_put_loop(writer, 2, "i", size.value_width);
    PUT("                out[i] /= sum;\n");
    soma_c_end_loops(writer, 3, 0);
    return SOMA_OK;
}
