/* SPDX-License-Identifier: MIT */
/*
 * Convolution and its gradients, as the kernels see them: each result takes a window of a source, three dimensions of it. In CONV the source is x
 * and the result y; in CONV_DATA_GRAD (`back`) the source is dy and the result dx. `inner` and `columns` are the channels of source
 * and result that one of the `groups` has.
 *
 * Going back with a stride, neighbouring results take different elements of the kernel. So results are told apart by their place modulo
 * stride; those of one class see the source just as those of CONV do, through fewer elements of the kernel.
 */
#ifndef SOMA_KERNELS_CONV_H
#define SOMA_KERNELS_CONV_H

#include "opencl.h"

/* On GPUs a program of CONV_ADD is built with ADDEND, which has an argument more, behind the result. */
#ifdef ADDEND
#define ADDEND_PARAMETER , const global float *addend
#define PASSED_ADDEND    , addend
#define PLUS_ADDEND(index) +addend[index]
#else
#define ADDEND_PARAMETER
#define PASSED_ADDEND
#define PLUS_ADDEND(index)
#endif

/* A program for one direction is built with BACK for going back. */
#ifdef BACK
#define IS_BACK 1
#else
#define IS_BACK 0
#endif

typedef struct conv_axis {
    int source, result, size, stride, dilation, before; /* size: of the kernel */
} conv_axis;

#define CONV_AXIS(name)                                                                                                \
    int source_##name, int result_##name, int kernel_##name, int stride_##name, int dilation_##name, int before_##name
#define CONV_PARAMETERS uint images, uint groups, uint inner, uint columns, CONV_AXIS(d), CONV_AXIS(h), CONV_AXIS(w)
#define READ_AXIS(name)                                                                                                     \
    const conv_axis name = {source_##name, result_##name, kernel_##name, stride_##name, dilation_##name, before_##name};
#define CONV_AXES READ_AXIS(d) READ_AXIS(h) READ_AXIS(w)

/*
 * How the results of a class see the source along an axis. There are `count` of them: number j lies at first + j step. Its window has `taps`
 * elements: number m is the kernel's element kernel_first + m kernel_step, and the source's source_first + j source_step + m tap_step.
 */
typedef struct reach {
    int first, step, count, source_first, source_step, taps, tap_step, kernel_first, kernel_step;
} reach;

static reach reach_forth(conv_axis a) {
    const reach along = {0, 1, a.result, -a.before, a.stride, a.size, a.size > 1 ? a.dilation : 1, 0, 1};
    return along;
}

/* The kernel's elements from last to first, so that the source's come in their order. */
static reach reach_back(conv_axis a, int class) {
    int taps = 0, last = 0, step = 1;
    for (int k = 0; k < a.size; k++) {
        if ((class + a.before - k * a.dilation) % a.stride != 0) continue;
        if (taps) step = k - last;
        last = k;
        taps++;
    }
    const reach along = {class, a.stride, (a.result - 1 - class) / a.stride + 1, (class + a.before - last * a.dilation) / a.stride, 1,
                         taps, taps > 1 ? step * a.dilation / a.stride : 1, last, -step};
    return along;
}

static int class_count(conv_axis a, uint back) { return back ? min(a.stride, a.result) : 1; }

typedef struct sight {
    reach d, h, w;
} sight;

static sight sight_of(uint back, uint class, conv_axis d, conv_axis h, conv_axis w) {
    sight of;
    if (back) {
        const uint classes_h = class_count(h, back), classes_w = class_count(w, back);
        of.d = reach_back(d, class / classes_w / classes_h);
        of.h = reach_back(h, class / classes_w % classes_h);
        of.w = reach_back(w, class % classes_w);
    } else {
        of.d = reach_forth(d);
        of.h = reach_forth(h);
        of.w = reach_forth(w);
    }
    return of;
}

/* A result: its image, and its numbers along the axes. */
typedef struct place {
    ulong image;
    int d, h, w;
} place;

static place place_at(ulong number, sight of) {
    place at;
    at.w = (int)(number % of.w.count);
    number /= of.w.count;
    at.h = (int)(number % of.h.count);
    number /= of.h.count;
    at.d = (int)(number % of.d.count);
    at.image = number / of.d.count;
    return at;
}

/* Where it lies among all results. */
static ulong result_number(place at, sight of, conv_axis d, conv_axis h, conv_axis w) {
    return ((at.image * d.result + (of.d.first + at.d * of.d.step)) * h.result + (of.h.first + at.h * of.h.step)) * w.result +
           (of.w.first + at.w * of.w.step);
}

/* Where the first element of its window lies in the source, along an axis: perhaps outside. */
#define WINDOW_START(at, of, name) ((of).name.source_first + (at).name * (of).name.source_step)

/* The number of the kernel's element that is number (m_d, m_h, m_w) of a window. */
static uint kernel_number(int m_d, int m_h, int m_w, sight of, conv_axis h, conv_axis w) {
    return (uint)(((of.d.kernel_first + m_d * of.d.kernel_step) * h.size + (of.h.kernel_first + m_h * of.h.kernel_step)) * w.size +
                  (of.w.kernel_first + m_w * of.w.kernel_step));
}

#endif
