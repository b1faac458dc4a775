/* SPDX-License-Identifier: MIT */
/* The function of a call: its arguments are the views that depend on the inputs. */
#include "io/c/writer.h"

#include <string.h>

/* The matrix product that the call does on its way has another input in the place of its first view. */
static const soma_view *view_of(const soma_c_writer *writer, uint32_t index) {
    const size_t product = writer->program->product[writer->number];
    if (index == 0 && product != SOMA_C_NONE) return &writer->program->lowering.calls[product].view[0];
    return &writer->call->view[index];
}

static bool is_argument(const soma_c_writer *writer, uint32_t index) {
    const soma_view *view = view_of(writer, index);
    return view->rank != 0 && soma_c_view_changes(writer->program, view);
}

/* What is read under its name in the contract, or "x" where there is one such thing; what is written as "y". */
static const char *name_of(const soma_c_writer *writer, uint32_t index) {
    const soma_call *call = writer->call;
    bool writes = soma_call_writes(call, index);
    for (uint32_t i = 0; i < call->view_count; i++)
        if (i != index && is_argument(writer, i) && soma_call_writes(call, i) == writes)
            return soma_call_view_name(call, index);
    return writes ? "y" : "x";
}

const char *soma_c_argument(const soma_c_writer *writer, const soma_view *view) {
    const size_t product = writer->program->product[writer->number];
    if (product != SOMA_C_NONE && view == &writer->program->lowering.calls[product].view[0]) return name_of(writer, 0);
    return name_of(writer, (uint32_t)(view - writer->call->view));
}

static void put_arguments(soma_c_writer *writer, bool written, const char **separator) {
    for (uint32_t i = 0; i < writer->call->view_count; i++) {
        if (!is_argument(writer, i) || soma_call_writes(writer->call, i) != written) continue;
        soma_text_append(&writer->functions, "%s%sfloat *%s", *separator, written ? "" : "const ", name_of(writer, i));
        *separator = ", ";
    }
}

void soma_c_put_head(soma_c_writer *writer) {
    const char *separator = "";
    if (writer->note.text[0]) soma_text_append(&writer->functions, "/* %s */\n", writer->note.text);
    soma_text_append(&writer->functions, "static void %s(", writer->function.text);
    put_arguments(writer, false, &separator);
    put_arguments(writer, true, &separator);
    if (writer->scratch) soma_text_append(&writer->functions, ", float *scratch");
    soma_text_append(&writer->functions, ") {\n");
}
