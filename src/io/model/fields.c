/* SPDX-License-Identifier: MIT */
/* See fields.h. */
#include "io/model/fields.h"
#include "base/floats.h"
#include "base/utf8.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------------ tables
 */

#define ATTRIBUTE(key, kind, names, member)                                                                            \
    { key, kind, names, offsetof(soma_attributes, member) }

static const soma_field fill_fields[] = {ATTRIBUTE("value", SOMA_FIELD_VALUE, 0, fill.value)};
static const soma_field copy_fields[] = {ATTRIBUTE("scale", SOMA_FIELD_NUMBER, 0, copy.scale)};
static const soma_field gemm_fields[] = {ATTRIBUTE("transpose_a", SOMA_FIELD_BOOL, 0, gemm.transpose_a),
                                         ATTRIBUTE("transpose_b", SOMA_FIELD_BOOL, 0, gemm.transpose_b)};
static const soma_field unary_fields[] = {ATTRIBUTE("function", SOMA_FIELD_NAME, SOMA_NAMES_FUNCTION, unary.function),
                                          ATTRIBUTE("a", SOMA_FIELD_NUMBER, 0, unary.a),
                                          ATTRIBUTE("b", SOMA_FIELD_NUMBER, 0, unary.b)};
static const soma_field binary_fields[] = {ATTRIBUTE("operation", SOMA_FIELD_NAME, SOMA_NAMES_BINARY, binary.op)};
static const soma_field reduce_fields[] = {ATTRIBUTE("reduction", SOMA_FIELD_NAME, SOMA_NAMES_REDUCTION, reduce.op),
                                           ATTRIBUTE("axis", SOMA_FIELD_COUNT, 0, reduce.axis),
                                           ATTRIBUTE("axes", SOMA_FIELD_NUMEROUS, 0, reduce.count)};
static const soma_field transpose_fields[] = {ATTRIBUTE("axes", SOMA_FIELD_AXES, 0, transpose.axis)};
static const soma_field concat_fields[] = {ATTRIBUTE("axis", SOMA_FIELD_COUNT, 0, concat.axis)};
static const soma_field slice_fields[] = {ATTRIBUTE("axis", SOMA_FIELD_COUNT, 0, slice.axis),
                                          ATTRIBUTE("start", SOMA_FIELD_SIZE, 0, slice.start),
                                          ATTRIBUTE("length", SOMA_FIELD_SIZE, 0, slice.length)};
static const soma_field softmax_fields[] = {ATTRIBUTE("log", SOMA_FIELD_BOOL, 0, softmax.log),
                                            ATTRIBUTE("axis", SOMA_FIELD_COUNT, 0, softmax.axis)};
static const soma_field normalize_fields[] = {
    ATTRIBUTE("epsilon", SOMA_FIELD_NUMBER, 0, normalize.params.epsilon),
    ATTRIBUTE("momentum", SOMA_FIELD_NUMBER, 0, normalize.params.momentum),
    ATTRIBUTE("centered", SOMA_FIELD_BOOL, 0, normalize.params.centered),
    ATTRIBUTE("sample_variance", SOMA_FIELD_BOOL, 0, normalize.params.sample_variance),
    ATTRIBUTE("axis", SOMA_FIELD_COUNT, 0, normalize.axis),
    ATTRIBUTE("groups", SOMA_FIELD_COUNT, 0, normalize.groups),
    ATTRIBUTE("scaled", SOMA_FIELD_BOOL, 0, normalize.scaled),
    ATTRIBUTE("shifted", SOMA_FIELD_BOOL, 0, normalize.shifted),
    ATTRIBUTE("running", SOMA_FIELD_BOOL, 0, normalize.running)};
static const soma_field dropout_fields[] = {ATTRIBUTE("rate", SOMA_FIELD_NUMBER, 0, dropout.rate),
                                            ATTRIBUTE("stream", SOMA_FIELD_COUNT, 0, dropout.stream)};

static const soma_field pad_fields[] = {ATTRIBUTE("value", SOMA_FIELD_VALUE, 0, pad.value),
                                        ATTRIBUTE("before", SOMA_FIELD_SIZES, 0, pad.before),
                                        ATTRIBUTE("after", SOMA_FIELD_SIZES, 0, pad.after)};
/* CONV has all but the last. */
static const soma_field conv_fields[] = {ATTRIBUTE("stride", SOMA_FIELD_SPACE, 0, conv.params.stride),
                                         ATTRIBUTE("dilation", SOMA_FIELD_SPACE, 0, conv.params.dilation),
                                         ATTRIBUTE("before", SOMA_FIELD_SPACE, 0, conv.params.before),
                                         ATTRIBUTE("after", SOMA_FIELD_SPACE, 0, conv.after),
                                         ATTRIBUTE("groups", SOMA_FIELD_COUNT, 0, conv.params.groups),
                                         ATTRIBUTE("output_padding", SOMA_FIELD_SPACE, 0, conv.output_padding)};

static const soma_field recurrent_fields[] = {
    ATTRIBUTE("kind", SOMA_FIELD_NAME, SOMA_NAMES_RECURRENT, recurrent.params.kind),
    ATTRIBUTE("function", SOMA_FIELD_NAME, SOMA_NAMES_FUNCTION, recurrent.params.function),
    ATTRIBUTE("reset_before", SOMA_FIELD_BOOL, 0, recurrent.params.reset_before),
    ATTRIBUTE("reverse", SOMA_FIELD_BOOL, 0, recurrent.params.reverse),
    ATTRIBUTE("biased", SOMA_FIELD_BOOL, 0, recurrent.biased),
    ATTRIBUTE("masked", SOMA_FIELD_BOOL, 0, recurrent.masked),
    ATTRIBUTE("stated", SOMA_FIELD_BOOL, 0, recurrent.stated),
    ATTRIBUTE("celled", SOMA_FIELD_BOOL, 0, recurrent.celled),
    ATTRIBUTE("truncate", SOMA_FIELD_PERHAPS, 0, recurrent.truncate),
    ATTRIBUTE("truncate_last", SOMA_FIELD_PERHAPS, 0, recurrent.truncate_last)};

static const soma_field attention_fields[] = {ATTRIBUTE("heads", SOMA_FIELD_COUNT, 0, attention.params.heads),
                                              ATTRIBUTE("key_heads", SOMA_FIELD_COUNT, 0, attention.params.key_heads),
                                              ATTRIBUTE("causal", SOMA_FIELD_BOOL, 0, attention.params.causal),
                                              ATTRIBUTE("scale", SOMA_FIELD_NUMBER, 0, attention.params.scale),
                                              ATTRIBUTE("masked", SOMA_FIELD_BOOL, 0, attention.masked)};

static const soma_field pool_fields[] = {ATTRIBUTE("kind", SOMA_FIELD_NAME, SOMA_NAMES_POOLING, pool.params.kind),
                                         ATTRIBUTE("size", SOMA_FIELD_SPACE, 0, pool.params.size),
                                         ATTRIBUTE("stride", SOMA_FIELD_SPACE, 0, pool.params.stride),
                                         ATTRIBUTE("dilation", SOMA_FIELD_SPACE, 0, pool.params.dilation),
                                         ATTRIBUTE("before", SOMA_FIELD_SPACE, 0, pool.params.before),
                                         ATTRIBUTE("after", SOMA_FIELD_SPACE, 0, pool.params.after),
                                         ATTRIBUTE("count_padding", SOMA_FIELD_BOOL, 0, pool.params.count_padding),
                                         ATTRIBUTE("ceil", SOMA_FIELD_BOOL, 0, pool.ceil)};

static const soma_field gather_fields[] = {ATTRIBUTE("padded", SOMA_FIELD_BOOL, 0, gather.padded),
                                           ATTRIBUTE("padding", SOMA_FIELD_SIZE, 0, gather.padding)};

static const soma_field trees_fields[] = {ATTRIBUTE("depth", SOMA_FIELD_COUNT, 0, trees.depth)};

static const soma_field put_fields[] = {ATTRIBUTE("combines", SOMA_FIELD_BOOL, 0, put.combines),
                                        ATTRIBUTE("operation", SOMA_FIELD_NAME, SOMA_NAMES_BINARY, put.op)};

#define OPTIMIZER(key, kind, names, member)                                                                            \
    { key, kind, names, offsetof(soma_optimizer, member) }

const soma_field soma_optimizer_fields[] = {
    OPTIMIZER("kind", SOMA_FIELD_NAME, SOMA_NAMES_OPTIMIZER, kind),
    OPTIMIZER("learning_rate", SOMA_FIELD_NUMBER, 0, learning_rate),
    OPTIMIZER("momentum", SOMA_FIELD_NUMBER, 0, momentum),
    OPTIMIZER("beta1", SOMA_FIELD_NUMBER, 0, beta1),
    OPTIMIZER("beta2", SOMA_FIELD_NUMBER, 0, beta2),
    OPTIMIZER("rho", SOMA_FIELD_NUMBER, 0, rho),
    OPTIMIZER("epsilon", SOMA_FIELD_NUMBER, 0, epsilon),
    OPTIMIZER("l2", SOMA_FIELD_NUMBER, 0, l2),
    OPTIMIZER("l1", SOMA_FIELD_NUMBER, 0, l1),
    OPTIMIZER("decay", SOMA_FIELD_NUMBER, 0, decay),
    OPTIMIZER("clip_value", SOMA_FIELD_NUMBER, 0, clip_value),
    OPTIMIZER("clip_norm", SOMA_FIELD_NUMBER, 0, clip_norm),
    OPTIMIZER("schedule", SOMA_FIELD_NAME, SOMA_NAMES_SCHEDULE, schedule.kind),
    OPTIMIZER("schedule_warmup", SOMA_FIELD_STEPS, 0, schedule.warmup),
    OPTIMIZER("schedule_period", SOMA_FIELD_STEPS, 0, schedule.period),
    OPTIMIZER("schedule_factor", SOMA_FIELD_NUMBER, 0, schedule.factor),
    OPTIMIZER("schedule_floor", SOMA_FIELD_NUMBER, 0, schedule.floor),
    OPTIMIZER("schedule_patience", SOMA_FIELD_COUNT, 0, schedule.patience),
    OPTIMIZER("schedule_min_delta", SOMA_FIELD_NUMBER, 0, schedule.min_delta),
};
const size_t soma_optimizer_field_count = SOMA_COUNT_OF(soma_optimizer_fields);

#define FIELDS(table) return *fields = table, *count = SOMA_COUNT_OF(table), true

bool soma_op_fields(soma_op op, const soma_field **fields, size_t *count) {
    switch (op) {
    case SOMA_OP_FILL:
        FIELDS(fill_fields);
    case SOMA_OP_COPY:
        FIELDS(copy_fields);
    case SOMA_OP_GEMM:
        FIELDS(gemm_fields);
    case SOMA_OP_UNARY:
        FIELDS(unary_fields);
    case SOMA_OP_BINARY:
        FIELDS(binary_fields);
    case SOMA_OP_REDUCE:
        FIELDS(reduce_fields);
    case SOMA_OP_TRANSPOSE:
        FIELDS(transpose_fields);
    case SOMA_OP_CONCAT:
        FIELDS(concat_fields);
    case SOMA_OP_SLICE:
        FIELDS(slice_fields);
    case SOMA_OP_SOFTMAX:
        FIELDS(softmax_fields);
    case SOMA_OP_DROPOUT:
        FIELDS(dropout_fields);
    case SOMA_OP_PAD:
        FIELDS(pad_fields);
    case SOMA_OP_POOL:
        FIELDS(pool_fields);
    case SOMA_OP_CONV:
        return *fields = conv_fields, *count = SOMA_COUNT_OF(conv_fields) - 1, true;
    case SOMA_OP_CONV_TRANSPOSE:
        FIELDS(conv_fields);
    case SOMA_OP_RECURRENT:
        FIELDS(recurrent_fields);
    case SOMA_OP_ATTENTION:
        FIELDS(attention_fields);
    case SOMA_OP_NORMALIZE:
        FIELDS(normalize_fields);
    case SOMA_OP_GATHER:
        FIELDS(gather_fields);
    case SOMA_OP_PUT:
        FIELDS(put_fields);
    case SOMA_OP_TREES:
        FIELDS(trees_fields);
    case SOMA_OP_INDEX:
    case SOMA_OP_INPUT:
    case SOMA_OP_MATMUL:
    case SOMA_OP_ORDINAL:
    case SOMA_OP_PARAMETER:
    case SOMA_OP_RESHAPE:
    case SOMA_OP_SECOND: /* cells; decode.c takes no others */
        return *fields = NULL, *count = 0, true;
    default:
        return false; /* made for training */
    }
}

/* ------------------------------------------------------------------------------------------------------------ encode
 */

void soma_json_write_double(soma_json_writer *writer, const char *key, double number) {
    if (isfinite(number))
        soma_json_write_real(writer, key, number);
    else
        soma_json_write_text(writer, key, isnan(number) ? "nan" : number > 0 ? "inf" : "-inf");
}

/* The numbers of an array of the struct; returns how many. */
static size_t numbers_of(const soma_field *field, const char *at, int64_t numbers[SOMA_MAX_RANK]) {
    size_t count = field->kind == SOMA_FIELD_SPACE ? 3 : SOMA_MAX_RANK;
    for (size_t i = 0; i < count; i++) switch (field->kind) {
        case SOMA_FIELD_SPACE:
            numbers[i] = ((const int32_t *)at)[i];
            break;
        case SOMA_FIELD_SIZES:
            numbers[i] = (int64_t)((const size_t *)at)[i];
            break;
        default:
            numbers[i] = ((const uint32_t *)at)[i];
        }
    return count;
}

static void encode_integers(const soma_field *field, const char *at, soma_json_writer *writer) {
    int64_t numbers[SOMA_MAX_RANK];
    size_t count = numbers_of(field, at, numbers);
    soma_json_open_array(writer, field->key);
    for (size_t i = 0; i < count; i++) soma_json_write_integer(writer, NULL, numbers[i]);
    soma_json_close_array(writer);
}

static void encode_value(const soma_field *field, const char *source, soma_json_writer *writer) {
    const char *at = source + field->offset;
    switch (field->kind) {
    case SOMA_FIELD_BOOL:
        soma_json_write_truth(writer, field->key, *(const bool *)at);
        break;
    case SOMA_FIELD_NUMBER:
        soma_json_write_real(writer, field->key, (double)*(const float *)at);
        break;
    case SOMA_FIELD_VALUE:
        soma_json_write_double(writer, field->key, (double)*(const float *)at);
        break;
    case SOMA_FIELD_REAL:
        soma_json_write_double(writer, field->key, *(const double *)at);
        break;
    case SOMA_FIELD_NUMEROUS:
        if (*(const uint32_t *)at != 1) soma_json_write_integer(writer, field->key, *(const uint32_t *)at);
        break;
    case SOMA_FIELD_PERHAPS:
        if (*(const uint32_t *)at) soma_json_write_integer(writer, field->key, *(const uint32_t *)at);
        break;
    case SOMA_FIELD_COUNT:
        soma_json_write_integer(writer, field->key, *(const uint32_t *)at);
        break;
    case SOMA_FIELD_SIZE:
        soma_json_write_integer(writer, field->key, (int64_t) * (const size_t *)at);
        break;
    case SOMA_FIELD_STEPS:
        soma_json_write_integer(writer, field->key, (int64_t) * (const uint64_t *)at);
        break;
    case SOMA_FIELD_AXES:
    case SOMA_FIELD_SPACE:
    case SOMA_FIELD_SIZES:
        encode_integers(field, at, writer);
        break;
    default:
        soma_json_write_text(writer, field->key, soma_name(field->names, *(const int *)at));
    }
}

/* Where infinity is no sense it has no form, and whole numbers are read as signed ones. */
static bool has_form(const soma_field *field, const char *source) {
    const char *at = source + field->offset;
    if (field->kind == SOMA_FIELD_NUMBER) return isfinite(*(const float *)at);
    if (field->kind == SOMA_FIELD_STEPS) return *(const uint64_t *)at <= INT64_MAX;
    return field->kind != SOMA_FIELD_NAME || soma_name(field->names, *(const int *)at);
}

soma_status soma_fields_encode(const soma_field *fields, size_t count, const void *source, soma_json_writer *writer) {
    for (size_t i = 0; i < count; i++) {
        if (!has_form(&fields[i], source))
            return soma_error(SOMA_INVALID_ARGUMENT, "%s is too large, or no number: a file cannot hold it",
                              fields[i].key);
        encode_value(&fields[i], source, writer);
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ decode
 */

static soma_status wrong(const char *where, const char *key, const char *expected) {
    return soma_error(SOMA_INVALID_FILE, "%s: \"%s\" must be %s", where, key, expected);
}

bool soma_json_double(const soma_json *value, double *number) {
    static const struct {
        const char *text;
        double value;
    } special[] = {{"nan", (double)NAN}, {"inf", (double)INFINITY}, {"-inf", -(double)INFINITY}};
    const char *text = soma_json_string(value);
    if (soma_json_number(value, number)) return true;
    for (size_t i = 0; text && i < SOMA_COUNT_OF(special); i++)
        if (strcmp(text, special[i].text) == 0) return *number = special[i].value, true;
    return false;
}

bool soma_json_float(const soma_json *value, float *number) {
    double wide;
    if (!soma_json_number(value, &wide) || fabs(wide) > (double)FLT_MAX) return false;
    *number = (float)wide;
    return true;
}

static soma_status decode_integer(const soma_field *field, const soma_json *value, const char *where, int64_t most,
                                  int64_t *number) {
    if (soma_json_integer(value, number) && *number >= 0 && *number <= most) return SOMA_OK;
    return wrong(where, field->key, "a whole number that is not negative");
}

static soma_status decode_name(const soma_field *field, const soma_json *value, const char *where, int *target) {
    const char *text = soma_json_string(value);
    if (!text) return wrong(where, field->key, "a name");
    if (soma_value_of_name(field->names, text, value->count, target)) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s: \"%s\" is %s, which this version does not know", where, field->key,
                      soma_quote(text, value->count).text);
}

/* `count` whole numbers from `least` to `most`. */
static soma_status decode_integers(const soma_field *field, const soma_json *value, const char *where, size_t count,
                                   int64_t least, int64_t most, int64_t *numbers) {
    bool fits = soma_json_is(value, SOMA_JSON_ARRAY) && soma_json_count(value) == count;
    size_t i = 0;
    SOMA_JSON_EACH(element, fits ? value : NULL) {
        fits = fits && soma_json_integer(element, &numbers[i]) && numbers[i] >= least && numbers[i] <= most;
        i++;
    }
    if (fits) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s: \"%s\" must be %zu whole numbers from %lld to %lld", where, field->key,
                      count, (long long)least, (long long)most);
}

static soma_status decode_value(const soma_field *field, const soma_json *value, const char *where, char *target) {
    char *at = target + field->offset;
    int64_t number = 0, numbers[SOMA_MAX_RANK] = {0};
    switch (field->kind) {
    case SOMA_FIELD_BOOL:
        if (!soma_json_is(value, SOMA_JSON_TRUTH)) return wrong(where, field->key, "true or false");
        *(bool *)at = value->is.truth;
        return SOMA_OK;
    case SOMA_FIELD_NUMBER:
        if (!soma_json_float(value, (float *)at)) return wrong(where, field->key, "a number that fits float32");
        return SOMA_OK;
    case SOMA_FIELD_VALUE: {
        double wide;
        if (!soma_json_double(value, &wide) || soma_is_beyond_float(wide))
            return wrong(where, field->key, "a number that fits float32, or \"inf\", \"-inf\" or \"nan\"");
        *(float *)at = (float)wide;
        return SOMA_OK;
    }
    case SOMA_FIELD_REAL:
        if (!soma_json_double(value, (double *)at)) return wrong(where, field->key, "a number");
        return SOMA_OK;
    case SOMA_FIELD_COUNT:
    case SOMA_FIELD_PERHAPS:
        SOMA_TRY(decode_integer(field, value, where, UINT32_MAX, &number));
        *(uint32_t *)at = (uint32_t)number;
        return SOMA_OK;
    case SOMA_FIELD_NUMEROUS:
        SOMA_TRY(decode_integer(field, value, where, UINT32_MAX, &number));
        if (number < 1) return wrong(where, field->key, "a whole number of at least 1");
        *(uint32_t *)at = (uint32_t)number;
        return SOMA_OK;
    case SOMA_FIELD_SIZE:
        SOMA_TRY(decode_integer(field, value, where, PTRDIFF_MAX, &number));
        *(size_t *)at = (size_t)number;
        return SOMA_OK;
    case SOMA_FIELD_STEPS:
        SOMA_TRY(decode_integer(field, value, where, INT64_MAX, &number));
        *(uint64_t *)at = (uint64_t)number;
        return SOMA_OK;
    case SOMA_FIELD_AXES:
        SOMA_TRY(decode_integers(field, value, where, SOMA_MAX_RANK, 0, SOMA_MAX_RANK - 1, numbers));
        for (int i = 0; i < SOMA_MAX_RANK; i++) ((uint32_t *)at)[i] = (uint32_t)numbers[i];
        return SOMA_OK;
    case SOMA_FIELD_SPACE:
        SOMA_TRY(decode_integers(field, value, where, 3, -INT32_MAX, INT32_MAX, numbers));
        for (int i = 0; i < 3; i++) ((int32_t *)at)[i] = (int32_t)numbers[i];
        return SOMA_OK;
    case SOMA_FIELD_SIZES:
        SOMA_TRY(decode_integers(field, value, where, SOMA_MAX_RANK, 0, PTRDIFF_MAX, numbers));
        for (int i = 0; i < SOMA_MAX_RANK; i++) ((size_t *)at)[i] = (size_t)numbers[i];
        return SOMA_OK;
    default:
        return decode_name(field, value, where, (int *)at);
    }
}

soma_status soma_fields_decode(const soma_field *fields, size_t count, const soma_json *object, const char *where,
                               void *target) {
    for (size_t i = 0; i < count; i++) {
        const soma_json *value = soma_json_get(object, fields[i].key);
        const soma_field_kind kind = fields[i].kind;
        if (!value && (kind == SOMA_FIELD_NUMEROUS || kind == SOMA_FIELD_PERHAPS))
            *(uint32_t *)(void *)((char *)target + fields[i].offset) = kind == SOMA_FIELD_NUMEROUS;
        else if (!value)
            return soma_error(SOMA_INVALID_FILE, "%s: \"%s\" is missing", where, fields[i].key);
        else
            SOMA_TRY(decode_value(&fields[i], value, where, target));
    }
    return SOMA_OK;
}
