/* SPDX-License-Identifier: MIT */
/*
 * POOL and its gradient: x [n, d, h, w, channels], and windows along each of the three dimensions in between. On a processor a work-item goes
 * through rows of windows, and each window by vectors of channels; elsewhere it makes an element, and neighbours in a group are neighbouring
 * channels. The build options may give FIXED_AVERAGE, FIXED_WINDOW0 to FIXED_WINDOW2 and FIXED_DILATION0 to 2 for the arguments of these names.
 */
#include "rows.h"
#include "window.h"

/* Of elements in x and y, and of places in a window: where these have less than 2^32, the host says uint, which takes a GPU half the registers and a
 * short division. */
#ifndef OFFSET
#define OFFSET ulong
#endif
typedef OFFSET offset;

/* Pairs of numbers of 32 bits, the first the lower: in and out, how many places x and y have; the size and the stride of windows; the padding
 * before and after. */
#define DIMENSION(i) ulong places##i, ulong window##i, ulong padding##i, uint dilation##i
#define DIMENSIONS DIMENSION(0), DIMENSION(1), DIMENSION(2)
#define LOW(pair) ((int)(uint)(pair))
#define HIGH(pair) ((int)(uint)((pair) >> 32))

typedef struct axis {
    int in, out, size, stride, before, after, dilation;
} axis;

#ifdef FIXED_AVERAGE
#define AVERAGE FIXED_AVERAGE
#define AXIS(i)                                                                                                                              \
    {LOW(places##i), HIGH(places##i), LOW(FIXED_WINDOW##i), HIGH(FIXED_WINDOW##i), LOW(padding##i), HIGH(padding##i), FIXED_DILATION##i}
#else
#define AVERAGE average
#define AXIS(i) {LOW(places##i), HIGH(places##i), LOW(window##i), HIGH(window##i), LOW(padding##i), HIGH(padding##i), (int)dilation##i}
#endif
#define AXES()                                                                                                                               \
    const axis axis0 = AXIS(0), axis1 = AXIS(1), axis2 = AXIS(2);                                                                            \
    const offset stride2 = (offset)channels, stride1 = stride2 * (uint)axis2.in, stride0 = stride1 * (uint)axis1.in,                           \
                 sample_size = stride0 * (uint)axis0.in

/* What lies inside x of a window along one dimension: its first place there, how many there are, and this dimension's share of an average's divisor. */
typedef struct span {
    int place, count, divisor;
} span;

static span span_of(axis a, int q, uint count_padding) {
    const int start = q * a.stride - a.before, first = soma_window_first(start, a.dilation);
    const int count = max(soma_window_end(start, a.dilation, a.size, a.in) - first, 0);
    const int padded = count_padding ? soma_window_end(start, a.dilation, a.size, a.in + a.after) : count;
    const span s = {start + first * a.dilation, count, padded};
    return s;
}

static float divisor_of(span s0, span s1, span s2) {
    const float product = (float)s0.divisor * (float)s1.divisor * (float)s2.divisor;
    return product > 0.0f ? product : 1.0f;
}

/* Where a window begins in its sample, and its steps from place to place. */
static offset first_of(span s0, span s1, span s2, offset stride0, offset stride1, offset stride2) {
    if (s0.count == 0 || s1.count == 0 || s2.count == 0) return 0;
    return (uint)s0.place * stride0 + (uint)s1.place * stride1 + (uint)s2.place * stride2;
}

/* `part` channels from x on, of which `room` elements may be read: a vector as a whole where that is inside, since loading a part takes long. */
static real load_channels(const global float *x, ulong room, ulong part) {
#if WIDTH > 1
    if (room >= WIDTH) return LOAD(global, x);
#endif
    return load_row(x, part, 0.0f);
}

/* One window, `part` channels from x on, behind which `room` elements may be read. */
static real pool_window(uint average, const global float *x, ulong room, span s0, span s1, span s2, offset step0, offset step1, offset step2,
                        ulong part) {
    real result = average ? R(0.0) : (real)(-INFINITY);
    for (int i = 0; i < s0.count; i++)
        for (int j = 0; j < s1.count; j++) {
            offset at = i * step0 + j * step1;
            for (int k = 0; k < s2.count; k++, at += step2) {
                const real element = load_channels(x + at, room - at, part);
                if (average) result += element;
                else result = element > result || element != element ? element : result;
            }
        }
    return average ? result / divisor_of(s0, s1, s2) : result;
}

#define STEPS() const offset step0 = stride0 * (uint)axis0.dilation, step1 = stride1 * (uint)axis1.dilation, step2 = stride2 * (uint)axis2.dilation

/* On a processor a group makes `chunk` of `count` rows of y; elsewhere `chunk` of `count` elements. */
KERNEL(GROUP, 1)
void pool(ARGUMENTS(ulong count, ulong chunk, ulong channels, uint average, uint count_padding, DIMENSIONS, const global float *x,
          global float *y)) {
    AXES();
    STEPS();
#if GROUP > 1
    FOR_EACH_VECTOR(i, part, count, chunk) {
        offset rest = (offset)i;
        const offset channel = rest % stride2;
        rest /= stride2;
        const span s2 = span_of(axis2, (int)(rest % (uint)axis2.out), count_padding);
        rest /= (uint)axis2.out;
        const span s1 = span_of(axis1, (int)(rest % (uint)axis1.out), count_padding);
        rest /= (uint)axis1.out;
        const span s0 = span_of(axis0, (int)(rest % (uint)axis0.out), count_padding);
        const global float *from = x + rest / (uint)axis0.out * sample_size + first_of(s0, s1, s2, stride0, stride1, stride2) + channel;
        y[i] = pool_window(AVERAGE, from, 1, s0, s1, s2, step0, step1, step2, part);
    }
#else
    const ulong end = min(count, (GROUP_ID(0) + 1) * chunk), row_size = (uint)axis2.out * channels;
    const ulong all = count / ((ulong)(uint)axis0.out * (uint)axis1.out) * sample_size;
    for (ulong row = GROUP_ID(0) * chunk; row < end; row++) {
        const span s1 = span_of(axis1, (int)(row % (uint)axis1.out), count_padding);
        const ulong plane = row / (uint)axis1.out;
        const span s0 = span_of(axis0, (int)(plane % (uint)axis0.out), count_padding);
        const ulong sample = plane / (uint)axis0.out * sample_size;
        global float *to = y + row * row_size;
        ulong left = (end - row) * row_size; /* of what the group makes */
        for (int q = 0; q < axis2.out; q++, to += channels, left -= channels) {
            const span s2 = span_of(axis2, q, count_padding);
            const ulong first = sample + first_of(s0, s1, s2, stride0, stride1, stride2);
            for (ulong c = 0; c < channels; c += WIDTH) {
                const ulong part = min((ulong)WIDTH, channels - c), room = all - first - c;
                const global float *from = x + first + c;
                const real result = AVERAGE ? pool_window(1, from, room, s0, s1, s2, step0, step1, step2, part)
                                            : pool_window(0, from, room, s0, s1, s2, step0, step1, step2, part);
                /* What a whole vector has too much the next one writes over. */
                if (left - c >= WIDTH) STORE(global, to + c, result);
                else store_row(result, to + c, part);
            }
        }
    }
#endif
}

#ifdef TRAINING
#if GROUP > 1
/* Whether the element is a window's y. */
#define IS_LARGEST(element, y) ((element) == (y) || ((element) != (element) && (y) != (y)))

/*
 * Whether x[own], at these distances behind the start of a window, is the first element that is its y. One loop goes through what lies before it in the
 * window: three within each other, and the spans that bound them, take more registers than ptxas gives to groups of 256.
 */
static bool is_first(const global float *x, offset own, float largest, axis axis0, axis axis1, axis axis2, int start0, int start1, int start2,
                     int distance0, int distance1, int distance2, offset stride0, offset stride1, offset stride2) {
    const offset line = (uint)axis2.size, plane = line * (uint)axis1.size;
    const offset end = (uint)(distance0 / axis0.dilation) * plane + (uint)(distance1 / axis1.dilation) * line + (uint)(distance2 / axis2.dilation);
    const offset from = own - (uint)distance0 * stride0 - (uint)distance1 * stride1 - (uint)distance2 * stride2;
    for (offset tap = 0; tap < end; tap++) {
        const uint more0 = (uint)(tap / plane) * (uint)axis0.dilation, more1 = (uint)(tap / line % (uint)axis1.size) * (uint)axis1.dilation,
                   more2 = (uint)(tap % line) * (uint)axis2.dilation;
        if ((uint)start0 + more0 >= (uint)axis0.in || (uint)start1 + more1 >= (uint)axis1.in || (uint)start2 + more2 >= (uint)axis2.in) continue;
        const float element = x[from + more0 * stride0 + more1 * stride1 + more2 * stride2];
        if (IS_LARGEST(element, largest)) return false;
    }
    return true;
}

/* Windows that may have a place, of which the first is the lowest: so many at most, a constant where that is few. One loop goes through them, too. */
static uint most_windows(axis a) {
    const uint most = (uint)((a.size - 1) * a.dilation) / (uint)a.stride + 1;
    return most <= 8 ? most : min(most, (uint)a.out);
}
#define LOWEST(a, place) soma_window_lowest(place, (a).before, (a).stride, ((a).size - 1) * (a).dilation)
/* Where a place lies behind the beginning of a window. */
#define DISTANCE(a, q, place) ((place) + (a).before - (q) * (a).stride)
#define HAS_PLACE(a, q, distance) ((q) < (a).out && (distance) >= 0 && (distance) % (a).dilation == 0)
#else
#define LIES_APART(a) ((a).stride > ((a).size - 1) * (a).dilation)

/* One window's `part` channels: its dy to the first place that has its y. `own` of its places along the dimension `cut` are the work-item's. No
 * place is in two windows where they lie `apart`. */
static void give_largest(const global float *dy, const global float *x, const global float *y, ulong room_y, ulong room_x, global float *dx, span s0,
                         span s1, span s2, offset step0, offset step1, offset step2, int cut, int own_begin, int own_end, bool apart, ulong part) {
    const real slope = load_channels(dy, room_y, part), largest = load_channels(y, room_y, part);
    const integers largest_is_nan = largest != largest;
    integers open = (integers)(-1);
    const int end0 = cut ? s0.count : own_end, end1 = cut ? own_end : s1.count;
    for (int i = 0; i < end0; i++)
        for (int j = 0; j < end1; j++) {
            const bool own = (cut ? j : i) >= own_begin;
            ulong at = i * step0 + j * step1;
            for (int k = 0; k < s2.count; k++, at += step2) {
                const real element = load_channels(x + at, room_x - at, part);
                const integers met = open & ((element == largest) | ((element != element) & largest_is_nan));
                open = met ? (integers)(0) : open;
                const real given = met ? slope : R(0.0);
                if (own) store_row(apart ? given : load_row(dx + at, part, 0.0f) + given, dx + at, part);
            }
        }
}

static void give_shares(const global float *dy, global float *dx, span s0, span s1, span s2, offset step0, offset step1, offset step2, int cut,
                        int own_begin, int own_end, ulong part) {
    const real share = load_row(dy, part, 0.0f) / divisor_of(s0, s1, s2);
    const int end0 = cut ? s0.count : own_end, end1 = cut ? own_end : s1.count;
    for (int i = cut ? 0 : own_begin; i < end0; i++)
        for (int j = cut ? own_begin : 0; j < end1; j++) {
            global float *to = dx + i * step0 + j * step1;
            for (int k = 0; k < s2.count; k++, to += step2) store_row(load_row(to, part, 0.0f) + share, to, part);
        }
}
#endif

/*
 * On a processor each of `count` groups owns `chunk` places of a sample of dx along the first of the dimensions 0 and 1 that is longer than 1, and
 * all of the others: it clears them, and goes through the windows that reach into them. Elsewhere a group makes `chunk` of `count` elements.
 */
KERNEL(GROUP, 1)
void pool_grad(ARGUMENTS(ulong count, ulong chunk, ulong channels, uint average, uint count_padding, DIMENSIONS, const global float *dy,
               const global float *x, const global float *y, global float *dx)) {
    AXES();
    const offset windows = (offset)(uint)axis0.out * (uint)axis1.out * (uint)axis2.out;
#if GROUP > 1
    const offset end = (offset)min(count, (GROUP_ID(0) + 1) * chunk);
    for (offset i = (offset)(GROUP_ID(0) * chunk) + get_local_id(0); i < end; i += GROUP) {
        offset rest = (offset)i;
        const offset channel = rest % stride2;
        rest /= stride2;
        const int place2 = (int)(rest % (uint)axis2.in);
        rest /= (uint)axis2.in;
        const int place1 = (int)(rest % (uint)axis1.in);
        rest /= (uint)axis1.in;
        const int place0 = (int)(rest % (uint)axis0.in);
        rest /= (uint)axis0.in;
        const offset first = rest * windows * stride2 + channel;
        float total = 0.0f;
        const offset most1 = most_windows(axis1), most2 = most_windows(axis2), all = most_windows(axis0) * most1 * most2;
        for (offset number = 0; number < all; number++) {
            const int q0 = LOWEST(axis0, place0) + (int)(number / (most1 * most2)), q1 = LOWEST(axis1, place1) + (int)(number / most2 % most1),
                      q2 = LOWEST(axis2, place2) + (int)(number % most2);
            const int distance0 = DISTANCE(axis0, q0, place0), distance1 = DISTANCE(axis1, q1, place1), distance2 = DISTANCE(axis2, q2, place2);
            if (!HAS_PLACE(axis0, q0, distance0) || !HAS_PLACE(axis1, q1, distance1) || !HAS_PLACE(axis2, q2, distance2)) continue;
            const offset at = first + (((uint)q0 * (offset)axis1.out + (uint)q1) * (uint)axis2.out + (uint)q2) * stride2;
            if (AVERAGE) {
                total += dy[at] / divisor_of(span_of(axis0, q0, count_padding), span_of(axis1, q1, count_padding), span_of(axis2, q2, count_padding));
                continue;
            }
            if (IS_LARGEST(x[i], y[at]) &&
                is_first(x, i, y[at], axis0, axis1, axis2, place0 - distance0, place1 - distance1, place2 - distance2, distance0, distance1, distance2,
                         stride0, stride1, stride2))
                total += dy[at];
        }
        dx[i] = total;
    }
#else
    STEPS();
    const int cut = axis0.in > 1 ? 0 : 1, length = cut ? axis1.in : axis0.in;
    const axis across = cut ? axis1 : axis0;
    const ulong parts = ((uint)length + chunk - 1) / chunk, sample = GROUP_ID(0) / parts, slice = cut ? stride1 : stride0;
    const ulong all_x = count / parts * sample_size, all_y = count / parts * windows * channels; /* elements */
    const int begin = (int)(GROUP_ID(0) % parts * chunk), end = (int)min((ulong)(uint)length, (ulong)(uint)begin + chunk);
    const bool apart = LIES_APART(axis0) && LIES_APART(axis1) && LIES_APART(axis2);
    global float *to = dx + sample * sample_size;
    for (ulong at = (uint)begin * slice; at < (uint)end * slice; at += WIDTH) store_row(R(0.0), to + at, (uint)end * slice - at);
    const int lowest = soma_window_lowest(begin, across.before, across.stride, (across.size - 1) * across.dilation);
    const int highest = soma_window_highest(end, across.before, across.stride, across.out);
    const int last0 = cut ? axis0.out - 1 : highest, last1 = cut ? highest : axis1.out - 1;
    for (int q0 = cut ? 0 : lowest; q0 <= last0; q0++)
        for (int q1 = cut ? lowest : 0; q1 <= last1; q1++) {
            const span s0 = span_of(axis0, q0, count_padding), s1 = span_of(axis1, q1, count_padding), s = cut ? s1 : s0;
            const int own_begin = soma_window_first(s.place - begin, across.dilation);
            const int own_end = soma_window_end(s.place, across.dilation, s.count, end);
            if (own_begin >= own_end) continue;
            ulong at = (sample * windows + ((ulong)(uint)q0 * (uint)axis1.out + (uint)q1) * (uint)axis2.out) * channels;
            for (int q2 = 0; q2 < axis2.out; q2++) {
                const span s2 = span_of(axis2, q2, count_padding);
                const ulong first = first_of(s0, s1, s2, stride0, stride1, stride2);
                for (ulong c = 0; c < channels; c += WIDTH) {
                    const ulong part = min((ulong)WIDTH, channels - c);
                    if (AVERAGE)
                        give_shares(dy + at + c, to + first + c, s0, s1, s2, step0, step1, step2, cut, own_begin, own_end, part);
                    else
                        give_largest(dy + at + c, x + sample * sample_size + first + c, y + at + c, all_y - at - c,
                                     all_x - sample * sample_size - first - c, to + first + c, s0, s1, s2, step0, step1, step2, cut, own_begin,
                                     own_end, apart, part);
                }
                at += channels;
            }
        }
#endif
}
#endif /* TRAINING */
