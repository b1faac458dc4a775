/* SPDX-License-Identifier: MIT */
/*
 * Windows of POOL along one dimension: the places start + k dilation, of which some lie outside the image. Compiled by C and by OpenCL C.
 * Numbers are below 2^30 (SOMA_POOL_MOST_PLACES), so that nothing here overflows.
 */
#ifndef SOMA_KERNELS_WINDOW_H
#define SOMA_KERNELS_WINDOW_H

/* The first k whose place is not below 0; it may be past the window's end. */
static inline int soma_window_first(int start, int dilation) { return start < 0 ? (dilation - 1 - start) / dilation : 0; }

/* One past the last k whose place is below `limit`, out of `size`. */
static inline int soma_window_end(int start, int dilation, int size, int limit) {
    if (start >= limit) return 0;
    const unsigned int end = ((unsigned int)limit - (unsigned int)start + (unsigned int)dilation - 1) / (unsigned int)dilation;
    return end < (unsigned int)size ? (int)end : size;
}

/* The first and the last of the windows q, q stride - before being their start, that may reach a place in [begin, end). */
static inline int soma_window_lowest(int begin, int before, int stride, int reach) {
    const int distance = begin + before - reach;
    return distance > 0 ? (distance - 1) / stride + 1 : 0;
}
static inline int soma_window_highest(int end, int before, int stride, int windows) {
    const int last = (end - 1 + before) / stride;
    return last < windows ? last : windows - 1;
}

#endif
