/* SPDX-License-Identifier: MIT */
/* A run of a session of soma/onnx.h: its network on the device, and behind it what the host computes. */
#include "base/size.h"
#include "io/onnx/onnx_session.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------------------ runs */

typedef struct run {
    soma_onnx_session *session;
    const soma_array *inputs;
    soma_onnx_part *one;
    void **memory;          /* [needed]: of what is no input */
    soma_onnx_value *given; /* [needed] */
} run;

static soma_status check_input(const soma_onnx_session *session, size_t i, const soma_array *array) {
    const soma_value_info *info = &session->given[i];
    size_t count = 1;
    bool fits = array->data && array->dtype == info->dtype && array->rank == info->rank;
    for (uint32_t k = 0; fits && k < info->rank; k++)
        fits = array->shape[k] > 0 && (info->shape[k] == 0 || info->shape[k] == array->shape[k]) &&
               soma_multiply_size(count, array->shape[k], &count);
    if (fits) return SOMA_OK;
    soma_text text = {.data = NULL};
    for (uint32_t k = 0; k < info->rank; k++)
        soma_text_append(&text, info->shape[k] ? "%s%zu" : "%s?", k ? ", " : "", info->shape[k]);
    soma_text_append(&text, "], got %s [", soma_dtype_name(array->dtype));
    for (uint32_t k = 0; k < array->rank && k < SOMA_MAX_RANK; k++)
        soma_text_append(&text, "%s%zu", k ? ", " : "", array->shape[k]);
    soma_status status =
        soma_error(SOMA_INVALID_ARGUMENT, "soma_onnx_session_run: input %zu, %s, takes %s [%s]%s", i, info->name,
                   soma_dtype_name(info->dtype), text.data ? text.data : "", array->data ? "" : ", and has no data");
    soma_free(text.data);
    return status;
}

static const soma_array *input_named(const run *r, const char *name) {
    for (size_t i = 0; i < r->session->input_count; i++)
        if (strcmp(r->session->inputs[i].name, name) == 0) return &r->inputs[i];
    return NULL;
}

static soma_status set_elements(run *r, size_t number, const soma_array *array) {
    return soma_onnx_set_elements(&r->given[number], array, &r->memory[number]);
}

/* What the network has made of it, in an array as the file has it. */
static soma_status make_room(run *r, size_t number, soma_array *array) {
    const soma_onnx_needed *needed = &r->one->late.needed[number];
    const soma_onnx_shape *shape = &needed->value.shape;
    soma_value_info info;
    size_t count = 1;
    SOMA_TRY(soma_network_output_info(r->one->network, needed->output, &info));
    if (shape->rank > SOMA_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "%s has %u dimensions; up to %d go from the network to the host",
                          r->given[number].name, shape->rank, SOMA_MAX_RANK);
    for (uint32_t i = 0; i < shape->rank; i++)
        if (!soma_multiply_size(count, shape->dim[i], &count)) return soma_out_of_memory(SIZE_MAX, info.name);
    *array = (soma_array){.dtype = info.dtype, .rank = shape->rank};
    r->memory[number] = soma_calloc(SOMA_MAX(count, (size_t)1), sizeof(double));
    array->data = r->memory[number];
    return r->memory[number] ? SOMA_OK : soma_out_of_memory(count * sizeof(double), info.name);
}

static soma_status run_network(run *r) {
    soma_array inputs[SOMA_MAX_ENDS], made[SOMA_MAX_ENDS];
    void *outputs[SOMA_MAX_ENDS] = {NULL};
    const soma_onnx_late *late = &r->one->late;
    soma_value_info info;
    if (!r->one->session) return SOMA_OK;
    const size_t count = soma_network_input_count(r->one->network);
    for (size_t i = 0; i < count && i < SOMA_MAX_ENDS; i++) {
        SOMA_TRY(soma_network_input_info(r->one->network, i, &info));
        const soma_array *array = input_named(r, info.name);
        if (!array) return soma_error(SOMA_INTERNAL, "the network has an input %s, the model has none", info.name);
        inputs[i] = *array;
    }
    for (size_t i = 0; i < late->names.count; i++) {
        const size_t output = late->needed[i].output;
        if (output == SIZE_MAX) continue;
        SOMA_TRY(make_room(r, i, &made[output]));
        outputs[output] = r->memory[i];
    }
    SOMA_TRY(soma_session_run_arrays(r->one->session, inputs, outputs));
    for (size_t i = 0; i < late->names.count; i++)
        if (late->needed[i].output != SIZE_MAX) SOMA_TRY(set_elements(r, i, &made[late->needed[i].output]));
    return SOMA_OK;
}

/* Of what the nodes read that were put off all that is known now is a constant. */
static soma_status give_all(run *r) {
    const soma_onnx_late *late = &r->one->late;
    for (size_t i = 0; i < late->names.count; i++) {
        soma_onnx_value *value = &r->given[i];
        const soma_onnx_value *known = &late->needed[i].value;
        *value = (soma_onnx_value){.constant = !known->sequence,
                                   .sequence = known->sequence,
                                   .encoded = known->encoded,
                                   .integer = known->integer,
                                   .shape = known->shape,
                                   .elements = known->elements,
                                   .words = known->words,
                                   .name = late->names.words[i].text};
        value->shape.batched = false;
        value->shape.batch = 0;
        value->of_run = late->needed[i].input || late->needed[i].output != SIZE_MAX;
        if (late->needed[i].input) SOMA_TRY(set_elements(r, i, input_named(r, value->name)));
    }
    return run_network(r);
}

static soma_status take_result(void *context, size_t output, const soma_onnx_value *value) {
    const run *r = context;
    soma_onnx_result *to = &r->session->results[output];
    const soma_value_info *info = &r->session->outputs[output];
    const Soma__Onnx__ValueInfoProto *declared = soma_onnx_wanted_output(r->session->file, r->session->options, output);
    const bool typed = declared->type && declared->type->value_case == SOMA__ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
                       declared->type->tensor_type && declared->type->tensor_type->elem_type;
    soma_onnx_reader reader;
    size_t count = soma_onnx_count(&value->shape, 0, value->shape.rank), i = 0;
    const bool words = value->encoded || soma_onnx_is_words(value) || soma_onnx_is_labels(value);
    if (value->shape.rank > SOMA_MAX_RANK || (typed && words != (info->dtype == SOMA_STRING)))
        return soma_error(SOMA_UNSUPPORTED,
                          "holds %s of %u dimensions; up to %d dimensions of what the file declares come out",
                          words ? "words" : "numbers", value->shape.rank, SOMA_MAX_RANK);
    to->array = (soma_array){.dtype = words   ? SOMA_STRING
                                      : typed ? info->dtype
                                              : soma_onnx_dtype_of(soma_onnx_type_of(value)),
                             .rank = value->shape.rank};
    memcpy(to->array.shape, value->shape.dim, value->shape.rank * sizeof *to->array.shape);
    if (words) return soma_onnx_give_words(r->session, value, to);
    soma_free(to->memory);
    to->memory = soma_calloc(SOMA_MAX(count, (size_t)1), soma_dtype_size(to->array.dtype));
    if (!to->memory) return soma_out_of_memory(count * soma_dtype_size(to->array.dtype), info->name);
    to->array.data = to->memory;
    SOMA_TRY(soma_onnx_reader_open(r->session->file, &value->elements, &reader));
    double number = 0;
    for (; i < count; i++)
        if (!soma_onnx_put_number(to->array.dtype, number = soma_onnx_read(&reader, i), to->memory, i)) break;
    soma_onnx_reader_close(&reader);
    return i == count
               ? SOMA_OK
               : soma_error(SOMA_UNSUPPORTED, "element %zu comes out as %.17g, which is no %s that is sure to be right",
                            i, number, soma_dtype_name(to->array.dtype));
}

static soma_status run_part(run *r) {
    const size_t count = r->one->late.names.count;
    r->memory = soma_calloc(count + 1, sizeof *r->memory);
    r->given = soma_calloc(count + 1, sizeof *r->given);
    soma_status status = r->memory && r->given
                             ? SOMA_OK
                             : soma_out_of_memory(count * sizeof *r->given, "values between network and host");
    if (status == SOMA_OK) status = give_all(r);
    if (status == SOMA_OK)
        status = soma_onnx_run_late(r->session->file, r->session->options, &r->one->late, r->given,
                                    (soma_onnx_elsewhere){soma_onnx_run_lone, r->session}, take_result, r);
    for (size_t i = 0; r->memory && i < count; i++) soma_free(r->memory[i]);
    soma_free(r->memory);
    soma_free(r->given);
    return status;
}

/* Of inputs that are numbers, as the network takes them. */
static soma_status run_arrays(soma_onnx_session *session, const soma_array *inputs) {
    run r = {.session = session, .inputs = inputs};
    size_t(*shape)[SOMA_MAX_RANK] = soma_calloc(session->input_count + 1, sizeof *shape);
    if (!shape) return soma_out_of_memory(session->input_count * sizeof *shape, "the shapes of inputs");
    for (size_t i = 0; i < session->input_count; i++)
        for (uint32_t k = 0; k < session->inputs[i].rank; k++) shape[i][k] = inputs[i].shape[k];
    soma_status status = soma_onnx_find_part(session, shape, &r.one);
    soma_free(shape);
    return status == SOMA_OK ? run_part(&r) : status;
}

/* Through the nodes before the networks, where there are any. */
static soma_status run_given(soma_onnx_session *session, const soma_array *given) {
    const size_t count = session->input_count;
    if (!session->file->front) return run_arrays(session, given);
    soma_array *arrays = soma_calloc(count + 1, sizeof *arrays);
    void **memory = soma_calloc(count + 1, sizeof *memory);
    soma_status status =
        arrays && memory ? SOMA_OK : soma_out_of_memory(count * (sizeof *arrays + sizeof *memory), "inputs");
    if (status == SOMA_OK) status = soma_onnx_run_before(session, given, arrays, memory);
    if (status == SOMA_OK) status = run_arrays(session, arrays);
    for (size_t i = 0; memory && i < count; i++) soma_free(memory[i]);
    soma_free(memory);
    soma_free(arrays);
    return status;
}

soma_status soma_onnx_session_run(soma_onnx_session *session, const soma_array *inputs, soma_array *outputs) {
    if (!session || !inputs || !outputs)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_onnx_session_run: the %s NULL",
                          !session ? "session is"
                          : inputs ? "outputs are"
                                   : "inputs are");
    for (size_t i = 0; i < session->given_count; i++) SOMA_TRY(check_input(session, i, &inputs[i]));
    const size_t count = session->given_count;
    soma_array *given = soma_calloc(count + 1, sizeof *given);
    void **memory = soma_calloc(count + 1, sizeof *memory);
    soma_status status =
        given && memory ? SOMA_OK : soma_out_of_memory(count * (sizeof *given + sizeof *memory), "inputs");
    for (size_t i = 0; i < count && status == SOMA_OK; i++) given[i] = inputs[i];
    if (status == SOMA_OK) status = soma_onnx_encode_inputs(session, given, memory);
    if (status == SOMA_OK) status = run_given(session, given);
    for (size_t i = 0; i < session->output_count && status == SOMA_OK; i++) outputs[i] = session->results[i].array;
    for (size_t i = 0; memory && i < count; i++) soma_free(memory[i]);
    soma_free(memory);
    soma_free(given);
    return status;
}
