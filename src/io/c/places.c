/* SPDX-License-Identifier: MIT */
/* Where each tensor lies: in the caller's arrays, or in the file's own memory while it is needed; and the function that
 * calls all others. */
#include "graph/place.h"
#include "io/c/writer.h"

typedef struct places {
    soma_block *block; /* of each tensor, then of each step's scratch memory */
    size_t *output;    /* of each root tensor: 1 + the number of the output in whose array it lies */
    bool *is_caller_s; /* of each root tensor: it lies in an array of the caller's */
} places;

static bool is_standardized(const soma_c_writer *writer) {
    return writer->network->preprocessing.mean != NULL;
}

/* Each result that is an output lies in the caller's array; inputs do, unless they are standardised. */
static void find_callers_arrays(const soma_c_writer *writer, places *at) {
    const soma_c_program *program = writer->program;
    for (uint32_t i = 0; i < program->graph.count; i++)
        at->is_caller_s[i] = program->graph.tensor[i]->op == SOMA_OP_INPUT && !is_standardized(writer);
    for (size_t i = 0; i < program->output_count; i++) {
        const soma_tensor *root = soma_tensor_root(program->output[i]);
        if (!program->changes[root->id] || root->op == SOMA_OP_INPUT || at->output[root->id]) continue;
        at->output[root->id] = i + 1;
        at->is_caller_s[root->id] = true;
    }
}

static void extend_life(places *at, const soma_tensor *root, size_t position) {
    soma_block *block = &at->block[root->id];
    if (at->is_caller_s[root->id]) return;
    if (block->size == 0) {
        block->size = soma_tensor_count(root) * sizeof(float);
        block->first = root->op == SOMA_OP_INPUT ? 0 : position;
    }
    block->last = SOMA_MAX(block->last, position);
}

/* The view number `index` that a step takes: its product's input for the product. */
static const soma_view *view_of(const soma_c_writer *writer, const soma_c_step *step, uint32_t index) {
    const size_t product = writer->program->product[step->call];
    const soma_call *calls = writer->program->lowering.calls;
    return index == 0 && product != SOMA_C_NONE ? &calls[product].view[0] : &calls[step->call].view[index];
}

/* Steps count from 1: before them inputs are standardised. */
static void find_lives(const soma_c_writer *writer, places *at) {
    const soma_c_program *program = writer->program;
    for (size_t i = 0; i < writer->step_count; i++) {
        const soma_c_step *step = &writer->steps[i];
        const soma_call *call = &program->lowering.calls[step->call];
        for (uint32_t j = 0; j < call->view_count; j++) {
            const soma_view *view = view_of(writer, step, j);
            if (soma_c_view_changes(program, view)) extend_life(at, soma_c_root(view), i + 1);
        }
        at->block[program->graph.count + i] = (soma_block){step->scratch * sizeof(float), i + 1, i + 1, 0};
    }
    for (size_t i = 0; i < program->output_count; i++) {
        const soma_tensor *root = soma_tensor_root(program->output[i]);
        if (program->changes[root->id]) extend_life(at, root, writer->step_count + 1);
    }
    for (uint32_t i = 0; i < program->graph.count; i++)
        if (program->graph.tensor[i]->op == SOMA_OP_INPUT) extend_life(at, program->graph.tensor[i], 0);
}

static soma_c_expression memory_at(const soma_c_writer *writer, size_t bytes, size_t elements) {
    soma_c_expression out;
    const size_t place = bytes / sizeof(float) + elements;
    const soma_c_name memory = soma_c_prefixed(writer, "memory");
    if (place)
        snprintf(out.text, sizeof out.text, "%s + %zu", memory.text, place);
    else
        snprintf(out.text, sizeof out.text, "%s", memory.text);
    return out;
}

/* The number of an input among the network's: they keep their order. */
static size_t input_number(const soma_c_writer *writer, const soma_tensor *input) {
    size_t number = 0;
    for (uint32_t i = 0; i < input->id; i++) number += writer->program->graph.tensor[i]->op == SOMA_OP_INPUT;
    return number;
}

static soma_c_expression place_of(const soma_c_writer *writer, const places *at, const soma_tensor *root,
                                  size_t elements) {
    if (!at->is_caller_s[root->id]) return memory_at(writer, at->block[root->id].offset, elements);
    soma_c_expression out;
    const size_t output = at->output[root->id];
    const soma_c_name port =
        output ? soma_c_port(writer, true, output - 1) : soma_c_port(writer, false, input_number(writer, root));
    if (elements)
        snprintf(out.text, sizeof out.text, "%s + %zu", port.text, elements);
    else
        snprintf(out.text, sizeof out.text, "%s", port.text);
    return out;
}

/* ------------------------------------------------------------------------------------------------------------ text */

static void put_step(soma_c_writer *writer, const places *at, size_t number) {
    const soma_c_step *step = &writer->steps[number];
    const soma_call *call = &writer->program->lowering.calls[step->call];
    const char *separator = "";
    soma_text_append(&writer->run, "    %s(", step->function.text);
    for (int written = 0; written < 2; written++)
        for (uint32_t j = 0; j < call->view_count; j++) {
            const soma_view *view = view_of(writer, step, j);
            if (!soma_c_view_changes(writer->program, view) || soma_call_writes(call, j) != (bool)written) continue;
            const size_t elements = view->offset / soma_dtype_size(view->dtype);
            soma_text_append(&writer->run, "%s%s", separator, place_of(writer, at, soma_c_root(view), elements).text);
            separator = ", ";
        }
    if (step->scratch)
        soma_text_append(&writer->run, ", %s",
                         memory_at(writer, at->block[writer->program->graph.count + number].offset, 0).text);
    soma_text_append(&writer->run, ");\n");
}

/* Inputs that were standardised in training are here, too: (x - mean) * scale, scale the inverse of the deviation. The
 * mean is two numbers, for where it is large beside the deviation one of them has too few digits. */
static soma_status put_standardization(soma_c_writer *writer, const places *at) {
    const soma_preprocessing *kept = &writer->network->preprocessing;
    if (!is_standardized(writer)) return SOMA_OK;
    static const char *const names[] = {"standard_mean", "standard_mean_rest", "standard_scale"};
    soma_c_name name[SOMA_COUNT_OF(names)];
    float *values = soma_calloc(kept->width, sizeof *values);
    if (!values) return soma_out_of_memory(kept->width * sizeof *values, "the C file");
    soma_status status = SOMA_OK;
    for (size_t i = 0; status == SOMA_OK && i < SOMA_COUNT_OF(names); i++) {
        for (size_t j = 0; j < kept->width; j++) {
            const float mean = (float)kept->mean[j];
            values[j] = i == 0 ? mean : i == 1 ? (float)(kept->mean[j] - (double)mean) : (float)kept->scale[j];
        }
        status = soma_c_take_name(writer, names[i], &name[i]);
        if (status == SOMA_OK) status = soma_c_put_array(writer, name[i].text, values, kept->width);
    }
    soma_free(values);
    SOMA_TRY(status);
    const soma_c_name function = soma_c_prefixed(writer, "standardize");
    soma_text_append(&writer->functions,
                     "/* As the inputs were standardised in training: scale is 1 / their standard deviation. */\n"
                     "static void %s(const float *x, const float *mean, const float *rest, const float *scale, float "
                     "*y, long count) {\n"
                     "    /* The mean is mean + rest: one number has too few digits where it is large. */\n"
                     "    for (long i = 0; i < count; i++) y[i] = ((x[i] - mean[i]) - rest[i]) * scale[i];\n}\n\n",
                     function.text);
    size_t offset = 0, number = 0;
    for (uint32_t i = 0; i < writer->program->graph.count; i++) {
        const soma_tensor *input = writer->program->graph.tensor[i];
        if (input->op != SOMA_OP_INPUT) continue;
        char at_offset[32] = "";
        if (offset) snprintf(at_offset, sizeof at_offset, " + %zu", offset);
        soma_text_append(&writer->run, "    %s(%s, %s%s, %s%s, %s%s, %s, %zu);\n", function.text,
                         soma_c_port(writer, false, number++).text, name[0].text, at_offset, name[1].text, at_offset,
                         name[2].text, at_offset, place_of(writer, at, input, 0).text, soma_tensor_count(input));
        offset += soma_tensor_count(input);
    }
    return SOMA_OK;
}

/* What is there elsewhere, or before anything runs, is copied. */
static soma_status put_outputs(soma_c_writer *writer, const places *at) {
    for (size_t i = 0; i < writer->program->output_count; i++) {
        const soma_tensor *root = soma_tensor_root(writer->program->output[i]);
        if (at->output[root->id] == i + 1) continue;
        soma_c_expression from;
        if (writer->program->changes[root->id])
            from = place_of(writer, at, root, 0);
        else {
            soma_c_name name;
            SOMA_TRY(soma_c_take_name(writer, "constant", &name));
            SOMA_TRY(soma_c_put_array(writer, name.text, writer->program->value[root->id], soma_tensor_count(root)));
            snprintf(from.text, sizeof from.text, "%s", name.text);
        }
        soma_text_append(&writer->run, "    for (long i = 0; i < %zu; i++) %s[i] = (%s)[i];\n", soma_tensor_count(root),
                         soma_c_port(writer, true, i).text, from.text);
    }
    return SOMA_OK;
}

/* A compiler would tell of an argument that nothing uses. */
static bool is_read(const soma_c_writer *writer, const soma_tensor *input) {
    for (size_t i = 0; i < writer->step_count; i++)
        for (uint32_t j = 0; j < SOMA_CALL_MAX_VIEWS; j++) {
            const soma_view *view = view_of(writer, &writer->steps[i], j);
            if (view->rank && soma_c_root(view) == input) return true;
        }
    return is_standardized(writer);
}

static void put_unread(soma_c_writer *writer) {
    for (uint32_t i = 0; i < writer->program->graph.count; i++) {
        const soma_tensor *input = writer->program->graph.tensor[i];
        if (input->op == SOMA_OP_INPUT && !is_read(writer, input))
            soma_text_append(&writer->run, "    (void)%s;\n",
                             soma_c_port(writer, false, input_number(writer, input)).text);
    }
}

static soma_status put_run(soma_c_writer *writer, places *at) {
    find_callers_arrays(writer, at);
    find_lives(writer, at);
    const size_t blocks = writer->program->graph.count + writer->step_count;
    SOMA_TRY(soma_place_blocks(at->block, blocks, sizeof(float), &writer->memory_bytes));
    put_unread(writer);
    SOMA_TRY(put_standardization(writer, at));
    for (size_t i = 0; i < writer->step_count; i++) put_step(writer, at, i);
    return put_outputs(writer, at);
}

soma_status soma_c_put_run(soma_c_writer *writer) {
    const size_t tensors = writer->program->graph.count;
    places at = {.block = soma_calloc(tensors + writer->step_count, sizeof(soma_block)),
                 .output = soma_calloc(tensors, sizeof(size_t)),
                 .is_caller_s = soma_calloc(tensors, sizeof(bool))};
    soma_status status = at.block && at.output && at.is_caller_s
                             ? put_run(writer, &at)
                             : soma_out_of_memory(tensors * sizeof(soma_block), "the C file");
    soma_free(at.block);
    soma_free(at.output);
    soma_free(at.is_caller_s);
    return status;
}
