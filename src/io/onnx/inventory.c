/* SPDX-License-Identifier: MIT */
/* The ops of a file, counted, and those that soma does not have. */
#include "io/onnx/inventory.h"
#include "base/utf8.h"
#include "io/onnx/import.h"

#include <inttypes.h>
#include <string.h>

/* What an op takes in the tables here, their share of what is free included. */
enum { COST_OF_OP = 256 };

typedef struct op_walk {
    const soma_onnx_file *file;
    const soma_onnx_selection *selection;
    soma_onnx_ops *ops;
    size_t node;       /* the graph's node that is looked at */
    unsigned branches; /* of If that it is inside of: which are taken is not known yet */
    bool *seen;        /* by number of a function: its nodes are counted once */
    unsigned deep;     /* inside of so many functions */
    int64_t opset;     /* there */
} op_walk;

const char *soma_onnx_node_label(const Soma__Onnx__NodeProto *node) {
    if (node->name && *node->name) return node->name;
    return node->n_output && node->output[0][0] ? node->output[0] : "without a name";
}

static soma_status grow(soma_onnx_ops *ops) {
    size_t capacity = SOMA_MAX(2 * ops->capacity, (size_t)16);
    soma_onnx_op_use *grown = soma_realloc(ops->use, capacity, sizeof *grown);
    if (!grown) return soma_out_of_memory(capacity * sizeof *grown, "the ops of a model");
    ops->use = grown;
    ops->capacity = capacity;
    return SOMA_OK;
}

static soma_onnx_op_use first_use(const op_walk *walk, const Soma__Onnx__NodeProto *node, bool inside) {
    const soma_onnx_row *row = node->op_type ? soma_onnx_find_row(node->domain, node->op_type) : NULL;
    bool supported = (row && row->since <= soma_onnx_opset_of(walk->file, row, walk->opset)) ||
                     soma_onnx_find_function(walk->file, node, NULL);
    return (soma_onnx_op_use){.supported = supported,
                              .since = row && !supported ? row->since : 0,
                              .opset = row ? soma_onnx_opset_of(walk->file, row, walk->opset) : 0,
                              .domain = row ? row->domain : NULL,
                              .label = soma_onnx_node_label(node),
                              .first = walk->node,
                              .inside = inside};
}

static soma_status count_name(op_walk *walk, const Soma__Onnx__NodeProto *node, const char *name, bool inside) {
    soma_onnx_ops *ops = walk->ops;
    size_t number, known = ops->names.count;
    if (known >= (walk->file->budget.limit - walk->file->budget.used) / COST_OF_OP)
        return soma_error(SOMA_INVALID_FILE, "more than %zu different ops in %zu bytes", known, walk->file->size);
    SOMA_TRY(soma_words_add(&ops->names, name, 0, &number));
    if (number >= ops->capacity) SOMA_TRY(grow(ops));
    if (number == known) ops->use[number] = first_use(walk, node, inside);
    ops->use[number].count++;
    ops->nodes++;
    ops->unsupported += !ops->use[number].supported && !walk->branches;
    return SOMA_OK;
}

static soma_status count_node(op_walk *walk, const Soma__Onnx__NodeProto *node, bool inside) {
    const char *op = node->op_type && *node->op_type ? node->op_type : "(no op)";
    if (soma_onnx_is_standard(node->domain)) return count_name(walk, node, op, inside);
    soma_text name = {.data = NULL};
    soma_text_append(&name, "%s.%s", node->domain, op);
    soma_status status =
        name.failed ? soma_out_of_memory(name.length, "the name of an op") : count_name(walk, node, name.data, inside);
    soma_free(name.data);
    return status;
}

static soma_status count_inside(op_walk *walk, const Soma__Onnx__NodeProto *node);

/* How deep graphs may be inside of each other is checked when the file is read. */
static soma_status count_graph(op_walk *walk, const Soma__Onnx__GraphProto *graph) {
    for (size_t i = 0; graph && i < graph->n_node; i++) {
        SOMA_TRY(count_node(walk, graph->node[i], true));
        SOMA_TRY(count_inside(walk, graph->node[i]));
    }
    return SOMA_OK;
}

/* What a function is made of, where it is called for the first time. */
static soma_status count_function(op_walk *walk, const Soma__Onnx__NodeProto *node) {
    size_t number;
    const Soma__Onnx__FunctionProto *function = soma_onnx_find_function(walk->file, node, &number);
    if (!function || walk->seen[number]) return SOMA_OK;
    if (walk->deep == SOMA_ONNX_MOST_DEEP)
        return soma_error(SOMA_UNSUPPORTED, "function %s is inside of %u others; at most %d are possible",
                          soma_quote(node->op_type, strlen(node->op_type)).text, walk->deep, SOMA_ONNX_MOST_DEEP);
    const int64_t opset = walk->opset;
    walk->seen[number] = true;
    walk->deep++;
    walk->opset = soma_onnx_function_opset(function, opset);
    for (size_t i = 0; i < function->n_node; i++) {
        SOMA_TRY(count_node(walk, function->node[i], true));
        SOMA_TRY(count_inside(walk, function->node[i]));
    }
    walk->deep--;
    walk->opset = opset;
    return SOMA_OK;
}

/* Graphs that are attributes: branches of If, bodies of Loop and Scan; and functions. */
static soma_status count_inside(op_walk *walk, const Soma__Onnx__NodeProto *node) {
    SOMA_TRY(count_function(walk, node));
    const bool branch = soma_onnx_is_standard(node->domain) && node->op_type && strcmp(node->op_type, "If") == 0;
    walk->branches += branch;
    for (size_t i = 0; i < node->n_attribute; i++) {
        const Soma__Onnx__AttributeProto *attribute = node->attribute[i];
        SOMA_TRY(count_graph(walk, attribute->g));
        for (size_t j = 0; j < attribute->n_graphs; j++) SOMA_TRY(count_graph(walk, attribute->graphs[j]));
    }
    walk->branches -= branch;
    return SOMA_OK;
}

soma_status soma_onnx_count_ops(const soma_onnx_file *file, const soma_onnx_selection *selection, soma_onnx_ops *ops) {
    const Soma__Onnx__GraphProto *graph = file->model->graph;
    op_walk walk = {.file = file, .selection = selection, .ops = ops, .opset = file->opset};
    soma_status status = SOMA_OK;
    *ops = (soma_onnx_ops){.use = NULL};
    walk.seen = soma_calloc(file->model->n_functions + 1, sizeof *walk.seen);
    if (!walk.seen) return soma_out_of_memory(file->model->n_functions, "the functions of a model");
    for (size_t i = 0; i < graph->n_node && status == SOMA_OK; i++) {
        if (!soma_onnx_needs_node(selection, i)) continue;
        walk.node = i;
        status = count_node(&walk, graph->node[i], false);
        if (status == SOMA_OK) status = count_inside(&walk, graph->node[i]);
    }
    soma_free(walk.seen);
    return status;
}

void soma_onnx_ops_clear(soma_onnx_ops *ops) {
    soma_words_clear(&ops->names);
    soma_free(ops->use);
    *ops = (soma_onnx_ops){.use = NULL};
}

/* ------------------------------------------------------------------------------------------------- those missing */

static void append_use(soma_text *list, const char *name, const soma_onnx_op_use *use, int64_t opset) {
    bool one = use->count == 1;
    soma_text_append(list, "\n  %s: %zu node%s, %s%s%s node %zu", soma_quote(name, strlen(name)).text, use->count,
                     one ? "" : "s", one ? "" : "the first ", soma_quote(use->label, strlen(use->label)).text,
                     use->inside ? " inside" : ",", use->first);
    if (use->since) soma_text_append(list, "; there is this op since opset %" PRId64, use->since);
    if (use->since && use->opset != opset) soma_text_append(list, ", but it is of opset %" PRId64 " there", use->opset);
}

static soma_status refuse_ops(const soma_onnx_file *file, const soma_onnx_ops *ops) {
    enum { MOST_LISTED = 50 };
    soma_text list = {.data = NULL};
    size_t missing = 0;
    for (size_t i = 0; i < ops->names.count; i++) {
        if (ops->use[i].supported || missing++ >= MOST_LISTED) continue;
        append_use(&list, ops->names.words[i].text, &ops->use[i], file->opset);
    }
    if (missing > MOST_LISTED) soma_text_append(&list, "\n  and %zu more ops", missing - MOST_LISTED);
    soma_status status = list.failed
                             ? soma_out_of_memory(list.length, "a list of ops")
                             : soma_error(SOMA_UNSUPPORTED,
                                          "%zu of %zu nodes are of ops that soma does not have in opset %" PRId64 ":%s",
                                          ops->unsupported, ops->nodes, file->opset, list.data);
    soma_free(list.data);
    return status;
}

/* Of ONNX's own domain, or of that of its classical machine learning. */
static bool is_any_of(const soma_onnx_ops *ops, bool learning) {
    for (size_t i = 0; i < ops->names.count; i++)
        if ((ops->use[i].supported || ops->use[i].since) &&
            (learning ? ops->use[i].domain && strcmp(ops->use[i].domain, SOMA_ONNX_ML) == 0 : !ops->use[i].domain))
            return true;
    return false;
}

soma_status soma_onnx_check_ops(const soma_onnx_file *file, const soma_onnx_selection *selection) {
    soma_onnx_ops ops;
    soma_status status = soma_onnx_count_ops(file, selection, &ops);
    for (unsigned learning = 0; learning < 2; learning++)
        if (status == SOMA_OK && !(learning ? file->learning_opset : file->opset) && is_any_of(&ops, learning))
            status = soma_error(SOMA_INVALID_FILE, "opset_import does not say which opset of %s the model is of",
                                learning ? SOMA_ONNX_ML : "ai.onnx");
    if (status == SOMA_OK && ops.unsupported) status = refuse_ops(file, &ops);
    soma_onnx_ops_clear(&ops);
    return status;
}
