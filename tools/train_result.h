/* SPDX-License-Identifier: MIT */
/* One training of the program, and how it is told: to people, as JSON, in the plot's heading. */
#ifndef SOMA_TOOLS_TRAIN_RESULT_H
#define SOMA_TOOLS_TRAIN_RESULT_H

#include "board.h"
#include "data.h"
#include "distributed.h"
#include "forecast.h"
#include "model.h"
#include "profile.h"
#include "progress.h"

struct training {
    const struct settings *settings;
    struct data data;
    const char *net; /* its text; NULL: loaded from a file */
    soma_network *network;
    model_options options;
    soma_device *device;
    struct progress progress;
    struct board board;
    soma_history history;
    double history_kept; /* when, by clock_since_start() */
    bool repeated;       /* one of several, told by what comes out */
    double decay;        /* of the weights, where nobody has said any; 0: none */
    report *object;      /* begun for --json, or NULL */
    struct distributed distributed;
    bool fitted; /* soma_fit() has returned: other processes know how it ended */
    bool interrupted;
    bool streamed; /* the data to train on, since they do not lie on the device */
    bool tested;
    soma_metrics test;
    double mean_loss;           /* see baseline_tell(); NAN where there is none */
    struct forecasts forecasts; /* of the test windows of a series */
    soma_device_memory memory;  /* that training and testing took */
    struct profile profile;
};

void training_say_start(const struct training *training);
void training_say_end(const struct training *training);
void training_say_result(const struct training *training);
void training_report(struct training *training);
void training_caption(const struct training *training, char *title, size_t title_size, char *subtitle,
                      size_t subtitle_size);

#endif
