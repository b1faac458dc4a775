/* SPDX-License-Identifier: MIT */
/* The graph as a container: adding, copying and describing tensors. */
#include "graph/graph.h"

#include <stdio.h>
#include <string.h>

void soma_graph_init(soma_graph *graph) {
    memset(graph, 0, sizeof *graph);
}

void soma_tensor_free(soma_tensor *tensor) {
    if (!tensor) return;
    soma_free(tensor->input);
    soma_free(tensor->name);
    soma_free(tensor);
}

soma_status soma_tensor_set_inputs(soma_tensor *tensor, soma_tensor *const *input, uint32_t count) {
    soma_tensor **copy = soma_calloc(count, sizeof *copy);
    if (!copy) return soma_out_of_memory(count * sizeof *copy, "a rewritten tensor");
    memcpy(copy, input, count * sizeof *copy);
    soma_free(tensor->input);
    tensor->input = copy;
    tensor->input_count = count;
    return SOMA_OK;
}

void soma_graph_move(soma_graph *graph, const soma_tensor *tensor, uint32_t to) {
    uint32_t from = to;
    while (from < graph->count && graph->tensor[from] != tensor) from++;
    if (from == graph->count) return;
    soma_tensor *moved = graph->tensor[from];
    memmove(graph->tensor + to + 1, graph->tensor + to, (from - to) * sizeof *graph->tensor);
    graph->tensor[to] = moved;
}

void soma_graph_clear(soma_graph *graph) {
    for (uint32_t i = 0; i < graph->count; i++) soma_tensor_free(graph->tensor[i]);
    soma_free(graph->tensor);
    soma_graph_init(graph);
}

static soma_status graph_push(soma_graph *graph, soma_tensor *tensor) {
    if (graph->count == graph->capacity) {
        uint32_t capacity = graph->capacity ? 2 * graph->capacity : 32;
        soma_tensor **grown = soma_realloc(graph->tensor, capacity, sizeof *grown);
        if (!grown) return soma_out_of_memory(capacity * sizeof *grown, "the graph");
        graph->tensor = grown;
        graph->capacity = capacity;
    }
    tensor->graph = graph;
    tensor->id = graph->count;
    graph->tensor[graph->count++] = tensor;
    return SOMA_OK;
}

static soma_tensor *tensor_copy(const soma_tensor *source, uint32_t input_count, const char *name) {
    soma_tensor *tensor = soma_malloc(sizeof *tensor);
    if (!tensor) return NULL;
    *tensor = *source;
    tensor->mask = NULL;
    tensor->input_count = input_count;
    tensor->input = soma_calloc(input_count, sizeof *tensor->input);
    tensor->name = name ? soma_strdup(name) : NULL;
    if (!tensor->input || (name && !tensor->name)) {
        soma_tensor_free(tensor);
        return NULL;
    }
    return tensor;
}

soma_status soma_graph_clone(const soma_graph *graph, soma_graph *copy) {
    soma_graph_init(copy);
    copy->owner = graph->owner;
    for (uint32_t i = 0; i < graph->count; i++) {
        const soma_tensor *source = graph->tensor[i];
        soma_tensor *tensor = tensor_copy(source, source->input_count, source->name);
        soma_status status =
            tensor ? graph_push(copy, tensor) : soma_out_of_memory(sizeof *tensor, "a copy of the graph");
        if (status != SOMA_OK) {
            soma_tensor_free(tensor);
            soma_graph_clear(copy);
            return status;
        }
        for (uint32_t j = 0; j < source->input_count; j++) tensor->input[j] = copy->tensor[source->input[j]->id];
    }
    for (uint32_t i = 0; i < graph->count; i++) /* which may come after what it is of */
        if (graph->tensor[i]->mask) copy->tensor[i]->mask = copy->tensor[graph->tensor[i]->mask->id];
    return SOMA_OK;
}

/* Whether the elements of one sample can be counted, in bytes too. */
static soma_status check_size(const soma_tensor *tensor) {
    char text[2][SOMA_SHAPE_TEXT];
    size_t count = 1;
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (!soma_multiply_size(count, tensor->shape[i], &count) || count > SIZE_MAX / 64)
            return soma_error(SOMA_INVALID_SHAPE, "%s: %s has more elements than memory has bytes",
                              soma_tensor_label(tensor, text[0]), soma_tensor_shape_text(tensor, text[1]));
    return SOMA_OK;
}

/* What is computed of each step, or each element, by itself leaves steps what they are. */
static bool keeps_steps(const soma_tensor *tensor) {
    switch (tensor->op) {
    case SOMA_OP_COPY:
    case SOMA_OP_GEMM:
    case SOMA_OP_UNARY:
    case SOMA_OP_BINARY:
    case SOMA_OP_SOFTMAX:
    case SOMA_OP_DROPOUT:
    case SOMA_OP_NORMALIZE:
    case SOMA_OP_CONCAT: /* of features: not where there are more steps then */
        break;
    default:
        return false;
    }
    for (uint32_t i = 0; i < tensor->input_count; i++) {
        const soma_tensor *x = tensor->input[i];
        if (x->is_sequence && tensor->batched && x->rank == tensor->rank && x->shape[0] == tensor->shape[0])
            return true;
    }
    return false;
}

/* What a sequence is made of: the first input's first input, and so on, up to a product. */
static const soma_tensor *source_of(const soma_tensor *tensor) {
    while (tensor->op != SOMA_OP_GEMM && tensor->input_count) tensor = tensor->input[0];
    return tensor->input_count ? tensor->input[0] : tensor;
}

/* That of its queries, which a file does not say. Where keys are made of the same sequence theirs is it. */
static soma_tensor *mask_of_attention(const soma_tensor *attention) {
    soma_tensor *const *input = attention->input;
    if (input[0]->mask || !attention->attributes.attention.masked || source_of(input[0]) != source_of(input[1]))
        return input[0]->mask;
    return input[3]->rank == 1 ? input[3] : NULL; /* others are added to the scores */
}

/* That of the steps that it has. A recurrent layer out of a file has it only as an input. */
static soma_tensor *mask_of(const soma_tensor *tensor) {
    if (tensor->op == SOMA_OP_RECURRENT && tensor->attributes.recurrent.masked && tensor->is_sequence)
        return tensor->input[2 + tensor->attributes.recurrent.biased];
    if (tensor->op == SOMA_OP_ATTENTION) return mask_of_attention(tensor);
    for (uint32_t i = 0; tensor->is_sequence && i < tensor->input_count; i++)
        if (tensor->input[i]->is_sequence && tensor->input[i]->mask && tensor->input[i]->shape[0] == tensor->shape[0])
            return tensor->input[i]->mask;
    return NULL;
}

soma_status soma_graph_add(soma_graph *graph, const soma_tensor_spec *spec, soma_tensor **out) {
    *out = NULL;
    const soma_op_row *row = soma_op_table[spec->op];
    if (spec->input_count < row->least || spec->input_count > row->most)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s%s%s takes %u to %u inputs, got %u", spec->name ? spec->name : "",
                          spec->name ? ": " : "", soma_op_name(spec->op), row->least, row->most, spec->input_count);
    soma_tensor blank;
    memset(&blank, 0, sizeof blank);
    blank.op = spec->op;
    blank.dtype = spec->dtype;
    blank.batched = spec->batched;
    blank.rank = spec->rank;
    memcpy(blank.shape, spec->shape, sizeof blank.shape);
    blank.attributes = spec->attributes;
    soma_tensor *tensor = tensor_copy(&blank, spec->input_count, spec->name);
    if (!tensor) return soma_out_of_memory(sizeof *tensor, "a tensor");
    for (uint32_t i = 0; i < spec->input_count; i++) tensor->input[i] = spec->input[i];
    tensor->graph = graph;
    tensor->id = graph->count;
    soma_status status = row->shape(tensor);
    if (status == SOMA_OK) status = check_size(tensor);
    if (status == SOMA_OK) tensor->is_sequence |= keeps_steps(tensor);
    if (status == SOMA_OK) tensor->mask = mask_of(tensor);
    if (status == SOMA_OK) status = graph_push(graph, tensor);
    if (status != SOMA_OK) {
        soma_tensor_free(tensor);
        return status;
    }
    *out = tensor;
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------------- shapes */

uint32_t soma_tensor_full_shape(const soma_tensor *tensor, size_t batch, size_t *shape) {
    uint32_t rank = 0;
    if (tensor->batched) shape[rank++] = batch;
    for (uint32_t i = 0; i < tensor->rank; i++) shape[rank++] = tensor->shape[i];
    if (rank == 0) shape[rank++] = 1;
    return rank;
}

uint32_t soma_tensor_full_rank(const soma_tensor *tensor) {
    uint32_t rank = tensor->rank + (tensor->batched ? 1 : 0);
    return rank ? rank : 1;
}

size_t soma_tensor_full_count(const soma_tensor *tensor, size_t batch) {
    return soma_tensor_count(tensor) * (tensor->batched ? batch : 1);
}

size_t soma_tensor_count(const soma_tensor *tensor) {
    size_t count = 1;
    for (uint32_t i = 0; i < tensor->rank; i++) count *= tensor->shape[i];
    return count;
}

bool soma_tensor_same_shape(const soma_tensor *x, const soma_tensor *y) {
    if (x->batched != y->batched || x->rank != y->rank) return false;
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->shape[i] != y->shape[i]) return false;
    return true;
}

const soma_tensor *soma_tensor_root(const soma_tensor *tensor) {
    while (tensor->op == SOMA_OP_RESHAPE || tensor->op == SOMA_OP_SCATTER) tensor = tensor->input[0];
    return tensor;
}

const char *soma_tensor_shape_text(const soma_tensor *tensor, char *text) {
    int length = snprintf(text, SOMA_SHAPE_TEXT, tensor->batched ? "[batch" : "[");
    for (uint32_t i = 0; i < tensor->rank; i++)
        length += snprintf(text + length, (size_t)(SOMA_SHAPE_TEXT - length), "%s%zu", i || tensor->batched ? ", " : "",
                           tensor->shape[i]);
    snprintf(text + length, (size_t)(SOMA_SHAPE_TEXT - length), "]");
    return text;
}

/* As many bytes of the text as fit into `most` without cutting a character. */
static size_t whole_characters(const char *text, size_t most) {
    size_t length = strnlen(text, most + 1);
    if (length <= most) return length;
    for (length = most; length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80;) length--;
    return length;
}

const char *soma_tensor_label(const soma_tensor *tensor, char *text) {
    if (tensor->name)
        snprintf(text, SOMA_SHAPE_TEXT, "%.*s", (int)whole_characters(tensor->name, SOMA_SHAPE_TEXT - 1), tensor->name);
    else
        snprintf(text, SOMA_SHAPE_TEXT, "%s #%u", soma_op_name(tensor->op), tensor->id);
    return text;
}

/* ------------------------------------------------------------------------------------------------ building blocks */

static soma_status add_op(soma_graph *graph, soma_op op, soma_tensor *const *input, uint32_t count,
                          soma_attributes attributes, soma_tensor **out) {
    soma_tensor_spec spec = {.op = op, .input_count = count, .input = input, .attributes = attributes};
    return soma_graph_add(graph, &spec, out);
}

soma_status soma_graph_gemm(soma_graph *graph, soma_tensor *a, soma_tensor *b, soma_tensor *bias, bool transpose_a,
                            bool transpose_b, soma_tensor **out) {
    soma_attributes attributes = {
        .gemm = {.transpose_a = transpose_a, .transpose_b = transpose_b, .alpha = 1, .function = SOMA_IDENTITY}};
    return add_op(graph, SOMA_OP_GEMM, (soma_tensor *[]){a, b, bias}, bias ? 3 : 2, attributes, out);
}

soma_status soma_graph_unary(soma_graph *graph, soma_tensor *x, soma_unary_params params, soma_tensor **out) {
    return add_op(graph, SOMA_OP_UNARY, &x, 1, (soma_attributes){.unary = params}, out);
}

soma_status soma_graph_reduce(soma_graph *graph, soma_tensor *x, soma_reduction op, uint32_t axis, soma_tensor **out) {
    return soma_graph_reduce_axes(graph, x, op, axis, 1, out);
}

soma_status soma_graph_reduce_axes(soma_graph *graph, soma_tensor *x, soma_reduction op, uint32_t axis, uint32_t count,
                                   soma_tensor **out) {
    return add_op(graph, SOMA_OP_REDUCE, &x, 1, (soma_attributes){.reduce = {op, axis, count}}, out);
}

soma_status soma_graph_transpose(soma_graph *graph, soma_tensor *x, const uint32_t *axis, soma_tensor **out) {
    soma_attributes attributes = {.transpose = {{0}}};
    for (uint32_t i = 0; i < soma_tensor_full_rank(x); i++) attributes.transpose.axis[i] = axis[i];
    return add_op(graph, SOMA_OP_TRANSPOSE, &x, 1, attributes, out);
}

soma_status soma_graph_join(soma_tensor **parts, size_t count, uint32_t axis, soma_tensor **out) {
    const soma_attributes attributes = {.concat = {axis}};
    while (count > SOMA_MAX_INPUTS) {
        size_t joined = 0;
        for (size_t i = 0; i < count; i += SOMA_MAX_INPUTS) {
            uint32_t some = (uint32_t)SOMA_MIN(count - i, (size_t)SOMA_MAX_INPUTS);
            soma_tensor *one;
            SOMA_TRY(add_op(parts[i]->graph, SOMA_OP_CONCAT, parts + i, some, attributes, &one));
            parts[joined++] = one;
        }
        count = joined;
    }
    return add_op(parts[0]->graph, SOMA_OP_CONCAT, parts, (uint32_t)count, attributes, out);
}

static soma_status add_shaped(soma_graph *graph, soma_op op, soma_tensor *x, const soma_tensor *like,
                              soma_attributes attributes, soma_tensor **out) {
    soma_tensor_spec spec = {.op = op,
                             .input_count = 1,
                             .input = &x,
                             .attributes = attributes,
                             .dtype = x->dtype,
                             .batched = like->batched,
                             .rank = like->rank};
    memcpy(spec.shape, like->shape, sizeof spec.shape);
    return soma_graph_add(graph, &spec, out);
}

soma_status soma_graph_copy(soma_graph *graph, soma_tensor *x, const soma_tensor *like, float scale,
                            soma_tensor **out) {
    return add_shaped(graph, SOMA_OP_COPY, x, like, (soma_attributes){.copy = {scale}}, out);
}

soma_status soma_graph_reshape(soma_graph *graph, soma_tensor *x, const soma_tensor *like, soma_tensor **out) {
    return add_shaped(graph, SOMA_OP_RESHAPE, x, like, (soma_attributes){.copy = {1}}, out);
}

/* The shape that x and y are both broadcast to, as a tensor that only has a shape. */
static soma_status broadcast_shape(const soma_tensor *x, const soma_tensor *y, soma_tensor *shape) {
    memset(shape, 0, sizeof *shape);
    shape->batched = x->batched || y->batched;
    shape->rank = SOMA_MAX(x->rank, y->rank);
    for (uint32_t i = 0; i < shape->rank; i++) { /* from the last dimension to the first */
        size_t a = i < x->rank ? x->shape[x->rank - 1 - i] : 1, b = i < y->rank ? y->shape[y->rank - 1 - i] : 1;
        if (a != b && a != 1 && b != 1) {
            char text[4][SOMA_SHAPE_TEXT];
            return soma_error(SOMA_INVALID_SHAPE, "%s %s and %s %s cannot be broadcast to one shape: %zu against %zu",
                              soma_tensor_label(x, text[0]), soma_tensor_shape_text(x, text[1]),
                              soma_tensor_label(y, text[2]), soma_tensor_shape_text(y, text[3]), a, b);
        }
        shape->shape[shape->rank - 1 - i] = a == 1 ? b : a;
    }
    return SOMA_OK;
}

static bool commutes(soma_binary op) {
    return op == SOMA_BINARY_ADD || op == SOMA_BINARY_MULTIPLY || op == SOMA_BINARY_MAXIMUM ||
           op == SOMA_BINARY_MINIMUM || op == SOMA_BINARY_EQUAL;
}

soma_status soma_graph_binary(soma_graph *graph, soma_tensor *a, soma_tensor *b, soma_binary op, soma_tensor **out) {
    soma_tensor shape;
    SOMA_TRY(broadcast_shape(a, b, &shape));
    if (!soma_tensor_same_shape(a, &shape) && soma_tensor_same_shape(b, &shape) && commutes(op)) {
        soma_tensor *swap = a;
        a = b;
        b = swap;
    }
    /* Devices broadcast the second operand only. */
    if (!soma_tensor_same_shape(a, &shape)) SOMA_TRY(soma_graph_copy(graph, a, &shape, 1, &a));
    return add_op(graph, SOMA_OP_BINARY, (soma_tensor *[]){a, b}, 2, (soma_attributes){.binary = {op}}, out);
}
