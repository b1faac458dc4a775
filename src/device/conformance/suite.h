/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite: what the tables of cases and the machinery that runs them share.
 *
 * A case is a call with the contents of its views, and a function that computes from these what must come out and how
 * far off it may be. It is run on the device and on the reference. Contents are random but the same on every machine;
 * each case's text says what it is.
 */
#ifndef SOMA_DEVICE_CONFORMANCE_SUITE_H
#define SOMA_DEVICE_CONFORMANCE_SUITE_H

#include "base/random.h"
#include "device/calls.h"
#include "device/conformance/bounded.h"
#include "device/contract/contract.h"
#include "device/device.h"
#include "device/element.h"

/* Checks of a device beyond the primitives. */
enum { SOMA_CHECK_MEMORY = SOMA_PRIMITIVE_COUNT, SOMA_CHECK_LIST, SOMA_CHECK_COUNT };

/* Whom to tell how quick each primitive is, and what the device can do at most. */
typedef struct soma_timing {
    soma_check_speed_function *on_speed;
    void *context;
    double peak; /* soma_device_peak(); NaN where there is none */
} soma_timing;

typedef struct soma_suite {
    soma_device *device;
    soma_timing timing;
    soma_check_result result;
    double worst_ratio; /* of error to bound; past 1 is a failure */
    uint32_t number;    /* of the case at hand, from 0 */
    soma_random random; /* of the case at hand */
    soma_status status; /* what ended the suite early: it could not run on, which is not a failed case */
    bool first_failure_only;
    bool prepares_only;  /* cases are not run */
    soma_call neighbour; /* prepared where the device arranges calls: each case also runs beside it, as one of a list */
} soma_suite;

/*
 * What the outputs must be: expected[view][element] in row-major order, NULL for views that are not written. `before`
 * is the call with its views in host memory, as the device found them.
 */
typedef void soma_case_bound(const soma_call *before, soma_bounded *const *expected);

#define SOMA_CASE_MAX_RUNS 4

typedef struct soma_case {
    soma_call call; /* views with shape, stride, dtype */
    soma_case_bound *bound;
    char text[176];
    double *data[SOMA_CALL_MAX_VIEWS]; /* contents by position (as strides count), for any dtype; NULL for what is only
                                          written */
    size_t positions[SOMA_CALL_MAX_VIEWS];
    uint32_t run_count; /* the same prepared call again, with other live parameters, on what the run before has left */
    soma_call run[SOMA_CASE_MAX_RUNS];  /* only .params counts */
    size_t shift[SOMA_CALL_MAX_VIEWS];  /* elements by which a view begins past the alignment; for COPY */
    uint32_t over[SOMA_CALL_MAX_VIEWS]; /* of an output: 1 + the input in whose place it lies; or 0 */
    bool garbage_is_finite;             /* what outputs hold before: for cases whose results are NaN */
    bool any_not_finite; /* the order of products decides between an infinity and a NaN: either will do */
} soma_case;

/* ------------------------------------------------------------------------------------------------- making a case */

/* Starts a case: the call's views have shapes only; what is read is filled with random numbers in [-2, 2), integers
 * with 0. */
void soma_case_begin(soma_suite *suite, soma_case *c, const soma_call *call, soma_case_bound *bound);
void soma_case_describe(soma_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Contents. Views that are absent or only written are left alone. */
void soma_case_uniform(soma_suite *suite, soma_case *c, uint32_t view, double low, double high);
void soma_case_whole(soma_suite *suite, soma_case *c, uint32_t view, int32_t low, int32_t high); /* both included */
/* Away from 0: +-[low, high). */
void soma_case_nonzero(soma_suite *suite, soma_case *c, uint32_t view, double low, double high);
/* Each with a chance of 1 in `one_in`. */
void soma_case_sprinkle(soma_suite *suite, soma_case *c, uint32_t view, uint32_t one_in, const float *values,
                        size_t count);
/* The first elements, one after the other. */
void soma_case_points(soma_case *c, uint32_t view, const float *values, size_t count);
void soma_case_poke(soma_case *c, uint32_t view, size_t position, double value);

/* Puts an output where an input of its size lies, which comes before it. */
void soma_case_lay_over(soma_case *c, uint32_t output, uint32_t input);

/* The suite's neighbour, on a device that arranges calls. */
soma_status soma_neighbour_open(soma_suite *suite);
void soma_neighbour_close(soma_suite *suite);

/* Runs the case, or counts it as failed; frees its contents. */
void soma_case_run(soma_suite *suite, soma_case *c);
/* Times the case instead of comparing its results; `what` tells it from others of the primitive. Frees its contents. */
void soma_case_time(soma_suite *suite, soma_case *c, const char *what);
/* As large as the layers and batches for which time counts, and no larger than the host's reference bears. */
#define SOMA_TIMED_ROWS    1024
#define SOMA_TIMED_COLUMNS 1024
#define SOMA_TIMED_COUNT   (SOMA_TIMED_ROWS * SOMA_TIMED_COLUMNS)

/* --------------------------------------------------------------------------------------------------------- views */

soma_view soma_view_shaped(soma_dtype dtype, uint32_t rank, const size_t *shape);
#define SOMA_SHAPED(dtype, ...)                                                                                        \
    soma_view_shaped(dtype, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), (size_t[]){__VA_ARGS__})
#define SOMA_F32_VIEW(...) SOMA_SHAPED(SOMA_F32, __VA_ARGS__)

/* ------------------------------------------------------------------------------------------- running and comparing */

/* No further case is run: the first failure was enough, or the suite itself can't go on. */
bool soma_suite_is_over(const soma_suite *suite);

/* Counts a failed case, and keeps the first one's text. */
void soma_suite_fail(soma_suite *suite, const char *text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Where a case's views lie: each in a memory of its own, which may end where it does, or all in one; with guard bytes
 * around each. */
typedef struct soma_block {
    void *memory;
    size_t bytes;
    uint8_t *before, *after; /* what it held, and what it holds */
    uint8_t *allowed;        /* what it may hold: scratch for comparing */
} soma_block;

typedef struct soma_placement {
    soma_block block[SOMA_CALL_MAX_VIEWS + 1]; /* the last is the workspace */
    uint32_t block_of[SOMA_CALL_MAX_VIEWS + 1];
    size_t offset[SOMA_CALL_MAX_VIEWS + 1];
    size_t workspace; /* bytes */
} soma_placement;
#define SOMA_WORKSPACE_SLOT SOMA_CALL_MAX_VIEWS

soma_status soma_placement_make(soma_suite *suite, const soma_case *c, size_t workspace, soma_placement *placement);
void soma_placement_free(soma_suite *suite, soma_placement *placement);
/* Reads what the device has now. */
soma_status soma_placement_read(soma_suite *suite, soma_placement *placement);
/* Whether anything was written that is no element of an output; if so, says where in `text`. */
bool soma_placement_is_damaged(const soma_case *c, const soma_placement *placement, char *text, size_t size);
/* The views of a prepared call get the device's memory. */
void soma_placement_place(const soma_placement *placement, soma_call *call);
/* What was found becomes what the next run finds. */
void soma_placement_go_on(soma_placement *placement);
/* The call with its views in host memory: as it was before, or is after. */
soma_call soma_placement_call(const soma_case *c, const soma_placement *placement, bool after);

/* Compares all outputs; false if one is wrong, which has then been counted. */
bool soma_case_compare(soma_suite *suite, const soma_case *c, const soma_call *before, const soma_call *after);

/* ------------------------------------------------------------------------------------------------ the tables of cases
 */

typedef void soma_case_table(soma_suite *suite);
/* NAME_cases: what must come out right. NAME_speeds: what is timed. */
#define X(NAME, name, ...) soma_case_table soma_##name##_cases, soma_##name##_speeds;
SOMA_PRIMITIVE_LIST(X)
#undef X
soma_case_table soma_memory_cases, soma_list_cases;

/* False for the primitives of training in a soma without it. */
bool soma_suite_has(uint32_t row);
/* Runs one row of the suite: a primitive, SOMA_CHECK_MEMORY or SOMA_CHECK_LIST. With `first_failure_only` it ends at
 * that. */
soma_status soma_suite_check(soma_device *device, uint32_t row, bool first_failure_only, soma_check_result *result);
/* Prepares all cases of a row, which makes the device compile what it has for them, and runs none of them. */
soma_status soma_suite_prepare(soma_device *device, uint32_t row, soma_check_result *result);
/* Times one row; memory and lists have nothing to time. */
soma_status soma_suite_time(soma_device *device, uint32_t row, const soma_timing *timing);

#endif
