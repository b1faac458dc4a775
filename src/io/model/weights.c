/* SPDX-License-Identifier: MIT */
/* Weights from the safetensors files of other programs, by the names of tensors. */
#include "base/utf8.h"
#include "io/model/json.h"
#include "io/safetensors/safetensors.h"
#include "nn/network.h"

#include <stdio.h>
#include <string.h>

#define SEPARATORS ";\n"
#define SPACES     " \t\r"

/* An entry of the map: a parameter, or a layer with all of its parameters, and where it is in the file. */
typedef struct entry {
    const char *name, *tensor;
    size_t name_length, tensor_length;
    bool transposed, used;
} entry;

/* Where a parameter's values come from. */
typedef struct source {
    bool found;
    size_t index; /* of the tensor in the file */
    bool transposed;
    float *values;
} source;

typedef struct loading {
    const char *path;
    soma_network *network;
    const soma_safetensors *file;
    bool partial;
    entry *entries;
    size_t entry_count;
    source *sources; /* of each parameter */
} loading;

/* ------------------------------------------------------------------------------------------------------- the map */

static const char *skip(const char *at, const char *characters) {
    return at + strspn(at, characters);
}

/* A word up to the next space or separator. */
static const char *take_word(const char **at, size_t *length) {
    const char *word = skip(*at, SPACES);
    *length = strcspn(word, SPACES SEPARATORS);
    *at = word + *length;
    return word;
}

static soma_status parse_entry(const char **at, entry *into) {
    const char *start = skip(*at, SPACES), *option;
    size_t length;
    into->name = take_word(at, &into->name_length);
    into->tensor = take_word(at, &into->tensor_length);
    option = take_word(at, &length);
    into->transposed = length == strlen("transposed") && memcmp(option, "transposed", length) == 0;
    *at = skip(*at, SPACES);
    bool ended = **at == 0 || strchr(SEPARATORS, **at);
    if (into->tensor_length && ended && (length == 0 || into->transposed)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "the map of weights: %s: an entry is a parameter or layer, the tensor's name, and perhaps "
                      "\"transposed\"; entries are separated by semicolons",
                      soma_quote(start, strcspn(start, SEPARATORS)).text);
}

static soma_status parse_map(loading *load, const char *map) {
    size_t most = 1;
    for (const char *at = map; *at; at++) most += strchr(SEPARATORS, *at) != NULL;
    load->entries = soma_calloc(most, sizeof *load->entries);
    if (!load->entries) return soma_out_of_memory(most * sizeof *load->entries, "the map of weights");
    for (const char *at = map; *(at = skip(at, SPACES SEPARATORS));)
        SOMA_TRY(parse_entry(&at, &load->entries[load->entry_count++]));
    return SOMA_OK;
}

/* What follows the entry's name in the parameter's: "" of the parameter itself, ".weight" of a layer's; NULL: neither.
 */
static const char *rest_of_name(const entry *one, const char *parameter) {
    if (strncmp(parameter, one->name, one->name_length) != 0) return NULL;
    const char *rest = parameter + one->name_length;
    return *rest == 0 || *rest == '.' ? rest : NULL;
}

/* The entry that names the parameter itself, else its layer. */
static entry *find_entry(const loading *load, const char *parameter) {
    entry *layer = NULL;
    for (size_t i = 0; i < load->entry_count; i++) {
        const char *rest = rest_of_name(&load->entries[i], parameter);
        if (rest && *rest == 0) return &load->entries[i];
        if (rest) layer = &load->entries[i];
    }
    return layer;
}

static soma_status check_entries(const loading *load) {
    for (size_t i = 0; i < load->entry_count; i++)
        if (!load->entries[i].used)
            return soma_error(
                SOMA_INVALID_ARGUMENT,
                "the map of weights: %s is no parameter of the network and no layer with parameters of its own",
                soma_quote(load->entries[i].name, load->entries[i].name_length).text);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- matching */

/* Which of the file's dimensions is dimension i of a parameter, where PyTorch's order is turned into soma's: [out, in,
 * kernel...] into [kernel..., in, out]; of a matrix, [out, in] into [in, out]. */
static uint32_t turned_dimension(uint32_t rank, uint32_t i) {
    return i + 2 < rank ? i + 2 : rank - 1 - i;
}

static bool fits(const soma_tensor *tensor, const soma_safetensors_info *info, bool transposed) {
    if (tensor->rank != info->rank) return false;
    for (uint32_t i = 0; i < info->rank; i++)
        if (tensor->shape[i] != info->shape[transposed ? turned_dimension(info->rank, i) : i]) return false;
    return true;
}

/* "[3, 2]", cut short where there are too many dimensions for the text. */
static const char *shape_text(const soma_safetensors_info *info, char text[SOMA_SHAPE_TEXT]) {
    size_t length = (size_t)snprintf(text, SOMA_SHAPE_TEXT, "[");
    for (uint32_t i = 0; i < info->rank; i++) {
        if (length > SOMA_SHAPE_TEXT - 32) {
            snprintf(text + length, SOMA_SHAPE_TEXT - length, ", ...]");
            return text;
        }
        length += (size_t)snprintf(text + length, SOMA_SHAPE_TEXT - length, "%s%zu", i ? ", " : "", info->shape[i]);
    }
    snprintf(text + length, SOMA_SHAPE_TEXT - length, "]");
    return text;
}

static soma_status check_source(const loading *load, const soma_tensor *tensor, source *from) {
    soma_safetensors_info info = soma_safetensors_get(load->file, from->index);
    char found[SOMA_SHAPE_TEXT], wanted[SOMA_SHAPE_TEXT];
    if (!soma_safetensors_is_real(&info))
        return soma_error(SOMA_INVALID_FILE, "%s: tensor %s is %s; F32, F16, BF16 and F64 are read", load->path,
                          info.name, info.dtype);
    from->transposed &= info.rank >= 2; /* of a layer, not its bias */
    if (fits(tensor, &info, from->transposed)) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "%s: tensor %s is %s%s; the network's %s is %s%s", load->path, info.name,
                      shape_text(&info, found), from->transposed ? ", to be transposed" : "", tensor->name,
                      soma_tensor_shape_text(tensor, wanted),
                      fits(tensor, &info, !from->transposed) && info.rank >= 2
                          ? (from->transposed ? ": it fits as it is" : ": it fits transposed")
                          : "");
}

static soma_status find_source(loading *load, size_t parameter) {
    const soma_tensor *tensor = load->network->parameters[parameter].tensor;
    source *from = &load->sources[parameter];
    entry *mapped = find_entry(load, tensor->name);
    soma_text name = {0};
    if (mapped)
        soma_text_append(&name, "%.*s%s", (int)mapped->tensor_length, mapped->tensor,
                         rest_of_name(mapped, tensor->name));
    else
        soma_text_append(&name, "%s", tensor->name);
    if (name.failed) return soma_out_of_memory(name.length, "the name of a tensor");
    if (mapped) mapped->used = true;
    from->transposed = mapped && mapped->transposed;
    from->found = soma_safetensors_find(load->file, name.data, &from->index);
    soma_status status = SOMA_OK;
    if (from->found)
        status = check_source(load, tensor, from);
    else if (mapped || !load->partial)
        status = soma_error(SOMA_INVALID_FILE, "%s: tensor %s, for the parameter %s, is not among the %zu of the file",
                            load->path, soma_quote(name.data, name.length).text, tensor->name,
                            soma_safetensors_count(load->file));
    soma_free(name.data);
    return status;
}

/* -------------------------------------------------------------------------------------------------------- values */

static soma_status read_source(const loading *load, source *from) {
    soma_safetensors_info info = soma_safetensors_get(load->file, from->index);
    float *values = soma_calloc(info.count, sizeof *values);
    if (!values) return soma_out_of_memory(info.count * sizeof *values, "weights");
    from->values = values;
    SOMA_TRY(soma_safetensors_read(load->file, from->index, values, info.count));
    if (!from->transposed) return SOMA_OK;
    float *turned = soma_calloc(info.count, sizeof *turned);
    if (!turned) return soma_out_of_memory(info.count * sizeof *turned, "weights");
    size_t out = info.shape[0], in = info.shape[1], places = info.count / SOMA_MAX(out * in, (size_t)1);
    for (size_t i = 0; i < out; i++)
        for (size_t j = 0; j < in; j++)
            for (size_t k = 0; k < places; k++) turned[(k * in + j) * out + i] = values[(i * in + j) * places + k];
    soma_free(values);
    from->values = turned;
    return SOMA_OK;
}

/* All is checked, and then all is read, before the network changes. */
static soma_status load_all(loading *load, const char *map) {
    soma_network *network = load->network;
    if (map) SOMA_TRY(parse_map(load, map));
    for (size_t i = 0; i < network->parameter_count; i++) SOMA_TRY(find_source(load, i));
    SOMA_TRY(check_entries(load));
    for (size_t i = 0; i < network->parameter_count; i++)
        if (load->sources[i].found) SOMA_TRY(read_source(load, &load->sources[i]));
    for (size_t i = 0; i < network->parameter_count; i++) {
        soma_tensor *tensor = network->parameters[i].tensor;
        if (load->sources[i].found)
            SOMA_TRY(soma_set_parameter(network, tensor, load->sources[i].values, soma_tensor_count(tensor)));
    }
    return SOMA_OK;
}

soma_status soma_load_weights(soma_network *network, const char *path, const soma_weights_options *options) {
    static const soma_weights_options defaults;
    if (!network || !path) return soma_error(SOMA_INVALID_ARGUMENT, "soma_load_weights needs a network and a path");
    if (!options) options = &defaults;
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_weights_options"));
    SOMA_TRY(soma_network_status(network));
    soma_safetensors *file;
    SOMA_TRY(soma_safetensors_open(path, &file));
    loading load = {.path = path, .network = network, .file = file, .partial = options->partial};
    load.sources = soma_calloc(network->parameter_count, sizeof *load.sources);
    soma_status status = load.sources ? load_all(&load, options->map)
                                      : soma_out_of_memory(network->parameter_count * sizeof *load.sources, "weights");
    for (size_t i = 0; load.sources && i < network->parameter_count; i++) soma_free(load.sources[i].values);
    soma_free(load.sources);
    soma_free(load.entries);
    soma_safetensors_close(file);
    return status;
}

soma_status soma_list_tensors(const char *path, soma_tensor_visitor *visitor, void *context, bool *has_network) {
    soma_safetensors *file;
    if (has_network) *has_network = false;
    if (!path || !visitor)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_list_tensors: %s is NULL", path ? "visitor" : "path");
    SOMA_TRY(soma_safetensors_open(path, &file));
    for (size_t i = 0; i < soma_safetensors_count(file); i++) {
        soma_safetensors_info info = soma_safetensors_get(file, i);
        visitor(context, info.name, info.dtype, info.rank, info.shape);
    }
    if (has_network) *has_network = soma_safetensors_metadata(file, SOMA_MODEL_KEY) != NULL;
    soma_safetensors_close(file);
    return SOMA_OK;
}
