/* SPDX-License-Identifier: MIT */
/* Nodes and small constants that no file has, for what is written out in the place of loops. */
#include "io/onnx/inside.h"

#include <stdio.h>
#include <string.h>

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };

soma_status soma_onnx_number_value(soma_onnx_importer *importer, const char *name, int32_t type, int64_t number,
                                   uint32_t rank, soma_onnx_value *value) {
    void *memory;
    SOMA_TRY(soma_onnx_keep(importer, sizeof number, name, &memory));
    *(int64_t *)memory = number;
    *value = (soma_onnx_value){.constant = true, .integer = true, .name = name, .shape = {.rank = rank}};
    value->shape.dim[0] = 1;
    value->elements = (soma_onnx_elements){.type = type, .rank = rank, .count = 1, .made = true, .integers = memory};
    value->elements.dim[0] = 1;
    return SOMA_OK;
}

soma_status soma_onnx_float_value(soma_onnx_importer *importer, const char *name, float number,
                                  soma_onnx_value *value) {
    enum { FLOAT = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT };
    void *memory;
    SOMA_TRY(soma_onnx_keep(importer, sizeof number, name, &memory));
    *(float *)memory = number;
    *value = (soma_onnx_value){.constant = true, .name = name};
    value->elements = (soma_onnx_elements){.type = FLOAT, .count = 1, .made = true, .floats = memory};
    return SOMA_OK;
}

soma_status soma_onnx_inner_name(soma_onnx_importer *importer, const char **name) {
    void *memory;
    SOMA_TRY(soma_onnx_keep(importer, 24, "a loop", &memory));
    snprintf(memory, 24, "\x01%zu", importer->own_names++);
    *name = memory;
    return SOMA_OK;
}

soma_status soma_onnx_define_list(soma_onnx_importer *importer, const int64_t *numbers, size_t count,
                                  const char **name) {
    void *memory;
    SOMA_TRY(soma_onnx_inner_name(importer, name));
    SOMA_TRY(soma_onnx_keep(importer, count * sizeof *numbers, *name, &memory));
    if (count) memcpy(memory, numbers, count * sizeof *numbers);
    soma_onnx_value value = {.constant = true, .integer = true, .name = *name, .shape = {.rank = 1}};
    value.shape.dim[0] = count;
    value.elements = (soma_onnx_elements){.type = INT64, .rank = 1, .count = count, .made = true, .integers = memory};
    value.elements.dim[0] = count;
    return soma_onnx_define(importer, &value);
}

soma_status soma_onnx_add_made(soma_onnx_importer *importer, const char *op, const char *const *inputs, size_t count,
                               const char *attribute, const int64_t *value, size_t list, const char *output) {
    struct made_node {
        Soma__Onnx__NodeProto node;
        Soma__Onnx__AttributeProto attribute, *attributes[1];
        char *output[1];
        int64_t numbers[];
    } * made;
    void *memory;
    SOMA_TRY(soma_onnx_write_out(importer, 1, op));
    SOMA_TRY(soma_onnx_keep(importer, sizeof *made + SOMA_MAX(list, (size_t)1) * sizeof(int64_t), op, &memory));
    made = memory;
    soma__onnx__node_proto__init(&made->node);
    SOMA_TRY(soma_onnx_keep(importer, count * sizeof(char *), op, &memory));
    made->node.input = memory;
    made->node.n_input = count;
    for (size_t i = 0; i < count; i++) made->node.input[i] = (char *)(uintptr_t)inputs[i];
    made->output[0] = (char *)(uintptr_t)output;
    made->node.output = made->output;
    made->node.n_output = 1;
    made->node.op_type = (char *)(uintptr_t)op;
    if (attribute) {
        soma__onnx__attribute_proto__init(&made->attribute);
        memcpy(made->numbers, value, SOMA_MAX(list, (size_t)1) * sizeof(int64_t));
        made->attribute.name = (char *)(uintptr_t)attribute;
        made->attribute.has_type = true;
        made->attribute.type =
            list ? SOMA__ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS : SOMA__ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        made->attribute.has_i = !list;
        made->attribute.i = made->numbers[0];
        if (list) made->attribute.ints = made->numbers, made->attribute.n_ints = list;
        made->attributes[0] = &made->attribute;
        made->node.attribute = made->attributes;
        made->node.n_attribute = 1;
    }
    return importer->add_node(importer, &made->node, SIZE_MAX);
}

soma_status soma_onnx_add_dimension(soma_onnx_importer *importer, const soma_onnx_value *piece, int64_t axis,
                                    const char **name) {
    const char *inputs[2];
    soma_onnx_value axes;
    SOMA_TRY(soma_onnx_inner_name(importer, &inputs[0]));
    SOMA_TRY(soma_onnx_define_as(importer, inputs[0], piece));
    SOMA_TRY(soma_onnx_inner_name(importer, name));
    if (importer->opset < 13) return soma_onnx_add_made(importer, "Unsqueeze", inputs, 1, "axes", &axis, 1, *name);
    SOMA_TRY(soma_onnx_inner_name(importer, &inputs[1]));
    SOMA_TRY(soma_onnx_number_value(importer, inputs[1], INT64, axis, 1, &axes));
    SOMA_TRY(soma_onnx_define(importer, &axes));
    return soma_onnx_add_made(importer, "Unsqueeze", inputs, 2, NULL, NULL, 0, *name);
}

soma_status soma_onnx_join(soma_onnx_importer *importer, const char **names, size_t count, int64_t axis,
                           const char *output) {
    do {
        const size_t most = SOMA_MAX_INPUTS;
        size_t joined = 0;
        for (size_t first = 0; first < count; first += most) {
            const size_t some = SOMA_MIN(most, count - first);
            const char *name = output;
            if (count > most) SOMA_TRY(soma_onnx_inner_name(importer, &name));
            SOMA_TRY(soma_onnx_add_made(importer, "Concat", names + first, some, "axis", &axis, 0, name));
            names[joined++] = name;
        }
        count = joined;
    } while (count > 1);
    return SOMA_OK;
}
