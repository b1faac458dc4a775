/* SPDX-License-Identifier: MIT */
/* The nodes of a session that come before its networks (front.h), between arrays that come in and those that go on. */
#include "base/size.h"
#include "io/onnx/front.h"
#include "io/onnx/onnx_session.h"

#include <inttypes.h>
#include <string.h>

typedef struct going {
    soma_onnx_session *session;
    soma_array *arrays;
    void **memory;
} going;

static size_t number_of(const soma_onnx_session *session, const char *name) {
    size_t number = 0;
    while (number < session->input_count && strcmp(session->inputs[number].name, name) != 0) number++;
    return number;
}

/* Words by their numbers and all else as float32, but whole numbers, which stay what they are. */
static soma_status take_value(void *context, size_t number, const soma_onnx_value *value) {
    going *to = context;
    soma_onnx_joint_value *joint = &to->session->file->front->values[number];
    const size_t place = number_of(to->session, joint->name),
                 count = soma_onnx_count(&value->shape, 0, value->shape.rank);
    const bool whole = value->integer && !value->encoded;
    size_t bytes;
    if (place == to->session->input_count) return SOMA_OK; /* no output that is wanted needs it */
    if (value->shape.rank > SOMA_MAX_RANK || count == 0)
        return soma_error(SOMA_UNSUPPORTED,
                          "%s has %u dimensions and %zu elements; up to %d dimensions, and at least one element, go on "
                          "to the network",
                          joint->name, value->shape.rank, count, SOMA_MAX_RANK);
    if (!soma_multiply_size(count, sizeof(int64_t), &bytes)) return soma_out_of_memory(SIZE_MAX, joint->name);
    void *data = to->memory[place] = soma_malloc(bytes);
    if (!data) return soma_out_of_memory(bytes, joint->name);
    soma_onnx_reader reader;
    SOMA_TRY(soma_onnx_reader_open(to->session->file, &value->elements, &reader));
    bool sure = true;
    for (size_t i = 0; i < count && sure; i++)
        sure = soma_onnx_put_number(whole ? SOMA_I64 : SOMA_F32, soma_onnx_read(&reader, i), data, i);
    soma_onnx_reader_close(&reader);
    if (!sure)
        return soma_error(SOMA_UNSUPPORTED, "%s has a whole number that is not sure to be right: those below 2^53 are",
                          joint->name);
    soma_onnx_front_declare(joint, value);
    if (whole) joint->tensor.elem_type = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    soma_array *array = &to->arrays[place];
    *array = (soma_array){.data = data, .dtype = whole ? SOMA_I64 : SOMA_F32, .rank = value->shape.rank};
    memcpy(array->shape, value->shape.dim, value->shape.rank * sizeof *array->shape);
    to->session->inputs[place].rank = value->shape.rank;
    to->session->inputs[place].dtype = array->dtype;
    return SOMA_OK;
}

/* The file's type of an input. */
static int32_t type_of(const soma_onnx_session *session, const char *name) {
    const soma_onnx_front *front = session->file->front;
    for (size_t i = 0; i < front->input_count; i++)
        if (front->all_inputs[i]->name && strcmp(front->all_inputs[i]->name, name) == 0)
            return front->all_inputs[i]->type->tensor_type->elem_type;
    return SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
}

static soma_status make_value(const soma_onnx_session *session, size_t number, const soma_array *array,
                              soma_onnx_value *value, void **memory) {
    const soma_value_info *info = &session->given[number];
    *value = (soma_onnx_value){.constant = true, .encoded = info->dtype == SOMA_STRING, .name = info->name};
    value->elements.type = type_of(session, info->name);
    value->integer = value->encoded || soma_onnx_is_integer(value->elements.type);
    value->shape.rank = array->rank;
    memcpy(value->shape.dim, array->shape, array->rank * sizeof *array->shape);
    return soma_onnx_set_elements(value, array, memory);
}

soma_status soma_onnx_run_before(soma_onnx_session *session, const soma_array *given, soma_array *arrays,
                                 void **memory) {
    const size_t count = session->given_count;
    soma_onnx_value *values = soma_calloc(count + 1, sizeof *values);
    void **numbers = soma_calloc(count + 1, sizeof *numbers);
    going to = {session, arrays, memory};
    soma_status status =
        values && numbers ? SOMA_OK : soma_out_of_memory(count * (sizeof *values + sizeof *numbers), "inputs");
    for (size_t i = 0; i < count && status == SOMA_OK; i++) {
        const size_t place = number_of(session, session->given[i].name);
        if (place < session->input_count) arrays[place] = given[i];
        status = make_value(session, i, &given[i], &values[i], &numbers[i]);
    }
    if (status == SOMA_OK)
        status = soma_onnx_run_front(session->file, session->options, values, count, take_value, &to);
    for (size_t i = 0; numbers && i < count; i++) soma_free(numbers[i]);
    soma_free(numbers);
    soma_free(values);
    return status;
}
