/* SPDX-License-Identifier: MIT */
/*
 * What soma itself needs beside an ONNX graph, to read other data as those were that the network learnt from: names of
 * classes, and how pictures become samples. ONNX has no place for that but pairs of texts, which everybody else passes
 * over.
 */
#include "io/onnx/export.h"
#include "io/onnx/import.h"
#include "io/preprocessing/data.h"
#include "io/preprocessing/preprocessing.h"

#include <string.h>

#define KEY "soma.preprocessing"
enum { MODEL_METADATA = 14, PAIR_KEY = 1, PAIR_VALUE = 2 };

/* Takes over the text; NULL: nothing is written. */
static void put_pair(soma_onnx_exporter *exporter, const char *key, char *text) {
    if (!text) return;
    size_t pair = soma_protobuf_open(&exporter->writer, MODEL_METADATA);
    soma_protobuf_put_text(&exporter->writer, PAIR_KEY, key);
    soma_protobuf_put_text(&exporter->writer, PAIR_VALUE, text);
    soma_protobuf_close(&exporter->writer, pair);
    soma_free(text);
}

soma_status soma_onnx_put_metadata(soma_onnx_exporter *exporter) {
    char *text;
    SOMA_TRY(soma_preprocessing_to_text(exporter->network, &text));
    put_pair(exporter, KEY, text);
    SOMA_TRY(soma_data_to_text(exporter->network, &text));
    put_pair(exporter, SOMA_DATA_KEY, text);
    return SOMA_OK;
}

static soma_status get_pair(const char *key, const char *value, soma_network *network) {
    if (!key || !value) return SOMA_OK;
    if (strcmp(key, SOMA_DATA_KEY) == 0) return soma_data_of_text(value, network);
    if (strcmp(key, KEY) != 0) return SOMA_OK;
    soma_status status = soma_preprocessing_of_text(network, value, strlen(value));
    return status == SOMA_OK ? status : soma_error_prefix(status, "metadata " KEY ": ");
}

soma_status soma_onnx_get_metadata(const soma_onnx_file *file, soma_network *network) {
    for (size_t i = 0; i < file->model->n_metadata_props; i++) {
        const Soma__Onnx__StringStringEntryProto *pair = file->model->metadata_props[i];
        SOMA_TRY(get_pair(pair->key, pair->value, network));
    }
    return SOMA_OK;
}

void soma_onnx_visit_texts(const soma_onnx_file *file, soma_onnx_text_visitor *text, void *context) {
    for (size_t i = 0; i < file->model->n_metadata_props; i++) {
        const Soma__Onnx__StringStringEntryProto *pair = file->model->metadata_props[i];
        text(context, pair->key ? pair->key : "", pair->value ? pair->value : "");
    }
}
