/* SPDX-License-Identifier: MIT */
/* NORMALIZE. */
#include "device/reference/normalize.h"

typedef struct figures {
    double mean, variance;
} figures;

static double mean_of(const soma_view *x, const part *p, double center, bool squares) {
    double sum = 0.0;
    for (size_t i = 0; i < p->count; i++) {
        double difference = part_get(p, x, i) - center;
        sum += squares ? difference * difference : difference;
    }
    return p->count ? sum / (double)p->count : 0.0;
}

static figures figures_of(const soma_call *call, const part *p) {
    const soma_view *x = &call->view[0];
    figures found = {0.0, 0.0};
    if (call->params.normalize.given)
        return (figures){soma_element_get(&call->view[3], p->group), soma_element_get(&call->view[4], p->group)};
    if (call->params.normalize.centered) found.mean = mean_of(x, p, 0.0, false);
    found.variance = mean_of(x, p, found.mean, true);
    return found;
}

static void update(const soma_view *running, size_t index, double momentum, double figure) {
    soma_element_set(running, index, momentum * soma_element_get(running, index) + (1.0 - momentum) * figure);
}

static void update_running(const soma_call *call, const part *p, figures found) {
    const soma_normalize_params *params = &call->params.normalize;
    if (!soma_view_present(&call->view[3]) || params->given || p->count == 0) return;
    double count = (double)p->count, divisor = params->sample_variance ? fmax(1.0, count - 1.0) : count;
    update(&call->view[3], p->group, (double)params->momentum, found.mean);
    update(&call->view[4], p->group, (double)params->momentum, found.variance * count / divisor);
}

static void keep(const soma_view *view, size_t index, double value) {
    if (soma_view_present(view)) soma_element_set(view, index, value);
}

static void normalize_part(const soma_call *call, size_t index) {
    const soma_normalize_params *params = &call->params.normalize;
    const part p = part_of(&call->view[0], index);
    figures found = figures_of(call, &p);
    double inverse = 1.0 / sqrt(found.variance + (double)params->epsilon);
    update_running(call, &p, found);
    keep(&call->view[6], index, found.mean);
    keep(&call->view[7], index, inverse);
    for (size_t i = 0; i < p.count; i++) {
        size_t channel = part_channel(&p, i);
        double value = (part_get(&p, &call->view[0], i) - found.mean) * inverse;
        value = value * get_or(&call->view[1], channel, 1.0) + get_or(&call->view[2], channel, 0.0);
        soma_element_set(&call->view[5], part_position(&p, i),
                         soma_reference_function(params->function, value, (double)params->a, (double)params->b));
    }
}

soma_status soma_reference_normalize(const soma_call *call) {
    size_t parts = call->view[0].shape[0] * call->view[0].shape[2];
    for (size_t i = 0; i < parts; i++) normalize_part(call, i);
    return SOMA_OK;
}
