/* SPDX-License-Identifier: MIT */
/*
 * Checkpoint files: a model file with more in it. The parameters are tensors under their names; optimizer state, best
 * weights and accumulators are tensors whose names begin with "checkpoint/"; all else is JSON in the metadata.
 */
#include "base/file.h"
#include "data/fingerprint.h"
#include "io/checkpoint/json.h"
#include "io/model/json.h"
#include "io/name.h"
#include "io/preprocessing/data.h"
#include "io/safetensors/safetensors.h"

#include <string.h>

/* --------------------------------------------------------------------------------------------------- its tensors */

/* One kind of tensor that there is for each parameter. */
typedef struct section {
    const char *prefix; /* of the names */
    float *buffer;      /* flat */
    bool of_optimizer;  /* which has nothing for running figures and what is frozen */
} section;

enum { MAX_SECTIONS = 4 };

static size_t sections_of(const soma_checkpoint *checkpoint, section sections[MAX_SECTIONS]) {
    static const char *const state_prefix[] = {SOMA_CHECKPOINT_PREFIX "state_1/", SOMA_CHECKPOINT_PREFIX "state_2/"};
    size_t count = 0;
    sections[count++] = (section){"", checkpoint->parameters, false};
    for (uint32_t i = 0; i < checkpoint->state_count; i++)
        sections[count++] = (section){state_prefix[i], checkpoint->optimizer_state[i], true};
    if (checkpoint->run.restore_best && checkpoint->state.watch.started)
        sections[count++] = (section){SOMA_CHECKPOINT_PREFIX "best/", checkpoint->best, false};
    return count;
}

static bool has_part(const section *part, const soma_parameter *parameter) {
    return !part->of_optimizer || !(parameter->is_running || parameter->is_frozen);
}

static void free_sources(soma_safetensors_source *sources, size_t count) {
    for (size_t i = 0; sources && i < count; i++) soma_free((char *)sources[i].name);
    soma_free(sources);
}

static soma_status describe_parameter(const section *part, const soma_tensor *tensor, soma_safetensors_source *source) {
    soma_text name = {0};
    soma_text_append(&name, "%s%s", part->prefix, tensor->name);
    source->name = name.data;
    source->rank = tensor->rank;
    memcpy(source->shape, tensor->shape, sizeof tensor->shape);
    source->data = part->buffer + tensor->offset;
    return name.failed ? soma_out_of_memory(name.length, "the name of a tensor") : SOMA_OK;
}

static soma_status describe_accumulators(const soma_checkpoint *checkpoint, soma_safetensors_source *source) {
    source->name = soma_strdup(SOMA_CHECKPOINT_PREFIX "accumulators");
    source->rank = 2;
    source->shape[0] = SOMA_ACCUMULATOR_SLOTS;
    source->shape[1] = 2;
    source->data = *checkpoint->accumulators;
    return source->name ? SOMA_OK : soma_out_of_memory(32, "the name of a tensor");
}

/* What is written, and what a file is held against. The data point into the buffers. Free *sources, also after an
 * error. */
static soma_status list_tensors(const soma_checkpoint *checkpoint, soma_safetensors_source **sources, size_t *count) {
    const soma_network *network = checkpoint->network;
    section sections[MAX_SECTIONS];
    size_t section_count = sections_of(checkpoint, sections), next = 0, most = 1; /* the accumulators */
    for (size_t i = 0; i < section_count; i++)
        for (size_t j = 0; j < network->parameter_count; j++) most += has_part(&sections[i], &network->parameters[j]);
    *count = most;
    *sources = soma_calloc(*count, sizeof **sources);
    if (!*sources) return soma_out_of_memory(*count * sizeof **sources, "the tensors of a checkpoint");
    for (size_t i = 0; i < section_count; i++)
        for (size_t j = 0; j < network->parameter_count; j++) {
            const soma_parameter *parameter = &network->parameters[j];
            if (has_part(&sections[i], parameter))
                SOMA_TRY(describe_parameter(&sections[i], parameter->tensor, &(*sources)[next++]));
        }
    return describe_accumulators(checkpoint, &(*sources)[next]);
}

/* --------------------------------------------------------------------------------------------------------- write */

soma_status soma_checkpoint_try(const char *path) {
    soma_file_writer writer;
    if (soma_is_onnx_name(path))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: a checkpoint is a safetensors file, which would not be found again under the name of an "
                          "ONNX model; accepted: another ending, as .ckpt",
                          path);
    SOMA_TRY(soma_file_begin(path, &writer));
    soma_file_abandon(&writer);
    return SOMA_OK;
}

soma_status soma_checkpoint_write(const char *path, const soma_checkpoint *checkpoint) {
    soma_safetensors_source *sources = NULL;
    size_t count = 0;
    char *network = NULL, *text = NULL, *data = NULL;
    soma_status status = list_tensors(checkpoint, &sources, &count);
    if (status == SOMA_OK) status = soma_model_encode(checkpoint->network, &network);
    if (status == SOMA_OK) status = soma_checkpoint_encode(checkpoint, &text);
    if (status == SOMA_OK) status = soma_data_to_text(checkpoint->network, &data);
    if (status == SOMA_OK) {
        soma_safetensors_pair metadata[] = {
            {"format", "pt"}, {SOMA_MODEL_KEY, network}, {SOMA_CHECKPOINT_KEY, text}, {SOMA_DATA_KEY, data}};
        status = soma_safetensors_write(path, sources, count, metadata, data ? 4 : 3);
    }
    free_sources(sources, count);
    soma_free(network);
    soma_free(text);
    soma_free(data);
    return status;
}

/* ---------------------------------------------------------------------------------------------------------- read */

static soma_status check_tensor(const char *path, const soma_safetensors *file, const soma_safetensors_source *wanted) {
    size_t index, count = 1;
    for (uint32_t i = 0; i < wanted->rank; i++) count *= wanted->shape[i];
    if (!soma_safetensors_find(file, wanted->name, &index))
        return soma_error(SOMA_INVALID_FILE, "%s: the tensor %s is missing; a checkpoint of this run has it", path,
                          wanted->name);
    soma_safetensors_info info = soma_safetensors_get(file, index);
    if (strcmp(info.dtype, "F32") == 0 && info.rank == wanted->rank &&
        memcmp(info.shape, wanted->shape, info.rank * sizeof *info.shape) == 0)
        return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: tensor %s has %zu elements of %s in %u dimensions; %zu of F32 in %u are wanted", path,
                      wanted->name, info.count, info.dtype, info.rank, count, wanted->rank);
}

/* All of them are looked at before the first is read. */
static soma_status read_tensors(const char *path, const soma_safetensors *file, const soma_safetensors_source *sources,
                                size_t count) {
    for (size_t i = 0; i < count; i++) SOMA_TRY(check_tensor(path, file, &sources[i]));
    if (soma_safetensors_count(file) != count)
        return soma_error(SOMA_INVALID_FILE, "%s: %zu tensors; a checkpoint of this run has %zu", path,
                          soma_safetensors_count(file), count);
    for (size_t i = 0; i < count; i++) {
        size_t index = 0;
        soma_safetensors_find(file, sources[i].name, &index);
        float *target = (float *)sources[i].data; /* the checkpoint's buffer, which is to be filled */
        SOMA_TRY(soma_safetensors_read(file, index, target, soma_safetensors_get(file, index).count));
    }
    return SOMA_OK;
}

static soma_status read_file(const char *path, const soma_safetensors *file, soma_checkpoint *checkpoint) {
    const char *text = soma_safetensors_metadata(file, SOMA_CHECKPOINT_KEY);
    const char *network = soma_safetensors_metadata(file, SOMA_MODEL_KEY);
    soma_safetensors_source *sources = NULL;
    size_t count = 0;
    if (!text || !network)
        return soma_error(SOMA_INVALID_FILE, "%s: is no checkpoint: its metadata has no \"%s\"%s", path,
                          text ? SOMA_MODEL_KEY : SOMA_CHECKPOINT_KEY,
                          network && !text ? "; it is a model, which has weights but no state of training" : "");
    SOMA_TRY(soma_checkpoint_decode(path, network, text, checkpoint));
    soma_status status = list_tensors(checkpoint, &sources, &count);
    if (status == SOMA_OK) status = read_tensors(path, file, sources, count);
    free_sources(sources, count);
    if (status != SOMA_OK) soma_history_clear(&checkpoint->history);
    return status;
}

soma_status soma_checkpoint_read(const char *path, soma_checkpoint *checkpoint) {
    soma_safetensors *file;
    SOMA_TRY(soma_safetensors_open(path, &file));
    soma_status status = read_file(path, file, checkpoint);
    soma_safetensors_close(file);
    return status;
}

soma_status soma_network_fingerprint(const soma_network *network, uint64_t *fingerprint) {
    char *text;
    SOMA_TRY(soma_model_encode(network, &text));
    *fingerprint = soma_fingerprint(text, strlen(text));
    soma_free(text);
    return SOMA_OK;
}
