/* SPDX-License-Identifier: MIT */
/* NORMALIZE. */
#include "device/cpu/normalize.h"

enum { X, SCALE, OFFSET, RUNNING_MEAN, RUNNING_VARIANCE, Y, MEAN, INVERSE }; /* views */

/* Elements on which the function works while they are in the L1 cache. */
#define AT_ONCE 2048

static float inverse_of(const soma_call *call, float variance) {
    return 1.0f / SQRT(variance + call->params.normalize.epsilon);
}

static soma_vector not_negative(soma_vector v) {
    return soma_vector_max(soma_vector_of(0.0f), v); /* NaN stays */
}

static void apply_function(const soma_call *call, float *y, size_t count) {
    const soma_normalize_params *params = &call->params.normalize;
    if (params->function != SOMA_IDENTITY)
        SOMA_FOR_ISA(soma_cpu_get_function)(params->function)(y, y, count, params->a, params->b);
}

/* ------------------------------------------------------------------------------------------- figures of columns */

/*
 * Of `vectors` vectors of neighbouring columns, `lanes` in the last: the mean, and the sum of (x - mean)^2. One pass,
 * over differences to the first row: that is a number of the column, so the square of its distance from the mean is at
 * most as many times the variance as there are rows in the block, and little is lost when the mean's part is taken off.
 * Where not centered, the sum of x^2.
 */
SOMA_MATH void sum_columns(const float *x, size_t rows, size_t stride, size_t vectors, size_t lanes, bool centered,
                           float *mean, float *squares) {
    const size_t times = 4 / vectors; /* rows at a time: enough sums of their own to hide how long an addition takes */
    soma_vector first[4] = {{0}}, sum[4] = {{0}}, square[4] = {{0}};
    SOMA_UNROLL
    for (size_t v = 0; v < vectors; v++)
        first[v] = centered ? soma_load_lanes(x + v * SOMA_LANES, lanes) : soma_vector_of(0.0f);
    size_t i = 0;
    for (; i + times <= rows; i += times) {
        SOMA_UNROLL
        for (size_t s = 0; s < 4; s++) {
            size_t r = s / vectors, v = s % vectors;
            soma_vector d = soma_load_lanes(x + (i + r) * stride + v * SOMA_LANES, lanes) - first[v];
            sum[s] += d;
            square[s] += d * d;
        }
    }
    for (; i < rows; i++) {
        SOMA_UNROLL
        for (size_t v = 0; v < vectors; v++) {
            soma_vector d = soma_load_lanes(x + i * stride + v * SOMA_LANES, lanes) - first[v];
            sum[v] += d;
            square[v] += d * d;
        }
    }
    SOMA_UNROLL
    for (size_t v = 0; v < vectors; v++) {
        SOMA_UNROLL
        for (size_t s = v + vectors; s < 4; s += vectors) {
            sum[v] += sum[s];
            square[v] += square[s];
        }
        if (centered) {
            soma_vector off = sum[v] / (float)rows;
            first[v] += off;
            square[v] = not_negative(square[v] - sum[v] * off);
        }
        soma_store_lanes(mean + v * SOMA_LANES, first[v], lanes);
        soma_store_lanes(squares + v * SOMA_LANES, square[v], lanes);
    }
}

static void sum_block(const float *x, size_t rows, size_t stride, size_t width, bool centered, float *mean,
                      float *squares) {
    size_t j = 0;
    if (rows == 0) { /* there is no first row */
        memset(mean, 0, width * sizeof *mean);
        memset(squares, 0, width * sizeof *squares);
        return;
    }
    for (; j + 4 * SOMA_LANES <= width; j += 4 * SOMA_LANES)
        sum_columns(x + j, rows, stride, 4, SOMA_LANES, centered, mean + j, squares + j);
    for (; j + SOMA_LANES <= width; j += SOMA_LANES)
        sum_columns(x + j, rows, stride, 1, SOMA_LANES, centered, mean + j, squares + j);
    if (j < width) sum_columns(x + j, rows, stride, 1, width - j, centered, mean + j, squares + j);
}

/* In the workspace: the figures of blocks, [outer, block, 2, columns], and what they become, [outer, 2, columns]: means
 * and, at last, what (x - mean) is multiplied by. */
static float *block_figures(const soma_call *call, const normalize_plan *p, size_t outer, size_t block) {
    return (float *)soma_cpu_workspace(call) + (outer * p->blocks + block) * 2 * p->columns;
}
static float *column_figures(const soma_call *call, const normalize_plan *p, size_t outer) {
    return block_figures(call, p, p->outer, 0) + outer * 2 * p->columns;
}

static void sum_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    normalize_task t = task_of(p, task);
    for (size_t outer = t.outer.begin; outer < t.outer.end; outer++) {
        float *figures = block_figures(call, p, outer, t.block) + t.column.begin;
        sum_block(soma_cpu_floats(&call->view[X]) + (outer * p->inner + t.row.begin) * p->columns + t.column.begin,
                  t.row.end - t.row.begin, p->columns, t.column.end - t.column.begin, call->params.normalize.centered,
                  figures, figures + p->columns);
    }
}

/* -------------------------------------------------------------------------------------------------------- joining */

/* The means and sums of squares of a strip of columns, from those of the blocks (Chan, Golub & LeVeque 1983). */
static void join_blocks(const soma_call *call, const normalize_plan *p, size_t outer, soma_range column) {
    const float *first = block_figures(call, p, outer, 0);
    float *restrict mean = column_figures(call, p, outer), *restrict squares = mean + p->columns;
    for (size_t j = column.begin; j < column.end; j++) mean[j] = squares[j] = 0.0f;
    for (size_t b = 0; b < p->blocks; b++) {
        const float *figures = block_figures(call, p, outer, b);
        soma_range row = soma_cpu_part(b, p->inner, p->block);
        float share = p->inner ? (float)(row.end - row.begin) / (float)p->inner : 0.0f;
        for (size_t j = column.begin; j < column.end; j++) mean[j] += share * (figures[j] - first[j]);
    }
    for (size_t j = column.begin; j < column.end; j++) mean[j] += first[j];
    for (size_t b = 0; b < p->blocks; b++) {
        const float *figures = block_figures(call, p, outer, b);
        soma_range row = soma_cpu_part(b, p->inner, p->block);
        float rows = (float)(row.end - row.begin);
        for (size_t j = column.begin; j < column.end; j++) {
            float off = figures[j] - mean[j];
            squares[j] += figures[p->columns + j] + rows * off * off;
        }
    }
}

typedef struct figures {
    float mean, variance;
} figures;

/* Of the columns of a group. */
static figures join_columns(const normalize_plan *p, const float *mean, const float *squares) {
    figures all = {0.0f, 0.0f};
    if (p->inner * p->c == 0) return all;
    float off = 0.0f, sum = 0.0f;
    for (size_t j = 0; j < p->c; j++) off += mean[j] - mean[0];
    all.mean = mean[0] + off / (float)p->c;
    for (size_t j = 0; j < p->c; j++) {
        float distance = mean[j] - all.mean;
        sum += squares[j] + (float)p->inner * distance * distance;
    }
    all.variance = sum / (float)(p->inner * p->c);
    return all;
}

static void update_running(const soma_call *call, const normalize_plan *p, size_t group, figures found) {
    const soma_normalize_params *params = &call->params.normalize;
    float *mean = soma_cpu_optional(&call->view[RUNNING_MEAN]),
          *variance = soma_cpu_optional(&call->view[RUNNING_VARIANCE]);
    float momentum = params->momentum, rest = 1.0f - momentum;
    if (!mean || p->inner == 0) return;
    if (params->sample_variance && p->inner > 1) found.variance *= (float)p->inner / (float)(p->inner - 1);
    mean[group] = momentum * mean[group] + rest * found.mean;
    variance[group] = momentum * variance[group] + rest * found.variance;
}

static void keep(const soma_call *call, size_t index, float mean, float inverse) {
    float *kept_mean = soma_cpu_optional(&call->view[MEAN]), *kept_inverse = soma_cpu_optional(&call->view[INVERSE]);
    if (kept_mean) kept_mean[index] = mean;
    if (kept_inverse) kept_inverse[index] = inverse;
}

static void join_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    size_t parts = soma_cpu_parts(p->groups, joined_groups(p)), outer = task / parts;
    soma_range group = soma_cpu_part(task % parts, p->groups, joined_groups(p));
    const float *scale = soma_cpu_optional(&call->view[SCALE]);
    float *mean = column_figures(call, p, outer), *factor = mean + p->columns;
    join_blocks(call, p, outer, (soma_range){group.begin * p->c, group.end * p->c});
    for (size_t g = group.begin; g < group.end; g++) {
        size_t first = g * p->c;
        figures found = join_columns(p, mean + first, factor + first);
        float inverse = inverse_of(call, found.variance);
        update_running(call, p, g, found);
        keep(call, outer * p->groups + g, found.mean, inverse);
        for (size_t j = first; j < first + p->c; j++) {
            mean[j] = found.mean;
            factor[j] = scale ? inverse * scale[j] : inverse;
        }
    }
}

/* ------------------------------------------------------------------------------------------------------- applying */

/* What the columns of a strip have in common. */
typedef struct coefficients {
    float mean[STRIP], factor[STRIP], offset[STRIP];
} coefficients;

static void apply_rows(const float *x, float *y, size_t rows, size_t stride, size_t width, const coefficients *with) {
    for (size_t i = 0; i < rows; i++, x += stride, y += stride) {
        SOMA_INDEPENDENT
        for (size_t j = 0; j < width; j++) y[j] = (x[j] - with->mean[j]) * with->factor[j] + with->offset[j];
    }
}

/* A block of a strip. Rows that are a strip as a whole follow each other. */
static void apply_block(const soma_call *call, const normalize_plan *p, size_t outer, const normalize_task *t,
                        const coefficients *with) {
    size_t width = t->column.end - t->column.begin, at_once = SOMA_MAX((size_t)1, AT_ONCE / width);
    for (size_t i = t->row.begin; i < t->row.end; i += at_once) {
        size_t rows = SOMA_MIN(at_once, t->row.end - i), at = (outer * p->inner + i) * p->columns + t->column.begin;
        float *y = soma_cpu_floats(&call->view[Y]) + at;
        apply_rows(soma_cpu_floats(&call->view[X]) + at, y, rows, p->columns, width, with);
        if (width == p->columns)
            apply_function(call, y, rows * width);
        else
            for (size_t r = 0; r < rows; r++) apply_function(call, y + r * p->columns, width);
    }
}

static void take_offset(const soma_call *call, soma_range column, coefficients *with) {
    const float *offset = soma_cpu_optional(&call->view[OFFSET]);
    for (size_t j = column.begin; j < column.end; j++) with->offset[j - column.begin] = offset ? offset[j] : 0.0f;
}

static void apply_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    normalize_task t = task_of(p, task);
    size_t bytes = (t.column.end - t.column.begin) * sizeof(float);
    coefficients with;
    take_offset(call, t.column, &with);
    for (size_t outer = t.outer.begin; outer < t.outer.end; outer++) {
        const float *mean = column_figures(call, p, outer) + t.column.begin;
        memcpy(with.mean, mean, bytes);
        memcpy(with.factor, mean + p->columns, bytes);
        apply_block(call, p, outer, &t, &with);
    }
}

/* With figures that are given; outer and c are 1. */
static void given_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    normalize_task t = task_of(p, task);
    const float *scale = soma_cpu_optional(&call->view[SCALE]), *mean = soma_cpu_floats(&call->view[RUNNING_MEAN]),
                *variance = soma_cpu_floats(&call->view[RUNNING_VARIANCE]);
    coefficients with;
    take_offset(call, t.column, &with);
    for (size_t j = t.column.begin; j < t.column.end; j++) {
        float inverse = inverse_of(call, variance[j]);
        if (t.block == 0) keep(call, j, mean[j], inverse);
        with.mean[j - t.column.begin] = mean[j];
        with.factor[j - t.column.begin] = scale ? inverse * scale[j] : inverse;
    }
    apply_block(call, p, 0, &t, &with);
}

/* ----------------------------------------------------------------------------------------------------------- rows */

/* Sums of x - shift and of its square. */
static void sum_row(const float *x, size_t count, float shift, float *sum, float *squares) {
    soma_vector s[2] = {{0}}, q[2] = {{0}};
    size_t i = 0;
    for (; i + 2 * SOMA_LANES <= count; i += 2 * SOMA_LANES)
        for (int j = 0; j < 2; j++) {
            soma_vector d = ((const soma_vector *)(x + i))[j] - shift;
            s[j] += d;
            q[j] += d * d;
        }
    for (; i < count; i += SOMA_LANES) {
        size_t lanes = SOMA_MIN(count - i, (size_t)SOMA_LANES);
        soma_vector d = soma_vector_fill(soma_load_lanes(x + i, lanes) - shift, lanes, 0.0f);
        s[0] += d;
        q[0] += d * d;
    }
    *sum = soma_vector_sum(s[0] + s[1]);
    *squares = soma_vector_sum(q[0] + q[1]);
}

/* A row is in the cache, so it is gone through again: about its first number, and then about the mean that comes of
 * it. */
static figures figures_of_row(const float *x, size_t count, bool centered) {
    float sum, squares, n = (float)count;
    figures found = {0.0f, 0.0f};
    if (!centered) {
        sum_row(x, count, 0.0f, &sum, &squares);
        found.variance = squares / n;
        return found;
    }
    sum_row(x, count, x[0], &sum, &squares);
    float about = x[0] + sum / n;
    sum_row(x, count, about, &sum, &squares);
    float variance = (squares - sum * (sum / n)) / n;
    found.mean = about + sum / n;
    found.variance = variance < 0.0f ? 0.0f : variance;
    return found;
}

static void scale_row(const float *x, float *y, size_t count, float mean, float inverse, const float *scale,
                      const float *offset) {
    for (size_t j = 0; j < count; j += SOMA_LANES) {
        size_t lanes = SOMA_MIN(count - j, (size_t)SOMA_LANES);
        soma_vector v = (soma_load_lanes(x + j, lanes) - mean) * inverse;
        if (scale) v *= soma_load_lanes(scale + j, lanes);
        if (offset) v += soma_load_lanes(offset + j, lanes);
        soma_store_lanes(y + j, v, lanes);
    }
}

static void rows_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    const float *scale = soma_cpu_optional(&call->view[SCALE]), *offset = soma_cpu_optional(&call->view[OFFSET]);
    soma_range part = soma_cpu_part(task, p->rows, p->part);
    for (size_t i = part.begin; i < part.end; i++) {
        const float *x = soma_cpu_floats(&call->view[X]) + i * p->c;
        float *y = soma_cpu_floats(&call->view[Y]) + i * p->c;
        size_t channel = i % p->groups * p->c;
        figures found = figures_of_row(x, p->c, call->params.normalize.centered);
        float inverse = inverse_of(call, found.variance);
        keep(call, i, found.mean, inverse);
        scale_row(x, y, p->c, found.mean, inverse, scale ? scale + channel : NULL, offset ? offset + channel : NULL);
        apply_function(call, y, p->c);
    }
}

/* ------------------------------------------------------------------------------------------------------------ plan */

SOMA_CPU_PLANNER(normalize) {
    const soma_view *x = &call->view[X];
    const soma_normalize_params *params = &call->params.normalize;
    if (x->dtype != SOMA_F32 || (unsigned)params->function >= SOMA_FUNCTION_COUNT) return SOMA_UNSUPPORTED;
    normalize_plan *p = normalize_plan_of(x);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a normalisation");
    plan->detail = p;
    plan->nanoseconds = 0.3 * (double)soma_view_count(x) + 20.0 * (double)p->rows;
    if (params->given)
        soma_cpu_add_phase(plan, given_task, column_tasks(p));
    else if (is_rows(p)) {
        p->part = SOMA_MAX(SOMA_MIN(p->part, soma_cpu_parts(p->rows, soma_cpu_tasks(plan))), (size_t)1);
        soma_cpu_add_phase(plan, rows_task, soma_cpu_parts(p->rows, p->part));
    } else {
        soma_cpu_add_phase(plan, sum_task, column_tasks(p));
        soma_cpu_add_phase(plan, join_task, p->outer * soma_cpu_parts(p->groups, joined_groups(p)));
        add_apply_phase(plan, p, apply_task, 1u << X | 1u << Y, 1u << OFFSET);
        plan->workspace = p->outer * (p->blocks + 1) * 2 * p->columns * sizeof(float);
    }
    return SOMA_OK;
}
