/* SPDX-License-Identifier: MIT */
/* See baseline.h. */
#include "baseline.h"
#include "model.h"
#include <math.h>
#include <stdlib.h>

/* Mean over samples and units of the loss that each unit's mean has; NAN where it cannot be had. */
static double loss_of_mean(const soma_dataset *dataset, const soma_dataset_info *info, bool squared) {
    size_t width = 1;
    for (uint32_t i = 0; i < info->target_rank[0]; i++) width *= info->target_shape[0][i];
    float *targets = malloc(info->samples * width * sizeof *targets);
    double loss = NAN;
    if (targets && soma_dataset_read_target(dataset, 0, 0, info->samples, targets) == SOMA_OK) {
        loss = 0;
        for (size_t j = 0; j < width; j++) {
            double mean = 0, sum = 0;
            for (size_t i = 0; i < info->samples; i++) mean += (double)targets[i * width + j] / (double)info->samples;
            for (size_t i = 0; i < info->samples; i++) {
                double distance = fabs((double)targets[i * width + j] - mean);
                sum += squared ? distance * distance : distance;
            }
            loss += sum / (double)info->samples / (double)width;
        }
    }
    free(targets);
    return loss;
}

double baseline_tell(const soma_network *network, const soma_dataset *dataset, const soma_metrics *measured) {
    soma_dataset_info info;
    soma_loss loss = model_loss(network);
    soma_dataset_get_info(dataset, &info);
    bool squared = loss == SOMA_MEAN_SQUARED_ERROR || loss == SOMA_LOSS_DEFAULT;
    if (info.masked && info.targets && info.target_rank[0] > 0 && info.target_shape[0][0] == info.input_shape[0][0])
        return NAN; /* of steps, of which some are not there */
    if (info.targets != 1 || info.classes || measured->weighted || (!squared && loss != SOMA_MEAN_ABSOLUTE_ERROR))
        return NAN;
    double mean = loss_of_mean(dataset, &info, squared);
    if (isfinite(mean) && !(measured->loss <= mean))
        warn("the loss of %.6g is worse than the %.6g of always saying the mean of these samples' targets: nothing of "
             "use "
             "was learnt yet",
             measured->loss, mean);
    return mean;
}
