/* SPDX-License-Identifier: MIT */
/*
 * The contract of each primitive, as soma/primitives.h tells it: its views, and a check of shapes and parameters. The
 * rows lie with their families; contract.c puts them into one table.
 */
#ifndef SOMA_DEVICE_CONTRACT_CONTRACT_H
#define SOMA_DEVICE_CONTRACT_CONTRACT_H

#include "device/calls.h"
#include "device/device.h"

/* What a view may be. */
enum {
    F = 1 << 0, /* float32, or float64 on the reference device */
    I = 1 << 1, /* int32 */
    U = 1 << 2, /* uint8 */
    ANY = F | I | U,
    OPTIONAL = 1 << 3,
    STRIDED = 1 << 4,   /* any strides */
    BROADCAST = 1 << 5, /* contiguous, with strides of 0 for repeated dimensions */
    OUT = 1 << 6,       /* written */
    UPDATED = 1 << 7    /* read and written */
};

typedef struct soma_contract {
    soma_status (*check)(const soma_call *call); /* each view has been found to be well formed by itself */
    struct {
        const char *name;
        unsigned flags;
    } view[SOMA_CALL_MAX_VIEWS];
    double (*flops)(const soma_call *call); /* NULL: moving the numbers takes longer than computing with them */
    double (*bytes)(const soma_call *call); /* NULL: all of its views */
} soma_contract;

/* SOMA_CONTRACT(gemm) = {...}; is the row of GEMM. */
#define SOMA_CONTRACT(name) const soma_contract soma_contract_##name

#define X(NAME, name, ...) extern SOMA_CONTRACT(name);
SOMA_PRIMITIVE_LIST(X)
#undef X

/* The row of a call whose primitive is one. */
const soma_contract *soma_contract_of(const soma_call *call);

/* Records an error that begins with the primitive's name. */
soma_status soma_call_refuse(const soma_call *call, soma_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "[32, 10]", into a buffer of SHAPE_TEXT_SIZE. */
const char *soma_call_shape_text(char *text, const soma_view *view);
#define SHAPE_TEXT_SIZE 128
#define SHAPE(view)     soma_call_shape_text((char[SHAPE_TEXT_SIZE]){0}, view)

/* Refusals, in so many words, of what is not as it must be. */
soma_status soma_need_same_shape(const soma_call *call, uint32_t x, uint32_t y);
soma_status soma_need_rank(const soma_call *call, uint32_t index, uint32_t rank);
/* The view has exactly these dimensions. */
soma_status soma_need_shape(const soma_call *call, uint32_t index, uint32_t rank, size_t first, size_t second);
/* Class numbers [n], where they are allowed, or rows like the prediction's [n, k]. */
soma_status soma_need_target(const soma_call *call, bool class_numbers);
/* unary.c: a function of one number, and parameters that it can have. */
soma_status soma_need_function(const soma_call *call, soma_function function, float a, float b);

#endif
