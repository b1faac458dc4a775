/* SPDX-License-Identifier: MIT */
/*
 * Runs of a session with arrays as a file declares them: of its types, and with the samples counted by any dimension. A
 * session itself takes float32 with the samples in front.
 */
#include "train/session.h"
#include "train/session_numbers.h"

#include <stdio.h>
#include <string.h>

typedef struct edge {
    soma_value_info info;
    const char *what; /* "input", "output" */
    size_t index;
    size_t outer, inner; /* elements before and behind the dimension of the samples: of one, and of a sample's part */
    float *own;          /* the numbers as the session has them, where they are not so already */
} edge;

typedef struct arrays_run {
    soma_session *session;
    const soma_network *network;
    size_t batch;
    edge input[SOMA_MAX_ENDS], output[SOMA_MAX_ENDS];
    const float *inputs[SOMA_MAX_ENDS];
    float *outputs[SOMA_MAX_ENDS];
} arrays_run;

/* ---------------------------------------------------------------------------------------------------------- shapes */

/* "[2, ?, 3]" */
static const char *shape_text(uint32_t rank, const size_t *shape, char text[SOMA_SHAPE_TEXT]) {
    size_t length = (size_t)snprintf(text, SOMA_SHAPE_TEXT, "[");
    for (uint32_t i = 0; i < rank && i < SOMA_MAX_RANK; i++)
        length +=
            (size_t)(shape[i] ? snprintf(text + length, SOMA_SHAPE_TEXT - length, "%s%zu", i ? ", " : "", shape[i])
                              : snprintf(text + length, SOMA_SHAPE_TEXT - length, "%s?", i ? ", " : ""));
    snprintf(text + length, SOMA_SHAPE_TEXT - length, "]");
    return text;
}

static soma_status refuse_array(const edge *e, const soma_array *array) {
    char wanted[SOMA_SHAPE_TEXT], given[SOMA_SHAPE_TEXT];
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "soma_session_run_arrays: input %zu, %s, takes %s %s%s, got %s %s of %u dimensions", e->index,
                      e->info.name, soma_dtype_name(e->info.dtype), shape_text(e->info.rank, e->info.shape, wanted),
                      e->info.batch_axis == SOMA_NO_AXIS ? ", or samples of that" : "", soma_dtype_name(array->dtype),
                      shape_text(array->rank, array->shape, given), array->rank);
}

/* The number of samples; 0: the array is none for this input. */
static size_t samples_of(const soma_value_info *info, const soma_array *array) {
    const uint32_t more = info->batch_axis == SOMA_NO_AXIS && array->rank == info->rank + 1;
    size_t samples = more ? array->shape[0] : 1;
    if (array->dtype != info->dtype || array->rank > SOMA_MAX_RANK || array->rank != info->rank + more) return 0;
    for (uint32_t i = 0; i < info->rank; i++)
        if (i == info->batch_axis)
            samples = array->shape[i];
        else if (array->shape[i + more] != info->shape[i])
            return 0;
    return samples;
}

static void set_extent(edge *e, const char *what, size_t index) {
    const bool counted = e->info.batch_axis != SOMA_NO_AXIS;
    e->what = what;
    e->index = index;
    e->outer = e->inner = 1;
    for (uint32_t i = 0; i < e->info.rank; i++)
        if (counted && i < e->info.batch_axis)
            e->outer *= e->info.shape[i];
        else if (i != e->info.batch_axis)
            e->inner *= e->info.shape[i];
}

/* Whether the session's own form is another one. */
static bool is_converted(const edge *e) {
    return e->info.dtype != SOMA_F32 || e->outer > 1;
}

/* ----------------------------------------------------------------------------------------------------- conversion */

/* "[1, 5]": where element number `at` of an array of so many samples is. */
static const char *place_text(const edge *e, size_t batch, size_t at, char text[SOMA_SHAPE_TEXT]) {
    size_t place[SOMA_MAX_RANK] = {0}, length = (size_t)snprintf(text, SOMA_SHAPE_TEXT, "[");
    const bool more = e->info.batch_axis == SOMA_NO_AXIS && batch > 1;
    for (uint32_t i = e->info.rank; i-- > 0;) {
        const size_t size = i == e->info.batch_axis ? batch : e->info.shape[i];
        place[i] = at % size;
        at /= size;
    }
    if (more)
        length += (size_t)snprintf(text + length, SOMA_SHAPE_TEXT - length, "%zu%s", at, e->info.rank ? ", " : "");
    for (uint32_t i = 0; i < e->info.rank; i++)
        length += (size_t)snprintf(text + length, SOMA_SHAPE_TEXT - length, "%s%zu", i ? ", " : "", place[i]);
    snprintf(text + length, SOMA_SHAPE_TEXT - length, "]");
    return text;
}

static soma_status refuse_given(const edge *e, size_t batch, size_t at, const void *data) {
    char place[SOMA_SHAPE_TEXT], number[SOMA_NUMBER_TEXT];
    return soma_error(
        SOMA_INVALID_ARGUMENT,
        "soma_session_run_arrays: input %zu, %s, element %s is %s; computation is in float32, which %s", e->index,
        e->info.name, place_text(e, batch, at, place), soma_number_text(e->info.dtype, data, at, number),
        e->info.dtype == SOMA_F64 ? "ends at 3.40282e+38"
                                  : "has all whole numbers from -16777216 to 16777216 and not all beyond");
}

static soma_status refuse_made(const edge *e, size_t batch, size_t at, float value) {
    char place[SOMA_SHAPE_TEXT];
    return soma_error(
        SOMA_UNSUPPORTED,
        "soma_session_run_arrays: output %zu, %s, element %s comes out as %.9g, which is no %s that is sure "
        "to be right: computation is in float32, which has all whole numbers from -16777216 to 16777216 "
        "and not all beyond",
        e->index, e->info.name, place_text(e, batch, at, place), (double)value, soma_dtype_name(e->info.dtype));
}

/* Element `at` of a file's array is number *own of a session's. */
static size_t own_place(const edge *e, size_t batch, size_t at) {
    const size_t row = at / e->inner; /* of outer * batch */
    return (row % batch * e->outer + row / batch) * e->inner + at % e->inner;
}

static soma_status take_input(const edge *e, size_t batch, const void *data) {
    const size_t count = e->outer * batch * e->inner;
    for (size_t i = 0; i < count; i++)
        if (!soma_number_to_float(e->info.dtype, data, i, &e->own[own_place(e, batch, i)]))
            return refuse_given(e, batch, i, data);
    return SOMA_OK;
}

static soma_status give_output(const edge *e, size_t batch, void *data) {
    const size_t count = e->outer * batch * e->inner;
    for (size_t i = 0; i < count; i++) {
        const float value = e->own[own_place(e, batch, i)];
        if (!soma_number_from_float(e->info.dtype, value, data, i)) return refuse_made(e, batch, i, value);
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ runs */

/* Memory for what is not in the session's form. */
static soma_status make_own(edge *e, size_t batch) {
    size_t count, bytes;
    if (!is_converted(e)) return SOMA_OK;
    if (!soma_multiply_size(e->outer * e->inner, batch, &count) || !soma_multiply_size(count, sizeof(float), &bytes))
        return soma_out_of_memory(SIZE_MAX, e->info.name);
    e->own = soma_malloc(SOMA_MAX(bytes, 1));
    return e->own ? SOMA_OK : soma_out_of_memory(bytes, e->info.name);
}

static soma_status prepare_input(arrays_run *run, size_t i, const soma_array *array) {
    edge *e = &run->input[i];
    SOMA_TRY(soma_network_input_info(run->network, i, &e->info));
    set_extent(e, "input", i);
    const size_t samples = samples_of(&e->info, array);
    if (!array->data) return soma_error(SOMA_INVALID_ARGUMENT, "soma_session_run_arrays: input %zu has no data", i);
    if (!samples) return refuse_array(e, array);
    if (i > 0 && samples != run->batch)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_session_run_arrays: input %zu, %s, has %zu samples, input 0 has %zu; all need the same "
                          "number",
                          i, e->info.name, samples, run->batch);
    run->batch = samples;
    SOMA_TRY(make_own(e, samples));
    run->inputs[i] = e->own ? e->own : array->data;
    return e->own ? take_input(e, samples, array->data) : SOMA_OK;
}

static soma_status prepare_output(arrays_run *run, size_t i, void *data) {
    edge *e = &run->output[i];
    if (!data) return SOMA_OK;
    SOMA_TRY(soma_network_output_info(run->network, i, &e->info));
    set_extent(e, "output", i);
    SOMA_TRY(make_own(e, run->batch));
    run->outputs[i] = e->own ? e->own : data;
    return SOMA_OK;
}

static soma_status run_all(arrays_run *run, const soma_array *inputs, void *const *outputs) {
    const size_t count = soma_network_output_count(run->network);
    for (size_t i = 0; i < run->network->input_count; i++) SOMA_TRY(prepare_input(run, i, &inputs[i]));
    for (size_t i = 0; outputs && i < count; i++) SOMA_TRY(prepare_output(run, i, outputs[i]));
    SOMA_TRY(soma_session_run(run->session, run->batch, run->inputs, run->outputs));
    for (size_t i = 0; outputs && i < count; i++)
        if (run->output[i].own) SOMA_TRY(give_output(&run->output[i], run->batch, outputs[i]));
    return SOMA_OK;
}

soma_status soma_session_run_arrays(soma_session *session, const soma_array *inputs, void *const *outputs) {
    if (!session || !inputs)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_session_run_arrays: the %s NULL",
                          session ? "inputs are" : "session is");
    arrays_run *run = soma_calloc(1, sizeof *run);
    if (!run) return soma_out_of_memory(sizeof *run, "a run");
    run->session = session;
    run->network = soma_session_network(session);
    soma_status status = run_all(run, inputs, outputs);
    for (size_t i = 0; i < SOMA_MAX_ENDS; i++) {
        soma_free(run->input[i].own);
        soma_free(run->output[i].own);
    }
    soma_free(run);
    return status;
}
