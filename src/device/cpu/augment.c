/* SPDX-License-Identifier: MIT */
/* AUGMENT: a task is a piece of the pictures' rows. */
#include "device/cpu/kernels.h"

typedef uint32_t soma_u32;
typedef float number;
#define SOMA_MULHI(a, b) ((uint32_t)(((uint64_t)(a) * (uint64_t)(b)) >> 32))
#define COS_OF_TURN(x)   COS(x)
#define SIN_OF_TURN(x)   SIN(x)
#include "kernels/random.h"

#include "kernels/augment.h"

typedef struct augment_plan {
    int height, width;
    size_t channels, rows, part; /* rows of all pictures, and of a task */
} augment_plan;

static const float *place_of(const augment_plan *p, const float *picture, int row, int column) {
    if (row < 0 || row >= p->height || column < 0 || column >= p->width) return NULL;
    return picture + ((size_t)row * (size_t)p->width + (size_t)column) * p->channels;
}

/* out += share * pixel; nothing where there is none. */
static void add_pixel(const augment_plan *p, const float *pixel, float share, float *out) {
    for (size_t c = 0; pixel && c < p->channels; c++) out[c] += share * pixel[c];
}

static void turn_pixel(const augment_plan *p, const soma_augment_draw *draw, const float *picture, int row, int column,
                       float *out) {
    const soma_augment_place at = soma_augment_turned(draw, p->height, p->width, row, column);
    const float upper = 1.0f - at.lower, left = 1.0f - at.righter;
    memset(out, 0, p->channels * sizeof *out);
    add_pixel(p, place_of(p, picture, at.y, at.x), upper * left, out);
    add_pixel(p, place_of(p, picture, at.y, at.x + 1), upper * at.righter, out);
    add_pixel(p, place_of(p, picture, at.y + 1, at.x), at.lower * left, out);
    add_pixel(p, place_of(p, picture, at.y + 1, at.x + 1), at.lower * at.righter, out);
    for (size_t c = 0; c < p->channels; c++) out[c] *= draw->gain;
}

static void make_row(const soma_call *call, const augment_plan *p, const soma_augment_draw *draw, const float *picture,
                     int row, float *out) {
    const soma_augment_params *params = &call->params.augment;
    const int from_row = soma_augment_row(draw, p->height, row);
    for (int column = 0; column < p->width; column++, out += p->channels) {
        const int from = soma_augment_column(draw, p->width, column);
        if (soma_augment_is_cut(draw, (int)params->cutout, row, column)) {
            memset(out, 0, p->channels * sizeof *out);
            continue;
        }
        if (params->rotate != 0.0f) {
            turn_pixel(p, draw, picture, from_row, from, out);
            continue;
        }
        const float *pixel = place_of(p, picture, from_row, from);
        for (size_t c = 0; c < p->channels; c++) out[c] = pixel ? pixel[c] * draw->gain : 0.0f;
    }
}

static void augment_rows(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const augment_plan *p = plan->detail;
    const soma_augment_params *params = &call->params.augment;
    const size_t height = (size_t)p->height, line = (size_t)p->width * p->channels;
    soma_range rows = soma_cpu_part(task, p->rows, p->part);
    soma_augment_draw draw;
    for (size_t i = rows.begin; i < rows.end; i++) {
        if (i == rows.begin || i % height == 0)
            draw = soma_augment_draw_for((uint32_t)(params->start + i / height), params->stream, (uint32_t)params->seed,
                                         (uint32_t)(params->seed >> 32), (uint32_t)params->step,
                                         (uint32_t)(params->step >> 32), (uint32_t)p->height, (uint32_t)p->width,
                                         params->shift[0], params->shift[1], params->flip | params->flip_vertical << 1,
                                         params->cutout, params->rotate, params->brightness);
        make_row(call, p, &draw, soma_cpu_floats(&call->view[0]) + i / height * height * line, (int)(i % height),
                 soma_cpu_floats(&call->view[1]) + i * line);
    }
}

SOMA_CPU_PLANNER(augment) {
    const soma_view *x = &call->view[0];
    if (x->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    if (soma_view_count(x) == 0) return SOMA_OK;
    augment_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a call");
    plan->detail = p;
    *p = (augment_plan){.height = (int)x->shape[1], .width = (int)x->shape[2], .channels = x->shape[3]};
    p->rows = x->shape[0] * x->shape[1];
    p->part = SOMA_CPU_CHUNK / (x->shape[2] * x->shape[3]) + 1;
    soma_cpu_add_phase(plan, augment_rows, soma_cpu_parts(p->rows, p->part));
    plan->nanoseconds = (call->params.augment.rotate != 0.0f ? 8.0 : 2.0) * (double)soma_view_count(x);
    return SOMA_OK;
}
