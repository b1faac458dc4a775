/* SPDX-License-Identifier: MIT */
/* NumPy's archives of arrays: a ZIP archive with a file NAME.npy for each array. */
#ifndef SOMA_IO_NPZ_H
#define SOMA_IO_NPZ_H

#include "io/zip_archive.h"
#include <soma/soma.h>

/* As soma_dataset_from_npz(). */
soma_status soma_npz_read(soma_zip *zip, const soma_npy_options *options, soma_dataset **train, soma_dataset **test);

#endif
