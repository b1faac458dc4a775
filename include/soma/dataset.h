/* SPDX-License-Identifier: MIT */
/*
 * soma/dataset.h - data to train on and to predict from: arrays, tables, pictures, text; how they are divided, and what
 * a network knows of them.
 *
 * Part of soma/soma.h, which says what holds for every call.
 */
#ifndef SOMA_DATASET_H
#define SOMA_DATASET_H

#include <soma/compile.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A borrowed array in host memory, row-major, the first dimension is the samples. */
typedef struct soma_array {
    const void *data;
    soma_dtype
        dtype; /* F32; U8: inputs are scaled by 1/255 on the device, targets are class numbers; I32: targets only. Class
                  numbers of more than one dimension are of steps: [samples, steps] for an output [steps, classes] */
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK];
} soma_array;

/*
 * Samples with their targets. Inputs: f32 or u8, [samples, ...]. Targets: class numbers (u8 or i32, [samples]), or
 * f32 [samples, ...].
 */
typedef struct soma_dataset soma_dataset;

/* From arrays in memory, which are borrowed and must outlive the data set. target_count may be 0 (for predict). */
SOMA_API soma_status soma_dataset_from_arrays(const soma_array *inputs, size_t input_count, const soma_array *targets,
                                              size_t target_count, soma_dataset **dataset);

/* Per-sample weights for the loss, copied; count = samples. Finite, at least 0, and not all 0. A sample's loss and
 * gradient are multiplied by its weight, and the sum is divided by the number of samples. */
SOMA_API soma_status soma_dataset_set_weights(soma_dataset *dataset, const float *weights, size_t count);

/*
 * Two IDX files (gzipped or not), as MNIST has them: images or vectors (u8 or f32, 1 to 4 dimensions per sample), and
 * labels (u8 or i32, one dimension). Samples of u8 in two dimensions are grey pictures, [height, width, 1]. labels
 * NULL: inputs alone. classes 0: the largest label + 1; else a label out of range is an error.
 */
SOMA_API soma_status soma_dataset_from_idx(const char *images, const char *labels, size_t classes,
                                           soma_dataset **dataset);

/* A directory in MNIST's naming: train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz], t10k-images-...,
 * t10k-labels-.... */
SOMA_API soma_status soma_dataset_from_directory(const char *path, soma_dataset **train, soma_dataset **test);

/* The digits that come with soma, found beside the program, in the installed data directory, or in SOMA_DATA_DIR. */
SOMA_API soma_status soma_dataset_digits(soma_dataset **train, soma_dataset **test);

/*
 * What becomes of gaps in the features of a table: fields that are empty, or ?, NA, N/A, NaN or null in whatever
 * letters. Where they are filled, they are NaN in the data set, soma_network_fit_preprocessing() finds the value of
 * each column in the samples that it is given, and the network keeps it; soma_network_apply_preprocessing() fills them
 * with it. A data set with gaps is not to be trained on or predicted from before.
 */
typedef enum soma_missing {
    SOMA_MISSING_ERROR,
    SOMA_MISSING_MEDIAN,
    SOMA_MISSING_MEAN,
    SOMA_MISSING_ZERO,
    SOMA_MISSING_DROP, /* rows that have some are left out */
    SOMA_MISSING_LAST  /* of a series: by the last value before (soma_dataset_from_series()) */
} soma_missing;

/* What becomes of dates among the features, with times or not, as ISO 8601 has them. */
typedef enum soma_dates {
    SOMA_DATES_WORDS,  /* they are words as others */
    SOMA_DATES_NUMBER, /* days since 1970 */
    /* ... and beside that six inputs: sine and cosine of the time of the year (days since it began, of as many as it
     * has), of the day of the week (since Monday, of seven) and of the time of day. For a gap they are 0. */
    SOMA_DATES_CYCLE
} soma_dates;

/*
 * A table in long form: each row is a step of a sequence, and rows with the same text in a column are the steps of one,
 * wherever they stand, in the order of the file, or of their times (soma_csv_roles.time). Each sequence becomes a
 * sample [steps, features], with zeros behind its end, and a mask [steps] as soma_dataset_set_lengths() makes it. Its
 * text is its soma_dataset_id(), its time that of its last step. Label, weight and group are the same in all of its
 * rows.
 */
typedef struct soma_csv_sequences {
    const char *column;   /* whose texts say which sequence a row is a step of: a header's name, or a number from 1 */
    uint64_t steps;       /* that a sample has; 0: as many as the network takes, or the longest sequence has */
    bool label_per_step;  /* each row has a label of its own: the target is f32 [steps], numbers or numbers of classes,
                             from 0 on, those of soma_dataset_class_name() of words; of several [steps, labels] */
    uint64_t reserved[5]; /* zero */
} soma_csv_sequences;

/* Which columns of a table are no features: each a header's name, or a number from 1; NULL: none, or, with a network,
 * as it knows. And its gaps. */
typedef struct soma_csv_roles {
    const char *group;    /* whose values are the groups of the samples (soma_dataset_set_groups()): any text */
    const char *time;     /* whose values are their times (soma_dataset_set_times()): numbers; or dates as ISO 8601 has
                             them, 2024-02-29 or 2024-02-29T12:30:00.5+01:00, in seconds since 1970 */
    bool optional;        /* such a column, or weight or id, need not be there */
    soma_missing missing; /* where a network is given that knows what to do, as it knows, or 0; with
                             soma_csv_options.skip_label rows are not left out, but gaps refused */
    /* Features most of whose fields are words are categories, up to so many in a column, in order of first appearance:
     * an input for each, which is 1 where the field is that and else 0; all are 0 for a gap, and for a word that a
     * given network does not know. Where all fields are true, false, yes, no, t or f, in whatever letters, they are one
     * input of 1 or 0. 0: words are refused, or are as the network knows. At most 4096. */
    uint64_t max_categories;
    uint64_t classification; /* 1: the labels are classes, also where they are numbers of which few recur; several
                                labels have to be 0 or 1 each */
    const char *weight;      /* whose numbers are the weights of the samples (soma_dataset_set_weights()) */
    const char *id;          /* whose texts say which sample is which (soma_dataset_id()) */
    /* Lists of columns, separated by commas: the features are those of `columns` (NULL: all), without those of `ignore`
     * and without what is a label or anything of the above. A name; a number from 1; a range of these, as "a:f"; or a
     * pattern, in which * is any characters and ? any one. A name that has such characters in it is put in quotes, as
     * fields of CSV are. Every entry has to fit some column. */
    const char *columns, *ignore;
    /* What becomes of a column of more words, where there are max_categories: as many inputs as this, of which the one
     * is 1 whose number, from 0, is the 64-bit FNV-1a hash of the field modulo this. 0: it is refused. At most 4096. */
    uint64_t buckets;
    uint64_t dates; /* soma_dates: features most of whose fields are dates; as the network knows where one is given */
    uint64_t indicator; /* 1: beside a feature that has gaps, which are filled, an input that is 1 where one was, else
                           0;   as the network knows where one is given */
    /* Texts that count as gaps in features, in whatever letters, separated by commas, as a line of CSV: "NA,?,-"; no
     * numbers. An empty field is a gap besides. NULL: ?, NA, N/A, NaN and null; or as the network knows. */
    const char *gaps;
    const soma_csv_sequences *sequences; /* rows are steps; NULL: each is a sample, or as the network knows */
    uint64_t reserved[1];                /* zero */
} soma_csv_roles;

typedef struct soma_csv_options {
    const char *label; /* column of the target: a header's name, or a number from 1 (-1: the last); NULL: the last;
                          "none": no target. Or several, as a list like soma_csv_roles.columns: they are numbers, f32
                          [samples, labels], in the order of the table, or of a given network */
    int header;      /* 1: the first line names the columns, -1: it does not, 0: look: it does if it has a word besides
                        the label, or a word for the label where the second line has a number */
    char separator;  /* 0: ',' , or ';' or a tab if the first line has those and no comma */
    bool regression; /* the label is a number to predict (f32 [samples, 1]), not a class */
    uint64_t skip_label;         /* 1: the label's column is passed over, whatever is in it or is not: no target */
    const soma_csv_roles *roles; /* NULL: all columns but the label are features */
    /* The network that the table is read for, or NULL: it knows which columns it was trained on and which is the label;
     * the options above need not say it again. */
    const soma_network *network;
    uint64_t reserved[1]; /* zero */
} soma_csv_options;

/*
 * A table of numbers, quoted or not (RFC 4180). Labels that are words are classes, in order of first appearance. Labels
 * that are whole numbers are classes where they are few, up to 100 different ones, and recur; they go up, and two ways
 * to write a number (1, 1.0, +1) are one class, called "1". All other numbers are numbers to predict. The form of
 * scikit-learn's tables, a first line "rows,features,class,class,...", is recognised unless header says what the first
 * line is, or it can be a row and the rest of the file is not what it promises; its label is the last column, and with
 * "none" that column is left out. Empty lines before the first and behind the last are passed over. The file may be
 * gzipped; one that is not is mapped, and must not be cut short while it is read. Every number must be
 * finite, and there unless soma_csv_roles.missing says otherwise. Numbers are read as float64; a column of which
 * float32 would take different ones for the same is kept as differences from a number of its own, which preprocessing
 * adds to the mean before it rounds.
 *
 * With a network that was trained on a table, columns are found by their names where both have some, in whatever order;
 * those that it does not know are passed over. Without names they are found by their place, and there must be as many.
 * soma_dataset_note() says where something was passed over or taken for granted. SOMA_INVALID_ARGUMENT: a column that
 * the network was trained on is missing.
 */
SOMA_API soma_status soma_dataset_from_csv(const char *path, const soma_csv_options *options, soma_dataset **dataset);

typedef struct soma_npy_options {
    size_t classes;       /* 0: the largest class number + 1; else a number out of range is an error */
    bool regression;      /* whole numbers as targets are numbers to predict, not classes */
    uint64_t not_finite;  /* 1: inputs that are no finite numbers stay so, to be looked at; nothing can be trained on
                             them, or predicted from */
    uint64_t reserved[3]; /* zero */
} soma_npy_options;

/*
 * NumPy's arrays, row- or column-major, of either byte order, of floats of 2, 4 or 8 bytes, whole numbers of 1 to 8
 * bytes or truth values; the first dimension is the samples. Inputs of unsigned bytes stay bytes, and are scaled by
 * 1/255; in two dimensions per sample they are grey pictures, [height, width, 1]. All else becomes float32, and must be
 * finite. Targets: a whole number per sample is its class; all else are numbers to predict. targets NULL: inputs alone.
 */
SOMA_API soma_status soma_dataset_from_npy(const char *inputs, const char *targets, const soma_npy_options *options,
                                           soma_dataset **dataset);
/*
 * An archive of such arrays: x and y (*test is NULL then), or x_train, y_train, x_test and y_test; the y may be
 * missing. SOMA_UNSUPPORTED: built without libzip.
 */
SOMA_API soma_status soma_dataset_from_npz(const char *path, const soma_npy_options *options, soma_dataset **train,
                                           soma_dataset **test);

/* What a text is cut into, each a number. */
typedef enum soma_tokens {
    SOMA_TOKENS_CHARACTERS, /* of Unicode, in UTF-8: those of what is trained on, rising, and one number behind them for
                               all others. Bytes that are not UTF-8 are characters of their own: nothing is lost */
    SOMA_TOKENS_BYTES,      /* 0 to 255 */
    SOMA_TOKENS_TOKENIZER   /* those of a tokenizer */
} soma_tokens;

/* A vocabulary of pieces of words; see soma/tokenizer.h. */
typedef struct soma_tokenizer soma_tokenizer;

typedef struct soma_text_options {
    soma_tokens tokens;
    size_t window;               /* tokens in a sample; 0: as many as the network takes, or 64 */
    size_t step;                 /* from the first token of a sample to that of the next; 0: a window */
    double validation, test;     /* shares of the text that are held out; both lie at its end, the test last */
    const soma_network *network; /* whose tokens they are to be; NULL: those that the text has */
    soma_tokenizer *tokenizer;   /* of SOMA_TOKENS_TOKENIZER, which the data set keeps; may be destroyed after that */
    uint64_t reserved[5];        /* zero */
} soma_text_options;

/*
 * A text: each sample is a window of tokens [window], its target the tokens that follow each of them [window]. A window
 * lies in one part as a whole, with its targets. The network that soma_network_fit_preprocessing() is given the
 * training part for keeps the numbers of the tokens. options NULL: the defaults. What is held out is only made where a
 * place for it is given; NULL where there is nothing.
 */
SOMA_API soma_status soma_dataset_from_text(const char *path, const soma_text_options *options, soma_dataset **train,
                                            soma_dataset **validation, soma_dataset **test);

/* How many numbers of tokens a data set of text has; 0 for other data. */
SOMA_API size_t soma_dataset_token_count(const soma_dataset *dataset);
/* The same of a network's, 0 for a network that has learnt of no text. */
SOMA_API size_t soma_network_token_count(const soma_network *network);
/*
 * Has a network that learnt elsewhere, as of an ONNX file, encode and decode by these, bytes or a tokenizer's, which it
 * keeps. SOMA_INVALID_SHAPE where a table of it has fewer rows than there are tokens.
 */
SOMA_API soma_status soma_network_set_tokens(soma_network *network, soma_tokens tokens, soma_tokenizer *tokenizer);
/* Text to numbers[count], to be freed with soma_free(); a character that the network does not know has the last number.
 */
SOMA_API soma_status soma_network_encode(const soma_network *network, const char *text, size_t length,
                                         int32_t **numbers, size_t *count);
/* As many bytes as the text of a number has at most. */
#define SOMA_TOKEN_BYTES 1024
/* A number's text, without a 0 behind it; of what is not known U+FFFD. `first`: it begins a text, where a tokenizer may
 * leave out the space before a word. */
SOMA_API soma_status soma_network_decode(const soma_network *network, size_t number, bool first,
                                         char text[SOMA_TOKEN_BYTES], size_t *length);

typedef struct soma_series_options {
    size_t window, horizon;  /* steps that a sample has, and steps behind it that are its target; 0: as the network
                                knows;  of a horizon, else 1 */
    size_t step;             /* from the beginning of a sample to that of the next; 0: 1 */
    size_t season;           /* so many steps are a season, which the network keeps; 0: as the network knows, or none */
    const char *label;       /* the columns that are forecast, a list like soma_csv_roles.columns; NULL: as the network
                                knows, or the last one that is of numbers */
    double validation, test; /* what is held out: test is a share of the rows, their end; validation one of the rows
                                before that, the end of those */
    const soma_network *network; /* that has learnt of a series; NULL: it is to be learnt */
    uint64_t as_learnt;          /* 1: held out is what the network knows to come after what it was trained on; a part
                                    without a window is NULL */
    uint64_t ahead; /* 1: *train is a sample, without a target: the last steps, of what follows nothing is known */
    uint64_t reserved[5]; /* zero */
} soma_series_options;

/*
 * A series: the rows of a table, with columns as soma_dataset_from_csv() reads them by the label "none", or of an
 * array, in their order, or that of their times (soma_dataset_set_times()). Each sample is a window of them [window,
 * values of a row], its target what the columns that are forecast have in the next ones [horizon * columns], those of
 * one step beside each other. Targets lie in one part; windows may begin before it. A gap in time is a step of more
 * than 1.5 times the usual one, which 95 of 100 are not longer than; no window lies across one. A value that is NaN, as
 * SOMA_MISSING_LAST leaves gaps, is the last one before it, and of what is forecast nothing: such a sample is left out.
 * The network that soma_network_fit_preprocessing() is given the training part for keeps what it needs to read other
 * series, and scales each column by the same figures at each step.
 */
SOMA_API soma_status soma_dataset_from_series(const soma_dataset *table, const soma_series_options *options,
                                              soma_dataset **train, soma_dataset **validation, soma_dataset **test);
/* What would be said without having learnt anything, values[count, horizon * columns]: of a season of 0 the last value,
 * else that of the same time in the last season that is known; NaN where the series does not go back as far, or only
 * across a gap in time. */
SOMA_API soma_status soma_dataset_read_naive(const soma_dataset *dataset, size_t season, size_t first, size_t count,
                                             float *values);
/* The row, in the order of time, at which the target of a sample begins; 0 where there is none. */
SOMA_API size_t soma_dataset_series_row(const soma_dataset *dataset, size_t sample);
/* What is forecast as it was in the `count` steps before the target of a sample, values[count, columns]. */
SOMA_API soma_status soma_dataset_read_past(const soma_dataset *dataset, size_t sample, size_t count, float *values);

typedef struct soma_series_info {
    size_t window, horizon, targets; /* columns that are forecast */
    size_t season;                   /* 0: not known */
    size_t trained, validated;       /* rows up to which it was trained on, and validated on */
    uint64_t reserved[4];            /* zero */
} soma_series_info;

/* False where it has learnt of no series; else into *info (may be NULL). */
SOMA_API bool soma_network_get_series(const soma_network *network, soma_series_info *info);
/* The name of a column that is forecast, from 0; "": it has none, NULL: there is no such column. */
SOMA_API const char *soma_network_series_target(const soma_network *network, size_t index);

/* How a picture comes to the size that is wanted: without regard to its proportions; its middle, as much as has the
 * proportions that are wanted; or whole, with black beside it. */
typedef enum soma_image_fit { SOMA_FIT_STRETCH, SOMA_FIT_CROP, SOMA_FIT_PAD } soma_image_fit;

typedef struct soma_image_options {
    size_t height, width; /* pixels that all pictures get; 0, 0: their own, which have to be the same for all */
    soma_image_fit fit;
    bool grey;            /* one channel, the luma of Rec. 601; else red, green, blue */
    uint64_t reserved[4]; /* zero */
} soma_image_options;

/*
 * Pictures in PNG and JPEG files, as inputs u8 [height, width, 3], or [height, width, 1] of grey. A directory that has
 * one named train: a folder for each class in it, and *test likewise from one named test, of the same classes, if it is
 * there (else *test is NULL). A directory of other folders: each is a class, and *test is NULL. A directory of pictures
 * alone, or one file: without classes. Files and classes are in the order of their names; what is not named .png, .jpg
 * or .jpeg, or begins with a point, is passed over. Pictures are scaled by a triangle as wide as a pixel of the result,
 * or of the picture, whichever is larger. Orientation that a camera has noted in a file is not looked at.
 * options: NULL for the defaults. SOMA_INVALID_FILE: a picture that cannot be read, or of another size; a class that is
 * not among those to train on. SOMA_UNSUPPORTED: built without the library for this kind of file.
 */
SOMA_API soma_status soma_dataset_from_images(const char *path, const soma_image_options *options, soma_dataset **train,
                                              soma_dataset **test);
/* How a network's pictures were read; saved with it, so that other pictures can be read the same way; with the size
 * that they got (SOMA_INVALID_ARGUMENT: 0). NULL: forgets it. */
SOMA_API soma_status soma_network_set_image_options(soma_network *network, const soma_image_options *options);
/* False where it is not known; else into *options (may be NULL). */
SOMA_API bool soma_network_get_image_options(const soma_network *network, soma_image_options *options);

/* What a column of a table is for. */
typedef enum soma_column_role {
    SOMA_COLUMN_FEATURE,
    SOMA_COLUMN_LABEL,
    SOMA_COLUMN_IGNORED,
    SOMA_COLUMN_GROUP, /* see soma_csv_roles, also of the following */
    SOMA_COLUMN_TIME,
    SOMA_COLUMN_WEIGHT,
    SOMA_COLUMN_ID,
    SOMA_COLUMN_SEQUENCE /* see soma_csv_sequences */
} soma_column_role;
typedef struct soma_column_info {
    const char *name; /* belongs to the network; NULL: it has none */
    soma_column_role role;
    const char *kind; /* of a feature: "number", "category", "hashed words", "truth value", "date" or "date and cycle",
                         a static string; NULL: it is none */
    uint64_t inputs;  /* of the network, that a feature has */
    uint64_t indicator;   /* 1: the last of them says where gaps are */
    uint64_t reserved[9]; /* zero */
} soma_column_info;
/* The columns of the table that a network was trained on, in their order there: how many, 0 where it was no table. */
SOMA_API size_t soma_network_column_count(const soma_network *network);
/* One of them, into *info. SOMA_INVALID_ARGUMENT past the last. */
SOMA_API soma_status soma_network_column(const soma_network *network, size_t index, soma_column_info *info);

/* What a reader passed over or took for granted in making this data set, a sentence for each, separated by line ends;
 * NULL: nothing. Belongs to the data set. */
SOMA_API const char *soma_dataset_note(const soma_dataset *dataset);

/* NULL is accepted. What two data sets share, such as the parts of one that was split, is freed with the last. Arrays
 * of soma_dataset_from_arrays() stay the caller's. */
SOMA_API void soma_dataset_destroy(soma_dataset *dataset);

/*
 * Two data sets over the same storage: `fraction` of the samples, drawn at random by seed, go to `second`; stratified
 * by class if there are classes. The parts keep the storage alive; destroy each.
 */
SOMA_API soma_status soma_dataset_split(soma_dataset *dataset, double fraction, uint64_t seed, soma_dataset **first,
                                        soma_dataset **second);

/* The group that each sample belongs to, any number, copied; count = samples. They stay with their samples. */
SOMA_API soma_status soma_dataset_set_groups(soma_dataset *dataset, const int64_t *groups, size_t count);
/* How many samples of another data set are of groups that this one has: those of tables by their texts, others by their
 * numbers. SOMA_INVALID_STATE where one of them has no groups, or groups of the other kind. */
SOMA_API soma_status soma_dataset_count_shared_groups(const soma_dataset *dataset, const soma_dataset *other,
                                                      size_t *samples);
/*
 * How many steps each sample has of those that its only input [steps, features] is filled up to, 1 to all of them,
 * copied; count = samples. The data set gets a second input, [steps], 1 for a step that there is, else 0, for a network
 * that soma_mask() is called for; what its first input has behind the last step becomes 0. Targets may have anything
 * there.
 */
SOMA_API soma_status soma_dataset_set_lengths(soma_dataset *dataset, const int32_t *lengths, size_t count);
/*
 * How many labels each sample has of those that its only target [labels] is filled up to, 0 to all of them, for the
 * loss SOMA_CTC; count = samples. What is behind the last becomes -1, which says the same without lengths.
 */
SOMA_API soma_status soma_dataset_set_label_lengths(soma_dataset *dataset, const int32_t *lengths, size_t count);
/* When each sample was taken, a finite number of any unit, copied; count = samples. */
SOMA_API soma_status soma_dataset_set_times(soma_dataset *dataset, const double *times, size_t count);

typedef enum soma_division_by {
    SOMA_BY_ROWS,   /* drawn at random by seed, stratified by class if there are classes */
    SOMA_BY_GROUPS, /* groups drawn at random by seed: none is on both sides */
    SOMA_BY_TIME    /* the second part is later than the first; samples of one time stay together */
} soma_division_by;

/*
 * Two data sets over the same storage, `second` with `fraction` of the samples; by groups and by time with as many as
 * whole groups and samples of one time allow, but at least one on each side. By rows it is soma_dataset_split(). Both
 * keep the order of the data set; destroy each. SOMA_INVALID_ARGUMENT: a part would be empty; all samples are of one
 * group or of one time. SOMA_INVALID_STATE: there are no groups or times.
 */
SOMA_API soma_status soma_dataset_divide(const soma_dataset *dataset, double fraction, soma_division_by by,
                                         uint64_t seed, soma_dataset **first, soma_dataset **second);

/*
 * Cross-validation: of `folds` disjoint folds, 2 up to one for each sample, `second` is number `fold`, from 0, and
 * `first` what to train on. By rows and by groups that is all the rest, and each sample is in one fold: by rows they
 * differ by one sample at most, in all and of each class; by groups, the largest go first, each to the smallest fold.
 * By time each fold is tested on after training on all that is before it: of folds + 1 parts, about equal, the first is
 * never tested on. Destroy both. Errors as of soma_dataset_divide().
 */
SOMA_API soma_status soma_dataset_fold(const soma_dataset *dataset, size_t folds, size_t fold, soma_division_by by,
                                       uint64_t seed, soma_dataset **first, soma_dataset **second);

/*
 * A number that tells data apart, of the first `samples` samples in their order (0: all): their inputs and targets with
 * types and shapes, groups and times; never 0, below 2^63. It guards against mistakes, not against malice. 0 for NULL,
 * and where there are fewer samples.
 */
SOMA_API uint64_t soma_dataset_fingerprint(const soma_dataset *dataset, size_t samples);
/* The same of inputs and targets of all samples, whatever their order: classes count by their names. */
SOMA_API uint64_t soma_dataset_rows_fingerprint(const soma_dataset *dataset);

/*
 * How the data were divided that a network was trained on: kept in it and saved with it, so that the very samples that
 * were held out can be found again. All zero but `samples` and `fingerprint`: nothing was held out.
 */
typedef struct soma_division {
    soma_division_by by;
    double test, validation;       /* fractions: the test part of all, then the validation part of the rest; 0: none */
    uint64_t seed;                 /* of both */
    uint64_t samples, fingerprint; /* of all, before they were divided; see soma_dataset_fingerprint() */
    const char *column; /* of groups or times, as the file names it, copied; got: belongs to the network. NULL: none */
    /* Samples for validation and to test on that came from files of their own, of so many samples with such
     * fingerprints; 0: they did not. */
    uint64_t validation_samples, validation_fingerprint, test_samples, test_fingerprint;
    uint64_t rows_fingerprint; /* of the samples in any order: see soma_dataset_rows_fingerprint(); 0: not known */
    uint64_t reserved[3];      /* zero */
} soma_division;
/* NULL: forgets it. SOMA_INVALID_ARGUMENT: fractions that are none, no samples. */
SOMA_API soma_status soma_network_set_division(soma_network *network, const soma_division *division);
/* False where it is not known; else into *division (may be NULL). */
SOMA_API bool soma_network_get_division(const soma_network *network, soma_division *division);

/*
 * Which groups a network has learnt from: those of the samples of `dataset`, which it is trained on, beside those that
 * it knows already. It keeps a hash of each, and saves them with the division, so that rows of a patient or a customer
 * that it was trained on are known again in any other file; of more than 65,536 groups it keeps a part.
 * soma_network_set_division() with NULL forgets them. SOMA_INVALID_STATE: the samples have no groups.
 */
SOMA_API soma_status soma_network_add_groups(soma_network *network, const soma_dataset *dataset);
/* How many samples of a data set are of such groups: by their texts or their numbers, as
 * soma_dataset_count_shared_groups() has them; of more than 65,536 groups, at least so many. 0 where the network knows
 * of none. SOMA_INVALID_STATE where it does, and the samples have no groups. */
SOMA_API soma_status soma_network_count_known_groups(const soma_network *network, const soma_dataset *dataset,
                                                     size_t *samples);
/*
 * Which samples a network has learnt from: those of `dataset`, which it is trained on, beside those that it knows
 * already; before they are standardised, as they come from a file. It keeps a hash of each, of values and targets, and
 * saves them with the division; of more than 512 samples it keeps a part, by chance. soma_network_set_division() with
 * NULL forgets them.
 */
SOMA_API soma_status soma_network_add_samples(soma_network *network, const soma_dataset *dataset);
/* How many samples of a data set, as it comes from a file, are such, values and targets alike: of those that the
 * network has learnt from, or the same by chance. Where it keeps a part of them, about how many; of few samples at
 * least so many, or none. */
SOMA_API soma_status soma_network_count_known_samples(const soma_network *network, const soma_dataset *dataset,
                                                      size_t *samples);

typedef struct soma_dataset_info {
    size_t samples, inputs, targets;
    uint32_t input_rank[SOMA_MAX_OUTPUTS]; /* per sample */
    size_t input_shape[SOMA_MAX_OUTPUTS][SOMA_MAX_RANK];
    uint32_t target_rank[SOMA_MAX_OUTPUTS]; /* per sample; 0 for class numbers */
    size_t target_shape[SOMA_MAX_OUTPUTS][SOMA_MAX_RANK];
    size_t classes; /* of the first target, 0 if it is no class */
    bool weighted;
    uint64_t bytes;       /* a bit for each input, from the lowest: it is of bytes, which are scaled by 1/255 */
    uint64_t masked;      /* 1: the last input says which steps of the first there are (soma_dataset_set_lengths()) */
    uint64_t reserved[6]; /* zero */
} soma_dataset_info;
/* Shapes and counts, into *info; zeros for NULL. */
SOMA_API void soma_dataset_get_info(const soma_dataset *dataset, soma_dataset_info *info);
/* Name of a class, NULL if it has none. */
SOMA_API const char *soma_dataset_class_name(const soma_dataset *dataset, size_t index);
/* The path of the picture that a sample was read from; valid as long as the data set. NULL where samples do not come
 * from a file each, and for an index past the last. */
SOMA_API const char *soma_dataset_file(const soma_dataset *dataset, size_t index);
/* What a table's column soma_csv_roles.id has in the row of a sample, as it stands there; valid as long as the data
 * set. NULL where there is no such column, and for an index past the last. */
SOMA_API const char *soma_dataset_id(const soma_dataset *dataset, size_t index);
/* That column's name, "" if it has none; NULL: there is no such column. */
SOMA_API const char *soma_dataset_id_name(const soma_dataset *dataset);
/* An input of samples first to first + count - 1, in the order of this data set, as f32 as the network would see it,
 * into values[count, ...]. SOMA_INVALID_ARGUMENT past the last sample. */
SOMA_API soma_status soma_dataset_read_input(const soma_dataset *dataset, size_t input, size_t first, size_t count,
                                             float *values);
/* Class numbers of the first target, of samples first to first + count - 1, in the order of this data set, into
 * classes[count]. SOMA_INVALID_STATE where it has none. */
SOMA_API soma_status soma_dataset_read_classes(const soma_dataset *dataset, size_t first, size_t count,
                                               int32_t *classes);

/* A target of samples first to first + count - 1, in the order of this data set, into values[count, ...]: as the
 * network sees it. SOMA_INVALID_STATE where it is class numbers. */
SOMA_API soma_status soma_dataset_read_target(const soma_dataset *dataset, size_t target, size_t first, size_t count,
                                              float *values);

/*
 * Makes the columns and classes of a data set those of the network, which learnt them from another one by
 * soma_network_fit_preprocessing(). Features of a table come into the network's order, by name where both have names.
 * Classes get the network's numbers, by name; those of a data set that has none, as of arrays, are numbers already. A
 * network whose classes have no names knows them by number: classes called "0", "1", ... are then these numbers.
 * SOMA_INVALID_ARGUMENT: a column is missing, the label is another one, or a class is not among the network's; the
 * detail has both. Nothing is changed then. To match twice is the same as once.
 */
SOMA_API soma_status soma_dataset_match(soma_dataset *dataset, const soma_network *network);
/* Leaves out the samples whose class the network does not know, by its name; to be called before the data set is
 * matched. *left_out: how many. SOMA_INVALID_ARGUMENT: then none would be left. */
SOMA_API soma_status soma_dataset_leave_out_unknown(soma_dataset *dataset, const soma_network *network,
                                                    size_t *left_out);

/*
 * For regression: appends a layer, "rescale", to a network whose only output is a linear one of one dimension, so that
 * it learns standardised targets and still answers in the data's units: y = x deviation + mean, by the figures of the
 * data set's targets for each unit, which are frozen parameters "rescale_1.scale" and ".offset" and go into files with
 * all others, into ONNX as Mul and Add. Where the loss is a squared, absolute, Huber or quantile one, training goes by
 * the loss of x against the standardised targets, (t - mean) / deviation; what is reported, loss and metrics, is of y
 * and t, in the data's units, and so is Huber's delta. Of constant targets the deviation is 1. Before soma_compile().
 * *scaled (may be NULL): false where the last function is not linear, or the targets are classes, or of several
 * dimensions; then nothing is changed. SOMA_INVALID_SHAPE: as many units as targets are wanted, or so many for each of
 * several quantiles, whose units have the figures of their target.
 */
SOMA_API soma_status soma_network_scale_targets(soma_network *network, const soma_dataset *dataset, bool *scaled);

/*
 * Standardisation: x' = (x - mean) / standard deviation, per feature (a constant feature gives 0). Fit computes the
 * figures from a data set and keeps them in the network (saved with it); apply transforms a data set (f32 inputs; u8
 * ones are converted) by a network's figures, if it has any; it matches it first, as soma_dataset_match() does, and
 * fills the gaps of a table (soma_missing). Figures are those of the filled columns. Apply once. The class names of the
 * data set, and the columns of a table, are kept in the network too.
 */
SOMA_API soma_status soma_network_fit_preprocessing(soma_network *network, const soma_dataset *dataset,
                                                    bool standardize);
/* What was fitted, for another data set: see there. SOMA_INVALID_ARGUMENT: classes that the
 * network does not know; SOMA_INVALID_SHAPE: another number of features; SOMA_NOT_FINITE: a gap that the network has no
 * value for. */
SOMA_API soma_status soma_network_apply_preprocessing(const soma_network *network, soma_dataset *dataset);
/* How many classes have names; 0 if they are not known. */
SOMA_API size_t soma_network_class_count(const soma_network *network);
/* The name of a class; NULL if it has none. Belongs to the network. */
SOMA_API const char *soma_network_class_name(const soma_network *network, size_t index);

#ifdef __cplusplus
}
#endif
#endif
