/* SPDX-License-Identifier: MIT */
/*
 * What the files of the families are written with. The file of a family holds both directions: a row for each of
 * ONNX's ops, with the rule that makes tensors of a node, and the rule by which a tensor is written as nodes. table.c
 * puts them into tables, by the two lists here; what a list names and no file has does not link.
 */
#ifndef SOMA_IO_ONNX_FAMILY_H
#define SOMA_IO_ONNX_FAMILY_H

#include "io/onnx/export.h"
#include "io/onnx/import.h"

/* ONNX's ops that are no function of the table of functions, or want a rule of their own all the same. */
#define SOMA_ONNX_OP_LIST(X)                                                                                           \
    X(Add)                                                                                                             \
    X(AffineGrid)                                                                                                      \
    X(And)                                                                                                             \
    X(ArgMax)                                                                                                          \
    X(ArgMin)                                                                                                          \
    X(ArrayFeatureExtractor)                                                                                           \
    X(Attention)                                                                                                       \
    X(AveragePool)                                                                                                     \
    X(BatchNormalization)                                                                                              \
    X(BiasGelu)                                                                                                        \
    X(Binarizer)                                                                                                       \
    X(BitShift)                                                                                                        \
    X(BitwiseAnd)                                                                                                      \
    X(BitwiseNot)                                                                                                      \
    X(BitwiseOr)                                                                                                       \
    X(BitwiseXor)                                                                                                      \
    X(BlackmanWindow)                                                                                                  \
    X(Cast)                                                                                                            \
    X(CastLike)                                                                                                        \
    X(CausalConvWithState)                                                                                             \
    X(CenterCropPad)                                                                                                   \
    X(Clip)                                                                                                            \
    X(Col2Im)                                                                                                          \
    X(Compress)                                                                                                        \
    X(Concat)                                                                                                          \
    X(ConcatFromSequence)                                                                                              \
    X(Constant)                                                                                                        \
    X(ConstantOfShape)                                                                                                 \
    X(Conv)                                                                                                            \
    X(ConvInteger)                                                                                                     \
    X(ConvTranspose)                                                                                                   \
    X(CumProd)                                                                                                         \
    X(CumSum)                                                                                                          \
    X(DFT)                                                                                                             \
    X(DeformConv)                                                                                                      \
    X(DepthToSpace)                                                                                                    \
    X(DequantizeLinear)                                                                                                \
    X(Det)                                                                                                             \
    X(Div)                                                                                                             \
    X(Dropout)                                                                                                         \
    X(DynamicQuantizeLinear)                                                                                           \
    X(DynamicQuantizeLSTM)                                                                                             \
    X(DynamicQuantizeMatMul)                                                                                           \
    X(Einsum)                                                                                                          \
    X(EmbedLayerNormalization)                                                                                         \
    X(Equal)                                                                                                           \
    X(Expand)                                                                                                          \
    X(EyeLike)                                                                                                         \
    X(FastGelu)                                                                                                        \
    X(FeatureVectorizer)                                                                                               \
    X(Flatten)                                                                                                         \
    X(FusedConv)                                                                                                       \
    X(FusedMatMul)                                                                                                     \
    X(GRU)                                                                                                             \
    X(Gather)                                                                                                          \
    X(GatherElements)                                                                                                  \
    X(GatherND)                                                                                                        \
    X(Gelu)                                                                                                            \
    X(Gemm)                                                                                                            \
    X(GlobalAveragePool)                                                                                               \
    X(GlobalLpPool)                                                                                                    \
    X(GlobalMaxPool)                                                                                                   \
    X(Greater)                                                                                                         \
    X(GreaterOrEqual)                                                                                                  \
    X(GridSample)                                                                                                      \
    X(GroupNormalization)                                                                                              \
    X(HammingWindow)                                                                                                   \
    X(HannWindow)                                                                                                      \
    X(Hardmax)                                                                                                         \
    X(Identity)                                                                                                        \
    X(If)                                                                                                              \
    X(Imputer)                                                                                                         \
    X(InstanceNormalization)                                                                                           \
    X(IsInf)                                                                                                           \
    X(IsNaN)                                                                                                           \
    X(LRN)                                                                                                             \
    X(LSTM)                                                                                                            \
    X(LabelEncoder)                                                                                                    \
    X(LayerNormalization)                                                                                              \
    X(Less)                                                                                                            \
    X(LessOrEqual)                                                                                                     \
    X(LinearAttention)                                                                                                 \
    X(LinearClassifier)                                                                                                \
    X(LinearRegressor)                                                                                                 \
    X(LogSoftmax)                                                                                                      \
    X(Loop)                                                                                                            \
    X(LpNormalization)                                                                                                 \
    X(LpPool)                                                                                                          \
    X(MatMul)                                                                                                          \
    X(MatMulInteger)                                                                                                   \
    X(MatMulIntegerToFloat)                                                                                            \
    X(MatMulNBits)                                                                                                     \
    X(Max)                                                                                                             \
    X(MaxPool)                                                                                                         \
    X(MaxUnpool)                                                                                                       \
    X(Mean)                                                                                                            \
    X(MeanVarianceNormalization)                                                                                       \
    X(MelWeightMatrix)                                                                                                 \
    X(MicrosoftAttention)                                                                                              \
    X(MicrosoftGelu)                                                                                                   \
    X(MicrosoftRotaryEmbedding)                                                                                        \
    X(Min)                                                                                                             \
    X(Mod)                                                                                                             \
    X(Mul)                                                                                                             \
    X(MultiHeadAttention)                                                                                              \
    X(Neg)                                                                                                             \
    X(NegativeLogLikelihoodLoss)                                                                                       \
    X(NonMaxSuppression)                                                                                               \
    X(NonZero)                                                                                                         \
    X(Normalizer)                                                                                                      \
    X(Not)                                                                                                             \
    X(OneHot)                                                                                                          \
    X(OneHotEncoder)                                                                                                   \
    X(Or)                                                                                                              \
    X(PRelu)                                                                                                           \
    X(Pad)                                                                                                             \
    X(Pow)                                                                                                             \
    X(QGemm)                                                                                                           \
    X(QLinearAdd)                                                                                                      \
    X(QLinearAveragePool)                                                                                              \
    X(QLinearConcat)                                                                                                   \
    X(QLinearConv)                                                                                                     \
    X(QLinearGlobalAveragePool)                                                                                        \
    X(QLinearLeakyRelu)                                                                                                \
    X(QLinearMatMul)                                                                                                   \
    X(QLinearMul)                                                                                                      \
    X(QLinearSigmoid)                                                                                                  \
    X(QLinearSoftmax)                                                                                                  \
    X(QuantizeLinear)                                                                                                  \
    X(QuickGelu)                                                                                                       \
    X(RMSNormalization)                                                                                                \
    X(RNN)                                                                                                             \
    X(Range)                                                                                                           \
    X(ReduceL1)                                                                                                        \
    X(ReduceL2)                                                                                                        \
    X(ReduceLogSum)                                                                                                    \
    X(ReduceLogSumExp)                                                                                                 \
    X(ReduceMax)                                                                                                       \
    X(ReduceMean)                                                                                                      \
    X(ReduceMin)                                                                                                       \
    X(ReduceProd)                                                                                                      \
    X(ReduceSum)                                                                                                       \
    X(ReduceSumSquare)                                                                                                 \
    X(Reshape)                                                                                                         \
    X(Resize)                                                                                                          \
    X(ReverseSequence)                                                                                                 \
    X(RoiAlign)                                                                                                        \
    X(RotaryEmbedding)                                                                                                 \
    X(SequenceAt)                                                                                                      \
    X(SequenceConstruct)                                                                                               \
    X(SequenceEmpty)                                                                                                   \
    X(SequenceErase)                                                                                                   \
    X(SequenceInsert)                                                                                                  \
    X(SequenceLength)                                                                                                  \
    X(SequenceMap)                                                                                                     \
    X(SplitToSequence)                                                                                                 \
    X(STFT)                                                                                                            \
    X(SVMClassifier)                                                                                                   \
    X(SVMRegressor)                                                                                                    \
    X(Scaler)                                                                                                          \
    X(Scan)                                                                                                            \
    X(Scatter)                                                                                                         \
    X(ScatterElements)                                                                                                 \
    X(ScatterND)                                                                                                       \
    X(Selu)                                                                                                            \
    X(Shape)                                                                                                           \
    X(SimplifiedLayerNormalization)                                                                                    \
    X(Size)                                                                                                            \
    X(SkipLayerNormalization)                                                                                          \
    X(SkipSimplifiedLayerNormalization)                                                                                \
    X(Slice)                                                                                                           \
    X(Softmax)                                                                                                         \
    X(SoftmaxCrossEntropyLoss)                                                                                         \
    X(SpaceToDepth)                                                                                                    \
    X(Split)                                                                                                           \
    X(Squeeze)                                                                                                         \
    X(StringConcat)                                                                                                    \
    X(StringNormalizer)                                                                                                \
    X(Sub)                                                                                                             \
    X(Sum)                                                                                                             \
    X(SwiGLU)                                                                                                          \
    X(Swish)                                                                                                           \
    X(TfIdfVectorizer)                                                                                                 \
    X(Tile)                                                                                                            \
    X(Tokenizer)                                                                                                       \
    X(TopK)                                                                                                            \
    X(Transpose)                                                                                                       \
    X(TreeEnsemble)                                                                                                    \
    X(TreeEnsembleClassifier)                                                                                          \
    X(TreeEnsembleRegressor)                                                                                           \
    X(Trilu)                                                                                                           \
    X(Unique)                                                                                                          \
    X(Unsqueeze)                                                                                                       \
    X(Upsample)                                                                                                        \
    X(Where)                                                                                                           \
    X(Xor)                                                                                                             \
    X(ZipMap)

/* SOMA_ONNX_OP(op, since, least inputs, most inputs, "attributes", rule, parameter); see soma_onnx_row. The others are
 * for an op of which all outputs are computed, and for one that carries its first input's elements. */
#define SOMA_ONNX_OP(op, ...)      const soma_onnx_row soma_onnx_row_##op = {#op, __VA_ARGS__, .several = false}
#define SOMA_ONNX_SEVERAL(op, ...) const soma_onnx_row soma_onnx_row_##op = {#op, __VA_ARGS__, .several = true}
#define SOMA_ONNX_CARRIER(op, ...)                                                                                     \
    const soma_onnx_row soma_onnx_row_##op = {#op, __VA_ARGS__, .several = false, .carries = true}

#define X(op) extern const soma_onnx_row soma_onnx_row_##op;
SOMA_ONNX_OP_LIST(X)
#undef X

/* By number; of those that ONNX does not have, the name is "". */
extern const soma_onnx_row soma_onnx_functions[SOMA_FUNCTION_COUNT];

/* The ops of a network's graph that become nodes. */
#define SOMA_ONNX_EXPORT_LIST(X)                                                                                       \
    X(FILL, fill)                                                                                                      \
    X(COPY, copy)                                                                                                      \
    X(RESHAPE, reshape)                                                                                                \
    X(GEMM, gemm)                                                                                                      \
    X(UNARY, unary)                                                                                                    \
    X(BINARY, binary)                                                                                                  \
    X(REDUCE, reduce)                                                                                                  \
    X(TRANSPOSE, transpose)                                                                                            \
    X(CONCAT, concat)                                                                                                  \
    X(SLICE, slice)                                                                                                    \
    X(SOFTMAX, softmax)                                                                                                \
    X(DROPOUT, dropout)                                                                                                \
    X(PAD, pad)                                                                                                        \
    X(POOL, pool)                                                                                                      \
    X(CONV, conv)                                                                                                      \
    X(CONV_TRANSPOSE, conv_transpose)                                                                                  \
    X(NORMALIZE, normalize)                                                                                            \
    X(INDEX, index)                                                                                                    \
    X(GATHER, gather)                                                                                                  \
    X(RECURRENT, recurrent)                                                                                            \
    X(SECOND, second)                                                                                                  \
    X(ATTENTION, attention)                                                                                            \
    X(MATMUL, matmul)

#define X(NAME, name) soma_onnx_export_rule soma_onnx_export_##name;
SOMA_ONNX_EXPORT_LIST(X)
#undef X

/* ------------------------------------------------------------------------------------- matmul.c, for other families */

/* a b of values [.., m, k] and [.., k, n], whose dimensions before these are broadcast. */
soma_status soma_onnx_matrices(soma_onnx_node *node, soma_tensor *a, const soma_onnx_shape *a_shape, soma_tensor *b,
                               const soma_onnx_shape *b_shape, soma_tensor **out, soma_onnx_shape *out_shape);

/* ------------------------------------------------------------------------------------- binary.c, for other families */

/* a op b, which are read in these shapes, broadcast as NumPy does: a value of its own, which may be a or b. */
soma_status soma_onnx_combine(soma_onnx_node *node, soma_onnx_value *a, const soma_onnx_shape *a_shape,
                              soma_onnx_value *b, const soma_onnx_shape *b_shape, soma_binary op, soma_onnx_value *out);
/* Before opset 7 broadcasting was asked for by an attribute, and `axis` said where the second operand begins. */
soma_status soma_onnx_align_second(const soma_onnx_node *node, soma_onnx_shape *b_shape);
/* What stands for an operand of a BINARY: the tensor, or what it was copied from, since ONNX broadcasts both. */
const soma_tensor *soma_onnx_operand(const soma_tensor *binary, uint32_t index);
/* x as ONNX has to see it so that it is broadcast to the result: it aligns dimensions from the last. */
soma_onnx_name soma_onnx_aligned(soma_onnx_exporter *exporter, const soma_tensor *x, const soma_tensor *result);
/* 1 where the comparison holds, an op since this opset, else 0. */
void soma_onnx_put_comparison(soma_onnx_exporter *exporter, const char *op, int64_t since, const char *out,
                              const char *a, const char *b);
/* The first opset in which Max and Min broadcast. */
#define SOMA_ONNX_FOLD_OPSET 8

/* ---------------------------------------------------------------------------------- transpose.c, for other families */

/* The first input's samples, cut into these dimensions, which are put into this order, as the result: the tensor is the
 * same, and is said to lie in another order; who wants it in ONNX's turns it. */
soma_status soma_onnx_give_turned(soma_onnx_node *node, uint32_t rank, const size_t *dim, const uint32_t *order,
                                  const soma_onnx_shape *out);
/* ---------------------------------------------------------------------------------------- branch.c, for the importer
 */

/* The branch of an If that is taken. */
soma_status soma_onnx_choose_branch(const soma_onnx_node *node, const Soma__Onnx__GraphProto **graph);

/* ---------------------------------------------------------------------------------- recurrent.c, recurrent_export.c */

/* What a RECURRENT is made of to ONNX: of its first input what that is the product of. */
const soma_tensor *soma_onnx_recurrent_input(const soma_tensor *recurrent, uint32_t index);
/* Whether recurrent layers alone use it; then it is written in ONNX's order, by way of `turned`, twice as many. */
bool soma_onnx_is_recurrent_weight(const soma_onnx_exporter *exporter, const soma_tensor *parameter);
soma_status soma_onnx_put_recurrent_weight(soma_onnx_exporter *exporter, const char *name, const soma_tensor *parameter,
                                           const float *values, float *turned);
/* Whether it is a slice of an LSTM's cells, and was written so. */
bool soma_onnx_put_last_cell(soma_onnx_exporter *exporter, const soma_tensor *slice);

/* -------------------------------------------------------------------------------------- order.c, for other families */

/* Of TopK a network takes so many at most. */
enum { SOMA_ONNX_MOST_TOP = 64 };
/* 0, 1, ..., count - 1 */
soma_status soma_onnx_count_up(soma_onnx_node *node, size_t count, soma_tensor **numbers);

/* -------------------------------------------------------------------------------------- slice.c, for other families */

/* So many along an axis of the tensor, the batch counted, from `start` on. */
soma_status soma_onnx_slice_axis(soma_tensor *x, uint32_t axis, size_t start, size_t length, soma_tensor **y);

/* ------------------------------------------------------------------------------------- reduce.c, for other families */

/* out = the mean of x over these axes, which stay as dimensions of 1 */
void soma_onnx_put_mean(soma_onnx_exporter *exporter, const char *out, const char *x, const int64_t *axes,
                        size_t count);

/* ------------------------------------------------------------------------------ normalize_parts.c, for normalize.c */

/* A NORMALIZE, not over the batch, by ops that all opsets have. */
soma_status soma_onnx_put_normalize_parts(soma_onnx_exporter *exporter, const soma_tensor *tensor);

/* ---------------------------------------------------------------------------- attention_written.c, for attention.c */

/* The node's output, of these heads, scale and order, by products and a softmax. */
soma_status soma_onnx_give_written_attention(soma_onnx_node *node, const soma_attention_params *params);

/* ------------------------------------------------------------------------------ attention_parts.c, for attention.c */

/* An ATTENTION by products and a softmax. */
soma_status soma_onnx_put_attention_parts(soma_onnx_exporter *exporter, const soma_tensor *tensor);

/* -------------------------------------------------------------------------------------- unary.c, for other families */

/* out = factor x */
void soma_onnx_put_scaled(soma_onnx_exporter *exporter, const char *out, const char *x, float factor);

#endif
