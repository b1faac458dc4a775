/* SPDX-License-Identifier: MIT */
/* See onnx_vector.h. */
#include "onnx_vector.h"
#include "base/file.h"
#include "io/bytes.h"
#include "io/onnx/file.h"

#include <float.h>
#include <math.h>
#include <soma/onnx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Those of the suite's own runner. */
#define RELATIVE 1e-3
#define ABSOLUTE 1e-7

enum { MAX_VALUES = 16 };

typedef struct data_tensor {
    soma_onnx_elements elements;
    Soma__Onnx__TensorProto *message;
    double *values;
} data_tensor;

typedef struct test_vector {
    const char *directory, *fixed;
    bool first; /* output alone */
    soma_device *device;
    soma_onnx_file *file;
    soma_network *network;
    const char *input_name[MAX_VALUES]; /* of the graph, initializers left out */
    size_t input_count;
    char *text;
    size_t size;
} test_vector;

#define FAIL(vector, ...) (snprintf((vector)->text, (vector)->size, __VA_ARGS__), false)

static void clear(data_tensor *tensor) {
    if (tensor->message) soma__onnx__tensor_proto__free_unpacked(tensor->message, NULL);
    free(tensor->values);
    memset(tensor, 0, sizeof *tensor);
}

/* NumPy has no bfloat16, so that such data come as uint16, though their model says what they are. */
static void see_bfloat16(const test_vector *vector, const char *what, size_t index, Soma__Onnx__TensorProto *message) {
    const Soma__Onnx__GraphProto *graph = vector->file->model->graph;
    size_t count = strcmp(what, "input") == 0 ? graph->n_input : graph->n_output;
    Soma__Onnx__ValueInfoProto **info = strcmp(what, "input") == 0 ? graph->input : graph->output;
    if (message->data_type != SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__UINT16 || index >= count) return;
    const Soma__Onnx__TypeProto *type = info[index]->type;
    if (type->value_case == SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
        type->tensor_type->elem_type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16)
        message->data_type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}

/* Some vectors hold doubles that float32 does not, which soma refuses in a model; a network sees infinity in their
 * place. */
static void read_doubles(const data_tensor *tensor, size_t count) {
    const Soma__Onnx__TensorProto *message = tensor->message;
    for (size_t i = 0; i < count; i++) {
        uint64_t bits = message->has_raw_data ? soma_load_le64(message->raw_data.data + 8 * i) : 0;
        double value = message->has_raw_data ? 0 : message->double_data[i];
        if (message->has_raw_data) memcpy(&value, &bits, sizeof value);
        tensor->values[i] = fabs(value) > (double)FLT_MAX ? copysign(INFINITY, value) : value;
    }
}

/* False where there is no such file. */
static bool read_tensor(const test_vector *vector, unsigned set, const char *what, size_t index, data_tensor *tensor) {
    char path[1024];
    soma_buffer buffer;
    memset(tensor, 0, sizeof *tensor);
    snprintf(path, sizeof path, "%s/test_data_set_%u/%s_%zu.pb", vector->directory, set, what, index);
    if (soma_file_read(path, 1 << 28, &buffer) != SOMA_OK) return false;
    tensor->message = soma__onnx__tensor_proto__unpack(NULL, buffer.size, buffer.data);
    soma_free(buffer.data);
    if (tensor->message) see_bfloat16(vector, what, index, tensor->message);
    if (!tensor->message || soma_onnx_elements_of(tensor->message, &tensor->elements) != SOMA_OK) {
        clear(tensor);
        return false;
    }
    size_t count = tensor->elements.count;
    float *floats = calloc(count + 1, sizeof *floats);
    int64_t *integers = calloc(count + 1, sizeof *integers);
    tensor->values = calloc(count + 1, sizeof *tensor->values);
    bool ok;
    if (soma_onnx_is_integer(tensor->elements.type)) {
        ok = soma_onnx_read_integers(vector->file, &tensor->elements, integers) == SOMA_OK;
        for (size_t i = 0; ok && i < count; i++) tensor->values[i] = (double)integers[i];
    } else if (tensor->elements.type == SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE) {
        read_doubles(tensor, count);
        ok = true;
    } else {
        ok = soma_onnx_read_floats(vector->file, &tensor->elements, floats) == SOMA_OK;
        for (size_t i = 0; ok && i < count; i++) tensor->values[i] = (double)floats[i];
    }
    free(floats);
    free(integers);
    if (!ok) clear(tensor);
    return ok;
}

static bool is_listed(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at++)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == 0)) return true;
    return false;
}

static void list_inputs(test_vector *vector) {
    const Soma__Onnx__GraphProto *graph = vector->file->model->graph;
    for (size_t i = 0; i < graph->n_input && vector->input_count < MAX_VALUES; i++) {
        bool initialized = false;
        for (size_t j = 0; j < graph->n_initializer; j++)
            initialized |= strcmp(graph->initializer[j]->name, graph->input[i]->name) == 0;
        if (!initialized) vector->input_name[vector->input_count++] = graph->input[i]->name;
    }
}

static soma_status import(test_vector *vector) {
    soma_onnx_constant constants[MAX_VALUES];
    data_tensor values[MAX_VALUES];
    soma_onnx_options options = {.constants = constants};
    char path[1024];
    snprintf(path, sizeof path, "%s/model.onnx", vector->directory);
    for (size_t i = 0; vector->file && i < vector->input_count; i++) {
        size_t at = options.constant_count;
        if (!is_listed(vector->fixed, vector->input_name[i])) continue;
        if (!read_tensor(vector, 0, "input", i, &values[at])) continue;
        constants[at] = (soma_onnx_constant){vector->input_name[i], values[at].values, values[at].elements.count};
        options.constant_count++;
    }
    const char *first = vector->first ? vector->file->model->graph->output[0]->name : NULL;
    if (first) {
        options.outputs = &first;
        options.output_count = 1;
    }
    soma_status status = soma_load_onnx(path, &options, &vector->network);
    for (size_t i = 0; i < options.constant_count; i++) clear(&values[i]);
    if (status != SOMA_OK) snprintf(vector->text, vector->size, "%s", soma_last_error());
    return status;
}

/* The tensor's dimensions without those of 1: a batch of 1 is none. */
static size_t dimensions(const size_t *shape, size_t rank, size_t batch, size_t *out) {
    size_t count = 0;
    if (batch != 1) out[count++] = batch;
    for (size_t i = 0; i < rank; i++)
        if (shape[i] != 1) out[count++] = shape[i];
    return count;
}

static bool compare(test_vector *vector, size_t index, size_t batch, const float *found, const data_tensor *expected) {
    const soma_tensor *output = soma_network_output(vector->network, index);
    size_t shape[SOMA_MAX_RANK], a[SOMA_ONNX_MAX_RANK + 1], b[SOMA_ONNX_MAX_RANK + 1];
    uint32_t rank = soma_tensor_shape(output, shape);
    size_t n = dimensions(shape, rank, batch, a);
    size_t m = dimensions(expected->elements.dim, expected->elements.rank, 1, b);
    if (n != m || memcmp(a, b, n * sizeof *a) != 0) return FAIL(vector, "output %zu has another shape", index);
    for (size_t i = 0; i < expected->elements.count; i++) {
        double x = (double)found[i], y = expected->values[i];
        bool equal = isnan(x) ? isnan(y) : isinf(y) ? x == y : fabs(x - y) <= ABSOLUTE + RELATIVE * fabs(y);
        if (!equal) return FAIL(vector, "output %zu, element %zu: %.9g, expected %.9g", index, i, x, y);
    }
    return true;
}

static bool check_outputs(test_vector *vector, unsigned set, soma_dataset *dataset, size_t batch) {
    for (size_t i = 0; i < soma_network_output_count(vector->network); i++) {
        data_tensor expected;
        size_t count = batch * soma_tensor_count(soma_network_output(vector->network, i));
        float *found = calloc(count, sizeof *found);
        bool ok = read_tensor(vector, set, "output", i, &expected);
        if (!ok) snprintf(vector->text, vector->size, "output_%zu.pb cannot be read", i);
        if (ok && soma_predict(vector->network, dataset, i, batch, found) != SOMA_OK)
            ok = FAIL(vector, "%s", soma_last_error());
        ok = ok && compare(vector, i, batch, found, &expected);
        clear(&expected);
        free(found);
        if (!ok) return false;
    }
    return true;
}

/* One data set. The batch is what the first input has more of than a sample needs. */
static bool run_set(test_vector *vector, unsigned set) {
    data_tensor inputs[MAX_VALUES] = {{.values = NULL}};
    float *floats[MAX_VALUES] = {NULL};
    soma_array arrays[MAX_VALUES];
    size_t count = 0, batch = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < vector->input_count; i++) {
        if (is_listed(vector->fixed, vector->input_name[i])) continue;
        const soma_tensor *input = soma_network_input(vector->network, count);
        ok = read_tensor(vector, set, "input", i, &inputs[count]) || FAIL(vector, "input_%zu.pb cannot be read", i);
        if (!ok) break;
        size_t elements = inputs[count].elements.count, sample = soma_tensor_count(input);
        if (count == 0) batch = elements / sample;
        floats[count] = calloc(elements, sizeof(float));
        for (size_t j = 0; j < elements; j++) floats[count][j] = (float)inputs[count].values[j];
        arrays[count] = (soma_array){.data = floats[count], .dtype = SOMA_F32, .shape = {batch}};
        arrays[count].rank = 1 + soma_tensor_shape(input, arrays[count].shape + 1);
        ok =
            batch * sample == elements || FAIL(vector, "input %zu has %zu elements, a sample %zu", i, elements, sample);
        count++;
    }
    soma_dataset *dataset = NULL;
    if (ok && soma_dataset_from_arrays(arrays, count, NULL, 0, &dataset) != SOMA_OK)
        ok = FAIL(vector, "%s", soma_last_error());
    ok = ok && check_outputs(vector, set, dataset, batch);
    soma_dataset_destroy(dataset);
    for (size_t i = 0; i < MAX_VALUES; i++) {
        clear(&inputs[i]);
        free(floats[i]);
    }
    return ok;
}

static bool run_sets(test_vector *vector) {
    char path[1024];
    unsigned set = 0;
    soma_compile_options options = {.loss = {SOMA_LOSS_DEFAULT}};
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options.loss[i] = SOMA_LOSS_NONE;
    if (soma_compile(vector->network, vector->device, &options) != SOMA_OK)
        return FAIL(vector, "%s", soma_last_error());
    for (;; set++) {
        snprintf(path, sizeof path, "%s/test_data_set_%u/output_0.pb", vector->directory, set);
        FILE *file = fopen(path, "rb");
        if (!file) break;
        fclose(file);
        if (!run_set(vector, set)) return false;
    }
    return set > 0 || FAIL(vector, "no data");
}

soma_status onnx_vector_run(const char *directory, const char *fixed, bool first, soma_device *device, char *text,
                            size_t size) {
    test_vector vector = {
        .directory = directory, .fixed = fixed, .first = first, .device = device, .text = text, .size = size};
    char path[1024];
    *text = 0;
    snprintf(path, sizeof path, "%s/model.onnx", directory);
    soma_status status = soma_onnx_open(path, &vector.file);
    if (status == SOMA_OK) list_inputs(&vector);
    if (status == SOMA_OK)
        status = import(&vector);
    else
        snprintf(text, size, "%s", soma_last_error());
    if (status == SOMA_OK && run_sets(&vector)) *text = 0;
    soma_network_destroy(vector.network);
    soma_onnx_close(vector.file);
    return status;
}

/* ----------------------------------------------------------------------------------------------------- as a session */

#define STORE(c_type)                                                                                                  \
    for (size_t i = 0; i < count; i++) ((c_type *)data)[i] = (c_type)tensor->values[i]

/* The numbers in their own type; false where it is none of those that are known here. */
static bool store(const data_tensor *tensor, soma_dtype dtype, void *data) {
    const size_t count = tensor->elements.count;
    switch ((int)dtype) {
    case SOMA_F32:
        STORE(float);
        return true;
    case SOMA_F64:
        STORE(double);
        return true;
    case SOMA_I64:
        STORE(int64_t);
        return true;
    case SOMA_I32:
        STORE(int32_t);
        return true;
    case SOMA_I16:
        STORE(int16_t);
        return true;
    case SOMA_I8:
        STORE(int8_t);
        return true;
    case SOMA_U64:
        STORE(uint64_t);
        return true;
    case SOMA_U32:
        STORE(uint32_t);
        return true;
    case SOMA_U16:
        STORE(uint16_t);
        return true;
    case SOMA_U8:
    case SOMA_BOOL:
        STORE(uint8_t);
        return true;
    default:
        return false;
    }
}

static double load(const soma_array *array, size_t i) {
    switch ((int)array->dtype) {
    case SOMA_F32:
        return (double)((const float *)array->data)[i];
    case SOMA_F64:
        return ((const double *)array->data)[i];
    case SOMA_I64:
        return (double)((const int64_t *)array->data)[i];
    case SOMA_I32:
        return ((const int32_t *)array->data)[i];
    case SOMA_I16:
        return ((const int16_t *)array->data)[i];
    case SOMA_I8:
        return ((const int8_t *)array->data)[i];
    case SOMA_U64:
        return (double)((const uint64_t *)array->data)[i];
    case SOMA_U32:
        return ((const uint32_t *)array->data)[i];
    case SOMA_U16:
        return ((const uint16_t *)array->data)[i];
    case SOMA_U8:
    case SOMA_BOOL:
        return ((const uint8_t *)array->data)[i];
    default:
        return NAN;
    }
}

static bool compare_array(test_vector *vector, size_t index, const soma_array *found, const data_tensor *expected) {
    bool same = found->rank == expected->elements.rank;
    for (uint32_t i = 0; same && i < found->rank; i++) same = found->shape[i] == expected->elements.dim[i];
    if (!same) return FAIL(vector, "output %zu has another shape", index);
    if (found->dtype != soma_onnx_dtype_of(expected->elements.type))
        return FAIL(vector, "output %zu is %s", index, soma_dtype_name(found->dtype));
    for (size_t i = 0; i < expected->elements.count; i++) {
        const double x = load(found, i), y = expected->values[i];
        if (!(isnan(y) ? isnan(x) : isinf(y) ? x == y : fabs(x - y) <= ABSOLUTE + RELATIVE * fabs(y)))
            return FAIL(vector, "output %zu, element %zu: %.9g, expected %.9g", index, i, x, y);
    }
    return true;
}

static bool give_input(test_vector *vector, unsigned set, size_t index, soma_array *array, void **memory) {
    data_tensor tensor;
    if (!read_tensor(vector, set, "input", index, &tensor)) return FAIL(vector, "input_%zu.pb cannot be read", index);
    *array = (soma_array){.dtype = soma_onnx_dtype_of(tensor.elements.type), .rank = tensor.elements.rank};
    bool ok = array->rank <= SOMA_MAX_RANK;
    for (uint32_t i = 0; ok && i < array->rank; i++) array->shape[i] = tensor.elements.dim[i];
    array->data = *memory = calloc(tensor.elements.count + 1, sizeof(double));
    ok = (ok && store(&tensor, array->dtype, *memory)) || FAIL(vector, "input %zu: type or rank", index);
    clear(&tensor);
    return ok;
}

static bool run_session_set(test_vector *vector, unsigned set, soma_onnx_session *session) {
    soma_array inputs[MAX_VALUES], outputs[MAX_VALUES];
    void *memory[MAX_VALUES] = {NULL};
    bool ok = soma_onnx_session_output_count(session) <= MAX_VALUES;
    for (size_t i = 0; ok && i < vector->input_count; i++) ok = give_input(vector, set, i, &inputs[i], &memory[i]);
    if (ok && soma_onnx_session_run(session, inputs, outputs) != SOMA_OK) ok = FAIL(vector, "%s", soma_last_error());
    for (size_t i = 0; ok && i < soma_onnx_session_output_count(session); i++) {
        data_tensor expected;
        ok = read_tensor(vector, set, "output", i, &expected) || FAIL(vector, "output_%zu.pb cannot be read", i);
        ok = ok && compare_array(vector, i, &outputs[i], &expected);
        clear(&expected);
    }
    for (size_t i = 0; i < MAX_VALUES; i++) free(memory[i]);
    return ok;
}

soma_status onnx_vector_run_session(const char *directory, soma_device *device, char *text, size_t size) {
    test_vector vector = {.directory = directory, .fixed = "", .device = device, .text = text, .size = size};
    soma_onnx_session *session = NULL;
    char path[1024];
    *text = 0;
    snprintf(path, sizeof path, "%s/model.onnx", directory);
    soma_status status = soma_onnx_open(path, &vector.file);
    if (status == SOMA_OK) list_inputs(&vector);
    if (status == SOMA_OK) status = soma_onnx_session_create(path, NULL, device, &session);
    if (status != SOMA_OK) snprintf(text, size, "%s", soma_last_error());
    unsigned set = 0;
    for (; status == SOMA_OK; set++) {
        snprintf(path, sizeof path, "%s/test_data_set_%u/output_0.pb", directory, set);
        FILE *file = fopen(path, "rb");
        if (!file) break;
        fclose(file);
        if (!run_session_set(&vector, set, session)) break;
    }
    if (status == SOMA_OK && set == 0 && !*text) snprintf(text, size, "no data");
    soma_onnx_session_destroy(session);
    soma_onnx_close(vector.file);
    return status;
}
