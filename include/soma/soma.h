/* SPDX-License-Identifier: MIT */
/*
 * soma/soma.h - build, train, run, save and load neural networks on any OpenCL device or a plain CPU.
 *
 * Conventions
 *   Shapes are given per sample; the batch is an additional first dimension that soma adds itself.
 *   Every call that can fail returns soma_status; soma_last_error() has the detail. SOMA_INVALID_ARGUMENT (NULL where
 *     something is needed, a value out of range), SOMA_OUT_OF_MEMORY, and of what works on a device
 *     SOMA_OUT_OF_DEVICE_MEMORY and SOMA_DEVICE_FAILED, may come from any; what else may is said with the call.
 *   Option structs: zero is the sensible default for every field; a NULL pointer stands for all zeros. Their `reserved`
 *     fields must be zero: that is where later versions put new fields, so that a struct keeps its size and a program
 *     need not be compiled again. A field that this version does not know is refused, not passed over.
 *   X_create makes, X_destroy frees and accepts NULL. Pointers passed in are borrowed for the call unless said
 *     otherwise.
 *
 * Threads
 *   A device may be used by any number of threads; what they ask of it is done one after the other. Any number of
 *     devices may be open, of one kind too.
 *   A network, a session, a data set, a memory: each by one thread at a time; different ones by different threads, on
 *     one device or on several.
 *   One network in several threads: a session for each, see soma_session_create().
 *   soma_last_error() is the calling thread's own. soma_log_set() and soma_set_allocator() are for the whole process,
 *     and come before other threads use soma; the log's receiver may be called by several threads at a time, and must
 *     not call soma.
 */
#ifndef SOMA_SOMA_H
#define SOMA_SOMA_H

#include <soma/base.h>
#include <soma/device.h>
#include <soma/metrics.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------- devices */

/*
 * Opens a device by name:
 *   "cpu"           this processor
 *   "gpu"           the best OpenCL GPU; with none, an OpenCL accelerator or CPU device (the log says so)
 *   "opencl:N"      OpenCL device number N, as `soma devices` numbers them
 *   "auto", NULL    what SOMA_DEVICE names, else a GPU if there is one, else the processor (soma_choose_device()
 *                   measures)
 *   anything else   the name of a registered device kind, or a piece of a device's or platform's name ("nvidia",
 *                   "pocl")
 *   "A,B", "gpu*"   several, of which soma_fit() gives each its share of every batch: names as above, but no pieces of
 *                   names and not "auto"; with a * all of a kind. The first is the device that all else is done on; the
 *                   options are each one's, only that several "cpu" share the cores where no number of threads is given
 * options: NULL for the defaults. SOMA_NO_DEVICE: the detail lists every device seen and every platform passed over,
 * with the reason. soma_device_close() after the last network on it is destroyed.
 */
SOMA_API soma_status soma_device_open(const char *name, const soma_device_options *options, soma_device **device);
/* Waits for what was asked of the device, and frees it. NULL is accepted. No network, session or memory of it may be
 * left. */
SOMA_API void soma_device_close(soma_device *device);

/* Name, kind, driver and memory of an open device, copied into *info. */
SOMA_API void soma_device_get_info(soma_device *device, soma_device_info *info);

/* The word that opens this device again: "cpu", "opencl:1", "opencl:0,opencl:1"; valid while it is open. */
SOMA_API const char *soma_device_selector(const soma_device *device);

/* Of a device that is made of several, number `part`, from 0: 0 is the device itself, NULL comes behind the last. Each
 * has info, memory and selector of its own; all are closed with the first. */
SOMA_API soma_device *soma_device_part(soma_device *device, uint32_t part);

typedef struct soma_device_memory {
    uint64_t allocated;   /* bytes allocated on the device now */
    uint64_t peak;        /* the most there ever was */
    uint64_t reserved[4]; /* zero */
} soma_device_memory;
/* How much memory of the device is in use, into *memory. */
SOMA_API void soma_device_get_memory(const soma_device *device, soma_device_memory *memory);

/*
 * Memory of a device, for soma_session_run_memory(): of soma's own, or of the application's (soma/opencl.h). Numbers in
 * it are float32, row-major, and not set to anything at first. `bytes` of it, at least 1. SOMA_OUT_OF_DEVICE_MEMORY
 * where there is no room, or the limit of the device's options is reached.
 */
SOMA_API soma_status soma_memory_create(soma_device *device, size_t bytes, soma_memory **memory);
/* Before the device is closed; nothing may run on it then. NULL is accepted. Memory of the application stays its own.
 */
SOMA_API void soma_memory_destroy(soma_memory *memory);
/* Its size in bytes; 0 for NULL. */
SOMA_API size_t soma_memory_bytes(const soma_memory *memory);
/* The device that it is of; NULL for NULL. */
SOMA_API soma_device *soma_memory_device(const soma_memory *memory);
/* Copies from the host; offset and bytes must lie within the memory (SOMA_INVALID_ARGUMENT), and source is free
 * afterwards. */
SOMA_API soma_status soma_memory_write(soma_memory *memory, size_t offset, const void *source, size_t bytes);
/* Copies to the host, once all is done that was asked of the device before. Errors as of soma_memory_write(). */
SOMA_API soma_status soma_memory_read(const soma_memory *memory, size_t offset, void *target, size_t bytes);

/* Called for every device of every registered kind; selector is what opens it. */
typedef void soma_device_list_function(void *context, const char *selector, const soma_device_info *info, bool usable,
                                       const char *reason);
/* Calls the function, with this context, for all devices that there are, usable or not, and opens none. What is handed
 * to it is gone afterwards. */
SOMA_API soma_status soma_device_list(soma_device_list_function *function, void *context);

/* One line of a conformance report: a primitive on a device, over all its cases. */
typedef struct soma_check_result {
    const char *primitive;
    bool native; /* false: executed by the fallback */
    bool passed;
    uint32_t cases, failures;
    double worst_error; /* of the case nearest to (or farthest past) its bound: absolute error ... */
    double bound;       /* ... and the bound, derived from the length of the sum and the ulps of the functions used */
    char detail[256];   /* of the first failure: case, element, found and expected; "" if none */
} soma_check_result;
/* Is told of a primitive; what *result holds is gone afterwards. */
typedef void soma_check_function(void *context, const soma_check_result *result);

/*
 * The conformance suite: every primitive against the float64 reference, with guard bytes around every buffer, odd
 * sizes, 1x1, primes, 0 rows, NaN and infinities. Calls `function` (unless NULL) once per primitive, and then for
 * "memory" (write, read, copy, fill) and "list" (calls that depend on each other). SOMA_DEVICE_FAILED if any failed;
 * the detail has the first.
 */
SOMA_API soma_status soma_device_check(soma_device *device, soma_check_function *function, void *context);

/* How quick a primitive is: one call, of the sizes that networks have. */
typedef struct soma_check_speed {
    const char *primitive, *what; /* "reduce", "sum of columns" */
    const char *shapes;           /* of its operands */
    bool native;                  /* false: executed by the fallback */
    double microseconds;          /* the least of a few measurements */
    double flops;                 /* 0 where moving the numbers is what takes the time */
    double bytes;                 /* that it reads and writes at least */
    double share;                 /* where it has flops, of soma_device_peak(), NaN where the device has none; else of
                                     the speed at which the device copies as many bytes in its memory */
    uint64_t reserved[4];         /* zero */
} soma_check_speed;
/* Is told of a call that was timed; what *speed holds is gone afterwards. */
typedef void soma_check_speed_function(void *context, const soma_check_speed *speed);

typedef struct soma_check_options {
    soma_check_speed_function *on_speed; /* NULL: nothing is timed. Else called after the report on each primitive, once
                                            for each of its calls that are timed; valid during the call */
    uint64_t reserved[7];                /* zero */
} soma_check_options;
/* soma_device_check() with options (NULL: none). `context` is for both functions. */
SOMA_API soma_status soma_device_check_with(soma_device *device, const soma_check_options *options,
                                            soma_check_function *function, void *context);

/*
 * Measures the most float32 operations that the device does in a second, in 1e9: multiply-adds, two operations each,
 * that touch no memory. It takes about 0.2 s. SOMA_UNSUPPORTED for a device that has no such measurement.
 */
SOMA_API soma_status soma_device_peak(soma_device *device, double *gflops);

/*
 * Measures which of a device's kernels multiplies matrices of which shape best, and uses them for what is compiled from
 * now on, in this process and in later ones; a network that is compiled already changes over when its memory moves. The
 * choices are kept in a file of this device, its driver and this version of soma, in the directory that SOMA_CACHE_DIR
 * names, else in $XDG_CACHE_HOME/soma, else in $HOME/.cache/soma. Every kernel is held against soma's own before it is
 * timed. It takes up to a minute, or so; nothing else should run then. Only this function measures: opening a device
 * reads what was kept, and never tunes.
 * options: NULL for the defaults. SOMA_UNSUPPORTED: the device has one kernel for every shape, so that there is nothing
 * to tune; SOMA_INVALID_STATE: the environment says which kernels to use, or names no directory to keep the choices in.
 */
SOMA_API soma_status soma_device_tune(soma_device *device, const soma_tune_options *options);

/* Which kernels are in force. SOMA_UNSUPPORTED: a device of this kind knows no tuning. */
SOMA_API soma_status soma_device_get_tuning(soma_device *device, soma_tuning *tuning);

/* Goes back to the device's default kernel, and removes the file; *removed (may be NULL): whether there was one.
 * SOMA_UNSUPPORTED as above. */
SOMA_API soma_status soma_device_forget_tuning(soma_device *device, bool *removed);

/* ---------------------------------------------------------------------------------------------------- network */

/*
 * A network is a graph of tensors. Builder functions take tensors and return new ones. They accept NULL and then
 * return NULL; the *first* error is kept with the layer's name and the shapes, and reported by soma_compile(). So a
 * network can be written as nested calls and checked once.
 */
typedef struct soma_network soma_network;
typedef struct soma_tensor soma_tensor; /* owned by its network */

/* A network without tensors. Destroy it with soma_network_destroy(). */
SOMA_API soma_status soma_network_create(soma_network **network);
/* Frees the network with all its tensors; NULL is accepted. Where it has sessions, the last of them frees it. */
SOMA_API void soma_network_destroy(soma_network *network);

/* The first error of a builder (SOMA_OK if none); the detail is in soma_last_error(). */
SOMA_API soma_status soma_network_status(soma_network *network);

/*
 * Changes by chance of the pictures that the first input takes, [height, width] or [height, width, channels], in every
 * step of soma_fit() and soma_train_on_batch(), on the device; the same on every device, by seed and step. Not in
 * evaluation and prediction, nor in soma_backward(). Saved with the network. One or more of these, separated by ';':
 *   shift PIXELS | shift DOWN RIGHT    by a whole number of pixels up to that, either way; 0 comes in
 *   flip [vertical]                    mirrored, every second one
 *   rotate DEGREES                     by an angle up to that, either way, bilinear
 *   brightness SHARE                   times a number from 1 - SHARE to 1 + SHARE
 *   cutout PIXELS                      a square of so many pixels becomes 0 (DeVries & Taylor 2017)
 *   mixup ALPHA                        samples of any kind, in [0, 100]: each sample, all its inputs, becomes
 *                                      lambda times itself plus 1 - lambda times another one of the batch, and so do
 *                                      targets (class numbers as rows with 1 at the class) and sample weights (Zhang
 *                                      et al. 2017). For each batch, lambda is drawn from Beta(ALPHA, ALPHA), and how
 *                                      many places further the other one is. Metrics are counted against the sample's
 *                                      own target. soma_fit() refuses batches of 1, which have no other
 * text: NULL, "" or "none" for none. Before soma_compile(), which refuses changes of pictures of a network whose first
 * input takes none (SOMA_INVALID_SHAPE). SOMA_INVALID_ARGUMENT: words that are none of these.
 */
SOMA_API soma_status soma_network_set_augmentation(soma_network *network, const char *text);
/* What was set; NULL for none. Belongs to the network. */
SOMA_API const char *soma_network_augmentation(const soma_network *network);

/* Seed of initial weights, shuffling and dropout (default 0). Before the first layer. */
SOMA_API void soma_network_set_seed(soma_network *network, uint64_t seed);

typedef enum soma_initializer {
    SOMA_INIT_DEFAULT, /* by the layer's activation: He uniform for the ReLU family, ELU, GELU and SiLU; LeCun
                          normal for SELU; else Glorot uniform. Biases: zeros */
    SOMA_INIT_ZEROS,
    SOMA_INIT_CONSTANT,       /* scale */
    SOMA_INIT_UNIFORM,        /* [-scale, scale); default scale 0.05 */
    SOMA_INIT_NORMAL,         /* mean 0, standard deviation scale; default 0.05 */
    SOMA_INIT_GLOROT_UNIFORM, /* limit sqrt(6 / (in + out))   Glorot & Bengio 2010 */
    SOMA_INIT_GLOROT_NORMAL,  /* sd sqrt(2 / (in + out)) */
    SOMA_INIT_HE_UNIFORM,     /* limit sqrt(6 / in)           He et al. 2015 */
    SOMA_INIT_HE_NORMAL,      /* sd sqrt(2 / in) */
    SOMA_INIT_LECUN_UNIFORM,  /* limit sqrt(3 / in)           LeCun et al. 1998 */
    SOMA_INIT_LECUN_NORMAL,   /* sd sqrt(1 / in) */
    SOMA_INIT_ORTHOGONAL,     /* rows, or columns where they are fewer, of length 1 and orthogonal (Saxe et al. 2014) */
    SOMA_INIT_COUNT
} soma_initializer;

typedef struct soma_activation_options {
    bool set; /* true: a and b are given; false: the function's defaults (see soma_function) */
    float a, b;
} soma_activation_options;

typedef struct soma_dense_options {
    const char *name;         /* NULL: "dense_1", "dense_2", ... */
    soma_function activation; /* IDENTITY by default */
    soma_activation_options function;
    bool no_bias;
    soma_initializer weight_initializer, bias_initializer;
    float weight_scale, bias_scale; /* for CONSTANT, UNIFORM, NORMAL; 0: their default */
    uint64_t every_step;  /* 1: works on each step of a sequence [..., in] by itself, with the same W and b, and gives
                             [..., units]; 0: x has one dimension */
    uint64_t reserved[7]; /* zero */
} soma_dense_options;

/* A network input: `rank` (1 to 4) dimensions per sample. name NULL: "input_1", ... */
SOMA_API soma_tensor *soma_input(soma_network *network, const char *name, uint32_t rank, const size_t *shape);

/* Fully connected layer: y = f(x W + b); x [in], W [in, units], b [units], y [units]. x must have one dimension per
 * sample; soma_dense_options.every_step is for sequences of such. */
SOMA_API soma_tensor *soma_dense(soma_tensor *x, size_t units, soma_function activation);
/* The same with options: initial weights, no bias, a name, parameters of the function. NULL for none. */
SOMA_API soma_tensor *soma_dense_with(soma_tensor *x, size_t units, const soma_dense_options *options);

typedef struct soma_embedding_options {
    const char *name;             /* NULL: "embedding_1", ... */
    soma_initializer initializer; /* by default NORMAL with scale 1 */
    float scale;                  /* for CONSTANT, UNIFORM, NORMAL; 0: their default */
    uint64_t padded;              /* 1: the row of number `padding` begins as zeros, and is not trained */
    uint64_t padding;
    uint64_t reserved[7]; /* zero */
} soma_embedding_options;

/* Numbers of rows are float32, as all that goes into a network: so far it has whole numbers exactly. */
#define SOMA_MOST_IDS (1 << 24)

/*
 * For each whole number of x, of tokens or categories, a row of the table `weight` [vocabulary, width], which is
 * learnt: y [..., width] of x [...]. Numbers are 0 to vocabulary - 1: soma_fit(), soma_evaluate(), soma_predict() and
 * soma_run() refuse others where they are an input of the network. A data set's bytes (uint8) are taken as they are,
 * and not divided by 255. The result is a sequence: in a text, dense layers after it work on every step. options NULL:
 * the defaults.
 */
SOMA_API soma_tensor *soma_embedding(soma_tensor *x, size_t vocabulary, size_t width,
                                     const soma_embedding_options *options);

typedef struct soma_recurrent_options {
    const char *name;       /* NULL: "lstm_1", ... */
    soma_function function; /* rnn: TANH or RELU; IDENTITY, 0: TANH */
    bool last;              /* the state after the last step alone, [units]; else that of every step */
    bool bidirectional;     /* another layer of the kind from the last step to the first, its units behind */
    bool reverse;           /* from the last step to the first */
    bool reset_before;      /* gru: the reset gate works before the product, as ONNX has it by default */
    bool no_bias;
    soma_initializer weight_initializer, recurrent_initializer; /* by default GLOROT_UNIFORM */
    float weight_scale, recurrent_scale;                        /* for CONSTANT, UNIFORM, NORMAL; 0: their default */
    soma_tensor *mask;         /* [steps]: 0 where a step is to leave the state as it is; NULL: none */
    soma_tensor *state, *cell; /* [units]: before the first step; NULL: 0. cell: of an lstm */
    /* Where to put the state, and the cell of an lstm, after the last step, [units] each; NULL: nowhere. What is made
     * of the cell has no gradient. */
    soma_tensor **final_state, **final_cell;
    uint64_t reserved[8]; /* zero */
} soma_recurrent_options;

/*
 * Recurrent layers over the steps of x [steps, features]: y [steps, units], a sequence, or [units] (see the options;
 * twice as many if bidirectional). Parameters: weight [features, gates units], recurrent_weight [units, gates units],
 * bias [gates units], and of a gru recurrent_bias [gates units], unless reset_before; of the way back with "reverse_"
 * before them. s is the sigmoid function, h the state before the step, which begins as 0, and h' after it.
 */
/* h' = f(x W + h U + b) (Elman 1990). */
SOMA_API soma_tensor *soma_rnn(soma_tensor *x, size_t units, const soma_recurrent_options *options);
/*
 * i, f, g, o = s, s, tanh, s of x W + h U + b, the gates in this order; c' = f c + i g; h' = o tanh c' (Hochreiter &
 * Schmidhuber 1997; Gers et al. 2000). The forget gate's bias begins as 1.
 */
SOMA_API soma_tensor *soma_lstm(soma_tensor *x, size_t units, const soma_recurrent_options *options);
/*
 * z, r = s of x W + h U + b, the gates in the order z, r, n; n = tanh(x W + b + r (h U + recurrent_bias)), or with
 * reset_before tanh(x W + (r h) U + b); h' = (1 - z) n + z h (Cho et al. 2014).
 */
SOMA_API soma_tensor *soma_gru(soma_tensor *x, size_t units, const soma_recurrent_options *options);

/*
 * Says which steps of x [steps, ...] there are, by a mask [steps], as the input that soma_dataset_set_lengths() makes:
 * 0 where a step is filled up. x is a sequence from then on; recurrent layers after it, and after what works on every
 * step, leave their state as it is at such steps, so that the last one is that behind the last step that there is.
 * Of an output [steps, values] that has the mask still, loss and metrics count only the steps that there are, where the
 * mask is an input: the mean is over those of all samples, each as much as any other, and the gradient of others is 0.
 * What targets hold there does not matter. A mask that is computed within the network, and outputs of other shapes, are
 * refused in training and evaluation (SOMA_UNSUPPORTED). In the figures of a batchnorm all steps count.
 * Returns x.
 */
SOMA_API soma_tensor *soma_mask(soma_tensor *x, soma_tensor *mask);

typedef struct soma_attention_options {
    const char *name;  /* NULL: "attention_1", ... */
    size_t key_heads;  /* of keys and values, which several heads of queries then share; 0: as many as heads */
    size_t head_width; /* features of a head; 0: those of x divided by the heads */
    bool causal;       /* a step sees itself and those before it */
    bool rotary;       /* queries and keys are turned by their steps (Su et al. 2021) */
    bool no_bias;
    soma_initializer weight_initializer; /* by default GLOROT_UNIFORM */
    float weight_scale;                  /* for CONSTANT, UNIFORM, NORMAL; 0: its default */
    soma_tensor *context;                /* [keys, features]: what keys and values are made of; NULL: x itself */
    soma_tensor *mask;    /* [keys]: 0 where one is not seen; NULL: that of the sequence, if it has one */
    uint64_t reserved[8]; /* zero */
} soma_attention_options;

/*
 * Multi-head attention (Vaswani et al. 2017) over x [steps, features]: y [steps, features], a sequence. With queries
 * q = x Wq + bq, keys k = c Wk + bk and values v = c Wv + bv of the context c, each cut into heads of w features, a
 * head gives for each query the mean of the values by the weights softmax(q k^T / sqrt w), 0 where it sees none; y is
 * what the heads give, beside each other, times Wo, + bo. Parameters: query_weight [features, heads w], key_weight and
 * value_weight [context's features, key_heads w], output_weight [heads w, features], and query_bias, key_bias,
 * value_bias, output_bias; with `rotary` the tables rotary_cosines and rotary_sines [steps, 1, w], which stay.
 */
SOMA_API soma_tensor *soma_attention(soma_tensor *x, size_t heads, const soma_attention_options *options);

typedef struct soma_transformer_options {
    size_t hidden;    /* units of the first dense layer; 0: 4 features, with swiglu 8/3 features, as a multiple of 8 */
    size_t key_heads; /* as of soma_attention_options, like the next two */
    bool causal;
    bool rotary;
    bool post_norm; /* normalises what has been added up, else what each half begins with */
    bool rms_norm;  /* by rmsnorm, else layernorm */
    bool swiglu;    /* silu(x W1) (x W2), else f(x W1) (Shazeer 2020) */
    bool no_bias;
    soma_function function; /* f; IDENTITY, 0: GELU */
    float dropout;          /* rate, of what each half gives; 0: none */
    soma_tensor *mask;      /* [steps]; NULL: that of the sequence, if it has one */
    uint64_t reserved[8];   /* zero */
} soma_transformer_options;

/*
 * A transformer block over x [steps, features], which gives as much: h = x + attention(norm(x)),
 * y = h + dense(f(dense(norm(h)))); with post_norm h = norm(x + attention(x)), y = norm(h + dense(f(dense(h)))). It
 * consists of layers with names of their own: layernorm_1, attention_1, add_1, layernorm_2, dense_1, dense_2, add_2.
 */
SOMA_API soma_tensor *soma_transformer(soma_tensor *x, size_t heads, const soma_transformer_options *options);

typedef enum soma_positions_kind {
    SOMA_POSITIONS_LEARNT,    /* a parameter [steps, features], which does not decay */
    SOMA_POSITIONS_SINUSOIDAL /* sin and cos of p / 10000^(2 i / features) for features 2 i and 2 i + 1 of step p */
} soma_positions_kind;

typedef struct soma_positions_options {
    const char *name; /* NULL: "positions_1", ... */
    soma_positions_kind kind;
    soma_initializer initializer; /* of what is learnt; by default NORMAL with scale 0.02 */
    float scale;
    uint64_t reserved[8]; /* zero */
} soma_positions_options;

/* x [steps, features] and, added to it, a row that tells at which step it stands (Vaswani et al. 2017). The result is a
 * sequence. options NULL: learnt. */
SOMA_API soma_tensor *soma_positions(soma_tensor *x, const soma_positions_options *options);

/* An activation of its own, same shape; options NULL: the function's defaults. SOFTMAX is over the last dimension. */
SOMA_API soma_tensor *soma_activation(soma_tensor *x, soma_function function, const soma_activation_options *options);

/* Softmax over any dimension (0 is the first of the sample). The shape stays. */
SOMA_API soma_tensor *soma_softmax(soma_tensor *x, uint32_t axis);
/* ln softmax, computed without its underflow; axis as of soma_softmax(). */
SOMA_API soma_tensor *soma_log_softmax(soma_tensor *x, uint32_t axis);

/* Drops each element with probability rate (0 <= rate < 1) in training, scaling the others by 1 / (1 - rate); nothing
 * in inference. */
SOMA_API soma_tensor *soma_dropout(soma_tensor *x, float rate);

/*
 * x for x > 0, else slope * x, with a slope for each element of the last dimension, which is learnt and begins at
 * `slope` (0.25 is usual; He et al. 2015, "Delving Deep into Rectifiers"). The slopes are a parameter [last dimension],
 * which does not decay.
 */
SOMA_API soma_tensor *soma_prelu(soma_tensor *x, float slope);

typedef struct soma_normalize_options {
    const char *name;         /* NULL: "batchnorm_1", ... */
    float epsilon;            /* added to the variance; 0: 1e-5 */
    float momentum;           /* batchnorm: the share that the old running figure keeps; 0: 0.9 */
    bool no_scale, no_offset; /* of each channel */
    /* batchnorm: the running variance is made of the batch's variance itself, as by Keras and ONNX; else of an estimate
     * of the population's, the sum divided by the count - 1, as by PyTorch */
    bool population_variance;
    uint64_t reserved[8]; /* zero */
} soma_normalize_options;

/*
 * (x - mean) / sqrt(variance + epsilon) * weight + bias, for each channel (element of the last dimension) over the
 * batch and all positions (Ioffe & Szegedy 2015). The parameters, [channels] each, are called weight and bias, which do
 * not decay, and running_mean and running_var, which training moves after each batch: momentum * old + (1 - momentum) *
 * the batch's; of one number for each channel they stay, and soma_fit() refuses batches of one sample without
 * positions. They are not trained; inference (soma_predict, soma_evaluate, sessions) takes them in place of the
 * batch's. options NULL: the defaults.
 */
SOMA_API soma_tensor *soma_batchnorm(soma_tensor *x, const soma_normalize_options *options);
/* The same for each position of each sample, over the channels (Ba et al. 2016), of which it needs two, as what follows
 * needs two numbers; no running figures. */
SOMA_API soma_tensor *soma_layernorm(soma_tensor *x, const soma_normalize_options *options);
/* For each sample, over all positions and each of `groups` parts of the channels, which they divide (Wu & He 2018). */
SOMA_API soma_tensor *soma_groupnorm(soma_tensor *x, size_t groups, const soma_normalize_options *options);
/* For each sample and channel, over all positions (Ulyanov et al. 2016); a sample has at least two dimensions. */
SOMA_API soma_tensor *soma_instancenorm(soma_tensor *x, const soma_normalize_options *options);
/* x / sqrt(mean x^2 + epsilon) * weight for each position of each sample, over the channels (Zhang & Sennrich 2019). */
SOMA_API soma_tensor *soma_rmsnorm(soma_tensor *x, const soma_normalize_options *options);

/* Any shape to one dimension. */
SOMA_API soma_tensor *soma_flatten(soma_tensor *x);
/* Another shape, of as many elements per sample; shape[rank] is copied. */
SOMA_API soma_tensor *soma_reshape(soma_tensor *x, uint32_t rank, const size_t *shape);

/* What stands around the positions of a sample where a window moves over them. */
typedef enum soma_padding {
    SOMA_PADDING_VALID, /* nothing: the window stays inside */
    SOMA_PADDING_SAME,  /* so much that there are ceil(size / stride) windows, half of it before, and the odd one behind
                           (ONNX's SAME_UPPER) */
    SOMA_PADDING_EXPLICIT /* `before` and `after` */
} soma_padding;

/*
 * Of convolutions. Samples are positions in one to three dimensions and, last, channels: [time, channels],
 * [height, width, channels], [depth, height, width, channels]; channels that are missing are one. The kernel has as
 * many sizes as there are dimensions of positions: {5}, {3, 3}, {3, 3, 3}; the other arrays go with it.
 */
typedef struct soma_conv_options {
    const char *name;   /* NULL: "conv_1", ... */
    size_t kernel[3];   /* at least one; 0 where there is no such dimension */
    size_t stride[3];   /* 0: 1 */
    size_t dilation[3]; /* distance between the kernel's elements; 0: 1 */
    soma_padding padding;
    size_t before[3], after[3]; /* SOMA_PADDING_EXPLICIT: zeros on each side, in positions */
    size_t output_padding[3];   /* soma_conv_transpose(): so many positions more behind; less than stride or dilation */
    size_t groups;              /* the channels, and the filters, in so many groups that have nothing to do with each
                                   other; 0: 1. soma_depthwise() and soma_separable() have their own */
    size_t multiplier;          /* soma_depthwise(), soma_separable(): results for each channel; 0: 1 */
    soma_function activation;   /* IDENTITY by default */
    soma_activation_options function;
    bool no_bias;
    soma_initializer weight_initializer, bias_initializer;
    float weight_scale, bias_scale; /* for CONSTANT, UNIFORM, NORMAL; 0: their default */
    uint64_t reserved[8];           /* zero */
} soma_conv_options;

/*
 * Convolution (cross-correlation, as neural networks have it): y[q, o] = f(b[o] + sum over k, c of x[q stride +
 * k dilation - before, c] W[k, c, o]), where x is 0 outside. W [kernel..., channels / groups, filters], b [filters],
 * y [positions..., filters] with floor((size + before + after - dilation (kernel - 1) - 1) / stride) + 1 positions
 * along a dimension. For initial weights `in` is kernel x channels / groups, `out` kernel x filters / groups.
 * SOMA_INVALID_SHAPE: x has other dimensions, the groups do not divide channels and filters, or the kernel is larger
 * than the padded x.
 */
SOMA_API soma_tensor *soma_conv(soma_tensor *x, size_t filters, const soma_conv_options *options);
/* Each channel by itself: soma_conv() with as many groups as channels and channels x multiplier filters. W [kernel...,
 * 1, channels x multiplier]; result c x multiplier + i is number i of channel c. */
SOMA_API soma_tensor *soma_depthwise(soma_tensor *x, const soma_conv_options *options);
/* Each channel by itself, without bias, and then all channels at each position: W [kernel..., 1, channels x
 * multiplier], called "depthwise", and [1..., channels x multiplier, filters], called "pointwise", b [filters]. */
SOMA_API soma_tensor *soma_separable(soma_tensor *x, size_t filters, const soma_conv_options *options);
/*
 * Transposed convolution, the gradient of soma_conv() with respect to its input: from q to q stride + k dilation -
 * before. W [kernel..., filters / groups, channels], b [filters], y [positions..., filters] with (size - 1) stride +
 * dilation (kernel - 1) + 1 - before - after + output_padding positions along a dimension; with SOMA_PADDING_SAME size
 * x stride. For initial weights `in` is kernel x channels / groups. Errors as of soma_conv().
 */
SOMA_API soma_tensor *soma_conv_transpose(soma_tensor *x, size_t filters, const soma_conv_options *options);

/*
 * Of pooling. Samples are positions in one to three dimensions and, last, channels, as for convolutions; the window has
 * as many sizes as there are dimensions of positions.
 */
typedef struct soma_pool_options {
    const char *name;   /* NULL: "maxpool_1", ... */
    size_t size[3];     /* at least one; 0 where there is no such dimension */
    size_t stride[3];   /* 0: the size */
    size_t dilation[3]; /* distance between a window's positions; 0: 1 */
    soma_padding padding;
    size_t before[3], after[3]; /* SOMA_PADDING_EXPLICIT: positions on each side, less than the window reaches over */
    bool ceil_mode;             /* where a rest of positions is left, there is a last window that ends past them, unless
                                   it would begin in the padding behind */
    bool count_padding;         /* soma_average_pool(): positions of the padding count as zeros, as in PyTorch; those
                                   past it, which a last window of ceil_mode may reach, never count */
    uint64_t reserved[8];       /* zero */
} soma_pool_options;

/*
 * The largest of each window and channel: [positions..., channels] to [windows..., channels], with floor((size +
 * before + after - reach) / stride) + 1 windows along a dimension, reach being dilation (size of the window - 1) + 1.
 * Padding is less than any number; NaN where one is NaN. Its gradient goes to the first largest position.
 * SOMA_INVALID_SHAPE: x has other dimensions, or the window reaches over more than the padded x.
 */
SOMA_API soma_tensor *soma_max_pool(soma_tensor *x, const soma_pool_options *options);
/* The mean of each window and channel, likewise; see count_padding. */
SOMA_API soma_tensor *soma_average_pool(soma_tensor *x, const soma_pool_options *options);
/*
 * The mean of as many windows as asked for: sizes[i] of them along dimension i of the `rank` that stand before the
 * channels, window q over the positions from floor(q in / out) to ceil((q + 1) in / out), as PyTorch has it. Where the
 * sizes divide, it is soma_average_pool(); along other dimensions at most SOMA_MAX_ADAPTIVE windows are possible.
 */
SOMA_API soma_tensor *soma_adaptive_average_pool(soma_tensor *x, uint32_t rank, const size_t *sizes);
#define SOMA_MAX_ADAPTIVE 64

/* The mean of each channel over all positions: [positions..., channels] to [channels]. */
SOMA_API soma_tensor *soma_global_average_pool(soma_tensor *x);
/* The largest of each channel over all positions, likewise. */
SOMA_API soma_tensor *soma_global_max_pool(soma_tensor *x);
typedef enum soma_interpolation {
    SOMA_INTERPOLATE_NEAREST, /* each position several times */
    SOMA_INTERPOLATE_LINEAR   /* between the two positions that are nearest, along each dimension (of images: bilinear),
                     where a   position is the middle of its pixel and beyond the edge is the edge: PyTorch's
                     align_corners=False */
} soma_interpolation;
/* factors[i] times as many positions along dimension i of the `rank` that stand before the channels; 1 at least, and 64
 * at most where SOMA_INTERPOLATE_LINEAR is to lie between them. */
SOMA_API soma_tensor *soma_upsample(soma_tensor *x, uint32_t rank, const size_t *factors, soma_interpolation how);
typedef enum soma_pad_mode {
    SOMA_PAD_ZERO,    /* zeros */
    SOMA_PAD_REFLECT, /* the positions inside, mirrored at the outermost one: c b [a b c d] c b; less than there are */
    SOMA_PAD_EDGE     /* the outermost position again: a a [a b c d] d d */
} soma_pad_mode;
/* More positions: before[i] in front and after[i] behind dimension i of the `rank` that stand before the channels;
 * except for zeros 30 at most. */
SOMA_API soma_tensor *soma_pad(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after,
                               soma_pad_mode mode);
/* Leaves out positions: before[i] in front and after[i] at the end of dimension i of the `rank` that stand before the
 * channels. At least one must be left. */
SOMA_API soma_tensor *soma_crop(soma_tensor *x, uint32_t rank, const size_t *before, const size_t *after);
/* As soma_dropout(), but a channel is dropped at all positions of a sample or at none (Tompson et al. 2015, "Efficient
 * Object Localization Using Convolutional Networks"). */
SOMA_API soma_tensor *soma_spatial_dropout(soma_tensor *x, float rate);

/* x + y, element by element: equal shapes, or one is broadcast to the other as in NumPy (dimensions of 1 repeat,
 * missing leading ones too). */
SOMA_API soma_tensor *soma_add(soma_tensor *x, soma_tensor *y);
/* x - y, with shapes as of soma_add(). */
SOMA_API soma_tensor *soma_subtract(soma_tensor *x, soma_tensor *y);
/* x y, with shapes as of soma_add(). */
SOMA_API soma_tensor *soma_multiply(soma_tensor *x, soma_tensor *y);
/* x / y, with shapes as of soma_add(). */
SOMA_API soma_tensor *soma_divide(soma_tensor *x, soma_tensor *y);
/* The larger of x and y, with shapes as of soma_add(). */
SOMA_API soma_tensor *soma_maximum(soma_tensor *x, soma_tensor *y);
/* The smaller of x and y, with shapes as of soma_add(). */
SOMA_API soma_tensor *soma_minimum(soma_tensor *x, soma_tensor *y);

/* Joins tensors along a dimension of the sample (0 is the first); all other dimensions equal. */
SOMA_API soma_tensor *soma_concat(soma_tensor *const *tensors, size_t count, uint32_t axis);

/* Sum, mean, maximum or minimum over one dimension of the sample, which goes away (a sample keeps at least one
 * dimension). */
SOMA_API soma_tensor *soma_reduce(soma_tensor *x, soma_reduction op, uint32_t axis);

/* Names a tensor (copied), for summary, files and soma_network_tensor(). Returns x, so it nests. */
SOMA_API soma_tensor *soma_named(soma_tensor *x, const char *name);

/* Declares an output; SOMA_MAX_OUTPUTS at most. Without a call, the last tensor made is the one output. Returns x. */
SOMA_API soma_tensor *soma_output(soma_tensor *x);

/*
 * A network from text: layers separated by ';', each a word and its arguments; the grammar is in docs/networks.md.
 *   "dense 128 relu; dropout 0.2; dense 10 softmax"
 *   dense UNITS [ACTIVATION] [nobias] [INITIALIZER] | dropout RATE | flatten | reshape DIMENSION ... | ACTIVATION
 *   conv FILTERS 3x3 [stride S] [dilation D] [groups G] [pad same|valid|N|T,B,L,R] [nobias] [ACTIVATION] [INITIALIZER]
 *   residual(LAYERS) | residual(LAYERS | SHORTCUT) | depthwise 3x3 | separable FILTERS 3x3 | globalavgpool | ...
 *   batchnorm | layernorm | groupnorm GROUPS | instancenorm | rmsnorm
 * where ACTIVATION is a function's name, with parameters as in leaky_relu(1,0.01).
 * Appends to x and returns the last tensor.
 */
SOMA_API soma_tensor *soma_layers(soma_tensor *x, const char *text);

/* How many inputs the network has. */
SOMA_API size_t soma_network_input_count(const soma_network *network);
/* How many outputs: those of soma_output(), else one, that of the last layer. */
SOMA_API size_t soma_network_output_count(const soma_network *network);
/* An input, in the order in which they were made; NULL past the last. */
SOMA_API soma_tensor *soma_network_input(const soma_network *network, size_t index);
/* An output, likewise. */
SOMA_API soma_tensor *soma_network_output(const soma_network *network, size_t index);
/* By name; parameters are called "dense_1.weight", "dense_1.bias". NULL if there is none. */
SOMA_API soma_tensor *soma_network_tensor(const soma_network *network, const char *name);
/* How many tensors of weights there are. */
SOMA_API size_t soma_network_parameter_count(const soma_network *network);
/* One of them, in the order of their layers; NULL past the last. */
SOMA_API soma_tensor *soma_network_parameter(const soma_network *network, size_t index);

/* Its name, "" if it has none; belongs to the network. */
SOMA_API const char *soma_tensor_name(const soma_tensor *tensor);
/* Shape per sample (of parameters: the whole shape), into shape[SOMA_MAX_RANK]; returns the rank. */
SOMA_API uint32_t soma_tensor_shape(const soma_tensor *tensor, size_t *shape);
/* Its elements: per sample, or of a parameter all. */
SOMA_API size_t soma_tensor_count(const soma_tensor *tensor);

/*
 * Which parameters are trained, and how fast. `pattern` is held against the names of layers, for all of their
 * parameters, and against those of parameters; in it * stands for any characters, even none, and ? for any one:
 * "conv_*", "dense_1.bias", "*". What is set takes effect with the next soma_compile(), which a network that was
 * compiled needs again; it is kept in model files and checkpoints. SOMA_INVALID_ARGUMENT: no name is like that; the
 * detail has those that there are. SOMA_INVALID_STATE: within a fit, or while the network has sessions.
 */

/*
 * Frozen parameters stay as they are: they have no gradient and no state of the optimizer, and what only their
 * gradients would need is not computed. Where a batchnorm's running figures are among them, it goes by these, as in
 * inference, and they stay. frozen false: they are trained again.
 */
SOMA_API soma_status soma_network_set_frozen(soma_network *network, const char *pattern, bool frozen);
/* A learning rate in place of the optimizer's: what a schedule makes of that, it makes of this one too. Finite and at
 * least 0; 0: the optimizer's again. (To hold parameters still, freeze them.) */
SOMA_API soma_status soma_network_set_rate_of(soma_network *network, const char *pattern, float learning_rate);
/* Whether a parameter is frozen; false for what is none. */
SOMA_API bool soma_parameter_is_frozen(const soma_network *network, const soma_tensor *parameter);
/* The learning rate of its own; 0 where it has none. */
SOMA_API float soma_parameter_rate(const soma_network *network, const soma_tensor *parameter);

/* ---------------------------------------------------------------------------------------------------- compile */

/* Losses of the last output layer; see soma_loss_kind in soma/device.h for the formulas. */
typedef enum soma_loss {
    SOMA_LOSS_DEFAULT,             /* by the output: softmax: categorical cross-entropy; sigmoid: binary; else
                                      mean squared error. A softmax over several dimensions or of one unit: none,
                                      so that it predicts; training and evaluation then ask for one */
    SOMA_CATEGORICAL_CROSSENTROPY, /* of probabilities; after a softmax layer computed from its input, so
                                      without log(0) */
    SOMA_CATEGORICAL_CROSSENTROPY_LOGITS,
    SOMA_BINARY_CROSSENTROPY, /* of probabilities; after a sigmoid computed from its input */
    SOMA_BINARY_CROSSENTROPY_LOGITS,
    SOMA_MEAN_SQUARED_ERROR,
    SOMA_MEAN_ABSOLUTE_ERROR,
    SOMA_HUBER,
    SOMA_QUANTILE,          /* pinball; `quantiles` of the compile options */
    SOMA_FOCAL,             /* by the output: softmax: categorical; sigmoid: binary */
    SOMA_CATEGORICAL_FOCAL, /* of a softmax layer, computed from its input */
    SOMA_CATEGORICAL_FOCAL_LOGITS,
    SOMA_BINARY_FOCAL, /* of a sigmoid, computed from its input */
    SOMA_BINARY_FOCAL_LOGITS,
    SOMA_LOSS_NONE, /* this output is not trained on */
    /* Of an output [steps, classes + 1]: labels without a step each (Graves et al. 2006). The last unit is the blank.
     * Of a softmax layer, computed from its input; any other output is taken for logits. Targets are [labels], whole
     * numbers from 0 on, each a unit's, and -1 behind the last. A sample whose labels have no room in its steps is
     * refused. */
    SOMA_CTC
} soma_loss;

typedef enum soma_schedule_kind {
    SOMA_SCHEDULE_CONSTANT,
    SOMA_SCHEDULE_STEP,        /* lr * factor^floor(step / period) */
    SOMA_SCHEDULE_EXPONENTIAL, /* lr * factor^(step / period) */
    SOMA_SCHEDULE_COSINE,      /* from lr to lr * floor over `period` steps:
                                  lr (floor + (1 - floor)(1 + cos(pi step / period)) / 2) */
    SOMA_SCHEDULE_PLATEAU      /* lr * factor each time the monitored loss has not fallen by min_delta for `patience`
                                  epochs */
} soma_schedule_kind;

typedef struct soma_schedule {
    soma_schedule_kind kind;
    uint64_t warmup; /* steps over which the rate first rises linearly from 0 (lr / warmup at the first step, lr at the
                        last); before every kind, whose own steps count from its end */
    uint64_t period; /* steps; COSINE 0: the whole of fit, each time anew (a loop of one's own: constant) */
    float factor;    /* 0: 0.1 (PLATEAU, STEP), 0.96 (EXPONENTIAL) */
    float floor;     /* the rate never falls below lr * floor */
    uint32_t patience; /* PLATEAU; 0: 5 epochs */
    float min_delta;
    uint64_t reserved[4]; /* zero */
} soma_schedule;

/* Zero means default. Where 0 itself is wanted for a coefficient, give a negative value. */
typedef struct soma_optimizer {
    soma_optimizer_kind kind; /* SGD by default */
    float learning_rate;      /* 0: 0.01 (SGD, MOMENTUM, NESTEROV, ADAGRAD), 0.001 (RMSPROP, ADAM, ADAMW) */
    float momentum;           /* MOMENTUM, NESTEROV; 0: 0.9 */
    float beta1, beta2;       /* ADAM, ADAMW; 0: 0.9 and 0.999 */
    float rho;                /* RMSPROP; 0: 0.9 */
    float epsilon;            /* 0: 1e-7 (RMSPROP, ADAM, ADAMW), 1e-10 (ADAGRAD) */
    float l2, l1;             /* added to the gradient: l2 w + l1 sign(w); weights only, not biases */
    float decay;              /* ADAMW: decoupled; 0: 0.01 */
    float clip_value;         /* clamp each element of the gradient; 0: no */
    float clip_norm;          /* scale the whole gradient to this 2-norm at most; 0: no */
    soma_schedule schedule;
    uint64_t reserved[8]; /* zero */
} soma_optimizer;

typedef enum soma_metric {
    SOMA_METRIC_DEFAULT, /* what fits the loss: accuracy, binary accuracy or mean absolute error */
    SOMA_ACCURACY,
    SOMA_TOP_K, /* `top_k` of the compile options; 0: 5 */
    SOMA_BINARY_ACCURACY,
    SOMA_MAE,
    SOMA_METRIC_NONE,
    SOMA_PERPLEXITY, /* e^loss, of a categorical cross-entropy: of so many equally likely classes it is that of chance
                      */
    /* With CTC: edits from what is decoded greedily to the labels, by the number of labels, over all samples. ACCURACY
     * is the share of samples that are decoded without one. */
    SOMA_LABEL_ERROR_RATE
} soma_metric;

#define SOMA_MAX_OUTPUTS   8
#define SOMA_MAX_METRICS   4
#define SOMA_MAX_QUANTILES 8

typedef struct soma_compile_options {
    soma_loss loss[SOMA_MAX_OUTPUTS];    /* one per output */
    float loss_weight[SOMA_MAX_OUTPUTS]; /* 0: 1 */
    float huber_delta;                   /* 0: 1 */
    soma_optimizer optimizer;
    soma_metric metrics[SOMA_MAX_METRICS]; /* of the first output; the first is DEFAULT */
    uint32_t top_k;
    /* Of the first output, for training alone: one per class, or two for binary cross-entropy, of zeros and of
     * ones, or these two for each label; not all 0; copied; NULL: 1 each. Evaluation, validation included, is without
     * them. */
    const float *class_weight;
    size_t class_weight_count;
    bool no_fusion; /* build the plain plan: for tests */
    /* In [0, 1): cross-entropies and focal losses take targets that are so much nearer to the mean of all classes (of a
     * binary one 1/2), from logits, or of a softmax or sigmoid layer. */
    float label_smoothing;
    float focal_gamma; /* 0: 2; negative: 0 */
    float focal_alpha; /* binary: ones count alpha, zeros 1 - alpha; 0: both count 1. Classes have class_weight */
    /*
     * QUANTILE: levels in (0, 1); the first 0 ends them, none: 0.5. With k of them the output has k values for each of
     * the target: all of its values at the first level, then at the second, ...; the loss is their mean.
     */
    float quantiles[SOMA_MAX_QUANTILES];
    uint64_t reserved[11]; /* zero */
} soma_compile_options;

/*
 * Checks the network, places its parameters on the device and initialises those that have no values yet. A network
 * can be compiled again, on another device too: its weights go along. It must be, where layers or outputs were added,
 * before it is used. The device must outlive the network or the next compile. SOMA_NO_GRADIENT names an op on the way
 * from a loss to the weights that has no gradient; where no loss is named, the network can be run all the same, and it
 * is training that fails so.
 */
SOMA_API soma_status soma_compile(soma_network *network, soma_device *device, const soma_compile_options *options);

/* Is told of each device that was tried: the median of a step in microseconds, below 0 where it failed. */
typedef void soma_choose_function(void *context, const char *selector, const soma_device_info *info, double step_us);
/*
 * Times a few training steps of this network (of inference where it has no loss), with random data of this batch size,
 * on every usable device, and opens the quickest. Honours SOMA_DEVICE: what it names is opened without a trial.
 * batch_size 0: 32. `function` may be NULL. The network keeps its weights and is left not compiled. Close *device with
 * soma_device_close(). SOMA_NO_DEVICE: there is none; where none can train the network, the error of the last.
 */
SOMA_API soma_status soma_choose_device(soma_network *network, const soma_compile_options *options, size_t batch_size,
                                        soma_choose_function *function, void *context, soma_device **device);

/* A parameter's value into host memory, float32, row-major; `count` must be its count (SOMA_INVALID_SHAPE). */
SOMA_API soma_status soma_get_parameter(soma_network *network, const soma_tensor *parameter, float *values,
                                        size_t count);
/* The other way, with the same rule. Before compile or after it. */
SOMA_API soma_status soma_set_parameter(soma_network *network, soma_tensor *parameter, const float *values,
                                        size_t count);
/* Gradient of the last soma_backward() with respect to a parameter, or to an input: then count = batch * its count. In
 * the callbacks of soma_fit() that of the last step with respect to a parameter, the sum of all ranks', but not of
 * plain sgd, which makes its steps without (SOMA_INVALID_STATE). SOMA_INVALID_ARGUMENT for a running figure, which is
 * not trained and has none. */
SOMA_API soma_status soma_get_gradient(soma_network *network, const soma_tensor *tensor, float *values, size_t count);

/* Lines of text for people: layers, shapes, parameters, and the memory planned for this batch size. Free with
 * soma_free(). */
SOMA_API soma_status soma_summary(soma_network *network, size_t batch_size, char **text);

/*
 * The same as numbers. Memory in bytes, 0 before compile: what the device has in use (soma_device_memory) for steps of
 * training with this batch size, or of inference where the network has no loss; as allocated, within 5 %. Beside it
 * come the data that soma_fit() and the like keep on the device, the application's own, and what the driver takes for
 * itself.
 */
typedef struct soma_network_figures {
    size_t layers, parameters; /* parameters: scalars */
    uint64_t parameter_bytes, gradient_bytes, optimizer_bytes, activation_bytes, workspace_bytes, total_bytes;
    double flops_per_step;      /* multiply and add counted as two, matrix products and convolutions
                                   only, one step of training */
    double flops_per_inference; /* likewise, forward only, for the batch */
    uint32_t calls_per_step, calls_per_inference;
    uint64_t running;     /* of the parameters, those that are not trained: batchnorm's running figures */
    uint64_t frozen;      /* and those of the others that are frozen */
    uint64_t reserved[6]; /* zero */
} soma_network_figures;
/* For batches of so many samples, at least 1; into *figures. */
SOMA_API soma_status soma_network_get_figures(soma_network *network, size_t batch_size, soma_network_figures *figures);

/* One layer, for programs that print their own summary. Strings belong to the network. */
typedef struct soma_layer_info {
    const char *name, *kind;
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK]; /* of its output, per sample */
    size_t parameters;
    uint64_t frozen;      /* of them, those that are frozen, running figures included */
    float learning_rate;  /* of its own, of one of them at least; 0: none */
    uint64_t reserved[2]; /* zero */
} soma_layer_info;
/* How many layers there are. */
SOMA_API size_t soma_network_layer_count(const soma_network *network);
/* One of them, in the order in which they were made, into *info. SOMA_INVALID_ARGUMENT past the last. */
SOMA_API soma_status soma_network_layer(const soma_network *network, size_t index, soma_layer_info *info);

/* ------------------------------------------------------------------------------------------------------- data */

/* A borrowed array in host memory, row-major, the first dimension is the samples. */
typedef struct soma_array {
    const void *data;
    soma_dtype
        dtype; /* F32; U8: inputs are scaled by 1/255 on the device, targets are class numbers; I32: targets only. Class
                  numbers of more than one dimension are of steps: [samples, steps] for an output [steps, classes] */
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK];
} soma_array;

/*
 * Samples with their targets. Inputs: f32 or u8, [samples, ...]. Targets: class numbers (u8 or i32, [samples]), or
 * f32 [samples, ...].
 */
typedef struct soma_dataset soma_dataset;

/* From arrays in memory, which are borrowed and must outlive the data set. target_count may be 0 (for predict). */
SOMA_API soma_status soma_dataset_from_arrays(const soma_array *inputs, size_t input_count, const soma_array *targets,
                                              size_t target_count, soma_dataset **dataset);

/* Per-sample weights for the loss, copied; count = samples. Finite, at least 0, and not all 0. A sample's loss and
 * gradient are multiplied by its weight, and the sum is divided by the number of samples. */
SOMA_API soma_status soma_dataset_set_weights(soma_dataset *dataset, const float *weights, size_t count);

/*
 * Two IDX files (gzipped or not), as MNIST has them: images or vectors (u8 or f32, 1 to 4 dimensions per sample), and
 * labels (u8 or i32, one dimension). Samples of u8 in two dimensions are grey pictures, [height, width, 1]. labels
 * NULL: inputs alone. classes 0: the largest label + 1; else a label out of range is an error.
 */
SOMA_API soma_status soma_dataset_from_idx(const char *images, const char *labels, size_t classes,
                                           soma_dataset **dataset);

/* A directory in MNIST's naming: train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz], t10k-images-...,
 * t10k-labels-.... */
SOMA_API soma_status soma_dataset_from_directory(const char *path, soma_dataset **train, soma_dataset **test);

/* The digits that come with soma, found beside the program, in the installed data directory, or in SOMA_DATA_DIR. */
SOMA_API soma_status soma_dataset_digits(soma_dataset **train, soma_dataset **test);

/*
 * What becomes of gaps in the features of a table: fields that are empty, or ?, NA, N/A, NaN or null in whatever
 * letters. Where they are filled, they are NaN in the data set, soma_network_fit_preprocessing() finds the value of
 * each column in the samples that it is given, and the network keeps it; soma_network_apply_preprocessing() fills them
 * with it. A data set with gaps is not to be trained on or predicted from before.
 */
typedef enum soma_missing {
    SOMA_MISSING_ERROR,
    SOMA_MISSING_MEDIAN,
    SOMA_MISSING_MEAN,
    SOMA_MISSING_ZERO,
    SOMA_MISSING_DROP, /* rows that have some are left out */
    SOMA_MISSING_LAST  /* of a series: by the last value before (soma_dataset_from_series()) */
} soma_missing;

/* What becomes of dates among the features, with times or not, as ISO 8601 has them. */
typedef enum soma_dates {
    SOMA_DATES_WORDS,  /* they are words as others */
    SOMA_DATES_NUMBER, /* days since 1970 */
    /* ... and beside that six inputs: sine and cosine of the time of the year (days since it began, of as many as it
     * has), of the day of the week (since Monday, of seven) and of the time of day. For a gap they are 0. */
    SOMA_DATES_CYCLE
} soma_dates;

/* Which columns of a table are no features: each a header's name, or a number from 1; NULL: none, or, with a network,
 * as it knows. And its gaps. */
typedef struct soma_csv_roles {
    const char *group;    /* whose values are the groups of the samples (soma_dataset_set_groups()): any text */
    const char *time;     /* whose values are their times (soma_dataset_set_times()): numbers; or dates as ISO 8601 has
                             them, 2024-02-29 or 2024-02-29T12:30:00.5+01:00, in seconds since 1970 */
    bool optional;        /* such a column, or weight or id, need not be there */
    soma_missing missing; /* where a network is given that knows what to do, as it knows, or 0; with
                             soma_csv_options.skip_label rows are not left out, but gaps refused */
    /* Features most of whose fields are words are categories, up to so many in a column, in order of first appearance:
     * an input for each, which is 1 where the field is that and else 0; all are 0 for a gap, and for a word that a
     * given network does not know. Where all fields are true, false, yes, no, t or f, in whatever letters, they are one
     * input of 1 or 0. 0: words are refused, or are as the network knows. At most 4096. */
    uint64_t max_categories;
    uint64_t classification; /* 1: the labels are classes, also where they are numbers of which few recur; several
                                labels have to be 0 or 1 each */
    const char *weight;      /* whose numbers are the weights of the samples (soma_dataset_set_weights()) */
    const char *id;          /* whose texts say which sample is which (soma_dataset_id()) */
    /* Lists of columns, separated by commas: the features are those of `columns` (NULL: all), without those of `ignore`
     * and without what is a label or anything of the above. A name; a number from 1; a range of these, as "a:f"; or a
     * pattern, in which * is any characters and ? any one. A name that has such characters in it is put in quotes, as
     * fields of CSV are. Every entry has to fit some column. */
    const char *columns, *ignore;
    /* What becomes of a column of more words, where there are max_categories: as many inputs as this, of which the one
     * is 1 whose number, from 0, is the 64-bit FNV-1a hash of the field modulo this. 0: it is refused. At most 4096. */
    uint64_t buckets;
    uint64_t dates; /* soma_dates: features most of whose fields are dates; as the network knows where one is given */
    uint64_t indicator; /* 1: beside a feature that has gaps, which are filled, an input that is 1 where one was, else
                           0;   as the network knows where one is given */
    /* Texts that count as gaps in features, in whatever letters, separated by commas, as a line of CSV: "NA,?,-"; no
     * numbers. An empty field is a gap besides. NULL: ?, NA, N/A, NaN and null; or as the network knows. */
    const char *gaps;
    uint64_t reserved[2]; /* zero */
} soma_csv_roles;

typedef struct soma_csv_options {
    const char *label; /* column of the target: a header's name, or a number from 1 (-1: the last); NULL: the last;
                          "none": no target. Or several, as a list like soma_csv_roles.columns: they are numbers, f32
                          [samples, labels], in the order of the table, or of a given network */
    int header;      /* 1: the first line names the columns, -1: it does not, 0: look: it does if it has a word besides
                        the label, or a word for the label where the second line has a number */
    char separator;  /* 0: ',' , or ';' or a tab if the first line has those and no comma */
    bool regression; /* the label is a number to predict (f32 [samples, 1]), not a class */
    uint64_t skip_label;         /* 1: the label's column is passed over, whatever is in it or is not: no target */
    const soma_csv_roles *roles; /* NULL: all columns but the label are features */
    /* The network that the table is read for, or NULL: it knows which columns it was trained on and which is the label;
     * the options above need not say it again. */
    const soma_network *network;
    uint64_t reserved[1]; /* zero */
} soma_csv_options;

/*
 * A table of numbers, quoted or not (RFC 4180). Labels that are words are classes, in order of first appearance. Labels
 * that are whole numbers are classes where they are few, up to 100 different ones, and recur; they go up, and two ways
 * to write a number (1, 1.0, +1) are one class, called "1". All other numbers are numbers to predict. The form of
 * scikit-learn's tables, a first line "rows,features,class,class,...", is recognised unless header says what the first
 * line is, or it can be a row and the rest of the file is not what it promises; its label is the last column, and with
 * "none" that column is left out. Empty lines before the first and behind the last are passed over. The file may be
 * gzipped; one that is not is mapped, and must not be cut short while it is read. Every number must be
 * finite, and there unless soma_csv_roles.missing says otherwise. Numbers are read as float64; a column of which
 * float32 would take different ones for the same is kept as differences from a number of its own, which preprocessing
 * adds to the mean before it rounds.
 *
 * With a network that was trained on a table, columns are found by their names where both have some, in whatever order;
 * those that it does not know are passed over. Without names they are found by their place, and there must be as many.
 * soma_dataset_note() says where something was passed over or taken for granted. SOMA_INVALID_ARGUMENT: a column that
 * the network was trained on is missing.
 */
SOMA_API soma_status soma_dataset_from_csv(const char *path, const soma_csv_options *options, soma_dataset **dataset);

typedef struct soma_npy_options {
    size_t classes;       /* 0: the largest class number + 1; else a number out of range is an error */
    bool regression;      /* whole numbers as targets are numbers to predict, not classes */
    uint64_t not_finite;  /* 1: inputs that are no finite numbers stay so, to be looked at; nothing can be trained on
                             them, or predicted from */
    uint64_t reserved[3]; /* zero */
} soma_npy_options;

/*
 * NumPy's arrays, row- or column-major, of either byte order, of floats of 2, 4 or 8 bytes, whole numbers of 1 to 8
 * bytes or truth values; the first dimension is the samples. Inputs of unsigned bytes stay bytes, and are scaled by
 * 1/255; in two dimensions per sample they are grey pictures, [height, width, 1]. All else becomes float32, and must be
 * finite. Targets: a whole number per sample is its class; all else are numbers to predict. targets NULL: inputs alone.
 */
SOMA_API soma_status soma_dataset_from_npy(const char *inputs, const char *targets, const soma_npy_options *options,
                                           soma_dataset **dataset);
/*
 * An archive of such arrays: x and y (*test is NULL then), or x_train, y_train, x_test and y_test; the y may be
 * missing. SOMA_UNSUPPORTED: built without libzip.
 */
SOMA_API soma_status soma_dataset_from_npz(const char *path, const soma_npy_options *options, soma_dataset **train,
                                           soma_dataset **test);

/* What a text is cut into, each a number. */
typedef enum soma_tokens {
    SOMA_TOKENS_CHARACTERS, /* of Unicode, in UTF-8: those of what is trained on, rising, and one number behind them for
                               all others. Bytes that are not UTF-8 are characters of their own: nothing is lost */
    SOMA_TOKENS_BYTES,      /* 0 to 255 */
    SOMA_TOKENS_TOKENIZER   /* those of a tokenizer */
} soma_tokens;

/* A vocabulary of pieces of words; see soma/tokenizer.h. */
typedef struct soma_tokenizer soma_tokenizer;

typedef struct soma_text_options {
    soma_tokens tokens;
    size_t window;               /* tokens in a sample; 0: as many as the network takes, or 64 */
    size_t step;                 /* from the first token of a sample to that of the next; 0: a window */
    double validation, test;     /* shares of the text that are held out; both lie at its end, the test last */
    const soma_network *network; /* whose tokens they are to be; NULL: those that the text has */
    soma_tokenizer *tokenizer;   /* of SOMA_TOKENS_TOKENIZER, which the data set keeps; may be destroyed after that */
    uint64_t reserved[5];        /* zero */
} soma_text_options;

/*
 * A text: each sample is a window of tokens [window], its target the tokens that follow each of them [window]. A window
 * lies in one part as a whole, with its targets. The network that soma_network_fit_preprocessing() is given the
 * training part for keeps the numbers of the tokens. options NULL: the defaults. What is held out is only made where a
 * place for it is given; NULL where there is nothing.
 */
SOMA_API soma_status soma_dataset_from_text(const char *path, const soma_text_options *options, soma_dataset **train,
                                            soma_dataset **validation, soma_dataset **test);

/* How many numbers of tokens a data set of text has; 0 for other data. */
SOMA_API size_t soma_dataset_token_count(const soma_dataset *dataset);
/* The same of a network's, 0 for a network that has learnt of no text. */
SOMA_API size_t soma_network_token_count(const soma_network *network);
/*
 * Has a network that learnt elsewhere, as of an ONNX file, encode and decode by these, bytes or a tokenizer's, which it
 * keeps. SOMA_INVALID_SHAPE where a table of it has fewer rows than there are tokens.
 */
SOMA_API soma_status soma_network_set_tokens(soma_network *network, soma_tokens tokens, soma_tokenizer *tokenizer);
/* Text to numbers[count], to be freed with soma_free(); a character that the network does not know has the last number.
 */
SOMA_API soma_status soma_network_encode(const soma_network *network, const char *text, size_t length,
                                         int32_t **numbers, size_t *count);
/* As many bytes as the text of a number has at most. */
#define SOMA_TOKEN_BYTES 1024
/* A number's text, without a 0 behind it; of what is not known U+FFFD. `first`: it begins a text, where a tokenizer may
 * leave out the space before a word. */
SOMA_API soma_status soma_network_decode(const soma_network *network, size_t number, bool first,
                                         char text[SOMA_TOKEN_BYTES], size_t *length);

typedef struct soma_series_options {
    size_t window, horizon;  /* steps that a sample has, and steps behind it that are its target; 0: as the network
                                knows;  of a horizon, else 1 */
    size_t step;             /* from the beginning of a sample to that of the next; 0: 1 */
    size_t season;           /* so many steps are a season, which the network keeps; 0: as the network knows, or none */
    const char *label;       /* the columns that are forecast, a list like soma_csv_roles.columns; NULL: as the network
                                knows, or the last one that is of numbers */
    double validation, test; /* what is held out: test is a share of the rows, their end; validation one of the rows
                                before that, the end of those */
    const soma_network *network; /* that has learnt of a series; NULL: it is to be learnt */
    uint64_t as_learnt;          /* 1: held out is what the network knows to come after what it was trained on; a part
                                    without a window is NULL */
    uint64_t ahead; /* 1: *train is a sample, without a target: the last steps, of what follows nothing is known */
    uint64_t reserved[5]; /* zero */
} soma_series_options;

/*
 * A series: the rows of a table, with columns as soma_dataset_from_csv() reads them by the label "none", or of an
 * array, in their order, or that of their times (soma_dataset_set_times()). Each sample is a window of them [window,
 * values of a row], its target what the columns that are forecast have in the next ones [horizon * columns], those of
 * one step beside each other. Targets lie in one part; windows may begin before it. A gap in time is a step of more
 * than 1.5 times the usual one, which 95 of 100 are not longer than; no window lies across one. A value that is NaN, as
 * SOMA_MISSING_LAST leaves gaps, is the last one before it, and of what is forecast nothing: such a sample is left out.
 * The network that soma_network_fit_preprocessing() is given the training part for keeps what it needs to read other
 * series, and scales each column by the same figures at each step.
 */
SOMA_API soma_status soma_dataset_from_series(const soma_dataset *table, const soma_series_options *options,
                                              soma_dataset **train, soma_dataset **validation, soma_dataset **test);
/* What would be said without having learnt anything, values[count, horizon * columns]: of a season of 0 the last value,
 * else that of the same time in the last season that is known; NaN where the series does not go back as far, or only
 * across a gap in time. */
SOMA_API soma_status soma_dataset_read_naive(const soma_dataset *dataset, size_t season, size_t first, size_t count,
                                             float *values);
/* The row, in the order of time, at which the target of a sample begins; 0 where there is none. */
SOMA_API size_t soma_dataset_series_row(const soma_dataset *dataset, size_t sample);
/* What is forecast as it was in the `count` steps before the target of a sample, values[count, columns]. */
SOMA_API soma_status soma_dataset_read_past(const soma_dataset *dataset, size_t sample, size_t count, float *values);

typedef struct soma_series_info {
    size_t window, horizon, targets; /* columns that are forecast */
    size_t season;                   /* 0: not known */
    size_t trained, validated;       /* rows up to which it was trained on, and validated on */
    uint64_t reserved[4];            /* zero */
} soma_series_info;

/* False where it has learnt of no series; else into *info (may be NULL). */
SOMA_API bool soma_network_get_series(const soma_network *network, soma_series_info *info);
/* The name of a column that is forecast, from 0; "": it has none, NULL: there is no such column. */
SOMA_API const char *soma_network_series_target(const soma_network *network, size_t index);

/* How a picture comes to the size that is wanted: without regard to its proportions; its middle, as much as has the
 * proportions that are wanted; or whole, with black beside it. */
typedef enum soma_image_fit { SOMA_FIT_STRETCH, SOMA_FIT_CROP, SOMA_FIT_PAD } soma_image_fit;

typedef struct soma_image_options {
    size_t height, width; /* pixels that all pictures get; 0, 0: their own, which have to be the same for all */
    soma_image_fit fit;
    bool grey;            /* one channel, the luma of Rec. 601; else red, green, blue */
    uint64_t reserved[4]; /* zero */
} soma_image_options;

/*
 * Pictures in PNG and JPEG files, as inputs u8 [height, width, 3], or [height, width, 1] of grey. A directory that has
 * one named train: a folder for each class in it, and *test likewise from one named test, of the same classes, if it is
 * there (else *test is NULL). A directory of other folders: each is a class, and *test is NULL. A directory of pictures
 * alone, or one file: without classes. Files and classes are in the order of their names; what is not named .png, .jpg
 * or .jpeg, or begins with a point, is passed over. Pictures are scaled by a triangle as wide as a pixel of the result,
 * or of the picture, whichever is larger. Orientation that a camera has noted in a file is not looked at.
 * options: NULL for the defaults. SOMA_INVALID_FILE: a picture that cannot be read, or of another size; a class that is
 * not among those to train on. SOMA_UNSUPPORTED: built without the library for this kind of file.
 */
SOMA_API soma_status soma_dataset_from_images(const char *path, const soma_image_options *options, soma_dataset **train,
                                              soma_dataset **test);
/* How a network's pictures were read; saved with it, so that other pictures can be read the same way; with the size
 * that they got (SOMA_INVALID_ARGUMENT: 0). NULL: forgets it. */
SOMA_API soma_status soma_network_set_image_options(soma_network *network, const soma_image_options *options);
/* False where it is not known; else into *options (may be NULL). */
SOMA_API bool soma_network_get_image_options(const soma_network *network, soma_image_options *options);

/* What a column of a table is for. */
typedef enum soma_column_role {
    SOMA_COLUMN_FEATURE,
    SOMA_COLUMN_LABEL,
    SOMA_COLUMN_IGNORED,
    SOMA_COLUMN_GROUP, /* see soma_csv_roles, also of the following */
    SOMA_COLUMN_TIME,
    SOMA_COLUMN_WEIGHT,
    SOMA_COLUMN_ID
} soma_column_role;
typedef struct soma_column_info {
    const char *name; /* belongs to the network; NULL: it has none */
    soma_column_role role;
    const char *kind; /* of a feature: "number", "category", "hashed words", "truth value", "date" or "date and cycle",
                         a static string; NULL: it is none */
    uint64_t inputs;  /* of the network, that a feature has */
    uint64_t indicator;   /* 1: the last of them says where gaps are */
    uint64_t reserved[9]; /* zero */
} soma_column_info;
/* The columns of the table that a network was trained on, in their order there: how many, 0 where it was no table. */
SOMA_API size_t soma_network_column_count(const soma_network *network);
/* One of them, into *info. SOMA_INVALID_ARGUMENT past the last. */
SOMA_API soma_status soma_network_column(const soma_network *network, size_t index, soma_column_info *info);

/* What a reader passed over or took for granted in making this data set, a sentence for each, separated by line ends;
 * NULL: nothing. Belongs to the data set. */
SOMA_API const char *soma_dataset_note(const soma_dataset *dataset);

/* NULL is accepted. What two data sets share, such as the parts of one that was split, is freed with the last. Arrays
 * of soma_dataset_from_arrays() stay the caller's. */
SOMA_API void soma_dataset_destroy(soma_dataset *dataset);

/*
 * Two data sets over the same storage: `fraction` of the samples, drawn at random by seed, go to `second`; stratified
 * by class if there are classes. The parts keep the storage alive; destroy each.
 */
SOMA_API soma_status soma_dataset_split(soma_dataset *dataset, double fraction, uint64_t seed, soma_dataset **first,
                                        soma_dataset **second);

/* The group that each sample belongs to, any number, copied; count = samples. They stay with their samples. */
SOMA_API soma_status soma_dataset_set_groups(soma_dataset *dataset, const int64_t *groups, size_t count);
/* How many samples of another data set are of groups that this one has: those of tables by their texts, others by their
 * numbers. SOMA_INVALID_STATE where one of them has no groups, or groups of the other kind. */
SOMA_API soma_status soma_dataset_count_shared_groups(const soma_dataset *dataset, const soma_dataset *other,
                                                      size_t *samples);
/*
 * How many steps each sample has of those that its only input [steps, features] is filled up to, 1 to all of them,
 * copied; count = samples. The data set gets a second input, [steps], 1 for a step that there is, else 0, for a network
 * that soma_mask() is called for; what its first input has behind the last step becomes 0. Targets may have anything
 * there.
 */
SOMA_API soma_status soma_dataset_set_lengths(soma_dataset *dataset, const int32_t *lengths, size_t count);
/*
 * How many labels each sample has of those that its only target [labels] is filled up to, 0 to all of them, for the
 * loss SOMA_CTC; count = samples. What is behind the last becomes -1, which says the same without lengths.
 */
SOMA_API soma_status soma_dataset_set_label_lengths(soma_dataset *dataset, const int32_t *lengths, size_t count);
/* When each sample was taken, a finite number of any unit, copied; count = samples. */
SOMA_API soma_status soma_dataset_set_times(soma_dataset *dataset, const double *times, size_t count);

typedef enum soma_division_by {
    SOMA_BY_ROWS,   /* drawn at random by seed, stratified by class if there are classes */
    SOMA_BY_GROUPS, /* groups drawn at random by seed: none is on both sides */
    SOMA_BY_TIME    /* the second part is later than the first; samples of one time stay together */
} soma_division_by;

/*
 * Two data sets over the same storage, `second` with `fraction` of the samples; by groups and by time with as many as
 * whole groups and samples of one time allow, but at least one on each side. By rows it is soma_dataset_split(). Both
 * keep the order of the data set; destroy each. SOMA_INVALID_ARGUMENT: a part would be empty; all samples are of one
 * group or of one time. SOMA_INVALID_STATE: there are no groups or times.
 */
SOMA_API soma_status soma_dataset_divide(const soma_dataset *dataset, double fraction, soma_division_by by,
                                         uint64_t seed, soma_dataset **first, soma_dataset **second);

/*
 * Cross-validation: of `folds` disjoint folds, 2 up to one for each sample, `second` is number `fold`, from 0, and
 * `first` what to train on. By rows and by groups that is all the rest, and each sample is in one fold: by rows they
 * differ by one sample at most, in all and of each class; by groups, the largest go first, each to the smallest fold.
 * By time each fold is tested on after training on all that is before it: of folds + 1 parts, about equal, the first is
 * never tested on. Destroy both. Errors as of soma_dataset_divide().
 */
SOMA_API soma_status soma_dataset_fold(const soma_dataset *dataset, size_t folds, size_t fold, soma_division_by by,
                                       uint64_t seed, soma_dataset **first, soma_dataset **second);

/*
 * A number that tells data apart, of the first `samples` samples in their order (0: all): their inputs and targets with
 * types and shapes, groups and times; never 0, below 2^63. It guards against mistakes, not against malice. 0 for NULL,
 * and where there are fewer samples.
 */
SOMA_API uint64_t soma_dataset_fingerprint(const soma_dataset *dataset, size_t samples);
/* The same of inputs and targets of all samples, whatever their order: classes count by their names. */
SOMA_API uint64_t soma_dataset_rows_fingerprint(const soma_dataset *dataset);

/*
 * How the data were divided that a network was trained on: kept in it and saved with it, so that the very samples that
 * were held out can be found again. All zero but `samples` and `fingerprint`: nothing was held out.
 */
typedef struct soma_division {
    soma_division_by by;
    double test, validation;       /* fractions: the test part of all, then the validation part of the rest; 0: none */
    uint64_t seed;                 /* of both */
    uint64_t samples, fingerprint; /* of all, before they were divided; see soma_dataset_fingerprint() */
    const char *column; /* of groups or times, as the file names it, copied; got: belongs to the network. NULL: none */
    /* Samples for validation and to test on that came from files of their own, of so many samples with such
     * fingerprints; 0: they did not. */
    uint64_t validation_samples, validation_fingerprint, test_samples, test_fingerprint;
    uint64_t rows_fingerprint; /* of the samples in any order: see soma_dataset_rows_fingerprint(); 0: not known */
    uint64_t reserved[3];      /* zero */
} soma_division;
/* NULL: forgets it. SOMA_INVALID_ARGUMENT: fractions that are none, no samples. */
SOMA_API soma_status soma_network_set_division(soma_network *network, const soma_division *division);
/* False where it is not known; else into *division (may be NULL). */
SOMA_API bool soma_network_get_division(const soma_network *network, soma_division *division);

/*
 * Which groups a network has learnt from: those of the samples of `dataset`, which it is trained on, beside those that
 * it knows already. It keeps a hash of each, and saves them with the division, so that rows of a patient or a customer
 * that it was trained on are known again in any other file; of more than 65,536 groups it keeps a part.
 * soma_network_set_division() with NULL forgets them. SOMA_INVALID_STATE: the samples have no groups.
 */
SOMA_API soma_status soma_network_add_groups(soma_network *network, const soma_dataset *dataset);
/* How many samples of a data set are of such groups: by their texts or their numbers, as
 * soma_dataset_count_shared_groups() has them; of more than 65,536 groups, at least so many. 0 where the network knows
 * of none. SOMA_INVALID_STATE where it does, and the samples have no groups. */
SOMA_API soma_status soma_network_count_known_groups(const soma_network *network, const soma_dataset *dataset,
                                                     size_t *samples);

typedef struct soma_dataset_info {
    size_t samples, inputs, targets;
    uint32_t input_rank[SOMA_MAX_OUTPUTS]; /* per sample */
    size_t input_shape[SOMA_MAX_OUTPUTS][SOMA_MAX_RANK];
    uint32_t target_rank[SOMA_MAX_OUTPUTS]; /* per sample; 0 for class numbers */
    size_t target_shape[SOMA_MAX_OUTPUTS][SOMA_MAX_RANK];
    size_t classes; /* of the first target, 0 if it is no class */
    bool weighted;
    uint64_t bytes;       /* a bit for each input, from the lowest: it is of bytes, which are scaled by 1/255 */
    uint64_t masked;      /* 1: the last input says which steps of the first there are (soma_dataset_set_lengths()) */
    uint64_t reserved[6]; /* zero */
} soma_dataset_info;
/* Shapes and counts, into *info; zeros for NULL. */
SOMA_API void soma_dataset_get_info(const soma_dataset *dataset, soma_dataset_info *info);
/* Name of a class, NULL if it has none. */
SOMA_API const char *soma_dataset_class_name(const soma_dataset *dataset, size_t index);
/* The path of the picture that a sample was read from; valid as long as the data set. NULL where samples do not come
 * from a file each, and for an index past the last. */
SOMA_API const char *soma_dataset_file(const soma_dataset *dataset, size_t index);
/* What a table's column soma_csv_roles.id has in the row of a sample, as it stands there; valid as long as the data
 * set. NULL where there is no such column, and for an index past the last. */
SOMA_API const char *soma_dataset_id(const soma_dataset *dataset, size_t index);
/* That column's name, "" if it has none; NULL: there is no such column. */
SOMA_API const char *soma_dataset_id_name(const soma_dataset *dataset);
/* An input of samples first to first + count - 1, in the order of this data set, as f32 as the network would see it,
 * into values[count, ...]. SOMA_INVALID_ARGUMENT past the last sample. */
SOMA_API soma_status soma_dataset_read_input(const soma_dataset *dataset, size_t input, size_t first, size_t count,
                                             float *values);
/* Class numbers of the first target, of samples first to first + count - 1, in the order of this data set, into
 * classes[count]. SOMA_INVALID_STATE where it has none. */
SOMA_API soma_status soma_dataset_read_classes(const soma_dataset *dataset, size_t first, size_t count,
                                               int32_t *classes);

/* A target of samples first to first + count - 1, in the order of this data set, into values[count, ...]: as the
 * network sees it. SOMA_INVALID_STATE where it is class numbers. */
SOMA_API soma_status soma_dataset_read_target(const soma_dataset *dataset, size_t target, size_t first, size_t count,
                                              float *values);

/*
 * Makes the columns and classes of a data set those of the network, which learnt them from another one by
 * soma_network_fit_preprocessing(). Features of a table come into the network's order, by name where both have names.
 * Classes get the network's numbers, by name; those of a data set that has none, as of arrays, are numbers already. A
 * network whose classes have no names knows them by number: classes called "0", "1", ... are then these numbers.
 * SOMA_INVALID_ARGUMENT: a column is missing, the label is another one, or a class is not among the network's; the
 * detail has both. Nothing is changed then. To match twice is the same as once.
 */
SOMA_API soma_status soma_dataset_match(soma_dataset *dataset, const soma_network *network);
/* Leaves out the samples whose class the network does not know, by its name; to be called before the data set is
 * matched. *left_out: how many. SOMA_INVALID_ARGUMENT: then none would be left. */
SOMA_API soma_status soma_dataset_leave_out_unknown(soma_dataset *dataset, const soma_network *network,
                                                    size_t *left_out);

/*
 * For regression: appends a layer, "rescale", to a network whose only output is a linear one of one dimension, so that
 * it learns standardised targets and still answers in the data's units: y = x deviation + mean, by the figures of the
 * data set's targets for each unit, which are frozen parameters "rescale_1.scale" and ".offset" and go into files with
 * all others, into ONNX as Mul and Add. Where the loss is a squared, absolute, Huber or quantile one, training goes by
 * the loss of x against the standardised targets, (t - mean) / deviation; what is reported, loss and metrics, is of y
 * and t, in the data's units, and so is Huber's delta. Of constant targets the deviation is 1. Before soma_compile().
 * *scaled (may be NULL): false where the last function is not linear, or the targets are classes, or of several
 * dimensions; then nothing is changed. SOMA_INVALID_SHAPE: as many units as targets are wanted, or so many for each of
 * several quantiles, whose units have the figures of their target.
 */
SOMA_API soma_status soma_network_scale_targets(soma_network *network, const soma_dataset *dataset, bool *scaled);

/*
 * Standardisation: x' = (x - mean) / standard deviation, per feature (a constant feature gives 0). Fit computes the
 * figures from a data set and keeps them in the network (saved with it); apply transforms a data set (f32 inputs; u8
 * ones are converted) by a network's figures, if it has any; it matches it first, as soma_dataset_match() does, and
 * fills the gaps of a table (soma_missing). Figures are those of the filled columns. Apply once. The class names of the
 * data set, and the columns of a table, are kept in the network too.
 */
SOMA_API soma_status soma_network_fit_preprocessing(soma_network *network, const soma_dataset *dataset,
                                                    bool standardize);
/* What was fitted, for another data set: see there. SOMA_INVALID_ARGUMENT: classes that the
 * network does not know; SOMA_INVALID_SHAPE: another number of features; SOMA_NOT_FINITE: a gap that the network has no
 * value for. */
SOMA_API soma_status soma_network_apply_preprocessing(const soma_network *network, soma_dataset *dataset);
/* How many classes have names; 0 if they are not known. */
SOMA_API size_t soma_network_class_count(const soma_network *network);
/* The name of a class; NULL if it has none. Belongs to the network. */
SOMA_API const char *soma_network_class_name(const soma_network *network, size_t index);

/* ------------------------------------------------------------------------------------------------------ names */

/* The enumerations whose values have names: in model files, in networks from text, on the command line. */
typedef enum soma_names {
    SOMA_NAMES_FUNCTION,
    SOMA_NAMES_LOSS,
    SOMA_NAMES_OPTIMIZER,
    SOMA_NAMES_SCHEDULE,
    SOMA_NAMES_METRIC,
    SOMA_NAMES_INITIALIZER,
    SOMA_NAMES_BINARY,
    SOMA_NAMES_REDUCTION,
    SOMA_NAMES_IMAGE_FIT,
    SOMA_NAMES_POOLING, /* soma_pool_kind */
    SOMA_NAMES_MISSING,
    SOMA_NAMES_RECURRENT, /* soma_recurrent_kind */
    SOMA_NAMES_TOKENS
} soma_names;

/*
 * soma_name(SOMA_NAMES_LOSS, SOMA_HUBER) is "huber"; a static string; NULL for a value that there is not. Values
 * count from 0; of functions, SOMA_SOFTMAX stands apart.
 */
SOMA_API const char *soma_name(soma_names which, int value);
/*
 * The other names of a value that soma_value_of_name() knows, separated by blanks: of SOMA_MEAN_SQUARED_ERROR
 * "mse mse_loss squared_error"; "" where there are none, NULL for a value that there is not. A static string.
 */
SOMA_API const char *soma_name_words(soma_names which, int value);
/*
 * The value of a name, or of one of the other names, in upper or lower case, and whatever hyphens and underscores are
 * in it: "HeNormal" and "kaiming-normal" are SOMA_INIT_HE_NORMAL. text need not end with a 0. False, and *value stays,
 * if there is no such name.
 */
SOMA_API bool soma_value_of_name(soma_names which, const char *text, size_t length, int *value);

/* --------------------------------------------------------------------------------------------------- training */

typedef struct soma_metrics {
    /* Mean over the samples, regularisation not included. Where `weighted` is set: sum of weight times loss, divided by
     * the number of samples, not by the sum of the weights. */
    double loss;
    double metric[SOMA_MAX_METRICS]; /* never weighted */
    uint32_t metric_count;
    bool weighted;                             /* the samples have weights or, in training, the classes */
    const char *metric_name[SOMA_MAX_METRICS]; /* "accuracy", "top_5_accuracy", ...; static or owned by the network */
    uint64_t reserved[4];                      /* zero */
} soma_metrics;

typedef struct soma_epoch {
    uint32_t epoch; /* from 1 */
    soma_metrics train, validation;
    bool has_validation;
    double seconds;       /* wall time of the epoch, validation included */
    double learning_rate; /* of its last step */
    uint64_t reserved[4]; /* zero */
} soma_epoch;

typedef struct soma_progress {
    uint32_t epoch, epochs;           /* from 1 */
    size_t batch, batches;            /* from 1 */
    size_t samples, samples_in_epoch; /* seen in this epoch, and in all */
    double seconds;                   /* since the epoch began */
    bool streamed;                    /* the samples come to the device batch by batch: see soma_fit() */
    uint64_t reserved[3];             /* zero */
} soma_progress;

/*
 * Called after each batch. Return SOMA_OK to go on, SOMA_STOPPED to end training after this batch or epoch; anything
 * else ends it with that status. In a batch callback, soma_fit_metrics() gives the epoch's running figures; it waits
 * for the device, so ask rarely.
 */
typedef soma_status soma_batch_function(void *context, soma_network *network, const soma_progress *progress);
/* Called after each epoch; the same may be returned. *epoch belongs to the fit. */
typedef soma_status soma_epoch_function(void *context, soma_network *network, const soma_epoch *epoch);
/* Loss and metrics of the epoch so far, into *metrics: within a callback of soma_fit() alone (SOMA_INVALID_STATE). */
SOMA_API soma_status soma_fit_metrics(soma_network *network, soma_metrics *metrics);

/* Of the validation, or of training without one. */
typedef enum soma_monitor { SOMA_MONITOR_LOSS, SOMA_MONITOR_METRIC } soma_monitor;

/* As what gradients go from rank to rank. */
typedef enum soma_wire { SOMA_WIRE_F32, SOMA_WIRE_BF16 } soma_wire;

typedef struct soma_fit_options {
    uint32_t epochs;   /* 0: 1 */
    size_t batch_size; /* 0: 32 */
    bool no_shuffle;
    double validation_split;  /* fraction of the samples held out, drawn by the network's seed */
    soma_dataset *validation; /* or a set of its own */
    uint32_t early_stopping;  /* stop after this many epochs without improvement; 0: never */
    float min_delta;          /* what counts as improvement */
    soma_monitor monitor;
    bool restore_best; /* at the end, and when training is stopped, put back the weights of the best epoch */
    soma_batch_function *on_batch;
    soma_epoch_function *on_epoch;
    void *context;
    /*
     * A file that is written again and again, each time whole or not at all: after every `checkpoint_every` steps (0:
     * after every epoch), each time after the callback, and when training ends or is stopped. NULL: none. It is a model
     * file too, of the weights at that moment.
     */
    const char *checkpoint;
    uint64_t checkpoint_every;
    /*
     * Go on from such a file, as if training had never ended: on the same device, to the same bits. The network must
     * be of the same description and seed, compiled with the same options, and data, batch size and the options above
     * must be the same, but for `epochs`, early_stopping and min_delta, which may change; else SOMA_INVALID_ARGUMENT,
     * with a detail that says what differs. The network is then unchanged.
     */
    const char *resume;
    /*
     * Train together with other processes or threads: see soma/communicator.h. Each rank computes its share of every
     * batch of batch_size samples, and all make the same step by the sum of their gradients. All give the same data and
     * options; the callbacks are called on all, soma_fit_metrics() has the rank's own figures there, and rank 0 alone
     * writes the checkpoint. NULL: alone.
     */
    const struct soma_communicator *communicator;
    /*
     * Repeatable, whatever the number of ranks, one without a communicator included: each batch is computed in so many
     * shards, by whomever, and their gradients are added up by a fixed tree. On devices of one kind all bits are the
     * same. batchnorm normalises each shard by itself. At most 1024; 16 suit many. 0: as is quickest.
     */
    uint64_t shards;
    /*
     * Of several ranks, but not of shards. Gradients are summed in buckets of so many bytes, each as soon as the
     * backward pass has made it, while that goes on; 0: 1 MiB, SIZE_MAX: all at once. What is sent: SOMA_WIRE_BF16
     * halves it, and rounds each gradient, and each sum of two, to 8 bits. sync_batchnorm 1: batchnorm goes by mean and
     * variance of all ranks' samples, as one rank would, which takes two sums more for each forward and backward; a
     * share of one sample will do then, which is refused otherwise where there are no positions beside it.
     */
    size_t bucket_bytes;
    uint32_t wire; /* soma_wire */
    uint32_t sync_batchnorm;
    uint64_t reserved[9]; /* zero */
} soma_fit_options;

typedef struct soma_history {
    soma_epoch *epochs; /* one per finished epoch */
    uint32_t count;
    uint32_t best;              /* index of the best one by the monitor */
    uint32_t restored;          /* 1: the weights are those of the best epoch */
    uint32_t checkpoint_failed; /* 1: the error is that a checkpoint could not be written */
    uint64_t steps;             /* those and the seconds from before a resume count */
    double seconds;
    uint64_t reserved[4]; /* zero */
} soma_history;

/*
 * Trains. history may be NULL; else free it with soma_history_clear(). On SOMA_NOT_FINITE the detail names the epoch,
 * batch and layer where the first infinity or NaN appeared, and the weights are those of the end of the last good
 * epoch, or of the checkpoint from which this one was resumed. On SOMA_STOPPED weights and history are good; an epoch
 * that was not finished counts in the weights, but not in the history. Where a checkpoint cannot be written, training
 * ends there: weights and history are as good as on SOMA_STOPPED, the old file is kept, the detail names it, and
 * history->checkpoint_failed tells this error from all others. Fits continue each other: the optimizer's state,
 * the schedule and the random numbers of shuffling and dropout go on where the last fit ended, until the network is
 * compiled again.
 *
 * Samples stay in the host's memory, and lie on the device, too, where there is room beside the network for all of
 * them (soma_device_options.data_memory). Else each batch is brought there while the step before it runs, through
 * room for three batches, or as the last resort before its own step; all these ways give the same bits. So do
 * soma_evaluate() and soma_predict().
 */
SOMA_API soma_status soma_fit(soma_network *network, soma_dataset *dataset, const soma_fit_options *options,
                              soma_history *history);
/* soma_fit_options.shards of the last fit that made a step, of this process or the one that saved the network: it can
 * be repeated to the bit by any number of ranks. 0: it was not repeatable, or there was none. */
SOMA_API uint64_t soma_network_shards(const soma_network *network);
/* Frees what a fit has put into it, and zeroes it. NULL is accepted. */
SOMA_API void soma_history_clear(soma_history *history);

/* Loss and metrics over a data set; batch_size 0: 256. */
SOMA_API soma_status soma_evaluate(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                   soma_metrics *metrics);

/*
 * The same, and in the same pass what is predicted beside what is true, for soma_report_make() (see soma/metrics.h): of
 * the first output, as probabilities where its loss is a cross-entropy, with its targets, the weights of the samples
 * and the network's thresholds. Binary cross-entropy of several units is of labels. Free it with soma_outcomes_clear();
 * metrics may be NULL. SOMA_INVALID_ARGUMENT: targets that are no classes, where the loss tells classes apart.
 */
SOMA_API soma_status soma_evaluate_outcomes(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                            soma_metrics *metrics, soma_outcomes *outcomes);
/* Frees what soma_evaluate_outcomes() has put into it, and zeroes it. NULL is accepted. */
SOMA_API void soma_outcomes_clear(soma_outcomes *outcomes);

/*
 * Above which probability a label holds: one for each unit of the first output, from 0 to 1, or for a single unit that
 * tells two classes apart, the second. Saved with the network; thresholds NULL and count 0: forgets them, 1/2 each. The
 * accuracy that soma_evaluate() gives knows them where they are all the same. SOMA_INVALID_SHAPE: another number.
 * SOMA_INVALID_STATE: within a fit.
 */
SOMA_API soma_status soma_network_set_thresholds(soma_network *network, const float *thresholds, size_t count);
/* Those, one for each unit of the first output; NULL: 1/2 each. They belong to the network. */
SOMA_API const float *soma_network_thresholds(const soma_network *network);

/* Output `output` for every sample: values[samples * its count], in order. */
SOMA_API soma_status soma_predict(soma_network *network, soma_dataset *dataset, size_t output, size_t batch_size,
                                  float *values);
/* The most probable class of each sample (of a single unit: what is above its threshold, 1/2 by default, gives 1).
 * SOMA_INVALID_STATE: several units with a binary cross-entropy are labels, of which any number may hold. */
SOMA_API soma_status soma_predict_classes(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                          int32_t *classes);
/* Which labels hold: labels[samples * units of the first output], 1 where its probability is above its threshold (see
 * soma_network_set_thresholds()), else 0. SOMA_INVALID_STATE where the loss is no binary cross-entropy. */
SOMA_API soma_status soma_predict_labels(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                         uint8_t *labels);
/*
 * The labels of each sample, decoded greedily, of a network with the loss SOMA_CTC: labels[samples, steps], steps those
 * of its first output, -1 behind the last. SOMA_INVALID_STATE with another loss. batch_size 0: 256.
 */
SOMA_API soma_status soma_predict_sequences(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                            int32_t *labels);
/* Straight from and to host memory, f32, for one batch: x[batch * input count] of the one input, y[batch * output
 * count] of the one output. */
SOMA_API soma_status soma_run(soma_network *network, const float *x, size_t batch, float *y);

/*
 * One network in several threads: each has a session, with activations of its own over the weights of the network. A
 * session runs the network forward, as soma_predict() does. The network must be compiled. While it has sessions it may
 * be used by one more thread, but not compiled again (SOMA_INVALID_STATE), and while one of them runs its weights must
 * not change. It is freed when it and all its sessions are destroyed, in any order; the devices must outlive them.
 *
 * Sessions on one device take turns. On processors, sessions run at the same time where each has a device of its own:
 * open "cpu" several times, with as many threads as each session is to have.
 */
typedef struct soma_session soma_session;
typedef struct soma_session_options {
    soma_device *device;  /* NULL: the network's. Another one must reach the network's memory: both are "cpu" */
    uint64_t reserved[8]; /* zero */
} soma_session_options;
/* options: NULL for the defaults. Destroy it with soma_session_destroy(). SOMA_INVALID_STATE where the network is not
 * compiled. */
SOMA_API soma_status soma_session_create(soma_network *network, const soma_session_options *options,
                                         soma_session **session);
/* NULL is accepted. Memory of soma_session_output() must be gone before. */
SOMA_API void soma_session_destroy(soma_session *session);

/* From and to host memory: inputs[i], of the network's input number i, has batch * its count values; outputs likewise;
 * a NULL among the outputs is left out. */
SOMA_API soma_status soma_session_run(soma_session *session, size_t batch, const float *const *inputs,
                                      float *const *outputs);

/*
 * From and to memory of the session's device, without a copy: the network reads the inputs and writes the outputs where
 * they are (an output that is an input, or another output, in another shape is copied on the device). They must not
 * overlap. May return before it is done: what is asked of the device later comes after it. A NULL among the outputs, or
 * NULL for all: the value stays in the session, see soma_session_output(). Running on the memories of the last run
 * again costs least.
 */
SOMA_API soma_status soma_session_run_memory(soma_session *session, size_t batch, soma_memory *const *inputs,
                                             soma_memory *const *outputs);

/*
 * Where the last run has left an output: memory for reading alone, which the next run overwrites, and which a run with
 * another batch size may free. Destroy it before that, and before the session.
 */
SOMA_API soma_status soma_session_output(soma_session *session, size_t index, soma_memory **memory);
/* Where a parameter of a compiled network is, likewise for reading: until the network is compiled again or destroyed.
 */
SOMA_API soma_status soma_parameter_memory(soma_network *network, const soma_tensor *parameter, soma_memory **memory);

/*
 * For a loop of your own: makes one step on a batch, and gives its loss and metrics (metrics may be NULL: then nothing
 * is waited for). An array for each input and each output that has a loss, their first dimension the batch.
 * SOMA_INVALID_STATE where the network is not compiled, or within a fit.
 */
SOMA_API soma_status soma_train_on_batch(soma_network *network, const soma_array *inputs, const soma_array *targets,
                                         soma_metrics *metrics);
/* Loss and gradients without a step, of the inputs too; arguments and errors as above. Running figures move as in a
 * step. */
SOMA_API soma_status soma_backward(soma_network *network, const soma_array *inputs, const soma_array *targets,
                                   soma_metrics *metrics);
/* The step by the gradients of the last soma_backward(); SOMA_INVALID_STATE without one. */
SOMA_API soma_status soma_apply_gradients(soma_network *network);
/* The rate that the schedule scales from the next step on: finite and at least 0. */
SOMA_API soma_status soma_set_learning_rate(soma_network *network, float learning_rate);
/* The rate of the last step, or what was set since; 0 where the network is not compiled. */
SOMA_API float soma_get_learning_rate(const soma_network *network);
/*
 * Which learning rate? Makes steps of training, in batches drawn as by soma_fit(), at rates that rise evenly on a
 * logarithmic scale, and notes the loss of each batch before its step (Smith 2017, "Cyclical Learning Rates for
 * Training Neural Networks"). Ends early where the smoothed loss has become four times its least, or no number.
 * Weights, optimizer and counters are afterwards what they were. options: NULL for the defaults. Rates of their own
 * rise in proportion to the optimizer's.
 */
typedef struct soma_rate_range_options {
    float from, to;       /* 0: 1e-7, 10 */
    uint32_t steps;       /* 0: 100; 10 at least */
    size_t batch_size;    /* 0: 32 */
    float smoothing;      /* share of the mean so far that a loss leaves; 0: 0.9, negative: 0 */
    uint64_t reserved[6]; /* zero */
} soma_rate_range_options;
typedef struct soma_rate_range_point {
    double learning_rate, loss, smoothed;
} soma_rate_range_point;
typedef struct soma_rate_range {
    soma_rate_range_point *points; /* as far as the smoothed loss is a number */
    uint32_t count;
    bool diverged;        /* the loss rose so far that the search ended */
    double suggestion;    /* where the smoothed loss falls most steeply over the rate's logarithm; 0: it never falls */
    uint64_t reserved[4]; /* zero */
} soma_rate_range;
/* Free *range with soma_rate_range_clear(). Errors as of soma_fit(). */
SOMA_API soma_status soma_find_learning_rate(soma_network *network, soma_dataset *dataset,
                                             const soma_rate_range_options *options, soma_rate_range *range);
/* Frees what a search has put into it, and zeroes it. NULL is accepted. */
SOMA_API void soma_rate_range_clear(soma_rate_range *range);

/* Waits until the device has done all that was asked of it. */
SOMA_API soma_status soma_synchronize(soma_network *network);

/* ------------------------------------------------------------------------------------------------- measurement */

/*
 * The mean time of one step, over `steps` steps of this batch size on random data in the device's memory, each batch
 * gathered as in soma_fit(): enqueued one after the other, and waited for once, at the end. training: whole training
 * steps, else the forward pass. One more step is made before, untimed; with 0 steps that one is all, and it is timed.
 * Weights and optimizer are afterwards what they were.
 */
SOMA_API soma_status soma_bench_steps(soma_network *network, size_t batch_size, bool training, size_t steps,
                                      double *microseconds);
/* Likewise of the matrix products and convolutions of such a step alone: what the step would take if all else were
 * free. 0 if it has none. */
SOMA_API soma_status soma_bench_gemms(soma_network *network, size_t batch_size, bool training, size_t steps,
                                      double *microseconds);

/* One call of a step, timed alone: repeated with nothing else between, so that its data is as near as it can be. */
typedef struct soma_profile_row {
    const char *primitive, *tensor; /* what it does, and the tensor it makes */
    const char *shapes;             /* of its operands */
    bool native;                    /* false: executed by the fallback */
    double microseconds;
    double flops; /* of matrix products; 0 of all else */
    double bytes; /* that it reads and writes at least: an operand that it updates counts twice */
    /*
     * How near the call comes to what the device can do: the time that it could not go below, over the time that it
     * took. The larger of the two says what holds the call up, and how much could be gained.
     */
    double of_peak;       /* for its flops at soma_device_peak(); NaN where it has none, or the device measures none */
    double of_copy;       /* that a copy within the device's memory takes which moves as many bytes; NaN where there is
                             no memory left for it */
    uint64_t reserved[2]; /* zero */
} soma_profile_row;
/* The row is valid during the call. */
typedef void soma_profile_function(void *context, const soma_profile_row *row);
/* Reports every call of a step, in order; the gathers of the inputs are not among them. */
SOMA_API soma_status soma_bench_profile(soma_network *network, size_t batch_size, bool training,
                                        soma_profile_function *function, void *context);

/* ------------------------------------------------------------------------------------------------------ files */

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
