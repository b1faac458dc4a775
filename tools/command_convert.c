/* SPDX-License-Identifier: MIT */
/* soma convert: a model from one format to another, as their names say. */
#include "file_name.h"
#include "model.h"
#include "output_file.h"
#include "report.h"

#include <string.h>

static bool is_c(const char *path) {
    return ends_in(path, ".c");
}

/* Any other name is one of safetensors, which is said: whoever means another format reads it here. */
static const char *format_of(const char *path) {
    return is_c(path) ? "C" : ends_in(path, ".onnx") ? "ONNX" : "safetensors";
}

static exit_status check_operands(const struct settings *settings) {
    if (!settings->operand[1])
        return fail(STATUS_USAGE,
                    "two files are needed: soma convert FROM TO, as in soma convert a.onnx b.safetensors");
    if (settings->prefix && !is_c(settings->operand[1]))
        return fail(STATUS_USAGE, "--prefix is for names in a C file; %s is none, expected FILE.c",
                    settings->operand[1]);
    if (settings->opset && !ends_in(settings->operand[1], ".onnx"))
        return fail(STATUS_USAGE, "--opset is for ONNX models; %s is none, expected FILE.onnx", settings->operand[1]);
    return output_file_try(NULL, settings->operand[1]);
}

static exit_status fail_to_save(const struct settings *settings, soma_status cause) {
    const bool wrong_prefix = settings->prefix && cause == SOMA_INVALID_ARGUMENT;
    return fail_from_library(cause, wrong_prefix ? STATUS_USAGE : cause == SOMA_IO ? STATUS_FAILED : STATUS_FILE, NULL);
}

exit_status command_convert(const struct settings *settings) {
    soma_network *network = NULL;
    exit_status status = check_operands(settings);
    if (status == STATUS_DONE) status = model_load(settings, settings->operand[0], &network);
    if (status != STATUS_DONE) return status;
    const char *target = settings->operand[1];
    const bool as_c = is_c(target);
    soma_c_size size = {0};
    soma_status cause =
        as_c ? soma_save_c(network, target, &(soma_c_options){.prefix = settings->prefix}, &size)
        : settings->opset
            ? soma_save_onnx_with(network, target, &(soma_onnx_save_options){.opset = (int64_t)settings->opset})
            : soma_save(network, target);
    if (cause != SOMA_OK) {
        soma_network_destroy(network);
        return fail_to_save(settings, cause);
    }
    say("%s: written as %s\n", target, format_of(target));
    if (as_c)
        say("Flash: %zu bytes of weights, and the code. Memory: %zu bytes, static.\n", size.weight_bytes,
            size.memory_bytes);
    if (settings->json) {
        report *object = report_create();
        report_text(object, "from", settings->operand[0]);
        report_text(object, "to", target);
        report_text(object, "format", format_of(target));
        report_count(object, "parameters", soma_network_parameter_count(network));
        if (as_c) {
            report_count(object, "weight_bytes", size.weight_bytes);
            report_count(object, "memory_bytes", size.memory_bytes);
        }
        report_print(object);
    }
    soma_network_destroy(network);
    return STATUS_DONE;
}
