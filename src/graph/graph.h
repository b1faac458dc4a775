/* SPDX-License-Identifier: MIT */
/*
 * The graph: tensors, each made by one op from earlier ones. A network is such a graph; so is a whole training step,
 * with loss, gradients, metrics and optimizer appended to a copy of the network (rewrites.h).
 *
 * The batch is the one free dimension: a `batched` tensor has it in front of `shape`, which is per sample. Axes count
 * it: axis 0 of a batched tensor is the batch. A graph knows nothing of devices; plan.c turns it into calls for one
 * batch size.
 */
#ifndef SOMA_GRAPH_GRAPH_H
#define SOMA_GRAPH_GRAPH_H

#include "base/base.h"
#include <soma/soma.h>

/*
 * The ops. Everything that is known of one is its row, in the file of its family in graph/ops/.
 *
 * INPUT      what comes from outside for each batch: network inputs, targets, sample weights
 * PARAMETER  trained; never batched
 * FILL       a constant: every element is attributes.fill.value, divided by the batch size if attributes.fill.per_batch
 * COPY       scale * input, broadcast to a shape (dimensions of 1 and missing leading ones repeat)
 * RESHAPE    another shape over the same memory
 * GEMM       op(a) op(b) [+ bias]; of a batched tensor all dimensions but the last are rows, the batch among them
 * REDUCE     over attributes.reduce.count axes from attributes.reduce.axis on (given as 0, it is 1)
 * TRANSPOSE  dimension i of the result is dimension axis[i] of the input; the batch stays in front
 * PAD        the input with attributes.pad.value around it
 * CONV       convolution of x [batch, positions..., channels] with a weight [kernel..., channels / groups, filters],
 *            and perhaps a bias [filters]; one to three dimensions of positions
 * CONV_ADD   the same with something of its result's shape, the third input, added before the function: x, weight,
 *            addend, perhaps a bias; made by a rewrite
 * CONV_TRANSPOSE
 *            its transpose: x [batch, positions..., channels], weight [kernel..., filters / groups, channels], perhaps
 *            a bias [filters]; the gradient of CONV with respect to x is one, too
 * CONV_WEIGHT_GRAD
 *            of CONV's x and its result's gradient; its shape is given
 * POOL       the largest element, or the mean, of each window of x [batch, positions..., channels]
 * POOL_GRAD  of the gradient of a POOL's result and, for the largest, of its x and result; its shape, that of x, is
 *            given
 * NORMALIZE  of x, [scale], [offset], [running mean, running variance]: mean and variance of x become 0 and 1, see
 *            attributes.normalize; in training it moves the running figures, in inference it takes them
 * UNARY_GRAD, BIAS_UNARY_GRAD, SOFTMAX_GRAD, LOSS_GRAD, NORMALIZE_GRAD
 *            made by gradient rules and rewrites
 * SECOND     the second result of its input: the bias gradient of a BIAS_UNARY_GRAD, the loss of a LOSS_GRAD, the mean
 *            of a NORMALIZE, the gradient of the scale of a NORMALIZE_GRAD, the cells of a RECURRENT, the gradient of
 *            the products with the state of a RECURRENT_GRAD, the totals of an ATTENTION, the gradient of the keys of
 *            an ATTENTION_GRAD
 * THIRD      the third: the inverse of a NORMALIZE, the gradient of the offset of a NORMALIZE_GRAD, what is kept of
 *            the gates of a RECURRENT, the gradient of the first state of a RECURRENT_GRAD, that of the values of an
 *            ATTENTION_GRAD
 * RECURRENT  a recurrent layer over the steps of x [batch, steps, gates units], the products of its inputs with their
 *            weights: of x, the recurrent weight, [its bias], [mask [batch, steps]], [first state], [first cell], see
 *            attributes.recurrent; y [batch, steps, units]. Or all with several sequences: [batch, sequences, ...]
 * RECURRENT_GRAD
 *            of y's gradient, the recurrent weight, y, what is kept of it, and its mask, first state and cell: of x
 * FOURTH     the fourth result: the gradient of the first cell of a RECURRENT_GRAD
 * ATTENTION  what each query takes of the values, by the likeness of it and their keys: of q [batch, steps, heads w],
 *            k [batch, keys, key heads w], v [batch, keys, key heads u], [mask [batch, keys]], see
 *            attributes.attention and soma_attention_params; y [batch, steps, heads u]
 * ATTENTION_GRAD
 *            of y's gradient, q, k, v, y, the mask and the totals: of q
 * INDEX      numbers as they come from outside, float32, as whole numbers, int32: which rows of a table are meant
 * GATHER     of a table [rows, width] and an INDEX: the rows that it names, 0 for one that is none. The tables of
 * samples, [batch, rows, width], are one of all their rows: of a sample's own the ORDINAL says which are the first
 * GATHER_GRAD
 *            of the gradient of a GATHER's result and the INDEX; its shape, the table's, is given
 * ORDINAL    of anything of a batch: which sample of it each is, 0, 1, ..., [batch, 1]
 * CACHE      what stays as it is from run to run, of each plan; zeros at first. Its shape is given
 * SCATTER    of a CACHE [batch, rows, width], of x [batch, steps, width] and of an INDEX of one number: the cache, in
 *            its memory, with x in the rows from there on; what takes it must come after, and nothing else takes the
 *            cache
 * PUT        of a table [rows, width], of x [numbers, width] and of an INDEX [numbers], all of a batch or none: the
 *            table, with each row of x put at the place that its number names, one after the other, or combined with
 *            what is there; see soma_put_params. Numbers that name no row do nothing
 * ACROSS     the mean of the input over all ranks of a training, each counted by its samples: a copy of it, whose value
 *            whoever runs the plan makes that mean (soma_pauses); its gradient is one, too. See attributes.across
 * CTC, CTC_DISTANCE  a number for each sample, of predictions [steps, classes], labels, maybe a mask [steps]
 * CTC_GRAD            the gradient of the former: its inputs, and that of its value
 * TREES      what decision trees add up to, of x [.., features] and of their tables, see soma_trees_params: [.., k]
 * MATMUL     a product for each place of the dimensions before the last two, the batch among them: of a [.., m, k] and
 *            b [.., k, n] of as many dimensions, 1 where one is the same for all; see soma_matmul_layout
 * METRIC, NORM, OPTIMIZER
 *            no result of their own; they work on the executor's flat buffers. OPTIMIZER of the gradient of a GATHER's
 *            result and the INDEX: of a table, the rows that this names (update.c)
 */
/* X(NAME, name): the name is the one in files. */
#define SOMA_OP_LIST(X)                                                                                                \
    X(INPUT, input)                                                                                                    \
    X(PARAMETER, parameter)                                                                                            \
    X(FILL, fill)                                                                                                      \
    X(COPY, copy)                                                                                                      \
    X(RESHAPE, reshape)                                                                                                \
    X(GEMM, gemm)                                                                                                      \
    X(UNARY, unary)                                                                                                    \
    X(UNARY_GRAD, unary_grad)                                                                                          \
    X(BIAS_UNARY_GRAD, bias_unary_grad)                                                                                \
    X(SECOND, second)                                                                                                  \
    X(THIRD, third)                                                                                                    \
    X(BINARY, binary)                                                                                                  \
    X(REDUCE, reduce)                                                                                                  \
    X(TRANSPOSE, transpose)                                                                                            \
    X(CONCAT, concat)                                                                                                  \
    X(SLICE, slice)                                                                                                    \
    X(SOFTMAX, softmax)                                                                                                \
    X(SOFTMAX_GRAD, softmax_grad)                                                                                      \
    X(DROPOUT, dropout)                                                                                                \
    X(NORMALIZE, normalize)                                                                                            \
    X(NORMALIZE_GRAD, normalize_grad)                                                                                  \
    X(LOSS, loss)                                                                                                      \
    X(LOSS_GRAD, loss_grad)                                                                                            \
    X(METRIC, metric)                                                                                                  \
    X(NORM, norm)                                                                                                      \
    X(OPTIMIZER, optimizer)                                                                                            \
    X(PAD, pad)                                                                                                        \
    X(CONV, conv)                                                                                                      \
    X(CONV_TRANSPOSE, conv_transpose)                                                                                  \
    X(CONV_WEIGHT_GRAD, conv_weight_grad)                                                                              \
    X(POOL, pool)                                                                                                      \
    X(POOL_GRAD, pool_grad)                                                                                            \
    X(AUGMENT, augment)                                                                                                \
    X(MIX, mix)                                                                                                        \
    X(INDEX, index)                                                                                                    \
    X(GATHER, gather)                                                                                                  \
    X(GATHER_GRAD, gather_grad)                                                                                        \
    X(RECURRENT, recurrent)                                                                                            \
    X(RECURRENT_GRAD, recurrent_grad)                                                                                  \
    X(FOURTH, fourth)                                                                                                  \
    X(CONV_ADD, conv_add)                                                                                              \
    X(ACROSS, across)                                                                                                  \
    X(ATTENTION, attention)                                                                                            \
    X(ATTENTION_GRAD, attention_grad)                                                                                  \
    X(CTC, ctc)                                                                                                        \
    X(CTC_GRAD, ctc_grad)                                                                                              \
    X(CTC_DISTANCE, ctc_distance)                                                                                      \
    X(CACHE, cache)                                                                                                    \
    X(SCATTER, scatter)                                                                                                \
    X(TREES, trees)                                                                                                    \
    X(MATMUL, matmul)                                                                                                  \
    X(ORDINAL, ordinal)                                                                                                \
    X(PUT, put)

typedef enum soma_op {
#define X(NAME, name) SOMA_OP_##NAME,
    SOMA_OP_LIST(X)
#undef X
        SOMA_OP_COUNT
} soma_op;

/*
 * How a MATMUL's operands lie, the batch counted, where a rewrite has found out that they are others' in another order:
 * the inputs are then those others. Otherwise they lie as their shapes say.
 */
typedef struct soma_matmul_layout {
    uint32_t rank;               /* 0: it is not given */
    bool turned;                 /* the tensor's shape is the product's in another order */
    size_t shape[SOMA_MAX_RANK]; /* of the product; of the batch, if there is one, anything */
    size_t depth;
    struct {
        size_t stride[SOMA_MAX_RANK]; /* 0 where an operand is repeated */
    } operand[3];                     /* a, b and the result */
} soma_matmul_layout;

typedef union soma_attributes {
    struct {
        float value;
        bool per_batch;
    } fill;
    struct {
        float scale;
    } copy;
    soma_gemm_params gemm;
    soma_unary_params unary;
    soma_binary_params binary;
    struct {
        soma_reduction op;
        uint32_t axis, count;
    } reduce;
    struct {
        uint32_t axis[SOMA_MAX_RANK]; /* those past the rank are 0 */
    } transpose;
    struct {
        uint32_t axis;
    } concat;
    struct {
        uint32_t axis;
        size_t start, length;
    } slice;
    struct {
        bool log;
        uint32_t axis;
    } softmax;
    soma_augment_params augment; /* step is set before each run */
    struct {
        size_t classes; /* of class numbers, which become rows */
    } mix;
    soma_dropout_params dropout; /* stream: number of the layer, from 0; step is set before each run */
    struct {
        soma_loss_params params;
        bool weighted, class_weighted; /* which of the optional inputs are there, in this order */
        bool of_steps; /* one for each row of the last dimension, as losses of classes are; so are weights then */
    } loss;
    struct {
        uint32_t blank;
        bool masked; /* the last input but the gradient's says which steps there are */
    } ctc;
    soma_trees_params trees;
    soma_put_params put;
    soma_metric_params metric;
    /* Figures are taken over the dimensions from `axis` (the batch counted) to the last but one, and over each of
     * `groups` parts of the last; with 0 groups, over all dimensions from the axis on. The others say which inputs
     * there are. */
    struct {
        soma_normalize_params params; /* `given` is set in the step graphs of inference */
        uint32_t axis, groups;
        bool scaled, shifted, running;
    } normalize;
    /* Of a NORMALIZE: the running figures, `running` elements into the flat parameter buffer, that the mean moves. */
    struct {
        bool moves, sample_variance;
        float momentum;
        size_t running, positions; /* positions: of a sample, over which the figure was taken */
    } across;
    struct {
        size_t start, end;   /* the elements of the flat buffers that it updates */
        float rate;          /* their own learning rate; 0: the step's */
        bool own_l2, own_l1; /* whether l2 and l1 hold for all of them, biases among them, in place of the step's */
        float l2, l1;
        bool padded; /* of rows: row number `padding` of them stays as it is */
        size_t padding;
    } optimizer;
    struct {
        soma_recurrent_params params;
        bool biased, masked, stated, celled; /* which of the optional inputs are there, in this order */
        uint32_t truncate;                   /* steps that a gradient goes back through at a time; 0: all */
        uint32_t truncate_last;              /* likewise, counted from the step that is done last */
    } recurrent;
    struct {
        soma_attention_params params;
        bool masked; /* whether there is a mask */
    } attention;
    struct {
        bool padded; /* row number `padding` has no gradient */
        size_t padding;
    } gather;
    struct {
        float value;
        size_t before[SOMA_MAX_RANK], after[SOMA_MAX_RANK]; /* along each dimension of the sample */
    } pad;
    struct {
        soma_conv_params params;
        int32_t after[3];           /* padding behind, as params.before is in front */
        uint32_t output_padding[3]; /* CONV_TRANSPOSE: so many positions more at the end */
    } conv;                         /* in the devices' three dimensions, of which an image of fewer has the last */
    struct {
        bool scaled; /* the product is times `scale` */
        float scale;
        soma_matmul_layout layout;
    } matmul;
    struct {
        soma_pool_params params; /* in the devices' three dimensions, of which an image of fewer has the last */
        bool ceil;               /* a last window may end past the padding, but does not begin in that behind */
    } pool;
} soma_attributes;

typedef struct soma_graph soma_graph;

/* Where a tensor's value lives; plan.c decides for ARENA, the step's builder for the others. */
typedef enum soma_place {
    SOMA_PLACE_ARENA,     /* while it is needed */
    SOMA_PLACE_PARAMETER, /* the flat parameter buffer, at `offset` elements */
    SOMA_PLACE_GRADIENT   /* the flat gradient buffer, at `offset` elements */
} soma_place;

struct soma_tensor {
    soma_graph *graph;
    uint32_t id; /* its index in the graph */
    soma_op op;
    soma_dtype dtype;
    bool batched;
    bool kept; /* an output: its value must survive to the end of the plan */
    /* The first dimension of a sample is steps in time, of each of which the others tell: a layer made it so, or shape
     * rule, and what is computed of each step by itself leaves it so. Layers of a text that go by it work on every
     * step. */
    bool is_sequence;
    bool settled;      /* made of parameters alone: once, and again when they have changed (settled.c) */
    soma_tensor *mask; /* of a sequence: [steps], 0 where one is filled up; NULL: none is. It goes where steps do, and
                          stays behind where a graph is copied */
    uint32_t rank, input_count;
    size_t shape[SOMA_MAX_RANK];
    soma_tensor **input;
    soma_attributes attributes;
    char *name;     /* owned, or NULL */
    uint32_t layer; /* index of the network's layer that made it */
    soma_place place;
    size_t offset;
};

struct soma_graph {
    soma_tensor **tensor; /* in an order in which each comes after its inputs */
    uint32_t count, capacity;
    void *owner; /* the network, for the builders */
};

void soma_graph_init(soma_graph *graph);
void soma_graph_clear(soma_graph *graph);
/* For the graph's own rewrites; accepts NULL. */
void soma_tensor_free(soma_tensor *tensor);
soma_status soma_tensor_set_inputs(soma_tensor *tensor, soma_tensor *const *input, uint32_t count);
/* Takes a tensor to an earlier place in the graph; one that stands before that stays. */
void soma_graph_move(soma_graph *graph, const soma_tensor *tensor, uint32_t to);
/* A copy with the same ids. */
soma_status soma_graph_clone(const soma_graph *graph, soma_graph *copy);

/* What a new tensor is asked to be. shape, rank, batched and dtype are for the ops that do not derive them: INPUT,
 * PARAMETER, FILL, COPY, RESHAPE, CONV_WEIGHT_GRAD, POOL_GRAD, GATHER_GRAD, CACHE. */
typedef struct soma_tensor_spec {
    soma_op op;
    uint32_t input_count;
    soma_tensor *const *input;
    soma_attributes attributes;
    soma_dtype dtype;
    bool batched;
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK];
    const char *name; /* copied; for error messages too */
} soma_tensor_spec;

/* Appends a tensor after checking arity, attributes and shapes against the op's row. */
soma_status soma_graph_add(soma_graph *graph, const soma_tensor_spec *spec, soma_tensor **tensor);

/* ------------------------------------------------------------------------------------------------------ shapes */

/* The shape with the batch in front, into shape[SOMA_MAX_RANK]; returns the rank (a single number has rank 1). */
uint32_t soma_tensor_full_shape(const soma_tensor *tensor, size_t batch, size_t *shape);
uint32_t soma_tensor_full_rank(const soma_tensor *tensor);
size_t soma_tensor_full_count(const soma_tensor *tensor, size_t batch);
bool soma_tensor_same_shape(const soma_tensor *x, const soma_tensor *y);
/* The tensor whose memory this one shares: itself, what was reshaped, or the cache that was written into. */
const soma_tensor *soma_tensor_root(const soma_tensor *tensor);
/* "[batch, 28, 28]" into text[SOMA_SHAPE_TEXT]; returns text. */
#define SOMA_SHAPE_TEXT 160
const char *soma_tensor_shape_text(const soma_tensor *tensor, char *text);
/* "dense_1" or "gemm #3" into text[SOMA_SHAPE_TEXT]: for messages. */
const char *soma_tensor_label(const soma_tensor *tensor, char *text);

/* ------------------------------------------------------------------------------------------------ building blocks */
/* Short forms used by layers, gradient rules and rewrites. */

soma_status soma_graph_gemm(soma_graph *graph, soma_tensor *a, soma_tensor *b, soma_tensor *bias, bool transpose_a,
                            bool transpose_b, soma_tensor **out);
soma_status soma_graph_unary(soma_graph *graph, soma_tensor *x, soma_unary_params params, soma_tensor **out);
/* Broadcasts as NumPy does. */
soma_status soma_graph_binary(soma_graph *graph, soma_tensor *a, soma_tensor *b, soma_binary op, soma_tensor **out);
soma_status soma_graph_matmul(soma_graph *graph, soma_tensor *a, soma_tensor *b, soma_tensor **out);
soma_status soma_graph_reduce(soma_graph *graph, soma_tensor *x, soma_reduction op, uint32_t axis, soma_tensor **out);
/* Over `count` axes from `axis` on, the batch counted, as if they were one. */
soma_status soma_graph_reduce_axes(soma_graph *graph, soma_tensor *x, soma_reduction op, uint32_t axis, uint32_t count,
                                   soma_tensor **out);
/* axis: one for each dimension, the batch counted. */
soma_status soma_graph_transpose(soma_graph *graph, soma_tensor *x, const uint32_t *axis, soma_tensor **out);
/* scale * x, broadcast to the shape of `like`. */
soma_status soma_graph_copy(soma_graph *graph, soma_tensor *x, const soma_tensor *like, float scale, soma_tensor **out);
/* Any number of tensors one after the other along an axis, the batch counted; `parts` is worked in. */
soma_status soma_graph_join(soma_tensor **parts, size_t count, uint32_t axis, soma_tensor **out);
/* Along a dimension of the sample, `count` elements of x: number i is x's number place_of(context, i). At most as many
 * pieces of x as this (SOMA_UNSUPPORTED), each of which is a tensor. */
#define SOMA_MOST_PIECES 4096
typedef size_t soma_place_function(const void *context, size_t i);
soma_status soma_graph_pick(soma_tensor *x, uint32_t dimension, size_t count, soma_place_function *place_of,
                            const void *context, soma_tensor **out);
/* x's elements in the shape of `like`. */
soma_status soma_graph_reshape(soma_graph *graph, soma_tensor *x, const soma_tensor *like, soma_tensor **out);

/* ---------------------------------------------------------------------------------------------------- the table */

/* Emits the gradients of `tensor`'s inputs, given dy, that of its own: gradient[i] for input[i], NULL where there is
 * none (integers, constants). */
typedef soma_status soma_gradient_rule(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient);
/* Derives rank, shape, batched and dtype from inputs and attributes; explains what does not fit. */
typedef soma_status soma_shape_rule(soma_tensor *tensor);
/* Emits the call (or calls) that compute the tensor. */
struct soma_lowering;
typedef soma_status soma_lower_rule(struct soma_lowering *lowering, const soma_tensor *tensor);

/* No row of the table allows more inputs. */
#define SOMA_MAX_INPUTS 64

typedef struct soma_op_row {
    uint32_t least, most;
    soma_shape_rule *shape;
    soma_gradient_rule *gradient; /* NULL: a path through it has no gradient */
    soma_lower_rule *lower;       /* NULL: nothing to compute */
} soma_op_row;

extern const soma_op_row *const soma_op_table[SOMA_OP_COUNT];
/* normalize.c: by figures that are given, a NORMALIZE of x + bias is f(x factor + shift); the tensors of both. bias:
 * NULL for none. */
soma_status soma_normalize_line(soma_graph *graph, const soma_tensor *normalize, soma_tensor *bias,
                                soma_tensor **factor, soma_tensor **shift);
/* matmul.c: how the operands lie, whether that is given or not. */
soma_matmul_layout soma_matmul_layout_of(const soma_tensor *matmul);
/* fuse_matmul.c: SOMA_FUSE_MATMUL of a tensor; uses: how many tensors use each. */
soma_status soma_graph_fuse_matmul(soma_tensor *tensor, const uint32_t *uses);
/* fuse_formula.c: SOMA_FUSE_FORMULA and SOMA_FUSE_BIAS; whether a tensor is its first input times a number. */
soma_status soma_graph_fuse_formulas(soma_graph *graph, unsigned which, const uint32_t *uses);
bool soma_tensor_is_scaled(const soma_tensor *tensor, float *factor);
/* conv.c: whether a convolution is lowered to a product of matrices. */
bool soma_conv_is_product(const soma_tensor *tensor);
/* "bias_unary_grad": stable, it is the name in files. */
const char *soma_op_name(soma_op op);

#endif
