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
 */
#ifndef SOMA_STREAM_H
#define SOMA_STREAM_H

#include <soma/soma.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The network again, with a copy of its weights, of one step: its input [steps, ...] has one step, and so has its
 * output. Behind them are, for each rnn, lstm and gru in their order, an input "state_N" and an output "after_N",
 * [units], the state before and after the step; an lstm has two, its cell behind its state. Step by step it says what
 * the network says of all steps at once, and goes on beyond its number of steps. SOMA_UNSUPPORTED names the layer where
 * the network does not go step by step, since it looks at several at once: a recurrent layer that goes back, both ways
 * or gives its last state alone; positions, pools, convolutions, flatten; also where there are several inputs or
 * outputs, or more states than outputs can be. Destroy it with soma_network_destroy().
 */
SOMA_API soma_status soma_network_stream(soma_network *network, soma_network **stream);

#ifdef __cplusplus
}
#endif

#endif
