/* SPDX-License-Identifier: MIT */
/* Numbers that are known: arrays of a C file, and single ones. */
#include "base/number.h"
#include "io/c/writer.h"

#include <math.h>
#include <string.h>

enum { PER_LINE = 8 };

/* Nine significant digits tell any two float32 apart. */
soma_c_expression soma_c_number(float value) {
    soma_c_expression out;
    if (isnan(value))
        snprintf(out.text, sizeof out.text, "NAN");
    else if (isinf(value))
        snprintf(out.text, sizeof out.text, value < 0 ? "-INFINITY" : "INFINITY");
    else
        snprintf(out.text, sizeof out.text, "%sf", soma_number_write((double)value, 9).text);
    return out;
}

soma_status soma_c_put_array(soma_c_writer *writer, const char *name, const float *values, size_t count) {
    soma_text *text = &writer->constants;
    soma_text_append(text, "static const float %s[%zu] = {", name, count);
    for (size_t i = 0; i < count; i++)
        soma_text_append(text, "%s%s%s", i % PER_LINE ? " " : "\n    ", soma_c_number(values[i]).text,
                         i + 1 < count ? "," : "");
    soma_text_append(text, "\n};\n\n");
    writer->weight_bytes += count * sizeof(float);
    return text->failed ? soma_out_of_memory(text->length, "the C file") : SOMA_OK;
}

static const soma_c_array *find_array(const soma_c_writer *writer, const soma_tensor *root, size_t offset, size_t rows,
                                      size_t columns) {
    for (size_t i = 0; i < writer->array_count; i++) {
        const soma_c_array *array = &writer->arrays[i];
        if (array->root == root && array->offset == offset && array->rows == rows && array->columns == columns)
            return array;
    }
    return NULL;
}

/* A new one: named as the parameter, or as what it is of the function that uses it. */
static soma_status add_array(soma_c_writer *writer, const soma_tensor *root, size_t offset, size_t rows, size_t columns,
                             const char *role, soma_c_array **array) {
    if (writer->array_count == writer->array_capacity) {
        size_t capacity = 2 * writer->array_capacity + 16;
        soma_c_array *arrays = soma_realloc(writer->arrays, capacity, sizeof *arrays);
        if (!arrays) return soma_out_of_memory(capacity * sizeof *arrays, "the C file");
        writer->arrays = arrays;
        writer->array_capacity = capacity;
    }
    *array = &writer->arrays[writer->array_count];
    **array = (soma_c_array){.root = root, .offset = offset, .rows = rows, .columns = columns};
    char name[SOMA_C_NAME];
    if (root->op == SOMA_OP_PARAMETER)
        snprintf(name, sizeof name, "%s", root->name);
    else
        snprintf(name, sizeof name, "%s_%s", writer->function.text + strlen(writer->prefix) + 1, role);
    SOMA_TRY(soma_c_take_name(writer, name, &(*array)->name));
    writer->array_count++;
    return SOMA_OK;
}

const float *soma_c_values(const soma_c_writer *writer, const soma_view *view) {
    return (const float *)writer->program->value[soma_c_root(view)->id] + view->offset / sizeof(float);
}

/* What the array holds as numbers of C's: rows of tables are named by whole ones. */
static soma_status put_tensor(soma_c_writer *writer, const soma_tensor *root, const char *name) {
    const void *value = writer->program->value[root->id];
    const size_t count = soma_tensor_count(root);
    if (root->dtype == SOMA_F32) return soma_c_put_array(writer, name, value, count);
    float *numbers = soma_calloc(count, sizeof *numbers);
    if (!numbers) return soma_out_of_memory(count * sizeof *numbers, "the C file");
    for (size_t i = 0; i < count; i++) numbers[i] = (float)((const int32_t *)value)[i];
    soma_status status = soma_c_put_array(writer, name, numbers, count);
    soma_free(numbers);
    return status;
}

soma_status soma_c_view(soma_c_writer *writer, const soma_view *view, const char *role, soma_c_expression *expression) {
    const soma_tensor *root = soma_c_root(view);
    const size_t offset = view->offset / soma_dtype_size(view->dtype);
    if (soma_c_view_changes(writer->program, view)) {
        snprintf(expression->text, sizeof expression->text, "%s", soma_c_argument(writer, view));
        return SOMA_OK;
    }
    const soma_c_array *array = find_array(writer, root, 0, 0, 0);
    if (!array) {
        soma_c_array *added;
        SOMA_TRY(add_array(writer, root, 0, 0, 0, role, &added));
        SOMA_TRY(put_tensor(writer, root, added->name.text));
        array = added;
    }
    if (offset)
        snprintf(expression->text, sizeof expression->text, "(%s + %zu)", array->name.text, offset);
    else
        snprintf(expression->text, sizeof expression->text, "%s", array->name.text);
    return SOMA_OK;
}

soma_status soma_c_turned(soma_c_writer *writer, const soma_view *view, const char *role, size_t rows, size_t columns,
                          soma_c_expression *expression) {
    const size_t offset = view->offset / sizeof(float);
    const soma_c_array *array = find_array(writer, soma_c_root(view), offset, rows, columns);
    if (!array) {
        const float *values = soma_c_values(writer, view);
        soma_c_array *added;
        SOMA_TRY(add_array(writer, soma_c_root(view), offset, rows, columns, role, &added));
        float *turned = soma_calloc(rows * columns, sizeof *turned);
        if (!turned) return soma_out_of_memory(rows * columns * sizeof *turned, "the weights");
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++) turned[j * rows + i] = values[i * columns + j];
        soma_status status = soma_c_put_array(writer, added->name.text, turned, rows * columns);
        soma_free(turned);
        SOMA_TRY(status);
        array = added;
    }
    snprintf(expression->text, sizeof expression->text, "%s", array->name.text);
    return SOMA_OK;
}
