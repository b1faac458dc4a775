/* SPDX-License-Identifier: MIT */
/* Model files: the network as JSON in the metadata of a safetensors file, its parameters as the tensors. */
#include "base/file.h"
#include "io/model/json.h"
#include "io/name.h"
#include "io/preprocessing/data.h"
#include "io/safetensors/safetensors.h"

#include <string.h>

/* -------------------------------------------------------------------------------------------------------------- save
 */

static void free_sources(soma_safetensors_source *sources, size_t count) {
    for (size_t i = 0; sources && i < count; i++) soma_free((void *)sources[i].data);
    soma_free(sources);
}

/* The parameters' values, brought to the host. */
static soma_status collect(soma_network *network, soma_safetensors_source *sources) {
    for (size_t i = 0; i < network->parameter_count; i++) {
        soma_tensor *tensor = network->parameters[i].tensor;
        size_t count = soma_tensor_count(tensor);
        float *values = soma_calloc(count, sizeof *values);
        if (!values) return soma_out_of_memory(count * sizeof *values, "the weights");
        sources[i].data = values;
        sources[i].name = tensor->name;
        sources[i].rank = tensor->rank;
        memcpy(sources[i].shape, tensor->shape, sizeof tensor->shape);
        SOMA_TRY(soma_get_parameter(network, tensor, values, count));
    }
    return SOMA_OK;
}

static soma_status check_network(soma_network *network) {
    SOMA_TRY(soma_network_status(network));
    if (network->input_count && soma_network_output(network, 0)) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE, "soma_save: the network has no %s",
                      network->input_count ? "output" : "input");
}

soma_status soma_check_save(soma_network *network, const char *path) {
    if (!network || !path) return soma_error(SOMA_INVALID_ARGUMENT, "soma_check_save needs a network and a path");
    if (soma_is_onnx_name(path)) return soma_onnx_check_save(network, path);
    if (soma_is_c_name(path)) return soma_c_check_save(network, path);
    char *text = NULL;
    SOMA_TRY(check_network(network));
    soma_status status = soma_model_encode(network, &text);
    soma_free(text);
    return status == SOMA_OK ? soma_file_check(path) : status;
}

soma_status soma_save(soma_network *network, const char *path) {
    if (!network || !path) return soma_error(SOMA_INVALID_ARGUMENT, "soma_save needs a network and a path");
    if (soma_is_onnx_name(path)) return soma_save_onnx(network, path);
    if (soma_is_c_name(path)) return soma_save_c(network, path, NULL, NULL);
    SOMA_TRY(check_network(network));
    char *text = NULL, *data = NULL;
    soma_safetensors_source *sources = soma_calloc(network->parameter_count, sizeof *sources);
    if (!sources) return soma_out_of_memory(network->parameter_count * sizeof *sources, "the weights");
    soma_status status = collect(network, sources);
    if (status == SOMA_OK) status = soma_model_encode(network, &text);
    if (status == SOMA_OK) status = soma_data_to_text(network, &data);
    if (status == SOMA_OK) {
        soma_safetensors_pair metadata[] = {{"format", "pt"}, {SOMA_MODEL_KEY, text}, {SOMA_DATA_KEY, data}};
        status = soma_safetensors_write(path, sources, network->parameter_count, metadata, data ? 3 : 2);
    }
    free_sources(sources, network->parameter_count);
    soma_free(text);
    soma_free(data);
    return status;
}

/* -------------------------------------------------------------------------------------------------------------- load
 */

static bool same_shape(const soma_tensor *tensor, const soma_safetensors_info *info) {
    return tensor->rank == info->rank && memcmp(tensor->shape, info->shape, info->rank * sizeof *info->shape) == 0;
}

/* A checkpoint is a model, too; the tensors that training goes on from are of no interest here. */
static bool is_of_checkpoint(const soma_safetensors *file, const char *name) {
    return soma_safetensors_metadata(file, SOMA_CHECKPOINT_KEY) &&
           strncmp(name, SOMA_CHECKPOINT_PREFIX, strlen(SOMA_CHECKPOINT_PREFIX)) == 0;
}

/* Every parameter has its tensor, of its shape and real, and there is no other. Before any value is read. */
static soma_status check_tensors(const char *path, const soma_network *network, const soma_safetensors *file) {
    char text[SOMA_SHAPE_TEXT];
    for (size_t i = 0; i < network->parameter_count; i++) {
        const soma_tensor *tensor = network->parameters[i].tensor;
        size_t index;
        if (!soma_safetensors_find(file, tensor->name, &index))
            return soma_error(SOMA_INVALID_FILE, "%s: the network's parameter %s is not among the %zu tensors", path,
                              tensor->name, soma_safetensors_count(file));
        soma_safetensors_info info = soma_safetensors_get(file, index);
        if (!soma_safetensors_is_real(&info))
            return soma_error(SOMA_INVALID_FILE, "%s: tensor %s is %s, expected F32 (or F16, BF16, F64)", path,
                              tensor->name, info.dtype);
        if (!same_shape(tensor, &info))
            return soma_error(SOMA_INVALID_FILE,
                              "%s: tensor %s has %u dimensions and %zu elements, the network's is %s", path,
                              tensor->name, info.rank, info.count, soma_tensor_shape_text(tensor, text));
    }
    for (size_t i = 0; i < soma_safetensors_count(file); i++) {
        const char *name = soma_safetensors_get(file, i).name;
        const soma_tensor *tensor = soma_network_tensor(network, name);
        if (is_of_checkpoint(file, name)) continue;
        if (!tensor || tensor->op != SOMA_OP_PARAMETER)
            return soma_error(SOMA_INVALID_FILE, "%s: tensor %s is no parameter of the network", path, name);
    }
    return SOMA_OK;
}

static soma_status read_tensors(soma_network *network, const soma_safetensors *file) {
    for (size_t i = 0; i < network->parameter_count; i++) {
        soma_parameter *parameter = &network->parameters[i];
        size_t count = soma_tensor_count(parameter->tensor), index = 0;
        parameter->values = soma_calloc(count, sizeof *parameter->values);
        if (!parameter->values) return soma_out_of_memory(count * sizeof *parameter->values, "the weights");
        soma_safetensors_find(file, parameter->tensor->name, &index);
        SOMA_TRY(soma_safetensors_read(file, index, parameter->values, count));
    }
    return SOMA_OK;
}

static soma_status load(const char *path, const soma_safetensors *file, soma_network **network) {
    const char *text = soma_safetensors_metadata(file, SOMA_MODEL_KEY);
    if (!text)
        return soma_error(SOMA_INVALID_FILE, "%s: a safetensors file without a network: its metadata has no \"%s\"",
                          path, SOMA_MODEL_KEY);
    SOMA_TRY(soma_model_decode(path, text, strlen(text), network));
    soma_status status = soma_data_of_text(soma_safetensors_metadata(file, SOMA_DATA_KEY), *network);
    if (status != SOMA_OK) return soma_error_prefix(status, "%s: ", path);
    SOMA_TRY(check_tensors(path, *network, file));
    return read_tensors(*network, file);
}

soma_status soma_load(const char *path, soma_network **network) {
    if (!path || !network)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_load needs a path and a place for the network");
    if (soma_is_onnx_name(path)) return soma_load_onnx(path, NULL, network);
    soma_safetensors *file;
    *network = NULL;
    SOMA_TRY(soma_safetensors_open(path, &file));
    soma_status status = load(path, file, network);
    soma_safetensors_close(file);
    if (status != SOMA_OK) {
        soma_network_destroy(*network);
        *network = NULL;
    }
    return status;
}
