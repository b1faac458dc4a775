/* SPDX-License-Identifier: MIT */
/* soma convert: a model from one format to another, as their names say. */
#include "model.h"
#include "output_file.h"
#include "report.h"

exit_status command_convert(const struct settings *settings) {
    soma_network *network = NULL;
    if (!settings->operand[1])
        return fail(STATUS_USAGE,
                    "two files are needed: soma convert FROM TO, as in soma convert a.onnx b.safetensors");
    exit_status status = output_file_try(NULL, settings->operand[1]);
    if (status == STATUS_DONE) status = model_load(settings, settings->operand[0], &network);
    if (status != STATUS_DONE) return status;
    soma_status cause = soma_save(network, settings->operand[1]);
    if (cause != SOMA_OK) {
        soma_network_destroy(network);
        return fail_from_library(cause, cause == SOMA_IO ? STATUS_FAILED : STATUS_FILE, NULL);
    }
    say("%s: written\n", settings->operand[1]);
    if (settings->json) {
        report *object = report_create();
        report_text(object, "from", settings->operand[0]);
        report_text(object, "to", settings->operand[1]);
        report_count(object, "parameters", soma_network_parameter_count(network));
        report_print(object);
    }
    soma_network_destroy(network);
    return STATUS_DONE;
}
