/* SPDX-License-Identifier: MIT */
/* The table of options. */
#include "option_table.h"

#define FIELD(name) offsetof(struct settings, name)
#define SEARCH      (1u << COMMAND_SEARCH)
#define TRAIN_ALONE (1u << COMMAND_TRAIN) /* for one training, not for many that are compared */
#define TRAIN       (TRAIN_ALONE | SEARCH)
#define EVALUATE    (1u << COMMAND_EVALUATE)
#define PREDICT     (1u << COMMAND_PREDICT)
#define SUMMARY     (1u << COMMAND_SUMMARY)
#define DEVICES     (1u << COMMAND_DEVICES)
#define CHECK       (1u << COMMAND_CHECK)
#define BENCH       (1u << COMMAND_BENCH)
#define TUNE        (1u << COMMAND_TUNE)
#define SHOW        (1u << COMMAND_SHOW)
#define GENERATE    (1u << COMMAND_GENERATE)
#define WATCH       (1u << COMMAND_WATCH)
#define TOKENIZER   (1u << COMMAND_TOKENIZER)
#define READS       (TRAIN | EVALUATE | PREDICT) /* commands that read data */
#define LOOK        (1u << COMMAND_DATA)
#define LOOKS       (READS | LOOK)                         /* and that look at them */
#define FILES       (1u << COMMAND_CONVERT | SHOW | WATCH) /* no device is needed */
#define NO_DEVICE   (FILES | LOOK | TOKENIZER)
#define ALL         ((1u << COMMAND_COUNT) - 1)

/* Seeds stay below 2^53, so that every JSON reader gives them back exactly. */
#define SEEDS     "[0, 9007199254740992]"
#define ANY_COUNT "[1, 4294967295]"

/* clang-format off */
const option_row option_table[] = {
    {.group = "Search", .name = "space", .type = OPTION_TEXT, .offset = FIELD(space), .commands = SEARCH, .argument = "FILE",
     .help = "JSON: the name of each option to vary, with a list of values or {\"min\": X, \"max\": Y}, perhaps with \"log\": true"},
    {.name = "trials", .type = OPTION_COUNT, .offset = FIELD(trials), .commands = SEARCH, .argument = "N", .fallback = "30", .interval = "[1, 10000]",
     .help = "how many points of the space are drawn, by --seed"},
    {.name = "results", .type = OPTION_TEXT, .offset = FIELD(results), .commands = SEARCH, .argument = "FILE",
     .help = "a line of JSON for each trial, written after each; where it is there, the search goes on after its last"},

    {.group = "Data", .name = "data", .letter = 'd', .type = OPTION_TEXT, .offset = FIELD(data), .commands = READS, .argument = "WHAT",
     .fallback = "digits",
     .help = "digits (8x8 pixels, comes with soma); a directory in MNIST's naming; a directory of pictures (PNG, JPEG) in a folder for "
             "each class, perhaps in train and test; a CSV file; a text (.txt, .md); an NPZ archive of x and y, or of x_train, y_train, x_test, y_test; or an "
             "IDX or NPY file, with --labels. CSV and IDX may be gzipped. To predict, also one picture, or a directory of them. "
             "A table may come through a pipe, - is stdin"},
    {.name = "data", .letter = 'd', .type = OPTION_TEXT, .offset = FIELD(data), .commands = TOKENIZER, .argument = "FILE",
     .help = "the text that the vocabulary is learnt of, whatever its name is"},
    {.name = "labels", .type = OPTION_TEXT, .offset = FIELD(labels), .commands = LOOKS, .argument = "FILE",
     .help = "the file of the labels that belong to the IDX or NPY file of --data, of the same kind"},
    {.name = "label", .type = OPTION_TEXT, .offset = FIELD(label), .commands = LOOKS, .argument = "COLUMN",
     .help = "CSV: the column to predict, by name or by number from 1, or several, listed as for --columns: numbers, or labels where all are 0 or 1; none: there is "
             "none (default: the last, or what the model was trained with); to predict, nothing need be in it"},
    {.name = "target", .type = OPTION_TEXT, .offset = FIELD(label), .commands = LOOKS, .argument = "COLUMN",
     .help = "the same as --label"},
    {.name = "columns", .type = OPTION_TEXT, .offset = FIELD(columns), .commands = TRAIN | LOOK, .argument = "LIST",
     .help = "CSV: the features (default: all columns that are nothing else), separated by commas: names, numbers from 1, ranges as age:height or 2:5, "
             "patterns as 'x_*', in which ? is one character; a name with such characters or a comma in it goes in quotes"},
    {.name = "ignore", .type = OPTION_TEXT, .offset = FIELD(ignore), .commands = TRAIN | LOOK, .argument = "LIST",
     .help = "CSV: columns that are no features, listed in the same way. The model keeps which"},
    {.name = "weight-column", .type = OPTION_TEXT, .offset = FIELD(weight_column), .commands = TRAIN | EVALUATE | LOOK, .argument = "COLUMN",
     .help = "CSV: by name or number from 1, how much each row counts in the loss, a number from 0 on; it is no feature (default: what the model was "
             "trained with)"},
    {.name = "id-column", .type = OPTION_TEXT, .offset = FIELD(id_column), .commands = LOOKS, .argument = "COLUMN",
     .help = "CSV: by name or number from 1, what tells rows apart; it is no feature, and comes first in what predict writes (default: what the model was "
             "trained with)"},
    {.name = "sequence-column", .type = OPTION_TEXT, .offset = FIELD(sequences.column), .commands = LOOKS, .argument = "COLUMN",
     .help = "CSV in long form: by name or number from 1, what says which rows are the steps of one sequence, which is a sample then; in the order of the file, or of "
             "--time-column. It comes first in what predict writes (default: what the model was trained with)"},
    {.name = "sequence-steps", .type = OPTION_COUNT, .offset = FIELD(sequences.steps), .commands = TRAIN, .argument = "N", .interval = "[1, 1048576]",
     .help = "sequences: how many steps samples have, so that others may be longer than those that are trained on (default: as many as the longest)"},
    {.name = "label-per-step", .type = OPTION_FLAG, .offset = FIELD(sequences.label_per_step), .commands = LOOKS,
     .help = "sequences: each row has a label of its own: a word, or a whole number from 0 on, is its class (default: one for each sequence, the same in all its rows)"},
    {.name = "header", .type = OPTION_SET, .offset = FIELD(header), .value = 1, .commands = LOOKS,
     .help = "CSV: the first line names the columns (default: look)"},
    {.name = "no-header", .type = OPTION_SET, .offset = FIELD(header), .value = -1, .commands = LOOKS,
     .help = "CSV: the first line is data"},
    {.name = "separator", .type = OPTION_TEXT, .offset = FIELD(separator), .commands = LOOKS, .argument = "CHAR",
     .help = "CSV: what stands between fields, one character or tab (default: look)"},
    {.name = "text", .type = OPTION_FLAG, .offset = FIELD(as_text), .commands = READS,
     .help = "take the file for a text, whatever it is called; those whose names end in .txt or .md are"},
    {.name = "table", .type = OPTION_FLAG, .offset = FIELD(as_table), .commands = LOOKS,
     .help = "take the file for a table (CSV), even if its name is that of a text"},
    {.name = "tokens", .type = OPTION_TEXT, .offset = FIELD(tokens), .commands = TRAIN | EVALUATE | GENERATE, .argument = "WHAT",
     .help = "text: what it is cut into: characters, bytes, or the tokens of a file, a tokenizer.json of the kind BPE or WordPiece, as soma tokenizer makes them "
             "(default: characters). The model keeps it; to evaluate and generate it is for a model that keeps none"},
    {.name = "vocabulary", .type = OPTION_COUNT, .offset = FIELD(vocabulary), .commands = TOKENIZER, .argument = "N", .fallback = "4096",
     .interval = "[256, 1000000]", .help = "so many tokens are made at most, the 256 bytes among them"},
    {.name = "window", .type = OPTION_COUNT, .offset = FIELD(window), .commands = TRAIN | EVALUATE, .argument = "N", .interval = "[1, 1048576]",
     .help = "text: how many tokens are a sample, of each of which the network learns the next (default 64, or what the model takes). CSV: the table is a "
             "series in time, of which so many rows are a sample; --label says what is forecast (default: the last column of numbers)"},
    {.name = "horizon", .type = OPTION_COUNT, .offset = FIELD(horizon), .commands = TRAIN | EVALUATE, .argument = "N", .interval = "[1, 1048576]",
     .help = "series: how many steps behind a window are forecast (default 1, or what the model learnt)"},
    {.name = "season", .type = OPTION_COUNT, .offset = FIELD(season), .commands = TRAIN | EVALUATE, .argument = "N", .interval = "[1, 1048576]",
     .help = "series: after so many steps it is much the same again, as 12 months or 24 hours: forecasts are held against what was a season before, too"},
    {.name = "stride", .type = OPTION_COUNT, .offset = FIELD(stride), .commands = TRAIN | EVALUATE, .argument = "N", .interval = "[1, 1048576]",
     .help = "text and series: from the beginning of a sample to that of the next (default of a text: a window, so that an epoch sees each token once; of a "
             "series: 1)"},
    {.name = "image-size", .type = OPTION_PIXELS, .offset = FIELD(image_size), .commands = TRAIN | LOOK, .argument = "SIZE",
     .help = "pictures: to how many pixels they are scaled, HEIGHTxWIDTH or one number for both (default: their own, if all have the same)"},
    {.name = "image-fit", .type = OPTION_CHOICE, .offset = FIELD(image_fit), .commands = LOOKS, .argument = "HOW",
     .choices = &image_fit_choice, .fallback = "stretch",
     .help = "pictures of other proportions than that: stretch them, crop what is too much, or pad with black (default: what the model was "
             "trained with, else stretch)"},
    {.name = "grey", .type = OPTION_FLAG, .offset = FIELD(grey), .commands = TRAIN | LOOK,
     .help = "pictures: one channel, of brightness, in place of red, green and blue"},
    {.name = "regression", .type = OPTION_FLAG, .offset = FIELD(regression), .commands = LOOKS,
     .help = "CSV, NPY, NPZ: the label is a number, not a class (a model that learnt numbers knows)"},
    {.name = "classification", .type = OPTION_FLAG, .offset = FIELD(classification), .commands = LOOKS,
     .help = "CSV: the labels are classes, also where they are numbers that are many or do not recur; several have to be 0 or 1"},
    {.name = "unknown-classes", .type = OPTION_CHOICE, .offset = FIELD(unknown_classes), .commands = TRAIN | EVALUATE, .argument = "HOW",
     .choices = &unknown_choice, .fallback = "error",
     .help = "samples of a class that the model does not know: an error, or left out"},
    {.name = "gaps", .type = OPTION_TEXT, .offset = FIELD(gaps), .commands = TRAIN | LOOK, .argument = "LIST",
     .help = "CSV: texts in features that stand for no value, in whatever letters, as NA,?,-; no numbers. An empty field does always. The model keeps them (default: "
             "?, NA, N/A, NaN, null)"},
    {.name = "missing", .type = OPTION_CHOICE, .offset = FIELD(missing), .commands = TRAIN, .argument = "HOW", .choices = &missing_choice,
     .fallback = "median",
     .help = "CSV: gaps in features (empty, and what --gaps says) are filled with the column's median, mean or zero of the training samples, "
             "which the model keeps for all data; or their rows dropped; or an error: median, mean, zero, drop, error. Of a series the last value before, last, or an error "
             "(default last)"},
    {.name = "max-categories", .type = OPTION_COUNT, .offset = FIELD(max_categories), .commands = TRAIN, .argument = "N", .fallback = "32", .interval = "[0, 4096]",
     .help = "CSV: words in a feature are categories, up to so many different ones in a column, each an input of the network; more are hashed, by --hash-buckets; "
             "0: words are refused. true, false, yes, no, t and f are one input of 1 or 0"},
    {.name = "hash-buckets", .type = OPTION_COUNT, .offset = FIELD(hash_buckets), .commands = TRAIN, .argument = "N", .fallback = "64", .interval = "[1, 4096]",
     .help = "CSV: inputs that a column of more words than that is hashed into; words that fall into one are the same to the network"},
    {.name = "dates", .type = OPTION_CHOICE, .offset = FIELD(dates), .commands = TRAIN, .argument = "HOW", .choices = &dates_choice, .fallback = "number",
     .help = "CSV: dates and times in a feature, as ISO 8601 has them, are days since 1970, number; or also sine and cosine of the time of the year, the day of the "
             "week and the time of day, cycle"},
    {.name = "indicator", .type = OPTION_FLAG, .offset = FIELD(indicator), .commands = TRAIN,
     .help = "CSV: beside each feature that has gaps, an input of the network that says where they are"},
    {.name = "test", .type = OPTION_REAL, .offset = FIELD(test), .commands = READS, .argument = "FRACTION", .fallback = "0.2",
     .interval = "[0, 1)",
     .help = "part of a file that is held out to test on, drawn by --seed, class by class. The digits and directories have a test "
             "set of their own"},
    {.name = "test-data", .type = OPTION_TEXT, .offset = FIELD(test_data), .commands = TRAIN_ALONE, .argument = "FILE",
     .help = "test on the samples of this file instead: a table, whose columns and classes are found by their names, an NPZ archive, or pictures"},
    {.name = "validation-data", .type = OPTION_TEXT, .offset = FIELD(validation_data), .commands = TRAIN_ALONE, .argument = "FILE",
     .help = "watch the training by the samples of this file, in place of --validation"},
    {.name = "split-by", .type = OPTION_CHOICE, .offset = FIELD(split_by), .commands = TRAIN, .argument = "WHAT", .choices = &split_choice,
     .fallback = "rows",
     .help = "what is held out for --test, --validation and in --folds: rows by chance; whole groups of --group-column; or the latest rows by --time-column"},
    {.name = "group-column", .type = OPTION_TEXT, .offset = FIELD(group_column), .commands = TRAIN | LOOK, .argument = "COLUMN",
     .help = "CSV: by name or number from 1, whose groups (patients, customers) are never on both sides of a division; it is no feature"},
    {.name = "time-column", .type = OPTION_TEXT, .offset = FIELD(time_column), .commands = TRAIN | LOOK, .argument = "COLUMN",
     .help = "CSV: by name or number from 1, when rows were taken: numbers or ISO dates; it is no feature. Rows of one time stay together"},
    {.name = "part", .type = OPTION_CHOICE, .offset = FIELD(part), .commands = EVALUATE | PREDICT, .argument = "PART",
     .choices = &part_choice, .fallback = "default",
     .help = "which samples: train, validation or test, as the model was trained on these very data, or all; default: test for the digits and "
             "directories, all for files. For a model that does not know its division, --test and --seed have to say it"},
    {.name = "standardize", .type = OPTION_SET, .offset = FIELD(standardize), .value = 1, .commands = TRAIN,
     .help = "scale every input to mean 0 and standard deviation 1; the figures are kept in the model (default for CSV)"},
    {.name = "no-standardize", .type = OPTION_SET, .offset = FIELD(standardize), .value = -1, .commands = TRAIN,
     .help = "take the inputs as they are"},
    {.name = "scale-target", .type = OPTION_SET, .offset = FIELD(scale_target), .value = 1, .commands = TRAIN,
     .help = "numbers to predict: learn them scaled to mean 0 and standard deviation 1, and answer in their own units (default where the last layer is linear "
             "and the loss a squared, absolute or Huber one)"},
    {.name = "no-scale-target", .type = OPTION_SET, .offset = FIELD(scale_target), .value = -1, .commands = TRAIN,
     .help = "learn the targets as they are"},

    {.group = "Network", .name = "net", .letter = 'n', .type = OPTION_TEXT, .offset = FIELD(net), .commands = TRAIN | SUMMARY | BENCH,
     .argument = "TEXT",
     .help = "layers, separated by semicolons: dense UNITS [ACTIVATION], dropout RATE, flatten, reshape SIZES, "
             "conv FILTERS 3x3, residual(LAYERS), batchnorm, layernorm, groupnorm GROUPS, instancenorm, rmsnorm, or an ACTIVATION alone (all are in docs/networks.md); as "
             "'dense 128 relu; dropout 0.2; dense 10 softmax' (by default train takes one that fits the data and --loss, bench dense 128 relu; dense 10 softmax)"},
    {.name = "load", .type = OPTION_TEXT, .offset = FIELD(load), .commands = TRAIN_ALONE, .argument = "FILE",
     .help = "go on from a model that --save wrote"},
    {.name = "weights", .type = OPTION_TEXT, .offset = FIELD(weights), .commands = TRAIN, .argument = "FILE",
     .help = "begin with the weights of a safetensors file of another program, by the names of its tensors"},
    {.name = "weights-map", .type = OPTION_TEXT, .offset = FIELD(weights_map), .commands = TRAIN, .argument = "MAP",
     .help = "which tensors those are: a layer or parameter, the tensor's name, perhaps transposed (as PyTorch has weights); as "
             "'dense_1 fc1 transposed; dense_2 fc2 transposed' (default: all under their own names)"},
    {.name = "freeze", .type = OPTION_TEXT, .offset = FIELD(freeze), .commands = TRAIN, .argument = "NAMES",
     .help = "layers or parameters that stay as they are, separated by commas; * stands for any characters, as in 'conv_*'. The model keeps it; none: "
             "all are trained again"},
    {.name = "model", .letter = 'm', .type = OPTION_TEXT, .offset = FIELD(model), .commands = EVALUATE | PREDICT | GENERATE | SUMMARY | BENCH,
     .argument = "FILE", .help = "a model that soma train --save wrote"},
    {.name = "outputs", .type = OPTION_TEXT, .offset = FIELD(outputs), .commands = TRAIN_ALONE | EVALUATE | PREDICT | SUMMARY | BENCH | FILES, .argument = "NAMES",
     .help = "which outputs of an ONNX model are wanted, by name, separated by commas; what only others need may be of any kind "
             "(default: all)"},
    {.name = "input", .type = OPTION_TEXT, .offset = FIELD(input_shapes), .commands = SUMMARY | BENCH, .argument = "SHAPE",
     .help = "of --net the shape of one sample: 784, 28x28 (bench: 784 by default); of an ONNX --model the shapes of inputs that it leaves open, in the "
             "file's order of dimensions, the batch included: images=1x3x320x320, several separated by commas"},
    {.name = "input", .type = OPTION_TEXT, .offset = FIELD(input_shapes), .commands = TRAIN_ALONE | EVALUATE | PREDICT | FILES, .argument = "SHAPES",
     .help = "shapes of inputs that an ONNX model leaves open, in the file's order of dimensions, the batch included: images=1x3x320x320, several "
             "separated by commas"},

    {.group = "Augmentation", .name = "augment", .type = OPTION_TEXT, .offset = FIELD(augment), .commands = TRAIN, .argument = "TEXT",
     .help = "change the pictures by chance in every step of training, separated by semicolons: shift PIXELS, flip [vertical], rotate DEGREES, "
             "brightness SHARE, cutout PIXELS; as 'shift 2; flip; cutout 8'; and samples of any kind: mixup ALPHA"},

    {.group = "Loss and metrics", .name = "loss", .type = OPTION_CHOICE, .offset = FIELD(loss), .commands = TRAIN | EVALUATE | BENCH,
     .argument = "NAME", .choices = &loss_choice, .fallback = "default",
     .help = "what training makes small (default: categorical cross-entropy after softmax, binary after sigmoid, else mean squared "
             "error)"},
    {.name = "huber-delta", .type = OPTION_REAL, .offset = FIELD(huber_delta), .commands = TRAIN | EVALUATE, .argument = "X",
     .interval = "(0, inf)", .help = "where the Huber loss turns from a parabola to a line (default 1)"},
    {.name = "label-smoothing", .type = OPTION_REAL, .offset = FIELD(label_smoothing), .commands = TRAIN | EVALUATE, .argument = "X",
     .interval = "[0, 1)", .help = "cross-entropies and focal losses: what each target gives up, to be shared by all classes (default 0; 0.1 is usual)"},
    {.name = "focal-gamma", .type = OPTION_REAL, .offset = FIELD(focal_gamma), .commands = TRAIN | EVALUATE, .argument = "X",
     .interval = "[0, 100]", .help = "focal losses: how much less a sample counts that is right already (default 2)"},
    {.name = "focal-alpha", .type = OPTION_REAL, .offset = FIELD(focal_alpha), .commands = TRAIN | EVALUATE, .argument = "X",
     .interval = "(0, 1)", .help = "binary focal losses: ones count X, zeros 1 - X (default: both 1)"},
    {.name = "quantile", .type = OPTION_TEXT, .offset = FIELD(quantiles), .commands = TRAIN | EVALUATE, .argument = "Q,...",
     .help = "of --loss=quantile: up to 8 numbers between 0 and 1, in rising order, with an output of the network for each; as 0.1,0.5,0.9 (default 0.5)"},
    {.name = "metric", .type = OPTION_TEXT, .offset = FIELD(metrics), .commands = TRAIN | EVALUATE, .argument = "NAMES",
     .choices = &metric_choice, .help = "up to four, separated by commas (default: what fits the loss)"},
    {.name = "top-k", .type = OPTION_COUNT, .offset = FIELD(top_k), .commands = TRAIN | EVALUATE, .argument = "K", .interval = ANY_COUNT,
     .help = "of --metric top_k (default 5)"},
    {.name = "class-weights", .type = OPTION_TEXT, .offset = FIELD(class_weights), .commands = TRAIN, .argument = "WEIGHTS",
     .help = "one number for each class, separated by commas, or balanced: rare classes count more; for training alone, whose loss is called weighted then"},
    {.name = "positive-weights", .type = OPTION_TEXT, .offset = FIELD(positive_weights), .commands = TRAIN, .argument = "WEIGHTS",
     .help = "labels, or two classes: how much it counts where one holds, a number, or one for each label, separated by commas, or balanced: as many zeros as "
             "there are for each one; for training alone, as --class-weights"},
    {.name = "threshold", .type = OPTION_TEXT, .offset = FIELD(threshold), .commands = TRAIN, .argument = "P",
     .help = "of labels, and of two classes told apart by one unit: above which probability one holds, a number or one for each label, separated by commas; "
             "or best: that of the largest F1 of the validation samples. The model keeps it (default 0.5)"},
    {.name = "threshold", .type = OPTION_TEXT, .offset = FIELD(threshold), .commands = EVALUATE | PREDICT, .argument = "P",
     .help = "of labels, and of two classes told apart by one unit: above which probability one holds, a number or one for each label, separated by commas "
             "(default: what the model was trained with, else 0.5)"},

    {.group = "Optimizer", .name = "optimizer", .letter = 'o', .type = OPTION_CHOICE, .offset = FIELD(optimizer), .commands = TRAIN | BENCH,
     .argument = "NAME", .choices = &optimizer_choice, .fallback = "adam", .help = "the rule that moves the weights"},
    {.name = "lr", .type = OPTION_REAL, .offset = FIELD(learning_rate), .commands = TRAIN, .argument = "X", .interval = "(0, inf)",
     .help = "learning rate (default 0.001 for rmsprop, adam and adamw, else 0.01)"},
    {.name = "find-lr", .type = OPTION_TEXT, .offset = FIELD(find_rate), .commands = TRAIN_ALONE, .argument = "FILE",
     .help = "train nothing: draw the loss over rising learning rates, in 100 steps, as SVG, and suggest one"},
    {.name = "lr-of", .type = OPTION_TEXT, .offset = FIELD(rates), .commands = TRAIN, .argument = "NAME=X,...",
     .help = "learning rates of layers or parameters, in place of --lr; * stands for any characters; the later one holds, and a schedule changes all "
             "alike. The model keeps them; none: all have --lr again"},
    {.name = "momentum", .type = OPTION_REAL, .offset = FIELD(momentum), .commands = TRAIN, .argument = "X", .interval = "[0, 1)",
     .help = "of momentum and nesterov (default 0.9)"},
    {.name = "beta1", .type = OPTION_REAL, .offset = FIELD(beta1), .commands = TRAIN, .argument = "X", .interval = "[0, 1)",
     .help = "of adam and adamw: decay of the mean (default 0.9)"},
    {.name = "beta2", .type = OPTION_REAL, .offset = FIELD(beta2), .commands = TRAIN, .argument = "X", .interval = "[0, 1)",
     .help = "of adam and adamw: decay of the mean square (default 0.999)"},
    {.name = "rho", .type = OPTION_REAL, .offset = FIELD(rho), .commands = TRAIN, .argument = "X", .interval = "[0, 1)",
     .help = "of rmsprop: decay of the mean square (default 0.9)"},
    {.name = "epsilon", .type = OPTION_REAL, .offset = FIELD(epsilon), .commands = TRAIN, .argument = "X", .interval = "(0, inf)",
     .help = "of rmsprop, adagrad, adam and adamw: keeps the quotient finite (default 1e-7, adagrad 1e-10)"},
    {.name = "l2", .type = OPTION_REAL, .offset = FIELD(l2), .commands = TRAIN, .argument = "X", .interval = "[0, inf)",
     .help = "weight decay: adds X times the weight to its gradient (default 0; 4 / rows for numbers to predict of a table, where --net is left to soma, the loss is the squared error, and nothing is said of --l1, --l2-of, --l1-of, --no-scale-target, --optimizer adamw; with --load that of the model)"},
    {.name = "l1", .type = OPTION_REAL, .offset = FIELD(l1), .commands = TRAIN, .argument = "X", .interval = "[0, inf)",
     .help = "adds X times the weight's sign to its gradient"},
    {.name = "l2-of", .type = OPTION_TEXT, .offset = FIELD(l2_of), .commands = TRAIN, .argument = "NAME=X,...",
     .help = "--l2 of the weights of layers, or of parameters, biases too where they are named, in place of --l2; * stands for any characters, and the "
             "later one holds. The model keeps them; none: all have --l2 again"},
    {.name = "l1-of", .type = OPTION_TEXT, .offset = FIELD(l1_of), .commands = TRAIN, .argument = "NAME=X,...",
     .help = "likewise in place of --l1"},
    {.name = "decay", .type = OPTION_REAL, .offset = FIELD(decay), .commands = TRAIN, .argument = "X", .interval = "[0, inf)",
     .help = "of adamw: decoupled weight decay (default 0.01)"},
    {.name = "clip-value", .type = OPTION_REAL, .offset = FIELD(clip_value), .commands = TRAIN, .argument = "X", .interval = "(0, inf)",
     .help = "limits each element of the gradient to [-X, X]"},
    {.name = "clip-norm", .type = OPTION_REAL, .offset = FIELD(clip_norm), .commands = TRAIN, .argument = "X", .interval = "(0, inf)",
     .help = "scales the gradient to this norm where it is longer"},

    {.group = "Learning rate schedule", .name = "schedule", .type = OPTION_CHOICE, .offset = FIELD(schedule), .commands = TRAIN,
     .argument = "KIND", .choices = &schedule_choice, .fallback = "constant", .help = "how the learning rate changes"},
    {.name = "warmup", .type = OPTION_COUNT, .offset = FIELD(warmup), .commands = TRAIN, .argument = "STEPS",
     .interval = "[0, 4294967295]", .help = "steps over which the rate first rises from 0"},
    {.name = "schedule-period", .type = OPTION_COUNT, .offset = FIELD(period), .commands = TRAIN, .argument = "STEPS", .interval = ANY_COUNT,
     .help = "of step, exponential and cosine (cosine: by default the whole training)"},
    {.name = "schedule-factor", .type = OPTION_REAL, .offset = FIELD(factor), .commands = TRAIN, .argument = "X", .interval = "(0, 1)",
     .help = "of step, exponential and plateau (default 0.1, exponential 0.96)"},
    {.name = "schedule-floor", .type = OPTION_REAL, .offset = FIELD(floor), .commands = TRAIN, .argument = "X", .interval = "[0, 1)",
     .help = "the rate never falls below X times --lr (default 0)"},
    {.name = "schedule-patience", .type = OPTION_COUNT, .offset = FIELD(patience), .commands = TRAIN, .argument = "EPOCHS",
     .interval = ANY_COUNT, .help = "of plateau: epochs without improvement (default 5)"},
    {.name = "schedule-delta", .type = OPTION_REAL, .offset = FIELD(plateau_delta), .commands = TRAIN, .argument = "X",
     .interval = "[0, inf)", .help = "of plateau: what counts as improvement (default 0)"},

    {.group = "Training", .name = "epochs", .letter = 'e', .type = OPTION_COUNT, .offset = FIELD(epochs), .commands = TRAIN, .argument = "N",
     .interval = "[1, 1000000]",
     .help = "how many times all samples are seen (default: 30, and where that are less than 2000 steps, as many as make those, up to 200)"},
    {.name = "batch", .letter = 'b', .type = OPTION_COUNT, .offset = FIELD(batch), .commands = TRAIN, .argument = "N", .fallback = "32",
     .interval = "[1, 16777216]", .help = "samples in a step"},
    {.name = "batch", .letter = 'b', .type = OPTION_COUNT, .offset = FIELD(batch), .commands = EVALUATE | PREDICT, .argument = "N",
     .fallback = "256", .interval = "[1, 16777216]", .help = "samples at a time"},
    {.name = "batch", .letter = 'b', .type = OPTION_COUNT, .offset = FIELD(batch), .commands = SUMMARY, .argument = "N", .fallback = "32",
     .interval = "[1, 16777216]", .help = "samples in a step, for the memory"},
    {.name = "validation", .type = OPTION_REAL, .offset = FIELD(validation), .commands = TRAIN, .argument = "FRACTION", .fallback = "0.1",
     .interval = "[0, 1)", .help = "part of the training samples held out to watch training by, drawn by --seed"},
    {.name = "folds", .type = OPTION_COUNT, .offset = FIELD(folds), .commands = TRAIN_ALONE, .argument = "K", .interval = "[2, 1000]",
     .help = "cross-validation: train K times, each on all but one of K parts, class by class, measure on that one, and say mean and deviation; --test "
             "is left out first; --save keeps a training on all the rest"},
    {.name = "folds", .type = OPTION_COUNT, .offset = FIELD(folds), .commands = SEARCH, .argument = "K", .fallback = "3", .interval = "[2, 1000]",
     .help = "each trial is a cross-validation: as many trainings, each measured on the part that it was not trained on. --test is left out of all"},
    {.name = "seeds", .type = OPTION_COUNT, .offset = FIELD(seeds), .commands = TRAIN_ALONE, .argument = "N", .interval = "[2, 1000]",
     .help = "train N times, by --seed and the N - 1 after it, and say mean and deviation"},
    {.name = "early-stopping", .type = OPTION_COUNT, .offset = FIELD(early_stopping), .commands = TRAIN, .argument = "N",
     .interval = "[0, 1000000]", .help = "stop after N epochs without improvement (default 0: never)"},
    {.name = "min-delta", .type = OPTION_REAL, .offset = FIELD(min_delta), .commands = TRAIN, .argument = "X", .interval = "[0, inf)",
     .help = "what counts as improvement (default 0)"},
    {.name = "monitor", .type = OPTION_CHOICE, .offset = FIELD(monitor), .commands = TRAIN, .argument = "WHAT", .choices = &monitor_choice,
     .fallback = "loss", .help = "what tells the best epoch, of the validation samples if there are any"},
    {.name = "restore-best", .type = OPTION_FLAG, .offset = FIELD(restore_best), .commands = TRAIN,
     .help = "end with the weights of the best epoch, not the last"},
    {.name = "no-shuffle", .type = OPTION_FLAG, .offset = FIELD(no_shuffle), .commands = TRAIN,
     .help = "take the samples in their order in every epoch"},
    {.name = "checkpoint", .type = OPTION_TEXT, .offset = FIELD(checkpoint), .commands = TRAIN_ALONE, .argument = "FILE",
     .help = "write all that is needed to go on from here, now and then and at the end; the file is a model, too. Where it cannot be "
             "written training ends, and --save saves"},
    {.name = "every", .type = OPTION_COUNT, .offset = FIELD(every), .commands = TRAIN_ALONE, .argument = "STEPS", .interval = ANY_COUNT,
     .help = "of --checkpoint: after so many steps (default: after every epoch)"},
    {.name = "resume", .type = OPTION_TEXT, .offset = FIELD(resume), .commands = TRAIN_ALONE, .argument = "FILE",
     .help = "go on from a checkpoint, with the same data and options, as if training had not ended; without --net the network is the "
             "checkpoint's"},
    {.name = "repeatable", .type = OPTION_FLAG, .offset = FIELD(repeatable), .commands = TRAIN,
     .help = "the same bits by any number of processes, one included: each batch in --shards, whose gradients are added up in a fixed order; slower"},
    {.name = "shards", .type = OPTION_COUNT, .offset = FIELD(shards), .commands = TRAIN, .argument = "N", .fallback = "16", .interval = "[1, 1024]",
     .help = "of --repeatable: into how many parts each batch is divided, at least one for each process"},
    {.name = "distributed", .type = OPTION_CHOICE, .offset = FIELD(distributed), .commands = TRAIN, .argument = "WHICH", .choices = &distributed_choice, .fallback = "none",
     .help = "train by all processes that mpirun has started, mpi: each computes its share of every batch, and the first writes and speaks"},
    {.name = "bucket", .type = OPTION_BYTES, .offset = FIELD(bucket), .commands = TRAIN, .argument = "BYTES",
     .help = "of --distributed, and of several devices: gradients are summed in pieces of this size, each as soon as it is computed; K, M, G and T are understood (default 1M)"},
    {.name = "wire", .type = OPTION_CHOICE, .offset = FIELD(wire), .commands = TRAIN, .argument = "TYPE", .choices = &wire_choice, .fallback = "f32",
     .help = "of --distributed, and of several devices: as what gradients go from one to the other; bf16 is half as much, rounded to 8 bits"},
    {.name = "sync-batchnorm", .type = OPTION_FLAG, .offset = FIELD(sync_batchnorm), .commands = TRAIN,
     .help = "of --distributed, and of several devices: batchnorm goes by mean and variance of the whole batch, not of each share"},

    {.group = "Results", .name = "save", .letter = 's', .type = OPTION_TEXT, .offset = FIELD(save), .commands = TRAIN, .argument = "FILE",
     .help = "the trained network, as a safetensors file; the last good weights where training is interrupted or goes wrong"},
    {.name = "save", .letter = 's', .type = OPTION_TEXT, .offset = FIELD(save), .commands = TOKENIZER, .argument = "FILE",
     .help = "the vocabulary, in the form of Hugging Face's tokenizer.json"},
    {.name = "history", .type = OPTION_TEXT, .offset = FIELD(history), .commands = TRAIN_ALONE, .argument = "FILE",
     .help = "loss and metrics of every epoch, as CSV, or as lines of JSON under a name that ends in .jsonl; written anew about once a second"},
    {.name = "plot", .type = OPTION_TEXT, .offset = FIELD(plot), .commands = TRAIN_ALONE, .argument = "FILE",
     .help = "the same as a picture, in SVG"},
    {.name = "tensorboard", .type = OPTION_TEXT, .offset = FIELD(tensorboard), .commands = TRAIN_ALONE, .argument = "DIR",
     .help = "the course of training for TensorBoard, while it goes on: loss and metrics of every epoch in the runs train and validation of this "
             "directory, learning rate, distributions of the weights and of their gradients, the graph; of networks that see pictures the filters and, at the end, the mistakes"},
    {.name = "tensorboard", .type = OPTION_TEXT, .offset = FIELD(tensorboard), .commands = SEARCH, .argument = "DIR",
     .help = "the trials for TensorBoard's page HPARAMS, while the search goes on: for each a run of this directory, trial-1 and on, with its options and the means over "
             "the folds"},
    {.name = "report", .type = OPTION_FLAG, .offset = FIELD(report), .commands = TRAIN_ALONE,
     .help = "of --folds and --seeds: all scores that soma evaluate --report knows, of each class, label or target too, with mean and deviation"},
    {.name = "report", .type = OPTION_FLAG, .offset = FIELD(report), .commands = EVALUATE,
     .help = "scores beyond accuracy, as tables: precision, recall, F1 and ROC-AUC of each class or label, the confusion matrix, calibration; of numbers "
             "R2, RMSE and more. --json has all of them"},
    {.name = "plot", .type = OPTION_TEXT, .offset = FIELD(plot), .commands = EVALUATE, .argument = "FILE",
     .help = "a picture in SVG: confusion matrix, receiver operating characteristic and calibration; of numbers predicted against true, and residuals"},
    {.name = "filters", .type = OPTION_TEXT, .offset = FIELD(filters), .commands = SHOW, .argument = "FILE",
     .help = "the filters of a model's first convolution as one picture, a .svg or .png file: grey is 0, white the layer's largest magnitude, black "
             "the same below 0; three channels are colours, of others each is a square. Without a convolution, the units of a first dense layer "
             "that takes the pixels of pictures"},
    {.name = "mistakes", .type = OPTION_TEXT, .offset = FIELD(mistakes), .commands = EVALUATE, .argument = "FILE",
     .help = "the pictures that are taken for another class as one picture, a .svg or .png file, those first whose true class is least probable; "
             "below each its class (is) and the predicted one (as), with the probabilities of both"},
    {.name = "worst", .type = OPTION_COUNT, .offset = FIELD(worst), .commands = EVALUATE, .argument = "N", .fallback = "100",
     .interval = "[1, 1000]", .help = "of --mistakes: how many at most"},
    {.name = "once", .type = OPTION_FLAG, .offset = FIELD(once), .commands = WATCH,
     .help = "draw what is there and end (the default where the output is no terminal)"},
    {.name = "output", .type = OPTION_TEXT, .offset = FIELD(output), .commands = PREDICT, .argument = "FILE",
     .help = "where predictions go: a .csv or .npy file; an .npz file, of the outputs under their names, and the classes; or - for CSV on "
             "stdout (the default)"},
    {.name = "raw", .type = OPTION_FLAG, .offset = FIELD(raw), .commands = PREDICT,
     .help = "what the network's output is, number by number, instead of classes; so is one of several dimensions always. Of an ONNX model --data may be an "
             "NPZ archive of arrays under the names of its inputs, or the NPY file of the only one, of the types that it declares; --output, an NPZ archive "
             "or the NPY file of the only one, has its outputs, of theirs"},

    {.name = "prompt", .letter = 'p', .type = OPTION_TEXT, .offset = FIELD(prompt), .commands = GENERATE, .argument = "TEXT",
     .help = "what the text begins with (default: a new line)"},
    {.name = "length", .type = OPTION_COUNT, .offset = FIELD(length), .commands = GENERATE, .argument = "N", .fallback = "500", .interval = "[1, 100000000]",
     .help = "so many tokens are added"},
    {.name = "temperature", .type = OPTION_REAL, .offset = FIELD(temperature), .commands = GENERATE, .argument = "T", .fallback = "1", .interval = "[0, 100]",
     .help = "probabilities to the power of 1/T: below 1 the likely become likelier; 0 takes the likeliest always"},
    {.name = "top-k", .type = OPTION_COUNT, .offset = FIELD(most_likely), .commands = GENERATE, .argument = "K", .interval = ANY_COUNT,
     .help = "draw among the K likeliest alone"},
    {.name = "top-p", .type = OPTION_REAL, .offset = FIELD(top_p), .commands = GENERATE, .argument = "P", .interval = "(0, 1]",
     .help = "draw among the likeliest that have P of the probability together"},

    {.group = "Measurement", .name = "batch", .letter = 'b', .type = OPTION_COUNT, .offset = FIELD(batch), .commands = BENCH, .argument = "N",
     .fallback = "128", .interval = "[1, 16777216]", .help = "samples in a step"},
    {.name = "mode", .type = OPTION_CHOICE, .offset = FIELD(mode), .commands = BENCH, .argument = "MODE", .choices = &mode_choice,
     .fallback = "train", .help = "time steps of training, or of inference (the default where the network has no loss)"},
    {.name = "steps", .type = OPTION_COUNT, .offset = FIELD(steps), .commands = BENCH, .argument = "N", .interval = "[1, 10000000]",
     .help = "make N steps and no more: the first two untimed where there are more, the rest timed once; the matrix products alone "
             "are left out (default: as many as fit --seconds)"},
    {.name = "seconds", .type = OPTION_REAL, .offset = FIELD(seconds), .commands = BENCH, .argument = "S", .fallback = "2",
     .interval = "(0, 3600]", .help = "about how long to measure: 7 to 21 times, 20 ms or more each, for the median; a quarter of it the matrix products "
             "alone"},
    {.name = "peak", .type = OPTION_FLAG, .offset = FIELD(peak), .commands = BENCH,
     .help = "measure what the device could do at most (float32 multiply-adds that touch no memory, on all its units), and nothing else; with "
             "--profile beside the steps"},
    {.name = "profile", .type = OPTION_FLAG, .offset = FIELD(profile), .commands = TRAIN_ALONE | BENCH,
     .help = "at the end, time each call of a step alone, and print a table of them: time, share, GFLOP/s or GB/s, and "
             "how near it comes to the device's peak or, where memory holds it up, to a copy of as many bytes"},
    {.name = "time", .type = OPTION_FLAG, .offset = FIELD(time), .commands = CHECK,
     .help = "below each primitive also how quick it is on sizes that networks have: GFLOP/s and the share of --peak (see soma bench), or GB/s and the "
             "share of the speed at which the device copies as much in its memory"},
    {.name = "sizes", .type = OPTION_TEXT, .offset = FIELD(sizes), .commands = TUNE, .argument = "N,N,...",
     .help = "measure matrix products of these sizes, every one with every other: up to 6 from 1 to 65536; those that take too much time or memory are left out "
             "(default: 32,128,512,2048)"},
    {.name = "reset", .type = OPTION_FLAG, .offset = FIELD(reset), .commands = TUNE,
     .help = "measure nothing; remove the choices that are kept, so that the default kernels serve again"},

    {.group = "General", .name = "device", .letter = 'D', .type = OPTION_TEXT, .offset = FIELD(device), .commands = TUNE, .argument = "NAME",
     .help = "as the other commands have it: gpu, opencl:N, a piece of a device's name (default: every device)"},
    {.name = "device", .letter = 'D', .type = OPTION_TEXT, .offset = FIELD(device), .commands = ALL & ~(NO_DEVICE | TUNE), .argument = "NAME",
     .fallback = "auto",
     .help = "cpu; gpu (the best OpenCL GPU, else what OpenCL has); opencl:N; a piece of a device's name; auto: SOMA_DEVICE if set, "
             "else the quickest (train and bench measure it on the network at hand); A,B or gpu*: several, among which training divides each batch"},
    {.name = "threads", .type = OPTION_COUNT, .offset = FIELD(threads), .commands = ALL & ~(DEVICES | TUNE | NO_DEVICE), .argument = "N", .interval = "[1, 1024]",
     .help = "threads of the cpu device (default: one for each core, which several share)"},
    {.name = "memory-limit", .type = OPTION_BYTES, .offset = FIELD(memory_limit), .commands = ALL & ~(DEVICES | NO_DEVICE), .argument = "BYTES",
     .help = "device memory to stay below; K, M, G and T are understood. Also what constants may take that an ONNX model computes (default of that: 4G)"},
    {.name = "opset", .type = OPTION_COUNT, .offset = FIELD(opset), .commands = 1u << COMMAND_CONVERT, .argument = "N", .interval = "[7, 28]",
     .help = "ONNX: in ops of no later opset than this, for readers that know no later one: attention, GELU and normalisations are written as what they are made of"},
    {.name = "prefix", .type = OPTION_TEXT, .offset = FIELD(prefix), .commands = 1u << COMMAND_CONVERT, .argument = "NAME",
     .help = "of a C file: what its names begin with, NAME_predict() and others (default: the file's name)"},
    {.name = "memory-limit", .type = OPTION_BYTES, .offset = FIELD(memory_limit), .commands = FILES, .argument = "BYTES",
     .help = "of ONNX models: what constants may take that a model computes, not holds; K, M, G and T are understood (default 4G)"},
    {.name = "data-memory", .type = OPTION_BYTES, .offset = FIELD(data_memory), .commands = TRAIN | EVALUATE | PREDICT, .argument = "BYTES",
     .help = "what samples may take of the device's memory; more are streamed batch by batch, to the same result (default: the room beside "
             "the network, but for an eighth of the memory)"},
    {.name = "seed", .type = OPTION_COUNT, .offset = FIELD(seed), .commands = ALL & ~(TUNE | NO_DEVICE), .argument = "N", .fallback = "0", .interval = SEEDS,
     .help = "of first weights, shuffling, dropout and the division of the data: the same seed gives the same result"},
    {.name = "verbose", .letter = 'v', .type = OPTION_FLAG, .offset = FIELD(verbose), .commands = DEVICES,
     .help = "say of each device which kernels multiply matrices: the default, or what soma tune has chosen, shape by shape"},
    {.name = "json", .type = OPTION_FLAG, .offset = FIELD(json), .commands = ALL,
     .help = "print one JSON object on stdout at the end, and all else on stderr"},
    {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .offset = FIELD(quiet), .commands = ALL, .help = "print the result alone"},
    {.name = "help", .letter = 'h', .type = OPTION_FLAG, .offset = FIELD(help), .commands = ALL, .help = "print this help"},
};
/* clang-format on */

const size_t option_count = sizeof option_table / sizeof option_table[0];
_Static_assert(sizeof option_table / sizeof option_table[0] <= OPTION_ROW_LIMIT, "raise OPTION_ROW_LIMIT");
