/* SPDX-License-Identifier: MIT */
/* An ONNX file, unpacked, and the elements of its tensors. */
#ifndef SOMA_IO_ONNX_FILE_H
#define SOMA_IO_ONNX_FILE_H

#include "base/file.h"
#include "io/onnx/wire.h"
#include "io/words.h"
#include "onnx-schema.pb-c.h"

#include <time.h>

/* Dimensions of an ONNX tensor at most; the network's tensors have fewer. */
#define SOMA_ONNX_MAX_RANK 8

/*
 * What an import may take: so many bytes for each byte of the file, and a little for a small one. What is made of its
 * messages is counted against the file and its external data, with more for a small one: thousands of nodes, of which
 * each takes a hundred times its bytes in the file.
 */
#define SOMA_ONNX_MEMORY_FACTOR 16
#define SOMA_ONNX_MEMORY_BASE   ((size_t)1 << 20)
#define SOMA_ONNX_NETWORK_BASE  ((size_t)4 << 20)

/* The versions of ONNX's own ops whose meaning is known. */
#define SOMA_ONNX_LAST_OPSET 28
/* Functions that may be inside of each other. */
#define SOMA_ONNX_MOST_DEEP 32

/* The raw_data of an initializer that stays in the file: has_raw_data is true there, and its length set, but not its
 * data. */
typedef struct soma_onnx_stored {
    const Soma__Onnx__TensorProto *tensor;
    size_t number; /* among the graph's initializers */
    uint64_t at, size;
} soma_onnx_stored;

typedef struct soma_onnx_stored_list {
    soma_onnx_stored *of; /* in the order of their tensors, once these are known */
    size_t count;
    struct timespec changed; /* when the file was, as it was cut */
    uint64_t bytes;          /* that it had */
} soma_onnx_stored_list;

/* Words of a run that the model does not name, numbered behind those that it does. */
typedef struct soma_onnx_met {
    soma_words words;
    size_t used, limit; /* bytes */
} soma_onnx_met;

typedef struct soma_onnx_front soma_onnx_front; /* front.h */

typedef struct soma_onnx_file {
    char *path;
    int descriptor; /* of the file, where something is stored; -1: nothing is */
    soma_onnx_stored_list stored;
    int directory; /* where external data may lie: the file's directory, open; -1: nowhere */
    size_t size;
    soma_onnx_budget budget;
    ProtobufCAllocator allocator;
    Soma__Onnx__ModelProto *model;
    int64_t opset;          /* of the ai.onnx domain; 0: the model uses none of it */
    int64_t learning_opset; /* the same of ai.onnx.ml */
    soma_words functions;   /* that the model defines: "DOMAIN\nNAME", `line` their number */
    bool encodes;           /* words are taken as inputs, by their numbers in */
    soma_words vocabulary;  /* this; see vocabulary.h */
    soma_onnx_met *met;     /* NULL: none is taken */
    soma_onnx_front *front; /* NULL: nothing is computed before the network */
} soma_onnx_file;

/*
 * Opens a file: bytes against the schema, and that there is a graph. Close it with soma_onnx_close(), which accepts
 * NULL.
 */
soma_status soma_onnx_open(const char *path, soma_onnx_file **file);
/* The same with all of its bytes in memory, for who needs them after others may have changed the file. */
soma_status soma_onnx_open_whole(const char *path, soma_onnx_file **file);
/*
 * What is in a file but for what stays in it: *rest, to be freed, and where the others are, if there are any. False
 * where the file cannot be cut: whoever reads it as a whole finds out why.
 */
bool soma_onnx_cut(int descriptor, uint64_t size, soma_buffer *rest, soma_onnx_stored_list *stored);
/* Tells the tensors of what was unpacked. */
bool soma_onnx_place_stored(soma_onnx_stored_list *stored, const Soma__Onnx__GraphProto *graph);
/* `size` of its raw_data.len bytes, from number `from` on. */
soma_status soma_onnx_read_stored(const soma_onnx_file *file, const Soma__Onnx__TensorProto *tensor, size_t from,
                                  size_t size, void *data);
void soma_onnx_stored_clear(soma_onnx_stored_list *stored);
/* The same of memory; external data is refused. `name` stands for the path in messages. */
soma_status soma_onnx_parse(const char *name, const uint8_t *data, size_t size, soma_onnx_file **file);
void soma_onnx_close(soma_onnx_file *file);
/* Whether its versions, of the format and of the opset, are such that its meaning is known. */
soma_status soma_onnx_check(const soma_onnx_file *file);
/* The model's function that a node calls, and its number there, unless `number` is NULL; NULL: none, as of an op of
 * ONNX's own that soma has. */
const Soma__Onnx__FunctionProto *soma_onnx_find_function(const soma_onnx_file *file, const Soma__Onnx__NodeProto *node,
                                                         size_t *number);
/* The opset of ONNX's own ops that a function's nodes are of, as the file has it; where it does not say, that of where
 * the function is called. */
int64_t soma_onnx_function_opset(const Soma__Onnx__FunctionProto *function, int64_t outside);
/* Whether a domain is ONNX's own, which has two names. */
bool soma_onnx_is_standard(const char *domain);
/* Its domain of classical machine learning, of which scikit-learn's models are. */
#define SOMA_ONNX_ML "ai.onnx.ml"
/* That of onnxruntime's own ops, of which there is one version. */
#define SOMA_ONNX_MICROSOFT "com.microsoft"

/* -------------------------------------------------------------------------------------------------- elements */

/* The elements of a tensor, where they are in the file, or what was computed of them. */
typedef struct soma_onnx_elements {
    int32_t type; /* SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__... */
    uint32_t rank;
    size_t dim[SOMA_ONNX_MAX_RANK], count;
    bool equal; /* all are the first, which alone is there */
    bool made;  /* by an op, not given by the file */
    bool open;  /* some of these whole numbers are the size of the batch, which is not known: NaN */
    /* Where they are; one is not NULL, unless there are none. */
    const Soma__Onnx__TensorProto *tensor;
    const float *floats;
    const int64_t *integers;
    const double *doubles;
} soma_onnx_elements;

/* "float", "int64", ...; a static string, NULL for a number that no version of ONNX had when this one was written. */
const char *soma_onnx_type_name(int32_t type);
/* "int64 (element type 7)", for messages. */
typedef struct soma_onnx_type_text {
    char text[64];
} soma_onnx_type_text;
soma_onnx_type_text soma_onnx_describe_type(int32_t type);
/* "sequence", "map", ...: what kind of value it is that is no tensor; a static string. */
const char *soma_onnx_kind_name(const Soma__Onnx__TypeProto *type);
/* As which arrays of it go into a network and come out of it; bfloat16, which C and NumPy have no type for, as float32.
 */
soma_dtype soma_onnx_dtype_of(int32_t type);
/* The other way for whole numbers and truth; float of all else. */
int32_t soma_onnx_type_of_array(soma_dtype dtype);
/* Types whose values a network computes with, in float32. */
bool soma_onnx_is_float(int32_t type);
/* Types that hold whole numbers; bool is one. */
bool soma_onnx_is_integer(int32_t type);

/* Checks type, dimensions, and that there are as many elements as they say; dimensions of 0 are let through. */
soma_status soma_onnx_elements_of(const Soma__Onnx__TensorProto *tensor, soma_onnx_elements *elements);
/* One by one; close what was opened. */
typedef struct soma_onnx_reader {
    const soma_onnx_elements *elements;
    const uint8_t *raw; /* NULL: they are where the elements say */
    uint8_t *owned;
} soma_onnx_reader;
soma_status soma_onnx_reader_open(const soma_onnx_file *file, const soma_onnx_elements *elements,
                                  soma_onnx_reader *reader);
/* Number i < elements->count. Whole numbers are exact up to 2^53. */
double soma_onnx_read(const soma_onnx_reader *reader, size_t i);
/* `count` of them from number `first` on, as soma_onnx_read() has each. */
void soma_onnx_read_range(const soma_onnx_reader *reader, size_t first, size_t count, double *numbers);
void soma_onnx_reader_close(soma_onnx_reader *reader);

/* Whether their bytes are float32 as they lie in the file or in memory, so that any of them can be had at once. */
bool soma_onnx_is_plain_floats(const soma_onnx_elements *elements);
soma_status soma_onnx_read_some_floats(const soma_onnx_file *file, const soma_onnx_elements *elements, size_t first,
                                       size_t count, float *values);
/* All of them, converted; values[elements->count]. */
soma_status soma_onnx_read_floats(const soma_onnx_file *file, const soma_onnx_elements *elements, float *values);
/* Whole numbers; refuses what is none, or does not fit. */
soma_status soma_onnx_read_integers(const soma_onnx_file *file, const soma_onnx_elements *elements, int64_t *values);

/* external.c: the bytes of a tensor that lie in a file of their own; free *data with soma_free(). */
bool soma_onnx_is_external(const Soma__Onnx__TensorProto *tensor); /* accepts NULL */
/* The bytes of all ordinary files that tensors of the graph lie in, each once; those that cannot be read count nothing.
 */
soma_status soma_onnx_external_size(const soma_onnx_file *file, uint64_t *size);
soma_status soma_onnx_read_external(const soma_onnx_file *file, const Soma__Onnx__TensorProto *tensor, size_t size,
                                    uint8_t **data);

#endif
