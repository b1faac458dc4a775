/* SPDX-License-Identifier: MIT */
/*
 * soma/files.h - what networks are kept in: safetensors, ONNX, C source.
 *
 * Part of soma/soma.h, which says what holds for every call.
 */
#ifndef SOMA_FILES_H
#define SOMA_FILES_H

#include <soma/dataset.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Saves the network and its weights as one safetensors file: the tensors under their names, the graph as JSON in the
 * metadata, so that the stock safetensors package reads it. Written beside the target, fsynced, renamed: the old file
 * or the new one, never a torn one.
 */
SOMA_API soma_status soma_save(soma_network *network, const char *path);

/*
 * Could soma_save(), soma_write_file() and the like write a file there, and checkpoints of soma_fit()? To be asked
 * before long work. SOMA_IO if not: the directory is missing or may not be written, the name is too long, a symbolic
 * link leads to such a place, or what is there is no ordinary file. Nothing is made to find out.
 */
SOMA_API soma_status soma_check_writable(const char *path);

/* The same of soma_save() with this network: all of it but the writing. SOMA_UNSUPPORTED where the file's format has no
 * form for the network. */
SOMA_API soma_status soma_check_save(soma_network *network, const char *path);

/* Writes data[size] as soma_save() writes a model: whole or not at all, with the permissions of the file that it
 * replaces, through symbolic links. */
SOMA_API soma_status soma_write_file(const char *path, const void *data, size_t size);

/*
 * Loads what soma_save() wrote. Everything is checked before anything is allocated: header, offsets, file length,
 * duplicate names, shapes against the graph. The network has its weights and the loss it was compiled with; compile
 * it to use it.
 */
SOMA_API soma_status soma_load(const char *path, soma_network **network);

/* How the first dimension of an ONNX model's inputs is read. */
typedef enum soma_onnx_batch {
    SOMA_ONNX_BATCH_AUTO,  /* as the batch if that makes sense of the whole graph, else as the first of a sample */
    SOMA_ONNX_BATCH_FIRST, /* as the batch */
    SOMA_ONNX_BATCH_NONE   /* as the first of a sample: the model computes one sample at a time */
} soma_onnx_batch;

/* An input of the model that is to be a constant: an axis, a new shape. */
typedef struct soma_onnx_constant {
    const char *name;
    const double *values;
    size_t count; /* as many as the input's shape has elements */
} soma_onnx_constant;

/* The shape of an input, in the file's order of dimensions, the batch included; 0: as the file has it. */
typedef struct soma_onnx_input {
    const char *name;
    const size_t *shape;
    uint32_t rank;
} soma_onnx_input;

typedef struct soma_onnx_options {
    soma_onnx_batch batch;
    const soma_onnx_constant *constants; /* borrowed for the call */
    size_t constant_count;
    /* Names of the outputs that the network is to have, in this order; 0: all. Nothing that these do not depend on
       needs to be anything that soma knows, and inputs that only others depend on are none of the network. Borrowed. */
    const char *const *outputs;
    size_t output_count;
    /* Bytes at most for constants that the model computes instead of holding them, as by ConstantOfShape: a small file
       can ask for any amount. 0: 4 GiB. */
    uint64_t memory_limit;
    const soma_onnx_input *inputs; /* shapes of inputs that the model leaves open; borrowed for the call */
    size_t input_count;
    uint64_t reserved[3]; /* zero */
} soma_onnx_options;

/*
 * Loads an ONNX model, opset 1 to 28; docs/onnx.md lists the ops. Initializers become parameters, which training
 * changes; float16, bfloat16 and double are converted to float32. SOMA_UNSUPPORTED names every op that soma does not
 * have, and how many nodes are of it. External data is read only from ordinary files in the model's own directory.
 * Without ONNX support in the library: SOMA_UNSUPPORTED. soma_load() does the same, without options, for a name that
 * ends in ".onnx".
 */
SOMA_API soma_status soma_load_onnx(const char *path, const soma_onnx_options *options, soma_network **network);

/* An input or an output of an ONNX model. */
typedef struct soma_onnx_value_info {
    const char *name;
    const char *type; /* of its elements, "float" or "int64"; "sequence" or "map" where it is no tensor */
    bool is_output;
    bool has_shape; /* the file says how many dimensions there are, and they are not too many to be told */
    uint32_t rank;
    const int64_t *shape; /* the first dimension may be the batch; -1: not fixed */
    uint64_t reserved[4];
} soma_onnx_value_info;

/* What soma_list_onnx() calls; any of the functions may be NULL. Texts and shapes are gone afterwards. */
typedef struct soma_onnx_visitor {
    void *context;
    void (*value)(void *context, const soma_onnx_value_info *value); /* each input, then each output */
    /* Each op, with the number of its nodes, those inside of branches and loops included: "Conv"; of other domains than
       ONNX's own "com.example.Attention". */
    void (*op)(void *context, const char *name, size_t nodes, bool supported);
    uint64_t reserved[4]; /* zero */
} soma_onnx_visitor;

/*
 * What is in an ONNX model, whether soma can run it or not. *opset: of ONNX's own domain, 0 if the model names none.
 * Fails where the file is malformed.
 */
SOMA_API soma_status soma_list_onnx(const char *path, const soma_onnx_visitor *visitor, int64_t *opset);

typedef struct soma_weights_options {
    /*
     * Where parameters are in the file: entries separated by semicolons or line ends, each a parameter or a layer (with
     * all of its parameters), the tensor's name, and perhaps "transposed", as PyTorch keeps
     * weights ([out, in, kernel...], here [kernel..., in, out]):
     *   "dense_1 fc1 transposed; dense_2.bias head.bias"
     * NULL: under their own names, as are those that no entry names.
     */
    const char *map;
    bool partial;         /* parameters that no entry names and the file does not have keep their values */
    uint64_t reserved[6]; /* zero */
} soma_weights_options;

/*
 * Weights from a safetensors file of another program: F32, F16, BF16 and F64, as float32. Before compile or after it.
 * All of it is checked and read before the network changes; tensors that nobody wants are passed over, whatever their
 * type and rank. A dense layer's weight is [inputs, units]; PyTorch's nn.Linear keeps the transpose. SOMA_INVALID_SHAPE
 * names both shapes.
 */
SOMA_API soma_status soma_load_weights(soma_network *network, const char *path, const soma_weights_options *options);

/*
 * Is told of a tensor in a safetensors file. dtype is the format's word ("F32", "BF16", "I64", "F4"); rank 0 is a
 * single number, and there may be more dimensions than SOMA_MAX_RANK. Strings and shape belong to the file and are gone
 * afterwards.
 */
typedef void soma_tensor_visitor(void *context, const char *name, const char *dtype, uint32_t rank,
                                 const size_t *shape);
/*
 * What is in a safetensors file, its values unread: `visitor` is called for each tensor in the order in which they lie
 * there. *has_network (may be NULL): whether soma_load() finds a network in it. SOMA_INVALID_FILE names what is wrong
 * with the file, before any call.
 */
SOMA_API soma_status soma_list_tensors(const char *path, soma_tensor_visitor *visitor, void *context,
                                       bool *has_network);

/* Arrays that were read of a file, in the memory of the host. */
typedef struct soma_arrays soma_arrays;
/*
 * The arrays of a file of NumPy's with the types and shapes that they have there (words, `<U`, as SOMA_STRING, in
 * UTF-8), of up to SOMA_MAX_RANK dimensions: of an archive (a name that ends in .npz) each under its name, what is no
 * array passed over; else the one of an .npy file, under the name "". Checked before memory is taken for them.
 * SOMA_UNSUPPORTED: an archive, built without libzip, or of more than 16384 arrays; SOMA_INVALID_FILE also where two
 * have one name. Destroy them with soma_arrays_destroy().
 */
SOMA_API soma_status soma_read_arrays(const char *path, soma_arrays **arrays);
/* How many there are; in the order of the file. */
SOMA_API size_t soma_arrays_count(const soma_arrays *arrays);
/* The name of one of them; NULL past the last. */
SOMA_API const char *soma_arrays_name(const soma_arrays *arrays, size_t index);
/* One of them, until they are destroyed; NULL past the last. */
SOMA_API const soma_array *soma_arrays_get(const soma_arrays *arrays, size_t index);
/* NULL is accepted. */
SOMA_API void soma_arrays_destroy(soma_arrays *arrays);

/* An array in NumPy's form. The file is whole or not at all (SOMA_IO). */
SOMA_API soma_status soma_write_npy(const char *path, const soma_array *array);
/* Several in an archive, under names[count]: likewise. SOMA_UNSUPPORTED: built without libzip. */
SOMA_API soma_status soma_write_npz(const char *path, const char *const *names, const soma_array *arrays, size_t count);

/*
 * Saves the network and its weights as an ONNX model, with the batch as its first dimension, of the least opset that
 * has all of its nodes: 7 or later. A standardisation of the inputs becomes the model's first nodes. soma_save() does
 * the same for a name that ends in ".onnx". Written as by soma_save().
 */
SOMA_API soma_status soma_save_onnx(soma_network *network, const char *path);

/* How soma_save_onnx_with() writes. */
typedef struct soma_onnx_save_options {
    int64_t opset;        /* none later than this, from 7 on; 0: whichever has an op of its own for each layer */
    uint64_t reserved[7]; /* zero */
} soma_onnx_save_options;

/*
 * The same, for readers that know no opset later than one: Attention (23), RMSNormalization (23), GroupNormalization
 * (21), Gelu (20) and LayerNormalization (17) are written as what they are made of where they are later.
 * SOMA_UNSUPPORTED names what has no other form. options NULL: the defaults.
 */
SOMA_API soma_status soma_save_onnx_with(soma_network *network, const char *path,
                                         const soma_onnx_save_options *options);

/* How soma_save_c() writes. */
typedef struct soma_c_options {
    const char *prefix; /* of all names in the file: up to 32 letters of a-z and A-Z, digits and _; NULL: of the file's
                           name */
    uint64_t reserved[4]; /* zero */
} soma_c_options;

/* What the numbers of a C file take, in bytes; its machine code comes to the weights. */
typedef struct soma_c_size {
    size_t weight_bytes;  /* constants: read-only memory (flash) */
    size_t memory_bytes;  /* between the layers: static memory (RAM) */
    uint64_t reserved[4]; /* zero */
} soma_c_size;

/*
 * Writes the network as one C file that computes it, for microcontrollers: in C99 (and C++), with the weights as
 * arrays, without allocation or any library but libm's, one sample at a time in float32. A function
 * PREFIX_predict(const float *input, float *output) is all that is declared, beside names of classes and thresholds, if
 * the network has any; a standardisation of the inputs is computed, too. Inputs and outputs are laid out as soma's;
 * numbers that name rows of a table (embedding) are floats. Batch normalisation is folded. SOMA_UNSUPPORTED names what
 * has no form in C. options, size: may be NULL. soma_save() does the same for a name that ends in ".c". Written as by
 * soma_save().
 */
SOMA_API soma_status soma_save_c(soma_network *network, const char *path, const soma_c_options *options,
                                 soma_c_size *size);

/*
 * The options that the network was last compiled with, or that its file holds: class_weight is NULL, and a loss is
 * the one that SOMA_LOSS_DEFAULT stood for: SOMA_LOSS_NONE where none goes with the output.
 */
SOMA_API soma_status soma_network_get_compile_options(const soma_network *network, soma_compile_options *options);

#ifdef __cplusplus
}
#endif
#endif
