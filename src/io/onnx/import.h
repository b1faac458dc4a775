/* SPDX-License-Identifier: MIT */
/*
 * From an ONNX graph to a network. A value of the graph has a shape as ONNX counts it; the tensor that stands for it
 * has that of a sample. There are two readings: the first dimension is the batch, or a sample is the whole of what an
 * input takes.
 */
#ifndef SOMA_IO_ONNX_IMPORT_H
#define SOMA_IO_ONNX_IMPORT_H

#include "io/onnx/inventory.h"
#include "io/onnx/layout.h"
#include "nn/network.h"
#include <soma/onnx.h>

/* A shape as ONNX counts it. Where one of the dimensions is the batch, its size may be 0: not known. */
typedef struct soma_onnx_shape {
    bool batched;   /* depends on an input */
    uint32_t batch; /* where samples are read one by one, which dimension counts them: the first, mostly; see batch.c */
    size_t outer,
        inner; /* that dimension is outer x batch x inner, as heads of attention are; 0, as 1: nothing beside */
    uint32_t rank;
    size_t dim[SOMA_ONNX_MAX_RANK];
} soma_onnx_shape;

/* Classes by name: whole numbers, or words. */
typedef struct soma_onnx_classes {
    size_t count;
    const int64_t *numbers; /* NULL: they are words */
    const ProtobufCBinaryData *words;
} soma_onnx_classes;

typedef struct soma_onnx_pooled soma_onnx_pooled;     /* unpool.h */
typedef struct soma_onnx_sequence soma_onnx_sequence; /* inside.h */

typedef struct soma_onnx_value {
    bool defined;
    bool absent;            /* an input of a function that its call leaves out */
    bool missing;           /* a second output of an op, which is not computed */
    bool late;              /* known only when the model runs; see late.h */
    bool of_run;            /* on the host: numbers of this run, and no constant of the file */
    bool encoded;           /* words of an input, by their numbers; see vocabulary.h */
    bool integer;           /* what a float32 network does not compute with, but may cast, or read while it is built */
    bool constant, trained; /* known from the file; an initializer, and so a parameter once it is a tensor */
    soma_onnx_shape shape;
    soma_onnx_elements elements; /* of a constant */
    soma_onnx_classes words;     /* none, or those that its whole numbers stand for; of a constant list all in order */
    soma_tensor *tensor;         /* NULL: none yet */
    soma_onnx_layout layout;     /* in which its elements lie */
    soma_tensor *plain;          /* where that is not ONNX's order: a tensor that is in this, or NULL */
    const soma_onnx_pooled *pooled;     /* it is where a MaxPool has found the largest elements; NULL for others */
    const soma_onnx_sequence *sequence; /* it is these tensors, and none itself; NULL for others */
    const char *name;
} soma_onnx_value;

/* What an attempt has found out about the graph's inputs. */
typedef struct soma_onnx_inputs {
    bool fit;  /* the reading is possible as far as they go */
    bool open; /* a dimension is not fixed: there is only the first reading */
} soma_onnx_inputs;

/* Values by their names, of the graph or of one function. They stay where they are, in blocks: a node points at those
 * that it takes while what it makes is defined. */
typedef struct soma_onnx_scope {
    soma_words names;
    soma_onnx_value **block; /* by number of the name */
    size_t block_count;
} soma_onnx_scope;

/* Numbers that were computed: memory of the importer's. */
typedef struct soma_onnx_block soma_onnx_block;

typedef struct soma_onnx_frame soma_onnx_frame;           /* inside.h */
typedef struct soma_onnx_late soma_onnx_late;             /* late.h */
typedef struct soma_onnx_attentions soma_onnx_attentions; /* again.h */

struct soma_onnx_node;
/* Computes what a node makes of numbers that are all known, and gives it by soma_onnx_give_numbers(). */
typedef struct soma_onnx_elsewhere {
    soma_status (*run)(void *context, struct soma_onnx_node *node); /* NULL: nothing does */
    void *context;
} soma_onnx_elsewhere;

typedef struct soma_onnx_importer {
    const soma_onnx_file *file;
    /* Adds a node, number so many of its graph, for messages; SIZE_MAX: it is of no graph. import.c's, which what is
       inside of nodes comes back to. */
    soma_status (*add_node)(struct soma_onnx_importer *importer, const Soma__Onnx__NodeProto *node, size_t number);
    int64_t opset;                /* of the file, or of the function that is being read */
    const soma_onnx_frame *frame; /* the call of that; NULL: the graph is being read */
    unsigned inside;              /* of so many functions and loops, whose names come more than once */
    size_t written_out;           /* nodes inside of others so far */
    size_t own_names;             /* of values that no file names */
    size_t taken; /* bytes: of nodes, and of the parameters made so far that the file has the elements of */
    size_t made, memory_limit; /* bytes of what was computed, and of parameters that were made of that */
    uint64_t pairs;            /* of boxes that were compared */
    double steps;              /* of other ops on the host; see host.h */
    soma_onnx_block *blocks;
    const soma_onnx_options *options;
    const soma_onnx_selection *selection;
    soma_network *network;
    bool whole;                    /* the second reading */
    bool host;                     /* all values are known: nodes are computed, and no network is made */
    soma_onnx_elsewhere elsewhere; /* of nodes that the host does not compute */
    soma_onnx_late *late;          /* where it is noted which nodes are put off; NULL: none is */
    bool *on_host;                 /* by number of a node: a network cannot have what is inside of it; or NULL */
    size_t *refused;               /* where the number of one goes that is found out to be such */
    const soma_onnx_attentions *attentions; /* what is read in the place of nodes; NULL: each as it is */
    soma_onnx_inputs inputs;
    size_t batch;              /* size of the first dimension in the first reading; 0: not known */
    soma_onnx_classes classes; /* that the graph tells apart; none: it names none */
    soma_onnx_scope scope;
} soma_onnx_importer;

struct soma_onnx_row;

/* A dimension that is more than the batch, while a rule sees what it is made of. */
typedef struct soma_onnx_joint {
    uint32_t place, more;
    size_t outer, inner; /* more: how many dimensions are made of it, itself not counted; 0: there is none */
} soma_onnx_joint;

/* Tensors that a rule with several outputs has made for the first, and wants for the others. */
enum { SOMA_ONNX_KEPT = 2 };

typedef struct soma_onnx_node {
    soma_onnx_importer *importer;
    const struct soma_onnx_row *row;
    const Soma__Onnx__NodeProto *proto;
    int64_t opset;
    uint32_t input_count;
    soma_onnx_value *input[SOMA_MAX_INPUTS]; /* NULL: left out */
    size_t number;                           /* of the output that the rule makes, where it is asked for each */
    soma_onnx_value output;                  /* what it makes */
    uint32_t batch;                          /* which dimension the result will have as its batch; see batch.c */
    soma_onnx_joint joint;
    soma_tensor *kept[SOMA_ONNX_KEPT];
    int kind;   /* what those are, to the rule */
    bool whole; /* the inputs are whole numbers, which the rule sees as floats */
} soma_onnx_node;

/* Makes an output, the first where no other is computed, from the inputs. */
typedef soma_status soma_onnx_rule(soma_onnx_node *node);

/* What a rule does where the batch is not the first dimension of its inputs. */
typedef enum soma_onnx_batch_place {
    SOMA_ONNX_FIRST,     /* it refuses them */
    SOMA_ONNX_MOVED,     /* it is given inputs with the batch as their first dimension, and the result is moved back */
    SOMA_ONNX_BROADCAST, /* the same of an op that aligns its inputs, constants too, from the last dimension */
    SOMA_ONNX_ANYWHERE   /* it sees to that itself */
} soma_onnx_batch_place;

/* An op that is known. */
typedef struct soma_onnx_row {
    const char *name;
    int64_t since; /* first opset of a meaning that is known */
    uint32_t least, most;
    const char *attributes; /* names, separated by spaces */
    soma_onnx_rule *rule;
    int parameter; /* for rules that serve several ops */
    soma_onnx_batch_place place;
    const char *domain; /* NULL: ONNX's own */
    bool several;       /* all outputs are computed, not the first alone */
    bool carries;       /* the result is the first input's elements, whatever they are: whole numbers, too */
    bool takes_words;   /* the first input may be a list of words that the file holds */
    bool joins;         /* it knows of dimensions that are more than the batch */
    uint32_t whole;     /* so many inputs may be whole numbers that it computes with when the model runs; see whole.c */
} soma_onnx_row;

/* NULL if there is none of this name in this domain. */
const soma_onnx_row *soma_onnx_find_row(const char *domain, const char *name);
/* The version of the row's domain that a node is of, where that of ONNX's own is `opset`: a function's is its own. */
int64_t soma_onnx_opset_of(const soma_onnx_file *file, const soma_onnx_row *row, int64_t opset);

/* The network of a file's graph; `file` stays as it is. */
soma_status soma_onnx_import(const soma_onnx_file *file, const soma_onnx_options *options, soma_network **network);

/* Bytes that what is computed of constants may take. */
size_t soma_onnx_most_made(const soma_onnx_options *options);

/* metadata.c: what the model has beside its graph. */
void soma_onnx_visit_texts(const soma_onnx_file *file, soma_onnx_text_visitor *text, void *context);
soma_status soma_onnx_get_metadata(const soma_onnx_file *file, soma_network *network);

/* --------------------------------------------------------------------------------------- outputs.c: what comes out */

/* How many outputs are wanted, and one of them, in the order of the file or of the choice. */
size_t soma_onnx_count_outputs(const soma_onnx_file *file, const soma_onnx_options *options);
const Soma__Onnx__ValueInfoProto *soma_onnx_wanted_output(const soma_onnx_file *file, const soma_onnx_options *options,
                                                          size_t output);
/* Puts number and name before an error. */
soma_status soma_onnx_say_output(soma_status status, size_t number, const Soma__Onnx__ValueInfoProto *info);
/* The network's. */
soma_status soma_onnx_add_outputs(soma_onnx_importer *importer);

/* -------------------------------------------------------------------- names.c, inputs.c: values by their names */

/* NULL: there is none. */
soma_onnx_value *soma_onnx_find_value(const soma_onnx_importer *importer, const char *name);
soma_status soma_onnx_define(soma_onnx_importer *importer, const soma_onnx_value *value);
/* The same under another name than its own. */
soma_status soma_onnx_define_as(soma_onnx_importer *importer, const char *name, const soma_onnx_value *value);
void soma_onnx_forget(soma_onnx_importer *importer, const char *name);
void soma_onnx_scope_clear(soma_onnx_scope *scope);
soma_status soma_onnx_define_initializer(soma_onnx_importer *importer, const Soma__Onnx__TensorProto *tensor);
soma_status soma_onnx_define_input(soma_onnx_importer *importer, size_t number, const Soma__Onnx__ValueInfoProto *info);
/* What the file says of an input's or output's type and shape, of which this is the tensor. */
soma_status soma_onnx_declare(const soma_onnx_importer *importer, const soma_tensor *tensor, int32_t type,
                              const soma_onnx_shape *shape);
soma_status soma_onnx_check_inputs(const soma_onnx_file *file, const soma_onnx_options *options);

/* ---------------------------------------------------------------------------------- values.c: for the rules */

/* Whether it is a list of words that the file holds, which has no numbers. */
bool soma_onnx_is_words(const soma_onnx_value *value);
/* Whether its numbers are places in a list of words, for which they stand. */
bool soma_onnx_is_labels(const soma_onnx_value *value);
/* An error: it is an output of an op that computes its first alone. */
soma_status soma_onnx_not_computed(const char *name);
/* Counts memory against what the file may take; `name` stands for what needs it. */
soma_status soma_onnx_take(soma_onnx_importer *importer, size_t bytes, const char *name);
/* Counts elements that are computed against memory_limit. */
soma_status soma_onnx_take_made(soma_onnx_importer *importer, size_t count, size_t size, const char *name);
/* An error where a number would be computed of the size of the batch. */
soma_status soma_onnx_unknown_batch(const char *name);
/* The size of a batch that is not known, so many times: a NaN that says it. Of such a NaN how many times; 0: of one
 * that does not. */
double soma_onnx_times_batch(size_t times);
size_t soma_onnx_times_of(double number);
soma_graph *soma_onnx_graph(const soma_onnx_node *node);
/* An error of the node; the importer puts file and node before it. */
soma_status soma_onnx_mixes(const soma_onnx_node *node);
/* The dimensions that belong to a sample begin here: 1 where the first is the batch. */
uint32_t soma_onnx_first(const soma_onnx_importer *importer, const soma_onnx_shape *shape);
/* Puts the dimension of the batch there; others move up or down. */
void soma_onnx_move_batch(soma_onnx_shape *shape, uint32_t to);
/* What a sample has of the dimension that the batch is part of: outer x inner. */
size_t soma_onnx_beside_batch(const soma_onnx_shape *shape);
/* The shape with outer, batch and inner as dimensions of their own; with the first of them as they are where the batch
 * is all that there is. */
soma_onnx_shape soma_onnx_divided(const soma_onnx_shape *shape);
/* Rank and dimensions of the tensor for a value of this shape; where there are too many, dimensions of 1 go, and those
 * behind the last that a tensor has are part of that. */
soma_status soma_onnx_canonical(const soma_onnx_importer *importer, const soma_onnx_shape *shape, soma_tensor *like);
/* Whether an array of this shape can go in or come out. */
soma_status soma_onnx_check_edge(const soma_onnx_importer *importer, const soma_onnx_shape *shape);
/* Shapes of tensors for a and b that are broadcast to out, and for that, in this order: neighbours that are broadcast
 * alike are one dimension. False where these are more than a tensor has. */
bool soma_onnx_merge(const soma_onnx_node *node, const soma_onnx_shape *a, const soma_onnx_shape *b,
                     const soma_onnx_shape *out, soma_tensor like[3]);
/* x, of this shape in ONNX's order, as [before, those of axis to end - 1, behind], and which of its axes that is: for
 * shapes of more dimensions than a tensor has. */
soma_status soma_onnx_around(const soma_onnx_node *node, soma_tensor *x, const soma_onnx_shape *shape, uint32_t axis,
                             uint32_t end, soma_tensor **y, uint32_t *tensor_axis);
/* Whether the tensor has just the value's dimensions, so that axes mean the same. */
bool soma_onnx_is_exact(const soma_onnx_importer *importer, const soma_onnx_shape *shape);
size_t soma_onnx_count(const soma_onnx_shape *shape, uint32_t from, uint32_t to);

/* A constant of one element as a fill, that is, not trained. False if it is no such. */
bool soma_onnx_single(soma_onnx_node *node, const soma_onnx_value *value, float *number);
/* The whole numbers of a constant input. */
soma_status soma_onnx_integers(soma_onnx_node *node, uint32_t input, int64_t *values, size_t most, size_t *count);
/* x in the tensor shape of `shape`. */
soma_status soma_onnx_reshaped(soma_onnx_node *node, soma_tensor *x, const soma_onnx_shape *shape,
                               soma_tensor **tensor);

/* Like soma_onnx_integers() where the size of the batch may be among them: then its bit is set, and its number 0. */
soma_status soma_onnx_sizes(soma_onnx_node *node, uint32_t input, int64_t *values, size_t most, size_t *count,
                            uint32_t *open);
/* The same where multiples of that may be among them: the number is what it is multiplied by. */
soma_status soma_onnx_multiples(soma_onnx_node *node, uint32_t input, int64_t *values, size_t most, size_t *count,
                                uint32_t *open);

/* The result. */
soma_status soma_onnx_give(soma_onnx_node *node, soma_tensor *tensor, const soma_onnx_shape *shape);
/* The result is `tensor` with the batch in front of the other dimensions of this shape. */
soma_status soma_onnx_give_samples(soma_onnx_node *node, soma_tensor *tensor, const soma_onnx_shape *shape);
/* The result is a value that there is already. */
soma_status soma_onnx_pass(soma_onnx_node *node, const soma_onnx_value *value);
/* The result is the first input. An initializer goes through a tensor, so that both names mean one parameter. */
soma_status soma_onnx_pass_on(soma_onnx_node *node);

/* f(x); and f of the first input as the result, in its shape. */
soma_status soma_onnx_function(soma_onnx_node *node, soma_tensor *x, soma_function function, float a, float b,
                               soma_tensor **out);
soma_status soma_onnx_give_function(soma_onnx_node *node, soma_function function, float a, float b);

/* From -rank to rank - 1, to 0 to rank - 1, or where the batch was moved to the front, to the axis as it is there. */
soma_status soma_onnx_axis(const soma_onnx_node *node, int64_t given, uint32_t rank, uint32_t *axis);
/* As an axis of the value's tensor; refuses the batch, and values whose tensor has other dimensions. */
soma_status soma_onnx_tensor_axis(const soma_onnx_node *node, const soma_onnx_shape *shape, uint32_t axis,
                                  uint32_t *tensor_axis);

/* Attributes; the default where there is none. */
soma_status soma_onnx_get_float(const soma_onnx_node *node, const char *name, float otherwise, float *value);
soma_status soma_onnx_get_integer(const soma_onnx_node *node, const char *name, int64_t otherwise, int64_t *value);
soma_status soma_onnx_get_integers(const soma_onnx_node *node, const char *name, int64_t *values, size_t most,
                                   size_t *count, bool *present);
const Soma__Onnx__AttributeProto *soma_onnx_attribute(const soma_onnx_node *node, const char *name);
/* False, too, of one that is not there. */
bool soma_onnx_is_text(const Soma__Onnx__AttributeProto *attribute, const char *text);
/* Axes from the second input or, before opset `since`, from the attribute "axes"; as bits. *none: there are no axes. */
soma_status soma_onnx_get_axes(soma_onnx_node *node, int64_t since, uint32_t rank, uint32_t *bits, bool *none);

/* Whole numbers up to this are float32. */
#define SOMA_ONNX_MOST_COUNTED ((size_t)1 << 24)
/* values.c: an error that names it where an input is a constant with a number that float32 may not have, below -2^24 or
 * above 2^24, as far as each matters: what is no larger than a number above them all is what it was. */
soma_status soma_onnx_check_counted(const soma_onnx_node *node, uint32_t input, bool below, bool above);

/* ----------------------------------------------------------------------------------- whole.c: whole numbers */

/* The rule's result. Of whole numbers that are known only when the model runs, a rule that only moves them, or computes
 * with them as with others, sees the floats that they are; what comes out is of the same type. */
soma_status soma_onnx_apply_row(soma_onnx_node *node);
/* cast.c: x as whole numbers of the type, modulo 2 to its bits where those are 8 or 16. */
soma_status soma_onnx_wrap(soma_onnx_node *node, int32_t type, soma_tensor *x, soma_tensor **y);

/* ------------------------------------------------------------------- narrow.c: whole numbers of 8 and 16 bits, truth
 */

/* The least number of a type, and how many it has: a whole number that is none of them is taken modulo that, as NumPy
 * and onnxruntime do it. All are powers of 2, so that this is exact in float32, too. */
typedef struct soma_onnx_range {
    double least, span;
} soma_onnx_range;

/* False of types that are as wide as what is computed, or wider. */
bool soma_onnx_get_range(int32_t type, soma_onnx_range *of);
/* The same with uint32 and uint64, whose numbers below 2^24 are float32: what is cast to them from below 0 is not. */
bool soma_onnx_get_cast_range(int32_t type, soma_onnx_range *of);
double soma_onnx_wrap_into(const soma_onnx_range *of, double number);
/* A whole number of the type, as it wraps where that is narrow or has no sign. */
double soma_onnx_wrap_number(int32_t type, double number);

/* --------------------------------------------------------------------------- batch.c: a batch that is not in front */

/* The rule's result, as the row's place has it. */
soma_status soma_onnx_apply_in_front(soma_onnx_node *node);
/* Samples of a value, wherever its batch is, in ONNX's order; of whole numbers, too. */
soma_status soma_onnx_samples(soma_onnx_node *node, soma_onnx_value *value, soma_tensor **tensor);

/* ------------------------------------------------------------------------- turn.c: constants in another order */

/* The elements of a constant as the turn puts them; there are as many as its dimensions say. */
soma_status soma_onnx_read_turned(const soma_onnx_file *file, const soma_onnx_value *value, const soma_onnx_turn *turn,
                                  float *numbers);

/* ------------------------------------------------------- arrange.c: values as tensors, in the order that an op wants
 */

/* The value as a tensor of its dimensions; a constant becomes a parameter or, if all of it is one number and it is no
 * initializer, a fill. */
soma_status soma_onnx_tensor(soma_onnx_node *node, soma_onnx_value *value, soma_tensor **tensor);
/* The same where whole numbers will do: exponents. */
soma_status soma_onnx_tensor_of_any(soma_onnx_node *node, soma_onnx_value *value, soma_tensor **tensor);
/* In its layout, of whatever dimensions: for what does the same to each element, and gives soma_onnx_give_like(). */
soma_status soma_onnx_tensor_as_it_lies(soma_onnx_node *node, soma_onnx_value *value, soma_tensor **tensor);
/* In a layout, in the shape of `like`. */
soma_status soma_onnx_laid_out(soma_onnx_node *node, soma_onnx_value *value, const soma_onnx_layout *layout,
                               const soma_tensor *like, soma_tensor **tensor);
/* In which order the value has the dimensions of this shape, those of a sample: order[i] is the one at place i of its
 * tensor. False where it is cut in other ways, or they are too many for a tensor. */
bool soma_onnx_order(const soma_onnx_node *node, const soma_onnx_value *value, const soma_onnx_shape *shape,
                     uint32_t *order);
/* The value, read in this shape, with its dimensions in this order. */
soma_status soma_onnx_arranged(soma_onnx_node *node, soma_onnx_value *value, const soma_onnx_shape *shape,
                               const uint32_t *order, soma_tensor **tensor);
/* The value with the dimensions that it has, in the order in which it lies if that is one of them, else in ONNX's. */
soma_status soma_onnx_as_arranged(soma_onnx_node *node, soma_onnx_value *value, uint32_t *order, soma_tensor **tensor);
/* An axis of the shape as one of the tensor that has it in this order; refuses what soma_onnx_tensor_axis() does. */
soma_status soma_onnx_arranged_axis(const soma_onnx_node *node, const soma_onnx_shape *shape, const uint32_t *order,
                                    uint32_t axis, uint32_t *tensor_axis);
/* The layout of a tensor that has the dimensions of this shape in this order. False if that is ONNX's. */
bool soma_onnx_layout_of(const soma_onnx_node *node, const soma_onnx_shape *shape, const uint32_t *order,
                         soma_onnx_layout *layout);
/* A parameter of this name and ending, or with a number behind where there is one: names in two branches may be the
 * same. Takes over the numbers. */
soma_status soma_onnx_add_parameter(soma_onnx_node *node, const char *name, const char *ending, uint32_t rank,
                                    const size_t *shape, float *numbers, soma_tensor **tensor);
/* A constant that is about to become a tensor is trained, however the model makes it. */
void soma_onnx_weight(soma_onnx_value *value);
soma_status soma_onnx_fill(soma_onnx_node *node, float number, soma_tensor **tensor);
/* The result is of the shape and layout of this value; or of this shape, with its dimensions in this order. */
soma_status soma_onnx_give_like(soma_onnx_node *node, soma_tensor *tensor, const soma_onnx_value *value);
soma_status soma_onnx_give_arranged(soma_onnx_node *node, soma_tensor *tensor, const soma_onnx_shape *shape,
                                    const uint32_t *order);

/* An output of the model in ONNX's order, if it does not lie so: the tensor of its name is that one. */
soma_status soma_onnx_turn_output(soma_onnx_importer *importer, soma_onnx_value *value);
bool soma_onnx_has_name(const soma_tensor *tensor, const char *name);

/* ----------------------------------------------------------------------------- fold.c: constants that are computed */

void soma_onnx_blocks_free(soma_onnx_block *block);
/* Whether its numbers are there to be computed with: those of a constant that is no weight, or a single number. */
bool soma_onnx_is_known(const soma_onnx_value *value);
/* Whether the op's result is a constant too: all its inputs are known, and not all of them are weights. */
bool soma_onnx_can_fold(const soma_onnx_node *node);
/* Memory for numbers of the result, which lives as long as the importer. */
soma_status soma_onnx_make(soma_onnx_node *node, size_t count, double **numbers);
/* These numbers are the result; if all are equal, one is there. A whole number that is NaN is the size of the batch,
 * where that is not known: soma_onnx_times_batch(). */
soma_status soma_onnx_give_numbers(soma_onnx_node *node, int32_t type, const soma_onnx_shape *shape, bool equal,
                                   double *numbers);
/* An error of element i of a value where it is a whole number that a double may have instead of another. */
soma_status soma_onnx_check_whole(const char *name, size_t i, double number, int32_t type);
/* What its elements are to the model, though whole numbers that were cast lie where they were. */
int32_t soma_onnx_type_of(const soma_onnx_value *value);
/* Sums, differences, products, quotients. */
soma_status soma_onnx_fold_binary(soma_onnx_node *node);
/* f of each pair of elements of two inputs, broadcast, of which the result is of this type. NaN is the size of a batch
 * that is not known, where the inputs are whole numbers: a result of NaN is refused. */
typedef double soma_onnx_pair(double a, double b);
soma_status soma_onnx_fold_pairs(soma_onnx_node *node, soma_onnx_pair *f, int32_t type);
/* Powers, those of whole numbers without what is behind their point. */
soma_status soma_onnx_fold_power(soma_onnx_node *node);
/* Where. */
soma_status soma_onnx_fold_choice(soma_onnx_node *node);
/* The result is made of elements of the first input: where number i of it was. */
soma_status soma_onnx_fold_selection(soma_onnx_node *node, const soma_onnx_shape *shape, soma_place_function *place_of,
                                     const void *context);

#endif
