/* SPDX-License-Identifier: MIT */
/* The options of all commands: one table drives the parser, the messages about wrong values, and the help. */
#ifndef SOMA_TOOLS_OPTIONS_H
#define SOMA_TOOLS_OPTIONS_H

#include "program.h"

#define OPTION_ROW_LIMIT 160

struct shape {
    uint32_t rank; /* 0: not given */
    size_t size[SOMA_MAX_RANK];
};

enum unknown_classes { UNKNOWN_CLASSES_ERROR, UNKNOWN_CLASSES_IGNORE };
enum part { PART_DEFAULT, PART_TRAIN, PART_VALIDATION, PART_TEST, PART_ALL };
enum mode { MODE_TRAIN, MODE_INFER };

/* What the command line says. Texts NULL, numbers NaN where nothing was given and there is no default. */
struct settings {
    enum command command;
    const char *operand[2]; /* files of convert, show, data and watch */
    /* data */
    const char *data, *labels, *label, *class_weights, *positive_weights, *threshold;
    const char *separator, *gaps;
    bool as_text, as_table;   /* --text, --table: whatever the name says */
    const char *tokens;       /* a soma_tokens by name, or a file */
    uint64_t vocabulary;      /* tokens that tokenizer makes at most */
    uint64_t window, stride;  /* of a text or a series; 0: not given */
    uint64_t horizon, season; /* of a series; likewise */
    const char *prefix;       /* of the names in a C file */
    uint64_t opset;           /* of an ONNX model, at most; 0: not given */
    /* generate */
    const char *prompt;
    uint64_t length;
    double temperature, top_p;
    uint64_t most_likely;    /* --top-k; 0: all */
    struct shape image_size; /* rank 0: not given */
    int image_fit;
    int header; /* 1, -1, 0: look */
    bool grey, regression, classification;
    int unknown_classes;
    int missing; /* soma_missing */
    int part;
    uint64_t max_categories, hash_buckets;
    int dates; /* soma_dates - 1 */
    bool indicator;
    double test;
    int standardize;  /* 1, -1, 0: by the kind of data */
    int scale_target; /* 1, -1, 0: where it can be */
    /* network */
    const char *augment;
    const char *net, *model, *outputs, *input_shapes, *load, *weights, *weights_map, *freeze, *rates, *l2_of, *l1_of;
    /* loss and metrics */
    int loss;
    double huber_delta, label_smoothing, focal_gamma, focal_alpha;
    const char *quantiles;
    const char *metrics;
    uint64_t top_k;
    /* optimizer */
    int optimizer, schedule;
    double learning_rate, momentum, beta1, beta2, rho, epsilon, l2, l1, decay, clip_value, clip_norm;
    uint64_t warmup, period, patience;
    double factor, floor, plateau_delta;
    /* training */
    uint64_t epochs, batch, early_stopping;
    const char *space, *results;
    uint64_t trials;
    uint64_t folds, seeds; /* 0: one training */
    const char *group_column, *time_column, *weight_column, *id_column;
    soma_csv_sequences sequences; /* column NULL: rows are samples, or as the model knows */
    const char *columns, *ignore; /* lists */
    const char *validation_data, *test_data;
    double validation, min_delta;
    int split_by; /* soma_division_by */
    int monitor;
    int distributed; /* 0: alone, 1: mpi */
    int wire;        /* soma_wire */
    uint64_t bucket; /* bytes */
    bool restore_best, no_shuffle, repeatable, sync_batchnorm;
    const char *checkpoint, *resume, *find_rate;
    uint64_t every; /* steps; 0: an epoch */
    uint64_t shards;
    /* results */
    const char *save, *history, *plot, *tensorboard, *output, *filters, *mistakes;
    uint64_t worst;
    bool raw, report;
    /* bench */
    int mode;
    uint64_t steps; /* 0: not given */
    double seconds;
    bool profile; /* train too */
    bool peak, time;
    bool reset, verbose; /* tune; devices */
    bool once;           /* watch */
    const char *sizes;   /* tune */
    /* general */
    const char *device;
    uint64_t threads, memory_limit, data_memory, seed;
    bool json, quiet, help;

    bool given[OPTION_ROW_LIMIT]; /* by row of the table; see option_given() */
};

/* Whether the option that sets this field of the settings was on the command line. */
#define option_given(settings, field) option_given_at(settings, offsetof(struct settings, field))
bool option_given_at(const struct settings *settings, size_t offset);

/* Reads the arguments of a command (arguments[0] is its name). STATUS_USAGE with a message where something is wrong. */
exit_status options_parse(enum command command, int count, char **arguments, struct settings *settings);

/* Whether the word is among the arguments: asked before they are parsed, for the form of the messages. */
bool options_contain(int count, char **arguments, const char *word);

/* The options of a command, as its --help lists them. */
void options_print_help(enum command command, FILE *stream);

/* The value of `--metric`: names separated by commas. */
exit_status options_parse_metrics(const char *text, soma_metric metrics[SOMA_MAX_METRICS]);

#endif
