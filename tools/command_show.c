/* SPDX-License-Identifier: MIT */
/* soma show: what is in a file, a model or data, as its name says. */
#include "file_name.h"
#include "filters.h"
#include "freeze.h"
#include "model.h"
#include "report.h"
#include "sheet.h"
#include "show_onnx.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static void report_shape(report *object, uint32_t rank, const size_t *shape) {
    report *list = report_array(object, "shape");
    for (uint32_t i = 0; i < rank; i++) report_append_number(list, (double)shape[i]);
}

/* ------------------------------------------------------------------------------------------------------ models */

static void show_layers(soma_network *network, report *object) {
    report *layers = report_array(object, "layers");
    size_t total = 0;
    soma_layer_info info;
    for (size_t i = 0; i < soma_network_layer_count(network); i++) {
        char shape[128];
        if (soma_network_layer(network, i, &info) != SOMA_OK) continue;
        shape_text(info.rank, info.shape, shape, sizeof shape);
        const freeze_note note = freeze_note_of(&info);
        say_result("  %-24s %-14s %-14s %zu parameters%s%s\n", info.name, info.kind, shape, info.parameters,
                   *note.text ? ", " : "", note.text);
        report *layer = report_append_object(layers);
        report_text(layer, "name", info.name);
        report_text(layer, "kind", info.kind);
        report_shape(layer, info.rank, info.shape);
        report_count(layer, "parameters", info.parameters);
        freeze_report(&info, layer);
        total += info.parameters;
    }
    say_result("  %zu parameters in all\n", total);
    report_count(object, "parameters", total);
}

/* Of an ONNX model also what is in its file, and that is all where soma does not run it. */
static exit_status show_onnx(const char *path, soma_network *network, const char *reason, report *object) {
    soma_status cause = show_onnx_contents(path, object);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    report_truth(object, "runs", network != NULL);
    if (network) return STATUS_DONE;
    report_text(object, "reason", reason);
    say_result("  soma does not run it: %s\n", reason);
    return STATUS_DONE;
}

static void show_repeatable(const soma_network *network, report *object) {
    const uint64_t shards = soma_network_shards(network);
    if (!shards) return;
    say_result("  trained to be repeatable, by batches in %llu shards\n", (unsigned long long)shards);
    report_count(object, "shards", shards);
}

static exit_status show_network(const struct settings *settings, const char *path, report *object) {
    soma_network *network = NULL;
    soma_status cause;
    exit_status status = model_try(settings, path, &network, &cause);
    if (status != STATUS_DONE) return status;
    bool onnx = ends_in_or_gzipped(path, ".onnx");
    bool not_run = cause == SOMA_UNSUPPORTED || cause == SOMA_INVALID_SHAPE || cause == SOMA_INVALID_FILE;
    if (cause != SOMA_OK && !(onnx && not_run)) return fail_from_library(cause, STATUS_FILE, NULL);
    char *reason = strdup(network ? "" : soma_last_error());
    if (settings->filters)
        status = network ? filters_write(settings, network, path, object)
                         : fail(STATUS_FILE, "--filters: soma does not run %s: %s", path, reason ? reason : "");
    if (status == STATUS_DONE && onnx) status = show_onnx(path, network, reason ? reason : "", object);
    free(reason);
    if (status == STATUS_DONE && network) {
        say_result("%s: a model of %zu layers\n", path, soma_network_layer_count(network));
        show_layers(network, object);
        show_repeatable(network, object);
        model_report_columns(network, object);
        model_report_pictures(network, object);
    }
    soma_network_destroy(network);
    return status;
}

static exit_status show_model(const struct settings *settings, const char *path) {
    report *object = settings->json ? report_create() : NULL;
    report_text(object, "file", path);
    report_text(object, "holds", "model");
    exit_status status = show_network(settings, path, object);
    if (object && status == STATUS_DONE)
        report_print(object);
    else
        report_destroy(object);
    return status;
}

/* ----------------------------------------------------------------------------------------------------- tensors */

struct tensors {
    report *list;
    size_t count, numbers;
};

static void show_tensor(void *context, const char *name, const char *dtype, uint32_t rank, const size_t *shape) {
    struct tensors *tensors = context;
    char text[128];
    size_t numbers = 1;
    for (uint32_t i = 0; i < rank; i++) numbers *= shape[i];
    shape_text(rank, shape, text, sizeof text);
    say_result("  %-32s %-11s %s\n", name, dtype, text);
    report *tensor = report_append_object(tensors->list);
    report_text(tensor, "name", name);
    report_text(tensor, "dtype", dtype);
    report_shape(tensor, rank, shape);
    tensors->count++;
    tensors->numbers += numbers;
}

/* Of a file that other programs have written; what it holds may become a network's weights. */
static exit_status show_tensors(const struct settings *settings, const char *path) {
    report *object = settings->json ? report_create() : NULL;
    struct tensors tensors = {.list = report_array(object, "tensors")};
    report_text(object, "file", path);
    report_text(object, "holds", "tensors");
    say_result("%s: tensors, but no network of soma's\n", path);
    soma_status cause = soma_list_tensors(path, show_tensor, &tensors, NULL);
    if (cause != SOMA_OK) {
        report_destroy(object);
        return fail_from_library(cause, STATUS_FILE, NULL);
    }
    say_result("  %zu tensors, %zu numbers in all\n", tensors.count, tensors.numbers);
    if (object) report_print(object);
    return STATUS_DONE;
}

static void pass_over(void *context, const char *name, const char *dtype, uint32_t rank, const size_t *shape) {
    (void)context, (void)name, (void)dtype, (void)rank, (void)shape;
}

static bool has_tensors_alone(const char *path) {
    bool has_network;
    return ends_in_or_gzipped(path, ".safetensors") &&
           soma_list_tensors(path, pass_over, NULL, &has_network) == SOMA_OK && !has_network;
}

/* -------------------------------------------------------------------------------------------------------- data */

/* The least and the largest number of an input, as a network would see them. */
static exit_status find_range(const soma_dataset *dataset, size_t input, size_t samples, size_t width, double *least,
                              double *largest) {
    float *values = malloc(width * sizeof *values);
    *least = INFINITY, *largest = -INFINITY;
    if (!values) return fail(STATUS_FAILED, "out of memory for a sample of %zu numbers", width);
    for (size_t i = 0; i < samples; i++) {
        soma_status cause = soma_dataset_read_input(dataset, input, i, 1, values);
        if (cause != SOMA_OK) {
            free(values);
            return fail_from_library(cause, STATUS_FILE, NULL);
        }
        for (size_t j = 0; j < width; j++) {
            /* Not fmin() and fmax(): GCC 12 for aarch64 ends in an internal error where it makes vectors of such a
             * loop. */
            if ((double)values[j] < *least) *least = (double)values[j];
            if ((double)values[j] > *largest) *largest = (double)values[j];
        }
    }
    free(values);
    return STATUS_DONE;
}

static exit_status show_input(const soma_dataset *dataset, const soma_dataset_info *info, size_t input,
                              report *inputs) {
    size_t width = 1;
    double least, largest;
    char shape[128];
    for (uint32_t i = 0; i < info->input_rank[input]; i++) width *= info->input_shape[input][i];
    exit_status status = find_range(dataset, input, info->samples, width, &least, &largest);
    if (status != STATUS_DONE) return status;
    shape_text(info->input_rank[input], info->input_shape[input], shape, sizeof shape);
    say_result("  input of shape %s, numbers from %g to %g\n", shape, least, largest);
    report *object = report_append_object(inputs);
    report_shape(object, info->input_rank[input], info->input_shape[input]);
    report_number(object, "least", least);
    report_number(object, "largest", largest);
    return STATUS_DONE;
}

static exit_status show_dataset(const struct settings *settings, const char *path, const soma_dataset *dataset) {
    soma_dataset_info info;
    exit_status status = STATUS_DONE;
    soma_dataset_get_info(dataset, &info);
    report *object = settings->json ? report_create() : NULL, *inputs = report_array(object, "inputs");
    report_text(object, "file", path);
    report_text(object, "holds", "data");
    report_count(object, "samples", info.samples);
    report_count(object, "classes", info.classes);
    say_result("%s: %zu samples\n", path, info.samples);
    for (size_t i = 0; i < info.inputs && status == STATUS_DONE; i++) status = show_input(dataset, &info, i, inputs);
    if (info.classes) say_result("  labels of %zu classes\n", info.classes);
    if (ends_in_or_gzipped(path, ".csv")) say_result("  `soma data %s` says what is in each column\n", path);
    if (object && status == STATUS_DONE)
        report_print(object);
    else
        report_destroy(object);
    return status;
}

static bool is_picture(const char *path) {
    static const char *const endings[] = {".png", ".jpg", ".jpeg"};
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot, endings[i]) == 0) return true;
    return false;
}

static exit_status show_picture(const struct settings *settings, const char *path) {
    soma_dataset *picture, *none;
    soma_dataset_info info;
    double least = 0, largest = 0;
    soma_status cause = soma_dataset_from_images(path, NULL, &picture, &none);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    soma_dataset_get_info(picture, &info);
    const size_t *shape = info.input_shape[0];
    exit_status status = find_range(picture, 0, 1, shape[0] * shape[1] * shape[2], &least, &largest);
    soma_dataset_destroy(picture);
    if (status != STATUS_DONE) return status;
    say_result("%s: a picture of %zux%zu pixels (height x width), %zu channels, numbers from %g to %g\n", path,
               shape[0], shape[1], shape[2], least, largest);
    if (!settings->json) return STATUS_DONE;
    report *object = report_create();
    report_text(object, "file", path);
    report_text(object, "holds", "picture");
    report_shape(object, 3, shape);
    report_number(object, "least", least);
    report_number(object, "largest", largest);
    report_print(object);
    return STATUS_DONE;
}

/* *known: the name says that it is data. */
static soma_status open_data(const char *path, bool *known, soma_dataset **dataset) {
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    soma_dataset *test = NULL;
    *known = true;
    if (ends_in_or_gzipped(path, ".csv")) return soma_dataset_from_csv(path, NULL, dataset);
    if (ends_in_or_gzipped(path, ".npy")) return soma_dataset_from_npy(path, NULL, NULL, dataset);
    if (ends_in_or_gzipped(path, ".npz")) {
        soma_status cause = soma_dataset_from_npz(path, NULL, dataset, &test);
        soma_dataset_destroy(test);
        return cause;
    }
    bool model = ends_in_or_gzipped(path, ".safetensors") || ends_in_or_gzipped(path, ".onnx");
    if (!model && strstr(name, "idx")) return soma_dataset_from_idx(path, NULL, 0, dataset);
    *known = false;
    return SOMA_OK;
}

/* Options that say something of models, given with a file that holds none. */
static exit_status refuse_options(const struct settings *settings, const char *path, const char *holds) {
    const char *option = settings->filters ? "filters" : "outputs";
    return fail(STATUS_USAGE, "--%s goes with %s; %s holds %s", option, settings->filters ? "a model" : "an ONNX model",
                path, holds);
}

exit_status command_show(const struct settings *settings) {
    const char *path = settings->operand[0];
    soma_dataset *dataset = NULL;
    struct stat about;
    bool known;
    if (!path) return fail(STATUS_USAGE, "a file is needed: soma show FILE");
    exit_status status = settings->filters ? sheet_try("filters", settings->filters) : STATUS_DONE;
    if (status != STATUS_DONE) return status;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode))
        return fail(STATUS_USAGE,
                    "%s is a directory; accepted: a file, of a model (.safetensors, .onnx), of data (.csv, .npy, "
                    ".npz, IDX) or of a picture (.png, .jpg, .jpeg)",
                    path);
    bool for_models = settings->outputs || settings->filters;
    if (is_picture(path) && !for_models) return show_picture(settings, path);
    soma_status cause = open_data(path, &known, &dataset);
    if ((known || is_picture(path)) && for_models) {
        soma_dataset_destroy(dataset);
        return refuse_options(settings, path, "data");
    }
    if (!known) {
        bool tensors_alone = has_tensors_alone(path);
        if (tensors_alone && settings->filters) return refuse_options(settings, path, "tensors, but no network");
        return tensors_alone ? show_tensors(settings, path) : show_model(settings, path);
    }
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    status = show_dataset(settings, path, dataset);
    soma_dataset_destroy(dataset);
    return status;
}
