/* SPDX-License-Identifier: MIT */
/* The attributes of support vector machines. */
#include "io/onnx/svm.h"

#include <string.h>

soma_status soma_onnx_read_machine(soma_onnx_node *node, size_t features, soma_onnx_machine *all) {
    static const double none[3] = {0};
    size_t elements, parameters;
    all->features = features;
    SOMA_TRY(soma_onnx_get_text(node, "kernel_type", "LINEAR", all->type, sizeof all->type));
    SOMA_TRY(soma_onnx_get_numbers(node, "support_vectors", &all->vector, &elements));
    SOMA_TRY(soma_onnx_get_numbers(node, "coefficients", &all->coefficient, &all->coefficients));
    SOMA_TRY(soma_onnx_get_numbers(node, "rho", &all->rho, &all->rhos));
    SOMA_TRY(soma_onnx_get_numbers(node, "kernel_params", &all->kernel, &parameters));
    if (strcmp(all->type, "LINEAR") != 0 && strcmp(all->type, "POLY") != 0 && strcmp(all->type, "RBF") != 0 &&
        strcmp(all->type, "SIGMOID") != 0)
        return soma_error(SOMA_INVALID_FILE, "kernel_type is %s; LINEAR, POLY, RBF and SIGMOID are known", all->type);
    if (parameters == 0) all->kernel = none;
    if ((parameters && parameters != 3) || elements != all->vectors * features)
        return soma_error(SOMA_INVALID_FILE,
                          "kernel_params has %zu elements, it must have gamma, coef0 and degree; support_vectors has "
                          "%zu elements, for %zu vectors of %zu features",
                          parameters, elements, all->vectors, features);
    return SOMA_OK;
}

soma_status soma_onnx_read_starts(soma_onnx_node *node, size_t classes, size_t *start) {
    const Soma__Onnx__AttributeProto *each = soma_onnx_attribute(node, "vectors_per_class");
    if (!each || each->n_ints != classes)
        return soma_error(SOMA_UNSUPPORTED, "vectors_per_class must have a number for each of %zu classes", classes);
    start[0] = 0;
    for (size_t i = 0; i < classes; i++) {
        if (each->ints[i] < 0 || each->ints[i] > INT32_MAX)
            return soma_error(SOMA_INVALID_FILE, "class %zu has %lld support vectors", i, (long long)each->ints[i]);
        start[i + 1] = start[i] + (size_t)each->ints[i];
    }
    return start[classes] ? SOMA_OK : soma_error(SOMA_INVALID_FILE, "no class has support vectors");
}
