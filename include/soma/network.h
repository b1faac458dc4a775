/* SPDX-License-Identifier: MIT */
/*
 * soma/network.h - networks as graphs of tensors, built in C or from text, and their layers and weights.
 *
 * Part of soma/soma.h, which says what holds for every call.
 */
#ifndef SOMA_NETWORK_H
#define SOMA_NETWORK_H

#include <soma/device.h>

#ifdef __cplusplus
extern "C" {
#endif

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
    /* In training the gradient goes back through so many steps at a time: the state that such a piece begins with is a
     * given one to it (truncated backpropagation through time, Williams & Peng 1990; detaching the state in PyTorch).
     * 0: through all steps. Up to 2^32 - 1, and at most 1024 pieces. They are counted from the step that is done first;
     * with last or final_state from the one that is done last, so that the gradient of that reaches all
     * these steps back: SOMA_UNSUPPORTED where there is a mask, too, of which the last step may be padding. */
    uint64_t truncate;
    uint64_t reserved[7]; /* zero */
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

/* Declares an output; SOMA_MAX_ENDS at most. Without a call, the last tensor made is the one output. Returns x. */
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

/* What soma_session_run_arrays() takes as an input or gives as an output. */
typedef struct soma_value_info {
    const char *name;            /* belongs to the network */
    soma_dtype dtype;            /* of its elements: as an ONNX file declares it (bfloat16 as float32); else SOMA_F32 */
    uint32_t rank;               /* the samples counted, if they are a dimension of it */
    size_t shape[SOMA_MAX_RANK]; /* in the file's order; 0 where the samples are counted */
    uint32_t batch_axis; /* which dimension counts the samples, 0 of networks that are of no ONNX file; SOMA_NO_AXIS:
                            none, an ONNX model that computes one sample at a time */
    uint32_t reserved_1;
    uint64_t reserved[4];
} soma_value_info;
#define SOMA_NO_AXIS UINT32_MAX
/* Of input number `index`, into *info. SOMA_INVALID_ARGUMENT past the last. */
SOMA_API soma_status soma_network_input_info(const soma_network *network, size_t index, soma_value_info *info);
/* Of an output, likewise. */
SOMA_API soma_status soma_network_output_info(const soma_network *network, size_t index, soma_value_info *info);

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
/*
 * Weight decay in place of the optimizer's l2: of the layers whose names are like the pattern their weights,
 * which decay by the optimizer's, too, and not their biases; of what is like the name of a parameter itself that one, a
 * bias, too. l2 w + l1 sign(w) is added to the gradient, which is that of l2/2 Σw² + l1 Σ|w|; losses are told without
 * it. Finite and at least 0, where 0 is no decay; negative: the optimizer's again. adamw's decoupled `decay` stays.
 */
SOMA_API soma_status soma_network_set_l2_of(soma_network *network, const char *pattern, float l2);
/* Likewise, in place of its l1. */
SOMA_API soma_status soma_network_set_l1_of(soma_network *network, const char *pattern, float l1);
/* Whether a parameter is frozen; false for what is none. */
SOMA_API bool soma_parameter_is_frozen(const soma_network *network, const soma_tensor *parameter);
/* The learning rate of its own; 0 where it has none. */
SOMA_API float soma_parameter_rate(const soma_network *network, const soma_tensor *parameter);
/* The l2 of its own; -1 where it has none. */
SOMA_API float soma_parameter_l2(const soma_network *network, const soma_tensor *parameter);
/* Likewise its l1. */
SOMA_API float soma_parameter_l1(const soma_network *network, const soma_tensor *parameter);

#ifdef __cplusplus
}
#endif
#endif
