/* SPDX-License-Identifier: MIT */
/*
 * soma/stream.h - a network for one step of a sequence at a time, with the state that it carries from step to step.
 *
 *   soma_network_stream(network, &stream);
 *   soma_compile_options options = {.loss = {SOMA_LOSS_NONE, SOMA_LOSS_NONE, SOMA_LOSS_NONE}};   as many as outputs
 *   soma_compile(stream, device, &options);
 *   soma_session_create(stream, NULL, &session);
 *   const float *inputs[] = {token, state, cell};         [1], [units], [units]: of an lstm, 0 before the first step
 *   float *outputs[] = {said, next_state, next_cell};     [1, classes], [units], [units]
 *   soma_session_run(session, 1, inputs, outputs);        and so on, with the states that came out
 *
 * and with attention { token, step } and { said, next_step }, of which step is one number, at first 0. What follows a
 * text, token by token, is drawn by a generator:
 *
 *   soma_network_encode(network, "It was ", 7, &tokens, &count);
 *   soma_generator_create(network, tokens, count, &(soma_generation_options){.temperature = 0.7}, &generator);
 *   soma_generator_next(generator, &token);               and so on
 *   soma_network_decode(network, (size_t)token, false, text, &length);
 */
#ifndef SOMA_STREAM_H
#define SOMA_STREAM_H

#include <soma/soma.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The network again, with a copy of its weights, of one step: its input [steps, ...] has one step, and so has its
 * output. Behind them are states: as many inputs as outputs, in the same order, each output what its input is to be at
 * the next step; before the first step all are 0.
 *
 * - For each rnn, lstm and gru in their order an input "state_N" and an output "after_N", [units]; an lstm has two, its
 *   cell behind its state.
 * - With positions, or attention, which is causal, "step" and "next_step", [1]: the number of the step, from 0.
 *
 * Step by step it says what the network says of all steps at once. Without "step" it goes on beyond the network's
 * number of steps. With it the last is number steps - 1, since there are positions and places in caches for no more:
 * soma_session_run() and soma_session_run_arrays() say so then by SOMA_INVALID_ARGUMENT; what comes next may begin
 * anew, at step 0. soma_session_run_memory() does not look at numbers that are on the device: a step that is not there
 * has positions of 0, its keys and values are not kept, and attention sees those of all steps that are (of a number
 * below 0 none), so that what comes out is no answer, but nothing outside is read or written.
 *
 * Keys and values of attention are no states that come in and go out: each session keeps those of its last steps on the
 * device, for each batch size it runs with (of the last few sizes), of each sample its own: for a layer steps x
 * (features of keys + features of values) floats. The step's own are put into the place that "step" says, and attention
 * sees those up to it: so step 0 begins another sequence, and a lower number goes back to there. A step whose
 * predecessors the session has not been given sees what was there before.
 *
 * SOMA_UNSUPPORTED names the layer where the network does not go step by step, since it looks at several at once: a
 * recurrent layer that goes back, both ways or gives its last state alone; attention that is not causal or has a mask;
 * pools, convolutions, flatten; also where there are several inputs or outputs, more states than outputs can be, or an
 * input or weights with one of the names above. Destroy it with soma_network_destroy().
 */
SOMA_API soma_status soma_network_stream(soma_network *network, soma_network **stream);

/*
 * Tokens that follow others, one after the other, as a network of text, or of any other tokens, says: it takes
 * [steps] of them, and says for each in [steps, tokens] which comes next, as probabilities or as their logits,
 * whichever its loss takes; where that takes neither, as probabilities if it ends in a softmax, behind which may be
 * dropout, else as logits. A network that soma_network_stream() makes a stream of goes step by step, for as many tokens
 * as it has steps, or without end where it has no "step"; beyond them, and any other network, it sees the end of the
 * text anew for each token, as much of it as it has steps.
 */
typedef struct soma_generation_options {
    double temperature;   /* probabilities to the power of 1 / temperature; 0: 1 */
    double top_p;         /* of the likeliest tokens as few as have this probability together, in (0, 1]; 0: all */
    size_t top_k;         /* of the likeliest tokens so many; 0: all */
    uint64_t seed;        /* of what is drawn */
    bool greedy;          /* the likeliest always; of several the one with the lowest number */
    uint64_t reserved[6]; /* zero */
} soma_generation_options;

typedef struct soma_generator soma_generator;

/*
 * Behind tokens[count], of which one is the least; they are copied. The network must be compiled, and its weights must
 * not change while the generator is there; they are not copied where it does not go step by step. Like a session the
 * generator keeps the network, which may be destroyed before it, from being compiled again. options NULL: the
 * defaults. SOMA_INVALID_SHAPE: the network is none of tokens, which says what would be. Several threads may generate
 * with one network, each by a generator of its own.
 */
SOMA_API soma_status soma_generator_create(soma_network *network, const int32_t *tokens, size_t count,
                                           const soma_generation_options *options, soma_generator **generator);
/* The next token, which is then part of the text; soma_network_decode() has its characters. SOMA_NOT_FINITE names the
 * step whose logits or probabilities have a NaN, or nothing finite that is the largest. */
SOMA_API soma_status soma_generator_next(soma_generator *generator, int32_t *token);
/* NULL is accepted. */
SOMA_API void soma_generator_destroy(soma_generator *generator);

#ifdef __cplusplus
}
#endif

#endif
