/* SPDX-License-Identifier: MIT */
/* Rewrites that save passes over memory, and the removal of what nothing needs. Each computes what the plain graph
 * does. */
#include "graph/rewrites.h"

#include <string.h>

static bool is_figure_of(const soma_tensor *tensor, const soma_tensor *normalize) {
    return (tensor->op == SOMA_OP_SECOND || tensor->op == SOMA_OP_THIRD) && tensor->input[0] == normalize;
}

/* The function that a product applies to its result. */
static soma_unary_params function_of(const soma_tensor *product) {
    if (product->op == SOMA_OP_GEMM)
        return (soma_unary_params){product->attributes.gemm.function, product->attributes.gemm.a,
                                   product->attributes.gemm.b};
    return (soma_unary_params){product->attributes.conv.params.function, product->attributes.conv.params.a,
                               product->attributes.conv.params.b};
}

static void set_function(soma_tensor *product, soma_unary_params function) {
    if (product->op == SOMA_OP_GEMM) {
        product->attributes.gemm.function = function.function;
        product->attributes.gemm.a = function.a;
        product->attributes.gemm.b = function.b;
    } else {
        product->attributes.conv.params.function = function.function;
        product->attributes.conv.params.a = function.a;
        product->attributes.conv.params.b = function.b;
    }
}

/* f(a b + bias) where nothing else needs a b + bias: the product, or convolution, applies f while the result is in
 * registers. */
static soma_status fuse_product_function(soma_tensor *unary, const uint32_t *uses) {
    const soma_tensor *product = unary->input[0];
    bool is_product = product->op == SOMA_OP_GEMM || product->op == SOMA_OP_CONV || product->op == SOMA_OP_CONV_ADD ||
                      product->op == SOMA_OP_CONV_TRANSPOSE;
    if (!is_product || uses[product->id] != 1 || function_of(product).function != SOMA_IDENTITY) return SOMA_OK;
    soma_unary_params function = unary->attributes.unary;
    SOMA_TRY(soma_tensor_set_inputs(unary, product->input, product->input_count));
    unary->op = product->op;
    unary->attributes = product->attributes;
    set_function(unary, function);
    return SOMA_OK;
}

/* What is added to a convolution that nobody else needs joins its epilogue. Only to the later of two: so it is there.
 */
static soma_status fuse_addition(soma_tensor *sum, const uint32_t *uses) {
    bool first_is_later = sum->input[0]->id > sum->input[1]->id;
    const soma_tensor *conv = sum->input[first_is_later ? 0 : 1];
    soma_tensor *addend = sum->input[first_is_later ? 1 : 0];
    if (sum->attributes.binary.op != SOMA_BINARY_ADD || conv->op != SOMA_OP_CONV || uses[conv->id] != 1 ||
        function_of(conv).function != SOMA_IDENTITY || !soma_tensor_same_shape(conv, addend) ||
        soma_conv_is_product(conv))
        return SOMA_OK;
    soma_tensor *input[4] = {conv->input[0], conv->input[1], addend, conv->input_count > 2 ? conv->input[2] : NULL};
    SOMA_TRY(soma_tensor_set_inputs(sum, input, conv->input_count + 1));
    sum->op = SOMA_OP_CONV_ADD;
    sum->attributes = conv->attributes;
    return SOMA_OK;
}

/* Likewise f of what is normalised. Who needs its mean and inverse gets them from what takes its place. */
static soma_status fuse_normalize_function(soma_graph *graph, soma_tensor *unary, const uint32_t *uses) {
    soma_tensor *normalize = unary->input[0];
    uint32_t figures = 0;
    if (normalize->op != SOMA_OP_NORMALIZE || normalize->attributes.normalize.params.function != SOMA_IDENTITY)
        return SOMA_OK;
    for (uint32_t i = 0; i < graph->count; i++) figures += is_figure_of(graph->tensor[i], normalize);
    if (uses[normalize->id] != 1 + figures) return SOMA_OK;
    soma_unary_params function = unary->attributes.unary;
    SOMA_TRY(soma_tensor_set_inputs(unary, normalize->input, normalize->input_count));
    for (uint32_t i = 0; i < graph->count; i++)
        if (is_figure_of(graph->tensor[i], normalize)) graph->tensor[i]->input[0] = unary;
    unary->op = SOMA_OP_NORMALIZE;
    unary->attributes.normalize = normalize->attributes.normalize;
    unary->attributes.normalize.params.function = function.function;
    unary->attributes.normalize.params.a = function.a;
    unary->attributes.normalize.params.b = function.b;
    return SOMA_OK;
}

/* dz = dy f'(y) and then the sum of dz over the batch, and perhaps positions (the bias gradient): one pass makes both.
 */
static void fuse_bias_gradient(soma_tensor *reduce) {
    soma_tensor *gradient = reduce->input[0];
    if (gradient->op != SOMA_OP_UNARY_GRAD || !gradient->batched || reduce->attributes.reduce.op != SOMA_REDUCE_SUM ||
        reduce->attributes.reduce.axis != 0)
        return;
    gradient->op = SOMA_OP_BIAS_UNARY_GRAD;
    reduce->op = SOMA_OP_SECOND;
}

/* The place of the loss whose gradient this is; the graph's size if it has none any more. */
static uint32_t find_loss(const soma_graph *graph, const soma_tensor *gradient) {
    uint32_t inputs = gradient->input_count - 1;
    for (uint32_t i = 0; i < graph->count; i++) {
        const soma_tensor *loss = graph->tensor[i];
        if (loss->op == SOMA_OP_LOSS && loss->input_count == inputs &&
            memcmp(loss->input, gradient->input, inputs * sizeof *loss->input) == 0)
            return i;
    }
    return graph->count;
}

/* A constant that was repeated and scaled, as by the mean over steps, is one again. */
static bool becomes_constant(soma_tensor *factor) {
    const soma_tensor *from = factor;
    float scale = 1;
    for (; from->op == SOMA_OP_COPY || from->op == SOMA_OP_RESHAPE; from = from->input[0])
        if (from->op == SOMA_OP_COPY) scale *= from->attributes.copy.scale;
    if (from->op != SOMA_OP_FILL) return false;
    if (from == factor) return true;
    factor->op = SOMA_OP_FILL;
    factor->attributes = from->attributes;
    factor->attributes.fill.value *= scale;
    factor->input_count = 0;
    return true;
}

/*
 * From logits, a loss and its gradient need the same sum of powers: one pass makes both. It takes the place of the
 * loss, since metrics that add that up may come before the gradient; so the gradient's factor has to be a constant.
 */
static soma_status fuse_loss(soma_graph *graph, soma_tensor *gradient) {
    soma_tensor *factor = gradient->input[gradient->input_count - 1];
    uint32_t place = find_loss(graph, gradient);
    if (gradient->attributes.loss.params.kind != SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS || place == graph->count ||
        !becomes_constant(factor))
        return SOMA_OK;
    soma_tensor *loss = graph->tensor[place];
    SOMA_TRY(soma_tensor_set_inputs(loss, &gradient, 1));
    loss->op = SOMA_OP_SECOND;
    soma_graph_move(graph, gradient, place);
    soma_graph_move(graph, factor, place);
    return SOMA_OK;
}

/* Whether this is a plain product with weights of its own, of which nobody else needs the result. */
static bool can_take_factor(const soma_tensor *product, const uint32_t *uses) {
    bool is_plain = product->op == SOMA_OP_CONV || product->op == SOMA_OP_CONV_TRANSPOSE ||
                    (product->op == SOMA_OP_GEMM && product->attributes.gemm.beta == 0);
    return is_plain && product->batched && uses[product->id] == 1 && soma_tensor_is_settled(product->input[1]) &&
           (product->input_count < 3 || soma_tensor_is_settled(product->input[2])) &&
           function_of(product).function == SOMA_IDENTITY;
}

static bool has_figures(const soma_graph *graph, const soma_tensor *normalize) {
    for (uint32_t i = 0; i < graph->count; i++)
        if (is_figure_of(graph->tensor[i], normalize)) return true;
    return false;
}

static soma_status add_shaped(soma_graph *graph, soma_op op, soma_tensor **tensor, uint32_t rank, const size_t *shape) {
    soma_tensor *input = *tensor;
    soma_tensor_spec spec = {.op = op, .input_count = 1, .input = &input, .attributes = {.copy = {1}}, .rank = rank};
    memcpy(spec.shape, shape, rank * sizeof *shape);
    return soma_graph_add(graph, &spec, tensor);
}

/* A factor for each channel of the result, of which each group has some, becomes one for each element [in the group,
 * filter] of a transposed convolution's weight; its filters are shared out among the groups, too. */
static soma_status spread_factor(soma_graph *graph, const soma_tensor *conv, soma_tensor **factor) {
    const soma_tensor *weight = conv->input[1];
    size_t groups = conv->attributes.conv.params.groups, filters = weight->shape[weight->rank - 1],
           channels = weight->shape[weight->rank - 2];
    if (groups == 1) return add_shaped(graph, SOMA_OP_RESHAPE, factor, 2, (size_t[]){channels, 1});
    SOMA_TRY(add_shaped(graph, SOMA_OP_RESHAPE, factor, 2, (size_t[]){groups, channels}));
    SOMA_TRY(soma_graph_transpose(graph, *factor, (uint32_t[]){1, 0}, factor));
    SOMA_TRY(add_shaped(graph, SOMA_OP_RESHAPE, factor, 3, (size_t[]){channels, groups, 1}));
    SOMA_TRY(add_shaped(graph, SOMA_OP_COPY, factor, 3, (size_t[]){channels, groups, filters / groups}));
    return add_shaped(graph, SOMA_OP_RESHAPE, factor, 2, (size_t[]){channels, filters});
}

/* The weights with a factor for each column of the result. */
static soma_status add_scaled_weight(soma_graph *graph, const soma_tensor *product, soma_tensor *factor,
                                     soma_tensor **scaled) {
    if (product->op == SOMA_OP_GEMM && product->attributes.gemm.transpose_b) /* columns are rows there */
        SOMA_TRY(add_shaped(graph, SOMA_OP_RESHAPE, &factor, 2, (size_t[]){factor->shape[0], 1}));
    if (product->op == SOMA_OP_CONV_TRANSPOSE) SOMA_TRY(spread_factor(graph, product, &factor));
    return soma_graph_binary(graph, product->input[1], factor, SOMA_BINARY_MULTIPLY, scaled);
}

/*
 * (a b + bias - mean) inverse scale + offset, with figures that are given, is a product of other weights:
 * a (b factor) + (bias - mean) factor + offset. They are made of parameters alone, so not in each run.
 */
static soma_status fold_normalize(soma_graph *graph, uint32_t place, const uint32_t *uses) {
    soma_tensor *normalize = graph->tensor[place], *product = normalize->input[0], *factor, *input[3];
    uint32_t first = graph->count;
    if (!normalize->attributes.normalize.params.given || has_figures(graph, normalize) ||
        !can_take_factor(product, uses))
        return SOMA_OK;
    input[0] = product->input[0];
    SOMA_TRY(
        soma_normalize_line(graph, normalize, product->input_count > 2 ? product->input[2] : NULL, &factor, &input[2]));
    SOMA_TRY(add_scaled_weight(graph, product, factor, &input[1]));
    for (uint32_t i = first; i < graph->count; i++) {
        graph->tensor[i]->settled = graph->tensor[i]->op != SOMA_OP_FILL;
        soma_graph_move(graph, graph->tensor[i], place + i - first);
    }
    soma_unary_params function = {normalize->attributes.normalize.params.function,
                                  normalize->attributes.normalize.params.a, normalize->attributes.normalize.params.b};
    SOMA_TRY(soma_tensor_set_inputs(normalize, input, 3));
    normalize->op = product->op;
    normalize->attributes = product->attributes;
    set_function(normalize, function);
    return SOMA_OK;
}

static soma_status fold_all(soma_graph *graph) {
    uint32_t *uses = soma_graph_count_uses(graph);
    if (!uses) return soma_out_of_memory(graph->count * sizeof *uses, "the rewrites");
    soma_status status = SOMA_OK;
    for (uint32_t i = 0; status == SOMA_OK && i < graph->count; i++)
        if (graph->tensor[i]->op == SOMA_OP_NORMALIZE) status = fold_normalize(graph, i, uses);
    soma_free(uses);
    soma_graph_prune(graph); /* numbers them again */
    return status;
}

/* First, so that products are seen with their biases, and functions as such. */
static soma_status fuse_formulas(soma_graph *graph, unsigned which) {
    uint32_t *uses = soma_graph_count_uses(graph);
    if (!uses) return soma_out_of_memory(graph->count * sizeof *uses, "the rewrites");
    soma_status status = soma_graph_fuse_formulas(graph, which, uses);
    soma_free(uses);
    soma_graph_prune(graph); /* numbers them again */
    return status;
}

soma_status soma_graph_fuse(soma_graph *graph, unsigned which) {
    if (which & SOMA_FUSE_ATTENTION) {
        SOMA_TRY(soma_graph_fuse_attention(graph, NULL, 0));
        soma_graph_prune(graph);
    }
    if (which & (SOMA_FUSE_FORMULA | SOMA_FUSE_BIAS)) SOMA_TRY(fuse_formulas(graph, which));
    if (which & SOMA_FUSE_SETTLED) SOMA_TRY(soma_graph_settle(graph));
    if (which & SOMA_FUSE_FOLD) SOMA_TRY(fold_all(graph));
    uint32_t *uses = soma_graph_count_uses(graph);
    if (!uses) return soma_out_of_memory(graph->count * sizeof *uses, "the rewrites");
    soma_status status = SOMA_OK;
    for (uint32_t i = 0; status == SOMA_OK && i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if ((which & SOMA_FUSE_GEMM_FUNCTION) && tensor->op == SOMA_OP_UNARY && uses[i])
            status = fuse_product_function(tensor, uses);
        if (status == SOMA_OK && (which & SOMA_FUSE_NORMALIZE_FUNCTION) && tensor->op == SOMA_OP_UNARY && uses[i])
            status = fuse_normalize_function(graph, tensor, uses);
        if (status == SOMA_OK && (which & SOMA_FUSE_ADDITION) && tensor->op == SOMA_OP_BINARY && uses[i])
            status = fuse_addition(tensor, uses);
        if (status == SOMA_OK && (which & SOMA_FUSE_MATMUL) && uses[i]) status = soma_graph_fuse_matmul(tensor, uses);
        if ((which & SOMA_FUSE_BIAS_GRADIENT) && tensor->op == SOMA_OP_REDUCE) fuse_bias_gradient(tensor);
    }
    soma_free(uses);
    /* Last, as it changes the order. */
    for (uint32_t i = 0; status == SOMA_OK && (which & SOMA_FUSE_LOSS) && i < graph->count; i++)
        if (graph->tensor[i]->op == SOMA_OP_LOSS_GRAD) status = fuse_loss(graph, graph->tensor[i]);
    if (status == SOMA_OK && (which & SOMA_FUSE_GATHER)) status = soma_graph_fuse_gather(graph, false);
    if (status == SOMA_OK) soma_graph_prune(graph);
    return status;
}

soma_status soma_graph_change_input(soma_graph *graph, soma_tensor *input, soma_op op,
                                    const soma_attributes *attributes) {
    soma_tensor *changed;
    soma_tensor_spec spec = {
        .op = op, .input_count = 1, .input = &input, .attributes = *attributes, .name = input->name};
    uint32_t place = 0, last = graph->count;
    SOMA_TRY(soma_graph_add(graph, &spec, &changed));
    for (uint32_t i = 0; i < last; i++)
        for (uint32_t j = 0; j < graph->tensor[i]->input_count; j++)
            if (graph->tensor[i]->input[j] == input) graph->tensor[i]->input[j] = changed;
    while (graph->tensor[place] != input) place++;
    soma_graph_move(graph, changed, place + 1);
    soma_graph_prune(graph); /* numbers them again */
    return SOMA_OK;
}

bool soma_tensor_is_loss(const soma_tensor *tensor) {
    return tensor->op == SOMA_OP_LOSS || (tensor->op == SOMA_OP_SECOND && tensor->input[0]->op == SOMA_OP_LOSS_GRAD);
}

static bool has_effect(const soma_tensor *tensor) {
    switch (tensor->op) {
    case SOMA_OP_INPUT: /* inputs keep their numbers */
    case SOMA_OP_METRIC:
    case SOMA_OP_NORM:
    case SOMA_OP_OPTIMIZER:
        return true;
    default:
        return tensor->kept || (tensor->place != SOMA_PLACE_ARENA && tensor->op != SOMA_OP_PARAMETER);
    }
}

/* A device writes all results of ATTENTION_GRAD, whether anybody wants them or not. */
static bool is_made_anyway(const soma_tensor *tensor) {
    return (tensor->op == SOMA_OP_SECOND || tensor->op == SOMA_OP_THIRD) &&
           tensor->input[0]->op == SOMA_OP_ATTENTION_GRAD && tensor->input[0]->id != UINT32_MAX;
}

void soma_graph_prune(soma_graph *graph) {
    /* An id of UINT32_MAX marks what is not needed; ids are made again at the end. */
    for (uint32_t i = 0; i < graph->count; i++) graph->tensor[i]->id = has_effect(graph->tensor[i]) ? i : UINT32_MAX;
    for (uint32_t i = graph->count; i-- > 0;) {
        const soma_tensor *tensor = graph->tensor[i];
        for (uint32_t j = 0; tensor->id != UINT32_MAX && j < tensor->input_count; j++) tensor->input[j]->id = 0;
    }
    for (uint32_t i = 0; i < graph->count; i++)
        if (is_made_anyway(graph->tensor[i])) graph->tensor[i]->id = 0;
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if (tensor->id == UINT32_MAX) {
            soma_tensor_free(tensor);
            continue;
        }
        tensor->id = count;
        graph->tensor[count++] = tensor;
    }
    graph->count = count;
}
