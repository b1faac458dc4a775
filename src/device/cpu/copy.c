/* SPDX-License-Identifier: MIT */
/* COPY and GATHER: rows of elements, converted from any type to any other. */
#include "device/cpu/kernels.h"
#include "device/cpu/strided.h"

/* Strides in elements. */
typedef void convert_function(const void *in, size_t in_stride, void *out, size_t out_stride, size_t count, float scale,
                              float shift);

/* Truncation; numbers that do not fit become the nearest that does, NaN becomes 0. */
static inline int32_t to_i32(double x) {
    return x >= 2147483647.0 ? INT32_MAX : (x <= -2147483648.0 ? INT32_MIN : (x == x ? (int32_t)x : 0));
}
static inline uint8_t to_u8(double x) {
    return x >= 255.0 ? 255 : (x > 0.0 ? (uint8_t)x : 0);
}

/* X(name, type of in, type of out, expression in x, a number of in's type) */
#define CONVERSIONS(X)                                                                                                 \
    X(f32_f32, float, float, scale *x + shift)                                                                         \
    X(f64_f32, double, float, (float)(scale * x + shift))                                                              \
    X(u8_f32, uint8_t, float, scale *(float)x + shift)                                                                 \
    X(i32_f32, int32_t, float, scale *(float)x + shift)                                                                \
    X(f32_f64, float, double, (double)scale *(double)x + (double)shift)                                                \
    X(f64_f64, double, double, (double)scale *x + (double)shift)                                                       \
    X(u8_f64, uint8_t, double, (double)scale *x + (double)shift)                                                       \
    X(i32_f64, int32_t, double, (double)scale *x + (double)shift)                                                      \
    X(f32_u8, float, uint8_t, to_u8((double)(scale * x + shift)))                                                      \
    X(f64_u8, double, uint8_t, to_u8((double)scale *x + (double)shift))                                                \
    X(u8_u8, uint8_t, uint8_t, to_u8((double)scale *x + (double)shift))                                                \
    X(i32_u8, int32_t, uint8_t, to_u8((double)scale *x + (double)shift))                                               \
    X(f32_i32, float, int32_t, to_i32((double)(scale * x + shift)))                                                    \
    X(f64_i32, double, int32_t, to_i32((double)scale *x + (double)shift))                                              \
    X(u8_i32, uint8_t, int32_t, to_i32((double)scale *x + (double)shift))                                              \
    X(i32_i32, int32_t, int32_t, to_i32((double)scale *x + (double)shift))

#define X(name, in_type, out_type, expression)                                                                         \
    static void convert_##name(const void *from, size_t in_stride, void *to, size_t out_stride, size_t count,          \
                               float scale, float shift) {                                                             \
        const in_type *in = from;                                                                                      \
        out_type *out = to;                                                                                            \
        if (in_stride == 1 && out_stride == 1) {                                                                       \
            SOMA_INDEPENDENT                                                                                           \
            for (size_t i = 0; i < count; i++) {                                                                       \
                in_type x = in[i];                                                                                     \
                out[i] = expression;                                                                                   \
            }                                                                                                          \
        } else {                                                                                                       \
            for (size_t i = 0; i < count; i++) {                                                                       \
                in_type x = in[i * in_stride];                                                                         \
                out[i * out_stride] = expression;                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }
CONVERSIONS(X)
#undef X

/* [out][in] */
static convert_function *const conversion[SOMA_DTYPE_COUNT][SOMA_DTYPE_COUNT] = {
    [SOMA_F32] = {[SOMA_F32] = convert_f32_f32,
                  [SOMA_F64] = convert_f64_f32,
                  [SOMA_U8] = convert_u8_f32,
                  [SOMA_I32] = convert_i32_f32},
    [SOMA_F64] = {[SOMA_F32] = convert_f32_f64,
                  [SOMA_F64] = convert_f64_f64,
                  [SOMA_U8] = convert_u8_f64,
                  [SOMA_I32] = convert_i32_f64},
    [SOMA_U8] = {[SOMA_F32] = convert_f32_u8,
                 [SOMA_F64] = convert_f64_u8,
                 [SOMA_U8] = convert_u8_u8,
                 [SOMA_I32] = convert_i32_u8},
    [SOMA_I32] = {[SOMA_F32] = convert_f32_i32,
                  [SOMA_F64] = convert_f64_i32,
                  [SOMA_U8] = convert_u8_i32,
                  [SOMA_I32] = convert_i32_i32},
};

static void convert_row(soma_dtype in_dtype, const void *in, size_t in_stride, soma_dtype out_dtype, void *out,
                        size_t out_stride, size_t count, float scale, float shift) {
    if (in_dtype == out_dtype && scale == 1.0f && shift == 0.0f && in_stride == 1 && out_stride == 1)
        memcpy(out, in, count * soma_dtype_size(in_dtype));
    else
        conversion[out_dtype][in_dtype](in, in_stride, out, out_stride, count, scale, shift);
}

static bool known(const soma_view *view) {
    return (unsigned)view->dtype < SOMA_DTYPE_COUNT;
}

/* -------------------------------------------------------------------------------------------------------- COPY */

static void copy_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const soma_strided *walk = plan->detail;
    const soma_view *view = call->view;
    soma_range rows, part;
    soma_strided_task(walk, task, &rows, &part);
    soma_strided_place at = soma_strided_start(walk, rows.begin);
    for (size_t row = rows.begin; row < rows.end; row++, soma_strided_next(walk, &at)) {
        unsigned char *place[2];
        for (int i = 0; i < 2; i++)
            place[i] = (unsigned char *)soma_cpu_data(&view[i]) +
                       soma_dtype_size(view[i].dtype) * (at.offset[i] + part.begin * walk->row_stride[i]);
        convert_row(view[0].dtype, place[0], walk->row_stride[0], view[1].dtype, place[1], walk->row_stride[1],
                    part.end - part.begin, call->params.copy.scale, call->params.copy.shift);
    }
}

SOMA_CPU_PLANNER(copy) {
    const soma_view *in = &call->view[0], *out = &call->view[1];
    if (!known(in) || !known(out)) return SOMA_UNSUPPORTED;
    soma_strided *walk = soma_malloc(sizeof *walk);
    if (!walk) return soma_out_of_memory(sizeof *walk, "the plan of a copy call");
    soma_strided_init(walk, in->rank, in->shape, in->stride, out->stride);
    plan->detail = walk;
    size_t count = soma_view_count(in);
    if (count) soma_cpu_add_phase(plan, copy_task, soma_strided_tasks(walk));
    plan->nanoseconds = 0.1 * (double)count + 3.0 * (double)walk->rows;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------ GATHER */

static size_t gather_rows(const soma_view *out) {
    return SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / out->shape[1]);
}

static void gather_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *table = &call->view[0], *out = &call->view[2];
    const soma_gather_params *params = &call->params.gather;
    const int32_t *index = call->view[1].rank ? soma_cpu_data(&call->view[1]) : NULL;
    size_t width = out->shape[1], in_size = width * soma_dtype_size(table->dtype),
           out_size = width * soma_dtype_size(out->dtype);
    soma_range rows = soma_cpu_part(task, out->shape[0], gather_rows(out));
    for (size_t i = rows.begin; i < rows.end; i++) {
        /* A negative number becomes one that no table reaches. */
        size_t row = index ? (size_t)(ptrdiff_t)index[params->start + i] : params->start + i;
        unsigned char *target = (unsigned char *)soma_cpu_data(out) + i * out_size;
        if (row >= table->shape[0])
            memset(target, 0, out_size);
        else
            convert_row(table->dtype, (const unsigned char *)soma_cpu_data(table) + row * in_size, 1, out->dtype,
                        target, 1, width, params->scale, params->shift);
    }
}

SOMA_CPU_PLANNER(gather) {
    const soma_view *out = &call->view[2];
    if (!known(&call->view[0]) || !known(out)) return SOMA_UNSUPPORTED;
    if (soma_view_count(out)) soma_cpu_add_phase(plan, gather_task, soma_cpu_parts(out->shape[0], gather_rows(out)));
    plan->nanoseconds = 0.1 * (double)soma_view_count(out) + 5.0 * (double)out->shape[0];
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- fill */

static void fill_chunk(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    soma_range range = soma_cpu_part(task, soma_view_count(&call->view[0]), SOMA_CPU_CHUNK);
    float value = call->params.fill.value;
    if (call->view[0].dtype == SOMA_F32) {
        float *out = soma_cpu_floats(&call->view[0]);
        for (size_t i = range.begin; i < range.end; i++) out[i] = value;
    } else if (call->view[0].dtype == SOMA_I32) {
        int32_t *out = soma_cpu_data(&call->view[0]);
        for (size_t i = range.begin; i < range.end; i++) out[i] = (int32_t)value;
    } else {
        uint8_t *out = soma_cpu_data(&call->view[0]);
        for (size_t i = range.begin; i < range.end; i++) out[i] = (uint8_t)value;
    }
}

SOMA_CPU_PLANNER(fill) {
    if (call->view[0].dtype == SOMA_F64) return SOMA_UNSUPPORTED;
    size_t count = soma_view_count(&call->view[0]);
    soma_cpu_add_phase(plan, fill_chunk, soma_cpu_parts(count, SOMA_CPU_CHUNK));
    plan->nanoseconds = 0.04 * (double)count;
    return SOMA_OK;
}
