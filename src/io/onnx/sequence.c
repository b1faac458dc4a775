/* SPDX-License-Identifier: MIT */
/*
 * Sequences of tensors, whose lengths are known when the model is read: lists of values, of which nothing is computed.
 * What cuts a tensor into one, or joins one to a tensor, is written as nodes of tensors.
 */
#include "base/utf8.h"
#include "io/onnx/family.h"
#include "io/onnx/inside.h"

#include <inttypes.h>
#include <string.h>

enum { INT64 = SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__INT64 };
/* Tensors of one sequence, at most; as many as a loop has turns. */
enum { MOST_ITEMS = 1024 };

/* ------------------------------------------------------------------------------------------------------------ lists */

static soma_status make_list(soma_onnx_node *node, size_t count, soma_onnx_sequence **made) {
    void *memory;
    if (count > MOST_ITEMS)
        return soma_error(SOMA_UNSUPPORTED, "a sequence of %zu tensors; up to %d are read", count, MOST_ITEMS);
    SOMA_TRY(soma_onnx_keep(node->importer, sizeof **made + count * sizeof *(*made)->item, node->row->name, &memory));
    *made = memory;
    (*made)->count = count;
    return SOMA_OK;
}

static soma_status set_item(soma_onnx_node *node, soma_onnx_sequence *list, size_t i, const soma_onnx_value *value) {
    void *memory;
    if (value->sequence) return soma_error(SOMA_UNSUPPORTED, "a sequence of sequences; one of tensors is read");
    SOMA_TRY(soma_onnx_keep(node->importer, sizeof *value, node->row->name, &memory));
    memcpy(memory, value, sizeof *value);
    list->item[i] = memory;
    return SOMA_OK;
}

static soma_status give_list(soma_onnx_node *node, size_t output, const soma_onnx_sequence *list) {
    const soma_onnx_value value = {.sequence = list, .name = node->proto->output[output]};
    return *value.name ? soma_onnx_define(node->importer, &value) : SOMA_OK;
}

bool soma_onnx_is_constant(const soma_onnx_value *value) {
    if (!value->sequence) return value->constant;
    for (size_t i = 0; i < value->sequence->count; i++)
        if (!value->sequence->item[i]->constant || value->sequence->item[i]->tensor) return false;
    return true;
}

soma_status soma_onnx_refuse_sequence(const soma_onnx_value *value) {
    if (!value->sequence) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "%s is a sequence of %zu tensors; a tensor is taken",
                      soma_quote(value->name, strlen(value->name)).text, value->sequence->count);
}

static soma_status get_list(const soma_onnx_node *node, const soma_onnx_sequence **list) {
    const soma_onnx_value *value = node->input[0];
    *list = value ? value->sequence : NULL;
    if (*list) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s is a tensor; a sequence is taken",
                      value ? soma_quote(value->name, strlen(value->name)).text : "input 0");
}

/* From -count to count - 1, or `most` where one comes between others; `otherwise` where there is no such input. */
static soma_status get_place(soma_onnx_node *node, uint32_t input, size_t count, size_t most, size_t otherwise,
                             size_t *place) {
    int64_t given;
    size_t numbers;
    *place = otherwise;
    if (input < node->input_count && node->input[input]) {
        const soma_onnx_value *value = node->input[input];
        if (!value->constant)
            return soma_error(SOMA_UNSUPPORTED,
                              "%s says which tensor of a sequence, and is known only when the model runs; accepted: "
                              "a place that is known when it is read",
                              soma_quote(value->name, strlen(value->name)).text);
        SOMA_TRY(soma_onnx_integers(node, input, &given, 1, &numbers));
        if (numbers != 1) return soma_error(SOMA_INVALID_FILE, "a place in a sequence has %zu elements", numbers);
        if (given < 0) given += (int64_t)count;
        *place = given < 0 ? SIZE_MAX : (size_t)given;
        if (*place <= most) return SOMA_OK;
    } else if (otherwise <= most)
        return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "a place that a sequence of %zu tensors does not have", count);
}

/* ------------------------------------------------------------------------------------------ lists of lists' members */

static soma_status construct(soma_onnx_node *node) {
    soma_onnx_sequence *list = NULL;
    SOMA_TRY(make_list(node, node->input_count, &list));
    for (uint32_t i = 0; i < node->input_count; i++) SOMA_TRY(set_item(node, list, i, node->input[i]));
    return give_list(node, 0, list);
}

static soma_status make_empty(soma_onnx_node *node) {
    soma_onnx_sequence *list = NULL;
    SOMA_TRY(make_list(node, 0, &list));
    return give_list(node, 0, list);
}

static soma_status insert(soma_onnx_node *node) {
    const soma_onnx_sequence *old;
    soma_onnx_sequence *list = NULL;
    size_t at;
    SOMA_TRY(get_list(node, &old));
    SOMA_TRY(get_place(node, 2, old->count, old->count, old->count, &at));
    SOMA_TRY(make_list(node, old->count + 1, &list));
    for (size_t i = 0; i < old->count; i++) list->item[i + (i >= at)] = old->item[i];
    SOMA_TRY(set_item(node, list, at, node->input[1]));
    return give_list(node, 0, list);
}

static soma_status erase(soma_onnx_node *node) {
    const soma_onnx_sequence *old;
    soma_onnx_sequence *list = NULL;
    size_t at;
    SOMA_TRY(get_list(node, &old));
    if (old->count == 0) return soma_error(SOMA_INVALID_FILE, "nothing is left of a sequence to take out of it");
    SOMA_TRY(get_place(node, 1, old->count, old->count - 1, old->count - 1, &at));
    SOMA_TRY(make_list(node, old->count - 1, &list));
    for (size_t i = 0; i < list->count; i++) list->item[i] = old->item[i + (i >= at)];
    return give_list(node, 0, list);
}

static soma_status length(soma_onnx_node *node) {
    const soma_onnx_sequence *list;
    soma_onnx_value number;
    SOMA_TRY(get_list(node, &list));
    if (!*node->proto->output[0]) return SOMA_OK;
    SOMA_TRY(soma_onnx_number_value(node->importer, node->proto->output[0], INT64, (int64_t)list->count, 0, &number));
    return soma_onnx_define(node->importer, &number);
}

static soma_status at(soma_onnx_node *node) {
    const soma_onnx_sequence *list;
    size_t place;
    SOMA_TRY(get_list(node, &list));
    if (list->count == 0) return soma_error(SOMA_INVALID_FILE, "a tensor of a sequence that has none");
    SOMA_TRY(get_place(node, 1, list->count, list->count - 1, 0, &place));
    soma_onnx_value value = *list->item[place];
    value.name = node->proto->output[0];
    return *value.name ? soma_onnx_define(node->importer, &value) : SOMA_OK;
}

static soma_status same(soma_onnx_node *node) {
    const soma_onnx_sequence *list;
    SOMA_TRY(get_list(node, &list));
    return give_list(node, 0, list);
}

/* ------------------------------------------------------------------------------------------- tensors, cut and joined
 */

/* How a tensor is cut along an axis. */
typedef struct cut {
    int64_t axis;
    size_t size, count;
    int64_t each;           /* of all pieces but the last, which may be smaller; 0: as the list says */
    const int64_t *lengths; /* [count] */
    bool flat;              /* pieces are without the axis */
} cut;

static soma_status get_cut(soma_onnx_node *node, int64_t *lengths, cut *c) {
    const soma_onnx_value *x = node->input[0];
    const bool given = node->input_count > 1 && node->input[1];
    int64_t keep;
    uint32_t axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &c->axis));
    SOMA_TRY(soma_onnx_get_integer(node, "keepdims", 1, &keep));
    SOMA_TRY(soma_onnx_axis(node, c->axis, x->shape.rank, &axis));
    c->axis = axis;
    c->size = x->shape.dim[axis];
    c->flat = !given && keep == 0;
    c->each = 1;
    c->count = c->size;
    if (c->size == 0 && x->shape.batched)
        return soma_error(SOMA_UNSUPPORTED,
                          "dimension %u of %s is how many tensors there are, and is not fixed; give the shape "
                          "(--input, soma_onnx_options.inputs)",
                          axis, soma_quote(x->name, strlen(x->name)).text);
    if (!given) return SOMA_OK;
    SOMA_TRY(soma_onnx_integers(node, 1, lengths, MOST_ITEMS, &c->count));
    int64_t left = (int64_t)c->size;
    for (size_t i = 0; i < c->count; i++) {
        const bool single = node->input[1]->shape.rank == 0;
        if (lengths[i] < single || (!single && lengths[i] > left))
            return soma_error(SOMA_INVALID_FILE, "a part of %" PRId64 " elements, where %" PRId64 " are left",
                              lengths[i], left);
        left -= lengths[i];
    }
    if (node->input[1]->shape.rank == 0) {
        c->each = lengths[0];
        c->count = (c->size - 1) / (size_t)c->each + 1;
    } else if (left != 0)
        return soma_error(SOMA_INVALID_FILE, "%" PRId64 " elements of the axis are in no part", left);
    else
        c->each = 0, c->lengths = lengths;
    return SOMA_OK;
}

static soma_status add_piece(soma_onnx_node *node, const cut *c, int64_t start, int64_t end, const char *name) {
    soma_onnx_importer *importer = node->importer;
    const char *inputs[4] = {node->proto->input[0]};
    soma_onnx_value place;
    if (c->flat) {
        SOMA_TRY(soma_onnx_inner_name(importer, &inputs[1]));
        SOMA_TRY(soma_onnx_number_value(importer, inputs[1], INT64, start, 0, &place));
        SOMA_TRY(soma_onnx_define(importer, &place));
        return soma_onnx_add_made(importer, "Gather", inputs, 2, "axis", &c->axis, 0, name);
    }
    SOMA_TRY(soma_onnx_define_list(importer, &start, 1, &inputs[1]));
    SOMA_TRY(soma_onnx_define_list(importer, &end, 1, &inputs[2]));
    SOMA_TRY(soma_onnx_define_list(importer, &c->axis, 1, &inputs[3]));
    return soma_onnx_add_made(importer, "Slice", inputs, 4, NULL, NULL, 0, name);
}

static soma_status split(soma_onnx_node *node) {
    int64_t lengths[MOST_ITEMS], start = 0;
    cut c = {.size = 0};
    soma_onnx_sequence *list = NULL;
    SOMA_TRY(soma_onnx_refuse_sequence(node->input[0]));
    SOMA_TRY(get_cut(node, lengths, &c));
    SOMA_TRY(make_list(node, c.count, &list));
    for (size_t i = 0; i < c.count; i++) {
        const int64_t end = SOMA_MIN(start + (c.each ? c.each : c.lengths[i]), (int64_t)c.size);
        const char *name;
        SOMA_TRY(soma_onnx_inner_name(node->importer, &name));
        SOMA_TRY(add_piece(node, &c, start, end, name));
        SOMA_TRY(set_item(node, list, i, soma_onnx_find_value(node->importer, name)));
        start = end;
    }
    return give_list(node, 0, list);
}

static soma_status concat(soma_onnx_node *node) {
    soma_onnx_importer *importer = node->importer;
    const soma_onnx_sequence *list;
    const char *names[MOST_ITEMS];
    int64_t axis, anew;
    SOMA_TRY(get_list(node, &list));
    if (!soma_onnx_attribute(node, "axis")) return soma_error(SOMA_INVALID_FILE, "attribute axis is left out");
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &axis));
    SOMA_TRY(soma_onnx_get_integer(node, "new_axis", 0, &anew));
    if (list->count == 0) return soma_error(SOMA_UNSUPPORTED, "joins a sequence that has no tensors");
    const int64_t rank = (int64_t)list->item[0]->shape.rank + (anew != 0);
    if (axis < -rank || axis >= rank)
        return soma_error(SOMA_INVALID_FILE, "axis %" PRId64 " of a result of %" PRId64 " dimensions", axis, rank);
    axis += axis < 0 ? rank : 0;
    for (size_t i = 0; i < list->count; i++) {
        if (anew) {
            SOMA_TRY(soma_onnx_add_dimension(importer, list->item[i], axis, &names[i]));
            continue;
        }
        SOMA_TRY(soma_onnx_inner_name(importer, &names[i]));
        SOMA_TRY(soma_onnx_define_as(importer, names[i], list->item[i]));
    }
    return soma_onnx_join(importer, names, list->count, axis, node->proto->output[0]);
}

/* -------------------------------------------------------------------------------------------------------------- map */

/* Number i of each input that is a sequence, under the body's names; tensors as they are. */
static soma_status define_items(const soma_onnx_node *node, const Soma__Onnx__GraphProto *body, size_t i) {
    for (uint32_t k = 0; k < node->input_count; k++) {
        const soma_onnx_value *given = node->input[k];
        const char *name = body->input[k]->name ? body->input[k]->name : "";
        if (given->sequence && i >= given->sequence->count)
            return soma_error(SOMA_INVALID_FILE, "input %u has %zu tensors; the first has more", k,
                              given->sequence->count);
        SOMA_TRY(soma_onnx_define_as(node->importer, name, given->sequence ? given->sequence->item[i] : given));
    }
    return SOMA_OK;
}

/* The body once for each tensor of the first sequence, and of the others. */
static soma_status map(soma_onnx_node *node) {
    soma_onnx_importer *importer = node->importer;
    const Soma__Onnx__AttributeProto *attribute = soma_onnx_attribute(node, "body");
    const Soma__Onnx__GraphProto *body = attribute ? attribute->g : NULL;
    const size_t outputs = node->proto->n_output;
    const soma_onnx_sequence *list;
    soma_onnx_sequence *made[SOMA_MAX_INPUTS];
    SOMA_TRY(get_list(node, &list));
    if (!body || body->n_input != node->input_count || outputs > body->n_output || outputs > SOMA_MAX_INPUTS)
        return soma_error(SOMA_INVALID_FILE, "%u inputs and %zu outputs, and a body that is none or has %zu and %zu",
                          node->input_count, outputs, body ? body->n_input : 0, body ? body->n_output : 0);
    for (size_t k = 0; k < outputs; k++) SOMA_TRY(make_list(node, list->count, &made[k]));
    SOMA_TRY(soma_onnx_enter_initializers(importer, body));
    for (size_t i = 0; i < list->count; i++) {
        SOMA_TRY(define_items(node, body, i));
        SOMA_TRY(soma_onnx_add_inside(importer, body));
        for (size_t k = 0; k < outputs; k++) {
            soma_onnx_value value;
            SOMA_TRY(soma_onnx_output_inside(importer, body, k, &value));
            SOMA_TRY(set_item(node, made[k], i, &value));
        }
        soma_onnx_leave(importer, body);
        for (size_t k = 0; k < body->n_input; k++)
            if (body->input[k]->name) soma_onnx_forget(importer, body->input[k]->name);
    }
    soma_onnx_leave_initializers(importer, body);
    for (size_t k = 0; k < outputs; k++) SOMA_TRY(give_list(node, k, made[k]));
    return SOMA_OK;
}

static soma_status add_map(soma_onnx_node *node) {
    node->importer->inside++;
    soma_status status = map(node);
    node->importer->inside--;
    return status;
}

/* -------------------------------------------------------------------------------------------------------------- all */

soma_status soma_onnx_add_sequence(soma_onnx_node *node, bool *done) {
    static const struct {
        const soma_onnx_row *row;
        soma_status (*add)(soma_onnx_node *node);
    } ops[] = {
        {&soma_onnx_row_ConcatFromSequence, concat},   {&soma_onnx_row_SequenceAt, at},
        {&soma_onnx_row_SequenceConstruct, construct}, {&soma_onnx_row_SequenceEmpty, make_empty},
        {&soma_onnx_row_SequenceErase, erase},         {&soma_onnx_row_SequenceInsert, insert},
        {&soma_onnx_row_SequenceLength, length},       {&soma_onnx_row_SequenceMap, add_map},
        {&soma_onnx_row_SplitToSequence, split},
    };
    *done = true;
    for (size_t i = 0; i < SOMA_COUNT_OF(ops); i++)
        if (ops[i].row == node->row) return ops[i].add(node);
    if (node->row == &soma_onnx_row_Identity && node->input[0]->sequence) return same(node);
    *done = false;
    for (uint32_t i = 0; i < node->input_count && node->row->rule; i++)
        if (node->input[i]) SOMA_TRY(soma_onnx_refuse_sequence(node->input[i]));
    return SOMA_OK;
}

/* Without rules: what they do is no op of a network. */
#define SEQUENCE(op, since, least, most, attributes)                                                                   \
    SOMA_ONNX_SEVERAL(op, since, least, most, attributes, NULL, 0, .place = SOMA_ONNX_ANYWHERE)
SEQUENCE(ConcatFromSequence, 11, 1, 1, "axis new_axis");
SEQUENCE(SequenceAt, 11, 2, 2, "");
SEQUENCE(SequenceConstruct, 11, 1, SOMA_MAX_INPUTS, "");
SEQUENCE(SequenceEmpty, 11, 0, 0, "dtype");
SEQUENCE(SequenceErase, 11, 1, 2, "");
SEQUENCE(SequenceInsert, 11, 2, 3, "");
SEQUENCE(SequenceLength, 11, 1, 1, "");
SEQUENCE(SequenceMap, 17, 1, SOMA_MAX_INPUTS, "body");
SEQUENCE(SplitToSequence, 11, 1, 2, "axis keepdims");
