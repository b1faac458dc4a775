/* SPDX-License-Identifier: MIT */
/* NORMALIZE_GRAD. */
#include "device/cpu/normalize.h"

enum { DY, X, SCALE, MEAN, INVERSE, DX, DSCALE, DOFFSET }; /* views */

/*
 * dx = inverse (g - mean g - h mean(g h)) is made as factor dy - constant - slope (x - mean), each number one per
 * column of an outer: factor = inverse scale, constant = inverse mean g, slope = inverse^2 mean(g h).
 */
typedef struct means {
    float g, gh;
} means;

static bool has_channels(const soma_call *call) {
    return call->view[DSCALE].rank || call->view[DOFFSET].rank;
}

/* The figures [groups] of one outer; NULL where they are absent. */
static const float *figures_of(const soma_call *call, const normalize_plan *p, uint32_t view, size_t outer) {
    const float *figures = soma_cpu_optional(&call->view[view]);
    return figures ? figures + outer * p->groups : NULL;
}

/* ----------------------------------------------------------------------------------------------- sums of columns */

/* Of one vector of columns: dy, and dy (x - mean). */
SOMA_MATH void sum_columns(const float *dy, const float *x, size_t rows, size_t stride, size_t lanes, soma_vector mean,
                           float *offset, float *slope) {
    soma_vector a[4] = {{0}}, b[4] = {{0}};
    size_t i = 0;
    for (; i + 4 <= rows; i += 4) {
        SOMA_UNROLL
        for (size_t r = 0; r < 4; r++) {
            soma_vector d = soma_load_lanes(dy + (i + r) * stride, lanes);
            a[r] += d;
            b[r] += d * (soma_load_lanes(x + (i + r) * stride, lanes) - mean);
        }
    }
    for (; i < rows; i++) {
        soma_vector d = soma_load_lanes(dy + i * stride, lanes);
        a[0] += d;
        b[0] += d * (soma_load_lanes(x + i * stride, lanes) - mean);
    }
    soma_store_lanes(offset, (a[0] + a[1]) + (a[2] + a[3]), lanes);
    soma_store_lanes(slope, (b[0] + b[1]) + (b[2] + b[3]), lanes);
}

/* In the workspace: sums of dy and dy h of blocks, [outer, block, 2, columns]; what they become, [outer, 2, columns].
 */
static float *block_sums(const soma_call *call, const normalize_plan *p, size_t outer, size_t block) {
    return (float *)soma_cpu_workspace(call) + (outer * p->blocks + block) * 2 * p->columns;
}
static float *column_sums(const soma_call *call, const normalize_plan *p, size_t outer) {
    return block_sums(call, p, p->outer, 0) + outer * 2 * p->columns;
}

static void sum_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    normalize_task t = task_of(p, task);
    size_t width = t.column.end - t.column.begin, rows = t.row.end - t.row.begin;
    float mean[STRIP + SOMA_LANES] = {0.0f}, inverse[STRIP];
    for (size_t outer = t.outer.begin; outer < t.outer.end; outer++) {
        size_t at = (outer * p->inner + t.row.begin) * p->columns + t.column.begin;
        const float *dy = soma_cpu_floats(&call->view[DY]) + at, *x = soma_cpu_floats(&call->view[X]) + at;
        float *offset = block_sums(call, p, outer, t.block) + t.column.begin, *slope = offset + p->columns;
        spread(figures_of(call, p, MEAN, outer), p, t.column, mean);
        spread(figures_of(call, p, INVERSE, outer), p, t.column, inverse);
        size_t j = 0;
        for (; j + SOMA_LANES <= width; j += SOMA_LANES)
            sum_columns(dy + j, x + j, rows, p->columns, SOMA_LANES, *(const soma_vector *)(mean + j), offset + j,
                        slope + j);
        if (j < width)
            sum_columns(dy + j, x + j, rows, p->columns, width - j, soma_load_lanes(mean + j, width - j), offset + j,
                        slope + j);
        for (j = 0; j < width; j++) slope[j] *= inverse[j];
    }
}

/* -------------------------------------------------------------------------------------------------------- joining */

static void join_blocks(const soma_call *call, const normalize_plan *p, size_t outer, soma_range column) {
    float *restrict offset = column_sums(call, p, outer), *restrict slope = offset + p->columns;
    for (size_t j = column.begin; j < column.end; j++) offset[j] = slope[j] = 0.0f;
    for (size_t b = 0; b < p->blocks; b++) {
        const float *sums = block_sums(call, p, outer, b);
        for (size_t j = column.begin; j < column.end; j++) {
            offset[j] += sums[j];
            slope[j] += sums[p->columns + j];
        }
    }
}

static void clear(float *channels, soma_range column) {
    if (channels) memset(channels + column.begin, 0, (column.end - column.begin) * sizeof *channels);
}

static void add_channels(const soma_call *call, const normalize_plan *p, size_t outer, soma_range column) {
    float *restrict dscale = soma_cpu_optional(&call->view[DSCALE]);
    float *restrict doffset = soma_cpu_optional(&call->view[DOFFSET]);
    const float *offset = column_sums(call, p, outer), *slope = offset + p->columns;
    for (size_t j = column.begin; dscale && j < column.end; j++) dscale[j] += slope[j];
    for (size_t j = column.begin; doffset && j < column.end; j++) doffset[j] += offset[j];
}

/* The sums of a group's columns become their constant and slope. */
static void set_group(const soma_call *call, const normalize_plan *p, size_t outer, size_t group) {
    const float *scale = soma_cpu_optional(&call->view[SCALE]);
    float *constant = column_sums(call, p, outer), *slope = constant + p->columns, n = (float)(p->inner * p->c);
    float inverse = figures_of(call, p, INVERSE, outer)[group];
    size_t first = group * p->c;
    means sum = {0.0f, 0.0f};
    for (size_t j = first; j < first + p->c; j++) {
        sum.g += scale ? scale[j] * constant[j] : constant[j];
        sum.gh += scale ? scale[j] * slope[j] : slope[j];
    }
    for (size_t j = first; j < first + p->c; j++) {
        constant[j] = call->params.normalize.centered ? inverse * (sum.g / n) : 0.0f;
        slope[j] = inverse * inverse * (sum.gh / n);
    }
}

static void join_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    soma_range group = soma_cpu_part(task, p->groups, joined_groups(p));
    soma_range column = {group.begin * p->c, group.end * p->c};
    clear(soma_cpu_optional(&call->view[DSCALE]), column);
    clear(soma_cpu_optional(&call->view[DOFFSET]), column);
    for (size_t outer = 0; outer < p->outer; outer++) {
        join_blocks(call, p, outer, column);
        add_channels(call, p, outer, column);
        for (size_t g = group.begin; g < group.end; g++) set_group(call, p, outer, g);
    }
}

/* ------------------------------------------------------------------------------------------------------- applying */

typedef struct coefficients {
    float mean[STRIP], factor[STRIP], constant[STRIP], slope[STRIP];
} coefficients;

static void take_coefficients(const soma_call *call, const normalize_plan *p, size_t outer, soma_range column,
                              coefficients *with) {
    const float *scale = soma_cpu_optional(&call->view[SCALE]), *sums = column_sums(call, p, outer);
    spread(figures_of(call, p, MEAN, outer), p, column, with->mean);
    spread(figures_of(call, p, INVERSE, outer), p, column, with->factor);
    for (size_t j = column.begin; j < column.end; j++) {
        if (scale) with->factor[j - column.begin] *= scale[j];
        with->constant[j - column.begin] = sums[j];
        with->slope[j - column.begin] = sums[p->columns + j];
    }
}

static void apply_rows(const float *dy, const float *x, float *dx, size_t rows, size_t stride, size_t width,
                       const coefficients *with) {
    for (size_t i = 0; i < rows; i++, dy += stride, x += stride, dx += stride) {
        SOMA_INDEPENDENT
        for (size_t j = 0; j < width; j++)
            dx[j] = (with->factor[j] * dy[j] - with->constant[j]) - with->slope[j] * (x[j] - with->mean[j]);
    }
}

static void apply_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    normalize_task t = task_of(p, task);
    coefficients with;
    for (size_t outer = t.outer.begin; outer < t.outer.end; outer++) {
        size_t at = (outer * p->inner + t.row.begin) * p->columns + t.column.begin;
        take_coefficients(call, p, outer, t.column, &with);
        apply_rows(soma_cpu_floats(&call->view[DY]) + at, soma_cpu_floats(&call->view[X]) + at,
                   soma_cpu_floats(&call->view[DX]) + at, t.row.end - t.row.begin, p->columns,
                   t.column.end - t.column.begin, &with);
    }
}

/* ----------------------------------------------------------------------------------------------------------- rows */

/* A row of c numbers, with what belongs to it. */
typedef struct row {
    const float *dy, *x, *scale; /* scale: NULL for none */
    float mean, inverse;
    float *dscale, *doffset; /* sums to be added to; NULL for none */
    float *dx;
} row;

static means means_of_row(const row *r, size_t count, bool centered) {
    soma_vector g = {0}, gh = {0};
    for (size_t j = 0; j < count; j += SOMA_LANES) {
        size_t lanes = SOMA_MIN(count - j, (size_t)SOMA_LANES);
        soma_vector dy = soma_load_lanes(r->dy + j, lanes),
                    h = (soma_load_lanes(r->x + j, lanes) - r->mean) * r->inverse;
        if (r->dscale) {
            soma_store_lanes(r->dscale + j, soma_load_lanes(r->dscale + j, lanes) + dy * h, lanes);
            soma_store_lanes(r->doffset + j, soma_load_lanes(r->doffset + j, lanes) + dy, lanes);
        }
        if (r->scale) dy *= soma_load_lanes(r->scale + j, lanes);
        g += dy;
        gh += soma_vector_fill(dy * h, lanes, 0.0f); /* 0 times a mean that is infinite is not 0 */
    }
    float n = (float)count;
    return (means){centered ? soma_vector_sum(g) / n : 0.0f, soma_vector_sum(gh) / n};
}

static void differentiate_row(const row *r, size_t count, means mean) {
    for (size_t j = 0; j < count; j += SOMA_LANES) {
        size_t lanes = SOMA_MIN(count - j, (size_t)SOMA_LANES);
        soma_vector g = soma_load_lanes(r->dy + j, lanes),
                    h = (soma_load_lanes(r->x + j, lanes) - r->mean) * r->inverse;
        if (r->scale) g *= soma_load_lanes(r->scale + j, lanes);
        soma_store_lanes(r->dx + j, ((g - mean.g) - h * mean.gh) * r->inverse, lanes);
    }
}

static void rows_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    const float *scale = soma_cpu_optional(&call->view[SCALE]), *mean = soma_cpu_optional(&call->view[MEAN]);
    soma_range part = soma_cpu_part(task, p->rows, p->part);
    float *sums = NULL;
    if (has_channels(call)) {
        sums = (float *)soma_cpu_workspace(call) + task * 2 * p->columns;
        memset(sums, 0, 2 * p->columns * sizeof *sums);
    }
    for (size_t i = part.begin; i < part.end; i++) {
        size_t channel = i % p->groups * p->c, at = i * p->c;
        row r = {.dy = soma_cpu_floats(&call->view[DY]) + at,
                 .x = soma_cpu_floats(&call->view[X]) + at,
                 .scale = scale ? scale + channel : NULL,
                 .mean = mean ? mean[i] : 0.0f,
                 .inverse = soma_cpu_floats(&call->view[INVERSE])[i],
                 .dscale = sums ? sums + channel : NULL,
                 .doffset = sums ? sums + p->columns + channel : NULL,
                 .dx = soma_cpu_floats(&call->view[DX]) + at};
        differentiate_row(&r, p->c, means_of_row(&r, p->c, call->params.normalize.centered));
    }
}

static void join_parts_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const normalize_plan *p = plan->detail;
    soma_range column = soma_cpu_part(task, p->columns, STRIP);
    float *restrict dscale = soma_cpu_optional(&call->view[DSCALE]);
    float *restrict doffset = soma_cpu_optional(&call->view[DOFFSET]);
    clear(dscale, column);
    clear(doffset, column);
    for (size_t i = 0; i < p->parts; i++) {
        const float *sums = (const float *)soma_cpu_workspace(call) + i * 2 * p->columns;
        for (size_t j = column.begin; dscale && j < column.end; j++) dscale[j] += sums[j];
        for (size_t j = column.begin; doffset && j < column.end; j++) doffset[j] += sums[p->columns + j];
    }
}

/* ------------------------------------------------------------------------------------------------------------ plan */

SOMA_CPU_PLANNER(normalize_grad) {
    const soma_view *x = &call->view[X];
    bool channels = has_channels(call);
    if (x->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    normalize_plan *p = normalize_plan_of(x);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a normalisation");
    plan->detail = p;
    if (is_rows(p)) {
        soma_cpu_add_phase(plan, rows_task, p->parts);
        if (channels) soma_cpu_add_phase(plan, join_parts_task, p->strips);
        if (channels) plan->workspace = p->parts * 2 * p->columns * sizeof(float);
    } else {
        soma_cpu_add_phase(plan, sum_task, column_tasks(p));
        soma_cpu_add_phase(plan, join_task, soma_cpu_parts(p->groups, joined_groups(p)));
        add_apply_phase(plan, p, apply_task, 1u << DY | 1u << X | 1u << DX, 1u << SCALE | 1u << MEAN | 1u << INVERSE);
        plan->workspace = p->outer * (p->blocks + 1) * 2 * p->columns * sizeof(float);
    }
    plan->nanoseconds = 0.4 * (double)soma_view_count(x) + 20.0 * (double)p->rows;
    return SOMA_OK;
}
