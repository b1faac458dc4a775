/* SPDX-License-Identifier: MIT */
/* Values of an ONNX graph as tensors of a network, and the attributes of nodes: what the rules of all ops use. */
#include "base/size.h"
#include "base/utf8.h"
#include "io/onnx/import.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

soma_graph *soma_onnx_graph(const soma_onnx_node *node) {
    return &node->importer->network->graph;
}

soma_status soma_onnx_mixes(const soma_onnx_node *node) {
    uint32_t batch = 0;
    for (uint32_t i = 0; i < node->input_count; i++)
        if (node->input[i] && node->input[i]->shape.batched) batch = SOMA_MAX(batch, node->input[i]->shape.batch);
    batch = SOMA_MAX(batch, node->batch);
    if (node->joint.outer > 1 && batch) batch--; /* which the rule sees behind what is before it in one dimension */
    if (batch)
        return soma_error(SOMA_UNSUPPORTED,
                          "it works across dimension %u, which is the batch: samples must be independent of each other",
                          batch);
    return soma_error(SOMA_UNSUPPORTED, "it works across the first dimension, which is the batch: samples must be "
                                        "independent of each other");
}

bool soma_onnx_is_words(const soma_onnx_value *value) {
    return value->constant && !value->encoded && !soma_onnx_is_labels(value) &&
           value->elements.type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
}

bool soma_onnx_is_labels(const soma_onnx_value *value) {
    return value->words.words && (!value->constant || value->elements.count > 0);
}

soma_status soma_onnx_not_computed(const char *name) {
    return soma_error(SOMA_UNSUPPORTED, "%s is not computed: it is not the first output of its op",
                      soma_quote(name, strlen(name)).text);
}

uint32_t soma_onnx_first(const soma_onnx_importer *importer, const soma_onnx_shape *shape) {
    return shape->batched && !importer->whole ? 1 : 0;
}

size_t soma_onnx_count(const soma_onnx_shape *shape, uint32_t from, uint32_t to) {
    size_t count = 1;
    for (uint32_t i = from; i < to; i++) count *= shape->dim[i];
    return count;
}

/* ------------------------------------------------------------------------------------------------------ shapes */

/* Dimensions of a tensor at most, its batch not counted. */
static uint32_t most_dimensions(const soma_onnx_shape *shape) {
    return shape->batched ? SOMA_MAX_RANK - 1 : SOMA_MAX_RANK;
}

bool soma_onnx_is_exact(const soma_onnx_importer *importer, const soma_onnx_shape *shape) {
    return shape->rank - soma_onnx_first(importer, shape) <= most_dimensions(shape);
}

soma_status soma_onnx_canonical(const soma_onnx_importer *importer, const soma_onnx_shape *shape, soma_tensor *like) {
    bool exact = soma_onnx_is_exact(importer, shape);
    *like = (soma_tensor){.batched = shape->batched};
    for (uint32_t i = soma_onnx_first(importer, shape); i < shape->rank; i++) {
        if (!exact && shape->dim[i] == 1) continue;
        if (like->rank < most_dimensions(shape))
            like->shape[like->rank++] = shape->dim[i];
        else if (!soma_multiply_size(like->shape[like->rank - 1], shape->dim[i], &like->shape[like->rank - 1]))
            return soma_error(SOMA_INVALID_SHAPE, "%u dimensions of more elements than memory has bytes", shape->rank);
    }
    if (like->rank == 0) like->shape[like->rank++] = 1;
    return SOMA_OK;
}

soma_status soma_onnx_check_edge(const soma_onnx_importer *importer, const soma_onnx_shape *shape) {
    uint32_t larger = 0;
    for (uint32_t i = soma_onnx_first(importer, shape); i < shape->rank; i++) larger += shape->dim[i] != 1;
    if (shape->rank <= SOMA_MAX_RANK || larger <= most_dimensions(shape)) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "%u dimensions, of which more than %u are larger than 1; up to %d in all go in and come out",
                      shape->rank, most_dimensions(shape), SOMA_MAX_RANK);
}

bool soma_onnx_merge(const soma_onnx_node *node, const soma_onnx_shape *a, const soma_onnx_shape *b,
                     const soma_onnx_shape *out, soma_tensor like[3]) {
    const uint32_t first = soma_onnx_first(node->importer, out);
    const uint32_t own[] = {soma_onnx_first(node->importer, a), soma_onnx_first(node->importer, b)};
    int before = -1;
    uint32_t rank = 0;
    for (int k = 0; k < 3; k++) like[k] = (soma_tensor){.batched = (k == 0 ? a : k == 1 ? b : out)->batched};
    for (uint32_t i = first; i < out->rank; i++) {
        const uint32_t back = out->rank - i; /* from the last dimension */
        const size_t p = back <= a->rank - own[0] ? a->dim[a->rank - back] : 1;
        const size_t q = back <= b->rank - own[1] ? b->dim[b->rank - back] : 1;
        const int alike = p == q ? 0 : p == 1 ? 1 : 2;
        if (p == 1 && q == 1) continue;
        if (alike != before && rank == most_dimensions(out)) return false;
        if (alike != before)
            for (int k = 0; k < 3; k++) like[k].shape[rank] = 1;
        rank += alike != before;
        before = alike;
        like[0].shape[rank - 1] *= p;
        like[1].shape[rank - 1] *= q;
        like[2].shape[rank - 1] *= out->dim[i];
    }
    if (rank == 0)
        for (int k = 0; k < 3; k++) like[k].shape[0] = 1;
    for (int k = 0; k < 3; k++) like[k].rank = SOMA_MAX(rank, 1u);
    return true;
}

soma_status soma_onnx_around(const soma_onnx_node *node, soma_tensor *x, const soma_onnx_shape *shape, uint32_t axis,
                             uint32_t end, soma_tensor **y, uint32_t *tensor_axis) {
    const uint32_t first = soma_onnx_first(node->importer, shape);
    const soma_tensor like = {.batched = x->batched,
                              .rank = 3,
                              .shape = {soma_onnx_count(shape, first, axis), soma_onnx_count(shape, axis, end),
                                        soma_onnx_count(shape, end, shape->rank)}};
    if (axis < first) return soma_onnx_mixes(node);
    *tensor_axis = x->batched ? 2 : 1;
    return soma_graph_reshape(x->graph, x, &like, y);
}

soma_status soma_onnx_reshaped(soma_onnx_node *node, soma_tensor *x, const soma_onnx_shape *shape,
                               soma_tensor **tensor) {
    soma_tensor like;
    SOMA_TRY(soma_onnx_canonical(node->importer, shape, &like));
    *tensor = x;
    return soma_tensor_same_shape(x, &like) ? SOMA_OK : soma_graph_reshape(x->graph, x, &like, tensor);
}

soma_status soma_onnx_axis(const soma_onnx_node *node, int64_t given, uint32_t rank, uint32_t *axis) {
    /* A constant that values are looked up in has not moved; one that is aligned with the others has. */
    const bool moved = node->row->place == SOMA_ONNX_BROADCAST || node->input[0]->shape.batched;
    const uint32_t more = moved ? node->joint.more : 0;
    rank -= more; /* as the model counts */
    if (given < -(int64_t)rank || given >= (int64_t)rank)
        return soma_error(SOMA_INVALID_FILE, "axis %" PRId64 " of %u dimensions", given, rank);
    *axis = (uint32_t)(given < 0 ? given + rank : given);
    if (more && *axis == node->joint.place) return soma_onnx_mixes(node);
    if (*axis > node->joint.place) *axis += more;
    if (node->batch && moved && *axis <= node->batch) *axis = *axis == node->batch ? 0 : *axis + 1;
    return SOMA_OK;
}

soma_status soma_onnx_tensor_axis(const soma_onnx_node *node, const soma_onnx_shape *shape, uint32_t axis,
                                  uint32_t *tensor_axis) {
    const soma_onnx_importer *importer = node->importer;
    if (!soma_onnx_is_exact(importer, shape))
        return soma_error(SOMA_UNSUPPORTED, "%u dimensions, at most %u are possible here", shape->rank,
                          most_dimensions(shape));
    if (axis < soma_onnx_first(importer, shape)) return soma_onnx_mixes(node);
    *tensor_axis = axis + (shape->batched && importer->whole ? 1 : 0);
    return SOMA_OK;
}

void soma_onnx_move_batch(soma_onnx_shape *shape, uint32_t to) {
    const size_t size = shape->dim[shape->batch];
    for (; shape->batch > to; shape->batch--) shape->dim[shape->batch] = shape->dim[shape->batch - 1];
    for (; shape->batch < to; shape->batch++) shape->dim[shape->batch] = shape->dim[shape->batch + 1];
    shape->dim[to] = size;
}

size_t soma_onnx_beside_batch(const soma_onnx_shape *shape) {
    return SOMA_MAX(shape->outer, (size_t)1) * SOMA_MAX(shape->inner, (size_t)1);
}

soma_onnx_shape soma_onnx_divided(const soma_onnx_shape *shape) {
    soma_onnx_shape out = *shape;
    const size_t parts[] = {shape->outer, shape->dim[shape->batch] / soma_onnx_beside_batch(shape), shape->inner};
    out.outer = out.inner = 0;
    if (soma_onnx_beside_batch(shape) == 1) return out;
    out.rank = shape->batch;
    for (uint32_t i = 0; i < SOMA_COUNT_OF(parts); i++) {
        if (i == 1) out.batch = out.rank;
        if (i == 1 || parts[i] > 1) out.dim[out.rank++] = parts[i];
    }
    for (uint32_t i = shape->batch + 1; i < shape->rank; i++) out.dim[out.rank++] = shape->dim[i];
    return out;
}

/* --------------------------------------------------------------------------------------------------- constants */

soma_status soma_onnx_take(soma_onnx_importer *importer, size_t bytes, const char *name) {
    const soma_onnx_budget *budget = &importer->file->budget;
    if (bytes > budget->limit - budget->used - importer->taken)
        return soma_error(SOMA_INVALID_FILE, "%s: the model would take more memory than the %zu bytes that it may",
                          soma_quote(name, strlen(name)).text, budget->limit);
    importer->taken += bytes;
    return SOMA_OK;
}

soma_status soma_onnx_take_made(soma_onnx_importer *importer, size_t count, size_t size, const char *name) {
    size_t bytes;
    if (!soma_multiply_size(count, size, &bytes) || bytes > importer->memory_limit - importer->made)
        return soma_error(SOMA_UNSUPPORTED,
                          "%s: the model makes constants of more than %zu bytes, of which this one has %zu elements; "
                          "memory_limit says how much they may take",
                          soma_quote(name, strlen(name)).text, importer->memory_limit, count);
    importer->made += bytes;
    return SOMA_OK;
}

soma_status soma_onnx_unknown_batch(const char *name) {
    return soma_error(SOMA_UNSUPPORTED,
                      "%s is computed of the size of the batch, which is known only when the model runs", name);
}

/* In the bits of a NaN that arithmetic, which nothing is computed of it by, leaves to its maker. */
#define QUIET_NAN UINT64_C(0x7ff8000000000000)
#define PAYLOAD   UINT64_C(0x0007ffffffffffff)

double soma_onnx_times_batch(size_t times) {
    const uint64_t bits = QUIET_NAN | (times <= PAYLOAD ? (uint64_t)times : 0);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

size_t soma_onnx_times_of(double number) {
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    return (size_t)(bits & PAYLOAD);
}

bool soma_onnx_single(soma_onnx_node *node, const soma_onnx_value *value, float *number) {
    return value->constant && value->elements.count == 1 && !value->elements.open &&
           soma_onnx_read_floats(node->importer->file, &value->elements, number) == SOMA_OK;
}

soma_status soma_onnx_multiples(soma_onnx_node *node, uint32_t input, int64_t *values, size_t most, size_t *count,
                                uint32_t *open) {
    const soma_onnx_value *value = input < node->input_count ? node->input[input] : NULL;
    *count = 0;
    *open = 0;
    if (!value) return soma_error(SOMA_INVALID_FILE, "input %u is missing", input);
    if (!value->constant)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant of the file; it is known only when the model runs",
                          value->name);
    if (!value->integer || value->shape.rank > 1 || value->elements.count > most)
        return soma_error(SOMA_INVALID_FILE, "%s must be a list of at most %zu whole numbers", value->name, most);
    *count = value->elements.count;
    if (!value->elements.open) return soma_onnx_read_integers(node->importer->file, &value->elements, values);
    for (size_t i = 0; i < *count; i++) { /* only what was computed can be open */
        const double number = value->elements.doubles[value->elements.equal ? 0 : i];
        const bool multiple = isnan(number);
        values[i] = multiple ? (int64_t)soma_onnx_times_of(number) : (int64_t)number;
        if (multiple && values[i] == 0) return soma_onnx_unknown_batch(value->name);
        *open |= (uint32_t)multiple << i;
    }
    return SOMA_OK;
}

soma_status soma_onnx_sizes(soma_onnx_node *node, uint32_t input, int64_t *values, size_t most, size_t *count,
                            uint32_t *open) {
    SOMA_TRY(soma_onnx_multiples(node, input, values, most, count, open));
    for (size_t i = 0; *open && i < *count; i++) {
        if (!(*open >> i & 1)) continue;
        if (values[i] != 1) return soma_onnx_unknown_batch(node->input[input]->name);
        values[i] = 0;
    }
    return SOMA_OK;
}

soma_status soma_onnx_integers(soma_onnx_node *node, uint32_t input, int64_t *values, size_t most, size_t *count) {
    uint32_t open;
    SOMA_TRY(soma_onnx_sizes(node, input, values, most, count, &open));
    return open ? soma_onnx_unknown_batch(node->input[input]->name) : SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- results */

soma_status soma_onnx_give(soma_onnx_node *node, soma_tensor *tensor, const soma_onnx_shape *shape) {
    soma_onnx_value *output = &node->output;
    output->shape = *shape;
    return soma_onnx_reshaped(node, tensor, shape, &output->tensor);
}

soma_status soma_onnx_give_samples(soma_onnx_node *node, soma_tensor *tensor, const soma_onnx_shape *shape) {
    soma_onnx_shape moved = soma_onnx_divided(shape);
    if (soma_onnx_first(node->importer, shape)) soma_onnx_move_batch(&moved, 0);
    SOMA_TRY(soma_onnx_give(node, tensor, &moved));
    node->output.shape = *shape;
    return SOMA_OK;
}

soma_status soma_onnx_pass(soma_onnx_node *node, const soma_onnx_value *value) {
    const char *name = node->output.name;
    node->output = *value;
    node->output.name = name;
    return SOMA_OK;
}

soma_status soma_onnx_function(soma_onnx_node *node, soma_tensor *x, soma_function function, float a, float b,
                               soma_tensor **out) {
    return soma_graph_unary(soma_onnx_graph(node), x, (soma_unary_params){function, a, b}, out);
}

/* -------------------------------------------------------------------------------------------------- attributes */

const Soma__Onnx__AttributeProto *soma_onnx_attribute(const soma_onnx_node *node, const char *name) {
    for (size_t i = 0; i < node->proto->n_attribute; i++) {
        const Soma__Onnx__AttributeProto *attribute = node->proto->attribute[i];
        if (attribute->name && strcmp(attribute->name, name) == 0) return attribute;
    }
    return NULL;
}

static soma_status wrong_type(const Soma__Onnx__AttributeProto *attribute, const char *expected) {
    const ProtobufCEnumValue *type =
        protobuf_c_enum_descriptor_get_value(&soma__onnx__attribute_proto__attribute_type__descriptor, attribute->type);
    return soma_error(SOMA_INVALID_FILE, "attribute %s must be %s; its type is %s (attribute type %d)", attribute->name,
                      expected, type ? type->name : "unknown", (int)attribute->type);
}

soma_status soma_onnx_get_float(const soma_onnx_node *node, const char *name, float otherwise, float *value) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    *value = attribute ? attribute->f : otherwise;
    return attribute && !attribute->has_f ? wrong_type(attribute, "a float") : SOMA_OK;
}

soma_status soma_onnx_get_integer(const soma_onnx_node *node, const char *name, int64_t otherwise, int64_t *value) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    *value = attribute ? attribute->i : otherwise;
    return attribute && !attribute->has_i ? wrong_type(attribute, "an int") : SOMA_OK;
}

soma_status soma_onnx_get_integers(const soma_onnx_node *node, const char *name, int64_t *values, size_t most,
                                   size_t *count, bool *present) {
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, name);
    *present = attribute != NULL;
    *count = attribute ? attribute->n_ints : 0;
    if (*count > most) return wrong_type(attribute, "a list of ints, one for each dimension at most");
    for (size_t i = 0; i < *count; i++) values[i] = attribute->ints[i];
    return SOMA_OK;
}

bool soma_onnx_is_text(const Soma__Onnx__AttributeProto *attribute, const char *text) {
    return attribute && attribute->has_s && attribute->s.len == strlen(text) &&
           memcmp(attribute->s.data, text, strlen(text)) == 0;
}

soma_status soma_onnx_get_axes(soma_onnx_node *node, int64_t since, uint32_t rank, uint32_t *bits, bool *none) {
    int64_t axes[SOMA_ONNX_MAX_RANK];
    size_t count = 0;
    bool present;
    *bits = 0;
    if (node->opset < since)
        SOMA_TRY(soma_onnx_get_integers(node, "axes", axes, SOMA_ONNX_MAX_RANK, &count, &present));
    else if (soma_onnx_attribute(node, "axes"))
        return soma_error(SOMA_INVALID_FILE, "axes is an attribute; from opset %lld on it is an input",
                          (long long)since);
    else if (node->input_count > 1 && node->input[1])
        SOMA_TRY(soma_onnx_integers(node, 1, axes, SOMA_ONNX_MAX_RANK, &count));
    *none = count == 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t axis = 0;
        SOMA_TRY(soma_onnx_axis(node, axes[i], rank, &axis));
        if (*bits >> axis & 1) return soma_error(SOMA_INVALID_FILE, "axis %u is given twice", axis);
        *bits |= 1u << axis;
    }
    return SOMA_OK;
}

soma_status soma_onnx_check_counted(const soma_onnx_node *node, uint32_t input, bool below, bool above) {
    const soma_onnx_value *value = node->input[input];
    soma_onnx_reader reader;
    soma_status status = SOMA_OK;
    if (!value->constant) return SOMA_OK;
    SOMA_TRY(soma_onnx_reader_open(node->importer->file, &value->elements, &reader));
    const size_t count = value->elements.equal ? 1 : value->elements.count;
    for (size_t i = 0; i < count && status == SOMA_OK; i++) {
        const double number = soma_onnx_read(&reader, i);
        if ((below && number < -(double)SOMA_ONNX_MOST_COUNTED) || (above && number > (double)SOMA_ONNX_MOST_COUNTED))
            status = soma_error(SOMA_UNSUPPORTED,
                                "%s, element %zu, is %.17g, and is computed with when the model runs; soma computes in "
                                "float32, which has all whole numbers from -%zu to %zu and not all beyond",
                                value->name, i, number, SOMA_ONNX_MOST_COUNTED, SOMA_ONNX_MOST_COUNTED);
    }
    soma_onnx_reader_close(&reader);
    return status;
}
