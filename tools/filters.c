/* SPDX-License-Identifier: MIT */
/* Draws the filters of a network's first convolution, or the units of a dense layer that sees pictures. */
#include "filters.h"
#include "sheet.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_PICTURES = 256, MOST_ACROSS = 64 };

/* A layer's weight as pictures: those of a filter are depth x parts. */
struct filters {
    const char *layer, *word;   /* word: what the layer calls them */
    soma_tensor *weight;        /* NULL: none was found */
    size_t count, depth, parts; /* filters; slices of their third dimension; channels, where these are no colours */
    struct picture picture;     /* of one filter; the next filter is the next number */
    size_t slice, part;         /* how far it is to the next of them */
    char shape[64];             /* of a filter, for people */
};

/* ----------------------------------------------------------------------------------------------- finding the layer */

/* The first of a layer's parameters whose rank is in this range. They come in the order of the layers, each counted in
 * its layer's; *next is the first that belongs to none before. */
static soma_tensor *weight_of(const soma_network *network, const soma_layer_info *layer, uint32_t least, uint32_t most,
                              size_t *next) {
    size_t shape[SOMA_MAX_RANK], counted = 0;
    soma_tensor *found = NULL, *parameter;
    while (counted < layer->parameters && (parameter = soma_network_parameter(network, *next))) {
        uint32_t rank = soma_tensor_shape(parameter, shape);
        if (!found && rank >= least && rank <= most) found = parameter;
        counted += soma_tensor_count(parameter);
        ++*next;
    }
    return found;
}

/* Weights are [kernel..., channels, filters]. Along one dimension the channels are the picture's rows. */
static void describe_convolution(const soma_tensor *weight, struct filters *filters) {
    size_t shape[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_shape(weight, shape);
    size_t count = shape[rank - 1], channels = shape[rank - 2], place = count * channels;
    bool colours = rank > 3 && channels == 3;
    filters->count = count;
    filters->depth = rank == 5 ? shape[0] : 1;
    filters->parts = rank == 3 || colours ? 1 : channels;
    filters->part = count;
    shape_text(rank - 1, shape, filters->shape, sizeof filters->shape);
    if (rank == 3) {
        filters->picture = (struct picture){channels, shape[0], 1, count, place, 0};
        return;
    }
    size_t height = shape[rank - 4], width = shape[rank - 3];
    filters->picture = (struct picture){height, width, colours ? 3 : 1, width * place, place, count};
    filters->slice = height * width * place;
}

/* Weights are [inputs, units]. Whether the layer's inputs are the pixels of the network's pictures. */
static bool describe_dense(const soma_network *network, const soma_tensor *weight, struct filters *filters) {
    size_t shape[SOMA_MAX_RANK], input[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_shape(soma_network_input(network, 0), input);
    struct picture *picture = &filters->picture;
    soma_tensor_shape(weight, shape);
    if (!picture_from_shape(rank, input, picture) || picture->height * picture->width * picture->channels != shape[0])
        return false;
    picture->row *= shape[1], picture->column *= shape[1], picture->channel *= shape[1];
    filters->count = shape[1];
    filters->depth = filters->parts = 1;
    shape_text(rank, input, filters->shape, sizeof filters->shape);
    return true;
}

static bool is_convolution(const char *kind) {
    return strcmp(kind, "conv") == 0 || strcmp(kind, "depthwise") == 0 || strcmp(kind, "separable") == 0;
}

/* The first convolution; else the first layer that has weights, if it is dense. `first`: that layer, for messages. */
static void find(const soma_network *network, struct filters *filters, soma_layer_info *first) {
    soma_layer_info layer;
    soma_tensor *dense = NULL;
    size_t next = 0;
    for (size_t i = 0; i < soma_network_layer_count(network); i++) {
        if (soma_network_layer(network, i, &layer) != SOMA_OK || !layer.parameters) continue;
        bool convolution = is_convolution(layer.kind);
        soma_tensor *weight = weight_of(network, &layer, convolution ? 3 : 2, convolution ? 5 : 2, &next);
        if (!first->name) {
            *first = layer;
            if (strcmp(layer.kind, "dense") == 0) dense = weight;
        }
        if (!convolution || !weight) continue;
        *filters = (struct filters){.layer = layer.name, .word = "filter", .weight = weight};
        describe_convolution(weight, filters);
        return;
    }
    *filters = (struct filters){.layer = first->name, .word = "unit"};
    if (dense && describe_dense(network, dense, filters)) filters->weight = dense;
}

static exit_status refuse(const soma_network *network, const char *model, const soma_layer_info *first) {
    size_t shape[SOMA_MAX_RANK];
    char input[64], reason[512] = "no layer has weights";
    shape_text(soma_tensor_shape(soma_network_input(network, 0), shape), shape, input, sizeof input);
    if (first->name)
        snprintf(reason, sizeof reason, "its first layer with weights, %s (%s), %s; samples have the shape %s",
                 first->name, first->kind,
                 strcmp(first->kind, "dense") == 0 ? "does not see the pixels of pictures" : "is not dense either",
                 input);
    return fail(STATUS_FILE,
                "--filters: %s has no convolution, and %s; accepted: a layer conv, depthwise or separable, or a first "
                "layer with weights that is dense and takes the pixels of pictures (" PICTURE_SHAPES ")",
                model, reason);
}

/* --------------------------------------------------------------------------------------------------------- drawing */

/* The largest magnitude of those that are finite. */
static double find_largest(const float *values, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        double magnitude = fabs((double)values[i]);
        if (isfinite(magnitude) && magnitude > largest) largest = magnitude;
    }
    return largest;
}

/* What there is too much of to draw is said. */
static void describe(const struct filters *filters, const char *title, double largest, struct sheet *sheet) {
    size_t shown = sheet->count / sheet->across;
    char parts[48] = "", first[48] = "";
    if (sheet->across < filters->depth * filters->parts)
        snprintf(parts, sizeof parts, "the first %zu channels of ", sheet->across);
    if (shown < filters->count) snprintf(first, sizeof first, "the first %zu of ", shown);
    snprintf(sheet->heading, sizeof sheet->heading, "%s: %s%s%zu %s%s %s of %s; black %.3g, grey 0, white %.3g", title,
             parts, first, filters->count, filters->word, filters->count == 1 ? "" : "s", filters->shape,
             filters->layer, -largest, largest);
}

/* All over one range, so that they can be compared, with 0 in its middle, so that signs can be seen. */
static exit_status fill(struct sheet *sheet, const struct filters *filters, const char *title, const float *values) {
    double largest = find_largest(values, soma_tensor_count(filters->weight));
    size_t across = filters->depth * filters->parts;
    sheet->across = across < MOST_ACROSS ? across : MOST_ACROSS;
    size_t most = MOST_PICTURES / sheet->across;
    sheet->count = (filters->count < most ? filters->count : most) * sheet->across;
    sheet->picture = filters->picture;
    describe(filters, title, largest, sheet);
    exit_status status = sheet_make(sheet);
    for (size_t i = 0; i < sheet->count && status == STATUS_DONE; i++) {
        size_t inside = i % sheet->across;
        sheet_fill(sheet, i,
                   values + i / sheet->across + inside / filters->parts * filters->slice +
                       inside % filters->parts * filters->part,
                   -largest, largest);
    }
    return status;
}

static exit_status draw(soma_network *network, const struct filters *filters, const char *title, struct sheet *sheet) {
    size_t count = soma_tensor_count(filters->weight);
    float *values = malloc(count * sizeof *values);
    if (!values) return fail(STATUS_FAILED, "out of memory for %zu weights", count);
    soma_status cause = soma_get_parameter(network, filters->weight, values, count);
    exit_status status =
        cause == SOMA_OK ? fill(sheet, filters, title, values) : fail_from_library(cause, STATUS_FILE, "the filters");
    free(values);
    return status;
}

exit_status filters_draw(soma_network *network, const char *title, struct sheet *sheet) {
    struct filters filters;
    soma_layer_info first = {0};
    find(network, &filters, &first);
    return filters.weight ? draw(network, &filters, title, sheet) : STATUS_DONE;
}

exit_status filters_write(const struct settings *settings, soma_network *network, const char *model, report *object) {
    struct filters filters;
    soma_layer_info first = {0};
    struct sheet sheet = {0};
    const char *slash = strrchr(model, '/');
    find(network, &filters, &first);
    if (!filters.weight) return refuse(network, model, &first);
    exit_status status = draw(network, &filters, slash ? slash + 1 : model, &sheet);
    if (status == STATUS_DONE) status = sheet_write("filters", settings->filters, &sheet);
    if (status == STATUS_DONE) say("Saved in %s: %s\n", settings->filters, sheet.heading);
    report_text(object, "filters", settings->filters);
    sheet_release(&sheet);
    return status;
}
