/* SPDX-License-Identifier: MIT */
/* See compose.h. */
#include "io/onnx/compose.h"
#include "io/onnx/classes.h"

#include <string.h>

/* Of which the ops that are put together are. */
enum { OPSET = 20 };

/* ------------------------------------------------------------------------------------------------------------ nodes */

void soma_onnx_begin_made(soma_onnx_made *made) {
    soma__onnx__node_proto__init(&made->node);
    made->node.attribute = made->attributes;
}

static Soma__Onnx__AttributeProto *add_attribute(soma_onnx_made *made, const char *name) {
    Soma__Onnx__AttributeProto *attribute = &made->attribute[made->node.n_attribute];
    soma__onnx__attribute_proto__init(attribute);
    attribute->name = (char *)(uintptr_t)name;
    made->attributes[made->node.n_attribute++] = attribute;
    return attribute;
}

void soma_onnx_made_integer(soma_onnx_made *made, const char *name, int64_t number) {
    Soma__Onnx__AttributeProto *attribute = add_attribute(made, name);
    attribute->has_i = true;
    attribute->i = number;
}

void soma_onnx_made_float(soma_onnx_made *made, const char *name, float number) {
    Soma__Onnx__AttributeProto *attribute = add_attribute(made, name);
    attribute->has_f = true;
    attribute->f = number;
}

void soma_onnx_made_text(soma_onnx_made *made, const char *name, const char *text) {
    Soma__Onnx__AttributeProto *attribute = add_attribute(made, name);
    attribute->has_s = true;
    attribute->s.data = (uint8_t *)(uintptr_t)text;
    attribute->s.len = strlen(text);
}

void soma_onnx_made_integers(soma_onnx_made *made, const char *name, const int64_t *numbers, size_t count) {
    Soma__Onnx__AttributeProto *attribute = add_attribute(made, name);
    attribute->ints = made->numbers[made->node.n_attribute - 1];
    memcpy(attribute->ints, numbers, count * sizeof *numbers);
    attribute->n_ints = count;
}

soma_status soma_onnx_compose(soma_onnx_node *node, const soma_onnx_row *row, const soma_onnx_made *made,
                              soma_onnx_value *const *inputs, uint32_t count, soma_onnx_value *out) {
    soma_onnx_node one = {.importer = node->importer,
                          .row = row,
                          .proto = made ? &made->node : node->proto,
                          .opset = OPSET,
                          .input_count = count,
                          .output = {.name = node->output.name}};
    memcpy(one.input, inputs, count * sizeof *inputs);
    SOMA_TRY(soma_onnx_apply_row(&one));
    *out = one.output;
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- constants */

soma_status soma_onnx_compose_list(soma_onnx_node *node, const int64_t *numbers, size_t count, soma_onnx_value *list) {
    double *made = NULL;
    SOMA_TRY(soma_onnx_make(node, count, &made));
    for (size_t i = 0; i < count; i++) made[i] = (double)numbers[i];
    *list = (soma_onnx_value){.constant = true,
                              .integer = true,
                              .name = node->output.name,
                              .shape = {.rank = 1, .dim = {count}},
                              .elements = {.type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
                                           .rank = 1,
                                           .dim = {count},
                                           .count = count,
                                           .made = true,
                                           .doubles = made}};
    return SOMA_OK;
}

soma_status soma_onnx_compose_number(soma_onnx_node *node, double number, soma_onnx_value *value) {
    double *made = NULL;
    SOMA_TRY(soma_onnx_make(node, 1, &made));
    *made = (double)(float)number;
    *value = (soma_onnx_value){.constant = true, .name = node->output.name};
    value->elements = (soma_onnx_elements){
        .type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, .count = 1, .made = true, .doubles = made};
    return SOMA_OK;
}

soma_status soma_onnx_compose_numbers(soma_onnx_node *node, const char *ending, uint32_t rank, const size_t *shape,
                                      const double *numbers, soma_onnx_value *value) {
    *value = (soma_onnx_value){.name = node->output.name, .shape = {.rank = rank}};
    soma_tensor like;
    memcpy(value->shape.dim, shape, rank * sizeof *shape);
    SOMA_TRY(soma_onnx_canonical(node->importer, &value->shape, &like));
    return soma_onnx_add_numbers(node, ending, like.rank, like.shape, numbers, true, &value->tensor);
}

/* --------------------------------------------------------------------------------------------------- usual parts */

soma_status soma_onnx_compose_turned(soma_onnx_node *node, soma_onnx_value *x, const int64_t *order,
                                     soma_onnx_value *out) {
    soma_onnx_made made;
    soma_onnx_begin_made(&made);
    soma_onnx_made_integers(&made, "perm", order, x->shape.rank);
    return SOMA_ONNX_COMPOSE(node, Transpose, &made, out, x);
}

soma_status soma_onnx_compose_reshaped(soma_onnx_node *node, soma_onnx_value *x, const int64_t *shape, uint32_t rank,
                                       soma_onnx_value *out) {
    soma_onnx_value list;
    soma_onnx_made none;
    soma_onnx_begin_made(&none);
    SOMA_TRY(soma_onnx_compose_list(node, shape, rank, &list));
    return SOMA_ONNX_COMPOSE(node, Reshape, &none, out, x, &list);
}

soma_status soma_onnx_compose_with(soma_onnx_node *node, const soma_onnx_row *row, soma_onnx_value *x, double number,
                                   soma_onnx_value *out) {
    soma_onnx_value value;
    SOMA_TRY(soma_onnx_compose_number(node, number, &value));
    return soma_onnx_compose(node, row, NULL, (soma_onnx_value *[]){x, &value}, 2, out);
}

soma_status soma_onnx_compose_function(soma_onnx_node *node, soma_onnx_value *x, soma_function function,
                                       soma_onnx_value *out) {
    return soma_onnx_compose(node, &soma_onnx_functions[function], NULL, &x, 1, out);
}

soma_status soma_onnx_compose_part(soma_onnx_node *node, soma_onnx_value *x, int64_t axis, size_t start, size_t count,
                                   soma_onnx_value *out) {
    soma_onnx_value from, to, axes;
    SOMA_TRY(soma_onnx_compose_list(node, (const int64_t[]){(int64_t)start}, 1, &from));
    SOMA_TRY(soma_onnx_compose_list(node, (const int64_t[]){(int64_t)(start + count)}, 1, &to));
    SOMA_TRY(soma_onnx_compose_list(node, &axis, 1, &axes));
    return SOMA_ONNX_COMPOSE(node, Slice, NULL, out, x, &from, &to, &axes);
}

soma_status soma_onnx_make_table(soma_onnx_node *node, size_t rows, size_t columns, double **numbers) {
    size_t count;
    if (!soma_multiply_size(rows, columns, &count) || count > SOMA_ONNX_MOST_MADE)
        return soma_error(SOMA_UNSUPPORTED, "a table of %zu times %zu numbers would be made; at most %zu are possible",
                          rows, columns, SOMA_ONNX_MOST_MADE);
    return soma_onnx_make(node, count, numbers);
}

soma_onnx_value *soma_onnx_optional(const soma_onnx_node *node, uint32_t input) {
    return input < node->input_count ? node->input[input] : NULL;
}
