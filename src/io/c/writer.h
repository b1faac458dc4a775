/* SPDX-License-Identifier: MIT */
/*
 * From calls to C: what the rules of all primitives use to write the function of a call. A rule appends statements to
 * `body`, in which views are named by soma_c_view() and the like; the function around them, its arguments and the place
 * of each tensor in memory are the writer's.
 */
#ifndef SOMA_IO_C_WRITER_H
#define SOMA_IO_C_WRITER_H

#include "io/c/program.h"
#include <stdio.h>

#define SOMA_C_NAME       320 /* longer names are cut, and made unique by a number */
#define SOMA_C_EXPRESSION 2048

typedef struct soma_c_name {
    char text[SOMA_C_NAME];
} soma_c_name;

typedef struct soma_c_expression {
    char text[SOMA_C_EXPRESSION];
} soma_c_expression;

/* An array of constants that is there already: all of a tensor as it is, or a matrix turned. */
typedef struct soma_c_array {
    const soma_tensor *root;
    size_t offset;        /* of the matrix, in elements */
    size_t rows, columns; /* of one that is turned, for a tensor can be seen as several; else 0 */
    soma_c_name name;
} soma_c_array;

/* A function that is called. */
typedef struct soma_c_step {
    size_t call;
    size_t scratch; /* floats of memory of its own */
    soma_c_name function;
} soma_c_step;

typedef struct soma_c_writer {
    soma_network *network;
    soma_c_program *program;
    const char *prefix;
    soma_text constants, functions, run, file;
    bool uses[SOMA_FUNCTION_COUNT];
    size_t dot;         /* the longest sum of products that is asked for; 0: none */
    soma_c_name *names; /* those that are taken */
    size_t name_count, name_capacity;
    soma_c_array *arrays;
    size_t array_count, array_capacity;
    soma_c_step *steps;
    size_t step_count;
    size_t weight_bytes, memory_bytes;
    /* While a call is written. */
    size_t number;         /* of the call */
    const soma_call *call; /* number `number` */
    soma_c_name function;
    soma_text body;
    soma_c_expression note; /* what stands over the function; a rule may fill it */
    size_t scratch;         /* floats that it needs beside, under the name `scratch` */
    bool wide;              /* an index does not fit 16 bits, as `int` has on small machines */
} soma_c_writer;

/* Writes the statements of writer->call. */
typedef soma_status soma_c_rule(soma_c_writer *writer, const soma_call *call);

/* Statements, and the note. */
#define PUT(...)  soma_text_append(&writer->body, __VA_ARGS__)
#define NOTE(...) ((void)snprintf(writer->note.text, sizeof writer->note.text, __VA_ARGS__))

/* names.c: an identifier made of `text`, with the prefix, that nothing else has. */
soma_status soma_c_take_name(soma_c_writer *writer, const char *text, soma_c_name *name);
/* "prefix_name" */
soma_c_name soma_c_prefixed(const soma_c_writer *writer, const char *name);

/* constants.c: what stands for the first element of a view in the body: an argument, or an array of constants. */
soma_status soma_c_view(soma_c_writer *writer, const soma_view *view, const char *role, soma_c_expression *expression);
/* The same of a matrix [rows, columns] that is known: an array with its columns one after the other. */
soma_status soma_c_turned(soma_c_writer *writer, const soma_view *view, const char *role, size_t rows, size_t columns,
                          soma_c_expression *expression);
/* An array of such numbers under a name of its own. */
soma_status soma_c_put_array(soma_c_writer *writer, const char *name, const float *values, size_t count);
/* "-1.5f" */
soma_c_expression soma_c_number(float value);
/* The elements of a view that is known. */
const float *soma_c_values(const soma_c_writer *writer, const soma_view *view);

/* functions.c: a function of soma/functions.h of an expression; those that are used, as C. */
soma_c_expression soma_c_apply(soma_c_writer *writer, soma_function function, float a, float b, const char *x);
void soma_c_put_functions(soma_c_writer *writer);

/* arguments.c: the name of a changing view in the function of the call; the head of that function. */
const char *soma_c_argument(const soma_c_writer *writer, const soma_view *view);
void soma_c_put_head(soma_c_writer *writer);

/* places.c: the memory of tensors; the function that calls all others. */
soma_status soma_c_put_run(soma_c_writer *writer);
/* head.c: the comment and the declarations; what the network keeps of its data. */
soma_status soma_c_put_declarations(soma_c_writer *writer);
soma_status soma_c_put_kept(soma_c_writer *writer);
/* The name of an input or output as an argument, and in declarations: "input", or "input_NAME" of several. */
soma_c_name soma_c_port(const soma_c_writer *writer, bool output, size_t index);

/* loops.c: blanks; the head of a loop at this depth; the ends of so many. The type of indices. */
void soma_c_put_indent(soma_c_writer *writer, unsigned depth);
void soma_c_put_loop(soma_c_writer *writer, unsigned depth, const char *index, size_t count);
void soma_c_end_loops(soma_c_writer *writer, unsigned depth, unsigned end);
const char *soma_c_index_type(const soma_c_writer *writer);

/* Dimensions that are gone through together, without those of 1, and neighbours that lie as one joined; the strides of
 * up to three things. */
typedef struct soma_c_loops {
    uint32_t rank, first; /* the depth at which they begin, by which indices are named: i, j, k, ... */
    size_t shape[SOMA_MAX_RANK];
    size_t stride[3][SOMA_MAX_RANK];
} soma_c_loops;
soma_c_loops soma_c_loops_of(uint32_t first, uint32_t rank, const size_t *shape, const size_t *const *stride,
                             uint32_t count);
/* The heads of all loops; returns the depth inside. */
unsigned soma_c_put_loops(soma_c_writer *writer, const soma_c_loops *loops);
/* "i * 12 + j": the place of thing number `which` within one and the other, which may be NULL. */
soma_c_expression soma_c_place(const soma_c_loops *outer, const soma_c_loops *inner, uint32_t which);

/* gemm.c: "prefix_dot(a, b, count)", or the sum itself where it has one member. */
soma_c_expression soma_c_dot(soma_c_writer *writer, const char *a, const char *b, size_t count);

/* The primitives that have a C form. */
#define SOMA_C_LIST(X)                                                                                                 \
    X(FILL, fill)                                                                                                      \
    X(COPY, copy)                                                                                                      \
    X(GATHER, gather)                                                                                                  \
    X(GEMM, gemm)                                                                                                      \
    X(UNARY, unary)                                                                                                    \
    X(BINARY, binary)                                                                                                  \
    X(REDUCE, reduce)                                                                                                  \
    X(SOFTMAX, softmax)                                                                                                \
    X(CONV, conv)                                                                                                      \
    X(CONV_DATA_GRAD, conv_data_grad)                                                                                  \
    X(POOL, pool)                                                                                                      \
    X(NORMALIZE, normalize)                                                                                            \
    X(RECURRENT, recurrent)                                                                                            \
    X(ATTENTION, attention)                                                                                            \
    X(MATMUL, matmul)

#define X(NAME, name) soma_c_rule soma_c_write_##name;
SOMA_C_LIST(X)
#undef X

#endif
