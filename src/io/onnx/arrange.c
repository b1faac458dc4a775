/* SPDX-License-Identifier: MIT */
/* Values as tensors, in the order that an op wants: where they lie in another, they are turned, and that is remembered.
 */
#include "base/pages.h"
#include "io/onnx/import.h"

#include <string.h>

static const soma_onnx_layout as_onnx = {.rank = 0};

/* --------------------------------------------------------------------------------------------------- constants */

/* Bit by bit, so that -0 is not 0, and a NaN equals itself. */
static bool is_uniform(const float *values, size_t count) {
    uint32_t first, bits;
    memcpy(&first, &values[0], sizeof first);
    for (size_t i = 1; i < count; i++) {
        memcpy(&bits, &values[i], sizeof bits);
        if (bits != first) return false;
    }
    return true;
}

soma_status soma_onnx_add_parameter(soma_onnx_node *node, const char *name, const char *ending, uint32_t rank,
                                    const size_t *shape, float *numbers, soma_tensor **tensor) {
    soma_network *network = node->importer->network;
    const soma_parameter description = {
        .initializer = SOMA_INIT_ZEROS, .is_bias = rank == 1, .fan_in = 1, .fan_out = 1};
    soma_text text = {.data = NULL};
    for (unsigned number = 1; number == 1 || soma_network_tensor(network, text.data); number++) {
        text.length = 0;
        soma_text_append(&text, "%s%s", name, ending);
        if (number > 1) soma_text_append(&text, "_%u", number);
        if (text.failed) break;
    }
    soma_status status = text.failed
                             ? soma_out_of_memory(strlen(name), "a weight's name")
                             : soma_network_add_parameter(network, &description, rank, shape, text.data, tensor);
    soma_free(text.data);
    if (status == SOMA_OK)
        network->parameters[network->parameter_count - 1].values = numbers;
    else
        soma_free(numbers);
    return status;
}

static soma_status add_fill(soma_onnx_node *node, const soma_tensor *like, float number, soma_tensor **tensor) {
    soma_tensor_spec spec = {
        .op = SOMA_OP_FILL, .attributes = {.fill = {number, false}}, .dtype = SOMA_F32, .rank = like->rank};
    memcpy(spec.shape, like->shape, sizeof spec.shape);
    return soma_graph_add(soma_onnx_graph(node), &spec, tensor);
}

soma_status soma_onnx_fill(soma_onnx_node *node, float number, soma_tensor **tensor) {
    return add_fill(node, &(soma_tensor){.rank = 1, .shape = {1}}, number, tensor);
}

/* One constant passed on by many nodes becomes as many parameters; many tensors may lie in one place of a file. */
static soma_status take_for_elements(soma_onnx_importer *importer, const soma_onnx_value *value) {
    const soma_onnx_elements *elements = &value->elements;
    if (elements->made) return soma_onnx_take_made(importer, elements->count, sizeof(float), value->name);
    size_t copy = soma_onnx_is_external(elements->tensor) ? elements->count * sizeof(double) : 0; /* while it is read */
    SOMA_TRY(soma_onnx_take(importer, elements->count * sizeof(float), value->name));
    SOMA_TRY(soma_onnx_take(importer, copy, value->name));
    importer->taken -= copy;
    return SOMA_OK;
}

/* Makes a tensor of a constant: a parameter or, if all of it is one number and no weight, a fill. It lies as `layout`
 * says, of the shape of `like`, if that can be had at once. */
static soma_status materialize(soma_onnx_node *node, soma_onnx_value *value, const soma_onnx_layout *layout,
                               const soma_tensor *like) {
    size_t count = value->elements.count;
    soma_onnx_turn turn;
    if (count == 0) return soma_error(SOMA_UNSUPPORTED, "%s has no elements", value->name);
    if (value->elements.open) return soma_onnx_unknown_batch(value->name);
    SOMA_TRY(take_for_elements(node->importer, value));
    if (soma_onnx_layout_turn(&value->layout, layout, count, &turn))
        value->layout = *layout;
    else
        turn.rank = 0;
    size_t needed = value->elements.equal && !value->trained ? 1 : count;
    if (needed == 1) turn.rank = 0; /* one number, for all elements, lies as it is */
    float *numbers = soma_malloc(needed * sizeof *numbers);
    if (!numbers) return soma_out_of_memory(needed * sizeof *numbers, value->name);
    soma_expect_all_pages(numbers, needed * sizeof *numbers);
    soma_onnx_value one = *value;
    one.elements.count = needed;
    soma_status status = soma_onnx_read_turned(node->importer->file, &one, &turn, numbers);
    if (status == SOMA_OK && (value->trained || !is_uniform(numbers, needed)))
        return soma_onnx_add_parameter(node, value->name, "", like->rank, like->shape, numbers, &value->tensor);
    if (status == SOMA_OK) status = add_fill(node, like, numbers[0], &value->tensor);
    soma_free(numbers);
    return status;
}

/* ------------------------------------------------------------------------------------------------------ turning */

static soma_status reshaped(soma_tensor *x, const soma_tensor *like, soma_tensor **tensor) {
    *tensor = x;
    return soma_tensor_same_shape(x, like) ? SOMA_OK : soma_graph_reshape(x->graph, x, like, tensor);
}

/* Moves piece number `from` of the tensor to place `to` before it. */
static soma_status move_piece(soma_tensor *x, const size_t *dim, uint32_t rank, uint32_t from, uint32_t to,
                              soma_tensor **tensor) {
    soma_tensor cut = {.batched = x->batched, .rank = 4, .shape = {1, 1, dim[from], 1}};
    const uint32_t batched[] = {0, 1, 3, 2, 4}, alone[] = {0, 2, 1, 3};
    for (uint32_t i = 0; i < rank; i++)
        if (i != from) cut.shape[i < to ? 0 : i < from ? 1 : 3] *= dim[i];
    SOMA_TRY(reshaped(x, &cut, &x));
    return soma_graph_transpose(x->graph, x, x->batched ? batched : alone, tensor);
}

/* Where there are more dimensions than a tensor has, one after the other finds its place. */
static soma_status turn_in_steps(soma_tensor *x, const soma_onnx_turn *turn, soma_tensor **tensor) {
    size_t dim[SOMA_COUNT_OF(turn->dim)];
    uint32_t piece[SOMA_COUNT_OF(turn->dim)];
    *tensor = x;
    for (uint32_t i = 0; i < turn->rank; i++) piece[i] = i, dim[i] = turn->dim[i];
    for (uint32_t place = 0; place < turn->rank; place++) {
        uint32_t from = place;
        while (piece[from] != turn->axis[place]) from++;
        if (from == place) continue;
        SOMA_TRY(move_piece(*tensor, dim, turn->rank, from, place, tensor));
        size_t moved = dim[from];
        memmove(dim + place + 1, dim + place, (from - place) * sizeof *dim);
        memmove(piece + place + 1, piece + place, (from - place) * sizeof *piece);
        dim[place] = moved;
        piece[place] = turn->axis[place];
    }
    return SOMA_OK;
}

static soma_status turn_once(soma_tensor *x, const soma_onnx_turn *turn, soma_tensor **tensor) {
    uint32_t batch = x->batched ? 1 : 0, axis[SOMA_MAX_RANK] = {0};
    soma_tensor cut = {.batched = x->batched, .rank = turn->rank};
    *tensor = x;
    if (turn->rank <= 1) return SOMA_OK;
    if (turn->rank + batch > SOMA_MAX_RANK) return turn_in_steps(x, turn, tensor);
    for (uint32_t i = 0; i < turn->rank; i++) {
        cut.shape[i] = turn->dim[i];
        axis[batch + i] = turn->axis[i] + batch;
    }
    SOMA_TRY(reshaped(x, &cut, &x));
    return soma_graph_transpose(x->graph, x, axis, tensor);
}

/* From one layout to another, by way of ONNX's order where there is no shorter one. */
static soma_status turn_tensor(soma_tensor *x, const soma_onnx_layout *from, const soma_onnx_layout *to,
                               soma_tensor **tensor) {
    soma_onnx_turn turn;
    size_t count = soma_tensor_count(x);
    *tensor = x;
    if (x->op == SOMA_OP_FILL) return SOMA_OK; /* the same in every order */
    if (soma_onnx_layout_turn(from, to, count, &turn)) return turn_once(x, &turn, tensor);
    soma_onnx_layout_turn(from, &as_onnx, count, &turn);
    SOMA_TRY(turn_once(x, &turn, &x));
    soma_onnx_layout_turn(&as_onnx, to, count, &turn);
    return turn_once(x, &turn, tensor);
}

soma_status soma_onnx_laid_out(soma_onnx_node *node, soma_onnx_value *value, const soma_onnx_layout *layout,
                               const soma_tensor *like, soma_tensor **tensor) {
    soma_tensor *turned;
    if (!value->tensor) SOMA_TRY(materialize(node, value, layout, like));
    if (soma_onnx_layout_same(&value->layout, layout)) return reshaped(value->tensor, like, tensor);
    if (layout->rank == 0 && value->plain) return reshaped(value->plain, like, tensor);
    SOMA_TRY(turn_tensor(value->tensor, &value->layout, layout, &turned));
    SOMA_TRY(reshaped(turned, like, &turned));
    if (layout->rank == 0)
        value->plain = turned;
    else if (value->layout.rank == 0) {
        value->plain = value->tensor;
        value->tensor = turned;
        value->layout = *layout;
    }
    *tensor = turned;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------- what ops ask for */

soma_status soma_onnx_tensor_of_any(soma_onnx_node *node, soma_onnx_value *value, soma_tensor **tensor) {
    soma_tensor like;
    SOMA_TRY(soma_onnx_canonical(node->importer, &value->shape, &like));
    return soma_onnx_laid_out(node, value, &as_onnx, &like, tensor);
}

static soma_status check_type(const soma_onnx_value *value) {
    if (!value->integer) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "%s holds whole numbers, %s; soma computes in float32", value->name,
                      soma_onnx_describe_type(value->elements.type).text);
}

soma_status soma_onnx_tensor(soma_onnx_node *node, soma_onnx_value *value, soma_tensor **tensor) {
    SOMA_TRY(check_type(value));
    return soma_onnx_tensor_of_any(node, value, tensor);
}

soma_status soma_onnx_tensor_as_it_lies(soma_onnx_node *node, soma_onnx_value *value, soma_tensor **tensor) {
    SOMA_TRY(check_type(value));
    if (!value->tensor) return soma_onnx_tensor_of_any(node, value, tensor);
    *tensor = value->tensor;
    return SOMA_OK;
}

/* Its dimensions as those of a sample. */
static uint32_t sample(const soma_onnx_importer *importer, const soma_onnx_shape *shape, const size_t **dim) {
    uint32_t first = soma_onnx_first(importer, shape);
    *dim = shape->dim + first;
    return shape->rank - first;
}

bool soma_onnx_order(const soma_onnx_node *node, const soma_onnx_value *value, const soma_onnx_shape *shape,
                     uint32_t *order) {
    const size_t *dim;
    uint32_t rank = sample(node->importer, shape, &dim);
    return soma_onnx_is_exact(node->importer, shape) && soma_onnx_layout_order(&value->layout, rank, dim, order);
}

soma_status soma_onnx_arranged(soma_onnx_node *node, soma_onnx_value *value, const soma_onnx_shape *shape,
                               const uint32_t *order, soma_tensor **tensor) {
    const size_t *dim;
    uint32_t rank = sample(node->importer, shape, &dim);
    soma_onnx_layout layout;
    soma_tensor like = {.batched = shape->batched, .rank = rank};
    SOMA_TRY(check_type(value));
    if (rank > SOMA_MAX_RANK - (shape->batched ? 1 : 0) || !soma_onnx_layout_make(rank, dim, order, &layout))
        return soma_error(SOMA_UNSUPPORTED, "%u dimensions are too many here", rank);
    for (uint32_t i = 0; i < rank; i++) like.shape[i] = dim[order[i]];
    if (rank == 0) like.shape[like.rank++] = 1;
    return soma_onnx_laid_out(node, value, &layout, &like, tensor);
}

soma_status soma_onnx_as_arranged(soma_onnx_node *node, soma_onnx_value *value, uint32_t *order, soma_tensor **tensor) {
    if (value->layout.rank && soma_onnx_order(node, value, &value->shape, order))
        return soma_onnx_arranged(node, value, &value->shape, order, tensor);
    for (uint32_t i = 0; i < SOMA_ONNX_MAX_RANK; i++) order[i] = i;
    return soma_onnx_tensor(node, value, tensor);
}

soma_status soma_onnx_arranged_axis(const soma_onnx_node *node, const soma_onnx_shape *shape, const uint32_t *order,
                                    uint32_t axis, uint32_t *tensor_axis) {
    uint32_t first = soma_onnx_first(node->importer, shape), place = 0;
    SOMA_TRY(soma_onnx_tensor_axis(node, shape, axis, tensor_axis)); /* whether there is one */
    while (order[place] != axis - first) place++;
    *tensor_axis = place + (shape->batched ? 1 : 0);
    return SOMA_OK;
}

bool soma_onnx_layout_of(const soma_onnx_node *node, const soma_onnx_shape *shape, const uint32_t *order,
                         soma_onnx_layout *layout) {
    const size_t *dim;
    uint32_t rank = sample(node->importer, shape, &dim);
    soma_onnx_layout_make(rank, dim, order, layout); /* which never has more dimensions than a tensor */
    return layout->rank > 0;
}

void soma_onnx_weight(soma_onnx_value *value) {
    value->trained |= value->constant && !value->tensor && !value->integer;
}

/* ----------------------------------------------------------------------------------------------------- results */

soma_status soma_onnx_give_like(soma_onnx_node *node, soma_tensor *tensor, const soma_onnx_value *value) {
    if (value->layout.rank == 0) return soma_onnx_give_samples(node, tensor, &value->shape);
    node->output.shape = value->shape;
    node->output.layout = value->layout;
    node->output.tensor = tensor;
    return SOMA_OK;
}

soma_status soma_onnx_give_arranged(soma_onnx_node *node, soma_tensor *tensor, const soma_onnx_shape *shape,
                                    const uint32_t *order) {
    if (!soma_onnx_layout_of(node, shape, order, &node->output.layout)) return soma_onnx_give(node, tensor, shape);
    node->output.shape = *shape;
    node->output.tensor = tensor;
    return SOMA_OK;
}

soma_status soma_onnx_give_function(soma_onnx_node *node, soma_function function, float a, float b) {
    soma_tensor *x = NULL, *y = NULL;
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_function(node, x, function, a, b, &y));
    return soma_onnx_give_like(node, y, node->input[0]);
}

soma_status soma_onnx_pass_on(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    return x->trained && !x->integer ? soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0) : soma_onnx_pass(node, x);
}

/* ----------------------------------------------------------------------------------------------------- outputs */

bool soma_onnx_has_name(const soma_tensor *tensor, const char *name) {
    return tensor->name && strcmp(tensor->name, name) == 0;
}

/* Its layer's name and its own, so that a tensor that is made of it can have them. */
static soma_status rename_tensor(soma_network *network, soma_tensor *tensor) {
    soma_layer *layer = &network->layers[tensor->layer - 1];
    soma_text name = {.data = NULL};
    for (unsigned number = 1; number == 1 || soma_network_tensor(network, name.data); number++) {
        name.length = 0;
        soma_text_append(&name, "%s.channels_last", tensor->name);
        if (number > 1) soma_text_append(&name, "_%u", number);
        if (name.failed) return soma_free(name.data), soma_out_of_memory(strlen(tensor->name), "a layer's name");
    }
    if (strcmp(layer->name, tensor->name) == 0) {
        soma_free(layer->name);
        layer->name = soma_strdup(name.data);
    }
    soma_free(tensor->name);
    tensor->name = name.data;
    return layer->name ? SOMA_OK : soma_out_of_memory(strlen(name.data), "a layer's name");
}

soma_status soma_onnx_turn_output(soma_onnx_importer *importer, soma_onnx_value *value) {
    soma_onnx_node node = {.importer = importer, .output = {.name = value->name}};
    soma_tensor *tensor;
    if (value->layout.rank == 0) return SOMA_OK;
    if (!value->plain) {
        bool renamed = value->tensor->op != SOMA_OP_INPUT && soma_onnx_has_name(value->tensor, value->name);
        if (renamed) SOMA_TRY(rename_tensor(importer->network, value->tensor));
        bool taken = soma_network_tensor(importer->network, value->name) != NULL;
        SOMA_TRY(soma_network_begin_layer(importer->network, "transpose", taken ? NULL : value->name));
        SOMA_TRY(soma_onnx_tensor(&node, value, &tensor));
        SOMA_TRY(soma_network_end_layer(importer->network, tensor));
    }
    SOMA_TRY(soma_onnx_tensor(&node, value, &tensor));
    value->tensor = tensor;
    value->layout.rank = 0;
    return SOMA_OK;
}
