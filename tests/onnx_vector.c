/* SPDX-License-Identifier: MIT */
/* See onnx_vector.h. */
#include "onnx_vector.h"
#include "onnx_vector_bound.h"

#include <math.h>
#include <soma/onnx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_VALUES = ONNX_VECTOR_MAX_VALUES };

typedef struct test_vector {
    onnx_vector_place place;
    const char *fixed;
    bool first; /* output alone */
    soma_device *device;
    soma_network *network;
    char *text;
    size_t size;
} test_vector;

#define FAIL(vector, ...) (snprintf((vector)->text, (vector)->size, __VA_ARGS__), false)

static bool is_listed(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at++)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || at[length] == 0)) return true;
    return false;
}

static soma_status import(test_vector *vector) {
    soma_onnx_constant constants[MAX_VALUES];
    onnx_vector_tensor values[MAX_VALUES];
    soma_onnx_options options = {.constants = constants};
    char path[1024];
    snprintf(path, sizeof path, "%s/model.onnx", vector->place.directory);
    for (size_t i = 0; vector->place.file && i < vector->place.input_count; i++) {
        size_t at = options.constant_count;
        if (!is_listed(vector->fixed, vector->place.input_name[i])) continue;
        if (!onnx_vector_read(&vector->place, 0, "input", i, &values[at])) continue;
        constants[at] = (soma_onnx_constant){vector->place.input_name[i], values[at].values, values[at].elements.count};
        options.constant_count++;
    }
    const char *first = vector->first ? vector->place.file->model->graph->output[0]->name : NULL;
    if (first) {
        options.outputs = &first;
        options.output_count = 1;
    }
    soma_status status = soma_load_onnx(path, &options, &vector->network);
    for (size_t i = 0; i < options.constant_count; i++) onnx_vector_clear(&values[i]);
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

static bool compare(test_vector *vector, size_t index, size_t batch, const float *found,
                    const onnx_vector_tensor *expected, double bound) {
    const soma_tensor *output = soma_network_output(vector->network, index);
    size_t shape[SOMA_MAX_RANK], a[SOMA_ONNX_MAX_RANK + 1], b[SOMA_ONNX_MAX_RANK + 1];
    uint32_t rank = soma_tensor_shape(output, shape);
    size_t n = dimensions(shape, rank, batch, a);
    size_t m = dimensions(expected->elements.dim, expected->elements.rank, 1, b);
    if (n != m || memcmp(a, b, n * sizeof *a) != 0) return FAIL(vector, "output %zu has another shape", index);
    for (size_t i = 0; i < expected->elements.count; i++) {
        double x = (double)found[i], y = expected->values[i];
        if (!onnx_vector_is_near(x, y, bound))
            return FAIL(vector, "output %zu, element %zu: %.9g, expected %.9g", index, i, x, y);
    }
    return true;
}

static bool check_outputs(test_vector *vector, unsigned set, soma_dataset *dataset, size_t batch) {
    const double bound = onnx_vector_bound(&vector->place, set);
    for (size_t i = 0; i < soma_network_output_count(vector->network); i++) {
        onnx_vector_tensor expected;
        size_t count = batch * soma_tensor_count(soma_network_output(vector->network, i));
        float *found = calloc(count, sizeof *found);
        bool ok = onnx_vector_read(&vector->place, set, "output", i, &expected);
        if (!ok) snprintf(vector->text, vector->size, "output_%zu.pb cannot be read", i);
        if (ok && soma_predict(vector->network, dataset, i, batch, found) != SOMA_OK)
            ok = FAIL(vector, "%s", soma_last_error());
        ok = ok && compare(vector, i, batch, found, &expected, bound);
        onnx_vector_clear(&expected);
        free(found);
        if (!ok) return false;
    }
    return true;
}

/* One data set. The batch is what the first input has more of than a sample needs. */
static bool run_set(test_vector *vector, unsigned set) {
    onnx_vector_tensor inputs[MAX_VALUES] = {{.values = NULL}};
    float *floats[MAX_VALUES] = {NULL};
    soma_array arrays[MAX_VALUES];
    size_t count = 0, batch = 0;
    bool ok = true;
    for (size_t i = 0; ok && i < vector->place.input_count; i++) {
        if (is_listed(vector->fixed, vector->place.input_name[i])) continue;
        const soma_tensor *input = soma_network_input(vector->network, count);
        ok = onnx_vector_read(&vector->place, set, "input", i, &inputs[count]) ||
             FAIL(vector, "input_%zu.pb cannot be read", i);
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
        onnx_vector_clear(&inputs[i]);
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
        snprintf(path, sizeof path, "%s/test_data_set_%u/output_0.pb", vector->place.directory, set);
        FILE *file = fopen(path, "rb");
        if (!file) break;
        fclose(file);
        if (!run_set(vector, set)) return false;
    }
    return set > 0 || FAIL(vector, "no data");
}

soma_status onnx_vector_run(const char *directory, const char *fixed, bool first, soma_device *device, char *text,
                            size_t size) {
    test_vector vector = {.place = {.directory = directory},
                          .fixed = fixed,
                          .first = first,
                          .device = device,
                          .text = text,
                          .size = size};
    char path[1024];
    *text = 0;
    snprintf(path, sizeof path, "%s/model.onnx", directory);
    soma_status status = soma_onnx_open(path, &vector.place.file);
    if (status == SOMA_OK) onnx_vector_list_inputs(&vector.place);
    if (status == SOMA_OK)
        status = import(&vector);
    else
        snprintf(text, size, "%s", soma_last_error());
    if (status == SOMA_OK && run_sets(&vector)) *text = 0;
    soma_network_destroy(vector.network);
    soma_onnx_close(vector.place.file);
    return status;
}

/* ----------------------------------------------------------------------------------------------------- as a session */

#define STORE(c_type)                                                                                                  \
    for (size_t i = 0; i < count; i++) ((c_type *)data)[i] = (c_type)tensor->values[i]

/* The numbers in their own type; false where it is none of those that are known here. */
static bool store(const onnx_vector_tensor *tensor, soma_dtype dtype, void *data) {
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

static bool compare_array(test_vector *vector, size_t index, const soma_array *found,
                          const onnx_vector_tensor *expected, double bound) {
    bool same = found->rank == expected->elements.rank;
    for (uint32_t i = 0; same && i < found->rank; i++) same = found->shape[i] == expected->elements.dim[i];
    if (!same) return FAIL(vector, "output %zu has another shape", index);
    if (found->dtype != soma_onnx_dtype_of(expected->elements.type))
        return FAIL(vector, "output %zu is %s", index, soma_dtype_name(found->dtype));
    for (size_t i = 0; i < expected->elements.count; i++) {
        const double x = load(found, i), y = expected->values[i];
        if (!onnx_vector_is_near(x, y, bound))
            return FAIL(vector, "output %zu, element %zu: %.9g, expected %.9g", index, i, x, y);
    }
    return true;
}

static bool give_input(test_vector *vector, unsigned set, size_t index, soma_array *array, void **memory) {
    onnx_vector_tensor tensor;
    if (!onnx_vector_read(&vector->place, set, "input", index, &tensor))
        return FAIL(vector, "input_%zu.pb cannot be read", index);
    *array = (soma_array){.dtype = soma_onnx_dtype_of(tensor.elements.type), .rank = tensor.elements.rank};
    bool ok = array->rank <= SOMA_MAX_RANK;
    for (uint32_t i = 0; ok && i < array->rank; i++) array->shape[i] = tensor.elements.dim[i];
    array->data = *memory = calloc(tensor.elements.count + 1, sizeof(double));
    ok = (ok && store(&tensor, array->dtype, *memory)) || FAIL(vector, "input %zu: type or rank", index);
    onnx_vector_clear(&tensor);
    return ok;
}

static bool run_session_set(test_vector *vector, unsigned set, soma_onnx_session *session) {
    soma_array inputs[MAX_VALUES], outputs[MAX_VALUES];
    void *memory[MAX_VALUES] = {NULL};
    const double bound = onnx_vector_bound(&vector->place, set);
    bool ok = soma_onnx_session_output_count(session) <= MAX_VALUES;
    for (size_t i = 0; ok && i < vector->place.input_count; i++)
        ok = give_input(vector, set, i, &inputs[i], &memory[i]);
    if (ok && soma_onnx_session_run(session, inputs, outputs) != SOMA_OK) ok = FAIL(vector, "%s", soma_last_error());
    for (size_t i = 0; ok && i < soma_onnx_session_output_count(session); i++) {
        onnx_vector_tensor expected;
        ok = onnx_vector_read(&vector->place, set, "output", i, &expected) ||
             FAIL(vector, "output_%zu.pb cannot be read", i);
        ok = ok && compare_array(vector, i, &outputs[i], &expected, bound);
        onnx_vector_clear(&expected);
    }
    for (size_t i = 0; i < MAX_VALUES; i++) free(memory[i]);
    return ok;
}

soma_status onnx_vector_run_session(const char *directory, soma_device *device, char *text, size_t size) {
    test_vector vector = {.place = {.directory = directory}, .fixed = "", .device = device, .text = text, .size = size};
    soma_onnx_session *session = NULL;
    char path[1024];
    *text = 0;
    snprintf(path, sizeof path, "%s/model.onnx", directory);
    soma_status status = soma_onnx_open(path, &vector.place.file);
    if (status == SOMA_OK) onnx_vector_list_inputs(&vector.place);
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
    soma_onnx_close(vector.place.file);
    return status;
}
