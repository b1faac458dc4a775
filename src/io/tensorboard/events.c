/* SPDX-License-Identifier: MIT */
/* See events.h. */
#include "io/tensorboard/events.h"
#include "io/bytes.h"

#include <math.h>
#include <string.h>

/* Numbers of fields, by message. */
enum { EVENT_TIME = 1, EVENT_VERSION = 3, EVENT_GRAPH = 4, VALUE_IMAGE = 4, VALUE_HISTOGRAM = 5 };
enum { IMAGE_HEIGHT = 1, IMAGE_WIDTH = 2, IMAGE_CHANNELS = 3, IMAGE_FILE = 4 };
enum { HISTOGRAM_LEAST = 1, HISTOGRAM_MOST = 2, HISTOGRAM_COUNT = 3, HISTOGRAM_SUM = 4, HISTOGRAM_SQUARES = 5 };
enum { HISTOGRAM_LIMIT = 6, HISTOGRAM_BUCKET = 7 };
enum { TENSOR_SHAPE = 2, TENSOR_TEXT = 8, TYPE_TEXT = 7, SHAPE_DIMENSION = 2, DIMENSION_SIZE = 1 };
enum { GRAPH_NODE = 1, GRAPH_VERSIONS = 4, VERSIONS_PRODUCER = 1 };
enum { NODE_NAME = 1, NODE_OP = 2, NODE_INPUT = 3, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_LIST = 1, LIST_SHAPE = 7 };

static void put_time(soma_protobuf *event, double time, int64_t step) {
    soma_protobuf_put_double(event, EVENT_TIME, time);
    if (step) soma_protobuf_put_integer(event, SOMA_EVENT_STEP, step);
}

void soma_event_put_version(soma_protobuf *event, double time) {
    put_time(event, time, 0);
    soma_protobuf_put_text(event, EVENT_VERSION, "brain.Event:2");
}

/* -------------------------------------------------------------------------------------------------------- summaries */

soma_event_value soma_event_open_value(soma_protobuf *event, double time, int64_t step, const char *tag) {
    soma_event_value open;
    put_time(event, time, step);
    open.summary = soma_protobuf_open(event, SOMA_EVENT_SUMMARY);
    open.value = soma_protobuf_open(event, SOMA_EVENT_SUMMARY_VALUE);
    soma_protobuf_put_text(event, SOMA_EVENT_VALUE_TAG, tag);
    return open;
}

void soma_event_close_value(soma_protobuf *event, soma_event_value open) {
    soma_protobuf_close(event, open.value);
    soma_protobuf_close(event, open.summary);
}

void soma_event_put_scalar(soma_protobuf *event, double time, int64_t step, const char *tag, float value) {
    soma_event_value open = soma_event_open_value(event, time, step, tag);
    soma_protobuf_put_float(event, SOMA_EVENT_VALUE_NUMBER, value);
    soma_event_close_value(event, open);
}

enum { BINS = 30 }; /* as many as TensorBoard draws */

typedef struct distribution {
    double least, most, count, sum, squares;
    double bin[BINS];
} distribution;

static distribution distribution_of(const float *values, size_t count) {
    distribution all = {.least = INFINITY, .most = -INFINITY};
    for (size_t i = 0; i < count; i++) {
        double value = (double)values[i];
        if (!isfinite(value)) continue;
        all.least = fmin(all.least, value);
        all.most = fmax(all.most, value);
        all.count++;
        all.sum += value;
        all.squares += value * value;
    }
    double width = (all.most - all.least) / BINS;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) continue;
        double place = width > 0 ? ((double)values[i] - all.least) / width : 0;
        all.bin[place < BINS ? (size_t)place : BINS - 1]++;
    }
    return all;
}

/* The upper ends of the bins; the last is exactly the largest value. */
static void put_bins(soma_protobuf *event, const distribution *all) {
    size_t open = soma_protobuf_open(event, HISTOGRAM_LIMIT);
    for (int i = 1; i <= BINS; i++)
        soma_protobuf_append_double(event, i < BINS ? all->least + (all->most - all->least) * i / BINS : all->most);
    soma_protobuf_close(event, open);
    open = soma_protobuf_open(event, HISTOGRAM_BUCKET);
    for (int i = 0; i < BINS; i++) soma_protobuf_append_double(event, all->bin[i]);
    soma_protobuf_close(event, open);
}

bool soma_event_put_histogram(soma_protobuf *event, double time, int64_t step, const char *tag, const float *values,
                              size_t count) {
    const distribution all = distribution_of(values, count);
    if (all.count == 0) return false;
    soma_event_value open = soma_event_open_value(event, time, step, tag);
    size_t histogram = soma_protobuf_open(event, VALUE_HISTOGRAM);
    soma_protobuf_put_double(event, HISTOGRAM_LEAST, all.least);
    soma_protobuf_put_double(event, HISTOGRAM_MOST, all.most);
    soma_protobuf_put_double(event, HISTOGRAM_COUNT, all.count);
    soma_protobuf_put_double(event, HISTOGRAM_SUM, all.sum);
    soma_protobuf_put_double(event, HISTOGRAM_SQUARES, all.squares);
    put_bins(event, &all);
    soma_protobuf_close(event, histogram);
    soma_event_close_value(event, open);
    return true;
}

/* A tensor of one text, which the plugin of texts is to show. */
void soma_event_put_text(soma_protobuf *event, double time, int64_t step, const char *tag, const char *text) {
    soma_event_value open = soma_event_open_value(event, time, step, tag);
    size_t metadata = soma_protobuf_open(event, SOMA_EVENT_VALUE_METADATA),
           plugin = soma_protobuf_open(event, SOMA_EVENT_METADATA_PLUGIN);
    soma_protobuf_put_text(event, SOMA_EVENT_PLUGIN_NAME, "text");
    soma_protobuf_close(event, plugin);
    soma_protobuf_close(event, metadata);
    size_t tensor = soma_protobuf_open(event, SOMA_EVENT_VALUE_TENSOR);
    soma_protobuf_put_integer(event, SOMA_EVENT_TENSOR_TYPE, TYPE_TEXT);
    size_t shape = soma_protobuf_open(event, TENSOR_SHAPE), dimension = soma_protobuf_open(event, SHAPE_DIMENSION);
    soma_protobuf_put_integer(event, DIMENSION_SIZE, 1);
    soma_protobuf_close(event, dimension);
    soma_protobuf_close(event, shape);
    soma_protobuf_put_text(event, TENSOR_TEXT, text);
    soma_protobuf_close(event, tensor);
    soma_event_close_value(event, open);
}

/* PNG (RFC 2083): eight bytes, the header's length and name, then width, height, bits, and the kind of pixels. */
void soma_event_put_png(soma_protobuf *event, double time, int64_t step, const char *tag, const uint8_t *png,
                        size_t size) {
    enum { WIDTH = 16, HEIGHT = 20, KIND = 25, PALETTE = 3 };
    static const int channels[] = {1, 0, 3, 3, 2, 0, 4};
    soma_event_value open = soma_event_open_value(event, time, step, tag);
    size_t image = soma_protobuf_open(event, VALUE_IMAGE);
    soma_protobuf_put_integer(event, IMAGE_HEIGHT, soma_load_be32(png + HEIGHT));
    soma_protobuf_put_integer(event, IMAGE_WIDTH, soma_load_be32(png + WIDTH));
    soma_protobuf_put_integer(event, IMAGE_CHANNELS,
                              channels[png[KIND] < SOMA_COUNT_OF(channels) ? png[KIND] : PALETTE]);
    soma_protobuf_put_bytes(event, IMAGE_FILE, png, size);
    soma_protobuf_close(event, image);
    soma_event_close_value(event, open);
}

/* ------------------------------------------------------------------------------------------------------------ graph */

/* [batch, shape...], where the batch, -1, is any. */
static void put_shape(soma_protobuf *event, unsigned field, const soma_tensor *tensor) {
    size_t shape = soma_protobuf_open(event, field);
    for (uint32_t i = 0; i < tensor->rank + tensor->batched; i++) {
        bool batch = tensor->batched && i == 0;
        size_t dimension = soma_protobuf_open(event, SHAPE_DIMENSION);
        soma_protobuf_put_integer(event, DIMENSION_SIZE, batch ? -1 : (int64_t)tensor->shape[i - tensor->batched]);
        soma_protobuf_close(event, dimension);
    }
    soma_protobuf_close(event, shape);
}

/* Under the name by which TensorBoard looks for the shapes of a node's outputs. */
static void put_output_shape(soma_protobuf *event, const soma_tensor *output) {
    size_t entry = soma_protobuf_open(event, NODE_ATTRIBUTE);
    soma_protobuf_put_text(event, SOMA_EVENT_ENTRY_KEY, "_output_shapes");
    size_t value = soma_protobuf_open(event, SOMA_EVENT_ENTRY_VALUE), list = soma_protobuf_open(event, ATTRIBUTE_LIST);
    put_shape(event, LIST_SHAPE, output);
    soma_protobuf_close(event, list);
    soma_protobuf_close(event, value);
    soma_protobuf_close(event, entry);
}

/* Each of the other layers whose tensors this one takes, once. Tensors count layers from 1. */
static void put_inputs(soma_protobuf *event, const soma_network *network, size_t layer) {
    const soma_graph *graph = &network->graph;
    for (size_t other = 1; other <= network->layer_count; other++) {
        bool takes = false;
        for (uint32_t i = 0; i < graph->count && !takes && other != layer; i++)
            for (uint32_t j = 0; graph->tensor[i]->layer == layer && j < graph->tensor[i]->input_count; j++)
                takes |= graph->tensor[i]->input[j]->layer == other;
        if (takes) soma_protobuf_put_text(event, NODE_INPUT, network->layers[other - 1].name);
    }
}

void soma_event_put_graph(soma_protobuf *event, double time, const soma_network *network) {
    put_time(event, time, 0);
    size_t graph = soma_protobuf_open(event, EVENT_GRAPH);
    for (size_t i = 0; i < network->layer_count; i++) {
        const soma_layer *layer = &network->layers[i];
        size_t node = soma_protobuf_open(event, GRAPH_NODE);
        soma_protobuf_put_text(event, NODE_NAME, layer->name);
        soma_protobuf_put_text(event, NODE_OP, layer->kind);
        put_inputs(event, network, i + 1);
        if (layer->output) put_output_shape(event, layer->output);
        soma_protobuf_close(event, node);
    }
    size_t versions = soma_protobuf_open(event, GRAPH_VERSIONS);
    soma_protobuf_put_integer(event, VERSIONS_PRODUCER, 22);
    soma_protobuf_close(event, versions);
    soma_protobuf_close(event, graph);
}
