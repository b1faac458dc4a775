/* SPDX-License-Identifier: MIT */
/* The graph as a container, and the shape rules: what each op accepts and refuses. */
#include "expect.h"
#include "graph/rewrites.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>

/* Shapes are written as messages show them: "[batch, 3, 2]"; "int32 [batch]" for class numbers. */
static void parse_shape(const char *text, soma_tensor_spec *spec) {
    spec->dtype = SOMA_F32;
    if (strncmp(text, "int32 ", 6) == 0) {
        spec->dtype = SOMA_I32;
        text += 6;
    }
    spec->batched = strncmp(text, "[batch", 6) == 0;
    spec->rank = 0;
    for (text += spec->batched ? 6 : 1; *text != ']';) {
        char *end;
        text += strspn(text, ", ");
        unsigned long long size = strtoull(text, &end, 10);
        ck_assert(end != text && size <= SIZE_MAX);
        spec->shape[spec->rank++] = (size_t)size;
        text = end;
    }
}

static soma_tensor *add(soma_graph *graph, soma_op op, const char *shape) {
    soma_tensor *tensor;
    soma_tensor_spec spec = {.op = op};
    parse_shape(shape, &spec);
    expect_ok(soma_graph_add(graph, &spec, &tensor));
    return tensor;
}

static soma_tensor *add_source(soma_graph *graph, const char *shape) {
    bool batched = strstr(shape, "batch") != NULL;
    return add(graph, batched ? SOMA_OP_INPUT : SOMA_OP_PARAMETER, shape);
}

/* ----------------------------------------------------------------------------------------------------- shape rules */

typedef struct shape_case {
    soma_op op;
    const char *input[5];
    soma_attributes attributes;
    const char *shape;  /* asked for, by the ops that do not derive it */
    const char *result; /* NULL: refused, */
    soma_status status; /* so, */
    const char *word;   /* with this in the message */
} shape_case;

#define PRODUCT(ta, tb)                                                                                                \
    {                                                                                                                  \
        .gemm = {.transpose_a = ta, .transpose_b = tb, .alpha = 1 }                                                    \
    }
#define ORDER(...)                                                                                                     \
    {                                                                                                                  \
        .transpose = {.axis = {__VA_ARGS__} }                                                                          \
    }
#define FUNCTION(f, a, b)                                                                                              \
    {                                                                                                                  \
        .unary = { f, a, b }                                                                                           \
    }
#define AXIS(op, n)                                                                                                    \
    {                                                                                                                  \
        .op = {.axis = n }                                                                                             \
    }
#define AXES(n, many)                                                                                                  \
    {                                                                                                                  \
        .reduce = {.axis = n, .count = many }                                                                          \
    }
#define SLICE(n, from, count)                                                                                          \
    {                                                                                                                  \
        .slice = { n, from, count }                                                                                    \
    }
#define MIXED(many)                                                                                                    \
    {                                                                                                                  \
        .mix = {.classes = many }                                                                                      \
    }
#define RATE(r)                                                                                                        \
    {                                                                                                                  \
        .dropout = {.rate = r }                                                                                        \
    }
#define WINDOW(step, spread, from, to, many, more)                                                                     \
    {                                                                                                                  \
        .conv = {                                                                                                      \
            .params = {.stride = {1, 1, step}, .dilation = {1, 1, spread}, .before = {0, 0, from}, .groups = many},    \
            .after = {0, 0, to},                                                                                       \
            .output_padding = {0, 0, more}                                                                             \
        }                                                                                                              \
    }
#define POOL(length, step, spread, from, to, past)                                                                     \
    {                                                                                                                  \
        .pool = {                                                                                                      \
            .params = {.size = {1, 1, length},                                                                         \
                       .stride = {1, 1, step},                                                                         \
                       .dilation = {1, 1, spread},                                                                     \
                       .before = {0, 0, from},                                                                         \
                       .after = {0, 0, to}},                                                                           \
            .ceil = past                                                                                               \
        }                                                                                                              \
    }
#define WIDE(size)                                                                                                     \
    {                                                                                                                  \
        .conv = {.params = {.stride = {1, size, 1}, .dilation = {1, 1, 1}, .groups = 1} }                              \
    }
#define AROUND(dimension, from, to)                                                                                    \
    {                                                                                                                  \
        .pad = {.before = {[dimension] = from}, .after = {[dimension] = to} }                                          \
    }
#define NOTHING                                                                                                        \
    {                                                                                                                  \
        .fill = { 0, false }                                                                                           \
    }
#define BAD(word)  NULL, SOMA_INVALID_SHAPE, word
#define ILL(word)  NULL, SOMA_INVALID_ARGUMENT, word
#define GOOD(text) text, SOMA_OK, NULL

static const shape_case shape_cases[] = {
    {SOMA_OP_INPUT, {NULL}, NOTHING, "[batch, 2, 3, 4, 5]", GOOD("[batch, 2, 3, 4, 5]")},
    {SOMA_OP_INPUT, {NULL}, NOTHING, "[batch]", GOOD("[batch]")},
    {SOMA_OP_INPUT, {NULL}, NOTHING, "[batch, 2, 0]", BAD("dimension 1 is 0")},
    {SOMA_OP_INPUT, {NULL}, NOTHING, "[batch, 1, 2, 3, 4, 5]", BAD("6 dimensions, at most 5")},
    {SOMA_OP_INPUT, {"[batch, 2]"}, NOTHING, "[batch, 2]", ILL("input takes 0 to 0 inputs, got 1")},
    {SOMA_OP_PARAMETER, {NULL}, NOTHING, "[1, 2, 3, 4, 5]", GOOD("[1, 2, 3, 4, 5]")},
    {SOMA_OP_PARAMETER, {NULL}, NOTHING, "[65536, 65536, 65536, 65536]", BAD("more elements than memory")},
    {SOMA_OP_PARAMETER,
     {NULL},
     NOTHING,
     BY_WIDTH("[288230376151711744]", "[67108864]"),
     BAD("more elements than memory")},
    {SOMA_OP_FILL, {NULL}, NOTHING, "[batch, 3]", GOOD("[batch, 3]")},

    {SOMA_OP_COPY, {"[batch, 3]"}, NOTHING, "[batch, 3]", GOOD("[batch, 3]")},
    {SOMA_OP_COPY, {"[3, 1]"}, NOTHING, "[batch, 2, 3, 4]", GOOD("[batch, 2, 3, 4]")},
    {SOMA_OP_COPY, {"[batch, 3]"}, NOTHING, "[3]", BAD("[batch, 3] cannot be broadcast to [3]")},
    {SOMA_OP_COPY, {"[batch, 3]"}, NOTHING, "[batch, 4]", BAD("cannot be broadcast")},
    {SOMA_OP_COPY, {"[batch, 3, 2]"}, NOTHING, "[batch, 2]", BAD("cannot be broadcast")},
    {SOMA_OP_COPY, {"[1]"}, NOTHING, "[65536, 65536, 65536, 65536]", BAD("more elements than memory")},

    {SOMA_OP_RESHAPE, {"[batch, 3, 4]"}, NOTHING, "[batch, 2, 6]", GOOD("[batch, 2, 6]")},
    {SOMA_OP_RESHAPE, {"[batch, 3, 4]"}, NOTHING, "[batch, 13]", BAD("12 elements per sample, [batch, 13] has 13")},
    {SOMA_OP_RESHAPE, {"[12]"}, NOTHING, "[batch, 12]", BAD("elements per sample")},
    /* (2^64 - 1)^2 is 1 modulo 2^64, as (2^32 - 1)^2 modulo 2^32 */
    {SOMA_OP_RESHAPE,
     {"[batch, 1]"},
     NOTHING,
     BY_WIDTH("[batch, 4294967295, 4294967297, 18446744073709551615]", "[batch, 65535, 65537, 4294967295]"),
     BAD("elements")},

    {SOMA_OP_GEMM, {"[batch, 4]", "[4, 3]"}, PRODUCT(false, false), NULL, GOOD("[batch, 3]")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[4, 3]", "[3]"}, PRODUCT(false, false), NULL, GOOD("[batch, 3]")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[3, 4]"}, PRODUCT(false, true), NULL, GOOD("[batch, 3]")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[batch, 3]"}, PRODUCT(true, false), NULL, GOOD("[4, 3]")},
    {SOMA_OP_GEMM, {"[5, 4]", "[4, 3]"}, PRODUCT(false, false), NULL, GOOD("[5, 3]")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[5, 3]"}, PRODUCT(false, false), NULL, BAD("cannot multiply [batch, 4] by [5, 3]")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[4, 3]"}, PRODUCT(false, true), NULL, BAD("by [4, 3] transposed")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[batch, 4]"}, PRODUCT(false, true), NULL, BAD("cannot multiply")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[batch, 3]"}, PRODUCT(false, false), NULL, BAD("cannot multiply")},
    {SOMA_OP_GEMM, {"[batch, 2, 5, 4]", "[4, 3]", "[3]"}, PRODUCT(false, false), NULL, GOOD("[batch, 2, 5, 3]")},
    {SOMA_OP_GEMM, {"[batch, 2, 4]", "[batch, 2, 3]"}, PRODUCT(true, false), NULL, GOOD("[4, 3]")},
    {SOMA_OP_GEMM, {"[batch, 2, 4]", "[batch, 3, 3]"}, PRODUCT(true, false), NULL, BAD("cannot multiply")},
    {SOMA_OP_GEMM, {"[batch, 2, 2]", "[4, 3]"}, PRODUCT(false, false), NULL, BAD("cannot multiply")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[4]"}, PRODUCT(false, false), NULL, BAD("needs a matrix, or a batch of rows")},
    {SOMA_OP_GEMM, {"[2, 2, 4]", "[4, 3]"}, PRODUCT(false, false), NULL, BAD("needs a matrix, or a batch of rows")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[4, 3]", "[4]"}, PRODUCT(false, false), NULL, BAD("bias must be [3], got [4]")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[4, 3]", "[1, 3]"}, PRODUCT(false, false), NULL, BAD("bias must be [3]")},
    {SOMA_OP_GEMM, {"[batch, 4]", "[4, 3]", "[batch, 3]"}, PRODUCT(false, false), NULL, BAD("bias must be [3]")},
    {SOMA_OP_GEMM, {"[batch, 4]"}, PRODUCT(false, false), NULL, ILL("gemm takes 2 to 3 inputs, got 1")},
    {SOMA_OP_GEMM,
     {BY_WIDTH("[17179869184, 1]", "[131072, 1]"), BY_WIDTH("[1, 17179869184]", "[1, 131072]")},
     PRODUCT(false, false),
     NULL,
     BAD("more elements than memory")},

    {SOMA_OP_GATHER, {"[5, 3]", "int32 [batch, 4]"}, NOTHING, NULL, GOOD("[batch, 4, 3]")},
    {SOMA_OP_GATHER, {"[batch, 5, 3]", "int32 [batch, 4]"}, NOTHING, NULL, GOOD("[batch, 4, 3]")},
    {SOMA_OP_GATHER, {"[batch, 5, 3]", "int32 [4]"}, NOTHING, NULL, BAD("of samples if the table is")},
    {SOMA_OP_GATHER, {"[batch, 5]", "int32 [batch, 4]"}, NOTHING, NULL, BAD("rows of a table [rows, width]")},
    {SOMA_OP_ORDINAL, {"[batch, 5, 3]"}, NOTHING, NULL, GOOD("[batch, 1]")},
    {SOMA_OP_ORDINAL, {"[5, 3]"}, NOTHING, NULL, BAD("samples are counted of what has some")},

    {SOMA_OP_TRANSPOSE, {"[2, 3, 4]"}, ORDER(2, 0, 1), NULL, GOOD("[4, 2, 3]")},
    {SOMA_OP_TRANSPOSE, {"[batch, 2, 3, 4, 5]"}, ORDER(0, 4, 1, 3, 2), NULL, GOOD("[batch, 5, 2, 4, 3]")},
    {SOMA_OP_TRANSPOSE, {"[batch, 2]"}, ORDER(1, 0), NULL, BAD("the batch must stay the first dimension")},
    {SOMA_OP_TRANSPOSE, {"[2, 3]"}, ORDER(1, 1), NULL, BAD("names each of 2 dimensions once")},
    {SOMA_OP_TRANSPOSE, {"[2, 3]"}, ORDER(2, 0), NULL, BAD("names each of 2 dimensions once")},
    {SOMA_OP_TRANSPOSE, {"[2, 3]"}, ORDER(0, 1, 1), NULL, BAD("names each of 2 dimensions once")},

    {SOMA_OP_UNARY, {"[batch, 2, 3]"}, FUNCTION(SOMA_RELU, 0, 0), NULL, GOOD("[batch, 2, 3]")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_LEAKY_RELU, 1, 0.5f), NULL, GOOD("[2]")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_LEAKY_RELU, -1, -2), NULL, GOOD("[2]")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_LEAKY_RELU, 1, 1), NULL, ILL("leaky_relu needs b < a")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_LEAKY_RELU, 0, 1), NULL, ILL("got a = 0, b = 1")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_LEAKY_RELU, NAN, 0), NULL, ILL("finite")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_LINEAR, INFINITY, 0), NULL, ILL("linear needs finite")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_HARD_SIGMOID, 1, NAN), NULL, ILL("hard_sigmoid needs finite")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_ELU, 0, 0), NULL, GOOD("[2]")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_ELU, -1, 0), NULL, ILL("elu needs a >= 0, got a = -1")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION(SOMA_SOFTMAX, 0, 0), NULL, ILL("64 is not a function of one number")},
    {SOMA_OP_UNARY, {"[2]"}, FUNCTION((soma_function)-1, 0, 0), NULL, ILL("not a function")},
    {SOMA_OP_UNARY, {NULL}, FUNCTION(SOMA_RELU, 0, 0), NULL, ILL("unary takes 1 to 1 inputs, got 0")},
    {SOMA_OP_UNARY_GRAD, {"[batch, 2]", "[batch, 2]"}, FUNCTION(SOMA_RELU, 0, 0), NULL, GOOD("[batch, 2]")},
    {SOMA_OP_UNARY_GRAD, {"[batch, 2]", "[batch, 3]"}, FUNCTION(SOMA_RELU, 0, 0), NULL, BAD("should be equal")},
    {SOMA_OP_BIAS_UNARY_GRAD, {"[batch, 2]", "[2]"}, FUNCTION(SOMA_RELU, 0, 0), NULL, BAD("should be equal")},
    {SOMA_OP_SECOND, {"[batch, 2, 3]"}, NOTHING, NULL, GOOD("[2, 3]")},

    {SOMA_OP_BINARY, {"[batch, 2, 3]", "[batch, 2, 3]"}, NOTHING, NULL, GOOD("[batch, 2, 3]")},
    {SOMA_OP_BINARY, {"[batch, 2, 3]", "[2, 1]"}, NOTHING, NULL, GOOD("[batch, 2, 3]")},
    {SOMA_OP_BINARY, {"[batch, 2, 3]", "[1]"}, NOTHING, NULL, GOOD("[batch, 2, 3]")},
    {SOMA_OP_BINARY, {"[2, 3]", "[batch, 2, 3]"}, NOTHING, NULL, BAD("[batch, 2, 3] cannot be broadcast to [2, 3]")},
    {SOMA_OP_BINARY, {"[batch, 1]", "[batch, 3]"}, NOTHING, NULL, BAD("cannot be broadcast")},
    {SOMA_OP_BINARY, {"[batch, 3]", "[batch, 2, 3]"}, NOTHING, NULL, BAD("cannot be broadcast")},

    {SOMA_OP_REDUCE, {"[batch, 2, 3]"}, AXIS(reduce, 0), NULL, GOOD("[2, 3]")},
    {SOMA_OP_REDUCE, {"[batch, 2, 3]"}, AXIS(reduce, 1), NULL, GOOD("[batch, 3]")},
    {SOMA_OP_REDUCE, {"[batch, 2, 3]"}, AXIS(reduce, 2), NULL, GOOD("[batch, 2]")},
    {SOMA_OP_REDUCE, {"[batch, 2]"}, AXIS(reduce, 1), NULL, GOOD("[batch]")},
    {SOMA_OP_REDUCE, {"[5, 7]"}, AXIS(reduce, 0), NULL, GOOD("[7]")},
    {SOMA_OP_REDUCE, {"[batch, 2, 3]"}, AXES(0, 2), NULL, GOOD("[3]")},
    {SOMA_OP_REDUCE, {"[batch, 2, 3]"}, AXES(0, 3), NULL, GOOD("[]")},
    {SOMA_OP_REDUCE, {"[batch, 2, 3, 4]"}, AXES(1, 2), NULL, GOOD("[batch, 4]")},
    {SOMA_OP_REDUCE, {"[2, 3, 4]"}, AXES(1, 2), NULL, GOOD("[2]")},
    {SOMA_OP_REDUCE, {"[batch, 2, 3]"}, AXES(1, 3), NULL, BAD("[batch, 2, 3] has no 3 dimensions from number 1 on")},
    {SOMA_OP_REDUCE, {"[2, 3]"}, AXES(1, 4294967295), NULL, BAD("no 4294967295 dimensions")},
    {SOMA_OP_REDUCE, {"[batch, 2, 3]"}, AXIS(reduce, 3), NULL, BAD("no dimension 2 per sample")},
    {SOMA_OP_REDUCE, {"[2]"}, AXIS(reduce, 4294967295), NULL, BAD("no dimension 4294967295")},

    {SOMA_OP_PAD, {"[batch, 2, 3]"}, AROUND(0, 1, 2), NULL, GOOD("[batch, 5, 3]")},
    {SOMA_OP_PAD, {"[2, 3]"}, AROUND(1, 0, 4), NULL, GOOD("[2, 7]")},
    {SOMA_OP_PAD, {"[batch, 2, 3]"}, AROUND(2, 1, 0), NULL, BAD("[batch, 2, 3] has no dimension 2")},
    {SOMA_OP_PAD, {"[batch, 2, 3]"}, AROUND(0, SIZE_MAX, 1), NULL, BAD("more than fits")},

    {SOMA_OP_POOL, {"[batch, 9, 4]"}, POOL(3, 2, 1, 0, 0, false), NULL, GOOD("[batch, 4, 4]")},
    {SOMA_OP_POOL, {"[batch, 10, 4]"}, POOL(3, 2, 1, 0, 0, false), NULL, GOOD("[batch, 4, 4]")},
    {SOMA_OP_POOL, {"[batch, 10, 4]"}, POOL(3, 2, 1, 0, 0, true), NULL, GOOD("[batch, 5, 4]")},
    {SOMA_OP_POOL, {"[batch, 6, 4]"}, POOL(2, 3, 1, 1, 1, true), NULL, GOOD("[batch, 3, 4]")},
    /* A third window would begin at 6 - 1, in the padding. */
    {SOMA_OP_POOL, {"[batch, 5, 4]"}, POOL(2, 3, 1, 1, 1, true), NULL, GOOD("[batch, 2, 4]")},
    {SOMA_OP_POOL, {"[batch, 9, 4]"}, POOL(3, 1, 4, 0, 0, false), NULL, GOOD("[batch, 1, 4]")},
    {SOMA_OP_POOL, {"[batch, 6, 7, 9, 4]"}, POOL(3, 1, 1, 0, 0, false), NULL, GOOD("[batch, 6, 7, 7, 4]")},
    {SOMA_OP_POOL, {"[9, 4]"}, POOL(3, 1, 1, 0, 0, false), NULL, BAD("got [9, 4]")},
    {SOMA_OP_POOL, {"[batch, 4]"}, POOL(3, 1, 1, 0, 0, false), NULL, BAD("got [batch, 4]")},
    {SOMA_OP_POOL, {"[batch, 9, 4]"}, POOL(11, 1, 1, 0, 1, false), NULL, BAD("over 11 positions of dimension 0")},
    {SOMA_OP_POOL, {"[batch, 9, 4]"}, POOL(0, 1, 1, 0, 0, false), NULL, ILL("a window of 0")},
    {SOMA_OP_POOL, {"[batch, 9, 4]"}, POOL(3, 0, 1, 0, 0, false), NULL, ILL("stride 0")},
    {SOMA_OP_POOL, {"[batch, 9, 4]"}, POOL(3, 1, 1u << 30, 0, 0, false), NULL, ILL("dilation 1073741824")},
    {SOMA_OP_POOL, {"[batch, 9, 4]"}, POOL(3, 1, 1, -1, 0, false), NULL, ILL("padding -1 and 0")},
    {SOMA_OP_POOL, {"[batch, 9, 4]"}, POOL(3, 1, 1, 0, -1, false), NULL, ILL("padding 0 and -1")},
#if SIZE_MAX > UINT32_MAX /* else no tensor is as large */
    {SOMA_OP_POOL, {"[batch, 1073741824, 4]"}, POOL(3, 1, 1, 0, 0, false), NULL, BAD("sizes up to 1073741823")},
#endif
    {SOMA_OP_POOL, {"[batch, 9, 4]"}, POOL(2, 1, 1, 0, 1073741823, false), NULL, BAD("end at position 1073741832")},
    {SOMA_OP_POOL,
     {"[batch, 9, 4]"},
     {.pool = {.params = {.size = {1, 2, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}}}},
     NULL,
     BAD("for more than the 1 dimensions")},
    {SOMA_OP_POOL,
     {"[batch, 9, 4]"},
     {.pool = {.params = {.kind = SOMA_POOL_KIND_COUNT}}},
     NULL,
     ILL("no pooling number 2")},

    {SOMA_OP_CONV, {"[batch, 9, 4]", "[3, 4, 5]"}, WINDOW(1, 1, 0, 0, 1, 0), NULL, GOOD("[batch, 7, 5]")},
    {SOMA_OP_CONV, {"[batch, 9, 4]", "[3, 2, 6]", "[6]"}, WINDOW(2, 2, 3, 1, 2, 0), NULL, GOOD("[batch, 5, 6]")},
    {SOMA_OP_CONV, {"[batch, 9, 4]", "[3, 4, 5]"}, WINDOW(1, 1, -2, -1, 1, 0), NULL, GOOD("[batch, 4, 5]")},
    {SOMA_OP_CONV, {"[batch, 9, 8, 4]", "[3, 2, 4, 5]"}, WINDOW(1, 1, 0, 0, 1, 0), NULL, GOOD("[batch, 7, 7, 5]")},
    {SOMA_OP_CONV, {"[batch, 9, 8, 7, 4]", "[3, 2, 1, 4, 5]"}, WIDE(2), NULL, GOOD("[batch, 7, 4, 7, 5]")},
    {SOMA_OP_CONV, {"[9, 4]", "[3, 4, 5]"}, WINDOW(1, 1, 0, 0, 1, 0), NULL, BAD("got [9, 4]")},
    {SOMA_OP_CONV, {"[batch, 4]", "[4, 5]"}, WINDOW(1, 1, 0, 0, 1, 0), NULL, BAD("got [batch, 4]")},
    {SOMA_OP_CONV,
     {"[batch, 9, 4]", "[4, 5]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     BAD("a weight of 3 dimensions, got [4, 5]")},
    {SOMA_OP_CONV,
     {"[batch, 9, 4]", "[batch, 3, 4, 5]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     BAD("a weight of 3 dimensions")},
    {SOMA_OP_CONV,
     {"[batch, 9, 4]", "[3, 3, 5]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     BAD("[3, 3, 5] goes with 3 channels")},
    {SOMA_OP_CONV, {"[batch, 9, 4]", "[3, 2, 5]"}, WINDOW(1, 1, 0, 0, 2, 0), NULL, BAD("2 groups cannot share")},
    {SOMA_OP_CONV, {"[batch, 9, 4]", "[3, 4, 5]"}, WINDOW(1, 1, 0, 0, 0, 0), NULL, ILL("0 groups")},
    {SOMA_OP_CONV, {"[batch, 9, 4]", "[3, 4, 5]"}, WINDOW(0, 1, 0, 0, 1, 0), NULL, ILL("stride 0")},
    {SOMA_OP_CONV, {"[batch, 9, 4]", "[3, 4, 5]"}, WINDOW(1, 4294967295, 0, 0, 1, 0), NULL, ILL("dilation 4294967295")},
    {SOMA_OP_CONV, {"[batch, 9, 4]", "[3, 4, 5]"}, WINDOW(1, 1, INT32_MIN, 0, 1, 0), NULL, ILL("padding -2147483648")},
    {SOMA_OP_CONV, {"[batch, 9, 4]", "[3, 4, 5]"}, WIDE(2), NULL, BAD("for more than the 1 dimensions")},
    {SOMA_OP_CONV,
     {"[batch, 9, 4]", "[11, 4, 5]"},
     WINDOW(1, 1, 0, 1, 1, 0),
     NULL,
     BAD("reaches over 11 positions of dimension 0")},
    {SOMA_OP_CONV,
     {"[batch, 9, 4]", "[3, 4, 5]", "[4]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     BAD("the bias must be [5], got [4]")},
#if SIZE_MAX > UINT32_MAX
    {SOMA_OP_CONV,
     {"[batch, 9, 4]", "[2147483648, 4, 5]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     BAD("sizes up to 2147483647")},
#endif

    {SOMA_OP_CONV_TRANSPOSE, {"[batch, 9, 4]", "[3, 5, 4]"}, WINDOW(2, 1, 1, 0, 1, 1), NULL, GOOD("[batch, 19, 5]")},
    {SOMA_OP_CONV_TRANSPOSE,
     {"[batch, 9, 4]", "[3, 5, 4]", "[10]"},
     WINDOW(1, 1, 0, 0, 2, 0),
     NULL,
     GOOD("[batch, 11, 10]")},
    {SOMA_OP_CONV_TRANSPOSE,
     {"[batch, 9, 4]", "[3, 4, 5]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     BAD("goes with 5 channels")},
    {SOMA_OP_CONV_TRANSPOSE,
     {"[batch, 9, 4]", "[3, 5, 4]"},
     WINDOW(2, 1, 0, 0, 1, 2),
     NULL,
     ILL("less than the stride (2)")},
    {SOMA_OP_CONV_TRANSPOSE, {"[batch, 9, 4]", "[3, 5, 4]"}, WINDOW(1, 3, 0, 0, 1, 2), NULL, GOOD("[batch, 17, 5]")},
    {SOMA_OP_CONV_TRANSPOSE,
     {"[batch, 9, 4]", "[3, 5, 4]"},
     WINDOW(1, 1, 6, 5, 1, 0),
     NULL,
     BAD("and 0 without the padding")},
    {SOMA_OP_CONV_TRANSPOSE,
     {BY_WIDTH("[batch, 2147483647, 4]", "[batch, 8388608, 4]"), "[3, 5, 4]"},
     WINDOW(BY_WIDTH(2, 512), 1, 0, 0, 1, 0),
     NULL,
     BAD("becomes " BY_WIDTH("4294967295", "4294966787") " positions")},

    {SOMA_OP_ACROSS, {"[4]"}, NOTHING, NULL, GOOD("[4]")},
    {SOMA_OP_ACROSS, {"[batch, 4]"}, NOTHING, NULL, BAD("of the whole batch is wanted, got [batch, 4]")},

    {SOMA_OP_CONV_ADD,
     {"[batch, 9, 4]", "[3, 4, 5]", "[batch, 7, 5]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     GOOD("[batch, 7, 5]")},
    {SOMA_OP_CONV_ADD,
     {"[batch, 9, 4]", "[3, 4, 5]", "[batch, 7, 5]", "[5]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     GOOD("[batch, 7, 5]")},
    {SOMA_OP_CONV_ADD,
     {"[batch, 9, 4]", "[3, 4, 5]", "[batch, 7, 1]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     BAD("what is added must be [batch, 7, 5], got [batch, 7, 1]")},
    {SOMA_OP_CONV_ADD,
     {"[batch, 9, 4]", "[3, 4, 5]", "[batch, 7, 5]", "[7]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     NULL,
     BAD("bias must be [5], got [7]")},
    {SOMA_OP_CONV_ADD, {"[batch, 9, 4]", "[3, 4, 5]"}, WINDOW(1, 1, 0, 0, 1, 0), NULL, ILL("3 to 4 inputs, got 2")},

    {SOMA_OP_CONV_WEIGHT_GRAD,
     {"[batch, 9, 4]", "[batch, 7, 5]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     "[3, 4, 5]",
     GOOD("[3, 4, 5]")},
    {SOMA_OP_CONV_WEIGHT_GRAD,
     {"[batch, 9, 4]", "[batch, 7, 5]"},
     WINDOW(1, 1, 0, 0, 1, 0),
     "[3, 4, 6]",
     BAD("goes with 6 channels")},
    {SOMA_OP_CONV_WEIGHT_GRAD, {"[batch, 9, 4]", "[7, 5]"}, WINDOW(1, 1, 0, 0, 1, 0), "[3, 4, 5]", BAD("got [7, 5]")},

    {SOMA_OP_CONCAT, {"[batch, 2]"}, AXIS(concat, 1), NULL, GOOD("[batch, 2]")},
    {SOMA_OP_CONCAT, {"[batch, 2, 3]", "[batch, 5, 3]"}, AXIS(concat, 1), NULL, GOOD("[batch, 7, 3]")},
    {SOMA_OP_CONCAT, {"[batch, 2, 3]", "[batch, 2, 1]", "[batch, 2, 4]"}, AXIS(concat, 2), NULL, GOOD("[batch, 2, 8]")},
    {SOMA_OP_CONCAT, {"[2, 3]", "[4, 3]"}, AXIS(concat, 0), NULL, GOOD("[6, 3]")},
    {SOMA_OP_CONCAT, {"[batch, 2, 3]", "[batch, 2, 4]"}, AXIS(concat, 1), NULL, BAD("in more than dimension 0")},
    {SOMA_OP_CONCAT, {"[batch, 2]", "[2]"}, AXIS(concat, 1), NULL, BAD("[batch, 2] and [2] differ")},
    {SOMA_OP_CONCAT, {"[batch, 2]", "[batch, 2, 1]"}, AXIS(concat, 1), NULL, BAD("differ")},
    {SOMA_OP_CONCAT, {"[batch, 2]", "[batch, 2]"}, AXIS(concat, 0), NULL, BAD("the batch cannot be joined along")},
    {SOMA_OP_CONCAT, {"[batch, 2]", "[batch, 2]"}, AXIS(concat, 2), NULL, BAD("no dimension 1 per sample")},
    {SOMA_OP_CONCAT,
     {BY_WIDTH("[144115188075855872]", "[33554432]"), BY_WIDTH("[144115188075855872]", "[33554432]")},
     AXIS(concat, 0),
     NULL,
     BAD("more elements than memory")},

    {SOMA_OP_SLICE, {"[batch, 5]"}, SLICE(1, 2, 3), NULL, GOOD("[batch, 3]")},
    {SOMA_OP_SLICE, {"[4, 5]"}, SLICE(0, 0, 4), NULL, GOOD("[4, 5]")},
    {SOMA_OP_SLICE, {"[batch, 5]"}, SLICE(1, 2, 4), NULL, BAD("slice of 4 from 2 does not lie in a dimension of 5")},
    {SOMA_OP_SLICE, {"[batch, 5]"}, SLICE(1, 2, 0), NULL, BAD("slice of 0")},
    {SOMA_OP_SLICE, {"[batch, 5]"}, SLICE(1, SIZE_MAX, 2), NULL, BAD("does not lie")},
    {SOMA_OP_SLICE, {"[batch, 5]"}, SLICE(0, 0, 1), NULL, BAD("the batch cannot be sliced")},

    {SOMA_OP_SOFTMAX, {"[batch, 2, 3]"}, AXIS(softmax, 1), NULL, GOOD("[batch, 2, 3]")},
    {SOMA_OP_SOFTMAX, {"[4]"}, AXIS(softmax, 0), NULL, GOOD("[4]")},
    {SOMA_OP_SOFTMAX, {"[batch, 4]"}, AXIS(softmax, 0), NULL, BAD("softmax over the batch")},
    {SOMA_OP_SOFTMAX, {"[batch, 4]"}, AXIS(softmax, 2), NULL, BAD("no dimension 1 per sample")},

    {SOMA_OP_DROPOUT, {"[batch, 4]"}, RATE(0), NULL, GOOD("[batch, 4]")},
    {SOMA_OP_DROPOUT, {"[batch, 4]"}, RATE(0.99f), NULL, GOOD("[batch, 4]")},
    {SOMA_OP_DROPOUT, {"[batch, 4]"}, RATE(1), NULL, ILL("less than 1, got 1")},
    {SOMA_OP_DROPOUT, {"[batch, 4]"}, RATE(-0.1f), NULL, ILL("got -0.1")},
    {SOMA_OP_DROPOUT, {"[batch, 4]"}, RATE(NAN), NULL, ILL("got nan")},

    {SOMA_OP_MIX, {"[batch, 3, 2]"}, NOTHING, NULL, GOOD("[batch, 3, 2]")},
    {SOMA_OP_MIX, {"[batch]"}, NOTHING, NULL, GOOD("[batch]")},
    {SOMA_OP_MIX, {"int32 [batch]"}, MIXED(4), NULL, GOOD("[batch, 4]")},
    {SOMA_OP_MIX, {"int32 [batch]"}, NOTHING, NULL, BAD("count of classes is known, got int32 [batch]")},
    {SOMA_OP_MIX,
     {"int32 [batch, 3]"},
     MIXED(4),
     NULL,
     BAD("a class number of each where the count of classes is known, got int32 [batch, 3]")},
    {SOMA_OP_MIX,
     {"[5, 3]"},
     NOTHING,
     NULL,
     BAD("samples are mixed, or a class number of each where the count of classes is known, got float32 [5, 3]")},

    {SOMA_OP_LOSS, {"[batch, 3]", "int32 [batch]"}, NOTHING, NULL, GOOD("[batch]")},
    {SOMA_OP_LOSS, {"[batch, 3, 2]", "[batch, 6]"}, NOTHING, NULL, GOOD("[batch, 3]")},
    {SOMA_OP_LOSS, {"[batch, 3]", "[batch, 4]"}, NOTHING, NULL, BAD("[batch, 3] do not fit targets [batch, 4]")},
    {SOMA_OP_LOSS, {"[batch, 3, 2]", "int32 [batch]"}, NOTHING, NULL, BAD("(class numbers)")},
    {SOMA_OP_LOSS, {"[batch, 3]", "int32 [batch, 1]"}, NOTHING, NULL, BAD("do not fit")},
    {SOMA_OP_LOSS, {"[3]", "[3]"}, NOTHING, NULL, BAD("do not fit")},
    {SOMA_OP_METRIC, {"[batch, 3]"}, NOTHING, NULL, GOOD("[]")},
    {SOMA_OP_NORM, {NULL}, NOTHING, NULL, GOOD("[]")},
    {SOMA_OP_OPTIMIZER, {NULL}, NOTHING, NULL, GOOD("[]")},
};

START_TEST(shapes_follow_the_rules) {
    const shape_case *test = &shape_cases[_i];
    soma_graph graph;
    soma_graph_init(&graph);
    soma_tensor *input[5], *out;
    char text[SOMA_SHAPE_TEXT];
    soma_tensor_spec spec = {.op = test->op, .input = input, .attributes = test->attributes};
    for (; spec.input_count < 5 && test->input[spec.input_count]; spec.input_count++)
        input[spec.input_count] = add_source(&graph, test->input[spec.input_count]);
    if (test->shape) parse_shape(test->shape, &spec);
    uint32_t before = graph.count;
    soma_status status = soma_graph_add(&graph, &spec, &out);
    if (test->result) {
        expect_ok(status);
        ck_assert_str_eq(soma_tensor_shape_text(out, text), test->result);
        ck_assert_uint_eq(out->id, before);
        ck_assert_ptr_eq(graph.tensor[before], out);
    } else {
        const char *words[] = {test->word, NULL};
        expect_error_words(status, test->status, words, soma_op_name(test->op));
        ck_assert_ptr_null(out);
        ck_assert_uint_eq(graph.count, before);
    }
    soma_graph_clear(&graph);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- broadcasting */

static const struct {
    const char *a, *b, *result; /* NULL: refused */
} broadcasts[] = {
    {"[batch, 3]", "[batch, 3]", "[batch, 3]"},
    {"[batch, 2, 3]", "[batch, 3]", "[batch, 2, 3]"},
    {"[batch, 3]", "[batch, 2, 3]", "[batch, 2, 3]"},
    {"[batch, 1]", "[batch, 4]", "[batch, 4]"},
    {"[batch, 3, 1]", "[batch, 1, 4]", "[batch, 3, 4]"},
    {"[3, 1]", "[batch, 4]", "[batch, 3, 4]"},
    {"[5]", "[batch, 5]", "[batch, 5]"},
    {"[5]", "[2, 1]", "[2, 5]"},
    {"[batch, 2]", "[batch, 3]", NULL},
    {"[batch, 2, 3]", "[batch, 2]", NULL},
    {"[2, 3]", "[batch, 3, 2]", NULL},
};

START_TEST(binary_ops_broadcast_both_ways) {
    soma_graph graph;
    soma_graph_init(&graph);
    soma_tensor *a = add_source(&graph, broadcasts[_i].a), *b = add_source(&graph, broadcasts[_i].b), *out;
    char text[SOMA_SHAPE_TEXT];
    for (int op = 0; op < SOMA_BINARY_COUNT; op++) {
        soma_status status = soma_graph_binary(&graph, a, b, (soma_binary)op, &out);
        if (!broadcasts[_i].result) {
            expect_error(status, SOMA_INVALID_SHAPE, broadcasts[_i].a, broadcasts[_i].b, "cannot be broadcast");
            continue;
        }
        expect_ok(status);
        ck_assert_str_eq(soma_tensor_shape_text(out, text), broadcasts[_i].result);
        /* Devices broadcast the second operand only. */
        ck_assert(soma_tensor_same_shape(out->input[0], out));
        bool swapped = out->input[1] == a && out->input[0] == b;
        if (op == SOMA_BINARY_SUBTRACT || op == SOMA_BINARY_POWER || op == SOMA_BINARY_REMAINDER ||
            op == SOMA_BINARY_KEEP)
            ck_assert(!swapped || a == b);
    }
    soma_graph_clear(&graph);
}
END_TEST

/* ---------------------------------------------------------------------------------------------- clone and pruning */

/* x -> u -> v (kept), w unused, p unused; returns the number of tensors. */
static uint32_t build_small(soma_graph *graph) {
    soma_tensor *x = add(graph, SOMA_OP_INPUT, "[batch, 3]"), *unused, *u, *v;
    add(graph, SOMA_OP_INPUT, "[batch, 1]");
    add(graph, SOMA_OP_PARAMETER, "[3]");
    expect_ok(soma_graph_unary(graph, x, (soma_unary_params){.function = SOMA_TANH}, &u));
    expect_ok(soma_graph_unary(graph, x, (soma_unary_params){.function = SOMA_EXP}, &unused));
    expect_ok(soma_graph_binary(graph, u, u, SOMA_BINARY_MULTIPLY, &v));
    v->kept = true;
    v->name = soma_strdup("product");
    return graph->count;
}

START_TEST(a_clone_has_the_same_tensors_of_its_own) {
    soma_graph graph, copy;
    soma_graph_init(&graph);
    uint32_t count = build_small(&graph);
    graph.owner = &count;
    expect_ok(soma_graph_clone(&graph, &copy));
    ck_assert_uint_eq(copy.count, count);
    ck_assert_ptr_eq(copy.owner, graph.owner);
    for (uint32_t i = 0; i < count; i++) {
        const soma_tensor *a = graph.tensor[i], *b = copy.tensor[i];
        ck_assert_ptr_ne(a, b);
        ck_assert_ptr_eq(b->graph, &copy);
        ck_assert_uint_eq(b->id, i);
        ck_assert_int_eq(a->op, b->op);
        ck_assert(soma_tensor_same_shape(a, b) && a->kept == b->kept && a->input_count == b->input_count);
        for (uint32_t j = 0; j < a->input_count; j++) ck_assert_ptr_eq(b->input[j], copy.tensor[a->input[j]->id]);
        if (a->name) {
            ck_assert_str_eq(a->name, b->name);
            ck_assert_ptr_ne(a->name, b->name);
        }
    }
    soma_graph_clear(&graph); /* the copy does not need it */
    ck_assert_str_eq(copy.tensor[count - 1]->name, "product");
    soma_graph_clear(&copy);
}
END_TEST

START_TEST(pruning_leaves_what_is_needed) {
    soma_graph graph;
    soma_graph_init(&graph);
    build_small(&graph);
    soma_graph_prune(&graph);
    /* Both inputs, for their numbers; tanh; the product. Neither the parameter nor exp. */
    static const soma_op left[] = {SOMA_OP_INPUT, SOMA_OP_INPUT, SOMA_OP_UNARY, SOMA_OP_BINARY};
    ck_assert_uint_eq(graph.count, SOMA_COUNT_OF(left));
    for (uint32_t i = 0; i < graph.count; i++) {
        ck_assert_int_eq(graph.tensor[i]->op, left[i]);
        ck_assert_uint_eq(graph.tensor[i]->id, i);
    }
    ck_assert_int_eq(graph.tensor[2]->attributes.unary.function, SOMA_TANH);
    soma_graph_prune(&graph);
    ck_assert_uint_eq(graph.count, SOMA_COUNT_OF(left));
    soma_graph_clear(&graph);
}
END_TEST

START_TEST(gradients_metrics_and_steps_are_not_pruned) {
    soma_graph graph;
    soma_graph_init(&graph);
    soma_tensor *x = add(&graph, SOMA_OP_INPUT, "[batch, 3]"), *gradient, *metric;
    expect_ok(soma_graph_reduce(&graph, x, SOMA_REDUCE_SUM, 0, &gradient));
    gradient->place = SOMA_PLACE_GRADIENT;
    soma_tensor_spec spec = {.op = SOMA_OP_METRIC, .input_count = 1, .input = &x};
    expect_ok(soma_graph_add(&graph, &spec, &metric));
    add(&graph, SOMA_OP_NORM, "[]");
    add(&graph, SOMA_OP_OPTIMIZER, "[]");
    soma_graph_prune(&graph);
    ck_assert_uint_eq(graph.count, 5);
    soma_graph_clear(&graph);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- helpers */

START_TEST(shapes_count_the_batch) {
    soma_graph graph;
    soma_graph_init(&graph);
    soma_tensor *image = add(&graph, SOMA_OP_INPUT, "[batch, 2, 3]"), *number = add(&graph, SOMA_OP_NORM, "[]");
    size_t shape[SOMA_MAX_RANK];
    ck_assert_uint_eq(soma_tensor_full_shape(image, 7, shape), 3);
    ck_assert(shape[0] == 7 && shape[1] == 2 && shape[2] == 3);
    ck_assert_uint_eq(soma_tensor_full_rank(image), 3);
    ck_assert_uint_eq(soma_tensor_full_count(image, 7), 42);
    ck_assert_uint_eq(soma_tensor_count(image), 6);
    /* A single number has one dimension: devices know no rank 0. */
    ck_assert_uint_eq(soma_tensor_full_shape(number, 7, shape), 1);
    ck_assert_uint_eq(shape[0], 1);
    ck_assert_uint_eq(soma_tensor_full_rank(number), 1);
    ck_assert_uint_eq(soma_tensor_full_count(number, 7), 1);
    const soma_tensor *one = add(&graph, SOMA_OP_INPUT, "[batch]");
    ck_assert_uint_eq(soma_tensor_full_shape(one, 7, shape), 1);
    ck_assert_uint_eq(shape[0], 7);
    soma_graph_clear(&graph);
}
END_TEST

START_TEST(labels_name_a_tensor_or_its_op) {
    soma_graph graph;
    soma_graph_init(&graph);
    char text[SOMA_SHAPE_TEXT], name[300];
    soma_tensor *tensor =
        add(&graph, SOMA_OP_INPUT, BY_WIDTH("[batch, 18446744073709551, 1, 1]", "[batch, 67108863, 1, 1]"));
    ck_assert_str_eq(soma_tensor_label(tensor, text), "input #0");
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    tensor->name = soma_strdup(name);
    ck_assert_uint_eq(strlen(soma_tensor_label(tensor, text)), SOMA_SHAPE_TEXT - 1); /* cut, not overrun */
    for (size_t i = 0; i + 2 < sizeof name; i += 2) memcpy(tensor->name + i, "\xc3\xa9", 2);
    ck_assert_uint_eq(strlen(soma_tensor_label(tensor, text)), SOMA_SHAPE_TEXT - 2); /* not through a character */
    soma_graph_clear(&graph);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, shapes_follow_the_rules, 0, SOMA_COUNT_OF(shape_cases));
    tcase_add_loop_test(cases, binary_ops_broadcast_both_ways, 0, SOMA_COUNT_OF(broadcasts));
    tcase_add_test(cases, a_clone_has_the_same_tensors_of_its_own);
    tcase_add_test(cases, pruning_leaves_what_is_needed);
    tcase_add_test(cases, gradients_metrics_and_steps_are_not_pruned);
    tcase_add_test(cases, shapes_count_the_batch);
    tcase_add_test(cases, labels_name_a_tensor_or_its_op);
}

int main(void) {
    return run_suite("graph", add_tests);
}
