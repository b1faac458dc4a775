/* SPDX-License-Identifier: MIT */
/*
 * A prepared call is a short list of kernel launches. The files of the primitives write it with a builder, which keeps
 * the first error, so that they need not check every step; launch.c binds it to memory at its first run and executes
 * it.
 */
#ifndef SOMA_DEVICE_OPENCL_LAUNCH_H
#define SOMA_DEVICE_OPENCL_LAUNCH_H

#include "device/opencl/driver/opencl.h"

/* A kernel argument that is not known, or not fixed, when the call is prepared. */
typedef enum soma_cl_argument_kind {
    SOMA_CL_ARGUMENT_VIEW, /* a view's memory: at the first run */
    SOMA_CL_ARGUMENT_SKEW, /* elements between the sub-buffer's start and a view that is not aligned: at the first run
                            */
    SOMA_CL_ARGUMENT_SCRATCH,    /* a piece of the workspace: at the first run */
    SOMA_CL_ARGUMENT_LIVE_FLOAT, /* live parameters: whenever they have changed */
    SOMA_CL_ARGUMENT_LIVE_SIZE,
    SOMA_CL_ARGUMENT_LIVE_U64
} soma_cl_argument_kind;

typedef struct soma_cl_argument {
    soma_cl_argument_kind kind;
    cl_uint index; /* of the kernel's argument */
    size_t source; /* number of the view, offset in the workspace, or offset in the call's parameters */
    size_t bytes;  /* SCRATCH */
    cl_ulong last; /* LIVE: the bits set last */
    bool is_set;   /* LIVE */
} soma_cl_argument;

#define SOMA_CL_MAX_ARGUMENTS 44
#define SOMA_CL_MAX_DEFERRED  16
#define SOMA_CL_MAX_LAUNCHES  6
#define SOMA_CL_MAX_BUFFERS   (SOMA_CALL_MAX_VIEWS + 2)

typedef struct soma_cl_launch {
    cl_kernel kernel;
    int listed; /* the kernel's number in kernels/listed.h; -1: it has none */
    cl_uint next_index;
    cl_ulong fixed[SOMA_CL_MAX_ARGUMENTS]; /* by index: the bits of arguments that are known; 0 of the others */
    size_t global[2], local[2];
    /* In a list nobody shares the rows of a matrix product: the argument that says how many a group does, and all of
     * them. 0, 0: there is none. */
    cl_uint rows_index;
    cl_ulong all_rows;
    cl_uint round_index; /* of a launch that is repeated: the argument that says which time it is */
    uint32_t argument_count;
    soma_cl_argument argument[SOMA_CL_MAX_DEFERRED]; /* that are not known */
} soma_cl_launch;

/* A sub-buffer of a memory, or the memory itself (then not owned). */
typedef struct soma_cl_window {
    const soma_cl_memory *memory;
    size_t origin, bytes;
    cl_mem buffer;
    bool owned;
} soma_cl_window;

/* Work that is done beside the launches, by another library. Its own struct begins with this one. */
typedef struct soma_cl_product {
    const struct soma_cl_product_api *api;
} soma_cl_product;
typedef struct soma_cl_list soma_cl_list; /* calls that one launch does */

typedef struct soma_cl_prepared {
    bool bound;
    uint32_t launch_count, window_count;
    bool repeats; /* the launches but for the first `once` are done `rounds` times in turn */
    uint32_t once;
    size_t rounds;
    soma_cl_launch launch[SOMA_CL_MAX_LAUNCHES];
    soma_cl_window window[SOMA_CL_MAX_BUFFERS];
    soma_cl_product *product; /* done before the launches; NULL for none */
    soma_cl_list *list;       /* that this call is in; NULL for none */
} soma_cl_prepared;

typedef struct soma_cl_product_api {
    soma_status (*bind)(soma_cl_device *device, const soma_call *call); /* before the first run */
    soma_status (*run)(soma_cl_device *device, const soma_call *call);
    void (*destroy)(soma_cl_product *product);
} soma_cl_product_api;

typedef struct soma_cl_builder {
    soma_cl_device *device;
    const soma_call *call;
    soma_cl_prepared *prepared;
    soma_cl_launch *launch; /* being written */
    size_t scratch;         /* bytes of workspace so far */
    soma_status status;
} soma_cl_builder;

/* Adds a launch of a kernel; `options` (printf's format) specialise its program. The calls below describe its arguments
 * in order. */
void soma_cl_begin(soma_cl_builder *builder, const char *source, const char *kernel, const char *options, ...)
    __attribute__((format(printf, 4, 5)));
/* The same in a style that may be another than the device's, on processors. */
void soma_cl_begin_styled(soma_cl_builder *builder, const soma_cl_style *style, const char *source, const char *kernel);
void soma_cl_pass_size(soma_cl_builder *builder, size_t value); /* an OpenCL ulong */
/* How many rows each group does (dimension 1); in a list one does all. */
void soma_cl_pass_rows(soma_cl_builder *builder, size_t rows, size_t all_rows);
void soma_cl_pass_u32(soma_cl_builder *builder, uint32_t value);
void soma_cl_pass_float(soma_cl_builder *builder, float value);
/* Which time the launch is done: 0, 1, ..., of those after soma_cl_repeat(). */
void soma_cl_pass_round(soma_cl_builder *builder);
/* A view's memory; for a view that is absent or has no elements some memory that is not touched. */
void soma_cl_pass_view(soma_cl_builder *builder, uint32_t view);
void soma_cl_pass_skew(soma_cl_builder *builder, uint32_t view);
void soma_cl_pass_scratch(soma_cl_builder *builder, size_t offset, size_t bytes);
/* A live parameter, at this offset in the call's parameters. */
void soma_cl_pass_live(soma_cl_builder *builder, soma_cl_argument_kind kind, size_t offset);
#define SOMA_CL_LIVE(member) offsetof(soma_call, params.member)

/* Ends the launch: groups of local0 x local1 work-items. */
void soma_cl_end(soma_cl_builder *builder, size_t local0, size_t local1, size_t groups0, size_t groups1);

/*
 * Says how many passes through its loops a work-item makes. Where the device can't do as many the call is left to the
 * host: llvmpipe breaks off loops after 65535 passes in all, without a word.
 */
void soma_cl_expect_loops(soma_cl_builder *builder, size_t passes);

/* The launches that are written from now on are done `rounds` times in turn, one after the other each time. */
void soma_cl_repeat(soma_cl_builder *builder, size_t rounds);

/* Reserves a piece of the workspace; returns its offset. */
size_t soma_cl_reserve(soma_cl_builder *builder, size_t bytes);

/* The buffer that shows these bytes of a memory, as a sub-buffer where they do not start it. */
soma_status soma_cl_window_at(soma_cl_device *device, soma_cl_prepared *prepared, soma_cl_memory *memory, size_t offset,
                              size_t bytes, cl_mem *buffer);

/* Bytes from a view's first element to its last. */
size_t soma_cl_view_extent(const soma_view *view);

/* Reads a live parameter as the kernel wants it; returns its size. */
size_t soma_cl_read_live(const soma_call *call, const soma_cl_argument *argument, cl_ulong *bits);

/* ----------------------------------------------------------------------------------------------------- list.c */

/* numbers.c: the number of a kernel in kernels/listed.h; -1 if it has none. */
int soma_cl_listed_number(const char *kernel);

/*
 * Runs as many of the first calls as one launch can do, and as are small enough to gain by it; how many those are, 0
 * for none. soma_cl_arrange() has put them together.
 */
size_t soma_cl_list_run(soma_cl_device *device, const soma_call *calls, size_t count);

/* Takes a call out of its list before it is released; the last one frees the list. */
void soma_cl_list_leave(const soma_cl_device *device, soma_cl_prepared *prepared);

/* --------------------------------------------------------------------------------------------------- shares.c */

static inline size_t soma_cl_pieces(size_t count, size_t size) {
    return count / size + (count % size != 0);
}

/* How many elements each group handles of `count` that are independent of each other; a multiple of the vector's width
 * and of 4. */
size_t soma_cl_chunk(const soma_cl_device *device, size_t count);

/* How rows are shared out; see kernels/rows.h. */
typedef struct soma_cl_rows {
    uint32_t lanes, rows; /* of a group */
    size_t rows_per_group, groups;
} soma_cl_rows;
soma_cl_rows soma_cl_share_rows(const soma_cl_device *device, size_t rows, size_t length);

/* The last launch of a call whose sums were cut into `shares`, which have made `count` numbers each, one behind the
 * other from `offset` in the workspace on: view = alpha sum of the shares + beta view. alpha and beta are live. */
void soma_cl_add_shares(soma_cl_builder *builder, size_t count, size_t shares, size_t offset, size_t alpha, size_t beta,
                        uint32_t view);

/* Into how many pieces to cut an axis of this length where only `items` work-items would reduce it whole. */
size_t soma_cl_axis_pieces(const soma_cl_device *device, size_t items, size_t axis);

/* ------------------------------------------------------------------------------------------- the primitives' files */

typedef void soma_cl_writer(soma_cl_builder *builder);
#define X(NAME, name, ...) soma_cl_writer soma_cl_write_##name;
SOMA_PRIMITIVE_LIST(X)
#undef X

/* Softmax and its gradient: one kernel where the axis is a row, the other for any axis; they take so many views. */
void soma_cl_launch_softmax(soma_cl_builder *builder, const char *rows_kernel, const char *columns_kernel,
                            uint32_t views);
/* Losses and their gradients: one kernel for the categorical cross-entropies, the other for means over elements. */
void soma_cl_launch_loss(soma_cl_builder *builder, const char *categorical_kernel, const char *focal_kernel,
                         const char *element_kernel);

#endif
