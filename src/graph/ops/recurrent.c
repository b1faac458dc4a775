/* SPDX-License-Identifier: MIT */
/*
 * RECURRENT and its gradient: a recurrent layer over all its steps. A sample is one sequence, [steps, numbers], or
 * several, [sequences, steps, numbers], which are samples of their own to the device.
 */
#include "graph/ops/op.h"
#include "kernels/recurrent_call.h"

#include <string.h>

/* The inputs behind x and the weights, in their order; NULL for those that are not there. */
typedef struct inputs {
    soma_tensor *bias, *mask, *state, *cell;
} inputs;

/* From input `next` on; a gradient has no bias. */
static inputs inputs_of(const soma_tensor *tensor, uint32_t next, bool biased) {
    inputs in = {NULL, NULL, NULL, NULL};
    if (biased && tensor->attributes.recurrent.biased) in.bias = tensor->input[next++];
    if (tensor->attributes.recurrent.masked) in.mask = tensor->input[next++];
    if (tensor->attributes.recurrent.stated) in.state = tensor->input[next++];
    if (tensor->attributes.recurrent.celled) in.cell = tensor->input[next];
    return in;
}

/* ---------------------------------------------------------------------------------------------------------- shape */

/* So many numbers for each sequence. */
static soma_status check_input(const soma_tensor *tensor, const soma_tensor *x, const char *what, size_t count) {
    const bool several = tensor->input[0]->rank == 3;
    const size_t sequences = several ? tensor->input[0]->shape[0] : 1;
    char text[SOMA_SHAPE_TEXT];
    if (!x || (x->batched && x->rank == 1u + several && x->shape[x->rank - 1] == count &&
               (!several || x->shape[0] == sequences)))
        return SOMA_OK;
    if (!several)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the %s must be [batch, %zu], got %s", what, count,
                              soma_tensor_shape_text(x, text));
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the %s must be [batch, %zu, %zu], got %s", what, sequences,
                          count, soma_tensor_shape_text(x, text));
}

static soma_status check_kind(const soma_tensor *tensor) {
    const soma_recurrent_params *params = &tensor->attributes.recurrent.params;
    if ((unsigned)params->kind >= SOMA_RECURRENT_KIND_COUNT)
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "there is no recurrent layer %d", (int)params->kind);
    if (params->kind == SOMA_RECURRENT_RNN && params->function != SOMA_TANH && params->function != SOMA_RELU)
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "the function must be tanh or relu, got %s",
                              soma_function_name(params->function));
    if (tensor->attributes.recurrent.celled && params->kind != SOMA_RECURRENT_LSTM)
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "a first cell, which only an LSTM has");
    return SOMA_OK;
}

static soma_status check_count(const soma_tensor *tensor) {
    const uint32_t expected = 2 + tensor->attributes.recurrent.biased + tensor->attributes.recurrent.masked +
                              tensor->attributes.recurrent.stated + tensor->attributes.recurrent.celled;
    if (tensor->input_count == expected) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "it has %u inputs, expected %u", tensor->input_count,
                          expected);
}

static soma_status check_parameters(const soma_tensor *tensor, size_t gates, size_t units) {
    const soma_tensor *weight = tensor->input[1], *bias = inputs_of(tensor, 2, true).bias;
    char text[SOMA_SHAPE_TEXT];
    if (weight->batched || weight->rank != 2 || weight->shape[0] != units || weight->shape[1] != gates * units)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the recurrent weight must be [%zu, %zu], got %s", units,
                              gates * units, soma_tensor_shape_text(weight, text));
    if (bias && (bias->batched || bias->rank != 1 || bias->shape[0] != gates * units))
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the recurrent bias must be [%zu], got %s", gates * units,
                              soma_tensor_shape_text(bias, text));
    return SOMA_OK;
}

/* How many steps a gradient goes back through at a time. */
static size_t piece_of(const soma_tensor *tensor, size_t steps) {
    const uint32_t first = tensor->attributes.recurrent.truncate, last = tensor->attributes.recurrent.truncate_last;
    return first || last ? SOMA_MIN(last ? last : first, steps) : steps;
}

/* A graph has a gradient's call for each. */
enum { MOST_PIECES = 1024 };

static soma_status check_pieces(const soma_tensor *tensor, size_t steps) {
    const size_t length = piece_of(tensor, steps), pieces = steps ? (steps - 1) / length + 1 : 1;
    if (pieces <= MOST_PIECES) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_UNSUPPORTED,
                          "truncate %zu makes %zu pieces of %zu steps; at most %d are possible: truncate %zu or more",
                          length, pieces, steps, (int)MOST_PIECES, (steps - 1) / MOST_PIECES + 1);
}

static soma_status shape_recurrent(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    const size_t gates = soma_recurrent_gates(tensor->attributes.recurrent.params.kind);
    char text[SOMA_SHAPE_TEXT];
    SOMA_TRY(check_kind(tensor));
    SOMA_TRY(check_count(tensor));
    if (!x->batched || (x->rank != 2 && x->rank != 3) || x->shape[x->rank - 1] % gates)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "it takes steps of %zu numbers for each unit, got %s", gates,
                              soma_tensor_shape_text(x, text));
    const size_t steps = x->shape[x->rank - 2], units = x->shape[x->rank - 1] / gates;
    SOMA_TRY(check_parameters(tensor, gates, units));
    SOMA_TRY(check_pieces(tensor, steps));
    const inputs in = inputs_of(tensor, 2, true);
    SOMA_TRY(check_input(tensor, in.mask, "mask", steps));
    SOMA_TRY(check_input(tensor, in.state, "first state", units));
    SOMA_TRY(check_input(tensor, in.cell, "first cell", units));
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->shape[x->rank - 1] = units;
    tensor->is_sequence = x->rank == 2;
    return SOMA_OK;
}

/* SECOND: the cells, or the gradient of the products with the state; THIRD: what is kept of the gates, or the gradient
 * of the first state; FOURTH: that of the first cell. */
void soma_op_shape_of_recurrent(const soma_tensor *recurrent, soma_tensor *result) {
    const soma_recurrent_kind kind = recurrent->attributes.recurrent.params.kind;
    const bool back = recurrent->op == SOMA_OP_RECURRENT_GRAD;
    const uint32_t last = recurrent->rank - 1;
    result->batched = true;
    result->is_sequence = false;
    result->rank = recurrent->rank;
    memcpy(result->shape, recurrent->shape, sizeof result->shape);
    if (!back && result->op == SOMA_OP_THIRD) result->shape[last] *= soma_recurrent_kept(kind);
    if (!back || result->op == SOMA_OP_SECOND) return;
    result->rank = last; /* without steps */
    result->shape[last - 1] = recurrent->shape[last] / soma_recurrent_gates(kind);
}

/* ------------------------------------------------------------------------------------------------------- gradient */

/* All states that the steps found: the first one, or 0, and y without its last. */
static soma_status states_before(soma_graph *graph, soma_tensor *tensor, soma_tensor **states) {
    soma_tensor *parts[2], *state = inputs_of(tensor, 2, true).state;
    const bool reverse = tensor->attributes.recurrent.params.reverse;
    const uint32_t axis = tensor->rank - 1; /* the steps', the batch counted */
    const size_t steps = tensor->shape[axis - 1];
    soma_tensor first = *tensor;
    first.shape[axis - 1] = 1;
    if (state)
        SOMA_TRY(soma_graph_reshape(graph, state, &first, &parts[reverse]));
    else
        SOMA_TRY(soma_op_constant_like(graph, &first, 0, &parts[reverse]));
    *states = parts[reverse];
    if (steps == 1) return SOMA_OK;
    soma_attributes others = {.slice = {axis, reverse ? 1 : 0, steps - 1}};
    SOMA_TRY(soma_op_add(graph, SOMA_OP_SLICE, &tensor, 1, others, &parts[!reverse]));
    return soma_op_add(graph, SOMA_OP_CONCAT, parts, 2, (soma_attributes){.concat = {axis}}, states);
}

static soma_status slice_last(soma_graph *graph, soma_tensor *x, size_t start, size_t length, soma_tensor **out) {
    return soma_op_add(graph, SOMA_OP_SLICE, &x, 1, (soma_attributes){.slice = {x->rank, start, length}}, out);
}

/* Of the recurrent weights: states^T products; where the reset gate comes first, the candidate's are of r h. */
static soma_status weight_gradient(soma_graph *graph, soma_tensor *tensor, soma_tensor *products, soma_tensor *kept,
                                   soma_tensor **gradient) {
    const soma_recurrent_params *params = &tensor->attributes.recurrent.params;
    const size_t units = tensor->shape[tensor->rank - 1];
    soma_tensor *states, *reset, *part[2], *d[2];
    SOMA_TRY(states_before(graph, tensor, &states));
    if (params->kind != SOMA_RECURRENT_GRU || !params->reset_before)
        return soma_graph_gemm(graph, states, products, NULL, true, false, gradient);
    SOMA_TRY(slice_last(graph, kept, GRU_KEPT * units, units, &reset));
    SOMA_TRY(slice_last(graph, products, 0, GRU_CANDIDATE * units, &d[0]));
    SOMA_TRY(slice_last(graph, products, GRU_CANDIDATE * units, units, &d[1]));
    SOMA_TRY(soma_graph_gemm(graph, states, d[0], NULL, true, false, &part[0]));
    SOMA_TRY(soma_graph_gemm(graph, reset, d[1], NULL, true, false, &part[1]));
    return soma_op_add(graph, SOMA_OP_CONCAT, part, 2, (soma_attributes){.concat = {1}}, gradient);
}

/* The cells may be there already, as an output. */
static soma_status cells_of(soma_graph *graph, soma_tensor *tensor, soma_tensor **cells) {
    for (uint32_t i = tensor->id + 1; i < graph->count; i++)
        if (graph->tensor[i]->op == SOMA_OP_SECOND && graph->tensor[i]->input[0] == tensor)
            return *cells = graph->tensor[i], SOMA_OK;
    return soma_op_add(graph, SOMA_OP_SECOND, &tensor, 1, (soma_attributes){.fill = {0, false}}, cells);
}

typedef struct span {
    size_t begin, end;
} span;

/* What a gradient takes of a layer, besides its weights: of all its steps, and of what is before the first. */
typedef struct taken {
    soma_tensor *layer, *dy, *cells, *kept; /* NULL where the layer has none */
    inputs in;
} taken;

/* Some of the steps, of which x has `after` dimensions behind those; all, or none, as they are. */
static soma_status some_steps(soma_graph *graph, soma_tensor *x, uint32_t after, span steps, soma_tensor **out) {
    *out = x;
    if (!x) return SOMA_OK;
    const uint32_t axis = x->rank - after;
    if (steps.begin == 0 && steps.end == x->shape[axis - 1]) return SOMA_OK;
    const soma_attributes some = {.slice = {axis, steps.begin, steps.end - steps.begin}};
    return soma_op_add(graph, SOMA_OP_SLICE, &x, 1, some, out);
}

/* x at one step, as a first state is given. */
static soma_status at_step(soma_graph *graph, soma_tensor *x, size_t step, soma_tensor **out) {
    soma_tensor like = *x;
    SOMA_TRY(some_steps(graph, x, 1, (span){step, step + 1}, out));
    like.rank = x->rank - 1;
    like.shape[like.rank - 1] = x->shape[x->rank - 1];
    return soma_graph_reshape(graph, *out, &like, out);
}

/* Of some steps, given the gradient of their results alone, and what was before them. */
static soma_status gradient_of_steps(soma_graph *graph, const taken *all, span steps, soma_tensor *state,
                                     soma_tensor *cell, soma_tensor **dx) {
    soma_tensor *tensor = all->layer, *input[8], *mask;
    soma_attributes attributes = tensor->attributes;
    uint32_t count = 3;
    input[1] = tensor->input[1];
    SOMA_TRY(some_steps(graph, all->dy, 1, steps, &input[0]));
    SOMA_TRY(some_steps(graph, tensor, 1, steps, &input[2]));
    if (all->cells) SOMA_TRY(some_steps(graph, all->cells, 1, steps, &input[count++]));
    if (all->kept) SOMA_TRY(some_steps(graph, all->kept, 1, steps, &input[count++]));
    SOMA_TRY(some_steps(graph, all->in.mask, 0, steps, &mask));
    if (mask) input[count++] = mask;
    if (state) input[count++] = state;
    if (cell) input[count++] = cell;
    attributes.recurrent.stated = state != NULL;
    attributes.recurrent.celled = cell != NULL;
    return soma_op_add(graph, SOMA_OP_RECURRENT_GRAD, input, count, attributes, dx);
}

/*
 * Of pieces of steps, each by itself: what one leaves the next is a given state to that (Williams & Peng 1990, as
 * detaching the state is). dx and products, room for each piece, in the order of the steps; *first: dx of the piece
 * that is done first.
 */
static soma_status gradients_of_pieces(soma_graph *graph, const taken *all, size_t length, soma_tensor **dx,
                                       soma_tensor **products, soma_tensor **first) {
    const soma_recurrent_params *params = &all->layer->attributes.recurrent.params;
    const size_t steps = all->layer->shape[all->layer->rank - 2], pieces = (steps + length - 1) / length;
    const size_t rest = steps - (pieces - 1) * length; /* of the one piece that may be shorter: the first or the last */
    const bool from_last = all->layer->attributes.recurrent.truncate_last > 0;
    for (size_t i = 0, done = 0, count; i < pieces; i++, done += count) {
        count = i == (from_last ? 0 : pieces - 1) ? rest : length;
        const size_t begin = params->reverse ? steps - done - count : done, to = params->reverse ? pieces - 1 - i : i;
        const size_t before = params->reverse ? begin + count : begin - 1; /* of a later piece */
        soma_tensor *state = all->in.state, *cell = all->in.cell;
        if (i > 0) SOMA_TRY(at_step(graph, all->layer, before, &state));
        if (i > 0 && all->cells) SOMA_TRY(at_step(graph, all->cells, before, &cell));
        SOMA_TRY(gradient_of_steps(graph, all, (span){begin, begin + count}, state, cell, &dx[to]));
        products[to] = dx[to];
        if (soma_recurrent_differs(params))
            SOMA_TRY(
                soma_op_add(graph, SOMA_OP_SECOND, &dx[to], 1, (soma_attributes){.fill = {0, false}}, &products[to]));
        if (i == 0) *first = dx[to];
    }
    return SOMA_OK;
}

/* Of all steps, the products' and x's; *first as above. */
static soma_status gradient_of_all(soma_graph *graph, const taken *all, soma_tensor **dx, soma_tensor **products,
                                   soma_tensor **first) {
    const uint32_t axis = all->layer->rank - 1; /* the steps', the batch counted */
    const size_t steps = all->layer->shape[axis - 1], length = piece_of(all->layer, steps);
    const size_t pieces = (steps + length - 1) / length;
    soma_tensor **parts = soma_calloc(2 * pieces, sizeof *parts);
    if (!parts) return soma_out_of_memory(2 * pieces * sizeof *parts, "the gradients of steps");
    soma_status status = gradients_of_pieces(graph, all, length, parts, parts + pieces, first);
    const bool differs = status == SOMA_OK && parts[0] != parts[pieces];
    if (status == SOMA_OK && pieces == 1) *dx = parts[0], *products = parts[1];
    if (status == SOMA_OK && pieces > 1) status = soma_graph_join(parts, pieces, axis, dx);
    if (status == SOMA_OK && pieces > 1) *products = *dx;
    if (status == SOMA_OK && pieces > 1 && differs) status = soma_graph_join(parts + pieces, pieces, axis, products);
    soma_free(parts);
    return status;
}

static soma_status gradient_recurrent(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    const soma_attributes none = {.fill = {0, false}};
    const soma_recurrent_params *params = &tensor->attributes.recurrent.params;
    const inputs in = inputs_of(tensor, 2, true);
    taken all = {.layer = tensor, .dy = dy, .in = in};
    soma_tensor *products, *first;
    uint32_t next = 2;
    if (params->kind == SOMA_RECURRENT_LSTM) SOMA_TRY(cells_of(graph, tensor, &all.cells));
    if (params->kind != SOMA_RECURRENT_RNN) SOMA_TRY(soma_op_add(graph, SOMA_OP_THIRD, &tensor, 1, none, &all.kept));
    SOMA_TRY(gradient_of_all(graph, &all, &gradient[0], &products, &first));
    SOMA_TRY(weight_gradient(graph, tensor, products, all.kept, &gradient[1]));
    if (in.bias) SOMA_TRY(soma_op_sum_to(graph, products, in.bias, &gradient[next++]));
    if (in.mask) next++;
    if (in.state) SOMA_TRY(soma_op_add(graph, SOMA_OP_THIRD, &first, 1, none, &gradient[next++]));
    if (in.cell) SOMA_TRY(soma_op_add(graph, SOMA_OP_FOURTH, &first, 1, none, &gradient[next]));
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- lowering */

/* What is batched has the samples' sequences in one line where there are several. */
static soma_view view_of(const soma_lowering *lowering, const soma_tensor *tensor, bool several) {
    if (!tensor) return soma_view_absent();
    const soma_view view = soma_lowering_view(lowering, tensor);
    if (!several || !tensor->batched) return view;
    size_t shape[SOMA_MAX_RANK] = {view.shape[0] * view.shape[1]};
    for (uint32_t i = 2; i < view.rank; i++) shape[i - 1] = view.shape[i];
    return soma_view_reshape(&view, view.rank - 1, shape);
}

static soma_status lower_recurrent(soma_lowering *lowering, const soma_tensor *tensor) {
    const inputs in = inputs_of(tensor, 2, true);
    const bool several = tensor->rank == 3;
    const soma_recurrent_views views = {.x = view_of(lowering, tensor->input[0], several),
                                        .weight = view_of(lowering, tensor->input[1], several),
                                        .bias = view_of(lowering, in.bias, several),
                                        .mask = view_of(lowering, in.mask, several),
                                        .state = view_of(lowering, in.state, several),
                                        .cell = view_of(lowering, in.cell, several),
                                        .y = view_of(lowering, tensor, several),
                                        .cells = view_of(lowering, lowering->second[tensor->id], several),
                                        .gates = view_of(lowering, lowering->third[tensor->id], several)};
    return soma_lowering_push(lowering, tensor, soma_call_recurrent(&views, tensor->attributes.recurrent.params));
}

SOMA_OP(recurrent) = {2, 6, shape_recurrent, SOMA_GRADIENT(gradient_recurrent), lower_recurrent};

static soma_status shape_recurrent_grad(soma_tensor *tensor) {
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->shape[tensor->rank - 1] *= soma_recurrent_gates(tensor->attributes.recurrent.params.kind);
    return SOMA_OK;
}

static soma_status lower_recurrent_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_recurrent_params *params = &tensor->attributes.recurrent.params;
    const bool several = tensor->rank == 3, lstm = params->kind == SOMA_RECURRENT_LSTM,
               keeps = params->kind != SOMA_RECURRENT_RNN;
    const inputs in = inputs_of(tensor, 3u + lstm + keeps, false);
    const soma_recurrent_grad_views views = {.dy = view_of(lowering, tensor->input[0], several),
                                             .weight = view_of(lowering, tensor->input[1], several),
                                             .y = view_of(lowering, tensor->input[2], several),
                                             .cells = view_of(lowering, lstm ? tensor->input[3] : NULL, several),
                                             .gates =
                                                 view_of(lowering, keeps ? tensor->input[3u + lstm] : NULL, several),
                                             .mask = view_of(lowering, in.mask, several),
                                             .state = view_of(lowering, in.state, several),
                                             .cell = view_of(lowering, in.cell, several),
                                             .dx = view_of(lowering, tensor, several),
                                             .drecurrent = view_of(lowering, lowering->second[tensor->id], several),
                                             .dstate = view_of(lowering, lowering->third[tensor->id], several),
                                             .dcell = view_of(lowering, lowering->fourth[tensor->id], several)};
    return soma_lowering_push(lowering, tensor, soma_call_recurrent_grad(&views, *params));
}

SOMA_OP(recurrent_grad) = {3, 8, shape_recurrent_grad, NULL, SOMA_TRAINING_CALL(lower_recurrent_grad)};
