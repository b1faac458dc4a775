/* SPDX-License-Identifier: MIT */
/* The beginning of a C file: what it is, what it declares, and what the network keeps of its data. */
#include "io/c/writer.h"

#include <ctype.h>
#include <string.h>

static const soma_tensor *port_of(const soma_c_writer *writer, bool output, size_t index) {
    return output ? soma_network_output(writer->network, index) : writer->network->inputs[index];
}

static size_t port_count(const soma_c_writer *writer, bool output) {
    return output ? soma_network_output_count(writer->network) : writer->network->input_count;
}

/* Names of several may become the same identifier, or be missing: then they have a number, too. */
soma_c_name soma_c_port(const soma_c_writer *writer, bool output, size_t index) {
    soma_c_name out;
    const char *kind = output ? "output" : "input", *name = port_of(writer, output, index)->name;
    if (port_count(writer, output) == 1) return snprintf(out.text, sizeof out.text, "%s", kind), out;
    int length = snprintf(out.text, sizeof out.text, "%s%zu", kind, index + 1);
    if (name) snprintf(out.text + length, sizeof out.text - (size_t)length, "_%.64s", name);
    for (char *c = out.text; *c; c++)
        if (!isalnum((unsigned char)*c) || (unsigned char)*c > 127) *c = '_';
    return out;
}

static soma_c_name upper(const char *text) {
    soma_c_name out;
    snprintf(out.text, sizeof out.text, "%s", text);
    for (char *c = out.text; *c; c++) *c = (char)toupper((unsigned char)*c);
    return out;
}

static void put_shapes(soma_c_writer *writer, bool output) {
    for (size_t i = 0; i < port_count(writer, output); i++) {
        const soma_tensor *tensor = port_of(writer, output, i);
        soma_text_append(&writer->file, " *   %s: %zu numbers", soma_c_port(writer, output, i).text,
                         soma_tensor_count(tensor));
        for (uint32_t j = 0; tensor->rank > 1 && j < tensor->rank; j++)
            soma_text_append(&writer->file, "%s%zu", j ? " x " : ", ", tensor->shape[j]);
        soma_text_append(&writer->file, "%s\n", tensor->rank > 1 ? ", the last dimension's next to each other" : "");
    }
}

static void put_prototype(soma_c_writer *writer) {
    const char *separator = "";
    soma_text_append(&writer->file, "void %s(", soma_c_prefixed(writer, "predict").text);
    for (int output = 0; output < 2; output++)
        for (size_t i = 0; i < port_count(writer, output); i++) {
            soma_text_append(&writer->file, "%s%sfloat *%s", separator, output ? "" : "const ",
                             soma_c_port(writer, output, i).text);
            separator = ", ";
        }
    soma_text_append(&writer->file, ")");
}

static void put_comment(soma_c_writer *writer) {
    soma_text *file = &writer->file;
    soma_text_append(file,
                     "/*\n * A neural network, written by soma %s as one C file: C99 or C++, with the mathematical "
                     "functions\n * (-lm) and nothing else, for one sample at a time. Other files see it by\n *\n"
                     " *     #define %s_DECLARATIONS\n *     #include \"this file\"\n *\n",
                     soma_version(), upper(writer->prefix).text);
    put_shapes(writer, false);
    put_shapes(writer, true);
    soma_text_append(
        file,
        " *\n * The input's and the output's arrays must not overlap. The weights take %zu bytes, what lies "
        "between\n * the layers %zu bytes of static memory: so one call at a time.\n */\n",
        writer->weight_bytes, writer->memory_bytes);
}

static void put_counts(soma_c_writer *writer) {
    for (int output = 0; output < 2; output++)
        for (size_t i = 0; i < port_count(writer, output); i++) {
            const soma_c_name port = soma_c_port(writer, output, i);
            soma_text_append(&writer->file, "#define %s_%s_COUNT %zu\n", upper(writer->prefix).text,
                             upper(port.text).text, soma_tensor_count(port_of(writer, output, i)));
        }
}

static void put_kept_declarations(soma_c_writer *writer) {
    const size_t classes = writer->network->preprocessing.class_count, thresholds = writer->network->threshold_count;
    if (classes)
        soma_text_append(&writer->file, "extern const char *const %s[%zu];\n",
                         soma_c_prefixed(writer, "class_names").text, classes);
    if (thresholds)
        soma_text_append(&writer->file, "extern const float %s[%zu];\n", soma_c_prefixed(writer, "thresholds").text,
                         thresholds);
}

soma_status soma_c_put_declarations(soma_c_writer *writer) {
    const soma_c_name macro = upper(writer->prefix);
    put_comment(writer);
    soma_text_append(&writer->file, "#ifndef %s_H\n#define %s_H\n\n", macro.text, macro.text);
    put_counts(writer);
    soma_text_append(&writer->file, "\n#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    put_prototype(writer);
    soma_text_append(&writer->file, ";\n");
    put_kept_declarations(writer);
    soma_text_append(&writer->file, "#ifdef __cplusplus\n}\n#endif\n#endif\n\n#ifndef %s_DECLARATIONS\n", macro.text);
    soma_text_append(&writer->file, "#include <math.h>\n\n");
    return SOMA_OK;
}

/* As a string of C: octal numbers end after three digits, and "??" begins none of its trigraphs. */
static void put_string(soma_text *text, const char *name) {
    soma_text_append(text, "\"");
    for (const char *c = name; *c; c++) {
        if (*c == '"' || *c == '\\' || (*c == '?' && c > name && c[-1] == '?'))
            soma_text_append(text, "\\%c", *c);
        else if ((unsigned char)*c < 32 || *c == 127)
            soma_text_append(text, "\\%03o", (unsigned)*c);
        else
            soma_text_append(text, "%c", *c);
    }
    soma_text_append(text, "\"");
}

soma_status soma_c_put_kept(soma_c_writer *writer) {
    const soma_preprocessing *kept = &writer->network->preprocessing;
    if (kept->class_count) {
        soma_text_append(&writer->file, "const char *const %s[%zu] = {\n", soma_c_prefixed(writer, "class_names").text,
                         kept->class_count);
        for (size_t i = 0; i < kept->class_count; i++) {
            soma_text_append(&writer->file, "    ");
            put_string(&writer->file, kept->class_names[i]);
            soma_text_append(&writer->file, ",\n");
        }
        soma_text_append(&writer->file, "};\n\n");
    }
    if (writer->network->threshold_count) {
        soma_text_append(&writer->file, "/* From which on an output means yes. */\nconst float %s[%zu] = {",
                         soma_c_prefixed(writer, "thresholds").text, writer->network->threshold_count);
        for (size_t i = 0; i < writer->network->threshold_count; i++)
            soma_text_append(&writer->file, "%s%s", i ? ", " : "", soma_c_number(writer->network->thresholds[i]).text);
        soma_text_append(&writer->file, "};\n\n");
    }
    put_prototype(writer);
    soma_text_append(&writer->file, " {\n");
    return SOMA_OK;
}
