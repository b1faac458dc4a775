/* SPDX-License-Identifier: MIT */
/* soma_save_c(): a network as one C file for machines without an operating system. */
#include "base/file.h"
#include "io/c/writer.h"
#include "io/name.h"

#include <string.h>

/* NULL for primitives without a C form. */
static soma_c_rule *const rules[SOMA_PRIMITIVE_COUNT] = {
#define X(NAME, name) [SOMA_PRIMITIVE_##NAME] = soma_c_write_##name,
    SOMA_C_LIST(X)
#undef X
};

/* Names that the file has beside those of its layers. */
static soma_status take_own_names(soma_c_writer *writer) {
    static const char *const own[] = {"predict",     "memory",      "dot", "standardize",
                                      "class_names", "thresholds",  "H",   "DECLARATIONS",
                                      "INPUT_COUNT", "OUTPUT_COUNT"}; /* macros, of a prefix in capitals */
    soma_c_name name;
    for (size_t i = 0; i < SOMA_COUNT_OF(own); i++) SOMA_TRY(soma_c_take_name(writer, own[i], &name));
    for (int i = 0; i < SOMA_FUNCTION_COUNT; i++)
        SOMA_TRY(soma_c_take_name(writer, soma_function_name((soma_function)i), &name));
    return SOMA_OK;
}

/* The tensor's name, or its layer's with what is computed there. */
static soma_status name_function(soma_c_writer *writer, const soma_tensor *origin) {
    char name[SOMA_C_NAME];
    const char *what = soma_primitive_name(writer->call->primitive);
    if (origin->name)
        snprintf(name, sizeof name, "%s", origin->name);
    else if (origin->layer)
        snprintf(name, sizeof name, "%.200s_%s", writer->network->layers[origin->layer - 1].name, what);
    else
        snprintf(name, sizeof name, "%s", what);
    return soma_c_take_name(writer, name, &writer->function);
}

/* What no rule is for, by name. */
static soma_status refuse(const soma_c_writer *writer, const soma_tensor *origin) {
    char label[SOMA_SHAPE_TEXT];
    soma_text accepted = {0};
    for (int i = 0; i < SOMA_PRIMITIVE_COUNT; i++)
        if (rules[i])
            soma_text_append(&accepted, "%s%s", accepted.length ? ", " : "", soma_primitive_name((soma_primitive)i));
    soma_status status =
        soma_error(SOMA_UNSUPPORTED, "%s: %s has no form in C; accepted are %s", soma_tensor_label(origin, label),
                   soma_primitive_name(writer->call->primitive), accepted.data ? accepted.data : "others");
    soma_free(accepted.data);
    return status;
}

/* Whether an int of 16 bits is too small for its places. */
static bool is_wide(const soma_call *call) {
    for (uint32_t i = 0; i < call->view_count; i++)
        if (soma_view_count(&call->view[i]) > INT16_MAX) return true;
    return false;
}

static soma_status write_call(soma_c_writer *writer, size_t number) {
    const soma_lowering *lowering = &writer->program->lowering;
    const soma_tensor *origin = lowering->origin[number];
    char label[SOMA_SHAPE_TEXT];
    writer->number = number;
    writer->call = &lowering->calls[number];
    writer->scratch = 0;
    writer->wide = is_wide(writer->call) || (writer->program->product[number] != SOMA_C_NONE &&
                                             is_wide(&lowering->calls[writer->program->product[number]]));
    writer->body.length = 0;
    writer->note.text[0] = '\0';
    soma_c_rule *rule = rules[writer->call->primitive];
    if (!rule) return refuse(writer, origin);
    SOMA_TRY(name_function(writer, origin));
    soma_status status = rule(writer, writer->call);
    if (status != SOMA_OK) return soma_error_prefix(status, "%s: ", soma_tensor_label(origin, label));
    soma_c_put_head(writer);
    if (writer->body.length) soma_text_append(&writer->functions, "%s", writer->body.data);
    soma_text_append(&writer->functions, "}\n\n");
    writer->steps[writer->step_count++] = (soma_c_step){number, writer->scratch, writer->function};
    return SOMA_OK;
}

static void put_dot(soma_c_writer *writer) {
    const char *index = writer->dot > INT16_MAX ? "long" : "int";
    soma_text_append(&writer->file,
                     "/* The sum of a[i] b[i]. Four sums need not wait for each other, and round less than one. */\n"
                     "static float %s(const float *a, const float *b, %s count) {\n"
                     "    float s0 = 0.0f, s1 = 0.0f, s2 = 0.0f, s3 = 0.0f;\n"
                     "    %s i = 0;\n"
                     "    for (; i + 3 < count; i += 4) {\n"
                     "        s0 += a[i] * b[i];\n"
                     "        s1 += a[i + 1] * b[i + 1];\n"
                     "        s2 += a[i + 2] * b[i + 2];\n"
                     "        s3 += a[i + 3] * b[i + 3];\n"
                     "    }\n"
                     "    for (; i < count; i++) s0 += a[i] * b[i];\n"
                     "    return (s0 + s1) + (s2 + s3);\n"
                     "}\n\n",
                     soma_c_prefixed(writer, "dot").text, index, index);
}

static soma_status write_file(soma_c_writer *writer) {
    SOMA_TRY(take_own_names(writer));
    for (size_t i = 0; i < writer->program->lowering.count; i++)
        if (!writer->program->done[i]) SOMA_TRY(write_call(writer, i));
    SOMA_TRY(soma_c_put_run(writer));
    SOMA_TRY(soma_c_put_declarations(writer));
    if (writer->constants.length) soma_text_append(&writer->file, "%s", writer->constants.data);
    if (writer->memory_bytes)
        soma_text_append(&writer->file, "static float %s[%zu];\n\n", soma_c_prefixed(writer, "memory").text,
                         writer->memory_bytes / sizeof(float));
    soma_c_put_functions(writer);
    if (writer->dot) put_dot(writer);
    if (writer->functions.length) soma_text_append(&writer->file, "%s", writer->functions.data);
    SOMA_TRY(soma_c_put_kept(writer));
    if (writer->run.length) soma_text_append(&writer->file, "%s", writer->run.data);
    soma_text_append(&writer->file, "}\n#endif\n");
    const bool failed = writer->file.failed || writer->constants.failed || writer->functions.failed ||
                        writer->run.failed || writer->body.failed;
    return failed ? soma_out_of_memory(writer->file.length, "the C file") : SOMA_OK;
}

static void clear(soma_c_writer *writer) {
    soma_free(writer->constants.data);
    soma_free(writer->functions.data);
    soma_free(writer->run.data);
    soma_free(writer->file.data);
    soma_free(writer->body.data);
    soma_free(writer->names);
    soma_free(writer->arrays);
    soma_free(writer->steps);
    soma_c_program_clear(writer->program);
}

/* ---------------------------------------------------------------------------------------------------------- prefix */

static bool is_identifier(const char *text) {
    const char *const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
    if (!*text || !strchr(letters, *text)) return false;
    for (; *text; text++)
        if (!strchr(letters, *text) && (*text < '0' || *text > '9')) return false;
    return true;
}

/* Longer names are no longer told apart by all linkers. */
enum { MOST_PREFIX = 32 };

/* Of "path/to/my-model.c": "my_model". */
static void prefix_of_path(const char *path, char prefix[MOST_PREFIX + 1]) {
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    const size_t length = strcspn(name, ".");
    snprintf(prefix, MOST_PREFIX + 1, "%s%.*s", *name >= '0' && *name <= '9' ? "model_" : "",
             (int)SOMA_MIN(length, (size_t)MOST_PREFIX), name);
    for (char *c = prefix; *c; c++) {
        const char one[] = {*c, '\0'};
        if (!is_identifier(one) && (*c < '0' || *c > '9')) *c = '_';
    }
    if (!*prefix) snprintf(prefix, MOST_PREFIX + 1, "model");
}

static soma_status check_prefix(const char *prefix) {
    if (is_identifier(prefix) && strlen(prefix) <= MOST_PREFIX) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "the prefix is \"%.64s\"; expected up to %d letters of a-z and A-Z, digits and _, and no digit "
                      "first",
                      prefix, MOST_PREFIX);
}

/* ------------------------------------------------------------------------------------------------------------ save */

static soma_status make(soma_c_writer *writer) {
    SOMA_TRY(soma_c_program_make(writer->network, writer->program));
    const size_t calls = SOMA_MAX(writer->program->lowering.count, (size_t)1);
    writer->steps = soma_calloc(calls, sizeof *writer->steps);
    if (!writer->steps) return soma_out_of_memory(calls * sizeof *writer->steps, "the C file");
    return write_file(writer);
}

static soma_status check(soma_network *network, const char *path, const soma_c_options *options) {
    if (!network || !path) return soma_error(SOMA_INVALID_ARGUMENT, "soma_save_c needs a network and a path");
    for (size_t i = 0; options && i < SOMA_COUNT_OF(options->reserved); i++)
        if (options->reserved[i])
            return soma_error(SOMA_INVALID_ARGUMENT, "soma_c_options: reserved field %zu is %llu, expected 0", i,
                              (unsigned long long)options->reserved[i]);
    if (options && options->prefix) SOMA_TRY(check_prefix(options->prefix));
    SOMA_TRY(soma_network_status(network));
    if (network->input_count && soma_network_output(network, 0)) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE, "soma_save_c: the network has no %s",
                      network->input_count ? "output" : "input");
}

/* All of soma_save_c() but the writing, which `write` is for. */
static soma_status save(soma_network *network, const char *path, const soma_c_options *options, soma_c_size *size,
                        bool write) {
    char prefix[MOST_PREFIX + 1];
    SOMA_TRY(check(network, path, options));
    prefix_of_path(path, prefix);
    soma_c_program program = {0};
    soma_c_writer writer = {
        .network = network, .program = &program, .prefix = options && options->prefix ? options->prefix : prefix};
    soma_status status = make(&writer);
    if (status != SOMA_OK)
        soma_error_prefix(status, "%s: ", path);
    else
        status = write ? soma_file_write(path, writer.file.data, writer.file.length) : soma_file_check(path);
    if (status == SOMA_OK && size)
        *size = (soma_c_size){.weight_bytes = writer.weight_bytes, .memory_bytes = writer.memory_bytes};
    clear(&writer);
    return status;
}

soma_status soma_save_c(soma_network *network, const char *path, const soma_c_options *options, soma_c_size *size) {
    return save(network, path, options, size, true);
}

soma_status soma_c_check_save(soma_network *network, const char *path) {
    return save(network, path, NULL, NULL, false);
}
