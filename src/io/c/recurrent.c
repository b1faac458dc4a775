/* SPDX-License-Identifier: MIT */
/* Recurrent layers, step by step; the products of the inputs with their weights are made on the way where they can be.
 */
#include "io/c/writer.h"
#include "kernels/recurrent_call.h"

/* What stands for the parts of a layer in its function. */
typedef struct layer {
    soma_recurrent_params params;
    size_t steps, units, inputs;                      /* inputs 0: x has the products already */
    soma_c_expression x, y, mask, state, cell, cells; /* "": not there */
    soma_c_expression weight, weight_bias, recurrent, recurrent_bias;
} layer;

static soma_status view_of(soma_c_writer *writer, const soma_view *view, const char *role, soma_c_expression *out) {
    out->text[0] = '\0';
    return view->rank ? soma_c_view(writer, view, role, out) : SOMA_OK;
}

/* The inputs' weights, [gates units] rows of as many numbers as a step has. */
static soma_status add_product(soma_c_writer *writer, layer *of) {
    const size_t number = writer->program->product[writer->number];
    if (number == SOMA_C_NONE) return view_of(writer, &writer->call->view[RECURRENT_X], "x", &of->x);
    const soma_call *product = &writer->program->lowering.calls[number];
    const soma_gemm_params *params = &product->params.gemm;
    of->inputs = product->view[0].shape[1];
    SOMA_TRY(view_of(writer, &product->view[0], "x", &of->x));
    SOMA_TRY(view_of(writer, &product->view[2], "bias", &of->weight_bias));
    if (params->transpose_b) return soma_c_view(writer, &product->view[1], "weight", &of->weight);
    return soma_c_turned(writer, &product->view[1], "weight", of->inputs, product->view[3].shape[1], &of->weight);
}

static soma_status layer_of(soma_c_writer *writer, const soma_call *call, layer *of) {
    const soma_view *view = call->view;
    of->params = call->params.recurrent;
    of->steps = view[RECURRENT_Y].shape[1];
    of->units = view[RECURRENT_Y].shape[2];
    for (int i = RECURRENT_WEIGHT; i <= RECURRENT_BIAS; i++)
        if (soma_c_view_changes(writer->program, &view[i]))
            return soma_error(SOMA_UNSUPPORTED,
                              "a recurrent layer whose %s depends on the inputs; accepted are those "
                              "that are known",
                              soma_call_view_name(call, (uint32_t)i));
    if (view[RECURRENT_GATES].rank)
        return soma_error(SOMA_UNSUPPORTED, "a recurrent layer whose gates are asked for; accepted is one of which "
                                            "states and cells are");
    SOMA_TRY(add_product(writer, of));
    SOMA_TRY(soma_c_turned(writer, &view[RECURRENT_WEIGHT], "recurrent", of->units, view[RECURRENT_WEIGHT].shape[1],
                           &of->recurrent));
    SOMA_TRY(view_of(writer, &view[RECURRENT_BIAS], "recurrent_bias", &of->recurrent_bias));
    SOMA_TRY(view_of(writer, &view[RECURRENT_MASK], "mask", &of->mask));
    SOMA_TRY(view_of(writer, &view[RECURRENT_STATE], "state", &of->state));
    SOMA_TRY(view_of(writer, &view[RECURRENT_CELL], "cell", &of->cell));
    SOMA_TRY(view_of(writer, &view[RECURRENT_CELLS], "cells", &of->cells));
    return view_of(writer, &view[RECURRENT_Y], "y", &of->y);
}

/* Row `which` of a gate for unit u: "(64 + u)". */
static soma_c_expression row_of(const layer *of, size_t which) {
    soma_c_expression out;
    if (which)
        snprintf(out.text, sizeof out.text, "(%zu + u)", which * of->units);
    else
        snprintf(out.text, sizeof out.text, "u");
    return out;
}

/* What the inputs give to a gate. */
static soma_c_expression from_inputs(soma_c_writer *writer, const layer *of, size_t which) {
    const soma_c_expression row = row_of(of, which);
    soma_c_expression out;
    char weight[2 * SOMA_C_NAME];
    if (!of->inputs) return snprintf(out.text, sizeof out.text, "in[%.64s]", row.text), out;
    snprintf(weight, sizeof weight, "%.400s + %.64s * %zu", of->weight.text, row.text, of->inputs);
    const soma_c_expression sum = soma_c_dot(writer, "in", weight, of->inputs);
    if (of->weight_bias.text[0])
        snprintf(out.text, sizeof out.text, "%.400s[%.64s] + %.1000s", of->weight_bias.text, row.text, sum.text);
    else
        out = sum;
    return out;
}

/* What the state, or another vector of the units, gives to it. */
static soma_c_expression from_state(soma_c_writer *writer, const layer *of, size_t which, const char *state) {
    const soma_c_expression row = row_of(of, which);
    soma_c_expression out;
    char weight[2 * SOMA_C_NAME];
    snprintf(weight, sizeof weight, "%.400s + %.64s * %zu", of->recurrent.text, row.text, of->units);
    const soma_c_expression sum = soma_c_dot(writer, state, weight, of->units);
    if (of->recurrent_bias.text[0])
        snprintf(out.text, sizeof out.text, "%.400s[%.64s] + %.1000s", of->recurrent_bias.text, row.text, sum.text);
    else
        out = sum;
    return out;
}

/* "const float i = sigmoid(...);" */
static void put_gate(soma_c_writer *writer, const layer *of, const char *name, size_t which, soma_function function,
                     const char *state) {
    char x[16];
    snprintf(x, sizeof x, "%s_sum", name);
    PUT("            const float %s = %s + %s;\n", x, from_inputs(writer, of, which).text,
        from_state(writer, of, which, state).text);
    PUT("            const float %s = %s;\n", name, soma_c_apply(writer, function, 0, 0, x).text);
}

static void put_rnn(soma_c_writer *writer, const layer *of) {
    put_gate(writer, of, "n", 0, of->params.function, "h");
    PUT("            out[u] = n;\n");
}

static void put_lstm(soma_c_writer *writer, const layer *of) {
    put_gate(writer, of, "i", LSTM_INPUT, SOMA_SIGMOID, "h");
    put_gate(writer, of, "f", LSTM_FORGET, SOMA_SIGMOID, "h");
    put_gate(writer, of, "g", LSTM_CANDIDATE, SOMA_TANH, "h");
    put_gate(writer, of, "o", LSTM_OUTPUT, SOMA_SIGMOID, "h");
    PUT("            c[u] = f * c[u] + i * g;\n            out[u] = o * %s;\n",
        soma_c_apply(writer, SOMA_TANH, 0, 0, "c[u]").text);
}

static void put_gru(soma_c_writer *writer, const layer *of) {
    put_gate(writer, of, "z", GRU_UPDATE, SOMA_SIGMOID, "h");
    if (of->params.reset_before)
        put_gate(writer, of, "n", GRU_CANDIDATE, SOMA_TANH, "reset");
    else {
        put_gate(writer, of, "r", GRU_RESET, SOMA_SIGMOID, "h");
        PUT("            const float n_sum = %s + r * (%s);\n", from_inputs(writer, of, GRU_CANDIDATE).text,
            from_state(writer, of, GRU_CANDIDATE, "h").text);
        PUT("            const float n = %s;\n", soma_c_apply(writer, SOMA_TANH, 0, 0, "n_sum").text);
    }
    PUT("            out[u] = (1.0f - z) * n + z * h[u];\n");
}

/* The first state and cell lie in the scratch memory. */
static void put_first(soma_c_writer *writer, const char *name, const soma_c_expression *first, size_t units) {
    const bool given = first->text[0] != '\0';
    PUT("    for (%s u = 0; u < %zu; u++) %s[u] = %s%s;\n", soma_c_index_type(writer), units, name,
        given ? first->text : "0.0f", given ? "[u]" : "");
}

static void put_step(soma_c_writer *writer, const layer *of) {
    const char *type = soma_c_index_type(writer);
    const soma_recurrent_kind kind = of->params.kind;
    const size_t width = of->inputs ? of->inputs : soma_recurrent_gates(kind) * of->units;
    PUT("        const float *in = %s + step * %zu;\n        float *out = %s + step * %zu;\n", of->x.text, width,
        of->y.text, of->units);
    if (of->mask.text[0]) {
        PUT("        if (%s[step] == 0.0f) {\n", of->mask.text);
        PUT("            for (%s u = 0; u < %zu; u++) out[u] = h[u];\n", type, of->units);
        if (of->cells.text[0])
            PUT("            for (%s u = 0; u < %zu; u++) %s[step * %zu + u] = c[u];\n", type, of->units,
                of->cells.text, of->units);
        PUT("            h = out;\n            continue;\n        }\n");
    }
    if (kind == SOMA_RECURRENT_GRU && of->params.reset_before) {
        PUT("        for (%s u = 0; u < %zu; u++) {\n", type, of->units);
        put_gate(writer, of, "r", GRU_RESET, SOMA_SIGMOID, "h");
        PUT("            reset[u] = r * h[u];\n        }\n");
    }
    PUT("        for (%s u = 0; u < %zu; u++) {\n", type, of->units);
    if (kind == SOMA_RECURRENT_RNN) put_rnn(writer, of);
    if (kind == SOMA_RECURRENT_LSTM) put_lstm(writer, of);
    if (kind == SOMA_RECURRENT_GRU) put_gru(writer, of);
    if (of->cells.text[0]) PUT("            %s[step * %zu + u] = c[u];\n", of->cells.text, of->units);
    PUT("        }\n        h = out;\n");
}

soma_status soma_c_write_recurrent(soma_c_writer *writer, const soma_call *call) {
    static const char *const kinds[] = {"rnn", "lstm", "gru"};
    layer *of = soma_calloc(1, sizeof *of);
    if (!of) return soma_out_of_memory(sizeof *of, "the C file");
    soma_status status = layer_of(writer, call, of);
    if (status != SOMA_OK) return soma_free(of), status;
    const bool lstm = of->params.kind == SOMA_RECURRENT_LSTM;
    const bool reset = of->params.kind == SOMA_RECURRENT_GRU && of->params.reset_before;
    writer->scratch = of->units * (1u + lstm + reset);
    NOTE("%s: %zu steps%s, %zu units; h is the state%s", kinds[of->params.kind], of->steps,
         of->params.reverse ? ", the last first" : "", of->units, lstm ? ", c the cells" : "");
    PUT("    const float *h = scratch;\n");
    if (lstm) PUT("    float *c = scratch + %zu;\n", of->units);
    if (reset) PUT("    float *reset = scratch + %zu;\n", of->units);
    put_first(writer, "scratch", &of->state, of->units);
    if (lstm) put_first(writer, "c", &of->cell, of->units);
    if (of->params.reverse)
        PUT("    for (%s step = %zu; step-- > 0;) {\n", soma_c_index_type(writer), of->steps);
    else
        PUT("    for (%s step = 0; step < %zu; step++) {\n", soma_c_index_type(writer), of->steps);
    put_step(writer, of);
    PUT("    }\n");
    return soma_free(of), SOMA_OK;
}
