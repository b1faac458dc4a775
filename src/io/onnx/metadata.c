/* SPDX-License-Identifier: MIT */
/*
 * What soma itself needs beside an ONNX graph, to read other data as those were that the network learnt from: names of
 * classes, and how pictures become samples. ONNX has no place for that but pairs of texts, which everybody else passes
 * over.
 */
#include "io/onnx/export.h"
#include "io/onnx/import.h"
#include "io/preprocessing/preprocessing.h"

#include <string.h>

#define KEY "soma.preprocessing"
enum { MODEL_METADATA = 14, PAIR_KEY = 1, PAIR_VALUE = 2 };

soma_status soma_onnx_put_metadata(soma_onnx_exporter *exporter) {
    char *text;
    SOMA_TRY(soma_preprocessing_to_text(exporter->network, &text));
    if (!text) return SOMA_OK;
    size_t pair = soma_protobuf_open(&exporter->writer, MODEL_METADATA);
    soma_protobuf_put_text(&exporter->writer, PAIR_KEY, KEY);
    soma_protobuf_put_text(&exporter->writer, PAIR_VALUE, text);
    soma_protobuf_close(&exporter->writer, pair);
    soma_free(text);
    return SOMA_OK;
}

soma_status soma_onnx_get_metadata(const soma_onnx_file *file, soma_network *network) {
    for (size_t i = 0; i < file->model->n_metadata_props; i++) {
        const Soma__Onnx__StringStringEntryProto *pair = file->model->metadata_props[i];
        if (!pair->key || strcmp(pair->key, KEY) != 0 || !pair->value) continue;
        soma_status status = soma_preprocessing_of_text(network, pair->value, strlen(pair->value));
        return status == SOMA_OK ? status : soma_error_prefix(status, "metadata " KEY ": ");
    }
    return SOMA_OK;
}
