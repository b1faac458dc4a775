/* SPDX-License-Identifier: MIT */
/* Normalisation: by figures that are given, a factor and an addend for each channel; else by those of the sample. */
#include "io/c/writer.h"

#include <math.h>
#include <string.h>

enum { X, SCALE, OFFSET, RUNNING_MEAN, RUNNING_VARIANCE, Y, MEAN, INVERSE };

/* x [outer, inner, groups, c] as parts, each with figures of its own, and the elements of one; 0: places of x, 1:
 * channels. */
typedef struct extents {
    soma_c_loops parts, elements;
    size_t count; /* elements of a part */
} extents;

static extents extents_of(const soma_view *x) {
    const size_t outer = x->shape[0], inner = x->shape[1], groups = x->shape[2], c = x->shape[3];
    const size_t parts[] = {outer, groups}, part_of_x[] = {inner * groups * c, c}, part_of_channels[] = {0, c};
    const size_t elements[] = {inner, c}, element_of_x[] = {groups * c, 1}, element_of_channels[] = {0, 1};
    extents e = {.count = inner * c};
    e.parts = soma_c_loops_of(0, 2, parts, (const size_t *const[]){part_of_x, part_of_channels}, 2);
    e.elements =
        soma_c_loops_of(e.parts.rank, 2, elements, (const size_t *const[]){element_of_x, element_of_channels}, 2);
    return e;
}

static const float *values_of(const soma_c_writer *writer, uint32_t index) {
    return writer->call->view[index].rank ? soma_c_values(writer, &writer->call->view[index]) : NULL;
}

/* scale / sqrt(variance + epsilon), and offset - mean times that. */
static soma_status put_line(soma_c_writer *writer, size_t channels, soma_c_name *factor, soma_c_name *shift) {
    const float *scale = values_of(writer, SCALE), *offset = values_of(writer, OFFSET),
                *mean = values_of(writer, RUNNING_MEAN), *variance = values_of(writer, RUNNING_VARIANCE);
    const double epsilon = (double)writer->call->params.normalize.epsilon;
    float *values = soma_calloc(2 * channels, sizeof *values);
    if (!values) return soma_out_of_memory(2 * channels * sizeof *values, "the C file");
    for (size_t i = 0; i < channels; i++) {
        const double f = (scale ? (double)scale[i] : 1.0) / sqrt((double)variance[i] + epsilon);
        values[i] = (float)f;
        values[channels + i] = (float)((offset ? (double)offset[i] : 0.0) - (double)mean[i] * f);
    }
    const char *function = writer->function.text + strlen(writer->prefix) + 1;
    char name[SOMA_C_NAME];
    snprintf(name, sizeof name, "%.250s_factor", function);
    soma_status status = soma_c_take_name(writer, name, factor);
    if (status == SOMA_OK) status = soma_c_put_array(writer, factor->text, values, channels);
    snprintf(name, sizeof name, "%.250s_shift", function);
    if (status == SOMA_OK) status = soma_c_take_name(writer, name, shift);
    if (status == SOMA_OK) status = soma_c_put_array(writer, shift->text, values + channels, channels);
    soma_free(values);
    return status;
}

static soma_status put_given(soma_c_writer *writer, const soma_call *call, const char *x, const char *y) {
    const soma_normalize_params *params = &call->params.normalize;
    const extents e = extents_of(&call->view[X]);
    soma_c_name factor, shift;
    SOMA_TRY(put_line(writer, call->view[X].shape[2] * call->view[X].shape[3], &factor, &shift));
    NOTE("normalised by the figures that training has found");
    soma_c_put_loops(writer, &e.parts);
    const unsigned depth = soma_c_put_loops(writer, &e.elements);
    const soma_c_expression place = soma_c_place(&e.parts, &e.elements, 0);
    const soma_c_expression channel = soma_c_place(&e.parts, &e.elements, 1);
    soma_c_put_indent(writer, depth);
    PUT("const float value = %s[%s] * %s[%s] + %s[%s];\n", x, place.text, factor.text, channel.text, shift.text,
        channel.text);
    soma_c_put_indent(writer, depth);
    PUT("%s[%s] = %s;\n", y, place.text, soma_c_apply(writer, params->function, params->a, params->b, "value").text);
    soma_c_end_loops(writer, depth, 0);
    return SOMA_OK;
}

static soma_status put_channel(soma_c_writer *writer, unsigned depth, uint32_t index, const char *role,
                               const char *step, const char *channel) {
    soma_c_expression values;
    if (!writer->call->view[index].rank) return SOMA_OK;
    SOMA_TRY(soma_c_view(writer, &writer->call->view[index], role, &values));
    soma_c_put_indent(writer, depth);
    PUT("value %s= %s[%s];\n", step, values.text, channel);
    return SOMA_OK;
}

static soma_status put_own(soma_c_writer *writer, const soma_call *call, const char *x, const char *y) {
    const soma_normalize_params *params = &call->params.normalize;
    const extents e = extents_of(&call->view[X]);
    const soma_c_expression place = soma_c_place(&e.parts, &e.elements, 0);
    const soma_c_expression channel = soma_c_place(&e.parts, &e.elements, 1);
    NOTE("each %zu numbers normalised by their own %svariance", e.count, params->centered ? "mean and " : "");
    const unsigned part = soma_c_put_loops(writer, &e.parts);
    soma_c_put_indent(writer, part);
    PUT("float mean = 0.0f, variance = 0.0f;\n");
    unsigned depth;
    if (params->centered) {
        depth = soma_c_put_loops(writer, &e.elements);
        soma_c_put_indent(writer, depth);
        PUT("mean += %s[%s];\n", x, place.text);
        soma_c_end_loops(writer, depth, part);
        soma_c_put_indent(writer, part);
        PUT("mean /= %zu.0f;\n", e.count);
    }
    depth = soma_c_put_loops(writer, &e.elements);
    soma_c_put_indent(writer, depth);
    PUT("const float difference = %s[%s] - mean;\n", x, place.text);
    soma_c_put_indent(writer, depth);
    PUT("variance += difference * difference;\n");
    soma_c_end_loops(writer, depth, part);
    soma_c_put_indent(writer, part);
    PUT("const float inverse = 1.0f / sqrtf(variance / %zu.0f + %s);\n", e.count, soma_c_number(params->epsilon).text);
    depth = soma_c_put_loops(writer, &e.elements);
    soma_c_put_indent(writer, depth);
    PUT("float value = (%s[%s] - mean) * inverse;\n", x, place.text);
    SOMA_TRY(put_channel(writer, depth, SCALE, "scale", "*", channel.text));
    SOMA_TRY(put_channel(writer, depth, OFFSET, "offset", "+", channel.text));
    soma_c_put_indent(writer, depth);
    PUT("%s[%s] = %s;\n", y, place.text, soma_c_apply(writer, params->function, params->a, params->b, "value").text);
    soma_c_end_loops(writer, depth, 0);
    return SOMA_OK;
}

soma_status soma_c_write_normalize(soma_c_writer *writer, const soma_call *call) {
    const bool given = call->params.normalize.given;
    soma_c_expression x, y;
    if (call->view[MEAN].rank || call->view[INVERSE].rank)
        return soma_error(SOMA_UNSUPPORTED, "a normalisation whose mean or deviation is asked for; accepted is one "
                                            "of which nothing but its result is");
    for (uint32_t i = SCALE; i <= RUNNING_VARIANCE; i++)
        if (soma_c_view_changes(writer->program, &call->view[i]))
            return soma_error(SOMA_UNSUPPORTED,
                              "a normalisation whose %s depends on the inputs; accepted are figures "
                              "that are known",
                              soma_call_view_name(call, i));
    SOMA_TRY(soma_c_view(writer, &call->view[X], "x", &x));
    SOMA_TRY(soma_c_view(writer, &call->view[Y], "y", &y));
    return given ? put_given(writer, call, x.text, y.text) : put_own(writer, call, x.text, y.text);
}
