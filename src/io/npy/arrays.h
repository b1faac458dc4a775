/* SPDX-License-Identifier: MIT */
/* Arrays of a file of NumPy's, each as it is. */
#ifndef SOMA_IO_ARRAYS_H
#define SOMA_IO_ARRAYS_H

#include "io/zip_archive.h"
#include <soma/soma.h>

/* As soma_read_arrays(), of an archive and of a single file. */
soma_status soma_arrays_of_zip(soma_zip *zip, soma_arrays **arrays);
soma_status soma_arrays_of_stream(soma_stream *stream, soma_arrays **arrays);

#endif
