/* SPDX-License-Identifier: MIT */
/*
 * What work on a processor usually needs, as one program. PoCL takes 20 ms for a program even when it has it in its cache, but compiles
 * of a program only the kernels that are used: so there one large program starts sooner than many small ones. Other drivers, of GPUs
 * and of processors, compile everything in a program (Intel's 40 s for this one): there each kernel is a program of its own, with constants for
 * what is an argument here.
 */
#include "loss_crossentropy.cl"
#include "unary.cl"
#include "binary.cl"
#include "copy.cl"
#include "copy_fill.cl"
#include "copy_gather.cl"
#include "gemm_vector.cl"
#include "loss.cl"
#include "metric.cl"
#include "pool.cl"
#include "put.cl"
#include "normalize.cl"
#include "reduce.cl"
#include "scatter.cl"
#include "softmax.cl"
#if !defined(IN_LIST) || defined(WITH_LAYERS)
#include "conv_vector.cl"
#include "recurrent.cl"
#endif
#ifndef IN_LIST
#include "conv_depthwise.cl"
#include "shares.cl"
#include "attention.cl"
#include "attention_vector.cl"
#include "matmul_vector.cl"
#endif
#ifdef TRAINING
#ifndef IN_LIST
#include "conv_weight_vector.cl"
#include "conv_depthwise_weight.cl"
#include "recurrent_grad.cl"
#endif
#include "gather_grad.cl"
#include "norm.cl"
#include "normalize_grad.cl"
#include "optimizer.cl"
#endif /* TRAINING */
